//! Memory from the sizes of the structures themselves.

use super::Fleet;
use super::storms;
use crate::kernel::event_list::BYTES_PER_TIMER;
use crate::model::column::Column;
use crate::model::config::ModelConfig;
use crate::model::dps::topology::TopologyPolicy;
use crate::model::gateway::cache::Cache;
use crate::model::ids::{DeviceId, RegionId, ServiceId, StampId};
use crate::model::population::cohort::Start;
use crate::model::population::device::Device;
use crate::model::population::traffic::{Cadence, Fidelity, Message, Phases, Popularity};
use crate::model::sparse::Sparse;
use crate::model::world::Episode;
use crate::units::SimTime;

/// The program with its catalogues, before anything is simulated [B].
pub(super) const PROGRAM_BYTES: f64 = 12e6;
/// Tallies of a run, each a histogram of the whole run, of the open window and of the open part.
const TALLIES: f64 = 60.0;
/// A histogram [B].
const HISTOGRAM_BYTES: f64 = 20e3;
/// Series of a run beside those of its stamps.
const SERIES: f64 = 80.0;
/// One window of one series [B].
const WINDOW_BYTES: f64 = 8.0;
/// A hub, its limits, classes and status [B].
const STAMP_BYTES: f64 = 20e3;
/// State of a user [B].
const USER_BYTES: f64 = 24.0;

/// Memory of one replication while it runs [B].
pub(super) fn of(model: &ModelConfig, fleet: &Fleet) -> f64 {
    let devices: f64 = fleet.most.iter().enumerate().map(|(cohort, most)| most * of_device(model, cohort)).sum();
    let users: f64 = model.users.iter().map(|users| f64::from(users.users)).sum();
    let stamps = f64::from(model.scaling.stamps_max).max(model.stamps.len() as f64);
    let histograms = TALLIES * 3.0 * HISTOGRAM_BYTES;
    devices
        + out_of_touch(model, fleet)
        + under_way(model, fleet)
        + users * USER_BYTES
        + stamps * of_stamp(model)
        + histograms
        + of_results(model)
}

/// What the figures of a replication take until all are done [B].
pub(super) fn of_results(model: &ModelConfig) -> f64 {
    let windows = model.horizon.0.div_ceil(model.window.0.max(1)) as f64;
    let series = SERIES + 2.0 * model.stamps.len() as f64;
    windows * series * WINDOW_BYTES + TALLIES * HISTOGRAM_BYTES
}

/// What every device of a cohort takes [B].
fn of_device(model: &ModelConfig, cohort: usize) -> f64 {
    let config = &model.cohorts[cohort];
    let several = |n: usize, bytes: usize| if n > 1 { bytes } else { 0 };
    let identity_and_enrollment = 2 * size_of::<StampId>();
    let places = several(model.regions.names.len(), size_of::<RegionId>())
        + several(model.dps.services.len(), size_of::<ServiceId>());
    let scope = if matches!(model.dps.topology, TopologyPolicy::Direct(_)) { 0 } else { size_of::<ServiceId>() };
    let followed = (usize::from(model.fails_over()) + usize::from(model.follows_half_dead())) * size_of::<SimTime>();
    let timer = if config.renewal.is_some() || config.start == Start::New { BYTES_PER_TIMER } else { 0.0 };
    let fixed = size_of::<Device>() + identity_and_enrollment + places + scope + followed;
    fixed as f64
        + SHARED_BYTES
        + timer
        + of_calls(model, cohort)
        + of_messages(model, cohort)
        + of_moves(model)
        + of_windows(model)
}

/// What is known of a device between two windows: its next renewal, at which opening its entry was drawn, since when it lies
/// on its hub [B].
fn of_windows(model: &ModelConfig) -> f64 {
    let called = model.gateway.as_ref().is_some_and(|gateway| gateway.cache.is_some());
    let drawn = if called { size_of::<u32>() } else { 0 };
    let due = if model.renews() { size_of::<SimTime>() } else { 0 };
    model.windows.as_ref().map_or(0.0, |_| (drawn + due + size_of::<SimTime>()) as f64)
}

