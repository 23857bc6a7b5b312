//! What an argument of a comparison means: a scenario file to run, a run folder, a baseline, a git revision.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::options::{Execution, Overrides, Talk};
use super::revision::Revision;
use super::run::{Interrupt, run_one};
use super::sources;
use super::terminal::Terminal;
use crate::results::{StoredRun, is_baseline, locate, read, read_baseline};

/// Finds, runs or reads the sides of a comparison.
pub(super) struct Sides<'a> {
    pub(super) terminal: &'a Terminal,
    pub(super) talk: &'a Talk,
    pub(super) overrides: &'a Overrides,
    pub(super) execution: &'a Execution,
    pub(super) interrupt: &'a Interrupt,
}

/// A side with what it is.
pub(super) struct Side {
    /// Its figures.
    pub(super) run: StoredRun,
    /// Whether it is a baseline, which keeps some figures only.
    pub(super) is_baseline: bool,
}

impl Sides<'_> {
    /// The run that an argument means; `others` are the other arguments, for a revision of one of their files.
    pub(super) fn side<'a>(&self, path: &Path, others: impl IntoIterator<Item = &'a PathBuf>) -> Result<Side, Failure> {
        if path.is_file() && is_baseline(path) {
            return Ok(Side { run: read_baseline(path)?, is_baseline: true });
        }
        let folder = if let Some(revision) = Revision::of(path) {
            let file = others.into_iter().find(|other| other.is_file() && !is_baseline(other));
            self.revised(&revision, file.map(PathBuf::as_path))?
        } else if path.is_file() {
            let scenario = sources::load_one(self.terminal, path, self.overrides)?;
            run_one(self.terminal, self.talk, scenario, self.execution, self.interrupt)?
        } else {
            // A name below the output is tried second, and the message names what was typed.
            locate(path).or_else(|error| locate(&self.execution.out.join(path)).map_err(|_| error))?
        };
        self.terminal.detail(&format!("{} is {}", path.display(), folder.display()));
        Ok(Side { run: read(&folder)?, is_baseline: false })
    }

    /// Runs a revision into a folder of its own, so that it never is the newest run of the scenario.
    fn revised(&self, revision: &Revision, other: Option<&Path>) -> Result<PathBuf, Failure> {
        let revised = revision.load(self.terminal, other, self.overrides)?;
        let out = self.execution.out.join(format!("git-{}", revised.commit));
        let execution = Execution { out, ..self.execution.clone() };
        run_one(self.terminal, self.talk, revised.scenario, &execution, self.interrupt)
    }
}
