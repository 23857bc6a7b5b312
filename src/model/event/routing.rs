//! Users: probes judge front ends, answers run out, sessions end, and users move from stamp to stamp.
//!
//! Each user has a phase of its own; only what can change something is an event, so a quiet day costs nothing. That is
//! exact: probes of an endpoint that stays as it is, and answers that stay the same, leave everything as it was.

use std::collections::BTreeMap;

use crate::kernel::draws::{Purpose, Stream, member};
use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::metrics::measure::MeasureKey;
use crate::model::condition::{Condition, DownStyle, Effect, Target};
use crate::model::event::Kind;
use crate::model::event::window::RECOVERY_SHARES;
use crate::model::ids::{DeviceId, StampId};
use crate::model::routing::{Population, Probe, Shift, User, UsersConfig, next_at};
use crate::model::world::{World, first_users};
use crate::units::{SimDuration, SimTime};

/// Parts of a million that must be split before a population counts as split at all: 1 %.
const SPLIT_AT_ALL: u64 = 10_000;

impl World<'_> {
    /// Every user is at the first endpoint and keeps an answer of uniform age.
    pub(super) fn open_users<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        let firsts = first_users(&self.config.users);
        for (p, config) in self.config.users.iter().enumerate() {
            let users = (0..config.users).map(|user| User::new(self.answer_phase(config, user))).collect();
            let first_probe = self.routing.probes.len();
            self.routing.populations.push(Population::new(config, firsts[p], first_probe, users));
            self.open_probes(p, config);
            self.count_on_stamp(config.endpoints[0], SimTime::ZERO, |level, now| {
                level.add(u64::from(config.users), now);
            });
            for (s, switch) in config.switches.iter().enumerate() {
                self.other_event(agenda, switch.at, Kind::UsersSwitch, config.key, (p as u32, s as u16));
            }
        }
    }

    /// When kept answers of a user run out, within the time that they are kept [us].
    fn answer_phase(&self, config: &UsersConfig, user: u32) -> u64 {
        let kept = config.kept(user).0;
        if kept == 0 { 0 } else { self.user_draw(config, user, Purpose::AnswerAge, 0).below(kept) }
    }

    fn open_probes(&mut self, population: usize, config: &UsersConfig) {
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

    fn user_draw(&self, config: &UsersConfig, user: u32, purpose: Purpose, counter: u64) -> Stream {
        self.draws.stream(member(config.key, u64::from(user)), purpose, counter)
    }

    fn front_end(&self, population: usize, endpoint: u8) -> Option<(DownStyle, u16)> {
        let stamp = self.config.users[population].endpoints[usize::from(endpoint)];
        self.stamp_status[stamp.index()].front_end
    }

    /// A front end may have gone down or come back.
    pub(super) fn front_end_changes<L: EventList>(&mut self, agenda: &mut Agenda<L>, effect: Effect) {
        let (Target::Stamp(stamp), Condition::NoFrontEnd(_)) = (effect.target, effect.condition) else { return };
        for p in 0..self.routing.populations.len() {
            let place = self.config.users[p].endpoints.iter().position(|endpoint| *endpoint == stamp);
            let Some(endpoint) = place.map(|place| place as u8) else { continue };
            match self.stamp_status[stamp.index()].front_end {
                Some((style, occurrence)) => self.users_lose(agenda, p, endpoint, style, occurrence),
                None => self.users_regain(agenda.now(), p, endpoint),
            }
            self.watch_endpoint(agenda, p, endpoint);
        }
    }

    /// The users of an endpoint are without service, and sessions that held them there break.
    fn users_lose<L: EventList>(
        &mut self,
        agenda: &mut Agenda<L>,
        p: usize,
        endpoint: u8,
        style: DownStyle,
        occurrence: u16,
    ) {
        let now = agenda.now();
        self.set_lost(p, now);
        let shift = self.shift_of(occurrence);
        for i in 0..self.routing.populations[p].users.len() {
            let user = &mut self.routing.populations[p].users[i];
            if user.at != endpoint {
                continue;
            }
            let joins = user.join_shift(shift);
            let goes = user.answer != endpoint;
            self.routing.shifts[shift].affected += u32::from(joins);
            if goes {
                match (style, self.config.users[p].holding()) {
                    (DownStyle::Silent, Some(session)) => self.end_session_at(agenda, p, i, now + session.notice),
                    _ => self.move_user(p, i, now),
                }
            }
        }
    }

    /// The users of an endpoint are served again; those who had not moved have not.
    fn users_regain(&mut self, now: SimTime, p: usize, endpoint: u8) {
        self.set_lost(p, now);
        let users = self.routing.populations[p].users.iter_mut();
        users.filter(|user| user.at == endpoint).for_each(|user| {
            user.take_shift();
        });
    }

    /// The shift of an occurrence of a fault; a new one if need be.
    fn shift_of(&mut self, occurrence: u16) -> usize {
        let known = self.routing.shifts.iter().position(|shift| shift.occurrence == Some(occurrence));
        known.unwrap_or_else(|| {
            let of = &self.occurrences[usize::from(occurrence)];
            let (name, from) = (self.config.faults[of.fault].name.clone(), of.from);
            let shift = Shift { label: "fault", name, occurrence: Some(occurrence), from, affected: 0, moved: vec![] };
            self.routing.shifts.push(shift);
            self.routing.shifts.len() - 1
        })
    }

    /// Probes of an endpoint matter from now on.
    fn watch_endpoint<L: EventList>(&mut self, agenda: &mut Agenda<L>, p: usize, endpoint: u8) {
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
                self.routing.degraded.push((of.fault, now - of.from));
            }
            self.answer_anew(agenda, p, probe.location);
        }
        // Time-outs are shorter than the interval, so the next probe is the first one from now on.
        self.watch(agenda, index, now + SimDuration(1));
    }

    /// A location answers anew; if that differs, its users learn it when what they keep runs out.
    fn answer_anew<L: EventList>(&mut self, agenda: &mut Agenda<L>, p: usize, location: u16) {
        let config = &self.config.users[p];
        let population = &self.routing.populations[p];
        let first = population.first_probe + usize::from(location) * config.endpoints.len();
        let online = |endpoint: u8| self.routing.probes[first + usize::from(endpoint)].online;
        let answer = population.answer(config.probing.all_degraded, online);
        let before = &mut self.routing.populations[p].answers[usize::from(location)];
        if std::mem::replace(before, answer) == answer {
            return;
        }
        let users = self.routing.populations[p].users.len();
        for i in (usize::from(location)..users).step_by(usize::from(config.probing.locations)) {
            self.await_answer(agenda, p, i);
        }
    }

    /// A user asks again when the kept answer runs out; at once if none is kept.
    fn await_answer<L: EventList>(&mut self, agenda: &mut Agenda<L>, p: usize, i: usize) {
        let config = &self.config.users[p];
        let kept = config.kept(i as u32);
        if kept.is_zero() {
            return self.take_answer(agenda, p, i);
        }
        let population = &mut self.routing.populations[p];
        let (index, user) = (population.first + i as u32, &mut population.users[i]);
        if !std::mem::replace(&mut user.waits, true) {
            let at = next_at(agenda.now(), user.phase, kept);
            self.other_event(agenda, at, Kind::AnswerRunsOut, member(config.key, i as u64), (index, 0));
        }
    }

    /// The answer that a user keeps runs out.
    pub(super) fn answer_runs_out<L: EventList>(&mut self, agenda: &mut Agenda<L>, index: u32) {
        let (p, i) = self.routing.find(index);
        self.routing.populations[p].users[i].waits = false;
        self.take_answer(agenda, p, i);
    }

    /// A user gets an answer, and goes there unless a session holds it.
    fn take_answer<L: EventList>(&mut self, agenda: &mut Agenda<L>, p: usize, i: usize) {
        let (now, config) = (agenda.now(), &self.config.users[p]);
        let location = i % usize::from(config.probing.locations);
        let answer = self.routing.populations[p].answers[location].unwrap_or_else(|| {
            let endpoints = config.endpoints.len() as u64;
            self.user_draw(config, i as u32, Purpose::EndpointChoice, now.0).below(endpoints) as u8
        });
        let user = &mut self.routing.populations[p].users[i];
        user.answer = answer;
        let at = user.at;
        if at == answer {
            return;
        }
        match (config.holding(), self.front_end(p, at)) {
            (None, _) | (Some(_), Some((DownStyle::Reset, _))) => self.move_user(p, i, now),
            (Some(session), Some((DownStyle::Silent, occurrence))) => {
                let noticed = self.occurrences[usize::from(occurrence)].from + session.notice;
                self.end_session_at(agenda, p, i, noticed.max(now));
            }
            (Some(session), None) => {
                // What is left of an exponential length is as long as the whole.
                let mut draw = self.user_draw(config, i as u32, Purpose::SessionRest, now.0);
                let rest = SimDuration(draw.exponential(session.mean.0 as f64) as u64);
                self.end_session_at(agenda, p, i, now.saturating_add(rest));
            }
        }
    }

    fn end_session_at<L: EventList>(&mut self, agenda: &mut Agenda<L>, p: usize, i: usize, at: SimTime) {
        let key = member(self.config.users[p].key, i as u64);
        let population = &mut self.routing.populations[p];
        let user = &mut population.users[i];
        user.generation = user.generation.wrapping_add(1);
        let place = (population.first + i as u32, user.generation);
        self.other_event(agenda, at, Kind::SessionEnds, key, place);
    }

    /// A session ends; false when a later one was scheduled instead.
    pub(super) fn session_ends(&mut self, now: SimTime, index: u32, generation: u16) -> bool {
        let (p, i) = self.routing.find(index);
        let valid = self.routing.populations[p].users[i].generation == generation;
        if valid {
            self.move_user(p, i, now);
        }
        valid
    }

    /// A user goes to where the kept answer says.
    fn move_user(&mut self, p: usize, i: usize, now: SimTime) {
        let config = &self.config.users[p];
        let population = &mut self.routing.populations[p];
        let user = &mut population.users[i];
        let (from, to) = (user.at, user.answer);
        if from == to {
            return;
        }
        user.at = to;
        population.on[usize::from(from)] -= 1;
        population.on[usize::from(to)] += 1;
        self.count_on_stamp(config.endpoints[usize::from(from)], now, |level, now| level.take(1, now));
        self.count_on_stamp(config.endpoints[usize::from(to)], now, |level, now| level.add(1, now));
        if self.front_end(p, to).is_none()
            && let Some(shift) = self.routing.populations[p].users[i].take_shift()
        {
            let shift = &mut self.routing.shifts[shift];
            shift.moved.push(now - shift.from);
        }
        self.set_lost(p, now);
        self.set_split(p, now);
    }

    fn count_on_stamp(
        &mut self,
        stamp: StampId,
        now: SimTime,
        change: impl Fn(&mut crate::metrics::Level, SimTime),
    ) {
        let figures = self.figures.users.as_ref().expect("users have figures");
        let place = figures.on_stamp.binary_search_by_key(&stamp, |(stamp, _)| *stamp);
        let (_, level) = figures.on_stamp[place.expect("every endpoint has a level")];
        change(self.recorder.level_mut(level), now);
    }

    /// Counts the users of a population without service.
    fn set_lost(&mut self, p: usize, now: SimTime) {
        let on = self.routing.populations[p].on.iter().enumerate();
        let down = on.filter(|(endpoint, _)| self.front_end(p, *endpoint as u8).is_some());
        let lost: u64 = down.map(|(_, users)| u64::from(*users)).sum();
        let level = self.figures.users.as_ref().expect("users have figures").unavailable;
        let before = self.routing.populations[p].lost.value();
        self.routing.populations[p].lost.set(lost, now);
        let all = self.recorder.level_value(level) - before + lost;
        self.recorder.level_mut(level).set(all, now);
    }

    /// An identity comes to a stamp or leaves it.
    pub(super) fn device_of_population(&mut self, device: DeviceId, stamp: StampId, comes: bool, now: SimTime) {
        let cohort = self.devices[device.index()].cohort;
        for p in 0..self.routing.populations.len() {
            let config = &self.config.users[p];
            let place = config.endpoints.iter().position(|endpoint| *endpoint == stamp);
            if config.cohort != Some(cohort) {
                continue;
            }
            if let Some(endpoint) = place {
                let held = &mut self.routing.populations[p].devices[endpoint];
                *held = if comes { *held + 1 } else { *held - 1 };
            }
            self.set_split(p, now);
        }
    }

    fn set_split(&mut self, p: usize, now: SimTime) {
        let Some(cohort) = self.config.users[p].cohort else { return };
        let devices = u64::from(self.cohort_joined[cohort.index()]);
        let split = self.routing.populations[p].split(devices);
        let figures = self.figures.users.as_mut().expect("users have figures");
        if let Some(level) = figures.split[p] {
            self.recorder.level_mut(level).set(split, now);
            figures.split_at_all[p].set(u64::from(split >= SPLIT_AT_ALL), now);
        }
    }

    /// An operator gives an endpoint the first priority.
    pub(super) fn users_switch<L: EventList>(&mut self, agenda: &mut Agenda<L>, p: usize, index: usize) {
        let now = agenda.now();
        let switch = &self.config.users[p].switches[index];
        let shift = self.routing.shifts.len();
        let population = &mut self.routing.populations[p];
        population.order.sort_by_key(|endpoint| *endpoint != switch.to);
        let goes = population.users.iter_mut().filter(|user| user.at != switch.to);
        let affected = goes.filter_map(|user| user.join_shift(shift).then_some(())).count() as u32;
        let name = switch.name.clone();
        let moved = Vec::new();
        self.routing.shifts.push(Shift { label: "switch", name, occurrence: None, from: now, affected, moved });
        for location in 0..self.config.users[p].probing.locations {
            self.answer_anew(agenda, p, location);
        }
    }

    /// What happened to users, over the whole run.
    pub(super) fn user_figures(&mut self, now: SimTime, out: &mut Vec<(MeasureKey, f64)>) {
        let Some(figures) = &mut self.figures.users else { return };
        let key = MeasureKey::new;
        let minutes = |integral: u128| integral as f64 / SimDuration::MINUTE.0 as f64;
        out.push((key("user_minutes_lost"), minutes(self.recorder.level_mut(figures.unavailable).integral(now))));
        for (p, config) in self.config.users.iter().enumerate() {
            let of = |name| key(name).with("users", &*config.name);
            out.push((of("user_minutes_lost"), minutes(self.routing.populations[p].lost.integral(now))));
            if let Some(level) = figures.split[p] {
                let split = minutes(self.recorder.level_mut(level).integral(now)) / 1e6;
                let at_all = minutes(figures.split_at_all[p].integral(now));
                out.push((of("split_population_minutes").with("stat", "mean"), split));
                out.push((of("split_population_minutes").with("stat", "any"), at_all));
            }
        }
        self.degraded_figures(out);
        self.shift_figures(out);
    }

    fn degraded_figures(&self, out: &mut Vec<(MeasureKey, f64)>) {
        for (f, fault) in self.config.faults.iter().enumerate() {
            let times = self.routing.degraded.iter().filter(|(of, _)| *of == f);
            let times: Vec<f64> = times.map(|(_, time)| time.secs()).collect();
            if times.is_empty() {
                continue;
            }
            let key = |stat| MeasureKey::new("time_to_degraded_s").with("fault", &*fault.name).with("stat", stat);
            out.push((key("min"), times.iter().copied().fold(f64::INFINITY, f64::min)));
            out.push((key("mean"), times.iter().sum::<f64>() / times.len() as f64));
            out.push((key("max"), times.iter().copied().fold(0.0, f64::max)));
        }
    }

    /// When users had moved, over all shifts of one fault or switch.
    fn shift_figures(&self, out: &mut Vec<(MeasureKey, f64)>) {
        let mut by_name: BTreeMap<(&'static str, &str), (u64, Vec<SimDuration>)> = BTreeMap::new();
        for shift in &self.routing.shifts {
            let (affected, moved) = by_name.entry((shift.label, &shift.name)).or_default();
            *affected += u64::from(shift.affected);
            moved.extend(&shift.moved);
        }
        for ((label, name), (affected, mut moved)) in by_name {
            let key = || MeasureKey::new("time_to_move_users_s").with(label, name);
            moved.sort_unstable();
            for (share, text) in RECOVERY_SHARES {
                let rank = (share * affected as f64).ceil() as usize;
                if let Some(time) = rank.checked_sub(1).and_then(|rank| moved.get(rank)) {
                    out.push((key().with("share", text), time.secs()));
                }
            }
            if !moved.is_empty() {
                let sum: f64 = moved.iter().map(|time| time.secs()).sum();
                out.push((key().with("stat", "mean"), sum / moved.len() as f64));
            }
        }
    }
}
