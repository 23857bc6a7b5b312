//! A run once more: one replication with a log of its events, and where two runs of it parted.

use super::replication::{Replication, replicate_logged};
use crate::kernel::trace::Checkpoint;
use crate::scenario::Scenario;
use crate::theory::md1_table::Md1Table;

/// Runs one replication by itself and logs its events from one count of events up to another.
pub fn relive(scenario: &Scenario, replication: u32, log: (u64, u64)) -> Result<Replication, String> {
    replicate_logged(scenario, &Md1Table::new(), replication, log, &|| false)
}

/// Where two runs of a replication parted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parting {
    /// The first so many events were the same.
    pub same: u64,
    /// By this count of events, they were not.
    pub by: u64,
}

/// Between which checkpoints two runs parted; nothing when they are equal to the end.
///
/// Steps double with the length of a run, so only checkpoints at the same count of events are held against each other.
pub fn parting(stored: &[Checkpoint], now: &[Checkpoint]) -> Option<Parting> {
    let ends = |list: &[Checkpoint]| list.last().map(|end| (end.events, end.hash));
    if ends(stored) == ends(now) {
        return None;
    }
    let at = |events: u64| stored.binary_search_by_key(&events, |checkpoint| checkpoint.events).ok().map(|i| stored[i]);
    let meeting = now.iter().filter_map(|b| at(b.events).map(|a| (a, b)));
    let mut same = 0;
    for (a, b) in meeting {
        if a.hash != b.hash {
            return Some(Parting { same, by: b.events });
        }
        same = b.events;
    }
    let by = stored.last().into_iter().chain(now.last()).map(|end| end.events).max().unwrap_or(0);
    Some(Parting { same, by })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimTime;

    fn checkpoints(list: &[(u64, u64)]) -> Vec<Checkpoint> {
        list.iter().map(|(events, hash)| Checkpoint { events: *events, time: SimTime(0), hash: *hash }).collect()
    }

    #[test]
    fn runs_part_between_the_last_equal_and_the_first_other_checkpoint() {
        let stored = checkpoints(&[(2, 7), (4, 8), (6, 9), (7, 10)]);
        assert_eq!(parting(&stored, &stored), None);
        let other = |list: &[(u64, u64)]| parting(&stored, &checkpoints(list)).map(|p| (p.same, p.by));
        assert_eq!(other(&[(2, 7), (4, 80), (6, 90), (7, 100)]), Some((2, 4)));
        assert_eq!(other(&[(2, 70), (3, 1)]), Some((0, 2)));
        // A longer run has wider steps.
        assert_eq!(other(&[(4, 8), (8, 1), (11, 2)]), Some((4, 11)));
        // One that ended early.
        assert_eq!(other(&[(2, 7), (4, 8)]), Some((4, 7)));
        assert_eq!(other(&[]), Some((0, 7)));
    }
}
