//! Every speed bar that exists so far: ours and its reference interleaved in one process, several rounds, medians.
//!
//! Each line reads `bar <name> <ours> <reference> <ratio> <aim>`: nanoseconds a hold for the event lists, seconds for
//! whole runs; the ratio is reference / ours. Run it by `cargo bench --bench ratios` on an idle machine.

#![expect(clippy::disallowed_types, reason = "a bench has to look at the clock")]
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

mod hold;

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use stampsim::experiment::{Progress, RunOptions, run};
use stampsim::scenario::{Scenario, load};

const ROUNDS: usize = 5;

fn main() {
    hold::bars();
    let scenarios = small_storms();
    bar("replications_2_threads", 1.7, || simulate(&scenarios, 2), || simulate(&scenarios, 1));
}

/// Prints one bar: medians of interleaved rounds.
pub(crate) fn bar(name: &str, aim: f64, ours: impl Fn() -> f64, reference: impl Fn() -> f64) {
    let (mut a, mut b): (Vec<f64>, Vec<f64>) = (0..ROUNDS).map(|_| (ours(), reference())).unzip();
    a.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    let (a, b) = (a[ROUNDS / 2], b[ROUNDS / 2]);
    println!("bar {name} {a:.2} {b:.2} {:.2} {aim}", b / a);
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
    run(scenarios, &RunOptions { jobs: Some(jobs), stop: &stop, max_wall: None }, &Quiet, &|_, _| {});
    start.elapsed().as_secs_f64()
}
