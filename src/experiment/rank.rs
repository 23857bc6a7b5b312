//! Ranking scenarios by one figure: replications are run in batches until the best is selected with the confidence that
//! was asked for, or a cap is reached.
//!
//! All scenarios see the same draws, so their noise cancels where they agree. The procedure is that of
//! [`analysis::rank`](crate::analysis::rank); here it is fed.

use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use crate::analysis::best::{Aim, against_best};
use crate::analysis::interval::Moments;
use crate::analysis::rank::{Demand, Dropped, Selection, select};
use crate::analysis::{Estimate, Observations, estimate};
use crate::experiment::pick::Pick;
use crate::experiment::run::{Progress, RunOptions, ScenarioResult, run_parts};
use crate::results::Figure;
use crate::scenario::Scenario;

/// The smallest difference that matters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Zone {
    /// This share of the best mean of the first stage [1].
    Share(f64),
    /// This much [unit of the figure].
    Quantity(f64),
}

/// How the best is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Replications until the best is selected (Kim and Nelson).
    Select,
    /// All replications at once; the subset that holds the best (Gupta).
    Subset,
}

/// What is asked of a ranking.
#[derive(Debug, Clone)]
pub struct Contest {
    /// The figure; its labels must leave just one.
    pub figure: Pick,
    /// Which values are good.
    pub aim: Aim,
    /// The smallest difference that matters.
    pub zone: Zone,
    /// Chance of a right answer [1].
    pub confidence: f64,
    /// How the best is found.
    pub method: Method,
    /// Replications before anything is dropped, at least 2.
    pub first_stage: u32,
    /// Replications of a later batch, at least 1.
    pub batch: u32,
    /// Most replications of a scenario.
    pub cap: u32,
}

/// Why scenarios cannot be ranked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RankError {
    /// Scenarios whose replications have nothing in common.
    Differ {
        /// What differs, with both values.
        what: String,
    },
    /// A replication without the figure, or with one that is not finite.
    Absent {
        /// Name of the scenario.
        scenario: String,
        /// The figure.
        figure: String,
        /// Number of the replication.
        replication: u32,
    },
    /// Several figures where one is needed.
    Several {
        /// The figure as it was asked for.
        figure: String,
        /// Figures that it means.
        found: Vec<String>,
    },
    /// Replications that did not come to their end.
    Stopped {
        /// Name of the scenario.
        scenario: String,
        /// Why; nothing where it was interrupted.
        why: Option<String>,
    },
    /// A zone of no width, which no number of replications can decide.
    NoZone,
}

impl fmt::Display for RankError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differ { what } => write!(f, "not comparable: {what}"),
            Self::Absent { scenario, figure, replication } => {
                write!(f, "{scenario} has no finite figure of {figure} in replication {replication}")
            }
            Self::Several { figure, found } => {
                write!(f, "{figure} means {} figures: {}", found.len(), found.join(", "))
            }
            Self::Stopped { scenario, why: Some(why) } => write!(f, "{scenario} stopped: {why}"),
            Self::Stopped { scenario, why: None } => write!(f, "{scenario} was cut short"),
            Self::NoZone => f.write_str("the indifference zone has no width"),
        }
    }
}

impl std::error::Error for RankError {}

/// A scenario in the ranking.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// Index of the scenario.
    pub scenario: usize,
    /// Mean and 95 % interval over its own replications.
    pub estimate: Estimate,
    /// Where it stands.
    pub place: Place,
}

/// Where a scenario stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Selected as the best.
    Selected,
    /// Cannot be told apart from the best.
    Contender,
    /// Worse than another.
    Dropped {
        /// Index of that scenario; nothing where it is worse than the best of all.
        by: Option<usize>,
        /// Replications after which it was dropped.
        after: u32,
    },
}

/// What comes out of a ranking.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// All scenarios, the best first.
    pub ranked: Vec<Ranked>,
    /// The smallest difference that mattered [unit of the figure].
    pub zone: f64,
    /// Whether one is selected.
    pub is_decided: bool,
    /// Replications that would have decided it for certain; only of a selection.
    pub at_most: Option<u32>,
}

