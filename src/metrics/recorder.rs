//! What a model calls while it runs. Figures are registered once, by name, and observed by index afterwards.
//!
//! Four kinds: a *tally* of values (latency), a *level* over time (connected devices), a *counter* of happenings, and a
//! *share* of two counters. Each may have a series, closed window by window.

use std::collections::BTreeMap;

use crate::metrics::{Histogram, Level, MeasureKey};
use crate::units::SimTime;

/// Quantiles that a tally reports, with the value of their label.
pub const QUANTILES: [(f64, &str); 5] = [(0.5, "0.5"), (0.9, "0.9"), (0.95, "0.95"), (0.99, "0.99"), (0.999, "0.999")];
/// Quantiles that a series of a tally holds.
const SERIES_QUANTILES: [(f64, &str); 3] = [(0.5, "0.5"), (0.95, "0.95"), (0.99, "0.99")];
/// Values that a quantile needs beyond it before it is reported: the estimate of a p99.9 needs ten in a thousand-fold.
const BEYOND_QUANTILE: f64 = 5.0;

/// Index of a tally.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TallyId(usize);
/// Index of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelId(usize);
/// Index of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterId(usize);

/// Which figures a counter makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountAs {
    /// Only a part of shares.
    Hidden,
    /// The total over the run.
    Total,
    /// The mean per second over the run, and per window.
    RatePerSecond,
}

#[derive(Debug, Clone)]
struct Tally {
    key: MeasureKey,
    /// Base units (us or counts) in one unit of the measure.
    scale: f64,
    whole: Histogram,
    window: Option<Histogram>,
    series: [Vec<f64>; SERIES_QUANTILES.len()],
}

#[derive(Debug, Clone)]
struct Gauge {
    key: MeasureKey,
    level: Level,
    /// Units of the level in one unit of the measure.
    scale: f64,
    closed: u128,
    series: Option<Vec<f64>>,
    stats: bool,
}

#[derive(Debug, Clone)]
struct Counter {
    key: MeasureKey,
    count_as: CountAs,
    total: u64,
    closed: u64,
    windows: Vec<u64>,
    most_in_window: f64,
}

#[derive(Debug, Clone)]
struct Share {
    key: MeasureKey,
    part: CounterId,
    whole: CounterId,
    series: bool,
}

/// Everything observed so far.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    tallies: Vec<Tally>,
    levels: Vec<Gauge>,
    counters: Vec<Counter>,
    shares: Vec<Share>,
    window_starts: Vec<SimTime>,
    window_from: SimTime,
}

/// What a recorder yields at the end of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recorded {
    /// One value per figure.
    pub values: BTreeMap<MeasureKey, f64>,
    /// Histograms in base units.
    pub histograms: BTreeMap<MeasureKey, Histogram>,
    /// One value per window; NaN where nothing was observed.
    pub series: BTreeMap<MeasureKey, Vec<f64>>,
}

impl Recorder {
    /// Registers a tally of values in base units, `scale` of which make one unit of the measure.
    pub fn tally(&mut self, key: MeasureKey, scale: f64, series: bool) -> TallyId {
        let window = series.then(Histogram::new);
        self.tallies.push(Tally { key, scale, whole: Histogram::new(), window, series: Default::default() });
        TallyId(self.tallies.len() - 1)
    }

    /// Registers a level, `scale` units of which make one unit of the measure; `stats` reports its mean, extremes and end.
    pub fn level(&mut self, key: MeasureKey, scale: f64, series: bool, stats: bool, now: SimTime) -> LevelId {
        // A level that begins late, such as a stamp's, has no value in the windows before.
        let series = series.then(|| vec![f64::NAN; self.window_starts.len()]);
        self.levels.push(Gauge { key, level: Level::new(0, now), scale, closed: 0, series, stats });
        LevelId(self.levels.len() - 1)
    }

    /// Registers a counter.
    pub fn counter(&mut self, key: MeasureKey, count_as: CountAs) -> CounterId {
        self.counters.push(Counter { key, count_as, total: 0, closed: 0, windows: Vec::new(), most_in_window: 0.0 });
        CounterId(self.counters.len() - 1)
    }

