//! The shape of a scenario file. Unknown keys are refused everywhere, and every default is stated with its key.
//!
//! A policy is a table named after it (`[dps.allocation.hashed]`), never a `kind = "..."`: so a mistake in it keeps its
//! own line and column. Nothing is flattened or untagged, for the same reason.

mod users;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::civil::DateTime;
use schemars::JsonSchema;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use toml::value::Datetime;

use crate::kernel::arrivals::RateProfile;
use crate::kernel::law::{DurationForm, DurationLaw, LogNormalSpread};
use crate::model::backoff::BackoffRule;
use crate::model::dps::allocation::AllocationPolicy;
use crate::model::dps::reprovisioning::{DeadSource, Reprovision};
use crate::model::fault::FaultCause;
use crate::model::gateway::eviction::EvictionPolicy;
use crate::model::gateway::fallback::FallbackPolicy;
use crate::model::limit::{Allowance, Shaping};
use crate::model::movement::MoveKind;
use crate::model::population::cohort::{ReconnectRule, Start};
use crate::model::population::growth::GrowthLaw;
use crate::model::population::traffic::Fidelity;
use crate::model::stamp::scaling::ScalingPolicy;
use crate::units::{Bytes, Horizon, Rate, Ratio, SimDuration};

pub use users::{Sessions, UserSwitch, Users};

/// A scenario: the question first, then what the fleet looks like and what happens to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The question that the scenario answers, in one sentence.
    pub question: String,
    /// Path of a scenario that this one varies, relative to this file. Tables are merged key by key; an array of tables
    /// replaces the base's, unless its items name items of the base: then they are merged by name. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// How long, how often and how finely is simulated.
    #[serde(default)]
    pub run: Run,
    /// Limits and prices.
    #[serde(default)]
    pub catalog: Catalog,
    /// Stamps at the start, in groups of equal ones; at least one.
    #[serde(default)]
    pub stamps: Vec<Stamps>,
    /// When stamps are added. Default: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaling: Option<Scaling>,
    /// What the fleet was meant to cost. Default: no plan, and no figure about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// Devices; at least one cohort.
    #[serde(default)]
    pub cohorts: Vec<Cohort>,
    /// Round trips of devices.
    #[serde(default)]
    pub network: Network,
    /// The Device Provisioning Service.
    #[serde(default)]
    pub dps: Dps,
    /// The gateway in front of all stamps. Default: one with all defaults when a cohort has `commands`, else none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<Gateway>,
    /// What goes wrong, and when. Default: nothing.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// Moves of devices between stamps. Default: none.
    #[serde(default)]
    pub moves: Vec<Move>,
    /// Users of full stamps, in populations. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<Users>,
    /// Bounds on measures, for a gate. Default: none.
    #[serde(default)]
    pub expect: Vec<Expect>,
}

/// How long, how often and how finely is simulated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Run {
    /// Date and time of the start in UTC; daily quotas reset at 00:00 UTC. Default 2026-01-01T00:00:00Z.
    pub start: StartTime,
    /// Simulated length; months and years follow the calendar. Default 1 d.
    pub horizon: Horizon,
    /// Independent replications. Default 30.
    pub replications: u32,
    /// Seed of all randomness. Default 1.
    pub seed: u64,
    /// Length of a window of the series. Default: about a 120th of the horizon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<SimDuration>,
    /// Tick of flows and of arrivals. Default 1 s.
    pub tick: SimDuration,
    /// Tick of growth. Default 1 h.
    pub growth_tick: SimDuration,
    /// Most events of one replication. Default 500 million.
    pub event_budget: u64,
    /// How telemetry is simulated: counts per tick (`flow`, the default) or each message (`events`).
    pub telemetry: Fidelity,
    /// Declares a study of the long run: figures leave out the warm-up. Default: a terminating study, of the whole run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steady: Option<Steady>,
    /// Share of the fleet that is simulated, for a quick look: devices, their growth and the capacities of stamps and
    /// caches shrink together, limits and prices stay. Default 1.
    pub scale: Ratio,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            start: StartTime::default(),
            horizon: Horizon::from(SimDuration::DAY),
            replications: 30,
            seed: 1,
            window: None,
            tick: SimDuration::SECOND,
            growth_tick: SimDuration::HOUR,
            event_budget: 500_000_000,
            telemetry: Fidelity::default(),
            steady: None,
            scale: Ratio::ONE,
        }
    }
}

