//! A hub is back after a failover: the region that it went to lacks what was written last.

use crate::kernel::draws::Purpose;
use crate::kernel::law::DurationLaw;
use crate::model::ids::{DeviceId, StampId};
use crate::model::stamp::endpoint::Endpoint;
use crate::model::stamp::path::Fate;
use crate::model::world::World;
use crate::units::SimTime;

impl World<'_> {
    /// Identities younger than the drawn loss are gone, and so are messages that nobody had read. A device that lost its
    /// identity is told so at its next attempt (401), and registers again.
    pub(super) fn failed_over(&mut self, now: SimTime, stamp: StampId, loses: &DurationLaw, occurrence: usize) {
        let (fault, number, began) = {
            let of = &self.occurrences[occurrence];
            (of.fault, of.number, of.from)
        };
        let key = self.config.faults[fault].key ^ self.stamp_keys[stamp.index()];
        let lost = loses.sample(&mut self.draws.stream(key, Purpose::FailoverLoss, number));
        let known = SimTime(began.0.saturating_sub(lost.0));
        for device in (0..self.devices.len() as u32).map(DeviceId) {
            let held = self.columns.identity[device.index()] == stamp;
            if held && self.columns.was_put_within(device, known, began) {
                self.remove_identity(device, now);
                self.occurrences[occurrence].identities_lost += 1;
            }
        }
        if self.stamps[stamp.index()].path.is_on() {
            self.lose_unread(stamp);
        }
    }

    /// What waits in the hub is lost; without a routing endpoint so is what processing has not read, since it reads from the
    /// hub itself.
    fn lose_unread(&mut self, stamp: StampId) {
        let s = stamp.index();
        let routed = self.stamps[s].fixed_prices.iter().any(|price| price.routing);
        let path = &mut self.hubs[s].path;
        let mut batches = path.endpoint.as_mut().map(Endpoint::clear).unwrap_or_default();
        let mut slots = Vec::new();
        if !routed {
            slots.extend(path.waiting.drain(..));
            batches.extend(path.queue.drain(..));
            path.done.clear();
            path.done_flow = 0;
        }
        slots.extend(batches.iter().map(|batch| batch.slot).filter(|slot| *slot != u32::MAX));
        let flows: u64 = batches.iter().filter(|batch| batch.slot == u32::MAX).map(|batch| batch.n).sum();
        self.ledger.end(Fate::Failover, flows + slots.len() as u64);
        for slot in slots {
            self.messages.take(slot);
        }
    }
}
