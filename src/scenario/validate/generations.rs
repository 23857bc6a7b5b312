//! Generations: whether stamps serve the devices that there are, and whether what a cohort asks for contradicts itself.

use std::collections::BTreeSet;

use crate::model::dps::service::{DpsConfig, ServiceConfig};
use crate::model::ids::{ServiceId, StampId};
use crate::model::movement::wave::MoveConfig;
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

    /// Promotions of a generation that no stamp of the new ring serves: DPS accepts them, and fails each registration.
    pub(super) fn promotions(
        &mut self,
        file: &File,
        moves: &[MoveConfig],
        cohorts: Option<&[CohortConfig]>,
        stamps: Option<&[StampConfig]>,
        dps: Option<&DpsConfig>,
    ) {
        let (Some(cohorts), Some(stamps)) = (cohorts, stamps) else { return };
        if self.lost.items("stamps") || self.lost.key("stamps", "generations") || self.lost.items("cohorts") {
            return; // Who cannot be told from what is left of the file is not blamed.
        }
        for (plan, ring) in moves.iter().filter_map(|plan| Some((plan, plan.rule.to_ring?))) {
            let takes = |(c, cohort): &(usize, &CohortConfig)| {
                let select = &plan.selector;
                plan.rule.ring == Some(cohort.ring)
                    && select.cohort.is_none_or(|only| only.index() == *c)
                    && select.generation.is_none_or(|only| only == cohort.generation)
            };
            let serving = |cohort: &CohortConfig| -> Vec<StampId> {
                let serves = |(_, stamp): &(usize, &StampConfig)| stamp.ring == ring && stamp.serves(cohort.generation);
                stamps.iter().enumerate().filter(serves).map(|(s, _)| StampId(s as u16)).collect()
            };
            let promoted = || cohorts.iter().enumerate().filter(takes).map(|(_, cohort)| cohort);
            let place = file.moves.iter().position(|written| written.name.as_deref() == Some(&plan.name));
            let Some(i) = place else { continue };
            let unlinked = |cohort: &CohortConfig| dps.and_then(|dps| unlinked(dps, &serving(cohort), stamps.len()));
            let Some(cohort) = promoted().find(|cohort| serving(cohort).is_empty()) else {
                if let Some((cohort, service)) = promoted().find_map(|cohort| Some((cohort, unlinked(cohort)?))) {
                    let what = format!("DPS instance `{service}` is linked to no stamp of that ring");
                    let help = format!("registrations of promoted devices of `{}` there will fail", cohort.name);
                    self.say(&format!("moves/{i}/kind/promote/to_ring"), Finding::warning(what).help(help));
                }
                continue;
            };
            let finding = Finding::warning(format!("no stamp of that ring serves generation {}", cohort.generation));
            let help = format!("DPS will fail each registration of a promoted device of `{}`", cohort.name);
            self.say(&format!("moves/{i}/kind/promote/to_ring"), finding.help(help));
        }
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

/// An instance that some devices register at and that is linked to none of these stamps; none where an API looks for another.
fn unlinked<'a>(dps: &'a DpsConfig, stamps: &[StampId], count: usize) -> Option<&'a str> {
    let factory = dps.topology.entry().factory();
    let links = |service: &ServiceConfig| stamps.iter().any(|stamp| service.links.has(*stamp, count));
    let targets = dps.services.iter().enumerate().filter(|(i, _)| factory != Some(ServiceId(*i as u16)));
    let (some, none): (Vec<_>, Vec<_>) = targets.map(|(_, service)| service).partition(|service| links(service));
    let spares = dps.topology.entry().api().is_some() && !some.is_empty();
    none.first().filter(|_| !spares).map(|service| service.name.as_str())
}
