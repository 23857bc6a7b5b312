//! A cache that holds less than the fleet, between windows of observation and at the opening of one.
//!
//! Which entries such a cache holds depends on all devices at once, so at an opening it is drawn for all of them: when each
//! was called last, or its entry came in. The cache holds the latest of them, as many as it has room for, and they leave it
//! in that order. Under `lru` that is exact. What else is known of an entry, how long ago it was fetched, is drawn from the
//! calls before the last one, with the time that an entry is safe from eviction as those ages show it.

use crate::kernel::draws::{Purpose, Stream};
use crate::model::event::quiet::last_store;
use crate::model::gateway::cache::CacheConfig;
use crate::model::ids::DeviceId;
use crate::model::world::World;
use crate::theory::full_cache::FullCache;
use crate::units::{SimDuration, SimTime};

/// Times to live over which the calls of a device are followed back; before them its entry is that of a stationary process.
const LIVES: u64 = 2;
/// Step of the clock of calls.
const STEP: SimDuration = SimDuration::HOUR;

/// The time back from an opening, as calls measure it: profiles make some hours longer than others.
struct CallClock {
    opening: SimTime,
    /// Integral of the profile from so many steps before the opening up to it [s].
    back: Vec<f64>,
}

impl CallClock {
    fn new(opening: SimTime, from: SimTime, factor: impl Fn(SimTime, SimTime) -> f64) -> Self {
        let (mut back, mut until) = (vec![0.0], opening);
        while until > from {
            let start = SimTime(until.0.saturating_sub(STEP.0)).max(from);
            let before = back[back.len() - 1];
            back.push(before + factor(start, until) * (until - start).secs());
            until = start;
        }
        Self { opening, back }
    }

    /// The time so many seconds of the mean rate before the opening, if the clock goes back that far.
    fn before(&self, seconds: f64) -> Option<SimTime> {
        let steps = self.back.partition_point(|passed| *passed <= seconds);
        let (&low, &high) = (self.back.get(steps.checked_sub(1)?)?, self.back.get(steps)?);
        let part = (seconds - low) / (high - low);
        let back = ((steps - 1) as f64 + part) * STEP.0 as f64;
        Some(SimTime(self.opening.0.saturating_sub(back as u64)))
    }
}

/// What the calls of the quiet left of a device: when it was called last, or stored last where uses do not count.
struct Trace {
    at: SimTime,
    device: DeviceId,
}

