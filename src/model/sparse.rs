//! Records of the few: what a device needs only while something is under way, kept for as long as it is.
//!
//! A fleet of ten million has some hundred devices between two connections at a time, each time others. A column by device
//! would sooner or later be touched everywhere; here the memory is that of the most devices in trouble at once.
//! Devices of one group of four share the head of a chain of records, so that a device costs one byte while it has none, and
//! one that has a record finds it after two or three steps even when all have.

use std::ops::{Index, IndexMut};

use crate::kernel::prefetch::prefetch;

/// Devices that share the head of a chain.
const GROUP: usize = 4;
/// The end of a chain.
const END: u32 = 0;

#[derive(Debug, Clone, Copy)]
struct Slot<T> {
    value: T,
    device: u32,
    /// Number of the next slot of the chain, or of the next free one, counted from one.
    next: u32,
}

/// Records by device; a device without one reads as the default.
#[derive(Debug, Clone)]
pub struct Sparse<T> {
    /// First slot of each group, counted from one, so that an untouched table is all zeroes and takes no memory.
    heads: Vec<u32>,
    slots: Vec<Slot<T>>,
    free: u32,
    default: T,
}

impl<T: Copy> Sparse<T> {
    /// No record for any of this many devices.
    pub fn new(devices: usize, default: T) -> Self {
        Self { heads: vec![END; devices.div_ceil(GROUP)], slots: Vec::new(), free: END, default }
    }

    #[inline]
    fn find(&self, device: usize) -> Option<usize> {
        let mut slot = self.heads[device / GROUP];
        while slot != END {
            let at = (slot - 1) as usize;
            if self.slots[at].device as usize == device {
                return Some(at);
            }
            slot = self.slots[at].next;
        }
        None
    }

    /// The record of a device will be read soon: a chance to bring the head of its chain near. Changes nothing.
    #[inline]
    pub fn foresee(&self, device: usize) {
        prefetch(&self.heads, device / GROUP);
    }

    /// The same when that head is near: its record.
    #[inline]
    pub fn foresee_again(&self, device: usize) {
        let head = self.heads[device / GROUP];
        prefetch(&self.slots, (head as usize).wrapping_sub(1));
    }

    fn begin(&mut self, device: usize) -> usize {
        let head = &mut self.heads[device / GROUP];
        let fresh = Slot { value: self.default, device: device as u32, next: *head };
        if self.free == END {
            self.slots.push(fresh);
            *head = self.slots.len() as u32;
        } else {
            *head = self.free;
            let slot = &mut self.slots[(self.free - 1) as usize];
            self.free = slot.next;
            *slot = fresh;
        }
        (*head - 1) as usize
    }

    /// Takes the record of a device away, and gives it: the device reads as the default again.
    pub fn end(&mut self, device: usize) -> T {
        let (mut before, mut slot) = (None::<usize>, self.heads[device / GROUP]);
        while slot != END {
            let Slot { value, device: of, next } = self.slots[(slot - 1) as usize];
            if of as usize == device {
                match before {
                    None => self.heads[device / GROUP] = next,
                    Some(before) => self.slots[before].next = next,
                }
                self.slots[(slot - 1) as usize].next = self.free;
                self.slots[(slot - 1) as usize].value = self.default;
                self.free = slot;
                return value;
            }
            (before, slot) = (Some((slot - 1) as usize), next);
        }
        self.default
    }

    /// Whether any record is so; one that ended reads as the default.
    pub fn any(&self, is: impl Fn(usize, &T) -> bool) -> bool {
        self.slots.iter().any(|slot| is(slot.device as usize, &slot.value))
    }

    /// Bytes of one record with its place in a chain.
    pub fn bytes_per_record() -> usize {
        size_of::<Slot<T>>()
    }
}

impl<T: Copy> Index<usize> for Sparse<T> {
    type Output = T;

    #[inline]
    fn index(&self, device: usize) -> &T {
        self.find(device).map_or(&self.default, |at| &self.slots[at].value)
    }
}

impl<T: Copy> IndexMut<usize> for Sparse<T> {
    /// The record of a device, which begins here if it has none.
    #[inline]
    fn index_mut(&mut self, device: usize) -> &mut T {
        let at = self.find(device).unwrap_or_else(|| self.begin(device));
        &mut self.slots[at].value
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn memory_is_that_of_the_most_records_at_once() {
        let mut records = Sparse::new(1_000, 0_u64);
        for round in 0..10 {
            (0..100).for_each(|i| records[i * 7 + round] = 1 + i as u64);
            (0..100).for_each(|i| assert_eq!(records.end(i * 7 + round), 1 + i as u64));
        }
        assert_eq!((records.slots.len(), records[70], records.end(70)), (100, 0, 0));
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_map(steps in prop::collection::vec((0..23_usize, 0..3_u32), 0..400)) {
            let (mut records, mut map) = (Sparse::new(23, 0_u32), BTreeMap::new());
            for (device, step) in steps {
                if step == 0 {
                    prop_assert_eq!(records.end(device), map.remove(&device).unwrap_or(0));
                } else {
                    records[device] += step;
                    *map.entry(device).or_insert(0) += step;
                }
                prop_assert!((0..23).all(|i| records[i] == map.get(&i).copied().unwrap_or(0)));
            }
        }
    }
}
