//! Where findings go: one reporter per format, each writing as findings arrive, so that a report of any length needs no
//! memory of its own. Knows lines and texts; knows neither how rules are evaluated nor which flags there are.

mod clean;
mod compact;
mod excerpt;
mod json;
mod model;
mod text;

use std::io::{self, Write};

pub use clean::clean;
pub use excerpt::{Excerpt, SourceText};
pub use json::{JsonFinding, JsonLocation, JsonObject};
pub use model::{Located, Location, Summary, Suppressed, Tail};

use crate::rules::Catalog;

/// What all formats may ask while they write.
pub trait Sources {
    /// The text of an input by its number; `None` where it cannot be had any more.
    fn source(&self, input: u32) -> Option<std::sync::Arc<SourceText>>;
}

/// A format in the making.
pub trait Reporter {
    /// Takes the next finding, in report order.
    ///
    /// # Errors
    /// When the output does not take it.
    fn finding(&mut self, finding: &Located, sources: &dyn Sources) -> io::Result<()>;

    /// Ends the report.
    ///
    /// # Errors
    /// When the output does not take it.
    fn end(&mut self, tail: &Tail<'_>) -> io::Result<()>;
}

/// The formats, by the name that `--format` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people: snippets with carets.
    Text,
    /// One line a finding.
    Compact,
    /// The whole report, versioned.
    Json,
}

impl Format {
    /// All there are.
    pub const ALL: &'static [Self] = &[Self::Text, Self::Compact, Self::Json];

    /// The name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Compact => "compact",
            Self::Json => "json",
        }
    }

    /// Starts a report. `out` takes escape sequences of colours and drops them where nobody wants them.
    /// `catalog` is for the formats that describe their rules.
    pub fn reporter<'a>(self, out: Box<dyn Write + 'a>, _catalog: &'a Catalog) -> Box<dyn Reporter + 'a> {
        match self {
            Self::Text => Box::new(text::Text::new(out)),
            Self::Compact => Box::new(compact::Compact::new(out)),
            Self::Json => Box::new(json::Report::new(out)),
        }
    }
}
