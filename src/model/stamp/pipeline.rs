//! One processing stage behind the hub: servers with a service-time law, in order of arrival.
//!
//! Messages that are events go through the exact recursion of Kiefer and Wolfowitz (1955); flows go through a fluid
//! backlog, plus the closed-form wait of an unsaturated queue.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::kernel::law::DurationLaw;
use crate::model::limit::STRATA;
use crate::model::stamp::servers::ServerScaling;
use crate::theory::md1_table::Md1Table;
use crate::theory::queues::erlang_c;
use crate::units::{SimDuration, SimTime};

/// A processing stage.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessingConfig {
    /// Servers.
    pub servers: u32,
    /// Time one server needs for one message.
    pub service: DurationLaw,
    /// When servers are added; nothing where the number stays.
    pub scaling: Option<ServerScaling>,
}

/// State of the stage.
#[derive(Debug, Clone)]
pub struct Pipeline {
    free_at: BinaryHeap<Reverse<u64>>,
    servers: u32,
    service_mean_s: f64,
    service_scv: f64,
    backlog: f64,
    deterministic: bool,
}

impl Pipeline {
    /// An idle stage.
    pub fn new(config: &ProcessingConfig) -> Self {
        Self {
            free_at: (0..config.servers).map(|_| Reverse(0)).collect(),
            servers: config.servers,
            service_mean_s: config.service.mean().secs(),
            service_scv: config.service.scv(),
            backlog: 0.0,
            deterministic: config.service.scv() == 0.0,
        }
    }

    /// Forgets all work.
    pub fn restart(&mut self, now: SimTime) {
        self.free_at = (0..self.servers).map(|_| Reverse(now.0)).collect();
        self.backlog = 0.0;
    }

    /// One message that arrives now and needs this service: when its service begins.
    pub fn arrive(&mut self, now: SimTime, service: SimDuration) -> SimTime {
        let mut earliest = self.free_at.peek_mut().expect("a stage has at least one server");
        let begins = earliest.0.max(now.0);
        *earliest = Reverse(begins + service.0);
        SimTime(begins)
    }

    /// A flow of `n` messages over a tick in which `expected` were to be expected: the wait at each eighth of the tick
    /// [s]. `units` are uniform draws, one for each eighth, that choose the quantile of an unsaturated wait.
    ///
    /// Below saturation the closed form holds at the expected rate, and it contains the chance of what arrives: were the
    /// tick's own count put into it, or its excess piled up, chance would count twice. Saturated, and until the backlog of
    /// that is gone, what arrives is what counts.
    pub fn flow(
        &mut self,
        md1: &Md1Table,
        tick: SimDuration,
        (n, expected): (u64, f64),
        units: &[f64; STRATA],
    ) -> [f64; STRATA] {
        if self.service_mean_s <= 0.0 {
            return [0.0; STRATA];
        }
        let capacity = f64::from(self.servers) / self.service_mean_s * tick.secs();
        let utilisation = expected / capacity;
        if utilisation < 1.0 && self.backlog <= 0.0 {
            return units.map(|unit| self.unsaturated_wait(md1, utilisation, unit));
        }
        let (serve, arrive) = (capacity / STRATA as f64, n as f64 / STRATA as f64);
        std::array::from_fn(|i| {
            let before = self.backlog;
            self.backlog = (before + arrive - serve).max(0.0);
            let queued = f64::midpoint(before, self.backlog);
            if queued > 0.0 {
                queued / capacity * tick.secs()
            } else {
                self.unsaturated_wait(md1, utilisation, units[i])
            }
        })
    }

    /// Quantile of the wait in steady state [s]: exact for M/D/1 and M/M/c, else Allen and Cunneen's scaling.
    fn unsaturated_wait(&self, md1: &Md1Table, utilisation: f64, unit: f64) -> f64 {
        if utilisation <= 0.0 || utilisation >= 1.0 {
            return 0.0;
        }
        if self.deterministic && self.servers == 1 {
            return md1.wait_quantile(utilisation, unit) * self.service_mean_s;
        }
        let waits = erlang_c(self.servers, utilisation * f64::from(self.servers));
        if unit <= 1.0 - waits {
            return 0.0;
        }
        let mean =
            self.service_mean_s / (f64::from(self.servers) * (1.0 - utilisation)) * (1.0 + self.service_scv) / 2.0;
        -mean * libm::log((1.0 - unit) / waits)
    }

