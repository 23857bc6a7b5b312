//! Expectations: a gate whose measure or bound is misspelt would never fail, so both are checked here.

use crate::analysis::Expectation;
use crate::analysis::expectation::{Bound, Comparison, never_holds, suggest};
use crate::analysis::phase::{Phase, When};
use crate::metrics::measure::{Better, Measure, find};
use crate::scenario::diagnostic::{Finding, unknown};
use crate::scenario::file::{Expect, File, PhaseOf};
use crate::scenario::validate::Build;
use crate::scenario::validate::features::fault_name;
use crate::units::Ratio;

impl Build<'_> {
    /// Every expectation that can be evaluated.
    pub(super) fn expectations(&mut self, file: &File) -> Vec<Expectation> {
        let all = file.expect.iter().enumerate();
        all.filter_map(|(i, expect)| self.expectation(&format!("expect/{i}"), expect, file)).collect()
    }

    fn expectation(&mut self, at: &str, expect: &Expect, file: &File) -> Option<Expectation> {
        self.labels(at, expect, file);
        let Some(measure) = find(&expect.measure) else {
            let finding = Finding::new(format!("unknown measure `{}`", expect.measure));
            let finding = finding.expected("a measure of `stampsim list measures`").meant(suggest(&expect.measure));
            self.say(&format!("{at}/measure"), finding);
            return None;
        };
        let fail_if = self.bound(&format!("{at}/fail_if"), &expect.fail_if, measure);
        let warn_if = expect.warn_if.as_ref().map(|text| self.bound(&format!("{at}/warn_if"), text, measure));
        Some(Expectation {
            measure: expect.measure.clone(),
            labels: expect.labels.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect(),
            phase: expect.phase.as_ref().map(|phase| self.phase(at, phase, file)),
            fail_if: fail_if?,
            warn_if: match warn_if {
                Some(bound) => Some(bound?),
                None => None,
            },
            windows: self.share(&format!("{at}/share_of_windows"), expect.share_of_windows),
            replications: self.share(&format!("{at}/share_of_replications"), expect.share_of_replications),
            least_replications: self.least_replications(at, expect, file),
        })
    }

    /// A phase of a fault or move that there is.
    fn phase(&mut self, at: &str, phase: &PhaseOf, file: &File) -> Phase {
        let (when, of) = match phase {
            PhaseOf::Before(of) => (When::Before, of),
            PhaseOf::During(of) => (When::During, of),
            PhaseOf::After(of) => (When::After, of),
        };
        let names = file.faults.iter().map(|fault| fault.name.as_deref());
        let retirements = file.retirements.iter().map(|plan| plan.name.as_deref());
        let names = names.chain(file.moves.iter().map(|plan| plan.name.as_deref())).chain(retirements).flatten();
        let features = broken(file);
        let known: Vec<&str> = names.chain(features.iter().map(String::as_str)).collect();
        if !known.contains(&of.as_str()) && !self.lost.items("faults") && !self.lost.items("moves") {
            self.say(&format!("{at}/phase/{}", when.word()), unknown("fault or move", of, &known));
        }
        self.require(file.run.steady.is_none(), &format!("{at}/phase"), || {
            Finding::new("a steady state has no phases").help("leave out the phase, or [run.steady]")
        });
        Phase { when, of: of.clone() }
    }

    /// A share that something must reach; of none at all, nothing could fail.
    fn share(&mut self, path: &str, share: Option<Ratio>) -> Option<f64> {
        let share = share?.get();
        if share <= 0.0 {
            let finding = Finding::warning("a share of zero is always reached: this expectation can never fail");
            self.say(path, finding.help("ask for a share such as \"99 %\""));
        }
        Some(share)
    }

    /// More replications than are run would never be there.
    fn least_replications(&mut self, at: &str, expect: &Expect, file: &File) -> u32 {
        if expect.least_replications > file.run.replications {
            let (needed, run) = (expect.least_replications, file.run.replications);
            let finding = Finding::warning(format!("{needed} replications are needed and {run} are run"));
            self.say(&format!("{at}/least_replications"), finding.help("raise run.replications"));
        }
        expect.least_replications
    }

    fn bound(&mut self, path: &str, text: &str, measure: &Measure) -> Option<Bound> {
        match Bound::parse(text, measure) {
            Ok(bound) => {
                self.direction(path, &bound, measure);
                if let Some(why) = never_holds(&bound, measure) {
                    let finding = Finding::warning(format!("{why}, so this can never fail or warn"));
                    self.say(path, finding.help("choose a bound that the measure can reach"));
                }
                Some(bound)
            }
            Err(error) => {
                self.say(path, Finding::from_message(&error.to_string()));
                None
            }
        }
    }

    /// A bound that fails what is good was probably meant the other way round.
    fn direction(&mut self, path: &str, bound: &Bound, measure: &Measure) {
        let below = matches!(bound.comparison, Comparison::Less | Comparison::AtMost);
        let good = match measure.better {
            Better::Lower => below,
            Better::Higher => !below,
            Better::Neither => false,
        };
        if good {
            let better = if measure.better == Better::Lower { "lower" } else { "higher" };
            let finding =
                Finding::warning(format!("`{bound}` fails good results: {better} is better for {}", measure.name));
            self.say(path, finding.help("turn the comparison round"));
        }
    }

    /// Labels that name a fault or a move of the scenario.
    fn labels(&mut self, at: &str, expect: &Expect, file: &File) {
        for kind in ["fault", "move", "feature"] {
            let value = expect.labels.get(kind).map(|value| value.0.as_str()).filter(|value| *value != "*");
            if let Some(finding) = value.and_then(|value| self.unnamed(kind, value, file)) {
                self.say(&format!("{at}/labels/{kind}"), finding);
            }
        }
    }

    /// What is wrong with a label that names no fault, no move or no feature of the scenario.
    pub(super) fn unnamed(&self, kind: &str, value: &str, file: &File) -> Option<Finding> {
        let broken = broken(file);
        let (section, known): (&str, Vec<&str>) = match kind {
            "fault" => {
                let faults = file.faults.iter().filter_map(|fault| fault.name.as_deref());
                ("faults", faults.chain(broken.iter().map(String::as_str)).collect())
            }
            "feature" => ("features", file.features.iter().map(|feature| feature.name.as_str()).collect()),
            _ => ("moves", file.moves.iter().filter_map(|plan| plan.name.as_deref()).collect()),
        };
        // The way back of a move has a name of its own.
        let is_known =
            known.contains(&value) || value.strip_suffix("-back").is_some_and(|there| known.contains(&there));
        (!is_known && !self.lost.items(section)).then(|| unknown(kind, value, &known))
    }
}

/// Names of the faults that features are.
fn broken(file: &File) -> Vec<String> {
    let breaks = file.features.iter().filter(|feature| feature.breaks.is_some());
    breaks.map(|feature| fault_name(&feature.name)).collect()
}
