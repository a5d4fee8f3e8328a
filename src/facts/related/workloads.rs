//! `related.workloads`: the workloads that an object touches, each with its `workload` document; `related.siblings`: the other
//! members of a workload's release that run the same software.

use std::sync::Arc;

use super::{Entry, View, entry, scale, storage};
use crate::facts::workload;
use crate::objects::{Object, Selector, template};
use crate::value::{Lookup, Value, object};

/// What charts label the objects of one release with.
const INSTANCE: &str = "app.kubernetes.io/instance";

/// `siblings` of a workload, `workloads` of everything else.
pub(super) fn entries(view: &View<'_>) -> Vec<Entry> {
    let (workloads, siblings) = match template::pod_template(view.object) {
        Some(template) => (Vec::new(), self::siblings(view, template)),
        None => (touched(view).iter().map(|workload| record(view, workload, &document(view, workload))).collect(), Vec::new()),
    };
    vec![("workloads", Value::from(workloads)), ("siblings", Value::from(siblings)), ("candidates", Value::from(candidates(view)))]
}

/// For a Service: the workloads that it may select once their pods run, which is those that have its selector's labels but
/// the ones that are set on running pods. Empty where no other label is left.
fn candidates(view: &View<'_>) -> Vec<Value> {
    if !entry::is(view.object, "", "Service") {
        return Vec::new();
    }
    let labels = view.object.value.dig(&["spec", "selector"]).entries().filter(|(key, _)| !set_on_pods(key));
    let selector = Selector::from_map(&object(labels.map(|(key, value)| (key, value.clone()))));
    let found = entry::selected(view, selector.as_ref(), view.object.namespace());
    found.iter().map(|workload| record(view, workload, &document(view, workload))).collect()
}

/// Is it a label that a controller, an operator or a script puts on a running pod: its identity, its revision, its role?
fn set_on_pods(key: &str) -> bool {
    let name = key.rsplit('/').next().unwrap_or(key).to_ascii_lowercase();
    let roles = ["role", "ismaster", "master", "primary", "leader"];
    let identities = ["pod-name", "pod-index", "controller-revision-hash", "pod-template-hash"];
    identities.contains(&&*name) || roles.iter().any(|role| name == *role || name.ends_with(&format!("-{role}")))
}

/// The `workload` document of an object; that of the judged one is there already.
fn document(view: &View<'_>, of: &Arc<Object>) -> Value {
    if entry::same(of, view.object) && !view.workload.is_absent() {
        return view.workload.clone();
    }
    workload::build(of, &view.context)
}

/// The document with its place as the judged object sees it.
fn record(view: &View<'_>, of: &Object, document: &Value) -> Value {
    entry::with(document, [("place", entry::place(view, of, &["metadata", "name"]))])
}

/// The workloads that the judged object touches.
fn touched(view: &View<'_>) -> Vec<Arc<Object>> {
    let own = view.object;
    let spec = own.value.at("spec");
    let namespace = own.namespace();
    let selected = |selector: Option<Selector>| entry::selected(view, selector.as_ref(), namespace);
    let mut found = match (own.identity.group(), &*own.identity.kind) {
        ("", "Service") => selected(Selector::from_map(spec.at("selector"))),
        ("policy", "PodDisruptionBudget") => selected(super::pdb::selector(own)),
        ("networking.k8s.io", "NetworkPolicy") => selected(Selector::from_label_selector(spec.at("podSelector"))),
        ("", "LimitRange" | "ResourceQuota") => selected(Some(Selector::default())),
        ("", "Namespace") => entry::selected(view, Some(&Selector::default()), Some(&own.identity.name)),
        // Alerts often live in another namespace than what they watch.
        ("monitoring.coreos.com", "PrometheusRule") => entry::selected(view, Some(&Selector::default()), None),
        ("", "PersistentVolumeClaim") => storage::users_of_claim(view, own),
        ("storage.k8s.io", "StorageClass") => storage::users_of_class(view, own),
        ("", "ConfigMap" | "Secret" | "ServiceAccount") => {
            view.context.set.workloads_using(own.group_kind(), namespace, &own.identity.name)
        }
        ("autoscaling", "Scale") => scaled(view),
        _ if scale::is_scaler(own) => {
            let target = scale::target(own);
            target.and_then(|(kind, name)| view.context.set.get(kind, namespace, name)).into_iter().collect()
        }
        _ => Vec::new(),
    };
    found.retain(|workload| !entry::made_by_workload(workload));
    found
}

