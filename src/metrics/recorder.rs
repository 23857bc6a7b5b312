//! What a model calls while it runs. Figures are registered once, by name, and observed by index afterwards.
//!
//! Four kinds: a *tally* of values (latency), a *level* over time (connected devices), a *counter* of happenings, and a
//! *share* of two counters. Each may have a series, closed window by window.

use std::collections::BTreeMap;

use crate::metrics::figure::{Gauged, counted, gauged, shared, tallied};
use crate::metrics::parts::{Cells, CounterParts, GaugeParts, Parts, ShareParts, TallyParts};
use crate::metrics::tray::Tray;
use crate::metrics::{Histogram, Level, MeasureKey};
use crate::units::{SimDuration, SimTime};

/// Quantiles that a tally reports, with the value of their label.
pub const QUANTILES: [(f64, &str); 5] = [(0.5, "0.5"), (0.9, "0.9"), (0.95, "0.95"), (0.99, "0.99"), (0.999, "0.999")];
/// Quantiles that a series of a tally holds.
const SERIES_QUANTILES: [(f64, &str); 3] = [(0.5, "0.5"), (0.95, "0.95"), (0.99, "0.99")];
/// Most cuts of a run; later ones are not made, and what they would have ended goes on to the end.
pub const CUTS_MAX: usize = 2_000;

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
    /// Since the last cut; only in runs that are cut.
    part: Option<Histogram>,
    parts: Vec<Cells>,
    /// Observed in bulk, and not yet in the histograms.
    tray: Tray,
    series: [Vec<f64>; SERIES_QUANTILES.len()],
    /// Whether it is only looked at in windows of observation.
    sampled: bool,
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
    /// Integral up to the last cut.
    cut: u128,
    parts: Vec<Gauged>,
}

#[derive(Debug, Clone)]
struct Counter {
    key: MeasureKey,
    count_as: CountAs,
    total: u64,
    closed: u64,
    windows: Vec<u64>,
    most_in_window: f64,
    /// Count up to the last cut.
    cut: u64,
    parts: Vec<u64>,
    /// Whether it is only looked at in windows of observation.
    sampled: bool,
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
    /// Start of the run and every cut so far; empty in a run that is not cut.
    edges: Vec<SimTime>,
    /// Time looked at, in a run that looks in windows of observation.
    looked: Option<Looked>,
}

/// Time that was looked at.
#[derive(Debug, Clone, Default)]
struct Looked {
    /// Since when, while there is anything to look at.
    since: Option<SimTime>,
    /// In the window of the series under way, up to the last end of a look [us].
    micros: u64,
    /// In each closed window [us].
    windows: Vec<u64>,
}

impl Looked {
    fn close(&mut self, now: SimTime) {
        if let Some(since) = &mut self.since {
            self.micros += (now - std::mem::replace(since, now)).0;
        }
        self.windows.push(std::mem::take(&mut self.micros));
    }
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
    /// The same observations by parts, in a run that was cut.
    pub parts: Parts,
}

impl Recorder {
    /// A recorder of a run that will be cut into parts: it keeps what lies between two cuts apart.
    pub fn in_parts() -> Self {
        Self { edges: vec![SimTime::ZERO], ..Self::default() }
    }

    /// Registers a tally of values in base units, `scale` of which make one unit of the measure.
    pub fn tally(&mut self, key: MeasureKey, scale: f64, series: bool) -> TallyId {
        let window = series.then(Histogram::new);
        let part = (!self.edges.is_empty()).then(Histogram::new);
        let (whole, parts, series) = (Histogram::new(), Vec::new(), Default::default());
        let tray = Tray::default();
        self.tallies.push(Tally { key, scale, whole, window, part, parts, tray, series, sampled: false });
        TallyId(self.tallies.len() - 1)
    }

    /// Registers a level, `scale` units of which make one unit of the measure; `stats` reports its mean, extremes and end.
    pub fn level(&mut self, key: MeasureKey, scale: f64, series: bool, stats: bool, now: SimTime) -> LevelId {
        // A level that begins late, such as a stamp's, has no value in the windows before.
        let series = series.then(|| vec![f64::NAN; self.window_starts.len()]);
        let level = Level::new(0, now);
        self.levels.push(Gauge { key, level, scale, closed: 0, series, stats, cut: 0, parts: Vec::new() });
        LevelId(self.levels.len() - 1)
    }

