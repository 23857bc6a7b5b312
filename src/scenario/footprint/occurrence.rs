//! How often faults occur up to the horizon, when, and for how long.

use super::herd::draws;
use super::{Fleet, time_of};
use crate::kernel::law::DurationLaw;
use crate::model::condition::{Condition, Effect, Target};
use crate::model::config::ModelConfig;
use crate::model::fault::{FaultConfig, Incident, Schedule};
use crate::units::SimDuration;

/// Lengths that stand for a law of lengths. What comes of an outage is not in proportion to its length (who waits for DPS comes
/// meanwhile and waits for the rest of it), so that the mean length would not do.
const LENGTHS: u64 = 32;

/// An occurrence, or one of several that stand for a law.
#[derive(Debug)]
pub(super) struct Occurrence<'a> {
    /// How many of this kind there are on average.
    pub(super) weight: f64,
    /// Start [s].
    pub(super) at: f64,
    /// Length up to the horizon [s].
    pub(super) lasts: f64,
    /// What it does, but for what it has in common with others.
    pub(super) effects: &'a [Effect],
}

impl Occurrence<'_> {
    /// The fleet when it begins.
    pub(super) fn fleet(&self, model: &ModelConfig) -> Fleet {
        Fleet::at(model, time_of(self.at))
    }

    /// When a target leaves allocation after the start, if it does [s].
    pub(super) fn excluded(&self, target: Target) -> Option<f64> {
        let leaves = |effect: &&Effect| effect.target == target && matches!(effect.condition, Condition::Excluded);
        self.effects.iter().find(leaves).map(|effect| effect.delay.secs())
    }
}

/// Some lengths of a law [s].
fn lengths(law: &DurationLaw) -> impl Iterator<Item = f64> {
    (0..LENGTHS).map(|i| law.sample(&mut draws(i)).secs())
}

/// Occurrences of a fault up to a horizon [s].
pub(super) fn occurrences(fault: &FaultConfig, horizon: f64) -> Vec<Occurrence<'_>> {
    let effects = &fault.effects[..];
    let one = |weight: f64, at: f64, lasts: f64| Occurrence { weight, at, lasts: lasts.min(horizon - at), effects };
    let each = 1.0 / LENGTHS as f64;
    let mut all: Vec<Occurrence> = match &fault.schedule {
        Schedule::At { at, lasts } => vec![one(1.0, at.secs(), lasts.map_or(horizon, SimDuration::secs))],
        Schedule::Once { at, length } => lengths(length).map(|lasts| one(each, at.secs(), lasts)).collect(),
        Schedule::Drawn { gap, repair } => {
            // By the law of renewals; they begin at any time of the run.
            let times = horizon / (gap.mean().secs() + repair.mean().secs()).max(1e-6);
            let begins = |i: usize| horizon * (i as f64 + 0.5) * each;
            lengths(repair).enumerate().map(|(i, lasts)| one(times * each, begins(i), lasts)).collect()
        }
        Schedule::Listed(incidents) => {
            let of_row = |row: &Incident| (row.at.secs(), row.lasts.secs());
            let rows = incidents.iter().map(|row| (of_row(row), &row.effects[..]));
            rows.map(|((at, lasts), effects)| Occurrence { effects, ..one(1.0, at, lasts) }).collect()
        }
    };
    all.retain(|it| it.at < horizon);
    all
}
