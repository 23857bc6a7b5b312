//! A generation is retired: its devices leave one by one, and stamps that serve nobody else follow when they are empty.

use crate::kernel::draws::{Purpose, member};
use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::model::event::Kind;
use crate::model::ids::{DeviceId, StampId};
use crate::model::stamp::hub::Life;
use crate::model::world::World;
use crate::units::SimTime;

impl World<'_> {
    pub(super) fn schedule_retirements<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        for (r, plan) in self.config.retirements.iter().enumerate() {
            self.expect_edge(agenda, plan.at);
            self.other_event(agenda, plan.at, Kind::RetirementBegins, plan.key, (r as u32, 0));
        }
    }

    /// A retirement begins: nobody of the generation joins any more, its own stamps close, the first device leaves.
    pub(super) fn retirement_begins<L: EventList>(&mut self, agenda: &mut Agenda<L>, r: usize) {
        let now = agenda.now();
        self.recorder.cut(now);
        let generation = self.config.retirements[r].generation;
        for (closed, cohort) in self.lifecycle.closed.iter_mut().zip(&self.config.cohorts) {
            *closed |= cohort.generation == generation;
        }
        self.lifecycle.retirements[r].begun = true;
        self.lifecycle.retirements[r].devices = self.leaving(r);
        self.close_unserved(now);
        self.schedule_leaving(agenda, r);
    }

    /// The devices of a retirement with the times at which they leave, in order.
    fn leaving(&self, r: usize) -> Vec<(SimTime, DeviceId)> {
        let plan = &self.config.retirements[r];
        let of_generation =
            |d: &DeviceId| self.devices[d.index()].state.in_fleet() && self.cohort(*d).generation == plan.generation;
        let draw = |d: DeviceId, purpose| self.draws.stream(member(self.device_key(d), plan.key), purpose, 0);
        let all = (0..self.devices.len() as u32).map(DeviceId).filter(of_generation);
        let mut order: Vec<_> = all.map(|d| (draw(d, Purpose::RetirementOrder).next_u64(), d)).collect();
        order.sort_unstable();
        let (n, devices) = (order.len() as u64, order.into_iter().enumerate());
        let mut leaving: Vec<_> = devices
            .map(|(i, (_, d))| {
                let after = plan.leaving.after(i as u64, n, &mut draw(d, Purpose::RetirementTime));
                (plan.at.saturating_add(after), d)
            })
            .collect();
        leaving.sort_by_key(|(at, _)| *at);
        leaving
    }

    fn schedule_leaving<L: EventList>(&mut self, agenda: &mut Agenda<L>, r: usize) {
        let key = self.config.retirements[r].key;
        let run = &mut self.lifecycle.retirements[r];
        if let Some((at, _)) = run.devices.get(run.next) {
            let at = *at;
            return self.other_event(agenda, at, Kind::DeviceLeaves, key, (r as u32, 0));
        }
        run.ended = Some(agenda.now());
        self.recorder.cut(agenda.now());
    }

    /// The next device of a retirement leaves the fleet.
    pub(super) fn device_leaves<L: EventList>(&mut self, agenda: &mut Agenda<L>, r: usize) {
        let now = agenda.now();
        let run = &mut self.lifecycle.retirements[r];
        let (_, device) = run.devices[run.next];
        run.next += 1;
        self.lifecycle.gone[self.devices[device.index()].cohort.index()] += 1;
        self.retire(device, now);
        self.schedule_leaving(agenda, r);
    }

    /// Closes the stamps whose every generation is being retired; those without a device are retired at once.
    pub(super) fn close_unserved(&mut self, now: SimTime) {
        let runs = self.config.retirements.iter().zip(&self.lifecycle.retirements);
        let retired: Vec<u16> = runs.filter(|(_, run)| run.begun).map(|(plan, _)| plan.generation).collect();
        for s in 0..self.stamps.len() {
            let served = &self.stamps[s].generations;
            let unserved = !served.is_empty() && served.iter().all(|generation| retired.contains(generation));
            if unserved && self.hubs[s].life == Life::Active {
                self.close_for_good(s, now);
                self.retire_if_empty(StampId(s as u16), now);
            }
        }
    }

    /// Start and end of each retirement that began.
    pub(super) fn retirement_spans(&self, now: SimTime) -> Vec<(String, SimTime, SimTime)> {
        let begun = self.config.retirements.iter().zip(&self.lifecycle.retirements).filter(|(_, run)| run.begun);
        begun.map(|(plan, run)| (plan.name.clone(), plan.at, run.ended.unwrap_or(now))).collect()
    }
}
