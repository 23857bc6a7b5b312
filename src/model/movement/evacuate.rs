//! `evacuate`: everything off a stamp, before maintenance or when it is degraded. The stamp leaves allocation first, so
//! that no device is sent back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Move, MoveNames, MoveRule};

/// Parameters of `evacuate`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evacuate {
    /// Name of the stamp.
    pub stamp: String,
}

impl Move for Evacuate {
    fn rule(&self, names: &dyn MoveNames) -> Result<MoveRule, String> {
        Ok(MoveRule { from: vec![names.stamp(&self.stamp)?], close_source: true, ..MoveRule::default() })
    }
}
