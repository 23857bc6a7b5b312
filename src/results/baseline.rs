//! A baseline: the figures of a run as one text file, to be checked in and read in a diff.
//!
//! TOML, since scenarios are: a head that says what was run, then a table for each figure. Mean and interval are rounded,
//! for whoever reads the difference; the values of each replication are exact, so that a later run of the same seed is
//! compared pair by pair. Both must agree, so a file that was edited by hand is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use serde::Deserialize;

use super::tables::number;
use super::{FORMAT, Figure, Manifest, ResultsError, StoredRun};
use crate::analysis::{Estimate, estimate};
use crate::units::SimDuration;

/// Version of the format of a baseline.
pub const BASELINE_FORMAT: u64 = 1;
/// Significant digits of means and intervals.
const DIGITS: usize = 6;
/// Values in a line.
const IN_A_LINE: usize = 6;
/// How far a stated mean may be from that of the values [1]: half a unit of its last digit, and a hair.
const ROUNDING: f64 = 6e-6;

/// Writes a baseline with these figures of a whole run; takes the place of another only where that is asked for.
pub fn write_baseline(
    path: &Path,
    run: &StoredRun,
    figures: &BTreeSet<&Figure>,
    replace: bool,
) -> Result<(), ResultsError> {
    let text = text(run, figures);
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    if !replace {
        options.create_new(true);
    }
    let mut file = options.open(path).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => ResultsError::Exists { path: path.to_owned() },
        _ => ResultsError::Write { path: path.to_owned(), source },
    })?;
    file.write_all(text.as_bytes()).map_err(ResultsError::writing(path))
}

fn text(run: &StoredRun, figures: &BTreeSet<&Figure>) -> String {
    let Manifest { version, scenario, inputs_hash, seed, start, horizon, replications_done, .. } = &run.manifest;
    let digest = run.manifest.digest.as_deref().unwrap_or_default();
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let mut text = format!(
        "# Figures that `stampsim compare` holds a run against; `stampsim baseline --replace` writes them anew.\n\
         format = {BASELINE_FORMAT}\n\
         scenario = {}\nversion = {}\ndigest = {}\ninputs_hash = {}\nseed = {seed}\nstart = {}\nhorizon = {}\n\
         replications = {replications_done}\n",
        quoted(scenario),
        quoted(version),
        quoted(digest),
        quoted(inputs_hash),
        quoted(start),
        quoted(&horizon.to_string()),
    );
    for figure in figures {
        let column = column(run, figure);
        let Estimate { mean, low, high, n } = estimate(&column).unwrap_or(Estimate::ABSENT);
        let head =
            [("mean", mean), ("low", low), ("high", high)].map(|(name, value)| format!("{name} = {}", rounded(value)));
        let names = format!("measure = {}\nlabels = {}", quoted(&figure.measure), quoted(&figure.labels));
        let values = lines(&column);
        // Writing to a text cannot fail.
        let _ = write!(text, "\n[[figures]]\n{names}\n{}\nn = {n}\nvalues = [\n{values}]\n", head.join("\n"));
    }
    text
}

/// The value of each replication; NaN where it has none.
fn column(run: &StoredRun, figure: &Figure) -> Vec<f64> {
    run.replications.iter().map(|figures| figures.get(figure).copied().unwrap_or(f64::NAN)).collect()
}

fn lines(values: &[f64]) -> String {
    let line = |values: &[f64]| {
        let texts: Vec<String> = values.iter().map(|value| real(*value)).collect();
        format!("  {},\n", texts.join(", "))
    };
    values.chunks(IN_A_LINE).map(line).collect()
}

/// A number as TOML has it: with a point or an exponent, `nan`, `inf`.
fn real(value: f64) -> String {
    let text = if value.is_nan() { "nan".to_owned() } else { number(value) };
    if text.contains(['.', 'e', 'n']) { text } else { format!("{text}.0") }
}