/// A study of the long run. One replication is cut into batches; several are independent, as always.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Steady {
    /// Length that is left out of every figure. Default: found for each figure by the rule MSER-5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_up: Option<SimDuration>,
}

impl File {
    /// The file with its scale carried out: what it resolves to is a smaller fleet at scale 1.
    #[must_use]
    pub fn scaled(mut self) -> Self {
        let share = std::mem::replace(&mut self.run.scale, Ratio::ONE).get();
        if share >= 1.0 {
            return self;
        }
        // Nothing that there is shrinks to nothing.
        let scale = |n: &mut u32| *n = ((f64::from(*n) * share).round() as u32).max(u32::from(*n > 0));
        for stamps in &mut self.stamps {
            scale(&mut stamps.capacity);
        }
        if let Some(scaling) = &mut self.scaling {
            scaling.policy.entry_mut().shrink(share);
        }
        for cohort in &mut self.cohorts {
            scale(&mut cohort.devices);
            cohort.growth.entry_mut().scale(share);
        }
        self.users.iter_mut().for_each(|users| scale(&mut users.users));
        if let Some(Gateway { cache: CacheTable { capacity: Some(capacity), .. }, .. }) = &mut self.gateway {
            scale(capacity);
        }
        self
    }
}

/// The name of the catalogues that are part of the program.
pub const CATALOG: &str = "azure-2026-11";

fn catalog_name() -> String {
    CATALOG.to_owned()
}

/// Limits and prices: dated data, named or by path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Catalog {
    /// Service limits: a name, or the path of a TOML file relative to this one. Default azure-2026-11.
    pub limits: String,
    /// Price book: a name, or the path of a TOML file relative to this one. Default azure-2026-11.
    pub prices: String,
    /// Path of your own prices, laid over the price book. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_prices: Option<String>,
    /// Share taken off every line of the bill. Default: what the price files say, else none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount: Option<Ratio>,
    /// Prices whose sources disagree, for which the other source's amount is taken, such as `"dps.operations_1k"`.
    /// Default: none.
    pub other_sources: Vec<String>,
}

impl Default for Catalog {
    fn default() -> Self {
        Self {
            limits: catalog_name(),
            prices: catalog_name(),
            own_prices: None,
            discount: None,
            other_sources: Vec::new(),
        }
    }
}

fn one() -> u32 {
    1
}

fn production() -> String {
    "production".to_owned()
}

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

/// How a limit behaves when traffic exceeds it. Azure documents the stages and not the sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ShapingTable {
    /// Burst credit, as time worth of the limit. Default 60 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit: Option<SimDuration>,
    /// Backlog, as time worth of the limit, or "unlimited". Default 30 s at hubs, 0 s at DPS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backlog: Option<Allowance>,
    /// Longest wait in the backlog before a caller gives up, or "unlimited". Default 30 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backlog_timeout: Option<Allowance>,
    /// Whether a caller that gave up leaves its place in the backlog. Default true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave_place: Option<bool>,
}

impl ShapingTable {
    /// The shaping, with what is not said taken from `default`.
    pub fn over(self, default: Shaping) -> Shaping {
        Shaping {
            credit: self.credit.unwrap_or(default.credit),
            backlog: self.backlog.unwrap_or(default.backlog),
            backlog_timeout: self.backlog_timeout.unwrap_or(default.backlog_timeout),
            leave_place: self.leave_place.unwrap_or(default.leave_place),
        }
    }
}

impl From<Shaping> for ShapingTable {
    fn from(shaping: Shaping) -> Self {
        Self {
            credit: Some(shaping.credit),
            backlog: Some(shaping.backlog),
            backlog_timeout: Some(shaping.backlog_timeout),
            leave_place: Some(shaping.leave_place),
        }
    }
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
    /// What the processing of one stamp costs. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceTable>,
}

impl Default for Processing {
    fn default() -> Self {
        Self { servers: 1, service: DurationLaw::constant(SimDuration::ZERO), checkpoint_every: None, price: None }
    }
}

/// Something that is paid for while it exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceTable {
    /// Name in the price book, such as `"functions.ep1.instance_month"`; its unit must be time.
    pub name: String,
    /// How many. Default 1.
    #[serde(default = "one")]
    pub quantity: u32,
}

