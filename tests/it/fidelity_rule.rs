//! Where a flow is superposed, and where it is not: what the thresholds of the rule cost in accuracy.

use stampsim::model::population::flow_rule::FlowRule;

use super::fidelity::{alike, waits};
use super::support::{Case, Ran, run, settle};

/// 2,000 messages a second, one server at nine tenths of what it can, in parts of one length, four of them.
fn parts(length_s: f64, way: &str) -> Case {
    Case::named("utilisation")
        .called(&format!("parts of {length_s} s"))
        .set("cohorts.devices.telemetry.poisson=500 us")
        .set("stamps.one.processing.service=450 us")
        .set(format!("run.tick={length_s} s"))
        .set(format!("run.horizon={} s", 4.0 * length_s))
        .set(format!("run.window={} s", 4.0 * length_s))
        .set(format!("run.telemetry={way}"))
        .set("run.replications=4")
}

/// A thousand relaxation times are too few here, so only the number of messages makes a part flow: just below the bound it has
/// every wait of the superposed run, and just above it a flow has 64 points a part.
#[test]
fn a_part_of_more_messages_than_the_bound_always_flows() {
    let most = FlowRule::default().most;
    let at = |length_s: f64, way: &str| {
        let case = parts(length_s, way);
        let mut scenario = case.scenario();
        scenario.model.flow_rule.relaxations = 1e6;
        case.ran(run(scenario, None))
    };
    let (below, above) = ((most / 2_000.0).floor() - 1.0, (most / 2_000.0).ceil() + 1.0);
    let [flow, superposed] = ["flow", "superposed"].map(|way| at(below, way));
    assert!(waits(&flow).eq(waits(&superposed)));
    let [flow, superposed] = ["flow", "superposed"].map(|way| at(above, way));
    let cells = |ran: &Ran| waits(ran).map(|waits| waits.cells().count()).collect::<Vec<_>>();
    assert!(cells(&flow).iter().all(|cells| *cells <= 4 * 64), "{:?}", cells(&flow));
    assert!(cells(&superposed).iter().all(|cells| *cells > 4 * 64), "{:?}", cells(&superposed));
    // The counts have the same names, and the waits the same law.
    let counts = |ran: &Ran| waits(ran).map(|waits| waits.count()).collect::<Vec<_>>();
    assert_eq!(counts(&flow), counts(&superposed));
    let mean = "wait_ms{at=processing stat=mean}";
    let row = alike("above the bound", mean, (&superposed.values(mean), &flow.values(mean)), (0.15, 0.0));
    settle("the bound", &[row]);
}

/// A threshold that is swept: its name, how it is set, its values, and the scenario where it decides.
struct Sweep {
    name: &'static str,
    set: fn(&mut FlowRule, f64),
    values: &'static [f64],
    case: fn(&str) -> Case,
    figures: &'static [&'static str],
}

fn base(name: &str, way: &str) -> Case {
    Case::named("utilisation")
        .called(&format!("sweep of {name}, {way}"))
        .set(format!("run.telemetry={way}"))
        .set("run.replications=30")
        .set("run.horizon=400 s")
        .set("run.window=400 s")
}

