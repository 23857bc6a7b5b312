//! The section `[catalog]`, and tables of prices.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::defaults::one;
use crate::units::Ratio;

/// The name of the catalogues that are part of the program.
pub const CATALOG: &str = "azure-2026-11";

fn catalog_name() -> String {
    CATALOG.to_owned()
}

/// Limits and prices: dated data, named or by path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Catalog {
    /// Service limits: a name, or the path of a TOML file relative to this one. Default azure-2026-11.
    pub limits: String,
    /// Price book: a name, or the path of a TOML file relative to this one. Default azure-2026-11.
    pub prices: String,
    /// Path of your own prices, laid over the price book. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_prices: Option<String>,
    /// Share taken off every line of the bill. Default: what the price files say, else none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount: Option<Ratio>,
    /// Prices whose sources disagree, for which the other source's amount is taken, such as `"dps.operations_1k"`.
    /// Default: none.
    pub other_sources: Vec<String>,
}

impl Default for Catalog {
    fn default() -> Self {
        Self {
            limits: catalog_name(),
            prices: catalog_name(),
            own_prices: None,
            discount: None,
            other_sources: Vec::new(),
        }
    }
}

/// Something that is paid for while it exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceTable {
    /// Name in the price book, such as `"functions.ep1.instance_month"`; its unit must be time.
    pub name: String,
    /// How many. Default 1.
    #[serde(default = "one")]
    pub quantity: u32,
}
