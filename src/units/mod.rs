//! Quantities, and the text that people write for them.
//!
//! Every type reads and prints its text so that what is printed reads back equal, keeps the place of a mistake in a
//! file (visitors, never untagged shapes) and describes itself to the JSON Schema. Nothing here knows the model.

pub mod calendar;
pub mod moment;
pub mod money;
pub mod rate;
pub mod ratio;
pub mod size;
mod text;
pub mod time;
pub mod wide;

pub use calendar::Horizon;
pub use moment::Moment;
pub use money::Money;
pub use rate::Rate;
pub use ratio::Ratio;
pub use size::Bytes;
pub use text::UnitError;
pub use time::{SimDuration, SimTime};
