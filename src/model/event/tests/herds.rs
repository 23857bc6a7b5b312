//! Herds carried out together against one event each: every figure of random storms is equal.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::kernel::draws::{Purpose, Stream};
use crate::model::backoff::Csharp;
use crate::model::condition::{Struck, Wave};
use crate::model::event::DEVICES_MAX;
use crate::model::movement::MoveRule;
use crate::model::movement::wave::MoveConfig;
use crate::model::population::cohort::TenFailures;

const SECOND: SimDuration = SimDuration::SECOND;

/// Built once: what it holds is the same for all runs.
static MD1: LazyLock<Md1Table> = LazyLock::new(Md1Table::new);

/// All that a run says, but for its events; as text, since empty windows are no numbers.
fn figures(config: &ModelConfig, seed: u64) -> (String, u64) {
    let (report, outcome) = simulate(config, &MD1, Draws::new(seed, 0), Tracing::NONE, &|| false);
    let recorded = outcome.recorded;
    let affected: Vec<_> = outcome.occurrences.iter().map(|o| (o.affected, &o.recoveries)).collect();
    let text = format!(
        "{:#?}\n{:#?}\n{:#?}\n{:#?}\n{:?}\n{affected:?}",
        recorded.values, recorded.series, recorded.histograms, recorded.parts, outcome.moves
    );
    (text, report.events)
}

/// Runs a storm both ways; gives the events of each.
fn both(mut config: ModelConfig, seed: u64) -> [u64; 2] {
    let (together, few) = figures(&config, seed);
    config.herds = false;
    let (apart, many) = figures(&config, seed);
    let mut lines = together.lines().zip(apart.lines());
    let first = lines.find(|(a, b)| a != b);
    assert!(together == apart, "storm {seed} differs first at {first:?}");
    [few, many]
}

fn pick<T: Clone>(draws: &mut Stream, of: &[T]) -> T {
    of[draws.below(of.len() as u64) as usize].clone()
}

fn secs(draws: &mut Stream, from: u64, below: u64) -> SimDuration {
    SimDuration::from_secs(from + draws.below(below - from))
}

fn random_rule(draws: &mut Stream) -> BackoffRule {
    let exponential = |base: SimDuration, cap: SimDuration, jitter| {
        BackoffRule::Exponential(Exponential { base, factor: 2.0, cap, jitter })
    };
    match draws.below(5) {
        0 | 1 => BackoffRule::Python(Python { interval: secs(draws, 1, 6) }),
        2 => exponential(SECOND, secs(draws, 1, 20), Jitter::None),
        3 => BackoffRule::Csharp(Csharp::default()),
        _ => exponential(SECOND, secs(draws, 1, 20), Jitter::Full),
    }
}

fn random_reconnect(draws: &mut Stream) -> ReconnectRule {
    let patience = match draws.below(2) {
        0 => DurationLaw::constant(secs(draws, 20, 90)),
        _ => "20..90 s".parse().expect("a range"),
    };
    match draws.below(3) {
        0 => ReconnectRule::default(),
        1 => ReconnectRule::DpsAtScale(DpsAtScale { patience }),
        _ => ReconnectRule::TenFailures(TenFailures { failures: 1 + draws.below(9) as u32 }),
    }
}

fn random_shaping(draws: &mut Stream) -> Shaping {
    let shaping = Shaping {
        credit: SimDuration::from_millis(pick(draws, &[1, 700, 1_000, 4_000])),
        backlog: pick(draws, &[Allowance::Of(ZERO), Allowance::Of(SECOND * 2), Allowance::Of(SECOND * 9)]),
        backlog_timeout: pick(draws, &[Allowance::Unlimited, Allowance::Of(SECOND), Allowance::Of(SECOND * 5)]),
        leave_place: draws.chance(0.8),
        window: None,
    };
    if draws.chance(0.15) { Shaping { window: Some(SECOND), ..shaping } } else { shaping }
}

fn random_fault(draws: &mut Stream) -> FaultConfig {
    let stamp = Target::Stamp(StampId(draws.below(2) as u16));
    let (target, condition) = match draws.below(8) {
        0 | 1 => (Target::Region(RegionId(0)), Condition::Off(pick(draws, &[ZERO, ZERO, SECOND * 7]))),
        2 | 3 => (stamp, Condition::Down(pick(draws, &[DownStyle::Reset, DownStyle::Silent]))),
        4 => (stamp, Condition::CapacityCut(pick(draws, &[0.0, 0.1, 0.5]))),
        5 => (stamp, Condition::ErrorRate(0.3)),
        6 => (stamp, Condition::Slow(3.0)),
        _ => {
            let reboot = DurationLaw::constant(secs(draws, 1, 20));
            (Target::Fleet, Condition::Reboots(Wave { who: Struck::default(), reboot, batches: Some(2) }))
        }
    };
    fault(target, condition, secs(draws, 1, 300), secs(draws, 2, 90))
}

