//! A line on the terminal that says how far a long run is. Gone before anything else is written there.

use std::cell::Cell;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// How long a run may be silent.
const SILENCE: Duration = Duration::from_secs(1);

/// How often the line is written.
const PAUSE: Duration = Duration::from_millis(100);

/// Goes back to the beginning of the line and clears it.
const CLEAR: &str = "\r\x1b[K";

/// The line of a run; shown on a terminal only.
pub(super) struct Progress {
    began: Instant,
    last: Cell<Option<Instant>>,
    /// Never, or not any more.
    over: Cell<bool>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), last: Cell::new(None), over: Cell::new(!io::stderr().is_terminal()) }
    }

    /// So many inputs of so many are judged.
    pub(super) fn show(&self, done: usize, all: usize) {
        let soon = self.last.get().map_or(self.began.elapsed() < SILENCE, |last| last.elapsed() < PAUSE);
        if self.over.get() || soon {
            return;
        }
        self.last.set(Some(Instant::now()));
        let mut err = io::stderr().lock();
        // Nothing is lost where it cannot be written.
        let _ = write!(err, "{CLEAR}{}", line(done, all)).and_then(|()| err.flush());
    }

    /// Something is about to be written to the same terminal, or the run is over.
    pub(super) fn end(&self) {
        if !self.over.replace(true) && self.last.get().is_some() {
            let mut err = io::stderr().lock();
            let _ = write!(err, "{CLEAR}").and_then(|()| err.flush());
        }
    }
}

fn line(done: usize, all: usize) -> String {
    let percent = done.saturating_mul(100).checked_div(all).unwrap_or(100);
    format!("judged {done} of {all} inputs ({percent} %)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_it_is() {
        assert_eq!(line(128, 512), "judged 128 of 512 inputs (25 %)");
        assert_eq!(line(0, 0), "judged 0 of 0 inputs (100 %)");
    }

    #[test]
    fn nothing_is_shown_where_nobody_looks_or_too_soon() {
        let progress = Progress { began: Instant::now(), last: Cell::new(None), over: Cell::new(false) };
        progress.show(1, 2);
        assert!(progress.last.get().is_none(), "within the first second");
        progress.end();
        let late = Progress { began: Instant::now().checked_sub(2 * SILENCE).unwrap(), last: Cell::new(None), over: Cell::new(true) };
        late.show(1, 2);
        assert!(late.last.get().is_none(), "no terminal");
    }
}
