//! Regions and how far apart they are.
//!
//! Azure publishes no latency between a device and a hub, so distance is turned into time by one stated assumption:
//! light in fibre covers about 200 km/ms, routes are about 1.5 times the great circle, hence 1 ms of round trip for
//! each 66 km. `geo_latency` allocation and the default network latency use this table.

/// Regions of a scenario: names and round-trip times.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RegionTable {
    /// Names, in the order of [`crate::model::ids::RegionId`].
    pub names: Vec<String>,
    /// Round trip between two regions [ms], row by row; zero within a region.
    pub rtt_ms: Vec<Vec<f64>>,
}

/// A place on Earth [degrees].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Latitude, north positive [degrees].
    pub latitude: f64,
    /// Longitude, east positive [degrees].
    pub longitude: f64,
}

/// Mean radius of the Earth [km] (IUGG).
const EARTH_RADIUS_KM: f64 = 6_371.0;
/// Assumed round-trip kilometres of great circle per millisecond [km/ms].
const KM_PER_MS: f64 = 66.7;

impl RegionTable {
    /// A table from names and places.
    pub fn from_places(regions: &[(String, Place)]) -> Self {
        let rtt = |a: Place, b: Place| great_circle_km(a, b) / KM_PER_MS;
        Self {
            names: regions.iter().map(|(name, _)| name.clone()).collect(),
            rtt_ms: regions.iter().map(|(_, a)| regions.iter().map(|(_, b)| rtt(*a, *b)).collect()).collect(),
        }
    }

    /// Round trip between two regions [ms].
    pub fn rtt_ms(&self, a: usize, b: usize) -> f64 {
        self.rtt_ms[a][b]
    }
}

/// Great-circle distance [km], by the haversine formula (Sinnott 1984).
fn great_circle_km(a: Place, b: Place) -> f64 {
    let radians = |degrees: f64| degrees * std::f64::consts::PI / 180.0;
    let half = |x: f64, y: f64| libm::sin((radians(y) - radians(x)) / 2.0);
    let (dlat, dlon) = (half(a.latitude, b.latitude), half(a.longitude, b.longitude));
    let h = dlat * dlat + libm::cos(radians(a.latitude)) * libm::cos(radians(b.latitude)) * dlon * dlon;
    2.0 * EARTH_RADIUS_KM * libm::asin(h.sqrt().min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amsterdam_and_dublin_are_750_km_apart() {
        let amsterdam = Place { latitude: 52.37, longitude: 4.90 };
        let dublin = Place { latitude: 53.35, longitude: -6.26 };
        assert!((great_circle_km(amsterdam, dublin) - 756.0).abs() < 5.0);
    }
}
