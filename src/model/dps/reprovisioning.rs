//! What a later registration of an assigned device keeps (Azure facts, "Re-provision policies").

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The three re-provision policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reprovision {
    /// Allocation is evaluated again; on a change of hub the twin is copied.
    #[default]
    Migrate,
    /// Allocation is evaluated again; a new hub gets the enrollment's initial twin.
    Reset,
    /// The device stays on its hub.
    Never,
}

/// What becomes of a migration whose source hub is down (Azure facts: *unconfirmed*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadSource {
    /// It is carried out as a reset: the new hub gets the enrollment's initial twin.
    #[default]
    Reset,
    /// The registration fails; the device asks again after `failed_retry`.
    Fail,
}
