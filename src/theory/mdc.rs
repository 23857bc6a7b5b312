//! Waits of the queue with constant service times and several servers (M/D/c), in order of arrival.
//!
//! What is in the system a service time later is what was there, less one for each server, plus the arrivals of that time
//! (Crommelin 1932). That chain is solved with a geometric tail (Tijms 1994, "Stochastic models", section 4.5), and gives
//! the distribution of the wait by a sum of positive terms (Franx 2001, "A simple solution for the M/D/c waiting time
//! distribution"). Beyond a few service times the wait is exponential, at c times the decay of a single server.

use super::md1::Md1;

/// Rows lie at even steps of ln(rho / (1 - rho)) from -`ROW_END` to `ROW_END`, as in the table of one server.
const ROW_END: f64 = 7.0;
/// Rows per unit of the logit.
const ROWS_PER_UNIT: f64 = 4.0;
/// Columns per service time and server.
const COLUMNS_PER_SERVICE: u32 = 8;
/// Service times up to which waits are computed; beyond they are exponential.
const SERVICES: u32 = 3;
/// Below this share of the waits above zero digits cancel, and the exponential tail is as good.
const SMALLEST: f64 = 1e-8;

/// The stationary queue at one utilisation.
#[derive(Debug, Clone)]
struct Mdc {
    servers: usize,
    /// Mean arrivals in a service time.
    arrivals: f64,
    /// Decay of the tail per service time.
    decay: f64,
    /// Probabilities of at most so many in the system; from the last one on the complement falls geometrically.
    at_most: Vec<f64>,
    /// Factor by which the complement falls.
    tail: f64,
}

impl Mdc {
    fn new(servers: u32, utilisation: f64) -> Self {
        let (c, arrivals) = (servers as usize, utilisation * f64::from(servers));
        let decay_of_one = Md1::new(utilisation).decay();
        // The tail falls by tau for each customer, where ln tau = rho (tau - 1).
        let tail = 1.0 / (1.0 + decay_of_one / utilisation);
        let states = 2 * c + (6.0 * f64::from(servers).sqrt()) as usize + 24;
        let q = solve(chain(c, states, arrivals, tail));
        let mut at_most = q;
        for i in 1..states {
            at_most[i] += at_most[i - 1];
        }
        Self { servers: c, arrivals, decay: decay_of_one * f64::from(servers), at_most, tail }
    }

    /// Probability of at most so many in the system.
    fn within(&self, n: usize) -> f64 {
        if let Some(share) = self.at_most.get(n) {
            return *share;
        }
        let last = self.at_most.len() - 1;
        1.0 - (1.0 - self.at_most[last]) * libm::pow(self.tail, (n - last) as f64)
    }

    /// Probability that the wait is above `wait` [service times].
    fn tail_of_wait(&self, wait: f64) -> f64 {
        let k = wait.floor() + 1.0;
        let mean = self.arrivals * (k - wait);
        let places = k as usize * self.servers;
        let (mut sum, mut poisson) = (0.0, libm::exp(-mean));
        for j in 0..places {
            sum += poisson * self.within(self.servers + places - 1 - j);
            poisson *= mean / (j + 1) as f64;
        }
        1.0 - sum
    }
}

/// Equations of the chain: each row is the coefficients of the probabilities of the states, then the right side.
fn chain(servers: usize, states: usize, arrivals: f64, tail: f64) -> Vec<Vec<f64>> {
    let mut poisson = vec![libm::exp(-arrivals)];
    for k in 1..=states {
        poisson.push(poisson[k - 1] * arrivals / k as f64);
    }
    let last = states - 1;
    let mut rows = vec![vec![0.0; states + 1]; states];
    for (j, row) in rows.iter_mut().enumerate().skip(1) {
        for cell in &mut row[..=servers] {
            *cell += poisson[j];
        }
        for i in servers + 1..=servers + j {
            let weight = if i > last { libm::pow(tail, (i - last) as f64) } else { 1.0 };
            row[i.min(last)] += poisson[j + servers - i] * weight;
        }
        row[j] -= 1.0;
    }
    // All probabilities make one; the equation of the empty state follows from the others.
    rows[0].fill(1.0);
    rows[0][last] = 1.0 / (1.0 - tail);
    rows
}

