//! Run folders on disk: written aside and renamed when whole, read back for comparison.
//!
//! Every file carries the version of its format. Nothing here simulates, judges or draws; pictures and pages come in
//! as bytes. May use the rooms up to `scenario`.

pub mod baseline;
pub mod digest;
pub mod error;
pub mod folder;
pub mod golden;
pub mod manifest;
pub mod order;
pub mod read;
#[cfg(test)]
mod sample;
mod tables;

pub use baseline::{is_baseline, read_baseline, write_baseline};
/// The JSON Schema (draft-07) of `summary.json`. A committed copy is `docs/summary.schema.json`.
pub fn summary_schema() -> serde_json::Value {
    crate::scenario::schema::draft_07::<tables::Summary<'static>>()
}

pub use digest::digest;
pub use error::ResultsError;
pub use folder::{RunRecord, prepare, write};
pub use manifest::{FORMAT, Manifest, RunFacts};
pub use order::{EVENTS_MAX, EventLog, Orders};
pub use read::{Figure, StoredRun, locate, newest, read};
pub use tables::Floors;
