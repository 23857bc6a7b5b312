//! Demand: how a market takes a product up, and how many to have ready for what may be asked.

use super::normal;

/// Growth of a market by innovation and imitation (Bass 1969).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BassGrowth {
    /// Devices in the end.
    pub market: f64,
    /// Coefficient of innovation p [1 / unit of time].
    pub innovation: f64,
    /// Coefficient of imitation q [1 / unit of time].
    pub imitation: f64,
}

impl BassGrowth {
    /// When growth is fastest, ln(q / p) / (p + q).
    pub fn peak_time(self) -> f64 {
        libm::log(self.imitation / self.innovation) / (self.innovation + self.imitation)
    }

    /// Devices added per unit of time then, M (p + q)^2 / (4 q).
    pub fn peak_rate(self) -> f64 {
        let both = self.innovation + self.imitation;
        self.market * both * both / (4.0 * self.imitation)
    }

    /// Devices by a time, M (1 - e^(-(p + q) t)) / (1 + q / p e^(-(p + q) t)).
    pub fn devices_by(self, time: f64) -> f64 {
        let decay = -(self.innovation + self.imitation) * time;
        -self.market * libm::expm1(decay) / (1.0 + self.imitation / self.innovation * libm::exp(decay))
    }
}

/// What one unit too few and one too many cost (Arrow, Harris and Marschak 1951).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StockCosts {
    /// Cost of a unit that is missing.
    pub under: f64,
    /// Cost of a unit that is left over.
    pub over: f64,
}

/// The cheapest stock for a demand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stock {
    /// Units to have ready.
    pub units: f64,
    /// Units missing on average.
    pub shortage: f64,
    /// Units left over on average.
    pub leftover: f64,
    /// Cost of both on average.
    pub cost: f64,
    /// Probability that units are missing.
    pub stockout: f64,
}

impl StockCosts {
    /// The share of cases in which the cheapest stock is enough.
    pub fn critical_ratio(self) -> f64 {
        self.under / (self.under + self.over)
    }

    fn stock(self, units: f64, mean: f64, shortage: f64, stockout: f64) -> Stock {
        let leftover = units - mean + shortage;
        Stock { units, shortage, leftover, cost: self.under * shortage + self.over * leftover, stockout }
    }

    /// For a Poisson demand of this mean (above 0): the smallest stock that is enough often enough.
    pub fn for_poisson(self, mean: f64) -> Stock {
        let (mut units, mut probability) = (0.0, libm::exp(-mean));
        let (mut enough, mut met) = (probability, 0.0);
        while enough < self.critical_ratio() && units < mean + 50.0 * mean.sqrt() + 50.0 {
            units += 1.0;
            probability *= mean / units;
            enough += probability;
            met += units * probability;
        }
        let stockout = 1.0 - enough;
        self.stock(units, mean, mean - met - units * stockout, stockout)
    }

    /// For a normal demand.
    pub fn for_normal(self, mean: f64, deviation: f64) -> Stock {
        let z = normal::quantile(self.critical_ratio());
        let density = libm::exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt();
        let stockout = 1.0 - normal::cdf(z);
        self.stock(mean + z * deviation, mean, deviation * (density - z * stockout), stockout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_market_fills_up() {
        let market = BassGrowth { market: 1e6, innovation: 0.03, imitation: 0.38 };
        assert!(market.devices_by(0.0).abs() < 1e-9 && (market.devices_by(100.0) - 1e6).abs() < 1e-3);
        let slope =
            (market.devices_by(market.peak_time() + 1e-4) - market.devices_by(market.peak_time() - 1e-4)) / 2e-4;
        assert!((slope / market.peak_rate() - 1.0).abs() < 1e-6);
    }

    /// Where both cost the same the median is cheapest.
    #[test]
    fn equal_costs_ask_for_the_median() {
        let costs = StockCosts { under: 1.0, over: 1.0 };
        assert!((costs.for_normal(10.0, 3.0).units - 10.0).abs() < 1e-12);
        assert!((costs.for_poisson(20.0).units - 20.0).abs() < 1e-12);
    }
}
