//! A stamp: hub, routing endpoint and processing, built for a known number of devices.

pub mod edition;
pub mod endpoint;
pub mod hub;
pub mod passage;
pub mod path;
pub mod pipeline;
pub mod quota;
pub mod scaling;
pub mod servers;
pub mod twins;
