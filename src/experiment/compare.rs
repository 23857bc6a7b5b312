//! Comparing stored runs: whether they can be compared, which figures are judged, and what comes out of all of them.
//!
//! Pure functions over what was read; nothing here runs, reads or prints.

use crate::analysis::best::{AgainstBest, Aim, against_best};
use crate::analysis::{Judgement, Paired, PairedDifference, Tolerance, Verdict, judge_all};
use crate::analysis::{compare as pair, compare_unpaired};
use crate::experiment::pick::{Pick, has, is_of_a_phase};
use crate::metrics::Better;
use crate::metrics::measure::find;
use crate::results::{Figure, Manifest, StoredRun};

/// Confidence over all figures of a comparison [1].
const CONFIDENCE: f64 = 0.95;

/// Figures that are judged unless others are asked for: measure, and the label that a figure must have, if any.
const KEY_FIGURES: [(&str, Option<&str>); 22] = [
    ("command_latency_ms", Some("quantile=0.99")),
    ("command_outcome_ratio", Some("outcome=delivered")),
    ("telemetry_latency_ms", Some("quantile=0.99")),
    ("telemetry_refused_ratio", None),
    ("registration_latency_s", Some("quantile=0.99")),
    ("connect_latency_s", Some("quantile=0.99")),
    ("connect_attempts", Some("stat=mean")),
    ("move_downtime_s", Some("quantile=0.99")),
    ("move_duration_s", None),
    ("move_calls_failed", None),
    ("fault_downtime_s", Some("quantile=0.99")),
    ("time_to_recover_s", Some("share=99 %")),
    ("blast_radius_ratio", None),
    ("device_minutes_lost", None),
    ("devices_unavailable", Some("stat=max")),
    ("cache_miss_ratio", None),
    ("stale_route_ratio", None),
    ("throttle_rejected_ratio", None),
    ("quota_used_ratio", None),
    ("stamps_active", Some("stat=end")),
    ("cost_usd_per_month", None),
    ("cost_per_device_usd_per_month", Some("per=registered")),
];

/// Labels whose figures are parts of a whole; the key figures show the whole.
const PARTS: [&str; 2] = ["cause", "component"];

/// Whether a figure is judged unless others are asked for.
pub fn is_key(figure: &Figure) -> bool {
    !is_of_a_phase(&figure.labels)
        && KEY_FIGURES.iter().any(|(measure, label)| {
            *measure == figure.measure
                && match label {
                    Some(pair) => has(&figure.labels, pair),
                    None => !PARTS.iter().any(|part| format!(" {}", figure.labels).contains(&format!(" {part}="))),
                }
        })
}

/// What a difference of some figures may be without counting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Allowance {
    /// This share of the base [1].
    Share(f64),
    /// This much [unit of the measure].
    Quantity(f64),
}

/// What is asked of a comparison.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Question {
    /// Judge every figure.
    pub all: bool,
    /// Judge these figures only.
    pub measures: Vec<Pick>,
    /// Share of the base that does not count, of figures without an allowance of their own [1].
    pub tolerance: f64,
    /// Allowances of single figures; of several for one figure the larger counts.
    pub allowances: Vec<(Pick, Allowance)>,
    /// Directions instead of the catalogue's.
    pub better: Vec<(Pick, Better)>,
    /// The sides share no randomness.
    pub unpaired: bool,
    /// The base keeps some figures only, so a figure that it lacks is missing on purpose.
    pub base_is_partial: bool,
}

impl Question {
    /// Whether a figure is judged. One whose direction or allowance is given is meant to be.
    pub fn takes(&self, figure: &Figure) -> bool {
        let named = |pick: &Pick| pick.takes(figure);
        if !self.measures.is_empty() {
            return self.measures.iter().any(named);
        }
        let given = || self.allowances.iter().map(|a| &a.0).chain(self.better.iter().map(|b| &b.0));
        self.all || is_key(figure) || given().any(named)
    }

    /// An allowance or a direction for what is not judged, which would be no gate at all.
    pub fn idle(&self) -> Option<&Pick> {
        let judged = |pick: &&Pick| self.measures.iter().any(|m| m.measure.name == pick.measure.name);
        let given = self.allowances.iter().map(|a| &a.0).chain(self.better.iter().map(|b| &b.0));
        if self.measures.is_empty() { None } else { given.into_iter().find(|pick| !judged(pick)) }
    }

