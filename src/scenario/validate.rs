//! Rules across a whole file, and the model's input that is built from it.
//!
//! A rule reports and goes on, so that all problems are seen at once; the result counts only when there is none. What a
//! structural mistake took away is never blamed a second time. Nothing behind this door checks again.

mod answer;
mod advice;
mod assumptions;
mod changes;
mod cohorts;
mod dps;
mod expectations;
mod faults;
mod features;
mod generations;
mod incidents;
mod move_conflicts;
mod move_control;
mod moves;
mod names;
mod remedies;
mod retirements;
mod scaling;
mod services;
mod sizes;
mod stamps;
mod steady;
mod twins;
mod users;
mod windows;

use std::path::Path;

use crate::analysis::{Answer, Expectation};
use crate::cost::PriceSheet;
use crate::model::config::{Cuts, ModelConfig, NetworkConfig};
use crate::model::population::flow_rule::FlowRule;
use crate::model::region::RegionTable;
use crate::scenario::catalog::{self, Limits};
use crate::scenario::diagnostic::{Diagnostic, Finding, Place, Sources, nearest, unknown};
use crate::scenario::file::{CATALOG, Catalog, File, Run, Steady};
use crate::scenario::footprint::Footprint;
use crate::scenario::load::{FIRST, Lost, foreign, read};
use crate::scenario::tree::{Node, Span};
use crate::units::SimDuration;

pub(super) use names::Names;

/// Most ticks of a run; the kernel counts them in 28 bits.
const TICKS_MAX: u64 = 1 << 28;
/// Most ticks of growth, so that a population is looked at quickly.
const GROWTH_TICKS_MAX: u64 = 1_000_000;
/// Most windows of a series.
const WINDOWS_MAX: u64 = 100_000;
/// Windows of a run whose window is not given.
const WINDOWS: u64 = 120;
/// Most replications.
const REPLICATIONS_MAX: u32 = 1_000_000;
/// Windows of a steady run whose window is not given: the rule MSER-5 looks at batches of five.
const STEADY_WINDOWS: u64 = 400;
/// Lengths that windows have by default [s].
const READABLE: &[u64] = &[
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
    1_209_600, 2_419_200,
];

/// A file that a scenario names; a run folder keeps it under its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Path beside the resolved scenario, such as `inputs/growth-meters.csv`.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// A scenario that can be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Name: the path of the file without its ending.
    pub name: String,
    /// The file as it was given.
    pub path: String,
    /// The question that it answers.
    pub question: String,
    /// The answer, with places for the figures of a run.
    pub answer: Option<Answer>,
    /// Simulated start, RFC 3339 in UTC. The time of day is `model.day_offset`.
    pub start: String,
    /// Seed of all randomness.
    pub seed: u64,
    /// Independent replications.
    pub replications: u32,
    /// Planned cost of a registered device and month [USD].
    pub planned_cost: Option<f64>,
    /// Whether figures leave out a warm-up, and which.
    pub steady: Option<Steady>,
    /// The model's input.
    pub model: ModelConfig,
    /// Prices for the bill.
    pub prices: PriceSheet,
    /// Bounds on measures.
    pub expectations: Vec<Expectation>,
    /// Where each of them stands, in the same order.
    pub places: Vec<Place>,
    /// Each assumption that the scenario rests on, with its value, a line each.
    pub assumptions: Vec<String>,
    /// What is good to know of it although nothing is wrong, a line each.
    pub advice: Vec<String>,
    /// The scenario as a file with all defaults filled in; it loads to the same scenario beside its `inputs`.
    pub resolved: String,
    /// Files that the resolved scenario names.
    pub inputs: Vec<Input>,
    /// Hash (BLAKE3, hexadecimal) of the resolved scenario, its inputs and the catalogues.
    pub inputs_hash: String,
    /// Where it asks for the most devices, with nothing said of it: for a run that does not fit.
    pub heaviest: Diagnostic,
    /// What is allowed, but probably not meant.
    pub warnings: Vec<Diagnostic>,
}

impl Scenario {
    /// The same with another number of replications, as if the file had said so.
    #[must_use]
    pub fn with_replications(mut self, replications: u32) -> Self {
        let mut file: File = toml::from_str(&self.resolved).expect("a resolved scenario reads back");
        file.run.replications = replications;
        self.replications = replications;
        self.resolved = toml::to_string(&file).expect("a scenario file is plain data");
        self.inputs_hash = hash(&self.resolved, &self.inputs, &file.catalog);
        self
    }

