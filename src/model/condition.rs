//! The small closed set of effects that a fault composes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::ids::{RegionId, ServiceId, StampId};
use crate::units::SimDuration;

/// How something that is down looks from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DownStyle {
    /// Connections break at once and requests are refused at once.
    #[default]
    Reset,
    /// Nothing answers: connections are noticed to be dead by keep-alive, requests run into their time-outs.
    Silent,
}

/// What a condition acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// The hub of a stamp, and all that runs behind it.
    Stamp(StampId),
    /// One instance of the Device Provisioning Service.
    Dps(ServiceId),
    /// The API in front of DPS, where the topology has one.
    ProvisioningApi,
    /// The gateway's shared cache.
    Cache,
    /// The gateway's secondary cache.
    SecondaryCache,
    /// The devices of a region.
    Region(RegionId),
    /// The processing of a stamp.
    Processing(StampId),
}

/// One effect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Condition {
    /// Does not work at all.
    Down(DownStyle),
    /// Answers this many times slower.
    Slow(f64),
    /// Fails this share of requests.
    ErrorRate(f64),
    /// Fails this share of the requests of the devices that have a feature, by its number.
    ErrorRateOf(f64, u16),
    /// Works at this share of its limits.
    CapacityCut(f64),
    /// Loses its contents when the condition begins.
    Flush,
    /// Devices without power; all return when it ends, spread evenly over this time.
    Off(SimDuration),
    /// The hub takes part in no allocation.
    Excluded,
    /// The stamp's front end serves no user; its hub is another matter.
    NoFrontEnd(DownStyle),
    /// Processing stands still.
    Halted,
}

/// A condition on a target over a part of the fault's time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// What it acts on.
    pub target: Target,
    /// What it does.
    pub condition: Condition,
    /// When it begins, after the start of the fault. An effect that would begin after the fault's end does not.
    pub delay: SimDuration,
}

impl Effect {
    /// An effect over the whole of the fault.
    pub fn at_once(target: Target, condition: Condition) -> Self {
        Self { target, condition, delay: SimDuration::ZERO }
    }
}
