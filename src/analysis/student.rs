//! Student-t and normal laws, and the regularised incomplete beta function behind them.
//!
//! Critical values enter the digest of a run, so only `libm` and the basic operations are used: the same bits on
//! every CPU. Quantiles are inversions of the distribution functions, without tables; their relative error is at
//! most 1e-10.

use std::f64::consts::{PI, SQRT_2};

/// Degrees of freedom from which two terms of the expansion about the normal quantile are exact to 1e-15.
const NEARLY_NORMAL: f64 = 1e6;
/// Relative step at which Newton's rule has converged: being quadratic, it leaves an error far below the step.
const CONVERGED: f64 = 1e-11;
/// Upper bound of the steps of an inversion; a bisection alone would need fewer.
const STEPS: u32 = 2_000;
/// Upper bound of the terms of the continued fraction; about the square root of the larger parameter is needed.
const TERMS: u32 = 100_000;

/// Half-width of a two-sided Student-t interval in standard errors: the quantile at `(1 + confidence) / 2`.
///
/// NaN without a degree of freedom or with a confidence outside 0..1.
pub fn critical(confidence: f64, degrees: f64) -> f64 {
    // From the tail and not from the quantile's own level, so that a confidence near 1 keeps its digits.
    let tail = 0.5 * (1.0 - confidence);
    if tail < 0.5 { upper_t(tail, degrees) } else { f64::NAN }
}

/// Share of a Student-t law at or below `t` [1]; NaN without a degree of freedom.
pub fn t_cdf(t: f64, degrees: f64) -> f64 {
    let tail = t_tail(t.abs(), degrees);
    if t > 0.0 { 1.0 - tail } else { tail }
}

/// Share of a Student-t law above `t >= 0` [1], to full relative precision; NaN without a degree of freedom.
///
/// Abramowitz and Stegun (1964), 26.7.1: `P(|T| > t) = I_x(v/2, 1/2)` at `x = v / (v + t^2)`.
pub fn t_tail(t: f64, degrees: f64) -> f64 {
    if degrees.is_nan() || degrees <= 0.0 || t.is_nan() {
        return f64::NAN;
    }
    let (x, y) = t_shares(t, degrees);
    0.5 * beta(0.5 * degrees, 0.5, x, y)
}

/// The value that a share `p` of a Student-t law does not exceed; NaN outside 0..=1 or without a degree of freedom.
pub fn t_quantile(p: f64, degrees: f64) -> f64 {
    signed(p, |tail| upper_t(tail, degrees))
}

/// Share of the standard normal law at or below `z` [1].
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / SQRT_2)
}

/// The value that a share `p` of the standard normal law does not exceed; NaN outside 0..=1.
pub fn normal_quantile(p: f64) -> f64 {
    signed(p, upper_normal)
}

/// Share of `n` trials with success chance `p` in which at most `k` succeed [1].
///
/// Abramowitz and Stegun (1964), 26.5.24: `P(B <= k) = I_{1-p}(n - k, k + 1)`.
pub fn binomial_cdf(k: u64, n: u64, p: f64) -> f64 {
    if k >= n { 1.0 } else { beta((n - k) as f64, k as f64 + 1.0, 1.0 - p, p) }
}

/// The regularised incomplete beta function `I_x(a, b)` for `a, b > 0` and `x` in 0..=1.
pub fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    beta(a, b, x, 1.0 - x)
}

/// Mirrors the upper half of a symmetric law; `upper` gives the value exceeded by a tail below 1/2.
fn signed(p: f64, upper: impl Fn(f64) -> f64) -> f64 {
    if p.is_nan() || !(0.0..=1.0).contains(&p) {
        f64::NAN
    } else if p < 0.5 {
        -upper(p)
    } else {
        upper(1.0 - p)
    }
}

/// The `t >= 0` that a Student-t law exceeds with chance `tail <= 1/2`.
fn upper_t(tail: f64, degrees: f64) -> f64 {
    if degrees.is_nan() || degrees <= 0.0 {
        f64::NAN
    } else if degrees > NEARLY_NORMAL {
        expansion(upper_normal(tail), degrees)
    } else {
        let (a, b) = (0.5 * degrees, 0.5);
        let density = |t: f64| {
            let (x, y) = t_shares(t, degrees);
            power_term(a, b, x, y) / t
        };
        let centre = |t: f64| {
            let (x, y) = t_shares(t, degrees);
            0.5 * beta(b, a, y, x)
        };
        upper(tail, |t| t_tail(t, degrees), centre, density)
    }
}

/// The `z >= 0` that a standard normal law exceeds with chance `tail <= 1/2`.
fn upper_normal(tail: f64) -> f64 {
    let density = |z: f64| libm::exp(-0.5 * z * z) / (2.0 * PI).sqrt();
    upper(tail, |z| 0.5 * libm::erfc(z / SQRT_2), |z| 0.5 * libm::erf(z / SQRT_2), density)
}

