//! Wrong files to exact diagnostics, and right files to scenarios.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use crate::model::fault::Schedule;
use crate::scenario::{Diagnostic, Scenario, discover, load, load_text, name_of, templates};
use crate::units::{SimDuration, SimTime};

/// A file that uses most of the format and has no mistake.
const GOOD: &str = r#"question = "Who notices?"

[run]
start = 2026-03-02T06:00:00Z
horizon = "6 h"
replications = 3
seed = 7

[catalog]
limits = "azure-2026-11"

[[stamps]]
name = "weu-{n}"
count = 3
region = "westeurope"
capacity = 60_000
hub = { edition = "S2", units = 3 }

[[stamps]]
name = "test"
region = "northeurope"
ring = "test"
capacity = 1_000
hub = { edition = "S1" }

[scaling]
template = "weu-{n}"
stamps_max = 9
[scaling.policy.threshold]
utilisation = "80 %"

[[cohorts]]
name = "meters"
devices = 100_000
regions = { westeurope = 0.75, northeurope = 0.25 }
telemetry = { every = "5 min", jitter = "10 s", size = "0.6 KB" }
commands = { rate = "2/day", popularity = { zipf = 0.8 } }
[cohorts.retry.exponential]
cap = "30 s"
[cohorts.reconnect.dps_at_scale]
patience = "15..30 min"

[[cohorts]]
name = "pilots"
devices = 500
ring = "test"
regions = { northeurope = 1.0 }
telemetry = { poisson = "1 min" }
sas = { lifetime = "60 min" }
[cohorts.growth.linear]
rate = "10/day"

[dps]
registrations = "1000/min"
poll = "2 s"
[dps.allocation.hashed]
salt = 1

[gateway]
region = "westeurope"
[gateway.cache]
capacity = 50_000
ttl = "1 h"
[gateway.cache.eviction.lru]
[gateway.fallback.secondary]
warm = false

[[faults]]
name = "drill"
at = "1 h"
for = "45 min"
[faults.cause.stamp_outage]
stamp = "weu-2"

[[moves]]
at = "3 h"
waves = 2
select = { cohort = "pilots", share = "50 %" }
[moves.kind.promote]
from_ring = "test"
to_ring = "production"

[[expect]]
measure = "time_to_recover_s"
labels = { share = "99 %", fault = "drill" }
fail_if = "> 30 min"
"#;

fn read(text: &str) -> Result<Scenario, Vec<Diagnostic>> {
    load_text("case", text, Path::new("/nowhere"), &[])
}

/// One change to the good file; `^` stands before the place of the mistake.
struct Case {
    from: &'static str,
    to: &'static str,
    what: &'static str,
    hint: &'static str,
}

