//! What running a scenario will take, from closed forms: devices, memory and events. Within a factor of two of what a run
//! takes, which a test holds it to; a storm whose length depends on itself is known only so far.

mod events;
mod herd;
mod kept_out;
mod memory;
mod moves;
mod occurrence;
mod storms;

pub use events::decisions;
pub use storms::attempts_in_vain;

use crate::model::config::ModelConfig;
use crate::units::{SimDuration, SimTime};

/// Points at which a growing fleet is counted for its mean.
const SAMPLES: u64 = 64;

/// What running a scenario will take.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Footprint {
    /// Most devices at any time.
    pub devices: u64,
    /// Stamps at the start.
    pub stamps: u64,
    /// Memory of one replication while it runs [B].
    pub memory_bytes: f64,
    /// Memory that the figures of one replication take until all are done [B].
    pub result_bytes: f64,
    /// Events of one replication.
    pub events: f64,
    /// Events of all replications.
    pub events_in_all: f64,
}

impl Footprint {
    /// The footprint of a model.
    pub fn of(model: &ModelConfig, replications: u32) -> Self {
        let fleet = Fleet::of(model);
        let events = events::of(model, &fleet);
        Self {
            devices: fleet.most.iter().sum::<f64>() as u64,
            stamps: model.stamps.len() as u64,
            memory_bytes: memory::of(model, &fleet),
            result_bytes: memory::of_results(model),
            events,
            events_in_all: events * f64::from(replications),
        }
    }

    /// Memory of a run with so many replications at once, of `replications` in all [B]. The figures of those that are
    /// done are not in it: a run may be stopped at any time, and keeps what is whole.
    pub fn memory_of(&self, at_once: usize, replications: u32) -> f64 {
        let at_once = at_once.min(replications as usize).max(1);
        memory::PROGRAM_BYTES + self.memory_bytes * at_once as f64
    }
}

/// Devices of each cohort: at most, on average over the run, and those that join in it.
#[derive(Debug)]
struct Fleet {
    most: Vec<f64>,
    mean: Vec<f64>,
    joining: Vec<f64>,
}

impl Fleet {
    fn of(model: &ModelConfig) -> Self {
        use crate::model::population::cohort::Start;
        let most: Vec<f64> = (0..model.cohorts.len()).map(|cohort| f64::from(model.devices_max(cohort))).collect();
        let at =
            |i: u64| SimTime((u128::from(model.horizon.0) * u128::from(2 * i + 1) / u128::from(2 * SAMPLES)) as u64);
        let mean = model.cohorts.iter().map(|cohort| {
            let counts = (0..SAMPLES).map(|i| f64::from(cohort.growth.entry().count(cohort.devices, at(i))));
            counts.sum::<f64>() / SAMPLES as f64
        });
        let joining = model.cohorts.iter().zip(&most).map(|(cohort, most)| {
            let at_start = if cohort.start == Start::New { 0.0 } else { f64::from(cohort.devices) };
            (most - at_start).max(0.0)
        });
        Self { mean: mean.collect(), joining: joining.collect(), most }
    }

    /// The fleet at one time.
    fn at(model: &ModelConfig, at: SimTime) -> Self {
        let counts = model.cohorts.iter().map(|cohort| f64::from(cohort.growth.entry().count(cohort.devices, at)));
        let mean: Vec<f64> = counts.collect();
        Self { most: mean.clone(), joining: vec![0.0; mean.len()], mean }
    }

    fn devices(&self) -> f64 {
        self.most.iter().sum()
    }
}

/// A time from the start of the run [s].
fn time_of(secs: f64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs_f64(secs.max(0.0))
}
