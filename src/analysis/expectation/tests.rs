//! What is judged, how, and what is refused.

use std::collections::BTreeMap;

use super::absent::listed;
use super::*;
use crate::analysis::observations::{Ended, Mark, MarkKind, Observations, Study};
use crate::analysis::phase::When;
use crate::metrics::Parts;
use crate::metrics::measure::find;
use crate::units::{SimDuration, SimTime};

fn study(figures: &[(MeasureKey, f64, u32)]) -> Study {
    let estimate = |mean: f64, n: u32| Estimate { mean, low: mean - 1.0, high: mean + 1.0, n };
    Study {
        scenario: "outage".into(),
        question: String::new(),
        start: "2026-03-02T00:00:00Z".into(),
        horizon: SimDuration(1),
        window: SimDuration(1),
        replications: 30,
        estimates: figures.iter().map(|(key, mean, n)| (key.clone(), estimate(*mean, *n))).collect(),
        series: BTreeMap::new(),
        histograms: BTreeMap::new(),
        marks: Vec::new(),
    }
}

/// An expectation; labels as "name=value".
fn expect(measure: &str, labels: &[&str], fail_if: &str, warn_if: Option<&str>) -> Expectation {
    let known = find(measure).unwrap_or(find("commands").expect("a measure"));
    let bound = |text: &str| Bound::parse(text, known).expect("a bound");
    let pair = |text: &&str| text.split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned())).expect("a pair");
    Expectation {
        measure: measure.into(),
        labels: labels.iter().map(pair).collect(),
        fail_if: bound(fail_if),
        warn_if: warn_if.map(bound),
        phase: None,
        windows: None,
        replications: None,
        least_replications: 0,
    }
}

/// A replication with these values.
fn run(replication: u32, values: BTreeMap<MeasureKey, f64>) -> Observations {
    Observations {
        replication,
        order_hash: 0,
        events: 0,
        ended: Ended::Horizon,
        values,
        histograms: BTreeMap::new(),
        series: BTreeMap::new(),
        marks: Vec::new(),
        parts: Parts::default(),
    }
}

/// Judges against replications that all have the mean, as many as have the figure.
fn judged(expectation: &Expectation, study: &Study) -> Outcome {
    let has = |i: u32| study.estimates.iter().filter(move |(_, e)| i < e.n).map(|(key, e)| (key.clone(), e.mean));
    let runs: Vec<_> = (0..study.replications).map(|i| run(i, has(i).collect())).collect();
    evaluate(expectation, study, &runs)
}

const LATENCY: &str = "command_latency_ms";

/// Judges replications with these values of a latency, the whole way from the observations.
fn judged_values(expectation: &Expectation, values: &[f64]) -> Outcome {
    let key = MeasureKey::new("command_latency_ms");
    let runs: Vec<_> = (0..).zip(values).map(|(i, value)| run(i, [(key.clone(), *value)].into())).collect();
    let mut study = study(&[(key, values.iter().sum::<f64>() / values.len() as f64, values.len() as u32)]);
    study.replications = values.len() as u32;
    evaluate(expectation, &study, &runs)
}

#[test]
fn too_few_replications_are_refused() {
    let expectation = Expectation { least_replications: 20, ..expect(LATENCY, &[], "> 250 ms", None) };
    let outcome = judged_values(&expectation, &[100.0; 19]);
    assert_eq!(outcome.grade, Grade::Missing);
    assert_eq!(outcome.absent.expect("why").to_string(), "n too small: 19 replications, 20 are needed");
    assert_eq!(judged_values(&expectation, &[100.0; 20]).grade, Grade::Pass);
}

