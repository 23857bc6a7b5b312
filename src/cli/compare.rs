//! `compare`: two runs, replication by replication, and a verdict that a gate can act on.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::delivery::Delivery;
use super::exit;
use super::failure::Failure;
use super::figures::Reading;
use super::gate::{MONEY, amount, gate};
use super::options::{Execution, Overrides, Talk};
use super::run::{Interrupt, run_file};
use super::table::{Sheet, Tone};
use super::terminal::Terminal;
use crate::analysis::{PairedDifference, Tolerance, Verdict, compare as pair, judge_all, replications_to_decide};
use crate::metrics::Better;
use crate::metrics::measure::find;
use crate::report::gate::{self, Case, Gate, Grade, Suite};
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
    #[command(flatten)]
    pub(super) delivery: Delivery,
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
    ("time_to_recover_s", Some(("share", "99 %"))),
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
        let message = format!("both have the digest {a}");
        let case = Case { name: "digest".into(), word: "identical".into(), message, ..Case::default() };
        let suite = Suite { cases: vec![case], ..suite(&base, &candidate) };
        let gate = gate("compare", "identical", &[], vec![suite], folders(&base, &candidate));
        options.delivery.deliver(terminal, &gate)?;
        return Ok(vec![exit::FINE]);
    }
    comparable(&base.manifest, &candidate.manifest)?;
    if base.manifest.version != candidate.manifest.version {
        let (a, b) = (&base.manifest.version, &candidate.manifest.version);
        terminal
            .warn(&format!("the base was run by stampsim {a}, the candidate by {b}; differences may be the program's"));
    }
    let (codes, gate) = judged(terminal, options, &base, &candidate);
    options.delivery.deliver(terminal, &gate)?;
    Ok(codes)
}

/// What CI is told of the two runs, but for the verdicts.
fn suite(base: &StoredRun, candidate: &StoredRun) -> Suite {
    let of = |run: &StoredRun| format!("{} ({})", run.manifest.scenario, run.folder.display());
    let origin = |side: &str, run: &StoredRun| {
        let Manifest { replications_done, seed, horizon, version, .. } = &run.manifest;
        format!("{side}: {}, {replications_done} replications of {horizon}, seed {seed}, stampsim {version}", of(run))
    };
    Suite {
        name: format!("{} against {}", candidate.manifest.scenario, base.manifest.scenario),
        question: candidate.manifest.question.clone(),
        origin: vec![origin("base", base), origin("this", candidate)],
        ..Suite::default()
    }
}

fn folders(base: &StoredRun, candidate: &StoredRun) -> Vec<String> {
    [candidate, base].map(|run| run.folder.display().to_string()).into()
}

/// Costs of both sides, where they were compared.
fn money(shown: &[Judged]) -> Vec<gate::Figure> {
    let of = |(measure, labels, name): (&str, &str, &str)| {
        let Judged { difference, .. } =
            shown.iter().find(|j| j.difference.key.measure == measure && j.difference.key.labels == labels)?;
        let [base, value] = [difference.base, difference.candidate].map(|mean| amount(measure, mean));
        Some(gate::Figure { name: name.to_owned(), base: Some(base), value, ..both(difference) })
    };
    MONEY.into_iter().filter_map(of).collect()
}

/// A figure of both sides as it is read.
fn both(d: &PairedDifference<Figure>) -> gate::Figure {
    let reading = Reading::of(&d.key.measure);
    let range = if d.identical { "0".to_owned() } else { reading.range(d.low, d.high) };
    gate::Figure {
        name: d.key.to_string(),
        base: Some(reading.alone(d.base)),
        value: reading.alone(d.candidate),
        difference: Some(range),
    }
}

/// A compared figure as CI is told.
fn case(judged: &Judged, options: &Compare) -> Case {
    let Judged { difference: d, verdict } = judged;
    let figure = both(d);
    let (base, range) = (figure.base.clone().unwrap_or_default(), figure.difference.clone().unwrap_or_default());
    Case {
        name: figure.name.clone(),
        word: word(verdict, d.better).to_owned(),
        message: format!("{} {verdict}: {base} → {}, difference {range}", figure.name, figure.value),
        figure: Some(figure),
        is_changed: !matches!(verdict, Verdict::Identical | Verdict::Equivalent),
        ..graded(verdict, d.better, options)
    }
}

