//! A distribution of a length of time, as people write it in scenario files.
//!
//! | text | law |
//! |---|---|
//! | `"5 min"` | always five minutes |
//! | `"15..30 min"`, `"200 ms..1 s"` | uniform; a unit given once at the end counts for both bounds |
//! | `{ lognormal = { median = "20 ms", p99 = "80 ms" } }` | a table with exactly one key, the name of the law |

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Law, LawError};
use crate::kernel::draws::Stream;
use crate::units::SimDuration;

/// The longest sample, 1,000 years [us]: a heavy tail must not run over the end of time.
const SAMPLE_MAX: f64 = 3.155_76e16;

/// What belongs here; it follows "expected".
const EXPECTED: &str = "a duration such as \"5 min\", a range such as \"15..30 min\", or a table with one law such as \
                        { lognormal = { median = \"20 ms\", p99 = \"80 ms\" } }";

/// The spread of a lognormal law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LogNormalSpread {
    /// The length that 99 % stay below.
    P99(SimDuration),
    /// The standard deviation of the natural logarithm.
    Sigma(f64),
}

/// The parameters of a duration law as they are written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DurationForm {
    /// Always the same length.
    Constant(SimDuration),
    /// Uniform between two bounds.
    Uniform {
        /// Lower bound.
        low: SimDuration,
        /// Upper bound.
        high: SimDuration,
    },
    /// Exponential.
    Exponential {
        /// Mean.
        mean: SimDuration,
    },
    /// Lognormal.
    LogNormal {
        /// The length that half of the samples stay below.
        median: SimDuration,
        /// How far the rest spreads.
        spread: LogNormalSpread,
    },
    /// Gamma.
    Gamma {
        /// Shape; below 1 more variable than an exponential.
        shape: f64,
        /// Mean.
        mean: SimDuration,
    },
    /// Weibull.
    Weibull {
        /// Shape; below 1 a falling hazard.
        shape: f64,
        /// Scale: the length that 63.2 % stay below.
        scale: SimDuration,
    },
    /// The sum of equal exponential stages.
    Erlang {
        /// Number of stages.
        stages: u32,
        /// Mean of the sum.
        mean: SimDuration,
    },
}

impl DurationForm {
    /// The law of the number of microseconds, if the parameters describe one.
    fn law(self) -> Result<Law, LawError> {
        let micros = |length: SimDuration| length.micros() as f64;
        match self {
            Self::Constant(value) => Law::Constant { value: micros(value) },
            Self::Uniform { low, high } => Law::Uniform { low: micros(low), high: micros(high) },
            Self::Exponential { mean } => Law::Exponential { mean: micros(mean) },
            Self::LogNormal { median, spread: LogNormalSpread::P99(p99) } => {
                Law::from_median_p99(micros(median), micros(p99))?
            }
            Self::LogNormal { median, .. } if median.is_zero() => {
                return Err(LawError::Parameter { name: "median", expected: "above zero" });
            }
            Self::LogNormal { median, spread: LogNormalSpread::Sigma(sigma) } => {
                Law::LogNormal { mu: libm::log(micros(median)), sigma }
            }
            Self::Gamma { shape, mean } => Law::Gamma { shape, mean: micros(mean) },
            Self::Weibull { shape, scale } => Law::Weibull { shape, scale: micros(scale) },
            Self::Erlang { stages, mean } => Law::Erlang { stages, mean: micros(mean) },
        }
        .checked()
    }
}

/// A distribution of a length of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DurationLaw {
    form: DurationForm,
    /// The law of the number of microseconds, derived once.
    law: Law,
}

impl DurationLaw {
    /// Always this length.
    pub fn constant(value: SimDuration) -> Self {
        Self { form: DurationForm::Constant(value), law: Law::Constant { value: value.micros() as f64 } }
    }

    /// The law with these parameters, if they describe one.
    pub fn new(form: DurationForm) -> Result<Self, LawError> {
        Ok(Self { form, law: form.law()? })
    }

