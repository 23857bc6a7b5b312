//! Closed forms with their sources: pure functions of numbers, no randomness, no model.

pub mod normal;
