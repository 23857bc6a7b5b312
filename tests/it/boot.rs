//! What devices do when they have power again, against what DPS's limit allows.

use std::path::Path;

use stampsim::scenario::load;

use super::support::{Case, Ran};

fn run(sets: &[&str]) -> Ran {
    sets.iter().fold(Case::named("boot"), |case, set| case.set(*set)).run()
}

/// Seconds until the last device is back.
fn last(ran: &Ran) -> f64 {
    ran.value("time_to_recover_s{fault=blackout share=100 %}")
}

#[test]
fn who_stored_its_hub_needs_no_dps() {
    let ran = run(&[]);
    assert!(last(&ran) < 1.0, "6,000 connections a second and their credit: {}", last(&ran));
    assert_eq!(ran.value("cost_usd_per_month{component=dps}").to_bits(), 0.0_f64.to_bits());
}

#[test]
fn who_registers_on_every_boot_waits_for_the_limit_of_dps() {
    let ran = run(&["cohorts.devices.on_boot=register"]);
    // (3,000 - 16) / (1,000 / 60 s), and a poll of 2 s.
    let floor = (3_000.0 - 1_000.0 / 60.0) * 0.06 + 2.0;
    assert!((last(&ran) - floor).abs() < 0.1, "{} against {floor}", last(&ran));
    assert!(ran.value("cost_usd_per_month{component=dps}") > 0.0, "every registration is billed");
}

#[test]
fn a_question_waits_for_the_same_limit_or_for_none_and_is_never_billed() {
    let counted = run(&["cohorts.devices.on_boot=query"]);
    let floor = (3_000.0 - 1_000.0 / 60.0) * 0.06;
    assert!((last(&counted) - floor).abs() < 0.1, "{} against {floor}", last(&counted));
    let free = run(&["cohorts.devices.on_boot=query", "dps.status_lookup_counts_as_registration=false"]);
    assert!(last(&free) < 1.0, "{}", last(&free));
    for ran in [&counted, &free] {
        assert_eq!(ran.value("cost_usd_per_month{component=dps}").to_bits(), 0.0_f64.to_bits());
    }
}

#[test]
fn an_unknown_habit_is_refused_at_its_place() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/cases/boot.toml");
    let problem = load(&file, &["cohorts.devices.on_boot=ask".to_owned()]).expect_err("no such habit")[0].to_string();
    assert!(problem.contains("on_boot") && problem.contains("query"), "{problem}");
}
