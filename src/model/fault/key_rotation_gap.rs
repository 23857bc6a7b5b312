//! `key_rotation_gap`: the key by which DPS reaches a hub was rotated and DPS has the old one. Nobody can be provisioned
//! to that hub or moved off it; devices that are connected, or know it already, notice nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Names};
use crate::model::condition::{Condition, Effect, Target};

/// Parameters of `key_rotation_gap`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRotationGap {
    /// Name of the stamp whose key was rotated.
    pub stamp: String,
}

impl Fault for KeyRotationGap {
    fn effects(&self, names: &dyn Names) -> Result<Vec<Effect>, String> {
        Ok(vec![Effect::at_once(Target::Stamp(names.stamp(&self.stamp)?), Condition::NoProvisioning)])
    }
}
