//! Facts of whole objects.

use super::*;
use crate::objects::{Origin, UnitSet};
use crate::value::Lookup;

fn object(json: &str) -> Arc<Object> {
    Arc::new(Object::new(Value::from_json_str(json).unwrap(), Origin::Cluster).unwrap())
}

/// The workload document of the first object, among all of them.
fn workload(objects: &[&str]) -> Value {
    workload_for(37, objects)
}

fn workload_for(kubernetes_minor: u32, objects: &[&str]) -> Value {
    let objects: Vec<_> = objects.iter().map(|json| object(json)).collect();
    let set = UnitSet::new(objects.clone(), true);
    workload::build(&objects[0], &Context { set: &set, kubernetes_minor })
}

fn stateful_set(pod: &str) -> String {
    format!(
        r#"{{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{{"name":"store","namespace":"prod"}},
            "spec":{{"serviceName":"s","selector":{{"matchLabels":{{"app":"a"}}}},
                    "template":{{"metadata":{{"labels":{{"app":"a"}}}},"spec":{pod}}}}}}}"#
    )
}

fn read(value: &Value, path: &str) -> String {
    let at = path.split('.').fold(value, |at, step| match step.parse::<usize>() {
        Ok(index) => at.items().get(index).unwrap_or(&Value::Undefined),
        Err(_) => at.at(step),
    });
    at.to_string()
}

/// Checks `path` = JSON pairs of a document.
fn check(document: &Value, expected: &[(&str, &str)]) {
    for (path, json) in expected {
        assert_eq!(read(document, path), *json, "{path}");
    }
}

#[test]
fn a_container_has_its_figures_and_their_paths() {
    let pod = r#"{"containers":[{"name":"db","image":"redis:7",
        "resources":{"requests":{"cpu":"1500m"},"limits":{"memory":"0.5Gi","cpu":2,"ephemeral-storage":"1Gi"}}}]}"#;
    check(
        &workload(&[&stateful_set(pod)]),
        &[
            ("containers.0.name", r#""db""#),
            ("containers.0.path", r#"["spec","template","spec","containers",0]"#),
            ("containers.0.cpu.request", "1500"),
            ("containers.0.cpu.limit", "2000"),
            ("containers.0.memory.request", "536870912"),
            ("containers.0.memory.request_source", r#""container""#),
            ("containers.0.memory.limit", "536870912"),
            ("containers.0.memory.limit_path", r#"["spec","template","spec","containers",0,"resources","limits","memory"]"#),
            ("containers.0.ephemeral_storage.limit", "1073741824"),
            ("containers.0.image.tag", r#""7""#),
            ("qos", r#""Burstable""#),
            ("qos_breakers", r#"["db"]"#),
            ("replicas", "1"),
            ("replicas_set", "false"),
            ("selector_matches", "true"),
            ("service_name", r#""s""#),
        ],
    );
}
