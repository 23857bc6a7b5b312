//! Chains of fixed pages on one slab: what lies in a slice or an epoch, in no order.
//!
//! An append touches the header of its chain and one line of its last page, and nothing is ever moved to grow. Pages that
//! are empty again are used again; the slab grows by whole blocks, so that it never exists twice.

/// Entries of a page: eight cache lines of packed timers.
const PAGE: usize = 64;
/// Pages of a block.
const BLOCK: usize = 512;
/// No page.
const NONE: u32 = u32::MAX;

/// A chain of pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chain {
    first: u32,
    last: u32,
    /// Entries in the last page.
    fill: u32,
    /// Entries in all pages.
    count: u32,
}

impl Chain {
    /// A chain without pages.
    pub(super) const EMPTY: Self = Self { first: NONE, last: NONE, fill: PAGE as u32, count: 0 };

    /// Entries.
    #[inline]
    pub(super) fn count(&self) -> usize {
        self.count as usize
    }
}

#[derive(Debug, Clone, Copy)]
struct Page<T> {
    next: u32,
    entries: [T; PAGE],
}

/// The pages of all chains.
#[derive(Debug)]
pub(super) struct Pages<T> {
    blocks: Vec<Box<[Page<T>]>>,
    free: u32,
    /// What an entry is before it is written.
    blank: T,
}

impl<T: Copy> Pages<T> {
    /// No pages yet.
    pub(super) fn new(blank: T) -> Self {
        Self { blocks: Vec::new(), free: NONE, blank }
    }

    #[inline]
    fn page(&mut self, number: u32) -> &mut Page<T> {
        &mut self.blocks[number as usize / BLOCK][number as usize % BLOCK]
    }

    /// Appends an entry to a chain.
    #[inline]
    pub(super) fn append(&mut self, chain: &mut Chain, entry: T) {
        if chain.fill as usize == PAGE {
            self.extend(chain);
        }
        self.page(chain.last).entries[chain.fill as usize % PAGE] = entry;
        chain.fill += 1;
        chain.count += 1;
    }

    #[cold]
    fn extend(&mut self, chain: &mut Chain) {
        let page = self.take_free();
        self.page(page).next = NONE;
        if chain.first == NONE {
            chain.first = page;
        } else {
            self.page(chain.last).next = page;
        }
        (chain.last, chain.fill) = (page, 0);
    }

    fn take_free(&mut self) -> u32 {
        if self.free == NONE {
            let first = (self.blocks.len() * BLOCK) as u32;
            let page = |i: u32| Page { next: first + i + 1, entries: [self.blank; PAGE] };
            self.blocks.push((0..BLOCK as u32).map(page).collect());
            self.free = first;
            self.page(first + BLOCK as u32 - 1).next = NONE;
        }
        let page = self.free;
        self.free = self.page(page).next;
        page
    }

    /// Empties a chain into `each`, page by page in the order of appending; its pages are free again.
    #[inline]
    pub(super) fn drain(&mut self, chain: &mut Chain, mut each: impl FnMut(&mut Self, &[T])) {
        let Chain { first, last, fill, .. } = std::mem::replace(chain, Chain::EMPTY);
        let mut number = first;
        while number != NONE {
            let page = *self.page(number);
            let entries = if number == last { fill as usize } else { PAGE };
            self.page(number).next = self.free;
            self.free = number;
            each(self, &page.entries[..entries]);
            number = if number == last { NONE } else { page.next };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_keep_their_entries_apart_and_pages_are_used_again() {
        let mut pages = Pages::new(0_u64);
        let mut chains = [Chain::EMPTY; 3];
        for round in 0..4 {
            for i in 0..1_000_u64 {
                pages.append(&mut chains[(i % 3) as usize], i + round);
            }
            for (c, chain) in (0_u64..).zip(&mut chains) {
                let mut got = Vec::new();
                assert_eq!(chain.count() as u64, (1_000 - c).div_ceil(3));
                pages.drain(chain, |_, entries| got.extend_from_slice(entries));
                let wanted: Vec<u64> = (0..1_000).filter(|i| i % 3 == c).map(|i| i + round).collect();
                assert_eq!((got, chain.count()), (wanted, 0));
            }
        }
        assert_eq!(pages.blocks.len(), 1);
    }
}
