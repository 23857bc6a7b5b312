//! Generations, features, retirements, changes of hubs and custom allocation against what can be told by hand: who may be
//! where, what it costs to the cent, when it happens to the second, and what is said of scenarios that contradict themselves.

#![expect(clippy::float_cmp, reason = "counts of devices and stamps are whole numbers, which sums keep exactly")]

use std::path::Path;

use stampsim::analysis::MarkKind;
use stampsim::experiment::ScenarioResult;
use stampsim::scenario::{Scenario, load_text};
use stampsim::units::SimDuration;

use super::support::{Case, run};

/// A scenario without chance in time: one replication, no latencies, no routing endpoint unless a part asks for them.
fn text(run: &str, parts: &str) -> String {
    let tick = if run.contains("tick = ") { "" } else { "tick = \"10 s\"\n" };
    format!(
        "question = \"What?\"\n[run]\nreplications = 1\n{tick}{run}\n[network]\ndevice_to_hub = \"0 s\"\n\
         device_to_dps = \"0 s\"\n{parts}\n"
    )
}

fn stamps(name: &str, more: &str) -> String {
    let plain = "region = \"westeurope\"\nrouting = { tier = \"none\" }\ncapacity = 1_000";
    let hub = if more.contains("hub =") { "" } else { "hub = { edition = \"S1\" }\n" };
    format!("[[stamps]]\nname = \"{name}\"\n{plain}\n{hub}{more}\n")
}

fn cohort(name: &str, devices: u32, more: &str) -> String {
    format!("[[cohorts]]\nname = \"{name}\"\ndevices = {devices}\nregions = {{ westeurope = 1.0 }}\n{more}\n")
}

fn loaded(text: &str) -> Result<Scenario, String> {
    let all = load_text("lifecycle", text, Path::new("."), &[]);
    all.map_err(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn ran(text: &str) -> ScenarioResult {
    let result = run(loaded(text).unwrap_or_else(|problems| panic!("{problems}\n{text}")), Some(1));
    assert!(result.failures.is_empty(), "{:?}", result.failures);
    result
}

fn has(result: &ScenarioResult, key: &str) -> Option<f64> {
    let values = &result.observations[0].values;
    values.iter().find(|(k, _)| k.to_string() == key).map(|(_, value)| *value)
}

fn figure(result: &ScenarioResult, key: &str) -> f64 {
    let keys = || result.observations[0].values.keys().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    has(result, key).unwrap_or_else(|| panic!("no {key} in\n{}", keys()))
}

fn series<'a>(result: &'a ScenarioResult, key: &str) -> &'a [f64] {
    let all = &result.observations[0].series;
    all.iter().find(|(k, _)| k.to_string() == key).map_or(&[], |(_, values)| values)
}

/// Hours at which something happened.
fn hours(result: &ScenarioResult, kind: MarkKind) -> Vec<f64> {
    let marks = result.observations[0].marks.iter().filter(|mark| mark.kind == kind);
    marks.map(|mark| mark.from.since_start().ratio(SimDuration::HOUR)).collect()
}

fn near(found: f64, expected: f64, margin: f64, what: &str) {
    assert!((found - expected).abs() <= margin, "{what}: {found}, expected {expected} +- {margin}");
}

const OLD: &str = "count = 2\ngenerations = [1]";
const NEW: &str = "generations = [2]\nhub = { edition = \"S2\" }";

/// Devices of generation 1 on two stamps, and of generation 2 on one.
fn side_by_side(run: &str, more: &str) -> String {
    let parts = [
        stamps("old-{n}", OLD),
        stamps("new-{n}", NEW),
        cohort("first", 600, ""),
        cohort("second", 400, "generation = 2"),
    ];
    text(run, &(parts.concat() + more))
}

const OUTAGE: &str =
    "[[faults]]\nname = \"out\"\nat = \"10 min\"\nfor = \"10 min\"\ncause = { stamp_outage = { stamp = \"new-1\" } }\n";

