//! Where the model observes: every figure of a run, registered once by its public name.

use std::collections::BTreeMap;

use crate::metrics::measure::MeasureKey;
use crate::metrics::recorder::{CountAs, CounterId, LevelId, TallyId};
use crate::metrics::{Level, Recorder};
use crate::model::config::ModelConfig;
use crate::model::gateway::cache::Miss;
use crate::model::gateway::call::Outcome;
use crate::model::ids::StampId;
use crate::model::movement::run::Peaks;
use crate::model::population::device::State;
use crate::model::routing::UsersConfig;
use crate::units::{SimDuration, SimTime};

/// Queues whose waits are observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Queue {
    /// New connections of a hub.
    Connect,
    /// Sends to a hub.
    Send,
    /// Registry operations of a hub.
    Registry,
    /// Direct methods of a hub.
    Method,
    /// Registrations at DPS.
    DpsRegistration,
    /// Service operations at DPS.
    DpsOperation,
    /// Processing behind a hub.
    Processing,
    /// The routing endpoint of a hub.
    Endpoint,
}

impl Queue {
    /// All queues, in order; those before `Processing` are throttles.
    pub const ALL: [Queue; 8] = [
        Self::Connect,
        Self::Send,
        Self::Registry,
        Self::Method,
        Self::DpsRegistration,
        Self::DpsOperation,
        Self::Processing,
        Self::Endpoint,
    ];

    /// Name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Send => "send",
            Self::Registry => "registry",
            Self::Method => "method",
            Self::DpsRegistration => "dps_registration",
            Self::DpsOperation => "dps_operation",
            Self::Processing => "processing",
            Self::Endpoint => "endpoint",
        }
    }
}

/// Admitted operations of one throttle on one place (a stamp or a DPS instance).
#[derive(Debug, Clone, Default)]
pub struct Use {
    /// Since the start.
    pub total: u64,
    /// Up to the end of the last window.
    pub closed: u64,
    /// Up to the last metering of the stamp.
    pub billed: u64,
    /// Up to the last decision of the scaling policy.
    pub seen: u64,
    /// Limit times time so far [operations].
    pub room: f64,
}

/// The name under which the downtime of devices that remedies moved is counted.
pub const REMEDY: &str = "remedy";
/// The name under which the downtime of devices of all drained stamps is counted.
pub const DRAIN: &str = "drain";

/// The name of the move that brings the devices of another one back.
pub fn back_name(plan: &str) -> String {
    format!("{plan}-back")
}

