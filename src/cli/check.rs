//! `check`: every problem of every file, and nothing run.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::delivery::Delivery;
use super::failure::Failure;
use super::figures::{count, many};
use super::gate::{gate, of_problems};
use super::options::Overrides;
use super::room::Room;
use super::sources;
use super::terminal::Terminal;
use crate::report::gate::{Case, Suite};
use crate::scenario::Scenario;
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
    #[command(flatten)]
    room: Room,
    #[command(flatten)]
    pub(super) delivery: Delivery,
}

/// Loads every file and says what it found.
pub(super) fn check(terminal: &Terminal, options: &Check) -> Result<(), Failure> {
    let scenarios = sources::load(terminal, &options.files, &options.overrides)?;
    options.room.refuse(terminal, &scenarios)?;
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
        for advice in &scenario.advice {
            terminal.data(&format!("    {advice}\n"));
        }
        if scenario.expectations.is_empty() {
            terminal.detail(&format!("{name} has no [[expect]], so as a gate it can never fail"));
        }
    }
    options.delivery.deliver(terminal, &gate("check", "passed", &[], scenarios.iter().map(suite).collect(), Vec::new()))
}

/// A file without errors, with its warnings.
fn suite(scenario: &Scenario) -> Suite {
    let message = sentence(&scenario.footprint(), scenario.replications);
    let mut cases = vec![Case { name: "file is valid".into(), word: "pass".into(), message, ..Case::default() }];
    cases.extend(of_problems(&scenario.warnings));
    let (name, question) = (scenario.name.clone(), scenario.question.clone());
    Suite { name, question, cases, ..Suite::default() }
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
        let takes = Footprint {
            devices: 150_000,
            stamps: 4,
            memory_bytes: 1.25e7,
            events: 1_234_567.8,
            ..Footprint::default()
        };
        let text = "150,000 devices, 4 stamps, 30 replications of about 1,234,568 events and 13 MB each";
        assert_eq!(sentence(&takes, 30), text);
        assert!(sentence(&Footprint { stamps: 1, ..takes }, 1).contains("1 stamp, 1 replication of"));
    }
}