/// What a `scale` request is for: it names no kind, so the first of these that is there.
fn scaled(view: &View<'_>) -> Vec<Arc<Object>> {
    let kinds = ["StatefulSet", "Deployment"].map(|kind| crate::objects::GroupKind { group: "apps", kind });
    let identity = &view.object.identity;
    let mut found = kinds.into_iter().filter_map(|kind| view.context.set.get(kind, identity.namespace.as_deref(), &identity.name));
    found.next().into_iter().collect()
}

/// The families that a `workload` document speaks of.
fn families(document: &Value) -> Vec<&str> {
    document.at("containers").items().iter().filter_map(|container| container.dig(&["software", "family"]).text()).collect()
}

/// The other workloads of the release, or of the namespace where nothing is labelled, that run a family of software which
/// this one runs.
fn siblings(view: &View<'_>, template: &Value) -> Vec<Value> {
    let own = families(view.workload);
    if own.is_empty() {
        return Vec::new();
    }
    let instance = |object: &Object| object.value.dig(&["metadata", "labels", INSTANCE]).text().map(str::to_owned);
    let label = template::labels(template).find(|(key, _)| *key == INSTANCE).map(|(_, value)| value.to_owned()).or(instance(view.object));
    let selector = label.as_deref().and_then(|value| Selector::from_map(&object([(INSTANCE, Value::from(value))])));
    let mut found = entry::selected(view, Some(&selector.clone().unwrap_or_default()), view.object.namespace());
    found.retain(|other| !entry::same(other, view.object) && (selector.is_some() || names_one_of(other, &own)));
    let same = |other: &Arc<Object>| {
        let document = document(view, other);
        let shared = families(&document).iter().any(|family| own.contains(family));
        shared.then(|| record(view, other, &document))
    };
    found.iter().filter_map(same).collect()
}

