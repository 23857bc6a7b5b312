//! `World`: all state of one replication. It says which noun owns which bytes; what happens to them is in `event`.

use std::rc::Rc;

use crate::kernel::arrivals::Candidate;
use crate::kernel::draws::{Draws, Purpose, Stream, member};
use crate::kernel::superposition::Superposition;
use crate::metrics::recorder::Recorded;
use crate::metrics::{Level, Recorder, Usage};
use crate::model::column::Column;
use crate::model::condition::{DownStyle, Effect};
use crate::model::config::ModelConfig;
use crate::model::dps::enrollment::Enrollments;
use crate::model::dps::front::Front;
use crate::model::dps::service::Instance;
use crate::model::figures::Figures;
use crate::model::gateway::cache::Cache;
use crate::model::gateway::call::Calls;
use crate::model::gateway::learnt::Learnt;
use crate::model::ids::{CohortId, DeviceId, RegionId, ServiceId, StampId};
use crate::model::lifecycle::feature::FeatureRun;
use crate::model::lifecycle::retirement::RetirementRun;
use crate::model::movement::run::MoveRun;
use crate::model::movement::wave::MoveConfig;
use crate::model::observation::{Observation, Span};
use crate::model::population::cohort::CohortConfig;
use crate::model::population::device::{Device, State};
use crate::model::population::herd::Herds;
use crate::model::population::jitter::Held;
use crate::model::population::traffic::{Messages, Phases, ZipfTable};
use crate::model::routing::{Routing, UsersConfig};
use crate::model::sparse::Sparse;
use crate::model::stamp::hub::{Hub, Life, StampConfig};
use crate::model::stamp::passage::Seen;
use crate::model::stamp::path::Ledger;
use crate::model::stamp::scaling::sight::Sample;
use crate::model::stamp::twins::TwinThrottle;
use crate::model::view::FleetView;
use crate::theory::md1_table::Md1Table;
use crate::units::{SimDuration, SimTime};

/// A time that is not set, in a column of times.
pub const NEVER: SimTime = SimTime(u64::MAX);
/// No fault or move, in a column of numbers.
pub const NOBODY: u16 = u16::MAX;

/// What a device has between the loss of a connection and the next one; owned by the device. While it is connected, nobody
/// reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Episode {
    /// Since when the device wants a connection and has none; [`NEVER`] when it has one.
    pub lost_at: SimTime,
    /// Start of the current episode.
    pub episode_at: SimTime,
    /// Next attempt of a device whose attempts are counted in bulk.
    pub next_due: SimTime,
    /// Round trip to the hub of the attempt under way [us, saturating].
    pub trip: u32,
    /// Last back-off wait [us, saturating].
    pub previous_delay: u32,
    /// Occurrence of the fault that took the connection. Owned by the faults.
    pub cause: u16,
}

impl Episode {
    /// A device that is connected, or was never part of the fleet.
    pub const NONE: Episode = Episode {
        lost_at: NEVER,
        episode_at: SimTime::ZERO,
        next_due: NEVER,
        trip: 0,
        previous_delay: 0,
        cause: NOBODY,
    };
}

/// Per-device columns beside the 16-byte record. Only `identity` is dense: a calm device needs nothing else.
#[derive(Debug, Clone)]
pub struct Columns {
    /// Hub whose registry holds the identity. Owned by the hubs.
    pub identity: Vec<StampId>,
    /// What devices without a connection have.
    pub episodes: Sparse<Episode>,
    /// Hub that an assignment under way will end at. Owned by DPS.
    pub target: Column<StampId>,
    /// DPS instance that the device was told to use, where somebody tells it. Owned by DPS.
    pub scope: Column<ServiceId>,
    /// Register requests that nobody answered, one after another. Owned by the device.
    pub unanswered: Column<u8>,
    /// Move that the device is part of. Owned by the moves.
    pub move_of: Column<u16>,
    /// When the identity was put onto its hub, for runs with a failover; else nothing. Owned by the hubs.
    put_at: Option<Column<SimTime>>,
    /// Until when the hub takes a dead connection for one that is alive, for runs that follow it; else nothing. Owned by the
    /// hubs.
    pub alive_until: Option<Column<SimTime>>,
}