    /// Direction of a figure.
    pub fn better(&self, figure: &Figure) -> Better {
        let own = self.better.iter().rev().find(|(pick, _)| pick.takes(figure)).map(|(_, better)| *better);
        own.or_else(|| find(&figure.measure).map(|measure| measure.better)).unwrap_or(Better::Neither)
    }

    /// What does not count as a difference of a figure.
    pub fn tolerance(&self, figure: &Figure) -> Tolerance {
        let own: Vec<_> = self.allowances.iter().filter(|(pick, _)| pick.takes(figure)).map(|(_, a)| *a).collect();
        if own.is_empty() {
            return Tolerance { relative: self.tolerance, absolute: 0.0 };
        }
        own.iter().fold(Tolerance::ZERO, |tolerance, allowance| match allowance {
            Allowance::Share(share) => Tolerance { relative: tolerance.relative.max(*share), ..tolerance },
            Allowance::Quantity(amount) => Tolerance { absolute: tolerance.absolute.max(*amount), ..tolerance },
        })
    }
}

/// Why two runs cannot be compared, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// What differs, with both values.
    pub what: String,
    /// What to try.
    pub help: &'static str,
}

/// What keeps two runs from being compared: they must cover the same time, and paired ones must share their draws.
pub fn obstacle(base: &Manifest, candidate: &Manifest, unpaired: bool) -> Option<Obstacle> {
    let partial = [(base, "base"), (candidate, "candidate")].into_iter().find_map(|(manifest, side)| {
        let what = format!("the {side} is not complete: {}", manifest.partial.as_ref()?);
        Some(Obstacle { what, help: "run it again to the end" })
    });
    let differs = |what: &str, a: String, b: String, help| {
        (a != b).then(|| Obstacle { what: format!("{what} is {a} in the base and {b} in the candidate"), help })
    };
    let same = "run both with the same horizon, --seed and --replications";
    let of = |what: &str, text: fn(&Manifest) -> String, help| differs(what, text(base), text(candidate), help);
    partial
        .or_else(|| of("the horizon", |m| m.horizon.to_string(), same))
        .or_else(|| of("the start", |m| m.start.clone(), same))
        .or_else(|| {
            let help = "run both with the same --seed, or compare with --unpaired, which needs more replications";
            if unpaired { None } else { of("the seed", |m| m.seed.to_string(), help) }
        })
        .or_else(|| {
            let text = |m: &Manifest| m.replications_done.to_string();
            if unpaired { None } else { of("the number of replications", text, same) }
        })
}

/// Whether two runs are the same, bit for bit.
pub fn are_identical(base: &Manifest, candidate: &Manifest) -> bool {
    base.digest.is_some() && base.digest == candidate.digest
}

/// A figure with its judgement.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The difference and its interval.
    pub difference: PairedDifference<Figure>,
    /// What is said of it beside all others.
    pub judgement: Judgement,
}

impl Judged {
    /// Whether the figure can be worse or better at all.
    pub fn has_direction(&self) -> bool {
        self.difference.better != Better::Neither
    }

    /// The word for tables; a figure without a direction that differs is "changed", whatever could be decided.
    pub fn word(&self) -> &'static str {
        match self.judgement.verdict {
            Verdict::Inconclusive { .. } if !self.has_direction() => "changed",
            ref verdict => verdict.word(),
        }
    }
}

/// A figure that one side lacks.
#[derive(Debug, Clone, PartialEq)]
pub struct OneSided {
    /// The figure.
    pub figure: Figure,
    /// Its preferred direction.
    pub better: Better,
    /// Which side lacks it.
    pub verdict: Verdict,
}

/// One candidate against the base.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Against {
    /// Bit for bit the same; nothing else was looked at.
    pub same_digest: bool,
    /// Figures that both have.
    pub judged: Vec<Judged>,
    /// Figures that one side lacks.
    pub one_sided: Vec<OneSided>,
    /// Figures that changed and are not judged.
    pub hidden: usize,
}

