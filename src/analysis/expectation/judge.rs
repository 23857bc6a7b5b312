//! From an expectation and its replications to a grade.
//!
//! Three questions can be asked of a figure: is its mean as expected, are enough of its windows, are enough of the
//! replications. The last is a statement about futures and needs a sample that can carry it: with none of 30 outside,
//! at most 10 % are, so 95 % cannot be promised by fewer than 59 (see [`quantile`](super::super::quantile)).

use std::collections::BTreeSet;

use super::super::interval::{CONFIDENCE, estimate};
use super::super::observations::{Estimate, Observations, Study};
use super::super::quantile::{Share, upper_rank};
use super::select::figures;
use super::{Absent, Bound, Evidence, EvidenceRow, Expectation, Found, Grade, Outcome};
use crate::metrics::MeasureKey;
use crate::units::{SimDuration, SimTime};

/// Judges every figure that the expectation is about; `runs` are the replications of the study.
pub fn evaluate(expectation: &Expectation, study: &Study, runs: &[Observations]) -> Outcome {
    let keys: BTreeSet<&MeasureKey> = match expectation.windows {
        Some(_) => runs.iter().flat_map(|run| run.series.keys()).collect(),
        None => study.estimates.keys().collect(),
    };
    let judged = figures(expectation, keys.into_iter()).and_then(|figures| {
        figures
            .into_iter()
            .map(|key| Question { expectation, key, study, runs }.answer())
            .collect::<Result<Vec<_>, _>>()
    });
    match judged {
        Ok(evidence) => {
            let grade = evidence.iter().map(|e| e.grade).max().unwrap_or(Grade::Missing);
            Outcome { grade, evidence, absent: None }
        }
        Err(absent) => Outcome { grade: Grade::Missing, evidence: Vec::new(), absent: Some(absent) },
    }
}

/// One figure and what is asked of it.
struct Question<'a> {
    expectation: &'a Expectation,
    key: &'a MeasureKey,
    study: &'a Study,
    runs: &'a [Observations],
}

/// A figure of one replication: the value that is held against the bound, and whether it is as expected.
struct Seen {
    value: f64,
    is_good: bool,
    is_fine: bool,
}

