//! A hub: identity registry, connections, and the limits of its edition.

use std::sync::Arc;

use crate::kernel::law::DurationLaw;
use crate::model::ids::{RegionId, RingId};
use crate::model::limit::{Bucket, Shaping};
use crate::model::stamp::edition::{Edition, Throttle};
use crate::model::stamp::path::{Path, PathConfig};
use crate::model::stamp::pipeline::{Pipeline, ProcessingConfig};
use crate::model::stamp::quota::Quota;
use crate::model::stamp::servers::ServersSeen;
use crate::units::{Bytes, SimTime};

/// A fixed price that a stamp costs while it exists.
#[derive(Debug, Clone, PartialEq)]
pub struct FixedPrice {
    /// Name in the price book; its unit must be time, such as `tu-hour`.
    pub price: String,
    /// How many, such as throughput units.
    pub quantity: u32,
    /// Whether it belongs to routing (else to processing).
    pub routing: bool,
}

/// A size of a stamp: its hub, and what stands behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rung {
    /// Name of the edition.
    pub edition_name: String,
    /// Limits of the edition.
    pub edition: Edition,
    /// Units.
    pub units: u32,
    /// Planned capacity [devices].
    pub capacity: u32,
    /// Fixed prices beside the hub's units.
    pub fixed_prices: Vec<FixedPrice>,
    /// What the capacity that one device takes up costs [USD/month].
    pub device_month: f64,
}

/// One stamp, validated.
#[derive(Debug, Clone, PartialEq)]
pub struct StampConfig {
    /// Name, such as `weu-2`.
    pub name: String,
    /// Hash of the name; keys draws and allocation.
    pub key: u64,
    /// Region.
    pub region: RegionId,
    /// Ring.
    pub ring: RingId,
    /// Generations of devices that it serves; empty for any.
    pub generations: Vec<u16>,
    /// Planned capacity [devices]: soft, since DPS does not know it.
    pub capacity: u32,
    /// Edition of the hub, with its name.
    pub edition_name: String,
    /// Limits of the edition.
    pub edition: Edition,
    /// Units of the hub.
    pub units: u32,
    /// Allocation weight, 1 to 1000.
    pub weight: u16,
    /// Whether the hub takes part in allocation.
    pub takes_devices: bool,
    /// Shaping of new connections.
    pub connect_shaping: Shaping,
    /// Shaping of sends.
    pub send_shaping: Shaping,
    /// Shaping of registry operations.
    pub registry_shaping: Shaping,
    /// Shaping of direct methods.
    pub method_shaping: Shaping,
    /// Payload by which the direct-method limit is counted.
    pub method_payload: Bytes,
    /// Processing behind the hub.
    pub processing: ProcessingConfig,
    /// What of the path is carried out beyond what always is.
    pub path: PathConfig,
    /// Time a hub needs to answer a request, beside the network.
    pub answer: DurationLaw,
    /// Fixed prices beside the hub's units.
    pub fixed_prices: Vec<FixedPrice>,
    /// Whether each telemetry message is billed at the routing endpoint.
    pub bills_ingress: bool,
    /// What the capacity that one device takes up costs [USD/month].
    pub device_month: f64,
    /// Sizes that it can have, from the one it begins as; empty where it always stays as it is.
    pub ladder: Arc<[Rung]>,
}

impl StampConfig {
    /// Whether devices of a generation may be assigned to it.
    pub fn serves(&self, generation: u16) -> bool {
        self.generations.is_empty() || self.generations.contains(&generation)
    }

    /// The same stamp at another size.
    #[must_use]
    pub fn at(&self, rung: &Rung) -> Self {
        Self {
            edition_name: rung.edition_name.clone(),
            edition: rung.edition.clone(),
            units: rung.units,
            capacity: rung.capacity,
            fixed_prices: rung.fixed_prices.clone(),
            device_month: rung.device_month,
            ..self.clone()
        }
    }

    /// What it is as a rung of its ladder.
    pub fn rung(&self) -> Rung {
        Rung {
            edition_name: self.edition_name.clone(),
            edition: self.edition.clone(),
            units: self.units,
            capacity: self.capacity,
            fixed_prices: self.fixed_prices.clone(),
            device_month: self.device_month,
        }
    }
}

/// Life of a stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// Being deployed: costs money, takes no devices.
    Deploying,
    /// Takes devices.
    Active,
    /// Takes no device any more; those that it has move off.
    Draining,
    /// Empty, closed for good and no longer paid for.
    Retired,
}

