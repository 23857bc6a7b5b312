//! How large the whole is: what no machine carries out is refused at its place, with the figure; what is only long is said.
//!
//! These bounds hold on every machine. Whether a run fits into the memory of one is for the command to find out.

use super::{Build, TICKS_MAX};
use crate::model::config::ModelConfig;
use crate::model::population::cohort::CohortConfig;
use crate::model::population::traffic::{Cadence, Fidelity};
use crate::scenario::diagnostic::Finding;
use crate::scenario::file::File;
use crate::scenario::footprint::{self, Footprint};

/// Most devices of a run: a packed event names one in 28 bits, and what is not a device needs some.
const DEVICES_MAX: u64 = 250_000_000;
/// Most calls, or messages at full fidelity, that one tick draws: they are drawn at once.
const DRAWN_MAX: f64 = 1e7;
/// Most messages of a run, and most bytes of them: they are counted in 64 bits.
const MESSAGES_MAX: (f64, f64) = (1e16, 8e18);
/// Most ticks that a jitter spreads a message over.
const JITTER_TICKS_MAX: f64 = 20_000.0;
/// Most decisions of a scaling policy, and most looks of a guard within the time that it counts calls over: all are kept.
const LOOKS_MAX: f64 = 1e6;
/// Most attempts on hubs that are down: they are events of no list, but take their time.
const ATTEMPTS_MAX: f64 = 1e11;
/// More events than this are refused where they are also this many times the budget: the run would show its first moments.
const EVENTS_MAX: (f64, f64) = (1e11, 100.0);

