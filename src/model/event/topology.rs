//! The way from a device to a DPS instance: by its own scope, through an API, by way of a factory, or out of an installer's
//! hands. What the instance then does is written in `provision`.

use crate::kernel::draws::Purpose;
use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::model::condition::DownStyle;
use crate::model::dps::front::Choice;
use crate::model::dps::service::poll_after;
use crate::model::dps::topology::{Api, Role};
use crate::model::event::Kind;
use crate::model::gateway::call::Outcome;
use crate::model::ids::{DeviceId, ServiceId, StampId};
use crate::model::limit::Verdict;
use crate::model::population::device::{Device, State};
use crate::model::world::{NOBODY, World};
use crate::units::{SimDuration, SimTime};

impl World<'_> {
    /// The instance that a device registers at next, and that the gateway asks for it.
    pub(super) fn service_of(&self, device: DeviceId) -> ServiceId {
        if self.config.dps.services.len() == 1 {
            return ServiceId(0);
        }
        let topology = self.config.dps.topology.entry();
        let kept = self.columns.scope[device.index()].some();
        kept.or(topology.factory()).unwrap_or_else(|| self.home(device))
    }

    /// The instance of a device that nobody chooses for: a hash of its registration ID over all that assign hubs.
    fn home(&self, device: DeviceId) -> ServiceId {
        let targets = self.config.dps.targets();
        let number = (self.registration_key(device) % targets.clone().count() as u64) as usize;
        targets.clone().nth(number).expect("an instance assigns hubs")
    }

    /// Whether an instance knows the device's assignment; another one's is nothing to it.
    pub(super) fn is_known_at(&self, device: DeviceId, service: ServiceId) -> bool {
        self.enrollments.holder(device.registration()) == service
    }

    /// A device sets out to register: to its instance, or to the API in front of all.
    pub(super) fn set_out<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId, at: SimTime) {
        match self.config.dps.topology.entry().api() {
            Some(api) if self.asks_the_api(device, &api) => {
                let out = self.api_round_trip(device, &api) / 2;
                self.timer(agenda, device, at + out, Kind::ApiRequest);
            }
            _ => {
                let out = self.dps_round_trip(device) / 2;
                self.timer(agenda, device, at + out, Kind::Register);
            }
        }
    }

    fn asks_the_api(&self, device: DeviceId, api: &Api) -> bool {
        let i = device.index();
        match api.role {
            Role::StandsBefore { .. } => true,
            Role::HandsOut { ask_again_after } => {
                self.columns.scope[i] == ServiceId::NONE || self.columns.unanswered[i] >= ask_again_after
            }
        }
    }

    /// Whether a device whose poll nobody answered goes back to the API, which may know another instance.
    pub(super) fn gives_up_polling(&mut self, device: DeviceId) -> bool {
        let Some(api) = self.config.dps.topology.entry().api() else { return false };
        let unanswered = &mut self.columns.unanswered[device.index()];
        *unanswered = unanswered.saturating_add(1);
        self.asks_the_api(device, &api)
    }

    fn api_round_trip(&self, device: DeviceId, api: &Api) -> SimDuration {
        if api.round_trip.is_zero() {
            return SimDuration::ZERO;
        }
        let counter = self.devices[device.index()].attempt_counter();
        api.round_trip.sample(&mut self.device_draw(device, Purpose::ApiLatency, counter))
    }

    /// The round trip between DPS and whoever asks it for a device.
    pub(super) fn dps_round_trip(&self, device: DeviceId) -> SimDuration {
        let role = self.config.dps.topology.entry().api().map(|api| api.role);
        let law = match &role {
            Some(Role::StandsBefore { to_dps, .. }) => to_dps,
            _ => &self.config.network.device_to_dps,
        };
        if law.is_zero() {
            return SimDuration::ZERO;
        }
        let counter = self.devices[device.index()].attempt_counter();
        law.sample(&mut self.device_draw(device, Purpose::RegistrationLatency, counter))
    }

    /// The way back from DPS to a device; an answer through an API takes the API's way too.
    pub(super) fn way_from_dps(&self, device: DeviceId) -> SimDuration {
        let way = self.dps_round_trip(device) / 2;
        match self.config.dps.topology.entry().api() {
            Some(api) if matches!(api.role, Role::StandsBefore { .. }) => way + self.api_round_trip(device, &api) / 2,
            _ => way,
        }
    }

    /// A device's request reaches the API.
    pub(super) fn api_request<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId) {
        let now = agenda.now();
        let api = self.config.dps.topology.entry().api().expect("only an API is asked");
        self.set_state(device, State::Registering, now);
        let back = self.api_round_trip(device, &api) / 2;
        let record = &mut self.devices[device.index()];
        record.attempts = record.attempts.saturating_add(1);
        if let Some(style) = self.api_status.down {
            self.blame(device, self.api_status.occurrence);
            let wait = if style == DownStyle::Reset { back } else { self.config.dps.request_timeout };
            return self.retry_registration(agenda, device, now + wait);
        }
        let admitted = self.front.limit.as_mut().map_or(Verdict::Admitted(now), |limit| limit.offer(now));
        let Verdict::Admitted(at) = admitted else {
            self.front.refused += 1;
            return self.retry_registration(agenda, device, now + back);
        };
        self.front.requests += 1;
        let service = self.hand_out(device, &api, now);
        self.take_scope(device, service);
        let on_the_way = if matches!(api.role, Role::HandsOut { .. }) { back } else { SimDuration::ZERO };
        let out = self.dps_round_trip(device) / 2;
        self.timer(agenda, device, at + on_the_way + out, Kind::Register);
    }

    /// The first cause of what a device suffers.
    pub(super) fn blame(&mut self, device: DeviceId, occurrence: u16) {
        let cause = &mut self.columns.episodes[device.index()].cause;
        if *cause == NOBODY {
            *cause = occurrence;
        }
    }

    /// The device belongs to an instance from now on.
    pub(super) fn take_scope(&mut self, device: DeviceId, service: ServiceId) {
        let i = device.index();
        self.columns.unanswered.set(i, 0);
        let before = self.columns.scope.replace(i, service);
        if let Some(before) = before.some() {
            self.instances[before.index()].scopes -= 1;
        }
        if let Some(after) = service.some() {
            self.instances[after.index()].scopes += 1;
        }
    }

    /// The instance that the API chooses: the one that the device has while it works, else one by the rule of balance.
    fn hand_out(&self, device: DeviceId, api: &Api, now: SimTime) -> ServiceId {
        let (i, works) = (device.index(), |service: &ServiceId| self.works(*service, api, now));
        let room = |service: &ServiceId| self.has_room(device, *service);
        let links = |service: &ServiceId| self.may_serve(device, *service);
        let fits = |service: &ServiceId| works(service) && room(service) && links(service);
        let kept = self.columns.scope[i].some().filter(fits);
        let all = || self.config.dps.targets();
        let by_balance = |services: Vec<ServiceId>| {
            let choices = services.into_iter().map(|service| self.choice(device, service));
            api.balance.choose(self.registration_key(device), &self.config.dps.services, choices)
        };
        // Where nothing fits, it is better to be refused by an instance than to have none.
        kept.or_else(|| by_balance(all().filter(fits).collect()))
            .or_else(|| by_balance(all().filter(works).collect()))
            .or_else(|| by_balance(all().collect()))
            .expect("there is an instance")
    }

    fn choice(&self, device: DeviceId, service: ServiceId) -> Choice {
        let (from, to) = (self.region_of(device), self.config.dps.services[service.index()].region);
        let scopes = self.instances[service.index()].scopes;
        Choice { service, scopes, rtt_ms: self.config.regions.rtt_ms(from.index(), to.index()) }
    }

    /// Whether an instance works for all that the API knows.
    fn works(&self, service: ServiceId, api: &Api, now: SimTime) -> bool {
        let status = self.dps_status[service.index()];
        let Some(detection) = api.sends_elsewhere.filter(|_| status.down.is_some()) else { return true };
        now < self.occurrences[usize::from(status.occurrence)].from + detection
    }

    /// Whether an instance holds the device's registration or can take one more.
    pub(super) fn has_room(&self, device: DeviceId, service: ServiceId) -> bool {
        let most = self.config.dps.services[service.index()].registrations_max;
        let full = most.is_some_and(|most| self.instances[service.index()].held >= most);
        !full || self.is_known_at(device, service)
    }

    /// Whether an instance is linked to any stamp that the device may be assigned to: one of its enrollment group that takes
    /// devices, or the one that its own enrollment names.
    fn may_serve(&self, device: DeviceId, service: ServiceId) -> bool {
        let pinned = self.enrollments.pinned(device.registration());
        let serves = |s: StampId| self.stamps[s.index()].serves(self.cohort(device).generation);
        let takes = |s: &StampId| self.stamps[s.index()].takes_devices && self.is_of_group(device, *s);
        let stamps = (0..self.stamps.len() as u16).map(StampId);
        let named = pinned.filter(|s| serves(*s)).into_iter();
        stamps.filter(takes).chain(named).any(|s| self.is_linked(service, s))
    }

    /// Whether a stamp's hub is linked to an instance.
    pub(super) fn is_linked(&self, service: ServiceId, stamp: StampId) -> bool {
        self.config.dps.services[service.index()].links.has(stamp, self.config.stamps.len())
    }

    /// The instance of a device that is part of the fleet from the start.
    pub(super) fn start_scope(&mut self, device: DeviceId) {
        let topology = self.config.dps.topology.entry();
        let service = match topology.api() {
            Some(api) => self.hand_out(device, &api, SimTime::ZERO),
            None if topology.factory().is_some() => self.home(device),
            None => return,
        };
        self.take_scope(device, service);
    }

    /// An instance holds the device's registration from now on; one that held it before no longer does.
    pub(super) fn hold(&mut self, device: DeviceId, service: ServiceId) {
        let before = self.enrollments.hold(device.registration(), service);
        if before == service {
            return;
        }
        if let Some(before) = before.some() {
            self.instances[before.index()].held -= 1;
        }
        if let Some(after) = service.some() {
            self.instances[after.index()].hold();
        }
    }

    /// Whether the request that was accepted is one that the factory only passes on.
    pub(super) fn is_redirected(&self, device: DeviceId, service: ServiceId) -> bool {
        let factory = self.config.dps.topology.entry().factory();
        factory == Some(service) && self.columns.scope[device.index()] == ServiceId::NONE
    }

    /// The factory DPS accepted a new device and tells it which instance is its own.
    pub(super) fn redirect<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId, factory: ServiceId) {
        let now = agenda.now();
        self.set_state(device, State::Assigning, now);
        let law = &self.config.dps.assignment;
        let work = if law.is_zero() {
            SimDuration::ZERO
        } else {
            law.sample(&mut self.device_draw(device, Purpose::Redirection, 0))
        };
        self.instances[factory.index()].hold();
        let target = self.home(device);
        self.take_scope(device, target);
        let trip = self.dps_round_trip(device) / 2;
        let done = now + self.dps_status[factory.index()].stretch(work);
        let seen = poll_after(now + trip, done + trip, self.config.dps.poll);
        self.timer(agenda, device, seen + trip, Kind::Register);
    }

    /// A new device waits for its installer, where there are any; says whether it does.
    pub(super) fn waits_for_installer<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId) -> bool {
        let Some((_, law)) = self.config.dps.topology.entry().installers() else { return false };
        let now = agenda.now();
        let time = law.sample(&mut self.device_draw(device, Purpose::Installation, 0));
        let done = self.front.install(now, time);
        self.recorder.observe(self.figures.installation.expect("installers are observed"), (done - now).0);
        self.timer(agenda, device, done, Kind::Installed);
        true
    }

    /// An installer has put the scope into a device.
    pub(super) fn installed<L: EventList>(&mut self, agenda: &mut Agenda<L>, device: DeviceId) {
        let now = agenda.now();
        self.go_to_dps(agenda, device, now);
    }

    /// Whether look-ups ask the API's own store.
    pub(super) fn has_store(&self) -> bool {
        self.config.dps.has_store()
    }

    /// A look-up reaches the API's store, which takes it at once; the answer follows, unless the API is down.
    pub(super) fn look_up_in_store<L: EventList>(&mut self, agenda: &mut Agenda<L>, call: u32) {
        let now = agenda.now();
        if let Some(style) = self.api_status.down {
            return self.unanswered_look_up(call, style, now);
        }
        self.front.look_ups += 1;
        let back = self.store_trip(call) / 2;
        self.call_event(agenda, call, now + back, Kind::DpsReplies);
    }

    /// A round trip from the gateway to the API's store.
    pub(super) fn store_trip(&mut self, call: u32) -> SimDuration {
        let Some(Api { role: Role::StandsBefore { store, .. }, .. }) = self.config.dps.topology.entry().api() else {
            return SimDuration::ZERO;
        };
        let record = self.calls.get(call);
        record.step += 1;
        let (key, step) = (record.key, record.step);
        if store.is_zero() {
            return SimDuration::ZERO;
        }
        store.sample(&mut self.draws.stream(key, Purpose::ApiLatency, u64::from(step)))
    }

    /// Nobody answers a look-up.
    pub(super) fn unanswered_look_up(&mut self, call: u32, style: DownStyle, now: SimTime) {
        let patience = self.calls.get(call).started + self.gateway().call_timeout;
        match style {
            DownStyle::Reset => self.end_look_up(call, Outcome::FailedDependency, now),
            DownStyle::Silent => self.end_look_up(call, Outcome::TimedOut, patience.max(now)),
        }
    }

    /// A device that has left holds no place anywhere.
    pub(super) fn leave_dps(&mut self, device: DeviceId) {
        self.hold(device, ServiceId::NONE);
        self.take_scope(device, ServiceId::NONE);
        debug_assert!(!self.devices[device.index()].is(Device::IN_ASSIGNMENT), "its assignment was settled");
    }
}
