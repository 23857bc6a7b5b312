//! What a device costs a month as the fleet grows: the sawtooth of stamps, over the floor of full ones.

use crate::analysis::Study;

use super::ends::{self, End, right_beside};
use super::frame::width_of;
use super::marks::{Happened, stamps};
use super::numbers::{percent, usd};
use super::samples::{self, Point, known, labelled, runs};
use super::scale::{Quantity, Scale};
use super::sheet::{Above, Sheet, Words, intervals};
use super::theme::{BLUE, Colour, MUTED, TEAL};
use super::{Chart, Picture};

/// The chart `cost_per_device`.
pub(super) struct CostPerDevice;

const MEASURE: &str = "cost_per_device_usd_per_month";
/// Drawn in this order, the key line last.
const LINES: [(&str, Colour); 3] = [("floor", MUTED), ("connected", TEAL), ("registered", BLUE)];

/// What a title says of the highest point: it stands out by so much [1].
const PEAK: f64 = 1.2;

struct Line {
    name: &'static str,
    colour: Colour,
    points: Vec<Option<Point>>,
}

impl Line {
    fn first(&self) -> Option<f64> {
        known(&self.points).next().map(|point| point.mean)
    }

    fn last(&self) -> Option<f64> {
        known(&self.points).next_back().map(|point| point.mean)
    }
}

impl Chart for CostPerDevice {
    fn draw(&self, study: &Study) -> Option<Picture> {
        let lines = lines(study);
        let key = lines.iter().rfind(|line| line.name != "floor")?;
        let values = lines.iter().flat_map(|line| known(&line.points).map(|point| point.mean));
        let right = right_beside(lines.iter().filter_map(|line| Some((line.name, usd(line.last()?)))));
        let sheet = Sheet::new(study, Scale::fitting(Quantity::Usd, values), Above::Stamps, right);
        for line in &lines {
            for run in runs(&line.points) {
                if line.name == "floor" {
                    sheet.frame.floor(&sheet.svg, &run, line.colour);
                } else {
                    // A second band over the first would only muddy it.
                    if line.name == key.name {
                        sheet.frame.band(&sheet.svg, &run, line.colour);
                    }
                    sheet.frame.line(&sheet.svg, &run, line.colour, width_of(line.name == key.name));
                }
            }
        }
        let happened = stamps(&sheet.svg, &sheet.frame, study, &sheet.time);
        let ends = lines.iter().filter_map(|line| {
            let last = line.last()?;
            Some(End { y: sheet.frame.y(last), name: line.name.to_owned(), value: usd(last), colour: line.colour })
        });
        ends::draw(&sheet.svg, &sheet.frame, ends.collect());
        let words = words(&sheet, &lines, key, happened);
        Some(sheet.picture("cost_per_device", words))
    }
}

fn lines(study: &Study) -> Vec<Line> {
    let series = labelled(study, MEASURE, "per");
    let line = |(name, colour): &(&'static str, Colour)| {
        let (_, windows) = series.iter().find(|(per, _)| per == name)?;
        Some(Line { name, colour: *colour, points: samples::points(study, windows, 1.0) })
    };
    LINES.iter().filter_map(line).filter(|line| known(&line.points).next().is_some()).collect()
}

fn words(sheet: &Sheet, lines: &[Line], key: &Line, happened: Happened) -> Words {
    let (first, last) = (key.first().unwrap_or(0.0), key.last().unwrap_or(0.0));
    let stamps = happened.sentence().map_or_else(String::new, |sentence| format!(" while {sentence}"));
    let way = if last < first { "falls" } else { "rises" };
    let peak = known(&key.points).map(|point| point.mean).fold(f64::NEG_INFINITY, f64::max);
    let title = if peak > first.max(last) * PEAK {
        // The stamps stand above the chart; with them the title would not fit.
        format!("Cost per {} device goes from {} over {} to {} a month", key.name, usd(first), usd(peak), usd(last))
    } else if (last - first).abs() > first.abs() * 0.03 && usd(first) != usd(last) {
        format!("Cost per {} device {way} from {} to {} a month{stamps}", key.name, usd(first), usd(last))
    } else {
        format!("A {} device costs {} a month{stamps}", key.name, usd(last))
    };
    let figures: Vec<String> = lines.iter().rev().map(figures).collect();
    // A triangle stands where a stamp takes devices; its cost begins with the order, which may be weeks before.
    let paid = if happened.added > 0 { " (paid from its order)" } else { "" };
    let triangles = happened.key().map_or_else(String::new, |key| format!("; {key}{paid}"));
    let floor = if lines.iter().any(|line| line.name == "floor") { "; floor: all stamps full" } else { "" };
    Words {
        subtitle: format!("USD per device and month{}{floor}{triangles}", intervals(sheet.study, "band")),
        description: format!("{title}. At the end: {}.{}", figures.join(", "), premium(lines, last)),
        title,
    }
}

fn figures(line: &Line) -> String {
    let value = usd(line.last().unwrap_or(0.0));
    if line.name == "floor" {
        format!("{value} were every stamp full")
    } else {
        format!("{value} per {} device", line.name)
    }
}

fn premium(lines: &[Line], last: f64) -> String {
    let floor = lines.iter().find(|line| line.name == "floor").and_then(Line::last).filter(|floor| *floor > 0.0);
    floor.map_or_else(String::new, |floor| format!(" The premium over the floor is {}.", percent(last / floor - 1.0)))
}
