//! What the texts of all quantities share: exact decimals, error texts, the visitor behind serde, the schema.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Error, Visitor};

use super::wide;

/// What is wrong with the text of a quantity. Its messages are lower-case fragments without a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitError {
    /// Nothing but white space.
    Empty {
        /// What belongs here.
        expected: &'static str,
    },
    /// A minus sign where only zero and more make sense.
    Negative {
        /// The whole text.
        found: String,
        /// What belongs here.
        expected: &'static str,
    },
    /// No number where one belongs.
    NotANumber {
        /// The whole text.
        found: String,
        /// What belongs here.
        expected: &'static str,
    },
    /// A number without its unit.
    MissingUnit {
        /// The whole text.
        found: String,
        /// What belongs here.
        expected: &'static str,
    },
    /// A word that is no unit.
    UnknownUnit {
        /// The word.
        found: String,
        /// The unit that was probably meant.
        nearest: Option<&'static str>,
        /// The units that can be written.
        known: &'static str,
    },
    /// A month or a year where the length must not depend on a date.
    Calendar {
        /// The word.
        found: String,
    },
    /// A part of a month or of a year.
    NotWhole {
        /// The number with its unit.
        found: String,
    },
    /// Units that repeat, or grow from left to right.
    Order {
        /// The whole text.
        found: String,
    },
    /// More decimals than the quantity holds.
    TooFine {
        /// The whole text.
        found: String,
        /// The smallest step.
        finest: &'static str,
    },
    /// More than the quantity holds.
    TooLarge {
        /// The whole text.
        found: String,
        /// What belongs here.
        expected: &'static str,
    },
    /// A number outside the range of the quantity.
    OutOfRange {
        /// The number.
        found: String,
        /// What belongs here.
        expected: &'static str,
    },
}

impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty { expected } => write!(f, "the text is empty; expected {expected}"),
            Self::Negative { found, expected } => write!(f, "{found:?} is negative; expected {expected}"),
            Self::NotANumber { found, expected } => write!(f, "{found:?} is not understood; expected {expected}"),
            Self::MissingUnit { found, expected } => {
                write!(f, "{found:?} has a number without a unit; expected {expected}")
            }
            Self::UnknownUnit { found, nearest: Some(unit), .. } => {
                write!(f, "unknown unit {found:?}; did you mean {unit:?}?")
            }
            Self::UnknownUnit { found, nearest: None, known } => {
                write!(f, "unknown unit {found:?}; expected one of {known}")
            }
            Self::Calendar { found } => write!(
                f,
                "{found:?} has no fixed length; months and years are allowed only in the horizon of a run, which \
                 counts them from its start; expected days or weeks, such as \"30 d\""
            ),
            Self::NotWhole { found } => {
                write!(f, "{found:?} is part of a month or year; expected a whole number of them")
            }
            Self::Order { found } => {
                write!(
                    f,
                    "the units of {found:?} repeat or grow; expected the largest first, each once, such as \"1 h 30 min\""
                )
            }
            Self::TooFine { found, finest } => write!(f, "{found:?} is too fine; the smallest step is {finest}"),
            Self::TooLarge { found, expected } => write!(f, "{found:?} is too large; expected {expected}"),
            Self::OutOfRange { found, expected } => write!(f, "{found} is out of range; expected {expected}"),
        }
    }
}

impl std::error::Error for UnitError {}

/// A quantity with a text.
pub(super) trait Text: Sized + fmt::Display + FromStr<Err = UnitError> {
    /// What belongs here, with an example; it follows "expected".
    const EXPECTED: &'static str;
    /// Name in the JSON Schema.
    const NAME: &'static str;
    /// Sentence of the JSON Schema.
    const ABOUT: &'static str;
    /// Regular expression (ECMA 262) that every valid text matches.
    const PATTERN: &'static str;
    /// The smallest step, for messages.
    const FINEST: &'static str;
}

/// Gives a [`Text`] its serde and schema traits.
macro_rules! spoken {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any($crate::units::text::TextVisitor::default())
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                <$type as $crate::units::text::Text>::NAME.into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "description": <$type as $crate::units::text::Text>::ABOUT,
                    "pattern": <$type as $crate::units::text::Text>::PATTERN,
                })
            }
        }
    };
}
pub(super) use spoken;

/// Reads a string; a bare number is told what it lacks.
pub(super) struct TextVisitor<T>(PhantomData<T>);

impl<T> Default for TextVisitor<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T: Text> TextVisitor<T> {
    fn bare_number<E: Error>(number: impl fmt::Display) -> E {
        E::custom(format_args!("expected {}, found the number {number}", T::EXPECTED))
    }
}

impl<T: Text> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        Err(Self::bare_number(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        Err(Self::bare_number(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        Err(Self::bare_number(number))
    }
}

/// An exact decimal, `digits / 10^scale`; the fraction has no trailing zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    digits: u128,
    scale: u32,
}

/// Why a decimal has no integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misfit {
    NotANumber,
    TooFine,
    TooLarge,
}

impl Misfit {
    /// The error of a whole text.
    pub(super) fn of<T: Text>(self, text: &str) -> UnitError {
        let (found, expected) = (text.to_owned(), T::EXPECTED);
        match self {
            Self::NotANumber => UnitError::NotANumber { found, expected },
            Self::TooFine => UnitError::TooFine { found, finest: T::FINEST },
            Self::TooLarge => UnitError::TooLarge { found, expected },
        }
    }
}

