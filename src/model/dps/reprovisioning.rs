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

/// Registry operations that one assignment costs on the hubs it touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HubWork {
    /// Operations on the registry of the new hub: the creation of the identity.
    pub on_target: u32,
    /// Operations on the registry of the old hub: the deletion of the identity.
    pub on_source: u32,
    /// Twin reads on the old hub and twin updates on the new one.
    pub twins: u32,
}

impl Reprovision {
    /// Work of an assignment: `from` nothing to a hub, between hubs, or none when the hub stays.
    pub fn work(self, changes_hub: bool, has_source: bool) -> HubWork {
        let moves = changes_hub && has_source;
        HubWork {
            on_target: u32::from(changes_hub),
            on_source: u32::from(moves),
            twins: u32::from(moves && self == Self::Migrate),
        }
    }
}