/// A figure that one side lacks.
fn case_of_one((figure, verdict): &(&Figure, Verdict), options: &Compare) -> Case {
    Case {
        name: figure.to_string(),
        word: verdict.word().to_owned(),
        message: format!("{figure} {verdict}"),
        is_changed: true,
        ..graded(verdict, find(&figure.measure).map_or(Better::Neither, |measure| measure.better), options)
    }
}

/// Grade and exit code of a verdict.
fn graded(verdict: &Verdict, better: Better, options: &Compare) -> Case {
    let asked = options.fail_on.contains(&FailOn::Inconclusive);
    let is_open = matches!(verdict, Verdict::Inconclusive { .. } | Verdict::NotComparable { .. });
    let (grade, exit) = match verdict {
        Verdict::Regressed => (Grade::Failure, Some(exit::REGRESSION)),
        _ if is_open && better != Better::Neither => (Grade::Inconclusive, asked.then_some(exit::INCONCLUSIVE)),
        _ => (Grade::Pass, None),
    };
    Case { grade, exit, ..Case::default() }
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
fn judged(terminal: &Terminal, options: &Compare, base: &StoredRun, candidate: &StoredRun) -> (Vec<u8>, Gate) {
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
    let (verdict, codes) = conclude(terminal, options, &shown, &one_sided);
    let one_sided = one_sided.iter().map(|one| case_of_one(one, options));
    let cases = shown.iter().map(|judged| case(judged, options)).chain(one_sided).collect();
    let suite = Suite { money: money(&shown), cases, ..suite(base, candidate) };
    let gate = gate("compare", verdict, &codes, vec![suite], folders(base, candidate));
    (codes, gate)
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

/// The verdict over all figures, the worst that any of them with a direction has, and its codes.
fn conclude(
    terminal: &Terminal,
    options: &Compare,
    shown: &[Judged],
    one_sided: &[(&Figure, Verdict)],
) -> (&'static str, Vec<u8>) {
    let directed = || shown.iter().filter(|j| j.difference.better != Better::Neither).map(|j| &j.verdict);
    let count = |word: &str| directed().filter(|verdict| verdict.word() == word).count();
    let lost =
        one_sided.iter().filter(|(figure, _)| find(&figure.measure).is_some_and(|m| m.better != Better::Neither));
    let open = count("inconclusive") + lost.count();
    let (worse, better) = (count("regressed"), count("improved"));
    let same = one_sided.is_empty() && shown.iter().all(|judged| judged.verdict == Verdict::Identical);
    let verdict = match (worse, open, better) {
        (0, 0, 0) if same => "identical",
        (0, 0, 0) => "equivalent",
        (0, 0, _) => "improved",
        (0, _, _) => "inconclusive",
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
    (verdict, regressed.into_iter().chain(undecided).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::terminal::Manner;
    use super::super::terminal::sample::terminal;
    use super::*;
    use crate::units::SimDuration;

    fn manifest(seed: u64) -> Manifest {
        Manifest {
            format: 1,
            version: "0.1.0".into(),
            scenario: "outage".into(),
            question: String::new(),
            inputs_hash: String::new(),
            seed,
            start: String::new(),
            horizon: SimDuration::HOUR,
            window: SimDuration::HOUR,
            replications_asked: 4,
            replications_done: 4,
            complete: true,
            partial: None,
            out_of_events: 0,
            digest: None,
            order_hashes: Vec::new(),
            assumptions: Vec::new(),
            catalog: BTreeMap::new(),
            advice: Vec::new(),
            command_line: Vec::new(),
        }
    }

    fn figure(measure: &str, labels: &str) -> Figure {
        Figure { measure: measure.into(), labels: labels.into() }
    }

    /// A run of four replications with these values of a measure whose lower figures are better.
    fn stored(values: [f64; 4]) -> StoredRun {
        let key = figure("cost_usd_per_month", "");
        let replications = values.map(|value| BTreeMap::from([(key.clone(), value)])).into();
        StoredRun { folder: PathBuf::new(), manifest: manifest(1), replications }
    }

    fn options(tolerance: f64, fail_on: Vec<FailOn>) -> Compare {
        Compare {
            base: PathBuf::new(),
            candidate: PathBuf::new(),
            all: false,
            tolerance: Ratio::new(tolerance).expect("a share"),
            fail_on,
            overrides: Overrides::default(),
            execution: Execution { out: PathBuf::new(), jobs: None, max_wall: None },
            delivery: Delivery::default(),
        }
    }

    /// Exit codes and the last line of a comparison.
    fn verdict(base: &StoredRun, candidate: &StoredRun, options: &Compare) -> (Vec<u8>, String) {
        let (terminal, out, _) = terminal(Manner::default());
        let (codes, _) = judged(&terminal, options, base, candidate);
        let word = out.text().lines().last().and_then(|line| line.split(':').next().map(str::to_owned));
        (codes, word.expect("a verdict"))
    }

    #[test]
    fn the_verdict_and_its_code_follow_the_interval() {
        let base = stored([10.0, 11.0, 12.0, 13.0]);
        let worse = stored([11.0, 12.1, 13.0, 14.1]);
        let noisy = stored([14.0, 8.0, 12.5, 13.0]);
        let gate = options(0.0, vec![FailOn::Inconclusive]);
        assert_eq!(verdict(&base, &worse, &gate), (vec![exit::REGRESSION], "regressed".into()));
        assert_eq!(verdict(&worse, &base, &gate), (vec![], "improved".into()));
        assert_eq!(verdict(&base, &base, &gate), (vec![], "identical".into()));
        assert_eq!(verdict(&base, &noisy, &gate), (vec![exit::INCONCLUSIVE], "inconclusive".into()));
        assert_eq!(verdict(&base, &noisy, &options(0.0, vec![])), (vec![], "inconclusive".into()));
        assert_eq!(verdict(&base, &worse, &options(0.2, vec![])), (vec![], "equivalent".into()));
    }

    #[test]
    fn a_figure_that_vanished_is_open_and_a_neutral_one_never_fails() {
        let base = stored([10.0, 11.0, 12.0, 13.0]);
        let gone = StoredRun { replications: vec![BTreeMap::new(); 4], ..stored([0.0; 4]) };
        assert_eq!(verdict(&base, &gone, &options(0.0, vec![FailOn::Inconclusive])).0, [exit::INCONCLUSIVE]);
        let neutral = |value: f64| {
            let figures = BTreeMap::from([(figure("stamps_active", "stat=end"), value)]);
            StoredRun { replications: vec![figures; 4], ..stored([0.0; 4]) }
        };
        let all = options(0.0, vec![FailOn::Inconclusive]);
        assert_eq!(verdict(&neutral(1.0), &neutral(2.0), &all), (vec![], "equivalent".into()));
    }

    #[test]
    fn runs_of_other_draws_or_length_are_refused() {
        let base = manifest(1);
        assert!(comparable(&base, &manifest(1)).is_ok());
        let longer = Manifest { horizon: SimDuration::DAY, ..manifest(1) };
        let more = Manifest { replications_done: 5, ..manifest(1) };
        let partial = Manifest { partial: Some("interrupted".into()), ..manifest(1) };
        for (other, word) in [(manifest(2), "seed"), (longer, "horizon"), (more, "replications"), (partial, "complete")]
        {
            let failure = comparable(&base, &other).expect_err(word);
            assert_eq!(failure.code, exit::NOT_COMPARABLE);
            assert!(failure.message.contains(word), "{}", failure.message);
        }
    }

    #[test]
    fn key_figures_are_wholes_and_tails() {
        for (measure, labels, key) in [
            ("command_latency_ms", "quantile=0.99", true),
            ("command_latency_ms", "quantile=0.999", false),
            ("command_latency_ms", "stat=mean", false),
            ("cache_miss_ratio", "", true),
            ("cache_miss_ratio", "cause=expired", false),
            ("time_to_recover_s", "fault=weu 2 share=99 %", true),
            ("time_to_recover_s", "fault=weu-2 share=50 %", false),
            ("blast_radius_ratio", "fault=weu-2", true),
        ] {
            assert_eq!(is_key(&figure(measure, labels)), key, "{measure} {labels}");
        }
        assert!(KEY_FIGURES.iter().all(|(measure, _)| find(measure).is_some()));
    }
}