fn random_storm(seed: u64) -> ModelConfig {
    let mut draws = Draws::new(seed, 0).stream(1, Purpose::Phase, 0);
    let draws = &mut draws;
    let stamps =
        ["weu-1", "weu-2"].map(|name| stamp(name, pick(draws, &["1/s", "3/s", "20/s"]), random_shaping(draws)));
    let mut cohorts: Vec<_> =
        (0..=draws.below(2)).map(|_| cohort(1 + draws.below(200) as u32, random_rule(draws))).collect();
    for (cohort, name) in cohorts.iter_mut().zip(["meters", "sensors"]) {
        (cohort.name, cohort.key, cohort.registration_key) = (name.into(), stable_name(name), stable_name(name));
        cohort.reconnect = random_reconnect(draws);
        cohort.renewal = draws.chance(0.5).then(|| secs(draws, 30, 200));
        cohort.first_attempt = DurationLaw::constant(pick(draws, &[ZERO, ZERO, SECOND * 3]));
    }
    let mut config = model(stamps.into(), cohorts, SimDuration::MINUTE * 12);
    config.network.device_to_hub = DurationLaw::constant(SimDuration(pick(draws, &[0, 0, 80_001, 1_000_000])));
    config.faults = (0..=draws.below(4)).map(|_| random_fault(draws)).collect();
    if draws.chance(0.5) {
        let rule = MoveRule { from: vec![StampId(0)], to: Some(StampId(1)), ..MoveRule::default() };
        let at = SimTime::ZERO + secs(draws, 1, 400);
        config.moves.push(MoveConfig::plain(
            "move".into(),
            at,
            rule,
            pick(draws, &["1/s", "50/s"]).parse().expect("a rate"),
        ));
    }
    config
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn storms_carried_out_together_have_the_figures_of_one_event_each(seed in 0..u64::MAX) {
        both(random_storm(seed), seed);
    }

    #[test]
    fn storms_are_alike_by_both_lists(seed in 0..u64::MAX) {
        let mut config = random_storm(seed);
        config.herds = seed.is_multiple_of(2);
        let [ours, reference] = by_both_lists(&config, &MD1, Draws::new(seed, 0));
        assert_eq!((ours.0, ours.1), (reference.0, reference.1));
    }
}

/// A device restarts, and is due with a new herd at the instant of the one that it left.
#[test]
fn who_left_a_herd_is_not_taken_for_one_of_it() {
    for seed in [6_249_910_848_546_874_475, 6_249_910_848_546_874_476] {
        both(random_storm(seed), seed);
    }
}

#[test]
fn random_storms_do_have_herds() {
    let events = (0..40).map(|seed| both(random_storm(seed), seed));
    let fewer = events.filter(|[few, many]| few < many).count();
    assert!(fewer >= 5, "{fewer} of 40 storms were shortened");
}

fn lockstep(devices: u32, rule: BackoffRule, horizon: SimDuration) -> ModelConfig {
    let mut config = model(vec![stamp("weu-1", "100/s", bucket())], vec![cohort(devices, rule)], horizon);
    let off = Condition::Off(ZERO);
    config.faults.push(fault(Target::Region(RegionId(0)), off, SimDuration::MINUTE, SimDuration::MINUTE));
    config
}

#[test]
fn a_hundred_thousand_devices_every_ten_seconds_make_fifty_million_attempts() {
    const { assert!(100_000 < DEVICES_MAX) };
    let config = lockstep(100_000, BackoffRule::Python(Python::default()), SimDuration::HOUR * 4);
    let (report, outcome) = simulate(&config, &MD1, Draws::new(7, 0), Tracing::NONE, &|| false);
    // A round of 100 each 10 s: 1,000 rounds, the last at 9,990 s; 100 x (1 + 2 + ... + 1,000) attempts.
    assert!((recovered(&outcome, "100 %") - 9_990.0).abs() < 1e-6);
    let attempts = value(&outcome, &MeasureKey::new("model_attempts"));
    assert!((attempts - 50_050_000.0).abs() < 0.5, "{attempts}");
    let mean = value(&outcome, &MeasureKey::new("connect_attempts").with("stat", "mean"));
    assert!((mean - 500.5).abs() < 1e-9, "{mean}");
    let refused = value(&outcome, &MeasureKey::new("throttle_rejected_ratio").with("throttle", "connect"));
    assert!((refused - 49_950_000.0 / 50_050_000.0).abs() < 1e-12, "{refused}");
    assert!(report.events < 600_000, "{} events", report.events);
}

#[test]
fn who_is_first_in_a_herd_is_who_would_be_first_by_events() {
    let rule = Exponential { jitter: Jitter::None, ..Exponential::default() };
    let [few, many] = both(lockstep(3_000, BackoffRule::Exponential(rule), SimDuration::HOUR), 3);
    assert!(few * 3 < many, "{few} events stand for {many}");
}
