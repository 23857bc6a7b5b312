//! Devices that faults send away and back, or keep away: how many, and how many events each.

use super::Fleet;
use super::herd::{Asking, DRAWS, Herd, SHORTEST, draws, late_gap, spread, waits, width};
use super::kept_out::kept_out;
use super::moves::EVICTED;
use super::occurrence::{Occurrence, occurrences};
use crate::model::condition::{Condition, DownStyle, Effect, Struck, Target};
use crate::model::config::ModelConfig;
use crate::model::dps::allocation::AllocationPolicy;
use crate::model::fault::FaultConfig;
use crate::model::ids::{CohortId, RegionId, StampId};
use crate::model::population::cohort::{CohortConfig, OnBoot};
use crate::model::stamp::hub::Rung;
use crate::units::SimDuration;

/// A connection that is tried and made.
pub(super) const CONNECT: f64 = 2.0;
/// Register, done, seen.
pub(super) const REGISTER: f64 = 3.0;
/// An attempt on a hub that is down, and patience that ends.
const ROUND: f64 = 2.0;
/// Waits of a device that counts failures, at most: later ones are alike.
const WAITS_MAX: u32 = 64;

/// How long devices stay with a hub that is down, where a failure takes so long [s], for some of them.
fn patiences(cohort: &CohortConfig, failure: f64) -> Vec<f64> {
    let give_up = |i| {
        let rule = cohort.reconnect.entry().give_up(&mut draws(i));
        let after = rule.after.map_or(f64::INFINITY, SimDuration::secs);
        let in_a_row =
            |n: u32| waits(cohort, i, SHORTEST).take(n.min(WAITS_MAX) as usize).sum::<f64>() + f64::from(n) * failure;
        rule.failures.map_or(after, |n| after.min(in_a_row(n)))
    };
    (0..DRAWS).map(give_up).collect()
}

/// The same on average [s].
fn patience(cohort: &CohortConfig, failure: f64) -> f64 {
    patiences(cohort, failure).iter().sum::<f64>() / DRAWS as f64
}

/// When devices ask DPS again that it refused or did not answer within a time [s].
pub(super) fn asking_dps(model: &ModelConfig, cohort: &CohortConfig, unanswered: f64) -> Asking {
    let trip = model.network.device_to_dps.mean().secs();
    Asking::of(cohort, model.dps.retry_after.secs().max(1.0), trip.max(unanswered))
}

/// Stamps that a cohort's devices may be on at the start.
fn stamps_of(model: &ModelConfig, cohort: &CohortConfig) -> Vec<usize> {
    let fits = |s: &usize| {
        let stamp = &model.stamps[*s];
        let named = cohort.stamps.is_empty() || cohort.stamps.contains(&StampId(*s as u16));
        named && stamp.takes_devices && stamp.ring == cohort.ring && stamp.serves(cohort.generation)
    };
    (0..model.stamps.len()).filter(fits).collect()
}

/// Share of a cohort's devices that is sent to a stamp: by region or by name where the policy goes by these, else by weight.
pub(super) fn share_on(model: &ModelConfig, cohort: usize, stamp: usize) -> f64 {
    let config = &model.cohorts[cohort];
    let stamps = stamps_of(model, config);
    let by_weight = |among: &[usize]| {
        let weight = |s: &usize| f64::from(model.stamps[*s].weight);
        if among.contains(&stamp) { weight(&stamp) / among.iter().map(weight).sum::<f64>().max(1e-9) } else { 0.0 }
    };
    match &model.dps.allocation {
        AllocationPolicy::GeoLatency(_) => {
            let of_region = |(region, share): &(RegionId, f64)| {
                let trip = |s: &usize| model.regions.rtt_ms(region.index(), model.stamps[*s].region.index());
                let least = stamps.iter().map(trip).fold(f64::INFINITY, f64::min);
                let nearest: Vec<usize> = stamps.iter().copied().filter(|s| trip(s) <= least).collect();
                share * by_weight(&nearest)
            };
            config.regions.iter().map(of_region).sum()
        }
        AllocationPolicy::StaticHub(hub) => f64::from(u8::from(hub.stamp == model.stamps[stamp].name)),
        _ => by_weight(&stamps),
    }
}

