//! What relates an object to others of its set (`related`), and to its previous version (`change`). Each need is computed on
//! its own, when a rule first asks for it.

use std::sync::Arc;

use super::{Context, Need};
use crate::objects::Object;
use crate::value::Value;

/// What related facts are computed from.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The judged object.
    pub object: &'a Arc<Object>,
    /// Its previous version.
    pub old: Option<&'a Arc<Object>>,
    /// Its `workload` document, `Null` where it has none.
    pub workload: &'a Value,
    /// Who else is there.
    pub context: Context<'a>,
}

/// The entries of `related` that a need stands for.
pub fn compute(_need: Need, _view: &View<'_>) -> Vec<(&'static str, Value)> {
    Vec::new()
}

/// `change`: `Null` unless the previous version is known.
pub fn change(_view: &View<'_>) -> Value {
    Value::Null
}
