//! Prices by meter and region, each with its date and source.
//!
//! A sheet is read from the text of a price book. A user's own file may be as short as one price; it is laid over
//! the book. Amounts in two currencies are never mixed.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_spanned::Spanned;
use toml::value::Datetime;

use crate::units::{Money, Ratio};

/// The currency of the public price lists, which state others for reference only.
const CURRENCY: &str = "USD";

/// The month of the public price lists [h].
const HOURS_PER_MONTH: u32 = 730;

// Bounds of what a file may state, so that no product in a bill can overflow.
const HOURS_MAX: u32 = 1_000;
const QUANTITY_MAX: u64 = 1_000_000_000_000;
const AMOUNT_MAX: Money = Money::from_units(1_000_000_000);

/// The region of prices that hold everywhere.
const GLOBAL: &str = "global";

/// The region of prices whose source names none.
const UNSPECIFIED: &str = "unspecified";

/// A price book, or a user's own prices.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceSheet {
    as_of: Option<String>,
    currency: Option<String>,
    hours_per_month: Option<u32>,
    discount: Option<Ratio>,
    prices: BTreeMap<(String, String), Price>,
}

/// What a meter costs in a region.
#[derive(Debug, Clone, PartialEq)]
pub struct Price {
    /// Name of the meter, such as `iothub.s1.unit_month`.
    pub id: String,
    /// Region the price was read for; `global` holds everywhere, `unspecified` was not said.
    pub region: String,
    /// Amounts by quantity; the first is from 0 and most prices have no other.
    pub tiers: Vec<Tier>,
    /// Amounts that other sources give.
    pub alternatives: Vec<Money>,
    /// What the amounts are for.
    pub per: Per,
    /// Date the price was read.
    pub observed: Option<String>,
    /// How sure it is.
    pub confidence: Confidence,
    /// Where it was read.
    pub source: String,
    /// The meter's names in the public retail price feed.
    pub names: Option<Match>,
}

/// An amount that applies from a monthly quantity on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Tier {
    /// First quantity of a month that it applies to, in the unit of the price.
    pub from: u64,
    /// Amount for `per`.
    pub amount: Money,
}

/// What an amount is for: "1,000 operations".
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Per {
    /// How many units; not zero.
    pub quantity: u64,
    /// The unit; one that ends in `-second`, `-hour`, `-day` or `-month` is metered in time.
    pub unit: String,
}

impl Per {
    /// Whether it is capacity, paid for by the hour or longer whether used or not.
    pub fn is_capacity(&self) -> bool {
        ["-hour", "-day", "-month"].iter().any(|suffix| self.unit.ends_with(suffix))
    }

    /// Unit-microseconds in one unit; nothing for a counted unit.
    pub fn unit_micros(&self, hours_per_month: u32) -> Option<u128> {
        const SECOND: u128 = 1_000_000;
        match self.unit.rsplit_once('-')?.1 {
            "second" => Some(SECOND),
            "hour" => Some(3_600 * SECOND),
            "day" => Some(86_400 * SECOND),
            "month" => Some(u128::from(hours_per_month) * 3_600 * SECOND),
            _ => None,
        }
    }
}

/// How sure a price is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Read in a recorded output of the price feed, or stated by the user.
    #[default]
    Confirmed,
    /// A ratio read in another currency, anchored on a confirmed price.
    Ratio,
    /// Sources disagree; the others are the alternatives.
    Conflict,
}

/// Names of a meter in the public retail price feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// `serviceName`.
    pub service_name: String,
    /// `skuName`.
    pub sku_name: String,
    /// What `meterName` ends in.
    pub meter_name_suffix: String,
}

/// What is wrong with a price file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceError {
    /// Bytes of the text, where the reader knows them.
    pub span: Option<Range<usize>>,
    /// What is wrong.
    pub kind: PriceErrorKind,
}

/// What can be wrong with a price file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriceErrorKind {
    /// Not the shape of a price file: a slip of syntax, an unknown key, a wrong type.
    Shape(String),
    /// A format that this version does not read.
    Version(u32),
    /// A currency that is no ISO 4217 code.
    Currency(String),
    /// A month of no hours, or of too many.
    Hours(u32),
    /// An empty or padded name.
    Name(String),
    /// An amount below zero.
    Negative(Money),
    /// An amount beyond any price.
    TooMuch(Money),
    /// A price for no units, or for too many.
    Quantity(u64),
    /// One id twice in one region.
    Duplicate {
        /// The id.
        id: String,
        /// The region.
        region: String,
    },
    /// Neither `amount` nor `tiers`, or both.
    AmountOrTiers(String),
    /// Tiers that do not start at 0, or do not grow.
    TierOrder,
}

