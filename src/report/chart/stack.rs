//! Stacked areas: tints with a full-colour top edge, names inside where there is room.

use crate::analysis::{Estimate, Study};

use super::callout::{Place, Side, Taken};
use super::ends::End;
use super::frame::Frame;
use super::samples::{self, Point, extremes};
use super::svg_backend::Svg;
use super::text;
use super::theme::{AREA, Anchor, Colour, LABEL, LABEL_PITCH};

/// Most moments of a stack; each costs a corner in three paths of every layer.
pub(super) const MOST: usize = 260;
/// Height that a name inside an area needs [px].
const ROOM: f64 = 16.0;
/// Width of a top edge [px].
const EDGE: f64 = 1.6;

/// One area of a stack.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// Name.
    pub(super) name: String,
    /// Colour of tint and edge.
    pub(super) colour: Colour,
    /// A value per window; nothing where nothing was observed.
    pub(super) points: Vec<Option<Point>>,
}

impl Layer {
    /// A layer of a series of the study.
    pub(super) fn new(study: &Study, name: String, colour: Colour, windows: &[Estimate]) -> Self {
        Self { name, colour, points: samples::points(study, windows, 1.0) }
    }

    /// Largest value of any window.
    pub(super) fn max(&self) -> f64 {
        samples::known(&self.points).map(|point| point.mean).fold(0.0, f64::max)
    }

    /// Value of the window that begins at a moment [s].
    pub(super) fn at(&self, from: f64) -> Option<f64> {
        samples::known(&self.points).find(|point| (point.from - from).abs() < 1e-9).map(|point| point.mean)
    }
}

/// The layers added up, with name and colour of the first; a window counts where any is known.
pub(super) fn sum(layers: &[Layer]) -> Option<Layer> {
    let longest = layers.iter().map(|layer| layer.points.len()).max()?;
    let total = |i: usize| {
        let mut here = layers.iter().filter_map(|layer| layer.points.get(i).copied().flatten());
        let first = here.next()?;
        Some(here.fold(first, |sum, point| Point { mean: sum.mean + point.mean, ..sum }))
    };
    Some(Layer { points: (0..longest).map(total).collect(), ..layers.first()?.clone() })
}

/// The layers that exceed a height in some window; all of them where none does.
pub(super) fn without_small(layers: &[Layer], least: f64) -> Vec<Layer> {
    let large: Vec<Layer> = layers.iter().filter(|layer| layer.max() > least).cloned().collect();
    if large.is_empty() { layers.to_vec() } else { large }
}

/// A moment of a stack: the edges from the baseline up, one more than layers.
#[derive(Debug, Clone)]
struct Moment {
    from: f64,
    at: f64,
    until: f64,
    edges: Vec<f64>,
    /// What thinning looks at.
    reference: f64,
}

/// The layers laid on each other, lowest first.
pub(super) struct Stack<'a> {
    layers: &'a [Layer],
    runs: Vec<Vec<Moment>>,
}

impl<'a> Stack<'a> {
    /// Lays the layers on each other. Where only some are known in a window, the others count as zero there.
    /// Long series keep the moments in which the reference is smallest and largest.
    pub(super) fn new(layers: &'a [Layer], reference: &[Option<Point>]) -> Self {
        let count = layers.iter().map(|layer| layer.points.len()).max().unwrap_or(0);
        let moments: Vec<Option<Moment>> = (0..count).map(|i| moment(layers, reference, i)).collect();
        let runs = moments.split(Option::is_none).map(|run| run.iter().flatten().cloned().collect::<Vec<_>>());
        let group = count.div_ceil(MOST / 2);
        let runs = runs.filter(|run| !run.is_empty()).map(|run| if count <= MOST { run } else { thinned(&run, group) });
        Self { layers, runs: runs.collect() }
    }

    /// Height of the whole stack where it is highest.
    pub(super) fn max(&self) -> f64 {
        self.runs.iter().flatten().filter_map(|moment| moment.edges.last().copied()).fold(0.0, f64::max)
    }

