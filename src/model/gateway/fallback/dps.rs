//! `dps`: each call asks DPS while the cache is down. It costs nothing until then, and DPS's limit afterwards.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Fallback;
use crate::model::gateway::cache::CacheConfig;

/// Parameters of `dps`: none.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AskDps {}

impl Fallback for AskDps {
    fn secondary(&self, _: &CacheConfig) -> Option<CacheConfig> {
        None
    }
}
