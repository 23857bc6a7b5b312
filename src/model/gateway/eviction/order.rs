//! A doubly linked list over dense indexes: the order that LRU and FIFO share.

/// No neighbour.
const NONE: u32 = u32::MAX;

/// Entries in order, the next to leave at the back. A list of two links an entry, with no allocation after the start.
#[derive(Debug, Clone)]
pub(super) struct Order {
    links: Vec<(u32, u32)>,
    front: u32,
    back: u32,
}

impl Order {
    pub(super) fn new(entries: usize) -> Self {
        Self { links: vec![(NONE, NONE); entries], front: NONE, back: NONE }
    }

    pub(super) fn push_front(&mut self, entry: u32) {
        self.links[entry as usize] = (NONE, self.front);
        match self.front {
            NONE => self.back = entry,
            front => self.links[front as usize].0 = entry,
        }
        self.front = entry;
    }

    pub(super) fn unlink(&mut self, entry: u32) {
        let (before, after) = self.links[entry as usize];
        match before {
            NONE => self.front = after,
            before => self.links[before as usize].1 = after,
        }
        match after {
            NONE => self.back = before,
            after => self.links[after as usize].0 = before,
        }
    }

    pub(super) fn pop_back(&mut self) -> Option<u32> {
        let back = self.back;
        (back != NONE).then(|| {
            self.unlink(back);
            back
        })
    }

    pub(super) fn clear(&mut self) {
        (self.front, self.back) = (NONE, NONE);
    }
}
