//! What replications hand to the statistics, and what the statistics hand to tables and charts.

use std::collections::BTreeMap;

use crate::metrics::{Histogram, MeasureKey, Parts};
use crate::units::{SimDuration, SimTime};

/// Everything one replication observed. A function of (scenario, catalogue, seed, replication) alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Observations {
    /// Number of the replication, from 0.
    pub replication: u32,
    /// Hash of every event in the order it was carried out.
    pub order_hash: u64,
    /// Events carried out.
    pub events: u64,
    /// Why the replication ended.
    pub ended: Ended,
    /// One value per figure; a figure that the replication cannot support is absent.
    pub values: BTreeMap<MeasureKey, f64>,
    /// Histograms in the base unit of their measure: microseconds for `_ms` and `_s`, else counts.
    pub histograms: BTreeMap<MeasureKey, Histogram>,
    /// One value per window of the run; NaN where nothing was observed.
    pub series: BTreeMap<MeasureKey, Vec<f64>>,
    /// What happened when: faults, moves, stamps added.
    pub marks: Vec<Mark>,
    /// The same by windows, where a warm-up is to be left out; else empty.
    pub parts: Parts,
}

impl Observations {
    /// Whether the figures are a function of the scenario and the seed, and not of the user's patience.
    pub fn is_whole(&self) -> bool {
        self.ended.is_whole()
    }
}

/// Why a replication ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// At the horizon.
    Horizon,
    /// The event budget was used up at this time.
    EventBudget(SimTime),
    /// The wall budget was used up; such a run is partial.
    WallBudget,
    /// The user interrupted; such a run is partial.
    Interrupted,
}

impl Ended {
    /// False for a replication that a wall clock or a user cut short.
    ///
    /// The event budget is part of the scenario: a replication that used it up is repeatable, hence whole. It is
    /// shorter than the horizon all the same, which whoever prints its figures must say.
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Horizon | Self::EventBudget(_))
    }
}

/// Something that charts and tables name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// What it is.
    pub kind: MarkKind,
    /// Its name: a fault's, a move's, a stamp's.
    pub label: String,
    /// Start.
    pub from: SimTime,
    /// End; the same as `from` for an instant, the horizon when it did not end.
    pub until: SimTime,
}

/// Kinds of marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// A fault, from its start to the end of its cause.
    Fault,
    /// A move, from its first eviction to its last connection.
    Move,
    /// A stamp that became active after the start.
    StampAdded,
    /// A hub that got another size, or its processing more servers.
    StampResized,
    /// A stamp that was drained and is gone.
    StampRetired,
    /// A generation that leaves the fleet.
    Retirement,
    /// A hub whose part in allocation an operator changed.
    AllocationChanged,
    /// A pause of a move by its guard.
    MovePaused,
    /// A window in which calls, the cache and renewals were looked at; its label says of which sample.
    Window,
}

/// A figure over replications: mean and 95 % Student-t interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Mean over the replications that have the figure.
    pub mean: f64,
    /// Lower end of the interval; NaN with fewer than two replications.
    pub low: f64,
    /// Upper end of the interval; NaN with fewer than two replications.
    pub high: f64,
    /// Replications that have the figure.
    pub n: u32,
}

impl Estimate {
    /// The estimate of a figure that no replication has.
    pub const ABSENT: Self = Self { mean: f64::NAN, low: f64::NAN, high: f64::NAN, n: 0 };

    /// Half the width of the interval [unit of the figure]; NaN with fewer than two replications.
    pub fn half_width(&self) -> f64 {
        0.5 * (self.high - self.low)
    }
}

/// All replications of one scenario, summarised: the input of tables, charts and verdicts.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// Name of the scenario (its file's stem, with folders).
    pub scenario: String,
    /// The question it answers.
    pub question: String,
    /// Simulated start, RFC 3339 in UTC, for axes.
    pub start: String,
    /// Simulated length.
    pub horizon: SimDuration,
    /// Length of a window of the series.
    pub window: SimDuration,
    /// Replications that are whole.
    pub replications: u32,
    /// One estimate per figure.
    pub estimates: BTreeMap<MeasureKey, Estimate>,
    /// One estimate per figure and window; `n = 0` where nothing was observed.
    pub series: BTreeMap<MeasureKey, Vec<Estimate>>,
    /// Merged histograms.
    pub histograms: BTreeMap<MeasureKey, Histogram>,
    /// The marks of replication 0; drawn faults and added stamps differ between replications.
    pub marks: Vec<Mark>,
}
