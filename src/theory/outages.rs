//! How often things are down, how long a switch takes, and what retries make of it.

/// A stamp that is up and down in turn, each for an exponential time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UpAndDown {
    /// Mean time from repair to failure.
    pub mean_up: f64,
    /// Mean time to repair.
    pub mean_down: f64,
}

impl UpAndDown {
    /// Share of the time that it is up.
    pub fn availability(self) -> f64 {
        self.mean_up / (self.mean_up + self.mean_down)
    }

    /// Expected outages over a horizon that begins at a random time.
    pub fn outages(self, horizon: f64) -> f64 {
        horizon / (self.mean_up + self.mean_down)
    }

    /// Expected time down over a horizon.
    pub fn time_down(self, horizon: f64) -> f64 {
        horizon * (1.0 - self.availability())
    }

    /// Probability that nothing fails over a horizon that begins with the stamp up.
    pub fn no_failure(self, horizon: f64) -> f64 {
        libm::exp(-horizon / self.mean_up)
    }
}

/// A switch of traffic by probes and name resolution (Azure Traffic Manager, endpoint monitoring).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NameFailover {
    /// Time between two probes.
    pub probe_interval: f64,
    /// Time until a probe counts as failed.
    pub probe_timeout: f64,
    /// Failed probes that are tolerated; the next one marks the endpoint.
    pub tolerated_failures: u32,
    /// How long resolvers keep an answer.
    pub ttl: f64,
}

impl NameFailover {
    /// The shortest time until the endpoint is marked: a probe falls on the outage.
    pub fn detected_after_min(self) -> f64 {
        f64::from(self.tolerated_failures) * self.probe_interval + self.probe_timeout
    }

    /// The longest time until the endpoint is marked.
    pub fn detected_after_max(self) -> f64 {
        self.detected_after_min() + self.probe_interval
    }

    /// The mean over the phase of the probes.
    pub fn detected_after_mean(self) -> f64 {
        f64::midpoint(self.detected_after_min(), self.detected_after_max())
    }

    /// When the last client has moved at the latest.
    pub fn last_client(self) -> f64 {
        self.detected_after_max() + self.ttl
    }

    /// The mean time until a client moves, its answer of uniform age.
    pub fn mean_client(self) -> f64 {
        self.detected_after_mean() + self.ttl / 2.0
    }

    /// Share of clients that still have the old answer when a share of its life has passed since the switch.
    pub fn stale_share(self, share_of_ttl: f64) -> f64 {
        (1.0 - share_of_ttl).clamp(0.0, 1.0)
    }
}

/// Attempts that fail independently, with a bounded number of them and a capped exponential back-off in between.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundedRetries {
    /// Probability that an attempt fails, below 1.
    pub failure: f64,
    /// Attempts at most, at least 1.
    pub attempts_max: u32,
    /// First back-off.
    pub base: f64,
    /// Factor from one back-off to the next.
    pub factor: f64,
    /// Longest back-off.
    pub cap: f64,
}

impl BoundedRetries {
    /// Expected attempts: 1 + p + ... + p^(n-1).
    pub fn attempts(self) -> f64 {
        (0..self.attempts_max).map(|i| self.fail_first(i)).sum()
    }

    /// Probability that the first i attempts fail.
    fn fail_first(self, i: u32) -> f64 {
        libm::pow(self.failure, f64::from(i))
    }

    /// Probability of success: 1 - p^n, without loss of digits near 0.
    pub fn success(self) -> f64 {
        -libm::expm1(f64::from(self.attempts_max) * libm::log(self.failure))
    }

    /// The back-offs without jitter.
    fn backoffs(self) -> impl Iterator<Item = f64> {
        (1..self.attempts_max).map(move |i| (self.base * libm::pow(self.factor, f64::from(i - 1))).min(self.cap))
    }

    /// Expected time in back-off under full jitter, which takes half of each on average.
    pub fn backoff_full_jitter(self) -> f64 {
        self.backoffs().enumerate().map(|(i, wait)| self.fail_first(i as u32 + 1) * wait / 2.0).sum()
    }

    /// Time in back-off when every attempt fails and there is no jitter.
    pub fn backoff_max(self) -> f64 {
        self.backoffs().sum()
    }
}

/// A service of this capacity whose timed-out requests are tried again (Bronson, Aghayev, Charapko and Zhu 2021).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryFeedback {
    /// Requests per unit of time that it answers in time.
    pub capacity: f64,
    /// First attempts per unit of time.
    pub offered: f64,
    /// Further attempts of a request that times out.
    pub retries: f64,
}

impl RetryFeedback {
    /// Below this load it recovers by itself from any trigger.
    pub fn stable_below(self) -> f64 {
        self.capacity / (1.0 + self.retries)
    }

    /// Load when every request is tried to the end.
    pub fn load_when_failing(self) -> f64 {
        self.offered * (1.0 + self.retries)
    }

    /// Whether it works until a trigger comes and never again: mu / (1 + r) < lambda < mu.
    pub fn is_vulnerable(self) -> bool {
        self.stable_below() < self.offered && self.offered < self.capacity
    }

    /// Retries per unit of time that still let it recover.
    pub fn retry_budget(self) -> f64 {
        self.capacity - self.offered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let stamp = UpAndDown { mean_up: 99.0, mean_down: 1.0 };
        assert!((stamp.availability() - 0.99).abs() < 1e-15 && (stamp.time_down(100.0) - 1.0).abs() < 1e-12);
        let switch = NameFailover { probe_interval: 30.0, probe_timeout: 10.0, tolerated_failures: 3, ttl: 30.0 };
        assert!((switch.last_client() - 160.0).abs() < 1e-12);
        let once = BoundedRetries { failure: 0.5, attempts_max: 1, base: 1.0, factor: 2.0, cap: 8.0 };
        assert!((once.attempts() - 1.0).abs() < 1e-15 && once.backoff_max().abs() < 1e-300);
        let service = RetryFeedback { capacity: 300.0, offered: 140.0, retries: 1.0 };
        assert!(!service.is_vulnerable() && RetryFeedback { offered: 280.0, ..service }.is_vulnerable());
    }
}
