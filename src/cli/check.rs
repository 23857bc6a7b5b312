//! `check`: every problem of every file, and nothing run.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::delivery::Delivery;
use super::failure::Failure;
use super::figures::{count, many, megabytes};
use super::gate::{gate, of_problems};
use super::options::Overrides;
use super::room::Room;
use super::sources;
use super::terminal::Terminal;
use crate::report::gate::{Case, Suite};
use crate::scenario::Scenario;
use crate::scenario::footprint::Footprint;
use crate::units::SimDuration;

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
    let room = options.room.bytes();
    for scenario in &scenarios {
        let name = &scenario.name;
        let takes = scenario.footprint();
        let fields = json!({
            "scenario": name, "devices": takes.devices, "stamps": takes.stamps, "replications": scenario.replications,
            "events_per_replication": takes.events, "memory_bytes_per_replication": takes.memory_bytes,
            "memory_bytes_available": room, "cpu_seconds_in_all": takes.events_in_all / EVENTS_PER_SECOND,
            "assumptions": scenario.assumptions,
        });
        terminal.message("checked", fields);
        terminal.data(&format!("ok  {name}: {}\n", sentence(&takes, scenario.replications)));
        terminal.data(&format!("    {}\n", effort(&takes, scenario.replications, room)));
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

/// Events that a core of an ordinary machine carries out in a second [1/s]. Shipped scenarios of more than 100,000 events came to
/// 1 to 5 million; fewer where fleets are far larger than its caches, and where a run is flows, which are much work an event.
const EVENTS_PER_SECOND: f64 = 3e6;

/// The memory and the time that a run will take, against what there is; time is only a hint, since machines differ.
fn effort(takes: &Footprint, replications: u32, room: Option<f64>) -> String {
    let memory = megabytes(takes.memory_of(1, replications));
    let available = room.map_or_else(String::new, |room| format!(" of {} available", megabytes(room)));
    let seconds = SimDuration::from_secs_f64(libm::ceil(takes.events_in_all / EVENTS_PER_SECOND));
    let time = if seconds <= SimDuration::SECOND { "a second or less".to_owned() } else { format!("about {seconds}") };
    format!(
        "needs {memory}{available} for one replication at a time; {time} of one core in all, an estimate by 3 M events/s"
    )
}

/// What a run will take, in words.
fn sentence(takes: &Footprint, replications: u32) -> String {
    let Footprint { devices, stamps, memory_bytes, events, .. } = takes;
    let (devices, stamps) = (many(*devices, "device"), many(*stamps, "stamp"));
    let (events, memory) = (count(*events), megabytes(*memory_bytes));
    let replications = many(u64::from(replications), "replication");
    format!("{devices}, {stamps}, {replications} of about {events} events and {memory} each")
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
        let text = "150,000 devices, 4 stamps, 30 replications of about 1,234,568 events and 12 MB each";
        assert_eq!(sentence(&takes, 30), text);
        assert!(sentence(&Footprint { stamps: 1, ..takes }, 1).contains("1 stamp, 1 replication of"));
        let long = Footprint { events_in_all: 3e9, ..takes };
        let text = "needs 24 MB of 2,048 MB available for one replication at a time; about 16 min 40 s of one core in all, \
                    an estimate by 3 M events/s";
        assert_eq!(effort(&long, 30, Some(f64::from(1_u32 << 31))), text);
        assert!(effort(&takes, 30, None).starts_with("needs 24 MB for one replication at a time; a second or less of"));
    }
}
