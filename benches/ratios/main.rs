//! Every speed bar that exists so far: ours and its reference interleaved in one process, several rounds, medians.
//!
//! Each line reads `bar <name> <ours> <reference> <ratio> <aim>`: nanoseconds a hold or an event, seconds for whole runs; the
//! ratio is reference / ours, and for the bars that are to be small (`hold_worst_law_1e6`, `hold_flat_1e7`,
//! `engine_vs_oracle_1e6`) ours / reference. Run it by `cargo bench --bench ratios` on an idle machine; a name of a group (`hold`, `engine`, `stamps`, `fidelity`, `windows`, `threads`)
//! runs that alone.

#![expect(clippy::disallowed_types, reason = "a bench has to look at the clock")]
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

mod by_stamp;
mod engine;
mod fidelity;
mod heap;
mod hold;
mod windows;

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use stampsim::analysis::Ended;
use stampsim::experiment::{Progress, RunOptions, run};
use stampsim::scenario::{Scenario, load};

pub(crate) const ROUNDS: usize = 5;

/// Groups of bars, by the name that asks for one alone.
const GROUPS: [(&str, fn()); 6] = [
    ("hold", hold::bars),
    ("engine", engine::bars),
    ("stamps", by_stamp::bars),
    ("fidelity", fidelity::bars),
    ("windows", windows::bars),
    ("threads", threads),
];

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    for (name, bars) in GROUPS {
        if asked.is_empty() || asked.iter().any(|group| group == name) {
            bars();
        }
    }
}

fn threads() {
    let scenarios = small_storms();
    bar("replications_2_threads", 1.7, || simulate(&scenarios, 2), || simulate(&scenarios, 1));
}

/// Prints one bar: medians of interleaved rounds.
pub(crate) fn bar(name: &str, aim: f64, mut ours: impl FnMut() -> f64, mut reference: impl FnMut() -> f64) {
    let times = interleaved(&mut [&mut ours, &mut reference]);
    println!("bar {name} {:.2} {:.2} {:.2} {aim}", times[0], times[1], times[1] / times[0]);
}

/// Medians of several sides, measured in turn.
pub(crate) fn interleaved(sides: &mut [&mut dyn FnMut() -> f64]) -> Vec<f64> {
    let mut times = vec![Vec::new(); sides.len()];
    for _ in 0..ROUNDS {
        sides.iter_mut().zip(&mut times).for_each(|(side, times)| times.push(side()));
    }
    times.into_iter().map(median).collect()
}

/// The median.
pub(crate) fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn small_storms() -> Vec<Scenario> {
    let sets = ["run.replications=16".to_owned(), "run.scale=0.2".to_owned()];
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/stamp-outage.toml");
    vec![load(&path, &sets).unwrap_or_else(|problems| panic!("{}", problems[0]))]
}

struct Quiet;

impl Progress for Quiet {
    fn replication_done(&self, _: usize, _: u32, _: u32) {}
}

/// Wall time of all replications on this many threads [s].
fn simulate(scenarios: &[Scenario], jobs: usize) -> f64 {
    let start = Instant::now();
    let stop = AtomicBool::new(false);
    run(scenarios, &RunOptions { jobs: Some(jobs), stop: &stop, max_wall: None }, &Quiet, &|_, result| {
        let whole = result.observations.iter().all(|run| run.ended == Ended::Horizon);
        assert!(result.failures.is_empty() && whole, "a run that is timed comes to its end: {:?}", result.failures);
    });
    start.elapsed().as_secs_f64()
}
