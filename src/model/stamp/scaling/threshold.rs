//! `threshold`: adds a stamp when the fleet is full to a share, counting those being deployed. It suits steady growth;
//! the trigger must leave room for what arrives during the lead time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sight::Sight;
use super::{Bounds, Order, Reach, Scale, each, period_problem};
use crate::units::{Ratio, SimDuration, SimTime};

/// Parameters of `threshold`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Threshold {
    /// Utilisation (assigned devices against planned capacity, stamps being deployed included) that adds a stamp.
    /// Default 80 %.
    pub utilisation: Ratio,
    /// Time between two decisions. Default 1 h.
    pub check_every: SimDuration,
}

impl Default for Threshold {
    fn default() -> Self {
        Self { utilisation: Ratio::new(0.8).expect("a share"), check_every: SimDuration::HOUR }
    }
}

impl Scale for Threshold {
    fn decide(&self, sight: &Sight<'_>) -> Vec<Order> {
        // The sight lists stamps that are being deployed too, with no device on them yet.
        let full = sight.devices as f64 >= self.utilisation.get() * sight.capacity() as f64;
        if full && sight.room > 0 { vec![Order::Add] } else { Vec::new() }
    }

    fn next(&self, from: SimTime) -> Option<SimTime> {
        each(self.check_every, from)
    }

    fn reach(&self) -> Reach {
        Reach::Open
    }

    fn bounds(&self) -> Bounds {
        Bounds { grows_at: Some(self.utilisation.get()), drains_to: None }
    }

    fn problem(&self) -> Option<String> {
        let zero = self.utilisation.get() <= 0.0;
        let zero = zero.then(|| "a threshold of zero would add stamps for ever".into());
        period_problem(self.check_every).or(zero)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sight::tests::sight;
    use super::*;

    #[test]
    fn adds_one_stamp_at_the_threshold_and_counts_it_while_it_is_deployed() {
        let policy = Threshold::default();
        assert_eq!(policy.decide(&sight(&[(799, 1_000)])), []);
        assert_eq!(policy.decide(&sight(&[(800, 1_000)])), [Order::Add]);
        let mut under_way = sight(&[(800, 1_000)]);
        under_way.apply(Order::Add);
        assert_eq!(policy.decide(&under_way), []);
    }

    #[test]
    fn decides_at_multiples_of_its_period_and_never_at_the_start() {
        let policy = Threshold::default();
        let hour = SimDuration::HOUR.0;
        assert_eq!(policy.next(SimTime(0)), Some(SimTime(hour)));
        assert_eq!(policy.next(SimTime(hour)), Some(SimTime(hour)));
        assert_eq!(policy.next(SimTime(hour + 1)), Some(SimTime(2 * hour)));
    }
}
