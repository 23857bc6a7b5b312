//! `golden`: scenarios against what they came to when somebody last agreed, by exact digest and by rounded figures.
//!
//! A golden file keeps the overrides it was made with, so a check needs none and cannot be made with others by mistake. What
//! differs is accepted by name. `--accept` alone accepts all of it; where the variable CI is set that is refused, so that
//! no pipeline agrees with itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::exit;
use super::failure::Failure;
use super::options::{Overrides, Talk, jobs};
use super::simulation::simulate;
use super::sources;
use super::table::Tone;
use super::terminal::Terminal;
use crate::experiment::ScenarioResult;
use crate::experiment::compare::is_key;
use crate::results::golden::{
    GOLDEN_FORMAT, Golden as File, golden_names, golden_path, read_golden, remove_golden, rounded, write_golden,
};
use crate::results::{Figure, ResultsError, digest};
use crate::scenario::{self, Scenario};

const EXAMPLES: &str = "Examples:
  stampsim golden scenarios/                                check all of them against scenarios/golden/
  stampsim golden scenarios/ --scale 0.01 --replications 2 --accept
                                                            make golden files of a quick look at each
  stampsim golden scenarios/ --accept blackout growth       agree with what these two come to now";

/// Check scenarios against golden results; accept changes by name
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Golden {
    /// Scenario files, or folders: every *.toml below, except in catalog/
    #[arg(required = true, value_name = "FILE|DIR")]
    files: Vec<PathBuf>,
    /// Folder of the golden files [default: `golden` in the folder that names of scenarios start from]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Agree with these scenarios as they are now; with no name, with all, which is refused where CI is set
    #[arg(long, value_name = "NAME", num_args = 0.., value_delimiter = ',')]
    accept: Option<Vec<String>>,
    /// Threads; `RAYON_NUM_THREADS` is honoured too [default: all cores]
    #[arg(short, long, value_name = "N", value_parser = jobs)]
    jobs: Option<usize>,
    /// They count for new golden files and for accepted ones; a check uses those that the golden file states
    #[command(flatten)]
    overrides: Overrides,
}

/// A scenario file with its golden file, if it has one.
struct Candidate {
    file: PathBuf,
    name: String,
    path: PathBuf,
    golden: Option<File>,
}

/// How a scenario stands against its golden file.
enum Standing {
    /// The digests are equal.
    Same,
    /// They are not.
    Differs(File),
    /// There is no golden file.
    Missing,
}

/// Checks or accepts, prints, and returns the exit codes that apply.
pub(super) fn golden(terminal: &Terminal, talk: &Talk, options: &Golden) -> Result<Vec<u8>, Failure> {
    let is_ci = std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
    refuse_all_in_ci(options, is_ci)?;
    let candidates = candidates(terminal, options)?;
    let orphans = orphans(options, &candidates)?;
    let known = candidates.iter().map(|candidate| &candidate.name).chain(orphans.iter().map(|(name, _)| name));
    names_exist(options, &known.collect())?;
    let scenarios = sources::load_each(terminal, candidates.iter().map(|c| (c.file.clone(), settings(options, c))))?;
    let results = simulate(terminal, talk, &scenarios, options.jobs)?;
    let mut codes = Vec::new();
    for ((candidate, scenario), result) in candidates.into_iter().zip(&scenarios).zip(&results) {
        let now = now(options, &candidate, scenario, result);
        codes.extend(settle(terminal, options, candidate, &now)?);
    }
    for (name, path) in orphans {
        codes.extend(settle_orphan(terminal, options, &name, &path)?);
    }
    Ok(codes)
}

/// A pipeline may accept what is named in it, which somebody wrote and another reviewed; never whatever comes.
fn refuse_all_in_ci(options: &Golden, is_ci: bool) -> Result<(), Failure> {
    if is_ci && options.accept.as_ref().is_some_and(Vec::is_empty) {
        let message = "`--accept` without names is refused where the variable CI is set";
        return Err(Failure::new(exit::USAGE, message, "accept by name, and commit the golden files with the change"));
    }
    Ok(())
}

/// Every file with its golden file. Two scenarios of one name would share a golden file.
fn candidates(terminal: &Terminal, options: &Golden) -> Result<Vec<Candidate>, Failure> {
    let mut candidates = Vec::new();
    let mut seen: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    for file in sources::discover(terminal, &options.files)? {
        let name = scenario::name_of(&file);
        let path = golden_path(&folder(options, &file), &name)?;
        if let Some(other) = seen.insert(path.clone(), file.clone()) {
            let message = format!("{} and {} are both called `{name}`", other.display(), file.display());
            return Err(Failure::new(exit::USAGE, message, "check them apart, each with a --dir of its own"));
        }
        let golden = read_golden(&path).map_err(|error| unreadable(&error))?;
        candidates.push(Candidate { file, name, path, golden });
    }
    Ok(candidates)
}