/// What comes out of all figures of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// The verdict: the worst that any figure with a direction has.
    pub verdict: &'static str,
    /// Figures that got worse.
    pub regressed: usize,
    /// Figures that got better.
    pub improved: usize,
    /// Figures that are not decided, those that one side lacks included.
    pub open: usize,
    /// Figures that were judged.
    pub figures: usize,
}

/// What pairing gained over independent runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Gain {
    /// Figures with a direction and any noise.
    pub figures: usize,
    /// Smallest variance ratio [1], and its figure.
    pub least: (f64, Figure),
    /// Median of the variance ratios [1].
    pub median: f64,
    /// Figures of which the variance ratio is below 1.
    pub below_one: usize,
}

impl Against {
    /// The verdict over all figures.
    pub fn tally(&self) -> Tally {
        let directed = || self.judged.iter().filter(|judged| judged.has_direction());
        let count = |word: &str| directed().filter(|judged| judged.judgement.verdict.word() == word).count();
        let lost = self.one_sided.iter().filter(|one| one.better != Better::Neither);
        let (regressed, improved, open) = (count("regressed"), count("improved"), count("inconclusive") + lost.count());
        let same = self.one_sided.is_empty() && self.judged.iter().all(|j| j.judgement.verdict == Verdict::Identical);
        let verdict = match (regressed, open, improved) {
            (0, 0, 0) if same => "identical",
            (0, 0, 0) => "equivalent",
            (0, 0, _) => "improved",
            (0, _, _) => "inconclusive",
            _ => "regressed",
        };
        Tally { verdict, regressed, improved, open, figures: self.judged.len() + self.one_sided.len() }
    }

    /// Replications that would decide all that more replications can decide.
    pub fn replications_to_decide(&self) -> Option<u32> {
        let open = self.judged.iter().filter(|judged| judged.has_direction());
        open.filter_map(|judged| judged.judgement.replications_to_decide).max()
    }

    /// What pairing gained; nothing where no figure with a direction has noise on both sides.
    pub fn gain(&self) -> Option<Gain> {
        let noisy = self.judged.iter().filter(|judged| judged.has_direction());
        let mut ratios: Vec<(f64, &Figure)> =
            noisy.map(|judged| (judged.difference.variance_ratio, &judged.difference.key)).collect();
        ratios.retain(|(ratio, _)| !ratio.is_nan());
        ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (least, figure) = *ratios.first()?;
        Some(Gain {
            figures: ratios.len(),
            least: (least, figure.clone()),
            median: ratios[ratios.len() / 2].0,
            below_one: ratios.iter().filter(|(ratio, _)| *ratio < 1.0).count(),
        })
    }
}

/// One figure of the base and all candidates: which of them may be the best.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The figure.
    pub figure: Figure,
    /// The base, then each candidate, against the best of the others.
    pub sides: Vec<AgainstBest>,
    /// Which means are good.
    pub aim: Aim,
}

impl Standing {
    /// Index and mean of the side with the best mean.
    pub fn best(&self) -> Option<(usize, f64)> {
        let means = self.sides.iter().map(|side| side.mean).enumerate();
        means.reduce(|a, b| if self.aim.prefers(b.1, a.1) { b } else { a })
    }
}

/// What comes out of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Each candidate against the base, in their order.
    pub candidates: Vec<Against>,
    /// Figures with a direction over all sides; only with several candidates that share their draws.
    pub standings: Vec<Standing>,
}

/// Holds candidates against a base. All figures of all candidates are judged together, so that many make no more false
/// alarms than one.
pub fn compare(base: &StoredRun, candidates: &[StoredRun], question: &Question) -> Comparison {
    let mut all: Vec<Against> = Vec::new();
    let mut differences = Vec::new();
    for candidate in candidates {
        let (against, judged) = differences_of(base, candidate, question);
        all.push(against);
        differences.push(judged);
    }
    let lengths: Vec<usize> = differences.iter().map(Vec::len).collect();
    let differences: Vec<_> = differences.into_iter().flatten().collect();
    let judgements = judge_all(&differences, |figure| question.tolerance(figure));
    let mut judged = differences.into_iter().zip(judgements);
    for (against, length) in all.iter_mut().zip(lengths) {
        let own = judged.by_ref().take(length);
        against.judged = own.map(|(difference, judgement)| Judged { difference, judgement }).collect();
    }
    let several = candidates.len() > 1 && !question.unpaired;
    let standings = if several { standings(base, candidates, &all) } else { Vec::new() };
    Comparison { candidates: all, standings }
}

