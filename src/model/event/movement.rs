//! Moves: devices are evicted in waves, and each finds its new stamp through DPS.

use std::rc::Rc;

use crate::kernel::draws::{Purpose, member};
use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::model::event::Kind;
use crate::model::ids::{DeviceId, StampId};
use crate::model::population::device::{Device, State};
use crate::model::world::{NEVER, NOBODY, World};
use crate::units::SimTime;

impl World<'_> {
    pub(super) fn schedule_moves<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        for (index, plan) in self.config.moves.iter().enumerate() {
            self.other_event(agenda, plan.at, Kind::MoveBegins, plan.key, (index as u32, 0));
        }
    }

    /// A move begins: its devices are selected, the source is closed, the first device is evicted.
    pub(super) fn move_begins<L: EventList>(&mut self, agenda: &mut Agenda<L>, index: usize) {
        self.recorder.cut(agenda.now());
        let plan = Rc::clone(&self.plans[index]);
        let rule = &plan.rule;
        if rule.close_source {
            for stamp in &rule.from {
                self.closed[stamp.index()] = true;
            }
        }
        self.moves[index].begun = true;
        self.moves[index].last = agenda.now();
        self.moves[index].devices = self.select(index);
        self.moves[index].planned = self.moves[index].devices.len() as u32;
        self.schedule_eviction(agenda, index);
    }

    /// The devices of a move in order of eviction, which is drawn.
    pub(super) fn select(&self, index: usize) -> Vec<DeviceId> {
        let plan = &self.plans[index];
        let order =
            |d: DeviceId| self.draws.stream(member(self.device_key(d), plan.key), Purpose::MoveOrder, 0).next_u64();
        let mut chosen: Vec<_> = (0..self.devices.len() as u32)
            .map(DeviceId)
            .filter(|d| self.is_selected(index, *d))
            .map(|d| (order(d), d))
            .collect();
        chosen.sort_unstable();
        let share = (chosen.len() as f64 * plan.selector.share.get()).round() as usize;
        let chosen = chosen.into_iter().take(share).map(|(_, d)| d);
        if plan.rule.level { self.level(plan.rule.to, chosen) } else { chosen.collect() }
    }

    fn is_selected(&self, index: usize, device: DeviceId) -> bool {
        let (rule, selector) = (&self.plans[index].rule, &self.plans[index].selector);
        let record = &self.devices[device.index()];
        let holder = self.columns.identity[device.index()];
        let cohort = selector.cohort.is_none_or(|c| c == record.cohort);
        let region = selector.region.is_none_or(|r| r == record.region);
        let generation = selector.generation.is_none_or(|g| g == self.cohort(device).generation);
        let from = rule.from.is_empty() || rule.from.contains(&holder);
        let ring = rule.ring.is_none_or(|r| r == record.ring);
        let movable = holder != StampId::NONE && !record.is(Device::DORMANT) && rule.to != Some(holder);
        cohort && region && generation && from && ring && movable
    }

    /// Of the chosen devices, those that level the target with the stamps they are on, by planned capacity.
    fn level(&self, to: Option<StampId>, chosen: impl Iterator<Item = DeviceId>) -> Vec<DeviceId> {
        let to = to.expect("a levelling move names its target");
        let peers = |s: &StampId| self.stamps[s.index()].ring == self.stamps[to.index()].ring;
        let stamps: Vec<_> = (0..self.stamps.len() as u16).map(StampId).filter(peers).collect();
        let sum = |of: &dyn Fn(StampId) -> u32| stamps.iter().map(|s| f64::from(of(*s))).sum::<f64>();
        let registered = |s: StampId| self.hubs[s.index()].registered;
        let capacity = |s: StampId| self.stamps[s.index()].capacity;
        let utilisation = sum(&registered) / sum(&capacity);
        let excess = |s: StampId| (f64::from(registered(s)) - utilisation * f64::from(capacity(s))).max(0.0) as u32;
        let mut left: Vec<u32> = (0..self.stamps.len() as u16).map(|s| excess(StampId(s))).collect();
        let mut take = |device: &DeviceId| {
            let left = &mut left[self.columns.identity[device.index()].index()];
            let taken = *left > 0;
            *left -= u32::from(taken);
            taken
        };
        chosen.filter(|d| peers(&self.columns.identity[d.index()]) && take(d)).collect()
    }

    pub(super) fn schedule_eviction<L: EventList>(&mut self, agenda: &mut Agenda<L>, index: usize) {
        let (plan, run) = (Rc::clone(&self.plans[index]), &self.moves[index]);
        if (run.next as usize) < run.devices.len() {
            let at = plan.eviction(run.next, run.planned).max(agenda.now());
            self.other_event(agenda, at, Kind::Evict, plan.key, (index as u32, 0));
        } else if index >= self.config.moves.len() {
            self.schedule_sweep(agenda, index);
        }
    }

    /// The next device of a move is evicted.
    pub(super) fn evict_next<L: EventList>(&mut self, agenda: &mut Agenda<L>, index: usize) {
        if self.moves[index].next as usize == self.moves[index].devices.len() {
            return self.sweep(agenda, index);
        }
        let run = &mut self.moves[index];
        let device = run.devices[run.next as usize];
        run.next += 1;
        let record = self.devices[device.index()];
        if record.is(Device::IN_ASSIGNMENT) {
            // DPS works on it just now; it comes last.
            self.moves[index].devices.push(device);
            return self.schedule_eviction(agenda, index);
        }
        self.schedule_eviction(agenda, index);
        let held = self.columns.identity[device.index()].some().is_some();
        let is_there = self.plans[index].rule.to == Some(record.stamp);
        if !held || !record.state.in_fleet() || is_there || self.left_by_itself(index, device) {
            return; // It left, or is on its way already.
        }
        self.evict(agenda, device, index);
        self.tell_to_register(agenda, device, index);
    }

    /// The operator changes the enrollment and removes the device from its hub, which closes the connection.
    fn evict<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId, index: usize) {
        let now = agenda.now();
        let plan = Rc::clone(&self.plans[index]);
        let rule = &plan.rule;
        if let Some(ring) = rule.to_ring {
            self.devices[device.index()].ring = ring;
        }
        if let Some(to) = rule.to {
            self.enrollments.pin(device.registration(), to);
        }
        let source = self.columns.identity[device.index()];
        self.registry_operation(source, now);
        self.remove_identity(device, now);
        let before = std::mem::replace(&mut self.columns.move_of[device.index()], index as u16);
        if let Some(earlier) = self.moves.get_mut(usize::from(before)) {
            earlier.arrived += 1; // Another move takes it over.
            self.close_move(usize::from(before), now);
        }
        self.moves[index].evicted += 1;
        let connected = self.devices[device.index()].state == State::Connected;
        self.devices[device.index()].set(Device::MOVING, connected);
        if self.devices[device.index()].state == State::Connected {
            self.lose_connection(agenda, device, NOBODY);
        } else {
            self.become_unavailable(device, now, NOBODY);
        }
        self.retire_if_empty(source, now);
    }

    /// A device of a move is connected again. Its downtime counts if it was connected when it was evicted.
    pub(super) fn settle_move(&mut self, device: DeviceId, now: SimTime, lost_at: SimTime) {
        let index = std::mem::replace(&mut self.columns.move_of[device.index()], NOBODY);
        if index == NOBODY {
            return;
        }
        let run = &mut self.moves[usize::from(index)];
        run.arrived += 1;
        run.last = now;
        debug_assert_ne!(lost_at, NEVER);
        let record = &mut self.devices[device.index()];
        if record.is(Device::MOVING) {
            record.set(Device::MOVING, false);
            let tally = self.downtime_tally(usize::from(index));
            self.recorder.observe(tally, (now - lost_at).0);
        }
        self.close_move(usize::from(index), now);
    }

    /// Ends a move with its last device, and the phase during it.
    pub(super) fn close_move(&mut self, index: usize, now: SimTime) {
        let run = &mut self.moves[index];
        if run.is_over() {
            run.ended = Some(now);
            self.recorder.cut(now);
        }
    }
}
