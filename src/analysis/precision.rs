//! How many replications a wanted precision needs.
//!
//! Every answer extrapolates from the deviation seen so far, so it is a plan and not a promise: with fewer than ten
//! replications the deviation itself is poorly known.

use super::interval::CONFIDENCE;
use super::observations::Estimate;
use super::student;

/// More replications than this are never proposed.
pub const MOST: u32 = 10_000_000;

/// Which relative error a half-width is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Half-width against the estimate.
    Plain,
    /// Half-width against the unknown true mean: the bound `g` becomes `g / (1 + g)`, which asks for more
    /// (Law, Simulation Modeling and Analysis, 5th ed., section 9.4.1).
    Adjusted,
}

/// Fewest replications, at least 2, whose half-width is at most `half_width` [unit of the deviation].
///
/// Nothing where more than [`MOST`] would be needed or the input is no number.
pub fn replications_for(deviation: f64, half_width: f64, confidence: f64) -> Option<u32> {
    let reached = |n: u32| {
        let n = f64::from(n);
        student::critical(confidence, n - 1.0) * deviation / n.sqrt() <= half_width
    };
    if !reached(MOST) {
        return None;
    }
    let (mut low, mut high) = (2, MOST);
    while low < high {
        let middle = low + (high - low) / 2;
        if reached(middle) { high = middle } else { low = middle + 1 }
    }
    Some(high)
}

/// Fewest replications whose half-width is at most a share `relative` of the mean, with 95 % confidence.
pub fn replications_for_relative(mean: f64, deviation: f64, relative: f64, rule: Rule) -> Option<u32> {
    replications_for(deviation, share(relative, rule) * mean.abs(), CONFIDENCE)
}

/// Half-width against the mean [1] that a wanted relative error asks for under a rule.
pub fn share(relative: f64, rule: Rule) -> f64 {
    match rule {
        Rule::Plain => relative,
        Rule::Adjusted => relative / (1.0 + relative),
    }
}

/// As [`replications_for_relative`], from a 95 % estimate; nothing with fewer than two replications.
pub fn replications_for_estimate(estimate: &Estimate, relative: f64, rule: Rule) -> Option<u32> {
    let n = f64::from(estimate.n);
    let deviation = estimate.half_width() * n.sqrt() / student::critical(CONFIDENCE, n - 1.0);
    replications_for_relative(estimate.mean, deviation, relative, rule)
}

/// Half-width against the mean [1]; NaN with fewer than two replications, infinite about a mean of zero.
pub fn relative_half_width(estimate: &Estimate) -> f64 {
    let half = estimate.half_width();
    if half == 0.0 { 0.0 } else { half / estimate.mean.abs() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::estimate;

    #[test]
    fn both_rules_give_the_worked_numbers() {
        // Mean 100, deviation 40, 5 %, 95 %: smallest n with t s / (sqrt(n) mean) within the bound (Law, chapter 4).
        assert_eq!(replications_for_relative(100.0, 40.0, 0.05, Rule::Plain), Some(249));
        assert_eq!(replications_for_relative(100.0, 40.0, 0.05, Rule::Adjusted), Some(274));
        assert_eq!(replications_for_relative(-100.0, 40.0, 0.05, Rule::Plain), Some(249));
    }

    #[test]
    fn the_answer_is_the_smallest_that_reaches_the_bound() {
        let half = |n: f64| student::critical(0.95, n - 1.0) * 3.0 / n.sqrt();
        for wanted in [0.1, 1.0, 2.5, 10.0] {
            let n = f64::from(replications_for(3.0, wanted, 0.95).expect("reachable"));
            assert!(half(n) <= wanted && (n < 2.5 || half(n - 1.0) > wanted), "{wanted}: {n}");
        }
    }

    #[test]
    fn an_estimate_that_is_precise_enough_asks_for_no_more_than_it_has() {
        let values: Vec<f64> = (0..30).map(|i| 100.0 + f64::from(i % 5)).collect();
        let e = estimate(&values).expect("thirty values");
        let n = replications_for_estimate(&e, relative_half_width(&e) * 1.000_001, Rule::Plain);
        assert_eq!(n, Some(30));
    }

    #[test]
    fn what_cannot_be_reached_has_no_number() {
        assert_eq!(replications_for(1.0, 0.0, 0.95), None);
        assert_eq!(replications_for(f64::NAN, 1.0, 0.95), None);
        assert_eq!(replications_for_relative(0.0, 1.0, 0.05, Rule::Plain), None);
        let single = estimate(&[4.0]).expect("one value");
        assert_eq!(replications_for_estimate(&single, 0.05, Rule::Plain), None);
    }

    #[test]
    fn no_deviation_needs_two() {
        assert_eq!(replications_for(0.0, 0.0, 0.95), Some(2));
        let constant = estimate(&[4.0; 3]).expect("three values");
        assert!(relative_half_width(&constant).abs() < 1e-300);
    }
}
