//! Load on DPS and on the throttles: use against the limit above, look-ups a second below.

use crate::analysis::Study;

use super::ends::{self, End, right_beside};
use super::frame::{Frame, left_of, width_of};
use super::marks::cause;
use super::numbers::{per_second, percent};
use super::samples::{self, Point, known, labelled, runs, unlabelled};
use super::scale::{Quantity, Scale};
use super::sheet::{Above, Sheet, Words, intervals};
use super::text::short;
use super::theme::{BLUE, BURGUNDY, Colour, INDIGO, MUTED, OCHRE, RUST, TEAL};
use super::{Chart, Picture};

/// The chart `dps_load`.
pub(super) struct DpsLoad;

/// Below this share of the limit all lines would lie on the floor: the axis ends at the data, and the limit is not on it.
pub(super) const FAR_BELOW: f64 = 0.2;
/// What is said of an axis that ends far below the limit.
pub(super) const ZOOMED: &str = "; the axis ends far below it";
/// Colours of throttles, busiest first; the look-ups have a panel of their own.
const COLOURS: [Colour; 5] = [RUST, TEAL, OCHRE, INDIGO, BURGUNDY];

struct Line {
    name: String,
    points: Vec<Option<Point>>,
}

impl Line {
    fn peak(&self) -> Option<Point> {
        samples::peak(&self.points, percent)
    }

    fn max(&self) -> f64 {
        known(&self.points).map(|point| point.mean).fold(0.0, f64::max)
    }

    /// Whether its smallest and its largest value are close together.
    fn is_steady(&self) -> bool {
        known(&self.points).map(|point| point.mean).fold(f64::INFINITY, f64::min) * 1.25 >= self.max()
    }

    /// Whether it was ever used by more than what reads as nothing.
    fn is_used(&self, text: impl Fn(f64) -> String) -> bool {
        text(self.max()) != text(0.0)
    }

    fn last(&self) -> Option<f64> {
        known(&self.points).next_back().map(|point| point.mean)
    }
}

/// The series of the picture that were ever used; at least one of both kinds.
struct Load {
    throttles: Vec<Line>,
    less_busy: usize,
    /// Names of those that were used by less than what reads as nothing.
    idle: Vec<String>,
    rate: Option<Line>,
}

impl Chart for DpsLoad {
    fn draw(&self, study: &Study) -> Option<Picture> {
        let load = Load::of(study)?;
        let top = if load.is_far_below() { load.top() } else { load.top().max(1.0) };
        let use_scale = Scale::linear(Quantity::Share, top, 5.0);
        let rate_scale = Scale::linear(Quantity::PerSecond, load.rate.as_ref().map_or(0.0, Line::max), 3.0);
        let left = left_of(&use_scale).max(left_of(&rate_scale));
        let mut sheet = Sheet::bare(study, use_scale, Above::Windows, load.right());
        sheet.frame.left = left;
        sheet.windows = super::marks::Windows::of(study, &sheet.time, left, sheet.frame.right);
        match &load.rate {
            Some(rate) if load.throttles.is_empty() => {
                look_ups(&sheet, rate, &Frame { scale: rate_scale, ..sheet.frame.clone() });
            }
            Some(rate) => {
                let (above, below) = halves(&sheet.frame, rate_scale);
                throttles(&sheet, &load, &above, false);
                look_ups(&sheet, rate, &below);
            }
            None => throttles(&sheet, &load, &sheet.frame, true),
        }
        sheet.windows.name(&sheet.svg, &sheet.frame);
        sheet.window_key();
        let words = load.words(&sheet);
        Some(sheet.picture("dps_load", words))
    }
}

impl Load {
    fn of(study: &Study) -> Option<Self> {
        let line =
            |name: &str, windows| Line { name: name.replace('_', " "), points: samples::points(study, windows, 1.0) };
        let throttles = labelled(study, "throttle_utilisation_ratio", "throttle");
        let (mut throttles, idle): (Vec<Line>, Vec<Line>) = throttles
            .into_iter()
            .map(|(name, windows)| line(name, windows))
            .filter(|line| line.peak().is_some())
            .partition(|line| line.is_used(percent));
        throttles.sort_by(|a, b| b.max().total_cmp(&a.max()).then_with(|| a.name.cmp(&b.name)));
        let less_busy = throttles.len().saturating_sub(COLOURS.len());
        throttles.truncate(COLOURS.len());
        let rate = unlabelled(study, "dps_lookup_rate_per_s").map(|windows| line("look-ups", windows));
        let rate = rate.filter(|line| line.is_used(per_second));
        (rate.is_some() || !throttles.is_empty()).then_some(Self {
            throttles,
            less_busy,
            idle: idle.into_iter().map(|line| line.name).collect(),
            rate,
        })
    }

