//! A set laid over another one: what is newer hides what is below. The watch cache is built of such layers, and the object of a
//! request lies on top of them, so that neither a change nor a request costs a new index of everything.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Completeness, GroupKind, Identity, Object, ObjectSet, Selector, UnitSet, names};

/// What of a set below is not looked at.
#[derive(Debug, Clone, Default)]
pub struct Hidden {
    /// By name.
    objects: FxHashMap<Arc<str>, Vec<Identity>>,
    kinds: Vec<(GroupKind<'static>, Option<Arc<str>>)>,
}

impl Hidden {
    /// One object, in whatever version of its API.
    pub fn object(&mut self, identity: &Identity) {
        self.objects.entry(identity.name.clone()).or_default().push(identity.clone());
    }

    /// Everything of a kind in a namespace; `None`: in all of them.
    pub fn kind(&mut self, kind: GroupKind<'static>, namespace: Option<&str>) {
        self.kinds.push((kind, namespace.map(Into::into)));
    }

    fn covers(&self, object: &Object) -> bool {
        let kind = object.group_kind();
        let whole = |(hidden, namespace): &(GroupKind<'static>, Option<Arc<str>>)| {
            *hidden == kind && namespace.as_deref().is_none_or(|namespace| object.namespace() == Some(namespace))
        };
        let same = |hidden: &Identity| hidden.group_kind() == kind && hidden.namespace == object.identity.namespace;
        self.objects.get(&object.identity.name).is_some_and(|named| named.iter().any(same)) || self.kinds.iter().any(whole)
    }
}

/// Two layers, seen as one set.
pub struct Layered {
    base: Arc<dyn ObjectSet>,
    hidden: Hidden,
    over: UnitSet,
    /// Kinds of which `over` holds everything.
    known: Vec<GroupKind<'static>>,
}

impl Layered {
    /// `over` is on top; what `hidden` covers is not seen of `base`.
    pub fn new(base: Arc<dyn ObjectSet>, hidden: Hidden, over: Vec<Arc<Object>>) -> Self {
        Self { base, hidden, over: UnitSet::new(over, false), known: Vec::new() }
    }

    /// With one object as it would be.
    pub fn with(base: Arc<dyn ObjectSet>, object: &Arc<Object>) -> Self {
        let mut hidden = Hidden::default();
        hidden.object(&object.identity);
        Self::new(base, hidden, vec![Arc::clone(object)])
    }

    /// Says that nothing of these kinds is missing.
    #[must_use]
    pub fn complete_for(self, known: Vec<GroupKind<'static>>) -> Self {
        Self { known, ..self }
    }

    /// What both layers answer, in the order of sets.
    fn both(&self, ask: impl Fn(&dyn ObjectSet) -> Vec<Arc<Object>>) -> Vec<Arc<Object>> {
        let mut found = ask(&*self.base);
        found.retain(|object| !self.hidden.covers(object));
        let over = ask(&self.over);
        if !over.is_empty() {
            found.extend(over);
            in_order(&mut found);
        }
        found
    }
}

fn stem(name: &str) -> &str {
    names::without_hash(name).unwrap_or(name)
}

/// The order of every answer of a set: kind, namespace, name.
pub fn in_order(objects: &mut [Arc<Object>]) {
    objects.sort_by(|a, b| order(a).cmp(&order(b)));
}

fn order(object: &Object) -> (&str, &str, Option<&str>, &str) {
    let id = &object.identity;
    (id.group(), &id.kind, id.namespace.as_deref(), &id.name)
}

impl ObjectSet for Layered {
    fn of_kind(&self, kind: GroupKind<'_>, namespace: Option<&str>) -> Vec<Arc<Object>> {
        self.both(|set| set.of_kind(kind, namespace))
    }

    fn get(&self, kind: GroupKind<'_>, namespace: Option<&str>, name: &str) -> Option<Arc<Object>> {
        self.over.get(kind, namespace, name).or_else(|| self.base.get(kind, namespace, name).filter(|object| !self.hidden.covers(object)))
    }

    fn selecting(&self, kind: GroupKind<'_>, namespace: Option<&str>, labels: &[(&str, &str)]) -> Vec<Arc<Object>> {
        self.both(|set| set.selecting(kind, namespace, labels))
    }

    fn workloads_matching(&self, selector: &Selector, namespace: Option<&str>) -> Vec<Arc<Object>> {
        self.both(|set| set.workloads_matching(selector, namespace))
    }

    fn workloads_using(&self, kind: GroupKind<'_>, namespace: Option<&str>, name: &str) -> Vec<Arc<Object>> {
        self.both(|set| set.workloads_using(kind, namespace, name))
    }

    fn targeting(&self, kind: GroupKind<'_>, namespace: Option<&str>, target: GroupKind<'_>, name: &str) -> Vec<Arc<Object>> {
        self.both(|set| set.targeting(kind, namespace, target, name))
    }

    fn bindings_of(&self, subject_kind: &str, name: &str) -> Vec<Arc<Object>> {
        self.both(|set| set.bindings_of(subject_kind, name))
    }

    fn bindings_to(&self, role_kind: &str, name: &str) -> Vec<Arc<Object>> {
        self.both(|set| set.bindings_to(role_kind, name))
    }

    fn like_named(&self, kind: GroupKind<'_>, namespace: Option<&str>, name: &str) -> Vec<Arc<Object>> {
        let mut found = self.over.like_named(kind, namespace, name);
        found.extend(self.base.like_named(kind, namespace, name).into_iter().filter(|object| !self.hidden.covers(object)));
        found.sort_by_key(|object| stem(&object.identity.name) != stem(name));
        found
    }

    fn completeness(&self, kind: GroupKind<'_>, namespace: Option<&str>) -> Completeness {
        if self.known.contains(&kind) { Completeness::Complete } else { self.base.completeness(kind, namespace) }
    }

