//! JUnit XML, as `PublishTestResults@2` of Azure Pipelines and the report actions of GitHub read it.
//!
//! A failure is a `<failure>`, and so is an inconclusive case that was asked to fail; else that is a `<skipped>` like a
//! skipped one, since no test runner knows more grades. A warning passes with its words in `<system-out>`. Sizes are bounded: [`CASES`] and the length of each text.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::gate::{Case, Gate, Grade, Suite};

/// Most cases of one file; the rest is counted in a last one.
pub const CASES: usize = 5_000;
/// Longest text of an element or attribute [characters].
const TEXT: usize = 2_000;
/// Most lines of evidence of one case.
const EVIDENCE: usize = 50;

type Xml = Writer<Vec<u8>>;

/// The whole document.
pub fn junit(gate: &Gate) -> String {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    document(&mut xml, gate).expect("memory takes everything");
    let mut bytes = xml.into_inner();
    bytes.push(b'\n');
    String::from_utf8(bytes).expect("only text was written")
}

fn document(xml: &mut Xml, gate: &Gate) -> io::Result<()> {
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let mut left = CASES;
    let suites: Vec<(&Suite, Vec<Case>)> = gate.suites.iter().map(|suite| (suite, kept(suite, &mut left))).collect();
    let all = || suites.iter().flat_map(|(_, cases)| cases);
    let name = format!("stampsim {}", legal(&gate.command));
    let element = xml.create_element("testsuites").with_attribute(("name", name.as_str()));
    let element = counted(all())
        .into_iter()
        .fold(element, |element, (name, n)| element.with_attribute((name, n.to_string().as_str())));
    element.write_inner_content(|xml| suites.iter().try_for_each(|(of, cases)| suite(xml, of, cases)))?;
    Ok(())
}

/// The cases that find room, the worst first where not all do, and one that counts the others.
fn kept(suite: &Suite, left: &mut usize) -> Vec<Case> {
    let mut cases = suite.cases.clone();
    if cases.len() > *left {
        // The order of the grades is from good to bad; equal ones stay in their order.
        cases.sort_by_key(|case| std::cmp::Reverse(case.grade));
        let cut = cases.split_off(*left);
        let grade = cut.iter().map(|case| case.grade).max().unwrap_or_default();
        let message =
            format!("{} more cases are left out of this file; the worst of them {}", cut.len(), grade.counted());
        cases.push(Case { name: "more".into(), grade, message, ..Case::default() });
    }
    *left -= cases.len().min(*left);
    cases
}

