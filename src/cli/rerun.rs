//! `rerun`: reproduce a run from its folder, and say where it went another way if it did.
//!
//! The folder holds all that a run depends on beside the program: the resolved scenario, what it names, the prices. Equal
//! digests end it. Else each replication is held against its order hash and its figures, and the first that differs is
//! followed down to the events: to the very first where the folder has their log, to a short span of them else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::exit;
use super::failure::Failure;
use super::figures::{Reading, count, many};
use super::options::{Talk, jobs};
use super::simulation::simulate_any;
use super::sources;
use super::table::Tone;
use super::terminal::Terminal;
use crate::analysis::Observations;
use crate::experiment::rerun::{Parting, parting, relive};
use crate::kernel::event_list::Event;
use crate::model::event::names::EventNames;
use crate::results::order::{EventLine, Orders, StoredEvents, events_csv, read_events, read_orders};
use crate::results::{EVENTS_MAX, Figure, StoredRun, digest, locate, read};
use crate::scenario::Scenario;
use crate::scenario::catalog::PRICES;
use crate::units::{SimDuration, SimTime};

const EXAMPLES: &str = "Examples:
  stampsim rerun output/outage                       the newest run of a scenario, once more
  stampsim rerun output/outage/20260302-101500-1a2b3c4d --replication 7
  stampsim run outage.toml --trace 7                 keep the events of one replication, so that a later rerun names
                                                     the first that differs";

/// Most figures and most events that are listed.
const SHOWN_MAX: usize = 10;
/// Files of a run folder.
const SCENARIO: &str = "scenario.resolved.toml";
const BOOK: &str = "prices.resolved.toml";

/// Reproduce a run from its folder
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Rerun {
    /// A run folder, or a scenario's folder (its newest run)
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Only this replication, from 0
    #[arg(long, value_name = "N")]
    replication: Option<u32>,
    /// Write the events of the replication as they are now to a file, a line each
    #[arg(long, value_name = "FILE", requires = "replication")]
    trace: Option<PathBuf>,
    /// Threads; `RAYON_NUM_THREADS` is honoured too [default: all cores]
    #[arg(short, long, value_name = "N", value_parser = jobs)]
    jobs: Option<usize>,
}

/// A run folder and what it depends on.
struct Stored {
    run: StoredRun,
    orders: Option<Orders>,
    scenario: Scenario,
    inputs: Inputs,
}

/// How what the folder loads to stands to what was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inputs {
    /// The same.
    Same,
    /// This version has other prices, so those of the folder are used; the hash of the inputs cannot tell more.
    StoredPrices,
    /// Another hash: a file was edited, or this version has other defaults or limits.
    Other,
}

/// What came out this time.
#[derive(Default)]
struct Now {
    runs: BTreeMap<u32, Observations>,
    orders: Orders,
    failures: BTreeMap<u32, String>,
}

/// A replication that is not what it was.
#[derive(Debug, Clone, PartialEq)]
struct Difference {
    replication: u32,
    /// Why there is nothing to compare.
    failure: Option<String>,
    /// Whether other events, or the same in another order, were carried out.
    order: bool,
    /// Figures with what they were and are.
    figures: Vec<(Figure, Option<f64>, Option<f64>)>,
}

/// Runs it once more, prints, and returns the exit codes that apply.
pub(super) fn rerun(terminal: &Terminal, talk: &Talk, options: &Rerun) -> Result<Vec<u8>, Failure> {
    let stored = stored(terminal, &options.folder)?;
    let wanted = wanted(&stored, options.replication)?;
    tell_doubts(terminal, &stored);
    let now = again(terminal, talk, options, &stored, &wanted)?;
    if let (Some(file), Some(replication)) = (&options.trace, options.replication) {
        write_events(&stored.scenario, replication, file)?;
        terminal.say(&format!("wrote the events of replication {replication} to {}", file.display()));
    }
    let differences: Vec<Difference> = wanted.iter().filter_map(|r| difference(&stored, &now, *r)).collect();
    let digests = digests(&stored, &now, options.replication.is_none());
    let is_same =
        differences.is_empty() && digests.as_ref().is_none_or(|(was, is)| was == is) && stored.inputs != Inputs::Other;
    conclude(terminal, &stored, wanted.len(), digests.as_ref(), is_same, &differences);
    if let Some(first) = differences.first() {
        tell_first(terminal, &stored, &now, first)?;
    }
    Ok(if is_same { vec![] } else { vec![exit::NOT_REPRODUCED] })
}

