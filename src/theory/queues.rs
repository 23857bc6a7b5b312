//! Queues in steady state: one or many servers, random or periodic arrivals. Constant service times are in `md1`.
//!
//! Rates are per unit of time, times in that unit. Every queue here waits without bound, so its utilisation is below 1.

use super::crossing;

/// One server, Poisson arrivals, exponential service (Kleinrock 1975, "Queueing Systems" vol. 1, section 3.2).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mm1 {
    /// Arrivals per unit of time.
    pub arrival_rate: f64,
    /// Services per unit of time of a busy server.
    pub service_rate: f64,
}

impl Mm1 {
    /// Share of time that the server is busy.
    pub fn utilisation(self) -> f64 {
        self.arrival_rate / self.service_rate
    }

    /// Mean time in the system.
    pub fn mean_sojourn(self) -> f64 {
        1.0 / (self.service_rate - self.arrival_rate)
    }

    /// Mean wait before service.
    pub fn mean_wait(self) -> f64 {
        self.utilisation() * self.mean_sojourn()
    }

    /// The time in the system that a share `p` of customers stays below; it is exponential.
    pub fn sojourn_quantile(self, p: f64) -> f64 {
        -libm::log1p(-p) * self.mean_sojourn()
    }

    /// The wait that a share `p` of customers stays below; zero for those who find the server idle.
    pub fn wait_quantile(self, p: f64) -> f64 {
        exponential_tail_quantile(self.utilisation(), self.service_rate - self.arrival_rate, p)
    }
}

/// Quantile of a wait that exceeds t with probability `waiting` exp(-`rate` t).
fn exponential_tail_quantile(waiting: f64, rate: f64, p: f64) -> f64 {
    (libm::log(waiting / (1.0 - p)) / rate).max(0.0)
}

/// Share of calls lost by `servers` servers without a queue, offered `erlangs` (Erlang 1917, B formula), by the
/// recursion B(n) = a B(n-1) / (n + a B(n-1)), which adds no error.
pub fn erlang_b(servers: u32, erlangs: f64) -> f64 {
    (1..=servers).fold(1.0, |blocking, n| erlangs * blocking / (f64::from(n) + erlangs * blocking))
}

/// The load in erlang at which `servers` servers lose the share `blocking` (above 0, below 1).
pub fn erlang_b_inverse(servers: u32, blocking: f64) -> f64 {
    let enough = f64::from(servers) / (1.0 - blocking) + 1.0;
    crossing(0.0, enough, |erlangs| erlang_b(servers, erlangs) - blocking)
}

/// Share of calls that wait for one of `servers` servers with a queue (Erlang 1917, C formula); 1 when overloaded.
pub fn erlang_c(servers: u32, erlangs: f64) -> f64 {
    let utilisation = erlangs / f64::from(servers);
    if utilisation >= 1.0 {
        return 1.0;
    }
    let blocking = erlang_b(servers, erlangs);
    blocking / (1.0 - utilisation * (1.0 - blocking))
}

/// Equal servers with one queue, Poisson arrivals, exponential service (Kleinrock 1975, section 3.5).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mmc {
    /// Arrivals per unit of time.
    pub arrival_rate: f64,
    /// Services per unit of time of one busy server.
    pub service_rate: f64,
    /// Number of servers.
    pub servers: u32,
}

impl Mmc {
    /// Share of time that a server is busy.
    pub fn utilisation(self) -> f64 {
        self.arrival_rate / (self.service_rate * f64::from(self.servers))
    }

    /// Share of customers who wait.
    pub fn waiting_probability(self) -> f64 {
        erlang_c(self.servers, self.arrival_rate / self.service_rate)
    }

    /// Mean wait before service.
    pub fn mean_wait(self) -> f64 {
        self.waiting_probability() / self.spare_rate()
    }

    /// Mean time in the system.
    pub fn mean_sojourn(self) -> f64 {
        self.mean_wait() + 1.0 / self.service_rate
    }

    /// The wait that a share `p` of customers stays below.
    pub fn wait_quantile(self, p: f64) -> f64 {
        exponential_tail_quantile(self.waiting_probability(), self.spare_rate(), p)
    }

    /// The time in the system that a share `p` (below 1) of customers stays below.
    pub fn sojourn_quantile(self, p: f64) -> f64 {
        // A sojourn is a wait and a service: both below their quantiles at (1+p)/2 covers at least p.
        let half = f64::midpoint(1.0, p);
        let enough = self.wait_quantile(half) - libm::log1p(-half) / self.service_rate;
        crossing(0.0, enough, |time| 1.0 - p - self.sojourn_tail(time))
    }

    /// Probability that the time in the system exceeds `time`: an exponential service after a wait that is zero or exponential.
    fn sojourn_tail(self, time: f64) -> f64 {
        let (waiting, spare, service) = (self.waiting_probability(), self.spare_rate(), self.service_rate);
        let served = libm::exp(-service * time);
        // The difference quotient of two exponentials has a limit where both rates agree.
        let difference = spare - service;
        let both = if (difference * time).abs() < 1e-9 {
            served * (1.0 + service * time)
        } else {
            served - service * served * libm::expm1(-difference * time) / difference
        };
        (1.0 - waiting) * served + waiting * both
    }