/// Each threshold at the edge that it guards: a load just where a lower value lets a part flow that it superposes.
const SWEEPS: [Sweep; 7] = [
    // 0.9 of one server of 10 ms: a relaxation time of 1 s, so ticks of 1 s to 60 s hold as many of them.
    Sweep {
        name: "relaxations, tick 1 s",
        set: |rule, value| rule.relaxations = value,
        values: &[0.5, 2.0],
        case: |way| busy("relaxations 1", way, "1 s"),
        figures: WAITS,
    },
    Sweep {
        name: "relaxations, tick 3 s",
        set: |rule, value| rule.relaxations = value,
        values: &[2.0, 5.0],
        case: |way| busy("relaxations 3", way, "3 s"),
        figures: WAITS,
    },
    Sweep {
        name: "relaxations, tick 10 s",
        set: |rule, value| rule.relaxations = value,
        values: &[5.0, 9.0, 11.0],
        case: |way| busy("relaxations 10", way, "10 s"),
        figures: WAITS,
    },
    // 1.3 of what one server can for 20 s of each 100 s: a backlog of 60 to 600 messages is worked off.
    Sweep {
        name: "chance",
        set: |rule, value| rule.chance = value,
        values: &[1.0, 3.0, 6.0, 12.0],
        case: |way| {
            base("chance", way)
                .set("cohorts.devices.telemetry.poisson=14286 us")
                .set("stamps.one.processing.service=10 ms")
                .set("run.tick=4 s")
                .set("cohorts.devices.telemetry.profile={ steps = { changes = [{ at = \"20 s\", factor = 1.8 }, { at = \"40 s\", factor = 1.0 }, { at = \"100 s\", factor = 1.5 }, { at = \"140 s\", factor = 1.0 }] } }")
        },
        figures: WAITS,
    },
    // A throttle of 120/s with a credit and a backlog of some parts of a second: how many parts make a fluid of it?
    Sweep {
        name: "room",
        set: |rule, value| rule.room = value,
        values: &[0.5, 2.0, 4.0, 8.0],
        case: |way| throttled("room", way, "8.4 ms", "5 s"),
        figures: &["wait_ms{at=send stat=mean}", "wait_ms{at=send quantile=0.99}", "telemetry_refused_ratio"],
    },
    // 64 operations of credit below 80 % to 98 % of the limit.
    Sweep {
        name: "far",
        set: |rule, value| rule.far = value,
        values: &[0.7, 0.8, 0.9, 0.98],
        case: |way| throttled("far", way, "8.7 ms", "700 ms").set("run.tick=10 s"),
        figures: &["wait_ms{at=send stat=mean}", "telemetry_refused_ratio"],
    },
    // A routing endpoint at 95 % of its limit.
    Sweep {
        name: "free",
        set: |rule, value| rule.free = value,
        values: &[0.8, 0.9, 0.94, 0.97],
        case: |way| {
            base("free", way)
                .set("cohorts.devices.telemetry.poisson=10526 us")
                .set("stamps.one.routing.ingress.events_per_unit=100/s")
        },
        figures: &["wait_ms{at=endpoint stat=mean}", "wait_ms{at=endpoint quantile=0.99}", "server_busy_ratio"],
    },
];

const WAITS: &[&str] = &["wait_ms{at=processing stat=mean}", "wait_ms{at=processing quantile=0.99}"];

fn busy(name: &str, way: &str, tick: &str) -> Case {
    base(name, way)
        .set("cohorts.devices.telemetry.poisson=11111 us")
        .set("stamps.one.processing.service=10 ms")
        .set(format!("run.tick={tick}"))
        .set("run.horizon=2000 s")
}

/// Messages at a hub that takes 120 a second, with a credit and a backlog.
fn throttled(name: &str, way: &str, gap: &str, credit: &str) -> Case {
    base(name, way)
        .set(format!("cohorts.devices.telemetry.poisson={gap}"))
        .set("stamps.one.processing.service=0 s")
        .set("stamps.one.hub.edition=S2")
        .set(format!("stamps.one.hub.sends.credit={credit}"))
        .set("stamps.one.hub.sends.backlog=2 s")
}

/// Error of figures against the events run, for each threshold at a few values: a table for docs/engine.md.
#[test]
#[ignore = "a sweep: cargo test --test it fidelity_rule -- --ignored --nocapture"]
#[expect(clippy::print_stderr, reason = "it is what the sweep is for")]
fn thresholds_are_swept() {
    for sweep in &SWEEPS {
        let events = (sweep.case)("events").run();
        for figure in sweep.figures {
            eprintln!("sweep | {} | events | {figure} | {}", sweep.name, with_error(&events.values(figure)));
        }
        let case = (sweep.case)("superposed");
        let superposed = case.run();
        for figure in sweep.figures {
            eprintln!("sweep | {} | superposed | {figure} | {}", sweep.name, with_error(&superposed.values(figure)));
        }
        for value in sweep.values {
            let case = (sweep.case)("flow");
            let mut scenario = case.scenario();
            (sweep.set)(&mut scenario.model.flow_rule, *value);
            let ran = case.ran(run(scenario, None));
            for figure in sweep.figures {
                eprintln!("sweep | {} | {value} | {figure} | {}", sweep.name, with_error(&ran.values(figure)));
            }
        }
    }
}

/// Mean and standard error.
fn with_error(values: &[f64]) -> String {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    format!("{mean:.5} +- {:.5}", (squares / (n - 1.0) / n).sqrt())
}
