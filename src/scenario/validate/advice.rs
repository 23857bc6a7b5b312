//! What an architect should know of a scenario although nothing is wrong with it: one sentence each, shown by `check`.

use crate::model::config::ModelConfig;

/// A line for each piece of advice, in a fixed order.
pub(super) fn of(model: &ModelConfig) -> Vec<String> {
    let moves = !model.moves.is_empty() || model.scaling.policy.entry().drains();
    let called = model.cohorts.iter().any(|cohort| cohort.calls.is_some());
    let learnt = model.gateway.as_ref().and_then(|gateway| gateway.learnt);
    let line = match (moves, called, learnt) {
        (true, false, _) => {
            "no cohort is called, so nothing but DPS has to follow a move: a device-to-cloud only stamp suffices"
                .to_owned()
        }
        (true, true, Some(learnt)) => {
            let until = learnt.refresh.map_or_else(
                || "for the rest of the run".to_owned(),
                |refresh| format!("until the application learns all hubs anew, each {refresh}"),
            );
            format!(
                "devices are called and moved, and the application does not follow: calls to a moved device end as not_registered (404001) {until}"
            )
        }
        _ => return Vec::new(),
    };
    vec![line]
}
