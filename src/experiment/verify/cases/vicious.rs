//! Vicious circles: a trigger that is long over, and a loop that keeps the trouble up.

use super::super::case::{Case, published, window};
use super::super::row::Margin::{Absolute, Exact, Relative};

const CIRCLES: &str = "model: vicious circles";
const SOURCE: &str = "Bronson and others, HotOS 2021";
const DELIVERED: &str = "command_outcome_ratio{outcome=delivered}";

pub(super) fn cases() -> Vec<Case> {
    let retries = [
        metastable("retries, 280/s", "1008/h", 2, 0.0),
        metastable("retries, 140/s", "504/h", 2, 1.0),
        metastable("retries, 280/s and no retry", "1008/h", 1, 1.0),
    ];
    retries
        .into_iter()
        .chain([look_aside("look-aside, late answers lost", false, 0.0)])
        .chain([look_aside("look-aside, late answers kept", true, 1.0)])
        .collect()
}

/// 280/s of 300/s; one retry doubles what is offered once every attempt is too late, which then stays so. Below 150/s, or
/// without retries, the line drains.
fn metastable(name: &str, rate: &str, attempts: u8, after: f64) -> Case {
    let before = published(1.0, SOURCE);
    let case = Case::new(CIRCLES, name, include_str!("metastable.toml"))
        .set(format!("cohorts.devices.commands.rate={rate}"))
        .set(format!("gateway.attempts={attempts}"))
        .expect_of("delivered before the trigger", &before, 1.0, Exact, |run| window(run, DELIVERED, 4))
        .expect_of("delivered 20 min after it", &published(after, SOURCE), 1.0, Absolute(0.005), |run| {
            window(run, DELIVERED, 26)
        });
    if after > 0.0 {
        return case;
    }
    // Every call is sent twice.
    let half = published(0.5, SOURCE);
    case.expect_of("share of retries 20 min after it", &half, 1.0, Absolute(0.005), |run| {
        window(run, "command_retry_ratio", 26)
    })
}

/// A hit ratio of nine in ten: the loss asks for ten times as many look-ups.
fn look_aside(name: &str, late_answers_fill: bool, after: f64) -> Case {
    let (warm, ten) = (published(0.1, SOURCE), published(10.0, SOURCE));
    let misses = |run: &_, at| window(run, "cache_miss_ratio", at);
    let case = Case::new(CIRCLES, name, include_str!("look-aside.toml"))
        .set(format!("gateway.late_answers_fill={late_answers_fill}"))
        .expect_of("share of misses before the loss", &warm, 1.0, Relative(0.05), move |run| misses(run, 21))
        // Who joins a look-up in its last second is answered in time.
        .expect_of("delivered 10 min after it", &published(after, SOURCE), 1.0, Absolute(0.02), |run| {
            window(run, DELIVERED, 32)
        });
    if late_answers_fill {
        return case;
    }
    case.expect_of("amplification in the minute after it", &ten, 1.0, Relative(0.05), move |run| {
        Some(misses(run, 22)? / misses(run, 21)?)
    })
}
