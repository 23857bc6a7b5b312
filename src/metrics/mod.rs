//! What is observed while a replication runs: the catalogue of measures, tallies, levels, series and usage.
//!
//! Nothing here knows a device, a hub or a cache; names of measures are all that it shares with the model.

pub mod figure;
pub mod histogram;
pub mod level;
pub mod measure;
pub mod parts;
pub mod recorder;
mod tray;
pub mod usage;

pub use histogram::Histogram;
pub use level::Level;
pub use measure::{Better, Labels, Measure, MeasureKey};
pub use parts::Parts;
pub use recorder::Recorder;
pub use usage::{Component, Quantity, Usage, UsageKey};
