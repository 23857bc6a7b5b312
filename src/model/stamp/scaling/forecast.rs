//! `forecast`: adds a stamp when the devices that the trend brings in the lead time, and a safety margin, no longer fit.
//! It suits growth whose pace changes: the trigger follows it.
//!
//! With g devices added per day, deviation s of a day and lead time L, a stamp is ordered when the devices reach
//! 1 - (g L + z s sqrt(L)) / (S C) of the capacity (Arrow, Harris and Marschak 1951, for growth as a random walk with
//! drift). L reaches to the decision after this one, since until then nothing can be ordered (periodic review).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sight::{Sample, Sight};
use super::{Order, Reach, Scale, each, period_problem};
use crate::theory::sawtooth::Trigger;
use crate::units::{SimDuration, SimTime};

/// Parameters of `forecast`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Forecast {
    /// Length of the past from which trend and deviation are taken. Default 30 d.
    pub window: SimDuration,
    /// Safety factor z: deviations of the demand over the lead time that are kept free. Default 2.33, a chance of 1 % to
    /// run out if growth were a random walk with drift.
    pub safety_factor: f64,
    /// Time between two decisions. Default 1 d.
    pub check_every: SimDuration,
}

impl Default for Forecast {
    fn default() -> Self {
        Self { window: SimDuration::DAY * 30, safety_factor: 2.33, check_every: SimDuration::DAY }
    }
}

impl Scale for Forecast {
    fn decide(&self, sight: &Sight<'_>) -> Vec<Order> {
        let trend = Trend::of(&sight.history, SimTime(sight.now.0.saturating_sub(self.window.0)));
        let trigger = Trigger {
            capacity: sight.capacity() as f64,
            growth_per_day: trend.per_day,
            sd_per_day: trend.sd_per_day,
            lead_days: (sight.lead_time + self.check_every).ratio(SimDuration::DAY),
        };
        let wanted = sight.devices as f64 + trigger.reserve(self.safety_factor).max(0.0);
        let missing = (wanted - trigger.capacity) / f64::from(sight.new_capacity.max(1));
        // At the trigger itself the order is due, as with a threshold.
        let stamps = if missing < 0.0 { 0 } else { missing.floor() as u32 + 1 };
        vec![Order::Add; stamps.min(sight.room) as usize]
    }

    fn next(&self, from: SimTime) -> Option<SimTime> {
        each(self.check_every, from)
    }

    fn reach(&self) -> Reach {
        Reach::Open
    }

    fn problem(&self) -> Option<String> {
        let window = self.window < self.check_every * 2;
        let window = window.then(|| "the window must hold two decisions, or there is no trend to see".into());
        let odd = !(self.safety_factor.is_finite() && (0.0..=10.0).contains(&self.safety_factor));
        let odd = odd.then(|| "safety_factor counts deviations, from 0 to 10".into());
        period_problem(self.check_every).or(window).or(odd)
    }
}

/// Growth by day, and its deviation from day to day.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Trend {
    per_day: f64,
    sd_per_day: f64,
}

impl Trend {
    /// The trend of the samples from a time on; of fewer than two there is none, of two no deviation.
    ///
    /// For a random walk with drift the drift is the whole increase over the whole time, and the variance by day is the
    /// mean of (increase - drift x length)^2 / length over the steps, less one.
    fn of(samples: &[Sample], from: SimTime) -> Self {
        let samples = &samples[samples.partition_point(|s| s.at < from)..];
        let [first, .., last] = samples else { return Self::default() };
        let days = |a: &Sample, b: &Sample| (b.at - a.at).ratio(SimDuration::DAY);
        let rise = |a: &Sample, b: &Sample| b.devices as f64 - a.devices as f64;
        let span = days(first, last);
        if span <= 0.0 {
            return Self::default();
        }
        let per_day = rise(first, last) / span;
        let steps = samples.windows(2).filter(|pair| pair[1].at > pair[0].at);
        let (n, sum) = steps.fold((0, 0.0), |(n, sum), pair| {
            let (length, off) = (days(&pair[0], &pair[1]), rise(&pair[0], &pair[1]));
            let off = off - per_day * length;
            (n + 1, sum + off * off / length)
        });
        let variance = if n > 1 { sum / f64::from(n - 1) } else { 0.0 };
        Self { per_day, sd_per_day: variance.sqrt() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sight::tests::sight;
    use super::*;
    use std::borrow::Cow;

    /// Samples a day apart.
    fn days(devices: &[u64]) -> Vec<Sample> {
        let at = |i: usize| SimTime::ZERO + SimDuration::DAY * i as u64;
        devices.iter().enumerate().map(|(i, n)| Sample { at: at(i), devices: *n }).collect()
    }

    /// By hand: steps 10, 20, 30 have mean 20 and variance (100 + 0 + 100) / 2.
    #[test]
    fn trend_and_deviation_are_those_of_the_steps() {
        let trend = Trend::of(&days(&[0, 10, 30, 60]), SimTime::ZERO);
        assert!((trend.per_day - 20.0).abs() < 1e-12 && (trend.sd_per_day - 10.0).abs() < 1e-12, "{trend:?}");
        assert_eq!(Trend::of(&days(&[5]), SimTime::ZERO), Trend::default());
        let late = Trend::of(&days(&[0, 10, 30, 60]), SimTime::ZERO + SimDuration::DAY * 2);
        assert_eq!(late, Trend { per_day: 30.0, sd_per_day: 0.0 });
    }

    /// The reference row: g = 1,500, s = 400, L = 14 days, five stamps of 100,000, 99 %: order at 95.10 %.
    #[test]
    fn orders_at_the_share_of_the_closed_form() {
        let z = crate::theory::normal::quantile(0.99);
        let policy = Forecast { safety_factor: z, ..Forecast::default() };
        // Steps of 1,500 -+ 400 x sqrt((n - 1) / n), n steps: their deviation is 400.
        let off = 400.0 * (29.0_f64 / 30.0).sqrt();
        let mut level = 400_000.0;
        let mut levels = vec![level as u64];
        for i in 0..30 {
            level += 1_500.0 + if i % 2 == 0 { off } else { -off };
            levels.push(level.round() as u64);
        }
        let history = days(&levels);
        let at = |devices: u64| {
            let mut seen = sight(&[(0, 100_000); 5]);
            seen.new_capacity = 100_000;
            seen.now = history.last().expect("samples").at;
            seen.lead_time = SimDuration::DAY * 13; // and a day to the next decision
            seen.devices = devices;
            seen.history = Cow::Borrowed(&history);
            policy.decide(&seen).len()
        };
        let trigger = Trigger { capacity: 500_000.0, growth_per_day: 1_500.0, sd_per_day: 400.0, lead_days: 14.0 };
        let share = trigger.safe_utilisation(0.99);
        assert!((share - 0.951_036_482_634_311_4).abs() < 1e-12);
        let devices = share * 500_000.0;
        assert_eq!((at((devices - 5.0) as u64), at((devices + 5.0) as u64)), (0, 1));
        assert_eq!(at(600_000), 2, "as many as the need is");
    }

    #[test]
    fn an_ordered_stamp_meets_the_need() {
        let mut seen = sight(&[(1_000, 1_000)]);
        assert_eq!(Forecast::default().decide(&seen), [Order::Add]);
        seen.apply(Order::Add);
        assert_eq!(Forecast::default().decide(&seen), []);
    }
}
