//! `geo_latency`: DPS's lowest-latency policy. It suits stamps in several regions; within a region it hashes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::hashed::rendezvous;
use super::{Allocate, AllocationRequest};
use crate::model::ids::StampId;
use crate::model::region::RegionTable;
use crate::model::view::FleetView;

/// Parameters of `geo_latency`: none. Latency comes from the region table, not from probes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GeoLatency {}

impl Allocate for GeoLatency {
    fn choose(&self, request: &AllocationRequest<'_>, view: &FleetView, regions: &RegionTable) -> Option<StampId> {
        let rtt = |s: StampId| {
            let stamp = request.stamp_regions[s.index()];
            regions.rtt_ms(request.region.index(), stamp.index())
        };
        let least = request.candidates.iter().map(|s| rtt(*s)).min_by(f64::total_cmp)?;
        rendezvous(0, request, request.candidates.iter().copied().filter(|s| rtt(*s) <= least), view)
    }
}