impl fmt::Display for PriceErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(message) => f.write_str(message),
            Self::Version(found) => write!(f, "unknown schema_version {found}; expected 1"),
            Self::Currency(found) => write!(f, "{found:?} is no currency; expected three capitals, such as \"USD\""),
            Self::Hours(found) => {
                write!(f, "a month of {found} h; expected hours_per_month from 1 to {HOURS_MAX}, such as 730")
            }
            Self::Name(found) => {
                write!(f, "{found:?} is no name; expected a word without spaces, such as \"westeurope\"")
            }
            Self::Negative(found) => write!(f, "the amount {found} is negative; expected 0 or more"),
            Self::TooMuch(found) => write!(f, "the amount {found} is too large; expected at most {AMOUNT_MAX}"),
            Self::Quantity(found) => {
                write!(f, "a price for {found} units; expected a quantity from 1 to {QUANTITY_MAX}")
            }
            Self::Duplicate { id, region } => {
                write!(f, "{id:?} has a second price in {region:?}; expected one price for an id in a region")
            }
            Self::AmountOrTiers(id) => write!(f, "{id:?} needs one of `amount` and `tiers`, not both"),
            Self::TierOrder => {
                f.write_str("tiers out of order; expected the first from 0 and each next from a larger quantity")
            }
        }
    }
}

impl fmt::Display for PriceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl std::error::Error for PriceError {}

impl PriceErrorKind {
    fn at(self, span: Range<usize>) -> PriceError {
        PriceError { span: Some(span), kind: self }
    }
}

impl PriceSheet {
    /// Reads the text of a price file.
    pub fn parse(text: &str) -> Result<Self, PriceError> {
        let file: File = toml::from_str(text).map_err(|error| PriceError {
            span: error.span(),
            kind: PriceErrorKind::Shape(error.message().to_owned()),
        })?;
        check_head(&file)?;
        let mut prices = BTreeMap::new();
        for entry in file.price {
            let span = entry.id.span();
            let price = entry.into_price()?;
            let key = (price.id.clone(), price.region.clone());
            if prices.contains_key(&key) {
                return Err(PriceErrorKind::Duplicate { id: key.0, region: key.1 }.at(span));
            }
            prices.insert(key, price);
        }
        Ok(Self {
            as_of: file.as_of.map(|date| date.to_string()),
            currency: file.currency.map(Spanned::into_inner),
            hours_per_month: file.hours_per_month.map(Spanned::into_inner),
            discount: file.discount,
            prices,
        })
    }

    /// The price of a meter in a region: of that region, else global, else of another region.
    ///
    /// Another region is the unnamed one or the first by name; [`Price::holds_in`] tells, and a bill advises.
    pub fn price(&self, id: &str, region: &str) -> Option<&Price> {
        let exact = |region: &str| self.prices.get(&(id.to_owned(), region.to_owned()));
        let any = || self.prices_of(id).next();
        exact(region).or_else(|| exact(GLOBAL)).or_else(|| exact(UNSPECIFIED)).or_else(any)
    }

