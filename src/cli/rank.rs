//! `rank`: the best of many scenarios by one measure, with a stated chance of being right.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::criteria::FailOn;
use super::exit;
use super::failure::Failure;
use super::figures::Reading;
use super::options::{Overrides, Talk, jobs};
use super::progress::Display;
use super::room::Room;
use super::run::Interrupt;
use super::sources;
use super::table::{Sheet, Tone};
use super::terminal::Terminal;
use crate::analysis::best::Aim;
use crate::analysis::quantity;
use crate::analysis::rank::Dropped;
use crate::experiment::pick::Pick;
use crate::experiment::rank::{Contest, Method, Place, RankError, Ranked, Ranking, Watch, Zone, rank as run_contest};
use crate::experiment::{Progress, RunOptions};
use crate::metrics::Better;
use crate::scenario::Scenario;
use crate::units::Ratio;

const EXAMPLES: &str = "Examples:
  stampsim rank scenarios/allocation --measure imbalance_ratio --indifference '1 %'
  stampsim rank *.toml --measure cost_per_device_usd_per_month --labels per=registered --indifference '$0.0005'
  stampsim rank a.toml b.toml --measure command_latency_ms --labels quantile=0.99 --indifference '5 ms' --confidence '99 %'";

/// Fewest replications from which a deviation is known well enough to drop a scenario.
const FIRST_STAGE_MIN: i64 = 5;

/// The best of many scenarios by one measure, with a stated chance of being right
///
/// Replications are run in batches, and scenarios are dropped as soon as they are worse for certain. Where the best is
/// better by the indifference zone or more, it is selected with the confidence asked for. Writes no results.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Rank {
    /// Scenario files, or folders: every *.toml below, except in catalog/
    #[arg(required = true, value_name = "FILE|DIR")]
    files: Vec<PathBuf>,
    /// The measure, or a figure as it is printed, with labels in braces
    #[arg(long, value_name = "NAME", value_parser = Pick::parse)]
    measure: Pick,
    /// Labels of the figure, such as per=registered
    #[arg(long, value_name = "NAME=VALUE")]
    labels: Vec<String>,
    /// Smallest difference that matters: a share of the best such as '1 %', or an amount such as '5 ms'
    #[arg(long, value_name = "AMOUNT", default_value = "1 %")]
    indifference: String,
    /// Chance of a right selection
    #[arg(long, value_name = "SHARE", default_value = "95 %", value_parser = confidence)]
    confidence: Ratio,
    /// Direction of the measure instead of the catalogue's
    #[arg(long, value_enum, value_name = "WHICH")]
    better: Option<Direction>,
    /// How the best is found
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    method: How,
    /// Replications before a scenario can be dropped
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(FIRST_STAGE_MIN..))]
    first_stage: u32,
    /// Replications of a later batch
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    batch: u32,
    /// Most replications of a scenario
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(FIRST_STAGE_MIN..=1_000_000))]
    max_replications: u32,
    /// What else ends with a code of its own (22)
    #[arg(long, value_enum, value_name = "WHAT")]
    fail_on: Vec<FailOn>,
    #[command(flatten)]
    overrides: Overrides,
    /// Threads; `RAYON_NUM_THREADS` is honoured too [default: all cores]
    #[arg(short, long, value_name = "N", value_parser = jobs)]
    jobs: Option<usize>,
}

/// Which means are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Direction {
    /// Small ones
    Lower,
    /// Large ones
    Higher,
}

/// How the best is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum How {
    /// Replications until the best is selected (Kim and Nelson)
    #[default]
    Select,
    /// The replications of the files, and the subset that holds the best (Gupta)
    Subset,
}

fn confidence(text: &str) -> Result<Ratio, String> {
    let ratio = Ratio::from_str(text).map_err(|error| error.to_string())?;
    let inside = ratio.get() > 0.5 && ratio.get() < 1.0;
    if inside { Ok(ratio) } else { Err("expected more than 50 % and less than 100 %, such as '95 %'".to_owned()) }
}

