//! The plan: every replication of every scenario, fixed before anything runs.

use std::ops::Range;

/// One replication of one scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// Index of the scenario.
    pub scenario: usize,
    /// Number of the replication, from 0.
    pub replication: u32,
}

/// All jobs of a part of each scenario's replications, scenario by scenario. Workers take them in this order, so that
/// what an interrupted run keeps is a prefix.
pub fn plan(parts: &[Range<u32>]) -> Vec<Job> {
    let jobs =
        |(scenario, part): (usize, &Range<u32>)| part.clone().map(move |replication| Job { scenario, replication });
    parts.iter().enumerate().flat_map(jobs).collect()
}