    /// Registers the share of one counter in another.
    pub fn share(&mut self, key: MeasureKey, part: CounterId, whole: CounterId, series: bool) {
        self.shares.push(Share { key, part, whole, series });
    }

    /// Observes `n` equal values.
    #[inline]
    pub fn observe_n(&mut self, id: TallyId, value: u64, n: u64) {
        let tally = &mut self.tallies[id.0];
        tally.whole.record_n(value, n);
        if let Some(window) = &mut tally.window {
            window.record_n(value, n);
        }
    }

    /// Observes a value.
    #[inline]
    pub fn observe(&mut self, id: TallyId, value: u64) {
        self.observe_n(id, value, 1);
    }

    /// The level behind an index.
    #[inline]
    pub fn level_mut(&mut self, id: LevelId) -> &mut Level {
        &mut self.levels[id.0].level
    }

    /// Current value of a level.
    pub fn level_value(&self, id: LevelId) -> u64 {
        self.levels[id.0].level.value()
    }

    /// Largest value of a level so far.
    pub fn level_most(&self, id: LevelId) -> u64 {
        self.levels[id.0].level.most()
    }

    /// Counts `n` happenings.
    #[inline]
    pub fn count(&mut self, id: CounterId, n: u64) {
        self.counters[id.0].total += n;
    }

    /// The count so far.
    pub fn counted(&self, id: CounterId) -> u64 {
        self.counters[id.0].total
    }

    /// The histogram of a tally so far.
    pub fn histogram(&self, id: TallyId) -> &Histogram {
        &self.tallies[id.0].whole
    }

    /// Closes the window that ends now.
    pub fn close_window(&mut self, now: SimTime) {
        let length = now - self.window_from;
        self.window_starts.push(self.window_from);
        for tally in &mut self.tallies {
            tally.close();
        }
        for gauge in &mut self.levels {
            gauge.close(now, length.0);
        }
        for counter in &mut self.counters {
            counter.close(length.secs());
        }
        self.window_from = now;
    }

    /// All figures of a run that ends now; the last window may be short.
    pub fn finish(mut self, now: SimTime) -> Recorded {
        if now > self.window_from {
            self.close_window(now);
        }
        let mut out = Recorded::default();
        for tally in &self.tallies {
            tally.report(&mut out);
        }
        for gauge in &mut self.levels {
            gauge.report(now, &mut out);
        }
        for counter in &self.counters {
            counter.report(now, &self.window_starts, &mut out);
        }
        for share in &self.shares {
            share.report(&self.counters, &mut out);
        }
        out
    }
}

impl Tally {
    fn close(&mut self) {
        let Some(window) = &mut self.window else { return };
        for ((q, _), series) in SERIES_QUANTILES.iter().zip(&mut self.series) {
            series.push(window.quantile(*q).map_or(f64::NAN, |v| v as f64 / self.scale));
        }
        window.clear();
    }

    fn report(&self, out: &mut Recorded) {
        let n = self.whole.count() as f64;
        if let Some(mean) = self.whole.mean() {
            out.values.insert(self.key.clone().with("stat", "mean"), mean / self.scale);
            let most = self.whole.max().expect("a mean has values");
            out.values.insert(self.key.clone().with("stat", "max"), most as f64 / self.scale);
        }
        for (q, label) in QUANTILES {
            if n * (1.0 - q) >= BEYOND_QUANTILE {
                let value = self.whole.quantile(q).expect("there are values") as f64 / self.scale;
                out.values.insert(self.key.clone().with("quantile", label), value);
            }
        }
        if self.whole.count() > 0 {
            out.histograms.insert(self.key.clone(), self.whole.clone());
        }
        if self.window.is_some() {
            for ((_, label), series) in SERIES_QUANTILES.iter().zip(&self.series) {
                out.series.insert(self.key.clone().with("quantile", *label), series.clone());
            }
        }
    }
}

impl Gauge {
    fn close(&mut self, now: SimTime, length: u64) {
        let integral = self.level.integral(now);
        if let Some(series) = &mut self.series {
            let mean = (integral - self.closed) as f64 / length as f64;
            series.push(mean / self.scale);
        }
        self.closed = integral;
    }

