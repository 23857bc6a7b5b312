//! `run`: simulate every scenario, write each folder as soon as it is whole, then tell what came out.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use serde_json::json;

use super::answer::{answer, unanswered};
use super::circles;
use super::delivery::Delivery;
use super::exit;
use super::expectations::{Judged, judge};
use super::failure::Failure;
use super::figures::{KeyFigure, Reading, count, headline, key_figures};
use super::gate::{COMPLETE, Ran, failing, gate, of_run, verdict};
use super::limits;
use super::looks;
use super::moves;
use super::options::{Execution, Overrides, Talk};
use super::progress::Display;
use super::sources;
use super::table::{self, Sheet, Tone, wrapped};
use super::terminal::Terminal;
use crate::analysis::caution;
use crate::analysis::expectation::judged_means;
use crate::analysis::{Ended, Study};
use crate::experiment::estimate::floors;
use crate::experiment::precision::{Precision, Reached, run_to_precision};
use crate::experiment::rerun::relive;
use crate::experiment::{self, RunOptions, ScenarioResult};
use crate::kernel::event_list::Event;
use crate::metrics::MeasureKey;
use crate::model::event::names::EventNames;
use crate::report::gate::{Case, Listing, Suite};
use crate::report::{chart, junit, summary};
use crate::results::{self, EVENTS_MAX, EventLog, Floors, Manifest, RunFacts, RunRecord};
use crate::scenario::Scenario;
use crate::units::Ratio;

const EXAMPLES: &str = "Examples:
  stampsim run outage.toml                           simulate, print the figures, write output/outage/
  stampsim run scenarios/ -j 8 --replications 100    every scenario below a folder
  stampsim run outage.toml --set run.seed=7 --set stamps.0.count=6 --out trial";

/// Simulate scenarios, write run folders, judge expectations
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Run {
    /// Scenario files, or folders: every *.toml below, except in catalog/
    #[arg(required = true, value_name = "FILE|DIR")]
    files: Vec<PathBuf>,
    /// Run replications in batches of ten until the figures of the expectations, or else p99 latency and cost, are known
    /// to this share of their value
    #[arg(long, value_name = "SHARE", value_parser = precision, conflicts_with = "replications")]
    precision: Option<Ratio>,
    /// Most replications with --precision
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(2..=1_000_000), requires = "precision")]
    max_replications: u32,
    /// Prove that each expectation can fail; one that cannot, or none at all, fails (20)
    #[arg(long)]
    self_check: bool,
    /// Keep the events of this replication too, from 0, as events-N.csv in each run folder: the first million of them
    #[arg(long, value_name = "N")]
    trace: Option<u32>,
    #[command(flatten)]
    overrides: Overrides,
    #[command(flatten)]
    execution: Execution,
    #[command(flatten)]
    pub(super) delivery: Delivery,
}

/// Whether the user asked to stop.
#[derive(Debug, Default)]
pub(super) struct Interrupt {
    asked: Arc<AtomicBool>,
    watched: AtomicBool,
}

impl Interrupt {
    /// From now on Ctrl-C asks to stop; a second one ends the program at once.
    pub(super) fn watch(&self) -> &AtomicBool {
        if !self.watched.swap(true, Ordering::Relaxed) {
            let asked = Arc::clone(&self.asked);
            let on_interrupt = move || {
                if asked.swap(true, Ordering::Relaxed) {
                    std::process::exit(i32::from(exit::INTERRUPTED));
                }
            };
            // Without a handler Ctrl-C ends the program at once: less kind, and no reason to refuse the run.
            drop(ctrlc::set_handler(on_interrupt));
        }
        &self.asked
    }

    pub(super) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

/// What is to be simulated, and how.
#[derive(Clone, Copy)]
struct Job<'a> {
    scenarios: &'a [Scenario],
    execution: &'a Execution,
    precision: Option<Precision>,
    trace: Option<u32>,
}

