//! The tables of a run folder, as text: numbers in their shortest form that reads back equal.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::{FORMAT, Manifest};
use crate::analysis::caution;
use crate::analysis::{Estimate, Evidence, MarkKind, Observations, Study};
use crate::metrics::{Better, Histogram, MeasureKey};

/// The shortest decimal that reads back as the same number; empty for what is not a number.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if value.is_nan() {
        String::new()
    } else if size != 0.0 && !(1e-5..1e16).contains(&size) {
        format!("{value:e}")
    } else {
        value.to_string()
    }
}

/// The word of a direction in tables.
fn better(better: Better) -> &'static str {
    match better {
        Better::Lower => "lower",
        Better::Higher => "higher",
        Better::Neither => "neither",
    }
}

/// What limits alone make of a figure, where that is known.
pub type Floors = BTreeMap<MeasureKey, f64>;

/// `summary.json` of a run folder: every figure with its interval.
#[derive(Serialize, JsonSchema)]
pub(super) struct Summary<'a> {
    /// Version of the format of the run folder.
    format: u64,
    /// Name of the scenario.
    scenario: &'a str,
    /// Digest of the results; null for a run that is not complete.
    digest: Option<&'a str>,
    /// Replications that are whole.
    replications: u32,
    /// Every figure.
    measures: Vec<Row<'a>>,
}

/// One figure; what is not a number, such as the interval of a single replication, is null.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Figure")]
struct Row<'a> {
    /// Name of the measure, as `stampsim list measures` has it.
    name: &'a str,
    /// Unit of the figure.
    unit: &'a str,
    /// Labels that tell figures of one measure apart, such as `quantile`.
    labels: BTreeMap<&'a str, &'a str>,
    /// Mean over the replications.
    #[schemars(with = "Option<f64>")]
    estimate: f64,
    /// Lower end of the 95 % interval.
    #[schemars(with = "Option<f64>")]
    low: f64,
    /// Upper end of the 95 % interval.
    #[schemars(with = "Option<f64>")]
    high: f64,
    /// Replications that have the figure.
    n: u32,
    /// Which direction is better.
    better: Better,
    /// What the limits alone allow, where that is known.
    floor: Option<f64>,
    /// What the figure does not say by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl<'a> Row<'a> {
    fn of((key, estimate, note): &'a Noted, floors: &Floors) -> Self {
        let measure = key.measure();
        Self {
            name: measure.name,
            unit: measure.unit,
            labels: key.labels.iter().collect(),
            estimate: estimate.mean,
            low: estimate.low,
            high: estimate.high,
            n: estimate.n,
            better: measure.better,
            floor: floors.get(key).copied(),
            note: note.clone(),
        }
    }
}

/// A figure with what it does not say by itself.
type Noted = (MeasureKey, Estimate, Option<String>);

/// Every figure with its note, those too that the sample cannot carry.
fn noted(study: &Study, runs: &[Observations]) -> Vec<Noted> {
    let there = study.estimates.iter().map(|(key, e)| (key.clone(), *e, caution::note(key, e, runs)));
    let refused = caution::refused(runs).into_iter();
    let mut all: Vec<_> =
        there.chain(refused.map(|(key, few)| (key, Estimate::ABSENT, Some(few.to_string())))).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// Every figure with its interval, as JSON.
pub(super) fn summary_json(
    to: &mut dyn Write,
    manifest: &Manifest,
    study: &Study,
    runs: &[Observations],
    floors: &Floors,
) -> io::Result<()> {
    let noted = noted(study, runs);
    let summary = Summary {
        format: FORMAT,
        scenario: &study.scenario,
        digest: manifest.digest.as_deref(),
        replications: study.replications,
        measures: noted.iter().map(|noted| Row::of(noted, floors)).collect(),
    };
    json(to, &summary)
}

/// Any value as indented JSON with a line end.
pub(super) fn json(to: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *to, value)?;
    to.write_all(b"\n")
}

/// Every figure with its interval, one row each.
pub(super) fn summary_csv(to: &mut dyn Write, study: &Study, runs: &[Observations]) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(to);
    csv.write_record(["scenario", "measure", "unit", "labels", "estimate", "low", "high", "n", "better", "note"])?;
    for (key, estimate, note) in &noted(study, runs) {
        let measure = key.measure();
        let labels = key.labels.to_string();
        let [mean, low, high, n] = cells(estimate);
        let names = [study.scenario.as_str(), measure.name, measure.unit, &labels];
        csv.write_record(names.into_iter().chain([
            &*mean,
            &low,
            &high,
            &n,
            better(measure.better),
            note.as_deref().unwrap_or(""),
        ]))?;
    }
    csv.flush()
}

