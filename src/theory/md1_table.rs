//! Waits of the queue with constant service times from a small table: a few logarithms instead of a root search.
//!
//! Within one service time the quantile has a closed form, u = (1 - rho) e^(rho t), and none of the table is used.
//! Beyond, the table holds for each row (a utilisation) the wait as a function of z = -ln(P(W > t) / P(W > 1)), which is
//! nearly a straight line with the slope of the exponential tail; rows are even steps of ln(rho / (1 - rho)), and waits
//! are scaled by 1 - rho, so that light and heavy traffic have the same resolution.

use std::sync::OnceLock;

use super::md1::Md1;
use super::mdc::{MdcTable, MdcWaits};

/// Rows lie at even steps of ln(rho / (1 - rho)) from -`ROW_END` to `ROW_END`: utilisations 0.0009 to 0.9991.
const ROW_END: f64 = 7.0;
/// Rows per unit of the logit.
const ROWS_PER_UNIT: f64 = 6.0;
/// Columns end at this z: a share of 6e-6 of the waits beyond one service time.
const COLUMN_END: f64 = 12.0;
/// Columns of a row: even steps of sqrt(z), since the tail bends most just beyond one service time.
const COLUMNS: usize = 97;
/// Columns per unit of sqrt(z).
const COLUMNS_PER_UNIT: f64 = (COLUMNS - 1) as f64 / 3.464_101_615_137_754_4;

/// Most servers for which waits are computed.
const SERVERS_MAX: u32 = 32;

/// Quantiles of the wait at any utilisation.
#[derive(Debug, Clone, PartialEq)]
pub struct Md1Table {
    rows: Vec<Row>,
    /// Tables of two servers and more, each computed when it is first asked for.
    many: Vec<OnceLock<MdcTable>>,
}

/// Waits beyond one service time at a utilisation, scaled by 1 - rho.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    /// (wait - 1)(1 - rho) at sqrt(z) = column / `COLUMNS_PER_UNIT`.
    waits: [f64; COLUMNS],
    /// Rise per unit of z beyond the last column.
    slope: f64,
}

/// Quantiles of the wait at one utilisation, for many draws at the same load.
#[derive(Debug, Clone, Copy)]
pub struct Md1Waits<'a> {
    place: Md1Place,
    below: &'a Row,
    above: &'a Row,
}

/// Where a utilisation lies in the table, and what all its quantiles need: worth keeping.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Md1Place {
    utilisation: f64,
    /// 1 / (1 - utilisation).
    spare_inverse: f64,
    /// 1 / utilisation; infinite at 0, where nothing asks for it.
    utilisation_inverse: f64,
    /// ln(1 - utilisation).
    ln_idle: f64,
    /// Probability of a wait above one service time, and its logarithm.
    beyond_one: f64,
    ln_beyond_one: f64,
    /// The row below.
    row: usize,
    /// Weight of the row above.
    weight: f64,
}

impl Md1Place {
    /// Whether it is the place of just this utilisation.
    pub fn is_at(&self, utilisation: f64) -> bool {
        self.utilisation.to_bits() == utilisation.to_bits()
    }
}

impl Default for Md1Table {
    fn default() -> Self {
        Self::new()
    }
}

impl Md1Table {
    /// Computes the table; the same bits on every machine.
    pub fn new() -> Self {
        let count = (2.0 * ROW_END * ROWS_PER_UNIT) as u32 + 1;
        let logit = |row: u32| f64::from(row) / ROWS_PER_UNIT - ROW_END;
        let rows = (0..count).map(|row| Row::new(1.0 / (1.0 + libm::exp(-logit(row))))).collect();
        Self { rows, many: (2..=SERVERS_MAX).map(|_| OnceLock::new()).collect() }
    }

    /// The waits with so many servers, from 2 on, at a utilisation from 0 to below 1; none for more servers than are computed.
    pub fn with_servers(&self, servers: u32, utilisation: f64) -> Option<MdcWaits<'_>> {
        let table = self.many.get(servers.checked_sub(2)? as usize)?;
        Some(table.get_or_init(|| MdcTable::new(servers)).at(utilisation))
    }

    /// The wait [service times] that a share `u` (below 1) of customers stays below, at a utilisation from 0 to below 1.
    ///
    /// Up to a utilisation of 0.999 it errs by less than 0.5 % or 0.005 service times; nearer to 1 the scaled waits of heavy
    /// traffic are used, which hardly change any more.
    pub fn wait_quantile(&self, utilisation: f64, u: f64) -> f64 {
        if u <= 1.0 - utilisation { 0.0 } else { self.at(utilisation).quantile(u) }
    }

    /// The waits at a utilisation from 0 to below 1.
    pub fn at(&self, utilisation: f64) -> Md1Waits<'_> {
        self.waits(self.place(utilisation))
    }

    /// The waits at a place.
    pub fn waits(&self, place: Md1Place) -> Md1Waits<'_> {
        Md1Waits { place, below: &self.rows[place.row], above: &self.rows[place.row + 1] }
    }

    /// The place of a utilisation from 0 to below 1.
    pub fn place(&self, utilisation: f64) -> Md1Place {
        assert!((0.0..1.0).contains(&utilisation), "a queue is stable below a utilisation of 1, not at {utilisation}");
        let logit = libm::log(utilisation / (1.0 - utilisation));
        let place = ((logit + ROW_END) * ROWS_PER_UNIT).clamp(0.0, (self.rows.len() - 1) as f64);
        let row = (place as usize).min(self.rows.len() - 2);
        let beyond_one = beyond_one(utilisation);
        Md1Place {
            utilisation,
            spare_inverse: 1.0 / (1.0 - utilisation),
            utilisation_inverse: 1.0 / utilisation,
            ln_idle: libm::log(1.0 - utilisation),
            beyond_one,
            ln_beyond_one: libm::log(beyond_one),
            row,
            weight: place - row as f64,
        }
    }
}

