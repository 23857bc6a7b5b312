//! The gateway's cache under Poisson requests: time to live, capacity, moved devices, and what a flush costs.
//!
//! Rates and times share a unit; ratios are per request. A *miss* asks the origin (DPS).

use super::crossing;

/// One key: requests at rate L, an entry that lives for T from when it was fetched (or, idle, from its last use).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TtlEntry {
    /// Requests per unit of time L.
    pub request_rate: f64,
    /// Time to live T.
    pub ttl: f64,
}

impl TtlEntry {
    /// Miss ratio when the age counts from the fetch: 1 / (1 + L T) (Jung, Berger and Balakrishnan 2003).
    pub fn miss_ratio(self) -> f64 {
        1.0 / (1.0 + self.request_rate * self.ttl)
    }

    /// Hit ratio when the age counts from the fetch.
    pub fn hit_ratio(self) -> f64 {
        1.0 - self.miss_ratio()
    }

    /// Fetches per unit of time when the age counts from the fetch.
    pub fn fetch_rate(self) -> f64 {
        self.request_rate * self.miss_ratio()
    }

    /// Miss ratio when every use renews the entry: e^(-L T) (Fofack, Nain, Neglia and Towsley 2012).
    pub fn miss_ratio_renewed(self) -> f64 {
        libm::exp(-self.request_rate * self.ttl)
    }

    /// What requests meet when a fetch takes the time D and later ones wait for it (single flight): a renewal cycle has
    /// one fetch, L D waiters and L T hits.
    pub fn coalesced(self, fetch_time: f64) -> Coalesced {
        let cycle = 1.0 + self.request_rate * (fetch_time + self.ttl);
        let waiters = self.request_rate * fetch_time;
        Coalesced {
            fetches: 1.0 / cycle,
            delayed_hits: waiters / cycle,
            hits: self.request_rate * self.ttl / cycle,
            mean_wait: (fetch_time + waiters * fetch_time / 2.0) / cycle,
        }
    }

    /// What requests meet when the fetch takes an exponential time of mean D and later ones wait for it.
    pub fn coalesced_exponential(self, mean_fetch_time: f64) -> Coalesced {
        let constant = self.coalesced(mean_fetch_time);
        let cycle = 1.0 + self.request_rate * (mean_fetch_time + self.ttl);
        // The second moment of an exponential time is twice that of a constant one.
        Coalesced { mean_wait: mean_fetch_time * (1.0 + self.request_rate * mean_fetch_time) / cycle, ..constant }
    }

    /// Miss ratio when a fetch takes the time D, every request meanwhile fetches too, and each answer renews the entry:
    /// (1 + L D) / (L (2 D + T) + e^(-L D)).
    pub fn uncoalesced_fetch_ratio(self, fetch_time: f64) -> f64 {
        let (l, d) = (self.request_rate, fetch_time);
        (1.0 + l * d) / (l * (2.0 * d + self.ttl) + libm::exp(-l * d))
    }

    /// What requests meet when each refreshes the entry early with a chance that grows towards its end, on the scale b of time
    /// (Vattani, Chierichetti and Lowenstein 2015): no refresh until r is left has the chance exp(-L b (e^(-r/b) - e^(-T/b))).
    pub fn refreshed_early(self, scale: f64) -> Refreshed {
        let (l, t) = (self.request_rate, self.ttl);
        let end = libm::exp(-t / scale);
        let untouched = |left: f64| libm::exp(-l * scale * (libm::exp(-left / scale) - end));
        let parts = 2_000;
        let step = t / f64::from(2 * parts);
        let inner: f64 =
            (1..2 * parts).map(|i| untouched(step * f64::from(i)) * if i % 2 == 1 { 4.0 } else { 2.0 }).sum();
        let fresh = (untouched(0.0) + inner + untouched(t)) * step / 3.0;
        let cycle = l * (fresh + untouched(0.0) / l);
        Refreshed { fetches: 1.0 / cycle, blocking: untouched(0.0) / cycle }
    }

    /// Miss ratio that blocks when entries may be served stale for S more while they are refreshed at once: e^(-L S) / (1 + L T).
    pub fn blocking_ratio_stale(self, stale: f64) -> f64 {
        libm::exp(-self.request_rate * stale) * self.miss_ratio()
    }

    /// What requests meet when a use after the share f of T refreshes the entry at once.
    pub fn refreshed_ahead(self, share: f64) -> Refreshed {
        let fetches = 1.0 / (1.0 + self.request_rate * share * self.ttl);
        Refreshed { fetches, blocking: fetches * libm::exp(-self.request_rate * (1.0 - share) * self.ttl) }
    }

