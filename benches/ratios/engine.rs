//! The engine over a million devices: the same handler driven by the shipped loop and list, by a plain heap, and by a
//! schedule that was sorted before (the oracle: no list at all, only what the handler itself costs).
//!
//! The handler touches the record of its device, draws its next gap from the device's own counter, makes one step of a
//! Lindley recursion and records the wait in a histogram.

use std::time::Instant;

use hdrhistogram::Histogram;
use stampsim::kernel::draws::{Draws, Purpose};
use stampsim::kernel::event_list::{EpochEventList, Event, EventList};
use stampsim::kernel::executive::{Agenda, Bounds, Model, run};
use stampsim::kernel::prefetch::prefetch;
use stampsim::kernel::trace::Tracing;
use stampsim::units::SimTime;

use crate::heap::Heap;
use crate::hold::Ties;
use crate::{ROUNDS, median};

pub(crate) const DEVICES: u32 = 1_000_000;
/// Simulated time [us]: each device sends ten times in it.
const HORIZON: u64 = 600_000_000;
/// Mean gap of a device [us], and time to serve one event [ns].
const GAP: f64 = 60e6;
const SERVICE_NS: u64 = 48_000;
/// Places that the oracle looks ahead.
const AHEAD: usize = 8;

/// A device, as large as the model's.
#[derive(Clone, Copy, Default)]
struct Record {
    counter: u32,
    sent: u32,
    last: u64,
}

/// What the handler works on.
struct Fleet {
    draws: Draws,
    records: Vec<Record>,
    free_ns: u64,
    waits: Histogram<u32>,
}

impl Fleet {
    fn new() -> Self {
        let waits = Histogram::new_with_bounds(1, 1 << 32, 2).expect("bounds of a histogram");
        Self { draws: Draws::new(11, 0), records: vec![Record::default(); DEVICES as usize], free_ns: 0, waits }
    }

    fn gap(&mut self, device: u32) -> u64 {
        let record = &mut self.records[device as usize];
        record.counter += 1;
        let counter = u64::from(record.counter);
        1 + self.draws.stream(u64::from(device), Purpose::TelemetryArrivals, counter).exponential(GAP) as u64
    }

    /// One message; gives the time of the next one.
    #[inline]
    fn sends(&mut self, device: u32, now: u64) -> u64 {
        let record = &mut self.records[device as usize];
        record.sent += 1;
        record.last = now;
        let wait = self.free_ns.saturating_sub(now * 1_000);
        self.free_ns = self.free_ns.max(now * 1_000) + SERVICE_NS;
        self.waits.saturating_record(wait / 1_000);
        now + self.gap(device)
    }

    /// What must be equal whoever drives it.
    fn check(&self) -> (u64, u64, u64) {
        let sent = self.records.iter().map(|record| u64::from(record.sent)).sum();
        (sent, self.free_ns, self.waits.value_at_quantile(0.99))
    }
}

impl<L: EventList> Model<L> for Fleet {
    #[inline]
    fn carry_out(&mut self, event: Event, agenda: &mut Agenda<L>) -> bool {
        let next = self.sends(event.entity(), event.time.0);
        agenda.push_timer(SimTime(next), event.entity(), 0);
        true
    }

    #[inline]
    fn foresee(&self, entity: u32) {
        prefetch(&self.records, entity as usize);
    }
}

/// Time of an event [ns], and what must be equal whoever drove it.
pub(crate) type Timed = (f64, (u64, u64, u64));

fn timed(fleet: &Fleet, start: Instant) -> Timed {
    let seconds = start.elapsed().as_secs_f64();
    let check = fleet.check();
    (seconds * 1e9 / check.0 as f64, check)
}

/// By the shipped loop over a list, some of the devices.
pub(crate) fn driven_by(list: impl EventList, devices: std::ops::Range<u32>) -> Timed {
    let mut fleet = Fleet::new();
    let bounds = Bounds { horizon: SimTime(HORIZON), events: u64::MAX, stop: &|| false, tracing: Tracing::NONE };
    let mut start = Instant::now();
    run(list, &mut fleet, &bounds, |fleet, agenda| {
        for device in devices {
            let first = fleet.gap(device);
            agenda.push_timer(SimTime(first), device, 0);
        }
        start = Instant::now();
    });
    timed(&fleet, start)
}

/// By a loop over the plain heap.
fn by_heap() -> Timed {
    let (mut fleet, mut heap) = (Fleet::new(), Heap::default());
    for device in 0..DEVICES {
        heap.push(fleet.gap(device), device, 0);
    }
    let start = Instant::now();
    while let Some((now, device, kind)) = heap.pop() {
        if now >= HORIZON {
            break;
        }
        heap.push(fleet.sends(device, now), device, kind);
    }
    timed(&fleet, start)
}

/// By a schedule that is known.
fn by_oracle(schedule: &[(u64, u32)]) -> Timed {
    let mut fleet = Fleet::new();
    for device in 0..DEVICES {
        fleet.gap(device);
    }
    let start = Instant::now();
    for (i, (now, device)) in schedule.iter().enumerate() {
        if let Some((_, later)) = schedule.get(i + AHEAD) {
            prefetch(&fleet.records, *later as usize);
        }
        std::hint::black_box(fleet.sends(*device, *now));
    }
    timed(&fleet, start)
}

fn schedule() -> Vec<(u64, u32)> {
    let mut fleet = Fleet::new();
    let mut all = Vec::new();
    for device in 0..DEVICES {
        let mut now = fleet.gap(device);
        while now < HORIZON {
            all.push((now, device));
            now += fleet.gap(device);
        }
    }
    all.sort_unstable();
    all
}

/// Bars of the engine.
pub(crate) fn bars() {
    let schedule = schedule();
    let mut times: [Vec<f64>; 3] = Default::default();
    for _ in 0..ROUNDS {
        let rounds = [driven_by(EpochEventList::new(Ties), 0..DEVICES), by_heap(), by_oracle(&schedule)];
        assert!(rounds.iter().all(|(_, check)| *check == rounds[0].1), "all engines do the same work");
        times.iter_mut().zip(rounds).for_each(|(times, (ns, _))| times.push(ns));
    }
    let [ours, heap, oracle] = times.map(median);
    println!("bar engine_vs_heap_1e6 {ours:.2} {heap:.2} {:.2} 10", heap / ours);
    println!("bar engine_vs_oracle_1e6 {ours:.2} {oracle:.2} {:.2} 3", ours / oracle);
}
