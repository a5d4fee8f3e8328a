//! RFC 6902 on values: what a fix does to an object. The only place where patches are applied to values, for tests and for both doors.

use crate::finding::PatchOp;
use crate::place::{Path, Step};
use crate::value::{Lookup, Value};

/// Why a patch does not apply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// The parent of the path is not there, or is no container of that kind of step.
    #[error("cannot patch {0}: its parent is not there; add the parent first")]
    NoParent(String),
    /// `replace`, `remove` or `test` of something that is not there.
    #[error("cannot patch {0}: there is nothing at this path")]
    Missing(String),
    /// A `test` found another value.
    #[error("the test of {0} failed: the object has another value there")]
    TestFailed(String),
}

/// Applies operations in order; the value is unchanged unless all apply.
pub fn apply(value: &Value, ops: &[PatchOp]) -> Result<Value, PatchError> {
    let mut patched = value.clone();
    for op in ops {
        match op {
            PatchOp::Test(path, expected) => match patched.at_path(path.steps()) {
                Value::Undefined => return Err(PatchError::Missing(path.to_string())),
                found if found == expected => {}
                _ => return Err(PatchError::TestFailed(path.to_string())),
            },
            PatchOp::Add(path, new) => edit(&mut patched, path, path.steps(), &Change::Add(new))?,
            PatchOp::Replace(path, new) => edit(&mut patched, path, path.steps(), &Change::Replace(new))?,
            PatchOp::Remove(path) => edit(&mut patched, path, path.steps(), &Change::Remove)?,
        }
    }
    Ok(patched)
}

enum Change<'a> {
    Add(&'a Value),
    Replace(&'a Value),
    Remove,
}

/// Walks down, copying only the containers on the way.
fn edit(at: &mut Value, path: &Path, rest: &[Step], change: &Change<'_>) -> Result<(), PatchError> {
    let Some((step, below)) = rest.split_first() else {
        return match change {
            Change::Add(new) | Change::Replace(new) => {
                *at = (*new).clone();
                Ok(())
            }
            Change::Remove => Err(PatchError::Missing(path.to_string())),
        };
    };
    if !below.is_empty() {
        let child = child_mut(at, step).ok_or_else(|| PatchError::NoParent(path.to_string()))?;
        return edit(child, path, below, change);
    }
    match (at, step) {
        (Value::Object(_), Step::Index(_)) | (Value::Array(_), Step::Key(_)) if !is_append(step) => {
            Err(PatchError::NoParent(path.to_string()))
        }
        (at @ Value::Object(_), Step::Key(key)) => edit_map(at, key, path, change),
        (at @ Value::Array(_), step) => edit_list(at, step, path, change),
        _ => Err(PatchError::NoParent(path.to_string())),
    }
}

fn is_append(step: &Step) -> bool {
    matches!(step, Step::Key(key) if &**key == "-")
}

fn edit_map(at: &mut Value, key: &str, path: &Path, change: &Change<'_>) -> Result<(), PatchError> {
    let missing = || PatchError::Missing(path.to_string());
    let map = at.as_object_mut().map_err(|_| missing())?;
    let key = Value::from(key);
    match change {
        Change::Add(new) => {
            map.insert(key, (*new).clone());
        }
        Change::Replace(new) => *map.get_mut(&key).ok_or_else(missing)? = (*new).clone(),
        Change::Remove => {
            map.remove(&key).ok_or_else(missing)?;
        }
    }
    Ok(())
}

fn edit_list(at: &mut Value, step: &Step, path: &Path, change: &Change<'_>) -> Result<(), PatchError> {
    let missing = || PatchError::Missing(path.to_string());
    let mut list = at.items().to_vec();
    let index = match step {
        Step::Index(index) => *index,
        Step::Key(_) => list.len(),
    };
    match change {
        Change::Add(new) if index <= list.len() => list.insert(index, (*new).clone()),
        Change::Replace(new) => *list.get_mut(index).ok_or_else(missing)? = (*new).clone(),
        Change::Remove if index < list.len() => {
            list.remove(index);
        }
        _ => return Err(missing()),
    }
    *at = Value::from(list);
    Ok(())
}

fn child_mut<'a>(at: &'a mut Value, step: &Step) -> Option<&'a mut Value> {
    match (at, step) {
        (at @ Value::Object(_), Step::Key(key)) => at.as_object_mut().ok()?.get_mut(&Value::String(key.clone())),
        (at @ Value::Array(_), Step::Index(index)) => at.as_array_mut().ok()?.get_mut(*index),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(json: &str) -> Path {
        Path::from_value(&Value::from_json_str(json).unwrap()).unwrap()
    }

    fn json(text: &str) -> Value {
        Value::from_json_str(text).unwrap()
    }

    #[test]
    fn operations_do_what_rfc_6902_says() {
        let object = json(r#"{"a":{"b":1},"l":[1,2]}"#);
        for (op, expected) in [
            (PatchOp::Add(path(r#"["a","c"]"#), json("2")), r#"{"a":{"b":1,"c":2},"l":[1,2]}"#),
            (PatchOp::Add(path(r#"["a","b"]"#), json("2")), r#"{"a":{"b":2},"l":[1,2]}"#),
            (PatchOp::Add(path(r#"["l",0]"#), json("0")), r#"{"a":{"b":1},"l":[0,1,2]}"#),
            (PatchOp::Add(path(r#"["l","-"]"#), json("3")), r#"{"a":{"b":1},"l":[1,2,3]}"#),
            (PatchOp::Replace(path(r#"["l",1]"#), json("9")), r#"{"a":{"b":1},"l":[1,9]}"#),
            (PatchOp::Remove(path(r#"["a","b"]"#)), r#"{"a":{},"l":[1,2]}"#),
            (PatchOp::Remove(path(r#"["l",0]"#)), r#"{"a":{"b":1},"l":[2]}"#),
        ] {
            assert_eq!(apply(&object, &[op]).unwrap(), json(expected));
        }
    }

    #[test]
    fn what_does_not_apply_is_an_error_and_changes_nothing() {
        let object = json(r#"{"a":{"b":1},"l":[1,2]}"#);
        let missing = |text: &str| PatchError::Missing(text.to_owned());
        let no_parent = |text: &str| PatchError::NoParent(text.to_owned());
        for (op, expected) in [
            (PatchOp::Add(path(r#"["x","c"]"#), json("2")), no_parent("x.c")),
            (PatchOp::Add(path(r#"["l",3]"#), json("2")), missing("l[3]")),
            (PatchOp::Replace(path(r#"["a","x"]"#), json("2")), missing("a.x")),
            (PatchOp::Remove(path(r#"["l",2]"#)), missing("l[2]")),
            (PatchOp::Test(path(r#"["a","b"]"#), json("2")), PatchError::TestFailed("a.b".to_owned())),
            (PatchOp::Add(path(r#"["l","x"]"#), json("2")), no_parent("l.x")),
        ] {
            assert_eq!(apply(&object, &[op]).unwrap_err(), expected);
        }
    }
}
