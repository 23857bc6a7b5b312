//! Reads a scenario: its file, the files it extends, and overrides from the command line; all problems at once.

use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use crate::scenario::diagnostic::{Diagnostic, Finding, Sources, listed, nearest};
use crate::scenario::file::File;
use crate::scenario::schema;
use crate::scenario::tree::{self, Entry, Kind, Node, Span, Step};
use crate::scenario::validate::{self, Scenario};

/// Most mistakes of structure that are reported for one scenario.
const MISTAKES_MAX: usize = 50;

/// Longest chain of files that extend each other.
const CHAIN_MAX: usize = 16;

/// Largest file that is read [B].
const FILE_MAX: u64 = 16 << 20;

/// Where something is blamed that the file as a whole lacks: its first character.
pub(super) const FIRST: Span = 0..1;

/// The source of an override in messages.
pub const SET: &str = "--set";

/// Loads a scenario file; `sets` are overrides such as `run.seed=7` or `stamps.weu-{n}.capacity=1000`.
pub fn load(path: &Path, sets: &[String]) -> Result<Scenario, Vec<Diagnostic>> {
    let mut assembly = Assembly::default();
    let tree = assembly.chain(path, None, &mut Vec::new());
    assembly.finish(&name_of(path), &path.display().to_string(), tree, sets)
}

/// Loads a scenario from a text; what it names is looked for relative to `folder`.
pub fn load_text(name: &str, text: &str, folder: &Path, sets: &[String]) -> Result<Scenario, Vec<Diagnostic>> {
    let mut assembly = Assembly::default();
    let file = format!("{name}.toml");
    let tree = assembly.text(&file, folder, text, &mut vec![folder.join(&file)]);
    assembly.finish(name, &file, tree, sets)
}

/// The name of a scenario: its path without the ending, from the last folder called `scenarios` on; of an absolute path
/// without such a folder only the file's stem.
pub fn name_of(path: &Path) -> String {
    let parts: Vec<&OsStr> = path
        .components()
        .filter_map(|component| match component {
            Component::Normal(part) => Some(part),
            _ => None,
        })
        .collect();
    let folders = parts.len().saturating_sub(1);
    let house = parts[..folders].iter().rposition(|part| *part == "scenarios").map(|index| index + 1);
    let first = house.unwrap_or(if path.is_absolute() { folders } else { 0 });
    let whole: PathBuf = parts[first..].iter().collect();
    let names: Vec<_> = whole.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    names.join("/")
}

/// The scenario files that paths stand for, sorted: a file stands for itself, a folder for every `*.toml` below it
/// except those in a folder called `catalog`.
pub fn discover(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let before = found.len();
        match below(path, &mut found) {
            Err(error) => problems.push(Diagnostic::of_file(&path.display().to_string(), error.to_string(), None)),
            Ok(()) if found.len() == before => {
                let help = Some("`stampsim init` writes a scenario to start from".to_owned());
                problems.push(Diagnostic::of_file(&path.display().to_string(), "the folder has no scenario", help));
            }
            Ok(()) => {}
        }
    }
    found.sort();
    found.dedup();
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

fn below(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    // A run folder holds the resolved copy of a scenario that stands elsewhere.
    if folder.join("manifest.json").is_file() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        // Links to folders are not followed: they may lead back.
        if kind.is_dir() && entry.file_name() != "catalog" {
            below(&path, found)?;
        } else if path.extension() == Some(OsStr::new("toml")) && path.is_file() {
            found.push(path);
        }
    }
    Ok(())
}

/// Reads a text file that fits into memory; the message says why it cannot be read.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let size = fs::metadata(path).map_err(|error| error.to_string())?;
    if size.is_dir() {
        return Err("is a folder".to_owned());
    }
    if size.len() > FILE_MAX {
        return Err(format!("is larger than {} MB", FILE_MAX >> 20));
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| {
        let read = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        format!("line {} is not UTF-8", String::from_utf8_lossy(read).matches('\n').count() + 1)
    })
}

