//! Herds at a limit: how often callers are refused who come together and ask again until they are taken.
//!
//! A limit serves them in the order of their coming, to a fluid's accuracy: caller number x of a herd has its turn when the
//! credit, the backlog and the limit together have served x. Up to then it is refused as often as its own rule of waiting
//! makes it ask, which is counted wait by wait, since early waits are far shorter than late ones.

use crate::kernel::draws::{Draws, Purpose, Stream};
use crate::kernel::law::DurationLaw;
use crate::model::limit::Shaping;
use crate::model::population::cohort::CohortConfig;
use crate::units::SimDuration;

/// Draws that a mean is taken over.
pub(super) const DRAWS: u64 = 64;
/// A wait of devices that come to a limit is taken for no shorter than this: an attempt and its answer take time too [s].
pub(super) const SHORTEST: f64 = 0.1;
/// Callers whose rule of waiting is followed wait by wait.
const CALLERS: u64 = 8;
/// Waits that are followed one by one: every rule has reached its cap by then, and later ones are like the last.
const EARLY: usize = 13;
/// Turns of a herd at which a wait is looked at.
const TURNS: u32 = 32;

pub(super) fn draws(of: u64) -> Stream {
    Draws::new(1, 0).stream(0, Purpose::Backoff, of)
}

/// Waits of a device between failures in a row [s]: each at least as long as `least`.
pub(super) fn waits(cohort: &CohortConfig, of: u64, least: f64) -> impl Iterator<Item = f64> {
    let rule = cohort.backoff.entry();
    let (mut draws, mut previous) = (draws(of), SimDuration::ZERO);
    (0..).map(move |retry| {
        previous = rule.delay(retry, previous, &mut draws).max(rule.least_gap());
        previous.secs().max(least)
    })
}

/// Mean wait of a device that was refused for long, and at least so long [s].
pub(super) fn late_gap(cohort: &CohortConfig, least: f64) -> f64 {
    let late = |of| waits(cohort, of, least).nth(EARLY - 1).unwrap_or(least);
    (0..DRAWS).map(late).sum::<f64>() / DRAWS as f64
}

/// The width of the uniform law that spreads as much as some values do: its standard deviation times the root of twelve.
pub(super) fn width(values: &[f64]) -> f64 {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    libm::sqrt(12.0 * values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / n)
}

/// Time over which callers come who each wait by a law [s].
pub(super) fn spread(law: &DurationLaw) -> f64 {
    let mean = law.mean().secs();
    libm::sqrt(12.0 * law.scv().max(0.0)) * mean
}

/// When callers ask again: the times of their attempts after the first one, for a few of them, and the gap of later ones.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    times: Vec<Vec<f64>>,
    late: f64,
}

impl Asking {
    /// Devices of a cohort, of which each wait is at least `least` and each attempt takes `trip` [s].
    pub(super) fn of(cohort: &CohortConfig, least: f64, trip: f64) -> Self {
        let times = (0..CALLERS).map(|of| {
            let mut at = 0.0;
            let later = waits(cohort, of, least).take(EARLY).map(|wait| {
                at += wait + trip;
                at
            });
            later.collect()
        });
        Self { times: times.collect(), late: late_gap(cohort, least) + trip }
    }

    /// Attempts that are refused of a caller whose turn comes after so long [s]: the first one, and those up to then.
    pub(super) fn refused_within(&self, wait: f64) -> f64 {
        if wait <= 0.0 {
            return 0.0;
        }
        let of_one = |times: &Vec<f64>| {
            let last = times.last().copied().unwrap_or(0.0);
            1.0 + times.partition_point(|at| *at < wait) as f64 + (wait - last).max(0.0) / self.late
        };
        self.times.iter().map(of_one).sum::<f64>() / self.times.len().max(1) as f64
    }

    /// The same on average over turns that come evenly up to `longest` [s].
    pub(super) fn refused_up_to(&self, longest: f64) -> f64 {
        each_turn(|share| self.refused_within(longest * share))
    }

    /// Time between two late attempts [s].
    pub(super) fn late(&self) -> f64 {
        self.late
    }
}

/// The mean of a function of the place in a herd, from 0 to 1.
fn each_turn(of: impl Fn(f64) -> f64) -> f64 {
    (0..TURNS).map(|i| of((f64::from(i) + 0.5) / f64::from(TURNS))).sum::<f64>() / f64::from(TURNS)
}

/// Callers that come over a time and ask a limit until they are taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Herd {
    pub(super) callers: f64,
    /// Limit [1/s].
    pub(super) rate: f64,
    /// Time over which they come [s].
    pub(super) over: f64,
    /// Time from the first one until the run ends [s].
    pub(super) left: f64,
}

impl Herd {
    /// Requests that are refused, where one that waits so long is refused so often.
    pub(super) fn refused(self, shaping: &Shaping, refused_within: impl Fn(f64) -> f64) -> f64 {
        let Some(backlog) = shaping.backlog.bound() else { return 0.0 };
        let (free, left) = (self.rate * (shaping.credit.secs() + backlog.secs()), self.left.max(0.0));
        let of_turn = |share: f64| {
            let served = (self.callers * share - free) / self.rate.max(1e-9);
            refused_within(served.min(left) - self.over * share)
        };
        if self.callers <= free { 0.0 } else { self.callers * each_turn(of_turn) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::limit::Allowance;

    fn every_ten_seconds() -> Asking {
        Asking { times: vec![(1..=13).map(|i| f64::from(i) * 10.0).collect()], late: 10.0 }
    }

    #[test]
    fn who_waits_is_refused_once_and_at_each_attempt_before_its_turn() {
        let asking = every_ten_seconds();
        for (wait, refused) in [(0.0, 0.0), (1.0, 1.0), (25.0, 3.0), (130.5, 14.05), (180.0, 19.0)] {
            assert!((asking.refused_within(wait) - refused).abs() < 1e-9, "{wait} s");
        }
    }

    #[test]
    fn a_herd_at_once_waits_half_of_its_length_on_average() {
        let shaping = Shaping { credit: SimDuration::ZERO, ..Shaping::without_backlog() };
        let herd = Herd { callers: 1_000.0, rate: 10.0, over: 0.0, left: 1e6 };
        // Waits come evenly up to 100 s: 50 s on average, an attempt each 10 s, and the first one.
        let refused = herd.refused(&shaping, |wait| every_ten_seconds().refused_within(wait));
        assert!((refused / 1_000.0 - 5.5).abs() < 0.2, "{refused}");
        let slow = Herd { over: 100.0, ..herd }.refused(&shaping, |wait| wait);
        assert!(slow.abs() < 1e-9, "who comes as fast as the limit serves does not wait: {slow}");
        let unlimited = Shaping { backlog: Allowance::Unlimited, ..shaping };
        assert!(herd.refused(&unlimited, |wait| wait).abs() < 1e-9);
    }
}
