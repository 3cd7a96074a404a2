//! How far a long work has come: a bar on a terminal, a line now and then anywhere else.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

/// Lines that a whole work may fill where there is no terminal: enough to see that it goes on.
const LINES: u64 = 20;
/// Rate and rest of the time stand beside the bar.
const TEMPLATE: &str = "{msg} [{bar:32}] {pos}/{len}  {per_sec}  {eta} left";

/// One work, of about a known size.
#[derive(Debug)]
pub(crate) struct Progress {
    label: &'static str,
    total: u64,
    done: AtomicU64,
    /// `None` where there is no terminal.
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn new(label: &'static str, total: u64) -> Self {
        let bar = stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(total).with_message(label);
            match ProgressStyle::with_template(TEMPLATE) {
                Ok(style) => bar.with_style(style.progress_chars("=> ")),
                Err(_) => bar,
            }
        });
        Self { label, total, done: AtomicU64::new(0), bar }
    }

    /// So many more are done.
    pub(crate) fn advance(&self, by: u64) {
        let before = self.done.fetch_add(by, Ordering::Relaxed);
        let lines = |done: u64| done * LINES / self.total.max(1);
        match &self.bar {
            Some(bar) => bar.inc(by),
            None if lines(before) != lines(before + by) => self.tell(before + by),
            None => {}
        }
    }

    /// Leaves the last state on the screen. How many were done.
    pub(crate) fn finish(&self) -> u64 {
        let done = self.done.load(Ordering::Relaxed);
        match &self.bar {
            Some(bar) => bar.abandon(),
            None => self.tell(done),
        }
        done
    }

    fn tell(&self, done: u64) {
        // Nobody may be reading.
        let _ = writeln!(stdout(), "{}: {done} of about {}", self.label, self.total);
    }
}
