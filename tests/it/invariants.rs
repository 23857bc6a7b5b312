//! What must hold in every run, whatever the scenario: random small fleets with random stamps, growth, faults, moves and
//! gateways, at both fidelities. The model checks its own invariants in each window and stops the replication when one
//! breaks; here that is a failure, as is any figure that contradicts another.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use stampsim::analysis::{MarkKind, Observations};
use stampsim::kernel::draws::stable_name;
use stampsim::metrics::MeasureKey;
use stampsim::results::{Manifest, RunFacts};
use stampsim::scenario::{Scenario, catalog, load};

use super::support;

/// Scenarios that are run; `INVARIANT_CASES` asks for another number, for a longer search.
const CASES: u32 = 150;
/// Seconds of an hour [s].
const HOUR: u32 = 3_600;

/// The parts of a random scenario. Everything is a number, so that a failure shrinks to a small fleet.
#[derive(Debug, Clone)]
struct Sketch {
    seed: u32,
    horizon_s: u32,
    tick_s: u32,
    events: bool,
    instant: bool,
    stamps: Vec<Stamp>,
    cohorts: Vec<Cohort>,
    gateway: u8,
    dps: Dps,
    scaling: u8,
    faults: Vec<Fault>,
    moves: Vec<Move>,
    registry_cap: u32,
}

#[derive(Debug, Clone)]
struct Stamp {
    edition: u8,
    units: u8,
    capacity: u32,
    weight: u16,
    takes: bool,
    ring: bool,
    region: bool,
    shaping: u8,
    servers: u8,
    service: u8,
    path: u8,
}

#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent choice of a random cohort")]
struct Cohort {
    devices: u32,
    new: bool,
    growth: u8,
    telemetry: u8,
    calls: u8,
    retry: u8,
    reconnect: u8,
    dormant: bool,
    sas: bool,
    first: u8,
    ring: bool,
    regions: u8,
    keep_alive: u8,
}

#[derive(Debug, Clone)]
struct Dps {
    instances: u8,
    topology: u8,
    allocation: u8,
    reprovision: u8,
    registrations: u8,
    shaping: u8,
    registry: bool,
    detection: bool,
}

#[derive(Debug, Clone)]
struct Fault {
    kind: u8,
    stamp: u8,
    region: bool,
    silent: bool,
    at: u8,
    lasts: u8,
    drawn: bool,
}

#[derive(Debug, Clone)]
struct Move {
    kind: u8,
    stamp: u8,
    at: u8,
    pace: u8,
    waves: u8,
    share: u8,
    control: u8,
}

prop_compose! {
    fn stamp()(
        edition in 0_u8..5, units in 1_u8..3, capacity in 1_u32..200, weight in 1_u16..5, takes in prop::bool::weighted(0.9),
        ring in prop::bool::weighted(0.05), region in any::<bool>(), shaping in 0_u8..5, servers in 1_u8..3, service in 0_u8..4,
        path in 0_u8..8,
    ) -> Stamp {
        Stamp { edition, units, capacity, weight, takes, ring, region, shaping, servers, service, path }
    }
}

prop_compose! {
    fn cohort()(
        devices in 1_u32..150, new in prop::bool::weighted(0.25), growth in 0_u8..9, telemetry in 0_u8..6, calls in 0_u8..4,
        retry in 0_u8..9, reconnect in 0_u8..4, dormant in prop::bool::weighted(0.2), sas in prop::bool::weighted(0.25),
        first in 0_u8..3,
        (ring, regions, keep_alive) in (prop::bool::weighted(0.05), 0_u8..3, 0_u8..3),
    ) -> Cohort {
        Cohort { devices, new, growth, telemetry, calls, retry, reconnect, dormant, sas, first, ring, regions, keep_alive }
    }
}

prop_compose! {
    fn dps()(
        (instances, topology) in (1_u8..4, 0_u8..8), allocation in 0_u8..6, reprovision in 0_u8..3, registrations in 0_u8..3, shaping in 0_u8..3,
        registry in any::<bool>(), detection in any::<bool>(),
    ) -> Dps {
        Dps { instances, topology, allocation, reprovision, registrations, shaping, registry, detection }
    }
}

