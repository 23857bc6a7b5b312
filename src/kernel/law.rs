//! Distributions of non-negative quantities as plain data: one type to store, sample and reason about.
//!
//! [`Law`] is a distribution of a number in the unit of its parameters; [`DurationLaw`] one of a length of time, with the
//! text that people write for it. Sampling uses `libm` only, so samples have the same bits on every CPU.

mod duration;

use rand_distr::{Distribution, Gamma};

use super::draws::Stream;
use super::real::Real;
use crate::theory::normal;

pub use duration::{DurationForm, DurationLaw, LogNormalSpread};

/// A distribution of a non-negative quantity, in the unit of its parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Law {
    /// Always the same value.
    Constant {
        /// The value.
        value: f64,
    },
    /// Uniform between two bounds.
    Uniform {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// Exponential.
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// Lognormal: its logarithm is normal.
    LogNormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Gamma.
    Gamma {
        /// Shape; below 1 more variable than an exponential.
        shape: f64,
        /// Mean.
        mean: f64,
    },
    /// Weibull.
    Weibull {
        /// Shape; below 1 a falling hazard.
        shape: f64,
        /// Scale: the value that 63.2 % stay below.
        scale: f64,
    },
    /// The sum of equal exponential stages.
    Erlang {
        /// Number of stages.
        stages: u32,
        /// Mean of the sum.
        mean: f64,
    },
}

/// Why parameters describe no distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LawError {
    /// A parameter is negative, infinite or not a number; or zero where it divides.
    Parameter {
        /// The parameter as it is named in scenario files.
        name: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// The bounds are in the wrong order.
    Order,
}

impl std::fmt::Display for LawError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Parameter { name, expected } => write!(out, "`{name}` has to be {expected}"),
            Self::Order => write!(out, "the lower bound is above the upper one"),
        }
    }
}

impl std::error::Error for LawError {}

/// Passes a parameter that is finite and at least zero.
fn not_negative(name: &'static str, value: f64) -> Result<(), LawError> {
    let error = LawError::Parameter { name, expected: "zero or more" };
    if value.is_finite() && value >= 0.0 { Ok(()) } else { Err(error) }
}

/// Passes a parameter that is finite and above zero.
fn positive(name: &'static str, value: f64) -> Result<(), LawError> {
    let error = LawError::Parameter { name, expected: "above zero" };
    if value.is_finite() && value > 0.0 { Ok(()) } else { Err(error) }
}

impl Law {
    /// The lognormal law with this median and 99th percentile, both in its unit.
    pub fn from_median_p99(median: f64, p99: f64) -> Result<Self, LawError> {
        positive("median", median)?;
        positive("p99", p99)?;
        if p99 < median {
            return Err(LawError::Parameter { name: "p99", expected: "at least the median" });
        }
        Ok(Self::LogNormal { mu: libm::log(median), sigma: libm::log(p99 / median) / normal::quantile(0.99) })
    }

    /// The lognormal law whose logarithm has this mean and standard deviation.
    pub fn from_log(mu: f64, sigma: f64) -> Result<Self, LawError> {
        Self::LogNormal { mu, sigma }.checked()
    }

    /// The law itself when its parameters describe a distribution.
    pub fn checked(self) -> Result<Self, LawError> {
        match self {
            Self::Constant { value } => not_negative("value", value),
            Self::Uniform { low, high } if low > high => not_negative("high", high).and(Err(LawError::Order)),
            Self::Uniform { low, high } => not_negative("low", low).and(not_negative("high", high)),
            Self::Exponential { mean } => not_negative("mean", mean),
            Self::LogNormal { mu, .. } if !mu.is_finite() => {
                Err(LawError::Parameter { name: "mu", expected: "a finite number" })
            }
            Self::LogNormal { sigma, .. } => not_negative("sigma", sigma),
            Self::Gamma { shape, mean } => positive("shape", shape).and(not_negative("mean", mean)),
            Self::Weibull { shape, scale } => positive("shape", shape).and(not_negative("scale", scale)),
            Self::Erlang { stages, mean } => positive("stages", f64::from(stages)).and(not_negative("mean", mean)),
        }?;
        Ok(self)
    }

