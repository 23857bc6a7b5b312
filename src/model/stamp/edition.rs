//! Hub editions: limits by formula. The figures are data of the limits catalogue, never constants in code.

use serde::Deserialize;

use crate::units::{Bytes, Rate};

/// A throttle `max(floor, per_unit x units)`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// Limit that even one unit has.
    pub floor: Rate,
    /// Limit that each unit adds.
    pub per_unit: Rate,
}

impl Throttle {
    /// The limit of a hub with these units.
    pub fn of(&self, units: u32) -> Rate {
        let scaled = self.per_unit.scaled(u64::from(units), 1);
        if scaled.per_second() >= self.floor.per_second() { scaled } else { self.floor }
    }
}

/// One edition of a hub.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    /// New device connections.
    pub connects: Throttle,
    /// Device-to-cloud sends, of any size.
    pub sends: Throttle,
    /// Identity registry operations.
    pub registry: Throttle,
    /// Direct methods, in steps of `method_block`; absent where the edition has none.
    #[serde(default)]
    pub methods: Option<Throttle>,
    /// Step in which direct methods are throttled.
    pub method_block: Bytes,
    /// Twin reads; absent where the edition has none.
    #[serde(default)]
    pub twin_reads: Option<Throttle>,
    /// Twin updates; absent where the edition has none.
    #[serde(default)]
    pub twin_updates: Option<Throttle>,
    /// Messages of a UTC day that one unit may meter.
    pub messages_per_day: u64,
    /// Block in which messages are metered.
    pub meter_block: Bytes,
    /// Most units of one hub.
    pub units_max: u32,
    /// Most identities in the registry of one hub.
    pub devices_max: u32,
    /// Price of one unit for a month, by the price book's name.
    pub unit_price: String,
}

impl Edition {
    /// Direct-method calls that a hub with these units takes for payloads of this size.
    pub fn method_rate(&self, units: u32, payload: Bytes) -> Option<Rate> {
        let blocks = payload.blocks(self.method_block);
        self.methods.map(|m| m.of(units).scaled(1, blocks))
    }
}
