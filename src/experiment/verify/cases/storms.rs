//! Published storms: power returns to all devices of a hub at once; a bucket without a backlog, no latencies, devices that
//! never go to DPS. Recovery runs from the return of power.

use super::super::case::{Case, published};
use super::super::row::Margin::{self, Absolute, Exact, Relative};
use super::super::table::{Reference, Table};

const STORMS: &str = "model: reconnect storms";
/// Margin of times [1].
const TIME: Margin = Relative(0.015);
/// Margin of 90 %, and of attempts, where the reference is a fluid [1].
const FLUID: Margin = Relative(0.02);
/// Margin of the last device of a memoryless storm, over 240 replications: one extreme of 20,000 [1].
const EXTREME: Margin = Relative(0.05);
const ATTEMPTS: &str = "connect_attempts{stat=mean}";

const DEEP: &str = "reconnect storm, memoryless retry, deep bucket";
const SHALLOW: &str = "reconnect storm, memoryless retry, bucket depth 1";
const SMALL: &str = r#"{"admit_rate": 100, "devices": 20000, "mean_retry_s": 60}"#;
const LARGE: &str = r#"{"admit_rate": 108, "devices": 100000, "mean_retry_s": 120}"#;
/// Published case 3: a mean field with an independent Monte Carlo.
const MONTE_CARLO: &str = "derived mean-field with a full bucket; checked by Monte Carlo";
const SHALLOW_BUCKET: &str = r#"stamps.weu-1.hub.connects={ credit = "10 ms", backlog = "0 s" }"#;

pub(super) fn cases(table: &Table) -> Vec<Case> {
    let small = [full_jitter(table), equal_jitter(table), deep(table), shallow(table), first_attempts_spread()];
    let exact = [no_jitter(table), fixed_interval(table)];
    let large =
        [large(table, DEEP, "storm of 100,000", "1 s"), large(table, SHALLOW, "storm of 100,000 at depth 1", "0 s")];
    let spread = [(0.8, "1250 s"), (0.95, "1052632 ms")].map(|(load, longest)| azure_spread(table, load, longest));
    let windows = [(0.8, "1250 s", 80, Absolute(1e-4)), (0.95, "1052632 ms", 40, Relative(0.03))]
        .map(|(load, longest, replications, margin)| fixed_window(table, load, longest, (replications, margin)));
    small.into_iter().chain(windows).chain(exact).chain(large).chain(spread).collect()
}

fn storm(name: &str, retry: &str) -> Case {
    Case::new(STORMS, name, include_str!("storm.toml")).set(format!("cohorts.devices.retry={{ {retry} }}"))
}

fn recovered(share: &str) -> String {
    format!("time_to_recover_s{{fault=blackout share={share} %}}")
}

/// Expects when 50, 90 and 99 % and the last device are back, and the attempts of a device.
fn times(case: Case, references: [&Reference; 5], margins: [Margin; 5]) -> Case {
    let keys = [recovered("50"), recovered("90"), recovered("99"), recovered("100"), ATTEMPTS.to_owned()];
    let all = keys.iter().zip(references).zip(margins);
    all.fold(case, |case, ((key, reference), margin)| case.expect(key, reference, margin))
}

/// An independent Monte Carlo of the tables; its standard error is far below the margin.
fn monte_carlo(table: &Table, case: Case, jitter: &str) -> Case {
    let parameters = format!(
        r#"{{"base_s": 1, "cap_s": 60, "depth": 100, "devices": 20000, "factor": 2, "first_attempt_spread_s": 0,
            "jitter": "{jitter}", "refill_rate": 100}}"#
    );
    let row = |metric| table.find("reconnect storm, capped exponential back-off", &parameters, metric);
    times(case, ["t50", "t90", "t99", "tlast", "attempts_per_device"].map(row), [TIME; 5])
}

