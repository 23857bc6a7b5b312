//! A stamp's whole path: quota by UTC day, throughput units, checkpoints; flows agree with messages, and what makes no sense
//! is refused at its place.

use std::path::Path;

use stampsim::metrics::measure::find;
use stampsim::model::limit::{Allowance, Bucket, Shaping, Verdict};
use stampsim::scenario::{catalog, load_text};
use stampsim::units::{Bytes, SimDuration, SimTime};

use super::support::{Between, Case, Ran, Row, judge, settle};

/// The row of a figure whose mean differs between the fidelities by less than a share of it, or by less than a floor.
fn same(flow: &Ran, events: &Ran, key: &str, share: f64, floor: f64) -> Row {
    let (flow, events) = (flow.values(key), events.values(key));
    assert_eq!(flow.len(), events.len(), "{key} in as many replications");
    let mean = flow.iter().sum::<f64>() / flow.len() as f64;
    let margin = (share * mean.abs()).max(floor);
    let differences: Vec<f64> = events.iter().zip(&flow).map(|(a, b)| a - b).collect();
    judge(&format!("{key}, events - flow, of {mean:.4}"), &differences, Between(-margin, margin))
}

fn both(name: &str) -> (Ran, Ran) {
    let at = |fidelity: &str| {
        Case::named(name).called(&format!("{name}, {fidelity}")).set(format!("run.telemetry={fidelity}")).run()
    };
    (at("flow"), at("events"))
}

/// The same seed would not make them alike: the fidelities draw other things. Each interval is at 99 %, so that noise fails
/// a row whose means agree less often than once in a hundred; with these seeds it is the same every time.
#[test]
fn flows_and_messages_agree_under_shaping() {
    let (flow, events) = both("path-shaping");
    let rows = [
        // Served: 100/s, and 30 s and 20 s of it; offered: 140/s.
        same(&flow, &events, "telemetry_refused_ratio", 0.02, 0.002),
        same(&flow, &events, "telemetry_lost_ratio", 0.02, 0.002),
        same(&flow, &events, "limit_binds_at_s{limit=send}", 0.15, 0.0),
        same(&flow, &events, "limit_refusals{code=429001 limit=send}", 0.03, 0.0),
        same(&flow, &events, "telemetry_latency_ms{quantile=0.5}", 0.02, 0.0),
        same(&flow, &events, "telemetry_latency_ms{quantile=0.95}", 0.02, 0.0),
        same(&flow, &events, "quota_used_ratio{stat=max}", 0.01, 0.0),
    ];
    settle("path-shaping", &rows);
}

#[test]
fn flows_and_messages_agree_under_a_quota_that_ends_and_begins_anew_at_midnight() {
    let (flow, events) = both("path-quota");
    let mut rows = vec![
        same(&flow, &events, "telemetry_lost_ratio", 0.03, 0.0),
        same(&flow, &events, "limit_binds_at_s{limit=quota}", 0.03, 0.0),
        same(&flow, &events, "messages{fate=processed}", 0.001, 0.0),
    ];
    for ran in [&flow, &events] {
        // 8,000 of 12,000 in each hour; the first 40 minutes of each.
        rows.push(judge("telemetry_lost_ratio", &ran.values("telemetry_lost_ratio"), Between(0.32, 0.347)));
        let at = ran.values("limit_binds_at_s{limit=quota}");
        rows.push(judge("limit_binds_at_s{limit=quota}", &at, Between(2_340.0, 2_460.0)));
        rows.push(judge("quota_used_ratio{stat=max}", &ran.values("quota_used_ratio{stat=max}"), Between(1.0, 1.0)));
    }
    settle("path-quota", &rows);
}

#[test]
fn flows_and_messages_agree_under_throughput_units_and_a_restart() {
    let (flow, events) = both("path-endpoint");
    let rows = [
        same(&flow, &events, "limit_binds_at_s{limit=server_busy}", 0.05, 0.0),
        same(&flow, &events, "server_busy_ratio", 0.05, 0.0),
        same(&flow, &events, "throughput_units{stat=end}", 0.0, 0.0),
        same(&flow, &events, "wait_ms{at=endpoint stat=max}", 0.05, 0.0),
        same(&flow, &events, "telemetry_latency_ms{quantile=0.95}", 0.05, 0.0),
        same(&flow, &events, "telemetry_latency_ms{quantile=0.5}", 0.1, 0.0),
        same(&flow, &events, "processing_lag_s{stat=max}", 0.03, 0.0),
        same(&flow, &events, "messages{fate=read_again}", 0.03, 0.0),
        same(&flow, &events, "cost_usd_per_month{component=routing}", 0.02, 0.0),
    ];
    settle("path-endpoint", &rows);
}