impl Row {
    fn new(utilisation: f64) -> Self {
        let queue = Md1::new(utilisation);
        let (beyond_one, spare) = (beyond_one(utilisation), 1.0 - utilisation);
        let mut waits = [0.0; COLUMNS];
        for (column, wait) in waits.iter_mut().enumerate().skip(1) {
            let root = column as f64 / COLUMNS_PER_UNIT;
            let tail = beyond_one * libm::exp(-root * root);
            *wait = (queue.wait_at_tail(tail) - 1.0) * spare;
        }
        Self { waits, slope: spare / queue.decay() }
    }

    /// The scaled wait at a share of the way from a column to the next one.
    #[inline]
    fn at(&self, (column, share): (usize, f64)) -> f64 {
        self.waits[column] + share * (self.waits[column + 1] - self.waits[column])
    }

    /// The scaled wait beyond the last column.
    fn beyond(&self, z: f64) -> f64 {
        self.waits[COLUMNS - 1] + (z - COLUMN_END) * self.slope
    }
}

impl Md1Waits<'_> {
    /// The wait [service times] that a share `u` (below 1) of customers stays below.
    #[inline]
    pub fn quantile(&self, u: f64) -> f64 {
        let place = &self.place;
        let tail = 1.0 - u;
        if tail >= place.utilisation {
            return 0.0;
        }
        if tail >= place.beyond_one {
            return ((libm::log(u) - place.ln_idle) * place.utilisation_inverse).clamp(0.0, 1.0);
        }
        let z = (place.ln_beyond_one - libm::log(tail)).max(0.0);
        let (below, above) = if z >= COLUMN_END {
            (self.below.beyond(z), self.above.beyond(z))
        } else {
            let column = column(z);
            (self.below.at(column), self.above.at(column))
        };
        1.0 + (below + place.weight * (above - below)) * place.spare_inverse
    }
}

/// The column below z, and the share of the way from there to the next one: straight in z, since waits rise in proportion
/// to it where traffic is heavy.
#[inline]
fn column(z: f64) -> (usize, f64) {
    let column = ((z.sqrt() * COLUMNS_PER_UNIT) as usize).min(COLUMNS - 2);
    let scaled = z * COLUMNS_PER_UNIT * COLUMNS_PER_UNIT;
    (column, (scaled - (column * column) as f64) * WIDTH_INVERSES[column])
}

/// 1 / (2 column + 1): the inverse of the width of a column in scaled z.
const WIDTH_INVERSES: [f64; COLUMNS] = {
    let (mut inverses, mut column) = ([0.0; COLUMNS], 0);
    while column < COLUMNS {
        inverses[column] = 1.0 / (2 * column + 1) as f64;
        column += 1;
    }
    inverses
};

/// Probability of a wait above one service time, 1 - (1 - rho) e^rho, as the sum of rho^k (k - 1) / k! where digits would cancel.
fn beyond_one(utilisation: f64) -> f64 {
    if utilisation > 0.3 {
        return 1.0 - (1.0 - utilisation) * libm::exp(utilisation);
    }
    let (mut sum, mut power_over_factorial) = (0.0, utilisation);
    for k in 2..16_u32 {
        power_over_factorial *= utilisation / f64::from(k);
        sum += power_over_factorial * f64::from(k - 1);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stated bound against the exact distribution: at utilisations between the rows, shares up to 0.999999.
    #[test]
    fn the_error_is_within_its_bound() {
        let table = Md1Table::new();
        let mut worst = 0.0_f64;
        for step in 0..=400 {
            let rho = (f64::from(step) * 0.0025).min(0.999);
            let exact = Md1::new(rho);
            for nines in 1..=140 {
                let p = 1.0 - libm::exp(-f64::from(nines) / 10.0);
                let (found, expected) = (table.wait_quantile(rho, p), exact.wait_quantile(p));
                let error = (found - expected).abs();
                let share = (error / 0.01).min(error / (0.01 * expected).max(1e-300));
                worst = worst.max(share);
            }
        }
        assert!(worst < 0.5, "{worst}");
    }

    #[test]
    fn heavy_traffic_is_exponential() {
        // W is about exponential with mean rho / (2 (1 - rho)) (Kingman 1961).
        let table = Md1Table::new();
        let rho = 0.9999;
        let expected = -libm::log(0.01) * rho / (2.0 * (1.0 - rho));
        assert!((table.wait_quantile(rho, 0.99) / expected - 1.0).abs() < 0.01);
    }

    #[test]
    fn quantiles_rise_with_share_and_load() {
        let table = Md1Table::new();
        let mut last = 0.0;
        for step in 0..10_000 {
            let wait = table.wait_quantile(0.85, f64::from(step) / 10_000.0);
            assert!(wait >= last, "{step}");
            last = wait;
        }
        let mut last = 0.0;
        for step in 0..9_990 {
            let wait = table.wait_quantile(f64::from(step) / 10_000.0, 0.99);
            assert!(wait + 1e-9 >= last, "{step}: {wait} {last}");
            last = wait;
        }
    }
}
