//! `web_api`: a device without an ID scope asks a web API of your own for one, keeps it, and calls that instance itself. It
//! suits many instances with one limit each; after an outage the API can name another instance.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Api, ApiPrice, Balance, Role, Topology, limit_problem, lognormal};
use crate::kernel::law::DurationLaw;
use crate::units::{Rate, SimDuration};

/// Parameters of `web_api`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WebApi {
    /// How devices are spread over the instances: `hash` (default), `region` or `fewest`.
    pub balance: Balance,
    /// Round trip of a device, the API's own work included. Default lognormal, median 80 ms, 99 % below 500 ms.
    pub round_trip: DurationLaw,
    /// Requests that the API takes. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Rate>,
    /// Whether it sends devices elsewhere while an instance is down. Default true.
    pub failover: bool,
    /// How long after an instance went down it does so. Default 1 min.
    pub detection: SimDuration,
    /// Requests that its instance does not answer, one after another, until a device asks the API again. Default 3.
    pub ask_again_after: u8,
    /// What the API costs by time. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<ApiPrice>,
    /// Name in the price book of what a request costs, such as `"functions.executions_1m"`. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_price: Option<String>,
}

impl Default for WebApi {
    fn default() -> Self {
        Self {
            balance: Balance::default(),
            round_trip: lognormal(80, 500),
            limit: None,
            failover: true,
            detection: SimDuration::MINUTE,
            ask_again_after: 3,
            price: None,
            request_price: None,
        }
    }
}

impl Topology for WebApi {
    fn api(&self) -> Option<Api> {
        Some(Api {
            round_trip: self.round_trip,
            limit: self.limit,
            balance: self.balance,
            sends_elsewhere: self.failover.then_some(self.detection),
            role: Role::HandsOut { ask_again_after: self.ask_again_after },
        })
    }

    fn prices(&self) -> (Option<&ApiPrice>, Option<&str>) {
        (self.price.as_ref(), self.request_price.as_deref())
    }

    fn problems(&self) -> Vec<(&'static str, String)> {
        let never = (self.ask_again_after == 0)
            .then(|| ("ask_again_after", "asking again after no failed request; expected at least 1".to_owned()));
        limit_problem(self.limit).into_iter().chain(never).collect()
    }
}
