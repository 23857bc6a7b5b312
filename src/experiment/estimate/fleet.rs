//! Devices and stamps over time: growth is deterministic, so when the next stamp is due needs no simulation.

use std::borrow::Cow;

use crate::model::config::ModelConfig;
use crate::model::ids::{RingId, StampId};
use crate::model::stamp::hub::StampConfig;
use crate::model::stamp::scaling::Order;
use crate::model::stamp::scaling::sight::{HubLoad, Sample, Sight, StampSight};
use crate::units::{SimDuration, SimTime};

/// Most stamps that are counted beyond those of the scenario.
const ADDED_MAX: usize = 10_000;
/// Most points of time at which a fleet is looked at.
const POINTS_MAX: u64 = 4_096;

/// A stamp that the fleet needs beyond those of the scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Added {
    /// The stamp.
    pub stamp: StampConfig,
    /// When it must be ordered: the lead time before it takes devices.
    pub ordered: SimTime,
    /// When it takes devices.
    pub ready: SimTime,
    /// Whether the scenario's policy orders it; else it is due and nothing in the scenario provides it.
    pub planned: bool,
}

/// The fleet of a model over time.
#[derive(Debug)]
pub(super) struct Fleet<'a> {
    /// The model.
    pub(super) model: &'a ModelConfig,
    /// Stamps beyond those of the scenario, in the order in which they are ordered.
    pub(super) added: Vec<Added>,
}

impl<'a> Fleet<'a> {
    /// Follows the growth of all cohorts and the decisions of the scaling policy.
    pub(super) fn of(model: &'a ModelConfig) -> Self {
        let mut added = planned(model);
        if added.is_empty() && !model.scaling.policy.entry().adds() {
            added = due(model);
        }
        Self { model, added }
    }

    /// Devices of a cohort at a time.
    pub(super) fn cohort(&self, cohort: usize, at: SimTime) -> f64 {
        cohort_devices(self.model, cohort, at)
    }

    /// Devices at a time.
    pub(super) fn devices(&self, at: SimTime) -> f64 {
        (0..self.model.cohorts.len()).map(|cohort| self.cohort(cohort, at)).sum()
    }

    /// Devices of a ring at a time.
    pub(super) fn ring(&self, ring: RingId, at: SimTime) -> f64 {
        ring_devices(self.model, ring, at)
    }

    /// Stamps that the simulation would have at a time, those being deployed left out.
    pub(super) fn stamps(&self, at: SimTime) -> impl Iterator<Item = &StampConfig> {
        let ready = self.added.iter().filter(move |added| added.planned && added.ready <= at);
        self.model.stamps.iter().chain(ready.map(|added| &added.stamp))
    }

    /// Planned capacity of a ring at a time [devices].
    pub(super) fn capacity(&self, ring: RingId, at: SimTime) -> f64 {
        self.stamps(at).filter(|stamp| stamp.ring == ring).map(|stamp| f64::from(stamp.capacity)).sum()
    }

    /// Expected devices on a stamp at a time: its share of the ring by planned capacity.
    pub(super) fn on_stamp(&self, stamp: &StampConfig, at: SimTime) -> f64 {
        let capacity = self.capacity(stamp.ring, at);
        if capacity > 0.0 { self.ring(stamp.ring, at) * f64::from(stamp.capacity) / capacity } else { 0.0 }
    }

    /// End of the run.
    pub(super) fn end(&self) -> SimTime {
        SimTime::ZERO + self.model.horizon
    }

    /// The integral of the devices over the run [devices x us]; between two looks at growth the count stands still.
    pub(super) fn device_time(&self) -> u128 {
        self.integral(&|at| self.devices(at))
    }

    /// The same for one ring.
    pub(super) fn ring_time(&self, ring: RingId) -> u128 {
        self.integral(&|at| self.ring(ring, at))
    }

    fn integral(&self, devices: &dyn Fn(SimTime) -> f64) -> u128 {
        let times = looks(self.model, u64::MAX);
        times.windows(2).map(|pair| devices(pair[0]) as u128 * u128::from((pair[1] - pair[0]).0)).sum()
    }

    /// Times at which the fleet is looked at: evenly, and where a stamp takes its first devices.
    pub(super) fn times(&self) -> Vec<SimTime> {
        let mut times = looks(self.model, POINTS_MAX);
        times.extend(self.added.iter().map(|added| added.ready).filter(|at| *at <= self.end()));
        times.sort_unstable();
        times.dedup();
        times
    }
}

fn cohort_devices(model: &ModelConfig, cohort: usize, at: SimTime) -> f64 {
    let cohort = &model.cohorts[cohort];
    f64::from(cohort.growth.entry().count(cohort.devices, at))
}

fn ring_devices(model: &ModelConfig, ring: RingId, at: SimTime) -> f64 {
    let of_ring = (0..model.cohorts.len()).filter(|cohort| model.cohorts[*cohort].ring == ring);
    of_ring.map(|cohort| cohort_devices(model, cohort, at)).sum()
}

