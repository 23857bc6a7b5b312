//! Moves: devices are evicted in waves, and each finds its new stamp through DPS.

use std::rc::Rc;

use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::model::event::Kind;
use crate::model::ids::{DeviceId, StampId};
use crate::model::movement::run::Home;
use crate::model::movement::run::MoveRun;
use crate::model::movement::wave::MoveConfig;
use crate::model::population::device::{Device, State};
use crate::model::world::{NEVER, NOBODY, World};
use crate::units::SimTime;

impl World<'_> {
    pub(super) fn schedule_moves<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        for (index, plan) in self.config.moves.iter().enumerate() {
            self.expect_edge(agenda, plan.at);
            self.other_event(agenda, plan.at, Kind::MoveBegins, plan.key, (index as u32, 0));
        }
    }

    /// Keeps a move that is made up in the run; gives its number.
    pub(super) fn add_move(&mut self, plan: MoveConfig, run: MoveRun) -> usize {
        self.plans.push(Rc::new(plan));
        self.moves.push(run);
        self.plans.len() - 1
    }

    /// A move begins: its devices are selected, the source is closed, the first device is evicted.
    pub(super) fn move_begins<L: EventList>(&mut self, agenda: &mut Agenda<L>, index: usize) {
        let now = agenda.now();
        self.edge_begins(agenda);
        self.recorder.cut(now);
        let plan = Rc::clone(&self.plans[index]);
        let rule = &plan.rule;
        if rule.close_source {
            for stamp in &rule.from {
                self.closed[stamp.index()] = true;
            }
        }
        self.moves[index].begun = true;
        self.moves[index].last = now;
        self.moves[index].devices = self.select(index);
        self.moves[index].planned = self.moves[index].devices.len() as u32;
        self.watch_move(index);
        self.make_ready(index, now);
        self.begin_guard(agenda, index);
        self.users_may_follow(index);
        self.users_follow(agenda);
        self.schedule_eviction(agenda, index);
    }

    pub(super) fn schedule_eviction<L: EventList>(&mut self, agenda: &mut Agenda<L>, index: usize) {
        let (plan, run) = (Rc::clone(&self.plans[index]), &self.moves[index]);
        if (run.next as usize) < run.devices.len() {
            let at = (plan.eviction(run.next, run.planned) + run.shift).max(agenda.now());
            self.other_event(agenda, at, Kind::Evict, plan.key, (index as u32, 0));
        } else if index >= self.config.moves.len() {
            self.schedule_sweep(agenda, index);
        }
    }

    /// The next device of a move is evicted.
    pub(super) fn evict_next<L: EventList>(&mut self, agenda: &mut Agenda<L>, index: usize) {
        if self.moves[index].aborted.is_some() {
            return;
        }
        if self.moves[index].next as usize == self.moves[index].devices.len() {
            return self.sweep(agenda, index);
        }
        if self.must_wait(agenda, index) {
            return;
        }
        let run = &mut self.moves[index];
        let device = run.devices[run.next as usize];
        run.next += 1;
        run.evicted_at = Some(agenda.now());
        let record = self.devices[device.index()];
        if record.is(Device::IN_ASSIGNMENT) {
            // DPS works on it just now; it comes last.
            self.moves[index].devices.push(device);
            return self.schedule_eviction(agenda, index);
        }
        self.schedule_eviction(agenda, index);
        let held = self.columns.identity[device.index()].some();
        if record.state.in_fleet() && self.must_leave(index, device, held) && !self.left_by_itself(index, device) {
            self.evict(agenda, device, index);
            self.tell_to_register(agenda, device, index);
        } else {
            // It left, or is on its way or there already; the last of a move may end it so.
            if self.plans[index].back_of.is_some() && self.may_return(index, device) {
                self.change_enrollment(device, index);
            }
            self.release_ahead(index, device);
            self.close_move(index, agenda.now());
        }
    }

    /// Whether a device is still to be sent away from where it is.
    fn must_leave(&self, index: usize, device: DeviceId, held: Option<StampId>) -> bool {
        let plan = &self.plans[index];
        // On the way back even a device that is out gets its old enrollment again.
        if plan.back_of.is_some() && !self.may_return(index, device) {
            return false;
        }
        let Some(stamp) = held else { return plan.back_of.is_some() };
        let there = self.moves[index].goes.get(&device) == Some(&stamp);
        !there && plan.rule.to != Some(self.devices[device.index()].stamp)
    }

    /// Whether the home of a device of a roll back is still open when its turn comes.
    fn may_return(&self, index: usize, device: DeviceId) -> bool {
        self.moves[index].goes.get(&device).is_some_and(|home| self.is_home_open(*home))
    }

    /// The operator changes the enrollment and removes the device from its hub, which closes the connection.
    fn evict<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId, index: usize) {
        let now = agenda.now();
        self.change_enrollment(device, index);
        let source = self.columns.identity[device.index()].some();
        if let Some(source) = source {
            self.registry_operation(source, now);
            self.remove_identity(device, now);
            *self.moves[index].left.entry(source).or_default() += 1;
        }
        self.leave_move(device, now);
        self.columns.move_of[device.index()] = index as u16;
        let run = &mut self.moves[index];
        run.evicted += 1;
        run.evicted_last = run.next - 1;
        if source.is_none() {
            return; // It is out already, and registers by itself.
        }
        let connected = self.devices[device.index()].state == State::Connected;
        self.devices[device.index()].set(Device::MOVING, connected);
        if connected {
            self.lose_connection(agenda, device, NOBODY);
        } else {
            self.become_unavailable(device, now, NOBODY);
        }
        if let Some(source) = source {
            self.retire_if_empty(source, now);
        }
    }

    /// The enrollment of a device says where it belongs from now on; what it said before is kept for a roll back.
    fn change_enrollment(&mut self, device: DeviceId, index: usize) {
        let plan = Rc::clone(&self.plans[index]);
        let (stamp, ring) = (self.columns.identity[device.index()], self.devices[device.index()].ring);
        let run = &mut self.moves[index];
        if plan.may_go_back() {
            run.homes.push(Home { device, stamp, ring });
        }
        if let Some(ring) = run.rings.get(&device).copied().or(plan.rule.to_ring) {
            self.devices[device.index()].ring = ring;
        }
        if let Some(to) = run.goes.get(&device).copied().or(plan.rule.to) {
            self.enrollments.pin(device.registration(), to);
        }
        self.note_enrollment(index, device);
    }

    /// A device that is out leaves the move that it was part of: another takes it over, or it left the fleet.
    pub(super) fn leave_move(&mut self, device: DeviceId, now: SimTime) {
        let index = usize::from(self.columns.move_of.replace(device.index(), NOBODY));
        if let Some(run) = self.moves.get_mut(index) {
            run.arrived += 1;
            run.taken_over += 1;
            self.release_ahead(index, device);
            self.close_move(index, now);
        }
    }

    /// A device of a move is connected again. Its downtime counts if it was connected when it was evicted.
    pub(super) fn settle_move(&mut self, device: DeviceId, now: SimTime, lost_at: SimTime) {
        let index = self.columns.move_of.replace(device.index(), NOBODY);
        if index == NOBODY {
            return;
        }
        let index = usize::from(index);
        let run = &mut self.moves[index];
        run.arrived += 1;
        let held = self.columns.identity[device.index()];
        run.at_home += u32::from(run.goes.get(&device) == Some(&held));
        run.last = now;
        debug_assert_ne!(lost_at, NEVER);
        let record = &mut self.devices[device.index()];
        if record.is(Device::MOVING) {
            record.set(Device::MOVING, false);
            let tally = self.downtime_tally(index);
            self.recorder.observe(tally, (now - lost_at).0);
        }
        self.users_may_follow(index);
        self.close_move(index, now);
    }

    /// Ends a move with its last device, and with it the phase during it and a pause that still lasts.
    pub(super) fn close_move(&mut self, index: usize, now: SimTime) {
        let run = &mut self.moves[index];
        if run.is_over() && run.ended.is_none_or(|ended| ended < run.last) {
            run.end_pause(now);
            run.ended = Some(now);
            self.recorder.cut(now);
            self.unwatch_move(index);
        }
    }
}
