//! Paired differences under common random numbers.
//!
//! Replication `i` of both sides sees the same random draws, so the difference is taken replication by
//! replication; what both have in common cancels (Law, Simulation Modeling and Analysis, 5th ed., sections 10.2.1
//! and 11.2). The achieved variance ratio says how much that gained.

use std::collections::BTreeMap;

use super::interval::{CONFIDENCE, Intervals, Moments};
use crate::metrics::Better;

/// A base and a candidate, figure by figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Paired<K> {
    /// One difference per figure that both sides have, in the order of the keys.
    pub differences: Vec<PairedDifference<K>>,
    /// Figures that only the base has, in any replication.
    pub lost: Vec<K>,
    /// Figures that only the candidate has, in any replication.
    pub new: Vec<K>,
    /// Replications of the base.
    pub base_replications: u32,
    /// Replications of the candidate; those beyond the shorter side are not compared.
    pub candidate_replications: u32,
}

/// One figure of a base and a candidate, paired by replication.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedDifference<K> {
    /// The figure.
    pub key: K,
    /// Its preferred direction.
    pub better: Better,
    /// Mean of the base over the pairs [unit of the figure].
    pub base: f64,
    /// Mean of the candidate over the pairs [unit of the figure].
    pub candidate: f64,
    /// Mean of candidate less base [unit of the figure].
    pub difference: f64,
    /// Lower end of its interval; NaN with fewer than two pairs.
    pub low: f64,
    /// Upper end of its interval; NaN with fewer than two pairs.
    pub high: f64,
    /// Confidence of the interval [1].
    pub confidence: f64,
    /// Deviation of a single difference [unit of the figure]; NaN with fewer than two pairs. Of unpaired sides the
    /// deviation that `n` differences would need for the same standard error.
    pub deviation: f64,
    /// Degrees of freedom of the interval; `n - 1` for pairs.
    pub degrees: f64,
    /// Difference against the size of the base [1]; NaN about a base of zero, unless there is no difference.
    pub relative: f64,
    /// Correlation of the two sides [1]; NaN where one of them does not vary.
    pub correlation: f64,
    /// Variance of a difference of independent runs against that of the paired one [1]: above 1, pairing gained.
    /// Infinite where pairing removed all variance, NaN where there was none.
    pub variance_ratio: f64,
    /// Pairs: replications in which both sides have the figure. Of unpaired sides the smaller number of values.
    pub n: u32,
    /// Compared replications in which the candidate lacks the figure; of pairs those where the base has it.
    pub only_base: u32,
    /// Compared replications in which the base lacks the figure; of pairs those where the candidate has it.
    pub only_candidate: u32,
    /// Whether every compared replication has exactly the same figure, or lacks it, on both sides.
    pub identical: bool,
}

/// All figures of two sides, with 95 % intervals; one map per replication, in plan order.
pub fn compare<K: Ord + Clone>(
    base: &[BTreeMap<K, f64>],
    candidate: &[BTreeMap<K, f64>],
    better: impl Fn(&K) -> Better,
) -> Paired<K> {
    compare_at(base, candidate, better, CONFIDENCE)
}

/// As [`compare`], with another confidence [1].
pub fn compare_at<K: Ord + Clone>(
    base: &[BTreeMap<K, f64>],
    candidate: &[BTreeMap<K, f64>],
    better: impl Fn(&K) -> Better,
    confidence: f64,
) -> Paired<K> {
    let mut intervals = Intervals::at(confidence);
    by_figure(base, candidate, |key| {
        Columns::of(key, base, candidate).difference(key.clone(), better(key), confidence, &mut intervals)
    })
}

/// Every figure of two sides: a difference where both have it, else the side that lacks it.
pub(super) fn by_figure<K: Ord + Clone>(
    base: &[BTreeMap<K, f64>],
    candidate: &[BTreeMap<K, f64>],
    mut difference: impl FnMut(&K) -> PairedDifference<K>,
) -> Paired<K> {
    let mut paired = Paired {
        differences: Vec::new(),
        lost: Vec::new(),
        new: Vec::new(),
        base_replications: base.len() as u32,
        candidate_replications: candidate.len() as u32,
    };
    for (key, seen) in sides(base, candidate) {
        match seen {
            Seen { base: true, candidate: true } => paired.differences.push(difference(key)),
            Seen { base: true, .. } => paired.lost.push(key.clone()),
            Seen { .. } => paired.new.push(key.clone()),
        }
    }
    paired
}

/// On which sides a figure was seen.
#[derive(Default)]
struct Seen {
    base: bool,
    candidate: bool,
}

