//! Stamps, their cost, who lands on them, what an outage hits; caches.

use super::{Computed, Form, Margin, PRINTED, Reference, close};
use crate::theory::allocation::{
    BlastRadius, FullestStamp, ShuffleShards, effective_stamps, moved_by_modulo, moved_by_removal, moved_by_rendezvous,
    overflow_of_one_stamp, sd_of_one_stamp, shares, supermarket_sojourn,
};
use crate::theory::caches::{
    Flush, TtlEntry, che_lru, fifo_hit_ratio, fifo_hit_ratio_exact, lru_hit_ratio_exact, periodic_miss_ratio,
    static_hit_ratio, ttl_entries, ttl_hit_ratio, ttl_hit_ratio_renewed, zipf_shares,
};
use crate::theory::demand::{Stock, StockCosts};
use crate::theory::sawtooth::{Stamps, Trigger, cycle_peak_to_floor, cycle_utilisation_linear};

const COST: &str = "closed forms: stamps and their cost";
const ALLOCATION: &str = "closed forms: allocation";
const BLAST: &str = "closed forms: blast radius";
const AGE: &str = "closed forms: caches";

pub(super) const FORMS: &[Form] = &[
    Form { family: COST, model: "stamp cost sawtooth", compute: sawtooth },
    Form { family: COST, model: "stamp cost over one growth cycle", compute: cycle },
    Form { family: COST, model: "stamp provisioning trigger", compute: trigger },
    Form { family: COST, model: "newsvendor, Poisson demand in the lead time", compute: stock },
    Form { family: COST, model: "newsvendor, normal demand", compute: stock },
    Form { family: ALLOCATION, model: "evenly weighted allocation, random", compute: fullest },
    Form { family: ALLOCATION, model: "overflow of a random allocation", compute: overflow },
    Form { family: ALLOCATION, model: "d-choice allocation maximum", compute: one_choice },
    Form { family: ALLOCATION, model: "supermarket model (n to infinity)", compute: supermarket },
    Form { family: ALLOCATION, model: "devices moved when a stamp is added", compute: moved },
    Form { family: BLAST, model: "blast radius", compute: blast },
    Form { family: BLAST, model: "blast radius with common-cause outages", compute: blast },
    Form { family: BLAST, model: "blast radius, unequal stamps", compute: unequal },
    Form { family: BLAST, model: "shuffle sharding", compute: shuffle },
];

pub(super) const CACHES: &[Form] = &[
    Form { family: AGE, model: "TTL cache, one key, Poisson", compute: one_key },
    Form { family: AGE, model: "TTL cache, Zipf keys", compute: many_keys },
    Form { family: AGE, model: "LRU, Zipf, Che approximation", compute: che },
    Form { family: AGE, model: "LRU and FIFO, exact IRM", compute: exact },
    Form { family: AGE, model: "cache flushed, uniform keys", compute: flushed },
    Form { family: AGE, model: "cache age", compute: mechanism },
    Form { family: AGE, model: "cache idle time", compute: mechanism },
    Form { family: AGE, model: "cache single flight", compute: mechanism },
    Form { family: AGE, model: "cache without single flight", compute: mechanism },
    Form { family: AGE, model: "cache stale while refreshed", compute: mechanism },
    Form { family: AGE, model: "cache refreshed ahead", compute: mechanism },
    Form { family: AGE, model: "cache refreshed early at random", compute: mechanism },
    Form { family: AGE, model: "cache of moving devices", compute: mechanism },
    Form { family: AGE, model: "cache flushed into a limit", compute: limited_flush },
    Form { family: AGE, model: "cache of polled devices", compute: polled },
    Form { family: AGE, model: "LRU by Che", compute: steady },
    Form { family: AGE, model: "FIFO and random", compute: steady },
    Form { family: AGE, model: "static top", compute: steady },
];

fn stamps(row: &Reference) -> Option<Stamps> {
    let capacity = row.whole("stamp_capacity").filter(|capacity| *capacity > 0)?;
    Some(Stamps { capacity, price: row.number("stamp_cost")? })
}

