//! Where text comes from: command line arguments become inputs, and what is read becomes objects, a stated reason to
//! skip it, or an error. Nothing is dropped without a word. Knows no rules and prints nothing.
//!
//! ```text
//! arguments -> walk -> Input -> read -> yaml -> classify -> Manifest | Skipped | Failure
//! ```

mod base;
mod chart;
pub mod classify;
mod git;
mod kustomization;
mod manifest;
mod process;
mod read;
pub mod render;
mod template;
mod walk;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use base::unread;
pub use base::{Base, BaseError, Before, Must};
pub use chart::{Chart, UnknownKey};
pub use manifest::{Manifest, Outcome, interpret};
pub use read::{ReadFailure, bytes, length};
pub use render::Rendering;
pub use walk::{Collected, Part, RenderedChart, collect};

use crate::yaml::Position;

/// The name of the standard input in reports.
pub const STDIN: &str = "<stdin>";

/// What the name of a rendered input begins with; the directory follows.
pub const RENDERED: &str = "<rendered>/";

/// File size that is read unless a flag says otherwise, in bytes (design 3).
pub const MAX_FILE_BYTES: u64 = 64 << 20;

/// One text to read.
#[derive(Debug, Clone)]
pub struct Input {
    /// What reports call it: the path as given, `<stdin>`, or `<rendered>/CHART`.
    pub file: Arc<str>,
    /// Where the text is.
    pub source: Source,
    /// Was it named on the command line? Then a reason to skip it changes the exit code.
    pub named: bool,
}

/// Where a text is.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file, which can be read again.
    File(PathBuf),
    /// A stream or a rendered chart, which cannot: a unit of its own.
    Bytes(Arc<[u8]>),
    /// What a file is going to hold.
    Edited(PathBuf, Arc<[u8]>),
}

impl Source {
    /// The file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) | Self::Edited(path, _) => Some(path),
            Self::Bytes(_) => None,
        }
    }
}

/// An input that holds no manifests, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Which.
    pub file: Arc<str>,
    /// Why, as the end of the sentence "skipped: ...".
    pub reason: String,
    /// Was it named on the command line?
    pub named: bool,
}

/// An input, or a part of one, that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which input.
    pub file: Arc<str>,
    /// What is wrong and what to do.
    pub message: String,
    /// Where in it, if known.
    pub at: Option<Position>,
}

/// How arguments become inputs.
#[derive(Debug, Clone)]
pub struct Options {
    /// What `-` is called in reports and looked up as for its configuration.
    pub stdin_filename: Option<String>,
    /// Read `.gitignore`, `.ignore` and `.kubelintignore` in walks?
    pub honour_ignore_files: bool,
    /// Larger files are errors.
    pub max_file_bytes: u64,
    /// How charts and kustomizations become manifests.
    pub rendering: Rendering,
}

impl Default for Options {
    fn default() -> Self {
        Self { stdin_filename: None, honour_ignore_files: true, max_file_bytes: MAX_FILE_BYTES, rendering: Rendering::default() }
    }
}