/// What one scenario came to.
struct Finished {
    name: String,
    question: String,
    figures: Vec<KeyFigure>,
    floors: Floors,
    limits: Option<String>,
    moves: Option<Listing>,
    floored: Vec<String>,
    judged: Vec<Judged>,
    folder: Option<PathBuf>,
    digest: Option<String>,
    answer: Option<String>,
    codes: Vec<u8>,
    notes: Vec<String>,
    advice: Vec<String>,
    suite: Suite,
}

/// Runs everything, prints, and returns the exit codes that apply.
pub(super) fn run(terminal: &Terminal, talk: &Talk, options: &Run) -> Result<Vec<u8>, Failure> {
    let scenarios = sources::load(terminal, &options.files, &options.overrides)?;
    traceable(&scenarios, options.trace)?;
    let precision = options.precision.map(|share| Precision { relative: share.get(), most: options.max_replications });
    let job = Job { scenarios: &scenarios, execution: &options.execution, precision, trace: options.trace };
    let mut finished = simulate(terminal, talk, &job, &Interrupt::default())?;
    tell_advice(terminal, &finished);
    tell_assumptions(terminal, &scenarios);
    tell(terminal, &finished);
    if options.self_check {
        finished.iter_mut().for_each(|finished| self_check(terminal, finished));
    }
    deliver(terminal, &options.delivery, finished)
}

/// Tells CI, and returns the codes that apply.
fn deliver(terminal: &Terminal, delivery: &Delivery, finished: Vec<Finished>) -> Result<Vec<u8>, Failure> {
    let codes: Vec<u8> = finished.iter().flat_map(|finished| finished.codes.iter().copied()).collect();
    let folders =
        finished.iter().filter_map(|finished| Some(finished.folder.as_ref()?.display().to_string())).collect();
    // Pictures lie in the run folders, where a page elsewhere cannot show them.
    let suites = finished.into_iter().map(|finished| Suite { pictures: Vec::new(), ..finished.suite }).collect();
    delivery.deliver(terminal, &gate("run", verdict(&codes), &codes, suites, folders))?;
    Ok(codes)
}

/// Says of each expectation whether the worst figures there could be would fail it.
fn self_check(terminal: &Terminal, finished: &mut Finished) {
    let (name, judged) = (&finished.name, &finished.judged);
    let broken: Vec<String> = judged
        .iter()
        .filter_map(|judged| Some(format!("{} can never fail: {}", judged.expected(), judged.unfailable()?)))
        .collect();
    for broken in &broken {
        terminal.data(&format!("broken  {name}: {broken}\n"));
    }
    if judged.is_empty() {
        terminal.data(&format!("broken  {name}: it has no expectation, so it can never fail\n"));
    }
    let proven = judged.len() - broken.len();
    terminal.data(&format!("checked {name}: {proven} of {} expectations can fail\n", judged.len()));
    terminal.message("self_check", json!({ "scenario": name, "expectations": judged.len(), "broken": broken }));
    if judged.is_empty() || !broken.is_empty() {
        finished.codes.push(exit::EXPECTATION);
        let why = if judged.is_empty() { "there is no expectation".to_owned() } else { broken.join("; ") };
        finished.suite.cases.push(failing("every expectation can fail", exit::EXPECTATION, why));
    }
}

/// Runs one scenario for a comparison and returns its folder; an expectation that fails does not matter there.
pub(super) fn run_one(
    terminal: &Terminal,
    talk: &Talk,
    scenario: Scenario,
    execution: &Execution,
    interrupt: &Interrupt,
) -> Result<PathBuf, Failure> {
    let path = scenario.path.clone();
    let job = Job { scenarios: &[scenario], execution, precision: None, trace: None };
    let mut finished = simulate(terminal, talk, &job, interrupt)?;
    let finished = finished.pop().expect("one scenario has one result");
    let code = exit::ranked(finished.codes.iter().copied().filter(|code| *code != exit::EXPECTATION))[0];
    match finished.folder {
        Some(folder) if code == exit::FINE => Ok(folder),
        _ => Err(Failure::new(code, finished.notes.join("; "), format!("run it by itself: stampsim run {path}"))),
    }
}