/// When stamps are added, and what a new one looks like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scaling {
    /// The policy, as a table named after it. Default `fixed`.
    pub policy: ScalingPolicy,
    /// `name` of the group of stamps that new ones are like; it contains `{n}`. Default: the only group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Time from the decision to the first device. Default 3 d.
    pub lead_time: SimDuration,
    /// Most stamps at any time. Default 50: hubs of one subscription.
    pub stamps_max: u16,
    /// How the devices of a drained stamp leave it. Default: they are evicted, 600/min.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drain: Option<DrainTable>,
}

/// How the devices of a drained stamp leave it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DrainTable {
    /// Whether devices are evicted; else they leave only as they register again by themselves. Default true.
    pub evict: bool,
    /// Evictions while a stamp is drained. Default 600/min.
    pub pace: Rate,
}

impl Default for DrainTable {
    fn default() -> Self {
        Self { evict: true, pace: pace() }
    }
}

/// What the fleet was meant to cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Planned cost of a registered device and month [USD]; `cost_deviation_ratio` says how far the bill is from it.
    pub cost_per_device: f64,
}

impl Default for Scaling {
    fn default() -> Self {
        Self {
            policy: ScalingPolicy::default(),
            template: None,
            lead_time: SimDuration::DAY * 3,
            stamps_max: 50,
            drain: None,
        }
    }
}

fn generation() -> u16 {
    1
}

fn first_attempt() -> DurationLaw {
    uniform_seconds(0, 2)
}

/// Devices of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cohort {
    /// Name, such as "meters".
    pub name: String,
    /// Devices at the start.
    pub devices: u32,
    /// Home regions and their shares, which sum to 1. Default: the region of the stamps, if all have the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regions: Option<BTreeMap<String, f64>>,
    /// Ring. Default "production".
    #[serde(default = "production")]
    pub ring: String,
    /// Hardware or firmware generation, for selectors of moves. Default 1.
    #[serde(default = "generation")]
    pub generation: u16,
    /// Share of devices that are off for the whole run; users call them too. Default 0.
    #[serde(default)]
    pub dormant: Ratio,
    /// State at the start: `connected` (the default) or `new`, which begins unregistered.
    #[serde(default)]
    pub start: Start,
    /// How the count changes, as a table named after the law. Default `fixed`.
    #[serde(default)]
    pub growth: GrowthLaw,
    /// What the devices send. Default: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telemetry: Option<TelemetryTable>,
    /// Calls by users to the devices. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commands: Option<Commands>,
    /// Back-off between attempts to connect, as a table named after the SDK. Default `csharp`.
    #[serde(default)]
    pub retry: BackoffRule,
    /// When a device leaves its hub for DPS, as a table named after the rule. Default `same_hub`.
    #[serde(default)]
    pub reconnect: ReconnectRule,
    /// Spread of the first attempt after a loss of connection. Default 0..2 s.
    #[serde(default = "first_attempt")]
    pub first_attempt: DurationLaw,
    /// Time in which the application notices that it must register again. Default 0..2 s.
    #[serde(default = "first_attempt")]
    pub registration_delay: DurationLaw,
    /// Keep-alive interval. Default by the retry profile: csharp 300 s, node 180 s, python 60 s, else 240 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_alive: Option<SimDuration>,
    /// SAS tokens that are renewed by connecting anew. Default: none, as with X.509 certificates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sas: Option<Sas>,
    /// The enrollment of the devices at DPS.
    #[serde(default)]
    pub enrollment: Enrollment,
}

/// Telemetry of one device: periodic (`every`) or a Poisson process (`poisson`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryTable {
    /// Period; each device has its own phase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<SimDuration>,
    /// Longest delay after the phase of a periodic device, uniform. Default 0 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter: Option<SimDuration>,
    /// Mean gap of a Poisson process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poisson: Option<SimDuration>,
    /// Size of a message. Default 1 KB.
    pub size: Bytes,
    /// Change of a Poisson rate over time, as a table named after the shape. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<RateProfile>,
}

impl Default for TelemetryTable {
    fn default() -> Self {
        Self { every: None, jitter: None, poisson: None, size: Bytes::KB, profile: None }
    }
}

/// How calls spread over the devices of a cohort.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PopularityTable {
    /// All alike.
    #[default]
    Uniform,
    /// The k-th most popular device gets a share proportional to k^-exponent.
    Zipf(f64),
}

fn one_kb() -> Bytes {
    Bytes::KB
}