/// Most rows of evidence of one expectation; windows of many replications would fill a disk.
const EVIDENCE_ROWS_MAX: usize = 100_000;

/// The values behind a judgement: of every replication, or of the windows that are not as expected.
pub(super) fn evidence_csv(to: &mut dyn Write, window_s: f64, evidence: &[Evidence]) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(to);
    csv.write_record(["figure", "bound", "replication", "window_start_s", "value", "as_expected"])?;
    let rows = evidence.iter().flat_map(|evidence| evidence.rows.iter().map(move |row| (evidence, row)));
    let kept = rows.filter(|(_, row)| row.window.is_none() || !row.is_good);
    for (evidence, row) in kept.take(EVIDENCE_ROWS_MAX) {
        let start = row.window.map_or_else(String::new, |window| number(window as f64 * window_s));
        let (figure, bound) = (evidence.key.to_string(), evidence.bound.to_string());
        let (replication, value) = (row.replication.to_string(), number(row.value));
        csv.write_record([&*figure, &bound, &replication, &start, &value, if row.is_good { "yes" } else { "no" }])?;
    }
    csv.flush()
}

/// Every figure of every whole replication, in the order of the plan.
pub(super) fn replications_csv(to: &mut dyn Write, whole: &[&Observations]) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(to);
    csv.write_record(["replication", "measure", "labels", "value"])?;
    for run in whole {
        let replication = run.replication.to_string();
        for (key, value) in &run.values {
            csv.write_record([&*replication, key.name, &key.labels.to_string(), &number(*value)])?;
        }
    }
    csv.flush()
}

/// What happened when.
pub(super) fn marks_csv(to: &mut dyn Write, study: &Study) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(to);
    csv.write_record(["kind", "label", "from_s", "until_s"])?;
    for mark in &study.marks {
        let kind = match mark.kind {
            MarkKind::Fault => "fault",
            MarkKind::Move => "move",
            MarkKind::StampAdded => "stamp_added",
            MarkKind::StampResized => "stamp_resized",
            MarkKind::StampRetired => "stamp_retired",
            MarkKind::Retirement => "retirement",
            MarkKind::AllocationChanged => "allocation_changed",
            MarkKind::MovePaused => "move_paused",
            MarkKind::Window => "window",
        };
        csv.write_record([kind, &mark.label, &number(mark.from.secs()), &number(mark.until.secs())])?;
    }
    csv.flush()
}

/// Figures grouped by measure, each group a file with the labels as columns.
pub(super) fn by_measure<T>(figures: &BTreeMap<MeasureKey, T>) -> BTreeMap<&'static str, Vec<(&MeasureKey, &T)>> {
    let mut groups: BTreeMap<&'static str, Vec<_>> = BTreeMap::new();
    for (key, figure) in figures {
        groups.entry(key.name).or_default().push((key, figure));
    }
    groups
}

/// The names of all labels of a group, sorted.
fn label_names<T>(group: &[(&MeasureKey, T)]) -> Vec<&'static str> {
    let names: BTreeSet<_> = group.iter().flat_map(|(key, _)| key.labels.iter().map(|(name, _)| name)).collect();
    names.into_iter().collect()
}

/// The values of the labels in the order of their columns; empty where the figure has none.
fn label_values<'a>(key: &'a MeasureKey, names: &[&'static str]) -> Vec<&'a str> {
    names.iter().map(|name| key.labels.get(name).unwrap_or("")).collect()
}

/// One measure over time: start of the window [s], labels, estimate and interval.
pub(super) fn series_csv(to: &mut dyn Write, window_s: f64, group: &[(&MeasureKey, &Vec<Estimate>)]) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(to);
    let names = label_names(group);
    csv.write_record(["t_s"].into_iter().chain(names.iter().copied()).chain(["estimate", "low", "high", "n"]))?;
    for (key, windows) in group {
        let labels = label_values(key, &names);
        for (i, estimate) in windows.iter().enumerate() {
            let t = number(window_s * i as f64);
            let figures = cells(estimate);
            let row = [t.as_str()].into_iter().chain(labels.iter().copied()).chain(figures.iter().map(String::as_str));
            csv.write_record(row)?;
        }
    }
    csv.flush()
}

