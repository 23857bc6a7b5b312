//! `capacity_aware`: a custom policy that fills stamps to their planned capacity and never beyond. It suits fleets
//! that grow by whole stamps, where a stamp's size is a promise.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::hashed::rendezvous;
use super::{Allocate, AllocationRequest};
use crate::model::ids::StampId;
use crate::model::region::RegionTable;
use crate::model::view::FleetView;

/// Parameters of `capacity_aware`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CapacityAware {
    /// When every stamp is full, take the least full one instead of failing the registration. Default false.
    pub overflow: bool,
}

impl Allocate for CapacityAware {
    fn choose(&self, request: &AllocationRequest<'_>, view: &FleetView, regions: &RegionTable) -> Option<StampId> {
        if let Some(current) = request.current.filter(|s| request.candidates.contains(s)) {
            return Some(current);
        }
        let with_room = request.candidates.iter().copied().filter(|s| view.has_room(*s));
        let chosen = rendezvous(0, request, with_room, view);
        match chosen {
            None if self.overflow => super::LeastLoaded::default().choose(request, view, regions),
            chosen => chosen,
        }
    }
}
