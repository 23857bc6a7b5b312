//! What a cohort asks of the twins of its devices.

use crate::units::Bytes;

/// Operations on the twins of a cohort's devices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Twins {
    /// Reads of one twin [1/s].
    pub reads: f64,
    /// Updates of one twin [1/s].
    pub updates: f64,
    /// What one operation carries.
    pub size: Bytes,
}
