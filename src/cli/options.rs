//! Flags that mean the same in every command that has them.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;

use super::charts::Charts;
use super::progress::ProgressMode;
use super::room::Room;
use super::terminal::{Color, Manner, MessageFormat};
use crate::units::SimDuration;

/// How the program talks.
#[derive(Debug, Clone, Args)]
pub(super) struct Talk {
    /// Only data and errors
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Talk")]
    pub(super) quiet: bool,
    /// Details too
    #[arg(short, long, global = true, help_heading = "Talk")]
    pub(super) verbose: bool,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", help_heading = "Talk")]
    pub(super) color: Color,
    /// How progress is shown on stderr
    #[arg(long, global = true, value_enum, default_value_t, value_name = "HOW", help_heading = "Talk")]
    pub(super) progress: ProgressMode,
    /// Who reads stdout
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Talk")]
    pub(super) message_format: MessageFormat,
}

impl Talk {
    /// The manner of the terminal.
    pub(super) fn manner(&self) -> Manner {
        Manner { color: self.color, format: self.message_format, quiet: self.quiet, verbose: self.verbose }
    }
}

/// What is changed of a scenario file for this call.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Overrides {
    /// Seed of all randomness, instead of the file's
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Independent replications, instead of the file's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) replications: Option<u32>,
    /// Share of the fleet that is simulated, for a quick look: devices and capacities shrink, limits stay
    #[arg(long, value_name = "SHARE")]
    pub(super) scale: Option<f64>,
    /// How telemetry is simulated: each message an event, each message without an event, or counts per tick; the same as
    /// --set run.telemetry
    #[arg(long, value_name = "NAME", value_parser = ["events", "superposed", "flow"])]
    pub(super) fidelity: Option<String>,
    /// Any value of the file by its path, such as gateway.cache.ttl='"5 min"' or stamps.0.count=6; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment)]
    pub(super) set: Vec<String>,
}

/// Where results go, and how much of the machine a run may use.
#[derive(Debug, Clone, Args)]
pub(super) struct Execution {
    /// Folder for results
    #[arg(short, long, value_name = "DIR", default_value = "output")]
    pub(super) out: PathBuf,
    /// Threads; `RAYON_NUM_THREADS` is honoured too [default: all cores]
    #[arg(short, long, value_name = "N", value_parser = jobs)]
    pub(super) jobs: Option<usize>,
    #[command(flatten)]
    pub(super) room: Room,
    /// Stop after this much real time, such as "10 min"; replications that are whole are kept
    #[arg(long, value_name = "TIME", value_parser = wall)]
    pub(super) max_wall: Option<Duration>,
    /// Files of charts; a gate in CI, which nobody looks at, is faster without
    #[arg(long, value_name = "WHICH", default_value = "all")]
    pub(super) charts: Charts,
}

/// `key=value`, left to the scenario's reader but for its shape.
fn assignment(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((key, _)) if !key.trim().is_empty() => Ok(text.to_owned()),
        _ => Err("expected KEY=VALUE, such as run.horizon='\"1 h\"'".to_owned()),
    }
}

/// A number of threads.
pub(super) fn jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("expected a number of threads from 1".to_owned()),
        Ok(jobs) => Ok(jobs),
    }
}

fn wall(text: &str) -> Result<Duration, String> {
    let wall = SimDuration::from_str(text).map_err(|error| error.to_string())?;
    if wall.is_zero() { Err("expected more than no time".to_owned()) } else { Ok(Duration::from_micros(wall.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked_where_they_are_given() {
        assert!(assignment("run.seed=3").is_ok() && assignment("run.seed").is_err() && assignment("=3").is_err());
        assert!(jobs("0").is_err() && jobs("x").is_err() && jobs("3") == Ok(3));
        assert_eq!(wall("2 min"), Ok(Duration::from_mins(2)));
        assert!(wall("0 s").is_err() && wall("2").is_err());
    }
}
