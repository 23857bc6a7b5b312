//! The smallest set of device moves that brings every stamp of a ring near the mean utilisation.
//!
//! A move takes one device from a stamp above its band or gives one to a stamp below it, at best both. So at least
//! max(sum of what lies above the bands, sum of what lies below them) moves are needed, and so many suffice.

use crate::units::Ratio;

/// A stamp that is to be balanced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// Devices.
    pub devices: u32,
    /// Planned capacity [devices].
    pub capacity: u32,
    /// Most devices that its registry holds.
    pub most: u32,
}

/// Least and most devices of each stamp within a band around the mean utilisation. Where whole devices do not fit into
/// the bands, they are as wide as the next whole device.
fn bands(stamps: &[Holding], within: Ratio) -> Vec<(u32, u32)> {
    let sum = |of: fn(&Holding) -> u32| stamps.iter().map(|stamp| u64::from(of(stamp))).sum::<u64>();
    let (devices, capacity) = (sum(|stamp| stamp.devices), sum(|stamp| stamp.capacity));
    let mean = devices as f64 / capacity.max(1) as f64;
    // A hair of slack keeps a bound that is whole by itself, such as 300 x 1.1.
    let bound = |stamp: &Holding, factor: f64| mean * factor * f64::from(stamp.capacity);
    let (low, high) = (1.0 - within.get(), 1.0 + within.get());
    let inner = |stamp: &Holding| {
        ((bound(stamp, low) - 1e-6).ceil().max(0.0) as u32, (bound(stamp, high) + 1e-6).floor() as u32)
    };
    let outer = |stamp: &Holding| (bound(stamp, low).floor() as u32, bound(stamp, high).ceil() as u32);
    let exact: Vec<(u32, u32)> = stamps.iter().map(inner).collect();
    let total = |of: fn(&(u32, u32)) -> u32| exact.iter().map(|band| u64::from(of(band))).sum::<u64>();
    let fits = total(|band| band.0) <= devices && devices <= total(|band| band.1);
    let sound = fits && exact.iter().all(|(low, high)| low <= high);
    let bands = if sound { exact } else { stamps.iter().map(outer).collect() };
    let capped = |((low, high), stamp): ((u32, u32), &Holding)| (low.min(stamp.most), high.min(stamp.most));
    bands.into_iter().zip(stamps).map(capped).collect()
}

/// Device moves that bring each stamp within its band: from, to and how many; as few as can be.
pub fn smallest_set(stamps: &[Holding], within: Ratio) -> Vec<(usize, usize, u32)> {
    let bands = bands(stamps, within);
    let mut held: Vec<u32> = stamps.iter().map(|stamp| stamp.devices).collect();
    let above = |held: &[u32], s: usize| held[s].saturating_sub(bands[s].1);
    let below = |held: &[u32], s: usize| bands[s].0.saturating_sub(held[s]);
    let spare = |held: &[u32], s: usize| held[s].saturating_sub(bands[s].0);
    let room = |held: &[u32], s: usize| bands[s].1.saturating_sub(held[s]);
    let mut moves = Vec::new();
    loop {
        let all = 0..stamps.len();
        let best = |of: &dyn Fn(&[u32], usize) -> u32| {
            let found = all.clone().map(|s| (of(&held, s), std::cmp::Reverse(s))).max();
            found.filter(|(most, _)| *most > 0).map(|(most, s)| (s.0, most))
        };
        let (over, under) = (best(&above), best(&below));
        if over.is_none() && under.is_none() {
            return moves;
        }
        // What lies above goes to what lies below; where one side is done, the other takes from or gives to the middle.
        let (Some((from, most)), Some((to, least))) = (over.or(best(&spare)), under.or(best(&room))) else {
            return moves;
        };
        let n = most.min(least);
        held[from] -= n;
        held[to] += n;
        moves.push((from, to, n));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holding(devices: u32, capacity: u32) -> Holding {
        Holding { devices, capacity, most: 1_000_000 }
    }

    fn within(share: f64) -> Ratio {
        Ratio::new(share).expect("a share")
    }

    fn moved(moves: &[(usize, usize, u32)]) -> u32 {
        moves.iter().map(|(_, _, n)| n).sum()
    }

    /// The closed form: what lies above the bands or below them, whichever is more.
    fn needed(stamps: &[Holding], share: Ratio) -> u32 {
        let sums = stamps.iter().zip(bands(stamps, share)).fold((0, 0), |(above, below), (stamp, (low, high))| {
            (above + stamp.devices.saturating_sub(high), below + low.saturating_sub(stamp.devices))
        });
        sums.0.max(sums.1)
    }

    #[test]
    fn a_new_stamp_takes_what_the_others_have_too_much() {
        let stamps = [holding(900, 1_000), holding(900, 1_000), holding(0, 1_000)];
        // The mean is 600, the band 540 to 660: two stamps give 240 each, and the new one needs 540.
        let moves = smallest_set(&stamps, within(0.1));
        assert_eq!(moved(&moves), 540);
        assert!(smallest_set(&[holding(600, 1_000), holding(640, 1_000)], within(0.1)).is_empty());
    }

    /// Every distribution of the devices of small fleets: none within the bands is nearer.
    #[test]
    fn no_distribution_within_the_bands_is_nearer() {
        for case in 0..2_000_u32 {
            let digit = |i: u32, n: u32| (case.wrapping_mul(2_654_435_761) >> (5 * i)) % n;
            let stamps: Vec<Holding> = (0..3).map(|s| holding(digit(s, 8), 4 + digit(s + 3, 5))).collect();
            let share = within(f64::from(case % 5) / 10.0);
            let (moves, bands) = (smallest_set(&stamps, share), bands(&stamps, share));
            let mut after: Vec<i64> = stamps.iter().map(|stamp| i64::from(stamp.devices)).collect();
            for (from, to, n) in &moves {
                after[*from] -= i64::from(*n);
                after[*to] += i64::from(*n);
            }
            let inside =
                |held: &[i64]| held.iter().zip(&bands).all(|(n, b)| (i64::from(b.0)..=i64::from(b.1)).contains(n));
            assert!(inside(&after), "case {case}: {after:?} in {bands:?}");
            let devices: i64 = after.iter().sum();
            let mut nearest = i64::MAX;
            for a in 0..=devices {
                for b in 0..=devices - a {
                    let held = [a, b, devices - a - b];
                    let moves: i64 = stamps.iter().zip(held).map(|(s, n)| (i64::from(s.devices) - n).max(0)).sum();
                    nearest = if inside(&held) { nearest.min(moves) } else { nearest };
                }
            }
            assert_eq!(i64::from(moved(&moves)), nearest, "case {case}: {stamps:?}");
            assert_eq!(moved(&moves), needed(&stamps, share), "case {case}: {stamps:?}");
        }
    }

    #[test]
    fn a_full_registry_takes_no_more() {
        let stamps = [holding(900, 1_000), Holding { devices: 0, capacity: 1_000, most: 100 }];
        assert_eq!(moved(&smallest_set(&stamps, within(0.05))), 100);
    }
}