    /// Largest use of any throttle.
    fn top(&self) -> f64 {
        self.throttles.iter().map(Line::max).fold(0.0, f64::max)
    }

    /// Whether no throttle comes near its limit.
    fn is_far_below(&self) -> bool {
        self.top() < FAR_BELOW
    }

    fn right(&self) -> f64 {
        let throttles = self.throttles.iter().map(|line| (line.name.as_str(), percent(line.last().unwrap_or(0.0))));
        let rate = self.rate.iter().map(|line| (line.name.as_str(), per_second(line.last().unwrap_or(0.0))));
        right_beside(throttles.chain(rate))
    }

    fn words(&self, sheet: &Sheet) -> Words {
        let title = self.finding(sheet);
        let busiest = self.throttles.iter().map(|line| format!("{} up to {}", line.name, percent(line.max())));
        let rate = self.rate.iter().map(|line| format!("look-ups up to {}", per_second(line.max())));
        let figures: Vec<String> = busiest.chain(rate).collect();
        let rest = match self.less_busy {
            0 if self.idle.is_empty() => String::new(),
            0 => format!("; {} at 0 %", self.idle.join(", ")),
            1 => "; 1 less busy throttle not shown".to_owned(),
            n => format!("; {n} less busy throttles not shown"),
        };
        let subject = match (self.throttles.is_empty(), self.rate.is_some()) {
            (false, true) => "Below: look-ups sent to DPS; above: use of each throttle against its limit",
            (true, _) => "Look-ups that the gateway sent to DPS, per second",
            (false, false) => "Use of each throttle against its limit",
        };
        let zoomed = if self.is_far_below() && !self.throttles.is_empty() { ZOOMED } else { "" };
        Words {
            subtitle: format!("{subject}{zoomed}{rest}{}", intervals(sheet.study, "bands")),
            description: format!("{title}. {}.", figures.join(", ")),
            title,
        }
    }

    fn finding(&self, sheet: &Sheet) -> String {
        let when = |line: &Line| {
            let peak = line.peak()?;
            Some(cause(sheet.study, peak.from, peak.until).unwrap_or_else(|| sheet.time.moment(peak.from)))
        };
        if let Some(line) = self.throttles.first() {
            if line.max() < 1.0 && line.is_steady() {
                return format!(
                    "The busiest throttle, {}, stays at {} of its limit",
                    short(&line.name),
                    percent(line.max())
                );
            }
            let verb = if line.max() >= 1.0 { "reached its limit" } else { "peaked" };
            let share =
                if line.max() >= 1.0 { String::new() } else { format!(" at {} of its limit", percent(line.max())) };
            return format!("Throttle {} {verb}{share} {}", short(&line.name), when(line).unwrap_or_default());
        }
        let peak = |line: &Line| {
            format!("Look-ups at DPS peaked at {} {}", per_second(line.max()), when(line).unwrap_or_default())
        };
        self.rate.as_ref().map(peak).unwrap_or_default()
    }
}

/// The plot cut in two panels.
fn halves(frame: &Frame, below: Scale) -> (Frame, Frame) {
    let height = frame.bottom - frame.top;
    let cut = (frame.top + height * 0.62).round();
    (Frame { bottom: cut, ..frame.clone() }, Frame { top: cut + 26.0, scale: below, ..frame.clone() })
}

fn throttles(sheet: &Sheet, load: &Load, frame: &Frame, lowest: bool) {
    sheet.panel(frame, lowest);
    sheet.windows.shade(&sheet.svg, frame);
    let mut ends = Vec::new();
    if !load.is_far_below() {
        frame.limit(&sheet.svg, 1.0, MUTED);
        ends.push(End { y: frame.y(1.0), name: String::new(), value: "limit".to_owned(), colour: MUTED });
    }
    for (i, (line, colour)) in load.throttles.iter().zip(COLOURS).enumerate().rev() {
        draw(sheet, frame, line, colour, i == 0);
        let last = line.last().unwrap_or(0.0);
        ends.push(End { y: frame.y(last), name: line.name.clone(), value: percent(last), colour });
    }
    ends::draw(&sheet.svg, frame, ends);
}

fn look_ups(sheet: &Sheet, line: &Line, frame: &Frame) {
    sheet.panel(frame, true);
    sheet.windows.shade(&sheet.svg, frame);
    draw(sheet, frame, line, BLUE, true);
    let last = line.last().unwrap_or(0.0);
    ends::draw(
        &sheet.svg,
        frame,
        vec![End { y: frame.y(last), name: line.name.clone(), value: per_second(last), colour: BLUE }],
    );
}

fn draw(sheet: &Sheet, frame: &Frame, line: &Line, colour: Colour, key: bool) {
    for run in runs(&line.points) {
        frame.band(&sheet.svg, &run, colour);
        frame.line(&sheet.svg, &run, colour, width_of(key));
    }
}