fn sawtooth(row: &Reference) -> Computed {
    let (stamps, devices) = (stamps(row)?, row.whole("devices")?);
    close(match row.metric.as_str() {
        "stamps" => stamps.needed(devices) as f64,
        "cost_per_device" => stamps.cost_per_device(devices),
        "utilisation" => stamps.utilisation(devices),
        "ratio_to_floor" => stamps.ratio_to_floor(devices),
        _ => return None,
    })
}

fn cycle(row: &Reference) -> Computed {
    let (stamps, full) = (stamps(row)?, row.whole("full_stamps")?);
    close(match row.metric.as_str() {
        "mean_cost_linear_growth" => stamps.cycle_mean_linear(full),
        "mean_cost_exponential_growth" => stamps.cycle_mean_exponential(full),
        "mean_utilisation_linear" => cycle_utilisation_linear(full),
        "peak_to_floor" => cycle_peak_to_floor(full),
        _ => return None,
    })
}

fn trigger(row: &Reference) -> Computed {
    let trigger = Trigger {
        capacity: row.number("stamps")? * row.number("stamp_capacity")?,
        growth_per_day: row.number("growth_per_day")?,
        sd_per_day: row.number("sd_daily")?,
        lead_days: row.number("lead_days")?,
    };
    let level = row.number("service_level")?;
    close(match row.metric.as_str() {
        "trigger_fraction" => trigger.utilisation(),
        "safety_stock" => trigger.safety_stock(level),
        "trigger_fraction_safe" => trigger.safe_utilisation(level),
        _ => return None,
    })
}

fn stock(row: &Reference) -> Computed {
    let costs = StockCosts { under: row.number("cost_under")?, over: row.number("cost_over")? };
    let mean = row.number("mean")?;
    let Stock { units, shortage, leftover, cost, stockout } = match row.number("sd") {
        Some(deviation) => costs.for_normal(mean, deviation),
        None => costs.for_poisson(mean),
    };
    close(match row.metric.as_str() {
        "critical_ratio" => costs.critical_ratio(),
        "q_star" => units,
        "expected_shortage" => shortage,
        "expected_leftover" => leftover,
        "expected_cost" => cost,
        "p_stockout" => stockout,
        _ => return None,
    })
}

fn fullest(row: &Reference) -> Computed {
    let (devices, stamps) = (row.whole("devices")?, row.count("stamps")?);
    let law = || FullestStamp::new(devices, stamps);
    close(match row.metric.as_str() {
        "expected_max" => law().mean(),
        "imbalance_expected" => law().mean() * f64::from(stamps) / devices as f64,
        "max_p50" => law().quantile(0.5) as f64,
        "max_p95" => law().quantile(0.95) as f64,
        "max_p99" => law().quantile(0.99) as f64,
        "sd_one_stamp" => sd_of_one_stamp(devices, stamps),
        _ => return None,
    })
}

fn overflow(row: &Reference) -> Computed {
    let (devices, capacity) = (row.whole("devices")?, row.whole("stamp_capacity")?);
    Some((overflow_of_one_stamp(devices, row.count("stamps")?, capacity), PRINTED))
}

/// The reference is a Monte Carlo with a standard error of 0.36: three of them.
fn one_choice(row: &Reference) -> Computed {
    let is_mean = row.metric == "expected_max" && row.count("choices")? == 1;
    let value = FullestStamp::new(row.whole("devices")?, row.count("stamps")?).mean();
    is_mean.then_some((value, Margin::Absolute(1.1)))
}

fn supermarket(row: &Reference) -> Computed {
    close(supermarket_sojourn(row.number("load")?, row.count("choices")?))
}

fn moved(row: &Reference) -> Computed {
    let stamps = row.count("stamps")?;
    close(match row.metric.as_str() {
        "moved_modulo_add_one" => moved_by_modulo(stamps),
        "moved_rendezvous_add_one" => moved_by_rendezvous(stamps),
        "moved_rendezvous_remove_one" => moved_by_removal(stamps),
        _ => return None,
    })
}

