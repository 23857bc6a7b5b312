//! From the observations of all replications to one study.
//!
//! Everything is taken in the order of the plan and kept in ordered maps, so the study is a function of the
//! replications and not of the order in which they finished.

use std::collections::{BTreeMap, BTreeSet};

use super::interval::{CONFIDENCE, Intervals};
use super::observations::{Estimate, Observations, Study};
use crate::metrics::{Histogram, MeasureKey};
use crate::units::SimDuration;

/// What a study says of its scenario, beside the figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudyMeta {
    /// Name of the scenario (its file's stem, with folders).
    pub scenario: String,
    /// The question it answers.
    pub question: String,
    /// Simulated start, RFC 3339 in UTC.
    pub start: String,
    /// Simulated length.
    pub horizon: SimDuration,
    /// Length of a window of the series.
    pub window: SimDuration,
}

/// Estimates, series and histograms over the replications that are whole; marks of the first of them.
///
/// A figure counts over the replications that have it, and its `n` says how many those are. Replications that a
/// wall clock or a user cut short are left out, since their figures cover less time than the others'.
pub fn summarise(meta: StudyMeta, runs: &[Observations]) -> Study {
    let whole = whole_in_plan_order(runs);
    let mut intervals = Intervals::at(CONFIDENCE);
    Study {
        scenario: meta.scenario,
        question: meta.question,
        start: meta.start,
        horizon: meta.horizon,
        window: meta.window,
        replications: whole.len() as u32,
        estimates: estimates(&whole, &mut intervals),
        series: series(&whole, &mut intervals),
        histograms: histograms(&whole),
        marks: whole.first().map(|run| run.marks.clone()).unwrap_or_default(),
    }
}

/// The replications that are whole, by their number.
fn whole_in_plan_order(runs: &[Observations]) -> Vec<&Observations> {
    let mut whole: Vec<_> = runs.iter().filter(|run| run.is_whole()).collect();
    whole.sort_by_key(|run| run.replication);
    let distinct = whole.windows(2).all(|pair| pair[0].replication < pair[1].replication);
    assert!(distinct, "every replication of a study is there once");
    whole
}

/// One estimate for every figure that any replication has.
fn estimates(runs: &[&Observations], intervals: &mut Intervals) -> BTreeMap<MeasureKey, Estimate> {
    let keys: BTreeSet<_> = runs.iter().flat_map(|run| run.values.keys()).collect();
    keys.into_iter()
        .map(|key| {
            let values: Vec<f64> = runs.iter().filter_map(|run| run.values.get(key).copied()).collect();
            (key.clone(), intervals.estimate(&values).unwrap_or(Estimate::ABSENT))
        })
        .collect()
}

/// One estimate for every window of every figure that any replication follows over time.
fn series(runs: &[&Observations], intervals: &mut Intervals) -> BTreeMap<MeasureKey, Vec<Estimate>> {
    let keys: BTreeSet<_> = runs.iter().flat_map(|run| run.series.keys()).collect();
    keys.into_iter()
        .map(|key| {
            let series: Vec<_> = runs.iter().filter_map(|run| run.series.get(key)).collect();
            (key.clone(), windows(&series, intervals))
        })
        .collect()
}

/// Estimates window by window; a series that ended early has nothing in the later windows.
fn windows(series: &[&Vec<f64>], intervals: &mut Intervals) -> Vec<Estimate> {
    let length = series.iter().map(|values| values.len()).max().unwrap_or(0);
    let mut values = Vec::with_capacity(series.len());
    (0..length)
        .map(|window| {
            values.clear();
            values.extend(series.iter().filter_map(|run| run.get(window).copied()));
            intervals.estimate(&values).unwrap_or(Estimate::ABSENT)
        })
        .collect()
}

