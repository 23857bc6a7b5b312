//! A simulated day of telemetry of a million devices on ten stamps: superposed, as flow, and by a plain heap with a pending
//! event for each device and the same work for each message.
//!
//! Ours is `simulate` of the shipped model, as the difference of two horizons, so that set-up is left out. The reference is
//! fair to itself: events of 16 bytes, handlers inlined, draws from a counter, the throttle in 64 bits, no windows and no
//! quota. It is timed over some minutes behind the first one: a heap that was just filled in order is faster than one that
//! is in use.

use std::time::Instant;

use hdrhistogram::Histogram;
use stampsim::kernel::draws::{Draws, Purpose};
use stampsim::kernel::trace::Tracing;
use stampsim::model::config::ModelConfig;
use stampsim::model::event::simulate;
use stampsim::model::limit::{Bucket, Shaping};
use stampsim::scenario::load_text;
use stampsim::theory::md1_table::Md1Table;
use stampsim::units::{SimDuration, SimTime};

use crate::bar;
use crate::heap::Heap;

const DEVICES: u32 = 1_000_000;
const STAMPS: u32 = 10;
/// Mean gap of a device and time to serve a message [us]: each stamp is used by 80 %.
const GAP: f64 = 60e6;
const SERVICE: u64 = 480;
/// Simulated time of the reference: up to where it warms up, and to its end [us].
const HORIZONS: [u64; 2] = [60_000_000, 240_000_000];

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

/// A day by the heap: each message passes the throttle, then the server, and leaves its wait and its latency.
fn by_heap() -> f64 {
    let draws = Draws::new(3, 0);
    let mut counters = vec![0_u32; DEVICES as usize];
    let mut gap = |device: u32| {
        let counter = &mut counters[device as usize];
        *counter += 1;
        let mut stream = draws.stream(u64::from(device), Purpose::TelemetryArrivals, u64::from(*counter));
        1 + stream.exponential(GAP) as u64
    };
    let limit = model("events").stamps[0].edition.sends.of(1);
    let bucket = Bucket::new(limit, Shaping::default(), SimTime::ZERO).quick().expect("a full bucket of an edition");
    let mut stamps = vec![(bucket, 0_u64); STAMPS as usize];
    let histogram = || Histogram::<u64>::new_with_bounds(1, 1 << 40, 2).expect("bounds of a histogram");
    let (mut waits, mut latencies) = (histogram(), histogram());
    let mut heap = Heap::default();
    (0..DEVICES).for_each(|device| heap.push(gap(device), device, 0));
    let mut pass_until = |horizon: u64| {
        while let Some((now, device, kind)) = heap.pop() {
            if now >= horizon {
                heap.push(now, device, kind);
                break;
            }
            let (bucket, free) = &mut stamps[(device % STAMPS) as usize];
            assert!(bucket.admits(SimTime(now)), "the throttle is far from its limit");
            let begins = now.max(*free);
            *free = begins + SERVICE;
            waits.saturating_record(begins - now);
            latencies.saturating_record(begins + SERVICE - now);
            heap.push(now + gap(device), device, kind);
        }
    };
    pass_until(HORIZONS[0]);
    let start = Instant::now();
    pass_until(HORIZONS[1]);
    let seconds = start.elapsed().as_secs_f64();
    std::hint::black_box(waits.value_at_quantile(0.99) + latencies.value_at_quantile(0.99));
    seconds * SimDuration::DAY.ratio(SimDuration(HORIZONS[1] - HORIZONS[0]))
}
