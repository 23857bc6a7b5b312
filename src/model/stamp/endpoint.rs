//! The routing endpoint behind a hub (Event Hubs): throughput units by events and by bytes, whichever ends first.
//!
//! What the endpoint refuses with `ServerBusy` the hub keeps and sends again, in order, until it is taken or too old. One
//! queue of batches serves both fidelities: a message is a batch of one. The limit is the virtual-scheduling form of a
//! token bucket, one clock for events and one for bytes.

use std::collections::VecDeque;

use crate::units::{Bytes, Rate, SimDuration, SimTime};

/// How throughput units are raised; they are never lowered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inflation {
    /// Most units.
    pub units_max: u32,
    /// Units added at a time.
    pub step: u32,
    /// From the first `ServerBusy` to the new units, and from one step to the next while it lasts.
    pub delay: SimDuration,
}

/// Ingress limits of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IngressConfig {
    /// Throughput units at the start.
    pub units: u32,
    /// Events that one unit takes.
    pub events: Rate,
    /// Bytes that one unit takes in a second.
    pub bytes: Bytes,
    /// Unused throughput that is kept, as time worth of the limit.
    pub credit: SimDuration,
    /// How long the hub keeps a message that the endpoint does not take.
    pub retention: SimDuration,
    /// Auto-inflate; none when it is off.
    pub inflation: Option<Inflation>,
}

/// Messages that travel together; one message at full fidelity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Batch {
    /// Messages.
    pub n: u64,
    /// When they were sent [s].
    pub origin: f64,
    /// When they came to where they are [s].
    pub at: f64,
    /// Size of a message [B].
    pub bytes: f64,
    /// Slot of the message at full fidelity; `u32::MAX` in flows.
    pub slot: u32,
}

/// What left the queue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Left {
    /// The endpoint took it; `at` of the batch is now the time of that, and it was held back for so long [s].
    Taken(Batch, f64),
    /// Too old: lost.
    Expired(Batch),
}

/// An endpoint with the hub's queue in front of it.
#[derive(Debug, Clone)]
pub struct Endpoint {
    config: IngressConfig,
    units: u32,
    /// Up to when the work taken so far fills the limits of events and of bytes [s].
    clocks: [f64; 2],
    queue: VecDeque<Batch>,
    waiting: u64,
    unit_micros: u128,
    metered: SimTime,
    /// Times that the pending release became stale.
    pub generation: u16,
    /// Whether a raise of the units is under way.
    pub inflating: bool,
    /// Messages that met `ServerBusy`.
    pub busy: u64,
    /// Messages that came.
    pub offered: u64,
}

/// Slack of the comparison of times [s]: far below a microsecond, far above the rounding of a time of years.
const SLACK: f64 = 1e-7;

impl Endpoint {
    /// An idle endpoint.
    pub fn new(config: IngressConfig, now: SimTime) -> Self {
        Self {
            config,
            units: config.units,
            clocks: [f64::MIN; 2],
            queue: VecDeque::new(),
            waiting: 0,
            unit_micros: 0,
            metered: now,
            generation: 0,
            inflating: false,
            busy: 0,
            offered: 0,
        }
    }

    /// Throughput units now.
    pub fn units(&self) -> u32 {
        self.units
    }

    /// Messages that the hub keeps for the endpoint.
    pub fn waiting(&self) -> u64 {
        self.waiting
    }

    /// Whether what waits is a flow and not messages with slots.
    pub fn holds_flow(&self) -> bool {
        self.queue.front().is_some_and(|batch| batch.slot == u32::MAX)
    }

    /// Gives up all messages that wait.
    pub fn clear(&mut self) -> Vec<Batch> {
        self.waiting = 0;
        self.generation = self.generation.wrapping_add(1);
        self.queue.drain(..).collect()
    }

    /// When the oldest message that waits was sent [s].
    pub fn oldest(&self) -> Option<f64> {
        self.queue.front().map(|batch| batch.origin)
    }

    /// Puts a batch behind the others; it comes at its `at`.
    pub fn arrive(&mut self, batch: Batch) {
        self.offered += batch.n;
        self.waiting += batch.n;
        self.queue.push_back(batch);
    }

    /// Limit of a message of this size: the time that it takes of events and of bytes [s].
    fn costs(&self, bytes: f64) -> [f64; 2] {
        let units = f64::from(self.units);
        [1.0 / (units * self.config.events.per_second()), bytes / (units * self.config.bytes.0 as f64)]
    }

    /// Share of the limit that messages of this size take at a rate [1/s].
    pub fn load(&self, rate: f64, bytes: f64) -> f64 {
        let [events, volume] = self.costs(bytes);
        rate * events.max(volume)
    }

    /// Messages of so many bytes that its full credit takes at once.
    pub fn credit(&self, bytes: f64) -> f64 {
        let [events, volume] = self.costs(bytes);
        self.config.credit.secs() / events.max(volume)
    }

    fn bases(&self, at: f64) -> [f64; 2] {
        self.clocks.map(|clock| clock.max(at - self.config.credit.secs()))
    }

    /// When the first message that waits may leave.
    pub fn next(&self) -> Option<SimTime> {
        let head = self.queue.front()?;
        let (bases, costs) = (self.bases(head.at), self.costs(head.bytes));
        let at = (bases[0] + costs[0]).max(bases[1] + costs[1]).max(head.at);
        Some(SimTime((at * 1e6 - 0.05).max(0.0).ceil() as u64))
    }

