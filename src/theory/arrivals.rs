//! How many arrive, and when: fleets that start together, days with a peak.

use super::crossing;

/// Devices whose arrivals follow a Beta law over a period, as in traffic model 2 of 3GPP TR 37.868 with Beta(3, 4).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BetaArrivals {
    /// Number of devices.
    pub devices: f64,
    /// Length of the period.
    pub period: f64,
    /// First parameter, a whole number of at least 2.
    pub alpha: u32,
    /// Second parameter, a whole number of at least 2.
    pub beta: u32,
}

impl BetaArrivals {
    /// Traffic model 2 of TR 37.868.
    pub fn of_3gpp(devices: f64, period: f64) -> Self {
        Self { devices, period, alpha: 3, beta: 4 }
    }

    fn parameters(self) -> (f64, f64) {
        (f64::from(self.alpha), f64::from(self.beta))
    }

    /// Mean arrival time.
    pub fn mean(self) -> f64 {
        let (a, b) = self.parameters();
        self.period * a / (a + b)
    }

    /// Standard deviation of the arrival time.
    pub fn deviation(self) -> f64 {
        let (a, b) = self.parameters();
        self.period * (a * b / ((a + b) * (a + b) * (a + b + 1.0))).sqrt()
    }

    /// When most arrive.
    pub fn mode(self) -> f64 {
        let (a, b) = self.parameters();
        self.period * (a - 1.0) / (a + b - 2.0)
    }

    /// Arrivals per unit of time at a time.
    pub fn rate_at(self, time: f64) -> f64 {
        let x = time / self.period;
        if !(0.0..=1.0).contains(&x) {
            return 0.0;
        }
        let (a, b) = self.parameters();
        let log_beta = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
        let shape = libm::pow(x, a - 1.0) * libm::pow(1.0 - x, b - 1.0);
        self.devices / self.period * shape * libm::exp(-log_beta)
    }

    /// Share that has arrived by a time: for whole parameters the upper tail of a binomial law of a + b - 1 trials.
    pub fn share_by(self, time: f64) -> f64 {
        let x = (time / self.period).clamp(0.0, 1.0);
        let trials = self.alpha + self.beta - 1;
        let ways = |k: u32| (0..k).fold(1.0, |ways, i| ways * f64::from(trials - i) / f64::from(i + 1));
        let term = |k: u32| ways(k) * libm::pow(x, f64::from(k)) * libm::pow(1.0 - x, f64::from(trials - k));
        (self.alpha..=trials).map(term).sum()
    }

    /// When a share (0 to 1) has arrived.
    pub fn time_of_share(self, share: f64) -> f64 {
        crossing(0.0, self.period, |time| self.share_by(time) - share)
    }

    /// The line before a throttle of `rate`, which is below the highest rate of arrival, as a fluid.
    pub fn into_throttle(self, rate: f64) -> FluidLine {
        let start = crossing(0.0, self.mode(), |time| self.rate_at(time) - rate);
        let peak_time = crossing(self.mode(), self.period, |time| rate - self.rate_at(time));
        let before = self.share_by(start);
        let line = |time: f64| self.devices * (self.share_by(time) - before) - rate * (time - start);
        let latest = start + self.devices / rate;
        let cleared = crossing(peak_time, latest.max(self.period), |time| -line(time));
        let waited =
            integral(start, cleared.min(self.period), line) + integral(self.period.min(cleared), cleared, line);
        FluidLine { start, peak_time, peak: line(peak_time), cleared, rate, mean_delay: waited / self.devices }
    }
}

/// A line of devices that move as a fluid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FluidLine {
    /// When it begins.
    pub start: f64,
    /// When it is longest.
    pub peak_time: f64,
    /// Devices in it then.
    pub peak: f64,
    /// When it is gone.
    pub cleared: f64,
    /// Mean delay of all devices, those before the line included.
    pub mean_delay: f64,
    rate: f64,
}

impl FluidLine {
    /// The longest delay: that of the device that joins the longest line.
    pub fn longest_delay(self) -> f64 {
        self.peak / self.rate
    }
}

/// Simpson's rule, exact for cubics and close for polynomials of low degree.
fn integral(from: f64, to: f64, of: impl Fn(f64) -> f64) -> f64 {
    const PARTS: u32 = 512;
    let step = (to - from) / f64::from(2 * PARTS);
    let at = |i: u32| of(from + step * f64::from(i));
    let inner: f64 = (1..2 * PARTS).map(|i| at(i) * if i % 2 == 1 { 4.0 } else { 2.0 }).sum();
    (at(0) + inner + at(2 * PARTS)) * step / 3.0
}

/// Expected number (and its variance) of Poisson arrivals between two times at the rate base (1 + amplitude sin(2 pi t / period)):
/// the integral of the rate (Çinlar 1975, "Introduction to Stochastic Processes", section 4.7).
pub fn diurnal_count(base: f64, amplitude: f64, period: f64, (from, to): (f64, f64)) -> f64 {
    let turn = 2.0 * std::f64::consts::PI / period;
    base * (to - from) + base * amplitude / turn * (libm::cos(turn * from) - libm::cos(turn * to))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published figures of TR 37.868 for 30,000 devices in 10 s.
    #[test]
    fn the_line_before_a_throttle() {
        let herd = BetaArrivals::of_3gpp(30_000.0, 10.0);
        assert!((herd.rate_at(herd.mode()) - 6_220.8).abs() < 1e-6 && herd.rate_at(11.0).abs() < 1e-300);
        let line = herd.into_throttle(2_000.0);
        assert!((line.peak - 15_558.0).abs() < 0.1 && (line.longest_delay() - 7.779).abs() < 1e-3);
        assert!((herd.share_by(10.0) - 1.0).abs() < 1e-15 && (herd.share_by(20.0) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn a_whole_period_has_its_mean() {
        assert!((diurnal_count(50.0, 0.6, 86_400.0, (0.0, 86_400.0)) - 50.0 * 86_400.0).abs() < 1e-6);
    }
}
