//! One cloud-to-device call, and the closed list of its outcomes.

use crate::kernel::law::DurationLaw;
use crate::model::gateway::cache::CacheConfig;
use crate::model::gateway::fallback::FallbackPolicy;
use crate::model::gateway::learnt::LearntConfig;
use crate::model::ids::{DeviceId, StampId};
use crate::units::{SimDuration, SimTime};

/// How a call ended. Every call ends in exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Outcome {
    /// The device answered.
    Delivered,
    /// The hub knows the device, but it is not connected (404103).
    Offline,
    /// DPS is assigning the device; it may be on no hub.
    UnreachableAssigning,
    /// DPS knows no assignment of the device.
    NotRegistered,
    /// A hub or DPS refused the call for its limits (429).
    Throttled,
    /// No answer within the call's time-out.
    TimedOut,
    /// The gateway had no room for the call.
    Shed,
    /// A hub or DPS that the call needs is down.
    FailedDependency,
}

impl Outcome {
    /// All outcomes, in order.
    pub const ALL: [Outcome; 8] = [
        Self::Delivered,
        Self::Offline,
        Self::UnreachableAssigning,
        Self::NotRegistered,
        Self::Throttled,
        Self::TimedOut,
        Self::Shed,
        Self::FailedDependency,
    ];

    /// Name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Offline => "offline",
            Self::UnreachableAssigning => "unreachable_assigning",
            Self::NotRegistered => "not_registered",
            Self::Throttled => "throttled",
            Self::TimedOut => "timed_out",
            Self::Shed => "shed",
            Self::FailedDependency => "failed_dependency",
        }
    }
}

/// A call under way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Call {
    /// Device that is called.
    pub device: DeviceId,
    /// Hub that the call is sent to next.
    pub stamp: StampId,
    /// Arrival at the gateway.
    pub started: SimTime,
    /// Key of the call's draws: cohort, tick and ordinal.
    pub key: u64,
    /// Steps made: the structural counter of the call's draws.
    pub step: u16,
    /// When the attempt at the hub that is under way was sent.
    pub sent: SimTime,
    /// Attempts at hubs that were given up.
    pub given_up: u8,
    /// Refusals by DPS.
    pub refusals: u8,
    /// Hubs that no longer held the device.
    pub stale: u8,
    /// Generation of the slot, so that an event of an earlier call is known.
    pub generation: u16,
    /// Next call that waits for the same look-up; `u32::MAX` for none.
    pub next_waiter: u32,
    /// Whether this call's look-up fills the cache for others.
    pub leads: bool,
}

/// No next waiter.
pub const NO_CALL: u32 = u32::MAX;

/// The gateway, validated.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayConfig {
    /// Replicas.
    pub replicas: u16,
    /// Most calls under way in one replica; none for no bound.
    pub in_flight_max: Option<u32>,
    /// Time after which a call is given up.
    pub call_timeout: SimDuration,
    /// Attempts at the hub for one call, the first included.
    pub attempts: u8,
    /// Time after which an attempt at the hub is given up.
    pub attempt_timeout: SimDuration,
    /// Whether an answer of DPS that comes too late for its call still fills the cache.
    pub late_answers_fill: bool,
    /// The shared cache; none for a gateway that asks DPS for each call.
    pub cache: Option<CacheConfig>,
    /// How an application that does not follow its devices learns where they are; none for one that looks them up.
    pub learnt: Option<LearntConfig>,
    /// What a look-up does while the cache is down.
    pub fallback: FallbackPolicy,
    /// Attempts at DPS for one call, the first included.
    pub dps_attempts: u8,
    /// First wait after a refusal by DPS; it doubles, with full jitter.
    pub dps_backoff: SimDuration,
    /// Whether simultaneous misses of one device share one look-up.
    pub single_flight: bool,
    /// Hubs that one call tries after 404001 answers.
    pub redirects_max: u8,
    /// Round trip to the cache.
    pub to_cache: DurationLaw,
    /// Round trip to DPS, without DPS's own time.
    pub to_dps: DurationLaw,
    /// Round trip to a hub in the gateway's region, without the device's part.
    pub to_hub: DurationLaw,
    /// How long the gateway waits for a cache that does not answer.
    pub cache_timeout: SimDuration,
    /// Region of the gateway.
    pub region: crate::model::ids::RegionId,
    /// Fixed prices of the cache and the gateway: name in the price book and how many.
    pub fixed_prices: Vec<(String, u32)>,
}

/// Calls under way, in slots that are used again.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Calls {
    slots: Vec<Call>,
    free: Vec<u32>,
}

impl Calls {
    /// Begins a call and gives its slot.
    pub fn begin(&mut self, device: DeviceId, started: SimTime, key: u64) -> u32 {
        let call = |generation| Call {
            device,
            stamp: StampId::NONE,
            started,
            key,
            step: 0,
            sent: started,
            given_up: 0,
            refusals: 0,
            stale: 0,
            generation,
            next_waiter: NO_CALL,
            leads: false,
        };
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = call(self.slots[slot as usize].generation.wrapping_add(1));
            return slot;
        }
        self.slots.push(call(0));
        (self.slots.len() - 1) as u32
    }

    /// The call of a slot.
    pub fn get(&mut self, slot: u32) -> &mut Call {
        &mut self.slots[slot as usize]
    }

    /// Ends a call; its slot may be used again.
    pub fn end(&mut self, slot: u32) -> Call {
        self.free.push(slot);
        self.slots[slot as usize]
    }

    /// Calls under way.
    pub fn under_way(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}
