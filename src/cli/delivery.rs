//! What CI gets of a verdict beside the exit code: lines on the pull request, a JUnit file, a summary.
//!
//! The flags mean the same in every command that has them. Files are tried before anything is run.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::exit;
use super::failure::Failure;
use super::terminal::Terminal;
use crate::report::annotations::{System, annotations};
use crate::report::{Gate, junit, summary};

/// Flags of every command that gives a verdict.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "CI")]
pub(super) struct Delivery {
    /// Lines on the pull request, at most ten
    #[arg(long, value_enum, default_value_t, value_name = "SYSTEM")]
    annotations: Annotations,
    /// Write every verdict as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write a summary as markdown; on GitHub it is appended to the job's page too
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
    /// When there is a summary
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    summary_when: SummaryWhen,
    /// End with 0 whatever the verdict; a mistake or a run that is not whole keeps its code
    #[arg(long)]
    exit_zero: bool,
}

/// Whose annotations are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Annotations {
    /// By the environment: `GITHUB_ACTIONS`, `TF_BUILD`
    #[default]
    Auto,
    /// Workflow commands of GitHub Actions
    Github,
    /// Logging commands of Azure Pipelines
    Azure,
    /// None
    None,
}

/// When a summary is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum SummaryWhen {
    /// Always
    #[default]
    Always,
    /// When anything failed, is in doubt, or is other than in the base
    Changed,
    /// When the verdict ends the command with a code of its own
    Fail,
}

/// What the environment says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Surroundings {
    system: Option<System>,
    step_summary: Option<PathBuf>,
}