/// Cloud-to-device calls to the devices of a cohort.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Commands {
    /// Mean calls to one device, such as "2/day".
    pub rate: Rate,
    /// Spread over the devices: "uniform" (the default) or { zipf = 0.8 }.
    #[serde(default)]
    pub popularity: PopularityTable,
    /// Size of the request. Default 1 KB.
    #[serde(default = "one_kb")]
    pub request: Bytes,
    /// Size of the answer. Default 1 KB.
    #[serde(default = "one_kb")]
    pub response: Bytes,
    /// Change of the rate over time, as a table named after the shape. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<RateProfile>,
}

/// SAS tokens over MQTT: a renewal breaks the connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sas {
    /// Lifetime of a token. Default 60 min.
    pub lifetime: SimDuration,
    /// Share of the lifetime after which it is renewed. Default 80 %.
    pub renew_at: Ratio,
}

impl Default for Sas {
    fn default() -> Self {
        Self { lifetime: SimDuration::HOUR, renew_at: share(0.8) }
    }
}

/// An enrollment group at DPS.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Enrollment {
    /// The enrollment's own stamps, by name or by the name of their group. Default: all stamps of the cohort's ring.
    pub stamps: Vec<String>,
    /// Prefix of the registration IDs, which `hashed` allocation sees. Default: the name of the cohort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_id: Option<String>,
}

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
}

impl Default for Network {
    fn default() -> Self {
        Self {
            device_to_hub: lognormal(40, 300),
            device_to_dps: lognormal(60, 400),
            distance: true,
            connect_timeout: SimDuration::from_secs(30),
        }
    }
}

/// The Device Provisioning Service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Dps {
    /// Instances; registrations are spread over them by a hash of their ID. Default 1.
    pub instances: u16,
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
    /// How long after its start an outage takes a hub out of allocation, or "never". Default 5 min.
    pub detection: OrNever,
}

impl Default for Dps {
    fn default() -> Self {
        Self {
            instances: 1,
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
            view_period: SimDuration::MINUTE,
            detection: OrNever::After(SimDuration::MINUTE * 5),
        }
    }
}

/// The gateway in front of all stamps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Gateway {
    /// Replicas. Default 2.
    pub replicas: u16,
    /// Most calls under way in one replica. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_flight_max: Option<u32>,
    /// Time after which a call is given up. Default 30 s.
    pub call_timeout: SimDuration,
    /// Attempts at DPS for one call, the first included. Default 3.
    pub dps_attempts: u8,
    /// First wait after a refusal by DPS; it doubles, with full jitter. Default 1 s.
    pub dps_backoff: SimDuration,
    /// Whether simultaneous misses of one device share one look-up. Default true.
    pub single_flight: bool,
    /// Hubs that one call tries after answers that the device is not there. Default 2.
    pub redirects_max: u8,
    /// Round trip to the cache. Default lognormal, median 1 ms, 99 % below 5 ms.
    pub to_cache: DurationLaw,
    /// Round trip to DPS, without DPS's own time. Default lognormal, median 60 ms, 99 % below 300 ms.
    pub to_dps: DurationLaw,
    /// Round trip to a hub, without the device's part. Default lognormal, median 15 ms, 99 % below 80 ms.
    pub to_hub: DurationLaw,
    /// How long the gateway waits for a cache that does not answer. Default 1 s.
    pub cache_timeout: SimDuration,
    /// Region. Default: the region of the first stamp.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Whether there is a cache; without one every call asks DPS. Default true.
    pub cached: bool,
    /// The shared cache from device to hub.
    pub cache: CacheTable,
    /// What a look-up does while the cache is down, as a table named after it. Default `dps`.
    pub fallback: FallbackPolicy,
    /// What the gateway itself costs. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceTable>,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            replicas: 2,
            in_flight_max: None,
            call_timeout: SimDuration::from_secs(30),
            dps_attempts: 3,
            dps_backoff: SimDuration::SECOND,
            single_flight: true,
            redirects_max: 2,
            to_cache: lognormal(1, 5),
            to_dps: lognormal(60, 300),
            to_hub: lognormal(15, 80),
            cache_timeout: SimDuration::SECOND,
            region: None,
            cached: true,
            cache: CacheTable::default(),
            fallback: FallbackPolicy::default(),
            price: None,
        }
    }
}

/// The cache of the gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CacheTable {
    /// Most entries. Default: as many as there are devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    /// Time an entry stays fresh, or "never" for entries that do not grow old. Default 1 h.
    pub ttl: OrNever,
    /// What leaves a full cache, as a table named after it. Default `lru`.
    pub eviction: EvictionPolicy,
    /// What the cache costs. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceTable>,
}

