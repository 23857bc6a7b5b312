//! The JSON Schema (draft-07) of a scenario file, made from the types that read it, and what messages look up in it.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::scenario::file::File;

/// The schema of a scenario file. A committed copy is `docs/scenario.schema.json`.
pub fn scenario() -> Value {
    draft_07::<File>()
}

/// The schema of a type.
pub fn draft_07<T: JsonSchema>() -> Value {
    SchemaSettings::draft07().into_generator().into_root_schema_for::<T>().to_value()
}

/// A key of a scenario file, for its reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// What it means, with its unit and default.
    pub about: String,
    /// How its value is written, where its type says so.
    pub written: Option<String>,
    /// Its default as it would be written, where it is one value.
    pub default: Option<String>,
    /// The keys below it, in order.
    pub keys: Vec<String>,
}

/// The key of a path such as `["stamps", "hub", "units"]`.
pub fn field(path: &[&str]) -> Option<Field> {
    let root = scenario();
    let (property, tables) = walk(&root, path)?;
    let own = sentence(property);
    let written = tables.iter().filter_map(|schema| sentence(schema)).find(|text| Some(text) != own.as_ref());
    let default = property.get("default").filter(|value| !value.is_object() && !value.is_array());
    Some(Field {
        about: describe(path).unwrap_or_default(),
        written,
        default: default.map(ToString::to_string),
        keys: names(&tables),
    })
}

/// What is said of a key, such as `["stamps", "hub", "units"]`: the sentences of its reference.
pub fn describe(path: &[&str]) -> Option<String> {
    let root = scenario();
    let (property, tables) = walk(&root, path)?;
    // A key without a sentence of its own has that of its type.
    sentence(property).or_else(|| of_types(&tables)).or_else(|| of_choice(&root, path))
}

/// What is said of a choice such as `zipf`: the sentence stands at the table that holds this one key.
fn of_choice(root: &Value, path: &[&str]) -> Option<String> {
    let (last, above) = path.split_last()?;
    let tables = walk(root, above)?.1;
    let holds = |table: &&&Value| {
        let keys = table.get("properties").and_then(Value::as_object);
        keys.is_some_and(|keys| keys.len() == 1 && keys.contains_key(*last))
    };
    tables.iter().find(holds).and_then(|table| sentence(table))
}

/// The keys that a table at this path may have, in order.
pub fn keys(path: &[&str]) -> Vec<String> {
    let root = scenario();
    let tables = if path.is_empty() { Some(expand(&root, &root)) } else { walk(&root, path).map(|(_, tables)| tables) };
    tables.map_or_else(Vec::new, |tables| names(&tables))
}

/// The path of every key, such as `gateway.cache.ttl`.
pub fn paths() -> Vec<String> {
    let root = scenario();
    let mut found = Vec::new();
    let show = &mut |path: &[String], name: &str| found.push([path, &[name.to_owned()]].concat().join("."));
    visit(&root, &root, (DEEPEST, &mut Vec::new()), &mut Vec::new(), show);
    found
}

/// The property at a path, and the tables behind it.
fn walk<'a>(root: &'a Value, path: &[&str]) -> Option<(&'a Value, Vec<&'a Value>)> {
    let (last, above) = path.split_last()?;
    let tables = if above.is_empty() { vec![root] } else { walk(root, above)?.1 };
    let property = properties(&tables).into_iter().find(|(name, _)| name == last)?.1;
    Some((property, expand(root, property)))
}

fn sentence(schema: &Value) -> Option<String> {
    schema.get("description").and_then(Value::as_str).map(|text| text.replace('\n', " "))
}

fn of_types(tables: &[&Value]) -> Option<String> {
    tables.iter().find_map(|schema| sentence(schema))
}

fn names(tables: &[&Value]) -> Vec<String> {
    properties(tables).into_iter().map(|(name, _)| name.to_owned()).collect()
}

/// The tables in which a key may stand, as people write them: `[run]`, `[[cohorts]]`, `[cohorts.telemetry]`.
pub fn homes(key: &str) -> Vec<String> {
    let root = scenario();
    let mut found = Vec::new();
    visit(&root, &root, (NEAR, &mut Vec::new()), &mut Vec::new(), &mut |path, name| {
        if name == key && !path.is_empty() {
            let is_item = path.len() == 1 && is_array(&root, &path[0]);
            let joined = path.join(".");
            found.push(if is_item { format!("[[{joined}]]") } else { format!("[{joined}]") });
        }
    });
    found
}

/// Levels below which tables are no place that a message names.
const NEAR: usize = 4;
/// More levels than a scenario file has.
const DEEPEST: usize = 12;

/// Shows every key with the path of its table, down to so many levels; a table that holds its own kind is opened once.
fn visit<'a>(
    root: &'a Value,
    schema: &'a Value,
    (levels, above): (usize, &mut Vec<*const Value>),
    path: &mut Vec<String>,
    show: &mut impl FnMut(&[String], &str),
) {
    for table in expand(root, schema) {
        let itself: *const Value = table;
        if above.contains(&itself) {
            continue;
        }
        above.push(itself);
        for (name, property) in properties(&[table]) {
            show(path, name);
            if path.len() < levels {
                path.push(name.to_owned());
                visit(root, property, (levels, above), path, show);
                path.pop();
            }
        }
        above.pop();
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
        let ttl = field(&["gateway", "cache", "ttl"]).expect("a key");
        assert_eq!(ttl.default.as_deref(), Some("\"1 h\""));
        assert!(ttl.about.contains("Default 1 h") && ttl.written.is_some() && ttl.keys.is_empty(), "{ttl:?}");
        assert!(field(&["gateway"]).is_some_and(|gateway| gateway.keys.contains(&"cache".to_owned())));
        let all = paths();
        assert!(
            ["question", "stamps.hub.units", "dps.allocation.hashed.salt"]
                .map(String::from)
                .iter()
                .all(|p| all.contains(p))
        );
        assert!(all.iter().all(|path| field(&path.split('.').collect::<Vec<_>>()).is_some()));
        assert_eq!(homes("replications"), ["[run]"]);
        assert_eq!(homes("devices").first().map(String::as_str), Some("[[cohorts]]"));
        let kinds = keys(&["dps", "allocation"]);
        assert!(kinds.iter().any(|kind| kind == "least_loaded"), "{kinds:?}");
    }
}
