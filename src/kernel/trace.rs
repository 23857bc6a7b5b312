//! The order hash: one number for all events that were carried out, in their order. Beside it what narrows a difference
//! between two runs down: checkpoints of the hash, and a log of a span of events.
//!
//! Checkpoints lie at even steps of the count of events. When there are too many, every other one goes and the step
//! doubles, so that a run of any length keeps between half and all of its places; two runs of different length share the
//! checkpoints at the steps of the longer one.

use crate::kernel::event_list::Event;
use crate::units::SimTime;

/// A running hash of events. Two runs with equal hashes carried out the same events in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderHash(u64);

impl Default for OrderHash {
    fn default() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }
}

impl OrderHash {
    /// Takes one event in.
    #[inline]
    pub fn add(&mut self, event: &Event) {
        // One multiplication waits for the event before; the other does not.
        let [time, what] = event.words();
        let word = time.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29) ^ what;
        self.0 = (self.0 ^ word).wrapping_mul(0xFF51_AFD7_ED55_8CCD).rotate_left(31);
    }

    /// The hash so far.
    pub fn value(self) -> u64 {
        self.0
    }
}

/// What is kept of a run's events beside their hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tracing {
    /// Most checkpoints, an even number.
    pub checkpoints_max: usize,
    /// Events that come before the log, and before its end.
    pub log: (u64, u64),
}

impl Tracing {
    /// Nothing but the hash.
    pub const NONE: Self = Self { checkpoints_max: 0, log: (0, 0) };
}

/// The hash after so many events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Events carried out.
    pub events: u64,
    /// Time of the last of them.
    pub time: SimTime,
    /// The order hash.
    pub hash: u64,
}

/// What a run leaves of its events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trail {
    /// At even steps, then one at the end.
    pub checkpoints: Vec<Checkpoint>,
    /// The events of the log.
    pub log: Vec<Event>,
}

/// Keeps what is wanted of a run's events. The loop itself hashes and counts; it comes here at counts that are due only.
#[derive(Debug)]
pub struct Trace {
    step: u64,
    tracing: Tracing,
    trail: Trail,
}

impl Trace {
    /// A trace before the first event.
    pub fn new(tracing: Tracing) -> Self {
        assert!(tracing.checkpoints_max.is_multiple_of(2), "checkpoints are thinned by halves");
        Self { step: 1, tracing, trail: Trail::default() }
    }

    /// The next count of events, after so many, at which there is something to keep.
    pub fn due(&self, events: u64) -> u64 {
        let checkpoint = match self.tracing.checkpoints_max {
            0 => u64::MAX,
            _ => (events / self.step + 1).saturating_mul(self.step),
        };
        let (from, until) = self.tracing.log;
        let logged = if events < until { events.max(from) + 1 } else { u64::MAX };
        checkpoint.min(logged)
    }

    /// Takes in what is due at a count of events, the last of which is `event`.
    #[cold]
    pub fn attend(&mut self, events: u64, order: OrderHash, event: &Event) {
        let (from, until) = self.tracing.log;
        if events > from && events <= until {
            self.trail.log.push(*event);
        }
        if self.tracing.checkpoints_max > 0 && events.is_multiple_of(self.step) {
            self.trail.checkpoints.push(Checkpoint { events, time: event.time, hash: order.value() });
            self.thin();
        }
    }

    /// What is left when the run ended at a time, after so many events.
    pub fn finish(mut self, events: u64, order: OrderHash, ended: SimTime) -> Trail {
        if self.tracing.checkpoints_max > 0 {
            self.trail.checkpoints.retain(|checkpoint| checkpoint.events < events);
            self.trail.checkpoints.push(Checkpoint { events, time: ended, hash: order.value() });
        }
        self.trail
    }

    /// Keeps every other checkpoint once there are as many as may be.
    fn thin(&mut self) {
        if self.trail.checkpoints.len() >= self.tracing.checkpoints_max {
            self.step *= 2;
            let step = self.step;
            self.trail.checkpoints.retain(|checkpoint| checkpoint.events.is_multiple_of(step));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::event_list::Class;

    fn event(t: u64) -> Event {
        Event::new(SimTime(t), Class::Arrival, 0, 0, 0, 0)
    }

    /// What the loop does.
    fn trail(events: u64, tracing: Tracing) -> Trail {
        let (mut trace, mut order) = (Trace::new(tracing), OrderHash::default());
        for number in 1..=events {
            order.add(&event(number));
            if number >= trace.due(number - 1) {
                trace.attend(number, order, &event(number));
            }
        }
        trace.finish(events, order, SimTime(events + 1))
    }

    #[test]
    fn checkpoints_lie_at_even_steps_and_fill_half_to_all_places() {
        for events in [0, 1, 7, 8, 9, 100, 1_000, 12_345] {
            let Trail { checkpoints, log } = trail(events, Tracing { checkpoints_max: 8, log: (0, 0) });
            assert!(log.is_empty() && checkpoints.len() <= 9, "{checkpoints:?}");
            assert!(events < 8 || checkpoints.len() >= 4, "{events}: {checkpoints:?}");
            let last = checkpoints.last().expect("one at the end");
            assert_eq!((last.events, last.time), (events, SimTime(events + 1)));
            let step = checkpoints[0].events.max(1);
            let inner = &checkpoints[..checkpoints.len() - 1];
            assert!(
                inner.iter().zip(1..).all(|(c, i)| c.events == i * step && c.time.0 == i * step),
                "{checkpoints:?}"
            );
        }
    }

    #[test]
    fn checkpoints_of_a_longer_run_are_those_of_a_shorter_one_where_they_meet() {
        let tracing = Tracing { checkpoints_max: 16, log: (0, 0) };
        let (short, long) = (trail(100, tracing), trail(1_000, tracing));
        let meeting: Vec<_> = (long.checkpoints.iter())
            .filter_map(|b| short.checkpoints.iter().find(|a| a.events == b.events).map(|a| (a, b)))
            .collect();
        assert!(!meeting.is_empty() && meeting.iter().all(|(a, b)| a.hash == b.hash));
    }

    #[test]
    fn the_log_holds_its_span_whatever_the_checkpoints() {
        for checkpoints_max in [0, 4] {
            let times =
                |log| trail(50, Tracing { checkpoints_max, log }).log.iter().map(|e| e.time.0).collect::<Vec<_>>();
            assert_eq!(times((0, 3)), [1, 2, 3]);
            assert_eq!(times((10, 13)), [11, 12, 13]);
            assert_eq!(times((48, 90)), [49, 50]);
            assert!(times((50, 50)).is_empty() && times((90, 99)).is_empty());
        }
    }

    #[test]
    fn order_matters() {
        let hash = |times: &[u64]| {
            let mut hash = OrderHash::default();
            times.iter().for_each(|t| hash.add(&event(*t)));
            hash.value()
        };
        assert_eq!(hash(&[1, 2]), hash(&[1, 2]));
        assert_ne!(hash(&[1, 2]), hash(&[2, 1]));
    }
}
