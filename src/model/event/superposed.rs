//! Telemetry superposed: each message by itself in order of time, and no event for any of them.
//!
//! Within a part of a tick the world stands still but for what messages do to it, so the messages of all classes of a stamp
//! are drawn at once, merged by time and passed one after another through send throttle, quota and processing. Counts are
//! those of the flow, drawn with the same names. A hop to the hub delays what is seen of a message and not its arrival there:
//! Poisson arrivals, each delayed by itself, are Poisson arrivals at the same rate.

use crate::kernel::arrivals::Tick;
use crate::kernel::draws::{Purpose, member};
use crate::kernel::superposition::Superposition;
use crate::model::figures::Queue;
use crate::model::ids::StampId;
use crate::model::population::traffic::Cadence;
use crate::model::stamp::passage::{Lengths, Seen, Throttle, pass};
use crate::model::stamp::path::Fate;
use crate::model::world::World;
use crate::units::SimDuration;

/// Messages that a piece of time should hold at most, which bounds memory.
const PIECE_MESSAGES: f64 = 1e6;

impl World<'_> {
    /// Carries out a part of a tick on a stamp message by message; `expected` of them are to be expected.
    pub(super) fn stamp_superposed(&mut self, stamp: StampId, tick: Tick, expected: f64) {
        self.hubs[stamp.index()].pipeline.begin_messages(tick.start);
        let pieces = (expected / PIECE_MESSAGES).ceil().max(1.0);
        let longest = SimDuration((tick.length.0 as f64 / pieces) as u64).min(self.config.tick);
        let (mut start, end) = (tick.start, tick.start + tick.length);
        while start < end {
            let length = longest.max(SimDuration::MICROSECOND).min(end - start);
            self.superposed_piece(stamp, Tick { index: start.0, start, length });
            start += length;
        }
    }

    fn superposed_piece(&mut self, stamp: StampId, piece: Tick) {
        let mut merged = std::mem::take(&mut self.superposition);
        merged.begin(piece.start, piece.length);
        for cohort in 0..self.config.cohorts.len() {
            self.superpose_class(stamp, cohort, piece, &mut merged);
        }
        self.ledger.sent += merged.count();
        if self.stamp_status[stamp.index()].down.is_some() {
            self.ledger.end(Fate::Outage, merged.count());
        } else if self.stamps[stamp.index()].path.is_on() {
            merged.sort();
            self.superposed_path(stamp, piece, &merged);
        } else if merged.count() > 0 {
            merged.sort();
            self.superposed_pass(stamp, piece, &merged);
        }
        self.superposition = merged;
    }

    /// Adds the messages of a class in a piece of time.
    fn superpose_class(&mut self, stamp: StampId, cohort: usize, piece: Tick, merged: &mut Superposition) {
        let Some(telemetry) = &self.config.cohorts[cohort].telemetry else { return };
        let (class, entity) = (cohort as u8, self.class_key(stamp, cohort));
        let mut times = self.draws.stream(entity, Purpose::TelemetryTimes, piece.index);
        match telemetry.cadence {
            Cadence::Poisson { .. } => {
                let n = self.sends(stamp, cohort, telemetry, piece);
                merged.add_by_profile(class, n, &telemetry.profile, &mut times);
            }
            Cadence::Periodic { jitter, .. } if jitter < self.config.tick => {
                let phases = self.classes[stamp.index()][cohort].phases.as_ref().expect("a periodic class has phases");
                let add = |n, within| merged.add_evenly(class, n, within, &mut times);
                phases.each_send(piece.start, piece.length, add);
            }
            Cadence::Periodic { jitter, .. } => {
                let add = |n, within| merged.add_evenly(class, n, within, &mut times);
                self.held_sends(stamp, cohort, jitter, (piece.start, piece.start + piece.length), add);
            }
        }
    }

    /// Key of the draws of a class.
    pub(super) fn class_key(&self, stamp: StampId, cohort: usize) -> u64 {
        member(self.config.cohorts[cohort].key, self.stamp_keys[stamp.index()])
    }

    fn superposed_pass(&mut self, stamp: StampId, piece: Tick, merged: &Superposition) {
        let s = stamp.index();
        let key = self.stamp_keys[s];
        let mut seen = std::mem::take(&mut self.seen);
        seen.clear(self.config.cohorts.len());
        let (draws, hub, config) = (self.draws, &mut self.hubs[s], &self.stamps[s]);
        let lengths = (
            Lengths::of(&config.processing.service, || draws.stream(key, Purpose::ProcessingService, piece.index)),
            Lengths::of(&self.config.network.device_to_hub, || draws.stream(key, Purpose::TelemetryHop, piece.index)),
        );
        pass(merged, Throttle::new(&mut hub.sends, config.path.sustained), &mut hub.pipeline, lengths, &mut seen);
        let blocks = |(cohort, n): (usize, &u64)| {
            let telemetry = self.config.cohorts[cohort].telemetry.as_ref();
            n * telemetry.map_or(0, |telemetry| telemetry.size.blocks(config.edition.meter_block))
        };
        hub.quota.meter(piece.start, seen.admitted.iter().enumerate().map(blocks).sum());
        self.observe_seen(s, piece, merged.count(), &seen);
        self.seen = seen;
    }

    fn observe_seen(&mut self, s: usize, piece: Tick, offered: u64, seen: &Seen) {
        let passed = seen.passed();
        let (send, processing) = (Queue::Send as usize, Queue::Processing as usize);
        self.ledger.processed += passed;
        for (fate, n) in Fate::ALL.into_iter().zip(seen.refused) {
            self.ledger.end(fate, n);
            self.figures.coded(Queue::Send.name(), fate.code(), piece.start, n);
        }
        if let Some(first) = seen.first_held {
            self.figures.binds(Queue::Send.name(), first);
        }
        let (recorder, figures) = (&mut self.recorder, &mut self.figures);
        recorder.observe_all(figures.telemetry, &seen.latencies);
        recorder.observe_all(figures.waits[send], &seen.held);
        recorder.observe_n(figures.waits[send], 0, passed - seen.held.len() as u64);
        recorder.observe_all(figures.waits[processing], &seen.waits);
        recorder.count(figures.messages, offered);
        recorder.count(figures.refused_messages, offered - passed);
        recorder.count(figures.offered[send], offered);
        recorder.count(figures.refused[send], offered - passed);
        figures.uses[send][s].total += passed;
    }
}
