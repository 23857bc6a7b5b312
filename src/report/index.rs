//! The index of many scenarios: a line for each, with the question it asks and what its newest run answered.

use std::fmt::Write as _;

/// Where the index begins in a document.
pub const BEGIN: &str = "<!-- index -->";
/// Where it ends.
pub const END: &str = "<!-- end -->";

/// A scenario of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Name of the scenario: its path without the ending.
    pub scenario: String,
    /// What it asks.
    pub question: String,
    /// What its run answered; nothing where it has no sentence for that.
    pub answer: Option<String>,
    /// What its run falls short of; nothing for one that is whole.
    pub partial: Option<String>,
}

/// The index as Markdown, in the order of the names, with a heading for each folder. `links` is put before the path of a
/// scenario file; without it names are no links.
pub fn index(entries: &[Entry], links: Option<&str>) -> String {
    let (mut text, mut last) = (String::new(), None);
    let folder = |entry: &Entry| entry.scenario.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by_key(|entry| (folder(entry), entry.scenario.clone()));
    for entry in sorted {
        if last != Some(folder(entry)) {
            if let Some(name) = folder(entry) {
                let _ = write!(text, "\n### {name}\n\n");
            }
            text.push_str("| scenario | question | answer |\n|---|---|---|\n");
            last = Some(folder(entry));
        }
        let _ = writeln!(text, "| {} | {} | {} |", name(entry, links), cell(&entry.question), answered(entry));
    }
    text
}

/// Replaces the index of a document; nothing where it has no place for one.
pub fn into_document(document: &str, index: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", index.trim()))
}

fn name(Entry { scenario, .. }: &Entry, links: Option<&str>) -> String {
    let short = scenario.rsplit('/').next().unwrap_or(scenario);
    match links {
        Some(links) => format!("[`{short}`]({}/{scenario}.toml)", links.trim_end_matches('/')),
        None => format!("`{short}`"),
    }
}

fn answered(entry: &Entry) -> String {
    match (&entry.partial, &entry.answer) {
        (Some(partial), _) => format!("not known: {}", cell(partial)),
        (None, Some(answer)) => cell(answer),
        (None, None) => String::new(),
    }
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(scenario: &str, answer: Option<&str>, partial: Option<&str>) -> Entry {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Entry {
            scenario: scenario.into(),
            question: "Who | when?".into(),
            answer: owned(answer),
            partial: owned(partial),
        }
    }

    #[test]
    fn scenarios_stand_by_folder_with_what_was_answered() {
        let entries = [entry("b/x", None, Some("interrupted")), entry("z", Some("All\nof them."), None)];
        assert_eq!(
            index(&entries, Some("../scenarios")),
            "| scenario | question | answer |\n|---|---|---|\n\
             | [`z`](../scenarios/z.toml) | Who \\| when? | All of them. |\n\
             \n### b\n\n| scenario | question | answer |\n|---|---|---|\n\
             | [`x`](../scenarios/b/x.toml) | Who \\| when? | not known: interrupted |\n"
        );
        assert!(index(&entries, None).starts_with("| scenario | question | answer |\n|---|---|---|\n| `z` |"));
    }

    #[test]
    fn a_document_keeps_all_but_its_index() {
        let document = "# Title\n\n<!-- index -->\nold\n<!-- end -->\nafter\n";
        let new = into_document(document, "\nnew\n").expect("a place");
        assert_eq!(new, "# Title\n\n<!-- index -->\n\nnew\n\n<!-- end -->\nafter\n");
        assert_eq!(into_document(&new, "new").as_deref(), Some(new.as_str()), "writing it again changes nothing");
        assert_eq!(into_document("# Title\n", "new"), None);
        assert_eq!(into_document("<!-- index -->\n", "new"), None);
    }
}
