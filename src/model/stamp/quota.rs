//! The daily message quota: metered by UTC day. Whether a hub enforces it is the scenario's choice.

use crate::units::{SimDuration, SimTime};

/// Metered messages of the current UTC day, and the fullest day so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Quota {
    limit: u64,
    day_offset: SimDuration,
    day: u64,
    used: u64,
    most: u64,
    /// Fullest day up to the last change of the quota [1].
    before: f64,
    total: u64,
}

impl Quota {
    /// A quota of this many messages a day; `day_offset` is the time of day at the start of the run.
    pub fn new(limit: u64, day_offset: SimDuration) -> Self {
        Self { limit, day_offset, day: 0, used: 0, most: 0, before: 0.0, total: 0 }
    }

    /// The counter begins anew at 00:00 UTC.
    fn turn(&mut self, now: SimTime) {
        let day = (now.0 + self.day_offset.0) / SimDuration::DAY.0;
        if day != self.day {
            (self.day, self.used) = (day, 0);
        }
    }

    /// Meters messages.
    pub fn meter(&mut self, now: SimTime, messages: u64) {
        self.turn(now);
        self.used += messages;
        self.total += messages;
        self.most = self.most.max(self.used);
    }

    /// Another quota from now on; what the day has used stays used.
    pub fn set_limit(&mut self, limit: u64, now: SimTime) {
        self.before = self.most_ratio();
        self.meter(now, 0);
        (self.limit, self.most) = (limit, self.used);
    }

    /// Messages that the day has metered so far.
    pub fn used(&self, now: SimTime) -> u64 {
        let today = (now.0 + self.day_offset.0) / SimDuration::DAY.0 == self.day;
        if today { self.used } else { 0 }
    }

    /// Share of the quota that the day has used so far [1].
    pub fn used_ratio(&self, now: SimTime) -> f64 {
        if self.limit == 0 { 1.0 } else { self.used(now) as f64 / self.limit as f64 }
    }

    /// Messages that the rest of the day may still meter.
    pub fn room(&mut self, now: SimTime) -> u64 {
        self.turn(now);
        self.limit.saturating_sub(self.used)
    }

    /// Fullest day against the quota [1].
    pub fn most_ratio(&self) -> f64 {
        if self.limit == 0 { self.before } else { (self.most as f64 / self.limit as f64).max(self.before) }
    }

    /// Messages metered in all.
    pub fn total(&self) -> u64 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_resets_at_midnight_utc() {
        let mut quota = Quota::new(100, SimDuration::HOUR * 23);
        quota.meter(SimTime::ZERO, 60);
        quota.meter(SimTime::ZERO + SimDuration::HOUR, 50);
        assert_eq!((quota.used, quota.total()), (50, 110));
        assert!((quota.most_ratio() - 0.6).abs() < 1e-12);
    }

    #[test]
    fn a_larger_quota_counts_from_its_moment_on_and_the_day_stays_used() {
        let mut quota = Quota::new(100, SimDuration::ZERO);
        quota.meter(SimTime::ZERO, 90);
        quota.set_limit(400, SimTime::ZERO + SimDuration::HOUR);
        quota.meter(SimTime::ZERO + SimDuration::HOUR, 30);
        assert!((quota.most_ratio() - 0.9).abs() < 1e-12, "120 of 400 is less than 90 of 100 was");
        quota.meter(SimTime::ZERO + SimDuration::HOUR * 2, 260);
        assert!((quota.most_ratio() - 0.95).abs() < 1e-12);
    }

    #[test]
    fn room_is_what_is_left_of_the_day_and_all_of_it_after_midnight() {
        let mut quota = Quota::new(100, SimDuration::HOUR * 23);
        quota.meter(SimTime::ZERO, 70);
        assert_eq!(quota.room(SimTime::ZERO), 30);
        quota.meter(SimTime::ZERO, 70);
        assert_eq!(quota.room(SimTime(SimDuration::HOUR.0 - 1)), 0);
        assert_eq!(quota.room(SimTime(SimDuration::HOUR.0)), 100);
    }
}
