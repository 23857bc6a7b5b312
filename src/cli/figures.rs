//! The key figures of a run, and how figures are written for people.

use crate::analysis::{Estimate, Study, windows};
use crate::metrics::measure::find;
use crate::metrics::{Labels, MeasureKey};
use crate::report::numbers::reads_as_share;
use crate::results::Floors;

/// A figure of a table with what it is, where that differs from row to row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct KeyFigure {
    /// Heading of its column.
    pub(super) heading: &'static str,
    /// The figure with its interval.
    pub(super) number: String,
    /// What it is, where the heading leaves that open.
    pub(super) of: Option<String>,
    /// Both: "151.0 ± 0.9 ms (telemetry)".
    pub(super) text: String,
    /// What the limits alone allow, where that is known.
    pub(super) floor: Option<String>,
}

/// What is said of a figure that is one of the regular windows of a run.
const IN_WINDOWS: &str = "in windows";

/// What is written where a study has no such figure.
pub(super) const NOTHING: &str = "-";

/// The figures of the table after a run.
pub(super) fn key_figures(study: &Study, floors: &Floors) -> Vec<KeyFigure> {
    let figure = |heading, found: Option<(&MeasureKey, &Estimate)>, of: Option<String>| {
        let number = found.map_or_else(|| NOTHING.to_owned(), |(key, estimate)| Reading::of(key.name).brief(estimate));
        let floor = found.and_then(|(key, _)| Some(Reading::of(key.name).bare(*floors.get(key)?)));
        let notes: Vec<String> = of.iter().cloned().chain(floor.iter().map(|floor| format!("floor {floor}"))).collect();
        let text = if notes.is_empty() { number.clone() } else { format!("{number} ({})", notes.join(", ")) };
        KeyFigure { heading, number, of, text, floor }
    };
    let (latency, what) = latency(study).unzip();
    let misses = labelled(study, "cache_miss_ratio", None);
    let (misses, is_sampled) =
        misses.map_or((looked_at(study, "cache_miss_ratio", None), true), |all| (Some(all), false));
    let is_sampled = is_sampled && misses.is_some();
    let blast = worst(study, "blast_radius_ratio");
    let fault = blast.filter(|(_, estimate)| estimate.mean > 0.0).and_then(|(key, _)| key.labels.get("fault"));
    vec![
        figure("devices", level(study, "devices_registered"), None),
        figure("stamps", level(study, "stamps_active"), None),
        figure("p99 latency", latency, what),
        figure("cache misses", misses, is_sampled.then(|| IN_WINDOWS.to_owned())),
        figure("cost per device-month", cost_per_device(study), None),
        figure("worst blast radius", blast, fault.map(str::to_owned)),
    ]
}

/// The figures that the precision of a run is judged by unless its expectations name others: latency and cost.
pub(super) fn headline(study: &Study) -> Vec<MeasureKey> {
    let latency = latency(study).map(|(found, _)| found);
    latency.into_iter().chain(cost_per_device(study)).map(|(key, _)| key.clone()).collect()
}

/// Every figure of a measure.
fn of<'a>(study: &'a Study, measure: &'a str) -> impl Iterator<Item = (&'a MeasureKey, &'a Estimate)> {
    study.estimates.iter().filter(move |(key, estimate)| key.name == measure && estimate.n > 0)
}

/// The figure of a measure that has just this label, or none.
fn labelled<'a>(
    study: &'a Study,
    measure: &'a str,
    label: Option<(&str, &str)>,
) -> Option<(&'a MeasureKey, &'a Estimate)> {
    let has = |labels: &Labels| match label {
        Some((name, value)) => labels.get(name) == Some(value) && labels.iter().count() == 1,
        None => labels.is_empty(),
    };
    of(study, measure).find(|(key, _)| has(&key.labels))
}

/// The same of the fair sample, where only windows were looked at.
fn looked_at<'a>(
    study: &'a Study,
    measure: &'a str,
    label: Option<(&str, &str)>,
) -> Option<(&'a MeasureKey, &'a Estimate)> {
    let sample = (windows::LABEL, windows::REGULAR);
    let wanted = || label.iter().chain([&sample]);
    let has = |labels: &Labels| {
        wanted().all(|(name, value)| labels.get(name) == Some(value)) && labels.iter().count() == wanted().count()
    };
    of(study, measure).find(|(key, _)| has(&key.labels))
}

