//! Random draws as functions of (seed, replication, entity, purpose, structural counter).
//!
//! There is no generator that is passed around: a draw is named by what it is for, never by how many draws came before
//! it. Adding a draw therefore shifts no other, and two policies see the same randomness wherever they agree (common
//! random numbers). A named draw opens a small local generator, a [`Stream`], so that a rejection sampler may take as
//! many words as it wants and still shifts nothing.
//!
//! Entities are keyed by a hash of stable names ([`stable_name`], [`member`]); counters are structural: a tick, the
//! ordinal of an arrival, an episode and attempt. This file knows no law of the model; `law.rs` has the distributions.
//!
//! The words are those of `SplitMix64` (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators"),
//! opened at a state that went through its finaliser twice. Two streams of 2^64 possible states overlap with a chance of
//! about their length over 2^63; among a thousand million streams a few pairs do, which no estimate can notice.

use std::convert::Infallible;

use rand::rand_core::{TryRng, utils};
use rand_distr::{Beta, Distribution, Poisson, StandardNormal};

use super::real::Real;

/// The step of `SplitMix64`: 2^64 over the golden ratio, made odd.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
/// Keeps purposes apart: an odd constant (the multiplier of `PCG`), unrelated to [`GOLDEN`].
const PURPOSE_STEP: u64 = 0x5851_F42D_4C95_7F2D;
/// 2^-53, the distance of neighbours of [`Stream::unit`].
const UNIT_STEP: f64 = 1.0 / 9_007_199_254_740_992.0;
/// Below this many trials, or expected successes, a binomial is counted directly.
const BINOMIAL_DIRECT: u64 = 12;

/// What a draw is for. The numbers enter every draw and **never change**; a new purpose takes the next free number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum Purpose {
    /// The home region of a device.
    Region = 1,
    /// The phase of a periodic sender.
    Phase = 2,
    /// The popularity rank of a device among the targets of calls.
    Popularity = 3,
    /// The jitter of a back-off delay.
    Backoff = 4,
    /// The delay before a first attempt.
    FirstAttempt = 5,
    /// How long a device keeps to its hub before it asks DPS.
    Patience = 6,
    /// The latency of a registration.
    RegistrationLatency = 7,
    /// The latency of a hop to a hub.
    HubLatency = 8,
    /// The latency of a hop to the gateway's cache.
    CacheLatency = 9,
    /// The latency of a hop to DPS.
    DpsLatency = 10,
    /// The service time of processing behind a hub.
    ProcessingService = 11,
    /// The number and times of cloud-to-device calls in a tick.
    CallArrivals = 12,
    /// The device that a call is for.
    CallTarget = 13,
    /// The number and times of telemetry messages in a tick.
    TelemetryArrivals = 14,
    /// The device that a telemetry message is from.
    TelemetryTarget = 15,
    /// The jitter of a periodic telemetry message.
    TelemetryJitter = 16,
    /// The offset of a device within the growth of its cohort.
    GrowthOffset = 17,
    /// The gap between faults.
    FaultGap = 18,
    /// The repair time of a fault.
    FaultRepair = 19,
    /// The order of devices within a move.
    MoveOrder = 20,
    /// The choice of an allocation policy.
    Allocation = 21,
    /// The phase of a keep-alive.
    KeepAlivePhase = 22,
    /// The phase of a token renewal.
    RenewalPhase = 23,
    /// The delay before DPS is asked again.
    DpsRetry = 24,
    /// The spread of returns at the end of a fault.
    ReturnSpread = 25,
    /// The order of events at equal times.
    Tie = 26,
    /// Whether, and how long, a device is offline by itself.
    Offline = 27,
    /// The assignment of a device at the start.
    Assignment = 28,
    /// The phase of a polling client.
    PollPhase = 29,
    /// The age of the answer that a user keeps.
    AnswerAge = 40,
    /// The rest of a user's session.
    SessionRest = 41,
    /// The phase of the probes of an endpoint.
    ProbePhase = 42,
    /// The endpoint that a user takes of several.
    EndpointChoice = 43,
    /// The time that DPS needs to tell a device its hub.
    StatusQuery = 46,
    /// Reads and updates of twins.
    TwinOperations = 47,
    /// Stamps that an allocation by chance looks at.
    StampChoice = 44,
    /// The endpoint that a user is given by weight.
    EndpointWeight = 45,
    /// The latency of a hop to the provisioning API, or to its store.
    ApiLatency = 50,
    /// The time that an installer needs for a device.
    Installation = 51,
    /// The time that a factory DPS works on a redirection.
    Redirection = 52,
    /// The order in which devices of a retired generation leave.
    RetirementOrder = 60,
    /// When a device of a retired generation leaves.
    RetirementTime = 61,
    /// The answer time of a custom allocation's webhook, and whether it fails.
    Webhook = 62,
    /// Whether a fault strikes others at the same time.
    CommonCause = 70,
    /// What a hub that fails over loses.
    FailoverLoss = 71,
    /// When a device restarts.
    RebootStart = 72,
    /// How long a restart takes.
    RebootTime = 73,
    /// Whether a fault breaks a connection.
    ConnectionBreaks = 74,
    /// The times of telemetry messages within a tick, where they are superposed.
    TelemetryTimes = 80,
    /// The hops of telemetry messages to their hub, where they are superposed.
    TelemetryHop = 81,
    /// The part of what jitter holds back that a part of a tick sends.
    TelemetryHeld = 82,
    /// How far the renewals of a device drifted since it was looked at last.
    RenewalDrift = 110,
    /// The age of a cache entry at the opening of a window.
    CacheAge = 111,
    /// How long reconnections of a cohort take.
    Reconnection = 112,
}

