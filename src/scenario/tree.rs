//! The text of a scenario as a tree in which every key and value knows its place, across all the files it is made of.
//!
//! The tree is what bases are merged into, what overrides are set in, and where the semantic rules look up the place of
//! what they blame. A place is a range of bytes over all texts laid end to end (`diagnostic::Sources`).

use std::borrow::Cow;
use std::ops::Range;

use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

use crate::scenario::diagnostic::{Finding, unknown};

/// A place in the texts of a scenario.
pub(super) type Span = Range<usize>;

/// Tables with one entry that is named after what it is: another name replaces the entry instead of joining it.
const CHOICES: &[&str] = &[
    "allocation",
    "cause",
    "eviction",
    "fallback",
    "growth",
    "kind",
    "policy",
    "popularity",
    "profile",
    "reconnect",
    "remediation",
    "retry",
];

/// Names of policies under a key that is elsewhere a table of its own.
const ROUTES: &[&str] = &["traffic_manager", "instant_switch"];

/// Names of laws; a table that holds one of them is replaced as a whole.
const LAWS: &[&str] = &["constant", "uniform", "exponential", "lognormal", "gamma", "weibull", "erlang"];

/// Keys that exclude each other: where the overlay says one of the first, the second go.
const RIVALS: &[(&[&str], &[&str])] = &[
    (&["poisson"], &["every", "jitter"]),
    (&["every", "jitter"], &["poisson", "profile"]),
    (&["drawn"], &["at", "for", "incidents"]),
    (&["at", "for"], &["drawn", "incidents"]),
    (&["incidents"], &["at", "for", "drawn"]),
];

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// Where the value is; for a table with a header the header.
    pub(super) span: Span,
    /// What it is.
    pub(super) kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Text.
    Text(String),
    /// A number, a date or a truth value, as it is written in TOML.
    Plain(String),
    /// An array.
    Array(Vec<Node>),
    /// A table, in the order of its keys.
    Table(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// The key.
    pub(super) key: String,
    /// Where the key is.
    pub(super) span: Span,
    /// The value.
    pub(super) value: Node,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Into a table.
    Key(String),
    /// Into an array.
    Index(usize),
}

/// The steps of a path such as `stamps/0/hub/units`.
pub(super) fn steps(path: &str) -> Vec<Step> {
    let step = |part: &str| part.parse().map_or_else(|_| Step::Key(part.to_owned()), Step::Index);
    path.split('/').filter(|part| !part.is_empty()).map(step).collect()
}

/// Reads a text whose first byte has the number `from`; every mistake of syntax is a finding with its place.
///
/// The parser bounds the depth of what it reads, and with it the depth of every walk over the tree.
pub(super) fn parse(text: &str, from: usize) -> Result<Node, Vec<(Span, Finding)>> {
    let (tree, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(node(0..0, DeValue::Table(tree.into_inner()), from));
    }
    let line = |at: usize| text.get(..at).unwrap_or(text).matches('\n').count();
    let (mut mistakes, mut lines) = (Vec::new(), Vec::new());
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        // One slip makes the parser stumble more than once on the same line.
        if !lines.contains(&line(span.start)) {
            lines.push(line(span.start));
            mistakes.push((from + span.start..from + span.end, syntax(error.message())));
        }
    }
    Err(mistakes)
}

/// A message of the parser, such as "string values must be quoted, expected literal string".
fn syntax(message: &str) -> Finding {
    let (what, expected) = message.split_once(", expected ").map_or((message, None), |(what, rest)| (what, Some(rest)));
    match (what, expected) {
        ("string values must be quoted", _) => Finding::new("text without quotes").help("write it as \"...\""),
        ("recursion limit", _) => Finding::new("the text is nested too deep").expected("a few levels"),
        ("duplicate key", _) => Finding::new("the key is given twice").help("keep one of the two"),
        (what, Some(expected)) => Finding::new(format!("not TOML: {what}")).expected(expected),
        (what, None) => Finding::new(format!("not TOML: {what}")),
    }
}

fn moved(span: &Span, by: usize) -> Span {
    span.start + by..span.end + by
}

fn node(span: Span, value: DeValue<'_>, from: usize) -> Node {
    let kind = match value {
        DeValue::String(text) => Kind::Text(text.into_owned()),
        DeValue::Integer(number) => Kind::Plain(number.to_string()),
        DeValue::Float(number) => Kind::Plain(number.to_string()),
        DeValue::Boolean(flag) => Kind::Plain(flag.to_string()),
        DeValue::Datetime(date) => Kind::Plain(date.to_string()),
        DeValue::Array(items) => {
            Kind::Array(items.into_iter().map(|item| node(item.span(), item.into_inner(), from)).collect())
        }
        DeValue::Table(table) => Kind::Table(table.into_iter().map(|(key, value)| entry(key, value, from)).collect()),
    };
    Node { span: moved(&span, from), kind }
}