impl Decimal {
    /// Reads `12`, `0.5` or `60_000`; no sign, no exponent.
    pub(super) fn parse(text: &str) -> Result<Self, Misfit> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        if ![whole, fraction].into_iter().all(is_digits) {
            return Err(Misfit::NotANumber);
        }
        let fraction = fraction.trim_end_matches(['0', '_']);
        let whole = append(0, whole).ok_or(Misfit::TooLarge)?;
        let digits = append(whole, fraction).ok_or(Misfit::TooFine)?;
        Ok(Self { digits, scale: fraction.bytes().filter(u8::is_ascii_digit).count() as u32 })
    }

    /// `self * factor`, which must be an integer.
    pub(super) fn exactly(self, factor: u128) -> Result<u128, Misfit> {
        match self.divided(factor)? {
            (integer, 0, _) => Ok(integer),
            _ => Err(Misfit::TooFine),
        }
    }

    /// `self * factor` to the nearest integer, a half upwards.
    pub(super) fn half_up(self, factor: u128) -> Result<u128, Misfit> {
        let (integer, remainder, divisor) = self.divided(factor)?;
        integer.checked_add(u128::from(remainder >= divisor - remainder)).ok_or(Misfit::TooLarge)
    }

    /// Quotient, remainder and divisor of `self * factor`.
    fn divided(self, factor: u128) -> Result<(u128, u128, u128), Misfit> {
        let divisor = 10u128.checked_pow(self.scale).ok_or(Misfit::TooFine)?;
        let (integer, remainder) = wide::mul_div_rem(self.digits, factor, divisor).ok_or(Misfit::TooLarge)?;
        Ok((integer, remainder, divisor))
    }
}

/// The value with more digits behind it; nothing beyond 128 bits.
fn append(value: u128, digits: &str) -> Option<u128> {
    let digits = digits.bytes().filter(u8::is_ascii_digit);
    digits
        .map(|digit| u128::from(digit - b'0'))
        .try_fold(value, |value, digit| value.checked_mul(10)?.checked_add(digit))
}

/// Digits with underscores between them, as in TOML.
pub(super) fn is_digits(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'_')
}

/// A number and the word after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) number: Decimal,
    pub(super) unit: &'a str,
}

/// Splits "1 h 30 min" into its pieces; at least one.
pub(super) fn pieces<T: Text>(text: &str) -> Result<Vec<Piece<'_>>, UnitError> {
    let mut rest = text.trim();
    refuse_empty_and_negative::<T>(rest)?;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let (number, tail) = cut(rest, |c| !(c.is_ascii_digit() || c == '.' || c == '_'));
        let number = Decimal::parse(number).map_err(|misfit| misfit.of::<T>(text))?;
        let (unit, tail) = cut(tail.trim_start(), |c| c.is_whitespace() || c.is_ascii_digit());
        if unit.is_empty() {
            return Err(UnitError::MissingUnit { found: text.to_owned(), expected: T::EXPECTED });
        }
        pieces.push(Piece { number, unit });
        rest = tail.trim_start();
    }
    Ok(pieces)
}

/// The two mistakes that every text without a sign can have.
pub(super) fn refuse_empty_and_negative<T: Text>(text: &str) -> Result<(), UnitError> {
    let expected = T::EXPECTED;
    match text.chars().next() {
        None => Err(UnitError::Empty { expected }),
        Some('-' | '\u{2212}') => Err(UnitError::Negative { found: text.to_owned(), expected }),
        Some(_) => Ok(()),
    }
}

/// Cuts before the first character that ends the piece.
fn cut(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

/// The error of a word that is no unit, with the unit that was probably meant.
pub(super) fn unknown_unit(found: &str, units: &[&'static str], known: &'static str) -> UnitError {
    let small = found.to_lowercase();
    let begins = |unit: &&&'static str| unit.to_lowercase().starts_with(&small);
    let distance = |unit: &str| strsim::damerau_levenshtein(&unit.to_lowercase(), &small);
    let near = || {
        units.iter().min_by_key(|unit| distance(unit)).filter(|unit| distance(unit) <= 2 && distance(unit) < unit.len())
    };
    let nearest = units.iter().find(begins).or_else(near).copied();
    UnitError::UnknownUnit { found: found.to_owned(), nearest, known }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_and_say_why_they_are_not() {
        let exactly = |text: &str, factor| Decimal::parse(text).and_then(|d| d.exactly(factor));
        assert_eq!(exactly("0.1", 10), Ok(1));
        assert_eq!(exactly("60_000", 1), Ok(60_000));
        assert_eq!(exactly("1.50000000000000000000000000000000000000000000", 2), Ok(3));
        assert_eq!(exactly("0.15", 10), Err(Misfit::TooFine));
        assert_eq!(exactly("999999999999999999999999999999999999999999", 1), Err(Misfit::TooLarge));
        for wrong in ["", ".", "5.", ".5", "1.2.3", "_1", "1_", "1e3", "+1"] {
            assert_eq!(Decimal::parse(wrong), Err(Misfit::NotANumber), "{wrong}");
        }
    }

    #[test]
    fn a_half_is_rounded_up() {
        let half_up = |text: &str| Decimal::parse(text).and_then(|d| d.half_up(1));
        assert_eq!((half_up("0.5"), half_up("0.49"), half_up("1.5")), (Ok(1), Ok(0), Ok(2)));
    }

    #[test]
    fn the_nearest_unit_is_named() {
        let nearest = |found| match unknown_unit(found, &["s", "min", "h", "ms", "hour", "minutes"], "") {
            UnitError::UnknownUnit { nearest, .. } => nearest,
            _ => None,
        };
        assert_eq!(nearest("m"), Some("min"));
        assert_eq!(nearest("mins"), Some("min"));
        assert_eq!(nearest("MIN"), Some("min"));
        assert_eq!(nearest("munites"), Some("minutes"));
        assert_eq!(nearest("fortnight"), None);
    }
}
