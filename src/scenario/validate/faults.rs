//! Faults: when they happen, and what they strike.

use std::collections::BTreeSet;

use crate::kernel::draws::stable_name;
use crate::kernel::law::DurationLaw;
use crate::model::condition::{Condition, Effect, Target};
use crate::model::fault::{FaultCause, FaultConfig, Schedule};
use crate::model::names::Names as _;
use crate::scenario::diagnostic::{Finding, listed};
use crate::scenario::file::{Fault, File, Lasts};
use crate::scenario::tree::{Span, steps};
use crate::scenario::validate::names::stamp_name;
use crate::scenario::validate::stamps::name_problem;
use crate::scenario::validate::{Build, Frame, Names};
use crate::units::{SimDuration, SimTime};

/// Most occurrences of all faults that a run is expected to have. Their number is random, and the model numbers them in 16
/// bits: the rest is for chance.
const OCCURRENCES_EXPECTED_MAX: f64 = 50_000.0;

/// A scheduled fault, for overlaps: what it strikes, from when to when, and its name.
pub(super) struct Booked {
    target: Target,
    from: SimTime,
    until: SimTime,
    name: String,
}

impl Build<'_> {
    /// Every fault that makes sense; fills in names.
    pub(super) fn faults(&mut self, file: &mut File, names: &Names, frame: Option<Frame>) -> Vec<FaultConfig> {
        let mut faults = std::mem::take(&mut file.faults);
        let taken: BTreeSet<String> = faults.iter().filter_map(|fault| fault.name.clone()).collect();
        let (mut seen, mut booked, mut configs, mut expected) = (BTreeSet::new(), Vec::new(), Vec::new(), 0.0);
        for (i, fault) in faults.iter_mut().enumerate() {
            let at = format!("faults/{i}");
            let name = self.fault_name(&at, fault, &taken, &mut seen);
            let effects = self.effects(&at, fault, file, names);
            let schedule = if fault.incidents.is_some() {
                self.listed(&at, fault, effects.as_deref(), (file, names), &mut booked)
            } else {
                self.schedule(&at, fault, frame)
            };
            if let (Some(schedule), Some(frame)) = (&schedule, frame) {
                self.occurrences(&at, schedule, frame, &mut expected);
            }
            let common = self.common_cause(&at, fault, effects.as_deref(), (file, names));
            let remedy = self.remedy(&at, fault, &name, effects.as_deref(), (file, names));
            let (Some(schedule), Some(effects)) = (schedule, effects) else { continue };
            if let Schedule::At { at: from, lasts } = schedule {
                let place = self.tree.place(&format!("{at}/at"));
                self.book(&place, (from, lasts), &effects, &name, &mut booked);
            }
            configs.push(FaultConfig { key: stable_name(&name), name, schedule, effects, common, remedy });
        }
        file.faults = faults;
        configs
    }

    /// Adds the occurrences that a fault is expected to have to those of the faults before; says when they are too many.
    fn occurrences(&mut self, at: &str, schedule: &Schedule, frame: Frame, expected: &mut f64) {
        let before = *expected;
        let (own, key) = match schedule {
            Schedule::Drawn { gap, repair } => {
                let cycle = (gap.mean() + repair.mean()).max(SimDuration::MICROSECOND);
                (frame.horizon.ratio(cycle), "drawn/every")
            }
            Schedule::Listed(list) => (list.len() as f64, "incidents"),
            Schedule::At { .. } | Schedule::Once { .. } => (1.0, "at"),
        };
        *expected += own;
        if before <= OCCURRENCES_EXPECTED_MAX && *expected > OCCURRENCES_EXPECTED_MAX {
            let most = OCCURRENCES_EXPECTED_MAX;
            let finding = Finding::new(format!("about {expected:.0} occurrences of faults in {}", frame.horizon));
            let finding = finding.expected(format!("at most {most:.0} in a run"));
            self.say(
                &format!("{at}/{key}"),
                finding.help("faults that last longer or come less often, or a shorter run"),
            );
        }
    }

    /// The name of a fault: the given one, or the cause and what it strikes.
    fn fault_name(
        &mut self,
        at: &str,
        fault: &mut Fault,
        taken: &BTreeSet<String>,
        seen: &mut BTreeSet<String>,
    ) -> String {
        if let Some(name) = &fault.name {
            if let Some(finding) = name_problem(name, false) {
                self.say(&format!("{at}/name"), finding);
            }
            if !seen.insert(name.clone()) {
                let finding = Finding::new(format!("a second fault `{name}`")).expected("names that differ");
                self.say(&format!("{at}/name"), finding);
            }
            return name.clone();
        }
        let name = default_name(fault.cause.key(), self.struck(&format!("{at}/cause/{}", fault.cause.key())));
        let name = free_name(name, |name| taken.contains(name) || seen.contains(name));
        seen.insert(name.clone());
        fault.name = Some(name.clone());
        name
    }

    /// What a cause or a move names: the first text of its parameters that is a name.
    pub(super) fn struck(&self, path: &str) -> Option<&str> {
        let table = self.tree.at(&steps(path))?;
        ["stamp", "service", "region", "to", "from_ring", "cohort"].into_iter().find_map(|key| table.text(key))
    }

    /// Says that keys are given beside another that excludes them.
    pub(super) fn not_beside(&mut self, at: &str, given: &str, keys: &[&str], help: &str) {
        for key in keys {
            if self.tree.at(&steps(&format!("{at}/{key}"))).is_some() {
                let finding = Finding::new(format!("both `{given}` and `{key}` are given")).expected("one of the two");
                self.say_key(&format!("{at}/{key}"), finding.help(help));
            }
        }
    }

    fn schedule(&mut self, at: &str, fault: &Fault, frame: Option<Frame>) -> Option<Schedule> {
        let own = fault.cause.entry().length();
        if let Some(drawn) = &fault.drawn {
            self.not_beside(at, "drawn", &["at", "for"], "a drawn fault happens again and again at random");
            if own.is_some() {
                self.not_beside(at, fault.cause.key(), &["drawn/repair"], "the cause has a length of its own");
            }
            self.require(!drawn.every.is_zero(), &format!("{at}/drawn/every"), || {
                Finding::new("a fault that never pauses").expected("a length above zero, such as \"30 d\"")
            });
            return Some(Schedule::Drawn { gap: drawn.every, repair: own.unwrap_or(drawn.repair) });
        }
        let start = self.start_of(&format!("{at}/at"), fault.at, frame, "fault");
        if let Some(length) = own {
            return Some(self.once(at, fault, start?, length));
        }
        let lasts = self.end_of(at, fault);
        let (start, lasts) = (start?, lasts?.length());
        let end = |lasts: SimDuration| start.0.saturating_add(lasts.0);
        if let (Some(lasts), Some(frame)) = (lasts, frame)
            && end(lasts) > frame.horizon.0
            && start < frame.horizon
        {
            let finding = Finding::warning(format!("the fault ends after the horizon of {}", frame.horizon));
            self.say(&format!("{at}/for"), finding.help("recovery is seen only within the horizon"));
        }
        Some(Schedule::At { at: SimTime::ZERO + start, lasts })
    }

    /// A fault whose cause says how long it lasts.
    fn once(&mut self, at: &str, fault: &Fault, start: SimDuration, length: DurationLaw) -> Schedule {
        if fault.lasts.is_some() {
            let finding = Finding::new(format!("a `{}` with `for`", fault.cause.key())).expected("no `for`");
            let help = match &fault.cause {
                FaultCause::HubFailover(_) | FaultCause::DpsFailover(_) => {
                    "its length is drawn from `rto`, which may be a constant"
                }
                _ => "it takes only a moment",
            };
            self.say_key(&format!("{at}/for"), finding.help(help));
        }
        Schedule::Once { at: SimTime::ZERO + start, length }
    }

    /// The start of a fault or move: said, and within the horizon.
    pub(super) fn start_of(
        &mut self,
        path: &str,
        start: Option<SimDuration>,
        frame: Option<Frame>,
        what: &str,
    ) -> Option<SimDuration> {
        let Some(start) = start else {
            if !self.lost.key("faults", "at") && !self.lost.key("faults", "drawn") {
                let finding = Finding::new(format!("a {what} without a time")).expected("`at`, such as at = \"1 h\"");
                self.say(path, finding.help("or a random one: [faults.drawn] every = \"30 d\""));
            }
            return None;
        };
        if let Some(frame) = frame.filter(|frame| start >= frame.horizon) {
            let finding = Finding::new(format!("the {what} begins at {start}, after the horizon of {}", frame.horizon));
            self.say(path, finding.expected(format!("a time before {}", frame.horizon)));
        }
        Some(start)
    }

    /// The length of a scheduled fault; one without an end says so.
    fn end_of(&mut self, at: &str, fault: &Fault) -> Option<Lasts> {
        let Some(lasts) = fault.lasts else {
            if !self.lost.key("faults", "for") {
                let finding = Finding::new("a fault without an end").expected("`for`, such as for = \"45 min\"");
                self.say(at, finding.help("write for = \"never_ends\" if it stays to the end of the run"));
            }
            return None;
        };
        if lasts.length() == Some(SimDuration::ZERO) {
            let finding =
                Finding::new("a fault that lasts no time").expected("a length above zero, such as \"45 min\"");
            self.say(&format!("{at}/for"), finding);
        }
        Some(lasts)
    }

    /// The effects of a fault, with what its parameters name.
    fn effects(&mut self, at: &str, fault: &Fault, file: &File, names: &Names) -> Option<Vec<Effect>> {
        let path = format!("{at}/cause/{}", fault.cause.key());
        match fault.cause.entry().effects(names) {
            Ok(effects) => {
                self.without_target(&path, fault, &effects, file, names);
                Some(effects)
            }
            Err(message) => {
                self.say_name(&path, &message, &["stamps", "cohorts"]);
                None
            }
        }
    }

    /// Says that a parameter below a path names nothing, unless what it names was lost.
    pub(super) fn say_name(&mut self, path: &str, message: &str, sections: &[&str]) {
        let unknown = message.starts_with("unknown ") || message.starts_with("no device and no stamp");
        let lost = sections.iter().any(|section| self.lost.items(section) || self.lost.key(section, "ring"));
        if unknown && (lost || self.lost.key("stamps", "count")) {
            return;
        }
        let name = message.split('`').nth(1).unwrap_or_default();
        let place = self.place_of_text(path, name);
        self.mistakes.push((place, Finding::from_message(message)));
    }

    /// Faults of what the scenario does not have.
    fn without_target(&mut self, path: &str, fault: &Fault, effects: &[Effect], file: &File, names: &Names) {
        let cached = file.gateway.as_ref().is_some_and(|gateway| gateway.cached && gateway.follows);
        let on_cache = effects.iter().any(|effect| matches!(effect.target, Target::Cache | Target::SecondaryCache));
        if on_cache && !cached && !self.lost.items("gateway") && !self.lost.items("cohorts") {
            let finding =
                Finding::new("the gateway has no cache").help("add `commands` to a cohort, or a [gateway.cache]");
            self.say_key(path, finding);
        }
        let on_api = effects.iter().any(|effect| effect.target == Target::ProvisioningApi);
        let has_api = file.dps.topology.as_ref().is_some_and(|topology| topology.entry().api().is_some());
        if on_api && !has_api && !self.lost.items("dps") {
            let finding = Finding::new("no API stands in front of DPS");
            self.say_key(path, finding.help("add [dps.topology.web_api] or [dps.topology.proxy]"));
        }
        self.strikes_nobody(path, fault, file);
        if let FaultCause::ProcessingRestart(restart) = &fault.cause {
            let of = |group: &&crate::scenario::file::Stamps| {
                (1..=group.count).any(|n| stamp_name(&group.name, n) == restart.stamp)
            };
            let group = file.stamps.iter().find(of);
            if group.is_some_and(|group| group.processing.checkpoint_every.is_none()) {
                let finding = Finding::new(format!("the processing of `{}` has no checkpoints", restart.stamp));
                let help = "say how often its position is saved: [stamps.processing] checkpoint_every = \"1 min\"";
                self.say(&format!("{path}/stamp"), finding.help(help));
            }
        }
        if let FaultCause::RegionBlackout(blackout) = &fault.cause {
            let lives = |cohort: &crate::scenario::file::Cohort| {
                cohort.regions.iter().flatten().any(|(name, share)| *name == blackout.region && *share > 0.0)
            };
            if !file.cohorts.iter().any(lives) && names.region(&blackout.region).is_ok() {
                let finding = Finding::new(format!("no device has its home in `{}`", blackout.region));
                self.say(&format!("{path}/region"), finding.help("`regions` of a cohort says where its devices live"));
            }
        }
    }

    /// Faults of a share of zero, or of a generation that no cohort has.
    fn strikes_nobody(&mut self, path: &str, fault: &Fault, file: &File) {
        let share = match &fault.cause {
            FaultCause::ConnectionsLost(lost) => Some(lost.share),
            FaultCause::ZoneLoss(zone) => Some(zone.share),
            _ => None,
        };
        self.require(share.is_none_or(|share| share.get() > 0.0), &format!("{path}/share"), || {
            Finding::new("a share of zero, which breaks no connection").expected("a share above 0, such as 0.5")
        });
        let FaultCause::FirmwareWave(wave) = &fault.cause else { return };
        let lost = self.lost.items("cohorts") || self.lost.key("cohorts", "generation");
        let known: BTreeSet<u16> = file.cohorts.iter().map(|cohort| cohort.generation).collect();
        if let Some(generation) = wave.generation.filter(|own| !known.contains(own) && !lost) {
            let known: Vec<String> = known.iter().map(u16::to_string).collect();
            let finding = Finding::warning(format!("no cohort has generation {generation}, so nothing restarts"));
            self.say(&format!("{path}/generation"), finding.expected(listed(known.iter().map(String::as_str))));
        }
    }

    /// Notes what a fault strikes and when; says so when another strikes it at that time.
    pub(super) fn book(
        &mut self,
        place: &Span,
        (from, lasts): (SimTime, Option<SimDuration>),
        effects: &[Effect],
        name: &str,
        booked: &mut Vec<Booked>,
    ) {
        let until = lasts.map_or(SimTime(u64::MAX), |lasts| from.saturating_add(lasts));
        let strikes = |effect: &&Effect| !matches!(effect.condition, Condition::Excluded | Condition::Flush);
        let targets: BTreeSet<Target> = effects.iter().filter(strikes).map(|effect| effect.target).collect();
        for target in targets {
            let clash = booked.iter().find(|other| other.target == target && other.from < until && from < other.until);
            if let Some(other) = clash {
                let finding = Finding::new(format!("`{name}` begins while `{}` lasts on the same target", other.name));
                self.mistakes.push((place.clone(), finding.expected("faults of one target after each other")));
            }
            booked.push(Booked { target, from, until, name: name.to_owned() });
        }
    }
}

/// A name from what something is and what it is about.
pub(super) fn default_name(what: &str, about: Option<&str>) -> String {
    about.map_or_else(|| what.to_owned(), |about| format!("{what}-{about}"))
}

/// The name, with a number behind it when it is taken.
pub(super) fn free_name(name: String, taken: impl Fn(&str) -> bool) -> String {
    if !taken(&name) {
        return name;
    }
    let numbered = |number: u32| format!("{name}-{number}");
    (2..u32::MAX).map(numbered).find(|name| !taken(name)).expect("there are more numbers than names")
}
