//! What each generation costs, and what a device costs before, during and after a retirement.
//!
//! A stamp's cost is shared by the generations that it held, by their device-time there; a stamp that held nobody is shared
//! by those it serves. What stamps share goes by device-time over all of them. The parts sum exactly to the bill.

use std::collections::BTreeMap;

use crate::analysis::phase::{Phase, When};
use crate::analysis::{Mark, MarkKind};
use crate::cost::{Bill, attribute, per_device, per_month};
use crate::experiment::replication::Costs;
use crate::metrics::{Component, MeasureKey, Usage};
use crate::model::world::{GenerationTime, Outcome};
use crate::units::{Money, SimDuration, SimTime};

type Values = BTreeMap<MeasureKey, f64>;

impl Costs<'_> {
    /// Cost of each generation, in all and by registered device.
    pub(super) fn by_generation(
        &self,
        bill: &Bill,
        times: &[GenerationTime],
        length: SimDuration,
        values: &mut Values,
    ) {
        if times.is_empty() || length.is_zero() {
            return;
        }
        let hours = self.scenario.prices.hours_per_month();
        for (time, cost) in times.iter().zip(self.shares(bill, times)) {
            let label = |name| MeasureKey::new(name).with("generation", time.generation.to_string());
            values.insert(label("cost_usd_per_month"), per_month(cost, length, hours).to_f64());
            if let Some(cost) = per_device(cost, time.by_stamp.iter().sum(), hours) {
                values.insert(label("cost_per_device_usd_per_month").with("per", "registered"), cost);
            }
        }
    }

    /// The part of each generation in a bill.
    fn shares(&self, bill: &Bill, times: &[GenerationTime]) -> Vec<Money> {
        let mut costs = vec![Money::ZERO; times.len()];
        for line in &bill.lines {
            let own = if line.component == Component::Feature { self.feature_generation(&line.meter) } else { None };
            let weights = match own {
                Some(generation) => times.iter().map(|time| u128::from(time.generation == generation)).collect(),
                None => self.weights(line.stamp, times),
            };
            costs.iter_mut().zip(attribute(line.amount, &weights)).for_each(|(cost, part)| *cost += part);
        }
        assert_eq!(costs.iter().sum::<Money>(), bill.total, "generations sum to the total");
        costs
    }

    /// The generation that alone has a feature, by its meter.
    fn feature_generation(&self, meter: &str) -> Option<u16> {
        let model = &self.scenario.model;
        let feature = model.features.iter().find(|feature| feature.meter.as_deref() == Some(meter))?;
        let cohort = feature.audience.cohort.map(|cohort| model.cohorts[cohort.index()].generation);
        feature.audience.generation.or(cohort)
    }

    fn weights(&self, stamp: Option<u16>, times: &[GenerationTime]) -> Vec<u128> {
        let Some(stamp) = stamp.map(usize::from) else {
            return times.iter().map(|time| time.by_stamp.iter().sum()).collect();
        };
        let held: Vec<u128> = times.iter().map(|time| time.by_stamp[stamp]).collect();
        if held.iter().any(|held| *held > 0) {
            return held;
        }
        times.iter().map(|time| u128::from(self.stamps[stamp].serves(time.generation))).collect()
    }

    /// Cost by registered device before, during and after each retirement, from the windows that lie wholly within.
    pub(super) fn by_retirement(&self, outcome: &Outcome, marks: &[Mark], length: SimDuration, values: &mut Values) {
        for mark in marks.iter().filter(|mark| mark.kind == MarkKind::Retirement) {
            for when in When::ALL {
                let phase = Phase { when, of: mark.label.clone() };
                if let Some(cost) = self.of_phase(outcome, &phase, marks, length) {
                    let key = MeasureKey::new("cost_per_device_usd_per_month").with("per", "registered");
                    values.insert(key.with(crate::analysis::phase::LABEL, phase.to_string()), cost);
                }
            }
        }
    }

    fn of_phase(&self, outcome: &Outcome, phase: &Phase, marks: &[Mark], length: SimDuration) -> Option<f64> {
        let window = self.scenario.model.window;
        let (mut usage, mut devices, mut long) = (Usage::new(), 0, SimDuration::ZERO);
        let mut before = 0;
        for (i, (used, (registered, _))) in outcome.usage.iter().zip(&outcome.device_time).enumerate() {
            let from = SimTime::ZERO + window * i as u64;
            let until = (from + window).min(SimTime::ZERO + length);
            if phase.holds((from, until), marks) {
                usage.merge(used);
                devices += registered - before;
                long += until - from;
            }
            before = *registered;
        }
        let cost = (!long.is_zero()).then(|| self.bill(&usage, long).total)?;
        per_device(cost, devices, self.scenario.prices.hours_per_month())
    }
}
