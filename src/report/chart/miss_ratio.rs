//! Why look-ups missed the gateway's cache, over time.

use crate::analysis::Study;

use super::ends::{self, End, right_beside};
use super::marks::{cause, seen};
use super::numbers::percent;
use super::samples::{self, Point, known, labelled, median, runs_of, unlabelled};
use super::scale::{Quantity, Scale};
use super::sheet::{self, Above, Sheet, Words};
use super::stack::{self, Layer, Stack};
use super::theme::{BLUE, BURGUNDY, Colour, INDIGO, INK, KEY_LINE, OCHRE, RUST, TEAL};
use super::{Chart, Picture};

/// The chart `miss_ratio`.
pub(super) struct MissRatio;

const MEASURE: &str = "cache_miss_ratio";
/// Causes from the baseline up, steady ones below and those of faults above; with the words of a title.
const CAUSES: [(&str, Colour, &str); 6] = [
    ("compulsory", BLUE, "first look-ups"),
    ("expired", TEAL, "expired entries"),
    ("capacity", OCHRE, "evicted entries"),
    ("moved", INDIGO, "moved devices"),
    ("flushed", RUST, "flushed entries"),
    ("outage", BURGUNDY, "cache down"),
];

impl Chart for MissRatio {
    fn draw(&self, study: &Study) -> Option<Picture> {
        let layers = layers(study);
        let total = total(study, &layers)?;
        let stack = Stack::new(&layers, &total);
        let max = known(&total).map(|point| point.mean).fold(stack.max(), f64::max);
        // A share has its natural end, but a small one would be a line on the floor.
        let top = if max > 0.4 { 1.0 } else { max };
        let last = known(&total).next_back()?.mean;
        let right = right_beside([("all", percent(last))]);
        let sheet = Sheet::new(study, Scale::linear(Quantity::Share, top, 5.0), Above::Windows, right);
        let mut names = stack.draw(&sheet.svg, &sheet.frame, |layer| format!("max {}", percent(layer.max())));
        for run in runs_of(&total, stack::MOST) {
            sheet.frame.line(&sheet.svg, &run, INK, KEY_LINE);
            sheet.frame.dot(&sheet.svg, &run, INK);
        }
        sheet.windows.name(&sheet.svg, &sheet.frame);
        sheet.window_key();
        names.push(End { y: sheet.frame.y(last), name: "all".to_owned(), value: percent(last), colour: INK });
        ends::draw(&sheet.svg, &sheet.frame, names);
        let words = words(study, &sheet, &layers, &total);
        Some(sheet.picture("miss_ratio", words))
    }
}

fn layers(study: &Study) -> Vec<Layer> {
    let series = labelled(study, MEASURE, "cause");
    let layer = |(cause, colour, _): &(&str, Colour, &str)| {
        let (_, windows) = series.iter().find(|(name, _)| name == cause)?;
        Some(Layer::new(study, (*cause).to_owned(), *colour, windows))
    };
    CAUSES.iter().filter_map(layer).filter(|layer| known(&layer.points).next().is_some()).collect()
}

/// The unlabelled series, else the sum of the causes.
fn total(study: &Study, layers: &[Layer]) -> Option<Vec<Option<Point>>> {
    let whole = unlabelled(study, MEASURE).map(|windows| samples::points(study, windows, 1.0));
    if let Some(points) = whole.filter(|points| known(points).next().is_some()) {
        return Some(points);
    }
    stack::sum(layers).map(|all| all.points)
}

fn words(study: &Study, sheet: &Sheet, layers: &[Layer], total: &[Option<Point>]) -> Words {
    let usual = median(known(total).map(|point| point.mean).collect());
    let title = finding(study, sheet, layers, total, usual);
    let parts: Vec<String> = layers
        .iter()
        .filter(|layer| layer.max() > 0.0)
        .map(|layer| format!("{} up to {}", layer.name, percent(layer.max())))
        .collect();
    let parts = if parts.is_empty() { String::new() } else { format!(" By cause: {}.", parts.join(", ")) };
    let by = if layers.is_empty() { "" } else { ", stacked by cause; max: largest share of any window" };
    Words {
        subtitle: format!(
            "Share of look-ups that found no usable entry in the gateway's cache{by}{}",
            seen(study, total)
        ),
        description: format!("{title}. Median over the windows {}.{parts}", percent(usual)),
        title,
    }
}

fn finding(study: &Study, sheet: &Sheet, layers: &[Layer], total: &[Option<Point>], usual: f64) -> String {
    // The first tenth of a run fills the cache; its compulsory misses are no finding unless nothing else is.
    let warm = sheet.time.horizon * 0.1;
    let later: Vec<Option<Point>> = total.iter().map(|point| point.filter(|point| point.from >= warm)).collect();
    let highest = samples::peak(&later, percent);
    let Some(peak) = highest.filter(|peak| peak.mean > usual * 1.5 && percent(peak.mean) != percent(usual)) else {
        return format!("{} of look-ups miss the cache", percent(usual));
    };
    let when = cause(study, peak.from, peak.until).unwrap_or_else(|| sheet.time.moment(peak.from));
    let main = layers.iter().filter_map(|layer| Some((layer, layer.at(peak.from)?))).max_by(|a, b| a.1.total_cmp(&b.1));
    let rose = format!("Cache misses rose from {} to {} {when}", percent(usual), percent(peak.mean));
    let why = main
        .filter(|(_, share)| *share > peak.mean / 2.0)
        .map_or_else(String::new, |(layer, _)| format!(", mostly {}", in_title(&layer.name)));
    sheet::title_with(rose, &why)
}

fn in_title(cause: &str) -> &str {
    CAUSES.iter().find(|(name, _, _)| *name == cause).map_or(cause, |(_, _, words)| words)
}
