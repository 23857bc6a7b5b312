//! What the fleet asks of every limit, and which of them binds first.

use super::fleet::Fleet;
use crate::model::config::ModelConfig;
use crate::model::population::cohort::CohortConfig;
use crate::model::stamp::edition::Edition;
use crate::model::stamp::hub::StampConfig;
use crate::units::{Bytes, SimDuration, SimTime};

/// A limit that the fleet is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// Identities in the registry of a hub.
    Registry,
    /// Messages of a UTC day on a hub.
    Quota,
    /// Sends to a hub.
    Sends,
    /// Direct methods on a hub.
    Methods,
    /// New connections of a hub, from renewals of tokens.
    Connects,
    /// Operations on the registry of a hub, from registrations.
    RegistryOperations,
    /// Registrations at DPS, from growth.
    Registrations,
    /// Look-ups at DPS with a warm cache.
    LookUps,
    /// Planned capacity of a stamp. Soft: it is what the stamp was built for, and no service refuses beyond it.
    Capacity,
}

impl Limit {
    /// All limits, in the order of a table.
    pub const ALL: [Self; 9] = [
        Self::Capacity,
        Self::Registry,
        Self::Quota,
        Self::Sends,
        Self::Methods,
        Self::Connects,
        Self::RegistryOperations,
        Self::Registrations,
        Self::LookUps,
    ];

    /// Name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Registry => "identities of a hub",
            Self::Quota => "daily quota",
            Self::Sends => "send throttle",
            Self::Methods => "direct-method throttle",
            Self::Connects => "connect throttle",
            Self::RegistryOperations => "registry throttle",
            Self::Registrations => "DPS registrations",
            Self::LookUps => "DPS look-ups",
            Self::Capacity => "planned capacity",
        }
    }

    /// Unit of what is used of it.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Registry | Self::Capacity => "devices",
            Self::Quota => "messages/day",
            _ => "1/s",
        }
    }

    /// Whether a service refuses beyond it.
    pub fn is_hard(self) -> bool {
        self != Self::Capacity
    }
}

/// What is used of a limit at one time, at the place that uses most of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Use {
    /// What is used, in the unit of the limit.
    pub used: f64,
    /// The limit.
    pub room: f64,
}

impl Use {
    /// Share of the limit [1].
    pub fn share(self) -> f64 {
        if self.room > 0.0 { self.used / self.room } else { 0.0 }
    }
}

/// A limit over the run.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitUse {
    /// Which.
    pub limit: Limit,
    /// At the start.
    pub start: Use,
    /// At the end.
    pub end: Use,
    /// The largest share of it at any time of the run [1].
    pub share_max: f64,
    /// When it is first asked for more than it gives; nothing when never in the run.
    pub reached: Option<SimTime>,
    /// Devices in the fleet at which it would be reached, all else as at the end; nothing for a limit that does not follow
    /// the number of devices.
    pub devices: Option<f64>,
}

/// The limits of a fleet over the run; a limit that nothing uses is left out.
pub(super) fn limits(fleet: &Fleet<'_>, look_ups_per_s: &dyn Fn(SimTime) -> f64) -> Vec<LimitUse> {
    let times = fleet.times();
    let of = |limit: Limit| {
        let at = |time: SimTime| usage(fleet, limit, time, look_ups_per_s);
        let (start, end) = (at(SimTime::ZERO)?, at(fleet.end())?);
        let shares: Vec<(SimTime, f64)> = times.iter().filter_map(|time| Some((*time, at(*time)?.share()))).collect();
        let share_max = shares.iter().map(|(_, share)| *share).fold(0.0, f64::max);
        // What is exactly full is not asked for more than it gives.
        let reached = shares.iter().find(|(_, share)| *share > 1.0 + 1e-9).map(|(time, _)| *time);
        let follows = !matches!(limit, Limit::Registrations | Limit::RegistryOperations);
        let devices = (follows && end.used > 0.0).then(|| fleet.devices(fleet.end()) / end.share());
        (share_max > 0.0).then_some(LimitUse { limit, start, end, share_max, reached, devices })
    };
    Limit::ALL.into_iter().filter_map(of).collect()
}