/// Each case is a mistake as people make them: what is written, where it is blamed, what is said.
const CASES: &[Case] = &[
    // Structure: keys, policies, types, units.
    Case {
        from: "replications = 3",
        to: "^replicatons = 3",
        what: "unknown key `replicatons` in [run]",
        hint: "did you mean `replications`?",
    },
    Case {
        from: "seed = 7",
        to: "seed = 7\n^devices = 5",
        what: "unknown key `devices` in [run]",
        hint: "`devices` belongs to [[cohorts]]",
    },
    Case {
        from: "[dps.allocation.hashed]\nsalt = 1",
        to: "[dps.allocation.^hashd]\nsalt = 1",
        what: "unknown allocation `hashd`",
        hint: "did you mean `hashed`?",
    },
    Case {
        from: "salt = 1",
        to: "^slat = 1",
        what: "unknown key `slat` in [dps.allocation.hashed]",
        hint: "did you mean `salt`?",
    },
    Case {
        from: "[cohorts.retry.exponential]\ncap",
        to: "[cohorts.retry.^exponental]\ncap",
        what: "unknown retry `exponental`",
        hint: "did you mean `exponential`?",
    },
    Case {
        from: "[cohorts.reconnect.dps_at_scale]\npatience = \"15..30 min\"",
        to: "[cohorts.reconnect]\n^variant_a = {}",
        what: "unknown reconnect `variant_a`",
        hint: "`dps_at_scale`",
    },
    Case {
        from: "[gateway.cache.eviction.lru]",
        to: "[gateway.cache.eviction.^lfru]",
        what: "unknown eviction `lfru`",
        hint: "did you mean `lru`?",
    },
    Case {
        from: "[faults.cause.stamp_outage]",
        to: "[faults.cause.^stamp_outtage]",
        what: "unknown cause `stamp_outtage`",
        hint: "did you mean `stamp_outage`?",
    },
    Case {
        from: "capacity = 60_000\n",
        to: "capacty = 60_000\n",
        what: "unknown key `capacty` in [[stamps]]",
        hint: "did you mean `capacity`?",
    },
    Case { from: "units = 3", to: "units = ^-3", what: "`units` is the number -3", hint: "a whole number from 0" },
    Case { from: "units = 3", to: "units = ^\"3\"", what: "`units` is the text \"3\"", hint: "a whole number from 0" },
    Case {
        from: "devices = 500",
        to: "devices = ^5_000_000_000",
        what: "`devices` is the number 5000000000",
        hint: "a whole number from 0 to 4294967295",
    },
    Case { from: "devices = 500", to: "devices = ^50.5", what: "`devices` is the number 50.5", hint: "a whole number" },
    Case {
        from: "every = \"5 min\"",
        to: "every = ^\"5 mins\"",
        what: "unknown unit \"mins\"",
        hint: "did you mean \"min\"?",
    },
    Case {
        from: "every = \"5 min\"",
        to: "every = ^5",
        what: "`every` is the number 5",
        hint: "a duration with its unit",
    },
    Case { from: "every = \"5 min\"", to: "every = ^\"-5 min\"", what: "\"-5 min\" is negative", hint: "a duration" },
    Case {
        from: "registrations = \"1000/min\"",
        to: "registrations = ^\"1000\"",
        what: "\"1000\" has a number without a unit",
        hint: "200/min",
    },
    Case {
        from: "utilisation = \"80 %\"",
        to: "utilisation = ^\"180 %\"",
        what: "\"180 %\" is out of range",
        hint: "a share from 0 to 1",
    },
    Case {
        from: "size = \"0.6 KB\"",
        to: "size = ^\"0.6 kb\"",
        what: "unknown unit \"kb\"",
        hint: "did you mean \"KB\"?",
    },
    Case {
        from: "horizon = \"6 h\"",
        to: "horizon = ^\"6 mnths\"",
        what: "unknown unit \"mnths\"",
        hint: "did you mean \"months\"?",
    },
    Case {
        from: "start = 2026-03-02T06:00:00Z",
        to: "start = ^\"yesterday\"",
        what: "\"yesterday\" is no date",
        hint: "2026-03-02T00:00:00Z",
    },
    Case {
        from: "patience = \"15..30 min\"",
        to: "patience = { ^normal = { mean = \"1 s\" } }",
        what: "unknown patience `normal`",
        hint: "`lognormal`",
    },
    Case {
        from: "popularity = { zipf = 0.8 }",
        to: "popularity = { ^zipff = 0.8 }",
        what: "unknown popularity `zipff`",
        hint: "did you mean `zipf`?",
    },
    Case { from: "[dps.allocation.hashed]\nsalt = 1", to: "[^dps]", what: "the key is given twice", hint: "keep one" },
    Case { from: "seed = 7", to: "seed = 7\nwindow = ^5 min", what: "text without quotes", hint: "write it as" },
    // Names.
    Case { from: "edition = \"S2\"", to: "edition = ^\"S4\"", what: "unknown edition `S4`", hint: "`S3`" },
    Case {
        from: "region = \"westeurope\"\ncapacity = 60_000",
        to: "region = ^\"west-europe\"\ncapacity = 60_000",
        what: "unknown region `west-europe`",
        hint: "did you mean `westeurope`?",
    },
    Case {
        from: "regions = { northeurope = 1.0 }",
        to: "regions = { ^nortteurope = 1.0 }",
        what: "unknown region `nortteurope`",
        hint: "did you mean `northeurope`?",
    },
    Case {
        from: "stamp = \"weu-2\"",
        to: "stamp = ^\"weu-4\"",
        what: "unknown stamp `weu-4`",
        hint: "did you mean `weu-1`?",
    },
    Case {
        from: "template = \"weu-{n}\"",
        to: "template = ^\"weu-n\"",
        what: "unknown group of stamps `weu-n`",
        hint: "did you mean `weu-{n}`?",
    },
    Case {
        from: "cohort = \"pilots\"",
        to: "cohort = ^\"pilot\"",
        what: "unknown cohort `pilot`",
        hint: "did you mean `pilots`?",
    },
    Case {
        from: "from_ring = \"test\"",
        to: "from_ring = ^\"tests\"",
        what: "unknown ring `tests`",
        hint: "did you mean `test`?",
    },
    Case {
        from: "measure = \"time_to_recover_s\"",
        to: "measure = ^\"time_to_recovery_s\"",
        what: "unknown measure `time_to_recovery_s`",
        hint: "did you mean `time_to_recover_s`?",
    },
    Case {
        from: "fault = \"drill\"",
        to: "fault = ^\"dril\"",
        what: "unknown fault `dril`",
        hint: "did you mean `drill`?",
    },
    Case {
        from: "fail_if = \"> 30 min\"",
        to: "phase = { during = ^\"dril\" }\nfail_if = \"> 30 min\"",
        what: "unknown fault or move `dril`",
        hint: "did you mean `drill`?",
    },
    Case {
        from: "fail_if = \"> 30 min\"",
        to: "phase = { ^durng = \"drill\" }\nfail_if = \"> 30 min\"",
        what: "unknown phase `durng`",
        hint: "did you mean `during`?",
    },
    Case {
        from: "fail_if = \"> 30 min\"",
        to: "share_of_windows = ^\"120 %\"\nfail_if = \"> 30 min\"",
        what: "\"120 %\" is out of range",
        hint: "a share from 0 to 1",
    },
    Case {
        from: "seed = 7",
        to: "seed = 7\n^[run.steady]",
        what: "a run with faults or moves has no steady state",
        hint: "leave out [run.steady]",
    },
    Case {
        from: "limits = \"azure-2026-11\"",
        to: "limits = ^\"azure-2026-10\"",
        what: "unknown catalogue `azure-2026-10`",
        hint: "did you mean `azure-2026-11`?",
    },
    Case {
        from: "name = \"pilots\"",
        to: "name = ^\"meters\"",
        what: "a second cohort `meters`",
        hint: "names that differ",
    },
    Case {
        from: "name = \"weu-{n}\"",
        to: "name = ^\"weu\"",
        what: "3 stamps would all be called `weu`",
        hint: "did you mean `weu-{n}`?",
    },
    Case {
        from: "name = \"test\"\nregion",
        to: "name = ^\"weu-1\"\nregion",
        what: "a second stamp `weu-1`",
        hint: "names that differ",
    },
    Case {
        from: "ring = \"test\"\ncapacity",
        to: "ring = ^\"tset\"\ncapacity",
        what: "no device can reach `test` of ring `tset`",
        hint: "did you mean `test`?",
    },
    Case { from: "name = \"drill\"", to: "name = ^\"a/b\"", what: "the name `a/b` contains `/`", hint: "letters" },
    // Figures.
    Case { from: "capacity = 60_000", to: "capacity = ^0", what: "a capacity of zero", hint: "planned for" },
    Case {
        from: "capacity = 60_000",
        to: "capacity = ^2_000_000",
        what: "a capacity of 2000000 devices",
        hint: "at most 1000000",
    },
    Case { from: "units = 3", to: "units = ^201", what: "201 units of S2", hint: "at most 200" },
    Case { from: "count = 3", to: "count = ^66_000", what: "66001 stamps", hint: "at most 65000" },
    Case { from: "horizon = \"6 h\"", to: "horizon = ^\"0 s\"", what: "a horizon of zero", hint: "above zero" },
    Case { from: "seed = 7", to: "tick = ^\"0 s\"", what: "a tick of zero", hint: "above zero" },
    Case { from: "seed = 7", to: "window = ^\"0 s\"", what: "a window of zero", hint: "above zero" },
    Case {
        from: "seed = 7",
        to: "window = ^\"7 h\"",
        what: "7 h is longer than the horizon of 6 h",
        hint: "a part of",
    },
    Case { from: "seed = 7", to: "tick = ^\"1 us\"", what: "21600000000 ticks in a horizon of 6 h", hint: "at most" },
    Case {
        from: "replications = 3",
        to: "replications = ^0",
        what: "a number of replications of zero",
        hint: "above zero",
    },
    Case { from: "northeurope = 0.25", to: "northeurope = ^1.25", what: "a share of 1.25", hint: "from 0 to 1" },
    Case {
        from: "regions = { westeurope = 0.75,",
        to: "^regions = { westeurope = 0.7,",
        what: "the shares of the regions sum to 0.95",
        hint: "a sum of 1",
    },
    Case {
        from: "jitter = \"10 s\"",
        to: "jitter = ^\"10 min\"",
        what: "a jitter of 10 min is longer than the period of 5 min",
        hint: "at most 5 min",
    },
    Case {
        from: "telemetry = { poisson = \"1 min\" }",
        to: "telemetry = { every = \"1 min\", ^poisson = \"1 min\" }",
        what: "both `every` and `poisson` are given",
        hint: "one of the two",
    },
    Case {
        from: "telemetry = { poisson = \"1 min\" }",
        to: "^telemetry = { size = \"1 KB\" }",
        what: "telemetry without a cadence",
        hint: "`every` or `poisson`",
    },
    Case { from: "poll = \"2 s\"", to: "poll = ^\"1 s\"", what: "polling each 1 s", hint: "5 polls in 10 s" },
    Case {
        from: "cap = \"30 s\"",
        to: "cap = \"30 s\"\nbase = \"1 min\"",
        what: "the cap 30 s is below the base 1 min",
        hint: "",
    },
    Case { from: "zipf = 0.8", to: "zipf = ^-1.0", what: "a Zipf exponent of -1", hint: "from 0 to 10" },
    Case {
        from: "stamps_max = 9",
        to: "stamps_max = ^2",
        what: "at most 2 stamps, but 4 at the start",
        hint: "at least 4",
    },
    Case {
        from: "edition = \"S2\", units = 3",
        to: "edition = \"B2\", units = 3",
        what: "`weu-1` has edition B2, which takes no calls to devices",
        hint: "a standard edition",
    },
    Case {
        from: "fail_if = \"> 30 min\"",
        to: "fail_if = ^\"30 min\"",
        what: "\"30 min\" has no comparison",
        hint: ">, >=, < or <=",
    },
    Case {
        from: "fail_if = \"> 30 min\"",
        to: "fail_if = ^\"> 30 %\"",
        what: "\"30 %\" does not fit time_to_recover_s",
        hint: "",
    },
    // What happens.
    Case { from: "for = \"45 min\"\n", to: "", what: "a fault without an end", hint: "never_ends" },
    Case {
        from: "for = \"45 min\"",
        to: "for = ^\"never\"",
        what: "unknown word \"never\"",
        hint: "did you mean \"never_ends\"?",
    },
    Case {
        from: "at = \"1 h\"",
        to: "at = ^\"7 h\"",
        what: "the fault begins at 7 h, after the horizon of 6 h",
        hint: "before 6 h",
    },
    Case {
        from: "at = \"3 h\"",
        to: "at = ^\"3 d\"",
        what: "the move begins at 3 d, after the horizon of 6 h",
        hint: "before 6 h",
    },
    Case {
        from: "stamp = \"weu-2\"",
        to: "stamp = \"weu-2\"\n\n[[faults]]\nat = ^\"90 min\"\nfor = \"1 h\"\n[faults.cause.hub_outage]\nstamp = \"weu-2\"",
        what: "begins while `drill` lasts on the same target",
        hint: "after each other",
    },
    Case {
        from: "for = \"45 min\"",
        to: "for = \"45 min\"\ndrawn = { every = \"30 d\" }",
        what: "both `drawn` and",
        hint: "one of the two",
    },
    Case {
        from: "to_ring = \"production\"",
        to: "to_ring = \"test\"",
        what: "ring `test` is promoted to itself",
        hint: "",
    },
    Case {
        from: "select = { cohort = \"pilots\", share = \"50 %\" }",
        to: "^select = { cohort = \"meters\" }",
        what: "the move selects nothing",
        hint: "drop one",
    },
    Case {
        from: "share = \"50 %\" }\n[moves",
        to: "share = ^0 }\n[moves",
        what: "a share of zero selects no device",
        hint: "above 0",
    },
    Case {
        from: "[faults.cause.stamp_outage]\nstamp = \"weu-2\"",
        to: "[faults.cause.region_blackout]\nregion = ^\"westus\"",
        what: "no device and no stamp is in `westus`",
        hint: "`westeurope`",
    },
];

