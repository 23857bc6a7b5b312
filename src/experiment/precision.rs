//! Replications until the figures that matter are known well enough: sequential stopping at fixed batches.
//!
//! The relative half-width is looked at after 10, 20, 30 ... replications and nowhere else, so the number that is run is
//! a function of the scenario and not of the threads. The rule is Law's adjusted one, `g / (1 + g)` (Simulation Modeling
//! and Analysis, 5th ed., section 9.4.1); looking repeatedly costs a little of the coverage, less the later it stops.

use std::sync::Mutex;

use super::run::{Progress, RunOptions, ScenarioResult, WallBudget, run_parts};
use crate::analysis::precision::{Rule, relative_half_width, share};
use crate::metrics::MeasureKey;
use crate::scenario::Scenario;

/// Replications after which the precision is looked at, again and again.
pub const BATCH: u32 = 10;

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Precision {
    /// Half-width of a figure against its mean [1].
    pub relative: f64,
    /// Most replications of a scenario.
    pub most: u32,
}

/// How far a scenario came.
#[derive(Debug, Clone, PartialEq)]
pub struct Reached {
    /// The figures that are not known well enough, with their relative half-widths [1].
    pub open: Vec<(MeasureKey, f64)>,
}

/// Runs every scenario until the figures that `wanted` names of it are precise, or its replications are used up.
///
/// `done` is called for each scenario when it stops.
pub fn run_to_precision(
    scenarios: &[Scenario],
    precision: Precision,
    wanted: &dyn Fn(usize, &ScenarioResult) -> Vec<MeasureKey>,
    options: &RunOptions<'_>,
    progress: &dyn Progress,
    done: &dyn Fn(usize, ScenarioResult, Reached),
) {
    let clock = WallBudget::new(options.max_wall);
    let mut results: Vec<Option<ScenarioResult>> = scenarios.iter().map(|_| None).collect();
    let mut open: Vec<bool> = vec![true; scenarios.len()];
    let mut ran = 0;
    while open.contains(&true) {
        let until = (ran + BATCH).min(precision.most);
        let parts: Vec<_> = open.iter().map(|open| if *open { ran..until } else { 0..0 }).collect();
        let options = RunOptions { max_wall: clock.left(), ..*options };
        for (i, part) in batch(scenarios, &parts, &options, progress) {
            match &mut results[i] {
                Some(result) => result.append(part),
                empty => *empty = Some(part),
            }
        }
        ran = until;
        for i in 0..scenarios.len() {
            let Some(result) = results[i].take_if(|_| open[i]) else { continue };
            let reached = Reached { open: imprecise(&result, &wanted(i, &result), precision.relative) };
            if reached.open.is_empty() || ran >= precision.most || result.interrupted || !result.failures.is_empty() {
                open[i] = false;
                done(i, result, reached);
            } else {
                results[i] = Some(result);
            }
        }
    }
}

fn batch(
    scenarios: &[Scenario],
    parts: &[std::ops::Range<u32>],
    options: &RunOptions<'_>,
    progress: &dyn Progress,
) -> Vec<(usize, ScenarioResult)> {
    let slots: Mutex<Vec<(usize, ScenarioResult)>> = Mutex::new(Vec::new());
    let keep = |i: usize, result: ScenarioResult| {
        slots.lock().expect("no worker panics with a lock").push((i, result));
    };
    run_parts(scenarios, parts, options, progress, &keep);
    slots.into_inner().expect("no worker panics with a lock")
}

/// The wanted figures that are wider than the rule allows; one without an interval is.
fn imprecise(result: &ScenarioResult, wanted: &[MeasureKey], relative: f64) -> Vec<(MeasureKey, f64)> {
    let most = share(relative, Rule::Adjusted);
    let width = |key: &MeasureKey| result.study.estimates.get(key).map_or(f64::NAN, relative_half_width);
    let widths = wanted.iter().map(|key| (key.clone(), width(key)));
    widths.filter(|(_, width)| width.is_nan() || *width > most).collect()
}
