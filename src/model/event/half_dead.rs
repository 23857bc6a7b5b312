//! Half-dead connections: one side is gone and the other takes the connection for alive, until a keep-alive is missed.

use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::model::event::{Kind, device_event};
use crate::model::ids::DeviceId;
use crate::model::world::{NEVER, World};
use crate::units::SimTime;

impl World<'_> {
    /// A dead connection looks alive to its hub until a time, or until the device connects anew. Nothing where that is not
    /// followed.
    pub(super) fn looks_alive<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId, until: SimTime) {
        let now = agenda.now();
        let (Some(level), true) = (self.figures.half_dead, until > now) else { return };
        if let Some(column) = &mut self.columns.alive_until {
            column.set(device.index(), until);
        }
        self.recorder.level_mut(level).add(1, now);
        device_event(agenda, device, until, Kind::HubNotices);
    }

    /// The hub has missed a keep-alive, unless the device was back before.
    pub(super) fn hub_notices(&mut self, device: DeviceId, now: SimTime) -> bool {
        let due = self.columns.alive_until.as_ref().is_some_and(|column| column[device.index()] == now);
        if due {
            self.seen_dead(device, now);
        }
        due
    }

    /// The hub knows that an earlier connection of a device is dead.
    pub(super) fn seen_dead(&mut self, device: DeviceId, now: SimTime) {
        let Some(column) = &mut self.columns.alive_until else { return };
        if let (true, Some(level)) = (column.replace(device.index(), NEVER) != NEVER, self.figures.half_dead) {
            self.recorder.level_mut(level).take(1, now);
        }
    }
}
