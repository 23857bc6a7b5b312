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
    Case { from: "replications = 3", to: "^replicatons = 3", what: "unknown key `replicatons` in [run]", hint: "did you mean `replications`?" },
    Case { from: "seed = 7", to: "seed = 7\n^devices = 5", what: "unknown key `devices` in [run]", hint: "`devices` belongs to [[cohorts]]" },
    Case { from: "[dps.allocation.hashed]\nsalt = 1", to: "[dps.allocation.^hashd]\nsalt = 1", what: "unknown allocation `hashd`", hint: "did you mean `hashed`?" },
    Case { from: "salt = 1", to: "^slat = 1", what: "unknown key `slat` in [dps.allocation.hashed]", hint: "did you mean `salt`?" },
    Case { from: "[cohorts.retry.exponential]\ncap", to: "[cohorts.retry.^exponental]\ncap", what: "unknown retry `exponental`", hint: "did you mean `exponential`?" },
    Case { from: "[cohorts.reconnect.dps_at_scale]\npatience = \"15..30 min\"", to: "[cohorts.reconnect]\n^variant_a = {}", what: "unknown reconnect `variant_a`", hint: "`dps_at_scale`" },
    Case { from: "[gateway.cache.eviction.lru]", to: "[gateway.cache.eviction.^lfru]", what: "unknown eviction `lfru`", hint: "did you mean `lru`?" },
    Case { from: "[faults.cause.stamp_outage]", to: "[faults.cause.^stamp_outtage]", what: "unknown cause `stamp_outtage`", hint: "did you mean `stamp_outage`?" },
    Case { from: "capacity = 60_000\n", to: "capacty = 60_000\n", what: "unknown key `capacty` in [[stamps]]", hint: "did you mean `capacity`?" },
    Case { from: "units = 3", to: "units = ^-3", what: "`units` is the number -3", hint: "a whole number from 0" },
    Case { from: "units = 3", to: "units = ^\"3\"", what: "`units` is the text \"3\"", hint: "a whole number from 0" },
    Case { from: "devices = 500", to: "devices = ^5_000_000_000", what: "`devices` is the number 5000000000", hint: "a whole number from 0 to 4294967295" },
    Case { from: "devices = 500", to: "devices = ^50.5", what: "`devices` is the number 50.5", hint: "a whole number" },
    Case { from: "every = \"5 min\"", to: "every = ^\"5 mins\"", what: "unknown unit \"mins\"", hint: "did you mean \"min\"?" },
    Case { from: "every = \"5 min\"", to: "every = ^5", what: "`every` is the number 5", hint: "a duration with its unit" },
    Case { from: "every = \"5 min\"", to: "every = ^\"-5 min\"", what: "\"-5 min\" is negative", hint: "a duration" },
    Case { from: "registrations = \"1000/min\"", to: "registrations = ^\"1000\"", what: "\"1000\" has a number without a unit", hint: "200/min" },
    Case { from: "utilisation = \"80 %\"", to: "utilisation = ^\"180 %\"", what: "\"180 %\" is out of range", hint: "a share from 0 to 1" },
    Case { from: "size = \"0.6 KB\"", to: "size = ^\"0.6 kb\"", what: "unknown unit \"kb\"", hint: "did you mean \"KB\"?" },
    Case { from: "horizon = \"6 h\"", to: "horizon = ^\"6 mnths\"", what: "unknown unit \"mnths\"", hint: "did you mean \"months\"?" },
    Case { from: "start = 2026-03-02T06:00:00Z", to: "start = ^\"yesterday\"", what: "\"yesterday\" is no date", hint: "2026-03-02T00:00:00Z" },
    Case { from: "patience = \"15..30 min\"", to: "patience = { ^normal = { mean = \"1 s\" } }", what: "unknown patience `normal`", hint: "`lognormal`" },
    Case { from: "popularity = { zipf = 0.8 }", to: "popularity = { ^zipff = 0.8 }", what: "unknown popularity `zipff`", hint: "did you mean `zipf`?" },
    Case { from: "[dps.allocation.hashed]\nsalt = 1", to: "^[dps]", what: "the key is given twice", hint: "keep one" },
    Case { from: "seed = 7", to: "seed = 7\nwindow = ^5 min", what: "text without quotes", hint: "write it as" },
    Case { from: "[gateway.fallback.secondary]\nwarm = false", to: "[gateway]\n", what: "", hint: "" },
    // Names.
    Case { from: "edition = \"S2\"", to: "edition = ^\"S4\"", what: "unknown edition `S4`", hint: "`S3`" },
    Case { from: "region = \"westeurope\"\ncapacity = 60_000", to: "region = ^\"west-europe\"\ncapacity = 60_000", what: "unknown region `west-europe`", hint: "did you mean `westeurope`?" },
    Case { from: "regions = { northeurope = 1.0 }", to: "regions = { ^nortteurope = 1.0 }", what: "unknown region `nortteurope`", hint: "did you mean `northeurope`?" },
    Case { from: "stamp = \"weu-2\"", to: "stamp = ^\"weu-4\"", what: "unknown stamp `weu-4`", hint: "did you mean `weu-1`?" },
    Case { from: "template = \"weu-{n}\"", to: "template = ^\"weu-n\"", what: "unknown group of stamps `weu-n`", hint: "did you mean `weu-{n}`?" },
    Case { from: "cohort = \"pilots\"", to: "cohort = ^\"pilot\"", what: "unknown cohort `pilot`", hint: "did you mean `pilots`?" },
    Case { from: "from_ring = \"test\"", to: "from_ring = ^\"tests\"", what: "unknown ring `tests`", hint: "did you mean `test`?" },
    Case { from: "measure = \"time_to_recover_s\"", to: "measure = ^\"time_to_recovery_s\"", what: "unknown measure `time_to_recovery_s`", hint: "did you mean `time_to_recover_s`?" },
    Case { from: "fault = \"drill\"", to: "fault = ^\"dril\"", what: "unknown fault `dril`", hint: "did you mean `drill`?" },
    Case { from: "limits = \"azure-2026-11\"", to: "limits = ^\"azure-2026-10\"", what: "unknown catalogue `azure-2026-10`", hint: "did you mean `azure-2026-11`?" },
    Case { from: "name = \"pilots\"", to: "name = ^\"meters\"", what: "a second cohort `meters`", hint: "names that differ" },
    Case { from: "name = \"weu-{n}\"", to: "name = ^\"weu\"", what: "3 stamps would all be called `weu`", hint: "did you mean `weu-{n}`?" },
    Case { from: "name = \"test\"\nregion", to: "name = ^\"weu-1\"\nregion", what: "a second stamp `weu-1`", hint: "names that differ" },
    Case { from: "ring = \"test\"\ncapacity", to: "ring = ^\"tset\"\ncapacity", what: "no device can reach `test` of ring `tset`", hint: "did you mean `test`?" },
    Case { from: "name = \"drill\"", to: "name = ^\"a/b\"", what: "the name `a/b` contains `/`", hint: "letters" },
    // Figures.
    Case { from: "capacity = 60_000", to: "capacity = ^0", what: "a capacity of zero", hint: "planned for" },
    Case { from: "capacity = 60_000", to: "capacity = ^2_000_000", what: "a capacity of 2000000 devices", hint: "at most 1000000" },
    Case { from: "units = 3", to: "units = ^201", what: "201 units of S2", hint: "at most 200" },
    Case { from: "count = 3", to: "count = ^66_000", what: "66001 stamps", hint: "at most 65000" },
    Case { from: "devices = 500", to: "devices = ^0", what: "", hint: "" },
    Case { from: "horizon = \"6 h\"", to: "horizon = ^\"0 s\"", what: "a horizon of zero", hint: "above zero" },
    Case { from: "seed = 7", to: "tick = ^\"0 s\"", what: "a tick of zero", hint: "above zero" },
    Case { from: "seed = 7", to: "window = ^\"0 s\"", what: "a window of zero", hint: "above zero" },
    Case { from: "seed = 7", to: "window = ^\"7 h\"", what: "7 h is longer than the horizon of 6 h", hint: "a part of" },
    Case { from: "seed = 7", to: "tick = ^\"1 us\"", what: "21600000000 ticks in a horizon of 6 h", hint: "at most" },
    Case { from: "replications = 3", to: "replications = ^0", what: "a number of replications of zero", hint: "above zero" },
    Case { from: "northeurope = 0.25", to: "northeurope = ^1.25", what: "a share of 1.25", hint: "from 0 to 1" },
    Case { from: "regions = { westeurope = 0.75,", to: "^regions = { westeurope = 0.7,", what: "the shares of the regions sum to 0.95", hint: "a sum of 1" },
    Case { from: "jitter = \"10 s\"", to: "jitter = ^\"10 min\"", what: "a jitter of 10 min is longer than the period of 5 min", hint: "at most 5 min" },
    Case { from: "telemetry = { poisson = \"1 min\" }", to: "telemetry = { every = \"1 min\", ^poisson = \"1 min\" }", what: "both `every` and `poisson` are given", hint: "one of the two" },
    Case { from: "telemetry = { poisson = \"1 min\" }", to: "^telemetry = { size = \"1 KB\" }", what: "telemetry without a cadence", hint: "`every` or `poisson`" },
    Case { from: "poll = \"2 s\"", to: "poll = ^\"1 s\"", what: "polling each 1 s", hint: "5 polls in 10 s" },
    Case { from: "cap = \"30 s\"", to: "cap = \"30 s\"\nbase = \"1 min\"", what: "the cap 30 s is below the base 1 min", hint: "" },
    Case { from: "zipf = 0.8", to: "zipf = ^-1.0", what: "a Zipf exponent of -1", hint: "from 0 to 10" },
    Case { from: "stamps_max = 9", to: "stamps_max = ^2", what: "at most 2 stamps, but 4 at the start", hint: "at least 4" },
    Case { from: "edition = \"S2\", units = 3", to: "edition = \"B2\", units = 3", what: "`weu-1` has edition B2, which takes no calls to devices", hint: "a standard edition" },
    Case { from: "fail_if = \"> 30 min\"", to: "fail_if = ^\"30 min\"", what: "\"30 min\" has no comparison", hint: ">, >=, < or <=" },
    Case { from: "fail_if = \"> 30 min\"", to: "fail_if = ^\"> 30 %\"", what: "\"30 %\" does not fit time_to_recover_s", hint: "" },
    // What happens.
    Case { from: "for = \"45 min\"\n", to: "", what: "a fault without an end", hint: "never_ends" },
    Case { from: "for = \"45 min\"", to: "for = ^\"never\"", what: "unknown word \"never\"", hint: "did you mean \"never_ends\"?" },
    Case { from: "at = \"1 h\"", to: "at = ^\"7 h\"", what: "the fault begins at 7 h, after the horizon of 6 h", hint: "before 6 h" },
    Case { from: "at = \"3 h\"", to: "at = ^\"3 d\"", what: "the move begins at 3 d, after the horizon of 6 h", hint: "before 6 h" },
    Case { from: "stamp = \"weu-2\"", to: "stamp = \"weu-2\"\n\n[[faults]]\nat = ^\"90 min\"\nfor = \"1 h\"\n[faults.cause.hub_outage]\nstamp = \"weu-2\"", what: "begins while `drill` lasts on the same target", hint: "after each other" },
    Case { from: "for = \"45 min\"", to: "for = \"45 min\"\ndrawn = { every = \"30 d\" }", what: "both `drawn` and", hint: "one of the two" },
    Case { from: "to_ring = \"production\"", to: "to_ring = \"test\"", what: "ring `test` is promoted to itself", hint: "" },
    Case { from: "select = { cohort = \"pilots\", share = \"50 %\" }", to: "^select = { cohort = \"meters\" }", what: "the move selects nothing", hint: "drop one" },
    Case { from: "share = \"50 %\" }\n[moves", to: "share = ^0 }\n[moves", what: "a share of zero selects no device", hint: "above 0" },
    Case { from: "[faults.cause.stamp_outage]\nstamp = \"weu-2\"", to: "[faults.cause.region_blackout]\nregion = ^\"westus\"", what: "unknown region `westus`", hint: "did you mean `westeurope`?" },
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
    let mut placed = 0;
    for case in CASES.iter().filter(|case| !case.what.is_empty()) {
        let (text, place) = seeded(case);
        let problems = read(&text).err().unwrap_or_else(|| panic!("accepted: {}", case.to));
        let found = problems.iter().find(|problem| problem.headline().contains(case.what));
        let found = found.unwrap_or_else(|| panic!("{:?}: {:#?}", case.what, headlines(&problems)));
        assert!(found.is_error() && found.headline().contains(case.hint), "{}", found.headline());
        if let Some(place) = place {
            assert_eq!((found.line, found.column), place, "{}", found.headline());
            placed += 1;
        }
        assert!(problems.len() <= 2, "one mistake, one or two messages: {:#?}", headlines(&problems));
    }
    assert!(placed >= 60, "{placed} cases check their place");
}

fn headlines(problems: &[Diagnostic]) -> Vec<String> {
    problems.iter().map(Diagnostic::headline).collect()
}
