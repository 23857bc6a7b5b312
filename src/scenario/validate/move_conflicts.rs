//! Moves against each other and against the stamps that they lead to: contradictions are mistakes, and what Azure would
//! accept and fail at later is a warning.

use std::collections::BTreeSet;

use crate::model::ids::{RingId, StampId};
use crate::model::lifecycle::change::{ChangeConfig, ChangeRule};
use crate::model::movement::wave::MoveConfig;
use crate::model::population::cohort::CohortConfig;
use crate::model::stamp::hub::StampConfig;
use crate::scenario::diagnostic::Finding;
use crate::scenario::file::File;
use crate::scenario::validate::Build;

/// Where the devices of a move are sent.
type Aim = (Option<StampId>, Option<RingId>, bool, Vec<StampId>);

fn aim(plan: &MoveConfig) -> Aim {
    let rule = &plan.rule;
    (rule.to, rule.to_ring, rule.balance.is_some(), if rule.close_source { rule.from.clone() } else { Vec::new() })
}

/// Rings whose devices a move may take; none where it takes those of any.
fn source_ring(plan: &MoveConfig, stamps: &[StampConfig]) -> Option<RingId> {
    let of = |stamp: &StampId| stamps[stamp.index()].ring;
    let rule = &plan.rule;
    rule.ring.or(rule.balance.map(|(ring, _)| ring)).or(rule.from.first().or(rule.to.as_ref()).map(of))
}

/// Whether two moves may take the same device.
fn overlap(a: &MoveConfig, b: &MoveConfig, stamps: &[StampConfig]) -> bool {
    fn meet<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
        a.zip(b).is_none_or(|(a, b)| a == b)
    }
    let stamps_meet = |a: &[StampId], b: &[StampId]| a.is_empty() || b.is_empty() || a.iter().any(|s| b.contains(s));
    let (x, y) = (&a.selector, &b.selector);
    meet(source_ring(a, stamps), source_ring(b, stamps))
        && stamps_meet(&a.rule.from, &b.rule.from)
        && meet(x.cohort, y.cohort)
        && meet(x.region, y.region)
        && meet(x.generation, y.generation)
}

