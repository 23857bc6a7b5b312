//! Operations per time, exact.

use std::fmt;
use std::str::FromStr;

use super::text::{self, Decimal, Misfit, Text, UnitError, spoken};
use super::time::{SimDuration, UNITS, unit_length};

/// Operations per length of time: a limit, a pace, an intensity. Zero is a rate.
///
/// Equal means written the same: "60/min" and "1/s" are two values with one [`per_second`](Self::per_second).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    /// Operations [millionths of an operation] in each `per`.
    pub count_micros: u64,
    /// The length of time that they are counted in; not zero.
    pub per: SimDuration,
}

impl Rate {
    /// No operations.
    pub const ZERO: Self = Self { count_micros: 0, per: SimDuration::SECOND };

    /// This many operations in each `per`.
    ///
    /// # Panics
    /// When `per` is zero or the count is beyond 18 million million.
    pub const fn new(count: u64, per: SimDuration) -> Self {
        assert!(!per.is_zero(), "a rate counts in a length of time");
        assert!(count <= u64::MAX / 1_000_000, "a rate stays below 1.8e13 operations");
        Self { count_micros: count * 1_000_000, per }
    }

    /// This many operations in each second [1/s], rounded to millionths; not a number and negative rates are zero.
    pub fn from_per_second(per_second: f64) -> Self {
        debug_assert!(per_second >= 0.0, "a rate is not negative: {per_second}/s");
        Self { count_micros: (per_second * 1e6).round() as u64, per: SimDuration::SECOND }
    }

    /// Operations in a second [1/s].
    pub fn per_second(self) -> f64 {
        self.count_micros as f64 / self.per.0 as f64
    }

    /// Operations in a length of time [1].
    pub fn count_in(self, length: SimDuration) -> f64 {
        self.per_second() * length.secs()
    }

    /// Mean time between operations, rounded to the microsecond; nothing for a rate of zero.
    pub fn interval(self) -> Option<SimDuration> {
        let micros = u128::from(self.per.0) * 1_000_000;
        let count = u128::from(self.count_micros);
        (count > 0).then(|| SimDuration(u64::try_from((micros + count / 2) / count).unwrap_or(u64::MAX)))
    }

    /// Whether nothing ever happens.
    pub const fn is_zero(self) -> bool {
        self.count_micros == 0
    }

    /// `self * numerator / denominator`, exact: a count that does not divide makes `per` longer instead.
    ///
    /// # Panics
    /// When the denominator is zero, or the result needs more than 64 bits.
    #[must_use]
    pub fn scaled(self, numerator: u64, denominator: u64) -> Self {
        assert!(denominator > 0, "a rate is divided by a positive number");
        let common = gcd(numerator, denominator);
        let (numerator, denominator) = (numerator / common, denominator / common);
        let shared = gcd(self.count_micros, denominator);
        let count_micros = (self.count_micros / shared).checked_mul(numerator);
        let per = self.per.0.checked_mul(denominator / shared);
        let too_large = "a scaled rate fits 64 bits";
        Self { count_micros: count_micros.expect(too_large), per: SimDuration(per.expect(too_large)) }
    }
}

/// Greatest common divisor (Euclid); `b` is not zero.
fn gcd(a: u64, b: u64) -> u64 {
    if a == 0 { b } else { gcd(b % a, a) }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.count_micros / 1_000_000)?;
        let fraction = format!("{:06}", self.count_micros % 1_000_000);
        let fraction = fraction.trim_end_matches('0');
        if !fraction.is_empty() {
            write!(f, ".{fraction}")?;
        }
        match UNITS.iter().find(|(_, length)| *length == self.per.0) {
            Some((unit, _)) => write!(f, "/{}", spelled(unit)),
            None => write!(f, "/{}", self.per),
        }
    }
}

/// "2/day" reads better than "2/d".
fn spelled(unit: &str) -> &str {
    match unit {
        "d" => "day",
        "w" => "week",
        other => other,
    }
}

impl FromStr for Rate {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let trimmed = text.trim();
        text::refuse_empty_and_negative::<Self>(trimmed)?;
        let Some((count, per)) = trimmed.split_once('/') else { return Err(without_per(trimmed)) };
        let micros = Decimal::parse(count.trim()).and_then(|count| count.exactly(1_000_000));
        let micros = micros.and_then(|micros| u64::try_from(micros).map_err(|_| Misfit::TooLarge));
        let count_micros = micros.map_err(|misfit| misfit.of::<Self>(trimmed))?;
        let per = read_per(per.trim(), trimmed)?;
        Ok(Self { count_micros, per })
    }
}

