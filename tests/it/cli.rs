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
    pub(crate) fn manifest(&self, out: &str, scenario: &str) -> Value {
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
    pub(crate) fn of(output: &std::process::Output) -> Self {
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

/// References of three closed forms; the last is off by a hundredth.
const REFERENCES: &str = r#"model,parameters,metric,value,source
M/M/1,"{""arrival_rate"": 8, ""service_rate"": 10}",Wq,0.4,by hand
M/M/c/c,"{""erlangs"": 5, ""servers"": 10}",p_block,0.01838457033664814,Erlang 1917
Bass growth,"{""market"": 1000000, ""p"": 0.03, ""q"": 0.38}",peak_time,6.2545,wrong on purpose
"#;

#[test]
fn every_row_of_verify_ends_in_its_verdict() {
    let place = Place::new();
    let ended = place.run(&["verify", "sawtooth"]).says(0, &[]);
    let lines: Vec<&str> = ended.out.lines().collect();
    assert!(lines.len() > 20 && lines.iter().all(|line| line.ends_with("pass")), "{ended:#?}");
    assert!(lines.last().is_some_and(|line| line.contains("0 fail; 0 not modelled")), "{ended:#?}");
    // What is not modelled is said beside the rows, never as a pass, and `-q` keeps the count.
    let open = place.run(&["verify", "common random numbers"]).says(0, &[]);
    assert!(!open.err.contains("not modelled"), "{open:#?}");
    let open = place.run(&["verify", "allocation"]).says(0, &["not modelled: OCBA allocation (3 rows)"]);
    assert!(!open.out.contains("OCBA") && open.out.contains("5 not modelled"), "{open:#?}");
    assert_eq!(place.run(&["verify", "allocation", "-q"]).says(0, &[]).err, "");
    let list = place.run(&["verify", "--list"]).says(0, &[]);
    assert!(
        list.out.contains("model: reconnect storms") && list.out.contains("not modelled  OCBA allocation"),
        "{list:#?}"
    );
}

#[test]
fn a_reference_that_is_wrong_ends_with_20() {
    let place = Place::new();
    place.write("mine.csv", REFERENCES);
    let ended = place.run(&["verify", "--references", "mine.csv"]).says(20, &[]);
    let failed: Vec<&str> = ended.out.lines().filter(|line| line.ends_with("fail")).collect();
    assert!(failed.len() == 2 && failed[0].contains("6.2545") && failed[0].contains("6.1926192"), "{ended:#?}");
    assert!(failed[1].starts_with("3 rows: 2 pass, 1 fail"), "{ended:#?}");
    place.run(&["verify", "--references", "mine.csv", "M/M"]).says(0, &[]);
    let table = place.run(&["verify", "--references", "mine.csv", "--markdown"]).says(20, &["1 fail"]);
    assert!(table.out.starts_with("| checked |") && table.out.contains("| fail |"), "{table:#?}");
}

#[test]
fn what_verify_cannot_read_or_find_has_its_own_code() {
    let place = Place::new();
    place.write("wrong.csv", &REFERENCES.replace("0.4,by", "much,by"));
    place.run(&["verify", "--references", "wrong.csv"]).says(10, &["wrong.csv: line 2: the value `much` is no number"]);
    place.write("empty.csv", "model,value\n");
    place.run(&["verify", "--references", "empty.csv"]).says(10, &["line 1: the column `parameters` is missing"]);
    place.run(&["verify", "--references", "nowhere.csv"]).says(10, &["nowhere.csv"]);
    place.run(&["verify", "sobol"]).says(2, &["nothing with `sobol` in its name is modelled", "a method"]);
    place.run(&["verify", "strom"]).says(2, &["has `strom` in its name", "model: reconnect storms"]);
}

#[test]
fn verify_tells_a_program_every_row() {
    let place = Place::new();
    let ended = place.run(&["verify", "allocation", "--message-format", "json"]).says(0, &[]);
    let lines: Vec<Value> = ended.out.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
    let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).collect::<Vec<_>>();
    let (rows, summary) = (of("row"), of("summary"));
    assert!(rows.iter().all(|row| row["verdict"] == "pass" && row["source"].is_string()), "{ended:#?}");
    assert_eq!(
        (summary[0]["counts"]["rows"].as_u64(), summary[0]["not_modelled"].as_u64()),
        (Some(rows.len() as u64), Some(5))
    );
    assert_eq!(of("not_modelled")[0]["case"], "d-choice allocation maximum");
}

#[test]
#[cfg(unix)]
fn an_interrupted_verification_ends_with_130_and_passes_nothing_that_was_not_done() {
    let mut program = Process::new(program());
    program.args(["verify", "model: token", "--progress", "json", "-j", "1"]);
    let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut said = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    assert!(said.by_ref().any(|line| line.is_ok_and(|line| line.contains("\"progress\""))), "a replication is done");
    let sent = Process::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill is there");
    assert!(sent.success());
    said.for_each(drop);
    let ended = Ended::of(&child.wait_with_output().expect("the program ends"));
    assert_eq!(ended.code, Some(130), "{ended:#?}");
    assert!(ended.out.contains("not done") && ended.out.trim_end().ends_with("fail"), "{ended:#?}");
}

#[test]
fn results_of_another_seed_are_compared_only_unpaired() {
    let place = Place::new();
    place.run(&["run", "small.toml", "--seed", "8", "--out", "other", "--replications", "8"]).says(0, &[]);
    place.run(&["run", "small.toml", "--replications", "10"]).says(0, &[]);
    place.run(&["compare", "small", "other/small"]).says(23, &["seed is 7 in the base and 8", "--unpaired"]);
    // Unpaired sides may have other numbers of replications too.
    let ended = place.run(&["compare", "small", "other/small", "--unpaired", "-v"]).says(0, &[]);
    assert!(ended.out.contains("inconclusive") && ended.out.contains("variance ratio"), "{ended:#?}");
    place.run(&["run", "small.toml", "--set", "run.horizon=30 min", "--out", "longer"]).says(0, &[]);
    place
        .run(&["compare", "small", "longer/small", "--unpaired"])
        .says(23, &["horizon is 20 min in the base and 30 min"]);
}

#[test]
fn a_baseline_is_written_once_read_in_a_diff_and_compared_pair_by_pair() {
    let place = Place::new();
    place.write("lockstep.toml", &SMALL.replace("jitter = \"full\"", "jitter = \"none\""));
    let ended = place.run(&["baseline", "small.toml", "small.baseline.toml", "--replications", "10"]).says(0, &[]);
    assert!(ended.out.contains("small.baseline.toml"), "{ended:#?}");
    let text = fs::read_to_string(place.path("small.baseline.toml")).expect("a baseline");
    for line in ["format = 1", "scenario = \"small\"", "seed = 7", "replications = 10", "horizon = \"20 min\""] {
        assert!(text.lines().any(|found| found == line), "no {line:?} in\n{text}");
    }
    let same = place.run(&["compare", "small.baseline.toml", "small"]).says(0, &[]);
    assert!(same.out.contains("identical: both have the digest"), "{same:#?}");
    let compare = ["compare", "small.baseline.toml", "lockstep.toml", "--replications", "10"];
    let worse = place.run(&compare).says(21, &[]);
    let folder = place.run(&["compare", "small", "lockstep"]).says(21, &[]);
    assert_eq!(worse.out, folder.out, "a baseline says the same of its figures as the run that it was made of");
    place.run(&["baseline", "small", "small.baseline.toml"]).says(12, &["exists already", "--replace"]);
    place.run(&["baseline", "lockstep", "small.baseline.toml", "--replace"]).says(0, &["it was "]);
    place.run(&["compare", "small.baseline.toml", "lockstep"]).says(0, &[]);
}

#[test]
fn a_baseline_that_is_missing_damaged_or_of_another_format_ends_with_23() {
    let place = Place::new();
    place.run(&["baseline", "small.toml", "b.toml"]).says(0, &[]);
    place.run(&["compare", "none.baseline.toml", "small"]).says(23, &["none.baseline.toml"]);
    let text = fs::read_to_string(place.path("b.toml")).expect("a baseline");
    place.write("old.toml", &text.replace("format = 1", "format = 0"));
    place.run(&["compare", "old.toml", "small"]).says(23, &["has format 0, this version reads format 1"]);
    place.write("edited.toml", &text.replacen("mean = ", "mean = 1", 1));
    place.run(&["compare", "edited.toml", "small"]).says(23, &["edited.toml", "mean is", "not meant to be edited"]);
    place
        .run(&["compare", "b.toml", "small.toml", "--replications", "4"])
        .says(23, &["replications is 3 in the base and 4"]);
    place
        .run(&["compare", "b.toml", "small.toml", "--set", "run.horizon=1 h"])
        .says(23, &["horizon is 20 min in the base"]);
    place.run(&["compare", "b.toml", "small.toml", "--set", "run.start=2027-01-01T00:00:00Z"]).says(23, &["start is"]);
}

#[test]
fn measures_are_named_with_tolerance_and_direction_and_a_slip_ends_with_2() {
    let place = Place::new();
    place.write("lockstep.toml", &SMALL.replace("jitter = \"full\"", "jitter = \"none\""));
    for file in ["small.toml", "lockstep.toml"] {
        place.run(&["run", file, "--replications", "10"]).says(0, &[]);
    }
    let with = |words: &[&str]| place.run(&[&["compare", "small", "lockstep"], words].concat());
    with(&["--measure", "time_to_recovery_s"]).says(2, &["did you mean \"time_to_recover_s\"?"]);
    with(&["--tolerance", "conect_attempts=2"]).says(2, &["did you mean \"connect_attempts\"?"]);
    with(&["--better", "connect_attempts=up"]).says(2, &["NAME=lower"]);
    with(&["--measure", "connect_attempts", "--tolerance", "wait_ms=5 ms"]).says(2, &["wait_ms", "is not judged"]);
    // A measure that nobody observed is no good news.
    with(&["--measure", "cache_miss_ratio"])
        .says(23, &["no replication of either side has a figure of cache_miss_ratio"]);
    let attempts = ["--measure", "connect_attempts{stat=mean}"];
    let worse = with(&attempts).says(21, &[]);
    assert!(worse.out.contains("of 1 figures"), "{worse:#?}");
    with(&[&attempts[..], &["--tolerance", "connect_attempts=1000"]].concat()).says(0, &[]);
    with(&[&attempts[..], &["--tolerance", "connect_attempts=0"]].concat()).says(21, &[]);
    with(&[&attempts[..], &["--better", "connect_attempts=higher"]].concat()).says(0, &[]);
}

#[test]
fn one_replication_decides_nothing_and_says_so() {
    let place = Place::new();
    place.write("lockstep.toml", &SMALL.replace("jitter = \"full\"", "jitter = \"none\""));
    let words = ["compare", "small.toml", "lockstep.toml", "--replications", "1"];
    let ended = place.run(&words).says(0, &["one replication decides nothing but equality"]);
    assert!(ended.out.contains("inconclusive"), "{ended:#?}");
    place.run(&[&words[..], &["--fail-on", "inconclusive"]].concat()).says(22, &[]);
}

#[test]
fn a_broken_gate_never_passes_its_self_check() {
    let place = Place::new();
    place.run(&["run", "small.toml", "--replications", "10"]).says(0, &[]);
    let check = |words: &[&str]| place.run(&[&["compare", "small", "--self-check"], words].concat());
    let sound = check(&["--tolerance", "5 %"]).says(0, &[]);
    assert!(sound.out.contains("self-check passes"), "{sound:#?}");
    for broken in [
        &["--measure", "commands"][..],
        &["--measure", "stamps_active"],
        &["--measure", "blast_radius_ratio", "--tolerance", "100 %"],
        &["--measure", "connect_attempts", "--better", "connect_attempts=neither"],
        &["--measure", "devices_connected{stat=mean}", "--tolerance", "devices_connected=1000000"],
    ] {
        let ended = check(broken).says(20, &[]);
        assert!(ended.out.contains("can never fail"), "{broken:?} {ended:#?}");
    }
    place.run(&["run", "small.toml", "--replications", "1"]).says(0, &[]);
    let single = check(&[]).says(20, &[]);
    assert!(single.out.contains("one replication decides nothing"), "{single:#?}");
    place.run(&["compare", "small", "small", "--self-check"]).says(2, &["--self-check"]);
}

#[test]
fn a_run_writes_the_charts_that_it_is_asked_for_and_the_same_figures() {
    let place = Place::new();
    let mut digests = Vec::new();
    for (which, has) in [("all", &["png", "svg"][..]), ("svg", &["svg"]), ("none", &[])] {
        let ended = place.run(&["run", "small.toml", "--charts", which, "--out", which]).says(0, &[]);
        digests.push(ended.out.lines().find(|line| line.starts_with("digest")).map(str::to_owned));
        let folder = super::rerun::newest(&place, which, "small");
        let files = fs::read_dir(folder.join("charts")).into_iter().flatten().flatten();
        let kinds: std::collections::BTreeSet<_> =
            files.filter_map(|file| Some(file.path().extension()?.to_string_lossy().into_owned())).collect();
        assert!(kinds.iter().eq(has), "{which}: {kinds:?}");
        let told = fs::read_to_string(folder.join("summary.md")).expect("a summary");
        assert_eq!(told.contains("charts/"), which != "none", "a summary links what is there: {told}");
    }
    assert!(digests[0].is_some() && digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
    place.run(&["run", "small.toml", "--charts", "pdf"]).says(2, &["all, svg, none"]);
}

#[test]
fn several_candidates_are_ranked_figure_by_figure() {
    let place = Place::new();
    place.write("lockstep.toml", &SMALL.replace("jitter = \"full\"", "jitter = \"none\""));
    place.write("nearly.toml", &SMALL.replace("name = \"devices\"", "name = \"sensors\""));
    let words = ["compare", "small.toml", "lockstep.toml", "nearly.toml", "--replications", "10"];
    let ended = place.run(&words).says(21, &[]);
    for text in ["lockstep against small", "nearly against small", "may be the best", "small, nearly: not told apart"] {
        assert!(ended.out.contains(text), "no {text:?} in {ended:#?}");
    }
    let lines = place.run(&[&words[..], &["--message-format", "json"]].concat()).says(21, &[]);
    let lines: Vec<Value> = lines.out.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
    let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).cloned().collect::<Vec<_>>();
    let (differences, standings) = (of("difference"), of("standing"));
    assert_eq!(of("verdict").iter().map(|line| &line["name"]).collect::<Vec<_>>(), ["lockstep", "nearly"]);
    for key in ["correlation", "variance_ratio", "p", "p_adjusted", "replications_to_decide", "tolerance"] {
        assert!(differences.iter().all(|line| line.get(key).is_some()), "no {key}");
        assert!(differences.iter().any(|line| !line[key].is_null()), "{key} is never there");
    }
    assert!(
        standings.iter().all(|line| line["sides"].as_array().is_some_and(|sides| sides.len() == 3)),
        "{standings:?}"
    );
}

/// A repository whose first commit has the scenario and a base that it extends in another folder.
#[cfg(unix)]
fn repository() -> Place {
    let place = Place::new();
    for folder in ["fleet", "common"] {
        fs::create_dir(place.path(folder)).expect("a folder");
    }
    place.write("common/base.toml", SMALL);
    place.write("fleet/now.toml", "question = \"As it is now?\"\nextends = \"../common/base.toml\"\n");
    let git = |words: &[&str]| {
        let fixed = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"];
        let output =
            Process::new("git").current_dir(place.path("")).args(fixed).args(words).output().expect("git is there");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    git(&["init", "--quiet"]);
    git(&["add", "fleet", "common"]);
    git(&["commit", "--quiet", "-m", "first"]);
    place
}

#[test]
#[cfg(unix)]
fn a_git_revision_is_a_side_with_all_that_it_extends() {
    let place = repository();
    let same = place.run(&["compare", "git:HEAD", "fleet/now.toml"]).says(0, &[]);
    assert!(same.out.contains("identical"), "{same:#?}");
    // What the file extends has changed since, and the file itself has not.
    place.write("common/base.toml", &SMALL.replace("jitter = \"full\"", "jitter = \"none\""));
    place.run(&["compare", "git:HEAD", "fleet/now.toml", "--replications", "10"]).says(21, &[]);
    place.run(&["compare", "git:main:fleet/now.toml", "fleet/now", "--replications", "10"]).says(21, &[]);
    // The newest run of the scenario is never that of an old revision.
    let latest = |name: &str| place.path("output").join(name).join("latest").is_file();
    assert!(latest("fleet/now") && !latest("now"));
    let status = Process::new("git").current_dir(place.path("fleet")).args(["status", "--porcelain", "-uno"]).output();
    let status = String::from_utf8(status.expect("git is there").stdout).expect("text");
    assert_eq!(status.trim(), "M common/base.toml", "neither the work tree nor the index is touched");
}

#[test]
#[cfg(unix)]
fn a_revision_or_file_that_is_not_there_ends_with_23() {
    let place = repository();
    place.run(&["compare", "git:nope", "fleet/now.toml"]).says(23, &["no git revision \"nope\""]);
    place.run(&["compare", "git:--help", "fleet/now.toml"]).says(23, &["no git revision \"--help\""]);
    place.run(&["compare", "git:HEAD:fleet/old.toml", "fleet/now.toml"]).says(23, &["HEAD has no fleet/old.toml"]);
    place.run(&["run", "fleet/now.toml"]).says(0, &[]);
    place.run(&["compare", "git:HEAD", "fleet/now"]).says(23, &["names no file"]);
    let elsewhere = Place::new();
    elsewhere.run(&["compare", "git:HEAD", "small.toml"]).says(23, &["no git repository"]);
}

#[test]
fn a_ranking_selects_the_best_or_says_that_it_cannot() {
    let place = Place::new();
    fs::create_dir(place.path("rules")).expect("a folder");
    for (name, jitter) in [("full", "full"), ("equal", "equal"), ("none", "none")] {
        place.write(
            &format!("rules/{name}.toml"),
            &SMALL.replace("jitter = \"full\"", &format!("jitter = \"{jitter}\"")),
        );
    }
    let rank = |words: &[&str]| place.run(&[&["rank", "rules", "--measure", "connect_attempts"], words].concat());
    let ended = rank(&["--labels", "stat=mean", "--indifference", "5 %"]).says(0, &["is dropped"]);
    assert!(ended.out.contains(" is selected: 95 % confidence"), "{ended:#?}");
    // Other names are other draws of the same law, and a zone so narrow waits for thousands of replications.
    place.write("nearly.toml", &SMALL.replace("name = \"devices\"", "name = \"sensors\""));
    let figure = ["--measure", "connect_attempts{stat=mean}", "--indifference", "0.0001 %", "--max-replications", "12"];
    let twins = [&["rank", "small.toml", "nearly.toml"], &figure[..]].concat();
    let open = place.run(&twins).says(0, &["decide it for certain"]);
    assert!(open.out.contains("cannot be told apart: "), "{open:#?}");
    place.run(&[&twins[..], &["--fail-on", "inconclusive"]].concat()).says(22, &[]);
    let subset = rank(&["--labels", "stat=mean", "--method", "subset", "--replications", "20"]).says(0, &[]);
    assert!(subset.out.contains("worse than the best"), "{subset:#?}");
    assert!(!place.path("output").exists(), "a ranking writes nothing");
}

#[test]
fn mistakes_of_a_ranking_are_said_with_their_code() {
    let place = Place::new();
    place.write("other.toml", &SMALL.replace("seed = 7", "seed = 8"));
    place.write("none.toml", &SMALL.replace("jitter = \"full\"", "jitter = \"none\""));
    let rank = |words: &[&str]| place.run(&[&["rank"], words].concat());
    let attempts = ["--measure", "connect_attempts{stat=mean}"];
    let two = ["small.toml", "none.toml"];
    rank(&[&["small.toml"], &attempts[..]].concat()).says(2, &["name two or more"]);
    rank(&[&["small.toml", "other.toml"], &attempts[..]].concat()).says(23, &["seed is 8 in other and 7 in small"]);
    rank(&[&two[..], &["--measure", "conect_attempts"]].concat()).says(2, &["did you mean"]);
    rank(&[&two[..], &["--measure", "connect_attempts"]].concat()).says(2, &["means", "--labels"]);
    rank(&[&two[..], &["--measure", "cache_miss_ratio"]].concat())
        .says(23, &["has no finite figure of cache_miss_ratio"]);
    rank(&[&two[..], &["--measure", "commands"]].concat()).says(2, &["no better direction", "--better"]);
    rank(&[&two[..], &attempts, &["--indifference", "0"]].concat()).says(2, &["never decided"]);
    rank(&[&two[..], &attempts, &["--confidence", "100 %"]].concat()).says(2, &["less than 100 %"]);
    rank(&[&two[..], &attempts, &["--replications", "5"]].concat()).says(2, &["--max-replications"]);
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