    /// Every price of a meter, by region.
    pub fn prices_of<'s, 'i>(&'s self, id: &'i str) -> impl Iterator<Item = &'s Price> + use<'s, 'i> {
        self.prices.range((id.to_owned(), String::new())..).take_while(move |((key, _), _)| key == id).map(|(_, p)| p)
    }

    /// Every price, by id and region.
    pub fn prices(&self) -> impl Iterator<Item = &Price> {
        self.prices.values()
    }

    /// Hours that a month is billed as [h]; 730 unless the file says otherwise.
    pub fn hours_per_month(&self) -> u32 {
        self.hours_per_month.unwrap_or(HOURS_PER_MONTH)
    }

    /// Share taken off every line; none unless a file says so.
    pub fn discount(&self) -> Ratio {
        self.discount.unwrap_or(Ratio::ZERO)
    }

    /// ISO 4217 code of the currency of every amount; USD unless the file says otherwise.
    pub fn currency(&self) -> &str {
        self.currency.as_deref().unwrap_or(CURRENCY)
    }

    /// Date the book was compiled.
    pub fn as_of(&self) -> Option<&str> {
        self.as_of.as_deref()
    }

    /// Lays a user's own file over this sheet: what it says counts, what it does not say stays.
    ///
    /// A price without a region replaces those of every region. A file in another currency drops all prices of this
    /// sheet, since amounts cannot be mixed; a bill then names what is missing.
    pub fn overlay(&mut self, other: Self) {
        // Prices in a file that names no currency are in the currency of this sheet.
        if other.currency.as_deref().is_some_and(|currency| currency != self.currency()) {
            self.prices.clear();
        }
        self.currency = other.currency.or(self.currency.take());
        self.as_of = other.as_of.or(self.as_of.take());
        self.hours_per_month = other.hours_per_month.or(self.hours_per_month);
        self.discount = other.discount.or(self.discount);
        let everywhere = other.prices.values().filter(|price| price.region == GLOBAL);
        for price in everywhere {
            self.prices.retain(|(id, _), _| *id != price.id);
        }
        self.prices.extend(other.prices);
    }

    /// Takes another source's amount for a price whose sources disagree; `false` when there is none at this index.
    pub fn choose_alternative(&mut self, id: &str, index: usize) -> bool {
        let mut chosen = false;
        for price in self.prices.values_mut().filter(|price| price.id == id) {
            if let (Some(other), [tier]) = (price.alternatives.get_mut(index), price.tiers.as_mut_slice()) {
                std::mem::swap(other, &mut tier.amount);
                chosen = true;
            }
        }
        chosen
    }

    /// The sheet as the text of a price file, entries in order; reads back equal.
    pub fn to_toml(&self) -> String {
        toml::to_string(&Written::from(self)).expect("a price sheet is a plain table")
    }
}

impl Price {
    /// Whether the price was read for this region, or for all.
    pub fn holds_in(&self, region: &str) -> bool {
        self.region == region || self.region == GLOBAL
    }
}

/// The JSON Schema (draft-07) of a price file. A committed copy is `docs/prices.schema.json`.
pub fn schema() -> serde_json::Value {
    SchemaSettings::draft07().into_generator().into_root_schema_for::<File>().to_value()
}

/// Prices of the services: a whole book, or a user's own that are laid over one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct File {
    /// Version of this format: 1.
    #[schemars(with = "Option<u32>")]
    schema_version: Option<Spanned<u32>>,
    /// Date on which the file was compiled.
    #[schemars(with = "Option<String>")]
    as_of: Option<Datetime>,
    /// Currency of every amount. Default "USD".
    #[schemars(with = "Option<String>")]
    currency: Option<Spanned<String>>,
    /// Hours that are billed as a month [h]. Default 730.
    #[schemars(with = "Option<u32>")]
    hours_per_month: Option<Spanned<u32>>,
    /// Share taken off every amount [1]. Default 0.
    discount: Option<Ratio>,
    /// The prices.
    #[serde(default)]
    price: Vec<FileEntry>,
}

/// What a meter costs in a region.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FileEntry {
    /// Name of the meter, such as `iothub.s1.unit_month`.
    #[schemars(with = "String")]
    id: Spanned<String>,
    /// Region that it was read for; "global" holds everywhere. Default "unspecified".
    #[schemars(with = "Option<String>")]
    region: Option<Spanned<String>>,
    /// Amount for `per`, as text that stays exact, such as "25.00"; this or `tiers`.
    #[schemars(with = "Option<String>")]
    amount: Option<Spanned<Money>>,
    /// Amounts by the quantity of a month; these or `amount`.
    #[schemars(with = "Option<Vec<FileTier>>")]
    tiers: Option<Spanned<Vec<FileTier>>>,
    /// Amounts of other sources, where sources disagree.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    alternatives: Vec<Spanned<Money>>,
    /// What the amount is for.
    per: FilePer,
    /// Date on which it was read.
    #[schemars(with = "Option<String>")]
    observed: Option<Datetime>,
    /// How sure it is. Default "confirmed".
    #[serde(default)]
    confidence: Confidence,
    /// Where it was read.
    #[serde(default)]
    source: String,
    /// Its names in the public retail price feed.
    #[serde(rename = "match")]
    names: Option<Match>,
}

/// An amount from a quantity on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FileTier {
    /// First quantity of a month that it applies to, in the unit of the price.
    from: u64,
    /// Amount for `per`, as text that stays exact.
    #[schemars(with = "String")]
    amount: Spanned<Money>,
}

