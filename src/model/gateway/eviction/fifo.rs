//! `fifo`: the entry that came in first leaves. It suits caches that cannot afford a write for each hit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::order::Order;
use super::{Evict, StartEviction};

/// Parameters of `fifo`: none.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fifo {}

impl StartEviction for Fifo {
    fn start(&self, entries: usize) -> Box<dyn Evict> {
        Box::new(FifoOrder(Order::new(entries)))
    }

    fn renews(&self) -> bool {
        false
    }
}

struct FifoOrder(Order);

impl Evict for FifoOrder {
    fn inserted(&mut self, entry: u32) {
        self.0.push_front(entry);
    }

    fn touched(&mut self, _: u32) {}

    fn removed(&mut self, entry: u32) {
        self.0.unlink(entry);
    }

    fn cleared(&mut self) {
        self.0.clear();
    }

    fn victim(&mut self) -> Option<u32> {
        self.0.pop_back()
    }
}
