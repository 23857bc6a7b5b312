//! A steady state: what cannot have one is refused, and what it needs is asked for.

use crate::analysis::warmup;
use crate::model::config::ModelConfig;
use crate::scenario::diagnostic::Finding;
use crate::scenario::file::File;
use crate::scenario::validate::Build;
use crate::units::SimDuration;

impl Build<'_> {
    /// Checks `[run.steady]` against the rest of the file.
    pub(super) fn steady(&mut self, file: &File, model: &ModelConfig) {
        let Some(steady) = &file.run.steady else { return };
        self.require(file.faults.is_empty() && file.moves.is_empty(), "run/steady", || {
            Finding::new("a run with faults or moves has no steady state")
                .expected("a study without either")
                .help("leave out [run.steady]: an outage is a terminating study, and nothing of it may be cut")
        });
        let end = crate::units::SimTime::ZERO + model.horizon;
        for (i, cohort) in model.cohorts.iter().enumerate() {
            if cohort.growth.entry().count(cohort.devices, end) != cohort.devices {
                let finding = Finding::warning("a cohort that grows has no steady state");
                self.say(&format!("cohorts/{i}/growth"), finding.help("leave out [run.steady], or the growth"));
            }
        }
        match steady.warm_up {
            Some(warm_up) => self.warm_up(warm_up, model.horizon),
            None => self.windows_for_the_rule(model),
        }
    }

    fn warm_up(&mut self, warm_up: SimDuration, horizon: SimDuration) {
        self.require(warm_up < horizon, "run/steady/warm_up", || {
            Finding::new(format!("a warm-up of {warm_up} leaves nothing of a horizon of {horizon}"))
                .expected("a part of the horizon")
        });
    }

    fn windows_for_the_rule(&mut self, model: &ModelConfig) {
        let windows = model.horizon.0.div_ceil(model.window.0.max(1));
        let needed = warmup::OBSERVATIONS_MIN as u64;
        self.require(windows >= needed, "run/window", || {
            Finding::new(format!("{windows} windows are too few to find a warm-up in"))
                .expected(format!("a window of at most a {needed}th of the horizon"))
        });
    }
}
