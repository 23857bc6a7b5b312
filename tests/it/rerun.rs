//! `rerun`: every run folder can be run again to the bit, and one that cannot says where it went another way.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cli::{Ended, Place, SMALL, program};

/// The newest run folder of a scenario.
/// Folder of the newest run of a scenario.
pub(crate) fn newest(place: &Place, out: &str, scenario: &str) -> PathBuf {
    let runs = place.path(out).join(scenario);
    let latest = fs::read_to_string(runs.join("latest")).expect("a scenario that was run has a newest run");
    runs.join(latest.trim())
}

fn edit(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).expect("text");
    assert!(text.contains(from), "no {from:?} in {}", file.display());
    fs::write(file, text.replacen(from, to, 1)).expect("written");
}

#[test]
fn every_shipped_scenario_is_reproduced_from_its_folder() {
    let place = Place::new();
    let (root, out) = (Path::new(env!("CARGO_MANIFEST_DIR")), place.path("output"));
    let mut run = Command::new(program());
    run.current_dir(root)
        .args(["run", "scenarios", "--scale", "0.01", "--replications", "2", "--quiet", "--charts", "none", "--out"])
        .arg(&out);
    let ended = Ended::of(&run.output().expect("the program starts"));
    let digests: Vec<_> = ended.out.lines().filter_map(|line| line.strip_prefix("digest  ")).collect();
    assert!(digests.len() >= 16, "{ended:#?}");
    for line in digests {
        let (digest, name) = line.split_once("  ").expect("a digest and a name");
        let ended = place.run(&["rerun", &format!("output/{name}")]).says(0, &[]);
        assert!(ended.out.contains(&format!("reproduced {name}: 2 replications, digest {digest}")), "{ended:#?}");
        assert!(ended.err.is_empty(), "no doubt about {name}: {ended:#?}");
    }
}

#[test]
fn files_that_a_scenario_names_come_from_its_folder() {
    let place = Place::new();
    fs::create_dir(place.path("data")).expect("a folder");
    place.write("data/curve.csv", "date,devices\n2026-03-01,60\n2026-03-03,80\n");
    place.write("data/prices.toml", "discount = 0.5\n");
    let named = SMALL.replace("devices = 60", "devices = 60\ngrowth = { csv = { path = \"data/curve.csv\" } }");
    place.write("named.toml", &format!("{named}\n[catalog]\nown_prices = \"data/prices.toml\"\n"));
    place.run(&["run", "named.toml"]).says(0, &[]);
    fs::remove_dir_all(place.path("data")).expect("removed");
    place.run(&["rerun", "output/named"]).says(0, &[]);
    // Without one of them the folder is no longer what was run.
    fs::remove_dir_all(newest(&place, "output", "named").join("inputs")).expect("removed");
    place.run(&["rerun", "output/named"]).says(10, &["inputs/", "does not exist"]);
}

#[test]
fn an_edited_scenario_ends_with_25_and_names_the_very_first_event_where_a_log_was_kept() {
    let place = Place::new();
    place.run(&["run", "small.toml", "--trace", "1"]).says(0, &[]);
    let folder = newest(&place, "output", "small");
    assert!(folder.join("events-1.csv").is_file() && folder.join("order.csv").is_file());
    // Devices come back after another time without power: all is the same until then.
    edit(&folder.join("scenario.resolved.toml"), "for = \"2 min\"", "for = \"3 min\"");
    let doubt = ["the inputs are not those of the run", "scenario.resolved.toml"];
    let ended = place.run(&["rerun", "output/small", "--replication", "1"]).says(25, &doubt);
    assert!(ended.out.contains("differs    small: 1 of 1 replication"), "{ended:#?}");
    assert!(ended.out.contains("device_minutes_lost: "), "figures are named: {ended:#?}");
    let log = fs::read_to_string(folder.join("events-1.csv")).expect("a log");
    let number = log.lines().skip(1).find(|line| line.contains(",fault_ends,")).expect("the fault ends");
    let number = number.split(',').next().expect("a number");
    assert!(ended.out.contains(&format!("the first event that differs is number {number}\n")), "{number}: {ended:#?}");
    assert!(ended.out.contains("  stored: fault_ends occurrence 0 at 3 min (sequence 0)\n"), "{ended:#?}");
    let ended = place.run(&["rerun", "output/small"]).says(25, &doubt);
    assert!(ended.out.contains("3 of 3 replications") && ended.out.contains("replication 0:"), "{ended:#?}");
}

