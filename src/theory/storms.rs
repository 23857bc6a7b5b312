//! Herds: many devices that want the same thing at once, from a service with a limit.
//!
//! Floors and mean-field curves; derived here, each confirmed by an independent Monte Carlo. Times share the unit of the rates.

/// Euler's constant.
const EULER: f64 = 0.577_215_664_901_532_9;

/// The shortest time in which `devices` get through a limit of `rate`.
pub fn drain_floor(devices: f64, rate: f64) -> f64 {
    devices / rate
}

/// Devices that retry with exponential gaps until they are admitted; they all start at time 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemorylessStorm {
    /// Number of devices N.
    pub devices: f64,
    /// Admissions per unit of time R.
    pub admit_rate: f64,
    /// Mean time between attempts of a device m.
    pub mean_retry: f64,
}

impl MemorylessStorm {
    /// Attempts per unit of time at the start.
    pub fn attempt_rate_max(self) -> f64 {
        self.devices / self.mean_retry
    }

    /// Devices whose attempts just fill the limit, R m; N where there are never so many.
    fn filling(self) -> f64 {
        (self.admit_rate * self.mean_retry).min(self.devices)
    }

    /// With a deep bucket: how long the limit is fully used, t1 = (N - R m) / R.
    pub fn deep_saturated(self) -> f64 {
        (self.devices - self.filling()) / self.admit_rate
    }

    /// With a deep bucket: when `remaining` devices are left. The limit is fully used until R m are left, who then get
    /// through at their first attempt: B = R m e^(-(t - t1) / m).
    pub fn deep_time_to(self, remaining: f64) -> f64 {
        if remaining >= self.filling() {
            return (self.devices - remaining) / self.admit_rate;
        }
        self.deep_saturated() + self.mean_retry * libm::log(self.filling() / remaining)
    }

    /// With a deep bucket: when a share of the devices (0 to below 1) is through.
    pub fn deep_time_of_share(self, share: f64) -> f64 {
        self.deep_time_to(self.devices * (1.0 - share))
    }

    /// With a deep bucket: the expected time of the last device; the last of n exponential times is m (ln n + 0.577).
    pub fn deep_last(self) -> f64 {
        self.deep_saturated() + self.mean_retry * (libm::log(self.filling()) + EULER)
    }

    /// With a deep bucket: attempts of all devices, the area under B / m: (N^2 - (R m)^2) / (2 R m) + R m.
    pub fn deep_attempts(self) -> f64 {
        let filling = self.filling();
        let saturated = self.deep_saturated() * f64::midpoint(self.devices, filling) / self.mean_retry;
        saturated + filling
    }

    /// With a bucket of depth 1: when `remaining` devices are left, t = (N - B) / R + m ln(N / B), since an attempt that
    /// meets an empty bucket is lost and the tokens in between are not saved.
    pub fn shallow_time_to(self, remaining: f64) -> f64 {
        (self.devices - remaining) / self.admit_rate + self.mean_retry * libm::log(self.devices / remaining)
    }

    /// With a bucket of depth 1: when a share of the devices (0 to below 1) is through.
    pub fn shallow_time_of_share(self, share: f64) -> f64 {
        self.shallow_time_to(self.devices * (1.0 - share))
    }

    /// With a bucket of depth 1: the expected time of the last device.
    pub fn shallow_last(self) -> f64 {
        self.devices / self.admit_rate + self.mean_retry * (libm::log(self.devices) + EULER)
    }

    /// With a bucket of depth 1: attempts per device, 1 + N / (2 m R). Choose m of N / R or more to keep it near 1.
    pub fn shallow_attempts_per_device(self) -> f64 {
        1.0 + self.devices / (2.0 * self.mean_retry * self.admit_rate)
    }
}

/// Devices that retry in lockstep, since their back-off has no jitter; whole numbers, times in one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockstepStorm {
    /// Number of devices.
    pub devices: u64,
    /// Tokens per unit of time.
    pub refill_rate: u64,
    /// Tokens at most; the bucket is full at the start.
    pub depth: u64,
    /// First back-off.
    pub base: u64,
    /// Factor from one back-off to the next.
    pub factor: u64,
    /// Longest back-off.
    pub cap: u64,
}

/// What came of a lockstep storm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lockstep {
    /// Rounds until all are through.
    pub rounds: u64,
    /// Time of the last round.
    pub last: u64,
    /// Devices admitted in the first round.
    pub first_admitted: u64,
    /// Attempts of all devices.
    pub attempts: u64,
}

