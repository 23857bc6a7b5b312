//! `processing_restart`: the processing of a stamp stands still and then reads again from its last checkpoint.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Names};
use crate::model::condition::{Condition, Effect, Target};

/// Parameters of `processing_restart`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcessingRestart {
    /// Name of the stamp. Its `processing` says `checkpoint_every`.
    pub stamp: String,
}

impl Fault for ProcessingRestart {
    fn effects(&self, names: &dyn Names) -> Result<Vec<Effect>, String> {
        Ok(vec![Effect::at_once(Target::Processing(names.stamp(&self.stamp)?), Condition::Halted)])
    }
}
