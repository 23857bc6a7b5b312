//! Superposed telemetry on a path that is switched on: each message is a batch of one at the places of the flow.
//!
//! Quota and send throttle are asked at the time of each message, the routing endpoint at the time of its release, and a
//! message that processing cannot begin within the piece waits in its queue, where a restart finds it.

use crate::kernel::arrivals::Tick;
use crate::kernel::draws::Purpose;
use crate::kernel::superposition::Superposition;
use crate::model::figures::Queue;
use crate::model::ids::StampId;
use crate::model::stamp::endpoint::Batch;
use crate::model::stamp::passage::{Lengths, Throttle};
use crate::model::stamp::path::Fate;
use crate::model::world::World;
use crate::units::{SimDuration, SimTime};

impl World<'_> {
    /// A piece of time on the path of a stamp that is up.
    pub(super) fn superposed_path(&mut self, stamp: StampId, piece: Tick, merged: &Superposition) {
        self.messages_into_hub(stamp, merged);
        let arrived = self.flow_past_endpoint(stamp, piece);
        self.hubs[stamp.index()].path.queue.extend(arrived);
        let n = self.process_messages(stamp, piece);
        self.flow_done(stamp, piece, n);
    }

    /// Quota and send throttle; what is admitted waits for its release.
    fn messages_into_hub(&mut self, stamp: StampId, merged: &Superposition) {
        let s = stamp.index();
        let (hub, config) = (&mut self.hubs[s], &self.stamps[s]);
        let mut throttle = Throttle::new(&mut hub.sends, config.path.sustained);
        let send = Queue::Send as usize;
        for (sent, class) in merged.arrivals() {
            self.recorder.count(self.figures.messages, 1);
            let telemetry = self.config.cohorts[usize::from(class)].telemetry.as_ref().expect("a sender has telemetry");
            let blocks = telemetry.size.blocks(config.edition.meter_block);
            if config.path.quota_enforced && hub.quota.room(sent) < blocks {
                self.figures.coded("quota", Fate::Quota.code(), sent, 1);
                self.ledger.end(Fate::Quota, 1);
                continue;
            }
            match throttle.ask(sent) {
                Ok(admitted) => {
                    let wait = admitted.saturating_since(sent);
                    self.figures.admitted(&mut self.recorder, Queue::Send, s, (sent, wait));
                    hub.quota.meter(sent, blocks);
                    let (origin, at, bytes) = (sent.secs(), admitted.secs(), telemetry.size.0 as f64);
                    hub.path.released.push_back(Batch { n: 1, origin, at, bytes, slot: u32::MAX });
                }
                Err(refusal) => {
                    let fate = Fate::from(refusal);
                    self.recorder.count(self.figures.offered[send], 1);
                    self.recorder.count(self.figures.refused[send], 1);
                    self.recorder.count(self.figures.refused_messages, 1);
                    self.figures.coded(Queue::Send.name(), fate.code(), sent, 1);
                    self.ledger.end(fate, 1);
                }
            }
        }
        throttle.settle();
    }

    /// Processing begins with what it can before the end of the piece; gives how many those are.
    fn process_messages(&mut self, stamp: StampId, piece: Tick) -> u64 {
        let s = stamp.index();
        let (key, draws, until) = (self.stamp_keys[s], self.draws, piece.start + piece.length);
        let law = &self.stamps[s].processing.service;
        let mut service = Lengths::of(law, || draws.stream(key, Purpose::ProcessingService, piece.index));
        let law = &self.config.network.device_to_hub;
        let mut hop = Lengths::of(law, || draws.stream(key, Purpose::TelemetryHop, piece.index));
        let hub = &mut self.hubs[s];
        let mut done = 0;
        while let Some(head) = hub.path.queue.front_mut().filter(|_| !hub.path.halted) {
            let at = micros(head.at);
            // Messages that are read again take the clock's time before these.
            let begins = hub.pipeline.free_from().max(at).max(micros(hub.path.clock.max(0.0)));
            if begins >= until {
                break;
            }
            let service = SimDuration(service.draw());
            hub.pipeline.arrive(begins, service);
            let latency = begins.saturating_since(micros(head.origin)) + service + SimDuration(hop.draw() / 2);
            self.recorder.observe(self.figures.telemetry, latency.0);
            self.recorder.observe(self.figures.waits[Queue::Processing as usize], (begins - at).0);
            done += 1;
            head.n -= 1;
            if head.n == 0 {
                hub.path.queue.pop_front();
            }
        }
        done
    }
}

/// A time of a batch as a simulated time.
fn micros(secs: f64) -> SimTime {
    SimTime((secs * 1e6).round() as u64)
}
