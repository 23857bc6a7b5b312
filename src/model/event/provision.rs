//! Provisioning: register → DPS's limiter → allocation → hub registries → assigned → seen by a poll → first attempt.

use crate::kernel::draws::{Purpose, member};
use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::model::condition::DownStyle;
use crate::model::dps::allocation::{AllocationRequest, Answer};
use crate::model::dps::reprovisioning::{DeadSource, Reprovision};
use crate::model::dps::service::poll_after;
use crate::model::event::{Kind, device_event};
use crate::model::figures::Queue;
use crate::model::ids::{DeviceId, StampId};
use crate::model::limit::Verdict;
use crate::model::movement::run::Passed;
use crate::model::population::device::{Device, State};
use crate::model::stamp::hub::Life;
use crate::model::world::World;
use crate::units::{SimDuration, SimTime};

impl World<'_> {
    /// Hash of a device's registration ID.
    pub(super) fn registration_key(&self, device: DeviceId) -> u64 {
        member(self.cohort(device).registration_key, u64::from(self.ordinal(device)))
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
        self.columns.episodes[device.index()].episode_at = at + delay;
        self.set_out(agenda, device, at + delay);
    }

    /// A register request reaches DPS.
    pub(super) fn register<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId) {
        let now = agenda.now();
        self.set_state(device, State::Registering, now);
        let back = self.way_from_dps(device);
        let record = &mut self.devices[device.index()];
        record.attempts = record.attempts.saturating_add(1);
        let instance = self.service_of(device).index();
        let status = self.dps_status[instance];
        if let Some(style) = status.down {
            self.blame(device, status.occurrence);
            let unanswered = &mut self.columns.unanswered[device.index()];
            *unanswered = unanswered.saturating_add(1);
            let wait = if style == DownStyle::Reset { back } else { self.config.dps.request_timeout };
            return self.retry_registration(agenda, device, now + wait);
        }
        self.columns.unanswered.set(device.index(), 0);
        if self.devices[device.index()].is(Device::IN_ASSIGNMENT) {
            // DPS still works on an earlier request of this registration; the device polls.
            let poll = self.config.dps.poll;
            return self.timer(agenda, device, now + back + poll, Kind::Register);
        }
        if self.is_free_query(device) {
            return self.answer_query(agenda, device);
        }
        let limiter = &mut self.instances[instance].registrations;
        match limiter.offer(now) {
            Verdict::Admitted(at) => {
                let length = limiter.backlog(now);
                self.figures.backlog(Queue::DpsRegistration, length);
                self.figures.admitted(&mut self.recorder, Queue::DpsRegistration, instance, (now, at - now));
                self.note_peak(Passed::Registration, instance, now);
                if at > now {
                    self.timer(agenda, device, at, Kind::RegisterAdmitted);
                } else {
                    self.begin_assignment(agenda, device);
                }
            }
            Verdict::Full => {
                self.instances[instance].refused += 1;
                self.figures.refused(&mut self.recorder, Queue::DpsRegistration, now, "429");
                self.retry_registration(agenda, device, now + back);
            }
            Verdict::TimedOut(at) => {
                self.instances[instance].refused += 1;
                self.figures.refused(&mut self.recorder, Queue::DpsRegistration, now, "429");
                self.retry_registration(agenda, device, at + back);
            }
        }
    }

    /// DPS did not take the request: the longer of its retry-after and the device's own back-off.
    pub(super) fn retry_registration<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId, told: SimTime) {
        let i = device.index();
        let record = &self.devices[i];
        let previous = SimDuration(u64::from(self.columns.episodes[i].previous_delay));
        let mut draws = self.device_draw(device, Purpose::DpsRetry, record.attempt_counter());
        let tries = u32::from(record.attempts).saturating_sub(1);
        let delay = self.cohort(device).backoff.entry().delay(tries, previous, &mut draws);
        self.columns.episodes[i].previous_delay = u32::try_from(delay.0).unwrap_or(u32::MAX);
        self.set_out(agenda, device, told + delay.max(self.config.dps.retry_after));
    }

    /// DPS accepted a registration: it decides, and reserves at the decision.
    pub(super) fn begin_assignment<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId) {
        let now = agenda.now();
        if self.devices[device.index()].is(Device::QUERIES) {
            return self.answer_query(agenda, device);
        }
        self.recorder.count(self.figures.registrations, 1);
        let service = self.service_of(device);
        self.note_work(device, Passed::Registration, service.index());
        self.instances[service.index()].accepted += 1;
        if !self.has_room(device, service) {
            return self.registration_fails(agenda, device, None, "instance_full");
        }
        if self.is_redirected(device, service) {
            return self.redirect(agenda, device, service);
        }
        let asked = self.ask_webhook(device);
        if asked.is_some_and(|answer| !answer.fine) {
            return self.registration_fails(agenda, device, asked.map(|answer| answer.after), "webhook");
        }
        let target = match self.decide(device, now) {
            None => Err("no_stamp"),
            Some(target) => self.refusal(device, target).map_or(Ok(target), Err),
        };
        let target = match target {
            Ok(target) => target,
            Err(cause) => return self.registration_fails(agenda, device, asked.map(|answer| answer.after), cause),
        };
        let done = self.reserve(device, target, now) + asked.map_or(SimDuration::ZERO, |answer| answer.after);
        self.set_state(device, State::Assigning, now);
        device_event(agenda, device, done, Kind::AssignmentDone);
        let back = self.way_from_dps(device);
        let seen = poll_after(now + back, done + back, self.config.dps.poll);
        self.timer(agenda, device, seen, Kind::AssignmentSeen);
    }

    /// Asks the webhook of a custom allocation, where there is one; an individual enrollment needs none.
    fn ask_webhook(&mut self, device: DeviceId) -> Option<Answer> {
        let hook = self.config.dps.allocation.entry().webhook()?;
        if self.enrollments.pinned(device.registration()).is_some() {
            return None;
        }
        let counter = self.devices[device.index()].attempt_counter();
        let answer = hook.call(&mut self.device_draw(device, Purpose::Webhook, counter));
        let (calls, failed) = &mut self.figures.webhook;
        (*calls, *failed) = (*calls + 1, *failed + u64::from(!answer.fine));
        Some(answer)
    }

    /// Why a chosen hub does not get the device, if it does not.
    fn refusal(&self, device: DeviceId, target: StampId) -> Option<&'static str> {
        let full = self.hubs[target.index()].is_full(&self.stamps[target.index()]);
        match (self.can_take(device, target), self.can_leave(device, target)) {
            (true, true) => None,
            (true, false) => Some("source_down"),
            (false, _) => Some(if full { "registry_full" } else { "hub_down" }),
        }
    }

    /// DPS fails the registration, at once or when it has waited for a webhook; the device asks again later.
    fn registration_fails<L: EventList>(
        &mut self,
        agenda: &mut Agenda<L>,
        device: DeviceId,
        waited: Option<SimDuration>,
        cause: &'static str,
    ) {
        let now = agenda.now();
        *self.figures.failed.entry(cause).or_default() += 1;
        self.set_state(device, State::Rejected, now);
        let told = waited.map_or(now, |waited| {
            let back = self.way_from_dps(device);
            poll_after(now + back, now + waited + back, self.config.dps.poll)
        });
        let again = told + self.config.dps.failed_retry;
        if self.config.dps.topology.entry().api().is_some() {
            // The API may know an instance that takes it.
            self.columns.unanswered[device.index()] = u8::MAX;
            return self.set_out(agenda, device, again);
        }
        self.timer(agenda, device, again, Kind::Register);
    }

    /// Whether the hub can take the identity: it is up and its registry has room, or it holds the identity already.
    pub(super) fn can_take(&self, device: DeviceId, stamp: StampId) -> bool {
        if self.columns.identity[device.index()] == stamp {
            return true;
        }
        let hub = &self.hubs[stamp.index()];
        // Its place may have been kept by an import job.
        (self.is_ahead(device, stamp) || !hub.is_full(&self.stamps[stamp.index()]))
            && self.stamp_status[stamp.index()].can_be_provisioned()
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
        let service = self.service_of(device);
        // What another instance assigned is nothing to this one.
        let current = self.enrollments.assigned(registration).filter(|_| self.is_known_at(device, service));
        if self.config.dps.reprovision == Reprovision::Never && current.is_some() {
            return current;
        }
        let generation = self.cohort(device).generation;
        let fits = |s: &StampId| {
            let is_open = self.takes_part(*s) || self.is_open_spare(*s);
            is_open && self.is_linked(service, *s) && self.stamps[s.index()].serves(generation)
        };
        if let Some(pinned) = self.enrollments.pinned(registration).filter(fits) {
            return Some(pinned);
        }
        let mut candidates = std::mem::take(&mut self.scratch);
        self.collect_candidates(device, &mut candidates);
        let chosen = self.allocate(device, current, &candidates, now);
        self.scratch = candidates;
        chosen
    }

    /// Whether a stamp takes part in allocation at all.
    pub(super) fn takes_part(&self, stamp: StampId) -> bool {
        let i = stamp.index();
        let open = self.stamps[i].takes_devices && !self.closed[i] && !self.stamp_status[i].excluded;
        open && self.hubs[i].life == Life::Active
    }

    /// Stamps that the instance of a device may choose from.
    pub(super) fn candidates(&self, device: DeviceId) -> Vec<StampId> {
        let mut candidates = Vec::new();
        self.collect_candidates(device, &mut candidates);
        candidates
    }

    /// Stamps of the enrollment group, or all of its ring, that take part in allocation, serve the generation and are linked to
    /// the instance.
    fn collect_candidates(&self, device: DeviceId, candidates: &mut Vec<StampId>) {
        let service = self.service_of(device);
        candidates.clear();
        candidates.extend(
            (0..self.stamps.len() as u16)
                .map(StampId)
                .filter(|s| self.is_of_group(device, *s) && self.takes_part(*s) && self.is_linked(service, *s)),
        );
    }

    /// Whether a stamp is one of the device's enrollment group, or of its ring, and serves its generation.
    pub(super) fn is_of_group(&self, device: DeviceId, stamp: StampId) -> bool {
        let (ring, cohort) = (self.devices[device.index()].ring, self.cohort(device));
        // A promoted device has left its cohort's enrollment group, and with it that group's list of stamps.
        let own: &[StampId] = if ring == cohort.ring { &cohort.stamps } else { &[] };
        let config = &self.stamps[stamp.index()];
        config.ring == ring && config.serves(cohort.generation) && (own.is_empty() || own.contains(&stamp))
    }

    pub(super) fn allocate(
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
            chance: self.device_draw(device, Purpose::StampChoice, u64::from(self.devices[device.index()].episode)),
            region: self.region_of(device),
            cohort: self.devices[device.index()].cohort,
            ring: self.devices[device.index()].ring,
            generation: self.cohort(device).generation,
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
        let known = self.is_known_at(device, self.service_of(device));
        self.hold(device, self.service_of(device));
        if let Some(source) = source.filter(|_| changes) {
            self.remove_identity(device, now);
            self.retire_if_empty(source, now);
            done = done.max(self.registry_operation(source, now));
            if known {
                self.migrate_data(source, target, now);
            }
        }
        let ahead = self.take_ahead(device, target);
        if changes {
            if !ahead {
                done = done.max(self.registry_operation(target, now));
                if self.draws_on(target) {
                    self.note_work(device, Passed::Registry, target.index());
                }
            }
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
        let status = &self.dps_status[self.service_of(device).index()];
        status.stretch(law.sample(&mut self.device_draw(device, Purpose::Assignment, counter)))
    }

    /// Whether work of DPS draws on the registry throttle of a hub. A dead source cannot be asked: the move is carried out as
    /// a reset.
    fn draws_on(&self, stamp: StampId) -> bool {
        self.config.dps.draws_on_registry && self.stamp_status[stamp.index()].down.is_none()
    }

    /// One registry operation that DPS or an operator makes on a hub, paced by the hub's limit.
    pub(super) fn registry_operation(&mut self, stamp: StampId, now: SimTime) -> SimTime {
        if !self.draws_on(stamp) {
            return now;
        }
        let registry = &mut self.hubs[stamp.index()].registry;
        let at = registry.pace(now);
        let length = registry.backlog(now);
        self.figures.backlog(Queue::Registry, length);
        self.figures.admitted(&mut self.recorder, Queue::Registry, stamp.index(), (now, at - now));
        self.note_peak(Passed::Registry, stamp.index(), now);
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
        self.device_of_lifecycle(device, stamp, false, now);
    }

    /// Counts a device's identity in a hub's registry.
    pub(super) fn put_identity(&mut self, device: DeviceId, stamp: StampId, now: SimTime) {
        self.hubs[stamp.index()].register(&self.stamps[stamp.index()]);
        self.columns.put_at(device, now);
        self.observation.iter_mut().for_each(|observation| observation.note_registered(device, now));
        self.recorder.level_mut(self.figures.registered).add(1, now);
        self.recorder.level_mut(self.figures.stamp_devices[stamp.index()]).add(1, now);
        self.device_of_population(device, stamp, true, now);
        self.device_of_lifecycle(device, stamp, true, now);
    }

    /// DPS is done: the identity lies on its hub.
    pub(super) fn assignment_done(&mut self, device: DeviceId, now: SimTime) {
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
        self.keep_learnt(device, target, now);
        self.enrollments.finish(device.registration(), Some(target));
        self.tell_cache(device, target, now);
    }

    /// A poll tells the device its hub; it tries at once.
    pub(super) fn assignment_seen<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId) {
        let now = agenda.now();
        let i = device.index();
        let answers = self.dps_status[self.service_of(device).index()].down.is_none();
        if !answers || (self.has_store() && self.api_status.down.is_some()) {
            if self.gives_up_polling(device) {
                return self.set_out(agenda, device, now);
            }
            // The poll is not answered; the device polls again.
            return self.timer(agenda, device, now + self.config.dps.poll, Kind::AssignmentSeen);
        }
        let began = self.columns.episodes[i].episode_at;
        self.recorder.observe(self.figures.registration, (now - began).0);
        self.devices[i].stamp = self.columns.target[i];
        self.set_state(device, State::Assigned, now);
        self.begin_episode(device, now);
        self.schedule_attempt(agenda, device, now);
    }
}
