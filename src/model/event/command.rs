//! A cloud-to-device call: gateway → cache → hub; on 404001 → DPS → cache update → hub; on cache outage → fallback.
//!
//! Each step is an event at the place where it happens. Whatever happens, [`World::end_call`] runs once for each call.

use crate::kernel::arrivals::{Tick, TickArrivals};
use crate::kernel::draws::{Purpose, Stream, member, stable_name};
use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::kernel::law::DurationLaw;
use crate::kernel::prefetch::prefetch;
use crate::model::condition::DownStyle;
use crate::model::dps::enrollment::Status as Registration;
use crate::model::event::Kind;
use crate::model::figures::Queue;
use crate::model::gateway::cache::Miss;
use crate::model::gateway::call::{GatewayConfig, NO_CALL, Outcome};
use crate::model::ids::{DeviceId, StampId};
use crate::model::limit::Verdict;
use crate::model::population::device::State;
use crate::model::population::traffic::{Calls as CallRate, Popularity, ZipfTable};
use crate::model::stamp::path::Fate;
use crate::model::world::{NEVER, World};
use crate::units::{SimDuration, SimTime};

/// Names the arrivals of calls among the events of a cohort.
const CALL: u64 = stable_name("call");

impl World<'_> {
    pub(super) fn gateway(&self) -> &GatewayConfig {
        self.config.gateway.as_ref().expect("calls arrive at a gateway")
    }

    pub(super) fn call_rate(&self, cohort: usize) -> &CallRate {
        self.config.cohorts[cohort].calls.as_ref().expect("a cohort with calls has a rate")
    }

    /// Prepares the popularity of a cohort's devices.
    pub(super) fn begin_calls(&mut self, cohort: usize) {
        let devices = self.cohort_first[cohort + 1] - self.cohort_first[cohort];
        let table = match self.call_rate(cohort).popularity {
            Popularity::Zipf(exponent) if devices > 0 => Some(ZipfTable::new(devices, exponent)),
            _ => None,
        };
        self.popularity.resize(self.config.cohorts.len(), None);
        self.popularity[cohort] = table;
    }

    /// Draws the calls of a tick.
    pub(super) fn call_tick<L: EventList>(&mut self, agenda: &mut Agenda<L>, cohort: usize) {
        let now = agenda.now();
        if self.leaves_calls(cohort, now) {
            return;
        }
        let config = &self.config.cohorts[cohort];
        let tick = Tick { index: self.call_source[cohort].tick, start: now, length: self.config.tick };
        let calls = config.calls.as_ref().expect("a cohort with calls has a rate");
        let source = TickArrivals::new(self.draws, config.key, Purpose::CallArrivals);
        let rate = calls.rate_per_second * calls.profile.max() * tick.length.secs();
        let mut arrivals = std::mem::take(&mut self.call_source[cohort].arrivals);
        source.arrivals(tick, f64::from(self.cohort_joined[cohort]) * rate, |t| calls.profile.share(t), &mut arrivals);
        let source = &mut self.call_source[cohort];
        source.arrivals = arrivals;
        source.tick += 1;
        source.next = 0;
        self.schedule_next_call(agenda, cohort);
        self.other_event(agenda, now + self.config.tick, Kind::CallTick, config.key, (cohort as u32, 0));
    }

    fn schedule_next_call<L: EventList>(&mut self, agenda: &mut Agenda<L>, cohort: usize) {
        let source = &self.call_source[cohort];
        let Some(arrival) = source.arrivals.get(source.next) else { return };
        let counter = arrival.counter;
        let key = member(self.config.cohorts[cohort].key, CALL);
        self.other_event(agenda, arrival.time, Kind::CallArrives, key, (cohort as u32, 0));
        self.foresee_call(cohort, counter);
    }

    /// The next call of a cohort is for a device whose state lies far apart: a chance to bring it near. Changes nothing.
    fn foresee_call(&self, cohort: usize, counter: u64) {
        // A rank is dear to find, and popular devices are near anyway.
        if self.cohort_joined[cohort] > 0 && self.popularity[cohort].is_none() {
            let device = self.called_device(cohort, counter);
            prefetch(&self.devices, device.index());
            prefetch(&self.columns.identity, device.index());
            self.cache.iter().for_each(|cache| cache.foresee(device));
            self.observation.iter().for_each(|observation| observation.foresee(device));
        }
    }

    /// A call arrives at the gateway.
    pub(super) fn call_arrives<L: EventList>(&mut self, agenda: &mut Agenda<L>, cohort: usize) {
        let source = &mut self.call_source[cohort];
        let counter = source.arrivals[source.next].counter;
        source.next += 1;
        self.schedule_next_call(agenda, cohort);
        if self.cohort_joined[cohort] == 0 {
            return; // The whole cohort retired within the tick: there is nobody to call.
        }
        let now = agenda.now();
        let device = self.called_device(cohort, counter);
        if !self.devices[device.index()].state.in_fleet() {
            return; // It was retired, and is called no more.
        }
        self.recorder.count(self.figures.commands, 1);
        let key = member(self.config.cohorts[cohort].key, counter);
        let call = self.calls.begin(device, now, key);
        let gateway = self.gateway();
        let room = gateway.in_flight_max.map(|most| u64::from(most) * u64::from(gateway.replicas));
        if room.is_some_and(|room| self.calls.under_way() as u64 > room) {
            return self.end_call(call, Outcome::Shed, now);
        }
        if self.learnt.is_some() {
            return self.call_learnt(agenda, call);
        }
        self.ask_cache(agenda, call);
    }

    fn called_device(&self, cohort: usize, counter: u64) -> DeviceId {
        let mut draws = self.draws.stream(self.config.cohorts[cohort].key, Purpose::CallTarget, counter);
        let joined = self.cohort_joined[cohort];
        let ordinal = match &self.popularity[cohort] {
            Some(table) => table.rank(joined, draws.unit()),
            None => draws.below(u64::from(joined)) as u32,
        };
        DeviceId(self.cohort_first[cohort] + ordinal)
    }

    /// A round trip of a call's next step.
    fn hop(&mut self, call: u32, purpose: Purpose, law: impl Fn(&GatewayConfig) -> &DurationLaw) -> SimDuration {
        let call = self.calls.get(call);
        call.step += 1;
        let (key, step) = (call.key, call.step);
        let law = law(self.config.gateway.as_ref().expect("calls arrive at a gateway"));
        if law.is_zero() {
            SimDuration::ZERO
        } else {
            law.sample(&mut self.draws.stream(key, purpose, u64::from(step)))
        }
    }

    pub(super) fn call_event<L: EventList>(&mut self, agenda: &mut Agenda<L>, call: u32, at: SimTime, kind: Kind) {
        let record = self.calls.get(call);
        let (key, generation) = (record.key, record.generation);
        self.other_event(agenda, at, kind, key, (call, generation));
    }

    fn ask_cache<L: EventList>(&mut self, agenda: &mut Agenda<L>, call: u32) {
        if self.cache.is_none() {
            return self.ask_dps(agenda, call, agenda.now());
        }
        let trip = self.hop(call, Purpose::CacheLatency, |g| &g.to_cache);
        let silent = self.cache_status.down == Some(DownStyle::Silent);
        let wait = if silent { self.gateway().cache_timeout } else { self.cache_status.stretch(trip) };
        self.call_event(agenda, call, agenda.now() + wait, Kind::CacheReplies);
    }

    /// The cache answers, or its silence has lasted long enough.
    pub(super) fn cache_replies<L: EventList>(&mut self, agenda: &mut Agenda<L>, call: u32) {
        let now = agenda.now();
        let device = self.calls.get(call).device;
        self.draw_entry(device);
        self.recorder.count(self.figures.look_ups, 1);
        let found = if self.cache_status.down.is_some() {
            Err(Miss::Outage)
        } else {
            self.cache.as_mut().expect("a cache was asked").look_up(device, now)
        };
        match found {
            Ok(stamp) => self.send_to_hub(agenda, call, stamp, now),
            Err(cause) => {
                self.recorder.count(self.figures.misses, 1);
                self.recorder.count(self.figures.miss_causes[cause as usize], 1);
                self.after_miss(agenda, call, cause);
            }
        }
    }

    fn after_miss<L: EventList>(&mut self, agenda: &mut Agenda<L>, call: u32, cause: Miss) {
        let now = agenda.now();
        let device = self.calls.get(call).device;
        if cause == Miss::Outage && self.secondary_status.down.is_none() {
            let found = self.secondary.as_mut().and_then(|cache| cache.look_up(device, now).ok());
            if let Some(stamp) = found {
                let trip = self.hop(call, Purpose::CacheLatency, |g| &g.to_cache);
                return self.send_to_hub(agenda, call, stamp, now + self.secondary_status.stretch(trip));
            }
        }
        self.ask_dps(agenda, call, now);
    }

    /// The caches that take writes now.
    pub(super) fn store(&mut self, device: DeviceId, stamp: StampId, now: SimTime) {
        if self.cache_status.down.is_none()
            && let Some(cache) = &mut self.cache
        {
            cache.store(device, stamp, now);
        }
        let warm = self.config.gateway.as_ref().is_some_and(|g| g.fallback.entry().keeps_warm());
        if (warm || self.cache_status.down.is_some())
            && self.secondary_status.down.is_none()
            && let Some(cache) = &mut self.secondary
        {
            cache.store(device, stamp, now);
        }
    }

    /// The caches lose the entry of a device.
    pub(super) fn forget(&mut self, device: DeviceId) {
        for cache in [&mut self.cache, &mut self.secondary].into_iter().flatten() {
            cache.remove(device, Miss::Moved);
        }
    }

    /// Asks DPS for the device's registration, or joins a look-up that is under way.
    fn ask_dps<L: EventList>(&mut self, agenda: &mut Agenda<L>, call: u32, at: SimTime) {
        let device = self.calls.get(call).device;
        if self.gateway().single_flight
            && let Some(cache) = &mut self.cache
        {
            if let Some(next) = cache.join(device, call) {
                self.calls.get(call).next_waiter = next;
                // A stale route was no miss, so it does not count as a coalesced one.
                let missed = self.calls.get(call).stale == 0;
                return self.recorder.count(self.figures.coalesced, u64::from(missed));
            }
            cache.begin_fetch(device);
            self.calls.get(call).leads = true;
        }
        let trip =
            if self.has_store() { self.store_trip(call) } else { self.hop(call, Purpose::DpsLatency, |g| &g.to_dps) };
        self.call_event(agenda, call, at + trip / 2, Kind::LookUpAtDps);
    }

    /// A look-up reaches DPS.
    pub(super) fn look_up_at_dps<L: EventList>(&mut self, agenda: &mut Agenda<L>, call: u32) {
        if self.has_store() {
            return self.look_up_in_store(agenda, call);
        }
        let now = agenda.now();
        let device = self.calls.get(call).device;
        let instance = self.service_of(device).index();
        let status = self.dps_status[instance];
        if let Some(style) = status.down {
            return self.unanswered_look_up(call, style, now);
        }
        self.recorder.count(self.figures.dps_look_ups, 1);
        match self.instances[instance].operations.offer(now) {
            Verdict::Admitted(at) => {
                self.figures.admitted(&mut self.recorder, Queue::DpsOperation, instance, (now, at - now));
                let counter = u64::from(self.calls.get(call).step);
                let key = self.calls.get(call).key;
                let work = sample(&self.config.dps.status, &mut self.draws.stream(key, Purpose::PollPhase, counter));
                let trip = self.hop(call, Purpose::DpsLatency, |g| &g.to_dps);
                self.call_event(agenda, call, at + status.stretch(work) + trip / 2, Kind::DpsReplies);
            }
            Verdict::Full | Verdict::TimedOut(_) => {
                self.figures.refused(&mut self.recorder, Queue::DpsOperation, now, "429");
                self.refused_by_dps(agenda, call);
            }
        }
    }

    /// DPS answered 429: back off, unless the attempts or the call's time are used up.
    fn refused_by_dps<L: EventList>(&mut self, agenda: &mut Agenda<L>, call: u32) {
        let now = agenda.now();
        let (attempts, base) = (self.gateway().dps_attempts, self.gateway().dps_backoff);
        let record = self.calls.get(call);
        record.refusals += 1;
        if record.refusals >= attempts {
            return self.end_look_up(call, Outcome::Throttled, now);
        }
        let width = base.0 << (record.refusals - 1).min(20);
        let (key, refusals, started) = (record.key, record.refusals, record.started);
        let wait = self.draws.stream(key, Purpose::DpsRetry, u64::from(refusals)).below(width.max(1));
        let again = now + SimDuration(wait);
        if again - started >= self.gateway().call_timeout {
            return self.end_look_up(call, Outcome::TimedOut, started + self.gateway().call_timeout);
        }
        self.call_event(agenda, call, again, Kind::LookUpAtDps);
    }

    /// DPS answers a look-up.
    pub(super) fn dps_replies<L: EventList>(&mut self, agenda: &mut Agenda<L>, call: u32) {
        let now = agenda.now();
        let device = self.calls.get(call).device;
        match self.enrollments.status(device.registration()) {
            Registration::Assigned(stamp) if self.is_too_late(call, now) => {
                for waiter in self.waiters(call) {
                    self.send_unless_late(agenda, waiter, stamp, now);
                }
                self.end_late(call);
            }
            Registration::Assigned(stamp) => {
                self.store(device, stamp, now);
                for waiter in self.waiters(call) {
                    self.send_to_hub(agenda, waiter, stamp, now);
                }
                self.send_to_hub(agenda, call, stamp, now);
            }
            Registration::Assigning => self.end_look_up(call, Outcome::UnreachableAssigning, now),
            Registration::Unassigned => self.end_look_up(call, Outcome::NotRegistered, now),
        }
    }

    /// The calls that wait for this call's look-up, in order of arrival; the look-up ends.
    fn waiters(&mut self, call: u32) -> Vec<u32> {
        let record = self.calls.get(call);
        let (device, leads) = (record.device, std::mem::replace(&mut record.leads, false));
        let mut waiters = Vec::new();
        if let (true, Some(cache)) = (leads, &mut self.cache) {
            let mut next = cache.end_fetch(device);
            while next != NO_CALL {
                waiters.push(next);
                next = std::mem::replace(&mut self.calls.get(next).next_waiter, NO_CALL);
            }
        }
        waiters.reverse();
        waiters
    }

    /// A look-up ends without a hub, for the call and for all that wait for it.
    pub(super) fn end_look_up(&mut self, call: u32, outcome: Outcome, at: SimTime) {
        for waiter in self.waiters(call) {
            self.end_call(waiter, outcome, at);
        }
        self.end_call(call, outcome, at);
    }

    pub(super) fn send_to_hub<L: EventList>(&mut self, agenda: &mut Agenda<L>, call: u32, stamp: StampId, at: SimTime) {
        let record = self.calls.get(call);
        (record.stamp, record.sent) = (stamp, at);
        let trip = self.hop(call, Purpose::HubLatency, |g| &g.to_hub) + self.gateway_distance(stamp);
        self.call_event(agenda, call, at + trip / 2, Kind::CallAtHub);
    }

    fn gateway_distance(&self, stamp: StampId) -> SimDuration {
        let (from, to) = (self.gateway().region, self.stamp_regions[stamp.index()]);
        if !self.config.network.distance || from == to {
            return SimDuration::ZERO;
        }
        SimDuration::from_secs_f64(self.config.regions.rtt_ms(from.index(), to.index()) / 1e3)
    }

    /// A call reaches a hub.
    pub(super) fn call_at_hub<L: EventList>(&mut self, agenda: &mut Agenda<L>, call: u32) {
        let now = agenda.now();
        let (device, stamp) = (self.calls.get(call).device, self.calls.get(call).stamp);
        let timeout = self.attempt_ends(call);
        self.count_hub_attempt(call);
        let back = self.hop(call, Purpose::HubLatency, |g| &g.to_hub) / 2 + self.gateway_distance(stamp) / 2;
        let status = self.stamp_status[stamp.index()];
        let errors = if status.down.is_none() { self.errors_for(device, stamp) } else { 0.0 };
        let errs = errors > 0.0 && self.call_errs(call, errors);
        if status.down.is_none() {
            self.note_request(stamp, errs);
        }
        match status.down {
            Some(DownStyle::Reset) => return self.end_call(call, Outcome::FailedDependency, now + back),
            Some(DownStyle::Silent) => return self.give_up_attempt(agenda, call, timeout.max(now)),
            None if errs => {
                return self.end_call(call, Outcome::FailedDependency, now + back);
            }
            None => {}
        }
        if self.columns.identity[device.index()] != stamp {
            return self.stale_route(agenda, call, now + back);
        }
        let messages = self.call_messages(device, stamp);
        let admitted = if self.quota_allows(stamp, now, messages) { self.ask_method_limit(stamp, now) } else { None };
        let Some(admitted) = admitted else {
            return self.end_call(call, Outcome::Throttled, now + back);
        };
        self.hubs[stamp.index()].quota.meter(now, messages);
        let mut draws = self.call_draw(call, Purpose::PollPhase);
        let answer = sample(&self.stamps[stamp.index()].answer, &mut draws);
        let done = admitted + status.stretch(answer) + back;
        self.reach_device(agenda, call, device, (now, done), timeout);
    }

    fn call_draw(&mut self, call: u32, purpose: Purpose) -> Stream {
        let record = self.calls.get(call);
        self.draws.stream(record.key, purpose, u64::from(record.step))
    }

    fn call_errs(&mut self, call: u32, share: f64) -> bool {
        self.call_draw(call, Purpose::Offline).chance(share)
    }

    /// The hub no longer holds the device (404001): the route is stale, DPS knows better.
    fn stale_route<L: EventList>(&mut self, agenda: &mut Agenda<L>, call: u32, told: SimTime) {
        let most = self.gateway().redirects_max;
        let record = self.calls.get(call);
        record.stale += 1;
        let (device, stale) = (record.device, record.stale);
        if stale == 1 {
            self.recorder.count(self.figures.stale, 1);
        }
        if self.learnt.is_some() {
            return self.end_call(call, Outcome::NotRegistered, told);
        }
        self.forget(device);
        if stale > most {
            return self.end_call(call, Outcome::UnreachableAssigning, told);
        }
        self.ask_dps(agenda, call, told);
    }

    /// When the hub's direct-method limit admits the call; nothing when it refuses.
    fn ask_method_limit(&mut self, stamp: StampId, now: SimTime) -> Option<SimTime> {
        let sustained = self.stamps[stamp.index()].path.sustained;
        let Some(methods) = &mut self.hubs[stamp.index()].methods else { return Some(now) };
        match methods.offer(now) {
            Verdict::Admitted(at) => {
                self.figures.admitted(&mut self.recorder, Queue::Method, stamp.index(), (now, at - now));
                Some(at)
            }
            verdict => {
                let code = Fate::from(methods.refusal(verdict, now, sustained)).code();
                self.figures.refused(&mut self.recorder, Queue::Method, now, code);
                None
            }
        }
    }

    /// Messages that request and answer are metered as; an offline device's "not online" answer counts as one.
    fn call_messages(&self, device: DeviceId, stamp: StampId) -> u64 {
        let cohort = self.devices[device.index()].cohort.index();
        let block = self.stamps[stamp.index()].edition.meter_block;
        let rate = self.call_rate(cohort);
        let online = self.devices[device.index()].state == State::Connected;
        let answer = if online { rate.response.blocks(block) } else { 1 };
        rate.request.blocks(block) + answer
    }

    /// Whether the hub's daily quota lets a call through; one that enforces none lets all.
    fn quota_allows(&mut self, stamp: StampId, now: SimTime, messages: u64) -> bool {
        let s = stamp.index();
        let allowed = !self.stamps[s].path.quota_enforced || self.hubs[s].quota.room(now) >= messages;
        self.figures.coded("quota_methods", Fate::Quota.code(), now, u64::from(!allowed));
        allowed
    }

    /// The hub passes the call on to the device, if it is there.
    fn reach_device<L: EventList>(
        &mut self,
        agenda: &mut Agenda<L>,
        call: u32,
        device: DeviceId,
        (now, done): (SimTime, SimTime),
        timeout: SimTime,
    ) {
        let state = self.devices[device.index()].state;
        if state != State::Connected && !self.looks_connected(device, now) {
            return self.end_call(call, Outcome::Offline, done);
        }
        if state != State::Connected {
            return self.give_up_attempt(agenda, call, timeout.max(now));
        }
        let mut draws = self.call_draw(call, Purpose::RegistrationLatency);
        let trip = sample(&self.config.network.device_to_hub, &mut draws);
        let stamp = self.calls.get(call).stamp;
        let end = done + self.with_distance(trip, device, self.stamp_regions[stamp.index()]);
        if end > timeout {
            return self.give_up_attempt(agenda, call, timeout.max(now));
        }
        self.end_call(call, Outcome::Delivered, end);
    }

    /// Whether the hub still takes a connection that is dead for one that is alive, as of a device without power: up to 1.5 keep-alives after its last traffic.
    fn looks_connected(&self, device: DeviceId, now: SimTime) -> bool {
        let lost_at = self.columns.episodes[device.index()].lost_at;
        let alive_until = self.columns.alive_until.as_ref().map_or(NEVER, |column| column[device.index()]);
        if alive_until != NEVER && now < alive_until {
            return true;
        }
        let off = self.devices[device.index()].state == State::Off && lost_at != NEVER;
        off && now < lost_at + self.silence(device)
    }

    /// From the loss of power to the hub's knowledge of it.
    pub(super) fn silence(&self, device: DeviceId) -> SimDuration {
        let keep_alive = self.cohort(device).keep_alive;
        let counter = u64::from(self.devices[device.index()].episode);
        let unit = self.device_draw(device, Purpose::KeepAlivePhase, counter).unit();
        SimDuration((keep_alive.0 as f64 * (1.5 - unit)) as u64)
    }

    /// Ends a call; it has exactly one outcome. `at` may lie ahead by the way back of the answer.
    pub(super) fn end_call(&mut self, call: u32, outcome: Outcome, at: SimTime) {
        let record = self.calls.end(call);
        self.recorder.count(self.figures.ended, 1);
        self.recorder.count(self.figures.outcomes[outcome as usize], 1);
        if outcome != Outcome::Delivered
            && let Some(run) = self.moves.get_mut(usize::from(self.columns.move_of[record.device.index()]))
        {
            run.calls_failed += 1;
        }
        if outcome == Outcome::Delivered {
            self.recorder.observe(self.figures.command_latency, (at - record.started).0);
        }
    }
}

fn sample(law: &DurationLaw, draws: &mut Stream) -> SimDuration {
    if law.is_zero() { SimDuration::ZERO } else { law.sample(draws) }
}
