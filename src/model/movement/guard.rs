//! The guard of a move: an error budget that pauses it, goes on, and in the end gives it up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{Ratio, SimDuration, SimTime};

/// Shares of an error budget.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Share of all calls of the window that were not delivered. Default: calls do not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_calls: Option<Ratio>,
    /// Share of the devices of the move that have been down for longer than `down_for`. Default: they do not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub down: Option<Ratio>,
}

impl Budget {
    /// Whether what was seen is beyond a share of the budget.
    fn exceeded(&self, seen: Seen) -> bool {
        let calls = self.failed_calls.zip(seen.failed_calls).is_some_and(|(most, share)| share > most.get());
        calls || self.down.is_some_and(|most| seen.down > most.get())
    }

    /// Half of each share.
    fn half(self) -> Self {
        let half = |share: Ratio| Ratio::new(share.get() / 2.0).expect("half a share is one");
        Self { failed_calls: self.failed_calls.map(half), down: self.down.map(half) }
    }
}

/// When a guard gives a move up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AbortAfter {
    /// Pauses; what would be one more aborts the move. Default: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pauses: Option<u32>,
    /// Time paused, in all. Default: any length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<SimDuration>,
}

/// Parameters of a guard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    /// The move pauses beyond any of these.
    pub pause_if: Budget,
    /// It goes on within all of these. Default: half of `pause_if`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_if: Option<Budget>,
    /// How long a device is down before it counts. Default 2 min.
    #[serde(default = "down_for")]
    pub down_for: SimDuration,
    /// Time over which calls are counted. Default 5 min.
    #[serde(default = "window")]
    pub window: SimDuration,
    /// Time between two looks. Default 30 s.
    #[serde(default = "check_every")]
    pub check_every: SimDuration,
    /// When the move is given up. Default: never.
    #[serde(default)]
    pub abort_after: AbortAfter,
    /// Whether the devices of a move that was given up go back to where they were. Default false: they stay.
    #[serde(default)]
    pub roll_back: bool,
    /// From giving the move up to the first device that goes back: an operator looks first whether the way back works.
    /// Default 0 s.
    #[serde(default)]
    pub roll_back_after: SimDuration,
}

fn down_for() -> SimDuration {
    SimDuration::from_secs(120)
}

fn window() -> SimDuration {
    SimDuration::from_secs(300)
}

fn check_every() -> SimDuration {
    SimDuration::from_secs(30)
}

/// What a guard sees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Share of the calls of the window that failed; none without calls.
    pub failed_calls: Option<f64>,
    /// Share of the devices of the move that are down for long [1].
    pub down: f64,
}

/// Pauses of a move so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pauses {
    /// How many, the present one included.
    pub count: u32,
    /// Start of the present one.
    pub since: Option<SimTime>,
    /// Length of those that are over.
    pub over: SimDuration,
}

impl Pauses {
    /// Time paused so far.
    pub fn length(&self, now: SimTime) -> SimDuration {
        self.over + self.since.map_or(SimDuration::ZERO, |since| now.saturating_since(since))
    }
}

/// What a guard wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything stays as it is.
    Stay,
    /// No more evictions for now.
    Pause,
    /// Evictions go on.
    Resume,
    /// The move is given up.
    Abort,
}

impl Guard {
    /// What to do: a pure decision.
    pub fn judge(&self, seen: Seen, pauses: &Pauses, now: SimTime) -> Verdict {
        if pauses.since.is_none() {
            let last = self.abort_after.pauses.is_some_and(|most| pauses.count >= most);
            return match (self.pause_if.exceeded(seen), last) {
                (false, _) => Verdict::Stay,
                (true, false) => Verdict::Pause,
                (true, true) => Verdict::Abort,
            };
        }
        if self.abort_after.paused.is_some_and(|most| pauses.length(now) >= most) {
            return Verdict::Abort;
        }
        let good = !self.resume_if.unwrap_or(self.pause_if.half()).exceeded(seen);
        if good { Verdict::Resume } else { Verdict::Stay }
    }

    /// Whether the move can be given up at all.
    pub fn aborts(&self) -> bool {
        self.abort_after.pauses.is_some() || self.abort_after.paused.is_some()
    }