#[test]
fn each_generation_is_on_its_stamps_and_an_outage_hits_only_that_of_its_stamp() {
    let result = ran(&side_by_side("horizon = \"1 h\"\nwindow = \"10 min\"", OUTAGE));
    let on = |stamp: &str| series(&result, &format!("stamp_utilisation_ratio{{stamp={stamp}}}"))[0] * 1_000.0;
    assert_eq!(on("old-1") + on("old-2"), 600.0);
    assert_eq!(on("new-1"), 400.0);
    assert_eq!(figure(&result, "blast_radius_ratio{fault=out}"), 0.4);
    assert_eq!(figure(&result, "blast_radius_ratio{fault=out generation=1}"), 0.0);
    assert_eq!(figure(&result, "blast_radius_ratio{fault=out generation=2}"), 1.0);
    // Two hubs at 25 and one at 250 a month; nothing else has a price here.
    near(figure(&result, "cost_usd_per_month{generation=1}"), 50.0, 1e-5, "the old ones");
    near(figure(&result, "cost_usd_per_month{generation=2}"), 250.0, 1e-5, "the new one");
    near(
        figure(&result, "cost_per_device_usd_per_month{generation=2 per=registered}"),
        250.0 / 400.0,
        1e-9,
        "a device",
    );
}

#[test]
fn figures_by_generation_appear_only_where_stamps_tell_generations_apart() {
    let parts = [stamps("weu-{n}", "count = 2"), cohort("first", 600, ""), cohort("second", 400, "generation = 2")];
    let result = ran(&text("horizon = \"1 h\"", &parts.concat()));
    let labelled = |key: &&stampsim::metrics::MeasureKey| key.labels.get("generation").is_some();
    assert_eq!(result.observations[0].values.keys().filter(labelled).count(), 0);
    assert_eq!(has(&result, "registrations_failed"), None);
}

#[test]
fn a_rebalance_takes_nobody_whom_the_target_does_not_serve() {
    let plan = "[[moves]]\nat = \"10 min\"\nkind = { rebalance = { to = \"new-1\" } }\n";
    let result = ran(&side_by_side("horizon = \"1 h\"", plan));
    assert_eq!(figure(&result, "move_devices{move=rebalance-new-1}"), 0.0);
}

/// A feature on `canary-1` from 1 h to 3 h of 4 h; 100 of 500 devices are there, with 2 calls a minute each.
fn feature(more: &str) -> ScenarioResult {
    let calls = "commands = { rate = \"2/min\" }";
    let parts = [
        stamps("canary-1", "ring = \"canary\"\nhub = { edition = \"S3\" }"),
        stamps("weu-1", "hub = { edition = \"S3\" }"),
        cohort("testers", 100, &format!("ring = \"canary\"\n{calls}")),
        cohort("meters", 400, &format!("generation = 2\n{calls}")),
    ];
    ran(&text("horizon = \"4 h\"\nwindow = \"30 min\"", &(parts.concat() + "[[features]]\nname = \"video\"\n" + more)))
}

#[test]
fn a_feature_costs_and_breaks_exactly_where_and_while_it_is() {
    let stage = "cost = \"$0.05\"\nroll_back_at = \"3 h\"\nbreaks = { errors = \"30 %\" }\nstages = [{ at = \"1 h\", rings = [\"canary\"] }]\n";
    let result = feature(stage);
    let devices = series(&result, "feature_devices{feature=video}");
    assert_eq!(devices, [0.0, 0.0, 100.0, 100.0, 100.0, 100.0, 0.0, 0.0]);
    near(figure(&result, "cost_usd_per_month{component=feature-video}"), 100.0 * 0.05 / 2.0, 1e-6, "half of the time");
    assert_eq!(figure(&result, "blast_radius_ratio{feature=video}"), 0.2);
    assert_eq!(figure(&result, "hub_error_ratio{stamp=weu-1}"), 0.0);
    // 24,000 of 48,000 calls at 30 %: 15 % of all. Six deviations of the share are 1 %, so it fails by chance once in 1e9.
    near(figure(&result, "hub_error_ratio{stamp=canary-1}"), 0.15, 0.01, "errors on the canary stamp");
    // 30 % of the testers' calls, in all 20 % of the calls, for half of the time.
    let failed = figure(&result, "command_outcome_ratio{outcome=failed_dependency}");
    near(failed, 0.03, 0.004, "failed calls");
    let marks: Vec<_> = result.observations[0].marks.iter().map(|mark| mark.label.as_str()).collect();
    assert_eq!(marks, ["feature-video"]);
}

