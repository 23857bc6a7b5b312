//! The answer: places that no figure could ever fill would say nothing, so they are checked here.

use crate::analysis::Answer;
use crate::scenario::diagnostic::Finding;
use crate::scenario::file::File;
use crate::scenario::validate::Build;

impl Build<'_> {
    /// The answer, if it can be filled in.
    pub(super) fn answer(&mut self, file: &File) -> Option<Answer> {
        let answer = Answer::parse(file.answer.as_ref()?);
        let answer = answer.map_err(|error| self.say("answer", Finding::from_message(&error.to_string()))).ok()?;
        for place in answer.places() {
            for kind in ["fault", "move", "feature"] {
                let value = place.labels.get(kind).map(String::as_str);
                self.named("answer", kind, value.filter(|value| *value != "*"), file);
            }
        }
        Some(answer)
    }
}
