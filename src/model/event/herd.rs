//! Herds in lockstep: refused devices that come back at one instant are tried together.
//!
//! At their instant a hub can admit so many; as many, the first by the tie that orders all events, try one by one. The
//! others would be refused one after another without changing anything: they are counted in bulk, behind all arrivals of
//! the instant, and wait on together. Whatever makes a herd unequal (a hub that is down or fails a share of requests,
//! a device that the hub no longer knows) sends those whom it concerns back to one event each.

use crate::kernel::event_list::{Class, Event, EventList};
use crate::kernel::executive::Agenda;
use crate::kernel::law::DurationForm;
use crate::model::event::connect::Next;
use crate::model::event::{Kind, OTHERS};
use crate::model::figures::Queue;
use crate::model::ids::{DeviceId, StampId};
use crate::model::limit::Verdict;
use crate::model::population::device::State;
use crate::model::population::herd::{Herd, HerdKey};
use crate::model::stamp::path::Fate;
use crate::model::world::{NEVER, World};
use crate::units::{SimDuration, SimTime};

/// What marks a device as one that waits with a herd: a timer of its record that no list holds.
const WITH_HERD: u16 = Kind::HerdDue as u16;

impl World<'_> {
    /// The connect throttle refused an attempt; the device knows at `told`.
    pub(super) fn refused<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId, told: SimTime) {
        self.set_state(device, State::BackingOff, agenda.now());
        match self.after_failure(device, agenda.now(), told) {
            Next::Dps(at) => self.go_to_dps(agenda, device, at),
            Next::Attempt(at) if self.moves_in_lockstep(device) => self.join_herd(agenda, device, at),
            Next::Attempt(at) => self.schedule_attempt(agenda, device, at),
        }
    }

    /// Whether a device that is refused once more will wait as long as all that are like it.
    fn moves_in_lockstep(&self, device: DeviceId) -> bool {
        let record = &self.devices[device.index()];
        let fixed_trip = matches!(self.config.network.device_to_hub.form(), DurationForm::Constant(trip) if trip < SimDuration::HOUR);
        // Where callers that gave up keep their places, who is told what depends on their order.
        let shaping = &self.stamps[record.stamp.index()].connect_shaping;
        let alike = shaping.leave_place || shaping.backlog_timeout.bound().is_none();
        let rule = self.cohort(device).backoff.entry();
        self.config.herds && fixed_trip && alike && rule.is_fixed(u32::from(record.attempts))
    }

    /// A device starts its next attempt at a time, with all that do so too.
    fn join_herd<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId, at: SimTime) {
        let due = at + self.way_to_hub(device);
        let patient_until = self.deadline(device).unwrap_or(NEVER);
        let trip = self.columns.episodes[device.index()].trip;
        let record = &mut self.devices[device.index()];
        record.set_timer(WITH_HERD, due);
        let (stamp, cohort, attempts) = (record.stamp, record.cohort, record.attempts);
        let herd = self.herds.join(HerdKey { due, stamp, cohort, attempts, trip }, device, patient_until);
        self.call_herd(agenda, herd, due);
    }

    fn call_herd<L: EventList>(&self, agenda: &mut Agenda<L>, herd: Option<u32>, due: SimTime) {
        if let Some(slot) = herd {
            self.other_event(agenda, due, Kind::HerdDue, super::world_key("herd"), (slot, 0));
        }
    }

    /// Whether a device still waits with its herd: nothing else became of it meanwhile.
    fn waits_with(&self, key: &HerdKey, device: DeviceId) -> bool {
        let record = &self.devices[device.index()];
        // It may have left and be due at the same instant again, in a later episode and with another herd.
        record.has_timer(WITH_HERD, key.due) && record.stamp == key.stamp && record.attempts == key.attempts
    }

    /// A herd is due: those that may be admitted try one by one, the others are kept to be refused.
    pub(super) fn herd_due<L: EventList>(&mut self, agenda: &mut Agenda<L>, slot: u32) {
        let mut herd = self.herds.take(slot);
        herd.devices.sort_unstable();
        herd.devices.dedup();
        herd.devices.retain(|device| self.waits_with(&herd.key, *device));
        let status = &self.stamp_status[herd.key.stamp.index()];
        let unequal = status.down.is_some() || status.errors > 0.0 || status.errs_by_feature;
        if unequal || herd.devices.len() == 1 {
            return self.dissolve(agenda, herd);
        }
        self.send_strangers(agenda, &mut herd);
        self.send_first(agenda, &mut herd);
        if herd.devices.is_empty() {
            return self.herds.over(herd);
        }
        let slot = self.herds.keep_due(herd);
        let last = Event::new(agenda.now(), Class::Arrival, u32::MAX, OTHERS | slot, Kind::HerdRefused as u16, 0);
        agenda.push(last);
    }

    /// Each device of a herd tries by itself.
    fn dissolve<L: EventList>(&mut self, agenda: &mut Agenda<L>, herd: Herd) {
        for device in &herd.devices {
            self.tries_now(agenda, *device);
        }
        self.herds.over(herd);
    }

    fn tries_now<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId) {
        self.timer(agenda, device, agenda.now(), Kind::Attempt);
    }

    /// Devices whose hub no longer knows them learn that one by one.
    fn send_strangers<L: EventList>(&mut self, agenda: &mut Agenda<L>, herd: &mut Herd) {
        let stamp = herd.key.stamp;
        herd.devices.retain(|device| {
            let known = self.columns.identity[device.index()] == stamp;
            if !known {
                self.tries_now(agenda, *device);
            }
            known
        });
    }

    /// As many devices as the hub can admit now, first by the tie of events, try one by one.
    fn send_first<L: EventList>(&mut self, agenda: &mut Agenda<L>, herd: &mut Herd) {
        let now = agenda.now();
        let first = self.hubs[herd.key.stamp.index()].connects.admits(now, herd.devices.len());
        if first == 0 {
            return;
        }
        if first < herd.devices.len() {
            let mut order = self.by_tie(&herd.devices, now);
            order.select_nth_unstable(first);
            order[..first].iter().for_each(|(_, device)| self.tries_now(agenda, *device));
        } else {
            herd.devices.iter().for_each(|device| self.tries_now(agenda, *device));
        }
        herd.devices.retain(|device| self.waits_with(&herd.key, *device));
    }

    /// The devices of a herd with what orders their events of this instant.
    fn by_tie(&self, devices: &[DeviceId], now: SimTime) -> Vec<(u32, DeviceId)> {
        let tie = |device: &DeviceId| Event::tie_rank(self.draws.tie(self.device_key(*device), now.0));
        devices.iter().map(|device| (tie(device), *device)).collect()
    }

    /// The rest of a herd is refused, behind everything that arrived at this instant.
    pub(super) fn herd_refused<L: EventList>(&mut self, agenda: &mut Agenda<L>, slot: u32) {
        let now = agenda.now();
        let herd = self.herds.take(slot);
        let stamp = herd.key.stamp;
        let mut asked = self.hubs[stamp.index()].connects.clone();
        let verdict = asked.offer(now);
        if let Verdict::Admitted(_) = verdict {
            // Somebody who was ahead of them consumed nothing.
            return self.dissolve(agenda, herd);
        }
        self.hubs[stamp.index()].connects = asked;
        self.count_refused(&herd, verdict, now);
        let told = if let Verdict::TimedOut(at) = verdict { at } else { now };
        let back = self.stamp_status[stamp.index()].stretch(SimDuration(u64::from(herd.key.trip) / 2));
        self.wait_on(agenda, herd, told + back);
    }

    /// Counts the attempts of a whole herd, all of which got one verdict.
    fn count_refused(&mut self, herd: &Herd, verdict: Verdict, now: SimTime) {
        let (s, n) = (herd.key.stamp.index(), herd.devices.len() as u64);
        let refusal = self.hubs[s].connects.refusal(verdict, now, self.stamps[s].path.sustained);
        self.figures.refused_n(&mut self.recorder, Queue::Connect, now, (Fate::from(refusal).code(), n));
        self.recorder.count(self.figures.all_attempts, n);
        self.note_requests(herd.key.stamp, n);
    }

    /// A herd that was refused waits on together, as far as its devices do the same.
    fn wait_on<L: EventList>(&mut self, agenda: &mut Agenda<L>, mut herd: Herd, told: SimTime) {
        let key = herd.key;
        let attempts = key.attempts.saturating_add(1);
        herd.devices.retain(|device| {
            // A device that restarted at this very instant made its attempt before.
            let waits = self.waits_with(&key, *device);
            if waits {
                self.devices[device.index()].attempts = attempts;
            }
            waits
        });
        let Some(one) = herd.devices.first().copied() else { return self.herds.over(herd) };
        let start = self.next_start(one, agenda.now(), told);
        let gives_up = self.patience(one).failures.is_some_and(|most| u32::from(attempts) >= most);
        if gives_up || start >= herd.patient_until || !self.moves_in_lockstep(one) {
            return self.part(agenda, herd, told);
        }
        let due = start + SimDuration(u64::from(key.trip) / 2);
        herd.devices.iter().for_each(|device| self.devices[device.index()].set_timer(WITH_HERD, due));
        herd.key = HerdKey { due, attempts, ..key };
        let waits = self.herds.wait(herd);
        self.call_herd(agenda, waits, due);
    }

    /// The devices of a herd that was refused do not all do the same: each decides for itself, in the order of events.
    fn part<L: EventList>(&mut self, agenda: &mut Agenda<L>, herd: Herd, told: SimTime) {
        let mut order = self.by_tie(&herd.devices, agenda.now());
        order.sort_unstable();
        self.herds.over(herd);
        for (_, device) in order {
            self.refused(agenda, device, told);
        }
    }

    /// When a device gives up on its hub, where time decides that.
    fn deadline(&self, device: DeviceId) -> Option<SimTime> {
        self.patience(device).after.map(|length| self.columns.episodes[device.index()].episode_at + length)
    }

    /// Connection attempts that reached a stamp, none of which it failed.
    fn note_requests(&mut self, stamp: StampId, n: u64) {
        self.lifecycle.requests[stamp.index()].0 += n;
    }
}
