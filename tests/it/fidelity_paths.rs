//! Whole paths agree as events, superposed and as a flow: quota, shaping, throughput units and a restart.
//!
//! Margins are those of `fidelity`: stated before, at least twice the half-width of the 99 % interval of the difference.

use super::fidelity::{WAYS, alike};
use super::support::{Between, Case, Ran, Row, judge, settle};

/// A figure, the share by which a way may differ from events, and the least difference that counts.
type Figure = (&'static str, f64, f64);

fn all_ways(name: &str, replications: u32) -> [Ran; 3] {
    WAYS.map(|way| {
        Case::named(name)
            .called(&format!("{name}, {way}"))
            .set(format!("run.telemetry={way}"))
            .set(format!("run.replications={replications}"))
            .run()
    })
}

fn rows([events, others @ ..]: &[Ran; 3], figures: &[Figure]) -> Vec<Row> {
    let row = |way: &str, ran: &Ran, (key, share, floor): Figure| {
        alike(way, key, (&events.values(key), &ran.values(key)), (share, floor))
    };
    let of = |(way, ran): (&&str, &Ran)| figures.iter().map(|figure| row(way, ran, *figure)).collect::<Vec<_>>();
    WAYS[1..].iter().zip(others).flat_map(of).collect()
}

/// 140/s come to a hub that takes 100/s, and 30 s and 20 s of that.
#[test]
fn a_shaped_path_is_alike_in_all_ways() {
    let ways = all_ways("path-shaping", 30);
    let figures = [
        ("telemetry_refused_ratio", 0.02, 0.0),
        ("telemetry_lost_ratio", 0.02, 0.0),
        ("limit_refusals{code=429001 limit=send}", 0.03, 0.0),
        ("limit_binds_at_s{limit=send}", 0.05, 1.0),
        ("telemetry_latency_ms{quantile=0.5}", 0.01, 0.0),
        ("telemetry_latency_ms{quantile=0.95}", 0.01, 0.0),
        ("telemetry_latency_ms{stat=mean}", 0.01, 0.0),
        ("quota_used_ratio{stat=max}", 0.01, 0.0),
    ];
    settle("path-shaping", &rows(&ways, &figures));
}

/// 12,000 messages an hour and 8,000 a day: the first 40 minutes of each hour pass, and the quota ends where that is foreseen.
#[test]
fn a_quota_that_ends_and_begins_anew_at_midnight_is_alike_in_all_ways() {
    let ways = all_ways("path-quota", 40);
    let figures = [
        ("telemetry_lost_ratio", 0.02, 0.0),
        ("limit_binds_at_s{limit=quota}", 0.02, 1.0),
        ("messages{fate=processed}", 0.001, 0.0),
        ("quota_used_ratio{stat=max}", 0.001, 0.0),
    ];
    let mut rows = rows(&ways, &figures);
    for (way, ran) in WAYS.iter().zip(&ways) {
        let lost = ran.values("telemetry_lost_ratio");
        rows.push(judge(&format!("{way}: telemetry_lost_ratio"), &lost, Between(1.0 / 3.0 - 0.004, 1.0 / 3.0 + 0.004)));
        let ends = ran.values("limit_binds_at_s{limit=quota}");
        rows.push(judge(&format!("{way}: end of the quota"), &ends, Between(2_400.0 * 0.99, 2_400.0 * 1.01)));
        rows.push(judge(&format!("{way}: quota"), &ran.values("quota_used_ratio{stat=max}"), Between(1.0, 1.0)));
    }
    settle("path-quota", &rows);
}

/// 600 devices double their rate for ten minutes at an endpoint that takes 75/s and then 150/s; processing restarts after that.
#[test]
fn throughput_units_and_a_restart_are_alike_in_all_ways() {
    let ways = all_ways("path-endpoint", 30);
    let figures = [
        ("limit_binds_at_s{limit=server_busy}", 0.02, 1.0),
        ("server_busy_ratio", 0.02, 0.0),
        ("throughput_units{stat=end}", 0.0, 1e-9),
        ("wait_ms{at=endpoint stat=max}", 0.02, 0.0),
        ("telemetry_latency_ms{quantile=0.95}", 0.02, 0.0),
        ("telemetry_latency_ms{quantile=0.5}", 0.05, 0.0),
        ("processing_lag_s{stat=max}", 0.01, 0.0),
        ("messages{fate=read_again}", 0.03, 0.0),
        ("cost_usd_per_month{component=routing}", 0.02, 0.0),
    ];
    settle("path-endpoint", &rows(&ways, &figures));
}
