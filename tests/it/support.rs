//! Scenario in, figures out: every case goes the way a user's does, from a file through `experiment::run`.
//!
//! A statistical test takes its seed from a hash of its name, so that no seed was ever chosen for its result, and states
//! a margin: it passes where the whole 99 % interval over replications lies within the margin of the reference. That is a
//! test of equivalence; noise cannot pass it, and more replications can only make it sharper.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use stampsim::analysis::{Estimate, Observations, estimate_at};
use stampsim::experiment::{self, Progress, RunOptions, ScenarioResult};
use stampsim::kernel::draws::stable_name;
use stampsim::metrics::MeasureKey;
use stampsim::scenario::{Scenario, load};

/// Confidence of every interval here [1].
pub(crate) const LEVEL: f64 = 0.99;

/// A scenario to be run: a committed file, with overrides as on the command line.
pub(crate) struct Case {
    name: String,
    path: PathBuf,
    sets: Vec<String>,
}

impl Case {
    /// A file of `tests/it/cases`.
    pub(crate) fn named(name: &str) -> Self {
        Self::below("tests/it/cases", name)
    }

    /// A case of `stampsim verify`.
    pub(crate) fn verified(name: &str) -> Self {
        Self::below("src/experiment/verify/cases", name)
    }

    /// A shipped scenario.
    pub(crate) fn shipped(name: &str) -> Self {
        Self::below("scenarios", name)
    }

    fn below(folder: &str, name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(format!("{name}.toml"));
        Self { name: name.to_owned(), path, sets: vec![seed_of(name)] }
    }

    /// One more override, such as `run.replications=3`.
    pub(crate) fn set(mut self, set: impl Into<String>) -> Self {
        self.sets.push(set.into());
        self
    }

    /// Names the case anew where one file serves several, so that each has its own seed.
    pub(crate) fn called(mut self, name: &str) -> Self {
        self.sets[0] = seed_of(name);
        name.clone_into(&mut self.name);
        self
    }

    /// The validated scenario.
    pub(crate) fn scenario(&self) -> Scenario {
        let problems = |all: Vec<_>| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        load(&self.path, &self.sets).unwrap_or_else(|all| panic!("{} does not load:\n{}", self.name, problems(all)))
    }

    /// All replications, on all processors.
    pub(crate) fn run(&self) -> Ran {
        self.run_on(None)
    }

    /// A result of this scenario, with its name.
    pub(crate) fn ran(&self, result: ScenarioResult) -> Ran {
        assert!(result.failures.is_empty(), "{}: {:?}", self.name, result.failures);
        assert_eq!(result.observations.len(), result.asked as usize, "{} is whole", self.name);
        Ran { name: self.name.clone(), result }
    }

    /// All replications on so many threads.
    pub(crate) fn run_on(&self, jobs: Option<usize>) -> Ran {
        self.ran(run(self.scenario(), jobs))
    }
}

/// The override that gives a test the seed of its name; TOML's whole numbers have 63 bits.
fn seed_of(name: &str) -> String {
    format!("run.seed={}", stable_name(name) >> 1)
}

/// Shows no progress.
pub(crate) struct Silent;

impl Progress for Silent {
    fn replication_done(&self, _: usize, _: u32, _: u32) {}
}

/// Runs one scenario as `stampsim run` does.
pub(crate) fn run(scenario: Scenario, jobs: Option<usize>) -> ScenarioResult {
    let all = 0..scenario.replications;
    run_on(scenario, all, jobs)
}

/// Runs these replications of a scenario.
pub(crate) fn run_part(scenario: &Scenario, part: Range<u32>) -> ScenarioResult {
    run_on(scenario.clone(), part, None)
}

fn run_on(scenario: Scenario, part: Range<u32>, jobs: Option<usize>) -> ScenarioResult {
    let (slot, stop) = (Mutex::new(None), AtomicBool::new(false));
    let options = RunOptions { jobs, stop: &stop, max_wall: None };
    let keep = |_: usize, result: ScenarioResult| *slot.lock().expect("nobody panics here") = Some(result);
    experiment::run_parts(&[scenario], &[part], &options, &Silent, &keep);
    slot.into_inner().expect("nobody panics here").expect("the scenario came to an end")
}