/// Devices of a cohort on a stamp. Where stamps are added or grow, a stamp holds no more than it is planned for.
pub(super) fn on_stamp(model: &ModelConfig, fleet: &Fleet, cohort: usize, stamp: usize) -> f64 {
    let policy = model.scaling.policy.entry();
    let grows = policy.adds() || policy.scale_up().is_some();
    let config = &model.stamps[stamp];
    let capacity = config.ladder.last().map_or(config.capacity, |rung| rung.capacity);
    let most = if grows { f64::from(capacity) } else { f64::INFINITY };
    let here = fleet.mean[cohort] * share_on(model, cohort, stamp);
    here.min(most) * (1.0 - model.cohorts[cohort].dormant.get())
}

/// Connections that a stamp accepts at the size that it has with so many devices [1/s].
fn connects_per_second(model: &ModelConfig, stamp: usize, devices: f64) -> f64 {
    let config = &model.stamps[stamp];
    let full_at = model.scaling.policy.entry().scale_up().map_or(1.0, |rule| rule.utilisation.get());
    let fits = |rung: &&Rung| devices < full_at * f64::from(rung.capacity);
    let rung = config.ladder.iter().find(fits).or(config.ladder.last());
    let (edition, units) = rung.map_or((&config.edition, config.units), |rung| (&rung.edition, rung.units));
    edition.connects.of(units).per_second()
}

pub(super) fn is_struck(cohort: &CohortConfig, index: usize, who: Struck) -> f64 {
    let named = who.cohort.is_none_or(|only| only == CohortId(index as u8));
    let of_generation = who.generation.is_none_or(|only| only == cohort.generation);
    let share = who.region.map_or(1.0, |region| region_share(cohort, Target::Region(region)));
    if named && of_generation { share } else { 0.0 }
}

fn region_share(cohort: &CohortConfig, target: Target) -> f64 {
    cohort.regions.iter().filter(|(region, _)| target == Target::Region(*region)).map(|(_, share)| share).sum()
}

/// Devices of a cohort that lose their connection by an effect.
fn struck(model: &ModelConfig, fleet: &Fleet, index: usize, effect: &Effect) -> f64 {
    let cohort = &model.cohorts[index];
    let here = match effect.target {
        Target::Stamp(stamp) => on_stamp(model, fleet, index, stamp.index()),
        Target::Region(_) => fleet.mean[index] * region_share(cohort, effect.target),
        _ => fleet.mean[index],
    };
    match effect.condition {
        Condition::Down(_) if matches!(effect.target, Target::Stamp(_)) => here,
        Condition::Off(_) => here * (1.0 - cohort.dormant.get()),
        Condition::Reboots(wave) => here * is_struck(cohort, index, wave.who),
        Condition::Breaks(share, _, who) => here * share.get() * is_struck(cohort, index, who),
        _ => 0.0,
    }
}

/// Devices that lose their connection by some effects together.
fn struck_by<'a>(model: &ModelConfig, fleet: &Fleet, effects: impl Iterator<Item = &'a Effect>) -> f64 {
    let of_effect = |effect| (0..model.cohorts.len()).map(|c| struck(model, fleet, c, effect)).sum::<f64>();
    effects.map(of_effect).sum()
}

/// Most devices that faults take the connections of at once.
pub(super) fn most_at_once(model: &ModelConfig) -> f64 {
    let by_fault = |fault: &FaultConfig| {
        let common: Vec<Effect> = fault.common.iter().flat_map(|common| common.effects.clone()).collect();
        let of_occurrence = |it: &Occurrence| struck_by(model, &it.fleet(model), it.effects.iter().chain(&common));
        occurrences(fault, model.horizon.secs()).iter().map(of_occurrence).fold(0.0, f64::max)
    };
    model.faults.iter().map(by_fault).fold(0.0, f64::max)
}

