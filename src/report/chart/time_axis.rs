//! The time axis: elapsed time for hours, the calendar for days and months.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::analysis::Study;

const DAY: f64 = 86_400.0;
/// Up to this length time counts from the start [s].
const ELAPSED: f64 = 2.0 * DAY;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Length and calendar start of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeAxis {
    start: Option<Timestamp>,
    /// Length [s].
    pub(super) horizon: f64,
}

impl TimeAxis {
    /// The axis of a study; without a readable start, days are counted.
    pub(super) fn of(study: &Study) -> Self {
        let horizon = study.horizon.secs().max(1e-6);
        Self { start: study.start.parse().ok(), horizon }
    }

    /// At most `most` moments [s] with their text.
    pub(super) fn ticks(&self, most: usize) -> Vec<(f64, String)> {
        match self.start {
            Some(start) if self.horizon > ELAPSED => {
                let days = self.days(start, most);
                if days.is_empty() { self.months(start, most) } else { days }
            }
            _ => self.elapsed(most),
        }
    }

    fn elapsed(&self, most: usize) -> Vec<(f64, String)> {
        let (unit, word, steps): (f64, &str, &[f64]) = match self.horizon {
            h if h <= 120.0 => (1.0, "s", &[0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0]),
            h if h <= 7_200.0 => (60.0, "min", &[1.0, 2.0, 5.0, 10.0, 15.0, 30.0]),
            h if h <= ELAPSED => (3_600.0, "h", &[0.5, 1.0, 2.0, 3.0, 6.0, 12.0]),
            _ => (DAY, "d", &[1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 90.0, 180.0, 360.0, 720.0]),
        };
        let length = self.horizon / unit;
        let step = steps.iter().copied().find(|step| length / step <= most as f64 - 1.0).unwrap_or(length);
        let count = (length / step + 1e-9) as usize;
        let text = |i: usize| if i == 0 { "0".to_owned() } else { format!("{} {word}", step * i as f64) };
        (0..=count).map(|i| (step * i as f64 * unit, text(i))).collect()
    }

    /// Midnights, or nothing where even every second week is too many. The month is said where it changes.
    fn days(&self, start: Timestamp, most: usize) -> Vec<(f64, String)> {
        let length = self.horizon / DAY;
        let Some(step) = [1, 2, 7, 14].into_iter().find(|step| length / f64::from(*step) <= most as f64 - 1.0) else {
            return Vec::new();
        };
        let mut ticks = Vec::new();
        let mut date = date_of(start);
        let mut month = 0;
        while let Some(at) = seconds_to(start, date).filter(|at| *at <= self.horizon) {
            if at >= 0.0 {
                let name = if date.month() == month { String::new() } else { format!(" {}", month_of(date)) };
                ticks.push((at, format!("{}{name}", date.day())));
                month = date.month();
            }
            // The first midnight may lie before the start; the next one is then a day later, not a step.
            let days = if at < 0.0 { 1 } else { step };
            let Ok(next) = date.checked_add(days.days()) else { break };
            date = next;
        }
        ticks
    }

    /// Firsts of months; January says the year.
    fn months(&self, start: Timestamp, most: usize) -> Vec<(f64, String)> {
        let length = self.horizon / DAY / 30.44;
        let step =
            [1, 2, 3, 6, 12, 24, 60, 120].into_iter().find(|step| length / f64::from(*step) <= most as f64 - 1.0);
        let step = step.unwrap_or(1_200);
        let mut ticks = Vec::new();
        let mut date = date_of(start).first_of_month();
        while let Some(at) = seconds_to(start, date).filter(|at| *at <= self.horizon) {
            let index = i32::from(date.year()) * 12 + i32::from(date.month()) - 1;
            if at >= 0.0 && index % step == 0 {
                ticks.push((
                    at,
                    if date.month() == 1 { format!("Jan {}", date.year()) } else { month_of(date).to_owned() },
                ));
            }
            let Ok(next) = date.checked_add(1.month()) else { break };
            date = next;
        }
        ticks
    }

