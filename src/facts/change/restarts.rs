//! Which pods a changed template replaces.

use crate::objects::Object;
use crate::value::{Lookup, Value, array, object};

/// As many ordinals are listed; of larger sets it is only said that pods restart.
const LISTED: i64 = 1_024;

/// What a rollout does to the pods that are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::facts) struct Restarts {
    /// Is any pod replaced?
    pub(in crate::facts) any: bool,
    /// Which ones, highest first as the controller goes; `None` for kinds whose pods have no ordinal, and for very large sets.
    pub(in crate::facts) ordinals: Option<Vec<i64>>,
}

impl Restarts {
    const NONE: Self = Self { any: false, ordinals: Some(Vec::new()) };

    /// As the rules see it. What comes from comparing two templates is `certain`.
    pub(super) fn to_value(&self) -> Value {
        let ordinals = self.ordinals.as_ref().map_or(Value::Null, |ordinals| array(ordinals.iter().copied()));
        object([("any", Value::from(self.any)), ("ordinals", ordinals), ("certainty", Value::from("certain"))])
    }
}

/// What an update does to the pods of a workload; `None` for kinds that never replace pods.
pub(in crate::facts) fn restarts(old: &Object, new: &Object, template_differs: bool) -> Option<Restarts> {
    let spec = new.value.at("spec");
    let unnumbered = |any: bool| Some(if any { Restarts { any, ordinals: None } } else { Restarts::NONE });
    match (new.identity.group(), &*new.identity.kind) {
        ("apps", "StatefulSet") if !template_differs => Some(Restarts::NONE),
        ("apps", "StatefulSet") => Some(ordinals(spec, pods(old.value.at("spec")).min(pods(spec)))),
        ("apps", "Deployment") => unnumbered(template_differs && spec.at("paused").flag() != Some(true) && pods(old.value.at("spec")) > 0),
        ("apps", "DaemonSet") => unnumbered(template_differs && strategy(spec) != "OnDelete"),
        _ => None,
    }
}

/// The pods of a StatefulSet of `count` that its update strategy replaces: those from `partition` on, counted from the first
/// ordinal; none with `OnDelete`; all with `Recreate`.
fn ordinals(spec: &Value, count: i64) -> Restarts {
    let partition = match strategy(spec) {
        "OnDelete" => count,
        "RollingUpdate" => spec.dig(&["updateStrategy", "rollingUpdate", "partition"]).int().unwrap_or(0).max(0),
        _ => 0,
    };
    let first = spec.dig(&["ordinals", "start"]).int().unwrap_or(0).max(0);
    let restarted = count.saturating_sub(partition).max(0);
    if restarted > LISTED {
        return Restarts { any: true, ordinals: None };
    }
    let ordinals: Vec<i64> = (0..restarted).map(|nth| first.saturating_add(count).saturating_sub(nth + 1)).collect();
    Restarts { any: restarted > 0, ordinals: Some(ordinals) }
}

/// `spec.replicas`, 1 when unset.
fn pods(spec: &Value) -> i64 {
    spec.at("replicas").int().unwrap_or(1).max(0)
}

fn strategy(spec: &Value) -> &str {
    spec.dig(&["updateStrategy", "type"]).text().unwrap_or("RollingUpdate")
}