/// Everything of the folder.
fn stored(terminal: &Terminal, path: &Path) -> Result<Stored, Failure> {
    let folder = locate(path)?;
    let run = read(&folder)?;
    let orders = read_orders(&folder)?;
    let file = folder.join(SCENARIO);
    if !file.is_file() {
        let message = format!("{} has no {SCENARIO}, so it cannot be run again", folder.display());
        return Err(Failure::new(exit::NOT_COMPARABLE, message, "run the scenario itself again"));
    }
    let book = folder.join(BOOK);
    let has_other_prices = std::fs::read_to_string(&book).is_ok_and(|text| text != PRICES);
    let set = has_other_prices.then(|| format!("catalog.prices={}", toml::Value::from(book.display().to_string())));
    let mut scenarios = sources::load_each(terminal, [(file, set.into_iter().collect())])?;
    let mut scenario = scenarios.pop().expect("one file is one scenario");
    scenario.name.clone_from(&run.manifest.scenario);
    let inputs = match has_other_prices {
        true => Inputs::StoredPrices,
        false if scenario.inputs_hash == run.manifest.inputs_hash => Inputs::Same,
        false => Inputs::Other,
    };
    Ok(Stored { run, orders, scenario, inputs })
}

/// The replications to run: the one asked for, or all that the folder has.
fn wanted(stored: &Stored, only: Option<u32>) -> Result<BTreeSet<u32>, Failure> {
    let has = |i: &u32| stored.run.replications.get(*i as usize).is_some_and(|figures| !figures.is_empty());
    let all: BTreeSet<u32> = (0..stored.run.replications.len() as u32).filter(has).collect();
    match only {
        None => Ok(all),
        Some(one) if all.contains(&one) => Ok([one].into()),
        Some(one) => {
            let message = format!("the run has no replication {one}; it has {}, numbered from 0", all.len());
            Err(Failure::new(exit::USAGE, message, "name one that it has"))
        }
    }
}

fn tell_doubts(terminal: &Terminal, stored: &Stored) {
    let Stored { run: StoredRun { manifest, .. }, scenario, inputs, orders } = stored;
    let version = env!("CARGO_PKG_VERSION");
    if manifest.version != version {
        terminal.warn(&format!(
            "it was run by stampsim {}, this is {version}; results may differ by design",
            manifest.version
        ));
    }
    match inputs {
        Inputs::Same => {}
        Inputs::StoredPrices => {
            terminal.warn(&format!("this version has other prices; those of {BOOK} are used, so its inputs hash tells nothing"));
        }
        Inputs::Other => terminal.warn(&format!(
            "the inputs are not those of the run: {SCENARIO} or a file beside it was edited, or this version has other defaults or \
             limits (hash {}, manifest {})",
            short(&scenario.inputs_hash),
            short(&manifest.inputs_hash),
        )),
    }
    if let Some(why) = &manifest.partial {
        terminal.warn(&format!("the run is not complete ({why}); what there is of it is compared"));
    }
    if orders.is_none() {
        terminal.warn("the folder has no order.csv; a difference cannot be followed down to its events");
    }
}

fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}

