//! Names of a scenario, as the parameters of faults and moves mention them. They are resolved when it is loaded.

use crate::model::ids::{CohortId, RegionId, RingId, ServiceId, StampId};
use crate::units::SimDuration;

/// Names of a scenario, as faults mention them.
pub trait Names {
    /// The stamp of a name, or a message that says what there is.
    fn stamp(&self, name: &str) -> Result<StampId, String>;
    /// The region of a name, or a message that says what there is.
    fn region(&self, name: &str) -> Result<RegionId, String>;
    /// The DPS instance of a name, or a message that says what there is.
    fn service(&self, name: &str) -> Result<ServiceId, String>;
    /// Every DPS instance.
    fn services(&self) -> Vec<ServiceId>;
    /// The cohort of a name, or a message that says what there is.
    fn cohort(&self, name: &str) -> Result<CohortId, String>;
    /// DPS's default detection time of a dead hub.
    fn detection(&self) -> Option<SimDuration>;
}

/// Names that only moves mention.
pub trait MoveNames: Names {
    /// The ring of a name, or a message that says what there is.
    fn ring(&self, name: &str) -> Result<RingId, String>;
}
