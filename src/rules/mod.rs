//! Rules: their headers, the loader that refuses what could hurt, and one evaluation per rule over the facts of an object.
//! Knows Rego; knows neither files, lines of YAML, HTTP nor the configuration. Built-in rules are embedded at build time.
//!
//! ```text
//!  policies/**/*.rego --header--> Rule --Catalog--+
//!                     --check---> refused         |
//!  facts::Facts --input per rule--> Engine (plan | RVM | interpreter) --decode--> Finding | RuleError
//! ```

mod catalog;
mod check;
mod compile;
mod coverage;
mod decode;
mod engine;
mod header;
mod kinds;
mod names;
mod native;
mod patch;
mod plan;
mod profile;
mod rule;
mod walk;

pub use catalog::{Catalog, LoadError, LoadErrors, Selected};
pub use coverage::Coverage;
pub use engine::{Engine, EngineSettings, Evaluator, Outcome, RuleError};
pub use kinds::{KindPattern, WORKLOAD_KINDS};
pub use patch::{PatchError, apply};
pub use profile::Profile;
pub use rule::{Door, Doors, FixKind, OnError, Operation, Param, ParamError, Rule};