impl Columns {
    fn new(devices: usize, config: &ModelConfig) -> Self {
        let column = |kept: bool| kept.then(|| Column::new(devices, NEVER));
        Self {
            put_at: column(config.fails_over()),
            alive_until: column(config.follows_half_dead()),
            identity: vec![StampId::NONE; devices],
            episodes: Sparse::new(devices, Episode::NONE),
            target: Column::new(devices, StampId::NONE),
            scope: Column::new(devices, ServiceId::NONE),
            unanswered: Column::new(devices, 0),
            move_of: Column::new(devices, NOBODY),
        }
    }

    /// Notes when an identity was put onto its hub.
    pub fn put_at(&mut self, device: DeviceId, now: SimTime) {
        if let Some(column) = &mut self.put_at {
            column.set(device.index(), now);
        }
    }

    /// The identity lay there long before the run.
    pub fn put_long_ago(&mut self, device: DeviceId) {
        self.put_at(device, NEVER);
    }

    /// Whether the identity was put there from a time on and before another.
    pub fn was_put_within(&self, device: DeviceId, from: SimTime, until: SimTime) -> bool {
        self.put_at.as_ref().is_some_and(|column| (from..until).contains(&column[device.index()]))
    }
}

/// What the conditions in force make of a target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Status {
    /// Down, and how it looks.
    pub down: Option<DownStyle>,
    /// Factor on the time of answers.
    pub slow: f64,
    /// Share of requests that fail.
    pub errors: f64,
    /// Whether requests of devices with some feature fail beyond that.
    pub errs_by_feature: bool,
    /// Share of the limits that is left.
    pub capacity: f64,
    /// Out of allocation because of a fault.
    pub excluded: bool,
    /// Occurrence of the fault that put it down.
    pub occurrence: u16,
    /// DPS cannot put an identity there or take one off.
    pub no_provisioning: bool,
    /// Its front end is down, how that looks, and the occurrence of the fault that did it.
    pub front_end: Option<(DownStyle, u16)>,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            down: None,
            slow: 1.0,
            errors: 0.0,
            errs_by_feature: false,
            capacity: 1.0,
            excluded: false,
            occurrence: NOBODY,
            no_provisioning: false,
            front_end: None,
        }
    }
}

impl Status {
    /// Whether DPS can put an identity onto the hub or take one off.
    pub fn can_be_provisioned(&self) -> bool {
        self.down.is_none() && !self.no_provisioning
    }

    /// A length of time as the target's slowness makes it.
    pub fn stretch(&self, length: SimDuration) -> SimDuration {
        // Exact for a factor of one: lengths stay far below 2^53 us.
        SimDuration((length.0 as f64 * self.slow) as u64)
    }
}

/// One occurrence of a fault.
#[derive(Debug, Clone)]
pub struct Occurrence {
    /// Which fault of the configuration.
    pub fault: usize,
    /// Occurrences of that fault before this one.
    pub number: u64,
    /// What it does.
    pub effects: Vec<Effect>,
    /// Targets that it strikes.
    pub targets: usize,
    /// Identities that a failover lost.
    pub identities_lost: u64,
    /// Start.
    pub from: SimTime,
    /// End of the cause; [`NEVER`] while it lasts.
    pub until: SimTime,
    /// Devices registered when it began.
    pub registered: u64,
    /// Devices that were affected.
    pub affected: u64,
    /// Registered when it began, and affected, of each generation that figures tell apart.
    pub by_generation: Vec<(u64, u64)>,
    /// Time from the end of the cause to the recovery of each affected device.
    pub recoveries: Vec<SimDuration>,
}

/// A remedy under way for a stamp that an occurrence of a fault put down.
#[derive(Debug, Clone)]
pub struct RemedyRun {
    /// Occurrence.
    pub occurrence: usize,
    /// Stamp.
    pub stamp: StampId,
    /// Plan of the way out.
    pub out: usize,
    /// Plan of the way back, once that began.
    pub back: Option<usize>,
    /// Whether it closed the stamp for allocation, and has not opened it again.
    pub closed: bool,
}

/// A change of a stamp beside its addition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Its hub got another size.
    Resized,
    /// Its processing got more servers.
    Servers,
    /// It was retired.
    Retired,
    /// An operator changed how it takes part in allocation.
    Allocation,
}

/// Counts of one class: the devices of a cohort on a stamp.
#[derive(Debug, Clone)]
pub struct Class {
    /// Devices connected.
    pub connected: u32,
    /// Phases of periodic senders.
    pub phases: Option<Phases>,
}

