//! Values that are laid aside and put into histograms later, all of a cell at once.
//!
//! Superposed telemetry observes two values for each message. A histogram takes 3 ns for one, and up to three histograms get
//! it: that was a third of the time of a message. A tray has the cells of the histogram at fixed places, takes 1 ns, and is
//! emptied into all of them where a window or a part ends.

use super::Histogram;

/// Bits that tell cells of one octave apart, as in a histogram of two digits.
const BITS: u32 = 7;
/// Cells of all values.
const CELLS: usize = ((64 - BITS as usize) << BITS) + (1 << BITS);

/// Counts by cell, and the sum of the values.
#[derive(Debug, Clone, Default)]
pub(super) struct Tray {
    counts: Vec<u64>,
    sum: u128,
}

/// The cell of a value: below 256 each has its own, above that 128 cells make an octave.
///
/// A floating-point number has its octave and the bits behind the first one side by side, just as a cell has. Up to 2^53 the
/// conversion is exact.
#[inline]
fn cell(value: u64) -> usize {
    const MANTISSA: u32 = f64::MANTISSA_DIGITS - 1;
    // The octave of 2^BITS is the first one above the cells of single values.
    const FIRST: u64 = (f64::MAX_EXP as u64 - 1 + BITS as u64 - 1) << BITS;
    if value >> f64::MANTISSA_DIGITS != 0 {
        return cell_of_large(value);
    }
    let octaves = ((value as f64).to_bits() >> (MANTISSA - BITS)).wrapping_sub(FIRST);
    (if value < 1 << BITS { value } else { octaves }) as usize
}

#[cold]
fn cell_of_large(value: u64) -> usize {
    let shift = 63 - BITS - value.leading_zeros();
    ((shift as usize) << BITS) + (value >> shift) as usize
}

/// The lowest value of a cell.
fn lowest(cell: usize) -> u64 {
    let shift = (cell >> BITS).saturating_sub(1);
    ((cell - (shift << BITS)) as u64) << shift
}

impl Tray {
    /// Lays values aside.
    #[inline]
    pub(super) fn lay(&mut self, values: &[u64]) {
        self.unfold();
        let mut sum = 0_u128;
        for value in values {
            self.counts[cell(*value)] += 1;
            sum += u128::from(*value);
        }
        self.sum += sum;
    }

    /// Lays values aside, each so many times.
    #[inline]
    pub(super) fn lay_weighted(&mut self, values: &[(u64, u64)]) {
        self.unfold();
        for (value, n) in values {
            self.counts[cell(*value)] += n;
            self.sum += u128::from(*value) * u128::from(*n);
        }
    }

    fn unfold(&mut self) {
        if self.counts.is_empty() {
            self.counts.resize(CELLS, 0);
        }
    }

    /// Puts everything into histograms.
    pub(super) fn empty_into<'a>(&mut self, histograms: impl Iterator<Item = &'a mut Histogram>) {
        if self.counts.is_empty() {
            return;
        }
        let filled = self.counts.iter().enumerate().filter(|(_, n)| **n > 0);
        let cells: Vec<(u64, u64)> = filled.map(|(cell, n)| (lowest(cell), *n)).collect();
        histograms.for_each(|histogram| histogram.add_cells(&cells, self.sum));
        self.counts.fill(0);
        self.sum = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every value of the first octaves, and the edges of all others: the same histogram as one by one.
    #[test]
    fn a_tray_is_the_same_histogram() {
        let edges = (0..60).flat_map(|bit| [(1_u64 << bit) - 1, 1 << bit, (1 << bit) + 1, (1 << bit) * 3 / 2]);
        let values: Vec<u64> = (0..5_000).chain(edges).collect();
        let (mut tray, mut one, mut other) = (Tray::default(), Histogram::new(), Histogram::new());
        values.iter().for_each(|value| one.record(*value));
        for part in values.chunks(1_000) {
            tray.lay(part);
        }
        tray.empty_into(std::iter::once(&mut other));
        tray.empty_into(std::iter::once(&mut other));
        let weighted = [(0, 3), (77, 0), (300, 2), (1 << 40, 5)];
        weighted.iter().for_each(|(value, n)| one.record_n(*value, *n));
        tray.lay_weighted(&weighted);
        tray.empty_into(std::iter::once(&mut other));
        assert!(one.cells().eq(other.cells()) && one.sum() == other.sum());
        assert_eq!((one.max(), one.quantile(0.5)), (other.max(), other.quantile(0.5)));
        assert!((0..CELLS).all(|place| cell(lowest(place)) == place));
    }
}
