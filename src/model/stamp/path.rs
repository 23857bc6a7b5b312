//! A stamp's whole path: what of it a scenario switches on, and the messages that are under way on it.
//!
//! Device → hub → routing endpoint → processing. By default a message that the hub takes is done after the processing's
//! wait and service; a path that is switched on keeps each message, or batch of a flow, at the place where it is.

use std::collections::VecDeque;

use crate::model::limit::Refusal;
use crate::model::stamp::endpoint::{Batch, Endpoint, IngressConfig};
use crate::units::{SimDuration, SimTime};

/// What of the path is carried out beyond what always is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathConfig {
    /// Whether a hub refuses what exceeds its daily quota.
    pub quota_enforced: bool,
    /// Ingress limits of the routing endpoint; none for one that takes everything.
    pub ingress: Option<IngressConfig>,
    /// Time between checkpoints of the processing; none for one whose position is saved with each message.
    pub checkpoint: Option<SimDuration>,
    /// How long a throttle must be over its limit until its refusals are called sustained (429001).
    pub sustained: SimDuration,
}

impl PathConfig {
    /// Nothing switched on.
    pub const OFF: Self =
        Self { quota_enforced: false, ingress: None, checkpoint: None, sustained: SimDuration::from_secs(600) };

    /// Whether anything is switched on.
    pub fn is_on(&self) -> bool {
        self.quota_enforced || self.ingress.is_some() || self.checkpoint.is_some()
    }
}

/// What is under way on the path of one stamp.
#[derive(Debug, Clone)]
pub struct Path {
    /// Flows that the send throttle admitted to its backlog, by the time of their release.
    pub released: VecDeque<Batch>,
    /// The routing endpoint, where its limits are carried out.
    pub endpoint: Option<Endpoint>,
    /// Flows that wait for processing.
    pub queue: VecDeque<Batch>,
    /// When the processing of a flow has done what it took [s].
    pub clock: f64,
    /// Messages in processing, in order of their arrival there.
    pub in_process: VecDeque<u32>,
    /// Messages that processing will read when it is back.
    pub waiting: VecDeque<u32>,
    /// Restarts of the hub: what it held before is lost.
    pub hub_epoch: u16,
    /// Restarts of the processing: what was under way is read again.
    pub epoch: u16,
    /// Whether processing stands still.
    pub halted: bool,
    /// Services of messages done since the last checkpoint.
    pub done: Vec<SimDuration>,
    /// The same as a count, in flows.
    pub done_flow: u64,
    /// Number of the last checkpoint.
    pub checkpoint: u64,
}

impl Path {
    /// An empty path.
    pub fn new(config: &PathConfig, now: SimTime) -> Self {
        Self {
            released: VecDeque::new(),
            endpoint: config.ingress.map(|ingress| Endpoint::new(ingress, now)),
            queue: VecDeque::new(),
            clock: f64::MIN,
            in_process: VecDeque::new(),
            waiting: VecDeque::new(),
            hub_epoch: 0,
            epoch: 0,
            halted: false,
            done: Vec::new(),
            done_flow: 0,
            checkpoint: 0,
        }
    }

    /// Messages of flows that are under way.
    pub fn in_flight(&self) -> u64 {
        let held = |queue: &VecDeque<Batch>| queue.iter().map(|batch| batch.n).sum::<u64>();
        // Messages at full fidelity have slots, where they are counted.
        let kept = self.endpoint.as_ref().filter(|endpoint| endpoint.holds_flow()).map_or(0, Endpoint::waiting);
        held(&self.released) + kept + held(&self.queue)
    }

    /// When the oldest flow behind the hub was sent [s].
    pub fn oldest(&self) -> Option<f64> {
        let kept = self.endpoint.as_ref().and_then(Endpoint::oldest);
        let first = self.queue.front().map(|batch| batch.origin);
        [kept, first].into_iter().flatten().reduce(f64::min)
    }

    /// Messages of flows that wait for processing.
    pub fn queued(&self) -> u64 {
        self.queue.iter().map(|batch| batch.n).sum()
    }

    /// Notes a checkpoint when one lies before now; what was done before it is not read again.
    pub fn note_checkpoint(&mut self, every: SimDuration, now: SimTime) -> bool {
        let number = now.0 / every.0.max(1);
        let passed = number != self.checkpoint;
        if passed {
            self.checkpoint = number;
            self.done.clear();
            self.done_flow = 0;
        }
        passed
    }

