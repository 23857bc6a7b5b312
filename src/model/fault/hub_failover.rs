//! `hub_failover`: a hub goes to its paired region. Its length is drawn from the documented range, so no `for` is given.
//!
//! Devices see a hub that refuses them (404012, 5xx); the host name stays, so they come back to it. The paired region knows
//! what was written up to a while before: younger identities are gone, and unread messages are lost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Names};
use crate::kernel::law::DurationLaw;
use crate::model::condition::{Condition, DownStyle, Effect, Target};
use crate::units::SimDuration;

/// Who starts a failover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Initiated {
    /// The customer, at a time of its choice: 10 min to 2 h.
    Customer,
    /// Microsoft, as a last resort: 2 to 26 h.
    Microsoft,
}

/// Parameters of `hub_failover`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HubFailover {
    /// Name of the stamp whose hub fails over.
    pub stamp: String,
    /// Who starts it: `customer` or `microsoft`.
    pub initiated: Initiated,
    /// Time until the hub works again. Default uniform, 10 min to 2 h by the customer and 2 to 26 h by Microsoft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rto: Option<DurationLaw>,
    /// Time before the failover whose registrations are lost. Default 0..5 min.
    #[serde(default = "rpo")]
    pub rpo: DurationLaw,
    /// When the hub is taken out of allocation, after the start. Default: never, since its host name stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detection: Option<SimDuration>,
}

fn range(text: &str) -> DurationLaw {
    text.parse().expect("a range of durations")
}

fn rpo() -> DurationLaw {
    range("0..5 min")
}

impl Fault for HubFailover {
    fn effects(&self, names: &dyn Names) -> Result<Vec<Effect>, String> {
        let target = Target::Stamp(names.stamp(&self.stamp)?);
        let at_once = [Condition::Down(DownStyle::Reset), Condition::FailingOver(self.rpo)];
        let excluded = self.detection.map(|delay| Effect { target, condition: Condition::Excluded, delay });
        Ok(at_once.map(|condition| Effect::at_once(target, condition)).into_iter().chain(excluded).collect())
    }

    fn length(&self) -> Option<DurationLaw> {
        Some(self.rto.unwrap_or_else(|| match self.initiated {
            Initiated::Customer => range("10..120 min"),
            Initiated::Microsoft => range("2..26 h"),
        }))
    }
}
