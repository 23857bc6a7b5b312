//! Vicious circles: trouble that outlives its cause because something else keeps it up.
//!
//! A short fault is the trigger; retries of what came too late, or look-ups that find an empty cache, are the loop. The two
//! want different remedies, so they are named apart (Bronson and others, "Metastable failures in distributed systems", 2021).

use super::observations::{Estimate, Study};
use super::phase::{self, Phase, When};
use crate::metrics::MeasureKey;

/// Calls that end well at the end of a run, as a share of those before the fault, below which they did not recover [1].
const RECOVERED: f64 = 0.9;
/// Least share of the load that counts as a loop [1].
const LOOP: f64 = 0.1;

/// Calls that did not recover from a fault by the end of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Circle {
    /// Name of the fault.
    pub trigger: String,
    /// Share of the calls that were delivered before it [1].
    pub before: f64,
    /// Share of the calls that were delivered in the last window with calls [1].
    pub at_end: f64,
    /// What keeps it up, as far as the figures show.
    pub kept_up_by: Option<Loop>,
}

/// What keeps trouble up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Loop {
    /// Share of the attempts at hubs that repeat one which was given up [1].
    Retries(f64),
    /// Share of the look-ups that find nothing in the cache, before the fault and in the last window [1].
    Misses(f64, f64),
}

/// The circle of each fault that was over before the end of the run, and from which calls did not recover.
pub fn circles(study: &Study) -> Vec<Circle> {
    let delivered = MeasureKey::new("command_outcome_ratio").with("outcome", "delivered");
    let last_window = study.horizon.0.saturating_sub(study.window.0);
    let Some(at_end) = last(study, &delivered) else { return Vec::new() };
    let over = study.marks.iter().filter(|mark| mark.kind == super::MarkKind::Fault && mark.until.0 <= last_window);
    let mut names: Vec<&str> = over.map(|mark| mark.label.as_str()).collect();
    names.dedup();
    let circle = |name: &str| {
        let before = before(study, &delivered, name)?;
        (at_end < RECOVERED * before).then(|| Circle {
            trigger: name.to_owned(),
            before,
            at_end,
            kept_up_by: kept_up_by(study, name),
        })
    };
    names.into_iter().filter_map(circle).collect()
}

fn kept_up_by(study: &Study, fault: &str) -> Option<Loop> {
    let retries = last(study, &MeasureKey::new("command_retry_ratio")).filter(|share| *share >= LOOP);
    let missed = MeasureKey::new("cache_miss_ratio");
    let misses = before(study, &missed, fault).zip(last(study, &missed));
    let misses = misses.filter(|(before, now)| *now >= before + LOOP);
    retries.map(Loop::Retries).or_else(|| misses.map(|(before, now)| Loop::Misses(before, now)))
}

/// A figure of the phase before a fault.
fn before(study: &Study, key: &MeasureKey, fault: &str) -> Option<f64> {
    let phase = Phase { when: When::Before, of: fault.to_owned() }.to_string();
    let found = study.estimates.get(&key.clone().with(phase::LABEL, &phase))?;
    (found.n > 0).then_some(found.mean)
}

/// A series in the last window where anything was observed.
fn last(study: &Study, key: &MeasureKey) -> Option<f64> {
    let seen = |window: &&Estimate| window.n > 0;
    study.series.get(key)?.iter().rev().find(seen).map(|window| window.mean)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Mark, MarkKind};
    use super::*;
    use crate::units::{SimDuration, SimTime};

    fn at(mean: f64) -> Estimate {
        Estimate { mean, low: mean, high: mean, n: 3 }
    }

    /// A run of ten minutes with a fault in the third one.
    fn study(series: &[(&str, f64)], before: &[(&str, f64)]) -> Study {
        let key = |name: &str| match name {
            "delivered" => MeasureKey::new("command_outcome_ratio").with("outcome", "delivered"),
            "misses" => MeasureKey::new("cache_miss_ratio"),
            _ => MeasureKey::new("command_retry_ratio"),
        };
        let phase = |name: &str| key(name).with(phase::LABEL, "before standstill");
        let minute = |n: u64| SimTime(n * 60_000_000);
        Study {
            scenario: String::new(),
            question: String::new(),
            start: String::new(),
            horizon: SimDuration::MINUTE * 10,
            window: SimDuration::MINUTE,
            replications: 3,
            estimates: before.iter().map(|(name, mean)| (phase(name), at(*mean))).collect(),
            series: series.iter().map(|(name, mean)| (key(name), vec![at(1.0), at(*mean), Estimate::ABSENT])).collect(),
            histograms: BTreeMap::new(),
            marks: vec![Mark { kind: MarkKind::Fault, label: "standstill".into(), from: minute(2), until: minute(3) }],
        }
    }

    #[test]
    fn a_trigger_and_its_loop_are_told_apart() {
        let retries = study(&[("delivered", 0.0), ("retries", 0.5)], &[("delivered", 1.0)]);
        let found = circles(&retries).pop().expect("a circle");
        assert_eq!((found.trigger.as_str(), found.before, found.at_end), ("standstill", 1.0, 0.0));
        assert_eq!(found.kept_up_by, Some(Loop::Retries(0.5)));
        let cache = study(&[("delivered", 0.01), ("misses", 1.0)], &[("delivered", 1.0), ("misses", 0.1)]);
        assert_eq!(circles(&cache)[0].kept_up_by, Some(Loop::Misses(0.1, 1.0)));
        let unknown = study(&[("delivered", 0.5)], &[("delivered", 1.0)]);
        assert_eq!(circles(&unknown)[0].kept_up_by, None);
    }

    #[test]
    fn who_recovers_or_is_still_struck_is_in_no_circle() {
        let healed = study(&[("delivered", 0.95), ("retries", 0.5)], &[("delivered", 1.0)]);
        assert!(circles(&healed).is_empty());
        let mut lasting = study(&[("delivered", 0.0)], &[("delivered", 1.0)]);
        lasting.marks[0].until = SimTime(u64::MAX);
        assert!(circles(&lasting).is_empty());
        assert!(circles(&study(&[], &[])).is_empty());
    }
}
