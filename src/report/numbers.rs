//! Numbers as people read them: `1.2 M`, `$0.41`, `250 ms`, `2 s`, `12 %`.

use crate::metrics::measure::Measure;

/// A figure of a measure in the unit that a reader would say it in: `45 min`, `12 %`, `$0.41`, `1,240`, `37 k`.
pub fn spoken(measure: &Measure, value: f64) -> String {
    match measure.unit {
        "ms" => milliseconds(value),
        "s" => milliseconds(value * 1e3),
        "min" => milliseconds(value * 6e4),
        "USD" => usd(value),
        "1/s" => per_second(value),
        _ if reads_as_share(measure.name) => percent(value),
        _ if measure.name.ends_with("_ratio") => format!("{value:.2}"),
        _ => count(value),
    }
}

/// Ratios of two quantities that are no share of each other.
const PLAIN_RATIOS: [&str; 3] = ["cost_premium_ratio", "imbalance_ratio", "dps_imbalance_ratio"];

/// Whether people read the figures of a measure in per cent.
pub fn reads_as_share(measure: &str) -> bool {
    measure.ends_with("_ratio") && !PLAIN_RATIOS.contains(&measure)
}

/// Rounds to what a reader needs: whole from 10 on, one place from 1 on, two leading digits below.
fn rounded(value: f64) -> String {
    let places = match value.abs() {
        v if v >= 9.95 || v == 0.0 => 0,
        v if v >= 0.995 => 1,
        v if v >= 0.0995 => 2,
        v if v >= 0.00995 => 3,
        _ => 4,
    };
    trimmed(&format!("{value:.places$}"))
}

/// Without zeros that say nothing, and without a minus before zero.
fn trimmed(text: &str) -> String {
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Digits in groups of three.
pub(super) fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count: `950`, `1,240`, `37 k`, `1.2 M`.
pub(super) fn count(value: f64) -> String {
    match value.abs() {
        v if v < 999.5 => rounded(value),
        v if v < 9_999.5 => grouped(value),
        v if v < 999_500.0 => format!("{} k", rounded(value / 1e3)),
        v if v < 999.5e6 => format!("{} M", rounded(value / 1e6)),
        _ => format!("{} G", rounded(value / 1e9)),
    }
}

/// An amount: `$0.41`, `$12.30`, `$1,234`, `$1.2 M`.
pub(super) fn usd(value: f64) -> String {
    let amount = match value.abs() {
        0.0 => "0".to_owned(),
        v if v < 0.0995 => rounded(v),
        v if v < 99.995 => format!("{v:.2}"),
        v if v < 99_999.5 => grouped(v),
        v => count(v),
    };
    format!("{}${amount}", if value < 0.0 { "-" } else { "" })
}

/// A time given in [ms]: `0.4 ms`, `250 ms`, `4.1 s`, `2.5 min`, `3 h`.
pub(super) fn milliseconds(value: f64) -> String {
    match value.abs() {
        v if v < 999.5 => format!("{} ms", rounded(value)),
        v if v < 59_950.0 => format!("{} s", rounded(value / 1e3)),
        v if v < 3_597_000.0 => format!("{} min", rounded(value / 6e4)),
        v if v < 171_000_000.0 => format!("{} h", rounded(value / 3.6e6)),
        v if v < 8.64e10 => format!("{} days", rounded(value / 8.64e7)),
        _ => format!("{} days", grouped(value / 8.64e7)),
    }
}

/// A share given as a ratio: `0 %`, `0.3 %`, `12 %`, `99.97 %`.
pub(super) fn percent(ratio: f64) -> String {
    let percent = ratio * 100.0;
    // "100 %" is a promise; a share that would be rounded to it keeps its places.
    let text = if (99.5..100.0).contains(&percent) { trimmed(&format!("{percent:.2}")) } else { rounded(percent) };
    format!("{text} %")
}

/// A rate: `120/s`.
pub(super) fn per_second(value: f64) -> String {
    format!("{}/s", count(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let counts = [0.0, 0.25, 3.12, 42.4, 999.4, 1_240.0, 36_900.0, 999_600.0, 1_234_000.0, 2.5e9];
        let texts = ["0", "0.25", "3.1", "42", "999", "1,240", "37 k", "1 M", "1.2 M", "2.5 G"];
        assert_eq!(counts.map(count), texts);
        assert_eq!(
            [0.0, 0.0042, 0.41, 12.3, 1_234.0, 1.25e6, -3.0].map(usd),
            ["$0", "$0.0042", "$0.41", "$12.30", "$1,234", "$1.2 M", "-$3.00"]
        );
        assert_eq!(
            [0.4, 35.0, 250.2, 999.7, 4_100.0, 59_960.0, 150_000.0, 3.6e6].map(milliseconds),
            ["0.4 ms", "35 ms", "250 ms", "1 s", "4.1 s", "1 min", "2.5 min", "1 h"]
        );
        assert_eq!(
            [0.0, 0.003, 0.12, 0.9997, 1.0, 1.07].map(percent),
            ["0 %", "0.3 %", "12 %", "99.97 %", "100 %", "107 %"]
        );
    }
}
