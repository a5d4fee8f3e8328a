//! The offline object set: objects that were given together, indexed so that a look-up costs what it finds.

use std::borrow::Cow;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Completeness, GroupKind, Object, ObjectSet, Selector, names, template};
use crate::value::Lookup;
#[cfg(test)]
use crate::value::Value;

/// Objects that meet: a rendered chart, a kustomization, a stream, or what was given on one command line.
///
/// An object without a namespace matches any namespace of the unit, and so does a question without one.
#[derive(Debug, Default)]
pub struct UnitSet {
    objects: Vec<Arc<Object>>,
    complete: bool,
    kinds: FxHashMap<(Box<str>, Box<str>), Kind>,
    /// Workloads by a label of their pod template, and all of them under the empty pair.
    workloads: FxHashMap<(Box<str>, Box<str>), Vec<u32>>,
    /// Workloads by kind and name of what they refer to.
    references: FxHashMap<(Box<str>, Box<str>), Vec<u32>>,
    /// What scales a target, by the target's kind and name.
    scalers: FxHashMap<(Box<str>, Box<str>), Vec<u32>>,
    /// Bindings by kind and name of a subject.
    subjects: FxHashMap<(Box<str>, Box<str>), Vec<u32>>,
    /// Bindings by kind and name of their role.
    roles: FxHashMap<(Box<str>, Box<str>), Vec<u32>>,
    /// ConfigMaps and Secrets by kind and name without its content hash.
    stems: FxHashMap<(Box<str>, Box<str>), Vec<u32>>,
}

/// How many objects are compared with a name that is not found, so that many such names do not cost the square of their number.
const LIKE_NAMED: usize = 64;

/// The objects of one kind.
#[derive(Debug, Default)]
struct Kind {
    all: Vec<u32>,
    names: FxHashMap<Box<str>, Vec<u32>>,
    /// By the label that its selector cannot do without.
    by_label: FxHashMap<(Box<str>, Box<str>), Vec<u32>>,
    /// Selectors that need no particular label.
    by_none: Vec<u32>,
    namespaces: FxHashMap<Option<Box<str>>, Vec<u32>>,
}

impl UnitSet {
    /// A set of these objects. `complete` says that they are the whole namespace, so that what is absent does not exist.
    pub fn new(mut objects: Vec<Arc<Object>>, complete: bool) -> Self {
        objects.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
        let mut set = Self { objects, complete, ..Self::default() };
        for index in 0..set.objects.len() {
            set.file(index);
        }
        set
    }

    /// All objects, ordered by kind, namespace and name.
    pub fn objects(&self) -> &[Arc<Object>] {
        &self.objects
    }

    fn file(&mut self, index: usize) {
        let (Some(object), Ok(id)) = (self.objects.get(index).cloned(), u32::try_from(index)) else { return };
        let gk = object.group_kind();
        let kind = self.kinds.entry((gk.group.into(), gk.kind.into())).or_default();
        kind.all.push(id);
        kind.names.entry((*object.identity.name).into()).or_default().push(id);
        kind.namespaces.entry(object.namespace().map(Into::into)).or_default().push(id);
        if let Some(selector) = own_selector(&object) {
            match selector.needed_label() {
                Some((key, value)) => kind.by_label.entry((key.into(), value.into())).or_default().push(id),
                None => kind.by_none.push(id),
            }
        }
        if matches!((gk.group, gk.kind), ("", "ConfigMap" | "Secret")) {
            let name = &*object.identity.name;
            note(&mut self.stems, (gk.kind, names::without_hash(name).unwrap_or(name)), id);
        }
        if let Some(template) = template::pod_template(&object) {
            self.workloads.entry(("".into(), "".into())).or_default().push(id);
            for (key, value) in template::labels(template) {
                self.workloads.entry((key.into(), value.into())).or_default().push(id);
            }
            for (kind, name) in template::config_references(template).into_iter().chain(template::other_references(&object, template)) {
                note(&mut self.references, (kind, name), id);
            }
        }
        if let Some((target, name)) = scale_target(&object) {
            note(&mut self.scalers, (target.kind, name), id);
        }
        if is_binding(gk) {
            for subject in object.value.at("subjects").items() {
                note(&mut self.subjects, (subject.at("kind").text().unwrap_or(""), subject.at("name").text().unwrap_or("")), id);
            }
            let role = object.value.at("roleRef");
            note(&mut self.roles, (role.at("kind").text().unwrap_or(""), role.at("name").text().unwrap_or("")), id);
        }
    }

