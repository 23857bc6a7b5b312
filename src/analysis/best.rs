//! Which of several systems may be the best: subset selection, and multiple comparisons with the best.
//!
//! The systems are compared in pairs of the same replication, so that common random numbers help and no assumption on
//! their correlation is needed; the price is Bonferroni's bound over the rivals of the best. With a chance of at least
//! the confidence the subset holds the best system (Gupta 1965, Technometrics 7; the paired form is that of Nelson,
//! Swann, Goldsman and Song 2001, Operations Research 49) and every interval holds what a system lacks to the best of
//! the others (Hsu 1984, Annals of Statistics 12, with the bounds of Edwards and Hsu 1983 for unequal variances).

use super::interval::Moments;
use super::student;

/// Which values are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// The smallest mean is best.
    Smallest,
    /// The largest mean is best.
    Largest,
}

impl Aim {
    /// Whether the first of two values is the better one.
    pub fn prefers(self, a: f64, b: f64) -> bool {
        self.turned(a) > self.turned(b)
    }

    /// A value turned so that larger is better.
    pub(super) fn turned(self, value: f64) -> f64 {
        match self {
            Self::Smallest => -value,
            Self::Largest => value,
        }
    }
}

/// A system against the best of the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AgainstBest {
    /// Mean of the system [unit of the figure].
    pub mean: f64,
    /// Lower end of what it is better by than the best of the others [unit of the figure]; at most 0.
    pub low: f64,
    /// Upper end; at least 0.
    pub high: f64,
    /// Whether the system cannot be told apart from the best.
    pub may_be_best: bool,
}

/// Each system against the best of the others, with simultaneous intervals of a confidence [1].
///
/// Columns hold a value for each replication, the same replications in the same order. Nothing with fewer than two
/// systems or replications, and where a value is no finite number.
pub fn against_best(columns: &[Vec<f64>], aim: Aim, confidence: f64) -> Option<Vec<AgainstBest>> {
    let pairs = Pairs::of(columns, aim)?;
    let level = (1.0 - confidence) / (columns.len() as f64 - 1.0);
    let critical = student::t_quantile(1.0 - level, columns[0].len() as f64 - 1.0);
    let rivals = |i: usize| (0..columns.len()).filter(move |l| *l != i);
    let high = |i: usize| least(rivals(i).map(|l| pairs.difference(i, l) + critical * pairs.error(i, l)));
    let highs: Vec<f64> = (0..columns.len()).map(high).collect();
    let low = |i: usize| {
        let possible = rivals(i).filter(|l| highs[*l] >= 0.0);
        let low = least(possible.map(|l| pairs.difference(i, l) - critical * pairs.error(i, l)));
        // Without a rival that may be best it is the best itself.
        if low.is_finite() { low.min(0.0) } else { 0.0 }
    };
    let against = |(i, high): (usize, &f64)| AgainstBest {
        mean: aim.turned(pairs.means[i]),
        low: low(i),
        high: high.max(0.0),
        may_be_best: *high >= 0.0,
    };
    Some(highs.iter().enumerate().map(against).collect())
}

fn least(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::INFINITY, f64::min)
}

/// Means of all systems and standard errors of all differences, turned so that larger is better.
struct Pairs {
    means: Vec<f64>,
    errors: Vec<Vec<f64>>,
}

impl Pairs {
    fn of(columns: &[Vec<f64>], aim: Aim) -> Option<Self> {
        let n = columns.first()?.len();
        assert!(columns.iter().all(|column| column.len() == n), "the systems have the same replications");
        if columns.len() < 2 || n < 2 || columns.iter().flatten().any(|value| !value.is_finite()) {
            return None;
        }
        let mean = |column: &Vec<f64>| Moments::of(column).map(|moments| aim.turned(moments.mean));
        let means = columns.iter().map(mean).collect::<Option<_>>()?;
        let error = |a: &[f64], b: &[f64]| difference_moments(a, b).standard_error();
        let errors = columns.iter().map(|a| columns.iter().map(|b| error(a, b)).collect()).collect();
        Some(Self { means, errors })
    }

