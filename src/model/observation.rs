//! Windows of a long run: calls, look-ups and renewals are looked at in windows and are closed forms between them.
//!
//! The state machine alone: quiet, warming up, open; which windows there were; and what is known of each device between
//! two of them. What opens and closes a window is a conversation of the events, in `event/observation.rs`.

use crate::kernel::prefetch::prefetch;
use crate::metrics::measure::MeasureKey;
use crate::model::ids::DeviceId;
use crate::model::population::entries::Entries;
use crate::model::population::traffic::Phases;
use crate::units::{SimDuration, SimTime};

/// A time that is not set.
const NEVER: SimTime = SimTime(u64::MAX);

/// Most windows of a run, so that its parts stay few; later edges open none. Regular windows always open.
pub const WINDOWS_MAX: usize = 1_000;
/// Most windows that limits alone open: what comes again each hour or each day has been seen by then.
pub const LIMITS_MAX: u32 = 200;

/// Windows, validated.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowsConfig {
    /// When the figures of each regular window begin, in order.
    pub regular: Vec<SimTime>,
    /// Length of a regular window.
    pub length: SimDuration,
    /// What runs before the figures of a window begin.
    pub warm_up: SimDuration,
    /// Use of a throttle or of an enforced quota that opens a window [1].
    pub opens_at: f64,
    /// Use below which it holds a window open no longer [1].
    pub closes_at: f64,
}

/// Which sample a window belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// The fair one.
    Regular,
    /// Around faults, moves and limits: no fair sample of the days around them.
    Edge,
}

impl Sample {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Regular, Self::Edge];

    /// Value of the label of figures and marks.
    pub fn label(self) -> &'static str {
        match self {
            Self::Regular => "regular",
            Self::Edge => "edges",
        }
    }
}

/// A window: from the end of its warm-up to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// When its figures begin.
    pub from: SimTime,
    /// When it closed.
    pub until: SimTime,
    /// Whose it is.
    pub sample: Sample,
}

/// What is looked at now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Calls and renewals are closed forms.
    Quiet,
    /// Everything runs, and nothing of it is a figure.
    WarmUp,
    /// Everything runs.
    Open,
}

/// What holds a window open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Nothing.
    Nothing,
    /// A limit that is nearly used up, or a backlog: how this fleet lives, if it comes again and again.
    Limit,
    /// A fault, a move, or devices that are still out after one.
    Disturbance,
}

/// What closed forms are charged to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meter {
    /// Messages of the daily quota of a hub.
    Messages,
    /// Direct methods of a hub.
    Methods,
    /// Look-ups at a DPS instance.
    LookUps,
}

/// Reconnections of a cohort's renewals: mean and variance of the time that one takes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Reconnection {
    /// Mean [us].
    pub mean: f64,
    /// Variance [us2].
    pub variance: f64,
}

/// State of the windows of a run.
#[derive(Debug, Clone)]
pub struct Observation {
    /// What is looked at now.
    pub stage: Stage,
    /// Number of the opening; 0 before the first.
    pub opening: u32,
    /// When the last window closed; the start of the run before that.
    pub quiet_from: SimTime,
    /// When the quiet before the open window ended.
    pub quiet_until: SimTime,
    /// When figures begin, while the stage is the warm-up.
    pub figures_from: SimTime,
    /// Whose the window is.
    pub sample: Sample,
    /// Up to when it stays open whatever happens.
    pub held_until: SimTime,
    /// The regular window that is due or goes on, if no disturbance met it.
    pub planned: Option<(SimTime, SimTime)>,
    /// Up to when it belongs to a disturbance.
    pub disturbed_until: SimTime,
    /// Windows that limits alone have opened.
    pub by_limits: u32,
    /// Edges that opened no window since there were too many.
    pub left_out: u64,
    /// Whether what goes on in the quiet was left out.
    refused: bool,
    /// Windows so far.
    pub spans: Vec<Span>,
    /// Edges whose time is known.
    pub edges: Vec<SimTime>,
    /// Whether a throttle or quota passed the upper bound, and has not come below the lower one.
    pub hot: bool,
    /// Number of the chain of looks; an event of another one is stale.
    pub chain: u16,
    /// Number of the chain of ticks of flows; an event of another one is stale.
    pub flow_chain: u16,
    /// Up to when renewals are charged.
    pub renewed: SimTime,
    /// Up to when the calls of each cohort are charged; none while they are drawn.
    pub charged: Vec<Option<SimTime>>,
    /// Entries of each cohort in a cache that has room for all.
    pub entries: Vec<Entries>,
    /// Parts of operations that were not charged yet, by meter and place.
    rest: [Vec<f64>; 3],
    /// When the limits were judged last, and what each throttle had admitted then.
    pub judged: (SimTime, Vec<Vec<u64>>),
    /// Whether the cache had room for all at the opening, so that an entry is drawn when its device is looked at first.
    pub draws_by_device: bool,
    /// Opening at which the cache entry of each device was drawn last.
    drawn: Vec<u32>,
    /// When the window of each opening closed; the start of the run stands for the one before the first.
    closings: Vec<SimTime>,
    /// Next renewal of each device, as its last connection gave it; for runs with renewals, else empty.
    due: Vec<SimTime>,
    /// Renewals due by stamp and cohort, by their phase.
    pub renewals: Vec<Vec<Option<Phases>>>,
    /// Reconnections of each cohort.
    pub reconnection: Vec<Reconnection>,
    /// Up to when renewals are pending events.
    pub renewals_until: SimTime,
    /// When an identity was put onto a hub last that was on another before.
    pub moved: Option<SimTime>,
    /// When the cache lost its contents last.
    pub flushed: Option<SimTime>,
    /// Since when the identity of each device lies on its hub; [`NEVER`] while it never lay on any.
    registered: Vec<SimTime>,
}