/// The folder of golden files: the one that was given, else `golden` where the names of scenarios start.
fn folder(options: &Golden, file: &Path) -> PathBuf {
    options.dir.clone().unwrap_or_else(|| house(file).join("golden"))
}

/// The folder that a scenario's name starts from.
fn house(file: &Path) -> PathBuf {
    let parts = scenario::name_of(file).split('/').count();
    file.ancestors().nth(parts).unwrap_or(Path::new("")).to_owned()
}

/// Golden files below a folder that was given whose scenarios are gone.
fn orphans(options: &Golden, candidates: &[Candidate]) -> Result<Vec<(String, PathBuf)>, Failure> {
    let known: BTreeSet<&PathBuf> = candidates.iter().map(|candidate| &candidate.path).collect();
    let houses: BTreeSet<PathBuf> = candidates.iter().map(|candidate| house(&candidate.file)).collect();
    let mut orphans = BTreeMap::new();
    for house in houses {
        let folder = options.dir.clone().unwrap_or_else(|| house.join("golden"));
        for name in golden_names(&folder).map_err(|error| unreadable(&error))? {
            let (path, file) = (golden_path(&folder, &name)?, house.join(format!("{name}.toml")));
            // A single file that is checked says nothing of its neighbours.
            let is_meant = options.files.iter().any(|given| given.is_dir() && file.starts_with(given));
            if is_meant && !known.contains(&path) && !file.is_file() {
                orphans.insert(name, path);
            }
        }
    }
    Ok(orphans.into_iter().collect())
}

/// A slip in a name must not look like an acceptance.
fn names_exist(options: &Golden, known: &BTreeSet<&String>) -> Result<(), Failure> {
    let unknown = options.accept.iter().flatten().find(|name| !known.contains(name));
    match unknown {
        None => Ok(()),
        Some(name) => {
            let names: Vec<&str> = known.iter().map(|name| name.as_str()).collect();
            let message = format!("no scenario is called `{name}`, so nothing was accepted");
            Err(Failure::new(exit::USAGE, message, format!("there are: {}", names.join(", "))))
        }
    }
}

/// A golden file that cannot be read is a difference: what it expects is not met.
fn unreadable(error: &ResultsError) -> Failure {
    let help = match error {
        ResultsError::OtherFormat { .. } => "accept it by name anew: remove the file, then --accept NAME",
        ResultsError::Damaged { .. } => "take it from the repository again, or remove it and --accept NAME",
        other => other.help(),
    };
    let code = if error.is_write() { exit::NOT_WRITTEN } else { exit::GOLDEN };
    Failure::new(code, error.to_string(), help)
}

/// The overrides that a scenario is run with: those given, else those of its golden file.
fn settings(options: &Golden, candidate: &Candidate) -> Vec<String> {
    let given = sources::sets(&options.overrides);
    match &candidate.golden {
        Some(golden) if given.is_empty() => golden.settings.clone(),
        _ => given,
    }
}

/// What a scenario comes to now, as a golden file.
fn now(options: &Golden, candidate: &Candidate, scenario: &Scenario, result: &ScenarioResult) -> File {
    File {
        format: GOLDEN_FORMAT,
        scenario: candidate.name.clone(),
        inputs: scenario.inputs_hash.clone(),
        digest: digest(&scenario.inputs_hash, &result.observations),
        settings: settings(options, candidate),
        seed: scenario.seed,
        replications: scenario.replications,
        figures: figures(result),
    }
}

/// The key figures, rounded.
fn figures(result: &ScenarioResult) -> BTreeMap<String, String> {
    let figure =
        |key: &crate::metrics::MeasureKey| Figure { measure: key.name.to_owned(), labels: key.labels.to_string() };
    let keys = result.study.estimates.iter().map(|(key, estimate)| (key, figure(key), estimate));
    let keys = keys.filter(|(_, figure, _)| is_key(figure));
    keys.map(|(key, figure, estimate)| (figure.to_string(), rounded(estimate.mean, key.measure().unit))).collect()
}

fn is_accepted(options: &Golden, name: &String) -> bool {
    options.accept.as_ref().is_some_and(|names| names.is_empty() || names.contains(name))
}