/// Arrivals of the current tick of one source.
#[derive(Debug, Clone, Default)]
pub struct Pending {
    /// Arrivals in order.
    pub arrivals: Vec<Candidate>,
    /// Next one.
    pub next: usize,
    /// Index of the tick.
    pub tick: u64,
}

/// All state of one replication.
pub struct World<'a> {
    /// What is simulated.
    pub config: &'a ModelConfig,
    /// Waits at constant service times, for unsaturated flows; shared by all replications.
    pub md1: &'a Md1Table,
    /// All randomness.
    pub draws: Draws,
    /// Records of all devices that will ever be.
    pub devices: Vec<Device>,
    /// Home region of each device, where there are several regions; else empty.
    homes: Vec<RegionId>,
    /// Columns beside the records.
    pub columns: Columns,
    /// First device of each cohort, and the end.
    pub cohort_first: Vec<u32>,
    /// Devices of each cohort that have joined so far.
    pub cohort_joined: Vec<u32>,
    /// Devices that wait for their next attempt together.
    pub herds: Herds,
    /// DPS records.
    pub enrollments: Enrollments,
    /// DPS instances.
    pub instances: Vec<Instance>,
    /// What stands in front of them.
    pub front: Front,
    /// Configurations of all stamps, those added included.
    pub stamps: Vec<StampConfig>,
    /// Running hubs.
    pub hubs: Vec<Hub>,
    /// Hashes of stamp names.
    pub stamp_keys: Vec<u64>,
    /// Regions of stamps.
    pub stamp_regions: Vec<RegionId>,
    /// Stamps that an operator closed for allocation.
    pub closed: Vec<bool>,
    /// What policies see.
    pub view: FleetView,
    /// Counts by stamp and cohort.
    pub classes: Vec<Vec<Class>>,
    /// Conditions on stamps.
    pub stamp_status: Vec<Status>,
    /// Conditions on each DPS instance.
    pub dps_status: Vec<Status>,
    /// Conditions on the API in front of DPS.
    pub api_status: Status,
    /// Conditions on the cache.
    pub cache_status: Status,
    /// Conditions on the secondary cache.
    pub secondary_status: Status,
    /// Effects in force, with their occurrence.
    pub active: Vec<(u16, Effect)>,
    /// Occurrences of faults so far.
    pub occurrences: Vec<Occurrence>,
    /// Moves.
    pub moves: Vec<MoveRun>,
    /// The gateway's cache.
    pub cache: Option<Cache>,
    /// The gateway's secondary cache.
    pub secondary: Option<Cache>,
    /// What an application that does not follow its devices knows.
    pub learnt: Option<Learnt>,
    /// Calls under way.
    pub calls: Calls,
    /// Call source of each cohort.
    pub call_source: Vec<Pending>,
    /// Message source of each cohort, at full fidelity.
    pub message_source: Vec<Pending>,
    /// Messages on their way, at full fidelity.
    pub messages: Messages,
    /// Devices of periodic cohorts by phase, at full fidelity.
    pub by_phase: Vec<Vec<u32>>,
    /// Popularity of each cohort.
    pub popularity: Vec<Option<ZipfTable>>,
    /// Messages that jitter holds back, by stamp and cohort.
    pub jittered: Vec<Vec<Held>>,
    /// Messages of a piece of time, where telemetry is superposed.
    pub superposition: Superposition,
    /// What was seen of them.
    pub seen: Seen,
    /// What became of every message.
    pub ledger: Ledger,
    /// Twin throttles of each hub, reads and updates, where twins are used.
    pub twins: Vec<[TwinThrottle; 2]>,
    /// How far the flow of telemetry is carried out.
    pub flowed: SimTime,
    /// How far the operations on twins are carried out.
    pub twinned: SimTime,
    /// Windows of observation, in a run that has any.
    pub observation: Option<Observation>,
    /// Remedies so far.
    pub remedies: Vec<RemedyRun>,
    /// Plans of the moves: those of the configuration, then one for each drained stamp and two for each remedy.
    pub plans: Vec<Rc<MoveConfig>>,
    /// The last decision of the scaling policy, and the one that it is making.
    pub decided: (SimTime, SimTime),
    /// Devices of the scaled ring at the decisions so far.
    pub history: Vec<Sample>,
    /// Usage, and planned capacity held [devices x us], of the open window up to the last metering of each stamp.
    pub held: (Usage, u128),
    /// Planned capacity held in each closed window [devices x us].
    pub capacity_time: Vec<u128>,
    /// Hubs that changed their size and stamps that were retired, with the time.
    pub changes: Vec<(StampId, SimTime, Change)>,
    /// Stamps added so far.
    pub added: u32,
    /// Stamps added, with the time they became active.
    pub added_at: Vec<(StampId, SimTime)>,
    /// Features, generations and retirements.
    pub lifecycle: Lifecycle,
    /// Users and where they are sent.
    pub routing: Routing,
    /// Moves whose users go along now.
    pub followed: Vec<usize>,
    /// Everything observed.
    pub recorder: Recorder,
    /// Where it is observed.
    pub figures: Figures,
    /// Usage of each closed window.
    pub usage: Vec<Usage>,
    /// Integral of registered and connected devices at the end of each closed window [device x us].
    pub device_time: Vec<(u128, u128)>,
    /// Scratch list of candidates.
    pub scratch: Vec<StampId>,
}

