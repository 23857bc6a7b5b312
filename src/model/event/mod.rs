//! Event routines: what can happen in a run. [`Kind`] is the table of contents; each conversation has a file.

mod attempts;
mod boot;
mod change;
mod command;
mod connect;
mod dps_figures;
mod failover;
mod fault;
mod feature;
mod fine_flow;
mod full_cache;
mod generation;
mod growth;
mod herd;
mod move_control;
mod move_figures;
mod move_plan;
mod learnt;
mod half_dead;
mod hybrid;
mod movement;
pub mod names;
mod observation;
mod occurrence;
mod path;
mod probe;
mod provision;
mod quiet;
mod renewals;
mod retirement;
mod reboot;
mod remedy;
mod routing;
mod scale;
mod servers;
mod superposed;
mod superposed_path;
mod telemetry;
mod topology;
mod twins;
mod user_figures;
mod window;

pub use quiet::LONG_TICK_USE;

#[cfg(test)]
mod tests;

#[cfg(test)]
use crate::kernel::event_list::HeapEventList;

use crate::kernel::draws::{Draws, member, stable_name};
use crate::kernel::event_list::{Class, EpochEventList, Event, EventList, TimerRules};
use crate::kernel::executive::{self, Agenda, Bounds, Model, Report};
use crate::kernel::prefetch::prefetch;
use crate::kernel::trace::Tracing;
use crate::model::config::ModelConfig;
use crate::model::ids::{DeviceId, StampId};
use crate::model::world::{Outcome, World};
use crate::theory::md1_table::Md1Table;
use crate::units::SimTime;

/// Everything that can happen. The number is part of the order of events; it never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Kind {
    /// A device's connection attempt reaches its hub. Timer.
    Attempt,
    /// A connection is made, or the backlog's promise of one falls due. Timer.
    Connected,
    /// A device notices that its connection is dead. Timer.
    Notice,
    /// A device renews its token by reconnecting. Timer.
    Renew,
    /// A device whose attempts are counted in bulk gives up on its hub. Timer.
    GiveUp,
    /// A register request reaches DPS. Timer.
    Register,
    /// A register request that waited for its turn is admitted. Timer.
    RegisterAdmitted,
    /// A poll tells the device its assignment. Timer.
    AssignmentSeen,
    /// DPS has done an assignment.
    AssignmentDone,
    /// A device joins the fleet.
    Join,
    /// The number of devices of a cohort is looked at.
    Growth,
    /// The calls of a tick are drawn.
    CallTick,
    /// A call arrives at the gateway.
    CallArrives,
    /// The cache answers, or its silence has lasted long enough.
    CacheReplies,
    /// A call reaches a hub.
    CallAtHub,
    /// A look-up reaches DPS.
    LookUpAtDps,
    /// DPS answers a look-up.
    DpsReplies,
    /// Telemetry of a tick, as flows.
    TelemetryFlow,
    /// The messages of a tick are drawn, at full fidelity.
    MessageTick,
    /// A device sends a message.
    MessageSent,
    /// A message reaches its hub.
    MessageAtHub,
    /// A fault begins.
    FaultBegins,
    /// A delayed effect of a fault begins.
    EffectBegins,
    /// The cause of a fault ends.
    FaultEnds,
    /// A move begins.
    MoveBegins,
    /// The next device of a move is evicted.
    Evict,
    /// The scaling policy decides.
    ScaleCheck,
    /// A new stamp is ready, or a hub's new size takes effect.
    StampReady,
    /// A window of the series closes.
    WindowCloses,
    /// A location probes an endpoint.
    Probe,
    /// A probe without an answer has failed.
    ProbeFails,
    /// The answer that a user keeps runs out.
    AnswerRunsOut,
    /// A user's session ends, and the next one goes to where the kept answer says.
    SessionEnds,
    /// An operator changes the priority of endpoints.
    UsersSwitch,
    /// A message leaves the backlog of its hub's send throttle.
    MessageReleased,
    /// The routing endpoint takes the first message that waits for it.
    EndpointTakes,
    /// Processing has done a message.
    MessageProcessed,
    /// The throughput units of a routing endpoint are raised.
    EndpointInflates,
    /// The guard of a move looks at its error budget.
    GuardLooks,
    /// A device's request reaches the provisioning API. Timer.
    ApiRequest,
    /// An installer has configured a device. Timer.
    Installed,
    /// A feature comes to the stamps of a stage, or is rolled back.
    FeatureChanges,
    /// A generation begins to be retired.
    RetirementBegins,
    /// The next device of a retirement leaves the fleet.
    DeviceLeaves,
    /// An operator's change of a hub takes effect.
    HubChanges,
    /// A look at the processing of a stamp, or servers that it gets.
    ServersScale,
    /// An operator has noticed a fault and begins to move devices.
    RemedyBegins,
    /// An operator moves devices back to a stamp that works again.
    FailsBack,
    /// A device restarts.
    Reboots,
    /// A device that restarted has power again.
    Boots,
    /// A hub notices that a connection is dead.
    HubNotices,
    /// The operations on twins of a tick.
    TwinTick,
    /// The next attempts of a herd reach their hub.
    HerdDue,
    /// Those of a herd that were not admitted are refused.
    HerdRefused,
    /// A window of observation opens: its warm-up begins.
    WindowOpens,
    /// A look at what opens and closes windows of observation.
    WindowLooks,
}