/// All scenarios, in their order.
fn simulate(terminal: &Terminal, talk: &Talk, job: &Job<'_>, interrupt: &Interrupt) -> Result<Vec<Finished>, Failure> {
    let Job { scenarios, execution, precision, trace } = *job;
    results::prepare(&execution.out, scenarios.iter().map(|scenario| scenario.name.as_str()))?;
    // The one clock of a result: it names the folder and enters nothing else.
    let clock = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    let jobs = execution.room.jobs(terminal, scenarios, execution.jobs)?;
    let options = RunOptions { jobs, stop: interrupt.watch(), max_wall: execution.max_wall };
    let names = scenarios.iter().map(|scenario| scenario.name.clone()).collect();
    let replications = scenarios.iter().map(|scenario| scenario.replications).sum();
    let display = Display::new(talk.progress, terminal.is_quiet(), names, replications);
    let finished: Mutex<Vec<Option<Finished>>> = Mutex::new(scenarios.iter().map(|_| None).collect());
    let keep = |i: usize, scenario: &Scenario, result: &ScenarioResult, open: Vec<String>| {
        let mut kept = keep(scenario, result, trace, execution, &clock, interrupt.is_asked());
        kept.advice.extend(open);
        display.suspend(|| said_early(terminal, &kept));
        finished.lock().unwrap_or_else(PoisonError::into_inner)[i] = Some(kept);
    };
    match precision {
        None => {
            let done = |i: usize, result: ScenarioResult| keep(i, &scenarios[i], &result, Vec::new());
            experiment::run(scenarios, &options, &display, &done);
        }
        Some(precision) => run_to_precision(
            scenarios,
            precision,
            &|i, result| wanted(&scenarios[i], &result.study),
            &options,
            &display,
            &|i, result, reached| {
                // What was found to be enough is what a run of so many replications gives, digest and all.
                let scenario = scenarios[i].clone().with_replications(result.asked);
                keep(i, &scenario, &result, imprecise(&reached, precision));
            },
        ),
    }
    drop(display);
    let finished = finished.into_inner().unwrap_or_else(PoisonError::into_inner);
    let lost = || Failure::new(exit::UNEXPECTED, "a scenario ended without a result", "run it by itself with -j 1");
    finished.into_iter().map(|finished| finished.ok_or_else(lost)).collect()
}

/// The figures that must be precise: those that the expectations judge, or else the headline.
fn wanted(scenario: &Scenario, study: &Study) -> Vec<MeasureKey> {
    let judged = judged_means(&scenario.expectations, study);
    if judged.is_empty() { headline(study) } else { judged.into_iter().collect() }
}

/// What is still wider than was asked for, in words.
fn imprecise(reached: &Reached, precision: Precision) -> Vec<String> {
    let share = Reading::share();
    let wide = |(key, width): &(MeasureKey, f64)| {
        let (wanted, most) = (share.alone(precision.relative), precision.most);
        format!(
            "{key} is known to {} after {most} replications, not to {wanted}; raise --max-replications",
            share.alone(*width)
        )
    };
    reached.open.iter().map(wide).collect()
}

/// A share above zero: no number of replications reaches a precision of none.
fn precision(text: &str) -> Result<Ratio, String> {
    let share: Ratio = text.parse().map_err(|error: crate::units::UnitError| error.to_string())?;
    if share.get() > 0.0 { Ok(share) } else { Err("expected a share above zero, such as \"2 %\"".to_owned()) }
}

/// What is worth a line before all scenarios are done.
fn said_early(terminal: &Terminal, finished: &Finished) {
    for note in &finished.notes {
        terminal.warn(&format!("{}: {note}", finished.name));
    }
    if let Some(folder) = &finished.folder {
        terminal.detail(&format!("{}: wrote {}", finished.name, folder.display()));
    }
}