    /// What requests meet when the device moves at rate M, so that its entry turns wrong before it expires: a cycle ends
    /// by a stale hit with probability P = 1 - (L e^(-M T) - M e^(-L T)) / (L - M), and lasts
    /// (L (1 - e^(-M T)) / M - M (1 - e^(-L T)) / L) / (L - M) + (1 - P) / L.
    pub fn moving(self, move_rate: f64) -> Moving {
        let (l, m, t) = (self.request_rate, move_rate, self.ttl);
        if m <= 0.0 {
            return Moving { stale_hits: 0.0, expired: self.miss_ratio() };
        }
        // The limit where both rates agree, to six digits.
        let m = if (l - m).abs() < 1e-6 * l { l * (1.0 - 1e-6) } else { m };
        let stale = 1.0 - (l * libm::exp(-m * t) - m * libm::exp(-l * t)) / (l - m);
        let fresh = (-l * libm::expm1(-m * t) / m + m * libm::expm1(-l * t) / l) / (l - m);
        let cycle = fresh + (1.0 - stale) / l;
        Moving { stale_hits: stale / (l * cycle), expired: (1.0 - stale) / (l * cycle) }
    }
}

/// Shares of requests under single flight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coalesced {
    /// Requests that fetch.
    pub fetches: f64,
    /// Requests that wait for a fetch of another.
    pub delayed_hits: f64,
    /// Requests answered at once.
    pub hits: f64,
    /// Mean wait of all requests when the fetch time is constant.
    pub mean_wait: f64,
}

/// Shares of requests under refresh-ahead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Refreshed {
    /// Requests that cause a fetch.
    pub fetches: f64,
    /// Requests that wait for one.
    pub blocking: f64,
}

/// Shares of requests to a device that moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moving {
    /// Requests sent to the hub that the device has left.
    pub stale_hits: f64,
    /// Requests that find the entry expired.
    pub expired: f64,
}

/// Miss ratio of a device polled at a constant period, age counted from the fetch: 1 / ceil(T / P); every poll misses
/// when the entry lives no longer than a period.
pub fn periodic_miss_ratio(period: f64, ttl: f64) -> f64 {
    1.0 / (ttl / period).ceil().max(1.0)
}

/// Request shares of keys by Zipf's law: the share of rank r is proportional to r^-`exponent`.
pub fn zipf_shares(keys: u32, exponent: f64) -> Vec<f64> {
    let mut shares: Vec<f64> = (1..=keys).map(|rank| libm::pow(f64::from(rank), -exponent)).collect();
    let total: f64 = shares.iter().rev().sum();
    for share in &mut shares {
        *share /= total;
    }
    shares
}

/// Hit ratio over keys with these request shares when entries live for `ttl` from their fetch and nothing is evicted.
pub fn ttl_hit_ratio(shares: &[f64], total_rate: f64, ttl: f64) -> f64 {
    shares.iter().map(|share| share * TtlEntry { request_rate: share * total_rate, ttl }.hit_ratio()).sum()
}

/// Hit ratio over keys with these request shares when every use renews an entry and nothing is evicted.
pub fn ttl_hit_ratio_renewed(shares: &[f64], total_rate: f64, ttl: f64) -> f64 {
    shares
        .iter()
        .map(|share| share * (1.0 - TtlEntry { request_rate: share * total_rate, ttl }.miss_ratio_renewed()))
        .sum()
}

/// Mean number of entries when they live for `ttl` from their fetch and nothing is evicted.
pub fn ttl_entries(shares: &[f64], total_rate: f64, ttl: f64) -> f64 {
    shares.iter().map(|share| TtlEntry { request_rate: share * total_rate, ttl }.hit_ratio()).sum()
}

/// A cache that evicts the least recently used of more keys than it holds (Che, Tung and Wang 2002).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CheLru {
    /// An entry is evicted when it is not used for so many requests.
    pub characteristic_time: f64,
    /// Share of requests that hit.
    pub hit_ratio: f64,
}

/// Che's approximation: the characteristic time t solves sum(1 - e^(-p t)) = capacity, and a key hits with 1 - e^(-p t).
pub fn che_lru(shares: &[f64], capacity: u32) -> CheLru {
    let capacity = f64::from(capacity);
    if capacity >= shares.len() as f64 {
        return CheLru { characteristic_time: f64::INFINITY, hit_ratio: 1.0 };
    }
    let occupancy = |time: f64| -> f64 { shares.iter().map(|share| -libm::expm1(-share * time)).sum() };
    let mut enough = capacity;
    while occupancy(enough) < capacity && enough < 1e300 {
        enough *= 2.0;
    }
    let characteristic_time = crossing(0.0, enough, |time| occupancy(time) - capacity);
    let hit_ratio = shares.iter().map(|share| -share * libm::expm1(-share * characteristic_time)).sum();
    CheLru { characteristic_time, hit_ratio }
}

