//! Phases of a run: the time before, during and after each fault and each move, and the figures of each.
//!
//! A phase is the label `phase` of a figure, such as `phase=during weu-2-outage`. It needs no other statistics: over
//! replications it is a figure like any other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::observations::{Mark, MarkKind};
use crate::metrics::{MeasureKey, Parts};
use crate::units::SimTime;

/// Name of the label.
pub const LABEL: &str = "phase";

/// Where a phase lies against its fault or move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// From the start of the run to the first start of the fault or move.
    Before,
    /// From each start to the end of the cause of a fault, or to the last connection of a move.
    During,
    /// From the first end onwards, but for what is during another occurrence.
    After,
}

impl When {
    /// All three, in the order of time.
    pub const ALL: [Self; 3] = [Self::Before, Self::During, Self::After];

    /// The word of scenario files and labels.
    pub fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::During => "during",
            Self::After => "after",
        }
    }
}

/// A phase of a fault or a move.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Phase {
    /// Where it lies.
    pub when: When,
    /// Name of the fault or move.
    pub of: String,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.when.word(), self.of)
    }
}

impl Phase {
    /// Whether the time from `from` to `until` lies in the phase, wholly; never where the fault or move did not occur.
    pub fn holds(&self, (from, until): (SimTime, SimTime), marks: &[Mark]) -> bool {
        let mut spans = marks.iter().filter(|mark| has_phases(mark) && mark.label == self.of);
        let Some(first) = spans.clone().next() else { return false };
        match self.when {
            When::Before => until <= first.from,
            When::During => spans.any(|mark| mark.from <= from && until <= mark.until),
            When::After => from >= first.until && !spans.any(|mark| from < mark.until && mark.from < until),
        }
    }
}

fn has_phases(mark: &Mark) -> bool {
    matches!(mark.kind, MarkKind::Fault | MarkKind::Move | MarkKind::Retirement)
}

/// The figures of every phase of a replication, under their own keys with the label [`LABEL`].
pub fn figures(marks: &[Mark], parts: &Parts) -> BTreeMap<MeasureKey, f64> {
    figures_where(marks, parts, |_, _| true)
}

/// The same over the parts of each phase that are wanted, by where the phase lies and by the part's span.
pub(super) fn figures_where(
    marks: &[Mark],
    parts: &Parts,
    wanted: impl Fn(When, (SimTime, SimTime)) -> bool,
) -> BTreeMap<MeasureKey, f64> {
    let names: BTreeSet<&str> = marks.iter().filter(|mark| has_phases(mark)).map(|mark| mark.label.as_str()).collect();
    let phases = names.into_iter().flat_map(|of| When::ALL.map(|when| Phase { when, of: of.to_owned() }));
    let mut all = BTreeMap::new();
    for phase in phases {
        let within = |part: &usize| phase.holds(parts.span(*part), marks) && wanted(phase.when, parts.span(*part));
        let chosen: Vec<usize> = (0..parts.count()).filter(within).collect();
        let label = phase.to_string();
        all.extend(parts.figures(&chosen).into_iter().map(|(key, value)| (key.with(LABEL, label.clone()), value)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Recorder;
    use crate::metrics::recorder::CountAs;

    fn mark(kind: MarkKind, label: &str, from: u64, until: u64) -> Mark {
        Mark { kind, label: label.into(), from: SimTime(from), until: SimTime(until) }
    }

    fn phase(when: When, of: &str) -> Phase {
        Phase { when, of: of.into() }
    }

    #[test]
    fn the_phases_of_a_repeated_fault_cover_the_run_once() {
        let marks = [
            mark(MarkKind::Fault, "outage", 10, 20),
            mark(MarkKind::Move, "promote", 12, 90),
            mark(MarkKind::Fault, "outage", 40, 50),
            mark(MarkKind::StampAdded, "weu-5", 30, 30),
        ];
        for (from, when) in
            [(0, When::Before), (10, When::During), (20, When::After), (40, When::During), (50, When::After)]
        {
            let span = (SimTime(from), SimTime(from + 10));
            let found: Vec<When> =
                When::ALL.into_iter().filter(|when| phase(*when, "outage").holds(span, &marks)).collect();
            assert_eq!(found, [when], "from {from}");
        }
        // A time that reaches over an edge is in no phase, and a stamp or an unknown name has none.
        for of in ["outage", "weu-5", "nothing"] {
            let span = (SimTime(5), SimTime(15));
            assert!(When::ALL.iter().all(|when| !phase(*when, of).holds(span, &marks)), "{of}");
        }
    }

    #[test]
    fn a_figure_of_each_phase_counts_what_happened_in_it() {
        let mut recorder = Recorder::in_parts();
        let commands = recorder.counter(MeasureKey::new("commands"), CountAs::Total);
        for (n, at) in [(5, 10), (7, 20)] {
            recorder.count(commands, n);
            recorder.cut(SimTime(at));
        }
        recorder.count(commands, 11);
        let parts = recorder.finish(SimTime(100)).parts;
        let figures = figures(&[mark(MarkKind::Fault, "outage", 10, 20)], &parts);
        let found: Vec<(String, f64)> = figures.iter().map(|(key, value)| (key.to_string(), *value)).collect();
        let expected = [("after", 11.0), ("before", 5.0), ("during", 7.0)]
            .map(|(when, n)| (format!("commands{{phase={when} outage}}"), n));
        assert_eq!(found, expected);
    }
}
