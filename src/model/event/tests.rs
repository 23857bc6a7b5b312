//! The model from plain values, with no file: small fleets whose end can be told by hand.

mod herds;

use super::{DeviceTimers, KINDS, Kind, OTHERS, by_both_lists, simulate};
use crate::kernel::arrivals::ProfileForm;
use crate::kernel::draws::{Draws, stable_name};
use crate::kernel::event_list::{EpochEventList, Event, EventList};
use crate::kernel::executive::{self, Agenda, Bounds, Model};
use crate::kernel::law::DurationLaw;
use crate::kernel::trace::Tracing;
use crate::metrics::MeasureKey;
use crate::model::backoff::{BackoffRule, Exponential, Jitter, Python};
use crate::model::condition::{Condition, DownStyle, Effect, Target};
use crate::model::config::{ModelConfig, NetworkConfig, ScalingConfig};
use crate::model::dps::allocation::{AllocationPolicy, LeastLoaded};
use crate::model::dps::reprovisioning::{DeadSource, Reprovision};
use crate::model::dps::service::{DpsConfig, Links, ServiceConfig};
use crate::model::dps::topology::TopologyPolicy;
use crate::model::fault::{FaultConfig, Schedule};
use crate::model::gateway::call::GatewayConfig;
use crate::model::gateway::fallback::FallbackPolicy;
use crate::model::ids::{RegionId, RingId, StampId};
use crate::model::limit::{Allowance, Shaping};
use crate::model::population::cohort::{CohortConfig, DpsAtScale, OnBoot, ReconnectRule, Start};
use crate::model::population::flow_rule::FlowRule;
use crate::model::population::growth::GrowthLaw;
use crate::model::population::traffic::{Calls, Fidelity, Popularity};
use crate::model::region::RegionTable;
use crate::model::stamp::edition::{Edition, Throttle};
use crate::model::stamp::hub::StampConfig;
use crate::model::stamp::pipeline::ProcessingConfig;
use crate::model::stamp::scaling::ScalingPolicy;
use crate::model::world::{Outcome, World};
use crate::theory::md1_table::Md1Table;
use crate::units::{Bytes, Rate, Ratio, SimDuration, SimTime};

const ZERO: SimDuration = SimDuration::ZERO;

fn zero() -> DurationLaw {
    DurationLaw::constant(ZERO)
}

fn throttle(text: &str) -> Throttle {
    Throttle { floor: text.parse().unwrap(), per_unit: text.parse().unwrap() }
}

fn stamp(name: &str, connects: &str, shaping: Shaping) -> StampConfig {
    let edition = Edition {
        connects: throttle(connects),
        sends: throttle("100/s"),
        registry: throttle("5000/s"),
        methods: Some(throttle("40/s")),
        method_block: Bytes(4_096),
        twin_reads: None,
        twin_updates: None,
        messages_per_day: 400_000,
        meter_block: Bytes(4_096),
        units_max: 200,
        devices_max: 1_000_000,
        unit_price: "iothub.s1.unit_month".into(),
    };
    StampConfig {
        name: name.into(),
        key: stable_name(name),
        region: RegionId(0),
        ring: RingId(0),
        generations: Vec::new(),
        capacity: 50_000,
        edition_name: "S1".into(),
        edition,
        units: 1,
        weight: 1,
        takes_devices: true,
        connect_shaping: shaping,
        send_shaping: Shaping::default(),
        registry_shaping: Shaping::default(),
        method_shaping: Shaping::default(),
        method_payload: Bytes(0),
        processing: ProcessingConfig { servers: 1, service: zero(), scaling: None },
        path: crate::model::stamp::path::PathConfig::OFF,
        answer: zero(),
        fixed_prices: Vec::new(),
        bills_ingress: false,
        device_month: 0.0,
        ladder: std::sync::Arc::from([]),
    }
}

fn cohort(devices: u32, backoff: BackoffRule) -> CohortConfig {
    CohortConfig {
        name: "meters".into(),
        key: stable_name("meters"),
        registration_key: stable_name("meters"),
        devices,
        growth: GrowthLaw::default(),
        start: Start::Connected,
        regions: vec![(RegionId(0), 1.0)],
        ring: RingId(0),
        generation: 1,
        value: 1.0,
        dormant: Ratio::ZERO,
        telemetry: None,
        calls: None,
        backoff,
        reconnect: ReconnectRule::default(),
        on_boot: OnBoot::default(),
        twins: None,
        first_attempt: zero(),
        registration_delay: zero(),
        keep_alive: SimDuration::from_secs(60),
        renewal: None,
        stamps: Vec::new(),
    }
}

