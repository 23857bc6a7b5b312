//! Expectations of a scenario after its run: judged, said to people, and kept for programs.

use serde::Serialize;
use serde_json::{Value, json};

use super::figures::Reading;
use super::table::Tone;
use crate::analysis::{Expectation, Grade, Outcome, Study, evaluate};

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
        let figure = format!("{}: {}", worst.key, Reading::of(worst.key.name).with_interval(&worst.estimate));
        let warned = worst.grade == Grade::Warn && worst.bound != self.expectation.fail_if;
        let doubts = [
            warned.then(|| format!("warns if {}", worst.bound)),
            (worst.lacking > 0).then(|| format!("{} replications lack it", worst.lacking)),
            (!worst.is_certain() && worst.grade != Grade::Missing)
                .then(|| "the interval reaches over the bound".into()),
        ];
        [figure].into_iter().chain(doubts.into_iter().flatten()).collect::<Vec<String>>().join(", ")
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
