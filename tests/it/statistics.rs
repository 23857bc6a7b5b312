//! What the gate promises: it seldom cries wolf, it finds what is there, and a selection is right as often as it says.
//!
//! The quick forms run always. The full forms take minutes and are ignored unless they are asked for, in release:
//! `cargo test --release --test it statistics -- --ignored --nocapture`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use stampsim::analysis::Observations;
use stampsim::analysis::best::Aim;
use stampsim::analysis::rank::Dropped;
use stampsim::experiment::compare::{Question, compare};
use stampsim::experiment::pick::Pick;
use stampsim::experiment::rank::{Contest, Method, Watch, Zone, rank};
use stampsim::experiment::{RunOptions, run_parts};
use stampsim::kernel::draws::{Draws, Purpose, stable_name};
use stampsim::results::{Figure, Manifest, RunFacts, StoredRun};
use stampsim::scenario::{Scenario, load_text};

use super::support::{Case, Silent};

/// Comparisons of each proof.
const COMPARISONS: usize = 200;
/// The figure that a change is planted in.
const P99: &str = "command_latency_ms{quantile=0.99}";

/// Every way of a call takes 5 % longer, and so does the gateway's wait after a refusal by DPS.
const PLANTED: [&str; 5] = [
    "network.device_to_hub={ lognormal = { median = \"42 ms\", p99 = \"315 ms\" } }",
    "gateway.to_hub={ lognormal = { median = \"15.75 ms\", p99 = \"84 ms\" } }",
    "gateway.to_dps={ lognormal = { median = \"63 ms\", p99 = \"315 ms\" } }",
    "dps.status={ lognormal = { median = \"52.5 ms\", p99 = \"315 ms\" } }",
    "gateway.dps_backoff=\"1.05 s\"",
];

impl Watch for Silent {
    fn dropped(&self, _: Dropped) {}
}

/// Runs all replications of all scenarios.
fn run_all(scenarios: &[Scenario]) -> Vec<StoredRun> {
    let stop = AtomicBool::new(false);
    let options = RunOptions { jobs: None, stop: &stop, max_wall: None };
    let stored: Vec<Mutex<Option<StoredRun>>> = scenarios.iter().map(|_| Mutex::new(None)).collect();
    let parts: Vec<_> = scenarios.iter().map(|scenario| 0..scenario.replications).collect();
    run_parts(scenarios, &parts, &options, &Silent, &|i, result| {
        assert!(result.failures.is_empty() && !result.interrupted, "{} runs to its end", scenarios[i].name);
        let facts = RunFacts { seed: scenarios[i].seed, replications_asked: result.asked, ..RunFacts::default() };
        // Without a digest everything is compared, however equal it is.
        let manifest = Manifest { digest: None, ..Manifest::of(facts, &result.study, &result.observations) };
        let replications = result.observations.iter().map(figures).collect();
        *stored[i].lock().expect("nobody panics here") =
            Some(StoredRun { folder: PathBuf::new(), manifest, replications });
    });
    stored.into_iter().map(|run| run.into_inner().expect("nobody panicked").expect("every scenario ended")).collect()
}

fn figures(run: &Observations) -> BTreeMap<Figure, f64> {
    let figure = |(key, value): (&stampsim::metrics::MeasureKey, &f64)| {
        (Figure { measure: key.name.to_owned(), labels: key.labels.to_string() }, *value)
    };
    run.values.iter().map(figure).collect()
}

/// A number that depends on a name alone.
fn seed(name: &str) -> u64 {
    stable_name(name) >> 1
}

/// Regressed verdicts, and improved ones, of 200 unpaired comparisons of a scenario with itself under other seeds.
#[expect(clippy::print_stderr, reason = "cargo shows it with --nocapture, or when a test fails")]
fn false_alarms(scenario: impl Fn(u64) -> Scenario) -> (usize, usize) {
    let name = scenario(0).name;
    let of = |i: usize, side: &str| scenario(seed(&format!("{name} {i} {side}")));
    let scenarios: Vec<_> = (0..COMPARISONS).flat_map(|i| [of(i, "base"), of(i, "candidate")]).collect();
    let runs = run_all(&scenarios);
    let question = Question { unpaired: true, ..Question::default() };
    let verdicts: Vec<_> =
        runs.chunks(2).map(|sides| compare(&sides[0], &sides[1..], &question).candidates[0].tally()).collect();
    assert!(verdicts.iter().any(|tally| tally.figures >= 5), "there is something to be wrong about");
    let count = |word: &str| verdicts.iter().filter(|tally| tally.verdict == word).count();
    eprintln!("A/A, {name}: {} of {COMPARISONS} regress, {} improve", count("regressed"), count("improved"));
    (count("regressed"), count("improved"))
}

