//! Scaling against what can be told by hand: when a stamp is ordered, what a change costs and from when, that a drained stamp
//! loses nobody, and what is said of scenarios that contradict themselves.

#![expect(clippy::float_cmp, reason = "counts of devices and stamps are whole numbers, which sums keep exactly")]

use std::path::Path;

use stampsim::analysis::{MarkKind, Observations};
use stampsim::experiment::ScenarioResult;
use stampsim::scenario::{Scenario, load_text};
use stampsim::theory::sawtooth::{Stamps, Trigger};
use stampsim::units::SimDuration;

use super::support::run;

/// A fleet on stamps of 1,000 devices, all parts in time and none in chance.
fn text(run: &str, stamps: &str, scaling: &str, cohort: &str) -> String {
    format!(
        "question = \"When?\"\n[run]\nreplications = 1\ntick = \"10 min\"\n{run}\n[network]\ndevice_to_hub = \"0 s\"\n\
         device_to_dps = \"0 s\"\n[[stamps]]\nname = \"weu-{{n}}\"\nregion = \"westeurope\"\nrouting = {{ tier = \"none\" }}\n{stamps}\n\
         {scaling}\n[[cohorts]]\nname = \"meters\"\nregions = {{ westeurope = 1.0 }}\n{cohort}\n"
    )
}

fn loaded(text: &str) -> Result<Scenario, String> {
    let all = load_text("scaling", text, Path::new("."), &[]);
    all.map_err(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn ran(text: &str) -> ScenarioResult {
    let result = run(loaded(text).unwrap_or_else(|problems| panic!("{problems}\n{text}")), Some(1));
    assert!(result.failures.is_empty(), "{:?}", result.failures);
    result
}

fn figure(result: &ScenarioResult, key: &str) -> f64 {
    let values = &result.observations[0].values;
    let found = values.iter().find(|(k, _)| k.to_string() == key).map(|(_, value)| *value);
    found.unwrap_or_else(|| panic!("no {key} in {:?}", values.keys().map(ToString::to_string).collect::<Vec<_>>()))
}

fn series<'a>(result: &'a ScenarioResult, key: &str) -> &'a [f64] {
    let all = &result.observations[0].series;
    all.iter().find(|(k, _)| k.to_string() == key).map_or(&[], |(_, values)| values)
}

/// Hours at which something happened to a stamp.
fn hours(run: &Observations, kind: MarkKind) -> Vec<f64> {
    run.marks
        .iter()
        .filter(|mark| mark.kind == kind)
        .map(|mark| mark.from.since_start().ratio(SimDuration::HOUR))
        .collect()
}

fn near(found: f64, expected: f64, margin: f64, what: &str) {
    assert!((found - expected).abs() <= margin, "{what}: {found}, expected {expected} +- {margin}");
}

const GROWING: &str =
    "devices = 500\n[cohorts.growth.linear]\nrate = \"240/day\"\nlimit = 5_500\n[dps.allocation.capacity_aware]\n";

/// 500 + 10 t devices after t hours, stamps of 1,000, four days from the order to the first device.
fn growing(stamps: u32, policy: &str) -> ScenarioResult {
    let scaling = format!("[scaling]\nlead_time = \"4 d\"\n{policy}");
    ran(&text(
        "horizon = \"20 d\"\nwindow = \"6 h\"",
        &format!("count = {stamps}\ncapacity = 1_000\nhub = {{ edition = \"S1\" }}"),
        &scaling,
        GROWING,
    ))
}

#[test]
fn under_linear_growth_stamps_over_time_are_those_of_the_threshold() {
    let result = growing(1, "[scaling.policy.threshold]\nutilisation = \"50 %\"\ncheck_every = \"1 h\"\n");
    // The stamp k + 1 is ordered at 500 k devices, 50 (k - 1) hours after the start, and takes devices 96 h later.
    let expected: Vec<f64> = (1..=8).map(|k| 50.0 * f64::from(k - 1) + 96.0).collect();
    let found = hours(&result.observations[0], MarkKind::StampAdded);
    assert_eq!(found.len(), expected.len(), "no stamp is added twice for one need: {found:?}");
    // The devices of an hour join within it, so a decision may see them one look later; the first is at 1 h.
    found.iter().zip(&expected).for_each(|(found, at)| near(*found, at + 0.5, 1.6, "a stamp takes devices"));
    let active = series(&result, "stamps_active");
    for (window, level) in active.iter().enumerate() {
        let (from, to) = (window as f64 * 6.0, window as f64 * 6.0 + 6.0);
        let count = |at: f64| 1.0 + expected.iter().filter(|ready| **ready <= at).count() as f64;
        assert!((count(from - 2.1)..=count(to)).contains(level), "window {window}: {level}");
    }
}