/// One measure's merged counts: labels, upper end of the cell in the unit of the measure, count.
pub(super) fn histogram_csv(to: &mut dyn Write, group: &[(&MeasureKey, &Histogram)]) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(to);
    let names = label_names(group);
    csv.write_record(names.iter().copied().chain(["value_upto", "count"]))?;
    for (key, histogram) in group {
        let labels = label_values(key, &names);
        let scale = cells_per_unit(key.measure().unit);
        for (value, count) in histogram.cells() {
            let figures = [number(value as f64 / scale), count.to_string()];
            csv.write_record(labels.iter().copied().chain(figures.iter().map(String::as_str)))?;
        }
    }
    csv.flush()
}

/// Times are counted in microseconds, all else in its own unit.
fn cells_per_unit(unit: &str) -> f64 {
    match unit {
        "ms" => 1e3,
        "s" => 1e6,
        _ => 1.0,
    }
}

/// Estimate, low, high and n as text.
fn cells(estimate: &Estimate) -> [String; 4] {
    [number(estimate.mean), number(estimate.low), number(estimate.high), estimate.n.to_string()]
}

#[cfg(test)]
mod tests {
    use super::super::sample::{manifest, run, study};
    use super::*;
    use proptest::prelude::*;

    fn text(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
        let mut bytes = Vec::new();
        write(&mut bytes).expect("memory takes everything");
        String::from_utf8(bytes).expect("tables are text")
    }

    #[test]
    fn series_have_labels_as_columns_and_gaps_where_nothing_was_seen() {
        let study = study("outage", &[run(0, 1.0)]);
        let group = by_measure(&study.series).remove("devices_in_state").expect("there is one");
        let table = text(|to| series_csv(to, 10.0, &group));
        let expected = "t_s,state,estimate,low,high,n\n0,backing off,0,,,1\n10,backing off,,,,0\n\
                        0,connected,1,,,1\n10,connected,,,,0\n";
        assert_eq!(table, expected);
    }

    #[test]
    fn histograms_are_in_the_unit_of_their_measure() {
        let study = study("outage", &[run(0, 1.0), run(1, 1.0)]);
        let group = by_measure(&study.histograms).remove("command_latency_ms").expect("there is one");
        assert_eq!(text(|to| histogram_csv(to, &group)), "value_upto,count\n0.09,3\n12.543,6\n");
    }

    #[test]
    fn the_summary_says_null_where_there_is_no_interval() {
        let runs = [run(0, 1.5)];
        let study = study("outage", &runs);
        let floors = Floors::from([(MeasureKey::new("command_latency_ms").with("quantile", "0.99"), 0.25)]);
        let json: serde_json::Value =
            serde_json::from_str(&text(|to| summary_json(to, &manifest(&study, &runs), &study, &runs, &floors)))
                .expect("JSON");
        assert_eq!(json["format"], 1);
        assert_eq!(json["digest"], serde_json::Value::Null);
        let refused = &json["measures"][0];
        assert_eq!((&refused["labels"]["quantile"], &refused["estimate"]), (&"0.5".into(), &serde_json::Value::Null));
        assert_eq!(refused["note"], "n too small: 4 values, 10 are needed");
        let first = &json["measures"][3];
        assert_eq!((&first["name"], &first["labels"]["quantile"]), (&"command_latency_ms".into(), &"0.99".into()));
        assert_eq!((&first["estimate"], &first["low"]), (&0.5.into(), &serde_json::Value::Null));
        assert_eq!((&first["better"], &first["n"]), (&"lower".into(), &1.into()));
        assert_eq!((&first["floor"], &json["measures"][5]["floor"]), (&0.25.into(), &serde_json::Value::Null));
        let table = text(|to| summary_csv(to, &study, &runs));
        assert!(table.contains("\noutage,commands,1,,1.5,,,1,neither,one replication: no interval\n"), "{table}");
    }

    #[test]
    fn marks_are_in_seconds() {
        let study = study("outage", &[run(0, 1.0)]);
        assert_eq!(text(|to| marks_csv(to, &study)), "kind,label,from_s,until_s\nfault,outage,5e-6,1.5\n");
    }

    proptest! {
        #[test]
        fn numbers_read_back_equal(value: f64) {
            let text = number(value);
            prop_assert!(text.len() <= 24, "{}", text);
            if !value.is_nan() {
                prop_assert_eq!(text.parse::<f64>().map(f64::to_bits), Ok(value.to_bits()));
            }
        }
    }
}