    /// Messages that all servers together serve in a second; none where service takes no time.
    pub fn rate(&self) -> Option<f64> {
        (self.service_mean_s > 0.0).then(|| f64::from(self.servers) / self.service_mean_s)
    }

    /// Servers.
    pub fn servers(&self) -> u32 {
        self.servers
    }

    /// Adds servers. Messages that have come keep the times that they were given; all servers together go on with the work
    /// that is left, so that what comes from now on waits as long as it would in one queue.
    pub fn add_servers(&mut self, n: u32, now: SimTime) {
        let left: u64 = self.free_at.iter().map(|Reverse(at)| at.saturating_sub(now.0)).sum();
        self.servers += n;
        let each = now.0 + left / u64::from(self.servers);
        self.free_at = (0..self.servers).map(|_| Reverse(each)).collect();
    }

    /// Wait of a message that came now.
    pub fn lag(&self, now: SimTime) -> SimDuration {
        let free = self.free_at.peek().map_or(0, |Reverse(at)| *at);
        let fluid = self.rate().map_or(0.0, |rate| self.backlog / rate);
        SimTime(free).saturating_since(now).max(SimDuration::from_secs_f64(fluid))
    }

    /// Messages that wait in the fluid backlog.
    pub fn backlog(&self) -> f64 {
        self.backlog
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_servers_serve_in_order_of_arrival() {
        let mut stage = Pipeline::new(&ProcessingConfig {
            servers: 2,
            service: DurationLaw::constant(SimDuration(10)),
            scaling: None,
        });
        let begins: Vec<_> = [0, 0, 1, 2, 30].map(|t| stage.arrive(SimTime(t), SimDuration(10)).0).into();
        assert_eq!(begins, [0, 0, 10, 10, 30]);
    }

    #[test]
    fn added_servers_share_the_work_that_is_left() {
        let service = DurationLaw::constant(SimDuration(10));
        let mut stage = Pipeline::new(&ProcessingConfig { servers: 1, service, scaling: None });
        (0..4).for_each(|_| _ = stage.arrive(SimTime(0), SimDuration(10)));
        assert_eq!(stage.lag(SimTime(10)), SimDuration(30));
        stage.add_servers(2, SimTime(10));
        assert_eq!((stage.servers(), stage.lag(SimTime(10))), (3, SimDuration(10)));
        assert_eq!(stage.arrive(SimTime(12), SimDuration(10)), SimTime(20));
    }

    #[test]
    fn a_saturated_flow_waits_as_the_fluid_does() {
        let mut stage = Pipeline::new(&ProcessingConfig {
            servers: 1,
            service: DurationLaw::constant(SimDuration(10_000)),
            scaling: None,
        });
        let md1 = Md1Table::new();
        for _ in 0..300 {
            stage.flow(&md1, SimDuration::SECOND, (120, 120.0), &[0.5; STRATA]);
        }
        let wait = stage.flow(&md1, SimDuration::SECOND, (100, 100.0), &[0.5; STRATA])[0];
        assert!((wait - 60.0).abs() < 0.1, "{wait}");
    }

    #[test]
    fn chance_counts_once_below_saturation() {
        let mut stage = Pipeline::new(&ProcessingConfig {
            servers: 1,
            service: DurationLaw::constant(SimDuration(10_000)),
            scaling: None,
        });
        let md1 = Md1Table::new();
        let median = md1.wait_quantile(0.8, 0.5) * 0.01;
        for n in [60, 110, 80] {
            let waits = stage.flow(&md1, SimDuration::SECOND, (n, 80.0), &[0.5; STRATA]);
            assert!(waits.iter().all(|wait| (wait - median).abs() < 1e-12), "{waits:?}");
        }
    }
}
