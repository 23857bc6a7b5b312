//! Limiters that refuse at once: the share of Poisson requests that a bucket or a window refuses.

use super::md1::{Md1, levels};
use super::normal;

/// Share of requests refused by a token bucket without a backlog.
///
/// Poisson requests at rate `arrival_rate`, tokens at `refill_rate`, `depth` tokens at most (whole, at least 1). A
/// bucket of depth b is a paced queue that refuses whoever would find a workload above b - 1 token times, so with
/// rho = `arrival_rate` / `refill_rate` and G the (unnormalised) chance of a workload up to b - 1, the share is
/// 1 - G / (1 + rho G) (derived from the M/D/1 workload, confirmed by Monte Carlo). Also valid above rho = 1.
pub fn token_bucket_refused_share(arrival_rate: f64, refill_rate: f64, depth: u32) -> f64 {
    let rho = arrival_rate / refill_rate;
    if rho <= 0.0 || depth == 0 {
        return if depth == 0 { 1.0 } else { 0.0 };
    }
    let workload = workload_up_to(rho, depth - 1);
    if workload.is_infinite() {
        return 1.0 - 1.0 / rho;
    }
    // The numerator 1 - (1 - rho) G is the tail of the workload: from its own positive sum where digits would cancel.
    let accepted = (1.0 - rho) * workload;
    let numerator = if accepted > 0.5 { Md1::new(rho).wait_tail(f64::from(depth - 1)) } else { 1.0 - accepted };
    numerator / (1.0 + rho * workload)
}

/// G: the chance of a workload of at most `whole` service times over that of none, at any utilisation; may be infinite.
fn workload_up_to(rho: f64, whole: u32) -> f64 {
    if whole == 0 {
        return 1.0;
    }
    let levels = levels(rho, whole as usize + 1);
    let mut cumulated = 0.0;
    // Customers in the queue, not counting the one in service.
    let queued: Vec<f64> = levels
        .iter()
        .map(|level| {
            cumulated += level;
            cumulated
        })
        .skip(1)
        .collect();
    if !cumulated.is_finite() {
        return f64::INFINITY;
    }
    let mut probability = libm::exp(-rho);
    let mut sum = 0.0;
    for arrivals in 0..=whole as usize {
        sum += probability * queued[whole as usize - arrivals];
        probability *= rho / (arrivals + 1) as f64;
    }
    sum
}

/// Share of requests refused by a fixed window that accepts `limit` requests of the `mean` (Poisson) in each window:
/// the mean excess over the limit, E\[(X - limit)+\] / mean.
pub fn fixed_window_refused_share(mean: f64, limit: u32) -> f64 {
    if mean <= 0.0 {
        return 0.0;
    }
    // Far above the limit nothing of the lower side is left; far below it nothing of the upper.
    let spread = 40.0 * mean.sqrt() + 60.0;
    let first = f64::from(limit) + 1.0;
    let last = (mean + spread).max(first + spread);
    let from = first.max((mean - spread).floor());
    let mut probability = poisson_probability(mean, from);
    let (mut count, mut excess) = (from, 0.0);
    while count <= last {
        excess += probability * (count - f64::from(limit));
        count += 1.0;
        probability *= mean / count;
    }
    excess / mean
}

/// Probability of a whole `count` under a Poisson law.
fn poisson_probability(mean: f64, count: f64) -> f64 {
    libm::exp(count * libm::log(mean) - mean - libm::lgamma(count + 1.0))
}

/// The load that a limit of `limit` requests per window can be offered so that a window overflows with a chance of at
/// most `chance`, by the normal approximation of the count: limit - z sqrt(limit) for z the normal quantile.
pub fn window_load(limit: f64, chance: f64) -> f64 {
    let z = normal::quantile(1.0 - chance);
    // The root of m + z sqrt(m) = limit in sqrt(m).
    let root = f64::midpoint(-z, (z * z + 4.0 * limit).sqrt());
    root * root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_of_one_is_erlangs_loss() {
        for rho in [0.1, 1.0, 7.0] {
            assert!((token_bucket_refused_share(rho, 1.0, 1) - rho / (1.0 + rho)).abs() < 1e-14);
        }
    }

    /// Far above the limit only the refill gets through; a deep bucket at the limit refuses about 1 / (2 b + 1).
    #[test]
    fn extremes_are_finite() {
        assert!((token_bucket_refused_share(1e4, 1.0, 200) - 0.9999).abs() < 1e-12);
        assert!((token_bucket_refused_share(10.0, 1.0, 200) - 0.9).abs() < 1e-12);
        let deep = token_bucket_refused_share(1.0, 1.0, 6_000);
        assert!((deep * 12_000.0 - 1.0).abs() < 0.01, "{deep}");
        assert!(token_bucket_refused_share(0.0, 1.0, 5).abs() < 1e-300);
    }

    #[test]
    fn window_loads_leave_room_for_chance() {
        let load = window_load(100.0, 0.01);
        assert!((load + 2.326_347_874 * load.sqrt() - 100.0).abs() < 1e-6);
    }
}
