//! A scenario in closed form: what can be known of it in milliseconds, without a simulation.
//!
//! Growth is deterministic, limits are formulas and money is a sum, so stamps, units, cost and the limit that binds first
//! follow from the file. What does not follow is what chance and feedback do: queues near their limit, storms, herds. Of
//! those only floors are given, below which no simulation comes.

mod fleet;
mod floors;
mod gateway;
mod loads;
mod money;

pub use fleet::Added;
pub use floors::floors;
pub use gateway::Misses;
pub use loads::{Limit, LimitUse, Use, first_to_bind};
pub use money::Cost;

use fleet::Fleet;
use loads::Load;

use crate::model::limit::Shaping;
use crate::model::stamp::hub::StampConfig;
use crate::scenario::{Scenario, catalog};
use crate::theory::allocation::{BlastRadius, effective_stamps};
use crate::theory::floors::admission_floor;
use crate::units::{Ratio, SimTime};

/// What no scenario file states.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assumed {
    /// Share of time that a stamp is down.
    pub unavailability: Ratio,
    /// Share of that in which all stamps are down together.
    pub common_share: Ratio,
}

/// A crowd before a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crowd {
    /// Devices that want the same thing at once.
    pub devices: f64,
    /// Admissions by the limit [1/s].
    pub rate_per_s: f64,
    /// Devices over rate [s]: also the window over which first attempts should be spread.
    pub drain_s: f64,
    /// The same less the credit that was saved [s]: no run is faster.
    pub floor_s: f64,
}

impl Crowd {
    fn of(devices: f64, rate_per_s: f64, shaping: Shaping) -> Self {
        let floor = |credit: f64| admission_floor(devices, 1.0, rate_per_s, credit);
        Self { devices, rate_per_s, drain_s: floor(0.0), floor_s: floor(shaping.credit.secs()) }
    }
}

/// Stamps that are alike, and what one of them needs at the end of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Hub {
    /// Name of the first of them.
    pub first: String,
    /// How many there are.
    pub alike: usize,
    /// Edition that the scenario gives them.
    pub edition: String,
    /// Units that it gives them.
    pub units: u32,
    /// Devices on one of them, by planned capacity.
    pub devices: f64,
    /// The fewest units of that edition that carry them, and the limit that asks for these; nothing where none does.
    pub needs: Option<(u32, Limit)>,
    /// The edition and units that carry them at the lowest list price, and that price [USD/month].
    pub cheapest: Option<(String, u32, f64)>,
    /// All devices of one of them reconnect.
    pub reconnect: Crowd,
}

/// The loss of one stamp, and what chance makes of all of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blast {
    /// Largest share of the devices that one stamp holds [1].
    pub largest_share: f64,
    /// Number of equal stamps with the same spread of risk.
    pub effective_stamps: f64,
    /// Expected share of devices down at any time [1]: the same for any number of stamps.
    pub expected_share: f64,
    /// Its standard deviation [1]: what more stamps improve, as far as outages are not common.
    pub sd_share: f64,
}

/// Everything that follows from a scenario without simulating it.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// Devices at the start and at the end.
    pub devices: (f64, f64),
    /// Stamps that take devices at the start and at the end, those that are only due left out.
    pub stamps: (usize, usize),
    /// Stamps that are added or due in the run, in order.
    pub added: Vec<Added>,
    /// Hubs at the end, those that are alike together.
    pub hubs: Vec<Hub>,
    /// All devices at the end register at once.
    pub registration: Crowd,
    /// Use of each limit that is used.
    pub limits: Vec<LimitUse>,
    /// Calls that miss the cache; nothing where nobody calls.
    pub misses: Option<Misses>,
    /// Look-ups that DPS takes [1/s].
    pub look_ups_limit: f64,
    /// Cost of a month of the fleet as it is at the start, as it is at the end, and of the run.
    pub cost: [Option<Cost>; 3],
    /// The loss of a stamp at the end.
    pub blast: Blast,
}

