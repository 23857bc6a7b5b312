//! Quantities, and the text that people write for them.

pub mod time;

pub use time::{SimDuration, SimTime};
