//! The answer of a scenario in words: its sentence with the figures of a run in the units that a reader would say them in.

use crate::analysis::answer::Place;
use crate::analysis::{Estimate, Study};
use crate::metrics::measure::find;
use crate::report::numbers::spoken;
use crate::scenario::Scenario;

/// What is written where a run has no such figure.
const NOTHING: &str = "(no figure)";

/// The answer of a run; nothing where the scenario has no sentence for it, or no replication is whole.
pub(super) fn answer(scenario: &Scenario, study: &Study) -> Option<String> {
    let answer = scenario.answer.as_ref().filter(|_| study.replications > 0)?;
    Some(answer.fill(study, in_words))
}

/// What is said of places that no figure of the run fits.
pub(super) fn unanswered(scenario: &Scenario, study: &Study) -> Option<String> {
    let is_empty = answer(scenario, study).is_some_and(|text| text.contains(NOTHING));
    is_empty.then(|| {
        "a place of the answer has no figure in this run; summary.csv has all that there are, with their labels"
            .to_owned()
    })
}

/// A mean, with its interval where that reads differently: "45 min (44 min to 46 min)".
fn in_words(place: &Place, estimate: Option<&Estimate>) -> String {
    let (Some(measure), Some(estimate)) = (find(&place.measure), estimate) else { return NOTHING.to_owned() };
    let [mean, low, high] = [estimate.mean, estimate.low, estimate.high].map(|value| spoken(measure, value));
    let is_known = !(estimate.low.is_finite() && estimate.high.is_finite()) || (low == mean && high == mean);
    if is_known { mean } else { format!("{mean} ({low} to {high})") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_figure_has_its_interval_where_that_says_more() {
        let place = |measure: &str| Place { measure: measure.to_owned(), labels: BTreeMap::new() };
        let estimate = |mean: f64, half: f64| Estimate { mean, low: mean - half, high: mean + half, n: 30 };
        let words = |measure: &str, mean, half| in_words(&place(measure), Some(&estimate(mean, half)));
        assert_eq!(words("time_to_recover_s", 2_712.0, 5.0), "45 min");
        assert_eq!(words("time_to_recover_s", 2_712.0, 300.0), "45 min (40 min to 50 min)");
        assert_eq!(words("blast_radius_ratio", 0.25, f64::NAN), "25 %");
        assert_eq!(in_words(&place("blast_radius_ratio"), None), NOTHING);
    }
}