#[test]
fn a_share_of_the_replications_needs_a_sample_that_can_carry_it() {
    let expectation = Expectation { replications: Some(0.95), ..expect(LATENCY, &[], "> 250 ms", None) };
    // 0.95^58 = 0.051 and 0.95^59 = 0.0485: all of 58 prove less than 95 %.
    let outcome = judged_values(&expectation, &[100.0; 58]);
    assert_eq!(outcome.absent.expect("why").to_string(), "n too small: 58 replications, 59 are needed");
    let outcome = judged_values(&expectation, &[100.0; 59]);
    assert_eq!((outcome.grade, outcome.evidence[0].is_certain), (Grade::Pass, true));
    // One of 59 outside: 98 % are as expected, which does not prove 95 %.
    let mut values = vec![100.0; 59];
    values[7] = 300.0;
    let outcome = judged_values(&expectation, &values);
    assert_eq!((outcome.grade, outcome.evidence[0].is_certain), (Grade::Warn, false));
    assert!(matches!(outcome.evidence[0].found, Found::Replications { good: 58, of: 59, .. }));
    assert_eq!(outcome.evidence[0].rows.iter().filter(|row| !row.is_good).count(), 1);
    // Four of 59 are more than a twentieth, whatever the sample; so are they in a small one.
    values[8..11].fill(300.0);
    assert_eq!(judged_values(&expectation, &values).grade, Grade::Fail);
    assert_eq!(judged_values(&expectation, &[100.0, 300.0]).grade, Grade::Fail);
    // All of them can be asked for in any sample.
    let all = Expectation { replications: Some(1.0), ..expectation };
    assert_eq!(judged_values(&all, &[100.0; 3]).grade, Grade::Pass);
    assert_eq!(judged_values(&all, &[100.0, 100.0, 251.0]).grade, Grade::Fail);
}

/// Two replications of ten windows: an outage takes windows 3 to 5, and 4 is beyond 250 ms, in one run 7 too.
fn over_time() -> (Study, Vec<Observations>) {
    let key = MeasureKey::new(LATENCY).with("quantile", "0.99");
    let windows = |slow: &[usize]| -> Vec<f64> {
        (0..10)
            .map(|i| {
                if slow.contains(&i) {
                    300.0
                } else if i == 9 {
                    f64::NAN
                } else {
                    100.0
                }
            })
            .collect()
    };
    let outage = Mark { kind: MarkKind::Fault, label: "outage".into(), from: SimTime(30), until: SimTime(60) };
    let one = |i: u32, slow: &[usize]| Observations {
        series: [(key.clone(), windows(slow))].into(),
        marks: vec![outage.clone()],
        ..run(i, BTreeMap::new())
    };
    let mut study = study(&[]);
    (study.window, study.horizon, study.replications) = (SimDuration(10), SimDuration(100), 2);
    (study, vec![one(0, &[4]), one(1, &[4, 7])])
}

#[test]
fn windows_are_counted_in_the_phase_that_is_asked_for() {
    let (study, runs) = over_time();
    let asked = |windows: f64, phase: Option<When>| {
        let phase = phase.map(|when| crate::analysis::phase::Phase { when, of: "outage".into() });
        let labels = ["quantile=0.99"];
        let expectation = Expectation { windows: Some(windows), phase, ..expect(LATENCY, &labels, "> 250 ms", None) };
        evaluate(&expectation, &study, &runs)
    };
    // Of nine windows with calls, eight and seven are good.
    let whole = asked(0.8, None);
    assert_eq!(whole.grade, Grade::Pass);
    let Found::Windows(share) = whole.evidence[0].found else { panic!("windows") };
    assert!((share.mean - 7.5 / 9.0).abs() < 1e-12, "{share:?}");
    assert_eq!(asked(0.9, None).grade, Grade::Fail);
    assert_eq!(asked(1.0, Some(When::Before)).grade, Grade::Pass);
    // Windows 3, 4 and 5; 6 to 8.
    assert_eq!(
        (asked(0.6, Some(When::During)).grade, asked(0.7, Some(When::During)).grade),
        (Grade::Pass, Grade::Fail)
    );
    assert_eq!((asked(0.8, Some(When::After)).grade, asked(0.9, Some(When::After)).grade), (Grade::Pass, Grade::Fail));
    assert_eq!(asked(0.9, Some(When::After)).evidence[0].rows.iter().filter(|row| row.window == Some(7)).count(), 2);
}

#[test]
fn a_phase_is_a_label_and_whole_figures_leave_it_out() {
    let key = MeasureKey::new("wait_ms").with("at", "send");
    let during = key.clone().with("phase", "during outage");
    let study = study(&[(key.clone(), 1.0, 30), (during.clone(), 9.0, 30)]);
    let whole = expect("wait_ms", &["at=*"], "> 5 ms", None);
    assert_eq!(judged(&whole, &study).evidence.iter().map(|e| &e.key).collect::<Vec<_>>(), [&key]);
    let phase = crate::analysis::phase::Phase { when: When::During, of: "outage".into() };
    let outcome = judged(&Expectation { phase: Some(phase.clone()), ..whole.clone() }, &study);
    assert_eq!((outcome.grade, &outcome.evidence[0].key), (Grade::Fail, &during));
    let never = crate::analysis::phase::Phase { when: When::After, ..phase };
    let outcome = judged(&Expectation { phase: Some(never), ..whole }, &study);
    let said = outcome.absent.expect("why").to_string();
    assert_eq!(said, "no figure has phase = \"after outage\"; there is during outage");
}