/// The histograms of all replications, added up.
fn histograms(runs: &[&Observations]) -> BTreeMap<MeasureKey, Histogram> {
    let mut merged: BTreeMap<MeasureKey, Histogram> = BTreeMap::new();
    for (key, histogram) in runs.iter().flat_map(|run| &run.histograms) {
        merged.entry(key.clone()).or_default().merge(histogram);
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Ended, Mark, MarkKind};
    use crate::units::SimTime;

    fn meta() -> StudyMeta {
        StudyMeta {
            scenario: "outage".into(),
            question: "who notices?".into(),
            start: "2026-03-02T00:00:00Z".into(),
            horizon: SimDuration(30),
            window: SimDuration(10),
        }
    }

    fn run(replication: u32, commands: f64, series: &[f64]) -> Observations {
        let mut histogram = Histogram::new();
        histogram.record_n(10, u64::from(replication) + 1);
        Observations {
            replication,
            order_hash: 0,
            events: 1,
            ended: Ended::Horizon,
            values: [(MeasureKey::new("commands"), commands)].into(),
            histograms: [(MeasureKey::new("command_latency_ms"), histogram)].into(),
            series: [(MeasureKey::new("devices_connected"), series.to_vec())].into(),
            parts: crate::metrics::Parts::default(),
            marks: vec![Mark {
                kind: MarkKind::Fault,
                label: format!("fault of {replication}"),
                from: SimTime(1),
                until: SimTime(2),
            }],
        }
    }

    #[test]
    fn figures_windows_and_counts_are_merged() {
        let runs = [run(0, 1.0, &[5.0, f64::NAN, f64::NAN]), run(1, 3.0, &[7.0, 4.0, f64::NAN])];
        let study = summarise(meta(), &runs);
        assert_eq!(study.replications, 2);
        let commands = study.estimates[&MeasureKey::new("commands")];
        assert_eq!((commands.mean, commands.n), (2.0, 2));
        let windows = &study.series[&MeasureKey::new("devices_connected")];
        assert_eq!(windows.iter().map(|e| e.n).collect::<Vec<_>>(), [2, 1, 0]);
        assert_eq!((windows[0].mean, windows[1].mean), (6.0, 4.0));
        assert!(windows[1].low.is_nan() && windows[2].mean.is_nan());
        assert_eq!(study.histograms[&MeasureKey::new("command_latency_ms")].count(), 3);
        assert_eq!(study.marks[0].label, "fault of 0");
    }

    #[test]
    fn the_order_of_finishing_changes_nothing() {
        let runs: Vec<_> = (0..6).map(|i| run(i, 0.1 * f64::from(i), &[0.3 / f64::from(i + 1)])).collect();
        let mut shuffled = runs.clone();
        shuffled.reverse();
        shuffled.swap(1, 4);
        assert_eq!(summarise(meta(), &runs), summarise(meta(), &shuffled));
    }

    #[test]
    fn a_figure_that_some_replications_lack_says_so() {
        let mut runs = [run(0, 1.0, &[]), run(1, 3.0, &[]), run(2, 5.0, &[])];
        runs[1].values.clear();
        let study = summarise(meta(), &runs);
        let commands = study.estimates[&MeasureKey::new("commands")];
        assert_eq!((commands.mean, commands.n, study.replications), (3.0, 2, 3));
    }

    #[test]
    fn a_replication_that_was_cut_short_is_left_out() {
        let mut runs = [run(0, 1.0, &[]), run(1, 100.0, &[]), run(2, 100.0, &[])];
        runs[1].ended = Ended::Interrupted;
        runs[2].ended = Ended::WallBudget;
        let study = summarise(meta(), &runs);
        assert_eq!((study.replications, study.estimates[&MeasureKey::new("commands")].mean), (1, 1.0));
        assert_eq!(study.histograms[&MeasureKey::new("command_latency_ms")].count(), 1);
    }

    #[test]
    fn no_replication_gives_an_empty_study() {
        let study = summarise(meta(), &[]);
        assert!(study.replications == 0 && study.estimates.is_empty() && study.marks.is_empty());
    }

    #[test]
    #[should_panic(expected = "every replication of a study is there once")]
    fn a_replication_twice_is_a_broken_plan() {
        summarise(meta(), &[run(3, 1.0, &[]), run(3, 1.0, &[])]);
    }
}
