//! Shares and probabilities, checked when made.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::text::Text;
use super::text::{UnitError, is_digits, refuse_empty_and_negative};

/// A share or a probability [1], from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Ratio(f64);

impl Ratio {
    /// Nothing of it.
    pub const ZERO: Self = Self(0.0);
    /// All of it.
    pub const ONE: Self = Self(1.0);

    /// A share from 0 to 1.
    pub fn new(share: f64) -> Result<Self, UnitError> {
        // Adding zero takes the sign off a negative zero, which would print as "-0".
        let inside = (0.0..=1.0).contains(&share).then_some(Self(share + 0.0));
        inside.ok_or_else(|| UnitError::OutOfRange { found: share.to_string(), expected: Self::EXPECTED })
    }

    /// The share [1].
    pub const fn get(self) -> f64 {
        self.0
    }

    /// What is left of one.
    #[must_use]
    pub fn complement(self) -> Self {
        Self(1.0 - self.0)
    }
}

impl fmt::Display for Ratio {
    /// The shortest decimal that reads back as the same share: "0.2".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Ratio {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let trimmed = text.trim();
        refuse_empty_and_negative::<Self>(trimmed)?;
        let percent = trimmed.strip_suffix('%').map(str::trim_end);
        let number = percent.unwrap_or(trimmed);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        if !is_digits(whole) || !is_digits(fraction) {
            return Err(UnitError::NotANumber { found: trimmed.to_owned(), expected: Self::EXPECTED });
        }
        // The exponent shifts the decimal before it is rounded, so "20 %" and "0.2" are the same number.
        let exponent = if percent.is_some() { "e-2" } else { "" };
        let decimal = format!("{}{exponent}", number.replace('_', ""));
        let share = decimal.parse().expect("digits with an optional point and exponent are a number");
        Self::new(share).map_err(|_| out_of_range(trimmed))
    }
}

fn out_of_range(text: &str) -> UnitError {
    UnitError::OutOfRange { found: format!("{text:?}"), expected: Ratio::EXPECTED }
}

impl Text for Ratio {
    const EXPECTED: &'static str = "a share from 0 to 1, such as 0.2 or \"20 %\"";
    const NAME: &'static str = "Ratio";
    const ABOUT: &'static str =
        "A share or probability from 0 to 1, as a number such as 0.2 or as text such as \"20 %\".";
    const PATTERN: &'static str = r"^\s*[0-9][0-9_]*(\.[0-9_]+)?\s*%?\s*$";
    const FINEST: &'static str = "the spacing of 64-bit floats";
}

/// As a number: a share needs no unit, and numbers keep every bit.
impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RatioVisitor)
    }
}

struct RatioVisitor;

impl Visitor<'_> for RatioVisitor {
    type Value = Ratio;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Ratio::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Ratio, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_f64<E: Error>(self, share: f64) -> Result<Ratio, E> {
        Ratio::new(share).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, share: i64) -> Result<Ratio, E> {
        self.visit_f64(share as f64)
    }

    fn visit_u64<E: Error>(self, share: u64) -> Result<Ratio, E> {
        self.visit_f64(share as f64)
    }
}

impl schemars::JsonSchema for Ratio {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Self::NAME.into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": Self::ABOUT,
            "anyOf": [
                { "type": "number", "minimum": 0, "maximum": 1 },
                { "type": "string", "pattern": Self::PATTERN },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct File {
        share: Ratio,
    }

    fn share_in(text: &str) -> Result<f64, String> {
        toml::from_str::<File>(text).map(|file| file.share.get()).map_err(|e| e.message().to_owned())
    }

    #[test]
    fn a_share_is_written_as_text_or_number() {
        for text in ["share = \"20 %\"", "share = \"20%\"", "share = \"0.2\"", "share = 0.2"] {
            assert_eq!(share_in(text), Ok(0.2), "{text}");
        }
        assert_eq!((share_in("share = 1"), share_in("share = 0")), (Ok(1.0), Ok(0.0)));
        assert_eq!(share_in("share = \"0.1 %\""), Ok(0.001));
    }

    #[test]
    fn what_is_no_share_is_refused() {
        let message = |text: &str| share_in(text).expect_err(text);
        assert_eq!(message("share = 20"), "20 is out of range; expected a share from 0 to 1, such as 0.2 or \"20 %\"");
        assert!(message("share = \"120 %\"").contains("out of range"));
        assert!(message("share = nan").contains("out of range"));
        assert!(message("share = \"-5 %\"").contains("negative"));
        assert!(message("share = \"half\"").contains("not understood"));
        assert!(message("share = true").contains("expected a share from 0 to 1"));
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(share in 0.0f64..=1.0, tiny: u64) {
            for share in [share, f64::from_bits(tiny % (1 << 52))] {
                let ratio = Ratio::new(share).expect("a share");
                prop_assert_eq!(ratio.to_string().parse(), Ok(ratio));
                let file = toml::to_string(&File { share: ratio }).expect("a file");
                prop_assert_eq!(toml::from_str::<File>(&file).expect(&file), File { share: ratio });
            }
        }

        #[test]
        fn no_text_is_a_panic(text in "\\PC*", close in "[0-9. _-]{0,400}%?.?") {
            let _ = text.parse::<Ratio>();
            let _ = close.parse::<Ratio>();
        }
    }
}