/// Runs the wanted replications.
fn again(
    terminal: &Terminal,
    talk: &Talk,
    options: &Rerun,
    stored: &Stored,
    wanted: &BTreeSet<u32>,
) -> Result<Now, Failure> {
    let mut now = Now::default();
    if let Some(replication) = options.replication {
        match relive(&stored.scenario, replication, (0, 0)) {
            Ok(run) => {
                now.orders.insert(replication, run.trail.checkpoints);
                now.runs.insert(replication, run.observations);
            }
            Err(why) => drop(now.failures.insert(replication, why)),
        }
        return Ok(now);
    }
    let replications = wanted.last().map_or(0, |last| last + 1);
    let scenario = Scenario { replications, ..stored.scenario.clone() };
    let (mut results, interrupted) = simulate_any(terminal, talk, std::slice::from_ref(&scenario), options.jobs)?;
    if interrupted {
        return Err(Failure::new(exit::INTERRUPTED, "interrupted before it was whole", "start it again"));
    }
    let result = results.pop().expect("one scenario has one result");
    now.orders = result.orders;
    now.runs = result.observations.into_iter().map(|run| (run.replication, run)).collect();
    now.failures = result.failures.into_iter().collect();
    Ok(now)
}

/// Digest that the manifest states, and that of now; only for a whole run.
fn digests(stored: &Stored, now: &Now, is_whole: bool) -> Option<(String, String)> {
    let was = stored.run.manifest.digest.clone().filter(|_| is_whole)?;
    let inputs = match stored.inputs {
        Inputs::StoredPrices => &stored.run.manifest.inputs_hash,
        Inputs::Same | Inputs::Other => &stored.scenario.inputs_hash,
    };
    let runs: Vec<Observations> = now.runs.values().cloned().collect();
    Some((was, digest(inputs, &runs)))
}

/// How a replication differs, if it does.
fn difference(stored: &Stored, now: &Now, replication: u32) -> Option<Difference> {
    let Some(run) = now.runs.get(&replication) else {
        let failure = now.failures.get(&replication).cloned().unwrap_or_else(|| "it was not run".to_owned());
        return Some(Difference { replication, failure: Some(failure), order: true, figures: Vec::new() });
    };
    let order = order_hash(stored, replication).is_some_and(|hash| hash != run.order_hash);
    let figures = figures(&stored.run.replications[replication as usize], run);
    let differs = order || !figures.is_empty();
    differs.then_some(Difference { replication, failure: None, order, figures })
}

/// The order hash that the folder states.
fn order_hash(stored: &Stored, replication: u32) -> Option<u64> {
    match &stored.orders {
        Some(orders) => orders.get(&replication)?.last().map(|end| end.hash),
        None => u64::from_str_radix(stored.run.manifest.order_hashes.get(replication as usize)?, 16).ok(),
    }
}

/// Figures that are not equal to the bit.
fn figures(was: &BTreeMap<Figure, f64>, run: &Observations) -> Vec<(Figure, Option<f64>, Option<f64>)> {
    // A table has no figure where there was no number.
    let numbers = run.values.iter().filter(|(_, value)| !value.is_nan());
    let is: BTreeMap<Figure, f64> =
        numbers.map(|(k, v)| (Figure { measure: k.name.to_owned(), labels: k.labels.to_string() }, *v)).collect();
    let names: BTreeSet<&Figure> = was.keys().chain(is.keys()).collect();
    let pairs = names.into_iter().map(|figure| (figure.clone(), was.get(figure).copied(), is.get(figure).copied()));
    pairs.filter(|(_, was, is)| was.map(f64::to_bits) != is.map(f64::to_bits)).collect()
}

