//! What is observed of moves: their devices, their length against its floor, their pauses, and the load on each limit.

use std::ops::Range;
use std::rc::Rc;

use crate::metrics::measure::MeasureKey;
use crate::model::figures::Queue;
use crate::model::ids::{DeviceId, StampId};
use crate::model::movement::run::{MoveRun, Passed};
use crate::model::movement::wave::MoveConfig;
use crate::model::stamp::hub::Rung;
use crate::model::world::World;
use crate::theory::floors::{Crossing, move_floor};
use crate::units::{SimDuration, SimTime};

impl Passed {
    /// The limit as a queue.
    pub(super) fn queue(self) -> Queue {
        match self {
            Self::Registry => Queue::Registry,
            Self::Connect => Queue::Connect,
            Self::Registration => Queue::DpsRegistration,
        }
    }
}

impl World<'_> {
    /// From now on the use of the limits is counted for a move, by minutes.
    pub(super) fn watch_move(&mut self, index: usize) {
        if !self.figures.watches.iter().any(|(watched, _)| *watched == index) {
            let peaks = std::mem::take(&mut self.moves[index].peaks);
            self.figures.watches.push((index, peaks));
        }
    }

    /// The move is over; what was counted is kept.
    pub(super) fn unwatch_move(&mut self, index: usize) {
        let place = self.figures.watches.iter().position(|(watched, _)| *watched == index);
        if let Some(place) = place {
            self.note_rates(index, 0..self.stamps.len());
            self.moves[index].peaks = self.figures.watches.remove(place).1;
        }
    }

    /// A stamp is about to change in size: the limits that it had count for the moves under way.
    pub(super) fn note_size(&mut self, stamp: usize) {
        for watch in 0..self.figures.watches.len() {
            self.note_rates(self.figures.watches[watch].0, stamp..stamp + 1);
        }
    }

    fn note_rates(&mut self, index: usize, stamps: Range<usize>) {
        let rates = &mut self.moves[index].rates;
        rates.resize(self.stamps.len(), [0.0; 2]);
        for (stamp, most) in self.stamps[stamps.clone()].iter().zip(&mut rates[stamps]) {
            let own = stamp.rung();
            let now = [Passed::Registry, Passed::Connect].map(|limit| rate_of(&own, limit));
            *most = [most[0].max(now[0]), most[1].max(now[1])];
        }
    }

    /// An operation passes a limit; counts for the moves under way, by the limit that there is now.
    #[inline]
    pub(super) fn note_peak(&mut self, limit: Passed, place: usize, now: SimTime) {
        if !self.figures.watches.is_empty() {
            let rate = self.limit(limit.queue(), place);
            self.figures.watches.iter_mut().for_each(|(_, peaks)| peaks.add(limit, place, now, rate));
        }
    }

    /// A device passed a limit; counts where it is part of a move.
    #[inline]
    pub(super) fn note_work(&mut self, device: DeviceId, limit: Passed, place: usize) {
        let index = usize::from(self.columns.move_of[device.index()]);
        if let Some(run) = self.moves.get_mut(index) {
            run.work.add(limit, place);
        }
    }

    /// What became of moves, over the whole run.
    pub(super) fn move_figures(&mut self, out: &mut Vec<(MeasureKey, f64)>, now: SimTime) {
        for index in 0..self.moves.len() {
            self.unwatch_move(index);
        }
        for (index, (run, plan)) in self.moves.iter().zip(&self.plans).enumerate() {
            if !run.begun || self.is_remedy(index) {
                continue;
            }
            let key = |name| MeasureKey::new(name).with("move", &*plan.name);
            self.device_figures(run, plan, out);
            if let Some(length) = run.length(plan.at) {
                out.push((key("move_duration_s"), length.secs()));
            }
            if run.is_over() && run.taken_over == 0 {
                out.push((key("move_floor_s"), self.floor(run, plan)));
            }
            if self.config.gateway.is_some() {
                out.push((key("move_calls_failed"), run.calls_failed as f64));
            }
            if plan.guard.is_some() {
                out.push((key("move_pauses"), f64::from(run.pauses.count)));
                out.push((key("move_paused_s"), run.pauses.length(now).secs()));
            }
            self.peak_figures(run, plan, out);
        }
    }

    /// Pauses of moves; one that still lasts ends now.
    pub(super) fn pause_spans(&mut self, now: SimTime) -> Vec<(String, SimTime, SimTime)> {
        self.moves.iter_mut().for_each(|run| run.end_pause(now));
        let of = |(run, plan): (&MoveRun, &Rc<MoveConfig>)| {
            let name = plan.name.clone();
            run.paused.clone().into_iter().map(move |(from, until)| (name.clone(), from, until))
        };
        self.moves.iter().zip(&self.plans).flat_map(of).collect()
    }

    fn device_figures(&self, run: &MoveRun, plan: &MoveConfig, out: &mut Vec<(MeasureKey, f64)>) {
        let key = MeasureKey::new("move_devices").with("move", &*plan.name);
        out.push((key.clone(), f64::from(run.evicted)));
        out.push((key.clone().with("state", "planned"), f64::from(run.planned)));
        out.push((key.clone().with("state", "arrived"), f64::from(run.arrived - run.taken_over)));
        if plan.may_go_back() {
            let back = run.back.map_or(0, |back| self.moves[back].at_home);
            out.push((key.with("state", "rolled_back"), f64::from(back)));
        }
    }

    /// Use of the limits by everyone in the fullest minute, at the places that devices of the move came to or left.
    fn peak_figures(&self, run: &MoveRun, plan: &MoveConfig, out: &mut Vec<(MeasureKey, f64)>) {
        let ratio = |limit: Passed, place: usize| run.peaks.most(limit, place);
        let key = |limit: Passed| {
            let of = MeasureKey::new("move_peak_utilisation_ratio").with("move", &*plan.name);
            of.with("limit", limit.queue().name())
        };
        for limit in [Passed::Registry, Passed::Connect] {
            for (s, stamp) in self.stamps.iter().enumerate() {
                let left = limit == Passed::Registry && run.left.contains_key(&StampId(s as u16));
                let touched = left || run.work.at(limit, s) > 0;
                if touched && ratio(limit, s) > 0.0 {
                    out.push((key(limit).with("stamp", &*stamp.name), ratio(limit, s)));
                }
            }
        }
        let instances = 0..self.instances.len();
        let used = instances.filter(|instance| run.work.at(Passed::Registration, *instance) > 0);
        if let Some(most) = used.map(|instance| ratio(Passed::Registration, instance)).max_by(f64::total_cmp) {
            out.push((key(Passed::Registration), most));
        }
    }

    /// The length that the move could not have undercut: its pace, and each limit with what its devices needed of it.
    fn floor(&self, run: &MoveRun, plan: &MoveConfig) -> f64 {
        let paced = (plan.eviction(run.evicted_last, run.planned) - plan.at).secs();
        // Each restart after a fault gives a hub its credit anew.
        let fills = 1 + self.occurrences.iter().filter(|fault| fault.from < run.last).count();
        let crossing = |limit: Passed, place: usize| {
            let (rate, credit) = self.most_of(run, limit, place);
            // A bucket holds at least one operation.
            let credit = credit.secs().max(1.0 / rate) * fills as f64;
            Crossing { operations: run.work.at(limit, place) as f64, rate, credit }
        };
        let hubs = (0..self.hubs.len()).flat_map(|s| [Passed::Registry, Passed::Connect].map(|limit| (limit, s)));
        let instances = (0..self.instances.len()).map(|instance| (Passed::Registration, instance));
        move_floor(paced, hubs.chain(instances).map(|(limit, place)| crossing(limit, place)))
    }

    /// The largest rate that a limit had while a move was under way, or can be scaled to [operations/s], and its credit as
    /// time worth of it.
    fn most_of(&self, run: &MoveRun, limit: Passed, place: usize) -> (f64, SimDuration) {
        let Some(stamp) = self.stamps.get(place).filter(|_| limit != Passed::Registration) else {
            let now = self.instances[place].registrations.limit_per_second();
            let configured = self.config.dps.services[place].registrations.per_second();
            return (now.max(configured), self.config.dps.registration_shaping.credit);
        };
        let seen = run.rates.get(place).map_or(0.0, |rates| rates[usize::from(limit == Passed::Connect)]);
        // A stamp that opened after the move was over has no rate of then.
        let seen = if seen > 0.0 { seen } else { rate_of(&stamp.rung(), limit) };
        let credit = if limit == Passed::Registry { stamp.registry_shaping } else { stamp.connect_shaping }.credit;
        (stamp.ladder.iter().map(|size| rate_of(size, limit)).fold(seen, f64::max), credit)
    }
}

/// Rate of a limit of a hub of this size, without any fault [operations/s].
fn rate_of(size: &Rung, limit: Passed) -> f64 {
    match limit {
        Passed::Registry => size.edition.registry.of(size.units).per_second(),
        _ => size.edition.connects.of(size.units).per_second(),
    }
}
