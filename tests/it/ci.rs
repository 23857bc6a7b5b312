//! What CI reads, through the program itself: JUnit, annotations, summaries and JSON lines, with ordinary and with hostile
//! and oversized input.

use std::fs;

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

use super::cli::{Ended, Place, SMALL};

const GITHUB: [(&str, &str); 1] = [("GITHUB_ACTIONS", "true")];

/// So many expectations that fail, after the small scenario.
fn failing(count: usize) -> String {
    let expect = "\n[[expect]]\nmeasure = \"time_to_recover_s\"\nlabels = { share = \"100 %\" }\nfail_if = \"> 0 s\"\n";
    format!("{SMALL}{}", expect.repeat(count))
}

/// Names of the elements of a well-formed XML file.
fn elements(text: &str) -> Vec<String> {
    let mut reader = Reader::from_str(text);
    let mut found = Vec::new();
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error} in\n{text}")) {
            Event::Start(tag) | Event::Empty(tag) => {
                assert!(tag.attributes().all(|attribute| attribute.is_ok()), "attributes in\n{text}");
                found.push(String::from_utf8_lossy(tag.name().as_ref().as_ref()).into_owned());
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

fn count(names: &[String], name: &str) -> usize {
    names.iter().filter(|found| *found == name).count()
}

fn read(place: &Place, name: &str) -> String {
    fs::read_to_string(place.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn lines_of<'a>(ended: &'a Ended, head: &str) -> Vec<&'a str> {
    ended.out.lines().filter(|line| line.starts_with(head)).collect()
}

#[test]
fn a_failed_bound_is_told_at_its_line_in_every_form() {
    let place = Place::new();
    place.write("strict.toml", &failing(1));
    let line = failing(1).lines().position(|line| line == "[[expect]]").expect("a bound") + 1;
    let words = ["run", "strict.toml", "--junit", "new/folder/junit.xml", "--summary", "summary.md"];
    let ended = place.run_in(&[GITHUB[0], ("GITHUB_STEP_SUMMARY", "step.md")], &words).says(20, &[]);
    let head = format!("::error file=strict.toml,line={line},col=1::strict: time_to_recover_s");
    assert_eq!(lines_of(&ended, &head).len(), 1, "{ended:#?}");
    let junit = read(&place, "new/folder/junit.xml");
    let names = elements(&junit);
    assert_eq!((count(&names, "testcase"), count(&names, "failure")), (2, 1), "{junit}");
    assert!(
        junit.contains(&format!("file=\"strict.toml\" line=\"{line}\"")) && junit.contains("type=\"exit 20\""),
        "{junit}"
    );
    let summary = read(&place, "summary.md");
    let first: Vec<&str> = summary.lines().take(5).collect();
    assert_eq!(first[0], "# stampsim run: failed (exit 20)");
    assert!(first[1].starts_with("- **Cost:** **$") && first[1].contains("per month"), "{first:#?}");
    assert!(first[2].contains("1 failed, 1 passed; time_to_recover_s"), "{first:#?}");
    assert!(first[3].contains("`stampsim run strict.toml") && first[4].contains("output/strict/"), "{first:#?}");
    assert_eq!(read(&place, "step.md").trim_end(), summary.trim_end());
    // The run folder has both by itself.
    let folder = format!("output/strict/{}", read(&place, "output/strict/latest").trim());
    assert_eq!(count(&elements(&read(&place, &format!("{folder}/junit.xml"))), "failure"), 1);
    assert!(read(&place, &format!("{folder}/summary.md")).contains("](<charts/"));
}

#[test]
fn azure_gets_its_own_commands_and_uploads_the_summary() {
    let place = Place::new();
    place.write("strict.toml", &failing(1));
    let words = ["run", "strict.toml", "--summary", "summary.md"];
    let ended = place.run_in(&[("TF_BUILD", "True")], &words).says(20, &[]);
    let issues = lines_of(&ended, "##vso[task.logissue type=error;sourcepath=strict.toml;linenumber=");
    let uploads = lines_of(&ended, "##vso[task.uploadsummary]/");
    assert!(issues.len() == 1 && uploads.len() == 1 && uploads[0].ends_with("summary.md"), "{ended:#?}");
    let none = place.run_in(&[("TF_BUILD", "True")], &["run", "strict.toml", "--annotations", "none"]).says(20, &[]);
    assert!(lines_of(&none, "##vso").is_empty(), "{none:#?}");
}

#[test]
fn a_wrong_file_is_annotated_where_it_is_wrong() {
    let place = Place::new();
    place.write("wrong.toml", &SMALL.replace("seed = 7", "sead = 7"));
    for command in ["check", "run"] {
        let words = [command, "wrong.toml", "--junit", "junit.xml", "--exit-zero"];
        let ended = place.run_in(&GITHUB, &words).says(10, &["1 problem"]);
        assert_eq!(lines_of(&ended, "::error file=wrong.toml,line=7,col=1::").len(), 1, "{ended:#?}");
        assert_eq!(count(&elements(&read(&place, "junit.xml")), "failure"), 1);
    }
    let ended = place.run_in(&GITHUB, &["check", "small.toml", "--junit", "junit.xml"]).says(0, &[]);
    assert!(lines_of(&ended, "::").is_empty(), "{ended:#?}");
    assert_eq!(count(&elements(&read(&place, "junit.xml")), "failure"), 0);
}

#[test]
fn thousands_of_failures_stay_within_every_bound() {
    let place = Place::new();
    place.write("strict.toml", &failing(3_000));
    let words = ["run", "strict.toml", "--junit", "junit.xml", "--summary", "summary.md", "--replications", "2"];
    let ended = place.run_in(&GITHUB, &words).says(20, &[]);
    let lines = lines_of(&ended, "::");
    assert_eq!(lines.len(), 10, "{lines:#?}");
    assert!(lines[9].contains("2991 more"), "{lines:#?}");
    let summary = read(&place, "summary.md");
    assert!(summary.len() <= 60_000 && summary.contains(" more | | |"), "{} bytes", summary.len());
    assert_eq!(count(&elements(&read(&place, "junit.xml")), "failure"), 3_000);
}

/// Text that would break out of a line, a command, an element or a table, as a TOML string writes it.
const HOSTILE: &str = r"x\u001b[31m\n::error::o\r\n##vso[task.x]]]></a><b>|`@all`![a](b)<script>";

/// Runs a scenario with hostile text and checks every file and line that CI reads.
fn stays_text(scenario: &str, code: i32) {
    let place = Place::new();
    let expect = "\n[[expect]]\nmeasure = \"time_to_recover_s\"\nlabels = { share = \"100 %\" }\nfail_if = \"> 0 s\"\n";
    place.write("hostile.toml", &format!("{scenario}{expect}"));
    let words = ["run", "hostile.toml", "--junit", "junit.xml", "--summary", "summary.md"];
    let ended = place.run_in(&GITHUB, &words).says(code, &[]);
    let is_command = |line: &str| line.trim_start().starts_with("::") || line.starts_with("##vso");
    let commands: Vec<&str> = ended.out.lines().chain(ended.err.lines()).filter(|line| is_command(line)).collect();
    assert_eq!(commands.len(), 1, "{ended:#?}");
    assert!(commands[0].starts_with("::error file=hostile.toml,line="), "{commands:#?}");
    let junit = read(&place, "junit.xml");
    assert_eq!(count(&elements(&junit), "failure"), 1, "{junit}");
    assert_eq!(count(&elements(&junit), "b"), 0, "{junit}");
    let summary = read(&place, "summary.md");
    assert!(summary.len() <= 60_000 && !summary.contains("<script>") && !summary.contains("@all"), "{summary}");
    assert!(!summary.lines().any(is_command), "{summary}");
    for text in [&ended.out, &ended.err, &junit, &summary] {
        assert!(!text.contains('\u{1b}'), "a control character in {text}");
    }
}

#[test]
fn a_hostile_question_stays_text() {
    let question = format!("{HOSTILE}{}", "long ".repeat(40_000));
    stays_text(&SMALL.replace("Sixty devices come back from a blackout: how long does it take?", &question), 20);
}

#[test]
fn a_hostile_name_stays_text() {
    stays_text(&SMALL.replace("name = \"blackout\"", &format!("name = \"{HOSTILE}\"")), 10);
}

#[test]
fn a_summary_of_what_changed_is_left_out_where_nothing_did() {
    let place = Place::new();
    place.write("lockstep.toml", &SMALL.replace("jitter = \"full\"", "jitter = \"none\""));
    let compare = |candidate: &str, when: &str| {
        let words = [
            "compare",
            "small.toml",
            candidate,
            "--replications",
            "10",
            "--summary",
            "summary.md",
            "--junit",
            "junit.xml",
        ];
        place.run(&[&words[..], &["--summary-when", when]].concat())
    };
    compare("small.toml", "changed").says(0, &[]);
    assert!(!place.path("summary.md").exists(), "nothing changed");
    assert_eq!(count(&elements(&read(&place, "junit.xml")), "testcase"), 1);
    compare("lockstep.toml", "changed").says(21, &[]);
    let summary = read(&place, "summary.md");
    assert!(summary.starts_with("# stampsim compare: regressed (exit 21)\n- **Cost:** $"), "{summary}");
    assert!(summary.contains("| figure | base | this | difference, 95 % interval | verdict |"), "{summary}");
    assert!(count(&elements(&read(&place, "junit.xml")), "failure") > 0);
}

/// The part of a schema that a reference names, or the schema itself.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let name = schema["$ref"].as_str().and_then(|text| text.strip_prefix("#/definitions/"));
    let named = name.map(|name| &root["definitions"][name]);
    let all = schema["allOf"].as_array().into_iter().flatten().flat_map(|part| resolved(root, part));
    [schema].into_iter().chain(named).chain(all).collect()
}