    /// Processing stops: what it had under way is to be read again.
    pub fn halt(&mut self) {
        self.halted = true;
        self.epoch = self.epoch.wrapping_add(1);
        while let Some(slot) = self.in_process.pop_back() {
            self.waiting.push_front(slot);
        }
    }

    /// Whether the queue of flows will be done by a time [s] at this rate [1/s].
    pub fn is_idle(&self, by: f64, rate: Option<f64>) -> bool {
        let n: u64 = self.queue.iter().map(|batch| batch.n).sum();
        let begins = self.clock.max(self.queue.front().map_or(f64::MIN, |batch| batch.at));
        begins + rate.map_or(0.0, |rate| n as f64 / rate) <= by
    }

    /// Serves the rest of the queue at once, each batch with its wait [s].
    pub fn finish(&mut self) -> impl Iterator<Item = (Batch, f64)> {
        let clock = std::mem::replace(&mut self.clock, f64::MIN);
        self.queue.drain(..).map(move |batch| {
            let at = clock.max(batch.at);
            (Batch { at, ..batch }, at - batch.at)
        })
    }

    /// Serves flows of the queue up to a time [s] at this rate [1/s]: gives what was done, its `at` when its service began,
    /// with its wait [s].
    ///
    /// Messages that are read again take the clock's time before these.
    pub fn serve(&mut self, until: f64, rate: f64) -> Option<(Batch, f64)> {
        let head = *self.queue.front()?;
        let begins = self.clock.max(head.at);
        let k = (((until - begins) * rate + 1e-6).max(0.0) as u64).min(head.n);
        if k == 0 {
            return None;
        }
        self.clock = begins + k as f64 / rate;
        let first = self.queue.front_mut().expect("a batch was looked at");
        first.n -= k;
        if first.n == 0 {
            self.queue.pop_front();
        }
        // The wait of the middle one: it begins when half of the batch before it is done.
        let at = begins + (k as f64 - 1.0) / 2.0 / rate;
        Some((Batch { n: k, at, ..head }, (at - head.at).max(0.0)))
    }
}

/// What became of every message that was sent: each is under way or has exactly one fate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Messages that devices sent.
    pub sent: u64,
    /// Messages that were processed, each once.
    pub processed: u64,
    /// Messages that ended otherwise.
    pub ended: [u64; Fate::ALL.len()],
    /// Messages that processing read again after a restart; they are no new messages.
    pub duplicates: u64,
}

impl Ledger {
    /// Ends messages without their being processed.
    pub fn end(&mut self, fate: Fate, n: u64) {
        self.ended[fate as usize] += n;
    }

    /// Messages that must be under way.
    pub fn open(&self) -> i128 {
        i128::from(self.sent) - i128::from(self.processed) - self.ended.iter().map(|n| i128::from(*n)).sum::<i128>()
    }
}

/// How a message ends that is not processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Fate {
    /// The daily quota of the hub is used up (403002).
    Quota,
    /// The send throttle has been over its limit for long (429001).
    Sustained,
    /// The backlog of the send throttle is full (429002).
    BacklogFull,
    /// The wait in the backlog of the send throttle would be too long (429003).
    BacklogTimeout,
    /// The device lost its connection while the message was on its way.
    Connection,
    /// The hub went down with the message in its backlog.
    Outage,
    /// The routing endpoint did not take it in time.
    Expired,
    /// The hub failed over before it was read.
    Failover,
}

impl From<Refusal> for Fate {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Sustained => Self::Sustained,
            Refusal::BacklogFull => Self::BacklogFull,
            Refusal::BacklogTimeout => Self::BacklogTimeout,
        }
    }
}

impl Fate {
    /// All, in order.
    pub const ALL: [Self; 8] = [
        Self::Quota,
        Self::Sustained,
        Self::BacklogFull,
        Self::BacklogTimeout,
        Self::Connection,
        Self::Outage,
        Self::Expired,
        Self::Failover,
    ];

    /// Code of a refusal by a throttle or by the quota.
    pub fn code(self) -> &'static str {
        self.name().trim_start_matches("refused_")
    }

    /// Name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quota => "refused_403002",
            Self::Sustained => "refused_429001",
            Self::BacklogFull => "refused_429002",
            Self::BacklogTimeout => "refused_429003",
            Self::Connection => "lost_connection",
            Self::Outage => "lost_outage",
            Self::Expired => "lost_expired",
            Self::Failover => "lost_failover",
        }
    }
}