impl Observation {
    /// A run begins, in quiet.
    pub fn new(devices: usize, cohorts: usize, renews: bool, calls: bool) -> Self {
        let called = if calls { devices } else { 0 };
        Self {
            stage: Stage::Quiet,
            opening: 0,
            quiet_from: SimTime::ZERO,
            quiet_until: SimTime::ZERO,
            figures_from: NEVER,
            sample: Sample::Regular,
            held_until: SimTime::ZERO,
            planned: None,
            disturbed_until: SimTime::ZERO,
            by_limits: 0,
            left_out: 0,
            refused: false,
            spans: Vec::new(),
            edges: Vec::new(),
            hot: false,
            chain: 0,
            flow_chain: 0,
            renewed: SimTime::ZERO,
            charged: vec![None; cohorts],
            entries: vec![Entries::default(); cohorts],
            rest: Default::default(),
            judged: (SimTime::ZERO, Vec::new()),
            draws_by_device: true,
            drawn: vec![0; called],
            closings: vec![SimTime::ZERO],
            due: vec![NEVER; if renews { devices } else { 0 }],
            renewals: Vec::new(),
            reconnection: vec![Reconnection::default(); cohorts],
            renewals_until: SimTime::ZERO,
            moved: None,
            flushed: None,
            registered: vec![NEVER; devices],
        }
    }

    /// Whether calls and renewals are closed forms now.
    pub fn is_quiet(&self) -> bool {
        self.stage == Stage::Quiet
    }

    /// Whether one more window may open for this cause.
    pub fn has_room(&self, cause: Cause) -> bool {
        match cause {
            Cause::Nothing => true,
            Cause::Limit => self.by_limits < LIMITS_MAX && self.spans.len() < WINDOWS_MAX,
            Cause::Disturbance => self.spans.len() < WINDOWS_MAX,
        }
    }

    /// What goes on in the quiet: whether a window opens for it. What finds no room is left out once, until it is over.
    pub fn admits(&mut self, cause: Cause) -> bool {
        let refused = cause != Cause::Nothing && !self.has_room(cause);
        let again = std::mem::replace(&mut self.refused, refused);
        self.left_out += u64::from(refused && !again);
        cause != Cause::Nothing && !refused
    }

    /// Opens from a time on: for a regular window where nothing is the cause, else around an edge. Whether it was quiet.
    pub fn open(&mut self, now: SimTime, figures_from: SimTime, cause: Cause) -> bool {
        let was_quiet = self.is_quiet();
        if was_quiet {
            self.stage = Stage::WarmUp;
            self.opening += 1;
            self.quiet_until = now;
            self.figures_from = figures_from;
            self.sample = if cause == Cause::Nothing { Sample::Regular } else { Sample::Edge };
            self.renewals_until = now;
            self.by_limits += u32::from(cause == Cause::Limit);
        } else if cause != Cause::Nothing {
            self.figures_from = self.figures_from.min(figures_from);
        }
        was_quiet
    }