/// Whether a line is of a kind that the schema has, with all the keys it must have and none that it has not.
fn is_of_schema(root: &Value, line: &Value) -> bool {
    let fields = line.as_object().expect("a line is an object");
    let variant = |variant: &Value| {
        let parts = resolved(root, variant);
        let key = |name: &String| parts.iter().any(|part| part["properties"].get(name).is_some());
        let must = parts.iter().flat_map(|part| part["required"].as_array().into_iter().flatten());
        parts.iter().any(|part| part["properties"]["type"]["const"] == line["type"])
            && fields.keys().all(key)
            && must.filter_map(Value::as_str).all(|name| fields.contains_key(name))
    };
    root["oneOf"].as_array().expect("kinds of lines").iter().any(variant)
}

#[test]
fn every_json_line_is_of_the_schema() {
    let place = Place::new();
    place.write("strict.toml", &failing(2));
    place.write("wrong.toml", &SMALL.replace("seed = 7", "sead = 7"));
    place.write("lockstep.toml", &SMALL.replace("jitter = \"full\"", "jitter = \"none\""));
    let schema: Value = serde_json::from_str(&place.run(&["schema", "messages"]).says(0, &[]).out).expect("JSON");
    let commands = [
        "run strict.toml",
        "run wrong.toml",
        "run small.toml --set run.event_budget=50",
        "run strict.toml --self-check --precision 20% --max-replications 20",
        "check small.toml strict.toml",
        "compare small.toml small.toml",
        "compare small.toml lockstep.toml",
        "compare nowhere small.toml",
        "compare small.toml lockstep.toml strict.toml --replications 4",
        "compare small.toml --self-check --replications 10",
        "baseline small.toml small.baseline.toml",
        "rank small.toml lockstep.toml --measure time_to_recover_s --labels share=99% --indifference 1000 --max-replications 30",
        "golden small.toml --accept small",
        "golden small.toml --dir elsewhere",
        "rerun output/small",
        "estimate small.toml",
        "verify --list",
        "verify M/M/1",
        "list",
        "explain capacity",
        "explain capasity",
        "init new",
        "man pages",
    ];
    let mut kinds = std::collections::BTreeSet::new();
    for command in commands {
        let words: Vec<&str> = command.split(' ').chain(["--message-format", "json"]).collect();
        let ended = place.run_in(&GITHUB, &words);
        let lines: Vec<Value> = ended
            .out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{command}: {e}: {line}")))
            .collect();
        for line in &lines {
            assert!(is_of_schema(&schema, line), "{command}: not of the schema: {line}");
            kinds.insert(line["type"].as_str().expect("a kind").to_owned());
        }
        assert_eq!((&lines[0]["type"], &lines[0]["tool"]), (&"start".into(), &"stampsim".into()), "{command}");
        assert_eq!(lines.last().map(|line| &line["type"]), Some(&"end".into()), "{command}");
    }
    assert!(kinds.len() >= 10, "only {kinds:?}");
    // The check can fail: on a kind, and on a key, that there is not.
    assert!(!is_of_schema(&schema, &serde_json::json!({ "type": "nothing" })));
    assert!(!is_of_schema(&schema, &serde_json::json!({ "type": "warning", "message": "", "more": 1 })));
    assert!(!is_of_schema(&schema, &serde_json::json!({ "type": "warning" })));
}

#[test]
fn the_summary_of_a_run_folder_is_of_its_schema() {
    let place = Place::new();
    place.run(&["run", "small.toml", "--replications", "1"]).says(0, &[]);
    let schema: Value = serde_json::from_str(&place.run(&["schema", "summary"]).says(0, &[]).out).expect("JSON");
    let folder = format!("output/small/{}", read(&place, "output/small/latest").trim());
    let summary: Value = serde_json::from_str(&read(&place, &format!("{folder}/summary.json"))).expect("JSON");
    let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&summary), keys(&schema["properties"]));
    let figure = &schema["definitions"]["Figure"];
    for row in summary["measures"].as_array().expect("figures") {
        let must = figure["required"].as_array().expect("keys").iter().filter_map(Value::as_str);
        assert!(must.clone().count() >= 5 && must.clone().all(|key| row.get(key).is_some()), "{row}");
        assert!(keys(row).iter().all(|key| figure["properties"].get(key).is_some()), "{row}");
        // The interval of one replication is null, and the schema says that it may be.
        assert!(row["low"].is_null(), "{row}");
    }
    assert!(figure["properties"]["low"]["type"].as_array().is_some_and(|types| types.contains(&"null".into())));
}
