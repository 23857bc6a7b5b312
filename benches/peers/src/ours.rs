//! stampsim's kernel: the list and the loop that `simulate` uses.

use std::collections::VecDeque;

use stampsim::kernel::event_list::{Class, EpochEventList, Event, EventList, TimerRules};
use stampsim::kernel::executive::{Agenda, Bounds, Model, run};
use stampsim::kernel::trace::Tracing;
use stampsim::units::SimTime;

use crate::work::{GAP, HOLD_MEAN, QUEUE, SERVICE, Words, count_hold};

struct Ties;

impl TimerRules for Ties {
    fn class(&self, _: u16) -> Class {
        Class::Arrival
    }

    fn tie(&self, entity: u32, at: SimTime) -> u32 {
        (u64::from(entity) ^ at.0).wrapping_mul(0x9E37_79B9_7F4A_7C15) as u32
    }
}

struct Hold(Words);

impl<L: EventList> Model<L> for Hold {
    #[inline]
    fn carry_out(&mut self, event: Event, agenda: &mut Agenda<L>) -> bool {
        count_hold();
        let wait = (self.0.exponential(HOLD_MEAN) * 1e6) as u64;
        agenda.push_timer(SimTime(event.time.0 + wait), event.entity(), 0);
        true
    }
}

fn bounds(events: u64) -> Bounds<'static> {
    Bounds { horizon: SimTime(u64::MAX), events, stop: &|| false, tracing: Tracing::NONE }
}

pub fn hold(pending: u32, holds: u64) {
    let mut start = Words::new(1);
    run(EpochEventList::new(Ties), &mut Hold(Words::new(2)), &bounds(holds), |_, agenda| {
        for entity in 0..pending {
            agenda.push_timer(SimTime((start.exponential(HOLD_MEAN) * 1e6) as u64), entity, 0);
        }
    });
}

const ARRIVAL: u16 = 0;
const DEPARTURE: u16 = 1;

struct Queue {
    gaps: Words,
    services: Words,
    since: VecDeque<u64>,
}

impl<L: EventList> Model<L> for Queue {
    fn carry_out(&mut self, event: Event, agenda: &mut Agenda<L>) -> bool {
        let now = event.time.0;
        let mut after = |kind, wait: f64| agenda.push_timer(SimTime(now + (wait * 1e6) as u64), 0, kind);
        if event.kind() == ARRIVAL {
            after(ARRIVAL, self.gaps.exponential(GAP));
            self.since.push_back(now);
            if self.since.len() == 1 {
                after(DEPARTURE, self.services.exponential(SERVICE));
            }
        } else {
            let since = self.since.pop_front().expect("somebody was served");
            QUEUE.serve((now - since) as f64 / 1e6);
            if !self.since.is_empty() {
                after(DEPARTURE, self.services.exponential(SERVICE));
            }
        }
        true
    }
}

pub fn queue(customers: u64) {
    let mut queue = Queue { gaps: Words::new(3), services: Words::new(4), since: VecDeque::new() };
    run(EpochEventList::new(Ties), &mut queue, &bounds(2 * customers), |queue, agenda| {
        agenda.push_timer(SimTime((queue.gaps.exponential(GAP) * 1e6) as u64), 0, ARRIVAL);
    });
}