    /// One value, in the unit of the parameters; they have passed [`Law::checked`].
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> f64 {
        match *self {
            Self::Constant { value } => value,
            Self::Uniform { low, high } => low + (high - low) * stream.unit(),
            Self::Exponential { mean } => stream.exponential(mean),
            Self::LogNormal { mu, sigma } => libm::exp(mu + sigma * stream.normal()),
            Self::Gamma { shape, mean } => gamma(shape, mean, stream),
            Self::Weibull { shape, scale } => scale * libm::pow(stream.exponential(1.0), 1.0 / shape),
            Self::Erlang { stages, mean } => gamma(f64::from(stages), mean, stream),
        }
    }

    /// Mean, in the unit of the parameters.
    pub fn mean(&self) -> f64 {
        match *self {
            Self::Constant { value } => value,
            Self::Uniform { low, high } => f64::midpoint(low, high),
            Self::Exponential { mean } | Self::Gamma { mean, .. } | Self::Erlang { mean, .. } => mean,
            Self::LogNormal { mu, sigma } => libm::exp(mu + 0.5 * sigma * sigma),
            Self::Weibull { shape, scale } => scale * libm::tgamma(1.0 + 1.0 / shape),
        }
    }

    /// Squared coefficient of variation: variance over squared mean; 0 for a law that is always zero.
    pub fn scv(&self) -> f64 {
        match *self {
            Self::Constant { .. } => 0.0,
            Self::Uniform { low, high } => {
                let ratio = if high > 0.0 { (high - low) / (high + low) } else { 0.0 };
                ratio * ratio / 3.0
            }
            Self::Exponential { .. } => 1.0,
            Self::LogNormal { sigma, .. } => libm::expm1(sigma * sigma),
            Self::Gamma { shape, .. } => 1.0 / shape,
            Self::Weibull { shape, .. } => {
                libm::exp(libm::lgamma(1.0 + 2.0 / shape) - 2.0 * libm::lgamma(1.0 + 1.0 / shape)) - 1.0
            }
            Self::Erlang { stages, .. } => 1.0 / f64::from(stages),
        }
    }

    /// The largest value it can take, in the unit of the parameters; infinite where there is none.
    pub fn upper_bound(&self) -> f64 {
        match *self {
            Self::Constant { value } => value,
            Self::Uniform { high, .. } => high,
            _ if self.is_zero() => 0.0,
            _ => f64::INFINITY,
        }
    }

    /// The value that it stays below with probability `p` within (0, 1), where that has a closed form.
    pub fn quantile(&self, p: f64) -> Option<f64> {
        match *self {
            Self::Constant { value } => Some(value),
            Self::Uniform { low, high } => Some(low + (high - low) * p),
            Self::Exponential { mean } => Some(-mean * libm::log1p(-p)),
            Self::LogNormal { mu, sigma } => Some(libm::exp(mu + sigma * normal::quantile(p))),
            Self::Weibull { shape, scale } => Some(scale * libm::pow(-libm::log1p(-p), 1.0 / shape)),
            Self::Gamma { .. } | Self::Erlang { .. } => None,
        }
    }

    /// Whether every value is zero.
    pub fn is_zero(&self) -> bool {
        // The mean of a non-negative quantity is zero only when it always is.
        self.mean() <= 0.0
    }
}

