//! Three ways to simulate telemetry, one truth: each message an event, all messages superposed, and counts per tick. Here:
//! queues, against closed forms.
//!
//! A margin is stated before a run, and the run is made long enough for it: a row passes where the whole 99 % interval lies
//! within the margin, and that interval may be at most half as wide as the margin. So correct code fails a row with a chance
//! below 1e-6 at another seed. Noise is taken out where it is known: a wait is corrected by what the number of messages of its
//! run, whose mean is known, says about it (a control variate, with the slope of the closed form).

use std::path::PathBuf;

use stampsim::analysis::estimate_at;
use stampsim::metrics::{Histogram, MeasureKey};
use stampsim::model::population::traffic::Fidelity;
use stampsim::scenario::load;
use stampsim::theory::md1::Md1;

use super::support::{Between, Case, LEVEL, Ran, Row, judge, settle};

/// The ways, the reference first.
pub(crate) const WAYS: [&str; 3] = ["events", "superposed", "flow"];
/// Service of the queue of one server [ms].
const SERVICE: f64 = 1.0;
/// Waits of all that were processed.
const WAITS: &str = "wait_ms{at=processing}";

/// The row of values whose mean lies within a share of a reference, sharply: the half-width of their interval is at most half
/// of the margin.
pub(crate) fn sharply(figure: &str, values: &[f64], (reference, share): (f64, f64)) -> Row {
    within(figure, values, reference, share * reference.abs())
}

fn within(figure: &str, values: &[f64], reference: f64, margin: f64) -> Row {
    let half = estimate_at(values, LEVEL).expect("there is a value").half_width();
    let (text, passes) = judge(figure, values, Between(reference - margin, reference + margin));
    let sharp = half <= margin / 2.0;
    (
        format!("{text} | half-width {half:.3e} of a margin of {margin:.3e}{}", if sharp { "" } else { ", TOO WIDE" }),
        passes && sharp,
    )
}

/// The row of a figure that differs from the reference way by less than a share of it, or by less than a floor, sharply.
pub(crate) fn alike(case: &str, key: &str, (one, other): (&[f64], &[f64]), (share, floor): (f64, f64)) -> Row {
    assert_eq!(one.len(), other.len(), "{case}: {key} in as many replications");
    let mean = one.iter().sum::<f64>() / one.len() as f64;
    let differences: Vec<f64> = other.iter().zip(one).map(|(a, b)| a - b).collect();
    within(&format!("{case}: {key}, of {mean:.4}"), &differences, 0.0, (share * mean.abs()).max(floor))
}

/// A queue of one server with a constant service of 1 ms: its gap of messages [us], how it is simulated, and how long [s].
fn queue(gap: f64, (way, tick): (&str, &str), horizon: u32) -> Ran {
    Case::named("utilisation")
        .called(&format!("utilisation {}, {way}, {tick}", 1e3 / gap))
        .set(format!("cohorts.devices.telemetry.poisson={gap:.0} us"))
        .set(format!("run.telemetry={way}"))
        .set(format!("run.tick={tick}"))
        .set(format!("run.horizon={horizon} s"))
        .set(format!("run.window={horizon} s"))
        .set("run.replications=30")
        .run()
}

/// The waits of each run that were seen in processing.
pub(crate) fn waits(ran: &Ran) -> impl Iterator<Item = &Histogram> {
    let of = |run: &'_ (&_, &_)| -> bool {
        let (key, _): &(&MeasureKey, &Histogram) = run;
        key.to_string() == WAITS
    };
    ran.runs().iter().map(move |run| run.histograms.iter().find(of).expect("a histogram").1)
}

/// What the number of messages of each run says about a figure: its relative excess, times the relative slope.
fn corrected(values: &[f64], ran: &Ran, expected: f64, slope: f64) -> Vec<f64> {
    let excess = waits(ran).map(|histogram| histogram.count() as f64 / expected - 1.0);
    values.iter().zip(excess).map(|(value, excess)| value * (1.0 - slope * excess)).collect()
}

/// Largest distance of the distribution of all waits from the closed form [1].
fn distance(ran: &Ran, exact: &Md1) -> f64 {
    let mut all = Histogram::new();
    waits(ran).for_each(|histogram| all.merge(histogram));
    let (mut below, mut most) = (0, 0.0_f64);
    for (cell, count) in all.cells() {
        below += count;
        // A cell ends at its highest microsecond.
        let share = 1.0 - exact.wait_tail((cell as f64 + 0.5) / 1e3 / SERVICE);
        most = most.max((below as f64 / all.count() as f64 - share).abs());
    }
    most
}