/// Indexes into the recorder, and the few figures that no recorder kind fits.
pub struct Figures {
    /// Latency of delivered calls.
    pub command_latency: TallyId,
    /// Calls that arrived.
    pub commands: CounterId,
    /// Calls that ended.
    pub ended: CounterId,
    /// Calls by outcome.
    pub outcomes: [CounterId; Outcome::ALL.len()],
    /// Attempts of calls at hubs.
    pub call_attempts: CounterId,
    /// Attempts that repeat one which was given up.
    pub call_retries: CounterId,
    /// Look-ups of the cache.
    pub look_ups: CounterId,
    /// Misses.
    pub misses: CounterId,
    /// Misses by cause.
    pub miss_causes: [CounterId; Miss::ALL.len()],
    /// Misses that joined a look-up under way.
    pub coalesced: CounterId,
    /// Calls that were sent to a hub that no longer held the device, once a call.
    pub stale: CounterId,
    /// Look-ups that the gateway sent to DPS.
    pub dps_look_ups: CounterId,
    /// Registration latency.
    pub registration: TallyId,
    /// Connection latency.
    pub connection: TallyId,
    /// Attempts by connection.
    pub attempts: TallyId,
    /// All attempts.
    pub all_attempts: CounterId,
    /// Telemetry latency.
    pub telemetry: TallyId,
    /// Messages that reached a hub.
    pub messages: CounterId,
    /// Messages that the send throttle refused.
    pub refused_messages: CounterId,
    /// Downtime of moved devices, by move; behind them that of drained stamps, where a policy drains any, and that of the
    /// way back, of moves that may be rolled back.
    pub move_downtime: Vec<TallyId>,
    /// Place of the downtime on the way back, by move.
    pub back_tally: Vec<Option<usize>>,
    /// Use of the limits by moves that are under way.
    pub watches: Vec<(usize, Peaks)>,
    /// Downtime of devices that remedies moved, where there are any.
    pub remedy_downtime: Option<TallyId>,
    /// Downtime of devices that a fault affected, by fault, where something is said of a remedy.
    pub fault_downtime: Vec<Option<TallyId>>,
    /// Dead connections that hubs take for alive, where that is followed.
    pub half_dead: Option<LevelId>,
    /// Registered devices.
    pub registered: LevelId,
    /// Devices that want a connection and have none.
    pub unavailable: LevelId,
    /// Connected devices.
    pub connected: LevelId,
    /// Active stamps.
    pub stamps_active: LevelId,
    /// Units of all hubs, where a policy changes them.
    pub hub_units: Option<LevelId>,
    /// Servers of all processing, where a policy adds any.
    pub servers: Option<LevelId>,
    /// Devices by state.
    pub states: [LevelId; State::ALL.len()],
    /// Devices of each stamp.
    pub stamp_devices: Vec<LevelId>,
    /// Wait by queue.
    pub waits: [TallyId; Queue::ALL.len()],
    /// Attempts at each throttle.
    pub offered: [CounterId; Queue::ALL.len()],
    /// Refusals by each throttle.
    pub refused: [CounterId; Queue::ALL.len()],
    /// Longest backlog seen, by queue.
    pub longest: [u64; Queue::ALL.len()],
    /// Use of each throttle by place.
    pub uses: [Vec<Use>; Queue::ALL.len()],
    /// Use of each throttle in each window, at the place that used most of it [1].
    pub use_series: [Vec<f64>; Queue::ALL.len()],
    /// Registrations that DPS accepted.
    pub registrations: CounterId,
    /// Operations of both kinds that DPS billed so far, up to the end of the last window.
    pub billed_closed: u64,
    /// Whether a path is followed; what comes below is only kept then.
    pub follows_path: bool,
    /// Refusals by what refused and with which code.
    pub codes: BTreeMap<(&'static str, &'static str), u64>,
    /// When each limit first refused an operation or made it wait.
    pub bound: BTreeMap<&'static str, SimTime>,
    /// Age of the oldest message that was not processed, at the end of each window [s].
    pub lag: Vec<f64>,
    /// Largest age of a message that was not processed [s].
    pub lag_most: f64,
    /// Wait for an installer and its work; none where nobody installs.
    pub installation: Option<TallyId>,
    /// Registrations that DPS failed, by cause.
    pub failed: BTreeMap<&'static str, u64>,
    /// Registrations for which a webhook was asked, and those for which it failed.
    pub webhook: (u64, u64),
    /// Figures of users; none without users.
    pub users: Option<UserFigures>,
}

/// Figures of users.
pub struct UserFigures {
    /// Users without service.
    pub unavailable: LevelId,
    /// Users of each stamp that serves any, in the order of stamps.
    pub on_stamp: Vec<(StampId, LevelId)>,
    /// Parts of each population that are split; none of a population without devices.
    pub split: Vec<Option<LevelId>>,
    /// Populations with at least 1 % split, one for each population.
    pub split_at_all: Vec<Level>,
}

impl UserFigures {
    fn new(recorder: &mut Recorder, config: &ModelConfig) -> Option<Self> {
        let (key, start) = (MeasureKey::new, SimTime::ZERO);
        let users: f64 = config.users.iter().map(|users| f64::from(users.users)).sum();
        let mut stamps: Vec<StampId> = config.users.iter().flat_map(|users| users.endpoints.clone()).collect();
        stamps.sort_unstable();
        stamps.dedup();
        let mut on_stamp = |stamp: StampId| {
            let name = &*config.stamps[stamp.index()].name;
            (stamp, recorder.level(key("users_on_stamp_ratio").with("stamp", name), users, true, true, start))
        };
        let on_stamp: Vec<_> = stamps.into_iter().map(&mut on_stamp).collect();
        let mut split = |users: &UsersConfig| {
            let label = key("split_population_ratio").with("users", &*users.name);
            users.cohort.map(|_| recorder.level(label, 1e6, true, true, start))
        };
        let split = config.users.iter().map(&mut split).collect();
        let split_at_all = vec![Level::new(0, start); config.users.len()];
        (!config.users.is_empty()).then(|| Self {
            unavailable: recorder.level(key("users_unavailable"), 1.0, true, true, start),
            on_stamp,
            split,
            split_at_all,
        })
    }
}

