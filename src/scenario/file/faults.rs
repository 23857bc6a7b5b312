//! The section `[[faults]]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::Lasts;
use crate::kernel::law::{DurationForm, DurationLaw, LogNormalSpread};
use crate::model::fault::FaultCause;
use crate::units::SimDuration;

/// A fault: a cause, and either a time (`at` and `for`) or a law (`drawn`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Name in tables and charts. Default: the cause and what it strikes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Start, after the start of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<SimDuration>,
    /// Length of the cause, or `"never_ends"` for one that stays to the end of the run.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Lasts>,
    /// Happens again and again at random.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn: Option<Drawn>,
    /// What goes wrong, as a table named after it.
    pub cause: FaultCause,
}

fn repair() -> DurationLaw {
    // 188 Azure incidents of 2018 and 2019: lognormal, mean of the logarithm 5.58 and deviation 1.05 in minutes.
    let median = SimDuration::MINUTE * 265;
    DurationLaw::new(DurationForm::LogNormal { median, spread: LogNormalSpread::Sigma(1.05) })
        .expect("a positive median and spread")
}

/// When a random fault happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drawn {
    /// Time from the end of one to the start of the next.
    pub every: DurationLaw,
    /// Length of one. Default lognormal, median 265 min, sigma 1.05: as recorded Azure incidents of 2018 and 2019.
    #[serde(default = "repair")]
    pub repair: DurationLaw,
}
