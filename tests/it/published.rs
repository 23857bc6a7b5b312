//! Published storms, limits and outages, reproduced from scenario files.
//!
//! Set-up of the storms: power returns to all devices of an S1 x 1 hub at once; a bucket without a backlog, no latencies,
//! devices that never go to DPS. Recovery runs from the return of power. Every margin is relative and holds for the whole
//! 99 % interval over the replications.

use super::support::{Case, Exactly, Ran, Within, judge, reference, settle};

/// Margin of the storms' times [1].
const STORM: f64 = 0.015;
/// Margin of 90 % and of the attempts of rows whose reference is a fluid [1].
const FLUID: f64 = 0.02;
/// Margin of the last device of a memoryless storm, over 240 replications: one extreme of 20,000 [1].
const EXTREME: f64 = 0.05;

fn recovered(share: &str) -> String {
    format!("time_to_recover_s{{fault=blackout share={share} %}}")
}

const ATTEMPTS: &str = "connect_attempts{stat=mean}";

/// Times until 50, 90 and 99 % and the last device, each with its margin, and attempts per device with theirs.
fn storm(ran: &Ran, times: [(f64, f64); 4], attempts: (f64, f64)) {
    let keys = ["50", "90", "99", "100"].map(recovered);
    let rows = keys.iter().zip(times).map(|(key, (reference, margin))| (key.as_str(), Within(reference, margin)));
    ran.agrees(rows.chain([(ATTEMPTS, Within(attempts.0, attempts.1))]));
}

/// The row of an independent Monte Carlo in the table of references; its standard error is far below the margin.
fn storm_agrees_with_monte_carlo(ran: &Ran, jitter: &str) {
    let parameters = format!(
        r#"{{"base_s": 1, "cap_s": 60, "depth": 100, "devices": 20000, "factor": 2, "first_attempt_spread_s": 0,
            "jitter": "{jitter}", "refill_rate": 100}}"#
    );
    let row = |metric: &str| reference("reconnect storm, capped exponential back-off", &parameters, metric);
    let times = ["t50", "t90", "t99", "tlast"].map(|metric| (row(metric), STORM));
    storm(ran, times, (row("attempts_per_device"), STORM));
}

/// The row of a fluid or mean field in the table of references.
fn storm_agrees_with_fluid(ran: &Ran, model: &str) {
    let parameters = r#"{"admit_rate": 100, "devices": 20000, "mean_retry_s": 60}"#;
    let row = |metric: &str| reference(model, parameters, metric);
    let times = [
        (row("t_50pct_s"), STORM),
        (row("t_90pct_s"), FLUID),
        (row("t_99pct_s"), STORM),
        (row("expected_last_device_s"), EXTREME),
    ];
    storm(ran, times, (row("attempts_per_device"), FLUID));
}

#[test]
fn storm_with_full_jitter() {
    // 99.0 | 179.1 | 211.1 | 236 s, 9.12 attempts: margin 1.5 %, level 99 %, 30 replications.
    let ran = Case::named("storm-full-jitter").run();
    storm(&ran, [99.0, 179.1, 211.1, 236.0].map(|t| (t, STORM)), (9.12, STORM));
    storm_agrees_with_monte_carlo(&ran, "full jitter U(0,w)");
}

#[test]
fn storm_with_equal_jitter() {
    // 115.2 | 195.1 | 238.1 | 254 s, 8.26 attempts: margin 1.5 %, level 99 %, 30 replications.
    let ran = Case::named("storm-equal-jitter").run();
    storm(&ran, [115.2, 195.1, 238.1, 254.0].map(|t| (t, STORM)), (8.26, STORM));
    storm_agrees_with_monte_carlo(&ran, "equal jitter w/2+U(0,w/2)");
}

#[test]
fn storm_with_memoryless_waits() {
    // 99.0 | 204.8 | 343 | ~697 s, 1.80 attempts: margins 1.5 %, 2 % (fluid), 5 % (extreme), level 99 %, 240 replications.
    let ran = Case::named("storm-memoryless").set("run.replications=240").run();
    storm(&ran, [(99.0, STORM), (204.8, FLUID), (343.0, STORM), (697.0, EXTREME)], (1.80, FLUID));
    storm_agrees_with_fluid(&ran, "reconnect storm, memoryless retry, deep bucket");
}

