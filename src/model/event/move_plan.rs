//! What a move does before its first eviction: who goes, in which order, where to, and what is made ready for them.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::kernel::draws::{Purpose, member};
use crate::model::ids::{DeviceId, RingId, StampId};
use crate::model::movement::Passenger;
use crate::model::movement::balance::{Holding, smallest_set};
use crate::model::population::device::Device;
use crate::model::world::World;
use crate::units::{Ratio, SimTime};

/// Devices that are to go: from, to and how many.
type Way = (StampId, StampId, u32);

/// Where a device of a stamp goes: one of the stamp's own ways, or one of another stamp's, which then gets its own in turn.
fn take_way(ways: &mut Vec<Way>, from: StampId, serves: impl Fn(StampId) -> bool) -> Option<StampId> {
    let own = |way: &Way| way.0 == from && way.2 > 0;
    if let Some(way) = ways.iter_mut().rfind(|way| own(way) && serves(way.1)) {
        way.2 -= 1;
        return Some(way.1);
    }
    let mine = ways.iter().rposition(own)?;
    let other = ways.iter().rposition(|way| way.2 > 0 && serves(way.1))?;
    let (given, (whose, to, _)) = (ways[mine].1, ways[other]);
    ways[mine].2 -= 1;
    ways[other].2 -= 1;
    ways.push((whose, given, 1));
    Some(to)
}

