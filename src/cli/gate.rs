//! What commands found, put into the plain data that CI reads: [`Gate`], its suites and cases.

use super::circles;
use super::exit;
use super::expectations::Judged;
use super::failure::Failure;
use super::figures::{Reading, key_figures};
use super::limits;
use super::looks;
use super::moves;
use crate::analysis::{Estimate, Study};
use crate::metrics::MeasureKey;
use crate::report::Picture;
use crate::report::gate::{Case, Figure, Gate, Grade, Place, Suite};
use crate::results::{Floors, Manifest};
use crate::scenario::{Diagnostic, Scenario};

/// A command with its suites, the codes that apply, and where the rest is.
pub(super) fn gate(command: &str, verdict: &str, codes: &[u8], suites: Vec<Suite>, artefacts: Vec<String>) -> Gate {
    Gate {
        command: command.to_owned(),
        verdict: verdict.to_owned(),
        exit: exit::ranked(codes.iter().copied())[0],
        suites,
        rerun: command_line(std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned())),
        artefacts,
    }
}

/// The verdict of a command whose codes say all.
pub(super) fn verdict(codes: &[u8]) -> &'static str {
    match exit::ranked(codes.iter().copied())[0] {
        exit::FINE => "passed",
        exit::REGRESSION => "regressed",
        exit::INCONCLUSIVE => "inconclusive",
        exit::NOT_COMPARABLE => "not comparable",
        code if exit::is_verdict(code) => "failed",
        _ => "not complete",
    }
}

/// A command that could not do what was asked: its problems, each at its place.
pub(super) fn of_failure(command: &str, failure: &Failure) -> Gate {
    let mut cases = of_problems(&failure.problems);
    if cases.is_empty() {
        let message = format!("{}; {}", failure.message, failure.help);
        cases.push(failing(command, failure.code, message));
    }
    for case in cases.iter_mut().filter(|case| case.grade == Grade::Failure) {
        case.exit = Some(failure.code);
    }
    let suite = Suite { name: command.to_owned(), cases, ..Suite::default() };
    gate(command, verdict(&[failure.code]), &[failure.code], vec![suite], Vec::new())
}

/// Problems of files as cases.
pub(super) fn of_problems(problems: &[Diagnostic]) -> Vec<Case> {
    problems.iter().map(of_problem).collect()
}

fn of_problem(problem: &Diagnostic) -> Case {
    let Diagnostic { file, line, column, what, expected, help, .. } = problem;
    let (grade, word) = if problem.is_error() { (Grade::Failure, "error") } else { (Grade::Warning, "warning") };
    let expected = expected.as_ref().map(|expected| format!("expected {expected}"));
    let parts = [Some(what.clone()), expected, help.clone()];
    Case {
        name: format!("{file}:{line}:{column}"),
        grade,
        word: word.into(),
        message: parts.into_iter().flatten().collect::<Vec<_>>().join("; "),
        evidence: if problem.source.is_empty() { Vec::new() } else { vec![problem.source.clone()] },
        place: in_a_file(Place { file: file.clone(), line: *line, column: *column }),
        ..Case::default()
    }
}

/// A place that an annotation may name: an override from the command line is in no file.
fn in_a_file(place: Place) -> Option<Place> {
    (!place.file.is_empty() && !place.file.starts_with("--")).then_some(place)
}

/// A scenario that was run.
#[derive(Debug, Clone)]
pub(super) struct Ran<'a> {
    /// The scenario.
    pub(super) scenario: &'a Scenario,
    /// How far it came.
    pub(super) manifest: &'a Manifest,
    /// Its figures.
    pub(super) study: &'a Study,
    /// What the limits alone allow.
    pub(super) floors: &'a Floors,
    /// Its expectations.
    pub(super) judged: &'a [Judged],
    /// Its pictures.
    pub(super) pictures: &'a [Picture],
    /// The case of what it falls short of.
    pub(super) shortfall: Option<Case>,
}

/// Name of the one case that every run has.
pub(super) const COMPLETE: &str = "run is complete";

/// A case of something that could not be done.
pub(super) fn failing(name: &str, code: u8, why: String) -> Case {
    let (word, grade, exit) = ("fail".into(), Grade::Failure, Some(code));
    Case { name: name.to_owned(), grade, word, message: why, exit, ..Case::default() }
}

/// Everything that was judged of a scenario.
pub(super) fn of_run(ran: &Ran<'_>) -> Suite {
    let Ran { scenario, manifest, study, floors, judged, pictures, shortfall } = ran;
    let key = key_figures(study, floors).into_iter().map(|figure| shown(figure.heading, figure.text));
    let mut cases = vec![shortfall.clone().unwrap_or_else(|| complete(manifest))];
    cases.extend(of_problems(&scenario.warnings));
    let places = scenario.places.iter().cloned().map(in_a_file).chain(std::iter::repeat(None));
    cases.extend(judged.iter().zip(places).map(|(judged, place)| expectation(judged, place)));
    let bound = limits::in_order(study).map(|order| format!("limits that bound: {order}"));
    Suite {
        name: scenario.name.clone(),
        question: study.question.clone(),
        money: money(study),
        figures: key.chain(above_floors(study, floors)).collect(),
        listings: moves::listing(study).into_iter().collect(),
        cases,
        findings: manifest
            .answer
            .iter()
            .cloned()
            .chain(pictures.iter().map(|picture| picture.title.clone()))
            .chain(bound)
            .chain(circles::in_words(study))
            .chain(looks::in_words(study))
            .collect(),
        pictures: pictures.iter().map(|picture| format!("charts/{}.svg", picture.name)).collect(),
        assumptions: scenario.assumptions.clone(),
        origin: origin(manifest, study),
    }
}