    /// Draws areas and edges, writes names inside, and returns the names that found no room.
    pub(super) fn draw(&self, svg: &Svg, frame: &Frame, value: impl Fn(&Layer) -> String) -> Vec<End> {
        for (k, layer) in self.layers.iter().enumerate() {
            self.each_part(k, |part| frame.polygon(svg, area(frame, part, k), layer.colour, AREA));
        }
        for (k, layer) in self.layers.iter().enumerate().rev() {
            self.each_part(k, |part| frame.path(svg, edge(frame, part, k + 1), layer.colour, EDGE));
        }
        let (mut taken, mut homeless) = (Taken::default(), Vec::new());
        let shown = self.layers.iter().enumerate().filter(|(_, layer)| layer.max() > 0.0);
        let texts: Vec<(usize, &Layer, String)> = shown.map(|(k, layer)| (k, layer, value(layer))).collect();
        for (k, layer, value) in &texts {
            match self.write(svg, frame, *k, layer, value) {
                Some(places) => places.into_iter().for_each(|place| taken.text(place)),
                None => homeless.push((*k, *layer, value)),
            }
        }
        homeless
            .iter()
            .filter_map(|(k, layer, value)| self.call_out(svg, frame, *k, layer, value, &mut taken))
            .collect()
    }

    /// Every stretch in which a layer has any height, with a moment more at either side where it tapers.
    /// The part knows whether it begins and ends with the run, where its edges reach to the borders of the windows.
    fn each_part(&self, k: usize, mut draw: impl FnMut(&Part)) {
        for run in &self.runs {
            let high: Vec<bool> = run.iter().map(|moment| moment.edges[k + 1] > moment.edges[k]).collect();
            let near = |i: usize| high[i.saturating_sub(1)..high.len().min(i + 2)].contains(&true);
            let mut start = None;
            for i in 0..=run.len() {
                let inside = i < run.len() && near(i);
                match (inside, start) {
                    (true, None) => start = Some(i),
                    (false, Some(first)) => {
                        draw(&Part { moments: &run[first..i], begins: first == 0, ends: i == run.len() });
                        start = None;
                    }
                    _ => {}
                }
            }
        }
    }

    /// Name and value inside the area, in one line or in two; where they stand, if there is room.
    fn write(&self, svg: &Svg, frame: &Frame, k: usize, layer: &Layer, value: &str) -> Option<Vec<Place>> {
        let face = LABEL.at(Anchor::Middle);
        let width = text_width(layer, value);
        if let Some((x, y)) = self.place(frame, k, width, ROOM) {
            svg.name_and_value(x, y + 4.2, &layer.name, value, face);
            return Some(vec![Place::around(x, y, width)]);
        }
        let width = text::width(&layer.name, LABEL.in_bold()).max(text::width(value, LABEL));
        let (x, y) = self.place(frame, k, width, ROOM + LABEL_PITCH)?;
        let half = LABEL_PITCH / 2.0;
        svg.name_and_value(x, y - half + 4.2, &layer.name, "", face);
        svg.name_and_value(x, y + half + 4.2, "", value, face);
        Some(vec![Place::around(x, y - half, width), Place::around(x, y + half, width)])
    }

    /// The name of a layer that is too thin for it, near its thickest place and tied to it; else an end.
    fn call_out(
        &self,
        svg: &Svg,
        frame: &Frame,
        k: usize,
        layer: &Layer,
        value: &str,
        taken: &mut Taken,
    ) -> Option<End> {
        let middle = |m: &Moment| (frame.x(m.at), f64::midpoint(frame.y(m.edges[k]), frame.y(m.edges[k + 1])));
        let (first, last) = self.thick(k)?;
        let (first, last, width) = (middle(first), middle(last), text_width(layer, value));
        let mut find = |point, edges: bool| {
            let side = if point == first { Side::Left } else { Side::Right };
            Some((taken.find(frame, point, width, side, |place| edges && self.crosses(frame, place))?, point))
        };
        let free = find(first, true).or_else(|| find(last, true));
        let Some((place, point)) = free.or_else(|| find(first, false)).or_else(|| find(last, false)) else {
            return Some(End { y: last.1, name: layer.name.clone(), value: value.to_owned(), colour: layer.colour });
        };
        svg.rule(point, place.tie(point), layer.colour, 1.0);
        svg.dot(point, layer.colour);
        if free.is_some() {
            svg.name_and_value(place.left, place.y + 4.2, &layer.name, value, LABEL);
        } else {
            svg.over_lines(place.left, place.y + 4.2, &layer.name, value, LABEL);
        }
        None
    }

    /// The first and the last moment in which a layer is nearly as thick as ever.
    fn thick(&self, k: usize) -> Option<(&Moment, &Moment)> {
        let thickness = |moment: &Moment| moment.edges[k + 1] - moment.edges[k];
        let most = self.runs.iter().flatten().map(thickness).reduce(f64::max)?;
        let mut thick = self.runs.iter().flatten().filter(|moment| thickness(moment) >= most * 0.9);
        let first = thick.next()?;
        Some((first, thick.next_back().unwrap_or(first)))
    }

