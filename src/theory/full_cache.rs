//! A cache that holds less than is asked for, whose entries also live for a time to live at most.
//!
//! An entry is safe from eviction for the characteristic time t (Che, Tung and Wang 2002; Martina, Garetto and Leonardi
//! 2014): the same for all keys, and such that as many entries are expected in the cache as it has room for. Rates and times
//! share a unit.

/// Steps of the search for the characteristic time; a Newton step or a half each.
const STEPS: usize = 200;
/// Relative error of the characteristic time at which the search ends.
const NEAR: f64 = 1e-9;

/// How entries of a full cache leave it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FullCache {
    /// Whether a use makes an entry safe again (`lru`), or only its coming in does (`fifo`).
    pub renewed: bool,
    /// Time to live from the fetch; infinite where entries live for ever.
    pub ttl: f64,
}

impl FullCache {
    /// The characteristic time of a cache with room for `capacity` of these keys (requests of one key, number of keys);
    /// infinite where it has room for all that are ever asked for.
    pub fn safe_time(&self, keys: &[(f64, f64)], capacity: f64) -> f64 {
        let (mut all, mut rate) = (0.0, 0.0);
        for (each, n) in keys.iter().filter(|(each, _)| *each > 0.0) {
            (all, rate) = (all + n, rate + each * n);
        }
        if all <= capacity {
            return f64::INFINITY;
        }
        // An entry takes a request at least, so that the time is no shorter than as many requests.
        let (mut low, mut high, mut time) = (0.0, f64::INFINITY, capacity / rate);
        for _ in 0..STEPS {
            let (held, slope) = self.held(keys, time);
            (low, high) = if held < capacity { (time, high) } else { (low, time) };
            let newton = time + (capacity - held) / slope;
            let middle = if high.is_finite() { f64::midpoint(low, high) } else { 2.0 * time };
            let next = if low < newton && newton < high { newton } else { middle };
            if (next - time).abs() <= NEAR * time {
                return next;
            }
            time = next;
        }
        time
    }

    /// Entries in the cache when each is safe for so long, and how fast they grow with it.
    fn held(&self, keys: &[(f64, f64)], time: f64) -> (f64, f64) {
        let asked = keys.iter().filter(|(rate, _)| *rate > 0.0);
        asked.fold((0.0, 0.0), |(held, slope), (rate, n)| {
            let (of_one, grows) = self.held_of(*rate, time);
            (held + n * of_one, slope + n * grows)
        })
    }

    /// The chance that the entry of a key is in the cache, and its derivative.
    fn held_of(&self, rate: f64, time: f64) -> (f64, f64) {
        let (x, y) = (rate * time, rate * self.ttl);
        if self.renewed {
            // It was asked for within that time; an expired entry is in its place until it is asked for again.
            (-libm::expm1(-x), rate * libm::exp(-x))
        } else if x <= y {
            (x / (1.0 + x), rate / (1.0 + x) / (1.0 + x))
        } else {
            // It is fetched anew at the first request after its time to live.
            ((y - libm::expm1(y - x)) / (1.0 + y), rate * libm::exp(y - x) / (1.0 + y))
        }
    }

    /// Share of the requests of a key that find no usable entry, when one is safe for so long.
    pub fn miss_ratio(&self, rate: f64, safe: f64) -> f64 {
        1.0 / (1.0 + self.hits(rate, safe))
    }

    /// Hits on an entry from its fetch until it is evicted or expires.
    ///
    /// Where each use makes it safe again: up to the characteristic time every request is a hit; in all they are
    /// e^x - 1 with x = L t if nothing expires. Between the two the chance that no gap was too long falls nearly
    /// exponentially; it begins at 1 - e^-x.
    fn hits(&self, rate: f64, safe: f64) -> f64 {
        let (x, y) = (rate * safe, rate * self.ttl);
        if !self.renewed || y <= x {
            return x.min(y);
        }
        let later = libm::expm1(x) - x;
        if later.is_infinite() {
            return y;
        }
        let falls = -libm::expm1(-x) / later.max(f64::MIN_POSITIVE);
        x - later * libm::expm1(-(y - x) * falls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::caches::{che_lru, fifo_hit_ratio, zipf_shares};

    fn bands(shares: &[f64]) -> Vec<(f64, f64)> {
        shares.iter().map(|share| (*share, 1.0)).collect()
    }

    #[test]
    fn without_a_time_to_live_they_are_the_known_approximations() {
        let shares = zipf_shares(1_000, 0.8);
        for capacity in [10, 300, 990] {
            for renewed in [true, false] {
                let cache = FullCache { renewed, ttl: f64::INFINITY };
                let safe = cache.safe_time(&bands(&shares), f64::from(capacity));
                let ours: f64 = shares.iter().map(|share| share * (1.0 - cache.miss_ratio(*share, safe))).sum();
                let lru = che_lru(&shares, capacity).hit_ratio;
                let known = if renewed { lru } else { fifo_hit_ratio(&shares, capacity) };
                assert!((ours - known).abs() < 1e-6, "{capacity}, {renewed}: {ours} for {known}");
            }
        }
    }

    #[test]
    fn room_for_all_is_a_time_to_live_alone() {
        let cache = FullCache { renewed: true, ttl: 4.0 };
        let safe = cache.safe_time(&[(1.0, 10.0), (0.0, 90.0)], 10.0);
        assert!(safe.is_infinite(), "nobody asks for the others");
        assert!((cache.miss_ratio(1.0, safe) - 0.2).abs() < 1e-12);
        assert!((cache.miss_ratio(0.0, safe) - 1.0).abs() < 1e-12);
    }

    /// Policy, capacity, time to live, and the miss ratio that a program of its own found for 2,000 keys that are asked for
    /// once in a unit of time each, over 400 units; standard errors are 0.0005.
    const SIMULATED: [(bool, f64, f64, f64); 10] = [
        (true, 1_200.0, 4.0, 0.4037),
        (true, 1_200.0, 1.2, 0.4843),
        (true, 1_900.0, 4.0, 0.2036),
        (true, 1_900.0, 2.0, 0.3342),
        (true, 600.0, 2.0, 0.7011),
        (false, 1_200.0, 4.0, 0.4017),
        (false, 1_200.0, 1.2, 0.4557),
        (false, 1_900.0, 4.0, 0.2005),
        (false, 1_900.0, 2.0, 0.3342),
        (false, 600.0, 2.0, 0.7015),
    ];

    #[test]
    fn both_limits_together_are_near_a_simulated_cache() {
        for (renewed, capacity, ttl, simulated) in SIMULATED {
            let cache = FullCache { renewed, ttl };
            let safe = cache.safe_time(&[(1.0, 2_000.0)], capacity);
            let ours = cache.miss_ratio(1.0, safe);
            assert!((ours - simulated).abs() < 0.003, "{renewed}, {capacity}, {ttl}: {ours} for {simulated}");
        }
    }
}
