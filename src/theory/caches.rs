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
    use crate::theory::reference::rows;

    const CLOSE: f64 = 1e-10;

    fn near(computed: f64, expected: f64) {
        assert!((computed / expected - 1.0).abs() < 2e-7, "{computed} instead of {expected}");
    }

    #[test]
    fn one_key_matches_the_reference() {
        for row in rows("TTL cache, one key, Poisson") {
            let entry = TtlEntry { request_rate: row.number("request_rate"), ttl: row.number("ttl_s") };
            let computed = match row.metric.as_str() {
                "hit_reset_on_miss" => entry.hit_ratio(),
                "hit_reset_on_access" => 1.0 - entry.miss_ratio_renewed(),
                "refresh_rate_on_miss" => entry.fetch_rate(),
                other => panic!("{other}"),
            };
            row.assert_near(computed, CLOSE);
        }
    }

    #[test]
    fn many_keys_match_the_reference() {
        for row in rows("TTL cache, Zipf keys") {
            let shares = zipf_shares(row.number("keys") as u32, row.number("zipf"));
            let (rate, ttl) = (row.number("total_rate"), row.number("ttl_s"));
            let computed = match row.metric.as_str() {
                "hit_reset_on_miss" => ttl_hit_ratio(&shares, rate, ttl),
                "hit_reset_on_access" => ttl_hit_ratio_renewed(&shares, rate, ttl),
                "mean_entries_reset_on_miss" => ttl_entries(&shares, rate, ttl),
                "origin_rate_reset_on_miss" => rate * (1.0 - ttl_hit_ratio(&shares, rate, ttl)),
                other => panic!("{other}"),
            };
            row.assert_near(computed, CLOSE);
        }
    }

    #[test]
    fn che_matches_the_reference() {
        for row in rows("LRU, Zipf, Che approximation") {
            let shares = zipf_shares(row.number("keys") as u32, row.number("zipf"));
            let cache = che_lru(&shares, row.number("capacity") as u32);
            match row.metric.as_str() {
                "char_time_requests" => row.assert_near(cache.characteristic_time, 1e-9),
                "hit_ratio_che" => row.assert_near(cache.hit_ratio, 1e-9),
                other => panic!("{other}"),
            }
        }
        // 10 keys, capacity 4: exact LRU hits 0.5206, Che 0.5185.
        assert!((che_lru(&zipf_shares(10, 0.8), 4).hit_ratio - 0.5185).abs() < 5e-5);
        assert!((che_lru(&[0.5, 0.5], 2).hit_ratio - 1.0).abs() < 1e-15);
    }

    #[test]
    fn a_flush_matches_the_reference() {
        for row in rows("cache flushed, uniform keys") {
            let devices = row.number("keys");
            let request_rate = row.number("total_rate") / devices;
            let flush = Flush { devices, request_rate, origin_rate: f64::INFINITY };
            let time = row.number("t_s");
            let computed = match row.metric.as_str() {
                "expected_misses" => flush.misses_by(time),
                "miss_ratio_now" => flush.miss_ratio_at(time),
                "miss_rate_now" => row.number("total_rate") * flush.miss_ratio_at(time),
                "time_to_99pct_warm_s" => flush.time_to_warm(0.99),
                other => panic!("{other}"),
            };
            row.assert_near(computed, CLOSE);
        }
        for row in rows("look-aside cache loss").iter().filter(|row| row.metric == "amplification") {
            row.assert_near(loss_amplification(row.number("hit_ratio")), CLOSE);
        }
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
}
