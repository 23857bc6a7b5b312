//! Devices restart in a wave, and live connections break: both strike devices while every service works.

use crate::kernel::draws::{Purpose, Stream, member};
use crate::kernel::event_list::{Event, EventList};
use crate::kernel::executive::Agenda;
use crate::model::condition::{Condition, DownStyle, Struck, Target, Wave};
use crate::model::event::{Kind, device_event};
use crate::model::ids::{DeviceId, RegionId};
use crate::model::population::device::{Device, State};
use crate::model::world::World;
use crate::units::{Ratio, SimDuration, SimTime};

impl World<'_> {
    fn is_struck(&self, device: DeviceId, who: Struck) -> bool {
        let record = &self.devices[device.index()];
        let cohort = who.cohort.is_none_or(|cohort| cohort == record.cohort);
        let region = who.region.is_none_or(|region| region == self.region_of(device));
        cohort && region && who.generation.is_none_or(|generation| generation == self.cohort(device).generation)
    }

    /// A draw of a device for one occurrence of a fault.
    fn struck_draw(&self, device: DeviceId, purpose: Purpose, occurrence: usize) -> Stream {
        let of = &self.occurrences[occurrence];
        self.draws.stream(member(self.device_key(device), self.config.faults[of.fault].key), purpose, of.number)
    }

    /// Every device of a wave that is part of the fleet gets its time; what joins later has the new firmware already.
    pub(super) fn schedule_reboots<L: EventList>(&mut self, agenda: &mut Agenda<L>, wave: &Wave, occurrence: usize) {
        let horizon = SimTime::ZERO + self.config.horizon;
        let (from, until) = (agenda.now(), self.occurrences[occurrence].until.min(horizon));
        for device in (0..self.devices.len() as u32).map(DeviceId) {
            let record = &self.devices[device.index()];
            if !record.state.in_fleet() || record.is(Device::DORMANT) || !self.is_struck(device, wave.who) {
                continue;
            }
            let unit = self.struck_draw(device, Purpose::RebootStart, occurrence).unit();
            let share = wave.batches.map_or(unit, |n| (unit * f64::from(n)).floor() / f64::from(n));
            let at = from + SimDuration(((until - from).0 as f64 * share) as u64);
            let tie = self.draws.tie(self.device_key(device), at.0);
            let kind = Kind::Reboots;
            agenda.push(Event::new(at, kind.class(), tie, device.0, kind as u16, occurrence as u16));
        }
    }

    /// A device restarts, unless it is without power anyway.
    pub(super) fn reboots<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId, occurrence: u16) {
        if !self.goes_dark(agenda, device, occurrence) {
            return;
        }
        let index = usize::from(occurrence);
        let wave = self.occurrences[index].effects.iter().find_map(|effect| match effect.condition {
            Condition::Reboots(wave) => Some(wave),
            _ => None,
        });
        let reboot = wave.expect("an occurrence that restarts devices").reboot;
        let off = reboot.sample(&mut self.struck_draw(device, Purpose::RebootTime, index));
        device_event(agenda, device, agenda.now() + off, Kind::Boots);
    }

    /// A device has restarted; in a region without power it waits for that.
    pub(super) fn boots<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId) -> bool {
        let record = self.devices[device.index()];
        let off = record.state == State::Off && !self.is_dark(self.region_of(device));
        if off {
            self.gets_power(agenda, device, agenda.now());
        }
        off
    }

    fn is_dark(&self, region: RegionId) -> bool {
        let off = |effect: &Condition| matches!(effect, Condition::Off(_));
        self.active.iter().any(|(_, effect)| effect.target == Target::Region(region) && off(&effect.condition))
    }

    /// A share of the live connections breaks, noticed at once or by keep-alive.
    pub(super) fn break_connections<L: EventList>(
        &mut self,
        agenda: &mut Agenda<L>,
        (target, who): (Target, Struck),
        (share, style): (Ratio, DownStyle),
        occurrence: usize,
    ) {
        for device in (0..self.devices.len() as u32).map(DeviceId) {
            let record = &self.devices[device.index()];
            let there = !matches!(target, Target::Stamp(stamp) if stamp != record.stamp);
            let struck = there && record.state == State::Connected && self.is_struck(device, who);
            if !struck || !self.struck_draw(device, Purpose::ConnectionBreaks, occurrence).chance(share.get()) {
                continue;
            }
            if style == DownStyle::Reset {
                self.lose_connection(agenda, device, occurrence as u16);
                continue;
            }
            self.lose_silently(agenda, device, occurrence as u16);
            // Both sides miss the same keep-alive.
            let (ping, patience) = self.next_ping(device);
            self.looks_alive(agenda, device, agenda.now() + ping + patience);
        }
    }
}
