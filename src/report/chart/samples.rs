//! From the windows of a study to the points of a line: gaps are kept, and long series thinned so that peaks stay.

use crate::analysis::{Estimate, Study};
use crate::metrics::Labels;

/// Most points of a line; a picture has about 640 pixels of width.
const MOST: usize = 480;

/// A window's estimate at its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    /// Start of the window [s].
    pub(super) from: f64,
    /// End of the window [s].
    pub(super) until: f64,
    /// Mean over the replications.
    pub(super) mean: f64,
    /// Lower end of the interval, or NaN.
    pub(super) low: f64,
    /// Upper end of the interval, or NaN.
    pub(super) high: f64,
}

impl Point {
    /// Middle of the window [s].
    pub(super) fn at(&self) -> f64 {
        f64::midpoint(self.from, self.until)
    }

    /// Whether the interval is known.
    pub(super) fn has_interval(&self) -> bool {
        self.low.is_finite() && self.high.is_finite()
    }
}

/// The windows of a series as points, in order; nothing where nothing was observed.
pub(super) fn points(study: &Study, windows: &[Estimate], factor: f64) -> Vec<Option<Point>> {
    let horizon = study.horizon.secs();
    let length = match study.window.0 {
        0 => horizon / windows.len().max(1) as f64,
        _ => study.window.secs(),
    };
    let point = |(i, e): (usize, &Estimate)| {
        let from = length * i as f64;
        let known = e.n > 0 && e.mean.is_finite() && from < horizon;
        known.then(|| Point {
            from,
            until: (from + length).min(horizon),
            mean: e.mean * factor,
            low: e.low * factor,
            high: e.high * factor,
        })
    };
    windows.iter().enumerate().map(point).collect()
}

/// All known points.
pub(super) fn known(points: &[Option<Point>]) -> impl DoubleEndedIterator<Item = &Point> {
    points.iter().flatten()
}

/// The first point that reads like the largest: on a plateau with noise it is where the plateau begins.
pub(super) fn peak(points: &[Option<Point>], text: impl Fn(f64) -> String) -> Option<Point> {
    let max = known(points).map(|point| point.mean).reduce(f64::max)?;
    known(points).find(|point| text(point.mean) == text(max)).copied()
}

/// Stretches without a gap, each thinned.
pub(super) fn runs(points: &[Option<Point>]) -> Vec<Vec<Point>> {
    runs_of(points, MOST)
}

/// The same with at most so many points.
pub(super) fn runs_of(points: &[Option<Point>], most: usize) -> Vec<Vec<Point>> {
    let group = points.len().div_ceil(most / 2);
    let whole = points.split(Option::is_none).map(|run| run.iter().flatten().copied().collect::<Vec<_>>());
    whole
        .filter(|run| !run.is_empty())
        .map(|run| if points.len() <= most { run } else { thinned(&run, group) })
        .collect()
}

/// Of each group the smallest and the largest point in their order, with the interval of the whole group.
fn thinned(run: &[Point], group: usize) -> Vec<Point> {
    let mut kept = Vec::new();
    for chunk in run.chunks(group) {
        let wide = |p: &Point| Point {
            low: chunk.iter().map(|p| p.low).fold(p.low, f64::min),
            high: chunk.iter().map(|p| p.high).fold(p.high, f64::max),
            ..*p
        };
        kept.extend(extremes(chunk.iter().map(|p| p.mean)).iter().map(|i| wide(&chunk[*i])));
    }
    // The line still reaches from the first window to the last.
    if let (Some(first), Some(last)) = (run.first(), run.last()) {
        kept[0].from = first.from;
        let end = kept.len() - 1;
        kept[end].until = last.until;
    }
    kept
}

/// Indices of the smallest and the largest value, in their order.
pub(super) fn extremes(values: impl Iterator<Item = f64> + Clone) -> Vec<usize> {
    let order = |a: &(usize, f64), b: &(usize, f64)| a.1.total_cmp(&b.1);
    let mut found: Vec<usize> = [values.clone().enumerate().min_by(order), values.enumerate().max_by(order)]
        .iter()
        .flatten()
        .map(|(i, _)| *i)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The series of a measure that have this one label, with its value; in the order of the study.
pub(super) fn labelled<'a>(study: &'a Study, measure: &str, label: &str) -> Vec<(&'a str, &'a [Estimate])> {
    let of_measure = study.series.iter().filter(|(key, _)| key.name == measure && key.labels.iter().count() == 1);
    of_measure.filter_map(|(key, windows)| Some((key.labels.get(label)?, windows.as_slice()))).collect()
}

/// The series of a measure without labels.
pub(super) fn unlabelled<'a>(study: &'a Study, measure: &str) -> Option<&'a [Estimate]> {
    let found = study.series.iter().find(|(key, _)| key.name == measure && key.labels == Labels::NONE);
    found.map(|(_, windows)| windows.as_slice())
}

/// Names with numbers in them sort as people count: weu-2 before weu-10.
pub(super) fn natural(name: &str) -> Vec<(String, u64)> {
    let mut parts = vec![(String::new(), 0_u64)];
    let mut in_number = false;
    for c in name.chars() {
        let Some((word, number)) = parts.last_mut() else { break };
        match c.to_digit(10) {
            Some(digit) => *number = number.saturating_mul(10).saturating_add(u64::from(digit)),
            None if in_number => parts.push((c.to_string(), 0)),
            None => word.push(c),
        }
        in_number = c.is_ascii_digit();
    }
    parts
}

/// Middle value; NaN of nothing.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(i: usize, mean: f64) -> Point {
        Point { from: i as f64, until: i as f64 + 1.0, mean, low: mean - 1.0, high: mean + 1.0 }
    }

    #[test]
    fn thinning_keeps_the_peak_and_the_ends() {
        let series: Vec<_> =
            (0..5_000).map(|i| Some(point(i, if i == 3_333 { 99.0 } else { (i % 7) as f64 }))).collect();
        let runs = runs(&series);
        assert_eq!(runs.len(), 1);
        assert!(runs[0].len() <= MOST);
        assert!(runs[0].iter().any(|p| p.mean > 98.0));
        assert!(runs[0][0].from < 1e-9 && (runs[0].last().unwrap().until - 5_000.0).abs() < 1e-9);
    }

    #[test]
    fn gaps_split_a_line() {
        let series = [Some(point(0, 1.0)), None, Some(point(2, 1.0)), Some(point(3, 1.0)), None];
        assert_eq!(runs(&series).iter().map(Vec::len).collect::<Vec<_>>(), [1, 2]);
        assert!(runs(&[None, None]).is_empty());
    }

    #[test]
    fn names_sort_as_people_count() {
        let mut names = ["weu-10", "weu-2", "neu-3", "weu-1"];
        names.sort_by_key(|name| natural(name));
        assert_eq!(names, ["neu-3", "weu-1", "weu-2", "weu-10"]);
    }

    #[test]
    fn median_is_the_middle() {
        assert!((median(vec![3.0, 1.0, 2.0, 10.0]) - 2.5).abs() < 1e-12);
        assert!(median(Vec::new()).is_nan());
    }
}
