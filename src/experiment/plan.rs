//! The plan: every replication of every scenario, fixed before anything runs.

use crate::scenario::Scenario;

/// One replication of one scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// Index of the scenario.
    pub scenario: usize,
    /// Number of the replication, from 0.
    pub replication: u32,
}

/// All jobs, scenario by scenario. Workers take them in this order, so that what an interrupted run keeps is a prefix.
pub fn plan(scenarios: &[Scenario]) -> Vec<Job> {
    let jobs =
        |(scenario, s): (usize, &Scenario)| (0..s.replications).map(move |replication| Job { scenario, replication });
    scenarios.iter().enumerate().flat_map(jobs).collect()
}
