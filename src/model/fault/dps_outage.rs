//! `dps_outage`: DPS answers nothing, all instances or one. Connected devices do not notice; new and lost ones do.

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
    /// Name of the instance that is down. Default: all are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

impl Fault for DpsOutage {
    fn effects(&self, names: &dyn Names) -> Result<Vec<Effect>, String> {
        let struck = match &self.service {
            Some(name) => vec![names.service(name)?],
            None => names.services(),
        };
        let down = |service| Effect::at_once(Target::Dps(service), Condition::Down(self.style));
        Ok(struck.into_iter().map(down).collect())
    }
}
