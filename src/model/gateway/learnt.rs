//! An application that does not follow its devices: it calls the hub that it learnt when a device was first assigned, or when it
//! last learnt all hubs anew.

use crate::model::column::Column;
use crate::model::ids::{DeviceId, StampId};
use crate::units::{SimDuration, SimTime};

/// How an application that does not follow its devices learns where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LearntConfig {
    /// Time between two times that it learns all hubs anew; none for never.
    pub refresh: Option<SimDuration>,
}

/// No round has been noted for a device.
const NO_ROUND: u32 = u32::MAX;

/// What the application knows of each device. A device is noted only when it is asked for or about to change, so that learning
/// all anew takes no work.
#[derive(Debug, Clone)]
pub struct Learnt {
    config: LearntConfig,
    stamps: Column<StampId>,
    rounds: Column<u32>,
}

impl Learnt {
    /// An application that knows no device yet.
    pub fn new(config: LearntConfig, devices: usize) -> Self {
        Self { config, stamps: Column::new(devices, StampId::NONE), rounds: Column::new(devices, NO_ROUND) }
    }

    fn round(&self, now: SimTime) -> u32 {
        let round = self.config.refresh.map_or(0, |refresh| now.0 / refresh.0.max(1));
        u32::try_from(round).unwrap_or(NO_ROUND - 1)
    }

    fn note(&mut self, device: DeviceId, assigned: Option<StampId>, now: SimTime) {
        let (i, round) = (device.index(), self.round(now));
        // A device that is on no hub yet is learnt when it comes.
        if let Some(stamp) = assigned.filter(|_| self.rounds[i] != round) {
            (self.stamps[i], self.rounds[i]) = (stamp, round);
        }
    }

    /// The hub that the application calls; `assigned` is where the device is.
    pub fn look_up(&mut self, device: DeviceId, assigned: Option<StampId>, now: SimTime) -> Option<StampId> {
        self.note(device, assigned, now);
        self.stamps[device.index()].some()
    }

    /// A device is about to be assigned elsewhere; `assigned` is where it was.
    pub fn before_change(&mut self, device: DeviceId, assigned: Option<StampId>, now: SimTime) {
        self.note(device, assigned, now);
    }

    /// The device has left the fleet.
    pub fn forget(&mut self, device: DeviceId) {
        self.stamps.set(device.index(), StampId::NONE);
        self.rounds.set(device.index(), NO_ROUND);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: DeviceId = DeviceId(0);

    fn at(seconds: u64) -> SimTime {
        SimTime(seconds * 1_000_000)
    }

    #[test]
    fn a_move_is_not_seen_until_all_is_learnt_anew() {
        let refresh = Some(SimDuration::from_secs(100));
        let mut learnt = Learnt::new(LearntConfig { refresh }, 1);
        let (old, new) = (Some(StampId(0)), Some(StampId(1)));
        assert_eq!(learnt.look_up(DEVICE, None, at(5)), None, "not assigned yet");
        learnt.before_change(DEVICE, None, at(10));
        assert_eq!(learnt.look_up(DEVICE, old, at(20)), old, "learnt when it was first assigned");
        learnt.before_change(DEVICE, old, at(30));
        assert_eq!(learnt.look_up(DEVICE, new, at(99)), old);
        assert_eq!(learnt.look_up(DEVICE, new, at(100)), new);
        learnt.before_change(DEVICE, new, at(250));
        assert_eq!(
            learnt.look_up(DEVICE, old, at(260)),
            new,
            "what held when the round began, though nobody called then"
        );
    }

    #[test]
    fn without_a_refresh_the_first_hub_stays() {
        let mut learnt = Learnt::new(LearntConfig { refresh: None }, 1);
        learnt.before_change(DEVICE, Some(StampId(3)), at(1));
        assert_eq!(learnt.look_up(DEVICE, Some(StampId(4)), at(1_000_000)), Some(StampId(3)));
        learnt.forget(DEVICE);
        assert_eq!(learnt.look_up(DEVICE, None, at(1_000_001)), None);
    }
}
