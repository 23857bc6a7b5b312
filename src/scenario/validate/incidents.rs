//! Lists of occurrences, and causes that several targets have in common: what each strikes beside the cause's own target.

use crate::model::condition::{Effect, Target};
use crate::model::fault::{CommonCause, Incident, Schedule};
use crate::model::ids::StampId;
use crate::model::names::Names as _;
use crate::scenario::diagnostic::Finding;
use crate::scenario::file::{Fault, File};
use crate::scenario::intake::incidents::{self, Row};
use crate::scenario::tree::Span;
use crate::scenario::validate::faults::Booked;
use crate::scenario::validate::{Build, Names};
use crate::units::SimTime;

type World<'a> = (&'a File, &'a Names);

impl Build<'_> {
    /// The occurrences of a list, with what each strikes.
    pub(super) fn listed(
        &mut self,
        at: &str,
        fault: &mut Fault,
        effects: Option<&[Effect]>,
        (file, names): World<'_>,
        booked: &mut Vec<Booked>,
    ) -> Option<Schedule> {
        self.not_beside(at, "incidents", &["at", "for", "drawn"], "a list says when its occurrences begin and end");
        let name = fault.name.clone().unwrap_or_default();
        let list = fault.incidents.as_mut()?;
        let kept = format!("inputs/incidents-{name}.csv");
        let key = format!("{at}/incidents/file");
        let (text, from) = self.intake(&key, &list.file, &kept)?;
        list.file = kept;
        let rows = match incidents::read(&text, file.run.start.0) {
            Ok(rows) => rows,
            Err(mistakes) => {
                let placed = mistakes.into_iter().map(|(span, finding)| (moved(&span, from), finding));
                self.mistakes.extend(placed);
                return None;
            }
        };
        let effects = effects?;
        let mut all = Vec::new();
        for row in rows {
            let Some(incident) = self.incident(&row, from, effects, (file, names)) else { continue };
            let span = (incident.at, Some(incident.lasts));
            self.book(&moved(&row.place, from), span, &incident.effects, &name, booked);
            all.push(incident);
        }
        all.sort_by_key(|incident| incident.at);
        if all.is_empty() {
            let finding = Finding::warning("no occurrence of the list lies in the run");
            self.say(&key, finding.help("`run.start` says which moment the run begins at"));
        }
        Some(Schedule::Listed(all))
    }

    /// A row with its effects; nothing when it names what there is not.
    fn incident(&mut self, row: &Row, from: usize, effects: &[Effect], world: World<'_>) -> Option<Incident> {
        let (at, lasts) = (SimTime::ZERO + row.at, row.lasts);
        if row.targets.is_empty() && row.regions.is_empty() {
            return Some(Incident { at, lasts, effects: effects.to_vec(), targets: 1 });
        }
        let mut targets = Vec::new();
        let named = row.targets.iter().map(|name| (name, false)).chain(row.regions.iter().map(|name| (name, true)));
        for ((span, name), is_region) in named {
            let place = moved(span, from);
            targets.extend(self.targets_of(name, is_region, effects, world, &place)?);
        }
        targets.sort_unstable();
        targets.dedup();
        Some(Incident { at, lasts, effects: onto(effects, &targets), targets: targets.len() })
    }

    /// What a name of a stamp or a region stands for, for a cause with these effects.
    fn targets_of(
        &mut self,
        name: &str,
        is_region: bool,
        effects: &[Effect],
        (file, names): World<'_>,
        place: &Span,
    ) -> Option<Vec<Target>> {
        let of_region = |region: &str| {
            let stamps = (0..names.stamps.len()).filter(|s| file.stamps[names.group_of(*s)].region == region);
            stamps.map(|s| Target::Stamp(StampId(s as u16))).collect::<Vec<_>>()
        };
        let found = match (own_target(effects), is_region) {
            (Some(Target::Region(_)), true) => names.region(name).map(|region| vec![Target::Region(region)]),
            (Some(Target::Stamp(_) | Target::Processing(_)), true) => names.region(name).map(|_| of_region(name)),
            (Some(Target::Stamp(_) | Target::Processing(_)), false) => match names.stamps_of(file, name).as_slice() {
                [] => names.stamp(name).map(|stamp| vec![Target::Stamp(stamp)]),
                stamps => Ok(stamps.iter().map(|stamp| Target::Stamp(*stamp)).collect()),
            },
            (Some(Target::Region(_)), false) => {
                Err(format!("`{name}` is named as a stamp, and the fault strikes regions"))
            }
            _ => Err(format!("`{name}` is named, and the fault strikes what there is only once")),
        };
        let found = found
            .and_then(|targets| if targets.is_empty() { Err(format!("no stamp is in `{name}`")) } else { Ok(targets) });
        found.map_err(|message| self.mistakes.push((place.clone(), Finding::from_message(&message)))).ok()
    }

    /// What a drawn fault strikes beside its own target.
    pub(super) fn common_cause(
        &mut self,
        at: &str,
        fault: &Fault,
        effects: Option<&[Effect]>,
        world: World<'_>,
    ) -> Option<CommonCause> {
        let table = fault.drawn.as_ref()?.common_cause.as_ref()?;
        let effects = effects?;
        let path = format!("{at}/drawn/common_cause");
        if table.with.is_empty() && table.regions.is_empty() {
            let finding = Finding::new("a cause in common with nobody").expected("`with` or `regions`");
            self.say_key(&path, finding.help("write common_cause = { share = 0.52, with = [\"weu-2\"] }"));
            return None;
        }
        let own = own_target(effects);
        let mut targets = Vec::new();
        for (key, list) in [("with", &table.with), ("regions", &table.regions)] {
            for (i, name) in list.iter().enumerate() {
                let place = self.tree.place(&format!("{path}/{key}/{i}"));
                let found = self.targets_of(name, key == "regions", effects, world, &place)?;
                let alone = found.len() == 1 && found.first().copied() == own;
                if alone {
                    let finding = Finding::new(format!("`{name}` has a cause in common with itself"));
                    self.mistakes.push((place, finding.expected("others than what the fault strikes itself")));
                }
                targets.extend(found);
            }
        }
        targets.sort_unstable();
        targets.dedup();
        targets.retain(|target| Some(*target) != own);
        Some(CommonCause { share: table.share, effects: onto(effects, &targets), targets: targets.len() })
    }
}

/// A place of a text that begins at a byte of all sources.
fn moved(span: &Span, from: usize) -> Span {
    from + span.start..from + span.end
}

/// What a cause strikes, if there may be others of its kind.
fn own_target(effects: &[Effect]) -> Option<Target> {
    let first = effects.first()?.target;
    match first {
        Target::Stamp(_) | Target::Region(_) => Some(first),
        Target::Processing(stamp) => Some(Target::Stamp(stamp)),
        Target::Dps | Target::Cache | Target::SecondaryCache | Target::Fleet => None,
    }
}

/// The same effects on each of other targets.
fn onto(effects: &[Effect], targets: &[Target]) -> Vec<Effect> {
    targets.iter().flat_map(|target| effects.iter().filter_map(|effect| effect.on(*target))).collect()
}