/// What an amount is for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FilePer {
    /// How many units; not zero.
    #[schemars(with = "u64")]
    quantity: Spanned<u64>,
    /// The unit; one that ends in -second, -hour, -day or -month is metered in time.
    #[schemars(with = "String")]
    unit: Spanned<String>,
}

/// The rules of the keys above the prices.
fn check_head(file: &File) -> Result<(), PriceError> {
    if let Some(version) = file.schema_version.as_ref().filter(|version| *version.get_ref() != 1) {
        return Err(PriceErrorKind::Version(*version.get_ref()).at(version.span()));
    }
    let is_code = |code: &str| code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
    if let Some(code) = file.currency.as_ref().filter(|code| !is_code(code.get_ref())) {
        return Err(PriceErrorKind::Currency(code.get_ref().clone()).at(code.span()));
    }
    match &file.hours_per_month {
        Some(hours) if !(1..=HOURS_MAX).contains(hours.get_ref()) => {
            Err(PriceErrorKind::Hours(*hours.get_ref()).at(hours.span()))
        }
        _ => Ok(()),
    }
}

impl FileEntry {
    fn into_price(self) -> Result<Price, PriceError> {
        let tiers = tiers(&self.id, self.amount, self.tiers)?;
        let quantity = *self.per.quantity.get_ref();
        if !(1..=QUANTITY_MAX).contains(&quantity) {
            return Err(PriceErrorKind::Quantity(quantity).at(self.per.quantity.span()));
        }
        Ok(Price {
            id: name(self.id)?,
            region: self.region.map_or_else(|| Ok(GLOBAL.to_owned()), name)?,
            tiers,
            alternatives: self.alternatives.into_iter().map(sane).collect::<Result<_, _>>()?,
            per: Per { quantity, unit: name(self.per.unit)? },
            observed: self.observed.map(|date| date.to_string()),
            confidence: self.confidence,
            source: self.source,
            names: self.names,
        })
    }
}

/// A word that can be compared: not empty, no white space.
fn name(text: Spanned<String>) -> Result<String, PriceError> {
    let span = text.span();
    let word = text.into_inner();
    let usable = !word.is_empty() && !word.contains(char::is_whitespace);
    if usable { Ok(word) } else { Err(PriceErrorKind::Name(word).at(span)) }
}

/// An amount that a price can have.
fn sane(amount: Spanned<Money>) -> Result<Money, PriceError> {
    let span = amount.span();
    match amount.into_inner() {
        amount if amount.is_negative() => Err(PriceErrorKind::Negative(amount).at(span)),
        amount if amount > AMOUNT_MAX => Err(PriceErrorKind::TooMuch(amount).at(span)),
        amount => Ok(amount),
    }
}

/// One amount is one tier from 0.
fn tiers(
    id: &Spanned<String>,
    amount: Option<Spanned<Money>>,
    tiers: Option<Spanned<Vec<FileTier>>>,
) -> Result<Vec<Tier>, PriceError> {
    match (amount, tiers) {
        (Some(amount), None) => Ok(vec![Tier { from: 0, amount: sane(amount)? }]),
        (None, Some(tiers)) => ordered(tiers),
        _ => Err(PriceErrorKind::AmountOrTiers(id.get_ref().clone()).at(id.span())),
    }
}

fn ordered(tiers: Spanned<Vec<FileTier>>) -> Result<Vec<Tier>, PriceError> {
    let span = tiers.span();
    let read = |tier: FileTier| Ok(Tier { from: tier.from, amount: sane(tier.amount)? });
    let tiers: Vec<Tier> = tiers.into_inner().into_iter().map(read).collect::<Result<_, _>>()?;
    let grows = tiers.is_sorted_by(|a, b| a.from < b.from) && tiers.first().is_some_and(|tier| tier.from == 0);
    if grows { Ok(tiers) } else { Err(PriceErrorKind::TierOrder.at(span)) }
}

/// A sheet as it is written.
#[derive(Serialize)]
struct Written<'a> {
    schema_version: u32,
    as_of: Option<Datetime>,
    currency: &'a str,
    hours_per_month: u32,
    discount: Option<Ratio>,
    price: Vec<WrittenEntry<'a>>,
}

