//! The table that says how a limit behaves, shared by hubs and DPS.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::limit::{Allowance, Shaping};
use crate::units::SimDuration;

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
    /// Counts in fixed windows of this length instead: each grants the limit times its length anew, nothing is kept and
    /// nothing waits. Default: a bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<SimDuration>,
}

impl ShapingTable {
    /// The shaping, with what is not said taken from `default`.
    pub fn over(self, default: Shaping) -> Shaping {
        Shaping {
            credit: self.credit.unwrap_or(default.credit),
            backlog: self.backlog.unwrap_or(default.backlog),
            backlog_timeout: self.backlog_timeout.unwrap_or(default.backlog_timeout),
            leave_place: self.leave_place.unwrap_or(default.leave_place),
            window: self.window.or(default.window),
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
            window: shaping.window,
        }
    }
}
