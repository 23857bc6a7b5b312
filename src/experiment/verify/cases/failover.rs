//! Users of a full stamp behind Traffic Manager: the timeline of a switch, for every documented setting.

use super::super::case::{Case, published, value};
use super::super::row::Margin::{self, Absolute, Exact, Relative};
use super::super::table::Table;

const FAMILY: &str = "model: users of full stamps";
const SOURCE: &str =
    "Azure Traffic Manager endpoint monitoring page; derived: phase U(0, I) + k I + time-out + U(0, TTL)";
const REFUSES: &str =
    "Azure Traffic Manager endpoint monitoring page; derived: an endpoint that refuses saves the time-out";
/// Locations whose phases show both ends of the range: the expected gap to an end is an interval over 4,001.
const LOCATIONS: u32 = 4_000;
/// Margin of times [1]. The last of 20,000 users falls short of the longest time by about 0.2 s of 49 s at the least.
const TIME: Margin = Relative(0.01);

/// Probing interval, tolerated failures, time-out, time to live [s].
type Setting = (u32, u32, u32, u32);

pub(super) fn cases(table: &Table) -> Vec<Case> {
    let documented = [(30, 3, 10, 30), (30, 3, 10, 60), (10, 3, 9, 30), (10, 3, 9, 10), (10, 0, 9, 10), (10, 0, 5, 30)];
    let silent = documented.map(|setting| timeline(setting, true));
    let refusing = [(30, 3, 10, 30), (10, 3, 9, 30), (10, 0, 9, 10)].map(|setting| timeline(setting, false));
    let of_table = [(30, 3, 10, 30), (10, 0, 5, 0)].map(|setting| of_table(table, setting));
    let one_phase = [phase(table, (30, 3, 10, 30))];
    let rest = [sessions(), overshoot(), proxy(), recovery(), drained_cell()];
    silent.into_iter().chain(refusing).chain(of_table).chain(one_phase).chain(rest).collect()
}

fn case(name: &str, (interval, tolerated, timeout, ttl): Setting) -> Case {
    let name = format!("{name} {interval}/{tolerated}/{timeout} with {ttl} s to live");
    Case::new(FAMILY, name, include_str!("failover.toml"))
        .set(format!("users.users.routing.traffic_manager.interval={interval} s"))
        .set(format!("users.users.routing.traffic_manager.tolerated_failures={tolerated}"))
        .set(format!("users.users.routing.traffic_manager.timeout={timeout} s"))
        .set(format!("users.users.routing.traffic_manager.ttl={ttl} s"))
}

fn degraded(stat: &str) -> String {
    format!("time_to_degraded_s{{fault=outage stat={stat} users=users}}")
}

fn moved(label: &str) -> String {
    format!("time_to_move_users_s{{fault=outage {label}}}")
}

/// Many locations with phases of their own: the shortest, the mean and the longest time are seen in every replication.
fn many(case: Case) -> Case {
    case.set(format!("users.users.routing.traffic_manager.locations={LOCATIONS}")).set("run.replications=20")
}

/// The ends and the mean of each time, from the settings alone.
fn timeline(setting: Setting, silent: bool) -> Case {
    let (interval, tolerated, timeout, ttl) = (f64::from(setting.0), f64::from(setting.1), setting.2, setting.3);
    let least = tolerated * interval + if silent { f64::from(timeout) } else { 0.0 };
    let (name, style, source) =
        if silent { ("failover", "silent", SOURCE) } else { ("failover at a refusal,", "reset", REFUSES) };
    let ttl = f64::from(ttl);
    let row = |value: f64| published(value, source);
    // A range that begins at zero has no relative margin.
    let least_margin = Absolute(0.1);
    many(case(name, setting))
        .set(format!("faults.outage.cause.front_end_outage.style={style}"))
        .expect(&degraded("min"), &row(least), least_margin)
        .expect(&degraded("mean"), &row(least + interval / 2.0), TIME)
        .expect(&degraded("max"), &row(least + interval), TIME)
        .expect(&moved("stat=mean"), &row(least + interval / 2.0 + ttl / 2.0), TIME)
        .expect(&moved("share=50 %"), &row(least + interval / 2.0 + ttl / 2.0), TIME)
        .expect(&moved("share=100 %"), &row(least + interval + ttl), TIME)
}

/// The rows of the table.
fn of_table(table: &Table, setting: Setting) -> Case {
    let parameters = parameters(setting);
    let row = |metric| table.find(MODEL, &parameters, metric);
    many(case("table of failovers,", setting))
        .expect(&degraded("min"), row("detect_min_s"), Absolute(0.1))
        .expect(&degraded("mean"), row("detect_mean_s"), TIME)
        .expect(&degraded("max"), row("detect_max_s"), TIME)
        .expect(&moved("share=100 %"), row("last_client_max_s"), TIME)
        .expect(&moved("stat=mean"), row("mean_client_switch_s"), TIME)
}

const MODEL: &str = "DNS failover (probe + TTL)";

fn parameters((interval, tolerated, timeout, ttl): Setting) -> String {
    format!(
        r#"{{"dns_ttl_s": {ttl}, "probe_interval_s": {interval}, "probe_timeout_s": {timeout}, "tolerated_failures": {tolerated}}}"#
    )
}