    fn is_partial(&self) -> bool {
        self.base.is_partial()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::objects::Origin;
    use crate::value::Value;

    /// Objects of several kinds that meet in labels, names and references.
    fn object(kind: usize, namespace: usize, name: usize, label: usize) -> Arc<Object> {
        let meta = format!(r#""metadata":{{"name":"n{name}-1{name}1{name}1","namespace":"ns{namespace}"}}"#);
        let json = match kind {
            0 => format!(
                r#"{{"apiVersion":"policy/v1","kind":"PodDisruptionBudget",{meta},"spec":{{"selector":{{"matchLabels":{{"l":"{label}"}}}}}}}}"#
            ),
            1 => format!(
                r#"{{"apiVersion":"apps/v1","kind":"StatefulSet",{meta},"spec":{{"template":{{"metadata":{{"labels":{{"l":"{label}"}}}},"spec":{{"volumes":[{{"configMap":{{"name":"n{label}"}}}}]}}}}}}}}"#
            ),
            2 => format!(r#"{{"apiVersion":"v1","kind":"ConfigMap",{meta},"data":{{"k":"{label}"}}}}"#),
            3 => format!(
                r#"{{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler",{meta},"spec":{{"scaleTargetRef":{{"apiVersion":"apps/v1","kind":"StatefulSet","name":"n{label}"}}}}}}"#
            ),
            _ => format!(
                r#"{{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding",{meta},"subjects":[{{"kind":"ServiceAccount","name":"n{label}"}}],"roleRef":{{"kind":"Role","name":"n{label}"}}}}"#
            ),
        };
        Arc::new(Object::new(Value::from_json_str(&json).unwrap(), Origin::Cluster).unwrap())
    }

    /// Everything that can be asked, in one text; twins of a name as a set, because their order is free.
    fn answers(set: &dyn ObjectSet) -> String {
        let kinds = [
            ("policy", "PodDisruptionBudget"),
            ("apps", "StatefulSet"),
            ("", "ConfigMap"),
            ("autoscaling", "HorizontalPodAutoscaler"),
            ("rbac.authorization.k8s.io", "RoleBinding"),
        ];
        let mut text = String::new();
        let mut tell = |objects: Vec<Arc<Object>>| {
            for object in objects {
                text.push_str(&object.value.to_string());
            }
            text.push('\n');
        };
        for (group, kind) in kinds {
            let gk = GroupKind { group, kind };
            for namespace in [None, Some("ns0"), Some("ns1")] {
                tell(set.of_kind(gk, namespace));
                for n in 0..3 {
                    let name = format!("n{n}-1{n}1{n}1");
                    if namespace.is_some() {
                        tell(set.get(gk, namespace, &name).into_iter().collect());
                    }
                    let label = n.to_string();
                    tell(set.selecting(gk, namespace, &[("l", label.as_str())]));
                    tell(set.workloads_using(gk, namespace, &format!("n{n}")));
                    tell(set.targeting(gk, namespace, GroupKind { group: "apps", kind: "StatefulSet" }, &format!("n{n}")));
                    let mut like = set.like_named(gk, namespace, &name);
                    in_order(&mut like);
                    tell(like);
                }
            }
        }
        for n in 0..3 {
            tell(set.bindings_of("ServiceAccount", &format!("n{n}")));
            tell(set.bindings_to("Role", &format!("n{n}")));
            let selector = Value::from_json_str(&format!(r#"{{"matchLabels":{{"l":"{n}"}}}}"#)).unwrap();
            tell(set.workloads_matching(&Selector::from_label_selector(&selector).unwrap(), Some("ns0")));
        }
        text
    }

    fn objects() -> impl Strategy<Value = Vec<Arc<Object>>> {
        prop::collection::vec((0..5_usize, 0..2_usize, 0..3_usize, 0..3_usize), 0..12).prop_map(|made| {
            let mut all: Vec<_> = made.into_iter().map(|(kind, namespace, name, label)| object(kind, namespace, name, label)).collect();
            in_order(&mut all);
            all.dedup_by(|a, b| order(a) == order(b));
            all
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn two_layers_answer_like_one_set(below in objects(), above in objects(), gone in objects()) {
            let mut hidden = Hidden::default();
            for object in above.iter().chain(&gone) {
                hidden.object(&object.identity);
            }
            let kept = below.iter().filter(|object| !hidden.covers(object)).chain(&above).cloned().collect();
            let layered = Layered::new(Arc::new(UnitSet::new(below, false)), hidden, above);
            prop_assert_eq!(answers(&layered), answers(&UnitSet::new(kept, false)));
        }
    }

    #[test]
    fn a_kind_that_was_read_again_replaces_what_was_known_of_it() {
        let below = UnitSet::new(vec![object(0, 0, 0, 0), object(0, 1, 1, 0), object(2, 0, 0, 0)], false);
        let mut hidden = Hidden::default();
        let pdbs = GroupKind { group: "policy", kind: "PodDisruptionBudget" };
        hidden.kind(pdbs, Some("ns0"));
        let set = Layered::new(Arc::new(below), hidden, Vec::new()).complete_for(vec![pdbs]);
        assert!(set.of_kind(pdbs, Some("ns0")).is_empty());
        assert_eq!(set.of_kind(pdbs, Some("ns1")).len(), 1);
        let config_maps = GroupKind { group: "", kind: "ConfigMap" };
        assert_eq!(set.of_kind(config_maps, Some("ns0")).len(), 1);
        assert_eq!(set.completeness(pdbs, Some("ns0")), Completeness::Complete);
        assert_eq!(set.completeness(config_maps, Some("ns0")), Completeness::Partial);
    }
}
