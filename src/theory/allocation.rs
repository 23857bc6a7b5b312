//! Spreading devices over stamps: what random allocation, hashing and a new stamp do, and what an outage hits.

/// Share of devices that move when a stamp is added to `stamps` under hash modulo number: S / (S + 1).
pub fn moved_by_modulo(stamps: u32) -> f64 {
    f64::from(stamps) / (f64::from(stamps) + 1.0)
}

/// Share of devices that move when a stamp is added to `stamps` under rendezvous or jump hashing: 1 / (S + 1), the least
/// possible (Thaler and Ravishankar 1998; Lamping and Veach 2014).
pub fn moved_by_rendezvous(stamps: u32) -> f64 {
    1.0 / (f64::from(stamps) + 1.0)
}

/// Share of devices that move when one of `stamps` is removed under rendezvous hashing: those on it, 1 / S.
pub fn moved_by_removal(stamps: u32) -> f64 {
    1.0 / f64::from(stamps)
}

/// Standard deviation of the devices on one of `stamps` equal stamps under random allocation (binomial).
pub fn sd_of_one_stamp(devices: u64, stamps: u32) -> f64 {
    let share = 1.0 / f64::from(stamps);
    (devices as f64 * share * (1.0 - share)).sqrt()
}

/// Probability that a given one of `stamps` equal stamps gets more than `capacity` of `devices` at random (binomial tail).
pub fn overflow_of_one_stamp(devices: u64, stamps: u32, capacity: u64) -> f64 {
    let p = 1.0 / f64::from(stamps);
    if capacity >= devices {
        return 0.0;
    }
    if stamps <= 1 {
        return 1.0;
    }
    // Below the mean the sum is taken from the other side, so that both start at their largest term.
    let above_mean = capacity as f64 + 1.0 > devices as f64 * p;
    if above_mean { tail_up(devices, p, capacity + 1) } else { 1.0 - tail_down(devices, p, capacity) }
}

/// Probability of `from` or more successes, `from` at least the mean.
fn tail_up(n: u64, p: f64, from: u64) -> f64 {
    let odds = p / (1.0 - p);
    let (mut term, mut sum) = (binomial_probability(n, p, from), 0.0);
    for k in from..=n {
        sum += term;
        term *= (n - k) as f64 / (k + 1) as f64 * odds;
        if term < sum * 1e-17 {
            break;
        }
    }
    sum
}

/// Probability of at most `to` successes, `to` at most the mean.
fn tail_down(n: u64, p: f64, to: u64) -> f64 {
    let odds = (1.0 - p) / p;
    let (mut term, mut sum) = (binomial_probability(n, p, to), 0.0);
    for k in (0..=to).rev() {
        sum += term;
        term *= k as f64 / (n - k + 1) as f64 * odds;
        if term < sum * 1e-17 {
            break;
        }
    }
    sum
}

/// Probability of exactly `k` of `n` successes of probability `p` within (0, 1).
fn binomial_probability(n: u64, p: f64, k: u64) -> f64 {
    let (trials, successes) = (n as f64, k as f64);
    let ways = libm::lgamma(trials + 1.0) - libm::lgamma(successes + 1.0) - libm::lgamma(trials - successes + 1.0);
    libm::exp(ways + successes * libm::log(p) + (trials - successes) * libm::log1p(-p))
}

/// Equal stamps that are each unavailable a share of the time, part of it together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlastRadius {
    /// Number of stamps S.
    pub stamps: u32,
    /// Share of time that a stamp is down u.
    pub unavailability: f64,
    /// Share of it that takes all stamps down together (common cause), 0 to 1.
    pub common_share: f64,
}

impl BlastRadius {
    /// Probability of a common outage.
    fn common(self) -> f64 {
        self.common_share * self.unavailability
    }

    /// Probability that a stamp is down by itself while there is no common outage, so that both make up u.
    fn own(self) -> f64 {
        (self.unavailability - self.common()) / (1.0 - self.common())
    }

    /// Expected share of devices down: u, whatever the number of stamps.
    pub fn expected_share(self) -> f64 {
        self.unavailability
    }

