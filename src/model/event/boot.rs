//! Boot: what a device does when it has power again. One that stored its hub tries it; the others ask DPS, which makes a
//! blackout a storm of registrations.

use crate::kernel::draws::Purpose;
use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::model::dps::enrollment::Status;
use crate::model::ids::{DeviceId, StampId};
use crate::model::population::cohort::OnBoot;
use crate::model::population::device::{Device, State};
use crate::model::world::World;
use crate::units::SimDuration;

impl World<'_> {
    /// Whether a device with power again goes to DPS first; notes what it wants there.
    pub(super) fn asks_dps_at_boot(&mut self, device: DeviceId) -> bool {
        let on_boot = self.cohort(device).on_boot;
        let record = &mut self.devices[device.index()];
        let knows = record.stamp != StampId::NONE;
        record.set(Device::QUERIES, knows && on_boot == OnBoot::Query);
        !knows || on_boot != OnBoot::Stored
    }

    /// Whether the request asks only for the hub and no limit holds it up.
    pub(super) fn is_free_query(&self, device: DeviceId) -> bool {
        self.devices[device.index()].is(Device::QUERIES) && !self.config.dps.lookup_counts
    }

    /// DPS tells a device its hub; one that has none there registers next.
    pub(super) fn answer_query<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId) {
        let now = agenda.now();
        let i = device.index();
        self.devices[i].set(Device::QUERIES, false);
        let told = now + self.query_time(device) + self.way_from_dps(device);
        let Status::Assigned(stamp) = self.enrollments.status(device.registration()) else {
            return self.set_out(agenda, device, told);
        };
        self.devices[i].stamp = stamp;
        self.set_state(device, State::Assigned, now);
        self.begin_episode(device, told);
        self.schedule_attempt(agenda, device, told);
    }

    fn query_time(&self, device: DeviceId) -> SimDuration {
        let counter = self.devices[device.index()].attempt_counter();
        let law = &self.config.dps.status;
        let service = self.service_of(device).index();
        self.dps_status[service].stretch(law.sample(&mut self.device_draw(device, Purpose::StatusQuery, counter)))
    }
}
