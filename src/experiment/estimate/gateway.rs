//! The gateway's cache in closed form: how often a call misses, and what reaches DPS.

use super::fleet::Fleet;
use super::loads::mean_factor;
use crate::model::gateway::cache::CacheConfig;
use crate::model::gateway::eviction::EvictionPolicy;
use crate::model::population::traffic::Popularity;
use crate::theory::caches::TtlEntry;
use crate::theory::cold_cache::{Ranks, fetches_by, fetches_by_renewed, zipf_ranks};
use crate::units::{SimDuration, SimTime};

/// Calls and their misses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Misses {
    /// Calls of all devices at the end, at the highest rate of their profiles [1/s]: what DPS is asked with an empty cache.
    pub calls_per_s: f64,
    /// Share of calls that miss once the cache is as full as it gets [1].
    pub steady: f64,
    /// Share of calls that miss over this run, which begins with an empty cache [1].
    pub over_run: f64,
    /// How long an entry is held before it goes: its time to live, or until it is evicted, if that comes first [s].
    pub held_s: f64,
}

/// Keys of one cohort and the calls to them.
struct Keys {
    ranks: Vec<Ranks>,
    rate: f64,
    rate_max: f64,
}

/// Misses of a fleet as it is at a time; nothing where nobody calls.
pub(super) fn misses(fleet: &Fleet<'_>, at: SimTime) -> Option<Misses> {
    let gateway = fleet.model.gateway.as_ref()?;
    let keys = keys(fleet, at);
    let calls: f64 = keys.iter().map(|keys| keys.rate).sum();
    let calls_per_s: f64 = keys.iter().map(|keys| keys.rate_max).sum();
    if calls <= 0.0 {
        return None;
    }
    if gateway.learnt.is_some() || fleet.model.dps.has_store() {
        return None; // Nothing is asked of DPS.
    }
    let Some(cache) = &gateway.cache else {
        return Some(Misses { calls_per_s, steady: 1.0, over_run: 1.0, held_s: 0.0 });
    };
    let Holding { held_s, renewed } = holding(cache, &keys);
    let horizon = fleet.model.horizon.secs();
    let sum = |of: &dyn Fn(TtlEntry) -> f64| -> f64 {
        let entry = |rate: f64| TtlEntry { request_rate: rate, ttl: held_s };
        keys.iter().flat_map(|k| k.ranks.iter().map(|r| r.keys * of(entry(r.share * k.rate)))).sum()
    };
    let fetches: &dyn Fn(TtlEntry) -> f64 =
        if renewed { &|entry| entry.request_rate * entry.miss_ratio_renewed() } else { &TtlEntry::fetch_rate };
    let steady = if held_s.is_finite() { sum(fetches) / calls } else { 0.0 };
    let by = if renewed { fetches_by_renewed } else { fetches_by };
    let over_run = sum(&|entry| by(entry, horizon)) / (calls * horizon);
    Some(Misses { calls_per_s, steady, over_run, held_s })
}

fn keys(fleet: &Fleet<'_>, at: SimTime) -> Vec<Keys> {
    let cohorts = fleet.model.cohorts.iter().enumerate();
    let called = cohorts.filter_map(|(index, cohort)| Some((index, cohort.calls.as_ref()?)));
    let keys = called.map(|(index, calls)| {
        let devices = fleet.cohort(index, at);
        let exponent = match calls.popularity {
            Popularity::Uniform => 0.0,
            Popularity::Zipf(exponent) => exponent,
        };
        Keys {
            ranks: zipf_ranks(devices as u32, exponent),
            rate: devices * calls.rate_per_second * mean_factor(fleet.model, &calls.profile),
            rate_max: devices * calls.rate_per_second * calls.profile.max(),
        }
    });
    keys.collect()
}

/// How long entries are held.
struct Holding {
    held_s: f64,
    /// Whether the time counts from the last use: what is evicted is then the least recently used.
    renewed: bool,
}

/// The time to live, or the time until an entry is evicted where that is shorter. With both near each other the shorter one
/// alone misses a little of the other; the error is largest, some per cent of the misses, where they are equal.
fn holding(cache: &CacheConfig, keys: &[Keys]) -> Holding {
    let ttl = cache.ttl.map_or(f64::INFINITY, SimDuration::secs);
    let renewed = matches!(cache.eviction, EvictionPolicy::Lru(_));
    let evicted = characteristic_time(keys, f64::from(cache.capacity), renewed);
    if ttl <= evicted { Holding { held_s: ttl, renewed: false } } else { Holding { held_s: evicted, renewed } }
}

/// The time t after which an entry is evicted, by Che's approximation: that at which as many keys as the cache holds would be
/// in it. The share of time that a key of rate L is in it is 1 - e^(-L t) where a use renews it (Che, Tung and Wang 2002) and
/// L t / (1 + L t) where it does not (Martina, Garetto and Leonardi 2014). Infinite where all keys fit.
fn characteristic_time(keys: &[Keys], capacity: f64, renewed: bool) -> f64 {
    let all: f64 = keys.iter().flat_map(|keys| &keys.ranks).map(|ranks| ranks.keys).sum();
    if capacity >= all {
        return f64::INFINITY;
    }
    let share = |uses: f64| if renewed { -libm::expm1(-uses) } else { uses / (1.0 + uses) };
    let held = |time: f64| -> f64 {
        keys.iter().flat_map(|k| k.ranks.iter().map(move |r| r.keys * share(r.share * k.rate * time))).sum()
    };
    let (mut low, mut high) = (0.0, 1.0);
    while held(high) < capacity && high < 1e12 {
        high *= 2.0;
    }
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if held(middle) < capacity { low = middle } else { high = middle }
    }
    high
}
