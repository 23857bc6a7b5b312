//! Changes that an operator makes to a hub at a time. Those of allocation act on later registrations only: a device that is
//! assigned stays until it registers again (DPS concepts, "allocation policies").

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::ids::StampId;
use crate::registry;
use crate::units::{SimDuration, SimTime};

/// What becomes of the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeRule {
    /// Another allocation weight.
    Weight(u16),
    /// Whether it takes part in allocation.
    Takes(bool),
    /// Another number of units.
    Units {
        /// Units from then on.
        units: u32,
        /// Planned capacity from then on [devices]; nothing for the one it has.
        capacity: Option<u32>,
    },
}

/// One change, validated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeConfig {
    /// Name in tables and charts.
    pub name: String,
    /// Hash of the name.
    pub key: u64,
    /// When it takes effect.
    pub at: SimTime,
    /// The stamp whose hub is changed.
    pub stamp: StampId,
    /// What becomes of it.
    pub rule: ChangeRule,
}

/// A kind of change.
pub trait HubChange {
    /// Name of the stamp.
    fn stamp(&self) -> &str;

    /// What becomes of its hub.
    fn rule(&self) -> ChangeRule;

    /// Time from the call to its effect.
    fn delay(&self) -> SimDuration {
        SimDuration::ZERO
    }
}

registry! {
    /// The registered changes.
    pub enum ChangeKind: HubChange {
        SetWeight("set_weight", "Another allocation weight of a hub; acts on later registrations."),
        TakeDevices("take_devices", "Whether a hub takes part in allocation; acts on later registrations."),
        SetUnits("set_units", "Another number of units of a hub: limits, quota and price."),
    }
}

/// Parameters of `set_weight`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetWeight {
    /// Name of the stamp.
    pub stamp: String,
    /// Allocation weight, 1 to 1000.
    pub weight: u16,
}

/// Parameters of `take_devices`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeDevices {
    /// Name of the stamp.
    pub stamp: String,
    /// Whether the hub takes part in allocation from then on.
    pub takes: bool,
}

fn delay() -> SimDuration {
    SimDuration::from_secs(300)
}

/// Parameters of `set_units`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetUnits {
    /// Name of the stamp.
    pub stamp: String,
    /// Units of the hub from then on.
    pub units: u32,
    /// Devices that the stamp is planned for from then on. Default: as before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    /// Time from the call to the moment at which limits, quota and price change; no source states it. Default 5 min.
    #[serde(default = "delay")]
    pub delay: SimDuration,
}

impl HubChange for SetWeight {
    fn stamp(&self) -> &str {
        &self.stamp
    }

    fn rule(&self) -> ChangeRule {
        ChangeRule::Weight(self.weight)
    }
}

impl HubChange for TakeDevices {
    fn stamp(&self) -> &str {
        &self.stamp
    }

    fn rule(&self) -> ChangeRule {
        ChangeRule::Takes(self.takes)
    }
}

impl HubChange for SetUnits {
    fn stamp(&self) -> &str {
        &self.stamp
    }

    fn rule(&self) -> ChangeRule {
        ChangeRule::Units { units: self.units, capacity: self.capacity }
    }

    fn delay(&self) -> SimDuration {
        self.delay
    }
}
