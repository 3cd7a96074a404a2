//! How far a long work has come: a bar on a terminal, a line now and then anywhere else.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::console::say;

/// Lines that a whole work may fill where there is no terminal: enough to see that it goes on.
const LINES: usize = 20;
/// How often the bar may be drawn in a second.
const DRAWS_PER_SECOND: u8 = 10;
/// Rate and rest of the time stand beside the bar.
const TEMPLATE: &str = "{msg} [{bar:32}] {pos}/{len}  {per_sec}  {eta} left";

/// One work of a known size. It tells on standard error.
#[derive(Debug)]
pub(crate) struct Progress {
    label: &'static str,
    total: usize,
    done: AtomicUsize,
    /// `None` where there is no terminal.
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn new(label: &'static str, total: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let target = ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND);
            let bar = ProgressBar::with_draw_target(u64::try_from(total).ok(), target).with_message(label);
            match ProgressStyle::with_template(TEMPLATE) {
                Ok(style) => bar.with_style(style.progress_chars("=> ")),
                Err(_) => bar,
            }
        });
        Self { label, total, done: AtomicUsize::new(0), bar }
    }

    /// One more is done.
    pub(crate) fn advance(&self) {
        let before = self.done.fetch_add(1, Ordering::Relaxed);
        self.show(before, before + 1);
    }

    /// So many are done, of a work whose steps are not seen one by one.
    pub(crate) fn set(&self, done: usize) {
        let before = self.done.swap(done, Ordering::Relaxed);
        self.show(before, done);
    }

    fn show(&self, before: usize, done: usize) {
        match &self.bar {
            Some(bar) => bar.set_position(u64::try_from(done).unwrap_or(u64::MAX)),
            None if lines(before, self.total) != lines(done, self.total) => {
                say(format_args!("{}: {done} of {}", self.label, self.total));
            }
            None => {}
        }
    }

    /// Leaves the last state on the screen.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.abandon();
        }
    }
}

/// How many lines have been told when so many are done.
fn lines(done: usize, total: usize) -> usize {
    done * LINES / total.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_work_of_any_size_fills_few_lines_and_tells_its_end() {
        for total in [1, 7, LINES, 1_000, 829_262] {
            let told = (1..=total).filter(|done| lines(done - 1, total) != lines(*done, total)).count();
            assert!((1..=LINES).contains(&told), "{total}: {told}");
            assert_ne!(lines(total - 1, total), lines(total, total), "{total}");
        }
        assert_eq!(lines(0, 0), 0);
    }
}