/// The text of a case, and the place of its mark.
fn seeded(case: &Case) -> (String, Option<(usize, usize)>) {
    assert_eq!(GOOD.matches(case.from).count(), 1, "{:?} is not in the file once", case.from);
    let marked = GOOD.replace(case.from, case.to);
    let place = marked.find('^').map(|at| {
        let before = &marked[..at];
        (before.matches('\n').count() + 1, at - before.rfind('\n').map_or(0, |newline| newline + 1) + 1)
    });
    (marked.replace('^', ""), place)
}

#[test]
fn the_good_file_is_good() {
    let scenario = read(GOOD).unwrap_or_else(|problems| panic!("{}", problems[0]));
    assert!(scenario.warnings.is_empty(), "{}", scenario.warnings[0]);
}

#[test]
fn each_mistake_is_reported_where_it_is_with_the_likely_word() {
    let wrong: Vec<String> = CASES.iter().filter_map(|case| verdict(case).err()).collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
    assert!(CASES.iter().filter(|case| case.to.contains('^')).count() >= 60);
}

/// What a case gives instead of what it should, if anything.
fn verdict(case: &Case) -> Result<(), String> {
    let (text, place) = seeded(case);
    let problems = read(&text).err().ok_or_else(|| format!("accepted: {}", case.to))?;
    let found = problems.iter().find(|problem| problem.headline().contains(case.what));
    let found = found.ok_or_else(|| format!("no {:?}: {:#?}", case.what, headlines(&problems)))?;
    if !found.is_error() || !found.headline().contains(case.hint) {
        return Err(format!("no {:?}: {}", case.hint, found.headline()));
    }
    if place.is_some_and(|place| place != (found.line, found.column)) {
        return Err(format!("not at {place:?}: {}", found.headline()));
    }
    // One mistake, one message; a second one only where the mistake has a second effect.
    if problems.len() > 2 { Err(format!("{:#?}", headlines(&problems))) } else { Ok(()) }
}