fn conclude(
    terminal: &Terminal,
    stored: &Stored,
    replications: usize,
    digests: Option<&(String, String)>,
    is_same: bool,
    differences: &[Difference],
) {
    let name = &stored.scenario.name;
    let inputs = match stored.inputs {
        Inputs::Same => "same",
        Inputs::StoredPrices => "stored_prices",
        Inputs::Other => "other",
    };
    let fields = json!({
        "scenario": name, "folder": stored.run.folder, "reproduced": is_same, "replications": replications, "inputs": inputs,
        "expected": digests.map(|(was, _)| was), "digest": digests.map(|(_, is)| is),
        "differing": differences.iter().map(|d| d.replication).collect::<Vec<_>>(),
    });
    terminal.message("rerun", fields);
    let replications = many(replications as u64, "replication");
    let text = match (is_same, differences.len(), digests) {
        (true, _, Some((digest, _))) => format!("{replications}, digest {digest}"),
        (true, _, None) => format!("{replications}, every event and every figure"),
        (false, 0, Some((was, is))) if stored.inputs != Inputs::Other => {
            let what = "events and figures are the same, a series or a histogram is not";
            format!("{what}; digest {} was {}", short(is), short(was))
        }
        (false, 0, _) => format!("{replications} came to the same, but the inputs are not those of the run"),
        (false, n, _) => format!("{n} of {replications}"),
    };
    let (word, tone) = if is_same { ("reproduced", Tone::Good) } else { ("differs", Tone::Bad) };
    terminal.data(&format!("{} {name}: {text}\n", tone.paint(&format!("{word:<10}"), terminal.colors_data())));
}

/// Follows the first replication that differs down to its figures and events.
fn tell_first(terminal: &Terminal, stored: &Stored, now: &Now, first: &Difference) -> Result<(), Failure> {
    let Difference { replication, failure, order, figures } = first;
    if let Some(why) = failure {
        terminal.message("not_reproduced", json!({ "replication": replication, "failure": why }));
        terminal.data(&format!("replication {replication} stopped: {why}\n"));
        return Ok(());
    }
    tell_figures(terminal, *replication, figures);
    if !order {
        terminal.data("every event is the same: what differs is what was observed of them, or their prices\n");
        return Ok(());
    }
    if let Some(log) = read_events(&stored.run.folder, *replication)?
        && tell_exact(terminal, stored, *replication, log)?
    {
        return Ok(());
    }
    let checkpoints = |orders: Option<&Orders>| orders.and_then(|orders| orders.get(replication).cloned());
    let parting =
        checkpoints(stored.orders.as_ref()).zip(checkpoints(Some(&now.orders))).and_then(|(a, b)| parting(&a, &b));
    match parting {
        Some(parting) => tell_span(terminal, stored, *replication, parting),
        None => Ok(()),
    }
}

fn tell_figures(terminal: &Terminal, replication: u32, figures: &[(Figure, Option<f64>, Option<f64>)]) {
    let told: Vec<Value> = figures
        .iter()
        .map(|(figure, was, is)| json!({ "figure": figure.to_string(), "expected": was, "found": is }))
        .collect();
    terminal.message("not_reproduced", json!({ "replication": replication, "figures": told }));
    terminal.data(&format!("replication {replication}: other than stored: {}\n", many(figures.len() as u64, "figure")));
    for (figure, was, is) in figures.iter().take(SHOWN_MAX) {
        let text =
            |value: &Option<f64>| value.map_or_else(|| "-".to_owned(), |v| Reading::of(&figure.measure).alone(v));
        // Where four digits do not show it, all of them do.
        let (a, b) = match (text(was), text(is)) {
            (a, b) if a == b => (format!("{:?}", was.unwrap_or(f64::NAN)), format!("{:?}", is.unwrap_or(f64::NAN))),
            texts => texts,
        };
        terminal.data(&format!("  {figure}: {a} -> {b}\n"));
    }
    if figures.len() > SHOWN_MAX {
        terminal.data(&format!("  and {} more\n", figures.len() - SHOWN_MAX));
    }
}

