//! Priced lines that sum exactly to their total.
//!
//! Each line is rounded once, half to even at 1e-9; totals are sums of lines and are checked when the bill is made
//! and again by [`Bill::check`]. A meter without a usable price is named, never counted as free.
//!
//! Capacity is billed by the microsecond. Public sources do not say how a hub that changes within a month is
//! prorated, so this is an assumption; by the day would be the coarsest alternative.

use std::collections::BTreeMap;
use std::fmt;

use super::per_device::attribute;
use super::price_sheet::{Confidence, Price, PriceSheet};
use crate::metrics::usage::{Component, Quantity, Usage, UsageKey};
use crate::units::{Money, SimDuration};

/// Denominator of a discount: a share is taken to nine decimals.
const DISCOUNT_STEPS: i128 = 1_000_000_000;

/// What a run cost, in the currency of its price sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct Bill {
    /// Priced lines, in the order of the usage.
    pub lines: Vec<Line>,
    /// Sum of the lines.
    pub total: Money,
    /// Usage that could not be priced.
    pub missing: Vec<Missing>,
    /// What a reader should know of the prices; each said once.
    pub advice: Vec<Advice>,
}

/// One priced meter.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What the cost is for.
    pub component: Component,
    /// Index of the stamp; nothing for what all stamps share.
    pub stamp: Option<u16>,
    /// Id of the price.
    pub meter: String,
    /// Usage in the unit of the price, for display.
    pub quantity: f64,
    /// The unit of the quantity.
    pub unit: String,
    /// List amount for `per` units; of the first tier where there are several.
    pub unit_price: Money,
    /// Units that the list amount is for [1].
    pub per: u64,
    /// Whether capacity is paid for over time, used or not.
    pub fixed: bool,
    /// What the line costs, after the discount.
    pub amount: Money,
}

/// Usage that has no price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Whose usage it is.
    pub key: UsageKey,
    /// Region that was asked for.
    pub region: String,
    /// Why it has no price.
    pub reason: Reason,
}

/// Why usage has no price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The sheet does not have the meter.
    NoPrice,
    /// The price is for another kind of unit: time for a count, or the other way round.
    WrongUnit {
        /// Unit of the price.
        unit: String,
    },
}

/// What a reader should know of a price that was used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Advice {
    /// The price of another region stood in.
    OtherRegion {
        /// Id of the price.
        meter: String,
        /// Region that was asked for.
        asked: String,
        /// Region of the price.
        used: String,
    },
    /// Sources of the price disagree.
    Conflict {
        /// Id of the price.
        meter: String,
        /// The amount that was used.
        used: Money,
        /// What other sources say.
        alternatives: Vec<Money>,
    },
}

impl Line {
    /// Whether it is what a stamp costs whether it is full or not; a feature is paid for by its devices.
    pub fn is_capacity_of_stamp(&self) -> bool {
        self.fixed && self.stamp.is_some() && self.component != Component::Feature
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, region, reason } = self;
        match reason {
            Reason::NoPrice => write!(f, "no price for {} (asked for {region}); it is not in the bill", key.meter),
            Reason::WrongUnit { unit } => {
                write!(
                    f,
                    "the price of {} is for the unit {unit:?}, which does not fit its usage; it is not in the bill",
                    key.meter
                )
            }
        }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherRegion { meter, asked, used } => {
                write!(f, "no price of {meter} for {asked}; the one for {used} was used")
            }
            Self::Conflict { meter, used, alternatives } => {
                let others: Vec<_> = alternatives.iter().map(Money::to_string).collect();
                write!(f, "sources disagree on {meter}: {used} was used, others say {}", others.join(", "))
            }
        }
    }
}