impl Default for CacheTable {
    fn default() -> Self {
        Self {
            capacity: None,
            ttl: OrNever::After(SimDuration::HOUR),
            eviction: EvictionPolicy::default(),
            price: None,
        }
    }
}

/// A fault: a cause, and either a time (`at` and `for`) or a law (`drawn`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Name in tables and charts. Default: the cause and what it strikes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Start, after the start of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<SimDuration>,
    /// Length of the cause, or `"never_ends"` for one that stays to the end of the run.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Lasts>,
    /// Happens again and again at random.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn: Option<Drawn>,
    /// What goes wrong, as a table named after it.
    pub cause: FaultCause,
}

fn repair() -> DurationLaw {
    // 188 Azure incidents of 2018 and 2019: lognormal, mean of the logarithm 5.58 and deviation 1.05 in minutes.
    let median = SimDuration::MINUTE * 265;
    DurationLaw::new(DurationForm::LogNormal { median, spread: LogNormalSpread::Sigma(1.05) })
        .expect("a positive median and spread")
}

/// When a random fault happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drawn {
    /// Time from the end of one to the start of the next.
    pub every: DurationLaw,
    /// Length of one. Default lognormal, median 265 min, sigma 1.05: as recorded Azure incidents of 2018 and 2019.
    #[serde(default = "repair")]
    pub repair: DurationLaw,
}

fn pace() -> Rate {
    Rate::new(600, SimDuration::MINUTE)
}

/// A move of devices between stamps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// Name in tables and charts. Default: the kind and what it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Start, after the start of the run.
    pub at: SimDuration,
    /// What kind of move, as a table named after it.
    pub kind: MoveKind,
    /// Evictions while a wave runs. Default 600/min.
    #[serde(default = "pace")]
    pub pace: Rate,
    /// Waves of equal size. Default 1.
    #[serde(default = "one")]
    pub waves: u32,
    /// Time from the last eviction of a wave to the first of the next. Default 0 s.
    #[serde(default)]
    pub pause: SimDuration,
    /// Which of the devices move. Default: all.
    #[serde(default)]
    pub select: Select,
}

/// Which devices a move takes; what is not given selects all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Select {
    /// Only this cohort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cohort: Option<String>,
    /// Only devices of this region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Only this generation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<u16>,
    /// Only this share of them, drawn by device. Default 1.
    pub share: Ratio,
}

impl Default for Select {
    fn default() -> Self {
        Self { cohort: None, region: None, generation: None, share: Ratio::ONE }
    }
}

/// A bound on a measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Name of a measure, such as `"time_to_recover_s"`.
    pub measure: String,
    /// Labels that the figure carries, such as { share = "99 %" }; "*" stands for any. Default: none.
    #[serde(default)]
    pub labels: BTreeMap<String, LabelValue>,
    /// The time before, during or after a fault or a move, such as { during = "weu-2-outage" }. Default: the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<PhaseOf>,
    /// The expectation fails where the figure satisfies this, such as "> 30 min". The figure is the mean over the
    /// replications, unless a share is asked for.
    pub fail_if: String,
    /// The expectation warns where the figure satisfies this. Default: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn_if: Option<String>,
    /// Share of the windows of the run, or of the phase, that must be as expected. Default: the figure of the whole time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_of_windows: Option<Ratio>,
    /// Share of the replications that must be as expected, proven with 95 % confidence; 95 % needs 59 of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_of_replications: Option<Ratio>,
    /// Fewest replications with the figure; with fewer the expectation is not met. Default 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub least_replications: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// A phase of a fault or a move, by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhaseOf {
    /// From the start of the run to its first start.
    Before(String),
    /// From each start to the end of the cause of a fault, or to the last connection of a move.
    During(String),
    /// From its first end onwards, but for what is during another occurrence.
    After(String),
}

/// The value of a label: text, or a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct LabelValue(pub String);

impl<'de> Deserialize<'de> for LabelValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LabelVisitor)
    }
}

struct LabelVisitor;

