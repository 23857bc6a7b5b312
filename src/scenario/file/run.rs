//! The section `[run]`: how long, how often and how finely is simulated.

use std::fmt;
use std::str::FromStr;

use jiff::civil::DateTime;
use schemars::JsonSchema;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use toml::value::Datetime;

use crate::model::population::traffic::Fidelity;
use crate::units::{Horizon, Ratio, SimDuration};

/// How long, how often and how finely is simulated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Run {
    /// Date and time of the start in UTC; daily quotas reset at 00:00 UTC. Default 2026-01-01T00:00:00Z.
    pub start: StartTime,
    /// Simulated length; months and years follow the calendar. Default 1 d.
    pub horizon: Horizon,
    /// Independent replications. Default 30.
    pub replications: u32,
    /// Seed of all randomness. Default 1.
    pub seed: u64,
    /// Length of a window of the series. Default: about a 120th of the horizon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<SimDuration>,
    /// Tick of flows and of arrivals. Default 1 s.
    pub tick: SimDuration,
    /// Tick of growth. Default 1 h.
    pub growth_tick: SimDuration,
    /// Most events of one replication. Default 500 million.
    pub event_budget: u64,
    /// How telemetry is simulated: counts per tick where that is accurate (`flow`, the default), each message in order of time
    /// without an event for any (`superposed`), or each message as an event (`events`).
    pub telemetry: Fidelity,
    /// Declares a study of the long run: figures leave out the warm-up. Default: a terminating study, of the whole run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steady: Option<Steady>,
    /// Looks at calls, the cache and renewals in windows only, so that months are simulated in seconds. Default: looks at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows: Option<Windows>,
    /// Share of the fleet that is simulated, for a quick look: devices, their growth and the capacities of stamps and
    /// caches shrink together, limits and prices stay. Default 1.
    pub scale: Ratio,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            start: StartTime::default(),
            horizon: Horizon::from(SimDuration::DAY),
            replications: 30,
            seed: 1,
            window: None,
            tick: SimDuration::SECOND,
            growth_tick: SimDuration::HOUR,
            event_budget: 500_000_000,
            telemetry: Fidelity::default(),
            steady: None,
            windows: None,
            scale: Ratio::ONE,
        }
    }
}

/// A study of the long run. One replication is cut into batches; several are independent, as always.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Steady {
    /// Length that is left out of every figure. Default: found for each figure by the rule MSER-5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_up: Option<SimDuration>,
}

/// Windows in which calls, look-ups in the cache and renewals of tokens are looked at one by one. Everything else runs all the
/// time. A window also opens around each fault, move, retirement and change, and while a limit is nearly used up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// From the start of one regular window to that of the next: a length, or calendar months such as "1 month".
    pub every: Horizon,
    /// Length of a regular window, without its warm-up.
    pub length: SimDuration,
    /// Start of the first regular window. Default: as long after the start of the run as the warm-up lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<SimDuration>,
    /// What runs before a window and is in no figure. Default: 10 min.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_up: Option<SimDuration>,
    /// Share of a throttle or of an enforced daily quota whose use opens a window. Default 0.95.
    #[serde(default = "opens_at")]
    pub opens_at: Ratio,
    /// Share below which it holds a window open no longer. Default 0.85.
    #[serde(default = "closes_at")]
    pub closes_at: Ratio,
}

fn opens_at() -> Ratio {
    "95 %".parse().expect("a share")
}

fn closes_at() -> Ratio {
    "85 %".parse().expect("a share")
}

/// Date and time of day of the start, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartTime(pub DateTime);

impl StartTime {
    /// Time since midnight UTC.
    pub fn time_of_day(self) -> SimDuration {
        let midnight = self.0.date().to_datetime(jiff::civil::Time::midnight());
        let micros = self.0.duration_since(midnight).as_micros();
        SimDuration(u64::try_from(micros).expect("no time of day is before midnight"))
    }
}

impl Default for StartTime {
    fn default() -> Self {
        Self(jiff::civil::date(2026, 1, 1).at(0, 0, 0, 0))
    }
}

impl fmt::Display for StartTime {
    /// RFC 3339 in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Z", self.0)
    }
}

impl FromStr for StartTime {
    type Err = String;

    /// A date, a date and time, or either with an offset from UTC.
    fn from_str(text: &str) -> Result<Self, String> {
        let instant = text.parse::<jiff::Timestamp>().map(|t| jiff::tz::TimeZone::UTC.to_datetime(t));
        let start = instant.or_else(|_| text.parse::<DateTime>());
        start.map(Self).map_err(|_| format!("{text:?} is no date; expected one such as 2026-03-02T00:00:00Z"))
    }
}

impl Serialize for StartTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let date: Datetime = self.to_string().parse().map_err(serde::ser::Error::custom)?;
        date.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for StartTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StartVisitor)
    }
}

struct StartVisitor;

impl<'de> Visitor<'de> for StartVisitor {
    type Value = StartTime;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a date such as 2026-03-02T00:00:00Z")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<StartTime, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<StartTime, A::Error> {
        let date = Datetime::deserialize(serde::de::value::MapAccessDeserializer::new(map))
            .map_err(|_| A::Error::custom("a table is no date; expected one such as 2026-03-02T00:00:00Z"))?;
        date.to_string().parse().map_err(A::Error::custom)
    }
}

impl JsonSchema for StartTime {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "StartTime".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "A date such as 2026-03-02T00:00:00Z, in UTC." })
    }
}
