//! The sections `[scaling]` and `[plan]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::defaults::pace;
use crate::model::stamp::scaling::ScalingPolicy;
use crate::units::{Rate, SimDuration};

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
