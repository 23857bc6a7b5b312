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

/// The entries of a page, on cache lines of their own.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Page<T>([T; PAGE]);

/// The pages of all chains.
#[derive(Debug)]
pub(super) struct Pages<T> {
    blocks: Vec<Box<[Page<T>]>>,
    /// The page that follows each page in its chain, or among the free ones.
    follows: Vec<u32>,
    free: u32,
    /// What an entry is before it is written.
    blank: T,
}

impl<T: Copy> Pages<T> {
    /// No pages yet.
    pub(super) fn new(blank: T) -> Self {
        Self { blocks: Vec::new(), follows: Vec::new(), free: NONE, blank }
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
        self.page(chain.last).0[chain.fill as usize % PAGE] = entry;
        chain.fill += 1;
        chain.count += 1;
    }

    #[cold]
    fn extend(&mut self, chain: &mut Chain) {
        let page = self.take_free();
        self.follows[page as usize] = NONE;
        if chain.first == NONE {
            chain.first = page;
        } else {
            self.follows[chain.last as usize] = page;
        }
        (chain.last, chain.fill) = (page, 0);
    }

    fn take_free(&mut self) -> u32 {
        if self.free == NONE {
            let first = (self.blocks.len() * BLOCK) as u32;
            self.blocks.push(vec![Page([self.blank; PAGE]); BLOCK].into_boxed_slice());
            self.follows.extend(first + 1..first + BLOCK as u32);
            self.follows.push(NONE);
            self.free = first;
        }
        let page = self.free;
        self.free = self.follows[page as usize];
        page
    }

    /// Takes the first page of a chain that is being emptied: its number, its entries, and how many of them there are.
    #[inline]
    fn take_page(&mut self, chain: &mut Chain) -> Option<(u32, usize)> {
        if chain.first == NONE {
            return None;
        }
        let number = chain.first;
        let entries = if number == chain.last { chain.fill as usize } else { PAGE };
        chain.first = self.follows[number as usize];
        self.follows[number as usize] = self.free;
        self.free = number;
        Some((number, entries))
    }

    /// Empties a chain into a list, in the order of appending; its pages are free again.
    #[inline]
    pub(super) fn move_to(&mut self, list: &mut Vec<T>, chain: &mut Chain) {
        while let Some((number, entries)) = self.take_page(chain) {
            list.extend_from_slice(&self.page(number).0[..entries]);
        }
        *chain = Chain::EMPTY;
    }

    /// Empties a chain page by page into `each`, which may append to others; its pages are used again meanwhile.
    #[inline]
    pub(super) fn drain(&mut self, chain: &mut Chain, mut each: impl FnMut(&mut Self, &[T])) {
        while let Some((number, entries)) = self.take_page(chain) {
            let page = *self.page(number);
            each(self, &page.0[..entries]);
        }
        *chain = Chain::EMPTY;
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
                pages.move_to(&mut got, chain);
                let wanted: Vec<u64> = (0..1_000).filter(|i| i % 3 == c).map(|i| i + round).collect();
                assert_eq!((got, chain.count()), (wanted, 0));
            }
        }
        assert_eq!(pages.blocks.len(), 1);
    }
}
