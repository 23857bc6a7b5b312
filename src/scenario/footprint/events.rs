//! Events of one replication: what keeps time, what devices and users do by themselves, and storms.

use super::Fleet;
use super::herd::{Asking, Herd, spread};
use super::moves;
use super::occurrence::{Occurrence, occurrences};
use super::storms::{self, asking_dps, of_faults};
use crate::model::condition::{Condition, Target};
use crate::model::config::ModelConfig;
use crate::model::dps::topology::TopologyPolicy;
use crate::model::event::LONG_TICK_USE;
use crate::model::gateway::cache::CacheConfig;
use crate::model::population::cohort::{CohortConfig, Start};
use crate::model::population::traffic::{Calls, Fidelity};
use crate::model::routing::UsersConfig;
use crate::model::stamp::hub::StampConfig;
use crate::units::SimTime;

/// A day [s].
const DAY_SECS: f64 = 86_400.0;
/// Renewed, tried, connected.
const RENEWAL: f64 = 3.0;
/// Joined, registered, assigned, told so, tried, connected.
const JOIN: f64 = 6.0;
/// A call that finds its device at once: arrives, hears from the cache, reaches the hub.
const CALL: f64 = 3.0;
/// What a look-up at DPS adds.
const LOOK_UP: f64 = 2.0;

/// Events of one replication.
pub(super) fn of(model: &ModelConfig, fleet: &Fleet) -> f64 {
    let each = |f: &dyn Fn(&CohortConfig, usize) -> f64| {
        model.cohorts.iter().enumerate().map(|(index, cohort)| f(cohort, index)).sum::<f64>()
    };
    let looked = looked_share(model, fleet);
    ticks(model, fleet, looked)
        + looked * each(&|cohort, c| calls(model, cohort, fleet.mean[c]))
        + each(&|cohort, c| messages(model, cohort, fleet.mean[c]))
        + looked * each(&|cohort, c| renewals(model, cohort, fleet.mean[c]))
        + joins(model, fleet)
        + of_faults(model)
        + moves::of_moves(model, fleet)
        + moves::of_retirements(model, fleet)
        + moves::of_drains(model)
        + model.users.iter().map(|users| of_users(model, users)).sum::<f64>()
}

/// Share of the run in which calls and renewals are events. Windows around faults are as long as these; how long one around
/// another edge is nobody knows before, and it counts as a regular one.
fn looked_share(model: &ModelConfig, fleet: &Fleet) -> f64 {
    let Some(windows) = &model.windows else { return 1.0 };
    let edges = model.moves.len() + model.retirements.len() + model.changes.len();
    let length = (windows.length + windows.warm_up).secs();
    let of_fault = |it: &Occurrence| it.weight * (it.lasts.max(windows.length.secs()) + windows.warm_up.secs());
    let faults = model.faults.iter().flat_map(|fault| occurrences(fault, model.horizon.secs()));
    let looked = (windows.regular.len() + edges) as f64 * length + faults.map(|it| of_fault(&it)).sum::<f64>();
    let planned = (looked / model.horizon.secs()).min(1.0);
    planned.max(over_quota(model, fleet, windows.opens_at))
}

/// Share of a day in which an enforced quota is used beyond a share: it opens a window, which stays open until midnight. A hub
/// that devices send so many quotas a day uses one evenly in the day's first part.
fn over_quota(model: &ModelConfig, fleet: &Fleet, opens_at: f64) -> f64 {
    let stamp_share = |(s, stamp): (usize, &StampConfig)| {
        let sent = |(c, cohort): (usize, &CohortConfig)| {
            let telemetry = cohort.telemetry.as_ref()?;
            let blocks = telemetry.size.blocks(stamp.edition.meter_block) as f64;
            let rate = telemetry.cadence.rate_per_second()
                * telemetry.profile.mean_over(SimTime::ZERO, SimTime::ZERO + model.horizon);
            Some(storms::on_stamp(model, fleet, c, s) * rate * blocks)
        };
        let a_day = model.cohorts.iter().enumerate().filter_map(sent).sum::<f64>() * DAY_SECS;
        let quota = stamp.edition.messages_per_day as f64 * f64::from(stamp.units);
        if a_day > 0.0 { (1.0 - opens_at * quota / a_day).max(0.0) } else { 0.0 }
    };
    let enforced = model.stamps.iter().enumerate().filter(|(_, stamp)| stamp.path.quota_enforced);
    enforced.map(stamp_share).fold(0.0, f64::max)
}

