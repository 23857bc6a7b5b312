//! Herds, retries, floors of the documented limits, arrivals, outages and growth.

use super::{Computed, Form, Reference, close};
use crate::scenario::catalog;
use crate::theory::arrivals::{BetaArrivals, diurnal_count};
use crate::theory::caches::loss_amplification;
use crate::theory::demand::BassGrowth;
use crate::theory::limiter::{fixed_window_refused_share, token_bucket_refused_share};
use crate::theory::outages::{BoundedRetries, NameFailover, RetryFeedback, UpAndDown};
use crate::theory::storms::{Lockstep, LockstepStorm, MemorylessStorm, SpreadWindow, drain_floor};

const STORMS: &str = "closed forms: storms";
const RETRIES: &str = "closed forms: retries";
const LIMITS: &str = "documented limits";
const ARRIVALS: &str = "closed forms: arrivals";
const OUTAGES: &str = "closed forms: outages";
const GROWTH: &str = "closed forms: growth";

pub(super) const FORMS: &[Form] = &[
    Form { family: STORMS, model: "reconnect storm, memoryless retry, deep bucket", compute: deep },
    Form { family: STORMS, model: "reconnect storm, memoryless retry, bucket depth 1", compute: shallow },
    Form { family: STORMS, model: "reconnect storm, no jitter (synchronised)", compute: lockstep },
    Form { family: STORMS, model: "Azure DPS jitter rule, first attempts", compute: spread },
    Form { family: ARRIVALS, model: "3GPP arrivals Beta(3,4)", compute: beta },
    Form { family: ARRIVALS, model: "3GPP Beta(3,4) into FIFO throttle", compute: throttle },
    Form { family: ARRIVALS, model: "diurnal Poisson arrivals", compute: diurnal },
    Form { family: LIMITS, model: "IoT Hub documented throttles", compute: hub },
    Form { family: LIMITS, model: "DPS mass re-registration", compute: registration },
    Form { family: RETRIES, model: "bounded retries", compute: bounded },
    Form { family: RETRIES, model: "retry metastability, fluid", compute: feedback },
    Form { family: RETRIES, model: "look-aside cache loss", compute: cache_loss },
    Form { family: OUTAGES, model: "stamp up/down renewal", compute: renewal },
    Form { family: OUTAGES, model: "DNS failover (probe + TTL)", compute: failover },
    Form { family: GROWTH, model: "Bass growth", compute: bass },
];

fn memoryless(row: &Reference) -> Option<MemorylessStorm> {
    Some(MemorylessStorm {
        devices: row.number("devices")?,
        admit_rate: row.number("admit_rate")?,
        mean_retry: row.number("mean_retry_s")?,
    })
}

fn deep(row: &Reference) -> Computed {
    let storm = memoryless(row)?;
    close(match row.metric.as_str() {
        "lower_bound_s" => drain_floor(storm.devices, storm.admit_rate),
        "t_saturated_s" => storm.deep_saturated(),
        "t_50pct_s" => storm.deep_time_of_share(0.5),
        "t_90pct_s" => storm.deep_time_of_share(0.9),
        "t_99pct_s" => storm.deep_time_of_share(0.99),
        "t_last_one_s" => storm.deep_time_to(1.0),
        "expected_last_device_s" => storm.deep_last(),
        "attempts_total" => storm.deep_attempts(),
        "attempts_per_device" => storm.deep_attempts() / storm.devices,
        "rejected_total" => storm.deep_attempts() - storm.devices,
        "peak_attempt_rate" => storm.attempt_rate_max(),
        _ => return None,
    })
}

fn shallow(row: &Reference) -> Computed {
    let storm = memoryless(row)?;
    close(match row.metric.as_str() {
        "t_50pct_s" => storm.shallow_time_of_share(0.5),
        "t_90pct_s" => storm.shallow_time_of_share(0.9),
        "t_99pct_s" => storm.shallow_time_of_share(0.99),
        "expected_last_device_s" => storm.shallow_last(),
        "attempts_per_device" => storm.shallow_attempts_per_device(),
        _ => return None,
    })
}

fn lockstep(row: &Reference) -> Computed {
    let storm = LockstepStorm {
        devices: row.whole("devices")?,
        refill_rate: row.whole("refill_rate")?,
        depth: row.whole("depth")?,
        base: row.whole("base_s")?,
        factor: row.whole("factor")?,
        cap: row.whole("cap_s")?,
    };
    let Lockstep { rounds, last, first_admitted, attempts } = storm.run()?;
    close(match row.metric.as_str() {
        "rounds" => rounds as f64,
        "last_time_s" => last as f64,
        "first_round_admitted" => first_admitted as f64,
        "attempts_total" => attempts as f64,
        _ => return None,
    })
}

fn spread(row: &Reference) -> Computed {
    let (devices, limit) = (row.number("devices")?, row.count("cps")?);
    let rule = SpreadWindow { devices, admit_rate: f64::from(limit), load: row.number("load")? };
    let offered = rule.offered_rate(1.0);
    close(match row.metric.as_str() {
        "T_s" => drain_floor(devices, rule.admit_rate),
        "max_delay_s" => rule.longest_delay(),
        "offered_rate" => offered,
        "utilisation" => offered / rule.admit_rate,
        "rejected_share_fixed_1s_window" => fixed_window_refused_share(offered, limit),
        "rejected_share_token_bucket" => {
            token_bucket_refused_share(offered, rule.admit_rate, row.count("bucket_depth")?)
        }
        _ => return None,
    })
}

