//! Back-off: how long a device waits before it tries again.
//!
//! The SDK profiles follow the code of the SDKs, not only their documents (Azure facts, section 3). `retry` counts
//! from 0 at the first wait after a failed attempt; `previous` is the wait before, for rules with memory.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::draws::Stream;
use crate::registry;
use crate::units::SimDuration;

/// A back-off rule: pure, with its own draws.
pub trait Backoff {
    /// Wait before the first attempt of an episode; zero unless the rule says otherwise.
    fn first(&self, _draws: &mut Stream) -> SimDuration {
        SimDuration::ZERO
    }

    /// Wait after the failure number `retry` (0 is the first).
    fn delay(&self, retry: u32, previous: SimDuration, draws: &mut Stream) -> SimDuration;

    /// Whether a wait depends on the one before.
    fn remembers(&self) -> bool {
        false
    }

    /// Whether the wait after this failure and all later ones is the same for every device.
    fn is_fixed(&self, _retry: u32) -> bool {
        false
    }

    /// Least time between the starts of two attempts.
    fn least_gap(&self) -> SimDuration {
        SimDuration::ZERO
    }

    /// What is wrong with the parameters, if anything.
    fn problem(&self) -> Option<String> {
        None
    }
}

registry! {
    /// The registered back-off rules.
    pub enum BackoffRule: Backoff {
        Csharp("csharp", "C# device SDK v1: exponential from 100 ms to 10 s, jitter 20 % that vanishes at the cap."),
        Node("node", "Node SDK: exponential with wide jitter from 100 ms to 10 s."),
        Python("python", "Python SDK: fixed 10 s without jitter."),
        C("c", "C SDK: first retry at once, doubling from 1 s to 30 s, jitter up to 5 % in whole seconds."),
        Exponential("exponential", "Configurable exponential with none, full, equal or decorrelated jitter."),
        Memoryless("memoryless", "Exponentially distributed waits, the first attempt included: the rule that theory solves."),
    }
}

impl Default for BackoffRule {
    fn default() -> Self {
        Self::Csharp(Csharp::default())
    }
}

fn doubled(base: u64, retry: u32, cap: u64) -> u64 {
    if retry >= 40 { cap } else { base.saturating_mul(1 << retry).min(cap) }
}

/// C# device SDK v1: `min(100 ms + (2^n - 1) x R, 10 s)`, R a whole number of milliseconds in [80, 120).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Csharp {}

impl Backoff for Csharp {
    fn delay(&self, retry: u32, _: SimDuration, draws: &mut Stream) -> SimDuration {
        let r = 80 + draws.below(40);
        let factor = doubled(1, retry, 1 << 20) - 1;
        SimDuration::from_millis((100 + factor * r).min(10_000))
    }

    fn is_fixed(&self, retry: u32) -> bool {
        // 100 ms + 127 x 80 ms is beyond the cap already.
        retry >= 7
    }

    fn least_gap(&self) -> SimDuration {
        SimDuration::SECOND
    }
}

/// Node SDK: `min(cMin + (2^(n-1) - 1) x U(0, c (jd - ju)), cMax)`, n from 1; c = cMin = 100 ms, cMax = 10 s.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Node {
    /// Use the constants for throttling errors (10 s to 60 s) instead of the normal ones. Default false.
    pub throttled: bool,
}

impl Backoff for Node {
    fn delay(&self, retry: u32, _: SimDuration, draws: &mut Stream) -> SimDuration {
        let (least, spread, most) =
            if self.throttled { (10_000_000, 1_250_000.0, 60_000_000) } else { (100_000, 25_000.0, 10_000_000) };
        let factor = (doubled(1, retry, 1 << 30) - 1) as f64;
        SimDuration((least + (factor * draws.unit() * spread) as u64).min(most))
    }
}

/// Python SDK 2.13: a fixed interval, no jitter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Python {
    /// The SDK's `connection_retry_interval`. Default 10 s.
    pub interval: SimDuration,
}

impl Default for Python {
    fn default() -> Self {
        Self { interval: SimDuration::from_secs(10) }
    }
}

impl Backoff for Python {
    fn delay(&self, _: u32, _: SimDuration, _: &mut Stream) -> SimDuration {
        self.interval
    }

    fn is_fixed(&self, _: u32) -> bool {
        true
    }

    fn problem(&self) -> Option<String> {
        (self.interval == SimDuration::ZERO).then(|| "an interval of zero would retry for ever at one instant".into())
    }
}

/// C SDK: 0, then `floor(min(2^(n-1) x 1 s, 30 s) x (1 + U(0, 5 %)))` in whole seconds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct C {
    /// Use the rule of the SDK's reliability document, which takes 0-100 % off, instead of its code. Default false.
    pub documented_jitter: bool,
}

impl Backoff for C {
    fn delay(&self, retry: u32, _: SimDuration, draws: &mut Stream) -> SimDuration {
        let Some(doublings) = retry.checked_sub(1) else { return SimDuration::ZERO };
        let seconds = doubled(1, doublings, 30) as f64;
        let jittered =
            if self.documented_jitter { seconds * (1.0 - draws.unit()) } else { seconds * (1.0 + 0.05 * draws.unit()) };
        SimDuration::from_secs(jittered.floor() as u64)
    }

    fn least_gap(&self) -> SimDuration {
        // The documented rule may draw zero for ever; its loop runs at most each second.
        if self.documented_jitter { SimDuration::SECOND } else { SimDuration::ZERO }
    }
}

