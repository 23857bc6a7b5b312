//! The small closed set of effects that a fault composes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::law::DurationLaw;
use crate::model::ids::{CohortId, RegionId, ServiceId, StampId};
use crate::units::{Ratio, SimDuration};

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
    /// All devices.
    Fleet,
}

/// Which devices a condition strikes; what is not given takes all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Struck {
    /// Only this cohort.
    pub cohort: Option<CohortId>,
    /// Only devices whose home is this region.
    pub region: Option<RegionId>,
    /// Only this generation.
    pub generation: Option<u16>,
}

/// Devices that restart one after the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wave {
    /// Which devices.
    pub who: Struck,
    /// Time that one is off.
    pub reboot: DurationLaw,
    /// Batches in which they restart, evenly over the fault's time; none for each at a time of its own.
    pub batches: Option<u32>,
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
    /// The hub is on its way to another region. When it is back, what was written within this time before is lost.
    FailingOver(DurationLaw),
    /// DPS cannot put an identity onto the hub or take one off.
    NoProvisioning,
    /// Devices restart, each once within the fault's time.
    Reboots(Wave),
    /// This share of the live connections breaks when the condition begins.
    Breaks(Ratio, DownStyle, Struck),
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

    /// The same effect on another target of the kind of its own; none for an effect on what there is only once.
    pub fn on(self, other: Target) -> Option<Self> {
        let target = match (self.target, other) {
            (Target::Stamp(_), Target::Stamp(_)) | (Target::Region(_), Target::Region(_)) => other,
            (Target::Processing(_), Target::Stamp(stamp)) => Target::Processing(stamp),
            _ => return None,
        };
        Some(Self { target, ..self })
    }
}
