//! The state of users and of the probes that watch their stamps. What happens to it is in `event`.

use super::{AllDegraded, UsersConfig};
use crate::metrics::Level;
use crate::units::{SimDuration, SimTime};

/// No shift, in a column of numbers.
const NOBODY: u16 = u16::MAX;
/// Parts of a whole in which the split of a population is counted.
pub(super) const PARTS: u64 = 1_000_000;

/// One user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    /// When kept answers run out, within the time that they are kept [us].
    pub phase: u64,
    /// Endpoint that serves the user.
    pub at: u8,
    /// Endpoint that the kept answer names.
    pub answer: u8,
    /// Whether the end of the kept answer is scheduled.
    pub waits: bool,
    /// Number of the latest scheduled end of a session; earlier ones are stale.
    pub generation: u16,
    /// Shift that the user is to be counted in.
    pub shift: u16,
}

impl User {
    /// A user at an endpoint.
    pub fn new(phase: u64, at: u8) -> Self {
        Self { phase, at, answer: at, waits: false, generation: 0, shift: NOBODY }
    }

    /// Takes the shift that the user is to be counted in, if any.
    pub fn take_shift(&mut self) -> Option<usize> {
        let shift = std::mem::replace(&mut self.shift, NOBODY);
        (shift != NOBODY).then_some(usize::from(shift))
    }

    /// Counts the user in a shift, unless an earlier one is still open.
    pub fn join_shift(&mut self, shift: usize) -> bool {
        assert!(shift < usize::from(NOBODY), "a run has fewer than 65,535 shifts of users");
        let free = self.shift == NOBODY;
        if free {
            self.shift = shift as u16;
        }
        free
    }
}

/// One endpoint as one location sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// Population that it is for.
    pub population: u16,
    /// Endpoint.
    pub endpoint: u8,
    /// Location.
    pub location: u16,
    /// When probes are sent, within the interval [us].
    pub phase: u64,
    /// Failures in a row.
    pub failures: u8,
    /// Whether it is not Degraded.
    pub online: bool,
    /// Whether probes are simulated; they are not while none of them can change anything.
    pub watching: bool,
}

impl Probe {
    /// Takes in a result; true when the endpoint changes between online and Degraded.
    pub fn judge(&mut self, good: bool, tolerated_failures: u8) -> bool {
        self.failures = if good { 0 } else { self.failures.saturating_add(1) };
        let online = good || (self.online && self.failures <= tolerated_failures);
        std::mem::replace(&mut self.online, online) != online
    }

    /// Whether more probes of an endpoint that stays as it is change nothing.
    pub fn is_settled(&self, down: bool) -> bool {
        if down { !self.online } else { self.online && self.failures == 0 }
    }
}

/// Users of one population.
#[derive(Debug, Clone)]
pub struct Population {
    /// Number of the first user among those of all populations.
    pub first: u32,
    /// Number of the first probe among those of all populations.
    pub first_probe: usize,
    /// The users.
    pub users: Vec<User>,
    /// Users at each endpoint.
    pub on: Vec<u32>,
    /// Devices of the population with an identity on the stamp of each endpoint.
    pub devices: Vec<u64>,
    /// Endpoints by their present priority.
    pub order: Vec<u8>,
    /// What each location answers: an endpoint, or none where all are told.
    pub answers: Vec<Option<u8>>,
    /// Whether each user is given an endpoint by weight, until an operator gives one of them priority.
    pub weighted: bool,
    /// Users without service, and their time without it.
    pub lost: Level,
}

impl Population {
    /// Users at the endpoints that they begin with.
    pub fn new(config: &UsersConfig, first: u32, first_probe: usize, users: Vec<User>) -> Self {
        let endpoints = config.endpoints.len();
        let mut on = vec![0; endpoints];
        users.iter().for_each(|user| on[usize::from(user.at)] += 1);
        Self {
            first,
            first_probe,
            users,
            on,
            devices: vec![0; endpoints],
            order: (0..endpoints as u8).collect(),
            answers: vec![Some(0); usize::from(config.probing.locations)],
            weighted: !config.weights.is_empty(),
            lost: Level::new(0, SimTime::ZERO),
        }
    }

