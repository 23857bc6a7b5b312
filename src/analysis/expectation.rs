//! Expectations of a scenario: a bound on a measure, held against a study.
//!
//! A gate that cannot be evaluated must not pass: an unknown name, a label that no figure carries and a figure without
//! a replication all count as failures, with advice.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use super::bound::{Bound, BoundError, Comparison};
pub use super::suggestion::suggest;

use super::bound::{number, percent};
use super::observations::{Estimate, Study};
use super::suggestion::nearest;
use crate::metrics::measure::find;
use crate::metrics::{Labels, MeasureKey};

/// The value of a label that stands for every value.
pub const ANY: &str = "*";

/// What a scenario expects of a measure.
///
/// If a figure carries exactly the labels given, it alone is judged: no label means the figure of the whole
/// scenario. Else every figure that carries them, and perhaps more, is judged and the worst counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// Name of a measure of the catalogue.
    pub measure: String,
    /// Labels that a figure must carry; [`ANY`] as a value asks for the label alone. A share may be "99 %" or "0.99".
    pub labels: BTreeMap<String, String>,
    /// The expectation fails where the mean satisfies this.
    pub fail_if: Bound,
    /// The expectation warns where the mean satisfies this.
    pub warn_if: Option<Bound>,
}

/// How an expectation ended, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// As expected.
    Pass,
    /// As expected, with a doubt: `warn_if` is satisfied, or some replications lack the figure.
    Warn,
    /// There is nothing to judge; counts as a failure.
    Missing,
    /// Not as expected.
    Fail,
}

impl Grade {
    /// Whether a gate must stop.
    pub fn is_failure(self) -> bool {
        self >= Self::Missing
    }
}

/// The grade of an expectation with its evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The worst grade of all figures judged.
    pub grade: Grade,
    /// Every figure judged, in the order of the study.
    pub evidence: Vec<Evidence>,
    /// Why no figure was judged.
    pub absent: Option<Absent>,
}

/// One figure, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The figure.
    pub key: MeasureKey,
    /// Its estimate [unit of the measure].
    pub estimate: Estimate,
    /// Its grade.
    pub grade: Grade,
    /// The bound that decided: the one that is satisfied, or else `fail_if`.
    pub bound: Bound,
    /// Replications of the study that lack the figure, perhaps because it never came to an end in them.
    pub lacking: u32,
}

impl Evidence {
    /// Whether both ends of the interval are on the mean's side of the bound.
    pub fn is_certain(&self) -> bool {
        let side = self.bound.holds(self.estimate.mean);
        let end = |value: f64| !value.is_nan() && self.bound.holds(value) == side;
        end(self.estimate.low) && end(self.estimate.high)
    }
}

/// Why there is no figure to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absent {
    /// The catalogue has no such measure.
    Measure {
        /// The name.
        name: String,
        /// The name that was probably meant.
        nearest: Option<&'static str>,
    },
    /// The study has no figure of the measure.
    Figure {
        /// The name.
        name: &'static str,
    },
    /// No figure of the measure has a label of this name.
    Label {
        /// The label.
        label: String,
        /// The label that was probably meant.
        nearest: Option<&'static str>,
        /// The labels there are.
        known: Vec<&'static str>,
    },
    /// No figure of the measure has this value of the label.
    Value {
        /// The label.
        label: String,
        /// The value.
        value: String,
        /// The value that was probably meant.
        nearest: Option<String>,
        /// The values there are.
        known: Vec<String>,
    },
    /// Each label occurs, but not all on one figure.
    Together,
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hint = |f: &mut fmt::Formatter<'_>, nearest: Option<&str>| match nearest {
            Some(word) => write!(f, "; did you mean {word:?}?"),
            None => Ok(()),
        };
        match self {
            Self::Measure { name, nearest } => {
                write!(f, "unknown measure {name:?}")?;
                hint(f, *nearest)
            }
            Self::Figure { name } => write!(f, "no replication has a figure of {name}"),
            Self::Label { label, nearest, known } => {
                write!(f, "no figure has a label {label:?}; {}", listed(known))?;
                hint(f, *nearest)
            }
            Self::Value { label, value, nearest, known } => {
                write!(f, "no figure has {label} = {value:?}; {}", listed(known))?;
                hint(f, nearest.as_deref())
            }
            Self::Together => f.write_str("no figure has all these labels together"),
        }
    }
}

