//! Products of two 128-bit integers divided by a third, exact through 256 bits.
//!
//! Money times usage overflows 128 bits long before the quotient does.

/// `(a * b / divisor, a * b % divisor)`, or nothing when the quotient needs more than 128 bits.
///
/// # Panics
/// When the divisor is zero.
pub fn mul_div_rem(a: u128, b: u128, divisor: u128) -> Option<(u128, u128)> {
    assert!(divisor > 0, "a product is divided by a positive number");
    if let Some(product) = a.checked_mul(b) {
        return Some((product / divisor, product % divisor));
    }
    let (high, low) = full_product(a, b);
    // The quotient fits 128 bits exactly when the upper half is below the divisor.
    (high < divisor).then(|| divide(high, low, divisor))
}

/// The 256-bit product as upper and lower half, by the school method on 64-bit halves.
fn full_product(a: u128, b: u128) -> (u128, u128) {
    const HALF: u128 = u64::MAX as u128;
    let (a1, a0, b1, b0) = (a >> 64, a & HALF, b >> 64, b & HALF);
    let low = a0 * b0;
    let middle = a1 * b0 + (low >> 64);
    let other = a0 * b1 + (middle & HALF);
    (a1 * b1 + (middle >> 64) + (other >> 64), (other << 64) | (low & HALF))
}

/// Binary long division of `high * 2^128 + low`; needs `high < divisor`.
fn divide(high: u128, low: u128, divisor: u128) -> (u128, u128) {
    let (mut remainder, mut quotient) = (high, 0);
    for bit in (0..128).rev() {
        let carry = remainder >> 127 == 1;
        remainder = (remainder << 1) | ((low >> bit) & 1);
        quotient <<= 1;
        if carry || remainder >= divisor {
            remainder = remainder.wrapping_sub(divisor);
            quotient |= 1;
        }
    }
    (quotient, remainder)
}

/// The quotient rounded to the nearest integer, a half to the even one.
pub fn mul_div_half_even(a: u128, b: u128, divisor: u128) -> Option<u128> {
    let (quotient, remainder) = mul_div_rem(a, b, divisor)?;
    let up = match remainder.cmp(&(divisor - remainder)) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => quotient % 2 == 1,
        std::cmp::Ordering::Greater => true,
    };
    quotient.checked_add(u128::from(up))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_half_goes_to_the_even_neighbour() {
        assert_eq!(mul_div_half_even(1, 1, 2), Some(0));
        assert_eq!(mul_div_half_even(3, 1, 2), Some(2));
        assert_eq!(mul_div_half_even(5, 1, 2), Some(2));
        assert_eq!(mul_div_half_even(5, 1, 3), Some(2));
        assert_eq!(mul_div_half_even(4, 1, 3), Some(1));
    }

    #[test]
    fn a_quotient_beyond_128_bits_is_refused() {
        assert_eq!(mul_div_rem(u128::MAX, 2, 1), None);
        assert_eq!(mul_div_rem(u128::MAX, u128::MAX, u128::MAX), Some((u128::MAX, 0)));
    }

    proptest! {
        /// (q * d + r) is the product again, compared in 256 bits, and r < d.
        #[test]
        fn quotient_and_remainder_make_the_product(a: u128, b: u128, d in 1u128..) {
            if let Some((q, r)) = mul_div_rem(a, b, d) {
                prop_assert!(r < d);
                let (high, low) = full_product(q, d);
                let (sum, carry) = low.overflowing_add(r);
                prop_assert_eq!((high + u128::from(carry), sum), full_product(a, b));
            } else {
                prop_assert!(full_product(a, b).0 >= d);
            }
        }
    }
}
