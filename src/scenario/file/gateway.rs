//! The section `[gateway]`: the gateway in front of all stamps, and its cache.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::catalog::PriceTable;
use super::defaults::lognormal;
use super::words::OrNever;
use crate::kernel::law::DurationLaw;
use crate::model::gateway::eviction::EvictionPolicy;
use crate::model::gateway::fallback::FallbackPolicy;
use crate::units::SimDuration;

/// The gateway in front of all stamps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the file")]
pub struct Gateway {
    /// Replicas. Default 2.
    pub replicas: u16,
    /// Most calls under way in one replica. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_flight_max: Option<u32>,
    /// Time after which a call is given up. Default 30 s.
    pub call_timeout: SimDuration,
    /// Attempts at the hub for one call, the first included: one that is not answered within `attempt_timeout` is sent again.
    /// Default 1.
    pub attempts: u8,
    /// Time after which an attempt at the hub is given up; the hub serves it all the same. Default: `call_timeout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt_timeout: Option<SimDuration>,
    /// Whether an answer of DPS that comes after its call was given up still fills the cache. Default true.
    pub late_answers_fill: bool,
    /// Attempts at DPS for one call, the first included. Default 3.
    pub dps_attempts: u8,
    /// First wait after a refusal by DPS; it doubles, with full jitter. Default 1 s.
    pub dps_backoff: SimDuration,
    /// Whether simultaneous misses of one device share one look-up. Default true.
    pub single_flight: bool,
    /// Hubs that one call tries after answers that the device is not there. Default 2.
    pub redirects_max: u8,
    /// Round trip to the cache. Default lognormal, median 1 ms, 99 % below 5 ms.
    pub to_cache: DurationLaw,
    /// Round trip to DPS, without DPS's own time. Default lognormal, median 60 ms, 99 % below 300 ms.
    pub to_dps: DurationLaw,
    /// Round trip to a hub, without the device's part. Default lognormal, median 15 ms, 99 % below 80 ms.
    pub to_hub: DurationLaw,
    /// How long the gateway waits for a cache that does not answer. Default 1 s.
    pub cache_timeout: SimDuration,
    /// Region. Default: the region of the first stamp.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Whether the application looks up where a device is. One that does not calls the hub that it learnt when the device was
    /// first assigned, and a call to a device that has moved since fails. Default true.
    #[serde(skip_serializing_if = "is_true")]
    pub follows: bool,
    /// How often an application that does not follow learns all hubs anew. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh: Option<SimDuration>,
    /// Whether there is a cache; without one every call asks DPS. Default true.
    pub cached: bool,
    /// The shared cache from device to hub.
    pub cache: CacheTable,
    /// What a look-up does while the cache is down, as a table named after it. Default `dps`.
    pub fallback: FallbackPolicy,
    /// What the gateway itself costs. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceTable>,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            replicas: 2,
            in_flight_max: None,
            call_timeout: SimDuration::from_secs(30),
            attempts: 1,
            attempt_timeout: None,
            late_answers_fill: true,
            dps_attempts: 3,
            dps_backoff: SimDuration::SECOND,
            single_flight: true,
            redirects_max: 2,
            to_cache: lognormal(1, 5),
            to_dps: lognormal(60, 300),
            to_hub: lognormal(15, 80),
            cache_timeout: SimDuration::SECOND,
            region: None,
            follows: true,
            refresh: None,
            cached: true,
            cache: CacheTable::default(),
            fallback: FallbackPolicy::default(),
            price: None,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_true(value: &bool) -> bool {
    *value
}

/// The cache of the gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CacheTable {
    /// Most entries. Default: as many as there are devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    /// Time an entry stays fresh, or "never" for entries that do not grow old. Default 1 h.
    pub ttl: OrNever,
    /// What leaves a full cache, as a table named after it. Default `lru`.
    pub eviction: EvictionPolicy,
    /// What the cache costs. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceTable>,
}

impl Default for CacheTable {
    fn default() -> Self {
        Self {
            capacity: None,
            ttl: OrNever::After(SimDuration::HOUR),
            eviction: EvictionPolicy::default(),
            price: None,
        }
    }
}
