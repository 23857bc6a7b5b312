//! Imports point one way: every `crate::` and `super::` path of `src` names a room that comes no later than its own.
//!
//! The reader knows just enough Rust for it: comments and literals are blanked out, groups in braces are taken apart, and
//! `super::` is resolved through files and inline modules. A violation is reported with file and line.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms in the order of the flow; each may use itself and those before it.
const ROOMS: [&str; 13] = [
    "registry",
    "units",
    "theory",
    "kernel",
    "metrics",
    "model",
    "cost",
    "analysis",
    "scenario",
    "results",
    "experiment",
    "report",
    "cli",
];

/// The storeys inside `model`; a module may use lower storeys, and on its own storey those named before it.
const STOREYS: [&[&str]; 6] = [
    &["column", "sparse", "ids", "names", "view"],
    &["limit", "backoff", "condition", "region"],
    NOUNS,
    &["observation", "config", "figures"],
    &["world"],
    &["event"],
];

/// The nouns never use each other: their conversations are written in `event`.
const NOUNS: &[&str] = &["dps", "fault", "gateway", "lifecycle", "movement", "population", "routing", "stamp"];

/// Looks ahead that are known and have a reason; one that is gone must leave this list.
const KNOWN: [(&str, &str); 0] = [];

/// A path in a source text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Use {
    line: usize,
    path: Vec<String>,
}

/// A path that looks ahead.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Violation {
    file: String,
    line: usize,
    from: String,
    to: String,
    why: &'static str,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, from, to, why } = self;
        write!(f, "{file}:{line}: `{from}` uses `{to}`: {why}")
    }
}

#[test]
fn no_room_looks_ahead() {
    let violations = violations_of_the_house();
    let unknown: Vec<String> = violations
        .iter()
        .filter(|v| !KNOWN.contains(&(v.from.as_str(), v.to.as_str())))
        .map(ToString::to_string)
        .collect();
    assert!(unknown.is_empty(), "a room looks ahead; docs/architecture.md has the order\n{}", unknown.join("\n"));
}

#[test]
fn known_looks_ahead_are_still_there() {
    let violations = violations_of_the_house();
    for (from, to) in KNOWN {
        assert!(violations.iter().any(|v| v.from == from && v.to == to), "`{from}` no longer uses `{to}`: strike it");
    }
}

/// The crate declares the rooms that this file knows, and every file of `src` lies in one of them.
#[test]
fn the_list_of_rooms_is_whole() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).expect("the crate has a root");
    let mut declared: Vec<&str> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let mut rooms = ROOMS.to_vec();
    declared.sort_unstable();
    rooms.sort_unstable();
    assert_eq!(declared, rooms);
    for file in sources() {
        let module = module_of(&relative(&file));
        assert!(module.first().is_none_or(|room| ROOMS.contains(&room.as_str())), "{} is in no room", relative(&file));
        let storey = |name: &String| STOREYS.iter().any(|storey| storey.contains(&name.as_str()));
        let in_model = module.first().is_some_and(|room| room == "model");
        assert!(!in_model || module.get(1).is_none_or(storey), "{} is on no storey of the model", relative(&file));
    }
}

/// The checker is worth nothing if it lets everything pass: planted violations, each in a form that people write.
#[test]
fn a_planted_violation_is_caught_at_its_line() {
    let planted = [
        ("src/kernel/draws.rs", "//! Text.\n\nuse crate::model::ids::DeviceId;\n", 3, "model"),
        ("src/units/time.rs", "fn f() -> crate::kernel::law::Law { todo() }", 1, "kernel"),
        (
            "src/metrics/level.rs",
            "use crate::{\n    units::SimTime,\n    cost::{bill::Bill, per_device},\n};",
            3,
            "cost",
        ),
        ("src/cost/bill.rs", "mod tests {\n    use super::super::super::scenario::File;\n}", 2, "scenario"),
        ("src/model/dps/service.rs", "use crate::model::stamp::hub::Hub;", 1, "model::stamp"),
        ("src/model/limit.rs", "use crate::model::{ids::StampId, world::World};", 1, "model::world"),
        ("src/model/ids.rs", "use super::view::FleetView;", 1, "model::view"),
        ("src/analysis/mod.rs", "use crate::*;", 1, "*"),
        ("src/main.rs", "use stampsim::experiment::run;", 1, "experiment"),
    ];
    for (file, text, line, to) in planted {
        let caught = violations(file, text);
        let found: Vec<(usize, &str)> = caught.iter().map(|v| (v.line, v.to.as_str())).collect();
        assert_eq!(found, [(line, to)], "{file}: {text}");
    }
}

