//! `compare`: candidates against a base, replication by replication, and a verdict that a gate can act on.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::compared;
use super::comparison::{self, conclude, tell_standings};
use super::criteria::Criteria;
use super::delivery::Delivery;
use super::exit;
use super::failure::Failure;
use super::gate::gate;
use super::options::{Execution, Overrides, Talk};
use super::run::Interrupt;
use super::sides::{Side, Sides};
use super::terminal::Terminal;
use crate::experiment::compare::{Comparison, Question, are_identical, compare as judge, obstacle};
use crate::experiment::pick::Pick;
use crate::experiment::self_check::{SelfCheck, self_check};
use crate::results::{Manifest, StoredRun};

const EXAMPLES: &str = "Examples:
  stampsim compare base.toml candidate.toml                  run both, then compare
  stampsim compare git:main scenarios/outage.toml            the file as the branch main has it, and as it is now
  stampsim compare base.toml a.toml b.toml c.toml            several candidates, and which of all is the best
  stampsim compare outage.baseline.toml outage --tolerance '2 %' --tolerance command_latency_ms='5 ms'
                                                             a checked-in baseline with the newest run of a scenario
  stampsim compare outage.baseline.toml --self-check --tolerance '2 %'";

/// Paired differences between runs, with a verdict
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Compare {
    /// A scenario file to run, a run folder, a scenario's folder (its newest run; also by its name below --out), a
    /// baseline, or git:REV[:PATH]
    base: PathBuf,
    /// The same, for what is to be judged; several are also compared with each other
    #[arg(required_unless_present = "self_check", conflicts_with = "self_check")]
    candidate: Vec<PathBuf>,
    #[command(flatten)]
    criteria: Criteria,
    /// Prove that this gate can fail: a worsened copy of the base must regress, else exit code 20
    #[arg(long)]
    self_check: bool,
    #[command(flatten)]
    overrides: Overrides,
    #[command(flatten)]
    execution: Execution,
    #[command(flatten)]
    pub(super) delivery: Delivery,
}

/// Compares, prints, and returns the exit codes that apply.
pub(super) fn compare(terminal: &Terminal, talk: &Talk, options: &Compare) -> Result<Vec<u8>, Failure> {
    options.criteria.question(false)?;
    let Compare { overrides, execution, .. } = options;
    let sides = Sides { terminal, talk, overrides, execution, interrupt: &Interrupt::default() };
    let base = sides.side(&options.base, &options.candidate)?;
    if options.self_check {
        return Ok(check_itself(terminal, &base.run, &options.criteria.question(base.is_baseline)?));
    }
    let mut candidates = Vec::new();
    for path in &options.candidate {
        candidates.push(sides.side(path, [&options.base])?);
    }
    judged(terminal, options, &base, candidates)
}

/// What the runs are to each other: the same, not comparable, or judged.
fn judged(terminal: &Terminal, options: &Compare, base: &Side, candidates: Vec<Side>) -> Result<Vec<u8>, Failure> {
    let question = options.criteria.question(base.is_baseline)?;
    if let ([candidate], Some(digest)) = (candidates.as_slice(), &base.run.manifest.digest)
        && are_identical(&base.run.manifest, &candidate.run.manifest)
        && obstacle(&base.run.manifest, &candidate.run.manifest, question.unpaired).is_none()
    {
        terminal.message("verdict", json!({ "verdict": "identical", "digest": digest }));
        terminal.data(&format!("identical: both have the digest {digest}\n"));
        let suites = vec![compared::identical(&base.run, &candidate.run, digest)];
        let folders = compared::folders(&base.run, [&candidate.run]);
        options.delivery.deliver(terminal, &gate("compare", "identical", &[], suites, folders))?;
        return Ok(vec![exit::FINE]);
    }
    for (candidate, path) in candidates.iter().zip(&options.candidate) {
        let (base, candidate) = (&base.run.manifest, &candidate.run.manifest);
        if let Some(obstacle) = obstacle(base, candidate, question.unpaired) {
            let which = if options.candidate.len() > 1 { format!(" ({})", path.display()) } else { String::new() };
            let message = format!("not comparable{which}: {}", obstacle.what);
            return Err(Failure::new(exit::NOT_COMPARABLE, message, obstacle.help));
        }
        doubts(terminal, base, candidate, &question);
    }
    let runs: Vec<StoredRun> = candidates.into_iter().map(|side| side.run).collect();
    let comparison = judge(&base.run, &runs, &question);
    absent(&comparison, &question)?;
    let codes = tell(terminal, options, &comparison, &names(options, base, &runs));
    deliver(terminal, options, &base.run, &runs, &comparison, &codes)?;
    Ok(codes)
}

