//! The section `[[cohorts]]`: devices, what they send and how they are called.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::defaults::{production, share, uniform_seconds};
use crate::kernel::arrivals::RateProfile;
use crate::kernel::law::DurationLaw;
use crate::model::backoff::BackoffRule;
use crate::model::population::cohort::{OnBoot, ReconnectRule, Start};
use crate::model::population::growth::GrowthLaw;
use crate::units::{Bytes, Rate, Ratio, SimDuration};

fn generation() -> u16 {
    1
}

fn value() -> f64 {
    1.0
}

#[expect(clippy::float_cmp, reason = "the default itself, which no computation touched")]
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_usual_value(given: &f64) -> bool {
    *given == value()
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
    /// Hardware or firmware generation: which stamps serve it, what retires it, which moves take it. Default 1.
    #[serde(default = "generation")]
    pub generation: u16,
    /// What a device is worth against those of other cohorts, for moves in order of value. Default 1.
    #[serde(default = "value", skip_serializing_if = "is_usual_value")]
    pub value: f64,
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
    /// Reads and updates of the devices' twins. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twins: Option<Twins>,
    /// Back-off between attempts to connect, as a table named after the SDK. Default `csharp`.
    #[serde(default)]
    pub retry: BackoffRule,
    /// When a device leaves its hub for DPS, as a table named after the rule. Default `same_hub`.
    #[serde(default)]
    pub reconnect: ReconnectRule,
    /// What a device does when it has power again: it tries the hub that it has `stored` (the default), it asks DPS for its hub
    /// (`query`), or it cannot store one and has to `register` each time.
    #[serde(default, skip_serializing_if = "OnBoot::is_stored")]
    pub on_boot: OnBoot,
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

/// Operations on the twins of the devices of a cohort, by the devices or by back ends: while a device is connected, at random.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Twins {
    /// Mean reads of one twin, such as "1/day". Default none.
    pub reads: Rate,
    /// Mean updates of one twin, such as "4/day". Default none.
    pub updates: Rate,
    /// What one operation carries; it is metered in the blocks of messages. Default 1 KB.
    pub size: Bytes,
}

impl Default for Twins {
    fn default() -> Self {
        Self { reads: Rate::ZERO, updates: Rate::ZERO, size: one_kb() }
    }
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
