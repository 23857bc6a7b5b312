//! Orders: which devices of a move go first. Devices of equal rank follow a draw, whatever the order.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::ids::{CohortId, RingId};
use crate::model::names::MoveNames;
use crate::registry;

/// What an order may know of a device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Passenger {
    /// Its cohort.
    pub cohort: CohortId,
    /// Its ring.
    pub ring: RingId,
    /// Its value [1], which its cohort has.
    pub value: f64,
}

/// An order of eviction: a pure decider.
pub trait Rank {
    /// Rank of a device; lower ones go first.
    fn rank(&self, _passenger: Passenger) -> u64 {
        0
    }

    /// Takes the names that the parameters mention.
    fn resolve(&mut self, _names: &dyn MoveNames) -> Result<(), String> {
        Ok(())
    }

    /// What is wrong with the parameters.
    fn problem(&self) -> Option<String> {
        None
    }
}

registry! {
    /// The registered orders of eviction.
    pub enum MoveOrder: Rank {
        Random("random", "As drawn: any device may be first."),
        ByValue("by_value", "The least valuable devices first, by `value` of their cohort."),
        ByCohort("by_cohort", "Cohort by cohort as listed, then all others."),
        ByRing("by_ring", "Ring by ring as listed, then all others."),
    }
}

impl Default for MoveOrder {
    fn default() -> Self {
        Self::Random(Random {})
    }
}

impl MoveOrder {
    /// Whether it is the default.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Parameters of `random`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Random {}

impl Rank for Random {}

/// Parameters of `by_value`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ByValue {}

impl Rank for ByValue {
    fn rank(&self, passenger: Passenger) -> u64 {
        // The bits of floats that are not negative have the order of the floats.
        passenger.value.max(0.0).to_bits()
    }
}

/// Parameters of `by_cohort`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ByCohort {
    /// Names of cohorts, the first to go first.
    pub cohorts: Vec<String>,
    #[serde(skip)]
    #[schemars(skip)]
    resolved: Vec<CohortId>,
}

impl Rank for ByCohort {
    fn rank(&self, passenger: Passenger) -> u64 {
        place(&self.resolved, &passenger.cohort)
    }

    fn resolve(&mut self, names: &dyn MoveNames) -> Result<(), String> {
        self.resolved = self.cohorts.iter().map(|name| names.cohort(name)).collect::<Result<_, _>>()?;
        Ok(())
    }

    fn problem(&self) -> Option<String> {
        listed("cohort", &self.cohorts)
    }
}

/// Parameters of `by_ring`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ByRing {
    /// Names of rings, the first to go first.
    pub rings: Vec<String>,
    #[serde(skip)]
    #[schemars(skip)]
    resolved: Vec<RingId>,
}

impl Rank for ByRing {
    fn rank(&self, passenger: Passenger) -> u64 {
        place(&self.resolved, &passenger.ring)
    }

    fn resolve(&mut self, names: &dyn MoveNames) -> Result<(), String> {
        self.resolved = self.rings.iter().map(|name| names.ring(name)).collect::<Result<_, _>>()?;
        Ok(())
    }

    fn problem(&self) -> Option<String> {
        listed("ring", &self.rings)
    }
}

/// Place in a list; behind its end for what it lacks.
fn place<T: PartialEq>(list: &[T], what: &T) -> u64 {
    list.iter().position(|listed| listed == what).unwrap_or(list.len()) as u64
}

/// What is wrong with a list of names.
fn listed(what: &str, names: &[String]) -> Option<String> {
    if names.is_empty() {
        return Some(format!("an order by {what} that lists none; expected at least one {what}"));
    }
    let twice = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name));
    twice.map(|(_, name)| format!("`{name}` is listed twice; expected each {what} once"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passenger(cohort: u8, ring: u8, value: f64) -> Passenger {
        Passenger { cohort: CohortId(cohort), ring: RingId(ring), value }
    }

    #[test]
    fn ranks_follow_values_and_lists_and_what_is_not_listed_comes_last() {
        let value = |value| ByValue {}.rank(passenger(0, 0, value));
        assert!(value(0.0) < value(0.5) && value(0.5) < value(1.0) && value(1.0) < value(1e6));
        let cohorts = ByCohort { cohorts: Vec::new(), resolved: vec![CohortId(2), CohortId(0)] };
        assert_eq!([2, 0, 1].map(|cohort| cohorts.rank(passenger(cohort, 9, 0.0))), [0, 1, 2]);
        let rings = ByRing { rings: Vec::new(), resolved: vec![RingId(1)] };
        assert_eq!([1, 0].map(|ring| rings.rank(passenger(9, ring, 0.0))), [0, 1]);
        assert_eq!(Random {}.rank(passenger(1, 2, 3.0)), 0);
    }

    #[test]
    fn a_list_names_each_once() {
        let problem = |names: &[&str]| listed("ring", &names.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert!(problem(&[]).is_some_and(|text| text.contains("lists none")));
        assert!(problem(&["a", "b", "a"]).is_some_and(|text| text.contains("`a` is listed twice")));
        assert_eq!(problem(&["a", "b"]), None);
    }
}
