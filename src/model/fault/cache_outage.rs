//! `cache_outage`: the gateway's cache does not answer; each call takes the fallback.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Names};
use crate::model::condition::{Condition, DownStyle, Effect, Target};

/// Parameters of `cache_outage`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CacheOutage {
    /// Whether look-ups fail at once (`reset`, default) or run into their time-out (`silent`).
    pub style: DownStyle,
    /// Whether the contents are lost. Default true.
    pub flush: bool,
    /// Whether the secondary cache is down too: a common cause. Default false.
    pub secondary: bool,
}

impl Default for CacheOutage {
    fn default() -> Self {
        Self { style: DownStyle::default(), flush: true, secondary: false }
    }
}

impl Fault for CacheOutage {
    fn effects(&self, _: &dyn Names) -> Result<Vec<Effect>, String> {
        let targets = if self.secondary { vec![Target::Cache, Target::SecondaryCache] } else { vec![Target::Cache] };
        let conditions = |target| {
            let flush = self.flush.then_some(Condition::Flush);
            let down = Some(Condition::Down(self.style));
            [flush, down].into_iter().flatten().map(move |condition| Effect::at_once(target, condition))
        };
        Ok(targets.into_iter().flat_map(conditions).collect())
    }
}