/// What was taken away from a tree because it could not be read, so that no rule blames its absence.
#[derive(Debug, Default)]
pub(super) struct Lost(Vec<Vec<Step>>);

impl Lost {
    /// A section whose names cannot be told is as good as lost.
    pub(super) fn lose(&mut self, section: &str) {
        self.0.push(tree::steps(section));
    }

    /// Whether a whole section, or an item of it, was lost.
    pub(super) fn items(&self, section: &str) -> bool {
        self.0.iter().any(|path| path.len() <= 2 && path.first() == Some(&Step::Key(section.to_owned())))
    }

    /// Whether a key directly in a section, or in an item of it, was lost.
    pub(super) fn key(&self, section: &str, key: &str) -> bool {
        let is_key = |path: &&Vec<Step>| {
            path.first() == Some(&Step::Key(section.to_owned()))
                && path[1..].iter().any(|s| *s == Step::Key(key.to_owned()))
        };
        self.items(section) || self.0.iter().any(|path| is_key(&path))
    }
}

/// The texts of a scenario and what is wrong with them.
#[derive(Debug, Default)]
struct Assembly {
    sources: Sources,
    mistakes: Vec<(Span, Finding)>,
    unread: Vec<Diagnostic>,
}

impl Assembly {
    /// A file merged over what it extends; `from` is the place that named it.
    fn chain(&mut self, path: &Path, from: Option<Span>, above: &mut Vec<PathBuf>) -> Option<Node> {
        let identity = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let text = match read(path) {
            _ if above.contains(&identity) => Err("extends itself, directly or through others".to_owned()),
            _ if above.len() >= CHAIN_MAX => Err(format!("is more than {CHAIN_MAX} files deep")),
            read => read,
        };
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        above.push(identity);
        match (text, from) {
            (Ok(text), _) => self.text(&path.display().to_string(), &folder, &text, above),
            (Err(why), Some(from)) => {
                let finding = Finding::new(format!("`{}` {}", path.display(), reason(&why)));
                self.mistakes.push((from, finding.expected("the path of a scenario, relative to this file")));
                None
            }
            (Err(why), None) => {
                let what = reason(&why);
                self.unread.push(Diagnostic::of_file(&path.display().to_string(), what, None));
                None
            }
        }
    }

    /// A text merged over what it extends.
    fn text(&mut self, name: &str, folder: &Path, text: &str, above: &mut Vec<PathBuf>) -> Option<Node> {
        let from = self.sources.add(name, folder, text);
        let mut over = match tree::parse(text, from) {
            Ok(tree) => tree,
            Err(mistakes) => {
                self.mistakes.extend(mistakes);
                return None;
            }
        };
        let Some(base) = over.text("extends").map(|base| folder.join(base)) else { return Some(over) };
        let place = over.place("extends");
        over.remove(&tree::steps("extends"));
        let mut tree = self.chain(&base, Some(place), above)?;
        tree::overlay(&mut tree, over, "");
        Some(tree)
    }

    /// Sets the overrides, reads the tree into a file, checks the file.
    fn finish(
        mut self,
        name: &str,
        path: &str,
        tree: Option<Node>,
        sets: &[String],
    ) -> Result<Scenario, Vec<Diagnostic>> {
        let Some(mut tree) = tree else { return Err(self.diagnostics()) };
        for set in sets {
            let from = self.sources.add(SET, Path::new(""), set);
            if let Err(mistake) = override_with(&mut tree, set, from) {
                self.mistakes.push(mistake);
            }
        }
        let (file, lost) = structure(&mut tree, &mut self.mistakes);
        let Some(file) = file else { return Err(self.diagnostics()) };
        let whole = self.mistakes.is_empty();
        let mut build = validate::Build::new(&tree, &mut self.sources, lost);
        let scenario = build.scenario(name, path, file);
        self.mistakes.extend(build.mistakes);
        let diagnostics = self.diagnostics();
        match scenario {
            Some(scenario) if whole && !diagnostics.iter().any(Diagnostic::is_error) => {
                Ok(Scenario { warnings: diagnostics, ..scenario })
            }
            _ => Err(diagnostics),
        }
    }

