//! Retirements: a generation that somebody has, and one way of leaving.

use std::collections::BTreeSet;

use crate::kernel::draws::stable_name;
use crate::model::lifecycle::retirement::{Leaving, RetirementConfig};
use crate::scenario::diagnostic::{Finding, listed};
use crate::scenario::file::{File, Retirement};
use crate::scenario::validate::faults::free_name;
use crate::scenario::validate::stamps::name_problem;
use crate::scenario::validate::{Build, Frame};
use crate::units::{SimDuration, SimTime};

impl Build<'_> {
    /// Every retirement that makes sense; fills in names.
    pub(super) fn retirements(&mut self, file: &mut File, frame: Option<Frame>) -> Vec<RetirementConfig> {
        let mut retirements = std::mem::take(&mut file.retirements);
        let mut taken: BTreeSet<String> = file.faults.iter().filter_map(|fault| fault.name.clone()).collect();
        taken.extend(file.moves.iter().filter_map(|plan| plan.name.clone()));
        let (mut seen, mut configs) = (BTreeSet::new(), Vec::new());
        for (i, plan) in retirements.iter_mut().enumerate() {
            let at = format!("retirements/{i}");
            let name = self.retirement_name(&at, plan, &mut taken);
            self.someone_has(&at, plan, file);
            self.require(seen.insert(plan.generation), &format!("{at}/generation"), || {
                Finding::new(format!("generation {} is retired twice", plan.generation))
            });
            let start = self.start_of(&format!("{at}/at"), Some(plan.at), frame, "retirement");
            let leaving = self.leaving(&at, plan);
            let (Some(start), Some(leaving)) = (start, leaving) else { continue };
            self.ends_in_time(&at, start, leaving, frame);
            configs.push(RetirementConfig {
                key: stable_name(&name),
                name,
                generation: plan.generation,
                at: SimTime::ZERO + start,
                leaving,
            });
        }
        file.retirements = retirements;
        configs
    }

    fn retirement_name(&mut self, at: &str, plan: &mut Retirement, taken: &mut BTreeSet<String>) -> String {
        let by_default = || free_name(format!("retire-generation-{}", plan.generation), |name| taken.contains(name));
        let name = plan.name.clone().unwrap_or_else(by_default);
        if let Some(finding) = name_problem(&name, false) {
            self.say(&format!("{at}/name"), finding);
        }
        self.require(taken.insert(name.clone()), &format!("{at}/name"), || {
            Finding::new(format!("something else is called `{name}`")).expected("names that differ")
        });
        plan.name = Some(name.clone());
        name
    }

    fn someone_has(&mut self, at: &str, plan: &Retirement, file: &File) {
        let known: BTreeSet<u16> = file.cohorts.iter().map(|cohort| cohort.generation).collect();
        let lost = self.lost.items("cohorts") || self.lost.key("cohorts", "generation");
        self.require(known.contains(&plan.generation) || lost, &format!("{at}/generation"), || {
            let known: Vec<String> = known.iter().map(u16::to_string).collect();
            let finding = Finding::new(format!("no cohort has generation {}", plan.generation));
            finding.expected(listed(known.iter().map(String::as_str)))
        });
    }

    fn leaving(&mut self, at: &str, plan: &Retirement) -> Option<Leaving> {
        match (plan.over, plan.after) {
            (Some(over), None) => Some(Leaving::Evenly(over)),
            (None, Some(law)) => Some(Leaving::ByLaw(law)),
            (Some(_), Some(_)) => {
                let finding = Finding::new("both `over` and `after` are given").expected("one of the two");
                self.say_key(&format!("{at}/after"), finding.help("`over` is even, `after` is drawn for each device"));
                None
            }
            (None, None) => {
                if !self.lost.key("retirements", "over") && !self.lost.key("retirements", "after") {
                    let finding = Finding::new("a retirement that does not say how devices leave");
                    self.say(
                        at,
                        finding.expected("`over`, such as over = \"90 d\"").help("or a law: after = \"0..90 d\""),
                    );
                }
                None
            }
        }
    }

    fn ends_in_time(&mut self, at: &str, start: SimDuration, leaving: Leaving, frame: Option<Frame>) {
        let Leaving::Evenly(over) = leaving else { return };
        if let Some(frame) = frame.filter(|frame| start.0.saturating_add(over.0) >= frame.horizon.0) {
            let finding = Finding::warning(format!("the last device leaves after the horizon of {}", frame.horizon));
            self.say(&format!("{at}/over"), finding.help("stamps are retired only when they are empty"));
        }
    }
}
