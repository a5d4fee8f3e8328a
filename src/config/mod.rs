//! What people decide about rules: `kubelint.yaml`, suppressions in place, exemptions, the baseline, and the fingerprints
//! that name a finding across runs. The same file serves both doors, so nothing here knows the command line or HTTP.

mod baseline;
mod exemption;
mod file;
mod fingerprint;
mod near;
mod peers;
mod schema;
mod selection;
mod shape;
mod suppression;
pub mod webhook;

pub use baseline::{Baseline, BaselineError};
pub use exemption::Exemption;
pub use file::{Config, ConfigError, Problem, RuleSetting, find};
pub use fingerprint::{Fingerprints, Scope, Seed, named_path};
pub use near::nearest;
pub use peers::{Check, Peer, PeerIgnore, Peers, peer_ignores};
pub use schema::json_schema;
pub use selection::{known_rules, select};
pub use suppression::{ANNOTATION, AnnotationLine, Directive, annotation_lines, parse_comment};

/// What configuration has to know about a rule.
#[derive(Debug, Clone)]
pub struct KnownRule {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Name, default and meaning of each parameter.
    pub params: Vec<KnownParam>,
}

/// A parameter of a rule.
#[derive(Debug, Clone)]
pub struct KnownParam {
    /// Its name.
    pub name: String,
    /// The default, which also says the type.
    pub default: crate::value::Value,
    /// What it means.
    pub description: String,
}