fn model(stamps: Vec<StampConfig>, cohorts: Vec<CohortConfig>, horizon: SimDuration) -> ModelConfig {
    let dps = DpsConfig {
        services: vec![ServiceConfig {
            name: "dps-1".into(),
            key: stable_name("dps-1"),
            region: RegionId(0),
            registrations: Rate::new(1_000, SimDuration::MINUTE),
            operations: Rate::new(1_000, SimDuration::MINUTE),
            registrations_max: None,
            links: Links::All,
        }],
        named: false,
        topology: TopologyPolicy::default(),
        registration_shaping: Shaping {
            credit: ZERO,
            backlog: Allowance::Unlimited,
            backlog_timeout: Allowance::Unlimited,
            leave_place: true,
            window: None,
        },
        operation_shaping: Shaping::without_backlog(),
        allocation: AllocationPolicy::default(),
        reprovision: Reprovision::Migrate,
        dead_source: DeadSource::Reset,
        assignment: zero(),
        status: zero(),
        retry_after: SimDuration::from_secs(5),
        failed_retry: SimDuration::MINUTE,
        poll: SimDuration::from_secs(2),
        request_timeout: SimDuration::from_secs(30),
        draws_on_registry: true,
        lookup_counts: true,
        view_period: SimDuration::MINUTE,
        detection: Some(SimDuration::MINUTE * 5),
    };
    ModelConfig {
        horizon,
        day_offset: ZERO,
        window: SimDuration::MINUTE,
        tick: SimDuration::SECOND,
        growth_tick: SimDuration::HOUR,
        fidelity: Fidelity::Flow,
        flow_rule: FlowRule::default(),
        event_budget: u64::MAX,
        regions: RegionTable { names: vec!["westeurope".into()], rtt_ms: vec![vec![0.0]] },
        rings: vec!["production".into()],
        stamps,
        scaling: ScalingConfig {
            policy: ScalingPolicy::default(),
            template: None,
            ring: RingId(0),
            drain_pace: None,
            name_pattern: String::new(),
            first_number: 1,
            lead_time: ZERO,
            stamps_max: 10,
        },
        cohorts,
        network: NetworkConfig {
            device_to_hub: zero(),
            device_to_dps: zero(),
            distance: false,
            connect_timeout: SimDuration::from_secs(30),
            half_dead: false,
        },
        dps,
        gateway: None,
        faults: Vec::new(),
        moves: Vec::new(),
        users: Vec::new(),
        features: Vec::new(),
        retirements: Vec::new(),
        changes: Vec::new(),
        counts_failures: false,
        cuts: crate::model::config::Cuts::Phases,
        herds: true,
        windows: None,
    }
}

fn fault(target: Target, condition: Condition, at: SimDuration, lasts: SimDuration) -> FaultConfig {
    FaultConfig {
        name: "fault".into(),
        key: stable_name("fault"),
        schedule: Schedule::At { at: SimTime::ZERO + at, lasts: Some(lasts) },
        effects: vec![Effect::at_once(target, condition)],
        common: None,
        remedy: None,
    }
}

fn run(config: &ModelConfig) -> Outcome {
    simulate(config, &Md1Table::new(), Draws::new(7, 0), Tracing::NONE, &|| false).1
}

fn value(outcome: &Outcome, key: &MeasureKey) -> f64 {
    *outcome.recorded.values.get(key).unwrap_or_else(|| panic!("no {key}: {:#?}", outcome.recorded.values))
}

fn recovered(outcome: &Outcome, share: &str) -> f64 {
    value(outcome, &MeasureKey::new("time_to_recover_s").with("fault", "fault").with("share", share))
}

/// A bucket of 100 operations at 100/s without a backlog, as in the published storms.
fn bucket() -> Shaping {
    Shaping { credit: SimDuration::SECOND, backlog: Allowance::Of(ZERO), ..Shaping::default() }
}

