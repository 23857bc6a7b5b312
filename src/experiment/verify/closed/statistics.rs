//! Constants of the methods in `analysis`.

use std::collections::BTreeMap;

use super::{Computed, Form, Reference, close};
use crate::analysis::paired::PairedDifference;
use crate::analysis::precision::{Rule, replications_for_relative};
use crate::analysis::quantile::ranks;
use crate::analysis::rank::h_squared;
use crate::analysis::{compare, student};
use crate::metrics::Better;

const STATISTICS: &str = "constants of statistics";

pub(super) const FORMS: &[Form] = &[
    Form { family: STATISTICS, model: "t interval constant", compute: critical },
    Form { family: STATISTICS, model: "order-statistic CI for a quantile", compute: order },
    Form { family: STATISTICS, model: "replications for relative precision", compute: replications },
    Form { family: STATISTICS, model: "KN constants", compute: selection },
    Form { family: STATISTICS, model: "common random numbers", compute: pairing },
];

fn critical(row: &Reference) -> Computed {
    let confidence = row.number("confidence")?;
    match row.metric.as_str() {
        "t_critical" => close(student::critical(confidence, row.number("n")? - 1.0)),
        "normal_critical" => close(student::normal_quantile(0.5 + confidence / 2.0)),
        _ => None,
    }
}

fn order(row: &Reference) -> Computed {
    let ranks = ranks(row.whole("n")?, row.number("quantile")?, row.number("confidence")?).ok()?;
    match row.metric.as_str() {
        "lower_rank" => close(ranks.lower as f64),
        "upper_rank" => close(ranks.upper as f64),
        "coverage" => close(ranks.coverage),
        _ => None,
    }
}

fn replications(row: &Reference) -> Computed {
    let rule = match row.metric.as_str() {
        "n_law_adjusted" => Rule::Adjusted,
        "n_plain" => Rule::Plain,
        _ => return None,
    };
    let is_ours = (row.number("confidence")? - crate::analysis::interval::CONFIDENCE).abs() < 1e-12;
    let wanted = row.number("relative_half_width")?;
    let n = replications_for_relative(row.number("mean")?, row.number("sd")?, wanted, rule)?;
    is_ours.then(|| close(f64::from(n))).flatten()
}

/// Kim and Nelson's screening: h squared is 2 eta (n0 - 1).
fn selection(row: &Reference) -> Computed {
    let (systems, first_stage) = (row.count("systems")?, row.count("n0")?);
    let h2 = h_squared(systems as usize, row.number("alpha")?, first_stage);
    match row.metric.as_str() {
        "h2" => close(h2),
        "eta" => close(h2 / (2.0 * (f64::from(first_stage) - 1.0))),
        _ => None,
    }
}

/// A sample of four pairs with exactly these deviations and this correlation goes through the paired comparison.
fn pairing(row: &Reference) -> Computed {
    let (a, b, r) = (row.number("sd_a")?, row.number("sd_b")?, row.number("correlation")?);
    // Two orthogonal contrasts of mean 0 and deviation 1.
    let unit = 0.75_f64.sqrt();
    let contrasts = [(unit, unit), (unit, -unit), (-unit, unit), (-unit, -unit)];
    let side = |of: &dyn Fn((f64, f64)) -> f64| contrasts.map(|c| BTreeMap::from([((), of(c))]));
    let base = side(&|(u, _)| a * u);
    let candidate = side(&|(u, v)| b * (r * u + (1.0 - r * r).sqrt() * v));
    let paired = compare(&base, &candidate, |()| Better::Neither);
    let PairedDifference { deviation, variance_ratio, .. } = paired.differences.first()?;
    match row.metric.as_str() {
        "var_independent" => close(deviation * deviation * variance_ratio),
        "var_crn" => close(deviation * deviation),
        "variance_ratio" => close(*variance_ratio),
        _ => None,
    }
}
