//! Latency quantiles over time, with their intervals and the faults and moves that explain them.

use crate::analysis::Study;

use super::ends::{self, End, right_beside};
use super::frame::width_of;
use super::marks::{cause, causes, seen};
use super::numbers::{milliseconds, percent};
use super::outcomes;
use super::samples::{self, Point, known, labelled, median, runs};
use super::scale::{Quantity, Scale};
use super::sheet::{Above, Sheet, Words, intervals, title_with};
use super::theme::{BLUE, Colour, OCHRE, RUST, TEAL};
use super::{Chart, Picture};

/// The chart `latency`.
pub(super) struct Latency;

/// What the latency of calls is called.
const COMMANDS: &str = "command latency";
/// Measures in order of preference: name, milliseconds in its unit, words.
const MEASURES: [(&str, f64, &str); 3] = [
    ("command_latency_ms", 1.0, COMMANDS),
    ("telemetry_latency_ms", 1.0, "telemetry latency"),
    ("connect_latency_s", 1_000.0, "time to connect"),
];
/// A line whose largest value is at most so many times its smallest stays at one value.
const STEADY: f64 = 1.05;
/// A level so many times another one is a rise.
const ROSE: f64 = 1.5;
/// Where so many of the calls of a window fail, a title that speaks only of their latency would mislead.
const MOST_FAIL: f64 = 0.5;
/// From the highest quantile down.
const COLOURS: [Colour; 4] = [BLUE, TEAL, OCHRE, RUST];

struct Line {
    name: String,
    points: Vec<Option<Point>>,
}

impl Line {
    fn last(&self) -> f64 {
        known(&self.points).next_back().map_or(0.0, |point| point.mean)
    }
}

impl Chart for Latency {
    fn draw(&self, study: &Study) -> Option<Picture> {
        let (lines, what) =
            MEASURES.iter().find_map(|(measure, factor, what)| Some((lines(study, measure, *factor)?, *what)))?;
        let right = right_beside(lines.iter().map(|line| (line.name.as_str(), milliseconds(line.last()))));
        let sheet = Sheet::new(study, Scale::fitting(Quantity::Milliseconds, range(&lines)), Above::Windows, right);
        for (i, line) in lines.iter().enumerate().rev() {
            for run in runs(&line.points) {
                sheet.frame.band(&sheet.svg, &run, COLOURS[i]);
            }
        }
        for (i, line) in lines.iter().enumerate().rev() {
            for run in runs(&line.points) {
                sheet.frame.line(&sheet.svg, &run, COLOURS[i], width_of(i == 0));
                sheet.frame.dot(&sheet.svg, &run, COLOURS[i]);
            }
        }
        let finding = Finding::of(study, &lines[0].points, what);
        if finding.rose() {
            let value = milliseconds(finding.peak.mean);
            sheet.frame.peak(&sheet.svg, &lines[0].points, &finding.peak, &value, COLOURS[0]);
        }
        sheet.windows.name(&sheet.svg, &sheet.frame);
        sheet.window_key();
        ends::draw(&sheet.svg, &sheet.frame, ends_of(&sheet, &lines));
        let words = words(&sheet, &lines, what, &finding);
        Some(sheet.picture("latency", words))
    }
}

/// The quantiles of a measure, highest first; at most as many as there are colours.
fn lines(study: &Study, measure: &str, factor: f64) -> Option<Vec<Line>> {
    let mut found: Vec<(f64, Line)> = labelled(study, measure, "quantile")
        .into_iter()
        .filter_map(|(quantile, windows)| {
            let rank: f64 = quantile.parse().ok()?;
            let points = samples::points(study, windows, factor);
            known(&points).next()?;
            Some((rank, Line { name: quantile_name(rank), points }))
        })
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.truncate(COLOURS.len());
    (!found.is_empty()).then(|| found.into_iter().map(|(_, line)| line).collect())
}

