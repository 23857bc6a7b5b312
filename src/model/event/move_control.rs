//! Control of a move that is under way: pacing by throttles, the guard with its pauses and roll back, and users that go
//! along with the devices.

use std::rc::Rc;

use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::model::event::Kind;
use crate::model::gateway::call::Outcome;
use crate::model::ids::{DeviceId, StampId};
use crate::model::movement::MoveRule;
use crate::model::movement::guard::{Guard, Seen, Verdict};
use crate::model::movement::pacing::{LOOK, Throttle};
use crate::model::movement::run::{MoveRun, Passed};
use crate::model::movement::wave::{Follow, MoveConfig};
use crate::model::world::{NEVER, World};
use crate::units::{SimDuration, SimTime};

impl World<'_> {
    /// Whether the next eviction has to wait: for the end of a pause, or for a throttle.
    pub(super) fn must_wait<L: EventList>(&mut self, agenda: &mut Agenda<L>, index: usize) -> bool {
        let now = agenda.now();
        if self.moves[index].pauses.since.is_some() {
            self.moves[index].stalled = Some(now);
            return true;
        }
        let Some(at) = self.held_back(index, now) else { return false };
        self.moves[index].shift += at - now;
        self.other_event(agenda, at, Kind::Evict, self.plans[index].key, (index as u32, 0));
        true
    }

    /// When the throttles allow the next eviction, if that is not now.
    fn held_back(&mut self, index: usize, now: SimTime) -> Option<SimTime> {
        let plan = Rc::clone(&self.plans[index]);
        if !plan.pacing.entry().watches() {
            return None;
        }
        let throttles = self.throttles_ahead(index, now);
        let at = match plan.pacing.entry().gap(&throttles) {
            Some(gap) => self.moves[index].evicted_at.map_or(now, |last| last + SimDuration::from_secs_f64(gap)),
            None => now + LOOK,
        };
        (at > now).then_some(at)
    }

    /// Limits and places that devices of a move may come through: their number and which operations they are.
    fn ways(&self, index: usize) -> Vec<(Passed, usize)> {
        let registry = self.config.dps.draws_on_registry && !self.plans[index].prewarm.identities;
        let hubs = self.destinations(index).into_iter().flat_map(|stamp| {
            let registry = registry.then_some((Passed::Registry, stamp.index()));
            registry.into_iter().chain([(Passed::Connect, stamp.index())])
        });
        hubs.chain((0..self.instances.len()).map(|instance| (Passed::Registration, instance))).collect()
    }

    /// The throttles ahead of a move as its operator sees them; what others use is looked at now and then.
    fn throttles_ahead(&mut self, index: usize, now: SimTime) -> Vec<Throttle> {
        let ways = self.ways(index);
        self.look_at(index, &ways, now);
        let hubs = self.destinations(index).len().max(1) as f64;
        let throttle = |(i, (limit, place)): (usize, &(Passed, usize))| {
            let places = if *limit == Passed::Registration { self.instances.len() as f64 } else { hubs };
            let (run, queue) = (&self.moves[index], limit.queue());
            let own = run.work.at(*limit, *place) as f64 + 1.0;
            Throttle {
                limit: self.limit(queue, *place),
                others: run.look.others[i],
                backlog: 0.0,
                part: own / (run.work.sum(*limit) as f64 + places),
            }
        };
        let mut throttles: Vec<Throttle> = ways.iter().enumerate().map(throttle).collect();
        for (throttle, (limit, place)) in throttles.iter_mut().zip(&ways) {
            throttle.backlog = self.waiting(*limit, *place, now) as f64;
        }
        throttles
    }

    fn waiting(&mut self, limit: Passed, place: usize, now: SimTime) -> u64 {
        match limit {
            Passed::Registry => self.hubs[place].registry.backlog(now),
            Passed::Connect => self.hubs[place].connects.backlog(now),
            Passed::Registration => self.instances[place].registrations.backlog(now),
        }
    }

    /// Looks at what others use of the throttles ahead, if the last look is long ago.
    fn look_at(&mut self, index: usize, ways: &[(Passed, usize)], now: SimTime) {
        let look = &self.moves[index].look;
        let known = look.counts.len() == ways.len();
        if known && look.at.is_some_and(|at| now < at + LOOK) {
            return;
        }
        let count = |(limit, place): &(Passed, usize)| {
            let all = self.figures.uses[limit.queue() as usize][*place].total;
            (all, self.moves[index].work.at(*limit, *place))
        };
        let counts: Vec<(u64, u64)> = ways.iter().map(count).collect();
        // The first look knows the mean so far.
        let since = look.at.filter(|_| known).map_or(now.since_start(), |at| now - at);
        let before = if known { look.counts.clone() } else { vec![(0, 0); ways.len()] };
        let others = counts.iter().zip(before).map(|(now, before)| {
            let (all, own) = (now.0 - before.0, now.1 - before.1);
            if since.is_zero() { 0.0 } else { all.saturating_sub(own) as f64 / since.secs() }
        });
        let others = others.collect();
        let look = &mut self.moves[index].look;
        (look.at, look.counts, look.others) = (Some(now), counts, others);
    }

    pub(super) fn begin_guard<L: EventList>(&mut self, agenda: &mut Agenda<L>, index: usize) {
        let plan = Rc::clone(&self.plans[index]);
        if let Some(guard) = &plan.guard {
            self.note_calls(index, guard, agenda.now());
            self.schedule_look(agenda, index, guard);
        }
    }

    fn schedule_look<L: EventList>(&self, agenda: &mut Agenda<L>, index: usize, guard: &Guard) {
        let at = agenda.now() + guard.check_every;
        self.other_event(agenda, at, Kind::GuardLooks, self.plans[index].key, (index as u32, 0));
    }

    /// The guard of a move looks at its error budget.
    pub(super) fn guard_looks<L: EventList>(&mut self, agenda: &mut Agenda<L>, index: usize) {
        let (now, plan) = (agenda.now(), Rc::clone(&self.plans[index]));
        let Some(guard) = &plan.guard else { return };
        let run = &self.moves[index];
        if run.aborted.is_some() {
            return self.roll_back(agenda, index);
        }
        if run.is_over() || run.devices.is_empty() {
            return;
        }
        let failed_calls = self.note_calls(index, guard, now);
        let seen = Seen { failed_calls, down: self.share_down(index, guard.down_for, now) };
        match guard.judge(seen, &self.moves[index].pauses, now) {
            Verdict::Stay => {}
            Verdict::Pause => self.pause_move(index, now),
            Verdict::Resume => self.resume_move(agenda, index),
            Verdict::Abort => return self.abort_move(agenda, index, guard),
        }
        self.schedule_look(agenda, index, guard);
    }

    /// Notes the calls so far, and gives the share of those of the guard's window that failed.
    fn note_calls(&mut self, index: usize, guard: &Guard, now: SimTime) -> Option<f64> {
        let ended = self.recorder.counted(self.figures.ended);
        let delivered = self.recorder.counted(self.figures.outcomes[Outcome::Delivered as usize]);
        let calls = &mut self.moves[index].calls;
        calls.push_back((now, ended, delivered));
        while calls.len() > 2 && calls[1].0 + guard.window <= now {
            calls.pop_front();
        }
        let (_, ended_then, delivered_then) = calls[0];
        let (all, good) = (ended - ended_then, delivered - delivered_then);
        (all > 0).then(|| (all - good) as f64 / all as f64)
    }

    /// Share of the devices of a move that have been down for longer than this.
    fn share_down(&self, index: usize, longer: SimDuration, now: SimTime) -> f64 {
        let run = &self.moves[index];
        let is_down = |device: &&DeviceId| {
            let lost_at = self.columns.episodes[device.index()].lost_at;
            let own = usize::from(self.columns.move_of[device.index()]) == index;
            own && lost_at != NEVER && now > lost_at + longer
        };
        let down = run.devices[..run.next as usize].iter().filter(is_down).count();
        down as f64 / f64::from(run.planned)
    }

    fn pause_move(&mut self, index: usize, now: SimTime) {
        let pauses = &mut self.moves[index].pauses;
        pauses.count += 1;
        pauses.since = Some(now);
    }

    /// Evictions go on where they stopped, and keep their pace.
    fn resume_move<L: EventList>(&mut self, agenda: &mut Agenda<L>, index: usize) {
        let (now, run) = (agenda.now(), &mut self.moves[index]);
        run.end_pause(now);
        if let Some(stalled) = run.stalled.take() {
            run.shift += now - stalled;
            self.schedule_eviction(agenda, index);
        }
    }

    /// The guard gives a move up: what was not evicted stays, and what was may go back.
    fn abort_move<L: EventList>(&mut self, agenda: &mut Agenda<L>, index: usize, guard: &Guard) {
        let now = agenda.now();
        let run = &mut self.moves[index];
        let rest = run.devices[run.next as usize..].to_vec();
        run.give_up(now);
        rest.into_iter().for_each(|device| self.release_ahead(index, device));
        self.close_move(index, now);
        if guard.roll_back {
            let at = now + guard.roll_back_after;
            self.other_event(agenda, at, Kind::GuardLooks, self.plans[index].key, (index as u32, 0));
        }
    }

    /// The devices of a move go back to where they were: pinned there, with the ring that they had; the last to leave is
    /// the first to come back.
    fn roll_back<L: EventList>(&mut self, agenda: &mut Agenda<L>, index: usize) {
        let (now, plan) = (agenda.now(), Rc::clone(&self.plans[index]));
        for stamp in plan.rule.from.iter().filter(|_| plan.rule.close_source) {
            // A source that is down stays closed: nothing is sent there.
            let s = stamp.index();
            self.closed[s] = self.closed[s] && self.stamp_status[s].down.is_some();
        }
        let mut homes = std::mem::take(&mut self.moves[index].homes);
        homes.retain(|home| self.is_home_open(home.stamp));
        let run = &mut self.moves[index];
        let back = MoveRun {
            devices: homes.iter().rev().map(|home| home.device).collect(),
            goes: homes.iter().map(|home| (home.device, home.stamp)).collect(),
            rings: homes.iter().map(|home| (home.device, home.ring)).collect(),
            tally: self.figures.back_tally[index].expect("a move that may go back has a tally for it"),
            ..MoveRun::default()
        };
        run.back = Some(self.plans.len());
        let users = run
            .followed
            .as_ref()
            .zip(plan.users.as_ref())
            .map(|((order, _), follow)| Follow { to: Some(order[0]), ..follow.clone() });
        let name = crate::model::figures::back_name(&plan.name);
        let plain = MoveConfig::plain(name, now, MoveRule::default(), plan.pace);
        let back = self.add_move(MoveConfig { users, back_of: Some(index), ..plain }, back);
        self.move_begins(agenda, back);
    }

    /// Whether devices can go back to a stamp: it is up, and DPS assigns devices to it.
    pub(super) fn is_home_open(&self, stamp: StampId) -> bool {
        let up = |stamp: StampId| {
            let status = &self.stamp_status[stamp.index()];
            status.down.is_none() && status.can_be_provisioned()
        };
        stamp.some().is_some_and(|stamp| up(stamp) && (self.takes_part(stamp) || self.is_open_spare(stamp)))
    }

    /// Notes whether enough devices of a move have arrived for its users to follow.
    pub(super) fn users_may_follow(&mut self, index: usize) {
        let run = &self.moves[index];
        let Some(follow) = &self.plans[index].users else { return };
        let enough = f64::from(run.arrived - run.taken_over) >= follow.after.get() * f64::from(run.planned);
        if enough && run.followed.is_none() && run.planned > 0 && !self.followed.contains(&index) {
            self.followed.push(index);
        }
    }

    /// Users of moves whose devices have arrived are sent after them.
    pub(super) fn users_follow<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        while let Some(index) = self.followed.pop() {
            let plan = Rc::clone(&self.plans[index]);
            let Some(follow) = &plan.users else { continue };
            let Some(to) = follow.to.or_else(|| self.reached_most(index, follow.population)) else { continue };
            let population = &self.routing.populations[follow.population];
            self.moves[index].followed = Some((population.order.clone(), population.weighted));
            match plan.back_of.and_then(|of| self.moves[of].followed.clone()) {
                Some(before) => self.users_turn(agenda, follow.population, before),
                None => self.users_go(agenda, follow.population, to),
            }
        }
    }

    /// The endpoint of a population that most devices of a move have reached; of equals the first.
    fn reached_most(&self, index: usize, population: usize) -> Option<u8> {
        let endpoints = self.config.users[population].endpoints.iter().enumerate();
        let work = &self.moves[index].work;
        let reached = endpoints.map(|(endpoint, stamp)| (work.at(Passed::Connect, stamp.index()), endpoint));
        let most = reached.max_by_key(|(devices, endpoint)| (*devices, std::cmp::Reverse(*endpoint)));
        most.filter(|(devices, _)| *devices > 0).map(|(_, endpoint)| endpoint as u8)
    }
}
