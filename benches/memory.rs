//! Memory bars: the peak of one replication with one pending event a device, each in a process of its own.
//!
//! A line reads `bar <name> <ours> <aim> <ratio> <aim>`, in MB; the ratio is aim / ours. The lines around it give bytes a
//! device, and nanoseconds a device and an event. Run it by `cargo bench --bench memory`; a number of millions of devices
//! as an argument measures that fleet alone. Needs /proc.

#![expect(clippy::disallowed_types, reason = "a bench has to look at the clock")]
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use stampsim::experiment::replication::replicate;
use stampsim::scenario::{Scenario, load_text};
use stampsim::theory::md1_table::Md1Table;

/// Fleets [million devices], their bar and the most that they may take [MB].
const BARS: [(u64, &str, f64); 2] = [(10, "memory_10m_mb", 320.0), (100, "memory_100m_mb", 4_000.0)];
/// Devices of one hub of the largest edition, below its cap.
const DEVICES_OF_A_STAMP: u64 = 800_000;
/// Set in a child process: the fleet that it simulates [million devices].
const CHILD: &str = "STAMPSIM_MEMORY_BENCH_MILLIONS";

fn main() {
    if let Ok(millions) = std::env::var(CHILD) {
        return child(millions.parse().expect("a number of millions"));
    }
    let wanted: Option<u64> = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    for (millions, name, aim) in BARS {
        if wanted.is_none_or(|wanted| wanted == millions) {
            bar(millions, name, aim);
        }
    }
}

/// Measures a fleet in a child process.
fn bar(millions: u64, name: &str, aim: f64) {
    let mut command = Command::new(std::env::current_exe().expect("a bench is a file"));
    let output = command.env(CHILD, millions.to_string()).stderr(Stdio::inherit()).output().expect("a child starts");
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    let Some(peak) = text.lines().find_map(|line| line.strip_prefix("peak_mb ")?.parse::<f64>().ok()) else {
        println!("no figure of {name}: the child ended with {}", output.status);
        return;
    };
    println!("bar {name} {peak:.1} {aim} {:.2} {aim}", aim / peak);
}

/// Simulates a fleet and prints its figures.
fn child(millions: u64) {
    let before = peak_bytes();
    let scenario = fleet(millions);
    let events = |horizon: f64| {
        let mut scenario = scenario.clone();
        scenario.model.horizon = stampsim::units::SimDuration::from_secs_f64(horizon);
        let start = Instant::now();
        let run = replicate(&scenario, &Md1Table::new(), 0, &|| false).unwrap_or_else(|why| panic!("{why}"));
        (start.elapsed().as_secs_f64(), run.observations.events)
    };
    let devices = (millions * 1_000_000) as f64;
    // Next to nothing happens in a millisecond: what is left is the time to set the world up and to take it down.
    let (set_up, _) = events(0.001);
    let (whole, events) = events(HORIZON_S);
    let peak = peak_bytes();
    println!("{millions} million devices, {events} events in {HORIZON_S} simulated seconds");
    println!(
        "bytes_per_device {:.1} (of {:.1} MB, {:.1} MB were there before)",
        peak / devices,
        peak / 1e6,
        before / 1e6
    );
    println!("set_up_ns_per_device {:.0}", set_up * 1e9 / devices);
    println!("ns_per_event {:.0}", (whole - set_up).max(0.0) * 1e9 / events as f64);
    println!("peak_mb {:.1}", peak / 1e6);
}

/// Simulated length [s].
const HORIZON_S: f64 = 600.0;

/// Devices that are all connected and renew their tokens once a day: a timer each is pending at any time.
fn fleet(millions: u64) -> Scenario {
    let devices = millions * 1_000_000;
    let stamps = (0..devices.div_ceil(DEVICES_OF_A_STAMP)).map(|stamp| {
        format!(
            "[[stamps]]\nname = \"weu-{stamp}\"\nregion = \"westeurope\"\ncapacity = 900_000\n\
             hub = {{ edition = \"S3\", units = 10 }}\n"
        )
    });
    let text = format!(
        "question = \"How much memory does a large fleet take?\"\n\
         [run]\nstart = 2026-03-02T00:00:00Z\nhorizon = \"10 min\"\nreplications = 1\nseed = 1\n\
         [dps]\nlinked_hubs_max = 1_000\n{}[[cohorts]]\nname = \"meters\"\ndevices = {devices}\nregions = {{ westeurope = 1.0 }}\n\
         sas = {{ lifetime = \"1 d\", renew_at = \"80 %\" }}\n",
        stamps.collect::<String>()
    );
    load_text("fleet", &text, Path::new("."), &[]).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// Most memory that this process had so far [B].
fn peak_bytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("there is /proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it says the peak");
    line.trim().trim_end_matches("kB").trim().parse::<f64>().expect("a number of kB") * 1024.0
}