impl World<'_> {
    /// Whether the gateway's cache has room for every device that is called by now.
    pub(super) fn keeps_all(&self, cache: &CacheConfig) -> bool {
        let called = (0..self.config.cohorts.len()).filter(|c| self.config.cohorts[*c].calls.is_some());
        called.map(|c| u64::from(self.in_fleet(c))).sum::<u64>() <= u64::from(cache.capacity)
    }

    /// How long an entry is safe from eviction at the rates of a stretch of time [s].
    pub(super) fn safe_time(&self, cache: &CacheConfig, from: SimTime, until: SimTime) -> f64 {
        if self.keeps_all(cache) {
            return f64::INFINITY;
        }
        let mut keys = Vec::new();
        for (c, cohort) in self.config.cohorts.iter().enumerate() {
            let Some(calls) = &cohort.calls else { continue };
            let joined = self.cohort_joined[c];
            let rate = calls.rate_per_second * calls.profile.mean_over(from, until);
            self.bands(c, joined, rate).for_each(|(_, each, n)| keys.push((each, n)));
        }
        as_full(cache).safe_time(&keys, f64::from(cache.capacity))
    }

    /// Share of a cohort's look-ups that find nothing at a rate of calls per device, when entries are safe for so long.
    pub(super) fn miss_ratio(&self, cache: &CacheConfig, cohort: usize, rate: f64, safe: f64) -> f64 {
        let full = as_full(cache);
        self.bands(cohort, self.cohort_joined[cohort], rate)
            .map(|(share, each, _)| share * full.miss_ratio(each, safe))
            .sum()
    }

    /// Devices of a cohort that are called alike: their share of its calls, the rate of one and how many they are. Those that left
    /// the fleet are taken to have been as popular as the others.
    fn bands(&self, cohort: usize, joined: u32, rate: f64) -> impl Iterator<Item = (f64, f64, f64)> {
        let all = f64::from(joined);
        let kept = f64::from(self.in_fleet(cohort)) / all.max(1.0);
        let table = self.popularity.get(cohort).and_then(Option::as_ref).filter(|_| joined > 0);
        let banded = table.into_iter().flat_map(move |table| table.bands(joined));
        let one = table.is_none().then_some((1.0, joined));
        banded.chain(one).map(move |(share, n)| (share, rate * all * share / f64::from(n.max(1)), f64::from(n) * kept))
    }

    /// Fills a cache that is smaller than the fleet with what calls since the last window have left in it.
    pub(super) fn draw_full_cache(&mut self, now: SimTime) {
        let Some(config) = self.config.gateway.as_ref().and_then(|gateway| gateway.cache.as_ref()) else { return };
        let Some(observation) = &self.observation else { return };
        if observation.draws_by_device {
            return;
        }
        let from = observation.quiet_from.max(observation.flushed.unwrap_or(SimTime::ZERO));
        let renewed = config.eviction.entry().renews();
        let mut traces = if renewed { self.last_calls(from, now) } else { self.last_fetches(config, from, now) };
        let room = config.capacity as usize;
        let mut safe = now.saturating_since(SimTime::ZERO);
        if traces.len() > room {
            let (_, oldest, _) =
                traces.select_nth_unstable_by_key(room, |trace| (now.saturating_since(trace.at), trace.device));
            safe = now - oldest.at;
            traces.truncate(room);
        }
        traces.sort_unstable_by_key(|trace| (trace.at, trace.device));
        for Trace { at, device } in traces {
            let stored = if renewed { self.fetched_before(device, config, at, (from, safe)) } else { at };
            if let Some(stamp) = self.enrollments.assigned(device.registration()) {
                // What expired was fetched anew, so that its place in the order is a new one.
                self.forget(device);
                self.store(device, stamp, stored);
            }
        }
    }

    /// When each device was called last in the quiet.
    fn last_calls(&self, from: SimTime, now: SimTime) -> Vec<Trace> {
        let mut traces = Vec::new();
        self.each_called(from, now, |clock, device, rate| {
            let back = if rate > 0.0 { self.age_draws(device).exponential(1.0 / rate) } else { f64::INFINITY };
            let at = clock.before(back).filter(|at| *at > self.held_since(device, from));
            traces.extend(at.map(|at| Trace { at, device }));
        });
        traces
    }

    /// When the entry of each device came in last in the quiet, where uses do not keep it.
    fn last_fetches(&self, config: &CacheConfig, from: SimTime, now: SimTime) -> Vec<Trace> {
        let safe = self.safe_time(config, SimTime(now.0.saturating_sub(STEP.0)).max(from), now);
        let life = config.ttl.map_or(f64::INFINITY, SimDuration::secs).min(safe);
        let life = SimDuration::from_secs_f64(life.min(self.config.horizon.secs()));
        let back = SimTime(now.0.saturating_sub(life.0)).max(from);
        let mut traces = Vec::new();
        self.each_called(from, now, |_, device, rate| {
            let cohort = self.devices[device.index()].cohort.index();
            let rate = rate * self.call_rate(cohort).profile.mean_over(back, now);
            let from = self.held_since(device, from);
            if from < now {
                let held = self.cache.as_ref().and_then(|cache| cache.stored(device));
                let at = last_store((rate, life), (from, now), held, &mut self.age_draws(device));
                traces.extend(at.map(|at| Trace { at, device }));
            }
        });
        traces
    }

    /// Each device that is called, with the clock of its cohort and its mean rate.
    fn each_called(&self, from: SimTime, now: SimTime, mut of: impl FnMut(&CallClock, DeviceId, f64)) {
        for (c, cohort) in self.config.cohorts.iter().enumerate() {
            let Some(calls) = &cohort.calls else { continue };
            let clock = CallClock::new(now, from, |from, until| calls.profile.mean_over(from, until));
            let (first, joined) = (self.cohort_first[c], self.cohort_joined[c]);
            for device in (first..first + joined).map(DeviceId) {
                if self.devices[device.index()].state.in_fleet() {
                    of(&clock, device, self.mean_rate(device, c));
                }
            }
        }
    }

    /// From when on the entry of a device may be that of its hub.
    fn held_since(&self, device: DeviceId, from: SimTime) -> SimTime {
        self.observation.as_ref().map_or(from, |observation| from.max(observation.registered(device)))
    }

    fn age_draws(&self, device: DeviceId) -> Stream {
        let opening = self.observation.as_ref().map_or(0, |observation| observation.opening);
        self.device_draw(device, Purpose::CacheAge, u64::from(opening))
    }

    /// When the entry was fetched that a device was last called with at a time, where each use makes it safe again.
    fn fetched_before(
        &self,
        device: DeviceId,
        config: &CacheConfig,
        last: SimTime,
        quiet: (SimTime, SimDuration),
    ) -> SimTime {
        let Some(ttl) = config.ttl else { return last };
        let cohort = self.devices[device.index()].cohort.index();
        let from = self.held_since(device, quiet.0);
        let back = SimTime(last.0.saturating_sub(ttl.0)).max(from);
        let rate = self.mean_rate(device, cohort) * self.call_rate(cohort).profile.mean_over(back, last);
        let held = self.cache.as_ref().and_then(|cache| cache.stored(device));
        let mut draws = self.age_draws(device);
        draws.unit(); // The first draw said when the last call was.
        last_fetch((rate, ttl), (from, last), (held, quiet.1), &mut draws)
    }
}