prop_compose! {
    fn fault()(
        kind in 0_u8..20, stamp in any::<u8>(), region in any::<bool>(), silent in any::<bool>(), at in 0_u8..100,
        lasts in 1_u8..120, drawn in prop::bool::weighted(0.2),
    ) -> Fault {
        Fault { kind, stamp, region, silent, at, lasts, drawn }
    }
}

prop_compose! {
    fn a_move()(
        kind in 0_u8..4, stamp in any::<u8>(), at in 0_u8..100, pace in 0_u8..3, waves in 1_u8..4, share in 1_u8..101,
        control in prop_oneof![Just(0_u8), 1_u8..32],
    ) -> Move {
        Move { kind, stamp, at, pace, waves, share, control }
    }
}

prop_compose! {
    fn sketch()(
        seed in any::<u32>(), horizon_s in prop_oneof![300..HOUR, HOUR..6 * HOUR], tick_s in prop_oneof![Just(1_u32), Just(10)],
        (events, instant, scaling) in (any::<bool>(), any::<bool>(), prop_oneof![Just(0_u8), 1_u8..8]),
        stamps in prop::collection::vec(stamp(), 1..5), cohorts in prop::collection::vec(cohort(), 1..3),
        gateway in 0_u8..8, dps in dps(), faults in prop::collection::vec(fault(), 0..4),
        moves in prop::collection::vec(a_move(), 0..3), registry_cap in prop_oneof![Just(1_000_000_u32), 200_u32..400],
    ) -> Sketch {
        Sketch {
            seed, horizon_s, tick_s, events, instant, stamps, cohorts, gateway, dps, scaling, faults, moves, registry_cap,
        }
    }
}

/// The word at a number that may be too large.
fn pick<'a>(words: &[&'a str], index: u8) -> &'a str {
    words[usize::from(index) % words.len()]
}

const REGIONS: [&str; 2] = ["westeurope", "northeurope"];

fn region(second: bool) -> &'static str {
    REGIONS[usize::from(second)]
}

fn ring(test: bool) -> &'static str {
    if test { "test" } else { "production" }
}

impl Sketch {
    /// The scenario file. A sketch may describe one that makes no sense, which the loader refuses.
    fn text(&self) -> String {
        let mut text = format!(
            "question = \"Does everything that must hold hold?\"\n[run]\nhorizon = \"{} s\"\ntick = \"{} s\"\n\
             replications = 2\nseed = {}\ntelemetry = \"{}\"\ngrowth_tick = \"10 min\"\n[catalog]\nlimits = \"limits.toml\"\n",
            self.horizon_s,
            self.tick_s,
            self.seed,
            if self.events { "events" } else { "flow" }
        );
        if self.instant {
            text += "[network]\ndevice_to_hub = \"0 s\"\ndevice_to_dps = \"0 s\"\ndistance = false\n";
        }
        self.stamps.iter().enumerate().for_each(|(i, stamp)| stamp.write(i, &mut text));
        if self.scaling > 0 {
            let policy = pick(
                &[
                    "threshold]\nutilisation = \"70 %\"\ncheck_every = \"10 min\"\n",
                    "forecast]\nwindow = \"30 min\"\ncheck_every = \"10 min\"\n",
                    "scale_up]\nutilisation = \"70 %\"\ndelay = \"90 s\"\nunits_max = 6\ncheck_every = \"7 min\"\n",
                    "drain]\nutilisation = \"90 %\"\ncheck_every = \"9 min\"\n",
                    "mixed]\npolicies = [{ scale_up = { units_max = 3, check_every = \"5 min\" } }, \
                     { threshold = { check_every = \"10 min\" } }, { drain = { check_every = \"3 min\" } }]\n",
                    "schedule]\nadd = [{ at = \"2 min\", count = 2 }]\n",
                ],
                self.scaling,
            );
            let drain = if self.scaling.is_multiple_of(2) { "drain = { pace = \"30/min\" }\n" } else { "" };
            text += "[scaling]\ntemplate = \"s0-{n}\"\nlead_time = \"5 min\"\nstamps_max = 8\n";
            write!(text, "{drain}[scaling.policy.{policy}").expect("a text takes text");
        }
        self.cohorts.iter().enumerate().for_each(|(i, cohort)| cohort.write(i, self.horizon_s, &mut text));
        self.dps.write(self.instant, &mut text);
        text += pick(
            &[
                "",
                "[gateway]\n",
                "[gateway]\ncached = false\n",
                "[gateway.cache]\ncapacity = 7\nttl = \"2 min\"\n",
                "[gateway.cache]\nttl = \"never\"\n[gateway.fallback.secondary]\ncapacity = 20\n",
                "[gateway]\nreplicas = 1\nin_flight_max = 2\nsingle_flight = false\ncall_timeout = \"3 s\"\n[gateway.cache.eviction.fifo]\n",
                "[gateway]\nredirects_max = 0\ndps_attempts = 1\n[gateway.cache]\ncapacity = 1\n",
                "[gateway]\nfollows = false\nrefresh = \"10 min\"\n",
            ],
            self.gateway,
        );
        self.faults.iter().enumerate().for_each(|(i, fault)| fault.write(i, self, &mut text));
        self.moves.iter().enumerate().for_each(|(i, plan)| plan.write(i, self, &mut text));
        text
    }