    fn kind(&self, kind: GroupKind<'_>) -> Option<&Kind> {
        self.kinds.get(&(kind.group.into(), kind.kind.into()))
    }

    /// The objects behind ids, those visible from `namespace`, in order.
    fn visible<'a>(&'a self, ids: impl IntoIterator<Item = &'a u32>, namespace: Option<&str>) -> Vec<Arc<Object>> {
        let object = |id: &u32| self.objects.get(*id as usize);
        let meets = |object: &&Arc<Object>| match (object.namespace(), namespace) {
            (Some(theirs), Some(asked)) => theirs == asked,
            _ => true,
        };
        ids.into_iter().filter_map(object).filter(meets).cloned().collect()
    }

    /// Those of these ids, which are in the order of the set, that are visible from `namespace`: found by halving, so that one
    /// name or label in ten thousand namespaces does not cost ten thousand steps.
    fn narrow<'a>(&self, mut ids: &'a [u32], namespace: Option<&str>) -> Vec<&'a u32> {
        let Some(asked) = namespace else { return ids.iter().collect() };
        let object = |id: &u32| self.objects.get(*id as usize);
        let theirs = |id: &u32| object(id).and_then(|object| object.namespace());
        let mut narrowed = Vec::new();
        while let Some(kind) = ids.first().and_then(object).map(|object| object.group_kind()) {
            let end = ids.partition_point(|id| object(id).is_some_and(|object| object.group_kind() <= kind));
            let Some((run, rest)) = ids.split_at_checked(end.max(1)) else { break };
            let anywhere = run.partition_point(|id| theirs(id).is_none());
            let (start, stop) = (run.partition_point(|id| theirs(id) < Some(asked)), run.partition_point(|id| theirs(id) <= Some(asked)));
            narrowed.extend(run.get(..anywhere).into_iter().chain(run.get(start.max(anywhere)..stop)).flatten());
            ids = rest;
        }
        narrowed
    }
}

/// Files an id under kind and name, once.
fn note(index: &mut FxHashMap<(Box<str>, Box<str>), Vec<u32>>, (kind, name): (&str, &str), id: u32) {
    let ids = index.entry((kind.into(), name.into())).or_default();
    if ids.last() != Some(&id) {
        ids.push(id);
    }
}

/// What `spec.scaleTargetRef` names. A KEDA ScaledObject may leave out kind and version: then it is a Deployment.
fn scale_target(object: &Object) -> Option<(GroupKind<'_>, &str)> {
    let target = object.value.dig(&["spec", "scaleTargetRef"]);
    let version = target.at("apiVersion").text().unwrap_or("apps/v1");
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let kind = target.at("kind").text().unwrap_or("Deployment");
    Some((GroupKind { group, kind }, target.at("name").text()?))
}

fn is_binding(kind: GroupKind<'_>) -> bool {
    kind.group == "rbac.authorization.k8s.io" && matches!(kind.kind, "RoleBinding" | "ClusterRoleBinding")
}

/// What orders a set, and so everything derived from it.
fn sort_key(object: &Object) -> (&str, &str, Option<&str>, &str, Cow<'_, str>) {
    let id = &object.identity;
    (id.group(), &id.kind, id.namespace.as_deref(), &id.name, Cow::Borrowed(&id.api_version))
}

/// The selector of an object that selects pods.
fn own_selector(object: &Object) -> Option<Selector> {
    let spec = object.value.at("spec");
    match (object.identity.group(), &*object.identity.kind) {
        ("", "Service" | "ReplicationController") => Selector::from_map(spec.at("selector")),
        ("networking.k8s.io", "NetworkPolicy") => Selector::from_label_selector(spec.at("podSelector")),
        // policy/v1beta1 read an empty selector as "none"; policy/v1 reads it as "all".
        ("policy", "PodDisruptionBudget") if *object.identity.api_version == *"policy/v1beta1" => {
            Selector::from_label_selector(spec.at("selector")).filter(|selector| !selector.is_empty())
        }
        _ => Selector::from_label_selector(spec.at("selector")),
    }
}

