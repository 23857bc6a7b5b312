//! Eviction: which entry leaves a full cache.

mod fifo;
mod lru;
mod order;

pub use fifo::Fifo;
pub use lru::Lru;

use crate::registry;

/// The order in which entries leave; it owns its lists and nothing of the cache's.
pub trait Evict: Send {
    /// An entry came in.
    fn inserted(&mut self, entry: u32);
    /// An entry was used.
    fn touched(&mut self, entry: u32);
    /// An entry left for another reason.
    fn removed(&mut self, entry: u32);
    /// All entries left.
    fn cleared(&mut self);
    /// The entry to leave next; it is gone from the order.
    fn victim(&mut self) -> Option<u32>;
}

/// An eviction policy: makes an order for a cache over this many possible entries.
pub trait StartEviction {
    /// An empty order.
    fn start(&self, entries: usize) -> Box<dyn Evict>;

    /// Whether a use makes an entry leave later.
    fn renews(&self) -> bool;
}

registry! {
    /// The registered eviction policies.
    pub enum EvictionPolicy: StartEviction {
        Lru("lru", "The entry whose last use is longest ago."),
        Fifo("fifo", "The entry that came in first."),
    }
}

impl Default for EvictionPolicy {
    fn default() -> Self {
        Self::Lru(Lru {})
    }
}
