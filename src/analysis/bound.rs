//! The text of a bound on a measure, such as "> 30 min", and its value in the measure's unit.

use std::fmt;

use crate::metrics::Measure;
use crate::units::{Money, Rate, SimDuration, UnitError};

/// How a figure is held against a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Comparison {
    /// The longer signs first, since each begins with a shorter one.
    const SIGNS: [(&'static str, Self); 4] =
        [(">=", Self::AtLeast), ("<=", Self::AtMost), (">", Self::Greater), ("<", Self::Less)];

    /// Whether `value` stands in this relation to `limit`; never for what is no number.
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Less => value < limit,
            Self::AtMost => value <= limit,
            Self::Greater => value > limit,
            Self::AtLeast => value >= limit,
        }
    }
}

/// A comparison with a value; it prints as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// The comparison.
    pub comparison: Comparison,
    /// The value [unit of the measure].
    pub value: f64,
    text: String,
}

impl Bound {
    /// Reads a bound on a measure: a comparison (`>`, `>=`, `<`, `<=`), then a quantity that fits the measure.
    ///
    /// A duration for a time, an amount such as "$0.50" for money, "200/min" for a rate, "2 %" for a ratio; a bare
    /// number is in the unit of the measure.
    pub fn parse(text: &str, measure: &Measure) -> Result<Self, BoundError> {
        let text = text.trim();
        let (comparison, quantity) = Comparison::SIGNS
            .iter()
            .find_map(|(sign, comparison)| text.strip_prefix(sign).map(|rest| (*comparison, rest.trim())))
            .ok_or_else(|| BoundError::NoComparison { found: text.to_owned(), example: Kind::of(measure).example() })?;
        Ok(Self { comparison, value: value(quantity, measure)?, text: text.to_owned() })
    }

    /// Whether a figure [unit of the measure] satisfies the bound.
    pub fn holds(&self, figure: f64) -> bool {
        self.comparison.holds(figure, self.value)
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What is wrong with the text of a bound. Its messages are lower-case fragments without a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BoundError {
    /// No comparison in front.
    NoComparison {
        /// The whole text.
        found: String,
        /// A quantity that would fit.
        example: &'static str,
    },
    /// A quantity that does not fit the measure.
    DoesNotFit {
        /// The quantity.
        found: String,
        /// Name of the measure.
        measure: &'static str,
        /// What fits, with an example.
        expected: &'static str,
        /// What the reader of such a quantity says, where that tells more.
        cause: Option<UnitError>,
    },
}

impl fmt::Display for BoundError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoComparison { found, example } => {
                write!(
                    f,
                    "{found:?} has no comparison; expected >, >=, < or <= and a quantity, such as \"> {example}\""
                )
            }
            Self::DoesNotFit { found, measure, expected, cause } => {
                // A cause has its own advice.
                match cause {
                    Some(cause) => write!(f, "{found:?} does not fit {measure}: {cause}"),
                    None => write!(f, "{found:?} does not fit {measure}; expected {expected}"),
                }
            }
        }
    }
}

impl std::error::Error for BoundError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::DoesNotFit { cause: Some(cause), .. } => Some(cause),
            _ => None,
        }
    }
}

/// Which quantities fit a measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Milliseconds,
    Seconds,
    Minutes,
    PerSecond,
    Money,
    Ratio,
    Count,
}

impl Kind {
    fn of(measure: &Measure) -> Self {
        match measure.unit {
            "ms" => Self::Milliseconds,
            "s" => Self::Seconds,
            "min" => Self::Minutes,
            "1/s" => Self::PerSecond,
            "USD" => Self::Money,
            _ if measure.name.ends_with("_ratio") => Self::Ratio,
            _ => Self::Count,
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Milliseconds => "250 ms",
            Self::Seconds | Self::Minutes => "30 min",
            Self::PerSecond => "200/min",
            Self::Money => "$0.50",
            Self::Ratio => "2 %",
            Self::Count => "1000",
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Milliseconds => "a duration such as \"250 ms\", or a number of milliseconds",
            Self::Seconds => "a duration such as \"30 min\", or a number of seconds",
            Self::Minutes => "a duration such as \"30 min\", or a number of minutes",
            Self::PerSecond => "a rate such as \"200/min\", or a number per second",
            Self::Money => "an amount such as \"$0.50\", or a number of USD",
            Self::Ratio => "a share such as \"2 %\" or 0.02",
            Self::Count => "a number without a unit, such as 1000",
        }
    }
}

