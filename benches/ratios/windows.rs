//! A month of a million devices looked at in windows against the same month looked at whole.

use std::path::Path;

use stampsim::scenario::{Scenario, load};
use stampsim::units::SimDuration;

/// Months of ours that are timed at once, since one is short.
const MONTHS: f64 = 4.0;

/// Prints its bar: seconds of a month of the shipped growth scenario, as its fleet comes to a million devices. What a run takes
/// whatever its length (a fleet, laws, figures) is taken out on both sides, as the difference of two horizons. Ours are the
/// months after the first one, when the fleet is largest. The whole month takes minutes, so it is timed once, between two
/// rounds of ours.
pub(crate) fn bars() {
    let (short, long) = ([growth("1 month")], [growth("5 months")]);
    let (mut hour, mut month) = ([growth("1 month")], [growth("1 month")]);
    (hour[0].model.windows, month[0].model.windows) = (None, None);
    hour[0].model.horizon = SimDuration::HOUR;
    let ours = || (crate::simulate(&long, 1) - crate::simulate(&short, 1)) / MONTHS;
    let mut times = vec![ours(), ours()];
    let reference = crate::simulate(&month, 1) - crate::simulate(&hour, 1);
    times.extend([ours(), ours(), ours()]);
    let ours = crate::median(times);
    println!("bar windows_vs_whole {ours:.3} {reference:.1} {:.0} 200", reference / ours);
}

fn growth(horizon: &str) -> Scenario {
    let horizon = format!("run.horizon=\"{horizon}\"");
    let sets = [
        "run.replications=1",
        &horizon,
        "run.windows.first=\"10 d\"",
        "run.window=\"1 h\"",
        "run.event_budget=1000000000",
        "cohorts.meters.devices=900000",
        "stamps.weu-{n}.count=10",
        "expect=[]",
    ];
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/windows/growth-to-a-million.toml");
    load(&path, &sets.map(str::to_owned)).unwrap_or_else(|problems| panic!("{}", problems[0]))
}