/// Kinds of jitter (Brooker 2015, "Exponential Backoff and Jitter").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Jitter {
    /// The full wait w.
    None,
    /// U(0, w).
    #[default]
    Full,
    /// w/2 + U(0, w/2).
    Equal,
    /// min(cap, U(base, 3 x previous)).
    Decorrelated,
}

/// Configurable exponential: w = min(cap, base x factor^n), then jitter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Exponential {
    /// First wait before jitter. Default 1 s.
    pub base: SimDuration,
    /// Growth of the wait by retry. Default 2.
    pub factor: f64,
    /// Longest wait before jitter. Default 60 s.
    pub cap: SimDuration,
    /// Kind of jitter. Default full.
    pub jitter: Jitter,
}

impl Default for Exponential {
    fn default() -> Self {
        Self { base: SimDuration::SECOND, factor: 2.0, cap: SimDuration::from_secs(60), jitter: Jitter::Full }
    }
}

impl Exponential {
    fn width(&self, retry: u32) -> f64 {
        let (mut width, cap) = (self.base.0 as f64, self.cap.0 as f64);
        for _ in 0..retry {
            width *= self.factor;
            if width >= cap {
                return cap;
            }
        }
        width.min(cap)
    }
}

impl Backoff for Exponential {
    fn delay(&self, retry: u32, previous: SimDuration, draws: &mut Stream) -> SimDuration {
        let width = self.width(retry);
        let micros = match self.jitter {
            Jitter::None => width,
            Jitter::Full => draws.unit() * width,
            Jitter::Equal => width / 2.0 + draws.unit() * width / 2.0,
            Jitter::Decorrelated => {
                let (low, high) = (self.base.0 as f64, 3.0 * previous.0.max(self.base.0) as f64);
                (low + draws.unit() * (high - low)).min(self.cap.0 as f64)
            }
        };
        SimDuration(micros.round() as u64)
    }

    fn remembers(&self) -> bool {
        self.jitter == Jitter::Decorrelated
    }

    fn is_fixed(&self, _: u32) -> bool {
        self.jitter == Jitter::None
    }

    fn problem(&self) -> Option<String> {
        if self.base == SimDuration::ZERO {
            Some("a base of zero would retry for ever at one instant".into())
        } else if self.cap < self.base {
            Some(format!("the cap {} is below the base {}", self.cap, self.base))
        } else if !(self.factor >= 1.0 && self.factor.is_finite()) {
            Some(format!("the factor {} is not at least 1", self.factor))
        } else {
            None
        }
    }
}

/// Exponentially distributed waits with one mean, before the first attempt too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Memoryless {
    /// Mean wait. Default 60 s.
    pub mean: SimDuration,
}

impl Default for Memoryless {
    fn default() -> Self {
        Self { mean: SimDuration::from_secs(60) }
    }
}

impl Backoff for Memoryless {
    fn first(&self, draws: &mut Stream) -> SimDuration {
        SimDuration(draws.exponential(self.mean.0 as f64).round() as u64)
    }

    fn delay(&self, _: u32, _: SimDuration, draws: &mut Stream) -> SimDuration {
        self.first(draws)
    }

    fn problem(&self) -> Option<String> {
        (self.mean == SimDuration::ZERO).then(|| "a mean of zero would retry for ever at one instant".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::draws::{Draws, Purpose};

    /// The first delays of a rule [ms].
    fn delays(rule: &dyn Backoff, n: u32) -> Vec<u64> {
        let mut draws = Draws::new(7, 0).stream(1, Purpose::Backoff, 0);
        let mut previous = SimDuration::ZERO;
        (0..n)
            .map(|retry| {
                previous = rule.delay(retry, previous, &mut draws);
                previous.0 / 1_000
            })
            .collect()
    }

    #[test]
    fn csharp_grows_from_a_tenth_to_exactly_ten_seconds() {
        let got = delays(&Csharp {}, 12);
        for (delay, about) in got.iter().zip([100, 200, 400, 800, 1_600, 3_200, 6_400_u64]) {
            assert!(delay.abs_diff(about) <= about / 5, "{delay} is not about {about}");
        }
        assert!(got[7..].iter().all(|d| *d == 10_000), "{got:?}");
        assert_eq!(Csharp {}.least_gap(), SimDuration::SECOND);
    }

    #[test]
    fn python_waits_ten_seconds_always() {
        assert_eq!(delays(&Python::default(), 4), [10_000; 4]);
    }

    #[test]
    fn c_goes_0_1_2_4_8_16_then_30_or_31() {
        let got = delays(&C::default(), 60);
        assert_eq!(got[..6], [0, 1_000, 2_000, 4_000, 8_000, 16_000]);
        assert!(got[6..].iter().all(|d| [30_000, 31_000].contains(d)), "{got:?}");
        let share = got[6..].iter().filter(|d| **d == 31_000).count() as f64 / 54.0;
        assert!((share - 1.0 / 3.0).abs() < 0.2, "a third is 31 s, got {share}");
    }

    #[test]
    fn node_caps_at_ten_seconds_and_at_sixty_when_throttled() {
        assert!(delays(&Node::default(), 40).iter().all(|d| (100..=10_000).contains(d)));
        assert!(delays(&Node { throttled: true }, 40).iter().all(|d| (10_000..=60_000).contains(d)));
    }

    #[test]
    fn exponential_without_jitter_is_the_published_schedule() {
        let rule = Exponential { jitter: Jitter::None, ..Exponential::default() };
        assert_eq!(delays(&rule, 8), [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    }

    #[test]
    fn decorrelated_stays_between_base_and_cap() {
        let rule = Exponential { jitter: Jitter::Decorrelated, ..Exponential::default() };
        assert!(delays(&rule, 200).iter().all(|d| (1_000..=60_000).contains(d)));
    }
}
