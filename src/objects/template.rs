//! Where the built-in kinds keep their pod template, and what it refers to.

use super::{GroupKind, Object};
use crate::value::{Lookup, Value};

/// The keys that lead to the pod template; for a Pod, which is its own template, none. `None` for every other kind.
pub fn pod_template_path(kind: GroupKind<'_>) -> Option<&'static [&'static str]> {
    match (kind.group, kind.kind) {
        ("", "Pod") => Some(&[]),
        ("", "PodTemplate") => Some(&["template"]),
        ("apps" | "extensions", "Deployment" | "ReplicaSet" | "DaemonSet")
        | ("apps", "StatefulSet")
        | ("", "ReplicationController")
        | ("batch", "Job") => Some(&["spec", "template"]),
        ("batch", "CronJob") => Some(&["spec", "jobTemplate", "spec", "template"]),
        _ => None,
    }
}

/// The pod template of an object of a built-in kind.
pub fn pod_template(object: &Object) -> Option<&Value> {
    let template = object.value.dig(pod_template_path(object.group_kind())?);
    matches!(template, Value::Object(_)).then_some(template)
}

/// The labels of a pod template.
pub fn labels(template: &Value) -> impl Iterator<Item = (&str, &str)> {
    template.dig(&["metadata", "labels"]).entries().filter_map(|(key, value)| Some((key, value.text()?)))
}

/// Kind and name of every ConfigMap and Secret that a pod template refers to, optional ones included.
pub fn config_references(template: &Value) -> Vec<(&'static str, &str)> {
    let spec = template.at("spec");
    let volumes = spec.at("volumes").items().iter().flat_map(|volume| {
        let projected = volume.dig(&["projected", "sources"]).items().iter();
        let projected =
            projected.flat_map(|source| [("ConfigMap", source.dig(&["configMap", "name"])), ("Secret", source.dig(&["secret", "name"]))]);
        [("ConfigMap", volume.dig(&["configMap", "name"])), ("Secret", volume.dig(&["secret", "secretName"]))].into_iter().chain(projected)
    });
    let containers = ["initContainers", "containers", "ephemeralContainers"].into_iter().flat_map(|field| spec.at(field).items());
    let environment = containers.flat_map(|container| {
        let whole = container.at("envFrom").items().iter();
        let whole =
            whole.flat_map(|from| [("ConfigMap", from.dig(&["configMapRef", "name"])), ("Secret", from.dig(&["secretRef", "name"]))]);
        let keys = container.at("env").items().iter().map(|env| env.at("valueFrom"));
        let keys =
            keys.flat_map(|from| [("ConfigMap", from.dig(&["configMapKeyRef", "name"])), ("Secret", from.dig(&["secretKeyRef", "name"]))]);
        whole.chain(keys)
    });
    volumes.chain(environment).filter_map(|(kind, name)| Some((kind, name.text()?))).collect()
}

/// Kind and name of whatever else a workload refers to by name: its ServiceAccount (`default` when left out), the claims that it
/// mounts, and the StorageClasses of its own claim templates.
pub fn other_references<'a>(object: &'a Object, template: &'a Value) -> Vec<(&'static str, &'a str)> {
    let spec = template.at("spec");
    let account = spec.at("serviceAccountName").text().filter(|name| !name.is_empty());
    let account = account.or(spec.at("serviceAccount").text().filter(|name| !name.is_empty())).unwrap_or("default");
    let volumes = spec.at("volumes").items().iter();
    let claims = volumes.filter_map(|volume| Some(("PersistentVolumeClaim", volume.dig(&["persistentVolumeClaim", "claimName"]).text()?)));
    let templates = object.value.dig(&["spec", "volumeClaimTemplates"]).items().iter();
    let classes = templates.filter_map(|claim| Some(("StorageClass", claim.dig(&["spec", "storageClassName"]).text()?)));
    std::iter::once(("ServiceAccount", account)).chain(claims).chain(classes).collect()
}
