//! The hold model: a list that keeps its size while its first event is taken and put back later.

use std::time::Instant;

use stampsim::kernel::draws::{Draws, Purpose};
use stampsim::kernel::event_list::{Class, Event, EventList, HeapEventList, RadixEventList};
use stampsim::units::SimTime;

use crate::bar;

const HOLDS: u32 = 1_000_000;

/// Bars of the event list at three sizes.
pub(crate) fn bars() {
    for (name, pending, aim) in
        [("hold_exp_1e4", 10_000, 3.0), ("hold_exp_1e5", 100_000, 5.0), ("hold_exp_1e6", 1_000_000, 10.0)]
    {
        let ours = || hold(RadixEventList::default(), pending);
        let reference = || hold(HeapEventList::default(), pending);
        bar(name, aim, ours, reference);
    }
}

/// The hold model: pop the first event, push it back an exponential time of mean 60 s later [ns a hold].
fn hold(mut list: impl EventList, pending: u32) -> f64 {
    let mut draws = Draws::new(7, 0).stream(1, Purpose::Backoff, 0);
    let mut later = |from: u64| SimTime(from + draws.exponential(60e6) as u64);
    for entity in 0..pending {
        list.push(Event::new(later(0), Class::Arrival, entity, entity, 0, 0));
    }
    let start = Instant::now();
    for _ in 0..HOLDS {
        let event = list.pop().expect("the list keeps its size");
        list.push(Event::new(later(event.time.0), Class::Arrival, event.entity(), event.entity(), 0, 0));
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(HOLDS)
}
