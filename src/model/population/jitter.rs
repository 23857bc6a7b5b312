//! Messages of periodic devices that are due and that jitter holds back: counts by the slot of time in which they are sent.
//!
//! A message is sent evenly within its jitter after it was due. What is due in a slot is spread over the slots of the jitter
//! by a multinomial draw; a part of a slot sends its part of what is left in it.

use std::collections::VecDeque;

use crate::kernel::draws::Stream;

/// What jitter holds back, from one slot on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    first: u64,
    counts: VecDeque<u64>,
}

impl Held {
    /// Messages held back.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Forgets what was sent before a slot, which is nothing that is left.
    fn begin(&mut self, slot: u64) {
        while self.first < slot
            && self.counts.pop_front().is_some_and(|left| {
                assert_eq!(left, 0, "slots are sent in order");
                true
            })
        {
            self.first += 1;
        }
        self.first = slot;
    }

    /// Spreads messages that are due in a slot evenly over it and so many behind it.
    pub fn spread(&mut self, slot: u64, behind: usize, due: u64, draws: &mut Stream) {
        self.begin(slot);
        if self.counts.len() <= behind {
            self.counts.resize(behind + 1, 0);
        }
        let mut left = due;
        for i in 0..=behind {
            // A multinomial by successive binomials: each slot takes its share of what is left.
            let n = if i == behind { left } else { draws.binomial(left, 1.0 / (behind + 1 - i) as f64) };
            self.counts[i] += n;
            left -= n;
        }
    }

    /// Sends a share of what is left in the first slot that anything was spread to.
    pub fn send(&mut self, share: f64, draws: impl FnOnce() -> Stream) -> u64 {
        let Some(left) = self.counts.front_mut() else { return 0 };
        let n = if share >= 1.0 || *left == 0 { *left } else { draws().binomial(*left, share) };
        *left -= n;
        n
    }

    /// Sends everything.
    pub fn send_all(&mut self) -> u64 {
        self.counts.drain(..).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::draws::{Draws, Purpose};

    fn draws(counter: u64) -> Stream {
        Draws::new(3, 0).stream(1, Purpose::TelemetryJitter, counter)
    }

    /// 1,100 messages an even slot over eleven slots: in balance each slot sends what is due in it, give or take chance
    /// (a deviation of 32; five of them are passed with a chance of 6e-7), in whole slots or in halves, and none is lost.
    #[test]
    fn what_is_spread_is_sent() {
        for parts in [1, 2] {
            let mut held = Held::default();
            let (mut sent, mut late) = (0, 0);
            for slot in 0..400 {
                held.spread(slot, 10, 1_100, &mut draws(slot));
                let mut n = 0;
                for part in 0..parts {
                    n += held.send(1.0 / f64::from(parts - part), || draws(1_000 + slot));
                }
                sent += n;
                late += u32::from(slot > 12 && n.abs_diff(1_100) > 165);
            }
            assert_eq!((sent + held.total(), late), (400 * 1_100, 0));
            assert_eq!(held.clone().send_all(), held.total());
        }
    }
}
