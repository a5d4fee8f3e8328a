//! What relates an object to others of its set (`related`), and to its previous version (`change`). Each need is computed on
//! its own, when a rule first asks for it; every look-up goes through an index of the set, never over all objects of a kind.
//!
//! The set may hold an older version of the judged object, or none yet: what is judged always takes its place.
//! Knows neither files nor rules.

mod accounts;
mod entry;
mod hpa;
mod namespace;
mod network;
mod pdb;
mod pods;
mod rounding;
mod scale;
mod service;
mod storage;
#[cfg(test)]
mod testing;
mod workloads;

use std::sync::Arc;

pub(super) use scale::{HPA, SCALED_OBJECT, bounds};

use super::{Context, Need, change};
use crate::objects::{Completeness, Object, cluster_scoped};
use crate::value::Value;

/// What related facts are computed from.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The judged object.
    pub object: &'a Arc<Object>,
    /// Its previous version.
    pub old: Option<&'a Arc<Object>>,
    /// Its `workload` document, `Null` where it has none.
    pub workload: &'a Value,
    /// Who else is there.
    pub context: Context<'a>,
}

/// One entry of `related`: its key and what stands there.
pub type Entry = (&'static str, Value);

/// The entries of `related` that a need stands for. The same key, `self`, holds what the need makes of the judged object.
pub fn compute(need: Need, view: &View<'_>) -> Vec<Entry> {
    match need {
        Need::Pdbs => pdb::entries(view),
        Need::Services => service::entries(view),
        Need::Hpas => hpa::entries(view),
        Need::NetworkPolicies => network::entries(view),
        Need::LimitRanges => namespace::limit_ranges(view),
        Need::Quotas => namespace::quotas(view),
        Need::Namespaces => namespace::namespace(view),
        Need::StorageClasses => storage::class_entries(view),
        Need::Pvcs => storage::claim_entries(view),
        Need::Workloads => workloads::entries(view),
        Need::ServiceAccounts => accounts::account_entries(view),
        Need::Bindings => accounts::binding_entries(view),
        Need::Pods => pods::entries(view),
        Need::CustomResources => vec![("crs", Value::from(Vec::new()))],
        // What these hold is resolved where it is referred to: `workload`.
        Need::ConfigMaps | Need::Secrets | Need::Schemas => Vec::new(),
    }
}

/// The entries of `related.complete`: for each kind of a need, does the set hold everything of it in the object's namespace?
pub fn complete(need: Need, view: &View<'_>) -> Vec<(&'static str, bool)> {
    let entry = |kind: &crate::objects::GroupKind<'static>| {
        let namespace = if cluster_scoped(*kind) { None } else { entry::scope(view) };
        (kind.kind, view.context.set.completeness(*kind, namespace) == Completeness::Complete)
    };
    need.kinds().iter().map(entry).collect()
}

/// `change`: `Null` unless the previous version is known.
pub fn change(view: &View<'_>) -> Value {
    view.old.map_or(Value::Null, |old| change::facts(old, view.object, view.context.kubernetes_minor))
}