impl Figures {
    /// Registers every figure.
    pub fn new(recorder: &mut Recorder, config: &ModelConfig) -> Self {
        let key = MeasureKey::new;
        let commands = recorder.counter(key("commands"), CountAs::Total);
        let ended = recorder.counter(key("commands"), CountAs::Hidden);
        let call_attempts = recorder.counter(key("command_retry_ratio"), CountAs::Hidden);
        let call_retries = recorder.counter(key("command_retry_ratio"), CountAs::Hidden);
        if config.gateway.as_ref().is_some_and(|gateway| gateway.attempts > 1) {
            recorder.share(key("command_retry_ratio"), call_retries, call_attempts, true);
        }
        let look_ups = recorder.counter(key("cache_miss_ratio"), CountAs::Hidden);
        let misses = recorder.counter(key("cache_miss_ratio"), CountAs::Hidden);
        recorder.share(key("cache_miss_ratio"), misses, look_ups, true);
        let coalesced = recorder.counter(key("coalesced_ratio"), CountAs::Hidden);
        recorder.share(key("coalesced_ratio"), coalesced, misses, false);
        let stale = recorder.counter(key("stale_route_ratio"), CountAs::Hidden);
        recorder.share(key("stale_route_ratio"), stale, ended, true);
        let messages = recorder.counter(key("telemetry_refused_ratio"), CountAs::Hidden);
        let refused_messages = recorder.counter(key("telemetry_refused_ratio"), CountAs::Hidden);
        recorder.share(key("telemetry_refused_ratio"), refused_messages, messages, false);
        let waits = Queue::ALL.map(|q| recorder.tally(key("wait_ms").with("at", q.name()), 1e3, false));
        let offered = Queue::ALL.map(|_| recorder.counter(key("throttle_rejected_ratio"), CountAs::Hidden));
        let refused = Queue::ALL.map(|_| recorder.counter(key("throttle_rejected_ratio"), CountAs::Hidden));
        for queue in &Queue::ALL[..Queue::Processing as usize] {
            let label = key("throttle_rejected_ratio").with("throttle", queue.name());
            recorder.share(label, refused[*queue as usize], offered[*queue as usize], true);
        }
        let start = SimTime::ZERO;
        let scaling = config.scaling.policy.entry();
        let (drains, resizes) = (scaling.drains(), config.resizes());
        Self {
            command_latency: recorder.tally(key("command_latency_ms"), 1e3, true),
            commands,
            ended,
            outcomes: outcome_counters(recorder, ended),
            call_attempts,
            call_retries,
            look_ups,
            misses,
            miss_causes: miss_counters(recorder, look_ups),
            coalesced,
            stale,
            dps_look_ups: recorder.counter(key("dps_lookup_rate_per_s"), CountAs::RatePerSecond),
            registration: recorder.tally(key("registration_latency_s"), 1e6, true),
            connection: recorder.tally(key("connect_latency_s"), 1e6, true),
            attempts: recorder.tally(key("connect_attempts"), 1.0, false),
            all_attempts: recorder.counter(key("model_attempts"), CountAs::Total),
            telemetry: recorder.tally(key("telemetry_latency_ms"), 1e3, true),
            messages,
            refused_messages,
            move_downtime: downtimes(recorder, config, drains),
            back_tally: back_tallies(config, drains),
            watches: Vec::new(),
            remedy_downtime: config
                .remedies()
                .next()
                .map(|_| recorder.tally(key("move_downtime_s").with("move", REMEDY), 1e6, false)),
            fault_downtime: config
                .faults
                .iter()
                .map(|fault| {
                    let label = key("fault_downtime_s").with("fault", &*fault.name);
                    fault.remedy.as_ref().map(|_| recorder.tally(label, 1e6, false))
                })
                .collect(),
            half_dead: config
                .follows_half_dead()
                .then(|| recorder.level(key("devices_half_dead"), 1.0, true, true, start)),
            registered: recorder.level(key("devices_registered"), 1.0, true, true, start),
            unavailable: recorder.level(key("devices_unavailable"), 1.0, true, true, start),
            connected: recorder.level(key("devices_connected"), 1.0, true, true, start),
            stamps_active: recorder.level(key("stamps_active"), 1.0, true, true, start),
            hub_units: resizes.then(|| recorder.level(key("hub_units"), 1.0, true, true, start)),
            servers: config.adds_servers().then(|| recorder.level(key("processing_servers"), 1.0, true, true, start)),
            states: State::ALL.map(|state| {
                let label = key("devices_in_state").with("state", state.name());
                recorder.level(label, 1.0, state.in_fleet(), false, start)
            }),
            stamp_devices: Vec::new(),
            waits,
            offered,
            refused,
            longest: [0; Queue::ALL.len()],
            uses: Queue::ALL.map(|_| Vec::new()),
            use_series: Queue::ALL.map(|_| Vec::new()),
            registrations: recorder.counter(key("model_events"), CountAs::Hidden),
            billed_closed: 0,
            installation: config
                .dps
                .topology
                .entry()
                .installers()
                .map(|_| recorder.tally(key("installation_wait_s"), 1e6, true)),
            users: UserFigures::new(recorder, config),
            follows_path: config.follows_path(),
            codes: BTreeMap::new(),
            bound: BTreeMap::new(),
            lag: Vec::new(),
            lag_most: 0.0,
            failed: BTreeMap::new(),
            webhook: (0, 0),
        }
    }

