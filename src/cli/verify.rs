//! `verify`: closed forms and published cases, re-derived on this machine.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::exit;
use super::failure::Failure;
use super::options::{Talk, jobs};
use super::progress::Display;
use super::run::Interrupt;
use super::table::Tone;
use super::terminal::Terminal;
use crate::experiment::RunOptions;
use crate::experiment::verify::{FAMILIES, Found, Gap, Margin, Plan, Row, Table, Verified, markdown};

const EXAMPLES: &str = "Examples:
  stampsim verify                     every row: reference, estimate, 99 % interval, margin, verdict
  stampsim verify storm               rows with this word in the name of their family or case
  stampsim verify --list              what would be checked, what is not modelled, and why
  stampsim verify --references my.csv closed forms against a table of your own";

const CODES: &str = "Exit codes: 0 every row passes; 20 a row fails; 2 no row has the word; 10 the table of --references is invalid;
11 a model stopped; 130 interrupted.

A row passes only where the whole 99 % interval over replications lies within the margin of the reference; `exact` stands for
a value that no randomness enters. What is not modelled is listed with its reason and never counts as a pass.";

/// Re-derives closed forms and published cases on this machine
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, after_help = CODES)]
pub(super) struct Verify {
    /// Only rows with this word in the name of their family or case
    #[arg(value_name = "WORD")]
    word: Option<String>,
    /// Name what would be checked and what is not modelled; compute nothing
    #[arg(long, conflicts_with = "markdown")]
    list: bool,
    /// A table of families in markdown instead of the rows
    #[arg(long)]
    markdown: bool,
    /// Check the closed forms against this table instead: CSV with the columns model, parameters (JSON), metric, value, source
    #[arg(long, value_name = "FILE")]
    references: Option<PathBuf>,
    /// Threads; `RAYON_NUM_THREADS` is honoured too [default: all cores]
    #[arg(short, long, value_name = "N", value_parser = jobs)]
    jobs: Option<usize>,
}

/// Verifies, prints the rows, and returns the exit codes that apply.
pub(super) fn verify(terminal: &Terminal, talk: &Talk, options: &Verify) -> Result<Vec<u8>, Failure> {
    let plan = plan(options)?;
    if options.list {
        list(terminal, &plan);
        return Ok(vec![exit::FINE]);
    }
    let verified = carry_out(terminal, talk, &plan, options.jobs)?;
    if options.markdown && !terminal.is_json() {
        terminal.document(&markdown(&verified.rows));
    } else {
        rows(terminal, &verified.rows);
    }
    gaps(terminal, plan.gaps());
    Ok(summary(terminal, &plan, &verified, options.markdown))
}

fn plan(options: &Verify) -> Result<Plan, Failure> {
    let plan = match &options.references {
        Some(path) => Plan::of_table(&table(path)?),
        None => Plan::built_in(),
    };
    let Some(word) = &options.word else { return Ok(plan) };
    let plan = plan.only(word);
    if let (0, Some(gap)) = (plan.rows(), plan.gaps().first()) {
        let message = format!("nothing with `{word}` in its name is modelled: {}", sentence(gap));
        return Err(Failure::new(exit::USAGE, message, "stampsim verify --list"));
    }
    if plan.rows() == 0 {
        let families = FAMILIES.map(|(name, _)| name).join(", ");
        let message = format!("no family and no case has `{word}` in its name");
        return Err(Failure::new(exit::USAGE, message, format!("a word of these: {families}")));
    }
    Ok(plan)
}

fn table(path: &Path) -> Result<Table, Failure> {
    let help = "columns model, parameters, metric, value, source; parameters are JSON such as {\"servers\": 2}";
    let failure = |why: String| Failure::new(exit::INVALID, format!("{}: {why}", path.display()), help);
    let text = fs::read_to_string(path).map_err(|error| failure(error.to_string()))?;
    Table::read(&text).map_err(failure)
}

fn carry_out(terminal: &Terminal, talk: &Talk, plan: &Plan, jobs: Option<usize>) -> Result<Verified, Failure> {
    let scenarios = plan.simulated().map_err(|problems| {
        let message = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        Failure::new(exit::UNEXPECTED, message, "this is a mistake of the program: please report it")
    })?;
    let interrupt = Interrupt::default();
    let options = RunOptions { jobs, stop: interrupt.watch(), max_wall: None };
    let names = scenarios.iter().map(|scenario| scenario.name.clone()).collect();
    let replications = scenarios.iter().map(|scenario| scenario.replications).sum();
    let display = Display::new(talk.progress, terminal.is_quiet(), names, replications);
    Ok(plan.verify(&scenarios, &options, &display))
}

fn list(terminal: &Terminal, plan: &Plan) {
    for (family, rows) in plan.families() {
        let sources = FAMILIES.iter().find(|(name, _)| *name == family).map_or("", |(_, sources)| *sources);
        terminal.message("family", json!({ "family": family, "rows": rows, "sources": sources }));
        terminal.data(&format!("{rows:>5} rows  {family}: {sources}\n"));
    }
    for gap in plan.gaps() {
        told(terminal, gap);
        terminal.data(&format!("not modelled  {}\n", sentence(gap)));
    }
}

/// All rows, each ending in its verdict; columns as wide as their family needs.
fn rows(terminal: &Terminal, rows: &[Row]) {
    for family in rows.chunk_by(|a, b| a.family == b.family) {
        let lines: Vec<[String; 6]> = family.iter().map(cells).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..6).map(width).collect();
        for (row, line) in family.iter().zip(&lines) {
            terminal.message("row", fields(row));
            let columns = line.iter().zip(&widths).map(|(text, width)| format!("{text:<width$}"));
            let tone = if row.passes() { Tone::Good } else { Tone::Bad };
            let verdict = tone.paint(row.verdict(), terminal.colors_data());
            terminal.data(&format!("{}  {verdict}\n", columns.collect::<Vec<_>>().join("  ")));
        }
    }
}

