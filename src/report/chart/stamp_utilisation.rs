//! How full every stamp is over time: lines for a few stamps, a heat map for many.

use crate::analysis::Study;

use super::ends::{self, End, right_beside};
use super::frame::Frame;
use super::numbers::percent;
use super::samples::{self, Point, known, labelled, natural, runs};
use super::scale::{Quantity, Scale};
use super::sheet::{Above, Sheet, Words};
use super::svg_backend::Svg;
use super::text::{self, short};
use super::theme::{Anchor, HEAT, INK, LABEL, LINE, MARGIN, MUTED, RUST, SERIES, TICK};
use super::{Chart, Picture};

/// The chart `stamp_utilisation`.
pub(super) struct StampUtilisation;

const MEASURE: &str = "stamp_utilisation_ratio";
/// Most stamps that are drawn as lines.
const LINES: usize = 6;
/// Least height of a row of the heat map [px]; of more stamps than have room the fullest are drawn.
const ROW: f64 = 3.0;
/// Most cells of the heat map after equal neighbours are merged; bounds its size.
const CELLS: usize = 2_600;
/// Upper ends of the bins of colour; the last bin has none.
const BINS: [f64; 6] = [0.2, 0.4, 0.6, 0.8, 0.9, 1.0];

struct Stamp {
    name: String,
    points: Vec<Option<Point>>,
}

impl Stamp {
    fn max(&self) -> f64 {
        known(&self.points).map(|point| point.mean).fold(0.0, f64::max)
    }

    fn last(&self) -> f64 {
        known(&self.points).next_back().map_or(0.0, |point| point.mean)
    }
}

impl Chart for StampUtilisation {
    fn draw(&self, study: &Study) -> Option<Picture> {
        let mut stamps: Vec<Stamp> = labelled(study, MEASURE, "stamp")
            .into_iter()
            .map(|(name, windows)| Stamp { name: name.to_owned(), points: samples::points(study, windows, 1.0) })
            .filter(|stamp| known(&stamp.points).next().is_some())
            .collect();
        stamps.sort_by_key(|stamp| natural(&stamp.name));
        match stamps.len() {
            0 => None,
            n if n <= LINES => Some(lines(study, &stamps)),
            _ => Some(heat_map(study, &stamps)),
        }
    }
}

fn lines(study: &Study, stamps: &[Stamp]) -> Picture {
    let max = stamps.iter().map(Stamp::max).fold(1.0, f64::max);
    let right = right_beside(stamps.iter().map(|stamp| (stamp.name.as_str(), percent(stamp.last()))));
    let sheet = Sheet::new(study, Scale::linear(Quantity::Share, max, 5.0), Above::Windows, right);
    let mut ends = vec![planned(&sheet)];
    for (stamp, colour) in stamps.iter().zip(SERIES) {
        for run in runs(&stamp.points) {
            sheet.frame.line(&sheet.svg, &run, colour, LINE);
        }
        let last = stamp.last();
        ends.push(End { y: sheet.frame.y(last), name: stamp.name.clone(), value: percent(last), colour });
    }
    sheet.windows.name(&sheet.svg, &sheet.frame);
    sheet.window_key();
    ends::draw(&sheet.svg, &sheet.frame, ends);
    let words = words(stamps, "");
    sheet.picture("stamp_utilisation", words)
}

/// The limit at the planned capacity, with its name.
fn planned(sheet: &Sheet) -> End {
    sheet.frame.limit(&sheet.svg, 1.0, MUTED);
    End { y: sheet.frame.y(1.0), name: String::new(), value: "planned".to_owned(), colour: MUTED }
}

fn words(stamps: &[Stamp], more: &str) -> Words {
    let fullest = stamps.iter().fold(None, |best: Option<&Stamp>, stamp| match best {
        Some(best) if best.max() >= stamp.max() => Some(best),
        _ => Some(stamp),
    });
    let (name, max) = fullest.map_or((String::new(), 0.0), |stamp| (short(&stamp.name), stamp.max()));
    let over = stamps.iter().filter(|stamp| stamp.max() > 1.0 + 1e-9).count();
    // The figure stands before the name: a long name may be cut.
    let fullest = format!("the fullest reaches {} ({name})", percent(max));
    let title = match over {
        0 => format!("No stamp exceeds its planned capacity; {fullest}"),
        n => format!("{n} of {} stamps exceed their planned capacity; {fullest}", stamps.len()),
    };
    let listed: Vec<String> =
        stamps.iter().take(12).map(|stamp| format!("{} {}", stamp.name, percent(stamp.last()))).collect();
    let rest =
        if stamps.len() > listed.len() { format!(" and {} more", stamps.len() - listed.len()) } else { String::new() };
    Words {
        subtitle: format!("Devices of a stamp against its planned capacity{more}"),
        description: format!("{title}. At the end: {}{rest}.", listed.join(", ")),
        title,
    }
}

