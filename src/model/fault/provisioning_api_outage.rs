//! `provisioning_api_outage`: the API in front of DPS does not answer. Where it hands out scopes, new devices wait; where it
//! stands before DPS, nobody registers and nobody looks up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Names};
use crate::model::condition::{Condition, DownStyle, Effect, Target};

/// Parameters of `provisioning_api_outage`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProvisioningApiOutage {
    /// Whether requests fail at once (`reset`, default) or run into their time-outs (`silent`).
    pub style: DownStyle,
}

impl Fault for ProvisioningApiOutage {
    fn effects(&self, _: &dyn Names) -> Result<Vec<Effect>, String> {
        Ok(vec![Effect::at_once(Target::ProvisioningApi, Condition::Down(self.style))])
    }
}
