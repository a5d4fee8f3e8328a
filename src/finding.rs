//! What a rule found: symbolic, without lines. Reports and fixes make it concrete.

use std::fmt;
use std::sync::Arc;

use crate::objects::Identity;
use crate::place::{Path, Within};
use crate::value::Value;

/// How bad a finding is. Ordered: `Info < Warning < Error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth mending.
    Warning,
    /// Ends in an outage or a rejection.
    Error,
}

impl Severity {
    /// The name in configuration, reports and headers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Info, Self::Warning, Self::Error].into_iter().find(|s| s.as_str() == text)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place in an object of the same object set. `object: None` is the judged object itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Which object; `None` for the judged one.
    pub object: Option<Identity>,
    /// Where in it.
    pub path: Path,
    /// Which characters of the scalar at `path`.
    pub within: Option<Within>,
}

/// Another place that a finding speaks of, with what it says there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// What is to be seen there.
    pub message: String,
    /// Where.
    pub place: Place,
}

/// May a fix be applied without asking?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FixSafety {
    /// Meaning is kept, or it only protects; every value is copied or derived from the same object.
    Safe,
    /// A person has to agree.
    Unsafe,
}

/// RFC 6902 operations on one object, in order. Only `add`, `replace`, `remove` and `test` exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Which object; `None` for the judged one.
    pub object: Option<Identity>,
    /// In order.
    pub ops: Vec<PatchOp>,
}

/// One RFC 6902 operation; the path is kept in steps, `-` is the key that appends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatchOp {
    /// Insert or set.
    Add(Path, Value),
    /// Set what is there.
    Replace(Path, Value),
    /// Remove what is there.
    Remove(Path),
    /// Stop unless it is there with this value.
    Test(Path, Value),
}

/// How to mend a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does, in the imperative.
    pub title: String,
    /// May it be applied without asking?
    pub safety: FixSafety,
    /// Changes of objects that are there.
    pub edits: Vec<Edit>,
    /// Objects to add.
    pub creates: Vec<Value>,
}

/// One violation of one rule at one place of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id, kebab-case.
    pub rule: Arc<str>,
    /// The rule's severity, or what the finding or the configuration made of it.
    pub severity: Severity,
    /// The judged object.
    pub object: Identity,
    /// The container that the path leads into.
    pub container: Option<Arc<str>>,
    /// Where in the object.
    pub path: Path,
    /// Which characters of the scalar at `path`.
    pub within: Option<Within>,
    /// What is wrong, with the numbers, and what to do. One line.
    pub message: String,
    /// Other places that matter.
    pub related: Vec<Related>,
    /// How to mend it.
    pub fix: Option<Fix>,
}