fn headlines(problems: &[Diagnostic]) -> Vec<String> {
    problems.iter().map(Diagnostic::headline).collect()
}

/// Changes to the good file, each in its turn.
fn changed(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(GOOD.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from:?} is not in the file once");
        text.replace(from, to)
    })
}

#[test]
fn all_mistakes_of_a_file_are_reported_in_order() {
    let text = changed(&[
        ("replications = 3", "replicatons = 3"),
        ("units = 3", "units = 300"),
        ("every = \"5 min\"", "every = \"5 mins\""),
        ("rate = \"10/day\"", "rat = \"10/day\""),
        ("[dps.allocation.hashed]", "[dps.allocation.hashd]"),
        ("capacity = 50_000", "capacity = 0"),
        ("stamp = \"weu-2\"", "stamp = \"weu-9\""),
        ("measure = \"time_to_recover_s\"", "measure = \"time\""),
    ]);
    let problems = read(&text).expect_err("eight mistakes");
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert!(lines.is_sorted(), "{lines:?}");
    for what in [
        "`replicatons`",
        "300 units",
        "\"mins\"",
        "`rat`",
        "`hashd`",
        "a capacity of zero",
        "`weu-9`",
        "measure `time`",
    ] {
        assert!(headlines(&problems).iter().any(|line| line.contains(what)), "{what}: {:#?}", headlines(&problems));
    }
    assert_eq!(problems.len(), 8, "{:#?}", headlines(&problems));
}

#[test]
fn what_a_mistake_took_away_is_not_blamed_again() {
    // The cohort goes with its missing `devices`; neither its ring nor the move of it is blamed then.
    let problems = read(&changed(&[("devices = 500\n", "")])).expect_err("a missing key");
    assert_eq!(
        headlines(&problems),
        ["case.toml:43:1: `devices` is missing in [[cohorts]]; `devices` is: Devices at the start."]
    );
    let problems = read(&changed(&[("name = \"weu-{n}\"", "nam = \"weu-{n}\"")])).expect_err("a misspelt key");
    assert_eq!(problems.len(), 1, "{:#?}", headlines(&problems));
}

#[test]
fn the_file_as_a_whole_can_lack_something() {
    let problems = read("[run]\nhorizon = \"1 h\"\n").expect_err("nothing in it");
    let lines = headlines(&problems);
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert!(
        lines.iter().any(|line| line.starts_with("case.toml:1:1: `question` is missing in the file")),
        "{}",
        lines[0]
    );
    assert!(
        lines.iter().any(|line| line.contains("has no stamp"))
            && lines.iter().any(|line| line.contains("has no cohort"))
    );
    assert_eq!(read("").expect_err("empty").first().map(|problem| problem.line), Some(1));
}