/// The hub of a running stamp.
#[derive(Debug, Clone)]
pub struct Hub {
    /// New connections.
    pub connects: Bucket,
    /// Device-to-cloud sends.
    pub sends: Bucket,
    /// Registry operations.
    pub registry: Bucket,
    /// Direct methods; absent where the edition has none.
    pub methods: Option<Bucket>,
    /// Identities in the registry.
    pub registered: u32,
    /// Places of the registry that import jobs hold for devices on their way.
    pub prewarmed: u32,
    /// Live connections.
    pub connected: u32,
    /// Messages metered by UTC day.
    pub quota: Quota,
    /// Processing.
    pub pipeline: Pipeline,
    /// Messages under way, where the path is switched on.
    pub path: Path,
    /// Where the stamp is in its life.
    pub life: Life,
    /// Up to when its cost is metered.
    pub since: SimTime,
    /// Rung of its ladder.
    pub rung: usize,
    /// Rung that it is on its way to.
    pub next_rung: Option<usize>,
    /// Largest utilisation that it had at an earlier size [1].
    pub fullest: f64,
    /// How far the scaling of its processing has come.
    pub servers_seen: ServersSeen,
}

impl Hub {
    /// An idle hub.
    pub fn new(config: &StampConfig, life: Life, now: SimTime, day_offset: crate::units::SimDuration) -> Self {
        let bucket = |limit, shaping| Bucket::new(limit, shaping, now);
        let (edition, units) = (&config.edition, config.units);
        Self {
            connects: bucket(edition.connects.of(units), config.connect_shaping),
            sends: bucket(edition.sends.of(units), config.send_shaping),
            registry: bucket(edition.registry.of(units), config.registry_shaping),
            methods: edition
                .method_rate(units, config.method_payload)
                .map(|limit| bucket(limit, config.method_shaping)),
            registered: 0,
            prewarmed: 0,
            connected: 0,
            quota: Quota::new(edition.messages_per_day * u64::from(units), day_offset),
            pipeline: Pipeline::new(&config.processing),
            path: Path::new(&config.path, now),
            life,
            since: now,
            rung: 0,
            next_rung: None,
            fullest: 0.0,
            servers_seen: ServersSeen { at: now, ..ServersSeen::default() },
        }
    }

    /// Puts an identity into the registry. The registry cap is hard: the caller has checked it.
    pub fn register(&mut self, config: &StampConfig) {
        assert!(self.registered < config.edition.devices_max, "a registry never exceeds its hard cap");
        self.registered += 1;
    }

    /// Whether the registry is at its hard cap.
    pub fn is_full(&self, config: &StampConfig) -> bool {
        self.registered + self.prewarmed >= config.edition.devices_max
    }

    /// Limits and quota of another size, or of the share that a fault leaves, from now on.
    pub fn set_limits(&mut self, config: &StampConfig, left: f64, now: SimTime) {
        let part = (left * 1e6).round() as u64;
        let scaled = |throttle: Throttle| throttle.of(config.units).scaled(part, 1_000_000);
        self.connects.set_limit(scaled(config.edition.connects), now);
        self.sends.set_limit(scaled(config.edition.sends), now);
        self.registry.set_limit(scaled(config.edition.registry), now);
        let rate = config.edition.method_rate(config.units, config.method_payload);
        let rate = rate.map(|rate| rate.scaled(part, 1_000_000));
        match (&mut self.methods, rate) {
            (Some(methods), Some(rate)) => methods.set_limit(rate, now),
            // A basic hub that becomes a standard one takes direct methods from now on.
            (methods, Some(rate)) => *methods = Some(Bucket::new(rate, config.method_shaping, now)),
            (_, None) => {}
        }
    }

    /// From now on messages come as a flow: what the servers have left to do is its backlog, unless it is less than so many
    /// messages.
    pub fn begin_flow(&mut self, now: SimTime, chance: f64) {
        let left = self.pipeline.begin_flow(now, chance);
        if left > 0.0 && !self.path.queue.is_empty() {
            self.path.clock = self.path.clock.max(now.secs() + left);
        }
    }

    /// A restart after an outage: full credit, no backlog.
    pub fn restart(&mut self, now: SimTime) {
        self.connects.reset(now);
        self.sends.reset(now);
        self.registry.reset(now);
        if let Some(methods) = &mut self.methods {
            methods.reset(now);
        }
        self.pipeline.restart(now);
    }
}

#[cfg(test)]
impl Rung {
    /// A rung of which only the capacity matters.
    pub(crate) fn of_capacity(capacity: u32) -> Self {
        let none = Throttle { floor: crate::units::Rate::ZERO, per_unit: crate::units::Rate::ZERO };
        let edition = Edition {
            connects: none,
            sends: none,
            registry: none,
            methods: None,
            method_block: Bytes::KB,
            twin_reads: None,
            twin_updates: None,
            messages_per_day: 1,
            meter_block: Bytes::KB,
            units_max: 1,
            devices_max: capacity,
            unit_price: String::new(),
        };
        Self { edition_name: String::new(), edition, units: 1, capacity, fixed_prices: Vec::new(), device_month: 0.0 }
    }
}
