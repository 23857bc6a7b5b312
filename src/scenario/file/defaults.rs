//! Values that several sections have as their default.

use crate::kernel::law::{DurationForm, DurationLaw, LogNormalSpread};
use crate::units::{Rate, Ratio, SimDuration};

pub(super) fn one() -> u32 {
    1
}

pub(super) fn pace() -> Rate {
    Rate::new(600, SimDuration::MINUTE)
}

/// A lognormal law by its median and 99th percentile [ms].
pub(super) fn lognormal(median: u64, p99: u64) -> DurationLaw {
    let spread = LogNormalSpread::P99(SimDuration::from_millis(p99));
    DurationLaw::new(DurationForm::LogNormal { median: SimDuration::from_millis(median), spread })
        .expect("the median is positive and below the 99th percentile")
}

/// A uniform law between two bounds [s].
pub(super) fn uniform_seconds(low: u64, high: u64) -> DurationLaw {
    let (low, high) = (SimDuration::from_secs(low), SimDuration::from_secs(high));
    DurationLaw::new(DurationForm::Uniform { low, high }).expect("the bounds are in order")
}

pub(super) fn share(share: f64) -> Ratio {
    Ratio::new(share).expect("a share from 0 to 1")
}

pub(super) fn production() -> String {
    "production".to_owned()
}