#[test]
fn a_feature_of_one_generation_breaks_requests_of_no_other() {
    let stage =
        "generation = 2\nbreaks = { errors = 1.0 }\nstages = [{ at = \"0 s\", stamps = [\"canary-1\", \"weu-1\"] }]\n";
    let result = feature(stage);
    assert_eq!(figure(&result, "hub_error_ratio{stamp=canary-1}"), 0.0);
    assert_eq!(figure(&result, "hub_error_ratio{stamp=weu-1}"), 1.0);
    assert_eq!(figure(&result, "feature_devices{feature=video stat=end}"), 400.0);
    assert_eq!(figure(&result, "blast_radius_ratio{feature=video}"), 0.8);
}

#[test]
fn a_feature_that_takes_hubs_down_is_a_fault_with_stages() {
    let stage = "roll_back_at = \"3 h\"\nbreaks = { down = \"reset\" }\nstages = [{ at = \"1 h\", stamps = [\"canary-1\"] }, { at = \"2 h\", stamps = [\"weu-1\"] }]\n";
    let result = feature(stage);
    assert_eq!(figure(&result, "blast_radius_ratio{fault=feature-video}"), 1.0);
    // 100 devices for two hours and 400 for one, and up to half a minute until the back-off's next attempt after it.
    let lost = figure(&result, "device_minutes_lost");
    assert!((36_000.0..36_000.0 + 500.0 * 0.5).contains(&lost), "{lost}");
}

const RETIRED: &str = "[[retirements]]\ngeneration = 1\nat = \"10 d\"\nover = \"20 d\"\n";

#[test]
fn a_generation_leaves_evenly_and_its_stamps_follow_when_they_are_empty() {
    let result = ran(&side_by_side("horizon = \"40 d\"\nwindow = \"1 d\"\ntick = \"1 h\"", RETIRED));
    let registered = series(&result, "devices_registered");
    near(registered[9], 1_000.0, 1e-9, "before");
    // The k-th of 600 leaves k/600 of the way, so a day loses 30; its mean is half a device above the middle.
    for (day, count) in registered.iter().enumerate().take(30).skip(10) {
        near(*count, 1_000.0 - 30.0 * (day as f64 - 10.0) - 14.5, 1e-6, &format!("day {day}"));
    }
    assert_eq!(registered[30..], [400.0; 10]);
    let retired = hours(&result, MarkKind::StampRetired);
    assert_eq!(retired.len(), 2);
    assert_eq!(retired[1], 30.0 * 24.0, "the last device leaves at the end of the 20 days");
    // To the hour: a hub costs its 25 a month until its last device has left.
    let hubs = (retired[0] + retired[1]) / (40.0 * 24.0) * 25.0 + 250.0;
    near(figure(&result, "cost_usd_per_month{component=hub}"), hubs, 1e-6, "hubs");
    let phase = |phase| {
        figure(&result, &format!("cost_per_device_usd_per_month{{per=registered phase={phase} retire-generation-1}}"))
    };
    near(phase("before"), 300.0 / 1_000.0, 1e-6, "before");
    near(phase("after"), 250.0 / 400.0, 1e-6, "after");
    assert_eq!(figure(&result, "stamps_active{stat=end}"), 1.0);
    assert_eq!(figure(&result, "devices_unavailable{stat=max}"), 0.0);
}

