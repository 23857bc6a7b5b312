//! `connections_lost` and `zone_loss`: live connections break while every service works. They take a moment, so no `for`
//! is given: a zone of the hub's region fails, a carrier's gateway forgets its connections.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Names};
use crate::kernel::law::DurationLaw;
use crate::model::condition::{Condition, DownStyle, Effect, Struck, Target};
use crate::units::{Ratio, SimDuration};

/// The length of what takes only a moment.
fn moment() -> DurationLaw {
    DurationLaw::constant(SimDuration::ZERO)
}

/// Parameters of `connections_lost`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConnectionsLost {
    /// Only connections to this stamp. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stamp: Option<String>,
    /// Only devices whose home is this region. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Only this cohort. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cohort: Option<String>,
    /// Share of the connections that breaks, drawn by device. Default 1.
    pub share: Ratio,
    /// Whether both sides notice at once (`reset`, default) or only by keep-alive (`silent`).
    pub style: DownStyle,
}

impl Default for ConnectionsLost {
    fn default() -> Self {
        Self { stamp: None, region: None, cohort: None, share: Ratio::ONE, style: DownStyle::default() }
    }
}

impl Fault for ConnectionsLost {
    fn effects(&self, names: &dyn Names) -> Result<Vec<Effect>, String> {
        let stamp = self.stamp.as_ref().map(|name| names.stamp(name)).transpose()?;
        let who = Struck {
            cohort: self.cohort.as_ref().map(|name| names.cohort(name)).transpose()?,
            region: self.region.as_ref().map(|name| names.region(name)).transpose()?,
            generation: None,
        };
        let target = stamp.map_or(Target::Fleet, Target::Stamp);
        Ok(vec![Effect::at_once(target, Condition::Breaks(self.share, self.style, who))])
    }

    fn length(&self) -> Option<DurationLaw> {
        Some(moment())
    }
}

/// Parameters of `zone_loss`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneLoss {
    /// Name of the stamp whose hub loses a zone.
    pub stamp: String,
    /// Share of its connections that the zone carried. Default a third.
    #[serde(default = "third")]
    pub share: Ratio,
}

fn third() -> Ratio {
    Ratio::new(1.0 / 3.0).expect("a share")
}

impl Fault for ZoneLoss {
    fn effects(&self, names: &dyn Names) -> Result<Vec<Effect>, String> {
        let target = Target::Stamp(names.stamp(&self.stamp)?);
        let condition = Condition::Breaks(self.share, DownStyle::Reset, Struck::default());
        Ok(vec![Effect::at_once(target, condition)])
    }

    fn length(&self) -> Option<DurationLaw> {
        Some(moment())
    }
}