/// Attributes that count.
fn counted<'a>(cases: impl Iterator<Item = &'a Case>) -> [(&'static str, usize); 4] {
    let cases: Vec<&Case> = cases.collect();
    let count = |wanted: fn(&Case) -> bool| cases.iter().filter(|case| wanted(case)).count();
    let (failures, skipped) = (count(Case::is_failure), count(is_skipped));
    [("tests", cases.len()), ("failures", failures), ("errors", 0), ("skipped", skipped)]
}

fn is_skipped(case: &Case) -> bool {
    matches!(case.grade, Grade::Inconclusive | Grade::Skipped) && !case.is_failure()
}

fn suite(xml: &mut Xml, of: &Suite, cases: &[Case]) -> io::Result<()> {
    let name = legal(&of.name);
    let element = xml.create_element("testsuite").with_attribute(("name", name.as_str()));
    let element = counted(cases.iter())
        .into_iter()
        .fold(element, |element, (name, n)| element.with_attribute((name, n.to_string().as_str())));
    element.write_inner_content(|xml| cases.iter().try_for_each(|of| case(xml, &name, of)))?;
    Ok(())
}

fn case(xml: &mut Xml, suite: &str, of: &Case) -> io::Result<()> {
    let mut element =
        xml.create_element("testcase").with_attributes([("classname", suite), ("name", &legal(&of.name))]);
    if let Some(place) = &of.place {
        let (file, line) = (legal(&place.file), place.line.to_string());
        element = element.with_attributes([("file", file.as_str()), ("line", &line)]);
    }
    if of.grade == Grade::Pass && of.evidence.is_empty() {
        element.write_empty()?;
        return Ok(());
    }
    element.write_inner_content(|xml| outcome(xml, of))?;
    Ok(())
}

fn outcome(xml: &mut Xml, of: &Case) -> io::Result<()> {
    let (message, details) = (legal(&of.message), details(of));
    match of.grade {
        _ if of.is_failure() => {
            let kind = of.exit.map_or_else(|| "failure".to_owned(), |exit| format!("exit {exit}"));
            let element = xml.create_element("failure");
            let element = element.with_attributes([("message", message.as_str()), ("type", &kind)]);
            element.write_text_content(BytesText::new(&details))?;
        }
        _ if is_skipped(of) => {
            let message = format!("{}: {message}", of.grade.counted());
            xml.create_element("skipped").with_attribute(("message", message.as_str())).write_empty()?;
        }
        _ => {
            xml.create_element("system-out").write_text_content(BytesText::new(&details))?;
        }
    }
    Ok(())
}

/// Message, place and evidence of a case.
fn details(of: &Case) -> String {
    let place = of.place.as_ref().map(|place| format!("{}:{}:{}", place.file, place.line, place.column));
    let evidence = of.evidence.iter().take(EVIDENCE).cloned();
    let more = of.evidence.len().saturating_sub(EVIDENCE);
    let more = (more > 0).then(|| format!("and {more} more"));
    let lines = Some(of.message.clone()).into_iter().chain(place).chain(evidence).chain(more);
    lines.map(|line| legal(&line)).collect::<Vec<_>>().join("\n")
}

/// Text that XML 1.0 may hold, cut to a length: no escape makes a control character legal, so each becomes its picture.
fn legal(text: &str) -> String {
    let legal = |c: char| match c {
        '\t' | '\n' | '\r' => c,
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    let mut chars = text.chars();
    let mut safe: String = chars.by_ref().take(TEXT).map(legal).collect();
    if chars.next().is_some() {
        safe.push('…');
    }
    safe
}

#[cfg(test)]
mod tests {
    use quick_xml::Reader;

    use super::super::gate::sample::{NASTY, case, gate};
    use super::*;

    /// Elements with their attributes, and texts, as a parser reads them.
    fn parsed(text: &str) -> Vec<String> {
        let mut reader = Reader::from_str(text);
        let mut found = Vec::new();
        loop {
            match reader.read_event().unwrap_or_else(|error| panic!("{error} in\n{text}")) {
                Event::Start(tag) | Event::Empty(tag) => {
                    let attributes = tag.attributes().map(|attribute| {
                        let attribute = attribute.expect("an attribute");
                        let value = quick_xml::escape::unescape(&attribute.value).expect("escaped").into_owned();
                        format!(" {:?}={value}", attribute.key.as_ref())
                    });
                    found.push(format!("{:?}{}", tag.name().as_ref(), attributes.collect::<String>()));
                }
                Event::Eof => return found,
                _ => {}
            }
        }
    }

    #[test]
    fn grades_become_what_test_runners_know() {
        let mut open = Case { exit: None, ..case("open", Grade::Inconclusive) };
        open.evidence = vec!["n = 3".into()];
        let gate =
            gate(vec![case("fine", Grade::Pass), case("bad", Grade::Failure), open, case("odd", Grade::Warning)]);
        let text = junit(&gate);
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="stampsim run" tests="4" failures="1" errors="0" skipped="1">
  <testsuite name="outage" tests="4" failures="1" errors="0" skipped="1">
    <testcase classname="outage" name="fine" file="scenarios/outage.toml" line="12"/>
    <testcase classname="outage" name="bad" file="scenarios/outage.toml" line="12">
      <failure message="bad is 120 ms; expected not &gt; 100 ms" type="exit 20">bad is 120 ms; expected not &gt; 100 ms
scenarios/outage.toml:12:1</failure>
    </testcase>
    <testcase classname="outage" name="open" file="scenarios/outage.toml" line="12">
      <skipped message="inconclusive: open is 120 ms; expected not &gt; 100 ms"/>
    </testcase>
    <testcase classname="outage" name="odd" file="scenarios/outage.toml" line="12">
      <system-out>odd is 120 ms; expected not &gt; 100 ms
scenarios/outage.toml:12:1</system-out>
    </testcase>
  </testsuite>
</testsuites>
"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn text_cannot_break_out_of_its_element() {
        let mut nasty = case(NASTY, Grade::Failure);
        nasty.message = NASTY.into();
        nasty.evidence = vec![NASTY.into(); 2];
        let mut gate = gate(vec![nasty]);
        gate.suites[0].name = NASTY.into();
        let text = junit(&gate);
        assert!(!text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')), "{text}");
        let elements = parsed(&text);
        assert_eq!(elements.len(), 4, "{elements:#?}");
        assert!(elements[2].contains("a]]><b>&\"'|`*_[x](y)") && elements[2].contains("␀␛[31m"), "{elements:#?}");
    }

    #[test]
    fn thousands_of_cases_are_cut_and_counted_and_no_failure_hides() {
        let mut cases: Vec<Case> = (0..CASES + 100).map(|i| case(&format!("fine {i}"), Grade::Pass)).collect();
        cases.extend((0..3).map(|i| case(&format!("bad {i}"), Grade::Failure)));
        let text = junit(&gate(cases));
        assert_eq!(text.matches("<testcase").count(), CASES + 1);
        assert!(text.contains("failures=\"3\"") && text.contains("name=\"bad 2\""));
        let text = junit(&gate((0..CASES + 7).map(|i| case(&format!("bad {i}"), Grade::Failure)).collect()));
        assert!(text.contains("7 more cases are left out of this file; the worst of them failed"));
        assert!(text.contains(&format!("failures=\"{}\"", CASES + 1)));
        let mut long = case("x", Grade::Failure);
        long.message = "é".repeat(3_000_000);
        long.evidence = vec!["e".repeat(100_000); 1_000];
        assert!(junit(&gate(vec![long])).len() < 200_000);
        assert_eq!(parsed(&junit(&Gate::default())).len(), 1);
    }
}
