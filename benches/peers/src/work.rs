//! The work: words, laws and accounts that every engine shares, so that only the engines differ.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// Mean increment of the hold model [s].
pub const HOLD_MEAN: f64 = 60.0;
/// Mean gap of arrivals and mean service time of the queue [s]: utilisation 0.9.
pub const GAP: f64 = 1.0 / 0.9;
pub const SERVICE: f64 = 1.0;

/// `SplitMix64` (Steele, Lea and Flood 2014), which every engine draws from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Words(u64);

impl Words {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    #[inline]
    pub fn exponential(&mut self, mean: f64) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let unit = ((word ^ (word >> 31)) >> 11) as f64 / 9_007_199_254_740_992.0;
        -mean * (1.0 - unit).ln()
    }
}

/// What a queue has seen. An engine may run its model on a thread of its own, so the account is shared.
pub struct Account {
    served: AtomicU64,
    /// Time in the system of all that were served [ns].
    time: AtomicU64,
}

/// The account of the queue that runs; one runs at a time.
pub static QUEUE: Account = Account { served: AtomicU64::new(0), time: AtomicU64::new(0) };
/// Holds so far.
pub static HOLDS: AtomicU64 = AtomicU64::new(0);

impl Account {
    pub fn open(&self) {
        self.served.store(0, Ordering::Relaxed);
        self.time.store(0, Ordering::Relaxed);
    }

    /// One is served after so long in the system [s].
    #[inline]
    pub fn serve(&self, time: f64) {
        self.served.store(self.served() + 1, Ordering::Relaxed);
        self.time.store(self.time.load(Ordering::Relaxed) + (time * 1e9) as u64, Ordering::Relaxed);
    }

    pub fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }

    /// Mean time in the system [s].
    pub fn mean(&self) -> f64 {
        self.time.load(Ordering::Relaxed) as f64 / 1e9 / self.served() as f64
    }
}

/// Counts a hold; no other thread does at the time.
#[inline]
pub fn count_hold() {
    HOLDS.store(HOLDS.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

/// Mean time in the system of M/M/1, W = 1 / (mu - lambda) [s], and the standard error of its mean over `n` customers in
/// a row (Whitt 1989, "Planning queueing simulations", asymptotic variance of the wait).
pub fn closed_form(n: u64) -> (f64, f64) {
    let rho = SERVICE / GAP;
    let variance = rho * (2.0 + 5.0 * rho - 4.0 * rho.powi(2) + rho.powi(3)) / (1.0 - rho).powi(4);
    (SERVICE / (1.0 - rho), SERVICE * (variance / n as f64).sqrt())
}
