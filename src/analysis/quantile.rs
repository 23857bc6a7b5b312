//! Quantiles and shares of a plain sample, with exact intervals, or a refusal where the sample is too small.
//!
//! For independent values only, such as one figure per replication. Order statistics assume no law (David and
//! Nagaraja, Order Statistics, 3rd ed., section 7.1); shares have the interval of Clopper and Pearson (1934).

use std::fmt;

use super::student;

/// The ranks of an interval and its true confidence, which is at least the wanted one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranks {
    /// Rank of the lower end in ascending order, from 1.
    pub lower: u64,
    /// Rank of the upper end in ascending order, from 1.
    pub upper: u64,
    /// Chance that the quantile lies between them [1].
    pub coverage: f64,
}

/// A quantile with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuantileInterval {
    /// The sample's own quantile: the value of rank `ceil(n q)` [unit of the values].
    pub estimate: f64,
    /// Lower end [unit of the values].
    pub low: f64,
    /// Upper end [unit of the values].
    pub high: f64,
    /// Chance that the quantile lies between them [1].
    pub coverage: f64,
}

/// A sample that cannot support what was asked of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TooFew {
    /// Values there are.
    pub n: u64,
    /// Values needed; nothing when the question itself is none (a quantile or confidence outside 0..1).
    pub needed: Option<u64>,
}

impl fmt::Display for TooFew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.needed {
            Some(needed) => write!(f, "n too small: {} values, {needed} are needed", self.n),
            None => f.write_str("quantile and confidence must lie between 0 and 1"),
        }
    }
}

impl std::error::Error for TooFew {}

/// Ranks of a two-sided interval of the quantile `q`, with at most `(1 - confidence) / 2` beyond each end.
pub fn ranks(n: u64, q: f64, confidence: f64) -> Result<Ranks, TooFew> {
    let beyond = 0.5 * (1.0 - confidence);
    let needed = needed(q, beyond).zip(needed(1.0 - q, beyond)).map(|(upper, lower)| upper.max(lower));
    if needed.is_none_or(|needed| n < needed) {
        return Err(TooFew { n, needed });
    }
    let (lower, upper) = (lower_rank_of(n, q, beyond), upper_rank_of(n, q, beyond));
    let coverage = student::binomial_cdf(upper - 1, n, q) - student::binomial_cdf(lower - 1, n, q);
    Ok(Ranks { lower, upper, coverage })
}

/// Rank of a one-sided upper bound of the quantile `q`: 59 values are needed for 95 % on the quantile 0.95.
pub fn upper_rank(n: u64, q: f64, confidence: f64) -> Result<u64, TooFew> {
    let needed = needed(q, 1.0 - confidence);
    let enough = needed.is_some_and(|needed| n >= needed);
    if enough { Ok(upper_rank_of(n, q, 1.0 - confidence)) } else { Err(TooFew { n, needed }) }
}

/// Rank of a one-sided lower bound of the quantile `q`.
pub fn lower_rank(n: u64, q: f64, confidence: f64) -> Result<u64, TooFew> {
    let needed = needed(1.0 - q, 1.0 - confidence);
    let enough = needed.is_some_and(|needed| n >= needed);
    if enough { Ok(lower_rank_of(n, q, 1.0 - confidence)) } else { Err(TooFew { n, needed }) }
}

/// The quantile `q` of the values that are numbers, with a two-sided interval.
pub fn interval(values: &[f64], q: f64, confidence: f64) -> Result<QuantileInterval, TooFew> {
    let sorted = sorted(values);
    let ranks = ranks(sorted.len() as u64, q, confidence)?;
    let at = |rank: u64| sorted[rank as usize - 1];
    let estimate = at(own_rank(sorted.len() as u64, q));
    Ok(QuantileInterval { estimate, low: at(ranks.lower), high: at(ranks.upper), coverage: ranks.coverage })
}

/// One-sided upper bound of the quantile `q` of the values that are numbers [unit of the values].
pub fn upper_bound(values: &[f64], q: f64, confidence: f64) -> Result<f64, TooFew> {
    let sorted = sorted(values);
    upper_rank(sorted.len() as u64, q, confidence).map(|rank| sorted[rank as usize - 1])
}

/// A share seen in a sample: `hits` of `n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Values that have what is counted; at most `n`.
    pub hits: u64,
    /// Values looked at.
    pub n: u64,
}

