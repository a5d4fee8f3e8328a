//! `change`: what an update does to an object: fields that the API server will not let go, a pod template that really differs,
//! and which pods restart for it. Compares values only; must not know who asks, nor other objects.

mod diff;
mod immutable;
mod normal;
mod restarts;

pub(super) use diff::{Difference, differences};
pub(super) use normal::template as normal_template;
pub(super) use restarts::restarts;

use super::quantity;
use crate::objects::{Object, template};
use crate::place::Path;
use crate::value::{Lookup, Value, array, nullable, object};

/// `change` of the input document, from the previous version to this one.
pub(super) fn facts(old: &Object, new: &Object, kubernetes_minor: u32) -> Value {
    let differs = template_differences(old, new);
    let restarts = restarts(old, new, !differs.is_empty());
    let storage = storage(old, new);
    let shrinks =
        storage.iter().filter(|claim| matches!((claim.at("old").int(), claim.at("new").int()), (Some(old), Some(new)) if new < old));
    object([
        ("immutable_fields", array(immutable::fields(old, new, kubernetes_minor).iter().map(Path::to_value))),
        ("template_diff", array(differs.iter().map(Difference::to_value))),
        ("replicas", replicas(old, new)),
        ("restarts", nullable(restarts.map(|restarts| restarts.to_value()))),
        ("shrinks", array(shrinks.cloned())),
        ("storage", Value::from(storage)),
    ])
}

/// How the pod templates of two versions differ; nothing where one has none.
fn template_differences(old: &Object, new: &Object) -> Vec<Difference> {
    let Some(keys) = template::pod_template_path(new.group_kind()) else { return Vec::new() };
    match (template::pod_template(old), template::pod_template(new)) {
        (Some(old), Some(new)) => differences(&normal_template(old), &normal_template(new), &Path::root().keys(keys)),
        _ => Vec::new(),
    }
}

/// `spec.replicas` of both; `null` for kinds without.
fn replicas(old: &Object, new: &Object) -> Value {
    let default = match (new.identity.group(), &*new.identity.kind) {
        ("apps" | "extensions", "Deployment" | "ReplicaSet") | ("apps", "StatefulSet") | ("", "ReplicationController") => 1,
        ("autoscaling", "Scale") => 0,
        _ => return Value::Null,
    };
    let of = |object: &Object| Value::from(object.value.dig(&["spec", "replicas"]).int().unwrap_or(default));
    object([("old", of(old)), ("new", of(new))])
}

/// What is asked for in storage, of a claim or of the claim templates that both versions of a StatefulSet have; in bytes.
fn storage(old: &Object, new: &Object) -> Vec<Value> {
    let request = ["spec", "resources", "requests", "storage"];
    let bytes = |claim: &Value| quantity::units(claim.dig(&request));
    let record = |name: &str, path: &Path, old: &Value, new: &Value| {
        object([
            ("name", Value::from(name)),
            ("path", path.keys(&request).to_value()),
            ("old", nullable(bytes(old))),
            ("new", nullable(bytes(new))),
        ])
    };
    match (new.identity.group(), &*new.identity.kind) {
        ("", "PersistentVolumeClaim") => vec![record(&new.identity.name, &Path::root(), &old.value, &new.value)],
        ("apps", "StatefulSet") => {
            let templates = |object: &Object| object.value.dig(&["spec", "volumeClaimTemplates"]).items().to_vec();
            let before = templates(old);
            let path = Path::root().keys(&["spec", "volumeClaimTemplates"]);
            let after = templates(new);
            let pairs = after.iter().enumerate().filter_map(|(nth, after)| {
                let name = after.dig(&["metadata", "name"]).text()?;
                let before = before.iter().find(|before| before.dig(&["metadata", "name"]).text() == Some(name))?;
                Some(record(name, &path.child(nth), before, after))
            });
            pairs.collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
