//! Users: front ends go down and come back, kept answers run out, sessions end, and users move from stamp to stamp.
//!
//! Each user has a phase of its own; only what can change something is an event, so a quiet day costs nothing. That is
//! exact: answers that stay the same leave every user where it is.

use crate::kernel::draws::{Purpose, Stream, member};
use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::model::condition::{Condition, DownStyle, Effect, Target};
use crate::model::event::Kind;
use crate::model::routing::{Population, Shift, User, UsersConfig, next_at};
use crate::model::world::{World, first_users};
use crate::units::{SimDuration, SimTime};

impl World<'_> {
    /// Every user is at the first endpoint and keeps an answer of uniform age.
    pub(super) fn open_users<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        let firsts = first_users(&self.config.users);
        for (p, config) in self.config.users.iter().enumerate() {
            let user = |user| User::new(self.answer_phase(config, user), self.by_weight(config, user, |_| true));
            let users = (0..config.users).map(user).collect();
            let first_probe = self.routing.probes.len();
            self.routing.populations.push(Population::new(config, firsts[p], first_probe, users));
            self.open_probes(p, config);
            for (endpoint, stamp) in config.endpoints.iter().enumerate() {
                let users = u64::from(self.routing.populations[p].on[endpoint]);
                self.count_on_stamp(*stamp, SimTime::ZERO, |level, now| level.add(users, now));
            }
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

    /// The endpoint that a user is given by weight, of those that work, or of all where none does: the least of waits
    /// whose rates are the weights, so that an endpoint that drops out moves nobody else. The first without weights.
    fn by_weight(&self, config: &UsersConfig, user: u32, works: impl Fn(u8) -> bool) -> u8 {
        let none_works = !(0..config.weights.len() as u8).any(&works);
        let wait = |(endpoint, weight): (usize, &u16)| {
            let mut draw = self.user_draw(config, user, Purpose::EndpointWeight, endpoint as u64);
            (draw.exponential(1.0) / f64::from(*weight), endpoint as u8)
        };
        let waits = config.weights.iter().enumerate().filter(|(e, _)| none_works || works(*e as u8)).map(wait);
        waits.min_by(|a, b| a.0.total_cmp(&b.0)).map_or(0, |(_, endpoint)| endpoint)
    }

    fn user_draw(&self, config: &UsersConfig, user: u32, purpose: Purpose, counter: u64) -> Stream {
        self.draws.stream(member(config.key, u64::from(user)), purpose, counter)
    }

    pub(super) fn front_end(&self, population: usize, endpoint: u8) -> Option<(DownStyle, u16)> {
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

    /// A user asks again when the kept answer runs out; at once if none is kept.
    pub(super) fn await_answer<L: EventList>(&mut self, agenda: &mut Agenda<L>, p: usize, i: usize) {
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
        let population = &self.routing.populations[p];
        let answer = if population.weighted {
            self.by_weight(config, i as u32, |endpoint| self.is_online(p, location, endpoint))
        } else {
            population.answers[location].unwrap_or_else(|| {
                let endpoints = config.endpoints.len() as u64;
                self.user_draw(config, i as u32, Purpose::EndpointChoice, now.0).below(endpoints) as u8
            })
        };
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

    /// An operator gives an endpoint the first priority.
    pub(super) fn users_switch<L: EventList>(&mut self, agenda: &mut Agenda<L>, p: usize, index: usize) {
        let to = self.config.users[p].switches[index].to;
        self.users_go(agenda, p, to);
    }

    /// An endpoint has the first priority from now on.
    pub(super) fn users_go<L: EventList>(&mut self, agenda: &mut Agenda<L>, p: usize, to: u8) {
        let mut order = self.routing.populations[p].order.clone();
        order.sort_by_key(|endpoint| *endpoint != to);
        self.users_turn(agenda, p, (order, false));
    }

    /// Users are sent in another order from now on, or by weight.
    pub(super) fn users_turn<L: EventList>(
        &mut self,
        agenda: &mut Agenda<L>,
        p: usize,
        (order, weighted): (Vec<u8>, bool),
    ) {
        let (now, config) = (agenda.now(), &self.config.users[p]);
        let (shift, to) = (self.routing.shifts.len(), order[0]);
        let by_weight = |i: usize| if weighted { self.by_weight(config, i as u32, |_| true) } else { to };
        let aims: Vec<u8> = (0..self.routing.populations[p].users.len()).map(by_weight).collect();
        let population = &mut self.routing.populations[p];
        population.order = order;
        if std::mem::replace(&mut population.weighted, weighted) && !weighted {
            // Nobody has been told an endpoint by priority so far.
            population.answers.fill(None);
        }
        let goes = population.users.iter_mut().zip(aims).filter(|(user, aim)| user.at != *aim);
        let affected = goes.filter_map(|(user, _)| user.join_shift(shift).then_some(())).count() as u32;
        let name = config.switch_name(&self.stamps[config.endpoints[usize::from(to)].index()].name);
        let moved = Vec::new();
        self.routing.shifts.push(Shift { label: "switch", name, occurrence: None, from: now, affected, moved });
        for location in 0..config.probing.locations {
            self.answer_anew(agenda, p, location);
        }
    }
}
