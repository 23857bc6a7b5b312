//! A hub: identity registry, connections, and the limits of its edition.

use crate::kernel::law::DurationLaw;
use crate::model::ids::{RegionId, RingId};
use crate::model::limit::{Bucket, Shaping};
use crate::model::stamp::edition::Edition;
use crate::model::stamp::path::{Path, PathConfig};
use crate::model::stamp::pipeline::{Pipeline, ProcessingConfig};
use crate::model::stamp::quota::Quota;
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
}

/// Life of a stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// Being deployed: costs money, takes no devices.
    Deploying,
    /// Takes devices.
    Active,
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
    /// When it began to cost money.
    pub since: SimTime,
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
            connected: 0,
            quota: Quota::new(edition.messages_per_day * u64::from(units), day_offset),
            pipeline: Pipeline::new(&config.processing),
            path: Path::new(&config.path, now),
            life,
            since: now,
        }
    }

    /// Puts an identity into the registry. The registry cap is hard: the caller has checked it.
    pub fn register(&mut self, config: &StampConfig) {
        assert!(self.registered < config.edition.devices_max, "a registry never exceeds its hard cap");
        self.registered += 1;
    }

    /// Whether the registry is at its hard cap.
    pub fn is_full(&self, config: &StampConfig) -> bool {
        self.registered >= config.edition.devices_max
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
