//! Parts of a run: what each kind of figure held between two cuts, and the figures of any selection of parts.
//!
//! A phase of a fault and the time after a warm-up are selections. Counts and integrals of integers add, so the figures
//! of all parts together are those of the whole run, bit for bit.

use std::collections::BTreeMap;

use super::figure::{Gauged, counted, gauged, shared, tallied};
use super::{Histogram, MeasureKey};
use crate::units::SimTime;

/// Filled cells of a histogram and the exact sum of its values: a histogram without its empty cells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cells {
    cells: Vec<(u64, u64)>,
    sum: u128,
}

impl Cells {
    /// What a histogram holds.
    pub(super) fn of(histogram: &Histogram) -> Self {
        Self { cells: histogram.cells().collect(), sum: histogram.sum() }
    }
}

/// A tally by parts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TallyParts {
    pub(super) key: MeasureKey,
    /// Base units in one unit of the measure.
    pub(super) scale: f64,
    pub(super) parts: Vec<Cells>,
}

/// A level by parts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GaugeParts {
    pub(super) key: MeasureKey,
    /// Units of the level in one unit of the measure.
    pub(super) scale: f64,
    pub(super) parts: Vec<Gauged>,
}

/// A counter by parts; one that makes no figure has no key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CounterParts {
    pub(super) key: Option<MeasureKey>,
    /// Whether its figure is a rate and not a total.
    pub(super) is_rate: bool,
    pub(super) parts: Vec<u64>,
}

/// The share of one counter in another, by their numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ShareParts {
    pub(super) key: MeasureKey,
    pub(super) part: usize,
    pub(super) whole: usize,
}

/// Everything a recorder observed, by parts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parts {
    /// Start of the run, every cut, end of the run; empty when the run was not cut.
    pub(super) edges: Vec<SimTime>,
    pub(super) tallies: Vec<TallyParts>,
    pub(super) gauges: Vec<GaugeParts>,
    pub(super) counters: Vec<CounterParts>,
    pub(super) shares: Vec<ShareParts>,
}

impl Parts {
    /// How many parts there are.
    pub fn count(&self) -> usize {
        self.edges.len().saturating_sub(1)
    }

    /// Start and end of a part.
    pub fn span(&self, part: usize) -> (SimTime, SimTime) {
        (self.edges[part], self.edges[part + 1])
    }

    /// The figures over the chosen parts together; without any, there are none.
    ///
    /// A figure that the observations in these parts cannot support is absent, as it is in a whole run. The largest
    /// rate of any window belongs to whole runs alone.
    pub fn figures(&self, chosen: &[usize]) -> BTreeMap<MeasureKey, f64> {
        let mut out = BTreeMap::new();
        let length: u64 = chosen.iter().map(|part| self.span(*part)).map(|(from, until)| (until - from).0).sum();
        if length == 0 {
            return out;
        }
        for tally in &self.tallies {
            tallied(&tally.key, tally.scale, &tally.merged(chosen), &mut out);
        }
        for gauge in &self.gauges {
            let parts = chosen.iter().map(|part| gauge.parts[*part]);
            if let Some(over) = parts.reduce(Gauged::then) {
                gauged(&gauge.key, gauge.scale, &over, &mut out);
            }
        }
        for counter in &self.counters {
            if let Some(key) = &counter.key {
                counted(key, counter.is_rate, counter.over(chosen), length, &mut out);
            }
        }
        for share in &self.shares {
            let (part, whole) = (&self.counters[share.part], &self.counters[share.whole]);
            shared(&share.key, part.over(chosen), whole.over(chosen), &mut out);
        }
        out
    }
}

impl Parts {
    /// Histograms over the chosen parts, in base units; those that hold something.
    pub fn histograms(&self, chosen: &[usize]) -> BTreeMap<MeasureKey, Histogram> {
        let merged = self.tallies.iter().map(|tally| (tally.key.clone(), tally.merged(chosen)));
        merged.filter(|(_, histogram)| histogram.count() > 0).collect()
    }
}

impl TallyParts {
    fn merged(&self, chosen: &[usize]) -> Histogram {
        let mut merged = Histogram::new();
        for Cells { cells, sum } in chosen.iter().map(|part| &self.parts[*part]) {
            merged.add_cells(cells, *sum);
        }
        merged
    }
}

impl CounterParts {
    fn over(&self, chosen: &[usize]) -> u64 {
        chosen.iter().map(|part| self.parts[*part]).sum()
    }
}
