//! Which figures an expectation is about.

use std::collections::{BTreeMap, BTreeSet};

use super::super::bound::{number, percent};
use super::super::observations::Study;
use super::super::phase;
use super::super::suggestion::nearest;
use super::super::windows;
use super::{ANY, Absent, Expectation, suggest};
use crate::metrics::measure::find;
use crate::metrics::{Labels, MeasureKey};

/// The figures among `keys` that an expectation is about; at least one.
///
/// Windows are chosen by their time, so the phase of an expectation on windows is no label.
pub(super) fn figures<'a>(
    expectation: &Expectation,
    keys: impl Iterator<Item = &'a MeasureKey>,
) -> Result<Vec<&'a MeasureKey>, Absent> {
    let mut wanted = expectation.labels.clone();
    if let (Some(phase), None) = (&expectation.phase, expectation.windows) {
        wanted.insert(phase::LABEL.to_owned(), phase.to_string());
    }
    matching(&expectation.measure, &wanted, keys).map_err(|absent| match absent {
        Absent::Figure { name, .. } => Absent::Figure { name, windows: expectation.windows.is_some() },
        other => other,
    })
}

/// The figures of a measure that carry labels; at least one. Only the figure with just these labels, if there is one.
pub(in crate::analysis) fn matching<'a>(
    name: &str,
    wanted: &BTreeMap<String, String>,
    keys: impl Iterator<Item = &'a MeasureKey>,
) -> Result<Vec<&'a MeasureKey>, Absent> {
    let measure = find(name).ok_or_else(|| Absent::Measure { name: name.to_owned(), nearest: suggest(name) })?;
    // The figures of a phase are asked for by name, since each is a part of one of the whole.
    let asked = |key: &MeasureKey, label| key.labels.get(label).is_none() || wanted.contains_key(label);
    let all: Vec<_> = keys.filter(|key| key.name == name).collect();
    let in_question = |key: &&MeasureKey| asked(key, phase::LABEL) && asked(key, windows::LABEL);
    let of_measure: Vec<_> = all.iter().copied().filter(in_question).collect();
    if of_measure.is_empty() {
        if all.iter().any(|key| key.labels.get(windows::LABEL).is_some()) {
            return Err(Absent::OnlyInWindows { name: measure.name });
        }
        return Err(Absent::Figure { name: measure.name, windows: false });
    }
    let mut carrying: Vec<_> = of_measure.iter().copied().filter(|key| carries(&key.labels, wanted)).collect();
    let any = wanted.values().any(|value| value == ANY);
    if let Some(exact) = carrying.iter().position(|key| !any && key.labels.iter().count() == wanted.len()) {
        carrying = vec![carrying[exact]];
    }
    if carrying.is_empty() { Err(unmatched(wanted, &of_measure)) } else { Ok(carrying) }
}

/// The figures whose means the expectations judge.
pub fn judged_means(expectations: &[Expectation], study: &Study) -> BTreeSet<MeasureKey> {
    let by_mean = expectations.iter().filter(|e| e.windows.is_none() && e.replications.is_none());
    by_mean.flat_map(|e| figures(e, study.estimates.keys()).into_iter().flatten().cloned()).collect()
}

/// Whether a figure has all the wanted labels.
fn carries(labels: &Labels, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(name, value)| labels.get(name).is_some_and(|found| value == ANY || same(found, value)))
}

/// Whether two values of a label say the same: letter by letter, or as numbers ("99 %" and "0.99").
fn same(a: &str, b: &str) -> bool {
    let read = |text: &str| {
        let text = text.trim();
        percent(text).or_else(|| number(text, ""))
    };
    a.trim() == b.trim() || read(a).zip(read(b)).is_some_and(|(a, b)| a.total_cmp(&b).is_eq())
}

/// Which label leaves no figure.
fn unmatched(wanted: &BTreeMap<String, String>, figures: &[&MeasureKey]) -> Absent {
    for (label, value) in wanted {
        let values: BTreeSet<&str> = figures.iter().filter_map(|key| key.labels.get(label)).collect();
        if values.is_empty() {
            let names: BTreeSet<_> = figures.iter().flat_map(|key| key.labels.iter().map(|l| l.0)).collect();
            let nearest = nearest(label, names.iter().copied());
            return Absent::Label { label: label.clone(), nearest, known: names.into_iter().collect() };
        }
        if value != ANY && !values.iter().any(|found| same(found, value)) {
            let nearest = nearest(value, values.iter().copied()).map(str::to_owned);
            let known = values.into_iter().map(str::to_owned).collect();
            return Absent::Value { label: label.clone(), value: value.clone(), nearest, known };
        }
    }
    Absent::Together
}
