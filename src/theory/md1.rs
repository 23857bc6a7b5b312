//! The queue with one server, Poisson arrivals and constant service times: a paced throttle, a paced backlog.
//!
//! Times are in service times. Erlang's closed form of the waiting time (1909) alternates in sign and loses all digits
//! for long waits; here every sum has positive terms only (Franx 2001, "A simple solution for the M/D/c waiting time
//! distribution", for one server), so even a tail of 1e-20 has a small relative error.

use super::crossing;

/// Levels of the queue whose probabilities are computed; beyond them the tail is exponential to the last bit.
const LEVELS: usize = 100;
/// Waits from here on use the exponential tail [service times].
const EXPONENTIAL_FROM: f64 = 60.0;

/// The queue at a utilisation below 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Md1 {
    utilisation: f64,
    /// Decay rate of the tail of the waiting time [1 / service time].
    decay: f64,
    /// Probability that at least so many customers are in the system.
    at_least: Vec<f64>,
}

impl Md1 {
    /// The queue at a utilisation from 0 to below 1.
    pub fn new(utilisation: f64) -> Self {
        assert!((0.0..1.0).contains(&utilisation), "a queue is stable below a utilisation of 1, not at {utilisation}");
        let decay = decay_rate(utilisation);
        Self { utilisation, decay, at_least: at_least(utilisation, decay) }
    }

    /// Decay rate of the tail of the waiting time [1 / service time]; infinite when there are no arrivals.
    pub fn decay(&self) -> f64 {
        self.decay
    }

    /// Mean wait [service times] (Pollaczek and Khinchine).
    pub fn mean_wait(&self) -> f64 {
        self.utilisation / (2.0 * (1.0 - self.utilisation))
    }

    /// Probability that the wait exceeds `wait` [service times].
    pub fn wait_tail(&self, wait: f64) -> f64 {
        if self.utilisation <= 0.0 {
            return 0.0;
        }
        if wait >= EXPONENTIAL_FROM {
            return self.tail_factor() * libm::exp(-self.decay * wait);
        }
        // Arrivals until the next multiple of a service time decide, seen from the queue at that moment.
        let whole = wait.floor() as usize + 1;
        let mean = self.utilisation * (whole as f64 - wait);
        let mut probability = libm::exp(-mean);
        let (mut sum, mut seen) = (0.0, 0.0);
        for arrivals in 0..whole {
            sum += probability * self.at_least[whole - arrivals + 1];
            seen += probability;
            probability *= mean / (arrivals + 1) as f64;
        }
        sum + poisson_rest(mean, whole, probability, seen)
    }

    /// The wait [service times] that a share `p` (below 1) of customers stays below.
    pub fn wait_quantile(&self, p: f64) -> f64 {
        let tail = 1.0 - p;
        if tail >= self.utilisation {
            return 0.0;
        }
        let within_one = libm::log(p / (1.0 - self.utilisation)) / self.utilisation;
        if within_one <= 1.0 { within_one } else { self.wait_at_tail(tail) }
    }

    /// The wait of at least one service time that is exceeded with probability `tail`.
    pub(super) fn wait_at_tail(&self, tail: f64) -> f64 {
        let far = libm::log(self.tail_factor() / tail) / self.decay;
        if far >= EXPONENTIAL_FROM {
            return far;
        }
        crossing(1.0, EXPONENTIAL_FROM + 1.0, |wait| tail - self.wait_tail(wait))
    }

    /// The factor C of the tail C exp(-decay x wait): (1 - rho) / (rho e^decay - 1), with rho e^decay = rho + decay.
    fn tail_factor(&self) -> f64 {
        (1.0 - self.utilisation) / (self.decay - (1.0 - self.utilisation))
    }
}

/// Probability of `from` or more events of a Poisson count, whose probability at `from` and sum below it are known.
fn poisson_rest(mean: f64, from: usize, probability: f64, below: f64) -> f64 {
    if below < 0.5 {
        return 1.0 - below;
    }
    let (mut sum, mut term, mut count) = (0.0, probability, from);
    while term > sum * 1e-17 && term > 0.0 {
        sum += term;
        count += 1;
        term *= mean / count as f64;
    }
    sum
}

/// The positive root of rho (e^x - 1) = x, by Newton's method from the right, where it falls without overshooting.
fn decay_rate(utilisation: f64) -> f64 {
    if utilisation <= 0.0 {
        return f64::INFINITY;
    }
    // Both are above the root: the first from e^x - 1 > x + x^2 / 2, the second since e^2 / rho > 2 - 2 ln rho + rho.
    let mut x = (2.0 * (1.0 - utilisation) / utilisation).min(2.0 - 2.0 * libm::log(utilisation));
    for _ in 0..100 {
        let next = x - (utilisation * libm::expm1(x) - x) / (utilisation * libm::exp(x) - 1.0);
        if next >= x {
            break;
        }
        x = next;
    }
    x
}