impl Share {
    /// Two-sided interval of the true share [1]: Clopper and Pearson (1934). Nothing from an empty sample.
    pub fn interval(&self, confidence: f64) -> Option<(f64, f64)> {
        let beyond = 0.5 * (1.0 - confidence);
        Some((self.at_least(beyond)?, self.at_most_beyond(beyond)?))
    }

    /// One-sided upper bound of the true share [1]; of none in `n`, about `3 / n` at 95 %.
    ///
    /// Nothing from an empty sample.
    pub fn at_most(&self, confidence: f64) -> Option<f64> {
        self.at_most_beyond(1.0 - confidence)
    }

    fn at_most_beyond(&self, beyond: f64) -> Option<f64> {
        match self {
            Self { n: 0, .. } => None,
            // 1 - beyond^(1/n), exactly.
            Self { hits: 0, n } => Some(-libm::expm1(libm::log(beyond) / *n as f64)),
            Self { hits, n } if hits >= n => Some(1.0),
            Self { hits, n } => Some(bisect(|p| student::binomial_cdf(*hits, *n, p) > beyond)),
        }
    }

    fn at_least(&self, beyond: f64) -> Option<f64> {
        let misses = Self { hits: self.n.saturating_sub(self.hits), n: self.n };
        misses.at_most_beyond(beyond).map(|share| 1.0 - share)
    }
}

impl fmt::Display for Share {
    /// "3 of 200", and for none what that proves: "0 of 200: at most 3/200" (Hanley and Lippman-Hand 1983).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { hits: 0, n } if *n > 0 => write!(f, "0 of {n}: at most 3/{n}"),
            Self { hits, n } => write!(f, "{hits} of {n}"),
        }
    }
}

/// Fewest values of which, with chance `1 - beyond`, at least one lies above the quantile `q`.
fn needed(q: f64, beyond: f64) -> Option<u64> {
    let sound = q > 0.0 && q < 1.0 && beyond > 0.0 && beyond < 1.0;
    // The logarithm lands beside a whole number at most by rounding, which the two checks settle.
    let enough = |n: u64| libm::pow(q, n as f64) <= beyond * (1.0 + 1e-12);
    sound.then(|| {
        let guess = libm::ceil(libm::log(beyond) / libm::log(q)).max(1.0) as u64;
        let low = guess.saturating_sub(1).max(1);
        if enough(low) { low } else { low + u64::from(!enough(low + 1)) + 1 }
    })
}

/// Smallest rank with at most `beyond` above it; there is one, since the sample is large enough.
fn upper_rank_of(n: u64, q: f64, beyond: f64) -> u64 {
    // Chance that the value of rank r lies below the quantile: at least r values do.
    first(n, |rank| student::binomial_cdf(rank - 1, n, q) >= 1.0 - beyond * (1.0 + 1e-12))
}

/// Largest rank with at most `beyond` below it; there is one, since the sample is large enough.
fn lower_rank_of(n: u64, q: f64, beyond: f64) -> u64 {
    first(n, |rank| student::binomial_cdf(rank, n, q) > beyond * (1.0 + 1e-12))
}

/// The first rank of 1..=n for which a condition holds that, once true, stays true; `n` when it never does.
fn first(n: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (1, n);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    high
}

