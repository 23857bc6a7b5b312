//! The future event list: earliest first, ties by a documented rule that no counter of insertions enters.
//!
//! Events are ordered by (time, class, tie, entity, code). The class puts scenario edges before completions, arrivals and
//! decisions of the same instant; the tie is a hash of (seed, replication, entity, time), so that no cohort wins
//! every race by its number; the code holds the kind and the entity's own sequence. Cancellation is lazy: the
//! generation of a timer lives in the record of its entity, and an event of another generation is stale.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::units::SimTime;

/// What is carried out first at equal times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Class {
    /// A fault begins or ends, a window of a series closes.
    Edge = 0,
    /// Something under way is done.
    Completion = 1,
    /// Something new arrives.
    Arrival = 2,
    /// A policy decides.
    Decision = 3,
}

/// A pending event. The derived order of the fields is the order of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// When.
    pub time: SimTime,
    /// Class (2 bits), tie (30 bits), entity (32 bits).
    rank: u64,
    /// Kind (upper half) and the entity's own sequence (lower half).
    code: u32,
}

impl Event {
    /// An event of an entity. `tie` gives its upper 30 bits.
    #[inline]
    pub fn new(time: SimTime, class: Class, tie: u32, entity: u32, kind: u16, sequence: u16) -> Self {
        let rank = (class as u64) << 62 | u64::from(tie >> 2) << 32 | u64::from(entity);
        Self { time, rank, code: u32::from(kind) << 16 | u32::from(sequence) }
    }

    /// The part of a tie that orders events.
    #[inline]
    pub fn tie_rank(tie: u32) -> u32 {
        tie >> 2
    }

    /// The entity.
    #[inline]
    pub fn entity(&self) -> u32 {
        self.rank as u32
    }

    /// The kind.
    #[inline]
    pub fn kind(&self) -> u16 {
        (self.code >> 16) as u16
    }

    /// The entity's own sequence: the generation of its timer.
    #[inline]
    pub fn sequence(&self) -> u16 {
        self.code as u16
    }

    /// The upper 30 bits of its tie, as they order it.
    pub fn tie(&self) -> u32 {
        (self.rank >> 32) as u32 & ((1 << 30) - 1)
    }

    /// Everything that orders the event, for the order hash.
    #[inline]
    pub fn words(&self) -> [u64; 3] {
        [self.time.0, self.rank, u64::from(self.code)]
    }
}

/// A future event list.
pub trait EventList {
    /// Adds an event.
    fn push(&mut self, event: Event);
    /// Takes the first event.
    fn pop(&mut self) -> Option<Event>;
    /// Pending events, the stale ones included.
    fn len(&self) -> usize;
    /// Whether nothing is pending.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The reference: the standard library's binary heap.
#[derive(Debug, Default)]
pub struct HeapEventList {
    heap: BinaryHeap<Reverse<Event>>,
}

impl EventList for HeapEventList {
    #[inline]
    fn push(&mut self, event: Event) {
        self.heap.push(Reverse(event));
    }

    #[inline]
    fn pop(&mut self) -> Option<Event> {
        self.heap.pop().map(|Reverse(event)| event)
    }

    fn len(&self) -> usize {
        self.heap.len()
    }
}

/// A monotone radix heap (Ahuja, Mehlhorn, Orlin and Tarjan 1990): what is pending is sorted only as finely as the
/// present needs. It never goes back in time, as no simulation does.
///
/// An event lies in the bucket of the highest bit in which its time differs from `last`, the time of the present; the
/// bucket of the present itself is a small heap, since equal times go by the rest of the order. When the present is
/// used up, the first bucket with anything in it is dealt out anew around its earliest time.
#[derive(Debug)]
pub struct RadixEventList {
    present: BinaryHeap<Reverse<Event>>,
    buckets: [Vec<Event>; 64],
    last: SimTime,
    later: usize,
}

impl Default for RadixEventList {
    fn default() -> Self {
        let buckets = std::array::from_fn(|_| Vec::new());
        Self { present: BinaryHeap::new(), buckets, last: SimTime::ZERO, later: 0 }
    }
}

impl RadixEventList {
    #[inline]
    fn bucket(&self, time: SimTime) -> usize {
        63 - (time.0 ^ self.last.0).leading_zeros() as usize
    }

