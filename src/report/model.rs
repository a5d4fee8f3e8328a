//! A finding with its lines, and what a report says beside findings.

use std::sync::Arc;

use crate::finding::{Finding, Severity};
use crate::input::{Failure, Skipped};
use crate::yaml::Span;

/// A place in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The number of the input, for [`super::Sources`].
    pub input: u32,
    /// The path as given, `<stdin>`, or `<rendered>/CHART`.
    pub file: Arc<str>,
    /// The chart's template that the lines were rendered from.
    pub source: Option<Arc<str>>,
    /// Lines and columns.
    pub span: Span,
}

/// What a text was rendered from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its path, as good as it is known.
    pub file: Arc<str>,
    /// Its text, where it could be found.
    pub text: Option<Arc<str>>,
}

/// A change of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// As [`Location::file`].
    pub file: Arc<str>,
    /// What goes; empty where something is only added.
    pub span: Span,
    /// What comes.
    pub text: String,
}

/// Why a finding does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// `comment`, `annotation`, `exemption`, `baseline`, or `kube-linter annotation` (`kube-score`, `polaris`).
    pub by: &'static str,
    /// As written beside it.
    pub reason: String,
}

/// A finding with its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// What was found.
    pub finding: Finding,
    /// Where it is.
    pub location: Location,
    /// Where the finding's related places are, one for one; `None` for one that is in no input.
    pub related: Vec<Option<Location>>,
    /// See [`crate::config::Fingerprints`].
    pub fingerprint: String,
    /// Set where the finding is shown though it does not count.
    pub suppressed: Option<Suppressed>,
}

/// Totals of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Inputs read as manifests.
    pub files: usize,
    /// Objects in them.
    pub objects: usize,
    /// Findings of severity error; unread inputs are not among them.
    pub errors: usize,
    /// Findings of severity warning.
    pub warnings: usize,
    /// Findings of severity info.
    pub infos: usize,
    /// Findings that do not count.
    pub suppressed: usize,
}

impl Summary {
    /// Counts a finding.
    pub fn count(&mut self, severity: Severity) {
        match severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
            Severity::Info => self.infos += 1,
        }
    }
}

/// What ends a report.
#[derive(Debug, Clone, Copy)]
pub struct Tail<'a> {
    /// Inputs that are no manifests.
    pub skipped: &'a [Skipped],
    /// Inputs, and parts of them, that could not be read.
    pub errors: &'a [Failure],
    /// Totals.
    pub summary: Summary,
}
