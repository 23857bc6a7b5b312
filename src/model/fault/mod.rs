//! Faults: parameters in, a list of conditions out. When they happen is scheduled or drawn.

mod cache_outage;
mod connections_lost;
mod dead_hub;
mod dps_failover;
mod dps_outage;
mod firmware_wave;
mod front_end_outage;
mod hub_failover;
mod hub_outage;
mod key_rotation_gap;
mod degraded;
mod processing_restart;
mod provisioning_api_outage;
mod region_blackout;
pub mod remediation;
mod slow;
mod stamp_outage;

pub use cache_outage::CacheOutage;
pub use connections_lost::{ConnectionsLost, ZoneLoss};
pub use dead_hub::DeadHub;
pub use degraded::StampDegraded;
pub use dps_failover::DpsFailover;
pub use dps_outage::DpsOutage;
pub use firmware_wave::FirmwareWave;
pub use front_end_outage::FrontEndOutage;
pub use hub_failover::{HubFailover, Initiated};
pub use hub_outage::HubOutage;
pub use key_rotation_gap::KeyRotationGap;
pub use processing_restart::ProcessingRestart;
pub use provisioning_api_outage::ProvisioningApiOutage;
pub use region_blackout::RegionBlackout;
pub use slow::{CacheSlow, DpsSlow, StampSlow};
pub use stamp_outage::StampOutage;

use crate::kernel::law::DurationLaw;
use crate::model::condition::Effect;
use crate::model::names::Names;
use crate::registry;
use crate::units::{Ratio, SimDuration, SimTime};
use remediation::Plan;

/// A cause of trouble, composed of conditions.
pub trait Fault {
    /// The conditions over the time of the fault.
    fn effects(&self, names: &dyn Names) -> Result<Vec<Effect>, String>;

    /// The law of its length, for a cause that has one of its own; such a fault is given no `for`.
    fn length(&self) -> Option<DurationLaw> {
        None
    }
}

registry! {
    /// The registered faults.
    pub enum FaultCause: Fault {
        StampOutage("stamp_outage", "A whole stamp is down; DPS takes its hub out of allocation after the detection time."),
        HubOutage("hub_outage", "The hub of a stamp is down; DPS takes it out of allocation after the detection time."),
        DpsOutage("dps_outage", "DPS answers no registration and no look-up; all instances, or one."),
        CacheOutage("cache_outage", "The gateway's cache does not answer, and comes back empty."),
        RegionBlackout("region_blackout", "The devices of a region lose power and all come back at once."),
        DeadHub("dead_hub", "A stamp is down and its hub is left in the enrollment: DPS keeps sending devices to it."),
        StampDegraded("stamp_degraded", "A hub fails a share of requests, or works at a share of its limits."),
        StampSlow("stamp_slow", "A hub answers more slowly."),
        DpsSlow("dps_slow", "DPS answers more slowly."),
        ProcessingRestart("processing_restart", "The processing of a stamp stands still, then reads again from its last checkpoint."),
        CacheSlow("cache_slow", "The gateway's cache answers more slowly."),
        FrontEndOutage("front_end_outage", "The front end of a full stamp serves no user, while its hub works."),
        DpsFailover("dps_failover", "Microsoft fails a DPS instance over to the paired region, which takes hours."),
        ProvisioningApiOutage("provisioning_api_outage", "The API in front of DPS does not answer."),
        HubFailover("hub_failover", "A hub fails over to its paired region; its length is drawn, and what that region does not know is lost."),
        KeyRotationGap("key_rotation_gap", "DPS has the old key of a hub: nobody can be provisioned to it or moved off it."),
        FirmwareWave("firmware_wave", "Devices restart with new firmware, each once, spread over a time or in batches."),
        ConnectionsLost("connections_lost", "Live connections break while every service works; `silent` ones look alive for a while."),
        ZoneLoss("zone_loss", "A zone of a hub's region fails: its connections break, and the hub works on."),
    }
}

/// Most occurrences of faults in a run: they are numbered in 16 bits, of which one value means nobody.
pub const OCCURRENCES_MAX: usize = u16::MAX as usize;

/// When a fault happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// At a time, for a while; without an end it lasts to the horizon.
    At {
        /// Start.
        at: SimTime,
        /// Length of the cause; none for a fault that stays.
        lasts: Option<SimDuration>,
    },
    /// Once, for a length that is drawn.
    Once {
        /// Start.
        at: SimTime,
        /// Length of the cause.
        length: DurationLaw,
    },
    /// Again and again: gaps from the end of one to the start of the next, and repairs.
    Drawn {
        /// Time without the fault.
        gap: DurationLaw,
        /// Time with the fault.
        repair: DurationLaw,
    },
    /// As a list says, in order of their start.
    Listed(Vec<Incident>),
}

/// One occurrence of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// Start.
    pub at: SimTime,
    /// Length.
    pub lasts: SimDuration,
    /// What it does.
    pub effects: Vec<Effect>,
    /// Targets that it strikes.
    pub targets: usize,
}

/// What a fault strikes beside its own target, by a cause in common.
#[derive(Debug, Clone, PartialEq)]
pub struct CommonCause {
    /// Share of the occurrences that strike the others too.
    pub share: Ratio,
    /// What it does to the others.
    pub effects: Vec<Effect>,
    /// How many others there are.
    pub targets: usize,
}

/// One fault, validated.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultConfig {
    /// Name in tables and charts.
    pub name: String,
    /// Hash of the name; keys the draws.
    pub key: u64,
    /// When it happens.
    pub schedule: Schedule,
    /// What it does.
    pub effects: Vec<Effect>,
    /// What else it strikes; none for a fault that strikes only its own target.
    pub common: Option<CommonCause>,
    /// What an operator does about it; none where nothing is said of that, and so nothing measured.
    pub remedy: Option<RemedyConfig>,
}

/// A remedy, validated.
#[derive(Debug, Clone, PartialEq)]
pub struct RemedyConfig {
    /// Name in tables and charts.
    pub name: String,
    /// Who is moved where; none where the operator waits.
    pub plan: Option<Plan>,
}