    /// What running it will take, roughly.
    pub fn footprint(&self) -> Footprint {
        Footprint::of(&self.model, self.replications)
    }
}

/// Lengths of a run, checked.
#[derive(Debug, Clone, Copy)]
struct Frame {
    horizon: SimDuration,
    window: SimDuration,
}

/// Builds a scenario and collects what is wrong with it.
pub(super) struct Build<'a> {
    tree: &'a Node,
    sources: &'a mut Sources,
    lost: Lost,
    inputs: Vec<Input>,
    /// What is wrong, with its place.
    pub(super) mistakes: Vec<(Span, Finding)>,
}

impl<'a> Build<'a> {
    /// A build over a tree; what was `lost` from it is not blamed.
    pub(super) fn new(tree: &'a Node, sources: &'a mut Sources, lost: Lost) -> Self {
        Self { tree, sources, lost, inputs: Vec::new(), mistakes: Vec::new() }
    }

    /// Says something of a value, by its path such as `run/seed`.
    fn say(&mut self, path: &str, finding: Finding) {
        self.mistakes.push((self.tree.place(path), finding));
    }

    /// Says something of a key.
    fn say_key(&mut self, path: &str, finding: Finding) {
        self.mistakes.push((self.tree.place_of_key(path), finding));
    }

    /// Says something of the whole file.
    fn say_file(&mut self, finding: Finding) {
        self.mistakes.push((FIRST, finding));
    }

    /// Says it unless a condition holds.
    fn require(&mut self, holds: bool, path: &str, finding: impl FnOnce() -> Finding) {
        if !holds {
            self.say(path, finding());
        }
    }

    /// The scenario; nothing when so much is wrong that there is none. It counts only when no error was said.
    pub(super) fn scenario(&mut self, name: &str, path: &str, mut file: File) -> Option<Scenario> {
        self.require(file.run.scale.get() > 0.0, "run.scale", || {
            Finding::new("a scale of zero leaves no devices").expected("a share above 0, such as 0.01")
        });
        file = file.scaled();
        let limits = self.limits(&mut file.catalog);
        let mut prices = self.prices(&mut file.catalog);
        self.require(!file.question.trim().is_empty(), "question", || {
            Finding::new("the question is empty").expected("the question that the scenario answers")
        });
        let frame = self.frame(&mut file.run);
        self.sections(&file);
        let names = Names::new(&file);
        if names.shaky {
            self.lost.lose("stamps");
        }
        let regions = self.regions(&file, &names);
        let mut stamps = self.stamps(&mut file, &names, &limits, &prices);
        let cohorts = self.cohorts(&mut file, &names, stamps.as_deref(), frame);
        self.reach(&file, &names, stamps.as_deref(), cohorts.as_deref());
        self.twins(&file, stamps.as_deref(), cohorts.as_deref());
        if let Some(stamps) = &mut stamps {
            self.ladders(&file, &names, stamps, scaling::Books { limits: &limits, prices: &prices });
        }
        let scaling = self.scaling(&mut file, &names, stamps.as_deref(), frame);
        let network = self.network(&file);
        let dps = self.dps(&mut file, &names, &limits.dps, &prices);
        let gateway = self.gateway(&mut file, &names, cohorts.as_deref(), &prices);
        let mut faults = self.faults(&mut file, &names, frame);
        let moves = self.moves(&mut file, &names, (stamps.as_deref(), cohorts.as_deref()), frame);
        self.promotions(&file, &moves, cohorts.as_deref(), stamps.as_deref(), dps.as_ref());
        let outlets = features::Outlets { prices: &mut prices, faults: &mut faults };
        let features = self.features(&file, &names, cohorts.as_deref(), frame, outlets);
        let retirements = self.retirements(&mut file, frame);
        let changes = self.changes(&mut file, &names, stamps.as_deref(), frame);
        self.open_targets(&file, &moves, &changes, stamps.as_deref());
        let users = self.users(&file, &names, frame);
        let windows = self.observation(&mut file, &faults, frame);
        let expectations = self.expectations(&file);
        let answer = self.answer(&file);
        let places = self.places("expect", file.expect.len());
        let (run, frame) = (&file.run, frame?);
        let model = ModelConfig {
            horizon: frame.horizon,
            day_offset: run.start.time_of_day(),
            window: frame.window,
            tick: run.tick,
            growth_tick: run.growth_tick,
            fidelity: run.telemetry,
            flow_rule: FlowRule::default(),
            event_budget: run.event_budget,
            regions,
            rings: names.rings,
            stamps: stamps?,
            scaling,
            cohorts: cohorts?,
            network,
            dps: dps?,
            gateway,
            faults,
            moves,
            users,
            features,
            retirements,
            changes,
            counts_failures: counts_failures(&file, &limits.dps),
            cuts: if run.steady.is_some() { Cuts::Windows } else { Cuts::Phases },
            herds: true,
            windows,
        };
        self.steady(&file, &model);
        self.sizes(&file, &model);
        let heaviest = self.sources.place(&self.tree.place(&sizes::largest(&file, &model)), Finding::new(""));
        let resolved = toml::to_string(&file).expect("a scenario file is plain data");
        Some(Scenario {
            name: name.to_owned(),
            path: path.to_owned(),
            start: file.run.start.to_string(),
            seed: file.run.seed,
            replications: file.run.replications,
            planned_cost: self.plan(&file),
            steady: file.run.steady.clone(),
            assumptions: assumptions::of(&file, &model, &prices),
            advice: advice::of(&model),
            inputs_hash: hash(&resolved, &self.inputs, &file.catalog),
            inputs: std::mem::take(&mut self.inputs),
            warnings: Vec::new(),
            heaviest,
            question: file.question,
            answer,
            model,
            prices,
            expectations,
            places,
            resolved,
        })
    }

