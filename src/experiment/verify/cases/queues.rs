//! Messages wait for processing, and are refused by a bucket: as events, superposed, and as flows.

use super::super::case::{Case, published, window};
use super::super::row::Margin::{Absolute, Relative};
use super::super::table::Table;

const QUEUES: &str = "model: queues";
const BUCKETS: &str = "model: token buckets";
/// Margin of waits and lengths [1]: twice the half-width of their intervals or more, so that a model that is right passes
/// with 99 % at any seed.
const WAIT: f64 = 0.03;
/// Margin of the far tail at utilisation 0.95, where few long busy periods decide [1].
const BUSY_TAIL: f64 = 0.06;
/// Shares of a wait in the tables and the labels of the model.
const MEDIAN: (&str, &str) = ("wait_p50", "0.5");
const P95: (&str, &str) = ("wait_p95", "0.95");
const P99: (&str, &str) = ("wait_p99", "0.99");

/// One queue: its reference, and the settings that make it of the scenario `queue`.
struct Queue {
    model: &'static str,
    parameters: &'static str,
    devices: u32,
    gap: &'static str,
    servers: u32,
    service: &'static str,
    horizon: &'static str,
    quantiles: &'static [(&'static str, &'static str)],
    /// Whether it runs as a flow too.
    as_flow: bool,
    /// Whether long busy periods make its tail slow to settle.
    is_busy: bool,
}

/// The median of M/M/1 at half load is left out: half of the messages do not wait, so it sits on a step.
const ALL: [Queue; 6] = [
    Queue {
        model: "M/M/1",
        parameters: r#"{"arrival_rate": 0.5, "service_rate": 1.0}"#,
        devices: 1,
        gap: "2 s",
        servers: 1,
        service: r#"{ exponential = { mean = "1 s" } }"#,
        horizon: "200000 s",
        quantiles: &[P95, P99],
        as_flow: true,
        is_busy: false,
    },
    Queue {
        model: "M/M/1",
        parameters: r#"{"arrival_rate": 8, "service_rate": 10}"#,
        devices: 1,
        gap: "125 ms",
        servers: 1,
        service: r#"{ exponential = { mean = "100 ms" } }"#,
        horizon: "50000 s",
        quantiles: &[MEDIAN, P95, P99],
        as_flow: true,
        is_busy: false,
    },
    Queue {
        model: "M/M/c",
        parameters: r#"{"arrival_rate": 8, "servers": 10, "service_rate": 1}"#,
        devices: 1,
        gap: "125 ms",
        servers: 10,
        service: r#"{ exponential = { mean = "1 s" } }"#,
        horizon: "50000 s",
        quantiles: &[MEDIAN, P95, P99],
        as_flow: false,
        is_busy: false,
    },
    Queue {
        model: "M/M/c",
        parameters: r#"{"arrival_rate": 90, "servers": 10, "service_rate": 10}"#,
        devices: 9,
        gap: "100 ms",
        servers: 10,
        service: r#"{ exponential = { mean = "100 ms" } }"#,
        horizon: "20000 s",
        quantiles: &[MEDIAN, P95, P99],
        as_flow: false,
        is_busy: false,
    },
    Queue {
        model: "M/D/1 (paced throttle)",
        parameters: r#"{"arrival_rate": 80, "service_time": 0.01}"#,
        devices: 1,
        gap: "12500 us",
        servers: 1,
        service: r#""10 ms""#,
        horizon: "5000 s",
        quantiles: &[P95, P99],
        as_flow: true,
        is_busy: false,
    },
    Queue {
        model: "M/D/1 (paced throttle)",
        parameters: r#"{"arrival_rate": 95, "service_time": 0.01}"#,
        devices: 19,
        gap: "200 ms",
        servers: 1,
        service: r#""10 ms""#,
        horizon: "15000 s",
        quantiles: &[P95, P99],
        as_flow: true,
        is_busy: true,
    },
];

pub(super) fn cases(table: &Table) -> Vec<Case> {
    let events =
        ["events", "superposed"].into_iter().flat_map(|way| ALL.iter().map(move |queue| queue.case(table, way)));
    let flows = ALL.iter().filter(|queue| queue.as_flow).map(|queue| queue.case(table, "flow"));
    let storms = ["events", "superposed", "flow"].map(storm_of_load);
    events.chain(flows).chain([periodic(table)]).chain(storms).chain(buckets(table)).collect()
}

