//! `dps_outage`: DPS answers nothing. Connected devices do not notice; new and lost ones do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Names};
use crate::model::condition::{Condition, DownStyle, Effect, Target};

/// Parameters of `dps_outage`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DpsOutage {
    /// Whether requests fail at once (`reset`, default) or run into their time-outs (`silent`).
    pub style: DownStyle,
}

impl Fault for DpsOutage {
    fn effects(&self, _: &dyn Names) -> Result<Vec<Effect>, String> {
        Ok(vec![Effect::at_once(Target::Dps, Condition::Down(self.style))])
    }
}