/// Below saturation all are held against the closed form: means within 2 %, medians within 3 %, the 99th percentile within 5 %
/// (a histogram rounds a quantile by up to 1 %), the whole distribution within 0.01. Horizons are in proportion to the
/// relaxation time. A flow is superposed where its tick is short against that: at 0.9 and beyond it has ticks of 10 s.
fn below_saturation(gap: f64, horizon: u32, tick: &str) {
    let utilisation = 1e3 / gap;
    let exact = Md1::new(utilisation);
    let mut rows = Vec::new();
    for (way, tick, horizon) in [("events", "1 s", horizon), ("superposed", "1 s", horizon), ("flow", tick, 1_000)] {
        let ran = queue(gap, (way, tick), horizon);
        let expected = f64::from(horizon) * 1e6 / gap;
        let mut row = |key: &str, of: &dyn Fn(&Md1) -> f64, share: f64| {
            let key = format!("wait_ms{{at=processing {key}}}");
            let h = 1e-4;
            let [below, at, above] = [-h, 0.0, h].map(|h| of(&Md1::new(utilisation + h)));
            // The waits of a flow do not follow the messages of its run.
            let slope = if way == "flow" { 0.0 } else { (above - below) / (2.0 * h) / at * utilisation };
            let values = corrected(&ran.values(&key), &ran, expected, slope);
            rows.push(sharply(&format!("{way}, {utilisation:.3}: {key}"), &values, (at * SERVICE, share)));
        };
        row("stat=mean", &Md1::mean_wait, 0.02);
        row("quantile=0.99", &|queue| queue.wait_quantile(0.99), 0.05);
        // At 0.5 the median sits on the step of those that do not wait.
        if utilisation > 0.6 {
            row("quantile=0.5", &|queue| queue.wait_quantile(0.5), 0.03);
        }
        rows.push(judge(&format!("{way}, {utilisation:.3}: distance"), &[distance(&ran, &exact)], Between(0.0, 0.01)));
    }
    settle("utilisation", &rows);
}

#[test]
fn waits_at_half_load_are_those_of_the_closed_form() {
    below_saturation(2_000.0, 100, "1 s");
}

#[test]
fn waits_at_four_fifths_are_those_of_the_closed_form() {
    below_saturation(1_250.0, 180, "1 s");
}

#[test]
fn waits_at_nine_tenths_are_those_of_the_closed_form() {
    below_saturation(1_111.0, 450, "10 s");
}

#[test]
fn waits_near_saturation_are_those_of_the_closed_form() {
    below_saturation(1_053.0, 1_300, "10 s");
}

/// At 1.2 (1,000 us over a gap of 833) the queue grows by 0.2 s a second: the wait of the last message is 0.2 of the horizon, the
/// median half of that.
#[test]
fn waits_of_a_saturated_queue_are_those_of_the_fluid() {
    let (gap, horizon) = (833.0, 200);
    let load = 1e3 / gap;
    let longest = (load - 1.0) * f64::from(horizon) * 1e3;
    let mut rows = Vec::new();
    for way in WAYS {
        let ran = queue(gap, (way, "1 s"), horizon);
        for (key, share) in [("quantile=0.5", 0.5), ("quantile=0.99", 0.99), ("stat=mean", 0.5)] {
            let key = format!("wait_ms{{at=processing {key}}}");
            // One message more in a thousand makes the wait longer by load / (load - 1) thousandths.
            let values = corrected(&ran.values(&key), &ran, f64::from(horizon) * 1e6 / gap, load / (load - 1.0));
            rows.push(sharply(&format!("{way}: {key}"), &values, (longest * share, 0.015)));
        }
    }
    settle("utilisation 1.2", &rows);
}

/// Eight servers with constant services at 0.85, against events. What is cheap runs longer, so that the noise is that of the
/// events.
#[test]
fn several_servers_wait_alike_in_all_ways() {
    let at = |way: &str, horizon: u32| {
        Case::named("utilisation")
            .called(&format!("servers, {way}"))
            .set("cohorts.devices.telemetry.poisson=1176 us")
            .set("stamps.one.processing.servers=8")
            .set("stamps.one.processing.service=8 ms")
            .set(format!("run.telemetry={way}"))
            .set(format!("run.horizon={horizon} s"))
            .set("run.replications=30")
            .run()
    };
    let (events, superposed, flow) = (at("events", 300), at("superposed", 1_200), at("flow", 2_000));
    let mut rows = Vec::new();
    for (way, ran) in [("superposed", &superposed), ("flow", &flow)] {
        for (key, share) in [("stat=mean", 0.04), ("quantile=0.9", 0.04), ("quantile=0.99", 0.05)] {
            let key = format!("wait_ms{{at=processing {key}}}");
            rows.push(alike(way, &key, (&events.values(&key), &ran.values(&key)), (share, 0.0)));
        }
    }
    settle("eight servers", &rows);
}

/// The key and the flag are one: both name the way, and another word is refused with what there is.
#[test]
fn a_way_that_does_not_exist_is_refused_with_those_that_do() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/cases/utilisation.toml");
    let scenario = load(&path, &["run.telemetry=superposed".to_owned()]).expect("a way");
    assert_eq!(scenario.model.fidelity, Fidelity::Superposed);
    let problems = load(&path, &["run.telemetry=fluid".to_owned()]).expect_err("no way");
    assert!(problems[0].to_string().contains("superposed"), "{}", problems[0]);
}