/// Events of all faults, of the devices that they send away and back, and of what operators do about them.
pub(super) fn of_faults(model: &ModelConfig) -> f64 {
    let of_fault = |fault: &FaultConfig| {
        let of_occurrence = |it: &Occurrence| it.weight * of_occurrence(model, fault, it);
        occurrences(fault, model.horizon.secs()).iter().map(of_occurrence).sum::<f64>()
    };
    model.faults.iter().map(of_fault).sum()
}

/// Attempts on hubs that are down, by fault and cohort: each waits its longest wait between two, however short.
pub fn attempts_in_vain(model: &ModelConfig) -> Vec<(usize, usize, f64)> {
    let mut found = Vec::new();
    for (f, fault) in model.faults.iter().enumerate() {
        for (c, cohort) in model.cohorts.iter().enumerate() {
            let (patience, gap) = (patience(cohort, 0.0), late_gap(cohort, 1e-6));
            let of_occurrence = |it: &Occurrence| {
                let fleet = it.fleet(model);
                let down = it.effects.iter().filter(|effect| matches!(effect.condition, Condition::Down(_)));
                let devices: f64 = down.map(|effect| struck(model, &fleet, c, effect)).sum();
                it.weight * devices * it.lasts.min(patience) / gap
            };
            found.push((f, c, occurrences(fault, model.horizon.secs()).iter().map(of_occurrence).sum()));
        }
    }
    found
}

fn of_occurrence(model: &ModelConfig, fault: &FaultConfig, it: &Occurrence) -> f64 {
    let fleet = it.fleet(model);
    let effects = |effects: &[Effect]| effects.iter().map(|effect| of_effect(model, &fleet, effect, it)).sum::<f64>();
    let common = fault.common.as_ref().map_or(0.0, |common| common.share.get() * effects(&common.effects));
    let moved = fault.remedy.as_ref().and_then(|remedy| remedy.plan).map_or(0.0, |plan| {
        let in_time = plan.pace.count_in(SimDuration::from_secs_f64((it.lasts - plan.detection.secs()).max(0.0)));
        let ways = if plan.back.is_some() { 2.0 } else { 1.0 };
        struck_by(model, &fleet, it.effects.iter()).min(in_time) * EVICTED * ways
    });
    2.0 + it.effects.len() as f64 + effects(it.effects) + common + moved
}

/// Events of one effect of an occurrence.
fn of_effect(model: &ModelConfig, fleet: &Fleet, effect: &Effect, it: &Occurrence) -> f64 {
    let of_cohort = |(index, cohort): (usize, &CohortConfig)| {
        let devices = struck(model, fleet, index, effect);
        let kept_out = kept_out(model, index, effect, it);
        if devices > 0.0 {
            devices * each(model, cohort, effect, it)
                + refused(model, cohort, (effect, it), devices)
                + refused_at_dps(model, cohort, (effect, it), devices)
                + kept_out
        } else {
            kept_out
        }
    };
    model.cohorts.iter().enumerate().map(of_cohort).sum()
}

/// How long an attempt on a hub that is down in this way takes to fail [s].
fn failure(model: &ModelConfig, style: DownStyle) -> f64 {
    match style {
        DownStyle::Reset => model.network.device_to_hub.mean().secs(),
        DownStyle::Silent => model.network.connect_timeout.secs(),
    }
}

/// Events of one device that is struck.
fn each(model: &ModelConfig, cohort: &CohortConfig, effect: &Effect, it: &Occurrence) -> f64 {
    let boot = match cohort.on_boot {
        OnBoot::Stored => CONNECT,
        OnBoot::Query => CONNECT + 1.0,
        OnBoot::Register => CONNECT + REGISTER,
    };
    let noticed = |style: DownStyle| if style == DownStyle::Silent { 1.0 } else { 0.0 };
    match effect.condition {
        Condition::Down(style) => {
            // Attempts in vain are no events: who is still patient has only its connection to make.
            1.0 + noticed(style) + CONNECT + rounds(model, cohort, (effect, style), it) * (ROUND + REGISTER)
        }
        Condition::Reboots(_) => CONNECT + boot,
        Condition::Breaks(_, style, _) => CONNECT + 2.0 * noticed(style),
        _ => boot,
    }
}