#[test]
fn storm_with_memoryless_waits_into_a_bucket_of_one() {
    // 141.6 | 318.2 | 474.3 | 829 s, 2.667 attempts: margins 1.5 %, 2 % (fluid), 5 % (extreme), level 99 %, 240 replications.
    let ran = Case::named("storm-memoryless-depth-1").set("run.replications=240").run();
    storm(&ran, [(141.6, STORM), (318.2, FLUID), (474.3, STORM), (829.0, EXTREME)], (2.667, FLUID));
    storm_agrees_with_fluid(&ran, "reconnect storm, memoryless retry, bucket depth 1");
}

#[test]
fn storm_with_spread_first_attempts() {
    // 200 | 360 | 396 | 400 s, 1.00 attempts: margin 1.5 %, level 99 %, 30 replications.
    let ran = Case::named("storm-spread").run();
    storm(&ran, [200.0, 360.0, 396.0, 400.0].map(|t| (t, STORM)), (1.0, STORM));
}

#[test]
fn storm_without_jitter_is_a_lockstep_of_200_rounds() {
    // Exact integers: 200 rounds of 100 devices, the last at 11,643 s, 2,010,000 attempts; nothing is random.
    let times = [5_643.0, 10_443.0, 11_523.0, 11_643.0];
    let keys = ["50", "90", "99", "100"].map(recovered);
    let rows = keys.iter().zip(times).map(|(key, time)| (key.as_str(), Exactly(time)));
    let ran = Case::named("storm-no-jitter").run();
    ran.agrees(rows.chain([("model_attempts", Exactly(2_010_000.0)), (ATTEMPTS, Exactly(100.5))]));
}

#[test]
fn fixed_interval_takes_ten_rounds() {
    // Exact integers: ten rounds of 100 devices, the last at 90 s, 5,500 attempts.
    let ran = Case::named("storm-fixed-interval").run();
    ran.agrees([(recovered("100").as_str(), Exactly(90.0)), ("model_attempts", Exactly(5_500.0))]);
}

/// The last device of a fleet that waits in line for a hub of this edition.
fn drained(name: &str, edition: &str, units: u32, devices: u32) -> Ran {
    let edition = format!("stamps.weu-1.hub.edition={edition}");
    let units = format!("stamps.weu-1.hub.units={units}");
    Case::named("drain").called(name).set(edition).set(units).set(format!("cohorts.devices.devices={devices}")).run()
}

#[test]
fn a_hub_drains_at_its_connect_limit() {
    // N / rate, less the one operation of credit; nothing is random. Margin 0.01 %, the rounding of the published figures.
    let cases = [
        ("S1", 1, 100_000, 1_000.0),
        ("S1", 9, 100_000, 925.926),
        ("S2", 10, 1_000_000, 833.333),
        ("S3", 1, 1_000_000, 166.667),
    ];
    for (edition, units, devices, floor) in cases {
        let ran = drained(&format!("drain {edition} x {units}"), edition, units, devices);
        ran.agrees([(recovered("100").as_str(), Within(floor, 1e-4))]);
    }
}

#[test]
fn dps_registers_a_million_devices_in_a_thousand_minutes() {
    // 1,000,000 at 1,000/min: 1,000 min, margin 1 % (a device polls for its answer 2 s later); nothing is random.
    let ran = Case::named("registration").run();
    ran.agrees([
        ("registration_latency_s{stat=max}", Within(60_000.0, 0.01)),
        ("devices_registered{stat=end}", Exactly(1_000_000.0)),
    ]);
}

#[test]
fn four_dps_instances_take_a_quarter_of_the_time() {
    // 250 min, margin 1 %: a hash spreads the devices, so the fullest instance has a few hundred more than a quarter.
    let ran = Case::named("registration").called("registration at four instances").set("dps.instances=4").run();
    ran.agrees([("registration_latency_s{stat=max}", Within(15_000.0, 0.01))]);
}

#[test]
fn an_outage_of_45_minutes_lasts_115_for_the_unluckiest() {
    // Devices leave after U(15, 30) min at 111/s against 16.67/s: a line of 85,000 at 30 min (margin 2 %), the last device
    // through at 15 + 100 = 115 min after the start of the outage, 70 min after its end (margin 1 % of 115 min).
    let ran = Case::named("spill-over").run();
    let last: Vec<f64> =
        ran.values("time_to_recover_s{fault=outage share=100 %}").iter().map(|t| 45.0 + t / 60.0).collect();
    let row = judge("minutes from the start of the outage to the last device", &last, Within(115.0, 0.01));
    settle("spill-over", &[row]);
    ran.agrees([
        ("queue_length{at=dps_registration stat=max}", Within(85_000.0, 0.02)),
        ("blast_radius_ratio{fault=outage}", Exactly(1.0)),
        ("stamp_utilisation_ratio{stat=max}", Exactly(1.0)),
    ]);
}
