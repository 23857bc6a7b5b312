//! Which stamp serves the users over time: a line for each stamp, those with the most users.

use crate::analysis::Study;

use super::ends::{self, End, right_beside};
use super::marks::cause;
use super::numbers::percent;
use super::samples::{self, Point, known, labelled, natural, runs};
use super::scale::{Quantity, Scale};
use super::sheet::{Above, Sheet, Words, title_with};
use super::text::short;
use super::theme::{LINE, SERIES};
use super::{Chart, Picture};

/// The chart `users_by_stamp`.
pub(super) struct UsersByStamp;

const MEASURE: &str = "users_on_stamp_ratio";
/// Most stamps that are drawn.
const LINES: usize = 6;

struct Stamp {
    name: String,
    points: Vec<Option<Point>>,
}

impl Stamp {
    /// Smallest and largest share of any window.
    fn range(&self) -> (f64, f64) {
        let wider = |(low, high): (f64, f64), share: f64| (low.min(share), high.max(share));
        known(&self.points).map(|point| point.mean).fold((1.0, 0.0), wider)
    }

    fn last(&self) -> f64 {
        known(&self.points).next_back().map_or(0.0, |point| point.mean)
    }
}

impl Chart for UsersByStamp {
    fn draw(&self, study: &Study) -> Option<Picture> {
        let mut stamps: Vec<Stamp> = labelled(study, MEASURE, "stamp")
            .into_iter()
            .map(|(name, windows)| Stamp { name: name.to_owned(), points: samples::points(study, windows, 1.0) })
            .filter(|stamp| known(&stamp.points).next().is_some())
            .collect();
        let all = stamps.len();
        stamps
            .sort_by(|a, b| b.range().1.total_cmp(&a.range().1).then_with(|| natural(&a.name).cmp(&natural(&b.name))));
        stamps.truncate(LINES);
        stamps.sort_by_key(|stamp| natural(&stamp.name));
        (!stamps.is_empty()).then(|| lines(study, &stamps, all))
    }
}

fn lines(study: &Study, stamps: &[Stamp], all: usize) -> Picture {
    let right = right_beside(stamps.iter().map(|stamp| (stamp.name.as_str(), percent(stamp.last()))));
    let sheet = Sheet::new(study, Scale::linear(Quantity::Share, 1.0, 5.0), Above::Windows, right);
    let mut ends = Vec::new();
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
    let words = words(&sheet, stamps, all);
    sheet.picture("users_by_stamp", words)
}

fn words(sheet: &Sheet, stamps: &[Stamp], all: usize) -> Words {
    let widest = |stamp: &&Stamp| stamp.range().1 - stamp.range().0;
    let moved = stamps.iter().max_by(|a, b| widest(a).total_cmp(&widest(b))).filter(|stamp| widest(stamp) > 0.005);
    let title = moved.map_or_else(|| "No user changes the stamp".to_owned(), |stamp| finding(sheet, stamp));
    let listed: Vec<String> = stamps.iter().map(|stamp| format!("{} {}", stamp.name, percent(stamp.last()))).collect();
    let shown =
        if stamps.len() < all { format!(", the {} most used of {all} stamps", stamps.len()) } else { String::new() };
    Words {
        subtitle: format!("Share of all users by the stamp that their requests go to{shown}"),
        description: format!("{title}. At the end: {}.", listed.join(", ")),
        title,
    }
}

/// From which share of the users to which other one a stamp goes, and what explains it.
fn finding(sheet: &Sheet, stamp: &Stamp) -> String {
    let first = known(&stamp.points).next().map_or(0.0, |point| point.mean);
    let away = |point: &&Point| (point.mean - first).abs();
    let farthest = known(&stamp.points).max_by(|a, b| away(a).total_cmp(&away(b)).then(b.from.total_cmp(&a.from)));
    let Some(there) = farthest else { return String::new() };
    let when = cause(sheet.study, there.from, there.until).unwrap_or_else(|| sheet.time.moment(there.from));
    let way = if there.mean < first { "falls" } else { "rises" };
    let back = if (stamp.last() - there.mean).abs() > 0.005 {
        format!(", {} at the end", percent(stamp.last()))
    } else {
        String::new()
    };
    let share =
        format!("{} {way} from {} of the users to {} {when}", short(&stamp.name), percent(first), percent(there.mean));
    title_with(share, &back)
}