/// Every figure of any replication; a NaN is no figure.
fn sides<'a, K: Ord>(base: &'a [BTreeMap<K, f64>], candidate: &'a [BTreeMap<K, f64>]) -> BTreeMap<&'a K, Seen> {
    fn figures<K>(side: &[BTreeMap<K, f64>]) -> impl Iterator<Item = &K> {
        side.iter().flatten().filter(|(_, value)| !value.is_nan()).map(|(key, _)| key)
    }
    let mut sides: BTreeMap<&K, Seen> = BTreeMap::new();
    for key in figures(base) {
        sides.entry(key).or_default().base = true;
    }
    for key in figures(candidate) {
        sides.entry(key).or_default().candidate = true;
    }
    sides
}

/// The pairs of one figure, as columns.
#[derive(Default)]
struct Columns {
    base: Vec<f64>,
    candidate: Vec<f64>,
    differences: Vec<f64>,
    only_base: u32,
    only_candidate: u32,
}

impl Columns {
    /// Collects the pairs in plan order.
    fn of<K: Ord>(key: &K, base: &[BTreeMap<K, f64>], candidate: &[BTreeMap<K, f64>]) -> Self {
        let figure = |values: &BTreeMap<K, f64>| values.get(key).copied().filter(|value| !value.is_nan());
        let mut columns = Self::default();
        for (base, candidate) in base.iter().zip(candidate) {
            match (figure(base), figure(candidate)) {
                (Some(base), Some(candidate)) => columns.push(base, candidate),
                (Some(_), None) => columns.only_base += 1,
                (None, Some(_)) => columns.only_candidate += 1,
                (None, None) => {}
            }
        }
        columns
    }

    fn push(&mut self, base: f64, candidate: f64) {
        self.base.push(base);
        self.candidate.push(candidate);
        // Two equal infinities differ by nothing, and not by a NaN.
        let equal = base.total_cmp(&candidate).is_eq();
        self.differences.push(if equal { 0.0 } else { candidate - base });
    }

    fn difference<K>(&self, key: K, better: Better, confidence: f64, intervals: &mut Intervals) -> PairedDifference<K> {
        let nothing = Moments { n: 0, mean: f64::NAN, variance: f64::NAN };
        let moments = |values: &[f64]| Moments::of(values).unwrap_or(nothing);
        let (base, candidate, paired) = (moments(&self.base), moments(&self.candidate), moments(&self.differences));
        let interval = intervals.of(&paired);
        PairedDifference {
            key,
            better,
            base: base.mean,
            candidate: candidate.mean,
            difference: paired.mean,
            low: interval.low,
            high: interval.high,
            confidence,
            deviation: paired.variance.sqrt(),
            degrees: f64::from(paired.n) - 1.0,
            relative: if paired.mean == 0.0 { 0.0 } else { finite(paired.mean / base.mean.abs()) },
            correlation: self.correlation(&base, &candidate),
            variance_ratio: (base.variance + candidate.variance) / paired.variance,
            n: paired.n,
            only_base: self.only_base,
            only_candidate: self.only_candidate,
            identical: self.identical(),
        }
    }

    /// Pearson's correlation of the two columns.
    fn correlation(&self, base: &Moments, candidate: &Moments) -> f64 {
        let product = |(b, c): (&f64, &f64)| (b - base.mean) * (c - candidate.mean);
        let sum: f64 = self.base.iter().zip(&self.candidate).map(product).sum();
        let scale = base.variance.sqrt() * candidate.variance.sqrt();
        finite(sum / (f64::from(base.n) - 1.0) / scale).clamp(-1.0, 1.0)
    }

    fn identical(&self) -> bool {
        let same = self.differences.iter().all(|difference| *difference == 0.0);
        same && !self.differences.is_empty() && self.only_base + self.only_candidate == 0
    }
}

/// NaN in the place of a quotient by zero.
pub(super) fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the figures are small integers, which sums keep exactly")]
mod tests {
    use super::super::sample::Sample;
    use super::*;

    type Side = Vec<BTreeMap<&'static str, f64>>;

    fn side(values: &[f64]) -> Side {
        values.iter().map(|value| [("delay", *value)].into()).collect()
    }

    fn lower(_: &&'static str) -> Better {
        Better::Lower
    }