    /// Capacity beyond the load, services per unit of time.
    fn spare_rate(self) -> f64 {
        self.service_rate * f64::from(self.servers) - self.arrival_rate
    }
}

/// One server, Poisson arrivals, any service law (Pollaczek 1930, Khinchine 1932; Kleinrock 1975, section 5.6).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mg1 {
    /// Arrivals per unit of time.
    pub arrival_rate: f64,
    /// Mean service time.
    pub mean_service: f64,
    /// Squared coefficient of variation of the service time.
    pub service_scv: f64,
}

impl Mg1 {
    /// Share of time that the server is busy.
    pub fn utilisation(self) -> f64 {
        self.arrival_rate * self.mean_service
    }

    /// Mean wait before service.
    pub fn mean_wait(self) -> f64 {
        let rho = self.utilisation();
        rho / (1.0 - rho) * self.mean_service * (1.0 + self.service_scv) / 2.0
    }

    /// Mean time in the system.
    pub fn mean_sojourn(self) -> f64 {
        self.mean_wait() + self.mean_service
    }
}

/// One server, any renewal arrivals, any service law (Kingman 1961, 1962).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gg1 {
    /// Arrivals per unit of time.
    pub arrival_rate: f64,
    /// Services per unit of time of a busy server.
    pub service_rate: f64,
    /// Squared coefficient of variation of the gaps between arrivals.
    pub arrival_scv: f64,
    /// Squared coefficient of variation of the service time.
    pub service_scv: f64,
}

impl Gg1 {
    /// No mean wait is longer.
    pub fn mean_wait_max(self) -> f64 {
        let (gap, service) = (1.0 / self.arrival_rate, 1.0 / self.service_rate);
        let variances = self.arrival_scv * gap * gap + self.service_scv * service * service;
        self.arrival_rate * variances / (2.0 * (1.0 - self.arrival_rate / self.service_rate))
    }

    /// The mean wait in heavy traffic, rho / (1 - rho) (ca2 + cs2) / 2 / mu.
    pub fn mean_wait_heavy(self) -> f64 {
        let rho = self.arrival_rate / self.service_rate;
        rho / (1.0 - rho) * f64::midpoint(self.arrival_scv, self.service_scv) / self.service_rate
    }
}

/// One server, periodic arrivals, exponential service (Kleinrock 1975, section 6.4, G/M/1 with constant gaps).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dm1 {
    /// Arrivals per unit of time.
    pub arrival_rate: f64,
    /// Services per unit of time of a busy server.
    pub service_rate: f64,
}

impl Dm1 {
    /// Share of customers who wait: the root below 1 of sigma = exp(-(1 - sigma) / rho).
    pub fn waiting_probability(self) -> f64 {
        let gap_in_services = self.service_rate / self.arrival_rate;
        // With x = 1 - sigma the root of x + expm1(-x / rho) besides zero; the function is negative before it.
        let stable = |x: f64| x + libm::expm1(-gap_in_services * x);
        // It has its lowest value where the slope is zero, and the root lies between there and 1.
        let lowest = libm::log(gap_in_services) / gap_in_services;
        1.0 - crossing(lowest, 1.0, stable)
    }

    /// Mean wait before service.
    pub fn mean_wait(self) -> f64 {
        self.waiting_probability() * self.mean_sojourn()
    }

    /// Mean time in the system.
    pub fn mean_sojourn(self) -> f64 {
        1.0 / (self.service_rate * (1.0 - self.waiting_probability()))
    }

    /// The wait that a share `p` of customers stays below.
    pub fn wait_quantile(self, p: f64) -> f64 {
        let waiting = self.waiting_probability();
        exponential_tail_quantile(waiting, self.service_rate * (1.0 - waiting), p)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the spare rate equals the service rate the sojourn is a mixture of one and two exponential stages.
    #[test]
    fn sojourns_are_smooth_where_both_rates_agree() {
        let at = |arrival_rate| Mmc { arrival_rate, service_rate: 1.0, servers: 3 }.sojourn_quantile(0.9);
        assert!((at(2.0) - at(2.0 + 1e-7)).abs() < 1e-5 && (at(2.0) - at(2.0 - 1e-7)).abs() < 1e-5);
    }

    /// A customer who waits does so for an exponential time, so the quantile at 1 - sigma / e is one mean of it.
    #[test]
    fn periodic_waits_have_an_exponential_tail() {
        let queue = Dm1 { arrival_rate: 0.5, service_rate: 1.0 };
        let p = 1.0 - queue.waiting_probability() / std::f64::consts::E;
        assert!((queue.wait_quantile(p) - queue.mean_sojourn()).abs() < 1e-12);
    }

    /// For random arrivals and exponential service the heavy-traffic wait is exact, and the bound is above it.
    #[test]
    fn bounds_hold_for_a_known_queue() {
        let (arrival_rate, service_rate) = (0.8, 1.0);
        let general = Gg1 { arrival_rate, service_rate, arrival_scv: 1.0, service_scv: 1.0 };
        let exact = Mm1 { arrival_rate, service_rate }.mean_wait();
        assert!((general.mean_wait_heavy() - exact).abs() < 1e-12 && general.mean_wait_max() > exact);
    }
}