/// A number with few digits.
fn rounded(value: f64) -> String {
    let few: f64 = format!("{value:.*e}", DIGITS - 1).parse().unwrap_or(value);
    real(few)
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[expect(dead_code, reason = "looked at before all else")]
    format: u64,
    scenario: String,
    version: String,
    digest: String,
    inputs_hash: String,
    seed: u64,
    start: String,
    horizon: SimDuration,
    replications: u32,
    #[serde(default)]
    figures: Vec<Row>,
}

/// One figure.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    measure: String,
    labels: String,
    mean: f64,
    low: f64,
    high: f64,
    n: u32,
    values: Vec<f64>,
}

/// The part that every version shares.
#[derive(Deserialize)]
struct Versioned {
    format: u64,
}

/// Reads a baseline as the run that it was made of, with the figures that it keeps.
pub fn read_baseline(path: &Path) -> Result<StoredRun, ResultsError> {
    let text = fs::read_to_string(path).map_err(ResultsError::reading(path))?;
    let damaged = |found: String| ResultsError::Damaged { path: path.to_owned(), found };
    // The version first: another version may well have other fields.
    let Versioned { format } = toml::from_str(&text).map_err(|error| damaged(place(&text, &error)))?;
    if format != BASELINE_FORMAT {
        return Err(ResultsError::OtherFormat { path: path.to_owned(), found: format, reads: BASELINE_FORMAT });
    }
    let file: File = toml::from_str(&text).map_err(|error| damaged(place(&text, &error)))?;
    let wrong = file.figures.iter().find_map(|row| row.problem(file.replications).map(|found| (row, found)));
    if let Some((row, found)) = wrong {
        return Err(damaged(format!("{}: {found}", row.figure())));
    }
    Ok(file.into_run(path))
}

/// Whether a text file is meant to be a baseline and not a scenario: it begins with a format and has figures.
pub fn is_baseline(path: &Path) -> bool {
    let head =
        |text: String| text.lines().find(|line| !line.starts_with('#')).is_some_and(|line| line.starts_with("format"));
    fs::read_to_string(path).is_ok_and(head)
}

fn place(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    format!("line {line}: {}", error.message())
}

impl Row {
    fn figure(&self) -> Figure {
        Figure { measure: self.measure.clone(), labels: self.labels.clone() }
    }

    /// What does not fit together.
    fn problem(&self, replications: u32) -> Option<String> {
        if self.values.len() != replications as usize {
            return Some(format!("{} values of {replications} replications", self.values.len()));
        }
        let Estimate { mean, low, high, n } = estimate(&self.values).unwrap_or(Estimate::ABSENT);
        if self.n != n {
            return Some(format!("n is {}, the values count {n}", self.n));
        }
        let stated = [("mean", self.mean, mean), ("low", self.low, low), ("high", self.high, high)];
        let differs = |(name, stated, found): (&str, f64, f64)| {
            let same = stated.total_cmp(&found).is_eq() || (stated.is_nan() && found.is_nan());
            let close = same || (stated - found).abs() <= ROUNDING * found.abs();
            (!close).then(|| format!("{name} is {}, the values give {}", real(stated), rounded(found)))
        };
        stated.into_iter().find_map(differs)
    }
}