/// Solves linear equations by elimination, the largest coefficient first.
fn solve(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let n = rows.len();
    for i in 0..n {
        let largest = (i..n).max_by(|a, b| rows[*a][i].abs().total_cmp(&rows[*b][i].abs())).expect("a row is left");
        rows.swap(i, largest);
        let (above, below) = rows.split_at_mut(i + 1);
        let pivot = &above[i];
        for row in below {
            let factor = row[i] / pivot[i];
            if factor != 0.0 {
                row[i..].iter_mut().zip(&pivot[i..]).for_each(|(cell, above)| *cell -= factor * above);
            }
        }
    }
    let mut solution = vec![0.0; n];
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| rows[i][j] * solution[j]).sum();
        solution[i] = (rows[i][n] - known) / rows[i][i];
    }
    solution
}

/// Quantiles of the wait at any utilisation, for one number of servers.
#[derive(Debug, Clone, PartialEq)]
pub struct MdcTable {
    rows: Vec<Row>,
}

/// Waits at one utilisation.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    spare: f64,
    /// ln(P(W > 0) / P(W = 0)).
    delayed: f64,
    /// -ln(P(W > t) / P(W > 0)) at even steps of t, rising from zero.
    falls: Vec<f64>,
    /// Service times between two of them.
    step: f64,
    /// Rise per service time beyond the last one.
    decay: f64,
}

impl Row {
    fn new(servers: u32, utilisation: f64) -> Self {
        let queue = Mdc::new(servers, utilisation);
        let delayed = queue.tail_of_wait(0.0);
        let columns = SERVICES * COLUMNS_PER_SERVICE * servers;
        let step = f64::from(SERVICES) / f64::from(columns);
        let falls = (1..=columns)
            .map(|column| queue.tail_of_wait(f64::from(column) * step * (1.0 - 1e-12)) / delayed)
            .take_while(|share| *share > SMALLEST);
        let falls = std::iter::once(0.0).chain(falls.map(|share| -libm::log(share))).collect();
        let logit = libm::log(delayed / (1.0 - delayed));
        Self { spare: 1.0 - utilisation, delayed: logit, falls, step, decay: queue.decay }
    }

    /// The wait at z = -ln(P(W > t) / P(W > 0)), scaled by 1 - rho.
    fn at(&self, z: f64) -> f64 {
        let last = self.falls.len() - 1;
        let services = if z >= self.falls[last] {
            last as f64 * self.step + (z - self.falls[last]) / self.decay
        } else {
            let next = self.falls.partition_point(|fall| *fall <= z);
            let (low, high) = (self.falls[next - 1], self.falls[next]);
            ((next - 1) as f64 + (z - low) / (high - low)) * self.step
        };
        services * self.spare
    }
}

impl MdcTable {
    /// Computes the table of a number of servers; the same bits on every machine.
    pub fn new(servers: u32) -> Self {
        let count = (2.0 * ROW_END * ROWS_PER_UNIT) as u32 + 1;
        let logit = |row: u32| f64::from(row) / ROWS_PER_UNIT - ROW_END;
        Self { rows: (0..count).map(|row| Row::new(servers, 1.0 / (1.0 + libm::exp(-logit(row))))).collect() }
    }

    /// The waits at a utilisation from 0 to below 1.
    pub fn at(&self, utilisation: f64) -> MdcWaits<'_> {
        assert!((0.0..1.0).contains(&utilisation), "a queue is stable below a utilisation of 1, not at {utilisation}");
        let logit = libm::log(utilisation / (1.0 - utilisation));
        let place = ((logit + ROW_END) * ROWS_PER_UNIT).clamp(0.0, (self.rows.len() - 1) as f64);
        let row = (place as usize).min(self.rows.len() - 2);
        let (below, above, weight) = (&self.rows[row], &self.rows[row + 1], place - row as f64);
        let delayed = below.delayed + weight * (above.delayed - below.delayed);
        MdcWaits { spare: 1.0 - utilisation, delayed: 1.0 / (1.0 + libm::exp(-delayed)), below, above, weight }
    }
}

/// Quantiles of the wait at one utilisation, for many draws at the same load.
#[derive(Debug, Clone, Copy)]
pub struct MdcWaits<'a> {
    spare: f64,
    /// Probability of a wait.
    delayed: f64,
    below: &'a Row,
    above: &'a Row,
    /// Weight of the row above.
    weight: f64,
}

