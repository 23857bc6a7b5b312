//! `hashed`: DPS's evenly weighted distribution. It suits equal stamps and devices that never care where they are.
//!
//! Azure documents a weighted hash without naming it (Azure facts, *unconfirmed*); the model takes weighted rendezvous
//! hashing (Schindelhauer and Schomaker 2005): each stamp scores -w / ln(u), u a hash of registration and stamp, and
//! the best score wins. So P(stamp) = w / sum of weights, and a new stamp takes over just its own share.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Allocate, AllocationRequest};
use crate::kernel::draws::member;
use crate::model::ids::StampId;
use crate::model::region::RegionTable;
use crate::model::view::FleetView;

/// Parameters of `hashed`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hashed {
    /// Changes every assignment at once; for looking at other outcomes of the same hash. Default 0.
    pub salt: u64,
}

impl Allocate for Hashed {
    fn choose(&self, request: &AllocationRequest<'_>, view: &FleetView, _: &RegionTable) -> Option<StampId> {
        rendezvous(self.salt, request, request.candidates.iter().copied(), view)
    }
}

/// The candidate with the best weighted score for this registration.
pub(super) fn rendezvous(
    salt: u64,
    request: &AllocationRequest<'_>,
    candidates: impl Iterator<Item = StampId> + Clone,
    view: &FleetView,
) -> Option<StampId> {
    let hash = |s: StampId| member(member(request.registration, salt), request.stamp_keys[s.index()]);
    let mut weights = candidates.clone().map(|s| view.weight[s.index()]);
    let first = weights.next()?;
    if weights.all(|w| w == first) {
        // Equal weights: the largest hash wins, which is the same order without a logarithm.
        return candidates.max_by_key(|s| hash(*s));
    }
    let score = |s: StampId| {
        let unit = ((hash(s) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        f64::from(view.weight[s.index()]) / -libm::log(unit)
    };
    candidates.max_by(|a, b| score(*a).total_cmp(&score(*b)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::draws::{Draws, Purpose, member, stable_name};
    use crate::model::ids::{CohortId, RegionId, RingId};

    fn shares(weights: &[u16], n: u64) -> (Vec<f64>, Vec<StampId>) {
        let view = FleetView { weight: weights.to_vec(), ..FleetView::default() };
        let candidates: Vec<_> = (0..weights.len() as u16).map(StampId).collect();
        let keys: Vec<_> = (0..weights.len()).map(|i| stable_name(&format!("stamp-{i}"))).collect();
        let chosen: Vec<_> = (0..n)
            .map(|i| {
                let request = AllocationRequest {
                    registration: member(7, i),
                    chance: Draws::new(0, 0).stream(0, Purpose::StampChoice, i),
                    region: RegionId(0),
                    cohort: CohortId(0),
                    ring: RingId(0),
                    generation: 1,
                    current: None,
                    candidates: &candidates,
                    stamp_keys: &keys,
                    stamp_regions: &[],
                };
                Hashed::default().choose(&request, &view, &RegionTable::default()).expect("there are candidates")
            })
            .collect();
        let share = |s: u16| chosen.iter().filter(|c| c.0 == s).count() as f64 / n as f64;
        ((0..weights.len() as u16).map(share).collect(), chosen)
    }

    #[test]
    fn weights_1_1_2_give_a_quarter_a_quarter_and_a_half() {
        let (shares, chosen) = shares(&[1, 1, 2], 100_000);
        for (share, wanted) in shares.iter().zip([0.25, 0.25, 0.5]) {
            assert!((share - wanted).abs() < 0.005, "{shares:?}");
        }
        assert_eq!(chosen, super::tests::shares(&[1, 1, 2], 100_000).1, "the same ID gives the same hub");
    }

    #[test]
    fn a_new_stamp_takes_its_share_and_moves_no_other_device() {
        let (before, after) = (shares(&[1; 4], 50_000).1, shares(&[1; 5], 50_000).1);
        let moved: Vec<_> = before.iter().zip(&after).filter(|(b, a)| b != a).collect();
        assert!(moved.iter().all(|(_, a)| a.0 == 4));
        assert!((moved.len() as f64 / 50_000.0 - 0.2).abs() < 0.01);
    }
}
