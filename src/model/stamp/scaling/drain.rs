//! `drain`: takes the emptiest stamp away when the others have room for its devices: it is closed for allocation, its
//! devices move off, and it is retired and paid for no longer. It suits fleets that shrink; in a mixture it follows what adds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sight::Sight;
use super::{Bounds, Order, Reach, Scale, each, period_problem};
use crate::units::{Ratio, SimDuration, SimTime};

/// Parameters of `drain`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Drain {
    /// A stamp is drained when the others would then be at most this full. Default 60 %.
    pub utilisation: Ratio,
    /// Least time since a stamp was added or a hub made larger, so that what was just ordered is used. Default 7 d.
    pub wait: SimDuration,
    /// Stamps that stay in any case, at least 1. Default 1.
    pub keep: u32,
    /// Time between two decisions. Default 1 d.
    pub check_every: SimDuration,
}

impl Default for Drain {
    fn default() -> Self {
        Self {
            utilisation: Ratio::new(0.6).expect("a share"),
            wait: SimDuration::DAY * 7,
            keep: 1,
            check_every: SimDuration::DAY,
        }
    }
}

impl Scale for Drain {
    fn decide(&self, sight: &Sight<'_>) -> Vec<Order> {
        let moving = sight.draining || sight.stamps.iter().any(|s| !s.active || s.changing);
        let early = sight.grown.is_some_and(|at| sight.now < at + self.wait);
        if moving || early || sight.stamps.len() <= self.keep as usize {
            return Vec::new();
        }
        // Of equally empty ones the last, which was added last.
        let emptiest = sight.stamps.iter().rev().min_by_key(|s| s.assigned);
        let Some((stamp, capacity)) = emptiest.and_then(|s| Some((s.stamp?, s.capacity))) else { return Vec::new() };
        let left = (sight.capacity() - u64::from(capacity)) as f64;
        if sight.devices as f64 <= self.utilisation.get() * left { vec![Order::Drain(stamp)] } else { Vec::new() }
    }

    fn next(&self, from: SimTime) -> Option<SimTime> {
        each(self.check_every, from)
    }

    fn reach(&self) -> Reach {
        Reach::Shrinks
    }

    fn bounds(&self) -> Bounds {
        Bounds { grows_at: None, drains_to: Some(self.utilisation.get()) }
    }

    fn problem(&self) -> Option<String> {
        let last = (self.keep == 0).then(|| "keep = 0 would drain the last stamp; at least 1 must stay".into());
        period_problem(self.check_every).or(last)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sight::tests::sight;
    use super::*;
    use crate::model::ids::StampId;

    #[test]
    fn takes_the_emptiest_when_the_others_have_room_and_one_at_a_time() {
        let policy = Drain::default();
        assert_eq!(policy.decide(&sight(&[(400, 1_000), (200, 1_000), (300, 1_000)])), [Order::Drain(StampId(1))]);
        assert_eq!(policy.decide(&sight(&[(400, 1_000), (601, 1_000), (300, 1_000)])), []);
        let mut under_way = sight(&[(100, 1_000); 3]);
        under_way.apply(Order::Drain(StampId(2)));
        assert_eq!(policy.decide(&under_way), []);
        assert_eq!(policy.decide(&sight(&[(0, 1_000)])), [], "the last stamp stays");
        let mut grown = sight(&[(100, 1_000); 3]);
        (grown.now, grown.grown) = (SimTime::ZERO + SimDuration::DAY * 6, Some(SimTime::ZERO));
        assert_eq!(policy.decide(&grown), [], "what was just added stays for a while");
    }
}
