//! Expectations of a scenario: a bound on a measure, held against its replications.
//!
//! A gate that cannot be evaluated must not pass: an unknown name, a label that no figure carries, a figure without
//! a replication and too few replications all count as failures, with advice.

mod absent;
mod failable;
mod judge;
mod select;

use std::collections::BTreeMap;

pub use super::bound::{Bound, BoundError, Comparison};
pub use super::suggestion::suggest;
pub use absent::Absent;
pub use failable::{Unfailable, can_fail, never_holds};
pub use judge::evaluate;
pub use select::judged_means;
pub(super) use select::matching;

use super::observations::Estimate;
use super::phase::Phase;
use crate::metrics::MeasureKey;

/// The value of a label that stands for every value.
pub const ANY: &str = "*";

/// What a scenario expects of a measure.
///
/// If a figure carries exactly the labels given, it alone is judged: no label means the figure of the whole
/// scenario. Else every figure that carries them, and perhaps more, is judged and the worst counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// Name of a measure of the catalogue.
    pub measure: String,
    /// Labels that a figure must carry; [`ANY`] as a value asks for the label alone. A share may be "99 %" or "0.99".
    pub labels: BTreeMap<String, String>,
    /// The phase that is looked at; nothing for the whole run.
    pub phase: Option<Phase>,
    /// The expectation fails where the figure satisfies this.
    pub fail_if: Bound,
    /// The expectation warns where the figure satisfies this.
    pub warn_if: Option<Bound>,
    /// Share of the windows that must be as expected [1]; nothing holds the figure of the whole time against the bound.
    pub windows: Option<f64>,
    /// Share of the replications that must be as expected [1]; nothing looks at their mean.
    pub replications: Option<f64>,
    /// Fewest replications with the figure.
    pub least_replications: u32,
}

/// How an expectation ended, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// As expected.
    Pass,
    /// As expected, with a doubt: `warn_if` is satisfied, some replications lack the figure, or they prove too little.
    Warn,
    /// There is nothing to judge; counts as a failure.
    Missing,
    /// Not as expected.
    Fail,
}

impl Grade {
    /// Whether a gate must stop.
    pub fn is_failure(self) -> bool {
        self >= Self::Missing
    }
}

/// The grade of an expectation with its evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The worst grade of all figures judged.
    pub grade: Grade,
    /// Every figure judged, in the order of the study.
    pub evidence: Vec<Evidence>,
    /// Why no figure was judged.
    pub absent: Option<Absent>,
}

/// One figure, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The figure.
    pub key: MeasureKey,
    /// What was held against the bound, and what it came to.
    pub found: Found,
    /// Its grade.
    pub grade: Grade,
    /// The bound that decided: the one that is satisfied, or else `fail_if`.
    pub bound: Bound,
    /// Replications of the study that lack the figure, perhaps because it never came to an end in them.
    pub lacking: u32,
    /// Whether the doubt about the estimate lies wholly on one side of what was asked.
    pub is_certain: bool,
    /// The values behind it.
    pub rows: Vec<EvidenceRow>,
}

/// What an expectation looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Found {
    /// The mean of the figure over the replications [unit of the measure].
    Mean(Estimate),
    /// Share of the windows that are as expected, over the replications [1].
    Windows(Estimate),
    /// Replications that are as expected, with the interval of their true share.
    Replications {
        /// Replications as expected.
        good: u64,
        /// Replications with the figure.
        of: u64,
        /// Lower end of the 95 % interval of the share [1].
        low: f64,
        /// Upper end of the 95 % interval of the share [1].
        high: f64,
    },
}

/// One value behind a judgement: of a replication, or of one of its windows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EvidenceRow {
    /// Number of the replication, from 0.
    pub replication: u32,
    /// Number of the window, from 0; nothing for the figure of the whole time.
    pub window: Option<usize>,
    /// The value [unit of the measure].
    pub value: f64,
    /// Whether it is as expected.
    pub is_good: bool,
}

#[cfg(test)]
mod tests;
