//! Where a flow is accurate: stamp by stamp and part by part of a tick; what is not is superposed.
//!
//! A closed form of a wait needs a tick that is long against the relaxation time of the queue, or it counts chance twice;
//! a saturated queue needs none, since its backlog is counted. A throttle is a fluid where its credit and its backlog are
//! large against what comes in a tick, or where it is far from binding.

use crate::kernel::arrivals::Tick;
use crate::model::ids::StampId;
use crate::model::limit::STRATA;
use crate::model::population::traffic::Fidelity;
use crate::model::world::World;

/// Operations of credit that no chance uses up where a throttle, or an endpoint, is far from its limit.
const CREDIT: f64 = 64.0;

impl World<'_> {
    /// Whether a part of a tick is carried out as a flow, when so many messages are to be expected in it.
    pub(super) fn flows(&mut self, stamp: StampId, tick: Tick, expected: f64) -> bool {
        if self.config.fidelity != Fidelity::Flow {
            return false;
        }
        let s = stamp.index();
        if self.stamp_status[s].down.is_some() {
            return true;
        }
        let flows = expected > self.config.flow_rule.most
            || (self.throttle_flows(s, tick, expected) || self.throttle_is_far(s, tick))
                && self.endpoint_flows(s, tick, expected)
                && self.processing_flows(s, tick, expected);
        if flows {
            let chance = self.chance(expected);
            self.hubs[s].begin_flow(tick.start, chance);
        }
        flows
    }

    fn throttle_flows(&self, s: usize, tick: Tick, expected: f64) -> bool {
        let sends = &self.hubs[s].sends;
        let most = expected + self.chance(expected);
        let holds_more = || {
            let (credit, backlog) = sends.room();
            let room = self.config.flow_rule.room * most;
            credit >= room && backlog >= room
        };
        sends.credit(tick.start) >= most || holds_more()
    }

    /// Messages of a queue that chance alone may bring together, where so many are to be expected.
    fn chance(&self, expected: f64) -> f64 {
        self.config.flow_rule.chance * (1.0 + expected.sqrt())
    }

    /// Whether nothing that comes at the rates of the stamp uses its credit up, however long the tick: the deficit of a bucket
    /// below four fifths of its limit passes n operations with a chance of about e^(-n/2).
    fn throttle_is_far(&self, s: usize, tick: Tick) -> bool {
        self.hubs[s].sends.credit(tick.start) >= CREDIT && self.is_calm_below(s, self.config.flow_rule.far)
    }

    fn endpoint_flows(&self, s: usize, tick: Tick, expected: f64) -> bool {
        let Some(endpoint) = &self.hubs[s].path.endpoint else { return true };
        let bytes = self.config.cohorts.iter().filter_map(|cohort| Some(cohort.telemetry.as_ref()?.size.0)).max();
        let bytes = bytes.unwrap_or(0);
        let load = endpoint.load(expected / tick.length.secs(), bytes as f64);
        let free = self.config.flow_rule.free;
        // A flow comes to it in eight lumps, which its credit must hold.
        let lets_through = load < free && endpoint.credit(bytes as f64) >= CREDIT.max(expected / STRATA as f64);
        endpoint.waiting() as f64 > self.chance(expected) || lets_through || load >= 1.0 / free
    }

    fn processing_flows(&self, s: usize, tick: Tick, expected: f64) -> bool {
        let hub = &self.hubs[s];
        let Some(rate) = hub.pipeline.rate() else { return true };
        let waiting = hub.pipeline.work_left(tick.start) * rate + hub.pipeline.backlog() + hub.path.queued() as f64;
        if expected <= 0.0 || waiting > self.chance(expected) || hub.path.halted {
            return true;
        }
        let utilisation = expected / (rate * tick.length.secs());
        tick.length.secs() >= self.config.flow_rule.relaxations * hub.pipeline.relaxation(utilisation)
    }
}