impl LockstepStorm {
    /// Runs the rounds: all that are left try, the bucket admits what it holds. Nothing when the bucket never gives a token.
    pub fn run(self) -> Option<Lockstep> {
        if self.depth == 0 || (self.refill_rate == 0 && self.devices > self.depth) || self.cap == 0 {
            return None;
        }
        let first_admitted = self.devices.min(self.depth);
        let mut storm = Lockstep { rounds: 1, last: 0, first_admitted, attempts: self.devices };
        let (mut left, mut tokens) = (self.devices - first_admitted, self.depth - first_admitted);
        let mut gap = self.base.clamp(1, self.cap);
        while left > 0 {
            storm.rounds += 1;
            storm.last += gap;
            storm.attempts += left;
            tokens = tokens.saturating_add(self.refill_rate.saturating_mul(gap)).min(self.depth);
            let admitted = left.min(tokens);
            (left, tokens) = (left - admitted, tokens - admitted);
            gap = gap.saturating_mul(self.factor.max(1)).min(self.cap);
        }
        Some(storm)
    }
}

/// First attempts spread evenly over a window, by the rule of the DPS large-scale page (T = devices / rate, delay up to T / load).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpreadWindow {
    /// Number of devices.
    pub devices: f64,
    /// Admissions per unit of time.
    pub admit_rate: f64,
    /// Share of the limit that the first attempts may use, above 0, at most 1.
    pub load: f64,
}

impl SpreadWindow {
    /// The longest delay, T / load: also the time until the last device tried first.
    pub fn longest_delay(self) -> f64 {
        drain_floor(self.devices, self.admit_rate) / self.load
    }

    /// First attempts per unit of time when delays begin at `shortest_delay`.
    pub fn offered_rate(self, shortest_delay: f64) -> f64 {
        self.devices / (self.longest_delay() - shortest_delay)
    }
}

/// Devices whose hub is down for long: each gives up after a patience uniform between two times and turns to DPS.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpillOver {
    /// Number of devices N.
    pub devices: f64,
    /// Shortest patience a.
    pub patience_min: f64,
    /// Longest patience c.
    pub patience_max: f64,
    /// Registrations per unit of time r.
    pub registration_rate: f64,
}

impl SpillOver {
    /// Requests per unit of time while devices give up, N / (c - a); infinite when all give up at once.
    pub fn request_rate(self) -> f64 {
        self.devices / (self.patience_max - self.patience_min)
    }

    /// Whether DPS falls behind.
    pub fn overloads(self) -> bool {
        self.request_rate() > self.registration_rate
    }

    /// Time of the last registration, from the start of the outage: a + N / r when DPS falls behind, else c.
    pub fn end(self) -> f64 {
        let drained = self.patience_min + drain_floor(self.devices, self.registration_rate);
        if self.overloads() { drained } else { self.patience_max }
    }

    /// The longest backlog at DPS, reached when the last device gives up: N - r (c - a).
    pub fn backlog_max(self) -> f64 {
        (self.devices - self.registration_rate * (self.patience_max - self.patience_min)).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With fewer devices than fill the limit nobody is refused: one attempt each.
    #[test]
    fn a_small_herd_is_never_refused() {
        let storm = MemorylessStorm { devices: 100.0, admit_rate: 100.0, mean_retry: 60.0 };
        assert!(storm.deep_saturated().abs() < 1e-12);
        assert!((storm.deep_attempts() - 100.0).abs() < 1e-9);
        assert!((storm.deep_time_of_share(0.5) - 60.0 * std::f64::consts::LN_2).abs() < 1e-9);
    }

    /// 100,000 devices, patience 15 to 30 min, 1,000 registrations a minute: an outage longer than 30 min lasts 115 min.
    #[test]
    fn an_outage_spills_over_to_dps() {
        let spill = SpillOver { devices: 1e5, patience_min: 15.0, patience_max: 30.0, registration_rate: 1_000.0 };
        assert!(spill.overloads());
        assert!((spill.end() - 115.0).abs() < 1e-12);
        assert!((spill.backlog_max() - 85_000.0).abs() < 1e-9);
        let few = SpillOver { devices: 1e4, ..spill };
        assert!(!few.overloads() && (few.end() - 30.0).abs() < 1e-12 && few.backlog_max().abs() < 1e-12);
    }

    #[test]
    fn a_bucket_that_never_fills_ends_no_storm() {
        let dry = LockstepStorm { devices: 2, refill_rate: 0, depth: 1, base: 1, factor: 2, cap: 8 };
        assert_eq!(dry.run(), None);
    }
}