/// Ranks, prints, and returns the exit codes that apply.
pub(super) fn rank(terminal: &Terminal, talk: &Talk, options: &Rank) -> Result<Vec<u8>, Failure> {
    let mut contest = contest(options)?;
    let scenarios = sources::load(terminal, &options.files, &options.overrides)?;
    if scenarios.len() < 2 {
        return Err(Failure::new(exit::USAGE, "one scenario has nobody to be better than", "name two or more"));
    }
    if contest.method == Method::Subset {
        contest.cap = scenarios.iter().map(|scenario| scenario.replications).min().unwrap_or(0);
        if contest.cap < 2 {
            return Err(Failure::new(
                exit::NOT_COMPARABLE,
                "one replication tells nothing apart",
                "add --replications 30",
            ));
        }
    }
    let interrupt = Interrupt::default();
    let jobs = Room::default().jobs(terminal, &scenarios, options.jobs)?;
    let run = RunOptions { jobs, stop: interrupt.watch(), max_wall: None };
    let watcher = Watcher::new(terminal, talk, &scenarios, &contest);
    let ranking = run_contest(&scenarios, &contest, &run, &watcher);
    drop(watcher);
    let ranking = ranking.map_err(|error| failure(&error, &interrupt))?;
    tell(terminal, &scenarios, &contest, &ranking);
    let undecided = !ranking.is_decided && options.fail_on.contains(&FailOn::Inconclusive);
    Ok(undecided.then_some(exit::INCONCLUSIVE).into_iter().collect())
}

/// What is asked, from the words of the command line.
fn contest(options: &Rank) -> Result<Contest, Failure> {
    let usage = |message: String, help: &str| Failure::new(exit::USAGE, message, help);
    let mut figure = options.measure.clone();
    for labels in &options.labels {
        figure = figure.with_labels(labels).map_err(|error| usage(error.to_string(), "try --labels per=registered"))?;
    }
    let aim = match (options.better, figure.measure.better) {
        (Some(Direction::Lower), _) | (None, Better::Lower) => Aim::Smallest,
        (Some(Direction::Higher), _) | (None, Better::Higher) => Aim::Largest,
        (None, Better::Neither) => {
            return Err(usage(
                format!("{} has no better direction", figure.measure.name),
                "add --better lower or higher",
            ));
        }
    };
    let method = match options.method {
        How::Select => Method::Select,
        How::Subset => Method::Subset,
    };
    if method == Method::Select && options.overrides.replications.is_some() {
        let help = "bound them with --max-replications, or use --method subset";
        return Err(usage("a selection finds the number of replications itself".into(), help));
    }
    let zone = zone(&options.indifference, &figure)
        .map_err(|why| usage(format!("--indifference {:?}: {why}", options.indifference), "try '1 %', or an amount"))?;
    Ok(Contest {
        figure,
        aim,
        zone,
        confidence: options.confidence.get(),
        method,
        first_stage: options.first_stage.min(options.max_replications),
        batch: options.batch,
        cap: options.max_replications,
    })
}

fn zone(text: &str, figure: &Pick) -> Result<Zone, String> {
    let zone = if text.trim_end().ends_with('%') {
        Zone::Share(Ratio::from_str(text).map_err(|error| error.to_string())?.get())
    } else {
        Zone::Quantity(quantity(text, figure.measure).map_err(|error| error.to_string())?)
    };
    match zone {
        Zone::Share(width) | Zone::Quantity(width) if width > 0.0 => Ok(zone),
        _ => Err("a zone of no width is never decided; expected one above 0".to_owned()),
    }
}

fn failure(error: &RankError, interrupt: &Interrupt) -> Failure {
    let (code, help) = match error {
        RankError::Differ { .. } => (exit::NOT_COMPARABLE, "give all the same horizon and start, and one --seed"),
        RankError::Absent { .. } => (exit::NOT_COMPARABLE, "rank by a figure that every replication has"),
        RankError::Several { .. } => (exit::USAGE, "add --labels so that one is left"),
        RankError::Stopped { .. } if interrupt.is_asked() => (exit::INTERRUPTED, "run it again to the end"),
        RankError::Stopped { .. } => (exit::STOPPED, "run that scenario by itself: stampsim run"),
        RankError::NoZone => (exit::NOT_COMPARABLE, "the best mean is 0: state the zone as an amount"),
    };
    Failure::new(code, error.to_string(), help)
}

/// Shows progress, and who is dropped.
struct Watcher<'a> {
    terminal: &'a Terminal,
    scenarios: &'a [Scenario],
    display: Display,
}

