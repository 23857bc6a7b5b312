//! The gateway's cache from device to hub: capacity, time to live, and misses that share a look-up.
//!
//! A column by device, with no map, in pages of devices that were ever called. Every miss knows its cause: never cached (compulsory), evicted (capacity), too
//! old (expired), removed because the hub no longer held the device (moved), lost with the cache's contents (flushed),
//! or the cache did not answer (outage).

use crate::model::column::Column;
use crate::model::gateway::call::NO_CALL;
use crate::model::gateway::eviction::{Evict, EvictionPolicy};
use crate::model::ids::{DeviceId, StampId};
use crate::model::sparse::Sparse;
use crate::units::{SimDuration, SimTime};

/// A cache, validated.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheConfig {
    /// Most entries.
    pub capacity: u32,
    /// Time an entry stays fresh; none for ever.
    pub ttl: Option<SimDuration>,
    /// What leaves a full cache.
    pub eviction: EvictionPolicy,
}

/// Why a look-up found no usable entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Miss {
    /// Never cached.
    Compulsory,
    /// Evicted to make room.
    Capacity,
    /// Older than its time to live.
    Expired,
    /// Removed because the hub no longer held the device.
    Moved,
    /// Lost with the cache's contents.
    Flushed,
    /// The cache did not answer.
    Outage,
}

impl Miss {
    /// All causes, in order.
    pub const ALL: [Miss; 6] =
        [Self::Compulsory, Self::Capacity, Self::Expired, Self::Moved, Self::Flushed, Self::Outage];

    /// Name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Compulsory => "compulsory",
            Self::Capacity => "capacity",
            Self::Expired => "expired",
            Self::Moved => "moved",
            Self::Flushed => "flushed",
            Self::Outage => "outage",
        }
    }
}

/// One entry: the hub, when it was stored, and what became of it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Entry {
    stored: SimTime,
    flush: u32,
    stamp: StampId,
    present: bool,
    gone: Miss,
}

const _: () = assert!(size_of::<Entry>() == 16);

const ABSENT: Entry =
    Entry { stored: SimTime::ZERO, flush: 0, stamp: StampId::NONE, present: false, gone: Miss::Compulsory };

/// A look-up under way for a device, and the calls that wait for it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fetch {
    under_way: bool,
    waiters: u32,
}

const NO_FETCH: Fetch = Fetch { under_way: false, waiters: NO_CALL };

/// A running cache.
pub struct Cache {
    entries: Column<Entry>,
    fetches: Sparse<Fetch>,
    /// Who leaves next; nothing where all devices have room.
    order: Option<Box<dyn Evict>>,
    ttl: Option<SimDuration>,
    capacity: u32,
    held: u32,
    flushes: u32,
}

impl Cache {
    /// An empty cache for this many devices.
    pub fn new(config: &CacheConfig, devices: usize) -> Self {
        Self {
            entries: Column::new(devices, ABSENT),
            fetches: Sparse::new(devices, NO_FETCH),
            order: ((config.capacity as usize) < devices).then(|| config.eviction.entry().start(devices)),
            ttl: config.ttl,
            capacity: config.capacity,
            held: 0,
            flushes: 0,
        }
    }

    /// Memory that a device takes once it was called, of it what a place in the order takes where one is kept [B].
    pub fn bytes_per_device() -> (usize, usize) {
        (size_of::<Entry>(), size_of::<(u32, u32)>())
    }

    /// The hub of a fresh entry, or why there is none.
    pub fn look_up(&mut self, device: DeviceId, now: SimTime) -> Result<StampId, Miss> {
        let entry = self.entries[device.index()];
        if !entry.present {
            return Err(entry.gone);
        }
        if entry.flush != self.flushes {
            // Lost with the contents; its place in the order was cleared with them.
            self.entries[device.index()] = Entry { present: false, gone: Miss::Flushed, ..entry };
            return Err(Miss::Flushed);
        }
        if self.ttl.is_some_and(|ttl| now >= entry.stored + ttl) {
            self.remove(device, Miss::Expired);
            return Err(Miss::Expired);
        }
        self.order.iter_mut().for_each(|order| order.touched(device.0));
        Ok(entry.stamp)
    }

    /// The entry of a device will be looked up soon: a chance to bring it near. Changes nothing.
    #[inline]
    pub fn foresee(&self, device: DeviceId) {
        self.entries.foresee(device.index());
    }

