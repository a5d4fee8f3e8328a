//! JSON values as every room shares them. The type is regorus's own, so that an object is built once, from YAML or
//! from an `AdmissionReview`, and reaches the rules without a copy: cloning a subtree counts a reference.
//!
//! Absence is [`Value::Undefined`]; a lookup never fails, it yields that.

pub use regorus::Value;

use crate::place::Step;

/// Longest map that is searched by walking it; longer ones are searched by key, which allocates the key.
const WALK: usize = 24;

static UNDEFINED: Value = Value::Undefined;

/// Read access to JSON values that never fails: what is not there is [`Value::Undefined`].
pub trait Lookup {
    /// The child under `key`, or `Undefined`.
    fn at(&self, key: &str) -> &Value;
    /// The descendant at `path`, or `Undefined`.
    fn at_path(&self, path: &[Step]) -> &Value;
    /// The descendant reached through object keys, or `Undefined`.
    fn dig(&self, keys: &[&str]) -> &Value;
    /// The text of a string, else `None`.
    fn text(&self) -> Option<&str>;
    /// A number without fraction that fits, else `None`.
    fn int(&self) -> Option<i64>;
    /// A boolean, else `None`.
    fn flag(&self) -> Option<bool>;
    /// The items of an array; empty for everything else.
    fn items(&self) -> &[Value];
    /// The entries of an object whose keys are strings, in key order; empty for everything else.
    fn entries(&self) -> impl Iterator<Item = (&str, &Value)>;
    /// `null` or not there at all: Kubernetes treats both as unset.
    fn is_absent(&self) -> bool;
}

impl Lookup for Value {
    fn at(&self, key: &str) -> &Value {
        let Self::Object(map) = self else { return &UNDEFINED };
        if map.len() > WALK {
            return map.get(&Self::String(key.into())).unwrap_or(&UNDEFINED);
        }
        map.iter().find(|(k, _)| matches!(k, Self::String(k) if **k == *key)).map_or(&UNDEFINED, |(_, v)| v)
    }

    fn at_path(&self, path: &[Step]) -> &Value {
        path.iter().fold(self, |at, step| match step {
            Step::Key(key) => at.at(key),
            Step::Index(index) => at.items().get(*index).unwrap_or(&UNDEFINED),
        })
    }

    fn dig(&self, keys: &[&str]) -> &Value {
        keys.iter().fold(self, |at, key| at.at(key))
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    fn int(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    fn flag(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    fn items(&self) -> &[Value] {
        match self {
            Self::Array(items) => items.as_slice(),
            _ => &[],
        }
    }

    fn entries(&self) -> impl Iterator<Item = (&str, &Self)> {
        let map = match self {
            Self::Object(map) => Some(map.iter_sorted()),
            _ => None,
        };
        map.into_iter().flatten().filter_map(|(k, v)| k.text().map(|k| (k, v)))
    }

    fn is_absent(&self) -> bool {
        matches!(self, Self::Null | Self::Undefined)
    }
}

/// An object from pairs; a pair whose value is `Undefined` is left out.
pub fn object<K: AsRef<str>>(pairs: impl IntoIterator<Item = (K, Value)>) -> Value {
    let map: regorus::value::Object =
        pairs.into_iter().filter(|(_, v)| !matches!(v, Value::Undefined)).map(|(k, v)| (Value::from(k.as_ref()), v)).collect();
    Value::from(map)
}

/// An array of anything that turns into a value.
pub fn array<V: Into<Value>>(items: impl IntoIterator<Item = V>) -> Value {
    Value::from(items.into_iter().map(Into::into).collect::<Vec<Value>>())
}

/// `Null` for `None`: in the rules' input a fact that is not known is `null`, never missing.
pub fn nullable<V: Into<Value>>(value: Option<V>) -> Value {
    value.map_or(Value::Null, Into::into)
}