impl<'a> Watcher<'a> {
    fn new(terminal: &'a Terminal, talk: &Talk, scenarios: &'a [Scenario], contest: &Contest) -> Self {
        let names = scenarios.iter().map(|scenario| scenario.name.clone()).collect();
        // How many there will be is what is to be found out; the first stage is certain.
        let certain = if contest.method == Method::Subset { contest.cap } else { contest.first_stage };
        let all = certain.saturating_mul(scenarios.len() as u32);
        Self { terminal, scenarios, display: Display::new(talk.progress, terminal.is_quiet(), names, all) }
    }
}

impl Progress for Watcher<'_> {
    fn replication_done(&self, scenario: usize, done: u32, of: u32) {
        self.display.replication_done(scenario, done, of);
    }
}

impl Watch for Watcher<'_> {
    fn dropped(&self, dropped: Dropped) {
        let name = |i: usize| self.scenarios[i].name.as_str();
        let Dropped { system, by, after } = dropped;
        let fields = json!({ "scenario": name(system), "by": name(by), "after": after });
        self.terminal.message("dropped", fields);
        let line = format!("after {after} replications {} is dropped: {} is better", name(system), name(by));
        self.display.suspend(|| self.terminal.say(&line));
    }
}

/// The table, and what follows from it.
fn tell(terminal: &Terminal, scenarios: &[Scenario], contest: &Contest, ranking: &Ranking) {
    let reading = Reading::of(contest.figure.measure.name);
    let heading = contest.figure.to_string();
    let mut sheet = Sheet::new(&["scenario", heading.as_str(), "replications", "place"], terminal.colors_data());
    sheet.right(1..3);
    for Ranked { scenario, estimate, place } in &ranking.ranked {
        let (name, n) = (scenarios[*scenario].name.as_str(), estimate.n.to_string());
        let (words, tone) = placed(*place, scenarios);
        let figure = reading.with_interval(estimate);
        sheet.row([
            (name, Tone::Plain),
            (figure.as_str(), Tone::Plain),
            (n.as_str(), Tone::Plain),
            (words.as_str(), tone),
        ]);
        let fields = json!({
            "scenario": name, "mean": estimate.mean, "low": estimate.low, "high": estimate.high, "n": estimate.n,
            "place": place_word(*place),
        });
        terminal.message("ranked", fields);
    }
    terminal.data(&sheet.text());
    conclude(terminal, scenarios, contest, ranking);
}

fn conclude(terminal: &Terminal, scenarios: &[Scenario], contest: &Contest, ranking: &Ranking) {
    let contenders: Vec<&str> = (ranking.ranked.iter())
        .filter(|ranked| matches!(ranked.place, Place::Selected | Place::Contender))
        .map(|ranked| scenarios[ranked.scenario].name.as_str())
        .collect();
    let fields = json!({
        "verdict": if ranking.is_decided { "selected" } else { "inconclusive" }, "best": contenders,
        "confidence": contest.confidence, "indifference": ranking.zone, "at_most": ranking.at_most,
    });
    terminal.message("selected", fields);
    let confidence = Reading::of("cache_miss_ratio").alone(contest.confidence);
    let zone = Reading::of(contest.figure.measure.name).alone(ranking.zone);
    terminal.data(&match (ranking.is_decided, ranking.at_most) {
        (true, Some(_)) => format!("{} is selected: {confidence} confidence, indifferent to {zone}\n", contenders[0]),
        (true, None) => format!("{} is the best: {confidence} confidence\n", contenders[0]),
        (false, _) => format!("cannot be told apart: {}\n", contenders.join(", ")),
    });
    if let (false, Some(at_most)) = (ranking.is_decided, ranking.at_most) {
        terminal.say(&format!(
            "{at_most} replications decide it for certain (--max-replications), or a wider --indifference"
        ));
    }
}

fn placed(place: Place, scenarios: &[Scenario]) -> (String, Tone) {
    match place {
        Place::Selected => ("selected".into(), Tone::Good),
        Place::Contender => ("cannot be told apart from the best".into(), Tone::Doubt),
        Place::Dropped { by: Some(by), after } => {
            (format!("dropped after {after}: worse than {}", scenarios[by].name), Tone::Aside)
        }
        Place::Dropped { by: None, .. } => ("worse than the best".into(), Tone::Aside),
    }
}

fn place_word(place: Place) -> &'static str {
    match place {
        Place::Selected => "selected",
        Place::Contender => "contender",
        Place::Dropped { .. } => "dropped",
    }
}
