//! The twin throttles of a hub: a kind of operation each, with what became of the operations so far.

use crate::model::limit::{Bucket, Shaping};
use crate::model::stamp::edition::Edition;
use crate::units::{Rate, SimTime};

/// A kind of operation on twins; each has a throttle of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// The twin is read.
    Read,
    /// Its reported or desired properties are changed.
    Update,
}

impl Operation {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Read, Self::Update];

    /// Name of its throttle in tables.
    pub fn throttle(self) -> &'static str {
        match self {
            Self::Read => "twin_read",
            Self::Update => "twin_update",
        }
    }

    /// The limit of a hub, where its edition has twins.
    pub fn limit(self, edition: &Edition, units: u32) -> Option<Rate> {
        let throttle = match self {
            Self::Read => edition.twin_reads,
            Self::Update => edition.twin_updates,
        };
        throttle.map(|throttle| throttle.of(units))
    }
}

/// One twin throttle of a hub, and what became of the operations so far.
#[derive(Debug, Clone, PartialEq)]
pub struct TwinThrottle {
    bucket: Bucket,
    limit: Rate,
    /// Operations that reached the hub.
    pub offered: u64,
    /// Operations that its throttle refused.
    pub refused: u64,
    /// Operations that found its daily quota used up.
    pub over_quota: u64,
    /// Operations that the limit would have allowed so far.
    pub room: f64,
}

impl TwinThrottle {
    /// An idle throttle.
    pub fn new(limit: Rate, shaping: Shaping, now: SimTime) -> Self {
        let bucket = Bucket::new(limit, shaping, now);
        Self { bucket, limit, offered: 0, refused: 0, over_quota: 0, room: 0.0 }
    }

    /// The operations of a tick as a flow; gives those that it refuses.
    pub fn offer(&mut self, limit: Rate, (from, until): (SimTime, SimTime), n: u64) -> u64 {
        if limit != self.limit {
            self.bucket.set_limit(limit, from);
            self.limit = limit;
        }
        self.room += limit.per_second() * (until - from).secs();
        let refused = self.bucket.offer_flow(from, until - from, n).refused;
        self.offered += n;
        self.refused += refused;
        refused
    }
}
