//! Scaling: when a stamp is added.

mod fixed;
mod threshold;

pub use fixed::FixedFleet;
pub use threshold::Threshold;

use crate::model::view::FleetView;
use crate::registry;
use crate::units::SimDuration;

/// A scaling policy: a pure decider, asked each [`Scale::period`].
pub trait Scale {
    /// How many stamps to begin to deploy now, when `deploying` are under way.
    fn add(&self, view: &FleetView, deploying: u32) -> u32;

    /// Time between two decisions; none when there is nothing to decide.
    fn period(&self) -> Option<SimDuration>;

    /// What is wrong with the parameters, if anything.
    fn problem(&self) -> Option<String> {
        None
    }
}

registry! {
    /// The registered scaling policies.
    pub enum ScalingPolicy: Scale {
        FixedFleet("fixed", "The stamps of the scenario and no more."),
        Threshold("threshold", "Adds a stamp when the fleet's utilisation passes a threshold."),
    }
}

impl Default for ScalingPolicy {
    fn default() -> Self {
        Self::FixedFleet(FixedFleet {})
    }
}
