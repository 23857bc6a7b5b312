//! What `check` foresees against what runs take, and inputs of any size: refused at their place or carried out.

use std::path::Path;
use std::process::Command;

use stampsim::experiment::replication::replicate;
use stampsim::model::fault::{FaultConfig, Schedule};
use stampsim::scenario::{Diagnostic, Scenario, discover, load, load_text};
use stampsim::theory::md1_table::Md1Table;

/// Whether a figure lies within a factor of two of another.
fn is_near(foreseen: f64, measured: f64) -> bool {
    (0.5..=2.0).contains(&(foreseen / measured.max(1.0)))
}

fn simulate(scenario: &Scenario) -> u64 {
    let run = replicate(scenario, &Md1Table::new(), 0, &|| false).unwrap_or_else(|why| panic!("{why}"));
    run.observations.events
}

/// Most events that a scenario of the test may be foreseen to have; larger ones are tested at a smaller size.
const EVENTS_MOST: f64 = 200_000.0;
/// Replications over which events are averaged where the lengths or the times of faults are drawn: `check` foresees a mean, and
/// who waits for DPS makes events by the square of a length.
const DRAWN: u32 = 16;
/// Most events of all replications of one scenario.
const EVENTS_IN_ALL_MOST: f64 = 1e6;

fn shipped() -> Vec<std::path::PathBuf> {
    discover(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")]).expect("there are scenarios")
}

/// A shipped scenario at a share of its size.
fn at_scale(file: &Path, scale: f64) -> Scenario {
    let sets = [format!("run.scale={scale}"), "run.replications=1".to_owned()];
    load(file, &sets).unwrap_or_else(|problems| panic!("{}: {}", file.display(), said(&problems)))
}

fn is_drawn(scenario: &Scenario) -> bool {
    let drawn = |fault: &FaultConfig| matches!(fault.schedule, Schedule::Drawn { .. } | Schedule::Once { .. });
    scenario.model.faults.iter().any(drawn)
}

fn replications(scenario: &Scenario) -> u32 {
    if is_drawn(scenario) { DRAWN } else { 1 }
}

/// Events of a replication on average.
fn events_of(scenario: &Scenario) -> f64 {
    let n = replications(scenario);
    let one = |index: u32| {
        let run = replicate(scenario, &Md1Table::new(), index, &|| false).unwrap_or_else(|why| panic!("{why}"));
        run.observations.events as f64
    };
    (0..n).map(one).sum::<f64>() / f64::from(n)
}

/// Every shipped scenario, at the largest of these sizes that is foreseen to be small enough and at a twentieth: a replication
/// has between half and twice the events that `check` foresees. Limits stay while fleets shrink, so that herds are another
/// matter at another size. The seeds are those of the files, so that nothing here is left to chance.
#[test]
fn the_events_of_every_shipped_scenario_are_foreseen_within_a_factor_of_two() {
    let mut off = Vec::new();
    let files = shipped();
    assert!(files.len() >= 80, "{} scenarios", files.len());
    for file in &files {
        let fits = |scale: &f64| {
            let scenario = at_scale(file, *scale);
            let events = scenario.footprint().events;
            events <= EVENTS_MOST && events * f64::from(replications(&scenario)) <= EVENTS_IN_ALL_MOST
        };
        // Those that are drawn take sixteen replications, which one size has to be enough for.
        let sizes: &[f64] = if is_drawn(&at_scale(file, 0.05)) { &[] } else { &[1.0, 0.5, 0.25, 0.1] };
        let largest = sizes.iter().copied().find(fits).unwrap_or(0.05);
        let mut scales = vec![largest, 0.05];
        scales.dedup();
        for scale in scales {
            let scenario = at_scale(file, scale);
            let (foreseen, measured) = (scenario.footprint().events, events_of(&scenario));
            if !is_near(foreseen, measured) {
                off.push(format!("{} at {scale}: {foreseen:.0} foreseen, {measured:.0} measured", scenario.name));
            }
        }
    }
    assert!(off.is_empty(), "{} are off:\n{}", off.len(), off.join("\n"));
}

/// Set in a child process: which of the large fleets it simulates.
const CHILD: &str = "STAMPSIM_TEST_FLEET";

/// Fleets that take their memory for different things: a timer each; a cache of an entry for each; an episode each, since all are
/// out at once; each message on its way; what is known between two windows.
fn fleets() -> [(&'static str, String); 5] {
    let sas = "sas = { lifetime = \"1 d\", renew_at = \"80 %\" }\n";
    let called = "commands = { rate = \"144/day\" }\n[gateway.cache]\nttl = \"1 h\"\ncapacity = 1_000_000\n";
    let dark = "[[faults]]\nname = \"dark\"\nat = \"1 min\"\nfor = \"2 min\"\n\
                [faults.cause.region_blackout]\nregion = \"westeurope\"\n";
    let sends = "telemetry = { every = \"1 min\", size = \"1 KB\" }\n";
    let windows = "2 d\"\nwindows = { every = \"1 d\", length = \"1 min\" }\n#\"";
    [
        ("calm", text(2_000_000, sas, "10 min")),
        ("called", text(1_000_000, called, "5 min")),
        ("storm", text(400_000, dark, "5 min")),
        ("superposed", text(500_000, sends, "2 min\"\ntelemetry = \"superposed")),
        ("windows", text(500_000, sas, windows)),
    ]
}

/// A scenario of so many devices on stamps of 800,000.
fn text(devices: u32, cohort: &str, horizon: &str) -> String {
    format!(
        "question = \"?\"\n[run]\nhorizon = \"{horizon}\"\nreplications = 1\n\
         [[stamps]]\nname = \"weu-{{n}}\"\ncount = {}\nregion = \"westeurope\"\ncapacity = 900_000\n\
         hub = {{ edition = \"S3\", units = 10 }}\n\
         [[cohorts]]\nname = \"meters\"\ndevices = {devices}\nregions = {{ westeurope = 1.0 }}\n{cohort}",
        devices.div_ceil(800_000).max(2)
    )
}

fn scenario(text: &str) -> Scenario {
    load_text("fleet", text, Path::new("."), &[]).unwrap_or_else(|problems| panic!("{}", said(&problems)))
}

fn said(problems: &[Diagnostic]) -> String {
    problems.iter().map(Diagnostic::headline).collect::<Vec<_>>().join("\n")
}

/// Most memory of this process so far [B], where the system tells.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok().map(|kb| kb * 1024.0)
}

/// In a child process: simulates one fleet and says its peak. By itself it shows nothing.
#[test]
#[expect(clippy::print_stdout, reason = "its parent reads what it prints")]
fn a_child_simulates_a_fleet() {
    let Ok(name) = std::env::var(CHILD) else { return };
    let fleet = fleets().into_iter().find(|(fleet, _)| *fleet == name).expect("a fleet of that name");
    simulate(&scenario(&fleet.1));
    println!("peak {}", peak().expect("its parent has seen /proc"));
}

/// Each fleet in a process of its own, since a peak never falls.
#[test]
fn the_memory_of_large_fleets_is_foreseen_within_a_factor_of_two() {
    if peak().is_none() {
        return; // Without /proc nobody tells the peak.
    }
    for (name, text) in fleets() {
        let scenario = scenario(&text);
        let foreseen = scenario.footprint().memory_of(1, 1);
        let mut child = Command::new(std::env::current_exe().expect("a test is a file"));
        let child = child.args(["--exact", "scale::a_child_simulates_a_fleet", "--nocapture"]).env(CHILD, name);
        let out = String::from_utf8(child.output().expect("a child starts").stdout).expect("it writes text");
        let measured = out.lines().find_map(|line| line.split("peak ").nth(1)?.trim().parse::<f64>().ok());
        let measured = measured.unwrap_or_else(|| panic!("{name}: no peak in\n{out}"));
        assert!(is_near(foreseen, measured), "{name}: {foreseen:.3e} B foreseen, {measured:.3e} B measured");
    }
}

/// What a scenario of ten devices becomes with some lines more is refused with this text at this key's line.
#[test]
fn what_no_machine_carries_out_is_refused_at_its_place() {
    let faults =
        "[[faults]]\nname = \"f\"\nat = \"1 s\"\nfor = \"1 d\"\n[faults.cause.stamp_outage]\nstamp = \"weu-1\"\n";
    let cases: [(&str, String, &str); 18] = [
        (
            "a billion devices",
            text(1_000_000_000, "", "1 h").replace("count = 1250", "count = 2"),
            "1000000000 devices in all, at the largest",
        ),
        (
            "growth to a billion",
            text(1_000, "growth.exponential = { doubling = \"1 d\", limit = 1_000_000_000 }\n", "1 year"),
            "1000000000 devices in all",
        ),
        ("a tick of zero", text(10, "", "1 h\"\ntick = \"0 s"), "a tick of zero"),
        ("a tick of 1 us over a year", text(10, "", "1 year\"\ntick = \"1 us"), "ticks in a horizon of"),
        ("a window of 1 us over a year", text(10, "", "1 year\"\nwindow = \"1 us"), "windows in a horizon of"),
        ("growth ticks of 1 us", text(10, "", "1 year\"\ngrowth_tick = \"1 us"), "ticks of growth in a horizon of"),
        (
            "calls at 1e12/s",
            text(10, "commands = { rate = \"1000000000000/s\" }\n", "1 h"),
            "commands in a tick of 1 s",
        ),
        (
            "calls of 1e18 a tick",
            text(1_000_000, "commands = { rate = \"1000000000000/s\" }\n", "1 h"),
            "about 1.0e18 commands in a tick",
        ),
        (
            "telemetry each microsecond as flow",
            text(10_000_000, "telemetry = { every = \"1 us\", size = \"1 KB\" }\n", "5 years"),
            "messages of 1024 B in the run",
        ),
        (
            "telemetry each microsecond as events",
            text(1_000, "telemetry = { every = \"1 us\", size = \"1 KB\" }\n", "1 h\"\ntelemetry = \"events"),
            "telemetry in a tick of 1 s",
        ),
        (
            "telemetry each microsecond, superposed for a day",
            text(10, "telemetry = { every = \"1 us\", size = \"1 KB\" }\n", "1 d\"\ntelemetry = \"superposed"),
            "messages, each looked at",
        ),
        ("twins at 1e12/s", text(1_000_000, "twins = { reads = \"1000000000000/s\" }\n", "1 h"), "messages of"),
        (
            "jitter of a year in ticks of 1 s",
            text(10, "telemetry = { every = \"365 d\", jitter = \"360 d\", size = \"1 KB\" }\n", "1 d"),
            "ticks of 1 s",
        ),
        ("four billion stamps", text(10, "", "1 h").replace("count = 2", "count = 4_000_000_000"), "stamps"),
        (
            "retries each microsecond through a day's outage",
            text(100_000, "[cohorts.retry.python]\ninterval = \"1 us\"\n", "2 d") + faults,
            "attempts in vain during `f`",
        ),
        (
            "decisions each microsecond",
            text(10, "", "1 d") + "[scaling.policy.threshold]\ncheck_every = \"1 us\"\n",
            "decisions in a horizon of",
        ),
        (
            "renewals each microsecond",
            text(10_000_000, "sas = { lifetime = \"1 us\", renew_at = \"100 %\" }\n", "1 year"),
            "events are expected, more than the event budget",
        ),
        ("a horizon of a million years", text(10, "", "1000000 years"), "is too large"),
    ];
    for (what, text, expected) in cases {
        let problems = load_text("large", &text, Path::new("."), &[]).err().unwrap_or_default();
        let errors: Vec<Diagnostic> = problems.iter().filter(|problem| problem.is_error()).cloned().collect();
        assert!(said(&errors).contains(expected), "{what}: {}", said(&problems));
        assert!(errors.iter().all(|problem| problem.line > 0 && !problem.source.is_empty()), "{what} has its place");
    }
}

/// What is only long or odd is carried out: a hundred years of daily ticks, a fleet of one with every period at a microsecond.
#[test]
fn what_is_only_odd_is_carried_out() {
    let odd = [
        text(
            10,
            "telemetry = { every = \"1 h\", size = \"1 KB\" }\n",
            "100 years\"\ntick = \"1 d\"\ngrowth_tick = \"1 d",
        ),
        text(1, "telemetry = { every = \"1 us\", size = \"1 KB\" }\n", "1 s\"\ntick = \"1 ms"),
        text(10, "telemetry = { every = \"1 h\", size = \"1 KB\" }\n", "1 ms\"\ntick = \"1 us"),
    ];
    for text in odd {
        assert!(simulate(&scenario(&text)) > 0);
    }
}
