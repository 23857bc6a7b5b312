//! Differences between runs that share no randomness, such as runs of different seeds.
//!
//! Both sides are independent samples with variances of their own, so the interval is Welch's (1947, Biometrika 34)
//! with the degrees of freedom of Satterthwaite (1946, Biometrics Bulletin 2). Nothing cancels: where both runs can
//! have the same seed, [`paired`](super::paired) needs fewer replications.

use std::collections::BTreeMap;

use super::interval::{CONFIDENCE, Moments};
use super::paired::{Paired, PairedDifference, by_figure, finite};
use super::student;
use crate::metrics::Better;

/// All figures of two independent sides, with 95 % intervals; one map per replication.
pub fn compare_unpaired<K: Ord + Clone>(
    base: &[BTreeMap<K, f64>],
    candidate: &[BTreeMap<K, f64>],
    better: impl Fn(&K) -> Better,
) -> Paired<K> {
    by_figure(base, candidate, |key| difference(key, base, candidate, better(key)))
}

fn difference<K: Ord + Clone>(
    key: &K,
    base: &[BTreeMap<K, f64>],
    candidate: &[BTreeMap<K, f64>],
    better: Better,
) -> PairedDifference<K> {
    let (base, candidate) = (Side::of(key, base), Side::of(key, candidate));
    let difference = candidate.moments.mean - base.moments.mean;
    let n = base.moments.n.min(candidate.moments.n);
    let (error, degrees) = welch(&base.moments, &candidate.moments);
    let half = if error > 0.0 { student::critical(CONFIDENCE, degrees) * error } else { error };
    PairedDifference {
        key: key.clone(),
        better,
        base: base.moments.mean,
        candidate: candidate.moments.mean,
        difference,
        low: difference - half,
        high: difference + half,
        confidence: CONFIDENCE,
        deviation: error * f64::from(n).sqrt(),
        degrees,
        relative: if difference == 0.0 { 0.0 } else { finite(difference / base.moments.mean.abs()) },
        correlation: f64::NAN,
        variance_ratio: f64::NAN,
        n,
        only_base: candidate.missing,
        only_candidate: base.missing,
        identical: base.constant().zip(candidate.constant()).is_some_and(|(b, c)| b.total_cmp(&c).is_eq()),
    }
}

/// Standard error of the difference of two means, and its degrees of freedom; both NaN where a side has fewer than two.
fn welch(base: &Moments, candidate: &Moments) -> (f64, f64) {
    let part = |side: &Moments| side.variance / f64::from(side.n);
    let (b, c) = (part(base), part(candidate));
    let degrees = (b + c) * (b + c) / (b * b / (f64::from(base.n) - 1.0) + c * c / (f64::from(candidate.n) - 1.0));
    // Two sides without any spread have no degrees of freedom to speak of, and no width.
    let degrees = if b + c > 0.0 { degrees } else { f64::from(base.n.min(candidate.n)) - 1.0 };
    ((b + c).sqrt(), degrees)
}

/// The values of one side.
struct Side {
    moments: Moments,
    /// Least and greatest value.
    range: (f64, f64),
    /// Replications that lack the figure.
    missing: u32,
}

impl Side {
    fn of<K: Ord>(key: &K, replications: &[BTreeMap<K, f64>]) -> Self {
        let figure = |values: &BTreeMap<K, f64>| values.get(key).copied().filter(|value| !value.is_nan());
        let values: Vec<f64> = replications.iter().filter_map(figure).collect();
        let nothing = Moments { n: 0, mean: f64::NAN, variance: f64::NAN };
        let range = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (if *value < low { *value } else { low }, if *value > high { *value } else { high })
        });
        let moments = Moments::of(&values).unwrap_or(nothing);
        Self { moments, range, missing: (replications.len() - values.len()) as u32 }
    }

    /// The one value that every replication has.
    fn constant(&self) -> Option<f64> {
        (self.missing == 0 && self.range.0.total_cmp(&self.range.1).is_eq()).then_some(self.range.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;

    fn side(values: &[f64]) -> Vec<BTreeMap<&'static str, f64>> {
        values.iter().map(|value| [("delay", *value)].into()).collect()
    }

    fn between(base: &[f64], candidate: &[f64]) -> PairedDifference<&'static str> {
        compare_unpaired(&side(base), &side(candidate), |_| Better::Lower).differences.remove(0)
    }

    #[test]
    fn a_worked_example() {
        // Means 3 and 6, variances 2.5 and 10, five values each: error sqrt(2.5), degrees 6.25 / (0.0625 + 1) = 5.88235,
        // t = 2.459191 (interpolated from no table: statrs, bisection on the incomplete beta).
        let d = between(&[1.0, 2.0, 3.0, 4.0, 5.0], &[2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!((d.base, d.candidate, d.difference, d.n), (3.0, 6.0, 3.0, 5));
        assert!((d.degrees - 5.882_352_941).abs() < 1e-6, "{d:?}");
        let half = student::critical(0.95, 100.0 / 17.0) * 2.5_f64.sqrt();
        assert!((d.high - 3.0 - half).abs() < 1e-9 && (half - 3.888).abs() < 0.01, "{half} {d:?}");
        assert!(d.correlation.is_nan() && d.variance_ratio.is_nan() && !d.identical);
    }

    #[test]
    fn constants_are_identical_only_when_they_are_the_same() {
        assert!(between(&[4.0, 4.0, 4.0], &[4.0, 4.0]).identical);
        let d = between(&[4.0, 4.0, 4.0], &[5.0, 5.0]);
        assert_eq!((d.identical, d.low, d.high, d.n, d.degrees), (false, 1.0, 1.0, 2, 1.0));
        assert!(!between(&[4.0, 5.0], &[4.0, 5.0]).identical, "equal samples are no equal figures");
    }

    #[test]
    fn one_value_has_no_interval_and_gaps_are_counted() {
        let d = between(&[4.0], &[5.0, 6.0]);
        assert!(d.low.is_nan() && d.n == 1);
        let d = between(&[4.0, f64::NAN, 5.0], &[5.0, 6.0]);
        assert_eq!((d.n, d.only_base, d.only_candidate), (2, 0, 1));
    }

    #[test]
    fn intervals_cover_as_often_as_they_say_with_unequal_variances_and_sizes() {
        // True difference 1, deviations 1 and 5, 20 and 8 values. Welch is approximate; Binomial(1,000, 0.95) lies in
        // 925..=973 with chance 0.999 and the approximation shifts its mean by less than one.
        let mut sample = Sample::new(31);
        let mut hits = 0;
        for _ in 0..1_000 {
            let base: Vec<f64> = (0..20).map(|_| sample.normal()).collect();
            let candidate: Vec<f64> = (0..8).map(|_| 1.0 + 5.0 * sample.normal()).collect();
            let d = between(&base, &candidate);
            hits += u32::from(d.low <= 1.0 && 1.0 <= d.high);
        }
        assert!((925..=973).contains(&hits), "{hits} of 1,000");
    }
}
