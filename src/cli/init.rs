//! `init`: a scenario to start from.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::exit;
use super::failure::Failure;
use super::terminal::Terminal;
use crate::scenario::templates::{TEMPLATES, Template};

const EXAMPLES: &str = "Examples:
  stampsim init                              scenario.toml here
  stampsim init --template outage studies    studies/outage.toml
  stampsim list templates                    what there is";

/// A scenario to start from; never overwrites
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Init {
    /// Template to start from; `stampsim list templates` names them
    #[arg(long, value_name = "NAME", value_parser = template)]
    template: Option<&'static Template>,
    /// Folder to write into
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,
}

fn template(name: &str) -> Result<&'static Template, String> {
    let known = || TEMPLATES.iter().map(|template| template.name).collect::<Vec<_>>().join(", ");
    TEMPLATES.iter().find(|template| template.name == name).ok_or_else(|| format!("expected one of {}", known()))
}

/// Writes the template's file.
pub(super) fn init(terminal: &Terminal, options: &Init) -> Result<(), Failure> {
    let (template, name) = match options.template {
        Some(template) => (template, format!("{}.toml", template.name)),
        None => (&TEMPLATES[0], "scenario.toml".to_owned()),
    };
    let path = options.folder.join(name);
    write_new(&options.folder, &path, template.text)?;
    terminal.message("written", json!({ "file": path, "template": template.name }));
    terminal.data(&format!("{}\n", path.display()));
    terminal.say(&format!("try: stampsim check {0} && stampsim run {0}", path.display()));
    Ok(())
}

/// Creates a file that must not exist.
fn write_new(folder: &Path, path: &Path, text: &str) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| cannot(folder, &error))?;
    let mut file = File::create_new(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            let help = "name another folder, or remove the file first; init never overwrites";
            Failure::new(exit::NOT_WRITTEN, format!("{} exists already", path.display()), help)
        }
        _ => cannot(path, &error),
    })?;
    file.write_all(text.as_bytes()).map_err(|error| cannot(path, &error))
}

fn cannot(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(exit::NOT_WRITTEN, format!("cannot write {}: {error}", path.display()), "name another folder")
}

#[cfg(test)]
mod tests {
    use super::super::terminal::Manner;
    use super::super::terminal::sample::terminal;
    use super::*;

    #[test]
    fn nothing_is_ever_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Init { template: None, folder: folder.path().join("new") };
        let (terminal, out, err) = terminal(Manner::default());
        init(&terminal, &options).expect("written");
        let path = folder.path().join("new/scenario.toml");
        assert_eq!(fs::read_to_string(&path).expect("text"), TEMPLATES[0].text);
        assert_eq!(out.text(), format!("{}\n", path.display()));
        assert!(err.text().starts_with("try: stampsim check "));
        fs::write(&path, "mine").expect("written");
        let failure = init(&terminal, &options).expect_err("it exists");
        assert_eq!(failure.code, exit::NOT_WRITTEN);
        assert_eq!(fs::read_to_string(&path).expect("text"), "mine");
    }

    #[test]
    fn an_unknown_template_names_the_known_ones() {
        assert!(template(TEMPLATES[0].name).is_ok());
        assert!(template("nonsense").expect_err("unknown").contains(TEMPLATES[0].name));
    }
}
