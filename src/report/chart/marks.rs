//! Faults, moves and what happens to stamps: shaded times with names above the plot, and triangles.

use crate::analysis::windows::Looks;
use crate::analysis::{Mark, MarkKind, Study};

use super::frame::Frame;
use super::numbers::count;
use super::samples::Point;
use super::svg_backend::Svg;
use super::text::{self, short};
use super::theme::{Anchor, BURGUNDY, Colour, INDIGO, LOOK, MARGIN, MARK, MUTED, NUMBER, TICK, WIDTH, WINDOW};
use super::time_axis::TimeAxis;

/// Between the lowest bar and the plot [px].
const LIFT: f64 = 5.0;
/// Space between two names in a row [px].
const APART: f64 = 10.0;
/// Widest name [px].
const NAME: f64 = 190.0;

/// How windows are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// By a name above each bar.
    Whole,
    /// By a number before each bar; a key says what they mean.
    Numbers,
    /// Not at all: there are too many.
    None,
}

impl Names {
    /// Height of a row [px].
    fn pitch(self) -> f64 {
        match self {
            Self::Whole => 19.0,
            Self::Numbers => 12.0,
            Self::None => 0.0,
        }
    }

    /// Most rows.
    fn rows(self) -> usize {
        match self {
            Self::Whole => 3,
            Self::Numbers => 7,
            Self::None => 0,
        }
    }
}

/// A fault or a move with its place.
#[derive(Debug, Clone)]
struct Window {
    kind: MarkKind,
    name: String,
    shown: String,
    left: f64,
    right: f64,
    name_at: f64,
    lane: usize,
}

/// The faults and moves of a study, placed in rows above a plot.
#[derive(Debug, Clone)]
pub(super) struct Windows {
    placed: Vec<Window>,
    names: Names,
    /// Sides of the windows in which calls were looked at [px].
    looks: Vec<(f64, f64)>,
}

fn seconds(mark: &Mark, horizon: f64) -> (f64, f64) {
    let (from, until) = (mark.from.secs(), mark.until.secs());
    (from, until.max(from).min(horizon))
}

fn colour_of(kind: MarkKind) -> Colour {
    match kind {
        MarkKind::Fault => BURGUNDY,
        _ => INDIGO,
    }
}

/// Faults, moves and retirements that begin within the run, in order of time.
pub(super) fn causes(study: &Study) -> Vec<&Mark> {
    within(study, &[MarkKind::Fault, MarkKind::Move, MarkKind::Retirement])
}

/// Marks of these kinds that begin within the run, in order of time.
fn within<'a>(study: &'a Study, kinds: &[MarkKind]) -> Vec<&'a Mark> {
    let horizon = study.horizon.0;
    let of_kind = |mark: &&Mark| kinds.contains(&mark.kind) && mark.from.0 < horizon;
    let mut marks: Vec<&Mark> = study.marks.iter().filter(of_kind).collect();
    marks.sort_by_key(|mark| (mark.from, mark.until));
    marks
}

impl Windows {
    /// Places the windows for a plot between two sides [px]. Names get rows of their own where they would collide;
    /// where the rows do not suffice, numbers stand for the names.
    pub(super) fn of(study: &Study, time: &TimeAxis, left: f64, right: f64) -> Self {
        let x = |seconds: f64| left + (right - left) * (seconds / time.horizon).clamp(0.0, 1.0);
        let window = |mark: &&Mark| {
            let (from, until) = seconds(mark, time.horizon);
            let (x0, x1) = (x(from), x(until));
            let name = mark.label.trim().to_owned();
            Window {
                kind: mark.kind,
                shown: text::cut_middle(&name, MARK, NAME),
                name,
                left: x0,
                right: x1.max(x0 + 2.0),
                name_at: x0,
                lane: 0,
            }
        };
        let shaded = within(study, &[MarkKind::Fault, MarkKind::Move, MarkKind::MovePaused]);
        let mut placed: Vec<Window> = shaded.iter().map(window).collect();
        let looks = within(study, &[MarkKind::Window]).into_iter().map(|mark| {
            let (from, until) = seconds(mark, time.horizon);
            (x(from), x(until).max(x(from) + 1.0))
        });
        let looks = looks.collect();
        if into_lanes(&mut placed, Names::Whole, right) {
            return Self { placed, names: Names::Whole, looks };
        }
        for (i, window) in placed.iter_mut().enumerate() {
            window.shown = (i + 1).to_string();
        }
        let names = if into_lanes(&mut placed, Names::Numbers, right) { Names::Numbers } else { Names::None };
        Self { placed, names, looks }
    }

    /// Height of all rows [px].
    pub(super) fn height(&self) -> f64 {
        let lanes = self.placed.iter().map(|window| window.lane + 1).max().unwrap_or(0);
        if lanes == 0 || self.names == Names::None { 0.0 } else { self.names.pitch() * lanes as f64 + LIFT }
    }