impl Surroundings {
    fn of_process() -> Self {
        Self::read(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn read(value: impl Fn(&str) -> Option<String>) -> Self {
        let is_true = |name: &str| value(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let system = match (is_true("GITHUB_ACTIONS"), is_true("TF_BUILD")) {
            (true, _) => Some(System::Github),
            (false, true) => Some(System::Azure),
            (false, false) => None,
        };
        Self { system, step_summary: value("GITHUB_STEP_SUMMARY").map(PathBuf::from) }
    }
}

impl Delivery {
    /// Makes the folders of the files and tries each, so that a mistake is told before a long run.
    pub(super) fn prepare(&self) -> Result<(), Failure> {
        self.junit
            .iter()
            .chain(&self.summary)
            .try_for_each(|path| probe(path).map_err(|error| unwritable(path, &error)))
    }

    /// Writes and prints everything that is asked for.
    pub(super) fn deliver(&self, terminal: &Terminal, gate: &Gate) -> Result<(), Failure> {
        self.deliver_in(terminal, gate, &Surroundings::of_process())
    }

    fn deliver_in(&self, terminal: &Terminal, gate: &Gate, around: &Surroundings) -> Result<(), Failure> {
        let system = match self.annotations {
            Annotations::Auto => around.system,
            Annotations::Github => Some(System::Github),
            Annotations::Azure => Some(System::Azure),
            Annotations::None => None,
        };
        for line in system.iter().flat_map(|system| annotations(gate, *system)) {
            terminal.annotation(&line);
        }
        if let Some(path) = &self.junit {
            fs::write(path, junit(gate)).map_err(|error| unwritable(path, &error))?;
        }
        if self.wants_summary(gate) { self.summarise(terminal, gate, system, around) } else { Ok(()) }
    }

    fn wants_summary(&self, gate: &Gate) -> bool {
        match self.summary_when {
            SummaryWhen::Always => true,
            SummaryWhen::Changed => gate.is_changed(),
            SummaryWhen::Fail => gate.is_failure(),
        }
    }

    fn summarise(
        &self,
        terminal: &Terminal,
        gate: &Gate,
        system: Option<System>,
        around: &Surroundings,
    ) -> Result<(), Failure> {
        if self.summary.is_none() && around.step_summary.is_none() {
            return Ok(());
        }
        let text = summary(gate);
        if let Some(path) = &around.step_summary {
            append(path, &text).map_err(|error| unwritable(path, &error))?;
        }
        let Some(path) = &self.summary else { return Ok(()) };
        fs::write(path, &text).map_err(|error| unwritable(path, &error))?;
        if system == Some(System::Azure) {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            terminal.annotation(&format!("##vso[task.uploadsummary]{}", path.display()));
        }
        Ok(())
    }

    /// The codes that the command ends with: all of them, or all but verdicts.
    pub(super) fn codes(&self, codes: &[u8]) -> Vec<u8> {
        codes.iter().copied().filter(|code| !(self.exit_zero && exit::is_verdict(*code))).collect()
    }
}

/// Tries to write a file and leaves one that is there as it is.
fn probe(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let is_new = !path.exists();
    fs::OpenOptions::new().append(true).create(true).open(path)?;
    if is_new { fs::remove_file(path) } else { Ok(()) }
}

/// Adds to a file that other steps write too.
fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(format!("{text}\n").as_bytes())
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let message = format!("cannot write {}: {error}", path.display());
    Failure::new(exit::NOT_WRITTEN, message, "name a file in a folder that can be written")
}

#[cfg(test)]
mod tests {
    use super::super::terminal::sample::terminal;
    use super::super::terminal::{Manner, MessageFormat};
    use super::*;
    use crate::report::gate::{Case, Grade, Suite};

    fn gate(grade: Grade, exit: u8) -> Gate {
        let case = Case { name: "p99".into(), grade, message: "too slow".into(), ..Case::default() };
        let suite = Suite { name: "outage".into(), cases: vec![case], ..Suite::default() };
        Gate { command: "run".into(), exit, suites: vec![suite], ..Gate::default() }
    }

    #[test]
    fn the_environment_names_the_system() {
        let of = |set: &[(&str, &str)]| {
            let value = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            Surroundings::read(value)
        };
        assert_eq!(of(&[]), Surroundings::default());
        assert_eq!(of(&[("GITHUB_ACTIONS", "true")]).system, Some(System::Github));
        assert_eq!(of(&[("TF_BUILD", "True")]).system, Some(System::Azure));
        assert_eq!(of(&[("TF_BUILD", "no"), ("GITHUB_ACTIONS", "")]).system, None);
        assert_eq!(of(&[("GITHUB_STEP_SUMMARY", "/x")]).step_summary, Some("/x".into()));
    }

    #[test]
    fn every_place_gets_its_text() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let delivery = Delivery {
            junit: Some(path("deep/er/junit.xml")),
            summary: Some(path("summary.md")),
            ..Delivery::default()
        };
        delivery.prepare().expect("it can be written");
        assert!(!path("deep/er/junit.xml").exists(), "a try leaves nothing");
        fs::write(path("step.md"), "before\n").expect("written");
        let around = Surroundings { system: Some(System::Azure), step_summary: Some(path("step.md")) };
        let (terminal, out, _) = terminal(Manner::default());
        delivery.deliver_in(&terminal, &gate(Grade::Failure, 20), &around).expect("written");
        let read = |name: &str| fs::read_to_string(path(name)).expect("a file");
        assert!(read("deep/er/junit.xml").contains("failures=\"1\""));
        assert!(read("summary.md").starts_with("# stampsim run") && read("step.md").starts_with("before\n# stampsim"));
        let lines: Vec<_> = out.text().lines().map(str::to_owned).collect();
        let uploaded = format!("##vso[task.uploadsummary]{}", path("summary.md").display());
        assert_eq!(lines, ["##vso[task.logissue type=error]outage: too slow", uploaded.as_str()]);
    }

    #[test]
    fn a_summary_comes_when_it_is_wanted() {
        let when = |summary_when| Delivery { summary_when, ..Delivery::default() };
        let [calm, doubt, failed] = [gate(Grade::Pass, 0), gate(Grade::Warning, 0), gate(Grade::Failure, 20)];
        for (when, wanted) in [
            (when(SummaryWhen::Always), [true, true, true]),
            (when(SummaryWhen::Changed), [false, true, true]),
            (when(SummaryWhen::Fail), [false, false, true]),
        ] {
            assert_eq!([&calm, &doubt, &failed].map(|gate| when.wants_summary(gate)), wanted, "{when:?}");
        }
    }

    #[test]
    fn json_on_stdout_stays_json() {
        let (terminal, out, err) = terminal(Manner { format: MessageFormat::Json, ..Manner::default() });
        let delivery = Delivery { annotations: Annotations::Github, ..Delivery::default() };
        delivery.deliver_in(&terminal, &gate(Grade::Failure, 20), &Surroundings::default()).expect("nothing to write");
        assert_eq!((out.text().as_str(), err.text().as_str()), ("", "::error::outage: too slow\n"));
    }

    #[test]
    fn a_file_that_cannot_be_written_is_told_before_and_mistakes_keep_their_code() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("file"), "").expect("written");
        let below_a_file = Some(folder.path().join("file/junit.xml"));
        let failure = Delivery { junit: below_a_file, ..Delivery::default() }.prepare().expect_err("no folder");
        assert_eq!(failure.code, exit::NOT_WRITTEN);
        let zero = Delivery { exit_zero: true, ..Delivery::default() };
        assert!(zero.codes(&[20, 21, 22, 24, 25]).is_empty());
        assert_eq!(zero.codes(&[10, 20, 23, 12]), [10, 23, 12]);
        assert_eq!(Delivery::default().codes(&[20]), [20]);
    }
}
