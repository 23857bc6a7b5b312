//! `check`: every problem of every file, and nothing run.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::failure::Failure;
use super::options::Overrides;
use super::sources;
use super::terminal::Terminal;

const EXAMPLES: &str = "Examples:
  stampsim check outage.toml                        every problem, with line, column and what to do
  stampsim check scenarios/                         every scenario below a folder
  stampsim check outage.toml --set run.seed=7 --message-format json";

/// Every problem of scenario files; runs nothing
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Check {
    /// Scenario files, or folders: every *.toml below, except in catalog/
    #[arg(required = true, value_name = "FILE|DIR")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    overrides: Overrides,
}

/// Loads every file and says what it found.
pub(super) fn check(terminal: &Terminal, options: &Check) -> Result<(), Failure> {
    let scenarios = sources::load(terminal, &options.files, &options.overrides)?;
    for scenario in &scenarios {
        let name = &scenario.name;
        terminal.message("checked", json!({ "scenario": name }));
        terminal.data(&format!("ok  {name}\n"));
        if scenario.expectations.is_empty() {
            terminal.detail(&format!("{name} has no [[expect]], so as a gate it can never fail"));
        }
    }
    Ok(())
}