/// First two terms about the normal quantile `z`: Abramowitz and Stegun (1964), 26.7.5.
fn expansion(z: f64, degrees: f64) -> f64 {
    let square = z * z;
    let first = z * (square + 1.0) / 4.0;
    let second = z * (square * (5.0 * square + 16.0) + 3.0) / 96.0;
    z + first / degrees + second / (degrees * degrees)
}

/// `(v / (v + t^2), t^2 / (v + t^2))`, each to full precision.
fn t_shares(t: f64, degrees: f64) -> (f64, f64) {
    // The ratio is squared and not `t`, which may overflow.
    let ratio = t / degrees.sqrt();
    let square = ratio * ratio;
    if square.is_infinite() { (0.0, 1.0) } else { (1.0 / (1.0 + square), square / (1.0 + square)) }
}

/// Inverts a symmetric law from whichever of tail and centre keeps its digits.
fn upper(tail: f64, tail_of: impl Fn(f64) -> f64, centre_of: impl Fn(f64) -> f64, density: impl Fn(f64) -> f64) -> f64 {
    if tail.is_nan() || tail <= 0.0 {
        if tail == 0.0 { f64::INFINITY } else { f64::NAN }
    } else if tail >= 0.5 {
        0.0
    } else if tail > 0.25 {
        solve(0.5 - tail, |t| (centre_of(t), density(t)))
    } else {
        // The logarithm makes far tails nearly straight, so that Newton's rule needs few steps.
        solve(-libm::log(tail), |t| (-libm::log(tail_of(t)), density(t) / tail_of(t)))
    }
}

/// The `t > 0` at which an increasing function reaches `target`: Newton's rule, kept inside a bracket by bisection.
fn solve(target: f64, value_and_slope: impl Fn(f64) -> (f64, f64)) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while value_and_slope(high).0 < target && high < f64::MAX / 2.0 {
        low = high;
        high *= 2.0;
    }
    let mut t = high;
    for _ in 0..STEPS {
        let (value, slope) = value_and_slope(t);
        if value < target {
            low = t;
        } else {
            high = t;
        }
        let newton = t - (value - target) / slope;
        if (newton - t).abs() <= CONVERGED * t {
            return newton;
        }
        t = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
    }
    t
}

/// `I_x(a, b)` with `y = 1 - x` handed in, since a difference from 1 would lose its digits.
fn beta(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        if x <= 0.0 { 0.0 } else { f64::NAN }
    } else if y <= 0.0 {
        1.0
    } else if x <= (a + 1.0) / (a + b + 2.0) {
        power_term(a, b, x, y) * fraction(a, b, x) / a
    } else {
        1.0 - power_term(b, a, y, x) * fraction(b, a, y) / b
    }
}

/// `x^a y^b / B(a, b)`, from deviances and Stirling errors, which do not cancel for large parameters.
///
/// Loader (2000), Fast and Accurate Computation of Binomial Probabilities.
fn power_term(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let total = a + b;
    let deviance = a * libm::log(x * (total / a)) + b * libm::log(y * (total / b));
    let stirling = stirling_error(total) - stirling_error(a) - stirling_error(b);
    (a * (b / total) / (2.0 * PI)).sqrt() * libm::exp(deviance + stirling)
}

/// `ln Gamma(z)` less Stirling's approximation: Abramowitz and Stegun (1964), 6.1.41.
fn stirling_error(z: f64) -> f64 {
    if z < 10.0 {
        return libm::lgamma(z) - ((z - 0.5) * libm::log(z) - z + 0.5 * libm::log(2.0 * PI));
    }
    let w = 1.0 / (z * z);
    let tail = 1.0 / 1_680.0 - w * (1.0 / 1_188.0 - w * (691.0 / 360_360.0));
    (1.0 / 12.0 - w * (1.0 / 360.0 - w * (1.0 / 1_260.0 - w * tail))) / z
}

/// The continued fraction of `I_x(a, b)`, DLMF 8.17.22, by the modified rule of Lentz.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut product = d;
    for m in 1..TERMS {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = product;
        for term in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + term * d);
            c = away_from_zero(1.0 + term / c);
            product *= c * d;
        }
        if (product - before).abs() <= f64::EPSILON * product.abs() {
            break;
        }
    }
    product
}

