//! Queues that lose customers or meet them again: finite room, finite population, impatience, retrials.
//!
//! All are birth and death processes with arrivals at rate `arrival_rate` and exponential service; rates share a unit.

/// Terms of a distribution below this share of its sum no longer count.
const NEGLIGIBLE: f64 = 1e-18;
/// Most states that are looked at of a queue without a bound.
const STATES_MAX: usize = 1_000_000;

/// Probabilities of the states 0, 1, ... of a birth and death process, up to `last` or until nothing is left.
fn birth_death(births: impl Fn(f64) -> f64, deaths: impl Fn(f64) -> f64, last: usize) -> Vec<f64> {
    let (mut weights, mut sum) = (vec![1.0], 1.0);
    for state in 1..=last.min(STATES_MAX) {
        let (before, ratio) = (weights[state - 1], births((state - 1) as f64) / deaths(state as f64));
        let weight = before * ratio;
        weights.push(weight);
        sum += weight;
        if ratio < 1.0 && weight < sum * NEGLIGIBLE {
            break;
        }
        if sum > 1e200 {
            weights.iter_mut().for_each(|weight| *weight /= sum);
            sum = weights.iter().sum();
        }
    }
    weights.iter_mut().for_each(|weight| *weight /= sum);
    weights
}

/// Mean of a function of the state.
fn mean(states: &[f64], of: impl Fn(f64) -> f64) -> f64 {
    states.iter().enumerate().map(|(state, probability)| probability * of(state as f64)).sum()
}

/// Equal servers and a bounded room (M/M/c/K; Kleinrock 1975, "Queueing Systems" vol. 1, section 3.6).
#[derive(Debug, Clone, PartialEq)]
pub struct BoundedQueue {
    arrival_rate: f64,
    servers: f64,
    states: Vec<f64>,
}

impl BoundedQueue {
    /// `room` customers at most, those in service included; more are refused.
    pub fn new(arrival_rate: f64, service_rate: f64, servers: u32, room: u32) -> Self {
        let servers = f64::from(servers);
        let states = birth_death(|_| arrival_rate, |n| service_rate * n.min(servers), room as usize);
        Self { arrival_rate, servers, states }
    }

    /// Share of the time that nobody is there.
    pub fn idle(&self) -> f64 {
        self.states[0]
    }

    /// Share of customers who are refused.
    pub fn refused(&self) -> f64 {
        self.states[self.states.len() - 1]
    }

    /// Customers served per unit of time.
    pub fn throughput(&self) -> f64 {
        self.arrival_rate * (1.0 - self.refused())
    }

    /// Mean number there.
    pub fn mean_number(&self) -> f64 {
        mean(&self.states, |n| n)
    }

    /// Mean number in line.
    pub fn mean_line(&self) -> f64 {
        mean(&self.states, |n| (n - self.servers).max(0.0))
    }

    /// Mean time there of those who are let in.
    pub fn mean_sojourn(&self) -> f64 {
        self.mean_number() / self.throughput()
    }

    /// Mean wait of those who are let in.
    pub fn mean_wait(&self) -> f64 {
        self.mean_line() / self.throughput()
    }
}

/// Equal servers without a line for a finite number of sources (Engset 1918).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FiniteSources {
    /// Number of sources.
    pub sources: u32,
    /// Requests per unit of time of an idle source.
    pub idle_rate: f64,
    /// Services per unit of time of a busy server.
    pub service_rate: f64,
    /// Number of servers, fewer than the sources.
    pub servers: u32,
}

impl FiniteSources {
    /// Share of the time that all servers are busy.
    pub fn time_congestion(self) -> f64 {
        let (sources, idle, service) = (f64::from(self.sources), self.idle_rate, self.service_rate);
        let states = birth_death(|n| idle * (sources - n), |n| service * n, self.servers as usize);
        states.get(self.servers as usize).copied().unwrap_or(0.0)
    }

    /// Share of requests that are lost: what the other sources see.
    pub fn call_congestion(self) -> f64 {
        Self { sources: self.sources.saturating_sub(1), ..self }.time_congestion()
    }
}

/// Equal servers and customers who leave the line (M/M/c+M; Palm 1957; Garnett, Mandelbaum and Reiman 2002).
#[derive(Debug, Clone, PartialEq)]
pub struct ImpatientQueue {
    arrival_rate: f64,
    servers: f64,
    abandon_rate: f64,
    states: Vec<f64>,
}

