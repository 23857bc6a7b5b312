//! The plot of a picture: its rectangle, its axes, and what plotters draws into it.

use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::IntoDrawingArea;
use plotters::element::{Circle, Polygon, TriangleMarker};
use plotters::series::LineSeries;

use super::samples::Point;
use super::scale::Scale;
use super::svg_backend::{Svg, UNITS};
use super::text;
use super::theme::{Anchor, BAND, BASELINE, Colour, GRID, GROUND, LABEL, LINE, MARGIN, TICK};

/// Width below which a stretch of a line gets a dot [px].
const SHORT: f64 = 4.0;
/// Radius of the dot, in units of the drawing.
const DOT: i32 = 24;

type Plot<'a> = ChartContext<'a, Svg, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// A plot's rectangle [px], its length of time [s] and its value axis.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    pub(super) horizon: f64,
    pub(super) scale: Scale,
}

/// Left end of a plot [px]: the longest text of its axis ends a little before it.
pub(super) fn left_of(scale: &Scale) -> f64 {
    let longest = scale.ticks.iter().map(|(_, text)| text::width(text, TICK)).fold(0.0, f64::max);
    (MARGIN + longest + 10.0).round()
}

impl Frame {
    /// Place of a moment [px].
    pub(super) fn x(&self, seconds: f64) -> f64 {
        self.left + (self.right - self.left) * (seconds / self.horizon).clamp(0.0, 1.0)
    }

    /// Place of a value [px].
    pub(super) fn y(&self, value: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * self.scale.unit(value)
    }

    /// Grid and values, without a line at the left.
    pub(super) fn values(&self, svg: &Svg) {
        let (base, rest) = self.scale.ticks.split_first().map_or((None, &[][..]), |(base, rest)| (Some(base), rest));
        for (value, _) in rest {
            let y = self.y(*value).round() + 0.5;
            svg.rule((self.left, y), (self.right, y), GRID, 1.0);
        }
        for (value, text) in base.into_iter().chain(rest) {
            svg.text(self.left - 8.0, self.y(*value) + 4.0, text, TICK.at(Anchor::End));
        }
    }

    /// Baseline and its ticks; the texts only where `said`, since panels share the lowest axis.
    pub(super) fn times(&self, svg: &Svg, ticks: &[(f64, String)], said: bool) {
        let y = self.bottom.round() + 0.5;
        svg.rule((self.left, y), (self.right, y), BASELINE, 1.0);
        for (at, text) in ticks {
            let x = self.x(*at);
            svg.rule((x, y), (x, y + 5.0), BASELINE, 1.0);
            if said {
                svg.text(x, self.bottom + 19.0, text, TICK.at(Anchor::Middle));
            }
        }
    }

