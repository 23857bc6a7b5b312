//! What can be seen without simulating: coverage, closed forms, and that a wrong reference fails.

use super::*;

#[test]
fn every_closed_form_meets_its_reference() {
    let rows = Plan::built_in().closed;
    let missed: Vec<String> = rows
        .iter()
        .filter(|row| !row.passes())
        .map(|row| format!("{} {}: {:?} for {}", row.case, row.figure, row.found, row.reference))
        .collect();
    assert!(missed.is_empty(), "{} of {} miss\n{}", missed.len(), rows.len(), missed.join("\n"));
}

/// A row of the tables is computed, simulated, or listed with a reason of its own.
#[test]
fn every_reference_is_accounted_for() {
    let table = Table::built_in();
    let cases = cases::all(&table);
    let simulated =
        |reference: &Reference| cases.iter().flat_map(|case| &case.checks).any(|check| check.reference == *reference);
    let (closed, open) = computed(&table);
    assert_eq!(closed.len() + open.len(), 542);
    let lost: Vec<String> = open
        .iter()
        .filter(|reference| !simulated(reference) && gaps::reason(reference).is_none())
        .map(|reference| format!("{} {}", reference.case(), reference.metric))
        .collect();
    assert!(lost.is_empty(), "neither computed nor simulated nor explained\n{}", lost.join("\n"));
}

#[test]
fn every_row_belongs_to_a_family_and_every_case_loads() {
    let plan = Plan::built_in();
    let known = |family: &str| FAMILIES.iter().any(|(name, _)| *name == family);
    assert!(plan.closed.iter().all(|row| known(row.family)) && plan.cases.iter().all(|case| known(case.family)));
    assert_eq!(plan.families().len(), FAMILIES.len());
    for case in &plan.cases {
        let problems = case.scenario().err().into_iter().flatten().map(|problem| problem.to_string());
        let problems: Vec<String> = problems.collect();
        assert!(problems.is_empty(), "{}: {}", case.name, problems.join("\n"));
    }
}

#[test]
fn names_of_cases_are_their_own() {
    let plan = Plan::built_in();
    let mut names: Vec<&str> = plan.cases.iter().map(|case| case.name.as_str()).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "two cases would share their seed");
}

/// The check can fail: each closed form misses a reference that is off by a millionth.
#[test]
fn a_wrong_reference_fails() {
    let head = "model,parameters,metric,value,source\n";
    let row = r#"M/M/1,"{""arrival_rate"": 8, ""service_rate"": 10}",Wq,"#;
    let verdict = |value: &str| {
        let table = Table::read(&format!("{head}{row}{value},by hand\n")).expect("a table");
        Plan::of_table(&table).closed[0].verdict()
    };
    assert_eq!((verdict("0.4"), verdict("0.4000004")), ("pass", "fail"));
}

#[test]
fn a_word_keeps_what_it_names() {
    let plan = Plan::built_in().only("ERLANG");
    assert!(plan.rows() > 3 && plan.cases.is_empty() && plan.replays.is_empty());
    assert_eq!(Plan::built_in().only("no such thing").rows(), 0);
}