impl MdcWaits<'_> {
    /// The wait [service times] that a share `u` (below 1) of customers stays below.
    #[inline]
    pub fn quantile(&self, u: f64) -> f64 {
        let tail = 1.0 - u;
        if tail >= self.delayed {
            return 0.0;
        }
        let z = libm::log(self.delayed / tail);
        let (below, above) = (self.below.at(z), self.above.at(z));
        (below + self.weight * (above - below)) / self.spare
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::queues::erlang_c;

    /// With one server it is the queue whose distribution is known exactly.
    #[test]
    fn one_server_is_the_exact_queue() {
        let table = MdcTable::new(1);
        for rho in [0.1, 0.5, 0.8, 0.93, 0.98] {
            let exact = Md1::new(rho);
            for p in [0.5, 0.9, 0.99, 0.999, 0.999_99] {
                let (found, expected) = (table.at(rho).quantile(p), exact.wait_quantile(p));
                assert!((found - expected).abs() < 0.01 * expected.max(1.0), "{rho} {p}: {found} {expected}");
            }
        }
    }

    /// Little's law ties the two halves of the computation: the area under the tail of the wait is the mean queue over the
    /// rate. Constant services wait less than exponential ones, and are delayed less often.
    #[test]
    fn the_area_of_waits_is_the_mean_queue() {
        for servers in [1, 2, 5, 16, 32] {
            for rho in [0.2, 0.5, 0.8, 0.95] {
                let queue = Mdc::new(servers, rho);
                let (last, c) = (queue.at_most.len() - 1, servers as usize);
                let beyond: f64 = (c..last).map(|n| 1.0 - queue.within(n)).sum();
                let waiting = beyond + (1.0 - queue.within(last)) / (1.0 - queue.tail);
                let step = 1.0 / 400.0;
                let area: f64 = (0..1_200).map(|i| queue.tail_of_wait((f64::from(i) + 0.5) * step) * step).sum();
                let area = area + queue.tail_of_wait(3.0 - 1e-9) / queue.decay;
                let expected = waiting / queue.arrivals;
                assert!((area - expected).abs() < 2e-3 * expected + 1e-9, "{servers} {rho}: {area} {expected}");
                let delayed = queue.tail_of_wait(0.0);
                assert!(delayed <= erlang_c(servers, queue.arrivals) + 1e-12, "{servers} {rho}");
            }
        }
    }

    /// The generator of `SplitMix64`, as a number above 0 up to 1.
    fn unit(state: &mut u64) -> f64 {
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let word = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        1.0 - ((word ^ (word >> 31)) >> 11) as f64 / 9_007_199_254_740_992.0
    }

    /// A run of a million customers through the recursion of Kiefer and Wolfowitz, at utilisations between the rows. The
    /// quantiles of its waits err by about 1 % (its relaxation time is some 70 services at 0.93); the margin is 4 %, passed
    /// on correct code but for a chance below 1e-3.
    #[test]
    fn a_long_run_has_the_quantiles_of_the_table() {
        for (servers, rho) in [(2_usize, 0.6), (4, 0.85), (8, 0.93), (16, 0.7)] {
            let mut state = servers as u64;
            let mut free = std::collections::VecDeque::from(vec![0.0; servers]);
            let mut now = 0.0;
            let mut waits: Vec<f64> = (0..1_000_000)
                .map(|_| {
                    now -= libm::log(unit(&mut state)) / (rho * servers as f64);
                    let begins = f64::max(now, free.pop_front().expect("a server"));
                    free.push_back(begins + 1.0);
                    begins - now
                })
                .collect();
            waits.sort_by(f64::total_cmp);
            let table = MdcTable::new(servers as u32);
            for p in [0.5, 0.9, 0.99, 0.999] {
                let (found, expected) = (waits[(p * waits.len() as f64) as usize], table.at(rho).quantile(p));
                assert!((found - expected).abs() < 0.04 * expected + 0.004, "{servers} {rho} {p}: {found} {expected}");
            }
        }
    }

    #[test]
    fn quantiles_rise_with_share_and_load() {
        let table = MdcTable::new(8);
        let mut last = 0.0;
        for step in 0..10_000 {
            let wait = table.at(0.85).quantile(f64::from(step) / 10_000.0);
            assert!(wait >= last, "{step}");
            last = wait;
        }
        let mut last = 0.0;
        for step in 1..9_990 {
            let wait = table.at(f64::from(step) / 10_000.0).quantile(0.99);
            assert!(wait + 1e-9 >= last, "{step}: {wait} {last}");
            last = wait;
        }
    }
}