/// Columns of a row that share a bin; none where the stamp was not active.
struct Span {
    bin: Option<usize>,
    from: usize,
    until: usize,
}

/// Rows and columns of the heat map, on whole pixels so that cells meet without seams.
struct Grid {
    frame: Frame,
    pitch: f64,
    column: f64,
    columns: usize,
}

fn heat_map(study: &Study, stamps: &[Stamp]) -> Picture {
    let scale = Scale::linear(Quantity::Share, 1.0, 5.0);
    let mut sheet = Sheet::bare(study, scale, Above::Windows, right_beside([]));
    let rows = fullest(stamps, ((sheet.frame.bottom - sheet.frame.top - KEY) / ROW) as usize);
    let longest = rows.iter().map(|stamp| text::width(&stamp.name, TICK)).fold(0.0, f64::max).min(130.0);
    sheet.frame.left = libm::ceil(MARGIN + longest + 8.0);
    sheet.windows = super::marks::Windows::of(study, &sheet.time, sheet.frame.left, sheet.frame.right);
    let grid = Grid::of(&sheet, &rows);
    sheet.frame = grid.frame.clone();
    grid.cells(&sheet, &rows);
    grid.names(&sheet, &rows);
    sheet.frame.times(&sheet.svg, &sheet.time.ticks(10), true);
    sheet.windows.name(&sheet.svg, &sheet.frame);
    key(&sheet);
    let shown = if rows.len() < stamps.len() {
        format!(", the {} fullest of {}", rows.len(), stamps.len())
    } else {
        String::new()
    };
    let words = words(stamps, &shown);
    sheet.picture("stamp_utilisation", words)
}

/// The fullest stamps, at most so many, in the order of their names.
fn fullest(stamps: &[Stamp], most: usize) -> Vec<&Stamp> {
    let mut order: Vec<usize> = (0..stamps.len()).collect();
    order.sort_by(|a, b| stamps[*b].max().total_cmp(&stamps[*a].max()).then(a.cmp(b)));
    order.truncate(most);
    order.sort_unstable();
    order.into_iter().map(|i| &stamps[i]).collect()
}

impl Grid {
    fn of(sheet: &Sheet, rows: &[&Stamp]) -> Self {
        let mut frame = sheet.frame.clone();
        let room = frame.bottom - frame.top - KEY;
        let pitch = room / rows.len() as f64;
        // Low rows may stand on half pixels, which are whole ones of a PNG.
        let grain = if pitch < 8.0 { 2.0 } else { 1.0 };
        let pitch = (libm::floor(pitch * grain) / grain).clamp(2.0, 30.0);
        frame.bottom = frame.top + pitch * rows.len() as f64;
        let windows = rows.iter().map(|stamp| stamp.points.len()).max().unwrap_or(1).max(1);
        let narrowest = libm::ceil((frame.right - frame.left) / windows as f64).max(4.0);
        let mut grid = Self { frame, pitch, column: narrowest, columns: 0 };
        grid.fit();
        while rows.iter().map(|stamp| grid.merged(stamp).len()).sum::<usize>() > CELLS {
            grid.column += 4.0;
            grid.fit();
        }
        grid
    }

    fn fit(&mut self) {
        self.columns = libm::ceil((self.frame.right - self.frame.left) / self.column) as usize;
    }

