//! `explain`: what a word means that the program prints or a scenario file holds.
//!
//! Everything is read from where it is defined: measures from their catalogue, fields from the schema, policies and faults
//! from their registries, exit codes from their table.

use clap::{Args, Command};
use serde_json::json;

use super::exit::{self, CODES, Explained};
use super::failure::Failure;
use super::list::{Listed, registered_entries};
use super::table::{width, wrapped};
use super::terminal::Terminal;
use crate::metrics::measure::{MEASURES, find};
use crate::metrics::{Better, Measure};
use crate::scenario::diagnostic::nearest;
use crate::scenario::schema::{describe, field, paths};

const EXAMPLES: &str = "Examples:
  stampsim explain time_to_recover_s       a measure: unit, clock, population, direction
  stampsim explain gateway.cache.ttl       a key of a scenario file: meaning, default
  stampsim explain hashed                  a policy or fault, with its parameters
  stampsim explain --memory                a flag, and the commands that have it
  stampsim explain 21                      an exit code, and what to do";

/// What a measure, key, policy, fault, flag or exit code means
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Explain {
    /// A measure, a key by its path or by itself, a registered name, a flag, or an exit code
    #[arg(allow_hyphen_values = true)]
    what: String,
}

/// Keys of the same name that are told in full; of more only the paths are told.
const SAME: usize = 3;

/// What there is to say of a word, under headings.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Explanation {
    name: String,
    kind: String,
    lines: Vec<(String, String)>,
}

impl Explanation {
    fn new(name: &str, kind: &str) -> Self {
        Self { name: name.to_owned(), kind: kind.to_owned(), lines: Vec::new() }
    }

    fn line(mut self, heading: &str, text: impl Into<String>) -> Self {
        self.lines.push((heading.to_owned(), text.into()));
        self
    }

    /// Headings beside their texts, in lines that fit.
    fn text(&self, width: usize) -> String {
        let key = self.lines.iter().map(|(heading, _)| heading.chars().count()).max().unwrap_or(0).min(width / 3);
        let mut text = format!("{} ({})\n", self.name, self.kind);
        for (heading, about) in &self.lines {
            let lines = wrapped(about, width.saturating_sub(key + 4));
            let headings = [heading.as_str()].into_iter().chain(std::iter::repeat(""));
            text.extend(lines.iter().zip(headings).map(|(line, heading)| format!("  {heading:key$}  {line}\n")));
        }
        text
    }
}

/// Prints everything that the word may mean.
pub(super) fn explain(terminal: &Terminal, options: &Explain, mut command: Command) -> Result<(), Failure> {
    command.build();
    let found = explanations(options.what.trim(), &command);
    if found.is_empty() {
        return Err(unknown(&options.what));
    }
    for (i, explanation) in found.iter().enumerate() {
        let Explanation { name, kind, lines } = explanation;
        terminal.message("explanation", json!({ "name": name, "kind": kind, "lines": lines }));
        let apart = if i > 0 { "\n" } else { "" };
        terminal.data(&format!("{apart}{}", explanation.text(usize::from(width()))));
    }
    Ok(())
}

fn explanations(word: &str, command: &Command) -> Vec<Explanation> {
    let code = word.parse().ok().and_then(|code: u8| CODES.iter().find(|explained| explained.code == code));
    let listed = registered_entries().into_iter().filter(|listed| listed.name == word);
    (code.map(of_code).into_iter())
        .chain(find(word).map(of_measure))
        .chain(listed.map(|l| of_entry(&l)))
        .chain(of_key(word))
        .chain(of_flag(word, command))
        .collect()
}

/// A flag of the command line: what it does, its values, and which commands have it.
fn of_flag(word: &str, command: &Command) -> Vec<Explanation> {
    let name = word.trim_start_matches('-');
    let mut found: Vec<Explanation> = Vec::new();
    for below in std::iter::once(command).chain(command.get_subcommands()) {
        let flags = below.get_arguments().filter(|arg| arg.get_long() == Some(name) && !name.is_empty());
        for arg in flags {
            let about = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
            let home = below.get_bin_name().unwrap_or(below.get_name()).to_owned();
            let same = found.iter_mut().find(|other| other.lines[0].1 == about);
            match same.and_then(|other| other.lines.last_mut()) {
                Some((_, homes)) => *homes = format!("{homes}, {home}"),
                None => found.push(flag(name, about, arg, &home)),
            }
        }
    }
    found
}