    /// The parameters as they were written.
    pub fn form(&self) -> DurationForm {
        self.form
    }

    /// The law of the number of microseconds.
    pub fn law(&self) -> &Law {
        &self.law
    }

    /// One length, rounded to microseconds, at most 1,000 years.
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> SimDuration {
        rounded(self.law.sample(stream))
    }

    /// Mean, rounded to microseconds.
    pub fn mean(&self) -> SimDuration {
        rounded(self.law.mean())
    }

    /// Squared coefficient of variation: variance over squared mean.
    pub fn scv(&self) -> f64 {
        self.law.scv()
    }

    /// The longest length possible; nothing where there is none.
    pub fn upper_bound(&self) -> Option<SimDuration> {
        let bound = self.law.upper_bound();
        bound.is_finite().then(|| rounded(bound))
    }

    /// The length that it stays below with probability `p`, where that has a closed form.
    pub fn quantile(&self, p: f64) -> Option<SimDuration> {
        self.law.quantile(p).map(rounded)
    }

    /// Whether every length is zero.
    pub fn is_zero(&self) -> bool {
        self.law.is_zero()
    }
}

/// Microseconds as a length.
#[inline]
fn rounded(micros: f64) -> SimDuration {
    SimDuration::from_micros_f64(micros.min(SAMPLE_MAX))
}

impl From<SimDuration> for DurationLaw {
    fn from(value: SimDuration) -> Self {
        Self::constant(value)
    }
}

impl FromStr for DurationLaw {
    type Err = String;

    /// Reads a length, or a range of lengths.
    fn from_str(text: &str) -> Result<Self, String> {
        let Some((low, high)) = text.split_once("..") else {
            return text.parse().map(Self::constant).map_err(|error: crate::units::UnitError| error.to_string());
        };
        let low = with_unit_of(low.trim(), high.trim());
        let bound = |text: &str| text.parse::<SimDuration>().map_err(|error| error.to_string());
        let form = DurationForm::Uniform { low: bound(&low)?, high: bound(high)? };
        Self::new(form).map_err(|error| format!("{text:?} is no range: {error}"))
    }
}

/// A lower bound; a bare number takes the last unit of the upper bound.
fn with_unit_of(low: &str, high: &str) -> String {
    if low.is_empty() || !low.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'_') {
        return low.to_owned();
    }
    let unit = high.trim_start_matches(|character: char| !character.is_ascii_alphabetic());
    let unit = unit.rsplit(|character: char| !character.is_ascii_alphabetic()).next().unwrap_or(unit);
    format!("{low} {unit}")
}

impl<'de> Deserialize<'de> for DurationLaw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LawVisitor)
    }
}

/// Reads a text, or a table with one law.
struct LawVisitor;

impl<'de> Visitor<'de> for LawVisitor {
    type Value = DurationLaw;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<DurationLaw, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<DurationLaw, A::Error> {
        let Some(name) = map.next_key::<Name>()? else {
            return Err(A::Error::custom(format_args!("the table names no law; expected {EXPECTED}")));
        };
        let law = map.next_value_seed(Parameters(name))?;
        match map.next_key::<Name>()? {
            None => Ok(law),
            Some(_) => Err(A::Error::custom("a second law in the same table; expected exactly one")),
        }
    }
}

/// The names of laws.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Name {
    Constant,
    Uniform,
    Exponential,
    LogNormal,
    Gamma,
    Weibull,
    Erlang,
}

/// Reads the parameters of a named law; what they cannot be is reported at their place.
struct Parameters(Name);

impl<'de> serde::de::DeserializeSeed<'de> for Parameters {
    type Value = DurationLaw;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<DurationLaw, D::Error> {
        let form = match self.0 {
            Name::Constant => ConstantTable::deserialize(deserializer)?.form(),
            Name::Uniform => UniformTable::deserialize(deserializer)?.form(),
            Name::Exponential => MeanTable::deserialize(deserializer)?.form(),
            Name::LogNormal => LogNormalTable::deserialize(deserializer)?.form().map_err(D::Error::custom)?,
            Name::Gamma => GammaTable::deserialize(deserializer)?.form(),
            Name::Weibull => WeibullTable::deserialize(deserializer)?.form(),
            Name::Erlang => ErlangTable::deserialize(deserializer)?.form(),
        };
        DurationLaw::new(form).map_err(D::Error::custom)
    }
}

