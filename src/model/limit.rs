//! Limiters: bucket with backlog, fixed window, concurrency. One type serves hub, DPS and cache.
//!
//! The bucket follows the documented stages of hub traffic shaping: burst credit, then a bounded backlog drained at
//! exactly the limit, then rejection. All state is integer, so a limiter never drifts and never depends on order
//! of arithmetic. A refused attempt consumes nothing.

mod quick;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de};

use crate::units::{Rate, SimDuration, SimTime};

pub use quick::Quick;

/// Why a bucket refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The limit has been exceeded for long.
    Sustained,
    /// The backlog is full.
    BacklogFull,
    /// The wait in the backlog would be too long.
    BacklogTimeout,
}

/// A length of time, or no bound at all: `"30 s"` or `"unlimited"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance {
    /// At most this long.
    Of(SimDuration),
    /// No bound.
    Unlimited,
}

impl Allowance {
    /// The bound, when there is one.
    pub fn bound(self) -> Option<SimDuration> {
        match self {
            Self::Of(length) => Some(length),
            Self::Unlimited => None,
        }
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(length) => length.fmt(f),
            Self::Unlimited => f.write_str("unlimited"),
        }
    }
}

impl Serialize for Allowance {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Allowance {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "unlimited" {
            return Ok(Self::Unlimited);
        }
        text.parse().map(Self::Of).map_err(|e| de::Error::custom(format!("{e}, or \"unlimited\"")))
    }
}

impl JsonSchema for Allowance {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Allowance".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "A duration such as \"30 s\", or \"unlimited\"." })
    }
}

/// How a bucket shapes traffic beyond its limit. Azure documents the stages, not the sizes: every field is an
/// assumption (Azure facts: "Traffic shaping").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Shaping {
    /// Burst credit, as time worth of the limit; at least one operation. Default 60 s.
    pub credit: SimDuration,
    /// Backlog, as time worth of the limit; `"unlimited"` for a queue that never refuses. Default 30 s.
    pub backlog: Allowance,
    /// Longest wait in the backlog before a caller gives up. Default 30 s.
    pub backlog_timeout: Allowance,
    /// Whether a caller that gave up leaves its place in the backlog. Default true.
    pub leave_place: bool,
    /// Counts operations in fixed windows of this length instead: each grants the limit times its length anew, nothing is
    /// kept and nothing waits. Default: a bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<SimDuration>,
}

impl Default for Shaping {
    fn default() -> Self {
        Self {
            credit: SimDuration::from_secs(60),
            backlog: Allowance::Of(SimDuration::from_secs(30)),
            backlog_timeout: Allowance::Of(SimDuration::from_secs(30)),
            leave_place: true,
            window: None,
        }
    }
}

impl Shaping {
    /// DPS answers 429 at once: credit of 60 s and no backlog.
    pub fn without_backlog() -> Self {
        Self { backlog: Allowance::Of(SimDuration::ZERO), ..Self::default() }
    }
}

/// A limiter's answer to one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Admitted; service begins at this time (now, or when the backlog has drained to it).
    Admitted(SimTime),
    /// The backlog is full (429002).
    Full,
    /// Waited in the backlog until this time and gave up (429003).
    TimedOut(SimTime),
}

/// Bucket with burst credit and a bounded backlog in order of arrival, or a fixed window.
///
/// `level` counts free credit in parts of an operation: one operation is `cost` parts and `gain` parts come back per
/// microsecond. Below zero it is the backlog.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    gain: i128,
    cost: i128,
    depth: i128,
    backlog: Option<i128>,
    timeout: Option<SimDuration>,
    leave_place: bool,
    level: i128,
    at: SimTime,
    shaping: Shaping,
    /// Since when operations were refused or made to wait; until credit is left again.
    over_since: Option<SimTime>,
}

impl Bucket {
    /// A full bucket of this limit.
    pub fn new(limit: Rate, shaping: Shaping, now: SimTime) -> Self {
        let mut bucket = Self {
            gain: 0,
            cost: 1,
            depth: 0,
            backlog: None,
            timeout: shaping.backlog_timeout.bound(),
            leave_place: shaping.leave_place,
            level: 0,
            at: now,
            shaping,
            over_since: None,
        };
        bucket.shape(limit);
        bucket.level = bucket.depth;
        bucket
    }