    /// Where each entry of a list of tables stands.
    fn places(&self, key: &str, count: usize) -> Vec<Place> {
        (0..count).map(|i| self.sources.locate(&self.tree.place(&format!("{key}/{i}")))).collect()
    }

    /// What the fleet was meant to cost.
    fn plan(&mut self, file: &File) -> Option<f64> {
        let cost = file.plan.as_ref()?.cost_per_device;
        self.require(cost.is_finite() && cost > 0.0, "plan/cost_per_device", || {
            Finding::new(format!("a planned cost of {cost}")).expected("an amount above zero, such as 0.15")
        });
        Some(cost)
    }

    /// The sections that a scenario cannot do without.
    fn sections(&mut self, file: &File) {
        for (key, count, what) in [("stamps", file.stamps.len(), "stamp"), ("cohorts", file.cohorts.len(), "cohort")] {
            if count == 0 && !self.lost.items(key) {
                let finding = Finding::new(format!("the scenario has no {what}"));
                self.say_file(finding.expected(format!("at least one [[{key}]]")));
            }
        }
    }

    /// A path in the file as the reader of files takes it.
    fn path_at(&self, key: &str, path: &str) -> std::path::PathBuf {
        self.sources.folder(self.tree.place(key).start).join(path)
    }

    /// Reads a file that a key names, and keeps it under `kept`; gives its text and the number of its first byte.
    fn intake(&mut self, key: &str, path: &str, kept: &str) -> Option<(String, usize)> {
        let full = self.path_at(key, path);
        match read(&full) {
            Ok(text) => {
                let from = self.sources.add(&full.display().to_string(), full.parent().unwrap_or(Path::new("")), &text);
                self.inputs.push(Input { path: kept.to_owned(), text: text.clone() });
                Some((text, from))
            }
            Err(why) => {
                let why = if why.starts_with("No such file") { "does not exist".to_owned() } else { why };
                let finding = Finding::new(format!("`{}` {why}", full.display()));
                self.say(key, finding.expected("the path of a file, relative to this one"));
                None
            }
        }
    }

    fn limits(&mut self, catalog: &mut Catalog) -> Limits {
        let Some((text, from)) = self.catalog_file("catalog/limits", &mut catalog.limits, "inputs/limits.toml") else {
            return catalog::limits();
        };
        Limits::parse(&text).unwrap_or_else(|error| {
            let span = from + error.span.start..from + error.span.end;
            self.mistakes.push((span, foreign(&error.message)));
            catalog::limits()
        })
    }