    /// What is wrong: the key, what is wrong with it, and what is expected.
    pub fn problem(&self) -> Option<(&'static str, String)> {
        let never = |share: Option<Ratio>| share.is_some_and(|share| share.get() >= 1.0);
        let whole = self.pause_if.failed_calls.is_some_and(|share| share.get() >= 1.0);
        let of = |key, what: &str| Some((key, what.to_owned()));
        match () {
            () if self.pause_if == Budget::default() => {
                of("pause_if", "a guard that can never fire; expected `failed_calls` or `down`")
            }
            () if whole => of("pause_if/failed_calls", "no share is above 1, so it never fires; expected less than 1"),
            () if never(self.pause_if.down) => {
                of("pause_if/down", "no share is above 1, so it never fires; expected less than 1")
            }
            () if self.check_every.is_zero() => of("check_every", "looks without a pause; expected such as \"30 s\""),
            () if self.window < self.check_every => of("window", "shorter than the time between two looks"),
            () if self.roll_back && !self.aborts() => {
                of("roll_back", "a move that is never given up is never rolled back; expected `abort_after` as well")
            }
            () if !self.roll_back && !self.roll_back_after.is_zero() => {
                of("roll_back_after", "nothing is rolled back; expected `roll_back = true` as well")
            }
            () => self.resume_problem(),
        }
    }

    /// A move that goes on only beyond what pauses it would do both at once.
    fn resume_problem(&self) -> Option<(&'static str, String)> {
        let resume = self.resume_if?;
        let above = |resume: Option<Ratio>, pause: Option<Ratio>| {
            resume.zip(pause).is_some_and(|(resume, pause)| resume.get() > pause.get())
        };
        let key = match () {
            () if above(resume.failed_calls, self.pause_if.failed_calls) => "resume_if/failed_calls",
            () if above(resume.down, self.pause_if.down) => "resume_if/down",
            () => return None,
        };
        Some((key, "above the share that pauses the move; expected at most that".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(share: f64) -> Ratio {
        Ratio::new(share).expect("a share")
    }

    fn guard() -> Guard {
        Guard {
            pause_if: Budget { failed_calls: Some(share(0.1)), down: Some(share(0.2)) },
            resume_if: None,
            down_for: down_for(),
            window: window(),
            check_every: check_every(),
            abort_after: AbortAfter { pauses: Some(1), paused: Some(SimDuration::from_secs(600)) },
            roll_back: false,
            roll_back_after: SimDuration::ZERO,
        }
    }

    fn seen(failed_calls: f64, down: f64) -> Seen {
        Seen { failed_calls: Some(failed_calls), down }
    }

    #[test]
    fn a_budget_pauses_beyond_its_shares_and_goes_on_below_half_of_them() {
        let (guard, at) = (guard(), SimTime(1_000_000_000));
        let moving = Pauses::default();
        assert_eq!(guard.judge(seen(0.1, 0.2), &moving, at), Verdict::Stay);
        assert_eq!(guard.judge(seen(0.11, 0.0), &moving, at), Verdict::Pause);
        assert_eq!(guard.judge(seen(0.0, 0.21), &moving, at), Verdict::Pause);
        assert_eq!(guard.judge(Seen { failed_calls: None, down: 0.0 }, &moving, at), Verdict::Stay);
        let paused = Pauses { count: 1, since: Some(at), over: SimDuration::ZERO };
        assert_eq!(guard.judge(seen(0.06, 0.0), &paused, at), Verdict::Stay);
        assert_eq!(guard.judge(seen(0.05, 0.1), &paused, at), Verdict::Resume);
    }

    #[test]
    fn too_many_pauses_or_too_long_ones_end_a_move() {
        let (guard, at) = (guard(), SimTime(1_000_000_000));
        let once = Pauses { count: 1, since: None, over: SimDuration::from_secs(500) };
        assert_eq!(guard.judge(seen(0.2, 0.0), &once, at), Verdict::Abort);
        let again = Pauses { since: Some(at), ..once };
        let after = |seconds| guard.judge(seen(0.2, 0.0), &again, at + SimDuration::from_secs(seconds));
        assert_eq!((after(99), after(100)), (Verdict::Stay, Verdict::Abort));
    }

    #[test]
    fn a_guard_that_can_never_fire_is_none() {
        let problem = |guard: Guard| guard.problem().map(|(key, _)| key);
        assert_eq!(problem(guard()), None);
        assert_eq!(problem(Guard { pause_if: Budget::default(), ..guard() }), Some("pause_if"));
        let whole = Budget { failed_calls: None, down: Some(share(1.0)) };
        assert_eq!(problem(Guard { pause_if: whole, ..guard() }), Some("pause_if/down"));
        let never = Guard { abort_after: AbortAfter::default(), roll_back: true, ..guard() };
        assert_eq!(problem(never), Some("roll_back"));
        let above = Budget { failed_calls: Some(share(0.2)), down: None };
        assert_eq!(problem(Guard { resume_if: Some(above), ..guard() }), Some("resume_if/failed_calls"));
        assert_eq!(problem(Guard { check_every: SimDuration::ZERO, ..guard() }), Some("check_every"));
        let after = Guard { roll_back_after: SimDuration::SECOND, ..guard() };
        assert_eq!(problem(after), Some("roll_back_after"));
        assert_eq!(problem(Guard { window: SimDuration::SECOND, ..guard() }), Some("window"));
    }
}
