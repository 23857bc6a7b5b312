//! The table of moves after a run: what each took, what it could not beat, and what users and limits felt meanwhile.

use crate::analysis::{Estimate, Study};
use crate::metrics::MeasureKey;
use crate::report::gate::Listing;

use super::figures::{NOTHING, Reading};

/// Headings of the table.
const HEADINGS: [&str; 8] =
    ["move", "devices", "duration", "floor", "downtime p50", "p99", "calls failed", "fullest minute"];
/// Heading of a column that only moves with a guard have.
const PAUSES: &str = "pauses";

/// The table; nothing for a study without moves.
pub(super) fn listing(study: &Study) -> Option<Listing> {
    let guarded = study.estimates.keys().any(|key| key.name == "move_pauses");
    let headings = HEADINGS.into_iter().chain(guarded.then_some(PAUSES)).map(str::to_owned).collect();
    let rows: Vec<Vec<String>> = names(study).into_iter().map(|name| row(study, name, guarded)).collect();
    (!rows.is_empty()).then(|| Listing { title: "Moves".to_owned(), headings, rows })
}

/// Names of moves, in order.
fn names(study: &Study) -> Vec<&str> {
    let of = |key: &MeasureKey| key.name == "move_devices" && key.labels.iter().count() == 1;
    let mut names: Vec<&str> =
        study.estimates.keys().filter(|key| of(key)).filter_map(|key| key.labels.get("move")).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn row(study: &Study, name: &str, guarded: bool) -> Vec<String> {
    let key = |measure| MeasureKey::new(measure).with("move", name);
    let text = |key: &MeasureKey| {
        let found = study.estimates.get(key).filter(|estimate| estimate.n > 0);
        found.map_or_else(|| NOTHING.to_owned(), |estimate| Reading::of(key.name).brief(estimate))
    };
    let downtime = |quantile| text(&key("move_downtime_s").with("quantile", quantile));
    let cells = [
        name.to_owned(),
        devices(study, &key("move_devices"), &text),
        text(&key("move_duration_s")),
        text(&key("move_floor_s")),
        downtime("0.5"),
        downtime("0.99"),
        text(&key("move_calls_failed")),
        fullest(study, name),
    ];
    let paused = guarded.then(|| match text(&key("move_pauses")) {
        none if none == NOTHING => none,
        pauses => format!("{pauses}, {}", text(&key("move_paused_s"))),
    });
    cells.into_iter().chain(paused).collect()
}

/// How many of the selected devices were evicted, and how many went back.
fn devices(study: &Study, key: &MeasureKey, text: &dyn Fn(&MeasureKey) -> String) -> String {
    let (evicted, planned) = (text(key), text(&key.clone().with("state", "planned")));
    let back = key.clone().with("state", "rolled_back");
    let back = study.estimates.get(&back).filter(|estimate| estimate.mean > 0.0).map(|_| text(&back));
    let of = if planned == evicted { evicted } else { format!("{evicted} of {planned}") };
    back.map_or(of.clone(), |back| format!("{of}, {back} back"))
}

/// The limit that was used most in a minute of the move, and where: "registry of weu-2 at 96 %".
fn fullest(study: &Study, name: &str) -> String {
    let of_move = |(key, _): &(&MeasureKey, &Estimate)| {
        key.name == "move_peak_utilisation_ratio" && key.labels.get("move") == Some(name)
    };
    let most = study.estimates.iter().filter(of_move).max_by(|(_, a), (_, b)| a.mean.total_cmp(&b.mean));
    let Some((key, estimate)) = most else { return NOTHING.to_owned() };
    let stamp = key.labels.get("stamp").map_or_else(String::new, |stamp| format!(" of {stamp}"));
    let limit = key.labels.get("limit").unwrap_or(NOTHING).replace('_', " ");
    format!("{limit}{stamp} at {}", Reading::share().alone(estimate.mean))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::units::SimDuration;

    fn study(figures: &[(MeasureKey, f64)]) -> Study {
        let estimate = |mean: f64| Estimate { mean, low: mean, high: mean, n: 3 };
        Study {
            scenario: "moves".into(),
            question: String::new(),
            start: String::new(),
            horizon: SimDuration(1),
            window: SimDuration(1),
            replications: 3,
            estimates: figures.iter().map(|(key, mean)| (key.clone(), estimate(*mean))).collect(),
            series: BTreeMap::new(),
            histograms: BTreeMap::new(),
            marks: Vec::new(),
        }
    }

    #[test]
    fn a_move_is_a_row_with_its_floor_and_the_limit_that_was_used_most() {
        let key = |name| MeasureKey::new(name).with("move", "promotion");
        let peak = |stamp: &str| key("move_peak_utilisation_ratio").with("limit", "registry").with("stamp", stamp);
        let mut figures = vec![
            (key("move_devices"), 900.0),
            (key("move_devices").with("state", "planned"), 1_000.0),
            (key("move_duration_s"), 1_743.0),
            (key("move_floor_s"), 1_740.0),
            (key("move_downtime_s").with("quantile", "0.5"), 4.0),
            (peak("a"), 0.5),
            (peak("b"), 0.96),
        ];
        let rows = listing(&study(&figures)).expect("there is a move").rows;
        let wanted = ["promotion", "900 ± 0 of 1,000 ± 0", "1,743 ± 0 s", "1,740 ± 0 s", "4 ± 0 s", "-", "-"];
        assert_eq!(rows[0][..7], wanted);
        assert_eq!((rows[0].len(), rows[0][7].as_str()), (8, "registry of b at 96 %"));
        figures.extend([
            (key("move_pauses"), 2.0),
            (key("move_paused_s"), 60.0),
            (key("move_devices").with("state", "rolled_back"), 900.0),
        ]);
        let listing = listing(&study(&figures)).expect("there is a move");
        assert_eq!(listing.headings[8], "pauses");
        assert_eq!(listing.rows[0][8], "2 ± 0, 60 ± 0 s");
        assert!(listing.rows[0][1].ends_with(", 900 ± 0 back"));
    }

    #[test]
    fn a_study_without_moves_has_no_table() {
        assert_eq!(listing(&study(&[(MeasureKey::new("commands"), 7.0)])), None);
    }
}
