//! The gateway's cache under Poisson calls: age, popularity, capacity, a cold start.

use super::super::case::{Case, value};
use super::super::row::Margin::Relative;
use super::super::table::Table;

const CACHES: &str = "model: gateway cache";
const MISSES: &str = "cache_miss_ratio";

pub(super) fn cases(table: &Table) -> Vec<Case> {
    let small = [("lru", "hit_lru"), ("fifo", "hit_fifo_random")];
    let small = small.map(|(policy, metric)| few_keys(table, policy, metric));
    [age(table), popularity(table), cold(table)].into_iter().chain(small).collect()
}

fn cache(name: &str) -> Case {
    Case::new(CACHES, name, include_str!("cache.toml"))
}

/// A call each 20 s to each device, and entries that live for a minute. The first miss of each device is among them.
fn age(table: &Table) -> Case {
    let row = table.find("cache age", r#"{"request_rate": 0.05, "ttl_s": 60}"#, "origin_ratio");
    cache("entries that live for a minute").set("cohorts.devices.devices=100").expect(MISSES, row, Relative(0.01))
}

/// Zipf popularity: the hit ratio is stated, so misses are its complement.
fn popularity(table: &Table) -> Case {
    let parameters = r#"{"keys": 1000, "total_rate": 50, "ttl_s": 60, "zipf": 0.9}"#;
    let hits = table.find("TTL cache, Zipf keys", parameters, "hit_reset_on_miss");
    cache("entries of popular and unpopular devices")
        .set("run.replications=3")
        .set("cohorts.devices.commands.popularity={ zipf = 0.9 }")
        .expect_of("1 - cache_miss_ratio", hits, 1.0, Relative(0.005), |run| {
            value(run, MISSES).map(|misses| 1.0 - misses)
        })
}

/// The first 20 s of an empty cache: 10,000 devices, 500 calls a second.
fn cold(table: &Table) -> Case {
    let misses = table.find(
        "cache flushed, uniform keys",
        r#"{"keys": 10000, "t_s": 20, "total_rate": 500}"#,
        "expected_misses",
    );
    cache("the first 20 s of an empty cache")
        .set("run.horizon=20 s")
        .set("run.replications=30")
        .set("gateway.cache.ttl=never")
        .set("cohorts.devices.devices=10000")
        .expect_of("misses", misses, 1.0, Relative(0.01), |run| {
            let value = |key| value(run, key);
            Some(value(MISSES)? * value("commands")?)
        })
}

/// Ten devices and room for four.
fn few_keys(table: &Table, policy: &str, metric: &str) -> Case {
    let hits = table.find("LRU and FIFO, exact IRM", r#"{"capacity": 4, "keys": 10, "zipf": 0.8}"#, metric);
    cache(&format!("ten devices and room for four, {policy}"))
        .set("cohorts.devices.devices=10")
        .set("cohorts.devices.commands={ rate = \"1/s\", popularity = { zipf = 0.8 } }")
        .set("gateway.cache={ capacity = 4, ttl = \"never\" }")
        .set(format!("gateway.cache.eviction={{ {policy} = {{}} }}"))
        .expect_of("1 - cache_miss_ratio", hits, 1.0, Relative(0.01), |run| {
            value(run, MISSES).map(|misses| 1.0 - misses)
        })
}
