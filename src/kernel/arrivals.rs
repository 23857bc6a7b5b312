//! Sources of arrivals whose rate may change over time; the only API for such arrivals.
//!
//! The next gap of a source is never drawn at the rate in force when it is scheduled: that lags every change by one gap
//! and hides the first seconds of a storm. Instead [`TickArrivals`] draws, for a class and a structural tick, the points
//! of a Poisson process at the highest rate that may occur (superposition), and keeps a point with the share that the
//! rate has at its time (thinning: Lewis and Shedler 1979, "Simulation of nonhomogeneous Poisson processes by thinning").
//! Points, times and the marks that decide are named by (class, tick, ordinal), so a changed rate shifts no other draw.
//! Where nothing needs to know which device it was, [`super::superposition`] merges the arrivals of whole classes.
//!
//! [`RateProfile`] is the shape of a rate over time, as a factor on its mean or base rate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::draws::{Draws, Purpose};
use crate::units::{SimDuration, SimTime};

/// Bits of a counter that hold the ordinal of a candidate within its tick.
const ORDINAL_BITS: u32 = 32;
/// The ordinal that names the draw of the count.
const COUNT: u64 = (1 << ORDINAL_BITS) - 1;
/// The ordinal that names the draw of the times.
const TIMES: u64 = COUNT - 1;

/// A structural tick: it exists whatever happens in it, and its index enters the draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    /// Index of the tick; unique within its class, below 2^32.
    pub index: u64,
    /// Start, included.
    pub start: SimTime,
    /// Length; the end is excluded.
    pub length: SimDuration,
}

impl Tick {
    /// The tick of this index when all have the same length from the start of the run.
    pub fn regular(index: u64, length: SimDuration) -> Self {
        Self { index, start: SimTime(index * length.0), length }
    }
}

/// A point of the process at the highest rate; it becomes an arrival if it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// When.
    pub time: SimTime,
    /// Structural counter of further draws about this candidate (its target, its size): unique within its class.
    pub counter: u64,
}

/// The arrivals of one class, for example the calls to a cohort.
#[derive(Debug, Clone, Copy)]
pub struct TickArrivals {
    draws: Draws,
    entity: u64,
    purpose: Purpose,
}

impl TickArrivals {
    /// The source of a class.
    pub fn new(draws: Draws, entity: u64, purpose: Purpose) -> Self {
        Self { draws, entity, purpose }
    }

    /// Fills `candidates` with the points of a tick in order of time.
    ///
    /// `mean` is the expected number of points at the highest rate: senders x rate per sender x length of the tick.
    pub fn candidates(&self, tick: Tick, mean: f64, candidates: &mut Vec<Candidate>) {
        assert!(tick.index <= COUNT, "a run has fewer ticks than a counter can name");
        candidates.clear();
        let base = tick.index << ORDINAL_BITS;
        let count = self.draws.stream(self.entity, self.purpose, base | COUNT).poisson(mean);
        assert!(count < TIMES, "a tick has fewer arrivals than a counter can name");
        let mut times = self.draws.stream(self.entity, self.purpose, base | TIMES);
        // The ordinal is the order of drawing, so a larger mean adds points and leaves the first ones as they were.
        candidates.extend((0..count).map(|ordinal| Candidate {
            time: SimTime(tick.start.0 + times.below(tick.length.0)),
            counter: base | ordinal,
        }));
        candidates.sort_unstable();
    }

    /// Whether a candidate is an arrival when the rate at its time is this share (0..=1) of the highest rate.
    #[inline]
    pub fn keeps(&self, candidate: Candidate, share: f64) -> bool {
        assert!(share <= 1.0, "the rate is never above the rate that candidates are drawn at");
        self.draws.stream(self.entity, self.purpose, candidate.counter).unit() < share
    }

    /// Fills `arrivals` with the arrivals of a tick in order of time: candidates at the mean, thinned to `share(time)`.
    pub fn arrivals(&self, tick: Tick, mean: f64, share: impl Fn(SimTime) -> f64, arrivals: &mut Vec<Candidate>) {
        self.candidates(tick, mean, arrivals);
        arrivals.retain(|&candidate| self.keeps(candidate, share(candidate.time)));
    }
}

