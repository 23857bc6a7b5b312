//! What a scenario names: growth curves and incident lists. A mistake in such a file is reported at its own line and column.

pub mod incidents;

use std::ops::Range;

use jiff::civil::{Date, DateTime};

use crate::model::population::growth::Step;
use crate::scenario::diagnostic::Finding;
use crate::units::SimDuration;

/// Most points of a growth curve.
const POINTS_MAX: usize = 100_000;

/// A mistake at these bytes of the text.
pub type Misread = (Range<usize>, Finding);

/// Reads a growth curve: a header `date,devices`, then a date and a count in each row.
///
/// Between two dates the count is linear; the curve is cut where the run starts.
pub fn growth_curve(text: &str, start: DateTime) -> Result<Vec<Step>, Vec<Misread>> {
    let mut rows = lines(text).filter(|(_, line)| !line.trim().is_empty());
    let Some((at, header)) = rows.next() else {
        return Err(vec![(0..0, Finding::new("the file is empty").expected("a header `date,devices`"))]);
    };
    let names: Vec<&str> = header.trim_start_matches('\u{feff}').split(',').map(str::trim).collect();
    if names != ["date", "devices"] {
        let finding = Finding::new(format!("the header is `{}`", header.trim())).expected("`date,devices`");
        return Err(vec![(at..at + header.len(), finding)]);
    }
    let (mut points, mut mistakes) = (Vec::new(), Vec::new());
    for (at, line) in rows {
        match row(at, line) {
            Ok(point) => points.push((at..at + line.len(), point)),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if points.is_empty() && mistakes.is_empty() {
        mistakes.push((at..at + header.len(), Finding::new("the curve has no row").expected("a date and a count")));
    }
    if points.len() > POINTS_MAX {
        mistakes.push((0..0, Finding::new(format!("{} rows", points.len())).expected(format!("at most {POINTS_MAX}"))));
    }
    mistakes.extend(disorder(&points));
    if mistakes.is_empty() { Ok(since(start, &points)) } else { Err(mistakes) }
}

/// Each line with the number of its first byte, without its end.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let from = at;
        at += line.len();
        (from, line.trim_end_matches(['\n', '\r']))
    })
}

type Row = (DateTime, u32);

fn row(at: usize, line: &str) -> Result<Row, Misread> {
    let Some((date, devices)) = line.split_once(',') else {
        let finding = Finding::new(format!("`{line}` has one column")).expected("two: a date and a count");
        return Err((at..at + line.len(), finding));
    };
    let from = at + date.len() + 1;
    if let Some((_, third)) = devices.split_once(',') {
        let end = at + line.len();
        let finding = Finding::new(format!("a third column `{third}`")).expected("two: a date and a count");
        return Err((end - third.len()..end, finding));
    }
    // Spreadsheets put quotes around what they take for text.
    let (day, count) = (date.trim().trim_matches('"'), devices.trim().trim_matches('"'));
    let day = day.parse::<Date>().map(|day| day.at(0, 0, 0, 0)).or_else(|_| day.parse::<DateTime>());
    let day = day.map_err(|_| {
        let finding = Finding::new(format!("`{}` is no date", date.trim())).expected("one such as 2026-03-02");
        (at..at + date.len().max(1), finding)
    })?;
    let count = count.replace('_', "").parse::<u32>().map_err(|_| {
        let expected = "a whole number from 0 to 4294967295";
        let finding = Finding::new(format!("`{}` is no number of devices", devices.trim())).expected(expected);
        (from..from + devices.len().max(1), finding)
    })?;
    Ok((day, count))
}

fn disorder(points: &[(Range<usize>, Row)]) -> Option<Misread> {
    let pair = points.windows(2).find(|pair| pair[1].1.0 <= pair[0].1.0)?;
    let finding = Finding::new(format!("{} does not come after {}", pair[1].1.0.date(), pair[0].1.0.date()));
    Some((pair[1].0.clone(), finding.expected("dates in ascending order")))
}

/// The curve from the start on: its value at the start, then the points after it.
fn since(start: DateTime, points: &[(Range<usize>, Row)]) -> Vec<Step> {
    let after = |day: DateTime| u64::try_from(day.duration_since(start).as_micros()).unwrap_or(0);
    let passed = points.partition_point(|(_, (day, _))| *day <= start);
    let first =
        passed.checked_sub(1).map(|last| Step { at: SimDuration::ZERO, devices: between(start, &points[last..]) });
    let rest =
        points[passed..].iter().map(|(_, (day, devices))| Step { at: SimDuration(after(*day)), devices: *devices });
    first.into_iter().chain(rest).collect()
}

/// Devices at a time between the first two points; those of the first when there is no second.
fn between(at: DateTime, points: &[(Range<usize>, Row)]) -> u32 {
    let (day, devices) = points[0].1;
    let Some((_, (next, later))) = points.get(1) else { return devices };
    let (done, whole) = (at.duration_since(day).as_micros(), next.duration_since(day).as_micros());
    let change = (i128::from(*later) - i128::from(devices)) * done / whole.max(1);
    u32::try_from(i128::from(devices) + change).unwrap_or(devices)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn start() -> DateTime {
        jiff::civil::date(2026, 3, 1).at(0, 0, 0, 0)
    }

    fn places(text: &str) -> Vec<(String, String)> {
        let mistakes = growth_curve(text, start()).expect_err("a mistake");
        mistakes.into_iter().map(|(at, finding)| (text[at].to_owned(), finding.what)).collect()
    }

    #[test]
    fn a_curve_starts_at_the_start_of_the_run() {
        let text = "date, devices\n2026-02-01,10\r\n2026-03-01,100\n\n2026-03-11,1_000\n";
        let days = |days: u64, devices: u32| Step { at: SimDuration::DAY * days, devices };
        assert_eq!(growth_curve(text, start()), Ok(vec![days(0, 100), days(10, 1_000)]));
        let early = growth_curve("date,devices\n2026-02-01,10\n2026-03-02,20\n", start());
        // 28 of 29 days have passed at the start.
        assert_eq!(early, Ok(vec![days(0, 19), days(1, 20)]));
    }

    #[test]
    fn every_mistake_of_a_curve_is_reported_at_its_place() {
        let text = "date,devices\n2026-13-01,10\n2026-03-02,many\n2026-03-03\n2026-03-04,5,6\n";
        let places = places(text);
        let found: Vec<&str> = places.iter().map(|(at, _)| at.as_str()).collect();
        assert_eq!(found, ["2026-13-01", "many", "2026-03-03", "6"]);
        assert!(places[1].1.contains("no number of devices"));
    }

    #[test]
    fn order_header_and_emptiness_are_checked() {
        assert_eq!(places("date,devices\n2026-03-05,1\n2026-03-04,2\n")[0].0, "2026-03-04,2");
        assert_eq!(places("day,devices\n")[0].0, "day,devices");
        assert_eq!(places("date,devices\n")[0].1, "the curve has no row");
        assert_eq!(places(""), [(String::new(), "the file is empty".to_owned())]);
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(text in "(date,devices\n)?([-0-9, \u{e4}a-c]{0,12}\n){0,5}\\PC*") {
            if let Err(mistakes) = growth_curve(&text, start()) {
                prop_assert!(mistakes.iter().all(|(at, _)| text.get(at.clone()).is_some()));
            }
        }
    }
}