/// Devices of a generation over time.
#[derive(Debug, Clone)]
pub struct GenerationTime {
    /// The generation.
    pub generation: u16,
    /// Registered device-time by stamp [device x us].
    pub by_stamp: Vec<u128>,
}

/// State of features, generations and retirements.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    /// Features.
    pub features: Vec<FeatureRun>,
    /// Connection attempts and calls that reached each stamp, and those that it failed; where a feature breaks something.
    pub requests: Vec<(u64, u64)>,
    /// Generations that figures tell apart.
    pub generations: Vec<u16>,
    /// Devices by generation and stamp.
    pub held: Vec<Vec<Level>>,
    /// Retirements.
    pub retirements: Vec<RetirementRun>,
    /// Devices of each cohort that left by a retirement.
    pub gone: Vec<u32>,
    /// Whether each cohort grows no more.
    pub closed: Vec<bool>,
}

/// What a replication leaves behind.
pub struct Outcome {
    /// Figures, histograms and series.
    pub recorded: Recorded,
    /// Usage by window.
    pub usage: Vec<Usage>,
    /// Registered and connected device-time by window [device x us].
    pub device_time: Vec<(u128, u128)>,
    /// Stamps, those added included.
    pub stamps: Vec<StampConfig>,
    /// Occurrences of faults.
    pub occurrences: Vec<Occurrence>,
    /// Stamps added and when they became active.
    pub added_at: Vec<(StampId, SimTime)>,
    /// Hubs that changed their size and stamps that were retired, with the time.
    pub changes: Vec<(StampId, SimTime, Change)>,
    /// Planned capacity held by window [devices x us].
    pub capacity_time: Vec<u128>,
    /// Start and end of each move that began: name, start, end.
    pub moves: Vec<(String, SimTime, SimTime)>,
    /// Start and end of each retirement that began: name, start, end.
    pub retirements: Vec<(String, SimTime, SimTime)>,
    /// Windows of observation; none where all of the run was looked at.
    pub windows: Option<Vec<Span>>,
    /// Devices by generation, where figures tell generations apart.
    pub generations: Vec<GenerationTime>,
    /// Pauses of moves by their guards: name of the move, start, end.
    pub pauses: Vec<(String, SimTime, SimTime)>,
}

