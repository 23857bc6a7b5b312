//! The answer: places that no figure could ever fill would say nothing, so they are checked here.

use crate::analysis::Answer;
use crate::scenario::diagnostic::{Finding, Severity};
use crate::scenario::file::File;
use crate::scenario::validate::Build;

impl Build<'_> {
    /// The answer, if it can be filled in.
    pub(super) fn answer(&mut self, file: &File) -> Option<Answer> {
        let answer = Answer::parse(file.answer.as_ref()?);
        let answer = answer.map_err(|error| self.say("answer", Finding::from_message(&error.to_string()))).ok()?;
        for place in answer.places() {
            for kind in ["fault", "move", "feature"] {
                let value = place.labels.get(kind).filter(|value| *value != "*");
                let finding = value.and_then(|value| self.unnamed(kind, value, file));
                // Whoever runs a scenario without its faults may do so; the sentence says then that it has no figure.
                if let Some(finding) = finding {
                    self.say("answer", Finding { severity: Severity::Warning, ..finding });
                }
            }
        }
        Some(answer)
    }
}
