//! From a paired difference to a verdict that a gate can act on.
//!
//! The interval of the difference is held against a tolerance. Wholly beyond it on the bad side is a regression,
//! wholly beyond on the good side an improvement, wholly inside an equivalence; all else is inconclusive, and the
//! answer to that is more replications. An equivalence read from a 95 % interval is a little stricter than the two
//! one-sided tests of Schuirmann (1987), which would use 90 %.

use std::fmt;

use super::paired::PairedDifference;
use super::{precision, student};
use crate::metrics::Better;

/// What a comparison says of one figure.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Every replication has exactly the same figure on both sides.
    Identical,
    /// The difference is within the tolerance.
    Equivalent,
    /// Better by more than the tolerance.
    Improved,
    /// Worse by more than the tolerance.
    Regressed,
    /// The replications do not decide it.
    Inconclusive {
        /// Why they do not.
        why: Doubt,
    },
    /// There is nothing to compare, such as a figure that one side lacks.
    NotComparable {
        /// Why there is not.
        why: String,
    },
}

/// Why a difference is inconclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// Fewer than two replications have the figure on both sides.
    TooFewPairs,
    /// A figure is infinite, or the tolerance is no number.
    NotFinite,
    /// The interval reaches over an end of the tolerance.
    Straddles,
    /// The measure has no preferred direction, and changed by more than the tolerance.
    NoDirection,
    /// Some replications have the figure on one side only, so what is compared is no fair sample.
    Unpaired {
        /// Replications that the candidate lacks.
        only_base: u32,
        /// Replications that the base lacks.
        only_candidate: u32,
    },
    /// Decided by itself, but not beside so many other figures.
    OneOfMany,
}

/// What does not count as a difference; the larger of the two.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tolerance {
    /// Against the size of the base [1].
    pub relative: f64,
    /// In the unit of the measure.
    pub absolute: f64,
}

impl Tolerance {
    /// No tolerance: every difference that is certain counts.
    pub const ZERO: Self = Self { relative: 0.0, absolute: 0.0 };

    /// Largest difference that does not count, for a base of this size [unit of the measure].
    pub fn margin(&self, base: f64) -> f64 {
        let relative = self.relative * base.abs();
        // Written out, since `f64::max` would prefer a number to what is none.
        if relative.is_nan() || relative > self.absolute { relative } else { self.absolute }
    }
}

impl Verdict {
    /// The word for tables and files.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Identical => "identical",
            Self::Equivalent => "equivalent",
            Self::Improved => "improved",
            Self::Regressed => "regressed",
            Self::Inconclusive { .. } => "inconclusive",
            Self::NotComparable { .. } => "not_comparable",
        }
    }

    /// Of a figure that only the base has.
    pub fn lost() -> Self {
        Self::NotComparable { why: "the candidate has no such figure".into() }
    }

    /// Of a figure that only the candidate has.
    pub fn new_figure() -> Self {
        Self::NotComparable { why: "the base has no such figure".into() }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inconclusive { why } => write!(f, "inconclusive: {why}"),
            Self::NotComparable { why } => write!(f, "not comparable: {why}"),
            _ => f.write_str(self.word()),
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFewPairs => f.write_str("fewer than two replications have the figure on both sides"),
            Self::NotFinite => f.write_str("a figure or the tolerance is not a finite number"),
            Self::Straddles => {
                f.write_str("the interval reaches over an end of the tolerance; more replications decide")
            }
            Self::NoDirection => f.write_str("changed, and the measure has no better direction"),
            Self::Unpaired { only_base, only_candidate } => {
                write!(
                    f,
                    "the figure is missing in {only_base} replications of the candidate, {only_candidate} of the base"
                )
            }
            Self::OneOfMany => {
                f.write_str("a chance difference is likely among so many figures; more replications decide")
            }
        }
    }
}

/// The verdict on one figure by itself.
///
/// A regression stands even where some replications lack the figure on one side; any better news does not, since a
/// figure may be missing because it never came to an end (a fleet that never recovers has no time to recover). A
/// measure without a better direction is identical, equivalent or inconclusive, never improved or regressed.
pub fn judge<K>(difference: &PairedDifference<K>, better: Better, tolerance: Tolerance) -> Verdict {
    if difference.identical {
        return Verdict::Identical;
    }
    let verdict = position(difference, tolerance).map_or_else(
        |why| Verdict::Inconclusive { why },
        |position| match (position, better) {
            (Position::Inside, _) => Verdict::Equivalent,
            (Position::Straddling, _) => Verdict::Inconclusive { why: Doubt::Straddles },
            (_, Better::Neither) => Verdict::Inconclusive { why: Doubt::NoDirection },
            (Position::Above, Better::Lower) | (Position::Below, Better::Higher) => Verdict::Regressed,
            (Position::Above, Better::Higher) | (Position::Below, Better::Lower) => Verdict::Improved,
        },
    );
    match verdict {
        Verdict::Equivalent | Verdict::Improved => unpaired(difference).unwrap_or(verdict),
        _ => verdict,
    }
}

