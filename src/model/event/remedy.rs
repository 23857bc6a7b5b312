//! Remedies: fault → detection → the devices of the stamp are moved elsewhere → fault over → they are moved back.
//!
//! A remedy moves devices as any other move does. What differs: the source is dead, so it can tell its devices nothing and
//! gives up their identities without being asked.

use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::metrics::measure::MeasureKey;
use crate::metrics::recorder::TallyId;
use crate::model::condition::{Condition, Target};
use crate::model::event::Kind;
use crate::model::fault::remediation::{FailBack, Learns, Plan};
use crate::model::ids::{DeviceId, RingId, StampId};
use crate::model::movement::MoveRule;
use crate::model::movement::run::MoveRun;
use crate::model::movement::wave::MoveConfig;
use crate::model::population::device::{Device, State};
use crate::model::stamp::hub::Life;
use crate::model::world::{RemedyRun, World};
use crate::units::{Rate, SimDuration, SimTime};

impl World<'_> {
    /// What the operator does about an occurrence.
    fn remedy_of(&self, occurrence: usize) -> Option<(Plan, &str)> {
        let remedy = self.config.faults[self.occurrences[occurrence].fault].remedy.as_ref()?;
        remedy.plan.map(|plan| (plan, remedy.name.as_str()))
    }

    fn remedy_event<L: EventList>(&self, agenda: &mut Agenda<L>, at: SimTime, kind: Kind, occurrence: usize) {
        let key = self.config.faults[self.occurrences[occurrence].fault].key;
        self.other_event(agenda, at, kind, key, (occurrence as u32, 0));
    }

    /// A fault has begun; the operator will notice if it lasts so long.
    pub(super) fn schedule_remedy<L: EventList>(&mut self, agenda: &mut Agenda<L>, occurrence: usize) {
        let Some((plan, _)) = self.remedy_of(occurrence) else { return };
        let at = agenda.now() + plan.detection;
        if at < self.occurrences[occurrence].until && at < SimTime::ZERO + self.config.horizon {
            self.remedy_event(agenda, at, Kind::RemedyBegins, occurrence);
        }
    }

    /// The operator has noticed: every stamp that the fault put down is closed, and its devices are moved.
    pub(super) fn remedy_begins<L: EventList>(&mut self, agenda: &mut Agenda<L>, occurrence: usize) {
        let Some((plan, name)) = self.remedy_of(occurrence) else { return };
        let name = name.to_owned();
        for stamp in self.put_down_by(occurrence) {
            let closed = !std::mem::replace(&mut self.closed[stamp.index()], true);
            let rule = MoveRule { from: vec![stamp], to: plan.spare, ..MoveRule::default() };
            let out = self.begin_remedy(agenda, (name.clone(), plan.pace), rule, None);
            self.note_enrollments(out);
            self.remedies.push(RemedyRun { occurrence, stamp, out, back: None, closed });
        }
    }

    /// What the enrollment of a device says: its ring, and the stamp that it is pinned to.
    fn enrolled(&self, device: DeviceId) -> (RingId, Option<StampId>) {
        (self.devices[device.index()].ring, self.enrollments.pinned(device.registration()))
    }

    /// Keeps what the enrollments of a remedy's devices say at its beginning.
    fn note_enrollments(&mut self, index: usize) {
        let says = |device: &DeviceId| (*device, self.enrolled(*device));
        self.moves[index].enrolled = self.moves[index].devices.iter().map(says).collect();
    }

    /// A remedy has changed the enrollment of a device.
    pub(super) fn note_enrollment(&mut self, index: usize, device: DeviceId) {
        let says = self.enrolled(device);
        if let Some(kept) = self.moves[index].enrolled.get_mut(&device) {
            *kept = says;
        }
    }

    fn put_down_by(&self, occurrence: usize) -> Vec<StampId> {
        let down = |effect: &crate::model::condition::Effect| match (effect.target, effect.condition) {
            (Target::Stamp(stamp), Condition::Down(_)) => Some(stamp),
            _ => None,
        };
        self.occurrences[occurrence].effects.iter().filter_map(down).collect()
    }

    /// Begins a move of a remedy, of these devices or of those that its rule selects; gives the number of its plan.
    fn begin_remedy<L: EventList>(
        &mut self,
        agenda: &mut Agenda<L>,
        (name, pace): (String, Rate),
        rule: MoveRule,
        devices: Option<Vec<DeviceId>>,
    ) -> usize {
        let now = agenda.now();
        self.recorder.cut(now);
        let index = self.add_move(MoveConfig::plain(name, now, rule, pace), MoveRun::default());
        let devices = devices.unwrap_or_else(|| self.select(index));
        let (planned, begun) = (devices.len() as u32, !devices.is_empty());
        self.moves[index] = MoveRun { devices, planned, last: now, begun, ..MoveRun::default() };
        if begun {
            self.edge_begins(agenda);
            self.schedule_eviction(agenda, index);
        }
        index
    }

    /// A fault is over: who was not moved yet stays, and the way back is planned.
    pub(super) fn fault_remedied<L: EventList>(&mut self, agenda: &mut Agenda<L>, occurrence: usize) {
        let Some((plan, _)) = self.remedy_of(occurrence) else { return };
        let now = agenda.now();
        for r in 0..self.remedies.len() {
            if self.remedies[r].occurrence == occurrence {
                self.break_off(self.remedies[r].out, now);
                if plan.back.is_none() {
                    self.reopen(r);
                }
            }
        }
        if let Some(back) = plan.back {
            self.remedy_event(agenda, now + back.after, Kind::FailsBack, occurrence);
        }
    }

    /// The stamp takes devices again, unless another had closed it before.
    fn reopen(&mut self, remedy: usize) {
        let stamp = self.remedies[remedy].stamp.index();
        if std::mem::replace(&mut self.remedies[remedy].closed, false) && self.hubs[stamp].life == Life::Active {
            self.closed[stamp] = false;
        }
    }

    /// Ends a move with the devices that it has evicted.
    fn break_off(&mut self, index: usize, now: SimTime) {
        let run = &mut self.moves[index];
        if run.next as usize == run.devices.len() {
            return; // There is nobody left to evict.
        }
        run.devices.truncate(run.next as usize);
        run.begun = run.evicted > 0;
        self.close_move(index, now);
    }

    /// Devices are moved back to the stamps of a fault that is over; where one is down again, that waits.
    pub(super) fn fails_back<L: EventList>(&mut self, agenda: &mut Agenda<L>, occurrence: usize) {
        let Some((Plan { back: Some(back), .. }, name)) = self.remedy_of(occurrence) else { return };
        let name = format!("{name}-back");
        let mut later = false;
        for r in 0..self.remedies.len() {
            let run = &self.remedies[r];
            if run.occurrence != occurrence || run.back.is_some() {
                continue;
            }
            if self.stamp_status[run.stamp.index()].down.is_some() {
                later = true;
            } else {
                self.fail_back(agenda, r, name.clone(), back);
            }
        }
        if later {
            self.remedy_event(agenda, agenda.now() + back.after.max(SimDuration::MINUTE), Kind::FailsBack, occurrence);
        }
    }

    fn fail_back<L: EventList>(&mut self, agenda: &mut Agenda<L>, remedy: usize, name: String, back: FailBack) {
        self.reopen(remedy);
        let (stamp, out) = (self.remedies[remedy].stamp, self.remedies[remedy].out);
        let elsewhere = |device: &DeviceId| {
            let holder = self.columns.identity[device.index()];
            holder != StampId::NONE && holder != stamp
        };
        // Who was moved again meanwhile, or promoted, belongs where that put it.
        let enrolled = &self.moves[out].enrolled;
        let as_left = |device: &DeviceId| enrolled.get(device) == Some(&self.enrolled(*device));
        let devices = self.moves[out].devices.iter().copied().filter(elsewhere).filter(as_left).collect();
        let rule = MoveRule { to: Some(stamp), ..MoveRule::default() };
        let index = self.begin_remedy(agenda, (name, back.pace), rule, Some(devices));
        self.remedies[remedy].back = Some(index);
    }

    /// A stamp is down: nobody is moved back to it any more.
    pub(super) fn stop_moves_back(&mut self, now: SimTime, stamp: StampId) {
        for r in 0..self.remedies.len() {
            if let (true, Some(back)) = (self.remedies[r].stamp == stamp, self.remedies[r].back) {
                self.break_off(back, now);
            }
        }
    }

    /// Whether a plan is the way out or back of a remedy.
    pub(super) fn is_remedy(&self, index: usize) -> bool {
        let made_up = index >= self.config.moves.len();
        made_up && self.remedies.iter().any(|run| run.out == index || run.back == Some(index))
    }

    /// Whether a device has left the stamp that a remedy would take it from.
    pub(super) fn left_by_itself(&self, index: usize, device: DeviceId) -> bool {
        let from = &self.plans[index].rule.from;
        self.is_remedy(index) && !from.is_empty() && !from.contains(&self.columns.identity[device.index()])
    }

    /// A dead hub cannot tell a device that it was moved; a concierge can, if the device has power and waits for its hub.
    pub(super) fn tell_to_register<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId, index: usize) {
        let Some(run) = self.remedies.iter().find(|run| run.out == index) else { return };
        let told = self.remedy_of(run.occurrence).is_some_and(|(plan, _)| plan.learns == Learns::Concierge);
        let record = self.devices[device.index()];
        if !told || !matches!(record.state, State::BackingOff | State::Unaware | State::Connecting) {
            return;
        }
        if record.is(Device::PARKED) {
            self.count_parked_attempts(device, agenda.now());
        }
        self.go_to_dps(agenda, device, agenda.now());
    }

    /// Whether a stamp is kept for a fault, and takes the devices that are pinned to it.
    pub(super) fn is_open_spare(&self, stamp: StampId) -> bool {
        let s = stamp.index();
        let open = !self.closed[s] && !self.stamp_status[s].excluded && self.hubs[s].life == Life::Active;
        open && self.config.remedies().any(|plan| plan.spare == Some(stamp))
    }

    /// Where the downtime of a move's devices is counted.
    pub(super) fn downtime_tally(&self, index: usize) -> TallyId {
        let figures = &self.figures;
        let remedy = figures.remedy_downtime.filter(|_| self.is_remedy(index));
        remedy.unwrap_or_else(|| figures.move_downtime[self.moves[index].tally])
    }

    /// Devices that remedies moved, out and back; the time that it took, of a remedy that was carried out once.
    pub(super) fn remedy_figures(&self, out: &mut Vec<(MeasureKey, f64)>) {
        let mut done: Vec<(&str, f64, Vec<Option<f64>>)> = Vec::new();
        for (i, (run, plan)) in self.moves.iter().zip(&self.plans).enumerate() {
            if !self.is_remedy(i) || !run.begun {
                continue;
            }
            let length = run.length(plan.at).map(SimDuration::secs);
            match done.iter_mut().find(|(name, ..)| *name == plan.name) {
                Some((_, devices, lengths)) => {
                    *devices += f64::from(run.evicted);
                    lengths.push(length);
                }
                None => done.push((&plan.name, f64::from(run.evicted), vec![length])),
            }
        }
        for (name, devices, lengths) in done {
            let key = |measure| MeasureKey::new(measure).with("move", name);
            out.push((key("move_devices"), devices));
            if let [Some(length)] = lengths.as_slice() {
                out.push((key("move_duration_s"), *length));
            }
        }
    }
}
