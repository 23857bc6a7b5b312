//! Reading a run folder back, to compare it with another.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::folder::LATEST;
use super::{FORMAT, Manifest, ResultsError};

/// A figure of a stored run; its measure may be one that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Figure {
    /// Name of the measure.
    pub measure: String,
    /// Its labels as `a=b c=d`.
    pub labels: String,
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.measure)?;
        if self.labels.is_empty() { Ok(()) } else { write!(f, "{{{}}}", self.labels) }
    }
}

/// What a comparison needs of a run folder.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRun {
    /// Where it is.
    pub folder: PathBuf,
    /// What was run.
    pub manifest: Manifest,
    /// The figures of each replication, by its number; empty where a replication is missing.
    pub replications: Vec<BTreeMap<Figure, f64>>,
}

/// The run folder that a path means: itself, or the newest run of a scenario's folder.
pub fn locate(path: &Path) -> Result<PathBuf, ResultsError> {
    if path.join("manifest.json").is_file() {
        return Ok(path.to_owned());
    }
    let latest = path.join(LATEST);
    let id = match fs::read_to_string(&latest) {
        Ok(id) => id,
        Err(error) if error.kind() == ErrorKind::NotFound || error.kind() == ErrorKind::NotADirectory => {
            return Err(ResultsError::NoRun { path: path.to_owned() });
        }
        Err(source) => return Err(ResultsError::Read { path: latest, source }),
    };
    let folder = path.join(id.trim());
    if folder.join("manifest.json").is_file() {
        Ok(folder)
    } else {
        Err(ResultsError::Damaged { path: latest, found: format!("it names {:?}, which is no run", id.trim()) })
    }
}

/// Reads manifest and replications of a run folder.
pub fn read(folder: &Path) -> Result<StoredRun, ResultsError> {
    let manifest = manifest(&folder.join("manifest.json"))?;
    let path = folder.join("replications.csv");
    let replications = replications(&path)?;
    let found = replications.iter().filter(|figures| !figures.is_empty()).count();
    if found > manifest.replications_done as usize || (found == 0 && manifest.replications_done > 0) {
        let found = format!("{found} replications, where the manifest counts {}", manifest.replications_done);
        return Err(ResultsError::Damaged { path, found });
    }
    Ok(StoredRun { folder: folder.to_owned(), manifest, replications })
}

/// The manifest of the newest run of every scenario below a folder, by the names of the scenarios.
pub fn newest(out: &Path) -> Result<Vec<Manifest>, ResultsError> {
    let (mut folders, mut found) = (vec![out.to_owned()], BTreeMap::new());
    while let Some(folder) = folders.pop() {
        if folder.join(LATEST).is_file() {
            let manifest = manifest(&locate(&folder)?.join("manifest.json"))?;
            found.insert(manifest.scenario.clone(), manifest);
        }
        for entry in fs::read_dir(&folder).map_err(ResultsError::reading(&folder))? {
            let path = entry.map_err(ResultsError::reading(&folder))?.path();
            // A run's own folder has none below that is a scenario's.
            if path.is_dir() && !path.join("manifest.json").is_file() {
                folders.push(path);
            }
        }
    }
    Ok(found.into_values().collect())
}

/// The part that every version shares.
#[derive(Deserialize)]
struct Versioned {
    format: u64,
}

fn manifest(path: &Path) -> Result<Manifest, ResultsError> {
    let text = fs::read_to_string(path).map_err(ResultsError::reading(path))?;
    let damaged = |error: serde_json::Error| ResultsError::Damaged { path: path.to_owned(), found: error.to_string() };
    // The version first: another version may well have other fields.
    let Versioned { format } = serde_json::from_str(&text).map_err(damaged)?;
    if format != FORMAT {
        return Err(ResultsError::OtherFormat { path: path.to_owned(), found: format, reads: FORMAT });
    }
    serde_json::from_str(&text).map_err(damaged)
}

/// A row of `replications.csv`; an empty value is no figure.
#[derive(Deserialize)]
struct Row {
    replication: u32,
    measure: String,
    labels: String,
    value: Option<f64>,
}

fn replications(path: &Path) -> Result<Vec<BTreeMap<Figure, f64>>, ResultsError> {
    let damaged = |found: String| ResultsError::Damaged { path: path.to_owned(), found };
    let file = fs::File::open(path).map_err(ResultsError::reading(path))?;
    let mut replications: Vec<BTreeMap<Figure, f64>> = Vec::new();
    for row in csv::Reader::from_reader(std::io::BufReader::new(file)).deserialize() {
        let Row { replication, measure, labels, value } = row.map_err(|error| damaged(error.to_string()))?;
        let i = replication as usize;
        // Rows are in the order of the plan; a number far beyond is a slip of an editor, not a list to allocate.
        if i > replications.len() + MISSING_MAX {
            return Err(damaged(format!("replication {replication} follows {}", replications.len())));
        }
        if i >= replications.len() {
            replications.resize_with(i + 1, BTreeMap::new);
        }
        if let Some(value) = value {
            replications[i].insert(Figure { measure, labels }, value);
        }
    }
    Ok(replications)
}