/// All kinds, by number.
const KINDS: [Kind; 56] = [
    Kind::Attempt,
    Kind::Connected,
    Kind::Notice,
    Kind::Renew,
    Kind::GiveUp,
    Kind::Register,
    Kind::RegisterAdmitted,
    Kind::AssignmentSeen,
    Kind::AssignmentDone,
    Kind::Join,
    Kind::Growth,
    Kind::CallTick,
    Kind::CallArrives,
    Kind::CacheReplies,
    Kind::CallAtHub,
    Kind::LookUpAtDps,
    Kind::DpsReplies,
    Kind::TelemetryFlow,
    Kind::MessageTick,
    Kind::MessageSent,
    Kind::MessageAtHub,
    Kind::FaultBegins,
    Kind::EffectBegins,
    Kind::FaultEnds,
    Kind::MoveBegins,
    Kind::Evict,
    Kind::ScaleCheck,
    Kind::StampReady,
    Kind::WindowCloses,
    Kind::Probe,
    Kind::ProbeFails,
    Kind::AnswerRunsOut,
    Kind::SessionEnds,
    Kind::UsersSwitch,
    Kind::MessageReleased,
    Kind::EndpointTakes,
    Kind::MessageProcessed,
    Kind::EndpointInflates,
    Kind::GuardLooks,
    Kind::ApiRequest,
    Kind::Installed,
    Kind::FeatureChanges,
    Kind::RetirementBegins,
    Kind::DeviceLeaves,
    Kind::HubChanges,
    Kind::ServersScale,
    Kind::RemedyBegins,
    Kind::FailsBack,
    Kind::Reboots,
    Kind::Boots,
    Kind::HubNotices,
    Kind::TwinTick,
    Kind::HerdDue,
    Kind::HerdRefused,
    Kind::WindowOpens,
    Kind::WindowLooks,
];

impl Kind {
    /// Whether an event of this kind is a device's timer, which a later timer makes stale.
    fn is_timer(self) -> bool {
        (self as u16) <= Kind::AssignmentSeen as u16 || matches!(self, Self::ApiRequest | Self::Installed)
    }

    fn class(self) -> Class {
        match self {
            Self::FaultBegins
            | Self::EffectBegins
            | Self::FaultEnds
            | Self::WindowCloses
            | Self::StampReady
            | Self::EndpointInflates
            | Self::FeatureChanges
            | Self::HubChanges
            | Self::WindowOpens => Class::Edge,
            Self::Connected
            | Self::RegisterAdmitted
            | Self::AssignmentSeen
            | Self::AssignmentDone
            | Self::CacheReplies
            | Self::DpsReplies
            | Self::ProbeFails
            | Self::MessageReleased
            | Self::EndpointTakes
            | Self::MessageProcessed
            | Self::HubNotices
            | Self::HerdDue => Class::Completion,
            Self::ScaleCheck
            | Self::MoveBegins
            | Self::Evict
            | Self::GuardLooks
            | Self::Growth
            | Self::UsersSwitch
            | Self::RetirementBegins
            | Self::ServersScale
            | Self::DeviceLeaves
            | Self::RemedyBegins
            | Self::FailsBack
            | Self::WindowLooks => Class::Decision,
            _ => Class::Arrival,
        }
    }
}

/// Sequence of the event that gives a hub its new size.
pub(super) const RESIZED: u16 = 1;
/// Index space of entities: the upper 4 bits say whose index the lower 28 bits are.
const OTHERS: u32 = 1 << 28;
/// Most devices that the index space holds.
pub const DEVICES_MAX: u32 = OTHERS;

