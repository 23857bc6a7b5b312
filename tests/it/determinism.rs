//! The same seed gives the same bytes, whatever the number of threads or replications; a changed policy shifts no
//! unrelated draw, so that two policies can be compared; the first draws are pinned for ever.

use stampsim::analysis::{MarkKind, Observations};
use stampsim::kernel::draws::{Draws, Purpose, member, stable_name};
use stampsim::results::{Manifest, RunFacts};

use super::support::{Case, Ran, run, run_part};

/// Digest of the results of a case, as `stampsim run` would print it.
fn digest(ran: &Ran) -> String {
    let facts = RunFacts { replications_asked: ran.result.asked, ..RunFacts::default() };
    Manifest::of(facts, &ran.result.study, ran.runs()).digest.expect("the run is whole")
}

/// Everything that a replication observed, as text: `NaN` is equal to itself there.
fn texts(runs: &[Observations]) -> Vec<String> {
    runs.iter().map(|run| format!("{run:?}")).collect()
}

fn fleet() -> Case {
    Case::named("fleet")
}

#[test]
fn any_number_of_threads_gives_the_same_digest() {
    let digests = [1, 2, 3, 7].map(|jobs| digest(&fleet().run_on(Some(jobs))));
    assert!(digests.iter().all(|other| *other == digests[0]), "{digests:?}");
    assert_ne!(digests[0], digest(&fleet().called("another seed").run()), "a seed makes a difference");
}

#[test]
fn a_replication_is_the_same_among_three_and_among_thirty() {
    let few = fleet().set("run.replications=3").run();
    let many = fleet().set("run.replications=30").run();
    assert_eq!(texts(few.runs()), texts(&many.runs()[..3]));
    let hashes: std::collections::BTreeSet<_> = many.runs().iter().map(|run| run.order_hash).collect();
    assert_eq!(hashes.len(), 30, "replications differ from each other");
}

#[test]
fn a_run_that_goes_on_where_another_ended_is_one_run() {
    let scenario = fleet().set("run.replications=7").scenario();
    let whole = run(scenario.clone(), None);
    let mut parts = run_part(&scenario, 0..3);
    parts.append(run_part(&scenario, 3..4));
    parts.append(run_part(&scenario, 4..7));
    assert_eq!(texts(&parts.observations), texts(&whole.observations));
    assert_eq!((parts.asked, parts.interrupted), (7, false));
    assert_eq!(format!("{:?}", parts.study), format!("{:?}", whole.study));
}

/// Asserts that a figure is the same in each replication of all runs.
fn same(runs: &[Ran], keys: &[&str]) {
    for key in keys {
        let all: Vec<_> = runs.iter().map(|ran| ran.values(key)).collect();
        assert!(all.iter().all(|values| *values == all[0]), "{key} differs: {all:?}");
    }
}

#[test]
fn an_allocation_policy_shifts_no_call_and_no_fault() {
    let policies = ["hashed", "least_loaded", "capacity_aware"]
        .map(|policy| fleet().set(format!("dps.allocation={{ {policy} = {{}} }}")).run());
    same(&policies, &["commands"]);
    let faults = |run: &Observations| -> Vec<_> {
        run.marks.iter().filter(|mark| mark.kind == MarkKind::Fault).map(|mark| (mark.from, mark.until)).collect()
    };
    let all = policies.iter().map(|ran| ran.runs().iter().map(faults).collect::<Vec<_>>());
    let all: Vec<_> = all.collect();
    assert!(all.iter().all(|other| *other == all[0]), "drawn faults stay where they are: {all:?}");
    assert!(all[0].iter().any(|run| run.len() > 1), "there are faults");
    assert_ne!(digest(&policies[0]), digest(&policies[1]), "the policies do differ in what they decide");
}

#[test]
fn a_time_to_live_shifts_nothing_outside_the_cache() {
    let runs = ["1 min", "1 h"].map(|ttl| fleet().set(format!("gateway.cache.ttl={ttl}")).run());
    same(
        &runs,
        &[
            "commands",
            "devices_registered{stat=end}",
            "model_attempts",
            "connect_attempts{stat=mean}",
            "connect_latency_s{stat=mean}",
            "registration_latency_s{stat=mean}",
            "device_minutes_lost",
            "telemetry_latency_ms{stat=mean}",
            "throttle_utilisation_ratio{stat=mean throttle=connect}",
            "throttle_utilisation_ratio{stat=mean throttle=dps_registration}",
        ],
    );
    let misses: Vec<_> = runs.iter().map(|ran| ran.value("cache_miss_ratio")).collect();
    assert!(misses[0] > misses[1], "the time to live does matter to the cache: {misses:?}");
}

#[test]
fn the_order_of_cohorts_in_the_file_does_not_reach_the_draws() {
    // Devices draw by the name of their cohort and their number in it, so a cohort in front shifts nobody.
    let alone = Case::named("two-cohorts").run();
    let keys = ["connect_attempts{stat=mean}", "device_minutes_lost"];
    let swapped = Case::named("two-cohorts-swapped").called("two-cohorts").run();
    same(&[alone, swapped], &keys);
}

#[test]
fn the_first_draws_are_pinned() {
    // A change of these would change every result ever published; it must never happen by accident.
    let draws = Draws::new(7, 0);
    let meters = stable_name("meters");
    let words = |entity: u64, purpose: Purpose, counter: u64| {
        let mut stream = draws.stream(entity, purpose, counter);
        [stream.next_u64(), stream.next_u64()]
    };
    let mut laws = draws.stream(meters, Purpose::HubLatency, 3);
    let reals = [laws.unit(), laws.exponential(1.0), laws.normal()].map(f64::to_bits);
    let mut counts = draws.stream(meters, Purpose::TelemetryArrivals, 9);
    let got = Pinned {
        name: meters,
        calls: words(meters, Purpose::CallArrivals, 0),
        first_wait: words(member(meters, 0), Purpose::Backoff, 0),
        later_wait: words(member(meters, 1), Purpose::Backoff, 1 << 16),
        tie: draws.tie(meters, 1_000_000),
        reals,
        counts: [counts.poisson(80.0), counts.binomial(1_000, 0.3), counts.below(1_000)],
    };
    assert_eq!(got, PINNED, "{got:#x?}");
}

#[derive(Debug, PartialEq, Eq)]
struct Pinned {
    name: u64,
    calls: [u64; 2],
    first_wait: [u64; 2],
    later_wait: [u64; 2],
    tie: u32,
    /// A uniform, an exponential and a normal draw [bits].
    reals: [u64; 3],
    /// A Poisson, a binomial and a bounded draw.
    counts: [u64; 3],
}

const PINNED: Pinned = Pinned {
    name: 0x4270_8206_762c_3b4c,
    calls: [0xf32b_1e11_7fef_9e85, 0xe457_c59b_8f3c_8fdc],
    first_wait: [0xc637_53a7_6232_a2c8, 0xe66f_cabf_e3f7_f62d],
    later_wait: [0x9cd0_0b9c_9c3b_89c9, 0x6000_8db2_aef1_9ad1],
    tie: 0xef9d_689a,
    reals: [0x3fd8_b5e9_fc69_6bd0, 0x3ffe_0b20_2d33_33b5, 0xbff3_8cb6_42ad_e3bc],
    counts: [89, 316, 573],
};
