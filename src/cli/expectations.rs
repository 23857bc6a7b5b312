//! Expectations of a scenario after its run: judged, said to people, and kept for programs.

use serde::Serialize;
use serde_json::{Value, json};

use super::figures::Reading;
use super::table::Tone;
use crate::analysis::{Evidence, Expectation, Found, Grade, Observations, Outcome, Study, can_fail, evaluate};
use crate::report::gate;

/// An expectation with what became of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged {
    expectation: Expectation,
    outcome: Outcome,
    /// Why it can never fail.
    unfailable: Option<String>,
}

/// Judges every expectation of a scenario, and tries whether it can fail at all.
pub(super) fn judge(expectations: &[Expectation], study: &Study, runs: &[Observations]) -> Vec<Judged> {
    let judge = |expectation: &Expectation| Judged {
        outcome: evaluate(expectation, study, runs),
        unfailable: can_fail(expectation, study, runs).err().map(|why| why.to_string()),
        expectation: expectation.clone(),
    };
    expectations.iter().map(judge).collect()
}

impl Judged {
    /// Whether a gate must stop.
    pub(super) fn is_failure(&self) -> bool {
        self.outcome.grade.is_failure()
    }

    /// What became of it.
    pub(super) fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// The grade that CI is told.
    pub(super) fn grade(&self) -> gate::Grade {
        match self.outcome.grade {
            Grade::Pass => gate::Grade::Pass,
            Grade::Warn => gate::Grade::Warning,
            Grade::Missing | Grade::Fail => gate::Grade::Failure,
        }
    }

    /// Every figure that was judged, a line each, and whether it can be failed at all.
    pub(super) fn evidence(&self) -> Vec<String> {
        let line = |found: &Evidence| format!("{} {}: {}", grade_word(found.grade), found.key, said(found));
        let unfailable = self.unfailable.as_ref().map(|why| format!("it can never fail: {why}"));
        self.outcome.evidence.iter().map(line).chain(unfailable).collect()
    }

    /// Name of its measure.
    pub(super) fn measure(&self) -> &str {
        &self.expectation.measure
    }

    /// Why the worst figures that there could be would not fail it; nothing where they would.
    pub(super) fn unfailable(&self) -> Option<&str> {
        self.unfailable.as_deref()
    }

    /// The word for tables.
    pub(super) fn word(&self) -> &'static str {
        grade_word(self.outcome.grade)
    }

    /// How the word is to be seen.
    pub(super) fn tone(&self) -> Tone {
        match self.outcome.grade {
            Grade::Pass => Tone::Good,
            Grade::Warn => Tone::Doubt,
            Grade::Missing | Grade::Fail => Tone::Bad,
        }
    }

    /// What was expected: the measure with its labels, and the bound that must not hold.
    pub(super) fn expected(&self) -> String {
        let Expectation { measure, labels, phase, .. } = &self.expectation;
        let phase = phase.as_ref().map(|phase| format!("phase={phase}"));
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).chain(phase).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(" ")) };
        format!("{measure}{labels} {}", self.demand())
    }

    /// What is asked of the figure: "not > 30 min in 99 % of the windows".
    fn demand(&self) -> String {
        let Expectation { fail_if, windows, replications, .. } = &self.expectation;
        let share = Reading::share();
        let of =
            |what: &str, asked: &Option<f64>| asked.map(|asked| format!(" in {} of the {what}", share.alone(asked)));
        let (windows, replications) = (of("windows", windows), of("replications", replications));
        format!("not {fail_if}{}{}", windows.unwrap_or_default(), replications.unwrap_or_default())
    }

    /// The figure that decided, or why there is none.
    pub(super) fn found(&self) -> String {
        if let Some(absent) = &self.outcome.absent {
            return absent.to_string();
        }
        let Some(worst) = self.outcome.evidence.iter().find(|evidence| evidence.grade == self.outcome.grade) else {
            return "no figure".to_owned();
        };
        let warned = worst.grade == Grade::Warn && worst.bound != self.expectation.fail_if;
        let doubts = [
            warned.then(|| format!("warns if {}", worst.bound)),
            (worst.lacking > 0).then(|| format!("{} replications lack it", worst.lacking)),
            (!worst.is_certain && worst.grade != Grade::Missing).then(|| doubt(&worst.found).into()),
        ];
        [said(worst)].into_iter().chain(doubts.into_iter().flatten()).collect::<Vec<String>>().join(", ")
    }

    /// All of it in a line: the figure that decided, and what was expected of it.
    pub(super) fn sentence(&self) -> String {
        let worst = self.outcome.evidence.iter().find(|evidence| evidence.grade == self.outcome.grade);
        match worst {
            Some(worst) => format!("{} is {}; expected {}", worst.key, self.found(), self.demand()),
            None => format!("{}: {}", self.expected(), self.found()),
        }
    }

    /// The same for programs.
    pub(super) fn json(&self) -> Value {
        let Expectation { measure, labels, phase, fail_if, warn_if, windows, replications, least_replications } =
            &self.expectation;
        json!({
            "measure": measure, "labels": labels, "phase": phase.as_ref().map(ToString::to_string),
            "fail_if": fail_if.to_string(), "warn_if": warn_if.as_ref().map(ToString::to_string), "windows": windows,
            "replications": replications, "least_replications": least_replications, "grade": self.word(),
            "evidence": self.outcome.evidence.iter().map(evidence_json).collect::<Vec<_>>(),
            "absent": self.outcome.absent.as_ref().map(ToString::to_string), "unfailable": self.unfailable,
        })
    }
}

