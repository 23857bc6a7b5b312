//! Telemetry: device → send throttle → processing. As flows by default, each message as an event in the checking mode;
//! `superposed` is what lies between.

use crate::kernel::arrivals::{Tick, TickArrivals};
use crate::kernel::draws::{Purpose, member, stable_name};
use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::model::event::{Kind, world_key};
use crate::model::figures::Queue;
use crate::model::ids::{CohortId, DeviceId, StampId};
use crate::model::limit::STRATA;
use crate::model::population::device::State;
use crate::model::population::traffic::{Cadence, Fidelity, Message, Phases, Telemetry};
use crate::model::stamp::path::Fate;
use crate::model::world::{Class, NEVER, World};
use crate::units::{SimDuration, SimTime};

impl World<'_> {
    /// Schedules the sources of telemetry and calls.
    pub(super) fn begin_traffic<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        let cohorts = &self.config.cohorts;
        if self.has_flow() {
            self.schedule_flow(agenda);
        }
        for (c, cohort) in cohorts.iter().enumerate() {
            let index = (c as u32, 0);
            if cohort.calls.is_some() && self.config.gateway.is_some() {
                self.begin_calls(c);
                self.other_event(agenda, SimTime::ZERO, Kind::CallTick, cohort.key, index);
            }
            if cohort.telemetry.is_some() && self.config.fidelity == Fidelity::Events {
                self.sort_by_phase(c);
                self.other_event(agenda, SimTime::ZERO, Kind::MessageTick, cohort.key, index);
            }
        }
    }

    /// An empty class for each cohort, on a new stamp.
    pub(super) fn new_classes(&self) -> Vec<Class> {
        let phases = |telemetry: &Option<Telemetry>| match telemetry.as_ref().map(|t| t.cadence) {
            Some(Cadence::Periodic { period, .. }) => Some(Phases::new(period, self.config.tick)),
            _ => None,
        };
        self.config.cohorts.iter().map(|c| Class { connected: 0, phases: phases(&c.telemetry) }).collect()
    }

    /// A device begins to send to this stamp.
    pub(super) fn join_class(&mut self, device: DeviceId, stamp: StampId) {
        let phase = self.class_phase(device);
        let class = &mut self.classes[stamp.index()][self.devices[device.index()].cohort.index()];
        class.connected += 1;
        if let (Some(phases), Some(phase)) = (&mut class.phases, phase) {
            phases.add(phase);
        }
    }

    /// A device no longer sends to this stamp.
    pub(super) fn leave_class(&mut self, device: DeviceId, stamp: StampId) {
        let phase = self.class_phase(device);
        let class = &mut self.classes[stamp.index()][self.devices[device.index()].cohort.index()];
        class.connected -= 1;
        if let (Some(phases), Some(phase)) = (&mut class.phases, phase) {
            phases.remove(phase);
        }
    }

    fn class_phase(&self, device: DeviceId) -> Option<u64> {
        match self.cohort(device).telemetry.as_ref()?.cadence {
            Cadence::Periodic { period, .. } => Some(self.phase(device, period)),
            Cadence::Poisson { .. } => None,
        }
    }

    /// A tick of the flow ends.
    pub(super) fn telemetry_flow<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        self.flow_until(agenda.now());
        self.inflate_endpoints(agenda);
        self.schedule_flow(agenda);
    }

    /// The next tick of the flow.
    pub(super) fn schedule_flow<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        let next = self.flow_ends(agenda.now());
        self.other_event(agenda, next, Kind::TelemetryFlow, world_key("telemetry"), (0, self.flow_chain()));
    }

    /// Whether any telemetry is carried out as a flow.
    pub(super) fn has_flow(&self) -> bool {
        self.config.fidelity != Fidelity::Events && self.config.cohorts.iter().any(|c| c.telemetry.is_some())
    }

    /// Carries the flow of telemetry out up to now, on all stamps. Ticks are split where a fault begins or ends and
    /// where a window closes, so that each part sees one state of the world.
    pub(super) fn flow_until(&mut self, now: SimTime) {
        if now == self.flowed || !self.has_flow() {
            return;
        }
        // The start in microseconds names the part: it is structural, however the ticks are split.
        let tick = Tick { index: self.flowed.0, start: self.flowed, length: now - self.flowed };
        self.flowed = now;
        for stamp in (0..self.hubs.len() as u16).map(StampId) {
            let expected = self.expected_of_stamp(stamp, tick);
            if self.flows(stamp, tick, expected) {
                self.stamp_flow(stamp, tick, expected);
            } else {
                self.stamp_superposed(stamp, tick, expected);
            }
        }
    }

    /// Sends to a stamp that a tick leads to expect.
    fn expected_of_stamp(&self, stamp: StampId, tick: Tick) -> f64 {
        let cohorts = self.config.cohorts.iter().enumerate();
        let sends =
            cohorts.filter_map(|(c, cohort)| Some(self.expected_sends(stamp, c, cohort.telemetry.as_ref()?, tick)));
        sends.sum()
    }

    fn stamp_flow(&mut self, stamp: StampId, tick: Tick, expected: f64) {
        let s = stamp.index();
        let (mut messages, mut blocks, mut bytes) = (0, 0, 0);
        for cohort in 0..self.config.cohorts.len() {
            let Some(telemetry) = &self.config.cohorts[cohort].telemetry else { continue };
            let n = self.sends(stamp, cohort, telemetry, tick);
            messages += n;
            blocks += n * telemetry.size.blocks(self.stamps[s].edition.meter_block);
            bytes += n * telemetry.size.0;
        }
        self.ledger.sent += messages;
        if self.stamps[s].path.is_on() {
            self.path_flow(stamp, tick, (messages, expected), blocks, bytes);
        } else if messages > 0 && self.stamp_status[s].down.is_some() {
            self.ledger.end(Fate::Outage, messages);
        } else if messages > 0 {
            self.flow_through(stamp, tick, (messages, expected), blocks);
        } else if self.stamp_status[s].down.is_none() {
            self.idle_flow(stamp, tick);
        }
    }

    /// Lets backlogs of a stamp drain through a tick without messages.
    fn idle_flow(&mut self, stamp: StampId, tick: Tick) {
        let hub = &mut self.hubs[stamp.index()];
        if hub.pipeline.backlog() > 0.0 {
            hub.pipeline.flow(self.md1, tick.length, (0, 0.0), &[0.0; STRATA]);
        }
    }

    /// Sends of a class that a tick leads to expect.
    fn expected_sends(&self, stamp: StampId, cohort: usize, telemetry: &Telemetry, tick: Tick) -> f64 {
        let connected = f64::from(self.classes[stamp.index()][cohort].connected);
        match telemetry.cadence {
            Cadence::Poisson { gap } => {
                let factor = telemetry.profile.mean_over(tick.start, tick.start + tick.length);
                connected * tick.length.ratio(gap) * factor
            }
            Cadence::Periodic { period, .. } => connected * tick.length.ratio(period),
        }
    }

    /// Sends of a class in a tick.
    pub(super) fn sends(&mut self, stamp: StampId, cohort: usize, telemetry: &Telemetry, tick: Tick) -> u64 {
        match telemetry.cadence {
            Cadence::Poisson { .. } => {
                let mean = self.expected_sends(stamp, cohort, telemetry, tick);
                if mean <= 0.0 {
                    return 0;
                }
                let entity = self.class_key(stamp, cohort);
                self.draws.stream(entity, Purpose::TelemetryArrivals, tick.index).poisson(mean)
            }
            Cadence::Periodic { jitter, .. } if jitter < self.config.tick => {
                self.phases(stamp, cohort).sends(tick.start, tick.length)
            }
            Cadence::Periodic { jitter, .. } => {
                let (start, sent) = self.sends_of_a_long_tick(stamp, cohort, jitter, tick);
                let mut n = sent;
                self.held_sends(stamp, cohort, jitter, (start, tick.start + tick.length), |more, _| n += more);
                n
            }
        }
    }

    fn phases(&self, stamp: StampId, cohort: usize) -> &Phases {
        self.classes[stamp.index()][cohort].phases.as_ref().expect("a periodic class has phases")
    }

    /// Sends of a tick that is longer than jitter: what was held back before it, and what is due long before its end. Gives
    /// the time from which on jitter may hold something back beyond the tick.
    fn sends_of_a_long_tick(
        &mut self,
        stamp: StampId,
        cohort: usize,
        jitter: SimDuration,
        tick: Tick,
    ) -> (SimTime, u64) {
        let (slot, end) = (self.config.tick.0, tick.start + tick.length);
        let from = SimTime((end.0 / slot).saturating_sub(jitter.0 / slot) * slot);
        if from <= tick.start {
            return (tick.start, 0);
        }
        let due = self.phases(stamp, cohort).sends(tick.start, from - tick.start);
        (from, due + self.jittered[stamp.index()][cohort].send_all())
    }

    /// Spreads the messages that are due from a time to another evenly over their jitter, and gives those that are sent in
    /// that time, slot by slot: how many, and when that part of the slot is.
    pub(super) fn held_sends(
        &mut self,
        stamp: StampId,
        cohort: usize,
        jitter: SimDuration,
        (mut from, end): (SimTime, SimTime),
        mut visit: impl FnMut(u64, (SimTime, SimDuration)),
    ) {
        let (length, entity, draws) = (self.config.tick.0, self.class_key(stamp, cohort), self.draws);
        let behind = (jitter.0 / length) as usize;
        while from < end {
            let slot = from.0 / length;
            let slot_end = SimTime((slot + 1) * length);
            let until = slot_end.min(end);
            let due = self.phases(stamp, cohort).sends(from, until - from);
            let held = &mut self.jittered[stamp.index()][cohort];
            held.spread(slot, behind, due, &mut draws.stream(entity, Purpose::TelemetryJitter, from.0));
            let share = (until - from).ratio(slot_end - from);
            let n = held.send(share, || draws.stream(entity, Purpose::TelemetryHeld, from.0));
            visit(n, (from, until - from));
            from = until;
        }
    }

    fn flow_through(&mut self, stamp: StampId, tick: Tick, (messages, expected): (u64, f64), blocks: u64) {
        let s = stamp.index();
        let key = self.stamp_keys[s];
        let hub = &mut self.hubs[s];
        let sent = hub.sends.offer_flow(tick.start, tick.length, messages);
        let admitted = messages - sent.refused;
        self.ledger.processed += admitted;
        if sent.refused > 0 {
            let refusal = hub.sends.refusal(hub.sends.refuses_flow(), tick.start, self.stamps[s].path.sustained);
            self.ledger.end(Fate::from(refusal), sent.refused);
        }
        let metered = blocks * admitted / messages;
        hub.quota.meter(tick.start, metered);
        let mut draws = self.draws.stream(key, Purpose::ProcessingService, tick.index);
        let units = draws.systematic::<STRATA>();
        let passing = (admitted, expected * admitted as f64 / messages as f64);
        let waits = hub.pipeline.flow(self.md1, tick.length, passing, &units);
        self.recorder.count(self.figures.messages, messages);
        self.recorder.count(self.figures.refused_messages, sent.refused);
        self.recorder.count(self.figures.offered[Queue::Send as usize], messages);
        self.recorder.count(self.figures.refused[Queue::Send as usize], sent.refused);
        self.figures.uses[Queue::Send as usize][s].total += admitted;
        self.observe_flow(stamp, admitted, &sent.wait_s, &waits, &mut draws);
    }

    fn observe_flow(
        &mut self,
        stamp: StampId,
        admitted: u64,
        send_waits: &[f64; STRATA],
        waits: &[f64; STRATA],
        draws: &mut crate::kernel::draws::Stream,
    ) {
        let config = &self.stamps[stamp.index()].processing.service;
        let law = &self.config.network.device_to_hub;
        let (mut latencies, mut held, mut queued) = ([(0, 0); STRATA], [(0, 0); STRATA], [(0, 0); STRATA]);
        for i in 0..STRATA {
            let upto = |stratum: usize| (admitted * stratum as u64) / STRATA as u64;
            let (weight, send, wait) = (upto(i + 1) - upto(i), send_waits[i], waits[i]);
            let hop = if law.is_zero() { SimDuration::ZERO } else { law.sample(draws) / 2 };
            let service = if config.is_zero() { SimDuration::ZERO } else { config.sample(draws) };
            let in_processing = SimDuration::from_secs_f64(wait);
            let (in_throttle, both) = if send > 0.0 {
                (SimDuration::from_secs_f64(send), SimDuration::from_secs_f64(send + wait))
            } else {
                (SimDuration::ZERO, in_processing)
            };
            latencies[i] = ((hop + service + both).0, weight);
            held[i] = (in_throttle.0, weight);
            queued[i] = (in_processing.0, weight);
        }
        self.recorder.observe_weighted(self.figures.telemetry, &latencies);
        // Nearly always the throttle makes nothing wait.
        let held = if send_waits.iter().all(|wait| *wait <= 0.0) { &[(0, admitted)][..] } else { &held };
        self.recorder.observe_weighted(self.figures.waits[Queue::Send as usize], held);
        self.recorder.observe_weighted(self.figures.waits[Queue::Processing as usize], &queued);
    }

    fn sort_by_phase(&mut self, cohort: usize) {
        let Some(Telemetry { cadence: Cadence::Periodic { period, .. }, .. }) = self.config.cohorts[cohort].telemetry
        else {
            return;
        };
        let devices = self.cohort_first[cohort]..self.cohort_first[cohort + 1];
        let mut by_phase: Vec<u32> = devices.collect();
        by_phase.sort_by_cached_key(|d| (self.phase(DeviceId(*d), period), *d));
        self.by_phase[cohort] = by_phase;
    }

    /// Draws the messages of a tick, one by one.
    pub(super) fn message_tick<L: EventList>(&mut self, agenda: &mut Agenda<L>, cohort: usize) {
        let now = agenda.now();
        let config = &self.config.cohorts[cohort];
        let telemetry = config.telemetry.as_ref().expect("a cohort with messages sends telemetry");
        let tick = Tick { index: self.message_source[cohort].tick, start: now, length: self.config.tick };
        match telemetry.cadence {
            Cadence::Poisson { gap } => {
                let source = TickArrivals::new(self.draws, config.key, Purpose::TelemetryArrivals);
                let rate = telemetry.profile.max() * tick.length.ratio(gap);
                let mean = f64::from(self.cohort_joined[cohort]) * rate;
                let mut arrivals = std::mem::take(&mut self.message_source[cohort].arrivals);
                source.arrivals(tick, mean, |t| telemetry.profile.share(t), &mut arrivals);
                self.message_source[cohort].arrivals = arrivals;
            }
            Cadence::Periodic { period, .. } => self.periodic_messages(cohort, period, tick),
        }
        let source = &mut self.message_source[cohort];
        source.tick += 1;
        source.next = 0;
        self.schedule_next_message(agenda, cohort);
        self.other_event(agenda, now + self.config.tick, Kind::MessageTick, config.key, (cohort as u32, 0));
    }

    /// The sends of periodic devices in a tick: those whose phase lies in it, once each period.
    fn periodic_messages(&mut self, cohort: usize, period: SimDuration, tick: Tick) {
        let mut arrivals = std::mem::take(&mut self.message_source[cohort].arrivals);
        arrivals.clear();
        let end = tick.start + tick.length;
        for cycle in tick.start.0 / period.0..=(end.0 - 1) / period.0 {
            let begin = cycle * period.0;
            let by_phase = &self.by_phase[cohort];
            let from = by_phase.partition_point(|d| begin + self.phase(DeviceId(*d), period) < tick.start.0);
            for device in &by_phase[from..] {
                let time = SimTime(begin + self.phase(DeviceId(*device), period));
                if time >= end {
                    break;
                }
                // The cycle keeps the draws of a device's messages apart; the lower half finds the device again.
                let counter = cycle << 32 | u64::from(*device);
                arrivals.push(crate::kernel::arrivals::Candidate { time, counter });
            }
        }
        self.message_source[cohort].arrivals = arrivals;
    }

    fn schedule_next_message<L: EventList>(&mut self, agenda: &mut Agenda<L>, cohort: usize) {
        let source = &self.message_source[cohort];
        let Some(arrival) = source.arrivals.get(source.next) else { return };
        let key = member(self.config.cohorts[cohort].key, stable_name("message"));
        self.other_event(agenda, arrival.time, Kind::MessageSent, key, (cohort as u32, 0));
    }

    /// A device sends a message, if it is connected.
    pub(super) fn message_sent<L: EventList>(&mut self, agenda: &mut Agenda<L>, cohort: usize) {
        let source = &mut self.message_source[cohort];
        let arrival = source.arrivals[source.next];
        source.next += 1;
        self.schedule_next_message(agenda, cohort);
        if self.cohort_joined[cohort] == 0 {
            return; // The whole cohort retired within the tick.
        }
        let device = self.sender(CohortId(cohort as u8), arrival.counter);
        if self.devices[device.index()].state != State::Connected {
            return;
        }
        let hop = self.message_hop(device, arrival.counter);
        let sent = agenda.now() + self.message_jitter(device, agenda.now());
        let message = Message { device, sent, counter: arrival.counter, stamp: StampId::NONE, at: sent, due: NEVER };
        self.ledger.sent += 1;
        if sent + hop == agenda.now() {
            return self.message_through(agenda, message, sent);
        }
        let slot = self.messages.put(message);
        let key = member(self.device_key(device), arrival.counter);
        self.other_event(agenda, sent + hop, Kind::MessageAtHub, key, (slot, 0));
    }

    /// Delay of a periodic device's message after its phase.
    fn message_jitter(&self, device: DeviceId, due: SimTime) -> SimDuration {
        match self.cohort(device).telemetry.as_ref().map(|t| t.cadence) {
            Some(Cadence::Periodic { jitter, .. }) if !jitter.is_zero() => {
                SimDuration(self.device_draw(device, Purpose::TelemetryArrivals, due.0).below(jitter.0))
            }
            _ => SimDuration::ZERO,
        }
    }

    fn sender(&self, cohort: CohortId, counter: u64) -> DeviceId {
        let c = cohort.index();
        let telemetry = self.config.cohorts[c].telemetry.as_ref().expect("a cohort with messages sends telemetry");
        match telemetry.cadence {
            Cadence::Periodic { .. } => DeviceId(counter as u32),
            Cadence::Poisson { .. } => {
                let mut draws = self.draws.stream(self.config.cohorts[c].key, Purpose::TelemetryTarget, counter);
                DeviceId(self.cohort_first[c] + draws.below(u64::from(self.cohort_joined[c])) as u32)
            }
        }
    }

    fn message_hop(&self, device: DeviceId, counter: u64) -> SimDuration {
        let law = &self.config.network.device_to_hub;
        if law.is_zero() {
            return SimDuration::ZERO;
        }
        law.sample(&mut self.device_draw(device, Purpose::TelemetryJitter, counter)) / 2
    }

    /// A message reaches its hub, if the connection still stands.
    pub(super) fn message_at_hub<L: EventList>(&mut self, agenda: &mut Agenda<L>, slot: u32) {
        let message = self.messages.take(slot);
        if self.devices[message.device.index()].state == State::Connected {
            self.message_through(agenda, message, agenda.now());
        } else {
            self.ledger.end(Fate::Connection, 1);
        }
    }

    fn message_through<L: EventList>(&mut self, agenda: &mut Agenda<L>, message: Message, now: SimTime) {
        let Message { device, sent, counter, .. } = message;
        let stamp = self.devices[device.index()].stamp;
        let s = stamp.index();
        self.recorder.count(self.figures.messages, 1);
        if self.stamps[s].path.is_on() {
            return self.message_on_path(agenda, stamp, message);
        }
        let Some(admitted) = self.ask_send_limit(stamp, now) else { return };
        let telemetry = self.cohort(device).telemetry.as_ref().expect("a sender has telemetry");
        let blocks = telemetry.size.blocks(self.stamps[s].edition.meter_block);
        self.hubs[s].quota.meter(now, blocks);
        let law = &self.stamps[s].processing.service;
        let service = if law.is_zero() {
            SimDuration::ZERO
        } else {
            law.sample(&mut self.device_draw(device, Purpose::ProcessingService, counter))
        };
        let begins = self.hubs[s].pipeline.arrive(admitted, service);
        self.recorder.observe(self.figures.waits[Queue::Processing as usize], (begins - admitted).0);
        self.recorder.observe(self.figures.telemetry, (begins + service - sent).0);
        self.ledger.processed += 1;
    }
}