impl<L: EventList> Model<L> for World<'_> {
    fn carry_out(&mut self, event: Event, agenda: &mut Agenda<L>) -> bool {
        let kind = KINDS[event.kind() as usize];
        let index = event.entity() & (OTHERS - 1);
        let device = DeviceId(index);
        if kind.is_timer() && !self.devices[device.index()].take_timer(event.kind(), event.time) {
            return false;
        }
        match kind {
            Kind::Attempt => self.attempt(agenda, device),
            Kind::Connected => self.connected(agenda, device),
            Kind::Notice => self.notice(agenda, device),
            Kind::Renew => self.renew(agenda, device),
            Kind::GiveUp => self.give_up(agenda, device),
            Kind::Register => self.register(agenda, device),
            Kind::RegisterAdmitted => self.begin_assignment(agenda, device),
            Kind::AssignmentSeen => self.assignment_seen(agenda, device),
            Kind::AssignmentDone => self.assignment_done(device, agenda.now()),
            Kind::Join => self.join(agenda, device),
            Kind::Growth => self.grow(agenda, index as usize, event.sequence() == 0),
            Kind::CallTick => self.call_tick(agenda, index as usize),
            Kind::CallArrives => self.call_arrives(agenda, index as usize),
            Kind::CacheReplies | Kind::CallAtHub | Kind::LookUpAtDps | Kind::DpsReplies => {
                if self.calls.get(index).generation != event.sequence() {
                    return false;
                }
                match kind {
                    Kind::CacheReplies => self.cache_replies(agenda, index),
                    Kind::CallAtHub => self.call_at_hub(agenda, index),
                    Kind::LookUpAtDps => self.look_up_at_dps(agenda, index),
                    _ => self.dps_replies(agenda, index),
                }
            }
            Kind::TelemetryFlow | Kind::TwinTick if self.is_old_flow(event.sequence()) => return false,
            Kind::TelemetryFlow => self.telemetry_flow(agenda),
            Kind::TwinTick => self.twin_tick(agenda),
            Kind::WindowOpens => self.observation_opens(agenda, index as usize, event.sequence()),
            Kind::WindowLooks => return self.observation_looks(agenda, event.sequence()),
            Kind::MessageTick => self.message_tick(agenda, index as usize),
            Kind::MessageSent => self.message_sent(agenda, index as usize),
            Kind::MessageAtHub => self.message_at_hub(agenda, index),
            Kind::MessageReleased => self.message_released(agenda, index, event.sequence()),
            Kind::EndpointTakes => return self.endpoint_takes(agenda, StampId(index as u16), event.sequence()),
            Kind::MessageProcessed => return self.message_processed(agenda.now(), index, event.sequence()),
            Kind::ApiRequest => self.api_request(agenda, device),
            Kind::Installed => self.installed(agenda, device),
            Kind::EndpointInflates => self.endpoint_inflates(agenda, StampId(index as u16)),
            Kind::FaultBegins => self.fault_begins(agenda, index as usize),
            Kind::EffectBegins => self.effect_begins(agenda, index as usize, event.sequence() as usize),
            Kind::FaultEnds => self.fault_ends(agenda, index as usize),
            Kind::MoveBegins => self.move_begins(agenda, index as usize),
            Kind::Evict => self.evict_next(agenda, index as usize),
            Kind::GuardLooks => self.guard_looks(agenda, index as usize),
            Kind::ScaleCheck => self.scale_check(agenda),
            Kind::StampReady if event.sequence() == RESIZED => self.resized(agenda.now(), index as usize),
            Kind::StampReady => self.stamp_ready(agenda.now(), index as u16),
            Kind::WindowCloses => self.window_closes(agenda),
            Kind::RemedyBegins => self.remedy_begins(agenda, index as usize),
            Kind::FailsBack => self.fails_back(agenda, index as usize),
            Kind::Reboots => self.reboots(agenda, device, event.sequence()),
            Kind::Boots => return self.boots(agenda, device),
            Kind::HubNotices => return self.hub_notices(device, agenda.now()),
            Kind::Probe => self.probe(agenda, index as usize),
            Kind::ProbeFails => self.judge(agenda, index as usize, false),
            Kind::AnswerRunsOut => self.answer_runs_out(agenda, index),
            Kind::SessionEnds => return self.session_ends(agenda.now(), index, event.sequence()),
            Kind::UsersSwitch => self.users_switch(agenda, index as usize, usize::from(event.sequence())),
            Kind::FeatureChanges => self.feature_changes(agenda.now(), index as usize, event.sequence()),
            Kind::RetirementBegins => self.retirement_begins(agenda, index as usize),
            Kind::DeviceLeaves => self.device_leaves(agenda, index as usize),
            Kind::ServersScale => self.servers_scale(agenda, index as usize, event.sequence()),
            Kind::HerdDue => self.herd_due(agenda, index),
            Kind::HerdRefused => self.herd_refused(agenda, index),
            Kind::HubChanges => self.hub_changes(agenda.now(), index as usize),
        }
        true
    }

    #[inline]
    fn foresee(&self, entity: u32) {
        // What an attempt reads: one that is refused reads nothing else that is far.
        prefetch(&self.devices, entity as usize);
        prefetch(&self.columns.identity, entity as usize);
        self.columns.episodes.foresee(entity as usize);
    }

    #[inline]
    fn foresee_again(&self, entity: u32) {
        self.columns.episodes.foresee_again(entity as usize);
    }
}