/// The hard limit that binds first: the one that is reached first in the run, else the one that is nearest at the end.
pub fn first_to_bind(limits: &[LimitUse]) -> Option<&LimitUse> {
    let hard = || limits.iter().filter(|limit| limit.limit.is_hard());
    let reached = hard().filter(|limit| limit.reached.is_some()).min_by_key(|limit| limit.reached);
    reached.or_else(|| hard().max_by(|a, b| a.end.share().total_cmp(&b.end.share())))
}

/// What is used of a limit at a time: at the stamp that uses most of it, or at DPS.
fn usage(fleet: &Fleet<'_>, limit: Limit, at: SimTime, look_ups_per_s: &dyn Fn(SimTime) -> f64) -> Option<Use> {
    let dps = &fleet.model.dps;
    match limit {
        Limit::Registrations => Some(Use { used: growth_per_s(fleet, at), room: dps.registrations_per_second() }),
        Limit::LookUps => Some(Use { used: look_ups_per_s(at), room: dps.operations_per_second() }),
        _ => {
            let uses = fleet.stamps(at).filter_map(|stamp| on_stamp(fleet, limit, stamp, at));
            uses.max_by(|a, b| a.share().total_cmp(&b.share()))
        }
    }
}

fn on_stamp(fleet: &Fleet<'_>, limit: Limit, stamp: &StampConfig, at: SimTime) -> Option<Use> {
    let devices = fleet.on_stamp(stamp, at);
    let (edition, units) = (&stamp.edition, stamp.units);
    let load = Load::of(fleet, stamp, at);
    let (used, room) = match limit {
        Limit::Capacity => (devices, f64::from(stamp.capacity)),
        Limit::Registry => (devices, f64::from(edition.devices_max)),
        Limit::Quota => (devices * load.metered_per_day, quota(edition, units)),
        Limit::Sends => (devices * load.sends_per_s, edition.sends.of(units).per_second()),
        Limit::Methods => (devices * load.calls_per_s, edition.method_rate(units, stamp.method_payload)?.per_second()),
        Limit::Connects => (devices * load.renewals_per_s, edition.connects.of(units).per_second()),
        Limit::RegistryOperations if fleet.model.dps.draws_on_registry => {
            let share = devices / fleet.devices(at).max(1.0);
            (growth_per_s(fleet, at) * share, edition.registry.of(units).per_second())
        }
        _ => return None,
    };
    Some(Use { used, room })
}

fn quota(edition: &Edition, units: u32) -> f64 {
    edition.messages_per_day as f64 * f64::from(units)
}

/// Devices that join per second around a time: the rise since the last look at growth.
fn growth_per_s(fleet: &Fleet<'_>, at: SimTime) -> f64 {
    let tick = fleet.model.growth_tick.min(fleet.model.horizon);
    let from = SimTime(at.0.saturating_sub(tick.0));
    if from == at { 0.0 } else { ((fleet.devices(at) - fleet.devices(from)) / (at - from).secs()).max(0.0) }
}

/// What one device of a stamp asks for, on the average of the cohorts of its ring.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Load {
    /// Sends at the highest rate of their profile [1/s].
    pub(super) sends_per_s: f64,
    /// Sends at the mean rate over the run [1/s].
    pub(super) sends_mean_per_s: f64,
    /// Calls at the highest rate of their profile [1/s].
    pub(super) calls_per_s: f64,
    /// Connections made anew for a token [1/s].
    pub(super) renewals_per_s: f64,
    /// Messages metered, at the mean rate over the run [1/day].
    pub(super) metered_per_day: f64,
}

