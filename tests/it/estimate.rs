//! `estimate` and floors against what is simulated: a floor is never above it, money and dates agree, misses are near.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use stampsim::analysis::MarkKind;
use stampsim::experiment::estimate::{Assumed, Limit, Outlook, estimate, floors};
use stampsim::metrics::MeasureKey;
use stampsim::scenario::{Scenario, load};
use stampsim::units::{Ratio, SimDuration};

use super::cli::{Ended, Place, program};
use super::support::run;

/// A shipped scenario with changes.
fn shipped(name: &str, sets: &[&str]) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(format!("{name}.toml"));
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    load(&path, &sets).unwrap_or_else(|problems| panic!("{name}: {}", problems[0]))
}

fn outlook(scenario: &Scenario) -> Outlook {
    let share = |share: f64| Ratio::new(share).expect("a share");
    estimate(scenario, &Assumed { unavailability: share(0.001), common_share: share(0.5) })
}

/// Asserts that every floor lies below its figure and near enough to say something; gives how many there were.
fn below(scenario: &Scenario, nearness: f64) -> usize {
    let study = run(scenario.clone(), None).study;
    let floors = floors(scenario, &study);
    let times = floors.iter().filter(|(key, _)| key.name.ends_with("_s"));
    for (key, floor) in &floors {
        let simulated = study.estimates[key].mean;
        assert!(*floor <= simulated * (1.0 + 1e-9), "{}: {key} is {simulated}, floor {floor}", scenario.name);
    }
    for (key, floor) in times.clone() {
        let simulated = study.estimates[key].mean;
        assert!(*floor >= nearness * simulated, "{}: {key} is {simulated}, floor {floor}", scenario.name);
    }
    times.count()
}

#[test]
fn no_crowd_is_faster_than_its_limits() {
    // A fiftieth of the fleet comes back through limits that save nothing: seconds instead of minutes, the same shape.
    let small = ["run.scale=0.02", "run.replications=2", "expect=[]", "stamps.0.hub.connects={ credit = \"100 ms\" }"];
    assert_eq!(below(&shipped("blackout", &small), 0.1), 4, "each share of the devices has a floor");
    // One of four stamps, whose devices stay with it.
    let stays = ["run.scale=0.1", "run.replications=2", "cohorts.0.reconnect={ same_hub = {} }"];
    let stays = [&stays[..], &["stamps.0.hub.connects={ credit = \"100 ms\" }"]].concat();
    assert_eq!(below(&shipped("stamp-outage", &stays), 0.05), 4);
    // Where they may go elsewhere there is no floor but that of money.
    assert_eq!(below(&shipped("stamp-outage", &["run.scale=0.05", "run.replications=2"]), 0.0), 0);
}

#[test]
fn no_herd_registers_faster_than_its_limit() {
    // 10,000 devices at once through 1,000 a minute: the last of them waits ten minutes, less the credit of one.
    let new = ["run.scale=0.01", "run.replications=2", "cohorts.0.start=\"new\"", "faults=[]", "expect=[]"];
    let scenario = shipped("blackout", &new);
    assert!(below(&scenario, 0.5) >= 3, "quantiles of the latency have floors");
    let outlook = outlook(&scenario);
    assert!((outlook.registration.drain_s - 600.0).abs() < 1e-9 && (outlook.registration.floor_s - 540.0).abs() < 1e-9);
}

