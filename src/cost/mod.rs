//! Usage x price sheet -> bill -> cost per device: a reading after the run, not part of it.
//!
//! Money is exact: a line is rounded once when it is priced, totals are sums of lines, and shared cost is handed out
//! by largest remainder. Nothing here reads a file or knows the model; it is given texts and metered quantities.

pub mod bill;
pub mod per_device;
pub mod price_sheet;

pub use bill::{Advice, Bill, Line, Missing, Reason};
pub use per_device::{attribute, floor_per_device, per_device, per_month};
pub use price_sheet::{Confidence, Match, Per, Price, PriceError, PriceErrorKind, PriceSheet, Tier};
