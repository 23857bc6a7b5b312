//! Billable quantities of a run, as exact integers.
//!
//! Capacity is metered in time (unit-microseconds: units x microseconds), operations are counted. Which of the two a
//! meter is follows from the unit of its price.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use crate::units::SimDuration;

/// What a cost is for; in the order of bills and charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// Hubs of the stamps.
    Hub,
    /// The Device Provisioning Service.
    Dps,
    /// The API in front of it.
    ProvisioningApi,
    /// Routing endpoints behind the hubs (Event Hubs).
    Routing,
    /// Processing behind the routing endpoints.
    Processing,
    /// The gateway and its cache.
    Gateway,
    /// Traffic Manager in front of stamps with their own URL.
    TrafficManager,
    /// Features that are rolled out.
    Feature,
    /// Whatever a scenario adds.
    Other,
}

impl Component {
    /// Every component, in order.
    pub const ALL: [Self; 9] = [
        Self::Hub,
        Self::Dps,
        Self::ProvisioningApi,
        Self::Routing,
        Self::Processing,
        Self::Gateway,
        Self::TrafficManager,
        Self::Feature,
        Self::Other,
    ];

    /// The word of labels and columns.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hub => "hub",
            Self::Dps => "dps",
            Self::ProvisioningApi => "provisioning_api",
            Self::Routing => "routing",
            Self::Processing => "processing",
            Self::Gateway => "gateway",
            Self::TrafficManager => "traffic_manager",
            Self::Feature => "feature",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A metered quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Capacity held over time [units x us].
    UnitMicros(u128),
    /// Operations, events, queries [1].
    Count(u128),
}

impl Quantity {
    /// The integer, whatever it counts.
    pub const fn amount(self) -> u128 {
        match self {
            Self::UnitMicros(amount) | Self::Count(amount) => amount,
        }
    }

    /// The sum of two quantities of one kind.
    ///
    /// # Panics
    /// When one is time and the other a count.
    fn plus(self, other: Self) -> Self {
        let sum = self.amount().checked_add(other.amount()).expect("usage stays below 2^128");
        match (self, other) {
            (Self::UnitMicros(_), Self::UnitMicros(_)) => Self::UnitMicros(sum),
            (Self::Count(_), Self::Count(_)) => Self::Count(sum),
            _ => panic!("a meter is metered in time or counted, never both"),
        }
    }
}

/// Whose usage it is, and on which meter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct UsageKey {
    /// What the cost is for.
    pub component: Component,
    /// Index of the stamp; nothing for what all stamps share.
    pub stamp: Option<u16>,
    /// Id of the price, such as `iothub.s1.unit_month`.
    pub meter: String,
}

/// All usage of a run, in the order of its bill.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usage {
    quantities: BTreeMap<UsageKey, Quantity>,
}

impl Usage {
    /// No usage.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a quantity to a meter; zero opens the meter, so that the bill shows it.
    pub fn add(&mut self, component: Component, stamp: Option<u16>, meter: &str, quantity: Quantity) {
        match self.quantities.entry(UsageKey { component, stamp, meter: meter.to_owned() }) {
            Entry::Vacant(entry) => _ = entry.insert(quantity),
            Entry::Occupied(mut entry) => *entry.get_mut() = entry.get().plus(quantity),
        }
    }

    /// Adds capacity held for a length of time [units x time].
    pub fn add_time(&mut self, component: Component, stamp: Option<u16>, meter: &str, units: u64, length: SimDuration) {
        let micros = u128::from(units) * u128::from(length.0);
        self.add(component, stamp, meter, Quantity::UnitMicros(micros));
    }

    /// Adds counted operations [1].
    pub fn add_count(&mut self, component: Component, stamp: Option<u16>, meter: &str, count: u128) {
        self.add(component, stamp, meter, Quantity::Count(count));
    }

    /// Adds all usage of another part of the run.
    pub fn merge(&mut self, other: &Self) {
        for (key, quantity) in other.iter() {
            self.add(key.component, key.stamp, &key.meter, quantity);
        }
    }

    /// Every meter with its quantity, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&UsageKey, Quantity)> {
        self.quantities.iter().map(|(key, quantity)| (key, *quantity))
    }

    /// Whether nothing was metered.
    pub fn is_empty(&self) -> bool {
        self.quantities.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_adds_up_in_any_order() {
        let mut one = Usage::new();
        one.add_time(Component::Hub, Some(0), "iothub.s1.unit_month", 2, SimDuration::HOUR);
        one.add_count(Component::Dps, None, "dps.operations_1k", 5);
        let mut other = Usage::new();
        other.add_time(Component::Hub, Some(0), "iothub.s1.unit_month", 1, SimDuration::HOUR);
        let mut there = one.clone();
        there.merge(&other);
        other.merge(&one);
        assert_eq!(there, other);
        let quantities: Vec<_> = there.iter().map(|(_, quantity)| quantity).collect();
        assert_eq!(quantities, [Quantity::UnitMicros(3 * 3_600_000_000), Quantity::Count(5)]);
    }

    #[test]
    #[should_panic(expected = "never both")]
    fn a_meter_has_one_kind() {
        let mut usage = Usage::new();
        usage.add_count(Component::Hub, None, "a", 1);
        usage.add_time(Component::Hub, None, "a", 1, SimDuration::HOUR);
    }

    #[test]
    fn words_and_serde_agree() {
        for component in Component::ALL {
            let json = serde_json::to_string(&component).expect("a word");
            assert_eq!(json, format!("\"{component}\""));
        }
    }
}
