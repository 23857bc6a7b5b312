//! Incident lists: occurrences of a fault from a CSV file. A mistake is reported at its own line and column.

use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

use super::{Misread, lines};
use crate::scenario::diagnostic::Finding;
use crate::units::SimDuration;

/// Most rows of a list: occurrences of faults are numbered in 16 bits.
const ROWS_MAX: usize = 50_000;
/// The columns that a list may have.
const COLUMNS: [&str; 4] = ["start", "duration", "targets", "regions"];

/// A name with its place.
pub type Named = (Range<usize>, String);

/// One occurrence within or before the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where the row stands.
    pub place: Range<usize>,
    /// Start, after the start of the run; one that was under way then begins with it.
    pub at: SimDuration,
    /// Length from there on.
    pub lasts: SimDuration,
    /// Stamps that it names.
    pub targets: Vec<Named>,
    /// Regions that it names.
    pub regions: Vec<Named>,
}

/// Reads an incident list: a header with `start` and `duration`, and optionally `targets` and `regions`; then an occurrence
/// in each row. What was over when the run started is left out.
pub fn read(text: &str, start: DateTime) -> Result<Vec<Row>, Vec<Misread>> {
    let mut all = lines(text).filter(|(_, line)| !line.trim().is_empty());
    let Some((at, header)) = all.next() else {
        return Err(vec![(0..0, Finding::new("the file is empty").expected("a header `start,duration`"))]);
    };
    let columns = columns(at, header).map_err(|mistake| vec![mistake])?;
    let (mut rows, mut mistakes) = (Vec::new(), Vec::new());
    for (at, line) in all {
        match row(at, line, &columns, start) {
            Ok(row) => rows.extend(row),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if rows.len() > ROWS_MAX {
        mistakes.push((0..0, Finding::new(format!("{} rows", rows.len())).expected(format!("at most {ROWS_MAX}"))));
    }
    if mistakes.is_empty() { Ok(rows) } else { Err(mistakes) }
}

/// Which column each of [`COLUMNS`] is.
fn columns(at: usize, header: &str) -> Result<[Option<usize>; 4], Misread> {
    let names: Vec<&str> = header.trim_start_matches('\u{feff}').split(',').map(str::trim).collect();
    let place = |name: &str| names.iter().position(|other| *other == name);
    let known = names.iter().all(|name| COLUMNS.contains(name));
    let twice = (1..names.len()).any(|i| names[..i].contains(&names[i]));
    if !known || twice || place("start").is_none() || place("duration").is_none() {
        let finding = Finding::new(format!("the header is `{}`", header.trim()));
        let expected = "`start,duration`, and optionally `targets` and `regions`";
        return Err((at..at + header.len(), finding.expected(expected)));
    }
    Ok(COLUMNS.map(place))
}

/// The cells of a row with their places; spreadsheets put quotes around what they take for text.
fn cells(at: usize, line: &str) -> Vec<(Range<usize>, &str)> {
    let mut from = at;
    let cell = |cell| {
        let place: Range<usize> = from..from + str::len(cell);
        from = place.end + 1;
        (place, cell.trim().trim_matches('"').trim())
    };
    line.split(',').map(cell).collect()
}

fn row(at: usize, line: &str, columns: &[Option<usize>; 4], start: DateTime) -> Result<Option<Row>, Misread> {
    let place = at..at + line.len();
    let cells = cells(at, line);
    let most = columns.iter().flatten().max().map_or(0, |last| last + 1);
    let [Some(first), Some(second), ..] = columns.map(|column| column.and_then(|column| cells.get(column))) else {
        let finding = Finding::new(format!("`{line}` has {} column(s)", cells.len()));
        return Err((place, finding.expected(format!("{most}: as the header says"))));
    };
    if cells.len() > most {
        let finding = Finding::new(format!("a column more: `{}`", cells[most].1));
        return Err((cells[most].0.clone(), finding.expected(format!("{most}, as the header says"))));
    }
    let (from, lasts) = (moment(first)?, length(second)?);
    let raw = |(place, _): &(Range<usize>, &str)| names((place, &line[place.start - at..place.end - at]));
    let named = |column: usize| columns[column].and_then(|column| cells.get(column)).map(raw).unwrap_or_default();
    let (targets, regions) = (named(2), named(3));
    let offset = i64::try_from(from.duration_since(start).as_micros()).unwrap_or(i64::MAX);
    let before = SimDuration(offset.min(0).unsigned_abs());
    if lasts <= before {
        return Ok(None);
    }
    let at = SimDuration(offset.max(0).unsigned_abs());
    Ok(Some(Row { place, at, lasts: SimDuration(lasts.0 - before.0), targets, regions }))
}

fn moment((place, text): &(Range<usize>, &str)) -> Result<DateTime, Misread> {
    let date = || text.parse::<Date>().map(|day| day.at(0, 0, 0, 0)).ok();
    let zoned = || text.parse::<Timestamp>().map(|moment| moment.to_zoned(jiff::tz::TimeZone::UTC).datetime()).ok();
    // A date with a zone but no seconds is no timestamp for the parser; only UTC may be written so.
    let plain = || text.trim_end_matches('Z').parse::<DateTime>().ok();
    zoned().or_else(plain).or_else(date).ok_or_else(|| {
        let finding = Finding::new(format!("`{text}` is no moment")).expected("one such as 2026-03-02T05:30Z");
        (place.start..place.end.max(place.start + 1), finding)
    })
}

fn length((place, text): &(Range<usize>, &str)) -> Result<SimDuration, Misread> {
    let at = place.start..place.end.max(place.start + 1);
    match text.parse::<SimDuration>() {
        Ok(length) if !length.is_zero() => Ok(length),
        Ok(_) => Err((at, Finding::new("an occurrence that lasts no time").expected("a length such as `45 min`"))),
        Err(_) => Err((
            at,
            Finding::new(format!("`{text}` is no length")).expected("a number with its unit, such as `45 min`"),
        )),
    }
}

/// The names in a cell, each with its place.
fn names((place, raw): (&Range<usize>, &str)) -> Vec<Named> {
    let mut from = place.start;
    let mut all = Vec::new();
    for part in raw.split(';') {
        let name = part.trim().trim_matches('"').trim();
        let at = from + part.find(name).unwrap_or(0);
        from += part.len() + 1;
        if !name.is_empty() {
            all.push((at..at + name.len(), name.to_owned()));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn start() -> DateTime {
        jiff::civil::date(2026, 3, 1).at(0, 0, 0, 0)
    }

    fn found(text: &str) -> Vec<(String, String)> {
        let mistakes = read(text, start()).expect_err("a mistake");
        mistakes.into_iter().map(|(at, finding)| (text[at].to_owned(), finding.what)).collect()
    }

    #[test]
    fn occurrences_are_counted_from_the_start_of_the_run() {
        let text = "start,duration,regions,targets\n2026-02-28T23:30Z,45 min\r\n2026-02-01,1 h\n\n\
                    2026-03-02 05:30,90 min,westeurope,weu-1; weu-2\n";
        let rows = read(text, start()).expect("a list");
        let times: Vec<_> = rows.iter().map(|row| (row.at.to_string(), row.lasts.to_string())).collect();
        let want = [("0 s", "15 min"), ("1 d 5 h 30 min", "90 min")];
        assert_eq!(times, want.map(|(at, lasts)| (parsed(at), parsed(lasts))));
        let names: Vec<&str> = rows[1].targets.iter().map(|(place, _)| &text[place.clone()]).collect();
        assert_eq!((names, rows[1].regions[0].1.as_str()), (vec!["weu-1", "weu-2"], "westeurope"));
    }

    fn parsed(text: &str) -> String {
        let parts = text.split(' ').collect::<Vec<_>>();
        let length = |pair: &[&str]| pair.join(" ").parse::<SimDuration>().expect("a length");
        parts.chunks(2).map(length).fold(SimDuration::ZERO, |sum, part| sum + part).to_string()
    }

    #[test]
    fn every_mistake_of_a_list_is_reported_at_its_place() {
        let text = "start,duration\nyesterday,1 h\n2026-03-02,soon\n2026-03-03\n2026-03-04,0 s\n2026-03-05,1 h,weu-1\n";
        let places: Vec<String> = found(text).into_iter().map(|(at, _)| at).collect();
        assert_eq!(places, ["yesterday", "soon", "2026-03-03", "0 s", "weu-1"]);
        assert_eq!(found("start,minutes\n")[0].0, "start,minutes");
        assert_eq!(found("start,duration,start\n")[0].0, "start,duration,start");
        assert_eq!(found("")[0].1, "the file is empty");
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(text in "(start,duration,targets\n)?([-0-9,; \u{e4}a-cmin]{0,16}\n){0,5}\\PC*") {
            if let Err(mistakes) = read(&text, start()) {
                prop_assert!(mistakes.iter().all(|(at, _)| text.get(at.clone()).is_some()));
            }
        }
    }
}