#[test]
fn the_forecast_orders_at_its_trigger_and_the_stamp_is_ready_when_it_is_needed() {
    let policy = "[scaling.policy.forecast]\nwindow = \"1 d\"\ncheck_every = \"6 h\"\nsafety_factor = 0\n";
    let result = growing(2, policy);
    let found = hours(&result.observations[0], MarkKind::StampAdded);
    for (k, ready) in (2_u32..).zip(&found) {
        let capacity = 1_000.0 * f64::from(k);
        let trigger = Trigger { capacity, growth_per_day: 240.0, sd_per_day: 0.0, lead_days: 4.25 };
        let ordered = (trigger.utilisation() * capacity - 500.0) / 10.0;
        // A decision each 6 h, and devices that join within the hour before it.
        near(*ready, ordered + 3.0 + 96.0, 4.0, &format!("stamp {}", k + 1));
        let full = (capacity - 500.0) / 10.0;
        assert!(*ready <= full, "ready at {ready} h, full at {full} h");
    }
    // Each stamp for one need: those that are ready in 20 days are those whose trigger lies 96 h before.
    let ordered_by = 500.0 + 10.0 * (480.0 - 96.0);
    let needed = Stamps { capacity: 1_000, price: 1.0 }.needed((ordered_by + 1_020.0) as u64);
    assert!((needed - 1..=needed).contains(&(found.len() as u64 + 2)), "{found:?}");
    assert_eq!(figure(&result, "devices_failed"), 0.0);
}

#[test]
fn price_and_limits_change_when_the_new_size_takes_effect_and_not_before() {
    let scaling = "[scaling.policy.scale_up]\ndelay = \"7 min\"\ncheck_every = \"1 h\"\n\
                   steps = [{ edition = \"S2\", units = 3, capacity = 1_000 }]\n";
    let cohort = "devices = 90\ntelemetry = { every = \"2 s\" }\n";
    let result = ran(&text(
        "horizon = \"10 h\"\nwindow = \"1 h\"",
        "capacity = 100\nhub = { edition = \"S1\", units = 2 }",
        scaling,
        cohort,
    ));
    assert_eq!(result.observations[0].marks.len(), 1);
    near(hours(&result.observations[0], MarkKind::StampResized)[0], 67.0 / 60.0, 0.0, "the call at 1 h and 7 min");
    // 67 min of 2 x 25 USD a month, then 533 min of 3 x 250.
    let hub = figure(&result, "cost_usd_per_month{component=hub}");
    near(hub, (67.0 * 50.0 + 533.0 * 750.0) / 600.0, 1e-6, "cost of the hub");
    near(figure(&result, "hub_units{stat=mean}"), (67.0 * 2.0 + 533.0 * 3.0) / 600.0, 1e-9, "units");
    // 45 messages/s against 100/s of S1 and 360/s of three units of S2.
    let used = series(&result, "throttle_utilisation_ratio{throttle=send}");
    near(used[0], 0.45, 0.01, "use of the old limit");
    near(used[5], 0.125, 0.01, "use of the new limit");
    let fill = series(&result, "stamp_utilisation_ratio{stamp=weu-1}");
    near(fill[0], 0.9, 1e-9, "before");
    near(fill[5], 0.09, 1e-9, "after");
    near(figure(&result, "stamp_utilisation_ratio{stat=max}"), 0.9, 1e-9, "the fullest it ever was");
}

#[test]
fn hubs_grow_to_their_maximum_before_a_stamp_is_added() {
    let scaling = "[scaling]\nlead_time = \"1 d\"\n[scaling.policy.mixed]\npolicies = [{ scale_up = { units_max = 3 } }, \
                   { threshold = { utilisation = \"80 %\" } }]\n";
    let result = ran(&text(
        "horizon = \"20 d\"\nwindow = \"1 d\"",
        "capacity = 1_000\nhub = { edition = \"S1\" }",
        scaling,
        GROWING,
    ));
    let run = &result.observations[0];
    // 5,300 devices: 80 % of two stamps of three units is 4,800, so a third one is added.
    let (sizes, added) = (hours(run, MarkKind::StampResized), hours(run, MarkKind::StampAdded));
    // 800 devices after 30 h, 1,600 after 110 h, 2,400 after 190 h: then no hub can grow.
    near(sizes[0], 30.0, 2.1, "two units");
    near(sizes[1], 110.0, 2.1, "three units");
    near(added[0], 190.0 + 24.0, 2.1, "a second stamp");
    assert_eq!((added.len(), figure(&result, "hub_units{stat=end}")), (2, 7.0), "{sizes:?} {added:?}");
}

