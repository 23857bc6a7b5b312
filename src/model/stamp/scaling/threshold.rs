//! `threshold`: adds a stamp when the fleet is full to a share, counting those being deployed. It suits steady growth;
//! the trigger must leave room for what arrives during the lead time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Scale;
use crate::model::view::FleetView;
use crate::units::{Ratio, SimDuration};

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
    fn add(&self, view: &FleetView, _deploying: u32) -> u32 {
        // The view lists stamps that are being deployed too, with no device on them yet.
        let assigned: u64 = view.assigned.iter().map(|n| u64::from(*n)).sum();
        let capacity: u64 = view.capacity.iter().map(|n| u64::from(*n)).sum();
        u32::from(assigned as f64 >= self.utilisation.get() * capacity as f64)
    }

    fn period(&self) -> Option<SimDuration> {
        Some(self.check_every)
    }

    fn problem(&self) -> Option<String> {
        if self.check_every == SimDuration::ZERO {
            Some("check_every of zero would decide for ever at one instant".into())
        } else if self.utilisation.get() <= 0.0 {
            Some("a threshold of zero would add stamps for ever".into())
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_one_stamp_at_the_threshold_and_counts_it_while_it_is_deployed() {
        let view = |assigned: &[u32], capacity: &[u32]| FleetView {
            assigned: assigned.to_vec(),
            capacity: capacity.to_vec(),
            ..FleetView::default()
        };
        let policy = Threshold::default();
        assert_eq!(policy.add(&view(&[799], &[1_000]), 0), 0);
        assert_eq!(policy.add(&view(&[800], &[1_000]), 0), 1);
        assert_eq!(policy.add(&view(&[800, 0], &[1_000, 1_000]), 1), 0);
    }
}