    /// Makes the earliest pending time the present.
    fn advance(&mut self) {
        let Some(first) = self.buckets.iter().position(|bucket| !bucket.is_empty()) else { return };
        let mut dealt = std::mem::take(&mut self.buckets[first]);
        self.later -= dealt.len();
        self.last = dealt.iter().map(|event| event.time).min().expect("the bucket has events");
        for event in dealt.drain(..) {
            self.push(event);
        }
        // The emptied bucket keeps its memory for the next ones.
        if self.buckets[first].is_empty() {
            self.buckets[first] = dealt;
        }
    }
}

impl EventList for RadixEventList {
    #[inline]
    fn push(&mut self, event: Event) {
        debug_assert!(event.time >= self.last, "a radix heap never goes back in time");
        if event.time == self.last {
            self.present.push(Reverse(event));
        } else {
            let bucket = self.bucket(event.time);
            self.buckets[bucket].push(event);
            self.later += 1;
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<Event> {
        if self.present.is_empty() {
            self.advance();
        }
        self.present.pop().map(|Reverse(event)| event)
    }

    fn len(&self) -> usize {
        self.present.len() + self.later
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_times_go_by_class_then_tie_then_entity_then_sequence() {
        let at = SimTime(5);
        let wanted = [
            Event::new(SimTime(4), Class::Decision, u32::MAX, 9, 9, 9),
            Event::new(at, Class::Edge, u32::MAX, 9, 0, 0),
            Event::new(at, Class::Completion, 0, 9, 0, 0),
            Event::new(at, Class::Arrival, 4, 9, 0, 0),
            Event::new(at, Class::Arrival, 8, 1, 0, 0),
            Event::new(at, Class::Arrival, 8, 2, 0, 7),
            Event::new(at, Class::Arrival, 8, 2, 1, 0),
            Event::new(at, Class::Decision, 0, 0, 0, 0),
        ];
        let mut list = HeapEventList::default();
        wanted.iter().rev().for_each(|e| list.push(*e));
        let got: Vec<_> = std::iter::from_fn(|| list.pop()).collect();
        assert_eq!(got, wanted);
    }

    /// Pops from both lists, each pop pushing what `grow` makes of it, and compares.
    fn agree(first: &[Event], grow: impl Fn(&Event) -> Option<Event>) {
        let (mut heap, mut radix) = (HeapEventList::default(), RadixEventList::default());
        for event in first {
            heap.push(*event);
            radix.push(*event);
        }
        for _ in 0..5_000 {
            assert_eq!(heap.len(), radix.len());
            let (a, b) = (heap.pop(), radix.pop());
            assert_eq!(a, b);
            let Some(event) = a else { return };
            if let Some(next) = grow(&event) {
                heap.push(next);
                radix.push(next);
            }
        }
    }

    #[test]
    fn the_radix_heap_agrees_with_the_reference_through_zero_delays_and_far_futures() {
        let event = |t: u64, e: u32| Event::new(SimTime(t), Class::Arrival, e.wrapping_mul(2_654_435_761), e, 0, 0);
        let first: Vec<_> = (0..500).map(|e| event(u64::from(e % 7) * 1_000, e)).collect();
        agree(&first, |e| {
            let delay = match e.entity() % 5 {
                0 => 0,
                1 => 1,
                2 => 1 << 40,
                _ => 1_000 + u64::from(e.entity()) * 37,
            };
            // Zero delays end after a while, by changing the entity.
            (e.entity() < 5_000).then(|| event(e.time.0 + delay, e.entity() + 251))
        });
    }

    proptest! {
        #[test]
        fn the_radix_heap_agrees_on_random_events(events in prop::collection::vec((0..1_000_u64, 0..9_u32), 1..100), step in 0..5_000_u64) {
            let first: Vec<_> =
                events.iter().map(|(t, e)| Event::new(SimTime(*t), Class::Arrival, *e << 2, *e, 0, 0)).collect();
            agree(&first, |e| Some(Event::new(SimTime(e.time.0 + step), Class::Completion, 0, e.entity() + 1, 0, 0)));
        }

        #[test]
        fn what_goes_in_comes_out_in_order(events in prop::collection::vec((0..100_u64, 0..4_u32, 0..50_u32, 0..3_u16), 0..200)) {
            let mut events: Vec<_> = events
                .into_iter()
                .map(|(t, tie, entity, kind)| Event::new(SimTime(t), Class::Arrival, tie << 2, entity, kind, 0))
                .collect();
            let mut list = HeapEventList::default();
            events.iter().for_each(|e| list.push(*e));
            events.sort_unstable();
            prop_assert_eq!(std::iter::from_fn(|| list.pop()).collect::<Vec<_>>(), events);
        }
    }
}
