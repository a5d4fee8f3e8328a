//! How many pods a workload runs, and how it replaces them.

use super::record::{Fact, Trail, record, step, word};
use super::related;
use crate::objects::{Object, ObjectSet};
use crate::value::{Lookup, Value};

/// Replicas of a workload, alone and under the HorizontalPodAutoscalers that target it.
pub(super) struct Scale {
    /// `Null` where the kind has no replicas, or they are unreadable.
    pub(super) replicas: Option<i64>,
    pub(super) set: bool,
    pub(super) floor: Option<i64>,
    pub(super) ceiling: Option<i64>,
    pub(super) hpa: Value,
}

impl Scale {
    pub(super) fn of(object: &Object, set: &dyn ObjectSet) -> Self {
        let written = object.value.dig(&["spec", "replicas"]);
        let replicas = match &*object.identity.kind {
            "Deployment" | "ReplicaSet" | "StatefulSet" | "ReplicationController" => match written {
                Value::Null | Value::Undefined => Some(1),
                written => written.int(),
            },
            // A Pod is its own single replica. What runs once per node or per run has none.
            "Pod" => return Self { replicas: Some(1), set: false, floor: Some(1), ceiling: Some(1), hpa: Value::Null },
            _ => None,
        };
        let Some(number) = replicas else {
            return Self { replicas, set: !written.is_absent(), floor: None, ceiling: None, hpa: Value::Null };
        };
        let found = |kind| set.targeting(kind, object.namespace(), object.group_kind(), &object.identity.name);
        let hpas = [found(related::HPA), found(related::SCALED_OBJECT)].concat();
        let bounds: Vec<(i64, i64)> = hpas.iter().map(|hpa| related::bounds(hpa)).collect();
        let floor = bounds.iter().map(|(min, _)| *min).fold(number, i64::max);
        let ceiling = bounds.iter().map(|(_, max)| *max).fold(number, i64::max);
        let hpa = hpas.first().map(|hpa| place(hpa));
        Self { replicas, set: !written.is_absent(), floor: Some(floor), ceiling: Some(ceiling), hpa: hpa.fact() }
    }
}

/// The place of another object as a whole.
fn place(object: &Object) -> Value {
    record! { "object": object.identity.to_value(), "path": Trail::default(), "within": Value::Null }
}

/// `workload.update_strategy`, with the defaults of `apps/v1`; `Null` for kinds that replace no pods.
pub(super) fn update_strategy(object: &Object) -> Value {
    let (key, unavailable, surge) = match &*object.identity.kind {
        "Deployment" => (word!("strategy"), word!("25%"), word!("25%")),
        "StatefulSet" => (word!("updateStrategy"), Value::from(1_i64), Value::Null),
        "DaemonSet" => (word!("updateStrategy"), Value::from(1_i64), Value::from(0_i64)),
        _ => return Value::Null,
    };
    let strategy = object.value.at("spec").at(key.text().unwrap_or_default());
    let rolling = strategy.at("rollingUpdate");
    let rolls = strategy.at("type").is_absent() || strategy.at("type").text() == Some("RollingUpdate");
    let or = |written: &Value, default: Value| match written {
        Value::Null | Value::Undefined if rolls => default,
        written => written.fact(),
    };
    record! {
        "type": if strategy.at("type").is_absent() { word!("RollingUpdate") } else { strategy.at("type").clone() },
        "partition": rolling.at("partition").int().unwrap_or(0),
        "max_unavailable": or(rolling.at("maxUnavailable"), unavailable),
        "max_surge": or(rolling.at("maxSurge"), surge),
        "path": step!(Trail::default(), "spec").then([key]),
    }
}
