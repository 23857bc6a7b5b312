//! What is wrong with a file, and where: file, line, column, what was found, what was expected, what to do.
//!
//! Problems are collected, never thrown one at a time. Rendering to a terminal is the reader's business; here is the
//! plain text and, by serde, the JSON of the same.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The scenario cannot be run.
    Error,
    /// The scenario can be run, but probably does not say what was meant.
    Warning,
}

/// Where something stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, or `--set` for an override from the command line.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1 [characters].
    pub column: usize,
}

/// One problem at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Diagnostic {
    /// The file, or `--set` for an override from the command line.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1 [characters].
    pub column: usize,
    /// What was found.
    pub what: String,
    /// What was expected instead, if that can be said.
    pub expected: Option<String>,
    /// What to do about it, if that can be said.
    pub help: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// The whole line of the file; empty when there is none.
    pub source: String,
    /// Length of what was found on that line, at least 1 [characters].
    pub width: usize,
}

impl Diagnostic {
    /// A problem with a whole file, such as one that cannot be read.
    pub fn of_file(file: &str, what: impl Into<String>, help: Option<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: 1,
            column: 1,
            what: what.into(),
            expected: None,
            help,
            severity: Severity::Error,
            source: String::new(),
            width: 1,
        }
    }

    /// Whether the scenario cannot be run.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// `file:line:column: what; expected ...; help`, on one line; a warning says that it is one.
    pub fn headline(&self) -> String {
        self.line_with(if self.is_error() { "" } else { "warning: " })
    }

    /// The headline and the line of the file, for a reader who is told already how grave it is.
    pub fn shown(&self) -> String {
        format!("{}{}", self.line_with(""), self.excerpt())
    }

    fn line_with(&self, word: &str) -> String {
        let mut text = format!("{}:{}:{}: {word}{}", self.file, self.line, self.column, self.what);
        if let Some(expected) = &self.expected {
            text.push_str("; expected ");
            text.push_str(expected);
        }
        if let Some(help) = &self.help {
            text.push_str("; ");
            text.push_str(help);
        }
        printable(&text)
    }

    /// The line of the file with a caret below what was found; nothing where there is no line.
    fn excerpt(&self) -> String {
        if self.source.is_empty() {
            return String::new();
        }
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        // A tab stays a tab, so that the caret stands below its character whatever the width of a tab.
        let before = self.source.chars().take(self.column - 1);
        let indent: String = before.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        format!("\n {number} | {}\n {gutter} | {indent}{}", printable(&self.source), "^".repeat(self.width))
    }
}

impl fmt::Display for Diagnostic {
    /// The headline, then the line of the file with a caret below what was found.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.headline(), self.excerpt())
    }
}

/// Text on one line that no terminal and no CI system takes for a command: control characters as they are escaped.
fn printable(text: &str) -> String {
    let mut safe = String::new();
    for c in text.chars() {
        match c {
            '\t' => safe.push(c),
            c if c.is_control() => safe.extend(c.escape_default()),
            c => safe.push(c),
        }
    }
    safe
}

/// What is said of a place: the parts of a diagnostic before the place is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was found.
    pub what: String,
    /// What was expected instead.
    pub expected: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// How bad it is.
    pub severity: Severity,
}

impl Finding {
    /// An error.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), expected: None, help: None, severity: Severity::Error }
    }

    /// A warning.
    pub fn warning(what: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::new(what) }
    }

    /// With what was expected.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// With what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With the word that was probably meant, if there is one.
    #[must_use]
    pub fn meant(self, nearest: Option<&str>) -> Self {
        match nearest {
            Some(word) => self.help(format!("did you mean `{word}`?")),
            None => self,
        }
    }

    /// From the message of a room below: "what; expected ...; help".
    pub fn from_message(message: &str) -> Self {
        let (what, rest) = message.split_once("; ").map_or((message, None), |(what, rest)| (what, Some(rest)));
        let finding = Self::new(what);
        match rest {
            None => finding,
            Some(rest) => match rest.strip_prefix("expected ") {
                None => finding.help(rest),
                Some(expected) => match expected.split_once("; ") {
                    Some((expected, help)) => finding.expected(expected).help(help),
                    None => finding.expected(expected),
                },
            },
        }
    }
}

/// The texts that a scenario is made of, laid end to end: one number names a place in any of them.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    texts: Vec<Source>,
}

#[derive(Debug, Clone)]
struct Source {
    name: String,
    folder: PathBuf,
    text: String,
    from: usize,
}

impl Sources {
    /// Adds a text; paths in it are relative to `folder`. Returns the number of its first byte.
    pub fn add(&mut self, name: &str, folder: &Path, text: &str) -> usize {
        // One byte between two texts, so that the end of one is not the start of the next.
        let from = self.texts.last().map_or(0, |last| last.from + last.text.len() + 1);
        self.texts.push(Source { name: name.to_owned(), folder: folder.to_owned(), text: text.to_owned(), from });
        from
    }

    fn of(&self, at: usize) -> Option<&Source> {
        self.texts.iter().rev().find(|source| source.from <= at)
    }

    /// The folder that a path at this place is relative to.
    pub fn folder(&self, at: usize) -> &Path {
        self.of(at).map_or(Path::new(""), |source| &source.folder)
    }

