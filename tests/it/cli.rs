//! The program as people and gates run it: exit codes, messages, folders, and what is left when something goes wrong.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// Sixty devices come back from a blackout through a small bucket: quick, and random enough.
pub(crate) const SMALL: &str = r#"
question = "Sixty devices come back from a blackout: how long does it take?"

[run]
horizon = "20 min"
replications = 3
seed = 7

[[stamps]]
name = "weu-1"
region = "westeurope"
capacity = 60
[stamps.hub]
edition = "S1"
connects = { credit = "100 ms", backlog = "0 s" }

[[cohorts]]
name = "devices"
devices = 60
first_attempt = "0 s"
[cohorts.retry.exponential]
jitter = "full"

[[faults]]
name = "blackout"
at = "1 min"
for = "2 min"
[faults.cause.region_blackout]
region = "westeurope"
"#;

/// A folder of its own, where the program runs.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a temporary folder"));
        place.write("small.toml", SMALL);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a temporary folder takes a file");
    }

    /// Runs the program with these words.
    pub(crate) fn run(&self, words: &[&str]) -> Ended {
        self.run_in(&[], words)
    }

    /// The same with these variables; those by which a CI system is known are else not there.
    pub(crate) fn run_in(&self, variables: &[(&str, &str)], words: &[&str]) -> Ended {
        let mut program = Command::new(program());
        for name in ["GITHUB_ACTIONS", "TF_BUILD", "GITHUB_STEP_SUMMARY"] {
            program.env_remove(name);
        }
        program.envs(variables.iter().copied()).current_dir(self.0.path()).args(words);
        Ended::of(&program.output().expect("the program starts"))
    }

    /// The manifest of the newest run of a scenario.
    fn manifest(&self, out: &str, scenario: &str) -> Value {
        let runs = self.path(out).join(scenario);
        let latest = fs::read_to_string(runs.join("latest")).expect("a scenario that was run has a newest run");
        json(&runs.join(latest.trim()).join("manifest.json"))
    }
}

pub(crate) fn program() -> &'static str {
    env!("CARGO_BIN_EXE_stampsim")
}

fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("the file is JSON")
}

/// How the program ended and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    fn of(output: &std::process::Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("the program speaks UTF-8");
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Asserts the exit code and that stderr holds each of these texts.
    pub(crate) fn says(self, code: i32, texts: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for text in texts {
            assert!(self.err.contains(text), "no {text:?} in {self:#?}");
        }
        self
    }
}

#[test]
fn a_run_ends_with_0_and_leaves_a_folder_with_a_digest() {
    let place = Place::new();
    let ended = place.run(&["run", "small.toml"]).says(0, &[]);
    let manifest = place.manifest("output", "small");
    let digest = manifest["digest"].as_str().expect("a whole run has a digest");
    assert!(ended.out.contains(&format!("digest  {digest}  small")), "{ended:#?}");
    assert_eq!((manifest["complete"].as_bool(), manifest["replications_done"].as_u64()), (Some(true), Some(3)));
    let latest = fs::read_to_string(place.path("output/small/latest")).expect("the newest run");
    for file in [
        "summary.json",
        "summary.csv",
        "replications.csv",
        "scenario.resolved.toml",
        "expectations.json",
        "summary.md",
        "junit.xml",
    ] {
        assert!(place.path("output/small").join(latest.trim()).join(file).is_file(), "{file} is missing");
    }
}

#[test]
fn threads_and_repetition_leave_the_digest_and_a_seed_changes_it() {
    let place = Place::new();
    let digest = |out: &str, words: &[&str]| {
        place.run(&[&["run", "small.toml", "--out", out], words].concat()).says(0, &[]);
        place.manifest(out, "small")["digest"].as_str().expect("a digest").to_owned()
    };
    let first = digest("a", &["-j", "1"]);
    assert_eq!(first, digest("b", &["-j", "3"]));
    assert_eq!(first, digest("c", &[]));
    assert_ne!(first, digest("d", &["--seed", "8"]));
}

#[test]
fn mistakes_of_usage_end_with_2() {
    let place = Place::new();
    place.run(&["run"]).says(2, &["required"]);
    place.run(&["rum", "small.toml"]).says(2, &["unrecognized subcommand", "run"]);
    place.run(&["run", "small.toml", "--seed", "x"]).says(2, &["--seed"]);
    place.run(&["run", "small.toml", "-j", "0"]).says(2, &["expected a number of threads from 1"]);
    assert!(!place.path("output").exists(), "nothing was run");
}