/// Rank of the sample's own quantile.
fn own_rank(n: u64, q: f64) -> u64 {
    // A product such as 20 * 0.35 may come out a hair above the whole number.
    (libm::ceil(n as f64 * q * (1.0 - f64::EPSILON)) as u64).clamp(1, n)
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The end of the shares from 0 upwards for which a condition holds.
fn bisect(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    // Each step halves the interval; 200 also find the smallest shares to full relative precision.
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if holds(middle) { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;

    #[test]
    fn ranks_are_the_binomial_ones() {
        // David and Nagaraja, Order Statistics: binomial ranks from 1, with their coverage.
        for (n, q, lower, upper, coverage) in [
            (20, 0.5, 6, 15, 0.958_610_534_667_968_8),
            (100, 0.9, 84, 96, 0.955_690_107_191_223),
            (1_000, 0.99, 983, 997, 0.976_094_763_497_977),
        ] {
            let ranks = ranks(n, q, 0.95).expect("large enough");
            assert_eq!((ranks.lower, ranks.upper), (lower, upper), "n = {n}");
            assert!((ranks.coverage - coverage).abs() < 1e-12, "n = {n}: {}", ranks.coverage);
        }
    }

    #[test]
    fn an_upper_bound_of_the_95_percent_quantile_needs_59_values() {
        // 0.95^59 = 0.0485 and 0.95^58 = 0.0510.
        assert_eq!(upper_rank(59, 0.95, 0.95), Ok(59));
        let refusal = upper_rank(58, 0.95, 0.95).expect_err("too small");
        assert_eq!(refusal, TooFew { n: 58, needed: Some(59) });
        assert_eq!(refusal.to_string(), "n too small: 58 values, 59 are needed");
        // Two-sided: 0.95^72 = 0.0249; of the median 0.5^6 = 0.0156.
        assert_eq!(ranks(71, 0.95, 0.95).map_err(|e| e.needed), Err(Some(72)));
        assert!(ranks(72, 0.95, 0.95).is_ok());
        assert_eq!(ranks(5, 0.5, 0.95).map_err(|e| e.needed), Err(Some(6)));
        assert_eq!(upper_rank(298, 0.99, 0.95).map_err(|e| e.needed), Err(Some(299)));
    }

    #[test]
    fn a_sample_of_exactly_the_needed_size_reaches_its_ends() {
        // 0.5^n = beyond exactly: rounding must not ask for one value more.
        assert_eq!(upper_rank(4, 0.5, 1.0 - 0.0625), Ok(4));
        assert_eq!(lower_rank(4, 0.5, 1.0 - 0.0625), Ok(1));
        assert_eq!(lower_rank(59, 0.05, 0.95), Ok(1));
        assert_eq!(lower_rank(58, 0.05, 0.95).map_err(|e| e.needed), Err(Some(59)));
    }

    #[test]
    fn questions_that_are_none_are_refused() {
        for (q, confidence) in [(0.0, 0.95), (1.0, 0.95), (f64::NAN, 0.95), (0.5, 1.0), (0.5, f64::NAN)] {
            assert_eq!(ranks(1_000, q, confidence), Err(TooFew { n: 1_000, needed: None }));
        }
        assert!(interval(&[], 0.5, 0.95).is_err());
    }

    #[test]
    fn an_interval_reads_the_values_of_its_ranks() {
        let values: Vec<f64> = (1..=20).rev().map(f64::from).chain([f64::NAN]).collect();
        let interval = interval(&values, 0.5, 0.95).expect("twenty values");
        assert_eq!((interval.low, interval.estimate, interval.high), (6.0, 10.0, 15.0));
        assert_eq!(own_rank(20, 0.35), 7);
        let values: Vec<f64> = (0..59).map(f64::from).collect();
        assert_eq!(upper_bound(&values, 0.95, 0.95), Ok(58.0));
    }

    #[test]
    fn intervals_cover_at_least_as_often_as_they_say() {
        // Median of 20 exponential values: coverage 0.9586; Binomial(1,000, 0.9586) lies in 936..=977 with
        // chance 0.999.
        let mut sample = Sample::new(31);
        let mut hits = 0;
        for _ in 0..1_000 {
            let values: Vec<f64> = (0..20).map(|_| sample.exponential()).collect();
            let i = interval(&values, 0.5, 0.95).expect("twenty values");
            hits += u32::from((i.low..=i.high).contains(&std::f64::consts::LN_2));
        }
        assert!((936..=977).contains(&hits), "{hits} of 1,000");
    }

    #[test]
    fn none_of_n_is_at_most_three_over_n() {
        let none = Share { hits: 0, n: 1_000 };
        assert_eq!(none.to_string(), "0 of 1000: at most 3/1000");
        let bound = none.at_most(0.95).expect("a sample");
        // 1 - 0.05^(1/1000).
        assert!((bound - 0.002_991_249_4).abs() < 1e-9 && bound < 0.003, "{bound}");
        assert_eq!(Share { hits: 0, n: 0 }.at_most(0.95), None);
        assert_eq!(Share { hits: 3, n: 200 }.to_string(), "3 of 200");
    }

    #[test]
    fn shares_have_the_published_interval() {
        // Clopper and Pearson, 10 of 100 at 95 %: 0.0490 .. 0.1762; 5 of 10: 0.1871 .. 0.8129.
        for (hits, n, low, high) in [(10, 100, 0.0490, 0.1762), (5, 10, 0.1871, 0.8129), (0, 10, 0.0, 0.3085)] {
            let (a, b) = Share { hits, n }.interval(0.95).expect("a sample");
            assert!((a - low).abs() < 5e-5 && (b - high).abs() < 5e-5, "{hits} of {n}: {a} .. {b}");
        }
        assert_eq!(Share { hits: 10, n: 10 }.interval(0.95).map(|(_, high)| high), Some(1.0));
    }
}
