//! nexosim: one model that schedules its own events, on one thread.

use std::collections::VecDeque;
use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::simulation::{Mailbox, SimInit, Simulation};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

use crate::work::{GAP, HOLD_MEAN, HOLDS, QUEUE, SERVICE, Words, count_hold};

#[derive(Serialize, Deserialize)]
struct Hold {
    words: Words,
    pending: u32,
}

#[Model]
impl Hold {
    #[nexosim(init)]
    async fn init(&mut self, cx: &Context<Self>) {
        let mut start = Words::new(1);
        for entity in 0..self.pending {
            let wait = Duration::from_secs_f64(start.exponential(HOLD_MEAN)).max(LEAST);
            cx.schedule_event(wait, schedulable!(Self::fire), entity).expect("a time ahead");
        }
    }

    #[nexosim(schedulable)]
    async fn fire(&mut self, entity: u32, cx: &Context<Self>) {
        count_hold();
        let wait = Duration::from_secs_f64(self.words.exponential(HOLD_MEAN)).max(LEAST);
        cx.schedule_event(wait, schedulable!(Self::fire), entity).expect("a time ahead");
    }
}

/// It schedules nothing at the present.
const LEAST: Duration = Duration::from_nanos(1);

fn bench<M: Model<Env = ()> + Send + Serialize + for<'a> Deserialize<'a> + 'static>(model: M) -> Simulation {
    let bench = SimInit::with_num_threads(1).add_model(model, Mailbox::new(), "model");
    bench.init(MonotonicTime::EPOCH).expect("a bench of one model")
}

pub fn hold(pending: u32, holds: u64) {
    let mut bench = bench(Hold { words: Words::new(2), pending });
    while HOLDS.load(std::sync::atomic::Ordering::Relaxed) < holds {
        bench.step().expect("an event is pending");
    }
}

#[derive(Serialize, Deserialize)]
struct Queue {
    gaps: Words,
    services: Words,
    since: VecDeque<MonotonicTime>,
}

#[Model]
impl Queue {
    #[nexosim(init)]
    async fn init(&mut self, cx: &Context<Self>) {
        self.expect_arrival(cx);
    }

    fn expect_arrival(&mut self, cx: &Context<Self>) {
        let gap = Duration::from_secs_f64(self.gaps.exponential(GAP)).max(LEAST);
        cx.schedule_event(gap, schedulable!(Self::arrives), ()).expect("a time ahead");
    }

    fn begin_service(&mut self, cx: &Context<Self>) {
        let service = Duration::from_secs_f64(self.services.exponential(SERVICE)).max(LEAST);
        cx.schedule_event(service, schedulable!(Self::departs), ()).expect("a time ahead");
    }

    #[nexosim(schedulable)]
    async fn arrives(&mut self, (): (), cx: &Context<Self>) {
        self.expect_arrival(cx);
        self.since.push_back(cx.time());
        if self.since.len() == 1 {
            self.begin_service(cx);
        }
    }

    #[nexosim(schedulable)]
    async fn departs(&mut self, (): (), cx: &Context<Self>) {
        let since = self.since.pop_front().expect("somebody was served");
        QUEUE.serve(cx.time().duration_since(since).as_secs_f64());
        if !self.since.is_empty() {
            self.begin_service(cx);
        }
    }
}

pub fn queue(customers: u64) {
    let mut bench = bench(Queue { gaps: Words::new(3), services: Words::new(4), since: VecDeque::new() });
    while QUEUE.served() < customers {
        bench.step().expect("an event is pending");
    }
}