impl Build<'_> {
    /// Everything that may be too large.
    pub(super) fn sizes(&mut self, file: &File, model: &ModelConfig) {
        let devices: u64 = (0..model.cohorts.len()).map(|cohort| u64::from(model.devices_max(cohort))).sum();
        if devices > DEVICES_MAX {
            let finding = Finding::new(format!("{devices} devices in all, at the largest"));
            let finding = finding.expected(format!("at most {DEVICES_MAX}")).help("each device may stand for several");
            return self.say(&largest(file, model), finding);
        }
        if model.tick.is_zero() || model.horizon.0 / model.tick.0 > TICKS_MAX {
            return; // What is wrong is the tick, and it was said.
        }
        for cohort in 0..model.cohorts.len() {
            self.drawn_at_once(model, cohort);
            self.messages_in_all(model, cohort);
            self.jitter_in_ticks(model, cohort);
        }
        self.superposed(model);
        self.looks(model);
        self.attempts(model);
        self.events(model);
    }

    /// Messages that are gone through one by one, without an event for any.
    fn superposed(&mut self, model: &ModelConfig) {
        if model.fidelity != Fidelity::Superposed {
            return;
        }
        let sent = |(c, cohort): (usize, &CohortConfig)| {
            let telemetry = cohort.telemetry.as_ref()?;
            let rate = telemetry.cadence.rate_per_second() * telemetry.profile.max();
            Some(f64::from(model.devices_max(c)) * rate * model.horizon.secs())
        };
        let messages: f64 = model.cohorts.iter().enumerate().filter_map(sent).sum();
        self.require(messages <= EVENTS_MAX.0, "run/telemetry", || {
            let finding = Finding::new(format!("about {messages:.1e} messages, each looked at"));
            let finding = finding.expected(format!("at most {:.0e}", EVENTS_MAX.0));
            finding.help("`telemetry = \"flow\"` counts them by tick")
        });
    }

    /// Calls and messages of one tick.
    fn drawn_at_once(&mut self, model: &ModelConfig, cohort: usize) {
        let (config, devices) = (&model.cohorts[cohort], f64::from(model.devices_max(cohort)));
        let calls = config.calls.as_ref().map(|calls| ("commands", calls.rate_per_second * calls.profile.max()));
        let messages = config.telemetry.as_ref().filter(|_| model.fidelity == Fidelity::Events);
        let messages = messages.map(|sent| ("telemetry", sent.cadence.rate_per_second() * sent.profile.max()));
        for (key, rate) in calls.into_iter().chain(messages) {
            let drawn = devices * rate * model.tick.secs();
            self.require(drawn <= DRAWN_MAX, &format!("cohorts/{cohort}/{key}"), || {
                let finding = Finding::new(format!("about {drawn:.1e} {key} in a tick of {}", model.tick));
                finding.expected(format!("at most {DRAWN_MAX:.0e}")).help("lower the rate, or shorten run.tick")
            });
        }
    }

    /// Messages and operations on twins of the whole run.
    fn messages_in_all(&mut self, model: &ModelConfig, cohort: usize) {
        let (config, devices) = (&model.cohorts[cohort], f64::from(model.devices_max(cohort)));
        let seconds = model.horizon.secs();
        let messages = config.telemetry.as_ref();
        let messages =
            messages.map(|sent| ("telemetry", sent.cadence.rate_per_second() * sent.profile.max(), sent.size.0));
        let twins = config.twins.map(|twins| ("twins", twins.reads + twins.updates, twins.size.0));
        for (key, rate, size) in messages.into_iter().chain(twins) {
            let (count, bytes) = (devices * rate * seconds, devices * rate * seconds * size as f64);
            let (most, most_bytes) = MESSAGES_MAX;
            self.require(count <= most && bytes <= most_bytes, &format!("cohorts/{cohort}/{key}"), || {
                let finding = Finding::new(format!("about {count:.1e} messages of {size} B in the run"));
                finding.expected(format!("at most {most:.0e}, and {most_bytes:.0e} B")).help("lower the rate")
            });
        }
    }

    fn jitter_in_ticks(&mut self, model: &ModelConfig, cohort: usize) {
        let Some(telemetry) = &model.cohorts[cohort].telemetry else { return };
        if let Cadence::Periodic { jitter, .. } = telemetry.cadence {
            let ticks = jitter.ratio(model.tick.max(crate::units::SimDuration(1)));
            self.require(ticks <= JITTER_TICKS_MAX, &format!("cohorts/{cohort}/telemetry/jitter"), || {
                let finding =
                    Finding::new(format!("a jitter of {jitter}, which is {ticks:.0} ticks of {}", model.tick));
                finding.expected(format!("at most {JITTER_TICKS_MAX:.0} ticks")).help("lengthen run.tick")
            });
        }
    }

    /// What policies and guards look at, and keep.
    fn looks(&mut self, model: &ModelConfig) {
        let decisions = footprint::decisions(model);
        self.require(decisions <= LOOKS_MAX, "scaling", || {
            let finding = Finding::new(format!("{decisions:.0} decisions in a horizon of {}", model.horizon));
            finding.expected(format!("at most {LOOKS_MAX:.0}")).help("lengthen check_every")
        });
        for (m, plan) in model.moves.iter().enumerate() {
            let Some(guard) = &plan.guard else { continue };
            let kept = guard.window.ratio(guard.check_every.max(crate::units::SimDuration(1)));
            self.require(kept <= LOOKS_MAX, &format!("moves/{m}/guard/check_every"), || {
                let finding = Finding::new(format!("{kept:.0} looks in a window of {}", guard.window));
                finding.expected(format!("at most {LOOKS_MAX:.0}"))
            });
        }
    }

    /// Attempts on hubs that are down, of the devices that wait the least.
    fn attempts(&mut self, model: &ModelConfig) {
        for (f, cohort, attempts) in footprint::attempts_in_vain(model) {
            self.require(attempts <= ATTEMPTS_MAX, &format!("cohorts/{cohort}/retry"), || {
                let name = &model.faults[f].name;
                let finding = Finding::new(format!("about {attempts:.1e} attempts in vain during `{name}`"));
                finding.expected(format!("at most {ATTEMPTS_MAX:.0e}")).help("lengthen the wait between attempts")
            });
        }
    }

    fn events(&mut self, model: &ModelConfig) {
        let events = Footprint::of(model, 1).events;
        let budget = model.event_budget as f64;
        if events <= budget {
            return;
        }
        let what = format!("about {events:.0} events are expected, more than the event budget");
        let refused = events > EVENTS_MAX.0 && events > EVENTS_MAX.1 * budget;
        let finding = if refused { Finding::new(what) } else { Finding::warning(what) };
        self.say("run/event_budget", finding.help(format!("raise it above {events:.0}, or shorten the horizon")));
    }
}

/// The place that asks for the most devices.
pub(super) fn largest(file: &File, model: &ModelConfig) -> String {
    let largest = (0..file.cohorts.len()).max_by_key(|cohort| model.devices_max(*cohort)).unwrap_or(0);
    format!("cohorts/{largest}/devices")
}
