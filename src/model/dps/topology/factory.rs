//! `factory`: all devices leave the factory with the ID scope of one DPS, which redirects each to the instance of its owner.
//! It suits a maker who does not know the owner yet. A new device registers twice: two limits, two operations on the bill.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Topology;
use crate::model::ids::ServiceId;

/// Parameters of `factory`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Factory {
    /// Name of the instance that new devices register at first, one of `dps.services`.
    pub service: String,
    #[serde(skip)]
    #[schemars(skip)]
    resolved: Option<ServiceId>,
}

impl Topology for Factory {
    fn factory(&self) -> Option<ServiceId> {
        self.resolved
    }

    fn services(&self) -> Vec<&str> {
        vec![&self.service]
    }

    fn resolve(&mut self, services: &[ServiceId]) {
        self.resolved = services.first().copied();
    }
}
