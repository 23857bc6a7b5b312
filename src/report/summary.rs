//! `summary.md`: what is pasted into a pull request or shown on the page of a job.
//!
//! The first five lines carry everything, the money first: verdict, costs, findings, how to run it again, where the rest
//! is. Below stand a table of what failed or changed, the rest folded away, and what the figures rest on. The text never
//! exceeds [`MAX_BYTES`], which the hosts of such pages accept; what does not fit is counted.

use std::fmt::Write as _;

use super::gate::{Case, Figure, Gate, Listing, Suite};

/// Most bytes of a summary.
pub const MAX_BYTES: usize = 60_000;
/// Kept free for the lines that say how many entries were left out, and that close what is open (in bytes).
const SLACK: usize = 400;
/// Longest text of one entry (in bytes, before escapes).
const ENTRY: usize = 600;
/// Suites whose costs stand in the first lines, costs of each, and files that are named there.
const FIRST: usize = 3;
/// Longest text of an entry of the first lines [characters].
const BRIEF: usize = 120;

/// The summary of a command, or of one scenario of it.
pub fn summary(gate: &Gate) -> String {
    let mut page = Page { text: head(gate) };
    let mut left = gate.suites.len();
    for suite in &gate.suites {
        if !page.suite(suite) {
            let _ = writeln!(page.text, "\nand {left} more; the JUnit file and the run folders have all.");
            break;
        }
        left -= 1;
    }
    debug_assert!(page.text.len() <= MAX_BYTES, "every part asks for room");
    page.text
}

/// The five lines that carry everything.
fn head(gate: &Gate) -> String {
    let Gate { command, verdict, exit, rerun, artefacts, .. } = gate;
    let mut text = format!("# stampsim {}: {} (exit {exit})\n", inline(command), inline(verdict));
    let _ = writeln!(text, "- **Cost:** {}", money(gate));
    let _ = writeln!(text, "- **Found:** {}", found(gate));
    let _ = writeln!(text, "- **Again:** {}", code(rerun));
    let shown: Vec<String> = artefacts.iter().take(FIRST).map(|path| code(path)).collect();
    let more = artefacts.len().saturating_sub(FIRST);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let files = if shown.is_empty() { "nothing was written".to_owned() } else { shown.join(", ") };
    let _ = writeln!(text, "- **Files:** {files}{more}");
    text
}

/// What the first suites cost.
fn money(gate: &Gate) -> String {
    let with_money: Vec<&Suite> = gate.suites.iter().filter(|suite| !suite.money.is_empty()).collect();
    let of = |suite: &&Suite| {
        let amounts: Vec<String> = suite.money.iter().take(FIRST).map(amount).collect();
        let name = if with_money.len() > 1 { format!("{}: ", brief(&suite.name)) } else { String::new() };
        format!("{name}{}", amounts.join("; "))
    };
    let shown: Vec<String> = with_money.iter().take(FIRST).map(of).collect();
    let more = with_money.len().saturating_sub(FIRST);
    match (shown.is_empty(), more) {
        (true, _) => "no price was asked for".to_owned(),
        (false, 0) => shown.join(" · "),
        (false, more) => format!("{} · and {more} more", shown.join(" · ")),
    }
}

/// "$1,234 → $1,300 per month (+60 .. +72 USD)", or "$1,234 per month".
fn amount(figure: &Figure) -> String {
    let Figure { name, base, value, difference } = figure;
    let base = base.as_ref().map_or_else(String::new, |base| format!("{} → ", brief(base)));
    let difference = difference.as_ref().map_or_else(String::new, |d| format!(" ({})", brief(d)));
    format!("{base}**{}** {}{difference}", brief(value), brief(name))
}

/// A text of the first lines.
fn brief(text: &str) -> String {
    inline(&text.chars().take(BRIEF).collect::<String>())
}

/// Counts, and the worst case in words.
fn found(gate: &Gate) -> String {
    let worst = gate.worst_first().into_iter().find(|(_, case)| case.is_news());
    let worst = worst.map_or_else(String::new, |(suite, case)| {
        let message = if case.message.is_empty() { &case.name } else { &case.message };
        let suite = if gate.suites.len() > 1 { format!("{}: ", inline(suite)) } else { String::new() };
        format!("; {suite}{}", inline(message))
    });
    format!("{}{worst}", gate.counts())
}

