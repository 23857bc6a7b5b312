//! One processing stage behind the hub: servers with a service-time law, in order of arrival.
//!
//! Messages that are events go through the exact recursion of Kiefer and Wolfowitz (1955); flows go through a fluid
//! backlog, plus the closed-form wait of an unsaturated queue.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::kernel::law::DurationLaw;
use crate::model::stamp::servers::ServerScaling;
use crate::theory::md1_table::{Md1Place, Md1Table, Md1Waits};
use crate::theory::mdc::MdcWaits;
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

/// When each server is free [us].
#[derive(Debug, Clone)]
enum Free {
    /// The only server.
    One(u64),
    /// In order of time, for services that all take as long: the server that begins last is free last.
    InOrder(VecDeque<u64>),
    /// In any order.
    Heap(BinaryHeap<Reverse<u64>>),
}

impl Free {
    fn all(servers: u32, at: u64, in_order: bool) -> Self {
        if servers == 1 {
            Self::One(at)
        } else if in_order {
            Self::InOrder((0..servers).map(|_| at).collect())
        } else {
            Self::Heap((0..servers).map(|_| Reverse(at)).collect())
        }
    }

    /// When the first server is free.
    #[inline]
    fn earliest(&self) -> u64 {
        let earliest = match self {
            Self::One(at) => Some(*at),
            Self::InOrder(times) => times.front().copied(),
            Self::Heap(times) => times.peek().map(|Reverse(at)| *at),
        };
        earliest.expect("a stage has at least one server")
    }

    /// The server that is free first is free at a later time.
    #[inline]
    fn take(&mut self, until: u64) {
        match self {
            Self::One(at) => *at = until,
            Self::InOrder(times) => {
                times.pop_front();
                let place = times.iter().rposition(|at| *at <= until).map_or(0, |before| before + 1);
                times.insert(place, until);
            }
            Self::Heap(times) => *times.peek_mut().expect("a stage has at least one server") = Reverse(until),
        }
    }

    /// Work that is left after a time, of all servers [us].
    fn left(&self, now: u64) -> u64 {
        let left = |at: &u64| at.saturating_sub(now);
        match self {
            Self::One(at) => left(at),
            Self::InOrder(times) => times.iter().map(left).sum(),
            Self::Heap(times) => times.iter().map(|Reverse(at)| left(at)).sum(),
        }
    }
}

/// Waits of a queue that is not saturated.
enum Unsaturated<'a> {
    /// None.
    None,
    /// Constant services by one server, and their length [s].
    One(Md1Waits<'a>, f64),
    /// Constant services by several servers, and their length [s].
    Many(MdcWaits<'a>, f64),
    /// A share waits, an exponential time of this mean [s].
    Exponential { waits: f64, mean: f64 },
}

impl Unsaturated<'_> {
    /// The wait that a share of the messages stays below [s].
    fn quantile(&self, unit: f64) -> f64 {
        match self {
            Self::None => 0.0,
            Self::One(waits, service) => waits.quantile(unit) * service,
            Self::Many(waits, service) => waits.quantile(unit) * service,
            Self::Exponential { waits, .. } if unit <= 1.0 - waits => 0.0,
            Self::Exponential { waits, mean } => -mean * libm::log((1.0 - unit) / waits),
        }
    }
}

/// State of the stage.
#[derive(Debug, Clone)]
pub struct Pipeline {
    free: Free,
    servers: u32,
    service_mean_s: f64,
    service_scv: f64,
    backlog: f64,
    deterministic: bool,
    /// Where the table was looked at last: a steady load asks for the same place part after part.
    place: Option<Md1Place>,
}

impl Pipeline {
    /// An idle stage.
    pub fn new(config: &ProcessingConfig) -> Self {
        Self {
            free: Free::all(config.servers, 0, config.service.scv() == 0.0),
            servers: config.servers,
            service_mean_s: config.service.mean().secs(),
            service_scv: config.service.scv(),
            backlog: 0.0,
            deterministic: config.service.scv() == 0.0,
            place: None,
        }
    }

    /// Forgets all work.
    pub fn restart(&mut self, now: SimTime) {
        self.all_free(now.0);
        self.backlog = 0.0;
    }

    fn all_free(&mut self, at: u64) {
        self.free = Free::all(self.servers, at, self.deterministic);
    }

    /// One message that arrives now and needs this service: when its service begins.
    #[inline]
    pub fn arrive(&mut self, now: SimTime, service: SimDuration) -> SimTime {
        let begins = self.free.earliest().max(now.0);
        self.free.take(begins + service.0);
        SimTime(begins)
    }

    /// When the only server is free; nothing where there are several.
    pub fn only_server(&self) -> Option<SimTime> {
        match self.free {
            Free::One(at) => Some(SimTime(at)),
            _ => None,
        }
    }

