//! `installer`: a person with an app visits each new device and puts the ID scope into it. It suits devices without a person
//! who owns them; new devices come as fast as there are people, and DPS is never the narrow place.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Topology;
use crate::kernel::law::{DurationForm, DurationLaw};
use crate::units::SimDuration;

/// Parameters of `installer`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Installer {
    /// People who work side by side, around the clock. Default 10.
    pub installers: u16,
    /// Time that one device takes, the way to it included. Default 5 min to 15 min, uniform.
    pub time_each: DurationLaw,
}

impl Default for Installer {
    fn default() -> Self {
        let (low, high) = (SimDuration::MINUTE * 5, SimDuration::MINUTE * 15);
        let time_each = DurationLaw::new(DurationForm::Uniform { low, high }).expect("the bounds are in order");
        Self { installers: 10, time_each }
    }
}

impl Topology for Installer {
    fn installers(&self) -> Option<(u16, DurationLaw)> {
        Some((self.installers, self.time_each))
    }

    fn problems(&self) -> Vec<(&'static str, String)> {
        let nobody = self.installers == 0;
        let problem = "no installers; expected at least 1; without one no new device is ever configured";
        nobody.then(|| ("installers", problem.to_owned())).into_iter().collect()
    }
}