/// Probability that at least j customers are in the system, for j up to a margin above the longest exact wait.
fn at_least(utilisation: f64, decay: f64) -> Vec<f64> {
    if utilisation <= 0.0 {
        return vec![1.0];
    }
    let levels = levels(utilisation, LEVELS);
    // Beyond the last level the probabilities fall by this ratio each.
    let ratio = 1.0 / (1.0 + decay / utilisation);
    let mut sum = (1.0 - utilisation) * levels[LEVELS] * ratio / (1.0 - ratio);
    let mut tails: Vec<f64> = levels
        .iter()
        .rev()
        .map(|level| {
            sum += (1.0 - utilisation) * level;
            sum
        })
        .collect();
    tails.reverse();
    tails
}

/// Probabilities of 0..=`count` customers over that of 0, at any utilisation, also above 1; infinite where they overflow.
///
/// Seen at departures, the number falls from n + 1 to n as often as it rises above n: pi(n+1) a(0) = pi(0) P(A > n) +
/// sum over i in 1..=n of pi(i) P(A > n + 1 - i), with A arrivals in a service time, a(0) = P(A = 0).
pub(super) fn levels(utilisation: f64, count: usize) -> Vec<f64> {
    let more = more_arrivals(utilisation);
    let idle = libm::exp(-utilisation);
    let mut levels = vec![1.0];
    for n in 0..count {
        // Arrivals beyond the list have no probability left.
        let first = (n + 2).saturating_sub(more.len()).max(1);
        let from_empty = more.get(n).copied().unwrap_or(0.0);
        let rises: f64 = (first..=n).map(|i| levels[i] * more[n + 1 - i]).sum();
        let level = (from_empty + rises) / idle;
        if !level.is_finite() {
            levels.resize(count + 1, f64::INFINITY);
            break;
        }
        levels.push(level);
    }
    levels
}

/// Probability of more than k arrivals in a service time, until none is left in 1e-80.
fn more_arrivals(utilisation: f64) -> Vec<f64> {
    let length = (utilisation + 12.0 * utilisation.sqrt()) as usize + 60;
    let mut probabilities = vec![libm::exp(-utilisation)];
    for k in 1..=length {
        probabilities.push(probabilities[k - 1] * utilisation / k as f64);
    }
    let mut sum = 0.0;
    let mut more: Vec<f64> = probabilities[1..]
        .iter()
        .rev()
        .map(|probability| {
            sum += probability;
            sum
        })
        .collect();
    more.reverse();
    more
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Erlang's alternating series, good for short waits.
    fn erlang_tail(rho: f64, wait: f64) -> f64 {
        let mut sum = 0.0;
        let mut factorial = 1.0;
        for k in 0..=(wait as u32) {
            let left = wait - f64::from(k);
            factorial *= f64::from(k.max(1));
            sum += libm::pow(-rho * left, f64::from(k)) / factorial * libm::exp(rho * left);
        }
        1.0 - (1.0 - rho) * sum
    }

    #[test]
    fn short_waits_match_erlangs_series() {
        for rho in [0.05, 0.3, 0.7, 0.95, 0.999] {
            let queue = Md1::new(rho);
            for step in 0..60 {
                let wait = f64::from(step) / 10.0;
                assert!((queue.wait_tail(wait) - erlang_tail(rho, wait)).abs() < 1e-11, "{rho} {wait}");
            }
        }
    }

    /// The tail where both ways of computing it meet, and the mean as the area under it.
    #[test]
    fn long_waits_are_exponential() {
        for rho in [0.3, 0.8, 0.98, 0.9999] {
            let queue = Md1::new(rho);
            let exact = queue.wait_tail(EXPONENTIAL_FROM - 1e-9);
            let exponential = queue.wait_tail(EXPONENTIAL_FROM);
            assert!((exact / exponential - 1.0).abs() < 1e-7, "{rho}: {exact} {exponential}");
        }
        let queue = Md1::new(0.8);
        let area: f64 = (0..60_000).map(|step| queue.wait_tail((f64::from(step) + 0.5) / 1_000.0) / 1_000.0).sum();
        assert!((area - queue.mean_wait()).abs() < 1e-6, "{area}");
    }

    #[test]
    fn quantiles_invert_the_tail() {
        for rho in [0.01, 0.4, 0.9, 0.999] {
            let queue = Md1::new(rho);
            for p in [0.9999, 0.999_999_9] {
                assert!((queue.wait_tail(queue.wait_quantile(p)) / (1.0 - p) - 1.0).abs() < 1e-9, "{rho} {p}");
            }
        }
        assert!(Md1::new(0.3).wait_quantile(0.7).abs() < 1e-12);
        assert!(Md1::new(0.0).wait_quantile(0.999).abs() < 1e-300);
    }

    #[test]
    fn decay_solves_its_equation() {
        for rho in [1e-6, 0.01, 0.5, 0.99, 0.999_999] {
            let x = decay_rate(rho);
            assert!((rho * libm::expm1(x) / x - 1.0).abs() < 1e-9, "{rho}: {x}");
        }
    }
}