#[test]
fn a_retired_generation_grows_no_more_and_leaves_by_its_law() {
    let parts = [
        stamps("old-{n}", OLD),
        stamps("both-1", ""),
        cohort("first", 100, "growth = { linear = { rate = \"10/day\" } }"),
        cohort("second", 50, "generation = 2\ncommands = { rate = \"1/h\" }"),
        "[[retirements]]\ngeneration = 1\nat = \"10 d\"\nafter = \"1..5 d\"\n".to_owned(),
    ];
    let result = ran(&text("horizon = \"20 d\"\nwindow = \"1 d\"\ntick = \"1 h\"", &parts.concat()));
    let registered = series(&result, "devices_registered");
    // Ten a day joined, each within the hour before the one in which it counts.
    near(registered[9], 150.0 + 95.0, 1.0, "the tenth day");
    assert_eq!(registered[15..], [50.0; 5]);
    assert!(registered[10] > 240.0, "nobody leaves within the first day: {registered:?}");
    // `both-1` serves generation 2 as well and stays.
    assert_eq!(figure(&result, "stamps_active{stat=end}"), 1.0);
}

/// 20,000 devices join two hubs over ten hours; a change comes after five.
fn joining(change: &str) -> ScenarioResult {
    let parts = [
        stamps("a", "hub = { edition = \"S3\" }"),
        stamps("b", "hub = { edition = \"S3\" }"),
        cohort("new", 0, "growth = { linear = { rate = \"48_000/day\" } }"),
        change.to_owned(),
    ];
    let text = text("horizon = \"10 h\"\nwindow = \"5 h\"\ntick = \"10 s\"\ngrowth_tick = \"10 min\"", &parts.concat());
    ran(&text.replace("capacity = 1_000", "capacity = 20_000"))
}

/// Devices of a stamp in the middle and at the end, from the mean fill of the two halves of a linear growth.
fn held(result: &ScenarioResult, stamp: &str) -> [f64; 2] {
    let fill = series(result, &format!("stamp_utilisation_ratio{{stamp={stamp}}}"));
    let middle = fill[0] * 20_000.0 * 2.0;
    [middle, 2.0 * fill[1] * 20_000.0 - middle]
}

#[test]
fn another_weight_acts_on_later_registrations_by_the_weighted_hash() {
    let kind = "[[changes]]\nat = \"5 h\"\nkind = { set_weight = { stamp = \"b\", weight = 4 } }\n";
    let [before, after] = held(&joining(kind), "a");
    // Half of the first 10,000 and a fifth of the second; six deviations of either are 300, and growth is seen in steps.
    near(before, 5_000.0, 450.0, "before");
    near(after - before, 2_000.0, 450.0, "after");
}

#[test]
fn a_hub_that_takes_no_device_keeps_those_it_has() {
    let kind = "[[changes]]\nat = \"5 h\"\nkind = { take_devices = { stamp = \"a\", takes = false } }\n";
    let result = joining(kind);
    let fill = series(&result, "stamp_utilisation_ratio{stamp=a}");
    near(fill[1], fill[0] * 2.0, fill[0] * 0.1, "nothing comes, nothing goes");
    assert_eq!(hours(&result, MarkKind::AllocationChanged), [5.0]);
    assert_eq!(figure(&result, "registrations_failed"), 0.0);
}

#[test]
fn units_change_price_and_limits_when_they_take_effect() {
    let change =
        "[[changes]]\nat = \"1 h\"\nkind = { set_units = { stamp = \"weu-1\", units = 4, delay = \"6 min\" } }\n";
    let parts = [stamps("weu-1", ""), cohort("meters", 100, ""), change.to_owned()];
    let result = ran(&text("horizon = \"10 h\"\nwindow = \"1 h\"", &parts.concat()));
    assert_eq!(hours(&result, MarkKind::StampResized), [1.1]);
    near(
        figure(&result, "cost_usd_per_month{component=hub}"),
        25.0 * (1.1 + 8.9 * 4.0) / 10.0,
        1e-6,
        "cost of the hub",
    );
    assert_eq!(figure(&result, "hub_units{stat=end}"), 4.0);
}

