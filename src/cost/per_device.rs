//! Denominators of cost, and attribution of what is shared.

use crate::units::wide::mul_div_rem;
use crate::units::{Money, SimDuration};

/// Cost per device-month [currency per device and month of `hours_per_month`]; nothing without devices.
///
/// `device_micros` is the integral of the devices (registered, connected or active) over the run [devices x us].
pub fn per_device(total: Money, device_micros: u128, hours_per_month: u32) -> Option<f64> {
    let month = month(hours_per_month).0 as f64;
    (device_micros > 0).then(|| total.to_f64() * month / device_micros as f64)
}

/// An amount of a run scaled to a month of `hours_per_month`.
///
/// # Panics
/// When the run has no length.
pub fn per_month(amount: Money, length: SimDuration, hours_per_month: u32) -> Money {
    amount.times_ratio(i128::from(month(hours_per_month).0), i128::from(length.0))
}

/// The floor of cost per device-month: capacity shared by exactly as many devices as the stamp is planned for, plus
/// what each device's use costs [currency per device and month].
///
/// Stamps that are not full lie above it; cost against floor is the premium that a fleet pays for room to grow.
pub fn floor_per_device(stamp_month: Money, capacity: u64, use_per_device_month: f64) -> Option<f64> {
    (capacity > 0).then(|| stamp_month.to_f64() / capacity as f64 + use_per_device_month)
}

/// Splits an amount in proportion to weights; the parts sum to it exactly.
///
/// By largest remainder (Hamilton 1792): every part is rounded down, and the steps left over go to the largest
/// remainders, of equal ones to the first. Without any weight the parts are equal.
///
/// # Panics
/// When there is no part to give the amount to, or the weights sum beyond 128 bits.
pub fn attribute(total: Money, weights: &[u128]) -> Vec<Money> {
    assert!(!weights.is_empty(), "an amount is split among at least one part");
    let sum = weights.iter().try_fold(0u128, |sum, weight| sum.checked_add(*weight)).expect("weights sum below 2^128");
    if sum == 0 {
        return attribute(total, &vec![1; weights.len()]);
    }
    let size = total.nanos().unsigned_abs();
    let split = |weight: &u128| mul_div_rem(size, *weight, sum).expect("a part is no larger than the whole");
    let parts: Vec<(u128, u128)> = weights.iter().map(split).collect();
    let sign = total.nanos().signum();
    let signed = |part: u128| Money(sign * i128::try_from(part).expect("a part is no larger than the whole"));
    with_left_over(&parts, size).into_iter().map(signed).collect()
}

/// The quotients, with the steps that rounding down left over handed out.
fn with_left_over(parts: &[(u128, u128)], total: u128) -> Vec<u128> {
    let mut shares: Vec<u128> = parts.iter().map(|(quotient, _)| *quotient).collect();
    let left_over = total - shares.iter().sum::<u128>();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|a, b| parts[*b].1.cmp(&parts[*a].1).then(a.cmp(b)));
    for index in order.into_iter().take(left_over as usize) {
        shares[index] += 1;
    }
    shares
}

/// The month that prices are stated for.
fn month(hours: u32) -> SimDuration {
    SimDuration::HOUR * u64::from(hours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(text: &str) -> Money {
        text.parse().expect(text)
    }

    /// The floor of a full hub: S3 at 2,500 a month for a million devices is 0.0025 per device-month.
    #[test]
    fn a_full_hub_costs_its_floor() {
        let length = SimDuration::from_secs(6 * 3600);
        let device_micros = 1_000_000 * u128::from(length.0);
        let bill = money("2500").times_ratio(i128::from(length.0), i128::from(month(730).0));
        let cost = per_device(bill, device_micros, 730).expect("devices");
        assert!((cost - 0.0025).abs() < 1e-12, "{cost}");
        let floor = floor_per_device(money("2500"), 1_000_000, 0.0).expect("a capacity");
        assert!((floor - 0.0025).abs() < 1e-15);
        assert_eq!(per_device(bill, 0, 730), None);
        assert_eq!(floor_per_device(bill, 0, 1.0), None);
    }

    #[test]
    fn a_month_has_730_hours() {
        assert_eq!(per_month(money("0.03"), SimDuration::HOUR, 730), money("21.90"));
        assert_eq!(per_month(money("100"), month(730), 730), money("100"));
    }

    #[test]
    fn steps_left_over_go_to_the_largest_remainders() {
        assert_eq!(attribute(Money(10), &[1, 1, 1]), [Money(4), Money(3), Money(3)]);
        assert_eq!(attribute(Money(10), &[5, 3, 1]), [Money(6), Money(3), Money(1)]);
        assert_eq!(attribute(Money(-10), &[1, 2]), [Money(-3), Money(-7)]);
        assert_eq!(attribute(Money(7), &[0, 0]), [Money(4), Money(3)]);
        assert_eq!(attribute(Money(7), &[0, 9]), [Money(0), Money(7)]);
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_whole_and_keep_their_quota(
            total in -(1i128 << 120)..(1i128 << 120),
            weights in prop::collection::vec(0u128..1 << 100, 1..20),
        ) {
            let parts = attribute(Money(total), &weights);
            prop_assert_eq!(parts.iter().sum::<Money>(), Money(total));
            let sum: u128 = weights.iter().sum();
            for (part, weight) in parts.iter().zip(&weights).filter(|_| sum > 0) {
                let (low, _) = mul_div_rem(total.unsigned_abs(), *weight, sum).expect("a part");
                let size = part.0.unsigned_abs();
                prop_assert!(size == low || size == low + 1);
            }
        }
    }
}