/// Works out a scenario.
pub fn estimate(scenario: &Scenario, assumed: &Assumed) -> Outlook {
    let fleet = Fleet::of(&scenario.model);
    let (start, end) = (SimTime::ZERO, fleet.end());
    let misses = |at| gateway::misses(&fleet, at);
    let steady = |at| misses(at).map_or(0.0, |m| m.calls_per_s * m.steady);
    let (at_start, at_end) = (steady(start), steady(end));
    // Misses change little and smoothly with the number of devices; between the ends a straight line is near enough.
    let span = (fleet.devices(end) - fleet.devices(start)).abs().max(1.0);
    let between =
        |at| at_start + (at_end - at_start) * ((fleet.devices(at) - fleet.devices(start)).abs() / span).min(1.0);
    let limits = loads::limits(&fleet, &between);
    let in_run = misses(end).map_or(0.0, |m| m.over_run * calls_of_run(&fleet));
    let dps = &scenario.model.dps;
    let registrations = dps.registrations_per_second();
    Outlook {
        devices: (fleet.devices(start), fleet.devices(end)),
        stamps: (fleet.stamps(start).count(), fleet.stamps(end).count()),
        hubs: hubs(scenario, &fleet),
        registration: Crowd::of(fleet.devices(end), registrations, dps.registration_shaping),
        misses: misses(end),
        look_ups_limit: dps.operations_per_second(),
        cost: [
            money::month(scenario, &fleet, start, at_start),
            money::month(scenario, &fleet, end, at_end),
            money::run(scenario, &fleet, in_run),
        ],
        blast: blast(&fleet, assumed),
        limits,
        added: fleet.added,
    }
}

/// Calls of the whole run, by the devices of its mean.
fn calls_of_run(fleet: &Fleet<'_>) -> f64 {
    let horizon = fleet.model.horizon;
    let mean = fleet.device_time() as f64 / horizon.0 as f64 / fleet.devices(fleet.end()).max(1.0);
    let cohorts = fleet.model.cohorts.iter().enumerate();
    let of = cohorts.filter_map(|(index, cohort)| {
        let calls = cohort.calls.as_ref()?;
        let rate = calls.rate_per_second * loads::mean_factor(fleet.model, &calls.profile);
        Some(fleet.cohort(index, fleet.end()) * mean * rate * horizon.secs())
    });
    of.sum()
}

fn hubs(scenario: &Scenario, fleet: &Fleet<'_>) -> Vec<Hub> {
    let end = fleet.end();
    let mut hubs: Vec<(&StampConfig, usize)> = Vec::new();
    for stamp in fleet.stamps(end) {
        match hubs.iter_mut().find(|(first, _)| are_alike(first, stamp)) {
            Some((_, alike)) => *alike += 1,
            None => hubs.push((stamp, 1)),
        }
    }
    hubs.into_iter().map(|(stamp, alike)| hub(scenario, fleet, stamp, alike)).collect()
}

fn are_alike(a: &StampConfig, b: &StampConfig) -> bool {
    (a.ring, a.capacity, &a.edition, a.units, a.region) == (b.ring, b.capacity, &b.edition, b.units, b.region)
}

fn hub(scenario: &Scenario, fleet: &Fleet<'_>, stamp: &StampConfig, alike: usize) -> Hub {
    let end = fleet.end();
    let devices = fleet.on_stamp(stamp, end);
    let connects = stamp.edition.connects.of(stamp.units).per_second();
    Hub {
        first: stamp.name.clone(),
        alike,
        edition: stamp.edition_name.clone(),
        units: stamp.units,
        devices,
        needs: Load::of(fleet, stamp, end).units(&stamp.edition, stamp.method_payload, devices),
        cheapest: cheapest(scenario, fleet, stamp, devices),
        reconnect: Crowd::of(devices, connects, stamp.connect_shaping),
    }
}

/// The cheapest hub of our own catalogue that carries the devices of a stamp.
fn cheapest(scenario: &Scenario, fleet: &Fleet<'_>, stamp: &StampConfig, devices: f64) -> Option<(String, u32, f64)> {
    let region = &scenario.model.regions.names[stamp.region.index()];
    let editions = catalog::limits().editions;
    let priced = editions.into_iter().filter_map(|(name, edition)| {
        // Blocks are metered by edition.
        let there = StampConfig { edition: edition.clone(), ..stamp.clone() };
        let (units, _) = Load::of(fleet, &there, fleet.end()).units(&edition, stamp.method_payload, devices)?;
        let price = scenario.prices.price(&edition.unit_price, region)?.tiers.first()?.amount.to_f64();
        Some((name, units, price * f64::from(units)))
    });
    priced.min_by(|a, b| a.2.total_cmp(&b.2))
}

fn blast(fleet: &Fleet<'_>, assumed: &Assumed) -> Blast {
    let sizes: Vec<f64> = fleet.stamps(fleet.end()).map(|stamp| fleet.on_stamp(stamp, fleet.end())).collect();
    let all: f64 = sizes.iter().sum();
    let effective = effective_stamps(&sizes);
    let chance = BlastRadius {
        stamps: (effective.round() as u32).max(1),
        unavailability: assumed.unavailability.get(),
        common_share: assumed.common_share.get(),
    };
    Blast {
        largest_share: if all > 0.0 { sizes.iter().copied().fold(0.0, f64::max) / all } else { 0.0 },
        effective_stamps: effective,
        expected_share: chance.expected_share(),
        sd_share: chance.sd_share(),
    }
}

#[cfg(test)]
mod tests;
