//! Allocation: which stamp a registration is assigned to.
//!
//! The order of decisions is Azure's: enrollment, policy, candidates of the enrollment or all linked hubs, minus hubs
//! that do not take part; then the policy. Everything before the policy is done by the conversation in `event`.

mod capacity_aware;
mod cost_aware;
mod custom;
mod geo_latency;
mod hashed;
mod least_loaded;
mod static_hub;

pub use capacity_aware::CapacityAware;
pub use cost_aware::CostAware;
pub use custom::{Answer, Custom, Rule};
pub use geo_latency::GeoLatency;
pub use hashed::Hashed;
pub use least_loaded::LeastLoaded;
pub use static_hub::StaticHub;

use crate::kernel::draws::Stream;
use crate::model::ids::{CohortId, RegionId, RingId, StampId};
use crate::model::names::MoveNames;
use crate::model::region::RegionTable;
use crate::model::view::FleetView;
use crate::registry;

/// One registration that needs a stamp.
#[derive(Debug, Clone)]
pub struct AllocationRequest<'a> {
    /// Hash of the registration ID's name: the same ID always gives the same value.
    pub registration: u64,
    /// Draws of this registration, for policies that choose by chance.
    pub chance: Stream,
    /// Region of the device.
    pub region: RegionId,
    /// Cohort of the device.
    pub cohort: CohortId,
    /// Ring of its enrollment.
    pub ring: RingId,
    /// Its generation.
    pub generation: u16,
    /// Stamp it is assigned to today, if any.
    pub current: Option<StampId>,
    /// Stamps that take part, in order; never empty.
    pub candidates: &'a [StampId],
    /// Names of the stamps hashed, by stamp: adding a stamp moves no other hash.
    pub stamp_keys: &'a [u64],
    /// Regions of the stamps, by stamp.
    pub stamp_regions: &'a [RegionId],
}

/// An allocation policy: a pure decider.
pub trait Allocate {
    /// The chosen candidate, or nothing when the registration must fail.
    fn choose(&self, request: &AllocationRequest<'_>, view: &FleetView, regions: &RegionTable) -> Option<StampId>;

    /// Names of stamps that the parameters mention, to be checked when a scenario is loaded.
    fn stamps(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Takes the stamps behind [`Self::stamps`], in the same order.
    fn resolve(&mut self, _stamps: &[StampId]) {}

    /// Resolves other names; a message with the place of what names nothing, relative to the policy's table.
    fn resolve_names(&mut self, _names: &dyn MoveNames) -> Result<(), (String, String)> {
        Ok(())
    }

    /// The webhook that DPS has to ask, if any.
    fn webhook(&self) -> Option<&Custom> {
        None
    }

    /// Whether it may leave stamps without devices on purpose.
    fn leaves_out(&self) -> bool {
        false
    }
}

registry! {
    /// The registered allocation policies.
    pub enum AllocationPolicy: Allocate {
        Hashed("hashed", "Evenly weighted: a weighted hash of the registration ID, blind to load and capacity."),
        GeoLatency("geo_latency", "The stamp with the least latency from the device's region; ties are hashed by weight."),
        StaticHub("static", "One named stamp."),
        LeastLoaded("least_loaded", "Custom: the least full stamp by assigned devices against planned capacity."),
        CapacityAware("capacity_aware", "Custom: hashed over the stamps that still have planned capacity."),
        CostAware("cost_aware", "Custom: the stamp with room whose capacity costs least for one device more."),
        Custom("custom", "Custom: a webhook with latency, time limit and failures; rules by cohort, region, ring and generation, then another policy."),
    }
}

impl Default for AllocationPolicy {
    fn default() -> Self {
        Self::Hashed(Hashed::default())
    }
}
