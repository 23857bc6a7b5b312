//! The summary that is pasted into a pull request or a job page: findings, key figures, assumptions.
//!
//! The first lines carry everything; what follows may be cut by whoever shows it. The text never exceeds
//! [`MAX_BYTES`], which is what the hosts of such pages accept.

use std::fmt::Write as _;

use super::chart::Picture;
use super::numbers::{count, milliseconds, percent, usd};
use crate::analysis::{Estimate, Study};
use crate::metrics::MeasureKey;

/// Most bytes of a summary.
pub const MAX_BYTES: usize = 60_000;
/// Kept free for the lines that say how many entries were left out (in bytes).
const SLACK: usize = 200;
/// Longest text taken from a scenario as one entry (in bytes).
const ENTRY: usize = 2_000;

/// A row of the table: name, measure, wanted label, how its value is written.
type Row = (&'static str, &'static str, Option<(&'static str, &'static str)>, fn(f64) -> String);

const ROWS: [Row; 5] = [
    ("Devices registered", "devices_registered", None, count),
    ("Stamps active", "stamps_active", None, count),
    ("p99 command latency", "command_latency_ms", Some(("quantile", "0.99")), milliseconds),
    ("Cache miss ratio", "cache_miss_ratio", None, percent),
    ("Cost per registered device and month", "cost_per_device_usd_per_month", Some(("per", "registered")), usd),
];

/// The summary of a study: title, question, the findings of its pictures, key figures with their 95 % intervals,
/// and the assumptions of the run. At most [`MAX_BYTES`] long; entries that do not fit are counted.
pub fn summary_markdown(study: &Study, pictures: &[Picture], assumptions: &[String]) -> String {
    let mut text = format!("# {}\n\n", inline(&study.scenario));
    if !study.question.trim().is_empty() {
        let _ = writeln!(text, "**{}**\n", inline(&study.question));
    }
    list(&mut text, pictures.iter().take(12).map(|picture| picture.title.as_str()));
    text.push_str(&key_figures(study));
    let _ = writeln!(text, "\n{}\n", origin(study));
    if !assumptions.is_empty() {
        let _ = writeln!(text, "<details><summary>Assumptions ({})</summary>\n", assumptions.len());
        list(&mut text, assumptions.iter().map(String::as_str));
        text.push_str("</details>\n");
    }
    debug_assert!(text.len() <= MAX_BYTES, "the parts are bounded so that the whole is");
    text
}

/// A list of as many entries as fit, and how many do not.
fn list<'a>(text: &mut String, entries: impl ExactSizeIterator<Item = &'a str>) {
    let mut left = entries.len();
    if left == 0 {
        return;
    }
    for entry in entries {
        let line = format!("- {}\n", inline(entry));
        if text.len() + line.len() + SLACK > MAX_BYTES {
            let _ = writeln!(text, "- and {left} more");
            break;
        }
        text.push_str(&line);
        left -= 1;
    }
    text.push('\n');
}

fn key_figures(study: &Study) -> String {
    let mut rows: Vec<String> = ROWS.iter().filter_map(|row| figure(study, row)).collect();
    rows.extend(worst_fault(study));
    if rows.is_empty() {
        return "No key figure was observed.\n".to_owned();
    }
    format!("| Key figure | Mean | 95 % interval |\n|---|---:|---:|\n{}", rows.concat())
}

fn figure(study: &Study, (name, measure, label, write): &Row) -> Option<String> {
    let matches = |key: &MeasureKey| match label {
        None => key.labels.is_empty(),
        Some((label, value)) => key.labels.iter().eq([(*label, *value)]),
    };
    let found = of_measure(study, measure).find(|(key, _)| matches(key));
    let (key, estimate) = found.or_else(|| label.is_none().then(|| statistic(study, measure)).flatten())?;
    let name = key.labels.get("stat").map_or_else(|| (*name).to_owned(), |which| format!("{name}, {which}"));
    Some(row(&name, estimate, *write))
}

/// A level has no unlabelled figure but statistics of it; the mean stands for it, else the first there is.
fn statistic<'a>(study: &'a Study, measure: &'a str) -> Option<(&'a MeasureKey, &'a Estimate)> {
    let of_level = || of_measure(study, measure).filter(|(key, _)| key.labels.iter().all(|(name, _)| name == "stat"));
    of_level().find(|(key, _)| key.labels.get("stat") == Some("mean")).or_else(|| of_level().next())
}

/// Figures of a measure that were observed.
fn of_measure<'a>(study: &'a Study, measure: &'a str) -> impl Iterator<Item = (&'a MeasureKey, &'a Estimate)> {
    let observed = |estimate: &Estimate| estimate.n > 0 && estimate.mean.is_finite();
    study.estimates.iter().filter(move |(key, estimate)| key.name == measure && observed(estimate))
}

/// The fault that affected the largest share of devices; of equal ones the first by name.
fn worst_fault(study: &Study) -> Option<String> {
    let faults = of_measure(study, "blast_radius_ratio");
    let (key, worst) = faults.reduce(|best, next| if next.1.mean > best.1.mean { next } else { best })?;
    let name = key.labels.get("fault").map_or_else(String::new, |fault| format!(" ({fault})"));
    Some(row(&format!("Worst blast radius{name}"), worst, percent))
}

