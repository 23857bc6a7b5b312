//! How calls ended that did not reach their device, over time.

use crate::analysis::Study;

use super::ends::{self, End, right_beside};
use super::marks::cause;
use super::numbers::percent;
use super::samples::{self, Point, known, labelled, runs_of};
use super::scale::{Quantity, Scale};
use super::sheet::{self, Above, Sheet, Words};
use super::stack::{self, Layer, Stack};
use super::theme::{BASELINE, BLUE, BURGUNDY, Colour, INDIGO, INK, KEY_LINE, OCHRE, RUST, TEAL};
use super::{Chart, Picture};

/// The chart `outcomes`.
pub(super) struct Outcomes;

const MEASURE: &str = "command_outcome_ratio";
/// The outcome that is no failure.
const DELIVERED: &str = "delivered";
/// Failures from the baseline up: what is down below, what refuses above it, what passes by itself on top.
const FAILURES: [(&str, Colour); 7] = [
    ("failed_dependency", BURGUNDY),
    ("throttled", RUST),
    ("shed", TEAL),
    ("timed_out", INDIGO),
    ("offline", BLUE),
    ("unreachable_assigning", OCHRE),
    ("not_registered", BASELINE),
];
/// Share of the highest stack that a layer must exceed once; a thinner one would be its name and nothing to see.
const LEAST: f64 = 0.02;

impl Chart for Outcomes {
    fn draw(&self, study: &Study) -> Option<Picture> {
        let all = layers(study);
        let failed = stack::sum(&all)?;
        let max = failed.max();
        if percent(max) == percent(0.0) {
            return None;
        }
        let shown = stack::without_small(&all, max * LEAST);
        let stack = Stack::new(&shown, &failed.points);
        // The axis of the misses: a share has its natural end, but a small one would be a line on the floor.
        let top = if max > 0.4 { 1.0 } else { max };
        let last = known(&failed.points).next_back()?.mean;
        let right = right_beside([("failed", percent(last))]);
        let sheet = Sheet::new(study, Scale::linear(Quantity::Share, top, 5.0), Above::Windows, right);
        let mut names = stack.draw(&sheet.svg, &sheet.frame, |layer| format!("max {}", percent(layer.max())));
        for run in runs_of(&failed.points, stack::MOST) {
            sheet.frame.line(&sheet.svg, &run, INK, KEY_LINE);
        }
        sheet.windows.name(&sheet.svg, &sheet.frame);
        sheet.window_key();
        names.push(End { y: sheet.frame.y(last), name: "failed".to_owned(), value: percent(last), colour: INK });
        ends::draw(&sheet.svg, &sheet.frame, names);
        let words = words(&sheet, &all, &failed, shown.len());
        Some(sheet.picture("outcomes", words))
    }
}

/// The largest share of the calls of any window that did not reach their device.
pub(super) fn most_failed(study: &Study) -> Option<f64> {
    stack::sum(&layers(study)).map(|failed| failed.max())
}

/// The failures that occurred, in the order of the stack; unknown ones on top.
fn layers(study: &Study) -> Vec<Layer> {
    let place = |name: &str| FAILURES.iter().position(|(known, _)| *known == name).unwrap_or(FAILURES.len());
    let mut series: Vec<_> =
        labelled(study, MEASURE, "outcome").into_iter().filter(|(name, _)| *name != DELIVERED).collect();
    series.sort_by_key(|(name, _)| place(name));
    let colour = |name: &str| FAILURES.get(place(name)).map_or(BASELINE, |(_, colour)| *colour);
    let layers =
        series.into_iter().map(|(name, windows)| Layer::new(study, name.replace('_', " "), colour(name), windows));
    layers.filter(|layer| layer.max() > 0.0).collect()
}

fn words(sheet: &Sheet, all: &[Layer], failed: &Layer, shown: usize) -> Words {
    let title = finding(sheet, all, &failed.points);
    let parts: Vec<String> = all.iter().map(|layer| format!("{} up to {}", layer.name, percent(layer.max()))).collect();
    let rest = match all.len() - shown {
        0 => "",
        1 => "; one much rarer outcome left out",
        _ => "; much rarer outcomes left out",
    };
    Words {
        subtitle: format!(
            "Share of calls that did not reach their device, stacked by outcome; max: largest of any window{rest}"
        ),
        description: format!("{title}. {}.", parts.join(", ")),
        title,
    }
}

fn finding(sheet: &Sheet, all: &[Layer], failed: &[Option<Point>]) -> String {
    // Throughout means in every window, so the calmest one decides; half of a run may lie under a fault.
    let calmest = known(failed).map(|point| point.mean).fold(f64::INFINITY, f64::min);
    let peak = samples::peak(failed, percent).expect("a stack has at least one window");
    let main = all.iter().filter_map(|layer| Some((layer, layer.at(peak.from)?))).max_by(|a, b| a.1.total_cmp(&b.1));
    let why = main
        .filter(|(_, share)| *share > peak.mean / 2.0)
        .map_or_else(String::new, |(layer, _)| format!(", mostly {}", layer.name));
    if peak.mean <= calmest * 2.0 {
        return sheet::title_with(format!("At least {} of calls fail throughout", percent(calmest)), &why);
    }
    let when = cause(sheet.study, peak.from, peak.until).unwrap_or_else(|| sheet.time.moment(peak.from));
    sheet::title_with(format!("Up to {} of calls failed {when}", percent(peak.mean)), &why)
}