/// Judges a result and writes its folder; whatever goes wrong becomes a note and a code, never a lost neighbour.
fn keep(
    scenario: &Scenario,
    result: &ScenarioResult,
    trace: Option<u32>,
    execution: &Execution,
    clock: &str,
    interrupted: bool,
) -> Finished {
    let (codes, notes) = shortfalls(result, interrupted);
    let study = &result.study;
    let floors = floors(scenario, study);
    let mut finished = Finished {
        name: scenario.name.clone(),
        question: study.question.clone(),
        figures: key_figures(study, &floors),
        limits: limits::in_order(study),
        moves: moves::listing(study),
        floored: floored(study, &floors),
        floors,
        judged: judge(&scenario.expectations, study, &result.observations),
        folder: None,
        digest: None,
        answer: answer(scenario, study),
        codes,
        notes,
        advice: result
            .advice
            .iter()
            .chain(&result.doubts)
            .cloned()
            .chain(circles::in_words(study))
            .chain(looks::in_words(study))
            .chain(unanswered(scenario, study))
            .collect(),
        suite: Suite { name: scenario.name.clone(), ..Suite::default() },
    };
    if study.replications == 0 {
        finished.judged.clear();
        finished.notes.push("no replication is whole; nothing was written".into());
        finished.suite.cases.extend(shortfall(&finished));
        return finished;
    }
    let unfailable = finished.judged.iter().filter(|judged| judged.outcome().absent.is_none());
    finished.advice.extend(unfailable.filter_map(|judged| {
        Some(format!("the expectation {} can never fail: {}", judged.expected(), judged.unfailable()?))
    }));
    if finished.judged.iter().any(Judged::is_failure) {
        finished.codes.push(exit::EXPECTATION);
    }
    let manifest = Manifest::of(facts(scenario, result, &finished.notes), study, &result.observations);
    finished.advice.extend(doubts(scenario, result));
    finished.digest.clone_from(&manifest.digest);
    let log = trace.and_then(|replication| logged(scenario, result, replication, &mut finished));
    finished.folder = match write(scenario, result, &manifest, log.as_ref(), &mut finished, execution, clock) {
        Ok(folder) => Some(folder),
        Err(error) => {
            finished.codes.push(exit::NOT_WRITTEN);
            finished.notes.push(format!("{error}; {}", error.help()));
            finished.suite.cases.push(failing("results are written", exit::NOT_WRITTEN, error.to_string()));
            None
        }
    };
    finished
}

/// The case of a run that is less than was asked for.
fn shortfall(finished: &Finished) -> Option<Case> {
    let code = exit::ranked(finished.codes.iter().copied().filter(|code| *code != exit::EXPECTATION))[0];
    (code != exit::FINE).then(|| failing(COMPLETE, code, finished.notes.join("; ")))
}

/// Figures that matter and are wide, and the tail that the calls cannot show.
fn doubts(scenario: &Scenario, result: &ScenarioResult) -> Vec<String> {
    let estimates = wanted(scenario, &result.study).into_iter().filter_map(|key| {
        let estimate = result.study.estimates.get(&key)?;
        caution::widen(&key, estimate, result.study.replications)
    });
    let refused = caution::refused(&result.observations).into_iter();
    let tails = refused.filter(|(key, _)| key.name.contains("_latency_") && key.labels.get("quantile") == Some("0.99"));
    estimates.chain(tails.map(|(key, few)| format!("{key}: {few}, so it is no figure"))).collect()
}

/// Replications are the same for all scenarios of a call, or the number is good for those that have it.
fn traceable(scenarios: &[Scenario], trace: Option<u32>) -> Result<(), Failure> {
    let most = scenarios.iter().map(|scenario| scenario.replications).max().unwrap_or(0);
    match trace {
        Some(replication) if replication >= most => {
            let message = format!("there is no replication {replication} to trace; there are {most}, numbered from 0");
            Err(Failure::new(exit::USAGE, message, "name one that there is, or raise --replications"))
        }
        _ => Ok(()),
    }
}

