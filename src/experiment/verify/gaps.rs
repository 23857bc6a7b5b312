//! What is not re-derived, with the reason: never a pass.

use std::collections::BTreeMap;

use super::replay;
use super::table::Reference;

/// References or published cases that are not re-derived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// What it is about.
    pub case: String,
    /// Rows of the tables; 0 for a published case that is not in them.
    pub rows: usize,
    /// Why.
    pub reason: &'static str,
}

const LATER: &str = "a method that is not there yet";
const OWN_ERROR: &str = "the standard error of a reference, which nothing has to reproduce";

/// Published cases beyond the tables.
const PUBLISHED: [(&str, &str); 4] = [
    (
        "random access below overload (3GPP TR 37.868, RACH capacity)",
        "a radio model, with an admission rule of its own",
    ),
    (
        "Beta arrivals, message by message (3GPP TR 37.868)",
        "no Beta law for first attempts; the fluid is among the closed forms",
    ),
    ("repair times of LANL (Schroeder and Gibson, DSN 2006)", "observed data: parameters of faults, nothing to derive"),
    ("cloud incidents 2018-2019 (Cloud Uptime Archive)", "observed data: parameters of faults, nothing to derive"),
];

/// Why a reference has neither a closed form nor a simulation; nothing if none is known.
pub(super) fn reason(reference: &Reference) -> Option<&'static str> {
    if reference.metric.ends_with("_se") {
        return Some(OWN_ERROR);
    }
    match reference.model.as_str() {
        "OCBA allocation" | "Ishigami Sobol indices" | "Sobol g-function indices" => Some(LATER),
        "AR(1) mean (batch means check)" => Some("a property of a process; batch means are tested on samples of it"),
        _ => None,
    }
}

/// References grouped by model and reason.
pub(super) fn all<'a>(references: impl Iterator<Item = &'a Reference>) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = Vec::new();
    for reference in references {
        let reason = reason(reference).unwrap_or("no closed form of this model and metric is known");
        count(&mut gaps, reference.model.clone(), reason);
    }
    gaps
}

/// Lines of the table of cache policies by their reason, and published cases.
pub(super) fn built_in() -> Vec<Gap> {
    let mut open: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for run in replay::runs() {
        run.gap().into_iter().for_each(|reason| open.entry(reason).or_default().push(run.policy.clone()));
    }
    let policies = open.into_iter().map(|(reason, mut names)| {
        let rows = names.len();
        names.sort_unstable();
        names.dedup();
        Gap { case: format!("cache policies {}", names.join(", ")), rows, reason }
    });
    policies.chain(PUBLISHED.map(|(case, reason)| Gap { case: case.to_owned(), rows: 0, reason })).collect()
}

fn count(gaps: &mut Vec<Gap>, case: String, reason: &'static str) {
    match gaps.iter_mut().find(|gap| gap.case == case && gap.reason == reason) {
        Some(gap) => gap.rows += 1,
        None => gaps.push(Gap { case, rows: 1, reason }),
    }
}
