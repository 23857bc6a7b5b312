//! What can go wrong between a run and its folder.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a run folder could not be written or read.
#[derive(Debug)]
pub enum ResultsError {
    /// The system refused to write.
    Write {
        /// What was to be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system refused to read.
    Read {
        /// What was to be read.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Neither a run folder nor a scenario's folder with a `latest` file.
    NoRun {
        /// Where a run was looked for.
        path: PathBuf,
    },
    /// A file that does not hold what it should.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found in it.
        found: String,
    },
    /// A folder of another version of the format.
    OtherFormat {
        /// The file that states it.
        path: PathBuf,
        /// The version it states.
        found: u64,
        /// The version that this program reads.
        reads: u64,
    },
    /// A file that is there already and is not to be overwritten.
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A name of a scenario that is no path below the output folder.
    Name {
        /// The name.
        name: String,
    },
}

impl ResultsError {
    /// For `map_err` on a path that was to be written.
    pub(super) fn writing(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }

    /// For `map_err` on a path that was to be read.
    pub(super) fn reading(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    /// Whether it is about writing.
    pub fn is_write(&self) -> bool {
        matches!(self, Self::Write { .. } | Self::Name { .. } | Self::Exists { .. })
    }

    /// What the user may do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Write { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "free some space, or write elsewhere with --out DIR"
            }
            Self::Write { .. } => "check the permissions, or write elsewhere with --out DIR",
            Self::Read { .. } => "check that the path exists and may be read",
            Self::NoRun { .. } => {
                "name a scenario file, a baseline, a run folder, or a scenario's folder below output/"
            }
            Self::Damaged { .. } => "run the scenario again; results are not meant to be edited",
            Self::OtherFormat { .. } => {
                "run the scenario again with this version, or compare with the version that wrote it"
            }
            Self::Exists { .. } => "write elsewhere, or say --replace",
            Self::Name { .. } => "rename the scenario file",
        }
    }
}

impl fmt::Display for ResultsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write { path, source } => write!(f, "cannot write {}: {source}", path.display()),
            Self::Read { path, source } => write!(f, "cannot read {}: {source}", path.display()),
            Self::NoRun { path } => {
                write!(f, "no run at {}: expected a folder with `manifest.json` or `latest`", path.display())
            }
            Self::Damaged { path, found } => write!(f, "{} is damaged: {found}", path.display()),
            Self::OtherFormat { path, found, reads } => {
                write!(f, "{} has format {found}, this version reads format {reads}", path.display())
            }
            Self::Exists { path } => write!(f, "{} exists already", path.display()),
            Self::Name { name } => write!(f, "{name:?} cannot name a folder below the output"),
        }
    }
}

impl std::error::Error for ResultsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Write { source, .. } | Self::Read { source, .. } => Some(source),
            _ => None,
        }
    }
}
