//! Billable quantities: exact integers, priced after the run.

use std::collections::BTreeMap;

use crate::units::SimDuration;

/// Component of the bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// Hubs.
    Hub,
    /// Device provisioning.
    Dps,
    /// Routing endpoints.
    Routing,
    /// Processing.
    Processing,
    /// Gateway and its caches.
    Gateway,
    /// Anything else that a scenario prices.
    Other,
}

impl Component {
    /// All components, in order.
    pub const ALL: [Component; 6] =
        [Self::Hub, Self::Dps, Self::Routing, Self::Processing, Self::Gateway, Self::Other];

    /// Name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hub => "hub",
            Self::Dps => "dps",
            Self::Routing => "routing",
            Self::Processing => "processing",
            Self::Gateway => "gateway",
            Self::Other => "other",
        }
    }
}

/// What is metered: component, stamp (none where it is shared), and the name of its price.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Meter {
    /// Component of the bill.
    pub component: Component,
    /// Stamp, by index; none where it is shared.
    pub stamp: Option<u16>,
    /// Name in the price book.
    pub price: String,
}

/// A quantity of a meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Something held over time, such as hub units [unit x us].
    Held(u128),
    /// Something counted, such as operations.
    Counted(u128),
}

/// Quantities by meter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usage {
    quantities: BTreeMap<Meter, Quantity>,
}

impl Usage {
    /// Adds units that were held for a time.
    pub fn hold(&mut self, meter: Meter, units: u64, time: SimDuration) {
        let added = u128::from(units) * u128::from(time.0);
        match self.quantities.entry(meter).or_insert(Quantity::Held(0)) {
            Quantity::Held(sum) => *sum += added,
            Quantity::Counted(_) => unreachable!("a meter is held or counted, never both"),
        }
    }

    /// Adds counted units.
    pub fn count(&mut self, meter: Meter, units: u64) {
        match self.quantities.entry(meter).or_insert(Quantity::Counted(0)) {
            Quantity::Counted(sum) => *sum += u128::from(units),
            Quantity::Held(_) => unreachable!("a meter is held or counted, never both"),
        }
    }

    /// All quantities, in order of their meters.
    pub fn iter(&self) -> impl Iterator<Item = (&Meter, Quantity)> {
        self.quantities.iter().map(|(meter, quantity)| (meter, *quantity))
    }

    /// Adds all quantities of another usage.
    pub fn merge(&mut self, other: &Self) {
        for (meter, quantity) in other.iter() {
            match self.quantities.get_mut(meter) {
                None => {
                    self.quantities.insert(meter.clone(), quantity);
                }
                Some(sum) => *sum = sum.plus(quantity),
            }
        }
    }
}

impl Quantity {
    fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Held(a), Self::Held(b)) => Self::Held(a + b),
            (Self::Counted(a), Self::Counted(b)) => Self::Counted(a + b),
            _ => unreachable!("a meter is held or counted, never both"),
        }
    }
}
