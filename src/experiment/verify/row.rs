//! A row: a reference beside what was found, and whether it passes. A test of equivalence: only an interval that lies within
//! the margin as a whole passes, so noise cannot pass it and more replications can only sharpen it.

use crate::analysis::{Estimate, estimate_at};

/// Confidence of the intervals [1].
pub const LEVEL: f64 = 0.99;
/// Rounding of a sum of `f64` that an exact figure may differ by [1].
const ROUNDING: f64 = 1e-9;

/// How far from its reference a figure may lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Margin {
    /// Nothing but the rounding of a sum, in every replication.
    Exact,
    /// A share of the reference [1].
    Relative(f64),
    /// A distance [unit of the figure].
    Absolute(f64),
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The estimate: mean over replications, or a value that no randomness enters.
    pub mean: f64,
    /// Lower end of the 99 % interval; the estimate itself where nothing is random.
    pub low: f64,
    /// Upper end of the 99 % interval.
    pub high: f64,
    /// Replications; 0 for a closed form.
    pub replications: u32,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The family it is counted in.
    pub family: &'static str,
    /// What was computed or simulated.
    pub case: String,
    /// Which figure of it.
    pub figure: String,
    /// The value that it should have.
    pub reference: f64,
    /// Where that was published or derived.
    pub source: String,
    /// What was found; nothing where the figure does not exist.
    pub found: Option<Found>,
    /// How far it may be off.
    pub margin: Margin,
}

impl Found {
    /// A value that no randomness enters.
    pub(super) fn computed(value: f64) -> Self {
        Self { mean: value, low: value, high: value, replications: 0 }
    }

    /// An estimate over replications. One replication has no interval: it is for cases that nothing random enters.
    pub(super) fn over(values: &[f64]) -> Option<Self> {
        let Estimate { mean, low, high, n } = estimate_at(values, LEVEL)?;
        let (low, high) = if n == 1 { (mean, mean) } else { (low, high) };
        Some(Self { mean, low, high, replications: n })
    }

    /// Whether there is no interval to speak of.
    pub fn is_exact(&self) -> bool {
        self.replications < 2 || self.low >= self.high
    }
}

impl Row {
    /// Half of the room that the figure has about its reference [unit of the figure].
    fn room(&self) -> f64 {
        match self.margin {
            Margin::Exact => ROUNDING * self.reference.abs().max(1.0),
            Margin::Relative(share) => share * self.reference.abs(),
            Margin::Absolute(distance) => distance,
        }
    }

    /// Distance of the far end of the interval from the reference [unit of the figure]; infinite where nothing was found.
    fn distance(&self) -> f64 {
        let far = |found: &Found| (found.low - self.reference).abs().max((found.high - self.reference).abs());
        // A figure that is no number is as far off as can be.
        self.found.as_ref().map(far).filter(|far| !far.is_nan()).unwrap_or(f64::INFINITY)
    }

    /// Whether the whole interval lies within the margin.
    pub fn passes(&self) -> bool {
        self.distance() <= self.room()
    }

    /// `pass` or `fail`.
    pub fn verdict(&self) -> &'static str {
        if self.passes() { "pass" } else { "fail" }
    }

    /// Distance of the far end of the interval against the reference [1]; against 1 for a reference of zero.
    pub fn deviation(&self) -> f64 {
        let scale = if self.reference.abs() <= 0.0 { 1.0 } else { self.reference.abs() };
        self.distance() / scale
    }

    /// Share of the margin that the far end of the interval uses [1]; above 1 it fails.
    pub fn margin_used(&self) -> f64 {
        if self.distance() <= 0.0 { 0.0 } else { self.distance() / self.room() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(reference: f64, margin: Margin, values: &[f64]) -> Row {
        Row {
            family: "a family",
            case: "a case".into(),
            figure: "a figure".into(),
            reference,
            source: "by hand".into(),
            found: Found::over(values),
            margin,
        }
    }

    #[test]
    fn a_wrong_reference_fails_and_so_does_an_interval_that_leaves_the_margin() {
        let values = [9.9, 10.0, 10.1, 10.0];
        assert!(row(10.0, Margin::Relative(0.03), &values).passes());
        assert!(!row(10.3, Margin::Relative(0.03), &values).passes(), "the mean is within, the interval is not");
        assert!(!row(12.0, Margin::Relative(0.03), &values).passes());
        assert!(!row(10.0, Margin::Relative(0.001), &values).passes(), "noise does not pass");
        assert!(row(10.0, Margin::Absolute(0.3), &values).passes() && !row(10.0, Margin::Exact, &values).passes());
    }

    #[test]
    fn exact_rows_have_the_room_of_rounding() {
        assert!(row(0.3, Margin::Exact, &[0.1 + 0.2]).passes() && row(0.0, Margin::Exact, &[0.0, 0.0]).passes());
        assert!(!row(11_643.0, Margin::Exact, &[11_644.0]).passes());
        assert!(!row(0.0, Margin::Relative(0.1), &[1e-300]).passes());
    }

    #[test]
    fn what_is_no_figure_fails() {
        for values in [&[][..], &[f64::NAN], &[f64::INFINITY, 1.0], &[f64::NAN, f64::NAN]] {
            let row = row(1.0, Margin::Relative(0.5), values);
            assert_eq!((row.verdict(), row.deviation()), ("fail", f64::INFINITY), "{values:?}");
        }
    }

    #[test]
    fn the_deviation_is_that_of_the_far_end() {
        let row = row(10.0, Margin::Relative(0.1), &[10.5]);
        assert!((row.deviation() - 0.05).abs() < 1e-12 && (row.margin_used() - 0.5).abs() < 1e-12);
    }
}
