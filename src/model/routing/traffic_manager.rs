//! `traffic_manager`: answers of a DNS server that probes its endpoints [T1]. Cheap, and as slow as probes and kept answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answers, Bill, Probing, Remark, Route, sum_of_shares};
use crate::units::{Ratio, SimDuration};

/// Probing intervals that exist, with the longest time-out of each.
const INTERVALS: [(SimDuration, SimDuration); 2] =
    [(SimDuration::from_secs(30), SimDuration::from_secs(10)), (SimDuration::from_secs(10), SimDuration::from_secs(9))];
/// Shortest time-out of a probe.
const TIMEOUT_MIN: SimDuration = SimDuration::from_secs(5);
/// Most tolerated failures.
const TOLERATED_MAX: u8 = 9;
/// Longest time to live.
const TTL_MAX: SimDuration = SimDuration::from_secs(2_147_483_647);
/// Weights that an endpoint may have.
const WEIGHTS: std::ops::RangeInclusive<u16> = 1..=1_000;
/// Most locations; a bound of the model.
const LOCATIONS_MAX: u16 = 10_000;

/// What users are told when every endpoint is Degraded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AllDegraded {
    /// All endpoints; each user takes one of them at random.
    #[default]
    All,
    /// The first endpoint, as if all were healthy.
    First,
}

/// Resolvers that keep answers for longer than they should.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resolver {
    /// Share of the users behind them.
    pub share: Ratio,
    /// How long they keep an answer at least.
    pub keeps: SimDuration,
}

/// Parameters of `traffic_manager`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrafficManager {
    /// Time between two probes: "30 s" (the default) or "10 s" (fast).
    pub interval: SimDuration,
    /// Time until a probe has failed: 5 s to 10 s, or to 9 s with fast probing. Default the longest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<SimDuration>,
    /// Failures in a row that are tolerated, 0 to 9; the next one marks the endpoint Degraded. Default 3.
    pub tolerated_failures: u8,
    /// Time to live of answers. Default 60 s (unconfirmed default of the portal).
    pub ttl: SimDuration,
    /// Shares of the users whose resolvers keep answers for longer. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resolvers: Vec<Resolver>,
    /// Locations that probe and judge for themselves, each for an equal share of the users. Default 1.
    pub locations: u16,
    /// What users are told when every endpoint is Degraded: `all` of them (the default) or the `first`.
    pub all_degraded: AllDegraded,
    /// Weights of the endpoints in their order, 1 to 1000: users are spread over those that work. Default: none, the first
    /// that works takes everyone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub weights: Vec<u16>,
    /// As what the endpoints are billed, with the queries: `azure_endpoints` or `external_endpoints`. Default: nothing is
    /// billed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill: Option<Billed>,
}

/// Kinds of endpoints by their price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Billed {
    /// Services in Azure.
    AzureEndpoints,
    /// Any other host.
    ExternalEndpoints,
}

impl Default for TrafficManager {
    fn default() -> Self {
        Self {
            interval: SimDuration::from_secs(30),
            timeout: None,
            tolerated_failures: 3,
            ttl: SimDuration::from_secs(60),
            resolvers: Vec::new(),
            locations: 1,
            all_degraded: AllDegraded::default(),
            weights: Vec::new(),
            bill: None,
        }
    }
}

impl TrafficManager {
    /// The longest time-out of the interval.
    fn timeout_max(&self) -> SimDuration {
        INTERVALS.iter().find(|(interval, _)| *interval == self.interval).map_or(INTERVALS[0].1, |(_, most)| *most)
    }

    fn probing_problems(&self, found: &mut Vec<Remark>) {
        if !INTERVALS.iter().any(|(interval, _)| *interval == self.interval) {
            let what = format!("probes each {}; expected \"30 s\", or \"10 s\" for fast probing", self.interval);
            return found.push(("interval", what));
        }
        let (timeout, most) = (self.timeout.unwrap_or(self.timeout_max()), self.timeout_max());
        if timeout < TIMEOUT_MIN || timeout > most {
            found.push(("timeout", format!("a time-out of {timeout}; expected {TIMEOUT_MIN} to {most}")));
        }
        if self.tolerated_failures > TOLERATED_MAX {
            let what = format!("{} tolerated failures; expected 0 to {TOLERATED_MAX}", self.tolerated_failures);
            found.push(("tolerated_failures", what));
        }
        if !(1..=LOCATIONS_MAX).contains(&self.locations) {
            found.push(("locations", format!("{} locations; expected 1 to {LOCATIONS_MAX}", self.locations)));
        }
    }
}