/// A verdict beside all others of its comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What is said of the figure.
    pub verdict: Verdict,
    /// Largest difference that does not count [unit of the figure].
    pub margin: f64,
    /// Chance of so large a difference, were the truth at the end of the tolerance [1]; NaN where it was not tested.
    pub chance: f64,
    /// The chance adjusted for all figures that were tested [1]: regressed or improved at a level of 5 % below 0.05.
    pub adjusted: f64,
    /// Replications in all that would decide what is open, were mean and deviation to stay as they are.
    pub replications_to_decide: Option<u32>,
}

/// The verdicts on all figures of a comparison, so that many figures make no more false alarms than one.
///
/// Regressions and improvements stand as [`judge`] finds them only if they survive the rule of Holm (1979) over
/// all figures whose difference was tested: chance of any false one at most that of a single interval. The others
/// become inconclusive. Figures that are identical, and measures without a direction, are not tested and do not count.
pub fn judge_all<K>(differences: &[PairedDifference<K>], tolerance: impl Fn(&K) -> Tolerance) -> Vec<Judgement> {
    let mut all: Vec<_> = differences.iter().map(|d| alone(d, tolerance(&d.key))).collect();
    let tested: Vec<f64> = all.iter().map(|judgement| judgement.chance).collect();
    for (i, Place { adjusted, tests }) in holm(&tested) {
        let (judgement, difference) = (&mut all[i], &differences[i]);
        judgement.adjusted = adjusted;
        let decided = matches!(judgement.verdict, Verdict::Regressed | Verdict::Improved);
        if decided && adjusted >= 1.0 - difference.confidence {
            judgement.verdict = Verdict::Inconclusive { why: Doubt::OneOfMany };
        }
        if matches!(judgement.verdict, Verdict::Inconclusive { .. }) {
            judgement.replications_to_decide = to_decide(difference, judgement.margin, tests);
        }
    }
    all
}

/// The judgement on one figure before the others are looked at.
fn alone<K>(difference: &PairedDifference<K>, tolerance: Tolerance) -> Judgement {
    let tested = !difference.identical && difference.better != Better::Neither;
    Judgement {
        verdict: judge(difference, difference.better, tolerance),
        margin: tolerance.margin(difference.base),
        chance: if tested { chance(difference, tolerance) } else { f64::NAN },
        adjusted: f64::NAN,
        replications_to_decide: None,
    }
}

/// Where a chance stands among all.
struct Place {
    /// The chance adjusted for the others [1].
    adjusted: f64,
    /// Tests that the level is divided by at this place.
    tests: usize,
}

/// Holm's adjusted chances, with the index of each; what is no number was not tested.
fn holm(chances: &[f64]) -> Vec<(usize, Place)> {
    let mut order: Vec<usize> = (0..chances.len()).filter(|i| !chances[*i].is_nan()).collect();
    order.sort_by(|a, b| chances[*a].total_cmp(&chances[*b]).then(a.cmp(b)));
    let (all, mut least) = (order.len(), 0.0_f64);
    let place = |(rank, i): (usize, usize)| {
        let tests = all - rank;
        least = least.max(chances[i] * tests as f64).min(1.0);
        (i, Place { adjusted: least, tests })
    };
    order.into_iter().enumerate().map(place).collect()
}

/// Replications in all that would decide an inconclusive figure by itself, were mean and deviation to stay as they are.
///
/// Nothing where more replications are no answer: fewer than two pairs, a figure that is missing on one side, a
/// difference that lies exactly on an end of the tolerance. Zero tolerance can only be decided as a difference.
pub fn replications_to_decide<K>(difference: &PairedDifference<K>, tolerance: Tolerance) -> Option<u32> {
    position(difference, tolerance).ok()?;
    to_decide(difference, tolerance.margin(difference.base), 1)
}

