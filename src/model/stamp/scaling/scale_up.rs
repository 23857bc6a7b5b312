//! `scale_up`: gives a hub more units, or another edition, when it is full to a share; up to its maximum. It adds no stamp:
//! one stack that grows part by part. In a mixture it comes first, and a new stamp when no hub can grow any more.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sight::{Sight, StampSight};
use super::{Bounds, Order, Reach, Scale, each, period_problem};
use crate::model::stamp::hub::Rung;
use crate::units::{Ratio, SimDuration, SimTime};

/// One size of a hub.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Units.
    pub units: u32,
    /// Edition. Default: that of the step before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<String>,
    /// Devices that the stamp is planned for at this size. Default: in proportion to the units, within one edition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    /// Throughput units of the routing endpoint. Default: those of the step before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throughput_units: Option<u32>,
    /// How many of `processing.price` are paid for. Default: as many as in the step before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processing: Option<u32>,
}

/// Parameters of `scale_up`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScaleUp {
    /// Utilisation of a stamp (assigned devices against planned capacity) that makes its hub larger. Default 80 %.
    pub utilisation: Ratio,
    /// Share of the daily message quota that makes a hub larger as soon as the day has used it. Default: none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<Ratio>,
    /// Use of a throttle since the last decision that makes a hub larger: admitted operations against the limit, of the
    /// throttle that is used most. Default: none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttle: Option<Ratio>,
    /// Time from the call to the moment at which limits, quota and price change; no source states it. Default 5 min.
    pub delay: SimDuration,
    /// Sizes beyond the first one, each larger than the one before. Default: unit by unit to the most of the edition.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Most units of one hub, where no steps are given. Default: the most of the edition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub units_max: Option<u32>,
    /// Time between two decisions. Default 1 h.
    pub check_every: SimDuration,
}

impl Default for ScaleUp {
    fn default() -> Self {
        Self {
            utilisation: Ratio::new(0.8).expect("a share"),
            quota: None,
            throttle: None,
            delay: SimDuration::from_secs(300),
            steps: Vec::new(),
            units_max: None,
            check_every: SimDuration::HOUR,
        }
    }
}

impl ScaleUp {
    /// Whether hubs grow by more than their devices.
    pub fn looks_at_use(&self) -> bool {
        self.quota.is_some() || self.throttle.is_some()
    }

    /// The lowest rung on which the stamp is below every threshold again, or the last one.
    fn wanted(&self, stamp: &StampSight<'_>) -> Option<usize> {
        let last = stamp.ladder.len().checked_sub(1).filter(|last| *last > stamp.rung)?;
        let free = |rung: &usize| !self.full(stamp, &stamp.ladder[*rung]);
        (!free(&stamp.rung)).then(|| (stamp.rung + 1..=last).find(free).unwrap_or(last))
    }

    /// Whether a stamp with this load would be at a threshold at this size.
    fn full(&self, stamp: &StampSight<'_>, size: &Rung) -> bool {
        let devices = f64::from(stamp.assigned) >= self.utilisation.get() * f64::from(size.capacity);
        let quota = self.quota.is_some_and(|bound| stamp.load.quota(size) >= bound.get());
        devices || quota || self.throttle.is_some_and(|bound| stamp.load.throttle(size) >= bound.get())
    }
}

impl Scale for ScaleUp {
    fn decide(&self, sight: &Sight<'_>) -> Vec<Order> {
        let still = sight.stamps.iter().filter(|s| s.active && !s.changing);
        let orders = still.filter_map(|s| Some(Order::Resize { stamp: s.stamp?, rung: self.wanted(s)? }));
        orders.collect()
    }

    fn next(&self, from: SimTime) -> Option<SimTime> {
        each(self.check_every, from)
    }

    fn reach(&self) -> Reach {
        Reach::Bounded
    }

    fn holds(&self, sight: &Sight<'_>) -> bool {
        sight.stamps.iter().any(|s| s.rung + 1 < s.ladder.len())
    }

    fn scale_up(&self) -> Option<&ScaleUp> {
        Some(self)
    }

    fn bounds(&self) -> Bounds {
        Bounds { grows_at: Some(self.utilisation.get()), drains_to: None }
    }

    fn shrink(&mut self, share: f64) {
        for capacity in self.steps.iter_mut().filter_map(|step| step.capacity.as_mut()) {
            *capacity = ((f64::from(*capacity) * share).round() as u32).max(u32::from(*capacity > 0));
        }
    }

    fn problem(&self) -> Option<String> {
        let zero = self.utilisation.get() <= 0.0;
        let zero = zero.then(|| "a threshold of zero would make hubs larger for ever".into());
        let both = self.units_max.is_some() && !self.steps.is_empty();
        let both = both.then(|| "`units_max` and `steps` contradict each other: the last step is the most".into());
        let never = [self.quota, self.throttle].into_iter().flatten().any(|bound| bound.get() <= 0.0);
        let never = never.then(|| "a threshold of zero would make hubs larger for ever".into());
        period_problem(self.check_every).or(zero).or(never).or(both)
    }
}
