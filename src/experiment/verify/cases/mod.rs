//! The cases that go the way of a user's scenario: text, check, replications, estimate.

mod caches;
mod choices;
mod documents;
mod failover;
mod outages;
mod provisioning;
mod queues;
mod storms;
mod vicious;

use super::case::Case;
use super::table::Table;

/// Every simulated case, in the order of its rows.
pub(super) fn all(table: &Table) -> Vec<Case> {
    let rooms = [
        queues::cases,
        storms::cases,
        outages::cases,
        provisioning::cases,
        failover::cases,
        caches::cases,
        choices::cases,
        documents::cases,
    ];
    rooms.iter().flat_map(|cases| cases(table)).chain(vicious::cases()).collect()
}