    /// Registers a counter.
    pub fn counter(&mut self, key: MeasureKey, count_as: CountAs) -> CounterId {
        let (windows, parts) = (Vec::new(), Vec::new());
        let (total, closed, cut, most_in_window, sampled) = (0, 0, 0, 0.0, false);
        self.counters.push(Counter { key, count_as, total, closed, windows, most_in_window, cut, parts, sampled });
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
        if let Some(part) = &mut tally.part {
            part.record_n(value, n);
        }
    }

    /// Observes a value.
    #[inline]
    pub fn observe(&mut self, id: TallyId, value: u64) {
        self.observe_n(id, value, 1);
    }

    /// Observes many values; [`Self::histogram`] knows of them from the end of a window or part, or [`Self::settle`], on.
    pub fn observe_all(&mut self, id: TallyId, values: &[u64]) {
        self.tallies[id.0].tray.lay(values);
    }

    /// Observes values so many times each, as [`Self::observe_all`] does.
    pub fn observe_weighted(&mut self, id: TallyId, values: &[(u64, u64)]) {
        self.tallies[id.0].tray.lay_weighted(values);
    }

    /// Puts what was observed in bulk into the histograms.
    pub fn settle(&mut self) {
        self.tallies.iter_mut().for_each(Tally::settle);
    }

    /// The level behind an index.
    #[inline]
    pub fn level_mut(&mut self, id: LevelId) -> &mut Level {
        &mut self.levels[id.0].level
    }

