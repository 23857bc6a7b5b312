//! A cache that starts empty, over a time that may be shorter than its entries live: what steady-state ratios leave out.

use super::caches::TtlEntry;

/// Ranks that are taken one by one.
const SINGLE_RANKS: u32 = 1_000;
/// Steps of the further ranks: each covers a sixty-fourth more than those before it.
const STEP: f64 = 1.0 + 1.0 / 64.0;

/// Expected fetches of one key up to a time, from an empty cache; age counts from the fetch, `ttl` may be infinite.
///
/// The k-th fetch comes after k exponential gaps and k - 1 times to live, so it has happened by H with the chance that a
/// Poisson count of mean L (H - (k - 1) T) is at least k (renewal counting; Cox 1962, "Renewal theory", section 3.1).
pub fn fetches_by(entry: TtlEntry, horizon: f64) -> f64 {
    if entry.request_rate <= 0.0 {
        return 0.0;
    }
    if entry.ttl <= 0.0 {
        return entry.request_rate * horizon;
    }
    if entry.ttl >= horizon {
        return -libm::expm1(-entry.request_rate * horizon);
    }
    // Over very many cycles the asymptote is exact to far below any digit that is shown.
    let cycle = entry.ttl + 1.0 / entry.request_rate;
    if horizon / cycle > 200.0 {
        return (horizon + entry.ttl) / cycle;
    }
    let mut sum = 0.0;
    let mut fetch = 1;
    loop {
        let left = horizon - f64::from(fetch - 1) * entry.ttl;
        let chance = if left > 0.0 { poisson_at_least(entry.request_rate * left, fetch) } else { 0.0 };
        sum += chance;
        if left <= 0.0 || chance < 1e-12 {
            return sum;
        }
        fetch += 1;
    }
}

/// Expected fetches of one key up to a time, from an empty cache whose entries go when they were not used for `ttl`.
///
/// A request at s finds nothing when none came in the time min(s, T) before it, so it is the integral of L e^(-L min(s, T)).
pub fn fetches_by_renewed(entry: TtlEntry, horizon: f64) -> f64 {
    let TtlEntry { request_rate, ttl } = entry;
    let first = -libm::expm1(-request_rate * ttl.min(horizon));
    let later = (horizon - ttl).max(0.0) * request_rate;
    first + if later > 0.0 { later * entry.miss_ratio_renewed() } else { 0.0 }
}

/// Chance of `count` or more events of a Poisson law.
fn poisson_at_least(mean: f64, count: u32) -> f64 {
    let mut term = libm::exp(-mean);
    if term <= 0.0 {
        // A mean beyond 700 against a count of a few hundred at most: as good as certain, or the normal law tells.
        return super::normal::cdf((mean - f64::from(count) + 0.5) / mean.sqrt());
    }
    let mut below = 0.0;
    for k in 0..count {
        below += term;
        term *= mean / f64::from(k + 1);
    }
    (1.0 - below).max(0.0)
}

/// Keys that are asked for alike: how many, and the share of all requests that each of them gets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranks {
    /// How many keys.
    pub keys: f64,
    /// Share of one of them.
    pub share: f64,
}

/// Zipf's law over many keys in few groups: single ranks first, then runs of ranks with their mean share. An exponent of
/// zero makes all keys alike.
pub fn zipf_ranks(keys: u32, exponent: f64) -> Vec<Ranks> {
    if exponent.abs() < 1e-12 {
        return if keys == 0 {
            Vec::new()
        } else {
            vec![Ranks { keys: f64::from(keys), share: 1.0 / f64::from(keys) }]
        };
    }
    let weight = |rank: f64| libm::pow(rank, -exponent);
    let mut groups: Vec<Ranks> =
        (1..=keys.min(SINGLE_RANKS)).map(|rank| Ranks { keys: 1.0, share: weight(f64::from(rank)) }).collect();
    let mut first = f64::from(SINGLE_RANKS) + 1.0;
    while first <= f64::from(keys) {
        let last = (first * STEP).floor().min(f64::from(keys));
        let count = last - first + 1.0;
        // The integral from half a rank before the first to half a rank after the last: midpoint rule, read backwards.
        groups.push(Ranks { keys: count, share: integral(first - 0.5, last + 0.5, exponent) / count });
        first = last + 1.0;
    }
    let total: f64 = groups.iter().rev().map(|group| group.keys * group.share).sum();
    groups.iter().map(|group| Ranks { share: group.share / total, ..*group }).collect()
}