/// One S1 unit takes 100 registry operations a minute: two bulk calls of 50 devices, and the third waits for the next.
#[test]
fn the_third_bulk_call_of_a_minute_is_refused() {
    let limit = catalog::limits().editions["S1"].registry.of(1);
    let shaping = Shaping { backlog: Allowance::Of(SimDuration::ZERO), ..Shaping::default() };
    let mut registry = Bucket::new(limit, shaping, SimTime::ZERO);
    let mut call = |at: u64| (0..50).all(|_| matches!(registry.offer(SimTime(at)), Verdict::Admitted(_)));
    assert_eq!([call(0), call(0), call(0)], [true, true, false]);
}

/// One message of 100 KB each hour is 600 a day; a twin of 14 KB is read as 4 messages.
#[test]
fn large_messages_are_metered_by_block() {
    let block = Bytes(4 << 10);
    assert_eq!((24 * Bytes(100 << 10).blocks(block), Bytes(14 << 10).blocks(block)), (600, 4));
}

/// What a file says of the only stamp, and the words of its diagnosis.
const MISTAKES: [(&str, &str, &str); 6] = [
    ("hub = { edition = \"S1\", quota = \"strict\" }", "", "unknown quota `strict`; expected `metered` or `enforced`"),
    (
        "hub = { edition = \"S1\" }",
        "[stamps.routing]\ntier = \"none\"\n[stamps.routing.ingress]",
        "limits of a routing endpoint that there is not",
    ),
    ("hub = { edition = \"S1\" }", "[stamps.routing.ingress]\nevents_per_unit = \"0/s\"", "a limit of zero"),
    (
        "hub = { edition = \"S1\" }",
        "[stamps.routing]\nthroughput_units = 5\n[stamps.routing.ingress.inflate]\nunits_max = 4",
        "at most 4 throughput units, but 5 at the start",
    ),
    ("hub = { edition = \"S1\" }", "[stamps.processing]\ncheckpoint_every = \"0 s\"", "a length of zero"),
    (
        "hub = { edition = \"S1\" }",
        "[[faults]]\nat = \"1 min\"\nfor = \"1 min\"\n[faults.cause.processing_restart]\nstamp = \"one\"",
        "the processing of `one` has no checkpoints",
    ),
];

#[test]
fn a_path_that_makes_no_sense_is_refused_at_its_place() {
    for (hub, rest, words) in MISTAKES {
        let text = format!(
            "question = \"Is it refused?\"\n[[cohorts]]\nname = \"c\"\ndevices = 1\ntelemetry = {{ every = \"1 min\" }}\n\
             [[stamps]]\nname = \"one\"\nregion = \"westeurope\"\ncapacity = 10\n{hub}\n{rest}\n"
        );
        let all = load_text("mistake", &text, Path::new("."), &[]).expect_err("a mistake");
        let said = all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(said.contains(words) && said.contains("mistake.toml:"), "{words}\n{said}");
    }
}

#[test]
fn a_path_that_is_off_has_no_figures_of_its_own() {
    let ran =
        Case::named("path-quota").called("path off").set("stamps.0.hub.quota=metered").set("run.replications=1").run();
    let own = ["messages", "limit_binds_at_s", "limit_refusals", "processing_lag_s", "telemetry_lost_ratio"];
    assert!(own.iter().all(|name| find(name).is_some()));
    let found: Vec<String> =
        ran.runs()[0].values.keys().filter(|key| own.contains(&key.name)).map(ToString::to_string).collect();
    assert_eq!(found, Vec::<String>::new());
    // 12,000 an hour against 8,000 a day: it is metered all the same.
    assert!(ran.value("quota_used_ratio{stat=max}") > 1.4);
}