fn flag(name: &str, about: String, arg: &clap::Arg, home: &str) -> Explanation {
    let values: Vec<String> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let takes = arg.get_action().takes_values();
    let mut explanation = Explanation::new(&format!("--{name}"), "flag").line("does", about);
    if takes && !values.is_empty() {
        explanation = explanation.line("one of", values.join(", "));
    }
    if takes && !defaults.is_empty() {
        explanation = explanation.line("default", defaults.join(", "));
    }
    explanation.line("of", home)
}

fn of_code(Explained { code, meaning, help }: &Explained) -> Explanation {
    Explanation::new(&code.to_string(), "exit code").line("means", *meaning).line("what to do", *help)
}

fn of_measure(measure: &Measure) -> Explanation {
    let better = match measure.better {
        Better::Lower => "lower is better",
        Better::Higher => "higher is better",
        Better::Neither => "no direction is better: it describes the set-up, and never counts as a regression",
    };
    let unit = if measure.unit == "1" { "1 (a share or a count)" } else { measure.unit };
    Explanation::new(measure.name, "measure")
        .line("unit", unit)
        .line("measures", measure.about)
        .line("over", measure.over)
        .line("direction", better)
        .line("in a file", format!("[[expect]] with measure = \"{}\"", measure.name))
}

/// A registered name with its parameters.
fn of_entry(Listed { title, place, name, about }: &Listed) -> Explanation {
    let is_table = place.starts_with('[');
    let place = place.replace("NAME", name);
    let explanation = Explanation::new(name, &title.to_lowercase()).line("does", about).line("in a file", &place);
    if is_table { parameters(explanation, place.trim_matches(['[', ']'])) } else { explanation }
}

/// The keys below a path, with their sentences.
fn parameters(explanation: Explanation, path: &str) -> Explanation {
    let path: Vec<&str> = path.split('.').collect();
    let keys = field(&path).map_or_else(Vec::new, |field| field.keys);
    keys.iter().fold(explanation, |explanation, key| {
        let about = describe(&[&path[..], &[key]].concat()).unwrap_or_default();
        explanation.line(key, about)
    })
}

/// A key by its path; by itself, every key of that name.
fn of_key(word: &str) -> Vec<Explanation> {
    let of_path = |path: &str| field_of(&plain(path));
    if let Some(found) = of_path(word) {
        return vec![found];
    }
    let ending = format!(".{word}");
    let same: Vec<String> = paths().into_iter().filter(|path| path.ends_with(&ending)).collect();
    match same.len() {
        // A registered name is explained with its parameters already.
        _ if registered_entries().iter().any(|listed| listed.name == word) => Vec::new(),
        0 => of_part(word),
        1..=SAME => same.iter().filter_map(|path| of_path(path)).collect(),
        _ => vec![Explanation::new(word, "key").line("stands for", same.join(", "))],
    }
}

/// A word that keys hold as a part of their name: `shaping` of `dps.registration_shaping`.
fn of_part(word: &str) -> Vec<Explanation> {
    let holds = |path: &String| {
        path.rsplit('.').next().is_some_and(|key| key != word && key.split('_').any(|part| part == word))
    };
    let found: Vec<String> = paths().into_iter().filter(holds).collect();
    if found.is_empty() {
        Vec::new()
    } else {
        vec![Explanation::new(word, "part of keys").line("see", found.join(", "))]
    }
}

fn field_of(path: &str) -> Option<Explanation> {
    let found = field(&path.split('.').collect::<Vec<_>>())?;
    let mut explanation = Explanation::new(path, "key of a scenario file").line("means", found.about);
    explanation.lines.extend(found.written.map(|written| ("written".to_owned(), written)));
    explanation.lines.extend(found.default.map(|default| ("default".to_owned(), default)));
    explanation = explanation.line("override", format!("--set {path}=..."));
    Some(parameters(explanation, path))
}

/// A path as overrides and messages write it, without numbers of items: `stamps.0.hub` is `stamps.hub`.
fn plain(path: &str) -> String {
    let path = path.trim_matches(['[', ']']).replace('/', ".");
    path.split('.').filter(|step| step.parse::<usize>().is_err()).collect::<Vec<_>>().join(".")
}

/// A word that nothing has, with those that were perhaps meant: one of each kind.
fn unknown(word: &str) -> Failure {
    let entries = registered_entries();
    let paths = paths();
    let keys = paths.iter().map(|path| path.rsplit('.').next().unwrap_or(path));
    let candidates = [
        nearest(word, MEASURES.iter().map(|measure| measure.name)),
        nearest(word, entries.iter().map(|listed| listed.name)),
        if word.contains('.') { nearest_path(word, &paths) } else { nearest(word, keys) },
    ];
    let mut meant: Vec<String> = candidates.into_iter().flatten().map(|word| format!("`{word}`")).collect();
    meant.dedup();
    let hint = if meant.is_empty() { String::new() } else { format!("did you mean {}? ", meant.join(" or ")) };
    let help = format!("{hint}`stampsim list` has every measure, policy and fault, `stampsim schema` every key");
    Failure::new(exit::USAGE, format!("nothing is called `{word}`"), help)
}

