//! `stamp_degraded`: a hub works, but badly. It suits brownouts, where nothing is down and everything suffers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Names};
use crate::model::condition::{Condition, Effect, Target};
use crate::units::Ratio;

/// Parameters of `stamp_degraded`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StampDegraded {
    /// Name of the stamp.
    pub stamp: String,
    /// Share of connection attempts and calls that fail. Default 0.
    #[serde(default = "none")]
    pub errors: Ratio,
    /// Share of its limits that is left. Default 1.
    #[serde(default = "all")]
    pub capacity: Ratio,
}

fn none() -> Ratio {
    Ratio::ZERO
}

fn all() -> Ratio {
    Ratio::ONE
}

impl Fault for StampDegraded {
    fn effects(&self, names: &dyn Names) -> Result<Vec<Effect>, String> {
        if self.capacity.get() <= 0.0 {
            return Err("a capacity of zero is an outage; `stamp_outage` says so".into());
        }
        let target = Target::Stamp(names.stamp(&self.stamp)?);
        let conditions = [Condition::ErrorRate(self.errors.get()), Condition::CapacityCut(self.capacity.get())];
        Ok(conditions.map(|condition| Effect::at_once(target, condition)).to_vec())
    }
}
