//! Expectations of a scenario after its run: judged, said to people, and kept for programs.

use serde::Serialize;
use serde_json::{Value, json};

use super::figures::Reading;
use super::table::Tone;
use crate::analysis::expectation::Evidence;
use crate::analysis::{Expectation, Grade, Outcome, Study, evaluate};
use crate::report::gate;

/// An expectation with what became of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged {
    expectation: Expectation,
    outcome: Outcome,
}

/// Judges every expectation of a scenario.
pub(super) fn judge(expectations: &[Expectation], study: &Study) -> Vec<Judged> {
    let judge = |expectation: &Expectation| {
        let outcome = evaluate(expectation, study);
        Judged { expectation: expectation.clone(), outcome }
    };
    expectations.iter().map(judge).collect()
}

impl Judged {
    /// Whether a gate must stop.
    pub(super) fn is_failure(&self) -> bool {
        self.outcome.grade.is_failure()
    }

    /// The grade that CI is told.
    pub(super) fn grade(&self) -> gate::Grade {
        match self.outcome.grade {
            Grade::Pass => gate::Grade::Pass,
            Grade::Warn => gate::Grade::Warning,
            Grade::Missing | Grade::Fail => gate::Grade::Failure,
        }
    }

    /// Every figure that was judged, a line each.
    pub(super) fn evidence(&self) -> Vec<String> {
        let line = |found: &Evidence| {
            let figure = Reading::of(found.key.name).with_interval(&found.estimate);
            format!("{} {}: {figure}, n = {}", grade_word(found.grade), found.key, found.estimate.n)
        };
        self.outcome.evidence.iter().map(line).collect()
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
        let Expectation { measure, labels, fail_if, .. } = &self.expectation;
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(" ")) };
        format!("{measure}{labels} not {fail_if}")
    }

    /// The figure that decided, or why there is none.
    pub(super) fn found(&self) -> String {
        if let Some(absent) = &self.outcome.absent {
            return absent.to_string();
        }
        let Some(worst) = self.outcome.evidence.iter().find(|evidence| evidence.grade == self.outcome.grade) else {
            return "no figure".to_owned();
        };
        let figure = Reading::of(worst.key.name).with_interval(&worst.estimate);
        let warned = worst.grade == Grade::Warn && worst.bound != self.expectation.fail_if;
        let doubts = [
            warned.then(|| format!("warns if {}", worst.bound)),
            (worst.lacking > 0).then(|| format!("{} replications lack it", worst.lacking)),
            (!worst.is_certain() && worst.grade != Grade::Missing)
                .then(|| "the interval reaches over the bound".into()),
        ];
        [figure].into_iter().chain(doubts.into_iter().flatten()).collect::<Vec<String>>().join(", ")
    }

    /// All of it in a line: the figure that decided, and what was expected of it.
    pub(super) fn sentence(&self) -> String {
        let worst = self.outcome.evidence.iter().find(|evidence| evidence.grade == self.outcome.grade);
        match worst {
            Some(worst) => format!("{} is {}; expected not {}", worst.key, self.found(), self.expectation.fail_if),
            None => format!("{}: {}", self.expected(), self.found()),
        }
    }

    /// The same for programs.
    pub(super) fn json(&self) -> Value {
        let Expectation { measure, labels, fail_if, warn_if } = &self.expectation;
        let evidence: Vec<Value> = (self.outcome.evidence.iter())
            .map(|found| {
                let estimate = &found.estimate;
                json!({
                    "figure": found.key.to_string(), "grade": grade_word(found.grade), "estimate": estimate.mean, "low": estimate.low,
                    "high": estimate.high, "n": estimate.n, "bound": found.bound.to_string(), "certain": found.is_certain(),
                    "lacking": found.lacking,
                })
            })
            .collect();
        json!({
            "measure": measure, "labels": labels, "fail_if": fail_if.to_string(),
            "warn_if": warn_if.as_ref().map(ToString::to_string), "grade": self.word(), "evidence": evidence,
            "absent": self.outcome.absent.as_ref().map(ToString::to_string),
        })
    }
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
        let expectation = Expectation { measure: "command_latency_ms".into(), labels, fail_if: bound, warn_if: None };
        judge(&[expectation], &study()).remove(0)
    }

    #[test]
    fn a_sentence_names_figure_bound_and_doubts() {
        let failed = judged("0.99", "> 125 ms");
        assert_eq!((failed.word(), failed.is_failure()), ("warn", false));
        let sentence = "command_latency_ms{quantile=0.99} is 120 ± 10 ms, 2 replications lack it, the interval reaches \
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
