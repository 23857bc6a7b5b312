//! Several DPS instances: N devices over the limits that stand in their way, one after another or side by side.

use super::super::case::{Case, published, value};
use super::super::row::Margin::{Exact, Relative};
use super::super::table::Table;

const FLOORS: &str = "model: drains and registrations";
const LIMITS: &str = "DPS limits: 1,000 registrations a minute for each instance; derived, N over the sum of limits";
const TWICE: &str = "Azure architecture, scale-out guide: a factory DPS redirects each device to another; derived";
const VISITS: &str = "elementary: N devices over n people who work side by side";

pub(super) fn cases(_: &Table) -> Vec<Case> {
    vec![balanced(), factory(), installers()]
}

fn case(name: &str) -> Case {
    Case::new(FLOORS, name, include_str!("topologies.toml"))
}

/// An API sends each device to the instance that the fewest were sent to: a quarter each, to the device.
fn balanced() -> Case {
    let quarter = published(25_000.0, LIMITS);
    let all = ["dps-1", "dps-2", "dps-3", "dps-4"];
    let case = case("registration at four instances balanced by an API")
        .set("dps.topology={ web_api = { balance = \"fewest\", round_trip = \"0 s\" } }")
        .expect("registration_latency_s{stat=max}", &published(25.0 * 60.0, LIMITS), Relative(0.01))
        .expect("dps_imbalance_ratio", &published(1.0, LIMITS), Exact);
    all.into_iter().fold(case, |case, dps| case.expect(&format!("dps_registrations{{dps={dps}}}"), &quarter, Exact))
}

/// 1,000 a minute at the factory feed three instances that could take 3,000: the factory's limit is the whole time, and each
/// device registers twice.
fn factory() -> Case {
    case("registration by way of a factory DPS")
        .set("dps.topology={ factory = { service = \"dps-1\" } }")
        .expect("dps_registrations{dps=dps-1}", &published(100_000.0, TWICE), Exact)
        .expect_of("dps_registrations of the others", &published(100_000.0, TWICE), 1.0, Exact, |run| {
            let of = |dps| value(run, &format!("dps_registrations{{dps={dps}}}"));
            Some(of("dps-2")? + of("dps-3")? + of("dps-4")?)
        })
        .expect("registration_latency_s{stat=max}", &published(100.0 * 60.0, TWICE), Relative(0.01))
}

/// 1,000 people at 2 min each: 100 rounds, of which a device waits for 50.5 on average.
fn installers() -> Case {
    case("installation of 100,000 by 1,000 people")
        .set("dps.topology={ installer = { installers = 1000, time_each = \"2 min\" } }")
        .expect("installation_wait_s{stat=max}", &published(200.0 * 60.0, VISITS), Relative(0.01))
        .expect("installation_wait_s{stat=mean}", &published(101.0 * 60.0, VISITS), Relative(1e-6))
}