/// Both ends of the run, every jump of growth, and at most so many of its ticks in between; just the ends for a fleet that
/// never changes.
fn looks(model: &ModelConfig, most: u64) -> Vec<SimTime> {
    let end = SimTime::ZERO + model.horizon;
    let mut times = vec![SimTime::ZERO, end];
    if model.cohorts.iter().any(|cohort| cohort.growth.entry().changes()) {
        let ticks = model.horizon.0 / model.growth_tick.0.max(1);
        let stride = ticks.div_ceil(most).max(1);
        times.extend((1..=ticks / stride).map(|i| SimTime(i * stride * model.growth_tick.0)));
        let jumps = model.cohorts.iter().flat_map(|cohort| cohort.growth.entry().jumps());
        times.extend(jumps);
    }
    times.retain(|at| *at <= end);
    times.sort_unstable();
    times.dedup();
    times
}

/// Stamps that the scenario's own policy orders, asked at its own times with the counts that growth gives. Hubs that grow count
/// with the size they get; a drain is left to the simulation.
fn planned(model: &ModelConfig) -> Vec<Added> {
    let scaling = &model.scaling;
    let Some(template) = scaling.template.as_ref().filter(|_| scaling.policy.entry().adds()) else {
        return Vec::new();
    };
    let (policy, end) = (scaling.policy.entry(), SimTime::ZERO + model.horizon);
    let mut plan = Plan::of(model);
    let mut added: Vec<Added> = Vec::new();
    plan.look(model, SimTime::ZERO);
    let mut next = policy.next(SimTime::ZERO);
    while let Some(at) = next.filter(|at| *at < end) {
        plan.look(model, at);
        for order in policy.decide(&plan.sight(model, at)) {
            match order {
                Order::Add => {
                    if added.len() >= ADDED_MAX {
                        return added;
                    }
                    let number = scaling.first_number + added.len() as u32;
                    let name = scaling.name_pattern.replace("{n}", &number.to_string());
                    plan.stamps.push((template, 0));
                    let stamp = StampConfig { name, ..template.clone() };
                    added.push(Added { stamp, ordered: at, ready: at + scaling.lead_time, planned: true });
                }
                Order::Resize { stamp, rung } => plan.stamps[stamp.index()].1 = rung,
                Order::Drain(_) => {}
            }
        }
        next = policy.next(at + SimDuration::MICROSECOND);
    }
    added
}

/// The stamps of the scaled ring with their rungs, and the devices so far.
struct Plan<'a> {
    stamps: Vec<(&'a StampConfig, usize)>,
    history: Vec<Sample>,
}

impl<'a> Plan<'a> {
    fn of(model: &'a ModelConfig) -> Self {
        let of_ring = model.stamps.iter().filter(|stamp| stamp.ring == model.scaling.ring);
        Self { stamps: of_ring.map(|stamp| (stamp, 0)).collect(), history: Vec::new() }
    }

    fn look(&mut self, model: &ModelConfig, at: SimTime) {
        self.history.push(Sample { at, devices: ring_devices(model, model.scaling.ring, at) as u64 });
    }

    /// Devices spread by planned capacity.
    fn sight(&self, model: &ModelConfig, now: SimTime) -> Sight<'_> {
        let scaling = &model.scaling;
        let devices = self.history.last().map_or(0, |sample| sample.devices);
        let capacity =
            |(stamp, rung): (&StampConfig, usize)| stamp.ladder.get(rung).map_or(stamp.capacity, |rung| rung.capacity);
        let all: u64 = self.stamps.iter().map(|s| u64::from(capacity(*s))).sum();
        let stamps = self.stamps.iter().enumerate().map(|(i, (stamp, rung))| {
            let planned = capacity((stamp, *rung));
            StampSight {
                stamp: Some(StampId(i as u16)),
                assigned: (devices * u64::from(planned) / all.max(1)) as u32,
                capacity: planned,
                active: true,
                changing: false,
                rung: *rung,
                ladder: &stamp.ladder,
                load: HubLoad::default(),
            }
        });
        let others = model.stamps.iter().filter(|stamp| stamp.ring != scaling.ring).count();
        Sight {
            now,
            lead_time: scaling.lead_time,
            devices,
            stamps: stamps.collect(),
            draining: false,
            grown: None,
            new_capacity: scaling.template.as_ref().map_or(1, |template| template.capacity),
            room: u32::from(scaling.stamps_max).saturating_sub((others + self.stamps.len()) as u32),
            history: Cow::Borrowed(&self.history),
        }
    }
}

/// Stamps that are due when a ring outgrows its planned capacity and no policy adds any: more of the ring's last one.
fn due(model: &ModelConfig) -> Vec<Added> {
    let mut added = Vec::new();
    for ring in (0..model.rings.len()).map(|ring| RingId(ring as u8)) {
        let Some(last) = model.stamps.iter().rfind(|stamp| stamp.ring == ring) else { continue };
        let of_ring = model.stamps.iter().filter(|stamp| stamp.ring == ring);
        let mut capacity: f64 = of_ring.map(|stamp| f64::from(stamp.capacity)).sum();
        for at in looks(model, POINTS_MAX) {
            while ring_devices(model, ring, at) > capacity && added.len() < ADDED_MAX {
                capacity += f64::from(last.capacity.max(1));
                let ordered = SimTime(at.0.saturating_sub(model.scaling.lead_time.0));
                let name = format!("one more {}", last.name);
                added.push(Added { stamp: StampConfig { name, ..last.clone() }, ordered, ready: at, planned: false });
            }
        }
    }
    added.sort_by_key(|added| added.ready);
    added
}
