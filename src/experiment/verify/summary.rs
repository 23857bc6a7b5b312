//! Rows by family: how many, the largest deviation, the verdict; as a table for documents.

use std::fmt::Write;

use super::row::{Margin, Row};

/// Every family with the sources of its references, in the order in which they are shown.
pub const FAMILIES: [(&str, &str); 25] = [
    ("closed forms: queues", "Erlang; Pollaczek, Khinchine; Kleinrock; Engset; Palm; Falin"),
    ("closed forms: limiters", "M/D/1 workload series"),
    ("closed forms: storms", "mean field; Azure DPS spread rule"),
    ("closed forms: arrivals", "3GPP TR 37.868; Çinlar"),
    ("closed forms: retries", "Bronson and others 2021; elementary"),
    ("closed forms: outages", "renewal theory; Azure Traffic Manager"),
    ("closed forms: growth", "Bass"),
    ("closed forms: stamps and their cost", "elementary; Arrow, Harris, Marschak"),
    ("closed forms: allocation", "multinomial; Thaler, Ravishankar; Mitzenmacher"),
    ("closed forms: blast radius", "binomial; shuffle sharding"),
    ("closed forms: caches", "Che; Martina; Fofack; King; Vattani"),
    ("constants of statistics", "Student; David, Nagaraja; Law; Kim, Nelson"),
    ("documented limits", "Azure IoT Hub and DPS limits"),
    ("gateway cache: eviction", "libCacheSim"),
    ("model: queues", "Erlang; Pollaczek, Khinchine; Kleinrock"),
    ("model: token buckets", "M/D/1 workload series"),
    ("model: reconnect storms", "mean field and Monte Carlo; exact recurrences"),
    ("model: drains and registrations", "Azure IoT Hub and DPS limits"),
    ("model: outages", "Azure DPS page; SDK keep-alives; Slack"),
    ("model: users of full stamps", "Azure Traffic Manager; Slack; elementary"),
    ("model: vicious circles", "Bronson and others 2021"),
    ("model: gateway cache", "Jung; King; coupon collector"),
    ("model: stamps and their cost", "elementary; Azure price lists"),
    ("model: allocation", "multinomial; Raab and Steger"),
    ("model: documented rules", "Azure quotas, metering and allocation"),
];

/// Rows of one family.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// Where its references come from, in short.
    pub sources: &'static str,
    /// Number of rows.
    pub rows: usize,
    /// Rows that fail.
    pub failed: usize,
    /// Largest deviation of a far end of an interval from its reference [1], of rows with a relative margin.
    pub deviation: f64,
    /// Largest share of a margin that is used [1].
    pub margin_used: f64,
}

/// The families that have rows, in order.
pub fn families(rows: &[Row]) -> Vec<Family> {
    let of = |(name, sources): &(&'static str, &'static str)| {
        let mine = || rows.iter().filter(|row| row.family == *name);
        let relative = |row: &&Row| !matches!(row.margin, Margin::Absolute(_));
        Family {
            name,
            sources,
            rows: mine().count(),
            failed: mine().filter(|row| !row.passes()).count(),
            deviation: mine().filter(relative).map(Row::deviation).fold(0.0, f64::max),
            margin_used: mine().map(Row::margin_used).fold(0.0, f64::max),
        }
    };
    FAMILIES.iter().map(of).filter(|family| family.rows > 0).collect()
}

/// A table in markdown, a line for each family.
pub fn markdown(rows: &[Row]) -> String {
    let head =
        "| checked | references | rows | largest deviation | of the margin | verdict |\n|---|---|---|---|---|---|\n";
    families(rows).iter().fold(head.to_owned(), |mut text, family| {
        let Family { name, sources, rows, deviation, margin_used, .. } = family;
        let (deviation, used) = (percent(*deviation), format!("{:.0} %", margin_used * 100.0));
        let verdict = if family.failed == 0 { "pass" } else { "fail" };
        writeln!(text, "| {name} | {sources} | {rows} | {deviation} | {used} | {verdict} |").expect("text grows");
        text
    })
}

/// A deviation for people: percent, or a power of ten where it is rounding.
pub fn percent(deviation: f64) -> String {
    match deviation {
        zero if zero <= 0.0 => "none".to_owned(),
        small if small < 1e-5 => format!("{small:.0e}"),
        other => format!("{:.2} %", other * 100.0),
    }
}
