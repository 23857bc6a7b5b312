//! Queues and limiters.

use super::{Computed, Form, Reference, close};
use crate::theory::finite_queues::{BoundedQueue, FiniteSources, ImpatientQueue, RetrialQueue, busy_period_reaches};
use crate::theory::limiter::token_bucket_refused_share;
use crate::theory::md1::Md1;
use crate::theory::queues::{Dm1, Gg1, Mg1, Mm1, Mmc, erlang_b, erlang_b_inverse};

const QUEUES: &str = "closed forms: queues";
const LIMITERS: &str = "closed forms: limiters";
/// Levels of a retrial queue that are solved; what lies beyond them is far below the last digit.
const RETRIAL_LEVELS: usize = 600;

pub(super) const FORMS: &[Form] = &[
    Form { family: QUEUES, model: "M/M/1", compute: mm1 },
    Form { family: QUEUES, model: "M/M/c", compute: mmc },
    Form { family: QUEUES, model: "M/M/c/c", compute: loss },
    Form { family: QUEUES, model: "Erlang B inverse", compute: loss_inverse },
    Form { family: QUEUES, model: "M/M/c/K", compute: bounded },
    Form { family: QUEUES, model: "Engset finite source", compute: finite },
    Form { family: QUEUES, model: "M/M/c+M abandonment", compute: impatient },
    Form { family: QUEUES, model: "M/G/1", compute: mg1 },
    Form { family: QUEUES, model: "M/D/1 (paced throttle)", compute: md1 },
    Form { family: QUEUES, model: "D/M/1 (periodic telemetry)", compute: dm1 },
    Form { family: QUEUES, model: "G/G/1 bounds", compute: gg1 },
    Form { family: QUEUES, model: "M/M/c retrial (retry until admitted)", compute: retrial },
    Form { family: QUEUES, model: "rare event: M/M/1 busy period reaches K", compute: ruin },
    Form { family: LIMITERS, model: "token bucket, no queue", compute: bucket },
];

/// The share in the name of a quantile, such as 0.95 in `wait_p95`.
fn quantile_of(metric: &str, prefix: &str) -> Option<f64> {
    metric.strip_prefix(prefix)?.parse().ok().map(|percent: f64| percent / 100.0)
}

fn mm1(row: &Reference) -> Computed {
    let queue = Mm1 { arrival_rate: row.number("arrival_rate")?, service_rate: row.number("service_rate")? };
    close(match row.metric.as_str() {
        "rho" => queue.utilisation(),
        "p0" => 1.0 - queue.utilisation(),
        "L" => queue.arrival_rate * queue.mean_sojourn(),
        "Lq" => queue.arrival_rate * queue.mean_wait(),
        "W" => queue.mean_sojourn(),
        "Wq" => queue.mean_wait(),
        other => match quantile_of(other, "sojourn_p") {
            Some(p) => queue.sojourn_quantile(p),
            None => queue.wait_quantile(quantile_of(other, "wait_p")?),
        },
    })
}

fn mmc(row: &Reference) -> Computed {
    let queue = Mmc {
        arrival_rate: row.number("arrival_rate")?,
        service_rate: row.number("service_rate")?,
        servers: row.count("servers")?,
    };
    close(match row.metric.as_str() {
        "rho" => queue.utilisation(),
        "p_wait" => queue.waiting_probability(),
        "L" => queue.arrival_rate * queue.mean_sojourn(),
        "Lq" => queue.arrival_rate * queue.mean_wait(),
        "W" => queue.mean_sojourn(),
        "Wq" => queue.mean_wait(),
        other => match quantile_of(other, "sojourn_p") {
            Some(p) => queue.sojourn_quantile(p),
            None => queue.wait_quantile(quantile_of(other, "wait_p")?),
        },
    })
}

fn loss(row: &Reference) -> Computed {
    let (erlangs, servers) = (row.number("erlangs")?, row.count("servers")?);
    match row.metric.as_str() {
        "p_block" => close(erlang_b(servers, erlangs)),
        "carried" => close(erlangs * (1.0 - erlang_b(servers, erlangs))),
        _ => None,
    }
}

fn loss_inverse(row: &Reference) -> Computed {
    close(erlang_b_inverse(row.count("servers")?, row.number("target_blocking")?))
}

fn bounded(row: &Reference) -> Computed {
    let (arrivals, service) = (row.number("arrival_rate")?, row.number("service_rate")?);
    let queue = BoundedQueue::new(arrivals, service, row.count("servers")?, row.count("system_limit")?);
    close(match row.metric.as_str() {
        "p_block" => queue.refused(),
        "L" => queue.mean_number(),
        "Lq" => queue.mean_line(),
        "W_adm" => queue.mean_sojourn(),
        "Wq_adm" => queue.mean_wait(),
        "throughput" => queue.throughput(),
        "p0" => queue.idle(),
        _ => return None,
    })
}

