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

/// What a crowd needs of one limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crossing {
    /// Operations that the limit has to admit.
    pub operations: f64,
    /// Its rate [operations/s].
    pub rate: f64,
    /// Saved credit, as time worth of the rate [s].
    pub credit: f64,
}

/// The shortest length of a move [s]: no device is evicted before its turn at the `paced` time of the last one, and none has
/// arrived before each limit admitted what all of them needed of it. The steps of one device take time on top.
pub fn move_floor(paced: f64, crossings: impl IntoIterator<Item = Crossing>) -> f64 {
    let floors = crossings.into_iter().map(|limit| admission_floor(limit.operations, 1.0, limit.rate, limit.credit));
    floors.fold(paced, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_is_no_faster_than_its_pace_and_its_tightest_limit() {
        let registry = Crossing { operations: 6_000.0, rate: 10.0 / 6.0, credit: 60.0 };
        let connects = Crossing { operations: 6_000.0, rate: 100.0, credit: 60.0 };
        // 6,000 identities at 100/min are an hour less a minute of credit; at 300/min the evictions take 20 min.
        assert!((move_floor(1_199.8, [registry, connects]) - 3_540.0).abs() < 1e-6);
        assert!((move_floor(1_199.8, [connects]) - 1_199.8).abs() < 1e-9);
        assert!((move_floor(7.0, []) - 7.0).abs() < 1e-9);
    }

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