    /// By how much a system is better than another in the mean.
    fn difference(&self, i: usize, l: usize) -> f64 {
        self.means[i] - self.means[l]
    }

    fn error(&self, i: usize, l: usize) -> f64 {
        self.errors[i][l]
    }
}

/// Moments of the differences of two columns; there is at least one pair.
pub(super) fn difference_moments(a: &[f64], b: &[f64]) -> Moments {
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    Moments::of(&differences).expect("finite values differ by numbers")
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;

    #[test]
    fn a_worked_example_by_hand() {
        // Differences of 1 and 2 are -1, -2, -3 (mean -2, error 1/sqrt(3)); two systems: t(2; 0.95) = 2.919986.
        let columns = [vec![10.0, 20.0, 30.0], vec![11.0, 22.0, 33.0]];
        let all = against_best(&columns, Aim::Smallest, 0.95).expect("two systems");
        let width = 2.919_986 / 3.0_f64.sqrt();
        assert!((all[0].mean - 20.0).abs() < 1e-12 && (all[0].high - 2.0 - width).abs() < 1e-5, "{all:?}");
        assert!(all[0].low >= 0.0 && all[0].may_be_best && !all[1].may_be_best, "{all:?}");
        assert!((all[1].low + 2.0 + width).abs() < 1e-5, "{all:?}");
        let turned = against_best(&columns, Aim::Largest, 0.95).expect("two systems");
        assert!(!turned[0].may_be_best && turned[1].may_be_best);
    }

    #[test]
    fn systems_that_cannot_be_told_apart_stand_together() {
        let columns = [vec![1.0, 2.0, 3.0], vec![2.0, 1.0, 3.5], vec![90.0, 91.0, 93.0]];
        let may: Vec<_> =
            against_best(&columns, Aim::Smallest, 0.95).expect("three").iter().map(|a| a.may_be_best).collect();
        assert_eq!(may, [true, true, false]);
        // Equal systems differ by nothing: neither is better, and both may be best.
        let equal = against_best(&[vec![1.0, 2.0], vec![1.0, 2.0]], Aim::Smallest, 0.95).expect("two");
        assert!(equal.iter().all(|a| a.may_be_best && a.low.abs() + a.high.abs() < 1e-300), "{equal:?}");
    }

    #[test]
    fn what_cannot_be_compared_gives_nothing() {
        assert!(against_best(&[], Aim::Smallest, 0.95).is_none());
        assert!(against_best(&[vec![1.0, 2.0]], Aim::Smallest, 0.95).is_none());
        assert!(against_best(&[vec![1.0], vec![2.0]], Aim::Smallest, 0.95).is_none());
        assert!(against_best(&[vec![1.0, f64::NAN], vec![2.0, 1.0]], Aim::Smallest, 0.95).is_none());
    }

    #[test]
    fn all_intervals_hold_together_under_common_random_numbers() {
        // Five systems with means 0, 0.2, 0.2, 0.5, 3 (smallest best), shared noise. All five intervals hold their truth
        // with chance 0.95 or more; below 925 of 1,000 lie with chance 0.0004 at exactly 0.95.
        let truth = [0.0, 0.2, 0.2, 0.5, 3.0];
        let mut sample = Sample::new(41);
        let mut hold = 0;
        for _ in 0..1_000 {
            let mut columns = vec![Vec::new(); truth.len()];
            for _ in 0..12 {
                let shared = sample.normal();
                truth.iter().zip(&mut columns).for_each(|(mean, column)| {
                    column.push(mean + 2.0 * shared + 0.5 * sample.normal());
                });
            }
            let all = against_best(&columns, Aim::Smallest, 0.95).expect("five systems");
            let better_by =
                |i: usize| least(truth.iter().enumerate().filter(|(l, _)| *l != i).map(|(_, m)| *m)) - truth[i];
            hold += u32::from(all.iter().enumerate().all(|(i, a)| a.low <= better_by(i) && better_by(i) <= a.high));
        }
        assert!(hold >= 925, "{hold} of 1,000");
    }
}
