//! The reference of every bar: the standard library's heap of plain events of 16 bytes, in the fairest form.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A heap of (time, entity and kind).
#[derive(Default)]
pub(crate) struct Heap {
    events: BinaryHeap<Reverse<(u64, u64)>>,
}

impl Heap {
    /// Adds an event.
    #[inline]
    pub(crate) fn push(&mut self, at: u64, entity: u32, kind: u8) {
        self.events.push(Reverse((at, u64::from(entity) << 4 | u64::from(kind))));
    }

    /// Takes the first event: time, entity, kind.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(u64, u32, u8)> {
        self.events.pop().map(|Reverse((at, what))| (at, (what >> 4) as u32, what as u8 & 15))
    }
}