/// As [`replications_to_decide`], where a difference has to stand beside so many others. Within the tolerance it has
/// not: that nothing changed is an equivalence, which raises no alarm.
fn to_decide<K>(difference: &PairedDifference<K>, margin: f64, tests: usize) -> Option<u32> {
    let beyond = difference.difference.abs() - margin;
    // Strictly beyond the end, hence the hair off the distance.
    let wanted = beyond.abs() * (1.0 - 1e-9);
    let level = (1.0 - difference.confidence) / if beyond > 0.0 { tests as f64 } else { 1.0 };
    if wanted > 0.0 { precision::replications_for(difference.deviation, wanted, 1.0 - level) } else { None }
}

/// Where an interval lies against the tolerance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    Below,
    Inside,
    Above,
    Straddling,
}

fn position<K>(difference: &PairedDifference<K>, tolerance: Tolerance) -> Result<Position, Doubt> {
    if difference.n < 2 {
        return Err(Doubt::TooFewPairs);
    }
    let (low, high, margin) = (difference.low, difference.high, tolerance.margin(difference.base));
    if !(low.is_finite() && high.is_finite() && margin.is_finite() && margin >= 0.0) {
        Err(Doubt::NotFinite)
    } else if low > margin {
        Ok(Position::Above)
    } else if high < -margin {
        Ok(Position::Below)
    } else if -margin <= low && high <= margin {
        Ok(Position::Inside)
    } else {
        Ok(Position::Straddling)
    }
}

/// The doubt that replications with one side only throw on good news.
fn unpaired<K>(difference: &PairedDifference<K>) -> Option<Verdict> {
    let (only_base, only_candidate) = (difference.only_base, difference.only_candidate);
    (only_base + only_candidate > 0)
        .then_some(Verdict::Inconclusive { why: Doubt::Unpaired { only_base, only_candidate } })
}