impl Question<'_> {
    fn answer(&self) -> Result<Evidence, Absent> {
        let rows = self.rows();
        let seen = self.seen(&rows);
        let n = seen.len() as u32;
        let lacking = self.study.replications.saturating_sub(n);
        self.enough(n)?;
        let (found, mut grade, is_certain) = match self.expectation.replications {
            Some(share) => Self::of_replications(&seen, share)?,
            None if self.expectation.windows.is_some() => self.mean_of_windows(&seen),
            None => self.mean_of_figure(),
        };
        if lacking > 0 && grade == Grade::Pass {
            grade = Grade::Warn;
        }
        let bound = self.deciding(grade, &found, &seen).clone();
        Ok(Evidence { key: self.key.clone(), found, grade, bound, lacking, is_certain, rows })
    }

    /// Refuses what too few replications cannot carry.
    fn enough(&self, n: u32) -> Result<(), Absent> {
        // Where most lack it, such as a recovery that most fleets never came to, the mean over the others is good news of
        // a few.
        let half = self.study.replications.div_ceil(2);
        let needed = self.expectation.least_replications.max(half);
        if n > 0 && n < needed { Err(Absent::TooFew { n: u64::from(n), needed: u64::from(needed) }) } else { Ok(()) }
    }

    /// The mean of the figure against the bounds.
    fn mean_of_figure(&self) -> (Found, Grade, bool) {
        let estimate = self.study.estimates.get(self.key).copied().unwrap_or(Estimate::ABSENT);
        let fail = self.expectation.fail_if.holds(estimate.mean);
        let warn = self.expectation.warn_if.as_ref().is_some_and(|bound| bound.holds(estimate.mean));
        let bound = match &self.expectation.warn_if {
            Some(bound) if warn && !fail => bound,
            _ => &self.expectation.fail_if,
        };
        let certain = one_sided(&estimate, |value| bound.holds(value));
        (Found::Mean(estimate), grade(estimate.n == 0 || estimate.mean.is_nan(), fail, warn), certain)
    }

    /// The share of good windows against the share that is asked for.
    fn mean_of_windows(&self, seen: &[Seen]) -> (Found, Grade, bool) {
        let asked = self.expectation.windows.unwrap_or(1.0);
        let shares: Vec<f64> = seen.iter().map(|seen| seen.value).collect();
        let estimate = estimate(&shares).unwrap_or(Estimate::ABSENT);
        let fail = estimate.mean < asked;
        let warn = seen.iter().any(|seen| !seen.is_fine);
        let certain = one_sided(&estimate, |share| share < asked);
        (Found::Windows(estimate), grade(estimate.n == 0, fail, warn), certain)
    }

    /// The number of good replications against the share that is asked for, or a refusal.
    fn of_replications(seen: &[Seen], asked: f64) -> Result<(Found, Grade, bool), Absent> {
        let share = Share { hits: seen.iter().filter(|seen| seen.is_good).count() as u64, n: seen.len() as u64 };
        let Some((low, high)) = share.interval(CONFIDENCE) else {
            return Ok((Found::Mean(Estimate::ABSENT), Grade::Missing, false));
        };
        let fail = (share.hits as f64) < asked * share.n as f64 * (1.0 - 1e-12);
        // All of them are asked for: any that is there decides, and no sample would be large enough to prove more.
        if asked > 0.0 && asked < 1.0 && !fail {
            upper_rank(share.n, asked, CONFIDENCE)
                .map_err(|few| Absent::TooFew { n: few.n, needed: few.needed.unwrap_or(few.n + 1) })?;
        }
        let misses = Share { hits: share.n - share.hits, n: share.n };
        let proven = asked >= 1.0 || misses.at_most(CONFIDENCE).is_some_and(|most| most <= 1.0 - asked + 1e-12);
        let warn = !proven || seen.iter().any(|seen| !seen.is_fine);
        let found = Found::Replications { good: share.hits, of: share.n, low, high };
        Ok((found, grade(false, fail, warn), fail || proven))
    }

    /// The bound that the grade speaks of.
    fn deciding(&self, grade: Grade, found: &Found, seen: &[Seen]) -> &Bound {
        let Expectation { fail_if, warn_if, .. } = self.expectation;
        let warned = match found {
            Found::Mean(estimate) => warn_if.as_ref().filter(|bound| bound.holds(estimate.mean)),
            _ => warn_if.as_ref().filter(|_| seen.iter().any(|seen| !seen.is_fine)),
        };
        warned.filter(|_| grade == Grade::Warn).unwrap_or(fail_if)
    }

    /// Every value that was looked at, in the order of the plan.
    fn rows(&self) -> Vec<EvidenceRow> {
        self.runs.iter().filter(|run| run.is_whole()).flat_map(|run| self.rows_of(run)).collect()
    }

    fn rows_of(&self, run: &Observations) -> Vec<EvidenceRow> {
        let row = |window, value: f64| EvidenceRow {
            replication: run.replication,
            window,
            value,
            is_good: !self.expectation.fail_if.holds(value),
        };
        if self.expectation.windows.is_none() {
            let value = run.values.get(self.key).copied().filter(|value| !value.is_nan());
            return value.into_iter().map(|value| row(None, value)).collect();
        }
        let windows = run.series.get(self.key).into_iter().flatten().copied().enumerate();
        windows.filter(|(i, value)| !value.is_nan() && self.looks_at(run, *i)).map(|(i, v)| row(Some(i), v)).collect()
    }

    /// Whether a window lies in the phase, wholly.
    fn looks_at(&self, run: &Observations, window: usize) -> bool {
        let at = |window: usize| SimTime(window as u64 * self.study.window.0);
        let end = at(window + 1).min(SimTime::ZERO + SimDuration(self.study.horizon.0));
        self.expectation.phase.as_ref().is_none_or(|phase| phase.holds((at(window), end), &run.marks))
    }

    /// What each replication comes to.
    fn seen(&self, rows: &[EvidenceRow]) -> Vec<Seen> {
        let warns = |value: f64| self.expectation.warn_if.as_ref().is_some_and(|bound| bound.holds(value));
        let Some(asked) = self.expectation.windows else {
            let seen = |row: &EvidenceRow| Seen { value: row.value, is_good: row.is_good, is_fine: !warns(row.value) };
            return rows.iter().map(seen).collect();
        };
        rows.chunk_by(|a, b| a.replication == b.replication)
            .map(|windows| {
                let share = |good: &dyn Fn(&EvidenceRow) -> bool| {
                    windows.iter().filter(|row| good(row)).count() as f64 / windows.len() as f64
                };
                let value = share(&|row| row.is_good);
                Seen { value, is_good: value >= asked, is_fine: share(&|row| !warns(row.value)) >= asked }
            })
            .collect()
    }
}

fn grade(missing: bool, fail: bool, warn: bool) -> Grade {
    match (missing, fail, warn) {
        (true, ..) => Grade::Missing,
        (_, true, _) => Grade::Fail,
        (_, _, true) => Grade::Warn,
        _ => Grade::Pass,
    }
}

/// Whether both ends of an interval are on the mean's side of a question.
fn one_sided(estimate: &Estimate, holds: impl Fn(f64) -> bool) -> bool {
    let side = holds(estimate.mean);
    let end = |value: f64| !value.is_nan() && holds(value) == side;
    end(estimate.low) && end(estimate.high)
}
