//! Twins: whether anything is asked of them, and whether the hubs of a cohort have any.

use crate::model::population::cohort::CohortConfig;
use crate::model::population::twins::Twins;
use crate::model::stamp::hub::StampConfig;
use crate::scenario::diagnostic::Finding;
use crate::scenario::file::{File, Twins as TwinsTable};
use crate::scenario::validate::Build;

impl Build<'_> {
    /// Twins that nobody uses, or that the edition of a stamp does not have.
    pub(super) fn twins(&mut self, file: &File, stamps: Option<&[StampConfig]>, cohorts: Option<&[CohortConfig]>) {
        for (i, table) in file.cohorts.iter().enumerate() {
            let Some(table) = &table.twins else { continue };
            self.require(!(table.reads.is_zero() && table.updates.is_zero()), &format!("cohorts/{i}/twins"), || {
                Finding::new("twins that nobody reads or updates").expected("`reads` or `updates`, such as \"1/day\"")
            });
        }
        for (i, cohort) in cohorts.iter().flat_map(|cohorts| cohorts.iter().enumerate()) {
            let lacks = |stamp: &&StampConfig| stamp.ring == cohort.ring && stamp.edition.twin_reads.is_none();
            let without = stamps.and_then(|stamps| stamps.iter().find(lacks)).filter(|_| cohort.twins.is_some());
            if let Some(stamp) = without {
                let finding = Finding::new(format!("the edition of `{}` has no twins", stamp.name));
                self.say_key(&format!("cohorts/{i}/twins"), finding.help("basic editions have none; S1, S2 and S3 do"));
            }
        }
    }
}

/// What the model makes of a table.
pub(super) fn twins(table: &TwinsTable) -> Twins {
    Twins { reads: table.reads.per_second(), updates: table.updates.per_second(), size: table.size }
}