/// The finaliser of `SplitMix64` (variant 13 of Stafford's mixers): a bijection that spreads every bit.
#[inline]
const fn finalise(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// The key of a named thing: FNV-1a over the bytes (Fowler, Noll and Vo), then the finaliser, since FNV alone leaves
/// the keys of names that differ in the last letter close together.
#[must_use]
pub const fn stable_name(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0100_0000_01B3);
        index += 1;
    }
    finalise(hash)
}

/// The key of the member `ordinal` of a named group (a device of a cohort, an attempt of an episode).
#[inline]
#[must_use]
pub const fn member(group: u64, ordinal: u64) -> u64 {
    finalise(group.wrapping_add(ordinal.wrapping_add(1).wrapping_mul(GOLDEN)))
}

/// All randomness of one replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draws {
    key: u64,
}

impl Draws {
    /// The draws of a replication under a seed.
    #[must_use]
    pub const fn new(seed: u64, replication: u32) -> Self {
        Self { key: member(finalise(seed ^ GOLDEN), replication as u64) }
    }

    /// Opens the local generator of one named draw.
    #[inline]
    #[must_use]
    pub const fn stream(self, entity: u64, purpose: Purpose, counter: u64) -> Stream {
        Stream { state: finalise(self.family(entity, purpose).wrapping_add(counter.wrapping_mul(GOLDEN))) }
    }

    /// A number that orders events at equal times, so that no cohort wins every race by its number: a function of
    /// (seed, replication, entity, time). `time` is in microseconds.
    #[inline]
    #[must_use]
    pub const fn tie(self, entity: u64, time: u64) -> u32 {
        (finalise(self.family(entity, Purpose::Tie).wrapping_add(time.wrapping_mul(GOLDEN))) >> 32) as u32
    }

    /// The key shared by all draws of an entity for a purpose.
    #[inline]
    const fn family(self, entity: u64, purpose: Purpose) -> u64 {
        finalise((self.key ^ entity).wrapping_add((purpose as u64).wrapping_mul(PURPOSE_STEP)))
    }
}

/// The words of one named draw: a `SplitMix64` sequence. It is not `Copy`, since a copy would repeat its words unnoticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    state: u64,
}