#[derive(Serialize)]
struct WrittenEntry<'a> {
    id: &'a str,
    region: &'a str,
    amount: Option<Money>,
    tiers: Option<&'a [Tier]>,
    alternatives: &'a [Money],
    per: &'a Per,
    observed: Option<Datetime>,
    confidence: Confidence,
    source: &'a str,
    #[serde(rename = "match")]
    names: Option<&'a Match>,
}

impl<'a> From<&'a PriceSheet> for Written<'a> {
    fn from(sheet: &'a PriceSheet) -> Self {
        Self {
            schema_version: 1,
            as_of: date(sheet.as_of.as_deref()),
            currency: sheet.currency(),
            hours_per_month: sheet.hours_per_month(),
            discount: sheet.discount,
            price: sheet.prices().map(WrittenEntry::from).collect(),
        }
    }
}

impl<'a> From<&'a Price> for WrittenEntry<'a> {
    fn from(price: &'a Price) -> Self {
        let amount = if let [only] = price.tiers.as_slice() { Some(only.amount) } else { None };
        Self {
            id: &price.id,
            region: &price.region,
            amount,
            tiers: amount.is_none().then_some(&price.tiers),
            alternatives: &price.alternatives,
            per: &price.per,
            observed: date(price.observed.as_deref()),
            confidence: price.confidence,
            source: &price.source,
            names: price.names.as_ref(),
        }
    }
}

