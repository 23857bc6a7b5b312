//! The loop: next event, advance the clock, hand it to the model, until the horizon or a budget.

use crate::kernel::event_list::{Event, EventList};
use crate::kernel::trace::{OrderHash, Trace, Tracing, Trail};
use crate::units::SimTime;

/// Where a model puts the events that it causes.
pub struct Agenda<L> {
    list: L,
    now: SimTime,
}

impl<L: EventList> Agenda<L> {
    /// Current simulated time.
    #[inline]
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// Adds an event. No event is in the past.
    #[inline]
    pub fn push(&mut self, event: Event) {
        assert!(event.time >= self.now, "no event lies in the past");
        self.list.push(event);
    }

    /// Adds a timer: an event without a sequence whose class and tie follow from the rules of the list.
    #[inline]
    pub fn push_timer(&mut self, at: SimTime, entity: u32, kind: u16) {
        assert!(at >= self.now, "no event lies in the past");
        self.list.push_timer(at, entity, kind);
    }

    /// Pending events.
    pub fn pending(&self) -> usize {
        self.list.len()
    }
}

/// A model: what each event does.
pub trait Model<L: EventList> {
    /// Carries out one event; false when it was stale.
    fn carry_out(&mut self, event: Event, agenda: &mut Agenda<L>) -> bool;

    /// An event of this entity will be carried out soon: a chance to bring its state near. Changes nothing.
    #[inline]
    fn foresee(&self, _entity: u32) {}

    /// An event of this entity is nearer still: a chance to follow what was brought near to what it points to.
    #[inline]
    fn foresee_again(&self, _entity: u32) {}
}

/// Why the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// At the horizon, or with nothing left to do.
    Horizon,
    /// The event budget was used up.
    Budget,
    /// Asked to stop from outside.
    Asked,
}

/// What the loop reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Why it ended.
    pub stop: Stop,
    /// Time of the last event, or the horizon.
    pub ended: SimTime,
    /// Events carried out.
    pub events: u64,
    /// Hash of their order.
    pub order: u64,
    /// What was kept of them.
    pub trail: Trail,
}

/// Bounds of a run.
pub struct Bounds<'a> {
    /// Events at or after this time are not carried out.
    pub horizon: SimTime,
    /// Most events.
    pub events: u64,
    /// Asked now and then whether to stop; for interrupts and wall budgets.
    pub stop: &'a dyn Fn() -> bool,
    /// What is kept of the events.
    pub tracing: Tracing,
}

/// Events between two looks at [`Bounds::stop`].
const LOOK_EVERY: u64 = 1 << 14;

/// Places of the events that are foreseen, behind the one that is carried out: as far as memory takes to answer twice, and once.
const FORESEEN: (usize, usize) = (16, 8);

/// Runs a model. `first` fills the agenda at time zero.
pub fn run<L: EventList, M: Model<L>>(
    list: L,
    model: &mut M,
    bounds: &Bounds<'_>,
    first: impl FnOnce(&mut M, &mut Agenda<L>),
) -> Report {
    let mut agenda = Agenda { list, now: SimTime::ZERO };
    first(model, &mut agenda);
    let (mut events, mut order, mut popped) = (0, OrderHash::default(), 0_u64);
    let mut trace = Trace::new(bounds.tracing);
    // One comparison for each event: the budget is due like anything else.
    let mut due = trace.due(0).min(bounds.events);
    let stop = loop {
        let Some(event) = agenda.list.pop() else { break Stop::Horizon };
        if event.time >= bounds.horizon {
            break Stop::Horizon;
        }
        popped += 1;
        if popped.is_multiple_of(LOOK_EVERY) && (bounds.stop)() {
            break Stop::Asked;
        }
        assert!(event.time >= agenda.now, "no event lies in the past");
        agenda.now = event.time;
        if let Some(entity) = agenda.list.upcoming(FORESEEN.0) {
            model.foresee(entity);
        }
        if let Some(entity) = agenda.list.upcoming(FORESEEN.1) {
            model.foresee_again(entity);
        }
        if model.carry_out(event, &mut agenda) {
            order.add(&event);
            events += 1;
            if events >= due {
                trace.attend(events, order, &agenda.list.ranked(event));
                if events >= bounds.events {
                    break Stop::Budget;
                }
                due = trace.due(events).min(bounds.events);
            }
        }
    };
    let ended = if stop == Stop::Horizon { bounds.horizon } else { agenda.now };
    Report { stop, ended, events, order: order.value(), trail: trace.finish(events, order, ended) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::event_list::{Class, HeapEventList, TimerRules};

    struct Ticker;
    struct NoTies;
    type List = HeapEventList<NoTies>;

    impl TimerRules for NoTies {
        fn class(&self, _: u16) -> Class {
            Class::Arrival
        }

        fn tie(&self, _: u32, _: SimTime) -> u32 {
            0
        }
    }

    impl Model<List> for Ticker {
        fn carry_out(&mut self, event: Event, agenda: &mut Agenda<List>) -> bool {
            agenda.push(Event::new(SimTime(event.time.0 + 10), Class::Arrival, 0, 0, 0, 0));
            event.time.0.is_multiple_of(20)
        }
    }

    fn ticks(horizon: u64, events: u64, stop: bool) -> Report {
        let bounds = Bounds { horizon: SimTime(horizon), events, stop: &|| stop, tracing: Tracing::NONE };
        run(List::new(NoTies), &mut Ticker, &bounds, |_, agenda| {
            agenda.push(Event::new(SimTime::ZERO, Class::Arrival, 0, 0, 0, 0));
        })
    }

    #[test]
    fn ends_before_the_horizon_and_counts_only_what_was_carried_out() {
        let report = ticks(100, 1_000, false);
        assert_eq!((report.stop, report.ended, report.events), (Stop::Horizon, SimTime(100), 5));
    }

    #[test]
    fn keeps_to_its_budget_and_stops_when_asked() {
        assert_eq!(ticks(u64::MAX, 7, false).stop, Stop::Budget);
        assert_eq!(ticks(u64::MAX, u64::MAX, true).stop, Stop::Asked);
    }
}