impl Stream {
    /// The next 64 bits.
    #[inline]
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        finalise(self.state)
    }

    /// Uniform on [0, 1), 53 bits.
    #[inline]
    pub const fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * UNIT_STEP
    }

    /// Uniform on (0, 1), 52 bits, symmetric about one half.
    #[inline]
    pub const fn open01(&mut self) -> f64 {
        ((self.next_u64() >> 12) as f64 + 0.5) * (2.0 * UNIT_STEP)
    }

    /// A systematic sample of (0, 1): one point in each of `N` equal parts, in order from a drawn part on. Each point by
    /// itself is uniform; their mean varies far less than that of `N` independent ones.
    #[inline]
    pub fn systematic<const N: usize>(&mut self) -> [f64; N] {
        let (first, share) = (self.below(N as u64) as usize, self.open01());
        std::array::from_fn(|i| ((first + i) % N) as f64 / N as f64 + share / N as f64)
    }

    /// Uniform on 0..n without bias (Lemire 2019, "Fast random integer generation in an interval"); `n` is at least 1.
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "a choice needs at least one candidate");
        let mut product = u128::from(self.next_u64()) * u128::from(n);
        if (product as u64) < n {
            let threshold = n.wrapping_neg() % n;
            while (product as u64) < threshold {
                product = u128::from(self.next_u64()) * u128::from(n);
            }
        }
        (product >> 64) as u64
    }

    /// Whether something of this probability happens.
    #[inline]
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Exponential with a mean, in the unit of the mean.
    #[inline]
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log(1.0 - self.unit())
    }

    /// Standard normal: mean 0, variance 1.
    #[inline]
    pub fn normal(&mut self) -> f64 {
        let value: Real = StandardNormal.sample(self);
        value.0
    }

    /// Poisson with a mean from 0 to 1e18; a mean that is not positive gives 0.
    ///
    /// Products of uniforms below a mean of 12, above it Ahrens and Dieter 1982, "Computer generation of Poisson
    /// deviates from modified normal distributions", whose series err by less than 1e-8 of a probability.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        if mean <= 0.0 {
            return 0;
        }
        let law = Poisson::new(Real(mean)).expect("the mean of a count is finite and below 1e18");
        law.sample(self).0 as u64
    }

    /// The number of successes among `n` trials of probability `p`.
    ///
    /// Many trials are split at an order statistic, which is Beta distributed (Devroye 1986, "Non-uniform random variate
    /// generation", section X.4.3): exact, and the expected count shrinks to its square root at each split.
    pub fn binomial(&mut self, n: u64, p: f64) -> u64 {
        if p <= 0.0 || n == 0 {
            return 0;
        }
        if p > 0.5 {
            return if p >= 1.0 { n } else { n - self.binomial(n, 1.0 - p) };
        }
        if n <= BINOMIAL_DIRECT {
            return (0..n).map(|_| u64::from(self.chance(p))).sum();
        }
        if n as f64 * p <= BINOMIAL_DIRECT as f64 { self.binomial_by_gaps(n, p) } else { self.binomial_by_split(n, p) }
    }

    /// Counts successes by the geometric gaps between them (Devroye 1986, section X.4.2); time grows with n p.
    fn binomial_by_gaps(&mut self, n: u64, p: f64) -> u64 {
        let log_failure = libm::log1p(-p);
        let mut trials = 0_u64;
        for successes in 0.. {
            let gap = libm::log(1.0 - self.unit()) / log_failure;
            trials = trials.saturating_add(gap as u64).saturating_add(1);
            if trials > n {
                return successes;
            }
        }
        unreachable!("every gap takes a trial")
    }

    /// Splits the trials at the one whose uniform is the `rank`-th smallest: its value is Beta(rank, n + 1 - rank).
    fn binomial_by_split(&mut self, n: u64, p: f64) -> u64 {
        let rank = ((n + 1) as f64 * p) as u64;
        let law = Beta::new(Real(rank as f64), Real((n + 1 - rank) as f64)).expect("ranks are 1..=n");
        let value = law.sample(self).0;
        if value <= p {
            rank + self.binomial(n - rank, (p - value) / (1.0 - value))
        } else {
            // Asked for failures, whose probability is small here and free of cancellation.
            (rank - 1) - self.binomial(rank - 1, (value - p) / value)
        }
    }

    /// Puts the items in random order (Fisher and Yates; Durstenfeld 1964).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            items.swap(last, other);
        }
    }
}

