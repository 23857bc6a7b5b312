//! A mergeable histogram: quantiles in constant memory, integer counts only.
//!
//! `hdrhistogram` with two significant digits (relative error at most 1 %). Counts add in any order to the same
//! bytes, so the digest of a run knows nothing of threads.

use hdrhistogram::Histogram as Hdr;

/// Values are integers of the caller's unit (microseconds, attempts), from 0 upwards.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    counts: Hdr<u64>,
    sum: u128,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Histogram {
    /// Largest relative error of a quantile [1].
    pub const RELATIVE_ERROR: f64 = 0.01;

    /// An empty histogram.
    pub fn new() -> Self {
        let mut counts = Hdr::new(2).expect("two digits are a valid precision");
        counts.auto(true);
        Self { counts, sum: 0 }
    }

    /// Adds one value.
    pub fn record(&mut self, value: u64) {
        self.record_n(value, 1);
    }

    /// Adds a value `n` times.
    pub fn record_n(&mut self, value: u64, n: u64) {
        if n > 0 {
            self.counts.record_n(value, n).expect("an automatic histogram takes every value");
            self.sum += u128::from(value) * u128::from(n);
        }
    }

    /// How many values were added.
    pub fn count(&self) -> u64 {
        self.counts.len()
    }

    /// Exact mean of the values, or nothing when there are none.
    pub fn mean(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.sum as f64 / self.count() as f64)
    }

    /// The value that a share `q` of the values does not exceed, or nothing when there are none.
    pub fn quantile(&self, q: f64) -> Option<u64> {
        (self.count() > 0).then(|| self.counts.value_at_quantile(q).min(self.counts.max()))
    }

    /// Largest value, to the histogram's precision; nothing when there are none.
    pub fn max(&self) -> Option<u64> {
        (self.count() > 0).then(|| self.counts.max())
    }

    /// Adds all counts of another histogram.
    pub fn merge(&mut self, other: &Self) {
        self.counts.add(&other.counts).expect("an automatic histogram takes every value");
        self.sum += other.sum;
    }

    /// Adds cells as [`Self::cells`] gives them, with the exact sum of their values.
    pub(super) fn add_cells(&mut self, cells: &[(u64, u64)], sum: u128) {
        for (value, count) in cells {
            self.counts.record_n(*value, *count).expect("an automatic histogram takes every value");
        }
        self.sum += sum;
    }

    /// Exact sum of the values.
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// The filled cells: highest value of the cell, and its count.
    pub fn cells(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.counts.iter_recorded().map(|v| (v.value_iterated_to(), v.count_at_value()))
    }

    /// Forgets every value, keeping the memory.
    pub fn clear(&mut self) {
        self.counts.reset();
        self.sum = 0;
    }
}