    /// Standard deviation of the share of devices down: what more stamps improve; sqrt(u (1 - u) / S) without a common cause.
    pub fn sd_share(self) -> f64 {
        let (u, stamps) = (self.unavailability, f64::from(self.stamps));
        (u * (1.0 - u) * (1.0 + (stamps - 1.0) * self.pair_correlation()) / stamps).sqrt()
    }

    /// Correlation of two stamps being down.
    pub fn pair_correlation(self) -> f64 {
        let u = self.unavailability;
        let own = self.own();
        let both = self.common() + (1.0 - self.common()) * own * own;
        if u <= 0.0 || u >= 1.0 { 0.0 } else { (both - u * u) / (u * (1.0 - u)) }
    }

    /// Probability that every stamp is down.
    pub fn all_down(self) -> f64 {
        self.common() + (1.0 - self.common()) * libm::pow(self.own(), f64::from(self.stamps))
    }

    /// Probability that some stamp is down.
    pub fn any_down(self) -> f64 {
        let all_up = f64::from(self.stamps) * libm::log1p(-self.own()) + libm::log1p(-self.common());
        -libm::expm1(all_up)
    }
}

/// The number of equal stamps with the same blast radius as stamps of these sizes: 1 / sum of squared shares.
pub fn effective_stamps(sizes: &[f64]) -> f64 {
    let total: f64 = sizes.iter().sum();
    let squares: f64 = sizes.iter().map(|size| (size / total) * (size / total)).sum();
    1.0 / squares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::reference::rows;

    #[test]
    fn moved_shares_match_the_reference() {
        for row in rows("devices moved when a stamp is added") {
            let stamps = row.number("stamps") as u32;
            let computed = match row.metric.as_str() {
                "moved_modulo_add_one" => moved_by_modulo(stamps),
                "moved_rendezvous_add_one" => moved_by_rendezvous(stamps),
                "moved_rendezvous_remove_one" => moved_by_removal(stamps),
                other => panic!("{other}"),
            };
            row.assert_near(computed, 1e-14);
        }
    }

    #[test]
    fn overflows_match_the_reference() {
        for row in rows("overflow of a random allocation") {
            let chance = overflow_of_one_stamp(
                row.number("devices") as u64,
                row.number("stamps") as u32,
                row.number("stamp_capacity") as u64,
            );
            row.assert_near(chance, 1e-7);
        }
        for row in rows("evenly weighted allocation, random").iter().filter(|row| row.metric == "sd_one_stamp") {
            row.assert_near(sd_of_one_stamp(row.number("devices") as u64, row.number("stamps") as u32), 1e-12);
        }
        // Both sides of the mean, by hand: 3 devices, 2 stamps.
        assert!((overflow_of_one_stamp(3, 2, 0) - 7.0 / 8.0).abs() < 1e-12);
        assert!((overflow_of_one_stamp(3, 2, 2) - 1.0 / 8.0).abs() < 1e-12);
        assert!(overflow_of_one_stamp(3, 2, 3).abs() < 1e-300);
    }

    #[test]
    fn blast_radii_match_the_reference() {
        for (model, has_common) in [("blast radius", false), ("blast radius with common-cause outages", true)] {
            for row in rows(model) {
                let radius = BlastRadius {
                    stamps: row.number("stamps") as u32,
                    unavailability: row.number("stamp_unavailability"),
                    common_share: if has_common { row.number("common_share") } else { 0.0 },
                };
                match row.metric.as_str() {
                    "expected_fraction_down" => row.assert_near(radius.expected_share(), 1e-14),
                    "sd_fraction_down" => row.assert_near(radius.sd_share(), 1e-9),
                    "p_all_down" => row.assert_near(radius.all_down(), 1e-9),
                    "p_any_down" => row.assert_near(radius.any_down(), 1e-9),
                    "pair_correlation" => row.assert_near(radius.pair_correlation(), 1e-9),
                    _ => {}
                }
            }
        }
        assert!((effective_stamps(&[5.0, 3.0, 1.0, 1.0]) - 1.0 / 0.36).abs() < 1e-12);
    }
}
