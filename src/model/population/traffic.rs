//! Traffic that devices make or receive: telemetry and calls, and the phases of periodic devices.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::arrivals::RateProfile;
use crate::model::ids::{DeviceId, StampId};
use crate::units::{Bytes, SimDuration, SimTime};

/// How telemetry is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fidelity {
    /// Counts per tick through fluid limiters where that is accurate, else superposed: the fast mode.
    #[default]
    Flow,
    /// Each message by itself in order of time, without an event for any of them.
    Superposed,
    /// Each message is an event: the checking mode.
    Events,
}

/// When a device sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cadence {
    /// Each period, at the device's own phase, and up to `jitter` later.
    Periodic {
        /// Period.
        period: SimDuration,
        /// Longest delay after the phase, uniform.
        jitter: SimDuration,
    },
    /// A Poisson process with this mean gap.
    Poisson {
        /// Mean gap.
        gap: SimDuration,
    },
}

impl Cadence {
    /// Mean rate of one device [1/s].
    pub fn rate_per_second(self) -> f64 {
        match self {
            Self::Periodic { period, .. } => 1.0 / period.secs(),
            Self::Poisson { gap } => 1.0 / gap.secs(),
        }
    }
}

/// Telemetry of one device.
#[derive(Debug, Clone, PartialEq)]
pub struct Telemetry {
    /// When it sends.
    pub cadence: Cadence,
    /// Size of a message.
    pub size: Bytes,
    /// Change of the rate over time; Poisson cadence only.
    pub profile: RateProfile,
}

/// A message on its way, at full fidelity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// Sender.
    pub device: DeviceId,
    /// When it was sent.
    pub sent: SimTime,
    /// Structural counter of its draws.
    pub counter: u64,
    /// Stamp whose hub took it; none before that.
    pub stamp: StampId,
    /// When it came to where it is.
    pub at: SimTime,
    /// When processing will have done it, as things stand.
    pub due: SimTime,
}

/// Messages on their way, in slots that are used again.
#[derive(Debug, Clone, Default)]
pub struct Messages {
    slots: Vec<Message>,
    free: Vec<u32>,
}

impl Messages {
    /// Takes a message in and gives its slot.
    pub fn put(&mut self, message: Message) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = message;
            return slot;
        }
        self.slots.push(message);
        (self.slots.len() - 1) as u32
    }

    /// The message of a slot.
    pub fn get(&mut self, slot: u32) -> &mut Message {
        &mut self.slots[slot as usize]
    }

    /// The message of a slot, to look at.
    pub fn peek(&self, slot: u32) -> &Message {
        &self.slots[slot as usize]
    }

    /// Messages on their way.
    pub fn under_way(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Gives a message out; its slot may be used again.
    pub fn take(&mut self, slot: u32) -> Message {
        self.free.push(slot);
        self.slots[slot as usize]
    }
}

/// How calls spread over the devices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Popularity {
    /// All alike.
    Uniform,
    /// The k-th most popular device gets a share proportional to k^-exponent. Ranks follow the order of joining, which
    /// nothing else depends on: phases, regions and hubs are hashed.
    Zipf(f64),
}

/// Cloud-to-device calls to the devices of a cohort.
#[derive(Debug, Clone, PartialEq)]
pub struct Calls {
    /// Mean calls of a device [1/s].
    pub rate_per_second: f64,
    /// Spread over the devices.
    pub popularity: Popularity,
    /// Change of the rate over time.
    pub profile: RateProfile,
    /// Size of the request.
    pub request: Bytes,
    /// Size of the answer.
    pub response: Bytes,
}

/// Phases of the periodic devices of one class (a stamp and a cohort): exact counts of sends in any interval.
///
/// Devices are not exchangeable when they are periodic, so their phases are kept, in bins of the period.
#[derive(Debug, Clone, PartialEq)]
pub struct Phases {
    period: u64,
    counts: Vec<u32>,
    total: u64,
}

impl Phases {
    /// Finest resolution of a period [bins].
    const BINS_MAX: u64 = 3_600;

    /// Phases of a period, read in steps of about `tick`.
    pub fn new(period: SimDuration, tick: SimDuration) -> Self {
        let bins = (period.0 / tick.0.max(1)).clamp(1, Self::BINS_MAX);
        Self { period: period.0, counts: vec![0; bins as usize], total: 0 }
    }

