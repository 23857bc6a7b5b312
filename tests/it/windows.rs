//! Windows of observation: what they leave out changes nothing that they claim.

use std::path::Path;

use stampsim::analysis::{MarkKind, Observations, evaluate};
use stampsim::metrics::MeasureKey;
use stampsim::results::{Manifest, RunFacts};
use stampsim::scenario::load_text;
use stampsim::units::{SimDuration, SimTime};

use super::support::{Between, Case, Ran, judge, settle};

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

/// A figure by its name in our runs and in those of reference; the margin of each pair, and of their mean.
type Figure = (&'static str, &'static str, f64, f64);

/// Relative differences of a figure, pair by pair: replications of one seed.
fn differences(ours: &Ran, reference: &Ran, (name, other, ..): &Figure) -> Vec<f64> {
    let pairs = ours.values(name).into_iter().zip(reference.values(other));
    pairs.map(|(a, b)| if (a - b).abs() < f64::EPSILON { 0.0 } else { a / b - 1.0 }).collect()
}

/// Fails with all figures of which any pair differs by more than its margin.
fn agree(ours: &Ran, reference: &Ran, rows: &[Figure]) {
    let missed: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            let off = differences(ours, reference, row);
            let (name, _, margin, _) = row;
            (!off.iter().all(|off| off.abs() <= *margin)).then(|| format!("{name}: off by {off:?}, margin {margin}"))
        })
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

/// The mean difference of pairs, with its whole 99 % interval, lies within its margin.
fn are_equivalent(case: &str, ours: &Ran, reference: &Ran, rows: &[Figure]) {
    let judged = |row: &Figure| judge(row.0, &differences(ours, reference, row), Between(-row.3, row.3));
    settle(case, &rows.iter().map(judged).collect::<Vec<_>>());
}

/// A figure that has one name in both runs.
fn same(name: &'static str, each: f64, mean: f64) -> Figure {
    (name, name, each, mean)
}

/// What a week in windows claims against the whole one, and how near they are. The same seed on both sides: faults, moves,
/// phases and, in the windows, the calls themselves are the same, so that what differs is what the closed forms make of
/// the rest.
fn week_rows() -> Vec<Figure> {
    vec![
        same("cost_usd_per_month", 0.005, 0.001),
        same("cost_usd_per_month{component=dps}", 0.005, 0.002),
        same("devices_connected{stat=mean}", 0.001, 0.0005),
        same("device_minutes_lost", 0.01, 0.005),
        same("time_to_recover_s{fault=region_blackout-westeurope share=99 %}", 0.02, 0.01),
        same("move_downtime_s{move=promotion quantile=0.5}", 0.05, 0.02),
        same("quota_used_ratio{stat=max}", 0.01, 0.002),
        same("limit_refusals{code=403002 limit=quota}", 0.02, 0.005),
        same("limit_refusals{code=403002 limit=quota_methods}", 0.02, 0.01),
        same("throttle_utilisation_ratio{stat=mean throttle=connect}", 0.01, 0.002),
        same("throttle_utilisation_ratio{stat=mean throttle=dps_operation}", 0.01, 0.005),
        same("throttle_utilisation_ratio{stat=mean throttle=send}", 0.01, 0.002),
        ("cache_miss_ratio{windows=regular}", "cache_miss_ratio", 0.03, 0.01),
        ("command_latency_ms{quantile=0.5 windows=regular}", "command_latency_ms{quantile=0.5}", 0.03, 0.01),
        ("command_latency_ms{quantile=0.99 windows=regular}", "command_latency_ms{quantile=0.99}", 0.06, 0.03),
        ("connect_latency_s{quantile=0.5 windows=regular}", "connect_latency_s{quantile=0.5}", 0.02, 0.02),
        same("commands{phase=during region_blackout-westeurope}", 0.02, 0.005),
        same("command_outcome_ratio{outcome=offline phase=during region_blackout-westeurope}", 0.02, 0.01),
        same("cache_miss_ratio{phase=during promotion}", 0.02, 0.01),
        same("stale_route_ratio{phase=during promotion}", 0.15, 0.05),
    ]
}

/// What a warm-up of twice the length leaves as it is.
fn warm_up_rows() -> Vec<Figure> {
    vec![
        same("cost_usd_per_month", 0.001, 0.0005),
        same("device_minutes_lost", 0.005, 0.002),
        same("cache_miss_ratio{windows=regular}", 0.01, 0.005),
        same("command_latency_ms{quantile=0.99 windows=regular}", 0.03, 0.01),
        same("connect_latency_s{quantile=0.99 windows=regular}", 0.02, 0.01),
        same("commands{windows=regular}", 0.001, 0.0005),
    ]
}