    fn shape(&mut self, limit: Rate) {
        // A rate is `count_micros` millionths of an operation per `per` microseconds.
        self.gain = i128::from(limit.count_micros);
        self.cost = i128::from(limit.per.0) * 1_000_000;
        let credit = self.shaping.window.unwrap_or(self.shaping.credit);
        self.depth = (self.gain * i128::from(credit.0)).max(self.cost);
        self.backlog = match self.shaping.window {
            Some(_) => Some(0),
            None => self.shaping.backlog.bound().map(|length| self.gain * i128::from(length.0)),
        };
    }

    /// Changes the limit, keeping the share of credit or the length of the backlog.
    pub fn set_limit(&mut self, limit: Rate, now: SimTime) {
        self.refill(now);
        let (cost, depth) = (self.cost, self.depth);
        self.shape(limit);
        self.level = if self.level >= 0 { self.level * self.depth / depth } else { self.level * self.cost / cost };
    }

    /// Full credit and an empty backlog, as after a restart.
    pub fn reset(&mut self, now: SimTime) {
        self.at = now;
        self.level = self.depth;
        self.over_since = None;
    }

    fn refill(&mut self, now: SimTime) {
        assert!(now >= self.at, "a limiter is asked in order of time");
        match self.shaping.window {
            None => self.level = (self.level + self.gain * i128::from(now.0 - self.at.0)).min(self.depth),
            Some(window) if now.0 / window.0 > self.at.0 / window.0 => self.level = self.depth,
            Some(_) => {}
        }
        self.at = now;
    }

    /// Asks for one operation now.
    #[inline]
    pub fn offer(&mut self, now: SimTime) -> Verdict {
        self.refill(now);
        let after = self.level - self.cost;
        if after >= 0 {
            self.level = after;
            if after >= self.cost {
                self.over_since = None;
            }
            return Verdict::Admitted(now);
        }
        self.over_since.get_or_insert(now);
        if self.gain == 0 || self.backlog.is_some_and(|bound| -after > bound) {
            return Verdict::Full;
        }
        let wait = SimDuration(u64::try_from((-after + self.gain - 1) / self.gain).unwrap_or(u64::MAX));
        match self.timeout {
            Some(timeout) if wait > timeout => {
                if !self.leave_place {
                    self.level = after;
                }
                Verdict::TimedOut(now + timeout)
            }
            _ => {
                self.level = after;
                Verdict::Admitted(now + wait)
            }
        }
    }

    /// How many of so many operations now would be admitted before one is refused.
    pub fn admits(&self, now: SimTime, most: usize) -> usize {
        let mut asked = self.clone();
        (0..most).find(|_| !matches!(asked.offer(now), Verdict::Admitted(_))).unwrap_or(most)
    }

    /// Takes a place however long the backlog is: for a caller that paces itself by the limit, such as DPS.
    pub fn pace(&mut self, now: SimTime) -> SimTime {
        self.refill(now);
        self.level -= self.cost;
        if self.level >= 0 || self.gain == 0 {
            return now;
        }
        now + SimDuration(u64::try_from((-self.level + self.gain - 1) / self.gain).unwrap_or(u64::MAX / 4))
    }

    /// Why an attempt is refused now: the limit was exceeded for `sustained`, or else by the verdict.
    pub fn refusal(&self, verdict: Verdict, now: SimTime, sustained: SimDuration) -> Refusal {
        let over = self.over_since.map_or(SimDuration::ZERO, |since| now.saturating_since(since));
        match verdict {
            _ if over >= sustained => Refusal::Sustained,
            Verdict::TimedOut(_) => Refusal::BacklogTimeout,
            _ => Refusal::BacklogFull,
        }
    }

    /// What refuses a flow: a caller's patience where it ends before the backlog does.
    pub fn refuses_flow(&self) -> Verdict {
        let patience = self.timeout.map(|timeout| self.gain * i128::from(timeout.0));
        match patience {
            Some(patience) if self.backlog.is_none_or(|bound| patience < bound) => Verdict::TimedOut(self.at),
            _ => Verdict::Full,
        }
    }

    /// Operations waiting in the backlog now.
    pub fn backlog(&mut self, now: SimTime) -> u64 {
        self.refill(now);
        u64::try_from((-self.level).max(0).div_euclid(self.cost)).unwrap_or(u64::MAX)
    }