#[test]
fn near_its_cap_a_hub_fails_registrations_and_a_weight_in_time_none() {
    let set = |case: Case| case.set("run.replications=1").run();
    let (without, with) = (set(Case::shipped("lifecycle/near-cap")), set(Case::shipped("lifecycle/near-cap-weight")));
    // 8,000 join, of which half hash to the hub with room for 2,500: 1,500 fail, give or take six deviations of 45.
    let failed = without.value("devices_failed");
    near(failed, 1_500.0, 270.0, "devices that found no room");
    let refused = without.value("registrations_failed{cause=registry_full}");
    assert!(refused > failed, "each asks again and again: {refused}");
    assert_eq!(with.value("devices_failed"), 0.0);
    assert_eq!(with.value("registrations_failed"), 0.0);
}

/// 1,000 devices register at a webhook.
fn hooked(dps: &str, hook: &str) -> String {
    let parts = [
        stamps("a", "hub = { edition = \"S3\" }"),
        stamps("b", "hub = { edition = \"S3\" }"),
        cohort("gold", 300, "start = \"new\"\nfirst_attempt = \"0..10 min\""),
        cohort("plain", 700, "start = \"new\"\nfirst_attempt = \"0..10 min\""),
        format!("[dps]\nassignment = \"0 s\"\nfailed_retry = \"1 min\"\n{dps}\n[dps.allocation.custom]\n{hook}\n"),
    ];
    text("horizon = \"1 h\"\nwindow = \"30 min\"", &parts.concat())
}

const RULES: &str = "rules = [{ cohort = \"gold\", stamps = [\"a\"] }, { stamps = [\"b\"] }]\n";

#[test]
fn rules_of_a_webhook_send_each_cohort_where_they_say() {
    let result = ran(&hooked("", &format!("{RULES}latency = \"7 s\"")));
    let on = |stamp: &str| series(&result, &format!("stamp_utilisation_ratio{{stamp={stamp}}}"))[1] * 1_000.0;
    assert_eq!([on("a"), on("b")], [300.0, 700.0]);
    assert_eq!(figure(&result, "webhook_failed_ratio"), 0.0);
    // Seven seconds at the webhook, seen at the poll after eight; then a registry operation at 5,000/min.
    near(figure(&result, "registration_latency_s{quantile=0.5}"), 8.0, 0.1, "a registration");
}

#[test]
fn a_webhook_that_never_answers_in_time_fails_every_registration() {
    let result = ran(&hooked("", "latency = \"11 s\""));
    assert_eq!(figure(&result, "devices_failed"), 1_000.0);
    assert_eq!(figure(&result, "devices_registered{stat=max}"), 0.0);
    assert_eq!(figure(&result, "webhook_failed_ratio"), 1.0);
    let failed = figure(&result, "registrations_failed");
    assert_eq!(failed, figure(&result, "registrations_failed{cause=webhook}"));
    // The first after 10 s at the webhook, then each minute and 10 s; the last second chance of all lies near the end.
    assert!((45_000.0..55_000.0).contains(&failed), "{failed}");
}

#[test]
fn the_webhook_is_asked_under_never_too_and_offered_the_current_hub_alone() {
    // A move evicts everybody once; under `never` they come back to where they were, if the webhook answers.
    let plan = "[[moves]]\nat = \"20 min\"\npace = \"600/min\"\nkind = { evacuate = { stamp = \"a\" } }\n";
    let result = ran(&(hooked("reprovision = \"never\"", RULES) + plan));
    let on = |stamp: &str| series(&result, &format!("stamp_utilisation_ratio{{stamp={stamp}}}"))[1] * 1_000.0;
    assert_eq!(on("b"), 700.0, "nobody changed the hub");
    assert_eq!(figure(&result, "devices_registered{stat=end}"), 1_000.0);
    assert_eq!(figure(&result, "webhook_failed_ratio"), 0.0);
}

/// 90 devices send 45 messages a second to a hub that grows.
fn busy(stamp: &str, scaling: &str) -> ScenarioResult {
    let parts = [stamps("weu-{n}", stamp), cohort("meters", 90, "telemetry = { every = \"2 s\" }"), scaling.to_owned()];
    ran(&text("horizon = \"10 h\"\nwindow = \"1 h\"", &parts.concat()))
}

