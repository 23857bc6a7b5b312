//! `fixed`: the stamps of the scenario and no more.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Scale;
use crate::model::view::FleetView;
use crate::units::SimDuration;

/// Parameters of `fixed`: none.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedFleet {}

impl Scale for FixedFleet {
    fn add(&self, _: &FleetView, _: u32) -> u32 {
        0
    }

    fn period(&self) -> Option<SimDuration> {
        None
    }
}