#[test]
fn a_gate_that_can_fail_is_told_from_one_that_cannot() {
    let shares = study(&[(MeasureKey::new("stale_route_ratio"), 0.1, 30), (MeasureKey::new(LATENCY), 100.0, 30)]);
    let runs: Vec<_> =
        (0..30).map(|i| run(i, shares.estimates.iter().map(|(k, e)| (k.clone(), e.mean)).collect())).collect();
    let proof = |expectation: &Expectation| can_fail(expectation, &shares, &runs).map_err(|why| why.to_string());
    for (measure, fail_if) in [
        ("stale_route_ratio", "> 50 %"),
        (LATENCY, "> 250 ms"),
        (LATENCY, "< 50 ms"),
        ("stale_route_ratio", ">= 100 %"),
    ] {
        assert_eq!(proof(&expect(measure, &[], fail_if, None)), Ok(()), "{measure} {fail_if}");
    }
    assert_eq!(
        proof(&expect("stale_route_ratio", &[], "> 100 %", None)),
        Err("`> 100 %` never holds: stale_route_ratio lies between 0 and 1".to_owned())
    );
    assert_eq!(
        proof(&expect(LATENCY, &[], "< 0 ms", None)),
        Err("`< 0 ms` never holds: command_latency_ms is never below 0".to_owned())
    );
    let none = Expectation { replications: Some(0.0), ..expect(LATENCY, &[], "> 250 ms", None) };
    assert_eq!(proof(&none), Err("even the worst values would pass".to_owned()));
    let misspelt = expect("commands_latency_ms", &[], "> 250", None);
    assert!(proof(&misspelt).expect_err("unknown").starts_with("it is not judged: unknown measure"));
    let (over, runs) = over_time();
    let windows =
        |share: f64| Expectation { windows: Some(share), ..expect(LATENCY, &["quantile=*"], "> 250 ms", None) };
    assert_eq!(can_fail(&windows(0.5), &over, &runs), Ok(()));
    assert_eq!(can_fail(&windows(0.0), &over, &runs), Err(Unfailable::WorstPasses));
}

fn recovery(fault: &str, share: &str) -> MeasureKey {
    MeasureKey::new("time_to_recover_s").with("fault", fault).with("share", share)
}

#[test]
fn grades_of_one_figure() {
    let study = study(&[(MeasureKey::new("command_latency_ms"), 200.0, 30)]);
    for (fail_if, warn_if, grade) in [
        ("> 250 ms", None, Grade::Pass),
        ("> 250 ms", Some("> 150 ms"), Grade::Warn),
        ("> 0.15 s", Some("> 100 ms"), Grade::Fail),
        (">= 200 ms", None, Grade::Fail),
        ("> 200 ms", None, Grade::Pass),
        ("< 201 ms", None, Grade::Fail),
    ] {
        let outcome = judged(&expect("command_latency_ms", &[], fail_if, warn_if), &study);
        assert_eq!(outcome.grade, grade, "{fail_if} {warn_if:?}");
        assert_eq!(outcome.evidence.len(), 1);
    }
}

#[test]
fn the_evidence_names_the_bound_that_decided_and_its_certainty() {
    let study = study(&[(MeasureKey::new("command_latency_ms"), 200.0, 30)]);
    let warned = judged(&expect("command_latency_ms", &[], "> 250 ms", Some("> 150 ms")), &study);
    assert_eq!(warned.evidence[0].bound.to_string(), "> 150 ms");
    assert!(warned.evidence[0].is_certain);
    let close = judged(&expect("command_latency_ms", &[], "> 200.5 ms", None), &study);
    assert_eq!((close.grade, close.evidence[0].is_certain), (Grade::Pass, false));
}

