//! `hub_outage`: the hub of a stamp is down, and the processing behind it starves. For devices and for DPS it is a
//! stamp outage by another name; incident lists tell the two apart, so scenarios may too.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Names, StampOutage};
use crate::model::condition::{Condition, DownStyle, Effect};
use crate::units::SimDuration;

/// Parameters of `hub_outage`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HubOutage {
    /// Name of the stamp whose hub is down.
    pub stamp: String,
    /// Whether connections break at once (`reset`, default) or are noticed by keep-alive (`silent`).
    #[serde(default)]
    pub style: DownStyle,
    /// When the hub is taken out of allocation, after the start. Default: DPS's `detection`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detection: Option<SimDuration>,
}

impl Fault for HubOutage {
    fn effects(&self, names: &dyn Names) -> Result<Vec<Effect>, String> {
        let (stamp, style, detection) = (self.stamp.clone(), self.style, self.detection);
        let of_stamp = StampOutage { stamp, style, detection }.effects(names)?;
        // Its users still reach the front end.
        Ok(of_stamp.into_iter().filter(|effect| !matches!(effect.condition, Condition::NoFrontEnd(_))).collect())
    }
}
