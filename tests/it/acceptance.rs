//! Values that can be checked by hand against Azure's documents: limits, metering, allocation, delays, costs.

use stampsim::kernel::draws::{Draws, Purpose, member, stable_name};
use stampsim::model::backoff::BackoffRule;
use stampsim::model::dps::allocation::{Allocate, AllocationRequest, Hashed};
use stampsim::model::ids::{CohortId, RegionId, RingId, StampId};
use stampsim::model::region::RegionTable;
use stampsim::model::stamp::edition::Edition;
use stampsim::model::view::FleetView;
use stampsim::scenario::catalog;
use stampsim::units::{Bytes, SimDuration};

use super::support::{Between, Case, Exactly, Ran, judge, settle};

fn edition(name: &str) -> Edition {
    catalog::limits().editions[name].clone()
}

#[test]
fn connections_follow_the_edition_and_its_units() {
    let cases = [("S1", 1, 100.0), ("S1", 8, 100.0), ("S1", 9, 108.0), ("S1", 200, 2_400.0), ("S2", 3, 360.0)];
    let rows = cases.into_iter().chain([("S3", 2, 12_000.0)]).map(|(name, units, limit)| {
        judge(
            &format!("connections/s of {name} x {units}"),
            &[edition(name).connects.of(units).per_second()],
            Exactly(limit),
        )
    });
    settle("connect limit", &rows.collect::<Vec<_>>());
}

#[test]
fn registry_and_twin_limits_follow_the_table() {
    let registry = |name: &str| edition(name).registry.of(1).per_second() * 60.0;
    let twins =
        |name: &str, units| edition(name).twin_reads.expect("standard editions have twins").of(units).per_second();
    let rows = vec![
        judge("registry operations/min of S1", &[registry("S1")], Exactly(100.0)),
        judge("registry operations/min of S3", &[registry("S3")], Exactly(5_000.0)),
        judge("twin reads/s of S2 x 1", &[twins("S2", 1)], Exactly(100.0)),
        judge("twin reads/s of S2 x 11", &[twins("S2", 11)], Exactly(110.0)),
        judge("twin reads/s of S1 x 200", &[twins("S1", 200)], Exactly(100.0)),
    ];
    settle("registry and twins", &rows);
}

#[test]
fn direct_methods_are_limited_by_blocks_of_payload() {
    let calls = |kb: u64| edition("S1").method_rate(1, Bytes(kb * 1_024)).expect("S1 has methods").per_second();
    let rows = [(4, 40.0), (5, 20.0), (157, 1.0)]
        .map(|(kb, rate)| judge(&format!("calls/s at {kb} KB"), &[calls(kb)], Exactly(rate)));
    settle("direct methods of S1", &rows);
}

#[test]
fn messages_are_metered_in_blocks() {
    let blocks = |name: &str, bytes: u64| Bytes(bytes).blocks(edition(name).meter_block) as f64;
    let kb = 1_024;
    let cases = [(100, 1.0), (0, 1.0), (4_096, 1.0), (4_097, 2.0), (6 * kb, 2.0), (100 * kb, 25.0), (256 * kb, 64.0)];
    let mut rows: Vec<_> =
        cases.map(|(bytes, charged)| judge(&format!("S1, {bytes} B"), &[blocks("S1", bytes)], Exactly(charged))).into();
    rows.push(judge("F1, 1 KB", &[blocks("F1", kb)], Exactly(2.0)));
    settle("charged blocks", &rows);
}

#[test]
fn the_worked_example_of_metering_fits_231_devices_into_one_unit() {
    // 1,440 messages + 144 calls x (request + answer) = 1,728 a day; 400,000 / 1,728 = 231.
    let s1 = edition("S1");
    let a_day = 1_440 * Bytes::KB.blocks(s1.meter_block)
        + 144 * (Bytes(512).blocks(s1.meter_block) + Bytes(200).blocks(s1.meter_block));
    assert_eq!((a_day, s1.messages_per_day / a_day), (1_728, 231));
}

/// Share of the devices on each of the stamps at the end, where every stamp is planned for all of them.
fn shares(ran: &Ran, stamps: &[&str]) -> Vec<f64> {
    let last =
        |stamp: &&str| *ran.series(&format!("stamp_utilisation_ratio{{stamp={stamp}}}"))[0].last().expect("windows");
    stamps.iter().map(last).collect()
}

