//! Floors of hubs and DPS, and outages that last longer than their cause.

use super::super::case::{Case, published, value, window};
use super::super::row::Margin::{Absolute, Exact, Relative};
use super::super::table::Table;

const FLOORS: &str = "model: drains and registrations";
const OUTAGES: &str = "model: outages";
const QUOTAS: &str = "Azure IoT Hub quotas and throttling; DPS limits";

pub(super) fn cases(table: &Table) -> Vec<Case> {
    let drains = [("S1", 1, 100_000), ("S1", 9, 100_000), ("S2", 10, 1_000_000), ("S3", 1, 1_000_000)];
    let drains = drains.map(|(edition, units, devices)| drain(table, edition, units, devices));
    let registrations = [registration(table, 1_000_000), registration(table, 100_000), four_instances()];
    let silent = [("python", "60 s", 30, 90), ("java", "230 s", 115, 345)];
    let silent = silent.map(|(sdk, keep_alive, first, last)| silence(sdk, keep_alive, first, last));
    drains
        .into_iter()
        .chain(registrations)
        .chain([spill_over(), cell_drain()])
        .chain(silent)
        .chain([half_dead()])
        .collect()
}

/// N / rate, less the one operation of credit; nothing is random. The margin is the rounding of the credit.
fn drain(table: &Table, edition: &str, units: u32, devices: u32) -> Case {
    let parameters = format!(r#"{{"devices": {devices}, "tier": "{edition}", "units": {units}}}"#);
    let floor = table.find("IoT Hub documented throttles", &parameters, "drain_floor_s");
    Case::new(FLOORS, format!("drain {edition} x {units}"), include_str!("drain.toml"))
        .set(format!("stamps.weu-1.hub.edition={edition}"))
        .set(format!("stamps.weu-1.hub.units={units}"))
        .set(format!("cohorts.devices.devices={devices}"))
        .expect("time_to_recover_s{fault=blackout share=100 %}", floor, Relative(1e-4))
}

/// N / rate; a device polls for its answer 2 s later. Nothing is random.
fn registration(table: &Table, devices: u32) -> Case {
    let parameters = format!(r#"{{"devices": {devices}, "registrations_per_min": 1000}}"#);
    let floor = table.find("DPS mass re-registration", &parameters, "floor_min");
    let all = published(f64::from(devices), QUOTAS);
    Case::new(FLOORS, format!("registration of {devices}"), include_str!("registration.toml"))
        .set(format!("run.horizon={} min", devices / 1_000 + 20))
        .set(format!("cohorts.devices.devices={devices}"))
        .expect_scaled("registration_latency_s{stat=max}", floor, 60.0, Relative(0.01))
        .expect("devices_registered{stat=end}", &all, Exact)
}

/// A hash spreads the devices, so the fullest instance has a few hundred more than a quarter.
fn four_instances() -> Case {
    let quarter = published(15_000.0, QUOTAS);
    Case::new(FLOORS, "registration at four instances", include_str!("registration.toml"))
        .set("dps.instances=4")
        .expect("registration_latency_s{stat=max}", &quarter, Relative(0.01))
}

/// Devices leave after U(15, 30) min at 111/s against 16.67/s: a line of 85,000 at 30 min, the last device through at
/// 15 + 100 = 115 min after the start of the outage, 70 min after its end.
fn spill_over() -> Case {
    const SOURCE: &str = "derived from the Azure DPS large-scale deployment page";
    Case::new(OUTAGES, "spill-over of 100,000 devices to DPS", include_str!("spill-over.toml"))
        .expect_of(
            "minutes from the start of the outage to the last device",
            &published(115.0, SOURCE),
            1.0,
            Relative(0.01),
            |run| value(run, "time_to_recover_s{fault=outage share=100 %}").map(|seconds| 45.0 + seconds / 60.0),
        )
        .expect("queue_length{at=dps_registration stat=max}", &published(85_000.0, SOURCE), Relative(0.02))
        .expect("blast_radius_ratio{fault=outage}", &published(1.0, SOURCE), Exact)
        .expect("stamp_utilisation_ratio{stat=max}", &published(1.0, SOURCE), Exact)
}

/// One of four equal cells is down for 48 min: 12 minutes a device. Devices come back within seconds.
fn cell_drain() -> Case {
    const SOURCE: &str = "Slack, cellular architecture and the 2021 incident; derived, elementary";
    Case::new(OUTAGES, "one of four cells down for 48 min", include_str!("cell.toml"))
        .expect_of("minutes lost per device", &published(12.0, SOURCE), 1.0, Relative(0.01), |run| {
            value(run, "device_minutes_lost").map(|minutes| minutes / 4_000.0)
        })
        .expect("blast_radius_ratio{fault=outage}", &published(0.25, SOURCE), Exact)
}

/// 1.5 keep-alives after the last traffic at the latest, half of one at the earliest.
fn silence(sdk: &str, keep_alive: &str, first: usize, last: usize) -> Case {
    const SOURCE: &str = "Azure IoT Hub MQTT support: keep-alive by SDK; derived, uniform phases";
    let case = Case::new(OUTAGES, format!("keep-alive of {sdk}"), include_str!("keep-alive.toml"))
        .set("run.replications=10")
        .set(format!("cohorts.devices.keep_alive={keep_alive}"));
    let moments = [
        ("unaware until half a keep-alive", first - 1, 5_000.0, Exact),
        ("unaware half-way", usize::midpoint(first, last), 2_500.0, Absolute(300.0)),
        ("unaware in the last second", last - 1, 0.0, Absolute(200.0)),
        ("unaware after 1.5 keep-alives", last, 0.0, Exact),
    ];
    moments.into_iter().fold(case, |case, (figure, second, devices, margin)| {
        let unaware = move |run: &_| window(run, "devices_in_state{state=unaware}", 60 + second);
        case.expect_of(figure, &published(devices, SOURCE), 1.0, margin, unaware)
    })
}

/// The hub's side of it: a connection that died silently looks alive for half a keep-alive at least and 1.5 at most, so that
/// a hub with 60 s counts devices for up to 90 s that are gone.
fn half_dead() -> Case {
    const SOURCE: &str = "Azure IoT Hub MQTT support: 1.5 keep-alives; derived, uniform phases";
    let moments = [
        ("half-dead until half a keep-alive", 29, 5_000.0, Exact),
        ("half-dead half-way", 60, 2_500.0, Absolute(300.0)),
        ("half-dead after 1.5 keep-alives", 90, 0.0, Exact),
    ];
    let case = Case::new(OUTAGES, "half-dead connections", include_str!("half-dead.toml"));
    moments.into_iter().fold(case, |case, (figure, second, devices, margin)| {
        let counted = move |run: &_| window(run, "devices_half_dead", 60 + second);
        case.expect_of(figure, &published(devices, SOURCE), 1.0, margin, counted)
    })
}
