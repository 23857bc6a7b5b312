//! simcore: one component that emits events to itself.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use serde::Serialize;
use simcore::{Event, EventHandler, Simulation, SimulationContext, cast};

use crate::work::{GAP, HOLD_MEAN, QUEUE, SERVICE, Words, count_hold};

#[derive(Clone, Serialize)]
struct Fire {
    entity: u32,
}

struct Hold {
    words: Words,
    context: SimulationContext,
}

impl EventHandler for Hold {
    fn on(&mut self, event: Event) {
        cast!(match event.data {
            Fire { entity } => {
                count_hold();
                self.context.emit_self(Fire { entity }, self.words.exponential(HOLD_MEAN));
            }
        })
    }
}

pub fn hold(pending: u32, holds: u64) {
    let mut simulation = Simulation::new(1);
    let context = simulation.create_context("hold");
    let mut start = Words::new(1);
    (0..pending).for_each(|entity| _ = context.emit_self(Fire { entity }, start.exponential(HOLD_MEAN)));
    simulation.add_handler("hold", Rc::new(RefCell::new(Hold { words: Words::new(2), context })));
    simulation.steps(holds);
}

#[derive(Clone, Serialize)]
struct Arrival {}
#[derive(Clone, Serialize)]
struct Departure {}

struct Queue {
    gaps: Words,
    services: Words,
    since: VecDeque<f64>,
    context: SimulationContext,
}

impl Queue {
    fn expect_arrival(&mut self) {
        self.context.emit_self(Arrival {}, self.gaps.exponential(GAP));
    }

    fn begin_service(&mut self) {
        self.context.emit_self(Departure {}, self.services.exponential(SERVICE));
    }

    fn arrives(&mut self) {
        self.expect_arrival();
        self.since.push_back(self.context.time());
        if self.since.len() == 1 {
            self.begin_service();
        }
    }

    fn departs(&mut self) {
        let since = self.since.pop_front().expect("somebody was served");
        QUEUE.serve(self.context.time() - since);
        if !self.since.is_empty() {
            self.begin_service();
        }
    }
}

impl EventHandler for Queue {
    fn on(&mut self, event: Event) {
        cast!(match event.data {
            Arrival {} => {
                self.arrives()
            }
            Departure {} => {
                self.departs()
            }
        })
    }
}

pub fn queue(customers: u64) {
    let mut simulation = Simulation::new(1);
    let context = simulation.create_context("queue");
    let (gaps, services) = (Words::new(3), Words::new(4));
    let queue = Rc::new(RefCell::new(Queue { gaps, services, since: VecDeque::new(), context }));
    queue.borrow_mut().expect_arrival();
    simulation.add_handler("queue", queue);
    simulation.steps(2 * customers);
}
