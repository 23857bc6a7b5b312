//! `static`: every registration goes to one named stamp. It suits pinning a ring, or a test of one stamp.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Allocate, AllocationRequest};
use crate::model::ids::StampId;
use crate::model::region::RegionTable;
use crate::model::view::FleetView;

/// Parameters of `static`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StaticHub {
    /// Name of the stamp. A registration fails while that stamp takes no part in allocation.
    pub stamp: String,
    #[serde(skip)]
    #[schemars(skip)]
    resolved: Option<StampId>,
}

impl Allocate for StaticHub {
    fn choose(&self, request: &AllocationRequest<'_>, _: &FleetView, _: &RegionTable) -> Option<StampId> {
        self.resolved.filter(|stamp| request.candidates.contains(stamp))
    }

    fn stamps(&self) -> Vec<&str> {
        vec![&self.stamp]
    }

    fn leaves_out(&self) -> bool {
        true
    }

    fn resolve(&mut self, stamps: &[StampId]) {
        self.resolved = stamps.first().copied();
    }
}
