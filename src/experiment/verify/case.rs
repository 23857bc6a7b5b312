//! A simulated case: a scenario text with overrides, and the figures expected of it.

use std::path::Path;

use super::row::{Found, Margin, Row};
use super::table::Reference;
use crate::analysis::Observations;
use crate::experiment::run::ScenarioResult;
use crate::kernel::draws::stable_name;
use crate::scenario::{Diagnostic, Scenario, load_text};

/// Reads a figure from the observations of a replication.
type Read = Box<dyn Fn(&Observations) -> Option<f64> + Send + Sync>;

/// One figure that is expected.
pub(super) struct Check {
    /// What the figure should be.
    pub(super) reference: Reference,
    /// Figures of the model per unit of the reference, such as 1,000 ms for 1 s.
    scale: f64,
    margin: Margin,
    figure: String,
    read: Read,
}

/// A scenario and what is expected of it.
pub(super) struct Case {
    /// The family that its rows are counted in.
    pub(super) family: &'static str,
    /// Its name, which seeds it: no seed was ever chosen for its result.
    pub(super) name: String,
    text: &'static str,
    sets: Vec<String>,
    /// What is expected.
    pub(super) checks: Vec<Check>,
}

impl Case {
    /// A case with the text of its scenario.
    pub(super) fn new(family: &'static str, name: impl Into<String>, text: &'static str) -> Self {
        Self { family, name: name.into(), text, sets: Vec::new(), checks: Vec::new() }
    }

    /// One more override, such as `run.replications=3`.
    pub(super) fn set(mut self, set: impl Into<String>) -> Self {
        self.sets.push(set.into());
        self
    }

    /// Expects a figure, by its printed key such as `wait_ms{at=send quantile=0.5}`.
    pub(super) fn expect(self, figure: &str, reference: &Reference, margin: Margin) -> Self {
        self.expect_scaled(figure, reference, 1.0, margin)
    }

    /// As [`Case::expect`], with so many units of the figure in one of the reference.
    pub(super) fn expect_scaled(self, figure: &str, reference: &Reference, scale: f64, margin: Margin) -> Self {
        let key = figure.to_owned();
        self.expect_of(figure, reference, scale, margin, move |run| value(run, &key))
    }

    /// Expects what is read from the observations of each replication.
    pub(super) fn expect_of(
        mut self,
        figure: &str,
        reference: &Reference,
        scale: f64,
        margin: Margin,
        read: impl Fn(&Observations) -> Option<f64> + Send + Sync + 'static,
    ) -> Self {
        let (figure, read) = (figure.to_owned(), Box::new(read));
        self.checks.push(Check { reference: reference.clone(), scale, margin, figure, read });
        self
    }

    /// The validated scenario.
    pub(super) fn scenario(&self) -> Result<Scenario, Vec<Diagnostic>> {
        // TOML's whole numbers have 63 bits.
        let seed = format!("run.seed={}", stable_name(&self.name) >> 1);
        let sets: Vec<String> = std::iter::once(seed).chain(self.sets.iter().cloned()).collect();
        load_text(&self.name, self.text, Path::new(""), &sets)
    }

    /// A row for each check.
    pub(super) fn rows(&self, result: &ScenarioResult) -> Vec<Row> {
        self.checks.iter().map(|check| check.row(self, result)).collect()
    }
}

impl Check {
    fn row(&self, case: &Case, result: &ScenarioResult) -> Row {
        let values: Vec<f64> = result.observations.iter().filter_map(&self.read).collect();
        // A figure that some replications lack has no mean over all of them.
        let whole = values.len() == result.asked as usize;
        Row {
            family: case.family,
            case: case.name.clone(),
            figure: self.figure.clone(),
            reference: self.reference.value * self.scale,
            source: self.reference.source.clone(),
            found: Found::over(&values).filter(|_| whole),
            margin: self.margin,
        }
    }
}

/// A figure by its printed key.
pub(super) fn value(run: &Observations, key: &str) -> Option<f64> {
    run.values.iter().find(|(k, _)| k.to_string() == key).map(|(_, value)| *value)
}

/// The value of a series, by its printed key, in a window.
pub(super) fn window(run: &Observations, key: &str, window: usize) -> Option<f64> {
    run.series.iter().find(|(k, _)| k.to_string() == key).and_then(|(_, values)| values.get(window).copied())
}

/// A published value that is in no table.
pub(super) fn published(value: f64, source: &str) -> Reference {
    Reference {
        model: "published".to_owned(),
        parameters: serde_json::Value::Object(serde_json::Map::new()),
        metric: String::new(),
        value,
        source: source.to_owned(),
    }
}