    /// Every mistake at its place, in order, once.
    fn diagnostics(&mut self) -> Vec<Diagnostic> {
        let mut mistakes = std::mem::take(&mut self.mistakes);
        mistakes.sort_by_key(|(span, _)| (span.start, span.end));
        mistakes.dedup();
        let mut all = std::mem::take(&mut self.unread);
        all.extend(mistakes.into_iter().map(|(span, finding)| self.sources.place(&span, finding)));
        all
    }
}

/// Why a file is not read, without the number of the operating system.
fn reason(why: &str) -> String {
    let why = why.split(" (os error").next().unwrap_or(why);
    if why.starts_with("No such file") { "does not exist".to_owned() } else { why.to_owned() }
}

/// Carries out one override: `key.key=value`, the value as in TOML or as plain text.
fn override_with(tree: &mut Node, set: &str, from: usize) -> Result<(), (Span, Finding)> {
    let Some((key, value)) = set.split_once('=') else {
        let finding = Finding::new(format!("`{set}` sets nothing")).expected("`key=value`, such as run.seed=7");
        return Err((from..from + set.len().max(1), finding));
    };
    let path = keys(key, from)?;
    // The value stands where it does on the command line; the key is blanked out to one that is always good.
    let alone = format!("{}v={value}", " ".repeat(key.len().saturating_sub(1)));
    let at = from + key.len() + 1;
    let plain = Node { span: at..at + value.len().max(1), kind: Kind::Text(value.to_owned()) };
    let read = tree::parse(&alone, from).ok().filter(|table| table.entries().len() == 1);
    let read = read.and_then(|table| table.entry("v").map(|entry| entry.value.clone()));
    tree.set(&path, read.unwrap_or(plain))
}

/// The keys of a dotted path; a key with dots stands in quotes.
fn keys(text: &str, from: usize) -> Result<Vec<Entry>, (Span, Finding)> {
    let (mut keys, mut at, mut quoted) = (Vec::new(), 0, false);
    for (index, character) in text.char_indices().chain([(text.len(), '.')]) {
        quoted ^= character == '"';
        if character == '.' && (!quoted || index == text.len()) {
            let key = text[at..index].trim().trim_matches('"');
            if key.is_empty() {
                let finding = Finding::new(format!("`{text}` has an empty key")).expected("one such as run.seed");
                return Err((from + at..from + index.max(at + 1), finding));
            }
            keys.push(Entry { key: key.to_owned(), span: from + at..from + index, value: Node::empty() });
            at = index + 1;
        }
    }
    Ok(keys)
}

/// Reads the tree into a file. What cannot be read is reported and taken away, until the rest can be read.
fn structure(tree: &mut Node, mistakes: &mut Vec<(Span, Finding)>) -> (Option<File>, Lost) {
    let (mut lost, mut gone) = (Lost::default(), Vec::<(Span, String)>::new());
    for _ in 0..MISTAKES_MAX {
        let error = match File::deserialize(toml::de::Deserializer::from(tree.to_table())) {
            Ok(file) => return (Some(file), lost),
            Err(error) => error,
        };
        let span = error.span().unwrap_or(0..0);
        let Some(path) = tree.path_of(&span) else {
            mistakes.push((span, Finding::from_message(error.message())));
            return (None, lost);
        };
        let missing = missing_field(error.message()).map(str::to_owned);
        // What was taken away before is missing by our own doing.
        let known = missing.as_ref().is_some_and(|field| gone.iter().any(|(at, key)| *at == span && key == field));
        if !known {
            let place = if path.is_empty() { FIRST } else { span.clone() };
            mistakes.push((place, structural(error.message(), &path, tree)));
        }
        let meant = unknown_key(error.message()).and_then(|(found, known)| nearest(found, known).map(str::to_owned));
        match (missing, path.split_last()) {
            (Some(field), None) => stand_in(tree, &field),
            (_, Some((last, above))) => {
                if let (Step::Key(key), Some(table)) = (last, tree.at(above)) {
                    gone.push((table.span.clone(), key.clone()));
                    gone.extend(meant.map(|key| (table.span.clone(), key)));
                }
                tree.remove(&path);
            }
            (None, None) => return (None, lost),
        }
        lost.0.push(path);
    }
    (None, lost)
}