/// Hit ratio of a cache that evicts first in, first out, or at random, of more keys than it holds: the characteristic time t
/// solves sum(p t / (1 + p t)) = capacity, and a key hits with p t / (1 + p t) (Martina, Garetto and Leonardi 2014).
pub fn fifo_hit_ratio(shares: &[f64], capacity: u32) -> f64 {
    let capacity = f64::from(capacity);
    if capacity >= shares.len() as f64 {
        return 1.0;
    }
    let held = |share: f64, time: f64| share * time / (1.0 + share * time);
    let occupancy = |time: f64| -> f64 { shares.iter().map(|share| held(*share, time)).sum() };
    let mut enough = capacity;
    while occupancy(enough) < capacity && enough < 1e300 {
        enough *= 2.0;
    }
    let time = crossing(0.0, enough, |time| occupancy(time) - capacity);
    shares.iter().map(|share| share * held(*share, time)).sum()
}

/// Hit ratio when the most popular keys are held for ever: no policy does better under independent requests (Aho, Denning
/// and Ullman 1971). Shares are in falling order.
pub fn static_hit_ratio(shares: &[f64], capacity: u32) -> f64 {
    shares.iter().take(capacity as usize).sum()
}

/// Exact hit ratio of a small cache that evicts first in, first out, or at random: contents have the product of their shares
/// as weight (King 1971).
pub fn fifo_hit_ratio_exact(shares: &[f64], capacity: u32) -> f64 {
    let without =
        |left_out: Option<usize>| shares.iter().enumerate().filter(move |(i, _)| Some(*i) != left_out).map(|(_, p)| *p);
    let whole = elementary(without(None), capacity as usize);
    let held = |i: usize| shares[i] * elementary(without(Some(i)), capacity as usize - 1) / whole;
    (0..shares.len()).map(|i| shares[i] * held(i)).sum()
}

/// The elementary symmetric polynomial of this degree.
fn elementary(values: impl Iterator<Item = f64>, degree: usize) -> f64 {
    let mut sums = vec![0.0; degree + 1];
    sums[0] = 1.0;
    for value in values {
        for k in (1..=degree).rev() {
            sums[k] += value * sums[k - 1];
        }
    }
    sums[degree]
}

/// Exact hit ratio of a small cache that evicts the least recently used: the stack s1, s2, ... has the probability of
/// p1 p2 / (1 - p1) p3 / (1 - p1 - p2) ... (King 1971). The work grows as keys^capacity.
pub fn lru_hit_ratio_exact(shares: &[f64], capacity: u32) -> f64 {
    stacks(shares, &mut vec![false; shares.len()], capacity, 1.0, 0.0)
}

/// Hit ratio over all ways to go on with a stack of this probability and sum of shares.
fn stacks(shares: &[f64], used: &mut [bool], free: u32, probability: f64, sum: f64) -> f64 {
    if free == 0 {
        return probability * sum;
    }
    let mut total = 0.0;
    for key in 0..shares.len() {
        if !used[key] {
            used[key] = true;
            total += stacks(shares, used, free - 1, probability * shares[key] / (1.0 - sum), sum + shares[key]);
            used[key] = false;
        }
    }
    total
}

/// An emptied cache of equally active devices that is refilled through an origin with a limit, one fetch per device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flush {
    /// Number of devices N.
    pub devices: f64,
    /// Requests per device and unit of time L.
    pub request_rate: f64,
    /// Look-ups per unit of time of the origin R.
    pub origin_rate: f64,
}

impl Flush {
    /// Devices asked for by a time after the flush, N (1 - e^(-L t)): so many misses.
    pub fn misses_by(self, time: f64) -> f64 {
        -self.devices * libm::expm1(-self.request_rate * time)
    }

    /// Miss ratio at a time after the flush if the origin answered at once: e^(-L t).
    pub fn miss_ratio_at(self, time: f64) -> f64 {
        libm::exp(-self.request_rate * time)
    }

    /// When a share (below 1) of the devices has been asked for.
    pub fn time_to_warm(self, share: f64) -> f64 {
        -libm::log1p(-share) / self.request_rate
    }

    /// Whether more is asked of the origin than it can answer: N L > R.
    pub fn overloads(self) -> bool {
        self.devices * self.request_rate > self.origin_rate
    }

