//! `front_end_outage`: the front end of a stamp is down while its hub works. Users move, their devices stay: a split.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Names};
use crate::model::condition::{Condition, DownStyle, Effect, Target};

/// Parameters of `front_end_outage`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FrontEndOutage {
    /// Name of the stamp.
    pub stamp: String,
    /// Whether requests are refused at once (`reset`, default) or run into their time-outs (`silent`).
    #[serde(default)]
    pub style: DownStyle,
}

impl Fault for FrontEndOutage {
    fn effects(&self, names: &dyn Names) -> Result<Vec<Effect>, String> {
        let target = Target::Stamp(names.stamp(&self.stamp)?);
        Ok(vec![Effect::at_once(target, Condition::NoFrontEnd(self.style))])
    }
}