/// The differences of one candidate that are to be judged, and all that needs no judgement.
fn differences_of(
    base: &StoredRun,
    candidate: &StoredRun,
    question: &Question,
) -> (Against, Vec<PairedDifference<Figure>>) {
    if are_identical(&base.manifest, &candidate.manifest) {
        return (Against { same_digest: true, ..Against::default() }, Vec::new());
    }
    let compared = if question.unpaired { compare_unpaired } else { pair };
    let better = |figure: &Figure| question.better(figure);
    let Paired { differences, lost, new, .. } = compared(&base.replications, &candidate.replications, better);
    let (judged, hidden): (Vec<_>, Vec<_>) = differences.into_iter().partition(|d| question.takes(&d.key));
    let expected = |figure: &Figure| !question.base_is_partial || is_key(figure);
    let new = new.into_iter().filter(expected).map(|figure| (figure, Verdict::new_figure()));
    let one_sided = (lost.into_iter().map(|figure| (figure, Verdict::lost())).chain(new))
        .filter(|(figure, _)| question.takes(figure))
        .map(|(figure, verdict)| OneSided { better: question.better(&figure), figure, verdict })
        .collect();
    let hidden = hidden.iter().filter(|difference| !difference.identical).count();
    (Against { one_sided, hidden, ..Against::default() }, judged)
}

/// Every figure with a direction that all sides have in each replication, and that differs somewhere. The confidence holds
/// over all of them together.
fn standings(base: &StoredRun, candidates: &[StoredRun], against: &[Against]) -> Vec<Standing> {
    let judged = || against.iter().flat_map(|against| &against.judged);
    let mut figures: Vec<(&Figure, Better)> = judged()
        .filter(|judged| judged.has_direction() && !judged.difference.identical)
        .map(|judged| (&judged.difference.key, judged.difference.better))
        .collect();
    figures.sort_by(|a, b| a.0.cmp(b.0));
    figures.dedup_by(|a, b| a.0 == b.0);
    let sides: Vec<&StoredRun> = [base].into_iter().chain(candidates).collect();
    let level = (1.0 - CONFIDENCE) / figures.len().max(1) as f64;
    let standing = |(figure, better): (&Figure, Better)| {
        let columns: Option<Vec<Vec<f64>>> = sides.iter().map(|side| column(side, figure)).collect();
        let aim = if better == Better::Higher { Aim::Largest } else { Aim::Smallest };
        Some(Standing { figure: figure.clone(), sides: against_best(&columns?, aim, 1.0 - level)?, aim })
    };
    figures.into_iter().filter_map(standing).collect()
}

