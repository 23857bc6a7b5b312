//! `warm_spare`: a stamp stands ready and empty, and takes the devices of one that is down. It costs money all the time
//! and burdens no neighbour.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FailBack, Learns, Plan, Remedy};
use crate::model::names::Names;
use crate::units::{Rate, SimDuration};

/// Parameters of `warm_spare`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WarmSpare {
    /// Name of the stamp that is kept; its hub has `takes_devices = false`.
    pub spare: String,
    /// Time from the start of the fault to the first eviction. Default 10 min.
    #[serde(default = "super::ten_minutes")]
    pub detection: SimDuration,
    /// Evictions from then on. Default 600/min.
    #[serde(default = "super::pace")]
    pub pace: Rate,
    /// How devices learn of it: told by a `concierge` (default), or `by_itself`.
    #[serde(default)]
    pub learns: Learns,
    /// The way back, once the fault is over. Default: devices stay where they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_back: Option<FailBack>,
}

impl Remedy for WarmSpare {
    fn plan(&self, names: &dyn Names) -> Result<Option<Plan>, String> {
        let spare = Some(names.stamp(&self.spare)?);
        let Self { detection, pace, learns, fail_back: back, .. } = *self;
        Ok(Some(Plan { detection, pace, spare, learns, back }))
    }
}