/// The first event that is not the one of the log; false when the log ends before there is one.
fn tell_exact(terminal: &Terminal, stored: &Stored, replication: u32, log: StoredEvents) -> Result<bool, Failure> {
    let events = events(&stored.scenario, replication, (0, EVENTS_MAX))?;
    let names = EventNames::of(&stored.scenario.model);
    let mut now = (1..).zip(&events).map(|(number, event)| EventLine::of(number, event, &names));
    let mut lines = 0;
    for was in log {
        let (was, is) = (was?, now.next());
        lines += 1;
        if is.as_ref() != Some(&was) {
            tell_event(terminal, replication, Some(&was), is.as_ref());
            return Ok(true);
        }
    }
    // A log that is full says nothing of what came after it.
    let next = now.next().filter(|_| lines < EVENTS_MAX);
    if let Some(is) = &next {
        tell_event(terminal, replication, None, Some(is));
    }
    Ok(next.is_some())
}

fn tell_event(terminal: &Terminal, replication: u32, was: Option<&EventLine>, is: Option<&EventLine>) {
    let number = was.or(is).map_or(0, |line| line.event);
    let value = |line: Option<&EventLine>| line.map(line_json);
    terminal.message(
        "first_event",
        json!({ "replication": replication, "event": number, "stored": value(was), "now": value(is) }),
    );
    let text = |line: Option<&EventLine>| line.map_or_else(|| "no event".to_owned(), in_words);
    terminal.data(&format!("the first event that differs is number {}\n", count(number as f64)));
    terminal.data(&format!("  stored: {}\n  now:    {}\n", text(was), text(is)));
}

fn line_json(line: &EventLine) -> Value {
    json!({ "event": line.event, "time_us": line.time_us, "kind": line.kind, "entity": line.entity, "sequence": line.sequence })
}

fn in_words(line: &EventLine) -> String {
    format!("{} {} at {} (sequence {})", line.kind, line.entity, at(line.time_us), line.sequence)
}

fn at(time_us: u64) -> SimDuration {
    SimTime(time_us).since_start()
}

/// The events of now where the two parted.
fn tell_span(terminal: &Terminal, stored: &Stored, replication: u32, parting: Parting) -> Result<(), Failure> {
    let Parting { same, by } = parting;
    let shown = same + (SHOWN_MAX as u64).min(by - same);
    let events = events(&stored.scenario, replication, (same, shown))?;
    let names = EventNames::of(&stored.scenario.model);
    let lines: Vec<EventLine> = (same + 1..).zip(&events).map(|(n, event)| EventLine::of(n, event, &names)).collect();
    let told: Vec<Value> = lines.iter().map(line_json).collect();
    terminal.message("parting", json!({ "replication": replication, "same": same, "by": by, "now": told }));
    let span = by - same;
    terminal.data(&format!(
        "the first event that differs is one of the {} after number {}; of these were carried out now\n",
        count(span as f64),
        count(same as f64)
    ));
    for line in &lines {
        terminal.data(&format!("  {}: {}\n", count(line.event as f64), in_words(line)));
    }
    if span > lines.len() as u64 {
        terminal.data(&format!("  and so on; --replication {replication} --trace FILE writes all\n"));
    }
    terminal.say("a run with --trace keeps the events, so that a rerun names the very first");
    Ok(())
}

/// The events of a span, as they are now.
fn events(scenario: &Scenario, replication: u32, span: (u64, u64)) -> Result<Vec<Event>, Failure> {
    let run = relive(scenario, replication, span);
    let stopped = |why| {
        Failure::new(exit::STOPPED, format!("replication {replication} stopped: {why}"), "try an earlier version")
    };
    Ok(run.map_err(stopped)?.trail.log)
}

fn write_events(scenario: &Scenario, replication: u32, path: &Path) -> Result<(), Failure> {
    let events = events(scenario, replication, (0, EVENTS_MAX))?;
    let names = EventNames::of(&scenario.model);
    let lines = (1..).zip(&events).map(|(number, event)| EventLine::of(number, event, &names));
    let written = std::fs::File::create(path).and_then(|file| events_csv(&mut std::io::BufWriter::new(file), lines));
    written.map_err(|error| {
        let message = format!("cannot write {}: {error}", path.display());
        Failure::new(exit::NOT_WRITTEN, message, "name another file")
    })
}
