//! Fallback: what a look-up does while the cache is down.

mod dps;
mod secondary;

pub use dps::AskDps;
pub use secondary::Secondary;

use crate::model::gateway::cache::CacheConfig;
use crate::registry;

/// A fallback.
pub trait Fallback {
    /// The second cache to ask before DPS, if the fallback has one; `primary` is the cache that it stands in for.
    fn secondary(&self, primary: &CacheConfig) -> Option<CacheConfig>;

    /// Whether everything that is written to the cache is written to the second one too.
    fn keeps_warm(&self) -> bool {
        false
    }
}

registry! {
    /// The registered fallbacks.
    pub enum FallbackPolicy: Fallback {
        AskDps("dps", "Each call asks DPS for the device's registration state."),
        Secondary("secondary", "A second cache answers; what it does not hold is asked of DPS and stored there."),
    }
}

impl Default for FallbackPolicy {
    fn default() -> Self {
        Self::AskDps(AskDps {})
    }
}
