//! Moves against what can be told by hand: how long they take, who goes first, what a guard does, where devices and users end
//! up, and what is said of moves that contradict each other or lead nowhere.

#![expect(clippy::float_cmp, reason = "counts of devices and pauses are whole numbers, which sums keep exactly")]

use std::path::Path;

use stampsim::experiment::ScenarioResult;
use stampsim::metrics::MeasureKey;
use stampsim::scenario::{Scenario, load_text};

use super::support::run;

/// 1,200 devices of two cohorts on a test stamp; a production stamp of one unit takes 100 identities a minute. No
/// randomness of the network, so a device needs 2 s: it polls DPS once.
const FLEET: &str = r#"question = "How long?"
[run]
horizon = "2 h"
replications = 1
window = "1 min"
[network]
device_to_hub = "0 s"
device_to_dps = "0 s"
[dps]
assignment = "0 s"
[[stamps]]
name = "test"
region = "westeurope"
ring = "test"
capacity = 2_000
hub = { edition = "S1", units = 10 }
[[stamps]]
name = "production"
region = "westeurope"
capacity = 2_000
hub = { edition = "S1", units = 1 }
[[cohorts]]
name = "dear"
devices = 600
ring = "test"
value = 10
first_attempt = "0 s"
registration_delay = "0 s"
[[cohorts]]
name = "cheap"
devices = 600
ring = "test"
first_attempt = "0 s"
registration_delay = "0 s"
"#;

const PROMOTION: &str = r#"[[moves]]
name = "promotion"
at = "10 min"
pace = "600/min"
[moves.kind.promote]
from_ring = "test"
to_ring = "production"
"#;

/// The same fleet in one ring, with users.
fn full_stamps(users: &str) -> ScenarioResult {
    ran(&format!("{}{users}", FLEET.replace("ring = \"test\"\n", "")))
}

