//! Retirement: the devices of a generation leave the fleet, and with the last of them the stamps that serve nobody else.

use crate::kernel::draws::Stream;
use crate::kernel::law::DurationLaw;
use crate::model::ids::DeviceId;
use crate::units::{SimDuration, SimTime};

/// How the devices leave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Leaving {
    /// Evenly spread over this time, the last one at its end.
    Evenly(SimDuration),
    /// Each after a time of its own, drawn by this law.
    ByLaw(DurationLaw),
}

impl Leaving {
    /// When the device number `i` of `n` leaves after the start; the draws are the device's own.
    pub fn after(&self, i: u64, n: u64, draws: &mut Stream) -> SimDuration {
        match self {
            Self::Evenly(over) => SimDuration((u128::from(over.0) * u128::from(i + 1) / u128::from(n.max(1))) as u64),
            Self::ByLaw(law) => law.sample(draws),
        }
    }
}

/// One retirement, validated.
#[derive(Debug, Clone, PartialEq)]
pub struct RetirementConfig {
    /// Name in tables and charts.
    pub name: String,
    /// Hash of the name; keys the draws.
    pub key: u64,
    /// Generation whose devices leave.
    pub generation: u16,
    /// Start.
    pub at: SimTime,
    /// How they leave.
    pub leaving: Leaving,
}

/// A retirement in a run.
#[derive(Debug, Clone, Default)]
pub struct RetirementRun {
    /// Devices in order of leaving, each with its time.
    pub devices: Vec<(SimTime, DeviceId)>,
    /// Next to leave.
    pub next: usize,
    /// Whether it has begun.
    pub begun: bool,
    /// When the last device left.
    pub ended: Option<SimTime>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::draws::{Draws, Purpose};

    #[test]
    fn devices_leave_evenly_and_the_last_at_the_end() {
        let mut draws = Draws::new(1, 0).stream(1, Purpose::Phase, 0);
        let even = Leaving::Evenly(SimDuration(100));
        assert_eq!([0, 1, 3].map(|i| even.after(i, 4, &mut draws).0), [25, 50, 100]);
    }
}
