//! The length of a run: fixed, or in calendar months and years from its start.

use std::fmt;
use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use super::text::{self, Piece, Text, UnitError, spoken};
use super::time::{self, SimDuration};

/// Months that fit a calendar of 9,999 years.
const MONTHS_MAX: u32 = 9_998 * 12;

/// The length of a run as it was written; months and years become a duration only with a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Horizon {
    text: String,
    months: u32,
    rest: SimDuration,
}

impl Horizon {
    /// The length when the run starts at this instant, by the proleptic Gregorian calendar in UTC.
    ///
    /// A day that the last month lacks becomes its last day: one month from 31 January ends on 28 or 29 February.
    /// Fails when the end is beyond the year 9999.
    pub fn resolve(&self, start: Timestamp) -> Result<SimDuration, UnitError> {
        self.resolve_civil(TimeZone::UTC.to_datetime(start))
    }

    /// The same from a date and time of day in UTC.
    pub fn resolve_civil(&self, start: DateTime) -> Result<SimDuration, UnitError> {
        let span = Span::new().try_months(self.months);
        let end = span.and_then(|span| start.checked_add(span)).map_err(|_| self.too_large())?;
        let calendar = end.duration_since(start);
        if self.ends_after_the_calendar(end) {
            return Err(self.too_large());
        }
        let micros = u64::try_from(calendar.as_micros()).expect("months lead forward");
        micros.checked_add(self.rest.0).map(SimDuration).ok_or_else(|| self.too_large())
    }

    /// So many of these lengths one after another, from this date and time of day in UTC.
    ///
    /// Months are counted from the start and not from the length before: from 31 January each month ends on its own last day.
    pub fn repeated(&self, n: u32, start: DateTime) -> Result<SimDuration, UnitError> {
        let (months, rest) = (self.months.checked_mul(n), self.rest.0.checked_mul(u64::from(n)));
        let (Some(months), Some(rest)) = (months, rest) else { return Err(self.too_large()) };
        Self { text: self.text.clone(), months, rest: SimDuration(rest) }.resolve_civil(start)
    }

    /// Whether it counts months or years.
    pub const fn is_calendar(&self) -> bool {
        self.months > 0
    }

    fn ends_after_the_calendar(&self, end_of_months: DateTime) -> bool {
        let rest = i64::try_from(self.rest.0).map(SignedDuration::from_micros);
        !rest.is_ok_and(|rest| end_of_months.checked_add(rest).is_ok())
    }

    fn too_large(&self) -> UnitError {
        UnitError::TooLarge { found: self.text.clone(), expected: "an end before the year 10000" }
    }
}

impl From<SimDuration> for Horizon {
    fn from(rest: SimDuration) -> Self {
        Self { text: rest.to_string(), months: 0, rest }
    }
}

impl fmt::Display for Horizon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Horizon {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let pieces = text::pieces::<Self>(text)?;
        let calendar = pieces.iter().take_while(|piece| months_of(piece.unit).is_some()).count();
        let (calendar, fixed) = pieces.split_at(calendar);
        if let Some(piece) = fixed.iter().find(|piece| !is_known(piece.unit)) {
            return Err(unknown_unit(piece.unit));
        }
        if fixed.iter().any(|piece| months_of(piece.unit).is_some()) {
            return Err(UnitError::Order { found: text.to_owned() });
        }
        let months = total_months(calendar, text)?;
        let rest = time::total::<Self>(fixed, text)?;
        Ok(Self { text: text.trim().to_owned(), months, rest })
    }
}

/// Months in a calendar unit.
fn months_of(unit: &str) -> Option<u32> {
    match unit {
        "month" | "months" => Some(1),
        "year" | "years" => Some(12),
        _ => None,
    }
}

fn is_known(unit: &str) -> bool {
    months_of(unit).is_some() || time::unit_length(unit).is_some()
}

fn unknown_unit(unit: &str) -> UnitError {
    let units: Vec<_> = time::UNITS.iter().map(|(name, _)| *name).chain(time::CALENDAR.iter().copied()).collect();
    text::unknown_unit(unit, &units, "us, ms, s, min, h, d, w, months, years")
}

