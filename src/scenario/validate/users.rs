//! Users of full stamps: where they are sent, and whether that can work.

use std::collections::BTreeSet;

use crate::kernel::draws::stable_name;
use crate::model::ids::{CohortId, StampId};
use crate::model::routing::{Session, Switch, UsersConfig};
use crate::scenario::diagnostic::{Finding, unknown};
use crate::scenario::file::{File, Users};
use crate::scenario::validate::stamps::name_problem;
use crate::scenario::validate::{Build, Frame, Names};
use crate::units::SimTime;

/// Most users of a run; each is simulated by itself.
const USERS_MAX: u64 = 20_000_000;
/// Most endpoints of a population.
const ENDPOINTS_MAX: usize = 200;

impl Build<'_> {
    /// Every population of users that makes sense.
    pub(super) fn users(&mut self, file: &File, names: &Names, frame: Option<Frame>) -> Vec<UsersConfig> {
        let mut seen = BTreeSet::new();
        let mut configs = Vec::new();
        for (u, users) in file.users.iter().enumerate() {
            let at = format!("users/{u}");
            self.users_name(&at, users, &mut seen);
            self.require(users.users > 0, &format!("{at}/users"), || {
                Finding::new("a population without users").expected("at least 1")
            });
            self.routing_rules(&at, users);
            self.session_rules(&at, users);
            let cohort = self.users_cohort(&at, users, names);
            let endpoints = self.endpoints(&at, users, names);
            let switches = self.switches(&at, users, frame);
            self.weights(&at, users);
            let (Some(endpoints), Some(switches)) = (endpoints, switches) else { continue };
            configs.push(UsersConfig {
                name: users.name.clone(),
                key: stable_name(&users.name),
                users: users.users,
                cohort,
                endpoints,
                probing: users.routing.entry().probing(),
                answers: users.routing.entry().answers(),
                session: users.sessions.as_ref().map(|s| Session { mean: s.mean, notice: s.notice }),
                switches,
                weights: users.routing.entry().weights().to_vec(),
                bill: users.routing.entry().bill(),
            });
        }
        let all: u64 = file.users.iter().map(|users| u64::from(users.users)).sum();
        self.require(all <= USERS_MAX, "users/0/users", || {
            Finding::new(format!("{all} users in all")).expected(format!("at most {USERS_MAX}"))
        });
        configs
    }

    fn users_name(&mut self, at: &str, users: &Users, seen: &mut BTreeSet<String>) {
        if let Some(finding) = name_problem(&users.name, false) {
            self.say(&format!("{at}/name"), finding);
        }
        if !seen.insert(users.name.clone()) {
            let finding = Finding::new(format!("a second population of users `{}`", users.name));
            self.say(&format!("{at}/name"), finding.expected("names that differ"));
        }
    }

    fn routing_rules(&mut self, at: &str, users: &Users) {
        let path = format!("{at}/routing/{}", users.routing.key());
        for (key, message) in users.routing.entry().problems() {
            self.say(&format!("{path}/{key}"), Finding::from_message(&message));
        }
        for (key, message) in users.routing.entry().doubts() {
            let (what, help) = message.split_once("; ").unwrap_or((&message, ""));
            let finding = Finding::warning(what);
            self.say(&format!("{path}/{key}"), if help.is_empty() { finding } else { finding.help(help) });
        }
    }

    /// A weight for each endpoint, or none at all.
    fn weights(&mut self, at: &str, users: &Users) {
        let (weights, endpoints) = (users.routing.entry().weights().len(), users.endpoints.len());
        self.require(weights == 0 || weights == endpoints, &format!("{at}/routing/traffic_manager/weights"), || {
            let finding = Finding::new(format!("{weights} weights for {endpoints} endpoints"));
            finding.expected("one for each endpoint, in their order")
        });
    }

    fn session_rules(&mut self, at: &str, users: &Users) {
        let Some(sessions) = &users.sessions else { return };
        self.require(!sessions.mean.is_zero(), &format!("{at}/sessions/mean"), || {
            let finding = Finding::new("sessions of no length").expected("a mean above zero, such as \"20 min\"");
            finding.help("leave out [users.sessions] if each request connects anew")
        });
    }

    /// The cohort of a population, if it names one that there is.
    fn users_cohort(&mut self, at: &str, users: &Users, names: &Names) -> Option<CohortId> {
        let name = users.cohort.as_ref()?;
        let found = names.cohorts.iter().position(|cohort| cohort == name);
        if found.is_none() && !self.lost.items("cohorts") && !self.lost.key("cohorts", "name") {
            let known: Vec<&str> = names.cohorts.iter().map(String::as_str).collect();
            self.say(&format!("{at}/cohort"), unknown("cohort", name, &known));
        }
        found.map(|cohort| CohortId(cohort as u8))
    }

    /// The stamps that serve a population, by priority.
    fn endpoints(&mut self, at: &str, users: &Users, names: &Names) -> Option<Vec<StampId>> {
        let path = format!("{at}/endpoints");
        if users.endpoints.is_empty() {
            if !self.lost.key("users", "endpoints") {
                let finding = Finding::new(format!("`{}` has no endpoints", users.name));
                let finding = finding.expected("at least one stamp, such as endpoints = [\"weu-1\", \"weu-2\"]");
                self.say(&path, finding.help("a profile without endpoints answers no query"));
            }
            return None;
        }
        self.require(users.endpoints.len() <= ENDPOINTS_MAX, &path, || {
            Finding::new(format!("{} endpoints", users.endpoints.len())).expected(format!("at most {ENDPOINTS_MAX}"))
        });
        let mut stamps = Vec::new();
        for (e, name) in users.endpoints.iter().enumerate() {
            let place = format!("{path}/{e}");
            match names.stamps.iter().position(|stamp| stamp == name) {
                Some(_) if users.endpoints[..e].contains(name) => {
                    let finding = Finding::new(format!("`{name}` is an endpoint twice"));
                    self.say(&place, finding.expected("each stamp once"));
                }
                Some(stamp) => stamps.push(StampId(stamp as u16)),
                None if self.lost.items("stamps") => {}
                None => {
                    let known: Vec<&str> = names.stamps.iter().map(String::as_str).collect();
                    self.say(&place, unknown("stamp", name, &known));
                }
            }
        }
        (stamps.len() == users.endpoints.len() && stamps.len() <= ENDPOINTS_MAX).then_some(stamps)
    }

    /// Changes of priority, each to an endpoint and within the horizon.
    fn switches(&mut self, at: &str, users: &Users, frame: Option<Frame>) -> Option<Vec<Switch>> {
        let mut switches = Vec::new();
        for (s, switch) in users.switches.iter().enumerate() {
            let path = format!("{at}/switches/{s}");
            let start = self.start_of(&format!("{path}/at"), Some(switch.at), frame, "switch");
            let to = users.endpoints.iter().position(|endpoint| *endpoint == switch.to);
            if to.is_none() && !users.endpoints.is_empty() {
                let known: Vec<&str> = users.endpoints.iter().map(String::as_str).collect();
                self.say(&format!("{path}/to"), unknown("endpoint", &switch.to, &known));
            }
            let (Some(start), Some(to)) = (start, to) else { continue };
            switches.push(Switch { at: SimTime::ZERO + start, to: to as u8 });
        }
        (switches.len() == users.switches.len()).then_some(switches)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::scenario::{Scenario, load_text};

    const GOOD: &str = r#"question = "Who waits?"

[[stamps]]
name = "weu-{n}"
count = 2
region = "westeurope"
capacity = 1_000
hub = { edition = "S1" }

[[cohorts]]
name = "meters"
devices = 100

[[users]]
name = "residents"
users = 5_000
cohort = "meters"
endpoints = ["weu-1", "weu-2"]
sessions = { mean = "20 min" }
switches = [{ at = "2 h", to = "weu-2" }]
[users.routing.traffic_manager]
interval = "10 s"
ttl = "30 s"
"#;

    const ROUTING: &str = "[users.routing.traffic_manager]\ninterval = \"10 s\"\nttl = \"30 s\"";
    const ENDPOINTS: &str = "endpoints = [\"weu-1\", \"weu-2\"]";
    const INTERVAL: &str = "interval = \"10 s\"";

    /// A change of the good file; `^` stands before the place of the mistake. Then what is said, and what is expected.
    const CASES: &[(&str, &str, &str, &str)] = &[
        (INTERVAL, "interval = \"10 s\"\nweights = ^[1, 2, 3]", "3 weights for 2 endpoints", "one for each endpoint"),
        (INTERVAL, "interval = \"10 s\"\nweights = ^[1, 0]", "a weight of 0", "1 to 1000"),
        (ENDPOINTS, "endpoints = ^[]", "`residents` has no endpoints", "at least one stamp"),
        (ENDPOINTS, "endpoints = [^\"weu-9\", \"weu-2\"]", "unknown stamp `weu-9`", "weu-1"),
        (ENDPOINTS, "endpoints = [\"weu-2\", ^\"weu-2\"]", "`weu-2` is an endpoint twice", "each stamp once"),
        ("cohort = \"meters\"", "cohort = ^\"meter\"", "unknown cohort `meter`", "did you mean `meters`?"),
        ("users = 5_000", "users = ^0", "a population without users", "at least 1"),
        (INTERVAL, "interval = ^\"20 s\"", "probes each 20 s", "\"30 s\""),
        (INTERVAL, "interval = \"10 s\"\ntimeout = ^\"10 s\"", "a time-out of 10 s", "5 s to 9 s"),
        (INTERVAL, "timeout = ^\"4 s\"", "a time-out of 4 s", "5 s to 10 s"),
        (INTERVAL, "tolerated_failures = ^10", "10 tolerated failures", "0 to 9"),
        (INTERVAL, "locations = ^0", "0 locations", "1 to 10000"),
        (
            INTERVAL,
            "resolvers = ^[{ share = 0.7, keeps = \"1 h\" }, { share = 0.7, keeps = \"2 h\" }]",
            "shares that sum to 1.4",
            "at most 1",
        ),
        ("ttl = \"30 s\"", "ttl = ^\"30000 d\"", "a time to live of", "at most"),
        ("mean = \"20 min\"", "mean = ^\"0 s\"", "sessions of no length", "above zero"),
        ("at = \"2 h\"", "at = ^\"2 d\"", "the switch begins at 2 d", "a time before 1 d"),
        ("to = \"weu-2\"", "to = ^\"weu-3\"", "unknown endpoint `weu-3`", "weu-1"),
        (ROUTING, "[users.routing.instant_switch]\ntimeout = ^\"5 s\"", "a time-out of 5 s", "less than the interval"),
        (
            ROUTING,
            "[users.routing.^trafic_manager]",
            "unknown routing `trafic_manager`",
            "did you mean `traffic_manager`?",
        ),
        (INTERVAL, "^intervall = \"10 s\"", "unknown key `intervall`", "did you mean `interval`?"),
    ];

    fn read(from: &str, to: &str) -> Result<Scenario, Vec<crate::scenario::Diagnostic>> {
        assert_eq!(GOOD.matches(from).count(), 1, "{from:?} is not in the file once");
        load_text("case", &GOOD.replace(from, &to.replace('^', "")), Path::new("/nowhere"), &[])
    }

    #[test]
    fn each_mistake_is_reported_where_it_is() {
        for (from, to, what, hint) in CASES {
            let marked = GOOD.replace(from, to);
            let before = &marked[..marked.find('^').expect("a mark")];
            let column = before.len() - before.rfind('\n').map_or(0, |newline| newline + 1) + 1;
            let place = (before.matches('\n').count() + 1, column);
            let problems = read(from, to).err().unwrap_or_else(|| panic!("accepted: {to}"));
            let found = &problems[0];
            assert_eq!(problems.len(), 1, "{to}: {problems:#?}");
            assert!(found.headline().contains(what) && found.headline().contains(hint), "{to}: {}", found.headline());
            assert_eq!((found.line, found.column), place, "{}", found.headline());
        }
    }

    #[test]
    fn doubtful_profiles_load_with_a_warning() {
        let warned = |from, to| {
            let scenario = read(from, to).unwrap_or_else(|problems| panic!("{}", problems[0]));
            scenario.warnings.iter().map(ToString::to_string).collect::<String>()
        };
        assert_eq!(warned(INTERVAL, INTERVAL), "");
        assert!(warned("ttl = \"30 s\"", "ttl = \"0 s\"").contains("a time to live of zero"));
        let resolvers = "resolvers = [{ share = 0.1, keeps = \"20 s\" }]";
        assert!(warned(INTERVAL, resolvers).contains("no longer than the time to live of 30 s"));
        assert_eq!(warned(ROUTING, "[users.routing.instant_switch]"), "");
    }

    #[test]
    fn a_scale_shrinks_the_users_too() {
        let sets = ["run.scale=0.1".to_owned()];
        let scenario = load_text("case", GOOD, Path::new("/nowhere"), &sets).expect("it is good");
        assert_eq!((scenario.model.users[0].users, scenario.model.cohorts[0].devices), (500, 10));
    }
}