impl Bill {
    /// Prices the usage of a run of this length; `region_of` tells the region of a stamp, or of what is shared.
    ///
    /// Tiers apply to the use of a month: their bounds are taken in proportion to the length of the run, over all
    /// stamps together.
    pub fn new<'r>(
        usage: &Usage,
        sheet: &PriceSheet,
        length: SimDuration,
        region_of: impl Fn(Option<u16>) -> &'r str,
    ) -> Self {
        let mut bill = Self { lines: Vec::new(), total: Money::ZERO, missing: Vec::new(), advice: Vec::new() };
        let priced = bill.look_up(usage, sheet, region_of);
        let totals = totals(&priced);
        let pricing = Pricing { sheet, length, totals };
        bill.lines = priced.iter().map(|(key, quantity, price)| pricing.line(key, *quantity, price)).collect();
        bill.total = bill.lines.iter().map(|line| line.amount).sum();
        bill.advice.sort();
        bill.advice.dedup();
        bill.check();
        bill
    }

    /// Pairs usage with prices and keeps what is to be said of them.
    fn look_up<'a, 'r>(
        &mut self,
        usage: &'a Usage,
        sheet: &'a PriceSheet,
        region_of: impl Fn(Option<u16>) -> &'r str,
    ) -> Vec<Priced<'a>> {
        let mut priced = Vec::new();
        for (key, quantity) in usage.iter() {
            let region = region_of(key.stamp);
            match usable(sheet, key, quantity, region) {
                Ok(price) => {
                    self.advise(price, region);
                    priced.push((key, quantity, price));
                }
                Err(reason) => self.missing.push(Missing { key: key.clone(), region: region.to_owned(), reason }),
            }
        }
        priced
    }

    fn advise(&mut self, price: &Price, asked: &str) {
        let meter = || price.id.clone();
        if !price.holds_in(asked) {
            let used = price.region.clone();
            self.advice.push(Advice::OtherRegion { meter: meter(), asked: asked.to_owned(), used });
        }
        if price.confidence == Confidence::Conflict {
            let alternatives = price.alternatives.clone();
            self.advice.push(Advice::Conflict { meter: meter(), used: price.tiers[0].amount, alternatives });
        }
    }

    /// Checks that lines, components and stamps each sum to the total.
    ///
    /// # Panics
    /// When they do not, which is a mistake of this program.
    pub fn check(&self) {
        assert!(self.lines.iter().all(|line| !line.amount.is_negative()), "no line of a bill is negative");
        assert_eq!(self.lines.iter().map(|line| line.amount).sum::<Money>(), self.total, "lines sum to the total");
        assert_eq!(self.by_component().values().sum::<Money>(), self.total, "components sum to the total");
        assert_eq!(self.fixed() + self.variable(), self.total, "fixed and usage parts sum to the total");
    }

    /// The part of each component.
    pub fn by_component(&self) -> BTreeMap<Component, Money> {
        self.sums(|line| line.component)
    }

    /// The part of each component under its word; features each under their own meter, such as `feature-video`.
    pub fn by_label(&self) -> BTreeMap<&str, Money> {
        let mut sums = BTreeMap::new();
        for line in &self.lines {
            let own = line.component == Component::Feature;
            *sums.entry(if own { line.meter.as_str() } else { line.component.as_str() }).or_default() += line.amount;
        }
        assert_eq!(sums.values().sum::<Money>(), self.total, "components and features sum to the total");
        sums
    }

    /// The part of each stamp; under nothing what they share.
    pub fn by_stamp(&self) -> BTreeMap<Option<u16>, Money> {
        self.sums(|line| line.stamp)
    }

    /// The cost of every stamp with its share of what is shared, by weights such as device-microseconds.
    ///
    /// # Panics
    /// When a line is of a stamp without a weight, or there is no weight at all.
    pub fn by_stamp_shared(&self, weights: &[u128]) -> Vec<Money> {
        let own = self.by_stamp();
        let mut stamps = attribute(own.get(&None).copied().unwrap_or_default(), weights);
        for (stamp, amount) in own.iter().filter_map(|(stamp, amount)| Some((stamp.as_ref()?, amount))) {
            stamps[usize::from(*stamp)] += *amount;
        }
        assert_eq!(stamps.iter().sum::<Money>(), self.total, "stamps sum to the total");
        stamps
    }

    /// What capacity costs over time, used or not.
    pub fn fixed(&self) -> Money {
        self.lines.iter().filter(|line| line.fixed).map(|line| line.amount).sum()
    }

    /// What operations cost.
    pub fn variable(&self) -> Money {
        self.lines.iter().filter(|line| !line.fixed).map(|line| line.amount).sum()
    }

    fn sums<K: Ord>(&self, key: impl Fn(&Line) -> K) -> BTreeMap<K, Money> {
        let mut sums = BTreeMap::new();
        for line in &self.lines {
            *sums.entry(key(line)).or_default() += line.amount;
        }
        sums
    }
}

/// Usage with its price.
type Priced<'a> = (&'a UsageKey, Quantity, &'a Price);

