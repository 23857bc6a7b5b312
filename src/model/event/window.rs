//! Windows of the series close, usage is metered by window, and at the end the run is put into figures.

use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::metrics::measure::MeasureKey;
use crate::metrics::recorder::Recorded;
use crate::metrics::{Component, Quantity};
use crate::model::config::Cuts;
use crate::model::event::{Kind, world_key};
use crate::model::figures::Queue;
use crate::model::ids::DeviceId;
use crate::model::limit::Bucket;
use crate::model::movement::run::MoveRun;
use crate::model::population::device::Device;
use crate::model::stamp::endpoint::Endpoint;
use crate::model::stamp::hub::Life;
use crate::model::stamp::path::Fate;
use crate::model::world::{Episode, NEVER, Outcome, World};
use crate::units::{SimDuration, SimTime};

/// Shares of the affected devices whose recovery is reported.
pub(super) const RECOVERY_SHARES: [(f64, &str); 4] = [(0.5, "50 %"), (0.9, "90 %"), (0.99, "99 %"), (1.0, "100 %")];

impl World<'_> {
    pub(super) fn schedule_window<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        let at = agenda.now() + self.config.window;
        self.other_event(agenda, at, Kind::WindowCloses, world_key("window"), (0, 0));
    }

    /// A window ends.
    pub(super) fn window_closes<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        self.flow_until(agenda.now());
        self.charge_quiet(agenda.now());
        self.close_window(agenda.now());
        self.check_invariants();
        self.schedule_window(agenda);
    }

    fn close_window(&mut self, now: SimTime) {
        let from = SimTime(self.usage.len() as u64 * self.config.window.0);
        self.meter_usage(from, now);
        self.close_throttles(now - from);
        self.close_instances(from, now);
        if self.figures.follows_path {
            let lag = self.note_lag(now);
            self.figures.lag.push(lag);
        }
        self.recorder.close_window(now);
        if self.config.cuts == Cuts::Windows {
            self.recorder.cut(now);
        }
        let registered = self.recorder.level_mut(self.figures.registered).integral(now);
        let connected = self.recorder.level_mut(self.figures.connected).integral(now);
        self.device_time.push((registered, connected));
    }

    /// What a stamp held and routed since it was metered last, at its present size.
    pub(super) fn meter_stamp(&mut self, s: usize, now: SimTime) {
        let (hub, stamp) = (&mut self.hubs[s], &self.stamps[s]);
        let sent = &mut self.figures.uses[Queue::Send as usize][s];
        let retired = hub.life == Life::Retired;
        if retired && sent.billed == sent.total {
            return;
        }
        let since = std::mem::replace(&mut hub.since, now);
        let held = if retired { SimDuration::ZERO } else { now - since };
        let (at, (usage, capacity)) = (Some(s as u16), &mut self.held);
        *capacity += u128::from(stamp.capacity) * u128::from(held.0);
        usage.add_time(Component::Hub, at, &stamp.edition.unit_price, u64::from(stamp.units), held);
        for fixed in &stamp.fixed_prices {
            if let (true, false, Some(endpoint)) = (fixed.routing, retired, &mut hub.path.endpoint) {
                // Its units may have been raised meanwhile.
                usage.add(Component::Routing, at, &fixed.price, Quantity::UnitMicros(endpoint.bill(now)));
                continue;
            }
            let paid = u128::from(fixed.quantity) * u128::from(held.0);
            if fixed.routing {
                usage.add(Component::Routing, at, &fixed.price, Quantity::UnitMicros(paid));
            } else {
                // The price is for the servers at the start; more of them cost in proportion.
                let paid = paid * u128::from(hub.pipeline.servers()) / u128::from(stamp.processing.servers);
                usage.add(Component::Processing, at, &fixed.price, Quantity::UnitMicros(paid));
            }
        }
        if stamp.bills_ingress {
            let routed = u128::from(sent.total - std::mem::replace(&mut sent.billed, sent.total));
            usage.add_count(Component::Routing, at, "eventhubs.ingress_1m", routed);
        }
    }

    /// What the window used: stamps by time, DPS operations and routed messages by count.
    fn meter_usage(&mut self, from: SimTime, now: SimTime) {
        for stamp in 0..self.hubs.len() {
            self.meter_stamp(stamp, now);
        }
        self.meter_features(now);
        let (mut usage, capacity) = std::mem::take(&mut self.held);
        self.capacity_time.push(capacity);
        if let Some(gateway) = &self.config.gateway {
            for (price, quantity) in &gateway.fixed_prices {
                usage.add_time(Component::Gateway, None, price, u64::from(*quantity), now - from);
            }
        }
        self.meter_names(&mut usage, from, now);
        let looked_up: u64 = self.figures.uses[Queue::DpsOperation as usize].iter().map(|u| u.total).sum();
        let billed = self.recorder.counted(self.figures.registrations) + looked_up;
        let operations = billed - self.figures.billed_closed;
        self.figures.billed_closed = billed;
        usage.add_count(Component::Dps, None, "dps.operations_1k", u128::from(operations));
        self.meter_api(&mut usage, now - from);
        self.usage.push(usage);
    }

    /// Use of each throttle in the window that ends, at the place that used most of its limit.
    fn close_throttles(&mut self, length: SimDuration) {
        for queue in &Queue::ALL[..Queue::Processing as usize] {
            let q = *queue as usize;
            let mut most: f64 = 0.0;
            for place in 0..self.figures.uses[q].len() {
                let limit = self.limit(*queue, place) * length.secs();
                let used = &mut self.figures.uses[q][place];
                used.room += limit;
                if limit > 0.0 {
                    most = most.max((used.total - used.closed) as f64 / limit);
                }
                used.closed = used.total;
            }
            self.figures.use_series[q].push(most);
        }
    }

    pub(super) fn limit(&self, queue: Queue, place: usize) -> f64 {
        match queue {
            Queue::Connect => self.hubs[place].connects.limit_per_second(),
            Queue::Send => self.hubs[place].sends.limit_per_second(),
            Queue::Registry => self.hubs[place].registry.limit_per_second(),
            Queue::Method => self.hubs[place].methods.as_ref().map_or(0.0, Bucket::limit_per_second),
            Queue::DpsRegistration => self.instances[place].registrations.limit_per_second(),
            Queue::DpsOperation => self.instances[place].operations.limit_per_second(),
            Queue::Processing | Queue::Endpoint => 0.0,
        }
    }

    /// The end of the run: open windows close, open accounts are settled, everything becomes figures.
    pub fn finish(mut self, now: SimTime) -> Outcome {
        self.flow_until(now);
        self.end_observation(now);
        self.recorder.settle();
        self.settle_parked(now);
        self.settle_lost(now);
        if now.0 > self.usage.len() as u64 * self.config.window.0 {
            self.close_window(now);
        }
        self.check_invariants();
        let own = self.own_figures(now);
        let own_series = self.own_series();
        let (moves, pauses) = (self.move_spans(now), self.pause_spans(now));
        let retirements = self.retirement_spans(now);
        let generations = self.generation_times(now);
        let mut recorded = self.recorder.finish(now);
        recorded.values.extend(own);
        recorded.series.extend(own_series);
        trim_unused(&mut recorded);
        Outcome {
            recorded,
            usage: self.usage,
            device_time: self.device_time,
            stamps: self.stamps,
            occurrences: self.occurrences,
            added_at: self.added_at,
            changes: self.changes,
            capacity_time: self.capacity_time,
            moves,
            retirements,
            windows: self.observation.map(|observation| observation.spans),
            generations,
            pauses,
        }
    }

    fn settle_parked(&mut self, now: SimTime) {
        for i in 0..self.devices.len() {
            if self.devices[i].is(Device::PARKED) {
                self.count_parked_attempts(DeviceId(i as u32), now);
            }
        }
    }

    /// Devices that are still out count as affected; they have not recovered.
    fn settle_lost(&mut self, now: SimTime) {
        for i in 0..self.devices.len() {
            let Episode { lost_at, cause, .. } = self.columns.episodes[i];
            if lost_at != NEVER {
                self.settle_fault(DeviceId(i as u32), cause, (lost_at, now), false);
            }
        }
    }

    fn move_spans(&self, now: SimTime) -> Vec<(String, SimTime, SimTime)> {
        let spans = self.moves.iter().zip(&self.plans).filter(|(run, _)| run.begun);
        // Stragglers may begin a move anew that had ended.
        let until = |run: &MoveRun| run.ended.filter(|_| run.is_over()).unwrap_or(now);
        spans.map(|(run, plan)| (plan.name.clone(), plan.at, until(run))).collect()
    }

    /// Figures that no recorder kind fits.
    fn own_figures(&mut self, now: SimTime) -> Vec<(MeasureKey, f64)> {
        let mut out = Vec::new();
        self.fault_figures(&mut out);
        self.occurrence_figures(&mut out);
        self.remedy_figures(&mut out);
        self.move_figures(&mut out, now);
        self.throttle_figures(now, &mut out);
        self.fleet_figures(now, &mut out);
        self.user_figures(now, &mut out);
        if self.figures.follows_path {
            self.path_figures(&mut out);
        }
        if self.follows_instances() {
            self.dps_figures(&mut out);
        }
        self.registration_figures(&mut out);
        self.generation_figures(&mut out);
        self.feature_figures(&mut out);
        self.twin_figures(&mut out);
        out
    }

    fn fault_figures(&mut self, out: &mut Vec<(MeasureKey, f64)>) {
        let key = MeasureKey::new;
        let mut worst: Option<f64> = None;
        for (f, fault) in self.config.faults.iter().enumerate() {
            let mut blast: Option<f64> = None;
            let (mut affected, mut recoveries): (u64, Vec<SimDuration>) = (0, Vec::new());
            for occurrence in self.occurrences.iter().filter(|o| o.fault == f) {
                // A fault may strike devices that had not registered when it began.
                let devices = occurrence.registered.max(occurrence.affected).max(1);
                let share = occurrence.affected as f64 / devices as f64;
                blast = Some(blast.map_or(share, |b| b.max(share)));
                affected += occurrence.affected;
                recoveries.extend(&occurrence.recoveries);
            }
            let Some(blast) = blast else { continue };
            worst = Some(worst.map_or(blast, |w| w.max(blast)));
            out.push((key("blast_radius_ratio").with("fault", &*fault.name), blast));
            recoveries.sort_unstable();
            for (share, label) in RECOVERY_SHARES {
                let rank = (share * affected as f64).ceil() as usize;
                if let Some(recovery) = rank.checked_sub(1).and_then(|r| recoveries.get(r)) {
                    let key = key("time_to_recover_s").with("fault", &*fault.name).with("share", label);
                    out.push((key, recovery.secs()));
                }
            }
        }
        if let Some(worst) = worst {
            out.push((key("blast_radius_ratio").with("stat", "max"), worst));
        }
    }

    fn throttle_figures(&self, now: SimTime, out: &mut Vec<(MeasureKey, f64)>) {
        for queue in Queue::ALL {
            let q = queue as usize;
            let label = |name| MeasureKey::new(name).with("at", queue.name());
            let waits = self.recorder.histogram(self.figures.waits[q]);
            if waits.count() > 0 && now.0 > 0 {
                // Little's law: the mean queue is the sum of all waits over the time.
                out.push((label("queue_length").with("stat", "mean"), waits.sum() as f64 / now.0 as f64));
            }
            if self.figures.longest[q] > 0 {
                out.push((label("queue_length").with("stat", "max"), self.figures.longest[q] as f64));
            }
            let (used, room) = self.figures.uses[q].iter().fold((0, 0.0), |(n, r), u| (n + u.total, r + u.room));
            if room > 0.0 {
                let key = |stat| {
                    MeasureKey::new("throttle_utilisation_ratio").with("throttle", queue.name()).with("stat", stat)
                };
                out.push((key("mean"), used as f64 / room));
                let most = self.figures.use_series[q].iter().copied().fold(0.0, f64::max);
                out.push((key("max_window"), most));
            }
        }
    }

    /// Fates of messages, refusals by code, when each limit bound, and what the endpoints and the processing came to.
    fn path_figures(&self, out: &mut Vec<(MeasureKey, f64)>) {
        let key = MeasureKey::new;
        let ledger = &self.ledger;
        let fate = |name: &str| key("messages").with("fate", name);
        out.push((fate("sent"), ledger.sent as f64));
        out.push((fate("processed"), ledger.processed as f64));
        out.push((fate("in_flight"), ledger.open() as f64));
        out.push((fate("read_again"), ledger.duplicates as f64));
        let followed = |end: &&Fate| **end != Fate::Failover || self.config.fails_over();
        let ended = Fate::ALL.iter().filter(followed).map(|end| (fate(end.name()), ledger.ended[*end as usize] as f64));
        out.extend(ended);
        if ledger.sent > 0 {
            let ended: u64 = ledger.ended.iter().sum();
            out.push((key("telemetry_lost_ratio"), ended as f64 / ledger.sent as f64));
        }
        for ((limit, code), n) in &self.figures.codes {
            out.push((key("limit_refusals").with("limit", *limit).with("code", *code), *n as f64));
        }
        for (limit, at) in &self.figures.bound {
            out.push((key("limit_binds_at_s").with("limit", *limit), at.secs()));
        }
        out.push((key("processing_lag_s").with("stat", "max"), self.figures.lag_most));
        self.endpoint_figures(out);
    }

    /// Registrations that failed, by cause, where the scenario is about them; and what became of a webhook's calls.
    fn registration_figures(&self, out: &mut Vec<(MeasureKey, f64)>) {
        if self.config.counts_failures {
            let key = MeasureKey::new("registrations_failed");
            out.push((key.clone(), self.figures.failed.values().sum::<u64>() as f64));
            out.extend(self.figures.failed.iter().map(|(cause, n)| (key.clone().with("cause", *cause), *n as f64)));
        }
        let (calls, failed) = self.figures.webhook;
        if calls > 0 {
            out.push((MeasureKey::new("webhook_failed_ratio"), failed as f64 / calls as f64));
        }
    }

    fn endpoint_figures(&self, out: &mut Vec<(MeasureKey, f64)>) {
        let endpoints = || self.hubs.iter().filter_map(|hub| hub.path.endpoint.as_ref());
        let offered: u64 = endpoints().map(|endpoint| endpoint.offered).sum();
        if let Some(most) = endpoints().map(Endpoint::units).max() {
            out.push((MeasureKey::new("throughput_units").with("stat", "end"), f64::from(most)));
        }
        if offered > 0 {
            let busy: u64 = endpoints().map(|endpoint| endpoint.busy).sum();
            out.push((MeasureKey::new("server_busy_ratio"), busy as f64 / offered as f64));
        }
    }

    fn fleet_figures(&mut self, now: SimTime, out: &mut Vec<(MeasureKey, f64)>) {
        let key = MeasureKey::new;
        let lost = self.recorder.level_mut(self.figures.unavailable).integral(now);
        out.push((key("device_minutes_lost"), lost as f64 / SimDuration::MINUTE.0 as f64));
        let quota = self.hubs.iter().map(|h| h.quota.most_ratio()).fold(0.0, f64::max);
        out.push((key("quota_used_ratio").with("stat", "max"), quota));
        let rejected = self.devices.iter().filter(|d| d.state == crate::model::population::device::State::Rejected);
        out.push((key("devices_failed"), rejected.count() as f64));
        let fill = |s: usize| f64::from(self.hubs[s].registered) / f64::from(self.stamps[s].capacity);
        let active = |s: &usize| self.hubs[*s].life == Life::Active;
        let most = self.figures.stamp_devices.iter().zip(&self.stamps).map(|(level, stamp)| {
            let most = self.recorder.level_most(*level);
            most as f64 / f64::from(stamp.capacity)
        });
        let most = most.zip(&self.hubs).map(|(most, hub)| most.max(hub.fullest));
        out.push((key("stamp_utilisation_ratio").with("stat", "max"), most.fold(0.0, f64::max)));
        let registered: f64 = self.hubs.iter().map(|h| f64::from(h.registered)).sum();
        let capacity: f64 = (0..self.stamps.len()).filter(active).map(|s| f64::from(self.stamps[s].capacity)).sum();
        if capacity > 0.0 {
            out.push((key("stamp_utilisation_ratio").with("stat", "end"), registered / capacity));
        }
        let over = |s: usize| f64::from(self.hubs[s].registered.saturating_sub(self.stamps[s].capacity));
        let over: f64 = (0..self.hubs.len()).map(over).sum();
        if registered > 0.0 {
            out.push((key("overcommitment_ratio"), over / registered));
        }
        if let Some(imbalance) = self.imbalance(&fill) {
            out.push((key("imbalance_ratio"), imbalance));
        }
    }

    /// Fullest stamp against the mean, in the ring with the most devices.
    fn imbalance(&self, fill: &dyn Fn(usize) -> f64) -> Option<f64> {
        let devices = |ring: u8| -> u64 {
            let of_ring = self.stamps.iter().zip(&self.hubs).filter(|(s, _)| s.ring.0 == ring);
            of_ring.map(|(_, h)| u64::from(h.registered)).sum()
        };
        let ring = (0..self.config.rings.len() as u8).max_by_key(|r| devices(*r))?;
        let fills: Vec<f64> = (0..self.stamps.len())
            .filter(|s| self.stamps[*s].ring.0 == ring && self.hubs[*s].life == Life::Active)
            .map(fill)
            .collect();
        let mean = fills.iter().sum::<f64>() / fills.len() as f64;
        (mean > 0.0).then(|| fills.iter().copied().fold(0.0, f64::max) / mean)
    }

    fn own_series(&mut self) -> Vec<(MeasureKey, Vec<f64>)> {
        let lag = std::mem::take(&mut self.figures.lag);
        let lag = (!lag.is_empty()).then(|| (MeasureKey::new("processing_lag_s"), lag));
        let instances = if self.follows_instances() { self.dps_series() } else { Vec::new() };
        let throttles = Queue::ALL[..Queue::Processing as usize].iter();
        throttles
            .map(|queue| {
                let key = MeasureKey::new("throttle_utilisation_ratio").with("throttle", queue.name());
                (key, std::mem::take(&mut self.figures.use_series[*queue as usize]))
            })
            .chain(lag)
            .chain(instances)
            .collect()
    }
}

/// Leaves out series in which nothing was ever observed: they would only pad tables and charts.
fn trim_unused(recorded: &mut Recorded) {
    recorded.series.retain(|_, windows| windows.iter().any(|w| !w.is_nan()));
}
