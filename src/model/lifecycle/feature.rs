//! A feature that is rolled out to chosen stamps in stages, with its own cost and, where it breaks something, its own fault.
//!
//! What it breaks is a fault of the configuration, made of the closed set of conditions: each stage brings the conditions
//! to its stamps, and a roll-back ends them. Here is who has the feature, which decides cost and blast radius.

use crate::metrics::Level;
use crate::metrics::recorder::LevelId;
use crate::model::ids::{CohortId, StampId};
use crate::units::SimTime;

/// The devices of a stamp that have a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Audience {
    /// Only this cohort.
    pub cohort: Option<CohortId>,
    /// Only this generation.
    pub generation: Option<u16>,
}

impl Audience {
    /// Whether a device of this cohort and generation belongs to it.
    pub fn has(&self, cohort: CohortId, generation: u16) -> bool {
        self.cohort.is_none_or(|only| only == cohort) && self.generation.is_none_or(|only| only == generation)
    }
}

/// A stage of a roll-out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// When its stamps get the feature.
    pub at: SimTime,
    /// The stamps.
    pub stamps: Vec<StampId>,
}

/// One feature, validated.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureConfig {
    /// Name in tables.
    pub name: String,
    /// Hash of the name.
    pub key: u64,
    /// Name of its price, by device and month; nothing for one that costs nothing.
    pub meter: Option<String>,
    /// Stages, in order of time.
    pub stages: Vec<Stage>,
    /// The devices of its stamps that have it.
    pub audience: Audience,
    /// When it is taken off all stamps again.
    pub roll_back: Option<SimTime>,
    /// Whether it breaks something wherever it is.
    pub breaks: bool,
}

/// A feature in a run.
#[derive(Debug, Clone)]
pub struct FeatureRun {
    /// Whether each stamp has it.
    pub on: Vec<bool>,
    /// Devices that have it, by stamp.
    pub devices: Vec<Level>,
    /// What of their time is billed, by stamp [device x us].
    pub billed: Vec<u128>,
    /// All devices that have it.
    pub level: LevelId,
    /// Largest share of the registered devices that had it while it broke something; nothing before it did [1].
    pub blast: Option<f64>,
}

impl FeatureRun {
    /// A feature that no stamp has.
    pub fn new(level: LevelId) -> Self {
        Self { on: Vec::new(), devices: Vec::new(), billed: Vec::new(), level, blast: None }
    }

    /// One stamp more, without the feature.
    pub fn open_stamp(&mut self, now: SimTime) {
        self.on.push(false);
        self.devices.push(Level::new(0, now));
        self.billed.push(0);
    }

    /// Device-time since it was billed last, at a stamp [device x us].
    pub fn bill(&mut self, stamp: usize, now: SimTime) -> u128 {
        let held = self.devices[stamp].integral(now);
        held - std::mem::replace(&mut self.billed[stamp], held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audience_is_everybody_unless_it_says_whom() {
        let all = Audience::default();
        let second = Audience { cohort: None, generation: Some(2) };
        let meters = Audience { cohort: Some(CohortId(1)), generation: None };
        let has = |audience: Audience| [(0, 1), (1, 2)].map(|(cohort, g)| audience.has(CohortId(cohort), g));
        assert_eq!([all, second, meters].map(has), [[true, true], [false, true], [false, true]]);
    }
}
