//! The devices: cohorts and their growth, the connection state machine, and the traffic they make.

pub mod cohort;
pub mod device;
pub mod entries;
pub mod flow_rule;
pub mod growth;
pub mod herd;
pub mod jitter;
pub mod traffic;
pub mod twins;
