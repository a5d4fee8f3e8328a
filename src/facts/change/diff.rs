//! How two values in normal form differ, down to the smallest part that does.

use rustc_hash::FxHashMap;

use crate::facts::quantity::Quantity;
use crate::place::{Path, Step};
use crate::value::{Lookup, Value, object};

/// One part that differs; `Undefined` on the side that lacks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::facts) struct Difference {
    /// Where it is, or would be, in the new value; a list where an item of it is gone.
    pub(in crate::facts) path: Path,
    pub(in crate::facts) old: Value,
    pub(in crate::facts) new: Value,
}

impl Difference {
    /// As the rules see it, with what kind of difference it is.
    pub(in crate::facts) fn to_value(&self) -> Value {
        let known = |value: &Value| if value.is_absent() { Value::Null } else { value.clone() };
        object([("path", self.path.to_value()), ("old", known(&self.old)), ("new", known(&self.new)), ("class", Value::from(self.class()))])
    }

    /// What a person would call a difference of a pod template: `restart` (`kubectl rollout restart`), `checksum` (of a
    /// configuration), `chart` (labels that every chart version changes), `image`, `resources`, `config` (which ConfigMap or
    /// Secret), else `other`.
    pub(in crate::facts) fn class(&self) -> &'static str {
        class(&self.path)
    }
}

fn class(path: &Path) -> &'static str {
    let has = |name: &str| path.steps().iter().any(|step| matches!(step, Step::Key(key) if **key == *name));
    let last = match path.steps().last() {
        Some(Step::Key(key)) => &**key,
        _ => "",
    };
    match last {
        "kubectl.kubernetes.io/restartedAt" => "restart",
        key if key.starts_with("checksum/") => "checksum",
        "helm.sh/chart" | "app.kubernetes.io/version" | "chart" => "chart",
        "image" => "image",
        _ if has("resources") => "resources",
        _ if ["configMap", "secret", "configMapRef", "secretRef", "configMapKeyRef", "secretKeyRef"].iter().any(|key| has(key)) => "config",
        _ => "other",
    }
}

/// The differences of two values in normal form; `path` is where they stand. Quantities are compared by what they amount to.
pub(in crate::facts) fn differences(old: &Value, new: &Value, path: &Path) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(old, new, path, &mut found);
    found
}

fn compare(old: &Value, new: &Value, path: &Path, found: &mut Vec<Difference>) {
    if old == new || (is_quantity(path) && same_amount(old, new)) {
        return;
    }
    match (old, new) {
        (Value::Object(_), Value::Object(_)) => compare_maps(old, new, path, found),
        (Value::Object(_), Value::Undefined) | (Value::Undefined, Value::Object(_)) if is_metadata(path) => {
            compare_maps(old, new, path, found);
        }
        (Value::Array(_), Value::Array(_)) => compare_lists(old.items(), new.items(), path, found),
        _ => found.push(Difference { path: path.clone(), old: old.clone(), new: new.clone() }),
    }
}

/// Labels and annotations come and go one by one, even the first and the last of them.
fn is_metadata(path: &Path) -> bool {
    matches!(path.steps().last(), Some(Step::Key(key)) if matches!(&**key, "metadata" | "labels" | "annotations"))
}

fn compare_maps(old: &Value, new: &Value, path: &Path, found: &mut Vec<Difference>) {
    for (key, before) in old.entries() {
        compare(before, new.at(key), &path.child(key), found);
    }
    for (key, after) in new.entries().filter(|(key, _)| matches!(old.at(key), Value::Undefined)) {
        compare(&Value::Undefined, after, &path.child(key), found);
    }
}

/// Lists of named items are compared by name, so that one more item is one difference; their order counts all the same.
fn compare_lists(old: &[Value], new: &[Value], path: &Path, found: &mut Vec<Difference>) {
    let (Some(before), Some(after)) = (by_name(old), by_name(new)) else {
        return compare_by_index(old, new, path, found);
    };
    let start = found.len();
    for (index, item) in new.iter().enumerate() {
        let was = name(item).and_then(|name| before.get(name)).copied().unwrap_or(&Value::Undefined);
        compare(was, item, &path.child(index), found);
    }
    for item in old.iter().filter(|item| name(item).is_some_and(|name| !after.contains_key(name))) {
        found.push(Difference { path: path.clone(), old: item.clone(), new: Value::Undefined });
    }
    let order = |items: &'_ [Value]| items.iter().map(|item| name(item).map(str::to_owned)).collect::<Vec<_>>();
    if found.len() == start && order(old) != order(new) {
        found.push(Difference { path: path.clone(), old: Value::from(old.to_vec()), new: Value::from(new.to_vec()) });
    }
}

fn compare_by_index(old: &[Value], new: &[Value], path: &Path, found: &mut Vec<Difference>) {
    for index in 0..old.len().max(new.len()) {
        let at = |items: &[Value]| items.get(index).cloned().unwrap_or(Value::Undefined);
        let here = if index < new.len() { path.child(index) } else { path.clone() };
        compare(&at(old), &at(new), &here, found);
    }
}

/// `name`, or `metadata.name` as claim templates have it.
fn name(item: &Value) -> Option<&str> {
    item.at("name").text().or(item.dig(&["metadata", "name"]).text())
}

/// Items by name; `None` unless each has one of its own.
fn by_name(items: &[Value]) -> Option<FxHashMap<&str, &Value>> {
    let named: FxHashMap<&str, &Value> = items.iter().filter_map(|item| Some((name(item)?, item))).collect();
    (named.len() == items.len()).then_some(named)
}

/// Does the API server read a quantity there?
fn is_quantity(path: &Path) -> bool {
    let key = |step: Option<&Step>| match step {
        Some(Step::Key(key)) => key.to_string(),
        _ => String::new(),
    };
    let mut steps = path.steps().iter().rev();
    let (last, holder) = (key(steps.next()), key(steps.next()));
    matches!(&*last, "sizeLimit" | "divisor") || matches!(&*holder, "limits" | "requests" | "overhead")
}

fn same_amount(old: &Value, new: &Value) -> bool {
    matches!((Quantity::of(old), Quantity::of(new)), (Ok(old), Ok(new)) if old == new)
}
