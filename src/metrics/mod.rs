//! What is observed while a replication runs: the catalogue of measures, histograms, levels, series and usage.
//!
//! Nothing here knows a device, a hub or a cache; names of measures are all that it shares with the model.

pub mod histogram;
pub mod measure;

pub use histogram::Histogram;
pub use measure::{Better, Labels, Measure, MeasureKey};
