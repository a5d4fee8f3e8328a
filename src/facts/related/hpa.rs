//! `related.hpas`: what scales a workload, and what it measures for that.

use super::{Entry, View, entry, scale};
use crate::facts::record::record;
use crate::objects::Object;
use crate::place::Path;
use crate::value::{Lookup, Value, array, nullable};

/// `hpas` of a workload; `self` of an autoscaler.
pub(super) fn entries(view: &View<'_>) -> Vec<Entry> {
    if !scale::is_scaler(view.object) {
        let hpas = scale::scalers(view, view.object);
        return vec![("hpas", array(hpas.iter().map(|hpa| record(view, hpa))))];
    }
    let target = scale::target(view.object);
    let found = target.and_then(|(kind, name)| entry::get(view, kind, view.object.namespace(), name));
    let named = target.map_or(Value::Null, |(kind, name)| {
        record! { "group": Value::from(kind.group), "kind": Value::from(kind.kind), "name": Value::from(name) }
    });
    let replicas = found.as_ref().map(|found| found.value.dig(&["spec", "replicas"]));
    let own = [
        ("target", named),
        ("exists", entry::yes_no(found.is_some())),
        ("target_place", found.as_ref().map_or(Value::Null, |found| entry::place(view, found, &["metadata", "name"]))),
        ("target_replicas", replicas.map_or(Value::Null, entry::known)),
    ];
    vec![("hpas", array::<Value>([])), ("self", entry::with(&record(view, view.object), own))]
}

fn record(view: &View<'_>, scaler: &Object) -> Value {
    let (min, max) = scale::bounds(scaler);
    record! {
        "place": entry::place(view, scaler, &["metadata", "name"]),
        "kind": Value::String(scaler.identity.kind.clone()),
        "name": Value::String(scaler.identity.name.clone()),
        "min": Value::from(min),
        "max": Value::from(max),
        "metrics": array(metrics(scaler)),
    }
}

/// One metric; `path` is where it is said. `container` is set for ContainerResource only.
fn metric(kind: &str, resource: Option<&str>, target: Option<&str>, container: Option<&str>, path: &Path) -> Value {
    record! {
        "type": Value::from(kind),
        "resource": nullable(resource),
        "target_type": nullable(target),
        "container": nullable(container),
        "path": path.to_value(),
    }
}

/// What an autoscaler measures. One that names nothing gets 80 % of the CPU request (HPA defaulting, `autoscaling/v2`).
fn metrics(scaler: &Object) -> Vec<Value> {
    let spec = scaler.value.at("spec");
    let root = Path::root().child("spec");
    if scaler.identity.group() != "autoscaling" {
        let triggers = spec.at("triggers").items().iter().enumerate();
        return triggers.map(|(nth, trigger)| of_trigger(trigger, &root.child("triggers").child(nth))).collect();
    }
    if !spec.at("targetCPUUtilizationPercentage").is_absent() {
        return vec![metric("Resource", Some("cpu"), Some("Utilization"), None, &root.child("targetCPUUtilizationPercentage"))];
    }
    let listed = spec.at("metrics").items();
    if listed.is_empty() {
        return vec![metric("Resource", Some("cpu"), Some("Utilization"), None, &root.child("metrics"))];
    }
    listed.iter().enumerate().map(|(nth, item)| of_metric(item, &root.child("metrics").child(nth))).collect()
}

/// `autoscaling/v2` keeps the target's type in `target.type`, v2beta1 in the name of the field.
fn of_metric(item: &Value, path: &Path) -> Value {
    let kind = item.at("type").text().unwrap_or("");
    let source = match kind {
        "Resource" => item.at("resource"),
        "ContainerResource" => item.at("containerResource"),
        "Pods" => item.at("pods"),
        "Object" => item.at("object"),
        _ => item.at("external"),
    };
    let old = if source.at("targetAverageUtilization").is_absent() { None } else { Some("Utilization") };
    let name = source.at("name").text().or(source.dig(&["metric", "name"]).text()).or(source.at("metricName").text());
    metric(kind, name, source.dig(&["target", "type"]).text().or(old), source.at("container").text(), path)
}

