//! Steady-state studies: every figure without its warm-up, and an interval from one long run.
//!
//! A run of a steady scenario is cut into parts, its windows. Each figure has a warm-up of its own, found by MSER-5 over
//! the mean of all replications (as Welch plots it), or the one that the scenario states. Over several replications the
//! figures of what is left are independent, and their interval is the usual one; a single replication is cut into
//! batches, whose correlation is tested.

use std::collections::{BTreeMap, BTreeSet};

use super::observations::{Estimate, Observations};
use super::warmup::{BATCHES, Unsteady, batch_means_of, truncation};
use crate::metrics::{MeasureKey, Parts};
use crate::units::SimDuration;

/// What came of looking for the steady state.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Steady {
    /// Warm-up that was left out of each figure, or why the figure is refused; by the figure without its statistic.
    pub warm_ups: BTreeMap<MeasureKey, Result<SimDuration, Unsteady>>,
    /// Estimates from batches, where there is only one replication.
    pub batches: BTreeMap<MeasureKey, Estimate>,
    /// Figures whose batches are correlated, with what was measured.
    pub correlated: Vec<String>,
}

impl Steady {
    /// Doubts about the figures and what was left out, a sentence each.
    pub fn advice(&self) -> Vec<String> {
        let refused = self
            .warm_ups
            .iter()
            .filter_map(|(key, found)| found.as_ref().err().map(|why| format!("no steady {key}: {why}")));
        let longest = self.warm_ups.iter().filter_map(|(key, found)| found.as_ref().ok().map(|length| (length, key)));
        let longest = longest.max_by_key(|(length, _)| **length);
        let left_out = longest.map(|(length, key)| format!("the longest warm-up left out is {length}, of {key}"));
        refused.chain(self.correlated.iter().cloned()).chain(left_out).collect()
    }
}

/// Replaces the figures of every replication by those after the warm-up; a figure that has not settled is taken away.
///
/// `warm_up` is the stated one; nothing asks for the rule. Figures that no part has, such as costs, stay those of the
/// whole run.
pub fn settle(runs: &mut [Observations], warm_up: Option<SimDuration>) -> Steady {
    let mut steady = Steady::default();
    let Some(count) = runs.iter().map(|run| run.parts.count()).min().filter(|count| *count > 0) else { return steady };
    let by_part: Vec<Vec<BTreeMap<MeasureKey, f64>>> =
        runs.iter().map(|run| (0..count).map(|part| run.parts.figures(&[part])).collect()).collect();
    let mut firsts: BTreeMap<MeasureKey, usize> = BTreeMap::new();
    for root in roots(&by_part) {
        let first = match warm_up {
            Some(length) => stated(&runs[0].parts, count, length),
            None => truncation(&mean_over_replications(&root, &by_part)),
        };
        // A single run must leave a part for each batch, or its figure is refused like any that has not settled.
        let first = first.and_then(|first| match (count - first) / BATCHES {
            0 if runs.len() == 1 => Err(Unsteady::TooShort { n: count - first, needed: BATCHES }),
            _ => Ok(first),
        });
        let length = first.map(|first| runs[0].parts.span(first).0.since_start());
        steady.warm_ups.insert(root.clone(), length);
        if let Ok(first) = first {
            firsts.insert(root, first);
        }
    }
    for run in runs.iter_mut() {
        replace(run, count, &firsts);
    }
    if let [run] = &*runs {
        in_batches(&run.parts, count, &firsts, &mut steady);
    }
    steady
}

/// A figure without the labels that say which statistic of it is meant.
fn root(key: &MeasureKey) -> MeasureKey {
    let kept = key.labels.iter().filter(|(name, _)| !matches!(*name, "stat" | "quantile"));
    kept.fold(MeasureKey::new(key.name), |root, (name, value)| root.with(name, value))
}

fn roots(by_part: &[Vec<BTreeMap<MeasureKey, f64>>]) -> BTreeSet<MeasureKey> {
    by_part.iter().flatten().flat_map(BTreeMap::keys).map(root).collect()
}

