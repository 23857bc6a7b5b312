//! The order hash: one number for every event that was carried out, in its order.

use crate::kernel::event_list::Event;

/// A running hash of events. Two runs with equal hashes carried out the same events in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderHash(u64);

impl Default for OrderHash {
    fn default() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }
}

impl OrderHash {
    /// Takes one event in.
    #[inline]
    pub fn add(&mut self, event: &Event) {
        for word in event.words() {
            self.0 = (self.0 ^ word).wrapping_mul(0xFF51_AFD7_ED55_8CCD).rotate_left(31);
        }
    }

    /// The hash so far.
    pub fn value(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::event_list::Class;
    use crate::units::SimTime;

    #[test]
    fn order_matters() {
        let event = |t| Event::new(SimTime(t), Class::Arrival, 0, 0, 0, 0);
        let hash = |times: &[u64]| {
            let mut hash = OrderHash::default();
            times.iter().for_each(|t| hash.add(&event(*t)));
            hash.value()
        };
        assert_eq!(hash(&[1, 2]), hash(&[1, 2]));
        assert_ne!(hash(&[1, 2]), hash(&[2, 1]));
    }
}
