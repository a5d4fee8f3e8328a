//! Where findings go: one reporter per format, each writing as findings arrive, so that a report of any length needs no
//! memory of its own. Knows lines and texts; knows neither how rules are evaluated nor which flags there are.

mod checkstyle;
mod clean;
mod compact;
mod excerpt;
mod github;
mod gitlab;
mod html;
mod json;
mod junit;
mod model;
mod sarif;
pub mod secret;
mod spot;
mod table;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod text;
mod worst;
mod xml;

use std::io::{self, Write};

pub use clean::clean;
pub use excerpt::{Excerpt, SourceText};
pub use json::{JsonFinding, JsonLocation, JsonObject};
pub use model::{Located, Location, Replacement, Summary, Suppressed, Tail, Template};

use crate::rules::Catalog;

/// What all formats may ask while they write.
pub trait Sources {
    /// The text of an input by its number; `None` where it cannot be had any more.
    fn source(&self, input: u32) -> Option<std::sync::Arc<SourceText>>;

    /// What a rendered place was rendered from; `None` for a place in a file that people write.
    fn template(&self, at: &Location) -> Option<Template> {
        at.source.as_ref().map(|file| Template { file: std::sync::Arc::clone(file), text: None })
    }

    /// The finding's fix as changes of texts; nothing where it has none or cannot be applied.
    fn replacements(&self, _: &Located) -> Vec<Replacement> {
        Vec::new()
    }
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
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// A test report.
    Junit,
    /// Annotations of GitHub Actions.
    Github,
    /// GitLab's Code Quality report.
    Gitlab,
    /// For review tools.
    Checkstyle,
    /// One page for a browser.
    Html,
    /// A table of rules and numbers instead of findings; Markdown.
    Summary,
}

impl Format {
    /// All there are.
    pub const ALL: &'static [Self] = &[
        Self::Text,
        Self::Compact,
        Self::Json,
        Self::Sarif,
        Self::Junit,
        Self::Github,
        Self::Gitlab,
        Self::Checkstyle,
        Self::Html,
        Self::Summary,
    ];

    /// The name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Compact => "compact",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Checkstyle => "checkstyle",
            Self::Html => "html",
            Self::Summary => "summary",
        }
    }

    /// Is it JSON, which escapes whatever a terminal would take for a command? Then nothing has to be searched for escape sequences.
    pub const fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::Sarif | Self::Gitlab)
    }

    /// Starts a report. `out` takes escape sequences of colours and drops them where nobody wants them.
    /// `catalog` is for the formats that describe their rules.
    pub fn reporter<'a>(self, out: Box<dyn Write + 'a>, catalog: &'a Catalog) -> Box<dyn Reporter + 'a> {
        match self {
            Self::Text => Box::new(text::Text::new(out)),
            Self::Compact => Box::new(compact::Compact::new(out)),
            Self::Json => Box::new(json::Report::new(out)),
            Self::Sarif => Box::new(sarif::Sarif::new(out, catalog)),
            Self::Junit => Box::new(junit::Junit::new(out)),
            Self::Github => Box::new(github::Github::new(out)),
            Self::Gitlab => Box::new(gitlab::Gitlab::new(out)),
            Self::Checkstyle => Box::new(checkstyle::Checkstyle::new(out)),
            Self::Html => Box::new(html::Html::new(out, catalog)),
            Self::Summary => Box::new(table::Table::new(out)),
        }
    }
}
