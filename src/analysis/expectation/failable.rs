//! Whether an expectation can fail at all: a gate that cannot is worse than none, since people rely on it.

use std::fmt;

use super::super::observations::{Estimate, Observations, Study};
use super::select::figures;
use super::{Absent, Bound, Comparison, Expectation, Grade, evaluate};
use crate::metrics::MeasureKey;
use crate::metrics::measure::{Measure, find};

/// Why an expectation can never fail, or cannot be shown to.
#[derive(Debug, Clone, PartialEq)]
pub enum Unfailable {
    /// There is nothing that could fail: the expectation is not judged at all.
    NotJudged(Absent),
    /// No value of the measure satisfies the bound.
    NoSuchValue(String),
    /// The worst values that the measure can have pass all the same.
    WorstPasses,
}

impl fmt::Display for Unfailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJudged(absent) => write!(f, "it is not judged: {absent}"),
            Self::NoSuchValue(why) => f.write_str(why),
            Self::WorstPasses => f.write_str("even the worst values would pass"),
        }
    }
}

/// Why no value of a measure can satisfy a bound; nothing where one can.
pub fn never_holds(bound: &Bound, measure: &Measure) -> Option<String> {
    if bound.holds(worst(bound, measure)) {
        return None;
    }
    let range = if measure.is_share { "lies between 0 and 1" } else { "is never below 0" };
    Some(format!("`{bound}` never holds: {} {range}", measure.name))
}

/// A value of the measure that satisfies the bound, if any value does.
fn worst(bound: &Bound, measure: &Measure) -> f64 {
    match bound.comparison {
        Comparison::Less | Comparison::AtMost => 0.0,
        Comparison::Greater | Comparison::AtLeast if measure.is_share => 1.0,
        Comparison::Greater | Comparison::AtLeast => 2.0 * bound.value.abs() + 1.0,
    }
}

/// Proves that an expectation can fail: every figure that it looks at is given the worst value that its measure can
/// have, and the whole judgement is carried out again.
pub fn can_fail(expectation: &Expectation, study: &Study, runs: &[Observations]) -> Result<(), Unfailable> {
    let outcome = evaluate(expectation, study, runs);
    if let Some(absent) = outcome.absent {
        return Err(Unfailable::NotJudged(absent));
    }
    let measure = find(&expectation.measure).expect("what was judged is a measure");
    if let Some(why) = never_holds(&expectation.fail_if, measure) {
        return Err(Unfailable::NoSuchValue(why));
    }
    let bad = worst(&expectation.fail_if, measure);
    let (mut study, mut runs) = (study.clone(), runs.to_vec());
    worsen(expectation, bad, &mut study, &mut runs);
    if evaluate(expectation, &study, &runs).grade == Grade::Fail { Ok(()) } else { Err(Unfailable::WorstPasses) }
}

fn worsen(expectation: &Expectation, bad: f64, study: &mut Study, runs: &mut [Observations]) {
    let estimates: Vec<MeasureKey> =
        figures(expectation, study.estimates.keys()).into_iter().flatten().cloned().collect();
    for key in &estimates {
        let n = study.estimates[key].n;
        study.estimates.insert(key.clone(), Estimate { mean: bad, low: bad, high: bad, n });
    }
    for run in runs {
        let keys: Vec<MeasureKey> = figures(expectation, run.series.keys()).into_iter().flatten().cloned().collect();
        for key in keys {
            let windows = run.series.get_mut(&key).into_iter().flatten();
            windows.filter(|value| !value.is_nan()).for_each(|value| *value = bad);
        }
        for key in &estimates {
            if let Some(value) = run.values.get_mut(key) {
                *value = bad;
            }
        }
    }
}
