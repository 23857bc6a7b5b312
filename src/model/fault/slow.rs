//! `stamp_slow`, `dps_slow`, `cache_slow`: an answer takes several times as long.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Names};
use crate::model::condition::{Condition, Effect, Target};

fn slow(target: Target, factor: f64) -> Result<Vec<Effect>, String> {
    if factor.is_finite() && factor > 0.0 {
        Ok(vec![Effect::at_once(target, Condition::Slow(factor))])
    } else {
        Err(format!("the factor {factor} is not above zero"))
    }
}

/// Parameters of `stamp_slow`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StampSlow {
    /// Name of the stamp.
    pub stamp: String,
    /// How many times longer an answer takes [1].
    pub factor: f64,
}

impl Fault for StampSlow {
    fn effects(&self, names: &dyn Names) -> Result<Vec<Effect>, String> {
        slow(Target::Stamp(names.stamp(&self.stamp)?), self.factor)
    }
}

/// Parameters of `dps_slow`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DpsSlow {
    /// How many times longer an answer takes [1].
    pub factor: f64,
}

impl Fault for DpsSlow {
    fn effects(&self, names: &dyn Names) -> Result<Vec<Effect>, String> {
        let all = names.services().into_iter().map(|service| slow(Target::Dps(service), self.factor));
        Ok(all.collect::<Result<Vec<_>, _>>()?.concat())
    }
}

/// Parameters of `cache_slow`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheSlow {
    /// How many times longer an answer takes [1].
    pub factor: f64,
}

impl Fault for CacheSlow {
    fn effects(&self, _: &dyn Names) -> Result<Vec<Effect>, String> {
        slow(Target::Cache, self.factor)
    }
}