/// How often a device of a hub that is down gives up on it: once where DPS then knows another one; again and again where DPS
/// still offers it, so that the device goes round in circles.
fn rounds(model: &ModelConfig, cohort: &CohortConfig, (effect, style): (&Effect, DownStyle), it: &Occurrence) -> f64 {
    let patiences = patiences(cohort, failure(model, style));
    let of_one = |patience: &f64| {
        let kept = it.excluded(effect.target).is_none_or(|after| after > *patience);
        if it.lasts <= *patience {
            0.0
        } else if kept {
            it.lasts / patience.max(SHORTEST)
        } else {
            1.0
        }
    };
    patiences.iter().map(of_one).sum::<f64>() / patiences.len() as f64
}

/// Requests that DPS refuses when devices ask it at their boot, or have given up on their hub.
fn refused_at_dps(
    model: &ModelConfig,
    cohort: &CohortConfig,
    (effect, it): (&Effect, &Occurrence),
    devices: f64,
) -> f64 {
    let at_boot = match cohort.on_boot {
        OnBoot::Stored => 0.0,
        OnBoot::Query => f64::from(u8::from(model.dps.lookup_counts)),
        OnBoot::Register => 1.0,
    };
    let (asking, over) = match effect.condition {
        Condition::Off(over) => (at_boot, over.secs() + spread(&cohort.first_attempt)),
        Condition::Reboots(_) => (at_boot, spread(&cohort.first_attempt)),
        Condition::Down(style) => {
            let patiences = patiences(cohort, failure(model, style));
            let gone: Vec<f64> = patiences.into_iter().filter(|patience| *patience < it.lasts).collect();
            (gone.len() as f64 / DRAWS as f64, width(&gone) + spread(&cohort.registration_delay))
        }
        _ => return 0.0,
    };
    let (rate, left) = (model.dps.registrations_per_second(), model.horizon.secs() - it.at);
    let herd = Herd { callers: devices * asking, rate, over, left };
    let asking = asking_dps(model, cohort, 0.0);
    herd.refused(&model.dps.registration_shaping, |wait| asking.refused_within(wait))
}

/// Attempts that limits refuse when the devices of an effect come back.
fn refused(model: &ModelConfig, cohort: &CohortConfig, (effect, it): (&Effect, &Occurrence), devices: f64) -> f64 {
    let stamps: Vec<usize> = match effect.target {
        Target::Stamp(stamp) => vec![stamp.index()],
        _ => stamps_of(model, cohort),
    };
    let asking = Asking::of(cohort, SHORTEST, model.network.device_to_hub.mean().secs());
    let over = match effect.condition {
        Condition::Off(over) => over.secs() + spread(&cohort.first_attempt),
        Condition::Reboots(_) => return 0.0,
        Condition::Breaks(_, DownStyle::Silent, _) => cohort.keep_alive.secs() / 2.0 + spread(&cohort.first_attempt),
        // Each goes on with the attempt that it would have made.
        Condition::Down(_) => asking.late().min(it.lasts),
        _ => spread(&cohort.first_attempt),
    };
    let begins = if matches!(effect.condition, Condition::Breaks(..)) { it.at } else { it.at + it.lasts };
    let herd = |s: &usize| {
        let stamp = &model.stamps[*s];
        let callers = devices / stamps.len().max(1) as f64;
        let rate = connects_per_second(model, *s, callers);
        let herd = Herd { callers, rate, over, left: model.horizon.secs() - begins };
        herd.refused(&stamp.connect_shaping, |wait| asking.refused_within(wait))
    };
    stamps.iter().map(herd).sum()
}
