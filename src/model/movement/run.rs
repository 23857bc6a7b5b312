//! A move under way: its devices, and what they came to.

use std::collections::{BTreeMap, VecDeque};

use crate::model::ids::{DeviceId, RingId, StampId};
use crate::model::movement::guard::Pauses;
use crate::units::{SimDuration, SimTime};

/// Limits that the devices of a move pass, each with a count by place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Passed {
    /// The registry of the hub that they come to.
    Registry,
    /// New connections of that hub.
    Connect,
    /// Registrations at DPS.
    Registration,
}

impl Passed {
    /// All of them, in order.
    pub const ALL: [Passed; 3] = [Self::Registry, Self::Connect, Self::Registration];
}

/// Operations by limit and place (a stamp or a DPS instance).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Work([Vec<u64>; Passed::ALL.len()]);

impl Work {
    /// Counts an operation.
    pub fn add(&mut self, limit: Passed, place: usize) {
        let places = &mut self.0[limit as usize];
        if places.len() <= place {
            places.resize(place + 1, 0);
        }
        places[place] += 1;
    }

    /// Operations on a limit at a place.
    pub fn at(&self, limit: Passed, place: usize) -> u64 {
        self.0[limit as usize].get(place).copied().unwrap_or(0)
    }

    /// Operations on a limit at all places.
    pub fn sum(&self, limit: Passed) -> u64 {
        self.0[limit as usize].iter().sum()
    }
}

/// Use of limits in the minute under way, and in the fullest one so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Peaks([Vec<Minute>; Passed::ALL.len()]);

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Minute {
    number: u64,
    count: u64,
    /// Largest limit in it [operations/s].
    rate: f64,
    /// Largest share of its limit that any minute before it used [1].
    most: f64,
}

impl Minute {
    /// Largest share so far, that of the minute under way included.
    fn most(&self) -> f64 {
        let room = self.rate * SimDuration::MINUTE.secs();
        if room > 0.0 { self.most.max(self.count as f64 / room) } else { self.most }
    }
}

impl Peaks {
    /// Counts an operation, while the limit is this [operations/s].
    pub fn add(&mut self, limit: Passed, place: usize, now: SimTime, rate: f64) {
        let places = &mut self.0[limit as usize];
        if places.len() <= place {
            places.resize(place + 1, Minute::default());
        }
        let (minute, number) = (&mut places[place], now.0 / SimDuration::MINUTE.0);
        if minute.number != number {
            *minute = Minute { number, count: 0, rate: 0.0, most: minute.most() };
        }
        minute.count += 1;
        minute.rate = minute.rate.max(rate);
    }

    /// Share of its limit that was used in the fullest minute, by the limit of that minute [1]; 0 where nothing passed.
    pub fn most(&self, limit: Passed, place: usize) -> f64 {
        self.0[limit as usize].get(place).map_or(0.0, Minute::most)
    }
}

/// Where a device was before its move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Home {
    /// The device.
    pub device: DeviceId,
    /// Its stamp.
    pub stamp: StampId,
    /// Its ring.
    pub ring: RingId,
}

/// What an operator who paces by throttles saw at the last look.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Look {
    /// When; none before the first.
    pub at: Option<SimTime>,
    /// All operations at each throttle so far, and those of the move.
    pub counts: Vec<(u64, u64)>,
    /// What others used of each throttle [operations/s].
    pub others: Vec<f64>,
}

