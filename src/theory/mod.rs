//! Closed forms with their sources: pure functions of numbers, no randomness, no model.
//!
//! The model uses them for waits of unsaturated flows, estimates and charts for floors, and `verify` as references.
//! Rates and times of one call share a unit; functions say it where it matters.

pub mod allocation;
pub mod arrivals;
pub mod caches;
pub mod cold_cache;
pub mod demand;
pub mod finite_queues;
pub mod floors;
pub mod full_cache;
pub mod limiter;
pub mod md1;
pub mod md1_table;
pub mod mdc;
pub mod normal;
pub mod outages;
pub mod queues;
pub mod sawtooth;
pub mod storms;

/// Where an increasing function crosses zero between two points, by halving to the last bit.
fn crossing(mut low: f64, mut high: f64, increasing: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if increasing(middle) < 0.0 { low = middle } else { high = middle }
    }
    high
}