    /// Bins of a row with the columns they span; where windows share a column, the fullest counts.
    fn merged(&self, stamp: &Stamp) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        for (column, value) in self.values(stamp).into_iter().enumerate() {
            let bin = value.map(bin_of);
            match spans.last_mut() {
                Some(last) if last.bin == bin => last.until = column + 1,
                _ => spans.push(Span { bin, from: column, until: column + 1 }),
            }
        }
        spans
    }

    /// A window counts in the columns whose middle it covers, and in the one of its own middle.
    fn values(&self, stamp: &Stamp) -> Vec<Option<f64>> {
        let mut values: Vec<Option<f64>> = vec![None; self.columns];
        let place = |seconds: f64| (self.frame.x(seconds) - self.frame.left) / self.column;
        for point in known(&stamp.points) {
            let (first, last) = (place(point.from).round() as usize, place(point.until).round() as usize);
            let own = place(point.at()) as usize;
            let end = last.max(own + 1).min(self.columns);
            for value in &mut values[first.min(own).min(end)..end] {
                *value = Some(value.map_or(point.mean, |before: f64| before.max(point.mean)));
            }
        }
        values
    }

    fn x(&self, column: usize) -> f64 {
        (self.frame.left + self.column * column as f64).min(self.frame.right)
    }

    fn cells(&self, sheet: &Sheet, rows: &[&Stamp]) {
        sheet.svg.push(
            "<defs><pattern id=\"stamp_utilisation-none\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
             patternTransform=\"rotate(45)\">\
             <path d=\"M0 0v6\" stroke=\"#e3e6ea\" stroke-width=\"2\"/></pattern></defs>\n",
        );
        let frame = &self.frame;
        let gap = if self.pitch >= 8.0 { 1.0 } else { 0.0 };
        let spans: Vec<Vec<Span>> = rows.iter().map(|stamp| self.merged(stamp)).collect();
        for (row, spans) in spans.iter().enumerate() {
            let top = frame.top + self.pitch * row as f64;
            for span in spans.iter().filter(|span| span.bin.is_none()) {
                let to = (self.x(span.until), top + self.pitch - gap);
                hatched(&sheet.svg, (self.x(span.from), top), to);
            }
        }
        for (bin, colour) in HEAT.iter().enumerate() {
            for (row, spans) in spans.iter().enumerate() {
                let top = frame.top + self.pitch * row as f64;
                for span in spans.iter().filter(|span| span.bin == Some(bin)) {
                    let to = (self.x(span.until), top + self.pitch - gap);
                    sheet.svg.block((self.x(span.from), top), to, *colour, 1.0);
                }
            }
        }
    }

    /// Names at the left and last values at the right, as many as there is room for.
    fn names(&self, sheet: &Sheet, rows: &[&Stamp]) {
        sheet.svg.text(self.frame.right + 11.0, self.frame.top - 9.0, "at the end", TICK);
        let every = libm::ceil(14.0 / self.pitch).max(1.0) as usize;
        for (row, stamp) in rows.iter().enumerate().step_by(every) {
            let y = self.frame.top + self.pitch * (row as f64 + 0.5) + 4.0;
            let name = text::cut_middle(&stamp.name, TICK, self.frame.left - MARGIN - 8.0);
            sheet.svg.text(self.frame.left - 8.0, y, &name, TICK.at(Anchor::End));
            let last = stamp.last();
            let face = if last > 1.0 { LABEL.in_bold().in_colour(RUST) } else { LABEL.in_colour(INK) };
            sheet.svg.text(self.frame.right + 52.0, y, &percent(last), face.at(Anchor::End));
        }
    }
}

/// Height of the key under the heat map [px].
const KEY: f64 = 30.0;

/// The bins of colour with their ends, between the times and the footnote.
fn key(sheet: &Sheet) {
    let (width, top) = (34.0, sheet.frame.bottom + 32.0);
    let heading = "Share of planned capacity";
    sheet.svg.text(sheet.frame.left, top + 9.0, heading, TICK);
    let left = (sheet.frame.left + text::width(heading, TICK) + 14.0).round();
    for (i, colour) in HEAT.iter().enumerate() {
        let x = left + width * i as f64;
        sheet.svg.block((x, top), (x + width, top + 10.0), *colour, 1.0);
        let end = match i {
            0 => "0".to_owned(),
            6 => "100 %".to_owned(),
            i => format!("{:.0}", BINS[i - 1] * 100.0),
        };
        sheet.svg.text(x, top + 23.0, &end, TICK.at(Anchor::Middle));
    }
    let x = left + width * HEAT.len() as f64 + 22.0;
    hatched(&sheet.svg, (x, top), (x + 20.0, top + 10.0));
    sheet.svg.text(x + 26.0, top + 9.0, "not active", TICK);
}

/// A place without data.
fn hatched(svg: &Svg, from: (f64, f64), to: (f64, f64)) {
    let (x, y, width, height) = (from.0, from.1, to.0 - from.0, to.1 - from.1);
    svg.push(&format!(
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"url(#stamp_utilisation-none)\"/>\n"
    ));
}

fn bin_of(value: f64) -> usize {
    BINS.iter().position(|upper| value <= *upper + 1e-9).unwrap_or(BINS.len())
}
