//! Several DPS instances and the ways to them, against what can be told by hand; what fails when one is down, full or not linked;
//! an application that does not follow its devices; and what is said of scenarios that make no sense.

#![expect(clippy::float_cmp, reason = "counts of devices and calls are whole numbers, which sums keep exactly")]

use std::path::Path;

use stampsim::experiment::ScenarioResult;
use stampsim::scenario::{Scenario, load_text};

use super::support::run;

/// Devices that register at the start; all parts in time and none in chance, one operation of credit.
fn text(devices: u32, dps: &str, more: &str) -> String {
    format!(
        "question = \"When?\"\n[run]\nreplications = 1\nhorizon = \"4 h\"\n[network]\ndevice_to_hub = \"0 s\"\n\
         device_to_dps = \"0 s\"\n[[stamps]]\nname = \"weu-{{n}}\"\ncount = 2\nregion = \"westeurope\"\ncapacity = 50_000\n\
         routing = {{ tier = \"none\" }}\nhub = {{ edition = \"S3\", answer = \"0 s\" }}\n[[cohorts]]\nname = \"meters\"\ndevices = {devices}\nstart = \"new\"\n\
         first_attempt = \"0 s\"\nregistration_delay = \"0 s\"\nregions = {{ westeurope = 1.0 }}\n[dps]\nassignment = \"0 s\"\n\
         status = \"0 s\"\nregistrations = \"100/min\"\nregistration_shaping = {{ credit = \"0 s\", backlog = \"unlimited\", \
         backlog_timeout = \"unlimited\" }}\n{dps}\n{more}\n"
    )
}

const TWO: &str = "services = [{ name = \"a\" }, { name = \"b\" }]\n";
const FOUR: &str = "services = [{ name = \"a\" }, { name = \"b\" }, { name = \"c\" }, { name = \"d\" }]\n";

/// A stamp of another ring, and a device that lives there.
const TEST_RING: &str = "[[stamps]]\nname = \"test\"\nregion = \"westeurope\"\nring = \"test\"\ncapacity = 100\n\
    hub = { edition = \"S1\" }\n[[cohorts]]\nname = \"pilots\"\ndevices = 1\nring = \"test\"\n";