    fn stamp_name(&self, number: u8) -> String {
        format!("s{}-1", usize::from(number) % self.stamps.len())
    }

    /// So many percent of the horizon.
    fn moment(&self, percent: u8) -> String {
        format!("{} s", u64::from(self.horizon_s) * u64::from(percent) / 100)
    }
}

impl Stamp {
    fn write(&self, i: usize, text: &mut String) {
        let shaping = pick(
            &[
                "{}",
                "{ credit = \"0 s\", backlog = \"0 s\" }",
                "{ credit = \"100 ms\", backlog = \"500 ms\" }",
                "{ credit = \"0 s\", backlog = \"unlimited\", backlog_timeout = \"unlimited\" }",
                "{ credit = \"1 s\", backlog = \"10 s\", backlog_timeout = \"2 s\", leave_place = false }",
            ],
            self.shaping,
        );
        // Below 4 nothing is switched on.
        let (quota, checkpoint, ingress) = match self.path {
            0..4 => ("", "", ""),
            4 => ("quota = \"enforced\"\nsustained_after = \"1 min\"\n", "", ""),
            5 => ("", "checkpoint_every = \"2 min\"\n", ""),
            6 => ("", "", "events_per_unit = \"20/min\"\nretention = \"3 min\"\n"),
            _ => (
                "quota = \"enforced\"\n",
                "checkpoint_every = \"30 s\"\n",
                "events_per_unit = \"2/s\"\nbytes_per_unit = \"4 KB\"\ninflate = { units_max = 3, delay = \"90 s\" }\n",
            ),
        };
        let ingress = if ingress.is_empty() { String::new() } else { format!("[stamps.routing.ingress]\n{ingress}") };
        let service = pick(&["0 s", "20 ms", "900 ms", "0 s..3 s"], self.service);
        write!(
            text,
            "[[stamps]]\nname = \"s{i}-{{n}}\"\nregion = \"{}\"\nring = \"{}\"\ncapacity = {}\n[stamps.hub]\nedition = \"{}\"\n\
             units = {}\nweight = {}\ntakes_devices = {}\nconnects = {shaping}\nsends = {shaping}\nregistry = {shaping}\n\
             methods = {shaping}\n{quota}[stamps.processing]\nservers = {}\nservice = \"{service}\"\n{checkpoint}{ingress}",
            region(self.region),
            ring(self.ring),
            self.capacity,
            pick(&["S1", "S2", "S3", "S1", "F1"], self.edition),
            if self.edition == 4 { 1 } else { self.units },
            self.weight,
            self.takes,
            self.servers,
        )
        .expect("a text takes text");
    }
}