fn finite(row: &Reference) -> Computed {
    let queue = FiniteSources {
        sources: row.count("sources")?,
        idle_rate: row.number("idle_rate")?,
        service_rate: row.number("service_rate")?,
        servers: row.count("servers")?,
    };
    match row.metric.as_str() {
        "time_congestion" => close(queue.time_congestion()),
        "call_congestion" => close(queue.call_congestion()),
        _ => None,
    }
}

fn impatient(row: &Reference) -> Computed {
    let (arrivals, service) = (row.number("arrival_rate")?, row.number("service_rate")?);
    let queue = ImpatientQueue::new(arrivals, service, row.count("servers")?, row.number("abandon_rate")?);
    close(match row.metric.as_str() {
        "p_wait" => queue.waiting_probability(),
        "p_abandon" => queue.abandoned(),
        "Lq" => queue.mean_line(),
        "Wq" => queue.mean_wait(),
        "util" => queue.utilisation(),
        _ => return None,
    })
}

fn mg1(row: &Reference) -> Computed {
    let queue = Mg1 {
        arrival_rate: row.number("arrival_rate")?,
        mean_service: row.number("mean_service")?,
        service_scv: row.number("service_cv2")?,
    };
    close(match row.metric.as_str() {
        "rho" => queue.utilisation(),
        "Wq" => queue.mean_wait(),
        "W" => queue.mean_sojourn(),
        "Lq" => queue.arrival_rate * queue.mean_wait(),
        "L" => queue.arrival_rate * queue.mean_sojourn(),
        _ => return None,
    })
}

fn md1(row: &Reference) -> Computed {
    let (rate, service) = (row.number("arrival_rate")?, row.number("service_time")?);
    let queue = Md1::new(rate * service);
    close(match row.metric.as_str() {
        "rho" => rate * service,
        "Wq" => queue.mean_wait() * service,
        "W" => (queue.mean_wait() + 1.0) * service,
        "Lq" => queue.mean_wait() * service * rate,
        "L" => (queue.mean_wait() + 1.0) * service * rate,
        other => queue.wait_quantile(quantile_of(other, "wait_p")?) * service,
    })
}

fn dm1(row: &Reference) -> Computed {
    let queue = Dm1 { arrival_rate: row.number("arrival_rate")?, service_rate: row.number("service_rate")? };
    close(match row.metric.as_str() {
        "sigma" | "p_wait" => queue.waiting_probability(),
        "Wq" => queue.mean_wait(),
        "W" => queue.mean_sojourn(),
        _ => return None,
    })
}

fn gg1(row: &Reference) -> Computed {
    let queue = Gg1 {
        arrival_rate: row.number("arrival_rate")?,
        service_rate: row.number("service_rate")?,
        arrival_scv: row.number("ca2")?,
        service_scv: row.number("cs2")?,
    };
    match row.metric.as_str() {
        "kingman_upper_Wq" => close(queue.mean_wait_max()),
        "kingman_approx_Wq" => close(queue.mean_wait_heavy()),
        _ => None,
    }
}

fn retrial(row: &Reference) -> Computed {
    let queue = RetrialQueue {
        arrival_rate: row.number("arrival_rate")?,
        service_rate: row.number("service_rate")?,
        servers: row.count("servers")?,
        retry_rate: row.number("retry_rate")?,
    };
    close(match row.metric.as_str() {
        "mean_orbit" => queue.solve(RETRIAL_LEVELS).mean_orbit,
        "mean_retry_wait" => queue.solve(RETRIAL_LEVELS).mean_orbit / queue.arrival_rate,
        "p_first_attempt_rejected" => queue.solve(RETRIAL_LEVELS).refused,
        "mean_orbit_closed_form" if queue.servers == 1 => queue.mean_orbit_of_one_server(),
        _ => return None,
    })
}

fn ruin(row: &Reference) -> Computed {
    let level = row.count("level")?;
    close(busy_period_reaches(row.number("arrival_rate")?, row.number("service_rate")?, level))
}

fn bucket(row: &Reference) -> Computed {
    let (arrivals, refill) = (row.number("arrival_rate")?, row.number("refill_rate")?);
    let refused = token_bucket_refused_share(arrivals, refill, row.count("depth")?);
    match row.metric.as_str() {
        "rejected_share" => close(refused),
        "admitted_rate" => close(arrivals * (1.0 - refused)),
        _ => None,
    }
}