/// KEDA's `cpu` and `memory` triggers become Resource metrics, of one container where it is named.
fn of_trigger(trigger: &Value, path: &Path) -> Value {
    let kind = trigger.at("type").text().unwrap_or("");
    if !matches!(kind, "cpu" | "memory") {
        return metric("External", Some(kind), trigger.at("metricType").text(), None, path);
    }
    let metadata = trigger.at("metadata");
    let container = metadata.at("containerName").text();
    let target = trigger.at("metricType").text().or(metadata.at("type").text()).unwrap_or("Utilization");
    metric(if container.is_some() { "ContainerResource" } else { "Resource" }, Some(kind), Some(target), container, path)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Unit, text};
    use crate::facts::Need;
    use crate::value::Lookup;

    const DEPLOYMENT: &str =
        r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"w"},"spec":{"replicas":3,"template":{"spec":{}}}}"#;

    fn hpa(version: &str, spec: &str) -> String {
        format!(
            r#"{{"apiVersion":"autoscaling/{version}","kind":"HorizontalPodAutoscaler","metadata":{{"name":"h"}},
                "spec":{{"maxReplicas":9,"scaleTargetRef":{{"apiVersion":"apps/v1","kind":"Deployment","name":"w"}}{spec}}}}}"#
        )
    }

    #[test]
    fn metrics_of_all_versions_read_alike() {
        for (version, spec, wanted) in [
            ("v1", r#","targetCPUUtilizationPercentage":70"#, "Resource cpu Utilization null"),
            ("v2", "", "Resource cpu Utilization null"),
            (
                "v2",
                r#","metrics":[{"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue"}}}]"#,
                "Resource memory AverageValue null",
            ),
            (
                "v2",
                r#","metrics":[{"type":"ContainerResource","containerResource":{"name":"cpu","container":"c","target":{"type":"Utilization"}}}]"#,
                "ContainerResource cpu Utilization c",
            ),
            (
                "v2beta1",
                r#","metrics":[{"type":"Resource","resource":{"name":"cpu","targetAverageUtilization":5}}]"#,
                "Resource cpu Utilization null",
            ),
            (
                "v2",
                r#","metrics":[{"type":"Pods","pods":{"metric":{"name":"rps"},"target":{"type":"AverageValue"}}}]"#,
                "Pods rps AverageValue null",
            ),
        ] {
            let related = Unit::new(&[DEPLOYMENT, &hpa(version, spec)]).related("w", Need::Hpas);
            let scaler = related.at("hpas").items().first().unwrap().clone();
            let metric = scaler.at("metrics").items().first().unwrap().clone();
            assert_eq!(["type", "resource", "target_type", "container"].map(|key| text(metric.at(key))).join(" "), wanted, "{spec}");
            assert_eq!((text(scaler.at("min")), text(scaler.at("max"))), ("1".into(), "9".into()));
        }
    }

    #[test]
    fn an_autoscaler_knows_its_target() {
        let own = Unit::new(&[DEPLOYMENT, &hpa("v2", "")]).related("h", Need::Hpas).at("self").clone();
        assert_eq!((text(own.at("exists")), text(own.at("target_replicas"))), ("yes".into(), "3".into()));
        let own = Unit::new(&[&hpa("v2", "")]).related("h", Need::Hpas).at("self").clone();
        assert_eq!((text(own.at("exists")), text(own.at("target_place"))), ("no".into(), "null".into()));
    }

    #[test]
    fn a_scaled_object_is_an_autoscaler_with_its_own_defaults() {
        let keda = r#"{"apiVersion":"keda.sh/v1alpha1","kind":"ScaledObject","metadata":{"name":"k"},
            "spec":{"scaleTargetRef":{"name":"w"},"triggers":[{"type":"cpu","metadata":{"value":"50"}},{"type":"kafka"}]}}"#;
        let related = Unit::new(&[DEPLOYMENT, keda]).related("w", Need::Hpas);
        let scaler = related.at("hpas").items().first().unwrap().clone();
        assert_eq!(
            (text(scaler.at("kind")), text(scaler.at("min")), text(scaler.at("max"))),
            ("ScaledObject".into(), "0".into(), "100".into())
        );
        let types: Vec<String> = scaler.at("metrics").items().iter().map(|metric| text(metric.at("type"))).collect();
        assert_eq!(types, ["Resource", "External"]);
    }
}
