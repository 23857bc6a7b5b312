//! The command line: arguments, one file per command, words for people and programs, exit codes.
//!
//! The only room that prints. No command asks a question, and only `run`, `compare` and `baseline` write results; `golden` writes
//! what it is told to accept. What CI reads of a verdict is filled in by `gate`, made by the room `report` and written by `delivery`.

mod answer;
mod baseline;
mod charts;
mod check;
mod circles;
mod compare;
mod compared;
mod comparison;
mod completions;
mod estimate;
pub mod exit;
mod expectations;
mod explain;
mod criteria;
mod delivery;
mod failure;
mod figures;
mod gate;
mod golden;
mod index;
mod init;
mod limits;
mod list;
mod looks;
mod man;
mod messages;
mod moves;
mod options;
mod progress;
mod rank;
mod rerun;
mod revision;
mod room;
mod run;
mod schema;
mod sides;
mod simulation;
mod sources;
mod table;
mod terminal;
mod verify;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use serde_json::json;

use delivery::Delivery;
use failure::Failure;
use options::Talk;
use terminal::Terminal;

const EXAMPLES: &str = "Examples:
  stampsim init                       a scenario to start from
  stampsim check scenario.toml        every problem, with its place
  stampsim run scenario.toml          simulate, print the figures, write output/scenario/
  stampsim compare base.toml candidate.toml
  stampsim explain 20                 what a code, measure or key means";

const EXIT_CODES: &str = "Exit codes (`stampsim explain CODE` says what to do):
  0 fine                    20 an expectation, or a row of verify, failed
  2 usage                   21 regression
  10 scenario invalid       22 inconclusive, with --fail-on inconclusive
  11 model stopped          23 base missing or not comparable
  12 could not write        24 golden differs
  130 interrupted           25 rerun does not reproduce";

/// Simulates IoT fleets that grow by application stamps: capacity, cost, outages, moves.
#[derive(Debug, Parser)]
#[command(name = "stampsim", version, before_help = EXAMPLES, after_help = EXIT_CODES, max_term_width = 110)]
#[command(subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    talk: Talk,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Estimate(estimate::Estimate),
    Run(run::Run),
    Compare(compare::Compare),
    Golden(golden::Golden),
    Rerun(rerun::Rerun),
    Baseline(baseline::Baseline),
    Rank(rank::Rank),
    Verify(verify::Verify),
    Index(index::Index),
    Init(init::Init),
    List(list::List),
    Explain(explain::Explain),
    Schema(schema::Schema),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Command {
    fn name(&self) -> &'static str {
        match self {
            Self::Check(_) => "check",
            Self::Estimate(_) => "estimate",
            Self::Run(_) => "run",
            Self::Compare(_) => "compare",
            Self::Golden(_) => "golden",
            Self::Rerun(_) => "rerun",
            Self::Baseline(_) => "baseline",
            Self::Rank(_) => "rank",
            Self::Verify(_) => "verify",
            Self::Index(_) => "index",
            Self::Init(_) => "init",
            Self::List(_) => "list",
            Self::Explain(_) => "explain",
            Self::Schema(_) => "schema",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
        }
    }

    /// What CI gets of the command, if it gives a verdict.
    fn delivery(&self) -> Option<&Delivery> {
        match self {
            Self::Check(check) => Some(&check.delivery),
            Self::Run(run) => Some(&run.delivery),
            Self::Compare(compare) => Some(&compare.delivery),
            _ => None,
        }
    }

    /// A document that goes to a file or another program as it is.
    fn is_document(&self) -> bool {
        match self {
            Self::Schema(_) | Self::Completions(_) => true,
            Self::Index(index) => index.is_document(),
            Self::Man(man) => man.is_document(),
            _ => false,
        }
    }
}

/// Parses the words of a command line, the program's name first, and does what they say.
pub fn main(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    ExitCode::from(match Cli::try_parse_from(words) {
        Ok(cli) => answer(&cli, &Terminal::of_process(cli.talk.manner())),
        Err(error) => {
            // Help and version are no mistake; a reader who left is none either.
            drop(error.print());
            u8::try_from(error.exit_code()).unwrap_or(exit::USAGE)
        }
    })
}