/// A week in windows with a warm-up of so many minutes.
fn warmed(minutes: u32) -> Case {
    week().set(format!(
        "run.windows={{ every = \"1 d\", length = \"2 h\", first = \"6 h\", warm_up = \"{minutes} min\" }}"
    ))
}

/// The full form of the two claims above it: means over 12 replications with their intervals, paired by the seed.
#[test]
#[ignore = "takes minutes: cargo test --release --test it windows -- --ignored --nocapture"]
fn full_weeks_in_windows_are_equivalent_to_whole_ones() {
    let twelve = |case: Case| case.set("run.replications=12").run();
    let (whole, short, long) = (twelve(week()), twelve(warmed(10)), twelve(warmed(20)));
    are_equivalent("week", &short, &whole, &week_rows());
    are_equivalent("warm-up", &long, &short, &warm_up_rows());
}

#[test]
fn a_week_in_windows_claims_what_the_whole_week_says() {
    let (whole, ours) = (week().run(), week().set(DAILY).run());
    agree(&ours, &whole, &week_rows());
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
    agree(&warmed(20).run(), &warmed(10).run(), &warm_up_rows());
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
fn outgrown(cache: &str) {
    let windows = "run.windows={ every = \"15 d\", length = \"6 h\", first = \"5 d\" }";
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
    agree(&ours, &whole, &[same("throttle_utilisation_ratio{stat=mean throttle=dps_operation}", 0.02, 0.0)]);
}

#[test]
fn a_cache_that_the_fleet_outgrows_is_as_warm_in_windows_as_in_the_whole_run() {
    outgrown("gateway.cache={ capacity = 2_000, ttl = \"1 d\" }");
}

#[test]
#[ignore = "takes half a minute: cargo test --test it windows -- --ignored --nocapture"]
fn full_caches_that_the_fleet_outgrows_are_as_warm_whatever_their_eviction() {
    for cache in [
        "gateway.cache={ capacity = 2_000, ttl = \"1 d\", eviction.fifo = {} }",
        "gateway.cache={ capacity = 2_000 }",
        "gateway.cache={ capacity = 2_000, eviction.fifo = {} }",
    ] {
        outgrown(cache);
    }
}

/// Six hours of every fifth day.
const SPARSE: &str = "run.windows={ every = \"5 d\", length = \"6 h\", first = \"2 d\" }";
/// What DPS costs in a month is what was looked up there.
const DPS_COST: &str = "cost_usd_per_month{component=dps}";

/// A cache that begins cold fetches each entry once before it comes to the long run, which a life of 60 days never does in 30.
#[test]
fn a_cold_cache_asks_dps_as_often_as_in_the_whole_run() {
    let case = || Case::named("windows-cold");
    agree(&case().set(SPARSE).run(), &case().run(), &[same(DPS_COST, 0.03, 0.0)]);
}

/// Devices that left the fleet are called no more.
#[test]
fn retired_devices_are_looked_up_no_more() {
    let case = || Case::named("windows-retired");
    agree(&case().set(SPARSE).run(), &case().run(), &[same(DPS_COST, 0.1, 0.0)]);
}

/// A call a week: most devices were called in none of the windows before, so that all quiets together say whether they were called
/// at all. A window has 285 calls in both replications, the same in both runs: three standard deviations of a share are 0.09.
#[test]
fn a_device_that_is_seldom_called_keeps_what_every_quiet_left() {
    let case = || Case::named("windows-rare");
    let (ours, whole) = (case().set(SPARSE).run(), case().run());
    for day in (2..30).step_by(5) {
        let of = |ran: &Ran| mean(&ran.series("cache_miss_ratio").iter().map(|run| run[day * 4]).collect::<Vec<_>>());
        let (a, b) = (of(&ours), of(&whole));
        assert!((a - b).abs() < 0.09, "day {day}: {a} for {b}");
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

/// Three outages as a list and as three faults: a window opens a warm-up before each of them either way, and its calls are
/// most of the events.
#[test]
fn each_incident_of_a_list_is_foreseen() {
    let starts: [u32; 3] = [6, 14, 30];
    let rows = starts.map(|at| format!("2026-01-0{}T{:02}:00Z,5 min\n", 1 + at / 24, at % 24)).concat();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("windows list");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("list.csv"), format!("start,duration\n{rows}")).expect("a file");
    let cause = "[faults.cause.stamp_outage]\nstamp = \"weu-1\"\n";
    let faults = starts.map(|at| format!("[[faults]]\nat = \"{at} h\"\nfor = \"5 min\"\n{cause}")).concat();
    let list = format!("[[faults]]\nname = \"list\"\nincidents = {{ file = \"list.csv\" }}\n{cause}");
    let events = |faults: &str| {
        let text = format!(
            "question = \"?\"\n[run]\nhorizon = \"2 d\"\nreplications = 1\nstart = 2026-01-01T00:00:00Z\n\
             windows = {{ every = \"1 d\", length = \"10 min\" }}\n[[stamps]]\nname = \"weu-1\"\nregion = \"westeurope\"\n\
             capacity = 300\nhub = {{ edition = \"S1\" }}\n[[cohorts]]\nname = \"meters\"\ndevices = 200\n\
             commands = {{ rate = \"1440/day\" }}\n{faults}"
        );
        let scenario = load_text("listed", &text, &folder, &[]).unwrap_or_else(|all| panic!("{all:?}"));
        let result = super::support::run(scenario, None);
        result.observations[0].values[&MeasureKey::new("model_events")]
    };
    let (listed, given) = (events(&list), events(&faults));
    assert!((listed / given - 1.0).abs() < 0.02, "{listed} events for {given}");
}

/// A fleet that uses up its daily quota of 400,000 messages each day: 95 % of it after 10.5 h.
fn over_quota(first: &str) -> Case {
    calm()
        .set("run.horizon=\"3 d\"")
        .set(
            "stamps=[{ name = \"weu-1\", region = \"westeurope\", capacity = 300, \
             hub = { edition = \"S1\", units = 1, quota = \"enforced\" } }]",
        )
        .set(
            "cohorts=[{ name = \"meters\", devices = 200, telemetry = { every = \"20 s\", size = \"0.6 KB\" }, \
             commands = { rate = \"12/day\" } }]",
        )
        .set(format!("run.windows={{ every = \"1 d\", length = \"2 h\", first = \"{first}\" }}"))
}

/// 864,000 messages a day, and 4,800 of calls and their answers.
#[test]
fn the_end_of_a_quota_is_foreseen_to_the_minute() {
    let windows = windows(&over_quota("2 h").run());
    let edges: Vec<_> = windows.iter().filter(|(label, ..)| label == "edges").collect();
    assert_eq!((windows.len(), edges.len()), (6, 3), "{windows:?}");
    for (day, (_, from, until)) in edges.into_iter().enumerate() {
        let midnight = 24.0 * day as f64;
        let expected = midnight + 24.0 * 380_000.0 / 868_800.0;
        assert!((from - expected).abs() < 0.05, "{from} for {expected}");
        assert!((until - midnight - 24.0).abs() < 0.05, "a new day has a new quota: {until}");
    }
}

#[test]
fn a_fleet_that_is_over_its_quota_each_day_has_regular_windows_all_the_same() {
    let ours = over_quota("12 h").run();
    let labels: Vec<_> = windows(&ours).into_iter().map(|(label, ..)| label).collect();
    assert_eq!(labels, ["edges", "regular", "edges"].repeat(3));
    let regular: Vec<_> = windows(&ours).into_iter().filter(|(label, ..)| label == "regular").collect();
    for (day, (_, from, until)) in regular.into_iter().enumerate() {
        let noon = 24.0 * day as f64 + 12.0;
        assert!((from - noon).abs() < 1e-9 && (until - noon - 2.0).abs() < 1e-9, "{from} to {until}");
    }
    // The quota ends after 11.05 h, so that from then on no call is let through: the sample of noon is one of its time.
    assert!(ours.value("command_outcome_ratio{outcome=throttled windows=regular}") > 0.99);
}

#[test]
fn a_scenario_without_a_fair_sample_is_told() {
    let warnings = |at: &str| {
        let faults = format!(
            "faults=[{{ at = \"{at}\", for = \"never_ends\", cause = {{ region_blackout = {{ region = \"westeurope\" }} }} }}]"
        );
        let scenario = calm().set(DAILY).set(faults).scenario();
        scenario.warnings.iter().map(ToString::to_string).filter(|said| said.contains("each regular window")).count()
    };
    assert_eq!((warnings("7 h"), warnings("9 h")), (1, 0), "the first one is from 6 h to 8 h");
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
