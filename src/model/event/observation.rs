//! Windows of observation open and close: regular ones by their times, others around edges by what goes on.

use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::model::event::{Kind, world_key};
use crate::model::figures::Queue;
use crate::model::limit::Bucket;
use crate::model::observation::{Cause, Observation, Sample, Stage, is_sampled};
use crate::model::population::device::State;
use crate::model::world::{NEVER, NOBODY, World};
use crate::units::{SimDuration, SimTime};

/// Sequence of the opening of a regular window, and of one for an edge.
const REGULAR: u16 = 0;
const EDGE: u16 = 1;
/// Between two looks at what holds a window open, and the shortest time over which the use of a limit is judged.
pub(super) const LOOK: SimDuration = SimDuration::MINUTE;
/// A day [s].
const DAY_SECS: f64 = 86_400.0;
/// Longest time between two looks while nothing is looked at.
pub(super) const QUIET_LOOK: SimDuration = SimDuration::HOUR;

impl World<'_> {
    /// Prepares the windows of a run that has any.
    pub(super) fn begin_observation<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        let Some(windows) = &self.config.windows else { return };
        let renews = self.config.renews();
        let observation = Observation::new(self.devices.len(), self.config.cohorts.len(), renews, self.cache.is_some());
        self.observation = Some(observation);
        self.recorder.look_in_windows(|key| is_sampled(key, renews));
        self.begin_renewals();
        self.schedule_regular(agenda, 0, windows.warm_up);
        self.next_look_at(agenda, agenda.now() + LOOK);
    }

    fn schedule_regular<L: EventList>(&self, agenda: &mut Agenda<L>, index: usize, warm_up: SimDuration) {
        let from = self.config.windows.as_ref().and_then(|windows| windows.regular.get(index));
        let Some(from) = from else { return };
        let at = SimTime(from.0.saturating_sub(warm_up.0)).max(agenda.now());
        self.other_event(agenda, at, Kind::WindowOpens, world_key("regular windows"), (index as u32, REGULAR));
    }

    /// The time of an edge is known from now on: its window opens a warm-up before it.
    pub(super) fn expect_edge<L: EventList>(&mut self, agenda: &mut Agenda<L>, at: SimTime) {
        let (Some(windows), Some(observation)) = (&self.config.windows, &mut self.observation) else { return };
        if at >= SimTime::ZERO + self.config.horizon {
            return;
        }
        observation.edges.push(at);
        let index = observation.edges.len() as u32 - 1;
        let opens = SimTime(at.0.saturating_sub(windows.warm_up.0)).max(agenda.now());
        self.other_event(agenda, opens, Kind::WindowOpens, world_key("edges"), (index, EDGE));
    }

    /// A window opens that was waited for.
    pub(super) fn observation_opens<L: EventList>(&mut self, agenda: &mut Agenda<L>, index: usize, sequence: u16) {
        let (Some(windows), Some(observation)) = (&self.config.windows, &self.observation) else { return };
        if sequence == EDGE {
            let at = observation.edges[index];
            return self.open_window(agenda, at, Cause::Disturbance, at + LOOK);
        }
        let from = windows.regular[index];
        let until = from + windows.length;
        self.schedule_regular(agenda, index + 1, windows.warm_up);
        let disturbed = !observation.is_quiet() && from <= observation.disturbed_until;
        if let Some(observation) = &mut self.observation {
            observation.planned = Some((from, until)).filter(|_| !disturbed);
        }
        self.open_window(agenda, from, Cause::Nothing, until);
    }

    /// An edge begins now, whether or not anybody knew of it before.
    pub(super) fn edge_begins<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        let now = agenda.now();
        self.open_window(agenda, now, Cause::Disturbance, now + LOOK);
    }

    /// Whether the cache has room for all now, or there is none.
    fn has_room_for_all(&self) -> bool {
        let cache = self.config.gateway.as_ref().and_then(|gateway| gateway.cache.as_ref());
        cache.is_none_or(|cache| self.keeps_all(cache))
    }

    fn open_window<L: EventList>(&mut self, agenda: &mut Agenda<L>, from: SimTime, cause: Cause, hold: SimTime) {
        let now = agenda.now();
        self.charge_quiet(now);
        let draws_by_device = self.has_room_for_all();
        let Some(observation) = &mut self.observation else { return };
        if observation.is_quiet() && !observation.has_room(cause) {
            observation.left_out += 1;
            return;
        }
        observation.held_until = observation.held_until.max(hold);
        if observation.open(now, from.max(now), cause) {
            observation.draws_by_device = draws_by_device;
            self.recorder.cut_always(now);
            self.draw_renewals(now);
            self.draw_full_cache(now);
            self.resume_calls(agenda);
            self.shorten_flows(agenda);
        }
        if let Some(observation) = self.observation.as_mut().filter(|_| cause == Cause::Disturbance) {
            observation.disturb(hold);
        }
        self.look(agenda);
    }

    /// A look at what opens and closes windows; false when another look took its place.
    pub(super) fn observation_looks<L: EventList>(&mut self, agenda: &mut Agenda<L>, chain: u16) -> bool {
        let due = self.observation.as_ref().is_some_and(|observation| observation.chain == chain);
        if due {
            self.look(agenda);
        }
        due
    }

    fn look<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        let now = agenda.now();
        self.charge_quiet(now);
        if self.is_quiet() && self.stamps.iter().any(|stamp| stamp.path.quota_enforced) {
            // A long tick under way has used its messages up to now.
            self.flow_until(now);
        }
        self.judge_limits(now);
        let cause = self.cause(now);
        let Some(observation) = &mut self.observation else { return };
        if !observation.is_quiet() {
            self.hold_window(now, cause);
        } else if observation.admits(cause) {
            return self.open_window(agenda, now, cause, now + LOOK);
        }
        self.turn_stage(agenda, now, cause);
        let next = self.next_look(now);
        self.next_look_at(agenda, next);
    }

    /// What goes on holds the open window, and says whose it is.
    fn hold_window(&mut self, now: SimTime, cause: Cause) {
        let stale = self.routes_are_stale(now);
        let Some(observation) = &mut self.observation else { return };
        if cause != Cause::Nothing {
            observation.held_until = observation.held_until.max(now + LOOK);
        }
        // The wake of a disturbance is one still.
        let wake = now <= observation.disturbed_until && (cause != Cause::Nothing || stale);
        if cause == Cause::Disturbance || wake {
            observation.disturb(now + LOOK);
        }
    }

    /// The warm-up ends, or the window, or its part of a sample.
    fn turn_stage<L: EventList>(&mut self, agenda: &mut Agenda<L>, now: SimTime, cause: Cause) {
        let Some(observation) = &mut self.observation else { return };
        if observation.stage == Stage::WarmUp && observation.figures_from <= now {
            observation.begin_figures();
            self.recorder.cut_always(now);
            self.recorder.begin_look(now);
        }
        if cause == Cause::Nothing && self.may_close(now) {
            return self.close_observation(now);
        }
        if let Some(observation) = &mut self.observation
            && let Some(sample) = observation.turns_to(now)
        {
            observation.turn(now, sample);
            self.recorder.cut_always(now);
        }
        self.extend_renewals(agenda);
    }

    /// Whether devices moved so late that routes to them may be stale.
    fn routes_are_stale(&self, now: SimTime) -> bool {
        let (Some(windows), Some(observation)) = (&self.config.windows, &self.observation) else { return false };
        let life = self.entry_life().unwrap_or(windows.length);
        observation.moved.is_some_and(|at| observation.sample == Sample::Edge && now < at + life)
    }

    /// Whether nothing holds the open window.
    fn may_close(&self, now: SimTime) -> bool {
        let Some(observation) = &self.observation else { return false };
        observation.stage == Stage::Open && now >= observation.held_until && !self.routes_are_stale(now)
    }

    fn close_observation(&mut self, now: SimTime) {
        self.recorder.cut_always(now);
        self.recorder.end_look(now);
        if let Some(observation) = &mut self.observation {
            observation.close(now);
            observation.renewed = now;
            observation.moved = None;
        }
    }

    /// The run ends: what is open closes, and what is due is charged.
    pub(super) fn end_observation(&mut self, now: SimTime) {
        self.charge_quiet(now);
        self.twins_until(now);
        if self.observation.as_ref().is_some_and(|observation| !observation.is_quiet()) {
            self.close_observation(now);
        }
    }

    /// The next look, in place of the one that was to come.
    fn next_look_at<L: EventList>(&mut self, agenda: &mut Agenda<L>, at: SimTime) {
        let Some(observation) = &mut self.observation else { return };
        observation.chain = observation.chain.wrapping_add(1);
        let chain = observation.chain;
        self.other_event(agenda, at, Kind::WindowLooks, world_key("observation"), (0, chain));
    }

    fn next_look(&self, now: SimTime) -> SimTime {
        let Some(observation) = &self.observation else { return NEVER };
        let soon = |at: SimTime| Some(at).filter(|at| *at > now);
        match observation.stage {
            Stage::Quiet => {
                let next = self.midnight(now).min(now + QUIET_LOOK).min(self.quotas_run_out(now).max(now + LOOK));
                let warm_up = self.config.windows.as_ref().map_or(SimDuration::ZERO, |windows| windows.warm_up);
                let peak = self.next_renewal_peak(now, next + warm_up);
                let opens = peak.map(|at| SimTime(at.0.saturating_sub(warm_up.0)).max(now + LOOK));
                opens.map_or(next, |at| at.min(next))
            }
            Stage::WarmUp => observation.figures_from.min(now + QUIET_LOOK),
            Stage::Open => {
                let (from, until) = observation.planned.unwrap_or((NEVER, NEVER));
                [observation.held_until, from, until].into_iter().filter_map(soon).fold(now + LOOK, SimTime::min)
            }
        }
    }

    /// When the first enforced quota comes to the share that opens a window, if the day goes on as it went.
    fn quotas_run_out(&self, now: SimTime) -> SimTime {
        let Some(windows) = &self.config.windows else { return NEVER };
        let today = SimTime((self.midnight(now).0).saturating_sub(SimDuration::DAY.0));
        let elapsed = (now - today).secs();
        let enforced = self.hubs.iter().zip(&self.stamps).filter(|(_, stamp)| stamp.path.quota_enforced);
        let ends = enforced.filter_map(|(hub, _)| {
            let (used, opens) = (hub.quota.used_ratio(now), windows.opens_at);
            let left = (opens - used) / used * elapsed;
            (used > 0.0 && used < opens).then(|| now + SimDuration::from_secs_f64(left.min(DAY_SECS)))
        });
        ends.min().unwrap_or(NEVER)
    }

    /// The next time at which the daily quotas begin anew.
    pub(super) fn midnight(&self, now: SimTime) -> SimTime {
        let (day, offset) = (SimDuration::DAY.0, self.config.day_offset.0);
        SimTime(((now.0 + offset) / day + 1) * day - offset)
    }

    /// What goes on that holds a window open.
    fn cause(&mut self, now: SimTime) -> Cause {
        let faults = self.occurrences.iter().any(|occurrence| occurrence.from <= now && now < occurrence.until);
        let moves = self
            .moves
            .iter()
            .any(|run| run.begun && ((run.next as usize) < run.devices.len() || run.arrived < run.evicted));
        if faults || moves || self.is_anyone_out() {
            return Cause::Disturbance;
        }
        let hot = self.observation.as_ref().is_some_and(|observation| observation.hot);
        if hot || self.is_backed_up(now) { Cause::Limit } else { Cause::Nothing }
    }

    /// Whether a backlog is left.
    fn is_backed_up(&mut self, now: SimTime) -> bool {
        let waits = |bucket: &mut Bucket| bucket.backlog(now) > 0;
        let hubs = self.hubs.iter_mut().any(|hub| {
            hub.pipeline.backlog() > 0.0 || waits(&mut hub.connects) || hub.methods.as_mut().is_some_and(waits)
        });
        hubs || self.instances.iter_mut().any(|instance| waits(&mut instance.operations))
    }

    /// Whether anybody is still out who lost a connection to a fault; whoever DPS turned away may never return.
    fn is_anyone_out(&self) -> bool {
        let devices = &self.devices;
        self.columns.episodes.any(|i, episode| {
            episode.cause != NOBODY && episode.lost_at != NEVER && devices[i].state != State::Rejected
        })
    }

    /// Judges how far the limits were used since they were judged last.
    fn judge_limits(&mut self, now: SimTime) {
        let (Some(windows), Some(observation)) = (&self.config.windows, &mut self.observation) else { return };
        let length = now - observation.judged.0;
        if length < LOOK {
            return;
        }
        let before = std::mem::take(&mut observation.judged.1);
        let mut used = self.quota_used(now).max(self.twins_used());
        let mut after = Vec::with_capacity(Queue::Processing as usize);
        for queue in &Queue::ALL[..Queue::Processing as usize] {
            let totals: Vec<u64> = self.figures.uses[*queue as usize].iter().map(|place| place.total).collect();
            for (place, total) in totals.iter().enumerate() {
                let earlier = before.get(*queue as usize).and_then(|of: &Vec<u64>| of.get(place)).copied().unwrap_or(0);
                let room = self.limit(*queue, place) * length.secs();
                if room > 0.0 {
                    used = used.max((total - earlier) as f64 / room);
                }
            }
            after.push(totals);
        }
        if let Some(observation) = &mut self.observation {
            observation.judged = (now, after);
            observation.judge(windows, used);
        }
    }

    /// Largest share of an enforced daily quota that is used [1].
    fn quota_used(&self, now: SimTime) -> f64 {
        let enforced = self.stamps.iter().zip(&self.hubs).filter(|(stamp, _)| stamp.path.quota_enforced);
        enforced.map(|(_, hub)| hub.quota.used_ratio(now)).fold(0.0, f64::max)
    }

    /// Whether calls and renewals are closed forms now.
    pub(super) fn is_quiet(&self) -> bool {
        self.observation.as_ref().is_some_and(Observation::is_quiet)
    }
}