#[test]
fn a_policy_has_exactly_one_name() {
    let both = changed(&[("[dps.allocation.hashed]", "[dps.allocation.least_loaded]\n[dps.allocation.hashed]")]);
    let problems = read(&both).expect_err("two policies");
    assert!(
        problems[0].headline().contains("`allocation` is `hashed` and `least_loaded` at once"),
        "{}",
        problems[0].headline()
    );
    let text = changed(&[("[cohorts.retry.exponential]\ncap = \"30 s\"", "retry = \"python\"")]);
    let problems = read(&text).expect_err("a word for a table");
    let line = problems[0].headline();
    assert!(
        line.contains("`retry` is the text \"python\"") && line.contains("write `[cohorts.retry.python]`"),
        "{line}"
    );
    let empty = read(&changed(&[("[gateway.cache.eviction.lru]", "[gateway.cache.eviction]")])).expect_err("no policy");
    assert!(
        empty[0].headline().contains("`eviction` names nothing; expected a table with `fifo` or `lru`"),
        "{}",
        empty[0].headline()
    );
}

#[test]
fn syntax_has_a_place_too() {
    let problems = read("question = \"x\"\n[run\nseed = 7\n").expect_err("an open bracket");
    assert_eq!((problems[0].line, problems[0].file.as_str()), (2, "case.toml"));
    assert!(problems[0].headline().contains("not TOML"), "{}", problems[0].headline());
    let deep = |levels: usize| read(&format!("{}b = 1", "a.".repeat(levels))).expect_err("no scenario")[0].headline();
    assert!(deep(20).contains("unknown key `a`"), "{}", deep(20));
    for levels in [90, 5_000, 200_000] {
        assert!(deep(levels).contains("nested too deep"), "{levels}");
    }
    assert!(read(&"[".repeat(100_000)).is_err() && read(&"[[x]]\n".repeat(10_000)).is_err());
}

#[test]
fn doubtful_files_load_with_a_warning() {
    let warned = |changes: &[(&str, &str)]| {
        let scenario = read(&changed(changes)).unwrap_or_else(|problems| panic!("{}", problems[0]));
        assert!(scenario.warnings.iter().all(|warning| !warning.is_error()));
        headlines(&scenario.warnings).join("\n")
    };
    assert!(warned(&[("fail_if = \"> 30", "fail_if = \"< 30")]).contains("fails good results: lower is better"));
    assert!(warned(&[("for = \"45 min\"", "for = \"8 h\"")]).contains("ends after the horizon"));
    assert!(warned(&[("devices = 100_000", "devices = 190_000")]).contains("190000 devices of ring `production`"));
    let fails = |to: &str| warned(&[("fail_if = \"> 30 min\"", to)]);
    assert!(fails("fail_if = \"< 0 s\"").contains("so this can never fail or warn"));
    assert!(fails("fail_if = \"> 30 min\"\nwarn_if = \"< 0 s\"").contains("so this can never fail or warn"));
    assert!(fails("fail_if = \"> 30 min\"\nshare_of_windows = 0").contains("this expectation can never fail"));
    assert!(
        fails("fail_if = \"> 30 min\"\nleast_replications = 4").contains("4 replications are needed and 3 are run")
    );
    assert!(warned(&[("seed = 7", "event_budget = 10")]).contains("more than the event budget"));
}

#[test]
fn the_scenario_is_what_the_file_says() {
    let scenario = read(GOOD).expect("a good file");
    let model = &scenario.model;
    assert_eq!((scenario.name.as_str(), scenario.seed, scenario.replications), ("case", 7, 3));
    assert_eq!((scenario.start.as_str(), model.day_offset), ("2026-03-02T06:00:00Z", SimDuration::HOUR * 6));
    assert_eq!((model.window, model.horizon), (SimDuration::MINUTE * 5, SimDuration::HOUR * 6));
    let names: Vec<&str> = model.stamps.iter().map(|stamp| stamp.name.as_str()).collect();
    assert_eq!(names, ["weu-1", "weu-2", "weu-3", "test"]);
    assert_eq!(
        (model.regions.names.as_slice(), model.rings.as_slice()),
        (&["northeurope".to_owned(), "westeurope".to_owned()][..], &["production".to_owned(), "test".to_owned()][..],)
    );
    let keep_alive: Vec<SimDuration> = model.cohorts.iter().map(|cohort| cohort.keep_alive).collect();
    assert_eq!(keep_alive, [SimDuration::from_secs(240), SimDuration::from_secs(300)]);
    assert_eq!(model.cohorts[1].renewal, Some(SimDuration::MINUTE * 48));
    let at = SimTime::ZERO + SimDuration::HOUR;
    assert_eq!(model.faults[0].schedule, Schedule::At { at, lasts: Some(SimDuration::MINUTE * 45) });
    assert_eq!((model.moves[0].name.as_str(), model.scaling.first_number), ("promote-test", 4));
    assert_eq!(model.scaling.template.as_ref().map(|stamp| stamp.units), Some(3));
    assert!(scenario.assumptions.iter().any(|line| line.contains("0.123") && line.contains("0.10")));
    let footprint = scenario.footprint();
    assert!(footprint.devices > 100_000 && footprint.memory_bytes > 1e6 && footprint.events > 1e5, "{footprint:?}");
}

/// A scenario without what says where it came from.
fn content(scenario: Scenario) -> Scenario {
    Scenario {
        name: String::new(),
        path: String::new(),
        warnings: Vec::new(),
        places: Vec::new(),
        heaviest: Diagnostic::of_file("", "", None),
        ..scenario
    }
}

#[test]
fn the_resolved_file_loads_to_the_same_scenario() {
    let texts = templates::TEMPLATES.iter().map(|template| template.text).chain([GOOD]);
    for text in texts {
        let first = read(text).expect("a good file");
        let again = read(&first.resolved).unwrap_or_else(|problems| panic!("{}\n{}", problems[0], first.resolved));
        assert_eq!(content(again), content(first));
    }
}

