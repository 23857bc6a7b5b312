//! Value axes: where a value stands, which values get a line, and what is written beside it.

use super::numbers;

/// What an axis measures; decides its steps and its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantity {
    /// A time, in [ms].
    Milliseconds,
    /// A share, as a ratio.
    Share,
    /// Things.
    Count,
    /// An amount, in [USD].
    Usd,
    /// A rate, in [1/s].
    PerSecond,
}

impl Quantity {
    /// A single value in words.
    pub(super) fn text(self, value: f64) -> String {
        match self {
            Self::Milliseconds => numbers::milliseconds(value),
            Self::Share => numbers::percent(value),
            Self::Count => numbers::count(value),
            Self::Usd => numbers::usd(value),
            Self::PerSecond => numbers::per_second(value),
        }
    }

    /// Size of the unit in which an axis up to `top` is written, the text before and after the number, and whether
    /// every value carries it: a thousand is part of the number, a unit is said once.
    fn unit(self, top: f64) -> (f64, &'static str, &'static str, bool) {
        match self {
            Self::Milliseconds => match top {
                t if t <= 1e3 => (1.0, "", " ms", false),
                t if t <= 1.2e5 => (1e3, "", " s", false),
                t if t <= 7.2e6 => (6e4, "", " min", false),
                _ => (3.6e6, "", " h", false),
            },
            Self::Share => (0.01, "", " %", false),
            Self::Usd => (1.0, "$", "", false),
            Self::Count | Self::PerSecond => {
                let rate = self == Self::PerSecond;
                match top {
                    t if t < 1e4 => (1.0, "", if rate { "/s" } else { "" }, !rate),
                    t if t < 1e6 => (1e3, "", if rate { " k/s" } else { " k" }, !rate),
                    t if t < 1e9 => (1e6, "", if rate { " M/s" } else { " M" }, !rate),
                    _ => (1e9, "", if rate { " G/s" } else { " G" }, !rate),
                }
            }
        }
    }

    /// Values that a logarithmic axis may mark, in rising order.
    fn marks(self) -> Vec<f64> {
        let steps = |unit: f64, upto: f64| {
            (-9..13)
                .flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * libm::exp10(f64::from(power))))
                .filter(move |mark| *mark < upto)
                .map(move |mark| mark * unit)
        };
        let from_one = |unit: f64, upto: f64| steps(unit, upto).filter(move |mark| *mark >= unit * 0.999);
        match self {
            Self::Milliseconds => {
                let seconds = steps(1.0, 900.0).chain(from_one(1e3, 30.0));
                seconds.chain(from_one(6e4, 30.0)).chain(from_one(3.6e6, 1e9)).collect()
            }
            _ => steps(1.0, f64::INFINITY).collect(),
        }
    }
}

/// A value axis.
#[derive(Debug, Clone)]
pub(super) struct Scale {
    logarithmic: bool,
    low: f64,
    high: f64,
    /// Marked values with their text, rising.
    pub(super) ticks: Vec<(f64, String)>,
}

/// Above this ratio of the largest to the smallest value an axis is logarithmic.
const LOG_FROM: f64 = 20.0;
/// Most values that a logarithmic axis marks.
const LOG_TICKS: usize = 10;

impl Scale {
    /// From zero to a round value, in about `steps` steps. A value that exceeds it by a fiftieth of a step, hardly
    /// a pixel, is no reason for one step more.
    pub(super) fn linear(quantity: Quantity, max: f64, steps: f64) -> Self {
        let some = max.is_finite() && max > 0.0;
        let (max, steps) = if some { (max, steps) } else { (quantity.unit(0.0).0, 1.0) };
        let (unit, before, after, always) = quantity.unit(max);
        let step = round_step(max / unit / steps);
        let count = (max / unit / step - 0.02).ceil().max(1.0) as usize;
        let places = [1.0, 0.1, 0.01, 0.001, 0.0001].iter().position(|size| step >= size * 0.999).unwrap_or(5);
        let places = if quantity == Quantity::Usd && places > 0 { places.max(2) } else { places };
        let tick = |i: usize| {
            let value = step * i as f64;
            let number = if places == 0 { numbers::grouped(value) } else { format!("{value:.places$}") };
            let text = match i {
                0 => "0".to_owned(),
                i if always || i == count => format!("{before}{number}{after}"),
                _ => number,
            };
            (value * unit, text)
        };
        let ticks: Vec<_> = (0..=count).map(tick).collect();
        Self { logarithmic: false, low: 0.0, high: step * count as f64 * unit, ticks }
    }

    /// The axis that suits the values: from zero, or logarithmic where they span more than a factor of 20.
    pub(super) fn fitting(quantity: Quantity, values: impl IntoIterator<Item = f64>) -> Self {
        let (mut min, mut max) = (f64::INFINITY, 0.0_f64);
        for value in values.into_iter().filter(|value| value.is_finite()) {
            max = max.max(value);
            if value > 0.0 {
                min = min.min(value);
            }
        }
        if max > LOG_FROM * min { Self::logarithmic(quantity, min, max) } else { Self::linear(quantity, max, 6.0) }
    }

