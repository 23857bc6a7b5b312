//! `man`: manual pages of this command line, in roff.

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::builder::Resettable;
use clap::{Args, Command};
use clap_mangen::Man as Page;
use clap_mangen::roff::{Roff, roman};
use serde_json::json;

use super::exit::{self, CODES};
use super::failure::Failure;
use super::terminal::Terminal;

const EXAMPLES: &str = "Examples:
  stampsim man ~/.local/share/man/man1     a page for each command
  stampsim man | man -l -                  the main page, read at once";

/// Manual pages: all into a folder, or the main one to stdout
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Man {
    /// Folder for stampsim.1 and a page for each command
    dir: Option<PathBuf>,
}

impl Man {
    /// Whether a page goes to stdout as it is.
    pub(super) fn is_document(&self) -> bool {
        self.dir.is_none()
    }
}

/// Writes every page, or prints the main one.
pub(super) fn man(terminal: &Terminal, options: &Man, mut command: Command) -> Result<(), Failure> {
    command.build();
    let Some(folder) = &options.dir else {
        terminal.document(&page(&command).1);
        return Ok(());
    };
    let failed = |path: &PathBuf, error: &io::Error| {
        Failure::new(exit::NOT_WRITTEN, format!("cannot write {}: {error}", path.display()), "name another folder")
    };
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    for (name, text) in pages(&command) {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| failed(&path, &error))?;
        terminal.message("written", json!({ "file": path }));
        terminal.data(&format!("wrote   {}\n", path.display()));
    }
    Ok(())
}

/// Name and text of every page: the program's, and one for each command.
fn pages(command: &Command) -> Vec<(String, String)> {
    let below = command.get_subcommands().filter(|command| command.get_name() != "help" && !command.is_hide_set());
    std::iter::once(command).chain(below).map(page).collect()
}

fn page(command: &Command) -> (String, String) {
    // What stands around the help of a command is laid out line by line, which the generator does not keep.
    let examples = command.get_before_help().map(ToString::to_string).unwrap_or_default();
    let page = Page::new(command.clone().after_help(Resettable::Reset));
    let mut text = Vec::new();
    page.render(&mut text).expect("memory takes everything");
    section("EXAMPLES", examples.lines().skip(1)).to_writer(&mut text).expect("memory takes everything");
    let codes: Vec<String> = CODES.iter().map(|code| format!("{:<4} {}", code.code, code.meaning)).collect();
    section("EXIT STATUS", codes.iter().map(String::as_str)).to_writer(&mut text).expect("memory takes everything");
    (page.get_filename(), String::from_utf8_lossy(&text).into_owned())
}

/// Lines as they are, under a heading.
fn section<'a>(heading: &str, lines: impl Iterator<Item = &'a str>) -> Roff {
    let mut roff = Roff::default();
    roff.control("SH", [heading]).control("nf", []);
    lines.for_each(|line| {
        roff.text([roman(line)]);
    });
    roff.control("fi", []);
    roff
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::Cli;
    use super::super::terminal::Manner;
    use super::super::terminal::sample::terminal;
    use super::*;

    #[test]
    fn every_command_has_a_page() {
        let folder = tempfile::tempdir().expect("a folder");
        let (terminal, out, _) = terminal(Manner::default());
        let below = folder.path().join("man1");
        man(&terminal, &Man { dir: Some(below.clone()) }, Cli::command()).expect("written");
        let names: Vec<_> = Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
        for name in &names {
            let page = fs::read_to_string(below.join(format!("stampsim-{name}.1"))).expect("a page");
            assert!(
                page.contains(".TH") && page.contains(".SH EXAMPLES") && page.contains("stampsim"),
                "{name}: {page}"
            );
        }
        assert_eq!(out.text().lines().count(), names.len() + 1);
    }

    #[test]
    fn the_main_page_goes_to_stdout_and_a_file_is_no_folder() {
        let (terminal, out, _) = terminal(Manner::default());
        man(&terminal, &Man { dir: None }, Cli::command()).expect("printed");
        assert!(out.text().contains("stampsim") && out.text().contains(".SH \"EXIT STATUS\""), "{}", out.text());
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("file"), "").expect("written");
        let failure =
            man(&terminal, &Man { dir: Some(folder.path().join("file")) }, Cli::command()).expect_err("a file");
        assert_eq!(failure.code, exit::NOT_WRITTEN);
    }
}
