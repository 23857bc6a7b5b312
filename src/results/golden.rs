//! Golden files: what a scenario came to when somebody last agreed with it, in a text that a reviewer reads in a diff.
//!
//! The digest is exact: any other bit of any figure is another digest. Beside it stand the key figures to three digits,
//! so that a reader of the difference sees at once whether anything changed that matters.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ResultsError;

/// Version of the format of golden files.
pub const GOLDEN_FORMAT: u64 = 1;
/// Ending of a golden file; no scenario has it, so the two may lie beside each other.
const ENDING: &str = "golden";
/// Largest golden file that is read [B].
const SIZE_MAX: u64 = 1 << 20;
/// Significant digits of a figure.
const DIGITS: usize = 3;
/// The first lines of every file.
const HEADER: &str = "\
# What `stampsim golden` expects of this scenario. Figures are rounded to 3 digits; the digest covers every bit.
# A change is a decision: accept it by name with `--accept`, and say why where results changes are listed.
";

/// What is expected of one scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// Version of the format.
    pub format: u64,
    /// Name of the scenario.
    pub scenario: String,
    /// Hash of the resolved inputs, hexadecimal.
    pub inputs: String,
    /// Digest of the results.
    pub digest: String,
    /// Overrides of the scenario, as `--set` takes them, in their order.
    pub settings: Vec<String>,
    /// Seed, as it was resolved.
    pub seed: u64,
    /// Replications, as they were resolved.
    pub replications: u32,
    /// Key figures, rounded, with their unit.
    pub figures: BTreeMap<String, String>,
}

/// A figure that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The figure.
    pub figure: String,
    /// What was expected; nothing where it is new.
    pub was: Option<String>,
    /// What it is; nothing where it is gone.
    pub is: Option<String>,
}

impl Golden {
    /// The rounded figures that differ from those of `now`, in order of their names.
    pub fn moved(&self, now: &Golden) -> Vec<Moved> {
        let names: std::collections::BTreeSet<&String> = self.figures.keys().chain(now.figures.keys()).collect();
        let pair = |figure: &String| (self.figures.get(figure).cloned(), now.figures.get(figure).cloned());
        let moved = names.into_iter().map(|figure| (figure, pair(figure))).filter(|(_, (was, is))| was != is);
        moved.map(|(figure, (was, is))| Moved { figure: figure.clone(), was, is }).collect()
    }
}

/// A figure to three significant digits with its unit; a dash for what is no number.
pub fn rounded(value: f64, unit: &str) -> String {
    // Decimal rounding of the exact value: the same text on every machine.
    let text = format!("{value:.*e}", DIGITS - 1);
    let number = match text.parse::<f64>() {
        Ok(number) if number.is_finite() => number.to_string(),
        _ => return "-".to_owned(),
    };
    if unit.is_empty() || unit == "1" { number } else { format!("{number} {unit}") }
}

/// Where a scenario's golden file lies.
pub fn golden_path(folder: &Path, scenario: &str) -> Result<PathBuf, ResultsError> {
    super::folder::inside(folder, &format!("{scenario}.{ENDING}"))
}

/// Reads a golden file; nothing where there is none.
pub fn read_golden(path: &Path) -> Result<Option<Golden>, ResultsError> {
    let damaged = |found: String| ResultsError::Damaged { path: path.to_owned(), found };
    match fs::metadata(path) {
        Ok(meta) if meta.len() > SIZE_MAX => return Err(damaged(format!("it is larger than {} MB", SIZE_MAX >> 20))),
        _ => {}
    }
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(source) => return Err(ResultsError::reading(path)(source)),
    };
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| damaged(error.to_string()))?;
    // The version first: another version may well have other keys.
    match table.get("format").and_then(toml::Value::as_integer) {
        Some(format) if u64::try_from(format) == Ok(GOLDEN_FORMAT) => {}
        Some(format) => {
            let found = u64::try_from(format).unwrap_or(0);
            return Err(ResultsError::OtherFormat { path: path.to_owned(), found, reads: GOLDEN_FORMAT });
        }
        None => return Err(damaged("it states no `format`".to_owned())),
    }
    table.try_into().map(Some).map_err(|error: toml::de::Error| damaged(error.to_string()))
}

/// Writes a golden file, aside first and renamed when whole.
pub fn write_golden(path: &Path, golden: &Golden) -> Result<(), ResultsError> {
    let parent = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(parent).map_err(ResultsError::writing(parent))?;
    let text = toml::to_string_pretty(golden).expect("a golden file is plain data");
    let aside = path.with_extension(format!("{ENDING}.{}.tmp", std::process::id()));
    let written = fs::write(&aside, format!("{HEADER}{text}")).and_then(|()| fs::rename(&aside, path));
    written.map_err(|source| {
        drop(fs::remove_file(&aside));
        ResultsError::Write { path: path.to_owned(), source }
    })
}

