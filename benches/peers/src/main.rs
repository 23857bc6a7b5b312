//! Other engines beside ours: the hold model and M/M/1, the same work for each, interleaved.
//!
//! `cargo run --release [PYTHON]`; PYTHON is one that has SimPy, `python3` by default.

mod nexosim;
mod ours;
mod simcore;
mod simpy;
mod work;

use std::process::Command;
use std::sync::atomic::Ordering;

use work::{HOLDS, QUEUE, closed_form};

/// Rounds of each measurement; the median counts.
const ROUNDS: usize = 3;
/// The first word of a process that does some holds.
const CHILD: &str = "holds-of";
/// Holds of a round, behind those that are taken off.
const HOLDS_TIMED: u64 = 4_000_000;
/// Customers of a round.
const CUSTOMERS: u64 = 1_000_000;
/// SimPy gets this part of the work.
const SIMPY_PART: u64 = 5;

type Engine = (&'static str, fn(u32, u64), fn(u64));

const ENGINES: [Engine; 3] = [
    ("ours", ours::hold, ours::queue),
    ("nexosim", nexosim::hold, nexosim::queue),
    ("simcore", simcore::hold, simcore::queue),
];

/// Seconds of work: what its thread computed where the system tells, else what passed.
fn seconds(work: impl FnOnce() + Send) -> f64 {
    let start = std::time::Instant::now();
    // A thread of its own has an account of its own; engines with one thread work on it.
    let spent = std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let before = computed();
            work();
            computed() - before
        });
        worker.join().expect("the work is done")
    });
    if spent > 0.0 { spent } else { start.elapsed().as_secs_f64() }
}

/// Time that this thread has computed [s]; zero where the system does not tell. The machine may be busy with other things.
fn computed() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds: Option<f64> = text.split_whitespace().next().and_then(|word| word.parse().ok());
    nanoseconds.unwrap_or(0.0) / 1e9
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn line(work: &str, engine: &str, ns: f64, ours: f64) {
    if ns <= 0.0 || ours <= 0.0 {
        // Set-up and the first holds differ by more than the holds that are measured.
        return println!("peer {work} {engine} too short to be told from its set-up");
    }
    println!("peer {work} {engine} {ns:.0} ns {:.1} times ours", ns / ours);
}

/// Seconds of some holds in a process of its own: what an engine frees, another one would have to tidy up.
fn alone(engine: &str, pending: u32, holds: u64) -> f64 {
    let program = std::env::current_exe().expect("a program knows where it lies");
    let words = [CHILD.to_owned(), engine.to_owned(), pending.to_string(), holds.to_string()];
    let output = Command::new(program).args(words).output().expect("the program starts again");
    let said = String::from_utf8_lossy(&output.stdout);
    said.trim()
        .parse()
        .unwrap_or_else(|_| panic!("{engine} ended without a time: {said}{}", String::from_utf8_lossy(&output.stderr)))
}

/// Does so many holds in this process, and prints the seconds.
fn child(words: &[String]) {
    let number = |i: usize| words[i].parse::<u64>().expect("a number");
    let engine = ENGINES.iter().find(|engine| engine.0 == words[0]).expect("an engine");
    let (pending, holds) = (number(1) as u32, number(2));
    let spent = seconds(|| engine.1(pending, holds));
    assert!(HOLDS.load(Ordering::Relaxed) >= holds, "all holds were made");
    println!("{spent}");
}

/// Nanoseconds of a hold for each engine: the difference of two runs, so that the set-up is taken off, and the first holds
/// through a list that was just filled with it.
fn hold(pending: u32, python: Option<&str>) {
    let (first, holds) = (u64::from(pending), HOLDS_TIMED);
    let mut spent = vec![Vec::new(); ENGINES.len()];
    for _ in 0..ROUNDS {
        for (engine, spent) in ENGINES.iter().zip(&mut spent) {
            let set_up = alone(engine.0, pending, first);
            spent.push((alone(engine.0, pending, first + holds) - set_up) / holds as f64 * 1e9);
        }
    }
    let work = format!("hold_exp_1e{}", pending.ilog10());
    let medians: Vec<f64> = spent.into_iter().map(median).collect();
    for (engine, ns) in ENGINES.iter().zip(&medians) {
        line(&work, engine.0, *ns, medians[0]);
    }
    if let Some(python) = python {
        let holds = holds / SIMPY_PART;
        line(&work, "simpy", simpy::hold(python, pending, holds) / holds as f64 * 1e9, medians[0]);
    }
}

/// Stops where an engine did other work than M/M/1.
fn check(engine: &str, customers: u64, mean: f64) {
    let (expected, error) = closed_form(customers);
    println!("check mm1 {engine} {mean:.3} s in the system, {expected:.3} by theory, standard error {error:.3}");
    assert!((mean - expected).abs() < 5.0 * error, "{engine} is no M/M/1");
}

/// Nanoseconds of a customer (two events) for each engine.
fn queue(python: Option<&str>) {
    let mut spent = vec![Vec::new(); ENGINES.len()];
    let mut means = vec![0.0; ENGINES.len()];
    for _ in 0..ROUNDS {
        for (i, engine) in ENGINES.iter().enumerate() {
            QUEUE.open();
            spent[i].push(seconds(|| engine.2(CUSTOMERS)) / CUSTOMERS as f64 * 1e9);
            means[i] = QUEUE.mean();
            check(engine.0, QUEUE.served(), means[i]);
        }
    }
    // The same draws, so the same customers; clocks differ in their last digit.
    assert!(means.iter().all(|mean| (mean / means[0] - 1.0).abs() < 1e-3), "{means:?}");
    let medians: Vec<f64> = spent.into_iter().map(median).collect();
    for (engine, ns) in ENGINES.iter().zip(&medians) {
        line("mm1", engine.0, *ns, medians[0]);
    }
    if let Some(python) = python {
        let customers = CUSTOMERS / SIMPY_PART;
        let (spent, mean) = simpy::queue(python, customers);
        check("simpy", customers, mean);
        line("mm1", "simpy", spent / customers as f64 * 1e9, medians[0]);
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == CHILD) {
        return child(&words[1..]);
    }
    let python = words.into_iter().next().unwrap_or_else(|| "python3".to_owned());
    let python = match simpy::is_there(&python) {
        Ok(()) => Some(python),
        Err(why) => {
            println!("simpy is skipped: {why}");
            None
        }
    };
    queue(python.as_deref());
    for pending in [10_000, 100_000, 1_000_000] {
        hold(pending, python.as_deref());
    }
}