/// A quantity such as "5 ms" or "2 %" in the unit of the measure.
pub fn quantity(text: &str, measure: &Measure) -> Result<f64, BoundError> {
    value(text.trim(), measure)
}

/// A quantity in the unit of the measure.
fn value(quantity: &str, measure: &Measure) -> Result<f64, BoundError> {
    let kind = Kind::of(measure);
    if let Some(number) = number(quantity, "") {
        return Ok(number);
    }
    let read = match kind {
        Kind::Milliseconds => quantity.parse().map(SimDuration::millis),
        Kind::Seconds => quantity.parse().map(SimDuration::secs),
        Kind::Minutes => quantity.parse().map(|length: SimDuration| length.ratio(SimDuration::MINUTE)),
        Kind::PerSecond => quantity.parse().map(Rate::per_second),
        Kind::Money => quantity.strip_suffix("USD").unwrap_or(quantity).parse().map(Money::to_f64),
        // The exponent shifts the decimal before it is rounded, so that "2 %" and 0.02 are the same number.
        Kind::Ratio => return percent(quantity).ok_or_else(|| does_not_fit(quantity, measure, None)),
        Kind::Count => return Err(does_not_fit(quantity, measure, None)),
    };
    read.map_err(|cause| does_not_fit(quantity, measure, Some(cause)))
}

fn does_not_fit(found: &str, measure: &Measure, cause: Option<UnitError>) -> BoundError {
    // A unit of another kind altogether is said best by what fits; a slip within the kind by its own message.
    let slip = |error: &UnitError| {
        !matches!(
            error,
            UnitError::Empty { .. }
                | UnitError::NotANumber { .. }
                | UnitError::MissingUnit { .. }
                | UnitError::UnknownUnit { nearest: None, .. }
        )
    };
    let expected = Kind::of(measure).expected();
    BoundError::DoesNotFit { found: found.to_owned(), measure: measure.name, expected, cause: cause.filter(slip) }
}

/// A share written with a percent sign [1].
pub(super) fn percent(text: &str) -> Option<f64> {
    number(text.strip_suffix('%')?.trim_end(), "e-2")
}