fn storm(devices: u32, backoff: BackoffRule) -> Outcome {
    let hour = SimDuration::HOUR;
    let mut config = model(vec![stamp("weu-1", "100/s", bucket())], vec![cohort(devices, backoff)], hour * 5);
    config.faults.push(fault(
        Target::Region(RegionId(0)),
        Condition::Off(ZERO),
        SimDuration::MINUTE,
        SimDuration::MINUTE * 10,
    ));
    run(&config)
}

#[test]
fn a_fixed_interval_drains_a_bucket_a_round() {
    // Published: 1,000 devices, 100/s, bucket 100: ten rounds, the last at 90 s, 5,500 attempts.
    let outcome = storm(1_000, BackoffRule::Python(Python::default()));
    assert!((recovered(&outcome, "100 %") - 90.0).abs() < 1e-6);
    assert!((value(&outcome, &MeasureKey::new("model_attempts")) - 5_500.0).abs() < 1e-6);
}

#[test]
fn no_jitter_takes_eleven_thousand_seconds() {
    let rule = Exponential { jitter: Jitter::None, ..Exponential::default() };
    let outcome = storm(20_000, BackoffRule::Exponential(rule));
    assert!((recovered(&outcome, "100 %") - 11_643.0).abs() < 1e-6);
    assert!((value(&outcome, &MeasureKey::new("model_attempts")) - 2_010_000.0).abs() < 1e-6);
}

#[test]
fn an_outage_spills_over_to_dps_and_lasts_115_minutes() {
    let open = Shaping {
        credit: ZERO,
        backlog: Allowance::Unlimited,
        backlog_timeout: Allowance::Unlimited,
        leave_place: true,
        window: None,
    };
    let minute = SimDuration::MINUTE;
    let stamps = vec![stamp("weu-1", "6000/s", open), stamp("weu-2", "6000/s", open)];
    let mut devices = cohort(100_000, BackoffRule::default());
    devices.reconnect = ReconnectRule::DpsAtScale(DpsAtScale::default());
    devices.stamps = vec![StampId(0), StampId(1)];
    let mut config = model(stamps, vec![devices], minute * 180);
    config.stamps[1].takes_devices = false;
    config.faults.push(fault(Target::Stamp(StampId(0)), Condition::Down(DownStyle::Reset), minute, minute * 45));
    // Every device is on the first stamp; the second one takes part from the outage on.
    config.stamps[0].weight = 1_000;
    let outcome = {
        config.stamps[1].takes_devices = true;
        config.stamps[1].weight = 1;
        run(&config)
    };
    let peak = value(&outcome, &MeasureKey::new("queue_length").with("at", "dps_registration").with("stat", "max"));
    assert!((peak - 85_000.0).abs() < 0.02 * 85_000.0, "{peak}");
}

#[test]
fn kinds_are_found_by_their_number() {
    assert!(KINDS.iter().enumerate().all(|(i, kind)| *kind as usize == i));
}

/// A world that notes what happens to one cohort: its timers by device, and its calls as they arrive.
struct Watched<'a> {
    world: World<'a>,
    cohort: usize,
    seen: Vec<Note>,
}

/// Time, kind, device, and the attempt or arrival by its counter, which names its draws.
type Note = (SimTime, u16, u32, u64);

impl<L: EventList> Model<L> for Watched<'_> {
    fn carry_out(&mut self, event: Event, agenda: &mut Agenda<L>) -> bool {
        let kind = KINDS[event.kind() as usize];
        let device = event.entity();
        let devices = self.world.cohort_first[self.cohort]..self.world.cohort_first[self.cohort + 1];
        let note = if kind.is_timer() && devices.contains(&device) {
            Some(self.world.devices[device as usize].attempt_counter())
        } else if kind == Kind::CallArrives && (device & (OTHERS - 1)) as usize == self.cohort {
            let source = &self.world.call_source[self.cohort];
            Some(source.arrivals[source.next].counter)
        } else {
            None
        };
        let is_carried_out = self.world.carry_out(event, agenda);
        self.seen.extend(note.filter(|_| is_carried_out).map(|counter| (event.time, event.kind(), device, counter)));
        is_carried_out
    }
}

