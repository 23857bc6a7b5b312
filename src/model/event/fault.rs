//! Faults begin and end: their conditions come into force, devices lose connections and power, and get them back.

use crate::kernel::draws::{Purpose, member};
use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::model::condition::{Condition, DownStyle, Effect, Target};
use crate::model::event::Kind;
use crate::model::fault::{OCCURRENCES_MAX, Schedule};
use crate::model::gateway::cache::Cache;
use crate::model::ids::{DeviceId, RegionId, StampId};
use crate::model::population::device::{Device, State};
use crate::model::world::{Occurrence, Status, World};
use crate::units::{SimDuration, SimTime};

impl World<'_> {
    pub(super) fn schedule_faults<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        for (index, fault) in self.config.faults.iter().enumerate() {
            let at = match &fault.schedule {
                Schedule::At { at, .. } | Schedule::Once { at, .. } => *at,
                Schedule::Drawn { .. } => self.next_drawn(index, SimTime::ZERO, 0),
                Schedule::Listed(list) => match list.first() {
                    Some(first) => first.at,
                    None => continue,
                },
            };
            self.expect_edge(agenda, at);
            self.other_event(agenda, at, Kind::FaultBegins, fault.key, (index as u32, 0));
        }
    }

    /// A fault begins, unless there were too many.
    pub(super) fn fault_begins<L: EventList>(&mut self, agenda: &mut Agenda<L>, fault: usize) {
        if self.occurrences.len() == OCCURRENCES_MAX {
            return; // A scenario whose faults are expected to come near this is refused.
        }
        let now = agenda.now();
        self.edge_begins(agenda);
        self.flow_until(now);
        self.recorder.cut(now);
        let config = &self.config.faults[fault];
        let number = self.occurred(fault);
        let until = self.end_of(fault, now, number);
        let (effects, targets) = self.strikes(fault, number);
        self.schedule_next_listed(agenda, fault, number);
        let occurrence = self.occurrences.len() as u16;
        self.occurrences.push(Occurrence {
            fault,
            number,
            from: now,
            until,
            effects: effects.clone(),
            targets,
            identities_lost: 0,
            registered: self.registered(),
            affected: 0,
            by_generation: self.registered_by_generation(),
            recoveries: Vec::new(),
        });
        let index = u32::from(occurrence);
        if until < SimTime::ZERO + self.config.horizon {
            self.other_event(agenda, until, Kind::FaultEnds, config.key, (index, 0));
        }
        for (e, effect) in effects.iter().enumerate() {
            let begins = now + effect.delay;
            if effect.delay.is_zero() {
                self.effect_begins(agenda, index as usize, e);
            } else if begins < until && begins < SimTime::ZERO + self.config.horizon {
                self.other_event(agenda, begins, Kind::EffectBegins, config.key, (index, e as u16));
            }
        }
        self.schedule_remedy(agenda, usize::from(occurrence));
    }

    /// An effect of a fault comes into force.
    pub(super) fn effect_begins<L: EventList>(&mut self, agenda: &mut Agenda<L>, occurrence: usize, effect: usize) {
        let effect = self.occurrences[occurrence].effects[effect];
        self.active.push((occurrence as u16, effect));
        self.apply_conditions(effect.target, agenda.now());
        self.front_end_changes(agenda, effect);
        match (effect.target, effect.condition) {
            (Target::Stamp(stamp), Condition::Down(style)) => {
                self.stamp_goes_down(agenda, stamp, style, occurrence as u16);
            }
            (Target::Region(region), Condition::Off(_)) => {
                self.region_goes_dark(agenda, region, occurrence as u16);
            }
            (Target::Fleet, Condition::Reboots(wave)) => self.schedule_reboots(agenda, &wave, occurrence),
            (target, Condition::Breaks(share, style, who)) => {
                self.break_connections(agenda, (target, who), (share, style), occurrence);
            }
            (Target::Processing(stamp), Condition::Halted) => self.halt_processing(agenda.now(), stamp),
            (Target::Cache, Condition::Flush) => {
                self.note_flush(agenda.now());
                self.cache.iter_mut().for_each(Cache::flush);
            }
            (Target::SecondaryCache, Condition::Flush) => self.secondary.iter_mut().for_each(Cache::flush),
            _ => {}
        }
    }

    /// The cause of a fault ends; the next occurrence of a drawn one is scheduled.
    pub(super) fn fault_ends<L: EventList>(&mut self, agenda: &mut Agenda<L>, occurrence: usize) {
        let now = agenda.now();
        self.flow_until(now);
        let fault = self.occurrences[occurrence].fault;
        let ended: Vec<Effect> =
            self.active.iter().filter(|(o, _)| usize::from(*o) == occurrence).map(|(_, e)| *e).collect();
        for effect in &ended {
            if let (Target::Stamp(stamp), Condition::FailingOver(loses)) = (effect.target, effect.condition) {
                self.failed_over(now, stamp, &loses, occurrence);
            }
        }
        for effect in &ended {
            if let (Target::Stamp(stamp), Condition::Down(_)) = (effect.target, effect.condition)
                && !self.others_hold(occurrence, effect)
            {
                // Attempts up to now failed in the way of the outage, so they are counted while it is in force.
                self.stamp_comes_back(agenda, stamp);
            }
        }
        self.active.retain(|(o, _)| usize::from(*o) != occurrence);
        for effect in &ended {
            self.apply_conditions(effect.target, now);
            self.front_end_changes(agenda, *effect);
            self.resume_path(agenda, *effect);
            if let (Target::Region(region), Condition::Off(over)) = (effect.target, effect.condition)
                && !self.others_hold(occurrence, effect)
            {
                self.region_gets_power(agenda, region, over);
            }
        }
        if let Schedule::Drawn { .. } = self.config.faults[fault].schedule {
            let number = self.occurred(fault);
            let at = self.next_drawn(fault, now, number);
            self.expect_edge(agenda, at);
            self.other_event(agenda, at, Kind::FaultBegins, self.config.faults[fault].key, (fault as u32, 0));
        }
        self.fault_remedied(agenda, occurrence);
        // Last, since what was counted in bulk up to now belongs to the time of the fault.
        self.recorder.cut(now);
    }

    /// Whether another fault keeps the same target down or dark.
    fn others_hold(&self, occurrence: usize, effect: &Effect) -> bool {
        let same = |e: &Effect| std::mem::discriminant(&e.condition) == std::mem::discriminant(&effect.condition);
        self.active.iter().any(|(o, e)| usize::from(*o) != occurrence && e.target == effect.target && same(e))
    }

    /// Recomputes what the conditions in force make of a target.
    fn apply_conditions(&mut self, target: Target, now: SimTime) {
        let mut status = Status::default();
        for (occurrence, effect) in self.active.iter().filter(|(_, e)| e.target == target) {
            match effect.condition {
                Condition::Down(style) => {
                    status.down = Some(style);
                    status.occurrence = *occurrence;
                }
                Condition::Slow(factor) => status.slow *= factor,
                Condition::ErrorRate(share) => status.errors = 1.0 - (1.0 - status.errors) * (1.0 - share),
                Condition::CapacityCut(left) => status.capacity *= left,
                Condition::Excluded => status.excluded = true,
                Condition::NoFrontEnd(style) => status.front_end = Some((style, *occurrence)),
                Condition::ErrorRateOf(..) => status.errs_by_feature = true,
                Condition::NoProvisioning => status.no_provisioning = true,
                // Carried out where they begin and end.
                Condition::Flush
                | Condition::Off(_)
                | Condition::Halted
                | Condition::FailingOver(_)
                | Condition::Reboots(_)
                | Condition::Breaks(..) => {}
            }
        }
        match target {
            Target::Stamp(stamp) => self.set_stamp_status(stamp, status, now),
            Target::Dps(service) => self.dps_status[service.index()] = status,
            Target::ProvisioningApi => self.api_status = status,
            Target::Cache => self.cache_status = status,
            Target::SecondaryCache => self.secondary_status = status,
            Target::Region(_) | Target::Processing(_) | Target::Fleet => {}
        }
    }

    fn set_stamp_status(&mut self, stamp: StampId, status: Status, now: SimTime) {
        let before = std::mem::replace(&mut self.stamp_status[stamp.index()], status);
        let cut = |a: f64, b: f64| (a - b).abs() > f64::EPSILON;
        if cut(before.capacity, status.capacity) {
            self.hubs[stamp.index()].set_limits(&self.stamps[stamp.index()], status.capacity, now);
        }
    }

    /// Connections to a stamp break, at once or unnoticed.
    fn stamp_goes_down<L: EventList>(
        &mut self,
        agenda: &mut Agenda<L>,
        stamp: StampId,
        style: DownStyle,
        occurrence: u16,
    ) {
        self.halt_stamp(agenda.now(), stamp);
        self.stop_moves_back(agenda.now(), stamp);
        for i in 0..self.devices.len() {
            let record = self.devices[i];
            let device = DeviceId(i as u32);
            if record.stamp == stamp {
                self.seen_dead(device, agenda.now());
            }
            if record.stamp != stamp || record.state != State::Connected {
                continue;
            }
            match style {
                DownStyle::Reset => self.lose_connection(agenda, device, occurrence),
                DownStyle::Silent => self.lose_silently(agenda, device, occurrence),
            }
        }
    }

    /// A connection is dead, but the device learns it only from an unanswered keep-alive: 1.5 intervals after its last
    /// traffic, which lies anywhere in the interval before.
    pub(super) fn lose_silently<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId, occurrence: u16) {
        let now = agenda.now();
        self.drop_connection(device, now, occurrence);
        self.set_state(device, State::Unaware, now);
        let (ping, patience) = self.next_ping(device);
        self.timer(agenda, device, now + ping + patience, Kind::Notice);
    }

    /// Time from the death of a connection to its next ping, and how long its answer is waited for.
    pub(super) fn next_ping(&self, device: DeviceId) -> (SimDuration, SimDuration) {
        let keep_alive = self.cohort(device).keep_alive;
        let counter = u64::from(self.devices[device.index()].episode);
        let unit = self.device_draw(device, Purpose::KeepAlivePhase, counter).unit();
        (SimDuration((keep_alive.0 as f64 * unit) as u64), keep_alive / 2)
    }

    fn stamp_comes_back<L: EventList>(&mut self, agenda: &mut Agenda<L>, stamp: StampId) {
        let now = agenda.now();
        self.hubs[stamp.index()].restart(now);
        self.unpark(agenda, stamp);
        for i in 0..self.devices.len() {
            let record = self.devices[i];
            if record.stamp == stamp && record.state == State::Unaware {
                // The hub is back and refuses the dead session at the next ping.
                let device = DeviceId(i as u32);
                let lost_at = self.columns.episodes[i].lost_at;
                let (ping, _) = self.next_ping(device);
                self.timer(agenda, device, (lost_at + ping).max(now), Kind::Notice);
            }
        }
    }

    /// The devices of a region lose power.
    fn region_goes_dark<L: EventList>(&mut self, agenda: &mut Agenda<L>, region: RegionId, occurrence: u16) {
        for i in 0..self.devices.len() {
            if self.region_of(DeviceId(i as u32)) == region {
                self.goes_dark(agenda, DeviceId(i as u32), occurrence);
            }
        }
    }

    /// A device loses power, if it has any.
    pub(super) fn goes_dark<L: EventList>(
        &mut self,
        agenda: &mut Agenda<L>,
        device: DeviceId,
        occurrence: u16,
    ) -> bool {
        let (now, i) = (agenda.now(), device.index());
        let record = self.devices[i];
        if record.is(Device::DORMANT) || record.state == State::Off || !record.state.in_fleet() {
            return false;
        }
        if record.state == State::Connected {
            self.drop_connection(device, now, occurrence);
            self.looks_alive(agenda, device, now + self.silence(device));
        } else {
            self.become_unavailable(device, now, occurrence);
        }
        self.devices[i].set(Device::PARKED, false);
        self.devices[i].clear_timer();
        self.set_state(device, State::Off, now);
        true
    }

    /// Power returns: every device of the region tries at once, or spread evenly over a time.
    fn region_gets_power<L: EventList>(&mut self, agenda: &mut Agenda<L>, region: RegionId, over: SimDuration) {
        let now = agenda.now();
        for i in 0..self.devices.len() {
            let record = self.devices[i];
            if self.region_of(DeviceId(i as u32)) != region || record.state != State::Off || record.is(Device::DORMANT)
            {
                continue;
            }
            let device = DeviceId(i as u32);
            let wait = if over.is_zero() {
                SimDuration::ZERO
            } else {
                let key = member(self.device_key(device), u64::from(record.episode));
                SimDuration(self.draws.stream(key, Purpose::ReturnSpread, 1).below(over.0))
            };
            self.gets_power(agenda, device, now + wait);
        }
    }

    /// A device without power has it back from a time on.
    pub(super) fn gets_power<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId, at: SimTime) {
        self.begin_episode(device, at);
        if self.asks_dps_at_boot(device) {
            self.go_to_dps(agenda, device, at);
        } else {
            self.set_state(device, State::BackingOff, agenda.now());
            self.schedule_first_attempt(agenda, device, at);
        }
    }
}