/// The key that a misspelt path may mean; one that is only the end of a path is compared with such ends.
fn nearest_path<'a>(word: &str, paths: &'a [String]) -> Option<&'a str> {
    let steps = word.split('.').count();
    let end = |path: &'a String| {
        let cut = path.rmatch_indices('.').nth(steps - 1).map_or(0, |(at, _)| at + 1);
        &path[cut..]
    };
    nearest(word, paths.iter().map(String::as_str)).or_else(|| nearest(word, paths.iter().map(end)))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::Cli;
    use super::super::terminal::Manner;
    use super::super::terminal::sample::terminal;
    use super::*;

    fn told(word: &str) -> String {
        let (terminal, out, _) = terminal(Manner::default());
        explain(&terminal, &Explain { what: word.into() }, Cli::command())
            .unwrap_or_else(|failure| panic!("{word}: {failure:?}"));
        out.text()
    }

    #[test]
    fn everything_that_has_a_name_is_explained() {
        for measure in MEASURES {
            assert!(told(measure.name).contains("(measure)\n  unit "), "{}", measure.name);
        }
        for listed in registered_entries() {
            assert!(told(listed.name).starts_with(listed.name), "{}", listed.name);
        }
        for code in CODES {
            assert!(told(&code.code.to_string()).contains("(exit code)\n  means "), "{code:?}");
        }
    }

    #[test]
    fn a_key_is_found_by_its_path_by_itself_and_as_an_override_writes_it() {
        let ttl = told("gateway.cache.ttl");
        assert!(
            ttl.starts_with("gateway.cache.ttl (key of a scenario file)\n  means ") && ttl.contains("\"1 h\""),
            "{ttl}"
        );
        assert_eq!(told("stamps.0.hub.units"), told("stamps.hub.units"));
        assert_eq!(told("[gateway.cache]"), told("gateway/cache"));
        assert!(told("event_budget").starts_with("run.event_budget"));
        assert!(told("capacity").contains("stamps.capacity"));
        assert!(told("hashed").contains("\n  salt "), "{}", told("hashed"));
    }

    #[test]
    fn every_key_of_the_schema_is_explained_by_its_path() {
        let all = paths();
        assert!(all.len() > 1_000 && all.iter().any(|path| path.matches('.').count() >= 6), "{} keys", all.len());
        for path in all {
            let found = field_of(&path).unwrap_or_else(|| panic!("{path} is not explained"));
            assert!(!found.lines[0].1.is_empty(), "{path} says nothing");
        }
    }

    #[test]
    fn every_flag_is_explained_with_the_commands_that_have_it() {
        let mut command = Cli::command();
        command.build();
        let hidden = |name: &str| ["help", "version"].contains(&name);
        let flags = command.get_subcommands().flat_map(Command::get_arguments).filter_map(|arg| arg.get_long());
        for flag in flags.filter(|name| !hidden(name)) {
            assert!(told(&format!("--{flag}")).contains("(flag)\n  does "), "{flag}");
        }
        let memory = told("memory");
        assert!(
            memory.contains("--memory (flag)") && memory.contains("stampsim run") && memory.contains("stampsim check"),
            "{memory}"
        );
        assert!(told("--fidelity").contains("events, superposed, flow"));
        assert!(told("shaping").contains("dps.registration_shaping"), "{}", told("shaping"));
    }

    #[test]
    fn a_misspelt_word_ends_with_2_and_the_words_that_were_meant() {
        let failed = |word: &str| {
            let (terminal, _, _) = terminal(Manner::default());
            explain(&terminal, &Explain { what: word.into() }, Cli::command()).expect_err(word)
        };
        for (typed, meant) in [
            ("time_to_recovery_s", "`time_to_recover_s`"),
            ("hashd", "`hashed`"),
            ("gateway.cache.tll", "`gateway.cache.ttl`"),
            ("event_bugdet", "`event_budget`"),
            ("hub.connect", "`stamps.hub.connects`"),
        ] {
            let failure = failed(typed);
            assert_eq!(failure.code, exit::USAGE);
            assert!(failure.help.contains("did you mean") && failure.help.contains(meant), "{typed}: {}", failure.help);
        }
        assert!(failed("zzzzzzzz").help.starts_with("`stampsim list`") && failed("").code == exit::USAGE);
    }
}