/// The events of one replication, simulated once more for them; a run that came to others the second time is a fault.
fn logged(
    scenario: &Scenario,
    result: &ScenarioResult,
    replication: u32,
    finished: &mut Finished,
) -> Option<(u32, Vec<Event>)> {
    let first = result.observations.iter().find(|run| run.replication == replication)?;
    match relive(scenario, replication, (0, EVENTS_MAX)) {
        Ok(again) if again.observations.order_hash == first.order_hash => {
            if again.observations.events > EVENTS_MAX {
                let (kept, all) = (count(EVENTS_MAX as f64), count(again.observations.events as f64));
                finished
                    .notes
                    .push(format!("the log holds the first {kept} of {all} events of replication {replication}"));
            }
            Some((replication, again.trail.log))
        }
        _ => {
            finished.codes.push(exit::UNEXPECTED);
            finished.notes.push(format!("replication {replication} does not repeat itself; please report this"));
            None
        }
    }
}

/// Why a result is less than was asked for: exit codes and words.
pub(super) fn shortfalls(result: &ScenarioResult, interrupted: bool) -> (Vec<u8>, Vec<String>) {
    let (mut codes, mut notes) = (Vec::new(), Vec::new());
    let ended = |wanted: fn(&Ended) -> bool| result.observations.iter().filter(|run| wanted(&run.ended)).count();
    let whole = result.study.replications;
    if result.interrupted && interrupted {
        codes.push(exit::INTERRUPTED);
        notes.push(format!("interrupted after {whole} of {} replications", result.asked));
    } else if result.interrupted {
        codes.push(exit::STOPPED);
        notes.push(format!("the real time allowed ran out after {whole} of {} replications", result.asked));
    }
    for (replication, message) in &result.failures {
        codes.push(exit::STOPPED);
        notes.push(format!("replication {replication} stopped: {message}"));
    }
    let out_of_events = ended(|ended| matches!(ended, Ended::EventBudget(_)));
    if out_of_events > 0 {
        codes.push(exit::STOPPED);
        let advice = "its figures cover less than the horizon; raise run.event_budget or shorten run.horizon";
        notes.push(format!("{out_of_events} replications used up their events; {advice}"));
    }
    (codes, notes)
}

fn facts(scenario: &Scenario, result: &ScenarioResult, notes: &[String]) -> RunFacts {
    let partial =
        (result.study.replications < result.asked).then(|| notes.join("; ")).filter(|notes| !notes.is_empty());
    RunFacts {
        inputs_hash: scenario.inputs_hash.clone(),
        seed: scenario.seed,
        replications_asked: result.asked,
        partial,
        command_line: std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect(),
        assumptions: scenario.assumptions.clone(),
        catalog: sources::catalogs(scenario),
        answer: answer(scenario, &result.study),
        advice: result.advice.iter().chain(&result.doubts).cloned().collect(),
    }
}

/// Draws the charts and writes the folder.
fn write(
    scenario: &Scenario,
    result: &ScenarioResult,
    manifest: &Manifest,
    log: Option<&(u32, Vec<Event>)>,
    finished: &mut Finished,
    execution: &Execution,
    clock: &str,
) -> Result<PathBuf, results::ResultsError> {
    let pictures = chart::pictures(&result.study);
    let charts = execution.charts.files(&pictures, &mut finished.notes);
    let shortfall = shortfall(finished);
    let judged = &finished.judged;
    let (study, floors) = (&result.study, &finished.floors);
    finished.suite = of_run(&Ran { scenario, manifest, study, floors, judged, pictures: &pictures, shortfall });
    if charts.is_empty() {
        finished.suite.pictures.clear();
    }
    let beside = ["summary.csv", "series/", "histograms/"].map(str::to_owned).into();
    let gate = gate("run", verdict(&finished.codes), &finished.codes, vec![finished.suite.clone()], beside);
    let evidence: Vec<_> = finished.judged.iter().map(|judged| (judged.measure(), judged.outcome())).collect();
    let names = EventNames::of(&scenario.model);
    let events = log.map(|(replication, events)| EventLog { replication: *replication, events, names: &names });
    let record = RunRecord {
        manifest,
        study: &result.study,
        runs: &result.observations,
        orders: &result.orders,
        events,
        floors: &finished.floors,
        scenario: &scenario.resolved,
        inputs: &scenario.inputs,
        prices: sources::price_book(scenario),
        expectations: &finished.judged,
        evidence: &evidence,
        summary: &summary(&gate),
        junit: &junit(&gate),
        charts: &charts,
    };
    results::write(&execution.out, clock, &record)
}