fn date(text: Option<&str>) -> Option<Datetime> {
    text.map(|text| text.parse().expect("a date that was read is written"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOK: &str = include_str!("../../scenarios/catalog/prices-azure-2026-11.toml");

    fn book() -> PriceSheet {
        PriceSheet::parse(BOOK).expect("our own price book")
    }

    /// One price with these keys changed or added.
    fn sheet(keys: &str) -> Result<PriceSheet, PriceError> {
        PriceSheet::parse(&format!("[[price]]\nid = \"a\"\n{keys}\n"))
    }

    /// The bytes of the text that an error points at, and its message.
    fn mistake(text: &str) -> (String, String) {
        let error = PriceSheet::parse(text).expect_err(text);
        let place = error.span.clone().map(|span| text[span].to_owned()).unwrap_or_default();
        (place, error.to_string())
    }

    #[test]
    fn our_book_is_read_whole() {
        let book = book();
        assert_eq!((book.currency(), book.hours_per_month(), book.as_of()), ("USD", 730, Some("2026-11-23")));
        assert_eq!(book.prices().count(), BOOK.matches("[[price]]").count());
        let s1 = book.price("iothub.s1.unit_month", "westeurope").expect("S1");
        assert_eq!(s1.tiers, [Tier { from: 0, amount: Money::from_units(25) }]);
        assert_eq!(s1.confidence, Confidence::Confirmed);
        assert!(book.prices().all(|price| !price.source.is_empty() && price.observed.is_some()));
    }

    #[test]
    fn a_sheet_reads_back_as_written() {
        let mut book = book();
        assert_eq!(PriceSheet::parse(&book.to_toml()), Ok(book.clone()));
        book.overlay(PriceSheet::parse("discount = \"12.5 %\"").expect("a discount"));
        assert_eq!(PriceSheet::parse(&book.to_toml()), Ok(book));
    }

    #[test]
    fn a_region_falls_back_to_global_then_to_another() {
        let book = book();
        let region = |id: &str, region: &str| book.price(id, region).map(|price| price.region.as_str());
        assert_eq!(region("iothub.s1.unit_month", "westeurope"), Some("westeurope"));
        assert_eq!(region("iothub.s1.unit_month", "eastus"), Some("westeurope"));
        assert_eq!(region("trafficmanager.dns_queries_1m", "eastus"), Some("global"));
        assert_eq!(region("dps.operations_1k", "eastus"), Some("unspecified"));
        assert_eq!(region("iothub.s9.unit_month", "eastus"), None);
        assert!(!book.price("iothub.s1.unit_month", "eastus").expect("S1").holds_in("eastus"));
    }

    #[test]
    fn a_users_file_counts_where_it_says_something() {
        let mut book = book();
        let own = "[[price]]\nid = \"iothub.s1.unit_month\"\namount = \"$20\"\nper = { quantity = 1, unit = \"unit-month\" }\n\
                   [[price]]\nid = \"iothub.s2.unit_month\"\nregion = \"eastus\"\namount = \"240\"\nper = { quantity = 1, unit = \"unit-month\" }";
        book.overlay(PriceSheet::parse(own).expect("a short file"));
        let amount = |id: &str, region: &str| book.price(id, region).map(|price| price.tiers[0].amount);
        assert_eq!(amount("iothub.s1.unit_month", "westeurope"), Some(Money::from_units(20)));
        assert_eq!(amount("iothub.s2.unit_month", "westeurope"), Some(Money::from_units(250)));
        assert_eq!(amount("iothub.s2.unit_month", "eastus"), Some(Money::from_units(240)));
        assert_eq!(book.hours_per_month(), 730);
    }

    #[test]
    fn currencies_are_never_mixed() {
        let mut book = book();
        let own = "currency = \"EUR\"\n[[price]]\nid = \"a\"\namount = \"1\"\nper = { quantity = 1, unit = \"x\" }";
        book.overlay(PriceSheet::parse(own).expect("a file in euro"));
        assert_eq!((book.currency(), book.prices().count()), ("EUR", 1));
        book.overlay(PriceSheet::parse("discount = 0.1").expect("a discount"));
        assert_eq!((book.currency(), book.prices().count()), ("EUR", 1));
    }

    #[test]
    fn another_sources_amount_can_be_chosen() {
        let mut book = book();
        assert!(book.choose_alternative("dps.operations_1k", 0));
        assert_eq!(book.price("dps.operations_1k", "x").map(|p| p.tiers[0].amount), "0.10".parse().ok());
        assert!(!book.choose_alternative("dps.operations_1k", 1));
        assert!(!book.choose_alternative("iothub.s1.unit_month", 0));
    }

    #[test]
    fn every_mistake_has_its_place() {
        let per = "per = { quantity = 1, unit = \"x\" }";
        let price = |keys: &str| mistake(&format!("[[price]]\nid = \"a\"\n{keys}\n"));
        assert_eq!(price(&format!("amount = \"-1\"\n{per}")).0, "\"-1\"");
        assert_eq!(price("amount = \"1\"\nper = { quantity = 0, unit = \"x\" }").0, "0");
        assert_eq!(
            price("amount = \"1\"\nper = { quantity = 9_000_000_000_000, unit = \"x\" }").0,
            "9_000_000_000_000"
        );
        assert!(price(&format!("amount = \"1e9\"\n{per}")).1.contains("not understood"));
        assert!(price(&format!("amount = \"2_000_000_000\"\n{per}")).1.contains("at most 1000000000.00"));
        assert_eq!(price(&format!("amount = 1.5\n{per}")).0, "1.5");
        assert!(price(&format!("amount = 1.5\n{per}")).1.contains("found the number 1.5"));
        assert_eq!(price(per).0, "\"a\"");
        assert_eq!(price(&format!("amount = \"1\"\namuont = 1\n{per}")).0, "amuont");
        assert_eq!(price(&format!("amount = \"1\"\nregion = \"west europe\"\n{per}")).0, "\"west europe\"");
        assert_eq!(price(&format!("amount = \"1\"\nalternatives = [\"1\", \"-2\"]\n{per}")).0, "\"-2\"");
        let tiers = "tiers = [{ from = 1, amount = \"1\" }]";
        assert!(price(&format!("{tiers}\n{per}")).1.contains("out of order"));
        assert_eq!(mistake("currency = \"usd\"").0, "\"usd\"");
        assert_eq!(mistake("schema_version = 2").1, "unknown schema_version 2; expected 1");
        assert_eq!(mistake("hours_per_month = 0").0, "0");
        let twice = format!("amount = \"1\"\n{per}\n[[price]]\nid = \"a\"\namount = \"2\"\n{per}");
        assert!(price(&twice).1.contains("second price in \"global\""));
    }

    #[test]
    fn units_of_time_are_known_by_their_last_word() {
        let micros = |unit: &str| Per { quantity: 1, unit: unit.to_owned() }.unit_micros(730);
        assert_eq!(micros("unit-month"), Some(730 * 3_600_000_000));
        assert_eq!(micros("100ru-hour"), Some(3_600_000_000));
        assert_eq!(micros("gb-second"), Some(1_000_000));
        assert_eq!((micros("operation"), micros("gb")), (None, None));
        let capacity = |unit: &str| Per { quantity: 1, unit: unit.to_owned() }.is_capacity();
        assert!(capacity("unit-month") && capacity("node-hour") && !capacity("gb-second") && !capacity("event"));
        assert!(sheet("amount = \"1\"\nper = { quantity = 1, unit = \"x\" }").is_ok());
    }
}
