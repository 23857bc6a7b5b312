//! Twins against their documented throttles and their metering.

use std::path::Path;

use stampsim::scenario::load_text;

use super::support::{Between, Case, Ran, judge, settle};

/// Updates offered in the hour.
const OFFERED: f64 = 10_000.0 * 60.0;

/// Share that a limit [1/s] refuses in the hour, with its credit of 60 s and its backlog of 30 s.
fn refused(limit: f64) -> f64 {
    1.0 - limit * (3_600.0 + 60.0 + 30.0) / OFFERED
}

fn run(name: &str, sets: &[&str]) -> Ran {
    sets.iter().fold(Case::named("twins").called(name), |case, set| case.set(*set)).run()
}

/// The documented limit of updates is 50/s for S1 whatever its units, and max(50, 5 x units)/s for S2. Three replications of
/// 600,000 Poisson arrivals: the noise is 0.1 %, the margin ten times that.
#[test]
fn updates_meet_the_limit_of_their_edition() {
    let mut rows = Vec::new();
    for (edition, units, limit) in [("S1", 1, 50.0), ("S1", 20, 50.0), ("S2", 10, 50.0), ("S2", 20, 100.0)] {
        let name = format!("twins on {edition} x {units}");
        let hub = format!("stamps.weu-1.hub={{ edition = \"{edition}\", units = {units} }}");
        let ran = run(&name, &[&hub]);
        let share = refused(limit);
        let figure = "throttle_rejected_ratio{throttle=twin_update}";
        rows.push(judge(&name, &ran.values(figure), Between(share - 0.01, share + 0.01)));
    }
    settle("twins", &rows);
}

/// 14 KB are four messages; what is refused is not metered, and a quota that is enforced ends it.
#[test]
fn operations_are_metered_in_blocks_up_to_the_quota() {
    let metered = run("twins metered", &[]);
    let passed = (1.0 - metered.value("throttle_rejected_ratio{throttle=twin_update}")) * OFFERED;
    let used = metered.value("quota_used_ratio{stat=max}") * 400_000.0;
    assert!((used / (4.0 * passed) - 1.0).abs() < 0.01, "{used} metered for {passed} updates of four blocks");
    let enforced = run("twins enforced", &["stamps.weu-1.hub.quota=enforced"]);
    assert!(enforced.value("quota_used_ratio{stat=max}") <= 1.0);
    let lost = enforced.value("twin_lost_ratio{throttle=twin_update}");
    assert!((lost - (1.0 - 100_000.0 / OFFERED)).abs() < 0.01, "{lost} lost, where 100,000 fit into the day");
}

#[test]
fn twins_that_make_no_sense_are_refused_at_their_place() {
    let text = |twins: &str, edition: &str| {
        format!(
            "question = \"?\"\n[[stamps]]\nname = \"a\"\nregion = \"westeurope\"\ncapacity = 10\n\
             hub = {{ edition = \"{edition}\" }}\n[[cohorts]]\nname = \"c\"\ndevices = 5\ntwins = {twins}\n"
        )
    };
    for (twins, edition, said) in [
        ("{}", "S1", "twins that nobody reads or updates"),
        ("{ reads = \"1/day\" }", "B1", "the edition of `a` has no twins"),
        ("{ reeds = \"1/day\" }", "S1", "unknown key `reeds`"),
    ] {
        let problem = load_text("twins", &text(twins, edition), Path::new(""), &[]).expect_err(said)[0].to_string();
        assert!(problem.contains(said) && problem.contains(":10:"), "{said}: {problem}");
    }
    load_text("twins", &text("{ reads = \"1/day\" }", "S1"), Path::new(""), &[]).expect("it makes sense");
}