/// Doubts about the figures, each once with the scenarios that it concerns.
fn tell_advice(terminal: &Terminal, finished: &[Finished]) {
    let mut concerned: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Finished { name, advice, .. } in finished {
        for advice in advice {
            concerned.entry(advice).or_default().push(name);
        }
    }
    for (advice, names) in concerned {
        let names = match names.len() {
            // What holds for all needs no names.
            n if n == finished.len() => String::new(),
            1..=3 => format!(" ({})", names.join(", ")),
            n => format!(" ({n} of {} scenarios)", finished.len()),
        };
        terminal.say(&format!("advice: {advice}{names}"));
    }
}

/// What the figures rest on: counted, or listed where details are wanted.
fn tell_assumptions(terminal: &Terminal, scenarios: &[Scenario]) {
    for Scenario { name, assumptions, .. } in scenarios {
        for assumption in assumptions {
            terminal.detail(&format!("{name} assumes: {assumption}"));
        }
    }
    if !terminal.is_verbose() {
        let counts: Vec<usize> = scenarios.iter().map(|scenario| scenario.assumptions.len()).collect();
        let (least, most) = (counts.iter().min().copied().unwrap_or(0), counts.iter().max().copied().unwrap_or(0));
        let count = if least == most { most.to_string() } else { format!("{least} to {most}") };
        terminal.say(&format!("the figures rest on {count} assumptions; -v lists them, each manifest keeps them"));
    }
}

/// The one table, the expectations, the folders and the digests.
fn tell(terminal: &Terminal, finished: &[Finished]) {
    tell_figures(terminal, finished);
    tell_moves(terminal, finished);
    for Finished { name, limits, .. } in finished {
        if let Some(order) = limits {
            terminal.data(&format!("limits  {name}: {order}\n"));
        }
    }
    tell_expectations(terminal, finished);
    tell_floors(terminal, finished);
    for Finished { name, folder, digest, answer, codes, notes, advice, figures, limits, floors, judged, .. } in finished
    {
        let figures: Vec<_> = figures
            .iter()
            .map(|figure| json!({ "figure": figure.heading, "text": figure.text, "floor": figure.floor }))
            .collect();
        let exit = exit::ranked(codes.iter().copied())[0];
        terminal.message(
            "scenario",
            json!({
                "scenario": name, "folder": folder, "digest": digest, "answer": answer, "exit": exit, "notes": notes, "advice": advice,
                "figures": figures, "limits": limits, "floors": floors_json(floors), "expectations": judged,
            }),
        );
        if let Some(folder) = folder {
            terminal.data(&format!("{:<7} {}\n", "wrote", folder.display()));
        }
        match digest {
            Some(digest) => terminal.data(&format!("digest  {digest}  {name}\n")),
            None => terminal.data(&format!("digest  none, since the run is not complete  {name}\n")),
        }
    }
}

/// The table with a line for each scenario, then what they ask.
fn tell_figures(terminal: &Terminal, finished: &[Finished]) {
    let colors = terminal.colors_data();
    let wide = figures_table(finished, colors, str::to_owned);
    // Where intervals find no room beside their means they stand below them, and names go on after a slash.
    let sheet = if wide.fits() {
        wide
    } else {
        figures_table(finished, colors, |cell| cell.replace(" ±", "\n±").replace('/', "/\n"))
    };
    terminal.data(&sheet.text());
    terminal.data(&questions(finished, usize::from(table::width()), colors));
}

