//! Parallel execution over (scenario x replication); results are placed by index, never by finish order.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::analysis::steady::settle;
use crate::analysis::study::{StudyMeta, summarise};
use crate::analysis::{Observations, Study};
use crate::experiment::plan::{Job, plan};
use crate::experiment::replication::replicate;
use crate::scenario::Scenario;
use crate::scenario::file::Steady;
use crate::theory::md1_table::Md1Table;

/// Told of each replication that is done.
pub trait Progress: Sync {
    /// Replications of a scenario that are done, of how many.
    fn replication_done(&self, scenario: usize, done: u32, of: u32);
}

/// How to run.
#[derive(Clone, Copy)]
pub struct RunOptions<'a> {
    /// Threads; the machine's, or `RAYON_NUM_THREADS`, when absent.
    pub jobs: Option<usize>,
    /// Set from outside to stop early.
    pub stop: &'a AtomicBool,
    /// Longest wall time of the whole run.
    pub max_wall: Option<Duration>,
}

/// All replications of one scenario.
pub struct ScenarioResult {
    /// Summary over the replications that are whole.
    pub study: Study,
    /// Observations in order of replication: all, or the longest whole prefix of an interrupted run.
    pub observations: Vec<Observations>,
    /// Replications that were asked for.
    pub asked: u32,
    /// Replications whose model stopped, with the reason.
    pub failures: Vec<(u32, String)>,
    /// Whether the run was interrupted before the scenario was whole.
    pub interrupted: bool,
    /// Doubts about the bill, each once.
    pub advice: Vec<String>,
    /// Whether figures leave out a warm-up, and which.
    pub steady: Option<Steady>,
    /// Doubts about the steady state, and what was left out for it.
    pub doubts: Vec<String>,
}

impl ScenarioResult {
    /// Takes in the part that follows, so that both are one result.
    ///
    /// What follows an interrupted part is dropped, since only a prefix of the plan may be kept.
    pub fn append(&mut self, mut later: Self) {
        self.asked += later.asked;
        if !self.interrupted {
            self.observations.append(&mut later.observations);
            self.failures.append(&mut later.failures);
            self.advice.append(&mut later.advice);
            self.advice.sort_unstable();
            self.advice.dedup();
            self.interrupted = later.interrupted;
            self.summarise(meta_of(&self.study));
        }
    }

    /// Takes the warm-up off, where one is to be, and sums up.
    fn summarise(&mut self, meta: StudyMeta) {
        let steady = self.steady.as_ref().map(|steady| settle(&mut self.observations, steady.warm_up));
        self.study = summarise(meta, &self.observations);
        if let Some(steady) = steady {
            self.doubts = steady.advice();
            self.study.estimates.extend(steady.batches);
        }
    }
}

/// What became of one job.
enum Done {
    Whole(Box<Observations>, Vec<String>),
    Failed(String),
    Cut,
}

/// Results of one scenario so far.
struct Slots {
    part: Range<u32>,
    done: Vec<Option<Done>>,
    left: u32,
}

/// Runs every replication of every scenario. `done` is called for each scenario as soon as it is whole, or cut.
pub fn run(
    scenarios: &[Scenario],
    options: &RunOptions<'_>,
    progress: &dyn Progress,
    done: &(dyn Fn(usize, ScenarioResult) + Sync),
) {
    let whole: Vec<_> = scenarios.iter().map(|scenario| 0..scenario.replications).collect();
    run_parts(scenarios, &whole, options, progress, done);
}

/// Runs a part of each scenario's replications, which may begin where another run ended; an empty part is not told of.
///
/// A replication is a function of its number, so the parts of a scenario, one [appended](ScenarioResult::append) to the
/// other, are what a single run gives.
pub fn run_parts(
    scenarios: &[Scenario],
    parts: &[Range<u32>],
    options: &RunOptions<'_>,
    progress: &dyn Progress,
    done: &(dyn Fn(usize, ScenarioResult) + Sync),
) {
    assert_eq!(scenarios.len(), parts.len(), "every scenario has its part");
    let jobs = plan(parts);
    let slots: Vec<Mutex<Slots>> = parts.iter().map(|part| Mutex::new(Slots::new(part.clone()))).collect();
    let next = AtomicUsize::new(0);
    let clock = WallBudget::new(options.max_wall);
    let stop = || options.stop.load(Ordering::Relaxed) || clock.is_over();
    let md1 = Md1Table::new();
    let work = || {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = carry_out(&scenarios[job.scenario], &md1, *job, &stop);
            let whole = slots[job.scenario].lock().expect("no worker panics with a lock").put(job.replication, outcome);
            report(&slots[job.scenario], job.scenario, &scenarios[job.scenario], progress, whole.then_some(done));
        }
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.jobs.unwrap_or(0)).build().expect("threads start");
    pool.broadcast(|_| work());
}