/// What follows from a device, a kind and a time: the class of the kind, and the tie of the device.
pub(super) struct DeviceTimers {
    draws: Draws,
    /// First device and key of each cohort, the last one first.
    cohorts: Vec<(u32, u64)>,
}

impl DeviceTimers {
    fn of(world: &World<'_>) -> Self {
        let cohorts = world.config.cohorts.iter().zip(&world.cohort_first).map(|(cohort, first)| (*first, cohort.key));
        Self { draws: world.draws, cohorts: cohorts.rev().collect() }
    }
}

impl TimerRules for DeviceTimers {
    #[inline]
    fn class(&self, kind: u16) -> Class {
        KINDS[usize::from(kind)].class()
    }

    fn tie(&self, entity: u32, at: SimTime) -> u32 {
        let (first, key) =
            self.cohorts.iter().find(|(first, _)| *first <= entity).expect("the first cohort begins at zero");
        self.draws.tie(member(*key, u64::from(entity - first)), at.0)
    }
}

impl World<'_> {
    /// Schedules a device's timer; whatever timer was pending becomes stale.
    pub(super) fn timer<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId, at: SimTime, kind: Kind) {
        debug_assert!(kind.is_timer(), "{kind:?} is no timer");
        self.devices[device.index()].set_timer(kind as u16, at);
        agenda.push_timer(at, device.0, kind as u16);
    }

    /// Schedules an event of anything else: `key` names it in the tie, `index` and `sequence` find it again.
    pub(super) fn other_event<L: EventList>(
        &self,
        agenda: &mut Agenda<L>,
        at: SimTime,
        kind: Kind,
        key: u64,
        (index, sequence): (u32, u16),
    ) {
        let tie = self.draws.tie(key, at.0);
        agenda.push(Event::new(at, kind.class(), tie, OTHERS | index, kind as u16, sequence));
    }

    /// Fills the agenda at time zero.
    fn begin<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        self.begin_generations();
        self.begin_features(agenda);
        self.begin_observation(agenda);
        self.open_stamps();
        self.open_users(agenda);
        self.populate(agenda);
        self.begin_traffic(agenda);
        self.begin_twins(agenda);
        self.schedule_faults(agenda);
        self.schedule_moves(agenda);
        self.schedule_scaling(agenda);
        self.schedule_window(agenda);
        self.schedule_retirements(agenda);
        self.schedule_changes(agenda);
        self.schedule_server_checks(agenda);
    }
}

/// Schedules an event of a device that no timer makes stale.
pub(super) fn device_event<L: EventList>(agenda: &mut Agenda<L>, device: DeviceId, at: SimTime, kind: Kind) {
    agenda.push_timer(at, device.0, kind as u16);
}

/// Key of an event that belongs to the run as a whole.
pub(super) fn world_key(name: &str) -> u64 {
    stable_name(name)
}

/// Simulates one replication. `md1` is built once and shared by all.
pub fn simulate(
    config: &ModelConfig,
    md1: &Md1Table,
    draws: Draws,
    tracing: Tracing,
    stop: &dyn Fn() -> bool,
) -> (Report, Outcome) {
    let mut world = World::new(config, md1, draws);
    let horizon = SimTime::ZERO + config.horizon;
    let bounds = Bounds { horizon, events: config.event_budget, stop, tracing };
    let report = executive::run(EpochEventList::new(DeviceTimers::of(&world)), &mut world, &bounds, World::begin);
    let ended = report.ended;
    (report, world.finish(ended))
}

/// Order and figures of one replication by the list that runs use, and by the reference.
#[cfg(test)]
pub(crate) fn by_both_lists(config: &ModelConfig, md1: &Md1Table, draws: Draws) -> [(u64, u64, Outcome); 2] {
    let mut by_epochs = World::new(config, md1, draws);
    let mut by_heap = World::new(config, md1, draws);
    let bounds = Bounds {
        horizon: SimTime::ZERO + config.horizon,
        events: config.event_budget,
        stop: &|| false,
        tracing: Tracing::NONE,
    };
    let list = HeapEventList::new(DeviceTimers::of(&by_heap));
    let reference = executive::run(list, &mut by_heap, &bounds, World::begin);
    let list = EpochEventList::new(DeviceTimers::of(&by_epochs));
    let ours = executive::run(list, &mut by_epochs, &bounds, World::begin);
    [(ours, by_epochs), (reference, by_heap)]
        .map(|(report, world)| (report.order, report.events, world.finish(report.ended)))
}
