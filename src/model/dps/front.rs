//! What stands between devices and DPS in some topologies: an API with a limit and a count, people who install devices, and
//! what the application of a device-to-cloud stamp remembers.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::kernel::draws::member;
use crate::model::dps::service::ServiceConfig;
use crate::model::dps::topology::{Balance, TopologyPolicy};
use crate::model::ids::ServiceId;
use crate::model::limit::{Bucket, Shaping};
use crate::units::{SimDuration, SimTime};

/// The state of a topology.
#[derive(Debug, Clone, Default)]
pub struct Front {
    /// Limit of the API; none without an API or a limit.
    pub limit: Option<Bucket>,
    /// Requests that the API took.
    pub requests: u64,
    /// Requests that its limit refused.
    pub refused: u64,
    /// Look-ups that its store answered.
    pub look_ups: u64,
    /// Requests and look-ups up to the last metering.
    pub billed: u64,
    /// Use of the registration limit of each instance in each window [1].
    pub uses: Vec<Vec<f64>>,
    /// Registrations admitted by each instance up to the end of the last window.
    pub closed: Vec<u64>,
    installers: BinaryHeap<Reverse<SimTime>>,
}

impl Front {
    /// The front of a topology at time zero.
    pub fn new(topology: &TopologyPolicy, services: usize) -> Self {
        let limit = topology.entry().api().and_then(|api| api.limit);
        let installers = topology.entry().installers().map_or(0, |(people, _)| people);
        Self {
            limit: limit.map(|limit| Bucket::new(limit, Shaping::without_backlog(), SimTime::ZERO)),
            uses: vec![Vec::new(); services],
            closed: vec![0; services],
            installers: (0..installers).map(|_| Reverse(SimTime::ZERO)).collect(),
            ..Self::default()
        }
    }

    /// The next free installer takes a device that came now; gives the time at which it is done.
    pub fn install(&mut self, now: SimTime, time: SimDuration) -> SimTime {
        let Reverse(free) = self.installers.pop().expect("there are installers");
        let done = free.max(now) + time;
        self.installers.push(Reverse(done));
        done
    }
}

/// An instance as a rule of balance sees it.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// Which one.
    pub service: ServiceId,
    /// Devices that were told to use it.
    pub scopes: u32,
    /// Round trip from the device's region [ms].
    pub rtt_ms: f64,
}

impl Balance {
    /// The instance that a device is sent to, of those that there are; ties fall by the hash.
    pub fn choose(
        self,
        registration: u64,
        services: &[ServiceConfig],
        choices: impl Iterator<Item = Choice>,
    ) -> Option<ServiceId> {
        let hash = |choice: &Choice| member(registration, services[choice.service.index()].key);
        let worse = |a: &Choice, b: &Choice| match self {
            Self::Hash => std::cmp::Ordering::Equal,
            Self::Region => a.rtt_ms.total_cmp(&b.rtt_ms),
            Self::Fewest => a.scopes.cmp(&b.scopes),
        };
        let best = choices.min_by(|a, b| worse(a, b).then_with(|| hash(b).cmp(&hash(a))));
        best.map(|choice| choice.service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::draws::stable_name;
    use crate::model::dps::service::Links;
    use crate::model::dps::topology::Installer;
    use crate::model::ids::RegionId;
    use crate::units::Rate;

    fn services(n: u16) -> Vec<ServiceConfig> {
        let one = |i: u16| ServiceConfig {
            name: format!("dps-{i}"),
            key: stable_name(&format!("dps-{i}")),
            region: RegionId(0),
            registrations: Rate::new(1_000, SimDuration::MINUTE),
            operations: Rate::new(1_000, SimDuration::MINUTE),
            registrations_max: None,
            links: Links::All,
        };
        (0..n).map(one).collect()
    }

    fn choose(balance: Balance, registration: u64, of: &[(u16, u32, f64)]) -> u16 {
        let services = services(8);
        let choices = of.iter().map(|(service, scopes, rtt_ms)| Choice {
            service: ServiceId(*service),
            scopes: *scopes,
            rtt_ms: *rtt_ms,
        });
        balance.choose(registration, &services, choices).expect("there are some").0
    }

    #[test]
    fn devices_are_balanced_by_load_or_distance_and_else_by_a_hash() {
        let of = [(0, 7, 30.0), (1, 5, 40.0), (2, 9, 10.0)];
        assert_eq!(choose(Balance::Fewest, 1, &of), 1);
        assert_eq!(choose(Balance::Region, 1, &of), 2);
        let by_hash = |registration| choose(Balance::Hash, registration, &of);
        assert_eq!(choose(Balance::Fewest, 5, &[(0, 7, 1.0), (1, 7, 1.0), (2, 7, 1.0)]), by_hash(5));
    }

    /// 9,000 devices in three parts: each is 3,000 with a standard deviation of 45; six of them are missed once in 10^8.
    #[test]
    fn a_balance_by_hash_is_even_and_an_instance_that_leaves_moves_only_its_own() {
        let (all, rest) = ([(0, 0, 0.0), (1, 0, 0.0), (2, 0, 0.0)], [(0, 0, 0.0), (2, 0, 0.0)]);
        let mut counts = [0_u32; 3];
        for registration in (0..9_000).map(|n| member(stable_name("meters"), n)) {
            let (before, after) =
                (choose(Balance::Hash, registration, &all), choose(Balance::Hash, registration, &rest));
            counts[usize::from(before)] += 1;
            assert!(before == 1 || before == after, "only the devices of the one that left go elsewhere");
        }
        assert!(counts.iter().all(|n| n.abs_diff(3_000) < 270), "{counts:?}");
    }

    #[test]
    fn installers_work_side_by_side_and_in_order_of_arrival() {
        let topology = TopologyPolicy::Installer(Installer { installers: 2, ..Installer::default() });
        let mut front = Front::new(&topology, 1);
        let mut install = |at| front.install(SimTime(at), SimDuration(10)).0;
        assert_eq!([install(0), install(0), install(1), install(2), install(40)], [10, 10, 20, 20, 50]);
    }
}