/// Four stamps of which the schedule drains one after an hour.
fn draining(scaling: &str, cohort: &str, rest: &str) -> ScenarioResult {
    let scaling =
        format!("[scaling]\n{scaling}\n[scaling.policy.schedule]\ndrain = [{{ at = \"1 h\", stamp = \"weu-4\" }}]\n");
    let stamps = "count = 4\ncapacity = 1_000\nhub = { edition = \"S1\" }";
    ran(&text("horizon = \"10 h\"\nwindow = \"1 h\"", stamps, &scaling, &format!("{cohort}\n{rest}")))
}

#[test]
fn a_drained_stamp_loses_nobody_and_costs_nothing_once_it_is_empty() {
    let cohort = "devices = 2_000\ndormant = 0.1\ntelemetry = { every = \"1 min\" }\n";
    let result = draining("drain = { pace = \"60/min\" }", cohort, "[dps.allocation.least_loaded]\n");
    let run = &result.observations[0];
    // A quarter of the fleet, of which about a tenth has no power and is taken off at once.
    let moved = figure(&result, "move_devices{move=drain-weu-4}");
    let dormant = 500.0 - moved;
    assert!((20.0..100.0).contains(&dormant), "{dormant} of 500 without power");
    assert_eq!(figure(&result, "devices_registered{stat=end}"), 2_000.0 - dormant);
    assert_eq!(figure(&result, "devices_unavailable{stat=end}"), 0.0, "everyone who wants a connection has one");
    assert_eq!(figure(&result, "stamps_active{stat=end}"), 3.0);
    let retired = hours(run, MarkKind::StampRetired)[0];
    near(retired, 1.0 + (moved - 1.0) / 3_600.0, 0.2, "the last eviction, one a second");
    let hub = figure(&result, "cost_usd_per_month{component=hub}");
    near(hub, 25.0 * (3.0 * 10.0 + retired) / 10.0, 1e-5, "three stamps to the end and one until it was retired");
    assert!(figure(&result, "move_downtime_s{move=drain quantile=0.95}") > 0.0);
}

#[test]
fn without_evictions_a_stamp_empties_as_devices_register_again() {
    // The hub fails after it was closed; its devices give up on it and ask DPS.
    let cohort = "devices = 400\n[cohorts.reconnect.ten_failures]\n[cohorts.retry.exponential]\ncap = \"10 s\"\n";
    let fault = "[dps.allocation.least_loaded]\n[[faults]]\nname = \"out\"\nat = \"2 h\"\nfor = \"1 h\"\n[faults.cause.hub_outage]\n\
                 stamp = \"weu-4\"\n";
    let result = draining("drain = { evict = false }", cohort, fault);
    let retired = hours(&result.observations[0], MarkKind::StampRetired);
    assert!(retired.len() == 1 && (2.0..4.0).contains(&retired[0]), "{retired:?}");
    assert_eq!(figure(&result, "devices_connected{stat=end}"), 400.0);
    let patient = draining("drain = { evict = false }", "devices = 400\n", "[dps.allocation.least_loaded]\n");
    assert!(hours(&patient.observations[0], MarkKind::StampRetired).is_empty(), "nobody had a reason to register");
    assert_eq!(figure(&patient, "devices_connected{stat=end}"), 400.0);
}

#[test]
fn a_fleet_that_shrinks_gives_back_all_stamps_but_those_it_needs() {
    let scaling = "[scaling.policy.drain]\nutilisation = \"70 %\"\nwait = \"0 s\"\ncheck_every = \"6 h\"\n";
    let cohort = "devices = 3_000\n[cohorts.growth.steps]\nsteps = [{ at = \"1 d\", devices = 1_000 }]\n[dps.allocation.least_loaded]\n";
    let stamps = "count = 4\ncapacity = 1_000\nhub = { edition = \"S1\" }";
    let result = ran(&text("horizon = \"5 d\"\nwindow = \"6 h\"", stamps, scaling, cohort));
    // 1,000 devices on two stamps are 50 %, on one 100 %: two stay.
    assert_eq!(hours(&result.observations[0], MarkKind::StampRetired).len(), 2);
    assert_eq!(figure(&result, "stamps_active{stat=end}"), 2.0);
    assert_eq!(figure(&result, "devices_connected{stat=end}"), 1_000.0);
}

#[test]
fn the_deviation_from_the_plan_is_that_of_the_sawtooth() {
    // 90 devices on a hub of 25 USD; a plan of 0.25 USD for each is 22.50.
    let stamps = "capacity = 100\nhub = { edition = \"S1\" }";
    let result = ran(&text(
        "horizon = \"10 h\"\nwindow = \"1 h\"\n[plan]\ncost_per_device = 0.25",
        stamps,
        "",
        "devices = 90\n",
    ));
    near(figure(&result, "cost_deviation_ratio{stat=mean}"), 2.5 / 22.5, 1e-6, "mean");
    near(figure(&result, "cost_deviation_ratio{stat=max_window}"), 2.5 / 22.5, 1e-6, "worst window");
}

