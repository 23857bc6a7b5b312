//! Steady-state studies: where the warm-up ends, and an interval from one long run.
//!
//! Terminating studies (outages, growth) use neither: their start is part of the question. Only a scenario that
//! declares a steady state is cut.

use std::fmt;

use super::interval::{CONFIDENCE, Intervals, Moments};
use super::observations::Estimate;
use super::student;

/// Observations in a batch of the truncation rule.
const BATCH: usize = 5;
/// Batches that must stay after the truncation at least.
const LEAST_LEFT: usize = 5;
/// Fewest observations in which [`truncation`] finds a warm-up.
pub const OBSERVATIONS_MIN: usize = 2 * LEAST_LEFT * BATCH;
/// Share of the batches that must stay. The published rule keeps five, which neighbours of a correlated series make
/// alike by accident: of 20 series with correlation 0.9 some were refused for a minimum in their last 25 observations.
const SHARE_LEFT: usize = 10;
/// Batches of [`batch_means`] unless told otherwise: Schmeiser (1982) finds more than 30 of no use, 10 enough.
pub const BATCHES: usize = 20;

/// Why a series has no steady state to report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsteady {
    /// Too few observations.
    TooShort {
        /// Observations there are.
        n: usize,
        /// Observations needed at least.
        needed: usize,
    },
    /// The best truncation lies in the second half: the series has not settled.
    NotSettled {
        /// First observation that would be kept.
        best: usize,
        /// Observations there are.
        n: usize,
    },
}

impl fmt::Display for Unsteady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { n, needed } => write!(f, "too short: {n} observations, {needed} are needed"),
            Self::NotSettled { best, n } => {
                write!(f, "not settled: the warm-up would end at {best} of {n}; simulate a longer time")
            }
        }
    }
}

impl std::error::Error for Unsteady {}

/// First observation after the warm-up, by MSER-5.
///
/// White, Cobb and Spratt (2000): over means of batches of 5, the truncation that minimises the squared standard
/// error of what is left, `sum (y - mean)^2 / left^2`; refused in the second half of the run. Observations that are
/// no number are skipped, and so is a batch without any. A rest of less than a batch at the end is not looked at.
pub fn truncation(values: &[f64]) -> Result<usize, Unsteady> {
    let n = values.len();
    let batches: Vec<(usize, f64)> = (values.chunks_exact(BATCH).enumerate())
        .filter_map(|(i, batch)| Moments::of(batch).map(|m| (i * BATCH, m.mean)))
        .collect();
    if batches.len() < 2 * LEAST_LEFT {
        return Err(Unsteady::TooShort { n, needed: OBSERVATIONS_MIN });
    }
    let best = least_error(&batches);
    if 2 * best > n { Err(Unsteady::NotSettled { best, n }) } else { Ok(best) }
}

/// Start of the batches that are left with the least standard error; the earliest of equals.
fn least_error(batches: &[(usize, f64)]) -> usize {
    // From the end, so that each step adds one batch: mean and squares by Welford (1962).
    let (mut left, mut mean, mut squares) = (0.0, 0.0, 0.0);
    let (mut best, mut least) = (0, f64::INFINITY);
    let least_left = LEAST_LEFT.max(batches.len() / SHARE_LEFT) as f64;
    for &(start, value) in batches.iter().rev() {
        left += 1.0;
        let off = value - mean;
        mean += off / left;
        squares += off * (value - mean);
        let error = squares / (left * left);
        if left >= least_left && error <= least {
            (best, least) = (start, error);
        }
    }
    best
}

/// An interval from one long run, and whether its batches look independent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchMeans {
    /// Mean and interval over the batches; `n` counts batches.
    pub estimate: Estimate,
    /// Observations in a batch.
    pub length: usize,
    /// Correlation of neighbouring batches, from the ratio of von Neumann (1941) [1].
    pub lag1: f64,
    /// Largest correlation that independent batches show in 95 of 100 runs [1].
    pub lag1_limit: f64,
}

impl BatchMeans {
    /// Whether the batches pass for independent; if not, the interval is too narrow and the run too short.
    pub fn is_independent(&self) -> bool {
        // A constant series has no correlation and needs none.
        !matches!(self.lag1.partial_cmp(&self.lag1_limit), Some(std::cmp::Ordering::Greater))
    }
}

/// Mean and 95 % interval of a steady series, by `batches` batches of equal length (usually [`BATCHES`]).
///
/// Law, Simulation Modeling and Analysis, 5th ed., section 9.5.3. A rest at the start, the part nearest to the
/// warm-up, is left out. Observations that are no number are skipped inside their batch; a batch without any
/// means that the run is too short.
pub fn batch_means(values: &[f64], batches: usize) -> Result<BatchMeans, Unsteady> {
    let batches = batches.max(3);
    let length = values.len() / batches;
    let too_short = Unsteady::TooShort { n: values.len(), needed: 2 * batches };
    if length < 2 {
        return Err(too_short);
    }
    let kept = &values[values.len() - batches * length..];
    let means: Option<Vec<f64>> = kept.chunks_exact(length).map(|batch| Moments::of(batch).map(|m| m.mean)).collect();
    let means = means.ok_or(too_short)?;
    batch_means_of(&means, length)
}

/// As [`batch_means`], of batches that were made before: a figure of each, and their length [observations].
pub fn batch_means_of(figures: &[f64], length: usize) -> Result<BatchMeans, Unsteady> {
    let too_short = Unsteady::TooShort { n: figures.len() * length, needed: 3 * length };
    if figures.len() < 3 {
        return Err(too_short);
    }
    let estimate = Intervals::at(CONFIDENCE).estimate(figures).ok_or(too_short)?;
    Ok(BatchMeans { estimate, length, lag1: lag1(figures, estimate.mean), lag1_limit: lag1_limit(figures.len()) })
}

