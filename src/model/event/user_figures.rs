//! What is observed of users: who is served where, who is not, and who is apart from its devices.

use std::collections::BTreeMap;

use crate::metrics::measure::MeasureKey;
use crate::metrics::{Component, Level, Usage};
use crate::model::event::window::RECOVERY_SHARES;
use crate::model::ids::{DeviceId, StampId};
use crate::model::routing::User;
use crate::model::world::World;
use crate::units::{SimDuration, SimTime};

/// Parts of a million that must be split before a population counts as split at all: 1 %.
const SPLIT_AT_ALL: u64 = 10_000;

impl World<'_> {
    /// Changes the number of users of a stamp.
    pub(super) fn count_on_stamp(&mut self, stamp: StampId, now: SimTime, change: impl Fn(&mut Level, SimTime)) {
        let figures = self.figures.users.as_ref().expect("users have figures");
        let place = figures.on_stamp.binary_search_by_key(&stamp, |(stamp, _)| *stamp);
        let (_, level) = figures.on_stamp[place.expect("every endpoint has a level")];
        change(self.recorder.level_mut(level), now);
    }

    /// Counts the users of a population without service.
    pub(super) fn set_lost(&mut self, p: usize, now: SimTime) {
        let on = self.routing.populations[p].on.iter().enumerate();
        let down = on.filter(|(endpoint, _)| self.front_end(p, *endpoint as u8).is_some());
        let lost: u64 = down.map(|(_, users)| u64::from(*users)).sum();
        let level = self.figures.users.as_ref().expect("users have figures").unavailable;
        let before = self.routing.populations[p].lost.value();
        self.routing.populations[p].lost.set(lost, now);
        let all = self.recorder.level_value(level) - before + lost;
        self.recorder.level_mut(level).set(all, now);
    }

    /// An identity comes to a stamp or leaves it.
    pub(super) fn device_of_population(&mut self, device: DeviceId, stamp: StampId, comes: bool, now: SimTime) {
        let cohort = self.devices[device.index()].cohort;
        for p in 0..self.routing.populations.len() {
            let config = &self.config.users[p];
            let place = config.endpoints.iter().position(|endpoint| *endpoint == stamp);
            if config.cohort != Some(cohort) {
                continue;
            }
            if let Some(endpoint) = place {
                let held = &mut self.routing.populations[p].devices[endpoint];
                *held = if comes { *held + 1 } else { *held - 1 };
            }
            self.set_split(p, now);
        }
    }

    pub(super) fn set_split(&mut self, p: usize, now: SimTime) {
        let Some(cohort) = self.config.users[p].cohort else { return };
        let devices = u64::from(self.in_fleet(cohort.index()));
        let split = self.routing.populations[p].split(devices);
        let figures = self.figures.users.as_mut().expect("users have figures");
        if let Some(level) = figures.split[p] {
            self.recorder.level_mut(level).set(split, now);
            figures.split_at_all[p].set(u64::from(split >= SPLIT_AT_ALL), now);
        }
    }

    /// Queries to name services and endpoints that they probe, where that is billed: each user asks when its answer runs out.
    pub(super) fn meter_names(&self, usage: &mut Usage, from: SimTime, now: SimTime) {
        for (config, population) in self.config.users.iter().zip(&self.routing.populations) {
            let Some(bill) = config.bill else { continue };
            let asked = |(i, user): (usize, &User)| {
                let kept = config.kept(i as u32).0;
                let until = |time: SimTime| (time.0 + kept - user.phase).checked_div(kept).unwrap_or(0);
                u128::from(until(now) - until(from))
            };
            let queries = population.users.iter().enumerate().map(asked).sum();
            usage.add_count(Component::TrafficManager, None, bill.queries, queries);
            for price in bill.endpoints.into_iter().flatten() {
                usage.add_time(Component::TrafficManager, None, price, config.endpoints.len() as u64, now - from);
            }
        }
    }

    /// What happened to users, over the whole run.
    pub(super) fn user_figures(&mut self, now: SimTime, out: &mut Vec<(MeasureKey, f64)>) {
        let Some(figures) = &mut self.figures.users else { return };
        let key = MeasureKey::new;
        let minutes = |integral: u128| integral as f64 / SimDuration::MINUTE.0 as f64;
        out.push((key("user_minutes_lost"), minutes(self.recorder.level_mut(figures.unavailable).integral(now))));
        for (p, config) in self.config.users.iter().enumerate() {
            let of = |name| key(name).with("users", &*config.name);
            out.push((of("user_minutes_lost"), minutes(self.routing.populations[p].lost.integral(now))));
            if let Some(level) = figures.split[p] {
                let split = minutes(self.recorder.level_mut(level).integral(now)) / 1e6;
                let at_all = minutes(figures.split_at_all[p].integral(now));
                out.push((of("split_population_minutes").with("stat", "mean"), split));
                out.push((of("split_population_minutes").with("stat", "any"), at_all));
            }
        }
        self.degraded_figures(out);
        self.shift_figures(out);
    }

    /// When endpoints were Degraded, by fault and population.
    fn degraded_figures(&self, out: &mut Vec<(MeasureKey, f64)>) {
        let mut times: BTreeMap<(usize, usize), Vec<f64>> = BTreeMap::new();
        for (fault, population, time) in &self.routing.degraded {
            times.entry((*fault, *population)).or_default().push(time.secs());
        }
        for ((fault, population), times) in times {
            let (fault, users) = (&*self.config.faults[fault].name, &*self.config.users[population].name);
            let of = MeasureKey::new("time_to_degraded_s").with("fault", fault).with("users", users);
            let key = |stat| of.clone().with("stat", stat);
            out.push((key("min"), times.iter().copied().fold(f64::INFINITY, f64::min)));
            out.push((key("mean"), times.iter().sum::<f64>() / times.len() as f64));
            out.push((key("max"), times.iter().copied().fold(0.0, f64::max)));
        }
    }

    /// When users had moved, over all shifts of one fault or switch.
    fn shift_figures(&self, out: &mut Vec<(MeasureKey, f64)>) {
        let mut by_name: BTreeMap<(&'static str, &str), (u64, Vec<SimDuration>)> = BTreeMap::new();
        for shift in &self.routing.shifts {
            let (affected, moved) = by_name.entry((shift.label, &shift.name)).or_default();
            *affected += u64::from(shift.affected);
            moved.extend(&shift.moved);
        }
        for ((label, name), (affected, mut moved)) in by_name {
            let key = || MeasureKey::new("time_to_move_users_s").with(label, name);
            moved.sort_unstable();
            for (share, text) in RECOVERY_SHARES {
                let rank = (share * affected as f64).ceil() as usize;
                if let Some(time) = rank.checked_sub(1).and_then(|rank| moved.get(rank)) {
                    out.push((key().with("share", text), time.secs()));
                }
            }
            if !moved.is_empty() {
                let sum: f64 = moved.iter().map(|time| time.secs()).sum();
                out.push((key().with("stat", "mean"), sum / moved.len() as f64));
            }
        }
    }
}