/// What a figure is expected to be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expected {
    /// Each replication gives this value, to the rounding of a sum of `f64`.
    Exactly(f64),
    /// The 99 % interval lies between these bounds.
    Between(f64, f64),
}
pub(crate) use Expected::{Between, Exactly};

/// A case that was run.
pub(crate) struct Ran {
    name: String,
    /// Its result.
    pub(crate) result: ScenarioResult,
}

impl Ran {
    /// Observations of each replication.
    pub(crate) fn runs(&self) -> &[Observations] {
        &self.result.observations
    }

    /// A figure of each replication that has it, by its printed key such as `wait_ms{at=send quantile=0.5}`.
    pub(crate) fn values(&self, key: &str) -> Vec<f64> {
        let of = |run: &Observations| run.values.iter().find(|(k, _)| k.to_string() == key).map(|(_, value)| *value);
        let values: Vec<f64> = self.runs().iter().filter_map(of).collect();
        assert!(!values.is_empty(), "{} has no figure {key}; it has {}", self.name, self.keys());
        values
    }

    fn keys(&self) -> String {
        self.runs().iter().take(1).flat_map(|run| run.values.keys()).fold(String::new(), |mut text, key| {
            write!(text, "\n  {key}").expect("a text takes text");
            text
        })
    }

    /// A figure of the first replication.
    pub(crate) fn value(&self, key: &str) -> f64 {
        self.values(key)[0]
    }

    /// A series of each replication, by its printed key.
    pub(crate) fn series(&self, key: &str) -> Vec<&Vec<f64>> {
        let of =
            |run: &'_ Observations| -> Option<MeasureKey> { run.series.keys().find(|k| k.to_string() == key).cloned() };
        let one = |run| -> &Vec<f64> {
            let found = of(run).unwrap_or_else(|| panic!("{} has no series {key}: {:?}", self.name, run.series.keys()));
            &run.series[&found]
        };
        self.runs().iter().map(one).collect()
    }

    /// Holds figures against what is expected; fails with a table of all of them when one misses.
    pub(crate) fn agrees<'a>(&self, expected: impl IntoIterator<Item = (&'a str, Expected)>) {
        let rows = expected.into_iter().map(|(key, expected)| judge(key, &self.values(key), expected));
        settle(&self.name, &rows.collect::<Vec<_>>());
    }
}

/// A row of the table: its text and whether it passes.
pub(crate) type Row = (String, bool);

/// Holds the values of one figure over replications against what is expected.
pub(crate) fn judge(figure: &str, values: &[f64], expected: Expected) -> Row {
    let Estimate { mean, low, high, n } = estimate_at(values, LEVEL).expect("there is a value");
    // A figure that no randomness enters has one replication, and no interval.
    let (low, high) = if n == 1 { (mean, mean) } else { (low, high) };
    let (passes, wanted) = match expected {
        Exactly(reference) => {
            let same = |value: &f64| (value - reference).abs() <= 1e-9 * reference.abs().max(1.0);
            (values.iter().all(same), format!("{reference} exactly"))
        }
        Between(least, most) => (low >= least && high <= most, format!("{least} to {most}")),
    };
    let verdict = if passes { "pass" } else { "FAIL" };
    (format!("{figure} | {wanted} | {mean:.6} | {low:.6}..{high:.6} ({n}) | {verdict}"), passes)
}

/// Prints the rows of a case and fails when one misses.
#[expect(clippy::print_stderr, reason = "cargo shows it with --nocapture, or when a test fails")]
pub(crate) fn settle(case: &str, rows: &[Row]) {
    for (text, _) in rows {
        eprintln!("row | {case} | {text}");
    }
    let missed = rows.iter().filter(|(_, passes)| !passes).count();
    assert_eq!(missed, 0, "{case}: {missed} of {} figures miss their reference", rows.len());
}
