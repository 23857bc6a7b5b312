//! Whether a gate can fail: the base is held against a copy of itself that is worse in all that has a direction.
//!
//! The copy takes each figure from the next replication, so that its noise does not cancel, and shifts it to the bad side
//! by the tolerance and twice the interval at the level of all figures together. What cannot be so bad (a share above
//! 100 %, a count below 0) is cut off at what can be: a tolerance that only an impossible result exceeds is no gate.

use crate::analysis::interval::Moments;
use crate::analysis::{Verdict, student};
use crate::experiment::compare::{Judged, Question, compare};
use crate::metrics::Better;
use crate::metrics::measure::find;
use crate::results::{Figure, StoredRun};

/// Intervals between the tolerance and the worsened figure [half-widths].
const BEYOND: f64 = 2.0;
/// Confidence over all figures [1].
const CONFIDENCE: f64 = 0.95;

/// What a self-check found.
#[derive(Debug, Clone, PartialEq)]
pub struct SelfCheck {
    /// Figures of which the worsened copy regressed.
    pub sharp: Vec<Figure>,
    /// Figures with a direction that did not regress, with the verdict that they got.
    pub blunt: Vec<(Figure, Verdict)>,
    /// The verdict over all figures.
    pub verdict: &'static str,
}

impl SelfCheck {
    /// Whether the gate can fail at all, and by every figure that was asked for by name.
    pub fn passes(&self, question: &Question) -> bool {
        let named = |(figure, _): &(Figure, Verdict)| question.measures.iter().any(|pick| pick.takes(figure));
        self.verdict == "regressed" && !self.sharp.is_empty() && !self.blunt.iter().any(named)
    }
}

/// Holds a run against a worsened copy of itself, with the question of the gate.
pub fn self_check(base: &StoredRun, question: &Question) -> SelfCheck {
    let worse = worsened(base, question);
    let comparison = compare(base, std::slice::from_ref(&worse), question);
    let against = &comparison.candidates[0];
    let directed = || against.judged.iter().filter(|judged| judged.has_direction());
    let is_sharp = |judged: &&Judged| judged.judgement.verdict == Verdict::Regressed;
    let key = |judged: &Judged| judged.difference.key.clone();
    SelfCheck {
        sharp: directed().filter(is_sharp).map(key).collect(),
        blunt: directed().filter(|j| !is_sharp(j)).map(|j| (key(j), j.judgement.verdict.clone())).collect(),
        verdict: against.tally().verdict,
    }
}

/// A copy that is worse in every figure that is judged and has a direction.
fn worsened(base: &StoredRun, question: &Question) -> StoredRun {
    let mut copy = base.clone();
    copy.manifest.digest = None;
    let judged: Vec<&Figure> = figures(base).into_iter().filter(|figure| question.takes(figure)).collect();
    for figure in &judged {
        let better = question.better(figure);
        if better == Better::Neither {
            continue;
        }
        let column: Vec<Option<f64>> = base.replications.iter().map(|f| f.get(*figure).copied()).collect();
        let margin = |mean: f64| question.tolerance(figure).margin(mean);
        for (i, value) in worse(figure, better, &column, judged.len(), margin).into_iter().enumerate() {
            copy.replications[i].insert((*figure).clone(), value);
        }
    }
    copy
}

/// Every figure of any replication, once.
fn figures(run: &StoredRun) -> Vec<&Figure> {
    let mut figures: Vec<&Figure> = run.replications.iter().flat_map(|figures| figures.keys()).collect();
    figures.sort();
    figures.dedup();
    figures
}

/// The values of the next replications, shifted to the bad side as far as is possible.
fn worse(
    figure: &Figure,
    better: Better,
    column: &[Option<f64>],
    figures: usize,
    margin: impl Fn(f64) -> f64,
) -> Vec<f64> {
    let next = |i: usize| (1..=column.len()).find_map(|step| column[(i + step) % column.len()]);
    let turned: Vec<f64> = (0..column.len()).filter_map(next).collect();
    let differences: Vec<f64> = column.iter().zip(&turned).filter_map(|(a, b)| Some(b - (*a)?)).collect();
    let mean = Moments::of(&turned).map_or(0.0, |moments| moments.mean);
    let shift = margin(mean) + BEYOND * half_width(&differences, figures) + least_step(mean);
    let at_worst = |value: f64| match better {
        Better::Higher => (value - shift).max(0.0),
        _ => (value + shift).min(greatest(&figure.measure)),
    };
    turned.into_iter().map(at_worst).collect()
}