fn carry_out(scenario: &Scenario, md1: &Md1Table, job: Job, stop: &dyn Fn() -> bool) -> Done {
    if stop() {
        return Done::Cut;
    }
    match replicate(scenario, md1, job.replication, stop) {
        Err(why) => Done::Failed(why),
        Ok(replication) if replication.observations.is_whole() => {
            Done::Whole(Box::new(replication.observations), replication.advice)
        }
        Ok(_) => Done::Cut,
    }
}

fn report(
    slots: &Mutex<Slots>,
    index: usize,
    scenario: &Scenario,
    progress: &dyn Progress,
    done: Option<&(dyn Fn(usize, ScenarioResult) + Sync)>,
) {
    let finished = {
        let mut slots = slots.lock().expect("no worker panics with a lock");
        let of = slots.part.len() as u32;
        progress.replication_done(index, of - slots.left, of);
        done.map(|done| (done, slots.collect(scenario)))
    };
    if let Some((done, result)) = finished {
        done(index, result);
    }
}

impl Slots {
    fn new(part: Range<u32>) -> Self {
        Self { done: part.clone().map(|_| None).collect(), left: part.len() as u32, part }
    }

    /// Places an outcome; whether it was the last one.
    fn put(&mut self, replication: u32, outcome: Done) -> bool {
        self.done[(replication - self.part.start) as usize] = Some(outcome);
        self.left -= 1;
        self.left == 0
    }

    /// The scenario's result. A cut run keeps the longest whole prefix, so that what is kept does not depend on timing
    /// beyond its length.
    fn collect(&mut self, scenario: &Scenario) -> ScenarioResult {
        let interrupted = self.done.iter().any(|d| matches!(d, Some(Done::Cut) | None));
        let (mut observations, mut failures, mut advice) = (Vec::new(), Vec::new(), Vec::new());
        for (i, done) in self.part.clone().zip(self.done.drain(..)) {
            match done {
                Some(Done::Whole(whole, said)) => {
                    observations.push(*whole);
                    advice.extend(said);
                }
                Some(Done::Failed(why)) => failures.push((i, why)),
                Some(Done::Cut) | None => break,
            }
        }
        advice.sort_unstable();
        advice.dedup();
        let mut result = ScenarioResult {
            study: summarise(meta(scenario), &[]),
            observations,
            asked: self.part.len() as u32,
            failures,
            interrupted,
            advice,
            steady: scenario.steady.clone(),
            doubts: Vec::new(),
        };
        result.summarise(meta(scenario));
        result
    }
}

fn meta(scenario: &Scenario) -> StudyMeta {
    StudyMeta {
        scenario: scenario.name.clone(),
        question: scenario.question.clone(),
        start: scenario.start.clone(),
        horizon: scenario.model.horizon,
        window: scenario.model.window,
    }
}

fn meta_of(study: &Study) -> StudyMeta {
    StudyMeta {
        scenario: study.scenario.clone(),
        question: study.question.clone(),
        start: study.start.clone(),
        horizon: study.horizon,
        window: study.window,
    }
}

/// The wall budget: it can only cut a run short, never change what a replication observes.
pub(super) struct WallBudget {
    #[expect(clippy::disallowed_types, reason = "a budget of wall time has to look at the clock")]
    end: Option<std::time::Instant>,
}

impl WallBudget {
    #[expect(clippy::disallowed_types, reason = "a budget of wall time has to look at the clock")]
    pub(super) fn new(length: Option<Duration>) -> Self {
        Self { end: length.map(|length| std::time::Instant::now() + length) }
    }

    /// What is left of the budget; nothing where there is none.
    #[expect(clippy::disallowed_types, reason = "a budget of wall time has to look at the clock")]
    pub(super) fn left(&self) -> Option<Duration> {
        self.end.map(|end| end.saturating_duration_since(std::time::Instant::now()))
    }

    #[expect(clippy::disallowed_types, reason = "a budget of wall time has to look at the clock")]
    fn is_over(&self) -> bool {
        self.end.is_some_and(|end| std::time::Instant::now() >= end)
    }
}