/// A move under way.
#[derive(Debug, Clone, Default)]
pub struct MoveRun {
    /// Devices, in order of eviction.
    pub devices: Vec<DeviceId>,
    /// Devices that were selected; those that come last again are not counted twice.
    pub planned: u32,
    /// Next to evict.
    pub next: u32,
    /// Devices that were evicted and are connected again.
    pub arrived: u32,
    /// Devices that were evicted.
    pub evicted: u32,
    /// Devices that a later move evicted before they had arrived.
    pub taken_over: u32,
    /// Devices that came to where the move had chosen ahead; in a roll back, those that are at home again.
    pub at_home: u32,
    /// Last connection of a moved device.
    pub last: SimTime,
    /// Whether it has begun.
    pub begun: bool,
    /// When its last device was connected, or taken over by a later move.
    pub ended: Option<SimTime>,
    /// Tally of the downtime of its devices, among those of all moves.
    pub tally: usize,
    /// Stamps that were chosen for its devices ahead.
    pub goes: BTreeMap<DeviceId, StampId>,
    /// Rings that its devices get back, in a roll back.
    pub rings: BTreeMap<DeviceId, RingId>,
    /// Where the evicted devices were; kept where they may have to go back.
    pub homes: Vec<Home>,
    /// What the enrollments of its devices say, each a ring and a pin; kept where a remedy may bring the devices back.
    pub enrolled: BTreeMap<DeviceId, (RingId, Option<StampId>)>,
    /// By how much evictions are later than the pace says.
    pub shift: SimDuration,
    /// The latest eviction.
    pub evicted_at: Option<SimTime>,
    /// Its number in the order, for the floor.
    pub evicted_last: u32,
    /// What its devices needed of the limits on their way.
    pub work: Work,
    /// Evictions by stamp that the devices left.
    pub left: BTreeMap<StampId, u64>,
    /// Use of the limits on the way, by everyone, while the move was under way.
    pub peaks: Peaks,
    /// Largest rates of the registry and of new connections of each stamp while it was watched [operations/s].
    pub rates: Vec<[f64; 2]>,
    /// Whether use is counted now.
    pub is_watched: bool,
    /// What a pacing by throttles saw.
    pub look: Look,
    /// Calls to its devices that failed while they were under way.
    pub calls_failed: u64,
    /// Pauses by its guard.
    pub pauses: Pauses,
    /// Pauses that are over: start and end of each.
    pub paused: Vec<(SimTime, SimTime)>,
    /// When an eviction fell due in a pause.
    pub stalled: Option<SimTime>,
    /// Calls that had ended and calls delivered, at the latest looks of its guard.
    pub calls: VecDeque<(SimTime, u64, u64)>,
    /// When its guard gave it up.
    pub aborted: Option<SimTime>,
    /// The move that brings its devices back.
    pub back: Option<usize>,
    /// How users were sent before they followed, once they did: the order of their endpoints, and whether by weight.
    pub followed: Option<(Vec<u8>, bool)>,
}

impl MoveRun {
    /// Whether every device of the move was evicted and is connected again.
    pub fn is_over(&self) -> bool {
        self.evicted > 0 && self.arrived == self.evicted && self.next as usize == self.devices.len()
    }

    /// From its start to the last device that came; none while it is under way, or where none of its devices came.
    pub fn length(&self, start: SimTime) -> Option<SimDuration> {
        (self.is_over() && self.arrived > self.taken_over).then(|| self.last - start)
    }

    /// A pause ends, if there is one.
    pub fn end_pause(&mut self, now: SimTime) {
        self.pauses.over = self.pauses.length(now);
        if let Some(since) = self.pauses.since.take() {
            self.paused.push((since, now));
        }
    }

    /// The rest of the devices stays where it is.
    pub fn give_up(&mut self, now: SimTime) {
        self.end_pause(now);
        self.aborted = Some(now);
        self.devices.truncate(self.next as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fullest_minute_of_each_place_is_kept() {
        let mut peaks = Peaks::default();
        let at = |second: u64| SimTime(second * 1_000_000);
        [0, 59, 60, 61, 62, 200].into_iter().for_each(|second| peaks.add(Passed::Connect, 2, at(second), 0.5));
        let most = |peaks: &Peaks, limit, place| (peaks.most(limit, place) * 1e3).round() as u32;
        assert_eq!([2, 0].map(|place| most(&peaks, Passed::Connect, place)), [100, 0]);
        // A larger limit later makes no emptier minute of an earlier one; within a minute the largest counts.
        [300, 301].into_iter().for_each(|second| peaks.add(Passed::Connect, 2, at(second), 5.0));
        assert_eq!(most(&peaks, Passed::Connect, 2), 100);
        [360, 361].into_iter().for_each(|second| peaks.add(Passed::Connect, 2, at(second), 0.125));
        assert_eq!((most(&peaks, Passed::Connect, 2), most(&peaks, Passed::Registry, 2)), (267, 0));
    }

    #[test]
    fn a_move_whose_devices_all_left_or_were_taken_over_has_no_length() {
        let mut run =
            MoveRun { devices: (0..2).map(DeviceId).collect(), next: 2, last: SimTime(7), ..MoveRun::default() };
        (run.evicted, run.arrived, run.taken_over) = (2, 2, 2);
        assert!(run.is_over());
        assert_eq!(run.length(SimTime(3)), None);
        run.taken_over = 1;
        assert_eq!(run.length(SimTime(3)), Some(SimDuration(4)));
    }

    #[test]
    fn a_move_that_is_given_up_keeps_what_was_evicted() {
        let mut run = MoveRun { devices: (0..9).map(DeviceId).collect(), next: 4, ..MoveRun::default() };
        (run.evicted, run.arrived) = (4, 4);
        run.pauses = Pauses { count: 1, since: Some(SimTime(10)), over: SimDuration(5) };
        assert!(!run.is_over());
        run.give_up(SimTime(17));
        assert!(run.is_over());
        assert_eq!((run.pauses.length(SimTime(99)), run.aborted), (SimDuration(12), Some(SimTime(17))));
    }
}