/// A figure of each replication, where all have it.
fn column(run: &StoredRun, figure: &Figure) -> Option<Vec<f64>> {
    run.replications.iter().map(|figures| figures.get(figure).copied()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::sample::{figure, manifest, stored, with};
    use super::*;
    use crate::units::SimDuration;

    const COST: &str = "cost_usd_per_month";

    fn cost(values: &[f64]) -> StoredRun {
        stored(&[(figure(COST, ""), values)])
    }

    fn tolerance(share: f64) -> Question {
        Question { tolerance: share, ..Question::default() }
    }

    fn word(base: &StoredRun, candidate: &StoredRun, question: &Question) -> &'static str {
        compare(base, std::slice::from_ref(candidate), question).candidates[0].tally().verdict
    }

    #[test]
    fn the_verdict_follows_the_interval() {
        let base = cost(&[10.0, 11.0, 12.0, 13.0]);
        let worse = cost(&[11.0, 12.1, 13.0, 14.1]);
        let noisy = cost(&[14.0, 8.0, 12.5, 13.0]);
        assert_eq!(word(&base, &worse, &tolerance(0.0)), "regressed");
        assert_eq!(word(&worse, &base, &tolerance(0.0)), "improved");
        assert_eq!(word(&base, &base, &tolerance(0.0)), "identical");
        assert_eq!(word(&base, &noisy, &tolerance(0.0)), "inconclusive");
        assert_eq!(word(&base, &worse, &tolerance(0.2)), "equivalent");
        // The same figures without their pairs: the noise of both sides covers the difference.
        assert_eq!(word(&base, &worse, &Question { unpaired: true, ..tolerance(0.0) }), "inconclusive");
    }

    #[test]
    fn one_replication_decides_only_equality() {
        assert_eq!(word(&cost(&[10.0]), &cost(&[99.0]), &tolerance(0.0)), "inconclusive");
        assert_eq!(word(&cost(&[10.0]), &cost(&[10.0]), &tolerance(0.0)), "identical");
    }

    #[test]
    fn a_figure_has_its_own_tolerance_and_direction() {
        let (base, worse) = (cost(&[10.0, 11.0, 12.0, 13.0]), cost(&[11.0, 12.1, 13.0, 14.1]));
        let pick = || Pick::parse(COST).expect("a measure");
        let allowing = |allowance| Question { allowances: vec![(pick(), allowance)], ..tolerance(0.5) };
        assert_eq!(word(&base, &worse, &tolerance(0.5)), "equivalent");
        assert_eq!(word(&base, &worse, &allowing(Allowance::Share(0.01))), "regressed", "its own counts alone");
        assert_eq!(word(&base, &worse, &allowing(Allowance::Quantity(2.0))), "equivalent");
        let both = Question {
            allowances: vec![(pick(), Allowance::Share(0.01)), (pick(), Allowance::Quantity(2.0))],
            ..tolerance(0.0)
        };
        assert_eq!(word(&base, &worse, &both), "equivalent", "the larger counts");
        let turned = |better| Question { better: vec![(pick(), better)], ..tolerance(0.0) };
        assert_eq!(word(&base, &worse, &turned(Better::Higher)), "improved");
        assert_eq!(word(&base, &worse, &turned(Better::Neither)), "equivalent", "without a direction nothing fails");
    }

    #[test]
    fn a_figure_that_vanished_is_open_and_a_neutral_one_never_fails() {
        let base = cost(&[10.0, 11.0, 12.0, 13.0]);
        let gone = with(&base, BTreeMap::clear);
        let tally = compare(&base, &[gone], &tolerance(0.0)).candidates[0].tally();
        assert_eq!((tally.verdict, tally.open), ("inconclusive", 1));
        let neutral = |value: f64| stored(&[(figure("stamps_active", "stat=end"), &[value; 4])]);
        let comparison = compare(&neutral(1.0), &[neutral(2.0)], &tolerance(0.0));
        assert_eq!(comparison.candidates[0].tally().verdict, "equivalent");
        assert_eq!(comparison.candidates[0].judged[0].word(), "changed");
    }

    #[test]
    fn what_is_named_is_judged_and_nothing_else() {
        let base = stored(&[(figure(COST, ""), &[1.0, 2.0]), (figure("wait_ms", "at=send stat=mean"), &[1.0, 2.0])]);
        let judged = |question: &Question| {
            let other = with(&base, |figures| figures.values_mut().for_each(|value| *value += 0.5));
            let against = compare(&base, &[other], question).candidates.remove(0);
            let judged = against.judged.iter().map(|j| j.difference.key.measure.clone()).collect::<Vec<_>>();
            (judged, against.hidden)
        };
        let pick = || Pick::parse("wait_ms").expect("a measure");
        assert_eq!(judged(&tolerance(0.0)), (vec![COST.into()], 1));
        assert_eq!(judged(&Question { all: true, ..tolerance(0.0) }), (vec![COST.into(), "wait_ms".into()], 0));
        assert_eq!(judged(&Question { measures: vec![pick()], ..tolerance(0.0) }), (vec!["wait_ms".into()], 1));
        let given = Question { better: vec![(pick(), Better::Higher)], ..tolerance(0.0) };
        assert_eq!(judged(&given).0.len(), 2, "what has a direction given is judged");
    }

    #[test]
    fn a_baseline_lacks_on_purpose_what_it_does_not_keep() {
        let base = cost(&[1.0, 2.0, 3.0]);
        let more = with(&base, |figures| {
            figures.insert(figure("wait_ms", "at=send stat=mean"), 1.0);
            figures.insert(figure("device_minutes_lost", ""), 1.0);
        });
        let missing = |base_is_partial: bool| {
            let question = Question { all: true, base_is_partial, ..tolerance(0.0) };
            compare(&base, std::slice::from_ref(&more), &question).candidates[0].one_sided.len()
        };
        assert_eq!((missing(false), missing(true)), (2, 1));
    }

    #[test]
    fn runs_of_other_draws_or_length_are_refused() {
        let base = manifest(1, 4);
        assert_eq!(obstacle(&base, &manifest(1, 4), false), None);
        let longer = Manifest { horizon: SimDuration::DAY, ..manifest(1, 4) };
        let later = Manifest { start: "2027-01-01T00:00:00Z".into(), ..manifest(1, 4) };
        let partial = Manifest { partial: Some("interrupted".into()), ..manifest(1, 4) };
        for (other, words, unpaired_too) in [
            (manifest(2, 4), ["seed is 1", "and 2"], false),
            (manifest(1, 5), ["replications is 4", "and 5"], false),
            (longer, ["horizon is 1 h", "and 1 d"], true),
            (later, ["start is ", "2027"], true),
            (partial, ["not complete", "interrupted"], true),
        ] {
            let what = obstacle(&base, &other, false).expect(words[0]).what;
            assert!(words.iter().all(|word| what.contains(word)), "{what}");
            assert_eq!(obstacle(&base, &other, true).is_some(), unpaired_too, "{what}");
        }
        assert!(obstacle(&base, &manifest(2, 4), false).expect("another seed").help.contains("--unpaired"));
    }

    #[test]
    fn several_candidates_are_judged_together_and_ranked() {
        let noise = [0.3, -0.2, 0.1, -0.4, 0.25, -0.1];
        let at = |mean: f64, own: f64| -> StoredRun {
            let values: Vec<f64> = noise.iter().rev().map(|n| mean + own * n).zip(noise).map(|(v, n)| v + n).collect();
            cost(&values)
        };
        let (base, near, far) = (at(10.0, 0.0), at(10.0, 0.05), at(12.0, 0.1));
        let comparison = compare(&base, &[near, far], &tolerance(0.0));
        assert_eq!(comparison.candidates[1].tally().verdict, "regressed");
        let standing = &comparison.standings[0];
        let may: Vec<bool> = standing.sides.iter().map(|side| side.may_be_best).collect();
        assert_eq!(may, [true, true, false], "{standing:?}");
        // Among more figures each has to be clearer.
        let alone = compare(&base, &[at(10.1, 0.2)], &tolerance(0.0)).candidates[0].judged[0].judgement.adjusted;
        let beside = compare(&base, &[at(10.1, 0.2), at(10.1, 0.2)], &tolerance(0.0));
        assert!(beside.candidates[0].judged[0].judgement.adjusted > alone);
    }

    #[test]
    fn pairing_that_widens_intervals_is_counted() {
        let (base, turned) = (cost(&[1.0, 2.0, 3.0, 4.0]), cost(&[4.1, 3.0, 2.0, 1.0]));
        let gain = compare(&base, &[turned], &tolerance(0.0)).candidates[0].gain().expect("a noisy figure");
        assert_eq!((gain.figures, gain.below_one), (1, 1));
        assert!(gain.least.0 < 1.0 && gain.least.1.measure == COST);
    }

    #[test]
    fn key_figures_are_wholes_and_tails() {
        for (measure, labels, key) in [
            ("command_latency_ms", "quantile=0.99", true),
            ("command_latency_ms", "quantile=0.999", false),
            ("command_latency_ms", "stat=mean", false),
            ("cache_miss_ratio", "", true),
            ("cache_miss_ratio", "cause=expired", false),
            ("time_to_recover_s", "fault=weu 2 share=99 %", true),
            ("time_to_recover_s", "fault=weu-2 share=50 %", false),
            ("blast_radius_ratio", "fault=weu-2", true),
        ] {
            assert_eq!(is_key(&figure(measure, labels)), key, "{measure} {labels}");
        }
        assert!(KEY_FIGURES.iter().all(|(measure, _)| find(measure).is_some()));
    }
}