/// What a device shares with others: a quarter of the head of a chain, and the bit of its instance [B].
const SHARED_BYTES: f64 = 1.125;

/// What the gateway keeps of a device [B].
fn of_calls(model: &ModelConfig, cohort: usize) -> f64 {
    let (Some(gateway), Some(calls)) = (&model.gateway, &model.cohorts[cohort].calls) else { return 0.0 };
    let popularity = if matches!(calls.popularity, Popularity::Zipf(_)) { size_of::<f64>() } else { 0 };
    let learnt = gateway.learnt.map_or(0, |_| size_of::<StampId>() + size_of::<u32>());
    let caches = gateway.cache.iter().map(|cache| {
        let copies = 1 + usize::from(gateway.fallback.entry().secondary(cache).is_some());
        let devices: u64 = (0..model.cohorts.len()).map(|cohort| u64::from(model.devices_max(cohort))).sum();
        let (entry, place) = Cache::bytes_per_device();
        copies * (entry + if u64::from(cache.capacity) < devices { place } else { 0 })
    });
    (popularity + learnt + caches.sum::<usize>()) as f64
}

/// The order of sending by phase, and what it takes to sort it, at full fidelity [B].
fn of_messages(model: &ModelConfig, cohort: usize) -> f64 {
    let telemetry = model.cohorts[cohort].telemetry.as_ref().filter(|_| model.fidelity == Fidelity::Events);
    let periodic = telemetry.is_some_and(|telemetry| matches!(telemetry.cadence, Cadence::Periodic { .. }));
    if periodic { (size_of::<u32>() + size_of::<(u64, u32, usize)>()) as f64 } else { 0.0 }
}

/// What moves keep of a device that they may move: its place in their list, its target and the move itself [B].
fn of_moves(model: &ModelConfig) -> f64 {
    let moves = model.moves.len() + model.remedies().count() + usize::from(model.scaling.policy.entry().drains());
    let columns = Column::<StampId>::bytes_per_device() + Column::<u16>::bytes_per_device();
    if moves > 0 { (columns + size_of::<DeviceId>()) as f64 } else { 0.0 }
}

/// Devices that are without a connection at the same time: a record, a timer, a recovery and where they will go [B].
fn out_of_touch(model: &ModelConfig, fleet: &Fleet) -> f64 {
    let new: f64 = model.cohorts.iter().filter(|c| c.start == Start::New).map(|c| f64::from(c.devices)).sum();
    let struck = storms::most_at_once(model).max(new).min(fleet.devices());
    let record = Sparse::<Episode>::bytes_per_record() + Column::<StampId>::bytes_per_device() + size_of::<SimTime>();
    struck * (record as f64 + 2.0 * BYTES_PER_TIMER)
}

/// Messages on their way at full fidelity, and the arrivals of a tick [B].
fn under_way(model: &ModelConfig, fleet: &Fleet) -> f64 {
    let each = (size_of::<Message>() + size_of::<(SimTime, u64)>()) as f64;
    let rates = model.cohorts.iter().zip(&fleet.most).map(|(cohort, devices)| {
        let messages = cohort.telemetry.as_ref().filter(|_| model.fidelity == Fidelity::Events);
        let messages = messages.map_or(0.0, |telemetry| telemetry.cadence.rate_per_second());
        let calls = cohort.calls.as_ref().map_or(0.0, |calls| calls.rate_per_second * calls.profile.max());
        devices * (messages + calls)
    });
    let seconds = model.tick.secs() + model.network.device_to_hub.mean().secs();
    rates.sum::<f64>() * seconds * each
}

fn of_stamp(model: &ModelConfig) -> f64 {
    let bins = model.cohorts.iter().map(|cohort| match cohort.telemetry.as_ref().map(|t| t.cadence) {
        Some(Cadence::Periodic { period, jitter }) => {
            Phases::bytes(period, model.tick) as f64 + jitter.ratio(model.tick) * size_of::<u64>() as f64
        }
        _ => 0.0,
    });
    STAMP_BYTES + bins.sum::<f64>()
}
