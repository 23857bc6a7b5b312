//! Simulated time in integer microseconds.
//!
//! A length reads and prints as people write it ("5 min", "1 h 30 min"), exactly. Months and years depend on a date
//! and live in [`Horizon`](super::Horizon).

use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Sub};
use std::str::FromStr;

use super::text::{self, Piece, Text, UnitError, spoken};

/// A point of simulated time [us since the start].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimTime(pub u64);

/// A length of simulated time [us].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimDuration(pub u64);

/// The spellings of every unit and its length [us]; the first spelling of a length is the usual one.
pub(super) const UNITS: &[(&str, u64)] = &[
    ("s", 1_000_000),
    ("min", 60_000_000),
    ("h", 3_600_000_000),
    ("d", 86_400_000_000),
    ("w", 604_800_000_000),
    ("ms", 1_000),
    ("us", 1),
    ("sec", 1_000_000),
    ("second", 1_000_000),
    ("seconds", 1_000_000),
    ("minute", 60_000_000),
    ("minutes", 60_000_000),
    ("hour", 3_600_000_000),
    ("hours", 3_600_000_000),
    ("day", 86_400_000_000),
    ("days", 86_400_000_000),
    ("week", 604_800_000_000),
    ("weeks", 604_800_000_000),
];

/// The list of units for messages.
const KNOWN: &str = "us, ms, s, min, h, d, w";

/// The units that need a date.
pub(super) const CALENDAR: &[&str] = &["month", "months", "year", "years"];

impl SimTime {
    /// The start.
    pub const ZERO: Self = Self(0);

    /// The point this many microseconds after the start.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Time since the start [us].
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// Time since the start [s].
    pub fn secs(self) -> f64 {
        self.since_start().secs()
    }

    /// Time since the start [ms].
    pub fn millis(self) -> f64 {
        self.since_start().millis()
    }

    /// Time since the start.
    pub const fn since_start(self) -> SimDuration {
        SimDuration(self.0)
    }

    /// Time since an earlier point; zero when that point is later.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> SimDuration {
        SimDuration(self.0.saturating_sub(earlier.0))
    }

    /// The point this much later, or the last one there is.
    #[must_use]
    pub const fn saturating_add(self, length: SimDuration) -> Self {
        Self(self.0.saturating_add(length.0))
    }
}

impl SimDuration {
    /// No time.
    pub const ZERO: Self = Self(0);
    /// 1 us.
    pub const MICROSECOND: Self = Self(1);
    /// 1 ms.
    pub const MILLISECOND: Self = Self(1_000);
    /// 1 s.
    pub const SECOND: Self = Self(1_000_000);
    /// 1 min.
    pub const MINUTE: Self = Self(60_000_000);
    /// 1 h.
    pub const HOUR: Self = Self(3_600_000_000);
    /// 1 d of 24 h; UTC knows no other in a simulation.
    pub const DAY: Self = Self(86_400_000_000);
    /// The longest length, for "never".
    pub const MAX: Self = Self(u64::MAX);

    /// A length in microseconds.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// A length in milliseconds, or the longest there is.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// A length in seconds, or the longest there is.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// A length in seconds, rounded to the microsecond; beyond the longest length it is the longest.
    ///
    /// Not a number and negative lengths are mistakes of the caller: an assertion in debug builds, else zero.
    pub fn from_secs_f64(secs: f64) -> Self {
        debug_assert!(secs >= 0.0, "a length of time is not negative: {secs} s");
        Self::from_micros_f64(secs * 1e6)
    }

    /// A length from microseconds, halves rounded up; what is too large is the longest length.
    #[inline]
    pub fn from_micros_f64(micros: f64) -> Self {
        // A cast saturates, and takes what is not a number for zero. Rounded by hand, since `round` is a call.
        let whole = micros as u64;
        Self(whole.saturating_add(u64::from(micros - whole as f64 >= 0.5)))
    }

