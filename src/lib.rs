//! stampsim: a discrete-event simulator for IoT fleets that grow by application stamps.

pub mod registry;
pub mod units;
pub mod theory;
pub mod kernel;
pub mod metrics;
pub mod model;
pub mod cost;
pub mod analysis;
pub mod scenario;
pub mod results;
pub mod experiment;
pub mod report;
pub mod cli;
