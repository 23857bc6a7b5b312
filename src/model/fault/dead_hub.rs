//! `dead_hub`: the trap that Azure's guide names. The hub is down but still in the enrollment, so DPS sends the
//! devices that ask for a new hub back to the dead one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Names};
use crate::model::condition::{Condition, DownStyle, Effect, Target};

/// Parameters of `dead_hub`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeadHub {
    /// Name of the stamp.
    pub stamp: String,
    /// Whether connections break at once (`reset`, default) or are noticed by keep-alive (`silent`).
    #[serde(default)]
    pub style: DownStyle,
}

impl Fault for DeadHub {
    fn effects(&self, names: &dyn Names) -> Result<Vec<Effect>, String> {
        let target = Target::Stamp(names.stamp(&self.stamp)?);
        let down = [Condition::Down(self.style), Condition::NoFrontEnd(self.style)];
        Ok(down.map(|condition| Effect::at_once(target, condition)).to_vec())
    }
}