    /// From the window that is open on, so many units of the level are one unit of the measure.
    pub fn rescale(&mut self, id: LevelId, scale: f64) {
        self.levels[id.0].scale = scale;
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

    /// From now on these figures are only looked at in windows of observation, and outside of them nothing is.
    pub fn look_in_windows(&mut self, sampled: impl Fn(&MeasureKey) -> bool) {
        self.looked = Some(Looked::default());
        self.tallies.iter_mut().for_each(|tally| tally.sampled = sampled(&tally.key));
        self.counters.iter_mut().for_each(|counter| counter.sampled = sampled(&counter.key));
    }

    /// A window of observation begins: what came before it in the window of the series under way is no part of that.
    pub fn begin_look(&mut self, now: SimTime) {
        let Some(looked) = &mut self.looked else { return };
        looked.since = Some(now);
        // A window of the series that saw the end of another one keeps that.
        if looked.micros == 0 {
            self.tallies.iter_mut().filter(|tally| tally.sampled).for_each(Tally::forget_window);
            self.counters
                .iter_mut()
                .filter(|counter| counter.sampled)
                .for_each(|counter| counter.closed = counter.total);
        }
    }

    /// A window of observation ends.
    pub fn end_look(&mut self, now: SimTime) {
        if let Some(looked) = &mut self.looked
            && let Some(since) = looked.since.take()
        {
            looked.micros += (now - since).0;
        }
    }

    /// Closes the window that ends now.
    pub fn close_window(&mut self, now: SimTime) {
        let length = now - self.window_from;
        self.window_starts.push(self.window_from);
        if let Some(looked) = &mut self.looked {
            looked.close(now);
            if looked.windows.last() == Some(&0) {
                self.tallies.iter_mut().filter(|tally| tally.sampled).for_each(Tally::forget_window);
                let sampled = self.counters.iter_mut().filter(|counter| counter.sampled);
                sampled.for_each(|counter| counter.closed = counter.total);
            }
        }
        for tally in &mut self.tallies {
            tally.settle();
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

    /// Ends a part of a run that is cut; nothing else, and nothing twice at the same time.
    pub fn cut(&mut self, now: SimTime) {
        if self.edges.last().is_some_and(|last| *last < now) && self.edges.len() <= CUTS_MAX {
            self.end_part(now);
        }
    }

    /// Ends a part however many there were, since what comes next is something else.
    pub fn cut_always(&mut self, now: SimTime) {
        if self.edges.last().is_some_and(|last| *last < now) {
            self.end_part(now);
        }
    }

    fn end_part(&mut self, now: SimTime) {
        let length = now - *self.edges.last().expect("a run in parts has a start");
        self.settle();
        self.tallies.iter_mut().for_each(Tally::cut);
        self.levels.iter_mut().filter(|gauge| gauge.stats).for_each(|gauge| gauge.cut(now, length.0));
        self.counters.iter_mut().for_each(Counter::cut);
        self.edges.push(now);
    }

    /// All figures of a run that ends now; the last window and the last part may be short.
    pub fn finish(mut self, now: SimTime) -> Recorded {
        if now > self.window_from {
            self.close_window(now);
        }
        if self.edges.last().is_some_and(|last| *last < now) {
            self.end_part(now);
        }
        self.settle();
        let mut out = Recorded::default();
        for tally in &self.tallies {
            tally.report(&mut out);
        }
        for gauge in &mut self.levels {
            gauge.report(now, &mut out);
        }
        for counter in &self.counters {
            let looked = self.looked.as_ref().filter(|_| counter.sampled).map(|looked| &looked.windows[..]);
            counter.report(now, (&self.window_starts, looked), &mut out);
        }
        for share in &self.shares {
            share.report(&self.counters, &mut out);
        }
        if self.edges.len() > 1 {
            out.parts = self.into_parts();
        }
        out
    }

    fn into_parts(self) -> Parts {
        let gauges = self.levels.into_iter().filter(|gauge| gauge.stats);
        Parts {
            edges: self.edges,
            tallies: self
                .tallies
                .into_iter()
                .map(|t| TallyParts { key: t.key, scale: t.scale, parts: t.parts })
                .collect(),
            gauges: gauges.map(|g| GaugeParts { key: g.key, scale: g.scale, parts: g.parts }).collect(),
            counters: self.counters.into_iter().map(Counter::into_parts).collect(),
            shares: (self.shares.into_iter())
                .map(|s| ShareParts { key: s.key, part: s.part.0, whole: s.whole.0 })
                .collect(),
        }
    }
}

impl Tally {
    fn settle(&mut self) {
        let kept = [Some(&mut self.whole), self.window.as_mut(), self.part.as_mut()];
        self.tray.empty_into(kept.into_iter().flatten());
    }

    fn close(&mut self) {
        let Some(window) = &mut self.window else { return };
        for ((q, _), series) in SERIES_QUANTILES.iter().zip(&mut self.series) {
            series.push(window.quantile(*q).map_or(f64::NAN, |v| v as f64 / self.scale));
        }
        window.clear();
    }

    fn forget_window(&mut self) {
        // What was laid aside belongs to the run, and not to the window that comes.
        self.settle();
        self.window.iter_mut().for_each(Histogram::clear);
    }

    fn cut(&mut self) {
        if let Some(part) = &mut self.part {
            self.parts.push(Cells::of(part));
            part.clear();
        }
    }

    fn report(&self, out: &mut Recorded) {
        tallied(&self.key, self.scale, &self.whole, &mut out.values);
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

    fn cut(&mut self, now: SimTime, length: u64) {
        let integral = self.level.integral(now);
        let (least, most) = self.level.cut();
        let part = Gauged { integral: integral - self.cut, length, least, most, end: self.level.value() };
        self.parts.push(part);
        self.cut = integral;
    }

    fn report(&mut self, now: SimTime, out: &mut Recorded) {
        if self.stats {
            let (integral, least, most) = (self.level.integral(now), self.level.least(), self.level.most());
            let over = Gauged { integral, length: now.0, least, most, end: self.level.value() };
            gauged(&self.key, self.scale, &over, &mut out.values);
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

    fn cut(&mut self) {
        self.parts.push(self.total - self.cut);
        self.cut = self.total;
    }

    fn into_parts(self) -> CounterParts {
        let key = (self.count_as != CountAs::Hidden).then_some(self.key);
        CounterParts { key, is_rate: self.count_as == CountAs::RatePerSecond, parts: self.parts }
    }

    fn report(&self, now: SimTime, (starts, looked): (&[SimTime], Option<&[u64]>), out: &mut Recorded) {
        match self.count_as {
            CountAs::Hidden => {}
            CountAs::Total => counted(&self.key, false, self.total, now.0, &mut out.values),
            CountAs::RatePerSecond => {
                counted(&self.key, true, self.total, now.0, &mut out.values);
                out.values.insert(self.key.clone().with("stat", "max_window"), self.most_in_window);
                let ends = starts.iter().skip(1).chain(std::iter::once(&now));
                let lengths = starts
                    .iter()
                    .zip(ends)
                    .enumerate()
                    .map(|(i, (from, to))| looked.map_or(*to - *from, |looked| SimDuration(looked[i])).secs());
                // Where nothing was looked at, nothing is said: 0 / 0.
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
        shared(&self.key, part.total, whole.total, &mut out.values);
        if self.series {
            let windows = part.windows.iter().zip(&whole.windows).map(|(a, b)| ratio(*a, *b));
            out.series.insert(self.key.clone(), windows.collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Observes some of every kind.
    struct Observed {
        recorder: Recorder,
        tally: TallyId,
        level: LevelId,
        all: CounterId,
        rate: CounterId,
    }

    impl Observed {
        fn by(mut recorder: Recorder) -> Self {
            let tally = recorder.tally(MeasureKey::new("command_latency_ms"), 1_000.0, true);
            let level = recorder.level(MeasureKey::new("devices_connected"), 1.0, true, true, SimTime::ZERO);
            let all = recorder.counter(MeasureKey::new("commands"), CountAs::Total);
            let rate = recorder.counter(MeasureKey::new("dps_lookup_rate_per_s"), CountAs::RatePerSecond);
            recorder.share(MeasureKey::new("cache_miss_ratio"), rate, all, true);
            Self { recorder, tally, level, all, rate }
        }

        fn second(&mut self, i: u64) {
            let from = SimTime(i * 1_000_000);
            self.recorder.cut(from);
            self.recorder.level_mut(self.level).set(10 * i, SimTime(from.0 + 250_000));
            self.recorder.count(self.all, 3 * i + 1);
            self.recorder.count(self.rate, i);
            (0..200 * i).for_each(|k| self.recorder.observe(self.tally, 1_000 * i + 7 * k));
        }
    }

    #[test]
    fn all_parts_together_are_the_whole_run_bit_for_bit() {
        let run = |recorder: Recorder| {
            let mut observed = Observed::by(recorder);
            (0..7).for_each(|i| observed.second(i));
            observed.recorder.finish(SimTime(6_500_000))
        };
        let (plain, cut) = (run(Recorder::default()), run(Recorder::in_parts()));
        assert_eq!((&plain.values, &plain.series, &plain.histograms), (&cut.values, &cut.series, &cut.histograms));
        assert_eq!((plain.parts.count(), cut.parts.count()), (0, 7));
        let mut whole = plain.values;
        whole.remove(&MeasureKey::new("dps_lookup_rate_per_s").with("stat", "max_window"));
        assert_eq!(cut.parts.figures(&(0..7).collect::<Vec<_>>()), whole);
    }

    #[test]
    fn a_selection_has_the_figures_of_its_own_time() {
        let mut observed = Observed::by(Recorder::in_parts());
        (0..4).for_each(|i| observed.second(i));
        let out = observed.recorder.finish(SimTime(4_000_000));
        assert_eq!(out.parts.span(2), (SimTime(2_000_000), SimTime(3_000_000)));
        let figures = out.parts.figures(&[2]);
        let value = |key: MeasureKey| figures[&key];
        // A quarter of the second at 10, the rest at 20; 7 calls, 2 of them looked up.
        assert!((value(MeasureKey::new("devices_connected").with("stat", "mean")) - 17.5).abs() < 1e-12);
        assert!((value(MeasureKey::new("devices_connected").with("stat", "min")) - 10.0).abs() < 1e-12);
        assert!((value(MeasureKey::new("commands")) - 7.0).abs() < 1e-12);
        assert!((value(MeasureKey::new("dps_lookup_rate_per_s").with("stat", "mean")) - 2.0).abs() < 1e-12);
        assert!((value(MeasureKey::new("cache_miss_ratio")) - 2.0 / 7.0).abs() < 1e-12);
        assert!(
            (value(MeasureKey::new("command_latency_ms").with("stat", "mean")) - (2.0 + 7.0 * 399.0 / 2e3)).abs()
                < 1e-9
        );
        assert!(!figures.contains_key(&MeasureKey::new("command_latency_ms").with("quantile", "0.99")), "400 values");
        assert!(out.parts.figures(&[]).is_empty());
    }

    #[test]
    fn cuts_have_a_bound_and_none_is_made_twice() {
        let mut recorder = Recorder::in_parts();
        recorder.cut(SimTime::ZERO);
        (1..=2 * CUTS_MAX as u64).for_each(|i| recorder.cut(SimTime(i / 2)));
        (1..=2 * CUTS_MAX as u64).for_each(|i| recorder.cut(SimTime(CUTS_MAX as u64 + i)));
        assert_eq!(recorder.finish(SimTime(u64::MAX / 2)).parts.count(), CUTS_MAX + 1);
    }

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
