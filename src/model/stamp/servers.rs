//! Servers of a stamp's processing that are added when it is busy or behind. They are never taken away, as throughput units are
//! not: what a service adds and takes away by itself is another model.

use crate::units::{Ratio, SimDuration, SimTime};

/// When servers are added.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ServerScaling {
    /// Most servers.
    pub servers_max: u32,
    /// Servers added at a time.
    pub step: u32,
    /// Use of the servers since the last look that adds some: work that came against work they could do.
    pub utilisation: Option<Ratio>,
    /// Wait of a message that came now that adds some.
    pub lag: Option<SimDuration>,
    /// Time between two looks.
    pub check_every: SimDuration,
    /// From the order to the first message of a new server.
    pub delay: SimDuration,
}

/// What a look sees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Busy {
    /// Servers.
    pub servers: u32,
    /// Work that came since the last look against work that they could do [1].
    pub utilisation: f64,
    /// Wait of a message that came now.
    pub lag: SimDuration,
}

impl ServerScaling {
    /// Servers to add; none where it is not busy, or has as many as it may.
    pub fn wanted(&self, seen: Busy) -> u32 {
        let used = self.utilisation.is_some_and(|bound| seen.utilisation >= bound.get());
        let behind = self.lag.is_some_and(|bound| seen.lag >= bound);
        if used || behind { self.step.min(self.servers_max.saturating_sub(seen.servers)) } else { 0 }
    }
}

/// How far the scaling of a stage has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServersSeen {
    /// Messages that the hub had taken at the last look.
    pub messages: u64,
    /// When that was.
    pub at: SimTime,
    /// Servers on their way.
    pub coming: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_a_step_when_busy_or_behind_up_to_the_most() {
        let rule = ServerScaling {
            servers_max: 5,
            step: 2,
            utilisation: Some(Ratio::new(0.8).expect("a share")),
            lag: Some(SimDuration::from_secs(30)),
            check_every: SimDuration::MINUTE,
            delay: SimDuration::MINUTE,
        };
        let busy = |servers, utilisation, lag| Busy { servers, utilisation, lag: SimDuration::from_secs(lag) };
        assert_eq!(rule.wanted(busy(2, 0.79, 29)), 0);
        assert_eq!(rule.wanted(busy(2, 0.8, 0)), 2);
        assert_eq!(rule.wanted(busy(4, 0.1, 30)), 1);
        assert_eq!(rule.wanted(busy(5, 2.0, 90)), 0);
        assert_eq!(ServerScaling { utilisation: None, ..rule }.wanted(busy(2, 2.0, 0)), 0);
    }
}