/// A table of the moves of each scenario that has any.
fn tell_moves(terminal: &Terminal, finished: &[Finished]) {
    for Finished { name, moves, .. } in finished {
        let Some(Listing { headings, rows, .. }) = moves else { continue };
        let headings: Vec<String> = headings.iter().map(|text| heading(text)).collect();
        let mut sheet = Sheet::new(&headings.iter().map(String::as_str).collect::<Vec<_>>(), terminal.colors_data());
        sheet.airy();
        sheet.right(1..headings.len());
        rows.iter().for_each(|cells| sheet.row(cells.iter().map(|cell| (cell.as_str(), Tone::Plain))));
        terminal.data(&format!("moves   {name}\n{}\n", sheet.text()));
    }
}

fn figures_table(finished: &[Finished], colors: bool, arranged: impl Fn(&str) -> String) -> Sheet {
    let figures = finished.first().map_or(&[][..], |first| first.figures.as_slice());
    let headings: Vec<String> =
        ["scenario"].into_iter().chain(figures.iter().map(|figure| figure.heading)).map(heading).collect();
    let mut sheet = Sheet::new(&headings.iter().map(String::as_str).collect::<Vec<_>>(), colors);
    sheet.airy();
    sheet.right(1..headings.len());
    for Finished { name, figures, .. } in finished {
        let number = |figure: &KeyFigure| arranged(&figure.number) + &floor_below(figure);
        let cells: Vec<String> = [arranged(name)].into_iter().chain(figures.iter().map(number)).collect();
        sheet.row(cells.iter().map(|cell| (cell.as_str(), Tone::Plain)));
    }
    sheet
}

/// What the limits alone allow, below a figure that has such a floor.
fn floor_below(figure: &KeyFigure) -> String {
    figure.floor.as_ref().map_or_else(String::new, |floor| format!("\nfloor {floor}"))
}

/// A heading in lines that are hardly wider than the figures below it.
fn heading(text: &str) -> String {
    wrapped(text, 9).join("\n").replace('-', "-\n")
}

/// What each scenario asks and what the run answers, keyed by its name, with what its figures are where their headings leave
/// that open.
fn questions(finished: &[Finished], width: usize, colors: bool) -> String {
    let key = finished.iter().map(|finished| finished.name.chars().count()).max().unwrap_or(0).min(width / 3);
    let mut text = String::new();
    for Finished { name, question, answer, figures, .. } in finished {
        let notes: Vec<String> = figures.iter().filter_map(note).collect();
        let notes = if notes.is_empty() { String::new() } else { format!(" [{}]", notes.join("; ")) };
        let room = width.saturating_sub(key + 3);
        let mut lines = wrapped(&format!("{question}{notes}"), room);
        lines.extend(answer.iter().flat_map(|answer| wrapped(&format!("-> {answer}"), room)));
        // A name wider than its column has a line of its own, so that the questions stay in theirs.
        let (head, key_of_first) =
            if name.chars().count() > key { (format!(" {name}\n"), "") } else { (String::new(), name.as_str()) };
        let keys = [key_of_first].into_iter().chain(std::iter::repeat(""));
        let written = lines.iter().zip(keys);
        let written = written.map(|(line, name)| format!(" {name:key$}  {}\n", Tone::Aside.paint(line, colors)));
        text.extend([head].into_iter().chain(written));
    }
    text + "\n"
}

/// What a figure is: "worst blast radius: weu-1-outage".
fn note(figure: &KeyFigure) -> Option<String> {
    figure.of.as_ref().map(|of| format!("{}: {of}", figure.heading))
}

/// A line for each expectation, the verdict first.
fn tell_expectations(terminal: &Terminal, finished: &[Finished]) {
    for Finished { name, judged, .. } in finished {
        for judged in judged {
            let word = judged.tone().paint(&format!("{:<7}", judged.word()), terminal.colors_data());
            terminal.data(&format!("{word} {name}: {}\n", judged.sentence()));
        }
    }
}

