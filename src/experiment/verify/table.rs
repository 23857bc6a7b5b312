//! Reference values: tables with the public source of every row, embedded in the program.

use serde_json::Value;

/// Closed forms and published results for queues, limiters, storms, stamps, allocation, faults and methods.
const ANALYTIC: &str = include_str!("reference/analytic.csv");
/// Closed forms for the gateway's cache.
const CACHES: &str = include_str!("reference/caches.csv");
/// Columns that a table has; others are welcome.
const COLUMNS: [&str; 5] = ["model", "parameters", "metric", "value", "source"];

/// One reference value.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// What it is a value of, such as `M/M/1`.
    pub model: String,
    /// Parameters of the model, an object.
    pub parameters: Value,
    /// Which value of the model.
    pub metric: String,
    /// The value.
    pub value: f64,
    /// Where it was published or derived.
    pub source: String,
}

impl Reference {
    /// A parameter that is a number.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.parameters[name].as_f64()
    }

    /// A parameter that is a whole number.
    pub(super) fn whole(&self, name: &str) -> Option<u64> {
        self.number(name).filter(|value| *value >= 0.0 && value.fract().abs() <= 0.0).map(|value| value as u64)
    }

    /// A parameter that is a small whole number.
    pub(super) fn count(&self, name: &str) -> Option<u32> {
        self.whole(name).and_then(|value| u32::try_from(value).ok())
    }

    /// A parameter that is a list of numbers.
    pub(super) fn numbers(&self, name: &str) -> Option<Vec<f64>> {
        self.parameters[name].as_array()?.iter().map(Value::as_f64).collect()
    }

    /// The model with its parameters, in a line.
    pub(super) fn case(&self) -> String {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let pairs = self.parameters.as_object().into_iter().flatten();
        pairs.fold(self.model.clone(), |line, (name, value)| format!("{line} {name}={}", text(value)))
    }
}

/// The references that are built in.
#[derive(Debug, Clone)]
pub struct Table(Vec<Reference>);

impl Table {
    /// Every built-in reference.
    pub fn built_in() -> Self {
        let read = |text| Self::read(text).unwrap_or_else(|why| panic!("an embedded table is not sound: {why}")).0;
        Self([ANALYTIC, CACHES].into_iter().flat_map(read).collect())
    }

    /// Reads a table as CSV with the columns model, parameters (JSON), metric, value, source; says what is wrong, by line.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let headings = reader.headers().map_err(|error| error.to_string())?.clone();
        let place = |name: &&str| headings.iter().position(|heading| heading == *name);
        if let Some(missing) = COLUMNS.iter().find(|name| place(name).is_none()) {
            return Err(format!("line 1: the column `{missing}` is missing"));
        }
        let columns = COLUMNS.each_ref().map(|name| place(name).unwrap_or_default());
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| error.to_string())?;
            let line = record.position().map_or(0, csv::Position::line);
            rows.push(row(columns.map(|column| &record[column])).map_err(|why| format!("line {line}: {why}"))?);
        }
        if rows.is_empty() { Err("the table has no rows".to_owned()) } else { Ok(Self(rows)) }
    }

    /// All references in their order.
    pub fn rows(&self) -> &[Reference] {
        &self.0
    }

    /// A reference of a model by its parameters, written as JSON, where 1 and 1.0 are the same.
    pub(super) fn find(&self, model: &str, parameters: &str, metric: &str) -> &Reference {
        let wanted: Value = serde_json::from_str(parameters).expect("parameters of a case are JSON");
        let fits = |row: &&Reference| row.model == model && row.metric == metric && same(&row.parameters, &wanted);
        self.0.iter().find(fits).unwrap_or_else(|| panic!("no reference {metric} of {model} {parameters}"))
    }
}

/// A row from its cells in the order of [`COLUMNS`].
fn row([model, parameters, metric, value, source]: [&str; 5]) -> Result<Reference, String> {
    let parameters: Value = serde_json::from_str(parameters)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| format!("`{parameters}` is no JSON object, such as {{\"servers\": 2}}"))?;
    let value = value
        .parse()
        .ok()
        .filter(|value: &f64| value.is_finite())
        .ok_or_else(|| format!("the value `{value}` is no number"))?;
    Ok(Reference { model: model.to_owned(), parameters, metric: metric.to_owned(), value, source: source.to_owned() })
}

/// Equal as JSON, where 1 and 1.0 are the same.
fn same(a: &Value, b: &Value) -> bool {
    match (a.as_object(), b.as_object()) {
        (Some(a), Some(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        _ => a.as_f64().zip(b.as_f64()).map_or(a == b, |(a, b)| (a - b).abs() <= 0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_tables_are_whole() {
        let table = Table::built_in();
        assert_eq!(table.rows().len(), 511 + 31);
        assert!(table.rows().iter().all(|row| !row.source.is_empty()), "every row has a public source");
        assert!((table.find("M/M/1", r#"{"arrival_rate": 8.0, "service_rate": 10}"#, "Wq").value - 0.4).abs() < 1e-15);
    }

    #[test]
    fn a_wrong_table_names_its_line() {
        let head = "model,parameters,metric,value,source\n";
        for (text, part) in [
            ("model,metric\n", "line 1: the column `parameters`"),
            (head, "no rows"),
            (&format!("{head}a,{{}},b,1,c\na,[1],b,1,c\n"), "line 3: `[1]`"),
            (&format!("{head}a,{{}},b,one,c\n"), "line 2: the value `one`"),
            (&format!("{head}a,{{}},b,NaN,c\n"), "line 2: the value `NaN`"),
        ] {
            let why = Table::read(text).expect_err(text);
            assert!(why.contains(part), "{why}");
        }
        assert!(Table::read(&format!("{head}a,b\n")).is_err(), "a short line");
    }
}
