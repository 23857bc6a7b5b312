//! Devices that want to register while DPS does not answer, or while nobody can be put onto the hub that they are sent to: each
//! asks again until that is over.

use super::herd::spread;
use super::occurrence::Occurrence;
use super::storms::{asking_dps, share_on};
use super::time_of;
use crate::model::condition::{Condition, DownStyle, Effect, Target};
use crate::model::config::ModelConfig;
use crate::model::ids::ServiceId;
use crate::model::population::cohort::Start;
use crate::units::SimDuration;

/// Requests in vain of a cohort's new devices, because of one effect of a fault.
pub(super) fn kept_out(model: &ModelConfig, cohort: usize, effect: &Effect, it: &Occurrence) -> f64 {
    match (effect.target, effect.condition) {
        (Target::Dps(service), Condition::Down(style)) => {
            let lasts = it.lasts.min(sent_elsewhere(model));
            let joining = joining(model, cohort, it.at, lasts) * registers_at(model, service);
            joining * unanswered(model, cohort, style, lasts)
        }
        (Target::ProvisioningApi, Condition::Down(style)) => {
            joining(model, cohort, it.at, it.lasts) * unanswered(model, cohort, style, it.lasts)
        }
        // DPS fails the registration, and the device asks again after a fixed time.
        (Target::Stamp(stamp), Condition::NoProvisioning | Condition::Down(_)) => {
            let lasts = it.excluded(effect.target).map_or(it.lasts, |after| it.lasts.min(after));
            let again = lasts / 2.0 / model.dps.failed_retry.secs().max(1.0);
            joining(model, cohort, it.at, lasts) * share_on(model, cohort, stamp.index()) * again
        }
        _ => 0.0,
    }
}

/// Requests without an answer of a device that comes at any time of an outage of so long [s].
fn unanswered(model: &ModelConfig, cohort: usize, style: DownStyle, lasts: f64) -> f64 {
    let timeout = if style == DownStyle::Silent { model.dps.request_timeout.secs() } else { 0.0 };
    asking_dps(model, &model.cohorts[cohort], timeout).refused_up_to(lasts)
}

/// Devices of a cohort that join within a time of so long [s]: those by which it grows, and those that are new at the start.
fn joining(model: &ModelConfig, cohort: usize, at: f64, lasts: f64) -> f64 {
    let config = &model.cohorts[cohort];
    let count = |t: f64| f64::from(config.growth.entry().count(config.devices, time_of(t)));
    let grown = (count(at + lasts) - count(at)).max(0.0);
    let new = if config.start == Start::New { f64::from(config.devices) } else { 0.0 };
    let over = spread(&config.first_attempt).max(1.0);
    let meanwhile = ((at + lasts).min(over) - at).max(0.0) / over;
    (grown + new * meanwhile) * (1.0 - config.dormant.get())
}

/// Share of the new devices that register at an instance.
fn registers_at(model: &ModelConfig, service: ServiceId) -> f64 {
    let targets = model.dps.targets();
    let is_target = targets.clone().any(|target| target == service);
    // All new devices come to a factory first.
    if is_target { 1.0 / targets.count() as f64 } else { 1.0 }
}

/// How long devices are still sent to an instance that is silent [s]: to the end, unless an API notices.
fn sent_elsewhere(model: &ModelConfig) -> f64 {
    let api = model.dps.topology.entry().api();
    api.and_then(|api| api.sends_elsewhere).map_or(f64::INFINITY, SimDuration::secs)
}