/// The words for `rand` and `rand_distr`; they never fail.
impl TryRng for Stream {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.next_u64() >> 32) as u32)
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(Stream::next_u64(self))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        utils::fill_bytes_via_next_word(bytes, || self.try_next_u64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_distr::{Gamma, LogNormal, Weibull};

    /// Chi-square bounds for 255 degrees of freedom, each exceeded by correct draws with a chance of 1e-6
    /// (Wilson and Hilferty 1931).
    const CHI_255: std::ops::Range<f64> = 161.6..377.1;

    fn stream() -> Stream {
        Draws::new(7, 0).stream(member(stable_name("meters"), 0), Purpose::Backoff, 3)
    }

    /// Chi-square of byte values against equal shares.
    fn chi_square_of_bytes(bytes: impl Iterator<Item = u8>) -> f64 {
        let mut counts = [0_u32; 256];
        let mut total = 0.0;
        for byte in bytes {
            counts[usize::from(byte)] += 1;
            total += 1.0;
        }
        let expected = total / 256.0;
        counts.iter().map(|&count| (f64::from(count) - expected) * (f64::from(count) - expected) / expected).sum()
    }

    fn mean_and_variance(n: u32, mut draw: impl FnMut() -> f64) -> (f64, f64) {
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..n {
            let value = draw();
            sum += value;
            squares += value * value;
        }
        let mean = sum / f64::from(n);
        (mean, squares / f64::from(n) - mean * mean)
    }

    /// The published first words of `SplitMix64` at seed 1234567.
    #[test]
    fn a_stream_is_splitmix64() {
        let mut stream = Stream { state: 1_234_567 };
        let words: Vec<u64> = (0..3).map(|_| stream.next_u64()).collect();
        assert_eq!(words, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    /// Computed by an independent program; a change here changes every result of every scenario.
    #[test]
    fn names_and_first_words_are_pinned() {
        let names = ["", "meters", "weu-1", "weu-2"].map(stable_name);
        let pinned = [0xf52a_15e9_a9b5_e89b, 0x4270_8206_762c_3b4c, 0xc059_21b5_dcf7_3faa, 0xa5e5_92b4_231a_feeb];
        assert_eq!(names, pinned);
        assert_eq!(member(stable_name("meters"), 0), 0x4b0e_93a6_8f56_ea27);
        let mut stream = stream();
        let words: Vec<u64> = (0..3).map(|_| stream.next_u64()).collect();
        assert_eq!(words, [0xf7c9_8ae1_77ee_3f90, 0xa4f3_de9e_499d_b833, 0x6899_2861_032e_c799]);
        assert_eq!(Draws::new(7, 0).tie(5, 1000), 0xec82_1c5e);
    }

    #[test]
    fn bits_of_the_laws_are_pinned() {
        let one = Real(1.0);
        let bits = [
            LogNormal::new(Real(0.5), one).unwrap().sample(&mut stream()).0.to_bits(),
            Gamma::new(Real(0.4), one).unwrap().sample(&mut stream()).0.to_bits(),
            Gamma::new(Real(2.5), one).unwrap().sample(&mut stream()).0.to_bits(),
            Weibull::new(one, Real(0.7)).unwrap().sample(&mut stream()).0.to_bits(),
            Beta::new(Real(3.0), Real(4.0)).unwrap().sample(&mut stream()).0.to_bits(),
            stream().exponential(1.0).to_bits(),
            stream().normal().to_bits(),
        ];
        let pinned = [
            0x4001_61f6_4f99_209d,
            0x400e_275d_0724_e697,
            0x4004_ca8c_f47c_0bd3,
            0x3f7e_cc26_cfed_46a9,
            0x3fd8_56f8_ed3f_ad79,
            0x400b_8414_c15f_88f6,
            0x3fd1_aa81_a268_1db3,
        ];
        assert_eq!(bits, pinned);
        let counts =
            [stream().poisson(3.3), stream().poisson(33.0), stream().poisson(1e9), stream().binomial(1_000_000, 0.3)];
        assert_eq!(counts, [5, 34, 1_000_008_728, 300_114]);
    }

    #[test]
    fn results_do_not_depend_on_the_order_of_access() {
        let draws = Draws::new(11, 2);
        let draw = |index: u64| draws.stream(member(9, index % 10), Purpose::Phase, index / 10).next_u64();
        let forwards: Vec<u64> = (0..100).map(draw).collect();
        let mut backwards: Vec<u64> = (0..100).rev().map(draw).collect();
        backwards.reverse();
        assert_eq!(forwards, backwards);
    }

    /// First bytes of streams that are neighbours in one coordinate, and words within a stream: equal shares.
    #[test]
    fn neighbouring_streams_are_unrelated() {
        let n = 1_u64 << 18;
        let first =
            |draws: Draws, entity, counter| (draws.stream(entity, Purpose::Phase, counter).next_u64() >> 56) as u8;
        let draws = Draws::new(1, 0);
        let mut sequence = draws.stream(1, Purpose::Tie, 0);
        let series = [
            chi_square_of_bytes((0..n).map(|entity| first(draws, entity, 0))),
            chi_square_of_bytes((0..n).map(|ordinal| first(draws, member(3, ordinal), 0))),
            chi_square_of_bytes((0..n).map(|counter| first(draws, 5, counter))),
            chi_square_of_bytes((0..n).map(|seed| first(Draws::new(seed, 0), 5, 0))),
            chi_square_of_bytes((0..n as u32).map(|replication| first(Draws::new(1, replication), 5, 0))),
            chi_square_of_bytes((0..n).map(|time| (draws.tie(5, time) >> 24) as u8)),
            chi_square_of_bytes((0..n).map(|_| sequence.next_u64() as u8)),
        ];
        for (index, chi) in series.into_iter().enumerate() {
            assert!(CHI_255.contains(&chi), "series {index}: {chi}");
        }
    }

    /// Pairs of nibbles from neighbours, so that a relation between them would show: equal shares of 256 pairs.
    #[test]
    fn pairs_of_neighbours_are_independent() {
        let draws = Draws::new(1, 0);
        let nibble = |entity, counter| (draws.stream(entity, Purpose::Phase, counter).next_u64() >> 60) as u8;
        let n = 1_u64 << 18;
        let series = [
            chi_square_of_bytes((0..n).map(|index| nibble(2 * index, 0) << 4 | nibble(2 * index + 1, 0))),
            chi_square_of_bytes((0..n).map(|index| nibble(5, 2 * index) << 4 | nibble(5, 2 * index + 1))),
            chi_square_of_bytes((0..n).map(|index| {
                let mut stream = draws.stream(index, Purpose::Region, 0);
                ((stream.next_u64() >> 60) << 4 | stream.next_u64() >> 60) as u8
            })),
        ];
        for (index, chi) in series.into_iter().enumerate() {
            assert!(CHI_255.contains(&chi), "series {index}: {chi}");
        }
    }

    #[test]
    fn purposes_are_distinct_streams() {
        let draws = Draws::new(1, 0);
        let words: std::collections::BTreeSet<u64> =
            [Purpose::Region, Purpose::Phase, Purpose::Backoff, Purpose::PollPhase]
                .map(|purpose| draws.stream(1, purpose, 1).next_u64())
                .into();
        assert_eq!(words.len(), 4);
    }

    /// Means of 2^18 draws within five standard errors (a chance of 6e-7 each on correct code).
    #[test]
    fn moments_of_the_basic_laws() {
        let n = 1 << 18;
        let root = f64::from(n).sqrt();
        let mut stream = Draws::new(3, 0).stream(1, Purpose::Phase, 0);
        let (mean, variance) = mean_and_variance(n, || stream.exponential(2.0));
        assert!((mean - 2.0).abs() < 5.0 * 2.0 / root && (variance - 4.0).abs() < 5.0 * 4.0 * 8.0_f64.sqrt() / root);
        let (mean, variance) = mean_and_variance(n, || stream.normal());
        assert!(mean.abs() < 5.0 / root && (variance - 1.0).abs() < 5.0 * 2.0_f64.sqrt() / root);
        let (mean, variance) = mean_and_variance(n, || stream.open01());
        assert!((mean - 0.5).abs() < 5.0 * 0.289 / root && (variance - 1.0 / 12.0).abs() < 5.0 * 0.0746 / root);
        let (mean, _) = mean_and_variance(n, || stream.below(10) as f64);
        assert!((mean - 4.5).abs() < 5.0 * 2.872 / root);
    }

    /// Mean and variance of a Poisson count are both its mean, over both methods and up to 1e9.
    #[test]
    fn moments_of_poisson_counts() {
        let n = 1 << 16;
        let root = f64::from(n).sqrt();
        for lambda in [0.01, 1.0, 11.9, 12.1, 33.0, 1e4, 1e9] {
            let mut stream = Draws::new(4, 0).stream(1, Purpose::CallArrivals, 0);
            // Centred first: the square of 1e9 leaves no digits for a variance.
            let (mean, variance) = mean_and_variance(n, || stream.poisson(lambda) as f64 - lambda);
            let spread_of_variance = (2.0 * lambda * lambda + lambda).sqrt();
            assert!(mean.abs() < 5.0 * lambda.sqrt() / root, "{lambda}: {mean}");
            assert!((variance - lambda).abs() < 5.0 * spread_of_variance / root, "{lambda}: {variance}");
        }
        assert_eq!((stream().poisson(0.0), stream().poisson(1e-18)), (0, 0));
    }

    /// Shares of single counts against the probability function, on both sides of the change of method.
    #[test]
    fn poisson_counts_have_their_probabilities() {
        for lambda in [0.7, 11.0, 13.0, 40.0] {
            let n = 200_000_u32;
            let mut counts = vec![0_u32; 200];
            let mut stream = Draws::new(5, 0).stream(1, Purpose::CallArrivals, 0);
            (0..n).for_each(|_| counts[stream.poisson(lambda) as usize] += 1);
            let mut probability = libm::exp(-lambda);
            for (k, &count) in counts.iter().enumerate() {
                let expected = probability * f64::from(n);
                // Six standard deviations, and six for the skew of small counts: below 1e-8 a cell.
                assert!((f64::from(count) - expected).abs() < 6.0 * expected.sqrt() + 6.0, "{lambda} {k} {count}");
                probability *= lambda / (k + 1) as f64;
            }
        }
    }

    /// One point in each part, and at each place points of all parts: 8,000 of 8 parts are 1,000 each, with six standard
    /// deviations of 180: a chance of 1e-7.
    #[test]
    fn a_systematic_sample_has_one_point_in_each_part_and_every_part_at_each_place() {
        let mut stream = Draws::new(5, 0).stream(1, Purpose::ProcessingService, 0);
        let mut at_place = [[0_u32; 8]; 8];
        for _ in 0..8_000 {
            let points = stream.systematic::<8>();
            let parts = points.map(|point| (point * 8.0) as usize);
            at_place.iter_mut().zip(parts).for_each(|(counts, part)| counts[part] += 1);
            assert_eq!(parts.iter().fold(0, |seen, part| seen | 1 << part), 0xFF, "{points:?}");
            let offset = |point: f64| (point * 8.0).fract();
            assert!(points.iter().all(|point| (offset(*point) - offset(points[0])).abs() < 1e-12), "{points:?}");
        }
        assert!(at_place.iter().flatten().all(|n| n.abs_diff(1_000) < 180), "{at_place:?}");
    }

    #[test]
    fn moments_of_binomial_counts() {
        let repeats = 1 << 15;
        for (n, p) in [(5, 0.3), (40, 0.02), (40, 0.5), (100, 0.97), (1_000, 0.2), (1_000_000, 0.37), (1 << 40, 1e-3)] {
            let mut stream = Draws::new(6, 0).stream(n, Purpose::Assignment, 0);
            let (expected, variance_expected) = (n as f64 * p, n as f64 * p * (1.0 - p));
            let (mean, variance) = mean_and_variance(repeats, || stream.binomial(n, p) as f64 - expected);
            let root = f64::from(repeats).sqrt();
            let spread_of_variance = (2.0 * variance_expected * variance_expected + variance_expected).sqrt();
            assert!(mean.abs() < 5.0 * variance_expected.sqrt() / root, "{n} {p}: {mean}");
            assert!((variance - variance_expected).abs() < 5.0 * spread_of_variance / root, "{n} {p}: {variance}");
        }
        assert_eq!((stream().binomial(9, 0.0), stream().binomial(9, 1.0), stream().binomial(0, 0.5)), (0, 9, 0));
    }

    #[test]
    fn shuffles_are_fair_permutations() {
        let mut stream = stream();
        let mut first = [0_u32; 6];
        for _ in 0..6_000 {
            let mut items = [0, 1, 2, 3, 4, 5];
            stream.shuffle(&mut items);
            assert_eq!(items.iter().sum::<usize>(), 15);
            first[items[0]] += 1;
        }
        // Binomial(6000, 1/6): five standard deviations are 144.
        assert!(first.iter().all(|&count| count.abs_diff(1_000) < 144), "{first:?}");
    }
}
