//! A scenario as a git revision has it: `git:REV:path`, or `git:REV` of the file on the other side.
//!
//! The `git` program lays the tree of the revision out in a temporary folder, by an index of its own: neither the work tree
//! nor the repository's index is touched, and what the scenario extends or names is there too.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::exit;
use super::failure::Failure;
use super::options::Overrides;
use super::sources;
use super::terminal::Terminal;
use crate::scenario::{self, Scenario};

/// What stands before a revision.
const PREFIX: &str = "git:";

/// A scenario of a revision, with the short name of its commit.
pub(super) struct Revised {
    pub(super) scenario: Scenario,
    pub(super) commit: String,
}

/// Where a scenario file is looked for in a revision.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Revision {
    rev: String,
    path: Option<String>,
}

impl Revision {
    /// The revision that an argument means, if it means one.
    pub(super) fn of(argument: &Path) -> Option<Self> {
        let text = argument.to_str()?.strip_prefix(PREFIX)?;
        let (rev, path) = text.split_once(':').map_or((text, None), |(rev, path)| (rev, Some(path)));
        let path = path.filter(|path| !path.is_empty()).map(str::to_owned);
        Some(Self { rev: rev.to_owned(), path })
    }

    /// Loads the scenario; `other` is the file on the other side, for a revision without a path.
    pub(super) fn load(
        &self,
        terminal: &Terminal,
        other: Option<&Path>,
        overrides: &Overrides,
    ) -> Result<Revised, Failure> {
        let (folder, file) = self.place(other)?;
        let repository = Repository::around(&folder)?;
        let commit = repository.commit(&self.rev)?;
        let path = repository.path(&file);
        if repository.git(["cat-file", "-e", &format!("{commit}:{path}")]).is_err() {
            return Err(missing(format!("revision {} has no {path}", self.rev), "check the path with `git ls-tree`"));
        }
        let tree = Tree::of(&repository, &commit)?;
        let short = commit[..commit.len().min(12)].to_owned();
        let at = tree.0.join(&path);
        let text = fs::read_to_string(&at).map_err(|error| {
            missing(
                format!("{path} of revision {} cannot be read: {error}", self.rev),
                "check the file of that revision",
            )
        })?;
        let name = format!("{PREFIX}{short}:{}", path.strip_suffix(".toml").unwrap_or(&path));
        let within = at.parent().unwrap_or(&tree.0);
        let mut scenario = sources::load_text(terminal, &name, &text, within, overrides)?;
        scenario.name = scenario::name_of(Path::new(&path));
        Ok(Revised { scenario, commit: short })
    }

    /// Folder from which git is asked, and the file as it is written from there.
    fn place(&self, other: Option<&Path>) -> Result<(PathBuf, String), Failure> {
        if let Some(path) = &self.path {
            return Ok((PathBuf::from("."), path.clone()));
        }
        let file = other.and_then(|file| Some((file.parent()?, file.file_name()?.to_str()?)));
        let (folder, name) = file.ok_or_else(|| {
            let what = format!("git:{} names no file, and no other side is a scenario file", self.rev);
            missing(what, format!("name one: git:{}:scenarios/outage.toml", self.rev))
        })?;
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        Ok((folder.to_owned(), format!("./{name}")))
    }
}

fn missing(what: String, help: impl Into<String>) -> Failure {
    Failure::new(exit::NOT_COMPARABLE, what, help)
}

/// A repository, asked from one of its folders.
struct Repository {
    folder: PathBuf,
    /// The folder below the root, with a slash at its end; empty at the root.
    prefix: String,
}

impl Repository {
    fn around(folder: &Path) -> Result<Self, Failure> {
        let mut repository = Self { folder: folder.to_owned(), prefix: String::new() };
        repository.prefix = repository.git(["rev-parse", "--show-prefix"]).map_err(|why| {
            missing(format!("{} is in no git repository: {why}", folder.display()), "run it inside the repository")
        })?;
        Ok(repository)
    }

    /// The commit that a revision means.
    fn commit(&self, rev: &str) -> Result<String, Failure> {
        let commit = format!("{rev}^{{commit}}");
        // What begins like an option is no revision, and git must not take it for one.
        let sound = !rev.is_empty() && !rev.starts_with('-');
        let found = if sound { self.git(["rev-parse", "--verify", "--quiet", &commit]).ok() } else { None };
        found.filter(|commit| !commit.is_empty()).ok_or_else(|| {
            let help =
                "name a branch, a tag or a commit that is there; a shallow clone has few: `git fetch --unshallow`";
            missing(format!("there is no git revision {rev:?}"), help)
        })
    }

    /// A path from the root of the repository: as git has it, `./` is from the folder.
    fn path(&self, file: &str) -> String {
        file.strip_prefix("./").map_or_else(|| file.to_owned(), |file| format!("{}{file}", self.prefix))
    }

    fn git<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Result<String, String> {
        self.git_with(words, &[])
    }

    /// Runs git with fixed words and gives its first line, or why it failed.
    fn git_with<'a>(
        &self,
        words: impl IntoIterator<Item = &'a str>,
        environment: &[(&str, &OsStr)],
    ) -> Result<String, String> {
        let mut git = Command::new("git");
        git.arg("-C").arg(&self.folder).args(words).envs(environment.iter().copied());
        let output = git.output().map_err(|error| format!("the program git does not start: {error}"))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }
}

/// The tree of a commit in a temporary folder, which goes when this is dropped.
struct Tree(PathBuf);

impl Tree {
    fn of(repository: &Repository, commit: &str) -> Result<Self, Failure> {
        let tree = Self::claim()?;
        let unable = |why: String| missing(format!("git cannot lay out {commit}: {why}"), "try `git fsck`");
        let index = tree.0.join(".index");
        let environment = [("GIT_INDEX_FILE", index.as_os_str())];
        repository.git_with(["read-tree", commit], &environment).map_err(unable)?;
        let prefix = format!("--prefix={}/", tree.0.display());
        let root = repository.git(["rev-parse", "--show-toplevel"]).map_err(unable)?;
        let whole = Repository { folder: PathBuf::from(root), prefix: String::new() };
        whole.git_with(["checkout-index", "--all", "--quiet", &prefix], &environment).map_err(unable)?;
        Ok(tree)
    }

    /// A new folder that only this process has.
    fn claim() -> Result<Self, Failure> {
        let base = std::env::temp_dir();
        let place = |attempt: u32| base.join(format!("stampsim-{}-{attempt}", std::process::id()));
        let made = (0..1_000).map(place).find(|path| fs::create_dir(path).is_ok());
        made.map(Self).ok_or_else(|| {
            let what = format!("cannot make a folder in {}", base.display());
            Failure::new(exit::NOT_WRITTEN, what, "free some space there, or set TMPDIR")
        })
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // A folder for temporary files is swept by the system too.
        drop(fs::remove_dir_all(&self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<(String, Option<String>)> {
        Revision::of(Path::new(text)).map(|revision| (revision.rev, revision.path))
    }

    #[test]
    fn an_argument_may_mean_a_revision() {
        assert_eq!(of("git:main"), Some(("main".into(), None)));
        assert_eq!(of("git:main:"), Some(("main".into(), None)));
        assert_eq!(of("git:HEAD~1:a/b.toml"), Some(("HEAD~1".into(), Some("a/b.toml".into()))));
        assert_eq!(of("outage.toml"), None);
    }
}