    /// The coordinates of plotters: seconds across, the share of the axis up.
    fn plot(&self, svg: &Svg) -> Plot<'static> {
        let units = |px: f64| (px * UNITS).round() as i32;
        let size = (units(self.right - self.left) + 1, units(self.bottom - self.top) + 1);
        let area = svg.clone().into_drawing_area().shrink((units(self.left), units(self.top)), size);
        let plot = ChartBuilder::on(&area).build_cartesian_2d(0.0..self.horizon, 0.0..1.0);
        plot.expect("a sheet of text takes every drawing")
    }

    /// A line through a stretch of windows, from the start of the first to the end of the last.
    pub(super) fn line(&self, svg: &Svg, run: &[Point], colour: Colour, width: f64) {
        let path = self.through(run, |point| point.mean);
        let drawn = self.plot(svg).draw_series(LineSeries::new(path, colour.stroke(width))).map(|_| ());
        drawn.expect("a sheet of text takes every drawing");
    }

    /// A dot in the middle of a line that is too short to be seen as one.
    pub(super) fn dot(&self, svg: &Svg, run: &[Point], colour: Colour) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return };
        if self.x(last.until) - self.x(first.from) < SHORT {
            let middle = run[run.len() / 2];
            let at = (f64::midpoint(first.from, last.until), self.scale.unit(middle.mean));
            let dot = Circle::new(at, DOT, colour.fill(1.0));
            self.plot(svg).draw_series(std::iter::once(dot)).map(|_| ()).expect("a sheet of text takes every drawing");
        }
    }

    /// The interval of every window that has one.
    pub(super) fn band(&self, svg: &Svg, run: &[Point], colour: Colour) {
        for part in run.split(|point| !point.has_interval()).filter(|part| !part.is_empty()) {
            let mut corners = self.through(part, |point| point.high);
            corners.extend(self.through(part, |point| point.low).into_iter().rev());
            self.polygon(svg, corners, colour, BAND);
        }
    }

    /// A filled shape; corners are moments [s] and shares of the axis.
    pub(super) fn polygon(&self, svg: &Svg, corners: Vec<(f64, f64)>, colour: Colour, opacity: f64) {
        let shape = Polygon::new(corners, colour.fill(opacity));
        self.plot(svg).draw_series(std::iter::once(shape)).map(|_| ()).expect("a sheet of text takes every drawing");
    }

    /// A line along given corners.
    pub(super) fn path(&self, svg: &Svg, corners: Vec<(f64, f64)>, colour: Colour, width: f64) {
        let drawn = self.plot(svg).draw_series(LineSeries::new(corners, colour.stroke(width))).map(|_| ());
        drawn.expect("a sheet of text takes every drawing");
    }

    /// Corners of a line of windows.
    fn through(&self, run: &[Point], value: impl Fn(&Point) -> f64) -> Vec<(f64, f64)> {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return Vec::new() };
        let corner = |at: f64, point: &Point| (at, self.scale.unit(value(point)));
        let ends = |at: f64, point: &Point| std::iter::once(corner(at, point));
        let inner = run.iter().map(|point| corner(point.at(), point));
        ends(first.from, first).chain(inner).chain(ends(last.until, last)).collect()
    }

    /// A dashed line over a halo of the ground: a floor.
    pub(super) fn floor(&self, svg: &Svg, run: &[Point], colour: Colour) {
        self.line(svg, run, GROUND, 3.0);
        svg.set_dashed(true);
        self.line(svg, run, colour, 1.6);
        svg.set_dashed(false);
    }

    /// A limit across the whole plot, dashed over a halo.
    pub(super) fn limit(&self, svg: &Svg, value: f64, colour: Colour) {
        let y = self.y(value);
        svg.rule((self.left, y), (self.right, y), GROUND, 3.0);
        svg.set_dashed(true);
        svg.rule((self.left, y), (self.right, y), colour, 1.6);
        svg.set_dashed(false);
    }

    /// One dot at a peak, its value where the line itself leaves room.
    pub(super) fn peak(&self, svg: &Svg, points: &[Option<Point>], peak: &Point, text: &str, colour: Colour) {
        let at = (peak.at(), self.scale.unit(peak.mean));
        for (size, paint) in [(50, GROUND), (36, colour)] {
            let dot = Circle::new(at, size, paint.fill(1.0));
            self.plot(svg).draw_series(std::iter::once(dot)).map(|_| ()).expect("a sheet of text takes every drawing");
        }
        let (x, y) = (self.x(peak.at()), self.y(peak.mean));
        let width = text::width(text, LABEL.in_bold());
        let trace = self.trace(points);
        let left_ends = [x - 9.0 - width, x + 9.0, x - width / 2.0, x - width / 2.0];
        let middles = [y, y, y - 15.0, y + 15.0];
        let free = |(left, middle): &(f64, f64)| {
            let inside = *left > self.left + 2.0 && left + width < self.right - 2.0 && middle - 8.0 > self.top;
            let crossed =
                |(px, py): &(f64, f64)| *px > left - 3.0 && *px < left + width + 3.0 && (py - middle).abs() < 9.0;
            inside && !trace.iter().any(crossed)
        };
        let places = left_ends.into_iter().zip(middles);
        let (left, middle) = places.clone().find(free).unwrap_or((left_ends[1].min(self.right - width), y));
        svg.over_lines(left, middle + 4.2, text, "", LABEL.in_colour(colour));
    }

    /// A line as dense places [px].
    fn trace(&self, points: &[Option<Point>]) -> Vec<(f64, f64)> {
        let corners: Vec<(f64, f64)> = points.iter().flatten().map(|p| (self.x(p.at()), self.y(p.mean))).collect();
        let between = |pair: &[(f64, f64)]| {
            let (from, to) = (pair[0], pair[1]);
            (0..=8)
                .map(move |i| f64::from(i) / 8.0)
                .map(move |s| (from.0 + (to.0 - from.0) * s, from.1 + (to.1 - from.1) * s))
        };
        corners.windows(2).flat_map(between).collect()
    }

    /// A small triangle that points at the plot from above.
    pub(super) fn triangle(&self, svg: &Svg, seconds: f64, colour: Colour) {
        // plotters' marker points up; a negative size turns it round. It stands outside of the plot's coordinates,
        // which would be cut, so it is placed on the whole sheet.
        let at = ((self.x(seconds) * UNITS).round() as i32, ((self.top - 7.0) * UNITS).round() as i32);
        let marker = TriangleMarker::new(at, -50, colour.fill(1.0));
        svg.clone().into_drawing_area().draw(&marker).expect("a sheet of text takes every drawing");
    }
}

/// The line of the key series, or an ordinary one.
pub(super) fn width_of(key: bool) -> f64 {
    if key { super::theme::KEY_LINE } else { LINE }
}