/// A decimal with underscores between its digits; words such as "inf" are no numbers.
pub(super) fn number(text: &str, exponent: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let decimal = digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '_' | '.'));
    let starts = digits.starts_with(|c: char| c.is_ascii_digit()) && digits.ends_with(|c: char| c.is_ascii_digit());
    if !(decimal && starts) {
        return None;
    }
    format!("{}{exponent}", text.replace('_', "")).parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::measure::{MEASURES, find};

    fn parse(text: &str, measure: &str) -> Result<Bound, BoundError> {
        Bound::parse(text, find(measure).expect("a measure of the catalogue"))
    }

    #[track_caller]
    fn reads(text: &str, measure: &str, comparison: Comparison, value: f64) {
        let bound = parse(text, measure).expect("a bound");
        assert_eq!((bound.comparison, bound.value), (comparison, value), "{text}");
        assert_eq!(bound.to_string(), text.trim());
    }

    #[test]
    fn quantities_are_converted_into_the_unit_of_the_measure() {
        reads("> 30 min", "time_to_recover_s", Comparison::Greater, 1_800.0);
        reads("> 250 ms", "command_latency_ms", Comparison::Greater, 250.0);
        reads("<1.5 s", "command_latency_ms", Comparison::Less, 1_500.0);
        reads("> 1 h 30 min", "device_minutes_lost", Comparison::Greater, 90.0);
        reads(">= 2 %", "cache_miss_ratio", Comparison::AtLeast, 0.02);
        reads("< 0.99", "coalesced_ratio", Comparison::Less, 0.99);
        reads("> 130 %", "imbalance_ratio", Comparison::Greater, 1.3);
        reads("> $0.50", "cost_per_device_usd_per_month", Comparison::Greater, 0.5);
        reads("> 1_200 USD", "cost_usd_per_month", Comparison::Greater, 1_200.0);
        reads("<= 90/min", "dps_lookup_rate_per_s", Comparison::AtMost, 1.5);
        reads(" > 1000 ", "commands", Comparison::Greater, 1_000.0);
        reads("> 1000", "device_minutes_lost", Comparison::Greater, 1_000.0);
        reads("> 250", "command_latency_ms", Comparison::Greater, 250.0);
        reads("> 0", "devices_failed", Comparison::Greater, 0.0);
    }

    #[test]
    fn a_percentage_is_the_same_number_as_its_decimal() {
        for (text, value) in [("> 7 %", 0.07), ("> 0.1%", 0.001), ("> 29 %", 0.29), ("> 99.9 %", 0.999)] {
            reads(text, "blast_radius_ratio", Comparison::Greater, value);
        }
    }

    #[test]
    fn every_example_fits_its_measure() {
        for measure in MEASURES {
            let example = format!("> {}", Kind::of(measure).example());
            assert!(Bound::parse(&example, measure).is_ok(), "{example} for {}", measure.name);
        }
    }

    #[track_caller]
    fn says(text: &str, measure: &str, message: &str) {
        assert_eq!(parse(text, measure).expect_err(text).to_string(), message);
    }

    #[test]
    fn what_does_not_fit_is_told_what_does() {
        says(
            "> 30 min",
            "cache_miss_ratio",
            "\"30 min\" does not fit cache_miss_ratio; expected a share such as \"2 %\" or 0.02",
        );
        says(
            "> 2 %",
            "command_latency_ms",
            "\"2 %\" does not fit command_latency_ms; expected a duration such as \"250 ms\", or a number of milliseconds",
        );
        says("> 5 %", "commands", "\"5 %\" does not fit commands; expected a number without a unit, such as 1000");
        says(
            "> $3",
            "dps_lookup_rate_per_s",
            "\"$3\" does not fit dps_lookup_rate_per_s; expected a rate such as \"200/min\", or a number per second",
        );
        says(
            "> 5 min",
            "cost_usd_per_month",
            "\"5 min\" does not fit cost_usd_per_month; expected an amount such as \"$0.50\", or a number of USD",
        );
        says(
            "30 min",
            "time_to_recover_s",
            "\"30 min\" has no comparison; expected >, >=, < or <= and a quantity, such as \"> 30 min\"",
        );
    }

    #[test]
    fn a_slip_in_a_unit_keeps_its_own_message() {
        let message = parse("> 2 months", "time_to_recover_s").expect_err("a month").to_string();
        assert!(message.contains("has no fixed length"), "{message}");
        let message = parse("> 30 minuts", "time_to_recover_s").expect_err("a slip").to_string();
        assert!(message.contains("did you mean \"minute\"?"), "{message}");
    }

    #[test]
    fn no_number_is_no_bound() {
        for text in [">", "> ", "> inf", "> NaN", "> .", "> 1.", "> 1.2.3", "> _1", "> %", ">> 3", "=> 3", "", "> 1e3"]
        {
            assert!(parse(text, "cache_miss_ratio").is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_ends_of_a_bound() {
        assert!(Comparison::AtLeast.holds(2.0, 2.0) && !Comparison::Greater.holds(2.0, 2.0));
        assert!(Comparison::AtMost.holds(2.0, 2.0) && !Comparison::Less.holds(2.0, 2.0));
        for (_, comparison) in Comparison::SIGNS {
            assert!(!comparison.holds(f64::NAN, 1.0));
        }
    }
}