fn watch(config: &ModelConfig, cohort: usize) -> Vec<Note> {
    let md1 = Md1Table::new();
    let mut watched = Watched { world: World::new(config, &md1, Draws::new(7, 0)), cohort, seen: Vec::new() };
    let list = EpochEventList::new(DeviceTimers::of(&watched.world));
    executive::run(list, &mut watched, &whole(config), |watched, agenda| watched.world.begin(agenda));
    watched.seen
}

fn whole(config: &ModelConfig) -> Bounds<'_> {
    Bounds { horizon: SimTime::ZERO + config.horizon, events: u64::MAX, stop: &|| false, tracing: Tracing::NONE }
}

#[test]
fn the_list_that_runs_use_carries_out_what_the_reference_does() {
    let [ours, reference] = by_both_lists(&two_cohorts(), &Md1Table::new(), Draws::new(7, 0));
    assert_eq!((ours.0, ours.1), (reference.0, reference.1));
}

/// Two cohorts on stamps of their own, which are called and come back from a blackout; then a stamp of the first fails.
fn two_cohorts() -> ModelConfig {
    let minute = SimDuration::MINUTE;
    let jittered = BackoffRule::Exponential(Exponential::default());
    let calls = Calls {
        rate_per_second: 0.01,
        popularity: Popularity::Uniform,
        profile: ProfileForm::Diurnal { amplitude: 0.5, peak: SimDuration::from_secs(600) }
            .try_into()
            .expect("a profile"),
        request: Bytes(0),
        response: Bytes(0),
    };
    let mut related = cohort(300, jittered.clone());
    related.reconnect = ReconnectRule::DpsAtScale(DpsAtScale::default());
    related.calls = Some(calls.clone());
    let mut unrelated = cohort(300, jittered);
    unrelated.name = "sensors".into();
    unrelated.key = stable_name("sensors");
    unrelated.registration_key = stable_name("sensors");
    unrelated.calls = Some(calls);
    related.stamps = vec![StampId(0), StampId(1)];
    unrelated.stamps = vec![StampId(2)];
    let stamps = ["weu-1", "weu-2", "weu-3"].map(|name| stamp(name, "10/s", bucket()));
    let mut config = model(stamps.into(), vec![related, unrelated], minute * 60);
    config.gateway = Some(GatewayConfig {
        replicas: 1,
        in_flight_max: None,
        call_timeout: SimDuration::from_secs(30),
        attempts: 1,
        attempt_timeout: SimDuration::from_secs(30),
        late_answers_fill: true,
        cache: None,
        learnt: None,
        fallback: FallbackPolicy::default(),
        dps_attempts: 3,
        dps_backoff: SimDuration::SECOND,
        single_flight: true,
        redirects_max: 2,
        to_cache: zero(),
        to_dps: zero(),
        to_hub: zero(),
        cache_timeout: SimDuration::SECOND,
        region: RegionId(0),
        fixed_prices: Vec::new(),
    });
    config.faults.push(fault(Target::Region(RegionId(0)), Condition::Off(ZERO), minute, minute * 5));
    config.faults.push(fault(Target::Stamp(StampId(0)), Condition::Down(DownStyle::Reset), minute * 10, minute * 40));
    config
}

#[test]
fn a_policy_leaves_every_arrival_and_attempt_of_unrelated_devices_where_it_was() {
    let base = two_cohorts();
    let mut allocation = two_cohorts();
    allocation.dps.allocation = AllocationPolicy::LeastLoaded(LeastLoaded::default());
    let mut backoff = two_cohorts();
    backoff.cohorts[0].backoff = BackoffRule::Python(Python::default());
    let mut reconnect = two_cohorts();
    reconnect.cohorts[0].reconnect = ReconnectRule::default();
    let (related, unrelated) = (watch(&base, 0), watch(&base, 1));
    let of = |kind: Kind| unrelated.iter().filter(|note| note.1 == kind as u16).count();
    assert!(
        of(Kind::Attempt) > 300 && of(Kind::CallArrives) > 5_000,
        "there is something to shift: {}",
        unrelated.len()
    );
    for (name, changed) in [("allocation", allocation), ("back-off", backoff), ("reconnect rule", reconnect)] {
        assert!(watch(&changed, 1) == unrelated, "{name} shifts draws of devices that it has nothing to do with");
        assert!(watch(&changed, 0) != related, "{name} does matter to its own");
    }
}
