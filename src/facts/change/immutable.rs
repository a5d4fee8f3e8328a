//! Fields that an update may not change: the API server refuses it.

use super::{diff, normal};
use crate::objects::Object;
use crate::place::Path;
use crate::value::{Lookup, Value};

/// Fields of `StatefulSet.spec` that may change, each with the first minor version that lets it
/// (kubernetes `pkg/apis/apps/validation/validation.go`, `ValidateStatefulSetUpdate`; when `revisionHistoryLimit` joined is
/// known to the minor only).
const STATEFUL_SET: &[(&str, u32)] = &[
    ("replicas", 0),
    ("template", 0),
    ("updateStrategy", 0),
    ("minReadySeconds", 22),
    ("persistentVolumeClaimRetentionPolicy", 23),
    ("ordinals", 26),
    ("revisionHistoryLimit", 33),
];

/// What the API server puts into the fields of a StatefulSet that may not change.
const STATEFUL_SET_DEFAULTS: &[(&str, &str)] =
    &[("podManagementPolicy", r#""OrderedReady""#), ("revisionHistoryLimit", "10"), ("serviceName", r#""""#)];

/// The paths that differ although they must not, for an API server of this minor version.
pub(super) fn fields(old: &Object, new: &Object, kubernetes_minor: u32) -> Vec<Path> {
    let (before, after) = (&old.value, &new.value);
    match (new.identity.group(), &*new.identity.kind) {
        ("apps", "StatefulSet") => stateful_set(before.at("spec"), after.at("spec"), kubernetes_minor),
        ("apps", "Deployment" | "ReplicaSet" | "DaemonSet") => parts(before, after, &[&["spec", "selector"]]),
        ("batch", "Job") => job(before, after),
        ("", "Service") => cluster_ip(before.at("spec"), after.at("spec")),
        ("", "PersistentVolumeClaim") => claim(before, after),
        ("", "ConfigMap" | "Secret") => configuration(before, after),
        ("storage.k8s.io", "StorageClass") => storage_class(before, after),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => parts(before, after, &[&["roleRef"]]),
        _ => Vec::new(),
    }
}

/// What differs under these paths.
fn parts(old: &Value, new: &Value, paths: &[&[&str]]) -> Vec<Path> {
    let differ = |keys: &&[&str]| {
        let key = keys.last().copied().unwrap_or("");
        let path = Path::root().keys(keys);
        let side = |value: &Value| normal::top(value.dig(keys), key);
        diff::differences(&side(old), &side(new), &path).into_iter().map(|difference| difference.path).collect::<Vec<_>>()
    };
    paths.iter().flat_map(differ).collect()
}

fn stateful_set(old: &Value, new: &Value, kubernetes_minor: u32) -> Vec<Path> {
    let mutable = |key: &str| STATEFUL_SET.iter().any(|(field, since)| *field == key && *since <= kubernetes_minor);
    let side = |spec: &Value| normal::value(spec, "");
    let (old, new) = (side(old), side(new));
    let default =
        |key: &str| STATEFUL_SET_DEFAULTS.iter().find(|(field, _)| *field == key).and_then(|(_, json)| Value::from_json_str(json).ok());
    let known = |value: &Value, key: &str| if value.is_absent() { default(key).unwrap_or(Value::Undefined) } else { value.clone() };
    let mut keys: Vec<&str> = old.entries().chain(new.entries()).map(|(key, _)| key).filter(|key| !mutable(key)).collect();
    keys.sort_unstable();
    keys.dedup();
    let differ = |key: &str| {
        let path = Path::root().keys(&["spec", key]);
        diff::differences(&known(old.at(key), key), &known(new.at(key), key), &path)
    };
    keys.into_iter().flat_map(differ).map(|difference| difference.path).collect()
}

/// A Job's template may change only while it is suspended. Labels and selector that the server made for it are not there in a
/// manifest.
fn job(old: &Value, new: &Value) -> Vec<Path> {
    let mut found = parts(old, new, &[&["spec", "completionMode"]]);
    if !new.dig(&["spec", "selector"]).is_absent() {
        found.extend(parts(old, new, &[&["spec", "selector"]]));
    }
    if old.dig(&["spec", "suspend"]).flag() != Some(true) {
        found.extend(parts(old, new, &[&["spec", "template", "spec"]]));
    }
    found
}

/// An address, once given, stays; one that is left out is kept by the server. A Service of type ExternalName has none.
fn cluster_ip(old: &Value, new: &Value) -> Vec<Path> {
    let external = |spec: &Value| spec.at("type").text() == Some("ExternalName");
    let given = |spec: &Value| spec.at("clusterIP").text().filter(|address| !address.is_empty()).map(str::to_owned);
    match (given(old), given(new)) {
        (Some(before), Some(after)) if before != after && !external(old) && !external(new) => {
            vec![Path::root().keys(&["spec", "clusterIP"])]
        }
        _ => Vec::new(),
    }
}

/// Of a claim only the size may grow, and what the server fills in later may come to be set.
fn claim(old: &Value, new: &Value) -> Vec<Path> {
    let all: [&[&str]; 6] = [
        &["spec", "accessModes"],
        &["spec", "selector"],
        &["spec", "volumeMode"],
        &["spec", "dataSource"],
        &["spec", "storageClassName"],
        &["spec", "volumeName"],
    ];
    let filled = |keys: &[&str]| matches!(keys, ["spec", "storageClassName" | "volumeName" | "volumeMode" | "dataSource"]);
    let kept = all.into_iter().filter(|keys| !filled(keys) || !(old.dig(keys).is_absent() || new.dig(keys).is_absent()));
    parts(old, new, &kept.collect::<Vec<_>>())
}

/// A ConfigMap or Secret marked immutable keeps its data and stays so. The type of a Secret never changes.
fn configuration(old: &Value, new: &Value) -> Vec<Path> {
    let mut found = if old.at("type").is_absent() || new.at("type").is_absent() { Vec::new() } else { parts(old, new, &[&["type"]]) };
    if old.at("immutable").flag() == Some(true) {
        found.extend(parts(old, new, &[&["data"], &["binaryData"], &["immutable"]]));
    }
    found
}

fn storage_class(old: &Value, new: &Value) -> Vec<Path> {
    let mut found = parts(old, new, &[&["provisioner"], &["parameters"]]);
    for (key, default) in [("reclaimPolicy", "Delete"), ("volumeBindingMode", "Immediate")] {
        if old.at(key).text().unwrap_or(default) != new.at(key).text().unwrap_or(default) {
            found.push(Path::root().child(key));
        }
    }
    found
}