/// Told of what happens in between.
pub trait Watch: Progress {
    /// A scenario was dropped.
    fn dropped(&self, dropped: Dropped);
}

/// Runs replications until the contest is decided, or its cap is reached.
pub fn rank(
    scenarios: &[Scenario],
    contest: &Contest,
    options: &RunOptions<'_>,
    watch: &dyn Watch,
) -> Result<Ranking, RankError> {
    alike(scenarios)?;
    let mut race = Race { scenarios, contest, columns: vec![Vec::new(); scenarios.len()] };
    match contest.method {
        Method::Subset => {
            race.go_on(&(0..scenarios.len()).collect::<Vec<_>>(), contest.cap, options, watch)?;
            Ok(race.subset())
        }
        Method::Select => race.selected(options, watch),
    }
}

/// All scenarios must see the same draws over the same time.
fn alike(scenarios: &[Scenario]) -> Result<(), RankError> {
    let Some((first, others)) = scenarios.split_first() else { return Ok(()) };
    let facts = |s: &Scenario| {
        [("horizon", s.model.horizon.to_string()), ("start", s.start.clone()), ("seed", s.seed.to_string())]
    };
    for other in others {
        let mut pairs = facts(first).into_iter().zip(facts(other));
        if let Some(((name, a), (_, b))) = pairs.find(|(a, b)| a.1 != b.1) {
            let what = format!("the {name} is {a} in {} and {b} in {}", first.name, other.name);
            return Err(RankError::Differ { what });
        }
    }
    Ok(())
}

/// Values of all scenarios so far.
struct Race<'a> {
    scenarios: &'a [Scenario],
    contest: &'a Contest,
    columns: Vec<Vec<f64>>,
}

