//! The service itself: its limits, the time its work takes, and who is linked to it.

use crate::kernel::law::DurationLaw;
use crate::model::dps::allocation::AllocationPolicy;
use crate::model::dps::reprovisioning::{DeadSource, Reprovision};
use crate::model::limit::{Bucket, Shaping};
use crate::units::{Rate, SimDuration, SimTime};

/// DPS, validated.
#[derive(Debug, Clone, PartialEq)]
pub struct DpsConfig {
    /// Instances; registrations are spread over them by a hash of their ID.
    pub instances: u16,
    /// Registrations that one instance accepts.
    pub registrations: Rate,
    /// Service operations (look-ups by the gateway) that one instance accepts.
    pub operations: Rate,
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
    /// Age of what policies see beyond DPS's own counts.
    pub view_period: SimDuration,
    /// How long after its start an outage takes a hub out of allocation; none for never.
    pub detection: Option<SimDuration>,
}

/// The limits of one instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// Limit on registrations.
    pub registrations: Bucket,
    /// Limit on service operations.
    pub operations: Bucket,
}

impl Instance {
    /// An idle instance.
    pub fn new(config: &DpsConfig, now: SimTime) -> Self {
        Self {
            registrations: Bucket::new(config.registrations, config.registration_shaping, now),
            operations: Bucket::new(config.operations, config.operation_shaping, now),
        }
    }
}

/// The first poll that can see an assignment which is done at `done`, when polls follow `answered` each `poll`.
pub fn poll_after(answered: SimTime, done: SimTime, poll: SimDuration) -> SimTime {
    let polls = done.0.saturating_sub(answered.0).div_ceil(poll.0.max(1)).max(1);
    SimTime(answered.0 + polls * poll.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_sees_its_assignment_at_a_poll_and_not_before_the_first() {
        let at = |answered, done| poll_after(SimTime(answered), SimTime(done), SimDuration(10)).0;
        assert_eq!([at(100, 90), at(100, 110), at(100, 111), at(100, 145)], [110, 110, 120, 150]);
    }
}