/// Half of the interval that a mean of such differences has, at the level of so many figures; 0 with fewer than two.
fn half_width(differences: &[f64], figures: usize) -> f64 {
    let moments = Moments::of(differences).filter(|moments| moments.n > 1);
    let half = moments.map(|moments| {
        let level = (1.0 - CONFIDENCE) / figures.max(1) as f64;
        student::critical(1.0 - level, f64::from(moments.n) - 1.0) * moments.standard_error()
    });
    half.filter(|half| half.is_finite()).unwrap_or(0.0)
}

/// A step that shows in a figure of this size where neither tolerance nor noise asks for more.
fn least_step(mean: f64) -> f64 {
    if mean == 0.0 { 1e-3 } else { 1e-3 * mean.abs() }
}

/// The largest value that a measure can have.
fn greatest(measure: &str) -> f64 {
    if find(measure).is_some_and(|measure| measure.is_share) { 1.0 } else { f64::INFINITY }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{figure, stored};
    use super::*;
    use crate::experiment::compare::Allowance;
    use crate::experiment::pick::Pick;

    const NOISE: [f64; 6] = [0.3, -0.2, 0.1, -0.4, 0.25, -0.1];

    /// A fleet with a noisy cost, a share near its best, and a neutral level.
    fn base() -> StoredRun {
        let at = |mean: f64, noise: f64| NOISE.map(|n| mean + noise * n);
        stored(&[
            (figure("cost_usd_per_month", ""), &at(100.0, 10.0)),
            (figure("cache_miss_ratio", ""), &at(0.6, 0.1)),
            (figure("stale_route_ratio", ""), &[0.0; 6]),
            (figure("stamps_active", "stat=end"), &[4.0; 6]),
        ])
    }

    fn tolerance(share: f64) -> Question {
        Question { tolerance: share, ..Question::default() }
    }

    fn names(figures: &[Figure]) -> Vec<&str> {
        figures.iter().map(|figure| figure.measure.as_str()).collect()
    }

    #[test]
    fn a_sound_gate_regresses_in_every_figure_with_a_direction() {
        for share in [0.0, 0.02, 0.3] {
            let check = self_check(&base(), &tolerance(share));
            assert_eq!(
                names(&check.sharp),
                ["cache_miss_ratio", "cost_usd_per_month", "stale_route_ratio"],
                "{check:?}"
            );
            assert!(check.passes(&tolerance(share)) && check.blunt.is_empty());
        }
    }

    #[test]
    fn a_tolerance_that_only_an_impossible_result_exceeds_is_seen() {
        // Misses of 60 % cannot get worse by more than 40 % points, which is two thirds of them.
        let wide = self_check(&base(), &tolerance(0.7));
        assert_eq!(
            wide.blunt.iter().map(|(figure, _)| figure.measure.as_str()).collect::<Vec<_>>(),
            ["cache_miss_ratio"]
        );
        assert!(wide.passes(&tolerance(0.7)), "the cost can still fail");
        let misses = || Pick::parse("cache_miss_ratio").expect("a measure");
        let named = Question { measures: vec![misses()], ..tolerance(0.7) };
        assert!(!self_check(&base(), &named).passes(&named));
        let absolute = Question { allowances: vec![(misses(), Allowance::Quantity(1e9))], ..named };
        assert!(!self_check(&base(), &absolute).passes(&absolute));
    }

    #[test]
    fn a_gate_that_cannot_fail_never_passes() {
        let neutral = Question { measures: vec![Pick::parse("stamps_active").expect("a measure")], ..tolerance(0.0) };
        assert!(!self_check(&base(), &neutral).passes(&neutral));
        let single = stored(&[(figure("cost_usd_per_month", ""), &[100.0])]);
        assert!(!self_check(&single, &tolerance(0.0)).passes(&tolerance(0.0)));
        let empty = stored(&[]);
        assert!(!self_check(&empty, &tolerance(0.0)).passes(&tolerance(0.0)));
        let directionless = Question {
            better: vec![(Pick::parse("cost_usd_per_month").expect("a measure"), Better::Neither)],
            ..tolerance(0.0)
        };
        let cost = stored(&[(figure("cost_usd_per_month", ""), &[100.0, 101.0, 99.0])]);
        assert!(!self_check(&cost, &directionless).passes(&directionless));
    }
}
