//! A column of values by device, of which only what differs from the default takes memory: pages come with the first write.
//!
//! For what a calm device does not need and one in trouble keeps for good. What it needs only for a while is in
//! [`Sparse`](super::sparse::Sparse), which gives the memory back.

use std::ops::{Index, IndexMut};

use crate::kernel::prefetch::prefetch;

/// Values of a page: small enough for fleets of some thousand, large enough that a table of pages costs nothing.
const PAGE: usize = 4_096;

/// A column whose untouched pages read as the default.
#[derive(Debug, Clone)]
pub struct Column<T> {
    pages: Vec<Option<Box<[T]>>>,
    default: T,
}

impl<T> Default for Column<T>
where
    T: Default,
{
    fn default() -> Self {
        Self { pages: Vec::new(), default: T::default() }
    }
}

impl<T: Copy + PartialEq> Column<T> {
    /// A column over this many devices, all at the default.
    pub fn new(devices: usize, default: T) -> Self {
        Self { pages: vec![None; devices.div_ceil(PAGE)], default }
    }

    /// Writes a value. The default takes no memory where nothing else was written nearby; plain indexing cannot know that.
    #[inline]
    pub fn set(&mut self, at: usize, value: T) {
        if value != self.default || self.pages[at / PAGE].is_some() {
            self[at] = value;
        }
    }

    /// Writes a value and gives the one before.
    #[inline]
    pub fn replace(&mut self, at: usize, value: T) -> T {
        let before = self[at];
        self.set(at, value);
        before
    }

    /// A value will be read soon: a chance to bring it near. Changes nothing.
    #[inline]
    pub fn foresee(&self, at: usize) {
        if let Some(page) = &self.pages[at / PAGE] {
            prefetch(page, at % PAGE);
        }
    }

    /// Bytes of its pages, if all of them are written.
    pub fn bytes_per_device() -> usize {
        size_of::<T>()
    }
}

impl<T> Index<usize> for Column<T> {
    type Output = T;

    #[inline]
    fn index(&self, at: usize) -> &T {
        self.pages[at / PAGE].as_ref().map_or(&self.default, |page| &page[at % PAGE])
    }
}

impl<T: Copy> IndexMut<usize> for Column<T> {
    #[inline]
    fn index_mut(&mut self, at: usize) -> &mut T {
        let default = self.default;
        let page = self.pages[at / PAGE].get_or_insert_with(|| vec![default; PAGE].into_boxed_slice());
        &mut page[at % PAGE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pages(column: &Column<u16>) -> usize {
        column.pages.iter().flatten().count()
    }

    #[test]
    fn only_what_differs_from_the_default_takes_a_page() {
        let mut column = Column::new(PAGE * 3 + 1, 7_u16);
        column.set(5, 7);
        assert_eq!((column.replace(PAGE, 7), column[PAGE * 3], pages(&column)), (7, 7, 0));
        column.set(PAGE * 3, 9);
        assert_eq!((column.replace(PAGE * 3, 7), column[PAGE * 3], pages(&column)), (9, 7, 1));
        column[5] += 1;
        assert_eq!((column[5], column[6], pages(&column)), (8, 7, 2));
    }

    proptest! {
        #[test]
        fn it_reads_as_a_plain_list_does(writes in prop::collection::vec((0..3 * PAGE, 0..3_u16), 0..200)) {
            let (mut column, mut plain) = (Column::new(3 * PAGE, 1), vec![1; 3 * PAGE]);
            for (at, value) in writes {
                prop_assert_eq!(column.replace(at, value), plain[at]);
                plain[at] = value;
            }
            prop_assert!((0..3 * PAGE).all(|at| column[at] == plain[at]));
        }
    }
}