fn blast(row: &Reference) -> Computed {
    let radius = BlastRadius {
        stamps: row.count("stamps")?,
        unavailability: row.number("stamp_unavailability")?,
        common_share: row.number("common_share").unwrap_or(0.0),
    };
    match row.metric.as_str() {
        "expected_fraction_down" => close(radius.expected_share()),
        "sd_fraction_down" => close(radius.sd_share()),
        "p_all_down" => close(radius.all_down()),
        "p_any_down" => close(radius.any_down()),
        // The reference subtracts numbers near 1; for a single stamp it is the rounding of that.
        "p_at_least_2_down" => Some((radius.two_down(), Margin::Absolute(1e-15))),
        "pair_correlation" => Some((radius.pair_correlation(), Margin::Absolute(1e-12))),
        "single_stamp_share" => close(1.0 / f64::from(radius.stamps)),
        _ => None,
    }
}

fn unequal(row: &Reference) -> Computed {
    let weights = row.numbers("weights")?;
    let shares = shares(&weights);
    close(match row.metric.as_str() {
        "share_largest" => shares.iter().copied().fold(0.0, f64::max),
        "expected_share_uniform_stamp" => shares.iter().sum::<f64>() / shares.len() as f64,
        "expected_share_seen_by_random_device" => 1.0 / effective_stamps(&weights),
        "effective_stamps" => effective_stamps(&weights),
        _ => return None,
    })
}

fn shuffle(row: &Reference) -> Computed {
    let shards = ShuffleShards { workers: row.count("workers")?, shard: row.count("shard")? };
    close(match row.metric.as_str() {
        "combinations" => shards.combinations(),
        "p_full_overlap" => shards.overlap(shards.shard),
        "expected_overlap" => shards.expected_overlap(),
        other => shards.overlap(other.strip_prefix("p_overlap_")?.parse().ok()?),
    })
}

fn one_key(row: &Reference) -> Computed {
    let entry = TtlEntry { request_rate: row.number("request_rate")?, ttl: row.number("ttl_s")? };
    close(match row.metric.as_str() {
        "hit_reset_on_miss" => entry.hit_ratio(),
        "hit_reset_on_access" => 1.0 - entry.miss_ratio_renewed(),
        "refresh_rate_on_miss" => entry.fetch_rate(),
        _ => return None,
    })
}

fn many_keys(row: &Reference) -> Computed {
    let shares = zipf_shares(row.count("keys")?, row.number("zipf")?);
    let (rate, ttl) = (row.number("total_rate")?, row.number("ttl_s")?);
    close(match row.metric.as_str() {
        "hit_reset_on_miss" => ttl_hit_ratio(&shares, rate, ttl),
        "hit_reset_on_access" => ttl_hit_ratio_renewed(&shares, rate, ttl),
        "mean_entries_reset_on_miss" => ttl_entries(&shares, rate, ttl),
        "origin_rate_reset_on_miss" => rate * (1.0 - ttl_hit_ratio(&shares, rate, ttl)),
        _ => return None,
    })
}

fn che(row: &Reference) -> Computed {
    let cache = che_lru(&zipf_shares(row.count("keys")?, row.number("zipf")?), row.count("capacity")?);
    match row.metric.as_str() {
        "char_time_requests" => close(cache.characteristic_time),
        "hit_ratio_che" => close(cache.hit_ratio),
        _ => None,
    }
}

fn exact(row: &Reference) -> Computed {
    let shares = zipf_shares(row.count("keys")?, row.number("zipf")?);
    // Enumeration: more keys or room would take for ever.
    let capacity = row.count("capacity").filter(|capacity| *capacity <= 5 && shares.len() <= 20)?;
    match row.metric.as_str() {
        "hit_lru" => close(lru_hit_ratio_exact(&shares, capacity)),
        "hit_fifo_random" => close(fifo_hit_ratio_exact(&shares, capacity)),
        _ => None,
    }
}

