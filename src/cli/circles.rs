//! Trouble that outlives its cause, in words: trigger and loop apart.

use super::figures::Reading;
use crate::analysis::Study;
use crate::analysis::circle::{Circle, Loop, circles};

/// A sentence for each fault from which calls did not recover.
pub(super) fn in_words(study: &Study) -> Vec<String> {
    circles(study).iter().map(sentence).collect()
}

fn sentence(Circle { trigger, before, at_end, kept_up_by }: &Circle) -> String {
    let share = |value: f64| Reading::share().alone(value);
    let cause = match kept_up_by {
        Some(Loop::Retries(retries)) => {
            format!("retries keep it up, which are {} of the attempts at hubs", share(*retries))
        }
        Some(Loop::Misses(before, now)) => {
            format!("look-ups without the cache keep it up: {} miss, {} before", share(*now), share(*before))
        }
        None => "the figures do not show what keeps it up".to_owned(),
    };
    format!(
        "calls do not recover from `{trigger}`, the trigger: {} are delivered at the end, {} before it; {cause}",
        share(*at_end),
        share(*before)
    )
}
