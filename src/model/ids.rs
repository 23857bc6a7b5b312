//! Identities inside a run: distinct types over dense indexes, never bare integers. Names live at the door only.

/// A device, by its dense index over all cohorts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub u32);

/// A registration at DPS. Apart from the device ID: an individual enrollment may name another device.
///
/// The model keeps one registration per device and the same dense index for both; the *names* may differ, and
/// allocation hashes the registration's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistrationId(pub u32);

/// A stamp, by its index; stamps added in the run follow those of the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StampId(pub u16);

/// A DPS instance, by its index in the list of services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId(pub u16);

/// A cohort, by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CohortId(pub u8);

/// A region, by its index in the region table of the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionId(pub u8);

/// A ring, by its index in the scenario's list of rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RingId(pub u8);

impl DeviceId {
    /// The registration that this device makes.
    pub fn registration(self) -> RegistrationId {
        RegistrationId(self.0)
    }

    /// Position in per-device columns.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl StampId {
    /// No stamp, in the compact columns of devices.
    pub const NONE: StampId = StampId(u16::MAX);

    /// Position in per-stamp lists.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The stamp, unless it is [`Self::NONE`].
    pub fn some(self) -> Option<StampId> {
        (self != Self::NONE).then_some(self)
    }
}

impl ServiceId {
    /// No service, in the compact columns of devices.
    pub const NONE: ServiceId = ServiceId(u16::MAX);

    /// Position in the list of services.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The service, unless it is [`Self::NONE`].
    pub fn some(self) -> Option<ServiceId> {
        (self != Self::NONE).then_some(self)
    }
}

impl CohortId {
    /// Position in per-cohort lists.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl RegionId {
    /// Position in the region table.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}