/// Always the same length.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ConstantTable {
    /// The length.
    value: SimDuration,
}

impl ConstantTable {
    fn form(self) -> DurationForm {
        DurationForm::Constant(self.value)
    }
}

/// Uniform between two bounds.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct UniformTable {
    /// Lower bound.
    low: SimDuration,
    /// Upper bound.
    high: SimDuration,
}

impl UniformTable {
    fn form(self) -> DurationForm {
        DurationForm::Uniform { low: self.low, high: self.high }
    }
}

/// Exponential.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MeanTable {
    /// Mean.
    mean: SimDuration,
}

impl MeanTable {
    fn form(self) -> DurationForm {
        DurationForm::Exponential { mean: self.mean }
    }
}

/// Lognormal by its median and either the 99th percentile or the standard deviation of the natural logarithm.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LogNormalTable {
    /// The length that half of the samples stay below.
    median: SimDuration,
    /// The length that 99 % stay below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p99: Option<SimDuration>,
    /// Standard deviation of the natural logarithm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sigma: Option<f64>,
}

impl LogNormalTable {
    fn form(self) -> Result<DurationForm, &'static str> {
        let spread = match (self.p99, self.sigma) {
            (Some(p99), None) => LogNormalSpread::P99(p99),
            (None, Some(sigma)) => LogNormalSpread::Sigma(sigma),
            _ => return Err("a lognormal law has exactly one of `p99` and `sigma` beside its `median`"),
        };
        Ok(DurationForm::LogNormal { median: self.median, spread })
    }
}

/// Gamma.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GammaTable {
    /// Shape; below 1 more variable than an exponential.
    shape: f64,
    /// Mean.
    mean: SimDuration,
}

impl GammaTable {
    fn form(self) -> DurationForm {
        DurationForm::Gamma { shape: self.shape, mean: self.mean }
    }
}

/// Weibull.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WeibullTable {
    /// Shape; below 1 a falling hazard.
    shape: f64,
    /// Scale: the length that 63.2 % stay below.
    scale: SimDuration,
}

impl WeibullTable {
    fn form(self) -> DurationForm {
        DurationForm::Weibull { shape: self.shape, scale: self.scale }
    }
}

/// The sum of equal exponential stages.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ErlangTable {
    /// Number of stages.
    stages: u32,
    /// Mean of the sum.
    mean: SimDuration,
}

impl ErlangTable {
    fn form(self) -> DurationForm {
        DurationForm::Erlang { stages: self.stages, mean: self.mean }
    }
}

impl fmt::Display for DurationLaw {
    /// The text that reads back equal: a length, a range, or an inline table.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.form {
            DurationForm::Constant(value) => write!(out, "{value}"),
            DurationForm::Uniform { low, high } => write_range(out, &low.to_string(), &high.to_string()),
            DurationForm::Exponential { mean } => write!(out, "{{ exponential = {{ mean = \"{mean}\" }} }}"),
            DurationForm::LogNormal { median, spread: LogNormalSpread::P99(p99) } => {
                write!(out, "{{ lognormal = {{ median = \"{median}\", p99 = \"{p99}\" }} }}")
            }
            DurationForm::LogNormal { median, spread: LogNormalSpread::Sigma(sigma) } => {
                write!(out, "{{ lognormal = {{ median = \"{median}\", sigma = {sigma:?} }} }}")
            }
            DurationForm::Gamma { shape, mean } => {
                write!(out, "{{ gamma = {{ shape = {shape:?}, mean = \"{mean}\" }} }}")
            }
            DurationForm::Weibull { shape, scale } => {
                write!(out, "{{ weibull = {{ shape = {shape:?}, scale = \"{scale}\" }} }}")
            }
            DurationForm::Erlang { stages, mean } => {
                write!(out, "{{ erlang = {{ stages = {stages}, mean = \"{mean}\" }} }}")
            }
        }
    }
}

