//! Moves: who goes where, and whether anybody does.

use std::collections::BTreeSet;

use crate::kernel::draws::stable_name;
use crate::model::ids::{RingId, StampId};
use crate::model::movement::wave::MoveConfig;
use crate::model::movement::{MoveKind, MoveRule, Rebalance, Selector};
use crate::model::names::{MoveNames, Names as _};
use crate::model::population::cohort::CohortConfig;
use crate::model::stamp::hub::StampConfig;
use crate::scenario::diagnostic::Finding;
use crate::scenario::file::{File, Move};
use crate::scenario::validate::faults::{default_name, free_name};
use crate::scenario::validate::stamps::name_problem;
use crate::scenario::validate::{Build, Frame, Names};
use crate::units::SimTime;

impl Build<'_> {
    /// Every move that makes sense; fills in names.
    pub(super) fn moves(
        &mut self,
        file: &mut File,
        names: &Names,
        (stamps, cohorts): (Option<&[StampConfig]>, Option<&[CohortConfig]>),
        frame: Option<Frame>,
    ) -> Vec<MoveConfig> {
        let mut moves = std::mem::take(&mut file.moves);
        let taken: BTreeSet<String> = moves.iter().filter_map(|plan| plan.name.clone()).collect();
        let joined = joined_rings(&moves, names);
        let (mut seen, mut configs, mut places) = (BTreeSet::new(), Vec::new(), Vec::new());
        for (i, plan) in moves.iter_mut().enumerate() {
            let at = format!("moves/{i}");
            let name = self.move_name(&at, plan, &taken, &mut seen);
            self.pace(&at, plan);
            let start = self.start_of(&format!("{at}/at"), Some(plan.at), frame, "move");
            let path = format!("{at}/kind/{}", plan.kind.key());
            let rule = plan.kind.entry().rule(names);
            let rule = rule.map_err(|message| self.say_name(&path, &message, &["stamps", "cohorts"])).ok();
            let selector = self.selector(&at, plan, names);
            let (order, users) = (self.control(&at, plan, names), self.move_users(&at, plan, file));
            let (Some(start), Some(rule), Some(selector)) = (start, rule, selector) else { continue };
            self.goes_somewhere(&path, plan, &rule, file, names);
            if let Some(cohorts) = cohorts {
                self.selects_someone(&at, plan, &rule, &selector, cohorts, &joined);
            }
            configs.push(MoveConfig {
                key: stable_name(&name),
                name,
                at: SimTime::ZERO + start,
                rule,
                selector,
                pace: plan.pace,
                waves: plan.waves,
                pause: plan.pause,
                pacing: plan.pacing.clone(),
                order,
                prewarm: plan.prewarm,
                guard: plan.guard.clone(),
                users,
                back_of: None,
            });
            places.push(i);
        }
        file.moves = moves;
        self.back_names(file);
        self.control_needs(file);
        let whole =
            ["stamps", "cohorts"].iter().all(|section| !self.lost.items(section) && !self.lost.key(section, "ring"));
        if let (true, Some(stamps), Some(cohorts)) = (whole, stamps, cohorts) {
            self.together(&places, &configs, stamps);
            self.rooms(&places, &configs, stamps, cohorts);
            self.served_elsewhere(&places, &configs, stamps, cohorts);
        }
        configs
    }

    fn move_name(
        &mut self,
        at: &str,
        plan: &mut Move,
        taken: &BTreeSet<String>,
        seen: &mut BTreeSet<String>,
    ) -> String {
        if let Some(name) = &plan.name {
            if let Some(finding) = name_problem(name, false) {
                self.say(&format!("{at}/name"), finding);
            }
            if !seen.insert(name.clone()) {
                let finding = Finding::new(format!("a second move `{name}`")).expected("names that differ");
                self.say(&format!("{at}/name"), finding);
            }
            return name.clone();
        }
        let name = default_name(plan.kind.key(), self.struck(&format!("{at}/kind/{}", plan.kind.key())));
        let name = free_name(name, |name| taken.contains(name) || seen.contains(name));
        seen.insert(name.clone());
        plan.name = Some(name.clone());
        name
    }

    fn pace(&mut self, at: &str, plan: &Move) {
        self.require(!plan.pace.is_zero(), &format!("{at}/pace"), || {
            Finding::new("a pace of zero").expected("a rate above zero, such as \"600/min\"")
        });
        self.require(plan.waves > 0, &format!("{at}/waves"), || {
            Finding::new("a move of no waves").expected("at least 1")
        });
        self.require(plan.select.share.get() > 0.0, &format!("{at}/select/share"), || {
            Finding::new("a share of zero selects no device").expected("a share above 0")
        });
    }

    fn selector(&mut self, at: &str, plan: &Move, names: &Names) -> Option<Selector> {
        let path = format!("{at}/select");
        let cohort = plan.select.cohort.as_ref().map(|name| names.cohort(name)).transpose();
        let region = plan.select.region.as_ref().map(|name| names.region(name)).transpose();
        for message in [cohort.as_ref().err(), region.as_ref().err()].into_iter().flatten() {
            self.say_name(&path, message, &["cohorts"]);
        }
        Some(Selector {
            cohort: cohort.ok()?,
            region: region.ok()?,
            generation: plan.select.generation,
            share: plan.select.share,
        })
    }

    /// Whether there is a stamp that takes the devices.
    fn goes_somewhere(&mut self, path: &str, plan: &Move, rule: &MoveRule, file: &File, names: &Names) {
        if self.lost.items("stamps") {
            return;
        }
        let ring_of = |stamp: usize| file.stamps[names.group_of(stamp)].ring.as_str();
        let others = |stamp: StampId| {
            let ring = ring_of(stamp.index());
            (0..names.stamps.len()).any(|other| other != stamp.index() && ring_of(other) == ring)
        };
        let alone =
            |stamp: StampId| Finding::new(format!("`{}` is the only stamp of its ring", names.stamps[stamp.index()]));
        match &plan.kind {
            MoveKind::Promote(promote) if !file.stamps.iter().any(|group| group.ring == promote.to_ring) => {
                let finding = Finding::new(format!("no stamp has the ring `{}`", promote.to_ring));
                self.say(&format!("{path}/to_ring"), finding.help("devices that join it would find no hub"));
            }
            MoveKind::Evacuate(_) => {
                if let Some(stamp) = rule.from.iter().find(|stamp| !others(**stamp)) {
                    self.say(&format!("{path}/stamp"), alone(*stamp).help("its devices would have nowhere to go"));
                }
            }
            MoveKind::Rebalance(Rebalance { goal: Some(goal), .. }) => {
                let of_ring = (0..names.stamps.len()).filter(|stamp| ring_of(*stamp) == goal.ring).count();
                if of_ring < 2 {
                    let finding = Finding::new(format!("ring `{}` has {of_ring} stamp(s)", goal.ring));
                    self.say(&format!("{path}/goal"), finding.help("there is nothing to balance"));
                }
            }
            MoveKind::Rebalance(_) => {
                if let Some(stamp) = rule.to.filter(|stamp| !others(*stamp)) {
                    self.say(&format!("{path}/to"), alone(stamp).help("there is nothing to level it with"));
                }
            }
            MoveKind::Promote(_) => {}
        }
    }

    /// Whether some cohort can have a device that the move takes.
    fn selects_someone(
        &mut self,
        at: &str,
        plan: &Move,
        rule: &MoveRule,
        selector: &Selector,
        cohorts: &[CohortConfig],
        joined: &BTreeSet<RingId>,
    ) {
        if self.lost.items("cohorts") || self.lost.key("cohorts", "ring") {
            return;
        }
        let in_ring =
            |cohort: &&CohortConfig| rule.ring.is_none_or(|ring| cohort.ring == ring || joined.contains(&ring));
        let ring_is_empty = !cohorts.iter().any(|cohort| in_ring(&cohort));
        let chosen = |(index, cohort): &(usize, &CohortConfig)| {
            selector.cohort.is_none_or(|id| id.index() == *index)
                && selector.region.is_none_or(|region| cohort.regions.iter().any(|(home, _)| *home == region))
                && selector.generation.is_none_or(|generation| generation == cohort.generation)
        };
        if let (MoveKind::Promote(promote), true) = (&plan.kind, ring_is_empty) {
            let finding =
                Finding::new(format!("the move selects nothing: no cohort has the ring `{}`", promote.from_ring));
            return self.say(&format!("{at}/kind/promote/from_ring"), finding);
        }
        if !cohorts.iter().enumerate().filter(chosen).any(|(_, cohort)| in_ring(&cohort)) {
            let finding = Finding::new("the move selects nothing: no cohort fits all that `select` asks for");
            self.say_key(&format!("{at}/select"), finding.help("drop one of its keys"));
        }
    }
}

/// Rings that a promotion brings devices into.
fn joined_rings(moves: &[Move], names: &Names) -> BTreeSet<RingId> {
    let to_ring = |plan: &Move| match &plan.kind {
        MoveKind::Promote(promote) => names.ring(&promote.to_ring).ok(),
        _ => None,
    };
    moves.iter().filter_map(to_ring).collect()
}