#[test]
fn a_hub_grows_at_the_decision_after_its_quota_or_throttle_is_used() {
    // 162,000 messages an hour against 400,000 a day: 80 % is used after 1.98 h, of two units after 3.95 h, of three after 5.9 h.
    let quota = busy("", "[scaling.policy.scale_up]\nquota = \"80 %\"\ncheck_every = \"1 h\"\ndelay = \"6 min\"\n");
    assert_eq!(hours(&quota, MarkKind::StampResized)[..3], [2.1, 4.1, 6.1]);
    // 45/s against 100/s; units 1 to 8 have the same limit, so it is the eleventh, 132/s, that is below 35 %.
    let throttle =
        busy("", "[scaling.policy.scale_up]\nthrottle = \"35 %\"\ncheck_every = \"1 h\"\ndelay = \"6 min\"\n");
    assert_eq!(hours(&throttle, MarkKind::StampResized), [1.1]);
    assert_eq!(figure(&throttle, "hub_units{stat=end}"), 11.0);
    let neither = busy("", "[scaling.policy.scale_up]\nthrottle = \"50 %\"\n");
    assert!(hours(&neither, MarkKind::StampResized).is_empty());
}

#[test]
fn servers_are_added_while_processing_is_busy_and_paid_for_from_then_on() {
    let processing = |rule: &str| {
        format!(
            "processing = {{ servers = 1, service = \"20 ms\", price = {{ name = \"functions.ep1.instance_month\" }}, \
             scale = {{ servers_max = 4, check_every = \"30 min\", delay = \"6 min\", {rule} }} }}"
        )
    };
    let result = busy(&processing("utilisation = \"80 %\""), "");
    assert_eq!(hours(&result, MarkKind::StampResized), [0.6], "90 % of one server, 45 % of two");
    assert_eq!(figure(&result, "processing_servers{stat=end}"), 2.0);
    let paid = 157.72 * (0.6 + 9.4 * 2.0) / 10.0;
    near(figure(&result, "cost_usd_per_month{component=processing}"), paid, 1e-4, "processing");
    let idle = busy(&processing("lag = \"10 s\""), "");
    assert_eq!(figure(&idle, "processing_servers{stat=max}"), 1.0, "90 % of use makes no such wait");
    let behind = busy(&processing("lag = \"10 s\"").replace("20 ms", "30 ms"), "");
    // 1.35 servers' worth of work: behind at once, and two do it.
    assert_eq!(figure(&behind, "processing_servers{stat=end}"), 2.0);
}

#[test]
fn a_hub_of_many_units_lets_events_and_flow_add_servers_alike() {
    let text = |how: &str| {
        let processing = "processing = { servers = 1, service = \"30 ms\", scale = { servers_max = 4, lag = \"10 s\", check_every = \"10 min\", delay = \"2 min\" } }";
        let parts = [stamps("weu-1", processing), cohort("meters", 90, "telemetry = { every = \"2 s\" }")];
        text(&format!("horizon = \"1 h\"\nwindow = \"10 min\"\ntelemetry = \"{how}\""), &parts.concat())
    };
    let added = |how: &str| hours(&ran(&text(how)), MarkKind::StampResized);
    assert_eq!(added("flow"), [0.2]);
    assert_eq!(added("events"), [0.2]);
}