/// Whether telemetry stays far from the limits of every stamp, so that its ticks may be long between windows.
fn is_calm(model: &ModelConfig, fleet: &Fleet) -> bool {
    let far = |(s, stamp): (usize, &StampConfig)| {
        let sent = |(c, cohort): (usize, &CohortConfig)| {
            let telemetry = cohort.telemetry.as_ref()?;
            Some(storms::on_stamp(model, fleet, c, s) * telemetry.cadence.rate_per_second() * telemetry.profile.max())
        };
        let rate: f64 = model.cohorts.iter().enumerate().filter_map(sent).sum();
        let service = stamp.processing.service.mean().secs();
        let served = if service > 0.0 { f64::from(stamp.processing.servers) / service } else { f64::INFINITY };
        let limit = stamp.edition.sends.of(stamp.units).per_second().min(served);
        rate <= LONG_TICK_USE * limit && stamp.path.ingress.is_none() && stamp.path.checkpoint.is_none()
    };
    model.stamps.iter().enumerate().all(far)
}

/// Everything that looks at the clock.
fn ticks(model: &ModelConfig, fleet: &Fleet, looked: f64) -> f64 {
    let per = |length: crate::units::SimDuration| model.horizon.ratio(length.max(crate::units::SimDuration(1)));
    let cohorts = &model.cohorts;
    let some = |is: bool| if is { 1.0 } else { 0.0 };
    let sends = cohorts.iter().filter(|c| c.telemetry.is_some()).count();
    let flows = some(sends > 0 && model.fidelity != Fidelity::Events);
    let twins = some(cohorts.iter().any(|c| c.twins.is_some()));
    // Between windows a flow has long ticks, while it is far from its limits.
    let flows = flows * if is_calm(model, fleet) { looked } else { 1.0 } + twins * looked;
    let sources = cohorts.iter().filter(|c| c.calls.is_some()).count()
        + if model.fidelity == Fidelity::Events { sends } else { 0 };
    let grows = |c: &&CohortConfig| c.growth.entry().changes() && c.growth.entry().jumps().is_empty();
    let growing = cohorts.iter().filter(grows).count() as f64;
    let servers = model.stamps.iter().filter_map(|stamp| stamp.processing.scaling).map(|rule| per(rule.check_every));
    (flows + looked * sources as f64) * per(model.tick)
        + growing * per(model.growth_tick)
        + per(model.window)
        + servers.sum::<f64>()
        + decisions(model)
}

/// Decisions of the scaling policy.
pub fn decisions(model: &ModelConfig) -> f64 {
    let policy = model.scaling.policy.entry();
    let Some(first) = policy.next(SimTime::ZERO) else { return 0.0 };
    if first >= SimTime::ZERO + model.horizon {
        return 1.0;
    }
    let second = policy.next(SimTime(first.0 + 1));
    second.map_or(1.0, |second| model.horizon.ratio(second - first) + 1.0)
}

fn calls(model: &ModelConfig, cohort: &CohortConfig, devices: f64) -> f64 {
    let (Some(gateway), Some(calls)) = (&model.gateway, &cohort.calls) else { return 0.0 };
    let end = SimTime::ZERO + model.horizon;
    let rate = calls.rate_per_second * calls.profile.mean_over(SimTime::ZERO, end);
    let each = match (&gateway.cache, gateway.learnt) {
        (_, Some(_)) => CALL - 1.0,
        (None, None) => CALL - 1.0 + LOOK_UP,
        (Some(cache), None) => CALL + LOOK_UP * miss_share(model, cache, calls, devices),
    };
    devices * rate * model.horizon.secs() * each
}

/// Share of the calls that the cache cannot answer.
fn miss_share(model: &ModelConfig, cache: &CacheConfig, calls: &Calls, devices: f64) -> f64 {
    let per_device = (calls.rate_per_second * model.horizon.secs()).max(1e-9);
    let first = (1.0 - libm::exp(-per_device)) / per_device;
    let expired = cache.ttl.map_or(0.0, |ttl| 1.0 / (1.0 + calls.rate_per_second * ttl.secs()));
    let evicted = 1.0 - (f64::from(cache.capacity) / devices.max(1.0)).min(1.0);
    first.max(expired).max(evicted)
}

