//! The section `[[stamps]]`: hub, routing endpoint and processing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::catalog::PriceTable;
use super::defaults::{lognormal, one, production};
use super::shaping::ShapingTable;
use crate::kernel::law::DurationLaw;
use crate::units::{Bytes, Rate, Ratio, SimDuration};

/// A group of equal stamps: hub, routing endpoint and processing, each built for a known number of devices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stamps {
    /// Name, with `{n}` for the number of the stamp when there are several, such as "weu-{n}".
    pub name: String,
    /// Number of stamps. Default 1.
    #[serde(default = "one")]
    pub count: u32,
    /// Azure region, such as "westeurope".
    pub region: String,
    /// Ring: devices of a cohort go to stamps of its ring. Default "production".
    #[serde(default = "production")]
    pub ring: String,
    /// Generations of devices that the stamps serve, such as [2, 3]: no other is assigned to them. Default: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub generations: Vec<u16>,
    /// Devices that one stamp is planned for. Soft: only capacity-aware allocation is held to it.
    pub capacity: u32,
    /// The hub.
    pub hub: HubTable,
    /// The routing endpoint behind the hub (Event Hubs); it is billed, and its limits are carried out if `ingress` is given.
    #[serde(default)]
    pub routing: Routing,
    /// The processing behind the routing endpoint.
    #[serde(default)]
    pub processing: Processing,
}

impl Stamps {
    /// Whether devices of a generation may be assigned to them.
    pub fn serves(&self, generation: u16) -> bool {
        self.generations.is_empty() || self.generations.contains(&generation)
    }
}

fn hub_answer() -> DurationLaw {
    lognormal(5, 30)
}

fn weight() -> u16 {
    1
}

fn yes() -> bool {
    true
}

/// What a hub does when its daily quota is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuotaRule {
    /// It counts on.
    #[default]
    Metered,
    /// It refuses sends and direct methods until 00:00 UTC.
    Enforced,
}

impl QuotaRule {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it by reference")]
    fn is_metered(&self) -> bool {
        *self == Self::Metered
    }
}

/// A hub.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HubTable {
    /// Edition: F1, B1, B2, B3, S1, S2 or S3.
    pub edition: String,
    /// Units of the edition. Default 1.
    #[serde(default = "one")]
    pub units: u32,
    /// Allocation weight, 1 to 1000. Default 1.
    #[serde(default = "weight")]
    pub weight: u16,
    /// Whether the hub takes part in allocation. Default true.
    #[serde(default = "yes")]
    pub takes_devices: bool,
    /// Most devices in the hub's registry; support raises the cap of an edition. Default: the edition's, 1,000,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices_max: Option<u32>,
    /// Daily message quota: `metered` and reported, or `enforced` by UTC day: what exceeds it is refused (403002) until
    /// 00:00 UTC. Default metered.
    #[serde(default, skip_serializing_if = "QuotaRule::is_metered")]
    pub quota: QuotaRule,
    /// How long a throttle must be over its limit until its refusals are called sustained (429001) and no longer a full
    /// backlog (429002) or a wait that is too long (429003). Default 10 min.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sustained_after: Option<SimDuration>,
    /// Shaping of new connections. Default: 60 s of credit, 30 s of backlog.
    #[serde(default)]
    pub connects: ShapingTable,
    /// Shaping of sends. Default: 60 s of credit, 30 s of backlog.
    #[serde(default)]
    pub sends: ShapingTable,
    /// Shaping of registry operations. Default: 60 s of credit, 30 s of backlog.
    #[serde(default)]
    pub registry: ShapingTable,
    /// Shaping of direct methods. Default: 60 s of credit, 30 s of backlog.
    #[serde(default)]
    pub methods: ShapingTable,
    /// Payload by which the direct-method limit is counted. Default: the largest `commands.request` of any cohort.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method_payload: Option<Bytes>,
    /// Time that the hub needs to answer, beside the network. Default lognormal, median 5 ms, 99 % below 30 ms.
    #[serde(default = "hub_answer")]
    pub answer: DurationLaw,
}

