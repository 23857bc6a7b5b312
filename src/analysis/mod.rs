//! Statistics over replications, and what follows from them.

pub mod interval;
pub mod observations;
pub mod paired;
pub mod precision;
pub mod quantile;
pub mod student;
pub mod study;
pub mod verdict;
pub mod warmup;

#[cfg(test)]
mod sample;

pub use interval::{estimate, estimate_at};
pub use observations::{Ended, Estimate, Mark, MarkKind, Observations, Study};
pub use paired::{Paired, PairedDifference, compare};
pub use study::{StudyMeta, summarise};
pub use verdict::{Doubt, Tolerance, Verdict, judge, judge_all, replications_to_decide};