/// Tells CI.
fn deliver(
    terminal: &Terminal,
    options: &Compare,
    base: &StoredRun,
    candidates: &[StoredRun],
    comparison: &Comparison,
    codes: &[u8],
) -> Result<(), Failure> {
    let against = candidates.iter().zip(&comparison.candidates);
    let doubt = options.criteria.fails_on_doubt();
    let suites = against.map(|(candidate, against)| compared::judged(base, candidate, against, doubt)).collect();
    // Of several candidates the worst verdict is told.
    let words = comparison.candidates.iter().map(|against| against.tally().verdict);
    let worst = words.max_by_key(|word| VERDICTS.iter().position(|known| known == word));
    let folders = compared::folders(base, candidates);
    options.delivery.deliver(terminal, &gate("compare", worst.unwrap_or("identical"), codes, suites, folders))
}

/// Verdicts over all figures, the best first.
const VERDICTS: [&str; 5] = ["identical", "improved", "equivalent", "inconclusive", "regressed"];

/// What the sides are called, the base first: by their scenarios, or as they were typed where that does not tell them apart.
fn names(options: &Compare, base: &Side, candidates: &[StoredRun]) -> Vec<String> {
    let runs = || [&base.run].into_iter().chain(candidates);
    let names: Vec<String> = runs().map(|run| run.manifest.scenario.clone()).collect();
    let distinct: BTreeSet<&String> = names.iter().collect();
    if distinct.len() == names.len() {
        return names;
    }
    [&options.base].into_iter().chain(&options.candidate).map(|path| path.display().to_string()).collect()
}

/// What a reader should know of two runs that are compared all the same.
fn doubts(terminal: &Terminal, base: &Manifest, candidate: &Manifest, question: &Question) {
    if base.version != candidate.version {
        let (a, b) = (&base.version, &candidate.version);
        terminal
            .warn(&format!("the base was run by stampsim {a}, the candidate by {b}; differences may be the program's"));
    }
    if question.unpaired && base.seed == candidate.seed {
        terminal.warn("both sides have the same seed; without --unpaired their common noise cancels");
    }
    if base.replications_done.min(candidate.replications_done) < 2 {
        terminal.warn("one replication decides nothing but equality; a gate needs --replications of 10 or more");
    }
}

/// A figure that was asked for by name and that neither side has is a mistake and no good news.
fn absent(comparison: &Comparison, question: &Question) -> Result<(), Failure> {
    let compared: Vec<_> = comparison.candidates.iter().filter(|against| !against.same_digest).collect();
    let seen = |pick: &Pick| {
        compared.iter().any(|against| {
            let both = against.judged.iter().map(|judged| &judged.difference.key);
            both.chain(against.one_sided.iter().map(|one| &one.figure)).any(|figure| pick.takes(figure))
        })
    };
    match question.measures.iter().find(|pick| !compared.is_empty() && !seen(pick)) {
        Some(pick) => Err(Failure::new(
            exit::NOT_COMPARABLE,
            format!("no replication of either side has a figure of {pick}"),
            "`summary.csv` of a run folder lists all that a run has; a baseline may keep more: --measure or --all",
        )),
        None => Ok(()),
    }
}

/// Tables, verdicts, and the codes that apply.
fn tell(terminal: &Terminal, options: &Compare, comparison: &Comparison, names: &[String]) -> Vec<u8> {
    let (base, candidates) = names.split_first().expect("the base has a name");
    let several = candidates.len() > 1;
    let mut codes = Vec::new();
    for (against, name) in comparison.candidates.iter().zip(candidates) {
        if several {
            terminal.data(&format!("{name} against {base}\n"));
        }
        comparison::tell(terminal, against, several.then_some(name));
        let tally = conclude(terminal, against, several.then_some(name));
        codes.extend((tally.regressed > 0).then_some(exit::REGRESSION));
        codes.extend((tally.open > 0 && options.criteria.fails_on_doubt()).then_some(exit::INCONCLUSIVE));
    }
    if several {
        tell_standings(terminal, comparison, names);
    }
    codes
}

/// Proves that the gate can fail, or says why it cannot.
fn check_itself(terminal: &Terminal, base: &StoredRun, question: &Question) -> Vec<u8> {
    let check = self_check(base, question);
    let passes = check.passes(question);
    let SelfCheck { sharp, blunt, verdict } = check;
    for (figure, verdict) in &blunt {
        terminal.warn(&format!("{figure} cannot regress, however bad it gets ({verdict})"));
    }
    let text = |figures: &mut dyn Iterator<Item = String>| figures.collect::<Vec<_>>();
    let fields = json!({
        "passes": passes, "verdict": verdict, "sharp": text(&mut sharp.iter().map(ToString::to_string)),
        "blunt": text(&mut blunt.iter().map(|(figure, _)| figure.to_string())),
    });
    terminal.message("gate_check", fields);
    let all = sharp.len() + blunt.len();
    if passes {
        terminal.data(&format!("self-check passes: a worsened copy regresses in {} of {all} figures\n", sharp.len()));
        return vec![exit::FINE];
    }
    let why = match (all, base.manifest.replications_done) {
        (0, _) => "no figure that is judged has a direction; give one with --better or --measure",
        (_, 0 | 1) => "one replication decides nothing; run it with --replications 10 or more",
        _ => "the tolerance is wider than anything that can happen; narrow it",
    };
    terminal.data(&format!("self-check fails: this gate can never fail; {why}\n"));
    vec![exit::EXPECTATION]
}
