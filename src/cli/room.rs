//! Whether a run fits into the memory of this machine, and how many replications do at once.

use super::exit;
use super::failure::Failure;
use super::figures::{count, megabytes};
use super::terminal::Terminal;
use crate::scenario::{Diagnostic, Scenario};
use crate::units::Bytes;
use clap::Args;

/// How much memory a run may take.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(super) struct Room {
    /// Memory that a run may take, such as "24 GB" [default: what the system has available]
    #[arg(long, value_name = "SIZE")]
    pub(super) memory: Option<Bytes>,
}

impl Room {
    /// Memory that may be taken [B]; nothing where nobody says and the system does not tell.
    pub(super) fn bytes(self) -> Option<f64> {
        self.memory.map(|memory| memory.0 as f64).or_else(available)
    }

    /// Refuses scenarios of which not even one replication fits.
    pub(super) fn refuse(self, terminal: &Terminal, scenarios: &[Scenario]) -> Result<(), Failure> {
        let Some(room) = self.bytes() else { return Ok(()) };
        let problems: Vec<Diagnostic> = scenarios.iter().filter_map(|scenario| too_large(scenario, room)).collect();
        if problems.is_empty() {
            return Ok(());
        }
        for problem in &problems {
            terminal.message("diagnostic", serde_json::to_value(problem).unwrap_or_default());
            terminal.problem(&problem.shown(), true);
        }
        let message = format!("{} too large for this machine; nothing was run", of(problems.len(), "scenario"));
        let help = "run a part of the fleet with --scale 0.1, or say how much memory there is with --memory \"64 GB\"";
        Err(Failure { problems, ..Failure::new(exit::INVALID, message, help) })
    }

    /// Threads for a run: those asked for, or as many as fit, which is said.
    pub(super) fn jobs(
        self,
        terminal: &Terminal,
        scenarios: &[Scenario],
        jobs: Option<usize>,
    ) -> Result<Option<usize>, Failure> {
        self.refuse(terminal, scenarios)?;
        let wanted = jobs.unwrap_or_else(threads);
        let Some(room) = self.bytes() else { return Ok(jobs) };
        let fitting = scenarios.iter().map(|scenario| fitting(scenario, room, wanted)).min().unwrap_or(wanted);
        if fitting >= wanted {
            return Ok(jobs);
        }
        let most = scenarios.iter().map(|scenario| scenario.footprint().memory_bytes).fold(0.0, f64::max);
        terminal.warn(&format!(
            "a replication takes about {} and {} are available: {} at once instead of {wanted}",
            megabytes(most),
            megabytes(room),
            of(fitting, "replication")
        ));
        Ok(Some(fitting))
    }
}

fn of(n: usize, what: &str) -> String {
    super::figures::many(n as u64, what)
}

/// Most replications of a scenario that fit at once, up to as many as are wanted.
fn fitting(scenario: &Scenario, room: f64, wanted: usize) -> usize {
    let takes = scenario.footprint();
    (1..wanted).take_while(|n| takes.memory_of(n + 1, scenario.replications) <= room).count() + 1
}

/// What is wrong where one replication does not fit.
fn too_large(scenario: &Scenario, room: f64) -> Option<Diagnostic> {
    let takes = scenario.footprint();
    let needed = takes.memory_of(1, scenario.replications);
    (needed > room).then(|| Diagnostic {
        what: format!("one replication takes about {}", megabytes(needed)),
        expected: Some(format!("at most the {} that are available", megabytes(room))),
        help: Some(format!("{} devices are simulated, each by itself", count(takes.devices as f64))),
        ..scenario.heaviest.clone()
    })
}

/// Threads of a run for which nobody says how many.
fn threads() -> usize {
    let named = std::env::var("RAYON_NUM_THREADS").ok().and_then(|n| n.parse().ok()).filter(|n| *n > 0);
    named.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// Memory that the system has available [B], where it tells.
fn available() -> Option<f64> {
    let told = std::fs::read_to_string("/proc/meminfo").ok()?;
    kilobytes(&told, "MemAvailable:").map(|kb| kb * 1024.0)
}

/// The value of a line of a file of /proc [kB].
fn kilobytes(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_proc_is_read_and_others_are_not() {
        let text = "MemTotal:       32657484 kB\nMemAvailable:   12345 kB\n";
        assert_eq!(kilobytes(text, "MemAvailable:"), Some(12_345.0));
        assert_eq!(kilobytes("MemAvailable: many kB", "MemAvailable:"), None);
        assert_eq!(kilobytes("", "MemAvailable:"), None);
    }
}
