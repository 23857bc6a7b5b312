//! Twins: reads and updates of each tick as a flow through their own throttles of each hub, metered like messages.

use crate::kernel::draws::{Purpose, member};
use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::metrics::measure::MeasureKey;
use crate::model::event::{Kind, world_key};
use crate::model::ids::StampId;
use crate::model::limit::Shaping;
use crate::model::population::twins::Twins;
use crate::model::stamp::twins::{Operation, TwinThrottle};
use crate::model::world::World;
use crate::units::{Rate, SimTime};

impl World<'_> {
    pub(super) fn has_twins(&self) -> bool {
        self.config.cohorts.iter().any(|cohort| cohort.twins.is_some())
    }

    /// Schedules the operations on twins, where there are any.
    pub(super) fn begin_twins<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        if self.has_twins() {
            self.schedule_twins(agenda);
        }
    }

    /// The next tick of operations on twins.
    pub(super) fn schedule_twins<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        let next = self.twins_end(agenda.now());
        self.other_event(agenda, next, Kind::TwinTick, world_key("twins"), (0, self.flow_chain()));
    }

    /// A tick of operations on twins ends.
    pub(super) fn twin_tick<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        self.twins_until(agenda.now());
        self.schedule_twins(agenda);
    }

    /// Carries the operations on twins out up to now.
    pub(super) fn twins_until(&mut self, now: SimTime) {
        let from = std::mem::replace(&mut self.twinned, now);
        if from == now || !self.has_twins() {
            return;
        }
        for stamp in (0..self.hubs.len() as u16).map(StampId) {
            for operation in Operation::ALL {
                self.twin_flow(stamp, operation, (from, now));
            }
        }
    }

    /// The operations of one kind on one hub; a hub that is down is asked nothing.
    fn twin_flow(&mut self, stamp: StampId, operation: Operation, (from, now): (SimTime, SimTime)) {
        let s = stamp.index();
        let Some(limit) = operation.limit(&self.stamps[s].edition, self.stamps[s].units) else { return };
        let status = self.stamp_status[s];
        if status.down.is_some() {
            return;
        }
        let (mut n, mut blocks) = (0, 0);
        for cohort in 0..self.config.cohorts.len() {
            let Some(twins) = self.config.cohorts[cohort].twins else { continue };
            let drawn = self.twin_operations(stamp, cohort, &twins, operation, (from, now));
            n += drawn;
            blocks += drawn * twins.size.blocks(self.stamps[s].edition.meter_block);
        }
        let limit = limit.scaled((status.capacity * 1e6).round() as u64, 1_000_000);
        self.know_throttles(stamp);
        self.pass_twins(stamp, operation, (limit, from, now), (n, blocks));
    }

    /// Operations that pass the quota, then the throttle; what passes both is metered.
    fn pass_twins(
        &mut self,
        stamp: StampId,
        operation: Operation,
        (limit, from, now): (Rate, SimTime, SimTime),
        (n, blocks): (u64, u64),
    ) {
        let s = stamp.index();
        let allowed = if self.stamps[s].path.quota_enforced && blocks > 0 {
            // The share of the tick that fits into what is left of the day.
            let room = self.hubs[s].quota.room(from).min(blocks);
            (u128::from(n) * u128::from(room) / u128::from(blocks)) as u64
        } else {
            n
        };
        let throttle = &mut self.twins[s][operation as usize];
        throttle.over_quota += n - allowed;
        let refused = throttle.offer(limit, (from, now), allowed);
        let metered =
            if n == 0 { 0 } else { (u128::from(blocks) * u128::from(allowed - refused) / u128::from(n)) as u64 };
        self.hubs[s].quota.meter(from, metered);
    }

    /// Operations of one kind that a hub is asked for [1/s].
    pub(super) fn twin_rate(&self, stamp: StampId, operation: Operation) -> f64 {
        let of = |cohort: usize| {
            let twins = self.config.cohorts[cohort].twins.as_ref();
            twins.map_or(0.0, |twins| f64::from(self.classes[stamp.index()][cohort].connected) * rate(operation, twins))
        };
        (0..self.config.cohorts.len()).map(of).sum()
    }

    fn twin_operations(
        &self,
        stamp: StampId,
        cohort: usize,
        twins: &Twins,
        operation: Operation,
        (from, now): (SimTime, SimTime),
    ) -> u64 {
        let connected = f64::from(self.classes[stamp.index()][cohort].connected);
        let mean = connected * rate(operation, twins) * (now - from).secs();
        if mean <= 0.0 {
            return 0;
        }
        let entity = member(self.config.cohorts[cohort].key, self.stamp_keys[stamp.index()]);
        let entity = member(entity, operation as u64);
        self.draws.stream(entity, Purpose::TwinOperations, from.0).poisson(mean)
    }

    /// The throttles of a hub begin when it is asked first.
    fn know_throttles(&mut self, stamp: StampId) {
        while self.twins.len() <= stamp.index() {
            let config = &self.stamps[self.twins.len()];
            let new = |operation: Operation| {
                let limit = operation.limit(&config.edition, config.units).unwrap_or(Rate::ZERO);
                TwinThrottle::new(limit, Shaping::default(), SimTime::ZERO)
            };
            let pair = Operation::ALL.map(new);
            self.twins.push(pair);
        }
    }

    /// Share of the operations refused, by throttle and by quota, and how far the limits were used.
    pub(super) fn twin_figures(&self, out: &mut Vec<(MeasureKey, f64)>) {
        if !self.has_twins() {
            return;
        }
        for operation in Operation::ALL {
            let of = self.twins.iter().map(|pair| &pair[operation as usize]);
            let sum = |count: fn(&TwinThrottle) -> u64| of.clone().map(count).sum::<u64>();
            let (offered, refused, over) = (sum(|t| t.offered), sum(|t| t.refused), sum(|t| t.over_quota));
            let key = |name| MeasureKey::new(name).with("throttle", operation.throttle());
            let asked = offered + over;
            out.push((MeasureKey::new("twin_operations").with("throttle", operation.throttle()), asked as f64));
            if asked > 0 {
                out.push((key("throttle_rejected_ratio"), refused as f64 / asked as f64));
                out.push((key("twin_lost_ratio"), (refused + over) as f64 / asked as f64));
            }
            let room: f64 = of.clone().map(|t| t.room).sum();
            if room > 0.0 {
                let used = key("throttle_utilisation_ratio").with("stat", "mean");
                out.push((used, (offered - refused) as f64 / room));
            }
        }
    }
}

/// Operations of one device [1/s].
fn rate(operation: Operation, twins: &Twins) -> f64 {
    match operation {
        Operation::Read => twins.reads,
        Operation::Update => twins.updates,
    }
}
