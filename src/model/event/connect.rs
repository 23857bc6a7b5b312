//! Connecting: attempt → hub's limiter → connected; or refused → back-off → attempt; or unknown → DPS.
//!
//! Attempts on a hub that is down are counted in bulk: the device is *parked* with the time of its next attempt, and
//! the same draws that would have been made attempt by attempt are made when the hub is back or patience ends.

use crate::kernel::draws::Purpose;
use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::model::condition::DownStyle;
use crate::model::event::Kind;
use crate::model::figures::Queue;
use crate::model::ids::{DeviceId, StampId};
use crate::model::limit::Verdict;
use crate::model::movement::run::Passed;
use crate::model::population::cohort::GiveUp;
use crate::model::population::device::{Device, State};
use crate::model::stamp::path::Fate;
use crate::model::world::{Episode, NEVER, NOBODY, World};
use crate::units::{SimDuration, SimTime};

/// A device that was unable to do what it wanted for longer than this is affected.
pub(super) const AFFECTED_AFTER: SimDuration = SimDuration::from_secs(60);

/// What follows a failed attempt.
pub(super) enum Next {
    Attempt(SimTime),
    Dps(SimTime),
}

impl World<'_> {
    /// Draws the round trip from a device to its hub for the attempt that is about to be made; gives the way there.
    pub(super) fn way_to_hub(&mut self, device: DeviceId) -> SimDuration {
        let trip = self.hub_round_trip(device);
        self.columns.episodes[device.index()].trip = u32::try_from(trip.0).unwrap_or(u32::MAX);
        trip / 2
    }

    /// The way back from the hub for the attempt under way.
    fn way_back(&self, device: DeviceId) -> SimDuration {
        SimDuration(u64::from(self.columns.episodes[device.index()].trip) / 2)
    }

    fn hub_round_trip(&self, device: DeviceId) -> SimDuration {
        let record = &self.devices[device.index()];
        let law = &self.config.network.device_to_hub;
        let base = if law.is_zero() {
            SimDuration::ZERO
        } else {
            law.sample(&mut self.device_draw(device, Purpose::HubLatency, record.attempt_counter()))
        };
        self.with_distance(base, device, self.stamp_regions[record.stamp.index()])
    }

    /// Adds the distance from a device's region, where the scenario wants it.
    pub(super) fn with_distance(
        &self,
        base: SimDuration,
        device: DeviceId,
        to: crate::model::ids::RegionId,
    ) -> SimDuration {
        let from = self.region_of(device);
        if !self.config.network.distance || from == to {
            return base;
        }
        base + SimDuration::from_secs_f64(self.config.regions.rtt_ms(from.index(), to.index()) / 1e3)
    }

    /// A device loses a connection that it had, and notices at once.
    pub(super) fn lose_connection<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId, cause: u16) {
        self.drop_connection(device, agenda.now(), cause);
        self.begin_episode(device, agenda.now());
        self.schedule_first_attempt(agenda, device, agenda.now());
    }

    /// The hub's side of a lost connection; the device may not know yet.
    pub(super) fn drop_connection(&mut self, device: DeviceId, now: SimTime, cause: u16) {
        let record = self.devices[device.index()];
        assert_eq!(record.state, State::Connected, "only a connection can be lost");
        self.hubs[record.stamp.index()].connected -= 1;
        self.recorder.level_mut(self.figures.connected).take(1, now);
        self.leave_class(device, record.stamp);
        self.forget_renewal(device, record.stamp);
        self.become_unavailable(device, now, cause);
        self.set_state(device, State::BackingOff, now);
    }

    /// The device wants a connection and has none from now on.
    pub(super) fn become_unavailable(&mut self, device: DeviceId, now: SimTime, cause: u16) {
        let episode = &mut self.columns.episodes[device.index()];
        if episode.cause == NOBODY {
            episode.cause = cause;
        }
        if episode.lost_at == NEVER {
            episode.lost_at = now;
            self.recorder.level_mut(self.figures.unavailable).add(1, now);
        }
    }

    /// A new episode of connecting.
    pub(super) fn begin_episode(&mut self, device: DeviceId, now: SimTime) {
        self.devices[device.index()].begin_episode();
        self.devices[device.index()].set(Device::PARKED, false);
        let episode = &mut self.columns.episodes[device.index()];
        (episode.episode_at, episode.previous_delay) = (now, 0);
    }

    /// First attempt of an episode, `from` on: the cohort's spread, then the back-off's own first wait.
    pub(super) fn schedule_first_attempt<L: EventList>(
        &mut self,
        agenda: &mut Agenda<L>,
        device: DeviceId,
        from: SimTime,
    ) {
        let cohort = self.cohort(device);
        let counter = u64::from(self.devices[device.index()].episode);
        let spread = if cohort.first_attempt.is_zero() {
            SimDuration::ZERO
        } else {
            cohort.first_attempt.sample(&mut self.device_draw(device, Purpose::ReturnSpread, counter))
        };
        let first = cohort.backoff.entry().first(&mut self.device_draw(device, Purpose::FirstAttempt, counter));
        self.schedule_attempt(agenda, device, from + spread + first);
    }

    /// An attempt that the device starts at this time.
    pub(super) fn schedule_attempt<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId, at: SimTime) {
        let out = self.way_to_hub(device);
        self.timer(agenda, device, at + out, Kind::Attempt);
    }

    /// An attempt reaches its hub.
    pub(super) fn attempt<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId) {
        let now = agenda.now();
        let stamp = self.devices[device.index()].stamp;
        let back = self.way_back(device);
        self.count_attempt(device);
        let status = self.stamp_status[stamp.index()];
        if let Some(style) = status.down {
            self.columns.episodes[device.index()].cause = self.first_cause(device, status.occurrence);
            let failed = now + self.failure_time(style, back);
            return self.park(agenda, device, failed);
        }
        if self.columns.identity[device.index()] != stamp {
            return self.unknown_at_hub(agenda, device, now + back);
        }
        let errors = self.errors_for(device, stamp);
        let errs = errors > 0.0 && self.attempt_errs(device, errors);
        self.note_request(stamp, errs);
        if errs {
            return self.fail(agenda, device, now + back);
        }
        self.ask_to_connect(agenda, device, stamp, status.stretch(back));
    }

    fn first_cause(&self, device: DeviceId, occurrence: u16) -> u16 {
        let cause = self.columns.episodes[device.index()].cause;
        if cause == NOBODY { occurrence } else { cause }
    }

    fn attempt_errs(&self, device: DeviceId, share: f64) -> bool {
        let counter = self.devices[device.index()].attempt_counter();
        self.device_draw(device, Purpose::Offline, counter).chance(share)
    }

    fn ask_to_connect<L: EventList>(
        &mut self,
        agenda: &mut Agenda<L>,
        device: DeviceId,
        stamp: StampId,
        back: SimDuration,
    ) {
        let now = agenda.now();
        let hub = &mut self.hubs[stamp.index()];
        let verdict = hub.connects.offer(now);
        match verdict {
            Verdict::Admitted(at) => {
                if at > now {
                    let length = hub.connects.backlog(now);
                    self.figures.backlog(Queue::Connect, length);
                }
                self.figures.admitted(&mut self.recorder, Queue::Connect, stamp.index(), (now, at - now));
                self.note_peak(Passed::Connect, stamp.index(), now);
                self.note_work(device, Passed::Connect, stamp.index());
                self.set_state(device, State::Connecting, now);
                self.timer(agenda, device, at + back, Kind::Connected);
            }
            Verdict::Full | Verdict::TimedOut(_) => {
                let refusal = hub.connects.refusal(verdict, now, self.stamps[stamp.index()].path.sustained);
                let code = Fate::from(refusal).code();
                self.figures.refused(&mut self.recorder, Queue::Connect, now, code);
                let told = if let Verdict::TimedOut(at) = verdict { at } else { now };
                self.refused(agenda, device, told + back);
            }
        }
    }

    fn count_attempt(&mut self, device: DeviceId) {
        let record = &mut self.devices[device.index()];
        record.attempts = record.attempts.saturating_add(1);
        self.recorder.count(self.figures.all_attempts, 1);
    }

    /// Time from an attempt's arrival at a hub that is down to the device's knowledge of the failure.
    fn failure_time(&self, style: DownStyle, back: SimDuration) -> SimDuration {
        match style {
            DownStyle::Reset => back,
            DownStyle::Silent => self.config.network.connect_timeout,
        }
    }

    /// A connection falls due.
    pub(super) fn connected<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId) {
        let now = agenda.now();
        let stamp = self.devices[device.index()].stamp;
        let status = self.stamp_status[stamp.index()];
        if status.down.is_some() {
            self.columns.episodes[device.index()].cause = self.first_cause(device, status.occurrence);
            return self.park(agenda, device, now);
        }
        if self.columns.identity[device.index()] != stamp {
            return self.unknown_at_hub(agenda, device, now);
        }
        self.recorder.observe(self.figures.connection, (now - self.columns.episodes[device.index()].episode_at).0);
        self.recorder.observe(self.figures.attempts, u64::from(self.devices[device.index()].attempts));
        self.become_connected(device, now);
        self.users_follow(agenda);
        self.schedule_renewal(agenda, device, None);
    }

    /// Puts a device into the connected state, and settles what its loss was part of.
    pub(super) fn become_connected(&mut self, device: DeviceId, now: SimTime) {
        let stamp = self.devices[device.index()].stamp;
        self.hubs[stamp.index()].connected += 1;
        self.recorder.level_mut(self.figures.connected).add(1, now);
        self.join_class(device, stamp);
        self.set_state(device, State::Connected, now);
        self.seen_dead(device, now);
        let Episode { lost_at, cause, .. } = self.columns.episodes.end(device.index());
        if lost_at == NEVER {
            return;
        }
        self.recorder.level_mut(self.figures.unavailable).take(1, now);
        self.settle_fault(device, cause, (lost_at, now), true);
        self.settle_move(device, now, lost_at);
    }

    /// Counts an affected device at the fault that took its connection.
    pub(super) fn settle_fault(
        &mut self,
        device: DeviceId,
        cause: u16,
        (lost_at, now): (SimTime, SimTime),
        back: bool,
    ) {
        if cause == NOBODY || now - lost_at <= AFFECTED_AFTER {
            return;
        }
        let generation = self.generation_index(device);
        let occurrence = &mut self.occurrences[usize::from(cause)];
        occurrence.affected += 1;
        if let Some(generation) = generation {
            occurrence.by_generation[generation].1 += 1;
        }
        if back {
            occurrence.recoveries.push(now.saturating_since(occurrence.until));
            if let Some(downtime) = self.figures.fault_downtime[occurrence.fault] {
                self.recorder.observe(downtime, (now - lost_at).0);
            }
        }
    }

    /// Next renewal of a SAS token; `phase` sets the first one of a device that is connected from the start.
    pub(super) fn schedule_renewal<L: EventList>(
        &mut self,
        agenda: &mut Agenda<L>,
        device: DeviceId,
        phase: Option<f64>,
    ) {
        let Some(renewal) = self.cohort(device).renewal else { return };
        let wait = phase.map_or(renewal, |unit| SimDuration((renewal.0 as f64 * unit) as u64));
        let due = agenda.now() + wait;
        if self.keep_renewal(device, due) {
            self.timer(agenda, device, due, Kind::Renew);
        }
    }

    /// A device renews its token: it disconnects and connects again.
    pub(super) fn renew<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId) {
        if self.is_quiet() {
            return; // A window closed since; from then on renewals are counts.
        }
        self.lose_connection(agenda, device, NOBODY);
    }

    /// A device notices that its connection is dead.
    pub(super) fn notice<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId) {
        self.set_state(device, State::BackingOff, agenda.now());
        self.begin_episode(device, agenda.now());
        self.schedule_first_attempt(agenda, device, agenda.now());
    }

    /// The hub answered that it does not know the device (401, 404).
    fn unknown_at_hub<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId, told: SimTime) {
        if self.cohort(device).reconnect.entry().registers_when_unknown() {
            self.go_to_dps(agenda, device, told);
        } else {
            self.fail(agenda, device, told);
        }
    }

    /// An attempt failed; the device knows at `told`.
    fn fail<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId, told: SimTime) {
        self.set_state(device, State::BackingOff, agenda.now());
        match self.after_failure(device, agenda.now(), told) {
            Next::Attempt(at) => self.schedule_attempt(agenda, device, at),
            Next::Dps(at) => self.go_to_dps(agenda, device, at),
        }
    }

    /// When the device gives up on its hub in this episode.
    pub(super) fn patience(&self, device: DeviceId) -> GiveUp {
        let rule = self.cohort(device).reconnect.entry();
        if rule.never_gives_up() {
            return GiveUp::default();
        }
        let counter = u64::from(self.devices[device.index()].episode);
        rule.give_up(&mut self.device_draw(device, Purpose::Patience, counter))
    }

    /// What follows a failure of the attempt that reached the hub at `began` and was known at `told`.
    pub(super) fn after_failure(&mut self, device: DeviceId, began: SimTime, told: SimTime) -> Next {
        let i = device.index();
        let attempts = self.devices[i].attempts;
        let patience = self.patience(device);
        if patience.failures.is_some_and(|most| u32::from(attempts) >= most) {
            return Next::Dps(told);
        }
        let next = self.next_start(device, began, told);
        // The column is far from the record: it is looked at only where it decides.
        match patience.after.map(|length| self.columns.episodes[i].episode_at + length) {
            Some(deadline) if next >= deadline => Next::Dps(deadline.max(told)),
            _ => Next::Attempt(next),
        }
    }

    /// Start of the next attempt by the back-off rule alone.
    pub(super) fn next_start(&mut self, device: DeviceId, began: SimTime, told: SimTime) -> SimTime {
        let i = device.index();
        let rule = self.cohort(device).backoff.entry();
        let record = self.devices[i];
        let mut draws = self.device_draw(device, Purpose::Backoff, record.attempt_counter());
        let retry = u32::from(record.attempts).saturating_sub(1);
        let delay = if rule.remembers() {
            let previous = &mut self.columns.episodes[i].previous_delay;
            let delay = rule.delay(retry, SimDuration(u64::from(*previous)), &mut draws);
            *previous = u32::try_from(delay.0).unwrap_or(u32::MAX);
            delay
        } else {
            rule.delay(retry, SimDuration::ZERO, &mut draws)
        };
        (told + delay).max(began + rule.least_gap())
    }

    /// The hub is down: no attempt is pending until it is back or patience ends.
    fn park<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId, failed: SimTime) {
        self.set_state(device, State::BackingOff, agenda.now());
        match self.after_failure(device, agenda.now(), failed) {
            Next::Dps(at) => return self.go_to_dps(agenda, device, at),
            Next::Attempt(at) => {
                let out = self.way_to_hub(device);
                self.columns.episodes[device.index()].next_due = at + out;
            }
        }
        self.devices[device.index()].set(Device::PARKED, true);
        match self.give_up_time(device) {
            Some(at) => self.timer(agenda, device, at.max(agenda.now()), Kind::GiveUp),
            None => self.devices[device.index()].clear_timer(),
        }
    }

    /// When a parked device will go to DPS if its hub stays down.
    fn give_up_time(&mut self, device: DeviceId) -> Option<SimTime> {
        let i = device.index();
        let patience = self.patience(device);
        if let Some(length) = patience.after {
            return Some(self.columns.episodes[i].episode_at + length);
        }
        let most = patience.failures?;
        // Walks ahead on a copy: the same draws are made again when the attempts are counted.
        let (record, episode) = (self.devices[i], self.columns.episodes[i]);
        let mut failed = episode.next_due;
        while u32::from(self.devices[i].attempts) < most {
            failed = self.parked_attempt(device);
        }
        (self.devices[i], self.columns.episodes[i]) = (record, episode);
        Some(failed)
    }

    /// Carries out the next attempt of a parked device on a hub that is down; gives the time at which it failed.
    fn parked_attempt(&mut self, device: DeviceId) -> SimTime {
        let i = device.index();
        let began = self.columns.episodes[i].next_due;
        let back = self.way_back(device);
        let record = &mut self.devices[i];
        record.attempts = record.attempts.saturating_add(1);
        let style = self.stamp_status[record.stamp.index()].down.unwrap_or_default();
        let failed = began + self.failure_time(style, back);
        let next = self.next_start(device, began, failed);
        self.columns.episodes[i].next_due = next + self.way_to_hub(device);
        failed
    }

    /// Counts the attempts that a parked device made before `until`.
    pub(super) fn count_parked_attempts(&mut self, device: DeviceId, until: SimTime) {
        while self.columns.episodes[device.index()].next_due < until {
            self.parked_attempt(device);
            self.recorder.count(self.figures.all_attempts, 1);
        }
    }

    /// Patience ends: the device leaves its hub and goes to DPS.
    pub(super) fn give_up<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId) {
        self.count_parked_attempts(device, agenda.now());
        self.devices[device.index()].set(Device::PARKED, false);
        self.go_to_dps(agenda, device, agenda.now());
    }

    /// A hub is back: its parked devices go on with the attempts that they would have made.
    pub(super) fn unpark<L: EventList>(&mut self, agenda: &mut Agenda<L>, stamp: StampId) {
        for i in 0..self.devices.len() {
            let record = self.devices[i];
            if record.stamp == stamp && record.is(Device::PARKED) {
                let device = DeviceId(i as u32);
                self.count_parked_attempts(device, agenda.now());
                self.devices[i].set(Device::PARKED, false);
                let due = self.columns.episodes[i].next_due;
                self.timer(agenda, device, due, Kind::Attempt);
            }
        }
    }
}
