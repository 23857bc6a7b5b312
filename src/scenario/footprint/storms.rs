//! Devices that faults, moves and the start of a run send away and back: how many, and how many events each.

use super::Fleet;
use crate::kernel::draws::{Draws, Purpose, Stream};
use crate::model::condition::{Condition, DownStyle, Effect, Struck, Target};
use crate::model::config::ModelConfig;
use crate::model::fault::{FaultConfig, Schedule};
use crate::model::ids::{CohortId, StampId};
use crate::model::limit::Shaping;
use crate::model::movement::wave::MoveConfig;
use crate::model::population::cohort::{CohortConfig, OnBoot};
use crate::units::SimDuration;

/// A connection that is tried and made.
const CONNECT: f64 = 2.0;
/// Register, done, seen.
const REGISTER: f64 = 3.0;
/// An attempt on a hub that is down, and patience that ends.
const ROUND: f64 = 2.0;
/// Draws that a mean is taken over.
const DRAWS: u64 = 64;
/// A wait is taken for no shorter than this: an attempt and its answer take time too [s].
const SHORTEST: f64 = 0.1;
/// Waits that are followed one by one; later ones are alike.
const WAITS_MAX: u32 = 64;
/// Number of a late wait: every rule has reached its cap by then.
const LATE: u32 = 12;

fn draws(of: u64) -> Stream {
    Draws::new(1, 0).stream(0, Purpose::Backoff, of)
}

/// Mean wait of a device that was refused for long, and at least so long [s].
fn late_gap(cohort: &CohortConfig, least: f64) -> f64 {
    let rule = cohort.backoff.entry();
    let mut previous = SimDuration::ZERO;
    let waits = (0..DRAWS).map(|i| {
        previous = rule.delay(LATE, previous, &mut draws(i)).max(rule.least_gap());
        previous.secs()
    });
    (waits.sum::<f64>() / DRAWS as f64).max(least)
}

/// Waits of a device between failures in a row, each from one attempt to the next [s].
fn waits(cohort: &CohortConfig, of: u64) -> impl Iterator<Item = f64> {
    let rule = cohort.backoff.entry();
    let (mut draws, mut previous) = (draws(of), SimDuration::ZERO);
    (0..).map(move |retry| {
        previous = rule.delay(retry, previous, &mut draws).max(rule.least_gap());
        previous.secs().max(SHORTEST)
    })
}

/// How long a device stays with a hub that is down, where a failure takes so long [s].
fn patience(cohort: &CohortConfig, failure: f64) -> f64 {
    let give_up = |i| {
        let rule = cohort.reconnect.entry().give_up(&mut draws(i));
        let after = rule.after.map_or(f64::INFINITY, SimDuration::secs);
        let in_a_row = |n: u32| waits(cohort, i).take(n.min(WAITS_MAX) as usize).sum::<f64>() + f64::from(n) * failure;
        rule.failures.map_or(after, |n| after.min(in_a_row(n)))
    };
    (0..DRAWS).map(give_up).sum::<f64>() / DRAWS as f64
}

/// Time over which devices give up on a hub that is down [s]; as long as it takes where patience counts failures.
fn spread_of_patience(cohort: &CohortConfig) -> f64 {
    let ends = (0..DRAWS).filter_map(|i| cohort.reconnect.entry().give_up(&mut draws(i)).after);
    let (first, last) = (ends.clone().min(), ends.max());
    first.zip(last).map_or_else(|| patience(cohort, 0.0), |(first, last)| (last - first).secs())
}

/// Requests that a limit refuses while so many callers come over a time and ask again until they are taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Herd {
    pub(super) callers: f64,
    /// Limit [1/s].
    pub(super) rate: f64,
    /// Time over which they come [s].
    pub(super) over: f64,
    /// Time between two attempts of one [s].
    pub(super) gap: f64,
    /// Time until the run ends [s].
    pub(super) left: f64,
}

impl Herd {
    pub(super) fn refused(self, shaping: &Shaping) -> f64 {
        let Some(backlog) = shaping.backlog.bound() else { return 0.0 };
        let free = self.rate * (self.over + shaping.credit.secs() + backlog.secs());
        let waiting = (self.callers - free).max(0.0);
        let needed = waiting / self.rate.max(1e-9);
        let length = needed.min(self.left.max(0.0));
        if waiting > 0.0 { waiting * (1.0 - length / (2.0 * needed)) * length / self.gap } else { 0.0 }
    }
}

