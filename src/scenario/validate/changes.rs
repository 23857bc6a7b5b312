//! An operator's changes of hubs: a stamp that there is, and a size or weight that a hub can have.

use std::collections::BTreeSet;

use crate::kernel::draws::stable_name;
use crate::model::lifecycle::change::{ChangeConfig, ChangeKind, SetUnits};
use crate::model::names::Names as _;
use crate::model::stamp::hub::StampConfig;
use crate::scenario::diagnostic::Finding;
use crate::scenario::file::{ChangeTable, File};
use crate::scenario::validate::faults::{default_name, free_name};
use crate::scenario::validate::stamps::name_problem;
use crate::scenario::validate::{Build, Frame, Names};
use crate::units::SimTime;

impl Build<'_> {
    /// Every change that makes sense; fills in names.
    pub(super) fn changes(
        &mut self,
        file: &mut File,
        names: &Names,
        stamps: Option<&[StampConfig]>,
        frame: Option<Frame>,
    ) -> Vec<ChangeConfig> {
        let mut changes = std::mem::take(&mut file.changes);
        let given: BTreeSet<String> = changes.iter().filter_map(|change| change.name.clone()).collect();
        let (mut seen, mut configs) = (BTreeSet::new(), Vec::new());
        for (i, change) in changes.iter_mut().enumerate() {
            let at = format!("changes/{i}");
            let name = self.change_name(&at, change, &given, &mut seen);
            let path = format!("{at}/kind/{}", change.kind.key());
            let start = self.start_of(&format!("{at}/at"), Some(change.at), frame, "change");
            let stamp = names.stamp(change.kind.entry().stamp());
            let stamp = stamp.map_err(|message| self.say_name(&path, &message, &["stamps"])).ok();
            let (Some(start), Some(stamp)) = (start, stamp) else { continue };
            if let Some(stamp) = stamps.and_then(|stamps| stamps.get(stamp.index())) {
                self.change_rules(&path, &change.kind, stamp);
            }
            let kind = change.kind.entry();
            let at = SimTime::ZERO + start + kind.delay();
            configs.push(ChangeConfig { key: stable_name(&name), name, at, stamp, rule: kind.rule() });
        }
        file.changes = changes;
        configs
    }

    fn change_name(
        &mut self,
        at: &str,
        change: &mut ChangeTable,
        given: &BTreeSet<String>,
        seen: &mut BTreeSet<String>,
    ) -> String {
        let by_default = default_name(change.kind.key(), Some(change.kind.entry().stamp()));
        let free = || free_name(by_default, |name| given.contains(name) || seen.contains(name));
        let name = change.name.clone().unwrap_or_else(free);
        if let Some(finding) = name_problem(&name, false) {
            self.say(&format!("{at}/name"), finding);
        }
        self.require(seen.insert(name.clone()), &format!("{at}/name"), || {
            Finding::new(format!("a second change `{name}`")).expected("names that differ")
        });
        change.name = Some(name.clone());
        name
    }

    fn change_rules(&mut self, at: &str, kind: &ChangeKind, stamp: &StampConfig) {
        match kind {
            ChangeKind::SetWeight(set) => {
                self.require((1..=1_000).contains(&set.weight), &format!("{at}/weight"), || {
                    let finding = Finding::new(format!("an allocation weight of {}", set.weight)).expected("1 to 1000");
                    finding.help("`take_devices` with takes = false keeps devices away altogether")
                });
            }
            ChangeKind::TakeDevices(_) => {}
            ChangeKind::SetUnits(set) => self.units(at, set, stamp),
        }
    }

    fn units(&mut self, at: &str, set: &SetUnits, stamp: &StampConfig) {
        let most = stamp.edition.units_max;
        self.require((1..=most).contains(&set.units), &format!("{at}/units"), || {
            let finding = Finding::new(format!("{} units of {}", set.units, stamp.edition_name));
            finding.expected(format!("1 to {most}")).help("more units come only through support")
        });
        let cap = stamp.edition.devices_max;
        self.require(set.capacity.is_none_or(|n| (1..=cap).contains(&n)), &format!("{at}/capacity"), || {
            let finding = Finding::new(format!("a capacity of {} devices", set.capacity.unwrap_or(0)));
            finding.expected(format!("1 to {cap}, the registry's cap"))
        });
        self.require(stamp.ladder.is_empty(), at, || {
            let finding = Finding::new(format!("`{}` is made larger by `scale_up` too", stamp.name));
            finding.expected("one of the two").help("two hands on one hub would undo each other")
        });
    }
}
