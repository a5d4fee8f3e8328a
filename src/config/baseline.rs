//! Findings that were there when kubelint was introduced: by fingerprint, with enough beside it to be read in a review.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::finding::Finding;

/// A baseline file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    version: u32,
    findings: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    object: String,
    fingerprint: String,
}

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// Not there, not readable, not writable.
    #[error("{file}: the baseline cannot be {verb}: {error}")]
    Io {
        /// Which.
        file: String,
        /// `read` or `written`.
        verb: &'static str,
        /// What the system says.
        error: io::Error,
    },
    /// Not a baseline.
    #[error("{file}: not a baseline of this kubelint: {message}; write it anew with --write-baseline")]
    Format {
        /// Which.
        file: String,
        /// What is wrong.
        message: String,
    },
}

impl Baseline {
    /// An empty one.
    pub const fn new() -> Self {
        Self { version: 1, findings: Vec::new() }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it is not there, or is not a baseline.
    pub fn load(file: &Path) -> Result<Self, BaselineError> {
        let name = file.display().to_string();
        let text = fs::read_to_string(file).map_err(|error| BaselineError::Io { file: name.clone(), verb: "read", error })?;
        let baseline: Self =
            serde_json::from_str(&text).map_err(|error| BaselineError::Format { file: name.clone(), message: error.to_string() })?;
        if baseline.version != 1 {
            return Err(BaselineError::Format { file: name, message: format!("its version is {}", baseline.version) });
        }
        Ok(baseline)
    }

    /// Adds a finding.
    pub fn add(&mut self, finding: &Finding, fingerprint: &str) {
        self.findings.push(Entry {
            rule: finding.rule.to_string(),
            object: finding.object.to_string(),
            fingerprint: fingerprint.to_owned(),
        });
    }

    /// Fingerprints of all entries.
    pub fn fingerprints(&self) -> impl Iterator<Item = &str> {
        self.findings.iter().map(|entry| &*entry.fingerprint)
    }

    /// Keeps the entries whose fingerprint passes; gives how many went.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) -> usize {
        let before = self.findings.len();
        self.findings.retain(|entry| keep(&entry.fingerprint));
        before - self.findings.len()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// Writes the file in one step, in an order that keeps diffs small.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn save(&mut self, file: &Path) -> Result<(), BaselineError> {
        self.findings.sort();
        self.findings.dedup();
        let write = || -> io::Result<()> {
            let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
            let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
            serde_json::to_writer_pretty(&mut temporary, self)?;
            temporary.write_all(b"\n")?;
            temporary.persist(file).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error| BaselineError::Io { file: file.display().to_string(), verb: "written", error })
    }
}