/// The price of a meter, when it is of the kind of the usage.
fn usable<'a>(sheet: &'a PriceSheet, key: &UsageKey, quantity: Quantity, region: &str) -> Result<&'a Price, Reason> {
    let price = sheet.price(&key.meter, region).ok_or(Reason::NoPrice)?;
    let timed = price.per.unit_micros(sheet.hours_per_month()).is_some();
    let fits = timed == matches!(quantity, Quantity::UnitMicros(_));
    if fits { Ok(price) } else { Err(Reason::WrongUnit { unit: price.per.unit.clone() }) }
}

/// Usage of each price over all lines, which decides its tiers.
fn totals<'a>(priced: &[Priced<'a>]) -> BTreeMap<(&'a str, &'a str), u128> {
    let mut totals = BTreeMap::new();
    for (_, quantity, price) in priced {
        *totals.entry((price.id.as_str(), price.region.as_str())).or_default() += quantity.amount();
    }
    totals
}

/// What all lines of one bill are priced by.
struct Pricing<'a> {
    sheet: &'a PriceSheet,
    length: SimDuration,
    totals: BTreeMap<(&'a str, &'a str), u128>,
}

impl Pricing<'_> {
    fn line(&self, key: &UsageKey, quantity: Quantity, price: &Price) -> Line {
        Line {
            component: key.component,
            stamp: key.stamp,
            meter: key.meter.clone(),
            quantity: quantity.amount() as f64 / self.steps(price) as f64,
            unit: price.per.unit.clone(),
            unit_price: price.tiers[0].amount,
            per: price.per.quantity,
            fixed: price.per.is_capacity(),
            amount: self.amount(quantity.amount(), price),
        }
    }

    /// Steps of the metered integer in one unit of the price: unit-microseconds of a unit, or 1.
    fn steps(&self, price: &Price) -> u128 {
        price.per.unit_micros(self.sheet.hours_per_month()).unwrap_or(1)
    }

    /// The amount of a line, rounded once (with tiers, also at each tier): list amount x quantity / (quantity of the price) x (1 - discount).
    fn amount(&self, quantity: u128, price: &Price) -> Money {
        let per = integer(self.steps(price) * u128::from(price.per.quantity));
        match price.tiers.as_slice() {
            [only] => self.discounted(only.amount, integer(quantity), per),
            _ => self.tiered(quantity, price),
        }
    }

    /// A line's share, by quantity, of what all lines of the price cost together.
    fn tiered(&self, quantity: u128, price: &Price) -> Money {
        let total = self.totals[&(price.id.as_str(), price.region.as_str())];
        if total == 0 {
            return Money::ZERO;
        }
        let month = u128::from(self.sheet.hours_per_month()) * u128::from(SimDuration::HOUR.0);
        let per = integer(self.steps(price) * u128::from(price.per.quantity));
        let all: Money = self
            .tier_quantities(total, price, month)
            .map(|(amount, scaled)| amount.times_ratio(integer(scaled), product(per, integer(month))))
            .sum();
        self.discounted(all, integer(quantity), integer(total))
    }

    /// Amount and quantity x month [us] of each tier: the bounds of a month, in proportion to the run, kept integer.
    fn tier_quantities(&self, total: u128, price: &Price, month: u128) -> impl Iterator<Item = (Money, u128)> {
        // A bound beyond 128 bits is beyond any usage, so it may saturate.
        let scale = self.steps(price) * u128::from(self.length.0);
        let used = times(total, month);
        let bounds = price.tiers.iter().map(move |tier| u128::from(tier.from).saturating_mul(scale));
        let ends = bounds.clone().skip(1).chain([u128::MAX]);
        price
            .tiers
            .iter()
            .zip(bounds.zip(ends))
            .map(move |(tier, (from, end))| (tier.amount, used.min(end).saturating_sub(from)))
    }

    fn discounted(&self, amount: Money, numerator: i128, denominator: i128) -> Money {
        let off = (self.sheet.discount().get() * DISCOUNT_STEPS as f64).round() as i128;
        if off == 0 {
            return amount.times_ratio(numerator, denominator);
        }
        amount.times_ratio(product(numerator, DISCOUNT_STEPS - off), product(denominator, DISCOUNT_STEPS))
    }
}

// Ten million units over a century are 3e22 unit-microseconds; with the factors here that is below 2^127.
const BEYOND: &str = "usage stays far below 2^127";

fn integer(value: u128) -> i128 {
    i128::try_from(value).expect(BEYOND)
}

