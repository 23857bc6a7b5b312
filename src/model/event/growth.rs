//! The fleet comes into being, grows and shrinks.

use crate::kernel::draws::Purpose;
use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::model::event::{Kind, device_event};
use crate::model::figures::{Queue, Use};
use crate::model::ids::{DeviceId, ServiceId, StampId};
use crate::model::population::cohort::Start;
use crate::model::population::device::{Device, State};
use crate::model::stamp::hub::Life;
use crate::model::world::{NEVER, NOBODY, World};
use crate::units::{SimDuration, SimTime};

impl World<'_> {
    /// Opens the stamps of the scenario and the DPS instances.
    pub(super) fn open_stamps(&mut self) {
        for queue in [Queue::DpsRegistration, Queue::DpsOperation] {
            self.figures.uses[queue as usize].resize(self.instances.len(), Use::default());
        }
        for stamp in &self.config.stamps {
            self.open_stamp(stamp.clone(), Life::Active, SimTime::ZERO);
        }
    }

    /// The initial devices of each cohort, and the first look at growth.
    pub(super) fn populate<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        for cohort in 0..self.config.cohorts.len() {
            let devices = self.config.cohorts[cohort].devices;
            self.cohort_joined[cohort] = devices;
            let first = self.cohort_first[cohort];
            let mut choices = vec![None; self.instances.len()];
            for device in (first..first + devices).map(DeviceId) {
                match self.config.cohorts[cohort].start {
                    Start::Connected => self.start_connected(agenda, device, &mut choices),
                    Start::New => self.start_new(agenda, device),
                }
            }
            self.schedule_growth(agenda, cohort);
        }
    }

    /// Registered, assigned by the policy outside DPS limits and the bill, and connected; phases are uniform. `choices` are
    /// the stamps that each instance chooses from for the cohort: they are the same for all of it.
    fn start_connected<L: EventList>(
        &mut self,
        agenda: &mut Agenda<L>,
        device: DeviceId,
        choices: &mut [Option<Vec<StampId>>],
    ) {
        let now = SimTime::ZERO;
        let i = device.index();
        self.start_scope(device);
        let service = self.service_of(device);
        let room = self.has_room(device, service);
        let candidates = choices[service.index()].get_or_insert_with(|| self.candidates(device));
        let chosen = self.allocate(device, None, candidates, now);
        let Some(stamp) = chosen.filter(|_| room).filter(|s| self.can_take(device, *s)) else {
            // No room at the start: the device has to ask like any other.
            self.take_scope(device, ServiceId::NONE);
            return self.start_new(agenda, device);
        };
        self.view.assigned[stamp.index()] += 1;
        self.hold(device, service);
        self.put_identity(device, stamp, now);
        self.columns.put_long_ago(device);
        self.columns.identity[i] = stamp;
        self.enrollments.finish(device.registration(), Some(stamp));
        self.devices[i].stamp = stamp;
        if self.devices[i].is(Device::DORMANT) {
            return self.set_state(device, State::Off, now);
        }
        self.become_connected(device, now);
        let phase = self.device_draw(device, Purpose::RenewalPhase, 0).unit();
        self.schedule_renewal(agenda, device, Some(phase));
    }

    fn start_new<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId) {
        let spread = &self.cohort(device).first_attempt;
        let wait = if spread.is_zero() {
            SimDuration::ZERO
        } else {
            spread.sample(&mut self.device_draw(device, Purpose::GrowthOffset, 0))
        };
        self.set_state(device, State::New, SimTime::ZERO);
        device_event(agenda, device, SimTime::ZERO + wait, Kind::Join);
    }

    /// A device joins: it registers, unless it has no power.
    pub(super) fn join<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId) {
        let record = self.devices[device.index()];
        if record.state != State::New {
            return; // It retired before it joined.
        }
        if record.is(Device::DORMANT) {
            return self.set_state(device, State::Off, agenda.now());
        }
        self.set_state(device, State::New, agenda.now());
        self.become_unavailable(device, agenda.now(), NOBODY);
        if self.waits_for_installer(agenda, device) {
            return;
        }
        self.go_to_dps(agenda, device, agenda.now());
    }

    fn schedule_growth<L: EventList>(&mut self, agenda: &mut Agenda<L>, cohort: usize) {
        let config = &self.config.cohorts[cohort];
        let jumps = config.growth.entry().jumps();
        let key = config.key;
        for at in &jumps {
            // Sequence 1 marks a jump: its devices join at once.
            self.other_event(agenda, *at, Kind::Growth, key, (cohort as u32, 1));
        }
        if jumps.is_empty() && config.growth.entry().changes() {
            let at = SimTime::ZERO + self.config.growth_tick;
            self.other_event(agenda, at, Kind::Growth, key, (cohort as u32, 0));
        }
    }

    /// Looks at a cohort's size: new devices join within the tick that begins, surplus devices retire.
    pub(super) fn grow<L: EventList>(&mut self, agenda: &mut Agenda<L>, cohort: usize, regular: bool) {
        if self.lifecycle.closed[cohort] {
            return; // Its generation is being retired.
        }
        let now = agenda.now();
        self.charge_quiet(now);
        let config = &self.config.cohorts[cohort];
        let wanted = config.growth.entry().count(config.devices, now);
        let joined = self.cohort_joined[cohort];
        let first = self.cohort_first[cohort];
        for device in (first + wanted..first + joined).map(DeviceId) {
            self.retire(device, now);
        }
        let spread = if regular { self.config.growth_tick } else { SimDuration::ZERO };
        for device in (first + joined..first + wanted).map(DeviceId) {
            let unit = self.device_draw(device, Purpose::GrowthOffset, 0).unit();
            let wait = SimDuration((unit * spread.0 as f64) as u64);
            self.set_state(device, State::New, now);
            device_event(agenda, device, now + wait, Kind::Join);
        }
        self.cohort_joined[cohort] = wanted;
        if regular {
            let next = now + self.config.growth_tick;
            self.other_event(agenda, next, Kind::Growth, config.key, (cohort as u32, 0));
        }
    }

    /// A device leaves the fleet for good.
    pub(super) fn retire(&mut self, device: DeviceId, now: SimTime) {
        let i = device.index();
        if self.devices[i].state == State::Connected {
            self.drop_connection(device, now, NOBODY);
        }
        self.seen_dead(device, now);
        self.assignment_done(device, now);
        self.leave_move(device, now);
        if let Some(stamp) = self.columns.identity[i].some() {
            self.remove_identity(device, now);
            self.retire_if_empty(stamp, now);
        }
        if let Some(stamp) = self.enrollments.assigned(device.registration()) {
            self.view.assigned[stamp.index()] -= 1;
            self.enrollments.remove(device.registration());
        }
        self.leave_dps(device);
        self.observation.iter_mut().for_each(|observation| observation.note_retired(device));
        self.learnt.iter_mut().for_each(|learnt| learnt.forget(device));
        if self.columns.episodes.end(i).lost_at != NEVER {
            self.recorder.level_mut(self.figures.unavailable).take(1, now);
        }
        self.devices[i].set(Device::PARKED, false);
        self.devices[i].clear_timer();
        self.set_state(device, State::Retired, now);
        // A later growth may need the number again.
        self.devices[i].state = State::Unborn;
    }
}
