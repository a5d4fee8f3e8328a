//! Building the input document cheaply: records of fixed keys, constant words and paths, all of which share their texts.
//! The texts are kept per thread, so that counting references to them is never contended.

use std::collections::BTreeMap;
use std::thread::LocalKey;

use regorus::value::Object;

use crate::place::{Path, Step};
use crate::value::Value;

/// A record of the input document: `record! { "name": value, ... }`, each value anything that is a [`Fact`].
macro_rules! record {
    ($($key:literal: $value:expr),+ $(,)?) => {{
        const KEYS: &[&str] = &[$($key),+];
        thread_local! {
            static SHAPE: $crate::facts::record::Shape = $crate::facts::record::Shape::new(KEYS);
        }
        let mut values = [$($crate::facts::record::Fact::fact($value)),+];
        $crate::facts::record::fill(&SHAPE, &mut values)
    }};
}

/// A constant text as a value: `word!("container")`.
macro_rules! word {
    ($text:literal) => {{
        thread_local! {
            static WORD: $crate::value::Value = $crate::value::Value::from($text);
        }
        WORD.with(Clone::clone)
    }};
}

/// A path one or more constant keys further: `step!(trail, "resources", "limits")`.
macro_rules! step {
    ($trail:expr $(, $key:literal)+) => { $trail.then([$($crate::facts::record::word!($key)),+]) };
}

pub(super) use {record, step, word};

/// What can stand in a record: a value, or `null` where there is none.
pub(super) trait Fact {
    /// The value in the input document; never `Undefined`.
    fn fact(self) -> Value;
}

impl Fact for Value {
    fn fact(self) -> Value {
        if matches!(self, Self::Undefined) { Self::Null } else { self }
    }
}

impl Fact for &Value {
    fn fact(self) -> Value {
        self.clone().fact()
    }
}

impl Fact for bool {
    fn fact(self) -> Value {
        Value::Bool(self)
    }
}

impl Fact for i64 {
    fn fact(self) -> Value {
        Value::from(self)
    }
}

impl Fact for &str {
    fn fact(self) -> Value {
        Value::from(self)
    }
}

impl Fact for Vec<Value> {
    fn fact(self) -> Value {
        Value::from(self)
    }
}

impl Fact for &Trail {
    fn fact(self) -> Value {
        Value::from(self.0.clone())
    }
}

impl Fact for Trail {
    fn fact(self) -> Value {
        Value::from(self.0)
    }
}

impl<T: Fact> Fact for Option<T> {
    fn fact(self) -> Value {
        self.map_or(Value::Null, Fact::fact)
    }
}

/// A record whose values are all `null`, to be copied, and its keys in the order of the source text. A copy keeps the compact
/// form of a finished object, in which replacing values is cheap; building one key by key would go through a tree.
pub(super) struct Shape {
    blank: Object,
    keys: Vec<Value>,
}

impl Shape {
    pub(super) fn new(keys: &[&str]) -> Self {
        let keys: Vec<Value> = keys.iter().map(|key| Value::from(*key)).collect();
        let blank: BTreeMap<Value, Value> = keys.iter().map(|key| (key.clone(), Value::Null)).collect();
        let blank = match Value::from(blank) {
            Value::Object(blank) => Object::clone(&blank),
            _ => Object::new(),
        };
        Self { blank, keys }
    }
}

/// A record of this shape; takes the values.
pub(super) fn fill(shape: &'static LocalKey<Shape>, values: &mut [Value]) -> Value {
    shape.with(|shape| {
        let mut record = shape.blank.clone();
        for (key, value) in shape.keys.iter().zip(values) {
            if !matches!(value, Value::Null)
                && let Some(slot) = record.get_mut(key)
            {
                std::mem::swap(slot, value);
            }
        }
        Value::from(record)
    })
}

/// A path under construction, as the rules see it.
#[derive(Debug, Clone, Default)]
pub(super) struct Trail(Vec<Value>);

impl Trail {
    /// A path of constant keys.
    pub(super) fn of(path: &Path) -> Self {
        let step = |step: &Step| match step {
            Step::Key(key) => Value::String(key.clone()),
            Step::Index(index) => Value::from(*index as u64),
        };
        Self(path.steps().iter().map(step).collect())
    }

    /// This path and more steps.
    pub(super) fn then<const N: usize>(&self, steps: [Value; N]) -> Self {
        let mut all = Vec::with_capacity(self.0.len() + N);
        all.extend_from_slice(&self.0);
        all.extend(steps);
        Self(all)
    }

    /// This path and an index.
    pub(super) fn index(&self, index: usize) -> Self {
        self.then([Value::from(index as u64)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Lookup, object};

    #[test]
    fn a_record_is_the_object_of_its_pairs_and_absent_is_null() {
        let built = record! { "b": 1_i64, "a": "x", "c": Value::Undefined, "d": None::<bool>, "e": vec![word!("w")] };
        let expected = object([
            ("a", Value::from("x")),
            ("b", Value::from(1_i64)),
            ("c", Value::Null),
            ("d", Value::Null),
            ("e", Value::from(vec![Value::from("w")])),
        ]);
        assert_eq!(built, expected);
        assert_eq!(built.at("b").int(), Some(1));
    }

    #[test]
    fn a_trail_is_the_array_of_its_steps() {
        let trail = step!(Trail::of(&Path::root().keys(&["spec"])), "containers").index(2);
        assert_eq!(trail.fact().to_string(), r#"["spec","containers",2]"#);
    }
}