fn full_jitter(table: &Table) -> Case {
    let case = storm("storm-full-jitter", r#"exponential = { base = "1 s", cap = "60 s", jitter = "full" }"#);
    monte_carlo(table, case, "full jitter U(0,w)")
}

fn equal_jitter(table: &Table) -> Case {
    let case = storm("storm-equal-jitter", r#"exponential = { base = "1 s", cap = "60 s", jitter = "equal" }"#);
    monte_carlo(table, case, "equal jitter w/2+U(0,w/2)")
}

/// A memoryless storm against published times and the fluid of the tables.
fn memoryless(table: &Table, case: Case, published_times: [f64; 5], model: &str) -> Case {
    let margins = [TIME, FLUID, TIME, EXTREME, FLUID];
    let values = published_times.map(|value| published(value, MONTE_CARLO));
    let case = times(case.set("run.horizon=1 h").set("run.replications=240"), values.each_ref(), margins);
    let metrics = ["t_50pct_s", "t_90pct_s", "t_99pct_s", "expected_last_device_s", "attempts_per_device"];
    times(case, metrics.map(|metric| table.find(model, SMALL, metric)), margins)
}

fn deep(table: &Table) -> Case {
    let case = storm("storm-memoryless", r#"memoryless = { mean = "60 s" }"#);
    memoryless(table, case, [99.0, 204.8, 343.0, 697.0, 1.80], DEEP)
}

fn shallow(table: &Table) -> Case {
    let case = storm("storm-memoryless-depth-1", r#"memoryless = { mean = "60 s" }"#).set(SHALLOW_BUCKET);
    memoryless(table, case, [141.6, 318.2, 474.3, 829.0, 2.667], SHALLOW)
}

fn first_attempts_spread() -> Case {
    let case = storm("storm-spread", r#"exponential = { base = "1 s", cap = "60 s", jitter = "full" }"#)
        .set("cohorts.devices.first_attempt=0 s..400 s");
    let values = [200.0, 360.0, 396.0, 400.0, 1.0].map(|value| published(value, MONTE_CARLO));
    times(case, values.each_ref(), [TIME; 5])
}

/// 200 rounds of 100 devices in lockstep; nothing is random.
fn no_jitter(table: &Table) -> Case {
    let parameters = r#"{"base_s": 1, "cap_s": 60, "depth": 100, "devices": 20000, "factor": 2, "refill_rate": 100}"#;
    let row = |metric| table.find(LOCKSTEP, parameters, metric);
    let published = [5_643.0, 10_443.0, 11_523.0].map(|value| published(value, "exact integer recurrence, derived"));
    let case = storm("storm-no-jitter", r#"exponential = { base = "1 s", cap = "60 s", jitter = "none" }"#)
        .set("run.horizon=4 h")
        .set("run.replications=1");
    let early = ["50", "90", "99"].into_iter().zip(&published);
    early
        .fold(case, |case, (share, reference)| case.expect(&recovered(share), reference, Exact))
        .expect(&recovered("100"), row("last_time_s"), Exact)
        .expect("model_attempts", row("attempts_total"), Exact)
        .expect_scaled(ATTEMPTS, row("attempts_total"), 1.0 / 20_000.0, Exact)
}

const LOCKSTEP: &str = "reconnect storm, no jitter (synchronised)";

/// Azure IoT Python SDK: ten rounds of 100 devices; nothing is random.
fn fixed_interval(table: &Table) -> Case {
    let parameters = r#"{"base_s": 10, "cap_s": 10, "depth": 100, "devices": 1000, "factor": 1, "refill_rate": 100}"#;
    let row = |metric| table.find(LOCKSTEP, parameters, metric);
    storm("storm-fixed-interval", r#"python = { interval = "10 s" }"#)
        .set("cohorts.devices.devices=1000")
        .set("run.replications=1")
        .expect(&recovered("100"), row("last_time_s"), Exact)
        .expect("model_attempts", row("attempts_total"), Exact)
}

/// 100,000 devices on S1 x 9. The last device is left out: one extreme needs hundreds of replications.
fn large(table: &Table, model: &str, name: &str, credit: &str) -> Case {
    let case = storm(name, r#"memoryless = { mean = "120 s" }"#)
        .set("run.horizon=90 min")
        .set("run.replications=10")
        .set("stamps.weu-1.capacity=100000")
        .set("stamps.weu-1.hub.units=9")
        .set(format!("stamps.weu-1.hub.connects.credit={credit}"))
        .set("cohorts.devices.devices=100000");
    let row = |metric| table.find(model, LARGE, metric);
    case.expect(&recovered("50"), row("t_50pct_s"), TIME)
        .expect(&recovered("90"), row("t_90pct_s"), FLUID)
        .expect(&recovered("99"), row("t_99pct_s"), FLUID)
        .expect(ATTEMPTS, row("attempts_per_device"), FLUID)
}

/// The spread rule of the DPS large-scale page into a bucket: it refuses nobody at load 0.8 and 2.4 in a million at 0.95, so
/// the attempts of a device are 1, and the last first attempt is the last device.
fn azure_spread(table: &Table, load: f64, longest: &str) -> Case {
    let parameters = format!(r#"{{"bucket_depth": 100, "cps": 100, "devices": 100000, "load": {load}}}"#);
    let row = |metric| table.find("Azure DPS jitter rule, first attempts", &parameters, metric);
    let attempts = published(1.0, "Azure DPS large-scale deployment page; no first attempt is refused by a bucket");
    Case::new(STORMS, format!("spread by the DPS rule at load {load}"), include_str!("spread.toml"))
        .set(format!("cohorts.devices.first_attempt=1 s..{longest}"))
        .expect(&recovered("100"), row("max_delay_s"), Relative(0.001))
        .expect(ATTEMPTS, &attempts, Absolute(1e-4))
        .expect("throttle_rejected_ratio{throttle=connect}", row("rejected_share_token_bucket"), Absolute(5e-5))
}

/// The same into a fixed window of one second. Only first attempts are looked at: nobody who is refused comes back in time.
fn fixed_window(table: &Table, load: f64, longest: &str, (replications, margin): (u32, Margin)) -> Case {
    let parameters = format!(r#"{{"bucket_depth": 100, "cps": 100, "devices": 100000, "load": {load}}}"#);
    let refused = table.find("Azure DPS jitter rule, first attempts", &parameters, "rejected_share_fixed_1s_window");
    Case::new(STORMS, format!("spread into a fixed window at load {load}"), include_str!("spread.toml"))
        .set(format!("run.replications={replications}"))
        .set(format!("cohorts.devices.first_attempt=1 s..{longest}"))
        .set(r#"cohorts.devices.retry={ exponential = { base = "1 d", cap = "1 d", jitter = "none" } }"#)
        .set(r#"stamps.weu-1.hub.connects={ window = "1 s" }"#)
        .expect("throttle_rejected_ratio{throttle=connect}", refused, margin)
}
