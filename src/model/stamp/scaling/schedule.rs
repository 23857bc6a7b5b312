//! `schedule`: adds and drains stamps on dates. It suits growth that is known, such as a contract or a holiday season.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sight::Sight;
use super::{Order, Reach, Scale};
use crate::model::ids::StampId;
use crate::units::{Moment, SimTime};

/// Stamps that are ordered on a date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatedAdd {
    /// When they are ordered; they take devices `scaling.lead_time` later. A date such as "2026-03-01", or a time after
    /// the start such as "30 d".
    pub at: Moment,
    /// Number of stamps. Default 1.
    #[serde(default = "one")]
    pub count: u32,
    #[serde(skip)]
    #[schemars(skip)]
    due: SimTime,
}

/// A stamp that is drained on a date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatedDrain {
    /// When it is closed. A date such as "2026-03-01", or a time after the start such as "30 d".
    pub at: Moment,
    /// Name of the stamp.
    pub stamp: String,
    #[serde(skip)]
    #[schemars(skip)]
    resolved: Option<(SimTime, StampId)>,
}

/// Parameters of `schedule`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Schedule {
    /// Stamps to add. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<DatedAdd>,
    /// Stamps to drain. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drain: Vec<DatedDrain>,
}

fn one() -> u32 {
    1
}

impl Schedule {
    /// Takes the times behind the dates of `add`, in order.
    pub fn resolve_adds(&mut self, times: &[SimTime]) {
        self.add.iter_mut().zip(times).for_each(|(add, at)| add.due = *at);
    }

    /// Takes the times and stamps behind `drain`, in order.
    pub fn resolve_drains(&mut self, drains: &[(SimTime, StampId)]) {
        self.drain.iter_mut().zip(drains).for_each(|(drain, found)| drain.resolved = Some(*found));
    }
}

impl Scale for Schedule {
    fn decide(&self, sight: &Sight<'_>) -> Vec<Order> {
        let wanted: u32 = self.add.iter().filter(|add| add.due == sight.now).map(|add| add.count).sum();
        let adds = std::iter::repeat_n(Order::Add, wanted.min(sight.room) as usize);
        let due = self.drain.iter().filter_map(|drain| drain.resolved).filter(|(at, _)| *at == sight.now);
        adds.chain(due.map(|(_, stamp)| Order::Drain(stamp))).collect()
    }

    fn next(&self, from: SimTime) -> Option<SimTime> {
        let drains = self.drain.iter().filter_map(|drain| drain.resolved).map(|(at, _)| at);
        self.add.iter().map(|add| add.due).chain(drains).filter(|at| *at >= from).min()
    }

    fn reach(&self) -> Reach {
        if self.add.is_empty() { Reach::Shrinks } else { Reach::Bounded }
    }

    fn adds(&self) -> bool {
        !self.add.is_empty()
    }

    fn schedule(&self) -> Option<&Schedule> {
        Some(self)
    }

    fn schedule_mut(&mut self) -> Option<&mut Schedule> {
        Some(self)
    }

    fn problem(&self) -> Option<String> {
        (self.add.is_empty() && self.drain.is_empty()).then(|| "a schedule without a date never does anything".into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::sight::tests::sight;
    use super::*;
    use crate::units::SimDuration;

    #[test]
    fn orders_on_its_dates_and_at_no_other_time() {
        let day = |n: u64| SimTime::ZERO + SimDuration::DAY * n;
        let add = |n: u64, count| DatedAdd { at: Moment::After(SimDuration::DAY * n), count, due: day(n) };
        let policy = Schedule { add: vec![add(9, 2), add(3, 1)], drain: Vec::new() };
        assert_eq!([0, 3, 4, 10].map(|n| policy.next(day(n))), [Some(day(3)), Some(day(3)), Some(day(9)), None]);
        let mut seen = sight(&[(0, 1_000)]);
        seen.now = day(9);
        assert_eq!(policy.decide(&seen), [Order::Add; 2]);
        seen.room = 1;
        assert_eq!(policy.decide(&seen), [Order::Add]);
    }
}
