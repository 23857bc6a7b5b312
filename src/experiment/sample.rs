//! Small stored runs for the tests of this room.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::results::{Figure, Manifest, StoredRun};
use crate::units::SimDuration;

pub(super) fn figure(measure: &str, labels: &str) -> Figure {
    Figure { measure: measure.into(), labels: labels.into() }
}

/// A manifest without a digest.
pub(super) fn manifest(seed: u64, replications: u32) -> Manifest {
    Manifest {
        format: 1,
        version: "0.1.0".into(),
        scenario: "outage".into(),
        question: String::new(),
        answer: None,
        inputs_hash: String::new(),
        seed,
        start: "2026-03-02T00:00:00Z".into(),
        horizon: SimDuration::HOUR,
        window: SimDuration::HOUR,
        replications_asked: replications,
        replications_done: replications,
        complete: true,
        partial: None,
        out_of_events: 0,
        digest: None,
        order_hashes: Vec::new(),
        assumptions: Vec::new(),
        catalog: BTreeMap::new(),
        advice: Vec::new(),
        command_line: Vec::new(),
    }
}

/// A run with these figures, a value for each replication; NaN where it has none.
pub(super) fn stored(columns: &[(Figure, &[f64])]) -> StoredRun {
    let count = columns.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
    let mut replications = vec![BTreeMap::new(); count];
    for (figure, values) in columns {
        for (figures, value) in replications.iter_mut().zip(*values).filter(|(_, value)| !value.is_nan()) {
            figures.insert(figure.clone(), *value);
        }
    }
    StoredRun { folder: PathBuf::new(), manifest: manifest(1, count as u32), replications }
}

/// The same run with each replication changed.
pub(super) fn with(run: &StoredRun, change: impl FnMut(&mut BTreeMap<Figure, f64>)) -> StoredRun {
    let mut run = run.clone();
    run.replications.iter_mut().for_each(change);
    run
}
