//! A device: one compact record, and the state machine of its connection.

use crate::model::ids::{CohortId, RingId, StampId};
use crate::units::SimTime;

/// State of a device's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum State {
    /// Not yet part of the fleet.
    Unborn,
    /// Part of the fleet, never registered.
    New,
    /// A register request is on its way, or waits for its turn.
    Registering,
    /// DPS works on the assignment: the identity may be on no hub.
    Assigning,
    /// Knows its hub, has not tried it yet.
    Assigned,
    /// A connection attempt is on its way or in the hub's backlog.
    Connecting,
    /// Connected.
    Connected,
    /// Lost its connection without having noticed.
    Unaware,
    /// Waits before the next attempt.
    BackingOff,
    /// DPS refused the registration; waits before it asks again.
    Rejected,
    /// Without power.
    Off,
    /// Left the fleet.
    Retired,
}

impl State {
    /// All states, in order.
    pub const ALL: [State; 12] = [
        Self::Unborn,
        Self::New,
        Self::Registering,
        Self::Assigning,
        Self::Assigned,
        Self::Connecting,
        Self::Connected,
        Self::Unaware,
        Self::BackingOff,
        Self::Rejected,
        Self::Off,
        Self::Retired,
    ];

    /// Name in series and charts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unborn => "unborn",
            Self::New => "new",
            Self::Registering => "registering",
            Self::Assigning => "assigning",
            Self::Assigned => "assigned",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Unaware => "unaware",
            Self::BackingOff => "backing_off",
            Self::Rejected => "rejected",
            Self::Off => "off",
            Self::Retired => "retired",
        }
    }

    /// Whether the device is part of the fleet.
    pub fn in_fleet(self) -> bool {
        !matches!(self, Self::Unborn | Self::Retired)
    }
}

/// The mark of no timer.
const NO_TIMER: u32 = 0;

/// Mark of a timer: 32 bits of a hash that tells any two times and kinds apart but for a chance of 2^-32, never zero. The
/// time itself would take the record over its 16 bytes.
#[inline]
fn mark(kind: u16, at: SimTime) -> u32 {
    let word = (at.0 ^ u64::from(kind) << 56).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((word >> 32) as u32).max(NO_TIMER + 1)
}

/// The record that every event of a device touches: 16 bytes, four to a cache line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// Number of the current connection episode: the structural counter of its draws.
    pub episode: u32,
    /// Attempts made in this episode.
    pub attempts: u16,
    /// Mark of the pending timer, a hash of its time and kind; a timer of another mark is stale.
    timer: u32,
    /// Hub that the device believes in.
    pub stamp: StampId,
    /// Ring of its enrollment; a promotion changes it.
    pub ring: RingId,
    /// Cohort.
    pub cohort: CohortId,
    /// Connection state.
    pub state: State,
    /// See the associated flags.
    pub flags: u8,
}

const _: () = assert!(std::mem::size_of::<Device>() == 16);

impl Device {
    /// Without power for the whole run.
    pub const DORMANT: u8 = 1;
    /// Its attempts on a hub that is down are counted in bulk; no attempt is pending.
    pub const PARKED: u8 = 2;
    /// DPS works on an assignment of it.
    pub const IN_ASSIGNMENT: u8 = 4;
    /// The assignment under way put an identity on its target, where it counts already.
    pub const RESERVED: u8 = 16;
    /// Was connected when a move evicted it: its downtime is measured.
    pub const MOVING: u8 = 8;
    /// Its next request to DPS asks for its hub and registers nothing.
    pub const QUERIES: u8 = 32;

    /// A device that is not yet part of the fleet.
    pub fn unborn(cohort: CohortId, ring: RingId, dormant: bool) -> Self {
        Self {
            episode: 0,
            attempts: 0,
            timer: NO_TIMER,
            stamp: StampId::NONE,
            ring,
            cohort,
            state: State::Unborn,
            flags: if dormant { Self::DORMANT } else { 0 },
        }
    }

    /// Whether a flag is set.
    pub fn is(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Sets or clears a flag.
    pub fn set(&mut self, flag: u8, on: bool) {
        if on {
            self.flags |= flag;
        } else {
            self.flags &= !flag;
        }
    }

    /// Sets the timer of a kind to a time: whatever was pending becomes stale.
    #[inline]
    pub fn set_timer(&mut self, kind: u16, at: SimTime) {
        self.timer = mark(kind, at);
    }

    /// No timer is pending any more.
    pub fn clear_timer(&mut self) {
        self.timer = NO_TIMER;
    }

    /// Whether the timer of a kind at a time is the pending one.
    #[inline]
    pub fn has_timer(&self, kind: u16, at: SimTime) -> bool {
        self.timer == mark(kind, at)
    }

    /// Whether a timer that comes up is the pending one, which it is no more from now on.
    #[inline]
    pub fn take_timer(&mut self, kind: u16, at: SimTime) -> bool {
        let pending = self.timer == mark(kind, at);
        if pending {
            self.timer = NO_TIMER;
        }
        pending
    }

    /// Begins a new connection episode.
    pub fn begin_episode(&mut self) {
        self.episode = self.episode.wrapping_add(1);
        self.attempts = 0;
    }

    /// Structural counter of a draw of this attempt.
    pub fn attempt_counter(&self) -> u64 {
        u64::from(self.episode) << 16 | u64::from(self.attempts)
    }
}