impl ObjectSet for UnitSet {
    fn of_kind(&self, kind: GroupKind<'_>, namespace: Option<&str>) -> Vec<Arc<Object>> {
        let Some(kind) = self.kind(kind) else { return Vec::new() };
        let Some(namespace) = namespace else { return self.visible(&kind.all, None) };
        let named = kind.namespaces.get(&Some(namespace.into())).into_iter().flatten();
        let anywhere = kind.namespaces.get(&None).into_iter().flatten();
        self.visible(anywhere.chain(named), Some(namespace))
    }

    fn get(&self, kind: GroupKind<'_>, namespace: Option<&str>, name: &str) -> Option<Arc<Object>> {
        let ids = self.kind(kind)?.names.get(name)?;
        let found = self.visible(self.narrow(ids, namespace), namespace);
        // An exact namespace beats one that was left out.
        found.iter().find(|object| object.namespace() == namespace).or(found.first()).cloned()
    }

    fn selecting(&self, kind: GroupKind<'_>, namespace: Option<&str>, labels: &[(&str, &str)]) -> Vec<Arc<Object>> {
        let Some(kind) = self.kind(kind) else { return Vec::new() };
        let by_label = labels.iter().filter_map(|(key, value)| kind.by_label.get(&((*key).into(), (*value).into())));
        let mut ids: Vec<u32> = by_label.chain([&kind.by_none]).flat_map(|ids| self.narrow(ids, namespace)).copied().collect();
        ids.sort_unstable();
        ids.dedup();
        let mut found = self.visible(&ids, namespace);
        found.retain(|object| own_selector(object).is_some_and(|selector| selector.matches(labels)));
        found
    }

    fn workloads_matching(&self, selector: &Selector, namespace: Option<&str>) -> Vec<Arc<Object>> {
        let (key, value) = selector.needed_label().unwrap_or(("", ""));
        let Some(ids) = self.workloads.get(&(key.into(), value.into())) else { return Vec::new() };
        let mut found = self.visible(self.narrow(ids, namespace), namespace);
        found.retain(|object| {
            template::pod_template(object).is_some_and(|template| selector.matches(&template::labels(template).collect::<Vec<_>>()))
        });
        found
    }

    fn workloads_using(&self, kind: GroupKind<'_>, namespace: Option<&str>, name: &str) -> Vec<Arc<Object>> {
        let Some(ids) = self.references.get(&(kind.kind.into(), name.into())) else { return Vec::new() };
        self.visible(self.narrow(ids, namespace), namespace)
    }

    fn targeting(&self, kind: GroupKind<'_>, namespace: Option<&str>, target: GroupKind<'_>, name: &str) -> Vec<Arc<Object>> {
        let Some(ids) = self.scalers.get(&(target.kind.into(), name.into())) else { return Vec::new() };
        let mut found = self.visible(self.narrow(ids, namespace), namespace);
        found.retain(|object| object.group_kind() == kind && scale_target(object).is_some_and(|(theirs, _)| theirs == target));
        found
    }

    fn bindings_of(&self, subject_kind: &str, name: &str) -> Vec<Arc<Object>> {
        self.visible(self.subjects.get(&(subject_kind.into(), name.into())).into_iter().flatten(), None)
    }

    fn bindings_to(&self, role_kind: &str, name: &str) -> Vec<Arc<Object>> {
        self.visible(self.roles.get(&(role_kind.into(), name.into())).into_iter().flatten(), None)
    }

    fn like_named(&self, kind: GroupKind<'_>, namespace: Option<&str>, name: &str) -> Vec<Arc<Object>> {
        let stem = names::without_hash(name).unwrap_or(name);
        let twins = [stem, name].map(|stem| self.stems.get(&(kind.kind.into(), stem.into())));
        let mut ids: Vec<u32> = twins.into_iter().flatten().flatten().copied().collect();
        if let Some(kind) = self.kind(kind) {
            let here = namespace.and_then(|namespace| kind.namespaces.get(&Some(namespace.into())));
            for neighbours in here.into_iter().chain(kind.namespaces.get(&None)) {
                // Filed in the order of their names, so that what starts alike stands close.
                let named = |id: &u32| self.objects.get(*id as usize).is_some_and(|object| *object.identity.name < *name);
                let middle = neighbours.partition_point(named);
                ids.extend(neighbours.iter().skip(middle.saturating_sub(LIKE_NAMED / 2)).take(LIKE_NAMED));
            }
            if namespace.is_none() {
                ids.extend(kind.all.iter().take(LIKE_NAMED));
            }
        }
        let mut seen = FxHashSet::default();
        ids.retain(|id| seen.insert(*id));
        self.visible(&ids, namespace)
    }