/// Takes a golden file away.
pub fn remove_golden(path: &Path) -> Result<(), ResultsError> {
    fs::remove_file(path).map_err(ResultsError::writing(path))
}

/// The names of all scenarios that have a golden file below a folder, sorted; none where there is no folder.
pub fn golden_names(folder: &Path) -> Result<Vec<String>, ResultsError> {
    let (mut folders, mut names) = (vec![folder.to_owned()], Vec::new());
    while let Some(at) = folders.pop() {
        let entries = match fs::read_dir(&at) {
            Ok(entries) => entries,
            Err(error) if is_absent(&error) => continue,
            Err(source) => return Err(ResultsError::reading(&at)(source)),
        };
        for entry in entries {
            let entry = entry.map_err(ResultsError::reading(&at))?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(ResultsError::reading(&at))?);
            if kind.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == ENDING) {
                names.extend(path.strip_prefix(folder).ok().map(name));
            }
        }
    }
    names.sort();
    Ok(names)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The scenario of a golden file's path below its folder.
fn name(path: &Path) -> String {
    let whole = path.with_extension("");
    whole.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden() -> Golden {
        Golden {
            format: GOLDEN_FORMAT,
            scenario: "group/outage".into(),
            inputs: "ab".into(),
            digest: "cd".into(),
            settings: vec!["run.scale=0.01".into()],
            seed: 7,
            replications: 2,
            figures: [("commands".into(), "12".into()), ("wait_ms{at=send}".into(), "1.5 ms".into())].into(),
        }
    }

    #[test]
    fn a_golden_file_reads_back_equal_and_is_a_text_for_people() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = golden_path(folder.path(), "group/outage").expect("a name");
        assert_eq!(read_golden(&path).expect("no mistake"), None);
        write_golden(&path, &golden()).expect("written");
        assert_eq!(read_golden(&path).expect("readable"), Some(golden()));
        assert_eq!(golden_names(folder.path()).expect("a folder"), ["group/outage"]);
        let text = fs::read_to_string(&path).expect("text");
        assert!(text.starts_with("# What `stampsim golden` expects"), "{text}");
        assert!(text.contains("\n\"wait_ms{at=send}\" = \"1.5 ms\"\n"), "{text}");
        remove_golden(&path).expect("removed");
        assert!(golden_names(folder.path()).expect("a folder").is_empty());
        assert!(golden_names(&folder.path().join("nowhere")).expect("none").is_empty());
    }

    #[test]
    fn what_is_no_golden_file_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = golden_path(folder.path(), "outage").expect("a name");
        write_golden(&path, &golden()).expect("written");
        let good = fs::read_to_string(&path).expect("text");
        for (text, found) in [
            (good.replace("format = 1", "format = 9"), "has format 9, this version reads format 1"),
            (good.replace("format = 1", ""), "it states no `format`"),
            (good.replace("seed = 7", "sead = 7"), "unknown field `sead`"),
            ("<html>".to_owned(), "is damaged"),
            ("#".repeat(2 << 20), "larger than 1 MB"),
        ] {
            fs::write(&path, text).expect("written");
            let message = read_golden(&path).expect_err(found).to_string();
            assert!(message.contains(found), "{message}");
        }
        assert!(golden_path(folder.path(), "../outage").is_err());
    }

    #[test]
    fn figures_are_rounded_to_three_digits_and_compared_as_text() {
        for (value, unit, text) in [
            (151.04, "ms", "151 ms"),
            (1_234_567.0, "1", "1230000"),
            (0.001_239_9, "USD", "0.00124 USD"),
            (0.0, "", "0"),
            (f64::NAN, "s", "-"),
        ] {
            assert_eq!(rounded(value, unit), text);
        }
        let mut now = golden();
        assert!(golden().moved(&now).is_empty());
        now.figures = [("commands".into(), "13".into()), ("stamps_active".into(), "4".into())].into();
        let moved = golden().moved(&now);
        let told: Vec<_> = moved.iter().map(|m| (m.figure.as_str(), m.was.as_deref(), m.is.as_deref())).collect();
        let wanted = [
            ("commands", Some("12"), Some("13")),
            ("stamps_active", None, Some("4")),
            ("wait_ms{at=send}", Some("1.5 ms"), None),
        ];
        assert_eq!(told, wanted);
    }
}
