//! Generations: whether stamps serve the devices that there are, and whether what a cohort asks for contradicts itself.

use std::collections::BTreeSet;

use crate::model::population::cohort::CohortConfig;
use crate::model::stamp::hub::StampConfig;
use crate::scenario::diagnostic::{Finding, listed};
use crate::scenario::file::File;
use crate::scenario::validate::cohorts::candidates;
use crate::scenario::validate::{Build, Names};

impl Build<'_> {
    /// Whether the ring, the generation and the enrollment of a cohort leave it a stamp; says which of them does not.
    pub(super) fn served(
        &mut self,
        i: usize,
        cohort: &CohortConfig,
        file: &File,
        names: &Names,
        stamps: &[StampConfig],
    ) -> bool {
        let ring: Vec<&StampConfig> = stamps.iter().filter(|stamp| stamp.ring == cohort.ring).collect();
        if ring.is_empty() || self.lost.key("stamps", "generations") {
            return true; // Its ring is blamed, not the rest.
        }
        if !ring.iter().any(|stamp| stamp.serves(cohort.generation)) {
            self.unserved(i, cohort, file, &ring);
            return false;
        }
        let found = !candidates(cohort, stamps).is_empty();
        if !found {
            let (own, at) = (&file.cohorts[i], format!("cohorts/{i}/enrollment/stamps"));
            let first = cohort.stamps.first().map_or("", |stamp| names.stamps[stamp.index()].as_str());
            let what = format!(
                "none of the enrollment's stamps takes generation {} of ring `{}`, `{first}` for one",
                own.generation, own.ring
            );
            self.say(
                &at,
                Finding::new(what).help("DPS takes what is in the list and in the ring and serves the generation"),
            );
        }
        found
    }

    /// A stamp of a ring that has devices, none of which it serves.
    pub(super) fn waits_for_a_generation(&mut self, group: usize, stamp: &str) {
        let finding = Finding::warning(format!("no cohort of its ring has a generation that `{stamp}` serves"));
        self.say(&format!("stamps/{group}/generations"), finding.help("it is paid for, and no device comes to it"));
    }

    fn unserved(&mut self, i: usize, cohort: &CohortConfig, file: &File, ring: &[&StampConfig]) {
        let served: BTreeSet<u16> = ring.iter().flat_map(|stamp| stamp.generations.clone()).collect();
        let served: Vec<String> = served.iter().map(u16::to_string).collect();
        let (generation, name) = (cohort.generation, &file.cohorts[i].ring);
        let written = self.tree.at(&crate::scenario::tree::steps(&format!("cohorts/{i}/generation"))).is_some();
        let key = if written { "generation" } else { "name" };
        let finding = Finding::new(format!("no stamp of ring `{name}` serves generation {generation} of this cohort"));
        let finding = finding.expected(listed(served.iter().map(String::as_str)));
        self.say(&format!("cohorts/{i}/{key}"), finding.help("`generations` of a group of stamps says whom it serves"));
    }
}
