//! A real number whose transcendental functions have the same bits on every CPU.
//!
//! `rand_distr` samples its generic laws through `num_traits::Float`. For `f64` that trait calls the system's `ln`,
//! `exp` and `pow`, whose last bits depend on the CPU. [`Real`] is an `f64` whose `Float` is backed by `libm`, so
//! `LogNormal<Real>`, `Gamma<Real>`, `Poisson<Real>`, `Beta<Real>` and the like give equal samples everywhere. Take `.0` at the boundary.

use std::num::FpCategory;
use std::ops::Neg;

use num_derive::{Num, NumCast, NumOps, One, ToPrimitive, Zero};
use num_traits::{Float, FloatConst};
use rand::distr::{Distribution, Open01, OpenClosed01, StandardUniform};
use rand::{Rng, RngExt};
use rand_distr::{Exp1, StandardNormal};

/// An `f64` whose functions come from `libm`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Num, NumOps, NumCast, One, Zero, ToPrimitive)]
pub struct Real(pub f64);

impl Neg for Real {
    type Output = Self;

    #[inline]
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

/// Writes the methods of `Float` from lists: what each forwards to, by its shape.
macro_rules! float_methods {
    (
        constants: $($constant:ident = $value:expr),*;
        tests: $($test:ident),*;
        exact: $($exact:ident),*;
        exact_pairs: $($exact_pair:ident),*;
        unary: $($unary:ident = $unary_of:path),*;
        binary: $($binary:ident = $binary_of:path),*;
    ) => {
        $(#[inline] fn $constant() -> Self { Self($value) })*
        $(#[inline] fn $test(self) -> bool { self.0.$test() })*
        $(#[inline] fn $exact(self) -> Self { Self(self.0.$exact()) })*
        $(#[inline] fn $exact_pair(self, other: Self) -> Self { Self(self.0.$exact_pair(other.0)) })*
        $(#[inline] fn $unary(self) -> Self { Self($unary_of(self.0)) })*
        $(#[inline] fn $binary(self, other: Self) -> Self { Self($binary_of(self.0, other.0)) })*
    };
}

impl Float for Real {
    float_methods! {
        constants: nan = f64::NAN, infinity = f64::INFINITY, neg_infinity = f64::NEG_INFINITY, neg_zero = -0.0,
            min_value = f64::MIN, min_positive_value = f64::MIN_POSITIVE, max_value = f64::MAX, epsilon = f64::EPSILON;
        tests: is_nan, is_infinite, is_finite, is_normal, is_subnormal, is_sign_positive, is_sign_negative;
        exact: floor, ceil, round, trunc, fract, abs, signum, recip, sqrt;
        exact_pairs: max, min, copysign;
        unary: exp = libm::exp, exp2 = libm::exp2, ln = libm::log, log2 = libm::log2, log10 = libm::log10,
            cbrt = libm::cbrt, sin = libm::sin, cos = libm::cos, tan = libm::tan, asin = libm::asin, acos = libm::acos,
            atan = libm::atan, exp_m1 = libm::expm1, ln_1p = libm::log1p, sinh = libm::sinh, cosh = libm::cosh,
            tanh = libm::tanh, asinh = libm::asinh, acosh = libm::acosh, atanh = libm::atanh;
        binary: powf = libm::pow, hypot = libm::hypot, atan2 = libm::atan2, abs_sub = libm::fdim;
    }

    fn classify(self) -> FpCategory {
        self.0.classify()
    }

    #[inline]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self(libm::fma(self.0, factor.0, addend.0))
    }

    #[inline]
    fn powi(self, exponent: i32) -> Self {
        // The laws take squares and cubes for each draw; products are exact operations too, and forty times as fast.
        match exponent {
            2 => Self(self.0 * self.0),
            3 => Self(self.0 * self.0 * self.0),
            _ => Self(libm::pow(self.0, f64::from(exponent))),
        }
    }

    fn log(self, base: Self) -> Self {
        Self(libm::log(self.0) / libm::log(base.0))
    }

    fn sin_cos(self) -> (Self, Self) {
        (self.sin(), self.cos())
    }

    fn integer_decode(self) -> (u64, i16, i8) {
        Float::integer_decode(self.0)
    }
}

/// Writes the constants of `FloatConst` as those of `f64`.
macro_rules! constants {
    ($($constant:ident),*) => {
        $(#[inline] fn $constant() -> Self { Self(std::f64::consts::$constant) })*
    };
}

impl FloatConst for Real {
    constants!(
        E,
        FRAC_1_PI,
        FRAC_1_SQRT_2,
        FRAC_2_PI,
        FRAC_2_SQRT_PI,
        FRAC_PI_2,
        FRAC_PI_3,
        FRAC_PI_4,
        FRAC_PI_6,
        FRAC_PI_8,
        LN_10,
        LN_2,
        LOG10_E,
        LOG2_E,
        PI,
        SQRT_2
    );
}

/// The uniform laws use only exact operations on `f64`, so they are forwarded.
macro_rules! uniform_laws {
    ($($law:ident),*) => {
        $(impl Distribution<Real> for $law {
            #[inline]
            fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> Real {
                let value: f64 = self.sample(rng);
                Real(value)
            }
        })*
    };
}

uniform_laws!(StandardUniform, Open01, OpenClosed01);

impl Distribution<Real> for Exp1 {
    #[inline]
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> Real {
        let value: f64 = rng.sample(OpenClosed01);
        Real(-libm::log(value))
    }
}

/// The polar method (Marsaglia and Bray 1964); the second value of the pair is dropped, so that a draw has no memory.
impl Distribution<Real> for StandardNormal {
    #[inline]
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> Real {
        loop {
            let x = 2.0 * rng.random::<f64>() - 1.0;
            let y = 2.0 * rng.random::<f64>() - 1.0;
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return Real(x * (-2.0 * libm::log(square) / square).sqrt());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_traits::{NumCast, One, ToPrimitive, Zero};

    #[test]
    fn functions_are_those_of_libm() {
        let x = Real(0.7);
        assert_eq!(x.ln().0.to_bits(), libm::log(0.7).to_bits());
        assert_eq!(x.exp().0.to_bits(), libm::exp(0.7).to_bits());
        assert_eq!(x.powf(Real(2.5)).0.to_bits(), libm::pow(0.7, 2.5).to_bits());
        assert_eq!(x.powi(-3).0.to_bits(), libm::pow(0.7, -3.0).to_bits());
        assert_eq!(x.tan().0.to_bits(), libm::tan(0.7).to_bits());
    }

    #[test]
    fn exact_operations_are_those_of_f64() {
        let (a, b) = (Real(7.25), Real(-2.5));
        assert_eq!((a + b, a - b, a * b), (Real(4.75), Real(9.75), Real(-18.125)));
        assert_eq!((a / b, a % b), (Real(-2.9), Real(2.25)));
        assert_eq!((a.floor(), b.abs(), -a, a.max(b)), (Real(7.0), Real(2.5), Real(-7.25), a));
        assert_eq!(Real(2.25).sqrt(), Real(1.5));
    }

    #[test]
    fn numbers_convert_both_ways() {
        assert_eq!(<Real as NumCast>::from(1.5_f64), Some(Real(1.5)));
        assert_eq!(Real(9.9).to_usize(), Some(9));
        assert_eq!((Real::zero(), Real::one()), (Real(0.0), Real(1.0)));
        assert_eq!(Real::PI(), Real(std::f64::consts::PI));
    }
}
