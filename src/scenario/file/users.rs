//! The section `[[users]]`: users of full stamps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::routing::UserRouting;
use crate::units::SimDuration;

/// Users of full stamps: each stamp has a front end of its own, and one name leads to all of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Users {
    /// Name, such as "operators".
    pub name: String,
    /// How many.
    pub users: u32,
    /// The cohort of devices that they belong to: the population is split while they are on different stamps. Default:
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cohort: Option<String>,
    /// Stamps that serve them, by priority; at least one.
    #[serde(default)]
    pub endpoints: Vec<String>,
    /// How they are sent to a stamp, as a table named after it. Default `traffic_manager`.
    #[serde(default)]
    pub routing: UserRouting,
    /// Established sessions, which stay on their stamp while it works; behind `instant_switch` they move with the
    /// rest. Default: none, each request connects anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<Sessions>,
    /// Changes of priority by an operator. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub switches: Vec<UserSwitch>,
}

fn notice() -> SimDuration {
    SimDuration::from_secs(30)
}

/// Established sessions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    /// Mean of their exponential length.
    pub mean: SimDuration,
    /// How long a user waits on a session whose stamp has fallen silent. Default 30 s.
    #[serde(default = "notice")]
    pub notice: SimDuration,
}

/// An operator gives a stamp the first priority.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserSwitch {
    /// When, after the start of the run.
    pub at: SimDuration,
    /// Name of the stamp, one of the endpoints.
    pub to: String,
}