fn as_full(cache: &CacheConfig) -> FullCache {
    let ttl = cache.ttl.map_or(f64::INFINITY, SimDuration::secs);
    FullCache { renewed: cache.eviction.entry().renews(), ttl }
}

/// When the entry was fetched that a device was called with at `last`. Calls are followed back, to a gap that was longer than
/// an entry is `safe`, to the start of the quiet, or over two times to live; from there on forward, each call fetches that
/// finds the entry expired.
fn last_fetch(
    (rate, ttl): (f64, SimDuration),
    (from, last): (SimTime, SimTime),
    (held, safe): (Option<SimTime>, SimDuration),
    draws: &mut Stream,
) -> SimTime {
    let mut calls = vec![last];
    let fetched = loop {
        let first = calls[calls.len() - 1];
        let gap = SimDuration::from_secs_f64(draws.exponential(1.0 / rate).min(1e12));
        if gap >= safe {
            break first;
        }
        if gap > first.saturating_since(from) {
            break held.filter(|at| first < *at + ttl).unwrap_or(first);
        }
        if last - first > ttl * LIVES {
            let each = rate * ttl.secs();
            let age = if draws.chance(each / (1.0 + each)) { ttl.secs() * draws.unit() } else { 0.0 };
            break SimTime(first.0.saturating_sub(SimDuration::from_secs_f64(age).0));
        }
        calls.push(SimTime(first.0 - gap.0));
    };
    calls.into_iter().rev().fold(fetched, |fetched, call| if call < fetched + ttl { fetched } else { call })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_of_calls_runs_slowly_at_night() {
        let opening = SimTime(SimDuration::HOUR.0 * 10);
        // Nothing in the two hours before the opening, and twice as much before them.
        let quiet = SimTime(SimDuration::HOUR.0 * 8);
        let clock = CallClock::new(opening, SimTime::ZERO, |from, _| if from >= quiet { 0.0 } else { 2.0 });
        let hours = |at: SimTime| at.secs() / 3_600.0;
        let at = |seconds: f64| clock.before(seconds).map(hours);
        assert_eq!((at(3_600.0), at(7_200.0), at(16.0 * 3_600.0 - 7_200.0)), (Some(7.5), Some(7.0), Some(1.0)));
        assert_eq!(at(16.0 * 3_600.0 + 1.0), None, "that is before the start");
    }

    /// 20,000 devices at a fixed seed: the standard error of a share is 0.0035, so that a correct draw lies outside four of
    /// them with a chance of 6e-5. Without eviction a call finds the entry fresh as often as the closed form says; with it,
    /// calls one after another decide.
    #[test]
    fn entries_are_as_old_as_calls_make_them() {
        let ttl = SimDuration::DAY;
        let last = SimTime(ttl.0 * 30);
        for (rate_per_day, safe) in [(4.0, ttl * 40), (0.5, ttl * 40), (4.0, ttl / 2), (2.0, ttl / 3)] {
            let rate = rate_per_day / ttl.secs();
            let n = 20_000;
            let kept = (0..n).filter(|i| {
                let mut draws = crate::kernel::draws::Draws::new(11, 0).stream(*i, Purpose::CacheAge, 0);
                last_fetch((rate, ttl), (SimTime::ZERO, last), (None, safe), &mut draws) < last
            });
            let share = kept.count() as f64 / n as f64;
            let full = FullCache { renewed: true, ttl: ttl.secs() };
            let expected = 1.0 - full.miss_ratio(rate, safe.secs());
            assert!((share - expected).abs() < 0.017, "{rate_per_day} a day, safe {safe}: {share} for {expected}");
        }
    }
}