    /// Changes the level of a state; devices that are not part of the fleet are counted nowhere.
    #[inline]
    pub fn state_level(
        &self,
        recorder: &mut Recorder,
        state: State,
        now: SimTime,
        change: impl Fn(&mut Level, u64, SimTime),
    ) {
        if state.in_fleet() {
            change(recorder.level_mut(self.states[state as usize]), 1, now);
        }
    }

    /// An operation was admitted by a throttle after a wait.
    #[inline]
    pub fn admitted(
        &mut self,
        recorder: &mut Recorder,
        queue: Queue,
        place: usize,
        (now, wait): (SimTime, SimDuration),
    ) {
        recorder.count(self.offered[queue as usize], 1);
        recorder.observe(self.waits[queue as usize], wait.0);
        if !wait.is_zero() {
            self.binds(queue.name(), now);
        }
        self.uses[queue as usize][place].total += 1;
    }

    /// An operation was refused by a throttle.
    #[inline]
    pub fn refused(&mut self, recorder: &mut Recorder, queue: Queue, now: SimTime, code: &'static str) {
        self.refused_n(recorder, queue, now, (code, 1));
    }

    /// So many operations were refused by a throttle with one code.
    #[inline]
    pub fn refused_n(&mut self, recorder: &mut Recorder, queue: Queue, now: SimTime, (code, n): (&'static str, u64)) {
        recorder.count(self.offered[queue as usize], n);
        recorder.count(self.refused[queue as usize], n);
        self.coded(queue.name(), code, now, n);
    }

    /// A limit refused operations with a code.
    pub fn coded(&mut self, limit: &'static str, code: &'static str, now: SimTime, n: u64) {
        if n > 0 && self.follows_path {
            *self.codes.entry((limit, code)).or_default() += n;
            self.binds(limit, now);
        }
    }

    /// A limit refused an operation or made it wait.
    pub fn binds(&mut self, limit: &'static str, now: SimTime) {
        if self.follows_path {
            self.bound.entry(limit).or_insert(now);
        }
    }

    /// A backlog of this length was seen.
    #[inline]
    pub fn backlog(&mut self, queue: Queue, length: u64) {
        let longest = &mut self.longest[queue as usize];
        *longest = (*longest).max(length);
    }
}

/// Downtimes by move, of drains, and of the ways back.
fn downtimes(recorder: &mut Recorder, config: &ModelConfig, drains: bool) -> Vec<TallyId> {
    let names = config.moves.iter().map(|plan| plan.name.clone()).chain(drains.then(|| DRAIN.to_owned()));
    let backs = config.moves.iter().filter(|plan| plan.may_go_back()).map(|plan| back_name(&plan.name));
    let key = |name: String| MeasureKey::new("move_downtime_s").with("move", name);
    names.chain(backs).map(|name| recorder.tally(key(name), 1e6, false)).collect()
}

/// Where [`downtimes`] has the way back of each move.
fn back_tallies(config: &ModelConfig, drains: bool) -> Vec<Option<usize>> {
    let mut next = config.moves.len() + usize::from(drains);
    let mut place = |goes_back: bool| {
        let here = goes_back.then_some(next);
        next += usize::from(goes_back);
        here
    };
    config.moves.iter().map(|plan| place(plan.may_go_back())).collect()
}

fn outcome_counters(recorder: &mut Recorder, ended: CounterId) -> [CounterId; Outcome::ALL.len()] {
    Outcome::ALL.map(|outcome| {
        let key = MeasureKey::new("command_outcome_ratio").with("outcome", outcome.name());
        let counter = recorder.counter(key.clone(), CountAs::Hidden);
        recorder.share(key, counter, ended, true);
        counter
    })
}

fn miss_counters(recorder: &mut Recorder, look_ups: CounterId) -> [CounterId; Miss::ALL.len()] {
    Miss::ALL.map(|cause| {
        let key = MeasureKey::new("cache_miss_ratio").with("cause", cause.name());
        let counter = recorder.counter(key.clone(), CountAs::Hidden);
        recorder.share(key, counter, look_ups, true);
        counter
    })
}