    /// Stores a mapping, evicting another if the cache is full.
    pub fn store(&mut self, device: DeviceId, stamp: StampId, now: SimTime) {
        let flushes = self.flushes;
        let entry = &mut self.entries[device.index()];
        let held = entry.present && entry.flush == flushes;
        (entry.stored, entry.stamp, entry.present, entry.flush) = (now, stamp, true, flushes);
        if held {
            self.order.iter_mut().for_each(|order| order.touched(device.0));
            return;
        }
        if self.held >= self.capacity {
            let victim = self.order.as_mut().and_then(|order| order.victim());
            let victim = &mut self.entries[victim.expect("a full cache has something to evict") as usize];
            (victim.present, victim.gone) = (false, Miss::Capacity);
            self.held -= 1;
        }
        self.order.iter_mut().for_each(|order| order.inserted(device.0));
        self.held += 1;
    }

    /// Removes a mapping for this cause, if it is present.
    pub fn remove(&mut self, device: DeviceId, cause: Miss) {
        let entry = self.entries[device.index()];
        if entry.present && entry.flush == self.flushes {
            self.entries[device.index()] = Entry { present: false, gone: cause, ..entry };
            self.order.iter_mut().for_each(|order| order.removed(device.0));
            self.held -= 1;
        }
    }

    /// Loses all contents.
    pub fn flush(&mut self) {
        self.flushes += 1;
        self.held = 0;
        self.order.iter_mut().for_each(|order| order.cleared());
    }

    /// Joins a look-up that is under way, as a waiter; false when none is.
    pub fn join(&mut self, device: DeviceId, call: u32) -> Option<u32> {
        let under_way = self.fetches[device.index()].under_way;
        under_way.then(|| std::mem::replace(&mut self.fetches[device.index()].waiters, call))
    }

    /// Begins a look-up that others may join.
    pub fn begin_fetch(&mut self, device: DeviceId) {
        self.fetches[device.index()].under_way = true;
    }

    /// Ends the look-up; gives the first waiter, or [`NO_CALL`].
    pub fn end_fetch(&mut self, device: DeviceId) -> u32 {
        self.fetches.end(device.index()).waiters
    }

    /// When the entry of a device was stored, if there is one.
    pub fn stored(&self, device: DeviceId) -> Option<SimTime> {
        let entry = &self.entries[device.index()];
        (entry.present && entry.flush == self.flushes).then_some(entry.stored)
    }

    /// Entries held.
    pub fn held(&self) -> u32 {
        self.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::gateway::eviction::Lru;

    fn cache(capacity: u32, ttl: Option<u64>) -> Cache {
        let eviction = EvictionPolicy::Lru(Lru {});
        Cache::new(&CacheConfig { capacity, ttl: ttl.map(SimDuration), eviction }, 10)
    }

    const D: [DeviceId; 4] = [DeviceId(0), DeviceId(1), DeviceId(2), DeviceId(3)];

    #[test]
    fn each_miss_names_its_cause() {
        let mut cache = cache(2, Some(100));
        assert_eq!(cache.look_up(D[0], SimTime(0)), Err(Miss::Compulsory));
        cache.store(D[0], StampId(1), SimTime(0));
        assert_eq!(cache.look_up(D[0], SimTime(99)), Ok(StampId(1)));
        assert_eq!(cache.look_up(D[0], SimTime(100)), Err(Miss::Expired));
        cache.store(D[0], StampId(1), SimTime(100));
        cache.store(D[1], StampId(1), SimTime(100));
        assert!(cache.look_up(D[0], SimTime(101)).is_ok(), "D0 is now the most recent");
        cache.store(D[2], StampId(1), SimTime(102));
        assert_eq!(cache.look_up(D[1], SimTime(103)), Err(Miss::Capacity));
        cache.remove(D[2], Miss::Moved);
        assert_eq!(cache.look_up(D[2], SimTime(103)), Err(Miss::Moved));
        cache.flush();
        assert_eq!(cache.look_up(D[0], SimTime(103)), Err(Miss::Flushed));
        assert_eq!(cache.held(), 0);
        cache.store(D[3], StampId(1), SimTime(104));
        assert_eq!((cache.held(), cache.look_up(D[3], SimTime(105))), (1, Ok(StampId(1))));
    }

    #[test]
    fn waiters_join_the_look_up_under_way() {
        let mut cache = cache(2, None);
        assert_eq!(cache.join(D[0], 7), None);
        cache.begin_fetch(D[0]);
        assert_eq!(cache.join(D[0], 8), Some(NO_CALL));
        assert_eq!(cache.join(D[0], 9), Some(8));
        assert_eq!((cache.end_fetch(D[0]), cache.end_fetch(D[0])), (9, NO_CALL));
    }
}
