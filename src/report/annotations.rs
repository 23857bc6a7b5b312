//! Lines on a pull request: GitHub workflow commands and Azure Pipelines logging commands.
//!
//! Both systems show only the first few of a step, so there are never more than [`MAX`], the worst first, and the last one
//! says how many more there are. Escapes follow the toolkits of the systems (`@actions/core`, `azure-pipelines-task-lib`).

use super::gate::{Case, Gate, Grade, Place};

/// Most annotations of a command; GitHub keeps ten of a kind for each step.
pub const MAX: usize = 10;
/// Longest message [characters]; both systems cut or drop long lines.
const MESSAGE: usize = 1_000;
/// Longest path [characters].
const PATH: usize = 500;

/// The system that reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// GitHub Actions.
    Github,
    /// Azure Pipelines.
    Azure,
}

/// One line for each failure, inconclusive case and warning, the worst first; at most [`MAX`].
pub fn annotations(gate: &Gate, system: System) -> Vec<String> {
    let told: Vec<_> = gate.worst_first().into_iter().filter(|(_, case)| case.grade >= Grade::Warning).collect();
    let shown = if told.len() > MAX { MAX - 1 } else { told.len() };
    let mut lines: Vec<String> = told[..shown].iter().map(|(suite, case)| annotation(system, suite, case)).collect();
    if shown < told.len() {
        let rest = &told[shown..];
        let is_error = rest.iter().any(|(_, case)| case.is_failure());
        let text = format!("stampsim {}: {} more; the summary and the JUnit file have all", gate.command, rest.len());
        lines.push(line(system, is_error, None, &text));
    }
    lines
}

fn annotation(system: System, suite: &str, case: &Case) -> String {
    let found = if case.message.is_empty() { &case.name } else { &case.message };
    let text = if suite.is_empty() { found.clone() } else { format!("{suite}: {found}") };
    line(system, case.is_failure(), case.place.as_ref(), &text)
}

fn line(system: System, is_error: bool, place: Option<&Place>, text: &str) -> String {
    let kind = if is_error { "error" } else { "warning" };
    let text = bounded(text, MESSAGE);
    match system {
        System::Github => {
            let at = place.map_or_else(String::new, |Place { file, line, column }| {
                format!(" file={},line={line},col={column}", github_property(&bounded(file, PATH)))
            });
            format!("::{kind}{at}::{}", github(&text))
        }
        System::Azure => {
            let at = place.map_or_else(String::new, |Place { file, line, column }| {
                let path = azure_property(&bounded(file, PATH));
                format!(";sourcepath={path};linenumber={line};columnnumber={column}")
            });
            format!("##vso[task.logissue type={kind}{at}]{}", azure(&text))
        }
    }
}

/// Text without characters that no log shows, cut to a length.
fn bounded(text: &str, most: usize) -> String {
    let shown = |c: &char| !c.is_control() || matches!(c, '\n' | '\r');
    let mut chars = text.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(shown);
    let mut cut: String = chars.by_ref().take(most).collect();
    if chars.next().is_some() {
        cut.push('…');
    }
    cut
}

fn github(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn github_property(text: &str) -> String {
    github(text).replace(':', "%3A").replace(',', "%2C")
}

fn azure(text: &str) -> String {
    text.replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A")
}

fn azure_property(text: &str) -> String {
    azure(text).replace(']', "%5D").replace(';', "%3B")
}

#[cfg(test)]
mod tests {
    use super::super::gate::sample::{NASTY, case, gate};
    use super::*;

    #[test]
    fn each_system_gets_its_own_line_with_the_place() {
        let open = Case { exit: None, ..case("cost", Grade::Inconclusive) };
        let gate = gate(vec![case("p99", Grade::Failure), case("fine", Grade::Pass), open]);
        assert_eq!(
            annotations(&gate, System::Github),
            [
                "::error file=scenarios/outage.toml,line=12,col=1::outage: p99 is 120 ms; expected not > 100 ms",
                "::warning file=scenarios/outage.toml,line=12,col=1::outage: cost is 120 ms; expected not > 100 ms",
            ]
        );
        assert_eq!(
            annotations(&gate, System::Azure)[0],
            "##vso[task.logissue type=error;sourcepath=scenarios/outage.toml;linenumber=12;columnnumber=1]\
             outage: p99 is 120 ms; expected not > 100 ms"
        );
    }

    #[test]
    fn text_cannot_end_its_line_or_its_command() {
        let mut nasty = case("x", Grade::Failure);
        nasty.message = NASTY.into();
        nasty.place = Some(Place { file: "a,b:c;d]e%\nf".into(), line: 1, column: 2 });
        let gate = gate(vec![nasty]);
        for (system, head) in [
            (System::Github, "::error file=a%2Cb%3Ac;d]e%25%0Af,line=1,col=2::outage: a]]>"),
            (
                System::Azure,
                "##vso[task.logissue type=error;sourcepath=a,b:c%3Bd%5De%AZP25%0Af;linenumber=1;columnnumber=2]outage: a]]>",
            ),
        ] {
            let lines = annotations(&gate, system);
            assert_eq!(lines.len(), 1);
            assert!(lines[0].starts_with(head), "{}", lines[0]);
            assert!(!lines[0].chars().any(char::is_control), "{}", lines[0]);
            // What looks like an escape in the text is one no longer.
            assert!(!lines[0].contains("::%0A"), "{}", lines[0]);
        }
    }

    #[test]
    fn ten_lines_are_the_most_and_the_last_counts_the_rest() {
        let many = |n: usize| gate((0..n).map(|i| case(&format!("c{i}"), Grade::Failure)).collect());
        assert_eq!(annotations(&many(10), System::Github).len(), 10);
        assert!(!annotations(&many(10), System::Github)[9].contains("more"));
        let lines = annotations(&many(5_000), System::Azure);
        assert_eq!(lines.len(), MAX);
        assert_eq!(
            lines[9],
            "##vso[task.logissue type=error]stampsim run: 4991 more; the summary and the JUnit file have all"
        );
        assert!(annotations(&many(0), System::Github).is_empty());
        let mut long = many(1);
        long.suites[0].cases[0].message = "ü".repeat(1_000_000);
        assert!(annotations(&long, System::Github)[0].len() < 4 * MESSAGE);
    }
}