fn beta(row: &Reference) -> Computed {
    let herd = BetaArrivals::of_3gpp(row.number("devices")?, row.number("period_s")?);
    close(match row.metric.as_str() {
        "mean_s" => herd.mean(),
        "sd_s" => herd.deviation(),
        "mode_s" => herd.mode(),
        "peak_rate" => herd.rate_at(herd.mode()),
        "p50_s" => herd.time_of_share(0.5),
        "p95_s" => herd.time_of_share(0.95),
        _ => return None,
    })
}

fn throttle(row: &Reference) -> Computed {
    let herd = BetaArrivals::of_3gpp(row.number("devices")?, row.number("period_s")?);
    let line = herd.into_throttle(row.number("admit_rate")?);
    close(match row.metric.as_str() {
        "queue_start_s" => line.start,
        "backlog_peak" => line.peak,
        "t_backlog_peak_s" => line.peak_time,
        "backlog_clear_s" => line.cleared,
        "max_delay_s" => line.longest_delay(),
        "mean_delay_s" => line.mean_delay,
        _ => return None,
    })
}

fn diurnal(row: &Reference) -> Computed {
    let (base, amplitude) = (row.number("base_rate")?, row.number("relative_amplitude")?);
    let window = (row.number("t0")?, row.number("t1")?);
    close(match row.metric.as_str() {
        "expected_count" | "variance" => diurnal_count(base, amplitude, row.number("period_s")?, window),
        "peak_rate" => base * (1.0 + amplitude),
        "mean_rate" => base,
        _ => return None,
    })
}

fn hub(row: &Reference) -> Computed {
    let (devices, units) = (row.number("devices")?, row.count("units")?);
    let limits = catalog::limits();
    let hub = limits.editions.get(row.parameters["tier"].as_str()?)?;
    let (rate, quota) = (hub.connects.of(units).per_second(), (hub.messages_per_day * u64::from(units)) as f64);
    close(match row.metric.as_str() {
        "connect_rate_per_s" => rate,
        "drain_floor_s" => drain_floor(devices, rate),
        "daily_message_quota" => quota,
        "messages_per_device_per_day" => quota / devices,
        _ => return None,
    })
}

fn registration(row: &Reference) -> Computed {
    let minutes = drain_floor(row.number("devices")?, row.number("registrations_per_min")?);
    match row.metric.as_str() {
        "floor_min" => close(minutes),
        "floor_h" => close(minutes / 60.0),
        _ => None,
    }
}

fn bounded(row: &Reference) -> Computed {
    let retries = BoundedRetries {
        failure: row.number("failure_probability")?,
        attempts_max: row.count("max_attempts")?,
        base: row.number("base_s")?,
        factor: row.number("factor")?,
        cap: row.number("cap_s")?,
    };
    match row.metric.as_str() {
        "expected_attempts" => close(retries.attempts()),
        // The reference subtracts from 1 a number that differs from it in the twelfth digit.
        "p_success" => Some((retries.success(), super::Margin::Absolute(1e-15))),
        "expected_backoff_full_jitter_s" => close(retries.backoff_full_jitter()),
        "max_backoff_no_jitter_s" => close(retries.backoff_max()),
        "load_amplification_all_fail" => close(f64::from(retries.attempts_max)),
        _ => None,
    }
}

fn feedback(row: &Reference) -> Computed {
    let service = RetryFeedback {
        capacity: row.number("capacity")?,
        offered: row.number("offered")?,
        retries: row.number("retries")?,
    };
    close(match row.metric.as_str() {
        "stable_below" => service.stable_below(),
        "load_in_metastable" => service.load_when_failing(),
        "is_vulnerable" => f64::from(u8::from(service.is_vulnerable())),
        "max_retry_rate_for_recovery" => service.retry_budget(),
        _ => return None,
    })
}

fn cache_loss(row: &Reference) -> Computed {
    let (hits, offered) = (row.number("hit_ratio")?, row.number("offered")?);
    close(match row.metric.as_str() {
        "origin_load_warm" => offered / loss_amplification(hits),
        "origin_load_cold" => offered,
        "amplification" => loss_amplification(hits),
        _ => return None,
    })
}

fn renewal(row: &Reference) -> Computed {
    let stamp = UpAndDown { mean_up: row.number("mtbf_h")?, mean_down: row.number("mttr_h")? };
    let (horizon, stamps) = (row.number("horizon_h")?, row.number("stamps")?);
    close(match row.metric.as_str() {
        "availability" => stamp.availability(),
        "expected_outages_per_stamp" => stamp.outages(horizon),
        "expected_outages_fleet" => stamps * stamp.outages(horizon),
        "expected_device_downtime_h" => stamp.time_down(horizon),
        "p_stamp_without_failure_from_up" => stamp.no_failure(horizon),
        _ => return None,
    })
}

fn failover(row: &Reference) -> Computed {
    let switch = NameFailover {
        probe_interval: row.number("probe_interval_s")?,
        probe_timeout: row.number("probe_timeout_s")?,
        tolerated_failures: row.count("tolerated_failures")?,
        ttl: row.number("dns_ttl_s")?,
    };
    close(match row.metric.as_str() {
        "detect_min_s" => switch.detected_after_min(),
        "detect_max_s" => switch.detected_after_max(),
        "detect_mean_s" => switch.detected_after_mean(),
        "last_client_max_s" => switch.last_client(),
        "mean_client_switch_s" => switch.mean_client(),
        "stale_share_at_half_ttl" => switch.stale_share(0.5),
        _ => return None,
    })
}

fn bass(row: &Reference) -> Computed {
    let growth =
        BassGrowth { market: row.number("market")?, innovation: row.number("p")?, imitation: row.number("q")? };
    close(match row.metric.as_str() {
        "peak_time" => growth.peak_time(),
        "peak_rate" => growth.peak_rate(),
        other => growth.devices_by(other.strip_prefix("cumulative_t")?.parse().ok()?),
    })
}
