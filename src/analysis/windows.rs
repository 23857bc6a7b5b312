//! Figures of a run that looks in windows: of calls, the cache and renewals there are those of the windows, and no others.
//!
//! A regular window is a part of a fair sample. One around an edge is not, so the two are never put together: a figure over
//! the whole run is not given. Before and after a fault or a move the fair sample speaks; during it every window does, since
//! one covers it.

use std::collections::BTreeMap;

use super::observations::{Mark, MarkKind, Study};
use super::phase::{self, When};
use crate::metrics::{Histogram, MeasureKey, Parts};
use crate::units::{SimDuration, SimTime};

/// Name of the label.
pub const LABEL: &str = "windows";
/// Its value for the fair sample.
pub const REGULAR: &str = "regular";
/// Its value around edges.
pub const EDGES: &str = "edges";

/// How the windows of a run sample it: those of its first replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Looks {
    /// Regular windows.
    pub regular: usize,
    /// Their usual length.
    pub length: SimDuration,
    /// Their length in all.
    pub looked: SimDuration,
    /// Windows around edges.
    pub edges: usize,
    /// Their length in all.
    pub around: SimDuration,
}

impl Looks {
    /// The windows of a study; none where all of the run was looked at.
    pub fn of(study: &Study) -> Option<Self> {
        let lengths = |sample: &str| {
            let of = study.marks.iter().filter(|mark| mark.kind == MarkKind::Window && mark.label == sample);
            let mut lengths: Vec<SimDuration> = of.map(|mark| mark.until.saturating_since(mark.from)).collect();
            lengths.sort_unstable();
            lengths
        };
        let sum = |lengths: &[SimDuration]| SimDuration(lengths.iter().map(|length| length.0).sum());
        let (regular, edges) = (lengths(REGULAR), lengths(EDGES));
        let length = regular.get(regular.len() / 2).copied().unwrap_or_default();
        let (looked, around) = (sum(&regular), sum(&edges));
        let any = !regular.is_empty() || !edges.is_empty();
        any.then_some(Self { regular: regular.len(), length, looked, edges: edges.len(), around })
    }
}

/// Puts figures and histograms of the windows in the place of those over the whole run that `sampled` names.
pub fn put_in_place(
    values: &mut BTreeMap<MeasureKey, f64>,
    histograms: &mut BTreeMap<MeasureKey, Histogram>,
    (marks, parts): (&[Mark], &Parts),
    sampled: impl Fn(&MeasureKey) -> bool,
) {
    values.retain(|key, _| !sampled(key));
    histograms.retain(|key, _| !sampled(key));
    for sample in [REGULAR, EDGES] {
        let within = |part: &usize| is_within(parts.span(*part), marks, Some(sample));
        let chosen: Vec<usize> = (0..parts.count()).filter(within).collect();
        let figures = parts.figures(&chosen).into_iter().filter(|(key, _)| sampled(key));
        values.extend(figures.map(|(key, value)| (key.with(LABEL, sample), value)));
        let of = parts.histograms(&chosen).into_iter().filter(|(key, _)| sampled(key));
        histograms.extend(of.map(|(key, histogram)| (key.with(LABEL, sample), histogram)));
    }
    let looked_at =
        |when: When, span: (SimTime, SimTime)| is_within(span, marks, Some(REGULAR).filter(|_| when != When::During));
    values.extend(phase::figures_where(marks, parts, looked_at).into_iter().filter(|(key, _)| sampled(key)));
}

/// Whether a time lies in a window, of this sample or of any.
fn is_within((from, until): (SimTime, SimTime), marks: &[Mark], sample: Option<&str>) -> bool {
    let windows = marks.iter().filter(|mark| mark.kind == MarkKind::Window);
    let mut wanted = windows.filter(|mark| sample.is_none_or(|sample| mark.label == sample));
    wanted.any(|mark| mark.from <= from && until <= mark.until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Recorder;
    use crate::metrics::recorder::CountAs;

    fn mark(kind: MarkKind, label: &str, from: u64, until: u64) -> Mark {
        Mark { kind, label: label.into(), from: SimTime(from), until: SimTime(until) }
    }

    /// A count of 1, 2, 4, ... in each ten microseconds: a sum says which of them it holds.
    #[test]
    fn figures_hold_the_windows_of_their_sample_and_nothing_else() {
        let mut recorder = Recorder::in_parts();
        let calls = recorder.counter(MeasureKey::new("commands"), CountAs::Total);
        for i in 0..8 {
            recorder.cut_always(SimTime(10 * i));
            recorder.count(calls, 1 << i);
        }
        let recorded = recorder.finish(SimTime(80));
        let marks = [
            mark(MarkKind::Window, REGULAR, 10, 20),
            mark(MarkKind::Window, EDGES, 30, 60),
            mark(MarkKind::Window, REGULAR, 70, 80),
            mark(MarkKind::Fault, "outage", 40, 50),
        ];
        let (mut values, mut histograms) = (recorded.values, recorded.histograms);
        put_in_place(&mut values, &mut histograms, (&marks, &recorded.parts), |key| key.name == "commands");
        let of = |name, label| values.get(&MeasureKey::new("commands").with(name, label)).copied();
        assert_eq!((of(LABEL, REGULAR), of(LABEL, EDGES)), (Some(2.0 + 128.0), Some(8.0 + 16.0 + 32.0)));
        assert_eq!(of("phase", "during outage"), Some(16.0));
        assert_eq!((of("phase", "before outage"), of("phase", "after outage")), (Some(2.0), Some(128.0)));
        assert_eq!(values.get(&MeasureKey::new("commands")), None);
    }
}