/// A number alone lacks its unit; anything else is not understood.
fn without_per(text: &str) -> UnitError {
    let (found, expected) = (text.to_owned(), Rate::EXPECTED);
    match Decimal::parse(text) {
        Ok(_) => UnitError::MissingUnit { found, expected },
        Err(_) => UnitError::NotANumber { found, expected },
    }
}

/// "min" stands for "1 min"; "10 min" is itself.
fn read_per(per: &str, text: &str) -> Result<SimDuration, UnitError> {
    let missing = UnitError::MissingUnit { found: text.to_owned(), expected: Rate::EXPECTED };
    let length = match unit_length(per) {
        Some(length) => SimDuration(length),
        None if per.is_empty() => return Err(missing),
        None if per.starts_with(|c: char| c.is_ascii_digit()) => per.parse()?,
        None => format!("1 {per}").parse()?,
    };
    if length.is_zero() { Err(missing) } else { Ok(length) }
}

impl Text for Rate {
    const EXPECTED: &'static str = "a rate with its unit of time, such as \"200/min\"";
    const NAME: &'static str = "Rate";
    const ABOUT: &'static str = "Operations per time, such as \"200/min\", \"0.5/s\" or \"1/10 min\".";
    const PATTERN: &'static str = r"^\s*[0-9][0-9_]*(\.[0-9_]+)?\s*/\s*(([0-9][0-9_]*(\.[0-9_]+)?)?\s*(us|ms|s|sec|seconds?|min|minutes?|h|hours?|d|days?|w|weeks?)\s*)+$";
    const FINEST: &'static str = "a millionth of an operation";
}

spoken!(Rate);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Rate {
        text.parse().expect(text)
    }

    #[test]
    fn rates_read_and_print() {
        for (text, count, per) in [
            ("200/min", 200_000_000, SimDuration::MINUTE),
            ("2/day", 2_000_000, SimDuration::DAY),
            ("1000/min", 1_000_000_000, SimDuration::MINUTE),
            ("0.5/s", 500_000, SimDuration::SECOND),
            ("12/h", 12_000_000, SimDuration::HOUR),
            ("1/10 min", 1_000_000, SimDuration::MINUTE * 10),
            ("0/s", 0, SimDuration::SECOND),
        ] {
            assert_eq!(read(text), Rate { count_micros: count, per });
            assert_eq!(read(text).to_string(), text);
        }
        assert_eq!(read(" 200 / min "), read("200/min"));
        assert_eq!(read("3/d").to_string(), "3/day");
        assert_eq!(read("1/week").to_string(), "1/week");
    }

    #[test]
    fn a_rate_is_per_second_and_has_an_interval() {
        assert_eq!(read("120/min").per_second().to_bits(), 2f64.to_bits());
        assert_eq!(read("120/min").interval(), Some(SimDuration::from_millis(500)));
        assert_eq!(Rate::ZERO.interval(), None);
        assert_eq!(read("30/min").count_in(SimDuration::HOUR).to_bits(), 1800f64.to_bits());
        assert_eq!(Rate::from_per_second(0.25), read("0.25/s"));
        assert_eq!(Rate::new(200, SimDuration::MINUTE), read("200/min"));
    }

    /// 12 connections/s per unit of S1: 9 units make 108/s (IoT Hub quotas and throttling, 2023-02-09).
    #[test]
    fn scaling_is_exact() {
        assert_eq!(read("12/s").scaled(9, 1).to_string(), "108/s");
        assert_eq!(read("1/min").scaled(1, 3).to_string(), "1/3 min");
        assert_eq!(read("9/min").scaled(2, 3).to_string(), "6/min");
        assert_eq!(read("5/min").scaled(0, 7).to_string(), "0/min");
    }

    #[test]
    fn each_mistake_has_its_own_words() {
        let message = |text: &str| text.parse::<Rate>().expect_err(text).to_string();
        assert!(message("200").contains("without a unit"));
        assert!(message("200/").contains("without a unit"));
        assert!(message("200/mni").contains("did you mean \"min\"?"), "{}", message("200/mni"));
        assert!(message("2/month").contains("no fixed length"));
        assert!(message("-1/s").contains("negative"));
        assert!(message("").contains("empty"));
        assert!(message("1/0 s").contains("without a unit"));
        assert!(message("0.0000001/s").contains("too fine"));
        assert!(message("99999999999999/s").contains("too large"));
        assert!(message("some/s").contains("not understood"));
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(count_micros: u64, per in 1u64..) {
            let rate = Rate { count_micros, per: SimDuration(per) };
            prop_assert_eq!(rate.to_string().parse(), Ok(rate));
        }

        #[test]
        fn no_text_is_a_panic(text in "\\PC*", close in "[0-9. _-]{0,40}/?[0-9]{0,3}(ms|min|d|µ)?.?") {
            let _ = text.parse::<Rate>();
            let _ = close.parse::<Rate>();
        }
    }
}