fn entry(key: Spanned<Cow<'_, str>>, value: Spanned<DeValue<'_>>, from: usize) -> Entry {
    let (span, at) = (moved(&key.span(), from), value.span());
    Entry { key: key.into_inner().into_owned(), span, value: node(at, value.into_inner(), from) }
}

impl Node {
    /// An empty table.
    pub(super) fn empty() -> Self {
        Self { span: 0..0, kind: Kind::Table(Vec::new()) }
    }

    /// The tree as the deserializer of TOML takes it.
    pub(super) fn to_table(&self) -> Spanned<DeTable<'_>> {
        match self.value() {
            DeValue::Table(table) => Spanned::new(self.span.clone(), table),
            _ => Spanned::new(self.span.clone(), DeTable::new()),
        }
    }

    fn value(&self) -> DeValue<'_> {
        match &self.kind {
            Kind::Text(text) => DeValue::String(Cow::Borrowed(text)),
            Kind::Plain(text) => DeValue::parse(text).map_or(DeValue::String(Cow::Borrowed(text)), Spanned::into_inner),
            Kind::Array(items) => {
                DeValue::Array(items.iter().map(|item| Spanned::new(item.span.clone(), item.value())).collect())
            }
            Kind::Table(entries) => {
                let mut table = DeTable::new();
                for entry in entries {
                    let key = Spanned::new(entry.span.clone(), Cow::Borrowed(entry.key.as_str()));
                    table.insert(key, Spanned::new(entry.value.span.clone(), entry.value.value()));
                }
                DeValue::Table(table)
            }
        }
    }

    /// The entries of a table; none of anything else.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Table(entries) => entries,
            _ => &[],
        }
    }

    fn entries_mut(&mut self) -> &mut Vec<Entry> {
        if !matches!(self.kind, Kind::Table(_)) {
            self.kind = Kind::Table(Vec::new());
        }
        match &mut self.kind {
            Kind::Table(entries) => entries,
            _ => unreachable!("it was just made a table"),
        }
    }

    /// The entry of a key.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The text of a key.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match &self.entry(key)?.value.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    fn child(&self, step: &Step) -> Option<&Node> {
        match (step, &self.kind) {
            (Step::Key(key), _) => self.entry(key).map(|entry| &entry.value),
            (Step::Index(index), Kind::Array(items)) => items.get(*index),
            // A key may look like a number.
            (Step::Index(index), _) => self.entry(&index.to_string()).map(|entry| &entry.value),
        }
    }

    fn child_mut(&mut self, step: &Step) -> Option<&mut Node> {
        match (step, &mut self.kind) {
            (Step::Key(key), Kind::Table(entries)) => {
                entries.iter_mut().find(|entry| entry.key == *key).map(|entry| &mut entry.value)
            }
            (Step::Index(index), Kind::Array(items)) => items.get_mut(*index),
            _ => None,
        }
    }

    /// The node at a path, if it exists.
    pub(super) fn at(&self, path: &[Step]) -> Option<&Node> {
        path.iter().try_fold(self, |node, step| node.child(step))
    }

    fn at_mut(&mut self, path: &[Step]) -> Option<&mut Node> {
        path.iter().try_fold(self, |node, step| node.child_mut(step))
    }

    /// Where the value of a path is; of what is not written, where the innermost table around it is.
    pub(super) fn place(&self, path: &str) -> Span {
        let path = steps(path);
        let written = (0..=path.len()).rev().find_map(|end| self.at(&path[..end]).filter(|node| !node.span.is_empty()));
        written.map_or(0..0, |node| node.span.clone())
    }

    /// Where the key of a path is; of what is not written, where the innermost table around it is.
    pub(super) fn place_of_key(&self, path: &str) -> Span {
        let all = steps(path);
        let Some((Step::Key(key), above)) = all.split_last() else { return self.place(path) };
        let entry = self.at(above).and_then(|node| node.entry(key));
        entry.map_or_else(|| self.place(path), |entry| entry.span.clone())
    }

    /// The path of the innermost key or value that is at this place.
    pub(super) fn path_of(&self, span: &Span) -> Option<Vec<Step>> {
        let below = |step: Step, child: &Node| {
            let mut path = vec![step];
            path.extend(child.path_of(span)?);
            Some(path)
        };
        let found = match &self.kind {
            Kind::Table(entries) => entries.iter().find_map(|entry| {
                let step = Step::Key(entry.key.clone());
                below(step.clone(), &entry.value).or_else(|| (entry.span == *span).then(|| vec![step]))
            }),
            Kind::Array(items) => items.iter().enumerate().find_map(|(i, item)| below(Step::Index(i), item)),
            _ => None,
        };
        found.or_else(|| (self.span == *span).then(Vec::new))
    }

    /// Takes away what is at a path, and every table above it that is empty then.
    pub(super) fn remove(&mut self, path: &[Step]) {
        let Some((last, above)) = path.split_last() else {
            self.kind = Kind::Table(Vec::new());
            return;
        };
        let Some(node) = self.at_mut(above) else { return };
        match (&mut node.kind, last) {
            (Kind::Table(entries), Step::Key(key)) => entries.retain(|entry| entry.key != *key),
            (Kind::Array(items), Step::Index(index)) if *index < items.len() => {
                items.remove(*index);
            }
            _ => {}
        }
        let is_key = matches!(above.last(), Some(Step::Key(_)));
        let is_empty = matches!(&node.kind, Kind::Table(entries) if entries.is_empty());
        if is_key && is_empty {
            self.remove(above);
        }
    }

    /// Sets a value at a path of keys, making the tables on the way; items of arrays go by `name` or number.
    pub(super) fn set(&mut self, path: &[Entry], value: Node) -> Result<(), (Span, Finding)> {
        let [first, rest @ ..] = path else {
            overlay(self, value, "");
            return Ok(());
        };
        match &mut self.kind {
            Kind::Array(items) => item_of(items, first)?.set(rest, value),
            Kind::Table(entries) => {
                let inside = !rest.is_empty() && !CHOICES.contains(&first.key.as_str());
                if let Some(entry) = entries.iter_mut().find(|entry| inside && entry.key == first.key) {
                    return entry.value.set(rest, value);
                }
                overlay_table(self, vec![Entry { value: wrapped(rest, value), ..first.clone() }]);
                Ok(())
            }
            _ => Err((
                first.span.clone(),
                Finding::new(format!("`{}` is looked for in a value that is no table", first.key)),
            )),
        }
    }
}