/// What was found of a figure, for people.
fn said(evidence: &Evidence) -> String {
    match evidence.found {
        Found::Mean(estimate) => Reading::of(evidence.key.name).with_interval(&estimate),
        Found::Windows(share) => format!("as expected in {} of the windows", Reading::share().with_interval(&share)),
        Found::Replications { good, of, .. } => format!("as expected in {good} of {of} replications"),
    }
}

/// Why a judgement is not certain.
fn doubt(found: &Found) -> &'static str {
    match found {
        Found::Mean(estimate) | Found::Windows(estimate) if estimate.low.is_nan() => "without an interval",
        Found::Mean(_) => "the interval reaches over the bound",
        Found::Windows(_) => "the interval reaches over the share",
        Found::Replications { .. } => "which proves less",
    }
}

fn evidence_json(found: &Evidence) -> Value {
    let (what, estimate, low, high, n) = match found.found {
        Found::Mean(e) => ("mean", e.mean, e.low, e.high, u64::from(e.n)),
        Found::Windows(e) => ("windows", e.mean, e.low, e.high, u64::from(e.n)),
        Found::Replications { good, of, low, high } => ("replications", good as f64 / of as f64, low, high, of),
    };
    json!({
        "figure": found.key.to_string(), "grade": grade_word(found.grade), "of": what, "estimate": estimate, "low": low,
        "high": high, "n": n, "bound": found.bound.to_string(), "certain": found.is_certain, "lacking": found.lacking,
    })
}

impl Serialize for Judged {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json().serialize(serializer)
    }
}

fn grade_word(grade: Grade) -> &'static str {
    match grade {
        Grade::Pass => "pass",
        Grade::Warn => "warn",
        Grade::Missing => "missing",
        Grade::Fail => "fail",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::analysis::{Bound, Estimate};
    use crate::metrics::MeasureKey;
    use crate::metrics::measure::find;
    use crate::units::SimDuration;

    fn study() -> Study {
        let key = MeasureKey::new("command_latency_ms").with("quantile", "0.99");
        Study {
            scenario: "outage".into(),
            question: String::new(),
            start: String::new(),
            horizon: SimDuration(1),
            window: SimDuration(1),
            replications: 30,
            estimates: [(key, Estimate { mean: 120.0, low: 110.0, high: 130.0, n: 28 })].into(),
            series: BTreeMap::new(),
            histograms: BTreeMap::new(),
            marks: Vec::new(),
        }
    }

    fn judged(quantile: &str, fail_if: &str) -> Judged {
        let bound = Bound::parse(fail_if, find("command_latency_ms").expect("a measure")).expect("a bound");
        let labels = [("quantile".to_owned(), quantile.to_owned())].into();
        let expectation = Expectation {
            measure: "command_latency_ms".into(),
            labels,
            phase: None,
            fail_if: bound,
            warn_if: None,
            windows: None,
            replications: None,
            least_replications: 0,
        };
        judge(&[expectation], &study(), &[]).remove(0)
    }

    #[test]
    fn a_sentence_names_figure_bound_and_doubts() {
        let failed = judged("0.99", "> 125 ms");
        assert_eq!((failed.word(), failed.is_failure()), ("warn", false));
        let sentence = "command_latency_ms{quantile=0.99} is 120 ± 10 ms, 30 replications lack it, the interval reaches \
                        over the bound; expected not > 125 ms";
        assert_eq!(failed.sentence(), sentence);
        assert!(judged("0.99", "> 100 ms").is_failure());
    }

    #[test]
    fn a_figure_that_is_not_there_fails_and_says_why() {
        let missing = judged("0.5", "> 125 ms");
        assert_eq!((missing.word(), missing.is_failure()), ("missing", true));
        assert!(
            missing.sentence().starts_with("command_latency_ms{quantile=0.5} not > 125 ms: no figure has quantile")
        );
        let json = missing.json();
        assert_eq!((json["grade"].as_str(), json["evidence"].as_array().map(Vec::len)), (Some("missing"), Some(0)));
        assert!(json["absent"].is_string());
    }
}
