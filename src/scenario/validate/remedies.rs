//! Remedies: whether there is something to remedy, and whether what is kept for it can take the devices.

use crate::model::condition::{Condition, Effect, Target};
use crate::model::fault::RemedyConfig;
use crate::model::fault::remediation::Plan;
use crate::model::ids::StampId;
use crate::scenario::diagnostic::Finding;
use crate::scenario::file::{Cohort, Fault, File};
use crate::scenario::validate::dps::stamps_of;
use crate::scenario::validate::{Build, Names};

impl Build<'_> {
    /// The remedy of a fault, with what it names.
    pub(super) fn remedy(
        &mut self,
        at: &str,
        fault: &Fault,
        name: &str,
        effects: Option<&[Effect]>,
        (file, names): (&File, &Names),
    ) -> Option<RemedyConfig> {
        let remediation = fault.remediation.as_ref()?;
        let path = format!("{at}/remediation/{}", remediation.key());
        let down: Vec<StampId> = effects?.iter().filter_map(struck_stamp).collect();
        if down.is_empty() {
            let finding = Finding::new(format!("a `{}` puts no stamp down", fault.cause.key()));
            self.say_key(&format!("{at}/remediation"), finding.help("a remedy is for stamps that are down"));
            return None;
        }
        let plan = remediation.entry().plan(names);
        let plan = plan.map_err(|message| self.say_name(&path, &message, &["stamps"])).ok()?;
        if let Some(plan) = &plan {
            self.remedy_rules(&path, plan);
            if self.has_room(&path, plan, &down, (file, names)) {
                self.strands(&path, plan, &down, (file, names));
            }
        }
        Some(RemedyConfig { name: format!("{}-{name}", remediation.key()), plan })
    }

    fn remedy_rules(&mut self, path: &str, plan: &Plan) {
        let paces = [("pace", Some(plan.pace)), ("fail_back/pace", plan.back.map(|back| back.pace))];
        for (key, pace) in paces {
            self.require(pace.is_none_or(|pace| !pace.is_zero()), &format!("{path}/{key}"), || {
                Finding::new("a pace of zero").expected("a rate above zero, such as \"600/min\"")
            });
        }
    }

    /// Whether somebody can take the devices of the stamps that are down; says so if not.
    fn has_room(&mut self, path: &str, plan: &Plan, down: &[StampId], (file, names): (&File, &Names)) -> bool {
        let group = |stamp: StampId| &file.stamps[names.group_of(stamp.index())];
        let name = |stamp: StampId| names.stamps[stamp.index()].clone();
        let Some(spare) = plan.spare else {
            let takes = |other: usize, stamp: StampId| {
                let (of, ours) = (group(StampId(other as u16)), group(stamp));
                other != stamp.index() && of.ring == ours.ring && of.hub.takes_devices
            };
            if let Some(alone) = down.iter().find(|stamp| !(0..names.stamps.len()).any(|other| takes(other, **stamp))) {
                let finding =
                    Finding::new(format!("no other stamp of its ring takes the devices of `{}`", name(*alone)));
                self.say_key(path, finding.help("a `warm_spare` may"));
                return false;
            }
            return true;
        };
        let place = format!("{path}/spare");
        if down.contains(&spare) {
            let finding = Finding::new(format!("`{}` is its own spare", name(spare)));
            self.say(&place, finding.expected("another stamp"));
            return false;
        }
        if group(spare).hub.takes_devices {
            let finding = Finding::new(format!("`{}` takes devices and is no spare", name(spare)));
            let help = "a spare is kept empty: hub = { ..., takes_devices = false }";
            self.say(&place, finding.expected("a stamp that takes none").help(help));
            return false;
        }
        let (room, wanted) = (group(spare).capacity, down.iter().map(|stamp| group(*stamp).capacity).max());
        if let Some(wanted) = wanted.filter(|wanted| *wanted > room) {
            let what = format!("the spare is planned for {room} devices, and `{}` for {wanted}", name(down[0]));
            let help = "beyond its plan it is overcommitted, and beyond the cap of its registry devices are rejected";
            self.say(&place, Finding::warning(what).help(help));
        }
        true
    }

    /// Whether a cohort with devices on the stamps that are down finds none elsewhere that takes its generation.
    fn strands(&mut self, path: &str, plan: &Plan, down: &[StampId], (file, names): (&File, &Names)) {
        if self.lost.items("cohorts")
            || self.lost.key("cohorts", "generation")
            || self.lost.key("stamps", "generations")
        {
            return; // Who cannot be told from what is left of the file is not blamed.
        }
        let stays = |cohort: &&Cohort| {
            let home = stamps_of(cohort, file, names);
            let elsewhere = match plan.spare {
                Some(spare) => file.stamps[names.group_of(spare.index())].serves(cohort.generation),
                None => home.iter().any(|stamp| !down.contains(stamp)),
            };
            home.iter().any(|stamp| down.contains(stamp)) && !elsewhere
        };
        let Some(cohort) = file.cohorts.iter().find(stays) else { return };
        let (generation, of) = (cohort.generation, &cohort.name);
        let help = "they are evicted, and DPS sends nobody to a stamp that does not serve the generation";
        if let Some(spare) = plan.spare {
            let what =
                format!("`{}` does not serve generation {generation} of cohort `{of}`", names.stamps[spare.index()]);
            self.say(&format!("{path}/spare"), Finding::warning(what).help(help));
        } else {
            let what = format!("no other stamp takes the devices of cohort `{of}`, of generation {generation}");
            self.say_key(path, Finding::warning(what).help(help));
        }
    }
}

/// The stamp that an effect puts down.
fn struck_stamp(effect: &Effect) -> Option<StampId> {
    match (effect.target, effect.condition) {
        (Target::Stamp(stamp), Condition::Down(_)) => Some(stamp),
        _ => None,
    }
}