/// A text that is filled as far as it may be.
struct Page {
    text: String,
}

impl Page {
    fn fits(&self, more: &str) -> bool {
        self.text.len() + more.len() + SLACK <= MAX_BYTES
    }

    /// Adds a whole part, or nothing of it.
    fn add(&mut self, part: &str) -> bool {
        let fits = self.fits(part);
        if fits {
            self.text.push_str(part);
        }
        fits
    }

    /// Adds as many entries as fit, after a heading, and counts the others; nothing where there is none.
    fn entries(&mut self, heading: &str, entries: &[String], more: impl Fn(usize) -> String) {
        if entries.is_empty() || !self.add(heading) {
            return;
        }
        for (i, entry) in entries.iter().enumerate() {
            if !self.add(entry) {
                self.text.push_str(&more(entries.len() - i));
                return;
            }
        }
    }

    /// Adds a suite; false where not even its heading finds room.
    fn suite(&mut self, suite: &Suite) -> bool {
        let mut heading = format!("\n## {}\n\n", inline(&suite.name));
        if !suite.question.trim().is_empty() {
            let _ = writeln!(heading, "{}\n", inline(&suite.question));
        }
        if !self.add(&heading) {
            return false;
        }
        self.list("", &suite.findings);
        self.table(&suite.figures);
        suite.listings.iter().for_each(|listing| self.listing(listing));
        self.cases(&suite.cases);
        let pictures: Vec<String> = suite.pictures.iter().map(|path| picture(path)).collect();
        self.entries("\n", &pictures, |left| format!("and {left} more pictures\n"));
        self.folded("Assumptions", suite.assumptions.len(), |page| page.list("", &suite.assumptions));
        self.list("\n", &suite.origin);
        true
    }

    fn list(&mut self, heading: &str, entries: &[String]) {
        let lines: Vec<String> = entries.iter().map(|entry| format!("- {}\n", inline(entry))).collect();
        self.entries(heading, &lines, |left| format!("- and {left} more\n"));
    }

    /// Figures that are shown and not judged.
    fn table(&mut self, figures: &[Figure]) {
        let row = |figure: &Figure| format!("| {} | {} |\n", inline(&figure.name), inline(&figure.value));
        let rows: Vec<String> = figures.iter().map(row).collect();
        let heading = "\n| figure | mean and 95 % interval |\n|---|---|\n";
        self.entries(heading, &rows, |left| format!("| and {left} more | |\n"));
    }

    /// A table with a title of its own.
    fn listing(&mut self, listing: &Listing) {
        let line = |cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(|cell| inline(cell)).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let rows: Vec<String> = listing.rows.iter().map(|row| line(row)).collect();
        let columns = listing.headings.len();
        let heading =
            format!("\n{}:\n\n{}|{}\n", inline(&listing.title), line(&listing.headings), "---|".repeat(columns));
        self.entries(&heading, &rows, |left| {
            format!("| and {left} more |{}\n", " |".repeat(columns.saturating_sub(1)))
        });
    }

    /// What failed or changed in a table, all else folded away.
    fn cases(&mut self, cases: &[Case]) {
        let (news, rest): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| case.is_news());
        let mut news = news;
        news.sort_by_key(|case| std::cmp::Reverse(case.grade));
        self.rows(&news);
        let title = if news.is_empty() { "As it should be" } else { "The others, as they should be" };
        self.folded(title, rest.len(), |page| page.rows(&rest));
    }

    fn rows(&mut self, cases: &[&Case]) {
        let compared = cases.iter().any(|case| case.figure.as_ref().is_some_and(|figure| figure.base.is_some()));
        let rows: Vec<String> =
            cases.iter().map(|case| if compared { compared_row(case) } else { row(case) }).collect();
        if compared {
            let heading =
                "\n| figure | base | this | difference, 95 % interval | verdict |\n|---|---:|---:|---:|---|\n";
            self.entries(heading, &rows, |left| format!("| and {left} more | | | | |\n"));
        } else {
            self.entries("\n| case | result | found |\n|---|---|---|\n", &rows, |left| {
                format!("| and {left} more | | |\n")
            });
        }
    }

    /// A part that a reader opens; nothing where it is empty.
    fn folded(&mut self, title: &str, entries: usize, content: impl FnOnce(&mut Self)) {
        if entries > 0 && self.add(&format!("\n<details><summary>{title} ({entries})</summary>\n\n")) {
            content(self);
            self.text.push_str("\n</details>\n");
        }
    }
}

