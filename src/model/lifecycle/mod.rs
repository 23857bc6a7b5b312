//! What an operator does to a fleet over its life: features rolled out in stages, generations retired, changes of hubs.

pub mod change;
pub mod feature;
pub mod retirement;
