//! What each DPS instance did, where instances are told apart, and what the API in front of them did.

use crate::metrics::measure::MeasureKey;
use crate::metrics::{Component, Usage};
use crate::model::figures::Queue;
use crate::model::ids::ServiceId;
use crate::model::world::World;
use crate::units::{SimDuration, SimTime};

/// A figure by its key.
type Figures = Vec<(MeasureKey, f64)>;

impl World<'_> {
    /// Use of each instance's registration limit in the window that ends.
    pub(super) fn note_instances(&mut self, length: SimDuration) {
        for (place, used) in self.figures.uses[Queue::DpsRegistration as usize].iter().enumerate() {
            let limit = self.instances[place].registrations.limit_per_second() * length.secs();
            let admitted = used.total - std::mem::replace(&mut self.front.closed[place], used.total);
            let share = if limit > 0.0 { admitted as f64 / limit } else { 0.0 };
            self.front.uses[place].push(share);
        }
    }

    /// What the API used in a window: itself by time, its requests by count.
    pub(super) fn meter_api(&mut self, usage: &mut Usage, length: SimDuration) {
        let (by_time, by_request) = self.config.dps.topology.entry().prices();
        let at = Component::ProvisioningApi;
        if let Some(price) = by_time {
            usage.add_time(at, None, &price.name, u64::from(price.quantity), length);
        }
        let answered = self.front.requests + self.front.look_ups;
        let new = answered - std::mem::replace(&mut self.front.billed, answered);
        if let Some(price) = by_request {
            usage.add_count(at, None, price, u128::from(new));
        }
    }

    /// The figures of instances and API.
    pub(super) fn dps_figures(&self, out: &mut Figures) {
        for service in (0..self.instances.len() as u16).map(ServiceId) {
            self.instance_figures(service, out);
        }
        if let Some(imbalance) = self.dps_imbalance() {
            out.push((MeasureKey::new("dps_imbalance_ratio"), imbalance));
        }
        if self.config.dps.topology.entry().api().is_some() {
            let key = MeasureKey::new;
            let (front, asked) = (&self.front, self.front.requests + self.front.refused);
            out.push((key("provisioning_api_requests").with("kind", "device"), asked as f64));
            if self.has_store() {
                out.push((key("provisioning_api_requests").with("kind", "look_up"), front.look_ups as f64));
            }
            if asked > 0 {
                out.push((key("provisioning_api_refused_ratio"), front.refused as f64 / asked as f64));
            }
        }
    }

    fn instance_figures(&self, service: ServiceId, out: &mut Figures) {
        let (config, instance) = (&self.config.dps.services[service.index()], &self.instances[service.index()]);
        let key = |name| MeasureKey::new(name).with("dps", &*config.name);
        let used = |queue: Queue| &self.figures.uses[queue as usize][service.index()];
        let asked = used(Queue::DpsRegistration).total + instance.refused;
        out.push((key("dps_registrations"), instance.accepted as f64));
        out.push((key("dps_operations"), (instance.accepted + used(Queue::DpsOperation).total) as f64));
        if asked > 0 {
            out.push((key("dps_refused_ratio"), instance.refused as f64 / asked as f64));
        }
        let uses = [("registrations", Queue::DpsRegistration), ("operations", Queue::DpsOperation)];
        for (limit, queue) in uses {
            let used = used(queue);
            if used.room > 0.0 {
                let key = key("dps_utilisation_ratio").with("limit", limit).with("stat", "mean");
                out.push((key, used.total as f64 / used.room));
            }
        }
        let most = self.front.uses[service.index()].iter().copied().fold(0.0, f64::max);
        let busiest = key("dps_utilisation_ratio").with("limit", "registrations").with("stat", "max_window");
        out.push((busiest, most));
        if let Some(room) = config.registrations_max {
            let held = key("dps_utilisation_ratio").with("limit", "held").with("stat", "max");
            out.push((held, f64::from(instance.held_most) / f64::from(room)));
        }
    }

    /// The instance that accepted most against the mean of those that assign hubs.
    fn dps_imbalance(&self) -> Option<f64> {
        let accepted: Vec<f64> =
            self.config.dps.targets().map(|service| self.instances[service.index()].accepted as f64).collect();
        let mean = accepted.iter().sum::<f64>() / accepted.len() as f64;
        (mean > 0.0).then(|| accepted.iter().copied().fold(0.0, f64::max) / mean)
    }

    /// Use of each instance's registration limit by window.
    pub(super) fn dps_series(&mut self) -> Vec<(MeasureKey, Vec<f64>)> {
        let names = self.config.dps.services.iter().map(|service| &*service.name);
        let series = names.zip(std::mem::take(&mut self.front.uses)).map(|(name, uses)| {
            let key = MeasureKey::new("dps_utilisation_ratio").with("dps", name).with("limit", "registrations");
            (key, uses)
        });
        series.collect()
    }

    /// Whether figures are shown for each instance.
    pub(super) fn follows_instances(&self) -> bool {
        self.config.dps.is_followed()
    }

    /// Closes the window of the instances, where they are told apart.
    pub(super) fn close_instances(&mut self, from: SimTime, now: SimTime) {
        if self.follows_instances() {
            self.note_instances(now - from);
        }
    }
}