#[test]
fn of_several_figures_the_worst_counts() {
    let study = study(&[
        (recovery("weu-1", "0.9"), 100.0, 30),
        (recovery("weu-1", "0.99"), 1_700.0, 30),
        (recovery("weu-2", "0.99"), 1_900.0, 30),
    ]);
    let outcome = judged(&expect("time_to_recover_s", &["share=99 %"], "> 30 min", None), &study);
    assert_eq!(outcome.grade, Grade::Fail);
    assert_eq!(outcome.evidence.iter().map(|e| e.grade).collect::<Vec<_>>(), [Grade::Pass, Grade::Fail]);
    let first = judged(&expect("time_to_recover_s", &["share=99 %", "fault=weu-1"], "> 30 min", None), &study);
    assert_eq!((first.grade, first.evidence.len()), (Grade::Pass, 1));
    let every = judged(&expect("time_to_recover_s", &["fault=*"], "> 1 h", None), &study);
    assert_eq!((every.grade, every.evidence.len()), (Grade::Pass, 3));
}

#[test]
fn a_figure_with_exactly_the_labels_stands_for_itself() {
    // Shares by cause are smaller than the whole: a lower bound on the whole must not be held against them.
    let whole = MeasureKey::new("cache_miss_ratio");
    let study = study(&[(whole.clone(), 0.5, 30), (whole.clone().with("cause", "expired"), 0.1, 30)]);
    let outcome = judged(&expect("cache_miss_ratio", &[], "< 20 %", None), &study);
    assert_eq!((outcome.grade, outcome.evidence.len()), (Grade::Pass, 1));
    assert_eq!(outcome.evidence[0].key, whole);
    let causes = judged(&expect("cache_miss_ratio", &["cause=*"], "< 20 %", None), &study);
    assert_eq!((causes.grade, causes.evidence.len()), (Grade::Fail, 1));
}

#[test]
fn what_cannot_be_judged_does_not_pass() {
    let study = study(&[(recovery("weu-1", "0.99"), 60.0, 30), (MeasureKey::new("wait_ms"), f64::NAN, 0)]);
    let missing = |measure: &str, labels: &[&str]| {
        let outcome = judged(&expect(measure, labels, "> 1000", None), &study);
        assert!(outcome.grade == Grade::Missing && outcome.grade.is_failure(), "{measure} {labels:?}");
        outcome.absent.map(|absent| absent.to_string())
    };
    let says = |text: &str| Some(text.to_owned());
    assert_eq!(missing("wait_ms", &[]), None);
    assert_eq!(missing("commands", &[]), says("no replication has a figure of commands"));
    assert_eq!(
        missing("time_to_recovery_s", &[]),
        says("unknown measure \"time_to_recovery_s\"; did you mean \"time_to_recover_s\"?")
    );
    assert_eq!(
        missing("time_to_recover_s", &["shares=0.99"]),
        says("no figure has a label \"shares\"; there is fault, share; did you mean \"share\"?")
    );
    assert_eq!(
        missing("time_to_recover_s", &["fault=weu-11"]),
        says("no figure has fault = \"weu-11\"; there is weu-1; did you mean \"weu-1\"?")
    );
    assert_eq!(missing("time_to_recover_s", &["share=50 %"]), says("no figure has share = \"50 %\"; there is 0.99"));
}

#[test]
fn labels_that_never_meet_are_said_to() {
    let study = study(&[(recovery("weu-1", "0.9"), 60.0, 30), (recovery("weu-2", "0.99"), 60.0, 30)]);
    let outcome = judged(&expect("time_to_recover_s", &["fault=weu-1", "share=0.99"], "> 1 h", None), &study);
    assert_eq!((outcome.grade, outcome.absent), (Grade::Missing, Some(Absent::Together)));
}

#[test]
fn a_figure_that_some_replications_lack_warns_and_one_that_most_lack_fails() {
    let judged_with = |n: u32| {
        let study = study(&[(recovery("weu-1", "0.99"), 60.0, n)]);
        judged(&expect("time_to_recover_s", &[], "> 1 h", None), &study)
    };
    let outcome = judged_with(29);
    assert_eq!((outcome.grade, outcome.evidence[0].lacking), (Grade::Warn, 1));
    assert_eq!(judged_with(15).grade, Grade::Warn);
    // 29 of 30 fleets never recovered: the mean over the one that did says nothing.
    let outcome = judged_with(1);
    assert!(outcome.grade.is_failure());
    assert_eq!(outcome.absent.expect("why").to_string(), "n too small: 1 replications, 15 are needed");
}

#[test]
fn long_lists_are_cut() {
    let words: Vec<String> = (1..=20).map(|i| format!("weu-{i}")).collect();
    assert!(listed(&words).ends_with("weu-8 and 12 more"));
}
