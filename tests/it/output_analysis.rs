//! Output analysis through the model: intervals cover as often as they say, warm-ups are left out, phases add up, and
//! sequential stopping gives what a run of so many replications gives.

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use stampsim::analysis::estimate;
use stampsim::experiment::precision::{Precision, Reached, run_to_precision};
use stampsim::experiment::{RunOptions, ScenarioResult};
use stampsim::metrics::MeasureKey;
use stampsim::results::digest;

use super::support::{Case, Silent, Within, judge, run, run_part, settle};

/// M/M/1 at utilisation 0.5: 100 messages a second, 5 ms of service, so the mean wait is 5 ms (Erlang).
fn half_full(name: &str) -> Case {
    Case::named("queue").called(name).set("stamps.weu-1.processing.service={ exponential = { mean = \"5 ms\" } }")
}

fn mean_wait() -> MeasureKey {
    MeasureKey::new("wait_ms").with("at", "processing").with("stat", "mean")
}

#[test]
fn intervals_of_a_queue_cover_as_often_as_they_say() {
    // 1,000 experiments of 20 replications, each 60 s after a warm-up of 3 s. Correct intervals miss the band of
    // 93.6 to 96.4 % in one case of 24, for which this seed stands or falls for ever.
    let scenario = half_full("coverage of M/M/1")
        .set("run.horizon=63 s")
        .set("run.window=3 s")
        .set("run.steady={ warm_up = \"3 s\" }")
        .scenario();
    let mut covered = 0;
    for part in 0..10 {
        let result = run_part(&scenario, part * 2_000..(part + 1) * 2_000);
        let waits: Vec<f64> = result.observations.iter().map(|run| run.values[&mean_wait()]).collect();
        let covers = |waits: &[f64]| estimate(waits).is_some_and(|e| e.low <= 5.0 && 5.0 <= e.high);
        covered += waits.chunks(20).filter(|experiment| covers(experiment)).count();
    }
    assert!((936..=964).contains(&covered), "{covered} of 1,000 intervals cover the truth");
}

#[test]
fn one_long_steady_run_covers_the_wait_of_the_queue() {
    // 20 batches of 100,000 messages each; margin 3 % at 95 %, that of the batches.
    let ran = half_full("one long run").set("run.horizon=20000 s").set("run.replications=1").set("run.steady={}").run();
    let found = ran.result.study.estimates[&mean_wait()];
    assert_eq!(found.n, 20, "the sample is the batches");
    assert!(found.low > 4.85 && found.high < 5.15, "{found:?}");
    let doubts = &ran.result.doubts;
    assert!(doubts.iter().any(|doubt| doubt.starts_with("the longest warm-up left out is")), "{doubts:?}");
}

#[test]
fn the_phases_of_an_outage_add_up_to_the_run() {
    let ran = Case::shipped("stamp-outage").set("run.scale=0.02").set("run.replications=3").run();
    for run in ran.runs() {
        let commands = MeasureKey::new("commands");
        let of = |phase: &str| run.values[&commands.clone().with("phase", format!("{phase} weu-2-outage"))];
        let sum = ["before", "during", "after"].map(of).iter().sum::<f64>();
        assert!((sum - run.values[&commands]).abs() < 1e-9, "{sum} calls in the phases");
        let delivered = MeasureKey::new("command_outcome_ratio").with("outcome", "delivered");
        let share = |phase: &str| run.values[&delivered.clone().with("phase", format!("{phase} weu-2-outage"))];
        assert!(share("during") < share("before") && share("during") < share("after"));
    }
}

#[test]
fn stopping_at_a_precision_is_a_run_of_so_many_replications() {
    let scenario = half_full("precision").set("run.horizon=20 s").scenario();
    let precision = Precision { relative: 0.03, most: 200 };
    let (slot, stop) = (Mutex::new(None), AtomicBool::new(false));
    let keep = |_: usize, result: ScenarioResult, reached: Reached| {
        *slot.lock().expect("nobody panics here") = Some((result, reached));
    };
    let options = RunOptions { jobs: Some(2), stop: &stop, max_wall: None };
    let wanted = |_: usize, _: &ScenarioResult| vec![mean_wait()];
    run_to_precision(std::slice::from_ref(&scenario), precision, &wanted, &options, &Silent, &keep);
    let (result, reached) = slot.into_inner().expect("nobody panics here").expect("it stops");
    assert!(reached.open.is_empty() && result.asked > 10 && result.asked.is_multiple_of(10), "{}", result.asked);
    let found = result.study.estimates[&mean_wait()];
    assert!(found.half_width() / found.mean <= 0.03 / 1.03, "{found:?}");
    let again = scenario.with_replications(result.asked);
    let whole = run(again.clone(), Some(1));
    assert_eq!(digest(&again.inputs_hash, &result.observations), digest(&again.inputs_hash, &whole.observations));
    // A batch earlier it was not known well enough.
    let earlier: Vec<f64> = whole.observations.iter().rev().skip(10).map(|run| run.values[&mean_wait()]).collect();
    let earlier = estimate(&earlier).expect("values");
    assert!(earlier.half_width() / earlier.mean > 0.03 / 1.03, "{earlier:?}");
    settle("precision", &[judge("mean wait of M/M/1 at 0.5", &[found.mean], Within(5.0, 0.05))]);
}
