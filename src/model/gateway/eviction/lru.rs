//! `lru`: the entry whose last use is longest ago leaves. It suits calls whose devices are popular for a while.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::order::Order;
use super::{Evict, StartEviction};

/// Parameters of `lru`: none.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lru {}

impl StartEviction for Lru {
    fn start(&self, entries: usize) -> Box<dyn Evict> {
        Box::new(LruOrder(Order::new(entries)))
    }

    fn renews(&self) -> bool {
        true
    }
}

struct LruOrder(Order);

impl Evict for LruOrder {
    fn inserted(&mut self, entry: u32) {
        self.0.push_front(entry);
    }

    fn touched(&mut self, entry: u32) {
        self.0.unlink(entry);
        self.0.push_front(entry);
    }

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