    /// The shades, to be drawn over the grid and under everything else.
    pub(super) fn shade(&self, svg: &Svg, frame: &Frame) {
        for (left, right) in &self.looks {
            svg.block((*left, frame.top), (*right, frame.bottom), MUTED, LOOK);
        }
        for window in &self.placed {
            svg.block((window.left, frame.top), (window.right, frame.bottom), colour_of(window.kind), WINDOW);
        }
    }

    /// Bars on top, and names.
    pub(super) fn name(&self, svg: &Svg, frame: &Frame) {
        for window in self.placed.iter().filter(|_| self.names != Names::None) {
            let bar = frame.top - LIFT - self.names.pitch() * window.lane as f64;
            let colour = colour_of(window.kind);
            svg.block((window.left, bar - 2.0), (window.right, bar), colour, 1.0);
            match self.names {
                Names::Whole => svg.text(window.name_at, bar - 7.0, &window.shown, MARK.in_colour(colour)),
                _ => svg.text(window.name_at, bar + 2.6, &window.shown, NUMBER.in_colour(colour)),
            }
        }
    }

    /// What the numbers stand for; how many windows there are where none has a name.
    pub(super) fn key(&self) -> Option<String> {
        let entry = |(i, window): (usize, &Window)| format!("{} {}", i + 1, short(&window.name));
        let count = |kind| self.placed.iter().filter(|window| window.kind == kind).count();
        match self.names {
            Names::Whole => None,
            Names::Numbers => Some(self.placed.iter().enumerate().map(entry).collect::<Vec<_>>().join(" · ")),
            Names::None => Some(format!("Shaded: {} faults, {} moves", count(MarkKind::Fault), count(MarkKind::Move))),
        }
    }
}

/// How a line of which windows of observation show only parts was seen, for a subtitle; nothing where it has no gaps.
pub(super) fn seen(study: &Study, points: &[Option<Point>]) -> String {
    let Some(looks) = Looks::of(study).filter(|_| points.iter().any(Option::is_none)) else { return String::new() };
    let Looks { regular, length, edges, .. } = looks;
    let each = match regular {
        0 => String::new(),
        1 => format!("1 window of {length}"),
        _ => format!("{regular} windows of {length}"),
    };
    let around = match edges {
        0 => String::new(),
        1 => "1 around an edge".to_owned(),
        _ => format!("{edges} around edges"),
    };
    let and = if each.is_empty() || around.is_empty() { "" } else { " and " };
    format!("; seen in {each}{and}{around}")
}

/// Gives each window the lowest row where neither bar nor name meets another; whether all found one.
fn into_lanes(windows: &mut [Window], names: Names, right: f64) -> bool {
    let mut ends = vec![f64::NEG_INFINITY; names.rows()];
    for window in windows {
        let width = text::width(&window.shown, if names == Names::Whole { MARK } else { NUMBER });
        window.name_at = match names {
            Names::Whole => window.left.min(right - width),
            _ => window.left - width - 4.0,
        };
        let extent = (window.name_at.min(window.left), window.right.max(window.name_at + width));
        let Some(lane) = ends.iter().position(|end| *end + APART <= extent.0) else { return false };
        (window.lane, ends[lane]) = (lane, extent.1);
    }
    true
}

/// Height of the triangles with their two lines [px].
pub(super) const STAMPS: f64 = 42.0;

/// How often what happened to stamps: added, given another size, retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Happened {
    pub(super) added: usize,
    pub(super) resized: usize,
    pub(super) retired: usize,
}

impl Happened {
    fn of(marks: &[&Mark]) -> Self {
        let count = |kind| marks.iter().filter(|mark| mark.kind == kind).count();
        Self {
            added: count(MarkKind::StampAdded),
            resized: count(MarkKind::StampResized),
            retired: count(MarkKind::StampRetired),
        }
    }

    /// What happened, with how often: "2 stamps are added and 1 is retired"; nothing when nothing did.
    pub(super) fn sentence(self) -> Option<String> {
        let all = [("added", self.added), ("resized", self.resized), ("retired", self.retired)];
        let mut parts: Vec<String> = Vec::new();
        for (what, n) in all.into_iter().filter(|(_, n)| *n > 0) {
            let noun = match (parts.is_empty(), n) {
                (true, 1) => " stamp",
                (true, _) => " stamps",
                (false, _) => "",
            };
            parts.push(format!("{}{noun} {} {what}", count(n as f64), if n == 1 { "is" } else { "are" }));
        }
        let last = parts.pop()?;
        Some(if parts.is_empty() { last } else { format!("{} and {last}", parts.join(", ")) })
    }

    /// What the triangles mean.
    pub(super) fn key(self) -> Option<String> {
        let all = [("added", self.added), ("resized", self.resized), ("retired", self.retired)];
        let words: Vec<&str> = all.into_iter().filter(|(_, n)| *n > 0).map(|(what, _)| what).collect();
        (!words.is_empty()).then(|| format!("triangles: a stamp is {}", words.join(" or ")))
    }
}

