//! What the fleet costs: the meters of the simulation with closed forms in the place of counts, priced by the same bill.

use super::fleet::Fleet;
use super::loads::Load;
use crate::cost::per_month;
use crate::experiment::replication::Costs;
use crate::metrics::{Component, Usage};
use crate::model::ids::RingId;
use crate::model::population::cohort::Start;
use crate::model::stamp::hub::StampConfig;
use crate::scenario::Scenario;
use crate::units::{SimDuration, SimTime};

/// Cost of a fleet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// Of all [USD/month].
    pub usd_per_month: f64,
    /// By registered device [USD/month].
    pub per_device: f64,
    /// By device, were every stamp exactly full [USD/month].
    pub floor_per_device: f64,
}

impl Cost {
    /// Cost over the floor [1].
    pub fn premium(&self) -> f64 {
        if self.floor_per_device > 0.0 { self.per_device / self.floor_per_device } else { f64::NAN }
    }
}

/// Stamps with how long each is held, devices held over time, and counts of what is billed by count.
struct Held<'a> {
    stamps: Vec<(&'a StampConfig, SimDuration)>,
    length: SimDuration,
    device_time: u128,
    /// The same by ring, in the order of the rings.
    ring_time: Vec<u128>,
    dps_operations: f64,
}

/// A month of the fleet as it is at a time; `look_ups_per_s` at DPS.
pub(super) fn month(scenario: &Scenario, fleet: &Fleet<'_>, at: SimTime, look_ups_per_s: f64) -> Option<Cost> {
    let length = SimDuration::HOUR * u64::from(scenario.prices.hours_per_month());
    let stamps = fleet.stamps(at).map(|stamp| (stamp, length)).collect();
    let device_time = fleet.devices(at) as u128 * u128::from(length.0);
    let ring_time = rings(fleet).map(|ring| fleet.ring(ring, at) as u128 * u128::from(length.0)).collect();
    let dps_operations = look_ups_per_s * length.secs();
    price(scenario, fleet, &Held { stamps, length, device_time, ring_time, dps_operations })
}

/// The run as a whole, scaled to a month as the simulation does.
pub(super) fn run(scenario: &Scenario, fleet: &Fleet<'_>, look_ups: f64) -> Option<Cost> {
    let length = fleet.model.horizon;
    let mut stamps: Vec<_> = fleet.model.stamps.iter().map(|stamp| (stamp, length)).collect();
    // A stamp costs money from its order on.
    let planned = fleet.added.iter().filter(|added| added.planned && added.ordered < fleet.end());
    stamps.extend(planned.map(|added| (&added.stamp, fleet.end() - added.ordered)));
    let dps_operations = registrations(fleet) + look_ups;
    let ring_time = rings(fleet).map(|ring| fleet.ring_time(ring)).collect();
    price(scenario, fleet, &Held { stamps, length, device_time: fleet.device_time(), ring_time, dps_operations })
}

fn rings<'a>(fleet: &'a Fleet<'_>) -> impl Iterator<Item = RingId> + use<'a> {
    (0..fleet.model.rings.len()).map(|ring| RingId(ring as u8))
}

/// Messages of a stamp: its part of those of its ring, by capacity held over time.
fn sent(fleet: &Fleet<'_>, held: &Held<'_>, stamp: &StampConfig, length: SimDuration) -> f64 {
    let room = |stamp: &StampConfig, length: SimDuration| f64::from(stamp.capacity) * length.secs();
    let of_ring = held.stamps.iter().filter(|(other, _)| other.ring == stamp.ring);
    let all: f64 = of_ring.map(|(other, length)| room(other, *length)).sum();
    let device_s = held.ring_time.get(usize::from(stamp.ring.0)).map_or(0.0, |time| *time as f64 / 1e6);
    let rate = Load::of(fleet, stamp, fleet.end()).sends_mean_per_s;
    if all > 0.0 { device_s * rate * room(stamp, length) / all } else { 0.0 }
}

/// Registrations of a run without faults and moves: devices that begin new, and growth.
fn registrations(fleet: &Fleet<'_>) -> f64 {
    let cohorts = fleet.model.cohorts.iter().enumerate();
    let of = |(index, cohort): (usize, &crate::model::population::cohort::CohortConfig)| {
        let grown = (fleet.cohort(index, fleet.end()) - f64::from(cohort.devices)).max(0.0);
        grown + if cohort.start == Start::New { f64::from(cohort.devices) } else { 0.0 }
    };
    cohorts.map(of).sum()
}

fn price(scenario: &Scenario, fleet: &Fleet<'_>, held: &Held<'_>) -> Option<Cost> {
    let stamps: Vec<StampConfig> = held.stamps.iter().map(|(stamp, _)| (*stamp).clone()).collect();
    let usage = usage(fleet, held);
    let costs = Costs { scenario, stamps: &stamps };
    let bill = costs.bill(&usage, held.length);
    let per = costs.per_device(&bill, &usage, (held.device_time, held.device_time));
    let hours = scenario.prices.hours_per_month();
    Some(Cost {
        usd_per_month: per_month(bill.total, held.length, hours).to_f64(),
        per_device: per.registered?,
        floor_per_device: per.floor?,
    })
}

fn usage(fleet: &Fleet<'_>, held: &Held<'_>) -> Usage {
    let mut usage = Usage::new();
    for (index, (stamp, length)) in held.stamps.iter().enumerate() {
        let at = Some(index as u16);
        usage.add_time(Component::Hub, at, &stamp.edition.unit_price, u64::from(stamp.units), *length);
        for fixed in &stamp.fixed_prices {
            let component = if fixed.routing { Component::Routing } else { Component::Processing };
            usage.add_time(component, at, &fixed.price, u64::from(fixed.quantity), *length);
        }
        if stamp.bills_ingress {
            let sent = sent(fleet, held, stamp, *length);
            usage.add_count(Component::Routing, at, "eventhubs.ingress_1m", libm::round(sent) as u128);
        }
    }
    if let Some(gateway) = &fleet.model.gateway {
        for (price, quantity) in &gateway.fixed_prices {
            usage.add_time(Component::Gateway, None, price, u64::from(*quantity), held.length);
        }
    }
    usage.add_count(Component::Dps, None, "dps.operations_1k", libm::round(held.dps_operations) as u128);
    usage
}
