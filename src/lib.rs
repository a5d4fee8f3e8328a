//! kubelint judges Kubernetes manifests of stateful workloads: offline as a linter, in the cluster as an admission webhook.
//! Both doors run the same Rego rules over the same facts.
//!
//! ```text
//!  files, stdin, chart, kustomization            AdmissionReview
//!                  |                                    |
//!        input -> yaml (spans, comments)             webhook (limits, TLS)
//!                  |                                    |
//!                  +----> objects::Object <-------------+
//!                               |      ^
//!                             facts <--+-- objects::ObjectSet   (offline: objects::unit, in the cluster: cluster)
//!                               |
//!                             rules (Rego, one evaluation per rule)
//!                               |
//!                         finding::Finding   (an object and a path inside it: no lines here)
//!                               |
//!                 config (severities, suppressions, exemptions, baseline)
//!                  |                                    |
//!           lint -> report | fix                 webhook: verdict, JSON Patch
//! ```
//!
//! | room | knows | must not know |
//! |---|---|---|
//! | [`value`], [`place`], [`finding`] | JSON values, paths, what a finding is | everything else |
//! | [`objects`] | identity, selectors, sets of objects and how complete they are | files, YAML text, HTTP |
//! | [`facts`] | everything hard and exact: quantities, probes, PDB rounding, where maxmemory comes from | files, environment, clock, YAML text, HTTP |
//! | [`rules`] | rule headers, Rego evaluation | files, lines, HTTP |
//! | [`config`] | `kubelint.yaml`, suppressions, exemptions, baseline | HTTP |
//! | [`yaml`] | bytes to values and back to lines and columns | rules, facts |
//! | [`input`], [`report`], [`fix`] | where text comes from and goes to | Rego |
//! | [`lint`] | the offline door: input to report | HTTP |
//! | `webhook`, `cluster` | the admission door (feature `webhook`) | lines and columns |
//! | [`cli`] | flags, exit codes | how anything is done |
//!
//! Imports go only from a lower row of that table to a higher one; `tests/architecture.rs` enforces it.

pub mod cli;
#[cfg(feature = "webhook")]
pub mod cluster;
pub mod config;
pub mod facts;
pub mod finding;
pub mod fix;
pub mod input;
pub mod lint;
pub mod objects;
pub mod place;
pub mod report;
pub mod rules;
pub mod value;
#[cfg(feature = "webhook")]
pub mod webhook;
pub mod yaml;
