//! Stamps are added: decision → lead time → active.

use crate::kernel::draws::stable_name;
use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::metrics::measure::MeasureKey;
use crate::model::event::{Kind, world_key};
use crate::model::figures::{Queue, Use};
use crate::model::ids::StampId;
use crate::model::stamp::hub::{Hub, Life, StampConfig};
use crate::model::world::{Status, World};
use crate::units::SimTime;

impl World<'_> {
    /// Opens a stamp, active or being deployed.
    pub(super) fn open_stamp(&mut self, config: StampConfig, life: Life, now: SimTime) {
        let hub = Hub::new(&config, life, now, self.config.day_offset);
        self.view.assigned.push(0);
        self.view.capacity.push(config.capacity);
        self.view.weight.push(config.weight);
        self.view.connected.push(0);
        self.stamp_keys.push(config.key);
        self.stamp_regions.push(config.region);
        self.closed.push(false);
        self.stamp_status.push(Status::default());
        self.classes.push(self.new_classes());
        self.jittered.push(vec![Vec::new(); self.config.cohorts.len()]);
        let label = MeasureKey::new("stamp_utilisation_ratio").with("stamp", &*config.name);
        let level = self.recorder.level(label, f64::from(config.capacity), true, false, now);
        self.figures.stamp_devices.push(level);
        for queue in [Queue::Connect, Queue::Send, Queue::Registry, Queue::Method] {
            self.figures.uses[queue as usize].push(Use::default());
        }
        if life == Life::Active {
            self.recorder.level_mut(self.figures.stamps_active).add(1, now);
        }
        self.stamps.push(config);
        self.hubs.push(hub);
    }

    pub(super) fn schedule_scaling<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        if let Some(period) = self.config.scaling.policy.entry().period() {
            self.other_event(agenda, SimTime::ZERO + period, Kind::ScaleCheck, world_key("scaling"), (0, 0));
        }
    }

    /// The scaling policy decides.
    pub(super) fn scale_check<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        let scaling = &self.config.scaling;
        let deploying = self.hubs.iter().filter(|h| h.life == Life::Deploying).count() as u32;
        let wanted = scaling.policy.entry().add(&self.view, deploying);
        for _ in 0..wanted {
            self.add_stamp(agenda);
        }
        self.schedule_scaling_after(agenda);
    }

    fn schedule_scaling_after<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        if let Some(period) = self.config.scaling.policy.entry().period() {
            self.other_event(agenda, agenda.now() + period, Kind::ScaleCheck, world_key("scaling"), (0, 0));
        }
    }

    fn add_stamp<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        let scaling = &self.config.scaling;
        let Some(template) = &scaling.template else { return };
        if self.stamps.len() >= usize::from(scaling.stamps_max) {
            return;
        }
        let name = scaling.name_pattern.replace("{n}", &(scaling.first_number + self.added).to_string());
        self.added += 1;
        let key = stable_name(&name);
        self.open_stamp(StampConfig { name, key, ..template.clone() }, Life::Deploying, agenda.now());
        let index = (self.stamps.len() - 1) as u32;
        self.other_event(agenda, agenda.now() + scaling.lead_time, Kind::StampReady, key, (index, 0));
    }

    /// A new stamp takes devices from now on.
    pub(super) fn stamp_ready(&mut self, now: SimTime, index: u16) {
        self.hubs[usize::from(index)].life = Life::Active;
        self.recorder.level_mut(self.figures.stamps_active).add(1, now);
        self.added_at.push((StampId(index), now));
    }
}