#[test]
fn the_hash_is_of_what_counts() {
    let hash = |text: &str| read(text).expect("a good file").inputs_hash;
    assert_eq!(hash(GOOD), hash(&GOOD.replace("# ", "#  ")));
    assert_eq!(hash(GOOD), hash(&changed(&[("units = 3 }", "units = 3, weight = 1 }")])));
    assert_ne!(hash(GOOD), hash(&changed(&[("seed = 7", "seed = 8")])));
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

#[test]
fn a_variant_says_only_what_differs() {
    let variant = "extends = \"../base.toml\"\nquestion = \"And with Python?\"\n[[cohorts]]\nname = \"meters\"\n[cohorts.retry.python]\n[dps.allocation.least_loaded]\n";
    let place = folder(&[("base.toml", GOOD), ("variants/python.toml", variant)]);
    let scenario =
        load(&place.path().join("variants/python.toml"), &[]).unwrap_or_else(|problems| panic!("{}", problems[0]));
    assert_eq!(scenario.model.cohorts.len(), 2);
    assert_eq!(
        (scenario.model.cohorts[0].backoff.key(), scenario.model.dps.allocation.key()),
        ("python", "least_loaded")
    );
    assert_eq!(scenario.question, "And with Python?");
    assert_eq!(scenario.name, "python");
}

#[test]
fn mistakes_are_placed_in_the_file_they_are_in() {
    let base = GOOD.replace("units = 3", "units = 300");
    let place =
        folder(&[("base.toml", base.as_str()), ("variant.toml", "extends = \"base.toml\"\n[run]\nseed = \"x\"\n")]);
    let sets = vec!["dps.poll=1 s".to_owned()];
    let problems = load(&place.path().join("variant.toml"), &sets).expect_err("three mistakes");
    let places: Vec<_> =
        problems.iter().map(|p| (p.file.rsplit('/').next().unwrap_or_default().to_owned(), p.line, p.column)).collect();
    let expected = [("variant.toml", 3, 8), ("base.toml", 17, 33), ("--set", 1, 10)];
    assert_eq!(
        places,
        expected.map(|(file, line, column)| (file.to_owned(), line, column)),
        "{:#?}",
        headlines(&problems)
    );
}

#[test]
fn a_chain_of_files_ends() {
    let place = folder(&[
        ("a.toml", "extends = \"b.toml\"\n"),
        ("b.toml", "extends = \"a.toml\"\n"),
        ("c.toml", "extends = \"none.toml\"\n"),
    ]);
    let problem = |name: &str| load(&place.path().join(name), &[]).expect_err("no base")[0].headline();
    assert!(problem("a.toml").contains("extends itself"), "{}", problem("a.toml"));
    assert!(
        problem("c.toml").contains("c.toml:1:11: ") && problem("c.toml").contains("does not exist"),
        "{}",
        problem("c.toml")
    );
    assert!(problem("missing.toml").contains("missing.toml:1:1: does not exist"), "{}", problem("missing.toml"));
    fs::write(place.path().join("d.toml"), b"question = \"\xff\"").expect("a file");
    assert!(problem("d.toml").contains("line 1 is not UTF-8"), "{}", problem("d.toml"));
}

fn set(sets: &[&str]) -> Result<Scenario, Vec<Diagnostic>> {
    let sets: Vec<String> = sets.iter().map(|text| (*text).to_owned()).collect();
    load_text("case", GOOD, Path::new(""), &sets)
}

#[test]
fn overrides_reach_every_key() {
    let scenario = set(&[
        "run.seed=11",
        "run.horizon=7 h",
        "stamps.weu-{n}.hub.units=4",
        "stamps.1.capacity=2000",
        "cohorts.meters.retry.python.interval=5 s",
        "cohorts.pilots.telemetry.every=\"2 min\"",
        "dps.allocation.least_loaded={}",
        "dps.assignment={ exponential = { mean = \"1 s\" } }",
        "scaling.policy.threshold.utilisation=0.5",
    ]);
    let scenario = scenario.unwrap_or_else(|problems| panic!("{}", problems[0]));
    let model = &scenario.model;
    assert_eq!((scenario.seed, model.horizon), (11, SimDuration::HOUR * 7));
    assert_eq!((model.stamps[0].units, model.stamps[3].capacity), (4, 2_000));
    assert_eq!((model.cohorts[0].backoff.key(), model.dps.allocation.key()), ("python", "least_loaded"));
    assert_eq!(model.dps.assignment.mean(), SimDuration::SECOND);
}

#[test]
fn mistakes_of_overrides_are_placed_in_them() {
    let headline = |text: &str| set(&[text]).expect_err(text)[0].headline();
    assert!(headline("run.sede=7").starts_with("--set:1:5: unknown key `sede` in [run]"), "{}", headline("run.sede=7"));
    assert!(headline("run.sede=7").contains("did you mean `seed`?"));
    assert!(headline("run.seed").contains("expected `key=value`"));
    assert!(headline("=7").contains("an empty key"));
    assert!(headline("stamps.weu-n.capacity=7").contains("did you mean `weu-{n}`?"));
    assert!(headline("run.seed.x=7").contains("no table"));
    assert!(headline("run.horizon=7 hrs").starts_with("--set:1:13: unknown unit"), "{}", headline("run.horizon=7 hrs"));
}

#[test]
fn answers_windows_and_attempts_are_checked() {
    let said = |text: &str| set(&[text]).expect_err(text)[0].to_string();
    for (text, what) in [
        ("answer=None were.", "an answer without a figure"),
        ("answer={time_to_recove_s}", "did you mean `time_to_recover_s`?"),
        ("answer={time_to_recover_s", "a brace without its partner"),
        ("stamps.0.hub.connects={ window = \"0 s\" }", "a window of zero"),
        ("stamps.0.hub.sends={ window = \"1 s\" }", "this limit is no window"),
        ("dps.operation_shaping={ window = \"0 s\" }", "a window of zero"),
        ("gateway.attempts=0", "a number of attempts of zero"),
        ("gateway.attempt_timeout=0 s", "a length of zero"),
        ("dps.allocation.least_loaded={ choices = 0 }", "choices"),
    ] {
        assert!(said(text).contains(what), "{text}: {}", said(text));
    }
    let nobody = set(&["answer={time_to_recover_s fault=dril}"]).expect("it can be run");
    assert!(nobody.warnings[0].to_string().contains("unknown fault `dril`"), "{}", nobody.warnings[0]);
    let once = set(&["gateway.attempts=2"]).expect("it can be run");
    assert!(once.warnings[0].to_string().contains("there is never a second one"), "{}", once.warnings[0]);
}

#[test]
fn growth_curves_prices_and_limits_are_read_beside_the_scenario() {
    let curve = "date,devices\n2026-03-02,100000\n2026-03-09,200000\n";
    let own =
        "[[price]]\nid = \"iothub.s2.unit_month\"\namount = \"$200\"\nper = { quantity = 1, unit = \"unit-month\" }\n";
    let text = changed(&[
        (
            "limits = \"azure-2026-11\"",
            "limits = \"mine.toml\"\nown_prices = \"own.toml\"\ndiscount = \"10 %\"\nother_sources = [\"dps.operations_1k\"]",
        ),
        (
            "[cohorts.retry.exponential]",
            "[cohorts.growth.csv]\npath = \"curves/meters.csv\"\n[cohorts.retry.exponential]",
        ),
    ]);
    let limits = crate::scenario::catalog::LIMITS.replace("units_max = 200", "units_max = 300");
    let place = folder(&[("a.toml", &text), ("own.toml", own), ("mine.toml", &limits), ("curves/meters.csv", curve)]);
    let scenario = load(&place.path().join("a.toml"), &["stamps.weu-{n}.hub.units=250".to_owned()]);
    let scenario = scenario.unwrap_or_else(|problems| panic!("{}", problems[0]));
    let amount = |id: &str| scenario.prices.price(id, "westeurope").map(|price| price.tiers[0].amount.to_string());
    assert_eq!(
        (amount("iothub.s2.unit_month"), amount("dps.operations_1k")),
        (Some("200.00".into()), Some("0.10".into()))
    );
    assert!((scenario.prices.discount().get() - 0.1).abs() < 1e-12);
    let day = scenario.model.cohorts[0].growth.entry().count(100_000, SimTime::ZERO + SimDuration::HOUR * 90);
    assert!((157_000..158_000).contains(&day), "{day}");
    // The resolved scenario stands on its own beside its inputs.
    let kept = folder(&[("scenario.resolved.toml", &scenario.resolved)]);
    for input in &scenario.inputs {
        let path = kept.path().join(&input.path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, &input.text).expect("a file");
    }
    let again =
        load(&kept.path().join("scenario.resolved.toml"), &[]).unwrap_or_else(|problems| panic!("{}", problems[0]));
    assert_eq!(content(again), content(scenario));
}

#[test]
fn mistakes_in_other_files_have_their_own_place() {
    let text = changed(&[
        ("limits = \"azure-2026-11\"", "limits = \"./mine.toml\"\nown_prices = \"none.toml\""),
        ("[cohorts.retry.exponential]", "[cohorts.growth.csv]\npath = \"meters.csv\"\n[cohorts.retry.exponential]"),
    ]);
    let limits = crate::scenario::catalog::LIMITS.replace("[editions.B1]\nconnects", "[editions.B1]\nconects");
    let place = folder(&[("a.toml", &text), ("mine.toml", &limits), ("meters.csv", "date,devices\n2026-03-02,many\n")]);
    let problems = load(&place.path().join("a.toml"), &[]).expect_err("three mistakes");
    let lines = headlines(&problems).join("\n");
    assert!(lines.contains("meters.csv:2:12: `many` is no number of devices"), "{lines}");
    assert!(lines.contains("mine.toml:32:1: unknown key `conects`"), "{lines}");
    assert!(lines.contains("none.toml` does not exist"), "{lines}");
}

#[test]
fn folders_stand_for_the_scenarios_below() {
    let place = folder(&[
        ("b.toml", ""),
        ("x/a.toml", ""),
        ("catalog/limits.toml", ""),
        ("x/notes.md", ""),
        ("empty/readme.md", ""),
    ]);
    let found = discover(&[place.path().to_owned()]).expect("two scenarios");
    let names: Vec<_> =
        found.iter().map(|path| path.strip_prefix(place.path()).expect("inside").display().to_string()).collect();
    assert_eq!(names, ["b.toml", "x/a.toml"]);
    let problems = discover(&[place.path().join("empty")]).expect_err("nothing there");
    assert!(problems[0].headline().contains("the folder has no scenario"));
    let file = place.path().join("b.toml");
    assert_eq!(discover(&[file.clone(), file.clone()]).expect("one file"), [file]);
}

#[test]
fn names_follow_the_path() {
    for (path, name) in [
        ("outage.toml", "outage"),
        ("./scenarios/growth/slow.toml", "growth/slow"),
        ("/home/me/scenarios/growth/slow.toml", "growth/slow"),
        ("/tmp/x/slow.toml", "slow"),
        ("studies/slow.v2.toml", "studies/slow.v2"),
    ] {
        assert_eq!(name_of(Path::new(path)), name);
    }
}

#[test]
fn the_limits_of_size_are_kept() {
    let problem = |changes: &[(&str, &str)]| headlines(&read(&changed(changes)).expect_err("too much")).join("\n");
    assert!(problem(&[("devices = 500", "devices = 4_294_967_295")]).contains("more devices than can be counted"));
    let many = problem(&[("devices = 100_000", "devices = 260_000_000\nstart = \"new\"")]);
    assert!(many.contains("devices in all, at the largest; expected at most 250000000"), "{many}");
    let full = problem(&[("devices = 100_000", "devices = 3_000_001")]);
    assert!(full.contains("the registries of their stamps hold 3000000"), "{full}");
    let cohort = "[[cohorts]]\nname = \"c{i}\"\ndevices = 1\nregions = { westeurope = 1.0 }\n";
    let cohorts: String = (0..254).map(|i| cohort.replace("{i}", &i.to_string())).collect();
    assert!(problem(&[("[dps]\n", &format!("{cohorts}[dps]\n"))]).contains("256 cohorts; expected at most 255"));
}

#[test]
fn moves_and_homes_are_checked_against_the_stamps() {
    let problem = |changes: &[(&str, &str)]| headlines(&read(&changed(changes)).expect_err("a mistake")).join("\n");
    let promote = "[moves.kind.promote]\nfrom_ring = \"test\"\nto_ring = \"production\"";
    let alone = problem(&[(promote, "[moves.kind.evacuate]\nstamp = \"test\"")]);
    assert!(alone.contains("`test` is the only stamp of its ring"), "{alone}");
    let homeless = problem(&[("regions = { northeurope = 1.0 }\n", "")]);
    assert!(homeless.contains("the cohort does not say where it lives"), "{homeless}");
    let ring = problem(&[("devices = 500\nring = \"test\"", "devices = 500\nring = \"tests\"")]);
    assert!(ring.contains("no stamp has the ring `tests`") && ring.contains("did you mean `test`?"), "{ring}");
    let basic = problem(&[("devices = 500", "devices = 500\nenrollment = { stamps = [\"weu-{n}\", \"weu-7\"] }")]);
    assert!(basic.contains("unknown stamp `weu-7`"), "{basic}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_text_is_a_panic(text in "\\PC*", toml in "(\\[{0,2}(run|stamps|cohorts|dps|faults|x\\.y)\\]{0,2}\n|(name|at|seed|count|regions|cause|hub) = (\"[a-z0-9 /%{}]{0,6}\"|-?[0-9]{1,12}|\\{ ?[a-z]{1,3} = 1 ?\\}|\\[1\\]|nan|2026-01-01)\n){0,12}") {
        let _ = read(&text);
        let _ = read(&toml);
        let _ = load_text("case", GOOD, Path::new(""), &[text]);
    }

    #[test]
    fn no_change_of_a_good_file_is_a_panic(at in 0..GOOD.len(), length in 0_usize..30, put in "[a-z0-9=\"\\[\\]{}. \n-]{0,8}") {
        let end = (at + length).min(GOOD.len());
        let text = format!("{}{put}{}", &GOOD[..at], &GOOD[end..]);
        for problem in read(&text).err().into_iter().flatten() {
            prop_assert!(problem.line >= 1 && problem.column >= 1 && !problem.what.is_empty());
            prop_assert!(problem.line <= text.matches('\n').count() + 1);
        }
    }

    #[test]
    fn numbers_of_any_size_are_no_panic(n in prop::num::u64::ANY, key in prop::sample::select(vec![
        "run.seed", "run.replications", "run.event_budget", "stamps.0.count", "stamps.0.capacity", "stamps.0.hub.units",
        "cohorts.0.devices", "dps.instances", "gateway.cache.capacity", "moves.0.waves", "scaling.stamps_max",
    ]), length in prop::num::u64::ANY, time in prop::sample::select(vec![
        "run.tick", "run.window", "run.growth_tick", "run.horizon", "cohorts.0.telemetry.every", "cohorts.1.sas.lifetime",
        "dps.poll", "gateway.cache.ttl", "faults.0.at", "faults.0.for", "moves.0.pause",
    ])) {
        let sets = [format!("{key}={n}"), format!("{time}={}", SimDuration(length))];
        let _ = load_text("case", GOOD, Path::new(""), &sets[..1]);
        let _ = load_text("case", GOOD, Path::new(""), &sets[1..]);
        let _ = load_text("case", GOOD, Path::new(""), &sets);
    }
}

#[test]
fn every_shipped_scenario_loads() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let found = discover(&[folder]).expect("there are scenarios");
    let wrong: Vec<String> =
        found.iter().filter_map(|path| load(path, &[]).err()).flatten().map(|p| p.to_string()).collect();
    assert!(wrong.is_empty() && found.len() >= 10, "{}", wrong.join("\n"));
    let warned = found.iter().filter_map(|path| load(path, &[]).ok()).flat_map(|scenario| scenario.warnings);
    let warned: Vec<String> = warned.map(|problem| problem.headline()).collect();
    assert!(warned.is_empty(), "{}", warned.join("\n"));
}
