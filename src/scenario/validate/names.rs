//! The names of a scenario: stamps, regions, rings and cohorts by number, and what is said of a name that is none.

use crate::model::ids::{CohortId, RegionId, RingId, ServiceId, StampId};
use crate::model::names::{MoveNames, Names as FaultNames};
use crate::scenario::catalog;
use crate::scenario::diagnostic::{Finding, listed, unknown};
use crate::scenario::file::{File, Stamps};
use crate::units::SimDuration;

/// Most stamps at the start.
pub(super) const STAMPS_MAX: u64 = 65_000;

/// Names by number.
#[derive(Debug, Clone)]
pub(in crate::scenario) struct Names {
    /// Every stamp at the start.
    pub(super) stamps: Vec<String>,
    /// First stamp of each group, and the end.
    pub(super) groups: Vec<u16>,
    /// Regions in use, sorted.
    pub(super) regions: Vec<String>,
    /// Rings in use, sorted.
    pub(super) rings: Vec<String>,
    /// Cohorts.
    pub(super) cohorts: Vec<String>,
    /// DPS instances.
    pub(super) services: Vec<String>,
    /// Whether the names of stamps cannot be told, since there are too many or several of one name.
    pub(super) shaky: bool,
    detection: Option<SimDuration>,
}

/// The name of a stamp of a group.
pub(super) fn stamp_name(pattern: &str, number: u32) -> String {
    pattern.replace("{n}", &number.to_string())
}

impl Names {
    pub(super) fn new(file: &File) -> Self {
        let (mut stamps, mut groups) = (Vec::new(), vec![0]);
        for group in &file.stamps {
            stamps.extend((1..=counted(file, group)).map(|number| stamp_name(&group.name, number)));
            groups.push(stamps.len() as u16);
        }
        let homes =
            file.cohorts.iter().flat_map(|cohort| cohort.regions.iter().flatten().map(|(name, _)| name.clone()));
        let regions = file.stamps.iter().map(|group| group.region.clone()).chain(homes);
        let regions = regions.chain(file.gateway.iter().filter_map(|gateway| gateway.region.clone()));
        let regions = regions.chain(file.dps.services.iter().filter_map(|service| service.region.clone()));
        let rings = file.stamps.iter().map(|group| group.ring.clone());
        Self {
            stamps,
            groups,
            regions: sorted(regions),
            rings: sorted(rings.chain(file.cohorts.iter().map(|cohort| cohort.ring.clone()))),
            cohorts: file.cohorts.iter().map(|cohort| cohort.name.clone()).collect(),
            services: service_names(file),
            shaky: file.stamps.iter().any(|group| group.count > 1 && !group.name.contains("{n}")) || too_many(file),
            detection: file.dps.detection.length(),
        }
    }

    /// The stamps of an entry of an enrollment: one by its name, or a group by its pattern.
    pub(super) fn stamps_of(&self, file: &File, name: &str) -> Vec<StampId> {
        if let Some(stamp) = self.stamps.iter().position(|stamp| stamp == name) {
            return vec![StampId(stamp as u16)];
        }
        let group = file.stamps.iter().position(|group| group.name == name);
        group.map_or_else(Vec::new, |group| (self.groups[group]..self.groups[group + 1]).map(StampId).collect())
    }

    /// The group of a stamp.
    pub(super) fn group_of(&self, stamp: usize) -> usize {
        self.groups.partition_point(|first| usize::from(*first) <= stamp).saturating_sub(1)
    }

    pub(super) fn region_id(&self, name: &str) -> RegionId {
        RegionId(number(&self.regions, name).unwrap_or(0) as u8)
    }

    pub(super) fn ring_id(&self, name: &str) -> RingId {
        RingId(number(&self.rings, name).unwrap_or(0) as u8)
    }
}

/// The names of the DPS instances: their own, or numbers.
fn service_names(file: &File) -> Vec<String> {
    if !file.dps.services.is_empty() {
        return file.dps.services.iter().map(|service| service.name.clone()).collect();
    }
    (1..=file.dps.instances.unwrap_or(1)).map(|number| format!("dps-{number}")).collect()
}

fn too_many(file: &File) -> bool {
    file.stamps.iter().map(|group| u64::from(group.count)).sum::<u64>() > STAMPS_MAX
}

/// Stamps of a group that can be numbered; more than the most there may be is blamed elsewhere.
fn counted(file: &File, group: &Stamps) -> u32 {
    if too_many(file) { group.count.min(1) } else { group.count }
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn number(names: &[String], name: &str) -> Option<usize> {
    names.iter().position(|known| known == name)
}

fn find(kind: &str, names: &[String], name: &str) -> Result<usize, String> {
    let known = || names.iter().map(String::as_str).collect::<Vec<_>>();
    number(names, name).ok_or_else(|| message(&unknown(kind, name, &known())))
}

/// A finding as the rooms below hand it on: "what; expected ...; help".
fn message(finding: &Finding) -> String {
    let expected = finding.expected.as_ref().map(|expected| format!("; expected {expected}")).unwrap_or_default();
    let help = finding.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
    format!("{}{expected}{help}", finding.what)
}

impl FaultNames for Names {
    fn stamp(&self, name: &str) -> Result<StampId, String> {
        find("stamp", &self.stamps, name).map(|stamp| StampId(stamp as u16))
    }

    fn region(&self, name: &str) -> Result<RegionId, String> {
        let found = find("region", &self.regions, name).map(|region| RegionId(region as u8));
        let elsewhere = found.is_err() && catalog::regions().contains_key(name);
        if !elsewhere {
            return found;
        }
        let known = listed(self.regions.iter().map(String::as_str));
        Err(format!("no device and no stamp is in `{name}`; expected {known}"))
    }

    fn service(&self, name: &str) -> Result<ServiceId, String> {
        find("DPS instance", &self.services, name).map(|service| ServiceId(service as u16))
    }

    fn services(&self) -> Vec<ServiceId> {
        (0..self.services.len() as u16).map(ServiceId).collect()
    }

    fn cohort(&self, name: &str) -> Result<CohortId, String> {
        find("cohort", &self.cohorts, name).map(|cohort| CohortId(cohort as u8))
    }

    fn detection(&self) -> Option<SimDuration> {
        self.detection
    }
}

impl MoveNames for Names {
    fn ring(&self, name: &str) -> Result<RingId, String> {
        find("ring", &self.rings, name).map(|ring| RingId(ring as u8))
    }
}
