//! Features: stages in order on stamps that there are, a price of its own, and a fault where it breaks something.

use std::collections::BTreeSet;

use crate::cost::PriceSheet;
use crate::kernel::draws::stable_name;
use crate::model::condition::{Condition, Effect, Target};
use crate::model::fault::{FaultConfig, Schedule};
use crate::model::ids::StampId;
use crate::model::lifecycle::feature::{Audience, FeatureConfig, Stage};
use crate::model::names::Names as _;
use crate::model::population::cohort::CohortConfig;
use crate::scenario::diagnostic::{Finding, unknown};
use crate::scenario::file::{Feature, FeatureBreaks, FeatureStage, File};
use crate::scenario::validate::stamps::name_problem;
use crate::scenario::validate::{Build, Frame, Names};
use crate::units::{SimDuration, SimTime};

/// The name of the fault that a feature is, where it breaks something.
pub(super) fn fault_name(feature: &str) -> String {
    format!("feature-{feature}")
}

/// What features are built into: their prices go into the price sheet, what they break into the faults.
pub(super) struct Outlets<'a> {
    pub(super) prices: &'a mut PriceSheet,
    pub(super) faults: &'a mut Vec<FaultConfig>,
}

impl Build<'_> {
    /// Every feature that makes sense.
    pub(super) fn features(
        &mut self,
        file: &File,
        names: &Names,
        cohorts: Option<&[CohortConfig]>,
        frame: Option<Frame>,
        outlets: Outlets<'_>,
    ) -> Vec<FeatureConfig> {
        let Outlets { prices, faults } = outlets;
        let (mut seen, mut configs) = (BTreeSet::new(), Vec::new());
        for (i, feature) in file.features.iter().enumerate() {
            let at = format!("features/{i}");
            self.feature_name(&at, feature, &mut seen, file);
            let stages = self.stages(&at, feature, file, names, frame);
            let audience = self.audience(&at, feature, names, cohorts);
            let roll_back = self.roll_back(&at, feature, frame);
            let (Some(stages), Some(audience)) = (stages, audience) else { continue };
            let config = FeatureConfig {
                name: feature.name.clone(),
                key: stable_name(&fault_name(&feature.name)),
                meter: self.feature_price(&at, feature, prices),
                stages,
                audience,
                roll_back,
                breaks: feature.breaks.is_some(),
            };
            if let Some(breaks) = &feature.breaks {
                self.breaks(&format!("{at}/breaks"), breaks, audience);
                faults.push(fault(&config, breaks, configs.len() as u16, file.dps.detection.length()));
            }
            configs.push(config);
        }
        configs
    }

    fn feature_name(&mut self, at: &str, feature: &Feature, seen: &mut BTreeSet<String>, file: &File) {
        let path = format!("{at}/name");
        if let Some(finding) = name_problem(&feature.name, false) {
            self.say(&path, finding);
        }
        self.require(seen.insert(feature.name.clone()), &path, || {
            Finding::new(format!("a second feature `{}`", feature.name)).expected("names that differ")
        });
        let fault = fault_name(&feature.name);
        self.require(!file.faults.iter().any(|other| other.name.as_deref() == Some(&fault)), &path, || {
            Finding::new(format!("a fault is called `{fault}`, which is this feature's name as a fault"))
                .expected("names that differ")
        });
    }

    /// The stages: in order of time, each on stamps that do not have the feature yet.
    fn stages(
        &mut self,
        at: &str,
        feature: &Feature,
        file: &File,
        names: &Names,
        frame: Option<Frame>,
    ) -> Option<Vec<Stage>> {
        if feature.stages.is_empty() {
            let finding = Finding::new("a feature that no stage brings to a stamp").expected("at least one stage");
            self.say(&format!("{at}/stages"), finding.help("write stages = [{ at = \"1 h\", stamps = [\"weu-1\"] }]"));
            return None;
        }
        let (mut had, mut before, mut stages) = (BTreeSet::new(), SimDuration::ZERO, Vec::new());
        for (i, stage) in feature.stages.iter().enumerate() {
            let path = format!("{at}/stages/{i}");
            self.start_of(&format!("{path}/at"), Some(stage.at), frame, "stage");
            self.require(stage.at >= before, &format!("{path}/at"), || {
                let finding = Finding::new(format!("a stage at {} after one at {before}", stage.at));
                finding.expected("stages in order of time")
            });
            before = before.max(stage.at);
            let stamps = self.stage_stamps(&path, stage, file, names);
            if let Some(twice) = stamps.iter().find(|stamp| had.contains(*stamp)) {
                let name = &names.stamps[twice.index()];
                let finding = Finding::new(format!("`{name}` has the feature from an earlier stage"));
                self.say(&path, finding.expected("stamps that do not have it yet"));
            }
            had.extend(stamps.iter().copied());
            stages.push(Stage { at: SimTime::ZERO + stage.at, stamps });
        }
        Some(stages)
    }

    /// The stamps of a stage, by name, group or ring.
    fn stage_stamps(&mut self, path: &str, stage: &FeatureStage, file: &File, names: &Names) -> Vec<StampId> {
        let mut stamps = BTreeSet::new();
        for (i, name) in stage.stamps.iter().enumerate() {
            let found = names.stamps_of(file, name);
            if found.is_empty() && !self.lost.items("stamps") {
                let groups = file.stamps.iter().map(|group| group.name.as_str()).filter(|name| name.contains("{n}"));
                let known: Vec<&str> = names.stamps.iter().map(String::as_str).chain(groups).collect();
                self.say(&format!("{path}/stamps/{i}"), unknown("stamp", name, &known));
            }
            stamps.extend(found);
        }
        for (i, ring) in stage.rings.iter().enumerate() {
            if !names.rings.contains(ring) && !self.lost.items("stamps") {
                let known: Vec<&str> = names.rings.iter().map(String::as_str).collect();
                self.say(&format!("{path}/rings/{i}"), unknown("ring", ring, &known));
            }
            let of_ring = |stamp: &u16| file.stamps[names.group_of(usize::from(*stamp))].ring == *ring;
            stamps.extend((0..names.stamps.len() as u16).filter(of_ring).map(StampId));
        }
        self.require(!stage.stamps.is_empty() || !stage.rings.is_empty(), path, || {
            Finding::new("a stage without a stamp").expected("`stamps`, `rings` or both")
        });
        stamps.into_iter().collect()
    }

    /// Who of the devices has it.
    fn audience(
        &mut self,
        at: &str,
        feature: &Feature,
        names: &Names,
        cohorts: Option<&[CohortConfig]>,
    ) -> Option<Audience> {
        let cohort = feature.cohort.as_ref().map(|name| names.cohort(name)).transpose();
        let cohort = cohort.map_err(|message| self.say_name(at, &message, &["cohorts"])).ok()?;
        let audience = Audience { cohort, generation: feature.generation };
        let somebody =
            |(id, of): (usize, &CohortConfig)| audience.has(crate::model::ids::CohortId(id as u8), of.generation);
        let anybody = cohorts.is_none_or(|cohorts| cohorts.iter().enumerate().any(somebody));
        self.require(anybody || self.lost.items("cohorts"), &format!("{at}/generation"), || {
            Finding::new("no device has the feature: no cohort fits its selection")
                .help("drop `cohort` or `generation`")
        });
        Some(audience)
    }

    fn roll_back(&mut self, at: &str, feature: &Feature, frame: Option<Frame>) -> Option<SimTime> {
        let time = feature.roll_back_at?;
        let path = format!("{at}/roll_back_at");
        if let Some(last) = feature.stages.last().filter(|stage| stage.at >= time) {
            let finding = Finding::new(format!("a roll-back at {time}, but a stage at {}", last.at));
            self.say(&path, finding.expected("a time after the last stage").help("drop the stages that never come"));
        }
        if let Some(frame) = frame.filter(|frame| time >= frame.horizon) {
            let finding = Finding::warning(format!("the roll-back lies after the horizon of {}", frame.horizon));
            self.say(&path, finding.help("it never happens in this run"));
        }
        Some(SimTime::ZERO + time)
    }

    /// What it breaks: something, and what can be told apart.
    fn breaks(&mut self, at: &str, breaks: &FeatureBreaks, audience: Audience) {
        if let Some(factor) = breaks.slower.filter(|factor| !(factor.is_finite() && *factor > 0.0)) {
            let finding = Finding::new(format!("the factor {factor} is not above zero"));
            self.say(&format!("{at}/slower"), finding.expected("a number such as 3.0"));
        }
        self.require(breaks.capacity.get() > 0.0, &format!("{at}/capacity"), || {
            Finding::new("a capacity of zero is an outage").help("write down = \"reset\"")
        });
        let hub_wide = breaks.slower.is_some() || breaks.capacity.get() < 1.0 || breaks.down.is_some();
        let nothing = !hub_wide && breaks.errors.get() <= 0.0;
        self.require(!nothing, at, || {
            Finding::new("it breaks nothing").expected("`errors`, `slower`, `capacity` or `down`")
        });
        self.require(audience == Audience::default() || !hub_wide, at, || {
            let finding =
                Finding::new("`slower`, `capacity` and `down` strike a whole hub, but only some devices have it");
            finding.expected("`errors` alone").help("or leave out `cohort` and `generation`")
        });
    }

    /// Puts the feature's price into the price sheet; gives its name there.
    fn feature_price(&mut self, at: &str, feature: &Feature, prices: &mut PriceSheet) -> Option<String> {
        let cost = feature.cost.filter(|cost| *cost != crate::units::Money::ZERO)?;
        let id = fault_name(&feature.name);
        let text = format!(
            "[[price]]\nid = \"{id}\"\nregion = \"global\"\namount = \"{cost}\"\nper = {{ quantity = 1, unit = \"device-month\" }}\nsource = \"scenario\"\n"
        );
        match PriceSheet::parse(&text) {
            Ok(own) => prices.overlay(own),
            Err(error) => self.say(&format!("{at}/cost"), Finding::new(error.kind.to_string())),
        }
        Some(id)
    }
}

