//! Features: stages bring them to stamps, a roll-back takes them off, and what they cost and break is counted.

use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::metrics::measure::MeasureKey;
use crate::metrics::{Component, Quantity};
use crate::model::condition::{Condition, Target};
use crate::model::event::Kind;
use crate::model::ids::{DeviceId, StampId};
use crate::model::lifecycle::feature::FeatureRun;
use crate::model::world::World;
use crate::units::SimTime;

/// Sequence of the event that takes a feature off all stamps.
const ROLL_BACK: u16 = u16::MAX;

impl World<'_> {
    /// Before any stamp opens: registers the features, and schedules their stages.
    pub(super) fn begin_features<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        let config = self.config;
        for (f, feature) in config.features.iter().enumerate() {
            let label = MeasureKey::new("feature_devices").with("feature", &*feature.name);
            let level = self.recorder.level(label, 1.0, true, true, SimTime::ZERO);
            self.lifecycle.features.push(FeatureRun::new(level));
            for (stage, planned) in feature.stages.iter().enumerate() {
                self.other_event(agenda, planned.at, Kind::FeatureChanges, feature.key, (f as u32, stage as u16));
            }
            if let Some(at) = feature.roll_back {
                self.other_event(agenda, at, Kind::FeatureChanges, feature.key, (f as u32, ROLL_BACK));
            }
        }
    }

    /// A stage begins, or the feature is rolled back.
    pub(super) fn feature_changes(&mut self, now: SimTime, f: usize, stage: u16) {
        let config = self.config;
        if stage == ROLL_BACK {
            (0..self.stamps.len()).for_each(|s| self.set_feature(f, s, false, now));
        } else {
            for stamp in &config.features[f].stages[usize::from(stage)].stamps {
                self.set_feature(f, stamp.index(), true, now);
            }
        }
        self.note_feature(f, now);
    }

    fn set_feature(&mut self, f: usize, s: usize, on: bool, now: SimTime) {
        let there =
            |i: &usize| self.columns.identity[*i] == StampId(s as u16) && self.has_feature(f, DeviceId(*i as u32));
        let devices = if on { (0..self.devices.len()).filter(there).count() as u64 } else { 0 };
        let run = &mut self.lifecycle.features[f];
        run.on[s] = on;
        run.devices[s].set(devices, now);
    }

    /// Whether a device belongs to a feature's audience.
    fn has_feature(&self, f: usize, device: DeviceId) -> bool {
        let cohort = self.devices[device.index()].cohort;
        self.config.features[f].audience.has(cohort, self.cohort(device).generation)
    }

    /// An identity comes to a stamp or leaves it.
    pub(super) fn device_of_features(&mut self, device: DeviceId, stamp: StampId, comes: bool, now: SimTime) {
        for f in 0..self.lifecycle.features.len() {
            if self.lifecycle.features[f].on[stamp.index()] && self.has_feature(f, device) {
                let level = &mut self.lifecycle.features[f].devices[stamp.index()];
                if comes {
                    level.add(1, now);
                } else {
                    level.take(1, now);
                }
                self.note_feature(f, now);
            }
        }
    }

    /// Takes the devices of a feature over all stamps, and the share that it strikes.
    fn note_feature(&mut self, f: usize, now: SimTime) {
        let devices: u64 = self.lifecycle.features[f].devices.iter().map(crate::metrics::Level::value).sum();
        self.recorder.level_mut(self.lifecycle.features[f].level).set(devices, now);
        let registered = self.registered().max(devices).max(1);
        if self.config.features[f].breaks {
            let share = devices as f64 / registered as f64;
            let run = &mut self.lifecycle.features[f];
            run.blast = Some(run.blast.map_or(share, |blast| blast.max(share)));
        }
    }

    /// Share of a device's requests that a stamp fails.
    #[inline]
    pub(super) fn errors_for(&self, device: DeviceId, stamp: StampId) -> f64 {
        let status = &self.stamp_status[stamp.index()];
        if status.errs_by_feature { self.with_features(status.errors, device, stamp) } else { status.errors }
    }

    fn with_features(&self, errors: f64, device: DeviceId, stamp: StampId) -> f64 {
        let mut passes = 1.0 - errors;
        for (_, effect) in self.active.iter().filter(|(_, effect)| effect.target == Target::Stamp(stamp)) {
            if let Condition::ErrorRateOf(share, f) = effect.condition
                && self.has_feature(usize::from(f), device)
            {
                passes *= 1.0 - share;
            }
        }
        1.0 - passes
    }

    /// A connection attempt or a call reached a stamp.
    #[inline]
    pub(super) fn note_request(&mut self, stamp: StampId, failed: bool) {
        let (all, bad) = &mut self.lifecycle.requests[stamp.index()];
        *all += 1;
        *bad += u64::from(failed);
    }

    /// Device-time of each feature since it was metered last.
    pub(super) fn meter_features(&mut self, now: SimTime) {
        for (feature, run) in self.config.features.iter().zip(&mut self.lifecycle.features) {
            let Some(meter) = &feature.meter else { continue };
            for stamp in 0..run.on.len() {
                let held = run.bill(stamp, now);
                if held > 0 {
                    self.held.0.add(Component::Feature, Some(stamp as u16), meter, Quantity::UnitMicros(held));
                }
            }
        }
    }

    /// Blast radius of each feature that breaks something, and the requests that each stamp failed.
    pub(super) fn feature_figures(&self, out: &mut Vec<(MeasureKey, f64)>) {
        let mut breaks = false;
        for (feature, run) in self.config.features.iter().zip(&self.lifecycle.features) {
            breaks |= feature.breaks;
            let key = MeasureKey::new("blast_radius_ratio").with("feature", &*feature.name);
            out.extend(run.blast.map(|blast| (key, blast)));
        }
        for (stamp, (all, bad)) in self.stamps.iter().zip(&self.lifecycle.requests) {
            if breaks && *all > 0 {
                let key = MeasureKey::new("hub_error_ratio").with("stamp", &*stamp.name);
                out.push((key, *bad as f64 / *all as f64));
            }
        }
    }
}
