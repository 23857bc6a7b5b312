//! Experiments: every replication planned before anything runs, carried out in parallel, placed by index; and what is asked
//! of their results.

pub mod compare;
pub mod estimate;
mod generations;
pub mod pick;
pub mod plan;
pub mod precision;
pub mod rank;
pub mod replication;
pub mod rerun;
pub mod run;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod sample;
pub mod self_check;
pub mod verify;

pub use run::{Progress, RunOptions, ScenarioResult, run, run_parts};
