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

    /// Probability that two stamps or more are down.
    pub fn two_down(self) -> f64 {
        let (own, stamps) = (self.own(), f64::from(self.stamps));
        let none = libm::exp(stamps * libm::log1p(-own));
        let one = stamps * own * libm::exp((stamps - 1.0) * libm::log1p(-own));
        let several = if self.stamps < 2 { 0.0 } else { 1.0 - none - one };
        self.common() * f64::from(u8::from(self.stamps > 1)) + (1.0 - self.common()) * several
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

/// Share of the devices on each of some stamps, for stamps of unequal size.
pub fn shares(sizes: &[f64]) -> Vec<f64> {
    let total: f64 = sizes.iter().sum();
    sizes.iter().map(|size| size / total).collect()
}

/// The law of the devices on the fullest of equal stamps under random allocation (multinomial maximum).
#[derive(Debug, Clone, PartialEq)]
pub struct FullestStamp {
    /// The smallest count that is looked at.
    first: u64,
    /// Probability that the fullest stamp has at most `first`, `first + 1`, ... devices.
    at_most: Vec<f64>,
}

impl FullestStamp {
    /// Counts are independent Poisson variables, given their sum: the probability that none exceeds m is that of the sum
    /// of truncated ones, taken from its Fourier transform while m grows.
    pub fn new(devices: u64, stamps: u32) -> Self {
        let mean = devices as f64 / f64::from(stamps);
        let spread = (10.0 * mean.sqrt()).ceil() + 20.0;
        let first = (mean - spread).floor().max(0.0);
        let points = (20.0 * (devices as f64).sqrt() + 64.0) as usize;
        let mut waves: Vec<Wave> = (0..=points / 2).map(|i| Wave::new(i, points, first - mean)).collect();
        let mut at_most = Vec::new();
        for step in 0..=(mean + spread - first) as u64 {
            let count = first + step as f64;
            let weight = libm::exp(count * libm::log(mean) - mean - libm::lgamma(count + 1.0));
            waves.iter_mut().for_each(|wave| wave.add(weight));
            at_most.push(waves.iter().map(|wave| wave.share_of_sum(stamps)).sum::<f64>());
        }
        let whole = at_most[at_most.len() - 1];
        at_most.iter_mut().for_each(|chance| *chance = (*chance / whole).clamp(0.0, 1.0));
        Self { first: first as u64, at_most }
    }

    /// Expected devices on the fullest stamp.
    pub fn mean(&self) -> f64 {
        self.first as f64 + self.at_most.iter().map(|chance| 1.0 - chance).sum::<f64>()
    }

    /// Devices that the fullest stamp does not exceed with probability `p`.
    pub fn quantile(&self, p: f64) -> u64 {
        self.first + self.at_most.iter().take_while(|chance| **chance < p).count() as u64
    }
}

/// One point of the Fourier transform of a truncated Poisson law about its mean.
struct Wave {
    /// Transform so far.
    sum: (f64, f64),
    /// Factor of the next count.
    next: (f64, f64),
    /// What turns the factor of a count into that of the following one.
    turn: (f64, f64),
    /// How often the point counts: those besides zero stand for their mirror image too.
    weight: f64,
}

impl Wave {
    fn new(index: usize, points: usize, from: f64) -> Self {
        let angle = 2.0 * std::f64::consts::PI * index as f64 / points as f64;
        let at = |count: f64| (libm::cos(angle * count), libm::sin(angle * count));
        let single = index == 0 || 2 * index == points;
        Self { sum: (0.0, 0.0), next: at(from), turn: at(1.0), weight: if single { 1.0 } else { 2.0 } }
    }

    fn add(&mut self, weight: f64) {
        self.sum = (self.sum.0 + weight * self.next.0, self.sum.1 + weight * self.next.1);
        self.next = times(self.next, self.turn);
    }

    /// The part of this point in the probability that so many independent counts sum up to their mean.
    fn share_of_sum(&self, counts: u32) -> f64 {
        let (mut power, mut square, mut left) = ((1.0, 0.0), self.sum, counts);
        while left > 0 {
            if left % 2 == 1 {
                power = times(power, square);
            }
            (square, left) = (times(square, square), left / 2);
        }
        self.weight * power.0
    }
}

/// The product of two complex numbers.
fn times(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

/// Mean time in the system, in service times, when each request goes to the shortest of `choices` of many queues at this
/// load: the sum of `load^((d^i - d) / (d - 1))` (Vvedenskaya, Dobrushin and Karpelevich 1996; Mitzenmacher 2001).
pub fn supermarket_sojourn(load: f64, choices: u32) -> f64 {
    if choices <= 1 {
        return 1.0 / (1.0 - load);
    }
    let d = f64::from(choices);
    let term = |i: i32| libm::pow(load, (libm::pow(d, f64::from(i)) - d) / (d - 1.0));
    (1..60).map(term).take_while(|term| *term > 1e-18).sum()
}

/// Customers who each get a random set of workers (Mac Carthaigh, "Workload isolation using shuffle-sharding").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShuffleShards {
    /// Number of workers.
    pub workers: u32,
    /// Workers of a customer.
    pub shard: u32,
}

impl ShuffleShards {
    /// Number of different sets.
    pub fn combinations(self) -> f64 {
        choose(self.workers, self.shard)
    }

    /// Probability that two customers share exactly so many workers (hypergeometric).
    pub fn overlap(self, shared: u32) -> f64 {
        if shared > self.shard || self.shard - shared > self.workers - self.shard {
            return 0.0;
        }
        choose(self.shard, shared) * choose(self.workers - self.shard, self.shard - shared) / self.combinations()
    }

    /// Workers that two customers share on average.
    pub fn expected_overlap(self) -> f64 {
        f64::from(self.shard) * f64::from(self.shard) / f64::from(self.workers)
    }
}

/// Ways to choose k of n.
fn choose(n: u32, k: u32) -> f64 {
    (0..k).fold(1.0, |ways, i| ways * f64::from(n - i) / f64::from(i + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both sides of the mean, by hand: 3 devices, 2 stamps.
    #[test]
    fn overflows_by_hand() {
        assert!((overflow_of_one_stamp(3, 2, 0) - 7.0 / 8.0).abs() < 1e-12);
        assert!((overflow_of_one_stamp(3, 2, 2) - 1.0 / 8.0).abs() < 1e-12);
        assert!(overflow_of_one_stamp(3, 2, 3).abs() < 1e-300);
        assert!((effective_stamps(&[5.0, 3.0, 1.0, 1.0]) - 1.0 / 0.36).abs() < 1e-12);
    }

    /// The fullest of two stamps of three devices has two with 3/4, three with 1/4.
    #[test]
    fn the_fullest_stamp_by_hand() {
        let law = FullestStamp::new(3, 2);
        assert!((law.mean() - 2.25).abs() < 1e-9, "{}", law.mean());
        assert_eq!((law.quantile(0.5), law.quantile(0.8)), (2, 3));
    }

    #[test]
    fn a_hand_of_cards() {
        let cards = ShuffleShards { workers: 54, shard: 4 };
        assert!((cards.combinations() - 316_251.0).abs() < 1e-6);
        assert!(((0..=4).map(|k| cards.overlap(k)).sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((supermarket_sojourn(0.9, 1) - 10.0).abs() < 1e-12);
    }
}