/// A gamma value by its shape and mean.
fn gamma(shape: f64, mean: f64, stream: &mut Stream) -> f64 {
    let law = Gamma::new(Real(shape), Real(1.0)).expect("the shape is above zero");
    law.sample(stream).0 * (mean / shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::draws::{Draws, Purpose};

    const LAWS: [Law; 9] = [
        Law::Constant { value: 3.0 },
        Law::Uniform { low: 1.0, high: 4.0 },
        Law::Exponential { mean: 2.5 },
        Law::LogNormal { mu: 1.0, sigma: 0.6 },
        Law::Gamma { shape: 0.5, mean: 2.0 },
        Law::Gamma { shape: 4.0, mean: 2.0 },
        Law::Weibull { shape: 0.8, scale: 2.0 },
        Law::Weibull { shape: 3.0, scale: 2.0 },
        Law::Erlang { stages: 3, mean: 6.0 },
    ];

    fn stream(counter: u64) -> Stream {
        Draws::new(21, 0).stream(1, Purpose::HubLatency, counter)
    }

    /// 2^18 values: the mean within five standard errors (6e-7 each on correct code), the variance within 6 %.
    #[test]
    fn samples_have_the_stated_moments() {
        let n = 1_u32 << 18;
        for (index, law) in LAWS.iter().enumerate() {
            let mut stream = stream(index as u64);
            let values: Vec<f64> = (0..n).map(|_| law.sample(&mut stream)).collect();
            let mean = values.iter().sum::<f64>() / f64::from(n);
            let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / f64::from(n);
            let expected = law.scv() * law.mean() * law.mean();
            assert!((mean - law.mean()).abs() <= 5.0 * (expected / f64::from(n)).sqrt(), "{law:?}: {mean}");
            assert!((variance - expected).abs() <= 0.06 * expected, "{law:?}: {variance} {expected}");
        }
    }

    /// The share of values below a quantile, within five standard errors of 2^17 values.
    #[test]
    fn samples_have_the_stated_quantiles() {
        let n = 1_u32 << 17;
        for law in LAWS.into_iter().filter(|law| law.scv() > 0.0) {
            for p in [0.05, 0.5, 0.99] {
                let Some(quantile) = law.quantile(p) else { continue };
                let mut stream = stream(99);
                let below = (0..n).filter(|_| law.sample(&mut stream) <= quantile).count();
                let share = below as f64 / f64::from(n);
                assert!((share - p).abs() < 5.0 * (p * (1.0 - p) / f64::from(n)).sqrt(), "{law:?} {p}: {share}");
            }
        }
    }

    #[test]
    fn closed_forms_match_hand_calculation() {
        // Exponential is Gamma, Weibull and Erlang at shape 1.
        let alike = [
            Law::Gamma { shape: 1.0, mean: 2.0 },
            Law::Weibull { shape: 1.0, scale: 2.0 },
            Law::Erlang { stages: 1, mean: 2.0 },
        ];
        for law in alike {
            assert!((law.mean() - 2.0).abs() < 1e-12 && (law.scv() - 1.0).abs() < 1e-12, "{law:?}");
        }
        // Rayleigh is Weibull at shape 2: mean scale * sqrt(pi) / 2, scv 4 / pi - 1.
        let rayleigh = Law::Weibull { shape: 2.0, scale: 1.0 };
        assert!((rayleigh.mean() - std::f64::consts::PI.sqrt() / 2.0).abs() < 1e-14);
        assert!((rayleigh.scv() - (4.0 / std::f64::consts::PI - 1.0)).abs() < 1e-14);
        assert!((Law::Uniform { low: 0.0, high: 2.0 }.scv() - 1.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn lognormal_meets_its_median_and_p99() {
        let law = Law::from_median_p99(20.0, 80.0).unwrap();
        assert!((law.quantile(0.5).unwrap() - 20.0).abs() < 1e-12);
        assert!((law.quantile(0.99).unwrap() - 80.0).abs() < 1e-11);
        assert!(Law::from_median_p99(20.0, 10.0).is_err());
    }

    #[test]
    fn bounds_and_zero() {
        assert_eq!(Law::Uniform { low: 1.0, high: 4.0 }.upper_bound().to_bits(), 4.0_f64.to_bits());
        assert!(Law::Exponential { mean: 1.0 }.upper_bound().is_infinite());
        assert!(Law::Exponential { mean: 0.0 }.is_zero() && Law::Constant { value: 0.0 }.is_zero());
        assert!(!Law::Uniform { low: 0.0, high: 1.0 }.is_zero());
    }

    #[test]
    fn wrong_parameters_are_refused() {
        assert!(Law::Constant { value: -1.0 }.checked().is_err());
        assert_eq!(Law::Uniform { low: 2.0, high: 1.0 }.checked(), Err(LawError::Order));
        assert!(Law::Gamma { shape: 0.0, mean: 1.0 }.checked().is_err());
        assert!(Law::from_log(f64::NAN, 1.0).is_err());
        assert!(Law::Erlang { stages: 0, mean: 1.0 }.checked().is_err());
        assert!(LAWS.iter().all(|law| law.checked().is_ok()));
    }

    #[test]
    fn first_values_are_pinned() {
        let bits = LAWS.map(|law| law.sample(&mut stream(0)).to_bits());
        let pinned = [
            0x4008_0000_0000_0000,
            0x3ffe_597b_edc4_4638,
            0x3fec_69f9_48c3_146b,
            0x4001_1613_b0a7_c24d,
            0x3feb_fede_0980_016e,
            0x3ff7_98c5_00eb_ed2b,
            0x3fe1_8c55_d4ff_851e,
            0x3ff6_a975_6bb7_88b2,
            0x4010_8059_9b3c_3ada,
        ];
        assert_eq!(bits, pinned);
    }
}
