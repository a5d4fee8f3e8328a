//! One operation as the smallest ones that do the same, so that text which stays the same is not written again.

use crate::finding::PatchOp;
use crate::place::{Path, Step};
use crate::value::{Lookup, Value};

/// Operations on `value`, in order, that are together `op`; of a `test` there is nothing to do.
pub(super) fn narrow(value: &Value, op: &PatchOp) -> Vec<PatchOp> {
    let mut ops = Vec::new();
    match op {
        PatchOp::Test(..) => {}
        PatchOp::Remove(_) => ops.push(op.clone()),
        PatchOp::Replace(path, new) => between(value.at_path(path.steps()), new, path, &mut ops),
        PatchOp::Add(path, new) => match (path.steps().split_last(), value.at_path(path.steps())) {
            (Some((Step::Key(_), _)), old) if !matches!(old, Value::Undefined) => between(old, new, path, &mut ops),
            _ => ops.push(with_index(value, path, new)),
        },
    }
    ops
}

/// `-` as the index that it stands for.
fn with_index(value: &Value, path: &Path, new: &Value) -> PatchOp {
    if let Some((Step::Key(key), parent)) = path.steps().split_last()
        && &**key == "-"
        && let Value::Array(items) = value.at_path(parent)
    {
        let parent: Path = parent.iter().cloned().collect();
        return PatchOp::Add(parent.child(items.len()), new.clone());
    }
    PatchOp::Add(path.clone(), new.clone())
}

fn between(old: &Value, new: &Value, path: &Path, ops: &mut Vec<PatchOp>) {
    match (old, new) {
        _ if old == new => {}
        (Value::Object(_), Value::Object(_)) if !is_empty(old) && !is_empty(new) => {
            for (key, value) in new.entries() {
                match old.at(key) {
                    Value::Undefined => ops.push(PatchOp::Add(path.child(key), value.clone())),
                    found => between(found, value, &path.child(key), ops),
                }
            }
            let gone = old.entries().filter(|(key, _)| matches!(new.at(key), Value::Undefined));
            ops.extend(gone.map(|(key, _)| PatchOp::Remove(path.child(key))));
        }
        (Value::Array(_), Value::Array(_)) if !is_empty(old) && !is_empty(new) => lists(old.items(), new.items(), path, ops),
        _ => ops.push(PatchOp::Replace(path.clone(), new.clone())),
    }
}

/// What is the same at both ends stays; in the middle, items are compared in turn.
fn lists(before: &[Value], after: &[Value], path: &Path, ops: &mut Vec<PatchOp>) {
    let head = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let most = before.len().min(after.len()) - head;
    let tail = before.iter().rev().zip(after.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let old = before.get(head..before.len() - tail).unwrap_or_default();
    let new = after.get(head..after.len() - tail).unwrap_or_default();
    for (nth, (a, b)) in old.iter().zip(new).enumerate() {
        between(a, b, &path.child(head + nth), ops);
    }
    for (nth, item) in new.iter().enumerate().skip(old.len()) {
        ops.push(PatchOp::Add(path.child(head + nth), item.clone()));
    }
    for nth in (new.len()..old.len()).rev() {
        ops.push(PatchOp::Remove(path.child(head + nth)));
    }
}

fn is_empty(value: &Value) -> bool {
    value.items().is_empty() && value.entries().next().is_none()
}
