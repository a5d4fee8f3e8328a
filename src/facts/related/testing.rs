//! Small units for the tests of this room.

use std::sync::Arc;

use super::{View, compute};
use crate::facts::{Context, Need, workload};
use crate::objects::{Object, Origin, UnitSet};
use crate::value::{Lookup, Value, object};

/// A unit of objects.
pub(super) struct Unit {
    set: UnitSet,
}

/// An object from JSON.
pub(super) fn parse(json: &str) -> Arc<Object> {
    Arc::new(Object::new(Value::from_json_str(json).unwrap(), Origin::Cluster).unwrap())
}

/// A value as JSON on one line, text without quotes.
pub(super) fn text(value: &Value) -> String {
    match value.text() {
        Some(text) => text.to_owned(),
        None => serde_json::to_string(value).unwrap(),
    }
}

impl Unit {
    /// Of these JSON texts; complete.
    pub(super) fn new(objects: &[&str]) -> Self {
        Self { set: UnitSet::new(objects.iter().map(|json| parse(json)).collect(), true) }
    }

    /// `related` of the object of this name for one need.
    pub(super) fn related(&self, name: &str, need: Need) -> Value {
        let own = self.set.objects().iter().find(|object| *object.identity.name == *name);
        self.view(own.unwrap_or_else(|| panic!("no object {name}")), None, |view| object(compute(need, view)))
    }

    /// `related` of an object that the set need not hold.
    pub(super) fn related_of(&self, json: &str, need: Need) -> Value {
        self.view(&parse(json), None, |view| object(compute(need, view)))
    }

    /// The `workload` document of the object of this name.
    pub(super) fn workload(&self, name: &str) -> Value {
        let own = self.set.objects().iter().find(|object| *object.identity.name == *name).unwrap();
        workload::build(own, &Context { set: &self.set, kubernetes_minor: 34 })
    }

    /// As [`Self::related`], with the `workload` document that a run would have.
    pub(super) fn related_with_workload(&self, name: &str, need: Need) -> Value {
        let own = self.set.objects().iter().find(|object| *object.identity.name == *name).unwrap();
        let workload = self.workload(name);
        let context = Context { set: &self.set, kubernetes_minor: 34 };
        object(compute(need, &View { object: own, old: None, workload: &workload, context }))
    }

    /// What `ask` makes of a view.
    pub(super) fn view<T>(&self, own: &Arc<Object>, old: Option<&Arc<Object>>, ask: impl FnOnce(&View<'_>) -> T) -> T {
        let context = Context { set: &self.set, kubernetes_minor: 34 };
        ask(&View { object: own, old, workload: &Value::Null, context })
    }
}
