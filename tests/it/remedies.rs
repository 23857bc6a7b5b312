//! Remedies beside other moves, and what is said of ones that help nobody; faults without number and without end.

use std::path::Path;

use stampsim::experiment::ScenarioResult;
use stampsim::scenario::{Scenario, load_text};

use super::support::run;

/// Two stamps of a ring for tests and one for production; 60 devices of the former.
const FLEET: &str = r#"
question = "What does it do to the fleet?"
[run]
horizon = "6 h"
replications = 1
[network]
device_to_hub = "0 s"
device_to_dps = "0 s"
[[stamps]]
name = "test-{n}"
count = 2
ring = "test"
region = "westeurope"
capacity = 100
hub = { edition = "S1" }
[[stamps]]
name = "weu"
region = "westeurope"
capacity = 100
hub = { edition = "S1" }
[[stamps]]
name = "spare"
region = "westeurope"
capacity = 100
hub = { edition = "S1", takes_devices = false }
[[cohorts]]
name = "pilots"
devices = 60
ring = "test"
regions = { westeurope = 1.0 }
[cohorts.retry.exponential]
cap = "10 s"
[[cohorts]]
name = "meters"
devices = 40
regions = { westeurope = 1.0 }
"#;

fn loaded(text: &str) -> Result<Scenario, String> {
    let all = load_text("remedies", text, Path::new("."), &[]);
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

fn outage(stamp: &str, remedy: &str) -> String {
    format!(
        "[[faults]]\nname = \"f\"\nat = \"30 min\"\nfor = \"2 h\"\ncause = {{ stamp_outage = {{ stamp = \"{stamp}\" }} }}\n\
         [faults.remediation.{remedy}\n"
    )
}

/// All devices of the test ring are promoted while the fault that moved some of them lasts: none is brought back.
#[test]
fn who_was_promoted_since_is_not_brought_back() {
    let promotion = "[[moves]]\nname = \"promotion\"\nat = \"1 h\"\npace = \"600/min\"\n\
                     kind = { promote = { from_ring = \"test\", to_ring = \"production\" } }\n";
    let fault = outage("test-1", "evacuate]\nfail_back = { after = \"10 min\" }");
    let back = |result: &ScenarioResult| find(result, "move_devices{move=evacuate-f-back}");
    assert!(back(&ran(&format!("{FLEET}{fault}"))).is_some_and(|devices| devices > 0.0));
    let promoted = ran(&format!("{FLEET}{fault}{promotion}"));
    assert_eq!(find(&promoted, "move_devices{move=promotion}"), Some(60.0));
    assert_eq!(back(&promoted), None);
    assert_eq!(find(&promoted, "devices_connected{stat=end}"), Some(100.0));
}

fn warned(text: &str) -> String {
    let scenario = loaded(text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    scenario.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_remedy_that_leaves_a_generation_without_a_stamp_is_foretold() {
    let fleet = FLEET.replace("name = \"test-{n}\"\ncount = 2", "name = \"test-1\"\ngenerations = [2]");
    let fleet = fleet.replace("ring = \"test\"\nregions", "ring = \"test\"\ngeneration = 2\nregions");
    let other = "[[stamps]]\nname = \"test-2\"\nring = \"test\"\nregion = \"westeurope\"\ncapacity = 100\nhub = { edition = \"S1\" }\n";
    let nobody = other.replace("capacity", "generations = [1]\ncapacity");
    let lost = "no other stamp takes the devices of cohort `pilots`, of generation 2";
    let evacuate = outage("test-1", "evacuate]");
    let said = warned(&format!("{fleet}{nobody}{evacuate}"));
    assert!(said.contains(lost) && said.contains("remedies.toml:"), "{said}");
    assert!(!warned(&format!("{fleet}{other}{evacuate}")).contains(lost));
    let spare = outage("test-1", "warm_spare]\nspare = \"spare\"");
    let refuses = "`spare` does not serve generation 2 of cohort `pilots`";
    let old = fleet.replace("name = \"spare\"", "name = \"spare\"\ngenerations = [1]");
    assert!(warned(&format!("{old}{nobody}{spare}")).contains(refuses));
    assert!(!warned(&format!("{fleet}{nobody}{spare}")).contains(refuses));
}

#[test]
fn more_occurrences_than_a_run_can_number_are_refused() {
    let drawn = |every: &str| {
        let text = FLEET.replace("horizon = \"6 h\"", "horizon = \"2 d\"");
        loaded(&format!(
            "{text}[[faults]]\ndrawn = {{ every = \"{every}\", repair = \"1 s\" }}\ncause = {{ dps_outage = {{}} }}\n"
        ))
    };
    let said = drawn("1 s").map_or_else(|said| said, |_| String::new());
    assert!(said.contains("about 86400 occurrences of faults in 2 d; expected at most 50000 in a run"), "{said}");
    assert!(drawn("3 s").is_ok());
}

#[test]
fn a_fault_that_strikes_nobody_is_refused() {
    for (fault, words) in [
        ("cause = { connections_lost = { share = 0.0 } }", "a share of zero, which breaks no connection"),
        ("cause = { zone_loss = { stamp = \"weu\", share = 0.0 } }", "a share of zero, which breaks no connection"),
    ] {
        let said =
            loaded(&format!("{FLEET}[[faults]]\nat = \"1 h\"\n{fault}\n")).map_or_else(|said| said, |_| String::new());
        assert!(said.contains(words), "{fault}\n{said}");
    }
    let wave = "for = \"1 h\"\ncause = { firmware_wave = { generation = 9 } }";
    let said = warned(&format!("{FLEET}[[faults]]\nat = \"1 h\"\n{wave}\n"));
    assert!(said.contains("no cohort has generation 9, so nothing restarts; expected `1`"), "{said}");
}

/// Longer than the rest of time from a few minutes on.
const FOR_EVER: &str = "213503982 d 8 h";

/// Lengths near the largest that there is never end, and break nothing.
#[test]
fn what_lasts_longer_than_time_never_ends() {
    let fault = outage("test-1", &format!("evacuate]\nfail_back = {{ after = \"{FOR_EVER}\" }}"));
    let endless = fault.replace("for = \"2 h\"", &format!("for = \"{FOR_EVER}\""));
    let unnoticed = outage("test-1", &format!("evacuate]\ndetection = \"{FOR_EVER}\""));
    let change = format!(
        "[[changes]]\nat = \"1 h\"\nkind = {{ set_units = {{ stamp = \"weu\", units = 2, delay = \"{FOR_EVER}\" }} }}\n"
    );
    for rest in [&fault, &endless, &unnoticed, &change] {
        let result = ran(&format!("{FLEET}{rest}"));
        assert_eq!(find(&result, "devices_connected{stat=end}"), Some(100.0), "{rest}");
        assert_eq!(find(&result, "move_devices{move=evacuate-f-back}"), None, "{rest}");
    }
    let asks = format!("[dps]\nfailed_retry = \"{FOR_EVER}\"\npoll = \"{FOR_EVER}\"\n");
    ran(&format!("{FLEET}{asks}"));
}