/// The integral of x^-s.
fn integral(from: f64, to: f64, exponent: f64) -> f64 {
    let power = 1.0 - exponent;
    if power.abs() < 1e-12 { libm::log(to / from) } else { (libm::pow(to, power) - libm::pow(from, power)) / power }
}

#[cfg(test)]
mod tests {
    use super::super::caches::zipf_shares;
    use super::*;

    #[test]
    fn fetches_from_an_empty_cache_have_their_limits() {
        let fetches = |rate: f64, ttl: f64, horizon: f64| fetches_by(TtlEntry { request_rate: rate, ttl }, horizon);
        // One that lives longer than the run is fetched at most once.
        assert!((fetches(0.5, f64::INFINITY, 3.0) + libm::expm1(-1.5)).abs() < 1e-12);
        // One that does not live is fetched each time.
        assert!((fetches(0.5, 0.0, 3.0) - 1.5).abs() < 1e-12);
        // In the long run it is the horizon over a cycle; the sum and its asymptote agree where they meet.
        let (sum, asymptote) = (fetches(1.0, 4.0, 990.0), (990.0 + 4.0) / 5.0);
        assert!((sum / asymptote - 1.0).abs() < 3e-3, "{sum} {asymptote}");
        assert!(fetches(1.0, 4.0, 1e6) / 1e6 - TtlEntry { request_rate: 1.0, ttl: 4.0 }.fetch_rate() < 1e-5);
        assert!(fetches(0.0, 4.0, 10.0) <= 0.0);
    }

    #[test]
    fn an_entry_that_is_renewed_is_fetched_less() {
        let entry = TtlEntry { request_rate: 1.0, ttl: 2.0 };
        // Before the first time to live both are alike: one fetch at most.
        assert!((fetches_by_renewed(entry, 1.5) - fetches_by(entry, 1.5)).abs() < 1e-12);
        assert!(fetches_by_renewed(entry, 50.0) < fetches_by(entry, 50.0));
        let long = fetches_by_renewed(entry, 1e6) / 1e6;
        assert!((long - entry.miss_ratio_renewed()).abs() < 1e-5);
    }

    #[test]
    fn two_cycles_agree_with_the_integral_done_by_hand() {
        // L = 1, T = 1, H = 2: P(first by 2) + P(two gaps by 1) = 1 - e^-2 + 1 - 2 e^-1.
        let wanted = 1.0 - libm::exp(-2.0) + 1.0 - 2.0 * libm::exp(-1.0);
        assert!((fetches_by(TtlEntry { request_rate: 1.0, ttl: 1.0 }, 2.0) - wanted).abs() < 1e-12);
    }

    #[test]
    fn groups_of_ranks_stand_for_all_of_them() {
        for exponent in [0.0, 0.6, 0.8, 1.0, 1.2] {
            let (keys, ttl, rate) = (50_000_u32, 10.0, 20_000.0);
            let exact: f64 = zipf_shares(keys, exponent)
                .iter()
                .map(|share| share * TtlEntry { request_rate: share * rate, ttl }.miss_ratio())
                .sum();
            let groups = zipf_ranks(keys, exponent);
            assert!(groups.len() < 2_000);
            assert!((groups.iter().map(|g| g.keys).sum::<f64>() - f64::from(keys)).abs() < 1e-6);
            let grouped: f64 = groups
                .iter()
                .map(|g| g.keys * g.share * TtlEntry { request_rate: g.share * rate, ttl }.miss_ratio())
                .sum();
            assert!((grouped / exact - 1.0).abs() < 1e-4, "{exponent}: {grouped} {exact}");
        }
    }
}