/// Runs the command, tells a failure, and returns the exit code.
fn answer(cli: &Cli, terminal: &Terminal) -> u8 {
    if !cli.command.is_document() {
        terminal.greet(cli.command.name());
    }
    let delivery = cli.command.delivery();
    let codes = delivery.map_or(Ok(()), Delivery::prepare).and_then(|()| dispatch(cli, terminal));
    let codes = codes.unwrap_or_else(|failure| failed(cli, terminal, &failure));
    let ranked = exit::ranked(codes);
    let mut ends = exit::ranked(delivery.map_or_else(|| ranked.clone(), |delivery| delivery.codes(&ranked)))[0];
    if !cli.command.is_document() {
        terminal.message("end", json!({ "exit": ends, "applies": ranked }));
    }
    if ranked.len() > 1 || ends != ranked[0] {
        terminal.say(&format!("exit codes that apply: {}; it ends with {ends}", texts(&ranked).join(", ")));
    }
    if terminal.has_lost_data() {
        let help = "check the disk, or write elsewhere";
        terminal.fail(&Failure::new(exit::NOT_WRITTEN, "stdout could not be written", help));
        ends = exit::ranked([ends, exit::NOT_WRITTEN])[0];
    }
    ends
}

/// Tells a failure to people and to CI, and returns its codes.
fn failed(cli: &Cli, terminal: &Terminal, failure: &Failure) -> Vec<u8> {
    terminal.fail(failure);
    let gate = gate::of_failure(cli.command.name(), failure);
    let delivered = cli.command.delivery().map_or(Ok(()), |delivery| delivery.deliver(terminal, &gate));
    let second = delivered.err().filter(|second| second.message != failure.message);
    if let Some(second) = &second {
        terminal.fail(second);
    }
    [failure.code].into_iter().chain(second.map(|second| second.code)).collect()
}

fn texts(codes: &[u8]) -> Vec<String> {
    codes.iter().map(ToString::to_string).collect()
}

fn dispatch(cli: &Cli, terminal: &Terminal) -> Result<Vec<u8>, Failure> {
    match &cli.command {
        Command::Check(options) => check::check(terminal, options)?,
        Command::Estimate(options) => estimate::estimate(terminal, options)?,
        Command::Run(options) => return run::run(terminal, &cli.talk, options),
        Command::Compare(options) => return compare::compare(terminal, &cli.talk, options),
        Command::Golden(options) => return golden::golden(terminal, &cli.talk, options),
        Command::Rerun(options) => return rerun::rerun(terminal, &cli.talk, options),
        Command::Rank(options) => return rank::rank(terminal, &cli.talk, options),
        Command::Baseline(options) => baseline::baseline(terminal, &cli.talk, options)?,
        Command::Verify(options) => return verify::verify(terminal, &cli.talk, options),
        Command::Index(options) => return index::index(terminal, options),
        Command::Init(options) => init::init(terminal, options)?,
        Command::List(options) => list::list(terminal, options),
        Command::Explain(options) => explain::explain(terminal, options, Cli::command())?,
        Command::Schema(options) => schema::schema(terminal, options),
        Command::Completions(options) => completions::completions(terminal, options, Cli::command()),
        Command::Man(options) => man::man(terminal, options, Cli::command())?,
    }
    Ok(vec![exit::FINE])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("stampsim").chain(words.split_whitespace()))
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_of_every_command_opens_with_examples() {
        let mut cli = Cli::command();
        cli.build();
        assert!(cli.render_help().to_string().starts_with("Examples:\n"));
        for command in cli.get_subcommands_mut().filter(|command| command.get_name() != "help") {
            let help = command.render_help().to_string();
            assert!(help.starts_with("Examples:\n  stampsim "), "{help}");
        }
    }

    #[test]
    fn mistakes_of_usage_end_with_2_and_say_what_to_try() {
        for words in ["run", "rum a.toml", "run a.toml --seed x", "run a.toml --set x", "check a.toml -q -v", ""] {
            let error = parse(words).expect_err(words);
            assert_eq!(error.exit_code(), 2, "{words}");
            assert!(words.is_empty() || error.to_string().contains("try '"), "{error}");
        }
        assert_eq!(parse("--help").expect_err("help").exit_code(), 0);
        assert_eq!(parse("--version").expect_err("version").exit_code(), 0);
    }

    #[test]
    fn common_flags_stand_before_or_after_the_command() {
        for words in ["-q run a.toml", "run a.toml -q", "run -j 2 --progress plain a.toml --quiet"] {
            assert!(parse(words).expect(words).talk.quiet, "{words}");
        }
    }
}
