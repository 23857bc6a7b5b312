//! What a limit alone makes of a crowd: the least time that no back-off, policy or luck can undercut.
//!
//! A bucket of rate R and credit C (as time worth of R) has admitted at most R (t + C) operations by the time t, whatever
//! the order in which they ask: that is the definition of the bucket (Turner 1986, "New directions in communications").

/// The shortest time until a share of `devices` is through limits of `rate` in all that save credit for `credit` time.
///
/// The devices may be spread over several equal limits in any way; where they are spread unevenly it only takes longer.
pub fn admission_floor(devices: f64, share: f64, rate: f64, credit: f64) -> f64 {
    if devices <= 0.0 || rate <= 0.0 { 0.0 } else { (share * devices / rate - credit).max(0.0) }
}

/// The least latency at a quantile when `devices` ask within `spread` of each other: the last of them may have asked so
/// much later.
pub fn latency_floor(devices: f64, quantile: f64, rate: f64, credit: f64, spread: f64) -> f64 {
    (admission_floor(devices, quantile, rate, credit) - spread).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_takes_its_number_over_the_limit_less_what_was_saved() {
        // 50,000 devices through 240/s: 208.3 s, of which the first minute is saved credit.
        assert!((admission_floor(50_000.0, 1.0, 240.0, 0.0) - 208.333_333).abs() < 1e-5);
        assert!((admission_floor(50_000.0, 1.0, 240.0, 60.0) - 148.333_333).abs() < 1e-5);
        assert!((admission_floor(50_000.0, 0.5, 240.0, 60.0) - 44.166_667).abs() < 1e-5);
        assert!(admission_floor(1_000.0, 1.0, 240.0, 60.0) <= 0.0, "the credit holds them all");
        assert!(admission_floor(1_000.0, 1.0, 0.0, 60.0) <= 0.0, "no limit, no floor");
        assert!((latency_floor(50_000.0, 1.0, 240.0, 60.0, 100.0) - 48.333_333).abs() < 1e-5);
        assert!(latency_floor(50_000.0, 1.0, 240.0, 60.0, 200.0) <= 0.0);
    }
}
