//! Flags that say what a comparison judges, and how strictly.

use std::str::FromStr;

use clap::{Args, ValueEnum};

use super::exit;
use super::failure::Failure;
use crate::analysis::quantity;
use crate::experiment::compare::{Allowance, Question};
use crate::experiment::pick::Pick;
use crate::metrics::Better;
use crate::units::Ratio;

/// Which figures are judged.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Figures {
    /// Every figure, not only the key figures
    #[arg(long, conflicts_with = "measure")]
    pub(super) all: bool,
    /// These figures only: a measure, or a figure as it is printed, with labels in braces; may be repeated
    #[arg(long, value_name = "NAME", value_parser = Pick::parse)]
    pub(super) measure: Vec<Pick>,
}

/// What counts as a difference, and as a failure.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Criteria {
    #[command(flatten)]
    pub(super) figures: Figures,
    /// What does not count: a share of the base such as '2 %', or for a measure NAME='2 %' or NAME='5 ms'; may be repeated
    #[arg(long, value_name = "[NAME=]AMOUNT", value_parser = tolerance)]
    pub(super) tolerance: Vec<Tolerance>,
    /// Direction of a measure instead of the catalogue's; may be repeated
    #[arg(long, value_name = "NAME=lower|higher|neither", value_parser = better)]
    pub(super) better: Vec<(Pick, Better)>,
    /// The sides may have different seeds: independent intervals, which need more replications
    #[arg(long)]
    pub(super) unpaired: bool,
    /// What else ends with a code of its own (22)
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(super) fail_on: Vec<FailOn>,
}

/// What a gate may fail on beside a regression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// Replications that do not decide it
    Inconclusive,
}

/// A tolerance as it was given.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tolerance {
    /// Of all figures without one of their own.
    All(f64),
    /// Of some figures.
    Of(Pick, Allowance),
}

impl Criteria {
    /// What is asked of the comparison.
    pub(super) fn question(&self, base_is_partial: bool) -> Result<Question, Failure> {
        let mut question = Question {
            all: self.figures.all,
            measures: self.figures.measure.clone(),
            better: self.better.clone(),
            unpaired: self.unpaired,
            base_is_partial,
            ..Question::default()
        };
        for tolerance in &self.tolerance {
            match tolerance {
                Tolerance::All(share) => question.tolerance = *share,
                Tolerance::Of(pick, allowance) => question.allowances.push((pick.clone(), *allowance)),
            }
        }
        let idle = question.idle().map(|pick| {
            let message = format!("{pick} has a tolerance or a direction and is not judged");
            Failure::new(exit::USAGE, message, format!("add --measure {}, or leave it out", pick.measure.name))
        });
        idle.map_or(Ok(question), Err)
    }

    /// Whether what is not decided fails.
    pub(super) fn fails_on_doubt(&self) -> bool {
        self.fail_on.contains(&FailOn::Inconclusive)
    }
}

/// `2 %`, `NAME=2 %` or `NAME=5 ms`. A percent sign always means a share of the base; a quantity that is itself a share is
/// written as a number.
fn tolerance(text: &str) -> Result<Tolerance, String> {
    let share = |text: &str| Ratio::from_str(text).map(Ratio::get).map_err(|error| error.to_string());
    let Some((pick, amount)) = assignment(text)? else { return share(text).map(Tolerance::All) };
    let allowance = if amount.trim_end().ends_with('%') {
        Allowance::Share(share(amount)?)
    } else {
        Allowance::Quantity(quantity(amount, pick.measure).map_err(|error| error.to_string())?)
    };
    match allowance {
        Allowance::Quantity(amount) if amount < 0.0 => Err("expected a tolerance of 0 or more".to_owned()),
        allowance => Ok(Tolerance::Of(pick, allowance)),
    }
}

fn better(text: &str) -> Result<(Pick, Better), String> {
    let expected = || "expected NAME=lower, NAME=higher or NAME=neither".to_owned();
    let (pick, word) = assignment(text)?.ok_or_else(expected)?;
    let better = match word.trim() {
        "lower" => Better::Lower,
        "higher" => Better::Higher,
        "neither" => Better::Neither,
        _ => return Err(expected()),
    };
    Ok((pick, better))
}

/// A figure and what is said of it; the sign between them stands after the labels, if there are any.
fn assignment(text: &str) -> Result<Option<(Pick, &str)>, String> {
    let after_labels = text.find('}').map_or(0, |end| end + 1);
    let Some(sign) = text[after_labels..].find('=').map(|at| after_labels + at) else { return Ok(None) };
    let pick = Pick::parse(&text[..sign]).map_err(|error| error.to_string())?;
    Ok(Some((pick, &text[sign + 1..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerances_are_shares_or_quantities() {
        assert_eq!(tolerance("2 %"), Ok(Tolerance::All(0.02)));
        assert_eq!(tolerance("0"), Ok(Tolerance::All(0.0)));
        let of = |text: &str| match tolerance(text) {
            Ok(Tolerance::Of(pick, allowance)) => (pick.to_string(), allowance),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(of("command_latency_ms=5 ms").1, Allowance::Quantity(5.0));
        assert_eq!(of("cost_usd_per_month=1 %").1, Allowance::Share(0.01));
        assert_eq!(of("cache_miss_ratio=0.01").1, Allowance::Quantity(0.01));
        assert_eq!(of("wait_ms{at=registry quantile=0.99}=1 s").0, "wait_ms{at=registry quantile=0.99}");
    }

    #[test]
    fn slips_are_said_where_they_are_made() {
        let wrong = |text: &str, says: &str| {
            let message = tolerance(text).expect_err(text);
            assert!(message.contains(says), "{text}: {message}");
        };
        wrong("2 ms", "share from 0 to 1");
        wrong("-1", "negative");
        wrong("comand_latency_ms=5 ms", "did you mean \"command_latency_ms\"?");
        wrong("command_latency_ms=5 kg", "does not fit command_latency_ms");
        wrong("command_latency_ms=-5", "0 or more");
        assert!(better("devices_in_state=up").expect_err("no direction").contains("lower"));
        assert!(better("devices_in_state").expect_err("no sign").contains("NAME=lower"));
        assert_eq!(better("devices_in_state=lower").map(|(_, better)| better), Ok(Better::Lower));
    }

    #[test]
    fn a_tolerance_of_what_is_not_judged_is_a_mistake() {
        let pick = |name: &str| Pick::parse(name).expect("a measure");
        let figures = Figures { all: false, measure: vec![pick("wait_ms")] };
        let tolerance = vec![Tolerance::Of(pick("commands"), Allowance::Share(0.1))];
        let criteria = Criteria { figures, tolerance, ..Criteria::default() };
        assert_eq!(criteria.question(false).expect_err("idle").code, exit::USAGE);
        let criteria = Criteria { figures: Figures::default(), ..criteria };
        assert!(criteria.question(false).is_ok());
    }
}