impl Cohort {
    fn write(&self, i: usize, horizon_s: u32, text: &mut String) {
        let regions = pick(
            &["{ westeurope = 1.0 }", "{ northeurope = 1.0 }", "{ westeurope = 0.5, northeurope = 0.5 }"],
            self.regions,
        );
        write!(
            text,
            "[[cohorts]]\nname = \"c{i}\"\ndevices = {}\nregions = {regions}\nring = \"{}\"\nstart = \"{}\"\ndormant = {}\n\
             first_attempt = \"{}\"\nkeep_alive = \"{}\"\n",
            self.devices,
            ring(self.ring),
            if self.new { "new" } else { "connected" },
            if self.dormant { 0.2 } else { 0.0 },
            pick(&["0 s", "0..2 s", "0..60 s"], self.first),
            pick(&["1 s", "60 s", "1177 s"], self.keep_alive),
        )
        .expect("a text takes text");
        if self.sas {
            *text += "sas = { lifetime = \"20 min\" }\n";
        }
        *text += pick(
            &[
                "",
                "telemetry = { every = \"1 min\" }\n",
                "telemetry = { every = \"7 s\", jitter = \"3 s\", size = \"9 KB\" }\n",
                "telemetry = { poisson = \"10 s\" }\n",
                "telemetry = { poisson = \"1 min\", profile = { diurnal = { amplitude = 1.0, peak = \"1 h\" } } }\n",
                "telemetry = { every = \"1 h\" }\n",
            ],
            self.telemetry,
        );
        *text += pick(
            &[
                "",
                "commands = { rate = \"60/h\" }\n",
                "commands = { rate = \"10/h\", popularity = { zipf = 1.2 } }\n",
                "commands = { rate = \"3/min\", request = \"100 KB\" }\n",
            ],
            self.calls,
        );
        let (some, more) = (self.devices / 2, self.devices * 2 + 10);
        let growth = [
            String::new(),
            String::new(),
            String::new(),
            "[cohorts.growth.linear]\nrate = \"30/h\"\n".to_owned(),
            format!("[cohorts.growth.exponential]\ndoubling = \"1 h\"\nlimit = {more}\n"),
            format!("[cohorts.growth.logistic]\nlimit = {more}\nmidpoint = \"1 h\"\n"),
            format!("[cohorts.growth.steps]\nsteps = [{{ at = \"{} s\", devices = {more} }}]\n", horizon_s / 3),
            format!(
                "[cohorts.growth.steps]\nsteps = [{{ at = \"{} s\", devices = {some} }}, {{ at = \"{} s\", devices = {more} }}]\n",
                horizon_s / 3,
                horizon_s / 2
            ),
            format!("[cohorts.growth.steps]\nsteps = [{{ at = \"{} s\", devices = 0 }}]\n", horizon_s / 2),
        ];
        *text += &growth[usize::from(self.growth) % growth.len()];
        *text += pick(
            &[
                "",
                "[cohorts.retry.node]\n",
                "[cohorts.retry.node]\nthrottled = true\n",
                "[cohorts.retry.python]\ninterval = \"1 s\"\n",
                "[cohorts.retry.c]\n",
                "[cohorts.retry.c]\ndocumented_jitter = true\n",
                "[cohorts.retry.exponential]\njitter = \"decorrelated\"\n",
                "[cohorts.retry.exponential]\njitter = \"none\"\ncap = \"5 min\"\n",
                "[cohorts.retry.memoryless]\nmean = \"20 s\"\n",
            ],
            self.retry,
        );
        *text += pick(
            &[
                "",
                "[cohorts.reconnect.same_hub]\nregister_when_unknown = false\n",
                "[cohorts.reconnect.dps_at_scale]\npatience = \"30 s..3 min\"\n",
                "[cohorts.reconnect.ten_failures]\nfailures = 3\n",
            ],
            self.reconnect,
        );
    }
}

