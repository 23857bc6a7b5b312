//! Remedies: what an operator does about a stamp that is down. A remedy says who is moved where, and how fast; how each
//! device then finds its new stamp is a conversation of `event`.

mod evacuate;
mod wait;
mod warm_spare;

pub use evacuate::Evacuate;
pub use wait::Wait;
pub use warm_spare::WarmSpare;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::ids::StampId;
use crate::model::names::Names;
use crate::registry;
use crate::units::{Rate, SimDuration};

/// How a device that was moved learns of it while its old hub is down and can tell it nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Learns {
    /// A service beside the hubs tells it, at its turn.
    #[default]
    Concierge,
    /// By itself, when its reconnect rule sends it to DPS, or when the hub is back and refuses it.
    ByItself,
}

/// The way back, once the fault is over.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FailBack {
    /// Time from the end of the fault to the first eviction. Default 30 min.
    #[serde(default = "half_hour")]
    pub after: SimDuration,
    /// Evictions from then on. Default 600/min.
    #[serde(default = "pace")]
    pub pace: Rate,
}

fn half_hour() -> SimDuration {
    SimDuration::MINUTE * 30
}

fn ten_minutes() -> SimDuration {
    SimDuration::MINUTE * 10
}

fn pace() -> Rate {
    "600/min".parse().expect("a rate")
}

/// What a remedy comes to, with names resolved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Time from the start of the fault to the first eviction.
    pub detection: SimDuration,
    /// Evictions from then on.
    pub pace: Rate,
    /// Stamp that the devices are pinned to; none for those that the allocation policy chooses.
    pub spare: Option<StampId>,
    /// How devices learn of it.
    pub learns: Learns,
    /// The way back; none where devices stay.
    pub back: Option<FailBack>,
}

/// A remedy.
pub trait Remedy {
    /// Who is moved where; nothing where nobody is.
    fn plan(&self, names: &dyn Names) -> Result<Option<Plan>, String>;
}

registry! {
    /// The registered remedies.
    pub enum Remediation: Remedy {
        Wait("wait", "Nothing is done: devices come back when the stamp does."),
        Evacuate("evacuate", "Devices are moved to the other stamps of the ring once the operator has noticed."),
        WarmSpare("warm_spare", "Devices are moved to a stamp that is kept empty for this."),
    }
}
