//! The JSON Schema (draft-07) of a scenario file, made from the types that read it, and what messages look up in it.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::scenario::file::File;

/// The schema of a scenario file. A committed copy is `docs/scenario.schema.json`.
pub fn scenario() -> Value {
    let schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<File>();
    schema.to_value()
}

/// The schema as the text of its file.
pub fn scenario_text() -> String {
    let mut text = serde_json::to_string_pretty(&scenario()).expect("a schema is plain data");
    text.push('\n');
    text
}

/// What is said of a key, such as `["stamps", "hub", "units"]`: the sentences of its reference.
pub fn describe(path: &[&str]) -> Option<String> {
    let root = scenario();
    let mut at = vec![&root];
    let mut about = None;
    for key in path {
        let property = properties(&at).into_iter().find(|(name, _)| name == key)?.1;
        about = property.get("description").and_then(Value::as_str);
        at = expand(&root, property);
    }
    // A key without a sentence of its own has that of its type.
    let of_type = || at.iter().find_map(|schema| schema.get("description").and_then(Value::as_str));
    about.or_else(of_type).map(|text| text.replace('\n', " "))
}

/// The keys that a table at this path may have, in order.
pub fn keys(path: &[&str]) -> Vec<String> {
    let root = scenario();
    let mut at = vec![&root];
    for key in path {
        let found = properties(&at).into_iter().find(|(name, _)| name == key);
        let Some((_, property)) = found else { return Vec::new() };
        at = expand(&root, property);
    }
    properties(&at).into_iter().map(|(name, _)| name.to_owned()).collect()
}

/// The tables in which a key may stand, as people write them: `[run]`, `[[cohorts]]`, `[cohorts.telemetry]`.
pub fn homes(key: &str) -> Vec<String> {
    let root = scenario();
    let mut found = Vec::new();
    search(&root, &root, key, &mut Vec::new(), &mut found);
    found
}

fn search(root: &Value, schema: &Value, key: &str, path: &mut Vec<String>, found: &mut Vec<String>) {
    const LEVELS: usize = 4;
    for (name, property) in properties(&expand(root, schema)) {
        if name == key && !path.is_empty() {
            let is_item = path.len() == 1 && is_array(root, &path[0]);
            let joined = path.join(".");
            found.push(if is_item { format!("[[{joined}]]") } else { format!("[{joined}]") });
        }
        if path.len() < LEVELS {
            path.push(name.to_owned());
            search(root, property, key, path, found);
            path.pop();
        }
    }
}

fn is_array(root: &Value, key: &str) -> bool {
    let property = root.get("properties").and_then(|properties| properties.get(key));
    property.and_then(|property| property.get("type")).and_then(Value::as_str) == Some("array")
}

/// The tables behind a schema: references followed, alternatives and items opened.
fn expand<'a>(root: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let mut open = vec![schema];
    let mut tables = Vec::new();
    while let Some(schema) = open.pop() {
        if let Some(name) =
            schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix("#/definitions/"))
        {
            open.extend(root.get("definitions").and_then(|definitions| definitions.get(name)));
        }
        for alternatives in ["allOf", "anyOf", "oneOf"] {
            open.extend(schema.get(alternatives).and_then(Value::as_array).into_iter().flatten());
        }
        open.extend(schema.get("items"));
        if schema.get("properties").is_some() || schema.get("description").is_some() {
            tables.push(schema);
        }
    }
    tables
}

fn properties<'a>(tables: &[&'a Value]) -> Vec<(&'a str, &'a Value)> {
    let of = |table: &&'a Value| table.get("properties").and_then(Value::as_object);
    tables.iter().filter_map(of).flatten().map(|(name, property)| (name.as_str(), property)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMITTED: &str = include_str!("../../docs/scenario.schema.json");

    /// `stampsim schema > docs/scenario.schema.json` writes it anew.
    #[test]
    fn the_committed_schema_is_the_one_of_the_types() {
        assert!(scenario_text() == COMMITTED, "docs/scenario.schema.json is not what the types say");
    }

    #[test]
    fn the_schema_is_draft_07_and_refuses_unknown_keys() {
        let schema = scenario();
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
        assert_eq!(schema["additionalProperties"], false);
        assert!(schema["definitions"].as_object().is_some_and(|definitions| definitions.len() > 20));
    }

    #[test]
    fn keys_are_described_and_found() {
        assert!(describe(&["run", "replications"]).is_some_and(|text| text.contains("Default 30")));
        assert!(describe(&["stamps", "hub", "units"]).is_some_and(|text| text.contains("Units")));
        assert!(describe(&["dps", "allocation", "hashed", "salt"]).is_some());
        assert_eq!(describe(&["run", "nothing"]), None);
        assert_eq!(homes("replications"), ["[run]"]);
        assert_eq!(homes("devices").first().map(String::as_str), Some("[[cohorts]]"));
        let kinds = keys(&["dps", "allocation"]);
        assert!(kinds.iter().any(|kind| kind == "least_loaded"), "{kinds:?}");
    }
}