impl Dps {
    fn write(&self, instant: bool, text: &mut String) {
        let shaping = pick(
            &[
                "{}",
                "{ credit = \"0 s\", backlog = \"unlimited\", backlog_timeout = \"unlimited\" }",
                "{ credit = \"1 s\", backlog = \"10 s\", backlog_timeout = \"5 s\" }",
            ],
            self.shaping,
        );
        write!(
            text,
            "[dps]\n{}\nregistrations = \"{}\"\noperations = \"{}\"\nregistration_shaping = {shaping}\n\
             reprovision = \"{}\"\ndraws_on_registry = {}\nfailed_retry = \"2 min\"\ndetection = \"{}\"\n",
            self.written_instances(),
            pick(&["1000/min", "20/min", "2/min"], self.registrations),
            pick(&["1000/min", "20/min", "2/min"], self.registrations),
            pick(&["migrate", "reset", "never"], self.reprovision),
            self.registry,
            if self.detection { "1 min" } else { "never" },
        )
        .expect("a text takes text");
        if instant {
            *text += "assignment = \"0 s\"\nstatus = \"0 s\"\n";
        }
        let policies = [
            "[dps.allocation.hashed]\n",
            "[dps.allocation.geo_latency]\n",
            "[dps.allocation.least_loaded]\n",
            "[dps.allocation.capacity_aware]\n",
            "[dps.allocation.cost_aware]\n",
            "[dps.allocation.static]\nstamp = \"s0-1\"\n",
        ];
        *text += pick(&policies, self.allocation);
        let topologies = [
            "",
            "[dps.topology.direct]\n",
            "[dps.topology.web_api]\nbalance = \"fewest\"\nask_again_after = 1\nlimit = \"100/min\"\n",
            "[dps.topology.proxy]\nbalance = \"region\"\ndetection = \"10 s\"\n",
            "[dps.topology.factory]\nservice = \"dps-0\"\n",
            "[dps.topology.installer]\ninstallers = 3\ntime_each = \"1 min\"\n",
        ];
        *text += pick(&topologies, self.topology.saturating_sub(2));
    }

    /// Equal instances, or as many with names and limits of their own and one more.
    fn written_instances(&self) -> String {
        if self.topology < 3 {
            return format!("instances = {}", self.instances);
        }
        let named = |i: u8| {
            let linked = if i == 1 { ", stamps = [\"s0-1\"]" } else { "" };
            format!("{{ name = \"dps-{i}\", registrations_max = {}{linked} }}", 50 + 200 * u32::from(i))
        };
        let all: Vec<String> = (0..=self.instances).map(named).collect();
        format!("services = [{}]", all.join(", "))
    }
}

impl Fault {
    fn write(&self, i: usize, sketch: &Sketch, text: &mut String) {
        let when = if self.drawn {
            "[faults.drawn]\nevery = { exponential = { mean = \"20 min\" } }\nrepair = { exponential = { mean = \"5 min\" } }\n".to_owned()
        } else if matches!(self.kind, 13 | 16) {
            format!("at = \"{}\"\n", sketch.moment(self.at))
        } else {
            format!("at = \"{}\"\nfor = \"{}\"\n", sketch.moment(self.at), sketch.moment(self.lasts))
        };
        let (stamp, style) = (sketch.stamp_name(self.stamp), if self.silent { "silent" } else { "reset" });
        let struck = format!("stamp = \"{stamp}\"\nstyle = \"{style}\"\n");
        let cause = match self.kind {
            0 => format!("stamp_outage]\n{struck}"),
            1 => format!("hub_outage]\n{struck}detection = \"10 s\"\n"),
            2 => format!("dead_hub]\n{struck}"),
            3 if sketch.dps.topology >= 3 && self.region => {
                format!("dps_outage]\nstyle = \"{style}\"\nservice = \"dps-1\"\n")
            }
            3 => format!("dps_outage]\nstyle = \"{style}\"\n"),
            10 if matches!(sketch.dps.topology, 4 | 5) => format!("provisioning_api_outage]\nstyle = \"{style}\"\n"),
            4 => format!("cache_outage]\nstyle = \"{style}\"\nflush = {}\nsecondary = {}\n", self.region, self.silent),
            5 => format!("region_blackout]\nregion = \"{}\"\n", region(self.region)),
            6 => format!("region_blackout]\nregion = \"{}\"\nreturn_over = \"2 min\"\n", region(self.region)),
            7 => format!("stamp_slow]\nstamp = \"{stamp}\"\nfactor = 20\n"),
            8 => "dps_slow]\nfactor = 50\n".to_owned(),
            9 => format!("stamp_degraded]\nstamp = \"{stamp}\"\nerrors = 0.5\ncapacity = 0.1\n"),
            10 => "cache_slow]\nfactor = 300\n".to_owned(),
            11 | 12 => format!("processing_restart]\nstamp = \"{stamp}\"\n"),
            // Causes that have a length of their own.
            13 => format!("hub_failover]\nstamp = \"{stamp}\"\ninitiated = \"customer\"\nrto = \"10..200 s\"\n"),
            14 => format!("key_rotation_gap]\nstamp = \"{stamp}\"\n"),
            15 => format!("firmware_wave]\nregion = \"{}\"\nreboot = \"1..90 s\"\nbatches = 3\n", region(self.region)),
            16 => format!("connections_lost]\nshare = 0.7\nstyle = \"{style}\"\n"),
            _ => format!("stamp_outage]\n{struck}{}", self.remedy()),
        };
        write!(text, "[[faults]]\nname = \"f{i}\"\n{when}[faults.cause.{cause}").expect("a text takes text");
    }
}