impl World<'_> {
    /// The devices of a move in order of eviction.
    pub(super) fn select(&mut self, index: usize) -> Vec<DeviceId> {
        let plan = Rc::clone(&self.plans[index]);
        if plan.back_of.is_some() {
            return std::mem::take(&mut self.moves[index].devices);
        }
        let chosen = self.in_order(index);
        if let Some((ring, within)) = plan.rule.balance {
            return self.balance(index, (ring, within), chosen);
        }
        if plan.rule.level { self.level(plan.rule.to, chosen) } else { chosen }
    }

    /// Selected devices by rank, and by a draw among equals; the draw also says who belongs to a share of them.
    fn in_order(&self, index: usize) -> Vec<DeviceId> {
        let plan = &self.plans[index];
        let draw =
            |d: DeviceId| self.draws.stream(member(self.device_key(d), plan.key), Purpose::MoveOrder, 0).next_u64();
        let mut chosen: Vec<_> = (0..self.devices.len() as u32)
            .map(DeviceId)
            .filter(|d| self.is_selected(index, *d))
            .map(|d| (draw(d), d))
            .collect();
        chosen.sort_unstable();
        let share = (chosen.len() as f64 * plan.selector.share.get()).round() as usize;
        let mut chosen: Vec<DeviceId> = chosen.into_iter().take(share).map(|(_, d)| d).collect();
        chosen.sort_by_cached_key(|d| plan.order.entry().rank(self.passenger(*d)));
        chosen
    }

    fn passenger(&self, device: DeviceId) -> Passenger {
        let record = &self.devices[device.index()];
        Passenger { cohort: record.cohort, ring: record.ring, value: self.cohort(device).value }
    }

    fn is_selected(&self, index: usize, device: DeviceId) -> bool {
        let (rule, selector) = (&self.plans[index].rule, &self.plans[index].selector);
        let record = &self.devices[device.index()];
        let holder = self.columns.identity[device.index()];
        let cohort = selector.cohort.is_none_or(|c| c == record.cohort);
        let region = selector.region.is_none_or(|r| r == self.region_of(device));
        let generation = selector.generation.is_none_or(|g| g == self.cohort(device).generation);
        let served = |to: StampId| self.stamps[to.index()].serves(self.cohort(device).generation);
        let generation = generation && rule.to.is_none_or(served);
        let from = rule.from.is_empty() || rule.from.contains(&holder);
        let ring = rule.ring.is_none_or(|r| r == record.ring);
        let movable = holder != StampId::NONE && !record.is(Device::DORMANT) && rule.to != Some(holder);
        cohort && region && generation && from && ring && movable
    }

    /// Of the chosen devices, those that level the target with the stamps they are on, by planned capacity.
    fn level(&self, to: Option<StampId>, chosen: Vec<DeviceId>) -> Vec<DeviceId> {
        let to = to.expect("a levelling move names its target");
        // A stamp that takes no device, such as one that is retired or a spare, counts only where devices leave it.
        let left: BTreeSet<StampId> = chosen.iter().map(|d| self.columns.identity[d.index()]).collect();
        let peers = |s: &StampId| {
            let counts = *s == to || left.contains(s) || self.takes_part(*s);
            counts && self.stamps[s.index()].ring == self.stamps[to.index()].ring
        };
        let stamps: Vec<_> = (0..self.stamps.len() as u16).map(StampId).filter(peers).collect();
        let sum = |of: &dyn Fn(StampId) -> u32| stamps.iter().map(|s| f64::from(of(*s))).sum::<f64>();
        let registered = |s: StampId| self.hubs[s.index()].registered;
        let capacity = |s: StampId| self.stamps[s.index()].capacity;
        let utilisation = sum(&registered) / sum(&capacity);
        let excess = |s: StampId| (f64::from(registered(s)) - utilisation * f64::from(capacity(s))).max(0.0) as u32;
        let mut left: Vec<u32> = (0..self.stamps.len() as u16).map(|s| excess(StampId(s))).collect();
        let mut take = |device: &DeviceId| {
            let left = &mut left[self.columns.identity[device.index()].index()];
            let taken = *left > 0;
            *left -= u32::from(taken);
            taken
        };
        chosen.into_iter().filter(|d| peers(&self.columns.identity[d.index()]) && take(d)).collect()
    }

    /// Of the chosen devices, as few as bring each stamp of a ring near the mean utilisation; where each goes is kept.
    fn balance(&mut self, index: usize, (ring, within): (RingId, Ratio), chosen: Vec<DeviceId>) -> Vec<DeviceId> {
        let stamps: Vec<StampId> = self.takers(ring);
        let holding = |s: &StampId| {
            let (hub, stamp) = (&self.hubs[s.index()], &self.stamps[s.index()]);
            Holding { devices: hub.registered, capacity: stamp.capacity, most: stamp.edition.devices_max }
        };
        let holdings: Vec<Holding> = stamps.iter().map(holding).collect();
        let moves = smallest_set(&holdings, within).into_iter();
        let mut ways: Vec<Way> = moves.map(|(from, to, n)| (stamps[from], stamps[to], n)).collect();
        let mut going = Vec::new();
        for device in chosen {
            let generation = self.cohort(device).generation;
            let serves = |to: StampId| self.stamps[to.index()].serves(generation);
            going.extend(take_way(&mut ways, self.columns.identity[device.index()], serves).map(|to| (device, to)));
        }
        self.moves[index].goes = going.iter().copied().collect();
        going.into_iter().map(|(device, _)| device).collect()
    }

    /// Stamps of a ring that take devices now.
    pub(super) fn takers(&self, ring: RingId) -> Vec<StampId> {
        let takes = |s: &StampId| self.stamps[s.index()].ring == ring && self.takes_part(*s);
        (0..self.stamps.len() as u16).map(StampId).filter(takes).collect()
    }

    /// Stamps that devices of a move may come to.
    pub(super) fn destinations(&self, index: usize) -> Vec<StampId> {
        let (rule, run) = (&self.plans[index].rule, &self.moves[index]);
        if let Some(to) = rule.to {
            return vec![to];
        }
        let next = run.devices.get(run.next as usize).map(|device| self.devices[device.index()].ring);
        let ring = rule.balance.map(|(ring, _)| ring).or(rule.to_ring).or(next);
        ring.map_or_else(Vec::new, |ring| self.takers(ring))
    }

    /// An import job puts the identities of a move onto the hubs that they will go to. It draws on no throttle.
    pub(super) fn make_ready(&mut self, index: usize, now: SimTime) {
        if !self.plans[index].prewarm.identities {
            return;
        }
        let before = self.view.assigned.clone();
        for device in self.moves[index].devices.clone() {
            let known = self.moves[index].goes.get(&device).copied();
            let to = known.or_else(|| self.forecast(device, index, now)).filter(|to| {
                let full = self.hubs[to.index()].is_full(&self.stamps[to.index()]);
                *to != self.columns.identity[device.index()] && !full
            });
            let run = &mut self.moves[index];
            run.goes.remove(&device);
            if let Some(to) = to {
                run.goes.insert(device, to);
                self.hubs[to.index()].prewarmed += 1;
            }
        }
        // What was foreseen is not reserved: DPS decides later, by the enrollments.
        self.view.assigned = before;
    }

    /// The stamp that DPS would assign a device of a move to, if all those before it had gone already.
    fn forecast(&mut self, device: DeviceId, index: usize, now: SimTime) -> Option<StampId> {
        let plan = Rc::clone(&self.plans[index]);
        if plan.rule.to.is_some() {
            return plan.rule.to;
        }
        let ring = self.devices[device.index()].ring;
        self.devices[device.index()].ring = plan.rule.to_ring.unwrap_or(ring);
        let chosen = self.decide(device, now);
        self.devices[device.index()].ring = ring;
        if let (Some(from), Some(to)) = (self.enrollments.assigned(device.registration()), chosen) {
            self.view.assigned[from.index()] -= 1;
            self.view.assigned[to.index()] += 1;
        }
        chosen
    }

    /// Whether an import job put the identity of a device that is under way onto a stamp.
    pub(super) fn is_ahead(&self, device: DeviceId, stamp: StampId) -> bool {
        let index = usize::from(self.columns.move_of[device.index()]);
        let run = self.moves.get(index).filter(|_| self.plans[index].prewarm.identities);
        run.is_some_and(|run| run.goes.get(&device) == Some(&stamp))
    }

    /// An assignment of a device that is under way is decided: whether it found its identity on the stamp already.
    pub(super) fn take_ahead(&mut self, device: DeviceId, stamp: StampId) -> bool {
        let ahead = self.is_ahead(device, stamp);
        let index = usize::from(self.columns.move_of[device.index()]);
        if index < self.moves.len() {
            self.release_ahead(index, device);
        }
        ahead
    }

    /// An identity that an import job made is a device's own by now, or nobody needs it.
    pub(super) fn release_ahead(&mut self, index: usize, device: DeviceId) {
        if self.plans[index].prewarm.identities
            && let Some(to) = self.moves[index].goes.remove(&device)
        {
            self.hubs[to.index()].prewarmed -= 1;
        }
    }

    /// The gateway's cache is told the new hub of a device whose assignment is done, where its move wants that.
    pub(super) fn tell_cache(&mut self, device: DeviceId, stamp: StampId, now: SimTime) {
        let index = usize::from(self.columns.move_of[device.index()]);
        if index < self.moves.len() && self.plans[index].prewarm.cache {
            self.store(device, stamp, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_goes_only_to_a_short_stamp_that_serves_it() {
        let [a, b, x, y] = [0, 1, 2, 3].map(StampId);
        let mut ways = vec![(a, x, 1), (b, y, 1)];
        assert_eq!(take_way(&mut ways, a, |_| false), None);
        // The way of `a` leads to `x`, which does not serve it: it goes to `y`, and `b` gives a device to `x` instead.
        assert_eq!(take_way(&mut ways, a, |to| to == y), Some(y));
        assert_eq!(take_way(&mut ways, a, |_| true), None);
        assert_eq!(take_way(&mut ways, b, |_| true), Some(x));
        assert_eq!(take_way(&mut ways, b, |_| true), None);
    }
}
