//! Where a flow is accurate: stamp by stamp and part by part of a tick; what is not is superposed.
//!
//! A closed form of a wait needs a tick that is long against the relaxation time of the queue, or it counts chance twice;
//! a saturated queue needs none, since its backlog is counted. A throttle is a fluid where its credit and its backlog are
//! large against what comes in a tick, or where it is far from binding.

use crate::kernel::arrivals::Tick;
use crate::model::ids::StampId;
use crate::model::population::traffic::Fidelity;
use crate::model::world::World;

/// Relaxation times that a tick must hold.
const RELAXATIONS: f64 = 10.0;
/// Ticks of arrivals that the room of a throttle must hold.
const ROOM: f64 = 8.0;
/// Standard deviations of a Poisson count that are called chance.
const CHANCE: f64 = 6.0;
/// Operations of credit that no chance uses up where a throttle is far from its limit.
const CREDIT: f64 = 64.0;
/// A part with more messages than this flows whatever its limits: chance is below a hundredth of them.
const SUPERPOSED_MAX: f64 = 200_000.0;
/// An endpoint below this share of its limit lets everything through, and above its inverse it is saturated.
const FREE: f64 = 0.9;

/// Messages of a queue that chance alone may bring together, where so many are to be expected.
fn chance(expected: f64) -> f64 {
    CHANCE * (1.0 + expected.sqrt())
}

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
        let flows = expected > SUPERPOSED_MAX
            || (self.throttle_flows(s, tick, expected) || self.throttle_is_far(s, tick))
                && self.endpoint_flows(s, tick, expected)
                && self.processing_flows(s, tick, expected);
        if flows {
            self.hubs[s].begin_flow(tick.start, chance(expected));
        }
        flows
    }

    fn throttle_flows(&self, s: usize, tick: Tick, expected: f64) -> bool {
        let sends = &self.hubs[s].sends;
        let most = expected + chance(expected);
        let holds_more = || {
            let (credit, backlog) = sends.room();
            credit >= ROOM * most && backlog >= ROOM * most
        };
        sends.credit(tick.start) >= most || holds_more()
    }

    /// Whether nothing that comes at the rates of the stamp uses its credit up, however long the tick: the deficit of a bucket
    /// below four fifths of its limit passes n operations with a chance of about e^(-n/2).
    fn throttle_is_far(&self, s: usize, tick: Tick) -> bool {
        self.hubs[s].sends.credit(tick.start) >= CREDIT && self.is_calm(s)
    }

    fn endpoint_flows(&self, s: usize, tick: Tick, expected: f64) -> bool {
        let Some(endpoint) = &self.hubs[s].path.endpoint else { return true };
        let bytes = self.config.cohorts.iter().filter_map(|cohort| Some(cohort.telemetry.as_ref()?.size.0)).max();
        let load = endpoint.load(expected / tick.length.secs(), bytes.unwrap_or(0) as f64);
        endpoint.waiting() as f64 > chance(expected) || !(FREE..1.0 / FREE).contains(&load)
    }

    fn processing_flows(&self, s: usize, tick: Tick, expected: f64) -> bool {
        let hub = &self.hubs[s];
        let Some(rate) = hub.pipeline.rate() else { return true };
        let waiting = hub.pipeline.work_left(tick.start) * rate + hub.pipeline.backlog() + hub.path.queued() as f64;
        if expected <= 0.0 || waiting > chance(expected) || hub.path.halted {
            return true;
        }
        let utilisation = expected / (rate * tick.length.secs());
        tick.length.secs() >= RELAXATIONS * hub.pipeline.relaxation(utilisation)
    }
}
