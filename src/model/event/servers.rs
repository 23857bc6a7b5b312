//! Servers are added to processing: a look each while → the order → the servers are there.

use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::metrics::Level;
use crate::model::event::Kind;
use crate::model::figures::Queue;
use crate::model::ids::StampId;
use crate::model::stamp::hub::Life;
use crate::model::stamp::servers::{Busy, ServersSeen};
use crate::model::world::{Change, World};
use crate::units::{SimDuration, SimTime};

/// Sequence of the event that brings ordered servers.
const THERE: u16 = 1;

impl World<'_> {
    pub(super) fn schedule_server_checks<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        (0..self.stamps.len()).for_each(|s| self.schedule_server_check(agenda, s, SimTime::ZERO));
    }

    /// Schedules the next look at a stamp's processing after a time.
    pub(super) fn schedule_server_check<L: EventList>(&mut self, agenda: &mut Agenda<L>, s: usize, from: SimTime) {
        if let Some(rule) = self.stamps[s].processing.scaling {
            let key = self.stamps[s].key;
            self.other_event(agenda, from + rule.check_every, Kind::ServersScale, key, (s as u32, 0));
        }
    }

    /// A look at a stamp's processing, or the arrival of what one ordered.
    pub(super) fn servers_scale<L: EventList>(&mut self, agenda: &mut Agenda<L>, s: usize, sequence: u16) {
        if self.hubs[s].life == Life::Retired {
            return;
        }
        self.flow_until(agenda.now());
        if sequence == THERE { self.add_servers(agenda.now(), s) } else { self.look_at_servers(agenda, s) }
    }

    fn look_at_servers<L: EventList>(&mut self, agenda: &mut Agenda<L>, s: usize) {
        let now = agenda.now();
        self.schedule_server_check(agenda, s, now);
        let Some(rule) = self.stamps[s].processing.scaling else { return };
        let messages = self.figures.uses[Queue::Send as usize][s].total;
        let seen = self.hubs[s].servers_seen;
        let busy = self.busy(s, messages - seen.messages, seen.at, now);
        let wanted = if seen.coming == 0 { rule.wanted(busy) } else { 0 };
        self.hubs[s].servers_seen = ServersSeen { messages, at: now, coming: seen.coming.max(wanted) };
        if wanted > 0 {
            let key = self.stamps[s].key;
            self.other_event(agenda, now + rule.delay, Kind::ServersScale, key, (s as u32, THERE));
        }
    }

    fn busy(&self, s: usize, messages: u64, since: SimTime, now: SimTime) -> Busy {
        let hub = &self.hubs[s];
        let servers = hub.pipeline.servers();
        let could = f64::from(servers) * (now - since).secs();
        let came = messages as f64 * self.stamps[s].processing.service.mean().secs();
        let queued = hub.pipeline.rate().map_or(0.0, |rate| hub.path.queued() as f64 / rate);
        let lag = hub.pipeline.lag(now).max(SimDuration::from_secs_f64(queued));
        Busy { servers, utilisation: if could > 0.0 { came / could } else { 0.0 }, lag }
    }

    fn add_servers(&mut self, now: SimTime, s: usize) {
        let n = std::mem::take(&mut self.hubs[s].servers_seen.coming);
        self.meter_stamp(s, now);
        self.hubs[s].pipeline.add_servers(n, now);
        self.count_servers(u64::from(n), now, Level::add);
        self.changes.push((StampId(s as u16), now, Change::Servers));
    }

    /// Counts servers where a policy adds any.
    pub(super) fn count_servers(&mut self, n: u64, now: SimTime, change: impl Fn(&mut Level, u64, SimTime)) {
        if let Some(level) = self.figures.servers {
            change(self.recorder.level_mut(level), n, now);
        }
    }
}