    /// Memory that the phases of a period take [B].
    pub fn bytes(period: SimDuration, tick: SimDuration) -> usize {
        size_of::<u32>() * (period.0 / tick.0.max(1)).clamp(1, Self::BINS_MAX) as usize
    }

    fn bin(&self, phase: u64) -> usize {
        (u128::from(phase % self.period) * self.counts.len() as u128 / u128::from(self.period)) as usize
    }

    /// A device with this phase begins to send.
    pub fn add(&mut self, phase: u64) {
        let bin = self.bin(phase);
        self.counts[bin] += 1;
        self.total += 1;
    }

    /// A device with this phase no longer sends.
    pub fn remove(&mut self, phase: u64) {
        let bin = self.bin(phase);
        self.counts[bin] -= 1;
        self.total -= 1;
    }

    /// Bins that lie wholly before a time, since the start, and the part of the next one that does [1 / period].
    fn passed(&self, at: SimTime) -> (u128, u128) {
        let place = u128::from(at.0) * self.counts.len() as u128;
        (place / u128::from(self.period), place % u128::from(self.period))
    }

    /// Sends of a bin in the part of it that lies before: a bin sends evenly.
    fn begun(&self, (bin, part): (u128, u128)) -> u64 {
        let count = self.counts[(bin % self.counts.len() as u128) as usize];
        (u128::from(count) * part / u128::from(self.period)) as u64
    }

    /// Most devices of one bin.
    pub fn peak(&self) -> u32 {
        self.counts.iter().copied().max().unwrap_or(0)
    }

    /// Length of a bin.
    pub fn step(&self, period: SimDuration) -> SimDuration {
        SimDuration((period.0 / self.counts.len() as u64).max(1))
    }

    /// Sends in `[from, from + tick)`.
    pub fn sends(&self, from: SimTime, tick: SimDuration) -> u64 {
        let (first, last) = (self.passed(from), self.passed(from + tick));
        let bins = self.counts.len() as u128;
        let whole = (last.0 - first.0) / bins;
        let rest: u64 = (first.0..last.0 - whole * bins).map(|b| u64::from(self.counts[(b % bins) as usize])).sum();
        whole as u64 * self.total + rest + self.begun(last) - self.begun(first)
    }

    /// Sends in `[from, from + tick)` bin by bin: how many, and in which part of that time they lie evenly.
    pub fn each_send(&self, from: SimTime, tick: SimDuration, mut visit: impl FnMut(u64, (SimTime, SimDuration))) {
        let until = from + tick;
        let (first, last) = (self.passed(from), self.passed(until));
        let begins = |bin: u128| {
            let begins = (bin * u128::from(self.period)).div_ceil(self.counts.len() as u128);
            SimTime(begins as u64).clamp(from, until)
        };
        for bin in first.0..=last.0 {
            let end = if bin == last.0 {
                self.begun(last)
            } else {
                u64::from(self.counts[(bin % self.counts.len() as u128) as usize])
            };
            let n = end - if bin == first.0 { self.begun(first) } else { 0 };
            if n > 0 {
                visit(n, (begins(bin), begins(bin + 1) - begins(bin)));
            }
        }
    }
}

/// Part of its ranks by which a band of them is longer than one.
const BAND: u32 = 32;

/// Ranks of a Zipf law by rejection-free inversion over cumulative weights; one table serves a cohort.
#[derive(Debug, Clone, PartialEq)]
pub struct ZipfTable {
    cumulative: Vec<f64>,
}

impl ZipfTable {
    /// Weights k^-exponent for k = 1..=n.
    pub fn new(n: u32, exponent: f64) -> Self {
        let mut sum = 0.0;
        let cumulative = (1..=n)
            .map(|k| {
                sum += libm::pow(f64::from(k), -exponent);
                sum
            })
            .collect();
        Self { cumulative }
    }

    /// Share of a rank (from 0) among the first `n`.
    pub fn share(&self, n: u32, rank: u32) -> f64 {
        self.weight(rank, rank + 1) / self.cumulative[n as usize - 1]
    }

