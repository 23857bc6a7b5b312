//! Writing run folders: `<out>/<scenario>/<run id>/`, aside first and renamed when whole.
//!
//! The clock that names a folder is handed in; nothing here looks at one. `latest` is a text file and no link, so that
//! it works on every system.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Component, Path, PathBuf};

use serde::Serialize;

use super::manifest::whole;
use super::order::{EventLog, ORDER, Orders, events_csv, events_name, order_csv};
use super::tables::Floors;
use super::{Manifest, ResultsError, tables};
use crate::analysis::{Observations, Outcome, Study};
use crate::scenario::Input;

/// Name of the text file that holds the newest run id of a scenario.
pub const LATEST: &str = "latest";
/// Most runs that one scenario may write in one second with the same inputs.
const COLLISIONS_MAX: u32 = 1_000;

/// Everything that goes into a run folder.
#[derive(Debug, Clone, Copy)]
pub struct RunRecord<'a, E> {
    /// What was run, and how far it came.
    pub manifest: &'a Manifest,
    /// The figures.
    pub study: &'a Study,
    /// All replications; those that are not whole are left out.
    pub runs: &'a [Observations],
    /// Checkpoints of their events.
    pub orders: &'a Orders,
    /// The log of one replication, where it was asked for.
    pub events: Option<EventLog<'a>>,
    /// What limits alone make of a figure.
    pub floors: &'a Floors,
    /// The scenario with every default filled in, as TOML.
    pub scenario: &'a str,
    /// Files that the scenario names, which it finds beside itself.
    pub inputs: &'a [Input],
    /// The prices that were used, as TOML; nothing when they are an input.
    pub prices: Option<&'a str>,
    /// What became of the expectations, as JSON.
    pub expectations: &'a E,
    /// The measure and the outcome of each expectation, whose values are kept as evidence.
    pub evidence: &'a [(&'a str, &'a Outcome)],
    /// The summary for people, as markdown.
    pub summary: &'a str,
    /// The verdicts for test runners, as JUnit XML.
    pub junit: &'a str,
    /// Pictures: file name with its extension, and bytes.
    pub charts: &'a [(String, Vec<u8>)],
}

/// Checks before a simulation that its folders can be written: makes the scenarios' folders and tries each.
pub fn prepare<'a>(out: &Path, scenarios: impl IntoIterator<Item = &'a str>) -> Result<(), ResultsError> {
    probe(out)?;
    scenarios.into_iter().try_for_each(|scenario| probe(&scenario_folder(out, scenario)?))
}

/// Writes a run folder and points `latest` to it; returns where it is.
///
/// `clock` is the start of the run as `yyyymmdd-hhmmss`. A failure leaves no folder that looks whole.
pub fn write<E: Serialize>(out: &Path, clock: &str, record: &RunRecord<'_, E>) -> Result<PathBuf, ResultsError> {
    let parent = scenario_folder(out, &record.study.scenario)?;
    fs::create_dir_all(&parent).map_err(ResultsError::writing(&parent))?;
    let hash: String = record.manifest.inputs_hash.chars().take(8).collect();
    let aside = Aside::claim(&parent, &format!("{clock}-{hash}"))?;
    fill(&aside.path, record)?;
    let (id, folder) = aside.publish(&parent)?;
    point_to(&parent, &id)?;
    Ok(folder)
}

/// The folder of a scenario's runs; its name may hold folders of its own.
fn scenario_folder(out: &Path, scenario: &str) -> Result<PathBuf, ResultsError> {
    inside(out, scenario)
}

/// A path that must stay below a folder.
pub(super) fn inside(folder: &Path, name: &str) -> Result<PathBuf, ResultsError> {
    let path = Path::new(name);
    if !name.is_empty() && path.components().all(|part| matches!(part, Component::Normal(_))) {
        Ok(folder.join(path))
    } else {
        Err(ResultsError::Name { name: name.to_owned() })
    }
}

/// Makes a folder and tries to write into it.
fn probe(folder: &Path) -> Result<(), ResultsError> {
    fs::create_dir_all(folder).map_err(ResultsError::writing(folder))?;
    let file = folder.join(format!(".write-test-{}.tmp", std::process::id()));
    let tried =
        fs::write(&file, b"a byte, since an empty file fits on a full disk").map_err(ResultsError::writing(&file));
    match fs::remove_file(&file) {
        Err(source) if tried.is_ok() => Err(ResultsError::Write { path: file, source }),
        _ => tried,
    }
}

/// A folder under its working name; taken away again unless it is published.
struct Aside {
    path: PathBuf,
    id: String,
    published: bool,
}