    fn completeness(&self, _: GroupKind<'_>, _: Option<&str>) -> Completeness {
        if self.complete { Completeness::Complete } else { Completeness::Partial }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::Origin;

    fn object(json: &str) -> Arc<Object> {
        Arc::new(Object::new(Value::from_json_str(json).unwrap(), Origin::Cluster).unwrap())
    }

    fn sts(namespace: &str, labels: &str) -> Arc<Object> {
        object(&format!(
            r#"{{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{{"name":"s"{namespace}}},
                "spec":{{"template":{{"metadata":{{"labels":{labels}}},"spec":{{"volumes":[{{"configMap":{{"name":"c"}}}}]}}}}}}}}"#
        ))
    }

    #[test]
    fn a_selector_meets_template_labels_in_its_namespace_only() {
        let pdb = |namespace: &str, selector: &str| {
            object(&format!(
                r#"{{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{{"name":"p"{namespace}}},"spec":{{"selector":{selector}}}}}"#
            ))
        };
        let gk = GroupKind { group: "policy", kind: "PodDisruptionBudget" };
        let prod = r#","namespace":"prod""#;
        for (namespace, selector, asked, found) in [
            (prod, r#"{"matchLabels":{"app":"a"}}"#, Some("prod"), 1),
            (prod, r#"{"matchLabels":{"app":"a"}}"#, Some("dev"), 0),
            (prod, r#"{"matchLabels":{"app":"a"}}"#, None, 1),
            ("", r#"{"matchLabels":{"app":"a"}}"#, Some("dev"), 1),
            (prod, r#"{"matchLabels":{"app":"a","tier":"x"}}"#, Some("prod"), 0),
            (prod, r#"{"matchExpressions":[{"key":"job","operator":"NotIn","values":["x"]}]}"#, Some("prod"), 1),
            (prod, "{}", Some("prod"), 1),
            (prod, "null", Some("prod"), 0),
        ] {
            let set = UnitSet::new(vec![pdb(namespace, selector)], false);
            assert_eq!(set.selecting(gk, asked, &[("app", "a")]).len(), found, "{selector} in {namespace} from {asked:?}");
        }
    }

    #[test]
    fn narrowing_keeps_exactly_what_is_visible() {
        let kinds = [("v1", "ConfigMap"), ("v1", "Service"), ("apps/v1", "Deployment")];
        let namespaces = ["", r#","namespace":"a""#, r#","namespace":"b""#, r#","namespace":"c""#];
        let all = kinds.iter().flat_map(|(version, kind)| {
            namespaces.iter().flat_map(move |namespace| {
                ["x", "y"].map(|name| {
                    object(&format!(r#"{{"apiVersion":"{version}","kind":"{kind}","metadata":{{"name":"{name}"{namespace}}}}}"#))
                })
            })
        });
        let set = UnitSet::new(all.collect(), false);
        let ids: Vec<u32> = (0..24).collect();
        for asked in [None, Some("a"), Some("b"), Some("c"), Some("0"), Some("z")] {
            for (start, end) in [(0, 24), (3, 20), (8, 16), (5, 6), (7, 7)] {
                let some = &ids[start..end];
                let narrowed = set.visible(set.narrow(some, asked), asked);
                assert_eq!(narrowed, set.visible(some, asked), "{asked:?} of {start}..{end}");
                assert_eq!(set.narrow(some, asked).len(), narrowed.len(), "{asked:?} of {start}..{end}");
            }
        }
    }

    #[test]
    fn config_maps_are_found_by_names_like_theirs() {
        let config =
            |name: &str| object(&format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}","namespace":"prod"}}}}"#));
        let set = UnitSet::new(["a", "conf-12fef3", "conf", "conf-98abc7", "z"].map(config).to_vec(), false);
        let gk = GroupKind { group: "", kind: "ConfigMap" };
        let like =
            |name, namespace| set.like_named(gk, Some(namespace), name).iter().map(|o| o.identity.name.to_string()).collect::<Vec<_>>();
        assert_eq!(like("conf-11111", "prod"), ["conf", "conf-12fef3", "conf-98abc7", "a", "z"]);
        assert_eq!(like("nothing", "prod").len(), 5);
        assert!(like("conf", "dev").is_empty());
        let many: Vec<_> = (0..1000).map(|n| config(&format!("c{n:03}"))).collect();
        let set = UnitSet::new(many, false);
        let like: Vec<_> = set.like_named(gk, Some("prod"), "c500x").iter().map(|o| o.identity.name.to_string()).collect();
        assert!(like.len() <= LIKE_NAMED && like.contains(&"c500".to_owned()) && like.contains(&"c501".to_owned()), "{like:?}");
    }

    #[test]
    fn workloads_are_found_by_template_labels_and_by_what_they_mount() {
        let set = UnitSet::new(vec![sts(r#","namespace":"prod""#, r#"{"app":"a"}"#)], false);
        let selector = |json| Selector::from_label_selector(&Value::from_json_str(json).unwrap()).unwrap();
        assert_eq!(set.workloads_matching(&selector(r#"{"matchLabels":{"app":"a"}}"#), Some("prod")).len(), 1);
        assert_eq!(set.workloads_matching(&selector(r#"{"matchLabels":{"app":"b"}}"#), Some("prod")).len(), 0);
        assert_eq!(set.workloads_matching(&Selector::default(), Some("prod")).len(), 1);
        let config_map = GroupKind { group: "", kind: "ConfigMap" };
        assert_eq!(set.workloads_using(config_map, Some("prod"), "c").len(), 1);
        assert_eq!(set.workloads_using(config_map, Some("dev"), "c").len(), 0);
        let account = GroupKind { group: "", kind: "ServiceAccount" };
        assert_eq!(set.workloads_using(account, Some("prod"), "default").len(), 1);
        assert_eq!(set.workloads_using(account, Some("prod"), "other").len(), 0);
    }

    #[test]
    fn scalers_are_found_by_group_kind_and_name_of_their_target() {
        let hpa = object(
            r#"{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"h","namespace":"prod"},
                "spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"StatefulSet","name":"s"}}}"#,
        );
        let keda = object(
            r#"{"apiVersion":"keda.sh/v1alpha1","kind":"ScaledObject","metadata":{"name":"k"},"spec":{"scaleTargetRef":{"name":"d"}}}"#,
        );
        let set = UnitSet::new(vec![hpa, keda], false);
        let hpas = GroupKind { group: "autoscaling", kind: "HorizontalPodAutoscaler" };
        let scaled = GroupKind { group: "keda.sh", kind: "ScaledObject" };
        let target = |group, kind| GroupKind { group, kind };
        assert_eq!(set.targeting(hpas, Some("prod"), target("apps", "StatefulSet"), "s").len(), 1);
        assert_eq!(set.targeting(hpas, Some("dev"), target("apps", "StatefulSet"), "s").len(), 0);
        assert_eq!(set.targeting(hpas, Some("prod"), target("example.com", "StatefulSet"), "s").len(), 0);
        assert_eq!(set.targeting(scaled, Some("prod"), target("apps", "Deployment"), "d").len(), 1);
    }

    #[test]
    fn bindings_are_found_by_subject_and_by_role() {
        let binding = object(
            r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"b","namespace":"prod"},
                "subjects":[{"kind":"ServiceAccount","name":"a","namespace":"dev"}],"roleRef":{"kind":"Role","name":"r"}}"#,
        );
        let set = UnitSet::new(vec![binding], false);
        assert_eq!(set.bindings_of("ServiceAccount", "a").len(), 1);
        assert_eq!(set.bindings_of("Group", "a").len(), 0);
        assert_eq!(set.bindings_to("Role", "r").len(), 1);
        assert_eq!(set.bindings_to("ClusterRole", "r").len(), 0);
    }
}
