//! Floors beside simulated figures: what the limits alone allow, with the crowd that the run itself had.
//!
//! A floor is left out where devices could come back another way, and where it is zero: it says nothing there.

use std::collections::BTreeMap;

use super::fleet::Fleet;
use crate::analysis::Study;
use crate::metrics::MeasureKey;
use crate::model::condition::{Condition, Target};
use crate::model::config::ModelConfig;
use crate::model::fault::{FaultConfig, Schedule};
use crate::model::population::cohort::{ReconnectRule, Start};
use crate::model::stamp::hub::StampConfig;
use crate::model::stamp::scaling::Reach;
use crate::scenario::Scenario;
use crate::theory::floors::{admission_floor, latency_floor};
use crate::units::SimTime;

/// Shares of devices by the words of their label.
const SHARES: [(&str, f64); 4] = [("50 %", 0.5), ("90 %", 0.9), ("99 %", 0.99), ("100 %", 1.0)];

/// The floor of each move, which the run itself observed.
fn moves(study: &Study) -> impl Iterator<Item = (MeasureKey, f64)> + '_ {
    let observed = study.estimates.iter().filter(|(key, estimate)| key.name == "move_floor_s" && estimate.n > 0);
    observed.filter_map(|(key, estimate)| {
        let duration = MeasureKey::new("move_duration_s").with("move", key.labels.get("move")?);
        Some((duration, estimate.mean))
    })
}

/// The floor of every figure that has one above zero.
pub fn floors(scenario: &Scenario, study: &Study) -> BTreeMap<MeasureKey, f64> {
    let mut floors = cost(study);
    for fault in &scenario.model.faults {
        floors.extend(recovery(&scenario.model, fault, study));
    }
    floors.extend(registration(&scenario.model, study));
    floors.extend(moves(study));
    floors.retain(|key, floor| *floor > 0.0 && study.estimates.contains_key(key));
    floors
}

fn mean(study: &Study, key: &MeasureKey) -> Option<f64> {
    study.estimates.get(key).map(|estimate| estimate.mean).filter(|mean| mean.is_finite())
}

/// Cost were every stamp exactly full, as the bill has it.
fn cost(study: &Study) -> BTreeMap<MeasureKey, f64> {
    let per = |per: &'static str| MeasureKey::new("cost_per_device_usd_per_month").with("per", per);
    let all = MeasureKey::new("cost_usd_per_month");
    let per_device = mean(study, &per("floor")).map(|floor| (per("registered"), floor));
    let premium = mean(study, &MeasureKey::new("cost_premium_ratio")).filter(|premium| *premium > 0.0);
    let of_all = mean(study, &all).zip(premium).map(|(cost, premium)| (all, cost / premium));
    per_device.into_iter().chain(of_all).collect()
}

/// Time to recover: the devices that the fault affected, through the connect throttles of the hubs that take them back.
fn recovery(model: &ModelConfig, fault: &FaultConfig, study: &Study) -> Vec<(MeasureKey, f64)> {
    let Schedule::At { at, .. } = fault.schedule else { return Vec::new() };
    let hubs = takers(model, fault);
    let blast = mean(study, &MeasureKey::new("blast_radius_ratio").with("fault", &*fault.name));
    let Some(blast) = blast.filter(|_| !hubs.is_empty()) else { return Vec::new() };
    let rate: f64 = hubs.iter().map(|hub| hub.edition.connects.of(hub.units).per_second()).sum();
    let credit = hubs.iter().map(|hub| hub.connect_shaping.credit.secs()).fold(0.0, f64::max);
    // A bucket holds one operation at least, however small its credit.
    let devices = blast * Fleet::of(model).devices(at) - hubs.len() as f64;
    let key =
        |share: &'static str| MeasureKey::new("time_to_recover_s").with("fault", &*fault.name).with("share", share);
    SHARES.iter().map(|(word, share)| (key(word), admission_floor(devices, *share, rate, credit))).collect()
}

/// The hubs through which all devices that a fault struck must come back; none where that is not certain.
fn takers<'a>(model: &'a ModelConfig, fault: &FaultConfig) -> Vec<&'a StampConfig> {
    let policy = model.scaling.policy.entry();
    if model.resizes() || !model.retirements.is_empty() {
        return Vec::new(); // Their limits, or their devices, change in the run.
    }
    let grows = policy.reach() != Reach::Nothing;
    let is_off = |effect: &crate::model::condition::Effect| matches!(effect.condition, Condition::Off(_));
    if fault.effects.iter().any(is_off) {
        return if grows { Vec::new() } else { model.stamps.iter().collect() };
    }
    let stays = model.cohorts.iter().all(|cohort| matches!(cohort.reconnect, ReconnectRule::SameHub(_)));
    if !stays || !model.moves.is_empty() {
        return Vec::new();
    }
    let down = fault.effects.iter().filter(|effect| matches!(effect.condition, Condition::Down(_)));
    let hubs = down.map(|effect| match effect.target {
        Target::Stamp(stamp) => model.stamps.get(stamp.index()),
        _ => None,
    });
    hubs.collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// Latency of registrations where a whole cohort begins unregistered and nothing else registers.
fn registration(model: &ModelConfig, study: &Study) -> Vec<(MeasureKey, f64)> {
    let is_quiet = model.faults.is_empty()
        && model.moves.is_empty()
        && model.cohorts.iter().all(|cohort| cohort.start == Start::New && !cohort.growth.entry().changes());
    let spread = model.cohorts.iter().map(|cohort| cohort.first_attempt.upper_bound()).collect::<Option<Vec<_>>>();
    let is_quiet = is_quiet && model.dps.takes_all(Fleet::of(model).devices(SimTime::ZERO));
    let Some(spread) = spread.filter(|_| is_quiet) else { return Vec::new() };
    let spread = spread.iter().map(|spread| spread.secs()).fold(0.0, f64::max);
    let (rate, credit) = (model.dps.registrations_per_second(), model.dps.registration_shaping.credit.secs());
    // Only registrations that came to an end within the run are observed, and only devices with power make any.
    let powered = |cohort: &crate::model::population::cohort::CohortConfig| {
        f64::from(cohort.devices) * (1.0 - cohort.dormant.get())
    };
    let all: f64 = model.cohorts.iter().map(powered).sum();
    let devices = all.min(rate * (model.horizon.secs() + credit)) - model.dps.services.len() as f64;
    let quantile = |key: &MeasureKey| key.labels.get("quantile").and_then(|text| text.parse::<f64>().ok());
    let keys = study.estimates.keys().filter(|key| key.name == "registration_latency_s");
    let floors =
        keys.filter_map(|key| Some((key.clone(), latency_floor(devices, quantile(key)?, rate, credit, spread))));
    floors.collect()
}
