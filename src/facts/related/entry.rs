//! What all entries of `related` are made of, and how the judged object takes its place among those of the set.

use std::sync::Arc;

use super::View;
use crate::facts::record::record;
use crate::objects::{GroupKind, Object, Selector, template};
use crate::place::Path;
use crate::value::{Lookup, Value};
use regorus::value::Object as Fields;

/// The value, `Null` where there is none.
pub(super) fn known(value: &Value) -> Value {
    if value.is_absent() { Value::Null } else { value.clone() }
}

/// This record and some fields more. What it has already is replaced in place, which is cheap; a new field is not.
pub(super) fn with<const N: usize>(record: &Value, pairs: [(&str, Value); N]) -> Value {
    let mut all = match record {
        Value::Object(record) => Fields::clone(record),
        _ => Fields::new(),
    };
    for (key, value) in pairs {
        let (key, value) = (Value::from(key), known(&value));
        match all.get_mut(&key) {
            Some(slot) => *slot = value,
            None => drop(all.insert(key, value)),
        }
    }
    Value::from(all)
}

/// `yes` or `no`.
pub(super) fn yes_no(yes: bool) -> Value {
    Value::from(if yes { "yes" } else { "no" })
}

/// A place in an object.
pub(super) fn place(view: &View<'_>, of: &Object, path: &[&str]) -> Value {
    let own = same(view.object, of);
    let identity = if own { Value::Null } else { of.identity.to_value() };
    record! { "object": identity, "path": Path::root().keys(path).to_value(), "within": Value::Null }
}

/// Versions of one object? An object without a namespace is another one than that of the same name with a namespace.
pub(super) fn same(a: &Object, b: &Object) -> bool {
    std::ptr::eq(a, b)
        || (a.identity.name == b.identity.name && a.identity.namespace == b.identity.namespace && a.group_kind() == b.group_kind())
}

/// The namespace that the judged object speaks of: its own, and a Namespace itself.
pub(super) fn scope<'a>(view: &View<'a>) -> Option<&'a str> {
    let identity = &view.object.identity;
    if is(view.object, "", "Namespace") { Some(&identity.name) } else { identity.namespace.as_deref() }
}

/// Is it of this kind?
pub(super) fn is(object: &Object, group: &str, kind: &str) -> bool {
    object.group_kind() == GroupKind { group, kind }
}

/// What the set found, with the judged object in place of its own stored version: there if it `belongs`, gone if not.
pub(super) fn judged(view: &View<'_>, mut found: Vec<Arc<Object>>, belongs: impl FnOnce(&Object) -> bool) -> Vec<Arc<Object>> {
    let at = found.iter().position(|object| same(object, view.object));
    match (belongs(view.object), at) {
        (true, Some(at)) => {
            if let Some(slot) = found.get_mut(at) {
                *slot = view.object.clone();
            }
        }
        (true, None) => found.push(view.object.clone()),
        (false, Some(at)) => drop(found.remove(at)),
        (false, None) => {}
    }
    found
}

/// One object by name, the judged one in its judged version.
pub(super) fn get(view: &View<'_>, kind: GroupKind<'_>, namespace: Option<&str>, name: &str) -> Option<Arc<Object>> {
    let own = view.object;
    if own.group_kind() == kind && *own.identity.name == *name && meets(own.namespace(), namespace) {
        return Some(own.clone());
    }
    view.context.set.get(kind, namespace, name)
}

/// May these two namespaces be one? One that is left out may be any.
pub(super) fn meets(a: Option<&str>, b: Option<&str>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

/// The labels of an object's pod template, `None` where it has no template.
pub(super) fn template_labels(object: &Object) -> Option<Vec<(&str, &str)>> {
    Some(template::labels(template::pod_template(object)?).collect())
}

/// The workloads that a selector selects from a namespace, the judged object in its judged version. Pods and ReplicaSets that
/// another workload made are left out: their maker stands for them.
pub(super) fn selected(view: &View<'_>, selector: Option<&Selector>, namespace: Option<&str>) -> Vec<Arc<Object>> {
    let Some(selector) = selector else { return Vec::new() };
    let found = view.context.set.workloads_matching(selector, namespace);
    let belongs = |own: &Object| meets(own.namespace(), namespace) && template_labels(own).is_some_and(|labels| selector.matches(&labels));
    let mut found = judged(view, found, belongs);
    found.retain(|object| !made_by_workload(object));
    found
}

/// Does a built-in workload control it?
pub(super) fn made_by_workload(object: &Object) -> bool {
    let owners = object.value.dig(&["metadata", "ownerReferences"]).items().iter();
    let mut controllers = owners.filter(|owner| owner.at("controller").flag() == Some(true));
    controllers.any(|owner| {
        let version = owner.at("apiVersion").text().unwrap_or("");
        matches!(version.split_once('/').map_or("", |(group, _)| group), "" | "apps" | "batch" | "extensions")
    })
}

/// Is it there only for a moment: a Helm hook, a Job, a CronJob?
pub(super) fn passing(object: &Object) -> bool {
    let hook = object.value.dig(&["metadata", "annotations", "helm.sh/hook"]);
    !hook.is_absent() || object.identity.group() == "batch"
}