/// The mean of a figure over the replications, part by part; NaN where none has it.
fn mean_over_replications(root: &MeasureKey, by_part: &[Vec<BTreeMap<MeasureKey, f64>>]) -> Vec<f64> {
    let mean_key = root.clone().with("stat", "mean");
    let value = |figures: &BTreeMap<MeasureKey, f64>| figures.get(root).or_else(|| figures.get(&mean_key)).copied();
    let parts = by_part.first().map_or(0, Vec::len);
    (0..parts)
        .map(|part| {
            let (sum, n) = (by_part.iter().filter_map(|run| value(&run[part])))
                .fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
            sum / n
        })
        .collect()
}

/// The first part that begins at or after a stated warm-up.
fn stated(parts: &Parts, count: usize, warm_up: SimDuration) -> Result<usize, Unsteady> {
    let first = (0..count).find(|part| parts.span(*part).0.since_start() >= warm_up);
    first.ok_or(Unsteady::TooShort { n: count, needed: count + 1 })
}

/// The figures of one replication after the warm-up of each.
fn replace(run: &mut Observations, count: usize, firsts: &BTreeMap<MeasureKey, usize>) {
    let of_parts: BTreeSet<MeasureKey> = run.parts.figures(&(0..count).collect::<Vec<_>>()).into_keys().collect();
    run.values.retain(|key, _| !of_parts.contains(key));
    let starts: BTreeSet<usize> = firsts.values().copied().collect();
    for start in starts {
        let figures = run.parts.figures(&(start..count).collect::<Vec<_>>());
        run.values.extend(figures.into_iter().filter(|(key, _)| firsts.get(&root(key)) == Some(&start)));
    }
}