fn row(name: &str, estimate: &Estimate, write: fn(f64) -> String) -> String {
    let interval = if estimate.low.is_finite() && estimate.high.is_finite() {
        format!("{} to {}", write(estimate.low), write(estimate.high))
    } else {
        "one replication only".to_owned()
    };
    format!("| {} | {} | {interval} |\n", inline(name), write(estimate.mean))
}

fn origin(study: &Study) -> String {
    let replications = match study.replications {
        1 => "one replication".to_owned(),
        n => format!("{n} replications"),
    };
    format!("Over {replications} of {}, from {}.", study.horizon, inline(&study.start))
}

/// Text of a scenario as one line of Markdown without markup of its own, cut to a bounded length.
fn inline(text: &str) -> String {
    let mut safe = String::new();
    for c in text.trim().chars() {
        if safe.len() > ENTRY {
            safe.push('…');
            break;
        }
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' => safe.extend(['\\', c]),
            c if c.is_control() || c.is_whitespace() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::units::SimDuration;

    fn study() -> Study {
        let figure = |mean: f64, half: f64| Estimate { mean, low: mean - half, high: mean + half, n: 30 };
        let estimates = BTreeMap::from([
            (MeasureKey::new("devices_registered").with("stat", "max"), figure(150_000.0, 0.0)),
            (MeasureKey::new("devices_registered").with("stat", "mean"), figure(149_000.0, 0.0)),
            (MeasureKey::new("stamps_active"), figure(4.0, 0.0)),
            (MeasureKey::new("command_latency_ms").with("quantile", "0.5"), figure(18.0, 1.0)),
            (MeasureKey::new("command_latency_ms").with("quantile", "0.99"), figure(120.0, 11.0)),
            (MeasureKey::new("cache_miss_ratio"), figure(0.093, 0.002)),
            (MeasureKey::new("cache_miss_ratio").with("cause", "moved"), figure(0.5, 0.002)),
            (MeasureKey::new("cost_per_device_usd_per_month").with("per", "registered"), figure(0.41, 0.01)),
            (MeasureKey::new("blast_radius_ratio").with("fault", "cache"), figure(0.0, 0.0)),
            (MeasureKey::new("blast_radius_ratio").with("fault", "weu-2 | outage"), figure(0.25, 0.01)),
        ]);
        Study {
            scenario: "outage/one-stamp-down".to_owned(),
            question: "One of four stamps is down: who notices?".to_owned(),
            start: "2026-03-02T00:00:00Z".to_owned(),
            horizon: SimDuration(21_600_000_000),
            window: SimDuration(300_000_000),
            replications: 30,
            estimates,
            series: BTreeMap::new(),
            histograms: BTreeMap::new(),
            marks: Vec::new(),
        }
    }

    #[test]
    fn key_figures_stand_with_their_intervals() {
        let picture =
            Picture { name: "a", title: "A finding".to_owned(), description: String::new(), svg: String::new() };
        let text = summary_markdown(&study(), &[picture], &["DPS work draws on <no> hub".to_owned()]);
        let expected = "# outage/one-stamp-down\n\n\
            **One of four stamps is down: who notices?**\n\n\
            - A finding\n\n\
            | Key figure | Mean | 95 % interval |\n|---|---:|---:|\n\
            | Devices registered, mean | 149 k | 149 k to 149 k |\n\
            | Stamps active | 4 | 4 to 4 |\n\
            | p99 command latency | 120 ms | 109 ms to 131 ms |\n\
            | Cache miss ratio | 9.3 % | 9.1 % to 9.5 % |\n\
            | Cost per registered device and month | $0.41 | $0.40 to $0.42 |\n\
            | Worst blast radius (weu-2 \\| outage) | 25 % | 24 % to 26 % |\n\n\
            Over 30 replications of 6 h, from 2026-03-02T00:00:00Z.\n\n\
            <details><summary>Assumptions (1)</summary>\n\n\
            - DPS work draws on &lt;no&gt; hub\n\n\
            </details>\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_was_not_observed_is_not_shown() {
        let mut bare = study();
        bare.estimates.clear();
        bare.replications = 1;
        let text = summary_markdown(&bare, &[], &[]);
        assert!(text.contains("No key figure was observed.") && text.contains("Over one replication of"), "{text}");
        let alone = Estimate { mean: 3.0, low: f64::NAN, high: f64::NAN, n: 1 };
        bare.estimates.insert(MeasureKey::new("stamps_active"), alone);
        assert!(summary_markdown(&bare, &[], &[]).contains("| Stamps active | 3 | one replication only |"));
    }

    #[test]
    fn the_length_is_bounded_and_the_rest_counted() {
        let mut long = study();
        long.question = "why ".repeat(50_000);
        let assumptions: Vec<String> = (0..5_000).map(|i| format!("assumption {i} {}", "<&|>".repeat(50))).collect();
        let text = summary_markdown(&long, &[], &assumptions);
        assert!(text.len() <= MAX_BYTES && text.ends_with("</details>\n"), "{} bytes", text.len());
        let left: usize = text.split("- and ").nth(1).and_then(|t| t.split(' ').next()?.parse().ok()).expect("a count");
        assert_eq!(text.matches("- assumption").count() + left, 5_000);
    }
}