/// "1 year 6 months" are 18 months; years come first, each unit once, whole numbers only.
fn total_months(pieces: &[Piece<'_>], text: &str) -> Result<u32, UnitError> {
    let (mut sum, mut last) = (0u32, u32::MAX);
    for piece in pieces {
        let months = months_of(piece.unit).expect("only calendar pieces come here");
        if months >= last {
            return Err(UnitError::Order { found: text.to_owned() });
        }
        last = months;
        let count = piece.number.exactly(1).map_err(|_| UnitError::NotWhole { found: text.to_owned() })?;
        let next = u32::try_from(count).ok().and_then(|n| n.checked_mul(months)?.checked_add(sum));
        sum = next.filter(|sum| *sum <= MONTHS_MAX).ok_or_else(|| too_large(text))?;
    }
    Ok(sum)
}

fn too_large(text: &str) -> UnitError {
    UnitError::TooLarge { found: text.to_owned(), expected: Horizon::EXPECTED }
}

impl Text for Horizon {
    const EXPECTED: &'static str = "a length of the run, such as \"6 h\", \"18 months\" or \"1 year 6 months\"";
    const NAME: &'static str = "Horizon";
    const ABOUT: &'static str = "Length of the run: fixed, such as \"6 h\", or counted from its start, such as \"18 months\" or \"1 year 6 months\".";
    const PATTERN: &'static str = r"^\s*([0-9][0-9_]*(\.[0-9_]+)?\s*(us|ms|s|sec|seconds?|min|minutes?|h|hours?|d|days?|w|weeks?|months?|years?)\s*)+$";
    const FINEST: &'static str = "1 us";
}

spoken!(Horizon);

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn days(text: &str, (year, month, day): (i16, i8, i8)) -> u64 {
        let horizon: Horizon = text.parse().expect("a horizon");
        let length = horizon.resolve_civil(date(year, month, day).at(0, 0, 0, 0)).expect("an end");
        assert_eq!(length.0 % SimDuration::DAY.0, 0);
        length.0 / SimDuration::DAY.0
    }

    /// Counted by hand from the calendar: 2024 and 2028 have a 29 February, 2026 has none.
    #[test]
    fn months_follow_the_calendar() {
        assert_eq!(days("1 month", (2026, 2, 1)), 28);
        assert_eq!(days("1 month", (2024, 2, 1)), 29);
        assert_eq!(days("1 month", (2026, 1, 31)), 28);
        assert_eq!(days("18 months", (2026, 3, 1)), 549);
        assert_eq!(days("1 year 6 months", (2026, 3, 1)), 549);
        assert_eq!(days("1 year", (2027, 3, 1)), 366);
        assert_eq!(days("1 month 2 weeks", (2026, 3, 2)), 31 + 14);
        assert_eq!(days("90 d", (2026, 3, 2)), 90);
    }

    #[test]
    fn an_instant_is_read_in_utc() {
        let start: Timestamp = "2026-03-02T00:00:00Z".parse().expect("an instant");
        let horizon: Horizon = "1 month".parse().expect("a horizon");
        assert_eq!(horizon.resolve(start), Ok(SimDuration::DAY * 31));
    }

    #[test]
    fn the_text_is_kept_and_mistakes_are_named() {
        let read = |text: &str| text.parse::<Horizon>().map(|h| h.to_string()).map_err(|e| e.to_string());
        assert_eq!(read(" 18 months "), Ok("18 months".to_owned()));
        assert_eq!(Horizon::from(SimDuration::HOUR).to_string(), "1 h");
        assert!(read("1.5 months").expect_err("a part").contains("whole number"));
        assert!(read("6 months 1 year").expect_err("order").contains("largest first"));
        assert!(read("1 d 1 month").expect_err("order").contains("largest first"));
        assert!(read("3 monts").expect_err("a slip").contains("did you mean \"month\"?"));
        assert!(read("200000 years").expect_err("too long").contains("too large"));
        let far: Horizon = "9000 years".parse().expect("a horizon");
        assert!(far.resolve_civil(date(2026, 1, 1).at(0, 0, 0, 0)).is_err());
        let long = Horizon::from(SimDuration::MAX);
        assert!(long.resolve_civil(date(2026, 1, 1).at(0, 0, 0, 0)).is_err());
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(months in 0u32..2_000, micros: u64) {
            let fixed = SimDuration(micros);
            let text = if months == 0 { fixed.to_string() } else { format!("{months} months {fixed}") };
            let horizon: Horizon = text.parse().expect("a horizon");
            prop_assert_eq!(horizon.to_string().parse(), Ok(horizon));
        }

        #[test]
        fn no_text_is_a_panic(text in "\\PC*", number in 0u64.., unit in "(months|years|w|d)") {
            let start = date(2026, 3, 2).at(0, 0, 0, 0);
            for text in [text, format!("{number} {unit}")] {
                let _ = text.parse::<Horizon>().map(|horizon| horizon.resolve_civil(start));
            }
        }
    }
}