/// Tiers of the routing endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoutingTier {
    /// Event Hubs Standard.
    #[default]
    Standard,
    /// Event Hubs Basic.
    Basic,
    /// No routing endpoint, and no bill for one.
    None,
}

/// The routing endpoint of a stamp.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Routing {
    /// Throughput units. Default 1.
    pub throughput_units: u32,
    /// Tier: standard, basic or none. Default standard.
    pub tier: RoutingTier,
    /// Ingress limits of the throughput units, to be carried out. Default: the endpoint takes everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress: Option<Ingress>,
}

/// Ingress limits of a routing endpoint. A message that exceeds them is answered `ServerBusy`; the hub keeps it and sends it
/// again, in order, as soon as it is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ingress {
    /// Events that one throughput unit takes. Default 1000/s.
    pub events_per_unit: Rate,
    /// Bytes that one throughput unit takes in a second. Default 1 MB.
    pub bytes_per_unit: Bytes,
    /// Unused throughput that is kept, as time worth of the limit. Default 1 s.
    pub credit: SimDuration,
    /// How long the hub keeps a message that is not taken. Default 1 d: retention of device-to-cloud messages.
    pub retention: SimDuration,
    /// Auto-inflate. Default: off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inflate: Option<Inflate>,
}

impl Default for Ingress {
    fn default() -> Self {
        Self {
            events_per_unit: Rate::new(1_000, SimDuration::SECOND),
            bytes_per_unit: Bytes(1 << 20),
            credit: SimDuration::SECOND,
            retention: SimDuration::DAY,
            inflate: None,
        }
    }
}

/// How throughput units are raised while messages meet `ServerBusy`. They are never lowered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Inflate {
    /// Most throughput units. Default 20.
    pub units_max: u32,
    /// Units added at a time. Default 1.
    pub step: u32,
    /// From the first `ServerBusy` to the new units, and from one step to the next. Default 2 min.
    pub delay: SimDuration,
}

impl Default for Inflate {
    fn default() -> Self {
        Self { units_max: 20, step: 1, delay: SimDuration::MINUTE * 2 }
    }
}

impl Default for Routing {
    fn default() -> Self {
        Self { throughput_units: 1, tier: RoutingTier::default(), ingress: None }
    }
}

fn look() -> SimDuration {
    SimDuration::MINUTE
}

fn start_up() -> SimDuration {
    SimDuration::MINUTE * 2
}

/// When servers are added to the processing of a stamp. They are never taken away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServersTable {
    /// Most servers.
    pub servers_max: u32,
    /// Servers added at a time. Default 1.
    #[serde(default = "one")]
    pub step: u32,
    /// Use of the servers since the last look that adds some: work that came against work that they could do. This, `lag` or
    /// both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utilisation: Option<Ratio>,
    /// Wait of a message that came now that adds some. This, `utilisation` or both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag: Option<SimDuration>,
    /// Time between two looks. Default 1 min.
    #[serde(default = "look")]
    pub check_every: SimDuration,
    /// From the order to the first message of a new server; an assumption. Default 2 min.
    #[serde(default = "start_up")]
    pub delay: SimDuration,
}

/// The processing of a stamp.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Processing {
    /// Servers. Default 1.
    pub servers: u32,
    /// Time that one server needs for one message. Default 0 s: processing never makes a message wait.
    pub service: DurationLaw,
    /// Time between checkpoints: a restart reads everything again since the last one. Default: the position is saved with
    /// each message, and nothing is read again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint_every: Option<SimDuration>,
    /// Servers that are added when the processing is busy or behind. Default: their number stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<ServersTable>,
    /// What the processing of one stamp costs, with the servers of the start; more of them cost in proportion. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceTable>,
}

impl Default for Processing {
    fn default() -> Self {
        Self {
            servers: 1,
            service: DurationLaw::constant(SimDuration::ZERO),
            checkpoint_every: None,
            scale: None,
            price: None,
        }
    }
}
