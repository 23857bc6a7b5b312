//! `golden`: the shipped scenarios against their committed files, and what becomes of a change.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::cli::{Ended, Place, program};

/// Runs the program where no pipeline runs.
fn golden(place: &Place, words: &[&str]) -> Ended {
    let program =
        Command::new(program()).current_dir(place.path("")).env_remove("CI").arg("golden").args(words).output();
    Ended::of(&program.expect("the program starts"))
}

/// A place with a golden file of the small scenario at two replications.
fn accepted() -> Place {
    let place = Place::new();
    golden(&place, &["small.toml", "--replications", "2", "--accept"]).says(0, &[]);
    place
}

fn file(place: &Place) -> String {
    fs::read_to_string(place.path("golden/small.golden")).expect("a golden file")
}

#[test]
fn the_shipped_scenarios_come_to_their_golden_results() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let words = ["golden", "scenarios", "--dir", "tests/golden", "--progress", "none"];
    let output = Command::new(program()).current_dir(root).args(words).output().expect("the program starts");
    let ended = Ended::of(&output).says(0, &[]);
    assert!(ended.out.lines().count() >= 16 && ended.out.lines().all(|line| line.starts_with("same")), "{ended:#?}");
}

#[test]
fn a_scenario_without_a_golden_file_ends_with_24_and_says_how_to_accept_it() {
    let place = Place::new();
    let ended = golden(&place, &["small.toml"]).says(24, &["stampsim golden small.toml --accept small"]);
    assert!(ended.out.contains("missing   small: there was no golden file golden/small.golden"), "{ended:#?}");
    assert!(!place.path("golden").exists(), "nothing is written unasked");
}

#[test]
fn a_golden_file_keeps_its_settings_and_a_check_writes_nothing() {
    let place = accepted();
    let before = file(&place);
    assert!(
        before.contains("replications = 2") && before.contains("time_to_recover_s{fault=blackout share=99 %}"),
        "{before}"
    );
    golden(&place, &["small.toml"]).says(0, &[]);
    let other = golden(&place, &["small.toml", "--replications", "3"]).says(24, &[]);
    assert!(other.out.contains("run with run.replications=3, expected with run.replications=2"), "{other:#?}");
    assert_eq!(file(&place), before);
}

#[test]
fn a_change_ends_with_24_and_tells_the_figures_apart_from_the_digest() {
    let place = accepted();
    let text = fs::read_to_string(place.path("small.toml")).expect("text");
    // A blackout twice as long takes twice the device-minutes; another question changes no figure at all.
    place.write("small.toml", &text.replace("for = \"2 min\"", "for = \"4 min\""));
    let ended = golden(&place, &["small.toml"]).says(24, &[]);
    assert!(
        ended.out.contains("device_minutes_lost: ") && ended.out.contains(" key figures; the scenario"),
        "{ended:#?}"
    );
    place.write("small.toml", &text.replace("how long does it take?", "who waits longest?"));
    let ended = golden(&place, &["small.toml"]).says(24, &[]);
    assert!(ended.out.contains("only the digest, no key figure"), "{ended:#?}");
    golden(&place, &["small.toml", "--accept", "small"]).says(0, &[]);
    golden(&place, &["small.toml"]).says(0, &[]);
    // Inputs as before, results not: that is the program.
    place.write("golden/small.golden", &file(&place).replace("digest = \"", "digest = \"0"));
    let ended = golden(&place, &["small.toml"]).says(24, &[]);
    assert!(ended.out.contains("the program changed"), "{ended:#?}");
}

#[test]
fn accepting_is_by_name_and_a_pipeline_cannot_accept_all() {
    let place = accepted();
    let before = file(&place);
    golden(&place, &["small.toml", "--accept", "smal"]).says(2, &["no scenario is called `smal`", "there are: small"]);
    let words = ["golden", "small.toml", "--seed", "8", "--accept"];
    let output = Command::new(program()).current_dir(place.path("")).env("CI", "true").args(words).output();
    Ended::of(&output.expect("the program starts")).says(2, &["refused where the variable CI is set"]);
    assert_eq!(file(&place), before);
    let output =
        Command::new(program()).current_dir(place.path("")).env("CI", "true").args(words).arg("small").output();
    let ended = Ended::of(&output.expect("the program starts")).says(0, &[]);
    assert!(ended.out.contains("accepted  small:"), "never silent: {ended:#?}");
    assert!(file(&place).contains("seed = 8"));
}

#[test]
fn a_golden_file_without_its_scenario_is_told_in_a_folder_and_removed_by_name() {
    let place = Place::new();
    fs::create_dir(place.path("fleet")).expect("a folder");
    fs::rename(place.path("small.toml"), place.path("fleet/small.toml")).expect("moved");
    fs::copy(place.path("fleet/small.toml"), place.path("fleet/old.toml")).expect("copied");
    golden(&place, &["fleet", "--replications", "2", "--accept"]).says(0, &[]);
    fs::remove_file(place.path("fleet/old.toml")).expect("removed");
    let ended = golden(&place, &["fleet"]).says(24, &[]);
    assert!(ended.out.contains("orphan    fleet/old: its scenario is gone"), "{ended:#?}");
    golden(&place, &["fleet/small.toml"]).says(0, &[]);
    golden(&place, &["fleet", "--accept", "fleet/old"]).says(0, &[]);
    assert!(!place.path("golden/fleet/old.golden").exists());
    golden(&place, &["fleet"]).says(0, &[]);
}

#[test]
fn a_golden_file_of_another_version_or_none_at_all_ends_with_24_before_anything_is_run() {
    let place = accepted();
    place.write("golden/small.golden", &file(&place).replace("format = 1", "format = 2"));
    golden(&place, &["small.toml"])
        .says(24, &["small.golden has format 2, this version reads format 1", "--accept NAME"]);
    place.write("golden/small.golden", "all is well");
    golden(&place, &["small.toml"]).says(24, &["small.golden is damaged", "from the repository"]);
}

#[test]
fn a_wrong_scenario_and_a_folder_that_cannot_be_written_have_their_own_codes() {
    let place = Place::new();
    golden(&place, &["nowhere.toml"]).says(10, &["does not exist"]);
    place.write("golden", "a file where a folder is wanted");
    golden(&place, &["small.toml", "--accept"]).says(12, &["cannot write"]);
}