impl Fault {
    /// A remedy that is noticed at once or late, with a way back or without.
    fn remedy(&self) -> String {
        let learns = if self.silent { "concierge" } else { "by_itself" };
        let back = if self.region { "fail_back = { after = \"20 s\" }\n" } else { "" };
        let detection = self.at;
        format!("[faults.remediation.evacuate]\ndetection = \"{detection} s\"\nlearns = \"{learns}\"\n{back}")
    }
}

impl Move {
    fn write(&self, i: usize, sketch: &Sketch, text: &mut String) {
        let stamp = sketch.stamp_name(self.stamp);
        let kind = match self.kind {
            0 => format!("evacuate]\nstamp = \"{stamp}\"\n"),
            1 => format!("rebalance]\nto = \"{stamp}\"\n"),
            2 => "rebalance]\ngoal = { within = \"10 %\" }\n".to_owned(),
            _ => "promote]\nfrom_ring = \"test\"\nto_ring = \"production\"\n".to_owned(),
        };
        write!(
            text,
            "[[moves]]\nname = \"m{i}\"\nat = \"{}\"\npace = \"{}\"\nwaves = {}\npause = \"1 min\"\nselect = {{ share = {} }}\n\
             [moves.kind.{kind}",
            sketch.moment(self.at),
            pick(&["600/min", "10/min", "20/s"], self.pace),
            self.waves,
            f64::from(self.share) / 100.0,
        )
        .expect("a text takes text");
        self.write_control(text);
    }

    /// Every way of control is a bit, so that they meet in all mixtures.
    fn write_control(&self, text: &mut String) {
        let ways = [
            "[moves.pacing.by_throttles]\nshare = 0.5\n",
            "[moves.order.by_value]\n",
            "[moves.prewarm]\nidentities = true\n",
            "[moves.guard]\npause_if = { down = \"5 %\" }\ndown_for = \"5 s\"\nwindow = \"30 s\"\nabort_after = { pauses = 1, paused = \"10 min\" }\n",
        ];
        let chosen = ways.iter().enumerate().filter(|(bit, _)| self.control >> bit & 1 == 1);
        chosen.for_each(|(_, way)| text.push_str(way));
        if self.control >> 3 == 3 {
            text.push_str("roll_back = true\nroll_back_after = \"1 min\"\n");
        }
    }
}