impl ImpatientQueue {
    /// Each customer in line leaves at `abandon_rate`.
    pub fn new(arrival_rate: f64, service_rate: f64, servers: u32, abandon_rate: f64) -> Self {
        let servers = f64::from(servers);
        let deaths = |n: f64| service_rate * n.min(servers) + abandon_rate * (n - servers).max(0.0);
        Self { arrival_rate, servers, abandon_rate, states: birth_death(|_| arrival_rate, deaths, STATES_MAX) }
    }

    /// Share of customers who wait.
    pub fn waiting_probability(&self) -> f64 {
        mean(&self.states, |n| if n >= self.servers { 1.0 } else { 0.0 })
    }

    /// Mean number in line.
    pub fn mean_line(&self) -> f64 {
        mean(&self.states, |n| (n - self.servers).max(0.0))
    }

    /// Share of customers who leave before they are served.
    pub fn abandoned(&self) -> f64 {
        self.abandon_rate * self.mean_line() / self.arrival_rate
    }

    /// Mean time in line, of those who leave too.
    pub fn mean_wait(&self) -> f64 {
        self.mean_line() / self.arrival_rate
    }

    /// Share of the time that a server is busy.
    pub fn utilisation(&self) -> f64 {
        mean(&self.states, |n| n.min(self.servers)) / self.servers
    }
}

/// Equal servers without a line; whoever is refused tries again after an exponential time, for ever (Falin and Templeton
/// 1997, "Retrial Queues").
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetrialQueue {
    /// First attempts per unit of time.
    pub arrival_rate: f64,
    /// Services per unit of time of a busy server.
    pub service_rate: f64,
    /// Number of servers.
    pub servers: u32,
    /// Attempts per unit of time of a refused customer.
    pub retry_rate: f64,
}

/// What a retrial queue comes to in the long run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retrials {
    /// Mean number of customers between two attempts.
    pub mean_orbit: f64,
    /// Share of first attempts that are refused.
    pub refused: f64,
}

impl RetrialQueue {
    /// Mean number between two attempts for one server, rho (lambda + rho theta) / (theta (1 - rho)) with rho below 1.
    pub fn mean_orbit_of_one_server(self) -> f64 {
        let rho = self.arrival_rate / self.service_rate;
        rho * (self.arrival_rate + rho * self.retry_rate) / (self.retry_rate * (1.0 - rho))
    }

    /// The stationary law, by reduction of the levels of the orbit from `levels` (where it is cut off) down to none.
    ///
    /// Only a full house sends a customer to the orbit, so the law of a level is the chance of a full house one level
    /// below times a vector: entry i of `ratios[j]` for i busy servers and j + 1 customers in the orbit.
    pub fn solve(self, levels: usize) -> Retrials {
        let full = self.servers as usize;
        let mut ratios: Vec<Vec<f64>> = vec![Vec::new(); levels];
        let mut above = vec![0.0; full + 1];
        for level in (1..=levels).rev() {
            above = self.level_from_below(level, levels, &above);
            ratios[level - 1].clone_from(&above);
        }
        let mut law = self.lowest_level(&ratios[0]);
        let (mut total, mut orbit, mut refused) = (law.iter().sum::<f64>(), 0.0, law[full]);
        for (level, ratio) in ratios.iter().enumerate() {
            law = ratio.iter().map(|r| r * law[full]).collect();
            let weight: f64 = law.iter().sum();
            total += weight;
            orbit += weight * (level + 1) as f64;
            refused += law[full];
        }
        Retrials { mean_orbit: orbit / total, refused: refused / total }
    }

    /// Balance of a level with `customers` in the orbit, as rates into each state: row of the state left, column of the one reached.
    fn balance(self, customers: usize, is_last: bool, above: &[f64]) -> Vec<Vec<f64>> {
        let full = self.servers as usize;
        let retries = customers as f64 * self.retry_rate;
        let mut rates = vec![vec![0.0; full + 1]; full + 1];
        for busy in 0..=full {
            let served = busy as f64 * self.service_rate;
            let leaves_up = if busy == full && is_last { 0.0 } else { self.arrival_rate };
            rates[busy][busy] -= leaves_up + served + if busy < full { retries } else { 0.0 };
            if busy < full {
                rates[busy][busy + 1] += self.arrival_rate;
            }
            if busy > 0 {
                rates[busy][busy - 1] += served;
            }
        }
        // What comes back from the level above, in terms of a full house here.
        for busy in 0..full {
            rates[full][busy + 1] += above[busy] * (customers + 1) as f64 * self.retry_rate;
        }
        rates
    }