/// A line for each time that the limits alone explain a part of: how near the run came to what no policy can undercut. The
/// floor of cost stands in the table.
fn tell_floors(terminal: &Terminal, finished: &[Finished]) {
    for Finished { name, floored, .. } in finished {
        for text in floored {
            terminal.data(&format!("{:<7} {name}: {text}\n", "floor"));
        }
    }
}

/// Figure, estimate and floor in a sentence, for whole crowds and tails.
fn floored(study: &Study, floors: &Floors) -> Vec<String> {
    let is_whole =
        |key: &MeasureKey| key.labels.get("share") == Some("100 %") || key.labels.get("quantile") == Some("0.99");
    let of = |(key, floor): (&MeasureKey, &f64)| {
        let (reading, estimate) = (Reading::of(key.name), study.estimates.get(key)?);
        Some(format!("{key} is {} (floor {})", reading.with_interval(estimate), reading.alone(*floor)))
    };
    floors.iter().filter(|(key, _)| is_whole(key)).filter_map(of).collect()
}

fn floors_json(floors: &Floors) -> BTreeMap<String, f64> {
    floors.iter().map(|(key, floor)| (key.to_string(), *floor)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::analysis::{Observations, StudyMeta, summarise};
    use crate::units::{SimDuration, SimTime};

    fn result(ended: &[Ended], failures: &[(u32, &str)], interrupted: bool) -> ScenarioResult {
        let run = |(i, ended): (usize, &Ended)| Observations {
            replication: i as u32,
            order_hash: 0,
            events: 1,
            ended: ended.clone(),
            values: BTreeMap::new(),
            histograms: BTreeMap::new(),
            series: BTreeMap::new(),
            marks: Vec::new(),
            parts: crate::metrics::Parts::default(),
        };
        let observations: Vec<_> = ended.iter().enumerate().map(run).collect();
        let meta = StudyMeta {
            scenario: "outage".into(),
            question: String::new(),
            start: String::new(),
            horizon: SimDuration::HOUR,
            window: SimDuration::HOUR,
        };
        ScenarioResult {
            study: summarise(meta, &observations),
            observations,
            asked: 3,
            failures: failures.iter().map(|(i, why)| (*i, (*why).to_owned())).collect(),
            interrupted,
            advice: Vec::new(),
            steady: None,
            doubts: Vec::new(),
            orders: BTreeMap::new(),
        }
    }

    #[test]
    fn a_result_that_is_all_there_has_no_note() {
        let whole = [Ended::Horizon, Ended::Horizon, Ended::Horizon];
        assert_eq!(shortfalls(&result(&whole, &[], false), false), (vec![], vec![]));
        // Ctrl-C after the last replication of this scenario takes nothing from it.
        assert_eq!(shortfalls(&result(&whole, &[], false), true), (vec![], vec![]));
    }

    #[test]
    fn what_is_missing_is_said_with_its_code() {
        let one = [Ended::Horizon];
        let (codes, notes) = shortfalls(&result(&one, &[], true), true);
        assert_eq!((codes, notes), (vec![exit::INTERRUPTED], vec!["interrupted after 1 of 3 replications".to_owned()]));
        let (codes, notes) = shortfalls(&result(&one, &[], true), false);
        assert_eq!(codes, [exit::STOPPED]);
        assert!(notes[0].starts_with("the real time allowed ran out after 1 of 3"));
        let (codes, notes) = shortfalls(&result(&one, &[(1, "a device in two places")], false), false);
        assert_eq!(
            (codes, notes),
            (vec![exit::STOPPED], vec!["replication 1 stopped: a device in two places".to_owned()])
        );
        let budget = [Ended::EventBudget(SimTime(5)), Ended::Horizon, Ended::Horizon];
        let (codes, notes) = shortfalls(&result(&budget, &[], false), false);
        assert_eq!(codes, [exit::STOPPED]);
        assert!(notes[0].contains("raise run.event_budget"), "{notes:?}");
    }
}