impl Visitor<'_> for LabelVisitor {
    type Value = LabelValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value of a label, such as \"99 %\" or 0.99")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<LabelValue, E> {
        Ok(LabelValue(text.to_owned()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<LabelValue, E> {
        Ok(LabelValue(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<LabelValue, E> {
        Ok(LabelValue(number.to_string()))
    }
}

impl JsonSchema for LabelValue {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LabelValue".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "number"], "description": "The value of a label, or \"*\" for any." })
    }
}

/// Defines a duration that may be one word instead, such as "never".
macro_rules! duration_or_word {
    ($(#[$meta:meta])* $name:ident, $given:ident, $word:literal => $instead:ident, $about:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            /// This long.
            $given(SimDuration),
            #[doc = concat!("`\"", $word, "\"`")]
            $instead,
        }

        impl $name {
            /// The length, when there is one.
            pub fn length(self) -> Option<SimDuration> {
                match self {
                    Self::$given(length) => Some(length),
                    Self::$instead => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    Self::$given(length) => length.fmt(f),
                    Self::$instead => f.write_str($word),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Words;
                impl Visitor<'_> for Words {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(concat!("a duration such as \"5 min\", or \"", $word, "\""))
                    }

                    fn visit_str<E: Error>(self, text: &str) -> Result<$name, E> {
                        if text.trim() == $word {
                            return Ok($name::$instead);
                        }
                        let alike = strsim::normalized_damerau_levenshtein(text, $word) >= 0.5;
                        text.parse().map($name::$given).map_err(|error| {
                            if alike {
                                return E::custom(format_args!("unknown word {text:?}; did you mean {:?}?", $word));
                            }
                            E::custom(format_args!("{error}, or {:?}", $word))
                        })
                    }
                }
                deserializer.deserialize_any(Words)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "description": $about })
            }
        }
    };
}

duration_or_word!(
    /// A length of time, or "never".
    OrNever, After, "never" => Never, "A duration such as \"5 min\", or \"never\"."
);
duration_or_word!(
    /// The length of a fault, or `"never_ends"`.
    Lasts, Of, "never_ends" => NeverEnds, "A duration such as \"45 min\", or \"never_ends\"."
);

/// Date and time of day of the start, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartTime(pub DateTime);

impl StartTime {
    /// Time since midnight UTC.
    pub fn time_of_day(self) -> SimDuration {
        let midnight = self.0.date().to_datetime(jiff::civil::Time::midnight());
        let micros = self.0.duration_since(midnight).as_micros();
        SimDuration(u64::try_from(micros).expect("no time of day is before midnight"))
    }
}

impl Default for StartTime {
    fn default() -> Self {
        Self(jiff::civil::date(2026, 1, 1).at(0, 0, 0, 0))
    }
}

impl fmt::Display for StartTime {
    /// RFC 3339 in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Z", self.0)
    }
}

impl FromStr for StartTime {
    type Err = String;

    /// A date, a date and time, or either with an offset from UTC.
    fn from_str(text: &str) -> Result<Self, String> {
        let instant = text.parse::<jiff::Timestamp>().map(|t| jiff::tz::TimeZone::UTC.to_datetime(t));
        let start = instant.or_else(|_| text.parse::<DateTime>());
        start.map(Self).map_err(|_| format!("{text:?} is no date; expected one such as 2026-03-02T00:00:00Z"))
    }
}

impl Serialize for StartTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let date: Datetime = self.to_string().parse().map_err(serde::ser::Error::custom)?;
        date.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for StartTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StartVisitor)
    }
}

struct StartVisitor;

impl<'de> Visitor<'de> for StartVisitor {
    type Value = StartTime;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a date such as 2026-03-02T00:00:00Z")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<StartTime, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<StartTime, A::Error> {
        let date = Datetime::deserialize(serde::de::value::MapAccessDeserializer::new(map))
            .map_err(|_| A::Error::custom("a table is no date; expected one such as 2026-03-02T00:00:00Z"))?;
        date.to_string().parse().map_err(A::Error::custom)
    }
}

impl JsonSchema for StartTime {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "StartTime".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "A date such as 2026-03-02T00:00:00Z, in UTC." })
    }
}

/// A lognormal law by its median and 99th percentile [ms].
fn lognormal(median: u64, p99: u64) -> DurationLaw {
    let spread = LogNormalSpread::P99(SimDuration::from_millis(p99));
    DurationLaw::new(DurationForm::LogNormal { median: SimDuration::from_millis(median), spread })
        .expect("the median is positive and below the 99th percentile")
}

/// A uniform law between two bounds [s].
fn uniform_seconds(low: u64, high: u64) -> DurationLaw {
    let (low, high) = (SimDuration::from_secs(low), SimDuration::from_secs(high));
    DurationLaw::new(DurationForm::Uniform { low, high }).expect("the bounds are in order")
}

fn share(share: f64) -> Ratio {
    Ratio::new(share).expect("a share from 0 to 1")
}
