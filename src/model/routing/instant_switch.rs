//! `instant_switch`: a reverse proxy in front of all stamps. Nobody keeps an answer, so users move as soon as it knows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AllDegraded, Answers, Probing, Remark, Route};
use crate::units::SimDuration;

/// Parameters of `instant_switch`. Figures of proxies are unconfirmed: they are assumptions of the scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InstantSwitch {
    /// Time between two probes. Default 5 s (unconfirmed).
    pub interval: SimDuration,
    /// Time until a probe has failed; shorter than the interval. Default 2 s (unconfirmed).
    pub timeout: SimDuration,
    /// Failures in a row that are tolerated. Default 1 (unconfirmed).
    pub tolerated_failures: u8,
}

impl Default for InstantSwitch {
    fn default() -> Self {
        Self { interval: SimDuration::from_secs(5), timeout: SimDuration::from_secs(2), tolerated_failures: 1 }
    }
}

impl Route for InstantSwitch {
    fn probing(&self) -> Probing {
        Probing {
            interval: self.interval,
            timeout: self.timeout,
            tolerated_failures: self.tolerated_failures,
            locations: 1,
            all_degraded: AllDegraded::First,
        }
    }

    fn answers(&self) -> Option<Answers> {
        None
    }

    fn problems(&self) -> Vec<Remark> {
        if self.interval.is_zero() {
            vec![("interval", "probes without a pause; expected a length above zero, such as \"5 s\"".to_owned())]
        } else if self.timeout >= self.interval {
            let what = format!("a time-out of {}; expected less than the interval of {}", self.timeout, self.interval);
            vec![("timeout", what)]
        } else {
            Vec::new()
        }
    }
}
