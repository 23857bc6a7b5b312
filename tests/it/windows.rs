//! Windows of observation: what they leave out changes nothing that they claim.

use std::path::Path;

use stampsim::analysis::{MarkKind, Observations, evaluate};
use stampsim::metrics::MeasureKey;
use stampsim::results::{Manifest, RunFacts};
use stampsim::scenario::load_text;
use stampsim::units::{SimDuration, SimTime};

use super::support::{Case, Ran};

/// Two hours a day.
const DAILY: &str = "run.windows={ every = \"1 d\", length = \"2 h\", first = \"6 h\" }";

fn week() -> Case {
    Case::named("windows-week")
}

fn calm() -> Case {
    Case::named("windows-calm")
}

/// Windows of the first replication: whose they are, and from when to when [h].
fn windows(ran: &Ran) -> Vec<(String, f64, f64)> {
    let marks = ran.runs()[0].marks.iter().filter(|mark| mark.kind == MarkKind::Window);
    marks.map(|mark| (mark.label.clone(), mark.from.secs() / 3_600.0, mark.until.secs() / 3_600.0)).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Fails with all figures that differ by more than their relative margin.
fn agree(ours: &Ran, reference: &Ran, rows: &[(&str, &str, f64)]) {
    let missed: Vec<String> = rows
        .iter()
        .filter_map(|(key, other, margin)| {
            let (a, b) = (mean(&ours.values(key)), mean(&reference.values(other)));
            ((a - b).abs() > margin * b.abs()).then(|| format!("{key}: {a} for {b}, margin {margin}"))
        })
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

/// The same seed on both sides: faults, moves, phases and, in the windows, the calls themselves are the same, so that what
/// differs is what the closed forms make of the rest. Margins are several times what was seen.
/// A figure that has one name in both runs, and its margin.
fn same(name: &str, margin: f64) -> (&str, &str, f64) {
    (name, name, margin)
}

#[test]
fn a_week_in_windows_claims_what_the_whole_week_says() {
    let (whole, ours) = (week().run(), week().set(DAILY).run());
    agree(
        &ours,
        &whole,
        &[
            same("cost_usd_per_month", 0.005),
            same("cost_usd_per_month{component=dps}", 0.005),
            same("devices_connected{stat=mean}", 0.001),
            same("device_minutes_lost", 0.01),
            same("time_to_recover_s{fault=region_blackout-westeurope share=99 %}", 0.02),
            same("move_downtime_s{move=promotion quantile=0.5}", 0.05),
            same("quota_used_ratio{stat=max}", 0.01),
            same("limit_refusals{code=403002 limit=quota}", 0.02),
            same("limit_refusals{code=403002 limit=quota_methods}", 0.02),
            same("throttle_utilisation_ratio{stat=mean throttle=connect}", 0.01),
            same("throttle_utilisation_ratio{stat=mean throttle=dps_operation}", 0.01),
            same("throttle_utilisation_ratio{stat=mean throttle=send}", 0.01),
            ("cache_miss_ratio{windows=regular}", "cache_miss_ratio", 0.02),
            ("command_latency_ms{quantile=0.5 windows=regular}", "command_latency_ms{quantile=0.5}", 0.02),
            ("command_latency_ms{quantile=0.99 windows=regular}", "command_latency_ms{quantile=0.99}", 0.04),
            ("connect_latency_s{quantile=0.5 windows=regular}", "connect_latency_s{quantile=0.5}", 0.02),
            same("commands{phase=during region_blackout-westeurope}", 0.02),
            same("command_outcome_ratio{outcome=offline phase=during region_blackout-westeurope}", 0.02),
            same("cache_miss_ratio{phase=during promotion}", 0.02),
            same("stale_route_ratio{phase=during promotion}", 0.15),
        ],
    );
    let causes = |run: &Observations| -> Vec<_> {
        let of = |kind| matches!(kind, MarkKind::Fault | MarkKind::Move);
        run.marks.iter().filter(|mark| of(mark.kind)).map(|mark| (mark.label.clone(), mark.from)).collect()
    };
    assert!(ours.runs().iter().zip(whole.runs()).all(|(a, b)| causes(a) == causes(b)));
    let events = |ran: &Ran| mean(&ran.values("model_events"));
    assert!(events(&ours) < events(&whole), "windows save events");
    let edges = windows(&ours).into_iter().filter(|(label, ..)| label == "edges");
    let covers = |at: f64| edges.clone().any(|(_, from, until)| from <= at && at < until);
    assert!(
        [20.0, 20.5, 23.9, 72.0, 100.0, 143.9].into_iter().all(covers),
        "blackout, quota and move: {:?}",
        windows(&ours)
    );
}

/// All devices come back from the blackout within minutes, so that their renewals are a herd each hour; a week later it has
/// drifted by two minutes and is still one. Use of the connect throttle in parts of ten minutes shows it.
#[test]
fn a_herd_of_renewals_survives_the_quiet() {
    let parts = |case: Case| case.set("run.window=\"10 min\"").set("moves=[]").set("run.replications=1").run();
    let (whole, ours) = (parts(week()), parts(week().set(DAILY)));
    let key = "throttle_utilisation_ratio{throttle=connect}";
    let (a, b) = (ours.series(key)[0], whole.series(key)[0]);
    let later = 3 * 144..7 * 144;
    let most = b[later.clone()].iter().copied().fold(0.0, f64::max);
    let typical = mean(&b[later.clone()]);
    assert!(most > 3.0 * typical, "there is a herd: {most} at most, {typical} on average");
    let off: f64 = later.clone().map(|i| (a[i] - b[i]).abs()).sum::<f64>() / later.len() as f64;
    assert!(off < 0.2 * typical, "off by {off} of {typical}");
}

/// Nothing is claimed of the warm-up, and nothing depends on its length.
#[test]
fn a_warm_up_twice_as_long_changes_nothing() {
    let with = |warm_up: &str| {
        let windows =
            format!("run.windows={{ every = \"1 d\", length = \"2 h\", first = \"6 h\", warm_up = \"{warm_up}\" }}");
        week().set(windows).run()
    };
    let (short, long) = (with("10 min"), with("20 min"));
    let same = |key: &'static str, margin| (key, key, margin);
    agree(
        &long,
        &short,
        &[
            same("cost_usd_per_month", 0.001),
            same("device_minutes_lost", 0.005),
            same("cache_miss_ratio{windows=regular}", 0.01),
            same("command_latency_ms{quantile=0.99 windows=regular}", 0.03),
            same("connect_latency_s{quantile=0.99 windows=regular}", 0.02),
            same("commands{windows=regular}", 0.001),
        ],
    );
}

/// Miss ratio in the regular windows: the mean over replications, by window.
fn misses(ran: &Ran) -> Vec<f64> {
    let regular = |at: &usize| (at.saturating_sub(20)).is_multiple_of(60) && *at >= 20;
    let series = ran.series("cache_miss_ratio");
    let of = |at: usize| mean(&series.iter().map(|run| run[at]).collect::<Vec<_>>());
    (0..series[0].len()).filter(regular).map(of).collect()
}

/// From 500 to 5,000 devices in half a year, past a cache of 2,000. The calls of the windows are the same in both runs, so
/// that what differs is the state of the cache at the openings. A window has 500 to 5,000 look-ups in each of four
/// replications; a share of them that is drawn anew differs by a standard deviation of at most 0.015 (early) and 0.005 (late).
#[test]
fn a_cache_that_the_fleet_outgrows_is_as_warm_in_windows_as_in_the_whole_run() {
    let windows = "run.windows={ every = \"15 d\", length = \"6 h\", first = \"5 d\" }";
    for cache in [
        "gateway.cache={ capacity = 2_000, ttl = \"1 d\" }",
        "gateway.cache={ capacity = 2_000, ttl = \"1 d\", eviction.fifo = {} }",
        "gateway.cache={ capacity = 2_000 }",
        "gateway.cache={ capacity = 2_000, eviction.fifo = {} }",
    ] {
        let case = || Case::named("windows-outgrown").set(cache);
        let (whole, ours) = (case().run(), case().set(windows).run());
        let (a, b) = (misses(&ours), misses(&whole));
        assert_eq!((a.len(), b.len()), (12, 12));
        for (i, (a, b)) in a.iter().zip(&b).enumerate() {
            let margin = if i < 6 { 0.04 } else { 0.02 };
            assert!((a - b).abs() < margin, "{cache}, window {i}: {a} for {b}");
        }
        let off = mean(&a.iter().zip(&b).map(|(a, b)| a - b).collect::<Vec<_>>());
        assert!(off.abs() < 0.006, "{cache}: off by {off} on average");
        agree(&ours, &whole, &[same("throttle_utilisation_ratio{stat=mean throttle=dps_operation}", 0.02)]);
    }
}

#[test]
fn windows_that_cover_all_days_give_the_figures_of_the_whole_run() {
    let all = "run.windows={ every = \"1 d\", length = \"1 d\", first = \"0 s\" }";
    let (whole, ours) = (calm().run(), calm().set(all).run());
    assert_eq!(windows(&ours), [("regular".to_owned(), 0.0, 240.0)]);
    let found = &ours.runs()[0].values;
    let left_out = |key: &&MeasureKey| key.name == "model_events" || key.labels.get("stat") == Some("max_window");
    for (key, value) in whole.runs()[0].values.iter().filter(|(key, _)| !left_out(key)) {
        let same = found.get(key).or_else(|| found.get(&key.clone().with("windows", "regular")));
        assert_eq!(same, Some(value), "{key}");
    }
    let texts = |ran: &Ran| format!("{:?}", ran.runs()[0].series);
    assert_eq!(texts(&ours), texts(&whole));
}

#[test]
fn what_was_not_looked_at_is_not_given() {
    let ours = calm().set("run.windows={ every = \"1 w\", length = \"6 h\", first = \"6 h\" }").run();
    let run = &ours.runs()[0];
    assert!(run.values.keys().all(|key| key.name != "commands" || key.labels.get("windows").is_some()));
    assert_eq!(windows(&ours).len(), 2, "at 6 h of day 0 and 7");
    let misses = &run.series[&MeasureKey::new("cache_miss_ratio")];
    let seen: Vec<usize> = (0..misses.len()).filter(|i| !misses[*i].is_nan()).collect();
    assert_eq!(seen, [1, 29]);
    let rates = &run.series[&MeasureKey::new("dps_lookup_rate_per_s")];
    assert!((0..rates.len()).all(|i| rates[i].is_nan() != seen.contains(&i)), "{rates:?}");
    let expect = "expect=[{ measure = \"command_latency_ms\", labels = { quantile = 0.99 }, fail_if = \"> 1 s\" }]";
    let scenario = calm().set(expect).scenario();
    let judged = evaluate(&scenario.expectations[0], &ours.result.study, ours.runs());
    let said = judged.absent.expect("there is no such figure").to_string();
    assert!(said.contains("windows = \"regular\""), "{said}");
}

#[test]
fn an_edge_at_the_start_and_one_at_the_horizon_are_covered() {
    let faults = "faults=[{ at = \"0 s\", for = \"1 h\", cause = { region_blackout = { region = \"westeurope\" } } }, \
                  { at = \"47 h\", for = \"9 h\", cause = { region_blackout = { region = \"westeurope\" } } }]";
    let ours =
        calm().set("run.horizon=\"2 d\"").set("run.windows={ every = \"1 d\", length = \"1 h\" }").set(faults).run();
    let windows = windows(&ours);
    let (first, last) = (&windows[0], &windows[windows.len() - 1]);
    assert!(first.0 == "edges" && first.1 == 0.0 && first.2 >= 1.0, "{windows:?}");
    assert_eq!((last.0.as_str(), last.1, last.2), ("edges", 47.0, 48.0));
}

#[test]
fn any_number_of_threads_gives_the_same_digest() {
    let digest = |jobs| {
        let ran = calm().set("run.horizon=\"3 d\"").set("run.replications=4").set(DAILY).run_on(Some(jobs));
        let facts = RunFacts { replications_asked: ran.result.asked, ..RunFacts::default() };
        Manifest::of(facts, &ran.result.study, ran.runs()).digest.expect("the run is whole")
    };
    assert_eq!(digest(1), digest(2));
}

#[test]
fn months_follow_the_calendar() {
    let scenario = calm()
        .set("run.start=2026-01-31T00:00:00Z")
        .set("run.horizon=\"3 months\"")
        .set("run.windows={ every = \"1 month\", length = \"2 h\", first = \"12 h\" }")
        .scenario();
    let day = |days: u64| SimTime::ZERO + SimDuration::DAY * days + SimDuration::HOUR * 12;
    // 31 January, 28 February and 31 March.
    assert_eq!(scenario.model.windows.expect("there are windows").regular, [day(0), day(28), day(59)]);
}

#[test]
fn windows_that_make_no_sense_are_refused_at_their_place() {
    let text = |windows: &str, more: &str| {
        format!(
            "question = \"?\"\n[run]\nhorizon = \"30 d\"\n{more}\nwindows = {windows}\n[[stamps]]\nname = \"a\"\n\
             region = \"westeurope\"\ncapacity = 10\nhub = {{ edition = \"S1\" }}\n[[cohorts]]\nname = \"c\"\ndevices = 5\n"
        )
    };
    for (windows, more, said) in [
        ("{ every = \"1 d\", length = \"2 d\" }", "", "overlap"),
        ("{ every = \"0 s\", length = \"0 s\" }", "", "distance of zero"),
        ("{ every = \"1 d\", length = \"0 s\" }", "", "a length of zero"),
        ("{ every = \"1 d\", length = \"1 h\", warm_up = \"2 d\" }", "", "longer than the time from window to window"),
        ("{ every = \"1 d\", length = \"1 h\", warm_up = \"40 d\" }", "", "leaves nothing"),
        ("{ every = \"1 d\", length = \"1 h\", first = \"31 d\" }", "", "lies behind the horizon"),
        ("{ every = \"1 min\", length = \"1 s\" }", "", "more than 500 windows"),
        ("{ every = \"1 d\", length = \"1 h\", opens_at = 0.5 }", "", "would close at"),
        ("{ every = \"1 d\", length = \"1 h\", opens_at = 0.0, closes_at = 0.0 }", "", "always open"),
        ("{ every = \"1 d\", length = \"1 h\" }", "steady = {}", "has no windows"),
        ("{ every = \"1 d\" }", "", "`length` is missing"),
        ("{ every = \"1 d\", lenght = \"1 h\" }", "", "unknown key `lenght`"),
    ] {
        let problems = load_text("windows", &text(windows, more), Path::new(""), &[]).expect_err(said);
        let problem = problems.iter().map(ToString::to_string).find(|problem| problem.contains(said));
        let problem = problem.unwrap_or_else(|| panic!("{said}: {problems:?}"));
        assert!(problem.contains(":5:"), "{said}: {problem}");
    }
    let fine = text("{ every = \"1 d\", length = \"1 h\" }", "");
    load_text("windows", &fine, Path::new(""), &[]).expect("it makes sense");
}
