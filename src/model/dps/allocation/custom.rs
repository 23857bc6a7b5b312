//! `custom`: a webhook of one's own decides (DPS, "custom allocation policies"). It suits rules that DPS does not know, such as
//! a hub for each customer, and costs a dependency: while the webhook is slow or down, registrations fail.
//!
//! Rules come first: the first that fits the device leaves only its stamps as candidates. Among what is left another policy
//! decides. How DPS waits for the webhook and what it does when that fails is not documented (Azure facts, *unconfirmed*),
//! so time limit, retries and the share of failures are parameters.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Allocate, AllocationPolicy, AllocationRequest};
use crate::kernel::draws::Stream;
use crate::kernel::law::{DurationForm, DurationLaw, LogNormalSpread};
use crate::model::ids::{CohortId, RegionId, RingId, StampId};
use crate::model::names::MoveNames;
use crate::model::region::RegionTable;
use crate::model::view::FleetView;
use crate::units::{Ratio, SimDuration};

/// Parameters of `custom`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Custom {
    /// Rules, the first that fits a device counts. Default: none, every stamp is a candidate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// What decides among the candidates, as a table named after the policy. Default `hashed`.
    pub by: Box<AllocationPolicy>,
    /// Time in which the webhook answers. Default lognormal, median 100 ms, 99 % below 1 s.
    pub latency: DurationLaw,
    /// How long DPS waits for it; not documented. Default 10 s.
    pub timeout: SimDuration,
    /// Share of calls that it answers with an error. Default 0.
    pub failures: Ratio,
    /// How often DPS calls it again after an error or a time-out; not documented. Default 0.
    pub retries: u32,
}

/// Which stamps devices of some kind may get; what is not given fits all.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// Only devices of this cohort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cohort: Option<String>,
    /// Only devices of this region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Only devices of this ring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring: Option<String>,
    /// Only devices of this generation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<u16>,
    /// Names of the stamps that they may get.
    pub stamps: Vec<String>,
    #[serde(skip)]
    #[schemars(skip)]
    resolved: Resolved,
}

/// A rule with its names resolved.
#[derive(Debug, Clone, PartialEq, Default)]
struct Resolved {
    cohort: Option<CohortId>,
    region: Option<RegionId>,
    ring: Option<RingId>,
    stamps: Vec<StampId>,
}

impl Default for Custom {
    fn default() -> Self {
        let spread = LogNormalSpread::P99(SimDuration::SECOND);
        let form = DurationForm::LogNormal { median: SimDuration::from_millis(100), spread };
        Self {
            rules: Vec::new(),
            by: Box::default(),
            latency: DurationLaw::new(form).expect("the median is positive and below the 99th percentile"),
            timeout: SimDuration::from_secs(10),
            failures: Ratio::ZERO,
            retries: 0,
        }
    }
}

/// What came of calling a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Time that DPS waited in all.
    pub after: SimDuration,
    /// Whether it got an answer.
    pub fine: bool,
}

impl Custom {
    /// Calls the webhook, and again as often as the parameters say; the draws are those of one registration.
    pub fn call(&self, draws: &mut Stream) -> Answer {
        let mut after = SimDuration::ZERO;
        for _ in 0..=self.retries {
            let latency = self.latency.sample(draws);
            let fails = draws.chance(self.failures.get());
            after += latency.min(self.timeout);
            if latency <= self.timeout && !fails {
                return Answer { after, fine: true };
            }
        }
        Answer { after, fine: false }
    }

    /// What is wrong with the parameters beside names, and where.
    fn own_problem(&self) -> Option<(&'static str, &'static str)> {
        if self.timeout.is_zero() {
            return Some(("timeout", "a time limit of zero fails every registration; expected one such as \"10 s\""));
        }
        if matches!(*self.by, AllocationPolicy::Custom(_)) {
            return Some(("by", "`custom` inside `custom` is one webhook too many; expected another policy"));
        }
        let empty = self.rules.iter().any(|rule| rule.stamps.is_empty());
        empty.then_some(("rules", "a rule without stamps leaves its devices none; expected `stamps`"))
    }
}

impl Rule {
    fn fits(&self, request: &AllocationRequest<'_>) -> bool {
        let to = &self.resolved;
        to.cohort.is_none_or(|cohort| cohort == request.cohort)
            && to.region.is_none_or(|region| region == request.region)
            && to.ring.is_none_or(|ring| ring == request.ring)
            && self.generation.is_none_or(|generation| generation == request.generation)
    }

    fn resolve(&mut self, names: &dyn MoveNames) -> Result<(), String> {
        let stamps: Result<Vec<StampId>, String> = self.stamps.iter().map(|name| names.stamp(name)).collect();
        self.resolved = Resolved {
            cohort: self.cohort.as_ref().map(|name| names.cohort(name)).transpose()?,
            region: self.region.as_ref().map(|name| names.region(name)).transpose()?,
            ring: self.ring.as_ref().map(|name| names.ring(name)).transpose()?,
            stamps: stamps?,
        };
        Ok(())
    }
}

