//! Faults: parameters in, a list of conditions out. When they happen is scheduled or drawn.

mod cache_outage;
mod dead_hub;
mod dps_failover;
mod dps_outage;
mod front_end_outage;
mod hub_outage;
mod degraded;
mod processing_restart;
mod provisioning_api_outage;
mod region_blackout;
mod slow;
mod stamp_outage;

pub use cache_outage::CacheOutage;
pub use dead_hub::DeadHub;
pub use degraded::StampDegraded;
pub use dps_failover::DpsFailover;
pub use dps_outage::DpsOutage;
pub use front_end_outage::FrontEndOutage;
pub use hub_outage::HubOutage;
pub use processing_restart::ProcessingRestart;
pub use provisioning_api_outage::ProvisioningApiOutage;
pub use region_blackout::RegionBlackout;
pub use slow::{CacheSlow, DpsSlow, StampSlow};
pub use stamp_outage::StampOutage;

use crate::kernel::law::DurationLaw;
use crate::model::condition::Effect;
use crate::model::names::Names;
use crate::registry;
use crate::units::{SimDuration, SimTime};

/// A cause of trouble, composed of conditions.
pub trait Fault {
    /// The conditions over the time of the fault.
    fn effects(&self, names: &dyn Names) -> Result<Vec<Effect>, String>;

    /// How long it lasts, where the cause itself says so; then the scenario gives no length.
    fn lasts(&self) -> Option<DurationLaw> {
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
    }
}

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
    /// At a time, for a length that is drawn.
    Once {
        /// Start.
        at: SimTime,
        /// Length of the cause.
        lasts: DurationLaw,
    },
    /// Again and again: gaps from the end of one to the start of the next, and repairs.
    Drawn {
        /// Time without the fault.
        gap: DurationLaw,
        /// Time with the fault.
        repair: DurationLaw,
    },
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
}
