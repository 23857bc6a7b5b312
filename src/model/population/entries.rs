//! Devices of a cohort without a fresh entry in a cache that has room for all of them, followed as a fluid between windows.
//!
//! At a Poisson rate of calls the devices without one fetch theirs as an exponential decay, and each loses it a life later. So
//! a cache that begins cold, or lost its contents, is cold for as long as it is in a whole run; in the long run a share
//! 1 / (1 + L T) of the calls fetches.

use std::collections::VecDeque;

use crate::units::{SimDuration, SimTime};

/// Devices without a fresh entry, and when others lose theirs.
#[derive(Debug, Clone, Default)]
pub struct Entries {
    members: f64,
    without: f64,
    at: SimTime,
    /// Times at which so many devices lose their entry, in order.
    ends: VecDeque<(SimTime, f64)>,
}

impl Entries {
    /// The cache is empty from now on.
    pub fn lose_all(&mut self, now: SimTime) {
        (self.without, self.at) = (self.members, now);
        self.ends.clear();
    }

    /// Fetches up to a time, at a rate of calls of each device [1/s], where an entry lives so long, or for ever.
    ///
    /// Devices that came meanwhile have no entry; those that left had one as often as the others.
    pub fn fetched_until(&mut self, until: SimTime, members: u32, rate: f64, life: Option<SimDuration>) -> f64 {
        self.resize(f64::from(members));
        let length = until.saturating_since(self.at);
        self.at = until;
        if let Some(life) = life.filter(|life| *life <= length) {
            // Shorter than the stretch: what it was before is forgotten within it.
            let load = rate * life.secs();
            self.without = self.members / (1.0 + load);
            self.ends.clear();
            self.ends.push_back((until + life / 2, self.members - self.without));
            return self.without * rate * length.secs();
        }
        let fetches = |n: f64, length: SimDuration| n * (1.0 - libm::exp(-rate * length.secs()));
        let mut fetched = fetches(self.without, length);
        self.without -= fetched;
        // Who loses an entry on the way has the rest of it to fetch another one.
        while let Some((end, n)) = self.ends.pop_front_if(|(end, _)| *end <= until) {
            let again = fetches(n, (until - end).min(length));
            fetched += again;
            self.without += n - again;
        }
        if let Some(life) = life {
            // Fetched in the middle of the stretch, on average.
            self.ends.push_back((until + (life - length / 2), fetched));
        }
        fetched
    }

    fn resize(&mut self, members: f64) {
        if members >= self.members {
            self.without += members - self.members;
        } else if self.members > 0.0 {
            let kept = members / self.members;
            self.without *= kept;
            self.ends.iter_mut().for_each(|(_, n)| *n *= kept);
        }
        self.members = members;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: SimDuration = SimDuration::HOUR;

    fn fetched(entries: &mut Entries, hours: std::ops::Range<u64>, rate: f64, life: Option<SimDuration>) -> f64 {
        hours.map(|hour| entries.fetched_until(SimTime::ZERO + HOUR * (hour + 1), 1_000, rate, life)).sum()
    }

    #[test]
    fn a_cold_cache_fetches_each_device_once_and_then_as_often_as_the_closed_form_says() {
        let rate = 2.0 / 86_400.0;
        let mut for_ever = Entries::default();
        assert!((fetched(&mut for_ever, 0..24, rate, None) - 1_000.0 * (1.0 - libm::exp(-2.0))).abs() < 1e-9);
        let life = HOUR * 240;
        let mut entries = Entries::default();
        let first = fetched(&mut entries, 0..240, rate, Some(life));
        assert!((first - 1_000.0).abs() < 1.0, "before the first entry ends each device fetches once: {first}");
        fetched(&mut entries, 240..24_000, rate, Some(life));
        let (day, expected) = (fetched(&mut entries, 24_000..48_000, rate, Some(life)), 1_000.0 * 2_000.0 / 21.0);
        assert!((day / expected - 1.0).abs() < 0.01, "{day} for {expected}");
    }

    #[test]
    fn lives_below_a_stretch_are_in_the_long_run_at_once() {
        let (rate, life) = (1.0 / 600.0, SimDuration::from_secs(1_200));
        let found = fetched(&mut Entries::default(), 0..10, rate, Some(life));
        assert!((found - 1_000.0 * 60.0 / 3.0).abs() < 1e-6, "{found}");
    }

    #[test]
    fn who_comes_has_no_entry_and_who_leaves_takes_a_share_of_both() {
        let mut entries = Entries::default();
        entries.fetched_until(SimTime::ZERO + HOUR, 100, 1.0, None);
        assert!((entries.fetched_until(SimTime::ZERO + HOUR * 2, 150, 1.0, None) - 50.0).abs() < 1e-9);
        assert!(entries.fetched_until(SimTime::ZERO + HOUR * 3, 20, 1.0, None) < 1e-9);
        entries.lose_all(SimTime::ZERO + HOUR * 3);
        assert!((entries.fetched_until(SimTime::ZERO + HOUR * 4, 20, 1.0, None) - 20.0).abs() < 1e-9);
    }
}
