//! Devices that moves, drains and retirements send elsewhere.

use super::herd::{DRAWS, draws};
use super::storms::{CONNECT, REGISTER, is_struck, on_stamp};
use super::{Fleet, SAMPLES, time_of};
use crate::model::condition::Struck;
use crate::model::config::ModelConfig;
use crate::model::lifecycle::retirement::{Leaving, RetirementConfig};
use crate::model::movement::wave::MoveConfig;

/// Events of a device that is evicted: evicted, unknown at its hub, registers, connects.
pub(super) const EVICTED: f64 = 2.0 + REGISTER + CONNECT;

/// Events of all moves.
pub(super) fn of_moves(model: &ModelConfig, fleet: &Fleet) -> f64 {
    model.moves.iter().map(|plan| of_move(model, fleet, plan)).sum()
}

fn of_move(model: &ModelConfig, fleet: &Fleet, plan: &MoveConfig) -> f64 {
    let left = model.horizon.secs() - plan.at.secs();
    let selected: f64 = (0..model.cohorts.len()).map(|c| selected(model, fleet, plan, c)).sum();
    let moved = selected.min(plan.pace.per_second() * left.max(0.0));
    let looks = plan.guard.as_ref().map_or(0.0, |guard| left.max(0.0) / guard.check_every.secs().max(1e-6));
    1.0 + moved * EVICTED + looks.min(1e9)
}

/// Devices of a cohort that a move takes.
fn selected(model: &ModelConfig, fleet: &Fleet, plan: &MoveConfig, index: usize) -> f64 {
    let (cohort, rule) = (&model.cohorts[index], &plan.rule);
    let who =
        Struck { cohort: plan.selector.cohort, region: plan.selector.region, generation: plan.selector.generation };
    let of_ring = rule.ring.is_none_or(|ring| ring == cohort.ring);
    let balanced = rule.balance.as_ref().is_none_or(|(ring, _)| *ring == cohort.ring);
    if !of_ring || !balanced {
        return 0.0;
    }
    let there: f64 = if rule.from.is_empty() {
        fleet.mean[index]
    } else {
        rule.from.iter().map(|stamp| on_stamp(model, fleet, index, stamp.index())).sum()
    };
    // Levelling moves what one stamp of the ring is to have; a balance, what is beyond the mean.
    let part = if rule.level || rule.balance.is_some() { 1.0 / (model.stamps.len().max(1) as f64) } else { 1.0 };
    there * part * is_struck(cohort, index, who) * plan.selector.share.get()
}

/// Devices that leave with their generation: one event each.
pub(super) fn of_retirements(model: &ModelConfig, fleet: &Fleet) -> f64 {
    model.retirements.iter().map(|plan| of_retirement(model, fleet, plan)).sum()
}

fn of_retirement(model: &ModelConfig, fleet: &Fleet, plan: &RetirementConfig) -> f64 {
    let left = model.horizon.secs() - plan.at.secs();
    let in_time = match &plan.leaving {
        Leaving::Evenly(over) => left / over.secs().max(1e-6),
        Leaving::ByLaw(law) => {
            let gone = (0..DRAWS).filter(|i| law.sample(&mut draws(*i)).secs() <= left).count();
            gone as f64 / DRAWS as f64
        }
    };
    let of_generation =
        model.cohorts.iter().zip(&fleet.most).filter(|(cohort, _)| cohort.generation == plan.generation);
    1.0 + of_generation.map(|(_, devices)| devices).sum::<f64>() * in_time.clamp(0.0, 1.0)
}

/// Devices of stamps that the scaling policy drains, moved by evictions. The fleet is looked at again and again: stamps are
/// added while it fills them to the policy's upper bound, and one is drained while the others would stay below the lower one;
/// it holds an even share of the devices. Drains by date count as one each.
pub(super) fn of_drains(model: &ModelConfig) -> f64 {
    let policy = model.scaling.policy.entry();
    if model.scaling.drain_pace.is_none() || !policy.drains() {
        return 0.0;
    }
    let of_ring: Vec<_> = model.stamps.iter().filter(|s| s.ring == model.scaling.ring && s.takes_devices).collect();
    let capacity = of_ring.iter().map(|s| f64::from(s.capacity)).sum::<f64>() / of_ring.len().max(1) as f64;
    let bounds = policy.bounds();
    let (mut stamps, mut moved) = (of_ring.len() as f64, 0.0);
    for i in 0..SAMPLES {
        let at = time_of(model.horizon.secs() * (i as f64 + 0.5) / SAMPLES as f64);
        let devices = in_ring(model, &Fleet::at(model, at));
        while bounds.grows_at.is_some_and(|most| devices > most * stamps * capacity)
            && stamps < f64::from(model.scaling.stamps_max)
        {
            stamps += 1.0;
        }
        while stamps > 1.0 && bounds.drains_to.is_some_and(|most| devices <= most * (stamps - 1.0) * capacity) {
            moved += devices / stamps;
            stamps -= 1.0;
        }
    }
    let dated = policy.schedule().map_or(0, |schedule| schedule.drain.len()) as f64;
    moved += dated * in_ring(model, &Fleet::of(model)) / stamps.max(1.0);
    moved * EVICTED
}

/// Devices of the ring that is scaled, on average.
fn in_ring(model: &ModelConfig, fleet: &Fleet) -> f64 {
    let of_ring = model.cohorts.iter().zip(&fleet.mean).filter(|(cohort, _)| cohort.ring == model.scaling.ring);
    of_ring.map(|(cohort, devices)| devices * (1.0 - cohort.dormant.get())).sum()
}
