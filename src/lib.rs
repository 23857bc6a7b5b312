//! stampsim: a discrete-event simulator for IoT fleets that grow by application stamps.
//!
//! A stamp is a replica of hub, routing endpoint and processing, built for a known number of devices. The simulator tells,
//! before anything is deployed, how large a stamp should be, when the next one is due, what a device costs as the fleet
//! grows, what breaks when a stamp, DPS or the gateway's cache fails, and how long a move of devices takes.
//!
//! # The flow
//!
//! ```text
//!  scenario file ─► validated scenario ─► plan: design points × replications
//!                                               │  one independent run each, in parallel
//!                                               ▼
//!              kernel (clock, future event list, random draws) drives the model
//!                                               │  devices · provisioning · stamps · gateway · faults · moves
//!                                               ▼
//!              metrics observed ─► usage priced ─► statistics over replications
//!                                               │
//!                                               ▼
//!                   results ─► tables · charts · report · verdict (CI)
//! ```
//!
//! Data moves down this figure only. Imports point one way too, each room using only rooms named before it:
//!
//! `registry, units → theory → kernel → metrics → model → cost → analysis → scenario → results → experiment → report → cli`
//!
//! The two orders differ in one place, on purpose: a scenario file names policies, thresholds and warm-up rules, so
//! [`scenario`] uses their parameter types and they never use [`scenario`]. A model can therefore be built in a test from
//! plain values, with no file. `tests/it/layers.rs` fails with file and line when a room looks ahead.
//!
//! # Where to begin to read
//!
//! [`experiment::replication`] runs one replication, [`kernel::executive`] is its loop, and [`model::event`] lists
//! everything that can happen in it. `docs/architecture.md` leads through the house, `docs/model.md` says what is
//! simulated and what is left out.
//!
//! # What a run is a function of
//!
//! The scenario, the catalogue, the seed and the version of the program; nothing else. Thread count, load of the machine
//! and order of files do not enter.

pub mod analysis;
pub mod cli;
pub mod cost;
pub mod experiment;
pub mod kernel;
pub mod metrics;
pub mod model;
pub mod registry;
pub mod report;
pub mod results;
pub mod scenario;
pub mod theory;
pub mod units;