/// The scenario of a sketch beside a limits file whose registries hold few devices; nothing when it makes no sense.
fn scenario(sketch: &Sketch) -> Result<Scenario, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cap = format!("devices_max = {}", sketch.registry_cap);
    let limits = catalog::LIMITS.replace("devices_max = 1_000_000", &cap);
    std::fs::write(folder.path().join("limits.toml"), limits).expect("a temporary folder takes a file");
    let path = folder.path().join("sketch.toml");
    std::fs::write(&path, sketch.text()).expect("a temporary folder takes a file");
    load(&path, &[]).map_err(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// Figures of one replication by measure.
struct Figures<'a>(&'a Observations);

impl Figures<'_> {
    fn get(&self, key: &MeasureKey) -> Option<f64> {
        self.0.values.get(key).copied()
    }

    /// All figures of a measure over the whole run that carry a label, or that carry none.
    fn of(&self, name: &str, label: Option<&str>) -> Vec<f64> {
        let whole = |key: &MeasureKey| key.name == name && key.labels.get("phase").is_none();
        let wanted =
            |key: &MeasureKey| whole(key) && label.map_or(key.labels.is_empty(), |l| key.labels.get(l).is_some());
        self.0.values.iter().filter(|(key, _)| wanted(key)).map(|(_, value)| *value).collect()
    }

    fn level(&self, name: &'static str, stat: &str) -> f64 {
        self.get(&MeasureKey::new(name).with("stat", stat)).expect("levels are always reported")
    }
}

/// Checks the figures of a replication against each other.
fn check(sketch: &Sketch, scenario: &Scenario, run: &Observations) {
    let figures = Figures(run);
    let near = |a: f64, b: f64, what: &str| assert!((a - b).abs() <= 1e-6 * a.abs().max(1.0), "{what}: {a} and {b}");
    let outcomes = figures.of("command_outcome_ratio", Some("outcome"));
    if !outcomes.is_empty() {
        near(outcomes.iter().sum(), 1.0, "the outcomes of all calls");
    }
    for of in
        run.marks.iter().filter(|mark| matches!(mark.kind, MarkKind::Fault | MarkKind::Move)).map(|mark| &mark.label)
    {
        let phase = |when| figures.get(&MeasureKey::new("commands").with("phase", format!("{when} {of}")));
        let calls = ["before", "during", "after"].into_iter().filter_map(phase).sum::<f64>();
        near(calls, figures.of("commands", None).iter().sum(), "the calls of all phases");
    }
    let attempts = figures.of("model_attempts", None).iter().sum::<f64>();
    let connections = run.histograms.get(&MeasureKey::new("connect_attempts"));
    let (connected, needed) = connections.map_or((0, 0), |h| (h.count(), h.sum()));
    assert!(needed >= u128::from(connected), "each of {connected} connections took an attempt, of {needed}");
    // A command of 16 bits counts the attempts of an episode.
    assert!(attempts >= needed as f64, "{attempts} attempts in all, {needed} for connections");
    let stamps = figures.level("stamps_active", "max");
    let most = figures.level("devices_registered", "max");
    assert!(most <= stamps * f64::from(sketch.registry_cap), "{most} identities on {stamps} hubs");
    assert!(figures.level("devices_connected", "max") <= most, "nobody is connected without an identity");
    let joined: f64 = (0..scenario.model.cohorts.len()).map(|c| f64::from(scenario.model.devices_max(c))).sum();
    assert!(most <= joined && figures.level("devices_unavailable", "max") <= joined, "{joined} devices at most");
    let lost = figures.of("device_minutes_lost", None).iter().sum::<f64>();
    assert!(lost <= joined * f64::from(sketch.horizon_s) / 60.0 + 1e-6, "{lost} device-minutes lost");
    let (bill, lines) = (figures.of("cost_usd_per_month", None), figures.of("cost_usd_per_month", Some("component")));
    near(bill.iter().sum(), lines.iter().sum(), "the bill and its lines");
    messages_are_conserved(run);
    moves_keep_to_their_floors(run);
    shares_are_shares(run);
}