/// Does an image of an unlabelled workload name one of these families? Saves looking into all workloads of a namespace.
fn names_one_of(workload: &Object, families: &[&str]) -> bool {
    let Some(template) = template::pod_template(workload) else { return false };
    let unlabelled = template::labels(template).all(|(key, _)| key != INSTANCE);
    let containers = template.dig(&["spec", "containers"]).items().iter();
    let mut images = containers.filter_map(|container| container.at("image").text());
    unlabelled && images.any(|image| families.iter().any(|family| image.contains(family)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Unit, text};
    use crate::facts::Need;
    use crate::value::Lookup;

    fn store(name: &str, labels: &str, replicas: i64) -> String {
        format!(
            r#"{{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{{"name":"{name}","namespace":"p"}},"spec":{{"replicas":{replicas},
                "template":{{"metadata":{{"labels":{labels}}},"spec":{{"serviceAccountName":"account","containers":[{{"name":"c","image":"redis:7"}}],
                "volumes":[{{"configMap":{{"name":"config"}}}},{{"persistentVolumeClaim":{{"claimName":"data"}}}}]}}}},
                "volumeClaimTemplates":[{{"metadata":{{"name":"vol"}},"spec":{{"storageClassName":"fast"}}}}]}}}}"#
        )
    }

    #[test]
    fn every_kind_finds_the_workloads_it_touches() {
        let store = store("s", r#"{"app":"a"}"#, 3);
        for (kind, body, found) in [
            ("v1 Service", r#""spec":{"selector":{"app":"a"}}"#, 1),
            ("v1 Service", r#""spec":{"selector":{"app":"b"}}"#, 0),
            ("v1 Service", r#""spec":{}"#, 0),
            ("policy/v1 PodDisruptionBudget", r#""spec":{"selector":{}}"#, 1),
            ("networking.k8s.io/v1 NetworkPolicy", r#""spec":{"podSelector":{"matchLabels":{"app":"a"}}}"#, 1),
            ("v1 LimitRange", r#""spec":{}"#, 1),
            ("v1 ConfigMap:config", r#""data":{}"#, 1),
            ("v1 ConfigMap:other", r#""data":{}"#, 0),
            ("v1 ServiceAccount:account", r#""data":{}"#, 1),
            ("v1 PersistentVolumeClaim:data", r#""spec":{}"#, 1),
            ("v1 PersistentVolumeClaim:vol-s-2", r#""spec":{}"#, 1),
            ("v1 PersistentVolumeClaim:vol-t-2", r#""spec":{}"#, 0),
            ("storage.k8s.io/v1 StorageClass:fast", r#""provisioner":"x""#, 1),
            ("storage.k8s.io/v1 StorageClass:slow", r#""provisioner":"x""#, 0),
            ("v1 Namespace:p", r#""spec":{}"#, 1),
            ("v1 Namespace:q", r#""spec":{}"#, 0),
            ("autoscaling/v1 Scale:s", r#""spec":{"replicas":1}"#, 1),
            (
                "autoscaling/v2 HorizontalPodAutoscaler",
                r#""spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"StatefulSet","name":"s"}}"#,
                1,
            ),
        ] {
            let (version, kind) = kind.split_once(' ').unwrap();
            let (kind, name) = kind.split_once(':').unwrap_or((kind, "x"));
            let own = format!(r#"{{"apiVersion":"{version}","kind":"{kind}","metadata":{{"name":"{name}","namespace":"p"}},{body}}}"#);
            let related = Unit::new(&[&store]).related_of(&own, Need::Workloads);
            assert_eq!(related.at("workloads").items().len(), found, "{own}");
            if let Some(first) = related.at("workloads").items().first() {
                assert_eq!((text(first.at("name")), text(first.at("replicas"))), ("s".into(), "3".into()), "{own}");
                assert_eq!(text(first.dig(&["retention", "when_scaled"])), "Retain");
            }
        }
    }

    #[test]
    fn a_service_may_select_by_labels_that_only_running_pods_have() {
        let store = store("s", r#"{"app":"a"}"#, 3);
        for (selector, found) in [
            (r#"{"app":"a","role":"master"}"#, 1),
            (r#"{"app":"a","redisfailovers-role":"master"}"#, 1),
            (r#"{"app":"a","statefulset.kubernetes.io/pod-name":"s-0"}"#, 1),
            (r#"{"app":"a","tier":"x"}"#, 0),
            (r#"{"role":"master"}"#, 0),
            ("null", 0),
        ] {
            let service = format!(
                r#"{{"apiVersion":"v1","kind":"Service","metadata":{{"name":"v","namespace":"p"}},"spec":{{"selector":{selector}}}}}"#
            );
            let related = Unit::new(&[&store]).related_of(&service, Need::Workloads);
            assert_eq!((related.at("workloads").items().len(), related.at("candidates").items().len()), (0, found), "{selector}");
        }
    }

    #[test]
    fn siblings_share_the_instance_and_the_software() {
        let label = |value: &str| format!(r#"{{"{}":"{value}"}}"#, super::INSTANCE);
        let (a, b, other, bare) = (store("a", &label("r"), 1), store("b", &label("r"), 1), store("o", &label("q"), 1), store("n", "{}", 1));
        let unit = Unit::new(&[&a, &b, &other, &bare]);
        let siblings = |name| {
            let related = unit.related_with_workload(name, Need::Workloads);
            related.at("siblings").items().iter().map(|sibling| text(sibling.at("name"))).collect::<Vec<_>>()
        };
        let software = unit.workload("a");
        if software.at("containers").items().iter().all(|container| container.at("software").is_absent()) {
            assert!(siblings("a").is_empty(), "without software there are no siblings");
            return;
        }
        assert_eq!(siblings("a"), ["b"]);
        assert_eq!(siblings("n"), Vec::<String>::new());
    }
}
