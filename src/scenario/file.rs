//! The shape of a scenario file. Unknown keys are refused everywhere, and every default is stated with its key.
//!
//! A policy is a table named after it (`[dps.allocation.hashed]`), never a `kind = "..."`: so a mistake in it keeps its
//! own line and column. Nothing is flattened or untagged, for the same reason.

mod catalog;
mod cohorts;
mod defaults;
mod dps;
mod expect;
mod faults;
mod gateway;
mod lifecycle;
mod moves;
mod run;
mod scaling;
mod shaping;
mod stamps;
mod users;
mod words;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::lifecycle::change::ChangeKind;
use crate::units::Ratio;

pub use catalog::{CATALOG, Catalog, PriceTable};
pub use cohorts::{Cohort, Commands, Enrollment, PopularityTable, Sas, TelemetryTable, Twins};
pub use dps::{Dps, Network, Service};
pub use expect::{Expect, LabelValue, PhaseOf};
pub use faults::{CommonCauseTable, Drawn, Fault, Incidents};
pub use gateway::{CacheTable, Gateway};
pub use lifecycle::{ChangeTable, Feature, FeatureBreaks, FeatureStage, Retirement};
pub use moves::{Move, MoveUsers, Select};
pub use run::{Run, StartTime, Steady, Windows};
pub use scaling::{DrainTable, Plan, Scaling};
pub use shaping::ShapingTable;
pub use stamps::{HubTable, Inflate, Ingress, Processing, QuotaRule, Routing, RoutingTier, ServersTable, Stamps};
pub use users::{Sessions, UserSwitch, Users};
pub use words::{Lasts, OrNever};

/// A scenario: the question first, then what the fleet looks like and what happens to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The question that the scenario answers, in one sentence.
    pub question: String,
    /// What a run answers, with places for its figures: `99 % are back after {time_to_recover_s share=99 %}`. A place names a
    /// measure and perhaps labels; of several figures the worst is taken. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Path of a scenario that this one varies, relative to this file. Tables are merged key by key; an array of tables
    /// replaces the base's, unless its items name items of the base: then they are merged by name. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// How long, how often and how finely is simulated.
    #[serde(default)]
    pub run: Run,
    /// Limits and prices.
    #[serde(default)]
    pub catalog: Catalog,
    /// Stamps at the start, in groups of equal ones; at least one.
    #[serde(default)]
    pub stamps: Vec<Stamps>,
    /// When stamps are added. Default: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaling: Option<Scaling>,
    /// What the fleet was meant to cost. Default: no plan, and no figure about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// Devices; at least one cohort.
    #[serde(default)]
    pub cohorts: Vec<Cohort>,
    /// Round trips of devices.
    #[serde(default)]
    pub network: Network,
    /// The Device Provisioning Service.
    #[serde(default)]
    pub dps: Dps,
    /// The gateway in front of all stamps. Default: one with all defaults when a cohort has `commands`, else none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<Gateway>,
    /// What goes wrong, and when. Default: nothing.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// Moves of devices between stamps. Default: none.
    #[serde(default)]
    pub moves: Vec<Move>,
    /// Features that are rolled out to chosen stamps. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<Feature>,
    /// Generations that are retired. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retirements: Vec<Retirement>,
    /// Changes that an operator makes to hubs. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangeTable>,
    /// Users of full stamps, in populations. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<Users>,
    /// Bounds on measures, for a gate. Default: none.
    #[serde(default)]
    pub expect: Vec<Expect>,
}

impl File {
    /// The file with its scale carried out: what it resolves to is a smaller fleet at scale 1.
    #[must_use]
    pub fn scaled(mut self) -> Self {
        let share = std::mem::replace(&mut self.run.scale, Ratio::ONE).get();
        if share >= 1.0 {
            return self;
        }
        // Nothing that there is shrinks to nothing.
        let scale = |n: &mut u32| *n = ((f64::from(*n) * share).round() as u32).max(u32::from(*n > 0));
        for stamps in &mut self.stamps {
            scale(&mut stamps.capacity);
            stamps.hub.devices_max.iter_mut().for_each(scale);
        }
        if let Some(scaling) = &mut self.scaling {
            scaling.policy.entry_mut().shrink(share);
        }
        for change in &mut self.changes {
            if let ChangeKind::SetUnits(set) = &mut change.kind {
                set.capacity.iter_mut().for_each(scale);
            }
        }
        for cohort in &mut self.cohorts {
            scale(&mut cohort.devices);
            cohort.growth.entry_mut().scale(share);
        }
        self.users.iter_mut().for_each(|users| scale(&mut users.users));
        self.dps.services.iter_mut().filter_map(|service| service.registrations_max.as_mut()).for_each(scale);
        if let Some(Gateway { cache: CacheTable { capacity: Some(capacity), .. }, .. }) = &mut self.gateway {
            scale(capacity);
        }
        self
    }
}