    /// The only server is free at this time.
    pub fn set_only_server(&mut self, at: SimTime) {
        self.free = Free::One(at.0);
    }

    /// When the first server is free.
    pub fn free_from(&self) -> SimTime {
        SimTime(self.free.earliest())
    }

    /// From now on messages come one by one: the fluid backlog becomes work of the servers.
    pub fn begin_messages(&mut self, now: SimTime) {
        if let Some(rate) = self.rate().filter(|_| self.backlog > 0.0) {
            self.all_free(now.0 + SimDuration::from_secs_f64(self.backlog / rate).0);
        }
        self.backlog = 0.0;
    }

    /// From now on messages come as a flow: the work of the servers becomes the fluid backlog. Gives the time that it takes
    /// them [s].
    ///
    /// What is less than `chance` messages is no backlog but the queue of a moment, which the closed form contains.
    pub fn begin_flow(&mut self, now: SimTime, chance: f64) -> f64 {
        let left = self.work_left(now);
        let Some(rate) = self.rate().filter(|_| left > 0.0) else { return 0.0 };
        self.all_free(now.0);
        if left * rate > chance {
            self.backlog += left * rate;
        }
        left
    }

    /// Time that the servers, together, need for the messages that came one by one [s].
    pub fn work_left(&self, now: SimTime) -> f64 {
        SimDuration(self.free.left(now.0)).secs() / f64::from(self.servers)
    }

    /// Time after which the queue has forgotten its beginning, at a utilisation [s]: the relaxation time, and at least one
    /// service.
    pub fn relaxation(&self, utilisation: f64) -> f64 {
        let spare = 1.0 - utilisation;
        self.service_mean_s.max(self.service_mean_s / f64::from(self.servers) / (spare * spare))
    }

    /// A flow of `n` messages over a tick in which `expected` were to be expected: the wait in each of `PARTS` equal parts of
    /// the tick [s]. `units` are uniform draws, one for each part, that choose the quantile of an unsaturated wait.
    ///
    /// Below saturation the closed form holds at the expected rate, and it contains the chance of what arrives: were the
    /// tick's own count put into it, or its excess piled up, chance would count twice. Saturated, and until the backlog of
    /// that is gone, what arrives is what counts.
    pub fn flow<const PARTS: usize>(
        &mut self,
        md1: &Md1Table,
        tick: SimDuration,
        (n, expected): (u64, f64),
        units: &[f64; PARTS],
    ) -> [f64; PARTS] {
        if self.service_mean_s <= 0.0 {
            return [0.0; PARTS];
        }
        let capacity = f64::from(self.servers) / self.service_mean_s * tick.secs();
        let utilisation = expected / capacity;
        if utilisation < 1.0 && self.backlog <= 0.0 {
            let waits = self.unsaturated(md1, utilisation);
            return units.map(|unit| waits.quantile(unit));
        }
        let waits = self.unsaturated(md1, utilisation);
        let (serve, arrive) = (capacity / PARTS as f64, n as f64 / PARTS as f64);
        std::array::from_fn(|i| {
            let before = self.backlog;
            self.backlog = (before + arrive - serve).max(0.0);
            let queued = f64::midpoint(before, self.backlog);
            if queued > 0.0 { queued / capacity * tick.secs() } else { waits.quantile(units[i]) }
        })
    }

    /// Waits in steady state: exact for M/D/c up to 32 servers and for M/M/c, else Allen and Cunneen's scaling.
    fn unsaturated<'a>(&mut self, md1: &'a Md1Table, utilisation: f64) -> Unsaturated<'a> {
        if utilisation <= 0.0 || utilisation >= 1.0 {
            return Unsaturated::None;
        }
        if self.deterministic && self.servers == 1 {
            let known = self.place.filter(|place| place.is_at(utilisation));
            let place = *self.place.insert(known.unwrap_or_else(|| md1.place(utilisation)));
            return Unsaturated::One(md1.waits(place), self.service_mean_s);
        }
        let many = if self.deterministic { md1.with_servers(self.servers, utilisation) } else { None };
        if let Some(waits) = many {
            return Unsaturated::Many(waits, self.service_mean_s);
        }
        let waits = erlang_c(self.servers, utilisation * f64::from(self.servers));
        let spare = f64::from(self.servers) * (1.0 - utilisation);
        Unsaturated::Exponential { waits, mean: self.service_mean_s / spare * (1.0 + self.service_scv) / 2.0 }
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
        let left = self.free.left(now.0);
        self.servers += n;
        self.all_free(now.0 + left / u64::from(self.servers));
    }

    /// Wait of a message that came now.
    pub fn lag(&self, now: SimTime) -> SimDuration {
        let free = self.free.earliest();
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
    use crate::model::limit::STRATA;

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