/// The words there are, at most as many as fit a message.
fn listed(words: &[impl AsRef<str>]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<_> = words.iter().take(SHOWN).map(AsRef::as_ref).collect();
    match words.len() {
        0 => "there is none".to_owned(),
        n if n > SHOWN => format!("there are {} and {} more", shown.join(", "), n - SHOWN),
        _ => format!("there is {}", shown.join(", ")),
    }
}

/// Judges every figure that the expectation is about.
pub fn evaluate(expectation: &Expectation, study: &Study) -> Outcome {
    let figures = match figures(expectation, study) {
        Ok(figures) => figures,
        Err(absent) => return Outcome { grade: Grade::Missing, evidence: Vec::new(), absent: Some(absent) },
    };
    let evidence: Vec<_> =
        (figures.into_iter()).map(|(key, estimate)| judge(expectation, key, estimate, study.replications)).collect();
    let grade = evidence.iter().map(|e| e.grade).max().unwrap_or(Grade::Missing);
    Outcome { grade, evidence, absent: None }
}

/// The grade of one figure.
fn judge(expectation: &Expectation, key: &MeasureKey, estimate: &Estimate, replications: u32) -> Evidence {
    let lacking = replications.saturating_sub(estimate.n);
    let warning = expectation.warn_if.as_ref().filter(|bound| bound.holds(estimate.mean));
    let (grade, bound) = if estimate.n == 0 || estimate.mean.is_nan() {
        (Grade::Missing, &expectation.fail_if)
    } else if expectation.fail_if.holds(estimate.mean) {
        (Grade::Fail, &expectation.fail_if)
    } else if let Some(bound) = warning {
        (Grade::Warn, bound)
    } else if lacking > 0 {
        (Grade::Warn, &expectation.fail_if)
    } else {
        (Grade::Pass, &expectation.fail_if)
    };
    Evidence { key: key.clone(), estimate: *estimate, grade, bound: bound.clone(), lacking }
}

type Figure<'a> = (&'a MeasureKey, &'a Estimate);

/// The figures that an expectation is about; at least one.
fn figures<'a>(expectation: &Expectation, study: &'a Study) -> Result<Vec<Figure<'a>>, Absent> {
    let name = expectation.measure.as_str();
    let measure = find(name).ok_or_else(|| Absent::Measure { name: name.to_owned(), nearest: suggest(name) })?;
    let of_measure: Vec<_> = study.estimates.iter().filter(|(key, _)| key.name == name).collect();
    if of_measure.is_empty() {
        return Err(Absent::Figure { name: measure.name });
    }
    let wanted = &expectation.labels;
    let mut carrying: Vec<_> = (of_measure.iter().copied()).filter(|(key, _)| carries(&key.labels, wanted)).collect();
    let any = wanted.values().any(|value| value == ANY);
    if let Some(exact) = carrying.iter().position(|(key, _)| !any && key.labels.iter().count() == wanted.len()) {
        carrying = vec![carrying[exact]];
    }
    if carrying.is_empty() { Err(unmatched(wanted, &of_measure)) } else { Ok(carrying) }
}

/// Whether a figure has all the wanted labels.
fn carries(labels: &Labels, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(name, value)| labels.get(name).is_some_and(|found| value == ANY || same(found, value)))
}

/// Whether two values of a label say the same: letter by letter, or as numbers ("99 %" and "0.99").
fn same(a: &str, b: &str) -> bool {
    let read = |text: &str| {
        let text = text.trim();
        percent(text).or_else(|| number(text, ""))
    };
    a.trim() == b.trim() || read(a).zip(read(b)).is_some_and(|(a, b)| a.total_cmp(&b).is_eq())
}

