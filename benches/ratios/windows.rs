//! A month looked at in windows against the same month looked at whole.

use std::path::Path;

use stampsim::scenario::{Scenario, load};

/// Prints its bar: seconds of a month of the shipped growth scenario, whose fleet is made as large as a whole month of it
/// takes some tens of seconds. Set-up is part of both sides.
pub(crate) fn bars() {
    let windowed = vec![month()];
    let mut whole = windowed.clone();
    whole[0].model.windows = None;
    crate::bar("windows_vs_whole", 200.0, || crate::simulate(&windowed, 1), || crate::simulate(&whole, 1));
}

fn month() -> Scenario {
    let sets = ["run.replications=1", "run.scale=0.01", "run.horizon=\"1 month\"", "expect=[]"].map(str::to_owned);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/windows/growth-to-a-million.toml");
    load(&path, &sets).unwrap_or_else(|problems| panic!("{}", problems[0]))
}