/// `1 - sum (y[i] - y[i+1])^2 / (2 sum (y[i] - mean)^2)`: Fishman (1978), Grouping Observations in Digital Simulation.
fn lag1(means: &[f64], mean: f64) -> f64 {
    let steps: f64 = means.windows(2).map(|pair| (pair[0] - pair[1]) * (pair[0] - pair[1])).sum();
    let squares: f64 = means.iter().map(|y| (y - mean) * (y - mean)).sum();
    1.0 - steps / (2.0 * squares)
}

/// The ratio is nearly normal for independent batches, with variance `(b - 2) / (b^2 - 1)`: Fishman (1978).
fn lag1_limit(batches: usize) -> f64 {
    let b = batches as f64;
    student::normal_quantile(0.95) * ((b - 2.0) / (b * b - 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;

    #[test]
    fn a_biased_start_is_cut_where_the_bias_has_decayed() {
        // AR(1) with phi 0.9 started at 100, where the deviation is 1 / sqrt(1 - 0.81) = 2.29: the bias falls below
        // one deviation after ln(43.6) / -ln(0.9) = 36 observations, below a tenth of one after 58.
        for seed in 0..20 {
            let series = Sample::new(seed).autoregression(2_000, 0.9, 100.0);
            let cut = truncation(&series).expect("settled");
            assert!((25..=200).contains(&cut), "seed {seed}: {cut}");
            let mean = series[cut..].iter().sum::<f64>() / (series.len() - cut) as f64;
            // Deviation of the mean about sqrt(100 / 1,900) = 0.23; five of them.
            assert!(mean.abs() < 1.15, "seed {seed}: {mean}");
        }
    }

    #[test]
    fn the_cut_is_at_the_step_of_a_series_without_noise() {
        let series: Vec<f64> = (0..200).map(|i| if i < 42 { 9.0 } else { 1.0 }).collect();
        // Observations 40 and 41 spoil the batch that starts at 40.
        assert_eq!(truncation(&series), Ok(45));
        assert_eq!(truncation(&[3.0; 60]), Ok(0));
    }

    #[test]
    fn a_series_that_still_grows_is_refused() {
        let series: Vec<f64> = (0..500).map(f64::from).collect();
        let refusal = truncation(&series).expect_err("growing");
        assert!(matches!(refusal, Unsteady::NotSettled { n: 500, .. }), "{refusal:?}");
        assert!(refusal.to_string().ends_with("simulate a longer time"));
    }

    #[test]
    fn short_series_and_gaps() {
        assert_eq!(truncation(&[1.0; 49]), Err(Unsteady::TooShort { n: 49, needed: 50 }));
        let mut series: Vec<f64> = (0..200).map(|i| if i < 40 { 9.0 } else { 1.0 }).collect();
        series[60..70].fill(f64::NAN);
        series[83] = f64::NAN;
        assert_eq!(truncation(&series), Ok(40));
        assert!(truncation(&[f64::NAN; 500]).is_err());
        assert!(batch_means(&[f64::NAN; 500], BATCHES).is_err());
        assert_eq!(batch_means(&[1.0; 39], 20), Err(Unsteady::TooShort { n: 39, needed: 40 }));
    }

    #[test]
    fn batch_means_know_the_variance_of_a_correlated_mean() {
        // AR(1), phi 0.9, innovations of deviation 1: asymptotic variance 1 / (1 - 0.9)^2 = 100, so the mean of 20,000
        // has variance 0.005. The mean over 300 runs of the batch estimate has a deviation of
        // sqrt(2 / 19 / 300) = 1.9 %.
        let mut sample = Sample::new(41);
        let (mut variance, mut hits, mut passed) = (0.0, 0, 0);
        for _ in 0..300 {
            let start = sample.normal() / (1.0_f64 - 0.81).sqrt();
            let result = batch_means(&sample.autoregression(20_000, 0.9, start), 20).expect("long enough");
            let error = result.estimate.half_width() / student::critical(0.95, 19.0);
            variance += error * error / 300.0;
            hits += u32::from(result.estimate.low <= 0.0 && 0.0 <= result.estimate.high);
            passed += u32::from(result.is_independent());
        }
        assert!((variance / 0.005 - 1.0).abs() < 0.08, "{variance}");
        // Binomial(300, 0.95) lies in 271..=296 with chance 0.999, for the coverage as for the test of independence.
        assert!((271..=296).contains(&hits) && (271..=296).contains(&passed), "{hits}, {passed}");
    }

    #[test]
    fn batches_that_are_too_short_are_found_out() {
        // Batches of 10 observations under phi 0.95 are correlated by about 0.6.
        let result = batch_means(&Sample::new(42).autoregression(300, 0.95, 0.0), 30).expect("long enough");
        assert!(!result.is_independent(), "{result:?}");
        assert_eq!((result.length, result.estimate.n), (10, 30));
    }

    #[test]
    fn a_constant_series_is_independent() {
        let result = batch_means(&[0.1; 100], 20).expect("long enough");
        assert!(result.is_independent());
        assert_eq!((result.estimate.low, result.estimate.high), (0.1, 0.1));
    }

    #[test]
    fn the_limit_is_the_published_one() {
        // 1.6449 sqrt(18 / 399) for 20 batches.
        assert!((lag1_limit(20) - 0.349_37).abs() < 1e-4, "{}", lag1_limit(20));
    }
}
