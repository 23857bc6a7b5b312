//! `firmware_wave`: devices restart with new firmware, each once, spread over the fault's time or in batches. The hub is
//! fine; what suffers are its connect throttle and whoever calls a device that restarts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Names};
use crate::kernel::law::DurationLaw;
use crate::model::condition::{Condition, Effect, Struck, Target, Wave};

/// Parameters of `firmware_wave`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FirmwareWave {
    /// Only this cohort. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cohort: Option<String>,
    /// Only this generation. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<u16>,
    /// Only devices whose home is this region. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Time that a device is off. Default 1..3 min.
    pub reboot: DurationLaw,
    /// Batches of about equal size, evenly over the fault's time. Default: none, each device at a time of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batches: Option<u32>,
}

impl Default for FirmwareWave {
    fn default() -> Self {
        let reboot = "1..3 min".parse().expect("a range of durations");
        Self { cohort: None, generation: None, region: None, reboot, batches: None }
    }
}

impl Fault for FirmwareWave {
    fn effects(&self, names: &dyn Names) -> Result<Vec<Effect>, String> {
        if self.batches == Some(0) {
            return Err("a wave of no batches; at least 1, or none for a time of each device's own".into());
        }
        let who = Struck {
            cohort: self.cohort.as_ref().map(|name| names.cohort(name)).transpose()?,
            region: self.region.as_ref().map(|name| names.region(name)).transpose()?,
            generation: self.generation,
        };
        let wave = Wave { who, reboot: self.reboot, batches: self.batches };
        Ok(vec![Effect::at_once(Target::Fleet, Condition::Reboots(wave))])
    }
}