impl Aside {
    /// Makes `<id>.tmp` for the first free id of `base`, `base-2`, `base-3`.
    fn claim(parent: &Path, base: &str) -> Result<Self, ResultsError> {
        for attempt in 1..=COLLISIONS_MAX {
            let id = if attempt == 1 { base.to_owned() } else { format!("{base}-{attempt}") };
            let path = parent.join(format!("{id}.tmp"));
            // Making the folder is the claim: of two runs in the same second, one is told that it exists. The other
            // order of the two checks would let a run that has just been published be claimed again.
            match fs::create_dir(&path) {
                Ok(()) => {
                    let aside = Self { path, id, published: false };
                    if !parent.join(&aside.id).exists() {
                        return Ok(aside);
                    }
                }
                Err(source) if source.kind() == ErrorKind::AlreadyExists => {}
                Err(source) => return Err(ResultsError::Write { path, source }),
            }
        }
        let source = io::Error::new(ErrorKind::AlreadyExists, "too many runs in one second");
        Err(ResultsError::Write { path: parent.join(base), source })
    }

    /// Gives the folder its name.
    fn publish(mut self, parent: &Path) -> Result<(String, PathBuf), ResultsError> {
        let folder = parent.join(&self.id);
        fs::rename(&self.path, &folder).map_err(ResultsError::writing(&folder))?;
        self.published = true;
        Ok((self.id.clone(), folder))
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if !self.published {
            // The error that led here is the one to tell; what stays behind is marked by its name.
            drop(fs::remove_dir_all(&self.path));
        }
    }
}

/// Every file of the folder, the manifest last.
fn fill<E: Serialize>(folder: &Path, record: &RunRecord<'_, E>) -> Result<(), ResultsError> {
    let RunRecord { manifest, study, runs, .. } = *record;
    file(folder, "scenario.resolved.toml", |to| to.write_all(record.scenario.as_bytes()))?;
    fill_inputs(folder, record.inputs)?;
    if let Some(prices) = record.prices {
        file(folder, "prices.resolved.toml", |to| to.write_all(prices.as_bytes()))?;
    }
    file(folder, "summary.json", |to| tables::summary_json(to, manifest, study, runs, record.floors))?;
    file(folder, "summary.csv", |to| tables::summary_csv(to, study, runs))?;
    file(folder, "summary.md", |to| to.write_all(record.summary.as_bytes()))?;
    file(folder, "junit.xml", |to| to.write_all(record.junit.as_bytes()))?;
    file(folder, "replications.csv", |to| tables::replications_csv(to, &whole(runs)))?;
    file(folder, ORDER, |to| order_csv(to, record.orders))?;
    if let Some(log) = record.events {
        file(folder, &events_name(log.replication), |to| events_csv(to, log.lines()))?;
    }
    file(folder, "marks.csv", |to| tables::marks_csv(to, study))?;
    file(folder, "expectations.json", |to| tables::json(to, record.expectations))?;
    fill_evidence(&folder.join("evidence"), record.evidence, study)?;
    fill_series(&folder.join("series"), study)?;
    fill_histograms(&folder.join("histograms"), study)?;
    fill_charts(&folder.join("charts"), record.charts)?;
    file(folder, "manifest.json", |to| tables::json(to, manifest))
}

fn fill_inputs(folder: &Path, inputs: &[Input]) -> Result<(), ResultsError> {
    for Input { path, text } in inputs {
        let below = inside(folder, path)?;
        let parent = below.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(ResultsError::writing(parent))?;
        file(folder, path, |to| to.write_all(text.as_bytes()))?;
    }
    Ok(())
}

/// The values behind each expectation; no folder where there is none.
fn fill_evidence(folder: &Path, evidence: &[(&str, &Outcome)], study: &Study) -> Result<(), ResultsError> {
    if evidence.is_empty() {
        return Ok(());
    }
    directory(folder)?;
    for (i, (measure, outcome)) in evidence.iter().enumerate() {
        // The measure may be misspelt, and a name of a file must not be more than a name.
        let measure: String = measure.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(60).collect();
        let name = format!("{:02}-{measure}.csv", i + 1);
        file(folder, &name, |to| tables::evidence_csv(to, study.window.secs(), &outcome.evidence))?;
    }
    Ok(())
}

fn fill_series(folder: &Path, study: &Study) -> Result<(), ResultsError> {
    directory(folder)?;
    let window_s = study.window.secs();
    for (measure, group) in tables::by_measure(&study.series) {
        file(folder, &format!("{measure}.csv"), |to| tables::series_csv(to, window_s, &group))?;
    }
    Ok(())
}

fn fill_histograms(folder: &Path, study: &Study) -> Result<(), ResultsError> {
    directory(folder)?;
    for (measure, group) in tables::by_measure(&study.histograms) {
        file(folder, &format!("{measure}.csv"), |to| tables::histogram_csv(to, &group))?;
    }
    Ok(())
}

fn fill_charts(folder: &Path, charts: &[(String, Vec<u8>)]) -> Result<(), ResultsError> {
    if charts.is_empty() {
        return Ok(());
    }
    directory(folder)?;
    charts.iter().try_for_each(|(name, bytes)| file(folder, name, |to| to.write_all(bytes)))
}

fn directory(path: &Path) -> Result<(), ResultsError> {
    fs::create_dir(path).map_err(ResultsError::writing(path))
}

/// Writes one file to its end; a disk that is full says so here or never.
fn file(folder: &Path, name: &str, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), ResultsError> {
    let path = folder.join(name);
    let write = || {
        let mut to = BufWriter::new(File::create(&path)?);
        content(&mut to)?;
        to.flush()
    };
    write().map_err(ResultsError::writing(&path))
}