#[test]
fn a_wrong_file_ends_with_10_at_its_line_and_column() {
    let place = Place::new();
    place.write("wrong.toml", &SMALL.replace("seed = 7", "sead = 7").replace("\"S1\"", "\"S9\""));
    for command in ["check", "run"] {
        let ended = place.run(&[command, "wrong.toml"]);
        ended.says(
            10,
            &["wrong.toml:7:1", "`sead`", "mean `seed`", "wrong.toml:14:11", "`S9`", "2 problems; nothing was run"],
        );
    }
    assert!(!place.path("output").exists(), "nothing was run");
    place.run(&["check", "small.toml"]).says(0, &[]);
}

#[test]
fn a_missing_file_an_empty_folder_and_an_override_that_fits_nothing_end_with_10() {
    let place = Place::new();
    fs::create_dir(place.path("empty")).expect("a folder");
    place.run(&["run", "nowhere.toml"]).says(10, &["nowhere.toml", "does not exist"]);
    place.run(&["run", "empty"]).says(10, &["empty", "no scenario", "stampsim init"]);
    place.run(&["run", "small.toml", "--set", "run.sead=3"]).says(10, &["--set", "sead", "seed"]);
}

#[test]
fn a_model_that_stops_ends_with_11_and_keeps_what_is_whole() {
    let place = Place::new();
    let ended = place.run(&["run", "small.toml", "--set", "run.event_budget=50"]);
    ended.says(11, &["used up their events", "raise run.event_budget"]);
    // The budget is part of the scenario, so such a run is repeatable: whole, with a digest, and marked.
    assert_eq!(place.manifest("output", "small")["out_of_events"].as_u64(), Some(3));
}

#[test]
fn an_output_that_cannot_be_written_ends_with_12_before_anything_is_run() {
    let place = Place::new();
    place.write("taken", "a file, where a folder is wanted");
    place.run(&["run", "small.toml", "--out", "taken"]).says(12, &["cannot write", "taken", "--out DIR"]);
    place.run(&["run", "small.toml", "--out", "taken/below"]).says(12, &["cannot write"]);
    assert_eq!(fs::read_to_string(place.path("taken")).expect("text"), "a file, where a folder is wanted");
}

/// A shell that runs the program with files of at most so many blocks of 512 B; a larger one fails as on a full disk.
#[cfg(unix)]
fn with_small_files(place: &Place, blocks: u32) -> Ended {
    let line = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" run small.toml");
    let output = Process::new("sh").current_dir(place.0.path()).args(["-c", &line, program()]).output();
    Ended::of(&output.expect("a shell"))
}

#[test]
#[cfg(unix)]
fn a_disk_that_fills_up_ends_with_12_and_leaves_no_folder_that_looks_whole() {
    let place = Place::new();
    with_small_files(&place, 4).says(12, &["cannot write"]);
    let left: Vec<_> =
        fs::read_dir(place.path("output/small")).expect("the folder").flatten().map(|f| f.file_name()).collect();
    assert!(left.is_empty(), "{left:?} is left");
}

#[test]
#[cfg(target_os = "linux")]
fn a_stdout_that_is_full_ends_with_12() {
    let place = Place::new();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has a full device");
    let mut program = Process::new(program());
    let output = program.current_dir(place.0.path()).args(["run", "small.toml"]).stdout(full).output();
    Ended::of(&output.expect("the program starts")).says(12, &["stdout could not be written"]);
    assert_eq!(place.manifest("output", "small")["complete"].as_bool(), Some(true), "the folder is whole all the same");
}

#[test]
fn an_expectation_that_fails_ends_with_20_and_says_by_how_much() {
    let place = Place::new();
    let expect = |bound: &str| {
        format!(
            "{SMALL}\n[[expect]]\nmeasure = \"time_to_recover_s\"\nlabels = {{ share = \"100 %\" }}\nfail_if = \"{bound}\"\n"
        )
    };
    fs::create_dir(place.path("fleet")).expect("a folder");
    place.write("fleet/strict.toml", &expect("> 1 s"));
    place.write("fleet/easy.toml", &expect("> 1 h"));
    let ended = place.run(&["run", "fleet/strict.toml"]).says(20, &[]);
    assert!(ended.out.contains("time_to_recover_s") && ended.out.contains("> 1 s"), "{ended:#?}");
    assert_eq!(place.manifest("output", "fleet/strict")["complete"].as_bool(), Some(true), "the folder is there");
    place.run(&["run", "fleet/easy.toml"]).says(0, &[]);
    // Over a folder the worst scenario decides, and the others are run all the same.
    place.run(&["run", "fleet", "--out", "all"]).says(20, &[]);
    assert_eq!(place.manifest("all", "fleet/easy")["complete"].as_bool(), Some(true));
}

