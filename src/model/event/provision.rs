//! Provisioning: register → DPS's limiter → allocation → hub registries → assigned → seen by a poll → first attempt.

use crate::kernel::draws::{Purpose, member};
use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::model::condition::DownStyle;
use crate::model::dps::allocation::AllocationRequest;
use crate::model::dps::reprovisioning::{DeadSource, Reprovision};
use crate::model::dps::service::poll_after;
use crate::model::event::Kind;
use crate::model::figures::Queue;
use crate::model::ids::{DeviceId, StampId};
use crate::model::limit::Verdict;
use crate::model::population::device::{Device, State};
use crate::model::stamp::hub::Life;
use crate::model::world::{NOBODY, World};
use crate::units::{SimDuration, SimTime};

impl World<'_> {
    fn dps_round_trip(&self, device: DeviceId) -> SimDuration {
        let law = &self.config.network.device_to_dps;
        if law.is_zero() {
            return SimDuration::ZERO;
        }
        let counter = self.devices[device.index()].attempt_counter();
        law.sample(&mut self.device_draw(device, Purpose::RegistrationLatency, counter))
    }

    /// Hash of a device's registration ID.
    pub(super) fn registration_key(&self, device: DeviceId) -> u64 {
        member(self.cohort(device).registration_key, u64::from(self.ordinal(device)))
    }

    /// DPS instance of a registration.
    pub(super) fn instance(&self, device: DeviceId) -> usize {
        (self.registration_key(device) % self.instances.len() as u64) as usize
    }

    /// A device leaves its hub, if it has one, and registers; the application notices after its own delay.
    pub(super) fn go_to_dps<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId, at: SimTime) {
        self.set_state(device, State::Registering, agenda.now());
        self.begin_episode(device, at);
        let cohort = self.cohort(device);
        let counter = u64::from(self.devices[device.index()].episode);
        let delay = if cohort.registration_delay.is_zero() {
            SimDuration::ZERO
        } else {
            cohort.registration_delay.sample(&mut self.device_draw(device, Purpose::DpsRetry, counter << 16))
        };
        self.columns.episode_at[device.index()] = at + delay;
        let out = self.dps_round_trip(device) / 2;
        self.timer(agenda, device, at + delay + out, Kind::Register);
    }

    /// A register request reaches DPS.
    pub(super) fn register<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId) {
        let now = agenda.now();
        self.set_state(device, State::Registering, now);
        let back = self.dps_round_trip(device) / 2;
        let record = &mut self.devices[device.index()];
        record.attempts = record.attempts.saturating_add(1);
        if let Some(style) = self.dps_status.down {
            if self.columns.cause[device.index()] == NOBODY {
                self.columns.cause[device.index()] = self.dps_status.occurrence;
            }
            let wait = if style == DownStyle::Reset { back } else { self.config.dps.request_timeout };
            return self.retry_registration(agenda, device, now + wait);
        }
        if self.devices[device.index()].is(Device::IN_ASSIGNMENT) {
            // DPS still works on an earlier request of this registration; the device polls.
            let poll = self.config.dps.poll;
            return self.timer(agenda, device, now + back + poll, Kind::Register);
        }
        let instance = self.instance(device);
        let limiter = &mut self.instances[instance].registrations;
        match limiter.offer(now) {
            Verdict::Admitted(at) => {
                let length = limiter.backlog(now);
                self.figures.backlog(Queue::DpsRegistration, length);
                self.figures.admitted(&mut self.recorder, Queue::DpsRegistration, instance, (now, at - now));
                if at > now {
                    self.timer(agenda, device, at, Kind::RegisterAdmitted);
                } else {
                    self.begin_assignment(agenda, device);
                }
            }
            Verdict::Full => {
                self.figures.refused(&mut self.recorder, Queue::DpsRegistration, now, "429");
                self.retry_registration(agenda, device, now + back);
            }
            Verdict::TimedOut(at) => {
                self.figures.refused(&mut self.recorder, Queue::DpsRegistration, now, "429");
                self.retry_registration(agenda, device, at + back);
            }
        }
    }

    /// DPS did not take the request: the longer of its retry-after and the device's own back-off.
    fn retry_registration<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId, told: SimTime) {
        let i = device.index();
        let record = &self.devices[i];
        let previous = SimDuration(u64::from(self.columns.previous_delay[i]));
        let mut draws = self.device_draw(device, Purpose::DpsRetry, record.attempt_counter());
        let tries = u32::from(record.attempts).saturating_sub(1);
        let delay = self.cohort(device).backoff.entry().delay(tries, previous, &mut draws);
        self.columns.previous_delay[i] = u32::try_from(delay.0).unwrap_or(u32::MAX);
        let out = self.dps_round_trip(device) / 2;
        self.timer(agenda, device, told + delay.max(self.config.dps.retry_after) + out, Kind::Register);
    }

    /// DPS accepted a registration: it decides, and reserves at the decision.
    pub(super) fn begin_assignment<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId) {
        let now = agenda.now();
        self.recorder.count(self.figures.registrations, 1);
        let Some(target) = self.decide(device, now).filter(|s| self.can_take(device, *s) && self.can_leave(device, *s))
        else {
            self.set_state(device, State::Rejected, now);
            let again = now + self.config.dps.failed_retry;
            return self.timer(agenda, device, again, Kind::Register);
        };
        let done = self.reserve(device, target, now);
        self.set_state(device, State::Assigning, now);
        self.device_event(agenda, device, done, Kind::AssignmentDone);
        let back = self.dps_round_trip(device) / 2;
        let seen = poll_after(now + back, done + back, self.config.dps.poll);
        self.timer(agenda, device, seen, Kind::AssignmentSeen);
    }

    /// Whether the hub can take the identity: it is up and its registry has room, or it holds the identity already.
    pub(super) fn can_take(&self, device: DeviceId, stamp: StampId) -> bool {
        if self.columns.identity[device.index()] == stamp {
            return true;
        }
        let hub = &self.hubs[stamp.index()];
        !hub.is_full(&self.stamps[stamp.index()]) && self.stamp_status[stamp.index()].can_be_provisioned()
    }

    /// Whether the hub that holds the identity lets it go, or the scenario takes a dead one's word for a reset.
    fn can_leave(&self, device: DeviceId, target: StampId) -> bool {
        let source = self.columns.identity[device.index()];
        let dead = source.some().is_some_and(|s| s != target && !self.stamp_status[s.index()].can_be_provisioned());
        !dead || self.config.dps.dead_source == DeadSource::Reset
    }

    /// The stamp that the registration is assigned to, or nothing when it fails.
    pub(super) fn decide(&mut self, device: DeviceId, now: SimTime) -> Option<StampId> {
        let registration = device.registration();
        let current = self.enrollments.assigned(registration);
        if self.config.dps.reprovision == Reprovision::Never && current.is_some() {
            return current;
        }
        if let Some(pinned) =
            self.enrollments.pinned(registration).filter(|s| self.takes_part(*s) || self.is_open_spare(*s))
        {
            return Some(pinned);
        }
        let mut candidates = std::mem::take(&mut self.scratch);
        self.candidates(device, &mut candidates);
        let chosen = self.allocate(device, current, &candidates, now);
        self.scratch = candidates;
        chosen
    }

    /// Whether a stamp takes part in allocation at all.
    fn takes_part(&self, stamp: StampId) -> bool {
        let i = stamp.index();
        let open = self.stamps[i].takes_devices && !self.closed[i] && !self.stamp_status[i].excluded;
        open && self.hubs[i].life == Life::Active
    }

    /// Stamps of the enrollment group, or all of its ring, that take part in allocation.
    fn candidates(&self, device: DeviceId, candidates: &mut Vec<StampId>) {
        let ring = self.devices[device.index()].ring;
        // A promoted device has left its cohort's enrollment group, and with it that group's list of stamps.
        let own: &[StampId] = if ring == self.cohort(device).ring { &self.cohort(device).stamps } else { &[] };
        let of_group = |s: StampId| self.stamps[s.index()].ring == ring && (own.is_empty() || own.contains(&s));
        candidates.clear();
        candidates.extend((0..self.stamps.len() as u16).map(StampId).filter(|s| of_group(*s) && self.takes_part(*s)));
    }

    fn allocate(
        &mut self,
        device: DeviceId,
        current: Option<StampId>,
        candidates: &[StampId],
        now: SimTime,
    ) -> Option<StampId> {
        if candidates.is_empty() {
            return None;
        }
        self.refresh_view(now);
        let request = AllocationRequest {
            registration: self.registration_key(device),
            region: self.devices[device.index()].region,
            current,
            candidates,
            stamp_keys: &self.stamp_keys,
            stamp_regions: &self.stamp_regions,
        };
        self.config.dps.allocation.entry().choose(&request, &self.view, &self.config.regions)
    }

    fn refresh_view(&mut self, now: SimTime) {
        if now.saturating_since(self.view.taken) >= self.config.dps.view_period {
            self.view.taken = now;
            for (seen, hub) in self.view.connected.iter_mut().zip(&self.hubs) {
                *seen = hub.connected;
            }
        }
    }

    /// Takes the identity off its old hub, reserves it on the new one, and says when DPS is done.
    fn reserve(&mut self, device: DeviceId, target: StampId, now: SimTime) -> SimTime {
        let i = device.index();
        let registration = device.registration();
        let source = self.columns.identity[i].some();
        let changes = source != Some(target);
        if let Some(current) = self.enrollments.assigned(registration) {
            self.view.assigned[current.index()] -= 1;
        }
        self.view.assigned[target.index()] += 1;
        let mut done = now + self.assignment_time(device);
        if let Some(source) = source.filter(|_| changes) {
            self.remove_identity(device, now);
            self.retire_if_empty(source, now);
            done = done.max(self.registry_operation(source, now));
            self.migrate_data(source, target, now);
        }
        if changes {
            done = done.max(self.registry_operation(target, now));
            self.put_identity(device, target, now);
        }
        self.columns.target[i] = target;
        self.devices[i].set(Device::IN_ASSIGNMENT, true);
        self.devices[i].set(Device::RESERVED, changes);
        self.enrollments.begin(registration);
        done
    }

    /// The twin is read from the old hub and written to the new one; each is a metered message. A dead source cannot be
    /// read, so its devices are reset.
    fn migrate_data(&mut self, source: StampId, target: StampId, now: SimTime) {
        let alive = self.stamp_status[source.index()].down.is_none();
        if self.config.dps.reprovision == Reprovision::Migrate && alive {
            self.hubs[source.index()].quota.meter(now, 1);
            self.hubs[target.index()].quota.meter(now, 1);
        }
    }

    fn assignment_time(&self, device: DeviceId) -> SimDuration {
        let law = &self.config.dps.assignment;
        if law.is_zero() {
            return SimDuration::ZERO;
        }
        let counter = u64::from(self.devices[device.index()].episode);
        self.dps_status.stretch(law.sample(&mut self.device_draw(device, Purpose::Assignment, counter)))
    }

    /// One registry operation that DPS or an operator makes on a hub, paced by the hub's limit.
    pub(super) fn registry_operation(&mut self, stamp: StampId, now: SimTime) -> SimTime {
        // A dead source cannot be asked: the move is carried out as a reset.
        if !self.config.dps.draws_on_registry || self.stamp_status[stamp.index()].down.is_some() {
            return now;
        }
        let registry = &mut self.hubs[stamp.index()].registry;
        let at = registry.pace(now);
        let length = registry.backlog(now);
        self.figures.backlog(Queue::Registry, length);
        self.figures.admitted(&mut self.recorder, Queue::Registry, stamp.index(), (now, at - now));
        at
    }

    /// Removes a device's identity from the hub that holds it.
    pub(super) fn remove_identity(&mut self, device: DeviceId, now: SimTime) {
        let stamp = std::mem::replace(&mut self.columns.identity[device.index()], StampId::NONE);
        assert_ne!(stamp, StampId::NONE, "only a held identity is removed");
        self.hubs[stamp.index()].registered -= 1;
        self.recorder.level_mut(self.figures.registered).take(1, now);
        self.recorder.level_mut(self.figures.stamp_devices[stamp.index()]).take(1, now);
        self.device_of_population(device, stamp, false, now);
    }

    /// Counts a device's identity in a hub's registry.
    pub(super) fn put_identity(&mut self, device: DeviceId, stamp: StampId, now: SimTime) {
        self.hubs[stamp.index()].register(&self.stamps[stamp.index()]);
        self.columns.put_at(device, now);
        self.recorder.level_mut(self.figures.registered).add(1, now);
        self.recorder.level_mut(self.figures.stamp_devices[stamp.index()]).add(1, now);
        self.device_of_population(device, stamp, true, now);
    }

    /// DPS is done: the identity lies on its hub.
    pub(super) fn assignment_done(&mut self, device: DeviceId) {
        let i = device.index();
        if !self.devices[i].is(Device::IN_ASSIGNMENT) {
            return; // It was settled early, when the device retired.
        }
        let target = self.columns.target[i];
        self.devices[i].set(Device::IN_ASSIGNMENT, false);
        // An assignment that keeps the hub puts nothing there, so an eviction meanwhile stands.
        if self.devices[i].is(Device::RESERVED) {
            self.devices[i].set(Device::RESERVED, false);
            self.columns.identity[i] = target;
        }
        self.enrollments.finish(device.registration(), Some(target));
    }

    /// A poll tells the device its hub; it tries at once.
    pub(super) fn assignment_seen<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId) {
        let now = agenda.now();
        let i = device.index();
        if self.dps_status.down.is_some() {
            // The poll is not answered; the device polls again.
            return self.timer(agenda, device, now + self.config.dps.poll, Kind::AssignmentSeen);
        }
        let began = self.columns.episode_at[i];
        self.recorder.observe(self.figures.registration, (now - began).0);
        self.devices[i].stamp = self.columns.target[i];
        self.set_state(device, State::Assigned, now);
        self.begin_episode(device, now);
        self.schedule_attempt(agenda, device, now);
    }
}