/// Something in the place of a missing key of the whole file, so that the rest can be read.
fn stand_in(tree: &mut Node, field: &str) {
    let text = Node { span: 0..0, kind: Kind::Text("?".to_owned()) };
    let key = Entry { key: field.to_owned(), span: 0..0, value: text };
    if let Kind::Table(entries) = &mut tree.kind {
        entries.push(key);
    }
}

fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

/// The words in backquotes after a prefix.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The keys of a path, without numbers.
fn keys_of(path: &[Step]) -> Vec<&str> {
    path.iter()
        .filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        })
        .collect()
}

/// A table as people write its header.
fn header(keys: &[&str]) -> String {
    match keys {
        [] => "the file".to_owned(),
        [one] if matches!(*one, "stamps" | "cohorts" | "faults" | "moves" | "users" | "expect") => format!("[[{one}]]"),
        many => format!("[{}]", many.join(".")),
    }
}

/// What a message of the reader means at a path of the tree.
fn structural(message: &str, path: &[Step], tree: &Node) -> Finding {
    let keys = keys_of(path);
    let last = keys.last().copied().unwrap_or("the file");
    let above = &keys[..keys.len().saturating_sub(1)];
    if let Some(field) = missing_field(message) {
        let mut whole = keys.clone();
        whole.push(field);
        let finding = Finding::new(format!("`{field}` is missing in {}", header(&keys)));
        return match schema::describe(&whole) {
            Some(about) => finding.help(format!("`{field}` is: {about}")),
            None => finding,
        };
    }
    if let Some((found, expected)) = unknown_key(message) {
        return unknown_key_finding(found, &expected, above);
    }
    if message.starts_with("unknown variant `") {
        let words = quoted(message);
        let is_value = matches!(tree.at(path).map(|node| &node.kind), Some(Kind::Text(text)) if text == words[0]);
        let what = if is_value { last } else { above.last().copied().unwrap_or("word") };
        let finding = Finding::new(format!("unknown {what} `{}`", words[0]));
        let finding = finding.expected(listed(words[1..].iter().copied()));
        return finding.meant(nearest(words[0], words[1..].iter().copied()));
    }
    if message.starts_with("wanted ") || message.contains("expected newtype variant") {
        return not_one_entry(message, path, tree, &keys);
    }
    if let Some((found, expected)) = type_mismatch(message) {
        return Finding::new(format!("`{last}` is {found}")).expected(expected);
    }
    if let Some((expected, found)) = message.strip_prefix("expected ").and_then(|rest| rest.rsplit_once(", found ")) {
        return Finding::new(format!("`{last}` is {found}")).expected(expected);
    }
    if message.ends_with("number overflowed") {
        return Finding::new(format!("`{last}` is too large"));
    }
    Finding::from_message(message)
}

/// What a message of the reader means in a file of another shape.
pub(super) fn foreign(message: &str) -> Finding {
    if let Some((found, expected)) = unknown_key(message) {
        let finding = Finding::new(format!("unknown key `{found}`")).expected(listed(expected.iter().copied()));
        return finding.meant(nearest(found, expected.iter().copied()));
    }
    if let Some(field) = missing_field(message) {
        return Finding::new(format!("`{field}` is missing"));
    }
    match type_mismatch(message) {
        Some((found, expected)) => Finding::new(format!("found {found}")).expected(expected),
        None => Finding::from_message(message),
    }
}

