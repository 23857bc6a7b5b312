//! A month looked at in windows against the same month looked at whole.

use std::path::Path;

use stampsim::scenario::{Scenario, load};

/// Share of the shipped fleet of which a whole month takes some tens of seconds.
const SCALE: &str = "0.04";
/// Rounds of both sides: half a minute each.
const ROUNDS: usize = 3;
/// Months of ours that are timed at once, since one is short.
const MONTHS: f64 = 4.0;

/// Prints its bar: seconds of a month of the shipped growth scenario. What a run takes whatever its length (a fleet, laws,
/// figures) is taken out on both sides, as the difference of two horizons. Ours are later months, of a larger fleet.
pub(crate) fn bars() {
    let windowed = |horizon| vec![growth(horizon, true)];
    let whole = |horizon| vec![growth(horizon, false)];
    let (short, long) = (windowed("1 month"), windowed("5 months"));
    let (hour, month) = (whole("1 h"), whole("1 month"));
    let ours = || (crate::simulate(&long, 1) - crate::simulate(&short, 1)) / MONTHS;
    let reference = || crate::simulate(&month, 1) - crate::simulate(&hour, 1);
    let (mut of_ours, mut of_whole) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        of_ours.push(ours());
        of_whole.push(reference());
    }
    let (ours, reference) = (crate::median(of_ours), crate::median(of_whole));
    println!("bar windows_vs_whole {ours:.4} {reference:.2} {:.0} 200", reference / ours);
}

fn growth(horizon: &str, in_windows: bool) -> Scenario {
    let horizon = format!("run.horizon=\"{horizon}\"");
    let scale = format!("run.scale={SCALE}");
    let sets = [
        "run.replications=1".to_owned(),
        scale,
        horizon,
        "run.windows.first=\"0 s\"".to_owned(),
        "run.window=\"1 h\"".to_owned(),
        "expect=[]".to_owned(),
    ];
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/windows/growth-to-a-million.toml");
    let mut scenario = load(&path, &sets).unwrap_or_else(|problems| panic!("{}", problems[0]));
    if !in_windows {
        scenario.model.windows = None;
    }
    scenario
}