/// Estimates of a single run: each figure in [`BATCHES`] batches of what its warm-up left.
fn in_batches(parts: &Parts, count: usize, firsts: &BTreeMap<MeasureKey, usize>, steady: &mut Steady) {
    for (root, first) in firsts {
        let length = (count - first) / BATCHES;
        let start = count - BATCHES * length;
        let batches: Vec<_> = (0..BATCHES)
            .map(|batch| parts.figures(&(0..length).map(|i| start + batch * length + i).collect::<Vec<_>>()))
            .collect();
        let keys: BTreeSet<&MeasureKey> =
            batches.iter().flat_map(BTreeMap::keys).filter(|key| self::root(key) == *root).collect();
        for key in keys {
            let values: Vec<f64> = batches.iter().filter_map(|batch| batch.get(key).copied()).collect();
            let Ok(means) = batch_means_of(&values, length) else { continue };
            steady.batches.insert(key.clone(), means.estimate);
            if !means.is_independent() {
                steady.correlated.push(format!(
                    "batches of {length} windows of {key} are correlated ({:.2}, where independent ones stay below {:.2}): its interval is too narrow; simulate a longer time",
                    means.lag1, means.lag1_limit
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::observations::Ended;
    use super::super::sample::Sample;
    use super::*;
    use crate::metrics::Recorder;
    use crate::units::SimTime;

    const WINDOW: u64 = 1_000_000;

    /// A replication whose level follows a series, a value a window, in thousandths.
    fn run(replication: u32, series: &[f64]) -> Observations {
        let mut recorder = Recorder::in_parts();
        let level =
            recorder.level(MeasureKey::new("queue_length").with("at", "send"), 1_000.0, false, true, SimTime::ZERO);
        for (i, value) in series.iter().enumerate() {
            let from = SimTime(i as u64 * WINDOW);
            recorder.cut(from);
            recorder.level_mut(level).set((value * 1_000.0) as u64, from);
        }
        let recorded = recorder.finish(SimTime(series.len() as u64 * WINDOW));
        Observations {
            replication,
            order_hash: 0,
            events: 0,
            ended: Ended::Horizon,
            values: recorded.values,
            histograms: recorded.histograms,
            series: recorded.series,
            marks: Vec::new(),
            parts: recorded.parts,
        }
    }

    fn mean_key() -> MeasureKey {
        MeasureKey::new("queue_length").with("at", "send").with("stat", "mean")
    }

    /// AR(1) about 50 that starts 100 higher, where its deviation is 2.3.
    fn biased(sample: &mut Sample, n: usize) -> Vec<f64> {
        sample.autoregression(n, 0.9, 100.0).into_iter().map(|x| (x + 50.0).max(0.0)).collect()
    }

    #[test]
    fn the_bias_of_a_start_is_left_out_of_every_replication() {
        let mut sample = Sample::new(7);
        let mut runs: Vec<_> = (0..10).map(|i| run(i, &biased(&mut sample, 400))).collect();
        // The start adds about 100 / (1 - 0.9) / 400 = 2.5 to the mean of the whole run.
        assert!(runs[0].values[&mean_key()] > 51.5);
        runs[0].values.insert(MeasureKey::new("cost_usd_per_month"), 7.0);
        let steady = settle(&mut runs, None);
        let warm_up = steady.warm_ups[&root(&mean_key())].expect("settled");
        assert!((SimDuration(20 * WINDOW)..SimDuration(150 * WINDOW)).contains(&warm_up), "{warm_up}");
        let mean = runs.iter().map(|run| run.values[&mean_key()]).sum::<f64>() / 10.0;
        // Deviation of the mean over ten runs of 300: sqrt(100 / 3,000) = 0.18; four of them.
        assert!((mean - 50.0).abs() < 0.75, "{mean}");
        assert!(steady.batches.is_empty());
        assert!((runs[0].values[&MeasureKey::new("cost_usd_per_month")] - 7.0).abs() < 1e-12, "costs stay");
        // Settled again, as after further replications, the figures stay.
        let again = settle(&mut runs, None);
        assert_eq!(again, steady);
    }

    #[test]
    fn a_stated_warm_up_is_kept_to() {
        let mut runs = [run(0, &[9.0, 9.0, 1.0, 1.0, 1.0, 1.0]), run(1, &[9.0, 9.0, 3.0, 3.0, 3.0, 3.0])];
        let steady = settle(&mut runs, Some(SimDuration(2 * WINDOW)));
        assert_eq!(steady.warm_ups[&root(&mean_key())], Ok(SimDuration(2 * WINDOW)));
        assert!((runs[0].values[&mean_key()] - 1.0).abs() < 1e-12 && (runs[1].values[&mean_key()] - 3.0).abs() < 1e-12);
        let most = mean_key()
            .labels
            .iter()
            .filter(|(name, _)| *name != "stat")
            .fold(MeasureKey::new("queue_length"), |k, (n, v)| k.with(n, v))
            .with("stat", "max");
        assert!((runs[0].values[&most] - 1.0).abs() < 1e-12, "the largest value is that after the warm-up");
    }

    #[test]
    fn a_figure_that_grows_is_refused_and_taken_away() {
        let growing: Vec<f64> = (0..200).map(f64::from).collect();
        let mut runs = [run(0, &growing), run(1, &growing)];
        let steady = settle(&mut runs, None);
        assert!(runs.iter().all(|run| !run.values.contains_key(&mean_key())));
        assert!(
            steady.advice()[0].starts_with("no steady queue_length{at=send}: not settled"),
            "{:?}",
            steady.advice()
        );
    }

    #[test]
    fn one_run_has_an_interval_from_batches_or_a_doubt() {
        let mut sample = Sample::new(8);
        let mut long = [run(0, &biased(&mut sample, 4_000))];
        let steady = settle(&mut long, None);
        let estimate = steady.batches[&mean_key()];
        // Deviation of the mean: sqrt(100 / 3,900) = 0.16; the half-width is about 2.1 of them.
        assert!(estimate.n == 20 && (estimate.mean - 50.0).abs() < 0.7 && (0.15..0.6).contains(&estimate.half_width()));
        assert!(!steady.correlated.iter().any(|doubt| doubt.contains("stat=mean")), "{:?}", steady.correlated);
        // 200 windows make batches of hardly ten, which a correlation of 0.98 reaches over.
        let mut short = [run(0, &sample.autoregression(200, 0.98, 0.0).iter().map(|x| x + 50.0).collect::<Vec<_>>())];
        let steady = settle(&mut short, Some(SimDuration::ZERO));
        assert!(steady.correlated.iter().any(|doubt| doubt.contains("are correlated")), "{steady:?}");
    }
}