    /// Whether any edge runs through a place.
    fn crosses(&self, frame: &Frame, place: &Place) -> bool {
        self.runs.iter().any(|run| {
            let here: Vec<&Moment> = under(run, frame, place.left - 4.0, place.right + 4.0).collect();
            (0..=self.layers.len()).any(|k| {
                let heights = || here.iter().map(|m| frame.y(m.edges[k]));
                let (low, high) = (heights().fold(f64::INFINITY, f64::min), heights().fold(0.0, f64::max));
                low < place.y + 9.0 && high > place.y - 9.0
            })
        })
    }

    /// Middle of the place in an area where a text of this width has most room, if it has enough.
    fn place(&self, frame: &Frame, k: usize, width: f64, least: f64) -> Option<(f64, f64)> {
        let half = width / 2.0 + 6.0;
        let mut best: Option<(f64, f64, f64)> = None;
        for run in &self.runs {
            for middle in run {
                let x = frame.x(middle.at);
                let (left, right) = (x - half, x + half);
                if left < frame.x(run[0].from) || right > frame.x(run[run.len() - 1].until) {
                    continue;
                }
                let (top, bottom) = under(run, frame, left, right)
                    .fold((0.0, f64::INFINITY), |(top, bottom): (f64, f64), m| {
                        (top.max(frame.y(m.edges[k + 1])), bottom.min(frame.y(m.edges[k])))
                    });
                let room = bottom - top;
                if room >= least && best.is_none_or(|(most, _, _)| room > most + 0.5) {
                    best = Some((room, x, f64::midpoint(top, bottom)));
                }
            }
        }
        best.map(|(_, x, y)| (x, y))
    }
}

/// The moments of a run whose edges, drawn from one to the next, touch a stretch [px].
fn under<'a>(run: &'a [Moment], frame: &'a Frame, left: f64, right: f64) -> impl Iterator<Item = &'a Moment> {
    run.iter().enumerate().filter_map(move |(i, moment)| {
        let after = i == 0 || frame.x(run[i - 1].at) <= right;
        let before = i + 1 == run.len() || frame.x(run[i + 1].at) >= left;
        (after && before).then_some(moment)
    })
}

fn text_width(layer: &Layer, value: &str) -> f64 {
    text::width(&layer.name, LABEL.in_bold()) + text::width(&format!(" {value}"), LABEL)
}

fn moment(layers: &[Layer], reference: &[Option<Point>], i: usize) -> Option<Moment> {
    let known = layers.iter().find_map(|layer| layer.points.get(i).copied().flatten())?;
    let mut edges = vec![0.0];
    for layer in layers {
        let value = layer.points.get(i).copied().flatten().map_or(0.0, |point| point.mean.max(0.0));
        edges.push(edges[edges.len() - 1] + value);
    }
    let reference = reference.get(i).copied().flatten().map_or(0.0, |point| point.mean);
    Some(Moment { from: known.from, at: known.at(), until: known.until, edges, reference })
}

/// Of each group the moments in which the reference is smallest and largest.
fn thinned(run: &[Moment], group: usize) -> Vec<Moment> {
    let mut kept: Vec<Moment> = Vec::new();
    for chunk in run.chunks(group) {
        kept.extend(extremes(chunk.iter().map(|m| m.reference)).iter().map(|i| chunk[*i].clone()));
    }
    if let (Some(first), Some(last)) = (run.first(), run.last()) {
        kept[0].from = first.from;
        let end = kept.len() - 1;
        kept[end].until = last.until;
    }
    kept
}

/// A stretch of a run in which a layer has any height.
struct Part<'a> {
    moments: &'a [Moment],
    begins: bool,
    ends: bool,
}

/// Corners along an edge; at the borders of a run from the start of its first window or to the end of its last.
fn edge(frame: &Frame, part: &Part, k: usize) -> Vec<(f64, f64)> {
    let corner = |at: f64, moment: &Moment| (at, frame.scale.unit(moment.edges[k]));
    let first = part.moments.first().filter(|_| part.begins).map(|moment| corner(moment.from, moment));
    let last = part.moments.last().filter(|_| part.ends).map(|moment| corner(moment.until, moment));
    let inner = part.moments.iter().map(|moment| corner(moment.at, moment));
    first.into_iter().chain(inner).chain(last).collect()
}

fn area(frame: &Frame, part: &Part, k: usize) -> Vec<(f64, f64)> {
    let mut corners = edge(frame, part, k + 1);
    corners.extend(edge(frame, part, k).into_iter().rev());
    corners
}