/// A value in a table for each key of a path.
fn wrapped(path: &[Entry], value: Node) -> Node {
    path.iter().rev().fold(value, |value, entry| {
        let span = entry.span.clone();
        Node { span, kind: Kind::Table(vec![Entry { value, ..entry.clone() }]) }
    })
}

/// The item of an array that a key names, by its `name` or its number from 0.
fn item_of<'a>(items: &'a mut [Node], key: &Entry) -> Result<&'a mut Node, (Span, Finding)> {
    let named = items.iter().position(|item| item.text("name") == Some(&key.key));
    if let Some(index) = named.or_else(|| key.key.parse().ok()).filter(|index| *index < items.len()) {
        return Ok(&mut items[index]);
    }
    let names: Vec<&str> = items.iter().filter_map(|item| item.text("name")).collect();
    Err((key.span.clone(), unknown("item", &key.key, &names)))
}

/// Lays a value over another: tables key by key, arrays of tables by name, anything else as a whole.
pub(super) fn overlay(base: &mut Node, over: Node, key: &str) {
    let Node { span, kind } = over;
    match (&mut base.kind, kind) {
        (Kind::Table(below), Kind::Table(above)) if !replaces(key, below, &above) => {
            if !span.is_empty() {
                base.span = span;
            }
            overlay_table(base, above);
        }
        (Kind::Array(below), Kind::Array(above)) if names_of(&above).any(|name| names_of(below).any(|n| n == name)) => {
            for item in above {
                let same = item.text("name").and_then(|name| below.iter().position(|b| b.text("name") == Some(name)));
                match same {
                    Some(index) => overlay(&mut below[index], item, ""),
                    None => below.push(item),
                }
            }
        }
        (_, kind) => *base = Node { span, kind },
    }
}

fn names_of(items: &[Node]) -> impl Iterator<Item = &str> {
    items.iter().filter_map(|item| item.text("name"))
}

fn overlay_table(base: &mut Node, above: Vec<Entry>) {
    let said = |keys: &[&str]| above.iter().any(|entry| keys.contains(&entry.key.as_str()));
    let gone: Vec<&str> =
        RIVALS.iter().filter(|(first, _)| said(first)).flat_map(|(_, second)| second.iter().copied()).collect();
    let entries = base.entries_mut();
    entries.retain(|entry| !gone.contains(&entry.key.as_str()));
    for entry in above {
        match entries.iter_mut().find(|below| below.key == entry.key) {
            Some(below) => {
                below.span = entry.span;
                overlay(&mut below.value, entry.value, &entry.key);
            }
            None => entries.push(entry),
        }
    }
}

