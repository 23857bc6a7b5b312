//! Every exit code that the program documents is produced through the program itself.
//!
//! A command that brings a new code adds a row. What is left is listed with its reason, so that a code without a test is
//! a decision and no oversight.

use std::collections::BTreeSet;

use stampsim::cli::exit::{self, CODES};

use super::cli::{Ended, Place, SMALL};

/// A code and how it comes about.
struct Row {
    code: u8,
    how: &'static str,
    make: fn(&Place) -> Ended,
}

const ROWS: [Row; 16] = [
    Row { code: exit::FINE, how: "a run without a bound", make: |place| place.run(&["run", "small.toml"]) },
    Row {
        code: exit::USAGE,
        how: "a flag that is none",
        make: |place| place.run(&["run", "small.toml", "--sead", "7"]),
    },
    Row { code: exit::USAGE, how: "a word that is none", make: |place| place.run(&["explain", "time_to_recovery_s"]) },
    Row { code: exit::INVALID, how: "a file that is not there", make: |place| place.run(&["check", "nowhere.toml"]) },
    Row {
        code: exit::STOPPED,
        how: "a budget of events that is too small",
        make: |place| place.run(&["run", "small.toml", "--set", "run.event_budget=50"]),
    },
    Row {
        code: exit::NOT_WRITTEN,
        how: "a file where a folder is wanted",
        make: |place| place.run(&["run", "small.toml", "--junit", "small.toml/junit.xml"]),
    },
    Row {
        code: exit::EXPECTATION,
        how: "a bound that does not hold",
        make: |place| place.run(&["run", "strict.toml"]),
    },
    Row {
        code: exit::REGRESSION,
        how: "no jitter against full jitter",
        make: |place| place.run(&["compare", "small.toml", "lockstep.toml", "--replications", "10"]),
    },
    Row {
        code: exit::INCONCLUSIVE,
        how: "other draws of the same law",
        make: |place| place.run(&["compare", "small.toml", "nearly.toml", "--fail-on", "inconclusive"]),
    },
    Row { code: exit::NOT_COMPARABLE, how: "no base", make: |place| place.run(&["compare", "nowhere", "small.toml"]) },
    Row {
        code: exit::NOT_COMPARABLE,
        how: "runs of other seeds",
        make: |place| {
            place.run(&["run", "small.toml", "--out", "seven"]).says(0, &[]);
            place.run(&["compare", "seven/small", "small.toml", "--seed", "8"])
        },
    },
    Row {
        code: exit::EXPECTATION,
        how: "a gate without expectations, checked",
        make: |place| place.run(&["run", "small.toml", "--self-check"]),
    },
    Row {
        code: exit::EXPECTATION,
        how: "a comparison of one replication, checked",
        make: |place| place.run(&["compare", "small.toml", "--self-check", "--replications", "1"]),
    },
    Row { code: exit::GOLDEN, how: "no golden file", make: |place| place.run(&["golden", "small.toml"]) },
    Row {
        code: exit::NOT_REPRODUCED,
        how: "another seed in the folder's scenario",
        make: |place| {
            place.run(&["run", "small.toml"]).says(0, &[]);
            let latest = std::fs::read_to_string(place.path("output/small/latest")).expect("a run");
            let scenario = place.path("output/small").join(latest.trim()).join("scenario.resolved.toml");
            let text = std::fs::read_to_string(&scenario).expect("the resolved scenario");
            std::fs::write(&scenario, text.replace("seed = 7", "seed = 8")).expect("written");
            place.run(&["rerun", "output/small"])
        },
    },
    Row {
        code: exit::FINE,
        how: "a bound that does not hold, only watched",
        make: |place| place.run(&["run", "strict.toml", "--exit-zero"]),
    },
];

/// Codes without a row.
const ELSEWHERE: [(u8, &str); 5] = [
    (exit::UNEXPECTED, "no known way leads there"),
    (exit::OTHER_PLAN, "the command is not there yet"),
    (exit::STORED_DIFFERS, "the command is not there yet"),
    (exit::TRY_AGAIN, "the command is not there yet"),
    (exit::INTERRUPTED, "cli::an_interrupt_keeps_the_replications_that_are_whole"),
];

fn place() -> Place {
    let place = Place::new();
    let expect = "[[expect]]\nmeasure = \"time_to_recover_s\"\nlabels = { share = \"100 %\" }\nfail_if = \"> 1 s\"\n";
    place.write("strict.toml", &format!("{SMALL}\n{expect}"));
    place.write("lockstep.toml", &SMALL.replace("jitter = \"full\"", "jitter = \"none\""));
    place.write("nearly.toml", &SMALL.replace("name = \"devices\"", "name = \"sensors\""));
    place
}

#[test]
fn every_exit_code_is_produced_and_explained() {
    for Row { code, how, make } in ROWS {
        let place = place();
        let ended = make(&place);
        assert_eq!(ended.code, Some(i32::from(code)), "{how}: {ended:#?}");
        let explained = place.run(&["explain", &code.to_string()]).says(0, &[]);
        assert!(explained.out.starts_with(&format!("{code} (exit code)")), "{explained:#?}");
    }
}

#[test]
fn no_code_is_forgotten() {
    let produced = ROWS.iter().map(|row| row.code);
    let known: BTreeSet<u8> = produced.chain(ELSEWHERE.iter().map(|(code, _)| *code)).collect();
    let documented: BTreeSet<u8> = CODES.iter().map(|explained| explained.code).collect();
    assert_eq!(known, documented);
    let twice: Vec<_> = ELSEWHERE.iter().filter(|(code, _)| ROWS.iter().any(|row| row.code == *code)).collect();
    assert!(twice.is_empty(), "{twice:?} have rows: strike them from the list");
}