/// Replaces `latest` by a rename, so that a reader sees the old run or the new one and never half a name.
fn point_to(parent: &Path, id: &str) -> Result<(), ResultsError> {
    let aside = parent.join(format!("{LATEST}.{id}.tmp"));
    let latest = parent.join(LATEST);
    let replaced = fs::write(&aside, format!("{id}\n")).and_then(|()| fs::rename(&aside, &latest));
    replaced.map_err(|source| {
        drop(fs::remove_file(&aside));
        ResultsError::Write { path: latest, source }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::sample::{manifest, run, study};
    use super::*;

    const CLOCK: &str = "20260302-101500";

    /// Writes a run of three replications.
    fn write_one(out: &Path, scenario: &str, charts: &[(String, Vec<u8>)]) -> Result<PathBuf, ResultsError> {
        let runs: Vec<_> = (0..3).map(|i| run(i, f64::from(i))).collect();
        let study = study(scenario, &runs);
        let manifest = manifest(&study, &runs);
        let record = RunRecord {
            manifest: &manifest,
            study: &study,
            runs: &runs,
            orders: &Orders::new(),
            events: None,
            floors: &Floors::new(),
            scenario: "question = \"?\"\n",
            inputs: &[Input { path: "inputs/growth.csv".into(), text: "0,1\n".into() }],
            prices: None,
            expectations: &Vec::<u32>::new(),
            evidence: &[],
            summary: "# Outage\n",
            junit: "<testsuites/>\n",
            charts,
        };
        write(out, CLOCK, &record)
    }

    fn names(folder: &Path) -> BTreeSet<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect()
    }

    #[test]
    fn a_folder_holds_what_is_promised_and_nothing_is_left_aside() {
        let out = tempfile::tempdir().expect("a folder");
        let charts = [("latency.svg".to_owned(), b"<svg/>".to_vec())];
        let folder = write_one(out.path(), "group/outage", &charts).expect("written");
        assert_eq!(folder, out.path().join("group/outage/20260302-101500-01234567"));
        let files = "charts expectations.json histograms inputs junit.xml manifest.json marks.csv order.csv replications.csv \
                     scenario.resolved.toml series summary.csv summary.json summary.md";
        assert_eq!(names(&folder), files.split_whitespace().map(str::to_owned).collect());
        assert_eq!(
            names(&folder.join("series")),
            ["devices_connected.csv", "devices_in_state.csv"].map(str::to_owned).into()
        );
        assert_eq!(fs::read(folder.join("charts/latency.svg")).expect("a chart"), b"<svg/>");
        let parent = folder.parent().expect("a parent");
        assert_eq!(names(parent), ["20260302-101500-01234567", "latest"].map(str::to_owned).into());
        assert_eq!(fs::read_to_string(parent.join(LATEST)).expect("text"), "20260302-101500-01234567\n");
    }

    #[test]
    fn runs_in_the_same_second_do_not_collide() {
        let out = tempfile::tempdir().expect("a folder");
        let folders: BTreeSet<_> = std::thread::scope(|scope| {
            let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| write_one(out.path(), "outage", &[]))).collect();
            runs.into_iter().map(|run| run.join().expect("no panic").expect("written")).collect()
        });
        assert_eq!(folders.len(), 8);
        let parent = out.path().join("outage");
        assert_eq!(names(&parent).len(), 9, "eight runs and `latest`");
        let latest = fs::read_to_string(parent.join(LATEST)).expect("text");
        assert!(folders.contains(&parent.join(latest.trim())));
    }

    #[test]
    fn a_failure_leaves_no_folder() {
        let out = tempfile::tempdir().expect("a folder");
        write_one(out.path(), "outage", &[]).expect("written");
        let before = names(&out.path().join("outage"));
        let missing = [("no/such/folder.svg".to_owned(), Vec::new())];
        let error = write_one(out.path(), "outage", &missing).expect_err("no such folder");
        assert!(error.is_write() && error.to_string().contains("folder.svg"), "{error}");
        assert!(std::error::Error::source(&error).is_some());
        assert_eq!(names(&out.path().join("outage")), before);
    }

    #[test]
    fn an_output_that_cannot_be_written_is_known_before() {
        let out = tempfile::tempdir().expect("a folder");
        let file = out.path().join("a-file");
        fs::write(&file, "").expect("a file");
        assert!(prepare(&file, []).expect_err("a file is no folder").to_string().starts_with("cannot write"));
        assert!(prepare(out.path(), ["a-file"]).is_err());
        prepare(out.path(), ["fine", "group/fine"]).expect("it can");
        assert!(names(&out.path().join("group/fine")).is_empty());
    }

    #[test]
    fn a_name_stays_below_the_output() {
        for name in ["", "..", "../x", "/x", "a/../../b"] {
            assert!(prepare(Path::new("output"), [name]).is_err() || name.is_empty(), "{name}");
            assert!(matches!(scenario_folder(Path::new("output"), name), Err(ResultsError::Name { .. })), "{name}");
        }
    }
}
