//! Generations side by side: who holds which stamp, and what the figures say of each.

use crate::metrics::Level;
use crate::metrics::measure::MeasureKey;
use crate::model::ids::{DeviceId, StampId};
use crate::model::lifecycle::retirement::RetirementRun;
use crate::model::world::{GenerationTime, World};
use crate::units::SimTime;

impl World<'_> {
    /// Before any stamp opens: what is told apart.
    pub(super) fn begin_generations(&mut self) {
        let (config, cohorts) = (self.config, self.config.cohorts.len());
        let lifecycle = &mut self.lifecycle;
        lifecycle.generations = config.generations();
        lifecycle.held = vec![Vec::new(); lifecycle.generations.len()];
        lifecycle.retirements = vec![RetirementRun::default(); config.retirements.len()];
        (lifecycle.gone, lifecycle.closed) = (vec![0; cohorts], vec![false; cohorts]);
    }

    /// One stamp more: it holds no device of any generation and has no feature.
    pub(super) fn open_lifecycle(&mut self, now: SimTime) {
        self.lifecycle.held.iter_mut().for_each(|stamps| stamps.push(Level::new(0, now)));
        self.lifecycle.features.iter_mut().for_each(|feature| feature.open_stamp(now));
        self.lifecycle.requests.push((0, 0));
    }

    /// An identity comes to a stamp or leaves it.
    #[inline]
    pub(super) fn device_of_lifecycle(&mut self, device: DeviceId, stamp: StampId, comes: bool, now: SimTime) {
        if let Some(generation) = self.generation_index(device) {
            let level = &mut self.lifecycle.held[generation][stamp.index()];
            if comes { level.add(1, now) } else { level.take(1, now) }
        }
        if !self.lifecycle.features.is_empty() {
            self.device_of_features(device, stamp, comes, now);
        }
    }

    /// Number of a device's generation among those that figures tell apart.
    #[inline]
    pub(super) fn generation_index(&self, device: DeviceId) -> Option<usize> {
        if self.lifecycle.generations.is_empty() {
            return None;
        }
        let generation = self.cohort(device).generation;
        self.lifecycle.generations.iter().position(|known| *known == generation)
    }

    /// Devices of a cohort that are part of the fleet, those included that have not registered yet.
    pub(super) fn in_fleet(&self, cohort: usize) -> u32 {
        self.cohort_joined[cohort] - self.lifecycle.gone[cohort]
    }

    /// Registered devices of each generation, of which none is affected yet.
    pub(super) fn registered_by_generation(&self) -> Vec<(u64, u64)> {
        let all = self.lifecycle.held.iter();
        all.map(|stamps| (stamps.iter().map(Level::value).sum(), 0)).collect()
    }

    /// Device-time of each generation by stamp.
    pub(super) fn generation_times(&mut self, now: SimTime) -> Vec<GenerationTime> {
        let lifecycle = &mut self.lifecycle;
        let held = lifecycle.generations.iter().zip(&mut lifecycle.held);
        let time = |stamps: &mut Vec<Level>| stamps.iter_mut().map(|level| level.integral(now)).collect();
        held.map(|(generation, stamps)| GenerationTime { generation: *generation, by_stamp: time(stamps) }).collect()
    }

    /// Blast radius of each fault by generation: its affected devices over its registered ones.
    pub(super) fn generation_figures(&self, out: &mut Vec<(MeasureKey, f64)>) {
        for (g, generation) in self.lifecycle.generations.iter().enumerate() {
            for (f, fault) in self.config.faults.iter().enumerate() {
                let occurrences = self.occurrences.iter().filter(|occurrence| occurrence.fault == f);
                let share = |(registered, affected): (u64, u64)| {
                    // A fault may strike devices that had not registered when it began.
                    affected as f64 / registered.max(affected).max(1) as f64
                };
                let worst = occurrences.map(|occurrence| share(occurrence.by_generation[g])).reduce(f64::max);
                let key = MeasureKey::new("blast_radius_ratio").with("fault", &*fault.name);
                out.extend(worst.map(|worst| (key.with("generation", generation.to_string()), worst)));
            }
        }
    }
}