    /// A moment in a sentence: "at 1 h 30 min", "on 12 May 2026".
    pub(super) fn moment(&self, seconds: f64) -> String {
        match self.start {
            Some(start) if self.horizon > ELAPSED => {
                let date = later(start, seconds);
                format!("on {} {} {}", date.day(), month_of(date), date.year())
            }
            _ => format!("at {}", elapsed_text(seconds)),
        }
    }

    /// A moment beside a mark: "1 h 30 min", "12 May".
    pub(super) fn short_moment(&self, seconds: f64) -> String {
        match self.start {
            Some(start) if self.horizon > ELAPSED => {
                let date = later(start, seconds);
                format!("{} {}", date.day(), month_of(date))
            }
            _ => elapsed_text(seconds),
        }
    }

    /// Where the axis begins, for a footnote.
    pub(super) fn origin(&self) -> String {
        let Some(start) = self.start else { return "Time counts from the start".to_owned() };
        let begin = start.to_zoned(TimeZone::UTC);
        let date = begin.date();
        let (day, month, year, hour, minute) = (date.day(), month_of(date), date.year(), begin.hour(), begin.minute());
        let word = if self.horizon > ELAPSED { "Starts" } else { "0 is" };
        format!("{word} {day} {month} {year}, {hour:02}:{minute:02} UTC")
    }
}

/// From the start to the midnight of a date [s].
fn seconds_to(start: Timestamp, date: Date) -> Option<f64> {
    let midnight = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(midnight.duration_since(start).as_secs_f64())
}

fn date_of(moment: Timestamp) -> Date {
    moment.to_zoned(TimeZone::UTC).date()
}

fn later(start: Timestamp, seconds: f64) -> Date {
    let moved = start.checked_add(jiff::SignedDuration::from_secs(seconds as i64));
    date_of(moved.unwrap_or(start))
}

fn month_of(date: Date) -> &'static str {
    MONTHS[usize::from(date.month().unsigned_abs()).clamp(1, 12) - 1]
}

/// A length of time in its two largest units.
pub(super) fn elapsed_text(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    let parts = [(whole / 86_400, "d"), (whole / 3_600 % 24, "h"), (whole / 60 % 60, "min"), (whole % 60, "s")];
    let said: Vec<String> = parts
        .iter()
        .skip_while(|(count, _)| *count == 0)
        .take(2)
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    if said.is_empty() { "0 s".to_owned() } else { said.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(start: &str, horizon: f64) -> Vec<String> {
        let axis = TimeAxis { start: start.parse().ok(), horizon };
        let ticks = axis.ticks(9);
        assert!(ticks.iter().all(|(at, _)| (0.0..=horizon).contains(at)) && ticks.len() <= 9, "{ticks:?}");
        ticks.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn short_runs_count_from_their_start() {
        let start = "2026-03-02T00:00:00Z";
        assert_eq!(texts(start, 21_600.0), ["0", "1 h", "2 h", "3 h", "4 h", "5 h", "6 h"]);
        assert_eq!(texts(start, 2_700.0), ["0", "10 min", "20 min", "30 min", "40 min"]);
        assert_eq!(texts(start, 60.0), ["0", "10 s", "20 s", "30 s", "40 s", "50 s", "60 s"]);
    }

    #[test]
    fn long_runs_follow_the_calendar() {
        assert_eq!(texts("2026-02-26T06:00:00Z", 6.0 * DAY), ["27 Feb", "28", "1 Mar", "2", "3", "4"]);
        assert_eq!(texts("2026-03-02T00:00:00Z", 365.0 * DAY), ["May", "Jul", "Sep", "Nov", "Jan 2027", "Mar"]);
        assert_eq!(texts("2026-03-02T00:00:00Z", 60.0 * DAY)[..3], ["2 Mar", "16", "30"]);
        assert_eq!(texts("not a date", 5.0 * DAY), ["0", "1 d", "2 d", "3 d", "4 d", "5 d"]);
    }

    #[test]
    fn lengths_read_in_two_units() {
        assert_eq!(
            [0.0, 59.6, 5_400.0, 3_600.0, 90_061.0].map(elapsed_text),
            ["0 s", "1 min", "1 h 30 min", "1 h", "1 d 1 h"]
        );
    }
}
