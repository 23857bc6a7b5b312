//! The future event list: earliest first, ties by a documented rule that no counter of insertions enters.
//!
//! Events are ordered by (time, class, tie, entity, code). The class puts scenario edges before completions, arrivals and
//! decisions of the same instant; the tie is a hash of (seed, replication, entity, time), so that no cohort wins
//! every race by its number; the code holds the kind and the entity's own sequence. Cancellation is lazy: the record of an
//! entity says which timer is its present one, and every other is stale when it comes up.
//!
//! The plain list is the standard library's heap; the fast one is proved equal to it by tests, event by event.

mod epochs;
mod packed;
mod pages;
mod sort;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use epochs::{Entry, Epochs};
use packed::{ENTITY_BITS, Packed, TIMER_KIND_BITS};

use crate::units::SimTime;

/// What a pending timer takes [B]: packed, on pages that are full but for the last one of each slice.
pub const BYTES_PER_TIMER: f64 = 8.5;

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

    /// The entity's own sequence.
    #[inline]
    pub fn sequence(&self) -> u16 {
        self.code as u16
    }

    /// The upper 30 bits of its tie, as they order it.
    pub fn tie(&self) -> u32 {
        (self.rank >> 32) as u32 & ((1 << 30) - 1)
    }

    /// A timer, with the class and the tie that the rules give it.
    pub fn timer(time: SimTime, entity: u32, kind: u16, rules: &impl TimerRules) -> Self {
        Self::new(time, rules.class(kind), rules.tie(entity, time), entity, kind, 0)
    }

    /// What tells the event from all others of its run, for the order hash: time; entity and code. Class and tie follow.
    #[inline]
    pub fn words(&self) -> [u64; 2] {
        [self.time.0, u64::from(self.entity()) << 32 | u64::from(self.code)]
    }
}

/// What follows from the entity, the kind and the time of a timer. Lists need not store it.
pub trait TimerRules {
    /// Class of a kind.
    fn class(&self, kind: u16) -> Class;
    /// Tie of an entity's timer at a time.
    fn tie(&self, entity: u32, at: SimTime) -> u32;
}

/// A future event list.
pub trait EventList {
    /// Adds an event.
    fn push(&mut self, event: Event);
    /// Adds a timer: an event without a sequence whose class and tie follow from the rules of the list.
    fn push_timer(&mut self, at: SimTime, entity: u32, kind: u16);
    /// Takes the first event. A timer may come without its tie.
    fn pop(&mut self) -> Option<Event>;
    /// Pending events, the stale ones included.
    fn len(&self) -> usize;
    /// Whether nothing is pending.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The entity of the timer that lies so many places behind the first event, where the list knows one.
    #[inline]
    fn upcoming(&self, _places: usize) -> Option<u32> {
        None
    }
    /// An event that was taken, with its tie.
    fn ranked(&self, event: Event) -> Event;
}

/// The reference: the standard library's binary heap.
#[derive(Debug)]
pub struct HeapEventList<R> {
    heap: BinaryHeap<Reverse<Event>>,
    rules: R,
}

impl<R: TimerRules> HeapEventList<R> {
    /// An empty list.
    pub fn new(rules: R) -> Self {
        Self { heap: BinaryHeap::new(), rules }
    }
}

impl<R: TimerRules> EventList for HeapEventList<R> {
    #[inline]
    fn push(&mut self, event: Event) {
        self.heap.push(Reverse(event));
    }

    #[inline]
    fn push_timer(&mut self, at: SimTime, entity: u32, kind: u16) {
        self.push(Event::timer(at, entity, kind, &self.rules));
    }

    #[inline]
    fn pop(&mut self) -> Option<Event> {
        self.heap.pop().map(|Reverse(event)| event)
    }

    fn len(&self) -> usize {
        self.heap.len()
    }

    fn ranked(&self, event: Event) -> Event {
        event
    }
}

/// The list that runs use: two epoch queues, one of timers in 8 bytes each, one of all other events as they are.
pub struct EpochEventList<R: TimerRules> {
    timers: Epochs<Packed<R>>,
    others: Epochs<Event>,
}

impl<R: TimerRules> EpochEventList<R> {
    /// An empty list.
    pub fn new(rules: R) -> Self {
        let blank = Event::new(SimTime::ZERO, Class::Edge, 0, 0, 0, 0);
        Self { timers: Epochs::new(Packed::BLANK, rules), others: Epochs::new(blank, ()) }
    }

    /// Whether the first event is a timer; nothing when the list is empty.
    #[inline]
    fn timer_is_first(&mut self) -> Option<bool> {
        match (self.timers.first(), self.others.first()) {
            (None, None) => None,
            (Some(_), None) => Some(true),
            (None, Some(_)) => Some(false),
            (Some(timer), Some(other)) if timer == other => Some(self.timers.peek() < self.others.peek()),
            (Some(timer), Some(other)) => Some(timer < other),
        }
    }
}

impl<R: TimerRules> EventList for EpochEventList<R> {
    #[inline]
    fn push(&mut self, event: Event) {
        self.others.push(event.time.0, |_| event, |()| event);
    }

    #[inline]
    fn push_timer(&mut self, at: SimTime, entity: u32, kind: u16) {
        if kind >> TIMER_KIND_BITS != 0 || entity >> ENTITY_BITS != 0 {
            let event = Event::timer(at, entity, kind, self.timers.rules());
            return self.push(event);
        }
        self.timers.push(
            at.0,
            |epoch_bits| Packed::new(at.0, entity, kind, epoch_bits),
            |rules| Event::timer(at, entity, kind, rules),
        );
    }

    #[inline]
    fn pop(&mut self) -> Option<Event> {
        if !self.timer_is_first()? {
            return Some(self.others.take(|event, _, ()| event, |event| event));
        }
        let plain = |timer: Packed<R>, epoch, rules: &R| {
            let (entity, kind) = (timer.entity(), timer.kind());
            Event::new(SimTime(timer.time(epoch)), rules.class(kind), 0, entity, kind, 0)
        };
        Some(self.timers.take(plain, |event| event))
    }

    #[inline]
    fn len(&self) -> usize {
        self.timers.len() + self.others.len()
    }

    #[inline]
    fn upcoming(&self, places: usize) -> Option<u32> {
        self.timers.ahead(places).map(Packed::entity)
    }

    fn ranked(&self, event: Event) -> Event {
        if event.sequence() != 0 || event.kind() >> TIMER_KIND_BITS != 0 || event.entity() >> ENTITY_BITS != 0 {
            return event;
        }
        Event::timer(event.time, event.entity(), event.kind(), self.timers.rules())
    }
}

#[cfg(test)]
mod tests;