fn product(a: i128, b: i128) -> i128 {
    a.checked_mul(b).expect(BEYOND)
}

fn times(a: u128, b: u128) -> u128 {
    a.checked_mul(b).expect(BEYOND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BOOK: &str = include_str!("../../scenarios/catalog/prices-azure-2026-11.toml");
    const MONTH: SimDuration = SimDuration(730 * SimDuration::HOUR.0);

    fn book() -> PriceSheet {
        PriceSheet::parse(BOOK).expect("our own price book")
    }

    fn money(text: &str) -> Money {
        text.parse().expect(text)
    }

    fn priced(usage: &Usage, sheet: &PriceSheet) -> Bill {
        Bill::new(usage, sheet, MONTH, |_| "westeurope")
    }

    /// Recorded from the public price feed: 4 x S1 for a month are 100.00.
    #[test]
    fn four_units_of_s1_are_100_a_month() {
        let mut usage = Usage::new();
        usage.add_time(Component::Hub, Some(0), "iothub.s1.unit_month", 4, MONTH);
        let bill = priced(&usage, &book());
        assert_eq!((bill.total, bill.fixed()), (money("100"), money("100")));
        assert!(bill.missing.is_empty() && bill.advice.is_empty());
        assert_eq!(bill.lines[0].quantity.to_bits(), 4f64.to_bits());
    }

    #[test]
    fn three_units_of_s2_and_a_million_registrations() {
        let mut usage = Usage::new();
        usage.add_time(Component::Hub, Some(0), "iothub.s2.unit_month", 3, MONTH);
        usage.add_count(Component::Dps, None, "dps.operations_1k", 1_000_000);
        let mut book = book();
        let bill = priced(&usage, &book);
        let parts = bill.by_component();
        assert_eq!((parts[&Component::Hub], parts[&Component::Dps]), (money("750"), money("123")));
        assert_eq!(bill.variable(), money("123"));
        assert!(bill.advice.iter().any(|advice| matches!(advice, Advice::Conflict { .. })));
        assert!(book.choose_alternative("dps.operations_1k", 0));
        assert_eq!(priced(&usage, &book).total, money("850"));
    }

    #[test]
    fn two_throughput_units_and_a_hundred_million_events() {
        let mut usage = Usage::new();
        usage.add_time(Component::Routing, Some(0), "eventhubs.standard.tu_hour", 2, MONTH);
        usage.add_count(Component::Routing, Some(0), "eventhubs.ingress_1m", 100_000_000);
        let bill = Bill::new(&usage, &book(), MONTH, |_| "eastus");
        // By the name of the meter, events come before throughput units.
        let amounts: Vec<_> = bill.lines.iter().map(|line| line.amount).collect();
        assert_eq!(amounts, [money("2.80"), money("43.80")]);
        assert_eq!(bill.total, money("46.60"));
    }

    /// Recorded from the public price feed: 1,234.5678 million queries in a month cost 540.00 + 87.96.
    #[test]
    fn tiers_apply_from_their_quantity_on() {
        let mut usage = Usage::new();
        let meter = "trafficmanager.dns_queries_1m";
        usage.add_count(Component::TrafficManager, None, meter, 1_234_567_800);
        assert_eq!(priced(&usage, &book()).total, money("540") + money("87.962925"));
        // Half the queries in half a month cost half as much.
        let mut half = Usage::new();
        half.add_count(Component::TrafficManager, None, meter, 617_283_900);
        let bill = Bill::new(&half, &book(), MONTH / 2, |_| "eastus");
        assert_eq!(bill.total + bill.total, money("627.962925"));
    }

    #[test]
    fn stamps_share_the_tiers_of_a_price() {
        let meter = "trafficmanager.dns_queries_1m";
        let mut usage = Usage::new();
        usage.add_count(Component::TrafficManager, Some(0), meter, 600_000_000);
        usage.add_count(Component::TrafficManager, Some(1), meter, 600_000_000);
        let bill = priced(&usage, &book());
        assert_eq!(bill.total, money("540") + money("75"));
        assert_eq!(bill.lines[0].amount, bill.lines[1].amount);
    }

    #[test]
    fn what_has_no_price_is_named_and_not_free() {
        let mut usage = Usage::new();
        usage.add_time(Component::Hub, Some(0), "iothub.s9.unit_month", 1, MONTH);
        usage.add_count(Component::Hub, Some(0), "iothub.s1.unit_month", 1);
        let bill = priced(&usage, &book());
        assert_eq!((bill.lines.len(), bill.missing.len()), (0, 2));
        assert_eq!(bill.missing[0].reason, Reason::WrongUnit { unit: "unit-month".to_owned() });
        assert_eq!(bill.missing[1].reason, Reason::NoPrice);
        assert!(bill.missing[1].to_string().contains("no price for iothub.s9.unit_month (asked for westeurope)"));
    }

    #[test]
    fn a_price_of_another_region_is_used_with_advice_once() {
        let mut usage = Usage::new();
        for stamp in 0..3 {
            usage.add_time(Component::Hub, Some(stamp), "iothub.s1.unit_month", 1, MONTH);
        }
        let bill = Bill::new(&usage, &book(), MONTH, |_| "japaneast");
        assert_eq!(bill.total, money("75"));
        let said: Vec<_> = bill.advice.iter().map(ToString::to_string).collect();
        assert_eq!(said, ["no price of iothub.s1.unit_month for japaneast; the one for westeurope was used"]);
    }

    #[test]
    fn a_discount_is_taken_off_every_line() {
        let mut book = book();
        book.overlay(PriceSheet::parse("discount = \"12.5 %\"").expect("a discount"));
        let mut usage = Usage::new();
        usage.add_time(Component::Hub, Some(0), "iothub.s1.unit_month", 4, MONTH);
        assert_eq!(priced(&usage, &book).total, money("87.50"));
    }

    #[test]
    fn shared_cost_is_handed_to_stamps_by_weight() {
        let mut usage = Usage::new();
        usage.add_time(Component::Hub, Some(0), "iothub.s1.unit_month", 1, MONTH);
        usage.add_time(Component::Hub, Some(1), "iothub.s2.unit_month", 1, MONTH);
        usage.add_count(Component::Dps, None, "dps.operations_1k", 1_000_000);
        let bill = priced(&usage, &book());
        assert_eq!(bill.by_stamp_shared(&[1, 2]), [money("25") + money("41"), money("250") + money("82")]);
    }

    #[test]
    #[should_panic(expected = "lines sum to the total")]
    fn a_total_that_was_tampered_with_is_noticed() {
        let mut usage = Usage::new();
        usage.add_count(Component::Dps, None, "dps.operations_1k", 7);
        let mut bill = priced(&usage, &book());
        bill.total += Money(1);
        bill.check();
    }

    /// Meters of the book with whether they are metered in time.
    const METERS: [(&str, bool); 5] = [
        ("iothub.s1.unit_month", true),
        ("eventhubs.standard.tu_hour", true),
        ("dps.operations_1k", false),
        ("trafficmanager.dns_queries_1m", false),
        ("functions.gb_second", true),
    ];

    proptest! {
        /// Lines sum to the total from every side, and each line is within half a step of the exact product.
        #[test]
        fn lines_sum_to_the_total(
            uses in prop::collection::vec((0..METERS.len(), prop::option::of(0u16..9), 0u64..), 0..40),
            off in 0u32..=100,
            length in 1u64..=10 * 365 * 24 * 3_600_000_000,
        ) {
            let mut usage = Usage::new();
            for (meter, stamp, quantity) in uses {
                let (meter, timed) = METERS[meter];
                let quantity = u128::from(quantity);
                let quantity = if timed { Quantity::UnitMicros(quantity) } else { Quantity::Count(quantity) };
                usage.add(Component::Other, stamp, meter, quantity);
            }
            let mut book = book();
            book.overlay(PriceSheet::parse(&format!("discount = \"{off} %\"")).expect("a discount"));
            let bill = Bill::new(&usage, &book, SimDuration(length), |_| "eastus");
            bill.check();
            prop_assert!(bill.missing.is_empty());
            prop_assert_eq!(bill.by_stamp().values().sum::<Money>(), bill.total);
            prop_assert_eq!(bill.by_stamp_shared(&[3; 9]).iter().sum::<Money>(), bill.total);
            for line in bill.lines.iter().filter(|line| line.meter != METERS[3].0) {
                let exact = line.unit_price.to_f64() * line.quantity / line.per as f64 * (1.0 - f64::from(off) / 100.0);
                prop_assert!((line.amount.to_f64() - exact).abs() <= 1e-9 + exact * 1e-12);
            }
        }
    }
}