    #[test]
    fn a_worked_example_by_hand() {
        // Differences 1, 2, 3: mean 2, deviation 1, half-width t(2; 0.975) / sqrt(3) = 4.302653 / 1.732051.
        let paired = compare(&side(&[10.0, 20.0, 30.0]), &side(&[11.0, 22.0, 33.0]), lower);
        let d = &paired.differences[0];
        assert_eq!((d.base, d.candidate, d.difference, d.n), (20.0, 22.0, 2.0, 3));
        assert_eq!((d.deviation, d.relative), (1.0, 0.1));
        assert!((d.high - 2.0 - 2.484_137_7).abs() < 1e-6 && (2.0 - d.low - 2.484_137_7).abs() < 1e-6, "{d:?}");
        assert!((d.correlation - 1.0).abs() < 1e-12);
        // (100 + 121) / 1.
        assert!((d.variance_ratio - 221.0).abs() < 1e-9);
        assert!(!d.identical);
    }

    #[test]
    fn correlation_of_nine_tenths_gains_tenfold() {
        // Equal variances and correlation r: the ratio is 1 / (1 - r). 4,000 pairs leave about 5 % of noise.
        let mut sample = Sample::new(11);
        let pairs: Vec<_> = (0..4_000)
            .map(|_| {
                let common = sample.normal();
                let other = sample.normal();
                (common, 0.9 * common + (1.0_f64 - 0.81).sqrt() * other)
            })
            .collect();
        let (base, candidate): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let d = &compare(&side(&base), &side(&candidate), lower).differences[0];
        assert!((d.correlation - 0.9).abs() < 0.02, "{}", d.correlation);
        assert!((d.variance_ratio - 10.0).abs() < 1.0, "{}", d.variance_ratio);
    }

    #[test]
    fn equal_sides_are_identical() {
        let values = side(&[0.1, 0.7, f64::INFINITY]);
        let d = &compare(&values, &values, lower).differences[0];
        assert!(d.identical && d.difference == 0.0 && d.relative == 0.0);
        assert!(d.variance_ratio.is_nan() && d.low == 0.0 && d.high == 0.0);
    }

    #[test]
    fn a_constant_shift_has_no_width_and_all_variance_removed() {
        let d = &compare(&side(&[1.0, 5.0, 3.0]), &side(&[3.0, 7.0, 5.0]), lower).differences[0];
        assert_eq!((d.low, d.difference, d.high), (2.0, 2.0, 2.0));
        assert_eq!(d.variance_ratio, f64::INFINITY);
    }

    #[test]
    fn lost_and_new_figures_are_listed() {
        let base = vec![BTreeMap::from([("a", 1.0), ("b", 2.0), ("n", f64::NAN)])];
        let candidate = vec![BTreeMap::from([("b", 2.0), ("c", 3.0), ("n", 1.0)])];
        let paired = compare(&base, &candidate, lower);
        assert_eq!((paired.lost, paired.new), (vec!["a"], vec!["c", "n"]));
        assert_eq!(paired.differences.len(), 1);
        assert!(paired.differences[0].identical && paired.differences[0].low.is_nan());
    }

    #[test]
    fn replications_with_one_side_only_are_counted() {
        let base = side(&[1.0, f64::NAN, 3.0, 4.0, 9.0]);
        let mut candidate = side(&[1.0, 2.0, 3.0, 4.0]);
        candidate[3].clear();
        let paired = compare(&base, &candidate, lower);
        let d = &paired.differences[0];
        assert_eq!((d.n, d.only_base, d.only_candidate, d.identical), (2, 1, 1, false));
        assert_eq!((paired.base_replications, paired.candidate_replications), (5, 4));
    }

    #[test]
    fn a_base_of_zero_has_no_relative_difference() {
        let d = &compare(&side(&[0.0, 0.0]), &side(&[1.0, 2.0]), lower).differences[0];
        assert!(d.relative.is_nan() && d.correlation.is_nan());
        assert_eq!(d.difference, 1.5);
    }

    #[test]
    fn paired_intervals_cover_as_often_as_they_say() {
        // A true difference of 0.5 under shared noise; Binomial(1,000, 0.95) lies in 925..=973 with chance 0.999.
        let mut sample = Sample::new(12);
        let mut hits = 0;
        for _ in 0..1_000 {
            let noise: Vec<f64> = (0..15).map(|_| 10.0 * sample.exponential()).collect();
            let base: Vec<f64> = noise.iter().map(|x| x + sample.normal()).collect();
            let candidate: Vec<f64> = noise.iter().map(|x| x + 0.5 + sample.normal()).collect();
            let d = &compare(&side(&base), &side(&candidate), lower).differences[0];
            hits += u32::from(d.low <= 0.5 && 0.5 <= d.high);
        }
        assert!((925..=973).contains(&hits), "{hits} of 1,000");
    }
}
