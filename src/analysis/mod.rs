//! Statistics over replications, and what follows from them.
//!
//! Pure functions: replications in, estimates, differences and verdicts out. Nothing here draws, reads or prints. All
//! sums are taken in the order of the plan and all critical values come from `libm`, so results are the same bits on
//! any number of threads and on any CPU.

pub mod answer;
pub mod best;
mod bound;
pub mod caution;
pub mod circle;
pub mod expectation;
pub mod interval;
pub mod observations;
pub mod paired;
pub mod phase;
pub mod precision;
pub mod quantile;
pub mod rank;
pub mod steady;
pub mod student;
pub mod study;
pub mod suggestion;
pub mod unpaired;
pub mod verdict;
pub mod warmup;
pub mod windows;

#[cfg(test)]
mod sample;

pub use answer::Answer;
pub use bound::quantity;
pub use expectation::{
    Absent, Bound, BoundError, Comparison, Evidence, EvidenceRow, Expectation, Found, Grade, Outcome, Unfailable,
    can_fail, evaluate, suggest,
};
pub use interval::{estimate, estimate_at};
pub use observations::{Ended, Estimate, Mark, MarkKind, Observations, Study};
pub use paired::{Paired, PairedDifference, compare};
pub use study::{StudyMeta, summarise};
pub use unpaired::compare_unpaired;
pub use verdict::{Doubt, Judgement, Tolerance, Verdict, judge, judge_all, replications_to_decide};
