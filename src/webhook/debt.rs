//! No new debt (design 9): an UPDATE is refused only for what it brings, and never for what an operator does to recover.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::config::named_path;
use crate::facts::quantity;
use crate::finding::{Finding, PatchOp, Severity};
use crate::objects::{Object, template};
use crate::place::Path;
use crate::rules;
use crate::value::{Lookup, Value};

/// Numbers of a probe; changing them is tuning, removing the probe is debt.
const PROBE_NUMBERS: &[&str] =
    &["initialDelaySeconds", "periodSeconds", "timeoutSeconds", "successThreshold", "failureThreshold", "terminationGracePeriodSeconds"];
const PROBES: &[&str] = &["startupProbe", "readinessProbe", "livenessProbe"];

/// What a finding is about, whatever its index and message.
type Key = (Arc<str>, Option<Arc<str>>, String);

fn key(finding: &Finding, object: &Object) -> Key {
    (finding.rule.clone(), finding.container.clone(), named_path(&object.value, &finding.path))
}

/// The findings of `new` that `old` has not, or has with a lower severity.
pub(super) fn added<'a>(new: &'a [Finding], object: &Object, old: &[Finding], old_object: &Object) -> Vec<&'a Finding> {
    let mut had: FxHashMap<Key, Vec<Severity>> = FxHashMap::default();
    for finding in old {
        had.entry(key(finding, old_object)).or_default().push(finding.severity);
    }
    let mut is_old = |finding: &Finding| {
        let Some(left) = had.get_mut(&key(finding, object)) else { return false };
        let Some(at) = left.iter().position(|severity| *severity >= finding.severity) else { return false };
        left.swap_remove(at);
        true
    };
    new.iter().filter(|finding| !is_old(finding)).collect()
}

/// The new object with what only helps to recover taken back: more replicas, higher limits, other numbers of a probe.
/// What is found in the object and not in this one comes from recovering alone. `None`: nothing of that kind was changed.
pub(super) fn without_recovery(object: &Object, old: &Object) -> Option<Object> {
    let mut ops = Vec::new();
    more_replicas(object, old, &mut ops);
    let spec = template::pod_template_path(object.group_kind()).map(|path| Path::root().keys(path).keys(&["spec"]));
    if let Some(spec) = spec {
        for list in ["containers", "initContainers"] {
            containers(object, old, &spec.keys(&[list]), &mut ops);
        }
    }
    if ops.is_empty() {
        return None;
    }
    let value = rules::apply(&object.value, &ops).ok()?;
    Some(Object { value, ..object.clone() })
}

/// Does a change do nothing to the object but recover it? `kept` is what [`without_recovery`] leaves of the new object.
pub(super) fn only_recovers(object: &Object, kept: Option<&Object>, old: &Object) -> bool {
    kept.unwrap_or(object).value.at("spec") == old.value.at("spec")
}

fn more_replicas(object: &Object, old: &Object, ops: &mut Vec<PatchOp>) {
    let path = Path::root().keys(&["spec", "replicas"]);
    let replicas = |object: &Object| object.value.at_path(path.steps()).int().unwrap_or(1);
    if template::pod_template(object).is_some() && replicas(object) > replicas(old) {
        ops.push(PatchOp::Add(path.clone(), Value::from(replicas(old))));
    }
}

fn containers(object: &Object, old: &Object, list: &Path, ops: &mut Vec<PatchOp>) {
    let before = old.value.at_path(list.steps()).items();
    for (index, container) in object.value.at_path(list.steps()).items().iter().enumerate() {
        let Some(before) = before.iter().find(|before| !before.at("name").is_absent() && before.at("name") == container.at("name")) else {
            continue;
        };
        let path = list.child(index);
        higher_limits(container, before, &path.keys(&["resources", "limits"]), ops);
        for probe in PROBES {
            probe_numbers(container.at(probe), before.at(probe), &path.keys(&[probe]), ops);
        }
    }
}

fn higher_limits(container: &Value, before: &Value, path: &Path, ops: &mut Vec<PatchOp>) {
    let limits = ["resources", "limits"];
    for (resource, new) in container.dig(&limits).entries() {
        let old = before.dig(&limits).at(resource);
        if let (Some(now), Some(then)) = (quantity::milli(new), quantity::milli(old))
            && now > then
        {
            ops.push(PatchOp::Replace(path.child(resource), old.clone()));
        }
    }
}

fn probe_numbers(new: &Value, old: &Value, path: &Path, ops: &mut Vec<PatchOp>) {
    let (Value::Object(_), Value::Object(_)) = (new, old) else { return };
    for number in PROBE_NUMBERS {
        match (new.at(number), old.at(number)) {
            (new, old) if new == old => {}
            (_, Value::Undefined) => ops.push(PatchOp::Remove(path.child(*number))),
            (_, old) => ops.push(PatchOp::Add(path.child(*number), old.clone())),
        }
    }
}
