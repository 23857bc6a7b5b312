//! `cost_aware`: a custom policy that takes the stamp with room whose capacity costs least for one device more. It suits
//! fleets with stamps of several editions, sizes or regions.
//!
//! What a stamp costs is paid whether it is full or not, so in the short run a device is free anywhere. In the long run a
//! full stamp calls for one more like it: the marginal cost of a device is a stamp's month over its planned capacity. At
//! equal cost the fullest stamp is taken, so that the others may be drained.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Allocate, AllocationRequest};
use crate::model::ids::StampId;
use crate::model::region::RegionTable;
use crate::model::view::FleetView;

/// Parameters of `cost_aware`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CostAware {
    /// When every stamp is full, take the least full one instead of failing the registration. Default false.
    pub overflow: bool,
}

impl Allocate for CostAware {
    fn choose(&self, request: &AllocationRequest<'_>, view: &FleetView, regions: &RegionTable) -> Option<StampId> {
        if let Some(current) = request.current.filter(|s| request.candidates.contains(s)) {
            return Some(current);
        }
        let cost = |s: StampId| view.device_month[s.index()];
        let fuller = |a: StampId, b: StampId| view.utilisation(b).total_cmp(&view.utilisation(a));
        let with_room = request.candidates.iter().copied().filter(|s| view.has_room(*s));
        let cheapest = with_room.min_by(|a, b| cost(*a).total_cmp(&cost(*b)).then(fuller(*a, *b)));
        match cheapest {
            None if self.overflow => super::LeastLoaded::default().choose(request, view, regions),
            cheapest => cheapest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::draws::{Draws, Purpose};
    use crate::model::ids::{CohortId, RegionId, RingId};

    fn chosen(assigned: &[u32], device_month: &[f64], overflow: bool) -> Option<u16> {
        let view = FleetView {
            assigned: assigned.to_vec(),
            capacity: vec![10; assigned.len()],
            device_month: device_month.to_vec(),
            ..FleetView::default()
        };
        let candidates: Vec<_> = (0..assigned.len() as u16).map(StampId).collect();
        let request = AllocationRequest {
            registration: 7,
            chance: Draws::new(0, 0).stream(0, Purpose::StampChoice, 0),
            region: RegionId(0),
            cohort: CohortId(0),
            ring: RingId(0),
            generation: 1,
            current: None,
            candidates: &candidates,
            stamp_keys: &[],
            stamp_regions: &[],
        };
        CostAware { overflow }.choose(&request, &view, &RegionTable::default()).map(|s| s.0)
    }

    #[test]
    fn fills_the_cheapest_first_and_of_equal_ones_the_fullest() {
        assert_eq!(chosen(&[9, 0, 5], &[0.3, 0.1, 0.2], false), Some(1));
        assert_eq!(chosen(&[9, 10, 5], &[0.3, 0.1, 0.2], false), Some(2), "a full one is passed over");
        assert_eq!(chosen(&[2, 7, 5], &[0.1; 3], false), Some(1));
        assert_eq!(chosen(&[10; 3], &[0.1; 3], false), None);
        assert_eq!(chosen(&[12, 11, 13], &[0.1; 3], true), Some(1));
    }
}
