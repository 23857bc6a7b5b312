//! From what was observed over some time to figures: one rule for each kind, for whole runs and for parts of them.

use std::collections::BTreeMap;

use super::recorder::QUANTILES;
use super::{Histogram, MeasureKey};
use crate::units::SimDuration;

/// Values that a quantile needs beyond it before it is reported: a p99.9 needs 5,000.
const BEYOND_QUANTILE: f64 = 5.0;

type Values = BTreeMap<MeasureKey, f64>;

/// Values that the quantile `q` needs before it is reported [1].
pub fn values_needed(q: f64) -> u64 {
    // 5 / (1 - 0.99) lands a hair above 500.
    (BEYOND_QUANTILE / (1.0 - q) * (1.0 - 1e-9)).ceil() as u64
}

/// Mean, largest value and quantiles of a tally, as far as its values support them.
pub(super) fn tallied(key: &MeasureKey, scale: f64, values: &Histogram, out: &mut Values) {
    let (Some(mean), Some(most)) = (values.mean(), values.max()) else { return };
    out.insert(key.clone().with("stat", "mean"), mean / scale);
    out.insert(key.clone().with("stat", "max"), most as f64 / scale);
    for (q, label) in QUANTILES {
        if values.count() >= values_needed(q) {
            let value = values.quantile(q).expect("there are values") as f64 / scale;
            out.insert(key.clone().with("quantile", label), value);
        }
    }
}

/// A level over some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gauged {
    /// Integral over the time [value x us].
    pub(super) integral: u128,
    /// Length of the time [us].
    pub(super) length: u64,
    /// Smallest value held.
    pub(super) least: u64,
    /// Largest value held.
    pub(super) most: u64,
    /// Value at the end.
    pub(super) end: u64,
}

impl Gauged {
    /// This time and a later one together.
    pub(super) fn then(self, later: Self) -> Self {
        // A part of no length held no value.
        let held = |part: Self, value: u64, neutral: u64| if part.length == 0 { neutral } else { value };
        Self {
            integral: self.integral + later.integral,
            length: self.length + later.length,
            least: held(self, self.least, u64::MAX).min(held(later, later.least, u64::MAX)),
            most: held(self, self.most, 0).max(held(later, later.most, 0)),
            end: later.end,
        }
    }
}

/// Mean, extremes and end of a level.
pub(super) fn gauged(key: &MeasureKey, scale: f64, over: &Gauged, out: &mut Values) {
    if over.length == 0 {
        return;
    }
    let mean = over.integral as f64 / over.length as f64;
    let figures = [("mean", mean), ("min", over.least as f64), ("max", over.most as f64), ("end", over.end as f64)];
    for (stat, value) in figures {
        out.insert(key.clone().with("stat", stat), value / scale);
    }
}

/// A count over a length of time [us]: the total, or the mean rate per second.
pub(super) fn counted(key: &MeasureKey, is_rate: bool, total: u64, length: u64, out: &mut Values) {
    if is_rate {
        let seconds = SimDuration(length).secs();
        out.insert(key.clone().with("stat", "mean"), total as f64 / seconds);
    } else {
        out.insert(key.clone(), total as f64);
    }
}

/// The share of one count in another; none of nothing.
pub(super) fn shared(key: &MeasureKey, part: u64, whole: u64, out: &mut Values) {
    if whole > 0 {
        out.insert(key.clone(), part as f64 / whole as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_needs_five_values_beyond_it() {
        assert_eq!([0.5, 0.9, 0.95, 0.99, 0.999].map(values_needed), [10, 50, 100, 500, 5_000]);
    }

    #[test]
    fn a_part_of_no_length_held_nothing() {
        let instant = Gauged { integral: 0, length: 0, least: 9, most: 9, end: 9 };
        let held = Gauged { integral: 20, length: 10, least: 1, most: 3, end: 2 };
        assert_eq!(instant.then(held), held);
        assert_eq!(held.then(instant), Gauged { end: 9, ..held });
    }
}
