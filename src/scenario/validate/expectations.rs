//! Expectations: a gate whose measure or bound is misspelt would never fail, so both are checked here.

use crate::analysis::Expectation;
use crate::analysis::expectation::{Bound, Comparison, suggest};
use crate::metrics::measure::{Better, Measure, find};
use crate::scenario::diagnostic::{Finding, unknown};
use crate::scenario::file::{Expect, File};
use crate::scenario::validate::Build;

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
            fail_if: fail_if?,
            warn_if: match warn_if {
                Some(bound) => Some(bound?),
                None => None,
            },
        })
    }

    fn bound(&mut self, path: &str, text: &str, measure: &Measure) -> Option<Bound> {
        match Bound::parse(text, measure) {
            Ok(bound) => {
                self.direction(path, &bound, measure);
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
        let faults: Vec<&str> = file.faults.iter().filter_map(|fault| fault.name.as_deref()).collect();
        let moves: Vec<&str> = file.moves.iter().filter_map(|plan| plan.name.as_deref()).collect();
        for (kind, section, known) in [("fault", "faults", faults), ("move", "moves", moves)] {
            let Some(value) = expect.labels.get(kind).filter(|value| value.0 != "*") else { continue };
            if !known.contains(&value.0.as_str()) && !self.lost.items(section) {
                self.say(&format!("{at}/labels/{kind}"), unknown(kind, &value.0, &known));
            }
        }
    }
}
