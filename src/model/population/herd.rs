//! Herds: devices that will try the same hub again at the same instant, kept together.
//!
//! Waits without jitter bring refused devices back in lockstep. A herd is all devices of a cohort that wait for one
//! instant at one hub and have failed equally often: what happens to those who are refused again is the same for all.

use std::collections::BTreeMap;

use crate::model::ids::{CohortId, DeviceId, StampId};
use crate::units::SimTime;

/// What the devices of a herd share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HerdKey {
    /// When their attempts reach the hub.
    pub due: SimTime,
    /// The hub.
    pub stamp: StampId,
    /// Their cohort, and with it every rule that they follow.
    pub cohort: CohortId,
    /// Attempts that they made in this episode.
    pub attempts: u16,
    /// Round trip to the hub [us].
    pub trip: u32,
}

/// A herd.
#[derive(Debug, Clone)]
pub struct Herd {
    /// What its devices share.
    pub key: HerdKey,
    /// Its devices, and some that left it meanwhile.
    pub devices: Vec<DeviceId>,
    /// Up to when no device of it gives up on its hub.
    pub patient_until: SimTime,
}

/// All herds, by the number that their events carry.
#[derive(Debug, Clone, Default)]
pub struct Herds {
    slots: Vec<Option<Herd>>,
    free: Vec<u32>,
    waiting: BTreeMap<HerdKey, u32>,
    /// The herd that was joined last.
    last: Option<(HerdKey, u32)>,
    /// Memory of herds that are over.
    spare: Vec<Vec<DeviceId>>,
}

impl Herds {
    /// A device joins the herd of its kind. A new herd gives its number, to be called when it is due.
    pub fn join(&mut self, key: HerdKey, device: DeviceId, patient_until: SimTime) -> Option<u32> {
        if let Some(slot) = self.find(&key) {
            let herd = self.slots[slot as usize].as_mut().expect("a herd that waits has its place");
            herd.devices.push(device);
            herd.patient_until = herd.patient_until.min(patient_until);
            return None;
        }
        let mut devices = self.spare.pop().unwrap_or_default();
        devices.push(device);
        Some(self.keep(Herd { key, devices, patient_until }))
    }

    /// A whole herd waits on, perhaps with others that came to wait for the same. A new herd gives its number.
    pub fn wait(&mut self, mut herd: Herd) -> Option<u32> {
        let Some(slot) = self.find(&herd.key) else { return Some(self.keep(herd)) };
        let other = self.slots[slot as usize].as_mut().expect("a herd that waits has its place");
        other.devices.append(&mut herd.devices);
        other.patient_until = other.patient_until.min(herd.patient_until);
        self.spare.push(herd.devices);
        None
    }

    /// A herd is due: nobody joins it any more.
    pub fn take(&mut self, slot: u32) -> Herd {
        let herd = self.slots[slot as usize].take().expect("a herd is called once");
        self.free.push(slot);
        if self.waiting.get(&herd.key) == Some(&slot) {
            self.waiting.remove(&herd.key);
            self.last = None;
        }
        herd
    }

    /// Keeps a herd that is due until the end of its instant.
    pub fn keep_due(&mut self, herd: Herd) -> u32 {
        self.place(herd)
    }

    /// A herd is over; its memory is used again.
    pub fn over(&mut self, herd: Herd) {
        let mut devices = herd.devices;
        devices.clear();
        self.spare.push(devices);
    }

    fn find(&mut self, key: &HerdKey) -> Option<u32> {
        match self.last {
            Some((last, slot)) if last == *key => return Some(slot),
            _ => {}
        }
        let slot = self.waiting.get(key).copied();
        if let Some(slot) = slot {
            self.last = Some((*key, slot));
        }
        slot
    }

    fn keep(&mut self, herd: Herd) -> u32 {
        let key = herd.key;
        let slot = self.place(herd);
        self.waiting.insert(key, slot);
        self.last = Some((key, slot));
        slot
    }

    fn place(&mut self, herd: Herd) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() as u32 - 1
        });
        self.slots[slot as usize] = Some(herd);
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(due: u64, attempts: u16) -> HerdKey {
        HerdKey { due: SimTime(due), stamp: StampId(0), cohort: CohortId(0), attempts, trip: 0 }
    }

    #[test]
    fn equals_wait_together_and_are_called_once() {
        let mut herds = Herds::default();
        let first = herds.join(key(5, 1), DeviceId(3), SimTime(90)).expect("a new herd");
        let other = herds.join(key(5, 2), DeviceId(4), SimTime(90)).expect("another stage is another herd");
        assert_eq!(herds.join(key(5, 1), DeviceId(7), SimTime(60)), None);
        let herd = herds.take(first);
        assert_eq!((herd.devices, herd.patient_until), (vec![DeviceId(3), DeviceId(7)], SimTime(60)));
        let again = herds.join(key(5, 1), DeviceId(9), SimTime(90)).expect("who comes later waits anew");
        assert_eq!(herds.take(again).devices, [DeviceId(9)]);
        assert_eq!(herds.take(other).devices, [DeviceId(4)]);
    }

    #[test]
    fn a_herd_that_waits_on_meets_those_who_came_before_it() {
        let mut herds = Herds::default();
        let slot = herds.join(key(5, 1), DeviceId(3), SimTime(90)).expect("a new herd");
        let herd = herds.take(slot);
        let kept = herds.keep_due(herd);
        let next = herds.join(key(9, 2), DeviceId(8), SimTime(70)).expect("a new herd");
        let mut herd = herds.take(kept);
        herd.key = key(9, 2);
        assert_eq!(herds.wait(herd), None);
        let herd = herds.take(next);
        assert_eq!((herd.devices, herd.patient_until), (vec![DeviceId(8), DeviceId(3)], SimTime(70)));
    }
}
