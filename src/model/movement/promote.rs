//! `promote`: devices leave one ring for another; Azure's guide calls it late binding. The operator changes the
//! enrollment and removes the device from the old hub, which then rejects it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Move, MoveNames, MoveRule};

/// Parameters of `promote`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Promote {
    /// Ring that the devices leave, such as `test`.
    pub from_ring: String,
    /// Ring that they join, such as `production`.
    pub to_ring: String,
}

impl Move for Promote {
    fn rule(&self, names: &dyn MoveNames) -> Result<MoveRule, String> {
        let (ring, to_ring) = (names.ring(&self.from_ring)?, names.ring(&self.to_ring)?);
        if ring == to_ring {
            return Err(format!("ring `{}` is promoted to itself", self.from_ring));
        }
        Ok(MoveRule { ring: Some(ring), to_ring: Some(to_ring), ..MoveRule::default() })
    }
}
