//! `fixed`: the stamps of the scenario and no more.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sight::Sight;
use super::{Order, Reach, Scale};
use crate::units::SimTime;

/// Parameters of `fixed`: none.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedFleet {}

impl Scale for FixedFleet {
    fn decide(&self, _: &Sight<'_>) -> Vec<Order> {
        Vec::new()
    }

    fn next(&self, _: SimTime) -> Option<SimTime> {
        None
    }

    fn reach(&self) -> Reach {
        Reach::Nothing
    }
}
