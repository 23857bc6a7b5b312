//! Documents keep up with the program: links and paths resolve, and what can be read from the program is written by it.
//!
//! Tables between `<!-- generated: name -->` and `<!-- end -->` come from the catalogue of measures, the registries and the
//! scenario files; schemas and commands are held against the program itself. `UPDATE_DOCS=1 cargo test --test it docs`
//! writes them anew; the difference is then for a reviewer.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use stampsim::experiment::verify::{Plan, markdown};
use stampsim::metrics::Better;
use stampsim::metrics::measure::MEASURES;
use stampsim::model::backoff::BackoffRule;
use stampsim::model::dps::allocation::AllocationPolicy;
use stampsim::model::dps::topology::TopologyPolicy;
use stampsim::model::fault::FaultCause;
use stampsim::model::fault::remediation::Remediation;
use stampsim::model::gateway::call::Outcome;
use stampsim::model::gateway::eviction::EvictionPolicy;
use stampsim::model::gateway::fallback::FallbackPolicy;
use stampsim::model::lifecycle::change::ChangeKind;
use stampsim::model::movement::{MoveKind, MoveOrder, Pacing};
use stampsim::model::population::cohort::ReconnectRule;
use stampsim::model::population::device::State;
use stampsim::model::population::growth::GrowthLaw;
use stampsim::model::routing::UserRouting;
use stampsim::model::stamp::scaling::ScalingPolicy;
use stampsim::registry::Entry;

use super::cli::Place;

