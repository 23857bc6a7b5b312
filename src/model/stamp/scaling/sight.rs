//! What a scaling policy decides from.

use std::borrow::Cow;

use crate::model::ids::StampId;
use crate::model::stamp::hub::Rung;
use crate::units::{Bytes, SimDuration, SimTime};

/// The number of devices at a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// When.
    pub at: SimTime,
    /// Devices assigned to the stamps of the ring.
    pub devices: u64,
}

/// A stamp that takes devices or will.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StampSight<'a> {
    /// The stamp; nothing for one that this very decision ordered.
    pub stamp: Option<StampId>,
    /// Devices assigned to it.
    pub assigned: u32,
    /// Planned capacity [devices], once what is under way is done.
    pub capacity: u32,
    /// Whether it takes devices already.
    pub active: bool,
    /// Whether a change of its hub is under way.
    pub changing: bool,
    /// The rung that it stands on, or will.
    pub rung: usize,
    /// The sizes that its hub can have.
    pub ladder: &'a [Rung],
    /// What its hub has to do.
    pub load: HubLoad,
}

/// What a hub has to do, whatever its size.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct HubLoad {
    /// Messages that the UTC day has metered so far.
    pub messages: u64,
    /// New connections, sends, registry operations and direct methods since the last decision [1/s].
    pub rates: [f64; 4],
    /// Payload by which direct methods are counted.
    pub method_payload: Bytes,
}

impl HubLoad {
    /// The day's messages against the quota of a size [1].
    pub fn quota(&self, size: &Rung) -> f64 {
        self.messages as f64 / (size.edition.messages_per_day as f64 * f64::from(size.units))
    }

    /// The throttle that is used most, against its limit at a size [1].
    pub fn throttle(&self, size: &Rung) -> f64 {
        let (edition, units) = (&size.edition, size.units);
        let methods = edition.method_rate(units, self.method_payload);
        let limits = [edition.connects, edition.sends, edition.registry].map(|throttle| Some(throttle.of(units)));
        let limits = limits.into_iter().chain([methods]);
        let uses = self.rates.iter().zip(limits).filter_map(|(rate, limit)| Some(rate / limit?.per_second()));
        uses.filter(|used| used.is_finite()).fold(0.0, f64::max)
    }
}

/// The fleet as a scaling policy sees it: the stamps of one ring.
#[derive(Debug, Clone)]
pub struct Sight<'a> {
    /// Now.
    pub now: SimTime,
    /// Time from an order to the first device of a new stamp.
    pub lead_time: SimDuration,
    /// Devices assigned to the stamps of the ring, those being drained included.
    pub devices: u64,
    /// Stamps that take devices or will; those being drained are not among them.
    pub stamps: Vec<StampSight<'a>>,
    /// Whether a stamp is being drained.
    pub draining: bool,
    /// When a stamp was added or a hub made larger for the last time.
    pub grown: Option<SimTime>,
    /// Devices that a new stamp is planned for.
    pub new_capacity: u32,
    /// Stamps that may still be added.
    pub room: u32,
    /// Devices at the decisions so far, this one included; in order of time.
    pub history: Cow<'a, [Sample]>,
}

impl Sight<'_> {
    /// Planned capacity of all stamps, once what is under way is done [devices].
    pub fn capacity(&self) -> u64 {
        self.stamps.iter().map(|s| u64::from(s.capacity)).sum()
    }

    /// The fleet as it will be once an order is carried out.
    pub fn apply(&mut self, order: super::Order) {
        match order {
            super::Order::Add => {
                self.room = self.room.saturating_sub(1);
                self.stamps.push(StampSight {
                    stamp: None,
                    assigned: 0,
                    capacity: self.new_capacity,
                    active: false,
                    changing: false,
                    rung: 0,
                    ladder: &[],
                    load: HubLoad::default(),
                });
            }
            super::Order::Resize { stamp, rung } => {
                let resized = self.stamps.iter_mut().filter(|s| s.stamp == Some(stamp));
                resized.for_each(|s| (s.capacity, s.changing, s.rung) = (s.ladder[rung].capacity, true, rung));
            }
            super::Order::Drain(stamp) => {
                self.stamps.retain(|s| s.stamp != Some(stamp));
                self.draining = true;
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Stamps by assigned devices and capacity, all active.
    pub(in crate::model::stamp::scaling) fn sight(stamps: &[(u32, u32)]) -> Sight<'static> {
        let seen = stamps.iter().enumerate().map(|(i, (assigned, capacity))| StampSight {
            stamp: Some(StampId(i as u16)),
            assigned: *assigned,
            capacity: *capacity,
            active: true,
            changing: false,
            rung: 0,
            ladder: &[],
            load: HubLoad::default(),
        });
        Sight {
            now: SimTime::ZERO,
            lead_time: SimDuration::DAY,
            devices: stamps.iter().map(|(assigned, _)| u64::from(*assigned)).sum(),
            stamps: seen.collect(),
            draining: false,
            grown: None,
            new_capacity: 1_000,
            room: 50,
            history: Cow::Borrowed(&[]),
        }
    }
}