/// A range; a unit that both bounds share is written once.
fn write_range(out: &mut fmt::Formatter<'_>, low: &str, high: &str) -> fmt::Result {
    match (low.split_once(' '), high.split_once(' ')) {
        (Some((number, unit)), Some((_, other))) if unit == other && !unit.contains(' ') => {
            write!(out, "{number}..{high}")
        }
        _ => write!(out, "{low}..{high}"),
    }
}

impl Serialize for DurationLaw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.form {
            DurationForm::Constant(_) | DurationForm::Uniform { .. } => serializer.collect_str(self),
            DurationForm::Exponential { mean } => table(serializer, "exponential", &MeanTable { mean }),
            DurationForm::LogNormal { median, spread: LogNormalSpread::P99(p99) } => {
                table(serializer, "lognormal", &LogNormalTable { median, p99: Some(p99), sigma: None })
            }
            DurationForm::LogNormal { median, spread: LogNormalSpread::Sigma(sigma) } => {
                table(serializer, "lognormal", &LogNormalTable { median, p99: None, sigma: Some(sigma) })
            }
            DurationForm::Gamma { shape, mean } => table(serializer, "gamma", &GammaTable { shape, mean }),
            DurationForm::Weibull { shape, scale } => table(serializer, "weibull", &WeibullTable { shape, scale }),
            DurationForm::Erlang { stages, mean } => table(serializer, "erlang", &ErlangTable { stages, mean }),
        }
    }
}

/// A table whose only key is the name of the law.
fn table<S: Serializer>(serializer: S, name: &str, parameters: &impl Serialize) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(name, parameters)?;
    map.end()
}

