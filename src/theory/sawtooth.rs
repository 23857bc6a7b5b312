//! What stamps cost while a fleet grows: a new stamp is paid for before it is full.
//!
//! Derived here; elementary. Symbols: n devices, C capacity of a stamp, k its price, m full stamps.

use super::normal;

/// Stamps of one size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stamps {
    /// Devices that a stamp is built for, at least 1.
    pub capacity: u64,
    /// Price of a stamp per period, in any currency.
    pub price: f64,
}

impl Stamps {
    /// Stamps that hold this many devices, ceil(n / C).
    pub fn needed(self, devices: u64) -> u64 {
        devices.div_ceil(self.capacity)
    }

    /// Cost per device and period, ceil(n / C) k / n, for at least one device.
    pub fn cost_per_device(self, devices: u64) -> f64 {
        self.needed(devices) as f64 * self.price / devices as f64
    }

    /// Cost per device and period of a full stamp: no design is cheaper.
    pub fn floor_per_device(self) -> f64 {
        self.price / self.capacity as f64
    }

    /// Cost over the floor, at least 1, for at least one device.
    pub fn ratio_to_floor(self, devices: u64) -> f64 {
        (self.needed(devices) * self.capacity) as f64 / devices as f64
    }

    /// Share of the capacity that is used.
    pub fn utilisation(self, devices: u64) -> f64 {
        devices as f64 / (self.needed(devices) * self.capacity) as f64
    }

    /// Mean cost per device while a fleet grows linearly from m full stamps to m + 1:
    /// (m + 1) k / C (H((m + 1) C) - H(m C)), with H the harmonic numbers.
    pub fn cycle_mean_linear(self, full: u64) -> f64 {
        let difference = harmonic((full + 1) * self.capacity) - harmonic(full * self.capacity);
        (full + 1) as f64 * self.floor_per_device() * difference
    }

    /// Mean cost per device while a fleet grows exponentially from m full stamps (at least 1) to m + 1: k / (C m ln(1 + 1/m)).
    pub fn cycle_mean_exponential(self, full: u64) -> f64 {
        self.floor_per_device() / (full as f64 * libm::log1p(1.0 / full as f64))
    }
}

/// Mean utilisation while a fleet grows linearly from m full stamps to m + 1.
pub fn cycle_utilisation_linear(full: u64) -> f64 {
    (full as f64 + 0.5) / (full as f64 + 1.0)
}

/// The highest cost over the floor in the cycle from m full stamps (at least 1) to m + 1: just after the stamp is added.
pub fn cycle_peak_to_floor(full: u64) -> f64 {
    (full as f64 + 1.0) / full as f64
}

/// The premium over the floor averaged over the cycle from m full stamps (at least 1), about 1 / (2 m).
pub fn cycle_premium(full: u64) -> f64 {
    1.0 / (full as f64 * libm::log1p(1.0 / full as f64)) - 1.0
}

/// The capacity at which a fleet is cheapest when a stamp costs fixed + variable x capacity: it minimises
/// k(C) (1 / C + 1 / (2 n)), so C = sqrt(2 fixed n / variable).
pub fn cheapest_capacity(fixed: f64, variable: f64, devices: f64) -> f64 {
    (2.0 * fixed * devices / variable).sqrt()
}

/// When to order the next stamp so that it is ready before the present ones are full.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trigger {
    /// Devices that all present stamps hold, S C.
    pub capacity: f64,
    /// Devices added per day g.
    pub growth_per_day: f64,
    /// Standard deviation of the devices added in a day.
    pub sd_per_day: f64,
    /// Days until an ordered stamp is ready L.
    pub lead_days: f64,
}

impl Trigger {
    /// Devices kept free for more growth than expected in the lead time: z sd sqrt(L) at a service level below 1.
    pub fn safety_stock(self, service_level: f64) -> f64 {
        normal::quantile(service_level) * self.sd_per_day * self.lead_days.sqrt()
    }

    /// Devices that must still fit when a stamp is ordered: g L + z sd sqrt(L), with z deviations kept free.
    pub fn reserve(self, z: f64) -> f64 {
        self.growth_per_day * self.lead_days + z * self.sd_per_day * self.lead_days.sqrt()
    }

    /// Utilisation at which to order for the expected growth alone: 1 - g L / (S C).
    pub fn utilisation(self) -> f64 {
        1.0 - self.growth_per_day * self.lead_days / self.capacity
    }

    /// Utilisation at which to order so that growth stays below the capacity with this probability: 1 - (g L + z sd sqrt(L)) / (S C).
    pub fn safe_utilisation(self, service_level: f64) -> f64 {
        self.utilisation() - self.safety_stock(service_level) / self.capacity
    }
}

/// Utilisation at which to order under exponential growth at `rate` over the `lead` time: e^(-r L).
pub fn trigger_exponential(rate: f64, lead: f64) -> f64 {
    libm::exp(-rate * lead)
}

/// The harmonic number 1 + 1/2 + ... + 1/n, by Euler and Maclaurin's series for large n (its error is below n^-6 / 252).
fn harmonic(n: u64) -> f64 {
    if n < 1_000 {
        return (1..=n).rev().map(|i| 1.0 / i as f64).sum();
    }
    let x = n as f64;
    let square = 1.0 / (x * x);
    libm::log(x) + 0.577_215_664_901_532_9 + 0.5 / x - square / 12.0 + square * square / 120.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Neighbours of the cheapest capacity cost more.
    #[test]
    fn the_cheapest_capacity_is_a_minimum() {
        let (fixed, variable, devices) = (1_000.0, 0.05, 100_000.0);
        let cost = |capacity: f64| (fixed + variable * capacity) * (1.0 / capacity + 0.5 / devices);
        let best = cheapest_capacity(fixed, variable, devices);
        assert!(cost(best) < cost(best * 1.01) && cost(best) < cost(best * 0.99));
    }

    #[test]
    fn harmonic_numbers_meet_where_the_method_changes() {
        assert!((harmonic(1_000) - harmonic(999) - 1e-3).abs() < 1e-14);
        assert!((harmonic(4) - 25.0 / 12.0).abs() < 1e-15);
    }

    /// The premium is 44 % at one stamp, 12 % at four, 5 % at ten.
    #[test]
    fn premiums_fall_with_the_number_of_stamps() {
        for (full, premium) in [(1, 0.443), (4, 0.120), (10, 0.049)] {
            assert!((cycle_premium(full) - premium).abs() < 1e-3);
        }
        assert!((trigger_exponential(0.1, 2.0) - libm::exp(-0.2)).abs() < 1e-15);
    }
}
