//! `rebalance`: devices move onto one stamp until it is as full as the others of its ring, or between all stamps of a ring
//! until a goal is met. Their enrollments are pinned, since no allocation policy would send them there by itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Move, MoveNames, MoveRule};
use crate::units::Ratio;

/// Parameters of `rebalance`: `to` or `goal`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rebalance {
    /// Name of the stamp that takes devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What the stamps of a ring are to come to, by as few moved devices as can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<Goal>,
}

/// A goal of balance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// How near each stamp of the ring comes to the mean utilisation, as a share of it.
    pub within: Ratio,
    /// The ring. Default "production".
    #[serde(default = "production")]
    pub ring: String,
}

fn production() -> String {
    "production".to_owned()
}

impl Move for Rebalance {
    fn rule(&self, names: &dyn MoveNames) -> Result<MoveRule, String> {
        match (&self.to, &self.goal) {
            (Some(to), None) => Ok(MoveRule { to: Some(names.stamp(to)?), level: true, ..MoveRule::default() }),
            (None, Some(goal)) => {
                let ring = names.ring(&goal.ring)?;
                Ok(MoveRule { balance: Some((ring, goal.within)), ..MoveRule::default() })
            }
            (Some(_), Some(_)) => Err("a stamp and a goal at once; expected `to` or `goal`".into()),
            (None, None) => Err("a rebalance without an aim; expected `to` or `goal`".into()),
        }
    }
}