    /// The length [us].
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// The length [s].
    pub fn secs(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The length [ms].
    pub fn millis(self) -> f64 {
        self.0 as f64 / 1e3
    }

    /// Whether there is no time in it.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// This length against another [1].
    pub fn ratio(self, other: Self) -> f64 {
        self.0 as f64 / other.0 as f64
    }

    /// The difference, or zero when the other is longer.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The sum, or the longest length.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

// Times end with the last one there is: what a user says may be longer than that, and then never happens. Negative lengths
// are broken invariants, so these assert in every build; the branch is never taken.
impl Add<SimDuration> for SimTime {
    type Output = Self;
    fn add(self, length: SimDuration) -> Self {
        self.saturating_add(length)
    }
}

impl AddAssign<SimDuration> for SimTime {
    fn add_assign(&mut self, length: SimDuration) {
        *self = *self + length;
    }
}

impl Sub<SimDuration> for SimTime {
    type Output = Self;
    fn sub(self, length: SimDuration) -> Self {
        Self(self.0.checked_sub(length.0).expect("no time before the start"))
    }
}

impl Sub for SimTime {
    type Output = SimDuration;
    fn sub(self, earlier: Self) -> SimDuration {
        SimDuration(self.0.checked_sub(earlier.0).expect("time since a later point is negative"))
    }
}

impl Add for SimDuration {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

impl AddAssign for SimDuration {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for SimDuration {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.checked_sub(other.0).expect("a length of time is not negative"))
    }
}

impl Mul<u64> for SimDuration {
    type Output = Self;
    fn mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

/// The whole part, as of integers.
impl Div<u64> for SimDuration {
    type Output = Self;
    fn div(self, parts: u64) -> Self {
        Self(self.0 / parts)
    }
}

impl std::iter::Sum for SimDuration {
    fn sum<I: Iterator<Item = Self>>(lengths: I) -> Self {
        lengths.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for SimDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut rest, mut gap) = (self.0, "");
        for (unit, length) in [("d", Self::DAY.0), ("h", Self::HOUR.0), ("min", Self::MINUTE.0)] {
            if rest >= length {
                write!(f, "{gap}{} {unit}", rest / length)?;
                (rest, gap) = (rest % length, " ");
            }
        }
        if rest > 0 || gap.is_empty() { write_below_a_minute(f, gap, rest) } else { Ok(()) }
    }
}

/// One number with decimals: "1.5 s", "250 ms", "7 us"; and "0 s".
fn write_below_a_minute(f: &mut fmt::Formatter<'_>, gap: &str, micros: u64) -> fmt::Result {
    let (unit, length, digits) = match micros {
        0 | 1_000_000.. => ("s", 1_000_000, 6),
        1_000.. => ("ms", 1_000, 3),
        _ => ("us", 1, 0),
    };
    let fraction = format!("{:0digits$}", micros % length);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    write!(f, "{gap}{}{point}{fraction} {unit}", micros / length)
}

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.since_start().fmt(f)
    }
}

/// The length of a unit [us].
pub(super) fn unit_length(unit: &str) -> Option<u64> {
    UNITS.iter().find(|(name, _)| *name == unit).map(|(_, length)| *length)
}

/// The error of a word that is no unit of time.
pub(super) fn unknown_unit(unit: &str) -> UnitError {
    let units: Vec<_> = UNITS.iter().map(|(name, _)| *name).collect();
    text::unknown_unit(unit, &units, KNOWN)
}

/// The sum of pieces with fixed lengths; `text` is for messages.
pub(super) fn total<T: Text>(pieces: &[Piece<'_>], text: &str) -> Result<SimDuration, UnitError> {
    let (mut sum, mut last) = (0u64, u64::MAX);
    for piece in pieces {
        let length = unit_length(piece.unit).ok_or_else(|| wrong_unit(piece.unit))?;
        if length >= last {
            return Err(UnitError::Order { found: text.to_owned() });
        }
        last = length;
        let micros = piece.number.exactly(u128::from(length)).map_err(|misfit| misfit.of::<T>(text))?;
        let next = u64::try_from(micros).ok().and_then(|micros| sum.checked_add(micros));
        sum = next.ok_or_else(|| UnitError::TooLarge { found: text.to_owned(), expected: T::EXPECTED })?;
    }
    Ok(SimDuration(sum))
}

/// A month is refused with a word of its own, since people mean it.
fn wrong_unit(unit: &str) -> UnitError {
    if CALENDAR.contains(&unit) { UnitError::Calendar { found: unit.to_owned() } } else { unknown_unit(unit) }
}

impl FromStr for SimDuration {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        total::<Self>(&text::pieces::<Self>(text)?, text)
    }
}

impl FromStr for SimTime {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        Ok(Self(total::<Self>(&text::pieces::<Self>(text)?, text)?.0))
    }
}

/// Every text of a length matches; the other way round, the message of the reader says more.
const PATTERN: &str =
    r"^\s*([0-9][0-9_]*(\.[0-9_]+)?\s*(us|ms|s|sec|seconds?|min|minutes?|h|hours?|d|days?|w|weeks?)\s*)+$";

impl Text for SimDuration {
    const EXPECTED: &'static str = "a duration with its unit, such as \"5 min\"";
    const NAME: &'static str = "Duration";
    const ABOUT: &'static str = "A length of time with its unit, such as \"5 min\", \"1 h 30 min\" or \"250 ms\".";
    const PATTERN: &'static str = PATTERN;
    const FINEST: &'static str = "1 us";
}

impl Text for SimTime {
    const EXPECTED: &'static str = "a time since the start with its unit, such as \"2 h\"";
    const NAME: &'static str = "Time";
    const ABOUT: &'static str = "Simulated time since the start of the run, such as \"2 h\" or \"1 d 6 h\".";
    const PATTERN: &'static str = PATTERN;
    const FINEST: &'static str = "1 us";
}

