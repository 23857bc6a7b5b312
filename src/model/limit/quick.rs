//! A bucket in 64 bits, for many operations one after another while credit lasts; the same decisions to the last part.

use super::{Bucket, real};
use crate::units::{SimDuration, SimTime};

/// A bucket's credit in 64-bit parts. It admits while credit lasts and knows nothing of backlogs.
#[derive(Debug, Clone, Copy)]
pub struct Quick {
    gain: i64,
    cost: i64,
    depth: i64,
    level: i64,
    at: u64,
    /// A gap that fills the bucket from any level that it may have.
    fills: u64,
    /// Whether an operation left enough for another one.
    relaxed: bool,
}

impl Quick {
    /// Whether an operation is admitted at once, which takes its credit; one that is not takes nothing.
    #[inline]
    pub fn admits(&mut self, now: SimTime) -> bool {
        let now = now.0.max(self.at);
        let gap = now - self.at;
        let level = if gap >= self.fills { self.depth } else { (self.level + self.gain * gap as i64).min(self.depth) };
        (self.level, self.at) = (level, now);
        let after = level - self.cost;
        if after < 0 {
            return false;
        }
        self.level = after;
        self.relaxed |= after >= self.cost;
        true
    }
}

impl Bucket {
    /// The bucket in 64 bits, where that holds it and it has credit; [`Self::settle`] puts it back.
    pub fn quick(&self) -> Option<Quick> {
        let holds = |parts: i128| i64::try_from(parts).ok().filter(|parts| *parts < i64::MAX / 4);
        let (gain, cost, depth) = (holds(self.gain)?, holds(self.cost)?, holds(self.depth)?);
        let level = holds(self.level).filter(|level| *level >= 0)?;
        if self.shaping.window.is_some() {
            return None;
        }
        let fills = if gain == 0 { u64::MAX } else { (depth / gain) as u64 + 1 };
        // Without a gain no gap fills it, and any gap times nothing is nothing.
        Some(Quick { gain, cost, depth, level, at: self.at.0, fills, relaxed: false })
    }

    /// Takes over what was admitted in 64 bits.
    pub fn settle(&mut self, quick: &Quick) {
        self.level = i128::from(quick.level);
        self.at = SimTime(quick.at);
        if quick.relaxed {
            self.over_since = None;
        }
    }

    /// When it was asked last: it can be asked nothing about the time before.
    pub fn asked_at(&self) -> SimTime {
        self.at
    }

    /// Free credit [operations]; negative is the backlog.
    pub fn credit(&self, now: SimTime) -> f64 {
        let gained = self.gain * i128::from(now.saturating_since(self.at).0);
        real((self.level + gained).min(self.depth)) / real(self.cost)
    }

    /// Most credit, and most operations that may wait before a caller is refused or gives up [operations].
    pub fn room(&self) -> (f64, f64) {
        let operations = |parts: i128| real(parts) / real(self.cost);
        let waits = |length: SimDuration| operations(self.gain * i128::from(length.0));
        let patience = self.timeout.map_or(f64::INFINITY, waits);
        let credit = if self.shaping.window.is_some() { 0.0 } else { operations(self.depth) };
        (credit, self.backlog.map_or(f64::INFINITY, operations).min(patience))
    }
}

#[cfg(test)]
mod tests {
    use crate::kernel::draws::{Draws, Purpose};
    use crate::model::limit::{Allowance, Bucket, Shaping, Verdict};
    use crate::units::{SimDuration, SimTime};

    /// A long series at about the limit, with bursts and pauses: the same verdicts and the same state as one by one.
    #[test]
    fn the_quick_bucket_decides_as_the_exact_one() {
        for (limit, credit) in [("107/s", 2), ("7/min", 60), ("0/s", 1)] {
            let shaping = Shaping {
                credit: SimDuration::from_secs(credit),
                backlog: Allowance::Of(SimDuration::from_secs(1)),
                ..Shaping::default()
            };
            let mut exact = Bucket::new(limit.parse().expect("a rate"), shaping, SimTime::ZERO);
            let mut mixed = exact.clone();
            let mut draws = Draws::new(1, 0).stream(1, Purpose::Tie, 0);
            let (mut now, mut slow) = (SimTime::ZERO, 0);
            for _ in 0..400 {
                let mut quick = mixed.quick();
                for _ in 0..100 {
                    let most = if draws.chance(0.003) { 3_000_000 } else { 9_000 };
                    now = SimTime(now.0 + draws.below(most));
                    let expected = exact.offer(now);
                    let admits = quick.as_mut().is_some_and(|bucket| bucket.admits(now));
                    if let Some(bucket) = &quick {
                        mixed.settle(bucket);
                    }
                    if admits {
                        assert_eq!(expected, Verdict::Admitted(now));
                    } else {
                        quick = None;
                        slow += 1;
                        assert_eq!(mixed.offer(now), expected);
                    }
                }
                assert_eq!(mixed, exact);
            }
            assert!(slow > 100, "both ways are taken");
        }
    }
}
