//! `index`: the questions of many scenarios with the answers of their newest runs, for a document that people browse.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::exit;
use super::failure::Failure;
use super::terminal::Terminal;
use crate::report::index::{BEGIN, END, Entry, index as markdown, into_document};
use crate::results::{Manifest, newest};

const EXAMPLES: &str = "Examples:
  stampsim index                                           what the runs below output/ answered
  stampsim index --links ../scenarios --into docs/scenarios.md
  stampsim index --links ../scenarios --check docs/scenarios.md";

/// Questions and answers of the newest runs below a folder, as Markdown
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Index {
    /// Folder with the runs
    #[arg(default_value = "output")]
    runs: PathBuf,
    /// Folder of the scenario files as the document sees it; each name becomes a link
    #[arg(long, value_name = "PREFIX")]
    links: Option<String>,
    /// Replace the index of this document, which stands between <!-- index --> and <!-- end -->
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,
    /// Fail (24) unless this document has just this index
    #[arg(long, value_name = "FILE", conflicts_with = "into")]
    check: Option<PathBuf>,
}

impl Index {
    /// Whether the index goes to stdout as it is.
    pub(super) fn is_document(&self) -> bool {
        self.into.is_none() && self.check.is_none()
    }
}

/// Prints the index, writes it into a document, or holds a document against it.
pub(super) fn index(terminal: &Terminal, options: &Index) -> Result<Vec<u8>, Failure> {
    let entries: Vec<Entry> = newest(&options.runs)?.into_iter().map(entry).collect();
    if entries.is_empty() {
        let message = format!("{} has no run of a scenario", options.runs.display());
        return Err(Failure::new(exit::NOT_COMPARABLE, message, "run some first: stampsim run scenarios"));
    }
    let text = markdown(&entries, options.links.as_deref());
    let Some(file) = options.into.as_ref().or(options.check.as_ref()) else {
        terminal.document(&text);
        return Ok(vec![exit::FINE]);
    };
    let (before, after) = replaced(file, &text)?;
    let is_same = before == after;
    terminal.message("index", json!({ "file": file, "scenarios": entries.len(), "is_same": is_same }));
    if options.check.is_some() {
        return Ok(vec![checked(terminal, file, (&before, &after))]);
    }
    let failed = |error| Failure::new(exit::NOT_WRITTEN, format!("cannot write {}: {error}", file.display()), "");
    fs::write(file, after).map_err(failed)?;
    terminal.data(&format!("wrote   {}: {} scenarios\n", file.display(), entries.len()));
    Ok(vec![exit::FINE])
}

fn entry(manifest: Manifest) -> Entry {
    let Manifest { scenario, question, answer, partial, .. } = manifest;
    Entry { scenario, question, answer, partial }
}

/// A document as it is, and with the index in its place.
fn replaced(file: &Path, text: &str) -> Result<(String, String), Failure> {
    let unreadable = |error| {
        Failure::new(exit::NOT_COMPARABLE, format!("cannot read {}: {error}", file.display()), "name a document")
    };
    let before = fs::read_to_string(file).map_err(unreadable)?;
    let after = into_document(&before, text).ok_or_else(|| {
        let message = format!("{} has no place for an index", file.display());
        Failure::new(exit::NOT_COMPARABLE, message, format!("put {BEGIN} and {END} on lines of their own"))
    })?;
    Ok((before, after))
}

/// Says which lines differ, and gives the code.
fn checked(terminal: &Terminal, file: &Path, (before, after): (&str, &str)) -> u8 {
    if before == after {
        terminal.data(&format!("same    {}\n", file.display()));
        return exit::FINE;
    }
    let lacks = |text: &str, line: &&str| !text.lines().any(|other| other == *line);
    for line in before.lines().filter(|line| lacks(after, line)) {
        terminal.data(&format!("- {line}\n"));
    }
    for line in after.lines().filter(|line| lacks(before, line)) {
        terminal.data(&format!("+ {line}\n"));
    }
    terminal.data(&format!("differs {}; stampsim index --into writes it anew\n", file.display()));
    exit::GOLDEN
}
