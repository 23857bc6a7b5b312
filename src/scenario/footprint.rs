//! What running a scenario will take, from closed forms: devices, memory and events. Rough, and said to be.

use crate::model::config::ModelConfig;
use crate::model::population::traffic::Fidelity;

/// State of a device: its record and columns, its registration, its timer [B].
const DEVICE_BYTES: f64 = 16.0 + 45.0 + 16.0 + 12.0;
/// Entry of a cache and its place in the order, for every device that may be held [B].
const CACHE_BYTES: f64 = 40.0;
/// State of a user [B].
const USER_BYTES: f64 = 24.0;
/// Events of a user who has to go elsewhere and comes back.
const EVENTS_PER_USER: f64 = 3.0;
/// One window of one series [B].
const WINDOW_BYTES: f64 = 8.0;
/// Series of a run beside those of its stamps.
const SERIES: f64 = 80.0;
/// Events of a call that finds its device at once.
const EVENTS_PER_CALL: f64 = 3.0;
/// Events of a device that registers and connects.
const EVENTS_PER_JOIN: f64 = 6.0;
/// Events of a device that loses its connection and comes back.
const EVENTS_PER_RETURN: f64 = 6.0;

/// What running a scenario will take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Footprint {
    /// Most devices at any time.
    pub devices: u64,
    /// Stamps at the start.
    pub stamps: u64,
    /// Memory of one replication [B].
    pub memory_bytes: f64,
    /// Events of one replication.
    pub events: f64,
    /// Events of all replications.
    pub events_in_all: f64,
}

impl Footprint {
    /// The footprint of a model.
    pub fn of(model: &ModelConfig, replications: u32) -> Self {
        let counts: Vec<f64> = (0..model.cohorts.len()).map(|cohort| f64::from(model.devices_max(cohort))).collect();
        let devices: f64 = counts.iter().sum();
        let events = events(model, &counts);
        Self {
            devices: devices as u64,
            stamps: model.stamps.len() as u64,
            memory_bytes: memory(model, devices),
            events,
            events_in_all: events * f64::from(replications),
        }
    }
}

fn memory(model: &ModelConfig, devices: f64) -> f64 {
    let caches = match &model.gateway {
        Some(gateway) => gateway
            .cache
            .as_ref()
            .map_or(0.0, |cache| if gateway.fallback.entry().secondary(cache).is_some() { 2.0 } else { 1.0 }),
        None => 0.0,
    };
    let windows = (model.horizon.0.div_ceil(model.window.0.max(1))) as f64;
    let series = SERIES + 2.0 * model.stamps.len() as f64;
    let users: f64 = model.users.iter().map(|users| f64::from(users.users)).sum();
    devices * (DEVICE_BYTES + caches * CACHE_BYTES) + users * USER_BYTES + windows * series * WINDOW_BYTES
}

fn events(model: &ModelConfig, counts: &[f64]) -> f64 {
    let horizon = model.horizon.secs();
    let ticks = horizon / model.tick.secs().max(1e-6);
    let mut events = ticks + model.horizon.ratio(model.growth_tick.max(model.tick));
    for (cohort, devices) in model.cohorts.iter().zip(counts) {
        events += (devices - f64::from(cohort.devices)).max(0.0) * EVENTS_PER_JOIN;
        if let Some(calls) = &cohort.calls {
            events += devices * calls.rate_per_second * horizon * EVENTS_PER_CALL + ticks;
        }
        if let Some(renewal) = cohort.renewal {
            events += devices * model.horizon.ratio(renewal) * EVENTS_PER_RETURN;
        }
        if let Some(telemetry) = cohort.telemetry.as_ref().filter(|_| model.fidelity == Fidelity::Events) {
            events += devices * telemetry.cadence.rate_per_second() * horizon + ticks;
        }
    }
    for users in &model.users {
        events += f64::from(users.users) * (model.faults.len() + users.switches.len()) as f64 * EVENTS_PER_USER;
    }
    // A fault or a move sends devices away and back once; how many attempts that takes is what the run finds out.
    let struck = (model.faults.len() + model.moves.len()) as f64;
    let share = 1.0 / (model.stamps.len().max(1)) as f64;
    events + struck * share * counts.iter().sum::<f64>() * EVENTS_PER_RETURN
}
