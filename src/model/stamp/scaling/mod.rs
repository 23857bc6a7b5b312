//! Scaling: when a stamp is added, made larger or drained.
//!
//! A policy is asked at the times it names and answers with orders. It sees what is under way as if it were done, so that
//! one need is never met twice. Orders are carried out by `event`.

mod drain;
mod fixed;
mod forecast;
mod mixed;
mod scale_up;
mod schedule;
pub mod sight;
mod threshold;

pub use drain::Drain;
pub use fixed::FixedFleet;
pub use forecast::Forecast;
pub use mixed::Mixed;
pub use scale_up::{ScaleUp, Step};
pub use schedule::{DatedAdd, DatedDrain, Schedule};
pub use threshold::Threshold;

use crate::model::ids::StampId;
use crate::model::stamp::scaling::sight::Sight;
use crate::registry;
use crate::units::{SimDuration, SimTime};

/// What a policy asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Begin to deploy a stamp.
    Add,
    /// Bring a hub to a rung of its ladder.
    Resize {
        /// The stamp.
        stamp: StampId,
        /// Number of the rung; 0 is what the stamp began as.
        rung: usize,
    },
    /// Close a stamp, move its devices off and retire it.
    Drain(StampId),
}

/// How long a policy keeps what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It adds stamps without end.
    Open,
    /// It does what it can and then leaves the rest to others.
    Bounded,
    /// It only takes away.
    Shrinks,
    /// It does nothing.
    Nothing,
}

/// A scaling policy: a pure decider.
pub trait Scale {
    /// What to begin now. Called only at the times of [`Scale::next`].
    fn decide(&self, sight: &Sight<'_>) -> Vec<Order>;

    /// The first decision at this time or later; none when there is nothing left to decide.
    fn next(&self, from: SimTime) -> Option<SimTime>;

    /// What it can do.
    fn reach(&self) -> Reach;

    /// Whether it may add stamps.
    fn adds(&self) -> bool {
        self.reach() == Reach::Open
    }

    /// Whether it may drain stamps.
    fn drains(&self) -> bool {
        self.bounds().drains_to.is_some() || self.schedule().is_some_and(|s| !s.drain.is_empty())
    }

    /// Whether others must wait because it can still meet a need by itself.
    fn holds(&self, _: &Sight<'_>) -> bool {
        false
    }

    /// The rule by which hubs are made larger.
    fn scale_up(&self) -> Option<&ScaleUp> {
        None
    }

    /// The utilisation above which stamps are added, and the one below which one is drained.
    fn bounds(&self) -> Bounds {
        Bounds::default()
    }

    /// The dates that it holds.
    fn schedule(&self) -> Option<&Schedule> {
        None
    }

    /// The dates that it holds, to be resolved when a scenario is loaded.
    fn schedule_mut(&mut self) -> Option<&mut Schedule> {
        None
    }

    /// The smaller fleet of a quick look.
    fn shrink(&mut self, _share: f64) {}

    /// What is wrong with the parameters, if anything.
    fn problem(&self) -> Option<String> {
        None
    }
}

/// The shares of capacity at which a policy acts; what it does not have is absent.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bounds {
    /// Adds a stamp or makes a hub larger from here on.
    pub grows_at: Option<f64>,
    /// Drains when the others would be at most this full.
    pub drains_to: Option<f64>,
}

registry! {
    /// The registered scaling policies.
    pub enum ScalingPolicy: Scale {
        FixedFleet("fixed", "The stamps of the scenario and no more."),
        Threshold("threshold", "Adds a stamp when the fleet's utilisation passes a threshold."),
        Forecast("forecast", "Adds a stamp when the trend over the lead time, and a safety margin, no longer fit."),
        Schedule("schedule", "Adds and drains stamps on dates."),
        ScaleUp("scale_up", "Gives a hub more units, or another edition, up to its maximum; adds no stamp."),
        Drain("drain", "Drains the emptiest stamp when the others have room, and retires it."),
        Mixed("mixed", "Several policies in order, such as more units first and then a new stamp."),
    }
}

impl Default for ScalingPolicy {
    fn default() -> Self {
        Self::FixedFleet(FixedFleet {})
    }
}

/// The first decision of a policy that decides each `period`: never at the start itself.
fn each(period: SimDuration, from: SimTime) -> Option<SimTime> {
    from.0.div_ceil(period.0.max(1)).max(1).checked_mul(period.0).map(SimTime)
}

/// What is wrong with a period of decisions.
fn period_problem(period: SimDuration) -> Option<String> {
    (period == SimDuration::ZERO).then(|| "check_every of zero would decide for ever at one instant".into())
}