    fn report(&mut self, now: SimTime, out: &mut Recorded) {
        if self.stats && now.0 > 0 {
            let mean = self.level.integral(now) as f64 / now.0 as f64;
            let figures = [
                ("mean", mean),
                ("min", self.level.least() as f64),
                ("max", self.level.most() as f64),
                ("end", self.level.value() as f64),
            ];
            for (stat, value) in figures {
                out.values.insert(self.key.clone().with("stat", stat), value / self.scale);
            }
        }
        if let Some(series) = &self.series {
            out.series.insert(self.key.clone(), series.clone());
        }
    }
}

impl Counter {
    fn close(&mut self, length_s: f64) {
        let in_window = self.total - self.closed;
        self.closed = self.total;
        self.windows.push(in_window);
        if length_s > 0.0 {
            self.most_in_window = self.most_in_window.max(in_window as f64 / length_s);
        }
    }

    fn report(&self, now: SimTime, starts: &[SimTime], out: &mut Recorded) {
        match self.count_as {
            CountAs::Hidden => {}
            CountAs::Total => {
                out.values.insert(self.key.clone(), self.total as f64);
            }
            CountAs::RatePerSecond => {
                let mean = self.total as f64 / now.since_start().secs();
                out.values.insert(self.key.clone().with("stat", "mean"), mean);
                out.values.insert(self.key.clone().with("stat", "max_window"), self.most_in_window);
                let ends = starts.iter().skip(1).chain(std::iter::once(&now));
                let lengths = starts.iter().zip(ends).map(|(from, to)| (*to - *from).secs());
                let rates = self.windows.iter().zip(lengths).map(|(n, length)| *n as f64 / length);
                out.series.insert(self.key.clone(), rates.collect());
            }
        }
    }
}

impl Share {
    fn report(&self, counters: &[Counter], out: &mut Recorded) {
        let (part, whole) = (&counters[self.part.0], &counters[self.whole.0]);
        let ratio = |a: u64, b: u64| if b == 0 { f64::NAN } else { a as f64 / b as f64 };
        if whole.total > 0 {
            out.values.insert(self.key.clone(), ratio(part.total, whole.total));
        }
        if self.series {
            let windows = part.windows.iter().zip(&whole.windows).map(|(a, b)| ratio(*a, *b));
            out.series.insert(self.key.clone(), windows.collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_reports_its_figures_and_windows() {
        let mut recorder = Recorder::default();
        let tally = recorder.tally(MeasureKey::new("command_latency_ms"), 1_000.0, true);
        let level = recorder.level(MeasureKey::new("devices_connected"), 1.0, true, true, SimTime::ZERO);
        let all = recorder.counter(MeasureKey::new("commands"), CountAs::Total);
        let part = recorder.counter(MeasureKey::new("commands"), CountAs::Hidden);
        recorder.share(MeasureKey::new("stale_route_ratio"), part, all, true);
        recorder.level_mut(level).set(10, SimTime(500_000));
        recorder.count(all, 4);
        recorder.count(part, 1);
        (0..1_000).for_each(|_| recorder.observe(tally, 2_000));
        recorder.close_window(SimTime(1_000_000));
        recorder.count(all, 4);
        let out = recorder.finish(SimTime(2_000_000));
        let value = |key: MeasureKey| out.values[&key];
        assert!((value(MeasureKey::new("command_latency_ms").with("quantile", "0.99")) - 2.0).abs() < 0.03);
        assert!(!out.values.contains_key(&MeasureKey::new("command_latency_ms").with("quantile", "0.999")));
        assert!((value(MeasureKey::new("devices_connected").with("stat", "mean")) - 7.5).abs() < 1e-9);
        assert!((value(MeasureKey::new("commands")) - 8.0).abs() < 1e-9);
        assert!((value(MeasureKey::new("stale_route_ratio")) - 0.125).abs() < 1e-9);
        assert_eq!(out.series[&MeasureKey::new("devices_connected")], [5.0, 10.0]);
        assert_eq!(out.series[&MeasureKey::new("stale_route_ratio")], [0.25, 0.0]);
    }
}
