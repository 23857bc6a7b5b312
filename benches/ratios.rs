//! Every speed bar that exists so far: ours and its reference interleaved in one process, several rounds, medians.
//!
//! Each line reads `bar <name> <ours> <reference> <ratio> <aim>`: nanoseconds a hold for the event lists, seconds for
//! whole runs; the ratio is reference / ours. Run it by `cargo bench --bench ratios` on an idle machine.

#![expect(clippy::disallowed_types, reason = "a bench has to look at the clock")]
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use stampsim::experiment::{Progress, RunOptions, run};
use stampsim::kernel::draws::{Draws, Purpose};
use stampsim::kernel::event_list::{Class, Event, EventList, HeapEventList, RadixEventList};
use stampsim::scenario::{Scenario, load};
use stampsim::units::SimTime;

const ROUNDS: usize = 5;
const HOLDS: u32 = 1_000_000;

fn main() {
    for (name, pending, aim) in
        [("hold_exp_1e4", 10_000, 3.0), ("hold_exp_1e5", 100_000, 5.0), ("hold_exp_1e6", 1_000_000, 10.0)]
    {
        let ours = || hold(RadixEventList::default(), pending);
        let reference = || hold(HeapEventList::default(), pending);
        bar(name, aim, ours, reference);
    }
    let scenarios = small_storms();
    bar("replications_2_threads", 1.7, || simulate(&scenarios, 2), || simulate(&scenarios, 1));
}

/// Prints one bar: medians of interleaved rounds.
fn bar(name: &str, aim: f64, ours: impl Fn() -> f64, reference: impl Fn() -> f64) {
    let (mut a, mut b): (Vec<f64>, Vec<f64>) = (0..ROUNDS).map(|_| (ours(), reference())).unzip();
    a.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    let (a, b) = (a[ROUNDS / 2], b[ROUNDS / 2]);
    println!("bar {name} {a:.2} {b:.2} {:.2} {aim}", b / a);
}

/// The hold model: pop the first event, push it back an exponential time of mean 60 s later [ns a hold].
fn hold(mut list: impl EventList, pending: u32) -> f64 {
    let mut draws = Draws::new(7, 0).stream(1, Purpose::Backoff, 0);
    let mut later = |from: u64| SimTime(from + draws.exponential(60e6) as u64);
    for entity in 0..pending {
        list.push(Event::new(later(0), Class::Arrival, entity, entity, 0, 0));
    }
    let start = Instant::now();
    for _ in 0..HOLDS {
        let event = list.pop().expect("the list keeps its size");
        list.push(Event::new(later(event.time.0), Class::Arrival, event.entity(), event.entity(), 0, 0));
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(HOLDS)
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