/// Chance of an interval so far beyond the tolerance, on either side, were the difference at its end [1].
///
/// Below `1 - confidence` exactly where the interval lies wholly beyond; 1 for a difference inside.
fn chance<K>(difference: &PairedDifference<K>, tolerance: Tolerance) -> f64 {
    if position(difference, tolerance).is_err() {
        return f64::NAN;
    }
    let beyond = difference.difference.abs() - tolerance.margin(difference.base);
    let error = difference.deviation / f64::from(difference.n).sqrt();
    if beyond <= 0.0 {
        1.0
    } else if error > 0.0 {
        2.0 * student::t_tail(beyond / error, difference.degrees)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::sample::Sample;
    use super::*;
    use crate::analysis::paired::compare;

    /// One figure from its differences, over a base of 100.
    fn difference(values: &[f64]) -> PairedDifference<&'static str> {
        let base: Vec<_> = values.iter().map(|_| BTreeMap::from([("x", 100.0)])).collect();
        let candidate: Vec<_> = values.iter().map(|d| BTreeMap::from([("x", 100.0 + d)])).collect();
        compare(&base, &candidate, |_| Better::Lower).differences.remove(0)
    }

    fn within(absolute: f64) -> Tolerance {
        Tolerance { relative: 0.0, absolute }
    }

    #[test]
    fn the_four_places_of_an_interval() {
        // Mean 5, half-width 4.302653 / sqrt(3) = 2.484.
        let d = difference(&[4.0, 5.0, 6.0]);
        assert_eq!(judge(&d, Better::Lower, within(2.5)), Verdict::Regressed);
        assert_eq!(judge(&d, Better::Lower, within(2.6)), Verdict::Inconclusive { why: Doubt::Straddles });
        assert_eq!(judge(&d, Better::Lower, within(7.4)), Verdict::Inconclusive { why: Doubt::Straddles });
        assert_eq!(judge(&d, Better::Lower, within(7.5)), Verdict::Equivalent);
        assert_eq!(judge(&d, Better::Higher, within(2.5)), Verdict::Improved);
        let d = difference(&[-4.0, -5.0, -6.0]);
        assert_eq!(judge(&d, Better::Lower, within(2.5)), Verdict::Improved);
        assert_eq!(judge(&d, Better::Higher, within(2.5)), Verdict::Regressed);
        assert_eq!(judge(&d, Better::Higher, within(7.5)), Verdict::Equivalent);
    }

    #[test]
    fn a_relative_tolerance_is_of_the_base_and_the_larger_counts() {
        let d = difference(&[4.0, 5.0, 6.0]);
        assert_eq!(judge(&d, Better::Lower, Tolerance { relative: 0.08, absolute: 0.1 }), Verdict::Equivalent);
        assert_eq!(judge(&d, Better::Lower, Tolerance { relative: 0.01, absolute: 7.5 }), Verdict::Equivalent);
        assert_eq!(judge(&d, Better::Lower, Tolerance { relative: 0.02, absolute: 0.0 }), Verdict::Regressed);
    }

    #[test]
    fn zero_tolerance_is_identical_only_when_every_difference_is_zero() {
        assert_eq!(judge(&difference(&[0.0; 5]), Better::Lower, Tolerance::ZERO), Verdict::Identical);
        let centred = difference(&[-1.0, 0.0, 1.0]);
        assert_eq!(judge(&centred, Better::Lower, Tolerance::ZERO), Verdict::Inconclusive { why: Doubt::Straddles });
        assert_eq!(judge(&difference(&[1.0; 5]), Better::Lower, Tolerance::ZERO), Verdict::Regressed);
    }

    #[test]
    fn one_replication_decides_only_equality() {
        assert_eq!(judge(&difference(&[0.0]), Better::Lower, Tolerance::ZERO), Verdict::Identical);
        let single = judge(&difference(&[9.0]), Better::Lower, within(100.0));
        assert_eq!(single, Verdict::Inconclusive { why: Doubt::TooFewPairs });
    }

    #[test]
    fn what_is_not_finite_decides_nothing() {
        let d = difference(&[1.0, f64::INFINITY, 2.0]);
        assert_eq!(judge(&d, Better::Lower, Tolerance::ZERO), Verdict::Inconclusive { why: Doubt::NotFinite });
        let d = difference(&[1.0, 2.0]);
        for wrong in [within(f64::NAN), within(f64::INFINITY), Tolerance { relative: f64::NAN, absolute: 9.0 }] {
            let verdict = judge(&d, Better::Lower, wrong);
            assert_eq!(verdict, Verdict::Inconclusive { why: Doubt::NotFinite }, "{wrong:?}");
        }
    }

    #[test]
    fn a_measure_without_a_direction_never_regresses() {
        let d = difference(&[4.0, 5.0, 6.0]);
        let changed = Verdict::Inconclusive { why: Doubt::NoDirection };
        assert_eq!(judge(&d, Better::Neither, Tolerance::ZERO), changed);
        assert_eq!(judge(&difference(&[-4.0, -5.0, -6.0]), Better::Neither, Tolerance::ZERO), changed);
        assert_eq!(judge(&d, Better::Neither, within(8.0)), Verdict::Equivalent);
    }

    #[test]
    fn good_news_from_an_unfair_sample_is_doubted_and_bad_news_stands() {
        let mut d = difference(&[-4.0, -5.0, -6.0]);
        d.only_base = 1;
        let doubt = Verdict::Inconclusive { why: Doubt::Unpaired { only_base: 1, only_candidate: 0 } };
        assert_eq!(judge(&d, Better::Lower, Tolerance::ZERO), doubt);
        assert_eq!(judge(&d, Better::Lower, within(8.0)), doubt);
        assert_eq!(judge(&d, Better::Higher, Tolerance::ZERO), Verdict::Regressed);
    }

    #[test]
    fn the_replications_that_are_asked_for_decide() {
        let values = [-1.0, 4.0, 0.5, 3.0, -0.5, 2.0];
        let d = difference(&values);
        assert_eq!(judge(&d, Better::Lower, Tolerance::ZERO).word(), "inconclusive");
        let needed = replications_to_decide(&d, Tolerance::ZERO).expect("a mean off zero");
        let at = |n: u32| {
            let half = student::critical(0.95, f64::from(n - 1)) * d.deviation / f64::from(n).sqrt();
            let (low, high) = (d.difference - half, d.difference + half);
            judge(&PairedDifference { low, high, n, ..d.clone() }, Better::Lower, Tolerance::ZERO)
        };
        assert_eq!(at(needed), Verdict::Regressed);
        assert_eq!(at(needed - 1).word(), "inconclusive");
    }

    #[test]
    fn more_replications_are_not_proposed_where_they_do_not_help() {
        assert_eq!(replications_to_decide(&difference(&[3.0]), Tolerance::ZERO), None);
        assert_eq!(replications_to_decide(&difference(&[-1.0, 1.0]), Tolerance::ZERO), None);
        assert_eq!(replications_to_decide(&difference(&[1.0, 3.0]), within(2.0)), None);
        assert!(replications_to_decide(&difference(&[1.0, 3.0]), within(20.0)).is_some());
    }

    /// Comparisons out of 1,000 that raise an alarm over `figures` figures that do not differ.
    fn false_alarms(figures: u32, verdicts: impl Fn(&[PairedDifference<u32>]) -> Vec<Verdict>) -> u32 {
        let mut sample = Sample::new(21);
        let mut side = || -> Vec<BTreeMap<u32, f64>> {
            (0..10).map(|_| (0..figures).map(|key| (key, sample.normal())).collect()).collect()
        };
        (0..1_000)
            .map(|_| {
                let paired = compare(&side(), &side(), |_| Better::Lower);
                let decided = |v: &Verdict| matches!(v, Verdict::Regressed | Verdict::Improved);
                u32::from(verdicts(&paired.differences).iter().any(decided))
            })
            .sum()
    }

    fn words(judged: Vec<Judgement>) -> Vec<Verdict> {
        judged.into_iter().map(|judgement| judgement.verdict).collect()
    }

    #[test]
    fn adjusted_chances_follow_the_worked_example() {
        // Five chances by hand: 0.005 x 5, 0.011 x 4, 0.02 x 3, then 0.04 x 2 and 0.13 x 1, none below one before it.
        let places = holm(&[0.04, 0.005, f64::NAN, 0.011, 0.13, 0.02]);
        let found: Vec<_> = places.iter().map(|(i, place)| (*i, place.tests)).collect();
        assert_eq!(found, [(1, 5), (3, 4), (5, 3), (0, 2), (4, 1)]);
        for ((_, place), wanted) in places.iter().zip([0.025, 0.044, 0.06, 0.08, 0.13]) {
            assert!((place.adjusted - wanted).abs() < 1e-12, "{} {wanted}", place.adjusted);
        }
        let rising: Vec<_> = holm(&[0.02, 0.03]).iter().map(|(_, place)| place.adjusted).collect();
        assert_eq!(rising, [0.04, 0.04], "never below one before it");
    }

    #[test]
    fn beside_others_a_figure_needs_more_replications() {
        let open = difference(&[-1.0, 4.0, 0.5, 3.0, -0.5, 2.0]);
        let alone = judge_all(std::slice::from_ref(&open), |_| Tolerance::ZERO)[0].replications_to_decide;
        assert_eq!(alone, replications_to_decide(&open, Tolerance::ZERO));
        let beside = judge_all(&vec![open; 20], |_| Tolerance::ZERO)[0].replications_to_decide;
        assert!(beside > alone, "{beside:?} {alone:?}");
        // The level of the first of twenty is 0.25 %, which the number asked for reaches and one fewer does not.
        let n = beside.expect("a mean off zero");
        let reaches = |n: u32| {
            let open = difference(&[-1.0, 4.0, 0.5, 3.0, -0.5, 2.0]);
            let error = open.deviation / f64::from(n).sqrt();
            40.0 * student::t_tail(open.difference / error, f64::from(n) - 1.0) < 0.05
        };
        assert!(reaches(n) && !reaches(n - 1));
    }

    #[test]
    fn many_figures_make_no_more_false_alarms_than_one() {
        // Each by itself: 1 - 0.95^20 = 0.64 of the comparisons. Under Holm at most 0.05, and close to it for
        // independent figures; Binomial(1,000, 0.05) lies in 27..=75 with chance 0.999.
        let each = |ds: &[PairedDifference<u32>]| -> Vec<Verdict> {
            ds.iter().map(|d| judge(d, Better::Lower, Tolerance::ZERO)).collect()
        };
        assert!(false_alarms(20, each) > 590);
        let together = false_alarms(20, |ds| words(judge_all(ds, |_| Tolerance::ZERO)));
        assert!((27..=75).contains(&together), "{together}");
    }

    #[test]
    fn a_clear_regression_stands_among_many() {
        let mut all = vec![difference(&[4.0, 5.0, 6.0, 5.0, 4.5, 5.5])];
        all.extend((0..50).map(|_| difference(&[-1.0, 0.5, 1.0, -0.2, 0.1, -0.6])));
        let verdicts = words(judge_all(&all, |_| Tolerance::ZERO));
        assert_eq!(verdicts[0], Verdict::Regressed);
        assert!(verdicts[1..].iter().all(|v| v.word() == "inconclusive"));
        // A hundred identical figures ask nothing of the one that differs slightly.
        let mut all = vec![difference(&[4.0, 5.0, 6.0])];
        all.extend((0..100).map(|_| difference(&[0.0; 3])));
        assert_eq!(judge_all(&all, |_| Tolerance::ZERO)[0].verdict, Verdict::Regressed);
    }

    #[test]
    fn verdicts_read_as_sentences() {
        assert_eq!(Verdict::Regressed.to_string(), "regressed");
        assert_eq!(Verdict::lost().to_string(), "not comparable: the candidate has no such figure");
        let few = Verdict::Inconclusive { why: Doubt::TooFewPairs };
        assert_eq!(few.to_string(), "inconclusive: fewer than two replications have the figure on both sides");
    }
}