/// The factor on a rate from one moment on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// From when on: since the start of the run, or since midnight where the steps repeat.
    pub at: SimDuration,
    /// Factor on the rate; 1 leaves it as it is.
    pub factor: f64,
}

/// The shape of a rate over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ProfileForm {
    /// A factor that changes in steps.
    Steps {
        /// The changes in order of time. Before the first one the factor is 1, or that of the last one where they repeat.
        changes: Vec<Step>,
        /// Begins anew after this time, for example "1 d"; once only when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        repeat: Option<SimDuration>,
    },
    /// A daily sinusoid with mean 1.
    Diurnal {
        /// Height over the mean, 0 to 1; at 1 the rate is zero at its lowest.
        amplitude: f64,
        /// Time of day of the highest rate, such as "14 h".
        peak: SimDuration,
    },
}

/// Why a profile is no shape of a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileError {
    /// No steps.
    Empty,
    /// Steps are not in order of time.
    Order,
    /// A factor is negative or no number.
    Factor,
    /// A step lies behind the time after which steps repeat, or that time is zero.
    Repeat,
    /// An amplitude outside 0 to 1.
    Amplitude,
    /// A peak behind the end of the day.
    Peak,
}

impl std::fmt::Display for ProfileError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Empty => "`changes` is empty; expected at least one { at, factor }",
            Self::Order => "`changes` are not in order; expected each `at` later than the one before",
            Self::Factor => "`factor` has to be zero or more",
            Self::Repeat => "`repeat` has to be longer than the last `at`",
            Self::Amplitude => "`amplitude` has to be from 0 to 1",
            Self::Peak => "`peak` has to be a time of day, below 24 h",
        })
    }
}

impl std::error::Error for ProfileError {}

impl ProfileForm {
    /// Passes a form that is the shape of a rate.
    fn check(&self) -> Result<(), ProfileError> {
        match self {
            Self::Steps { changes, repeat } => check_steps(changes, *repeat),
            Self::Diurnal { amplitude, .. } if !(0.0..=1.0).contains(amplitude) => Err(ProfileError::Amplitude),
            Self::Diurnal { peak, .. } if *peak >= SimDuration::DAY => Err(ProfileError::Peak),
            Self::Diurnal { .. } => Ok(()),
        }
    }
}

/// Passes steps in order with factors that make sense.
fn check_steps(changes: &[Step], repeat: Option<SimDuration>) -> Result<(), ProfileError> {
    let last = changes.last().ok_or(ProfileError::Empty)?;
    if changes.windows(2).any(|pair| pair[0].at >= pair[1].at) {
        return Err(ProfileError::Order);
    }
    if changes.iter().any(|step| !(step.factor >= 0.0 && step.factor.is_finite())) {
        return Err(ProfileError::Factor);
    }
    if repeat.is_some_and(|repeat| repeat <= last.at) { Err(ProfileError::Repeat) } else { Ok(()) }
}

/// The factor on a rate as a function of simulated time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ProfileForm", into = "ProfileForm")]
pub struct RateProfile {
    form: ProfileForm,
    /// Time of day at the start of the run.
    origin: SimDuration,
}

impl TryFrom<ProfileForm> for RateProfile {
    type Error = ProfileError;

    fn try_from(form: ProfileForm) -> Result<Self, ProfileError> {
        form.check()?;
        Ok(Self { form, origin: SimDuration::ZERO })
    }
}

impl From<RateProfile> for ProfileForm {
    fn from(profile: RateProfile) -> Self {
        profile.form
    }
}

impl JsonSchema for RateProfile {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RateProfile".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        ProfileForm::json_schema(generator)
    }
}

impl RateProfile {
    /// The parameters as they were written.
    pub fn form(&self) -> &ProfileForm {
        &self.form
    }