fn row(case: &Case) -> String {
    format!("| {} | {} | {} |\n", inline(&case.name), inline(&case.word), inline(&case.message))
}

fn compared_row(case: &Case) -> String {
    let Figure { base, value, difference, .. } = case.figure.clone().unwrap_or_default();
    let [base, difference] = [base, difference].map(Option::unwrap_or_default);
    let cells = [&case.name, &base, &value, &difference, &case.word].map(|cell| inline(cell));
    format!("| {} |\n", cells.join(" | "))
}

fn picture(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let target: String = path.chars().filter(|c| !c.is_control() && !matches!(c, '<' | '>')).take(ENTRY).collect();
    format!("![{}](<{target}>)\n\n", inline(name))
}

/// Text as one line of Markdown without markup of its own, cut to a bounded length.
fn inline(text: &str) -> String {
    let mut safe = String::new();
    let (text, mut before) = (text.trim(), ' ');
    for (at, c) in text.char_indices() {
        if at >= ENTRY {
            safe.push('…');
            break;
        }
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            // Nobody is called by a summary.
            '@' => safe.push_str("@<!-- -->"),
            // Inside a word it is no markup, and names of measures stay readable.
            '_' if before.is_alphanumeric() && text[at + 1..].starts_with(char::is_alphanumeric) => safe.push(c),
            '|' | '\\' | '`' | '*' | '_' | '~' | '[' | ']' | '#' => safe.extend(['\\', c]),
            c if is_hidden(c) => safe.push(' '),
            c => safe.push(c),
        }
        before = c;
    }
    safe
}

/// Text as code: shown as it is, to be copied.
fn code(text: &str) -> String {
    let text: String = text.chars().map(|c| if is_hidden(c) { ' ' } else { c }).take(ENTRY).collect();
    // A run of backticks ends only at one of the same length.
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if longest == 0 { format!("`{text}`") } else { format!("{fence} {text} {fence}") }
}

