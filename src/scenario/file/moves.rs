//! The section `[[moves]]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::defaults::{one, pace, share};
use crate::model::movement::guard::Guard;
use crate::model::movement::wave::Prewarm;
use crate::model::movement::{MoveKind, MoveOrder, Pacing};
use crate::units::{Rate, Ratio, SimDuration};

/// A move of devices between stamps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// Name in tables and charts. Default: the kind and what it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Start, after the start of the run.
    pub at: SimDuration,
    /// What kind of move, as a table named after it.
    pub kind: MoveKind,
    /// Evictions while a wave runs. Default 600/min.
    #[serde(default = "pace")]
    pub pace: Rate,
    /// Waves of equal size. Default 1.
    #[serde(default = "one")]
    pub waves: u32,
    /// Time from the last eviction of a wave to the first of the next. Default 0 s.
    #[serde(default)]
    pub pause: SimDuration,
    /// Which of the devices move. Default: all.
    #[serde(default)]
    pub select: Select,
    /// How far evictions stay below `pace`, as a table named after the way. Default `fixed`: at `pace`.
    #[serde(default, skip_serializing_if = "Pacing::is_default")]
    pub pacing: Pacing,
    /// Who goes first, as a table named after the order. Default `random`.
    #[serde(default, skip_serializing_if = "MoveOrder::is_default")]
    pub order: MoveOrder,
    /// What is made ready before devices are evicted. Default: nothing.
    #[serde(default, skip_serializing_if = "Prewarm::is_none")]
    pub prewarm: Prewarm,
    /// An error budget that pauses the move and may give it up. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<Guard>,
    /// Users that go along with the devices. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<MoveUsers>,
}

/// Users that go along with the devices of a move.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveUsers {
    /// Name of their population.
    pub population: String,
    /// Share of the devices of the move that have arrived when the users are sent after them. Default 50 %.
    #[serde(default = "half")]
    pub after: Ratio,
    /// Name of the stamp that they are sent to, one of their endpoints. Default: the one that most of the devices
    /// have reached by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

fn half() -> Ratio {
    share(0.5)
}

/// Which devices a move takes; what is not given selects all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Select {
    /// Only this cohort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cohort: Option<String>,
    /// Only devices of this region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Only this generation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<u16>,
    /// Only this share of them, drawn by device. Default 1.
    pub share: Ratio,
}

impl Default for Select {
    fn default() -> Self {
        Self { cohort: None, region: None, generation: None, share: Ratio::ONE }
    }
}