    fn prices(&mut self, catalog: &mut Catalog) -> PriceSheet {
        let mut sheet = match self.catalog_file("catalog/prices", &mut catalog.prices, "inputs/prices.toml") {
            Some((text, from)) => self.price_file(&text, from).unwrap_or_else(catalog::prices),
            None => catalog::prices(),
        };
        if let Some(own) = &mut catalog.own_prices
            && let Some((text, from)) = self.intake("catalog/own_prices", own, "inputs/own-prices.toml")
        {
            sheet.overlay(self.price_file(&text, from).unwrap_or_else(catalog::prices));
            "inputs/own-prices.toml".clone_into(own);
        }
        if let Some(discount) = catalog.discount {
            let text = format!("discount = {}", discount.get());
            sheet.overlay(PriceSheet::parse(&text).expect("a share from 0 to 1 is a discount"));
        }
        self.other_sources(catalog, &mut sheet);
        sheet
    }

    fn other_sources(&mut self, catalog: &Catalog, sheet: &mut PriceSheet) {
        for (i, id) in catalog.other_sources.iter().enumerate() {
            if !sheet.choose_alternative(id, 0) {
                let path = format!("catalog/other_sources/{i}");
                let with = sheet.prices().filter(|price| !price.alternatives.is_empty()).map(|price| price.id.as_str());
                let known: Vec<&str> = with.collect();
                self.say(&path, unknown("price with another source", id, &known));
            }
        }
    }

    fn price_file(&mut self, text: &str, from: usize) -> Option<PriceSheet> {
        let read = PriceSheet::parse(text);
        read.map_err(|error| {
            let span = error.span.clone().unwrap_or(0..0);
            let finding = foreign(&error.kind.to_string());
            self.mistakes.push((from + span.start..from + span.end, finding));
        })
        .ok()
    }

    /// The text of a catalogue that is named by path; nothing for our own.
    fn catalog_file(&mut self, key: &str, named: &mut String, kept: &str) -> Option<(String, usize)> {
        if named == CATALOG {
            return None;
        }
        if !named.contains(['/', '\\']) && !named.to_lowercase().ends_with(".toml") {
            let finding = Finding::new(format!("unknown catalogue `{named}`"));
            let finding = finding.expected(format!("`{CATALOG}`, or the path of a TOML file"));
            self.say(key, finding.meant(nearest(named, [CATALOG])));
            return None;
        }
        let found = self.intake(key, named, kept)?;
        kept.clone_into(named);
        Some(found)
    }

    /// Checks `[run]` and fills in the window.
    fn frame(&mut self, run: &mut Run) -> Option<Frame> {
        let positive = |what: &str| Finding::new(format!("{what} of zero")).expected(format!("{what} above zero"));
        self.require(run.replications > 0, "run/replications", || positive("a number of replications"));
        self.require(run.replications <= REPLICATIONS_MAX, "run/replications", || {
            Finding::new(format!("{} replications", run.replications)).expected(format!("at most {REPLICATIONS_MAX}"))
        });
        self.require(run.event_budget > 0, "run/event_budget", || positive("an event budget"));
        self.require(!run.tick.is_zero(), "run/tick", || positive("a tick"));
        self.require(!run.growth_tick.is_zero(), "run/growth_tick", || positive("a tick"));
        let horizon = match run.horizon.resolve_civil(run.start.0) {
            Ok(horizon) => horizon,
            Err(error) => {
                self.say("run/horizon", Finding::from_message(&error.to_string()));
                return None;
            }
        };
        if horizon.is_zero() {
            self.say("run/horizon", positive("a horizon"));
            return None;
        }
        let windows = if run.steady.is_some() { STEADY_WINDOWS } else { WINDOWS };
        let window = run.window.unwrap_or_else(|| readable_window(horizon, windows));
        run.window = Some(window);
        if window.is_zero() {
            self.say("run/window", positive("a window"));
            return None;
        }
        self.parts(horizon, window, "run/window", WINDOWS_MAX, "windows");
        self.parts(horizon, run.tick, "run/tick", TICKS_MAX, "ticks");
        let growth_is_sane =
            self.parts(horizon, run.growth_tick, "run/growth_tick", GROWTH_TICKS_MAX, "ticks of growth");
        (growth_is_sane && !run.growth_tick.is_zero()).then_some(Frame { horizon, window })
    }

    /// Whether a length goes into the horizon at least once and at most so many times.
    fn parts(&mut self, horizon: SimDuration, part: SimDuration, path: &str, most: u64, what: &str) -> bool {
        let count = horizon.0 / part.0.max(1);
        let fine = part.is_zero() || count <= most;
        self.require(fine, path, || {
            Finding::new(format!("{count} {what} in a horizon of {horizon}")).expected(format!("at most {most}"))
        });
        // A growth tick beyond the horizon only says that nobody grows by ticks.
        self.require(part <= horizon || path == "run/growth_tick", path, || {
            Finding::new(format!("{part} is longer than the horizon of {horizon}")).expected("a part of the horizon")
        });
        fine
    }

