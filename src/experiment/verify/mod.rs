//! `verify`: closed forms and published cases, re-derived on this machine; each row a reference, an estimate, a verdict.
//!
//! Rows come from three places: `closed` computes them by `theory` and `analysis`; `cases` simulates scenarios that are
//! embedded in the program, through the same path as `run`; `replay` sends published streams through the cache. What is not
//! re-derived is listed with its reason in `gaps`.

mod case;
mod cases;
mod closed;
mod gaps;
mod replay;
mod row;
mod summary;
mod table;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use case::Case;
use rayon::prelude::*;
use replay::Run;

use crate::experiment::run::{Progress, RunOptions, ScenarioResult, run};
use crate::scenario::{Diagnostic, Scenario};

pub use gaps::Gap;
pub use row::{Found, LEVEL, Margin, Row};
pub use summary::{FAMILIES, Family, families, markdown, percent};
pub use table::{Reference, Table};

/// What is to be verified.
pub struct Plan {
    closed: Vec<Row>,
    replays: Vec<Run>,
    cases: Vec<Case>,
    gaps: Vec<Gap>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Verified {
    /// Rows in the order of the families.
    pub rows: Vec<Row>,
    /// Cases whose model stopped, with the reason; they have no rows.
    pub stopped: Vec<String>,
    /// Whether it was interrupted; the rows are then those of whole cases.
    pub interrupted: bool,
}

impl Plan {
    /// Everything that is built in.
    pub fn built_in() -> Self {
        let table = Table::built_in();
        let cases = cases::all(&table);
        let (closed, open) = computed(&table);
        let simulated = |reference: &&Reference| {
            cases.iter().flat_map(|case| &case.checks).any(|check| check.reference == **reference)
        };
        let mut gaps = gaps::all(open.into_iter().filter(|reference| !simulated(reference)));
        gaps.extend(gaps::built_in());
        let replays = replay::runs().into_iter().filter(|run| run.gap().is_none()).collect();
        Self { closed, replays, cases, gaps }
    }

    /// The closed forms for a table of references of one's own.
    pub fn of_table(table: &Table) -> Self {
        let (closed, open) = computed(table);
        Self { closed, replays: Vec::new(), cases: Vec::new(), gaps: gaps::all(open.into_iter()) }
    }

    /// Keeps what has this word in the name of its family or case, in small or capital letters.
    #[must_use]
    pub fn only(mut self, word: &str) -> Self {
        let word = word.to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&word);
        self.closed.retain(|row| has(row.family) || has(&row.case));
        self.replays.retain(|run| has(replay::FAMILY) || has(&run.case()));
        self.cases.retain(|case| has(case.family) || has(&case.name));
        self.gaps.retain(|gap| has(&gap.case));
        self
    }

    /// Rows of each family that has any.
    pub fn families(&self) -> Vec<(&'static str, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let closed = self.closed.iter().map(|row| (row.family, 1));
        let replays = self.replays.iter().map(|run| (replay::FAMILY, run.count()));
        let cases = self.cases.iter().map(|case| (case.family, case.checks.len()));
        closed.chain(replays).chain(cases).for_each(|(family, rows)| *counts.entry(family).or_default() += rows);
        let of = |(name, _): &(&'static str, _)| counts.get(name).map(|rows| (*name, *rows));
        FAMILIES.iter().filter_map(of).collect()
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.families().iter().map(|(_, rows)| rows).sum()
    }

    /// What is not re-derived, and why.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// Names and replications of the simulated cases, in their order.
    pub fn simulated(&self) -> Result<Vec<Scenario>, Vec<Diagnostic>> {
        self.cases.iter().map(Case::scenario).collect()
    }

    /// Simulates, replays, and judges. `scenarios` are those of [`Plan::simulated`].
    pub fn verify(&self, scenarios: &[Scenario], options: &RunOptions<'_>, progress: &dyn Progress) -> Verified {
        let results: Mutex<Vec<Option<ScenarioResult>>> = Mutex::new(scenarios.iter().map(|_| None).collect());
        let keep = |index: usize, result: ScenarioResult| {
            results.lock().expect("nobody panics with the results")[index] = Some(result);
        };
        run(scenarios, options, progress, &keep);
        let results = results.into_inner().expect("nobody panics with the results");
        let mut verified = Verified { rows: self.closed.clone(), ..Verified::default() };
        for (case, result) in self.cases.iter().zip(results) {
            verified.take(case, result.as_ref());
        }
        verified.rows.extend(self.replay(options, &mut verified.interrupted));
        let place = |row: &Row| FAMILIES.iter().position(|(name, _)| *name == row.family);
        verified.rows.sort_by_key(place);
        verified
    }

    fn replay(&self, options: &RunOptions<'_>, interrupted: &mut bool) -> Vec<Row> {
        let pool =
            rayon::ThreadPoolBuilder::new().num_threads(options.jobs.unwrap_or(0)).build().expect("threads start");
        let one = |run: &Run| (!options.stop.load(Ordering::Relaxed)).then(|| run.rows());
        let all: Vec<Option<Vec<Row>>> = pool.install(|| self.replays.par_iter().map(one).collect());
        *interrupted |= all.iter().any(Option::is_none);
        all.into_iter().flatten().flatten().collect()
    }
}

impl Verified {
    /// Rows that fail.
    pub fn failed(&self) -> usize {
        self.rows.iter().filter(|row| !row.passes()).count()
    }

    fn take(&mut self, case: &Case, result: Option<&ScenarioResult>) {
        match result {
            Some(result) if !result.failures.is_empty() => {
                let (replication, why) = &result.failures[0];
                self.stopped.push(format!("{}, replication {replication}: {why}", case.name));
            }
            Some(result) if !result.interrupted => self.rows.extend(case.rows(result)),
            _ => self.interrupted = true,
        }
    }
}

/// Rows of a table by closed forms, and the references that have none.
fn computed(table: &Table) -> (Vec<Row>, Vec<&Reference>) {
    let (mut rows, mut open) = (Vec::new(), Vec::new());
    for reference in table.rows() {
        match closed::row(reference) {
            Some(row) => rows.push(row),
            None => open.push(reference),
        }
    }
    (rows, open)
}

#[cfg(test)]
mod tests;
