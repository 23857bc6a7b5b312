//! `compare`: two runs, replication by replication, and a verdict that a gate can act on.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::exit;
use super::failure::Failure;
use super::figures::Reading;
use super::options::{Execution, Overrides, Talk};
use super::run::{Interrupt, run_file};
use super::table::{Sheet, Tone};
use super::terminal::Terminal;
use crate::analysis::{PairedDifference, Tolerance, Verdict, compare as pair, judge_all, replications_to_decide};
use crate::metrics::Better;
use crate::metrics::measure::find;
use crate::results::{Figure, Manifest, StoredRun, locate, read};
use crate::units::Ratio;

const EXAMPLES: &str = "Examples:
  stampsim compare base.toml candidate.toml                  run both, then compare
  stampsim compare output/outage/20260302-101500-1a2b3c4d outage
                                                             a run folder with the newest run of a scenario
  stampsim compare main-output/outage outage --tolerance '2 %' --fail-on inconclusive";

/// Paired differences between two runs, with a verdict
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Compare {
    /// A run folder, a scenario's folder (its newest run; also by its name below --out), or a scenario file to run
    base: PathBuf,
    /// The same, for what is to be judged
    candidate: PathBuf,
    /// Every measure, not only the key figures
    #[arg(long)]
    all: bool,
    /// Differences up to this share of the base do not count
    #[arg(long, value_name = "SHARE", default_value = "0 %")]
    tolerance: Ratio,
    /// What else ends with a code of its own (22)
    #[arg(long, value_enum, value_name = "WHAT")]
    fail_on: Vec<FailOn>,
    #[command(flatten)]
    overrides: Overrides,
    #[command(flatten)]
    execution: Execution,
}

/// What a gate may fail on beside a regression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Replications that do not decide it
    Inconclusive,
}

/// Figures that the table shows without `--all`: measure, and the label that a figure must have, if any.
const KEY_FIGURES: [(&str, Option<(&str, &str)>); 20] = [
    ("command_latency_ms", Some(("quantile", "0.99"))),
    ("command_outcome_ratio", Some(("outcome", "delivered"))),
    ("telemetry_latency_ms", Some(("quantile", "0.99"))),
    ("telemetry_refused_ratio", None),
    ("registration_latency_s", Some(("quantile", "0.99"))),
    ("connect_latency_s", Some(("quantile", "0.99"))),
    ("connect_attempts", Some(("stat", "mean"))),
    ("move_downtime_s", Some(("quantile", "0.99"))),
    ("move_duration_s", None),
    ("time_to_recover_s", Some(("share", "0.99"))),
    ("blast_radius_ratio", None),
    ("device_minutes_lost", None),
    ("devices_unavailable", Some(("stat", "max"))),
    ("cache_miss_ratio", None),
    ("stale_route_ratio", None),
    ("throttle_rejected_ratio", None),
    ("quota_used_ratio", None),
    ("stamps_active", Some(("stat", "end"))),
    ("cost_usd_per_month", None),
    ("cost_per_device_usd_per_month", Some(("per", "registered"))),
];

/// Labels whose figures are parts of a whole; the key figures show the whole.
const PARTS: [&str; 2] = ["cause", "component"];

fn is_key(figure: &Figure) -> bool {
    // Values of labels may hold spaces, so whole pairs are looked for and nothing is split.
    let labels = format!(" {} ", figure.labels);
    KEY_FIGURES.iter().any(|(measure, label)| {
        *measure == figure.measure
            && match label {
                Some((name, value)) => labels.contains(&format!(" {name}={value} ")),
                None => !PARTS.iter().any(|part| labels.contains(&format!(" {part}="))),
            }
    })
}

/// Compares, prints, and returns the exit codes that apply.
pub(super) fn compare(terminal: &Terminal, talk: &Talk, options: &Compare) -> Result<Vec<u8>, Failure> {
    let interrupt = Interrupt::default();
    let base = side(terminal, talk, options, &options.base, &interrupt)?;
    let candidate = side(terminal, talk, options, &options.candidate, &interrupt)?;
    if let (Some(a), Some(b)) = (&base.manifest.digest, &candidate.manifest.digest)
        && a == b
    {
        terminal.message("verdict", json!({ "verdict": "identical", "digest": a }));
        terminal.data(&format!("identical: both have the digest {a}\n"));
        return Ok(vec![exit::FINE]);
    }
    comparable(&base.manifest, &candidate.manifest)?;
    Ok(judged(terminal, options, &base, &candidate))
}