/// Family and case, reference, estimate, interval, margin, source.
fn cells(row: &Row) -> [String; 6] {
    let Row { family, case, figure, reference, source, found, margin } = row;
    let (estimate, interval) = match found {
        Some(found) if found.is_exact() => (number(found.mean), "exact".to_owned()),
        Some(Found { mean, low, high, replications }) => {
            (number(*mean), format!("{}..{} ({replications})", number(*low), number(*high)))
        }
        None => ("no such figure".to_owned(), String::new()),
    };
    let margin = match margin {
        Margin::Exact => "exactly".to_owned(),
        Margin::Relative(share) if *share < 1e-5 => format!("within {share:.0e}"),
        Margin::Relative(share) => format!("within {} %", number(share * 100.0)),
        Margin::Absolute(distance) => format!("± {}", number(*distance)),
    };
    let name = format!("{family}: {case}: {figure}");
    [name, format!("reference {}", number(*reference)), estimate, interval, margin, format!("[{source}]")]
}

/// A number in at most eight digits.
fn number(value: f64) -> String {
    let size = value.abs();
    if size > 0.0 && !(1e-4..1e9).contains(&size) {
        let text = format!("{value:.6e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.'));
    }
    let whole = if size < 1.0 { 0 } else { libm::log10(size) as usize };
    let text = format!("{value:.*}", 7_usize.saturating_sub(whole));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn fields(row: &Row) -> serde_json::Value {
    let (margin_kind, margin) = match row.margin {
        Margin::Exact => ("exact", 0.0),
        Margin::Relative(share) => ("relative", share),
        Margin::Absolute(distance) => ("absolute", distance),
    };
    json!({
        "family": row.family, "case": row.case, "figure": row.figure, "reference": row.reference,
        "source": row.source, "estimate": row.found.map(|found| found.mean), "low": row.found.map(|found| found.low),
        "high": row.found.map(|found| found.high), "exact": row.found.is_some_and(|found| found.is_exact()),
        "replications": row.found.map(|found| found.replications), "margin_kind": margin_kind, "margin": margin,
        "verdict": row.verdict(),
    })
}

fn sentence(Gap { case, rows, reason }: &Gap) -> String {
    match rows {
        0 => format!("{case}: {reason}"),
        1 => format!("{case} (1 row): {reason}"),
        rows => format!("{case} ({rows} rows): {reason}"),
    }
}

fn told(terminal: &Terminal, gap: &Gap) {
    terminal.message("not_modelled", json!({ "case": gap.case, "rows": gap.rows, "reason": gap.reason }));
}

/// What is not modelled, as talk: on stdout every line ends in a verdict.
fn gaps(terminal: &Terminal, gaps: &[Gap]) {
    for gap in gaps {
        told(terminal, gap);
        terminal.say(&format!("not modelled: {}", sentence(gap)));
    }
}

/// Counts, and the codes that apply.
fn summary(terminal: &Terminal, plan: &Plan, verified: &Verified, is_document: bool) -> Vec<u8> {
    let (rows, failed) = (verified.rows.len(), verified.failed());
    // A published case that is in no table counts as one.
    let open: usize = plan.gaps().iter().map(|gap| gap.rows.max(1)).sum();
    let missing = plan.rows() - rows;
    for why in &verified.stopped {
        terminal.warn(&format!("the model stopped: {why}"));
    }
    let codes: Vec<u8> = [
        (verified.interrupted, exit::INTERRUPTED),
        (!verified.stopped.is_empty(), exit::STOPPED),
        (failed > 0, exit::EXPECTATION),
        (missing > 0 && !verified.interrupted && verified.stopped.is_empty(), exit::UNEXPECTED),
    ]
    .into_iter()
    .filter_map(|(applies, code)| applies.then_some(code))
    .collect();
    let verdict = if codes.is_empty() { "pass" } else { "fail" };
    let (passed, counts) = (rows - failed, json!({ "rows": rows, "failed": failed, "missing": missing }));
    terminal
        .message("summary", json!({ "passed": passed, "counts": counts, "not_modelled": open, "verdict": verdict }));
    let cut = if missing > 0 { format!(", {missing} not done") } else { String::new() };
    let line = format!("{rows} rows: {passed} pass, {failed} fail{cut}; {open} not modelled: {verdict}");
    // A document goes to a file as it is.
    if is_document {
        terminal.say(&line);
    } else {
        terminal.data(&format!("{line}\n"));
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::super::terminal::Manner;
    use super::super::terminal::sample::terminal;
    use super::*;

    #[test]
    fn codes_follow_what_happened() {
        let codes = |verified: &Verified| {
            let (terminal, out, _) = terminal(Manner::default());
            let codes = summary(&terminal, &Plan::built_in().only("Bass"), verified, false);
            assert_eq!(out.text().trim_end().ends_with(": pass"), codes.is_empty());
            codes
        };
        let stopped = || Verified { stopped: vec!["a case: out of events".into()], ..Verified::default() };
        assert_eq!(codes(&Verified::default()), [exit::UNEXPECTED], "rows that are missing for no reason");
        assert_eq!(codes(&stopped()), [exit::STOPPED]);
        assert_eq!(codes(&Verified { interrupted: true, ..stopped() }), [exit::INTERRUPTED, exit::STOPPED]);
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in
            [(0.0, "0"), (11_643.0, "11643"), (0.4, "0.4"), (1.5e-20, "1.5e-20"), (-2.25, "-2.25"), (10.0, "10")]
        {
            assert_eq!(number(value), text);
        }
        assert_eq!(number(2_010_000.0), "2010000");
    }
}
