//! Flows in long parts: what is seen of the messages of a part is looked at in many places.
//!
//! A part of a second has eight values, one for each eighth: a minute then has 480, which is plenty. An hour that is one part
//! would have eight too, a mean of few draws of a wide law. So a part of eight seconds or more is looked at in the 64 points
//! of a lattice, whose dimensions are the wait, the latency of the network and the service. A second of simulated time never
//! has more values than in parts of a second.

use crate::kernel::arrivals::Tick;
use crate::kernel::draws::{Purpose, Stream};
use crate::kernel::lattice::{self, POINTS};
use crate::kernel::law::DurationLaw;
use crate::model::event::path::waited;
use crate::model::figures::Queue;
use crate::model::ids::StampId;
use crate::model::limit::STRATA;
use crate::model::stamp::endpoint::Batch;
use crate::model::world::World;
use crate::units::SimDuration;

/// Points of an eighth of a part.
const IN_EIGHTH: usize = POINTS / STRATA;
/// A part from here on is long: a second for each point of an eighth.
const LONG: SimDuration = SimDuration::from_secs(IN_EIGHTH as u64);

/// Whether a part is looked at in many places.
pub(super) fn is_long(length: SimDuration) -> bool {
    length >= LONG
}

/// The points of a long part: network and service.
struct Points {
    hop: [f64; POINTS],
    service: [f64; POINTS],
    draws: Stream,
}

/// A length by a law at a unit; drawn where the law has no closed form.
fn length(law: &DurationLaw, unit: f64, draws: &mut Stream) -> SimDuration {
    if law.is_zero() {
        return SimDuration::ZERO;
    }
    law.quantile(unit).unwrap_or_else(|| law.sample(draws))
}

impl World<'_> {
    /// Points of the waits in a long part, and those of the rest.
    fn points(&self, stamp: StampId, part: Tick) -> ([f64; POINTS], Points) {
        let mut draws = self.draws.stream(self.stamp_keys[stamp.index()], Purpose::ProcessingService, part.index);
        let [wait, hop, service] = [0, 1, 2].map(|dimension| lattice::units(dimension, &mut draws));
        (wait, Points { hop, service, draws })
    }

    /// The rest of the way of what the throttle of a stamp admitted in a long part, with the waits there.
    pub(super) fn fine_flow(&mut self, stamp: StampId, part: Tick, passing: (u64, f64), held: &[f64; STRATA]) {
        let (units, mut points) = self.points(stamp, part);
        let waits = self.hubs[stamp.index()].pipeline.flow(self.md1, part.length, passing, &units);
        let upto = |point: usize| passing.0 * point as u64 / POINTS as u64;
        let (mut in_throttle, mut queued) = ([(0, 0); POINTS], [(0, 0); POINTS]);
        for (i, wait) in waits.into_iter().enumerate() {
            let weight = upto(i + 1) - upto(i);
            let (send, wait) = (SimDuration::from_secs_f64(held[i / IN_EIGHTH]), SimDuration::from_secs_f64(wait));
            (in_throttle[i], queued[i]) = ((send.0, weight), (wait.0, weight));
            self.observe_point(stamp, &mut points, i, (send + wait, weight));
        }
        self.recorder.observe_weighted(self.figures.waits[Queue::Send as usize], &in_throttle);
        self.recorder.observe_weighted(self.figures.waits[Queue::Processing as usize], &queued);
    }

    /// Observes what is done in a long part, and what arrived where it is done at once, as batches of fewer messages.
    pub(super) fn fine_batches(
        &mut self,
        stamp: StampId,
        part: Tick,
        done: &mut Vec<(Batch, f64)>,
        arrived: &[Batch],
        idle: Option<(bool, f64)>,
    ) {
        let (units, mut points) = self.points(stamp, part);
        let mut seen: Vec<_> = done.iter().flat_map(|(batch, wait)| in_points(batch).map(|b| (b, *wait))).collect();
        if let Some((_, expected)) = idle {
            let n = arrived.iter().map(|batch| batch.n).sum();
            let waits = self.hubs[stamp.index()].pipeline.flow(self.md1, part.length, (n, expected), &units);
            seen.extend(waited(arrived.iter().flat_map(in_points), &waits));
            done.extend(arrived.iter().map(|batch| (*batch, 0.0)));
        }
        for (i, (batch, wait)) in seen.iter().enumerate() {
            let waited = SimDuration::from_secs_f64((batch.at - batch.origin).max(0.0));
            self.observe_point(stamp, &mut points, i, (waited, batch.n));
            let wait = SimDuration::from_secs_f64(*wait);
            self.recorder.observe_n(self.figures.waits[Queue::Processing as usize], wait.0, batch.n);
        }
    }

    /// The latency of so many messages at a point, that waited so long.
    fn observe_point(&mut self, stamp: StampId, points: &mut Points, i: usize, (waited, n): (SimDuration, u64)) {
        let (hop, tally) = (&self.config.network.device_to_hub, self.figures.telemetry);
        let (at, draws) = (i % POINTS, &mut points.draws);
        let service = length(&self.stamps[stamp.index()].processing.service, points.service[at], draws);
        lattice::into_tail(points.hop[at], n, |unit, n| {
            let latency = length(hop, unit, draws) / 2 + service + waited;
            self.recorder.observe_weighted(tally, &[(latency.0, n)]);
        });
    }
}

/// A batch of a flow as batches for the points of an eighth.
fn in_points(batch: &Batch) -> impl Iterator<Item = Batch> + use<'_> {
    let parts = IN_EIGHTH as u64;
    (0..parts).map(move |i| Batch { n: batch.n * (i + 1) / parts - batch.n * i / parts, ..*batch })
}