impl<'a> World<'a> {
    /// The world at time zero, before anything happened: devices exist, none is part of the fleet.
    pub fn new(config: &'a ModelConfig, md1: &'a Md1Table, draws: Draws) -> Self {
        let cohorts = config.cohorts.len();
        let cohort_first = first_devices(config);
        let devices = cohort_first[cohorts] as usize;
        let mut recorder = if config.is_cut() { Recorder::in_parts() } else { Recorder::default() };
        let figures = Figures::new(&mut recorder, config);
        let cache = config.gateway.as_ref().and_then(|g| g.cache.as_ref());
        let secondary = config.gateway.as_ref().zip(cache).and_then(|(g, cache)| g.fallback.entry().secondary(cache));
        let mut world = Self {
            config,
            md1,
            draws,
            homes: Vec::new(),
            devices: Vec::with_capacity(devices),
            columns: Columns::new(devices, config),
            cohort_first,
            cohort_joined: vec![0; cohorts],
            enrollments: Enrollments::new(devices, config.dps.services.len()),
            herds: Herds::default(),
            instances: config.dps.services.iter().map(|s| Instance::new(&config.dps, s, SimTime::ZERO)).collect(),
            front: Front::new(&config.dps.topology, config.dps.services.len()),
            stamps: Vec::new(),
            hubs: Vec::new(),
            stamp_keys: Vec::new(),
            stamp_regions: Vec::new(),
            closed: Vec::new(),
            view: FleetView::default(),
            classes: Vec::new(),
            stamp_status: Vec::new(),
            dps_status: vec![Status::default(); config.dps.services.len()],
            api_status: Status::default(),
            cache_status: Status::default(),
            secondary_status: Status::default(),
            active: Vec::new(),
            occurrences: Vec::new(),
            moves: (0..config.moves.len()).map(|tally| MoveRun { tally, ..MoveRun::default() }).collect(),
            cache: cache.map(|c| Cache::new(c, devices)),
            secondary: secondary.as_ref().map(|c| Cache::new(c, devices)),
            learnt: config.gateway.as_ref().and_then(|g| g.learnt).map(|learnt| Learnt::new(learnt, devices)),
            calls: Calls::default(),
            call_source: vec![Pending::default(); cohorts],
            message_source: vec![Pending::default(); cohorts],
            messages: Messages::default(),
            by_phase: vec![Vec::new(); cohorts],
            popularity: Vec::new(),
            jittered: Vec::new(),
            superposition: Superposition::default(),
            seen: Seen::default(),
            ledger: Ledger::default(),
            twins: Vec::new(),
            flowed: SimTime::ZERO,
            twinned: SimTime::ZERO,
            observation: None,
            plans: config.moves.iter().map(|plan| Rc::new(plan.clone())).collect(),
            decided: (SimTime::ZERO, SimTime::ZERO),
            remedies: Vec::new(),
            history: Vec::new(),
            held: Default::default(),
            capacity_time: Vec::new(),
            changes: Vec::new(),
            added: 0,
            added_at: Vec::new(),
            lifecycle: Lifecycle::default(),
            routing: Routing::default(),
            followed: Vec::new(),
            recorder,
            figures,
            usage: Vec::new(),
            device_time: Vec::new(),
            scratch: Vec::new(),
        };
        world.bear_devices();
        world
    }

    fn bear_devices(&mut self) {
        let several = self.config.regions.names.len() > 1;
        for (c, cohort) in self.config.cohorts.iter().enumerate() {
            let devices = self.cohort_first[c + 1] - self.cohort_first[c];
            let key = |ordinal| member(cohort.key, u64::from(ordinal));
            let device = |dormant| Device::unborn(CohortId(c as u8), cohort.ring, dormant);
            if cohort.dormant.get() > 0.0 {
                let draw = |ordinal| self.draws.stream(key(ordinal), Purpose::Offline, 0);
                self.devices.extend((0..devices).map(|i| device(draw(i).chance(cohort.dormant.get()))));
            } else {
                self.devices.extend(std::iter::repeat_n(device(false), devices as usize));
            }
            if several {
                let draw = |ordinal| self.draws.stream(key(ordinal), Purpose::Region, 0);
                self.homes.extend((0..devices).map(|i| home_region(cohort, &mut draw(i))));
            }
        }
    }

    /// Home region of a device.
    #[inline]
    pub fn region_of(&self, device: DeviceId) -> RegionId {
        self.homes.get(device.index()).copied().unwrap_or(RegionId(0))
    }

