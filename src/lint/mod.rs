//! The offline door: inputs to findings with lines, in report order. Reads in parallel, lets objects meet inside units,
//! evaluates in parallel, and hands findings on in chunks, so that neither texts nor findings of a large tree are held
//! at once. Knows no flags, no terminal and no HTTP.
//!
//! ```text
//! Collected -> Session::open (read, units) -> judge (facts, rules) -> locate -> suppress -> fingerprint -> reporter
//! ```

mod chart;
mod judge;
mod layers;
mod locate;
pub mod memory;
pub mod mend;
mod policy;
mod previous;
mod scope;
mod session;
mod store;
mod suppress;
mod templates;
pub mod testing;
mod verdict;

use std::path::PathBuf;
use std::sync::Arc;

pub use policy::Policies;
pub use session::{OpenError, Session, Subject};
pub use store::shown;
pub use verdict::{Ledger, Run, Verdict};

use crate::finding::Severity;
use crate::input::Base;
use crate::rules::{Catalog, Profile};
use crate::yaml::Limits;

/// What a run does, apart from its inputs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The rules.
    pub catalog: Arc<Catalog>,
    /// The minor version of Kubernetes 1.x that the objects are for.
    pub kubernetes_minor: u32,
    /// The namespace of objects that leave theirs out.
    pub namespace: Option<Arc<str>>,
    /// How much of a namespace the inputs are.
    pub extent: Extent,
    /// Limits of one text.
    pub limits: Limits,
    /// Larger files are errors, in bytes.
    pub max_file_bytes: u64,
    /// Suppressions without a reason do not count.
    pub require_reason: bool,
    /// Do annotations of other linters count, whatever the configuration says?
    pub honor_peer_annotations: bool,
    /// Findings below this are not handed on; they count.
    pub min_severity: Severity,
    /// Are findings that do not count handed on?
    pub show_suppressed: bool,
    /// This configuration instead of those found beside the inputs.
    pub config: Option<PathBuf>,
    /// The rules to start from, whatever the configuration says.
    pub profile: Option<Profile>,
    /// No configuration at all.
    pub isolated: bool,
    /// Do exclusions hold for files that were named, too?
    pub force_exclude: bool,
    /// What the inputs are compared with, so that changes can be judged.
    pub base: Option<Arc<Base>>,
    /// What day it is, for exemptions that expire.
    pub today: jiff::civil::Date,
}

/// How much of a namespace the inputs are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Extent {
    /// Some files of it, such as those a commit changed: what is absent is unknown.
    Partial,
    /// The files that belong together: a workload without its budget is worth reporting, other absences are unknown.
    #[default]
    Unit,
    /// All of it: what is absent does not exist.
    Complete,
}
