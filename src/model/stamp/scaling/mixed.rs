//! `mixed`: several policies in order. Each is asked at its own times and sees what those before it ordered as if it were
//! done. One that can still meet a need by itself, such as `scale_up` while a hub can grow, keeps later ones from adding.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sight::Sight;
use super::{Bounds, Order, Reach, Scale, ScaleUp, ScalingPolicy, Schedule};
use crate::units::SimTime;

/// Parameters of `mixed`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mixed {
    /// The policies, each as a table named after it: `[[scaling.policy.mixed.policies]]`, then `scale_up = {}`.
    pub policies: Vec<ScalingPolicy>,
}

impl Mixed {
    fn entries(&self) -> impl Iterator<Item = &dyn Scale> {
        self.policies.iter().map(ScalingPolicy::entry)
    }
}

impl Scale for Mixed {
    fn decide(&self, sight: &Sight<'_>) -> Vec<Order> {
        let (mut sight, mut orders, mut held) = (sight.clone(), Vec::new(), false);
        for policy in self.entries() {
            let due = policy.next(sight.now) == Some(sight.now);
            let asked = due && !(held && policy.reach() == Reach::Open);
            for order in if asked { policy.decide(&sight) } else { Vec::new() } {
                sight.apply(order);
                orders.push(order);
            }
            held |= policy.holds(&sight);
        }
        orders
    }

    fn next(&self, from: SimTime) -> Option<SimTime> {
        self.entries().filter_map(|policy| policy.next(from)).min()
    }

    fn reach(&self) -> Reach {
        let reach = |wanted| self.entries().any(|policy| policy.reach() == wanted);
        [Reach::Open, Reach::Bounded, Reach::Shrinks].into_iter().find(|r| reach(*r)).unwrap_or(Reach::Nothing)
    }

    fn adds(&self) -> bool {
        self.entries().any(Scale::adds)
    }

    fn scale_up(&self) -> Option<&ScaleUp> {
        self.entries().find_map(Scale::scale_up)
    }

    fn bounds(&self) -> Bounds {
        let least = |of: fn(Bounds) -> Option<f64>| self.entries().filter_map(|p| of(p.bounds())).reduce(f64::min);
        Bounds { grows_at: least(|b| b.grows_at), drains_to: least(|b| b.drains_to) }
    }

    fn schedule(&self) -> Option<&Schedule> {
        self.entries().find_map(Scale::schedule)
    }

    fn schedule_mut(&mut self) -> Option<&mut Schedule> {
        self.policies.iter_mut().find_map(|policy| policy.entry_mut().schedule_mut())
    }

    fn shrink(&mut self, share: f64) {
        self.policies.iter_mut().for_each(|policy| policy.entry_mut().shrink(share));
    }

    fn problem(&self) -> Option<String> {
        let own = self.entries().find_map(Scale::problem);
        own.or_else(|| contradiction(&self.policies))
    }
}

/// What in a mixture contradicts itself.
fn contradiction(policies: &[ScalingPolicy]) -> Option<String> {
    if policies.len() < 2 {
        return Some(format!("a mixture of {} policies; at least 2 are mixed", policies.len()));
    }
    let keys: Vec<_> = policies.iter().map(ScalingPolicy::key).collect();
    if let Some(key) = keys.iter().enumerate().find(|(i, key)| keys[..*i].contains(key)).map(|(_, key)| key) {
        return Some(format!("`{key}` stands twice in the mixture; both would meet the same need"));
    }
    if let Some(key) = keys.iter().find(|key| matches!(**key, "fixed" | "mixed")) {
        let why = if *key == "fixed" { "nothing changes by it" } else { "list its policies here instead" };
        return Some(format!("`{key}` cannot be part of a mixture: {why}"));
    }
    let open: Vec<_> = policies.iter().filter(|policy| policy.entry().reach() == Reach::Open).collect();
    if let [first, second, ..] = open.as_slice() {
        return Some(format!("`{}` and `{}` would both add stamps for the same need", first.key(), second.key()));
    }
    let place = |key: &str| keys.iter().position(|other| *other == key);
    if let (Some(open), Some(up)) = (open.first(), place("scale_up"))
        && place(open.key()).is_some_and(|place| place < up)
    {
        let open = open.key();
        return Some(format!(
            "`scale_up` after `{open}` would meet a need twice; it comes first, `{open}` when no hub can grow"
        ));
    }
    let grows = policies.iter().filter_map(|policy| policy.entry().bounds().grows_at).reduce(f64::min);
    let drains = policies.iter().find_map(|policy| policy.entry().bounds().drains_to);
    grows.zip(drains).filter(|(grows, drains)| drains >= grows).map(|(grows, drains)| {
        let (grows, drains) = (grows * 100.0, drains * 100.0);
        format!("`drain` fills the other stamps up to {drains} %, but from {grows} % on capacity is added again; drain to less")
    })
}

#[cfg(test)]
mod tests {
    use super::super::sight::tests::sight;
    use super::super::{Drain, Forecast, Threshold};
    use super::*;
    use crate::model::ids::StampId;
    use crate::model::stamp::hub::Rung;
    use crate::units::SimDuration;

    fn of(policies: &[ScalingPolicy]) -> Mixed {
        Mixed { policies: policies.to_vec() }
    }

    fn up() -> ScalingPolicy {
        ScalingPolicy::ScaleUp(ScaleUp::default())
    }

    fn threshold() -> ScalingPolicy {
        ScalingPolicy::Threshold(Threshold::default())
    }

    #[test]
    fn a_hub_grows_to_its_maximum_before_a_stamp_is_added() {
        let ladder: Vec<Rung> = [1_000, 2_000].map(Rung::of_capacity).to_vec();
        let policy = of(&[up(), threshold()]);
        let mut seen = sight(&[(900, 1_000)]);
        seen.now = SimTime::ZERO + SimDuration::HOUR;
        let stamp = &mut seen.stamps[0];
        stamp.ladder = Box::leak(ladder.into_boxed_slice());
        assert_eq!(policy.decide(&seen), [Order::Resize { stamp: StampId(0), rung: 1 }]);
        // While that is under way there is no need that a stamp would meet.
        seen.apply(Order::Resize { stamp: StampId(0), rung: 1 });
        assert_eq!(policy.decide(&seen), []);
        seen.stamps[0].changing = false;
        (seen.stamps[0].assigned, seen.devices) = (1_600, 1_600);
        assert_eq!(policy.decide(&seen), [Order::Add]);
    }

    #[test]
    fn contradictions_are_named() {
        let drain = |share| {
            ScalingPolicy::Drain(Drain {
                utilisation: crate::units::Ratio::new(share).expect("a share"),
                ..Drain::default()
            })
        };
        let forecast = ScalingPolicy::Forecast(Forecast::default());
        let said = |policies: &[ScalingPolicy]| of(policies).problem().unwrap_or_default();
        assert_eq!(said(&[up(), threshold()]), "");
        assert_eq!(said(&[threshold(), drain(0.5)]), "");
        assert!(said(&[up()]).contains("at least 2"));
        assert!(said(&[up(), up()]).contains("`scale_up` stands twice"));
        assert!(said(&[threshold(), ScalingPolicy::default()]).contains("`fixed` cannot be part"));
        assert!(said(&[threshold(), forecast]).contains("both add stamps"));
        assert!(said(&[threshold(), up()]).contains("`scale_up` after `threshold`"));
        assert!(said(&[threshold(), drain(0.8)]).contains("up to 80 %, but from 80 % on"));
    }
}