fn loaded(text: &str) -> Result<Scenario, String> {
    let all = load_text("dps", text, Path::new("."), &[]);
    all.map_err(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn ran(text: &str) -> ScenarioResult {
    let result = run(loaded(text).unwrap_or_else(|problems| panic!("{problems}\n{text}")), Some(1));
    assert!(result.failures.is_empty(), "{:?}", result.failures);
    result
}

fn find(result: &ScenarioResult, key: &str) -> Option<f64> {
    result.observations[0].values.iter().find(|(k, _)| k.to_string() == key).map(|(_, value)| *value)
}

fn figure(result: &ScenarioResult, key: &str) -> f64 {
    let keys = || result.observations[0].values.keys().map(ToString::to_string).collect::<Vec<_>>();
    find(result, key).unwrap_or_else(|| panic!("no {key} in {:?}", keys()))
}

fn registrations(result: &ScenarioResult, names: &[&str]) -> Vec<f64> {
    names.iter().map(|name| figure(result, &format!("dps_registrations{{dps={name}}}"))).collect()
}

/// When the last device knew its hub [s].
fn last(result: &ScenarioResult) -> f64 {
    figure(result, "registration_latency_s{stat=max}")
}

fn near(found: f64, expected: f64, margin: f64, what: &str) {
    assert!((found - expected).abs() <= margin, "{what}: {found}, expected {expected} +- {margin}");
}

const WEB_API: &str = "[dps.topology.web_api]\nround_trip = \"0 s\"\n";
const PROXY: &str = "[dps.topology.proxy]\nround_trip = \"0 s\"\nto_dps = \"0 s\"\nstore = \"0 s\"\n";

#[test]
fn the_time_of_all_registrations_is_their_number_over_the_sum_of_the_limits() {
    let one = ran(&text(6_000, "", ""));
    // 6,000 at 100/min less the one of credit, and a poll after 2 s; a maximum is known to 0.2 %.
    near(last(&one), 3_602.0, 8.0, "one instance");
    let four = ran(&text(6_000, FOUR, &format!("{WEB_API}balance = \"fewest\"\n")));
    near(last(&four), 902.0, 3.0, "four instances");
    assert_eq!(registrations(&four, &["a", "b", "c", "d"]), [1_500.0; 4]);
    assert_eq!(figure(&four, "dps_imbalance_ratio"), 1.0);
    assert_eq!(figure(&four, "provisioning_api_requests{kind=device}"), 6_000.0);
}

/// What every instance accepted is what was billed, whatever refuses, fails or is asked twice.
#[test]
fn registrations_are_conserved_over_the_instances() {
    let shaping = "[[dps.services]]\nname = \"a\"\nregistrations = \"20/min\"\n[[dps.services]]\nname = \"b\"\nregistrations_max = 700\n";
    let two = text(2_000, "failed_retry = \"10 min\"\n", shaping);
    let two = ran(&two.replace("backlog = \"unlimited\"", "backlog = \"0 s\""));
    let accepted: f64 = registrations(&two, &["a", "b"]).iter().sum();
    let operations: f64 = ["a", "b"].map(|dps| figure(&two, &format!("dps_operations{{dps={dps}}}"))).iter().sum();
    assert_eq!(accepted, operations, "nobody looks up");
    let hours = 4.0;
    let billed = accepted / 1_000.0 * 0.123 / hours * 730.0;
    near(figure(&two, "cost_usd_per_month{component=dps}"), billed, 1e-6, "the bill");
    assert!(figure(&two, "dps_refused_ratio{dps=a}") > 0.5);
    assert_eq!(figure(&two, "dps_utilisation_ratio{dps=b limit=held stat=max}"), 1.0);
    // The hash gives b about 1,000 devices, of which it holds 700; the rest is refused again and again.
    near(figure(&two, "devices_failed"), 300.0, 100.0, "those who find no room");
}

#[test]
fn named_instances_that_are_alike_do_what_equal_ones_did() {
    let (named, equal) = (ran(&text(2_000, TWO, "")), ran(&text(2_000, "instances = 2\n", "")));
    let figures = |result: &ScenarioResult| {
        let values = &result.observations[0].values;
        let known = values.iter().filter(|(key, _)| !key.name.starts_with("dps_")).map(|(k, v)| (k.to_string(), *v));
        known.collect::<Vec<_>>()
    };
    assert_eq!(figures(&named), figures(&equal));
    assert_eq!(find(&equal, "dps_imbalance_ratio"), None, "instances without names have no figures of their own");
}

#[test]
fn a_factory_doubles_the_registrations_of_new_devices_and_of_no_others() {
    let topology = "[dps.topology.factory]\nservice = \"a\"\n";
    let result = ran(&text(3_000, TWO, topology));
    assert_eq!(registrations(&result, &["a", "b"]), [3_000.0, 3_000.0]);
    near(last(&result), 1_800.0, 6.0, "both limits at once, two polls");
    assert_eq!(figure(&result, "devices_connected{stat=end}"), 3_000.0);
    // A device that is sent away by its hub asks its own instance, not the factory again.
    let moved = "[[moves]]\nat = \"1 h\"\npace = \"1000/min\"\nselect = { cohort = \"meters\" }\n[moves.kind.evacuate]\nstamp = \"weu-2\"\n";
    let again = ran(&text(3_000, TWO, &format!("{topology}{moved}")));
    assert_eq!(registrations(&again, &["a"]), [3_000.0]);
    assert!(registrations(&again, &["b"])[0] > 4_000.0);
}

#[test]
fn installers_bound_the_arrivals() {
    let topology = "[dps.topology.installer]\ninstallers = 4\ntime_each = \"10 min\"\n";
    let result = ran(&text(20, "", topology));
    near(figure(&result, "installation_wait_s{stat=max}"), 3_000.0, 6.0, "five rounds; a maximum is known to 0.2 %");
    assert_eq!(figure(&result, "installation_wait_s{stat=mean}"), 1_800.0);
    near(last(&result), 2.0, 2.5, "then DPS has nothing to do");
    assert_eq!(figure(&result, "devices_connected{stat=end}"), 20.0);
}

fn outage(dps: &str, topology: &str, cause: &str) -> ScenarioResult {
    let fault = format!("[[faults]]\nname = \"down\"\nat = \"0 s\"\nfor = \"never_ends\"\n[faults.cause.{cause}\n");
    ran(&text(1_000, dps, &format!("{topology}{fault}")))
}

#[test]
fn after_an_outage_an_api_sends_devices_elsewhere_and_a_scope_of_its_own_waits() {
    let struck = "dps_outage]\nservice = \"a\"\n";
    let direct = outage(TWO, "", struck);
    let [a, b] = registrations(&direct, &["a", "b"])[..] else { panic!("two instances") };
    assert_eq!(a, 0.0);
    near(b, 500.0, 80.0, "the half that the hash gave to the other; 80 are five deviations");
    assert_eq!(figure(&direct, "devices_connected{stat=end}"), b);
    for topology in [WEB_API, PROXY] {
        let result = outage(TWO, topology, struck);
        assert_eq!(registrations(&result, &["a", "b"]), [0.0, 1_000.0], "{topology}");
        assert_eq!(figure(&result, "devices_connected{stat=end}"), 1_000.0);
        let stays = outage(TWO, &format!("{topology}failover = false\n"), struck);
        near(figure(&stays, "devices_connected{stat=end}"), 500.0, 80.0, "an API that keeps to its choice");
    }
}

#[test]
fn without_the_api_new_devices_wait_and_scopes_that_are_kept_still_work() {
    let cause = "provisioning_api_outage]\n";
    for topology in [WEB_API, PROXY] {
        assert_eq!(figure(&outage(TWO, topology, cause), "devices_connected{stat=end}"), 0.0, "{topology}");
    }
    // Connected devices are sent away by their hub while the API is down: who keeps a scope registers all the same.
    let moved = "[[moves]]\nat = \"1 h\"\npace = \"1000/min\"\nselect = { cohort = \"meters\" }\n[moves.kind.evacuate]\nstamp = \"weu-2\"\n\
                 [[faults]]\nat = \"50 min\"\nfor = \"never_ends\"\n[faults.cause.provisioning_api_outage]\n";
    let end = |topology: &str| {
        let result = ran(&text(1_000, TWO, &format!("{topology}{moved}")));
        figure(&result, "devices_connected{stat=end}")
    };
    assert_eq!(end(WEB_API), 1_000.0);
    near(end(PROXY), 500.0, 80.0, "those who were on the target already");
}

#[test]
fn an_api_finds_room_where_an_instance_is_full() {
    let two = "services = [{ name = \"a\", registrations_max = 100 }, { name = \"b\" }]\n";
    let one = ran(&text(150, "services = [{ name = \"a\", registrations_max = 100 }]\n", ""));
    assert_eq!(figure(&one, "devices_failed"), 50.0);
    let api = ran(&text(1_000, two, WEB_API));
    assert_eq!((registrations(&api, &["b"])[0], figure(&api, "devices_failed")), (900.0, 0.0));
}

#[test]
fn an_instance_without_a_hub_of_the_ring_fails_registrations_and_check_says_so() {
    let linked = "services = [{ name = \"a\", stamps = [\"weu-{n}\"] }, { name = \"b\", stamps = [\"test\"] }]\n";
    let scenario = loaded(&text(1_000, linked, TEST_RING)).expect("Azure accepts it");
    let warned: Vec<String> = scenario.warnings.iter().map(ToString::to_string).collect();
    assert!(
        warned.iter().any(|w| w.contains("1 of 2 instances (`b`) are linked to no stamp of cohort `meters`")),
        "{warned:?}"
    );
    let result = run(scenario, Some(1));
    near(figure(&result, "devices_failed"), 500.0, 80.0, "the devices of b");
    let api = loaded(&text(1_000, linked, &format!("{WEB_API}{TEST_RING}"))).expect("an API looks for another");
    assert!(api.warnings.is_empty(), "{:?}", api.warnings);
    assert_eq!(figure(&run(api, Some(1)), "devices_failed"), 0.0);
}

/// Each instance is linked to the stamps of one generation: the API names one that can serve the device, and without an API
/// `check` says who cannot.
#[test]
fn an_api_looks_for_an_instance_that_serves_the_generation() {
    let linked = "services = [{ name = \"a\", stamps = [\"weu-{n}\"] }, { name = \"b\", stamps = [\"new\"] }]\n";
    let newer = "[[stamps]]\nname = \"new\"\nregion = \"westeurope\"\ncapacity = 1_000\ngenerations = [2]\n\
                 hub = { edition = \"S1\" }\n[[cohorts]]\nname = \"newer\"\ndevices = 30\ngeneration = 2\n";
    let with = |topology: &str| {
        let text = text(100, linked, &format!("{topology}{newer}"));
        loaded(&text.replacen("capacity = 50_000", "capacity = 50_000\ngenerations = [1]", 1)).expect("a scenario")
    };
    let bare: String = with("").warnings.iter().map(ToString::to_string).collect();
    assert!(bare.contains("1 of 2 instances (`b`) are linked to no stamp of cohort `meters`"), "{bare}");
    let api = run(with(WEB_API), Some(1));
    let end = |key: &str| figure(&api, key);
    assert_eq!(
        (end("devices_connected{stat=end}"), end("devices_failed"), end("registrations_failed")),
        (130.0, 0.0, 0.0)
    );
}

/// An enrollment that lists its stamps is served only by an instance that is linked to one of them.
#[test]
fn an_api_looks_for_an_instance_that_is_linked_to_the_list_of_the_enrollment() {
    let linked = "services = [{ name = \"a\", stamps = [\"weu-1\"] }, { name = \"b\", stamps = [\"weu-2\"] }]\n";
    let other = "[[cohorts]]\nname = \"other\"\ndevices = 1\n";
    let text = text(100, linked, &format!("{WEB_API}{other}")).replacen(
        "start = \"new\"",
        "start = \"new\"\nenrollment = { stamps = [\"weu-2\"] }",
        1,
    );
    let result = ran(&text);
    assert_eq!((figure(&result, "devices_failed"), figure(&result, "devices_connected{stat=end}")), (0.0, 101.0));
}

#[test]
fn a_promotion_to_a_ring_that_an_instance_is_not_linked_to_is_foretold_and_counted() {
    let linked = "services = [{ name = \"a\" }, { name = \"b\", stamps = [\"weu-{n}\"] }]\n";
    let promotion = "[[moves]]\nat = \"1 h\"\npace = \"600/min\"\n\
                     kind = { promote = { from_ring = \"production\", to_ring = \"test\" } }\n";
    let with = |topology: &str| text(60, linked, &format!("{topology}{TEST_RING}{promotion}"));
    let said =
        |text: &str| -> String { loaded(text).expect("a scenario").warnings.iter().map(ToString::to_string).collect() };
    let words = "DPS instance `b` is linked to no stamp of that ring";
    assert!(said(&with("")).contains(words) && !said(&with(WEB_API)).contains(words));
    let result = ran(&with(""));
    let failed = figure(&result, "registrations_failed{cause=no_stamp}");
    assert!(failed >= figure(&result, "devices_failed") && figure(&result, "devices_failed") > 10.0, "{failed}");
}

#[test]
fn a_failover_lasts_as_long_as_its_law_says() {
    let fault = "[[faults]]\nat = \"0 s\"\n[faults.cause.dps_failover]\nservice = \"a\"\nrto = \"30 min\"\n";
    let result = ran(&text(100, "services = [{ name = \"a\" }]\n", fault));
    let mark = &result.observations[0].marks[0];
    assert_eq!((mark.label.as_str(), mark.until.secs()), ("dps_failover-a", 1_800.0));
    let latency = last(&result);
    assert!((1_800.0..1_960.0).contains(&latency), "all ask again once it is back: {latency}");
    assert_eq!(figure(&result, "devices_connected{stat=end}"), 100.0);
}

/// Devices that are there from the start, are called each quarter of an hour, and are moved from one stamp to the other.
fn called(more: &str) -> ScenarioResult {
    let start = text(1_000, "", more).replace("start = \"new\"\n", "commands = { rate = \"4/h\" }\n");
    ran(&format!(
        "{start}[[moves]]\nname = \"m\"\nat = \"1 h\"\npace = \"1000/min\"\n[moves.kind.evacuate]\nstamp = \"weu-2\"\n"
    ))
}

#[test]
fn calls_break_after_a_move_unless_the_application_follows_or_learns_anew() {
    let failed = |result: &ScenarioResult| figure(result, "command_outcome_ratio{outcome=not_registered}");
    let (follows, learnt) = (called(""), called("[gateway]\nfollows = false\n"));
    assert_eq!(failed(&follows), 0.0);
    // Half of the devices are elsewhere for three of four hours.
    near(failed(&learnt), 0.375, 0.04, "calls to moved devices");
    assert_eq!(find(&learnt, "dps_lookup_rate_per_s{stat=mean}").unwrap_or(0.0), 0.0, "it asks nobody");
    assert_eq!(find(&learnt, "cache_miss_ratio"), None, "it has no cache");
    let daily = called("[gateway]\nfollows = false\nrefresh = \"2 h\"\n");
    near(failed(&daily), 0.125, 0.03, "for one of four hours");
}

#[test]
fn a_store_of_ones_own_is_neither_billed_nor_limited_nor_down_with_dps() {
    let fault = "[[faults]]\nat = \"30 min\"\nfor = \"3 h\"\n[faults.cause.dps_outage]\n";
    let of = |topology: &str| {
        let start = text(1_000, TWO, &format!("{topology}{fault}[gateway]\ncached = false\n"));
        ran(&start.replace("start = \"new\"\n", "commands = { rate = \"4/h\" }\n"))
    };
    let (direct, proxy) = (of(""), of(PROXY));
    let delivered = |result: &ScenarioResult| figure(result, "command_outcome_ratio{outcome=delivered}");
    near(delivered(&direct), 0.25, 0.02, "one of four hours");
    assert_eq!(delivered(&proxy), 1.0);
    assert_eq!(figure(&proxy, "dps_operations{dps=a}") + figure(&proxy, "dps_operations{dps=b}"), 0.0);
    assert_eq!(figure(&proxy, "provisioning_api_requests{kind=look_up}"), figure(&proxy, "commands"));
}

#[test]
fn what_an_api_costs_is_a_part_of_the_bill() {
    let price = "price = { name = \"appservice.p1v2.instance_hour\", quantity = 2 }\nrequest_price = \"functions.executions_1m\"\n";
    let result = ran(&text(1_000, TWO, &format!("{WEB_API}{price}")));
    let requests = 1_000.0 / 1e6 * 0.20 / 4.0 * 730.0;
    near(
        figure(&result, "cost_usd_per_month{component=provisioning_api}"),
        2.0 * 73.73 + requests,
        0.2,
        "two instances",
    );
}

#[test]
fn advice_says_who_must_follow_a_move() {
    let moved = "[[moves]]\nat = \"1 h\"\n[moves.kind.evacuate]\nstamp = \"weu-2\"\n";
    let calls = |text: String| text.replace("start = \"new\"\n", "commands = { rate = \"4/h\" }\n");
    let silent = loaded(&text(10, "", moved)).expect("fine");
    assert!(silent.advice[0].contains("a device-to-cloud only stamp suffices"), "{:?}", silent.advice);
    let learnt =
        loaded(&calls(text(10, "", &format!("[gateway]\nfollows = false\nrefresh = \"1 d\"\n{moved}")))).expect("fine");
    assert!(
        learnt.advice[0].contains("end as not_registered (404001) until the application learns"),
        "{:?}",
        learnt.advice
    );
    let follows = loaded(&calls(text(10, "", moved))).expect("fine");
    assert!(follows.advice.is_empty(), "{:?}", follows.advice);
}

#[test]
fn what_contradicts_itself_is_refused_at_its_place() {
    let eleven: Vec<String> = (0..11).map(|i| format!("{{ name = \"dps-{i}\" }}")).collect();
    let eleven = format!("services = [{}]\n", eleven.join(", "));
    let many = "[[stamps]]\nname = \"neu-{n}\"\ncount = 49\nregion = \"northeurope\"\ncapacity = 10\nhub = { edition = \"S1\" }\n";
    let growing = "[scaling]\ntemplate = \"weu-{n}\"\nstamps_max = 60\n[scaling.policy.threshold]\n";
    let cases = [
        (
            "instances = 2\nservices = [{ name = \"a\" }]\n",
            "",
            "both `instances` and `services` are given; expected one of the two",
        ),
        (eleven.as_str(), "", "11 instances of DPS; expected 1 to 10"),
        ("instances = 11\n", "", "11 instances of DPS; expected 1 to 10"),
        ("instances = 0\n", "", "0 instances of DPS; expected 1 to 10"),
        ("", many, "51 hubs linked to a DPS instance; expected at most 50"),
        (TWO, growing, "60 hubs linked to `a`; expected at most 50"),
        ("services = [{ name = \"a\" }, { name = \"a\" }]\n", "", "a second DPS instance `a`"),
        ("services = [{ name = \"a b\" }]\n", "", "contains ` `"),
        ("services = [{ name = \"a\", stamps = [\"weu-9\"] }]\n", "", "unknown stamp `weu-9`"),
        ("services = [{ name = \"a\", region = \"westeurop\" }]\n", "", "did you mean `westeurope`?"),
        ("services = [{ name = \"a\", registrations = \"0/min\" }]\n", "", "a limit of zero"),
        ("services = [{ name = \"a\", registrations_max = 0 }]\n", "", "holds no registration"),
        ("instances_max = 0\n", "", "a limit of zero; expected at least 1"),
        (TWO, "[dps.topology.factory]\nservice = \"c\"\n", "unknown DPS instance `c`"),
        (
            "services = [{ name = \"a\" }]\n",
            "[dps.topology.factory]\nservice = \"a\"\n",
            "no instance to send devices to",
        ),
        ("", "[dps.topology.installer]\ninstallers = 0\n", "no installers; expected at least 1"),
        ("", "[dps.topology.web_api]\nask_again_after = 0\n", "after no failed request; expected at least 1"),
        ("", "[dps.topology.web_api]\nlimit = \"0/min\"\n", "a limit of zero; expected a rate above zero"),
        ("", "[dps.topology.web_api]\nrequest_price = \"dps.operation_1k\"\n", "did you mean `dps.operations_1k`?"),
        (
            "",
            "[dps.topology.web_api]\nrequest_price = \"iothub.s1.unit_month\"\n",
            "expected a price by the number of requests",
        ),
        ("", "[dps.topology.web_apis]\n", "unknown topology `web_apis`"),
        (
            "",
            "[[faults]]\nat = \"1 h\"\nfor = \"1 h\"\n[faults.cause.dps_outage]\nservice = \"a\"\n",
            "unknown DPS instance `a`",
        ),
        (
            TWO,
            "[[faults]]\nat = \"1 h\"\nfor = \"1 h\"\n[faults.cause.dps_failover]\nservice = \"a\"\n",
            "a `dps_failover` with `for`; expected no `for`; its length is drawn from `rto`",
        ),
        (
            "",
            "[[faults]]\nat = \"1 h\"\nfor = \"1 h\"\n[faults.cause.provisioning_api_outage]\n",
            "no API stands in front of DPS",
        ),
        ("", "[gateway]\nrefresh = \"1 d\"\n", "the application follows its devices"),
        ("", "[gateway]\nfollows = false\nrefresh = \"0 s\"\n", "learning all the time"),
        ("", "[gateway]\nfollows = false\n[gateway.cache]\nttl = \"5 min\"\n", "the application looks nothing up"),
    ];
    for (dps, more, said) in cases {
        let problems = loaded(&text(10, dps, more)).expect_err(said);
        assert!(problems.contains(said), "{said}\n{problems}");
        assert!(!problems.contains(":1:1:"), "it names its place: {problems}");
    }
    for (dps, more) in [(eleven, ""), (String::new(), many), (TWO.to_owned(), growing)] {
        let raised = format!("{dps}instances_max = 20\nlinked_hubs_max = 100\n");
        loaded(&text(10, &raised, more)).expect("support raised it");
    }
}

#[test]
fn outages_of_one_instance_may_overlap_those_of_another_but_not_its_own() {
    let fault =
        |service: &str| format!("[[faults]]\nat = \"1 h\"\nfor = \"1 h\"\n[faults.cause.dps_outage]\n{service}");
    let both = |a: &str, b: &str| loaded(&text(10, TWO, &format!("{}{}", fault(a), fault(b))));
    assert!(both("service = \"a\"\n", "service = \"b\"\n").is_ok());
    assert!(both("service = \"a\"\n", "").expect_err("all of them").contains("on the same target"));
}
