//! Calls of an application that does not follow its devices: to the hub that it learnt, and no further.

use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::model::gateway::call::Outcome;
use crate::model::ids::{DeviceId, StampId};
use crate::model::world::World;
use crate::units::SimTime;

impl World<'_> {
    /// A call goes to the hub that the application learnt; without one it ends.
    pub(super) fn call_learnt<L: EventList>(&mut self, agenda: &mut Agenda<L>, call: u32) {
        let now = agenda.now();
        let device = self.calls.get(call).device;
        let assigned = self.enrollments.assigned(device.registration());
        let known = self.learnt.as_mut().and_then(|learnt| learnt.look_up(device, assigned, now));
        match known {
            Some(stamp) => self.send_to_hub(agenda, call, stamp, now),
            None => self.end_call(call, Outcome::NotRegistered, now),
        }
    }

    /// A device is assigned to a stamp from now on; an application that does not follow keeps what it knew.
    pub(super) fn keep_learnt(&mut self, device: DeviceId, stamp: StampId, now: SimTime) {
        let assigned = self.enrollments.assigned(device.registration());
        if let Some(learnt) = self.learnt.as_mut().filter(|_| assigned != Some(stamp)) {
            learnt.before_change(device, assigned, now);
        }
    }
}