fn loaded(text: &str) -> Result<Scenario, String> {
    let all = load_text("moves", text, Path::new("."), &[]);
    all.map_err(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn ran(text: &str) -> ScenarioResult {
    let result = run(loaded(text).unwrap_or_else(|problems| panic!("{problems}\n{text}")), Some(1));
    assert!(result.failures.is_empty(), "{:?}", result.failures);
    result
}

fn found(result: &ScenarioResult, key: &str) -> Option<f64> {
    let values = &result.observations[0].values;
    values.iter().find(|(k, _)| k.to_string() == key).map(|(_, value)| *value)
}

fn figure(result: &ScenarioResult, key: &str) -> f64 {
    let keys = || result.observations[0].values.keys().map(MeasureKey::to_string).collect::<Vec<_>>();
    found(result, key).unwrap_or_else(|| panic!("no {key} in {:?}", keys()))
}

/// Last window of the utilisation of a stamp.
fn last_utilisation(result: &ScenarioResult, stamp: &str) -> f64 {
    let key = MeasureKey::new("stamp_utilisation_ratio").with("stamp", stamp);
    *result.observations[0].series[&key].last().expect("a run has windows")
}

fn near(found: f64, expected: f64, margin: f64, what: &str) {
    assert!((found - expected).abs() <= margin, "{what}: {found}, expected {expected} +- {margin}");
}

/// 1,200 identities at 100/min are 12 min, of which the first minute is saved credit: 660 s, and 2 s for the last device.
#[test]
fn a_promotion_takes_its_floor_and_the_steps_of_one_device() {
    let result = ran(&format!("{FLEET}{PROMOTION}"));
    let floor = figure(&result, "move_floor_s{move=promotion}");
    near(floor, 660.0, 1e-6, "the registry");
    near(figure(&result, "move_duration_s{move=promotion}"), floor + 2.0, 2.0, "the move");
    assert_eq!(figure(&result, "move_devices{move=promotion state=arrived}"), 1_200.0);
    let peak = figure(&result, "move_peak_utilisation_ratio{limit=registry move=promotion stamp=production}");
    // All of 600 evictions in a minute meet a limit of 100: the throttle takes its places ahead.
    near(peak, 6.0, 0.05, "the fullest minute of the registry");
}

#[test]
fn what_an_import_job_made_ready_takes_no_turn_at_the_registry() {
    let prewarm = PROMOTION.replace("pace =", "prewarm = { identities = true }\npace =");
    let result = ran(&format!("{FLEET}{prewarm}"));
    // 1,200 at 600/min: the last is evicted after 119.9 s.
    near(figure(&result, "move_floor_s{move=promotion}"), 119.9, 1e-6, "the pace");
    near(figure(&result, "move_duration_s{move=promotion}"), 121.9, 0.2, "the move");
    assert_eq!(found(&result, "move_peak_utilisation_ratio{limit=registry move=promotion stamp=production}"), None);
    assert_eq!(last_utilisation(&result, "production"), 0.6);
}

#[test]
fn a_move_paced_by_throttles_uses_its_share_of_them_and_nobody_waits() {
    let result = ran(&format!("{FLEET}{PROMOTION}[moves.pacing.by_throttles]\nshare = 0.75\n"));
    let peak = figure(&result, "move_peak_utilisation_ratio{limit=registry move=promotion stamp=production}");
    near(peak, 0.75, 0.011, "the fullest minute of the registry");
    near(figure(&result, "move_duration_s{move=promotion}"), 1_200.0 / 75.0 * 60.0, 3.0, "75 a minute");
    assert!(figure(&result, "move_downtime_s{move=promotion stat=max}") < 2.1, "no device waits for another");
}

/// The devices of a cohort that have left its first endpoint are what its users are split from.
#[test]
fn the_least_valuable_go_first_and_a_list_of_cohorts_is_followed() {
    let users = |cohort: &str| {
        format!(
            "[[users]]\nname = \"{cohort}\"\nusers = 10\ncohort = \"{cohort}\"\nendpoints = [\"test\", \"production\"]\n"
        )
    };
    let text = |order: &str| {
        let half_way = FLEET.replace("horizon = \"2 h\"", "horizon = \"11 min\"");
        let moves =
            format!("{PROMOTION}[moves.order.{order}\n").replace("pace =", "prewarm = { identities = true }\npace =");
        format!("{half_way}{moves}{}{}", users("dear"), users("cheap"))
    };
    let split =
        |result: &ScenarioResult, of: &str| figure(result, &format!("split_population_ratio{{stat=end users={of}}}"));
    let by_value = ran(&text("by_value]"));
    assert!(split(&by_value, "cheap") > 0.95 && split(&by_value, "dear") == 0.0);
    let listed = ran(&text("by_cohort]\ncohorts = [\"dear\"]"));
    assert!(split(&listed, "dear") > 0.95 && split(&listed, "cheap") == 0.0);
    let random = ran(&text("random]"));
    near(split(&random, "dear"), 0.5, 0.1, "a draw takes both alike");
}

const OUTAGE: &str = "[[faults]]\nname = \"dps\"\nat = \"15 min\"\nfor = \"10 min\"\n[faults.cause.dps_outage]\n";
const GUARD: &str =
    "[moves.guard]\npause_if = { down = \"2 %\" }\nresume_if = { down = \"0 %\" }\ndown_for = \"30 s\"\n";

/// 12 devices a minute; DPS is silent from minute 15 on. After 30 s and 24 more devices of 1,200 the guard pauses the move.
#[test]
fn a_guard_pauses_while_devices_are_down_and_the_pace_goes_on_after_it() {
    let slow = PROMOTION.replace("600/min", "12/min");
    let plain = ran(&format!("{FLEET}{slow}{OUTAGE}"));
    let guarded = ran(&format!("{FLEET}{slow}{GUARD}{OUTAGE}"));
    near(figure(&plain, "devices_unavailable{stat=max}"), 120.0, 2.0, "ten minutes of evictions");
    let most = figure(&guarded, "devices_unavailable{stat=max}");
    assert!((30.0..=37.0).contains(&most), "{most} devices are out at most");
    assert_eq!(figure(&guarded, "move_pauses{move=promotion}"), 1.0);
    let paused = figure(&guarded, "move_paused_s{move=promotion}");
    assert_eq!(paused % 30.0, 0.0, "a pause lasts from a look to a look: {paused}");
    let lengths = [&plain, &guarded].map(|run| figure(run, "move_duration_s{move=promotion}"));
    near(lengths[1] - lengths[0], paused, 5.0, "a pause makes the move longer by its length");
}

#[test]
fn a_move_that_is_given_up_leaves_the_rest_and_goes_back_if_it_should() {
    let slow = PROMOTION.replace("600/min", "12/min");
    let abort = format!("{GUARD}abort_after = {{ pauses = 0 }}\n");
    let stays = ran(&format!("{FLEET}{slow}{abort}{OUTAGE}"));
    let evicted = figure(&stays, "move_devices{move=promotion}");
    assert!((90.0..=100.0).contains(&evicted), "{evicted} devices were evicted");
    near(last_utilisation(&stays, "production"), evicted / 2_000.0, 1e-9, "those stay where they came to");
    let back = ran(&format!("{FLEET}{slow}{abort}roll_back = true\nroll_back_after = \"15 min\"\n{OUTAGE}"));
    assert_eq!(figure(&back, "move_devices{move=promotion state=rolled_back}"), evicted);
    assert_eq!(figure(&back, "move_devices{move=promotion-back}"), evicted);
    assert_eq!((last_utilisation(&back, "production"), last_utilisation(&back, "test")), (0.0, 0.6));
    let at_once = ran(&format!("{FLEET}{slow}{abort}roll_back = true\n{OUTAGE}"));
    assert_eq!((last_utilisation(&at_once, "production"), last_utilisation(&at_once, "test")), (0.0, 0.6));
}

/// A stamp that was evacuated is closed; when the move is rolled back it is open again, and its devices stay on it.
#[test]
fn an_evacuation_that_is_given_up_opens_its_stamp_again() {
    let fleet = FLEET.replace("ring = \"test\"\n", "");
    let evacuation =
        "[[moves]]\nname = \"out\"\nat = \"10 min\"\npace = \"12/min\"\n[moves.kind.evacuate]\nstamp = \"test\"\n";
    let before = last_utilisation(&ran(&fleet), "test");
    let guard = format!("{GUARD}abort_after = {{ pauses = 0 }}\nroll_back = true\n");
    let result = ran(&format!("{fleet}{evacuation}{guard}{OUTAGE}"));
    assert!(figure(&result, "move_devices{move=out state=rolled_back}") > 0.0);
    assert_eq!(last_utilisation(&result, "test"), before);
}

/// 900, 250 and 50 devices on stamps of 1,000: the mean is 400, the band of 10 % is 360 to 440. 460 lie above it, and 110 + 310
/// are missing below it.
#[test]
fn a_goal_of_balance_moves_as_few_devices_as_can_be() {
    let stamp = |i: u8| {
        format!(
            "[[stamps]]\nname = \"s{i}\"\nregion = \"westeurope\"\ncapacity = 1_000\nhub = {{ edition = \"S1\", units = 5 }}\n"
        )
    };
    let stamps = [1, 2, 3].map(stamp).concat();
    let cohort = |i: u8, n: u32| {
        format!("[[cohorts]]\nname = \"c{i}\"\ndevices = {n}\nenrollment = {{ stamps = [\"s{i}\"] }}\n")
    };
    let goal = "[[moves]]\nname = \"balance\"\nat = \"5 min\"\n[moves.kind.rebalance]\ngoal = { within = \"10 %\" }\n";
    let fleet = format!(
        "question = \"How few?\"\n[run]\nhorizon = \"1 h\"\nreplications = 1\n{stamps}{}{}{}{goal}",
        cohort(1, 900),
        cohort(2, 250),
        cohort(3, 50)
    );
    let result = ran(&fleet);
    assert_eq!(figure(&result, "move_devices{move=balance}"), 460.0);
    for stamp in ["s1", "s2", "s3"] {
        let held = last_utilisation(&result, stamp);
        assert!((0.36..=0.44).contains(&held), "{stamp} is {held} full");
    }
}

#[test]
fn users_go_when_their_share_of_the_devices_has_arrived() {
    let users = "[[users]]\nname = \"people\"\nusers = 50\ncohort = \"dear\"\nendpoints = [\"test\", \"production\"]\n\
                 [users.routing.instant_switch]\n";
    let followed = |after: &str| {
        let moves = PROMOTION.replace(
            "pace = \"600/min\"",
            &format!("pace = \"60/min\"\nusers = {{ population = \"people\", after = \"{after}\" }}"),
        );
        ran(&format!("{FLEET}{moves}{users}"))
    };
    let most = |result: &ScenarioResult| figure(result, "split_population_ratio{stat=max users=people}");
    let (half, all) = (followed("50 %"), followed("100 %"));
    near(most(&half), 0.5, 0.06, "both are half-way");
    assert_eq!(most(&all), 1.0, "all devices are gone before the users are");
    for result in [&half, &all] {
        assert_eq!(figure(result, "split_population_ratio{stat=end users=people}"), 0.0);
        assert_eq!(figure(result, "time_to_move_users_s{share=100 % switch=people to production}"), 0.0);
    }
}

/// Weights of 3 to 1 put three quarters of the users on the first endpoint; when it fails all are on the other, and after it
/// is back everyone is where it was.
#[test]
fn users_are_spread_by_weight_over_the_endpoints_that_work() {
    let users = "[[users]]\nname = \"people\"\nusers = 4_000\nendpoints = [\"test\", \"production\"]\n\
                 [users.routing.traffic_manager]\nweights = [3, 1]\ninterval = \"10 s\"\ntolerated_failures = 0\nttl = \"10 s\"\n";
    let fault = "[[faults]]\nname = \"front\"\nat = \"30 min\"\nfor = \"30 min\"\n[faults.cause.front_end_outage]\nstamp = \"test\"\n";
    let result = full_stamps(&format!("{users}{fault}"));
    let key = MeasureKey::new("users_on_stamp_ratio").with("stamp", "test");
    let on = &result.observations[0].series[&key];
    // A share of 4,000 draws of 3/4: 0.75 +- 0.027 is four standard deviations; it fails by chance once in 16,000 seeds.
    near(on[10], 0.75, 0.027, "before the fault");
    assert_eq!((on[40], on[119]), (0.0, on[10]));
    let switch = users.replace("endpoints", "switches = [{ at = \"20 min\", to = \"production\" }]\nendpoints");
    let result = full_stamps(&switch);
    assert_eq!(result.observations[0].series[&key][119], 0.0, "an operator's priority ends the weights");
}

/// 4,000 users ask each 60 s: in 2 h 480,000 queries of 0.54 per million; two endpoints at 0.36 a month, or 1.36 when fast.
#[test]
fn queries_and_probed_endpoints_are_billed_where_that_is_asked_for() {
    let bill = |routing: &str| {
        let users = format!(
            "[[users]]\nname = \"people\"\nusers = 4_000\nendpoints = [\"test\", \"production\"]\n[users.routing.traffic_manager]\n{routing}"
        );
        found(&full_stamps(&users), "cost_usd_per_month{component=traffic_manager}")
    };
    let month = 730.0 / 2.0;
    near(bill("bill = \"azure_endpoints\"\n").expect("a bill"), 0.48 * 0.54 * month + 2.0 * 0.36, 1e-3, "USD a month");
    let fast = bill("bill = \"azure_endpoints\"\ninterval = \"10 s\"\n").expect("a bill");
    near(fast, 0.48 * 0.54 * month + 2.0 * 1.36, 1e-3, "USD a month with fast probes");
    assert_eq!(bill(""), None);
}

/// Changes of a good scenario, and what is said of each.
#[test]
fn moves_that_cannot_work_are_refused_with_a_reason() {
    let users = "[[users]]\nname = \"people\"\nusers = 10\nendpoints = [\"test\", \"production\"]\n";
    let rebalance = |to: &str, at: &str| {
        format!("[[moves]]\nname = \"to-{to}\"\nat = \"{at}\"\n[moves.kind.rebalance]\nto = \"{to}\"\n")
    };
    let third = "[[stamps]]\nname = \"other\"\nregion = \"westeurope\"\ncapacity = 900\nhub = { edition = \"S1\" }\n";
    let evacuate = "[[moves]]\nname = \"out\"\nat = \"5 min\"\n[moves.kind.evacuate]\nstamp = \"other\"\n";
    let closed = third.replace("\"S1\"", "\"S1\", takes_devices = false");
    let second =
        PROMOTION.replace("\"promotion\"", "\"again\"").replace("to_ring = \"production\"", "to_ring = \"later\"");
    let later = third.replace("name = \"other\"", "name = \"other\"\nring = \"later\"");
    let cases = [
        (format!("{PROMOTION}[moves.guard]\npause_if = {{}}\n"), "a guard that can never fire"),
        (format!("{PROMOTION}[moves.guard]\npause_if = {{ failed_calls = 0.1 }}\n"), "nobody calls a device"),
        (format!("{PROMOTION}{GUARD}roll_back = true\n"), "a move that is never given up is never rolled back"),
        (format!("{PROMOTION}[moves.order.by_cohort]\ncohorts = [\"deer\"]\n"), "unknown cohort `deer`"),
        (format!("{PROMOTION}[moves.order.by_ring]\nrings = []\n"), "an order by ring that lists none"),
        (format!("{PROMOTION}[moves.pacing.by_throttles]\nshare = 0\n"), "a share of zero of a limit"),
        (format!("{PROMOTION}[moves.prewarm]\ncache = true\n"), "no cache that could be told"),
        (format!("{PROMOTION}[moves.users]\npopulation = \"peopel\"\n{users}"), "did you mean `people`?"),
        (
            format!("{PROMOTION}[moves.users]\npopulation = \"people\"\nto = \"tset\"\n{users}"),
            "unknown endpoint `tset`",
        ),
        (format!("{PROMOTION}{later}{second}"), "it begins with `promotion`, which sends the same devices elsewhere"),
        (format!("{closed}{}", rebalance("other", "5 min")), "`other` takes no devices"),
        (format!("{third}{evacuate}{}", rebalance("other", "6 min")), "`other` is evacuated by `out` before"),
        (rebalance("production", "5 min").replace("to = \"production\"\n", ""), "a rebalance without an aim"),
        (
            rebalance("production", "5 min").replace("to = \"production\"", "goal = { within = \"5 %\" }"),
            "ring `production` has 1 stamp(s)",
        ),
        (
            format!("{third}{}", rebalance("other", "5 min") + "goal = { within = \"5 %\" }\n"),
            "a stamp and a goal at once",
        ),
        ("value = -1\n".to_owned(), "a value of -1"),
    ];
    let shut = FLEET.replace("units = 1 }", "units = 1, takes_devices = false }");
    let problems = loaded(&format!("{shut}{PROMOTION}")).expect_err("nobody takes the devices");
    assert!(problems.contains("no stamp that the devices could come to takes any"), "{problems}");
    for (change, said) in cases {
        let text = format!("{FLEET}{change}");
        let problems = loaded(&text).err().unwrap_or_else(|| panic!("accepted: {change}"));
        assert!(problems.contains(said), "{change}\n{problems}");
    }
}

/// Azure takes the enrollments of more devices than the hubs hold, and fails the registrations: so does the run, after a
/// warning.
#[test]
fn a_move_to_stamps_that_are_too_small_is_warned_of() {
    let warned = |text: &str| {
        let scenario = loaded(text).unwrap_or_else(|problems| panic!("{problems}"));
        scenario.warnings.iter().map(ToString::to_string).collect::<String>()
    };
    assert_eq!(warned(&format!("{FLEET}{PROMOTION}")), "");
    let small = FLEET.replace(
        "capacity = 2_000\nhub = { edition = \"S1\", units = 1 }",
        "capacity = 1_000\nhub = { edition = \"S1\" }",
    );
    assert!(warned(&format!("{small}{PROMOTION}")).contains("1200 devices after the move, on stamps planned for 1000"));
    assert_eq!(warned(&format!("{small}{PROMOTION}[moves.select]\nshare = 0.5\n")), "");
    assert!(
        warned(&format!("{FLEET}{PROMOTION}[moves.order.by_ring]\nrings = [\"test\"]\n")).contains("orders nothing")
    );
}

/// 60 devices a minute, all out by minute 30; DPS is silent from 30 s before, so 2.5 % of the devices are down and the guard
/// pauses a move that has nobody left to evict. It is over with its last device, and the pause with it.
#[test]
fn a_pause_ends_with_its_move() {
    let slow = PROMOTION.replace("600/min", "60/min");
    let outage = OUTAGE.replace("15 min", "1770 s");
    let result = ran(&format!("{FLEET}{slow}{GUARD}{outage}"));
    assert_eq!(figure(&result, "move_pauses{move=promotion}"), 1.0);
    let [length, paused] =
        ["move_duration_s", "move_paused_s"].map(|name| figure(&result, &format!("{name}{{move=promotion}}")));
    let looks = (length - paused) / 30.0;
    near(looks, looks.round(), 1e-6, "the pause begins at a look and ends with the move");
    assert!(paused > 500.0 && paused < length, "{paused} s of {length} s");
}

/// The units of the target change when the move is over: neither its floor nor its fullest minute does.
#[test]
fn figures_of_a_move_know_the_limits_that_it_met() {
    let of = |text: &str| {
        let result = ran(&format!("{}{PROMOTION}{text}", FLEET.replace("units = 1 }", "units = 5 }")));
        let peak = "move_peak_utilisation_ratio{limit=registry move=promotion stamp=production}";
        [peak, "move_floor_s{move=promotion}", "move_duration_s{move=promotion}"].map(|key| figure(&result, key))
    };
    let units = |n: u8| {
        format!("[[changes]]\nat = \"90 min\"\n[changes.kind.set_units]\nstamp = \"production\"\nunits = {n}\n")
    };
    let before = of("");
    assert!(before[1] <= before[2], "floor and length: {before:?}");
    assert_eq!((of(&units(1)), of(&units(20))), (before, before));
}

/// 600 devices on one of two stamps of 1,000, and a spare that takes none: 300 move, as if the spare were not there.
#[test]
fn a_spare_is_no_part_of_the_mean_that_a_rebalance_comes_to() {
    let stamp = |name: &str, more: &str| {
        format!(
            "[[stamps]]\nname = \"{name}\"\nregion = \"westeurope\"\ncapacity = 1_000\nhub = {{ edition = \"S1\", units = 5{more} }}\n"
        )
    };
    let stamps = [stamp("a", ""), stamp("b", ""), stamp("spare", ", takes_devices = false")].concat();
    let result = ran(&format!(
        "question = \"How many?\"\n[run]\nhorizon = \"1 h\"\nreplications = 1\n{stamps}\
         [[cohorts]]\nname = \"c\"\ndevices = 600\nenrollment = {{ stamps = [\"a\"] }}\n\
         [[moves]]\nname = \"level\"\nat = \"5 min\"\n[moves.kind.rebalance]\nto = \"b\"\n"
    ));
    assert_eq!(figure(&result, "move_devices{move=level}"), 300.0);
}

/// Devices of generation 1 on a stamp of it; the other two are empty, and one of them serves only generation 2.
#[test]
fn a_goal_of_balance_sends_nobody_to_a_stamp_that_does_not_serve_it() {
    let stamp = |name: &str, generation: u8| {
        format!(
            "[[stamps]]\nname = \"{name}\"\nregion = \"westeurope\"\ncapacity = 1_000\ngenerations = [{generation}]\n\
             hub = {{ edition = \"S1\", units = 5 }}\n"
        )
    };
    let stamps = [stamp("a", 1), stamp("b", 1), stamp("new", 2)].concat();
    let result = ran(&format!(
        "question = \"Where to?\"\n[run]\nhorizon = \"1 h\"\nreplications = 1\n{stamps}\
         [[cohorts]]\nname = \"old\"\ndevices = 900\ngeneration = 1\nenrollment = {{ stamps = [\"a\"] }}\n\
         [[moves]]\nname = \"balance\"\nat = \"5 min\"\n[moves.kind.rebalance]\ngoal = {{ within = \"0 %\" }}\n"
    ));
    assert_eq!(figure(&result, "move_devices{move=balance}"), 300.0);
    assert_eq!(["a", "b", "new"].map(|stamp| last_utilisation(&result, stamp)), [0.6, 0.3, 0.0]);
}

/// The stamp that is evacuated fails, which ends the evacuation: nobody is sent back to it, and nobody is evicted twice.
#[test]
fn nobody_goes_back_to_a_home_that_is_down() {
    let fleet = FLEET.replace("ring = \"test\"\n", "");
    let evacuation =
        "[[moves]]\nname = \"out\"\nat = \"10 min\"\npace = \"12/min\"\n[moves.kind.evacuate]\nstamp = \"test\"\n";
    let guard = format!("{GUARD}abort_after = {{ pauses = 0 }}\nroll_back = true\n");
    let fault =
        "[[faults]]\nname = \"source\"\nat = \"15 min\"\nfor = \"30 min\"\n[faults.cause.dead_hub]\nstamp = \"test\"\n";
    let result = ran(&format!("{fleet}{evacuation}{guard}{fault}"));
    assert!(figure(&result, "move_devices{move=out}") > 0.0);
    assert_eq!(figure(&result, "move_devices{move=out state=rolled_back}"), 0.0);
    assert_eq!(found(&result, "move_devices{move=out-back}").unwrap_or(0.0), 0.0);
}

/// Users by weight followed the devices; the move is given up and rolled back, and each is where it was.
#[test]
fn users_by_weight_get_their_weights_back() {
    let users = "[[users]]\nname = \"people\"\nusers = 400\nendpoints = [\"production\", \"test\"]\n\
                 [users.routing.traffic_manager]\nweights = [1, 3]\ninterval = \"10 s\"\ntolerated_failures = 0\nttl = \"10 s\"\n";
    let slow = PROMOTION.replace("600/min", "12/min");
    let guard = format!("{GUARD}abort_after = {{ pauses = 0 }}\nroll_back = true\nroll_back_after = \"15 min\"\n");
    let follow = "[moves.users]\npopulation = \"people\"\nafter = \"2 %\"\nto = \"production\"\n";
    let result = ran(&format!("{FLEET}{slow}{follow}{guard}{OUTAGE}{users}"));
    let key = MeasureKey::new("users_on_stamp_ratio").with("stamp", "production");
    let on = &result.observations[0].series[&key];
    assert!(on[5] > 0.0 && on[5] < 0.5, "{} before", on[5]);
    assert_eq!((on[14], on[119]), (1.0, on[5]), "with the devices, and after the roll back");
}

#[test]
fn a_target_that_a_change_closed_before_is_refused_and_one_that_it_opened_is_not() {
    let rebalance = "[[moves]]\nat = \"20 min\"\n[moves.kind.rebalance]\nto = \"production\"\n";
    let takes = |at: &str, takes: bool| {
        format!(
            "[[changes]]\nname = \"c{takes}\"\nat = \"{at}\"\n[changes.kind.take_devices]\nstamp = \"production\"\ntakes = {takes}\n"
        )
    };
    let fleet = FLEET.replace("ring = \"test\"\n", "");
    let problems = loaded(&format!("{fleet}{rebalance}{}", takes("10 min", false))).expect_err("it is closed");
    assert!(problems.contains("`production` takes no devices since `cfalse`"), "{problems}");
    let open = [takes("10 min", false), takes("15 min", true)].concat();
    loaded(&format!("{fleet}{rebalance}{open}")).expect("it is open again");
    loaded(&format!("{fleet}{rebalance}{}", takes("30 min", false))).expect("it is closed later");
}

#[test]
fn evacuating_the_only_stamp_of_a_generation_is_warned_of() {
    let fleet = FLEET.replace("ring = \"test\"\n", "");
    let served = |production: &str| {
        let fleet = fleet.replace("name = \"test\"\n", "name = \"test\"\ngenerations = [1]\n");
        let fleet =
            fleet.replace("name = \"production\"\n", &format!("name = \"production\"\ngenerations = {production}\n"));
        let text = format!(
            "{}[[moves]]\nat = \"5 min\"\n[moves.kind.evacuate]\nstamp = \"test\"\n",
            fleet.replace("devices = 600\n", "devices = 600\ngeneration = 1\n")
        );
        let scenario = loaded(&text).unwrap_or_else(|problems| panic!("{problems}"));
        scenario.warnings.iter().map(ToString::to_string).collect::<String>()
    };
    assert!(served("[2]").contains("no other stamp takes devices of generation 1"), "{}", served("[2]"));
    assert!(!served("[1, 2]").contains("no other stamp"));
}