impl Allocate for Custom {
    fn choose(&self, request: &AllocationRequest<'_>, view: &FleetView, regions: &RegionTable) -> Option<StampId> {
        let Some(rule) = self.rules.iter().find(|rule| rule.fits(request)) else {
            return self.by.entry().choose(request, view, regions);
        };
        let own = |stamp: &StampId| rule.resolved.stamps.contains(stamp);
        let candidates: Vec<StampId> = request.candidates.iter().copied().filter(own).collect();
        if candidates.is_empty() {
            return None;
        }
        self.by.entry().choose(&AllocationRequest { candidates: &candidates, ..request.clone() }, view, regions)
    }

    fn stamps(&self) -> Vec<&str> {
        self.by.entry().stamps()
    }

    fn resolve(&mut self, stamps: &[StampId]) {
        self.by.entry_mut().resolve(stamps);
    }

    fn resolve_names(&mut self, names: &dyn MoveNames) -> Result<(), (String, String)> {
        if let Some((place, problem)) = self.own_problem() {
            return Err((place.to_owned(), problem.to_owned()));
        }
        let mut rules = self.rules.iter_mut().enumerate();
        rules.try_for_each(|(i, rule)| rule.resolve(names).map_err(|message| (format!("rules/{i}"), message)))
    }

    fn webhook(&self) -> Option<&Custom> {
        Some(self)
    }

    fn leaves_out(&self) -> bool {
        self.by.entry().leaves_out() || !self.rules.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::draws::{Draws, Purpose};

    fn hook(latency: SimDuration, failures: f64, retries: u32) -> Custom {
        Custom {
            latency: DurationLaw::constant(latency),
            timeout: SimDuration::from_secs(5),
            failures: Ratio::new(failures).expect("a share"),
            retries,
            ..Custom::default()
        }
    }

    fn called(hook: &Custom, counter: u64) -> Answer {
        hook.call(&mut Draws::new(7, 0).stream(1, Purpose::Webhook, counter))
    }

    #[test]
    fn a_webhook_beyond_its_time_limit_costs_the_limit_and_fails() {
        let slow = hook(SimDuration::from_secs(8), 0.0, 0);
        assert_eq!(called(&slow, 0), Answer { after: SimDuration::from_secs(5), fine: false });
        let again = Custom { retries: 2, ..slow };
        assert_eq!(called(&again, 0), Answer { after: SimDuration::from_secs(15), fine: false });
        let fine = hook(SimDuration::from_secs(5), 0.0, 0);
        assert_eq!(called(&fine, 0), Answer { after: SimDuration::from_secs(5), fine: true });
    }

    /// 10,000 registrations with one retry each: 0.3^2 = 9 % fail, give or take 5 deviations of 0.29 %. It fails on correct
    /// code with a chance below 1e-6.
    #[test]
    fn failures_are_independent_over_retries() {
        let flaky = hook(SimDuration::SECOND, 0.3, 1);
        let failed = (0..10_000).filter(|counter| !called(&flaky, *counter).fine).count();
        assert!((757..=1_043).contains(&failed), "{failed}");
    }

    #[test]
    fn the_first_rule_that_fits_leaves_its_stamps() {
        let to = |stamps: &[u16], cohort: Option<u8>, generation| Rule {
            generation,
            resolved: Resolved {
                cohort: cohort.map(CohortId),
                stamps: stamps.iter().copied().map(StampId).collect(),
                ..Resolved::default()
            },
            ..Rule::default()
        };
        let rules = vec![to(&[2], Some(1), None), to(&[0, 1], None, Some(2)), to(&[9], None, Some(3))];
        let policy = Custom {
            rules,
            by: Box::new(AllocationPolicy::LeastLoaded(super::super::LeastLoaded::default())),
            ..Custom::default()
        };
        let view = FleetView { assigned: vec![5, 3, 1], capacity: vec![10; 3], ..FleetView::default() };
        let candidates = [0, 1, 2].map(StampId);
        let chosen = |cohort, generation| {
            let request = AllocationRequest {
                registration: 7,
                chance: Draws::new(0, 0).stream(0, Purpose::StampChoice, 0),
                region: RegionId(0),
                cohort: CohortId(cohort),
                ring: RingId(0),
                generation,
                current: None,
                candidates: &candidates,
                stamp_keys: &[],
                stamp_regions: &[],
            };
            policy.choose(&request, &view, &RegionTable::default()).map(|stamp| stamp.0)
        };
        assert_eq!(chosen(1, 2), Some(2), "the first rule, though the second fits too");
        assert_eq!(chosen(0, 2), Some(1), "the emptier one of the second rule");
        assert_eq!(chosen(0, 1), Some(2), "no rule fits: all are candidates");
        assert_eq!(chosen(0, 3), None, "its stamp takes no part");
    }
}