/// Line ends, control characters, and marks that turn the direction of the text around them.
fn is_hidden(c: char) -> bool {
    c.is_control() || c.is_whitespace() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::super::gate::Grade;
    use super::super::gate::sample::{NASTY, case, gate};
    use super::*;

    fn figure(name: &str, base: Option<&str>, value: &str, difference: Option<&str>) -> Figure {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Figure { name: name.into(), base: owned(base), value: value.into(), difference: owned(difference) }
    }

    fn comparison() -> Gate {
        let compared = |name: &str, grade, word: &str, is_changed| Case {
            figure: Some(figure(name, Some("100 ms"), "120 ms", Some("+18 .. +22 ms"))),
            word: word.into(),
            is_changed,
            ..case(name, grade)
        };
        let mut gate = gate(vec![
            compared("hit ratio", Grade::Pass, "improved", true),
            compared("stale", Grade::Pass, "equivalent", false),
            compared("p99", Grade::Failure, "regressed", true),
        ]);
        gate.verdict = "regressed".into();
        gate.suites[0].money = vec![
            figure("per month", Some("$1,234"), "$1,300", Some("+60 .. +72 USD")),
            figure("per device and month", None, "$0.41", None),
        ];
        gate
    }

    #[test]
    fn the_first_five_lines_carry_everything() {
        let text = summary(&comparison());
        let lines: Vec<&str> = text.lines().take(5).collect();
        assert_eq!(
            lines,
            [
                "# stampsim run: regressed (exit 20)",
                "- **Cost:** $1,234 → **$1,300** per month (+60 .. +72 USD); **$0.41** per device and month",
                "- **Found:** 1 failed, 2 passed; p99 is 120 ms; expected not &gt; 100 ms",
                "- **Again:** `stampsim run outage.toml`",
                "- **Files:** `output/outage/1`",
            ]
        );
    }

    #[test]
    fn news_stands_in_a_table_and_the_rest_is_folded_away() {
        let text = summary(&comparison());
        let (open, folded) = text.split_once("<details>").expect("something is folded");
        assert!(open.contains("| p99 | 100 ms | 120 ms | +18 .. +22 ms | regressed |\n| hit ratio | "), "{open}");
        assert!(!open.contains("stale") && folded.contains("| stale |"), "{text}");
        assert!(
            folded.starts_with("<summary>The others, as they should be (1)</summary>") && folded.contains("</details>")
        );
    }

    #[test]
    fn a_run_shows_its_figures_findings_and_what_they_rest_on() {
        let mut gate = gate(vec![case("p99 not > 100 ms", Grade::Pass)]);
        let suite = &mut gate.suites[0];
        suite.question = "Who notices?".into();
        suite.figures = vec![figure("devices", None, "80,000 ± 0", None)];
        let cells = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let rows = vec![cells(["promotion", "29 min"])];
        suite.listings = vec![Listing { title: "Moves".into(), headings: cells(["move", "duration"]), rows }];
        suite.findings = vec!["A quarter of the fleet is gone".into()];
        suite.pictures = vec!["charts/latency.svg".into()];
        suite.assumptions = vec!["DPS draws on <no> hub".into()];
        suite.origin = vec!["seed 7".into()];
        let text = summary(&gate);
        for part in [
            "- **Cost:** no price was asked for\n",
            "\n## outage\n\nWho notices?\n\n- A quarter of the fleet is gone\n",
            "| figure | mean and 95 % interval |\n|---|---|\n| devices | 80,000 ± 0 |\n",
            "\nMoves:\n\n| move | duration |\n|---|---|\n| promotion | 29 min |\n",
            "![latency.svg](<charts/latency.svg>)",
            "<details><summary>Assumptions (1)</summary>\n\n- DPS draws on &lt;no&gt; hub\n\n</details>\n",
            "- seed 7\n",
        ] {
            assert!(text.contains(part), "no {part:?} in\n{text}");
        }
    }

    #[test]
    fn text_cannot_become_markup() {
        let mut gate = comparison();
        gate.suites[0].name = NASTY.into();
        gate.suites[0].cases[0].name = NASTY.into();
        gate.suites[0].assumptions = vec![NASTY.into()];
        gate.rerun = NASTY.into();
        let text = summary(&gate);
        assert!(!text.lines().any(|line| line.starts_with("::") || line.starts_with("##vso")), "{text}");
        let outside = text.lines().filter(|line| !line.starts_with("- **Again:**"));
        for line in outside {
            assert!(!line.contains("<script>") && !line.contains("[x]("), "{line}");
            assert!(!line.contains("@all") && !line.chars().any(is_hidden_but_space), "{line:?}");
        }
        assert_eq!(code("a``b"), "``` a``b ```");
    }

    fn is_hidden_but_space(c: char) -> bool {
        c != ' ' && is_hidden(c)
    }

    #[test]
    fn the_length_is_bounded_and_what_is_left_out_is_counted() {
        let cases = (0..5_000).map(|i| case(&format!("case {i} {}", "<&|>@".repeat(40)), Grade::Failure));
        let mut one = gate(cases.collect());
        one.suites[0].question = "why ".repeat(50_000);
        one.suites[0].money = vec![figure(&"m".repeat(10_000), None, &"@".repeat(10_000), None); 2];
        one.rerun = "`".repeat(100_000);
        let text = summary(&one);
        assert!(text.len() <= MAX_BYTES, "{} bytes", text.len());
        let shown = text.matches("\n| case ").count() - 1;
        assert!(shown > 5 && text.contains(&format!("| and {} more | | |", 5_000 - shown)), "{shown} shown");
        let mut many = gate(Vec::new());
        many.suites = (0..3_000).map(|i| Suite { name: format!("suite {i}"), ..one.suites[0].clone() }).collect();
        many.artefacts = vec!["x".repeat(5_000); 5_000];
        let text = summary(&many);
        assert!(text.len() <= MAX_BYTES && text.contains(" more; the JUnit file"), "{} bytes", text.len());
        let mut folded = gate((0..5_000).map(|i| case(&format!("fine {i}"), Grade::Pass)).collect());
        folded.suites[0].assumptions = vec!["a".repeat(500); 5_000];
        let text = summary(&folded);
        assert!(text.len() <= MAX_BYTES && text.matches("<details>").count() == text.matches("</details>").count());
    }
}
