//! The arrivals of several classes in one piece of time, merged in order of time without a pending event for any of them.
//!
//! The superposition of independent sources is a source again. So the count of each class is drawn for the piece, then its
//! times, and all are put in order by one pass over as many slots as there are arrivals. A Poisson class has, given its
//! count, independent times with a density in proportion to its rate; where the rate changes within the piece, a time is
//! proposed evenly and taken with the share that the rate there has of the highest (thinning, with bounds that decide nearly
//! always without a look at the profile).

use super::arrivals::RateProfile;
use super::draws::Stream;
use crate::units::{SimDuration, SimTime};

/// Bits of a key that hold the class.
const CLASS_BITS: u32 = 8;

/// Arrivals of one piece of time.
#[derive(Debug, Clone, Default)]
pub struct Superposition {
    /// Time since the start of the piece [us], and the class in the lower bits.
    keys: Vec<u64>,
    /// The same, being put in order.
    ordered: Vec<u64>,
    /// Where each slot goes on.
    places: Vec<u32>,
    start: SimTime,
    length: SimDuration,
}

impl Superposition {
    /// Forgets all arrivals, for a new piece of time. Pieces are shorter than 2,000 years.
    pub fn begin(&mut self, start: SimTime, length: SimDuration) {
        self.keys.clear();
        (self.start, self.length) = (start, length);
    }

    /// Arrivals so far.
    pub fn count(&self) -> u64 {
        self.keys.len() as u64
    }

    /// Adds `n` arrivals of a class, each evenly in `[from, from + length)`, which lies in the piece.
    pub fn add_evenly(&mut self, class: u8, n: u64, (from, length): (SimTime, SimDuration), times: &mut Stream) {
        let (base, length) = ((from - self.start).0, length.0.max(1));
        self.keys.extend((0..n).map(|_| (base + times.below(length)) << CLASS_BITS | u64::from(class)));
    }

    /// Adds `n` arrivals of a class over the whole piece, as dense at each time as the profile is high.
    pub fn add_by_profile(&mut self, class: u8, n: u64, profile: &RateProfile, times: &mut Stream) {
        let (low, high) = profile.range_over(self.start, self.start + self.length);
        if low >= high {
            return self.add_evenly(class, n, (self.start, self.length), times);
        }
        for _ in 0..n {
            let offset = loop {
                let offset = times.below(self.length.0);
                let level = times.unit() * high;
                if level < low || level < profile.factor(self.start + SimDuration(offset)) {
                    break offset;
                }
            };
            self.keys.push(offset << CLASS_BITS | u64::from(class));
        }
    }

    /// Puts the arrivals in order of time, equal times in order of their class.
    ///
    /// One pass counts how many lie in each of as many even slots as there are arrivals, a second one puts them there, and
    /// an insertion sort settles neighbours. Where they crowd in few slots an ordinary sort is faster.
    pub fn sort(&mut self) {
        let n = self.keys.len();
        if n < 64 || n > u32::MAX as usize {
            return self.keys.sort_unstable();
        }
        let width = u128::from(self.length.0.max(1)) << CLASS_BITS;
        // Fewer slots than there are keys, so that the factor from a key to its slot stays below 2^64.
        let slots = (n.next_power_of_two() as u128).min(width / 2);
        let scale = ((slots << 64) / width) as u64;
        let slot = |key: u64| ((u128::from(key) * u128::from(scale)) >> 64) as usize;
        self.places.clear();
        self.places.resize(slots as usize + 1, 0);
        for &key in &self.keys {
            self.places[slot(key)] += 1;
        }
        let (mut sum, mut most) = (0, 0);
        for place in &mut self.places {
            let count = std::mem::replace(place, sum);
            sum += count;
            most = most.max(count);
        }
        if most > 48 {
            return self.keys.sort_unstable();
        }
        self.ordered.resize(n, 0);
        for &key in &self.keys {
            let place = &mut self.places[slot(key)];
            self.ordered[*place as usize] = key;
            *place += 1;
        }
        lift_two(&mut self.ordered);
        insertion_sort(&mut self.ordered);
        std::mem::swap(&mut self.keys, &mut self.ordered);
    }

    /// Time and class of each arrival.
    pub fn arrivals(&self) -> impl Iterator<Item = (SimTime, u8)> + '_ {
        self.keys.iter().map(|key| (SimTime(self.start.0 + (key >> CLASS_BITS)), *key as u8))
    }
}

/// Lifts the two largest keys so far along: two passes of bubble sort in one, without a branch. What is left for the
/// insertion sort is rare, so that its branches are foreseen.
fn lift_two(keys: &mut [u64]) {
    let Some((first, rest)) = keys.split_first().filter(|(_, rest)| !rest.is_empty()) else { return };
    let (mut low, mut high) = ((*first).min(rest[0]), (*first).max(rest[0]));
    for i in 2..keys.len() {
        let key = keys[i];
        keys[i - 2] = low.min(key);
        let middle = low.max(key);
        (low, high) = (middle.min(high), middle.max(high));
    }
    let n = keys.len();
    (keys[n - 2], keys[n - 1]) = (low, high);
}

/// Sorts what is nearly in order.
fn insertion_sort(keys: &mut [u64]) {
    for i in 1..keys.len() {
        let key = keys[i];
        let mut j = i;
        while j > 0 && keys[j - 1] > key {
            keys[j] = keys[j - 1];
            j -= 1;
        }
        keys[j] = key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::arrivals::{ProfileForm, Step};
    use crate::kernel::draws::{Draws, Purpose};

    fn times() -> Stream {
        Draws::new(5, 0).stream(1, Purpose::TelemetryTimes, 0)
    }

    /// Few and many, spread and crowded at one time: the same as an ordinary sort of the same keys.
    #[test]
    fn arrivals_are_in_order_however_they_lie() {
        let (start, second) = (SimTime(7_000_000), SimDuration::SECOND);
        for (n, length) in [(3, second), (1_000, second), (5_000, SimDuration(10)), (5_000, SimDuration::HOUR)] {
            let mut merged = Superposition::default();
            merged.begin(start, SimDuration::HOUR);
            merged.add_evenly(0, n, (start, length), &mut times());
            merged.add_evenly(9, n, (start + second, SimDuration::MICROSECOND), &mut times());
            let mut expected = merged.keys.clone();
            expected.sort_unstable();
            merged.sort();
            assert_eq!(merged.keys, expected, "{n}");
            assert_eq!(
                merged.arrivals().filter(|(time, class)| *class == 9 && *time == start + second).count(),
                n as usize
            );
        }
    }

    /// 30,000 times in a piece with a step of three in its middle: three quarters lie behind it. Five standard deviations
    /// of 22,500 are 375: a chance of 6e-7.
    #[test]
    fn times_are_as_dense_as_the_profile_is_high() {
        let step = Step { at: SimDuration(SimDuration::SECOND.0 / 2), factor: 3.0 };
        let profile: RateProfile = ProfileForm::Steps { changes: vec![step], repeat: None }.try_into().unwrap();
        let mut merged = Superposition::default();
        merged.begin(SimTime::ZERO, SimDuration::SECOND);
        merged.add_by_profile(0, 30_000, &profile, &mut times());
        let behind = merged.arrivals().filter(|(time, _)| time.0 >= 500_000).count();
        assert!(behind.abs_diff(22_500) < 375, "{behind}");
    }
}
