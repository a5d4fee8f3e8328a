//! Where something is: a path of keys and indices inside an object, and character offsets inside one scalar.
//! Only `yaml` turns a place into lines and columns.

use std::fmt;
use std::sync::Arc;

use crate::value::{Lookup, Value};

/// One step of a path: a key of a mapping or an index of a sequence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A mapping's key, as the cluster would store it (always text).
    Key(Arc<str>),
    /// A sequence's 0-based index.
    Index(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.into())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A path into an object. It may name a child that is not there, such as a missing `readinessProbe`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<Step>);

impl Path {
    /// The path of the object itself.
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// This path and one step more.
    #[must_use]
    pub fn child(&self, step: impl Into<Step>) -> Self {
        let mut steps = Vec::with_capacity(self.0.len() + 1);
        steps.extend_from_slice(&self.0);
        steps.push(step.into());
        Self(steps)
    }

    /// This path followed by mapping keys.
    #[must_use]
    pub fn keys(&self, keys: &[&str]) -> Self {
        Self(self.0.iter().cloned().chain(keys.iter().map(|k| Step::from(*k))).collect())
    }

    /// The steps, outermost first.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// As the rules see it: an array of strings and numbers.
    pub fn to_value(&self) -> Value {
        let steps = self.0.iter().map(|step| match step {
            Step::Key(key) => Value::String(key.clone()),
            Step::Index(index) => Value::from(*index as u64),
        });
        Value::from(steps.collect::<Vec<_>>())
    }

    /// From what a rule returned; `None` unless it is an array of strings and non-negative integers.
    pub fn from_value(value: &Value) -> Option<Self> {
        let Value::Array(items) = value else { return None };
        let step = |item: &Value| match item {
            Value::String(key) => Some(Step::Key(key.clone())),
            _ => usize::try_from(item.int()?).ok().map(Step::Index),
        };
        items.iter().map(step).collect::<Option<Vec<_>>>().map(Self)
    }

    /// RFC 6901.
    pub fn to_pointer(&self) -> String {
        self.0.iter().fold(String::new(), |mut pointer, step| {
            pointer.push('/');
            match step {
                Step::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
                Step::Index(index) => pointer.push_str(&index.to_string()),
            }
            pointer
        })
    }
}

impl FromIterator<Step> for Path {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

/// For people: `spec.template.spec.containers[0].image`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) if key.contains(['.', '/', '[', ' ']) => write!(f, "[{key:?}]")?,
                Step::Key(key) if nth == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

/// A part of one scalar: 0-based character offsets in its decoded text, `end` exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Within {
    /// First character.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
}
