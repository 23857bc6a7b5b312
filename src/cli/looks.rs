//! How windows of observation sample a run, in words.

use super::figures::Reading;
use crate::analysis::Study;
use crate::analysis::windows::Looks;
use crate::units::SimDuration;

/// What was looked at, where that is not all of the run.
pub(super) fn in_words(study: &Study) -> Option<String> {
    Looks::of(study).map(|looks| sentence(&looks, study.horizon))
}

fn sentence(looks: &Looks, horizon: SimDuration) -> String {
    let Looks { regular, length, looked, edges, around } = *looks;
    let of = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let share = Reading::share().alone((looked.secs() + around.secs()) / horizon.secs().max(f64::MIN_POSITIVE));
    let fair = match regular {
        0 => "no regular window, since each met a fault or a move: nothing here is a fair sample".to_owned(),
        _ => format!("{} of {length}", of(regular, "regular window")),
    };
    let rest = match edges {
        0 => String::new(),
        _ => format!(", and {} around edges, {around} in all", of(edges, "window")),
    };
    format!("calls, the cache and renewals were looked at for {share} of the time: {fair}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_that_is_not_fair_is_told() {
        let hours = |n: u64| SimDuration::HOUR * n;
        let some = Looks { regular: 2, length: hours(2), looked: hours(4), edges: 1, around: hours(6) };
        assert_eq!(
            sentence(&some, hours(100)),
            "calls, the cache and renewals were looked at for 10 % of the time: 2 regular windows of 2 h, and 1 window around \
             edges, 6 h in all"
        );
        let none = Looks { regular: 0, looked: SimDuration::ZERO, ..some };
        assert!(sentence(&none, hours(100)).contains("nothing here is a fair sample"));
    }
}