/// The fault that a feature is: each stage brings its conditions to its stamps.
fn fault(feature: &FeatureConfig, breaks: &FeatureBreaks, number: u16, detection: Option<SimDuration>) -> FaultConfig {
    let first = feature.stages[0].at;
    let mut effects = Vec::new();
    for stage in &feature.stages {
        let delay = stage.at.saturating_since(first);
        for stamp in &stage.stamps {
            let mut add = |condition, delay| effects.push(Effect { target: Target::Stamp(*stamp), condition, delay });
            conditions(feature, breaks, number).into_iter().for_each(|condition| add(condition, delay));
            if let (true, Some(detected)) = (breaks.down.is_some(), detection) {
                add(Condition::Excluded, delay + detected);
            }
        }
    }
    let lasts = feature.roll_back.map(|end| end.saturating_since(first));
    FaultConfig {
        name: fault_name(&feature.name),
        key: feature.key,
        schedule: Schedule::At { at: first, lasts },
        effects,
        common: None,
        remedy: None,
    }
}

fn conditions(feature: &FeatureConfig, breaks: &FeatureBreaks, number: u16) -> Vec<Condition> {
    let errors = breaks.errors.get();
    let chosen = feature.audience != Audience::default();
    let errors = if chosen { Condition::ErrorRateOf(errors, number) } else { Condition::ErrorRate(errors) };
    let all = [
        (breaks.errors.get() > 0.0).then_some(errors),
        breaks.slower.map(Condition::Slow),
        (breaks.capacity.get() < 1.0).then_some(Condition::CapacityCut(breaks.capacity.get())),
        breaks.down.map(Condition::Down),
    ];
    all.into_iter().flatten().collect()
}