    /// A disturbance goes on up to a time: what is open belongs to it, and so does a regular window that meets it.
    pub fn disturb(&mut self, until: SimTime) {
        self.disturbed_until = self.disturbed_until.max(until);
        self.sample = Sample::Edge;
        self.planned = None;
    }

    /// The sample that what is open belongs to from now on, where that is another one than before.
    ///
    /// A limit takes nothing from a regular window, since the fair sample is of how the fleet lives; what it holds open
    /// beyond that is an edge's.
    pub fn turns_to(&self, now: SimTime) -> Option<Sample> {
        let (from, until) = self.planned.filter(|_| self.stage == Stage::Open)?;
        match self.sample {
            Sample::Edge if from <= now && now < until => Some(Sample::Regular),
            Sample::Regular if until <= now && now < self.held_until => Some(Sample::Edge),
            _ => None,
        }
    }

    /// What was open so far is a window; what comes belongs to another sample.
    pub fn turn(&mut self, now: SimTime, sample: Sample) {
        self.note_span(now);
        (self.figures_from, self.sample) = (now, sample);
    }

    fn note_span(&mut self, now: SimTime) {
        let from = self.figures_from;
        if self.stage == Stage::Open && from < now {
            self.spans.push(Span { from, until: now, sample: self.sample });
        }
    }

    /// The warm-up is over.
    pub fn begin_figures(&mut self) {
        self.stage = Stage::Open;
    }

    /// The window closes.
    pub fn close(&mut self, now: SimTime) {
        self.note_span(now);
        (self.stage, self.quiet_from) = (Stage::Quiet, now);
        self.closings.push(now);
    }

    /// Up to when the cache entry of a device is known, where it is yet to be drawn in this window; then it counts as drawn.
    ///
    /// A device that the last windows did not call has been drawn in none of them: its quiet began long before.
    pub fn take_draw(&mut self, device: DeviceId) -> Option<SimTime> {
        let before = std::mem::replace(self.drawn.get_mut(device.index())?, self.opening);
        (before != self.opening).then(|| self.closings[before as usize])
    }

    /// A device will be called soon: brings near what is known of it between two windows. Changes nothing.
    pub fn foresee(&self, device: DeviceId) {
        prefetch(&self.drawn, device.index());
        prefetch(&self.registered, device.index());
    }

    /// An identity is put onto a hub; where it lay on one before, routes to it may be stale.
    pub fn note_registered(&mut self, device: DeviceId, now: SimTime) {
        if std::mem::replace(&mut self.registered[device.index()], now) != NEVER {
            self.moved = Some(now);
        }
    }

    /// A device left the fleet.
    pub fn note_retired(&mut self, device: DeviceId) {
        self.registered[device.index()] = NEVER;
    }

    /// Since when the identity of a device lies on its hub.
    pub fn registered(&self, device: DeviceId) -> SimTime {
        self.registered[device.index()]
    }

    /// Next renewal of a device as its last connection gave it; none where it has none.
    pub fn due(&self, device: DeviceId) -> Option<SimTime> {
        self.due.get(device.index()).copied().filter(|at| *at != NEVER)
    }

    /// Another renewal of a device, or none; gives the one before.
    pub fn set_due(&mut self, device: DeviceId, at: SimTime) -> Option<SimTime> {
        let due = self.due.get_mut(device.index())?;
        Some(std::mem::replace(due, at)).filter(|before| *before != NEVER)
    }

    /// Charges parts of operations at a place; gives the whole ones, and keeps the rest for later.
    pub fn charge(&mut self, meter: Meter, place: usize, amount: f64) -> u64 {
        let rest = &mut self.rest[meter as usize];
        if rest.len() <= place {
            rest.resize(place + 1, 0.0);
        }
        let all = rest[place] + amount;
        let whole = all.floor().max(0.0);
        rest[place] = all - whole;
        whole as u64
    }

    /// A use of a limit was seen [1]; whether that changes what holds the window open.
    pub fn judge(&mut self, config: &WindowsConfig, used: f64) {
        self.hot = if self.hot { used >= config.closes_at } else { used > config.opens_at };
    }
}