#[test]
fn floors_of_cost_hold_on_every_shipped_scenario() {
    let files = stampsim::scenario::discover(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")]);
    let files = files.unwrap_or_else(|problems| panic!("{}", problems[0]));
    let registered = MeasureKey::new("cost_per_device_usd_per_month").with("per", "registered");
    assert!(files.len() >= 16);
    for file in files {
        let sets = ["run.scale=0.01".to_owned(), "run.replications=2".to_owned()];
        let scenario = load(&file, &sets).unwrap_or_else(|problems| panic!("{}", problems[0]));
        let study = run(scenario.clone(), None).study;
        let floors = floors(&scenario, &study);
        assert!(floors.contains_key(&registered), "{}", scenario.name);
        for (key, floor) in floors {
            // Stamps that are fuller than planned cost less than full ones: there the floor of cost is none.
            let overfull =
                key.name.starts_with("cost") && study.estimates[&MeasureKey::new("cost_premium_ratio")].mean < 1.0;
            assert!(overfull || floor <= study.estimates[&key].mean * (1.0 + 1e-9), "{}: {key}", scenario.name);
        }
    }
}

#[test]
fn the_cost_of_a_fixed_fleet_is_the_simulated_one() {
    for (name, sets, margin) in [
        ("blackout", &["run.scale=0.02"][..], 1e-4),
        // Calls are drawn, and their look-ups are billed: a share of the bill, which two replications pin to a per cent.
        ("stamp-outage", &["run.scale=0.1"][..], 1e-2),
    ] {
        let sets = [sets, &["faults=[]", "expect=[]", "run.replications=2"]].concat();
        let scenario = shipped(name, &sets);
        let cost = outlook(&scenario).cost[2].expect("it has prices");
        let study = run(scenario, None).study;
        let per = |per: &'static str| MeasureKey::new("cost_per_device_usd_per_month").with("per", per);
        for (key, estimated) in [
            (MeasureKey::new("cost_usd_per_month"), cost.usd_per_month),
            (per("registered"), cost.per_device),
            (per("floor"), cost.floor_per_device),
        ] {
            let simulated = study.estimates[&key].mean;
            assert!((estimated / simulated - 1.0).abs() < margin, "{name}: {key} is {simulated}, estimate {estimated}");
        }
    }
}

#[test]
fn stamps_are_added_when_the_estimate_says() {
    let scenario = shipped("growth", &["run.scale=0.05", "run.replications=1", "expect=[]"]);
    let outlook = outlook(&scenario);
    let ran = run(scenario, None);
    let marks = ran.observations[0].marks.iter().filter(|mark| mark.kind == MarkKind::StampAdded);
    let simulated: Vec<_> = marks.map(|mark| (mark.label.clone(), mark.from)).collect();
    let estimated: Vec<_> = outlook.added.iter().map(|added| (added.stamp.name.clone(), added.ready)).collect();
    assert_eq!(simulated.len(), 5, "the scenario grows to six stamps");
    assert_eq!(estimated.len(), simulated.len());
    for ((name, at), (other, expected)) in simulated.iter().zip(&estimated) {
        // Devices that are still registering are not assigned, so a decision may come one look later, never earlier.
        let later = at.saturating_since(*expected);
        assert!(
            name == other && at >= expected && later <= SimDuration::HOUR * 12,
            "{name} {at:?}, {other} {expected:?}"
        );
    }
    let cost = outlook.cost[2].expect("it has prices").usd_per_month;
    let simulated = ran.study.estimates[&MeasureKey::new("cost_usd_per_month")].mean;
    assert!((cost / simulated - 1.0).abs() < 1e-2, "{cost} {simulated}");
}

#[test]
fn misses_are_near_the_simulated_ones() {
    // Entries that expire, that are evicted, and that came in first; an interval of 95 % over eight replications of some
    // ten thousand calls is about 0.5 % wide, so these margins are those of the formulas.
    let base = ["run.scale=0.1", "run.replications=8", "faults=[]", "expect=[]", "cohorts.0.commands.rate=\"48/day\""];
    for (what, sets, margin) in [
        ("time to live", &["gateway.cache.ttl=\"1 h\""][..], 0.02),
        ("capacity", &["gateway.cache.ttl=\"never\"", "gateway.cache.capacity=20000"][..], 0.05),
        (
            "order of coming",
            &["gateway.cache.ttl=\"never\"", "gateway.cache.capacity=20000", "gateway.cache.eviction={ fifo = {} }"][..],
            0.05,
        ),
    ] {
        let scenario = shipped("stamp-outage", &[&base[..], sets].concat());
        let misses = outlook(&scenario).misses.expect("there are calls");
        let simulated = run(scenario, None).study.estimates[&MeasureKey::new("cache_miss_ratio")].mean;
        let error = misses.over_run / simulated - 1.0;
        assert!(error.abs() < margin, "{what}: {simulated} simulated, {} estimated", misses.over_run);
    }
}

#[test]
fn the_quota_and_the_throttles_are_used_as_estimated() {
    // A whole day without a fault, so that a day's quota is a day's.
    let sets =
        ["run.scale=0.05", "run.replications=2", "faults=[]", "expect=[]", "run.horizon=\"24 h\"", "stamps.0.count=1"];
    let scenario = shipped("stamp-outage", &sets);
    let outlook = outlook(&scenario);
    let study = run(scenario, None).study;
    let share = |limit: Limit| {
        outlook.limits.iter().find(|found| found.limit == limit).map(|found| found.end.share()).expect("it is used")
    };
    let mean = |name: &'static str, throttle: Option<&'static str>| {
        let key = MeasureKey::new(name);
        let key = match throttle {
            Some(throttle) => key.with("throttle", throttle).with("stat", "mean"),
            None => key.with("stat", "max"),
        };
        study.estimates[&key].mean
    };
    for (limit, simulated) in [
        (Limit::Quota, mean("quota_used_ratio", None)),
        (Limit::Sends, mean("throttle_utilisation_ratio", Some("send"))),
        (Limit::Methods, mean("throttle_utilisation_ratio", Some("method"))),
    ] {
        assert!((share(limit) / simulated - 1.0).abs() < 0.02, "{limit:?}: {simulated}, estimate {}", share(limit));
    }
}

#[test]
fn the_command_answers_people_and_programs_and_refuses_what_is_wrong() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ask = |words: &[&str]| {
        let output = Command::new(program()).current_dir(root).arg("estimate").args(words).output();
        Ended::of(&output.expect("the program starts"))
    };
    let ended = ask(&["scenarios/growth.toml"]).says(0, &[]);
    for text in
        ["growth: ", "+ weu-2 day 177 (2026-06-27), ordered day 163", "binds first   daily quota, at 133,333 devices"]
    {
        assert!(ended.out.contains(text), "no {text:?} in {ended:#?}");
    }
    let ended = ask(&["scenarios", "--message-format", "json"]).says(0, &[]);
    let lines: Vec<Value> = ended.out.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
    let estimates: Vec<_> = lines.iter().filter(|line| line["type"] == "estimate").collect();
    assert!(estimates.len() >= 16);
    let growth = estimates.iter().find(|line| line["scenario"] == "growth").expect("all are there");
    assert_eq!((&growth["stamps"]["end"], &growth["binds_first"]["limit"]), (&6.into(), &"daily quota".into()));
    assert!(!root.join("scenarios/golden").exists() && ended.err.is_empty());
    ask(&["nowhere.toml"]).says(10, &["does not exist"]);
    ask(&["scenarios/growth.toml", "--unavailability", "2"]).says(2, &["--unavailability"]);
    let place = Place::new();
    place.run(&["estimate", "small.toml"]).says(0, &["faults and moves are not in these figures"]);
    assert!(!place.path("output").exists(), "nothing is written");
}
