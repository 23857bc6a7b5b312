//! Every row of `verify` passes, family by family: the same cases, references and margins as the command.
//!
//! Seeds come from the names of the cases, so that none was ever chosen for its result; a row passes only where its whole
//! 99 % interval lies within the margin.

use std::sync::atomic::AtomicBool;

use stampsim::experiment::RunOptions;
use stampsim::experiment::verify::{Plan, Verified};

use super::support::Silent;

/// Carries out a plan on all processors.
pub(crate) fn verified(plan: &Plan) -> Verified {
    let scenarios = plan.simulated().unwrap_or_else(|problems| panic!("a case does not load: {problems:?}"));
    let stop = AtomicBool::new(false);
    plan.verify(&scenarios, &RunOptions { jobs: None, stop: &stop, max_wall: None }, &Silent)
}

/// All rows of a family; shows those that fail.
fn passes(family: &str) {
    let plan = Plan::built_in().only(family);
    let verified = verified(&plan);
    assert_eq!(verified.stopped, [""; 0], "a model stopped");
    assert!(plan.rows() > 0 && verified.rows.len() == plan.rows() && !verified.interrupted, "{family} is whole");
    let failed: Vec<_> = verified.rows.iter().filter(|row| !row.passes()).collect();
    assert!(failed.is_empty(), "{} of {} rows fail\n{failed:#?}", failed.len(), verified.rows.len());
}

#[test]
fn closed_forms() {
    passes("closed forms:");
    passes("constants of statistics");
    passes("documented limits");
}

#[test]
fn queues_message_by_message_and_as_flows() {
    passes("model: queues");
}

#[test]
fn token_buckets() {
    passes("model: token buckets");
}

#[test]
fn reconnect_storms() {
    passes("model: reconnect storms");
}

#[test]
fn drains_and_registrations() {
    passes("model: drains and registrations");
}

#[test]
fn outages() {
    passes("model: outages");
}

#[test]
fn the_gateway_cache() {
    passes("model: gateway cache");
    passes("gateway cache: eviction");
}

#[test]
fn bills_and_rules() {
    passes("model: stamps and their cost");
    passes("model: documented rules");
}