#[test]
fn without_a_log_the_checkpoints_narrow_the_difference_to_a_span() {
    let place = Place::new();
    place.run(&["run", "small.toml"]).says(0, &[]);
    let folder = newest(&place, "output", "small");
    edit(&folder.join("scenario.resolved.toml"), "for = \"2 min\"", "for = \"3 min\"");
    let ended =
        place.run(&["rerun", "output/small", "--replication", "0", "--trace", "now.csv"]).says(25, &["--trace"]);
    let span =
        ended.out.lines().find(|line| line.starts_with("the first event that differs is one of the ")).expect("a span");
    let number = |text: &str| -> usize {
        text.chars().filter(char::is_ascii_digit).collect::<String>().parse().expect("a number")
    };
    let (span, same) = span.split_once(" after number ").expect("where it begins");
    let (span, same) = (number(span), number(same.split(';').next().expect("a number")));
    let log = fs::read_to_string(place.path("now.csv")).expect("the events as they are now");
    let now = log.lines().count() - 1;
    assert!(span * 8 <= now, "a span of {span} of {now} events is short");
    // The power comes back within the span now, or is missing in it.
    let first = log.lines().nth(same + 1).expect("an event");
    let words: Vec<_> = first.split(',').collect();
    let listed = format!("  {}: {} {} at ", same + 1, words[2], words[3]);
    assert!(ended.out.contains(&listed), "{listed:?} in {ended:#?}");
}

#[test]
fn a_figure_or_a_digest_that_was_edited_ends_with_25_and_is_named() {
    let place = Place::new();
    place.run(&["run", "small.toml"]).says(0, &[]);
    let folder = newest(&place, "output", "small");
    let table = folder.join("replications.csv");
    let good = fs::read_to_string(&table).expect("text");
    let row = good.lines().find(|line| line.starts_with("2,device_minutes_lost,")).expect("the figure");
    fs::write(&table, good.replace(row, "2,device_minutes_lost,,1")).expect("written");
    let ended = place.run(&["rerun", "output/small"]).says(25, &[]);
    let wanted = [
        "1 of 3 replications",
        "replication 2: other than stored: 1 figure",
        "device_minutes_lost: 1 min ->",
        "every event is the same",
    ];
    assert!(wanted.iter().all(|text| ended.out.contains(text)), "{ended:#?}");
    place.run(&["rerun", "output/small", "--replication", "1"]).says(0, &[]);
    fs::write(&table, good).expect("written");
    edit(&folder.join("manifest.json"), "\"digest\": \"", "\"digest\": \"0");
    let ended = place.run(&["rerun", "output/small"]).says(25, &[]);
    assert!(ended.out.contains("a series or a histogram is not"), "{ended:#?}");
}

#[test]
fn a_folder_that_is_missing_damaged_or_of_another_format_ends_with_23() {
    let place = Place::new();
    place.run(&["rerun", "nowhere"]).says(23, &["no run at nowhere"]);
    place.run(&["run", "small.toml"]).says(0, &[]);
    let folder = newest(&place, "output", "small");
    let manifest = folder.join("manifest.json");
    let good = fs::read_to_string(&manifest).expect("text");
    edit(&manifest, "\"format\": 1", "\"format\": 7");
    place.run(&["rerun", "output/small"]).says(23, &["has format 7, this version reads format 1"]);
    fs::write(&manifest, &good[..100]).expect("written");
    place.run(&["rerun", "output/small"]).says(23, &["manifest.json is damaged"]);
    fs::write(&manifest, &good).expect("written");
    edit(&folder.join("order.csv"), "replication,events", "replication,evnts");
    place.run(&["rerun", "output/small"]).says(23, &["order.csv is damaged"]);
    fs::remove_file(folder.join("order.csv")).expect("removed");
    place.run(&["rerun", "output/small"]).says(0, &["no order.csv"]);
    fs::remove_file(folder.join("scenario.resolved.toml")).expect("removed");
    place.run(&["rerun", "output/small"]).says(23, &["has no scenario.resolved.toml"]);
}

#[test]
fn another_version_and_other_prices_are_said_and_tried_all_the_same() {
    let place = Place::new();
    place.run(&["run", "small.toml"]).says(0, &[]);
    let folder = newest(&place, "output", "small");
    edit(&folder.join("manifest.json"), "\"version\": \"", "\"version\": \"9.");
    place.run(&["rerun", "output/small"]).says(0, &["it was run by stampsim 9."]);
    // The prices of the folder are used, so money comes out as it was priced then; here as somebody wrote it since.
    let book = folder.join("prices.resolved.toml");
    let text = fs::read_to_string(&book).expect("a price book");
    fs::write(&book, format!("# edited\n{text}")).expect("written");
    place.run(&["rerun", "output/small"]).says(0, &["this version has other prices"]);
}

#[test]
fn replications_that_are_not_there_end_with_2() {
    let place = Place::new();
    place.run(&["run", "small.toml", "--trace", "3"]).says(2, &["there is no replication 3 to trace"]);
    place.run(&["run", "small.toml"]).says(0, &[]);
    place
        .run(&["rerun", "output/small", "--replication", "3"])
        .says(2, &["no replication 3; it has 3, numbered from 0"]);
    place.run(&["rerun", "output/small", "--trace", "x.csv"]).says(2, &["--replication"]);
}
