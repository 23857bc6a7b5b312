//! Experiments: every replication planned before anything runs, carried out in parallel, placed by index.

pub mod plan;
pub mod precision;
pub mod replication;
pub mod run;

pub use run::{Progress, RunOptions, ScenarioResult, run, run_parts};
