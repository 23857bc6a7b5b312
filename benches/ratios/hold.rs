//! The hold model: a list that keeps its size while its first event is taken and put back later. Timers, as devices have
//! them; their ties come from a hash of entity and time.

use std::time::Instant;

use stampsim::kernel::draws::{Draws, Purpose, Stream};
use stampsim::kernel::event_list::{Class, EpochEventList, Event, EventList, TimerRules};
use stampsim::units::SimTime;

use crate::heap::Heap;
use crate::{bar, interleaved};

/// Holds of one round, at least; a list is held at least twice through.
const HOLDS: u32 = 2_000_000;
/// Mean of an increment [us].
const MEAN: f64 = 60e6;
const SEED: Draws = Draws::new(7, 0);

/// Ties as a run has them.
#[derive(Clone, Copy)]
pub(crate) struct Ties;

impl TimerRules for Ties {
    #[inline]
    fn class(&self, _: u16) -> Class {
        Class::Arrival
    }

    fn tie(&self, entity: u32, at: SimTime) -> u32 {
        SEED.tie(u64::from(entity), at.0)
    }
}

/// Increments of a hold model [us].
#[derive(Clone, Copy)]
enum Law {
    Exponential,
    /// Nine in ten within 12 s, the others after about 9 min.
    Bimodal,
    Uniform,
    /// All 60 s.
    Equal,
}

impl Law {
    const ALL: [Self; 4] = [Self::Exponential, Self::Bimodal, Self::Uniform, Self::Equal];

    #[inline]
    fn draw(self, draws: &mut Stream) -> u64 {
        match self {
            Self::Exponential => draws.exponential(MEAN) as u64,
            Self::Bimodal if draws.unit() < 0.9 => (draws.unit() * 12e6) as u64,
            Self::Bimodal => 540_000_000 + (draws.unit() * 12e6) as u64,
            Self::Uniform => (draws.unit() * 2.0 * MEAN) as u64,
            Self::Equal => MEAN as u64,
        }
    }

    /// The rest of an increment that is under way: the stationary start.
    fn rest(self, draws: &mut Stream) -> u64 {
        // Larger increments are under way more often; rejection by the longest that matters.
        loop {
            let increment = self.draw(draws);
            if draws.unit() * 12.0 * MEAN < increment as f64 {
                return (increment as f64 * draws.unit()) as u64;
            }
        }
    }
}

/// A list to hold: ours and the reference take their events as they are made to.
trait Holds {
    fn put(&mut self, at: u64, entity: u32);
    fn take(&mut self) -> (u64, u32);
}

impl Holds for EpochEventList<Ties> {
    #[inline]
    fn put(&mut self, at: u64, entity: u32) {
        self.push_timer(SimTime(at), entity, 0);
    }

    #[inline]
    fn take(&mut self) -> (u64, u32) {
        let event: Event = self.pop().expect("the list keeps its size");
        (event.time.0, event.entity())
    }
}

impl Holds for Heap {
    #[inline]
    fn put(&mut self, at: u64, entity: u32) {
        self.push(at, entity, 0);
    }

    #[inline]
    fn take(&mut self) -> (u64, u32) {
        let (at, entity, _) = self.pop().expect("the list keeps its size");
        (at, entity)
    }
}

/// Increments that are drawn before: the bar is about the list.
const DRAWN: usize = 1 << 15;

/// A list in its steady state, held a while [ns a hold].
struct Held<L> {
    list: L,
    increments: Vec<u32>,
    next: usize,
    holds: u32,
}

impl<L: Holds> Held<L> {
    fn new(mut list: L, pending: u32, law: Law) -> Self {
        let mut draws = SEED.stream(1, Purpose::Backoff, 0);
        (0..pending).for_each(|entity| list.put(law.rest(&mut draws), entity));
        let increments = (0..DRAWN).map(|_| law.draw(&mut draws) as u32).collect();
        let mut held = Self { list, increments, next: 0, holds: 0 };
        held.holds = pending;
        held.run();
        held.holds = HOLDS.max(2 * pending);
        held
    }

    fn run(&mut self) -> f64 {
        let start = Instant::now();
        for _ in 0..self.holds {
            let (at, entity) = self.list.take();
            self.next = (self.next + 1) % DRAWN;
            self.list.put(at + u64::from(self.increments[self.next]), entity);
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(self.holds)
    }
}

fn ours(pending: u32, law: Law) -> Held<EpochEventList<Ties>> {
    Held::new(EpochEventList::new(Ties), pending, law)
}

/// Bars of the event list: against the heap, by size, by law.
pub(crate) fn bars() {
    for (name, pending, aim) in
        [("hold_exp_1e4", 10_000, 3.0), ("hold_exp_1e5", 100_000, 5.0), ("hold_exp_1e6", 1_000_000, 10.0)]
    {
        let mut ours = ours(pending, Law::Exponential);
        let mut reference = Held::new(Heap::default(), pending, Law::Exponential);
        bar(name, aim, || ours.run(), || reference.run());
    }
    let mut laws = Law::ALL.map(|law| ours(1_000_000, law));
    let [a, b, c, d] = &mut laws;
    let times = interleaved(&mut [&mut || a.run(), &mut || b.run(), &mut || c.run(), &mut || d.run()]);
    let (best, worst) = (times.iter().copied().fold(f64::MAX, f64::min), times.iter().copied().fold(0.0, f64::max));
    println!("bar hold_worst_law_1e6 {worst:.2} {best:.2} {:.2} 2", worst / best);
    drop(laws);
    let (mut large, mut small) = (ours(10_000_000, Law::Exponential), ours(10_000, Law::Exponential));
    let times = interleaved(&mut [&mut || large.run(), &mut || small.run()]);
    println!("bar hold_flat_1e7 {:.2} {:.2} {:.2} 2.5", times[0], times[1], times[0] / times[1]);
}
