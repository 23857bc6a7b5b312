//! Messages that pass a stamp one after another without events: send throttle, then processing.

use crate::kernel::draws::Stream;
use crate::kernel::law::DurationLaw;
use crate::kernel::superposition::Superposition;
use crate::model::limit::{Bucket, Quick, Refusal, Verdict};
use crate::model::stamp::path::Fate;
use crate::model::stamp::pipeline::Pipeline;
use crate::units::{SimDuration, SimTime};

/// What was seen of the messages of a piece of time: room that is used again.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Latencies of those that passed [us].
    pub latencies: Vec<u64>,
    /// Waits for processing [us].
    pub waits: Vec<u64>,
    /// Waits in the send throttle above zero [us].
    pub held: Vec<u64>,
    /// First message that had to wait there.
    pub first_held: Option<SimTime>,
    /// Messages that were refused, by fate.
    pub refused: [u64; Fate::ALL.len()],
    /// Messages that the throttle admitted, by cohort.
    pub admitted: Vec<u64>,
}

impl Seen {
    /// Forgets all, for a fleet of so many cohorts.
    pub fn clear(&mut self, cohorts: usize) {
        self.latencies.clear();
        self.waits.clear();
        self.held.clear();
        self.first_held = None;
        self.refused = Default::default();
        self.admitted.clear();
        self.admitted.resize(cohorts, 0);
    }

    /// Messages admitted in all.
    pub fn passed(&self) -> u64 {
        self.admitted.iter().sum()
    }
}

/// Lengths of time by a law; nothing is drawn where it is constant.
pub enum Lengths<'a> {
    /// Always the same [us].
    Always(u64),
    /// Drawn one after another.
    Drawn(&'a DurationLaw, Stream),
}

impl<'a> Lengths<'a> {
    /// Lengths by a law, with the draws that it takes where it is not constant.
    pub fn of(law: &'a DurationLaw, draws: impl FnOnce() -> Stream) -> Self {
        if law.scv() == 0.0 { Self::Always(law.mean().0) } else { Self::Drawn(law, draws()) }
    }

    /// The next one [us].
    #[inline]
    pub fn draw(&mut self) -> u64 {
        match self {
            Self::Always(length) => *length,
            Self::Drawn(law, draws) => law.sample(draws).0,
        }
    }
}

/// A send throttle that is asked for one message after another.
pub struct Throttle<'a> {
    bucket: &'a mut Bucket,
    quick: Option<Quick>,
    sustained: SimDuration,
}

impl<'a> Throttle<'a> {
    /// A throttle whose refusals are called sustained when it was over its limit for so long.
    pub fn new(bucket: &'a mut Bucket, sustained: SimDuration) -> Self {
        Self { quick: bucket.quick(), bucket, sustained }
    }

    /// When a message is admitted, or why it is refused.
    #[inline]
    pub fn ask(&mut self, now: SimTime) -> Result<SimTime, Refusal> {
        if self.quick.as_mut().is_some_and(|quick| quick.admits(now)) { Ok(now) } else { self.ask_exactly(now) }
    }

    #[cold]
    fn ask_exactly(&mut self, now: SimTime) -> Result<SimTime, Refusal> {
        self.settle();
        // A restart may lie within the tick; what was before it is gone.
        let now = now.max(self.bucket.asked_at());
        let verdict = self.bucket.offer(now);
        self.quick = self.bucket.quick();
        match verdict {
            Verdict::Admitted(at) => Ok(at),
            verdict => Err(self.bucket.refusal(verdict, now, self.sustained)),
        }
    }

    /// Puts what was admitted quickly back into the bucket.
    pub fn settle(&mut self) {
        if let Some(quick) = self.quick.take() {
            self.bucket.settle(&quick);
        }
    }
}

/// Passes the messages of a piece of time through throttle and processing.
pub fn pass(
    merged: &Superposition,
    throttle: Throttle<'_>,
    pipeline: &mut Pipeline,
    (mut service, mut hop): (Lengths<'_>, Lengths<'_>),
    seen: &mut Seen,
) {
    // Constant lengths have a loop of their own, which the compiler keeps free of draws.
    match (&mut service, &mut hop) {
        (Lengths::Always(service), Lengths::Always(hop)) => {
            let (service, hop) = (*service, *hop);
            pass_each(merged, throttle, pipeline, move || (service, hop), seen);
        }
        (service, hop) => pass_each(merged, throttle, pipeline, || (service.draw(), hop.draw()), seen),
    }
}

#[inline]
fn pass_each(
    merged: &Superposition,
    mut throttle: Throttle<'_>,
    pipeline: &mut Pipeline,
    mut lengths: impl FnMut() -> (u64, u64),
    seen: &mut Seen,
) {
    // Both are copies that the loop keeps in registers; they are put back where the exact ones are asked, and at the end.
    let (mut quick, mut only) = (throttle.quick.take(), pipeline.only_server());
    let n = merged.count() as usize;
    seen.waits.resize(n, 0);
    seen.latencies.resize(n, 0);
    let mut passed = 0;
    for (sent, class) in merged.arrivals() {
        let admitted = if quick.as_mut().is_some_and(|quick| quick.admits(sent)) {
            sent
        } else {
            throttle.quick = quick;
            let verdict = throttle.ask_exactly(sent);
            quick = throttle.quick.take();
            match verdict {
                Ok(admitted) => admitted,
                Err(refusal) => {
                    seen.refused[Fate::from(refusal) as usize] += 1;
                    continue;
                }
            }
        };
        if admitted > sent {
            seen.held.push((admitted - sent).0);
            seen.first_held.get_or_insert(sent);
        }
        seen.admitted[usize::from(class)] += 1;
        let (service, hop) = lengths();
        let begins = match &mut only {
            Some(free) => {
                let begins = admitted.max(*free);
                *free = begins + SimDuration(service);
                begins
            }
            None => pipeline.arrive(admitted, SimDuration(service)),
        };
        seen.waits[passed] = (begins - admitted).0;
        seen.latencies[passed] = (begins - sent).0 + service + hop / 2;
        passed += 1;
    }
    seen.waits.truncate(passed);
    seen.latencies.truncate(passed);
    throttle.quick = quick;
    throttle.settle();
    if let Some(free) = only {
        pipeline.set_only_server(free);
    }
}
