//! Waves: the pace of a move.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::draws::stable_name;
use crate::model::movement::guard::Guard;
use crate::model::movement::{MoveOrder, MoveRule, Pacing, Selector};
use crate::units::{Rate, Ratio, SimDuration, SimTime};

/// What is made ready before devices are evicted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Prewarm {
    /// An import job puts the identities onto their new hubs before the move begins, so that DPS creates none. Default
    /// false.
    pub identities: bool,
    /// The gateway's cache is told a device's new hub when DPS has assigned it. Default false.
    pub cache: bool,
}

impl Prewarm {
    /// Whether nothing is made ready.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Users that go along with the devices.
#[derive(Debug, Clone, PartialEq)]
pub struct Follow {
    /// Their population, by its number.
    pub population: usize,
    /// Share of the devices that have arrived when they go.
    pub after: Ratio,
    /// Endpoint that they go to; none for the one that most of the devices reached.
    pub to: Option<u8>,
}

/// One move, validated.
#[derive(Debug, Clone, PartialEq)]
pub struct MoveConfig {
    /// Name in tables and charts.
    pub name: String,
    /// Hash of the name; keys the draws.
    pub key: u64,
    /// Start.
    pub at: SimTime,
    /// What it does.
    pub rule: MoveRule,
    /// Which devices.
    pub selector: Selector,
    /// Evictions while a wave runs.
    pub pace: Rate,
    /// Number of waves, of equal size.
    pub waves: u32,
    /// Time from the last eviction of a wave to the first of the next.
    pub pause: SimDuration,
    /// How far evictions stay below the pace.
    pub pacing: Pacing,
    /// Who goes first.
    pub order: MoveOrder,
    /// What is made ready.
    pub prewarm: Prewarm,
    /// What pauses it and gives it up.
    pub guard: Option<Guard>,
    /// Users that go along.
    pub users: Option<Follow>,
    /// The move whose devices it brings back, by its number.
    pub back_of: Option<usize>,
}

impl MoveConfig {
    /// A move of all devices of a rule, at a pace and nothing more.
    pub fn plain(name: String, at: SimTime, rule: MoveRule, pace: Rate) -> Self {
        Self {
            key: stable_name(&name),
            name,
            at,
            rule,
            selector: Selector::default(),
            pace,
            waves: 1,
            pause: SimDuration::ZERO,
            pacing: Pacing::default(),
            order: MoveOrder::default(),
            prewarm: Prewarm::default(),
            guard: None,
            users: None,
            back_of: None,
        }
    }

    /// Whether its devices go back if it is given up.
    pub fn may_go_back(&self) -> bool {
        self.guard.as_ref().is_some_and(|guard| guard.roll_back)
    }

    /// When the eviction number `i` of `n` happens.
    pub fn eviction(&self, i: u32, n: u32) -> SimTime {
        let wave_size = n.div_ceil(self.waves).max(1);
        let offset = f64::from(i) / self.pace.per_second();
        self.at + SimDuration::from_secs_f64(offset) + self.pause * u64::from(i / wave_size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_follow_the_pace_and_pause_between() {
        let pace = "60/min".parse().unwrap();
        let pause = SimDuration::from_secs(100);
        let plain = MoveConfig::plain(String::new(), SimTime(0), MoveRule::default(), pace);
        let plan = MoveConfig { waves: 2, pause, ..plain };
        assert_eq!([0, 4, 5, 9].map(|i| plan.eviction(i, 10).0 / 1_000_000), [0, 4, 105, 109]);
    }
}
