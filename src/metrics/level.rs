//! Statistics of levels that persist, such as connected devices: integer integrals over time.

use crate::units::SimTime;

/// A level, its integral, and its extremes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    value: u64,
    since: SimTime,
    integral: u128,
    least: u64,
    most: u64,
    /// Extremes since the last cut.
    part: (u64, u64),
}

impl Level {
    /// A level that begins at this value.
    pub fn new(value: u64, now: SimTime) -> Self {
        Self { value, since: now, integral: 0, least: u64::MAX, most: 0, part: (u64::MAX, 0) }
    }

    /// Sets the level.
    #[inline]
    pub fn set(&mut self, value: u64, now: SimTime) {
        self.settle(now);
        self.value = value;
    }

    /// Adds to the level.
    #[inline]
    pub fn add(&mut self, n: u64, now: SimTime) {
        self.set(self.value + n, now);
    }

    /// Takes from the level.
    #[inline]
    pub fn take(&mut self, n: u64, now: SimTime) {
        assert!(self.value >= n, "a level never falls below zero");
        self.set(self.value - n, now);
    }

    #[inline]
    fn settle(&mut self, now: SimTime) {
        // A value that was held for no time is none: a level that is filled at the start never was empty.
        if now > self.since {
            self.integral += u128::from(self.value) * u128::from(now.0 - self.since.0);
            self.least = self.least.min(self.value);
            self.most = self.most.max(self.value);
            self.part = (self.part.0.min(self.value), self.part.1.max(self.value));
            self.since = now;
        }
    }

    /// The level was so much higher for a while, and nothing else of it is known: value x us, in its integral alone.
    pub fn hold_more(&mut self, much: u128) {
        self.integral += much;
    }

    /// The same where it was lower.
    pub fn hold_less(&mut self, much: u128) {
        self.integral = self.integral.saturating_sub(much);
    }

    /// Current value.
    pub fn value(&self) -> u64 {
        self.value
    }

    /// Integral of the level over time up to now [value x us].
    pub fn integral(&mut self, now: SimTime) -> u128 {
        self.settle(now);
        self.integral
    }

    /// Smallest value that was held before now.
    pub fn least(&self) -> u64 {
        if self.least == u64::MAX { self.value } else { self.least }
    }

    /// Smallest and largest value held since the last cut, before the last look at the integral; then cuts.
    pub(super) fn cut(&mut self) -> (u64, u64) {
        let (least, most) = std::mem::replace(&mut self.part, (u64::MAX, 0));
        if least == u64::MAX { (self.value, self.value) } else { (least, most) }
    }

    /// Largest value that was held before now.
    pub fn most(&self) -> u64 {
        self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrates_over_time() {
        let mut level = Level::new(2, SimTime(0));
        level.add(3, SimTime(10));
        level.take(4, SimTime(30));
        assert_eq!((level.integral(SimTime(40)), level.least(), level.most()), (20 + 100 + 10, 1, 5));
    }
}
