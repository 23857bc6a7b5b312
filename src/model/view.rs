//! What a policy may decide from: read-only numbers, with their age.
//!
//! DPS decides serially and knows its own assignments exactly, because it reserves at the decision; anything else is
//! a snapshot that is refreshed each `view_period`, since real ones are stale too, and herd on it.

use crate::model::ids::StampId;
use crate::units::SimTime;

/// Stamps as an allocation or scaling policy sees them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FleetView {
    /// Devices that DPS has assigned to each stamp, exact.
    pub assigned: Vec<u32>,
    /// Planned capacity of each stamp [devices].
    pub capacity: Vec<u32>,
    /// Allocation weight of each stamp.
    pub weight: Vec<u16>,
    /// What the capacity that one device takes up costs [USD/month]: a stamp's fixed prices over its planned capacity.
    pub device_month: Vec<f64>,
    /// Devices connected to each stamp when the snapshot was taken.
    pub connected: Vec<u32>,
    /// When the snapshot was taken.
    pub taken: SimTime,
}

impl FleetView {
    /// Assigned devices against planned capacity [1].
    pub fn utilisation(&self, stamp: StampId) -> f64 {
        f64::from(self.assigned[stamp.index()]) / f64::from(self.capacity[stamp.index()])
    }

    /// Whether the planned capacity has room for one device more.
    pub fn has_room(&self, stamp: StampId) -> bool {
        self.assigned[stamp.index()] < self.capacity[stamp.index()]
    }
}
