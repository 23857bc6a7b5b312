//! `region_blackout`: the devices of a region lose power; when it returns they all try at once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Names};
use crate::model::condition::{Condition, Effect, Target};
use crate::units::SimDuration;

/// Parameters of `region_blackout`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegionBlackout {
    /// Region whose devices lose power.
    pub region: String,
    /// Time over which power returns, spread evenly over the devices. Default 0 s: all at once.
    #[serde(default)]
    pub return_over: SimDuration,
}

impl Fault for RegionBlackout {
    fn effects(&self, names: &dyn Names) -> Result<Vec<Effect>, String> {
        let target = Target::Region(names.region(&self.region)?);
        Ok(vec![Effect::at_once(target, Condition::Off(self.return_over))])
    }
}
