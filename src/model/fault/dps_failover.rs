//! `dps_failover`: Microsoft fails an instance over to the paired region. Nobody else can start it (Azure facts, "DPS
//! availability"), and it takes hours. Its registrations are there when it is back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Names};
use crate::kernel::law::{DurationForm, DurationLaw};
use crate::model::condition::{Condition, DownStyle, Effect, Target};
use crate::units::SimDuration;

/// Parameters of `dps_failover`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DpsFailover {
    /// Name of the instance.
    pub service: String,
    /// From the loss of the instance to its first answer. Default 2 h to 26 h, uniform.
    #[serde(default = "rto")]
    pub rto: DurationLaw,
    /// Whether requests fail at once (`reset`, default) or run into their time-outs (`silent`).
    #[serde(default)]
    pub style: DownStyle,
}

fn rto() -> DurationLaw {
    let (low, high) = (SimDuration::HOUR * 2, SimDuration::HOUR * 26);
    DurationLaw::new(DurationForm::Uniform { low, high }).expect("the bounds are in order")
}

impl Fault for DpsFailover {
    fn effects(&self, names: &dyn Names) -> Result<Vec<Effect>, String> {
        let target = Target::Dps(names.service(&self.service)?);
        Ok(vec![Effect::at_once(target, Condition::Down(self.style))])
    }

    fn length(&self) -> Option<DurationLaw> {
        Some(self.rto)
    }
}