    /// The same profile in a run that starts at this time of day; steps that do not repeat count from the start anyway.
    #[must_use]
    pub fn starting_at(mut self, time_of_day: SimDuration) -> Self {
        self.origin = time_of_day;
        self
    }

    /// Factor at a time.
    pub fn factor(&self, time: SimTime) -> f64 {
        match &self.form {
            ProfileForm::Steps { changes, repeat: None } => factor_in_force(changes, time.0, 1.0),
            ProfileForm::Steps { changes, repeat: Some(repeat) } => {
                factor_in_force(changes, (time.0 + self.origin.0) % repeat.0, changes[changes.len() - 1].factor)
            }
            ProfileForm::Diurnal { amplitude, peak } => 1.0 + amplitude * libm::cos(self.angle(time, *peak)),
        }
    }

    /// The highest factor that occurs.
    pub fn max(&self) -> f64 {
        match &self.form {
            ProfileForm::Steps { changes, repeat } => {
                let before = if repeat.is_none() && !changes[0].at.is_zero() { 1.0 } else { 0.0 };
                changes.iter().map(|step| step.factor).fold(before, f64::max)
            }
            ProfileForm::Diurnal { amplitude, .. } => 1.0 + amplitude,
        }
    }

    /// Factor over its maximum: the share of candidates that [`TickArrivals`] keeps; 0 where the factor is always 0.
    pub fn share(&self, time: SimTime) -> f64 {
        let max = self.max();
        if max > 0.0 { (self.factor(time) / max).min(1.0) } else { 0.0 }
    }

    /// The mean factor between two times; the factor itself when they are equal.
    pub fn mean_over(&self, from: SimTime, to: SimTime) -> f64 {
        if to <= from {
            return self.factor(from);
        }
        match &self.form {
            ProfileForm::Steps { .. } => self.mean_of_steps(from, to),
            ProfileForm::Diurnal { amplitude, peak } => {
                // The integral of cos(w t) between the times, over their distance.
                let step = std::f64::consts::TAU * (to.0 - from.0) as f64 / SimDuration::DAY.0 as f64;
                let rise = libm::sin(self.angle(from, *peak) + step) - libm::sin(self.angle(from, *peak));
                1.0 + amplitude * rise / step
            }
        }
    }

    /// Bounds of the factor from a time to another, both included: lowest and highest.
    pub fn range_over(&self, from: SimTime, to: SimTime) -> (f64, f64) {
        let (first, last) = (self.factor(from), self.factor(to));
        let mut range = (first.min(last), first.max(last));
        match &self.form {
            ProfileForm::Steps { changes, .. } => {
                let mut time = from;
                // Over more changes than there are steps, every step was there.
                for _ in 0..=changes.len() {
                    let Some(next) = self.next_change(time).filter(|next| *next <= to) else { break };
                    let factor = self.factor(next);
                    (range, time) = ((range.0.min(factor), range.1.max(factor)), next);
                }
            }
            ProfileForm::Diurnal { amplitude, peak } => {
                // Angles of the ends in turns from the peak; whole turns between them are peaks, halves are lows.
                let turn = |time: SimTime| self.angle(time, *peak) / std::f64::consts::TAU;
                let begin = turn(from);
                let end = begin + (to - from).ratio(SimDuration::DAY);
                if end.floor() > begin.floor() {
                    range.1 = 1.0 + amplitude;
                }
                if (end + 0.5).floor() > (begin + 0.5).floor() {
                    range.0 = 1.0 - amplitude;
                }
            }
        }
        range
    }

    /// The next time after `time` at which the factor jumps; nothing for a smooth profile or after the last step.
    pub fn next_change(&self, time: SimTime) -> Option<SimTime> {
        let ProfileForm::Steps { changes, repeat } = &self.form else { return None };
        let Some(repeat) = repeat else {
            return changes.iter().map(|step| SimTime(step.at.0)).find(|&at| at > time);
        };
        let within = (time.0 + self.origin.0) % repeat.0;
        let next = changes.iter().map(|step| step.at.0).find(|&at| at > within);
        Some(SimTime(time.0 + next.unwrap_or(repeat.0 + changes[0].at.0) - within))
    }