/// Colour of a stamp's triangle, and its name as written beside it.
fn stamp_mark(mark: &Mark) -> (Colour, String) {
    match mark.kind {
        MarkKind::StampResized => (INDIGO, format!("{} resized", mark.label)),
        MarkKind::StampRetired => (BURGUNDY, format!("{} retired", mark.label)),
        _ => (MUTED, mark.label.clone()),
    }
}

/// A triangle for every stamp that was added, got another size or was retired, with name and moment where there is room.
pub(super) fn stamps(svg: &Svg, frame: &Frame, study: &Study, time: &TimeAxis) -> Happened {
    let of_stamp = |kind| matches!(kind, MarkKind::StampAdded | MarkKind::StampResized | MarkKind::StampRetired);
    let mut marks: Vec<&Mark> =
        study.marks.iter().filter(|m| of_stamp(m.kind) && m.from.0 <= study.horizon.0).collect();
    marks.sort_by_key(|mark| mark.from);
    let mut end = f64::NEG_INFINITY;
    for mark in &marks {
        let (at, _) = seconds(mark, time.horizon);
        let (colour, name) = stamp_mark(mark);
        frame.triangle(svg, at, colour);
        let (name, moment) = (text::cut_middle(&name, MARK, 120.0), time.short_moment(at));
        let half = text::width(&name, MARK).max(text::width(&moment, TICK)) / 2.0;
        let x = frame.x(at).clamp(MARGIN + half, WIDTH - MARGIN - half);
        if x - half >= end + APART {
            svg.text(x, frame.top - 30.0, &name, MARK.at(Anchor::Middle));
            svg.text(x, frame.top - 16.0, &moment, TICK.at(Anchor::Middle));
            end = x + half;
        }
    }
    Happened::of(&marks)
}

/// The fault or move behind what was seen in a window: "during weu-2 outage", or "after" it while its wake may last.
pub(super) fn cause(study: &Study, from: f64, until: f64) -> Option<String> {
    let horizon = study.horizon.secs();
    let marks: Vec<(&Mark, (f64, f64))> =
        causes(study).into_iter().map(|mark| (mark, seconds(mark, horizon))).collect();
    let rank = |mark: &Mark| (mark.kind == MarkKind::Fault, mark.from);
    let during = marks.iter().filter(|(_, (start, end))| *start < until && (*end).max(start + 1e-6) > from);
    if let Some((mark, _)) = during.max_by_key(|(mark, _)| rank(mark)) {
        return Some(format!("during {}", named(mark)));
    }
    let wake = |start: f64, end: f64| (end - start).max(horizon * 0.05);
    let after = marks.iter().filter(|(_, (start, end))| *end <= from && from - end <= wake(*start, *end));
    after.max_by(|a, b| a.1.1.total_cmp(&b.1.1)).map(|(mark, _)| format!("after {}", named(mark)))
}

/// A fault reads as it is called; a move is often called by what it does, so it is said that it is one.
fn named(mark: &Mark) -> String {
    let name = short(&mark.label);
    match mark.kind {
        MarkKind::Fault => name,
        MarkKind::Retirement => format!("the retirement \u{201c}{name}\u{201d}"),
        _ => format!("the move \u{201c}{name}\u{201d}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(left: f64, right: f64, name: &str) -> Window {
        let text = name.to_owned();
        Window { kind: MarkKind::Fault, name: text.clone(), shown: text, left, right, name_at: left, lane: 0 }
    }

    #[test]
    fn what_happened_to_stamps_reads_as_a_sentence() {
        let said = |added, resized, retired| Happened { added, resized, retired }.sentence().unwrap_or_default();
        assert_eq!(said(0, 0, 0), "");
        assert_eq!(said(1, 0, 0), "1 stamp is added");
        assert_eq!(said(3, 0, 2), "3 stamps are added and 2 are retired");
        assert_eq!(said(2, 1, 4), "2 stamps are added, 1 is resized and 4 are retired");
        let key = Happened { added: 2, resized: 0, retired: 1 }.key();
        assert_eq!(key.as_deref(), Some("triangles: a stamp is added or retired"));
    }

    #[test]
    fn colliding_names_get_rows_and_the_last_stays_inside() {
        let mut windows =
            [window(100.0, 200.0, "first"), window(150.0, 160.0, "second"), window(690.0, 700.0, "a long third name")];
        assert!(into_lanes(&mut windows, Names::Whole, 700.0));
        assert_eq!(windows.iter().map(|w| w.lane).collect::<Vec<_>>(), [0, 1, 0]);
        assert!(windows[2].name_at + text::width(&windows[2].shown, MARK) <= 700.0 + 1e-9);
    }

    #[test]
    fn what_finds_no_row_is_told() {
        let mut windows: Vec<_> = (0..5).map(|i| window(100.0 + f64::from(i), 200.0, "storm")).collect();
        assert!(!into_lanes(&mut windows, Names::Whole, 700.0));
        assert!(into_lanes(&mut windows, Names::Numbers, 700.0));
    }
}
