//! A stamp's whole path: quota by UTC day, throughput units, checkpoints; what makes no sense is refused at its place. That flows
//! and messages agree on it is shown in `fidelity_paths`.

use std::path::Path;

use stampsim::metrics::measure::find;
use stampsim::model::limit::{Allowance, Bucket, Shaping, Verdict};
use stampsim::scenario::{catalog, load_text};
use stampsim::units::{Bytes, SimDuration, SimTime};

use super::support::Case;

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
