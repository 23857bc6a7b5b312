//! Probes of front ends: what locations find out, and what they answer then.
//!
//! Probes are simulated from the moment an endpoint changes until no probe can change anything; those left out would find
//! what is known already.

use crate::kernel::draws::{Purpose, member};
use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::model::condition::DownStyle;
use crate::model::event::Kind;
use crate::model::routing::{Probe, UsersConfig, next_at};
use crate::model::world::World;
use crate::units::{SimDuration, SimTime};

impl World<'_> {
    /// Every location probes every endpoint of a population, each pair at a phase of its own.
    pub(super) fn open_probes(&mut self, population: usize, config: &UsersConfig) {
        for location in 0..config.probing.locations {
            for (endpoint, stamp) in config.endpoints.iter().enumerate() {
                let key = member(member(config.key, self.stamp_keys[stamp.index()]), u64::from(location));
                let phase = self.draws.stream(key, Purpose::ProbePhase, 0).below(config.probing.interval.0);
                self.routing.probes.push(Probe {
                    population: population as u16,
                    endpoint: endpoint as u8,
                    location,
                    phase,
                    failures: 0,
                    online: true,
                    watching: false,
                });
            }
        }
    }

    /// Probes of an endpoint matter from now on.
    pub(super) fn watch_endpoint<L: EventList>(&mut self, agenda: &mut Agenda<L>, p: usize, endpoint: u8) {
        let endpoints = self.config.users[p].endpoints.len();
        for location in 0..usize::from(self.config.users[p].probing.locations) {
            let probe = self.routing.populations[p].first_probe + location * endpoints + usize::from(endpoint);
            if !self.routing.probes[probe].watching {
                self.watch(agenda, probe, agenda.now());
            }
        }
    }

    /// Schedules the next probe from a time on, unless it could change nothing.
    fn watch<L: EventList>(&mut self, agenda: &mut Agenda<L>, index: usize, from: SimTime) {
        let probe = self.routing.probes[index];
        let down = self.front_end(usize::from(probe.population), probe.endpoint).is_some();
        let watching = !probe.is_settled(down);
        self.routing.probes[index].watching = watching;
        if watching {
            let config = &self.config.users[usize::from(probe.population)];
            let at = next_at(from, probe.phase, config.probing.interval).max(agenda.now());
            self.other_event(agenda, at, Kind::Probe, config.key, (index as u32, 0));
        }
    }

    /// A location probes an endpoint: a working one answers at once, and so does one that refuses.
    pub(super) fn probe<L: EventList>(&mut self, agenda: &mut Agenda<L>, index: usize) {
        let probe = self.routing.probes[index];
        let config = &self.config.users[usize::from(probe.population)];
        match self.front_end(usize::from(probe.population), probe.endpoint) {
            None => self.judge(agenda, index, true),
            Some((DownStyle::Reset, _)) => self.judge(agenda, index, false),
            Some((DownStyle::Silent, _)) => {
                let at = agenda.now() + config.probing.timeout;
                self.other_event(agenda, at, Kind::ProbeFails, config.key, (index as u32, 0));
            }
        }
    }

    /// The result of a probe is known.
    pub(super) fn judge<L: EventList>(&mut self, agenda: &mut Agenda<L>, index: usize, good: bool) {
        let now = agenda.now();
        let probe = self.routing.probes[index];
        let p = usize::from(probe.population);
        let probing = self.config.users[p].probing;
        if self.routing.probes[index].judge(good, probing.tolerated_failures) {
            if let Some((_, occurrence)) = self.front_end(p, probe.endpoint).filter(|_| !good) {
                let of = &self.occurrences[usize::from(occurrence)];
                self.routing.degraded.push((of.fault, p, now - of.from));
            }
            self.answer_anew(agenda, p, probe.location);
        }
        // Time-outs are shorter than the interval, so the next probe is the first one from now on.
        self.watch(agenda, index, now + SimDuration(1));
    }

    /// Whether a location takes an endpoint for online.
    pub(super) fn is_online(&self, p: usize, location: usize, endpoint: u8) -> bool {
        let first = self.routing.populations[p].first_probe + location * self.config.users[p].endpoints.len();
        self.routing.probes[first + usize::from(endpoint)].online
    }

    /// A location answers anew; if that differs, its users learn it when what they keep runs out.
    pub(super) fn answer_anew<L: EventList>(&mut self, agenda: &mut Agenda<L>, p: usize, location: u16) {
        let config = &self.config.users[p];
        let population = &self.routing.populations[p];
        let online = |endpoint| self.is_online(p, usize::from(location), endpoint);
        let answer = population.answer(config.probing.all_degraded, online);
        let before = &mut self.routing.populations[p].answers[usize::from(location)];
        if std::mem::replace(before, answer) == answer && !self.routing.populations[p].weighted {
            return;
        }
        let users = self.routing.populations[p].users.len();
        for i in (usize::from(location)..users).step_by(usize::from(config.probing.locations)) {
            self.await_answer(agenda, p, i);
        }
    }
}
