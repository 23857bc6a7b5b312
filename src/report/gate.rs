//! What a command found, as plain data: the one input of everything that CI reads.
//!
//! Commands fill it, the renderers beside this file turn it into JUnit, annotations and the summary, and `cli` writes.
//! Texts are as people wrote them; each renderer escapes and bounds them for its own reader.

pub use crate::scenario::Place;

/// How a case ended, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Grade {
    /// As it should be.
    #[default]
    Pass,
    /// Not judged, and not meant to be.
    Skipped,
    /// A doubt that stops nothing.
    Warning,
    /// The replications do not decide it.
    Inconclusive,
    /// Not as it should be.
    Failure,
}

impl Grade {
    /// Every grade, the worst first: the order in which people are told.
    pub const WORST_FIRST: [Self; 5] = [Self::Failure, Self::Inconclusive, Self::Warning, Self::Skipped, Self::Pass];

    /// The word for counts, such as "3 failed".
    pub fn counted(self) -> &'static str {
        match self {
            Self::Pass => "passed",
            Self::Skipped => "skipped",
            Self::Warning => "in doubt",
            Self::Inconclusive => "inconclusive",
            Self::Failure => "failed",
        }
    }
}

/// A figure as it is read, beside that of a base where there is one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figure {
    /// What it is, such as `cost_usd_per_month` or "cost per month".
    pub name: String,
    /// The figure of the base, with its unit.
    pub base: Option<String>,
    /// The figure that is judged, with its unit and, without a base, with its interval.
    pub value: String,
    /// The difference with its interval.
    pub difference: Option<String>,
}

/// One thing that was judged: an expectation, a compared figure, a problem of a file, a golden result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Case {
    /// What was judged.
    pub name: String,
    /// How it ended.
    pub grade: Grade,
    /// The command's own word for that, such as "regressed" or "equivalent".
    pub word: String,
    /// What was found, and what was expected, in a sentence; may be empty for a case that passes.
    pub message: String,
    /// What the grade rests on, a line each.
    pub evidence: Vec<String>,
    /// The line of a file that asks for it.
    pub place: Option<Place>,
    /// The exit code that it leads to.
    pub exit: Option<u8>,
    /// The figures behind it, for a table of base and candidate.
    pub figure: Option<Figure>,
    /// Whether something is other than in the base, for better or worse.
    pub is_changed: bool,
}

impl Case {
    /// Whether it ends the command with a code of its own: a failure, or a doubt that was asked to fail.
    pub fn is_failure(&self) -> bool {
        self.grade == Grade::Failure || (self.grade == Grade::Inconclusive && self.exit.is_some())
    }

    /// Whether it is worth a line of its own; all else is folded away.
    pub fn is_news(&self) -> bool {
        self.is_changed || self.grade >= Grade::Warning
    }
}

/// A table of figures that are shown and not judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// What it lists.
    pub title: String,
    /// Heading of each column.
    pub headings: Vec<String>,
    /// Cells of each row.
    pub rows: Vec<Vec<String>>,
}

/// Everything that was judged of one scenario, one comparison or one group of references.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suite {
    /// What was judged.
    pub name: String,
    /// The question that it answers, if there is one.
    pub question: String,
    /// Its costs, such as "per month" and "per device and month".
    pub money: Vec<Figure>,
    /// Figures that are shown and not judged.
    pub figures: Vec<Figure>,
    /// Tables beside them, such as that of the moves.
    pub listings: Vec<Listing>,
    /// What was judged.
    pub cases: Vec<Case>,
    /// Sentences worth reading first: what is missing, what pictures show.
    pub findings: Vec<String>,
    /// Pictures, as paths beside the summary.
    pub pictures: Vec<String>,
    /// What the figures rest on.
    pub assumptions: Vec<String>,
    /// Where the figures come from: time, replications, seed, digest; a line each.
    pub origin: Vec<String>,
}

