//! `secondary`: a second cache stands in. It suits gateways whose calls exceed what DPS answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Fallback;
use crate::model::gateway::cache::CacheConfig;
use crate::model::gateway::eviction::EvictionPolicy;
use crate::units::SimDuration;

/// Parameters of `secondary`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Secondary {
    /// Most entries. Default: as many as the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    /// Time an entry stays fresh. Default: as long as in the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<SimDuration>,
    /// Whether writes go to both caches, so that the second one is warm when it is needed. Default true.
    pub warm: bool,
    /// What leaves the full cache. Default LRU.
    pub eviction: EvictionPolicy,
}

impl Default for Secondary {
    fn default() -> Self {
        Self { capacity: None, ttl: None, warm: true, eviction: EvictionPolicy::default() }
    }
}

impl Fallback for Secondary {
    fn secondary(&self, primary: &CacheConfig) -> Option<CacheConfig> {
        Some(CacheConfig {
            capacity: self.capacity.unwrap_or(primary.capacity),
            ttl: self.ttl.or(primary.ttl),
            eviction: self.eviction.clone(),
        })
    }

    fn keeps_warm(&self) -> bool {
        self.warm
    }
}
