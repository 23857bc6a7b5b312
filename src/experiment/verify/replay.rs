//! The gateway's cache under published request streams: the misses of a policy must be equal to the last one.
//!
//! Objects have size 1, a miss inserts at once, nothing grows old. The streams are drawn anew from their description.

use crate::model::gateway::cache::{Cache, CacheConfig};
use crate::model::gateway::eviction::EvictionPolicy;
use crate::model::ids::{DeviceId, StampId};
use crate::units::SimTime;

use super::row::{Found, Margin, Row};

/// Misses of many policies on several streams, by an independent simulator.
const POLICIES: &str = include_str!("reference/policies.csv");
/// Rounding of a printed miss ratio.
const PRINTED: f64 = 5.1e-7;
pub(super) const FAMILY: &str = "gateway cache: eviction";
/// Where the counts come from.
const SOURCE: &str = "libCacheSim (Yang and others, OSDI 2023), cross-checked by an independent implementation";

/// One line of the table of policies.
#[derive(Debug, Clone)]
pub(super) struct Run {
    /// The stream, such as `loop:20000:1e6`.
    pub(super) stream: String,
    /// The policy, by the name in its own literature.
    pub(super) policy: String,
    capacity: u32,
    misses: f64,
    second_half: Option<f64>,
}

/// Every line of the table.
pub(super) fn runs() -> Vec<Run> {
    let mut reader = csv::Reader::from_reader(POLICIES.as_bytes());
    let number = |text: &str| text.parse::<f64>().ok();
    let run = |record: csv::StringRecord| {
        Some(Run {
            stream: record[0].to_owned(),
            policy: record[1].to_owned(),
            capacity: number(&record[3])? as u32,
            misses: number(&record[5])?,
            second_half: number(&record[7]),
        })
    };
    let records = reader.records().map(|record| record.expect("an embedded table is sound"));
    records.map(|record| run(record).expect("counts are numbers")).collect()
}

impl Run {
    /// The policy of ours, if there is one.
    fn ours(&self) -> Option<EvictionPolicy> {
        let table: toml::Table = [(self.policy.clone(), toml::Value::Table(toml::Table::new()))].into_iter().collect();
        toml::Value::Table(table).try_into().ok()
    }

    /// Why the line cannot be replayed, if it cannot.
    pub(super) fn gap(&self) -> Option<&'static str> {
        if Stream::parse(&self.stream).is_none() {
            Some("a recorded trace: replaying traces is the work of `cache`, which is not there yet")
        } else {
            self.ours().is_none().then_some("an eviction policy that the gateway's cache does not have yet")
        }
    }

    /// What the rows of this line are called.
    pub(super) fn case(&self) -> String {
        format!("{} {} capacity={}", self.policy, self.stream, self.capacity)
    }

    /// How many rows this line has.
    pub(super) fn count(&self) -> usize {
        1 + usize::from(self.second_half.is_some())
    }

    /// Replays the line.
    pub(super) fn rows(&self) -> Vec<Row> {
        let (Some(eviction), Some(stream)) = (self.ours(), Stream::parse(&self.stream)) else { return Vec::new() };
        let config = CacheConfig { capacity: self.capacity, ttl: None, eviction };
        let mut cache = Cache::new(&config, stream.keys as usize + 1);
        let (mut misses, mut late) = (0_u64, 0_u64);
        for (i, key) in stream.requests().enumerate() {
            let device = DeviceId(key);
            if cache.look_up(device, SimTime::ZERO).is_err() {
                cache.store(device, StampId(0), SimTime::ZERO);
                misses += 1;
                late += u64::from(i as u64 >= stream.length / 2);
            }
        }
        let half = (stream.length - stream.length / 2) as f64;
        let second = self.second_half.map(|ratio| {
            self.row("miss ratio of the second half", ratio, late as f64 / half, Margin::Absolute(PRINTED))
        });
        [self.row("misses", self.misses, misses as f64, Margin::Exact)].into_iter().chain(second).collect()
    }

    fn row(&self, figure: &str, reference: f64, value: f64, margin: Margin) -> Row {
        Row {
            family: FAMILY,
            case: self.case(),
            figure: figure.to_owned(),
            reference,
            source: SOURCE.to_owned(),
            found: Some(Found::computed(value)),
            margin,
        }
    }
}

/// A stream of requests to keys from 1.
struct Stream {
    keys: u32,
    length: u64,
    /// Exponent and seed of Zipf's law; nothing for the keys in turn.
    zipf: Option<(f64, u64)>,
}

impl Stream {
    /// `loop:KEYS:LENGTH` or `zipf:KEYS:EXPONENT:LENGTH:SEED`.
    fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let number = |text: &str| text.parse::<f64>().ok();
        match parts.as_slice() {
            ["loop", keys, length] => {
                Some(Self { keys: number(keys)? as u32, length: number(length)? as u64, zipf: None })
            }
            ["zipf", keys, exponent, length, seed] => Some(Self {
                keys: number(keys)? as u32,
                length: number(length)? as u64,
                zipf: Some((number(exponent)?, seed.parse().ok()?)),
            }),
            _ => None,
        }
    }

    /// The keys in the order of the requests.
    fn requests(&self) -> Box<dyn Iterator<Item = u32> + '_> {
        let Some((exponent, seed)) = self.zipf else {
            return Box::new((0..self.length).map(|i| (i % u64::from(self.keys)) as u32 + 1));
        };
        let weight = |rank: u32| 1.0 / libm::pow(f64::from(rank), exponent);
        let cumulated: Vec<f64> = (1..=self.keys)
            .scan(0.0, |sum, rank| Some(std::mem::replace(sum, *sum + weight(rank)) + weight(rank)))
            .collect();
        let whole = cumulated.last().copied().unwrap_or_default();
        let mut state = seed;
        Box::new((0..self.length).map(move |_| {
            let wanted = split_mix(&mut state) * whole;
            cumulated.partition_point(|below| *below <= wanted) as u32 + 1
        }))
    }
}

/// `SplitMix64` (Steele, Lea and Flood 2014), uniform in 0..1 with 53 bits.
fn split_mix(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published checksums of whole streams.
    #[test]
    fn streams_are_drawn_bit_for_bit() {
        for (text, checksum) in
            [("loop:20000:1e6", 0xf137_51cd_73da_2ca0), ("zipf:1e5:1.0:5e6:1001", 0x7653_de58_935e_6a2f)]
        {
            let stream = Stream::parse(text).expect("a stream");
            let sum = stream.requests().enumerate().fold(0_u64, |sum, (i, key)| {
                sum.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(u64::from(key) ^ ((i as u64) << 32))
            });
            assert_eq!(sum, checksum, "{text}: {sum:x}");
        }
    }

    #[test]
    fn a_line_is_replayed_or_has_a_reason() {
        let all = runs();
        assert_eq!(all.len(), 72);
        let ours: Vec<String> = all.iter().filter(|run| run.gap().is_none()).map(Run::case).collect();
        assert_eq!(ours.len(), 10, "{ours:?}");
    }
}