impl Build<'_> {
    /// Moves that begin together and want the same devices in different places, and moves to stamps that are closed.
    pub(super) fn together(&mut self, places: &[usize], plans: &[MoveConfig], stamps: &[StampConfig]) {
        for (j, later) in plans.iter().enumerate() {
            let at = format!("moves/{}", places[j]);
            let contradicts =
                |other: &&MoveConfig| other.at == later.at && aim(other) != aim(later) && overlap(other, later, stamps);
            if let Some(other) = plans[..j].iter().find(contradicts) {
                let what = format!("it begins with `{}`, which sends the same devices elsewhere", other.name);
                let finding = Finding::new(what).expected("another time, or selections that differ");
                self.say(&format!("{at}/at"), finding);
            }
            if let Some(to) = later.rule.to {
                self.closed_target(&at, later, to, plans, stamps);
            }
        }
    }

    /// A stamp that was evacuated before is no target.
    fn closed_target(
        &mut self,
        at: &str,
        plan: &MoveConfig,
        to: StampId,
        plans: &[MoveConfig],
        stamps: &[StampConfig],
    ) {
        let (path, stamp) = (format!("{at}/kind/rebalance/to"), &stamps[to.index()]);
        let closes =
            |other: &&MoveConfig| other.rule.close_source && other.rule.from.contains(&to) && other.at <= plan.at;
        if let Some(other) = plans.iter().find(closes) {
            let finding = Finding::new(format!("`{}` is evacuated by `{}` before", stamp.name, other.name));
            self.say(&path, finding.help("a stamp that is evacuated takes no devices for the rest of the run"));
        }
    }

    /// A stamp that takes no devices when a move to it begins is no target.
    pub(super) fn open_targets(
        &mut self,
        file: &File,
        plans: &[MoveConfig],
        changes: &[ChangeConfig],
        stamps: Option<&[StampConfig]>,
    ) {
        let Some(stamps) = stamps.filter(|_| file.moves.len() == plans.len() && !self.lost.items("stamps")) else {
            return;
        };
        for (i, plan) in plans.iter().enumerate() {
            let Some(to) = plan.rule.to else { continue };
            let takes = |change: &ChangeConfig| match change.rule {
                ChangeRule::Takes(takes) if change.stamp == to && change.at <= plan.at => Some((change.at, takes)),
                _ => None,
            };
            // Of changes at one time the last counts.
            let changed = changes.iter().filter_map(|change| Some((takes(change)?, &change.name)));
            let last = changed.max_by_key(|((at, _), _)| *at);
            let stamp = &stamps[to.index()];
            let what = match last {
                Some(((_, false), name)) => format!("`{}` takes no devices since `{name}`", stamp.name),
                None if !stamp.takes_devices => format!("`{}` takes no devices", stamp.name),
                _ => continue,
            };
            let finding = Finding::new(what).expected("a stamp that takes part in allocation");
            self.say(&format!("moves/{i}/kind/rebalance/to"), finding);
        }
    }

    /// Evacuations of the only stamp of its ring that serves a generation.
    pub(super) fn served_elsewhere(
        &mut self,
        places: &[usize],
        plans: &[MoveConfig],
        stamps: &[StampConfig],
        cohorts: &[CohortConfig],
    ) {
        for (i, plan) in places.iter().zip(plans).filter(|(_, plan)| plan.rule.close_source) {
            let alone = |cohort: &CohortConfig, stamp: &StampConfig| {
                let takes = |other: &StampConfig| other.takes_devices && other.serves(cohort.generation);
                let mut others = stamps.iter().filter(|other| other.name != stamp.name && other.ring == stamp.ring);
                // That it is the only one of its ring is said already.
                stamp.serves(cohort.generation) && others.clone().next().is_some() && !others.any(takes)
            };
            let chosen = |c: usize, cohort: &CohortConfig| {
                plan.selector.cohort.is_none_or(|id| id.index() == c)
                    && plan.selector.generation.is_none_or(|generation| generation == cohort.generation)
            };
            for stamp in plan.rule.from.iter().map(|stamp| &stamps[stamp.index()]) {
                let left_out = cohorts
                    .iter()
                    .enumerate()
                    .find(|(c, cohort)| cohort.ring == stamp.ring && chosen(*c, cohort) && alone(cohort, stamp));
                let Some((_, cohort)) = left_out else { continue };
                let what = format!("no other stamp takes devices of generation {}", cohort.generation);
                let finding = Finding::warning(what).help(format!(
                    "after `{}` is evacuated, such devices, those of `{}` among them, find no hub",
                    stamp.name, cohort.name
                ));
                self.say(&format!("moves/{i}/kind/evacuate/stamp"), finding);
            }
        }
    }

    /// Moves that lead more devices to a ring than its registries or its planned capacities hold.
    pub(super) fn rooms(
        &mut self,
        places: &[usize],
        plans: &[MoveConfig],
        stamps: &[StampConfig],
        cohorts: &[CohortConfig],
    ) {
        // Who cannot be told from what is left of the file is not blamed.
        if self.lost.items("stamps") || self.lost.key("stamps", "ring") || self.lost.items("cohorts") {
            return;
        }
        for (i, plan) in places.iter().zip(plans) {
            let closed: BTreeSet<StampId> = plans
                .iter()
                .filter(|other| other.rule.close_source && other.at <= plan.at)
                .flat_map(|other| other.rule.from.clone())
                .collect();
            let (ring, coming) = match (plan.rule.to_ring, plan.rule.close_source) {
                (Some(ring), _) => (Some(ring), coming(plan, ring, cohorts)),
                (None, true) => (source_ring(plan, stamps), 0.0),
                (None, false) => (None, 0.0),
            };
            // That there is no stamp at all is said where the move names its ring or its stamp.
            let others = |(s, stamp): (usize, &StampConfig)| {
                ring == Some(stamp.ring) && !plan.rule.from.contains(&StampId(s as u16))
            };
            let Some(ring) = ring.filter(|_| stamps.iter().enumerate().any(others)) else { continue };
            let of_ring =
                |(s, stamp): &(usize, &StampConfig)| stamp.ring == ring && !closed.contains(&StampId(*s as u16));
            let open: Vec<&StampConfig> =
                stamps.iter().enumerate().filter(of_ring).map(|(_, stamp)| stamp).filter(|s| s.takes_devices).collect();
            let there = cohorts.iter().filter(|cohort| cohort.ring == ring).map(|cohort| f64::from(cohort.devices));
            let devices = there.sum::<f64>() + coming;
            self.room(&format!("moves/{i}/kind"), devices.round() as u64, &open);
        }
    }

    fn room(&mut self, path: &str, devices: u64, open: &[&StampConfig]) {
        let sum = |of: fn(&StampConfig) -> u32| open.iter().map(|stamp| u64::from(of(stamp))).sum::<u64>();
        let (most, planned) = (sum(|stamp| stamp.edition.devices_max), sum(|stamp| stamp.capacity));
        if open.is_empty() {
            let finding = Finding::new("no stamp that the devices could come to takes any");
            return self.say_key(path, finding.expected("a stamp of the ring that is open for allocation"));
        }
        if devices > most {
            let what = format!("{devices} devices after the move, but the registries that it leads to hold {most}");
            let finding = Finding::warning(what);
            self.say_key(
                path,
                finding.help("DPS fails the registrations beyond that, and their devices ask again and again"),
            );
        } else if devices > planned {
            let what = format!("{devices} devices after the move, on stamps planned for {planned}");
            self.say_key(
                path,
                Finding::warning(what).help("allocation does not know planned capacities, so they are exceeded"),
            );
        }
    }
}

/// Devices that a promotion brings into a ring, as they are at the start.
fn coming(plan: &MoveConfig, ring: RingId, cohorts: &[CohortConfig]) -> f64 {
    let chosen = |(i, cohort): &(usize, &CohortConfig)| {
        let selector = &plan.selector;
        cohort.ring != ring
            && plan.rule.ring.is_none_or(|from| from == cohort.ring)
            && selector.cohort.is_none_or(|id| id.index() == *i)
            && selector.generation.is_none_or(|generation| generation == cohort.generation)
    };
    let home = |cohort: &CohortConfig| {
        let share = |region| cohort.regions.iter().filter(|(home, _)| *home == region).map(|(_, share)| share).sum();
        plan.selector.region.map_or(1.0, share)
    };
    let powered = |cohort: &CohortConfig| f64::from(cohort.devices) * cohort.dormant.complement().get() * home(cohort);
    let all = cohorts.iter().enumerate().filter(chosen).map(|(_, cohort)| powered(cohort)).sum::<f64>();
    all * plan.selector.share.get()
}