const END: &str = "<!-- end -->";
/// Tests run at the same time; a document is read and written by one of them.
static WRITING: Mutex<()> = Mutex::new(());

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Files below a folder with this ending, sorted.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let (mut folders, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Every document: those at the root, those of `docs`, and the note in `output`.
fn documents() -> Vec<PathBuf> {
    let at_root = fs::read_dir(root()).expect("the root").map(|entry| entry.expect("an entry").path());
    let mut all: Vec<PathBuf> = at_root.filter(|path| path.extension().is_some_and(|e| e == "md")).collect();
    all.sort();
    all.extend(files(&root().join("docs"), "md"));
    all.push(root().join("output/README.md"));
    all
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The text without fenced code, whose brackets are no links.
fn prose(text: &str) -> String {
    let mut inside = false;
    let fence = |line: &&str| {
        let is_fence = line.trim_start().starts_with("```");
        inside ^= is_fence;
        !inside && !is_fence
    };
    text.lines().filter(fence).collect::<Vec<_>>().join("\n")
}

/// Targets of the links of a document.
fn links(text: &str) -> Vec<String> {
    let after = |part: &str| part.split_once(')').map(|(target, _)| target.trim().to_owned());
    prose(text).split("](").skip(1).filter_map(after).collect()
}

/// The anchor of a heading, as the usual renderers make it.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading.trim().to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn anchors(text: &str) -> Vec<String> {
    let prose = prose(text);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#'))).collect()
}

#[test]
fn relative_links_resolve() {
    let mut broken = Vec::new();
    for document in documents() {
        for link in links(&read(&document)) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, place) = link.split_once('#').unwrap_or((&link, ""));
            let folder = document.parent().expect("a document lies in a folder");
            let target = if path.is_empty() { document.clone() } else { folder.join(path) };
            let is_text = target.extension().is_some_and(|e| e == "md") && target.is_file();
            let no_place = !place.is_empty() && is_text && !anchors(&read(&target)).contains(&place.to_owned());
            if !target.exists() || no_place {
                broken.push(format!("{}: {link}", shown(&document)));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere\n{}", broken.join("\n"));
}

/// A path in backquotes that starts at one of our folders is a promise too; patterns such as `<name>.rs` are none.
#[test]
fn paths_in_backquotes_exist() {
    let mut broken = Vec::new();
    for document in documents() {
        let text = prose(&read(&document));
        let quoted = text.split('`').skip(1).step_by(2);
        let ours =
            |word: &&str| ["src/", "tests/", "scenarios/", "docs/"].iter().any(|folder| word.starts_with(folder));
        let plain = |word: &&str| !word.contains(|c: char| c.is_whitespace() || "<>*{}".contains(c));
        for word in quoted.filter(ours).filter(plain) {
            if !root().join(word).exists() {
                broken.push(format!("{}: {word}", shown(&document)));
            }
        }
    }
    assert!(broken.is_empty(), "paths that are not there\n{}", broken.join("\n"));
}

/// The documents say what CI runs: every `cargo` line of its script stands in the guide for contributors.
#[test]
fn contributing_shows_the_commands_of_ci() {
    let script = root().join(".ci/run");
    if !script.exists() {
        return;
    }
    let guide = read(&root().join("docs/contributing.md"));
    for line in read(&script).lines().map(str::trim).filter(|line| line.contains("cargo ") && !line.starts_with('#')) {
        let command = line[line.find("cargo ").expect("filtered")..].trim_end_matches(['\\', '&', '"', '\'']).trim();
        assert!(guide.contains(command), "docs/contributing.md does not show `{command}`");
    }
}

/// Compares a generated part of a document with what it should be, or writes it.
fn check(document: &str, name: &str, wanted: &str) {
    let _one_at_a_time = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let path = root().join(document);
    let text = read(&path);
    let begin = format!("<!-- generated: {name} -->");
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{document} has no {begin}"));
    let (found, after) = rest.split_once(END).unwrap_or_else(|| panic!("{begin} in {document} has no {END}"));
    if found.trim() == wanted.trim() {
        return;
    }
    let advice = "`UPDATE_DOCS=1 cargo test --test it docs` writes it anew";
    let writes = std::env::var_os("UPDATE_DOCS").is_some();
    assert!(writes, "the part `{name}` of {document} is not up to date; {advice}\n\nit should be\n\n{wanted}");
    let new = format!("{before}{begin}\n\n{}\n\n{END}{after}", wanted.trim());
    fs::write(&path, new).expect("the document can be written");
    panic!("the part `{name}` of {document} was written anew: look at the difference and run again");
}

/// Schemas in `docs` are those that the program prints.
#[test]
fn the_committed_schemas_are_those_of_the_program() {
    for kind in ["scenario", "prices", "summary", "messages"] {
        let wanted = Place::new().run(&["schema", kind]).says(0, &[]).out;
        let path = root().join(format!("docs/{kind}.schema.json"));
        if read(&path) == wanted {
            continue;
        }
        let writes = std::env::var_os("UPDATE_DOCS").is_some();
        assert!(writes, "{} is not up to date; `UPDATE_DOCS=1 cargo test --test it docs` writes it anew", shown(&path));
        fs::write(&path, wanted).expect("the document can be written");
        panic!("{} was written anew: look at the difference and run again", shown(&path));
    }
}

/// Commands of our program in a text, a line each.
fn commands(text: &str) -> Vec<Vec<String>> {
    let command = |line: &str| {
        let line = line.trim().trim_start_matches('@');
        line.starts_with("stampsim ").then(|| line.split([';', '|', '#']).next().unwrap_or(line).to_owned())
    };
    let words = |line: String| line.split_whitespace().skip(1).map(str::to_owned).collect();
    text.lines().filter_map(command).map(words).collect()
}

/// Whether the program's own parser takes these words: with `--help` behind them it reads them all and does nothing.
fn is_understood(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
    Place::new().run(&words).code == Some(0)
}

/// The pipelines that people copy use flags that there are.
#[test]
fn pipelines_use_commands_that_the_program_understands() {
    let mut seen = 0;
    for name in ["github.yml", "azure-pipelines.yml", "README.md"] {
        for words in commands(&read(&root().join("docs/ci").join(name))) {
            assert!(is_understood(&words), "docs/ci/{name}: stampsim {}", words.join(" "));
            seen += 1;
        }
    }
    assert!(seen >= 6, "only {seen} commands were found");
    // The check can fail: on a flag, a value and a command that there are not.
    for wrong in ["run a.toml --junt x", "run a.toml --annotations gitlab", "gate a.toml"] {
        assert!(!is_understood(&wrong.split(' ').map(str::to_owned).collect::<Vec<_>>()), "{wrong}");
    }
}

fn measures() -> String {
    let mut table = String::from("| measure | unit | better | what it measures | over |\n|---|---|---|---|---|\n");
    for m in MEASURES {
        let better = match m.better {
            Better::Lower => "lower",
            Better::Higher => "higher",
            Better::Neither => "-",
        };
        writeln!(table, "| `{}` | {} | {better} | {} | {} |", m.name, m.unit, m.about, m.over).expect("text grows");
    }
    table
}

/// Every registry: heading, the table of a scenario file that it fills, its entries.
fn registries() -> [(&'static str, &'static str, &'static [Entry]); 15] {
    [
        ("Growth laws", "[cohorts.growth.NAME]", GrowthLaw::ENTRIES),
        ("Back-off rules", "[cohorts.retry.NAME]", BackoffRule::ENTRIES),
        ("Reconnect rules", "[cohorts.reconnect.NAME]", ReconnectRule::ENTRIES),
        ("Allocation policies", "[dps.allocation.NAME]", AllocationPolicy::ENTRIES),
        ("Provisioning topologies", "[dps.topology.NAME]", TopologyPolicy::ENTRIES),
        ("Eviction policies", "[gateway.cache.eviction.NAME]", EvictionPolicy::ENTRIES),
        ("Fallbacks", "[gateway.fallback.NAME]", FallbackPolicy::ENTRIES),
        ("Scaling policies", "[scaling.policy.NAME]", ScalingPolicy::ENTRIES),
        ("Routing of users", "[users.routing.NAME]", UserRouting::ENTRIES),
        ("Faults", "[faults.cause.NAME]", FaultCause::ENTRIES),
        ("Remedies", "[faults.remediation.NAME]", Remediation::ENTRIES),
        ("Moves", "[moves.kind.NAME]", MoveKind::ENTRIES),
        ("Pacing of moves", "[moves.pacing.NAME]", Pacing::ENTRIES),
        ("Orders of moves", "[moves.order.NAME]", MoveOrder::ENTRIES),
        ("Changes of hubs", "[changes.kind.NAME]", ChangeKind::ENTRIES),
    ]
}

fn policies() -> String {
    let mut out = String::new();
    for (heading, table, entries) in registries() {
        writeln!(out, "**{heading}**, `{table}`\n\n| name | what it does |\n|---|---|").expect("text grows");
        for entry in entries {
            writeln!(out, "| `{}` | {} |", entry.key, entry.about).expect("text grows");
        }
        out.push('\n');
    }
    out
}

/// Name and question of every shipped scenario, as its file has them.
fn scenarios() -> Vec<(String, String)> {
    let shipped = |path: &PathBuf| !shown(path).starts_with("scenarios/catalog/");
    let asked = |path: PathBuf| {
        let name = shown(&path);
        let file: toml::Table = read(&path).parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        let question = file.get("question").and_then(|value| value.as_str());
        (name.clone(), question.unwrap_or_else(|| panic!("{name} asks no question")).to_owned())
    };
    files(&root().join("scenarios"), "toml").into_iter().filter(shipped).map(asked).collect()
}

#[test]
fn the_table_of_measures_is_the_catalogue() {
    check("docs/model.md", "measures", &measures());
}

#[test]
fn the_tables_of_policies_are_the_registries() {
    check("docs/model.md", "policies", &policies());
}

/// The index has every scenario with its question. Its answers take all replications, so `tests/gates/index.sh` holds
/// those against a run.
#[test]
fn the_index_of_scenarios_is_the_folder() {
    let text = read(&root().join("docs/scenarios.md"));
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| [`")).collect();
    for (name, question) in scenarios() {
        let row = format!("(../{name}) | {question} |");
        assert!(rows.iter().any(|line| line.contains(&row)), "docs/scenarios.md lacks {name}, or its question");
    }
    assert_eq!(rows.len(), scenarios().len(), "docs/scenarios.md has a scenario that is not there");
    let empty: Vec<&&str> = rows.iter().filter(|row| row.contains("(no figure)") || row.ends_with("|  |")).collect();
    assert!(empty.is_empty(), "scenarios that answer nothing: {empty:?}");
}

/// Family, rows and verdict of each line of a table of families.
fn verdicts(table: &str) -> Vec<(String, usize, bool)> {
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let row = |cells: Vec<String>| {
        Some((cells.get(1)?.clone(), cells.get(3)?.parse().ok()?, cells.get(6).is_some_and(|cell| cell == "pass")))
    };
    table.lines().map(cells).filter_map(row).collect()
}

/// The table of `verify` has every family with its number of rows, and all pass. Its deviations take all replications, so
/// only `UPDATE_DOCS=1` computes them; `stampsim verify --markdown` prints the same table.
#[test]
fn the_table_of_what_is_validated_has_every_family() {
    let text = read(&root().join("README.md"));
    let block = text.split_once("<!-- generated: validation -->").and_then(|(_, rest)| rest.split_once(END));
    let (found, _) = block.expect("README.md has the generated part `validation`");
    let families = Plan::built_in().families().into_iter();
    let wanted: Vec<_> = families.map(|(family, rows)| (family.to_owned(), rows, true)).collect();
    if verdicts(found) != wanted && std::env::var_os("UPDATE_DOCS").is_some() {
        check("README.md", "validation", &markdown(&super::verify::verified(&Plan::built_in()).rows));
    }
    assert_eq!(verdicts(found), wanted, "README.md is not up to date with `stampsim verify --markdown`");
}

/// A registered policy is explained, not only listed: its name stands in the text around the generated tables too.
#[test]
fn every_policy_outcome_and_state_is_explained() {
    let model = read(&root().join("docs/model.md"));
    let explained: String = model
        .split("<!-- generated: ")
        .enumerate()
        .map(|(i, part)| if i == 0 { part } else { part.split_once(END).map_or("", |(_, after)| after) })
        .collect();
    let keys = registries().into_iter().flat_map(|(_, _, entries)| entries).map(|entry| entry.key);
    let words = keys.chain(Outcome::ALL.map(Outcome::name)).chain(State::ALL.map(State::name));
    let missing: Vec<&str> = words.filter(|word| !explained.contains(&format!("`{word}`"))).collect();
    assert!(missing.is_empty(), "docs/model.md does not explain {missing:?}");
}
