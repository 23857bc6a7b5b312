//! A moment of a run: a date, or a length of time after its start.

use std::fmt;
use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::de::{Error, MapAccess, Visitor};

use super::time::SimDuration;

/// A moment as it was written; a date becomes a time only with the start of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// So long after the start.
    After(SimDuration),
    /// At this date and time of day, UTC.
    On(DateTime),
}

impl Moment {
    /// The time since the start of a run that starts at this date; nothing before it.
    pub fn since(self, start: DateTime) -> Option<SimDuration> {
        match self {
            Self::After(length) => Some(length),
            Self::On(date) => u64::try_from(date.duration_since(start).as_micros()).ok().map(SimDuration),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(length) => length.fmt(f),
            Self::On(date) => write!(f, "{date}Z"),
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(length) = text.parse() {
            return Ok(Self::After(length));
        }
        let instant = text.parse::<jiff::Timestamp>().map(|t| TimeZone::UTC.to_datetime(t));
        let date = instant.or_else(|_| text.parse::<DateTime>());
        let said = || {
            format!(
                "{text:?} is neither; expected a date such as \"2026-03-01\" or a time after the start such as \"30 d\""
            )
        };
        date.map(Self::On).map_err(|_| said())
    }
}

impl serde::Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MomentVisitor)
    }
}

struct MomentVisitor;

impl<'de> Visitor<'de> for MomentVisitor {
    type Value = Moment;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a date such as \"2026-03-01\" or a time after the start such as \"30 d\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Moment, E> {
        text.parse().map_err(E::custom)
    }

    /// A date without quotes, as TOML has it.
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Moment, A::Error> {
        let access = serde::de::value::MapAccessDeserializer::new(map);
        let date: toml::value::Datetime =
            serde::Deserialize::deserialize(access).map_err(|_| A::Error::custom("a table is no date"))?;
        date.to_string().parse().map_err(A::Error::custom)
    }
}

impl schemars::JsonSchema for Moment {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A date such as \"2026-03-01\", or a time after the start such as \"30 d\"."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_date_and_a_length_name_the_same_moment() {
        let start = date(2026, 1, 1).at(0, 0, 0, 0);
        let read = |text: &str| text.parse::<Moment>().expect(text).since(start);
        assert_eq!(read("2026-03-01"), Some(SimDuration::DAY * 59));
        assert_eq!(read("2026-03-01T12:00:00Z"), Some(SimDuration::DAY * 59 + SimDuration::HOUR * 12));
        assert_eq!(read("59 d"), read("2026-03-01"));
        assert_eq!(read("2025-12-31"), None);
        assert!("soon".parse::<Moment>().expect_err("no moment").contains("2026-03-01"));
        for text in ["30 d", "2026-03-01T00:00:00Z"] {
            assert_eq!(text.parse::<Moment>().map(|m| m.to_string()), Ok(text.to_owned()));
        }
    }
}