/// Everything that a command says to CI.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gate {
    /// The command, such as `run`.
    pub command: String,
    /// The verdict over all, in a word or two.
    pub verdict: String,
    /// The exit code that the findings lead to, before any `--exit-zero`.
    pub exit: u8,
    /// What was judged.
    pub suites: Vec<Suite>,
    /// The command line that does it again.
    pub rerun: String,
    /// Files and folders that hold the rest.
    pub artefacts: Vec<String>,
}

impl Gate {
    /// All cases, with the name of their suite.
    pub fn cases(&self) -> impl Iterator<Item = (&str, &Case)> {
        self.suites.iter().flat_map(|suite| suite.cases.iter().map(move |case| (suite.name.as_str(), case)))
    }

    /// The cases that are to be told, the worst first and else in their order.
    pub fn worst_first(&self) -> Vec<(&str, &Case)> {
        let of = |grade: Grade| self.cases().filter(move |(_, case)| case.grade == grade);
        Grade::WORST_FIRST.into_iter().flat_map(of).collect()
    }

    /// Whether the findings end the command with a code of their own.
    pub fn is_failure(&self) -> bool {
        self.exit != 0
    }

    /// Whether there is any news: a failure, a doubt, or a figure that is other than in the base.
    pub fn is_changed(&self) -> bool {
        self.is_failure() || self.cases().any(|(_, case)| case.is_news())
    }

    /// Cases by grade, such as "1 failed, 19 passed"; nothing where nothing was judged.
    pub fn counts(&self) -> String {
        let count = |grade: Grade| self.cases().filter(|(_, case)| case.grade == grade).count();
        let parts = Grade::WORST_FIRST.into_iter().map(|grade| (count(grade), grade.counted()));
        let parts: Vec<String> = parts.filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        if parts.is_empty() { "nothing was judged".to_owned() } else { parts.join(", ") }
    }
}

#[cfg(test)]
pub(super) mod sample {
    use super::*;

    /// A case of this grade.
    pub(in crate::report) fn case(name: &str, grade: Grade) -> Case {
        let message = format!("{name} is 120 ms; expected not > 100 ms");
        let place = Some(Place { file: "scenarios/outage.toml".into(), line: 12, column: 1 });
        let word = if grade == Grade::Failure { "fail" } else { "pass" };
        Case { name: name.into(), grade, word: word.into(), message, place, exit: Some(20), ..Case::default() }
    }

    /// A gate of one suite with these cases.
    pub(in crate::report) fn gate(cases: Vec<Case>) -> Gate {
        let suite = Suite { name: "outage".into(), cases, ..Suite::default() };
        Gate {
            command: "run".into(),
            verdict: "failed".into(),
            exit: 20,
            suites: vec![suite],
            rerun: "stampsim run outage.toml".into(),
            artefacts: vec!["output/outage/1".into()],
        }
    }

    /// Text that would break out of any of the formats, were it not escaped.
    pub(in crate::report) const NASTY: &str = "a]]><b>&\"'|`*_[x](y)\r\n::error::%0A\n##vso[task.complete result=Failed;]\u{0}\u{1b}[31m\u{202e}\u{fffe}<script>@all";
}

#[cfg(test)]
mod tests {
    use super::sample::{case, gate};
    use super::*;

    #[test]
    fn the_worst_is_told_first_and_counted_first() {
        let gate = gate(vec![
            case("a", Grade::Pass),
            case("b", Grade::Failure),
            case("c", Grade::Warning),
            case("d", Grade::Failure),
        ]);
        let names: Vec<_> = gate.worst_first().iter().map(|(_, case)| case.name.as_str()).collect();
        assert_eq!(names, ["b", "d", "c", "a"]);
        assert_eq!(gate.counts(), "2 failed, 1 in doubt, 1 passed");
        assert_eq!(Gate::default().counts(), "nothing was judged");
    }

    #[test]
    fn an_improvement_is_news_and_no_failure() {
        let mut better = gate(vec![Case { is_changed: true, ..case("a", Grade::Pass) }]);
        better.exit = 0;
        assert!(better.is_changed() && !better.is_failure());
        better.suites[0].cases[0].is_changed = false;
        assert!(!better.is_changed());
    }
}