impl Load {
    /// The load of a device of a stamp at a time.
    pub(super) fn of(fleet: &Fleet<'_>, stamp: &StampConfig, at: SimTime) -> Self {
        let all = fleet.ring(stamp.ring, at);
        let mut mean = Self::default();
        for (index, cohort) in fleet.model.cohorts.iter().enumerate().filter(|(_, cohort)| cohort.ring == stamp.ring) {
            let share = if all > 0.0 { fleet.cohort(index, at) / all } else { 0.0 };
            mean.add(share, &Self::of_cohort(fleet.model, cohort, stamp.edition.meter_block));
        }
        mean
    }

    fn of_cohort(model: &ModelConfig, cohort: &CohortConfig, block: Bytes) -> Self {
        let powered = 1.0 - cohort.dormant.get();
        let mut load = Self::default();
        if let Some(telemetry) = &cohort.telemetry {
            let rate = telemetry.cadence.rate_per_second() * powered;
            load.sends_per_s = rate * telemetry.profile.max();
            load.sends_mean_per_s = rate * mean_factor(model, &telemetry.profile);
            load.metered_per_day +=
                per_day(rate * mean_factor(model, &telemetry.profile)) * telemetry.size.blocks(block) as f64;
        }
        if let Some(calls) = &cohort.calls {
            // Users call devices without power too; these give no answer to be metered beyond one block.
            let answer = powered * calls.response.blocks(block) as f64 + (1.0 - powered);
            load.calls_per_s = calls.rate_per_second * calls.profile.max();
            load.metered_per_day += per_day(calls.rate_per_second * mean_factor(model, &calls.profile))
                * (calls.request.blocks(block) as f64 + answer);
        }
        load.renewals_per_s = cohort.renewal.map_or(0.0, |period| powered / period.secs());
        load
    }

    fn add(&mut self, share: f64, other: &Self) {
        self.sends_per_s += share * other.sends_per_s;
        self.sends_mean_per_s += share * other.sends_mean_per_s;
        self.calls_per_s += share * other.calls_per_s;
        self.renewals_per_s += share * other.renewals_per_s;
        self.metered_per_day += share * other.metered_per_day;
    }

    /// The fewest units of an edition that carry so many devices, and what asks for them; nothing when the edition cannot.
    pub(super) fn units(&self, edition: &Edition, payload: Bytes, devices: f64) -> Option<(u32, Limit)> {
        if devices > f64::from(edition.devices_max) {
            return None;
        }
        let fits = |limit: Limit, units: u32| match limit {
            Limit::Quota => devices * self.metered_per_day <= quota(edition, units),
            Limit::Sends => devices * self.sends_per_s <= edition.sends.of(units).per_second(),
            Limit::Connects => devices * self.renewals_per_s <= edition.connects.of(units).per_second(),
            _ => {
                let calls = devices * self.calls_per_s;
                calls <= 0.0 || edition.method_rate(units, payload).is_some_and(|rate| calls <= rate.per_second())
            }
        };
        let needed = |limit: Limit| {
            let units = (1..=edition.units_max).find(|units| fits(limit, *units))?;
            Some((units, limit))
        };
        let needs: Option<Vec<_>> =
            [Limit::Quota, Limit::Sends, Limit::Methods, Limit::Connects].into_iter().map(needed).collect();
        // Of equal needs the first is named.
        needs?.into_iter().rev().max_by_key(|(units, _)| *units)
    }
}

fn per_day(per_s: f64) -> f64 {
    per_s * SimDuration::DAY.secs()
}

/// The mean factor of a profile over the run, whole days where it has any.
pub(super) fn mean_factor(model: &ModelConfig, profile: &crate::kernel::arrivals::RateProfile) -> f64 {
    let days = model.horizon.0 / SimDuration::DAY.0;
    let length = if days > 0 { SimDuration::DAY * days } else { model.horizon };
    profile.mean_over(SimTime::ZERO, SimTime::ZERO + length)
}
