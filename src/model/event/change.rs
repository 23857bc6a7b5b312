//! An operator's changes of hubs: weights and participation for later registrations, units at once.

use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::model::event::Kind;
use crate::model::lifecycle::change::ChangeRule;
use crate::model::stamp::hub::{Life, StampConfig};
use crate::model::world::{Change, World};
use crate::units::SimTime;

impl World<'_> {
    pub(super) fn schedule_changes<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        for (c, change) in self.config.changes.iter().enumerate() {
            self.expect_edge(agenda, change.at);
            self.other_event(agenda, change.at, Kind::HubChanges, change.key, (c as u32, 0));
        }
    }

    /// A change takes effect. Devices that are assigned stay where they are.
    pub(super) fn hub_changes(&mut self, now: SimTime, c: usize) {
        let change = &self.config.changes[c];
        let s = change.stamp.index();
        match change.rule {
            ChangeRule::Weight(weight) => self.view.weight[s] = weight,
            ChangeRule::Takes(takes) => self.stamps[s].takes_devices = takes,
            ChangeRule::Units { units, capacity } => return self.set_units(now, s, units, capacity),
        }
        self.changes.push((change.stamp, now, Change::Allocation));
    }

    fn set_units(&mut self, now: SimTime, s: usize, units: u32, capacity: Option<u32>) {
        if self.hubs[s].life == Life::Retired {
            return; // There is no hub any more.
        }
        let stamp = &self.stamps[s];
        let config = StampConfig { units, capacity: capacity.unwrap_or(stamp.capacity), ..stamp.clone() };
        self.resize(now, s, config);
    }
}
