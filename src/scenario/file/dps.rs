//! The sections `[network]` and `[dps]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::defaults::lognormal;
use super::shaping::ShapingTable;
use super::words::OrNever;
use crate::kernel::law::DurationLaw;
use crate::model::dps::allocation::AllocationPolicy;
use crate::model::dps::reprovisioning::{DeadSource, Reprovision};
use crate::model::dps::topology::TopologyPolicy;
use crate::units::{Rate, SimDuration};

/// Round trips of devices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Device to a hub of its region and back. Default lognormal, median 40 ms, 99 % below 300 ms.
    pub device_to_hub: DurationLaw,
    /// Device to DPS and back. Default lognormal, median 60 ms, 99 % below 400 ms.
    pub device_to_dps: DurationLaw,
    /// Whether distance between regions adds to the round trips. Default true.
    pub distance: bool,
    /// How long a device waits for a hub that does not answer. Default 30 s.
    pub connect_timeout: SimDuration,
    /// Whether it is followed which dead connections a hub takes for alive (`devices_half_dead`). Default false, but for
    /// faults that make them: `firmware_wave`, and `connections_lost` with style `silent`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub half_dead: bool,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            device_to_hub: lognormal(40, 300),
            device_to_dps: lognormal(60, 400),
            distance: true,
            connect_timeout: SimDuration::from_secs(30),
            half_dead: false,
        }
    }
}

/// The Device Provisioning Service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Dps {
    /// Equal instances without names of their own; registrations are spread over them by a hash of their ID. Default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instances: Option<u16>,
    /// Registrations that one instance accepts. Default 1000/min.
    pub registrations: Rate,
    /// Service operations, such as look-ups by the gateway, that one instance accepts. Default 1000/min.
    pub operations: Rate,
    /// Shaping of registrations. Default: 60 s of credit, no backlog.
    pub registration_shaping: ShapingTable,
    /// Shaping of service operations. Default: 60 s of credit, no backlog.
    pub operation_shaping: ShapingTable,
    /// Allocation policy, as a table named after it. Default `hashed`.
    pub allocation: AllocationPolicy,
    /// What a later registration keeps: `migrate` (the default), `reset` or `never`.
    pub reprovision: Reprovision,
    /// What becomes of a migration whose source hub is down: `reset` (the default) or `fail`.
    pub dead_source: DeadSource,
    /// Time that DPS works on one assignment. Default lognormal, median 300 ms, 99 % below 2 s.
    pub assignment: DurationLaw,
    /// Time that DPS needs to answer a status request. Default lognormal, median 50 ms, 99 % below 300 ms.
    pub status: DurationLaw,
    /// How long a refused request waits at least before the next one. Default 5 s.
    pub retry_after: SimDuration,
    /// How long a device whose registration failed waits before it asks again. Default 5 min.
    pub failed_retry: SimDuration,
    /// Time between two polls of the operation status by a device; at least 2 s. Default 2 s.
    pub poll: SimDuration,
    /// How long a device waits for an answer from a silent DPS. Default 30 s.
    pub request_timeout: SimDuration,
    /// Whether DPS's work draws on the registry throttles of the hubs. Default true.
    pub draws_on_registry: bool,
    /// Age of what policies see beyond DPS's own counts. Default 60 s.
    pub view_period: SimDuration,
    /// Whether a device that asks for its hub draws on the limit of registrations; sources disagree. Default true.
    #[serde(skip_serializing_if = "Clone::clone")]
    pub status_lookup_counts_as_registration: bool,
    /// How long after its start an outage takes a hub out of allocation, or "never". Default 5 min.
    pub detection: OrNever,
    /// Most instances, which support raises. Default: what the limits catalogue says, 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instances_max: Option<u16>,
    /// Most hubs that are linked to one instance, which support raises. Default: what the limits catalogue says, 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linked_hubs_max: Option<u16>,
    /// Instances with names and limits of their own, instead of `instances`. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// The way from a device to an instance, as a table named after it. Default `direct`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topology: Option<TopologyPolicy>,
}

/// One DPS instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Name, such as "dps-weu".
    pub name: String,
    /// Region, for an API that sends devices to the nearest instance. Default: the region of the first stamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Registrations that it accepts. Default: those of `[dps]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registrations: Option<Rate>,
    /// Service operations that it accepts. Default: those of `[dps]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operations: Option<Rate>,
    /// Most registrations that it holds, which support raises. Default: what the limits catalogue says, 1,000,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registrations_max: Option<u32>,
    /// Stamps whose hubs are linked to it: names, or names of groups. Default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stamps: Vec<String>,
}

impl Default for Dps {
    fn default() -> Self {
        Self {
            instances: None,
            registrations: Rate::new(1_000, SimDuration::MINUTE),
            operations: Rate::new(1_000, SimDuration::MINUTE),
            registration_shaping: ShapingTable::default(),
            operation_shaping: ShapingTable::default(),
            allocation: AllocationPolicy::default(),
            reprovision: Reprovision::default(),
            dead_source: DeadSource::default(),
            assignment: lognormal(300, 2_000),
            status: lognormal(50, 300),
            retry_after: SimDuration::from_secs(5),
            failed_retry: SimDuration::MINUTE * 5,
            poll: SimDuration::from_secs(2),
            request_timeout: SimDuration::from_secs(30),
            draws_on_registry: true,
            status_lookup_counts_as_registration: true,
            view_period: SimDuration::MINUTE,
            detection: OrNever::After(SimDuration::MINUTE * 5),
            instances_max: None,
            linked_hubs_max: None,
            services: Vec::new(),
            topology: None,
        }
    }
}