    /// The limit [operations/s].
    pub fn limit_per_second(&self) -> f64 {
        self.gain as f64 / self.cost as f64 * 1e6
    }

    /// Offers `n` operations spread evenly over the tick that starts now, as a fluid.
    ///
    /// Valid where credit and backlog are large against the limit times the tick; an unbounded credit is never
    /// needed, since within the tick the fluid drains and refills at once.
    pub fn offer_flow(&mut self, from: SimTime, tick: SimDuration, n: u64) -> FlowOutcome {
        // A restart may lie within the tick; what was before it is gone.
        let (now, end) = (from.max(self.at), from + tick);
        let tick = end.saturating_since(now).max(SimDuration::MICROSECOND);
        self.refill(now);
        self.at = end.max(self.at);
        let gain = self.gain * i128::from(tick.0);
        if self.level == self.depth && self.covers(gain, n) {
            self.over_since = None;
            return FlowOutcome { refused: 0, wait_s: [0.0; STRATA] };
        }
        let cost = real(self.cost);
        let operations = |parts: i128| real(parts) / cost;
        let limit = operations(gain);
        let bound = self.backlog.map_or(f64::INFINITY, operations);
        let patience = self.timeout.map_or(f64::INFINITY, |t| t.ratio(tick) * limit);
        let flow = Fluid { level: operations(self.level), depth: operations(self.depth), floor: -bound.min(patience) };
        let full = flow.depth;
        let (outcome, level) = flow.run(limit, n, tick);
        self.level = if level >= full { self.depth } else { (level * cost) as i128 };
        if outcome.refused > 0 || self.level < 0 {
            self.over_since.get_or_insert(now);
        } else if self.level >= self.cost {
            self.over_since = None;
        }
        outcome
    }

    /// Whether a full bucket that gains so many parts over a tick stays full, while so many operations flow through it evenly.
    fn covers(&self, gain: i128, n: u64) -> bool {
        self.shaping.window.is_none() && i128::from(n).checked_mul(self.cost).is_some_and(|parts| parts <= gain)
    }
}

/// Parts as a number; those that fit into 64 bits, which nearly all do, without a call.
fn real(parts: i128) -> f64 {
    i64::try_from(parts).map_or(parts as f64, |parts| parts as f64)
}

/// What became of a flow through a bucket during one tick.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowOutcome {
    /// Operations refused.
    pub refused: u64,
    /// Wait of an operation that arrives in the middle of each eighth of the tick [s].
    pub wait_s: [f64; STRATA],
}

/// Parts of a tick at which a flow's waits are read.
pub const STRATA: usize = 8;

/// A fluid bucket over one tick, in operations.
struct Fluid {
    level: f64,
    depth: f64,
    floor: f64,
}