/// Whether a table over another takes its place instead of being merged into it.
fn replaces(key: &str, below: &[Entry], above: &[Entry]) -> bool {
    let [only] = above else { return false };
    let other = below.iter().all(|entry| entry.key != only.key);
    let is_choice = CHOICES.contains(&key) || ROUTES.contains(&only.key.as_str());
    if is_choice { other } else { LAWS.contains(&only.key.as_str()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Node {
        parse(text, 0).expect(text)
    }

    /// The tree as text, keys in order, without places.
    fn plain(node: &Node) -> String {
        match &node.kind {
            Kind::Text(text) => format!("{text:?}"),
            Kind::Plain(text) => text.clone(),
            Kind::Array(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(",")),
            Kind::Table(entries) => {
                let mut parts: Vec<_> = entries.iter().map(|e| format!("{}={}", e.key, plain(&e.value))).collect();
                parts.sort_unstable();
                format!("{{{}}}", parts.join(","))
            }
        }
    }

    fn merged(base: &str, over: &str) -> String {
        let mut base = tree(base);
        overlay(&mut base, parse(over, 10_000).expect(over), "");
        plain(&base)
    }

    #[test]
    fn tables_merge_and_values_replace() {
        assert_eq!(merged("[a]\nx = 1\ny = 2", "[a]\ny = 3\nz = [1]"), "{a={x=1,y=3,z=[1]}}");
        assert_eq!(merged("a = [1, 2]", "a = [3]"), "{a=[3]}");
    }

    #[test]
    fn another_policy_replaces_and_the_same_is_merged() {
        assert_eq!(merged("[retry.python]\ninterval = \"5 s\"", "[retry.c]"), "{retry={c={}}}");
        let same = merged("[retry.exponential]\ncap = \"5 s\"", "[retry.exponential]\nbase = \"1 s\"");
        assert_eq!(same, "{retry={exponential={base=\"1 s\",cap=\"5 s\"}}}");
        let law =
            merged("w = { lognormal = { median = 1, p99 = 2 } }", "w = { lognormal = { median = 1, sigma = 2 } }");
        assert_eq!(law, "{w={lognormal={median=1,sigma=2}}}");
        assert_eq!(merged("t = { every = 1, size = 2 }", "t = { poisson = 3 }"), "{t={poisson=3,size=2}}");
    }

    #[test]
    fn arrays_of_tables_merge_by_name_or_are_replaced() {
        let base = "[[a]]\nname = \"x\"\nn = 1\n[[a]]\nname = \"y\"\nn = 2";
        assert_eq!(merged(base, "[[a]]\nname = \"y\"\nn = 3"), "{a=[{n=1,name=\"x\"},{n=3,name=\"y\"}]}");
        assert_eq!(merged(base, "[[a]]\nname = \"z\""), "{a=[{name=\"z\"}]}");
        assert_eq!(merged(base, "a = []"), "{a=[]}");
    }

    #[test]
    fn places_survive_a_merge() {
        let mut base = tree("[a]\nx = 1\n");
        overlay(&mut base, parse("[a]\ny = 22\n", 100).expect("a table"), "");
        assert_eq!((base.place("a/x"), base.place("a/y"), base.place_of_key("a/y")), (8..9, 108..110, 104..105));
        assert_eq!((base.place("a/none"), base.place("b/none")), (100..103, 0..0));
        assert_eq!(base.path_of(&(108..110)), Some(steps("a/y")));
        assert_eq!(base.path_of(&(104..105)), Some(steps("a/y")));
    }

    #[test]
    fn removal_takes_empty_tables_along() {
        let mut tree = tree("q = 1\n[a.b.c]\nx = 1\n[[d]]\ny = 1");
        tree.remove(&steps("a/b/c/x"));
        tree.remove(&steps("d/0/y"));
        assert_eq!(plain(&tree), "{d=[{}],q=1}");
    }

    #[test]
    fn the_first_item_of_an_array_is_found_before_the_array() {
        let tree = tree("[[stamps]]\nx = 1\n");
        assert_eq!(tree.path_of(&(0..10)), Some(steps("stamps/0")));
    }

    #[test]
    fn syntax_is_reported_once_a_line_and_depth_is_bounded() {
        let mistakes = parse("a = 5 min\nb = \"x\nc = 1\nc = 2\n", 7).expect_err("mistakes");
        assert!(mistakes.len() >= 2 && mistakes[0].0.start >= 7, "{mistakes:?}");
        assert_eq!(mistakes[0].1.what, "text without quotes");
        assert!(parse(&"a.".repeat(2_000), 0).is_err());
    }
}