/// A level at the end of the run, or its mean.
fn level<'a>(study: &'a Study, measure: &'a str) -> Option<(&'a MeasureKey, &'a Estimate)> {
    let found = ["end", "mean"].into_iter().find_map(|stat| labelled(study, measure, Some(("stat", stat))));
    found.or_else(|| labelled(study, measure, None))
}

/// What users feel first: calls; without any, telemetry; without that, connecting. Where only windows were looked at, theirs.
fn latency(study: &Study) -> Option<((&MeasureKey, &Estimate), String)> {
    let kinds =
        [("command_latency_ms", "calls"), ("telemetry_latency_ms", "telemetry"), ("connect_latency_s", "connect")];
    let p99 = Some(("quantile", "0.99"));
    kinds.into_iter().find_map(|(measure, what)| {
        let of_all = labelled(study, measure, p99).map(|found| (found, what.to_owned()));
        of_all.or_else(|| Some((looked_at(study, measure, p99)?, format!("{what} {IN_WINDOWS}"))))
    })
}

fn cost_per_device(study: &Study) -> Option<(&MeasureKey, &Estimate)> {
    let measure = "cost_per_device_usd_per_month";
    labelled(study, measure, Some(("per", "registered"))).or_else(|| labelled(study, measure, None))
}

/// The largest figure of a measure, whatever its labels; of equals the one that names its fault.
fn worst<'a>(study: &'a Study, measure: &'a str) -> Option<(&'a MeasureKey, &'a Estimate)> {
    let names = |key: &MeasureKey| key.labels.get("fault").is_some();
    of(study, measure).max_by(|(a, x), (b, y)| x.mean.total_cmp(&y.mean).then_with(|| names(a).cmp(&names(b))))
}

/// How people read the figures of a measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reading {
    scale: f64,
    unit: &'static str,
}

/// Unit of amounts.
const MONEY: &str = "USD";

impl Reading {
    /// Of the measure of this name: shares in per cent, all else in its own unit.
    pub(super) fn of(measure: &str) -> Self {
        let unit = find(measure).map_or("", |measure| measure.unit);
        if reads_as_share(measure) {
            Self::share()
        } else {
            Self { scale: 1.0, unit: if unit == "1" { "" } else { unit } }
        }
    }

    /// Of a share.
    pub(super) fn share() -> Self {
        Self { scale: 100.0, unit: "%" }
    }

    /// A mean with half of its interval, such as "12.3 ± 0.4 ms"; the mean alone where there is no interval.
    pub(super) fn with_interval(self, estimate: &Estimate) -> String {
        let (mean, half) = (estimate.mean * self.scale, estimate.half_width() * self.scale);
        if !(half.is_finite() && mean.is_finite()) {
            return self.alone(estimate.mean);
        }
        if half <= 0.0 {
            return self.in_unit(&format!("{} ± 0", figure(mean)));
        }
        // The half width to two digits says which digits of the mean mean something.
        let decimals = digits(half, 2);
        self.in_unit(&format!("{} ± {}", grouped(mean, decimals), grouped(half, decimals)))
    }

    /// A mean with half of its interval for a table that is scanned: at most four digits of the mean, amounts with
    /// three behind a sign of their currency. Whole numbers keep their digits.
    pub(super) fn brief(self, estimate: &Estimate) -> String {
        let (mean, half) = (estimate.mean * self.scale, estimate.half_width() * self.scale);
        if !mean.is_finite() {
            return self.alone(estimate.mean);
        }
        let most = match self.unit {
            MONEY => digits(mean, 3),
            _ => decimals(mean, 4),
        };
        let decimals = if half > 0.0 { most.min(digits(half, 2)) } else { most };
        let mean = grouped(mean, decimals);
        let mean = if self.unit == MONEY { format!("${mean}") } else { mean };
        let unit = if self.unit == MONEY { "" } else { self.unit };
        let text = match half {
            half if !half.is_finite() => mean,
            half if half <= 0.0 => format!("{mean} ± 0"),
            half => format!("{mean} ± {}", grouped(half, decimals)),
        };
        if unit.is_empty() { text } else { format!("{text} {unit}") }
    }

    /// A figure by itself as a table has it: amounts with three digits behind a sign of their currency.
    pub(super) fn bare(self, value: f64) -> String {
        self.brief(&Estimate { mean: value, low: f64::NAN, high: f64::NAN, n: 1 })
    }

    /// A figure by itself, to four digits.
    pub(super) fn alone(self, value: f64) -> String {
        self.in_unit(&figure(value * self.scale))
    }

