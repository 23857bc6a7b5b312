//! The section `[[faults]]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::Lasts;
use crate::kernel::law::{DurationForm, DurationLaw, LogNormalSpread};
use crate::model::fault::FaultCause;
use crate::model::fault::remediation::Remediation;
use crate::units::{Ratio, SimDuration};

/// A fault: a cause, and either a time (`at` and `for`), a law (`drawn`) or a list (`incidents`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Name in tables and charts. Default: the cause and what it strikes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Start, after the start of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<SimDuration>,
    /// Length of the cause, or `"never_ends"` for one that stays to the end of the run. Causes that have a length of their
    /// own, such as `hub_failover`, are given none.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Lasts>,
    /// Happens again and again at random.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn: Option<Drawn>,
    /// Happens as a file says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incidents: Option<Incidents>,
    /// What an operator does about it, as a table named after the remedy. Default: nothing, and no figure about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remediation: Option<Remediation>,
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
    /// Whether an occurrence strikes others too. Default: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub common_cause: Option<CommonCauseTable>,
}

/// A cause that several stamps or regions have in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommonCauseTable {
    /// Share of the occurrences that strike the others at the same time. Of recorded Azure incidents of 2018 and 2019
    /// 52 % name several regions.
    pub share: Ratio,
    /// Stamps that are struck too, by name or by the name of their group. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<String>,
    /// Regions whose stamps (or whose devices, for a fault of devices) are struck too. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
}

/// A list of occurrences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Incidents {
    /// Path of a CSV file, relative to this one. Columns: `start` (a date or a moment in UTC), `duration` (such as
    /// `45 min`), and optionally `targets` (stamps) and `regions`, several with `;` between them. A row without either
    /// strikes what the cause names.
    pub file: String,
}