#[test]
fn what_contradicts_itself_is_said_at_its_place() {
    let fine = side_by_side("horizon = \"40 d\"\ntick = \"1 h\"", "");
    let cases: [(&str, &str, &str, &str); 10] = [
        (
            "generation = 2",
            "generation = 3",
            "no stamp of ring `production` serves generation 3",
            "expected `1` or `2`",
        ),
        (
            "generation = 2",
            "generation = 2\nenrollment = { stamps = [\"old-1\"] }",
            "none of the enrollment's stamps takes generation 2",
            "`old-1`",
        ),
        (
            "",
            "[[features]]\nname = \"x\"\nstages = [{ at = \"1 h\", stamps = [\"old-3\"] }]",
            "unknown stamp `old-3`",
            "old-1",
        ),
        (
            "",
            "[[features]]\nname = \"x\"\nstages = [{ at = \"2 h\", stamps = [\"old-1\"] }, { at = \"1 h\", stamps = [\"old-2\"] }]",
            "a stage at 1 h after one at 2 h",
            "order of time",
        ),
        (
            "",
            "[[features]]\nname = \"x\"\nstages = [{ at = \"2 h\", stamps = [\"old-1\"] }]\nroll_back_at = \"1 h\"",
            "a roll-back at 1 h, but a stage at 2 h",
            "after the last stage",
        ),
        (
            "",
            "[[features]]\nname = \"x\"\ngeneration = 2\nbreaks = { slower = 2.0 }\nstages = [{ at = \"1 h\", stamps = [\"new-1\"] }]",
            "strike a whole hub",
            "`errors` alone",
        ),
        (
            "",
            "[[retirements]]\ngeneration = 7\nat = \"1 d\"\nover = \"2 d\"",
            "no cohort has generation 7",
            "`1` or `2`",
        ),
        ("", "[[retirements]]\ngeneration = 1\nat = \"1 d\"", "does not say how devices leave", "`over`"),
        (
            "",
            "[[changes]]\nat = \"1 d\"\nkind = { set_weight = { stamp = \"old-1\", weight = 0 } }",
            "an allocation weight of 0",
            "1 to 1000",
        ),
        (
            "",
            "[[changes]]\nat = \"1 d\"\nkind = { set_units = { stamp = \"old-1\", units = 201 } }",
            "201 units of S1",
            "1 to 200",
        ),
    ];
    assert!(loaded(&fine).is_ok());
    for (from, to, what, expected) in cases {
        let text = if from.is_empty() { format!("{fine}\n{to}\n") } else { fine.replacen(from, to, 2) };
        // The second occurrence is the cohort's; the stamps serve `generations = [2]`.
        let text = text.replace("generations = [3]", "generations = [2]");
        let said = loaded(&text).map_or_else(|said| said, |_| String::new());
        assert!(said.contains(what) && said.contains(expected), "{to}\nsays:\n{said}");
    }
}

#[test]
fn a_promotion_to_a_ring_that_does_not_serve_the_generation_fails_and_is_foretold() {
    let parts = [
        stamps("test-1", "ring = \"test\""),
        stamps("weu-1", "generations = [1]"),
        cohort("old", 50, ""),
        cohort("new", 30, "ring = \"test\"\ngeneration = 2"),
        "[[moves]]\nat = \"10 min\"\nkind = { promote = { from_ring = \"test\", to_ring = \"production\" } }\n"
            .to_owned(),
    ];
    let text = text("horizon = \"1 h\"", &parts.concat());
    let scenario = loaded(&text).expect("a scenario that DPS would accept");
    let warned: Vec<String> = scenario.warnings.iter().map(ToString::to_string).collect();
    assert!(warned.iter().any(|said| said.contains("no stamp of that ring serves generation 2")), "{warned:?}");
    let result = ran(&text);
    assert_eq!(figure(&result, "devices_failed"), 30.0);
    assert!(figure(&result, "registrations_failed{cause=no_stamp}") >= 30.0);
}

#[test]
fn a_webhook_that_cannot_be_is_said() {
    let cases = [
        ("timeout = \"0 s\"", "a time limit of zero"),
        ("by = { custom = {} }", "one webhook too many"),
        ("rules = [{ cohort = \"gold\" }]", "a rule without stamps"),
        ("rules = [{ cohort = \"golden\", stamps = [\"a\"] }]", "unknown cohort `golden`"),
        ("rules = [{ stamps = [\"c\"] }]", "unknown stamp `c`"),
        ("by = { static = { stamp = \"c\" } }", "unknown stamp `c`"),
    ];
    for (hook, what) in cases {
        let said = loaded(&hooked("", hook)).map_or_else(|said| said, |_| String::new());
        assert!(said.contains(what), "{hook}\nsays:\n{said}");
    }
}
