//! Two kinds of entries of the epoch queue: timers packed into 8 bytes, and events as they are.

use std::marker::PhantomData;

use super::epochs::{EPOCH_BITS_MAX, Entry};
use super::{Event, TimerRules};
use crate::units::SimTime;

/// Bits of an entity in a packed timer.
pub(super) const ENTITY_BITS: u32 = 28;

/// Bits of a kind in a packed timer.
pub(super) const TIMER_KIND_BITS: u32 = 4;

/// A timer in 8 bytes: offset in its epoch (32 bits), kind (4), entity (28). Its class follows from its kind and its tie from
/// its entity and time, so neither is stored.
pub(super) struct Packed<R> {
    word: u64,
    rules: PhantomData<fn() -> R>,
}

impl<R> Clone for Packed<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Packed<R> {}

impl<R> Packed<R> {
    /// What fills pages.
    pub(super) const BLANK: Self = Self { word: 0, rules: PhantomData };

    /// A timer in an epoch of 2^bits us.
    #[inline]
    pub(super) fn new(time: u64, entity: u32, kind: u16, epoch_bits: u32) -> Self {
        debug_assert!(epoch_bits <= EPOCH_BITS_MAX && entity >> ENTITY_BITS == 0 && kind >> TIMER_KIND_BITS == 0);
        let offset = time & ((1 << epoch_bits) - 1);
        let word = offset << 32 | u64::from(kind) << ENTITY_BITS | u64::from(entity);
        Self { word, rules: PhantomData }
    }

    /// Its entity.
    #[inline]
    pub(super) fn entity(self) -> u32 {
        self.word as u32 & ((1 << ENTITY_BITS) - 1)
    }

    /// Its kind.
    #[inline]
    pub(super) fn kind(self) -> u16 {
        (self.word as u32 >> ENTITY_BITS) as u16
    }
}

impl<R: TimerRules> Entry for Packed<R> {
    type Whole = Event;
    type Key = u64;
    type Rules = R;

    #[inline]
    fn of(whole: &Event, epoch_bits: u32) -> Self {
        Self::new(whole.time.0, whole.entity(), whole.kind(), epoch_bits)
    }

    #[inline]
    fn time(self, epoch: u64) -> u64 {
        epoch + (self.word >> 32)
    }

    fn whole(self, epoch: u64, rules: &R) -> Event {
        Event::timer(SimTime(self.time(epoch)), self.entity(), self.kind(), rules)
    }

    #[inline]
    fn time_of(whole: &Event) -> u64 {
        whole.time.0
    }

    #[inline]
    fn key(self) -> u64 {
        self.word
    }

    fn settle(entries: &mut [Self], epoch: u64, rules: &R) {
        let mut from = 0;
        while from + 1 < entries.len() {
            let offset = entries[from].word >> 32;
            let mut until = from + 1;
            while until < entries.len() && entries[until].word >> 32 == offset {
                until += 1;
            }
            if until - from > 1 {
                entries[from..until].sort_by_cached_key(|entry| entry.whole(epoch, rules));
            }
            from = until;
        }
    }
}

impl Entry for Event {
    type Whole = Self;
    type Key = Self;
    type Rules = ();

    #[inline]
    fn of(whole: &Self, _: u32) -> Self {
        *whole
    }

    #[inline]
    fn time(self, _: u64) -> u64 {
        self.time.0
    }

    #[inline]
    fn whole(self, _: u64, (): &()) -> Self {
        self
    }

    #[inline]
    fn time_of(whole: &Self) -> u64 {
        whole.time.0
    }

    #[inline]
    fn key(self) -> Self {
        self
    }

    fn settle(_: &mut [Self], _: u64, (): &()) {}
}