#[test]
fn hashed_allocation_follows_the_weights() {
    // 25, 25 and 50 %, within half a point.
    let ran = Case::named("weights").run();
    let got = shares(&ran, &["a", "b", "c"]);
    let bounds = [(0.245, 0.255), (0.245, 0.255), (0.495, 0.505)];
    let rows =
        got.iter().zip(bounds).map(|(share, (low, high))| judge("share of the devices", &[*share], Between(low, high)));
    settle("weights 1:1:2", &rows.collect::<Vec<_>>());
    // The same IDs go to the same hubs whatever the seed and the replication.
    let again = Case::named("weights").called("weights, another seed").run();
    for stamp in ["a", "b", "c"] {
        let key = format!("stamp_utilisation_ratio{{stamp={stamp}}}");
        let all: Vec<_> = ran.series(&key).into_iter().chain(again.series(&key)).collect();
        assert!(all.iter().all(|series| *series == all[0]), "{stamp} has other devices under another seed");
    }
}

#[test]
fn a_change_of_weights_moves_nobody_until_re_registration() {
    // Within the run nobody registers, so the new stamp stays empty: 900 of 1,000, for ever.
    let ran = Case::named("new-weight").run();
    ran.agrees([("stamps_active{stat=end}", Exactly(2.0))]);
    let first = ran.series("stamp_utilisation_ratio{stamp=weu-1}")[0];
    assert!(first.iter().all(|share| (share - 0.9).abs() < 1e-12), "{first:?}");
    assert_eq!(ran.series("stamp_utilisation_ratio{stamp=weu-2}")[0].last(), Some(&0.0));
    // At re-registration a heavier hub draws devices to itself and moves no other: 1:1:2 to 1:1:4 moves 2/3 - 1/2 of them.
    let (before, after) = (chosen([1, 1, 2]), chosen([1, 1, 4]));
    let moved: Vec<_> = before.iter().zip(&after).filter(|(b, a)| b != a).map(|(_, a)| *a).collect();
    assert!(moved.iter().all(|to| *to == StampId(2)), "only the heavier hub gains");
    let share = moved.len() as f64 / before.len() as f64;
    settle("weights 1:1:2 to 1:1:4", &[judge("share that moves", &[share], Between(0.1617, 0.1717))]);
}

/// Hubs that 100,000 registrations are assigned to under these weights.
fn chosen(weights: [u16; 3]) -> Vec<StampId> {
    let view = FleetView { weight: weights.into(), ..FleetView::default() };
    let (stamps, keys) = ([StampId(0), StampId(1), StampId(2)], ["a", "b", "c"].map(stable_name));
    let request = |registration| AllocationRequest {
        registration,
        chance: Draws::new(0, 0).stream(0, Purpose::StampChoice, 0),
        region: RegionId(0),
        cohort: CohortId(0),
        ring: RingId(0),
        generation: 1,
        current: None,
        candidates: &stamps,
        stamp_keys: &keys,
        stamp_regions: &[RegionId(0); 3],
    };
    let group = stable_name("devices");
    let choose = |i| Hashed::default().choose(&request(member(group, i)), &view, &RegionTable::default());
    (0..100_000).map(|i| choose(i).expect("three hubs take part")).collect()
}

#[test]
fn back_off_follows_the_sdks() {
    let delays = |rule: &BackoffRule, draw: u64| -> Vec<f64> {
        let mut stream = Draws::new(7, 0).stream(draw, Purpose::Backoff, 0);
        (0..40).map(|retry| rule.entry().delay(retry, SimDuration::ZERO, &mut stream).secs()).collect()
    };
    let rule = |name: &str| {
        let table: std::collections::BTreeMap<String, toml::Table> = [(name.to_owned(), toml::Table::new())].into();
        toml::Value::try_from(table).expect("a table").try_into::<BackoffRule>().expect("a rule with its defaults")
    };
    for draw in 0..100 {
        let csharp = delays(&rule("csharp"), draw);
        let about = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4];
        assert!(csharp.iter().zip(about).all(|(delay, about)| (delay - about).abs() <= 0.2 * about), "{csharp:?}");
        assert!(csharp[7..].iter().all(|delay| (delay - 10.0).abs() < 1e-9), "{csharp:?}");
        assert!(delays(&rule("python"), draw).iter().all(|delay| (delay - 10.0).abs() < 1e-9));
        let c = delays(&rule("c"), draw);
        assert!(
            c.iter().zip([0.0, 1.0, 2.0, 4.0, 8.0, 16.0]).all(|(delay, exact)| (delay - exact).abs() < 1e-9),
            "{c:?}"
        );
        assert!(c[6..].iter().all(|delay| [30.0, 31.0].iter().any(|s| (delay - s).abs() < 1e-9)), "{c:?}");
    }
    assert_eq!(rule("csharp").entry().least_gap(), SimDuration::SECOND);
}
