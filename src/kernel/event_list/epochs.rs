//! An epoch bucket queue: what is pending lies in slices of time, and a slice is sorted once, when it becomes the present.
//!
//! Three rings by distance: the *present* slice, sorted, with what came late to it in a small heap; the slices of this epoch
//! and the next; epochs far ahead, as wholes, dealt out into slices when they come near; and a heap for what lies beyond.
//! The widths follow what is pending: about its square root of slices, each with about as many entries, so that a sort stays
//! in the nearest caches. A list of a few entries is the heap alone.
//!
//! The ideas are those of calendar and ladder queues (Brown 1988; Tang, Goh and Thng 2005); sorting whole slices instead of
//! inserting, on pages instead of lists, is what caches want.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::pages::{Chain, Pages};
use super::sort::sort;

/// Epochs that are kept as wholes, as a power of two.
const FAR_BITS: u32 = 10;
const FAR: u64 = 1 << FAR_BITS;
/// Above so many entries a list is dealt into slices, and below so many it is a heap again.
const SMALL: (usize, usize) = (512, 64);
/// Fewest and most slices of an epoch, as powers of two.
const SLICE_BITS: (u32, u32) = (6, 12);
/// An epoch is at most so long, as a power of two [us]: packed entries keep their time within it.
pub(super) const EPOCH_BITS_MAX: u32 = 32;
/// Slices before their size is looked at.
const LOOK_AFTER: u64 = 64;
/// Number of the first slice that is not sorted, while the list is a heap: every slice is.
const HEAP: u64 = u64::MAX;

/// What lies in slices. It may hold less than what orders it, as long as the rules give the rest.
pub(super) trait Entry: Copy {
    /// What the entry stands for, which is ordered as a whole.
    type Whole: Ord + Copy;
    /// What orders entries as far as they tell by themselves: time first.
    type Key: Ord;
    /// Knowledge that the list has of all entries.
    type Rules;

    /// The entry of a whole, in an epoch of 2^bits us.
    fn of(whole: &Self::Whole, epoch_bits: u32) -> Self;
    /// Its time, in an epoch that begins at a time.
    fn time(self, epoch: u64) -> u64;
    /// The whole, in an epoch that begins at a time.
    fn whole(self, epoch: u64, rules: &Self::Rules) -> Self::Whole;
    /// Time of a whole.
    fn time_of(whole: &Self::Whole) -> u64;
    /// What orders it within its epoch.
    fn key(self) -> Self::Key;
    /// Orders equal times in a slice that is sorted by keys.
    fn settle(entries: &mut [Self], epoch: u64, rules: &Self::Rules);
}

/// Widths of slices and epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Widths {
    /// A slice is 2^slice us long.
    slice: u32,
    /// An epoch has 2^ring slices.
    ring: u32,
}

impl Widths {
    /// Before there is anything to fit.
    const FIRST: Self = Self { slice: 1, ring: SLICE_BITS.0 };

    fn epoch_bits(self) -> u32 {
        self.slice + self.ring
    }

    /// For so many entries, which come at a rate [1/us].
    fn fit(pending: usize, rate: f64) -> Self {
        let root = (usize::BITS - pending.leading_zeros()).div_ceil(2);
        let ring = root.clamp(SLICE_BITS.0, SLICE_BITS.1);
        let entries = (pending as f64 / f64::from(1_u32 << ring)).max(1.0);
        let width = (entries / rate.max(f64::MIN_POSITIVE)).clamp(2.0, f64::from(u32::MAX));
        Self { slice: (width as u64).ilog2().min(EPOCH_BITS_MAX - ring), ring }
    }
}

/// The queue.
pub(super) struct Epochs<T: Entry> {
    widths: Widths,
    /// Number of the first slice since time zero that is not sorted yet.
    open: u64,
    /// Number of the first epoch that is dealt out into slices; the next one is, too.
    epoch: u64,
    /// The present slice, sorted, and the start of its epoch.
    present: Vec<T>,
    next: usize,
    start: u64,
    /// What came to sorted slices; the whole list while it is small.
    late: BinaryHeap<Reverse<T::Whole>>,
    near: Vec<Chain>,
    near_count: usize,
    far: Vec<Chain>,
    far_count: usize,
    beyond: BinaryHeap<Reverse<T::Whole>>,
    pages: Pages<T>,
    scratch: Vec<T>,
    counts: Vec<u32>,
    /// Slices, their entries and time [us] since the widths were set.
    seen: (u64, u64, u64),
    /// Entries that were pending then.
    set_at: usize,
    rules: T::Rules,
}

