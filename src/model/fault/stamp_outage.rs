//! `stamp_outage`: a whole stamp is down. The commonest drill: who notices, and for how long?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Names};
use crate::model::condition::{Condition, DownStyle, Effect, Target};
use crate::units::SimDuration;

/// Parameters of `stamp_outage`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StampOutage {
    /// Name of the stamp.
    pub stamp: String,
    /// Whether connections break at once (`reset`, default) or are noticed by keep-alive (`silent`).
    #[serde(default)]
    pub style: DownStyle,
    /// When the hub is taken out of allocation, after the start. Default: DPS's `detection`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detection: Option<SimDuration>,
}

impl Fault for StampOutage {
    fn effects(&self, names: &dyn Names) -> Result<Vec<Effect>, String> {
        let target = Target::Stamp(names.stamp(&self.stamp)?);
        let mut effects = vec![Effect::at_once(target, Condition::Down(self.style))];
        if let Some(delay) = self.detection.or(names.detection()) {
            effects.push(Effect { target, condition: Condition::Excluded, delay });
        }
        effects.push(Effect::at_once(target, Condition::NoFrontEnd(self.style)));
        Ok(effects)
    }
}
