//! `baseline`: the figures of a run as one text file, to be checked in beside the scenario.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::criteria::Figures;
use super::exit;
use super::failure::Failure;
use super::options::{Execution, Overrides, Talk};
use super::run::Interrupt;
use super::sides::Sides;
use super::terminal::Terminal;
use crate::experiment::compare::{Question, is_key};
use crate::results::{Figure, read_baseline, write_baseline};

const EXAMPLES: &str = "Examples:
  stampsim baseline scenarios/outage.toml outage.baseline.toml      run, and keep the key figures
  stampsim baseline outage outage.baseline.toml --replace           from the newest run, in the place of the old one
  stampsim compare outage.baseline.toml scenarios/outage.toml       what it is for";

/// Write the figures of a run as a text file to be checked in, for compare
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Baseline {
    /// A scenario file to run, a run folder, a scenario's folder (its newest run; also by its name below --out), or
    /// git:REV:PATH
    run: PathBuf,
    /// The file to write
    file: PathBuf,
    #[command(flatten)]
    figures: Figures,
    /// Write it even where a baseline is there already
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    overrides: Overrides,
    #[command(flatten)]
    execution: Execution,
}

/// Writes the file; never over another unless that is asked for.
pub(super) fn baseline(terminal: &Terminal, talk: &Talk, options: &Baseline) -> Result<(), Failure> {
    let Baseline { overrides, execution, file, replace, .. } = options;
    // Before a run that may take long.
    if file.exists() && !replace {
        let message = format!("{} exists already", file.display());
        return Err(Failure::new(exit::NOT_WRITTEN, message, "write elsewhere, or say --replace"));
    }
    let before = read_baseline(file).ok().and_then(|run| run.manifest.digest);
    let sides = Sides { terminal, talk, overrides, execution, interrupt: &Interrupt::default() };
    let run = sides.side(&options.run, [])?.run;
    let Some(digest) = &run.manifest.digest else {
        let message =
            format!("the run is not complete: {}", run.manifest.partial.as_deref().unwrap_or("it has no digest"));
        return Err(Failure::new(exit::NOT_COMPARABLE, message, "run it again to the end"));
    };
    let kept = kept(&run.replications, &options.figures);
    if kept.is_empty() {
        let message = "the run has none of the figures that a baseline keeps";
        return Err(Failure::new(exit::NOT_COMPARABLE, message, "name some with --measure, or keep --all"));
    }
    write_baseline(file, &run, &kept, *replace)?;
    terminal.message("baseline", json!({ "file": file, "digest": digest, "figures": kept.len(), "before": before }));
    terminal.data(&format!("wrote   {}: {} figures, digest {digest}\n", file.display(), kept.len()));
    if let Some(before) = before.filter(|before| before != digest) {
        terminal.say(&format!("it was {before}; the difference is for a reviewer"));
    }
    Ok(())
}

/// The figures that are asked for; those of a measure by name whatever their labels.
fn kept<'a>(replications: &'a [std::collections::BTreeMap<Figure, f64>], wanted: &Figures) -> BTreeSet<&'a Figure> {
    let question = Question { all: wanted.all, measures: wanted.measure.clone(), ..Question::default() };
    let takes = |figure: &&Figure| question.takes(figure) || is_key(figure);
    replications.iter().flat_map(|figures| figures.keys()).filter(takes).collect()
}
