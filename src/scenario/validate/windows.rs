//! Windows of observation: where they lie, and what makes none of them.

use crate::model::fault::{FaultConfig, Schedule};
use crate::model::observation::{WINDOWS_MAX, WindowsConfig};
use crate::model::population::traffic::Fidelity;
use crate::scenario::diagnostic::Finding;
use crate::scenario::file::{File, Windows};
use crate::scenario::validate::{Build, Frame};
use crate::units::{SimDuration, SimTime};

/// Warm-up that is not given: the state of the cache is drawn; calls under way, backlogs and credit settle in it.
const WARM_UP: SimDuration = SimDuration::from_secs(600);
/// Most regular windows; the rest of [`WINDOWS_MAX`] is for edges.
const REGULAR_MAX: usize = WINDOWS_MAX / 2;

impl Build<'_> {
    /// Checks `[run.windows]` and places the regular windows; fills in the warm-up.
    pub(super) fn observation(
        &mut self,
        file: &mut File,
        faults: &[FaultConfig],
        frame: Option<Frame>,
    ) -> Option<WindowsConfig> {
        let (mut windows, frame) = (file.run.windows.clone()?, frame?);
        self.against_the_run(file);
        let warm_up = *windows.warm_up.get_or_insert(WARM_UP);
        self.warms_up(&windows, frame);
        let regular = self.regular(&windows, warm_up, file, frame);
        self.bounds(&windows);
        self.fair(regular.as_deref().unwrap_or_default(), &windows, faults);
        let (opens_at, closes_at) = (windows.opens_at.get(), windows.closes_at.get());
        let length = windows.length;
        file.run.windows = Some(windows);
        Some(WindowsConfig { regular: regular?, length, warm_up, opens_at, closes_at })
    }

    /// What windows cannot be combined with.
    fn against_the_run(&mut self, file: &File) {
        self.require(file.run.steady.is_none(), "run/windows", || {
            Finding::new("a steady state looks at the whole run and has no windows")
                .expected("one of [run.windows] and [run.steady]")
        });
        if file.run.telemetry != Fidelity::Flow {
            let finding = Finding::warning("each message is carried out all the time, whether or not a window is open");
            self.say("run/telemetry", finding.help("windows save time with telemetry = \"flow\""));
        }
    }

    /// Where the figures of the regular windows begin.
    fn regular(&mut self, windows: &Windows, warm_up: SimDuration, file: &File, frame: Frame) -> Option<Vec<SimTime>> {
        let start = file.run.start.0;
        let every = match windows.every.resolve_civil(start) {
            Ok(every) => every,
            Err(error) => {
                self.say("run/windows/every", Finding::from_message(&error.to_string()));
                return None;
            }
        };
        let first = windows.first.unwrap_or(warm_up);
        if !self.fits(windows, every, first, frame) {
            return None;
        }
        let mut regular = Vec::new();
        for n in 0.. {
            let at = windows.every.repeated(n, start).ok().map(|after| SimTime::ZERO + first + after);
            let Some(at) = at.filter(|at| *at < SimTime::ZERO + frame.horizon) else { break };
            if regular.len() == REGULAR_MAX {
                let finding =
                    Finding::new(format!("more than {REGULAR_MAX} windows in a horizon of {}", frame.horizon));
                self.say("run/windows/every", finding.expected("fewer, or a run without windows"));
                return None;
            }
            regular.push(at);
        }
        Some(regular)
    }

    fn fits(&mut self, windows: &Windows, every: SimDuration, first: SimDuration, frame: Frame) -> bool {
        let length = windows.length;
        let positive = |what: &str| Finding::new(format!("{what} of zero")).expected(format!("{what} above zero"));
        let before = self.mistakes.len();
        self.require(!every.is_zero(), "run/windows/every", || positive("a distance"));
        self.require(!length.is_zero(), "run/windows/length", || positive("a length"));
        self.require(length <= every, "run/windows/length", || {
            Finding::new(format!("windows of {length} each {every} overlap")).expected(format!("at most {every}"))
        });
        self.require(first < frame.horizon, "run/windows/first", || {
            Finding::new(format!("a first window at {first} lies behind the horizon of {}", frame.horizon))
                .expected("a time within the run")
        });
        self.mistakes.len() == before
    }

    fn warms_up(&mut self, windows: &Windows, frame: Frame) {
        let Some(warm_up) = windows.warm_up else { return };
        self.require(warm_up < frame.horizon, "run/windows/warm_up", || {
            Finding::new(format!("a warm-up of {warm_up} leaves nothing of a horizon of {}", frame.horizon))
                .expected("a part of the horizon")
        });
        let every = windows.every.resolve_civil(jiff::civil::date(2026, 1, 1).at(0, 0, 0, 0));
        self.require(every.is_err() || every.is_ok_and(|every| warm_up <= every), "run/windows/warm_up", || {
            Finding::new(format!("a warm-up of {warm_up} is longer than the time from window to window"))
                .expected(format!("at most {}", windows.every))
        });
    }

    /// A regular window that meets a fault is an edge's; where each of them does, nothing is a fair sample.
    fn fair(&mut self, regular: &[SimTime], windows: &Windows, faults: &[FaultConfig]) {
        let known: Vec<(&str, SimTime, SimTime)> = faults.iter().flat_map(known_times).collect();
        let met = |from: &SimTime| known.iter().find(|(_, at, until)| *at < *from + windows.length && *from < *until);
        let met: Vec<_> = regular.iter().filter_map(met).collect();
        if let Some((name, ..)) = met.first().filter(|_| met.len() == regular.len()) {
            let finding = Finding::warning(format!("each regular window meets a fault, the first one `{name}`"));
            let help =
                "there is then no fair sample; put them elsewhere by `first` or `every`, or expect figures by phase";
            self.say("run/windows", finding.help(help));
        }
    }

    fn bounds(&mut self, windows: &Windows) {
        let (opens, closes) = (windows.opens_at, windows.closes_at);
        self.require(opens.get() > 0.0, "run/windows/opens_at", || {
            Finding::new("a window that is always open").expected("a share above zero, such as \"95 %\"")
        });
        self.require(closes.get() <= opens.get(), "run/windows/closes_at", || {
            Finding::new(format!("a window would close at {closes} and open at {opens} of a limit"))
                .expected("a share of at most `opens_at`")
        });
    }
}

/// The times of a fault that are known before the run: from when to when.
fn known_times(fault: &FaultConfig) -> Vec<(&str, SimTime, SimTime)> {
    let end = |at: SimTime, lasts: Option<SimDuration>| lasts.map_or(SimTime(u64::MAX), |lasts| at + lasts);
    match &fault.schedule {
        Schedule::At { at, lasts } => vec![(&fault.name, *at, end(*at, *lasts))],
        Schedule::Listed(list) => {
            list.iter().map(|incident| (&*fault.name, incident.at, end(incident.at, Some(incident.lasts)))).collect()
        }
        Schedule::Once { .. } | Schedule::Drawn { .. } => Vec::new(),
    }
}