/// Most replications that may be missing in a row.
const MISSING_MAX: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use super::super::folder::{RunRecord, write};
    use super::super::sample::{manifest as manifest_of, run, study};
    use super::*;

    fn write_one(out: &Path) -> PathBuf {
        let runs: Vec<_> = (0..3).map(|i| run(i, f64::from(i) / 7.0)).collect();
        let study = study("outage", &runs);
        let manifest = manifest_of(&study, &runs);
        let record = RunRecord {
            manifest: &manifest,
            study: &study,
            runs: &runs,
            orders: &super::super::Orders::new(),
            events: None,
            floors: &super::super::Floors::new(),
            scenario: "",
            inputs: &[],
            prices: Some(""),
            expectations: &(),
            evidence: &[],
            summary: "",
            junit: "",
            charts: &[],
        };
        write(out, "20260302-101500", &record).expect("written")
    }

    #[test]
    fn what_was_written_reads_back_bit_for_bit() {
        let out = tempfile::tempdir().expect("a folder");
        let folder = write_one(out.path());
        assert_eq!(locate(&out.path().join("outage")).expect("latest"), folder);
        let stored = read(&locate(&folder).expect("itself")).expect("readable");
        assert_eq!((stored.manifest.seed, stored.manifest.complete), (7, true));
        let commands = Figure { measure: "commands".into(), labels: String::new() };
        let values: Vec<_> = stored.replications.iter().map(|figures| figures[&commands].to_bits()).collect();
        assert_eq!(values, [0.0f64, 1.0 / 7.0, 2.0 / 7.0].map(f64::to_bits));
        let labels: Vec<_> = stored.replications[0].keys().map(ToString::to_string).collect();
        assert_eq!(labels, ["command_latency_ms{quantile=0.99}", "commands"]);
    }

    #[test]
    fn the_newest_run_of_every_scenario_is_found_once() {
        let out = tempfile::tempdir().expect("a folder");
        write_one(out.path());
        write_one(out.path());
        let names: Vec<_> = newest(out.path()).expect("readable").into_iter().map(|found| found.scenario).collect();
        assert_eq!(names, ["outage"]);
        assert!(matches!(newest(&out.path().join("nowhere")), Err(ResultsError::Read { .. })));
    }

    #[test]
    fn what_is_missing_damaged_or_of_another_format_is_said() {
        let out = tempfile::tempdir().expect("a folder");
        let message = |result: Result<StoredRun, ResultsError>| result.expect_err("a mistake").to_string();
        assert!(matches!(locate(out.path()), Err(ResultsError::NoRun { .. })));
        assert!(matches!(locate(&out.path().join("nowhere")), Err(ResultsError::NoRun { .. })));
        let folder = write_one(out.path());
        let manifest = folder.join("manifest.json");
        let good = fs::read_to_string(&manifest).expect("text");
        fs::write(&manifest, good.replace("\"format\": 1", "\"format\": 9")).expect("written");
        assert!(message(read(&folder)).ends_with("has format 9, this version reads format 1"));
        fs::write(&manifest, &good[..good.len() / 2]).expect("written");
        assert!(message(read(&folder)).contains("manifest.json is damaged: EOF"));
        fs::write(&manifest, &good).expect("written");
        let table = folder.join("replications.csv");
        for (content, found) in [
            ("replication,measure,labels,value\n0,commands,,x\n", "invalid float"),
            ("replication,measure,labels,value\n0,commands\n", "found record with 2 fields"),
            ("replication,measure,labels,value\n4000000000,commands,,1\n", "replication 4000000000 follows 0"),
            ("replication,measure,labels,value\n", "0 replications, where the manifest counts 3"),
        ] {
            fs::write(&table, content).expect("written");
            assert!(message(read(&folder)).contains(found), "{}", message(read(&folder)));
        }
        fs::remove_file(&table).expect("removed");
        assert!(message(read(&folder)).starts_with("cannot read"));
        fs::write(out.path().join("outage/latest"), "gone\n").expect("written");
        assert!(locate(&out.path().join("outage")).expect_err("gone").to_string().contains("it names \"gone\""));
    }
}
