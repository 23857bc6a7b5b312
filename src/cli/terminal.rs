//! Where words go: data on stdout, talk on stderr, JSON lines on stdout when a program reads along.
//!
//! A reader that closes its end early (`stampsim list | head`) is no mistake: what it does not want is dropped.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ValueEnum;
use serde_json::{Value, json};

use super::failure::Failure;

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set; `CLICOLOR_FORCE` asks for them anywhere.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Who reads the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum MessageFormat {
    /// A person.
    #[default]
    Human,
    /// A program: one JSON object a line on stdout.
    Json,
}

/// How much is said, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Manner {
    /// When to use colours.
    pub(super) color: Color,
    /// Who reads.
    pub(super) format: MessageFormat,
    /// Only data and errors.
    pub(super) quiet: bool,
    /// Details too.
    pub(super) verbose: bool,
}

type Sink = Mutex<Box<dyn Write + Send>>;

/// Both streams of the program.
pub(super) struct Terminal {
    manner: Manner,
    out: Sink,
    err: Sink,
    color_out: bool,
    color_err: bool,
    lost: AtomicBool,
}

impl Terminal {
    /// The streams of this process.
    pub(super) fn of_process(manner: Manner) -> Self {
        let color = |is_terminal: bool| match manner.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                colors_by_environment(is_terminal, |name| std::env::var_os(name).is_some_and(|v| !v.is_empty()))
            }
        };
        Self {
            color_out: color(io::stdout().is_terminal()),
            color_err: color(io::stderr().is_terminal()),
            ..Self::over(manner, Box::new(io::stdout()), Box::new(io::stderr()))
        }
    }

    /// Any two streams, without colours.
    pub(super) fn over(manner: Manner, out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Self {
        let lost = AtomicBool::new(false);
        Self { manner, out: Mutex::new(out), err: Mutex::new(err), color_out: false, color_err: false, lost }
    }

    /// Whether a program reads.
    pub(super) fn is_json(&self) -> bool {
        self.manner.format == MessageFormat::Json
    }

    /// Whether only data and errors are wanted.
    pub(super) fn is_quiet(&self) -> bool {
        self.manner.quiet
    }

    /// Whether details are wanted.
    pub(super) fn is_verbose(&self) -> bool {
        self.manner.verbose
    }

    /// Whether data may be coloured.
    pub(super) fn colors_data(&self) -> bool {
        self.color_out
    }

    /// Data for a person, as it is, to stdout; nothing when a program reads.
    pub(super) fn data(&self, text: &str) {
        if !self.is_json() {
            self.print(text);
        }
    }

    /// A document that is the same for every reader, such as a schema, to stdout.
    pub(super) fn document(&self, text: &str) {
        self.print(text);
    }

    /// A line that a CI system acts on: to stdout, as the systems document it; where a program reads stdout, to stderr,
    /// which they read too, so that every line of stdout stays JSON.
    pub(super) fn annotation(&self, line: &str) {
        if self.is_json() {
            self.talk(line);
        } else {
            self.print(&format!("{line}\n"));
        }
    }

    /// One JSON line of a kind to stdout, when a program reads.
    pub(super) fn message(&self, kind: &str, mut fields: Value) {
        if self.is_json() {
            fields["type"] = kind.into();
            self.print(&format!("{fields}\n"));
        }
    }

    /// The first line for a program: who speaks, and in which version of the format.
    pub(super) fn greet(&self, command: &str) {
        let version = env!("CARGO_PKG_VERSION");
        self.message("start", json!({ "tool": "stampsim", "version": version, "format": 1, "command": command }));
    }

    /// Talk for a person, a line on stderr.
    pub(super) fn say(&self, text: &str) {
        if !self.manner.quiet && !self.is_json() {
            self.talk(text);
        }
    }

    /// Talk that only `-v` asks for.
    pub(super) fn detail(&self, text: &str) {
        if self.manner.verbose {
            self.say(text);
        }
    }

    /// A doubt that a person should know of even when told little.
    pub(super) fn warn(&self, text: &str) {
        self.message("warning", json!({ "message": text }));
        if !self.is_json() {
            self.talk(&format!("{}: {text}", self.paint("warning", "33")));
        }
    }

    /// A problem of a file, which says its place and what to try itself.
    pub(super) fn problem(&self, text: &str, is_error: bool) {
        if !self.is_json() {
            let (word, color) = if is_error { ("error", "31") } else { ("warning", "33") };
            self.talk(&format!("{}: {text}", self.paint(word, color)));
        }
    }

    /// What went wrong, and what to try.
    pub(super) fn fail(&self, failure: &Failure) {
        let Failure { code, message, help, .. } = failure;
        self.message("error", json!({ "exit": code, "message": message, "help": help }));
        if !self.is_json() {
            self.talk(&format!("{}: {message}\n{}: {help}", self.paint("error", "31"), self.paint("try", "36")));
        }
    }

    /// Whether data could not be written, for another reason than a reader who left.
    pub(super) fn has_lost_data(&self) -> bool {
        let mut out = self.out.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.note(out.flush());
        self.lost.load(Ordering::Relaxed)
    }

    /// A word in a colour of the terminal, on stderr.
    fn paint(&self, word: &str, color: &str) -> String {
        if self.color_err { format!("\x1b[1;{color}m{word}\x1b[0m") } else { word.to_owned() }
    }

    fn print(&self, text: &str) {
        let mut out = self.out.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.note(out.write_all(text.as_bytes()));
    }

    fn talk(&self, text: &str) {
        let mut err = self.err.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Nobody is left to be told that talk was lost.
        drop(writeln!(err, "{text}"));
    }

    fn note(&self, written: io::Result<()>) {
        if written.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe) {
            self.lost.store(true, Ordering::Relaxed);
        }
    }
}

