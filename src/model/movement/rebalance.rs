//! `rebalance`: devices move onto one stamp until it is as full as the others of its ring. Their enrollments are pinned
//! to it, since no allocation policy would send them there by itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Move, MoveNames, MoveRule};

/// Parameters of `rebalance`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rebalance {
    /// Name of the stamp that takes devices.
    pub to: String,
}

impl Move for Rebalance {
    fn rule(&self, names: &dyn MoveNames) -> Result<MoveRule, String> {
        Ok(MoveRule { to: Some(names.stamp(&self.to)?), level: true, ..MoveRule::default() })
    }
}
