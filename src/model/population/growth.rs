//! Growth: how many devices a cohort has, by time. Deterministic, so that stamps and cost can be compared.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::registry;
use crate::units::{Rate, SimDuration, SimTime};

/// A growth law.
pub trait Growth {
    /// Devices at a time, when there are `initial` at the start.
    fn count(&self, initial: u32, at: SimTime) -> u32;

    /// What is wrong with the parameters, if anything.
    fn problem(&self, _initial: u32) -> Option<String> {
        None
    }

    /// Shrinks every count by a share, for a smaller fleet of the same shape.
    fn scale(&mut self, share: f64);

    /// Whether the count ever changes.
    fn changes(&self) -> bool {
        true
    }

    /// Times at which the count jumps, so that no jump waits for a tick.
    fn jumps(&self) -> Vec<SimTime> {
        Vec::new()
    }
}

registry! {
    /// The registered growth laws.
    pub enum GrowthLaw: Growth {
        Fixed("fixed", "The count never changes."),
        Linear("linear", "The same number of devices each day."),
        ExponentialGrowth("exponential", "Doubles each doubling time, up to a limit."),
        Logistic("logistic", "Starts exponentially and saturates at a limit."),
        Steps("steps", "Jumps to given counts at given times."),
        Csv("csv", "Dates and counts from a CSV file, linear between them."),
    }
}

impl Default for GrowthLaw {
    fn default() -> Self {
        Self::Fixed(Fixed {})
    }
}

fn scaled(devices: u32, share: f64) -> u32 {
    (f64::from(devices) * share).round() as u32
}

fn whole(devices: f64) -> u32 {
    devices.max(0.0).min(f64::from(u32::MAX)) as u32
}

/// The count never changes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fixed {}

impl Growth for Fixed {
    fn scale(&mut self, _: f64) {}

    fn changes(&self) -> bool {
        false
    }

    fn count(&self, initial: u32, _: SimTime) -> u32 {
        initial
    }
}

/// initial + rate x t.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Linear {
    /// Devices that are added, such as `"500/day"`.
    pub rate: Rate,
    /// Growth stops at this many devices. Default: it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

impl Growth for Linear {
    fn scale(&mut self, share: f64) {
        self.rate = self.rate.scaled((share * 1e6).round() as u64, 1_000_000);
        self.limit = self.limit.map(|limit| scaled(limit, share));
    }

    fn count(&self, initial: u32, at: SimTime) -> u32 {
        let grown = f64::from(initial) + self.rate.per_second() * (at - SimTime::ZERO).secs();
        whole(grown + 1e-9).min(self.limit.unwrap_or(u32::MAX)).max(initial)
    }
}

/// initial x 2^(t / doubling), up to a limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExponentialGrowth {
    /// Time in which the count doubles.
    pub doubling: SimDuration,
    /// Growth stops at this many devices.
    pub limit: u32,
}

impl Growth for ExponentialGrowth {
    fn scale(&mut self, share: f64) {
        self.limit = scaled(self.limit, share);
    }

    fn count(&self, initial: u32, at: SimTime) -> u32 {
        let doublings = (at - SimTime::ZERO).ratio(self.doubling);
        whole(f64::from(initial) * libm::exp2(doublings) + 1e-9).min(self.limit)
    }

    fn problem(&self, initial: u32) -> Option<String> {
        if self.doubling == SimDuration::ZERO {
            Some("a doubling time of zero".into())
        } else if self.limit < initial {
            Some(format!("the limit {} is below the {initial} devices at the start", self.limit))
        } else {
            None
        }
    }
}

/// limit / (1 + (limit / initial - 1) e^(-t / time scale)); half the limit is reached at `midpoint`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Logistic {
    /// Devices in the end.
    pub limit: u32,
    /// Time at which half of the limit is reached.
    pub midpoint: SimDuration,
}

impl Growth for Logistic {
    fn scale(&mut self, share: f64) {
        self.limit = scaled(self.limit, share);
    }

    fn count(&self, initial: u32, at: SimTime) -> u32 {
        // The curve passes through `initial` at 0 and `limit / 2` at the midpoint.
        let odds = f64::from(self.limit) / f64::from(initial) - 1.0;
        let progress = 1.0 - (at - SimTime::ZERO).ratio(self.midpoint);
        whole(f64::from(self.limit) / (1.0 + libm::pow(odds, progress)) + 1e-9)
    }