fn flushed(row: &Reference) -> Computed {
    let (devices, rate, time) = (row.number("keys")?, row.number("total_rate")?, row.number("t_s")?);
    let flush = Flush { devices, request_rate: rate / devices, origin_rate: f64::INFINITY };
    close(match row.metric.as_str() {
        "expected_misses" => flush.misses_by(time),
        "miss_ratio_now" => flush.miss_ratio_at(time),
        "miss_rate_now" => rate * flush.miss_ratio_at(time),
        "time_to_99pct_warm_s" => flush.time_to_warm(0.99),
        _ => return None,
    })
}

/// What requests to one key meet, by mechanism.
fn mechanism(row: &Reference) -> Computed {
    let entry = TtlEntry { request_rate: row.number("request_rate")?, ttl: row.number("ttl_s")? };
    let fetch = || row.number("fetch_s").map(|time| entry.coalesced(time));
    let value = match (row.model.as_str(), row.metric.as_str()) {
        ("cache age" | "cache stale while refreshed", "origin_ratio") => entry.miss_ratio(),
        ("cache idle time", "origin_ratio") => entry.miss_ratio_renewed(),
        ("cache single flight", "origin_ratio") => fetch()?.fetches,
        ("cache single flight", "delayed_hit_ratio") => fetch()?.delayed_hits,
        ("cache single flight", "hit_ratio") => fetch()?.hits,
        ("cache single flight", "mean_wait_s") => match row.number("fetch_mean_s") {
            Some(mean) => entry.coalesced_exponential(mean).mean_wait,
            None => fetch()?.mean_wait,
        },
        ("cache without single flight", "origin_ratio") => entry.uncoalesced_fetch_ratio(row.number("fetch_s")?),
        ("cache stale while refreshed", "blocking_ratio") => entry.blocking_ratio_stale(row.number("stale_s")?),
        ("cache stale while refreshed", "stale_ratio") => {
            entry.miss_ratio() - entry.blocking_ratio_stale(row.number("stale_s")?)
        }
        ("cache refreshed ahead", "origin_ratio") => entry.refreshed_ahead(row.number("fraction")?).fetches,
        ("cache refreshed ahead", "blocking_ratio") => entry.refreshed_ahead(row.number("fraction")?).blocking,
        ("cache refreshed early at random", "origin_ratio") => entry.refreshed_early(row.number("early_s")?).fetches,
        ("cache refreshed early at random", "blocking_ratio") => entry.refreshed_early(row.number("early_s")?).blocking,
        ("cache of moving devices", "stale_hit_ratio") => entry.moving(row.number("move_rate")?).stale_hits,
        ("cache of moving devices", "expired_ratio") => entry.moving(row.number("move_rate")?).expired,
        _ => return None,
    };
    Some((value, PRINTED))
}

fn limited_flush(row: &Reference) -> Computed {
    let flush = Flush {
        devices: row.number("keys")?,
        request_rate: row.number("request_rate")?,
        origin_rate: row.number("origin_rate")?,
    };
    let value = match row.metric.as_str() {
        "peak_time_s" => flush.backlog_peak_time(),
        "peak_backlog" => flush.backlog_max(),
        "cleared_s" => flush.cleared(),
        _ => return None,
    };
    Some((value, PRINTED))
}

fn polled(row: &Reference) -> Computed {
    close(periodic_miss_ratio(row.number("period_s")?, row.number("ttl_s")?))
}

fn steady(row: &Reference) -> Computed {
    let shares = zipf_shares(row.count("keys")?, row.number("zipf")?);
    let capacity = row.count("capacity")?;
    let hits = match row.model.as_str() {
        "LRU by Che" => che_lru(&shares, capacity).hit_ratio,
        "FIFO and random" => fifo_hit_ratio(&shares, capacity),
        _ => static_hit_ratio(&shares, capacity),
    };
    Some((1.0 - hits, PRINTED))
}
