//! Topologies: the way from a device to one of several DPS instances (Azure architecture, "Scale out an Azure IoT solution").
//!
//! A topology describes; who is asked when is written in `event/topology.rs`.

mod direct;
mod factory;
mod installer;
mod proxy;
mod web_api;

pub use direct::Direct;
pub use factory::Factory;
pub use installer::Installer;
pub use proxy::Proxy;
pub use web_api::WebApi;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::law::{DurationForm, DurationLaw, LogNormalSpread};
use crate::model::ids::ServiceId;
use crate::registry;
use crate::units::{Rate, SimDuration};

/// How an API spreads devices over the instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Balance {
    /// By a hash of the registration ID: even, and the same for each device at any time.
    #[default]
    Hash,
    /// The instance nearest to the device's region.
    Region,
    /// The instance that the fewest devices were sent to.
    Fewest,
}

/// What an API does for a device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Role {
    /// It names an instance; the device calls that one itself and keeps the name.
    HandsOut {
        /// Requests that an instance fails to answer, one after another, until the device asks the API again.
        ask_again_after: u8,
    },
    /// It calls DPS for the device, and answers look-ups from a store of its own.
    StandsBefore {
        /// Round trip from the API to DPS.
        to_dps: DurationLaw,
        /// Round trip from the gateway to the API's store.
        store: DurationLaw,
    },
}

/// An API in front of DPS.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Api {
    /// Round trip of a device to the API, the API's own work included.
    pub round_trip: DurationLaw,
    /// Requests that it takes; none for no bound.
    pub limit: Option<Rate>,
    /// How it spreads devices.
    pub balance: Balance,
    /// How long after an instance fell silent it sends devices elsewhere; none for never.
    pub sends_elsewhere: Option<SimDuration>,
    /// What it does for a device.
    pub role: Role,
}

/// What an API costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiPrice {
    /// Name in the price book of what is paid by time, such as `"appservice.p1v2.instance_hour"`.
    pub name: String,
    /// How many. Default 1.
    #[serde(default = "one")]
    pub quantity: u32,
}

fn one() -> u32 {
    1
}

/// A way from a device to a DPS instance.
pub trait Topology {
    /// The API in front of DPS, if there is one.
    fn api(&self) -> Option<Api> {
        None
    }

    /// What the API costs by time, and the price of its requests.
    fn prices(&self) -> (Option<&ApiPrice>, Option<&str>) {
        (None, None)
    }

    /// People who install devices, and the time that one device takes.
    fn installers(&self) -> Option<(u16, DurationLaw)> {
        None
    }

    /// The instance that every new device registers at first.
    fn factory(&self) -> Option<ServiceId> {
        None
    }

    /// Names of instances that the parameters mention.
    fn services(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Takes the instances behind [`Self::services`], in the same order.
    fn resolve(&mut self, _services: &[ServiceId]) {}

    /// What is wrong with the parameters: the key and "what; expected ...; help".
    fn problems(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

registry! {
    /// The registered topologies.
    pub enum TopologyPolicy: Topology {
        Direct("direct", "Each device knows its instance, by a hash of its registration ID."),
        WebApi("web_api", "A web API hands out the ID scope of an instance; the device keeps it and calls DPS itself."),
        Proxy("proxy", "An API calls DPS for the devices and keeps the assignments; look-ups ask its store."),
        Factory("factory", "Every new device registers at a factory DPS, which redirects it to another instance."),
        Installer("installer", "A person with an app configures each new device, which then knows its instance."),
    }
}

impl Default for TopologyPolicy {
    fn default() -> Self {
        Self::Direct(Direct::default())
    }
}

/// A lognormal law by its median and 99th percentile [ms].
fn lognormal(median: u64, p99: u64) -> DurationLaw {
    let spread = LogNormalSpread::P99(SimDuration::from_millis(p99));
    DurationLaw::new(DurationForm::LogNormal { median: SimDuration::from_millis(median), spread })
        .expect("the median is positive and below the 99th percentile")
}

/// What is wrong with the limit of an API.
fn limit_problem(limit: Option<Rate>) -> Option<(&'static str, String)> {
    let zero = limit.is_some_and(Rate::is_zero);
    zero.then(|| {
        ("limit", "a limit of zero; expected a rate above zero; leave it out for an API without one".to_owned())
    })
}
