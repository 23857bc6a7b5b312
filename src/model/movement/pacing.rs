//! Pacing: how fast a move evicts. Its `pace` is the upper bound; a pacing may be slower.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::registry;
use crate::units::{Ratio, SimDuration};

/// How often an operator who paces by throttles looks at them anew.
pub const LOOK: SimDuration = SimDuration::from_secs(10);

/// A throttle on the way of the devices of a move, as an operator sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Throttle {
    /// Its limit [operations/s].
    pub limit: f64,
    /// What others used of it lately [operations/s].
    pub others: f64,
    /// Operations that wait in its backlog.
    pub backlog: f64,
    /// Operations on it for each device evicted, as the move went so far.
    pub part: f64,
}

/// A way of pacing: a pure decider.
pub trait Pace {
    /// Least time from one eviction to the next [s]; none while nothing of a limit is free.
    fn gap(&self, _throttles: &[Throttle]) -> Option<f64> {
        Some(0.0)
    }

    /// Whether it looks at throttles at all.
    fn watches(&self) -> bool {
        false
    }

    /// What is wrong with the parameters.
    fn problem(&self) -> Option<String> {
        None
    }
}

registry! {
    /// The registered ways of pacing a move.
    pub enum Pacing: Pace {
        Fixed("fixed", "Evictions at the pace of the move, whatever the limits say."),
        ByThrottles("by_throttles", "Evictions wait while the limits on the way of the devices would be used beyond a share."),
    }
}

impl Default for Pacing {
    fn default() -> Self {
        Self::Fixed(Fixed {})
    }
}

impl Pacing {
    /// Whether it is the default.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Parameters of `fixed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fixed {}

impl Pace for Fixed {}

/// Parameters of `by_throttles`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ByThrottles {
    /// Share of a limit that the move and everyone else may use together. Default 80 %.
    pub share: Ratio,
}

impl Default for ByThrottles {
    fn default() -> Self {
        Self { share: Ratio::new(0.8).expect("a share") }
    }
}

impl Pace for ByThrottles {
    fn gap(&self, throttles: &[Throttle]) -> Option<f64> {
        throttles.iter().filter(|throttle| throttle.part > 0.0).try_fold(0.0, |gap: f64, throttle| {
            let free = self.share.get() * throttle.limit - throttle.others;
            // What waits already is served first.
            let queued = throttle.backlog / throttle.limit;
            (free > 0.0).then(|| gap.max(throttle.part / free).max(queued))
        })
    }

    fn watches(&self) -> bool {
        true
    }

    fn problem(&self) -> Option<String> {
        (self.share.get() == 0.0).then(|| "a share of zero of a limit evicts nobody; expected a share above 0".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle(limit: f64, others: f64, backlog: f64, part: f64) -> Throttle {
        Throttle { limit, others, backlog, part }
    }

    #[test]
    fn the_tightest_throttle_sets_the_pace_and_a_full_one_stops_it() {
        let rule = ByThrottles::default();
        let gap = |throttles: &[Throttle]| rule.gap(throttles);
        // 80 % of 10/s less 3/s of others leaves 5/s.
        let near = |found: Option<f64>, wanted: f64| found.is_some_and(|gap| (gap - wanted).abs() < 1e-12);
        assert!(near(gap(&[throttle(10.0, 3.0, 0.0, 1.0)]), 0.2));
        assert!(near(gap(&[throttle(10.0, 3.0, 0.0, 0.5)]), 0.1), "half of the devices go there");
        assert!(near(gap(&[throttle(10.0, 3.0, 0.0, 1.0), throttle(100.0, 79.0, 0.0, 1.0)]), 1.0));
        assert!(near(gap(&[throttle(10.0, 0.0, 40.0, 1.0)]), 4.0), "a backlog is waited for");
        assert_eq!(gap(&[throttle(10.0, 8.0, 0.0, 1.0)]), None);
        assert_eq!(gap(&[throttle(10.0, 9.0, 5.0, 0.0)]), Some(0.0), "a throttle that no device of it passes");
    }
}