/// Lentz's guard: a denominator that vanishes is replaced by a tiny one.
fn away_from_zero(value: f64) -> f64 {
    const TINY: f64 = 1e-300;
    if value.abs() < TINY { TINY } else { value }
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{ContinuousCDF, DiscreteCDF};

    use super::*;

    #[track_caller]
    fn close(ours: f64, reference: f64, relative: f64) {
        assert!((ours - reference).abs() <= relative * reference.abs(), "{ours} against {reference}");
    }

    #[test]
    fn critical_values_are_the_published_ones() {
        // Law, Simulation Modeling and Analysis, table T.1, to more digits; 1 and 2 degrees by their closed forms.
        close(critical(0.95, 9.0), 2.262_157_162_798_205, 1e-12);
        close(critical(0.95, 29.0), 2.045_229_642_132_703, 1e-12);
        close(critical(0.99, 29.0), 2.756_385_903_670_605, 1e-12);
        close(critical(0.99, 9.0), 3.249_835_541_592_126, 1e-12);
        close(critical(0.95, 1.0), 12.706_204_736_174_7, 1e-12);
        close(critical(0.99, 1.0), 63.656_741_162_871_58, 1e-12);
        // From an evaluation of the beta integral with forty digits.
        close(critical(0.95, 1_000.0), 1.962_339_080_826_408, 1e-12);
        close(critical(0.99, 1_000.0), 2.580_754_698_065_951, 1e-12);
        close(t_quantile(0.9, 20_000.0), 1.281_593_896_210_215, 1e-11);
        close(critical(0.95, 100_000.0), 1.959_987_707_534_61, 1e-11);
    }

    #[test]
    fn quantiles_of_one_and_two_degrees_are_the_closed_forms() {
        for p in [1e-9, 1e-4, 0.01, 0.2, 0.3, 0.499, 0.51, 0.74, 0.76, 0.9, 0.975, 0.999_9] {
            // The tangent's argument is taken from the nearer end, as ours is.
            close(t_quantile(p, 1.0), -1.0 / libm::tan(PI * p), 1e-11);
            close(t_quantile(p, 2.0), (2.0 * p - 1.0) / (2.0 * p * (1.0 - p)).sqrt(), 1e-11);
        }
    }

    #[test]
    fn quantiles_agree_with_an_independent_library() {
        for degrees in [1.0, 2.0, 3.0, 4.5, 9.0, 29.0, 99.0, 300.0] {
            let other = statrs::distribution::StudentsT::new(0.0, 1.0, degrees).expect("valid parameters");
            for p in [0.001, 0.025, 0.2, 0.4, 0.6, 0.9, 0.975, 0.995, 0.999_9] {
                // The reference bisects to an absolute precision, hence the wider bound.
                close(t_quantile(p, degrees), other.inverse_cdf(p), 1e-7);
                let t = t_quantile(p, degrees);
                close(t_cdf(t, degrees), other.cdf(t), 1e-9);
            }
        }
    }

    #[test]
    fn distribution_function_and_quantile_undo_each_other() {
        for degrees in [1.0, 2.5, 7.0, 29.0, 300.0, 1e5] {
            for p in [1e-12, 1e-6, 0.01, 0.24, 0.26, 0.45] {
                close(t_cdf(t_quantile(p, degrees), degrees), p, 1e-10);
            }
        }
        for p in [1e-300, 1e-20, 1e-3, 0.24, 0.26, 0.45] {
            close(normal_cdf(normal_quantile(p)), p, 1e-12);
        }
    }

    #[test]
    fn many_degrees_join_the_normal_law_without_a_step() {
        let (below, above) = (critical(0.95, NEARLY_NORMAL), critical(0.95, NEARLY_NORMAL + 1.0));
        close(below, above, 1e-10);
        close(critical(0.95, 1e12), 1.959_963_984_540_054, 1e-11);
    }

    #[test]
    fn normal_quantiles_are_the_published_ones() {
        close(normal_quantile(0.975), 1.959_963_984_540_054, 1e-14);
        close(normal_quantile(0.995), 2.575_829_303_548_900_4, 1e-14);
        close(normal_quantile(0.05), -1.644_853_626_951_472_7, 1e-14);
        assert!(normal_quantile(0.5).abs() < 1e-300);
    }

    #[test]
    fn binomial_shares_are_exact_and_agree_with_an_independent_library() {
        // n = 20, p = 1/2: the sum of the first six binomial coefficients over 2^20.
        close(binomial_cdf(5, 20, 0.5), 21_700.0 / 1_048_576.0, 1e-13);
        for (k, n, p) in [(83, 100, 0.9), (995, 1_000, 0.99), (0, 59, 0.95), (40, 2_000, 0.02)] {
            let other = statrs::distribution::Binomial::new(p, n).expect("valid parameters");
            close(binomial_cdf(k, n, p), other.cdf(k), 1e-9);
        }
    }

    #[test]
    fn the_ends_of_a_law_and_nonsense_are_told_apart() {
        assert!(t_quantile(0.0, 3.0) == f64::NEG_INFINITY && t_quantile(1.0, 3.0) == f64::INFINITY);
        assert!(t_quantile(1.1, 3.0).is_nan() && t_quantile(0.9, 0.0).is_nan() && t_quantile(f64::NAN, 3.0).is_nan());
        assert!(critical(0.95, f64::NAN).is_nan() && critical(-0.1, 5.0).is_nan() && normal_quantile(-0.1).is_nan());
    }
}