/// Whether a figure is only looked at in windows; those of connections are where tokens are renewed.
pub fn is_sampled(key: &MeasureKey, renews: bool) -> bool {
    const CALLS: [&str; 8] = [
        "command_latency_ms",
        "commands",
        "command_outcome_ratio",
        "command_retry_ratio",
        "cache_miss_ratio",
        "coalesced_ratio",
        "stale_route_ratio",
        "dps_lookup_rate_per_s",
    ];
    const CONNECTIONS: [&str; 3] = ["connect_latency_s", "connect_attempts", "model_attempts"];
    let queue = match key.name {
        "wait_ms" => key.labels.get("at"),
        "throttle_rejected_ratio" => key.labels.get("throttle"),
        _ => None,
    };
    CALLS.contains(&key.name)
        || (renews && CONNECTIONS.contains(&key.name))
        || matches!(queue, Some("method" | "dps_operation"))
        || (renews && queue == Some("connect"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> WindowsConfig {
        WindowsConfig {
            regular: Vec::new(),
            length: SimDuration::HOUR,
            warm_up: SimDuration::MINUTE,
            opens_at: 0.95,
            closes_at: 0.85,
        }
    }

    #[test]
    fn a_limit_opens_above_one_bound_and_lets_go_below_another() {
        let mut observation = Observation::new(1, 1, false, false);
        let hot: Vec<bool> = [0.9, 0.96, 0.9, 0.86, 0.84, 0.9, 0.95]
            .into_iter()
            .map(|used| {
                observation.judge(&config(), used);
                observation.hot
            })
            .collect();
        assert_eq!(hot, [false, true, true, true, false, false, false]);
    }

    #[test]
    fn windows_that_meet_are_one_and_the_edge_s() {
        let at = |s: u64| SimTime(s * 1_000_000);
        let mut observation = Observation::new(1, 1, false, false);
        assert!(observation.open(at(0), at(60), Cause::Nothing));
        observation.planned = Some((at(60), at(400)));
        observation.begin_figures();
        assert!(!observation.open(at(100), at(160), Cause::Disturbance));
        observation.disturb(at(300));
        assert_eq!(observation.turns_to(at(350)), None, "the disturbance took it");
        observation.close(at(500));
        assert!(observation.open(at(900), at(960), Cause::Nothing));
        observation.close(at(950));
        assert_eq!(observation.spans, [Span { from: at(60), until: at(500), sample: Sample::Edge }]);
    }

    #[test]
    fn a_limit_takes_nothing_from_a_regular_window() {
        let at = |s: u64| SimTime(s * 1_000_000);
        let mut observation = Observation::new(1, 1, false, false);
        assert!(observation.open(at(0), at(0), Cause::Limit));
        observation.begin_figures();
        assert!(!observation.open(at(100), at(160), Cause::Nothing));
        (observation.planned, observation.held_until) = (Some((at(160), at(400))), at(460));
        for now in [100, 160, 399, 400, 460].map(at) {
            if let Some(sample) = observation.turns_to(now) {
                observation.turn(now, sample);
            }
        }
        observation.close(at(460));
        let span = |from, until, sample| Span { from: at(from), until: at(until), sample };
        let expected = [span(0, 160, Sample::Edge), span(160, 400, Sample::Regular), span(400, 460, Sample::Edge)];
        assert_eq!(observation.spans, expected);
    }

    #[test]
    fn limits_open_no_more_windows_than_show_what_comes_again() {
        let mut observation = Observation::new(1, 1, false, false);
        let mut opened = 0;
        for i in 0..u64::from(LIMITS_MAX) + 50 {
            let at = |s: u64| SimTime((100 * i + s) * 1_000_000);
            // Two looks at the limit, and one after it.
            for _ in 0..2 {
                if observation.is_quiet() && observation.admits(Cause::Limit) {
                    opened += u32::from(observation.open(at(0), at(0), Cause::Limit));
                    observation.begin_figures();
                }
            }
            observation.close(at(60));
            assert!(!observation.admits(Cause::Nothing));
        }
        assert_eq!((opened, observation.left_out), (LIMITS_MAX, 50));
        assert!(observation.has_room(Cause::Disturbance) && observation.has_room(Cause::Nothing));
    }

    #[test]
    fn parts_of_operations_are_kept_until_they_are_whole() {
        let mut observation = Observation::new(1, 1, false, false);
        let charged: Vec<u64> = (0..8).map(|_| observation.charge(Meter::LookUps, 3, 0.375)).collect();
        assert_eq!((charged.iter().sum::<u64>(), charged[2]), (3, 1));
    }
}
