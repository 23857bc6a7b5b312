//! Renewals of tokens between windows: counts by phase, and at an opening the next one of each device.
//!
//! A device connects again a period after its last connection, so its renewals are that connection plus whole periods plus
//! the time of as many reconnections. Their sum over k periods is close to normal with k times the mean and the variance of
//! one (the reconnections are independent, alike and short against the period). A herd keeps its phase and spreads with the
//! root of k, as it does where each renewal is an event.

use crate::kernel::draws::Purpose;
use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::model::event::Kind;
use crate::model::event::observation::LOOK;
use crate::model::figures::Queue;
use crate::model::ids::{DeviceId, StampId};
use crate::model::observation::Reconnection;
use crate::model::population::device::State;
use crate::model::population::traffic::Phases;
use crate::model::world::{NEVER, World};
use crate::units::{SimDuration, SimTime};

/// Reconnections from which mean and variance of a cohort are taken.
const SAMPLES: u64 = 4_096;
/// Resolution of the phases of renewals.
const RESOLUTION: SimDuration = SimDuration::from_secs(10);

impl World<'_> {
    /// Finds out how long reconnections of each cohort take.
    pub(super) fn begin_renewals(&mut self) {
        for c in 0..self.config.cohorts.len() {
            let reconnection = self.sampled_reconnection(c);
            if let Some(observation) = &mut self.observation {
                observation.reconnection[c] = reconnection;
            }
        }
    }

    fn sampled_reconnection(&self, cohort: usize) -> Reconnection {
        let config = &self.config.cohorts[cohort];
        if config.renewal.is_none() {
            return Reconnection::default();
        }
        let (trip, spread) = (&self.config.network.device_to_hub, &config.first_attempt);
        let one = |i: u64| {
            let mut draws = self.draws.stream(config.key, Purpose::Reconnection, i);
            let first = config.backoff.entry().first(&mut draws);
            let trip = if trip.is_zero() { SimDuration::ZERO } else { trip.sample(&mut draws) };
            let spread = if spread.is_zero() { SimDuration::ZERO } else { spread.sample(&mut draws) };
            (first + trip + spread).0 as f64
        };
        let (mut sum, mut squares) = (0.0, 0.0);
        for x in (0..SAMPLES).map(one) {
            (sum, squares) = (sum + x, squares + x * x);
        }
        let mean = sum / SAMPLES as f64;
        Reconnection { mean, variance: (squares / SAMPLES as f64 - mean * mean).max(0.0) }
    }

    /// From a renewal to the next one of a cohort on average.
    fn renewal_period(&self, cohort: usize) -> Option<SimDuration> {
        let renewal = self.config.cohorts[cohort].renewal?;
        let mean = self.observation.as_ref()?.reconnection[cohort].mean;
        Some(renewal + SimDuration(mean as u64))
    }

    /// Keeps the next renewal of a device that connected just now; whether it is an event.
    pub(super) fn keep_renewal(&mut self, device: DeviceId, due: SimTime) -> bool {
        if self.observation.is_none() {
            return true;
        }
        self.put_renewal(device, self.devices[device.index()].stamp, due);
        let observation = self.observation.as_ref().expect("it was there just now");
        !observation.is_quiet() && due < observation.renewals_until
    }

    fn put_renewal(&mut self, device: DeviceId, stamp: StampId, due: SimTime) {
        let cohort = self.devices[device.index()].cohort.index();
        let Some(period) = self.renewal_period(cohort) else { return };
        let cohorts = self.config.cohorts.len();
        let Some(observation) = &mut self.observation else { return };
        while observation.renewals.len() <= stamp.index() {
            observation.renewals.push(vec![None; cohorts]);
        }
        let phases = observation.renewals[stamp.index()][cohort].get_or_insert_with(|| Phases::new(period, RESOLUTION));
        phases.add(due.0);
        let before = observation.set_due(device, due);
        debug_assert!(before.is_none(), "a device has one next renewal");
    }

    /// A device lost its connection to a stamp: it has no next renewal.
    pub(super) fn forget_renewal(&mut self, device: DeviceId, stamp: StampId) {
        let cohort = self.devices[device.index()].cohort.index();
        let Some(observation) = &mut self.observation else { return };
        if let Some(due) = observation.set_due(device, NEVER)
            && let Some(phases) = &mut observation.renewals[stamp.index()][cohort]
        {
            phases.remove(due.0);
        }
    }

    /// Draws the next renewal of each device at an opening.
    pub(super) fn draw_renewals(&mut self, now: SimTime) {
        if !self.config.renews() {
            return;
        }
        for device in (0..self.devices.len() as u32).map(DeviceId) {
            let due = self.observation.as_ref().and_then(|observation| observation.due(device));
            let record = self.devices[device.index()];
            if let (Some(due), State::Connected) = (due.filter(|due| *due < now), record.state) {
                let next = self.drawn_renewal(device, due, now);
                self.forget_renewal(device, record.stamp);
                self.put_renewal(device, record.stamp, next);
            }
        }
    }

    /// The first renewal from now on of a device whose next one was due before.
    fn drawn_renewal(&self, device: DeviceId, due: SimTime, now: SimTime) -> SimTime {
        let record = self.devices[device.index()];
        let cohort = record.cohort.index();
        let observation = self.observation.as_ref().expect("renewals are drawn at the opening of a window");
        let period = self.config.cohorts[cohort].renewal.expect("a device that renews has a period");
        let Reconnection { mean, variance } = observation.reconnection[cohort];
        let way = self.with_distance(SimDuration::ZERO, device, self.stamp_regions[record.stamp.index()]);
        let each = (period + way).0 as f64 + mean;
        let deviate = self.device_draw(device, Purpose::RenewalDrift, u64::from(observation.opening)).normal();
        let after = |periods: f64| due.0 as f64 + periods * each + deviate * (periods * variance).sqrt();
        let mut periods = ((now.0 - due.0) as f64 / each).floor().max(0.0);
        while periods >= 1.0 && after(periods - 1.0) >= now.0 as f64 {
            periods -= 1.0;
        }
        while after(periods) < now.0 as f64 {
            periods += 1.0;
        }
        SimTime((after(periods) as u64).max(now.0))
    }

    /// Makes the renewals of the time ahead events, while a window is open.
    pub(super) fn extend_renewals<L: EventList>(&mut self, agenda: &mut Agenda<L>) {
        let now = agenda.now();
        let (Some(windows), Some(observation)) = (&self.config.windows, &mut self.observation) else { return };
        if observation.is_quiet() || observation.renewals_until > now + LOOK || !self.config.renews() {
            return;
        }
        let from = observation.renewals_until.max(now);
        let until = observation.held_until.max(now + windows.length.min(SimDuration::HOUR)) + LOOK + LOOK;
        observation.renewals_until = until;
        for device in (0..self.devices.len() as u32).map(DeviceId) {
            let due = self.observation.as_ref().and_then(|observation| observation.due(device));
            let connected = self.devices[device.index()].state == State::Connected;
            if let Some(due) = due.filter(|due| connected && from <= *due && *due < until) {
                self.timer(agenda, device, due, Kind::Renew);
            }
        }
    }

    /// Renewals between two times count as use of the connect throttles.
    pub(super) fn charge_renewals(&mut self, now: SimTime) {
        let Some(observation) = &mut self.observation else { return };
        let from = std::mem::replace(&mut observation.renewed, now);
        let mut out = 0.0;
        for (s, cohorts) in observation.renewals.iter().enumerate() {
            let mut all = 0;
            for (phases, reconnection) in cohorts.iter().zip(&observation.reconnection) {
                let n = phases.as_ref().map_or(0, |phases| phases.sends(from, now - from));
                out += n as f64 * reconnection.mean;
                all += n;
            }
            self.figures.uses[Queue::Connect as usize][s].total += all;
        }
        self.hold_out(out, now);
    }

    /// Devices were out for so long in all while they renewed their tokens [us].
    fn hold_out(&mut self, out: f64, now: SimTime) {
        for level in [self.figures.unavailable, self.figures.connected] {
            self.recorder.level_mut(level).integral(now);
        }
        let out = out as u128;
        self.recorder.level_mut(self.figures.unavailable).hold_more(out);
        self.recorder.level_mut(self.figures.connected).hold_less(out);
    }

    /// When renewals will next use so much of a connect throttle over a minute that a window opens.
    pub(super) fn next_renewal_peak(&self, now: SimTime, until: SimTime) -> Option<SimTime> {
        let (windows, observation) = (self.config.windows.as_ref()?, self.observation.as_ref()?);
        let is_peak = |at: SimTime| {
            (0_usize..).zip(&observation.renewals).any(|(s, cohorts)| {
                let n: u64 = cohorts.iter().flatten().map(|phases| phases.sends(at, LOOK)).sum();
                n > 0 && n as f64 > windows.opens_at * self.limit(Queue::Connect, s) * LOOK.secs()
            })
        };
        let minutes = (until - now).0.div_ceil(LOOK.0);
        (1..=minutes).map(|minute| SimTime(now.0 + minute * LOOK.0)).find(|at| is_peak(*at))
    }
}
