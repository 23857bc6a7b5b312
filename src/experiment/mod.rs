//! Experiments: every replication planned before anything runs, carried out in parallel, placed by index.

pub mod plan;
pub mod replication;
pub mod run;
pub mod verify;

pub use run::{Progress, RunOptions, ScenarioResult, run};