#[test]
fn what_looks_back_or_only_talks_of_it_passes() {
    let fine = [
        ("src/cli/run.rs", "use crate::{experiment::{run, plan}, model};\npub(in crate::cli) fn f() {}"),
        ("src/kernel/law.rs", "use crate::theory::normal;"),
        ("src/kernel/law.rs", "//! See [`crate::model`].\n/* use crate::cli; */ const A: &str = \"crate::cli\";"),
        ("src/kernel/law.rs", "const A: &str = r#\"\"crate::cli::x\"#; const B: char = '\"'; use crate::units::Rate;"),
        ("src/model/limit.rs", "mod tests { use super::*; }"),
        ("src/model/gateway/cache.rs", "use super::call::NO_CALL; use crate::model::gateway::eviction::Evict;"),
        ("src/model/event/mod.rs", "use crate::model::world::World;\nuse crate::model::dps::service;"),
        ("src/registry.rs", "macro_rules! m { () => { $crate::registry::Entry } }"),
        ("src/main.rs", "fn main() { stampsim::cli::main() }"),
    ];
    for (file, text) in fine {
        assert_eq!(violations(file, text), [], "{file}: {text}");
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn relative(file: &Path) -> String {
    let inside = file.strip_prefix(root()).expect("sources lie below the manifest");
    inside.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Every source file, sorted.
fn sources() -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![root().join("src")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn violations_of_the_house() -> Vec<Violation> {
    let text = |file: &Path| fs::read_to_string(file).expect("a source file");
    sources().iter().flat_map(|file| violations(&relative(file), &text(file))).collect()
}

/// The module of a file: `src/model/dps/mod.rs` is `model::dps`.
fn module_of(file: &str) -> Vec<String> {
    let inside = file.strip_prefix("src/").expect("a source file").strip_suffix(".rs").expect("a Rust file");
    let mut parts: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

/// Every path of a file that looks ahead.
fn violations(file: &str, text: &str) -> Vec<Violation> {
    let module = module_of(file);
    let Some(room) = module.first() else { return of_the_root(file, text) };
    let judged = |u: Use| judge(room, &module, &u).map(|(from, to, why)| seen(file, &u, from, to, why));
    let mut all: Vec<Violation> = uses(text, &module).into_iter().filter_map(judged).collect();
    // A group may name several things of one room in a line.
    all.dedup();
    all
}

fn seen(file: &str, found: &Use, from: String, to: String, why: &'static str) -> Violation {
    Violation { file: file.to_owned(), line: found.line, from, to, why }
}

/// The program itself only starts the command line; the root of the crate only declares rooms.
fn of_the_root(file: &str, text: &str) -> Vec<Violation> {
    let ahead = |u: &Use| u.path.first().is_none_or(|room| room != "cli" && room != "self");
    let found = paths(&blanked(text), "stampsim").into_iter().chain(uses(text, &[]));
    found
        .filter(ahead)
        .map(|u| seen(file, &u, "main".into(), u.path.first().cloned().unwrap_or_default(), "the root only uses `cli`"))
        .collect()
}

/// Who looks at whom, when that is ahead.
fn judge(room: &str, module: &[String], found: &Use) -> Option<(String, String, &'static str)> {
    let target = found.path.first()?.as_str();
    let place = |name: &str| ROOMS.iter().position(|r| *r == name);
    let Some(at) = place(target) else {
        let why = if target == "*" { "a glob over rooms hides which one is used" } else { "no such room" };
        return Some((room.to_owned(), target.to_owned(), why));
    };
    if at > place(room)? {
        return Some((room.to_owned(), target.to_owned(), "that room comes later"));
    }
    let (own, other) = (module.get(1)?, found.path.get(1)?);
    if target != "model" || room != "model" || own == other {
        return None;
    }
    let ahead = storey_ahead(own, other)?;
    Some((format!("model::{own}"), format!("model::{other}"), ahead))
}

/// Why a module of the model may not use another one.
fn storey_ahead(own: &str, other: &str) -> Option<&'static str> {
    let place = |name: &str| {
        let storey = STOREYS.iter().position(|storey| storey.contains(&name))?;
        Some((storey, STOREYS[storey].iter().position(|n| *n == name)?))
    };
    match (place(own), place(other)) {
        (Some(_), Some(_)) if NOUNS.contains(&own) && NOUNS.contains(&other) => Some("nouns never use each other"),
        (Some(own), Some(other)) if other > own => Some("that part of the model comes later"),
        (Some(_), Some(_)) => None,
        _ => Some("no such part of the model"),
    }
}

/// Every `crate::` and `super::` path, from the root of the crate.
fn uses(text: &str, module: &[String]) -> Vec<Use> {
    let code = blanked(text);
    let mut found = paths(&code, "crate");
    for (line, at) in words(&code, "super") {
        // A chain of `super` is taken at its first word.
        if code[..at].ends_with("super::") {
            continue;
        }
        let mut here: Vec<String> = module.to_vec();
        here.extend(inline_modules(&code, at));
        let mut rest = &code[at..];
        while let Some(after) = rest.strip_prefix("super::") {
            here.pop();
            rest = after;
        }
        for tail in tree(rest).0 {
            let path = here.iter().cloned().chain(tail.1).collect();
            found.push(Use { line: line + tail.0, path });
        }
    }
    found
}

/// Every path that starts with a word, such as `crate::`.
fn paths(code: &str, start: &str) -> Vec<Use> {
    let from = |(line, at): (usize, usize)| {
        let rest = code[at..].strip_prefix(start).and_then(|rest| rest.strip_prefix("::")).unwrap_or("");
        tree(rest).0.into_iter().map(move |(below, path)| Use { line: line + below, path })
    };
    words(code, start).into_iter().flat_map(from).collect()
}

/// Line and offset of each `word::` that is no part of a longer word.
fn words(code: &str, word: &str) -> Vec<(usize, usize)> {
    let whole = format!("{word}::");
    let alone = |at: &usize| !code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let hits = code.match_indices(&whole).map(|(at, _)| at).filter(alone);
    hits.map(|at| (1 + code[..at].matches('\n').count(), at)).collect()
}

/// Names of the inline modules around an offset, outermost first.
fn inline_modules(code: &str, at: usize) -> Vec<String> {
    let (mut open, mut pending, mut word) = (Vec::<Option<String>>::new(), None, String::new());
    let mut before = String::new();
    for c in code[..at].chars() {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            if before == "mod" {
                pending = Some(word.clone());
            }
            before = std::mem::take(&mut word);
        }
        match c {
            '{' => open.push(pending.take()),
            '}' => _ = open.pop(),
            ';' => pending = None,
            _ => {}
        }
    }
    open.into_iter().flatten().collect()
}

/// The paths of a tree of names, each with its distance in lines, and the text behind the tree.
fn tree(text: &str) -> (Vec<(usize, Vec<String>)>, &str) {
    let trimmed = text.trim_start();
    let below = text[..text.len() - trimmed.len()].matches('\n').count();
    if let Some(mut rest) = trimmed.strip_prefix('{') {
        let (mut all, mut line) = (Vec::new(), below);
        loop {
            let (branch, after) = tree(rest);
            all.extend(branch.into_iter().map(|(at, path)| (line + at, path)));
            let end = after.find([',', '}']).unwrap_or(after.len());
            line += rest[..rest.len() - after.len() + end].matches('\n').count();
            if !after[end..].starts_with(',') {
                return (all, after.get(end + 1..).unwrap_or(""));
            }
            rest = &after[end + 1..];
        }
    }
    let name_end = trimmed.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(trimmed.len());
    if name_end == 0 {
        let after_glob = trimmed.strip_prefix('*').map(|after| (vec![(below, vec!["*".into()])], after));
        return after_glob.unwrap_or((vec![], trimmed));
    }
    let (name, rest) = trimmed.split_at(name_end);
    let Some(deeper) = rest.strip_prefix("::") else { return (vec![(below, vec![name.to_owned()])], rest) };
    let (mut tails, after) = tree(deeper);
    if tails.is_empty() {
        tails.push((0, Vec::new()));
    }
    let whole = |(at, tail): (usize, Vec<String>)| (below + at, std::iter::once(name.to_owned()).chain(tail).collect());
    (tails.into_iter().map(whole).collect(), after)
}

/// The text with comments and the insides of literals blanked out; every line stays where it is.
fn blanked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = skipped(rest, out.ends_with(|c: char| c.is_alphanumeric() || c == '_'));
        if length == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            out.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
    }
    out
}

/// Length of the comment or literal that the text starts with; zero when it starts with neither.
fn skipped(text: &str, in_word: bool) -> usize {
    let until = |end: &str, from: usize| text[from..].find(end).map_or(text.len(), |at| from + at + end.len());
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return block_comment(text);
    }
    if text.starts_with('"') {
        return string(text);
    }
    if text.starts_with('r') && !in_word {
        let hashes = text[1..].len() - text[1..].trim_start_matches('#').len();
        if text[1 + hashes..].starts_with('"') {
            return until(&format!("\"{}", "#".repeat(hashes)), 2 + hashes);
        }
    }
    if text.starts_with('\'') { character(text) } else { 0 }
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A character literal, as apart from a lifetime.
fn character(text: &str) -> usize {
    let mut inside = text[1..].chars();
    match (inside.next(), inside.next()) {
        (Some('\\'), _) => text[3..].find('\'').map_or(0, |at| at + 4),
        (Some(c), Some('\'')) => c.len_utf8() + 2,
        _ => 0,
    }
}
