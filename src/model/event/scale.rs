//! Stamps are added, made larger and drained: decision → time that it takes → in force.

use std::borrow::Cow;
use std::rc::Rc;

use crate::kernel::draws::stable_name;
use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::metrics::Level;
use crate::metrics::measure::MeasureKey;
use crate::model::event::{Kind, RESIZED, world_key};
use crate::model::figures::{DRAIN, Queue, Use};
use crate::model::ids::{DeviceId, StampId};
use crate::model::movement::MoveRule;
use crate::model::movement::run::MoveRun;
use crate::model::movement::wave::MoveConfig;
use crate::model::population::device::Device;
use crate::model::population::jitter::Held;
use crate::model::stamp::hub::{Hub, Life, StampConfig};
use crate::model::stamp::scaling::sight::{HubLoad, Sample, Sight, StampSight};
use crate::model::stamp::scaling::{Order, ScaleUp};
use crate::model::world::{Change, Status, World};
use crate::units::{Rate, SimDuration, SimTime};

/// Time between two looks for devices that a drained stamp still holds.
const SWEEP: SimDuration = SimDuration::from_secs(600);

impl World<'_> {
    /// Opens a stamp, active or being deployed.
    pub(super) fn open_stamp(&mut self, config: StampConfig, life: Life, now: SimTime) {
        let hub = Hub::new(&config, life, now, self.config.day_offset);
        self.view.assigned.push(0);
        self.view.capacity.push(config.capacity);
        self.view.weight.push(config.weight);
        self.view.connected.push(0);
        self.view.device_month.push(config.device_month);
        self.stamp_keys.push(config.key);
        self.stamp_regions.push(config.region);
        self.closed.push(false);
        self.stamp_status.push(Status::default());
        self.classes.push(self.new_classes());
        self.jittered.push(vec![Held::default(); self.config.cohorts.len()]);
        let label = MeasureKey::new("stamp_utilisation_ratio").with("stamp", &*config.name);
        let level = self.recorder.level(label, f64::from(config.capacity), true, false, now);
        self.figures.stamp_devices.push(level);
        for queue in [Queue::Connect, Queue::Send, Queue::Registry, Queue::Method] {
            self.figures.uses[queue as usize].push(Use::default());
        }
        if life == Life::Active {
            self.recorder.level_mut(self.figures.stamps_active).add(1, now);
        }
        self.count_units(i64::from(config.units), now);
        self.count_servers(u64::from(config.processing.servers), now, Level::add);
        self.open_lifecycle(now);
        self.stamps.push(config);
        self.hubs.push(hub);
    }

    fn count_units(&mut self, more: i64, now: SimTime) {
        if let Some(level) = self.figures.hub_units {
            let level = self.recorder.level_mut(level);
            level.set(level.value().saturating_add_signed(more), now);
        }
    }

    pub(super) fn schedule_scaling<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        if self.next_decision(agenda, SimTime::ZERO) {
            self.sample(SimTime::ZERO);
        }
    }

    /// Schedules the first decision from a time on, if there is one.
    fn next_decision<L: EventList>(&mut self, agenda: &mut Agenda<L>, from: SimTime) -> bool {
        let next = self.config.scaling.policy.entry().next(from);
        if let Some(at) = next {
            self.other_event(agenda, at, Kind::ScaleCheck, world_key("scaling"), (0, 0));
        }
        next.is_some()
    }

    fn of_ring(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.stamps.len()).filter(|s| self.stamps[*s].ring == self.config.scaling.ring)
    }

    fn sample(&mut self, now: SimTime) {
        let devices = self.of_ring().map(|s| u64::from(self.view.assigned[s])).sum();
        self.history.push(Sample { at: now, devices });
    }

    /// The scaling policy decides.
    pub(super) fn scale_check<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        let now = agenda.now();
        if self.config.scaling.policy.entry().scale_up().is_some_and(ScaleUp::looks_at_use) {
            self.flow_until(now);
        }
        self.decided.1 = now;
        self.sample(now);
        let orders = self.config.scaling.policy.entry().decide(&self.sight(now));
        self.note_decision();
        for order in orders {
            match order {
                Order::Add => self.add_stamp(agenda),
                Order::Resize { stamp, rung } => self.begin_resize(agenda, stamp, rung),
                Order::Drain(stamp) => self.begin_drain(agenda, stamp),
            }
        }
        self.next_decision(agenda, now + SimDuration::MICROSECOND);
    }

    /// What the policy decides from.
    fn sight(&self, now: SimTime) -> Sight<'_> {
        let scaling = &self.config.scaling;
        let life = |s: usize| self.hubs[s].life;
        let taking = self.of_ring().filter(|s| matches!(life(*s), Life::Active | Life::Deploying));
        Sight {
            now,
            lead_time: scaling.lead_time,
            devices: self.history.last().map_or(0, |sample| sample.devices),
            stamps: taking.map(|s| self.stamp_sight(s)).collect(),
            draining: self.of_ring().any(|s| life(s) == Life::Draining),
            grown: self.grown(),
            new_capacity: scaling.template.as_ref().map_or(1, |template| template.capacity),
            room: self.room(),
            history: Cow::Borrowed(&self.history),
        }
    }

    fn stamp_sight(&self, s: usize) -> StampSight<'_> {
        let (hub, stamp) = (&self.hubs[s], &self.stamps[s]);
        let rung = hub.next_rung.unwrap_or(hub.rung);
        StampSight {
            stamp: Some(StampId(s as u16)),
            assigned: self.view.assigned[s],
            capacity: stamp.ladder.get(rung).map_or(stamp.capacity, |rung| rung.capacity),
            active: hub.life == Life::Active,
            changing: hub.next_rung.is_some(),
            rung,
            ladder: &stamp.ladder,
            load: self.hub_load(s),
        }
    }

    /// What a hub had to do since the last decision.
    fn hub_load(&self, s: usize) -> HubLoad {
        let (since, now) = self.decided;
        let uses =
            [Queue::Connect, Queue::Send, Queue::Registry, Queue::Method].map(|q| &self.figures.uses[q as usize][s]);
        let rate = |used: &Use| (used.total - used.seen) as f64 / (now - since).secs().max(1e-6);
        HubLoad {
            messages: self.hubs[s].quota.used(now),
            rates: uses.map(rate),
            method_payload: self.stamps[s].method_payload,
        }
    }

    /// What is used from now on counts for the next decision.
    fn note_decision(&mut self) {
        self.decided.0 = self.decided.1;
        self.figures.uses.iter_mut().flatten().for_each(|used| used.seen = used.total);
    }

    /// When capacity came for the last time.
    fn grown(&self) -> Option<SimTime> {
        let resized = self.changes.iter().filter(|(_, _, change)| *change == Change::Resized).map(|(_, at, _)| *at);
        self.added_at.iter().map(|(_, at)| *at).chain(resized).max()
    }

    /// Stamps that may still be added; retired ones leave room.
    fn room(&self) -> u32 {
        let there = self.hubs.iter().filter(|hub| hub.life != Life::Retired).count() as u32;
        u32::from(self.config.scaling.stamps_max).saturating_sub(there)
    }

    fn add_stamp<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        let scaling = &self.config.scaling;
        let Some(template) = scaling.template.as_ref().filter(|_| self.room() > 0) else { return };
        let name = scaling.name_pattern.replace("{n}", &(scaling.first_number + self.added).to_string());
        self.added += 1;
        let key = stable_name(&name);
        self.open_stamp(StampConfig { name, key, ..template.clone() }, Life::Deploying, agenda.now());
        let index = (self.stamps.len() - 1) as u32;
        self.other_event(agenda, agenda.now() + scaling.lead_time, Kind::StampReady, key, (index, 0));
        self.schedule_server_check(agenda, index as usize, agenda.now() + scaling.lead_time);
    }

    /// A new stamp takes devices from now on.
    pub(super) fn stamp_ready(&mut self, now: SimTime, index: u16) {
        self.hubs[usize::from(index)].life = Life::Active;
        self.recorder.level_mut(self.figures.stamps_active).add(1, now);
        self.added_at.push((StampId(index), now));
        self.close_unserved(now);
    }

    /// An operator calls for another size of a hub.
    fn begin_resize<L: EventList>(&mut self, agenda: &mut Agenda<L>, stamp: StampId, rung: usize) {
        let Some(rule) = self.config.scaling.policy.entry().scale_up() else { return };
        self.hubs[stamp.index()].next_rung = Some(rung);
        let (at, key) = (agenda.now() + rule.delay, self.stamps[stamp.index()].key);
        self.other_event(agenda, at, Kind::StampReady, key, (u32::from(stamp.0), RESIZED));
    }

    /// A hub has its new size: limits, quota and price follow from now on.
    pub(super) fn resized(&mut self, now: SimTime, s: usize) {
        let Some(rung) = self.hubs[s].next_rung.take().filter(|_| self.hubs[s].life == Life::Active) else { return };
        self.hubs[s].rung = rung;
        let config = self.stamps[s].at(&self.stamps[s].ladder[rung]);
        self.resize(now, s, config);
    }

    /// The stamp is another one in size from now on.
    pub(super) fn resize(&mut self, now: SimTime, s: usize, config: StampConfig) {
        self.flow_until(now);
        self.meter_stamp(s, now);
        self.note_size(s);
        let level = self.figures.stamp_devices[s];
        let (before, most) = (self.stamps[s].clone(), self.recorder.level_most(level));
        let most = most.max(self.recorder.level_value(level));
        let hub = &mut self.hubs[s];
        hub.fullest = hub.fullest.max(most as f64 / f64::from(before.capacity));
        hub.set_limits(&config, self.stamp_status[s].capacity, now);
        hub.quota.set_limit(config.edition.messages_per_day * u64::from(config.units), now);
        self.view.capacity[s] = config.capacity;
        self.view.device_month[s] = config.device_month;
        self.recorder.rescale(level, f64::from(config.capacity));
        self.count_units(i64::from(config.units) - i64::from(before.units), now);
        self.stamps[s] = config;
        self.changes.push((StampId(s as u16), now, Change::Resized));
    }

    /// A stamp is closed for good; its devices move off, and it is retired when none is left. The last one stays.
    fn begin_drain<L: EventList>(&mut self, agenda: &mut Agenda<L>, stamp: StampId) {
        let (now, s) = (agenda.now(), stamp.index());
        let open =
            |other: usize| self.hubs[other].life == Life::Active && self.stamps[other].ring == self.stamps[s].ring;
        if !open(s) || !(0..self.hubs.len()).any(|other| other != s && open(other)) {
            return;
        }
        self.close_for_good(s, now);
        if let Some(pace) = self.config.scaling.drain_pace {
            self.forget_dormant(stamp, now);
            if self.hubs[s].registered > 0 {
                self.plan_drain(agenda, stamp, pace);
            }
        }
        self.retire_if_empty(stamp, now);
    }

    /// A stamp takes no device any more.
    pub(super) fn close_for_good(&mut self, s: usize, now: SimTime) {
        self.hubs[s].life = Life::Draining;
        self.closed[s] = true;
        self.recorder.level_mut(self.figures.stamps_active).take(1, now);
    }

    /// The move that empties a stamp.
    fn plan_drain<L: EventList>(&mut self, agenda: &mut Agenda<L>, stamp: StampId, pace: Rate) {
        let name = format!("{DRAIN}-{}", self.stamps[stamp.index()].name);
        let rule = MoveRule { from: vec![stamp], close_source: true, ..MoveRule::default() };
        let run = MoveRun { tally: self.config.moves.len(), ..MoveRun::default() };
        let index = self.add_move(MoveConfig::plain(name, agenda.now(), rule, pace), run);
        self.move_begins(agenda, index);
    }

    /// Devices without power are taken off a drained hub at once; with power they would have to register anew.
    fn forget_dormant(&mut self, stamp: StampId, now: SimTime) {
        for i in 0..self.devices.len() {
            if self.columns.identity[i] == stamp && self.devices[i].is(Device::DORMANT) {
                self.registry_operation(stamp, now);
                self.remove_identity(DeviceId(i as u32), now);
            }
        }
    }

    /// Looks again for devices that a drained stamp holds, such as those that DPS was just assigning to it.
    pub(super) fn sweep<L: EventList>(&mut self, agenda: &mut Agenda<L>, index: usize) {
        if self.is_remedy(index) {
            return; // It was broken off.
        }
        let found = self.select(index);
        self.moves[index].planned += found.len() as u32;
        self.moves[index].devices.extend(found);
        self.schedule_eviction(agenda, index);
    }

    pub(super) fn schedule_sweep<L: EventList>(&mut self, agenda: &mut Agenda<L>, index: usize) {
        let plan = Rc::clone(&self.plans[index]);
        if self.is_remedy(index) {
            return;
        }
        if plan.rule.from.iter().any(|stamp| self.hubs[stamp.index()].registered > 0) {
            self.other_event(agenda, agenda.now() + SWEEP, Kind::Evict, plan.key, (index as u32, 0));
        }
    }

    /// A drained stamp that holds no device any more is torn down: from now on it costs nothing.
    pub(super) fn retire_if_empty(&mut self, stamp: StampId, now: SimTime) {
        let s = stamp.index();
        if self.hubs[s].life != Life::Draining || self.hubs[s].registered > 0 {
            return;
        }
        self.meter_stamp(s, now);
        self.hubs[s].life = Life::Retired;
        self.count_units(-i64::from(self.stamps[s].units), now);
        self.count_servers(u64::from(self.hubs[s].pipeline.servers()), now, Level::take);
        self.changes.push((stamp, now, Change::Retired));
    }
}