    fn weight(&self, from: u32, until: u32) -> f64 {
        let before = if from == 0 { 0.0 } else { self.cumulative[from as usize - 1] };
        self.cumulative[until as usize - 1] - before
    }

    /// The first `n` ranks in bands of ranks that are nearly alike, the first ones alone: the share of each, and its ranks.
    pub fn bands(&self, n: u32) -> impl Iterator<Item = (f64, u32)> {
        let mut from = 0;
        std::iter::from_fn(move || {
            let until = (from + 1 + from / BAND).min(n);
            let band = (from < n).then(|| (self.weight(from, until) / self.cumulative[n as usize - 1], until - from));
            from = until;
            band
        })
    }

    /// The rank (from 0) at a uniform draw, among the first `n`.
    pub fn rank(&self, n: u32, unit: f64) -> u32 {
        let head = &self.cumulative[..n as usize];
        let target = unit * head[head.len() - 1];
        head.partition_point(|c| *c <= target).min(head.len() - 1) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_device_sends_once_a_period_whatever_the_tick() {
        let period = SimDuration::from_secs(300);
        let mut phases = Phases::new(period, SimDuration::SECOND);
        for device in 0..1_000_u64 {
            phases.add(device * 7_919_000 % period.0);
        }
        for tick in [1, 7, 300, 3_600] {
            let tick = SimDuration::from_secs(tick);
            let n = SimDuration::HOUR.0 * 7 / tick.0;
            let sent: u64 = (0..n).map(|i| phases.sends(SimTime(i * tick.0), tick)).sum();
            assert_eq!(sent, n * tick.0 / period.0 * 1_000, "tick {tick}");
        }
    }

    /// Parts of any length, bins that are no multiple of them: the counts of the bins add up, each in its own time.
    #[test]
    fn sends_by_bin_are_all_sends_whatever_the_parts() {
        let period = SimDuration(90_500_000);
        let mut phases = Phases::new(period, SimDuration::SECOND);
        (0..2_000_u64).for_each(|device| phases.add(device * 7_919_777 % period.0));
        let (mut from, mut sent) = (SimTime::ZERO, 0);
        for step in 0..3_000_u64 {
            let length = SimDuration(1 + step * 611_953 % 2_000_000);
            let mut by_bin = 0;
            phases.each_send(from, length, |n, (at, long)| {
                by_bin += n;
                assert!(at >= from && at + long <= from + length && n > 0 && !long.is_zero());
            });
            assert_eq!(by_bin, phases.sends(from, length), "{step}");
            (from, sent) = (from + length, sent + by_bin);
        }
        let cycles = from.0 / period.0;
        assert!((cycles * 2_000..=(cycles + 1) * 2_000).contains(&sent), "{sent}");
    }

    /// 3,000 devices of a day's period lie in bins of 24 s, and send in every second of it.
    #[test]
    fn a_long_period_sends_evenly_within_its_bins() {
        let mut phases = Phases::new(SimDuration::DAY, SimDuration::SECOND);
        (0..30_000).for_each(|i| phases.add(i * 800));
        let sends = |s: u64| phases.sends(SimTime(s * 1_000_000), SimDuration::SECOND);
        assert_eq!((0..24).map(sends).collect::<Vec<_>>(), [1_250; 24]);
    }

    #[test]
    fn a_phase_outside_the_tick_does_not_send() {
        let mut phases = Phases::new(SimDuration::from_secs(60), SimDuration::SECOND);
        phases.add(30_000_000);
        let sends = |s: u64| phases.sends(SimTime(s * 1_000_000), SimDuration::SECOND);
        assert_eq!([sends(29), sends(30), sends(31), sends(90)], [0, 1, 0, 1]);
    }

    #[test]
    fn zipf_gives_the_first_rank_its_share() {
        let table = ZipfTable::new(1_000, 0.8);
        let n = 100_000;
        let first = (0..n).filter(|i| table.rank(1_000, f64::from(*i) / f64::from(n)) == 0).count();
        let total: f64 = (1..=1_000).map(|k| libm::pow(f64::from(k), -0.8)).sum();
        assert!((first as f64 / f64::from(n) - 1.0 / total).abs() < 1e-4);
    }
}
