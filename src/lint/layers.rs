//! The object set of one unit: its own objects and those of the units inside it, then those of each unit around it.
//! Layers are shared between units, so that building all of them costs no more than the objects.

use std::sync::Arc;

use super::Extent;
use crate::objects::{Completeness, GroupKind, Memo, Object, ObjectSet, Selector, UnitSet};

/// What one unit sees.
#[derive(Debug)]
pub(super) struct Layers {
    /// The nearest first.
    pub(super) sets: Vec<Arc<UnitSet>>,
    pub(super) extent: Extent,
    /// Of this unit.
    pub(super) memo: Memo,
}

impl Layers {
    fn gather(&self, ask: impl Fn(&UnitSet) -> Vec<Arc<Object>>) -> Vec<Arc<Object>> {
        let mut found = Vec::new();
        let mut sources = 0;
        for set in &self.sets {
            let more = ask(set);
            sources += usize::from(!more.is_empty());
            found.extend(more);
        }
        if sources > 1 {
            found.sort_by(|a, b| order(a).cmp(&order(b)));
        }
        found
    }
}

impl ObjectSet for Layers {
    fn of_kind(&self, kind: GroupKind<'_>, namespace: Option<&str>) -> Vec<Arc<Object>> {
        self.gather(|set| set.of_kind(kind, namespace))
    }

    fn get(&self, kind: GroupKind<'_>, namespace: Option<&str>, name: &str) -> Option<Arc<Object>> {
        let found: Vec<Arc<Object>> = self.sets.iter().filter_map(|set| set.get(kind, namespace, name)).collect();
        let exact = found.iter().find(|object| object.namespace() == namespace);
        exact.or(found.first()).cloned()
    }

    fn selecting(&self, kind: GroupKind<'_>, namespace: Option<&str>, labels: &[(&str, &str)]) -> Vec<Arc<Object>> {
        self.gather(|set| set.selecting(kind, namespace, labels))
    }

    fn workloads_matching(&self, selector: &Selector, namespace: Option<&str>) -> Vec<Arc<Object>> {
        self.gather(|set| set.workloads_matching(selector, namespace))
    }

    fn workloads_using(&self, kind: GroupKind<'_>, namespace: Option<&str>, name: &str) -> Vec<Arc<Object>> {
        self.gather(|set| set.workloads_using(kind, namespace, name))
    }

    fn targeting(&self, kind: GroupKind<'_>, namespace: Option<&str>, target: GroupKind<'_>, name: &str) -> Vec<Arc<Object>> {
        self.gather(|set| set.targeting(kind, namespace, target, name))
    }

    fn bindings_of(&self, subject_kind: &str, name: &str) -> Vec<Arc<Object>> {
        self.gather(|set| set.bindings_of(subject_kind, name))
    }

    fn bindings_to(&self, role_kind: &str, name: &str) -> Vec<Arc<Object>> {
        self.gather(|set| set.bindings_to(role_kind, name))
    }

    fn like_named(&self, kind: GroupKind<'_>, namespace: Option<&str>, name: &str) -> Vec<Arc<Object>> {
        // Not sorted: those that differ by a hash only come first.
        self.sets.iter().flat_map(|set| set.like_named(kind, namespace, name)).collect()
    }

    fn completeness(&self, _: GroupKind<'_>, _: Option<&str>) -> Completeness {
        if self.extent == Extent::Complete { Completeness::Complete } else { Completeness::Partial }
    }

    fn is_partial(&self) -> bool {
        self.extent == Extent::Partial
    }

    fn memo(&self) -> Option<&Memo> {
        Some(&self.memo)
    }
}

/// Kind, namespace and name: the order that a set promises.
fn order(object: &Object) -> (GroupKind<'_>, Option<&str>, &str, &str) {
    let id = &object.identity;
    (id.group_kind(), id.namespace.as_deref(), &id.name, &id.api_version)
}