fn messages(model: &ModelConfig, cohort: &CohortConfig, devices: f64) -> f64 {
    let Some(telemetry) = cohort.telemetry.as_ref().filter(|_| model.fidelity == Fidelity::Events) else { return 0.0 };
    let end = SimTime::ZERO + model.horizon;
    let rate = telemetry.cadence.rate_per_second() * telemetry.profile.mean_over(SimTime::ZERO, end);
    let on_the_way = if model.network.device_to_hub.is_zero() { 0.0 } else { 1.0 };
    // The routing endpoint takes a message, and processing is done with it.
    let path = if model.follows_path() { 2.0 } else { 0.0 };
    devices * rate * model.horizon.secs() * (1.0 + on_the_way + path)
}

fn renewals(model: &ModelConfig, cohort: &CohortConfig, devices: f64) -> f64 {
    let live = devices * (1.0 - cohort.dormant.get());
    cohort.renewal.map_or(0.0, |renewal| live * model.horizon.ratio(renewal) * RENEWAL)
}

/// Devices that join, and the registrations that DPS refuses them meanwhile.
fn joins(model: &ModelConfig, fleet: &Fleet) -> f64 {
    let way = match model.dps.topology {
        TopologyPolicy::Direct(_) => 0.0,
        _ => 1.0,
    };
    let live = |c: usize| fleet.joining[c] * (1.0 - model.cohorts[c].dormant.get());
    let joining: f64 = (0..model.cohorts.len()).map(live).sum();
    let rate = joining_rate(model);
    // Who has not had a turn by the end has joined and asked.
    let served = joining.min(rate * (model.horizon.secs() + model.dps.registration_shaping.credit.secs()));
    joining * 2.0 + served * (JOIN - 2.0 + way) + refused_together(model, rate, &live)
}

/// New devices that DPS accepts [1/s]; all of them come to a factory first.
fn joining_rate(model: &ModelConfig) -> f64 {
    let factory = model.dps.topology.entry().factory();
    factory.map_or_else(
        || model.dps.registrations_per_second(),
        |factory| model.dps.services[factory.index()].registrations.per_second(),
    )
}

/// Requests that DPS refuses to devices that join together: a fleet that grows joins little by little, but for its jumps.
fn refused_together(model: &ModelConfig, rate: f64, live: &dyn Fn(usize) -> f64) -> f64 {
    let together = |(c, cohort): (usize, &CohortConfig)| {
        let new = cohort.start == Start::New || !cohort.growth.entry().jumps().is_empty();
        if new { live(c).min(f64::from(cohort.devices)) } else { 0.0 }
    };
    let callers: Vec<f64> = model.cohorts.iter().enumerate().map(together).collect();
    let all: f64 = callers.iter().sum();
    let spreads = model
        .cohorts
        .iter()
        .zip(&callers)
        .map(|(cohort, n)| if *n > 0.0 { spread(&cohort.first_attempt) } else { 0.0 });
    // People who install devices hand them over one after another.
    let installed = model.dps.topology.entry().installers();
    let handed = installed.map_or(0.0, |(n, each)| all * each.mean().secs() / f64::from(n.max(1)));
    let herd = Herd { callers: all, rate, over: spreads.fold(handed, f64::max), left: model.horizon.secs() };
    // Each waits as its own rule says.
    let asking: Vec<(f64, Asking)> = model
        .cohorts
        .iter()
        .zip(&callers)
        .map(|(cohort, n)| (n / all.max(1.0), asking_dps(model, cohort, 0.0)))
        .collect();
    let refused = |wait: f64| asking.iter().map(|(share, asking)| share * asking.refused_within(wait)).sum::<f64>();
    herd.refused(&model.dps.registration_shaping, refused)
}

/// Users who are sent elsewhere and come back, and the probes that find out.
fn of_users(model: &ModelConfig, users: &UsersConfig) -> f64 {
    let of_fault = |fault: &crate::model::fault::FaultConfig| {
        let ends = |effect: &&crate::model::condition::Effect| {
            // By priority all users are at the first; with weights everyone asks again when any endpoint goes or comes.
            let places = if users.weights.is_empty() { 1 } else { users.endpoints.len() };
            let here = matches!(effect.target, Target::Stamp(stamp) if users.endpoints[..places].contains(&stamp));
            here && matches!(effect.condition, Condition::NoFrontEnd(_))
        };
        fault.effects.iter().filter(ends).count() as f64 * 2.0
    };
    let turns = users.switches.len() as f64 + model.faults.iter().map(of_fault).sum::<f64>();
    let waits = f64::from(u8::from(users.answers.is_some())) + f64::from(u8::from(users.holding().is_some()));
    let probes = f64::from(users.probing.locations) * f64::from(users.probing.tolerated_failures + 2) * 2.0;
    turns * (f64::from(users.users) * waits + probes)
}
