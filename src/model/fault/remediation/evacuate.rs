//! `evacuate`: the operator notices and moves the devices of the stamp to the others of the ring, which need the room.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FailBack, Learns, Plan, Remedy};
use crate::model::names::Names;
use crate::units::{Rate, SimDuration};

/// Parameters of `evacuate`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Evacuate {
    /// Time from the start of the fault to the first eviction. Default 10 min.
    pub detection: SimDuration,
    /// Evictions from then on. Default 600/min.
    pub pace: Rate,
    /// How devices learn of it: told by a `concierge` (default), or `by_itself`.
    pub learns: Learns,
    /// The way back, once the fault is over. Default: devices stay where they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_back: Option<FailBack>,
}

impl Default for Evacuate {
    fn default() -> Self {
        Self { detection: super::ten_minutes(), pace: super::pace(), learns: Learns::default(), fail_back: None }
    }
}

impl Remedy for Evacuate {
    fn plan(&self, _: &dyn Names) -> Result<Option<Plan>, String> {
        let Self { detection, pace, learns, fail_back: back } = *self;
        Ok(Some(Plan { detection, pace, spare: None, learns, back }))
    }
}