/// The run that an argument means.
fn side(
    terminal: &Terminal,
    talk: &Talk,
    options: &Compare,
    path: &Path,
    interrupt: &Interrupt,
) -> Result<StoredRun, Failure> {
    let folder = if path.is_file() {
        run_file(terminal, talk, path, &options.overrides, &options.execution, interrupt)?
    } else {
        // A name below the output is tried second, and the message names what was typed.
        locate(path).or_else(|error| locate(&options.execution.out.join(path)).map_err(|_| error))?
    };
    terminal.detail(&format!("{} is {}", path.display(), folder.display()));
    Ok(read(&folder)?)
}

/// Whether two runs saw the same draws over the same time.
fn comparable(base: &Manifest, candidate: &Manifest) -> Result<(), Failure> {
    let differing = |what: &str, a: String, b: String| {
        let message = format!("not comparable: {what} is {a} in the base and {b} in the candidate");
        Err(Failure::new(exit::NOT_COMPARABLE, message, "run both with the same horizon, --seed and --replications"))
    };
    for (manifest, side) in [(base, "base"), (candidate, "candidate")] {
        if let Some(why) = &manifest.partial {
            let message = format!("not comparable: the {side} is not complete: {why}");
            return Err(Failure::new(exit::NOT_COMPARABLE, message, "run it again to the end"));
        }
    }
    if base.horizon != candidate.horizon {
        differing("the horizon", base.horizon.to_string(), candidate.horizon.to_string())
    } else if base.start != candidate.start {
        differing("the start", base.start.clone(), candidate.start.clone())
    } else if base.seed != candidate.seed {
        differing("the seed", base.seed.to_string(), candidate.seed.to_string())
    } else if base.replications_done != candidate.replications_done {
        let count = |manifest: &Manifest| manifest.replications_done.to_string();
        differing("the number of replications", count(base), count(candidate))
    } else {
        Ok(())
    }
}

/// A figure with its verdict.
struct Judged {
    difference: PairedDifference<Figure>,
    verdict: Verdict,
}

/// The table, the verdict over all, and the codes that apply.
fn judged(terminal: &Terminal, options: &Compare, base: &StoredRun, candidate: &StoredRun) -> Vec<u8> {
    let better = |figure: &Figure| find(&figure.measure).map_or(Better::Neither, |measure| measure.better);
    let paired = pair(&base.replications, &candidate.replications, better);
    let wanted = |figure: &Figure| options.all || is_key(figure);
    let (shown, hidden): (Vec<_>, Vec<_>) = paired.differences.into_iter().partition(|d| wanted(&d.key));
    let tolerance = Tolerance { relative: options.tolerance.get(), absolute: 0.0 };
    let verdicts = judge_all(&shown, |_| tolerance);
    let shown: Vec<_> =
        shown.into_iter().zip(verdicts).map(|(difference, verdict)| Judged { difference, verdict }).collect();
    let one_sided: Vec<(&Figure, Verdict)> = (paired.lost.iter().map(|figure| (figure, Verdict::lost())))
        .chain(paired.new.iter().map(|figure| (figure, Verdict::new_figure())))
        .filter(|(figure, _)| wanted(figure))
        .collect();
    print(terminal, &shown, &one_sided);
    let changed = hidden.iter().filter(|difference| !difference.identical).count();
    if changed > 0 {
        terminal.say(&format!("{changed} further figures changed; --all shows them"));
    }
    if let Some(n) = shown.iter().filter_map(|j| undecided(j, tolerance)).max() {
        terminal.say(&format!("about {n} replications would decide what is inconclusive"));
    }
    conclude(terminal, options, &shown, &one_sided)
}

