//! Kubernetes objects, and sets of them that know how complete they are. Knows nothing of files, YAML text or HTTP.

mod layered;
mod memo;
pub mod names;
mod object;
pub mod resources;
pub mod selector;
mod set;
pub mod template;
mod unit;

pub use layered::{Hidden, Layered, in_order};
pub use memo::Memo;
pub use object::{GroupKind, Identity, Object, Origin, cluster_scoped};
pub use selector::Selector;
pub use set::{Completeness, ObjectSet};
pub use unit::UnitSet;