/// Sixty devices that call, send and come back from a blackout, in a millisecond or so.
const SMALL: &str = r#"
question = "A small fleet after a blackout"
[run]
horizon = "10 min"
replications = 12
[[stamps]]
name = "weu-1"
region = "westeurope"
capacity = 60
[stamps.hub]
edition = "S1"
connects = { credit = "100 ms", backlog = "0 s" }
[[cohorts]]
name = "devices"
devices = 60
commands = { rate = "60/h" }
telemetry = { every = "1 min", size = "1 KB" }
[cohorts.retry.exponential]
jitter = "full"
[gateway.cache]
ttl = "5 min"
[[faults]]
name = "blackout"
at = "3 min"
for = "2 min"
[faults.cause.region_blackout]
region = "westeurope"
"#;

fn small(seed: u64) -> Scenario {
    load_text("small", SMALL, Path::new("."), &[format!("run.seed={seed}")]).expect("a sound scenario")
}

/// Holm holds the chance of any false alarm of a comparison to 5 %, half of it on the bad side: at 2.5 % more than 10 of 200
/// come with chance 0.013.
const ALARMS_MAX: usize = COMPARISONS / 20;

#[test]
fn runs_of_the_same_fleet_seldom_regress() {
    let (worse, better) = false_alarms(small);
    assert!(worse <= ALARMS_MAX, "{worse} of {COMPARISONS} comparisons regress, {better} improve");
}

#[test]
#[ignore = "takes minutes: cargo test --release --test it statistics -- --ignored --nocapture"]
fn full_runs_of_a_fleet_with_everything_in_it_seldom_regress() {
    let fleet = |seed: u64| Case::named("fleet").set(format!("run.seed={seed}")).set("run.replications=10").scenario();
    let (worse, better) = false_alarms(fleet);
    assert!(worse <= ALARMS_MAX, "{worse} of {COMPARISONS} comparisons regress, {better} improve");
}

/// A shipped scenario and the same with the planted change, paired by the seed.
fn planted(name: &str, replications: Option<u32>) -> [StoredRun; 2] {
    let replications = replications.map(|count| format!("run.replications={count}"));
    let base = || replications.iter().fold(Case::shipped(name), |case, set| case.set(set.as_str()));
    let worse = PLANTED.into_iter().fold(base(), Case::set);
    let runs = run_all(&[base().scenario(), worse.scenario()]);
    runs.try_into().expect("two scenarios")
}

/// Whether the p99 is found to be worse beside all other key figures, and by how much it is [1].
fn found(base: &StoredRun, worse: &StoredRun) -> (bool, f64) {
    let against = compare(base, std::slice::from_ref(worse), &Question::default()).candidates.remove(0);
    let p99 = against.judged.iter().find(|judged| judged.difference.key.to_string() == P99).expect("calls have a p99");
    (p99.judgement.verdict.word() == "regressed", p99.difference.relative)
}

#[test]
fn a_planted_change_of_the_tail_is_found_at_the_default_replications() {
    // One experiment of the full form below. Of 67 draws of 30 from 90 pairs none missed it; the least t was 84.
    let [base, worse] = planted("promotion", None);
    let (is_found, change) = found(&base, &worse);
    assert!((0.04..0.06).contains(&change), "about 5 % were planted: {change}");
    assert!(is_found && base.replications.len() == 30, "{change}");
}

/// Thirty of so many replications, without putting any back.
fn thirty_of(all: u32, draw: u64) -> Vec<usize> {
    let mut stream = Draws::new(seed("thirty"), 0).stream(draw, Purpose::MoveOrder, 0);
    let mut left: Vec<usize> = (0..all as usize).collect();
    (0..30).map(|_| left.swap_remove(stream.below(left.len() as u64) as usize)).collect()
}