    /// Where a span begins, for people.
    pub fn locate(&self, span: &Range<usize>) -> Place {
        let Diagnostic { file, line, column, .. } = self.place(span, Finding::new(""));
        Place { file, line, column }
    }

    /// A finding with its place.
    pub fn place(&self, span: &Range<usize>, finding: Finding) -> Diagnostic {
        let Finding { what, expected, help, severity } = finding;
        let Some(found) = self.of(span.start) else {
            return Diagnostic { expected, severity, ..Diagnostic::of_file("", what, help) };
        };
        let start = floor_boundary(&found.text, span.start - found.from);
        let before = &found.text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = found.text[start..].find('\n').map_or(found.text.len(), |newline| start + newline);
        let end = floor_boundary(&found.text, span.end.saturating_sub(found.from)).clamp(start, line_end);
        Diagnostic {
            file: found.name.clone(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            what,
            expected,
            help,
            severity,
            source: found.text[line_start..line_end].trim_end_matches('\r').to_owned(),
            width: found.text[start..end].chars().count().max(1),
        }
    }
}

/// The last boundary of a character at or before a byte.
fn floor_boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Likeness from which a word is proposed [1]: three letters in five.
const ALIKE: f64 = 0.6;

/// The candidate most like a word, the first of equals; else the first that contains it or is contained in it.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', ' ', '.'], "_");
    let wanted = plain(word);
    let (mut best, mut inside): (Option<(f64, &str)>, Option<&str>) = (None, None);
    for candidate in candidates {
        let known = plain(candidate);
        let likeness = strsim::normalized_damerau_levenshtein(&wanted, &known);
        if likeness >= ALIKE && best.is_none_or(|(most, _)| likeness > most) {
            best = Some((likeness, candidate));
        }
        let telling = wanted.len() >= 4 && known.len() >= 4;
        if telling && (known.contains(&wanted) || wanted.contains(&known)) && inside.is_none() {
            inside = Some(candidate);
        }
    }
    best.map(|(_, candidate)| candidate).or(inside)
}

/// Words for a message: quoted, with the rest counted when there are many.
pub fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 24;
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [] => "nothing: there is none".to_owned(),
        [only] => only.clone(),
        [first, second] => format!("{first} or {second}"),
        many if many.len() > SHOWN => format!("one of {} and {} more", many[..SHOWN].join(", "), many.len() - SHOWN),
        many => format!("one of {}", many.join(", ")),
    }
}

/// The finding of a name that is not known.
pub fn unknown(kind: &str, name: &str, known: &[&str]) -> Finding {
    let finding = Finding::new(format!("unknown {kind} `{name}`")).expected(listed(known.iter().copied()));
    finding.meant(nearest(name, known.iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_in_characters_from_one() {
        let mut sources = Sources::default();
        sources.add("a.toml", Path::new(""), "first = 1\n");
        let from = sources.add("b.toml", Path::new(""), "größe = 1\nä = \"ß\" # x\r\n");
        let at = "größe = 1\nä = ".len() + from;
        let placed = sources.place(&(at..at + 4), Finding::new("found").expected("other").help("do this"));
        assert_eq!((placed.line, placed.column, placed.width), (2, 5, 3));
        let text = placed.to_string();
        assert_eq!(text, "b.toml:2:5: found; expected other; do this\n 2 | ä = \"ß\" # x\n   |     ^^^");
        assert_eq!(sources.place(&(0..5), Finding::new("x")).file, "a.toml");
    }

    #[test]
    fn places_beyond_the_text_are_its_end() {
        let mut sources = Sources::default();
        sources.add("a.toml", Path::new(""), "x");
        let placed = sources.place(&(900..901), Finding::warning("odd"));
        assert_eq!(placed.headline(), "a.toml:1:2: warning: odd");
        assert!(placed.shown().starts_with("a.toml:1:2: odd\n"), "who is told once is not told twice");
        assert_eq!(Sources::default().place(&(0..1), Finding::new("odd")).line, 1);
    }

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        let odd = Diagnostic::of_file("a.toml", "the name `x\u{1b}[31m\r\n::error::y`", None);
        assert_eq!(odd.to_string(), "a.toml:1:1: the name `x\\u{1b}[31m\\r\\n::error::y`");
    }

    #[test]
    fn a_message_is_split_into_its_parts() {
        let finding = Finding::from_message("\"5\" has no unit; expected a duration; try \"5 min\"");
        assert_eq!(finding.expected.as_deref(), Some("a duration"));
        assert_eq!(finding.help.as_deref(), Some("try \"5 min\""));
        assert_eq!(Finding::from_message("unknown; did you mean x?").help.as_deref(), Some("did you mean x?"));
    }

    #[test]
    fn near_misses_find_their_word() {
        assert_eq!(nearest("hashd", ["static", "hashed"]), Some("hashed"));
        assert_eq!(nearest("West-Europe", ["eastus", "westeurope"]), Some("westeurope"));
        assert_eq!(nearest("zzz", ["static", "hashed"]), None);
        assert_eq!(listed(["a", "b", "c"]), "one of `a`, `b`, `c`");
    }

    #[test]
    fn a_diagnostic_is_json_too() {
        let json = serde_json::to_value(Diagnostic::of_file("x.toml", "gone", None)).expect("plain data");
        assert_eq!((json["file"].as_str(), json["severity"].as_str()), (Some("x.toml"), Some("error")));
    }
}
