//! Closed forms of `theory`, and constants of `analysis`, for each row of the tables.

mod fleet;
mod queues;
mod statistics;
mod storms;

use super::row::{Found, Margin, Row};
use super::table::Reference;

/// Agreement of two computations of one formula [1].
const CLOSE: Margin = Margin::Relative(1e-9);
/// Agreement with a reference that was printed with eight digits [1].
const PRINTED: Margin = Margin::Relative(1e-7);

/// What is computed for a reference, and how near it should come.
type Computed = Option<(f64, Margin)>;

/// A value that should agree to nine digits.
#[expect(clippy::unnecessary_wraps, reason = "it ends closed forms that may not know a metric")]
fn close(value: f64) -> Computed {
    Some((value, CLOSE))
}

/// One model of the tables.
struct Form {
    family: &'static str,
    model: &'static str,
    compute: fn(&Reference) -> Computed,
}

/// The models that have a closed form here.
fn forms() -> impl Iterator<Item = &'static Form> {
    [queues::FORMS, storms::FORMS, fleet::FORMS, fleet::CACHES, statistics::FORMS].into_iter().flatten()
}

/// The row of a reference, if its closed form is known.
pub(super) fn row(reference: &Reference) -> Option<Row> {
    let form = forms().find(|form| form.model == reference.model)?;
    let (value, margin) = (form.compute)(reference)?;
    Some(Row {
        family: form.family,
        case: reference.case(),
        figure: reference.metric.clone(),
        reference: reference.value,
        source: reference.source.clone(),
        found: Some(Found::computed(value)),
        margin,
    })
}
