//! What a figure does not say by itself: too few values, one replication, nothing seen.
//!
//! False precision is refused where it would be read: "0 ± 0" of thirty replications proves no more than "at most one in
//! ten", and a quantile without values beyond it is no figure at all.

use std::collections::BTreeMap;

use super::interval::CONFIDENCE;
use super::observations::{Estimate, Observations};
use super::precision::{Rule, relative_half_width, replications_for_estimate};
use super::quantile::{Share, TooFew};
use crate::metrics::MeasureKey;
use crate::metrics::figure::values_needed;
use crate::metrics::recorder::QUANTILES;

/// Relative half-width beyond which more replications are proposed [1].
pub const WIDE: f64 = 0.05;

/// A doubt about a figure of these replications, if there is one.
pub fn note(key: &MeasureKey, estimate: &Estimate, runs: &[Observations]) -> Option<String> {
    let values: Vec<f64> = runs.iter().filter_map(|run| run.values.get(key).copied()).collect();
    let (n, lacking) = (values.len() as u64, runs.len().saturating_sub(values.len()));
    if estimate.n < 2 {
        return Some("one replication: no interval".to_owned());
    }
    if values.iter().all(|value| *value == 0.0) && n > 0 {
        let share = Share { hits: 0, n };
        let most = share.at_most(CONFIDENCE).map_or(1.0, |most| most);
        return Some(format!("seen in {share} of the replications, {:.1} % at 95 %", 100.0 * most));
    }
    (lacking > 0).then(|| format!("{lacking} of {} replications lack it", runs.len()))
}

/// Quantiles that every replication had values for and none enough, with what is needed.
pub fn refused(runs: &[Observations]) -> BTreeMap<MeasureKey, TooFew> {
    let mut refused = BTreeMap::new();
    let mut most: BTreeMap<&MeasureKey, u64> = BTreeMap::new();
    for (key, histogram) in runs.iter().flat_map(|run| &run.histograms) {
        let most = most.entry(key).or_default();
        *most = histogram.count().max(*most);
    }
    for (key, n) in most {
        for (q, label) in QUANTILES {
            let key = key.clone().with("quantile", label);
            if !runs.iter().any(|run| run.values.contains_key(&key)) {
                refused.insert(key, TooFew { n, needed: Some(values_needed(q)) });
            }
        }
    }
    refused
}

/// How many replications would make a wide figure precise, in words; nothing for one that is precise.
///
/// `replications` are those behind the estimate: batches of one long run are none.
pub fn widen(key: &MeasureKey, estimate: &Estimate, replications: u32) -> Option<String> {
    let width = relative_half_width(estimate);
    if estimate.n != replications || !width.is_finite() || width <= WIDE {
        return None;
    }
    let needed = replications_for_estimate(estimate, WIDE, Rule::Adjusted)?;
    let (width, wide) = (100.0 * width, 100.0 * WIDE);
    Some(format!("{key} is known to ± {width:.0} %; ± {wide:.0} % would take about {needed} replications"))
}

#[cfg(test)]
mod tests {
    use super::super::estimate;
    use super::super::observations::Ended;
    use super::*;
    use crate::metrics::{Histogram, Parts};

    fn key() -> MeasureKey {
        MeasureKey::new("stale_route_ratio")
    }

    fn run(replication: u32, value: Option<f64>, calls: u64) -> Observations {
        let mut latency = Histogram::new();
        latency.record_n(1_000, calls);
        Observations {
            replication,
            order_hash: 0,
            events: 0,
            ended: Ended::Horizon,
            values: value.into_iter().map(|value| (key(), value)).collect(),
            histograms: [(MeasureKey::new("command_latency_ms"), latency)].into(),
            series: BTreeMap::new(),
            marks: Vec::new(),
            parts: Parts::default(),
        }
    }

    fn noted(values: &[Option<f64>]) -> Option<String> {
        let runs: Vec<_> = (0..).zip(values).map(|(i, value)| run(i, *value, 1)).collect();
        let there: Vec<f64> = values.iter().flatten().copied().collect();
        note(&key(), &estimate(&there).unwrap_or(Estimate::ABSENT), &runs)
    }

    #[test]
    fn nothing_seen_is_a_bound_and_no_certainty() {
        // 1 - 0.05^(1/30) = 9.5 %, for which 3/30 is the rule of thumb.
        assert_eq!(
            noted(&[Some(0.0); 30]).as_deref(),
            Some("seen in 0 of 30: at most 3/30 of the replications, 9.5 % at 95 %")
        );
        assert_eq!(noted(&[Some(0.0), Some(0.1), Some(0.0)]), None);
    }

    #[test]
    fn one_replication_and_missing_ones_are_said() {
        assert_eq!(noted(&[Some(0.3)]).as_deref(), Some("one replication: no interval"));
        assert_eq!(noted(&[Some(0.3), None, Some(0.4)]).as_deref(), Some("1 of 3 replications lack it"));
    }

    #[test]
    fn quantiles_without_values_beyond_them_are_refused_by_name() {
        let refused = refused(&[run(0, None, 400), run(1, None, 480)]);
        let said: Vec<String> = refused.iter().map(|(key, few)| format!("{key}: {few}")).collect();
        // The run of 480 calls has no values here at all, so all five are refused; only their needs differ.
        assert_eq!(said.len(), 5);
        assert_eq!(said[3], "command_latency_ms{quantile=0.99}: n too small: 480 values, 500 are needed");
    }

    #[test]
    fn a_wide_figure_is_told_what_it_would_take() {
        // Mean 100, deviation 40: 5 % asks for 274 under the adjusted rule.
        let values: Vec<f64> = (0..30).map(|i| if i % 2 == 0 { 100.0 + 39.327 } else { 100.0 - 39.327 }).collect();
        let wide = estimate(&values).expect("values");
        let said = widen(&key(), &wide, 30).expect("wide");
        assert_eq!(said, "stale_route_ratio is known to ± 15 %; ± 5 % would take about 274 replications");
        assert_eq!(widen(&key(), &wide, 1), None, "batches are no replications");
        assert_eq!(widen(&key(), &estimate(&[1.0; 30]).expect("values"), 30), None);
    }
}
