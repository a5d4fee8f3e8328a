//! The standard streams, with colours where they are wanted.

use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice, StripStream};
use anstyle::{AnsiColor, Style};

use super::args::Colour;
use crate::report::{Format, clean};

/// Bytes that are written at a time.
const BUFFER: usize = 1 << 16;

/// Colour choice of a run.
pub(super) struct Streams {
    choice: ColorChoice,
}

impl Streams {
    pub(super) fn new(colour: Colour) -> Self {
        let choice = match colour {
            Colour::Auto => ColorChoice::Auto,
            Colour::Always => ColorChoice::Always,
            Colour::Never => ColorChoice::Never,
        };
        Self { choice }
    }

    /// The standard output, buffered; drops colours that nobody wants.
    pub(super) fn out(&self) -> Box<dyn Write> {
        Box::new(io::BufWriter::with_capacity(BUFFER, AutoStream::new(io::stdout(), self.choice)))
    }

    /// The standard error, buffered, for a report whose place on the standard output is taken.
    pub(super) fn err(&self) -> Box<dyn Write> {
        Box::new(io::BufWriter::with_capacity(BUFFER, AutoStream::new(io::stderr(), self.choice)))
    }

    /// The standard output for a report.
    pub(super) fn report(&self, format: Format) -> Box<dyn Write> {
        if format.is_json() { Box::new(io::BufWriter::with_capacity(BUFFER, io::stdout())) } else { self.out() }
    }

    /// A file for a report; never coloured.
    pub(super) fn file(path: &std::path::Path, format: Format) -> io::Result<Box<dyn Write>> {
        let file = std::fs::File::create(path)?;
        if format.is_json() {
            return Ok(Box::new(io::BufWriter::with_capacity(BUFFER, file)));
        }
        Ok(Box::new(io::BufWriter::with_capacity(BUFFER, StripStream::new(file))))
    }

    /// `error: ...` on the standard error.
    pub(super) fn error(&mut self, message: &str) {
        self.say("error", Style::new().bold().fg_color(Some(AnsiColor::BrightRed.into())), message);
    }

    /// `note: ...` on the standard error.
    pub(super) fn note(&mut self, message: &str) {
        self.say("note", Style::new().bold().fg_color(Some(AnsiColor::BrightGreen.into())), message);
    }

    fn say(&mut self, head: &str, style: Style, message: &str) {
        let mut err = AutoStream::new(io::stderr(), self.choice);
        for (nth, line) in message.lines().enumerate() {
            let line = clean(line);
            // Nothing can be done where the standard error cannot be written.
            let _ = if nth == 0 { writeln!(err, "{style}{head}{style:#}: {line}") } else { writeln!(err, "{line}") };
        }
    }
}
