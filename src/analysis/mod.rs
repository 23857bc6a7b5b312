//! Statistics over replications, and what follows from them.

pub mod observations;

pub use observations::{Ended, Estimate, Mark, MarkKind, Observations, Study};
