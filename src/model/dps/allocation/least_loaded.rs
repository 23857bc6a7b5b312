//! `least_loaded`: a custom policy that levels the stamps. It suits stamps of different sizes, and growth.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Allocate, AllocationRequest};
use crate::model::ids::StampId;
use crate::model::region::RegionTable;
use crate::model::view::FleetView;

/// What load is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Load {
    /// Assigned devices: DPS's own count, exact.
    #[default]
    Assigned,
    /// Connected devices: a snapshot as old as `dps.view_period`, so that a burst of registrations herds on it.
    Connected,
}

/// Parameters of `least_loaded`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LeastLoaded {
    /// Fail a registration rather than exceed the planned capacity of every stamp. Default false.
    pub within_capacity: bool,
    /// What load is counted by. Default assigned.
    pub by: Load,
    /// Stamps that are looked at for one registration, each drawn by chance; the least full of them is taken. Two
    /// are nearly as even as all, and herd less on an old snapshot. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choices: Option<NonZeroU32>,
}

impl LeastLoaded {
    /// The candidates that are looked at, in order; one may come twice, as independent draws do.
    fn looked_at<'a>(&self, request: &'a AllocationRequest<'_>) -> impl Iterator<Item = StampId> + 'a {
        let (candidates, mut chance) = (request.candidates, request.chance.clone());
        let draws = self.choices.map_or(candidates.len() as u32, NonZeroU32::get);
        let all = self.choices.is_none();
        (0..draws).map(move |i| {
            let at = if all { u64::from(i) } else { chance.below(candidates.len() as u64) };
            candidates[at as usize]
        })
    }
}

impl Allocate for LeastLoaded {
    fn choose(&self, request: &AllocationRequest<'_>, view: &FleetView, _: &RegionTable) -> Option<StampId> {
        // Compares a/ca < b/cb by cross products: exact, so equal loads tie and the first candidate wins.
        let counts = match self.by {
            Load::Assigned => &view.assigned,
            Load::Connected => &view.connected,
        };
        let load = |s: StampId| (u64::from(counts[s.index()]), u64::from(view.capacity[s.index()]));
        let emptiest = self.looked_at(request).min_by(|a, b| {
            let ((na, ca), (nb, cb)) = (load(*a), load(*b));
            (na * cb).cmp(&(nb * ca))
        })?;
        (!self.within_capacity || view.has_room(emptiest)).then_some(emptiest)
    }
}
