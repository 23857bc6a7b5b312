//! Simulating for a command that keeps no run folder: all results in the order of their scenarios.

use std::sync::{Mutex, PoisonError};

use super::exit;
use super::failure::Failure;
use super::options::Talk;
use super::progress::Display;
use super::room::Room;
use super::run::{Interrupt, shortfalls};
use super::terminal::Terminal;
use crate::experiment::{self, RunOptions, ScenarioResult};
use crate::scenario::Scenario;

/// Runs every scenario to its end; a result that is not whole is a failure.
pub(super) fn simulate(
    terminal: &Terminal,
    talk: &Talk,
    scenarios: &[Scenario],
    jobs: Option<usize>,
) -> Result<Vec<ScenarioResult>, Failure> {
    let (results, interrupted) = simulate_any(terminal, talk, scenarios, jobs)?;
    scenarios.iter().zip(results).map(|(scenario, result)| whole(scenario, result, interrupted)).collect()
}

/// Runs every scenario as far as it comes; says whether the user asked to stop.
pub(super) fn simulate_any(
    terminal: &Terminal,
    talk: &Talk,
    scenarios: &[Scenario],
    jobs: Option<usize>,
) -> Result<(Vec<ScenarioResult>, bool), Failure> {
    let interrupt = Interrupt::default();
    let jobs = Room::default().jobs(terminal, scenarios, jobs)?;
    let options = RunOptions { jobs, stop: interrupt.watch(), max_wall: None };
    let names = scenarios.iter().map(|scenario| scenario.name.clone()).collect();
    let replications = scenarios.iter().map(|scenario| scenario.replications).sum();
    let display = Display::new(talk.progress, terminal.is_quiet(), names, replications);
    let slots: Mutex<Vec<Option<ScenarioResult>>> = Mutex::new(scenarios.iter().map(|_| None).collect());
    let keep = |i: usize, result: ScenarioResult| {
        slots.lock().unwrap_or_else(PoisonError::into_inner)[i] = Some(result);
    };
    experiment::run(scenarios, &options, &display, &keep);
    drop(display);
    let results = slots.into_inner().unwrap_or_else(PoisonError::into_inner);
    let results: Option<Vec<ScenarioResult>> = results.into_iter().collect();
    Ok((results.ok_or_else(lost)?, interrupt.is_asked()))
}

fn lost() -> Failure {
    Failure::new(exit::UNEXPECTED, "a scenario ended without a result", "run it by itself with -j 1")
}

/// A result with all its replications.
fn whole(scenario: &Scenario, result: ScenarioResult, interrupted: bool) -> Result<ScenarioResult, Failure> {
    let (codes, notes) = shortfalls(&result, interrupted);
    // A budget of events is part of the scenario: such a result is repeatable, and whole in its way.
    if result.observations.len() == result.asked as usize {
        return Ok(result);
    }
    let message = format!("{}: {}", scenario.name, notes.join("; "));
    Err(Failure::new(exit::ranked(codes)[0], message, format!("run it by itself: stampsim run {}", scenario.path)))
}