/// The conventions of no-color.org and bixense.com/clicolors.
fn colors_by_environment(is_terminal: bool, is_set: impl Fn(&str) -> bool) -> bool {
    if is_set("NO_COLOR") { false } else { is_terminal || is_set("CLICOLOR_FORCE") }
}

#[cfg(test)]
pub(super) mod sample {
    use std::sync::Arc;

    use super::*;

    /// A stream that a test can read.
    #[derive(Clone, Default)]
    pub(in crate::cli) struct Page(Arc<Mutex<Vec<u8>>>);

    impl Page {
        pub(in crate::cli) fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("no panic").clone()).expect("text")
        }
    }

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A terminal with its stdout and stderr.
    pub(in crate::cli) fn terminal(manner: Manner) -> (Terminal, Page, Page) {
        let (out, err) = (Page::default(), Page::default());
        (Terminal::over(manner, Box::new(out.clone()), Box::new(err.clone())), out, err)
    }
}

#[cfg(test)]
mod tests {
    use super::sample::{Page, terminal};
    use super::*;

    #[test]
    fn a_person_gets_data_on_stdout_and_talk_on_stderr() {
        let (terminal, out, err) = terminal(Manner::default());
        terminal.greet("run");
        terminal.data("table\n");
        terminal.say("done");
        terminal.detail("nobody asked");
        terminal.fail(&Failure::new(10, "no such file", "check the path"));
        assert_eq!(out.text(), "table\n");
        assert_eq!(err.text(), "done\nerror: no such file\ntry: check the path\n");
    }

    #[test]
    fn a_program_gets_json_lines_and_no_talk() {
        let (terminal, out, err) = terminal(Manner { format: MessageFormat::Json, ..Manner::default() });
        terminal.greet("run");
        terminal.data("table\n");
        terminal.say("done");
        terminal.warn("narrow");
        terminal.annotation("::error::x");
        let lines: Vec<Value> = out.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!((&lines[0]["type"], &lines[0]["format"]), (&"start".into(), &1.into()));
        assert_eq!((&lines[1]["type"], &lines[1]["message"]), (&"warning".into(), &"narrow".into()));
        assert_eq!((lines.len(), err.text().as_str()), (2, "::error::x\n"));
    }

    /// A stream that always fails in one way.
    struct Broken(ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_who_left_is_no_mistake_and_a_full_disk_is() {
        for (kind, lost) in [(ErrorKind::BrokenPipe, false), (ErrorKind::StorageFull, true)] {
            let terminal = Terminal::over(Manner::default(), Box::new(Broken(kind)), Box::new(Broken(kind)));
            terminal.data("table\n");
            terminal.say("done");
            assert_eq!(terminal.has_lost_data(), lost, "{kind}");
        }
        let terminal = Terminal::over(Manner::default(), Box::new(Page::default()), Box::new(Page::default()));
        assert!(!terminal.has_lost_data());
    }

    #[test]
    fn no_color_wins() {
        assert!(colors_by_environment(true, |_| false));
        assert!(!colors_by_environment(false, |_| false));
        assert!(colors_by_environment(false, |name| name == "CLICOLOR_FORCE"));
        assert!(!colors_by_environment(true, |_| true));
    }
}
