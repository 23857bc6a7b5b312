//! Rows of the committed table of reference values, for tests.

use serde_json::Value;

/// One stated value.
pub(crate) struct Row {
    parameters: Value,
    /// What the value is.
    pub(crate) metric: String,
    /// The value.
    pub(crate) value: f64,
}

impl Row {
    /// A parameter that is a number.
    pub(crate) fn number(&self, name: &str) -> f64 {
        self.parameters[name].as_f64().unwrap_or_else(|| panic!("no number {name} in {}", self.parameters))
    }

    /// Asserts that a value computed here agrees within a relative error.
    #[track_caller]
    pub(crate) fn assert_near(&self, computed: f64, relative: f64) {
        let scale = self.value.abs().max(f64::MIN_POSITIVE);
        let close =
            (computed - self.value).abs() <= relative * scale || (self.value.abs() < 1e-300 && computed.abs() < 1e-12);
        assert!(close, "{} {}: {computed} instead of {}", self.parameters, self.metric, self.value);
    }
}

/// All rows of a model; there is at least one.
pub(crate) fn rows(model: &str) -> Vec<Row> {
    let text = include_str!("../../tests/reference/analytic-reference.csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<Row> = reader
        .records()
        .map(|record| record.expect("the table is well formed"))
        .filter(|record| &record[0] == model)
        .map(|record| Row {
            parameters: serde_json::from_str(&record[1]).expect("parameters are JSON"),
            metric: record[2].to_owned(),
            value: record[3].parse().expect("values are numbers"),
        })
        .collect();
    assert!(!rows.is_empty(), "no rows of {model}");
    rows
}