/// Replications that would decide an inconclusive figure with a direction.
fn undecided(judged: &Judged, tolerance: Tolerance) -> Option<u32> {
    let open = matches!(judged.verdict, Verdict::Inconclusive { .. }) && judged.difference.better != Better::Neither;
    if open { replications_to_decide(&judged.difference, tolerance) } else { None }
}

fn print(terminal: &Terminal, shown: &[Judged], one_sided: &[(&Figure, Verdict)]) {
    let headings = ["figure", "base", "candidate", "difference, 95 % interval", "verdict"];
    let mut sheet = Sheet::new(&headings, terminal.colors_data());
    sheet.right(1..4);
    for Judged { difference: d, verdict } in shown {
        let reading = Reading::of(&d.key.measure);
        let range = if d.identical { "0".to_owned() } else { reading.range(d.low, d.high) };
        let cells = [d.key.to_string(), reading.alone(d.base), reading.alone(d.candidate), range];
        let tone = tone(verdict, d.better);
        sheet.row(cells.iter().map(|cell| (cell.as_str(), Tone::Plain)).chain([(word(verdict, d.better), tone)]));
        terminal.message("difference", row_json(d, verdict));
    }
    for (figure, verdict) in one_sided {
        let why = verdict.to_string();
        sheet.row([
            (figure.to_string().as_str(), Tone::Plain),
            ("", Tone::Plain),
            ("", Tone::Plain),
            ("", Tone::Plain),
            (&why, Tone::Doubt),
        ]);
        let fields = json!({ "measure": figure.measure, "labels": figure.labels, "verdict": verdict.word() });
        terminal.message("difference", fields);
    }
    terminal.data(&sheet.text());
}

fn row_json(d: &PairedDifference<Figure>, verdict: &Verdict) -> Value {
    json!({
        "measure": d.key.measure, "labels": d.key.labels, "base": d.base, "candidate": d.candidate,
        "difference": d.difference, "low": d.low, "high": d.high, "n": d.n, "better": d.better, "verdict": verdict.word(),
        "why": verdict.to_string(),
    })
}

/// A measure without a direction is "changed", whatever the replications could decide.
fn word(verdict: &Verdict, better: Better) -> &'static str {
    match verdict {
        Verdict::Inconclusive { .. } if better == Better::Neither => "changed",
        verdict => verdict.word(),
    }
}

fn tone(verdict: &Verdict, better: Better) -> Tone {
    match verdict {
        Verdict::Improved => Tone::Good,
        Verdict::Regressed => Tone::Bad,
        Verdict::Inconclusive { .. } if better != Better::Neither => Tone::Doubt,
        _ => Tone::Plain,
    }
}

/// The verdict over all figures: the worst that any of them with a direction has.
fn conclude(terminal: &Terminal, options: &Compare, shown: &[Judged], one_sided: &[(&Figure, Verdict)]) -> Vec<u8> {
    let directed = || shown.iter().filter(|j| j.difference.better != Better::Neither).map(|j| &j.verdict);
    let count = |word: &str| directed().filter(|verdict| verdict.word() == word).count();
    let lost =
        one_sided.iter().filter(|(figure, _)| find(&figure.measure).is_some_and(|m| m.better != Better::Neither));
    let open = count("inconclusive") + lost.count();
    let (worse, better) = (count("regressed"), count("improved"));
    let verdict = match (worse, open, better, count("equivalent")) {
        (0, 0, 0, 0) => "identical",
        (0, 0, 0, _) => "equivalent",
        (0, 0, _, _) => "improved",
        (0, _, _, _) => "inconclusive",
        _ => "regressed",
    };
    terminal.message(
        "verdict",
        json!({ "verdict": verdict, "regressed": worse, "improved": better, "inconclusive": open }),
    );
    terminal.data(&format!(
        "{verdict}: {worse} worse, {better} better, {open} open, of {} figures\n",
        shown.len() + one_sided.len()
    ));
    let regressed = (worse > 0).then_some(exit::REGRESSION);
    let undecided = (open > 0 && options.fail_on.contains(&FailOn::Inconclusive)).then_some(exit::INCONCLUSIVE);
    regressed.into_iter().chain(undecided).collect()
}