    /// The law of a level for a full house of 1 in the level below.
    fn level_from_below(self, level: usize, levels: usize, above: &[f64]) -> Vec<f64> {
        let full = self.servers as usize;
        let mut right = vec![0.0; full + 1];
        right[full] = -self.arrival_rate;
        solve_row(&self.balance(level, level == levels, above), right)
    }

    /// The law of the level without an orbit, with one idle house as its unit.
    fn lowest_level(self, above: &[f64]) -> Vec<f64> {
        let mut rates = self.balance(0, false, above);
        let mut right = vec![0.0; rates.len()];
        // One equation follows from the others; it is replaced by the unit.
        rates.iter_mut().for_each(|row| row[0] = 0.0);
        (rates[0][0], right[0]) = (1.0, 1.0);
        solve_row(&rates, right)
    }
}

/// The row x with x A = b, by elimination with pivots; A is small and regular.
fn solve_row(a: &[Vec<f64>], mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    let mut m: Vec<Vec<f64>> = (0..n).map(|row| (0..n).map(|column| a[column][row]).collect()).collect();
    for pivot in 0..n {
        let best = (pivot..n).max_by(|x, y| m[*x][pivot].abs().total_cmp(&m[*y][pivot].abs())).unwrap_or(pivot);
        m.swap(pivot, best);
        b.swap(pivot, best);
        for row in pivot + 1..n {
            let factor = m[row][pivot] / m[pivot][pivot];
            let upper = m[pivot].clone();
            m[row].iter_mut().zip(&upper).skip(pivot).for_each(|(cell, above)| *cell -= factor * above);
            b[row] -= factor * b[pivot];
        }
    }
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|column| m[row][column] * b[column]).sum();
        b[row] = (b[row] - known) / m[row][row];
    }
    b
}

/// Chance that a busy period of one server (M/M/1) that begins with one customer reaches `level` customers: the gambler's
/// ruin, (r - 1) / (r^level - 1) with r = service rate / arrival rate (Feller 1968, vol. 1, chapter XIV).
pub fn busy_period_reaches(arrival_rate: f64, service_rate: f64, level: u32) -> f64 {
    let log = libm::log(service_rate / arrival_rate);
    if log.abs() < 1e-12 { 1.0 / f64::from(level) } else { libm::expm1(log) / libm::expm1(f64::from(level) * log) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::queues::{erlang_b, erlang_c};

    /// Without a line a bounded room is Erlang's loss; without impatience in sight the other is his delay.
    #[test]
    fn limits_are_erlangs() {
        assert!((BoundedQueue::new(5.0, 1.0, 10, 10).refused() - erlang_b(10, 5.0)).abs() < 1e-14);
        let patient = ImpatientQueue::new(8.0, 1.0, 10, 1e-9).waiting_probability();
        assert!((patient - erlang_c(10, 8.0)).abs() < 1e-6);
        let many = FiniteSources { sources: 1_000_000, idle_rate: 5e-6, service_rate: 1.0, servers: 10 };
        assert!((many.call_congestion() - erlang_b(10, 5.0)).abs() < 1e-5);
    }

    /// Every customer is served in the end, so the servers carry the load; one server has a closed form.
    #[test]
    fn retrials_of_one_server_meet_the_closed_form() {
        let queue = RetrialQueue { arrival_rate: 0.5, service_rate: 1.0, servers: 1, retry_rate: 0.7 };
        let solved = queue.solve(200);
        assert!((solved.mean_orbit - queue.mean_orbit_of_one_server()).abs() < 1e-10);
        assert!((solved.refused - 0.5).abs() < 1e-12);
    }

    #[test]
    fn ruin_by_hand() {
        assert!((busy_period_reaches(1.0, 2.0, 3) - 1.0 / 7.0).abs() < 1e-15);
        assert!((busy_period_reaches(1.0, 1.0, 5) - 0.2).abs() < 1e-15);
    }
}