    /// An interval of a difference, such as "+1.2 .. +3.4 ms".
    pub(super) fn range(self, low: f64, high: f64) -> String {
        let (low, high) = (low * self.scale, high * self.scale);
        if !(low.is_finite() && high.is_finite()) {
            return NOTHING.to_owned();
        }
        let decimals = digits(low.abs().max(high.abs()), 3);
        let signed = |value: f64| format!("{}{}", if value > 0.0 { "+" } else { "" }, grouped(value, decimals));
        self.in_unit(&format!("{} .. {}", signed(low), signed(high)))
    }

    fn in_unit(self, text: &str) -> String {
        if self.unit.is_empty() || text == NOTHING { text.to_owned() } else { format!("{text} {}", self.unit) }
    }
}

fn figure(value: f64) -> String {
    if value.is_nan() {
        NOTHING.to_owned()
    } else if value.is_infinite() {
        "infinite".to_owned()
    } else {
        grouped(value, decimals(value, 4))
    }
}

/// Decimals that show so many digits of a value; none for a whole number, whose digits are never cut.
fn decimals(value: f64, digits_shown: i32) -> usize {
    if value.fract() == 0.0 { 0 } else { digits(value, digits_shown) }
}

/// Decimals that show so many digits of a value.
fn digits(value: f64, shown: i32) -> usize {
    if value == 0.0 {
        return 0;
    }
    let leading = libm::floor(libm::log10(value.abs())) as i32;
    (shown - 1 - leading).clamp(0, 9) as usize
}

/// A number without its fraction: "1,234,568".
pub(super) fn count(value: f64) -> String {
    grouped(value, 0)
}

/// A size in whole MB, of 1,048,576 B as everywhere in scenario files and flags: "1,235 MB". Never less than there is.
pub(super) fn megabytes(bytes: f64) -> String {
    format!("{} MB", count(libm::ceil(bytes / f64::from(1 << 20))))
}

/// A count with its noun.
pub(super) fn many(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n as f64), if n == 1 { "" } else { "s" })
}