impl Queue {
    fn case(&self, table: &Table, telemetry: &str) -> Case {
        let row = |metric| table.find(self.model, self.parameters, metric);
        let name = format!("{}, {telemetry}", row("Wq").case());
        let mut case = Case::new(QUEUES, name, include_str!("queue.toml"))
            .set(format!("run.horizon={}", self.horizon))
            .set(format!("run.telemetry={telemetry}"))
            .set(format!("cohorts.devices.devices={}", self.devices))
            .set(format!("cohorts.devices.telemetry.poisson={}", self.gap))
            .set(format!("stamps.weu-1.processing.servers={}", self.servers))
            .set(format!("stamps.weu-1.processing.service={}", self.service));
        case = case.expect_scaled("wait_ms{at=processing stat=mean}", row("Wq"), 1e3, Relative(WAIT));
        case = case.expect("queue_length{at=processing stat=mean}", row("Lq"), Relative(WAIT));
        for (metric, label) in self.quantiles {
            let figure = format!("wait_ms{{at=processing quantile={label}}}");
            let margin = if *metric == "wait_p99" && self.is_busy { BUSY_TAIL } else { WAIT };
            case = case.expect_scaled(&figure, row(metric), 1e3, Relative(margin));
        }
        case
    }
}

/// One device that sends at a fixed interval into exponential service.
fn periodic(table: &Table) -> Case {
    let row = table.find("D/M/1 (periodic telemetry)", r#"{"arrival_rate": 80, "service_rate": 100}"#, "Wq");
    let case = Case::new(QUEUES, "periodic-queue", include_str!("periodic-queue.toml"));
    case.expect_scaled("wait_ms{at=processing stat=mean}", row, 1e3, Relative(WAIT))
}

/// One and a half times the load for 300 s at utilisation 0.8 leaves 0.2 x 300 s of work. Gaps drawn at the rate in force
/// when they are scheduled would give 42 s.
fn storm_of_load(telemetry: &str) -> Case {
    let reference = published(60.0, "derived, elementary: 0.2 x 300 s of work too much");
    let case = Case::new(QUEUES, format!("trap {telemetry}"), include_str!("trap.toml"));
    case.set(format!("run.telemetry={telemetry}")).expect_of(
        "wait in the last second of a storm [s]",
        &reference,
        1.0,
        Relative(0.01),
        |run| window(run, "telemetry_latency_ms{quantile=0.5}", 15 * 60 - 1).map(|ms| ms / 1e3),
    )
}

/// Messages into a bucket of 100/s. The deeper the bucket, the rarer and longer the bursts of refusals, and the wider the
/// margin. A share below 1e-3 is held by the admitted rate, as use of the limit.
fn buckets(table: &Table) -> Vec<Case> {
    let shares = [
        (50, "20 ms", 1, 1, "2000 s", 0.01),
        (90, "100 ms", 9, 10, "10000 s", 0.04),
        (100, "10 ms", 1, 100, "20000 s", 0.08),
        (120, "100 ms", 12, 50, "2000 s", 0.01),
    ];
    let refused = shares.into_iter().map(|(rate, gap, devices, depth, horizon, margin)| {
        let row = table.find(BUCKET, &bucket_parameters(rate, depth), "rejected_share");
        bucket(rate, gap, devices, depth, horizon).expect("telemetry_refused_ratio", row, Relative(margin))
    });
    let admitted = table.find(BUCKET, &bucket_parameters(99, 200), "admitted_rate");
    let use_of_limit = "throttle_utilisation_ratio{stat=mean throttle=send}";
    let rare = bucket(99, "1000 ms", 99, 200, "4000 s").expect_scaled(use_of_limit, admitted, 0.01, Absolute(0.001));
    refused.chain([rare]).collect()
}

const BUCKET: &str = "token bucket, no queue";

fn bucket_parameters(rate: u32, depth: u32) -> String {
    format!(r#"{{"arrival_rate": {rate}, "depth": {depth}, "refill_rate": 100}}"#)
}

fn bucket(rate: u32, gap: &str, devices: u32, depth: u32, horizon: &str) -> Case {
    Case::new(BUCKETS, format!("bucket {rate}/{depth}"), include_str!("send-throttle.toml"))
        .set(format!("run.horizon={horizon}"))
        .set(format!("cohorts.devices.devices={devices}"))
        .set(format!("cohorts.devices.telemetry.poisson={gap}"))
        .set(format!("stamps.weu-1.hub.sends.credit={} ms", depth * 10))
}
