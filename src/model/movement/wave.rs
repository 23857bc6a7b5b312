//! Waves: the pace of a move.

use crate::model::movement::{MoveRule, Selector};
use crate::units::{Rate, SimDuration, SimTime};

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
}

impl MoveConfig {
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
        let plan = MoveConfig {
            name: String::new(),
            key: 0,
            at: SimTime(0),
            rule: MoveRule::default(),
            selector: Selector::default(),
            pace: "60/min".parse().unwrap(),
            waves: 2,
            pause: SimDuration::from_secs(100),
        };
        assert_eq!([0, 4, 5, 9].map(|i| plan.eviction(i, 10).0 / 1_000_000), [0, 4, 105, 109]);
    }
}