    /// The regions in use; every name that is no region is blamed where it stands.
    fn regions(&mut self, file: &File, names: &Names) -> RegionTable {
        let places = catalog::regions();
        let known: Vec<&str> = places.keys().map(String::as_str).collect();
        for (path, name, is_key) in named_regions(file) {
            if !places.contains_key(name) {
                let span = if is_key { self.tree.place_of_key(&path) } else { self.tree.place(&path) };
                self.mistakes.push((span, unknown("region", name, &known)));
            }
        }
        // A region without a place has been blamed; the table is not used then.
        let somewhere = crate::model::region::Place { latitude: 0.0, longitude: 0.0 };
        let place = |name: &String| (name.clone(), places.get(name).copied().unwrap_or(somewhere));
        RegionTable::from_places(&names.regions.iter().map(place).collect::<Vec<_>>())
    }

    fn network(&mut self, file: &File) -> NetworkConfig {
        let network = &file.network;
        self.require(!network.connect_timeout.is_zero(), "network/connect_timeout", || {
            Finding::new("a time-out of zero").expected("one above zero, such as \"30 s\"")
        });
        NetworkConfig {
            device_to_hub: network.device_to_hub,
            device_to_dps: network.device_to_dps,
            distance: network.distance,
            connect_timeout: network.connect_timeout,
            half_dead: network.half_dead,
        }
    }
}

/// Whether a scenario says something of who may be assigned where: then failed registrations are counted by cause.
fn counts_failures(file: &File, limits: &catalog::DpsLimits) -> bool {
    let chosen =
        |group: &crate::scenario::file::Stamps| !group.generations.is_empty() || group.hub.devices_max.is_some();
    // Instances that are alike refuse nobody more than others do.
    let differs = |service: &crate::scenario::file::Service| {
        !service.stamps.is_empty() || service.registrations_max != Some(limits.registrations_max)
    };
    let refuses = file.dps.services.iter().any(differs);
    let asked = file.dps.allocation.entry().webhook().is_some();
    asked || !file.changes.is_empty() || !file.retirements.is_empty() || file.stamps.iter().any(chosen) || refuses
}

/// The shortest readable length that cuts a horizon into at most so many windows.
fn readable_window(horizon: SimDuration, windows: u64) -> SimDuration {
    let wanted = horizon.0.div_ceil(windows);
    let lengths = READABLE.iter().map(|secs| SimDuration::from_secs(*secs));
    let window = lengths.into_iter().find(|length| length.0 >= wanted);
    window.unwrap_or(SimDuration::DAY * wanted.div_ceil(SimDuration::DAY.0)).min(horizon)
}

/// Every place that names a region: its path, the name, and whether the name is a key.
fn named_regions(file: &File) -> Vec<(String, &str, bool)> {
    let mut named = Vec::new();
    for (i, stamps) in file.stamps.iter().enumerate() {
        named.push((format!("stamps/{i}/region"), stamps.region.as_str(), false));
    }
    for (i, cohort) in file.cohorts.iter().enumerate() {
        let regions = cohort.regions.iter().flatten();
        named.extend(regions.map(|(name, _)| (format!("cohorts/{i}/regions/{name}"), name.as_str(), true)));
    }
    for (i, service) in file.dps.services.iter().enumerate() {
        let region = service.region.as_ref();
        named.extend(region.map(|region| (format!("dps/services/{i}/region"), region.as_str(), false)));
    }
    named.extend(file.gateway.iter().filter_map(|gateway| {
        gateway.region.as_ref().map(|region| ("gateway/region".to_owned(), region.as_str(), false))
    }));
    named
}

/// Hash of everything that a result depends on, beside the version of the program.
fn hash(resolved: &str, inputs: &[Input], catalog: &Catalog) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut part = |text: &str| {
        // Lengths keep the parts apart.
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    part(resolved);
    for input in inputs {
        part(&input.path);
        part(&input.text);
    }
    part(if catalog.limits == CATALOG { catalog::LIMITS } else { "" });
    part(if catalog.prices == CATALOG { catalog::PRICES } else { "" });
    part(catalog::REGIONS);
    hasher.finalize().to_hex().to_string()
}