/// Tells how a scenario stands and accepts it where that was asked for; gives the code of what is left.
fn settle(terminal: &Terminal, options: &Golden, candidate: Candidate, now: &File) -> Result<Option<u8>, Failure> {
    let standing = match candidate.golden {
        Some(golden) if golden.digest == now.digest => Standing::Same,
        Some(golden) => Standing::Differs(golden),
        None => Standing::Missing,
    };
    let accepted = is_accepted(options, &candidate.name) && !matches!(standing, Standing::Same);
    if accepted {
        write_golden(&candidate.path, now)?;
    }
    let word = match (&standing, accepted) {
        (Standing::Same, _) => "same",
        (_, true) => "accepted",
        (Standing::Differs(_), _) => "differs",
        (Standing::Missing, _) => "missing",
    };
    let moved = match &standing {
        Standing::Differs(golden) => golden.moved(now),
        _ => Vec::new(),
    };
    let told: Vec<_> = moved.iter().map(|m| json!({ "figure": m.figure, "expected": m.was, "found": m.is })).collect();
    let fields = json!({
        "scenario": candidate.name, "golden": candidate.path, "result": word, "digest": now.digest, "figures": told,
    });
    terminal.message("golden", fields);
    let mut text = vec![why(&standing, now, &candidate.path)];
    let dash = || "-".to_owned();
    text.extend(
        moved.into_iter().map(|m| {
            format!("          {}: {} -> {}", m.figure, m.was.unwrap_or_else(dash), m.is.unwrap_or_else(dash))
        }),
    );
    tell(terminal, word, &candidate.name, &text.join("\n"));
    let open = matches!(word, "differs" | "missing");
    if open {
        terminal.say(&format!("agree with it: {}", command(options, &candidate.name)));
    }
    Ok(open.then_some(exit::GOLDEN))
}

/// Why a scenario does not stand as expected, in words.
fn why(standing: &Standing, now: &File, path: &Path) -> String {
    let golden = match standing {
        Standing::Same => return "equal to the bit".to_owned(),
        Standing::Missing => return format!("there was no golden file {}", path.display()),
        Standing::Differs(golden) => golden,
    };
    let cause = if golden.settings != now.settings {
        format!("run with {}, expected with {}", listed(&now.settings), listed(&golden.settings))
    } else if golden.inputs == now.inputs {
        "the same inputs came to other results: the program changed".to_owned()
    } else {
        "the scenario, what it names or a catalogue changed".to_owned()
    };
    let moved = golden.moved(now).len();
    let scope = match moved {
        0 => "only the digest, no key figure to 3 digits".to_owned(),
        moved => format!("{moved} of {} key figures", golden.figures.len().max(now.figures.len())),
    };
    format!("{scope}; {cause}")
}

fn listed(settings: &[String]) -> String {
    if settings.is_empty() { "no override".to_owned() } else { settings.join(" ") }
}

/// The command that accepts one scenario.
fn command(options: &Golden, name: &str) -> String {
    let files = options.files.iter().map(|file| format!(" {}", file.display()));
    let dir = options.dir.iter().map(|dir| format!(" --dir {}", dir.display()));
    let sets = sources::sets(&options.overrides).into_iter().map(|set| format!(" --set '{set}'"));
    let words: String = files.chain(dir).chain(sets).collect();
    format!("stampsim golden{words} --accept {name}")
}

/// A golden file without its scenario: accepting it takes it away.
fn settle_orphan(terminal: &Terminal, options: &Golden, name: &String, path: &Path) -> Result<Option<u8>, Failure> {
    let accepted = is_accepted(options, name);
    if accepted {
        remove_golden(path)?;
    }
    let word = if accepted { "removed" } else { "orphan" };
    terminal.message("golden", json!({ "scenario": name, "golden": path, "result": word }));
    tell(terminal, word, name, &format!("its scenario is gone; golden file {}", path.display()));
    Ok((!accepted).then_some(exit::GOLDEN))
}

fn tell(terminal: &Terminal, word: &str, name: &str, text: &str) {
    let tone = match word {
        "same" => Tone::Good,
        "accepted" | "removed" => Tone::Doubt,
        _ => Tone::Bad,
    };
    let word = tone.paint(&format!("{word:<9}"), terminal.colors_data());
    terminal.data(&format!("{word} {name}: {text}\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(accept: Option<&[&str]>) -> Golden {
        let accept = accept.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        Golden { files: vec!["scenarios".into()], dir: None, accept, jobs: None, overrides: Overrides::default() }
    }

    #[test]
    fn golden_files_lie_where_names_start() {
        for (file, expected) in [
            ("scenarios/allocation/hashed.toml", "scenarios/golden"),
            ("a/scenarios/x.toml", "a/scenarios/golden"),
            ("fleet/strict.toml", "golden"),
            ("/tmp/fleet/strict.toml", "/tmp/fleet/golden"),
        ] {
            assert_eq!(folder(&options(None), Path::new(file)), Path::new(expected), "{file}");
        }
    }

    #[test]
    fn a_pipeline_accepts_by_name_only() {
        assert_eq!(refuse_all_in_ci(&options(Some(&[])), true).map_err(|f| f.code), Err(exit::USAGE));
        for (accept, is_ci) in [(Some(&[][..]), false), (Some(&["a"][..]), true), (None, true)] {
            assert_eq!(refuse_all_in_ci(&options(accept), is_ci), Ok(()));
        }
    }

    #[test]
    fn the_command_that_accepts_is_the_one_that_was_given() {
        let scaled = Overrides { scale: Some(0.01), ..Overrides::default() };
        let options = Golden { dir: Some("tests/golden".into()), overrides: scaled, ..options(None) };
        let wanted = "stampsim golden scenarios --dir tests/golden --set 'run.scale=0.01' --accept growth";
        assert_eq!(command(&options, "growth"), wanted);
    }
}