/// A number with thousands set apart: "150,000".
fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let mut parts: Vec<&str> = Vec::new();
    let first = whole.len() % 3;
    if first > 0 {
        parts.push(&whole[..first]);
    }
    parts.extend((first..whole.len()).step_by(3).map(|at| &whole[at..at + 3]));
    let whole = parts.join(",");
    fraction.map_or_else(|| format!("{sign}{whole}"), |fraction| format!("{sign}{whole}.{fraction}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::units::SimDuration;

    fn estimate(mean: f64, half: f64) -> Estimate {
        Estimate { mean, low: mean - half, high: mean + half, n: 30 }
    }

    fn study(figures: &[(MeasureKey, f64)]) -> Study {
        Study {
            scenario: "outage".into(),
            question: String::new(),
            start: String::new(),
            horizon: SimDuration(1),
            window: SimDuration(1),
            replications: 30,
            estimates: figures.iter().map(|(key, mean)| (key.clone(), estimate(*mean, 0.0))).collect(),
            series: BTreeMap::new(),
            histograms: BTreeMap::new(),
            marks: Vec::new(),
        }
    }

    #[test]
    fn the_half_width_decides_the_digits_of_the_mean() {
        let ms = Reading::of("command_latency_ms");
        assert_eq!(ms.with_interval(&estimate(123.456, 4.321)), "123.5 ± 4.3 ms");
        assert_eq!(ms.with_interval(&estimate(123.456, 43.21)), "123 ± 43 ms");
        assert_eq!(ms.with_interval(&estimate(0.012_345, 0.000_123)), "0.01235 ± 0.00012 ms");
        let devices = Reading::of("devices_registered");
        assert_eq!(devices.with_interval(&estimate(1_234_567.8, 1_234.0)), "1,234,568 ± 1,234");
        assert_eq!(devices.with_interval(&estimate(150_000.0, 0.0)), "150,000 ± 0");
        assert_eq!(devices.with_interval(&estimate(f64::NAN, 0.0)), NOTHING);
        let one = Estimate { mean: 1.5, low: f64::NAN, high: f64::NAN, n: 1 };
        assert_eq!(Reading::of("command_latency_ms").with_interval(&one), "1.500 ms");
    }

    #[test]
    fn a_brief_figure_has_few_digits() {
        let brief = |measure: &str, mean: f64, half: f64| Reading::of(measure).brief(&estimate(mean, half));
        let cost = "cost_per_device_usd_per_month";
        assert_eq!(brief(cost, 0.016_049_544, 0.000_000_004), "$0.0160 ± 0.0000");
        assert_eq!(brief(cost, 0.11, 0.0), "$0.110 ± 0");
        assert_eq!(brief(cost, 1_234.5, 12.3), "$1,234 ± 12");
        assert_eq!(brief("command_latency_ms", 1_444.5, 6.7), "1,444 ± 7 ms");
        assert_eq!(brief("command_latency_ms", 151.04, 0.94), "151.0 ± 0.9 ms");
        assert_eq!(brief("command_latency_ms", 151.04, 43.2), "151 ± 43 ms");
        assert_eq!(brief("cache_miss_ratio", 0.203_22, 0.000_17), "20.32 ± 0.02 %");
        assert_eq!(brief("blast_radius_ratio", 0.25, 0.0), "25 ± 0 %");
        assert_eq!(brief("devices_registered", 99_713.0, 0.0), "99,713 ± 0");
        assert_eq!(brief("devices_registered", f64::NAN, 0.0), NOTHING);
        let one = Estimate { mean: 151.04, low: f64::NAN, high: f64::NAN, n: 1 };
        assert_eq!(Reading::of("command_latency_ms").brief(&one), "151.0 ms");
    }

    #[test]
    fn where_only_windows_were_looked_at_the_table_shows_the_fair_sample_and_says_so() {
        let calls =
            |sample| MeasureKey::new("command_latency_ms").with("quantile", "0.99").with(windows::LABEL, sample);
        let misses = |sample| MeasureKey::new("cache_miss_ratio").with(windows::LABEL, sample);
        let telemetry = MeasureKey::new("telemetry_latency_ms").with("quantile", "0.99");
        let (fair, edges) = (windows::REGULAR, windows::EDGES);
        let figures = [
            (calls(fair), 400.0),
            (calls(edges), 900.0),
            (misses(fair), 0.2),
            (misses(edges), 0.9),
            (telemetry, 140.0),
        ];
        let table = key_figures(&study(&figures), &Floors::new());
        let text =
            |heading: &str| table.iter().find(|figure| figure.heading == heading).map(|figure| figure.text.clone());
        assert_eq!(text("p99 latency").as_deref(), Some("400 ± 0 ms (calls in windows)"));
        assert_eq!(text("cache misses").as_deref(), Some("20 ± 0 % (in windows)"));
    }

    #[test]
    fn shares_are_in_per_cent_and_other_ratios_are_not() {
        assert_eq!(Reading::of("cache_miss_ratio").with_interval(&estimate(0.123, 0.004)), "12.30 ± 0.40 %");
        assert_eq!(Reading::of("imbalance_ratio").alone(1.25), "1.250");
        assert_eq!(Reading::of("no_such_measure").alone(12.0), "12");
    }

    #[test]
    fn differences_carry_their_sign() {
        assert_eq!(Reading::of("command_latency_ms").range(-1.234, 5.0), "-1.23 .. +5.00 ms");
        assert_eq!(Reading::of("command_latency_ms").range(f64::NAN, 5.0), NOTHING);
        assert_eq!(grouped(-1_234.5, 1), "-1,234.5");
        assert_eq!(grouped(999.0, 0), "999");
    }

    #[test]
    fn key_figures_take_what_users_feel_first_and_the_worst_fault() {
        let blast = |fault: &str| MeasureKey::new("blast_radius_ratio").with("fault", fault);
        let floors = Floors::from([(blast("b"), 0.2)]);
        let figures = study(&[
            (MeasureKey::new("devices_registered").with("stat", "mean"), 5.0),
            (MeasureKey::new("devices_registered").with("stat", "end"), 10.0),
            (MeasureKey::new("command_latency_ms").with("quantile", "0.5"), 1.0),
            (MeasureKey::new("telemetry_latency_ms").with("quantile", "0.99"), 7.0),
            (blast("a"), 0.25),
            (blast("b"), 0.5),
            (MeasureKey::new("blast_radius_ratio").with("stat", "max"), 0.5),
        ]);
        let figures = key_figures(&figures, &floors);
        let texts: Vec<_> = figures.iter().map(|figure| figure.text.as_str()).collect();
        assert_eq!(texts, ["10 ± 0", NOTHING, "7 ± 0 ms (telemetry)", NOTHING, NOTHING, "50 ± 0 % (b, floor 20 %)"]);
    }
}
