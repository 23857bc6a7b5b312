//! Users of full stamps: which stamp their requests go to, by name resolution or by a proxy, and when that changes.

mod instant_switch;
mod population;
mod traffic_manager;

pub use instant_switch::InstantSwitch;
pub use population::{Population, Probe, Routing, Shift, User, next_at};
pub use traffic_manager::{AllDegraded, Billed, Resolver, TrafficManager};

use crate::model::ids::{CohortId, StampId};
use crate::registry;
use crate::units::{Ratio, SimDuration, SimTime};

/// How endpoints are watched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Probing {
    /// Time between two probes of an endpoint from one location.
    pub interval: SimDuration,
    /// Time until a probe without an answer has failed.
    pub timeout: SimDuration,
    /// Failures in a row that are tolerated; the next one marks the endpoint Degraded.
    pub tolerated_failures: u8,
    /// Locations that probe; each has a phase of its own and judges for its own share of the users.
    pub locations: u16,
    /// What users are told when every endpoint is Degraded.
    pub all_degraded: AllDegraded,
}

/// How long users keep an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    /// Time to live of an answer.
    pub ttl: SimDuration,
    /// Shares of the users whose resolvers keep answers for longer.
    pub resolvers: Vec<Resolver>,
}

impl Answers {
    /// How long the user at this place of the population, from 0 to 1, keeps an answer.
    pub fn kept(&self, place: f64) -> SimDuration {
        let mut above = 0.0;
        let own = self.resolvers.iter().find(|resolver| {
            above += resolver.share.get();
            place < above
        });
        own.map_or(self.ttl, |resolver| self.ttl.max(resolver.keeps))
    }
}

/// What a name service is billed for, by names of the price book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bill {
    /// Queries, counted.
    pub queries: &'static str,
    /// Endpoints that are probed, by time: each of these prices.
    pub endpoints: [Option<&'static str>; 2],
}

/// What is wrong with a parameter, or odd about it: its key, and a message.
pub type Remark = (&'static str, String);

/// A way of sending users to a stamp.
pub trait Route {
    /// How it watches the endpoints.
    fn probing(&self) -> Probing;

    /// How long users keep what they were told; none where each request is routed anew.
    fn answers(&self) -> Option<Answers>;

    /// Weights of the endpoints, in their order; none where the first that works takes everyone.
    fn weights(&self) -> &[u16] {
        &[]
    }

    /// Prices of a month of each endpoint; none where nothing is billed.
    fn bill(&self) -> Option<Bill> {
        None
    }

    /// What is wrong with the parameters.
    fn problems(&self) -> Vec<Remark>;

    /// What is allowed and probably not meant.
    fn doubts(&self) -> Vec<Remark> {
        Vec::new()
    }
}

registry! {
    /// The registered ways of sending users to a stamp.
    pub enum UserRouting: Route {
        TrafficManager("traffic_manager", "DNS answers by probed priority; users keep an answer for its time to live, and sessions stay where they are."),
        InstantSwitch("instant_switch", "A reverse proxy in front of all stamps: every request goes to the first healthy stamp, sessions included."),
    }
}

impl Default for UserRouting {
    fn default() -> Self {
        Self::TrafficManager(TrafficManager::default())
    }
}

/// Established sessions, which stay on their stamp while it works.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Session {
    /// Mean of their exponential length.
    pub mean: SimDuration,
    /// How long a user waits on a session whose stamp has fallen silent.
    pub notice: SimDuration,
}

/// An operator gives the first priority to an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Switch {
    /// When.
    pub at: SimTime,
    /// Which endpoint, by its number.
    pub to: u8,
}

/// A population of users, validated.
#[derive(Debug, Clone, PartialEq)]
pub struct UsersConfig {
    /// Name in tables and charts.
    pub name: String,
    /// Hash of the name; keys the draws.
    pub key: u64,
    /// How many.
    pub users: u32,
    /// The devices that they belong to.
    pub cohort: Option<CohortId>,
    /// Stamps that serve them, by priority.
    pub endpoints: Vec<StampId>,
    /// How endpoints are watched.
    pub probing: Probing,
    /// How long answers are kept; none where each request is routed anew.
    pub answers: Option<Answers>,
    /// Sessions; none where each request is a connection of its own.
    pub session: Option<Session>,
    /// Changes of priority.
    pub switches: Vec<Switch>,
    /// Weights of the endpoints; empty where priority alone counts.
    pub weights: Vec<u16>,
    /// What is billed; none for nothing.
    pub bill: Option<Bill>,
}

impl UsersConfig {
    /// What a change of priority to a stamp is called.
    pub fn switch_name(&self, stamp: &str) -> String {
        format!("{} to {stamp}", self.name)
    }

    /// How long a user keeps an answer.
    pub fn kept(&self, user: u32) -> SimDuration {
        let place = (f64::from(user) + 0.5) / f64::from(self.users);
        self.answers.as_ref().map_or(SimDuration::ZERO, |answers| answers.kept(place))
    }

    /// The sessions that hold a user back: none behind a proxy.
    pub fn holding(&self) -> Option<Session> {
        self.session.filter(|_| self.answers.is_some())
    }
}

/// The whole share of something.
pub(super) fn sum_of_shares(resolvers: &[Resolver]) -> f64 {
    resolvers.iter().map(|resolver| Ratio::get(resolver.share)).sum()
}