spoken!(SimDuration);
spoken!(SimTime);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<SimDuration, String> {
        text.parse().map_err(|e: UnitError| e.to_string())
    }

    #[test]
    fn every_way_to_write_a_length_is_read() {
        for (text, micros) in [
            ("5 min", 300_000_000),
            ("30s", 30_000_000),
            ("1.5 h", 5_400_000_000),
            ("90 d", 7_776_000_000_000),
            ("2 weeks", 1_209_600_000_000),
            ("250 ms", 250_000),
            ("100 us", 100),
            ("1 h 30 min", 5_400_000_000),
            ("1h30min", 5_400_000_000),
            ("0 s", 0),
            ("0.000001 s", 1),
            ("  1_000 seconds ", 1_000_000_000),
        ] {
            assert_eq!(read(text), Ok(SimDuration(micros)), "{text}");
        }
    }

    #[test]
    fn each_mistake_has_its_own_words() {
        for (text, message) in [
            ("", "the text is empty; expected a duration with its unit, such as \"5 min\""),
            ("-5 min", "\"-5 min\" is negative; expected a duration with its unit, such as \"5 min\""),
            ("5", "\"5\" has a number without a unit; expected a duration with its unit, such as \"5 min\""),
            ("soon", "\"soon\" is not understood; expected a duration with its unit, such as \"5 min\""),
            ("5 mins", "unknown unit \"mins\"; did you mean \"min\"?"),
            ("5 parsecs", "unknown unit \"parsecs\"; expected one of us, ms, s, min, h, d, w"),
            ("0.5 us", "\"0.5 us\" is too fine; the smallest step is 1 us"),
            (
                "600000000 weeks",
                "\"600000000 weeks\" is too large; expected a duration with its unit, such as \"5 min\"",
            ),
            (
                "30 min 1 h",
                "the units of \"30 min 1 h\" repeat or grow; expected the largest first, each once, such as \"1 h 30 min\"",
            ),
        ] {
            let found = read(text).expect_err(text);
            assert_eq!(found, message);
        }
        assert!(read("2 months").expect_err("a month").contains("only in the horizon"));
    }

    #[test]
    fn lengths_print_as_people_write_them() {
        for text in ["5 min", "1 h 30 min", "0 s", "90 d", "1.5 s", "250 ms", "7 us", "1 h 1.000001 s", "1 d 1 us"] {
            assert_eq!(read(text).map(|d| d.to_string()), Ok(text.to_owned()));
        }
        assert_eq!(read("2 weeks").map(|d| d.to_string()), Ok("14 d".to_owned()));
    }

    #[test]
    fn seconds_are_rounded_and_saturate() {
        assert_eq!(SimDuration::from_secs_f64(0.000_000_6), SimDuration(1));
        assert_eq!(SimDuration::from_secs_f64(1e300), SimDuration::MAX);
        assert_eq!(SimDuration::from_secs(90).secs().to_bits(), 90f64.to_bits());
        assert_eq!(SimDuration::HOUR.ratio(SimDuration::MINUTE).to_bits(), 60f64.to_bits());
    }

    #[test]
    fn sums_and_multiples_end_with_the_last_time() {
        let (late, long) = (SimTime(u64::MAX - 5), SimDuration(u64::MAX - 5));
        assert_eq!((late + SimDuration::SECOND, long + SimDuration::SECOND), (SimTime(u64::MAX), SimDuration::MAX));
        assert_eq!((long * 3, [long, long].into_iter().sum()), (SimDuration::MAX, SimDuration::MAX));
        assert_eq!((late + SimDuration(5), SimDuration::SECOND * 2), (SimTime(u64::MAX), SimDuration(2_000_000)));
    }

    #[test]
    #[should_panic(expected = "negative")]
    fn time_since_a_later_point_is_a_broken_invariant() {
        let _ = SimTime(1) - SimTime(2);
    }

    #[derive(Debug, serde::Deserialize)]
    struct File {
        #[expect(dead_code, reason = "only its mistakes are looked at")]
        every: SimDuration,
    }

    #[test]
    fn a_mistake_in_a_file_keeps_the_place_of_its_value() {
        let text = "every = 5\n";
        let error = toml::from_str::<File>(text).expect_err("a bare number");
        assert_eq!(error.message(), "expected a duration with its unit, such as \"5 min\", found the number 5");
        assert_eq!(error.span().map(|s| &text[s]), Some("5"));
        let text = "every = \"5 mins\"\n";
        let error = toml::from_str::<File>(text).expect_err("an unknown unit");
        assert_eq!(error.span().map(|s| &text[s]), Some("\"5 mins\""));
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(micros: u64) {
            let length = SimDuration(micros);
            prop_assert_eq!(length.to_string().parse(), Ok(length));
            prop_assert_eq!(SimTime(micros).to_string().parse(), Ok(SimTime(micros)));
        }

        #[test]
        fn small_lengths_read_back_too(micros in 0u64..200_000_000) {
            let length = SimDuration(micros);
            prop_assert_eq!(length.to_string().parse(), Ok(length));
        }

        #[test]
        fn no_text_is_a_panic(text in "\\PC*", close in "[0-9. _-]{0,40}(us|ms|min|h|months|µ)?.?") {
            let _ = text.parse::<SimDuration>();
            let _ = close.parse::<SimDuration>();
        }
    }
}