    /// The cohort of a device.
    #[inline]
    pub fn cohort(&self, device: DeviceId) -> &'a CohortConfig {
        &self.config.cohorts[self.devices[device.index()].cohort.index()]
    }

    /// Number of a device within its cohort.
    #[inline]
    pub fn ordinal(&self, device: DeviceId) -> u32 {
        device.0 - self.cohort_first[self.devices[device.index()].cohort.index()]
    }

    /// Key of a device's draws: a function of the cohort's name and its number there.
    #[inline]
    pub fn device_key(&self, device: DeviceId) -> u64 {
        member(self.cohort(device).key, u64::from(self.ordinal(device)))
    }

    /// A draw of a device.
    #[inline]
    pub fn device_draw(&self, device: DeviceId, purpose: Purpose, counter: u64) -> Stream {
        self.draws.stream(self.device_key(device), purpose, counter)
    }

    /// Phase of a periodic device within a period [us].
    pub fn phase(&self, device: DeviceId, period: SimDuration) -> u64 {
        self.device_draw(device, Purpose::Phase, 0).below(period.0)
    }

    /// Puts a device into a state, counting it there.
    #[inline]
    pub fn set_state(&mut self, device: DeviceId, state: State, now: SimTime) {
        let record = &mut self.devices[device.index()];
        let old = std::mem::replace(&mut record.state, state);
        if old == state {
            return;
        }
        self.figures.state_level(&mut self.recorder, old, now, Level::take);
        self.figures.state_level(&mut self.recorder, state, now, Level::add);
    }

    /// Devices registered on all hubs.
    pub fn registered(&self) -> u64 {
        self.recorder.level_value(self.figures.registered)
    }

    /// Checks what must hold at any time; panics with what does not.
    pub fn check_invariants(&self) {
        let in_fleet: u64 = State::ALL
            .iter()
            .filter(|s| s.in_fleet())
            .map(|s| self.recorder.level_value(self.figures.states[*s as usize]))
            .sum();
        let joined: u64 = self.cohort_joined.iter().map(|n| u64::from(*n)).sum();
        let gone: u64 = self.lifecycle.gone.iter().map(|n| u64::from(*n)).sum();
        assert_eq!(in_fleet + gone, joined, "devices are conserved");
        let connected: u64 = self.hubs.iter().map(|h| u64::from(h.connected)).sum();
        let level = self.recorder.level_value(self.figures.states[State::Connected as usize]);
        assert_eq!(connected, level, "each connected device is connected to one hub");
        let registered: u64 = self.hubs.iter().map(|h| u64::from(h.registered)).sum();
        assert_eq!(registered, self.registered(), "each identity lies on one hub");
        let by_class: u64 = self.classes.iter().flatten().map(|c| u64::from(c.connected)).sum();
        assert_eq!(connected, by_class, "classes partition the connected devices");
        for population in &self.routing.populations {
            let on: u64 = population.on.iter().map(|n| u64::from(*n)).sum();
            assert_eq!(on, population.users.len() as u64, "each user is at one endpoint");
        }
        let ahead = self.moves.iter().zip(&self.plans).filter(|(_, plan)| plan.prewarm.identities);
        let ahead: usize = ahead.map(|(run, _)| run.goes.len()).sum();
        let held: u64 = self.hubs.iter().map(|hub| u64::from(hub.prewarmed)).sum();
        assert_eq!(held, ahead as u64, "each place that is held is held for a device");
        let accepted: u64 = self.instances.iter().map(|instance| instance.accepted).sum();
        assert_eq!(accepted, self.recorder.counted(self.figures.registrations), "each registration is one instance's");
        for (service, instance) in self.config.dps.services.iter().zip(&self.instances) {
            let within = service.registrations_max.is_none_or(|most| instance.held <= most);
            assert!(within, "an instance never holds more than its limit");
        }
        let under_way = self.messages.under_way() as u64 + self.hubs.iter().map(|h| h.path.in_flight()).sum::<u64>();
        assert_eq!(self.ledger.open(), i128::from(under_way), "messages are conserved: {:?}", self.ledger);
        for (hub, stamp) in self.hubs.iter().zip(&self.stamps) {
            let gone = hub.life != Life::Retired || hub.registered + hub.connected == 0;
            assert!(gone, "a retired stamp holds no device");
            let kept = !stamp.path.quota_enforced || hub.quota.most_ratio() <= 1.0;
            assert!(kept, "an enforced quota is never exceeded");
            assert!(
                hub.registered + hub.prewarmed <= stamp.edition.devices_max,
                "a registry never exceeds its hard cap"
            );
        }
    }
}

/// Index of the first device of each cohort, and of the one after the last.
pub(super) fn first_devices(config: &ModelConfig) -> Vec<u32> {
    let mut first = vec![0];
    for cohort in 0..config.cohorts.len() {
        first.push(first[cohort] + config.devices_max(cohort));
    }
    first
}

/// Number of the first user of each population.
pub(super) fn first_users(users: &[UsersConfig]) -> Vec<u32> {
    let mut first = vec![0];
    for population in users {
        first.push(first.last().copied().unwrap_or(0) + population.users);
    }
    first
}

fn home_region(cohort: &CohortConfig, draws: &mut Stream) -> RegionId {
    let mut unit = draws.unit();
    for (region, share) in &cohort.regions {
        if unit < *share {
            return *region;
        }
        unit -= share;
    }
    cohort.regions.last().expect("a cohort has a region").0
}
