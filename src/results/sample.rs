//! Small results for the tests of this room.

use super::{Manifest, RunFacts};
use crate::analysis::{Ended, Mark, MarkKind, Observations, Study, StudyMeta, summarise};
use crate::metrics::{Histogram, MeasureKey, Parts};
use crate::units::{SimDuration, SimTime};

/// A replication with one figure of each kind.
pub(super) fn run(replication: u32, commands: f64) -> Observations {
    let mut latency = Histogram::new();
    latency.record_n(12_500, 3);
    latency.record_n(90, u64::from(replication) + 1);
    Observations {
        replication,
        order_hash: 0xdead_beef_0000_0000 + u64::from(replication),
        events: 10,
        ended: Ended::Horizon,
        values: [
            (MeasureKey::new("commands"), commands),
            (MeasureKey::new("command_latency_ms").with("quantile", "0.99"), commands / 3.0),
        ]
        .into(),
        histograms: [(MeasureKey::new("command_latency_ms"), latency)].into(),
        series: [
            (MeasureKey::new("devices_connected"), vec![commands, 5.0]),
            (MeasureKey::new("devices_in_state").with("state", "connected"), vec![1.0, f64::NAN]),
            (MeasureKey::new("devices_in_state").with("state", "backing off"), vec![0.0, f64::NAN]),
        ]
        .into(),
        parts: Parts::default(),
        marks: vec![Mark {
            kind: MarkKind::Fault,
            label: "outage".into(),
            from: SimTime(5),
            until: SimTime(1_500_000),
        }],
    }
}

/// The study of some replications.
pub(super) fn study(scenario: &str, runs: &[Observations]) -> Study {
    let meta = StudyMeta {
        scenario: scenario.into(),
        question: "who notices?".into(),
        start: "2026-03-02T00:00:00Z".into(),
        horizon: SimDuration::from_secs(20),
        window: SimDuration::from_secs(10),
    };
    summarise(meta, runs)
}

/// What the command line knows of a run of three replications.
pub(super) fn facts() -> RunFacts {
    RunFacts {
        inputs_hash: "0123456789abcdef".into(),
        seed: 7,
        replications_asked: 3,
        partial: None,
        answer: None,
        assumptions: vec!["a move off a dead hub is a reset".into()],
        command_line: vec!["stampsim".into(), "run".into(), "outage.toml".into()],
        catalog: [("prices".to_owned(), "azure-2026-11".to_owned())].into(),
        advice: Vec::new(),
    }
}

/// A manifest of all that.
pub(super) fn manifest(study: &Study, runs: &[Observations]) -> Manifest {
    Manifest::of(facts(), study, runs)
}