    /// Lets go what may leave before a time: all of a batch or a part of it; nothing when nothing may.
    pub fn release(&mut self, until: SimTime) -> Option<Left> {
        let head = *self.queue.front()?;
        let (bases, costs) = (self.bases(head.at), self.costs(head.bytes));
        let first = (bases[0] + costs[0]).max(bases[1] + costs[1]).max(head.at);
        if first - head.at > self.config.retention.secs() {
            self.queue.pop_front();
            self.waiting -= head.n;
            return Some(Left::Expired(head));
        }
        let room = |i: usize| ((until.secs() + SLACK - bases[i]) / costs[i]).max(0.0);
        let k = (room(0).min(room(1)) as u64).min(head.n);
        if k == 0 {
            return None;
        }
        let middle = (k + 1) as f64 / 2.0;
        let at = (bases[0] + costs[0] * middle).max(bases[1] + costs[1] * middle).max(head.at);
        self.clocks = [bases[0] + costs[0] * k as f64, bases[1] + costs[1] * k as f64];
        self.take(k);
        let held = at - head.at;
        if held > SLACK * 10.0 {
            self.busy += k;
        }
        Some(Left::Taken(Batch { n: k, at, ..head }, held))
    }

    fn take(&mut self, k: u64) {
        let head = self.queue.front_mut().expect("a batch was looked at");
        head.n -= k;
        self.waiting -= k;
        if head.n == 0 {
            self.queue.pop_front();
        }
    }

    /// Nothing was taken up to now, as in an outage: no throughput of that time is left.
    pub fn restart(&mut self, now: SimTime) {
        self.clocks = self.clocks.map(|clock| clock.max(now.secs()));
        self.generation = self.generation.wrapping_add(1);
    }

    /// How long until the units are raised, when that is to begin now.
    pub fn begin_inflation(&mut self) -> Option<SimDuration> {
        let inflation = self.config.inflation?;
        if self.inflating || self.units >= inflation.units_max {
            return None;
        }
        self.inflating = true;
        Some(inflation.delay)
    }

    /// Raises the units by one step.
    pub fn inflate(&mut self, now: SimTime) {
        let Some(inflation) = self.config.inflation else { return };
        self.meter(now);
        self.units = self.units.saturating_add(inflation.step).min(inflation.units_max);
        self.inflating = false;
        self.generation = self.generation.wrapping_add(1);
    }

    fn meter(&mut self, now: SimTime) {
        self.unit_micros += u128::from(self.units) * u128::from(now.saturating_since(self.metered).0);
        self.metered = now;
    }

    /// Units held since the last time that this was asked [units x us].
    pub fn bill(&mut self, now: SimTime) -> u128 {
        self.meter(now);
        std::mem::take(&mut self.unit_micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> IngressConfig {
        IngressConfig {
            units: 1,
            events: "1000/s".parse().expect("a rate"),
            bytes: Bytes(1 << 20),
            credit: SimDuration::SECOND,
            retention: SimDuration::DAY,
            inflation: Some(Inflation { units_max: 3, step: 2, delay: SimDuration::MINUTE }),
        }
    }

    fn secs(s: u64) -> SimTime {
        SimTime(s * 1_000_000)
    }

    /// Sends `n` messages of a size in each of the first ten seconds; counts what was taken by then.
    fn taken(n: u64, bytes: f64) -> u64 {
        let mut endpoint = Endpoint::new(config(), SimTime::ZERO);
        let mut taken = 0;
        for s in 0..10 {
            let at = s as f64;
            endpoint.arrive(Batch { n, origin: at, at, bytes, slot: u32::MAX });
            while let Some(Left::Taken(batch, _)) = endpoint.release(secs(s + 1)) {
                taken += batch.n;
            }
        }
        assert_eq!(taken + endpoint.waiting(), 10 * n);
        taken
    }

    #[test]
    fn a_unit_takes_a_thousand_events_or_a_megabyte_a_second_whichever_ends_first() {
        // One second of credit on top: eleven seconds' worth in ten.
        assert_eq!(taken(2_000, 100.0), 11_000);
        assert_eq!(taken(2_000, 2048.0), 11 * 512);
        assert_eq!(taken(900, 100.0), 9_000);
    }

    #[test]
    fn what_is_not_taken_in_time_expires() {
        let short = IngressConfig { retention: SimDuration::from_secs(2), ..config() };
        let mut endpoint = Endpoint::new(short, SimTime::ZERO);
        for s in 0..10 {
            endpoint.arrive(Batch { n: 1_000, origin: 0.0, at: f64::from(s) * 1e-3, bytes: 1.0, slot: 0 });
        }
        let (mut taken, mut expired) = (0, 0);
        while let Some(left) = endpoint.release(secs(60)) {
            match left {
                Left::Taken(batch, _) => taken += batch.n,
                Left::Expired(batch) => expired += batch.n,
            }
        }
        // A second of credit and two of waiting, and the batch that began in time.
        assert_eq!((taken, expired), (4_000, 6_000));
    }

    #[test]
    fn inflation_raises_in_steps_up_to_its_most_and_bills_by_time() {
        let mut endpoint = Endpoint::new(config(), SimTime::ZERO);
        assert_eq!(endpoint.begin_inflation(), Some(SimDuration::MINUTE));
        assert_eq!(endpoint.begin_inflation(), None, "one raise at a time");
        endpoint.inflate(secs(60));
        assert_eq!((endpoint.units(), endpoint.begin_inflation()), (3, None));
        assert_eq!(endpoint.bill(secs(120)), 60_000_000 + 3 * 60_000_000);
    }
}
