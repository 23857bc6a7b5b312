//! A cohort: devices of one kind, with the rules they follow when a connection breaks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::draws::Stream;
use crate::kernel::law::DurationLaw;
use crate::model::backoff::BackoffRule;
use crate::model::ids::{RegionId, RingId, StampId};
use crate::model::population::growth::GrowthLaw;
use crate::model::population::traffic::{Calls, Telemetry};
use crate::model::population::twins::Twins;
use crate::registry;
use crate::units::{Ratio, SimDuration};

/// Whether a cohort's devices are assigned and connected at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// Registered, assigned by the allocation policy outside DPS limits and the bill, and connected.
    #[default]
    Connected,
    /// Unregistered; every device begins by registering.
    New,
}

/// What a device does when it has power again (Azure facts, "Registration protocol and device logic").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnBoot {
    /// It has stored its hub and tries that.
    #[default]
    Stored,
    /// It asks DPS for its hub, and registers only if it has none.
    Query,
    /// It cannot store its hub and registers each time.
    Register,
}

impl OnBoot {
    /// Whether it is the default.
    pub fn is_stored(&self) -> bool {
        *self == Self::Stored
    }
}

/// One cohort, validated.
#[derive(Debug, Clone, PartialEq)]
pub struct CohortConfig {
    /// Name, such as `meters`.
    pub name: String,
    /// Hash of the name; keys every draw of the cohort's devices.
    pub key: u64,
    /// Hash of the prefix of registration IDs; what `hashed` allocation sees.
    pub registration_key: u64,
    /// Devices at the start.
    pub devices: u32,
    /// How the count changes.
    pub growth: GrowthLaw,
    /// State at the start.
    pub start: Start,
    /// Home regions and their shares, which sum to one.
    pub regions: Vec<(RegionId, f64)>,
    /// Ring of the cohort's enrollment.
    pub ring: RingId,
    /// Hardware or firmware generation.
    pub generation: u16,
    /// What a device is worth against others [1], for the order of moves.
    pub value: f64,
    /// Share of devices that have no power for the whole run; users call them too.
    pub dormant: Ratio,
    /// Telemetry, if the devices send any.
    pub telemetry: Option<Telemetry>,
    /// Cloud-to-device calls, if users call the devices.
    pub calls: Option<Calls>,
    /// Operations on twins, if there are any.
    pub twins: Option<Twins>,
    /// Back-off between connection attempts.
    pub backoff: BackoffRule,
    /// When a device that cannot connect goes to DPS.
    pub reconnect: ReconnectRule,
    /// What a device does when it has power again.
    pub on_boot: OnBoot,
    /// Extra spread before the first attempt after a loss of connection.
    pub first_attempt: DurationLaw,
    /// Time in which the application notices that it must register again.
    pub registration_delay: DurationLaw,
    /// Keep-alive interval.
    pub keep_alive: SimDuration,
    /// Time between renewals of a SAS token by disconnecting; none for X.509 or AMQP.
    pub renewal: Option<SimDuration>,
    /// Stamps of the enrollment's own list; empty stands for all linked stamps of the ring.
    pub stamps: Vec<StampId>,
}

/// When a device leaves its hub and goes to DPS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GiveUp {
    /// After this long without a connection.
    pub after: Option<SimDuration>,
    /// After this many failures in a row.
    pub failures: Option<u32>,
}

/// A reconnect rule.
pub trait Reconnect {
    /// When the device gives up on its hub in this episode.
    fn give_up(&self, draws: &mut Stream) -> GiveUp;

    /// Whether no failure ever makes the device give up on its hub; nothing is drawn then.
    fn never_gives_up(&self) -> bool {
        false
    }

    /// Whether an answer that the hub does not know the device (401, 403, 404) sends it to DPS.
    fn registers_when_unknown(&self) -> bool {
        true
    }

    /// What is wrong with the parameters, if anything.
    fn problem(&self) -> Option<String> {
        None
    }
}

registry! {
    /// The registered reconnect rules.
    pub enum ReconnectRule: Reconnect {
        SameHub("same_hub", "Stays with its hub whatever fails; goes to DPS only when the hub no longer knows it."),
        DpsAtScale("dps_at_scale", "Variant A: keeps trying the hub for 15-30 min, then registers again."),
        TenFailures("ten_failures", "Variant B: registers again after ten failures in a row."),
    }
}

impl Default for ReconnectRule {
    fn default() -> Self {
        Self::SameHub(SameHub::default())
    }
}

/// Never goes to DPS because of failures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SameHub {
    /// Whether 401, 403 or 404 sends the device to DPS; a move needs it. Default true.
    pub register_when_unknown: bool,
}

impl Default for SameHub {
    fn default() -> Self {
        Self { register_when_unknown: true }
    }
}

impl Reconnect for SameHub {
    fn give_up(&self, _: &mut Stream) -> GiveUp {
        GiveUp::default()
    }

    fn never_gives_up(&self) -> bool {
        true
    }

    fn registers_when_unknown(&self) -> bool {
        self.register_when_unknown
    }
}

/// Azure's advice for large deployments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DpsAtScale {
    /// How long a device keeps trying its hub. Default 15 to 30 min.
    pub patience: DurationLaw,
}

impl Default for DpsAtScale {
    fn default() -> Self {
        Self { patience: "15..30 min".parse().expect("a range of durations") }
    }
}

impl Reconnect for DpsAtScale {
    fn give_up(&self, draws: &mut Stream) -> GiveUp {
        GiveUp { after: Some(self.patience.sample(draws)), failures: None }
    }
}

/// Azure's concept page on reconnection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TenFailures {
    /// Failures in a row that send the device to DPS. Default 10.
    pub failures: u32,
}

impl Default for TenFailures {
    fn default() -> Self {
        Self { failures: 10 }
    }
}

impl Reconnect for TenFailures {
    fn give_up(&self, _: &mut Stream) -> GiveUp {
        GiveUp { after: None, failures: Some(self.failures) }
    }

    fn problem(&self) -> Option<String> {
        (self.failures == 0).then(|| "zero failures would send every device to DPS without an attempt".into())
    }
}
