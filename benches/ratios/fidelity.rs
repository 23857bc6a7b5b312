//! A simulated day of telemetry of a million devices on ten stamps: superposed, as flow, and by a plain heap with a pending
//! event for each device and the same work for each message.
//!
//! Ours is `simulate` of the shipped model, as the difference of two horizons, so that set-up is left out. The reference is
//! fair to itself: events of 16 bytes, handlers inlined, draws from a counter, and it is timed over a part of an hour.

use std::time::Instant;

use hdrhistogram::Histogram;
use stampsim::kernel::draws::{Draws, Purpose};
use stampsim::kernel::trace::Tracing;
use stampsim::model::config::ModelConfig;
use stampsim::model::event::simulate;
use stampsim::scenario::load_text;
use stampsim::theory::md1_table::Md1Table;
use stampsim::units::SimDuration;

use crate::bar;
use crate::heap::Heap;

const DEVICES: u32 = 1_000_000;
const STAMPS: u32 = 10;
/// Mean gap of a device and time to serve a message [us]: each stamp is used by 80 %.
const GAP: f64 = 60e6;
const SERVICE: u64 = 480;
/// Simulated time of the reference [us].
const HORIZON: u64 = 60_000_000;

const SCENARIO: &str = r#"
question = "What does telemetry alone cost to simulate?"
[run]
[[stamps]]
name = "stamp-{n}"
count = 10
region = "westeurope"
capacity = 100_000
hub = { edition = "S3", units = 1, answer = "0 s" }
processing = { service = "480 us" }
[[cohorts]]
name = "meters"
devices = 1_000_000
telemetry = { poisson = "1 min", size = "1 KB" }
[network]
device_to_hub = "0 s"
"#;

/// Bars of the two ways that need no event for a message [s a simulated day of the fleet].
pub(crate) fn bars() {
    let minutes = |n| SimDuration::MINUTE * n;
    bar("superposed_vs_heap", 50.0, || ours("superposed", (minutes(1), minutes(21))), by_heap);
    bar("flow_vs_heap", 3_000.0, || ours("flow", (minutes(60), minutes(60 * 25))), by_heap);
}

fn model(way: &str) -> ModelConfig {
    let sets = [format!("run.telemetry={way}")];
    let scenario = load_text("telemetry", SCENARIO, std::path::Path::new("."), &sets);
    scenario.unwrap_or_else(|problems| panic!("{}", problems[0])).model
}

/// A day by the shipped model: the longer run less the shorter one.
fn ours(way: &str, (short, long): (SimDuration, SimDuration)) -> f64 {
    let (mut config, md1) = (model(way), Md1Table::new());
    let mut seconds = |horizon| {
        config.horizon = horizon;
        config.window = SimDuration::HOUR;
        let start = Instant::now();
        std::hint::black_box(simulate(&config, &md1, Draws::new(3, 0), Tracing::NONE, &|| false));
        start.elapsed().as_secs_f64()
    };
    let (short_s, long_s) = (seconds(short), seconds(long));
    (long_s - short_s) * SimDuration::DAY.ratio(long - short)
}

/// A day by the heap.
fn by_heap() -> f64 {
    let draws = Draws::new(3, 0);
    let mut counters = vec![0_u32; DEVICES as usize];
    let mut free = [0_u64; STAMPS as usize];
    let mut waits = Histogram::<u64>::new_with_bounds(1, 1 << 40, 2).expect("bounds of a histogram");
    let mut gap = |device: u32| {
        let counter = &mut counters[device as usize];
        *counter += 1;
        let mut stream = draws.stream(u64::from(device), Purpose::TelemetryArrivals, u64::from(*counter));
        1 + stream.exponential(GAP) as u64
    };
    let mut heap = Heap::default();
    (0..DEVICES).for_each(|device| heap.push(gap(device), device, 0));
    let start = Instant::now();
    while let Some((now, device, kind)) = heap.pop() {
        if now >= HORIZON {
            break;
        }
        let free = &mut free[(device % STAMPS) as usize];
        let begins = now.max(*free);
        *free = begins + SERVICE;
        waits.saturating_record(begins + SERVICE - now);
        heap.push(now + gap(device), device, kind);
    }
    let seconds = start.elapsed().as_secs_f64();
    std::hint::black_box(waits.value_at_quantile(0.99));
    seconds * SimDuration::DAY.ratio(SimDuration(HORIZON))
}
