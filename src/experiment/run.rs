//! Parallel execution over (scenario x replication); results are placed by index, never by finish order.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::analysis::study::{StudyMeta, summarise};
use crate::analysis::{Observations, Study};
use crate::experiment::plan::{Job, plan};
use crate::experiment::replication::{Replication, replicate};
use crate::kernel::trace::Checkpoint;
use crate::scenario::Scenario;
use crate::theory::md1_table::Md1Table;

/// Told of each replication that is done.
pub trait Progress: Sync {
    /// Replications of a scenario that are done, of how many.
    fn replication_done(&self, scenario: usize, done: u32, of: u32);
}

/// How to run.
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
    /// Checkpoints of the events of each replication that is whole, by its number.
    pub orders: BTreeMap<u32, Vec<Checkpoint>>,
}

/// What became of one job.
enum Done {
    Whole(Box<Replication>),
    Failed(String),
    Cut,
}

/// Results of one scenario so far.
struct Slots {
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
    let jobs = plan(scenarios);
    let slots: Vec<Mutex<Slots>> = scenarios.iter().map(|s| Mutex::new(Slots::new(s.replications))).collect();
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
        Ok(replication) if replication.observations.is_whole() => Done::Whole(Box::new(replication)),
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
        progress.replication_done(index, scenario.replications - slots.left, scenario.replications);
        done.map(|done| (done, slots.collect(scenario)))
    };
    if let Some((done, result)) = finished {
        done(index, result);
    }
}

impl Slots {
    fn new(replications: u32) -> Self {
        Self { done: (0..replications).map(|_| None).collect(), left: replications }
    }

    /// Places an outcome; whether it was the last one.
    fn put(&mut self, replication: u32, outcome: Done) -> bool {
        self.done[replication as usize] = Some(outcome);
        self.left -= 1;
        self.left == 0
    }

    /// The scenario's result. A cut run keeps the longest whole prefix, so that what is kept does not depend on timing
    /// beyond its length.
    fn collect(&mut self, scenario: &Scenario) -> ScenarioResult {
        let interrupted = self.done.iter().any(|d| matches!(d, Some(Done::Cut) | None));
        let (mut observations, mut failures, mut advice) = (Vec::new(), Vec::new(), Vec::new());
        let mut orders = BTreeMap::new();
        for (i, done) in self.done.drain(..).enumerate() {
            match done {
                Some(Done::Whole(whole)) => {
                    observations.push(whole.observations);
                    advice.extend(whole.advice);
                    orders.insert(i as u32, whole.trail.checkpoints);
                }
                Some(Done::Failed(why)) => failures.push((i as u32, why)),
                Some(Done::Cut) | None => break,
            }
        }
        advice.sort_unstable();
        advice.dedup();
        let study = summarise(meta(scenario), &observations);
        ScenarioResult { study, observations, asked: scenario.replications, failures, interrupted, advice, orders }
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

/// The wall budget: it can only cut a run short, never change what a replication observes.
struct WallBudget {
    #[expect(clippy::disallowed_types, reason = "a budget of wall time has to look at the clock")]
    end: Option<std::time::Instant>,
}

impl WallBudget {
    #[expect(clippy::disallowed_types, reason = "a budget of wall time has to look at the clock")]
    fn new(length: Option<Duration>) -> Self {
        Self { end: length.map(|length| std::time::Instant::now() + length) }
    }

    #[expect(clippy::disallowed_types, reason = "a budget of wall time has to look at the clock")]
    fn is_over(&self) -> bool {
        self.end.is_some_and(|end| std::time::Instant::now() >= end)
    }
}
