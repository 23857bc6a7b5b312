//! Moves: who goes where, and at what pace. A move says which devices its waves evict; how each device then passes
//! evicted, registering, assigning, assigned and connected is a conversation of `event`.

pub mod balance;
mod evacuate;
pub mod guard;
mod order;
pub mod pacing;
mod promote;
mod rebalance;
pub mod run;
pub mod wave;

pub use evacuate::Evacuate;
pub use order::{MoveOrder, Passenger, Rank};
pub use pacing::Pacing;
pub use promote::Promote;
pub use rebalance::{Goal, Rebalance};

use crate::model::ids::{CohortId, RegionId, RingId, StampId};
use crate::model::names::MoveNames;
use crate::registry;
use crate::units::Ratio;

/// What a move does to the devices that it selects.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MoveRule {
    /// Only devices that are assigned to one of these; empty for any.
    pub from: Vec<StampId>,
    /// Only devices of this ring.
    pub ring: Option<RingId>,
    /// Ring that a device's enrollment gets.
    pub to_ring: Option<RingId>,
    /// Stamp that a device's enrollment is pinned to.
    pub to: Option<StampId>,
    /// Whether the stamps of `from` leave allocation when the move begins.
    pub close_source: bool,
    /// Whether only as many devices move as level the target with the other stamps of its ring.
    pub level: bool,
    /// The ring whose stamps are brought near their mean utilisation, and how near.
    pub balance: Option<(RingId, Ratio)>,
}

/// A kind of move.
pub trait Move {
    /// The rule, with names resolved.
    fn rule(&self, names: &dyn MoveNames) -> Result<MoveRule, String>;
}

registry! {
    /// The registered moves.
    pub enum MoveKind: Move {
        Promote("promote", "From one ring to another, such as test to production."),
        Evacuate("evacuate", "Everything off a stamp, which leaves allocation first."),
        Rebalance("rebalance", "Onto one stamp from the others of its ring, until it is as full as they are; or, by a goal, between all stamps of a ring."),
    }
}

/// Which of the devices of a move's rule are selected.
#[derive(Debug, Clone, PartialEq)]
pub struct Selector {
    /// Only this cohort.
    pub cohort: Option<CohortId>,
    /// Only this region.
    pub region: Option<RegionId>,
    /// Only this generation.
    pub generation: Option<u16>,
    /// Only this share of them, drawn by device.
    pub share: Ratio,
}

impl Default for Selector {
    fn default() -> Self {
        Self { cohort: None, region: None, generation: None, share: Ratio::ONE }
    }
}
