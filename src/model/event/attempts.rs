//! Attempts of a call at hubs: one that is not answered in time is given up and perhaps sent again, while the hub serves it
//! all the same. So a hub that was slow for a while can stay busy with work that nobody waits for.

use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::model::gateway::call::Outcome;
use crate::model::ids::StampId;
use crate::model::world::World;
use crate::units::SimTime;

impl World<'_> {
    /// When the attempt under way is given up.
    pub(super) fn attempt_ends(&mut self, call: u32) -> SimTime {
        let (attempt, whole) = (self.gateway().attempt_timeout, self.gateway().call_timeout);
        let record = self.calls.get(call);
        (record.sent + attempt).min(record.started + whole)
    }

    /// Counts an attempt that reaches a hub, and whether it repeats one that was given up.
    pub(super) fn count_hub_attempt(&mut self, call: u32) {
        let again = self.calls.get(call).given_up > 0;
        self.recorder.count(self.figures.call_attempts, 1);
        self.recorder.count(self.figures.call_retries, u64::from(again));
    }

    /// The attempt under way is given up at a time; another one follows if the call has one left.
    pub(super) fn give_up_attempt<L: EventList>(&mut self, agenda: &mut Agenda<L>, call: u32, at: SimTime) {
        let (attempts, whole) = (self.gateway().attempts, self.gateway().call_timeout);
        let record = self.calls.get(call);
        record.given_up += 1;
        if record.given_up >= attempts || at >= record.started + whole {
            return self.end_call(call, Outcome::TimedOut, at);
        }
        let stamp = record.stamp;
        self.send_to_hub(agenda, call, stamp, at);
    }

    /// Whether an answer of DPS comes too late for its call, at a gateway that lets such an answer go.
    pub(super) fn is_too_late(&mut self, call: u32, now: SimTime) -> bool {
        let gateway = self.gateway();
        let (fills, patience) = (gateway.late_answers_fill, gateway.call_timeout);
        !fills && now > self.calls.get(call).started + patience
    }

    /// Sends a call on that waited for another's look-up, if it still waits.
    pub(super) fn send_unless_late<L: EventList>(
        &mut self,
        agenda: &mut Agenda<L>,
        call: u32,
        stamp: StampId,
        now: SimTime,
    ) {
        if self.is_too_late(call, now) { self.end_late(call) } else { self.send_to_hub(agenda, call, stamp, now) }
    }

    /// Ends a call whose time is over.
    pub(super) fn end_late(&mut self, call: u32) {
        let end = self.calls.get(call).started + self.gateway().call_timeout;
        self.end_call(call, Outcome::TimedOut, end);
    }
}