/// The pool is drawn from without replacement, so that each draw is a sample of independent pairs as a user has it. Draws
/// overlap and depend on each other; the share of them that finds the change is an unbiased estimate of the chance to find
/// it all the same, with the noise of about four separate experiments of each scenario.
#[test]
#[ignore = "takes minutes: cargo test --release --test it statistics -- --ignored --nocapture"]
#[expect(clippy::print_stderr, reason = "the figure is what the full form is run for")]
fn full_planted_changes_of_the_tail_are_found() {
    const POOL: u32 = 120;
    let (mut all, mut missed) = (0, 0);
    for name in ["stamp-outage", "cache-loss", "promotion"] {
        let [base, worse] = planted(name, Some(POOL));
        let pick = |run: &StoredRun, chosen: &[usize]| StoredRun {
            replications: chosen.iter().map(|i| run.replications[*i].clone()).collect(),
            ..run.clone()
        };
        let draws = (0..COMPARISONS.div_ceil(3) as u64).map(|draw| thirty_of(POOL, draw));
        let results: Vec<_> = draws.map(|chosen| found(&pick(&base, &chosen), &pick(&worse, &chosen))).collect();
        let not_found = results.iter().filter(|(is_found, _)| !is_found).count();
        let (_, change) = found(&base, &worse);
        eprintln!("planted, {name}: {:.1} % change of p99, {not_found} of {} missed", 100.0 * change, results.len());
        assert!((0.04..0.06).contains(&change), "{name}: about 5 % were planted: {change}");
        all += results.len();
        missed += not_found;
    }
    assert!(missed * 10 <= all, "{missed} of {all} are missed");
}

/// Messages that wait for one server, half busy, and take `extra` microseconds longer on their way there. Another name is
/// another set of draws, so that systems differ by noise too.
fn queue(name: &str, extra: u64, seed: u64) -> Scenario {
    let sets = [
        "run.horizon=30 s".to_owned(),
        format!("run.seed={seed}"),
        format!("cohorts.0.name={name}"),
        "cohorts.0.telemetry={ poisson = \"20 ms\", size = \"1 KB\" }".to_owned(),
        // A round trip, of which a message takes half.
        format!("network.device_to_hub=\"{} us\"", 2 * extra),
    ];
    sets.into_iter().fold(Case::verified("queue"), Case::set).scenario()
}

/// Width of the indifference zone [ms]; all others are worse by just that.
const ZONE: f64 = 0.5;

/// Whether the best of five queues in the slippage configuration is selected, and the replications that this took.
fn selected(attempt: usize) -> (bool, u32) {
    let name = |i: usize| format!("devices-{i}");
    let worse = (ZONE * 1_000.0) as u64;
    let seed = seed(&format!("slippage {attempt}"));
    let scenarios: Vec<_> = (0..5).map(|i| queue(&name(i), if i == 3 { 0 } else { worse }, seed)).collect();
    let contest = Contest {
        figure: Pick::parse("telemetry_latency_ms{stat=mean}").expect("a measure"),
        aim: Aim::Smallest,
        zone: Zone::Quantity(ZONE),
        confidence: 0.95,
        method: Method::Select,
        first_stage: 10,
        batch: 10,
        cap: 10_000,
    };
    let stop = AtomicBool::new(false);
    let options = RunOptions { jobs: None, stop: &stop, max_wall: None };
    let ranking = rank(&scenarios, &contest, &options, &Silent).expect("they can be ranked");
    assert!(ranking.is_decided, "{ranking:?}");
    (ranking.ranked[0].scenario == 3, ranking.ranked[0].estimate.n)
}

/// Right selections of so many, and the mean replications of the selected.
fn right_of(attempts: usize) -> (usize, f64) {
    let all: Vec<_> = (0..attempts).map(selected).collect();
    let replications: u32 = all.iter().map(|(_, n)| n).sum();
    (all.iter().filter(|(right, _)| *right).count(), f64::from(replications) / attempts as f64)
}

#[test]
fn the_best_of_five_queues_is_selected() {
    // At 0.95 each, fewer than 8 of 10 come with chance 0.012.
    let (right, replications) = right_of(10);
    assert!(right >= 8, "{right} of 10, {replications} replications each");
}

#[test]
#[ignore = "takes minutes: cargo test --release --test it statistics -- --ignored --nocapture"]
#[expect(clippy::print_stderr, reason = "the figure is what the full form is run for")]
fn full_the_best_of_five_queues_is_selected_as_often_as_promised() {
    let (right, replications) = right_of(500);
    eprintln!("selection: {right} of 500 are right, {replications:.1} replications each");
    assert!(right >= 475, "{right} of 500");
}
