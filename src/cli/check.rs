//! `check`: every problem of every file, and nothing run.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::failure::Failure;
use super::figures::{count, many};
use super::options::Overrides;
use super::sources;
use super::terminal::Terminal;
use crate::scenario::footprint::Footprint;

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
        let takes = scenario.footprint();
        let fields = json!({
            "scenario": name, "devices": takes.devices, "stamps": takes.stamps, "replications": scenario.replications,
            "events_per_replication": takes.events, "memory_bytes_per_replication": takes.memory_bytes,
            "assumptions": scenario.assumptions,
        });
        terminal.message("checked", fields);
        terminal.data(&format!("ok  {name}: {}\n", sentence(&takes, scenario.replications)));
        if scenario.expectations.is_empty() {
            terminal.detail(&format!("{name} has no [[expect]], so as a gate it can never fail"));
        }
    }
    Ok(())
}

/// What a run will take, in words.
fn sentence(takes: &Footprint, replications: u32) -> String {
    let Footprint { devices, stamps, memory_bytes, events, .. } = takes;
    let (devices, stamps) = (many(*devices, "device"), many(*stamps, "stamp"));
    let (events, memory) = (count(*events), count(libm::ceil(memory_bytes / 1e6)));
    let replications = many(u64::from(replications), "replication");
    format!("{devices}, {stamps}, {replications} of about {events} events and {memory} MB each")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_footprint_is_a_sentence() {
        let takes =
            Footprint { devices: 150_000, stamps: 4, memory_bytes: 1.25e7, events: 1_234_567.8, events_in_all: 0.0 };
        let text = "150,000 devices, 4 stamps, 30 replications of about 1,234,568 events and 13 MB each";
        assert_eq!(sentence(&takes, 30), text);
        assert!(sentence(&Footprint { stamps: 1, ..takes }, 1).contains("1 stamp, 1 replication of"));
    }
}