/// Simulated figures beside what the limits alone allow.
fn above_floors(study: &Study, floors: &Floors) -> Vec<Figure> {
    let of = |(key, floor): (&MeasureKey, &f64)| {
        let reading = Reading::of(key.name);
        let simulated = reading.with_interval(study.estimates.get(key)?);
        Some(shown(&key.to_string(), format!("{simulated} (floor {})", reading.alone(*floor))))
    };
    floors.iter().filter_map(of).collect()
}

/// Every replication came to its end.
fn complete(manifest: &Manifest) -> Case {
    let message = counted(manifest);
    Case { name: COMPLETE.into(), word: "pass".into(), message, ..Case::default() }
}

fn counted(Manifest { replications_done, replications_asked, .. }: &Manifest) -> String {
    format!("{replications_done} of {replications_asked} replications")
}

fn expectation(judged: &Judged, place: Option<Place>) -> Case {
    Case {
        name: judged.expected(),
        grade: judged.grade(),
        word: judged.word().to_owned(),
        message: judged.sentence(),
        evidence: judged.evidence(),
        place,
        exit: judged.is_failure().then_some(exit::EXPECTATION),
        ..Case::default()
    }
}

/// Measures and labels that costs are read from, with the words for people: the whole first.
pub(super) const MONEY: [(&str, &str, &str); 2] = [
    ("cost_usd_per_month", "", "per month"),
    ("cost_per_device_usd_per_month", "per=registered", "per registered device and month"),
];

/// What a run costs.
fn money(study: &Study) -> Vec<Figure> {
    let of = |(measure, labels, name): (&str, &str, &str)| {
        let is = |key: &MeasureKey| key.name == measure && key.labels.to_string() == labels;
        let (_, estimate) = study.estimates.iter().find(|(key, estimate)| is(key) && estimate.n > 0)?;
        Some(shown(name, Reading::of(measure).brief(estimate)))
    };
    MONEY.into_iter().filter_map(of).collect()
}

/// A mean by itself, an amount with the sign of its currency.
pub(super) fn amount(measure: &str, mean: f64) -> String {
    Reading::of(measure).brief(&Estimate { mean, low: f64::NAN, high: f64::NAN, n: 1 })
}

fn shown(name: &str, value: String) -> Figure {
    Figure { name: name.to_owned(), value, ..Figure::default() }
}

/// Where the figures come from.
fn origin(manifest: &Manifest, study: &Study) -> Vec<String> {
    let Manifest { seed, inputs_hash, version, .. } = manifest;
    let whole = counted(manifest);
    let run = format!("{} from {}, {whole}, seed {seed}, stampsim {version}", study.horizon, study.start);
    let digest = manifest.digest.as_ref().map_or_else(|| "none, since the run is not complete".into(), Clone::clone);
    vec![run, format!("digest {digest}, inputs {inputs_hash}")]
}

/// A command line to be pasted into a shell.
fn command_line(words: impl Iterator<Item = String>) -> String {
    let quoted = |word: String| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
        if !word.is_empty() && word.chars().all(plain) { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
    };
    std::iter::once("stampsim".to_owned()).chain(words.map(quoted)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_survives_a_shell() {
        let words = ["run", "a b.toml", "--set", "x='\"1 h\"'", ""].map(str::to_owned).into_iter();
        assert_eq!(command_line(words), r#"stampsim run 'a b.toml' --set 'x='\''"1 h"'\''' ''"#);
    }

    #[test]
    fn a_failure_has_a_case_for_each_problem_or_one_of_its_own() {
        let mut failure = Failure::new(exit::INVALID, "1 problem; nothing was run", "look at it");
        let gate = of_failure("check", &failure);
        assert_eq!((gate.exit, gate.verdict.as_str(), gate.cases().count()), (10, "not complete", 1));
        let mut problem = Diagnostic::of_file("a.toml", "unknown key `sead`", Some("did you mean `seed`?".into()));
        problem.expected = Some("`seed`".into());
        let set = Diagnostic::of_file("--set", "unknown key", None);
        failure.problems = vec![problem, set];
        let gate = of_failure("check", &failure);
        let cases = &gate.suites[0].cases;
        assert_eq!(cases[0].message, "unknown key `sead`; expected `seed`; did you mean `seed`?");
        assert_eq!((cases[0].exit, cases[0].place.is_some(), cases[1].place.is_some()), (Some(10), true, false));
    }

    #[test]
    fn a_verdict_is_a_word() {
        for (codes, word) in
            [(&[][..], "passed"), (&[20], "failed"), (&[21, 22], "regressed"), (&[11, 20], "not complete")]
        {
            assert_eq!(verdict(codes), word);
        }
    }
}