#[test]
fn what_contradicts_itself_is_said_at_its_place() {
    let one = "capacity = 1_000\nhub = { edition = \"S1\", units = 2 }";
    let cases = [
        (
            "[scaling.policy.mixed]\npolicies = [{ threshold = {} }, { scale_up = {} }]\n",
            "`scale_up` after `threshold`",
        ),
        ("[scaling.policy.mixed]\npolicies = [{ threshold = {} }, { forecast = {} }]\n", "both add stamps"),
        (
            "[scaling.policy.mixed]\npolicies = [{ threshold = {} }, { drain = { utilisation = 0.9 } }]\n",
            "drain to less",
        ),
        ("[scaling.policy.mixed]\npolicies = [{ threshold = {} }]\n", "at least 2 are mixed"),
        ("[scaling.policy.scale_up]\nunits_max = 201\n", "201 units of S1; expected at most 200"),
        ("[scaling.policy.scale_up]\nsteps = [{ units = 201 }]\n", "201 units of S1; expected 1 to 200"),
        ("[scaling.policy.scale_up]\nunits_max = 2\n", "`weu-1` has 2 units already"),
        (
            "[scaling.policy.scale_up]\nsteps = [{ edition = \"B1\", units = 4, capacity = 2_000 }]\n",
            "cannot become B1",
        ),
        ("[scaling.policy.scale_up]\nsteps = [{ edition = \"S2\", units = 1 }]\n", "a step to S2 without a capacity"),
        ("[scaling.policy.scale_up]\nsteps = [{ edition = \"S9\", units = 1 }]\n", "unknown edition `S9`"),
        ("[scaling.policy.scale_up]\nsteps = [{ units = 1 }]\n", "expected steps that grow"),
        ("[scaling.policy.scale_up]\nsteps = [{ units = 3, capacity = 2_000_000 }]\n", "the registry's cap"),
        ("[scaling.policy.scale_up]\nsteps = [{ units = 3 }]\nunits_max = 9\n", "contradict each other"),
        ("[scaling.policy.scale_up]\nsteps = [{ units = 3, processing = 2 }]\n", "no price of processing"),
        ("[scaling.policy.schedule]\n", "a schedule without a date"),
        ("[scaling.policy.schedule]\nadd = [{ at = \"2025-01-01\" }]\n", "before the start of the run"),
        ("[scaling.policy.schedule]\nadd = [{ at = \"soon\" }]\n", "expected a date such as"),
        ("[scaling.policy.schedule]\nadd = [{ at = \"1 h\", count = 0 }]\n", "an order of no stamps"),
        (
            "[scaling.policy.schedule]\ndrain = [{ at = \"1 h\", stamp = \"weu-1\" }]\n",
            "the last stamp of a ring cannot be drained",
        ),
        ("[scaling.policy.schedule]\ndrain = [{ at = \"1 h\", stamp = \"weu-9\" }]\n", "unknown stamp `weu-9`"),
        ("[scaling.policy.drain]\nkeep = 0\n", "would drain the last stamp"),
        ("[dps]\nreprovision = \"never\"\n[scaling.policy.drain]\n", "would never become empty"),
        ("[scaling]\ndrain = { pace = \"0/min\" }\n[scaling.policy.drain]\n", "a pace of zero"),
        ("[scaling.policy.forecast]\nwindow = \"1 h\"\n", "the window must hold two decisions"),
        ("[scaling.policy.forecast]\nsafety_factor = -1\n", "counts deviations"),
        ("[plan]\ncost_per_device = 0\n", "a planned cost of 0"),
    ];
    for (scaling, said) in cases {
        let problems = loaded(&text("horizon = \"10 h\"", one, scaling, "devices = 10\n")).expect_err(scaling);
        assert!(problems.contains(said), "{scaling}\n{problems}");
        assert!(!problems.contains("line 1,"), "it names its place: {problems}");
    }
}

#[test]
fn what_lies_after_the_horizon_is_a_warning() {
    let one = "count = 2\ncapacity = 1_000\nhub = { edition = \"S1\" }";
    let of = |entry: &str| {
        let scaling = format!("[scaling]\nlead_time = \"3 h\"\n[scaling.policy.schedule]\n{entry}\n");
        let scenario = loaded(&text("horizon = \"10 h\"", one, &scaling, "devices = 10\n")).expect("only a warning");
        scenario.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    assert!(of("add = [{ at = \"2026-01-02\" }]").contains("after the horizon of 10 h"));
    assert!(of("drain = [{ at = \"11 h\", stamp = \"weu-2\" }]").contains("it never happens in this run"));
    assert!(of("add = [{ at = \"8 h\" }]").contains("paid for and never used"));
    assert_eq!(of("add = [{ at = \"5 h\" }]"), "");
}
