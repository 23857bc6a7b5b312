//! Values that can be checked by hand against Azure's documents: metering, prices, allocation.

use super::super::case::{Case, published, value};
use super::super::row::Margin::{Exact, Relative};
use super::super::table::Table;

const RULES: &str = "model: documented rules";
const COST: &str = "model: stamps and their cost";

const PRICES: &str = "Azure IoT Hub, DPS and Event Hubs pricing";
const METERING: &str = "Azure IoT Hub quotas and message metering";
const ALLOCATION: &str = "Azure DPS allocation policies";

pub(super) fn cases(table: &Table) -> Vec<Case> {
    // Stamps of this price are made of units of S1 at 25, S2 at 250 and S3 at 2,500 USD.
    let fleets = [
        (1, 1_000, 100, "S1", 4),
        (1_000, 1_000, 100, "S1", 4),
        (1_001, 1_000, 100, "S1", 4),
        (25_000, 10_000, 2_500, "S3", 1),
        (999_999, 100_000, 50_000, "S2", 200),
    ];
    let sawtooth = fleets.into_iter().map(|fleet| sawtooth(table, fleet));
    let bills = [one_month(), registrations(false), registrations(true), events(), quota(), offline_call()];
    sawtooth.chain(bills).chain(["no-hub", "static-hub"].map(refused)).collect()
}

/// ceil(n / C) stamps of price k for n devices.
fn sawtooth(table: &Table, (devices, capacity, cost, edition, units): (u32, u32, u32, &str, u32)) -> Case {
    let parameters = format!(r#"{{"devices": {devices}, "stamp_capacity": {capacity}, "stamp_cost": {cost}}}"#);
    let row = |metric| table.find("stamp cost sawtooth", &parameters, metric);
    Case::new(COST, format!("sawtooth {devices}"), include_str!("sawtooth.toml"))
        .set(format!("cohorts.devices.devices={devices}"))
        .set(format!("stamps.weu-{{n}}.count={}", row("stamps").value))
        .set(format!("stamps.weu-{{n}}.capacity={capacity}"))
        .set(format!("stamps.weu-{{n}}.hub.edition={edition}"))
        .set(format!("stamps.weu-{{n}}.hub.units={units}"))
        .expect("stamps_active{stat=end}", row("stamps"), Exact)
        .expect("cost_per_device_usd_per_month{per=registered}", row("cost_per_device"), Exact)
        .expect("stamp_utilisation_ratio{stat=end}", row("utilisation"), Relative(1e-4))
        .expect("cost_premium_ratio", row("ratio_to_floor"), Exact)
}

/// Four units of S1.
fn one_month() -> Case {
    let case = Case::new(COST, "four units of S1", include_str!("month.toml"));
    case.expect("cost_usd_per_month", &published(100.0, PRICES), Exact)
}

/// 3 units of S2 at 250 USD and a million registrations a month at 0.123, or by the other source 0.10 USD for a thousand;
/// a tenth of both in a tenth of a month.
fn registrations(other_source: bool) -> Case {
    let (name, dps) = if other_source { ("the other price", 100.0) } else { ("one price", 123.0) };
    let case = Case::new(COST, format!("a million registrations a month at {name}"), include_str!("month.toml"))
        .set("run.horizon=73 h")
        .set(r#"stamps.weu-{n}.hub={ edition = "S2", units = 3 }"#)
        .set("cohorts.devices.devices=100000")
        .set("cohorts.devices.start=new")
        .set("dps.draws_on_registry=false")
        .set(r#"dps.registration_shaping={ credit = "60 ms", backlog = "unlimited", backlog_timeout = "unlimited" }"#);
    let case = if other_source { case.set(r#"catalog.other_sources=["dps.operations_1k"]"#) } else { case };
    case.expect("cost_usd_per_month{component=hub}", &published(750.0, PRICES), Exact)
        .expect("cost_usd_per_month{component=dps}", &published(dps, PRICES), Exact)
        .expect("cost_usd_per_month", &published(750.0 + dps, PRICES), Exact)
}

/// Two throughput units and 100 million events: 2 x 0.030 x 730 = 43.80, and 100 x 0.028 = 2.80.
fn events() -> Case {
    Case::new(COST, "100 million events a month", include_str!("events-of-a-month.toml"))
        .expect("cost_usd_per_month{component=routing}", &published(46.60, PRICES), Exact)
        .expect("telemetry_refused_ratio", &published(0.0, METERING), Exact)
}

/// 1,440 messages and 144 calls of request and answer are 1,728 a day; 231 devices fit into the 400,000 of one unit.
fn quota() -> Case {
    let used = published(231.0 * 1_728.0 / 400_000.0, METERING);
    let case = Case::new(RULES, "231 devices on one unit of S1", include_str!("quota.toml"));
    case.expect("quota_used_ratio{stat=max}", &used, Relative(0.005))
}

/// A call to a device that is off is charged the blocks of its request, 3 for 9 KB, and one for the answer that it is not online.
fn offline_call() -> Case {
    let of_each = |run: &_| {
        let charged = value(run, "quota_used_ratio{stat=max}")? * 400_000.0;
        Some(charged / value(run, "commands")?)
    };
    let reference = published(4.0, METERING);
    Case::new(RULES, "calls to devices that are off", include_str!("offline-call.toml"))
        .expect_of("messages charged for each call", &reference, 1.0, Exact, of_each)
        .expect("command_outcome_ratio{outcome=offline}", &published(1.0, METERING), Exact)
}

/// Registration fails where no hub takes part, and where the only hub of a static allocation does not.
fn refused(name: &str) -> Case {
    let text = if name == "no-hub" { include_str!("no-hub.toml") } else { include_str!("static-hub.toml") };
    Case::new(RULES, name, text).expect("devices_failed", &published(300.0, ALLOCATION), Exact).expect(
        "devices_registered{stat=max}",
        &published(0.0, ALLOCATION),
        Exact,
    )
}