/// One location: half a time to live after the switch half of the users have the old answer.
fn phase(table: &Table, setting: Setting) -> Case {
    let ttl = f64::from(setting.3);
    let since_switch = |run: &_, label: &str| Some(value(run, &moved(label))? - value(run, &degraded("max"))?);
    case("one location,", setting)
        .expect_of(
            "median move after the switch, against the time to live",
            table.find(MODEL, &parameters(setting), "stale_share_at_half_ttl"),
            1.0,
            Relative(0.02),
            move |run| since_switch(run, "share=50 %").map(|time| time / ttl),
        )
        .expect_of("seconds from the switch to 90 % moved", &published(0.9 * ttl, SOURCE), 1.0, TIME, move |run| {
            since_switch(run, "share=90 %")
        })
        .expect_of("seconds from the switch to the last user", &published(ttl, SOURCE), 1.0, TIME, move |run| {
            since_switch(run, "share=100 %")
        })
        .expect_of(
            "minutes lost per user, less the time until Degraded",
            &published(ttl / 2.0 / 60.0, SOURCE),
            1.0,
            TIME,
            |run| Some(value(run, "user_minutes_lost")? / 20_000.0 - value(run, &degraded("max"))? / 60.0),
        )
}

/// An operator switches a healthy stamp: users go when the answer has run out and the session has ended. With a mean of
/// 300 s and answers of 30 s the mean is 315 s; half have moved where the two together have a half behind them.
fn sessions() -> Case {
    const RULE: &str = "Azure Traffic Manager: existing connections do not move; derived, uniform plus exponential";
    // P(U + X <= t) = 1 - e^(-t/m) m/T (e^(T/m) - 1) for t >= T.
    let (mean, ttl) = (300.0, 30.0);
    let time = |share: f64| mean * libm::log(mean / ttl * libm::expm1(ttl / mean) / (1.0 - share));
    let key = |label: &str| format!("time_to_move_users_s{{{label} switch=users to weu-2}}");
    Case::new(FAMILY, "a switch while sessions last", include_str!("failover.toml"))
        .set("run.horizon=3 h")
        .set("users.users.users=100000")
        .set("users.users.sessions.mean=300 s")
        .set("users.users.routing.traffic_manager.ttl=30 s")
        .set(r#"users.users.switches=[{ at = "5 min", to = "weu-2" }]"#)
        .set("faults=[]")
        .expect(&key("stat=mean"), &published(mean + ttl / 2.0, RULE), TIME)
        .expect(&key("share=50 %"), &published(time(0.5), RULE), TIME)
        .expect(&key("share=90 %"), &published(time(0.9), RULE), TIME)
        .expect(&key("share=99 %"), &published(time(0.99), RULE), TIME)
        .expect("user_minutes_lost", &published(0.0, RULE), Exact)
}

/// A tenth of the users is behind resolvers that keep answers for 10 min: they are the last ones.
fn overshoot() -> Case {
    const RULE: &str = "derived: uniform age of an answer that is kept for longer than its time to live";
    let share = published(0.1 * 600.0 / 2.0 + 0.9 * 30.0 / 2.0, RULE);
    case("resolvers that overshoot,", (30, 3, 10, 30))
        .set(r#"users.users.routing.traffic_manager.resolvers=[{ share = 0.1, keeps = "10 min" }]"#)
        .expect_of("mean seconds from the switch to a user's move", &share, 1.0, Relative(0.02), |run| {
            Some(value(run, &moved("stat=mean"))? - value(run, &degraded("max"))?)
        })
        .expect_of("seconds from the switch to the last user", &published(600.0, RULE), 1.0, TIME, |run| {
            Some(value(run, &moved("share=100 %"))? - value(run, &degraded("max"))?)
        })
}

/// Behind a proxy everybody moves at the moment it knows.
fn proxy() -> Case {
    const RULE: &str = "derived: nobody keeps an answer";
    let zero = published(0.0, RULE);
    Case::new(FAMILY, "an instant switch", include_str!("failover.toml"))
        .set("users.users.routing={ instant_switch = {} }")
        .expect_of("seconds from the switch to the last user", &zero, 1.0, Exact, |run| {
            Some(value(run, &moved("share=100 %"))? - value(run, &degraded("max"))?)
        })
        .expect("users_on_stamp_ratio{stamp=weu-2 stat=end}", &published(1.0, RULE), Exact)
}

/// One good probe brings the endpoint back, and users return as answers run out: the mean share on it over the last
/// 10 min follows.
fn recovery() -> Case {
    const RULE: &str = "Azure Traffic Manager: one good probe brings an endpoint back; derived";
    // Away from detection (115 s) plus age (15 s) until 10 min plus U(0, 30 s) plus U(0, 30 s), of 20 min.
    let away = published((600.0 + 30.0 - 130.0) / 1_200.0, RULE);
    many(case("recovery after 10 min,", (30, 3, 10, 30)))
        .set("faults.outage.for=10 min")
        .expect("users_on_stamp_ratio{stamp=weu-2 stat=mean}", &away, TIME)
        .expect("users_on_stamp_ratio{stamp=weu-1 stat=end}", &published(1.0, RULE), Exact)
}

/// A quarter of the users waits for the detection and for 2.5 min on average, its answers of uniform age over 5 min.
fn drained_cell() -> Case {
    const DRAIN: &str = "Slack, cellular architecture: a cell drained within 5 min; derived, elementary";
    Case::new(FAMILY, "one of four cells drained within 5 min", include_str!("cells.toml")).expect_of(
        "minutes lost per user, less a quarter of the time until Degraded",
        &published(0.625, DRAIN),
        1.0,
        TIME,
        |run| {
            let detected = value(run, "time_to_degraded_s{fault=outage stat=max users=users-2}")?;
            Some(value(run, "user_minutes_lost")? / 20_000.0 - detected / 60.0 / 4.0)
        },
    )
}