    fn logarithmic(quantity: Quantity, min: f64, max: f64) -> Self {
        let marks = quantity.marks();
        let low = marks.iter().rev().find(|mark| **mark <= min * 1.000_001).copied().unwrap_or(min);
        let high = marks.iter().find(|mark| **mark >= max * 0.999_999).copied().unwrap_or(max);
        let within: Vec<f64> = marks.into_iter().filter(|mark| (low..=high).contains(mark)).collect();
        let chosen: Vec<f64> =
            if within.len() <= LOG_TICKS { within } else { within.into_iter().filter(|mark| opens(*mark)).collect() };
        let ticks = chosen.iter().enumerate().map(|(i, mark)| (*mark, log_text(quantity, *mark, chosen.get(i + 1))));
        Self { logarithmic: true, low, high, ticks: ticks.collect() }
    }

    /// Where a value stands from 0 (bottom) to 1 (top); values beyond the axis stand at its ends.
    pub(super) fn unit(&self, value: f64) -> f64 {
        let share = if self.logarithmic {
            let log = |v: f64| libm::log10(v.max(self.low));
            (log(value) - log(self.low)) / (log(self.high) - log(self.low))
        } else {
            (value - self.low) / (self.high - self.low)
        };
        if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Whether the axis is logarithmic.
    pub(super) fn is_logarithmic(&self) -> bool {
        self.logarithmic
    }
}

/// The smallest of 1, 2, 5 times a power of ten that is not noticeably less than `raw`.
fn round_step(raw: f64) -> f64 {
    let power = libm::exp10(libm::floor(libm::log10(raw)));
    [1.0, 2.0, 5.0].iter().map(|digit| digit * power).find(|step| *step >= raw * 0.98).unwrap_or(10.0 * power)
}

/// Whether a mark opens a decade, or is one of a time's units.
fn opens(mark: f64) -> bool {
    let decade = |value: f64| {
        let power = libm::log10(value);
        (power - power.round()).abs() < 1e-6
    };
    decade(mark) && mark < 5e4 || decade(mark / 6e4) && mark < 2e6 || decade(mark / 3.6e6)
}

/// Read from the top: milliseconds lose their unit below a value that has it.
fn log_text(quantity: Quantity, mark: f64, above: Option<&f64>) -> String {
    let text = quantity.text(mark);
    let said = above.is_some_and(|above| quantity.text(*above).ends_with(" ms"));
    if said { text.trim_end_matches(" ms").to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(scale: &Scale) -> Vec<&str> {
        scale.ticks.iter().rev().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn linear_axes_start_at_zero_and_say_the_unit_once() {
        assert_eq!(texts(&Scale::linear(Quantity::Share, 0.93, 5.0)), ["100 %", "80", "60", "40", "20", "0"]);
        assert_eq!(
            texts(&Scale::linear(Quantity::Usd, 1.1, 6.0)),
            ["$1.20", "1.00", "0.80", "0.60", "0.40", "0.20", "0"]
        );
        assert_eq!(
            texts(&Scale::linear(Quantity::Count, 8_100.0, 4.0)),
            ["10,000", "8,000", "6,000", "4,000", "2,000", "0"]
        );
        assert_eq!(texts(&Scale::linear(Quantity::Milliseconds, 1_740.0, 5.0)), ["2.0 s", "1.5", "1.0", "0.5", "0"]);
        assert_eq!(texts(&Scale::linear(Quantity::Count, 150_000.0, 4.0)), ["150 k", "100 k", "50 k", "0"]);
        assert_eq!(
            texts(&Scale::linear(Quantity::Milliseconds, 90_000.0, 5.0)),
            ["100 s", "80", "60", "40", "20", "0"]
        );
    }

    #[test]
    fn logarithmic_axes_mark_1_2_5_and_say_a_unit_where_it_changes() {
        let scale = Scale::fitting(Quantity::Milliseconds, [35.0, 120.0, 4_100.0]);
        assert_eq!(texts(&scale), ["5 s", "2 s", "1 s", "500 ms", "200", "100", "50", "20"]);
        assert!(scale.unit(20.0).abs() < 1e-12 && (scale.unit(5_000.0) - 1.0).abs() < 1e-12);
        assert!((scale.unit(316.227_766) - 0.5).abs() < 1e-6);
        let wide = Scale::fitting(Quantity::Milliseconds, [1.0, 3.0e7]);
        assert_eq!(texts(&wide), ["10 h", "1 h", "10 min", "1 min", "10 s", "1 s", "100 ms", "10", "1"]);
    }

    #[test]
    fn axes_of_nothing_still_stand() {
        for scale in [Scale::fitting(Quantity::Share, []), Scale::linear(Quantity::Usd, f64::NAN, 6.0)] {
            assert!(scale.high > 0.0 && scale.ticks.len() >= 2, "{scale:?}");
            assert!(scale.unit(f64::NAN).abs() < 1e-12);
        }
    }
}
