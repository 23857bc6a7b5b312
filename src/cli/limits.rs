//! Which limit binds first, and when: one line of a run's summary.

use crate::analysis::Study;
use crate::units::SimDuration;

/// Limits in the order in which they first refused an operation or made it wait; nothing when none did, or when no path
/// was followed.
pub(super) fn in_order(study: &Study) -> Option<String> {
    let bound = study.estimates.iter().filter(|(key, estimate)| key.name == "limit_binds_at_s" && estimate.n > 0);
    let mut bound: Vec<(f64, &str, u32)> =
        bound.filter_map(|(key, estimate)| Some((estimate.mean, key.labels.get("limit")?, estimate.n))).collect();
    bound.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)));
    let said: Vec<String> = bound.into_iter().map(|(at, limit, n)| said(at, limit, n, study.replications)).collect();
    (!said.is_empty()).then(|| said.join(", then "))
}

fn said(at: f64, limit: &str, n: u32, replications: u32) -> String {
    let at = SimDuration::from_secs(at.max(0.0).round() as u64);
    let some = if n == replications { String::new() } else { format!(" ({n} of {replications})") };
    format!("{limit} after {at}{some}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::analysis::Estimate;
    use crate::metrics::MeasureKey;

    #[test]
    fn limits_are_told_in_the_order_in_which_they_bind() {
        let key = |limit: &str| MeasureKey::new("limit_binds_at_s").with("limit", limit);
        let at = |mean: f64, n| Estimate { mean, low: mean, high: mean, n };
        let mut study = Study {
            scenario: "path".into(),
            question: String::new(),
            start: String::new(),
            horizon: SimDuration(1),
            window: SimDuration(1),
            replications: 10,
            estimates: BTreeMap::from([(key("send"), at(7_200.4, 10)), (key("quota"), at(60.0, 3))]),
            series: BTreeMap::new(),
            histograms: BTreeMap::new(),
            marks: Vec::new(),
        };
        assert_eq!(in_order(&study).as_deref(), Some("quota after 1 min (3 of 10), then send after 2 h"));
        study.estimates.clear();
        assert_eq!(in_order(&study), None);
    }
}
