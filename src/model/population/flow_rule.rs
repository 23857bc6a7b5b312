//! When a part of a flow is accurate enough to be one: the thresholds of the rule in `event/hybrid.rs`.
//!
//! Their values come from a sweep (`tests/it/fidelity_rule.rs`, figures in docs/engine.md): no scenario sets them.

/// Thresholds beyond which a part flows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlowRule {
    /// Relaxation times of the processing that a part must hold for the closed form of its wait.
    pub relaxations: f64,
    /// Parts of arrivals that the room of a throttle must hold.
    pub room: f64,
    /// Standard deviations of a Poisson count that are called chance.
    pub chance: f64,
    /// A throttle below this share of its limit, with some credit left, makes nothing wait [1].
    pub far: f64,
    /// An endpoint below this share of its limit, with some credit, lets everything through, and above its inverse it is
    /// saturated [1].
    pub free: f64,
    /// A part with more messages than this flows whatever its limits: chance is below a hundredth of them.
    pub most: f64,
}

impl Default for FlowRule {
    fn default() -> Self {
        Self { relaxations: 10.0, room: 8.0, chance: 6.0, far: 0.8, free: 0.9, most: 200_000.0 }
    }
}