impl Herd {
    /// The same with those that are refused while the callers still come.
    pub(super) fn refused_in_all(self, shaping: &Shaping) -> f64 {
        let after = self.refused(shaping);
        if after <= 0.0 || self.over <= 0.0 {
            return after;
        }
        let free = self.rate * (self.over + shaping.credit.secs());
        let waiting = (self.callers - free).max(0.0);
        let growing = waiting / (self.callers / self.over - self.rate).max(1e-9);
        after + waiting / 2.0 * growing.min(self.over).min(self.left) / self.gap
    }
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

/// Devices of a cohort on a stamp: by weight.
fn on_stamp(model: &ModelConfig, fleet: &Fleet, cohort: usize, stamp: usize) -> f64 {
    let stamps = stamps_of(model, &model.cohorts[cohort]);
    let weight = |s: &usize| f64::from(model.stamps[*s].weight);
    let share = if stamps.contains(&stamp) { weight(&stamp) / stamps.iter().map(weight).sum::<f64>() } else { 0.0 };
    fleet.mean[cohort] * share * (1.0 - model.cohorts[cohort].dormant.get())
}

fn is_struck(cohort: &CohortConfig, index: usize, who: Struck) -> f64 {
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

/// Most devices that faults take the connections of at once.
pub(super) fn most_at_once(model: &ModelConfig, fleet: &Fleet) -> f64 {
    let by_fault = |fault: &FaultConfig| {
        let common = fault.common.iter().flat_map(|common| &common.effects);
        let effects: Vec<&Effect> = fault.effects.iter().chain(common).collect();
        let of_cohort = |c| effects.iter().map(|effect| struck(model, fleet, c, effect)).sum::<f64>();
        (0..model.cohorts.len()).map(of_cohort).sum::<f64>()
    };
    model.faults.iter().map(by_fault).fold(0.0, f64::max)
}

/// Occurrences of a fault up to the horizon, and how long one lasts [s].
fn occurrences(schedule: &Schedule, horizon: f64) -> (f64, f64) {
    let once = |at: f64, lasts: f64| (f64::from(u8::from(at < horizon)), lasts.min(horizon - at).max(0.0));
    match schedule {
        Schedule::At { at, lasts } => once(at.secs(), lasts.map_or(horizon, SimDuration::secs)),
        Schedule::Once { at, length } => once(at.secs(), length.mean().secs()),
        Schedule::Drawn { gap, repair } => {
            let cycle = gap.mean().secs() + repair.mean().secs();
            (horizon / cycle.max(1e-6), repair.mean().secs())
        }
        Schedule::Listed(incidents) => {
            let all = incidents.iter().filter(|incident| incident.at.secs() < horizon);
            let lengths: f64 = all.clone().map(|incident| incident.lasts.secs()).sum();
            let n = all.count() as f64;
            (n, lengths / n.max(1.0))
        }
    }
}

/// Events of all faults, of the devices that they send away and back, and of what operators do about them.
pub(super) fn of_faults(model: &ModelConfig, fleet: &Fleet) -> f64 {
    model.faults.iter().map(|fault| of_fault(model, fleet, fault)).sum()
}

/// Attempts on hubs that are down, by fault and cohort: each waits its longest wait between two.
pub fn attempts_in_vain(model: &ModelConfig) -> Vec<(usize, usize, f64)> {
    let fleet = Fleet::of(model);
    let mut found = Vec::new();
    for (f, fault) in model.faults.iter().enumerate() {
        let (times, lasts) = occurrences(&fault.schedule, model.horizon.secs());
        for (c, cohort) in model.cohorts.iter().enumerate() {
            let down = |effect: &&Effect| matches!(effect.condition, Condition::Down(_));
            let devices: f64 = fault.effects.iter().filter(down).map(|effect| struck(model, &fleet, c, effect)).sum();
            found.push((f, c, times * devices * lasts.min(patience(cohort, 0.0)) / late_gap(cohort, 1e-6)));
        }
    }
    found
}

fn of_fault(model: &ModelConfig, fleet: &Fleet, fault: &FaultConfig) -> f64 {
    let (times, lasts) = occurrences(&fault.schedule, model.horizon.secs());
    let effects = |effects: &[Effect]| {
        effects.iter().map(|effect| of_effect(model, fleet, effect, (lasts, excluded(effects, effect)))).sum::<f64>()
    };
    let common = fault.common.as_ref().map_or(0.0, |common| common.share.get() * effects(&common.effects));
    let moved = fault.remedy.as_ref().and_then(|remedy| remedy.plan).map_or(0.0, |plan| {
        let in_time = plan.pace.count_in(SimDuration::from_secs_f64((lasts - plan.detection.secs()).max(0.0)));
        let ways = if plan.back.is_some() { 2.0 } else { 1.0 };
        most_at_once(model, fleet).min(in_time) * EVICTED * ways
    });
    times * (2.0 + fault.effects.len() as f64 + effects(&fault.effects) + common + moved)
}

/// When the target of an effect leaves allocation, if it does [s].
fn excluded(effects: &[Effect], of: &Effect) -> Option<f64> {
    let leaves = |effect: &&Effect| effect.target == of.target && matches!(effect.condition, Condition::Excluded);
    effects.iter().find(leaves).map(|effect| effect.delay.secs())
}

/// Events of one effect of a fault that lasts so long [s], whose hub leaves allocation or not.
fn of_effect(model: &ModelConfig, fleet: &Fleet, effect: &Effect, times: (f64, Option<f64>)) -> f64 {
    let of_cohort = |(index, cohort): (usize, &CohortConfig)| {
        let devices = struck(model, fleet, index, effect);
        if devices > 0.0 {
            devices * each(model, cohort, effect, times)
                + refused(model, cohort, effect, devices)
                + refused_at_dps(model, cohort, (effect, times.0), devices)
        } else {
            0.0
        }
    };
    model.cohorts.iter().enumerate().map(of_cohort).sum()
}

/// Events of one device that is struck. `excluded` is how long after the start its hub leaves allocation, if it does [s].
fn each(model: &ModelConfig, cohort: &CohortConfig, effect: &Effect, (lasts, excluded): (f64, Option<f64>)) -> f64 {
    let boot = match cohort.on_boot {
        OnBoot::Stored => CONNECT,
        OnBoot::Query => CONNECT + 1.0,
        OnBoot::Register => CONNECT + REGISTER,
    };
    let noticed = |style: DownStyle| if style == DownStyle::Silent { 1.0 } else { 0.0 };
    match effect.condition {
        Condition::Down(style) => {
            let failure = match style {
                DownStyle::Reset => model.network.device_to_hub.mean().secs(),
                DownStyle::Silent => model.network.connect_timeout.secs(),
            };
            let patience = patience(cohort, failure);
            // Attempts in vain are no events. Devices of a hub that DPS still offers go round in circles.
            let kept = excluded.is_none_or(|after| after > patience);
            let rounds = if lasts <= patience {
                0.0
            } else if kept {
                lasts / patience.max(SHORTEST)
            } else {
                1.0
            };
            1.0 + noticed(style) + CONNECT + rounds * (ROUND + REGISTER)
        }
        Condition::Reboots(_) => CONNECT + boot,
        Condition::Breaks(_, style, _) => CONNECT + 2.0 * noticed(style),
        _ => boot,
    }
}

/// Requests that DPS refuses when devices ask it at their boot, or have given up on their hub.
fn refused_at_dps(model: &ModelConfig, cohort: &CohortConfig, (effect, lasts): (&Effect, f64), devices: f64) -> f64 {
    let asks = match cohort.on_boot {
        OnBoot::Stored => false,
        OnBoot::Query => model.dps.lookup_counts,
        OnBoot::Register => true,
    };
    let over = match effect.condition {
        Condition::Off(over) => over.secs(),
        Condition::Reboots(_) => 0.0,
        Condition::Down(_) => spread_of_patience(cohort),
        _ => return 0.0,
    } + cohort.first_attempt.mean().secs();
    let gives_up = matches!(effect.condition, Condition::Down(_));
    let asks = if gives_up { lasts > patience(cohort, 0.0) } else { asks };
    let (rate, gap) = (model.dps.registrations_per_second(), dps_gap(model, cohort));
    let herd = Herd { callers: devices, rate, over, gap, left: model.horizon.secs() };
    if asks { herd.refused_in_all(&model.dps.registration_shaping) } else { 0.0 }
}

/// Mean time between two requests of a device that DPS has refused for long [s].
pub(super) fn dps_gap(model: &ModelConfig, cohort: &CohortConfig) -> f64 {
    late_gap(cohort, model.dps.retry_after.secs().max(1.0))
}

/// Attempts that limits refuse when the devices of an effect come back.
fn refused(model: &ModelConfig, cohort: &CohortConfig, effect: &Effect, devices: f64) -> f64 {
    let stamps = stamps_of(model, cohort);
    let stamps: Vec<usize> = match effect.target {
        Target::Stamp(stamp) => vec![stamp.index()],
        _ => stamps,
    };
    let over = match effect.condition {
        Condition::Off(over) => over.secs(),
        Condition::Reboots(_) => return 0.0,
        Condition::Breaks(_, DownStyle::Silent, _) => cohort.keep_alive.secs() / 2.0,
        _ => 0.0,
    } + cohort.first_attempt.mean().secs();
    let callers = devices / stamps.len().max(1) as f64;
    let herd = |s: &usize| {
        let stamp = &model.stamps[*s];
        let rate = stamp.edition.connects.of(stamp.units).per_second();
        let herd = Herd { callers, rate, over, gap: late_gap(cohort, SHORTEST), left: model.horizon.secs() };
        herd.refused(&stamp.connect_shaping)
    };
    stamps.iter().map(herd).sum()
}

/// Events of a device that is evicted: evicted, unknown at its hub, registers, connects.
const EVICTED: f64 = 2.0 + REGISTER + CONNECT;

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