    /// When the backlog is longest, ln(N L / R) / L; at once when the origin keeps up.
    pub fn backlog_peak_time(self) -> f64 {
        libm::log((self.devices * self.request_rate / self.origin_rate).max(1.0)) / self.request_rate
    }

    /// The longest backlog, N - R / L - R / L ln(N L / R), in devices.
    pub fn backlog_max(self) -> f64 {
        let time = self.backlog_peak_time();
        (self.misses_by(time) - self.origin_rate * time).max(0.0)
    }

    /// When the backlog is empty again, N (1 - e^(-L t)) = R t; zero when the origin keeps up.
    pub fn cleared(self) -> f64 {
        if !self.overloads() {
            return 0.0;
        }
        let latest = self.devices / self.origin_rate;
        crossing(self.backlog_peak_time(), latest, |time| self.origin_rate * time - self.misses_by(time))
    }
}

/// How much more the origin is asked when a cache with this hit ratio (below 1) is lost: 1 / (1 - h).
pub fn loss_amplification(hit_ratio: f64) -> f64 {
    1.0 / (1.0 - hit_ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(computed: f64, expected: f64) {
        assert!((computed / expected - 1.0).abs() < 2e-7, "{computed} instead of {expected}");
    }

    /// A million devices asked for once an hour, 1,000 look-ups a minute: 771,195 wait at 2.8 h, cleared after 16.7 h.
    #[test]
    fn a_flush_into_a_limit_takes_hours() {
        let flush = Flush { devices: 1e6, request_rate: 1.0 / 3_600.0, origin_rate: 1_000.0 / 60.0 };
        near(flush.backlog_peak_time(), 10_128.279);
        near(flush.backlog_max(), 771_195.36);
        near(flush.cleared(), 59_999.997);
        let calm = Flush { origin_rate: 1e4, ..flush };
        assert!(!calm.overloads() && calm.cleared().abs() < 1e-12 && calm.backlog_max().abs() < 1e-12);
    }

    /// Values computed by an independent program and confirmed by a simulation of two million requests.
    #[test]
    fn mechanisms_match_published_values() {
        let fetched = TtlEntry { request_rate: 0.5, ttl: 30.0 }.coalesced(4.0);
        near(fetched.fetches, 0.055_555_556);
        near(fetched.delayed_hits, 0.111_111_11);
        near(fetched.hits, 0.833_333_33);
        near(fetched.mean_wait, 0.444_444_44);
        let entry = TtlEntry { request_rate: 0.05, ttl: 60.0 };
        near(entry.blocking_ratio_stale(30.0), 0.055_782_54);
        near(entry.refreshed_ahead(0.75).fetches, 0.307_692_31);
        near(entry.refreshed_ahead(0.75).blocking, 0.145_343_55);
        let moving = TtlEntry { request_rate: 0.01, ttl: 600.0 }.moving(0.001);
        near(moving.stale_hits, 0.070_844_15);
        near(moving.expired, 0.110_582_03);
        let still = TtlEntry { request_rate: 0.01, ttl: 600.0 };
        assert!((still.moving(1e-9).expired - still.moving(0.0).expired).abs() < 1e-6);
        assert!((still.moving(0.01).stale_hits - still.moving(0.010_001).stale_hits).abs() < 1e-4);
    }

    #[test]
    fn polls_longer_than_the_life_of_an_entry_never_hit() {
        for (period, ttl, expected) in [(60.0, 59.0, 1.0), (60.0, 60.0, 1.0), (60.0, 300.0, 0.2)] {
            near(periodic_miss_ratio(period, ttl), expected);
        }
    }

    /// 10 keys, capacity 4: exact LRU hits 0.5206, Che 0.5185; exact FIFO 0.4969, its approximation 0.4877, both by an
    /// independent program. A cache for all keys always hits.
    #[test]
    fn small_caches_are_near_their_approximations() {
        let shares = zipf_shares(10, 0.8);
        assert!((che_lru(&shares, 4).hit_ratio - 0.5185).abs() < 5e-5);
        assert!((lru_hit_ratio_exact(&shares, 4) - 0.5206).abs() < 5e-5);
        assert!((fifo_hit_ratio(&shares, 4) - 0.487_683).abs() < 1e-6);
        assert!((fifo_hit_ratio_exact(&shares, 4) - 0.496_876).abs() < 1e-6);
        assert!((che_lru(&[0.5, 0.5], 2).hit_ratio - 1.0).abs() < 1e-15);
        assert!((fifo_hit_ratio(&[0.5, 0.5], 2) - 1.0).abs() < 1e-15);
        assert!((static_hit_ratio(&[0.5, 0.3, 0.2], 2) - 0.8).abs() < 1e-15);
    }
}
