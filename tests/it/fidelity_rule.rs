//! Where a flow is superposed, and where it is not: what the thresholds of the rule cost in accuracy.

use stampsim::metrics::Histogram;
use stampsim::model::population::flow_rule::FlowRule;

use super::fidelity::{WAYS, alike, waits};
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
    let counts = |ran: &Ran| waits(ran).map(Histogram::count).collect::<Vec<_>>();
    assert_eq!(counts(&flow), counts(&superposed));
    let mean = "wait_ms{at=processing stat=mean}";
    let row = alike("above the bound", mean, (&superposed.values(mean), &flow.values(mean)), (0.15, 0.0));
    settle("the bound", &[row]);
}

/// A threshold that is swept: each value in the scenario that it just lets flow, where its error is largest.
struct Sweep {
    name: &'static str,
    set: fn(&mut FlowRule, f64),
    values: &'static [f64],
    case: fn(f64, &str) -> Case,
    figures: &'static [&'static str],
}

const SWEEPS: [Sweep; 5] = [
    // The load changes every 40 s, where a tick ends; ticks hold as many relaxation times at 0.9, of one second, as the rule
    // asks for.
    Sweep {
        name: "relaxation times",
        set: |rule, value| rule.relaxations = value * 0.98,
        values: &[0.2, 1.0, 4.0, 10.0],
        case: |value, way| changing(way, 0.9).set(format!("run.tick={:.0} ms", value * 1_000.0)),
        figures: &[MEAN, P99],
    },
    // The same with loads of 0.99 in between: what is left of them is handed over where it is more than chance.
    Sweep {
        name: "deviations",
        set: |rule, value| rule.chance = value,
        values: &[0.0, 1.0, 3.0, 6.0, 12.0],
        case: |_, way| changing(way, 0.99).set("run.tick=4 s"),
        figures: &[MEAN, P99],
    },
    // 1.02 of a limit of 120/s; 120 messages and chance are 192, which credit and backlog hold so many times.
    Sweep {
        name: "room",
        set: |rule, value| rule.room = value,
        values: &[0.5, 2.0, 4.0, 8.0],
        case: |value, way| {
            throttled(way, 1.02, value * 1.65).set(format!("stamps.one.hub.sends.backlog={:.0} ms", value * 1_650.0))
        },
        figures: &["wait_ms{at=send stat=mean}", "wait_ms{at=send quantile=0.99}", REFUSED],
    },
    // 72 operations of credit, and a load just below the share.
    Sweep {
        name: "share of a throttle",
        set: |rule, value| rule.far = value,
        values: &[0.8, 0.9, 0.95, 0.98],
        case: |value, way| {
            throttled(way, value * 0.995, 0.6).set("stamps.one.hub.sends.backlog=10 s").set("run.tick=10 s")
        },
        figures: &["wait_ms{at=send stat=mean}", "wait_ms{at=send stat=max}", REFUSED],
    },
    // The same for an endpoint of 100/s.
    Sweep {
        name: "share of an endpoint",
        set: |rule, value| rule.free = value,
        values: &[0.8, 0.9, 0.95, 0.98],
        case: |value, way| {
            base(way)
                .set(format!("cohorts.devices.telemetry.poisson={:.0} us", 1e4 / (value * 0.995)))
                .set("stamps.one.processing.service=0 s")
                .set("stamps.one.routing.ingress.events_per_unit=100/s")
                .set("stamps.one.routing.ingress.credit=720 ms")
        },
        figures: &["wait_ms{at=endpoint stat=mean}", "wait_ms{at=endpoint stat=max}"],
    },
];

const MEAN: &str = "wait_ms{at=processing stat=mean}";
const P99: &str = "wait_ms{at=processing quantile=0.99}";
const REFUSED: &str = "telemetry_refused_ratio";

/// Superposed and flow have one seed, so that they see the same numbers of messages.
fn base(way: &str) -> Case {
    Case::named("utilisation")
        .called(if way == "events" { "sweep of events" } else { "sweep of flows" })
        .set(format!("run.telemetry={way}"))
        .set("run.replications=60")
        .set("run.horizon=400 s")
        .set("run.window=400 s")
}

/// Half load and a high one by turns of 40 s, at one server of 10 ms.
fn changing(way: &str, high: f64) -> Case {
    let change =
        |i: u32| format!("{{ at = \"{} s\", factor = {} }}", i * 40, if i % 2 == 1 { 2.0 * high } else { 1.0 });
    let changes = (1..10).map(change).collect::<Vec<_>>().join(", ");
    base(way)
        .set("cohorts.devices.telemetry.poisson=20 ms")
        .set("stamps.one.processing.service=10 ms")
        .set(format!("cohorts.devices.telemetry.profile={{ steps = {{ changes = [{changes}] }} }}"))
}

/// Messages at a hub that takes 120 a second: their share of that, and its credit [s].
fn throttled(way: &str, load: f64, credit: f64) -> Case {
    base(way)
        .set(format!("cohorts.devices.telemetry.poisson={:.0} us", 1e6 / 120.0 / load))
        .set("stamps.one.processing.service=0 s")
        .set("stamps.one.hub.edition=S2")
        .set(format!("stamps.one.hub.sends.credit={:.0} ms", credit * 1e3))
}

/// Error of figures against the events run, for each threshold at a few values: a table for docs/engine.md.
#[test]
#[ignore = "a sweep: cargo test --test it fidelity_rule -- --ignored --nocapture"]
#[expect(clippy::print_stderr, reason = "it is what the sweep is for")]
fn thresholds_are_swept() {
    for sweep in &SWEEPS {
        for value in sweep.values {
            let of = |way: &str| {
                let case = (sweep.case)(*value, way);
                let mut scenario = case.scenario();
                (sweep.set)(&mut scenario.model.flow_rule, *value);
                case.ran(run(scenario, None))
            };
            let [events, superposed, flow] = WAYS.map(of);
            for figure in sweep.figures {
                let [events, superposed, flow] = [&events, &superposed, &flow].map(|ran| ran.values(figure));
                let differences: Vec<f64> = flow.iter().zip(&superposed).map(|(a, b)| a - b).collect();
                let texts = [events, superposed, flow, differences].map(|values| with_error(&values));
                eprintln!("sweep | {} | {value} | {figure} | {}", sweep.name, texts.join(" | "));
            }
        }
    }
}

/// Mean and standard error.
fn with_error(values: &[f64]) -> String {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    format!("{mean:.4} +- {:.4}", (squares / (n - 1.0) / n).sqrt())
}