impl<T: Entry> Epochs<T> {
    /// An empty queue. `blank` fills pages.
    pub(super) fn new(blank: T, rules: T::Rules) -> Self {
        Self {
            widths: Widths::FIRST,
            open: HEAP,
            epoch: 0,
            present: Vec::new(),
            next: 0,
            start: 0,
            late: BinaryHeap::new(),
            near: Vec::new(),
            near_count: 0,
            far: vec![Chain::EMPTY; FAR as usize],
            far_count: 0,
            beyond: BinaryHeap::new(),
            pages: Pages::new(blank),
            scratch: Vec::new(),
            counts: Vec::new(),
            seen: (0, 0, 0),
            set_at: 0,
            rules,
        }
    }

    /// What the queue knows of its entries.
    pub(super) fn rules(&self) -> &T::Rules {
        &self.rules
    }

    /// Entries.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.present.len() - self.next + self.late.len() + self.later()
    }

    /// Entries in slices that are not sorted yet.
    #[inline]
    fn later(&self) -> usize {
        self.near_count + self.far_count + self.beyond.len()
    }

    /// Adds an entry; `whole` is asked for where it has to be ordered at once.
    #[inline]
    pub(super) fn push(&mut self, time: u64, entry: impl FnOnce(u32) -> T, whole: impl FnOnce(&T::Rules) -> T::Whole) {
        let Widths { slice, ring } = self.widths;
        let number = time >> slice;
        if number < self.open {
            self.late.push(Reverse(whole(&self.rules)));
            if self.open == HEAP && self.late.len() > SMALL.0 {
                self.deal_out();
            }
        } else if number >> ring <= self.epoch + 1 {
            let place = number as usize & (self.near.len() - 1);
            self.pages.append(&mut self.near[place], entry(slice + ring));
            self.near_count += 1;
        } else if number >> ring < self.epoch + FAR {
            let place = (number >> ring & (FAR - 1)) as usize;
            self.pages.append(&mut self.far[place], entry(slice + ring));
            self.far_count += 1;
        } else {
            self.beyond.push(Reverse(whole(&self.rules)));
        }
    }

    fn push_whole(&mut self, whole: T::Whole) {
        self.push(T::time_of(&whole), |bits| T::of(&whole, bits), |_| whole);
    }

    /// Time of the first entry, which is the next to be taken.
    #[inline]
    pub(super) fn first(&mut self) -> Option<u64> {
        if self.next == self.present.len() && self.late.is_empty() {
            if self.later() == 0 {
                return None;
            }
            self.advance();
        }
        let late = self.late.peek().map(|Reverse(whole)| T::time_of(whole));
        match self.present.get(self.next) {
            Some(entry) => Some(entry.time(self.start).min(late.unwrap_or(u64::MAX))),
            None => late,
        }
    }

    /// The first entry as a whole, without taking it; to be asked after [`Self::first`].
    pub(super) fn peek(&self) -> Option<T::Whole> {
        let present = self.present.get(self.next).map(|entry| entry.whole(self.start, &self.rules));
        let late = self.late.peek().map(|Reverse(whole)| *whole);
        present.into_iter().chain(late).min()
    }

    /// Takes the first entry; to be asked after [`Self::first`]. One that was sorted in a slice is made into what is wanted
    /// by `plain`, one that was ordered as a whole by `whole`.
    #[inline]
    pub(super) fn take<R>(
        &mut self,
        plain: impl FnOnce(T, u64, &T::Rules) -> R,
        whole: impl FnOnce(T::Whole) -> R,
    ) -> R {
        if self.late_is_first() {
            let Reverse(late) = self.late.pop().expect("it was seen");
            return whole(late);
        }
        let entry = self.present[self.next];
        self.next += 1;
        plain(entry, self.start, &self.rules)
    }

    #[inline]
    fn late_is_first(&self) -> bool {
        let Some(Reverse(late)) = self.late.peek() else { return false };
        let Some(entry) = self.present.get(self.next) else { return true };
        let (time, at) = (entry.time(self.start), T::time_of(late));
        at < time || (at == time && *late < entry.whole(self.start, &self.rules))
    }

    /// The entry so many places behind the next one, where it is known.
    #[inline]
    pub(super) fn ahead(&self, by: usize) -> Option<T> {
        self.present.get(self.next + by).copied()
    }

    /// Makes the next slice with anything in it the present one, where there is one.
    #[cold]
    fn advance(&mut self) {
        self.present.clear();
        self.next = 0;
        self.look_at_widths();
        if self.open == HEAP {
            return;
        }
        if self.near_count == 0 {
            self.jump();
        }
        let mask = self.near.len() - 1;
        let number = (self.open..(self.epoch + 2) << self.widths.ring)
            .find(|number| self.near[*number as usize & mask].count() > 0);
        let number = number.expect("a slice is not empty");
        let epoch = number >> self.widths.ring;
        if epoch > self.epoch {
            self.epoch = epoch;
            self.come_nearer();
        }
        self.sort_slice(number);
    }

    /// Nothing is near: goes to the first epoch with anything in it.
    fn jump(&mut self) {
        let bits = self.widths.epoch_bits();
        let far = (self.epoch + 2..self.epoch + FAR).find(|e| self.far[(e & (FAR - 1)) as usize].count() > 0);
        let beyond = self.beyond.peek().map(|Reverse(whole)| T::time_of(whole) >> bits);
        self.epoch = far.or(beyond).expect("something is pending");
        self.open = self.epoch << self.widths.ring;
        self.come_nearer();
    }

    /// Deals out what has come near, and takes in what is no longer beyond all epochs.
    fn come_nearer(&mut self) {
        for epoch in [self.epoch, self.epoch + 1] {
            let place = (epoch & (FAR - 1)) as usize;
            let mut chain = std::mem::replace(&mut self.far[place], Chain::EMPTY);
            self.far_count -= chain.count();
            self.near_count += chain.count();
            let (start, slice, mask) = (epoch << self.widths.epoch_bits(), self.widths.slice, self.near.len() - 1);
            let near = &mut self.near;
            self.pages.drain(&mut chain, |pages, entries| {
                for entry in entries {
                    let place = (entry.time(start) >> slice) as usize & mask;
                    pages.append(&mut near[place], *entry);
                }
            });
        }
        let bits = self.widths.epoch_bits();
        while let Some(Reverse(whole)) = self.beyond.peek() {
            if T::time_of(whole) >> bits >= self.epoch + FAR {
                break;
            }
            let Reverse(whole) = self.beyond.pop().expect("it was seen");
            self.push_whole(whole);
        }
    }

    /// Sorts a slice into the present.
    fn sort_slice(&mut self, number: u64) {
        let Widths { slice, ring } = self.widths;
        self.start = (number >> ring) << (slice + ring);
        let place = number as usize & (self.near.len() - 1);
        let scratch = &mut self.scratch;
        scratch.clear();
        self.pages.move_to(scratch, &mut self.near[place]);
        self.near_count -= scratch.len();
        let (seen, passed) = (self.seen, (number + 1 - self.open) << slice);
        self.seen = (seen.0 + 1, seen.1 + scratch.len() as u64, seen.2 + passed);
        self.open = number + 1;
        let (start, begin) = (self.start, number << slice);
        sort(scratch, &mut self.present, &mut self.counts, slice, |entry| entry.time(start) - begin);
        T::settle(&mut self.present, start, &self.rules);
    }

    /// Sets other widths where what was seen, or what is pending, asks for them.
    fn look_at_widths(&mut self) {
        let pending = self.later();
        if pending < SMALL.1 {
            return self.gather();
        }
        let (slices, entries, passed) = self.seen;
        let grown = pending > 4 * self.set_at || pending < self.set_at / 8;
        // Dealing everything out anew is paid for by what was taken since.
        let due = slices >= LOOK_AFTER && entries as usize >= pending / 2;
        if !grown && !due {
            return;
        }
        let rate = if due { entries as f64 / passed as f64 } else { self.rate() };
        let widths = Widths::fit(pending, rate);
        if grown || widths.slice.abs_diff(self.widths.slice) > 1 || widths.ring.abs_diff(self.widths.ring) > 1 {
            self.deal_anew(widths);
        }
        self.seen = (0, 0, 0);
    }

    /// Entries by time over the nearer half of what is pending [1/us].
    fn rate(&self) -> f64 {
        let Widths { slice, ring } = self.widths;
        let (mut entries, half) = (0, self.later().div_ceil(2));
        for number in self.open..(self.epoch + 2) << ring {
            entries += self.near[number as usize & (self.near.len() - 1)].count();
            if entries >= half {
                return entries as f64 / ((number + 1 - self.open) << slice) as f64;
            }
        }
        for epoch in self.epoch + 2..self.epoch + FAR {
            entries += self.far[(epoch & (FAR - 1)) as usize].count();
            if entries >= half {
                return entries as f64 / (((epoch + 1) << (slice + ring)) - (self.open << slice)) as f64;
            }
        }
        half as f64 / (FAR << (slice + ring)) as f64
    }

    /// The list has grown out of its heap.
    #[cold]
    fn deal_out(&mut self) {
        // In reversed order: the last one is the earliest.
        let wholes = std::mem::take(&mut self.late).into_sorted_vec();
        let time = |i: usize| T::time_of(&wholes[i].0);
        let (first, middle) = (time(wholes.len() - 1), time(wholes.len() / 2));
        let rate = wholes.len() as f64 / 2.0 / (middle - first).max(1) as f64;
        self.begin(Widths::fit(wholes.len(), rate), first, wholes.len());
        wholes.into_iter().for_each(|Reverse(whole)| self.push_whole(whole));
    }

    /// Empty rings from the slice of a time on.
    fn begin(&mut self, widths: Widths, time: u64, pending: usize) {
        self.widths = widths;
        self.near.clear();
        self.near.resize(2 << widths.ring, Chain::EMPTY);
        self.open = time >> widths.slice;
        self.epoch = self.open >> widths.ring;
        (self.seen, self.set_at) = ((0, 0, 0), pending);
    }

    /// Deals everything out anew by other widths; nothing is present.
    #[cold]
    fn deal_anew(&mut self, widths: Widths) {
        let passed = self.open << self.widths.slice;
        let pending = self.later();
        let chains = self.take_chains();
        self.begin(widths, passed, pending);
        for (mut chain, start) in chains {
            self.deal(&mut chain, start);
        }
        self.come_nearer();
    }

    /// Takes all chains, each with the start of its epoch.
    fn take_chains(&mut self) -> Vec<(Chain, u64)> {
        let Widths { slice, ring } = self.widths;
        let (near, far) =
            (std::mem::take(&mut self.near), std::mem::replace(&mut self.far, vec![Chain::EMPTY; FAR as usize]));
        (self.near_count, self.far_count) = (0, 0);
        let slices = (self.open..(self.epoch + 2) << ring)
            .map(|number| (near[number as usize & (near.len() - 1)], (number >> ring) << (slice + ring)));
        let epochs = (self.epoch + 2..self.epoch + FAR)
            .map(|epoch| (far[(epoch & (FAR - 1)) as usize], epoch << (slice + ring)));
        slices.chain(epochs).filter(|(chain, _)| chain.count() > 0).collect()
    }

    /// Deals a chain out whose epoch began at a time. Its pages are used again as it goes.
    fn deal(&mut self, chain: &mut Chain, start: u64) {
        let Widths { slice, ring } = self.widths;
        let (mask, epoch) = (self.near.len() - 1, self.epoch);
        let Self { pages, near, far, beyond, near_count, far_count, rules, .. } = self;
        pages.drain(chain, |pages, entries| {
            for old in entries {
                let whole = old.whole(start, rules);
                let number = old.time(start) >> slice;
                let entry = || T::of(&whole, slice + ring);
                if number >> ring <= epoch + 1 {
                    pages.append(&mut near[number as usize & mask], entry());
                    *near_count += 1;
                } else if number >> ring < epoch + FAR {
                    pages.append(&mut far[(number >> ring & (FAR - 1)) as usize], entry());
                    *far_count += 1;
                } else {
                    beyond.push(Reverse(whole));
                }
            }
        });
    }

    /// The list has become so small that it is a heap again.
    #[cold]
    fn gather(&mut self) {
        for (mut chain, start) in self.take_chains() {
            let (late, rules) = (&mut self.late, &self.rules);
            self.pages.drain(&mut chain, |_, entries| {
                late.extend(entries.iter().map(|entry| Reverse(entry.whole(start, rules))));
            });
        }
        self.late.append(&mut self.beyond);
        (self.open, self.widths) = (HEAP, Widths::FIRST);
    }
}
