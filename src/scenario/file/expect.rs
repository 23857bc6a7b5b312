//! The section `[[expect]]`.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::units::Ratio;

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