impl JsonSchema for DurationLaw {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DurationLaw".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A length of time: \"5 min\", a uniform range \"15..30 min\", or one named law.",
            "anyOf": [
                { "type": "string" },
                {
                    "type": "object",
                    "properties": {
                        "constant": generator.subschema_for::<ConstantTable>(),
                        "uniform": generator.subschema_for::<UniformTable>(),
                        "exponential": generator.subschema_for::<MeanTable>(),
                        "lognormal": generator.subschema_for::<LogNormalTable>(),
                        "gamma": generator.subschema_for::<GammaTable>(),
                        "weibull": generator.subschema_for::<WeibullTable>(),
                        "erlang": generator.subschema_for::<ErlangTable>(),
                    },
                    "additionalProperties": false,
                    "minProperties": 1,
                    "maxProperties": 1,
                },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::draws::{Draws, Purpose};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct File {
        wait: DurationLaw,
    }

    fn read(value: &str) -> Result<DurationLaw, String> {
        toml::from_str::<File>(&format!("wait = {value}\n")).map(|file| file.wait).map_err(|error| error.to_string())
    }

    fn millis(count: u64) -> SimDuration {
        SimDuration::from_millis(count)
    }

    #[test]
    fn texts_are_lengths_and_ranges() {
        let minute = SimDuration::MINUTE.micros();
        let range = |low, high| DurationForm::Uniform { low: SimDuration(low), high: SimDuration(high) };
        assert_eq!(read("\"5 min\"").unwrap().form(), DurationForm::Constant(SimDuration(5 * minute)));
        assert_eq!(read("\"15..30 min\"").unwrap().form(), range(15 * minute, 30 * minute));
        assert_eq!(read("\"200 ms..1 s\"").unwrap().form(), range(200_000, 1_000_000));
        assert_eq!(read("\"0.5 .. 1.5 s\"").unwrap().form(), range(500_000, 1_500_000));
    }

    #[test]
    fn every_form_reads_back_as_it_was_written() {
        let texts = [
            "\"5 min\"",
            "\"15..30 min\"",
            "\"200 ms..1 s\"",
            "{ lognormal = { median = \"20 ms\", p99 = \"80 ms\" } }",
            "{ lognormal = { median = \"4 h\", sigma = 1.05 } }",
            "{ exponential = { mean = \"10 s\" } }",
            "{ gamma = { shape = 2.0, mean = \"3 s\" } }",
            "{ weibull = { shape = 0.7, scale = \"3 s\" } }",
            "{ erlang = { stages = 3, mean = \"3 s\" } }",
        ];
        for text in texts {
            let law = read(text).unwrap();
            assert_eq!(law.to_string(), text.trim_matches('"'));
            let file = File { wait: law };
            assert_eq!(toml::from_str::<File>(&toml::to_string(&file).unwrap()).unwrap(), file, "{text}");
            assert_eq!(serde_json::from_str::<DurationLaw>(&serde_json::to_string(&law).unwrap()).unwrap(), law);
        }
        assert_eq!(read("{ uniform = { low = \"1 s\", high = \"2 s\" } }"), read("\"1..2 s\""));
        assert_eq!(read("{ constant = { value = \"1 s\" } }"), read("\"1 s\""));
    }

    #[test]
    fn mistakes_say_what_is_expected() {
        let message = |text: &str| read(text).unwrap_err();
        assert!(
            message("{ normal = { mean = \"1 s\" } }").contains("unknown variant `normal`, expected one of `constant`")
        );
        assert!(
            message("{ gamma = { shape = 1.0, men = \"1 s\" } }")
                .contains("unknown field `men`, expected `shape` or `mean`")
        );
        assert!(message("{ gamma = { shape = 0.0, mean = \"1 s\" } }").contains("`shape` has to be above zero"));
        assert!(message("{}").contains("names no law"));
        assert!(
            message("{ constant = { value = \"1 s\" }, exponential = { mean = \"1 s\" } }").contains("a second law")
        );
        assert!(message("{ lognormal = { median = \"1 s\" } }").contains("exactly one of `p99` and `sigma`"));
        assert!(message("\"30..15 min\"").contains("the lower bound is above the upper one"));
        assert!(message("5").contains("expected a duration such as"));
    }

    /// The mistake in a table keeps its line and column.
    #[test]
    fn mistakes_keep_their_place() {
        let error = toml::from_str::<File>("wait = { normal = { mean = \"1 s\" } }\n").unwrap_err();
        assert_eq!(error.span(), Some(9..15));
    }

    #[test]
    fn samples_are_whole_microseconds_of_the_law() {
        let law = read("{ lognormal = { median = \"20 ms\", p99 = \"80 ms\" } }").unwrap();
        let mut stream = Draws::new(1, 0).stream(1, Purpose::HubLatency, 0);
        let mut samples: Vec<SimDuration> = (0..10_001).map(|_| law.sample(&mut stream)).collect();
        samples.sort_unstable();
        // The standard error of the median is 1.2533 sigma / sqrt(n): 0.75 % of it; five of them.
        assert!(samples[5_000].micros().abs_diff(20_000) < 760, "{}", samples[5_000]);
        assert_eq!((law.quantile(0.5), law.upper_bound()), (Some(millis(20)), None));
        assert_eq!(read("\"1..3 s\"").unwrap().mean(), millis(2_000));
        assert_eq!(read("\"1..3 s\"").unwrap().upper_bound(), Some(millis(3_000)));
        assert!(read("\"0 s\"").unwrap().is_zero() && !law.is_zero());
    }

    #[test]
    fn the_schema_is_a_text_or_a_table() {
        let schema = schemars::SchemaGenerator::default().into_root_schema_for::<DurationLaw>();
        let shapes = schema.get("anyOf").and_then(|shapes| shapes.as_array()).unwrap();
        assert_eq!((&shapes[0]["type"], &shapes[1]["type"]), (&"string".into(), &"object".into()));
        assert_eq!(shapes[1]["maxProperties"], 1);
    }
}