/// The unknown key and the known ones, of either of the reader's two ways to say so.
fn unknown_key(message: &str) -> Option<(&str, Vec<&str>)> {
    if message.starts_with("unknown field `") {
        let words = quoted(message);
        return Some((words[0], words[1..].to_vec()));
    }
    let rest = message.strip_prefix("unexpected keys in table: ")?;
    let (found, known) = rest.split_once(", available keys: ")?;
    Some((found.split(", ").next().unwrap_or(found), known.split(", ").collect()))
}

fn unknown_key_finding(found: &str, known: &[&str], above: &[&str]) -> Finding {
    let finding = Finding::new(format!("unknown key `{found}` in {}", header(above)));
    let finding = if known.is_empty() {
        finding.expected("no key here")
    } else {
        finding.expected(listed(known.iter().copied()))
    };
    if let Some(word) = nearest(found, known.iter().copied()) {
        return finding.meant(Some(word));
    }
    match schema::homes(found).as_slice() {
        [] => finding,
        homes => finding.help(format!("`{found}` belongs to {}", homes[..homes.len().min(3)].join(" or "))),
    }
}

/// A table that must hold exactly one entry, named after a policy, and does not.
fn not_one_entry(message: &str, path: &[Step], tree: &Node, keys: &[&str]) -> Finding {
    let last = keys.last().copied().unwrap_or("the file");
    let known = schema::keys(keys);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let example = |word: &str| format!("write `[{}.{word}]`", keys.join("."));
    let finding = match tree.at(path).map(|node| &node.kind) {
        Some(Kind::Text(text)) => {
            let finding = Finding::new(format!("`{last}` is the text \"{text}\""));
            finding
                .help(example(nearest(text, known.iter().copied()).unwrap_or(known.first().copied().unwrap_or("name"))))
        }
        Some(Kind::Table(entries)) if entries.len() > 1 => {
            let names: Vec<_> = entries.iter().map(|entry| format!("`{}`", entry.key)).collect();
            Finding::new(format!("`{last}` is {} at once", names.join(" and "))).help("keep one of them")
        }
        Some(Kind::Table(_)) => Finding::new(format!("`{last}` names nothing")),
        Some(Kind::Array(_)) => Finding::new(format!("`{last}` is an array")),
        _ => Finding::new(format!("`{last}`: {message}")),
    };
    if known.is_empty() { finding } else { finding.expected(format!("a table with {}", listed(known.iter().copied()))) }
}

/// "invalid type: integer `5`, expected u32" in words.
fn type_mismatch(message: &str) -> Option<(String, String)> {
    let rest = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "))?;
    let (found, expected) = rest
        .rsplit_once(", expected ")
        .filter(|(found, _)| !found.contains(", expected "))
        .or_else(|| rest.split_once(", expected "))?;
    let found = match found.split_once(' ') {
        Some(("integer", number)) => format!("the number {}", number.trim_matches('`')),
        Some(("floating", number)) => format!("the number {}", number.trim_start_matches("point ").trim_matches('`')),
        Some(("string", text)) => format!("the text {text}"),
        Some(("boolean", flag)) => flag.trim_matches('`').to_owned(),
        _ if found == "map" => "a table".to_owned(),
        _ if found == "sequence" => "an array".to_owned(),
        _ => found.to_owned(),
    };
    Some((found, kind_in_words(expected)))
}

fn kind_in_words(kind: &str) -> String {
    let whole = |most: u64| format!("a whole number from 0 to {most}");
    match kind {
        "u8" => whole(u64::from(u8::MAX)),
        "u16" => whole(u64::from(u16::MAX)),
        "u32" => whole(u64::from(u32::MAX)),
        "u64" | "usize" => "a whole number from 0".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a string" | "a borrowed string" => "text in quotes".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "an array, such as [[...]] or [...]".to_owned(),
        "a map" => "a table".to_owned(),
        other if other.starts_with("struct ") => "a table".to_owned(),
        other => other.to_owned(),
    }
}