impl Route for TrafficManager {
    fn probing(&self) -> Probing {
        Probing {
            interval: self.interval,
            timeout: self.timeout.unwrap_or(self.timeout_max()),
            tolerated_failures: self.tolerated_failures,
            locations: self.locations,
            all_degraded: self.all_degraded,
        }
    }

    fn answers(&self) -> Option<Answers> {
        Some(Answers { ttl: self.ttl, resolvers: self.resolvers.clone() })
    }

    fn weights(&self) -> &[u16] {
        &self.weights
    }

    fn bill(&self) -> Option<Bill> {
        let is_fast = self.interval == INTERVALS[1].0;
        let (probe, fast) = match self.bill? {
            Billed::AzureEndpoints => {
                ("trafficmanager.azure_endpoint.probe_month", "trafficmanager.azure_endpoint.fast_probe_addon_month")
            }
            Billed::ExternalEndpoints => (
                "trafficmanager.external_endpoint.probe_month",
                "trafficmanager.external_endpoint.fast_probe_addon_month",
            ),
        };
        Some(Bill { queries: "trafficmanager.dns_queries_1m", endpoints: [Some(probe), is_fast.then_some(fast)] })
    }

    fn problems(&self) -> Vec<Remark> {
        let mut found = Vec::new();
        self.probing_problems(&mut found);
        if let Some(weight) = self.weights.iter().find(|weight| !WEIGHTS.contains(weight)) {
            let what = format!("a weight of {weight}; expected {} to {}", WEIGHTS.start(), WEIGHTS.end());
            found.push(("weights", what));
        }
        if self.ttl > TTL_MAX {
            found.push(("ttl", format!("a time to live of {}; expected at most {TTL_MAX}", self.ttl)));
        }
        if sum_of_shares(&self.resolvers) > 1.0 + 1e-9 {
            let sum = sum_of_shares(&self.resolvers);
            found.push(("resolvers", format!("shares that sum to {sum}; expected at most 1")));
        }
        found
    }

    fn doubts(&self) -> Vec<Remark> {
        let mut found = Vec::new();
        if self.ttl.is_zero() {
            let what = "a time to live of zero; Azure takes it: every new connection asks the name servers, and each query is billed";
            found.push(("ttl", what.to_owned()));
        }
        if self.resolvers.iter().any(|resolver| resolver.keeps <= self.ttl) {
            let what = format!("resolvers that keep answers no longer than the time to live of {}", self.ttl);
            found.push(("resolvers", what));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_out_follows_the_interval_and_has_documented_bounds() {
        let fast = TrafficManager { interval: SimDuration::from_secs(10), ..TrafficManager::default() };
        assert_eq!(fast.probing().timeout, SimDuration::from_secs(9));
        assert_eq!(TrafficManager::default().probing().timeout, SimDuration::from_secs(10));
        let late = TrafficManager { timeout: Some(SimDuration::from_secs(10)), ..fast };
        assert_eq!(late.problems()[0], ("timeout", "a time-out of 10 s; expected 5 s to 9 s".to_owned()));
    }

    #[test]
    fn resolvers_overshoot_for_their_share_of_the_users() {
        let share = Ratio::new(0.25).expect("a share");
        let resolvers = vec![Resolver { share, keeps: SimDuration::from_secs(300) }];
        let answers = TrafficManager { resolvers, ..TrafficManager::default() }.answers().expect("it is DNS");
        let kept = |place| answers.kept(place).secs();
        assert_eq!([0.0, 0.2499, 0.25, 0.9].map(|share| kept(share).round() as u32), [300, 300, 60, 60]);
    }
}
