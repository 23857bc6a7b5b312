//! How far a run has come, on stderr: a bar, a line now and then, JSON lines, or nothing.

use std::io::{IsTerminal, stderr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::experiment::Progress;

/// Time between two lines of the plain display.
const PLAIN_EVERY: Duration = Duration::from_secs(10);
/// Time between two pictures of the bar.
const BAR_EVERY: Duration = Duration::from_millis(200);

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum ProgressMode {
    /// A bar on a terminal, nothing elsewhere.
    #[default]
    Auto,
    /// A bar.
    Bar,
    /// A line every 10 s.
    Plain,
    /// A JSON line for each replication.
    Json,
    /// Nothing.
    None,
}

/// Counts replications and shows them until it is finished.
pub(super) struct Display {
    total: Arc<Total>,
    names: Vec<String>,
    shown: Shown,
}

/// Replications over all scenarios.
#[derive(Default)]
struct Total {
    done: AtomicU32,
    of: u32,
}

impl Total {
    fn line(&self) -> String {
        format!("{} of {} replications", self.done.load(Ordering::Relaxed), self.of)
    }
}

enum Shown {
    Bar(ProgressBar),
    Plain(Ticker),
    Json,
    Nothing,
}

impl Display {
    /// A display of so many replications in all, for scenarios of these names.
    pub(super) fn new(mode: ProgressMode, is_quiet: bool, names: Vec<String>, replications: u32) -> Self {
        let total = Arc::new(Total { done: AtomicU32::new(0), of: replications });
        let shown = match mode {
            _ if is_quiet => Shown::Nothing,
            ProgressMode::Auto if !stderr().is_terminal() => Shown::Nothing,
            ProgressMode::Auto | ProgressMode::Bar => Shown::Bar(bar(replications)),
            ProgressMode::Plain => Shown::Plain(Ticker::start(Arc::clone(&total))),
            ProgressMode::Json => Shown::Json,
            ProgressMode::None => Shown::Nothing,
        };
        Self { total, names, shown }
    }

    /// Says a line without tearing the bar.
    pub(super) fn suspend(&self, say: impl FnOnce()) {
        match &self.shown {
            Shown::Bar(bar) => bar.suspend(say),
            _ => say(),
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        match &mut self.shown {
            Shown::Bar(bar) => bar.finish_and_clear(),
            Shown::Plain(ticker) => ticker.stop(),
            Shown::Json | Shown::Nothing => {}
        }
    }
}

impl Progress for Display {
    fn replication_done(&self, scenario: usize, done: u32, of: u32) {
        let all = self.total.done.fetch_add(1, Ordering::Relaxed) + 1;
        let name = self.names.get(scenario).map_or("", String::as_str);
        match &self.shown {
            Shown::Bar(bar) => {
                bar.set_position(u64::from(all));
                bar.set_message(format!("{name} {done}/{of}"));
            }
            Shown::Json => tell(&json!({ "type": "progress", "scenario": name, "done": done, "of": of }).to_string()),
            Shown::Plain(_) | Shown::Nothing => {}
        }
    }
}

/// A bar over all replications, drawn by a thread of its own so that the time goes on between them.
fn bar(replications: u32) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{elapsed_precise} {bar:30} {pos}/{len} replications, {eta} left, {wide_msg}")
            .expect("the template is fixed and valid");
    let bar = ProgressBar::with_draw_target(Some(u64::from(replications)), ProgressDrawTarget::stderr());
    bar.set_style(style);
    bar.enable_steady_tick(BAR_EVERY);
    bar
}

/// A line on stderr; nobody is left to be told where that fails.
fn tell(line: &str) {
    use std::io::Write;
    drop(writeln!(stderr(), "{line}"));
}

/// A thread that says a line now and then until it is stopped.
struct Ticker {
    stopped: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    fn start(total: Arc<Total>) -> Self {
        let stopped = Arc::new((Mutex::new(false), Condvar::new()));
        let seen = Arc::clone(&stopped);
        let thread = std::thread::spawn(move || {
            while !wait(&seen, PLAIN_EVERY) {
                tell(&total.line());
            }
        });
        Self { stopped, thread: Some(thread) }
    }

    fn stop(&mut self) {
        *self.stopped.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stopped.1.notify_all();
        if let Some(thread) = self.thread.take() {
            // The thread only waits and speaks; that it panicked would be no reason to lose results.
            drop(thread.join());
        }
    }
}

/// Waits for a stop, at most so long; whether it came.
fn wait((stopped, changed): &(Mutex<bool>, Condvar), most: Duration) -> bool {
    let stopped = stopped.lock().unwrap_or_else(PoisonError::into_inner);
    let (stopped, _) =
        changed.wait_timeout_while(stopped, most, |stopped| !*stopped).unwrap_or_else(PoisonError::into_inner);
    *stopped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replications_are_counted_over_all_scenarios() {
        let display = Display::new(ProgressMode::None, false, vec!["a".into(), "b".into()], 4);
        display.replication_done(0, 1, 2);
        display.replication_done(1, 1, 2);
        assert_eq!(display.total.line(), "2 of 4 replications");
    }

    #[test]
    fn the_plain_display_ends_at_once_when_the_run_does() {
        let display = Display::new(ProgressMode::Plain, false, vec![], 1);
        drop(display);
        let state = (Mutex::new(true), Condvar::new());
        assert!(wait(&state, Duration::from_hours(1)));
        assert!(!wait(&(Mutex::new(false), Condvar::new()), Duration::from_millis(1)));
    }

    #[test]
    fn quiet_shows_nothing() {
        assert!(matches!(Display::new(ProgressMode::Bar, true, vec![], 1).shown, Shown::Nothing));
    }
}
