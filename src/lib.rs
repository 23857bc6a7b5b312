//! stampsim: a discrete-event simulator for IoT fleets that grow by application stamps.

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
