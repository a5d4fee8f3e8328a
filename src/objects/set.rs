//! What cross-object facts ask: who else is there, and is that all?

use std::sync::Arc;

use super::{GroupKind, Memo, Object, Selector};

/// Does a set hold everything of a kind?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// What is absent from the set does not exist.
    Complete,
    /// What is absent from the set is unknown.
    Partial,
}

/// A set of objects that belong together: a unit of the files given, or the watch cache of a cluster.
///
/// Namespaces: `None` is an object that leaves its namespace out. Offline it matches any namespace of its unit
/// (design 4); a set decides what that means, callers pass on what the object says.
/// Results are in a stable order (kind, namespace, name).
pub trait ObjectSet: Send + Sync {
    /// All objects of a kind that are visible from `namespace`; for cluster-scoped kinds pass `None`.
    fn of_kind(&self, kind: GroupKind<'_>, namespace: Option<&str>) -> Vec<Arc<Object>>;

    /// One object by name.
    fn get(&self, kind: GroupKind<'_>, namespace: Option<&str>, name: &str) -> Option<Arc<Object>>;

    /// Objects of a kind in `namespace` whose `spec.selector` (a label selector, or a Service's map; for a NetworkPolicy
    /// `spec.podSelector`) matches these pod template labels. Must not cost time in proportion to all objects of the kind.
    fn selecting(&self, kind: GroupKind<'_>, namespace: Option<&str>, labels: &[(&str, &str)]) -> Vec<Arc<Object>>;

    /// Workloads (objects with a pod template of a built-in kind, and Pods) in `namespace` whose **pod template labels** match.
    fn workloads_matching(&self, selector: &Selector, namespace: Option<&str>) -> Vec<Arc<Object>>;

    /// Workloads in `namespace` that refer to this ConfigMap or Secret (volumes, `envFrom`, `valueFrom`, projected), run as this
    /// ServiceAccount, mount this PersistentVolumeClaim by name, or claim from this StorageClass in their own templates.
    fn workloads_using(&self, kind: GroupKind<'_>, namespace: Option<&str>, name: &str) -> Vec<Arc<Object>>;

    /// Objects of a kind in `namespace` whose `spec.scaleTargetRef` names this target (HorizontalPodAutoscaler, KEDA ScaledObject);
    /// kind and group that are left out there are those of a Deployment.
    fn targeting(&self, kind: GroupKind<'_>, namespace: Option<&str>, target: GroupKind<'_>, name: &str) -> Vec<Arc<Object>>;

    /// RoleBindings of all namespaces and ClusterRoleBindings with a subject of this kind (`ServiceAccount`, `Group`, `User`) and
    /// name; the subject's namespace is for the caller to compare.
    fn bindings_of(&self, subject_kind: &str, name: &str) -> Vec<Arc<Object>>;

    /// RoleBindings of all namespaces and ClusterRoleBindings whose `roleRef` has this kind (`Role`, `ClusterRole`) and name.
    fn bindings_to(&self, role_kind: &str, name: &str) -> Vec<Arc<Object>>;

    /// ConfigMaps or Secrets in `namespace` that someone who wrote `name` may have meant: first those whose names differ from it
    /// by a content hash only ([`super::names`]), then others, of which only some may be looked at.
    fn like_named(&self, kind: GroupKind<'_>, namespace: Option<&str>, name: &str) -> Vec<Arc<Object>>;

    /// Does the set hold everything of this kind in this namespace?
    fn completeness(&self, kind: GroupKind<'_>, namespace: Option<&str>) -> Completeness;

    /// Is it known to be a part only, such as the files that a commit changed, or a request judged alone? Then not even
    /// what ships together (a StatefulSet and its PodDisruptionBudget) can be expected in it. `set.partial` of the rules' input.
    fn is_partial(&self) -> bool {
        false
    }

    /// Where what is derived from its objects may be kept; only a set that never changes has such a place.
    fn memo(&self) -> Option<&Memo> {
        None
    }
}