    /// What a location answers when these endpoints are online.
    pub fn answer(&self, rule: AllDegraded, online: impl Fn(u8) -> bool) -> Option<u8> {
        let healthy = self.order.iter().copied().find(|endpoint| online(*endpoint));
        healthy.or_else(|| (rule == AllDegraded::First).then(|| self.order[0]))
    }

    /// Parts of the population, of a million, whose users and devices are on different stamps; `devices` in all.
    pub fn split(&self, devices: u64) -> u64 {
        split(&self.on, &self.devices, devices)
    }
}

/// Parts of a million that users and devices at the same endpoints do not share.
fn split(on: &[u32], held: &[u64], devices: u64) -> u64 {
    let users: u64 = on.iter().map(|n| u64::from(*n)).sum();
    if users == 0 || devices == 0 {
        return 0;
    }
    let together = |(on, held): (&u32, &u64)| (u64::from(*on) * PARTS / users).min(held * PARTS / devices);
    PARTS - on.iter().zip(held).map(together).sum::<u64>().min(PARTS)
}

/// Users who have to go elsewhere, for one reason, and when each of them had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// Label of its figures: `fault` or `switch`.
    pub label: &'static str,
    /// Name of the fault or switch.
    pub name: String,
    /// Occurrence of the fault; none of a switch.
    pub occurrence: Option<u16>,
    /// Start.
    pub from: SimTime,
    /// Users who have to go.
    pub affected: u32,
    /// How long after the start each user was served elsewhere.
    pub moved: Vec<SimDuration>,
}

/// All users.
#[derive(Debug, Clone, Default)]
pub struct Routing {
    /// Populations.
    pub populations: Vec<Population>,
    /// Endpoints as locations see them, by population, location, endpoint.
    pub probes: Vec<Probe>,
    /// Shifts so far.
    pub shifts: Vec<Shift>,
    /// Fault that put an endpoint down, population, and how long after the start a location marked the endpoint Degraded.
    pub degraded: Vec<(usize, usize, SimDuration)>,
}

impl Routing {
    /// The population of a user, and the user's number in it.
    pub fn find(&self, user: u32) -> (usize, usize) {
        let population = self.populations.partition_point(|population| population.first <= user) - 1;
        (population, (user - self.populations[population].first) as usize)
    }
}

/// The first time from `now` on at this phase of a period.
pub fn next_at(now: SimTime, phase: u64, period: SimDuration) -> SimTime {
    let past = now.0.saturating_sub(phase);
    SimTime(phase + past.div_ceil(period.0.max(1)) * period.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe() -> Probe {
        let (population, endpoint, location) = (0, 0, 0);
        Probe { population, endpoint, location, phase: 0, failures: 0, online: true, watching: false }
    }

    /// Three failures are tolerated, the fourth marks the endpoint, one good probe brings it back [T1].
    #[test]
    fn an_endpoint_is_degraded_by_the_failure_after_those_tolerated() {
        let mut probe = probe();
        let changes: Vec<bool> = (0..6).map(|_| probe.judge(false, 3)).collect();
        assert_eq!(changes, [false, false, false, true, false, false]);
        assert!(probe.is_settled(true) && !probe.is_settled(false));
        assert!(probe.judge(true, 3) && probe.online && probe.is_settled(false));
        assert!((0..3).all(|_| !probe.judge(false, 3)) && !probe.judge(true, 3) && !probe.judge(false, 3));
    }

    #[test]
    fn phases_recur_from_now_on() {
        let at = |now| next_at(SimTime(now), 3, SimDuration(10)).0;
        assert_eq!([0, 3, 4, 13, 14].map(at), [3, 3, 13, 13, 23]);
    }

    #[test]
    fn a_population_is_split_by_what_its_users_and_devices_do_not_share() {
        let split = |on: [u32; 2], held: [u64; 2], devices| super::split(&on, &held, devices);
        assert_eq!(split([10, 0], [4, 0], 4), 0);
        assert_eq!(split([0, 10], [4, 0], 4), PARTS);
        assert_eq!(split([5, 5], [4, 0], 4), PARTS / 2);
        assert_eq!(split([10, 0], [2, 0], 4), PARTS / 2, "a device without a hub is nowhere");
    }
}