/// "p99" of 0.99, "p99.9" of 0.999.
fn quantile_name(rank: f64) -> String {
    let text = format!("{:.3}", rank * 100.0);
    format!("p{}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Values that the axis must hold: all means, and intervals as far as they do not dwarf them.
fn range(lines: &[Line]) -> Vec<f64> {
    let points = || lines.iter().flat_map(|line| known(&line.points));
    let top = points().map(|point| point.mean).fold(0.0, f64::max);
    points().flat_map(|point| [point.mean, point.high.min(top * 1.25)]).collect()
}

fn ends_of(sheet: &Sheet, lines: &[Line]) -> Vec<End> {
    let end = |(i, line): (usize, &Line)| {
        let (y, value) = (sheet.frame.y(line.last()), milliseconds(line.last()));
        End { y, name: line.name.clone(), value, colour: COLOURS[i] }
    };
    lines.iter().enumerate().map(end).collect()
}

/// What the highest quantile did.
struct Finding {
    usual: f64,
    lowest: f64,
    last: f64,
    peak: Point,
    cause: Option<String>,
    /// Share of the calls that fail in the worst window, where most do and their latency is shown.
    failed: Option<f64>,
}

impl Finding {
    /// The usual value is the median over windows that no fault and no move touches, or over those before the first one where
    /// that is far less: what a fault sets off may outlast it for most of a run.
    fn of(study: &Study, points: &[Option<Point>], what: &str) -> Self {
        let touched = |point: &Point| {
            causes(study).iter().any(|mark| mark.from.secs() <= point.until && mark.until.secs() >= point.from)
        };
        let quiet: Vec<f64> = known(points).filter(|point| !touched(point)).map(|point| point.mean).collect();
        let first = causes(study).first().map_or(f64::INFINITY, |mark| mark.from.secs());
        let before: Vec<f64> = known(points).filter(|point| point.until <= first).map(|point| point.mean).collect();
        let all: Vec<f64> = known(points).map(|point| point.mean).collect();
        let lowest = all.iter().copied().fold(f64::INFINITY, f64::min);
        let last = all.last().copied().unwrap_or(f64::NAN);
        let some = |values: Vec<f64>| if values.is_empty() { None } else { Some(median(values)) };
        let (quiet, before) = (some(quiet), some(before));
        let usual = before.filter(|calm| quiet.is_none_or(|quiet| calm * ROSE < quiet)).or(quiet);
        let usual = usual.unwrap_or_else(|| median(all));
        let of_calls = what == COMMANDS;
        let failed = outcomes::most_failed(study).filter(|share| of_calls && *share > MOST_FAIL);
        let peak = samples::peak(points, milliseconds).expect("a line has at least one point");
        Self { usual, lowest, last, cause: cause(study, peak.from, peak.until), peak, failed }
    }

    fn rose(&self) -> bool {
        self.peak.mean > self.usual * ROSE && milliseconds(self.usual) != milliseconds(self.peak.mean)
    }

    fn sentence(&self, sheet: &Sheet, name: &str, what: &str) -> String {
        let (usual, peak) = (milliseconds(self.usual), milliseconds(self.peak.mean));
        if self.rose() {
            let when = self.cause.clone().unwrap_or_else(|| sheet.time.moment(self.peak.from));
            let failed =
                self.failed.map_or_else(String::new, |share| format!("; up to {} of calls fail", percent(share)));
            return title_with(format!("{name} {what} rose from {usual} to {peak} {when}"), &failed);
        }
        let low = milliseconds(self.lowest);
        let varies = self.peak.mean > self.lowest * STEADY && low != peak;
        if let Some(share) = self.failed {
            let level = if varies { format!("from {low} to {peak}") } else { peak };
            return format!("Up to {} of calls fail; {name} {what} is {level}", percent(share));
        }
        if varies {
            return format!("{name} {what} stays between {low} and {peak}");
        }
        // The value that stands at the end of the line, so that title and line never seem to disagree.
        format!("{name} {what} stays at {}", milliseconds(self.last))
    }
}

fn words(sheet: &Sheet, lines: &[Line], what: &str, finding: &Finding) -> Words {
    let scale = if sheet.frame.scale.is_logarithmic() { ", logarithmic" } else { "" };
    let names: Vec<&str> = lines.iter().rev().map(|line| line.name.as_str()).collect();
    let mut subject = what.to_owned();
    subject[..1].make_ascii_uppercase();
    let bands = intervals(sheet.study, "bands");
    let title = finding.sentence(sheet, &lines[0].name, what);
    let figures: Vec<String> = lines.iter().map(figures).collect();
    Words {
        subtitle: format!(
            "{subject} by window, {}{scale}{bands}{}",
            names.join(", "),
            seen(sheet.study, &lines[0].points)
        ),
        description: format!("{title}. {}.", figures.join("; ")),
        title,
    }
}

fn figures(line: &Line) -> String {
    let values = || known(&line.points).map(|point| point.mean);
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
    let [low, high, last] = [low, high, line.last()].map(milliseconds);
    format!("{} between {low} and {high}, {last} at the end", line.name)
}
