//! The sections `[[features]]`, `[[retirements]]` and `[[changes]]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::law::DurationLaw;
use crate::model::condition::DownStyle;
use crate::model::lifecycle::change::ChangeKind;
use crate::units::{Money, Ratio, SimDuration};

/// A feature that is rolled out to chosen stamps in stages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// Name, such as "video".
    pub name: String,
    /// Stages of the roll-out, in order of time.
    pub stages: Vec<FeatureStage>,
    /// What one device that has it costs a month, such as "$0.01". Default: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// Only devices of this cohort have it. Default: all devices of its stamps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cohort: Option<String>,
    /// Only devices of this generation have it. Default: all devices of its stamps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u16>,
    /// What it breaks wherever it is; a fault `feature-NAME` from the first stage to the roll-back. Default: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaks: Option<FeatureBreaks>,
    /// When it is taken off all stamps again. Default: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roll_back_at: Option<SimDuration>,
}

/// A stage of a roll-out: when, and which stamps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeatureStage {
    /// Start, after the start of the run.
    pub at: SimDuration,
    /// Stamps that get it, by name or by the name of their group; they are stamps of the start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stamps: Vec<String>,
    /// Rings whose stamps get it, beside those named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rings: Vec<String>,
}

fn all() -> Ratio {
    Ratio::ONE
}

/// What a feature breaks on the stamps that have it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeatureBreaks {
    /// Share of connection attempts and calls that fail. Default 0.
    #[serde(default)]
    pub errors: Ratio,
    /// How many times longer an answer takes [1]. Default: as long as without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slower: Option<f64>,
    /// Share of the hub's limits that is left. Default 1.
    #[serde(default = "all")]
    pub capacity: Ratio,
    /// Takes the hub down: `reset` or `silent`. Default: it stays up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down: Option<DownStyle>,
}

/// A generation of devices leaves the fleet, and with it the stamps that serve nobody else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retirement {
    /// Name in tables and charts. Default "retire-generation-N".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The generation.
    pub generation: u16,
    /// Start, after the start of the run: from here on nobody of the generation joins, and stamps of its own are closed.
    pub at: SimDuration,
    /// Time over which its devices leave, evenly; the last one leaves at its end. This or `after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<SimDuration>,
    /// Time after which each device leaves, drawn for each by this law. This or `over`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<DurationLaw>,
}

/// A change that an operator makes to a hub.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeTable {
    /// Name in tables and charts. Default: the kind and the stamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When, after the start of the run.
    pub at: SimDuration,
    /// What kind of change, as a table named after it.
    pub kind: ChangeKind,
}