    /// Sums the factor from change to change.
    fn mean_of_steps(&self, from: SimTime, to: SimTime) -> f64 {
        let (mut sum, mut time) = (0.0, from);
        while time < to {
            let end = self.next_change(time).map_or(to, |change| change.min(to));
            sum += self.factor(time) * (end.0 - time.0) as f64;
            time = end;
        }
        sum / (to.0 - from.0) as f64
    }

    /// Angle from the peak [rad], from -pi to pi and some: whole days are taken off as integers, which keeps it exact.
    fn angle(&self, time: SimTime, peak: SimDuration) -> f64 {
        let day = SimDuration::DAY.0;
        let time_of_day = (time.0 % day + self.origin.0 % day) % day;
        std::f64::consts::TAU * (time_of_day as f64 - peak.0 as f64) / day as f64
    }
}

/// The factor of the last step at or before a moment.
fn factor_in_force(changes: &[Step], moment: u64, before: f64) -> f64 {
    let index = changes.partition_point(|step| step.at.0 <= moment);
    if index == 0 { before } else { changes[index - 1].factor }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::draws::stable_name;

    const SECOND: SimDuration = SimDuration::SECOND;

    fn source() -> TickArrivals {
        TickArrivals::new(Draws::new(3, 0), stable_name("meters"), Purpose::CallArrivals)
    }

    fn hours(count: u64) -> SimDuration {
        SimDuration(SimDuration::HOUR.0 * count)
    }

    fn steps(changes: &[(SimDuration, f64)], repeat: Option<SimDuration>) -> RateProfile {
        let changes = changes.iter().map(|&(at, factor)| Step { at, factor }).collect();
        ProfileForm::Steps { changes, repeat }.try_into().unwrap()
    }

    fn diurnal(amplitude: f64, peak: SimDuration) -> RateProfile {
        ProfileForm::Diurnal { amplitude, peak }.try_into().unwrap()
    }

    /// 2,000 arrivals per second and a step of 1.5x at 10 s, ticks of 4 s that hide the step in their middle: the first
    /// second after the step has the full rate. Five standard deviations of 3,000 are 274, and 2,000 is far outside.
    #[test]
    fn a_storm_is_there_at_once() {
        let profile = steps(&[(SimDuration(10 * SECOND.0), 1.5)], None);
        let mut per_second = [0_u32; 20];
        let mut arrivals = Vec::new();
        for index in 0..5 {
            let mean = 2_000.0 * profile.max() * 4.0;
            let tick = Tick::regular(index, SimDuration(4 * SECOND.0));
            source().arrivals(tick, mean, |time| profile.share(time), &mut arrivals);
            for arrival in &arrivals {
                per_second[(arrival.time.0 / SECOND.0) as usize] += 1;
            }
        }
        assert!(per_second[..10].iter().all(|&count| count.abs_diff(2_000) < 224), "{per_second:?}");
        assert!(per_second[10..].iter().all(|&count| count.abs_diff(3_000) < 274), "{per_second:?}");
    }

    /// Removing the step takes arrivals away from its time on and changes nothing else: same times, same counters.
    #[test]
    fn a_changed_rate_shifts_no_other_draw() {
        let profile = steps(&[(SimDuration(SECOND.0 / 2), 0.25)], None);
        let (mut plain, mut thinned) = (Vec::new(), Vec::new());
        for index in 0..20 {
            let tick = Tick::regular(index, SECOND);
            source().arrivals(tick, 100.0, |_| 1.0, &mut plain);
            source().arrivals(tick, 100.0, |time| profile.share(time), &mut thinned);
            assert!(thinned.iter().all(|arrival| plain.contains(arrival)));
            if index == 0 {
                let early = |arrival: &&Candidate| arrival.time.0 < SECOND.0 / 2;
                assert!(plain.iter().filter(early).eq(thinned.iter().filter(early)));
            }
        }
    }

    #[test]
    fn ticks_can_be_visited_in_any_order() {
        let visit = |index| {
            let mut candidates = Vec::new();
            source().candidates(Tick::regular(index, SECOND), 5.0, &mut candidates);
            candidates
        };
        let forwards: Vec<_> = (0..10).map(visit).collect();
        let mut backwards: Vec<_> = (0..10).rev().map(visit).collect();
        backwards.reverse();
        assert_eq!(forwards, backwards);
        assert!(forwards.iter().all(|tick| tick.is_sorted()));
    }

    /// Counts per tick: mean and variance of a Poisson, within five standard errors of 20,000 ticks.
    #[test]
    fn counts_are_poisson() {
        let (n, mean) = (20_000_u32, 3.0);
        let mut arrivals = Vec::new();
        let counts: Vec<f64> = (0..n)
            .map(|index| {
                let tick = Tick::regular(u64::from(index), SECOND);
                source().arrivals(tick, 2.0 * mean, |_| 0.5, &mut arrivals);
                arrivals.len() as f64
            })
            .collect();
        let average = counts.iter().sum::<f64>() / f64::from(n);
        let variance = counts.iter().map(|count| (count - average) * (count - average)).sum::<f64>() / f64::from(n);
        assert!((average - mean).abs() < 5.0 * (mean / f64::from(n)).sqrt(), "{average}");
        assert!((variance - mean).abs() < 5.0 * ((2.0 * mean * mean + mean) / f64::from(n)).sqrt(), "{variance}");
    }

    #[test]
    fn first_candidates_are_pinned() {
        let mut candidates = Vec::new();
        source().candidates(Tick::regular(2, SECOND), 3.0, &mut candidates);
        let found: Vec<(u64, u64)> =
            candidates.iter().map(|candidate| (candidate.time.0, candidate.counter & COUNT)).collect();
        assert_eq!(found, [(2_054_459, 2), (2_426_915, 1), (2_907_736, 0)]);
    }

    #[test]
    fn steps_hold_until_the_next() {
        let once = steps(&[(hours(1), 1.5), (hours(2), 0.5)], None);
        let percent_at = |profile: &RateProfile, hour: u64| (100.0 * profile.factor(SimTime(hours(hour).0))) as u32;
        assert_eq!([0, 1, 2, 50].map(|hour| percent_at(&once, hour)), [100, 150, 50, 50]);
        assert_eq!(once.next_change(SimTime(hours(1).0)), Some(SimTime(hours(2).0)));
        assert_eq!(once.next_change(SimTime(hours(2).0)), None);
        let daily = steps(&[(hours(8), 2.0), (hours(18), 0.5)], Some(SimDuration::DAY));
        assert_eq!([0, 8, 17, 18, 32, 47].map(|hour| percent_at(&daily, hour)), [50, 200, 200, 50, 200, 50]);
        assert_eq!(daily.next_change(SimTime(hours(20).0)), Some(SimTime(hours(32).0)));
        let noon = daily.clone().starting_at(hours(12));
        assert_eq!([0, 6, 20].map(|hour| percent_at(&noon, hour)), [200, 50, 200]);
        assert_eq!(noon.next_change(SimTime(hours(7).0)), Some(SimTime(hours(20).0)));
        assert!((daily.mean_over(SimTime(0), SimTime(hours(24).0)) - (10.0 * 2.0 + 14.0 * 0.5) / 24.0).abs() < 1e-12);
        assert_eq!((once.max().to_bits(), daily.max().to_bits()), (1.5_f64.to_bits(), 2.0_f64.to_bits()));
    }

    /// Mean 1 over a day, the highest value at the peak, and the closed integral against a sum of 10,000 terms.
    #[test]
    fn a_day_has_its_peak_and_mean_one() {
        let profile = diurnal(0.6, hours(14)).starting_at(hours(6));
        assert!((profile.factor(SimTime(hours(8).0)) - 1.6).abs() < 1e-12);
        assert!((profile.factor(SimTime(hours(20).0)) - 0.4).abs() < 1e-12);
        assert!((profile.mean_over(SimTime(7), SimTime(7 + SimDuration::DAY.0)) - 1.0).abs() < 1e-12);
        let (from, to) = (hours(3).0, hours(31).0);
        let sum: f64 = (0..10_000).map(|i| profile.factor(SimTime(from + (to - from) * (2 * i + 1) / 20_000))).sum();
        assert!((profile.mean_over(SimTime(from), SimTime(to)) - sum / 10_000.0).abs() < 1e-7);
        assert!(profile.share(SimTime(hours(8).0)) <= 1.0);
    }

    /// The bounds hold at every time in between, and are met to the step of the look.
    #[test]
    fn a_profile_stays_within_its_bounds() {
        let minute = SimDuration::MINUTE.0;
        let daily = steps(&[(hours(8), 2.0), (hours(18), 0.5)], Some(SimDuration::DAY));
        let once = steps(&[(hours(3), 1.5), (hours(4), 0.0)], None);
        for profile in [daily, once, diurnal(0.7, hours(14)), diurnal(0.7, SimDuration::ZERO)] {
            for (from, length) in [(0, 1), (150, 1), (150, 60), (700, 400), (800, 90), (1_430, 30), (90, 5_000)] {
                let (low, high) = profile.range_over(SimTime(from * minute), SimTime((from + length) * minute));
                let factors = (0..=length * 6).map(|i| profile.factor(SimTime(from * minute + i * minute / 6)));
                let seen = factors.fold((f64::MAX, f64::MIN), |seen, f| (seen.0.min(f), seen.1.max(f)));
                assert!(low <= seen.0 + 1e-12 && seen.1 <= high + 1e-12, "{from} {length}: {low} {high} {seen:?}");
                assert!(seen.0 - low < 1e-4 && high - seen.1 < 1e-4, "{from} {length}: {low} {high} {seen:?}");
            }
        }
    }

    /// Expected arrivals of a day's half: 50/s, amplitude 0.6, sine from midnight (Cinlar 1975): 50 (43,200 + 0.6 * 86,400 / pi).
    #[test]
    fn the_mean_of_half_a_day_matches_the_closed_form() {
        let profile = diurnal(0.6, hours(6));
        let count = 50.0 * 43_200.0 * profile.mean_over(SimTime(0), SimTime(hours(12).0));
        assert!((count - 2_985_059.224_988_385_6).abs() < 1e-3, "{count}");
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct File {
        profile: RateProfile,
    }

    #[test]
    fn profiles_read_back_as_they_were_written() {
        let texts = [
            "[profile.diurnal]\namplitude = 0.6\npeak = \"14 h\"\n",
            "[profile.steps]\nchanges = [{ at = \"1 h\", factor = 1.5 }]\n",
            "[profile.steps]\nrepeat = \"1 d\"\nchanges = [{ at = \"8 h\", factor = 2.0 }, { at = \"18 h\", factor = 0.5 }]\n",
        ];
        for text in texts {
            let file: File = toml::from_str(text).unwrap();
            let again: File = toml::from_str(&toml::to_string(&file).unwrap()).unwrap();
            assert_eq!(file, again);
        }
    }

    #[test]
    fn mistakes_say_what_is_expected() {
        let message = |text: &str| toml::from_str::<File>(text).unwrap_err().to_string();
        assert!(message("[profile.diurnal]\namplitude = 1.6\npeak = \"14 h\"\n").contains("from 0 to 1"));
        assert!(message("[profile.diurnal]\namplitude = 0.6\npeak = \"25 h\"\n").contains("below 24 h"));
        assert!(message("[profile.diurnal]\namplitude = 0.6\nhigh = \"5 h\"\n").contains("line 3, column 1"));
        assert!(message("[profile.weekly]\n").contains("unknown variant `weekly`, expected `steps` or `diurnal`"));
        assert!(message("[profile.steps]\nchanges = []\n").contains("at least one"));
        let disordered = "[profile.steps]\nchanges = [{ at = \"2 h\", factor = 1 }, { at = \"1 h\", factor = 1 }]\n";
        assert!(message(disordered).contains("not in order"));
    }
}
