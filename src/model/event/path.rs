//! The whole path of a message where a stamp switches it on: quota → send throttle → routing endpoint → processing → done.
//!
//! At full fidelity each step is an event at the place where it happens, and the message keeps its slot until it ends. As
//! flows, batches go through the same places once in a tick.

use crate::kernel::arrivals::Tick;
use crate::kernel::draws::{Purpose, member, stable_name};
use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::model::condition::{Condition, Effect, Target};
use crate::model::event::Kind;
use crate::model::figures::Queue;
use crate::model::ids::StampId;
use crate::model::limit::{STRATA, Verdict};
use crate::model::population::traffic::{Fidelity, Message};
use crate::model::stamp::endpoint::{Batch, Endpoint, Left};
use crate::model::stamp::path::Fate;
use crate::model::world::World;
use crate::units::{SimDuration, SimTime};

/// Name of a refusal by the routing endpoint.
const SERVER_BUSY: &str = "server_busy";

impl World<'_> {
    /// When the send throttle admits a message; nothing when it refuses it, which ends the message.
    pub(super) fn ask_send_limit(&mut self, stamp: StampId, now: SimTime) -> Option<SimTime> {
        let s = stamp.index();
        let sends = &mut self.hubs[s].sends;
        match sends.offer(now) {
            Verdict::Admitted(at) => {
                self.figures.admitted(&mut self.recorder, Queue::Send, s, (now, at - now));
                Some(at)
            }
            verdict => {
                let fate = Fate::from(sends.refusal(verdict, now, self.stamps[s].path.sustained));
                self.figures.refused(&mut self.recorder, Queue::Send, now, fate.code());
                self.recorder.count(self.figures.refused_messages, 1);
                self.ledger.end(fate, 1);
                None
            }
        }
    }

    /// A message is at its hub: quota and send throttle.
    pub(super) fn message_on_path<L: EventList>(&mut self, agenda: &mut Agenda<L>, stamp: StampId, message: Message) {
        let (s, now) = (stamp.index(), agenda.now());
        let size = self.message_size(&message);
        let blocks = size.blocks(self.stamps[s].edition.meter_block);
        if self.stamps[s].path.quota_enforced && self.hubs[s].quota.room(now) < blocks {
            self.figures.coded("quota", Fate::Quota.code(), now, 1);
            return self.ledger.end(Fate::Quota, 1);
        }
        let Some(admitted) = self.ask_send_limit(stamp, now) else { return };
        self.hubs[s].quota.meter(now, blocks);
        let slot = self.messages.put(Message { stamp, at: admitted, ..message });
        if admitted == now {
            return self.at_endpoint(agenda, slot);
        }
        let epoch = self.hubs[s].path.hub_epoch;
        self.message_event(agenda, admitted, Kind::MessageReleased, (slot, epoch));
    }

    fn message_size(&self, message: &Message) -> crate::units::Bytes {
        self.cohort(message.device).telemetry.as_ref().expect("a sender has telemetry").size
    }

    fn message_event<L: EventList>(
        &mut self,
        agenda: &mut Agenda<L>,
        at: SimTime,
        kind: Kind,
        (slot, epoch): (u32, u16),
    ) {
        let message = *self.messages.get(slot);
        let key = member(self.device_key(message.device), message.counter);
        self.other_event(agenda, at, kind, key, (slot, epoch));
    }

    /// A message leaves the backlog of the send throttle, unless the hub went down meanwhile.
    pub(super) fn message_released<L: EventList>(&mut self, agenda: &mut Agenda<L>, slot: u32, epoch: u16) {
        let stamp = self.messages.get(slot).stamp;
        if self.hubs[stamp.index()].path.hub_epoch == epoch {
            return self.at_endpoint(agenda, slot);
        }
        self.messages.take(slot);
        self.ledger.end(Fate::Outage, 1);
    }

    /// A message is at the routing endpoint.
    fn at_endpoint<L: EventList>(&mut self, agenda: &mut Agenda<L>, slot: u32) {
        let now = agenda.now();
        let message = *self.messages.get(slot);
        let bytes = self.message_size(&message).0 as f64;
        let Some(endpoint) = &mut self.hubs[message.stamp.index()].path.endpoint else {
            return self.at_processing(agenda, slot);
        };
        let waits = endpoint.waiting() > 0;
        endpoint.arrive(Batch { n: 1, origin: message.sent.secs(), at: now.secs(), bytes, slot });
        if !waits {
            self.endpoint_goes_on(agenda, message.stamp);
        }
    }

    /// The endpoint takes what it may now; the next is an event.
    fn endpoint_goes_on<L: EventList>(&mut self, agenda: &mut Agenda<L>, stamp: StampId) {
        let now = agenda.now();
        loop {
            let Some(endpoint) = &mut self.hubs[stamp.index()].path.endpoint else { return };
            let Some(left) = endpoint.release(now) else { break };
            match left {
                Left::Taken(batch, held) => {
                    let held = SimDuration::from_secs_f64(held);
                    self.recorder.observe(self.figures.waits[Queue::Endpoint as usize], held.0);
                    self.at_processing(agenda, batch.slot);
                }
                Left::Expired(batch) => {
                    self.messages.take(batch.slot);
                    self.ledger.end(Fate::Expired, 1);
                }
            }
        }
        let endpoint = self.hubs[stamp.index()].path.endpoint.as_mut().expect("the endpoint of a path");
        let Some(next) = endpoint.next() else { return };
        let generation = endpoint.generation;
        self.figures.binds(SERVER_BUSY, now);
        let key = member(self.stamp_keys[stamp.index()], stable_name("endpoint"));
        // At least a microsecond on: what rounds to now was not let go now.
        let at = next.max(now + SimDuration::MICROSECOND);
        self.other_event(agenda, at, Kind::EndpointTakes, key, (u32::from(stamp.0), generation));
        self.inflate_endpoint(agenda, stamp);
    }

    /// The endpoint takes the first message that waits for it.
    pub(super) fn endpoint_takes<L: EventList>(
        &mut self,
        agenda: &mut Agenda<L>,
        stamp: StampId,
        generation: u16,
    ) -> bool {
        let endpoint = self.hubs[stamp.index()].path.endpoint.as_ref();
        let due = endpoint.is_some_and(|endpoint| endpoint.generation == generation);
        if due && self.stamp_status[stamp.index()].down.is_none() {
            self.endpoint_goes_on(agenda, stamp);
        }
        due
    }

    fn inflate_endpoint<L: EventList>(&mut self, agenda: &mut Agenda<L>, stamp: StampId) {
        let endpoint = self.hubs[stamp.index()].path.endpoint.as_mut();
        let Some(delay) = endpoint.and_then(Endpoint::begin_inflation) else { return };
        let key = member(self.stamp_keys[stamp.index()], stable_name("inflate"));
        self.other_event(agenda, agenda.now() + delay, Kind::EndpointInflates, key, (u32::from(stamp.0), 0));
    }

    /// Begins to raise the units of every endpoint that keeps a flow waiting.
    pub(super) fn inflate_endpoints<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        for stamp in (0..self.hubs.len() as u16).map(StampId) {
            let endpoint = self.hubs[stamp.index()].path.endpoint.as_ref();
            if endpoint.is_some_and(|endpoint| endpoint.waiting() > 0) {
                self.inflate_endpoint(agenda, stamp);
            }
        }
    }

    /// The throughput units of an endpoint are raised.
    pub(super) fn endpoint_inflates<L: EventList>(&mut self, agenda: &mut Agenda<L>, stamp: StampId) {
        self.flow_until(agenda.now());
        let endpoint = self.hubs[stamp.index()].path.endpoint.as_mut().expect("an endpoint that inflates");
        endpoint.inflate(agenda.now());
        if self.config.fidelity == Fidelity::Events && self.stamp_status[stamp.index()].down.is_none() {
            self.endpoint_goes_on(agenda, stamp);
        }
    }

    /// A message is read by processing, now or when that is back.
    fn at_processing<L: EventList>(&mut self, agenda: &mut Agenda<L>, slot: u32) {
        let message = self.messages.get(slot);
        message.at = agenda.now();
        let path = &mut self.hubs[message.stamp.index()].path;
        if path.halted {
            path.waiting.push_back(slot);
        } else {
            self.process(agenda, slot);
        }
    }

    fn process<L: EventList>(&mut self, agenda: &mut Agenda<L>, slot: u32) {
        let now = agenda.now();
        let message = *self.messages.get(slot);
        let service = self.message_service(&message);
        let hub = &mut self.hubs[message.stamp.index()];
        let begins = hub.pipeline.arrive(now, service);
        if begins + service == now {
            return self.message_done(now, slot, begins, service);
        }
        hub.path.in_process.push_back(slot);
        let epoch = hub.path.epoch;
        self.messages.get(slot).due = begins + service;
        self.message_event(agenda, begins + service, Kind::MessageProcessed, (slot, epoch));
    }

    fn message_service(&self, message: &Message) -> SimDuration {
        let law = &self.stamps[message.stamp.index()].processing.service;
        if law.is_zero() {
            return SimDuration::ZERO;
        }
        law.sample(&mut self.device_draw(message.device, Purpose::ProcessingService, message.counter))
    }

    /// Processing has done a message, unless it restarted meanwhile.
    pub(super) fn message_processed(&mut self, now: SimTime, slot: u32, epoch: u16) -> bool {
        let message = *self.messages.get(slot);
        let Some(hub) = self.hubs.get_mut(message.stamp.index()) else { return false };
        // The slot may have been used again since a restart made this event stale.
        if hub.path.epoch != epoch || message.due != now {
            return false;
        }
        let Some(place) = hub.path.in_process.iter().position(|other| *other == slot) else { return false };
        hub.path.in_process.remove(place);
        let service = self.message_service(&message);
        self.message_done(now, slot, SimTime(now.0 - service.0), service);
        true
    }

    fn message_done(&mut self, now: SimTime, slot: u32, begun: SimTime, service: SimDuration) {
        let message = self.messages.take(slot);
        let s = message.stamp.index();
        self.recorder.observe(self.figures.waits[Queue::Processing as usize], begun.saturating_since(message.at).0);
        self.recorder.observe(self.figures.telemetry, (now - message.sent).0);
        self.ledger.processed += 1;
        if let Some(every) = self.stamps[s].path.checkpoint {
            self.hubs[s].path.note_checkpoint(every, now);
            self.hubs[s].path.done.push(service);
        }
    }

    /// A stamp goes down: the hub loses its backlog, processing stops.
    pub(super) fn halt_stamp(&mut self, now: SimTime, stamp: StampId) {
        if !self.stamps[stamp.index()].path.is_on() {
            return;
        }
        let path = &mut self.hubs[stamp.index()].path;
        path.hub_epoch = path.hub_epoch.wrapping_add(1);
        let lost: u64 = path.released.drain(..).map(|batch| batch.n).sum();
        self.ledger.end(Fate::Outage, lost);
        self.halt_processing(now, stamp);
    }

    /// Processing stops.
    pub(super) fn halt_processing(&mut self, now: SimTime, stamp: StampId) {
        self.flow_until(now);
        let s = stamp.index();
        if let Some(every) = self.stamps[s].path.checkpoint {
            self.hubs[s].path.note_checkpoint(every, now);
        }
        if !self.hubs[s].path.halted {
            self.hubs[s].path.halt();
        }
    }

    /// A stamp, or its processing, is back, if nothing else holds it down: it reads again from the last checkpoint.
    pub(super) fn resume_path<L: EventList>(&mut self, agenda: &mut Agenda<L>, ended: Effect) {
        let (Target::Stamp(stamp) | Target::Processing(stamp)) = ended.target else { return };
        if matches!(ended.condition, Condition::Down(_)) {
            self.resume_endpoint(agenda, stamp);
        }
        let (s, now) = (stamp.index(), agenda.now());
        let held = self.active.iter().any(|(_, effect)| {
            let halts = matches!(effect.condition, Condition::Down(_) | Condition::Halted);
            halts && matches!(effect.target, Target::Stamp(at) | Target::Processing(at) if at == stamp)
        });
        if !self.hubs[s].path.halted || held {
            return;
        }
        self.note_lag(now);
        self.read_again(now, stamp);
        let waiting = std::mem::take(&mut self.hubs[s].path.waiting);
        waiting.into_iter().for_each(|slot| self.process(agenda, slot));
    }

    /// A stamp that was down is back: its endpoint takes messages again.
    fn resume_endpoint<L: EventList>(&mut self, agenda: &mut Agenda<L>, stamp: StampId) {
        let now = agenda.now();
        if self.stamp_status[stamp.index()].down.is_some() {
            return;
        }
        let Some(endpoint) = &mut self.hubs[stamp.index()].path.endpoint else { return };
        endpoint.restart(now);
        if self.config.fidelity == Fidelity::Events {
            self.endpoint_goes_on(agenda, stamp);
        }
    }

    /// What was done since the last checkpoint is done again before anything else.
    fn read_again(&mut self, now: SimTime, stamp: StampId) {
        let hub = &mut self.hubs[stamp.index()];
        hub.path.halted = false;
        hub.pipeline.restart(now);
        for service in &hub.path.done {
            hub.pipeline.arrive(now, *service);
        }
        let again = hub.path.done.len() as u64 + hub.path.done_flow;
        let busy = hub.pipeline.rate().map_or(0.0, |rate| hub.path.done_flow as f64 / rate);
        hub.path.clock = now.secs() + busy;
        self.ledger.duplicates += again;
    }

    /// A tick of a flow on the path of a stamp.
    pub(super) fn path_flow(
        &mut self,
        stamp: StampId,
        tick: Tick,
        (messages, expected): (u64, f64),
        blocks: u64,
        bytes: u64,
    ) {
        if self.stamp_status[stamp.index()].down.is_some() {
            return self.ledger.end(Fate::Outage, messages);
        }
        let admitted = self.flow_into_hub(stamp, tick, messages, blocks, bytes);
        let arrived = self.flow_past_endpoint(stamp, tick);
        // What comes as it was sent is judged by what was to be expected, else by what comes.
        let n: u64 = arrived.iter().map(|batch| batch.n).sum();
        let expected = if n == admitted { expected * n as f64 / messages.max(1) as f64 } else { n as f64 };
        self.flow_through_processing(stamp, tick, &arrived, expected);
    }

    /// Quota and send throttle; what is admitted waits for its release. Gives how many were admitted.
    fn flow_into_hub(&mut self, stamp: StampId, tick: Tick, messages: u64, blocks: u64, bytes: u64) -> u64 {
        if messages == 0 {
            return 0;
        }
        let s = stamp.index();
        self.recorder.count(self.figures.messages, messages);
        let hub = &mut self.hubs[s];
        let room = if self.stamps[s].path.quota_enforced { hub.quota.room(tick.start) } else { u64::MAX };
        let allowed = if blocks <= room { messages } else { share(messages, room, blocks) };
        self.figures.coded("quota", Fate::Quota.code(), tick.start, messages - allowed);
        self.ledger.end(Fate::Quota, messages - allowed);
        if allowed == 0 {
            return 0;
        }
        let sent = hub.sends.offer_flow(tick.start, tick.length, allowed);
        let admitted = allowed - sent.refused;
        hub.quota.meter(tick.start, share(blocks, admitted, messages));
        let refusal = hub.sends.refusal(hub.sends.refuses_flow(), tick.start, self.stamps[s].path.sustained);
        let fate = Fate::from(refusal);
        self.ledger.end(fate, sent.refused);
        self.figures.coded(Queue::Send.name(), fate.code(), tick.start, sent.refused);
        self.recorder.count(self.figures.refused_messages, sent.refused);
        self.recorder.count(self.figures.offered[Queue::Send as usize], allowed);
        self.recorder.count(self.figures.refused[Queue::Send as usize], sent.refused);
        self.figures.uses[Queue::Send as usize][s].total += admitted;
        self.release(stamp, tick, (admitted, bytes as f64 / messages as f64), &sent.wait_s);
        admitted
    }

    /// Puts the flow of a tick where it waits for the end of its wait in the send throttle's backlog.
    fn release(&mut self, stamp: StampId, tick: Tick, (admitted, bytes): (u64, f64), waits: &[f64; STRATA]) {
        for (i, wait) in (0_u64..).zip(waits) {
            let n = (admitted * (i + 1)) / STRATA as u64 - (admitted * i) / STRATA as u64;
            let origin = tick.start.secs() + (i as f64 + 0.5) / STRATA as f64 * tick.length.secs();
            let wait_us = SimDuration::from_secs_f64(*wait);
            self.recorder.observe_n(self.figures.waits[Queue::Send as usize], wait_us.0, n);
            if n > 0 && !wait_us.is_zero() {
                self.figures.binds(Queue::Send.name(), tick.start);
            }
            let batch = Batch { n, origin, at: origin + wait, bytes, slot: u32::MAX };
            if n > 0 {
                self.hubs[stamp.index()].path.released.push_back(batch);
            }
        }
    }

    /// What comes out of the hub in a tick, past its routing endpoint.
    pub(super) fn flow_past_endpoint(&mut self, stamp: StampId, tick: Tick) -> Vec<Batch> {
        let until = tick.start + tick.length;
        let path = &mut self.hubs[stamp.index()].path;
        let mut arrived = Vec::new();
        while path.released.front().is_some_and(|batch| batch.at < until.secs()) {
            arrived.extend(path.released.pop_front());
        }
        let Some(endpoint) = &mut path.endpoint else { return arrived };
        arrived.drain(..).for_each(|batch| endpoint.arrive(batch));
        while let Some(left) = endpoint.release(until) {
            match left {
                Left::Taken(batch, held) => {
                    let held = SimDuration::from_secs_f64(held);
                    self.recorder.observe_n(self.figures.waits[Queue::Endpoint as usize], held.0, batch.n);
                    arrived.push(batch);
                }
                Left::Expired(batch) => self.ledger.end(Fate::Expired, batch.n),
            }
        }
        if endpoint.waiting() > 0 {
            self.figures.binds(SERVER_BUSY, tick.start);
        }
        arrived
    }

    fn flow_through_processing(&mut self, stamp: StampId, tick: Tick, arrived: &[Batch], expected: f64) {
        let until = (tick.start + tick.length).secs();
        let hub = &mut self.hubs[stamp.index()];
        let rate = hub.pipeline.rate();
        let mut draws = self.draws.stream(self.stamp_keys[stamp.index()], Purpose::ProcessingService, tick.index);
        let saturated = rate.is_some_and(|rate| expected >= rate * tick.length.secs());
        // What a part of a tick can serve is chance and no backlog.
        let slack = tick.length.secs() / STRATA as f64;
        let mut done: Vec<(Batch, f64)> = Vec::new();
        let idle = !hub.path.halted && !saturated && hub.path.is_idle(tick.start.secs() + slack, rate);
        if idle {
            done.extend(hub.path.finish());
        }
        let now_done: Vec<(Batch, f64)> = match rate {
            None if idle => arrived.iter().map(|batch| (*batch, 0.0)).collect(),
            Some(_) if idle => {
                let units = draws.systematic::<STRATA>();
                let n = arrived.iter().map(|batch| batch.n).sum();
                let waits = hub.pipeline.flow(self.md1, tick.length, (n, expected), &units);
                let waits = waits.into_iter().cycle();
                arrived.iter().zip(waits).map(|(batch, wait)| (Batch { at: batch.at + wait, ..*batch }, wait)).collect()
            }
            _ => {
                hub.path.queue.extend(arrived);
                let rate = rate.unwrap_or(f64::MAX / 4.0);
                let halted = hub.path.halted;
                std::iter::from_fn(|| if halted { None } else { hub.path.serve(until, rate) }).collect()
            }
        };
        done.extend(now_done);
        for (batch, wait) in &done {
            self.batch_done(stamp, batch, *wait, &mut draws);
        }
        let n = done.iter().map(|(batch, _)| batch.n).sum();
        self.flow_done(stamp, tick, n);
    }

    fn batch_done(&mut self, stamp: StampId, batch: &Batch, wait: f64, draws: &mut crate::kernel::draws::Stream) {
        let law = &self.config.network.device_to_hub;
        let hop = if law.is_zero() { SimDuration::ZERO } else { law.sample(draws) / 2 };
        let law = &self.stamps[stamp.index()].processing.service;
        let service = if law.is_zero() { SimDuration::ZERO } else { law.sample(draws) };
        let latency = hop + service + SimDuration::from_secs_f64((batch.at - batch.origin).max(0.0));
        self.recorder.observe_n(self.figures.telemetry, latency.0, batch.n);
        let wait = SimDuration::from_secs_f64(wait);
        self.recorder.observe_n(self.figures.waits[Queue::Processing as usize], wait.0, batch.n);
    }

    /// Counts what processing has done in a tick, and what of it a restart would read again.
    pub(super) fn flow_done(&mut self, stamp: StampId, tick: Tick, n: u64) {
        self.ledger.processed += n;
        let Some(every) = self.stamps[stamp.index()].path.checkpoint else { return };
        let path = &mut self.hubs[stamp.index()].path;
        if path.halted {
            return;
        }
        let end = tick.start + tick.length;
        let passed = path.note_checkpoint(every, end);
        let since = SimDuration(end.0 % every.0.max(1)).min(tick.length);
        path.done_flow += if passed { share(n, since.0, tick.length.0.max(1)) } else { n };
    }

    /// Notes the age of the oldest message behind a hub that is not processed.
    pub(super) fn note_lag(&mut self, now: SimTime) -> f64 {
        let mut oldest = now.secs();
        for hub in &self.hubs {
            let first = hub.path.waiting.front().or_else(|| hub.path.in_process.front()).copied();
            let sent = first.map(|slot| self.messages.peek(slot).sent.secs());
            oldest = sent.into_iter().chain(hub.path.oldest()).fold(oldest, f64::min);
        }
        let lag = now.secs() - oldest;
        self.figures.lag_most = self.figures.lag_most.max(lag);
        lag
    }
}

/// `n x part / whole`, rounded down.
pub(super) fn share(n: u64, part: u64, whole: u64) -> u64 {
    (u128::from(n) * u128::from(part) / u128::from(whole)) as u64
}