impl File {
    fn into_run(self, path: &Path) -> StoredRun {
        let mut replications = vec![BTreeMap::new(); self.replications as usize];
        for row in &self.figures {
            for (figures, value) in replications.iter_mut().zip(&row.values).filter(|(_, value)| !value.is_nan()) {
                figures.insert(row.figure(), *value);
            }
        }
        let manifest = Manifest {
            format: FORMAT,
            version: self.version,
            scenario: self.scenario,
            question: String::new(),
            answer: None,
            inputs_hash: self.inputs_hash,
            seed: self.seed,
            start: self.start,
            horizon: self.horizon,
            window: self.horizon,
            replications_asked: self.replications,
            replications_done: self.replications,
            complete: true,
            partial: None,
            out_of_events: 0,
            digest: Some(self.digest),
            order_hashes: Vec::new(),
            assumptions: Vec::new(),
            catalog: BTreeMap::new(),
            advice: Vec::new(),
            command_line: Vec::new(),
        };
        StoredRun { folder: path.to_owned(), manifest, replications }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{manifest, run, study};
    use super::*;

    /// Three replications; the last of them has no latency.
    fn stored() -> StoredRun {
        let runs: Vec<_> = (0..3).map(|i| run(i, 0.1 + f64::from(i) / 7.0)).collect();
        let manifest = manifest(&study("outage", &runs), &runs);
        let figures = |values: &BTreeMap<crate::metrics::MeasureKey, f64>| {
            let figure =
                |key: &crate::metrics::MeasureKey| Figure { measure: key.name.into(), labels: key.labels.to_string() };
            values.iter().map(|(key, value)| (figure(key), *value)).collect::<BTreeMap<_, _>>()
        };
        let mut replications: Vec<_> = runs.iter().map(|run| figures(&run.values)).collect();
        replications[2].pop_first();
        StoredRun { folder: "somewhere".into(), manifest, replications }
    }

    fn written(folder: &Path) -> std::path::PathBuf {
        let (run, path) = (stored(), folder.join("outage.baseline.toml"));
        let all: BTreeSet<&Figure> = run.replications.iter().flat_map(BTreeMap::keys).collect();
        write_baseline(&path, &run, &all, false).expect("written");
        path
    }

    #[test]
    fn what_was_written_reads_back_bit_for_bit() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, run) = (written(folder.path()), stored());
        let back = read_baseline(&path).expect("readable");
        assert_eq!(back.replications, run.replications);
        assert_eq!(
            (back.manifest.digest, back.manifest.seed, back.manifest.horizon, back.manifest.replications_done),
            (run.manifest.digest, 7, SimDuration::from_secs(20), 3)
        );
        assert!(is_baseline(&path));
    }

    #[test]
    fn a_person_can_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = fs::read_to_string(written(folder.path())).expect("text");
        for line in [
            "scenario = \"outage\"",
            "horizon = \"20 s\"",
            "measure = \"command_latency_ms\"",
            "mean = 0.242857",
            "n = 2",
            "  0.1, 0.24285714285714285, 0.3857142857142857,",
        ] {
            assert!(text.lines().any(|found| found == line), "no line {line:?} in\n{text}");
        }
        assert!(text.contains("nan,\n"), "a replication without the figure is seen\n{text}");
    }

    #[test]
    fn it_never_overwrites_unless_asked() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, run) = (written(folder.path()), stored());
        let again = write_baseline(&path, &run, &BTreeSet::new(), false).expect_err("it exists");
        assert!(again.is_write() && again.to_string().ends_with("exists already"), "{again}");
        write_baseline(&path, &run, &BTreeSet::new(), true).expect("asked for");
        assert!(read_baseline(&path).expect("readable").replications.iter().all(BTreeMap::is_empty));
    }

    #[test]
    fn what_was_edited_or_is_of_another_format_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = written(folder.path());
        let good = fs::read_to_string(&path).expect("text");
        for (from, to, says) in [
            ("format = 1", "format = 9", "has format 9, this version reads format 1"),
            ("mean = 0.242857", "mean = 0.25", "mean is 0.25, the values give 0.242857"),
            ("  0.1, ", "  ", "2 values of 3 replications"),
            ("n = 2", "n = 3", "n is 3, the values count 2"),
            ("seed = 7", "sead = 7", "line "),
            ("format = 1\n", "", "missing field `format`"),
        ] {
            fs::write(&path, good.replacen(from, to, 1)).expect("written");
            let message = read_baseline(&path).expect_err(to).to_string();
            assert!(message.contains(says), "{to}: {message}");
        }
        assert!(
            read_baseline(&folder.path().join("none.toml"))
                .expect_err("missing")
                .to_string()
                .starts_with("cannot read")
        );
    }
}
