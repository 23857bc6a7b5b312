//! What CI is told of a comparison: a suite for each candidate, a case for each figure that was judged.

use super::exit;
use super::figures::Reading;
use super::gate::{MONEY, amount};
use crate::analysis::{PairedDifference, Verdict};
use crate::experiment::compare::{Against, Judged, OneSided};
use crate::metrics::Better;
use crate::report::gate::{Case, Figure, Grade, Suite};
use crate::results::{self, Manifest, StoredRun};

/// A candidate whose results are those of the base, digest and all.
pub(super) fn identical(base: &StoredRun, candidate: &StoredRun, digest: &str) -> Suite {
    let message = format!("both have the digest {digest}");
    let case = Case { name: "digest".into(), word: "identical".into(), message, ..Case::default() };
    Suite { cases: vec![case], ..origin(base, candidate) }
}

/// A candidate that was judged; `fails_on_doubt` gives what is open an exit code.
pub(super) fn judged(base: &StoredRun, candidate: &StoredRun, against: &Against, fails_on_doubt: bool) -> Suite {
    let figures = against.judged.iter().map(|judged| case(judged, fails_on_doubt));
    let cases = figures.chain(against.one_sided.iter().map(|one| case_of_one(one, fails_on_doubt))).collect();
    Suite { money: money(&against.judged), cases, ..origin(base, candidate) }
}

/// The run folders of all sides, the candidates first.
pub(super) fn folders<'a>(base: &'a StoredRun, candidates: impl IntoIterator<Item = &'a StoredRun>) -> Vec<String> {
    candidates.into_iter().chain([base]).map(|run| run.folder.display().to_string()).collect()
}

/// Where the figures come from.
fn origin(base: &StoredRun, candidate: &StoredRun) -> Suite {
    let of = |run: &StoredRun| format!("{} ({})", run.manifest.scenario, run.folder.display());
    let origin = |side: &str, run: &StoredRun| {
        let Manifest { replications_done, seed, horizon, version, .. } = &run.manifest;
        format!("{side}: {}, {replications_done} replications of {horizon}, seed {seed}, stampsim {version}", of(run))
    };
    Suite {
        name: format!("{} against {}", candidate.manifest.scenario, base.manifest.scenario),
        question: candidate.manifest.question.clone(),
        origin: vec![origin("base", base), origin("this", candidate)],
        ..Suite::default()
    }
}

/// Costs of both sides, where they were compared.
fn money(judged: &[Judged]) -> Vec<Figure> {
    let of = |(measure, labels, name): (&str, &str, &str)| {
        let is_it = |j: &&Judged| j.difference.key.measure == measure && j.difference.key.labels == labels;
        let difference = &judged.iter().find(is_it)?.difference;
        let [base, value] = [difference.base, difference.candidate].map(|mean| amount(measure, mean));
        Some(Figure { name: name.to_owned(), base: Some(base), value, ..both(difference) })
    };
    MONEY.into_iter().filter_map(of).collect()
}

/// A figure of both sides as it is read.
fn both(d: &PairedDifference<results::Figure>) -> Figure {
    let reading = Reading::of(&d.key.measure);
    let range = if d.identical { "0".to_owned() } else { reading.range(d.low, d.high) };
    Figure {
        name: d.key.to_string(),
        base: Some(reading.alone(d.base)),
        value: reading.alone(d.candidate),
        difference: Some(range),
    }
}

/// A compared figure.
fn case(judged: &Judged, fails_on_doubt: bool) -> Case {
    let (d, verdict) = (&judged.difference, &judged.judgement.verdict);
    let figure = both(d);
    let (base, range) = (figure.base.clone().unwrap_or_default(), figure.difference.clone().unwrap_or_default());
    Case {
        name: figure.name.clone(),
        word: judged.word().to_owned(),
        message: format!("{} {verdict}: {base} → {}, difference {range}", figure.name, figure.value),
        figure: Some(figure),
        is_changed: !matches!(verdict, Verdict::Identical | Verdict::Equivalent),
        ..graded(verdict, d.better, fails_on_doubt)
    }
}

/// A figure that one side lacks.
fn case_of_one(one: &OneSided, fails_on_doubt: bool) -> Case {
    let OneSided { figure, better, verdict } = one;
    Case {
        name: figure.to_string(),
        word: verdict.word().to_owned(),
        message: format!("{figure} {verdict}"),
        is_changed: true,
        ..graded(verdict, *better, fails_on_doubt)
    }
}

/// Grade and exit code of a verdict.
fn graded(verdict: &Verdict, better: Better, fails_on_doubt: bool) -> Case {
    let is_open = matches!(verdict, Verdict::Inconclusive { .. } | Verdict::NotComparable { .. });
    let (grade, exit) = match verdict {
        Verdict::Regressed => (Grade::Failure, Some(exit::REGRESSION)),
        _ if is_open && better != Better::Neither => {
            (Grade::Inconclusive, fails_on_doubt.then_some(exit::INCONCLUSIVE))
        }
        _ => (Grade::Pass, None),
    };
    Case { grade, exit, ..Case::default() }
}