/// No move is shorter than what its pace and the limits allow, and no more devices arrive than were evicted.
fn moves_keep_to_their_floors(run: &Observations) {
    let whole = |name: &'static str| run.values.iter().filter(move |(key, _)| key.name == name);
    let figure = |name, of: &MeasureKey, state: Option<&str>| {
        let key = MeasureKey::new(name).with("move", of.labels.get("move").expect("figures of moves name theirs"));
        run.values.get(&state.map_or(key.clone(), |state| key.with("state", state))).copied()
    };
    for (key, floor) in whole("move_floor_s") {
        let duration = figure("move_duration_s", key, None).expect("a move with a floor is over");
        assert!(*floor <= duration + 1e-6, "{key} is {floor}, and the move took {duration} s");
    }
    for (key, evicted) in whole("move_devices").filter(|(key, _)| key.labels.get("state").is_none()) {
        // Remedies, which may happen again and again, only count whom they moved.
        let Some(arrived) = figure("move_devices", key, Some("arrived")) else { continue };
        let back = figure("move_devices", key, Some("rolled_back")).unwrap_or(0.0);
        assert!(arrived <= *evicted && back <= *evicted, "{key}: {evicted} evicted, {arrived} arrived, {back} back");
    }
}

/// What was sent was processed, is on its way, was refused or was lost. The model compares the same with what lies where in
/// each window.
fn messages_are_conserved(run: &Observations) {
    let fates = run.values.iter().filter(|(key, _)| key.name == "messages");
    let (mut sent, mut found) = (0.0, 0.0);
    for (key, n) in fates {
        match key.labels.get("fate") {
            Some("sent") => sent = *n,
            Some("read_again") => {}
            _ => found += n,
        }
    }
    assert!((found - sent).abs() < 0.5, "{sent} messages were sent and {found} found");
}

/// A ratio that is a share of something lies between nothing and all of it.
fn shares_are_shares(run: &Observations) {
    let shares = [
        "command_outcome_ratio",
        "cache_miss_ratio",
        "stale_route_ratio",
        "coalesced_ratio",
        "telemetry_refused_ratio",
        "throttle_rejected_ratio",
        "blast_radius_ratio",
        "overcommitment_ratio",
    ];
    for (key, value) in run.values.iter().filter(|(key, _)| shares.contains(&key.name)) {
        assert!((0.0..=1.0 + 1e-12).contains(value), "{key} is {value}");
    }
    assert!(
        run.values.values().all(|value| value.is_finite() && *value >= 0.0),
        "figures are finite: {:?}",
        run.values
    );
}

/// Digest of a whole run on so many threads, with its observations.
fn run_on(scenario: &Scenario, jobs: usize) -> (String, Vec<Observations>) {
    let result = support::run(scenario.clone(), Some(jobs));
    assert!(result.failures.is_empty(), "the model stopped: {:?}", result.failures);
    let facts = RunFacts { replications_asked: result.asked, ..RunFacts::default() };
    let digest = Manifest::of(facts, &result.study, &result.observations).digest.expect("the run is whole");
    (digest, result.observations)
}

#[test]
fn what_must_hold_holds_in_random_scenarios() {
    let cases = std::env::var("INVARIANT_CASES").ok().map_or(CASES, |n| n.parse().expect("a number of cases"));
    let config = Config { cases, max_global_rejects: 20 * cases, failure_persistence: None, ..Config::default() };
    // The seed is a hash of the test's name: the same scenarios every time.
    let seed: Vec<u8> =
        (0..4).flat_map(|i| stable_name(&format!("{i}, of {cases} random scenarios")).to_le_bytes()).collect();
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let outcome = TestRunner::new_with_rng(config, rng).run(&sketch(), |sketch| {
        let scenario = scenario(&sketch).map_err(TestCaseError::reject)?;
        let (digest, runs) = run_on(&scenario, 1);
        runs.iter().for_each(|run| check(&sketch, &scenario, run));
        prop_assert_eq!(&digest, &run_on(&scenario, 3).0, "one thread and three");
        Ok(())
    });
    if let Err(proptest::test_runner::TestError::Fail(why, sketch)) = &outcome {
        panic!("{why}\n{}", sketch.text());
    }
    assert!(outcome.is_ok(), "{outcome:?}");
}