impl Race<'_> {
    /// Batches until the best is selected or the cap is reached.
    fn selected(mut self, options: &RunOptions<'_>, watch: &dyn Watch) -> Result<Ranking, RankError> {
        let Contest { aim, confidence, first_stage, batch, cap, .. } = *self.contest;
        let mut left: Vec<usize> = (0..self.scenarios.len()).collect();
        self.go_on(&left, first_stage, options, watch)?;
        let zone = self.zone()?;
        let demand = Demand { aim, zone, confidence, first_stage };
        let (mut told, mut done) = (0, first_stage);
        loop {
            let selection = select(&self.columns, &demand).expect("all columns have finite values");
            selection.dropped[told..].iter().for_each(|dropped| watch.dropped(*dropped));
            told = selection.dropped.len();
            left.clone_from(&selection.left);
            if selection.is_over || done >= cap {
                return Ok(self.ranking(&selection, zone));
            }
            // The triangle closes at a known place, and beyond it nothing is learnt.
            done = done.saturating_add(batch).min(cap).min(selection.at_most.max(done + 1));
            self.go_on(&left, done, options, watch)?;
        }
    }

    /// Runs these scenarios up to so many replications.
    fn go_on(
        &mut self,
        left: &[usize],
        until: u32,
        options: &RunOptions<'_>,
        watch: &dyn Watch,
    ) -> Result<(), RankError> {
        let part = |i: usize| -> Range<u32> {
            let from = self.columns[i].len() as u32;
            if left.contains(&i) { from..until.max(from) } else { from..from }
        };
        let parts: Vec<_> = (0..self.scenarios.len()).map(part).collect();
        let results: Vec<Mutex<Option<ScenarioResult>>> = parts.iter().map(|_| Mutex::new(None)).collect();
        let keep = |i: usize, result: ScenarioResult| {
            *results[i].lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        };
        run_parts(self.scenarios, &parts, options, watch, &keep);
        for (i, result) in results.into_iter().enumerate() {
            if let Some(result) = result.into_inner().unwrap_or_else(PoisonError::into_inner) {
                self.take(i, &result)?;
            }
        }
        Ok(())
    }

    /// Takes in the figure of each replication.
    fn take(&mut self, i: usize, result: &ScenarioResult) -> Result<(), RankError> {
        let scenario = || self.scenarios[i].name.clone();
        if result.interrupted || !result.failures.is_empty() {
            let why = result.failures.first().map(|(replication, why)| format!("replication {replication}: {why}"));
            return Err(RankError::Stopped { scenario: scenario(), why });
        }
        for run in &result.observations {
            let value = value(run, &self.contest.figure)?.filter(|value| value.is_finite());
            let figure = || self.contest.figure.to_string();
            let absent = || RankError::Absent { scenario: scenario(), figure: figure(), replication: run.replication };
            let value = value.ok_or_else(absent)?;
            self.columns[i].push(value);
        }
        Ok(())
    }

    /// Width of the indifference zone, once the first stage is there.
    fn zone(&self) -> Result<f64, RankError> {
        let zone = match self.contest.zone {
            Zone::Quantity(amount) => amount,
            Zone::Share(share) => {
                let means = self.columns.iter().filter_map(|column| Some(Moments::of(column)?.mean));
                let best = means.reduce(|a, b| if self.contest.aim.prefers(b, a) { b } else { a });
                share * best.unwrap_or(0.0).abs()
            }
        };
        if zone > 0.0 { Ok(zone) } else { Err(RankError::NoZone) }
    }

    fn estimate(&self, i: usize) -> Estimate {
        estimate(&self.columns[i]).unwrap_or(Estimate::ABSENT)
    }

    /// Those left by their means, then those dropped, the last one first.
    fn ranking(&self, selection: &Selection, zone: f64) -> Ranking {
        let is_decided = selection.is_over;
        let left = selection.left.iter().enumerate().map(|(rank, i)| {
            let place = if is_decided && rank == 0 { Place::Selected } else { Place::Contender };
            Ranked { scenario: *i, estimate: self.estimate(*i), place }
        });
        let dropped = selection.dropped.iter().rev().map(|d| Ranked {
            scenario: d.system,
            estimate: self.estimate(d.system),
            place: Place::Dropped { by: Some(d.by), after: d.after },
        });
        Ranking { ranked: left.chain(dropped).collect(), zone, is_decided, at_most: Some(selection.at_most) }
    }

    /// The subset that holds the best, the best mean first.
    fn subset(&self) -> Ranking {
        let all = against_best(&self.columns, self.contest.aim, self.contest.confidence);
        let all = all.expect("two or more scenarios with two or more finite values each");
        let may = |i: usize| all[i].may_be_best;
        let alone = (0..all.len()).filter(|i| may(*i)).count() == 1;
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_by(|a, b| {
            let better = |a: usize, b: usize| self.contest.aim.prefers(all[a].mean, all[b].mean);
            (may(*b).cmp(&may(*a))).then(better(*b, *a).cmp(&better(*a, *b))).then(a.cmp(b))
        });
        let after = self.columns[0].len() as u32;
        let ranked = order.into_iter().map(|i| {
            let place = match (may(i), alone) {
                (true, true) => Place::Selected,
                (true, false) => Place::Contender,
                (false, _) => Place::Dropped { by: None, after },
            };
            Ranked { scenario: i, estimate: self.estimate(i), place }
        });
        Ranking { ranked: ranked.collect(), zone: 0.0, is_decided: alone, at_most: None }
    }
}

/// The value of the figure that is meant, which must be one.
fn value(run: &Observations, pick: &Pick) -> Result<Option<f64>, RankError> {
    let of_measure = run.values.iter().filter(|(key, _)| key.name == pick.measure.name);
    let mut found: Vec<(Figure, f64)> = of_measure
        .map(|(key, value)| (Figure { measure: key.name.to_owned(), labels: key.labels.to_string() }, *value))
        .filter(|(figure, _)| pick.takes(figure))
        .collect();
    // A figure with exactly the labels stands for itself beside its parts.
    if let Some(exact) = found.iter().position(|(figure, _)| figure.to_string() == pick.to_string()) {
        found = vec![found.swap_remove(exact)];
    }
    if found.len() > 1 {
        let found = found.iter().map(|(figure, _)| figure.to_string()).collect();
        return Err(RankError::Several { figure: pick.to_string(), found });
    }
    Ok(found.pop().map(|(_, value)| value))
}