    fn problem(&self, initial: u32) -> Option<String> {
        if initial == 0 {
            Some("logistic growth needs at least one device at the start".into())
        } else if self.limit / 2 <= initial {
            Some(format!("half the limit {} is not above the {initial} devices at the start", self.limit))
        } else if self.midpoint == SimDuration::ZERO {
            Some("a midpoint of zero".into())
        } else {
            None
        }
    }
}

/// One point of a growth curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Time after the start.
    pub at: SimDuration,
    /// Devices from then on.
    pub devices: u32,
}

/// Jumps to given counts at given times; a smaller count retires the newest devices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// The jumps, in order of time.
    pub steps: Vec<Step>,
}

fn unordered(points: &[Step]) -> Option<String> {
    points.windows(2).find(|w| w[1].at <= w[0].at).map(|w| format!("{} does not come after {}", w[1].at, w[0].at))
}

impl Growth for Steps {
    fn scale(&mut self, share: f64) {
        self.steps.iter_mut().for_each(|step| step.devices = scaled(step.devices, share));
    }

    fn count(&self, initial: u32, at: SimTime) -> u32 {
        let passed = self.steps.partition_point(|s| SimTime::ZERO + s.at <= at);
        passed.checked_sub(1).map_or(initial, |last| self.steps[last].devices)
    }

    fn problem(&self, _: u32) -> Option<String> {
        if self.steps.is_empty() { Some("no steps are given".into()) } else { unordered(&self.steps) }
    }

    fn jumps(&self) -> Vec<SimTime> {
        self.steps.iter().map(|s| SimTime::ZERO + s.at).collect()
    }
}

fn all() -> f64 {
    1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_all(share: &f64) -> bool {
    *share >= 1.0
}

/// A curve read from a CSV file with the columns `date` and `devices`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Csv {
    /// Path of the file, relative to the scenario file.
    pub path: String,
    /// The points, read from the file when the scenario is loaded.
    #[serde(skip)]
    #[schemars(skip)]
    pub points: Vec<Step>,
    /// Share of the counts that is used. Default 1.
    #[serde(default = "all", skip_serializing_if = "is_all")]
    pub share: f64,
}

impl Growth for Csv {
    fn scale(&mut self, share: f64) {
        // The file is read later; the share waits for it.
        self.share *= share;
    }

    fn count(&self, initial: u32, at: SimTime) -> u32 {
        let passed = self.points.partition_point(|p| SimTime::ZERO + p.at <= at);
        let before = passed.checked_sub(1).map_or(Step { at: SimDuration::ZERO, devices: initial }, |i| self.points[i]);
        let Some(after) = self.points.get(passed) else { return before.devices };
        let part = (at - (SimTime::ZERO + before.at)).ratio(SimDuration(after.at.0 - before.at.0));
        whole(f64::from(before.devices) + part * (f64::from(after.devices) - f64::from(before.devices)) + 1e-9)
    }

    fn problem(&self, _: u32) -> Option<String> {
        unordered(&self.points)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(d: u64) -> SimTime {
        SimTime::ZERO + SimDuration::DAY * d
    }

    #[test]
    fn each_law_passes_through_its_stated_points() {
        let linear = Linear { rate: "500/day".parse().unwrap(), limit: Some(3_000) };
        assert_eq!([0, 2, 9].map(|d| linear.count(1_000, days(d))), [1_000, 2_000, 3_000]);
        let exponential = ExponentialGrowth { doubling: SimDuration::DAY * 30, limit: 5_000 };
        assert_eq!([0, 30, 60, 90].map(|d| exponential.count(1_000, days(d))), [1_000, 2_000, 4_000, 5_000]);
        let logistic = Logistic { limit: 10_000, midpoint: SimDuration::DAY * 100 };
        assert_eq!([0, 100, 200].map(|d| logistic.count(1_000, days(d))), [1_000, 5_000, 9_000]);
        let steps = Steps { steps: vec![Step { at: SimDuration::DAY * 10, devices: 70 }] };
        assert_eq!([9, 10].map(|d| steps.count(50, days(d))), [50, 70]);
        let csv =
            Csv { path: String::new(), points: vec![Step { at: SimDuration::DAY * 10, devices: 100 }], share: 1.0 };
        assert_eq!([0, 5, 10, 20].map(|d| csv.count(50, days(d))), [50, 75, 100, 100]);
    }
}