#[test]
fn a_comparison_tells_same_better_and_worse() {
    let place = Place::new();
    place.write("lockstep.toml", &SMALL.replace("jitter = \"full\"", "jitter = \"none\""));
    let compare = |base: &str, candidate: &str| place.run(&["compare", base, candidate, "--replications", "10"]);
    let same = compare("small.toml", "small.toml").says(0, &[]);
    assert!(same.out.contains("identical"), "{same:#?}");
    let worse = compare("small.toml", "lockstep.toml").says(21, &[]);
    assert!(worse.out.contains("regressed"), "{worse:#?}");
    let better = compare("lockstep.toml", "small.toml").says(0, &[]);
    assert!(better.out.contains("improved"), "{better:#?}");
}

#[test]
fn a_difference_that_the_replications_do_not_decide_fails_only_where_asked() {
    let place = Place::new();
    // Other names are other draws of the same law: no difference but noise, which three replications cannot tell from one.
    place.write("nearly.toml", &SMALL.replace("name = \"devices\"", "name = \"sensors\""));
    let words = ["compare", "small.toml", "nearly.toml"];
    place.run(&words).says(0, &[]);
    let ended =
        place.run(&[&words[..], &["--fail-on", "inconclusive"]].concat()).says(22, &["replications would decide"]);
    assert!(ended.out.contains("inconclusive"), "{ended:#?}");
}

#[test]
fn a_base_that_is_missing_or_not_comparable_ends_with_23() {
    let place = Place::new();
    place.run(&["run", "small.toml"]).says(0, &[]);
    place.run(&["compare", "nowhere", "small"]).says(23, &["nowhere"]);
    place.run(&["run", "small.toml", "--seed", "8", "--out", "other"]).says(0, &[]);
    place.run(&["compare", "output/small", "other/small"]).says(23, &["not comparable", "seed is 7 in the base and 8"]);
}

#[test]
fn init_never_overwrites_and_its_scenario_is_sound() {
    let place = Place::new();
    place.run(&["init", "new"]).says(0, &["stampsim check"]);
    let written = fs::read_to_string(place.path("new/scenario.toml")).expect("a scenario");
    place.run(&["check", "new"]).says(0, &[]);
    place.write("new/scenario.toml", "mine");
    place.run(&["init", "new"]).says(12, &["exists already", "never overwrites"]);
    assert_eq!(fs::read_to_string(place.path("new/scenario.toml")).expect("text"), "mine");
    assert!(written.starts_with("question"), "{written}");
}

#[test]
fn what_a_program_reads_is_a_json_object_a_line() {
    let place = Place::new();
    for (words, code) in [(["run", "small.toml"], 0), (["run", "nowhere.toml"], 10)] {
        let ended = place.run(&[&words[..], &["--message-format", "json"]].concat()).says(code, &[]);
        let lines: Vec<Value> =
            ended.out.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
        assert_eq!(lines.first().map(|line| &line["type"]), Some(&Value::from("start")), "{ended:#?}");
        let last = lines.last().expect("lines");
        assert_eq!((&last["type"], &last["exit"]), (&Value::from("end"), &Value::from(code)), "{ended:#?}");
    }
}

#[test]
#[cfg(unix)]
fn an_interrupt_keeps_the_replications_that_are_whole() {
    let place = Place::new();
    let mut program = Process::new(program());
    program.current_dir(place.0.path()).args(["run", "small.toml", "--replications", "1000000", "--progress", "json"]);
    let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut said = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    // Once it tells of progress it listens to Ctrl-C, and some replications are whole.
    let progress = said.by_ref().filter(|line| line.as_ref().is_ok_and(|l| l.contains("\"progress\""))).take(20);
    assert_eq!(progress.count(), 20, "twenty replications are done");
    let sent = Process::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill is there");
    assert!(sent.success());
    let rest: Vec<String> = said.map_while(Result::ok).collect();
    let output = child.wait_with_output().expect("the program ends");
    let err = rest.into_iter().filter(|line| !line.contains("\"progress\"")).collect::<Vec<_>>().join("\n");
    let ended = Ended { err, ..Ended::of(&output) }.says(130, &["interrupted after"]);
    assert!(ended.out.contains("digest  none"), "{ended:#?}");
    let manifest = place.manifest("output", "small");
    assert_eq!((manifest["complete"].as_bool(), &manifest["digest"]), (Some(false), &Value::Null));
    assert!(manifest["partial"].as_str().is_some_and(|why| why.contains("interrupted")), "{manifest}");
    let done = manifest["replications_done"].as_u64().expect("a count");
    assert!((20..1_000_000).contains(&done), "{done}");
    // What is kept is a prefix of the plan: the same replications as of a run that was never interrupted.
    place.run(&["run", "small.toml", "--replications", "20", "--out", "whole"]).says(0, &[]);
    let whole = place.manifest("whole", "small");
    let hashes = |manifest: &Value| {
        manifest["order_hashes"].as_array().expect("hashes").iter().take(20).cloned().collect::<Vec<_>>()
    };
    assert_eq!(hashes(&manifest), hashes(&whole));
}
