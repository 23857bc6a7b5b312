//! Dated service limits, prices and regions: data that is part of the program, replaceable by path.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::value::Datetime;

use crate::cost::PriceSheet;
use crate::model::region::Place;
use crate::model::stamp::edition::Edition;

/// The text of the limits that are part of the program.
pub const LIMITS: &str = include_str!("../../scenarios/catalog/limits-azure-2026-11.toml");
/// The text of the limits of DPS that are part of the program. They only bound what a scenario may say, so no result depends on
/// the text.
const DPS_LIMITS: &str = include_str!("../../scenarios/catalog/dps-limits-azure-2026-11.toml");
/// The text of the price book that is part of the program.
pub const PRICES: &str = include_str!("../../scenarios/catalog/prices-azure-2026-11.toml");
/// The text of the regions that are part of the program.
pub const REGIONS: &str = include_str!("../../scenarios/catalog/regions.toml");

/// What is wrong with the text of a catalogue, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogError {
    /// Bytes of the text.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
}

/// Limits of every edition.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Format; 1.
    schema_version: u32,
    /// Date of the figures.
    as_of: Datetime,
    /// Limits of DPS. Default: our own.
    #[serde(default)]
    pub dps: DpsLimits,
    /// Editions by name.
    pub editions: BTreeMap<String, Edition>,
}

/// Limits of DPS that count things; support raises each.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DpsLimits {
    /// Instances of a subscription.
    pub instances_max: u16,
    /// Hubs linked to one instance.
    pub linked_hubs_max: u16,
    /// Registrations that one instance holds.
    pub registrations_max: u32,
}

impl Default for DpsLimits {
    fn default() -> Self {
        let file: DpsFile = toml::from_str(DPS_LIMITS).expect("our own limits are read by a test");
        file.dps
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DpsFile {
    dps: DpsLimits,
}

impl Limits {
    /// Reads the text of a limits file.
    pub fn parse(text: &str) -> Result<Self, CatalogError> {
        let place = |span: Option<Range<usize>>| span.unwrap_or(0..0);
        let limits: Self = toml::from_str(text)
            .map_err(|error| CatalogError { span: place(error.span()), message: error.message().to_owned() })?;
        limits.problem().map_or(Ok(()), |message| Err(CatalogError { span: 0..0, message }))?;
        Ok(limits)
    }

    /// A figure that would make the model divide by zero or wait for ever.
    fn problem(&self) -> Option<String> {
        if self.schema_version != 1 {
            return Some(format!("unknown schema_version {}; expected 1", self.schema_version));
        }
        self.editions.iter().find_map(|(name, edition)| {
            let throttles = [Some(edition.connects), Some(edition.sends), Some(edition.registry), edition.methods];
            if throttles.into_iter().flatten().any(|throttle| throttle.of(1).is_zero()) {
                Some(format!("edition `{name}` has a throttle of zero; expected one above zero"))
            } else if edition.method_block.0 == 0 || edition.meter_block.0 == 0 {
                Some(format!("edition `{name}` has a block of 0 B; expected one such as \"4 KB\""))
            } else if edition.units_max == 0 || edition.devices_max == 0 {
                Some(format!("edition `{name}` allows no units or no devices; expected at least one"))
            } else {
                None
            }
        })
    }

    /// Date of the figures.
    pub fn as_of(&self) -> String {
        self.as_of.to_string()
    }

    /// Names of the editions.
    pub fn names(&self) -> Vec<&str> {
        self.editions.keys().map(String::as_str).collect()
    }
}

/// Our own limits.
pub fn limits() -> Limits {
    Limits::parse(LIMITS).expect("our own limits are read by a test")
}

/// Our own price book.
pub fn prices() -> PriceSheet {
    PriceSheet::parse(PRICES).expect("our own price book is read by a test")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegionFile {
    regions: BTreeMap<String, RegionPlace>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegionPlace {
    latitude: f64,
    longitude: f64,
}

/// The regions and where they are.
pub fn regions() -> BTreeMap<String, Place> {
    let file: RegionFile = toml::from_str(REGIONS).expect("our own regions are read by a test");
    let place = |place: RegionPlace| Place { latitude: place.latitude, longitude: place.longitude };
    file.regions.into_iter().map(|(name, at)| (name, place(at))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Bytes, Rate};

    fn edition(name: &str) -> Edition {
        limits().editions[name].clone()
    }

    /// Worked examples of the quotas page (2023-02-09), and figures that follow from its table.
    #[test]
    fn connections_follow_the_published_examples() {
        let connects = |name: &str, units: u32| edition(name).connects.of(units).per_second();
        for (name, units, per_second) in [
            ("S1", 1, 100.0),
            ("S1", 8, 100.0),
            ("S1", 9, 108.0),
            ("S1", 200, 2_400.0),
            ("S2", 3, 360.0),
            ("S3", 2, 12_000.0),
        ] {
            assert!((connects(name, units) - per_second).abs() < 1e-9, "{name} x {units}");
        }
    }

    #[test]
    fn registry_and_twins_follow_the_table() {
        let per_minute = |name: &str| edition(name).registry.of(1).per_second() * 60.0;
        assert!((per_minute("S1") - 100.0).abs() < 1e-9 && (per_minute("S3") - 5_000.0).abs() < 1e-9);
        let reads = |name: &str, units: u32| edition(name).twin_reads.map(|t| t.of(units).per_second());
        assert_eq!((reads("S2", 1), reads("S2", 11), reads("S1", 200)), (Some(100.0), Some(110.0), Some(100.0)));
        assert_eq!(reads("B2", 1), None);
    }

    #[test]
    fn methods_are_limited_by_blocks_of_payload() {
        let calls = |kb: u64| edition("S1").method_rate(1, Bytes(kb * 1_024)).map(Rate::per_second);
        assert_eq!((calls(4), calls(5), calls(157)), (Some(40.0), Some(20.0), Some(1.0)));
        assert!(edition("B1").method_rate(1, Bytes::KB).is_none());
    }

    #[test]
    fn every_edition_has_a_price_and_every_region_a_place_on_earth() {
        let (limits, prices) = (limits(), prices());
        assert_eq!(limits.names(), ["B1", "B2", "B3", "F1", "S1", "S2", "S3"]);
        assert!(limits.editions.values().all(|edition| prices.price(&edition.unit_price, "westeurope").is_some()));
        assert_eq!(limits.as_of(), "2026-11-23");
        let regions = regions();
        assert!(
            regions.len() >= 25 && regions.values().all(|at| at.latitude.abs() < 90.0 && at.longitude.abs() < 180.0)
        );
    }

    #[test]
    fn mistakes_of_a_limits_file_have_a_place() {
        let error = Limits::parse("schema_version = 1\nas_off = 3\n").expect_err("a slip");
        assert_eq!(error.span, 19..25);
        let zero = LIMITS.replace("\"5000/min\"", "\"0/min\"");
        assert!(Limits::parse(&zero).expect_err("no registry").message.contains("throttle of zero"));
    }
}