impl Fluid {
    /// What becomes of the flow, and the level at the end of the tick.
    fn run(mut self, limit: f64, n: u64, tick: SimDuration) -> (FlowOutcome, f64) {
        let (gain, arrivals) = (limit / STRATA as f64, n as f64 / STRATA as f64);
        let mut refused = 0.0;
        let wait_s = std::array::from_fn(|_| {
            let before = self.level;
            let unbounded = before + gain - arrivals;
            let after = unbounded.min(self.depth).max(self.floor);
            refused += after - unbounded.min(after);
            self.level = after;
            let backlog = -(before + after) / 2.0;
            if backlog > 0.0 && limit > 0.0 { backlog / limit * tick.secs() } else { 0.0 }
        });
        (FlowOutcome { refused: (refused.round() as u64).min(n), wait_s }, self.level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().expect("a rate")
    }

    fn secs(s: u64) -> SimTime {
        SimTime(s * 1_000_000)
    }

    #[test]
    fn credit_then_backlog_at_the_limit_then_rejection() {
        let shaping = Shaping {
            credit: SimDuration::from_secs(1),
            backlog: Allowance::Of(SimDuration::from_secs(1)),
            ..Shaping::default()
        };
        let mut bucket = Bucket::new(rate("100/s"), shaping, secs(0));
        let verdicts: Vec<_> = (0..201).map(|_| bucket.offer(secs(0))).collect();
        assert!(verdicts[..100].iter().all(|v| *v == Verdict::Admitted(secs(0))));
        assert_eq!(verdicts[100], Verdict::Admitted(SimTime(10_000)));
        assert_eq!(verdicts[199], Verdict::Admitted(secs(1)));
        assert_eq!(verdicts[200], Verdict::Full);
        assert_eq!(bucket.backlog(secs(0)), 100);
    }

    #[test]
    fn a_window_grants_its_limit_anew_and_keeps_nothing() {
        let shaping = Shaping { window: Some(SimDuration::from_secs(1)), ..Shaping::default() };
        let mut windowed = Bucket::new(rate("100/s"), shaping, secs(0));
        let mut admitted =
            |at: u64, n: u32| (0..n).filter(|_| windowed.offer(SimTime(at)) == Verdict::Admitted(SimTime(at))).count();
        // Two hundred at once, over a border; nothing of an idle window is kept, and nothing waits.
        assert_eq!([admitted(999_999, 150), admitted(1_000_000, 150), admitted(1_999_999, 1)], [100, 100, 0]);
        assert_eq!([admitted(10_000_000, 500), admitted(10_500_000, 1), admitted(11_000_000, 1)], [100, 0, 1]);
    }

    #[test]
    fn a_rate_that_no_microsecond_divides_loses_nothing_over_a_day() {
        let shaping = Shaping { credit: SimDuration::ZERO, backlog: Allowance::Unlimited, ..Shaping::default() };
        let mut bucket =
            Bucket::new(rate("108/s"), Shaping { backlog_timeout: Allowance::Unlimited, ..shaping }, secs(0));
        let last = (0..108 * 86_400_u64).map(|_| bucket.pace(secs(0))).last();
        // One operation is in credit, so the last of 108 x 86,400 leaves one interval before the day's end.
        assert_eq!(last, Some(SimTime(86_400_000_000 - 9_259)));
    }

    #[test]
    fn a_caller_that_gave_up_leaves_its_place_or_keeps_it() {
        for (leave_place, backlog) in [(true, 100), (false, 150)] {
            let shaping = Shaping {
                credit: SimDuration::ZERO,
                backlog: Allowance::Unlimited,
                backlog_timeout: Allowance::Of(SimDuration::from_secs(1)),
                leave_place,
                window: None,
            };
            let mut bucket = Bucket::new(rate("100/s"), shaping, secs(0));
            let refused = (0..151).filter(|_| matches!(bucket.offer(secs(0)), Verdict::TimedOut(_))).count();
            assert_eq!((refused, bucket.backlog(secs(0))), (50, backlog));
        }
    }

    #[test]
    fn a_flow_over_the_limit_waits_as_the_fluid_does() {
        let shaping = Shaping {
            credit: SimDuration::from_millis(10),
            backlog: Allowance::Unlimited,
            backlog_timeout: Allowance::Unlimited,
            leave_place: true,
            window: None,
        };
        let mut bucket = Bucket::new(rate("100/s"), shaping, secs(0));
        for t in 0..300 {
            bucket.offer_flow(secs(t), SimDuration::SECOND, 120);
        }
        let last = bucket.offer_flow(secs(300), SimDuration::SECOND, 0);
        // 20 operations a second pile up for 300 s: a backlog of 6,000, which the limit drains in 60 s.
        assert!((last.wait_s[0] - 60.0).abs() < 0.2, "{last:?}");
    }

    #[test]
    fn a_flow_below_the_limit_neither_waits_nor_is_refused_at_a_long_tick() {
        let mut bucket = Bucket::new(rate("100/s"), Shaping::default(), secs(0));
        let outcome = bucket.offer_flow(secs(0), SimDuration::HOUR, 99 * 3_600);
        assert_eq!((outcome.refused, outcome.wait_s), (0, [0.0; STRATA]));
    }

    #[test]
    fn a_flow_refuses_what_neither_limit_nor_backlog_takes() {
        let mut bucket = Bucket::new(rate("100/s"), Shaping::default(), secs(0));
        let refused: u64 = (0..600).map(|t| bucket.offer_flow(secs(t), SimDuration::SECOND, 200).refused).sum();
        // 120,000 offered, 60,000 served, 6,000 from credit, 3,000 still waiting.
        assert!((50_900..=51_100).contains(&refused), "{refused}");
    }
}
