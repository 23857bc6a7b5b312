//! From paths on the command line to validated scenarios, with every problem of every file told first.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::exit;
use super::failure::Failure;
use super::options::Overrides;
use super::terminal::Terminal;
use crate::scenario::catalog::PRICES;
use crate::scenario::file::CATALOG;
use crate::scenario::{self, Diagnostic, Scenario};

/// Loads every scenario that the paths stand for; on any error tells all problems of all files and fails.
pub(super) fn load(terminal: &Terminal, paths: &[PathBuf], overrides: &Overrides) -> Result<Vec<Scenario>, Failure> {
    let sets = sets(overrides);
    load_each(terminal, discover(terminal, paths)?.into_iter().map(|file| (file, sets.clone())))
}

/// The files that the paths stand for.
pub(super) fn discover(terminal: &Terminal, paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    scenario::discover(paths).map_err(|problems| refuse(terminal, &problems))
}

/// Loads files, each with overrides of its own; on any error tells all problems of all files and fails.
pub(super) fn load_each(
    terminal: &Terminal,
    files: impl IntoIterator<Item = (PathBuf, Vec<String>)>,
) -> Result<Vec<Scenario>, Failure> {
    let (mut scenarios, mut problems) = (Vec::new(), Vec::new());
    for (file, sets) in files {
        match scenario::load(&file, &sets) {
            Ok(scenario) => {
                problems.extend(scenario.warnings.iter().cloned());
                scenarios.push(scenario);
            }
            Err(found) => problems.extend(found),
        }
    }
    // An override that fits no file is one mistake and not one for each file.
    problems.dedup();
    if problems.iter().any(Diagnostic::is_error) {
        return Err(refuse(terminal, &problems));
    }
    show(terminal, &problems);
    Ok(scenarios)
}

/// Loads one scenario file.
pub(super) fn load_one(terminal: &Terminal, file: &Path, overrides: &Overrides) -> Result<Scenario, Failure> {
    one(terminal, scenario::load(file, &sets(overrides)))
}

/// Loads a scenario from a text, called `name` in messages; what it names is looked for relative to `folder`.
pub(super) fn load_text(
    terminal: &Terminal,
    name: &str,
    text: &str,
    folder: &Path,
    overrides: &Overrides,
) -> Result<Scenario, Failure> {
    one(terminal, scenario::load_text(name, text, folder, &sets(overrides)))
}

fn one(terminal: &Terminal, loaded: Result<Scenario, Vec<Diagnostic>>) -> Result<Scenario, Failure> {
    let scenario = loaded.map_err(|problems| refuse(terminal, &problems))?;
    show(terminal, &scenario.warnings);
    Ok(scenario)
}

/// Tells the problems and counts them.
fn refuse(terminal: &Terminal, problems: &[Diagnostic]) -> Failure {
    show(terminal, problems);
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    let message = if errors == 1 {
        "1 problem; nothing was run".to_owned()
    } else {
        format!("{errors} problems; nothing was run")
    };
    let help = "`stampsim schema` describes every key, `stampsim list` every policy and measure";
    Failure { problems: problems.to_vec(), ..Failure::new(exit::INVALID, message, help) }
}

fn show(terminal: &Terminal, problems: &[Diagnostic]) {
    for problem in problems {
        terminal.message("diagnostic", serde_json::to_value(problem).unwrap_or(Value::Null));
        terminal.problem(&problem.shown(), problem.is_error());
    }
}

/// Names of the catalogues that a scenario uses, by kind: `limits`, `prices`.
pub(super) fn catalogs(scenario: &Scenario) -> BTreeMap<String, String> {
    let resolved: toml::Table = scenario.resolved.parse().unwrap_or_default();
    let names = resolved.get("catalog").and_then(toml::Value::as_table).into_iter().flatten();
    names.filter_map(|(kind, name)| Some((kind.clone(), name.as_str()?.to_owned()))).collect()
}

/// The text of our own price book where the scenario uses it; a book of the user's is one of its inputs.
pub(super) fn price_book(scenario: &Scenario) -> Option<&'static str> {
    (catalogs(scenario).get("prices").is_none_or(|name| name == CATALOG)).then_some(PRICES)
}

/// All overrides in the words of `--set`, the given ones last so that they win.
pub(super) fn sets(overrides: &Overrides) -> Vec<String> {
    let seed = overrides.seed.map(|seed| format!("run.seed={seed}"));
    let replications = overrides.replications.map(|replications| format!("run.replications={replications}"));
    let scale = overrides.scale.map(|scale| format!("run.scale={scale:?}"));
    let fidelity = overrides.fidelity.as_ref().map(|name| format!("run.telemetry={name:?}"));
    seed.into_iter().chain(replications).chain(scale).chain(fidelity).chain(overrides.set.iter().cloned()).collect()
}
