//! `proxy`: an API of your own calls DPS for the devices and keeps each assignment in its store. It suits applications that
//! call devices: their look-ups ask the store, which has neither DPS's limit of operations nor its price.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Api, ApiPrice, Balance, Role, Topology, limit_problem, lognormal};
use crate::kernel::law::DurationLaw;
use crate::units::{Rate, SimDuration};

/// Parameters of `proxy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Proxy {
    /// How devices are spread over the instances: `hash` (default), `region` or `fewest`.
    pub balance: Balance,
    /// Round trip of a device, the API's own work included. Default lognormal, median 80 ms, 99 % below 500 ms.
    pub round_trip: DurationLaw,
    /// Round trip from the API to DPS. Default lognormal, median 20 ms, 99 % below 100 ms.
    pub to_dps: DurationLaw,
    /// Round trip from the gateway to the API's store. Default lognormal, median 10 ms, 99 % below 50 ms.
    pub store: DurationLaw,
    /// Requests of devices that the API takes. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Rate>,
    /// Whether it sends devices elsewhere while an instance is down. Default true.
    pub failover: bool,
    /// How long after an instance went down it does so. Default 1 min.
    pub detection: SimDuration,
    /// What the API and its store cost by time. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<ApiPrice>,
    /// Name in the price book of what a request or a look-up costs, such as `"functions.executions_1m"`. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_price: Option<String>,
}

impl Default for Proxy {
    fn default() -> Self {
        Self {
            balance: Balance::default(),
            round_trip: lognormal(80, 500),
            to_dps: lognormal(20, 100),
            store: lognormal(10, 50),
            limit: None,
            failover: true,
            detection: SimDuration::MINUTE,
            price: None,
            request_price: None,
        }
    }
}

impl Topology for Proxy {
    fn api(&self) -> Option<Api> {
        Some(Api {
            round_trip: self.round_trip,
            limit: self.limit,
            balance: self.balance,
            sends_elsewhere: self.failover.then_some(self.detection),
            role: Role::StandsBefore { to_dps: self.to_dps, store: self.store },
        })
    }

    fn prices(&self) -> (Option<&ApiPrice>, Option<&str>) {
        (self.price.as_ref(), self.request_price.as_deref())
    }

    fn problems(&self) -> Vec<(&'static str, String)> {
        limit_problem(self.limit).into_iter().collect()
    }
}
