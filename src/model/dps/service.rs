//! The service itself: its limits, the time its work takes, and who is linked to it.

use crate::kernel::law::DurationLaw;
use crate::model::dps::allocation::AllocationPolicy;
use crate::model::dps::reprovisioning::{DeadSource, Reprovision};
use crate::model::dps::topology::{Role, TopologyPolicy};
use crate::model::ids::{RegionId, ServiceId, StampId};
use crate::model::limit::{Bucket, Shaping};
use crate::units::{Rate, SimDuration, SimTime};

/// The stamps whose hubs are linked to an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Links {
    /// All of them, those added in the run included.
    All,
    /// Some.
    Listed {
        /// Stamps of the start, sorted.
        stamps: Vec<StampId>,
        /// Whether stamps added in the run are linked too.
        added: bool,
    },
}

impl Links {
    /// Whether a stamp is linked; `at_start` is the number of stamps at the start.
    pub fn has(&self, stamp: StampId, at_start: usize) -> bool {
        match self {
            Self::All => true,
            Self::Listed { added, .. } if stamp.index() >= at_start => *added,
            Self::Listed { stamps, .. } => stamps.binary_search(&stamp).is_ok(),
        }
    }
}

/// One instance, validated.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceConfig {
    /// Name in tables and charts.
    pub name: String,
    /// Hash of the name; ranks the instance in a balance by hash.
    pub key: u64,
    /// Region.
    pub region: RegionId,
    /// Registrations that it accepts.
    pub registrations: Rate,
    /// Service operations (look-ups by the gateway) that it accepts.
    pub operations: Rate,
    /// Most registrations that it holds; none for no bound.
    pub registrations_max: Option<u32>,
    /// Linked hubs.
    pub links: Links,
}

/// DPS, validated.
#[derive(Debug, Clone, PartialEq)]
pub struct DpsConfig {
    /// Instances, at least one.
    pub services: Vec<ServiceConfig>,
    /// Whether the instances have names of their own, so that figures are shown for each.
    pub named: bool,
    /// The way from a device to an instance.
    pub topology: TopologyPolicy,
    /// Shaping of registrations.
    pub registration_shaping: Shaping,
    /// Shaping of operations.
    pub operation_shaping: Shaping,
    /// Allocation policy of the enrollment groups.
    pub allocation: AllocationPolicy,
    /// What a later registration keeps.
    pub reprovision: Reprovision,
    /// What becomes of a migration whose source hub is down.
    pub dead_source: DeadSource,
    /// Time that DPS works on one assignment, without waits for hub registries.
    pub assignment: DurationLaw,
    /// Time that DPS needs to answer a status request.
    pub status: DurationLaw,
    /// How long a refused or failed request waits at least before the next one.
    pub retry_after: SimDuration,
    /// How long a device whose registration was refused for good waits before it asks again.
    pub failed_retry: SimDuration,
    /// Time between two polls of the operation status by a device.
    pub poll: SimDuration,
    /// How long a device waits for an answer from a silent DPS.
    pub request_timeout: SimDuration,
    /// Whether DPS's work draws on the registry throttles of the hubs.
    pub draws_on_registry: bool,
    /// Whether a device that asks for its hub draws on the limit of registrations.
    pub lookup_counts: bool,
    /// Age of what policies see beyond DPS's own counts.
    pub view_period: SimDuration,
    /// How long after its start an outage takes a hub out of allocation; none for never.
    pub detection: Option<SimDuration>,
}

impl DpsConfig {
    /// Registrations that all instances accept [1/s].
    pub fn registrations_per_second(&self) -> f64 {
        self.services.iter().map(|service| service.registrations.per_second()).sum()
    }

    /// Service operations that all instances accept [1/s].
    pub fn operations_per_second(&self) -> f64 {
        self.services.iter().map(|service| service.operations.per_second()).sum()
    }

    /// Whether figures are shown for each instance.
    pub fn is_followed(&self) -> bool {
        self.named || !matches!(self.topology, TopologyPolicy::Direct(_))
    }

    /// Whether look-ups ask the store of an API instead of DPS.
    pub fn has_store(&self) -> bool {
        self.topology.entry().api().is_some_and(|api| matches!(api.role, Role::StandsBefore { .. }))
    }

    /// Whether every instance can assign so many devices wherever they go, and devices come as they please.
    pub fn takes_all(&self, devices: f64) -> bool {
        let takes = |service: &ServiceConfig| {
            service.links == Links::All && service.registrations_max.is_none_or(|most| f64::from(most) >= devices)
        };
        self.topology.entry().installers().is_none() && self.services.iter().all(takes)
    }

    /// The instances that devices are assigned by: all but a factory's.
    pub fn targets(&self) -> impl Iterator<Item = ServiceId> + Clone {
        let factory = self.topology.entry().factory();
        (0..self.services.len() as u16).map(ServiceId).filter(move |service| Some(*service) != factory)
    }
}

/// The limits of one instance, and what it did.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// Limit on registrations.
    pub registrations: Bucket,
    /// Limit on service operations.
    pub operations: Bucket,
    /// Registrations that it accepted.
    pub accepted: u64,
    /// Register requests that its limit refused.
    pub refused: u64,
    /// Registrations that it holds.
    pub held: u32,
    /// Most that it held at any time.
    pub held_most: u32,
    /// Devices that were told to use it.
    pub scopes: u32,
}

impl Instance {
    /// An idle instance.
    pub fn new(config: &DpsConfig, service: &ServiceConfig, now: SimTime) -> Self {
        Self {
            registrations: Bucket::new(service.registrations, config.registration_shaping, now),
            operations: Bucket::new(service.operations, config.operation_shaping, now),
            accepted: 0,
            refused: 0,
            held: 0,
            held_most: 0,
            scopes: 0,
        }
    }

    /// It holds one registration more.
    pub fn hold(&mut self) {
        self.held += 1;
        self.held_most = self.held_most.max(self.held);
    }
}

/// The first poll that can see an assignment which is done at `done`, when polls follow `answered` each `poll`.
pub fn poll_after(answered: SimTime, done: SimTime, poll: SimDuration) -> SimTime {
    let polls = done.0.saturating_sub(answered.0).div_ceil(poll.0.max(1)).max(1);
    answered + poll * polls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_sees_its_assignment_at_a_poll_and_not_before_the_first() {
        let at = |answered, done| poll_after(SimTime(answered), SimTime(done), SimDuration(10)).0;
        assert_eq!([at(100, 90), at(100, 110), at(100, 111), at(100, 145)], [110, 110, 120, 150]);
    }

    #[test]
    fn links_are_all_or_those_listed_and_added_stamps_follow_their_group() {
        let listed = |added| Links::Listed { stamps: vec![StampId(0), StampId(2)], added };
        let linked = |links: &Links| (0..4).map(|s| links.has(StampId(s), 3)).collect::<Vec<_>>();
        assert_eq!(linked(&Links::All), [true; 4]);
        assert_eq!(linked(&listed(false)), [true, false, true, false]);
        assert_eq!(linked(&listed(true)), [true, false, true, true]);
    }
}
