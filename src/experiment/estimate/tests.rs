//! Outlooks of small fleets against what can be worked out by hand.

use std::path::Path;

use super::*;
use crate::scenario::load_text;
use crate::units::SimDuration;

const FLEET: &str = r#"
question = "?"

[run]
start = 2026-03-01T00:00:00Z
horizon = "100 d"

[[stamps]]
name = "weu-{n}"
region = "westeurope"
capacity = 1_000
hub = { edition = "S1", units = 1 }

[scaling]
lead_time = "10 d"
[scaling.policy.threshold]
utilisation = "80 %"
check_every = "1 d"

[[cohorts]]
name = "meters"
devices = 500
telemetry = { every = "10 min", size = "5 KB" }
[cohorts.growth.linear]
rate = "20/day"
"#;

fn assumed() -> Assumed {
    let share = |share: f64| Ratio::new(share).expect("a share");
    Assumed { unavailability: share(0.001), common_share: share(0.5) }
}

fn outlook(changes: &[(&str, &str)]) -> Outlook {
    let text = changes.iter().fold(FLEET.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "no {from:?}");
        text.replace(from, to)
    });
    let scenario = load_text("fleet", &text, Path::new(""), &[]).unwrap_or_else(|problems| panic!("{}", problems[0]));
    estimate(&scenario, &assumed())
}

fn limit(outlook: &Outlook, limit: Limit) -> LimitUse {
    outlook.limits.iter().find(|found| found.limit == limit).expect("a limit in use").clone()
}

fn days(at: SimTime) -> u64 {
    at.since_start().0 / SimDuration::DAY.0
}

#[test]
fn the_policy_orders_when_growth_reaches_its_threshold() {
    let outlook = outlook(&[]);
    assert!((outlook.devices.0 - 500.0).abs() < 1e-9 && (outlook.devices.1 - 2_500.0).abs() < 1e-9);
    // 80 % of 1,000 is reached on day 15, of 2,000 on day 55, of 3,000 on day 95; each is ready ten days later.
    let told: Vec<_> = outlook.added.iter().map(|a| (a.stamp.name.as_str(), days(a.ordered), days(a.ready))).collect();
    assert_eq!(told, [("weu-2", 15, 25), ("weu-3", 55, 65), ("weu-4", 95, 105)]);
    assert_eq!(outlook.stamps, (1, 3), "the fourth is ready after the run");
    assert!(outlook.added.iter().all(|added| added.planned));
}

#[test]
fn without_a_policy_a_stamp_is_due_when_the_ring_is_full() {
    let fixed = "[scaling]\nlead_time = \"10 d\"\n";
    let policy =
        "[scaling]\nlead_time = \"10 d\"\n[scaling.policy.threshold]\nutilisation = \"80 %\"\ncheck_every = \"1 d\"\n";
    let outlook = outlook(&[(policy, fixed), ("lead_time = \"10 d\"", "lead_time = \"5 d\"")]);
    let told: Vec<_> = outlook.added.iter().map(|a| (a.planned, days(a.ordered), days(a.ready))).collect();
    assert_eq!(told, [(false, 20, 25), (false, 70, 75)]);
    assert_eq!(outlook.stamps, (1, 1), "nobody adds them");
    let capacity = limit(&outlook, Limit::Capacity);
    assert_eq!(capacity.reached.map(days), Some(25));
    assert!((capacity.end.share() - 2.5).abs() < 1e-9);
}

#[test]
fn units_follow_from_the_quota_and_the_first_limit_from_the_nearest() {
    let outlook = outlook(&[]);
    // 833 devices on a stamp send 144 messages a day of two blocks of 4 KB: 240,000 of 400,000.
    let quota = limit(&outlook, Limit::Quota);
    assert!((quota.end.share() - 2_500.0 / 3.0 * 288.0 / 400_000.0).abs() < 1e-9, "{quota:?}");
    assert_eq!(quota.reached, None);
    assert!((quota.devices.expect("it follows the fleet") - 3.0 * 400_000.0 / 288.0).abs() < 1e-6);
    assert_eq!(first_to_bind(&outlook.limits).map(|limit| limit.limit), Some(Limit::Quota));
    assert_eq!(outlook.hubs.len(), 1);
    let hub = &outlook.hubs[0];
    assert_eq!((hub.alike, hub.needs), (3, Some((1, Limit::Quota))));
    // Ten times the messages take six units, since 2.4 million is the sixfold of 400,000.
    let busy = super::tests::outlook(&[("every = \"10 min\"", "every = \"1 min\"")]);
    assert_eq!(busy.hubs[0].needs, Some((6, Limit::Quota)));
    let first = first_to_bind(&busy.limits).expect("a limit");
    assert_eq!((first.limit, first.reached.map(days)), (Limit::Quota, Some(0)));
}

#[test]
fn crowds_and_the_loss_of_a_stamp_follow_the_number_of_stamps() {
    let outlook = outlook(&[]);
    let reconnect = outlook.hubs[0].reconnect;
    // S1 takes 100 connections/s: 833 devices in 8.3 s, all of them within the saved credit of a minute.
    assert!((reconnect.drain_s - 2_500.0 / 3.0 / 100.0).abs() < 1e-9 && reconnect.floor_s <= 0.0, "{reconnect:?}");
    let blast = outlook.blast;
    assert!((blast.largest_share - 1.0 / 3.0).abs() < 1e-9 && (blast.effective_stamps - 3.0).abs() < 1e-9);
    let alone = super::tests::outlook(&[("\"20/day\"", "\"1/day\"")]).blast;
    assert!((alone.expected_share - blast.expected_share).abs() < 1e-12 && alone.sd_share > blast.sd_share);
}

#[test]
fn money_is_the_stamps_and_its_floor_the_full_ones() {
    let outlook = outlook(&[]);
    let [start, end, run] = outlook.cost.map(|cost| cost.expect("a price"));
    // Three stamps for one, and messages billed for five devices where there was one.
    let growth = end.usd_per_month / start.usd_per_month;
    assert!(growth > 3.0 && growth < 3.5, "{growth}");
    // What is used costs the same in a full stamp, so the premium lies a little below capacity over devices.
    assert!(start.premium() > 1.8 && start.premium() < 2.0, "half full: {start:?}");
    assert!(end.premium() > 1.1 && end.premium() < 1.2, "2,500 of 3,000: {end:?}");
    assert!(run.usd_per_month > start.usd_per_month && run.usd_per_month < end.usd_per_month);
}