/// Which label leaves no figure.
fn unmatched(wanted: &BTreeMap<String, String>, figures: &[Figure<'_>]) -> Absent {
    for (label, value) in wanted {
        let values: BTreeSet<&str> = figures.iter().filter_map(|(key, _)| key.labels.get(label)).collect();
        if values.is_empty() {
            let names: BTreeSet<_> = figures.iter().flat_map(|(key, _)| key.labels.iter().map(|l| l.0)).collect();
            let nearest = nearest(label, names.iter().copied());
            return Absent::Label { label: label.clone(), nearest, known: names.into_iter().collect() };
        }
        if value != ANY && !values.iter().any(|found| same(found, value)) {
            let nearest = nearest(value, values.iter().copied()).map(str::to_owned);
            let known = values.into_iter().map(str::to_owned).collect();
            return Absent::Value { label: label.clone(), value: value.clone(), nearest, known };
        }
    }
    Absent::Together
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimDuration;

    fn study(figures: &[(MeasureKey, f64, u32)]) -> Study {
        let estimate = |mean: f64, n: u32| Estimate { mean, low: mean - 1.0, high: mean + 1.0, n };
        Study {
            scenario: "outage".into(),
            question: String::new(),
            start: "2026-03-02T00:00:00Z".into(),
            horizon: SimDuration(1),
            window: SimDuration(1),
            replications: 30,
            estimates: figures.iter().map(|(key, mean, n)| (key.clone(), estimate(*mean, *n))).collect(),
            series: BTreeMap::new(),
            histograms: BTreeMap::new(),
            marks: Vec::new(),
        }
    }

    /// An expectation; labels as "name=value".
    fn expect(measure: &str, labels: &[&str], fail_if: &str, warn_if: Option<&str>) -> Expectation {
        let known = find(measure).unwrap_or(find("commands").expect("a measure"));
        let bound = |text: &str| Bound::parse(text, known).expect("a bound");
        let pair = |text: &&str| text.split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned())).expect("a pair");
        Expectation {
            measure: measure.into(),
            labels: labels.iter().map(pair).collect(),
            fail_if: bound(fail_if),
            warn_if: warn_if.map(bound),
        }
    }

    fn recovery(fault: &str, share: &str) -> MeasureKey {
        MeasureKey::new("time_to_recover_s").with("fault", fault).with("share", share)
    }

    #[test]
    fn grades_of_one_figure() {
        let study = study(&[(MeasureKey::new("command_latency_ms"), 200.0, 30)]);
        for (fail_if, warn_if, grade) in [
            ("> 250 ms", None, Grade::Pass),
            ("> 250 ms", Some("> 150 ms"), Grade::Warn),
            ("> 0.15 s", Some("> 100 ms"), Grade::Fail),
            (">= 200 ms", None, Grade::Fail),
            ("> 200 ms", None, Grade::Pass),
            ("< 201 ms", None, Grade::Fail),
        ] {
            let outcome = evaluate(&expect("command_latency_ms", &[], fail_if, warn_if), &study);
            assert_eq!(outcome.grade, grade, "{fail_if} {warn_if:?}");
            assert_eq!(outcome.evidence.len(), 1);
        }
    }

    #[test]
    fn the_evidence_names_the_bound_that_decided_and_its_certainty() {
        let study = study(&[(MeasureKey::new("command_latency_ms"), 200.0, 30)]);
        let warned = evaluate(&expect("command_latency_ms", &[], "> 250 ms", Some("> 150 ms")), &study);
        assert_eq!(warned.evidence[0].bound.to_string(), "> 150 ms");
        assert!(warned.evidence[0].is_certain());
        let close = evaluate(&expect("command_latency_ms", &[], "> 200.5 ms", None), &study);
        assert_eq!((close.grade, close.evidence[0].is_certain()), (Grade::Pass, false));
    }

    #[test]
    fn of_several_figures_the_worst_counts() {
        let study = study(&[
            (recovery("weu-1", "0.9"), 100.0, 30),
            (recovery("weu-1", "0.99"), 1_700.0, 30),
            (recovery("weu-2", "0.99"), 1_900.0, 30),
        ]);
        let outcome = evaluate(&expect("time_to_recover_s", &["share=99 %"], "> 30 min", None), &study);
        assert_eq!(outcome.grade, Grade::Fail);
        assert_eq!(outcome.evidence.iter().map(|e| e.grade).collect::<Vec<_>>(), [Grade::Pass, Grade::Fail]);
        let first = evaluate(&expect("time_to_recover_s", &["share=99 %", "fault=weu-1"], "> 30 min", None), &study);
        assert_eq!((first.grade, first.evidence.len()), (Grade::Pass, 1));
        let every = evaluate(&expect("time_to_recover_s", &["fault=*"], "> 1 h", None), &study);
        assert_eq!((every.grade, every.evidence.len()), (Grade::Pass, 3));
    }

    #[test]
    fn a_figure_with_exactly_the_labels_stands_for_itself() {
        // Shares by cause are smaller than the whole: a lower bound on the whole must not be held against them.
        let whole = MeasureKey::new("cache_miss_ratio");
        let study = study(&[(whole.clone(), 0.5, 30), (whole.clone().with("cause", "expired"), 0.1, 30)]);
        let outcome = evaluate(&expect("cache_miss_ratio", &[], "< 20 %", None), &study);
        assert_eq!((outcome.grade, outcome.evidence.len()), (Grade::Pass, 1));
        assert_eq!(outcome.evidence[0].key, whole);
        let causes = evaluate(&expect("cache_miss_ratio", &["cause=*"], "< 20 %", None), &study);
        assert_eq!((causes.grade, causes.evidence.len()), (Grade::Fail, 1));
    }

    #[test]
    fn what_cannot_be_judged_does_not_pass() {
        let study = study(&[(recovery("weu-1", "0.99"), 60.0, 30), (MeasureKey::new("wait_ms"), f64::NAN, 0)]);
        let missing = |measure: &str, labels: &[&str]| {
            let outcome = evaluate(&expect(measure, labels, "> 1000", None), &study);
            assert!(outcome.grade == Grade::Missing && outcome.grade.is_failure(), "{measure} {labels:?}");
            outcome.absent.map(|absent| absent.to_string())
        };
        let says = |text: &str| Some(text.to_owned());
        assert_eq!(missing("wait_ms", &[]), None);
        assert_eq!(missing("commands", &[]), says("no replication has a figure of commands"));
        assert_eq!(
            missing("time_to_recovery_s", &[]),
            says("unknown measure \"time_to_recovery_s\"; did you mean \"time_to_recover_s\"?")
        );
        assert_eq!(
            missing("time_to_recover_s", &["shares=0.99"]),
            says("no figure has a label \"shares\"; there is fault, share; did you mean \"share\"?")
        );
        assert_eq!(
            missing("time_to_recover_s", &["fault=weu-11"]),
            says("no figure has fault = \"weu-11\"; there is weu-1; did you mean \"weu-1\"?")
        );
        assert_eq!(
            missing("time_to_recover_s", &["share=50 %"]),
            says("no figure has share = \"50 %\"; there is 0.99")
        );
    }

    #[test]
    fn labels_that_never_meet_are_said_to() {
        let study = study(&[(recovery("weu-1", "0.9"), 60.0, 30), (recovery("weu-2", "0.99"), 60.0, 30)]);
        let outcome = evaluate(&expect("time_to_recover_s", &["fault=weu-1", "share=0.99"], "> 1 h", None), &study);
        assert_eq!((outcome.grade, outcome.absent), (Grade::Missing, Some(Absent::Together)));
    }

    #[test]
    fn a_figure_that_some_replications_lack_warns() {
        // 29 of 30 fleets never recovered: the mean over the one that did says little.
        let study = study(&[(recovery("weu-1", "0.99"), 60.0, 1)]);
        let outcome = evaluate(&expect("time_to_recover_s", &[], "> 1 h", None), &study);
        assert_eq!((outcome.grade, outcome.evidence[0].lacking), (Grade::Warn, 29));
        assert!(!outcome.grade.is_failure());
    }

    #[test]
    fn long_lists_are_cut() {
        let words: Vec<String> = (1..=20).map(|i| format!("weu-{i}")).collect();
        assert!(listed(&words).ends_with("weu-8 and 12 more"));
    }
}
